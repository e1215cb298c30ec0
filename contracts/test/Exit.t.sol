// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../src/Errors.sol";
import {PoolViews} from "../src/modules/PoolViews.sol";
import {RuleSet} from "../src/State.sol";
import {Base} from "./Base.sol";

/// Exits (5): requested, cleared, paid on demand.
contract ExitTest is Base {
    function request(address who, uint256 shares) internal returns (uint32) {
        vm.prank(who);
        return uint32(junior.requestRedeem(shares, who, who));
    }

    function test_a_request_goes_from_pending_to_claimable_to_paid() public {
        uint256 shares = deposit(junior, ann, 100 * UNIT);
        vm.warp(block.timestamp + 2 * WEEK);
        uint32 id = request(ann, shares);
        require(junior.pendingRedeemRequest(id, ann) == shares, "pending");
        require(junior.claimableRedeemRequest(id, ann) == 0, "not yet");
        vm.expectRevert(NothingToClear.selector);
        pool.clearExits(10);
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(10);
        require(junior.pendingRedeemRequest(id, ann) == 0, "cleared");
        require(junior.claimableRedeemRequest(id, ann) == shares, "claimable");
        vm.prank(ann);
        pool.claimExit(id);
        require(token.balanceOf(ann) == 100 * UNIT, "paid");
        assertConserved();
    }

    function test_only_the_leaver_is_paid() public {
        uint256 shares = deposit(junior, ann, 100 * UNIT);
        vm.warp(block.timestamp + 2 * WEEK);
        uint32 id = request(ann, shares);
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(1);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(NotTheLeaver.selector, id));
        pool.claimExit(id);
    }

    /// A leaver bears losses until it is paid, and gains nothing (5.1).
    function testFuzz_an_exit_only_falls(uint64 loss, uint32 wait) public {
        insure();
        loss = uint64(loss % (600 * UNIT));
        uint256 half = junior.balanceOf(ann) / 2;
        uint32 id = request(ann, half);
        (PoolViews v) = views();
        PoolViews.CoreView memory c = v.core();
        uint256 worth = c.tranches[0].queued.assets;
        vm.warp(block.timestamp + wait % 20 days);
        lose(loss);
        pool.sync();
        c = v.core();
        require(c.tranches[0].queued.assets <= worth, "5.1: an exit rose");
        require(id == 0, "first");
        assertConserved();
    }

    function test_a_crowd_of_tiny_exits_does_not_block_the_queue() public {
        deposit(junior, ann, 100 * UNIT);
        vm.warp(block.timestamp + 2 * WEEK);
        for (uint256 i; i < 300; ++i) {
            request(ann, 1000);
        }
        uint32 last = request(ann, junior.balanceOf(ann));
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(150);
        pool.clearExits(200);
        vm.prank(ann);
        require(pool.claimExit(last) > 99 * UNIT, "paid");
    }

    /// What is cleared and not yet paid is no longer spare (5.3): a second clearing gives no more than the first.
    function test_what_is_cleared_is_not_spare() public {
        insure();
        uint256 shares = senior.balanceOf(bob);
        vm.prank(bob);
        senior.requestRedeem(shares / 2, bob, bob);
        vm.prank(bob);
        senior.requestRedeem(shares - shares / 2, bob, bob);
        request(ann, junior.balanceOf(ann));
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(10);
        PoolViews.CoreView memory c = views().core();
        uint256 cleared = uint256(c.tranches[1].cleared) * c.tranches[1].queued.assets / c.tranches[1].queued.shares;
        uint256 all = c.reserve;
        for (uint256 i; i < 2; ++i) {
            all += uint256(c.tranches[i].active.assets) + c.tranches[i].queued.assets;
        }
        require(cleared != 0 && all - cleared >= c.required, "5.3: the required capital stays");
        vm.expectRevert(NothingToClear.selector);
        pool.clearExits(10);
    }
}

/// A floor under the junior tranche (3.5): half of required capital.
contract JuniorFloorTest is Base {
    function rules() internal pure override returns (RuleSet memory r) {
        r = super.rules();
        r.juniorFloor = 500_000;
    }

    /// The pool could spare all of the junior capital, the floor keeps half of what is required (5.3).
    function test_the_floor_holds_junior_exits_back() public {
        insure();
        PoolViews.CoreView memory c = views().core();
        uint256 floor = (c.required + 1) / 2;
        uint256 all = c.tranches[0].active.assets;
        require(floor != 0 && floor < all, "it binds");
        uint256 shares = junior.balanceOf(ann);
        vm.prank(ann);
        junior.requestRedeem(shares, ann, ann);
        vm.warp(block.timestamp + 14 days);
        pool.clearExits(10);
        c = views().core();
        uint256 queued = c.tranches[0].queued.assets;
        uint256 cleared = c.tranches[0].cleared * queued / c.tranches[0].queued.shares;
        require(cleared <= queued - floor && cleared + 2 >= queued - floor, "5.3: as much as the floor leaves");
        assertConserved();
    }
}
