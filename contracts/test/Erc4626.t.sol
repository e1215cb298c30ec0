// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../src/Errors.sol";
import {Quote} from "../src/Quote.sol";
import {Base} from "./Base.sol";

/// ERC-4626 as far as it goes for a vault that is left by request: what deposits promise, in every state that premium,
/// losses and time bring about. Each property is checked against what the call then does.
contract Erc4626Test is Base {
    address internal eve = address(0xe5e);

    /// A junior tranche with a price that is no round number: premium earned, and perhaps a loss.
    modifier somewhere(uint64 premium, uint64 loss, uint32 wait) {
        deposit(junior, ann, 400 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
        quoteWith(premium % (200 * UNIT));
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(1);
        lose(loss % (390 * UNIT));
        vm.warp(block.timestamp + wait % (4 * WEEK));
        pool.sync();
        fund(address(this), premium % (50 * UNIT) + 1);
        pool.fundReserve(premium % (50 * UNIT) + 1);
        try pool.streamSurplus() {} catch {}
        // Unaccrued from here on: what a preview says must foresee it.
        vm.warp(block.timestamp + wait % (3 * WEEK));
        _;
        assertConserved();
    }

    function quoteWith(uint128 premium) private {
        Quote memory q = quote();
        q.premium = premium;
        buy(q);
    }

    // ---------------------------------------------------------------- looks

    function test_asset_is_the_settlement_token() public view {
        require(junior.asset() == address(token) && senior.asset() == address(token), "asset");
    }

    function test_an_empty_class_opens_at_a_thousand_shares_an_asset() public view {
        require(junior.totalAssets() == 0, "nothing");
        require(junior.convertToShares(7) == 7000 && junior.previewDeposit(7) == 7000, "shares");
        require(junior.convertToAssets(7999) == 7, "assets, down");
        require(junior.previewMint(7001) == 8, "cost, up");
        require(junior.decimals() == token.decimals() + 3, "decimals");
    }

    /// totalAssets knows what is earned by now: a sync in the same second finds as much.
    function testFuzz_total_assets_are_those_of_now(uint64 premium, uint64 loss, uint32 wait)
        public
        somewhere(premium, loss, wait)
    {
        uint256 said = junior.totalAssets();
        pool.sync();
        require(said == views().core().tranches[0].active.assets, "totalAssets");
        require(said == junior.totalAssets(), "after");
    }

    /// Conversions and limits are the same for everyone, with and without shares, assets or allowance.
    function testFuzz_nobody_is_told_another_price(uint64 premium, uint32 wait, uint96 amount)
        public
        somewhere(premium, 0, wait)
    {
        bytes32 mine = priceList(amount);
        vm.prank(eve);
        require(this.priceList(amount) == mine, "eve");
        vm.prank(ann);
        require(this.priceList(amount) == mine, "ann");
        fund(eve, amount);
        require(priceList(amount) == mine, "funded");
    }

    function priceList(uint96 a) public view returns (bytes32) {
        bytes memory first = abi.encode(junior.convertToShares(a), junior.convertToAssets(a), junior.previewDeposit(a));
        return keccak256(abi.encode(first, junior.previewMint(a), junior.maxDeposit(msg.sender), junior.maxMint(msg.sender)));
    }

    /// There and back never gains.
    function testFuzz_conversions_there_and_back(uint64 premium, uint64 loss, uint32 wait, uint96 amount)
        public
        somewhere(premium, loss, wait)
    {
        require(junior.convertToAssets(junior.convertToShares(amount)) <= amount, "assets");
        require(junior.convertToShares(junior.convertToAssets(amount)) <= amount, "shares");
        require(junior.previewMint(junior.previewDeposit(amount)) <= amount, "what a deposit mints costs no more");
        require(junior.previewDeposit(junior.previewMint(amount)) >= amount, "what a mint costs buys no less");
    }

    // ---------------------------------------------------------------- deposit and mint

    function testFuzz_a_deposit_does_what_its_preview_says(uint64 premium, uint64 loss, uint32 wait, uint96 amount)
        public
        somewhere(premium, loss, wait)
    {
        amount = within(amount, 1e12 * UNIT);
        uint256 said = junior.previewDeposit(amount);
        vm.assume(said != 0);
        fund(eve, amount);
        uint256 supply = junior.totalSupply();
        vm.prank(eve);
        uint256 got = junior.deposit(amount, bob);
        require(got == said, "preview");
        require(junior.balanceOf(bob) == got && junior.balanceOf(eve) == 0, "receiver");
        require(junior.totalSupply() == supply + got, "supply");
        require(token.balanceOf(eve) == 0, "paid");
        require(junior.convertToAssets(got) <= amount, "worth more than was paid");
    }

    function testFuzz_a_mint_does_what_its_preview_says(uint64 premium, uint64 loss, uint32 wait, uint96 shares)
        public
        somewhere(premium, loss, wait)
    {
        shares = within(shares, 1e15 * UNIT);
        uint256 said = junior.previewMint(shares);
        fund(eve, said + 5);
        uint256 supply = junior.totalSupply();
        vm.prank(eve);
        uint256 paid = junior.mint(shares, bob);
        require(paid == said, "preview");
        require(junior.balanceOf(bob) == shares && junior.totalSupply() == supply + shares, "exactly");
        require(token.balanceOf(eve) == 5, "paid");
        require(junior.convertToAssets(shares) <= paid, "worth more than was paid");
    }

    /// Both ways round in favour of who is there already: the price of a share never falls by a deposit or a mint.
    function testFuzz_whoever_comes_dilutes_nobody(uint64 premium, uint64 loss, uint32 wait, uint96 amount, bool mints)
        public
        somewhere(premium, loss, wait)
    {
        amount = within(amount, 1e9 * UNIT);
        pool.sync();
        uint256 shares = junior.balanceOf(ann);
        uint256 before = junior.convertToAssets(shares);
        fund(eve, 1e12 * UNIT);
        vm.startPrank(eve);
        if (mints) junior.mint(amount, eve);
        else if (junior.previewDeposit(amount) != 0) junior.deposit(amount, eve);
        vm.stopPrank();
        require(junior.convertToAssets(shares) >= before, "2.2: diluted");
    }

    /// A loss that nobody has read yet only makes shares cheaper than the preview says.
    function testFuzz_an_unread_loss_is_never_to_the_depositors_harm(uint64 loss, uint96 amount) public {
        insure();
        amount = within(amount, 1e6 * UNIT);
        loss = uint64(loss % (390 * UNIT));
        lose(loss);
        uint256 shares = junior.previewDeposit(amount);
        uint256 cost = junior.previewMint(amount);
        fund(eve, 1e12 * UNIT);
        vm.prank(eve);
        require(junior.deposit(amount, eve) >= shares, "fewer shares");
        vm.prank(eve);
        require(junior.mint(amount, eve) <= cost, "dearer");
        assertConserved();
    }

    // ---------------------------------------------------------------- allowances

    /// The allowance is the caller's for the share token, or the pool; neither is somebody else's.
    function test_either_allowance_serves() public {
        token.mint(eve, 30 * UNIT);
        vm.startPrank(eve);
        vm.expectRevert();
        junior.deposit(10 * UNIT, eve);
        token.approve(address(junior), 20 * UNIT);
        junior.deposit(10 * UNIT, eve);
        require(junior.mint(10_000 * uint256(UNIT), eve) == 10 * UNIT, "mint");
        vm.expectRevert();
        junior.deposit(10 * UNIT, eve);
        token.approve(address(pool), 10 * UNIT);
        junior.deposit(10 * UNIT, eve);
        vm.stopPrank();
        require(junior.balanceOf(eve) == 30_000 * uint256(UNIT), "shares");
        require(token.balanceOf(address(junior)) == 0, "nothing stays with the share token");
        assertConserved();
    }

    /// What a mint collects through the share token and a loss makes too much goes back.
    function test_a_mint_that_got_cheaper_gives_back() public {
        insure();
        lose(100 * UNIT);
        token.mint(eve, 50 * UNIT);
        vm.startPrank(eve);
        token.approve(address(junior), 50 * UNIT);
        uint256 said = junior.previewMint(40_000 * uint256(UNIT));
        uint256 paid = junior.mint(40_000 * uint256(UNIT), eve);
        vm.stopPrank();
        require(paid < said && token.balanceOf(eve) == 50 * UNIT - paid, "4.5: the loss was booked first");
        require(token.balanceOf(address(junior)) == 0, "nothing stays");
        assertConserved();
    }

    function test_a_fee_on_the_way_to_the_share_token_is_refused() public {
        token.mint(eve, 100);
        token.mint(address(junior), 50);
        vm.startPrank(eve);
        token.approve(address(junior), 100);
        token.skim(address(junior), 99);
        vm.expectRevert(abi.encodeWithSelector(ReceiptDiffers.selector, 100, 99));
        junior.deposit(100, eve);
    }

    function test_nothing_is_minted_for_nothing() public {
        deposit(junior, ann, 5 * UNIT);
        vm.startPrank(ann);
        vm.expectRevert(abi.encodeWithSelector(BelowMinimum.selector, bytes32("deposit"), 0, 1));
        junior.deposit(0, ann);
        vm.expectRevert(abi.encodeWithSelector(BelowMinimum.selector, bytes32("deposit"), 0, 1));
        junior.mint(0, ann);
    }

    // ---------------------------------------------------------------- limits

    /// The largest deposit is accepted and one more is not; the same of the largest mint.
    function testFuzz_the_most_is_the_most(uint96 before, uint96 gift, bool mints) public {
        before = within(before, 1e15 * UNIT);
        deposit(junior, ann, before);
        if (gift != 0) {
            fund(address(this), gift);
            pool.fundReserve(gift);
        }
        uint256 most = junior.maxDeposit(eve);
        fund(eve, type(uint128).max - token.totalSupply() + type(uint128).max);
        uint256 sharesMost = junior.maxMint(eve);
        vm.startPrank(eve);
        if (mints) {
            require(junior.mint(sharesMost, eve) <= most, "mint");
        } else {
            vm.expectRevert();
            junior.deposit(most + 1 + most / 1000, eve);
            junior.deposit(most, eve);
        }
        require(junior.maxDeposit(eve) <= most / 1000 + 1, "and then there is hardly room");
    }

    function test_limits_are_zero_while_nothing_is_accepted_and_never_revert() public {
        insure();
        require(junior.maxDeposit(ann) != 0 && junior.maxMint(ann) != 0, "open");
        vm.prank(guardian);
        pool.pause(uint64(block.timestamp + 1 days));
        none("paused");
        vm.warp(block.timestamp + 1 days);
        require(junior.maxDeposit(ann) != 0, "no longer paused, with no call since");
        source.set(0, 1e18, 0, 0, 0, true, 0);
        none("silent, before anyone has noticed");
        pool.sync();
        none("stale");
        lose(5 * UNIT);
        none("speaks again, before anyone has noticed");
        pool.sync();
        require(junior.maxDeposit(ann) != 0, "read");
        lose(500 * UNIT);
        pool.sync();
        require(junior.totalSupply() == 0 && junior.totalAssets() == 0, "wiped out");
        require(junior.maxDeposit(ann) != 0 && junior.maxMint(ann) != 0, "and open again");
        require(junior.previewDeposit(1) == 1000, "2.3: as new");
    }

    function none(string memory why) private view {
        require(junior.maxDeposit(ann) == 0 && junior.maxMint(ann) == 0, why);
    }

    // ---------------------------------------------------------------- there and back, by request

    /// Whoever comes and goes, by any of the four ways, has no more than before when no premium is earned.
    function testFuzz_there_and_back_never_gains(uint96 before, uint96 fee, uint96 amount, uint8 way) public {
        before = within(before, 1e9 * UNIT);
        deposit(junior, bob, before);
        deposit(senior, bob, 600 * UNIT);
        fund(address(this), fee);
        if (fee != 0) pool.fundReserve(fee);
        amount = within(amount, 1e9 * UNIT);
        fund(eve, 1e10 * UNIT);
        uint256 had = token.balanceOf(eve);
        vm.startPrank(eve);
        uint256 shares = amount;
        if (way & 1 == 0) {
            vm.assume(junior.previewDeposit(amount) != 0);
            shares = junior.deposit(amount, eve);
        } else {
            junior.mint(amount, eve);
        }
        vm.warp(block.timestamp + 2 * WEEK);
        try junior.requestRedeem(shares, eve, eve) {}
        catch {
            // Worth less than one unit: nothing to queue, and nothing gained.
            require(junior.convertToAssets(shares) == 0, "5.1: refused");
            vm.stopPrank();
            return;
        }
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(1);
        if (way & 2 == 0) junior.redeem(junior.maxRedeem(eve), eve, eve);
        else junior.withdraw(junior.maxWithdraw(eve), eve, eve);
        vm.stopPrank();
        require(token.balanceOf(eve) <= had, "gained");
        require(token.balanceOf(eve) + 2000 >= had - (had / 1e9), "lost more than rounding");
        assertConserved();
    }
}
