// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../src/Errors.sol";
import {ShareToken} from "../src/ShareToken.sol";
import {Base} from "./Base.sol";

/// Deposits (2.2, 5.1): shares at net asset value, through the share token.
contract DepositTest is Base {
    function test_a_first_deposit_buys_a_thousand_shares_a_unit() public {
        uint256 shares = deposit(junior, ann, 5 * UNIT);
        require(shares == 5000 * uint256(UNIT), "shares");
        require(junior.balanceOf(ann) == shares && junior.totalSupply() == shares, "balance");
        require(junior.totalAssets() == 5 * UNIT, "assets");
        assertConserved();
    }

    function test_fresh_shares_are_locked_until_the_second_boundary() public {
        uint256 shares = deposit(junior, ann, 5 * UNIT);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(NotEnoughShares.selector, shares, 0));
        junior.transfer(bob, shares);
        vm.warp(block.timestamp + 2 * WEEK);
        vm.prank(ann);
        junior.transfer(bob, shares);
        require(junior.balanceOf(bob) == shares, "moved");
    }

    function test_a_token_that_takes_a_fee_is_refused() public {
        fund(ann, 100);
        token.skim(address(pool), 99);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(ReceiptDiffers.selector, 100, 99));
        junior.deposit(100, ann);
    }

    function test_only_a_share_token_speaks_for_its_holders() public {
        vm.expectRevert(abi.encodeWithSelector(NotTheShareToken.selector, address(this)));
        pool.deposit(0, ann, ann, 1);
        vm.prank(address(senior));
        vm.expectRevert(abi.encodeWithSelector(NotTheShareToken.selector, address(senior)));
        pool.requestExit(0, ann, 1);
    }

    function test_a_gift_of_tokens_moves_no_price() public {
        deposit(junior, ann, 5 * UNIT);
        token.mint(address(pool), 1000 * UNIT);
        require(deposit(junior, bob, 5 * UNIT) == 5000 * uint256(UNIT), "price");
        assertConserved();
    }

    /// No deposit is worth more than was paid in, whatever stood before.
    function testFuzz_a_deposit_gains_nothing(uint96 before, uint96 fee, uint96 amount) public {
        vm.assume(before > 0 && amount > 0);
        deposit(junior, ann, before);
        fund(address(this), fee);
        if (fee > 0) pool.fundReserve(fee);
        vm.assume(junior.convertToShares(amount) > 0);
        uint256 shares = deposit(junior, bob, amount);
        require(junior.convertToAssets(shares) <= amount, "2.2: a gift to the depositor");
        assertConserved();
    }

    /// A deposit is offered while every insured market stands where it was read, and not after a loss nobody has read.
    function test_what_can_be_deposited_sees_a_loss_that_is_not_read() public {
        insure();
        require(junior.maxDeposit(bob) != 0, "all is read");
        lose(10 * UNIT);
        require(junior.maxDeposit(bob) == 0, "a loss is not read");
        pool.sync();
        require(junior.maxDeposit(bob) != 0, "read");
    }
}
