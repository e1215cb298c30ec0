// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Premium} from "./Premium.sol";
import {Sources} from "./Source.sol";
import {BucketEntry, Class, State, PREMIUM_STREAMS} from "./State.sol";
import {Tranches} from "./Tranche.sol";
import {Streams} from "./Stream.sol";
import {Turns} from "./Turn.sol";
import {Walks} from "./Walk.sol";

/// What a deposit would meet, for the previews of ERC-4626: the accrual of `Premium` for one tranche, without
/// writing.
library Previews {
    /// A tranche's two streams, premium and surplus, on their way to a later second.
    struct Way {
        uint256 assets;
        uint256 shares;
        uint256 fee;
        uint256 feeRemainder;
        uint256 earnRateMax;
        uint256[2] rates;
        uint256[2] carries;
    }

    /// Active class of a tranche after the accrual to `t` and the closing that follows it (1.4 steps 1 and 4).
    function activeClass(State storage s, uint256 tranche, uint256 t) internal view returns (Class memory class) {
        class = Premium.active(s, tranche);
        if (t > s.time) {
            Way memory w;
            (w.assets, w.shares) = (class.assets, class.shares);
            (w.fee, w.earnRateMax) = (s.rules.fee, s.rules.earnRateMax);
            w.feeRemainder = Premium.remainderAt(s, tranche);
            for (uint256 k; k < 2; ++k) {
                uint256 i = tranche + k * PREMIUM_STREAMS;
                (w.rates[k],,) = Streams.at(s, i);
                w.carries[k] = Premium.carryAt(s, i);
            }
            walk(s, w, tranche, t);
            class.assets = Fixed.to128(w.assets);
        }
        if (Tranches.mustClose(class)) class = Class(0, 0);
    }

    /// Goes from boundary to boundary as `Walks.to` does: the largest rate of a tranche bounds each step.
    function walk(State storage s, Way memory w, uint256 tranche, uint256 t) private view {
        uint256 from = s.time;
        uint256 epoch = Fixed.epochOf(from);
        uint256 last = Fixed.epochOf(t);
        if (last != epoch) {
            Turns.Turn[] memory turns = Turns.between(s, epoch, last);
            epoch = Turns.next(s, turns, epoch + 1, last);
            while (epoch <= last) {
                step(w, epoch * Fixed.EPOCH - from);
                from = epoch * Fixed.EPOCH;
                turn(s, w, turns, tranche, epoch);
                epoch = Turns.next(s, turns, epoch + 1, last);
            }
            step(w, last * Fixed.EPOCH - from);
            from = last * Fixed.EPOCH;
        }
        step(w, t - from);
    }

    /// Changes the rates at a boundary.
    function turn(State storage s, Way memory w, Turns.Turn[] memory turns, uint256 tranche, uint256 epoch)
        private
        view
    {
        uint256 ends;
        for (uint256 k; k < turns.length; ++k) {
            if (turns[k].start == epoch) w.rates[0] += turns[k].rates[tranche];
            if (turns[k].end == epoch) ends += turns[k].rates[tranche];
        }
        w.rates[0] -= ends;
        BucketEntry memory entry = s.buckets[epoch][tranche];
        w.rates[1] = w.rates[1] - entry.ends + entry.starts;
    }

    /// `dt` seconds at constant rates.
    function step(Way memory w, uint256 dt) private pure {
        if (dt == 0) return;
        uint256[2] memory whole;
        for (uint256 k; k < 2; ++k) {
            uint256 sum = w.rates[k] * dt + w.carries[k];
            whole[k] = sum >> 64;
            w.carries[k] = sum & type(uint64).max;
        }
        uint256 fee = whole[0] * w.fee + w.feeRemainder;
        w.feeRemainder = fee % Fixed.MILLION;
        if (w.shares == 0) return;
        w.assets += Fixed.min(whole[0] - fee / Fixed.MILLION + whole[1], (w.assets * w.earnRateMax * dt) >> 64);
    }

    /// Most assets that a deposit may bring at `t`: none while deposits are paused (5.5), while a market is stale
    /// (4.2) or shows what no command has booked yet, and else what 128 bits can count.
    function depositMost(State storage s, uint256 tranche, uint256 t) internal view returns (uint256 most) {
        if (tranche >= s.trancheCount || t < s.pausedUntil || s.stale != 0 || Sources.unread(s)) return 0;
        Class memory class = activeClass(s, tranche, t);
        most = type(uint128).max - Fixed.max(s.tokens, class.assets);
        uint256 shares = type(uint128).max - class.shares;
        // floor(most (S + 1000) / (A + 1)) shares at the most.
        uint256 price = uint256(class.assets) + 1;
        uint256 offset = uint256(class.shares) + Tranches.SHARES_PER_ASSET;
        if (offset > type(uint128).max) return 0;
        if (price < offset) most = Fixed.min(most, shares * price / offset);
        if (most < s.rules.depositMin) return 0;
    }
}
