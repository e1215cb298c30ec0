// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Policies} from "./Policy.sol";
import {State, Policy, Status, EVENT_IS_LIMIT, HAS_DEDUCTIBLE} from "./State.sol";

// Words of a loss in memory. First what `TicketBooked` says of it (`Booking`), in its order; tranches and what a ticket
// finds in the layers have a word each.
uint256 constant SLOT = 0;
uint256 constant POLICY = 1;
uint256 constant COUNTER = 2;
uint256 constant EVIDENCE = 3;
uint256 constant GROSS = 4;
// Above the limits.
uint256 constant OVER_LIMIT = 5;
uint256 constant RESIDUAL = 6;
uint256 constant SUPPLIED = 7;
uint256 constant HAIRCUT = 8;
// Paid from the insured's bond.
uint256 constant DEDUCTIBLE = 9;
// Kept by the insured.
uint256 constant COINSURED = 10;
uint256 constant RESERVE = 11;
uint256 constant UNCOVERED = 12;
uint256 constant TRANCHE = 13;
uint256 constant OWN_BOND = 17;
uint256 constant CALLED = 18;
uint256 constant QUEUED = 19;
uint256 constant LIMIT_LEFT = 23;
uint256 constant REQUIRED = 24;
uint256 constant HELD = 25;
// Then what the books need: the market, its place in the list of live ones, where the policy stands.
uint256 constant MARKET = 30;
uint256 constant PLACE = 31;
uint256 constant AT = 32;
// Loss that uses the limit.
uint256 constant ELIGIBLE = 33;
// Not covered for good: a bond short of the deductible, or above the early bound.
uint256 constant UNPAID = 34;
// Owed by reserve, tranches and mutual layer; what of it all of these paid.
uint256 constant OWED = 35;
uint256 constant PAID = 36;
// Number of words, and bytes of those that the event says.
uint256 constant WORDS = 37;
uint256 constant BOOKING_BYTES = 30 * 32;

/// What one reading means for one policy (4.3): gross = deductible + coinsured + overLimit + unpaid + owed. The slots of a
/// policy are read and written whole, in the order of `Policy`.
library Losses {
    /// The claim that a gross loss makes at `t`, before any layer is asked (4.3, 4.4). `rules` is the third slot of the
    /// rules.
    function assess(uint256[WORDS] memory l, Policy storage p, uint256 rules, uint256 gross, uint256 t) internal view {
        uint256 head;
        uint256 limits;
        assembly ("memory-safe") {
            head := sload(p.slot)
            limits := sload(add(p.slot, 2))
        }
        uint256 above = gross;
        l[GROSS] = gross;
        if (head >> 224 & HAS_DEDUCTIBLE != 0) {
            uint256 deductible = Fixed.min(gross, p.deductibleLeft);
            uint256 paid = Fixed.min(deductible, p.bondLeft);
            (l[DEDUCTIBLE], l[UNPAID]) = (paid, deductible - paid);
            above -= deductible;
        }
        uint256 used = limits >> 128;
        uint256 eligible = Fixed.min(above, uint128(limits) - used);
        if (head >> 224 & EVENT_IS_LIMIT == 0) eligible = Fixed.min(eligible, Policies.eventLeft(p, t));
        unchecked {
            // All are parts of amounts. Coinsurance, at bit 232, is at most a million.
            (l[ELIGIBLE], l[OVER_LIMIT]) = (eligible, above - eligible);
            uint256 share = Fixed.MILLION - (head >> 232);
            // A difference of cumulative figures, so that it does not depend on how often a loss is read.
            uint256 insured = (used + eligible) * share / Fixed.MILLION - used * share / Fixed.MILLION;
            l[COINSURED] = eligible - insured;
            l[OWED] = insured;
            // The start at bit 160 of the policy, the early period at bit 128 of the rules.
            if (t < uint24(head >> 160) * Fixed.EPOCH + uint32(rules >> 128)) early(l, p, rules, t);
        }
    }

    /// In the early period what may have been paid is bounded (4.4).
    function early(uint256[WORDS] memory l, Policy storage p, uint256 rules, uint256 t) private view {
        // Period and multiple at bits 128 and 160 of the rules.
        uint256 bound = Policies.earlyBound(p, t, uint32(rules >> 128), uint32(rules >> 160));
        uint256 insured = l[OWED];
        uint256 owed = Fixed.min(insured, Fixed.saturatingSub(bound, p.paidCum));
        l[OWED] = owed;
        l[UNPAID] += insured - owed;
    }

    /// Books a claim in the policy at `t` (4.3, 3.5): limit left before and after as the event has them, and by how much its
    /// charge falls.
    function book(uint256[WORDS] memory l, Policy storage p, uint256 t) internal returns (uint256 fall) {
        uint256 head;
        uint256 limits;
        uint256 charge;
        uint256 count;
        uint256 paid;
        assembly ("memory-safe") {
            head := sload(p.slot)
            count := sload(add(p.slot, 1))
            limits := sload(add(p.slot, 2))
            paid := sload(add(p.slot, 3))
            charge := sload(add(p.slot, 4))
        }
        bool runsOff = uint8(head >> 216) == uint8(Status.RunOff);
        uint256 limit = uint128(limits);
        uint256 left;
        unchecked {
            left = limit - (limits >> 128);
            fall = due(charge, left, limit);
            if (runsOff) fall = Fixed.min(fall, p.runOffLeft);
            if (head >> 224 & EVENT_IS_LIMIT == 0) count = useEvent(p, l[ELIGIBLE], limit, t, count);
            if (head >> 224 & HAS_DEDUCTIBLE != 0) {
                p.deductibleLeft = uint128(Fixed.saturatingSub(p.deductibleLeft, l[GROSS]));
                p.bondLeft -= uint128(l[DEDUCTIBLE]);
            }
            uint256 eligible = l[ELIGIBLE];
            // One ticket more, at bit 32; the rest in upper halves, none of which a loss brings above an amount: eligible
            // loss is at most what is left of the limit, paid loss a part of it, and the counter is an amount.
            count += 1 << 32;
            limits += eligible << 128;
            paid += l[OWED] << 128;
            charge += l[GROSS] << 128;
            l[LIMIT_LEFT] = left << 128 | left - eligible;
            left = due(charge, left - eligible, limit);
            if (runsOff) left = Fixed.min(left, p.runOffLeft -= uint128(l[GROSS]));
            fall -= left;
        }
        assembly ("memory-safe") {
            sstore(add(p.slot, 1), count)
            sstore(add(p.slot, 2), limits)
            sstore(add(p.slot, 3), paid)
            sstore(add(p.slot, 4), charge)
        }
    }

    /// Charge by what is left of the limit, rounded up; `word` has the charge at purchase in its lower half.
    function due(uint256 word, uint256 left, uint256 limit) private pure returns (uint256) {
        unchecked {
            // A product of two amounts; no policy has a limit of zero.
            return (uint128(word) * left + limit - 1) / limit;
        }
    }

    /// Books eligible loss in the window of an event limit below the limit (4.3); the policy's second slot with its epoch.
    function useEvent(Policy storage p, uint256 eligible, uint256 limit, uint256 t, uint256 word)
        private
        returns (uint256)
    {
        if (p.eventLimit >= limit) return word;
        uint256 epoch = Fixed.epochOf(t);
        (uint256 current, uint256 previous) = Policies.window(p, epoch);
        (p.eventThis, p.eventPrevious) = (uint128(current + eligible), uint128(previous));
        // The epoch stands at bit 96, with 24 bits.
        return word & ~(uint256(type(uint24).max) << 96) | epoch << 96;
    }
}
