// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Adapter} from "../../src/adapters/Adapter.sol";
import {IInsurer} from "../../src/interfaces/IInsurer.sol";
import {ILossSource} from "../../src/interfaces/ILossSource.sol";
import {PoolViews} from "../../src/modules/PoolViews.sol";
import {Quote} from "../../src/Quote.sol";
import {Base} from "../Base.sol";

/// A pool that insures market 1 through an adapter.
abstract contract AdapterBase is Base {
    function insurer() internal view returns (IInsurer) {
        return IInsurer(address(pool));
    }

    /// The quote of `Base` for market 1 through another adapter.
    function quoteOf(ILossSource adapter, address destination) internal view returns (Quote memory q) {
        q = quote();
        q.adapter = address(adapter);
        q.code = address(adapter).codehash;
        q.destination = destination;
        q.counter = adapter.counter();
    }

    /// Capital in both tranches and a policy in force.
    function insureThrough(Quote memory q) internal {
        deposit(junior, ann, 400 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
        q.deadline = uint64(block.timestamp + 1 days);
        buy(q);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(1);
    }

    function booked() internal view returns (uint256 tickets, uint256 setAside, bool stale) {
        PoolViews.CoreView memory c = views().core();
        return (c.tickets, c.setAside, c.stale != 0);
    }

    function near(uint256 a, uint256 b, uint256 most, string memory what) internal pure {
        require((a > b ? a - b : b - a) <= most, what);
    }

    /// Nobody but the pool pays, and only in its own token.
    function onlyThePoolPays(Adapter adapter) internal {
        vm.expectRevert(abi.encodeWithSelector(Adapter.NotThePool.selector, address(this)));
        adapter.pay(address(token), 1, lenders);
        vm.prank(address(pool));
        vm.expectRevert(abi.encodeWithSelector(Adapter.AssetDiffers.selector, address(token), address(junior)));
        adapter.pay(address(junior), 1, lenders);
    }
}
