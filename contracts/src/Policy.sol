// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {State, Market, Listing, Policy, Status} from "./State.sol";
import {CANCELLED, CHAINED, EVENT_IS_LIMIT, BONUS_GONE, HAS_BONUS} from "./State.sol";

/// Policies (3): what they can still pay, and the arithmetic of one claim (4.3, 4.4).
library Policies {
    using Policies for Policy;

    /// The policy of a market in slot 0 (the older one) or 1.
    function inSlot(Market storage m, Listing storage l, uint256 slot) internal view returns (Policy storage) {
        return m.policies[(l.first + slot) & 1];
    }

    /// Where the adapter of a market stands: in the list of live markets, or with the market itself.
    function listing(State storage s, uint256 id) internal view returns (Listing storage l) {
        uint256 count = s.liveCount;
        bool live;
        l = s.live[0];
        assembly ("memory-safe") {
            // One slot each, the number above the adapter.
            let last := add(l.slot, count)
            for {} lt(l.slot, last) { l.slot := add(l.slot, 1) } {
                live := eq(and(shr(160, sload(l.slot)), 0xffffffff), id)
                if live { break }
            }
        }
        if (!live) l = s.markets[id].parked;
    }

    function isCancelled(Policy storage p) internal view returns (bool) {
        return p.flags & CANCELLED != 0;
    }

    function isChained(Policy storage p) internal view returns (bool) {
        return p.flags & CHAINED != 0;
    }

    /// Bonus that is still set aside (3.7).
    function bonusHeld(Policy storage p) internal view returns (uint128) {
        return p.flags & (HAS_BONUS | BONUS_GONE) == HAS_BONUS ? p.bonus : 0;
    }

    /// Takes the bonus out of the policy.
    function dropBonus(Policy storage p) internal {
        p.flags |= BONUS_GONE;
    }

    /// Premium that streams: all but the bonus as it was bought (3.7).
    function streamed(Policy storage p) internal view returns (uint256) {
        return p.flags & HAS_BONUS == 0 ? p.premium : p.premium - p.bonus;
    }

    function eventLimitOf(Policy storage p) internal view returns (uint256) {
        return p.flags & EVENT_IS_LIMIT != 0 ? p.limit : p.eventLimit;
    }

    /// Parts of the premium by tranche, in millionths.
    function splitOf(Policy storage p) internal view returns (uint256[4] memory parts) {
        uint256 packed = p.split;
        for (uint256 i; i < 4; ++i) {
            parts[i] = packed >> (24 * i) & 0xffffff;
        }
    }

    /// Eligible loss after coinsurance booked so far (4.3).
    function insuredCum(Policy storage p) internal view returns (uint256) {
        return Fixed.partDown(p.eligibleCum, Fixed.MILLION - p.coinsurance);
    }

    /// True until the policy has ended; its charge then counts as required capital (3.5).
    function isOpen(Policy storage p) internal view returns (bool) {
        Status status = p.status;
        return status != Status.None && status != Status.Ended;
    }

    /// True while a policy of the market is pending, in force or in run-off: it must then be read (4.2).
    function isLive(Market storage m, Listing storage l) internal view returns (bool) {
        return isOpen(inSlot(m, l, 0)) || l.second && isOpen(inSlot(m, l, 1));
    }

    /// First second of cover.
    function start(Policy storage p) internal view returns (uint256) {
        return uint256(p.startEpoch) * Fixed.EPOCH;
    }

    /// First second without cover.
    function end(Policy storage p) internal view returns (uint256) {
        return uint256(p.endEpoch) * Fixed.EPOCH;
    }

    /// True when an increase read at `t` is covered.
    function inForce(Policy storage p, uint256 t) internal view returns (bool) {
        Status status = p.status;
        if (status == Status.Active) return p.start() <= t && t < p.end();
        if (status == Status.RunOff) return t < p.runOffUntil && p.runOffLeft > 0;
        return false;
    }

    /// Limit not yet used: it is used by eligible loss (4.3).
    function limitLeft(Policy storage p) internal view returns (uint256) {
        return p.limit - p.eligibleCum;
    }

    /// Increase of the counter that the policy has not booked.
    function gross(Policy storage p, uint256 counter) internal view returns (uint256 increase) {
        increase = Fixed.saturatingSub(counter, p.seen);
        if (p.status == Status.RunOff) increase = Fixed.min(increase, p.runOffLeft);
    }

    /// Charge by what is left of the limit, rounded up, and by the estimate in run-off (3.3, 3.5).
    function chargeDue(Policy storage p) internal view returns (uint256 charge) {
        if (!p.isOpen()) return 0;
        charge = Fixed.mulDivUp(p.charge, p.limitLeft(), p.limit);
        if (p.status == Status.RunOff) charge = Fixed.min(charge, p.runOffLeft);
    }

    /// Eligible loss of this and the previous epoch as seen from `epoch` (4.3).
    function window(Policy storage p, uint256 epoch) internal view returns (uint256 current, uint256 previous) {
        uint256 last = p.eventEpoch;
        if (epoch == last) return (p.eventThis, p.eventPrevious);
        if (epoch == last + 1) return (0, p.eventThis);
    }

    /// Eligible loss that the event limit still admits at `t`.
    function eventLeft(Policy storage p, uint256 t) internal view returns (uint256) {
        uint256 most = eventLimitOf(p);
        // No less than the limit: all that was ever booked is in the limit as well, which then binds first.
        if (most >= p.limit) return limitLeft(p);
        (uint256 current, uint256 previous) = window(p, Fixed.epochOf(t));
        return Fixed.saturatingSub(most, current + previous);
    }

    /// Eligible loss after coinsurance when `eligible` more is booked, beyond what is booked already: a difference
    /// of cumulative figures, so that it does not depend on how often it is asked.
    function insuredIncrease(Policy storage p, uint256 eligible) internal view returns (uint256) {
        return Fixed.partDown(p.eligibleCum + eligible, Fixed.MILLION - p.coinsurance) - insuredCum(p);
    }

    /// What a stale market may still cost (4.2): the most the limits admit, after coinsurance.
    function worstCase(Policy storage p, uint256 t) internal view returns (uint256) {
        return insuredIncrease(p, Fixed.min(eventLeft(p, t), limitLeft(p)));
    }

    /// Most that may have been paid by `t` in the early period (4.4): the limit in force since an earlier, claim-free
    /// policy is bound from that first start, what a renewal added from its own.
    function earlyBound(Policy storage p, uint256 t, uint256 period, uint256 multiple)
        internal
        view
        returns (uint256)
    {
        (uint256 old, uint256 since) =
            isChained(p) ? (Fixed.min(p.firstLimit, p.limit), uint256(p.firstStartEpoch) * Fixed.EPOCH) : (p.limit, p.start());
        uint256 bound = t >= since + period ? old : Fixed.min(allowed(p, old, since, t, multiple), old);
        return Fixed.min(bound + allowed(p, p.limit - old, p.start(), t, multiple), type(uint128).max);
    }

    /// Multiple of the premium earned by a part of the limit since `since`.
    function allowed(Policy storage p, uint256 part, uint256 since, uint256 t, uint256 multiple)
        private
        view
        returns (uint256)
    {
        uint256 premium = Fixed.mulDivDown(p.premium, part, p.limit);
        // Rounded once; the product has at most 128 + 32 + 40 bits.
        uint256 bound = premium * multiple * Fixed.saturatingSub(t, since) / (Fixed.MILLION * term(p));
        return Fixed.min(bound, type(uint128).max);
    }

    /// Term at purchase in seconds.
    function term(Policy storage p) internal view returns (uint256) {
        return uint256(p.termEpochs) * Fixed.EPOCH;
    }

    /// A listing in its slot, the members in their order: of a market that is not stale.
    function entry(uint256 adapter, uint256 id, bool converts) internal pure returns (uint256 word) {
        word = adapter | id << 160;
        if (converts) word |= 1 << 232;
    }

    /// Puts a market into the list of those that must be read; ascending (4.2). `word` is its listing in one slot.
    function enlist(State storage s, uint256 word) internal returns (Listing storage l) {
        uint256 count = s.liveCount;
        Listing[16] storage live = s.live;
        uint256 id = uint32(word >> 160);
        l = live[0];
        assembly ("memory-safe") {
            // One slot each: those with a higher number move up by one.
            let at := add(live.slot, count)
            for {} gt(at, live.slot) {} {
                let before := sload(sub(at, 1))
                if iszero(gt(and(shr(160, before), 0xffffffff), id)) { break }
                sstore(at, before)
                at := sub(at, 1)
            }
            sstore(at, word)
            l.slot := at
        }
        s.liveCount = uint8(count + 1);
        if (l.stale) ++s.stale;
    }

    /// Takes a market out of the list.
    function delist(State storage s, uint32 id) internal {
        uint256 count = s.liveCount;
        uint256 place;
        while (s.live[place].id != id) ++place;
        Listing memory l = s.live[place];
        s.markets[id].parked = l;
        for (; place + 1 < count; ++place) {
            s.live[place] = s.live[place + 1];
        }
        delete s.live[count - 1];
        --s.liveCount;
        if (l.stale) --s.stale;
    }
}
