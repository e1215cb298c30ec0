// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import "../src/Errors.sol";
import {Pool} from "../src/Pool.sol";
import {Roles} from "../src/Role.sol";
import {RuleSet} from "../src/State.sol";
import {Base} from "./Base.sol";

/// Roles (9): each can do its own and nothing else, behind the delay it was granted with; nobody can stop settlement
/// or touch a running exit.
contract RolesTest is Base {
    function refusedFor(address who, bytes memory call) internal {
        vm.prank(who);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, who));
        (bool ok,) = address(pool).call(call);
        ok;
    }

    function test_each_role_can_do_its_own_and_nothing_else() public {
        refusedFor(risk, abi.encodeCall(Pool.pause, (uint64(block.timestamp + 1))));
        refusedFor(guardian, abi.encodeCall(Pool.postEstimate, (1, 1, 1)));
        refusedFor(guardian, abi.encodeCall(Pool.announceRules, (rules())));
        refusedFor(ann, abi.encodeCall(Pool.announceWriteOff, (0)));
        refusedFor(ann, abi.encodeCall(Pool.revokeQuotes, (1, 1)));
        vm.prank(guardian);
        pool.pause(uint64(block.timestamp + 1 days));
        require(views().core().pausedUntil == block.timestamp + 1 days, "paused");
    }

    function test_an_owner_with_a_delay_has_to_wait() public {
        address owner = address(0x0423);
        access.grantRole(Roles.OWNER, owner, uint32(2 days));
        RuleSet memory r = rules();
        r.waiting = uint32(2 days);
        bytes memory call = abi.encodeCall(Pool.announceRules, (r));
        vm.startPrank(owner);
        vm.expectRevert();
        pool.announceRules(r);
        access.schedule(address(pool), call, 0);
        vm.expectRevert();
        access.execute(address(pool), call);
        vm.warp(block.timestamp + 2 days);
        access.execute(address(pool), call);
        vm.stopPrank();
        require(views().rules().waiting == 2 days, "it only tightens, so it acts at once");
    }

    /// Rules that do more than tighten purchases wait as long as everything bought before (5.5).
    function test_other_rules_wait_for_what_was_bought() public {
        insure();
        RuleSet memory r = rules();
        r.cooldown = uint32(1 days);
        pool.announceRules(r);
        (uint64 acts,) = views().pendingRules();
        require(acts >= views().core().latestEnd + 28 days, "5.5: too early");
        require(views().rules().cooldown == 14 days, "5.5: at once");
    }

    /// Even a pool whose roles are all closed settles and pays.
    function test_nobody_can_stop_settlement() public {
        insure();
        access.setTargetClosed(address(pool), true);
        vm.prank(guardian);
        vm.expectRevert();
        pool.pause(uint64(block.timestamp + 1));
        lose(100 * UNIT);
        pool.sync();
        require(token.balanceOf(lenders) == 100 * UNIT, "4.5");
        uint256 shares = senior.balanceOf(bob);
        vm.prank(bob);
        senior.requestRedeem(shares / 2, bob, bob);
    }
}
