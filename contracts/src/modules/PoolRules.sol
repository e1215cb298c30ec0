// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../Errors.sol";
import {
    EstimateLowered,
    EstimatePosted,
    FeesCollected,
    PauseBegan,
    ReserveFunded,
    RulesAnnounced,
    RulesChanged,
    RulesWithdrawn,
    SurplusStreamed
} from "../Events.sol";
import {Fixed} from "../Fixed.sol";
import {Payments} from "../Payment.sol";
import {Policies} from "../Policy.sol";
import {Premium} from "../Premium.sol";
import {Rules} from "../Rules.sol";
import {pool, State, Market, Policy, RuleSet, PREMIUM_STREAMS, RUN_OFF} from "../State.sol";
import {Tranches} from "../Tranche.sol";
import {Streams} from "../Stream.sol";
import {Turns} from "../Turn.sol";

/// What roles may do (9, 5.5, 5.6), and the reserve (1.5). Who may call is decided by the pool before.
contract PoolRules {
    /// Announces rules (5.5): a change that only tightens purchases acts at once; any other waits until
    /// max(latest end + run-off, now + cooldown + longest term), read now.
    function announceRules(RuleSet memory rules) external {
        State storage s = pool();
        Rules.validate(rules);
        RuleSet memory current = s.rules;
        if (Rules.onlyTightenedBy(current, rules)) {
            Rules.store(s.rules, rules);
            // It voids a change that waits, which would bring back what was just tightened.
            s.rulesAt = 0;
            emit RulesChanged(current, rules);
            return;
        }
        uint256 longest = current.termEpochsMax * Fixed.EPOCH;
        uint256 acts = Fixed.max(s.latestEnd + RUN_OFF, s.time + current.cooldown + longest);
        Rules.store(s.pendingRules, rules);
        s.rulesAt = uint40(acts);
        if (acts < s.due) s.due = uint40(acts);
        emit RulesAnnounced(uint64(acts), rules);
    }

    /// Withdraws an announced change.
    function withdrawRules() external {
        State storage s = pool();
        if (s.rulesAt == 0) revert NoRulesPending();
        s.rulesAt = 0;
        emit RulesWithdrawn();
    }

    /// Pauses deposits and purchases (5.5), for a bounded time; a pause can begin only as long after the last one as
    /// a pause may last, so that pauses cannot be chained.
    function pause(uint64 until) external {
        State storage s = pool();
        uint256 from = Fixed.max(s.pauseFrom, s.time);
        uint256 most = s.time + uint256(s.rules.pauseMax);
        if (s.time < from || until <= s.time || until > most) revert PauseOutOfBounds(uint64(from), uint64(most));
        uint64 before = s.pausedUntil;
        s.pausedUntil = uint40(until);
        s.pauseFrom = uint40(until + s.rules.pauseMax);
        emit PauseBegan(before, until, s.pauseFrom);
    }

    /// Pays accrued fees to their recipient; anyone may call.
    function collectFees() external {
        State storage s = pool();
        Premium.anchor(s);
        uint128 assets = s.fees;
        if (assets == 0) revert NoFees();
        s.fees = 0;
        emit FeesCollected(s.rules.feeRecipient, assets);
        Payments.send(s, s.rules.feeRecipient, assets);
    }

    /// Gives assets of the caller to the reserve.
    function fundReserve(uint128 assets) external {
        State storage s = pool();
        if (assets == 0) revert BelowMinimum("payment", assets, 1);
        Payments.receiveFrom(s, Payments.asset(), msg.sender, assets);
        emit ReserveFunded(assets, uint128(Premium.reserve(s)));
        Premium.give(s, assets);
    }

    /// Streams what the reserve holds above its target to the active classes, from the next boundary on (1.5): only
    /// what required capital can spare, and nothing while a loss is open.
    function streamSurplus() external {
        State storage s = pool();
        if (s.stale != 0) revert MarketsStale(s.stale);
        Premium.anchor(s);
        uint256 spare = Fixed.saturatingSub(Tranches.unqueued(s), s.required);
        uint256 surplus = s.estimates != 0
            ? 0
            : Fixed.min(Fixed.saturatingSub(s.reserve, s.rules.reserveTarget), spare);
        uint256 start = Fixed.boundaryAfter(s.time);
        uint256 end = start + s.rules.surplusEpochs * Fixed.EPOCH;
        uint256[5] memory parts;
        uint256 total;
        for (uint256 i; i < s.trancheCount; ++i) {
            parts[i] = Fixed.partDown(surplus, s.rules.surplusSplit[i]);
            total += parts[i];
        }
        if (total == 0) revert NoSurplus(s.reserve, s.rules.reserveTarget);
        Streams.Split memory split = Streams.split(parts, end - start);
        uint128[4] memory streamed;
        for (uint256 i; i < s.trancheCount; ++i) {
            uint256 stream = PREMIUM_STREAMS + i;
            Turns.checkRate(s, stream, split.rates[i], parts[i]);
            Turns.add(s, i, split.rates[i], Fixed.epochOf(start), Fixed.epochOf(end));
            Premium.addCarry(s, stream, split.carries[i]);
            streamed[i] = uint128(parts[i]);
        }
        emit SurplusStreamed(uint64(start), uint64(end), streamed, uint128(Premium.reserve(s)));
        Premium.take(s, total);
    }

    /// Posts an estimate of latent loss (5.6): a higher one acts at once, a lower one at the next boundary. Only a
    /// market whose policy can pay has one, capped by what that policy can still lose.
    function postEstimate(uint32 id, uint128 amount, uint64 expiry) external {
        State storage s = pool();
        Market storage m = s.markets[id];
        if (Policies.listing(s, id).adapter == address(0)) revert NoSuchMarket(id);
        uint256 t = s.time;
        bool open = m.expiry != 0;
        if (open && amount < m.estimate) {
            // Lowering keeps the expiry: a fall must not be a way to hold exits for longer.
            uint40 boundary = uint40(Fixed.boundaryAfter(t));
            (m.lowerTo, m.lowerAt) = (amount, boundary);
            if (boundary < s.due) s.due = boundary;
            emit EstimateLowered(id, m.estimate, amount, boundary);
            return;
        }
        if (amount == 0) revert NoEstimate(id);
        if (!open && t < m.repostFrom) revert RepostTooEarly(id, m.repostFrom);
        uint256 most = Fixed.partDown(cap(m), s.rules.latentShareMax);
        // An open estimate is renewed by raising it; its time runs from the first posting on. A shorter expiry is a
        // fall as well: none before the next boundary.
        uint256 latest = open ? m.expiry : t + s.rules.latentTermMax;
        uint256 earliest = open ? Fixed.min(m.expiry, Fixed.boundaryAfter(t)) : t + 1;
        if (amount > most || expiry < earliest || expiry > latest) {
            revert EstimateOutOfCaps(amount, expiry, uint128(most), uint64(latest));
        }
        if (!open) ++s.estimates;
        uint128 before = m.estimate;
        m.estimate = amount;
        m.expiry = uint40(expiry);
        (m.lowerTo, m.lowerAt) = (0, 0);
        if (expiry < s.due) s.due = uint40(expiry);
        emit EstimatePosted(id, before, amount, expiry);
    }

    /// Most that a market's policies can still lose: deductible and limit of those that can pay now.
    function cap(Market storage m) private view returns (uint256 most) {
        for (uint256 slot; slot < 2; ++slot) {
            Policy storage p = m.policies[slot];
            if (!Policies.isOpen(p)) continue;
            most = Fixed.max(most, Fixed.min(p.deductibleLeft + Policies.limitLeft(p), type(uint128).max));
        }
    }
}
