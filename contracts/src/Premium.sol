// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Overflow} from "./Errors.sol";
import {Accrued} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {Policies} from "./Policy.sol";
import {State, StreamPair, StreamSingle, Class, Policy, BucketEntry} from "./State.sol";
import {TRANCHES_MAX, PREMIUM_STREAMS, RESERVE_STREAM, STREAMS} from "./State.sol";

/// Premium earned per second in fixed point (3.6), and the surplus of the reserve streamed the same way (1.5).
///
/// The engine moves whole units at every accrual. Here streams, active classes, reserve and fees stand as they were
/// at one moment, the anchor: by t a stream has moved W(t) = floor((rate (t - anchor) + carry) / 2^64), of which
/// floor((W(t) fee + remainder) / 1e6) is fee. The parts telescope, so both come to the same units, and an accrual
/// within an epoch writes nothing but the time. What comes to a layer or leaves it changes its slot by as much, modulo
/// 2^128: with what was earned since the anchor it is the layer again. Where a tranche would earn more than its
/// largest rate (2.3), at boundaries, and before a carry or the fee changes, everything is brought to a new anchor.
library Premium {
    /// What streams moved to the layers.
    struct Accrual {
        uint256[4] earned;
        uint256 reserve;
        uint256 fee;
    }

    /// A sum split into streams: parts, rates in 2^-64 units a second, and what rate x term leaves of each part.
    struct Split {
        uint256[5] parts;
        uint256[5] rates;
        uint256[5] carries;
    }

    // ---------------------------------------------------------------- layers as they are

    /// What the layers earned from the anchor to the last accrual.
    function earned(State storage s) internal view returns (Accrual memory a) {
        uint256 running = s.running;
        uint256 span = s.time - s.anchor;
        if (running == 0 || span == 0) return a;
        for (uint256 i; running >> i != 0; ++i) {
            if (running >> i & 1 == 0) continue;
            (uint256 net, uint256 fee) = movedBy(s, i, span);
            unchecked {
                a.fee += fee;
                if (i == RESERVE_STREAM) a.reserve += net;
                else a.earned[i < RESERVE_STREAM ? i : i - PREMIUM_STREAMS] += net;
            }
        }
    }

    /// The active class of a tranche.
    function active(State storage s, uint256 index) internal view returns (Class memory class) {
        class = s.tranches[index].active;
        uint256 running = s.running;
        uint256 span = s.time - s.anchor;
        if (span == 0) return class;
        unchecked {
            if (running >> index & 1 != 0) {
                (uint256 net,) = movedBy(s, index, span);
                class.assets += uint128(net);
            }
            if (running >> (PREMIUM_STREAMS + index) & 1 != 0) {
                (uint256 net,) = movedBy(s, PREMIUM_STREAMS + index, span);
                class.assets += uint128(net);
            }
        }
    }

    /// The reserve.
    function reserve(State storage s) internal view returns (uint256) {
        uint256 span = s.time - s.anchor;
        if (span == 0 || s.running >> RESERVE_STREAM & 1 == 0) return s.reserve;
        (uint256 net,) = movedBy(s, RESERVE_STREAM, span);
        unchecked {
            return uint128(s.reserve + uint128(net));
        }
    }

    /// Reserve and assets of the active classes.
    function layers(State storage s) internal view returns (uint256 first, uint256[4] memory assets) {
        Accrual memory a = earned(s);
        unchecked {
            first = uint128(s.reserve + a.reserve);
            for (uint256 i; i < s.trancheCount; ++i) {
                assets[i] = uint128(s.tranches[i].active.assets + a.earned[i]);
            }
        }
    }

    /// Gives to the reserve. What the pool holds is an amount, so what a layer holds is one.
    function give(State storage s, uint256 assets) internal {
        unchecked {
            if (assets != 0) s.reserve += uint128(assets);
        }
    }

    /// Takes from the reserve what it has.
    function take(State storage s, uint256 assets) internal {
        unchecked {
            if (assets != 0) s.reserve -= uint128(assets);
        }
    }

    // ---------------------------------------------------------------- streams

    /// Rate, carry and remainder of a stream at the anchor.
    function stream(State storage s, uint256 i)
        internal
        view
        returns (uint256 rate, uint256 carry, uint256 remainder)
    {
        if (i == RESERVE_STREAM) {
            StreamSingle storage own = s.reserveStream;
            return (own.rate, own.carry, own.remainder);
        }
        unchecked {
            uint256 place = i < RESERVE_STREAM ? i : i - 1;
            StreamPair storage pair = s.pairs[place >> 1];
            uint256 rest;
            // Two slots of members A and B, each read once: the lower half or part is A's.
            assembly ("memory-safe") {
                rate := sload(pair.slot)
                rest := sload(add(pair.slot, 1))
            }
            place &= 1;
            rate = rate >> (128 * place) & type(uint128).max;
            carry = rest >> (80 * place) & type(uint80).max;
            remainder = rest >> (160 + 24 * place) & type(uint24).max;
        }
    }

    function setStream(State storage s, uint256 i, uint256 rate, uint256 carry, uint256 remainder) private {
        // Carries meet only within one second, so thousands of them would have to.
        if (carry > type(uint80).max) revert Overflow();
        if (i == RESERVE_STREAM) {
            StreamSingle storage own = s.reserveStream;
            (own.rate, own.carry, own.remainder) = (uint128(rate), uint80(carry), uint24(remainder));
            return;
        }
        uint256 place = i < RESERVE_STREAM ? i : i - 1;
        StreamPair storage pair = s.pairs[place >> 1];
        if (place & 1 == 0) {
            if (pair.rateA != rate) pair.rateA = uint128(rate);
            (pair.carryA, pair.remainderA) = (uint80(carry), uint24(remainder));
        } else {
            if (pair.rateB != rate) pair.rateB = uint128(rate);
            (pair.carryB, pair.remainderB) = (uint80(carry), uint24(remainder));
        }
    }

    /// What stream `i` moved within `span` of the anchor: to its layer, and as fee.
    function movedBy(State storage s, uint256 i, uint256 span) private view returns (uint256 net, uint256 fee) {
        (uint256 rate, uint256 carry, uint256 remainder) = stream(s, i);
        unchecked {
            // Below 2^128 x 2^40 + 2^80.
            net = (rate * span + carry) >> 64;
            if (i < PREMIUM_STREAMS) {
                fee = (net * s.rules.fee + remainder) / Fixed.MILLION;
                net -= fee;
            }
        }
    }

    /// The same for two spans, the first within the second. Nothing has been moved at the anchor itself, whole units
    /// of the carry included.
    function movedBetween(State storage s, uint256 i, uint256 span, uint256 next, uint256 fraction)
        private
        view
        returns (uint256 net, uint256 netNext, uint256 fee)
    {
        (uint256 rate, uint256 carry, uint256 remainder) = stream(s, i);
        unchecked {
            if (span != 0) net = (rate * span + carry) >> 64;
            netNext = (rate * next + carry) >> 64;
            if (i < PREMIUM_STREAMS) {
                fee = (netNext * fraction + remainder) / 1e6;
                netNext -= fee;
                remainder = (net * fraction + remainder) / 1e6;
                fee -= remainder;
                net -= remainder;
            }
        }
    }

    /// Carry of stream `i` at the last accrual.
    function carryAt(State storage s, uint256 i) internal view returns (uint256) {
        (uint256 rate, uint256 carry,) = stream(s, i);
        uint256 span = s.time - s.anchor;
        if (span == 0 || s.running >> i & 1 == 0) return carry;
        unchecked {
            return (rate * span + carry) & type(uint64).max;
        }
    }

    /// Fraction of the fee that stream `i` has not charged by the last accrual, in millionths.
    function remainderAt(State storage s, uint256 i) internal view returns (uint256) {
        (uint256 rate, uint256 carry, uint256 remainder) = stream(s, i);
        uint256 span = s.time - s.anchor;
        if (span == 0 || s.running >> i & 1 == 0) return remainder;
        unchecked {
            return (((rate * span + carry) >> 64) * s.rules.fee + remainder) % Fixed.MILLION;
        }
    }

    // ---------------------------------------------------------------- accrual

    /// Accrues to `t` in the epoch of the last accrual (1.4 step 1), which writes only the time. Not done, and
    /// nothing written, where a tranche would earn more than its largest rate: then `walk` does it.
    function accrue(State storage s, uint256 t) internal returns (bool done) {
        uint256 running = s.running;
        Accrual memory a;
        unchecked {
            if (running != 0) {
                uint256 last = s.time;
                uint256 next = t - s.anchor;
                uint256[4] memory before;
                uint256 fraction = s.rules.fee;
                for (uint256 i; running >> i != 0; ++i) {
                    if (running >> i & 1 == 0) continue;
                    (uint256 from, uint256 to, uint256 fee) = movedBetween(s, i, next + last - t, next, fraction);
                    a.fee += fee;
                    if (i == RESERVE_STREAM) {
                        a.reserve = to - from;
                    } else {
                        uint256 k = i < RESERVE_STREAM ? i : i - PREMIUM_STREAMS;
                        a.earned[k] += to - from;
                        before[k] += from;
                    }
                }
                fraction = s.rules.earnRateMax * (t - last);
                for (uint256 k; k < TRANCHES_MAX; ++k) {
                    uint256 most = a.earned[k];
                    if (most == 0) continue;
                    Class storage class = s.tranches[k].active;
                    if (class.shares == 0 || most > (uint128(class.assets + before[k]) * fraction) >> 64) {
                        return false;
                    }
                }
            }
        }
        s.time = uint40(t);
        announce(t, a);
        return true;
    }

    function announce(uint256 t, Accrual memory a) private {
        emit Accrued(
            t, a.earned[0] << 128 | a.earned[1], a.earned[2] << 128 | a.earned[3], a.reserve << 128 | a.fee
        );
    }

    /// Brings streams, classes, reserve and fees to the last accrual.
    function anchor(State storage s) internal {
        uint256 t = s.time;
        uint256 span = t - s.anchor;
        if (span == 0) return;
        uint256 running = s.running;
        uint256 left;
        Accrual memory a;
        for (uint256 i; running >> i != 0; ++i) {
            if (running >> i & 1 == 0) continue;
            (uint256 rate, uint256 carry, uint256 remainder) = stream(s, i);
            unchecked {
                uint256 sum = rate * span + carry;
                uint256 whole = sum >> 64;
                if (i < PREMIUM_STREAMS) {
                    uint256 fee = whole * s.rules.fee + remainder;
                    remainder = fee % Fixed.MILLION;
                    fee /= Fixed.MILLION;
                    a.fee += fee;
                    whole -= fee;
                }
                if (i == RESERVE_STREAM) a.reserve += whole;
                else a.earned[i < RESERVE_STREAM ? i : i - PREMIUM_STREAMS] += whole;
                setStream(s, i, rate, sum & type(uint64).max, remainder);
            }
            if (rate != 0) left |= 1 << i;
        }
        unchecked {
            for (uint256 k; k < TRANCHES_MAX; ++k) {
                if (a.earned[k] != 0) s.tranches[k].active.assets += uint128(a.earned[k]);
            }
            if (a.reserve != 0) s.reserve += uint128(a.reserve);
            if (a.fee != 0) s.fees += uint128(a.fee);
        }
        s.running = uint16(left);
        s.anchor = uint40(t);
    }

    /// Adds to the carry of an anchored stream.
    function addCarry(State storage s, uint256 i, uint256 added) internal {
        if (added == 0) return;
        (uint256 rate, uint256 carry, uint256 remainder) = stream(s, i);
        carry += added;
        setStream(s, i, rate, carry, remainder);
        if (carry >> 64 != 0) s.running |= uint16(1 << i);
    }

    // ---------------------------------------------------------------- across boundaries

    /// A policy whose premium begins or ends to stream on the way.
    struct Turn {
        uint256 start;
        uint256 end;
        uint256[5] rates;
    }

    /// The pool in memory while time passes.
    struct Walk {
        uint256[9] rates;
        uint256[9] carries;
        uint256[5] remainders;
        uint256[4] assets;
        uint256 holders;
        uint256 fee;
        uint256 earnRateMax;
        /// Streams that run or begin to on the way.
        uint256 streams;
        Turn[] turns;
        Accrual a;
    }

    /// Accrues to `t` across any number of boundaries: at each the ends apply before the starts (1.4).
    function walk(State storage s, uint256 t) internal {
        anchor(s);
        uint256 from = s.time;
        uint256 epoch = Fixed.epochOf(from);
        uint256 last = Fixed.epochOf(t);
        Walk memory w = load(s, epoch, last);
        if (epoch != last) {
            epoch = nextTurn(s, w.turns, epoch + 1, last);
            while (epoch <= last) {
                advance(w, epoch * Fixed.EPOCH - from);
                from = epoch * Fixed.EPOCH;
                turn(s, w, epoch);
                epoch = nextTurn(s, w.turns, epoch + 1, last);
            }
            advance(w, last * Fixed.EPOCH - from);
            from = last * Fixed.EPOCH;
            boundary(s, w);
        }
        advance(w, t - from);
        store(s, w, t);
        announce(t, w.a);
    }

    function load(State storage s, uint256 epoch, uint256 last) private view returns (Walk memory w) {
        w.fee = s.rules.fee;
        w.earnRateMax = s.rules.earnRateMax;
        uint256 running = s.running;
        for (uint256 i; i < STREAMS; ++i) {
            if (running >> i & 1 != 0) loadStream(s, w, i);
        }
        for (uint256 k; k < s.trancheCount; ++k) {
            Class memory class = s.tranches[k].active;
            w.assets[k] = class.assets;
            if (class.shares != 0) w.holders |= 1 << k;
        }
        if (epoch != last) w.turns = turnsOf(s, epoch, last);
    }

    function loadStream(State storage s, Walk memory w, uint256 i) private view {
        if (w.streams >> i & 1 != 0) return;
        w.streams |= 1 << i;
        uint256 remainder;
        (w.rates[i], w.carries[i], remainder) = stream(s, i);
        if (i < PREMIUM_STREAMS) w.remainders[i] = remainder;
    }

    /// Policies that begin or end after `epoch` and up to `last`. At most two a live market.
    function turnsOf(State storage s, uint256 epoch, uint256 last) internal view returns (Turn[] memory turns) {
        uint256 most = 2 * uint256(s.liveCount);
        turns = new Turn[](most);
        uint256 count;
        for (uint256 k; k < most; ++k) {
            Policy storage p = s.markets[s.live[k / 2].id].policies[k & 1];
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
    function nextTurn(State storage s, Turn[] memory turns, uint256 from, uint256 last)
        internal
        view
        returns (uint256 next)
    {
        next = nextBucket(s, from, last);
        for (uint256 k; k < turns.length; ++k) {
            Turn memory one = turns[k];
            if (one.start >= from) next = Fixed.min(next, one.start);
            if (one.end >= from) next = Fixed.min(next, one.end);
        }
    }

    /// Changes the rates at a boundary.
    function turn(State storage s, Walk memory w, uint256 epoch) private {
        for (uint256 k; k < w.turns.length; ++k) {
            Turn memory one = w.turns[k];
            if (one.end == epoch) {
                for (uint256 i; i < PREMIUM_STREAMS; ++i) {
                    w.rates[i] -= one.rates[i];
                }
            }
        }
        for (uint256 k; k < w.turns.length; ++k) {
            Turn memory one = w.turns[k];
            if (one.start == epoch) {
                for (uint256 i; i < PREMIUM_STREAMS; ++i) {
                    if (one.rates[i] == 0) continue;
                    loadStream(s, w, i);
                    w.rates[i] += one.rates[i];
                }
            }
        }
        if (s.bucketMap[epoch >> 8] >> (epoch & 255) & 1 == 0) return;
        for (uint256 k; k < TRANCHES_MAX; ++k) {
            BucketEntry memory entry = s.buckets[epoch][k];
            if (entry.starts | entry.ends == 0) continue;
            loadStream(s, w, PREMIUM_STREAMS + k);
            w.rates[PREMIUM_STREAMS + k] = w.rates[PREMIUM_STREAMS + k] - entry.ends + entry.starts;
            delete s.buckets[epoch][k];
        }
        s.bucketMap[epoch >> 8] &= ~(1 << (epoch & 255));
    }

    /// One step of `dt` seconds at constant rates: fee first, then each tranche up to its largest rate, the excess
    /// and the reserve's own stream to the reserve (2.3, 3.6).
    function advance(Walk memory w, uint256 dt) private pure {
        if (dt == 0) return;
        uint256[4] memory sums;
        unchecked {
            for (uint256 i; i < STREAMS; ++i) {
                if (w.streams >> i & 1 == 0) continue;
                uint256 sum = w.rates[i] * dt + w.carries[i];
                w.carries[i] = sum & type(uint64).max;
                uint256 whole = sum >> 64;
                if (whole == 0) continue;
                if (i < PREMIUM_STREAMS) {
                    // Rounded down over the whole life of the stream: the remainder is kept.
                    uint256 fee = whole * w.fee + w.remainders[i];
                    w.remainders[i] = fee % Fixed.MILLION;
                    fee /= Fixed.MILLION;
                    w.a.fee += fee;
                    whole -= fee;
                }
                if (i == RESERVE_STREAM) w.a.reserve += whole;
                else sums[i < RESERVE_STREAM ? i : i - PREMIUM_STREAMS] += whole;
            }
            for (uint256 k; k < TRANCHES_MAX; ++k) {
                if (sums[k] == 0) continue;
                uint256 most = w.holders >> k & 1 == 0 ? 0 : (w.assets[k] * w.earnRateMax * dt) >> 64;
                uint256 part = Fixed.min(sums[k], most);
                w.assets[k] += part;
                w.a.earned[k] += part;
                w.a.reserve += sums[k] - part;
            }
        }
    }

    /// What the pool looked like at the boundary just reached (3.4, 5.7).
    function boundary(State storage s, Walk memory w) private {
        uint256 sum;
        uint256 queued;
        for (uint256 i; i < s.trancheCount; ++i) {
            sum += w.assets[i];
            Class memory class = s.tranches[i].queued;
            if (class.shares != 0) queued += class.assets;
        }
        s.boundaryUnqueued = uint128(s.reserve + w.a.reserve + sum);
        s.boundaryQueued = uint128(queued);
        s.boundaryTotal = uint128(sum + queued);
    }

    function store(State storage s, Walk memory w, uint256 t) private {
        uint256 running;
        for (uint256 i; i < STREAMS; ++i) {
            if (w.streams >> i & 1 == 0) continue;
            if (w.rates[i] != 0) running |= 1 << i;
            setStream(s, i, w.rates[i], w.carries[i], i < PREMIUM_STREAMS ? w.remainders[i] : 0);
        }
        for (uint256 k; k < TRANCHES_MAX; ++k) {
            if (w.a.earned[k] != 0) s.tranches[k].active.assets = Fixed.to128(w.assets[k]);
        }
        give(s, w.a.reserve);
        if (w.a.fee != 0) s.fees = Fixed.to128(s.fees + w.a.fee);
        s.running = uint16(running);
        s.anchor = uint40(t);
        s.time = uint40(t);
    }

    // ---------------------------------------------------------------- what is to come

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

    /// Rates of a policy as it was bought; they follow from premium, split and term.
    function ratesOf(Policy storage p) internal view returns (uint256[5] memory) {
        return splitPremium(Policies.streamed(p), Policies.splitOf(p), Policies.term(p)).rates;
    }

    /// Splits `parts` over `term` seconds; refused from 2^64 units a second on (1.2).
    function split(uint256[5] memory parts, uint256 term) internal pure returns (Split memory result) {
        result.parts = parts;
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            if (parts[i] == 0) continue;
            unchecked {
                uint256 scaled = parts[i] << 64;
                result.rates[i] = Fixed.to128(scaled / term);
                result.carries[i] = scaled % term;
            }
        }
    }

    /// The premium without its bonus, by stream (3.6): rounded down to each tranche, the rest to the reserve.
    function splitPremium(uint256 streamed, uint256[4] memory fractions, uint256 term)
        internal
        pure
        returns (Split memory)
    {
        uint256[5] memory parts;
        uint256 left = streamed;
        for (uint256 i; i < TRANCHES_MAX; ++i) {
            if (fractions[i] == 0) continue;
            parts[i] = Fixed.partDown(streamed, fractions[i]);
            left -= parts[i];
        }
        parts[RESERVE_STREAM] = left;
        return split(parts, term);
    }

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
            (uint256 present,,) = stream(s, i);
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
        uint256 owed = carryAt(s, i);
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
        (uint256 rate,,) = stream(s, i);
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
