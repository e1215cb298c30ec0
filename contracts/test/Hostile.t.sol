// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import "../src/Errors.sol";
import {Pool} from "../src/Pool.sol";
import {Quote} from "../src/Quote.sol";
import {PoolViews} from "../src/modules/PoolViews.sol";
import {ShareToken} from "../src/ShareToken.sol";
import {Base} from "./Base.sol";
import {HostileReceiver, HostileToken, LyingSource} from "./mocks/Hostile.sol";
import {FalseToken, FeeToken, HookToken, RebasingToken, SilentToken} from "./mocks/OddToken.sol";

/// Tokens, adapters and receivers that do what they should not (1.1, 4.2, 4.5).
contract HostileTest is Base {
    address internal eve = address(0xe5e);

    // ---------------------------------------------------------------- tokens

    /// A token that says no by returning false mints no share and pays no exit.
    function test_a_token_that_returns_false_is_believed() public {
        FalseToken odd = new FalseToken();
        deploy(odd);
        fund(ann, 100 * UNIT);
        odd.refuse(true);
        vm.startPrank(ann);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(odd)));
        junior.deposit(100 * UNIT, ann);
        odd.approve(address(pool), 0);
        odd.approve(address(junior), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(odd)));
        junior.deposit(100 * UNIT, ann);
        odd.refuse(false);
        uint256 shares = junior.deposit(100 * UNIT, ann);
        vm.warp(block.timestamp + 2 * WEEK);
        junior.requestRedeem(shares, ann, ann);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.clearExits(1);
        odd.refuse(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(odd)));
        pool.claimExit(0);
        require(junior.maxRedeem(ann) == shares, "nothing is lost by it");
        vm.stopPrank();
        assertConserved();
    }

    function test_a_token_that_returns_nothing_works() public {
        deploy(new SilentToken());
        insure();
        lose(50 * UNIT);
        pool.sync();
        require(views().core().setAside == 50 * UNIT, "the mock adapter expects an answer, so it took nothing");
        uint256 shares = junior.balanceOf(ann) / 2;
        vm.startPrank(ann);
        junior.requestRedeem(shares / 10, ann, ann);
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(1);
        require(junior.redeem(shares / 10, ann, ann) != 0, "paid");
        vm.stopPrank();
        assertConserved();
    }

    /// Fees on transfer are refused at every receipt: deposit, purchase, gift, recovery.
    function test_a_token_with_a_fee_is_refused_everywhere() public {
        deploy(new FeeToken());
        fund(ann, 1000 * UNIT);
        vm.startPrank(ann);
        bytes memory why = abi.encodeWithSelector(ReceiptDiffers.selector, 100 * UNIT, 99 * UNIT);
        vm.expectRevert(why);
        junior.deposit(100 * UNIT, ann);
        vm.expectRevert(why);
        junior.mint(100_000 * uint256(UNIT), ann);
        vm.expectRevert(why);
        pool.fundReserve(100 * UNIT);
        token.approve(address(pool), 0);
        token.approve(address(junior), type(uint256).max);
        vm.expectRevert(why);
        junior.deposit(100 * UNIT, ann);
        vm.stopPrank();
        require(views().core().tokens == 0, "nothing was booked");
    }

    /// What a rebasing token gives is nobody's; what it takes cannot be paid, and the books do not pretend it can be
    /// moved to somebody else. Such tokens are refused by who deploys a pool: no receipt can tell them.
    function test_a_rebase_moves_no_price() public {
        RebasingToken odd = new RebasingToken();
        deploy(odd);
        uint256 shares = deposit(junior, ann, 100 * UNIT);
        odd.rebase(2e18);
        require(junior.convertToAssets(shares) == 100 * UNIT && views().core().tokens == 100 * UNIT, "up");
        vm.warp(block.timestamp + 2 * WEEK);
        vm.prank(ann);
        junior.requestRedeem(shares, ann, ann);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.clearExits(1);
        odd.rebase(5e17);
        vm.prank(ann);
        vm.expectRevert();
        pool.claimExit(0);
        odd.rebase(1e18);
        vm.prank(ann);
        require(pool.claimExit(0) == 100 * UNIT, "and back");
    }

    // ---------------------------------------------------------------- receivers

    function intrusions(uint256 exit) internal pure returns (bytes[] memory list) {
        list = new bytes[](6);
        list[0] = abi.encodeCall(Pool.claimExit, (uint32(exit)));
        list[1] = abi.encodeCall(Pool.sync, ());
        list[2] = abi.encodeCall(Pool.clearExits, (1));
        list[3] = abi.encodeCall(Pool.claimRecovery, (0, 0, 0, 0));
        list[4] = abi.encodeCall(Pool.claimDeductible, (0));
        bytes[] memory nested = new bytes[](1);
        nested[0] = list[0];
        list[5] = abi.encodeWithSignature("multicall(bytes[])", nested);
    }

    /// Whoever is called when money comes cannot take it twice, through the pool or through the share token.
    function test_a_receiver_that_calls_back_is_paid_once() public {
        deploy(new HookToken());
        HostileReceiver thief = new HostileReceiver();
        deposit(junior, bob, 500 * UNIT);
        fund(ann, 100 * UNIT);
        vm.prank(ann);
        uint256 shares = junior.deposit(100 * UNIT, address(thief));
        vm.warp(block.timestamp + 2 * WEEK);
        vm.startPrank(address(thief));
        uint256 id = junior.requestRedeem(shares, address(thief), address(thief));
        vm.warp(block.timestamp + 2 * WEEK);
        pool.clearExits(1);
        thief.aim(pool, intrusions(id));
        require(junior.redeem(shares / 4, address(thief), address(thief)) == 25 * UNIT, "a part");
        require(thief.tried() == 6 && thief.entered() == 0, "entered");
        require(pool.claimExit(uint32(id)) == 75 * UNIT, "the rest");
        vm.stopPrank();
        require(thief.tried() == 12 && thief.entered() == 0, "entered");
        require(token.balanceOf(address(thief)) == 100 * UNIT, "once");
        assertConserved();
    }

    /// A view asked while a call is running shows the books as they are written by then, never a price that can be
    /// traded on: entry is closed to everything that changes them.
    function test_a_share_token_cannot_be_entered_either() public {
        HostileToken hostile = new HostileToken();
        deploy(hostile);
        deposit(junior, bob, 500 * UNIT);
        fund(ann, 100 * UNIT);
        vm.prank(ann);
        hostile.approve(address(junior), type(uint256).max);
        fund(address(hostile), 100 * UNIT);
        bytes[] memory list = new bytes[](2);
        list[0] = abi.encodeCall(Pool.deposit, (0, address(hostile), address(hostile), 1));
        list[1] = abi.encodeCall(Pool.redeemExits, (0, bob, address(hostile), 1, 0));
        hostile.aim(pool, list);
        vm.prank(ann);
        junior.deposit(100 * UNIT, ann);
        require(hostile.tried() != 0 && hostile.entered() == 0, "entered");
        assertConserved();
    }

    /// A leaver that the token refuses holds up nobody else, and can be paid elsewhere (5.4: pulled, in any order).
    function test_a_blacklisted_leaver_blocks_nobody() public {
        uint256 shares = deposit(junior, ann, 100 * UNIT);
        deposit(junior, bob, 100 * UNIT);
        vm.warp(block.timestamp + 2 * WEEK);
        vm.prank(ann);
        junior.requestRedeem(shares, ann, ann);
        vm.prank(bob);
        junior.requestRedeem(shares, bob, bob);
        vm.warp(block.timestamp + 2 * WEEK);
        token.setBlocked(ann, true);
        pool.clearExits(2);
        vm.prank(bob);
        require(pool.claimExit(1) == 100 * UNIT, "the one behind is paid");
        vm.startPrank(ann);
        vm.expectRevert();
        pool.claimExit(0);
        require(junior.redeem(shares, eve, ann) == 100 * UNIT, "elsewhere");
        vm.stopPrank();
        assertConserved();
    }

    /// The same of the insured and of who receives fees: only their own money waits.
    function test_other_blacklisted_receivers_block_nobody() public {
        deposit(junior, ann, 400 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
        Quote memory q = quote();
        q.bonusShare = 500_000;
        buy(q);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(1);
        token.setBlocked(insured, true);
        token.setBlocked(address(0xfee), true);
        vm.expectRevert();
        pool.collectFees();
        vm.warp(block.timestamp + 20 * WEEK);
        vm.expectRevert();
        pool.finalise(1);
        uint256 shares = junior.balanceOf(ann);
        vm.prank(ann);
        junior.requestRedeem(shares, ann, ann);
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(1);
        vm.prank(ann);
        pool.claimExit(0);
        assertConserved();
    }

    // ---------------------------------------------------------------- adapters

    LyingSource internal liar;

    /// The insured market's adapter is one that lies.
    modifier lied() {
        liar = new LyingSource();
        deposit(junior, ann, 400 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
        Quote memory q = quote();
        (q.adapter, q.code) = (address(liar), address(liar).codehash);
        buy(q);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(1);
        _;
        assertConserved();
        // Whatever it did: leaving goes on.
        uint256 shares = senior.balanceOf(bob);
        vm.prank(bob);
        senior.requestRedeem(shares / 2, bob, bob);
        assertConserved();
    }

    function stale() internal {
        pool.sync();
        PoolViews.CoreView memory c = views().core();
        require(c.stale == 1 && c.tickets == 0, "4.2: a bad answer is none");
    }

    function test_a_short_answer_is_none() public lied {
        liar.set(LyingSource.Way.Short, 50 * UNIT, eve);
        stale();
    }

    function test_an_answer_that_is_no_amount_is_none() public lied {
        liar.set(LyingSource.Way.Wide, 50 * UNIT, eve);
        stale();
    }

    function test_a_counter_that_falls_is_none() public lied {
        liar.set(LyingSource.Way.Honest, 50 * UNIT, eve);
        pool.sync();
        liar.set(LyingSource.Way.Falls, 0, eve);
        pool.sync();
        require(views().core().stale == 1 && views().core().tickets == 1, "4.1");
    }

    /// Endless or huge answers cost their stipend and no more.
    function test_an_adapter_that_eats_gas_is_bounded() public lied {
        liar.set(LyingSource.Way.Endless, 50 * UNIT, eve);
        uint256 before = gasleft();
        stale();
        require(before - gasleft() < 450_000, "4.2: stipend");
        liar.set(LyingSource.Way.Huge, 0, eve);
        before = gasleft();
        pool.sync();
        require(before - gasleft() < 450_000, "4.2: stipend");
    }

    /// One that asks for more than it was given gets nothing: its whole call is undone.
    function test_an_adapter_that_takes_more_gets_nothing() public lied {
        liar.set(LyingSource.Way.TakesMore, 50 * UNIT, eve);
        pool.sync();
        require(token.balanceOf(lenders) == 0 && views().core().setAside == 50 * UNIT, "4.5");
    }

    function test_what_is_given_back_was_not_accepted() public lied {
        liar.set(LyingSource.Way.PaysBack, 50 * UNIT, eve);
        pool.sync();
        require(views().core().setAside == 50 * UNIT, "4.5: by the balance");
    }

    function test_an_adapter_that_reverts_loudly_took_nothing() public lied {
        liar.set(LyingSource.Way.Burns, 50 * UNIT, eve);
        pool.sync();
        require(token.balanceOf(lenders) == 0 && views().core().setAside == 50 * UNIT, "4.5");
        liar.set(LyingSource.Way.Honest, 50 * UNIT, eve);
        pool.payMarket(1);
        require(token.balanceOf(lenders) == 50 * UNIT, "later");
    }

    /// The allowance ends with the call.
    function test_no_allowance_outlives_its_call() public lied {
        liar.set(LyingSource.Way.PaysBack, 50 * UNIT, eve);
        pool.sync();
        require(token.allowance(address(pool), address(liar)) == 0, "allowance");
        vm.expectRevert();
        liar.takeLater(address(token), address(pool), 1);
    }

    /// A counter that jumps to the largest amount costs what the limit says and no more.
    function test_a_loss_beyond_all_bounds_costs_the_limit() public lied {
        liar.set(LyingSource.Way.Honest, type(uint128).max, eve);
        pool.sync();
        require(token.balanceOf(lenders) == 500 * UNIT, "3.1: limit");
        require(views().core().tickets == 1, "ticket");
    }
}
