// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Premium} from "./Premium.sol";
import {State, Class, BucketEntry} from "./State.sol";
import {TRANCHES_MAX, PREMIUM_STREAMS, RESERVE_STREAM, STREAMS} from "./State.sol";
import {Streams} from "./Stream.sol";
import {Tranches} from "./Tranche.sol";
import {Turns} from "./Turn.sol";

/// Accrual across boundaries (3.6), and where a tranche earns its largest rate (2.3): step by step, to a new anchor.
library Walks {
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
        Turns.Turn[] turns;
        Premium.Accrual a;
    }

    /// Accrues to `t` across any number of boundaries: at each the ends apply before the starts (1.4).
    function to(State storage s, uint256 t) internal {
        Premium.anchor(s);
        uint256 from = s.time;
        uint256 began = from;
        uint256 epoch = Fixed.epochOf(from);
        uint256 last = Fixed.epochOf(t);
        Walk memory w = load(s, epoch, last);
        if (epoch != last) {
            epoch = Turns.next(s, w.turns, epoch + 1, last);
            while (epoch <= last) {
                advance(w, epoch * Fixed.EPOCH - from);
                from = epoch * Fixed.EPOCH;
                turn(s, w, epoch);
                epoch = Turns.next(s, w.turns, epoch + 1, last);
            }
            advance(w, last * Fixed.EPOCH - from);
            from = last * Fixed.EPOCH;
            boundary(s, w);
        }
        advance(w, t - from);
        store(s, w, t);
        Premium.announce(began, t, w.a);
    }

    function load(State storage s, uint256 epoch, uint256 last) private view returns (Walk memory w) {
        w.fee = s.rules.fee;
        w.earnRateMax = s.rules.earnRateMax;
        uint256 running = s.running;
        for (uint256 i; i < STREAMS; ++i) {
            if (running >> i & 1 != 0) loadStream(s, w, i);
        }
        uint256 count = s.trancheCount;
        for (uint256 k; k < count; ++k) {
            Class memory class = s.tranches[k].active;
            w.assets[k] = class.assets;
            if (class.shares != 0) w.holders |= 1 << k;
        }
        if (epoch != last) w.turns = Turns.between(s, epoch, last);
    }

    function loadStream(State storage s, Walk memory w, uint256 i) private view {
        if (w.streams >> i & 1 != 0) return;
        w.streams |= 1 << i;
        uint256 remainder;
        (w.rates[i], w.carries[i], remainder) = Streams.at(s, i);
        if (i < PREMIUM_STREAMS) w.remainders[i] = remainder;
    }

    /// Changes the rates at a boundary.
    function turn(State storage s, Walk memory w, uint256 epoch) private {
        for (uint256 k; k < w.turns.length; ++k) {
            Turns.Turn memory one = w.turns[k];
            if (one.end == epoch) {
                for (uint256 i; i < PREMIUM_STREAMS; ++i) {
                    w.rates[i] -= one.rates[i];
                }
            }
        }
        for (uint256 k; k < w.turns.length; ++k) {
            Turns.Turn memory one = w.turns[k];
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
        uint256 count = s.trancheCount;
        uint256 flags = s.flags;
        for (uint256 i; i < count; ++i) {
            sum += w.assets[i];
            queued += uint128(Tranches.queuedWord(s, i, flags));
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
            Streams.set(s, i, w.rates[i], w.carries[i], i < PREMIUM_STREAMS ? w.remainders[i] : 0);
        }
        for (uint256 k; k < TRANCHES_MAX; ++k) {
            if (w.a.earned[k] != 0) s.tranches[k].active.assets = Fixed.to128(w.assets[k]);
        }
        Premium.give(s, w.a.reserve);
        if (w.a.fee != 0) s.fees = Fixed.to128(s.fees + w.a.fee);
        s.running = uint16(running);
        s.anchor = uint40(t);
        s.time = uint40(t);
    }
}
