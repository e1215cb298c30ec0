// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PolicyEnded, PolicyRunsOff, RulesChanged} from "../Events.sol";
import {Fixed} from "../Fixed.sol";
import {Latents} from "../Latent.sol";
import {Policies} from "../Policy.sol";
import {Premium} from "../Premium.sol";
import {pool, State, Market, Listing, Policy, RuleSet, Status, RUN_OFF, NEVER} from "../State.sol";
import {Walks} from "../Walk.sol";

/// What time does (1.4 steps 1 and 2), where it is rare: accrual across a boundary, and what falls due. The pool
/// runs these by delegatecall before a command.
contract PoolTime {
    function walk() external {
        Walks.to(pool(), block.timestamp);
    }

    /// Estimates first, then the policies that they may keep in force, then rules.
    function expire() external {
        State storage s = pool();
        uint256 t = s.time;
        uint256 count = s.liveCount;
        uint32[] memory live = new uint32[](count);
        for (uint256 i; i < count; ++i) {
            live[i] = s.live[i].id;
        }
        for (uint256 i; i < count; ++i) {
            expireEstimate(s, live[i], t);
            expirePolicy(s, live[i], 0, t);
            expirePolicy(s, live[i], 1, t);
        }
        uint256 due = NEVER;
        if (s.rulesAt != 0) {
            if (s.rulesAt <= t) {
                Premium.anchor(s);
                RuleSet memory before = s.rules;
                s.rules = s.pendingRules;
                s.rulesAt = 0;
                emit RulesChanged(before, s.rules);
            } else {
                due = s.rulesAt;
            }
        }
        for (uint256 i; i < s.liveCount; ++i) {
            due = Fixed.min(due, dueOf(s.markets[s.live[i].id], s.live[i]));
        }
        s.due = uint40(due);
    }

    /// Earliest date at which something of a market falls due.
    function dueOf(Market storage m, Listing storage l) private view returns (uint256 due) {
        due = NEVER;
        if (m.expiry != 0) due = m.expiry;
        if (m.lowerAt != 0) due = Fixed.min(due, m.lowerAt);
        uint256 policies = l.second ? 2 : 1;
        for (uint256 slot; slot < policies; ++slot) {
            Policy storage p = Policies.inSlot(m, l, slot);
            Status status = p.status;
            if (status == Status.Pending || status == Status.Active) due = Fixed.min(due, Policies.end(p));
            if (status == Status.RunOff) due = Fixed.min(due, p.runOffUntil);
        }
    }

    /// A release counts from its boundary, an expiry from its second, however late the pool looks (5.6).
    function expireEstimate(State storage s, uint32 id, uint256 t) private {
        Market storage m = s.markets[id];
        if (m.expiry == 0) return;
        bool falls = m.lowerAt != 0 && m.lowerAt <= t;
        uint256 closed = NEVER;
        if (falls && m.lowerTo == 0) closed = m.lowerAt;
        if (m.expiry <= t) closed = Fixed.min(closed, m.expiry);
        if (closed != NEVER) Latents.close(s, id, closed + s.rules.cooldown);
        else if (falls) Latents.fall(s, id, m.lowerTo);
    }

    function expirePolicy(State storage s, uint32 id, uint256 slot, uint256 t) private {
        Market storage m = s.markets[id];
        Policy storage p = Policies.inSlot(m, Policies.listing(s, id), slot);
        Status status = p.status;
        uint256 end = Policies.end(p);
        bool estimated = m.expiry != 0;
        if (status == Status.Pending) {
            if (end > t) return;
        } else if (status == Status.Active) {
            if (end > t) return;
            // An estimate posted before the end keeps the policy in force (3.3).
            if (estimated && t < end + RUN_OFF && Policies.limitLeft(p) != 0) {
                runOff(s, id, slot, p, end + RUN_OFF);
                return;
            }
        } else if (status == Status.RunOff) {
            if (p.runOffUntil > t && p.runOffLeft != 0 && estimated) return;
        } else {
            return;
        }
        uint256 before = s.required;
        s.required = uint128(before - Policies.chargeDue(p));
        p.status = Status.Ended;
        emit PolicyEnded(id, uint8(slot), Fixed.pair(before, s.required));
        if (Policies.isLive(m, Policies.listing(s, id))) return;
        Policies.delist(s, id);
        // Nothing can be paid any more, so nothing is latent for the pool.
        if (estimated) Latents.close(s, id, 0);
    }

    function runOff(State storage s, uint32 id, uint256 slot, Policy storage p, uint256 until) private {
        uint256 before = s.required;
        uint256 charge = Policies.chargeDue(p);
        p.status = Status.RunOff;
        p.runOffUntil = uint40(until);
        p.runOffLeft = s.markets[id].estimate;
        s.required = uint128(before - charge + Policies.chargeDue(p));
        if (until > s.latestEnd) s.latestEnd = uint40(until);
        emit PolicyRunsOff(id, uint8(slot), uint64(until), p.runOffLeft, Fixed.pair(before, s.required));
    }
}
