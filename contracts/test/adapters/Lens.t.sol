// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PoolLens} from "../../src/lens/PoolLens.sol";
import {PoolViews} from "../../src/modules/PoolViews.sol";
import {Base} from "../Base.sol";

/// The lens says what the pool says.
contract LensTest is Base {
    PoolLens private lens;

    function setUp() public override {
        super.setUp();
        lens = new PoolLens();
    }

    function read(address holder) private view returns (PoolLens.Answer memory) {
        return lens.read(pool, new uint32[](0), PoolLens.Page(0, 10), PoolLens.Page(0, 10), holder);
    }

    function test_an_empty_pool_is_read() public view {
        PoolLens.Answer memory a = read(address(0));
        require(a.whole.asset == address(token) && a.whole.authority == address(access), "addresses");
        require(a.whole.tokens.length == 2 && a.whole.tokens[1] == address(senior), "tokens");
        require(a.whole.markets.length == 0 && a.tickets.length == 0 && a.exits.length == 0, "tables");
        require(a.positions.length == 0 && a.time == block.timestamp && a.chain == block.chainid, "head");
        require(a.whole.rules.cooldown == 14 days && a.whole.rulesAt == 0, "rules");
    }

    function test_one_call_tells_all() public {
        insure();
        lose(100 * UNIT);
        pool.sync();
        uint256 shares = senior.balanceOf(bob);
        vm.prank(bob);
        senior.requestRedeem(shares / 2, bob, bob);
        PoolLens.Answer memory a = read(bob);
        require(keccak256(abi.encode(a.whole.core)) == keccak256(abi.encode(views().core())), "core");
        require(a.whole.markets.length == 1 && a.whole.markets[0].id == 1, "markets");
        require(a.whole.markets[0].market.adapter == address(source), "adapter");
        require(a.whole.markets[0].policies[0].limitLeft == 400 * UNIT, "policy");
        require(a.tickets.length == 1 && a.tickets[0].ticket.market == 1, "tickets");
        require(a.exits.length == 1 && a.exits[0].exit.owner == bob && !a.exits[0].isVoid, "exits");
        require(a.positions[1].held == senior.balanceOf(bob), "held");
        require(a.positions[1].queued == a.exits[0].exit.shares, "queued");
        require(a.positions[1].heldValue <= a.whole.core.tranches[1].active.assets, "value");
        require(a.positions[1].queuedValue == a.whole.core.tranches[1].queued.assets, "all that is queued is his");
        require(a.positions[0].held == 0 && a.positions[0].heldValue == 0, "nothing of the other");
    }

    function test_pages_end_where_tables_do() public {
        insure();
        for (uint256 i; i < 5; ++i) {
            address who = i % 2 == 0 ? ann : bob;
            vm.prank(who);
            (i % 2 == 0 ? junior : senior).requestRedeem(1e6, who, who);
        }
        require(lens.exits(pool, PoolLens.Page(0, 3)).length == 3, "first page");
        PoolLens.ExitRow[] memory last = lens.exits(pool, PoolLens.Page(3, 3));
        require(last.length == 2 && last[1].id == 4, "last page");
        require(lens.exits(pool, PoolLens.Page(5, 3)).length == 0, "beyond");
        require(lens.exits(pool, PoolLens.Page(type(uint32).max, type(uint32).max)).length == 0, "far beyond");
        PoolLens.ExitRow[] memory hers = lens.exitsOf(pool, ann, PoolLens.Page(0, 10));
        require(hers.length == 3 && hers[2].id == 4 && hers[1].exit.owner == ann, "of one owner");
    }

    function test_markets_that_are_not_live_are_read_by_name() public view {
        uint32[] memory named = new uint32[](1);
        named[0] = 9;
        PoolLens.Whole memory w = lens.whole(pool, named);
        require(w.markets.length == 1 && w.markets[0].id == 9 && w.markets[0].market.adapter == address(0), "named");
    }
}
