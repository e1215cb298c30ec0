// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Quote} from "../src/Quote.sol";
import {Base} from "./Base.sol";

/// One call a test, on one state, for `forge snapshot` (`.gas-snapshot`): what a change costs shows here beside the code. Each
/// figure has the test around the call; the gas of whole transactions is in `gas.txt`.
contract GasTest is Base {
    address private constant CID = address(0xc1d);
    bytes[] private clearAndClaim;
    Quote private second;
    bytes private signed;

    /// Two tranches, one insured market, one holder who stays, one who leaves, one who comes.
    function setUp() public override {
        super.setUp();
        deposit(junior, CID, 100 * UNIT);
        insure();
        uint256 leaving = junior.balanceOf(CID);
        vm.prank(CID);
        uint256 exit = junior.requestRedeem(leaving, CID, CID);
        vm.warp(block.timestamp + 14 days);
        pool.sync();
        vm.warp(block.timestamp + 100);
        clearAndClaim.push(abi.encodeCall(pool.clearExits, (1)));
        clearAndClaim.push(abi.encodeCall(pool.claimExit, (uint32(exit))));
        fund(ann, 10 * UNIT);
        fund(lenders, 10 * UNIT);
        second = quote();
        second.market = 2;
        second.limit = second.eventLimit = 50 * UNIT;
        (second.premium, second.charge) = (5 * UNIT, 10 * UNIT);
        signed = signature(ACTUARY_KEY, second, address(pool));
        fund(insured, 10 * UNIT);
    }

    function test_first_deposit() public {
        vm.prank(lenders);
        junior.deposit(10 * UNIT, lenders);
    }

    function test_repeat_deposit() public {
        vm.prank(ann);
        junior.deposit(10 * UNIT, ann);
    }

    function test_exit_request() public {
        vm.prank(ann);
        junior.requestRedeem(1e6, ann, ann);
    }

    function test_clear_and_claim() public {
        vm.prank(CID);
        pool.multicall(clearAndClaim);
    }

    function test_settle_and_cover() public {
        lose(20 * UNIT);
        pool.sync();
    }

    function test_buy_cover() public {
        vm.prank(insured);
        pool.buyCover(second, type(uint128).max, signed);
    }
}
