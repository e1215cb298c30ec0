// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Overflow} from "./Errors.sol";
import {Fixed} from "./Fixed.sol";
import {Policies} from "./Policy.sol";
import {BucketEntry, Listing, Policy, State, PREMIUM_STREAMS} from "./State.sol";
import {Premium} from "./Premium.sol";
import {Streams} from "./Stream.sol";

/// Where rates change (3.6): premium by the start and end of its policy, surplus by buckets. What is to come follows from
/// them.
library Turns {
    // ---------------------------------------------------------------- policies

    /// A policy whose premium begins or ends to stream on the way.
    struct Turn {
        uint256 start;
        uint256 end;
        uint256[5] rates;
    }

    /// Policies that begin or end after `epoch` and up to `last`. At most two a live market.
    function between(State storage s, uint256 epoch, uint256 last) internal view returns (Turn[] memory turns) {
        uint256 most = 2 * uint256(s.liveCount);
        turns = new Turn[](most);
        uint256 count;
        for (uint256 k; k < most; ++k) {
            Listing storage l = s.live[k / 2];
            if (k & 1 != 0 && !l.second) continue;
            Policy storage p = Policies.inSlot(s.markets[l.id], l, k & 1);
            (uint256 start, uint256 end) = streams(p);
            if (end <= epoch || start > last || (start <= epoch && end > last)) continue;
            uint256[5] memory rates = ratesOf(p);
            if (rates[0] | rates[1] | rates[2] | rates[3] | rates[4] == 0) continue;
            turns[count++] = Turn(start, end, rates);
        }
        assembly ("memory-safe") {
            mstore(turns, count)
        }
    }

    /// Epochs from and to which the premium of a policy streams; none for one that is over or never began.
    function streams(Policy storage p) private view returns (uint256 start, uint256 end) {
        if (!Policies.isOpen(p)) return (0, 0);
        (start, end) = (p.startEpoch, p.endEpoch);
        if (end <= start) return (0, 0);
    }

    /// First epoch from `from` up to `last` at which a rate changes; above `last` when there is none.
    function next(State storage s, Turn[] memory turns, uint256 from, uint256 last)
        internal
        view
        returns (uint256 epoch)
    {
        epoch = nextBucket(s, from, last);
        for (uint256 k; k < turns.length; ++k) {
            Turn memory one = turns[k];
            if (one.start >= from) epoch = Fixed.min(epoch, one.start);
            if (one.end >= from) epoch = Fixed.min(epoch, one.end);
        }
    }

    /// Rates of a policy as it was bought; they follow from premium, split and term.
    function ratesOf(Policy storage p) internal view returns (uint256[5] memory) {
        return Streams.splitPremium(Policies.streamed(p), Policies.splitOf(p), Policies.term(p)).rates;
    }

    // ---------------------------------------------------------------- surplus

    /// First epoch from `from` up to `last` with a bucket of surplus; above `last` when there is none.
    function nextBucket(State storage s, uint256 from, uint256 last) internal view returns (uint256) {
        while (from <= last) {
            uint256 bits = s.bucketMap[from >> 8] >> (from & 255);
            if (bits != 0) {
                while (bits & 1 == 0) {
                    bits >>= 1;
                    ++from;
                }
                return from > last ? last + 1 : from;
            }
            from = ((from >> 8) + 1) << 8;
        }
        return last + 1;
    }

    /// Adds surplus to tranche `k` that streams from one boundary to another, both epochs.
    function add(State storage s, uint256 k, uint256 rate, uint256 start, uint256 end) internal {
        if (rate == 0) return;
        s.buckets[start][k].starts += uint128(rate);
        s.buckets[end][k].ends += uint128(rate);
        s.bucketMap[start >> 8] |= 1 << (start & 255);
        s.bucketMap[end >> 8] |= 1 << (end & 255);
    }

    // ---------------------------------------------------------------- what is to come

    /// Refuses a rate that, added to all rates of its stream that have yet to end, leaves 128 bits.
    ///
    /// Every such rate runs for a second at least, so together they are at most what the pool holds, times 2^64:
    /// below 2^64 units nothing has to be counted.
    function checkRate(State storage s, uint256 i, uint256 rate, uint256 part) internal view {
        if (rate == 0 || uint256(s.tokens) + part < 1 << 64) return;
        uint256 epoch = Fixed.epochOf(s.time);
        if (i < PREMIUM_STREAMS) {
            for (uint256 k; k < 2 * uint256(s.liveCount); ++k) {
                Policy storage p = s.markets[s.live[k / 2].id].policies[k & 1];
                (, uint256 end) = streams(p);
                if (end > epoch) rate += ratesOf(p)[i];
            }
        } else {
            (uint256 present,,) = Streams.at(s, i);
            rate += present;
            // What has yet to end is what runs now and what has yet to begin.
            uint256 last = epoch + 64;
            epoch = nextBucket(s, epoch + 1, last);
            while (epoch <= last) {
                rate += s.buckets[epoch][i - PREMIUM_STREAMS].starts;
                epoch = nextBucket(s, epoch + 1, last);
            }
        }
        if (rate > type(uint128).max) revert Overflow();
    }

    /// Premium or surplus of stream `i` not yet moved (3.6), from what has yet to run.
    function unearned(State storage s, uint256 i) internal view returns (uint256) {
        uint256 t = s.time;
        uint256 owed = Premium.carryAt(s, i);
        if (i < PREMIUM_STREAMS) {
            for (uint256 k; k < 2 * uint256(s.liveCount); ++k) {
                Policy storage p = s.markets[s.live[k / 2].id].policies[k & 1];
                (uint256 start, uint256 end) = streams(p);
                if (end * Fixed.EPOCH <= t) continue;
                owed += ratesOf(p)[i] * (end * Fixed.EPOCH - Fixed.max(t, start * Fixed.EPOCH));
            }
            return owed >> 64;
        }
        uint256 last = Fixed.epochOf(t) + 64;
        uint256 epoch = nextBucket(s, Fixed.epochOf(t) + 1, last);
        (uint256 rate,,) = Streams.at(s, i);
        uint256 from = t;
        while (epoch <= last) {
            owed += rate * (epoch * Fixed.EPOCH - from);
            from = epoch * Fixed.EPOCH;
            BucketEntry memory entry = s.buckets[epoch][i - PREMIUM_STREAMS];
            rate = rate - entry.ends + entry.starts;
            epoch = nextBucket(s, epoch + 1, last);
        }
        return owed >> 64;
    }
}
