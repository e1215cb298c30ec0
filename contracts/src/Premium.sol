// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Accrued} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {State, Class} from "./State.sol";
import {TRANCHES_MAX, PREMIUM_STREAMS, RESERVE_STREAM} from "./State.sol";
import {Streams} from "./Stream.sol";

/// Premium earned per second in fixed point (3.6), and the surplus of the reserve streamed the same way (1.5).
///
/// The engine moves whole units at every accrual. Here streams, active classes, reserve and fees stand as they were
/// at one moment, the anchor: by t a stream has moved W(t) = floor((rate (t - anchor) + carry) / 2^64), of which
/// floor((W(t) fee + remainder) / 1e6) is fee. The parts telescope, so both come to the same units, and an accrual
/// within an epoch writes nothing but the time. What comes to a layer or leaves it changes its slot by as much, modulo
/// 2^128: with what was earned since the anchor it is the layer again. Where a tranche would earn more than its
/// largest rate (2.3), at boundaries (`Walks`), and before a carry or the fee changes, everything is brought to a new anchor.
library Premium {
    /// What streams moved to the layers.
    struct Accrual {
        uint256[4] earned;
        uint256 reserve;
        uint256 fee;
    }

    // ---------------------------------------------------------------- layers as they are

    /// What the layers earned from the anchor to the last accrual.
    function earned(State storage s) internal view returns (Accrual memory a) {
        unchecked {
            uint256 running = s.running;
            uint256 span = s.time - s.anchor;
            if (running == 0 || span == 0) return a;
            uint256 fraction = s.rules.fee;
            for (uint256 i; running != 0; ++i) {
                if (running & 1 != 0) {
                    (, uint256 net, uint256 fee) = Streams.moved(s, i, 0, span, fraction);
                    a.fee += fee;
                    if (i == RESERVE_STREAM) a.reserve = net;
                    else a.earned[i < RESERVE_STREAM ? i : i - PREMIUM_STREAMS] += net;
                }
                running >>= 1;
            }
        }
    }

    /// The active class of a tranche.
    function active(State storage s, uint256 index) internal view returns (Class memory class) {
        class = s.tranches[index].active;
        unchecked {
            uint256 running = s.running >> index;
            uint256 span = s.time - s.anchor;
            if (span == 0 || running & (1 | 1 << PREMIUM_STREAMS) == 0) return class;
            if (running & 1 != 0) {
                (, uint256 net,) = Streams.moved(s, index, 0, span, s.rules.fee);
                class.assets += uint128(net);
            }
            if (running >> PREMIUM_STREAMS & 1 != 0) {
                (, uint256 net,) = Streams.moved(s, PREMIUM_STREAMS + index, 0, span, 0);
                class.assets += uint128(net);
            }
        }
    }

    /// The reserve.
    function reserve(State storage s) internal view returns (uint256) {
        unchecked {
            uint256 span = s.time - s.anchor;
            if (span == 0 || s.running >> RESERVE_STREAM & 1 == 0) return s.reserve;
            (, uint256 net,) = Streams.moved(s, RESERVE_STREAM, 0, span, s.rules.fee);
            return uint128(s.reserve + uint128(net));
        }
    }

    /// Reserve and assets of the active classes.
    function layers(State storage s) internal view returns (uint256 first, uint256[4] memory assets) {
        unchecked {
            first = s.reserve;
            uint256 count = s.trancheCount;
            for (uint256 i; i < count; ++i) {
                assets[i] = s.tranches[i].active.assets;
            }
            uint256 running = s.running;
            uint256 span = s.time - s.anchor;
            if (running == 0 || span == 0) return (first, assets);
            uint256 fraction = s.rules.fee;
            for (uint256 i; running != 0; ++i) {
                if (running & 1 != 0) {
                    (, uint256 net,) = Streams.moved(s, i, 0, span, fraction);
                    if (i == RESERVE_STREAM) {
                        first = uint128(first + net);
                    } else {
                        uint256 k = i < RESERVE_STREAM ? i : i - PREMIUM_STREAMS;
                        assets[k] = uint128(assets[k] + net);
                    }
                }
                running >>= 1;
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

    // ---------------------------------------------------------------- what is kept of streams

    /// Carry of stream `i` at the last accrual.
    function carryAt(State storage s, uint256 i) internal view returns (uint256) {
        (uint256 rate, uint256 carry,) = Streams.at(s, i);
        uint256 span = s.time - s.anchor;
        if (span == 0 || s.running >> i & 1 == 0) return carry;
        unchecked {
            return (rate * span + carry) & type(uint64).max;
        }
    }

    /// Fraction of the fee that stream `i` has not charged by the last accrual, in millionths.
    function remainderAt(State storage s, uint256 i) internal view returns (uint256) {
        (uint256 rate, uint256 carry, uint256 remainder) = Streams.at(s, i);
        uint256 span = s.time - s.anchor;
        if (span == 0 || s.running >> i & 1 == 0) return remainder;
        unchecked {
            return (((rate * span + carry) >> 64) * s.rules.fee + remainder) % Fixed.MILLION;
        }
    }

    // ---------------------------------------------------------------- accrual

    /// Accrues to `t` in the epoch of the last accrual (1.4 step 1), which writes only the time. Not done, and
    /// nothing written, where a tranche would earn more than its largest rate: then `Walks.to` does it.
    function accrue(State storage s, uint256 t) internal returns (bool done) {
        // What `Accrued` says, as it will say it.
        uint256[4] memory log;
        log[0] = uint256(s.time) << 128 | t;
        unchecked {
            uint256 running = s.running;
            if (running != 0) {
                uint256 from = s.time;
                uint256 to = t - s.anchor;
                uint256 rate = s.rules.earnRateMax * (t - from);
                from = to + from - t;
                uint256 fraction = s.rules.fee;
                uint256 fees;
                if (running >> RESERVE_STREAM & 1 != 0) {
                    (, uint256 more, uint256 fee) = Streams.moved(s, RESERVE_STREAM, from, to, fraction);
                    (fees, log[3]) = (fee, more << 128);
                    running ^= 1 << RESERVE_STREAM;
                }
                for (uint256 k; running != 0; ++k) {
                    if (running & (1 | 1 << PREMIUM_STREAMS) != 0) {
                        uint256 sum;
                        uint256 before;
                        if (running & 1 != 0) {
                            uint256 fee;
                            (before, sum, fee) = Streams.moved(s, k, from, to, fraction);
                            fees += fee;
                        }
                        if (running >> PREMIUM_STREAMS & 1 != 0) {
                            (uint256 net, uint256 more,) = Streams.moved(s, k + PREMIUM_STREAMS, from, to, 0);
                            (before, sum) = (before + net, sum + more);
                        }
                        if (sum != 0) {
                            if (earnsTooMuch(s, k, before, sum, rate)) return false;
                            log[1 + (k >> 1)] |= k & 1 == 0 ? sum << 128 : sum;
                        }
                        running &= ~uint256(1 | 1 << PREMIUM_STREAMS);
                    }
                    running >>= 1;
                }
                log[3] |= fees;
            }
        }
        s.time = uint40(t);
        bytes32 topic = Accrued.selector;
        assembly ("memory-safe") {
            log1(log, 128, topic)
        }
        return true;
    }

    /// True when `sum` is more than a tranche may earn in a time of which `rate` is the largest rate's part (2.3). What
    /// its class has is an amount, kept modulo 2^128 without what it earned before.
    function earnsTooMuch(State storage s, uint256 k, uint256 before, uint256 sum, uint256 rate)
        private
        view
        returns (bool tooMuch)
    {
        Class storage class = s.tranches[k].active;
        assembly ("memory-safe") {
            // Assets stand in the lower half of the slot, shares above. No share: everything is too much.
            let word := sload(class.slot)
            let assets := and(add(word, before), 0xffffffffffffffffffffffffffffffff)
            tooMuch := or(iszero(shr(128, word)), gt(sum, shr(64, mul(assets, rate))))
        }
    }

    function announce(uint256 from, uint256 t, Accrual memory a) internal {
        emit Accrued(
            from << 128 | t, a.earned[0] << 128 | a.earned[1], a.earned[2] << 128 | a.earned[3], a.reserve << 128 | a.fee
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
            (uint256 rate, uint256 carry, uint256 remainder) = Streams.at(s, i);
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
                Streams.set(s, i, rate, sum & type(uint64).max, remainder);
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
        (uint256 rate, uint256 carry, uint256 remainder) = Streams.at(s, i);
        carry += added;
        Streams.set(s, i, rate, carry, remainder);
        if (carry >> 64 != 0) s.running |= uint16(1 << i);
    }
}
