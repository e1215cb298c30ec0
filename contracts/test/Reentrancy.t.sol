// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Pool} from "../src/Pool.sol";
import {PoolViews} from "../src/modules/PoolViews.sol";
import {Quote} from "../src/Quote.sol";
import {ShareToken} from "../src/ShareToken.sol";
import {Base} from "./Base.sol";
import {HostileSource, HostileToken} from "./mocks/Hostile.sol";

/// Nobody enters a running call (4.5): not a token while it moves, not an adapter while it is paid.
contract ReentrancyTest is Base {
    function calls() internal pure returns (bytes[] memory list) {
        list = new bytes[](7);
        list[0] = abi.encodeCall(Pool.sync, ());
        list[1] = abi.encodeCall(Pool.clearExits, (10));
        list[2] = abi.encodeCall(Pool.claimExit, (0));
        list[3] = abi.encodeCall(Pool.payMarket, (1));
        list[4] = abi.encodeCall(Pool.fundReserve, (0));
        list[5] = abi.encodeCall(Pool.collectFees, ());
        list[6] = abi.encodeCall(Pool.claimRecovery, (0, 0, 0, 0));
    }

    function test_a_token_that_calls_back_gets_nothing() public {
        HostileToken hostile = new HostileToken();
        deploy(hostile);
        insure();
        fund(ann, 100 * UNIT);
        // From here on every move of the token happens inside the pool.
        hostile.aim(pool, calls());
        vm.prank(ann);
        junior.deposit(100 * UNIT, ann);
        lose(50 * UNIT);
        pool.sync();
        require(hostile.tried() >= 14 && hostile.entered() == 0, "entered");
        assertConserved();
    }

    function test_an_adapter_that_calls_back_gets_nothing() public {
        HostileSource hostile = new HostileSource();
        deposit(junior, ann, 400 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
        Quote memory q = quote();
        q.adapter = address(hostile);
        q.code = address(hostile).codehash;
        buy(q);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(1);
        hostile.aim(pool, calls());
        hostile.set(50 * UNIT, false);
        pool.sync();
        require(hostile.tried() == 7 && hostile.entered() == 0, "entered");
        require(views().core().setAside == 50 * UNIT, "it took nothing, so all is set aside");
        assertConserved();
    }

    function test_an_endless_adapter_makes_its_market_stale_and_no_more() public {
        HostileSource hostile = new HostileSource();
        deposit(junior, ann, 400 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
        Quote memory q = quote();
        q.adapter = address(hostile);
        q.code = address(hostile).codehash;
        q.charge = 100 * UNIT;
        buy(q);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(1);
        hostile.set(1, true);
        pool.sync();
        require(views().core().stale == 1, "stale");
        uint256 shares = junior.balanceOf(ann);
        vm.prank(ann);
        junior.requestRedeem(shares / 4, ann, ann);
    }
}
