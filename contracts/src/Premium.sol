// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Overflow} from "./Errors.sol";
import {Accrued} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {State, Stream, Class, BucketEntry} from "./State.sol";
import {TRANCHES_MAX, PREMIUM_STREAMS, RESERVE_STREAM, STREAMS} from "./State.sol";

/// Premium earned per second in fixed point through epoch buckets (3.6), and the surplus of the reserve streamed
/// the same way (1.5).
///
/// The engine keeps a carry a stream that every accrual changes. Here a stream is kept as it was at one moment, the
/// anchor: what it has moved by t is floor((rate (t - anchor) + carry) / 2^64), and an accrual moves the difference
/// of two such figures. The parts telescope, so both come to the same units, and an accrual within an epoch writes
/// no stream. Only whoever changes a rate or a carry anchors anew.
library Premium {
    /// What one accrual moved.
    struct Accrual {
        uint256[4] earned;
        uint256 reserve;
        uint256 fee;
        uint256 feeRemainders;
    }

    /// A sum split into streams: parts, rates in 2^-64 units a second, and what rate x term leaves of each part.
    struct Split {
        uint256[5] parts;
        uint256[5] rates;
        uint256[5] carries;
    }

    /// Accrues to `t` in the epoch of the last accrual (1.4 step 1); across a boundary `walk` does it.
    function accrue(State storage s, uint256 t) internal {
        uint256 running = s.runningStreams;
        uint256 last = s.time;
        uint256[9] memory whole;
        if (running != 0) {
            uint256 anchor = s.anchor;
            for (uint256 i; i < STREAMS; ++i) {
                if (running >> i & 1 == 0) continue;
                Stream memory stream = s.streams[i];
                unchecked {
                    // Below 2^128 x 2^40 + 2^128. Nothing has been moved at the anchor itself, whole units of the
                    // carry included.
                    uint256 moved = (uint256(stream.rate) * (t - anchor) + stream.carry) >> 64;
                    if (last != anchor) {
                        moved -= (uint256(stream.rate) * (last - anchor) + stream.carry) >> 64;
                    }
                    whole[i] = moved;
                }
            }
        }
        Accrual memory a;
        a.feeRemainders = s.feeRemainders;
        distribute(s, a, whole, t - last);
        close(s, a, t);
    }

    /// Accrues to `t` across one or more boundaries: at each the ends apply before the starts (1.4).
    function walk(State storage s, uint256 t) internal {
        uint256[9] memory rates;
        uint256[9] memory carries;
        uint256 from = s.time;
        for (uint256 i; i < STREAMS; ++i) {
            rates[i] = s.streams[i].rate;
            carries[i] = carryAt(s, i, from);
        }
        Accrual memory a;
        a.feeRemainders = s.feeRemainders;
        uint256 last = Fixed.epochOf(t);
        uint256 epoch = nextBucket(s, Fixed.epochOf(from) + 1, last);
        while (epoch <= last) {
            advance(s, a, rates, carries, epoch * Fixed.EPOCH - from);
            from = epoch * Fixed.EPOCH;
            for (uint256 i; i < STREAMS; ++i) {
                BucketEntry memory entry = s.buckets[epoch][i];
                if (entry.starts | entry.ends == 0) continue;
                rates[i] = rates[i] - entry.ends + entry.starts;
                delete s.buckets[epoch][i];
            }
            s.bucketMap[epoch >> 8] &= ~(1 << (epoch & 255));
            epoch = nextBucket(s, epoch + 1, last);
        }
        advance(s, a, rates, carries, last * Fixed.EPOCH - from);
        boundary(s, a);
        advance(s, a, rates, carries, t - last * Fixed.EPOCH);
        uint256 running;
        for (uint256 i; i < STREAMS; ++i) {
            s.streams[i] = Stream(uint128(rates[i]), uint128(carries[i]));
            if (rates[i] != 0) running |= 1 << i;
        }
        s.runningStreams = uint16(running);
        s.anchor = uint40(t);
        close(s, a, t);
    }

    /// One step of `dt` seconds at constant rates.
    function advance(
        State storage s,
        Accrual memory a,
        uint256[9] memory rates,
        uint256[9] memory carries,
        uint256 dt
    ) private {
        if (dt == 0) return;
        uint256[9] memory whole;
        for (uint256 i; i < STREAMS; ++i) {
            unchecked {
                uint256 sum = rates[i] * dt + carries[i];
                whole[i] = sum >> 64;
                carries[i] = sum & type(uint64).max;
            }
        }
        distribute(s, a, whole, dt);
    }

    /// Gives what the streams moved in `dt` seconds to the layers: fee first, then each tranche up to its largest
    /// rate, the excess and the reserve's own stream to the reserve (2.3, 3.6).
    function distribute(State storage s, Accrual memory a, uint256[9] memory whole, uint256 dt) private {
        uint256 fraction = s.rules.fee;
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            if (whole[i] == 0) continue;
            // Rounded down over the whole life of the stream: the remainder is kept.
            uint256 fee = whole[i] * fraction + (a.feeRemainders >> (24 * i) & 0xffffff);
            a.feeRemainders = a.feeRemainders & ~(0xffffff << (24 * i)) | (fee % Fixed.MILLION) << (24 * i);
            fee /= Fixed.MILLION;
            a.fee += fee;
            whole[i] -= fee;
        }
        a.reserve += whole[RESERVE_STREAM];
        for (uint256 i; i < TRANCHES_MAX; ++i) {
            uint256 sum = whole[i] + whole[PREMIUM_STREAMS + i];
            if (sum == 0) continue;
            Class storage active = s.tranches[i].active;
            uint256 assets = active.assets;
            uint256 cap = active.shares == 0 ? 0 : (assets * s.rules.earnRateMax * dt) >> 64;
            uint256 earned = Fixed.min(sum, cap);
            active.assets = Fixed.to128(assets + earned);
            a.earned[i] += earned;
            a.reserve += sum - earned;
        }
    }

    /// What the pool looked like at the boundary just reached (3.4, 5.7).
    function boundary(State storage s, Accrual memory a) private {
        uint256 active;
        uint256 queued;
        for (uint256 i; i < s.trancheCount; ++i) {
            active += s.tranches[i].active.assets;
            queued += s.tranches[i].queued.assets;
        }
        s.boundaryUnqueued = uint128(s.reserve + a.reserve + active);
        s.boundaryQueued = uint128(queued);
        s.boundaryTotal = uint128(active + queued);
    }

    function close(State storage s, Accrual memory a, uint256 t) private {
        s.time = uint40(t);
        if (a.reserve != 0) s.reserve = Fixed.to128(s.reserve + a.reserve);
        if (a.fee != 0 || a.feeRemainders != s.feeRemainders) {
            s.fees = Fixed.to128(s.fees + a.fee);
            s.feeRemainders = uint128(a.feeRemainders);
        }
        emit Accrued(
            t,
            a.earned[0] << 128 | a.earned[1],
            a.earned[2] << 128 | a.earned[3],
            a.reserve << 128 | a.fee
        );
    }

    /// Carry of stream `i` at `t`, the time of the last accrual.
    function carryAt(State storage s, uint256 i, uint256 t) internal view returns (uint256) {
        Stream memory stream = s.streams[i];
        uint256 anchor = s.anchor;
        if (t == anchor) return stream.carry;
        if (stream.rate == 0 && stream.carry >> 64 == 0) return stream.carry;
        unchecked {
            return (uint256(stream.rate) * (t - anchor) + stream.carry) & type(uint64).max;
        }
    }

    /// Anchors all streams at the present, so that their carries can be added to.
    function reanchor(State storage s) internal {
        uint256 t = s.time;
        if (t == s.anchor) return;
        uint256 running;
        for (uint256 i; i < STREAMS; ++i) {
            if (s.runningStreams >> i & 1 == 0) continue;
            s.streams[i].carry = uint128(carryAt(s, i, t));
            if (s.streams[i].rate != 0) running |= 1 << i;
        }
        s.runningStreams = uint16(running);
        s.anchor = uint40(t);
    }

    /// Adds to the carry of an anchored stream.
    function addCarry(State storage s, uint256 i, uint256 carry) internal {
        if (carry == 0) return;
        uint256 sum = s.streams[i].carry + carry;
        s.streams[i].carry = Fixed.to128(sum);
        if (sum >> 64 != 0) s.runningStreams |= uint16(1 << i);
    }

    /// First epoch from `from` up to `last` with a bucket; above `last` when there is none.
    function nextBucket(State storage s, uint256 from, uint256 last) internal view returns (uint256) {
        while (from <= last) {
            uint256 bits = s.bucketMap[from >> 8] >> (from & 255);
            if (bits != 0) {
                while (bits & 1 == 0) {
                    bits >>= 1;
                    ++from;
                }
                return from;
            }
            from = ((from >> 8) + 1) << 8;
        }
        return last + 1;
    }

    /// Adds a stream that runs from one boundary to another, both epochs.
    function add(State storage s, uint256 i, uint256 rate, uint256 start, uint256 end) internal {
        if (rate == 0) return;
        s.buckets[start][i].starts += uint128(rate);
        s.buckets[end][i].ends += uint128(rate);
        mark(s, start);
        mark(s, end);
    }

    /// Brings the end of a stream forward from `end` to `cut`; one that has not begun by then never does.
    function shorten(State storage s, uint256 i, uint256 rate, uint256 start, uint256 end, uint256 cut) internal {
        if (rate == 0) return;
        s.buckets[end][i].ends -= uint128(rate);
        if (cut > start) {
            s.buckets[cut][i].ends += uint128(rate);
            mark(s, cut);
        } else {
            s.buckets[start][i].starts -= uint128(rate);
            unmark(s, start);
        }
        unmark(s, end);
    }

    function mark(State storage s, uint256 epoch) private {
        uint256 bits = s.bucketMap[epoch >> 8];
        uint256 bit = 1 << (epoch & 255);
        if (bits & bit == 0) s.bucketMap[epoch >> 8] = bits | bit;
    }

    /// Drops an epoch from the map when nothing begins or ends there any more.
    function unmark(State storage s, uint256 epoch) private {
        for (uint256 i; i < STREAMS; ++i) {
            BucketEntry storage entry = s.buckets[epoch][i];
            if (entry.starts | entry.ends != 0) return;
        }
        s.bucketMap[epoch >> 8] &= ~(1 << (epoch & 255));
    }

    /// Splits `parts` over `term` seconds; refused from 2^64 units a second on (1.2).
    function split(uint256[5] memory parts, uint256 term) internal pure returns (Split memory result) {
        result.parts = parts;
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            uint256 scaled = parts[i] << 64;
            result.rates[i] = Fixed.to128(scaled / term);
            result.carries[i] = scaled % term;
        }
    }

    /// The premium without its bonus, by stream (3.6): rounded down to each tranche, the rest to the reserve.
    function splitPremium(uint256 streamed, uint32[4] memory fractions, uint256 term)
        internal
        pure
        returns (Split memory)
    {
        uint256[5] memory parts;
        uint256 left = streamed;
        for (uint256 i; i < TRANCHES_MAX; ++i) {
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
        uint256 sum = rate + s.streams[i].rate;
        // What has yet to end is what runs now and what has yet to begin.
        uint256 last = Fixed.epochOf(Fixed.max(s.latestEnd, s.time)) + 64;
        uint256 epoch = nextBucket(s, Fixed.epochOf(s.time) + 1, last);
        while (epoch <= last) {
            sum += s.buckets[epoch][i].starts;
            epoch = nextBucket(s, epoch + 1, last);
        }
        if (sum > type(uint128).max) revert Overflow();
    }

    /// Premium or surplus of stream `i` not yet moved (3.6), from what has yet to run.
    function unearned(State storage s, uint256 i) internal view returns (uint256) {
        uint256 t = s.time;
        uint256 owed = carryAt(s, i, t);
        uint256 last = Fixed.epochOf(Fixed.max(s.latestEnd, t)) + 64;
        uint256 epoch = nextBucket(s, Fixed.epochOf(t) + 1, last);
        uint256 rate = s.streams[i].rate;
        uint256 from = t;
        while (epoch <= last) {
            owed += rate * (epoch * Fixed.EPOCH - from);
            from = epoch * Fixed.EPOCH;
            rate = rate - s.buckets[epoch][i].ends + s.buckets[epoch][i].starts;
            epoch = nextBucket(s, epoch + 1, last);
        }
        return owed >> 64;
    }
}
