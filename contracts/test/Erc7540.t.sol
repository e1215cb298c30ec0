// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import "../src/Errors.sol";
import {Quote} from "../src/Quote.sol";
import {ShareToken} from "../src/ShareToken.sol";
import {Base} from "./Base.sol";

/// The functions whose selectors make up the standards' identifiers, by hand.
interface Operators {
    function setOperator(address operator, bool approved) external returns (bool);
    function isOperator(address controller, address operator) external view returns (bool);
}

interface AsynchronousRedeem {
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256);
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256);
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256);
}

/// ERC-7540: a redemption is requested, becomes claimable, and is claimed, in whole or in parts. Every share of a
/// request is pending, claimable or claimed, and only one of them.
contract Erc7540Test is Base {
    event RedeemRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares
    );
    event Withdraw(
        address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares
    );
    event OperatorSet(address indexed controller, address indexed operator, bool approved);

    address internal eve = address(0xe5e);

    /// Ann's shares of a junior tranche of 100 units, unlocked.
    function hold() internal returns (uint256 shares) {
        shares = deposit(junior, ann, 100 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 2 * WEEK);
    }

    function request(address who, uint256 shares) internal returns (uint256) {
        vm.prank(who);
        return junior.requestRedeem(shares, who, who);
    }

    function ripen() internal {
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(50);
    }

    /// Nothing of a request is lost or counted twice.
    function states(uint256 id, address who, uint256 claimed, uint256 all) internal view {
        uint256 sum = junior.pendingRedeemRequest(id, who) + junior.claimableRedeemRequest(id, who) + claimed;
        require(sum == all, "a share of a request is in one state");
    }

    // ---------------------------------------------------------------- interfaces

    function test_identifiers() public view {
        require(type(Operators).interfaceId == 0xe3bc4e65, "operators");
        require(type(AsynchronousRedeem).interfaceId == 0x620ee8e4, "redeem");
        bytes4[5] memory known = [bytes4(0x01ffc9a7), 0xe3bc4e65, 0x620ee8e4, 0x2f0a18c5, 0xf815c03d];
        for (uint256 i; i < 5; ++i) {
            require(junior.supportsInterface(known[i]), "known");
        }
        require(!junior.supportsInterface(0xffffffff), "ERC-165: the invalid one");
        require(!junior.supportsInterface(0xce3bbe50), "deposits are not asynchronous");
        require(junior.share() == address(junior), "ERC-7575: share");
        require(junior.vault(address(token)) == address(junior) && junior.vault(eve) == address(0), "ERC-7575: vault");
    }

    function test_previews_of_redemption_revert() public {
        hold();
        vm.expectRevert(ShareToken.RedemptionIsAsynchronous.selector);
        junior.previewRedeem(1);
        vm.expectRevert(ShareToken.RedemptionIsAsynchronous.selector);
        junior.previewWithdraw(0);
    }

    // ---------------------------------------------------------------- request

    function test_a_request_takes_the_shares_and_makes_them_pending() public {
        uint256 shares = hold();
        vm.prank(ann);
        vm.expectEmit();
        emit RedeemRequest(ann, ann, 0, ann, shares / 4);
        uint256 id = junior.requestRedeem(shares / 4, ann, ann);
        require(junior.balanceOf(ann) == shares - shares / 4, "taken");
        require(junior.totalSupply() == shares - shares / 4, "burned");
        require(junior.pendingRedeemRequest(id, ann) == shares / 4, "pending");
        require(junior.claimableRedeemRequest(id, ann) == 0 && junior.maxRedeem(ann) == 0, "not claimable");
        require(junior.pendingRedeemRequest(id, bob) == 0, "someone else's");
        require(senior.pendingRedeemRequest(id, ann) == 0, "of another tranche");
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(NotEnoughShares.selector, 1, 0));
        junior.redeem(1, ann, ann);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(NotEnoughAssets.selector, 1, 0));
        junior.withdraw(1, ann, ann);
    }

    function test_numbers_that_are_no_requests() public {
        uint256 shares = hold();
        uint256 id = request(ann, shares);
        ripen();
        require(junior.claimableRedeemRequest(id, ann) == shares, "claimable");
        require(junior.claimableRedeemRequest(id + (1 << 32), ann) == 0, "numbers do not wrap");
        require(junior.pendingRedeemRequest(type(uint256).max, ann) == 0, "largest");
        require(junior.pendingRedeemRequest(7, address(0)) == 0 && junior.claimableRedeemRequest(7, address(0)) == 0, "unknown");
    }

    function test_who_may_request_for_an_owner() public {
        uint256 shares = hold();
        vm.startPrank(eve);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, eve, 0, 1000)
        );
        junior.requestRedeem(1000, ann, ann);
        vm.stopPrank();
        vm.prank(ann);
        junior.approve(eve, shares / 2);
        vm.prank(eve);
        junior.requestRedeem(shares / 4, ann, ann);
        require(junior.allowance(ann, eve) == shares / 2 - shares / 4, "an allowance is spent");
        vm.prank(ann);
        vm.expectEmit();
        emit OperatorSet(ann, bob, true);
        require(junior.setOperator(bob, true), "set");
        require(junior.isOperator(ann, bob) && !junior.isOperator(bob, ann), "one way");
        vm.prank(bob);
        uint256 id = junior.requestRedeem(shares / 4, ann, ann);
        require(junior.pendingRedeemRequest(id, ann) == shares / 4, "the request is the owner's");
        vm.prank(ann);
        junior.setOperator(bob, false);
        vm.prank(bob);
        vm.expectRevert();
        junior.requestRedeem(1, ann, ann);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(ShareToken.ControllerIsNotOwner.selector, eve, ann));
        junior.requestRedeem(1, eve, ann);
    }

    // ---------------------------------------------------------------- claim

    function test_who_may_claim_and_to_whom() public {
        uint256 shares = hold();
        request(ann, shares);
        ripen();
        vm.startPrank(eve);
        vm.expectRevert(abi.encodeWithSelector(ShareToken.NotAnOperator.selector, ann, eve));
        junior.redeem(1000, eve, ann);
        vm.expectRevert(abi.encodeWithSelector(ShareToken.NotAnOperator.selector, ann, eve));
        junior.withdraw(1, eve, ann);
        // Her own claims are none.
        vm.expectRevert(abi.encodeWithSelector(NotEnoughShares.selector, 1000, 0));
        junior.redeem(1000, eve, eve);
        vm.stopPrank();
        // An allowance of shares that are gone is no right to what they bring.
        vm.prank(ann);
        junior.approve(eve, type(uint256).max);
        vm.prank(eve);
        vm.expectRevert(abi.encodeWithSelector(ShareToken.NotAnOperator.selector, ann, eve));
        junior.redeem(1000, eve, ann);
        vm.prank(ann);
        junior.setOperator(eve, true);
        vm.prank(eve);
        vm.expectEmit();
        emit Withdraw(eve, lenders, ann, 25 * UNIT, shares / 4);
        require(junior.redeem(shares / 4, lenders, ann) == 25 * UNIT, "assets");
        require(token.balanceOf(lenders) == 25 * UNIT && token.balanceOf(ann) == 0, "to the receiver");
        assertConserved();
    }

    /// The pool's own door for this is the share token's alone.
    function test_nobody_redeems_past_the_share_token() public {
        hold();
        request(ann, 1000);
        ripen();
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(NotTheShareToken.selector, ann));
        pool.redeemExits(0, ann, ann, 1000, 0);
        vm.prank(address(senior));
        vm.expectRevert(abi.encodeWithSelector(NotTheShareToken.selector, address(senior)));
        pool.redeemExits(0, ann, ann, 1000, 0);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(NotTheShareToken.selector, ann));
        pool.mint(0, ann, ann, 1000);
    }

    /// Requests of one controller are claimed oldest first, over as many as it takes.
    function test_one_redemption_reaches_over_several_requests() public {
        uint256 shares = hold();
        uint256[3] memory ids = [request(ann, shares / 4), request(ann, shares / 4), request(ann, shares / 2)];
        ripen();
        require(junior.maxRedeem(ann) == shares && junior.maxWithdraw(ann) == 100 * UNIT, "all of them");
        vm.prank(ann);
        require(junior.redeem(shares / 4 + shares / 8, ann, ann) == 37_500_000, "one and a half");
        require(junior.claimableRedeemRequest(ids[0], ann) == 0, "oldest first");
        require(junior.claimableRedeemRequest(ids[1], ann) == shares / 8, "then in part");
        vm.prank(ann);
        require(junior.withdraw(20 * UNIT, ann, ann) == shares / 5, "the next ones");
        require(junior.maxRedeem(ann) == shares - shares / 4 - shares / 8 - shares / 5, "what is left");
        // By its number one is claimed whole, in any order (5.4).
        vm.prank(ann);
        pool.claimExit(uint32(ids[2]));
        require(token.balanceOf(ann) == 100 * UNIT, "paid");
        require(junior.maxRedeem(ann) == 0 && junior.maxWithdraw(ann) == 0, "nothing is left");
        // The list of open requests serves the next one.
        deposit(junior, ann, 10 * UNIT);
        vm.warp(block.timestamp + 2 * WEEK);
        uint256 next = request(ann, junior.balanceOf(ann));
        ripen();
        require(junior.maxWithdraw(ann) == 10 * UNIT, "next");
        vm.prank(ann);
        junior.withdraw(10 * UNIT, ann, ann);
        states(next, ann, 10_000 * uint256(UNIT), 10_000 * uint256(UNIT));
        assertConserved();
    }

    /// Parts of a redemption: each takes exactly what it says, together they bring what the whole would, less one
    /// unit of rounding each; whatever the price of an active and of a queued share.
    function testFuzz_parts_add_up(uint64 premium, uint64 loss, uint96 asked, uint96[6] memory parts, bool thin) public {
        uint256 id = price(premium, loss, asked, thin);
        uint256 all = junior.pendingRedeemRequest(id, ann) + junior.claimableRedeemRequest(id, ann);
        uint256 before = junior.maxWithdraw(ann);
        uint256 had = token.balanceOf(ann);
        uint256 claimed;
        for (uint256 i; i < 6; ++i) {
            states(id, ann, claimed, all);
            uint256 most = junior.maxRedeem(ann);
            require(most == junior.claimableRedeemRequest(id, ann), "one request");
            if (most == 0) break;
            uint256 part = parts[i] % most + (i == 5 ? 0 : 1);
            if (i == 5) part = most;
            vm.prank(ann);
            junior.redeem(part, ann, ann);
            claimed += part;
            if (emptied()) break;
            require(junior.maxRedeem(ann) == most - part, "exactly");
        }
        uint256 brought = token.balanceOf(ann) - had;
        require(brought <= before && brought + 6 >= before, "together");
        require(emptied() || claimed == all && junior.pendingRedeemRequest(id, ann) == 0, "all of it");
        assertConserved();
    }

    /// Withdrawals bring exactly what they say, up to the most, and not a unit more.
    function testFuzz_withdrawals_are_exact(uint64 premium, uint64 loss, uint96 asked, uint96[4] memory parts, bool thin)
        public
    {
        uint256 id = price(premium, loss, asked, thin);
        uint256 all = junior.pendingRedeemRequest(id, ann) + junior.claimableRedeemRequest(id, ann);
        uint256 claimed;
        for (uint256 i; i < 4; ++i) {
            uint256 most = junior.maxWithdraw(ann);
            uint256 had = token.balanceOf(ann);
            vm.startPrank(ann);
            vm.expectRevert();
            junior.withdraw(most + 1, ann, ann);
            uint256 part = i == 3 ? most : parts[i] % (most + 1);
            uint256 shares = junior.withdraw(part, ann, ann);
            vm.stopPrank();
            require(token.balanceOf(ann) - had == part, "exactly");
            claimed += shares;
            if (emptied()) break;
            states(id, ann, claimed, all);
            require(junior.maxWithdraw(ann) + part <= most, "no unit comes from rounding");
        }
        require(junior.maxWithdraw(ann) == 0, "all of it");
        assertConserved();
    }

    /// Nothing is left in the queued class: what shares are left are worth nothing, and the next command closes it.
    function emptied() internal view returns (bool) {
        return views().core().tranches[0].queued.assets == 0;
    }

    /// A claimable request of Ann at prices that are no round numbers: premium before it was asked for, a loss after.
    /// A thin class makes one share worth more than one asset.
    function price(uint64 premium, uint64 loss, uint96 asked, bool thin) internal returns (uint256 id) {
        if (thin) {
            deposit(junior, ann, 1);
            // At most everything a second: a thin class would earn nothing else.
            deposit(senior, bob, 600 * UNIT);
        } else {
            deposit(junior, ann, 150 * UNIT);
            deposit(senior, bob, 600 * UNIT);
        }
        vm.warp(block.timestamp + 3 * WEEK);
        Quote memory q = quote();
        (q.premium, q.limit, q.eventLimit, q.charge, q.termEpochs) =
            (premium % (500 * UNIT), 140 * UNIT, 140 * UNIT, 1 * UNIT, 5);
        buy(q);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(1);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.sync();
        uint256 shares = junior.balanceOf(ann);
        if (junior.convertToAssets(shares) < 2) vm.assume(false);
        asked = within(asked, shares);
        vm.assume(junior.convertToAssets(asked) != 0);
        id = request(ann, asked);
        uint128 most = views().core().tranches[0].active.assets + views().core().tranches[0].queued.assets;
        lose(loss % (most < 130 * UNIT ? most : 130 * UNIT));
        pool.sync();
        vm.assume(junior.pendingRedeemRequest(id, ann) != 0);
        vm.warp(block.timestamp + 5 * WEEK);
        pool.clearExits(1);
    }

    // ---------------------------------------------------------------- limits

    /// What latent losses hold back is pending again, and what was said to be claimable can be claimed (5.4, 5.6).
    function test_a_latent_loss_holds_a_part_back() public {
        insure();
        uint256 shares = junior.balanceOf(ann) / 2;
        uint256 id = request(ann, shares);
        vm.warp(block.timestamp + 15 * WEEK);
        vm.prank(insured);
        Quote memory q = quote();
        (q.nonce, q.termEpochs) = (1, 12);
        buy(q);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.finalise(1);
        pool.activate(1);
        pool.clearExits(1);
        require(junior.maxRedeem(ann) == shares, "all of it");
        vm.prank(risk);
        pool.postEstimate(1, 100 * UNIT, uint64(block.timestamp + 20 days));
        uint256 ready = junior.claimableRedeemRequest(id, ann);
        require(ready != 0 && ready < shares, "a part");
        states(id, ann, 0, shares);
        require(junior.maxRedeem(ann) == ready, "the same");
        uint256 most = junior.maxWithdraw(ann);
        vm.startPrank(ann);
        vm.expectRevert(abi.encodeWithSelector(NotEnoughShares.selector, ready + 1, ready));
        junior.redeem(ready + 1, ann, ann);
        require(junior.redeem(ready, ann, ann) == most, "as said");
        vm.stopPrank();
        states(id, ann, ready, shares);
        require(junior.maxRedeem(ann) == 0, "held");
        // When the estimate is over, but nobody has looked: nothing is promised.
        vm.warp(block.timestamp + 20 days);
        require(junior.maxRedeem(ann) == 0 && junior.maxWithdraw(ann) == 0, "unknown");
        pool.sync();
        require(junior.maxRedeem(ann) == shares - ready, "the rest");
        vm.prank(ann);
        junior.redeem(shares - ready, ann, ann);
        assertConserved();
    }

    function test_what_is_unread_promises_nothing() public {
        insure();
        request(ann, junior.balanceOf(ann) / 8);
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(1);
        require(junior.maxRedeem(ann) != 0, "claimable");
        lose(10 * UNIT);
        require(junior.maxRedeem(ann) == 0 && junior.maxWithdraw(ann) == 0, "a loss nobody has booked");
        pool.sync();
        require(junior.maxRedeem(ann) != 0, "booked");
        source.set(10 * UNIT, 1e18, 0, 0, 0, true, 0);
        require(junior.maxRedeem(ann) == 0, "silence nobody has booked");
        pool.sync();
        // Silent and known to be: what the worst case leaves.
        uint256 most = junior.maxRedeem(ann);
        vm.prank(ann);
        if (most != 0) junior.redeem(most, ann, ann);
    }

    /// A class that closes voids its requests (2.3): no state is left, nothing reverts.
    function test_a_void_request_is_nothing() public {
        insure();
        uint256 id = request(ann, junior.balanceOf(ann) / 2);
        lose(500 * UNIT);
        pool.sync();
        require(junior.pendingRedeemRequest(id, ann) == 0 && junior.claimableRedeemRequest(id, ann) == 0, "void");
        require(junior.maxRedeem(ann) == 0 && junior.maxWithdraw(ann) == 0, "none");
        // The next generation's requests are found, the void ones are not.
        deposit(junior, ann, 10 * UNIT);
        vm.warp(block.timestamp + 15 * WEEK);
        uint256 next = request(ann, junior.balanceOf(ann));
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(1);
        require(junior.maxRedeem(ann) == junior.claimableRedeemRequest(next, ann), "the next");
        require(junior.maxWithdraw(ann) >= 10 * UNIT, "and what it earned");
    }

    /// More requests than one call looks at: the newest are served, and older ones by their number.
    function test_more_requests_than_one_call_looks_at() public {
        uint256 shares = hold();
        for (uint256 i; i < 80; ++i) {
            request(ann, 10_000);
        }
        uint256 last = request(ann, shares - 800_000);
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(100);
        require(junior.maxRedeem(ann) == shares - 800_000 + 63 * 10_000, "sixty-four");
        uint256 most = junior.maxRedeem(ann);
        vm.prank(ann);
        junior.redeem(most, ann, ann);
        require(junior.maxRedeem(ann) == 17 * 10_000, "and then the rest");
        vm.prank(ann);
        pool.claimExit(3);
        require(junior.maxRedeem(ann) == 16 * 10_000, "by number");
        vm.prank(ann);
        junior.redeem(16 * 10_000, ann, ann);
        require(token.balanceOf(ann) == 100 * UNIT && last == 80, "paid");
        assertConserved();
    }
}
