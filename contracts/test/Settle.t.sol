// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../src/Errors.sol";
import {ILossSource, Reading} from "../src/interfaces/ILossSource.sol";
import {PoolViews} from "../src/modules/PoolViews.sol";
import {Base} from "./Base.sol";
import {MockSource} from "./mocks/MockSource.sol";

/// A source whose counter costs most of what a read may use.
contract HungrySource is ILossSource {
    function counter() external view returns (uint128) {
        uint256 before = gasleft();
        while (before - gasleft() < 90_000) {}
        return 0;
    }

    function read() external pure returns (Reading memory r) {
        r.rate = 1e18;
    }

    function pay(address, uint128, address) external {}
}

/// Settlement (4): a loss that is read is paid by the layers in order, in the same call.
contract SettleTest is Base {
    function test_a_sync_pays_the_lenders_junior_first() public {
        insure();
        lose(100 * UNIT);
        pool.sync();
        require(token.balanceOf(lenders) == 100 * UNIT, "4.5: paid");
        PoolViews.CoreView memory c = views().core();
        require(c.tickets == 1 && c.setAside == 0, "ticket");
        require(c.tranches[1].active.assets >= 600 * UNIT, "senior is whole");
        assertConserved();
    }

    function test_what_is_refused_is_set_aside_for_that_market() public {
        insure();
        source.set(100 * UNIT, 1e18, 0, 0, 0, false, 30 * uint256(UNIT) + 1);
        pool.sync();
        require(token.balanceOf(lenders) == 30 * UNIT, "accepted");
        require(views().core().setAside == 70 * UNIT, "set aside");
        pool.payMarket(1);
        pool.payMarket(1);
        pool.payMarket(1);
        require(token.balanceOf(lenders) == 100 * UNIT, "the rest");
        vm.expectRevert(abi.encodeWithSelector(NothingSetAside.selector, 1));
        pool.payMarket(1);
        assertConserved();
    }

    function test_a_blacklisted_receiver_blocks_nobody() public {
        insure();
        token.setBlocked(lenders, true);
        lose(100 * UNIT);
        pool.sync();
        require(views().core().setAside == 100 * UNIT, "set aside");
        uint256 shares = senior.balanceOf(bob);
        vm.prank(bob);
        senior.requestRedeem(shares, bob, bob);
        assertConserved();
    }

    function test_a_silent_source_stops_deposits_and_nothing_else() public {
        insure();
        source.set(0, 1e18, 0, 0, 0, true, 0);
        pool.sync();
        fund(ann, 1);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(MarketsStale.selector, 1));
        junior.deposit(1, ann);
        uint256 shares = senior.balanceOf(bob);
        vm.prank(bob);
        senior.requestRedeem(shares / 2, bob, bob);
        assertConserved();
    }

    /// Whoever calls with too little gas cannot make a reading fail, whatever it costs: the call is refused, or done.
    function test_a_starved_call_is_refused_or_done() public {
        source = MockSource(address(new HungrySource()));
        insure();
        uint256 refused;
        uint256 done;
        for (uint256 given = 60_000; given < 300_000; given += 1_500) {
            vm.warp(block.timestamp + 1);
            (bool ok, bytes memory why) = address(pool).call{gas: given}(abi.encodeCall(pool.sync, ()));
            if (ok) ++done;
            else if (bytes4(why) == NotEnoughGas.selector) ++refused;
            require(views().core().stale == 0, "made stale");
        }
        require(done > 0 && refused > 0, "both");
    }

    /// A loss of exactly the smallest ticket is booked (2.4).
    function test_the_smallest_ticket_is_booked() public {
        insure();
        lose(1);
        pool.sync();
        require(views().core().tickets == 1, "2.4");
    }

    /// Settling in parts or at once pays the same (the properties' second line).
    function testFuzz_parts_pay_what_the_whole_pays(uint64 first, uint64 second) public {
        insure();
        first = uint64(first % (300 * UNIT)) + 1;
        second = uint64(second % (300 * UNIT)) + 1;
        lose(first);
        pool.sync();
        lose(first + second);
        pool.sync();
        uint256 sum = uint256(first) + second;
        require(token.balanceOf(lenders) == (sum < 500 * UNIT ? sum : 500 * UNIT), "4.3");
        assertConserved();
    }

    function test_recoveries_go_to_who_held_when_it_was_lost() public {
        insure();
        lose(100 * UNIT);
        pool.sync();
        uint256 shares = junior.balanceOf(ann);
        vm.prank(ann);
        junior.transfer(bob, shares);
        fund(address(this), 60 * UNIT);
        pool.recoverTicket(0, 60 * UNIT);
        (, uint256 index) = views().checkpointFor(0, 0, ann, 0);
        vm.prank(ann);
        pool.claimRecovery(0, 0, 0, uint32(index));
        require(token.balanceOf(ann) > 50 * UNIT, "6.2");
        (bool found, uint256 other) = views().checkpointFor(0, 0, bob, 0);
        vm.prank(bob);
        vm.expectRevert();
        pool.claimRecovery(0, 0, 0, found ? uint32(other) : 0);
        assertConserved();
    }
}
