// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PoolViews} from "../src/modules/PoolViews.sol";
import {Quote} from "../src/Quote.sol";
import {ShareToken} from "../src/ShareToken.sol";
import {Base} from "./Base.sol";

/// A world that acts on a pool at random; it never reverts, so that every call of a sequence counts.
contract World is Base {
    uint256 public ticketsSeen;
    uint32[] public exits;
    mapping(uint32 exit => address) public leaver;
    mapping(uint32 exit => uint256) public worthAtRequest;
    mapping(uint32 exit => uint256) public paid;
    uint128 private lost;

    constructor() {
        setUp();
        insure();
    }

    function poolViews() external view returns (PoolViews) {
        return views();
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(pool));
    }

    function exitCount() external view returns (uint256) {
        return exits.length;
    }

    function pass(uint32 time) external {
        vm.warp(block.timestamp + time % 30 days);
    }

    function enter(bool seniors, bool second, uint96 amount) external {
        address who = second ? bob : ann;
        ShareToken shares = seniors ? senior : junior;
        fund(who, amount);
        vm.prank(who);
        try shares.deposit(amount, who) {} catch {}
    }

    function ask(bool seniors, bool second, uint96 part) external {
        address who = second ? bob : ann;
        ShareToken shares = seniors ? senior : junior;
        pool.sync();
        (, uint256 unlocked,) = views().sharesOf(seniors ? 1 : 0, who);
        uint256 asked = unlocked * part / type(uint96).max;
        uint256 worth = shares.convertToAssets(asked);
        vm.prank(who);
        try shares.requestRedeem(asked, who, who) returns (uint256 id) {
            exits.push(uint32(id));
            leaver[uint32(id)] = who;
            worthAtRequest[uint32(id)] = worth;
        } catch {}
    }

    function suffer(uint64 amount) external {
        lost += amount % (20 * UNIT);
        lose(lost);
        pool.sync();
    }

    function clear(uint8 count) external {
        try pool.clearExits(count) {} catch {}
    }

    function claim(uint8 which) external {
        if (exits.length == 0) return;
        uint32 id = exits[which % exits.length];
        vm.prank(leaver[id]);
        try pool.claimExit(id) returns (uint128 assets) {
            paid[id] += assets;
        } catch {}
    }

    function insureAgain(uint64 premium) external {
        Quote memory q = quote();
        q.nonce = 1;
        q.premium = premium % (100 * UNIT);
        q.counter = lost;
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        fund(insured, 200 * UNIT);
        vm.prank(insured);
        try pool.buyCover(q, type(uint128).max, signed) {} catch {}
        try pool.activate(1) {} catch {}
    }

    function recover(uint64 amount) external {
        fund(address(this), amount);
        try pool.recoverTicket(0, amount) {} catch {}
    }
}

/// What must hold after any sequence of calls.
contract InvariantTest {
    World internal world;

    function setUp() public {
        world = new World();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    /// Conservation (1.3), to the unit.
    function invariant_every_token_has_a_place() external view {
        PoolViews.CoreView memory c = world.poolViews().core();
        require(c.booked == c.tokens, "booked");
        require(world.held() == c.tokens, "held");
    }

    /// What can be claimed is there (5.4): cleared shares are part of the queued class, and its assets of the tokens.
    function invariant_cleared_exits_are_covered() external view {
        PoolViews.CoreView memory c = world.poolViews().core();
        for (uint256 i; i < 2; ++i) {
            require(c.tranches[i].cleared <= c.tranches[i].queued.shares, "cleared");
            require(c.tranches[i].queued.assets <= c.tokens, "assets");
        }
    }

    /// No exit is paid more than it was worth when it was requested (5.1).
    function invariant_no_exit_above_its_value() external view {
        for (uint256 i; i < world.exitCount(); ++i) {
            uint32 id = world.exits(i);
            require(world.paid(id) <= world.worthAtRequest(id), "paid");
        }
    }
}
