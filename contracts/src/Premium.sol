// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Accrued} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {State, Class, RuleSet, StreamPair, Tranche} from "./State.sol";
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

    /// What each layer earned from the anchor to the last accrual: tranches 0 to 3, then the reserve. A layer has what its
    /// slot has and this, modulo 2^128.
    function gains(State storage s) internal view returns (uint256[5] memory sums) {
        (uint256 running, uint256 span) = passed(s);
        if (running == 0) return sums;
        uint256 fraction = s.rules.fee;
        unchecked {
            for (uint256 i; running != 0; ++i) {
                if (running & 1 != 0) {
                    uint256 net = Streams.gained(s, i, span, fraction);
                    assembly ("memory-safe") {
                        // Streams 0 to 4 feed their own layer, 5 to 8 the tranches.
                        let place := add(sums, shl(5, sub(i, mul(5, gt(i, 4)))))
                        mstore(place, add(mload(place), net))
                    }
                }
                running >>= 1;
            }
        }
    }

    /// The same in a module: behind the calldata the pool puts what it accrued a moment ago, and last the token, with the
    /// highest bit to say so. Only for what modules do by the pool's order; readers ask without.
    function told(State storage s) internal view returns (uint256[5] memory sums) {
        bool known;
        assembly ("memory-safe") {
            known := shr(255, calldataload(sub(calldatasize(), 32)))
            if known { calldatacopy(sums, sub(calldatasize(), 192), 160) }
        }
        if (!known) return gains(s);
    }

    /// The streams that ran since the anchor and for how long; none when no time has passed. From the first two slots of
    /// the state, each read once.
    function passed(State storage s) private view returns (uint256 running, uint256 span) {
        assembly ("memory-safe") {
            // `anchor` stands at bit 120 of the second, `running` above it; `time` at bit 128 of the first.
            running := shr(120, sload(add(s.slot, 1)))
            span := sub(and(shr(128, sload(s.slot)), 0xffffffffff), and(running, 0xffffffffff))
            running := mul(and(shr(40, running), 0xffff), gt(span, 0))
        }
    }

    /// The active class of a tranche.
    function active(State storage s, uint256 index) internal view returns (Class memory class) {
        class = s.tranches[index].active;
        unchecked {
            class.assets += uint128(gain(s, index, 0));
        }
    }

    /// The same where `accrue` has told what was earned; nothing when it has not.
    function active(State storage s, uint256 index, uint256 at) internal view returns (Class memory class) {
        class = s.tranches[index].active;
        unchecked {
            class.assets += uint128(gain(s, index, at));
        }
    }

    /// What a tranche earned from the anchor to the last accrual, from memory where `accrue` has told it.
    function gain(State storage s, uint256 index, uint256 at) internal view returns (uint256 sum) {
        if (at != 0) {
            assembly ("memory-safe") {
                sum := mload(add(at, shl(5, index)))
            }
            return sum;
        }
        (uint256 running, uint256 span) = passed(s);
        running >>= index;
        unchecked {
            if (running & 1 != 0) sum = Streams.gained(s, index, span, s.rules.fee);
            if (running >> PREMIUM_STREAMS & 1 != 0) sum += Streams.gained(s, PREMIUM_STREAMS + index, span, 0);
        }
    }

    /// The active class of a tranche in one word, assets in the lower half, where `sums` is what the layers earned.
    function activeWord(State storage s, uint256 index, uint256[5] memory sums) internal view returns (uint256 word) {
        Tranche[4] storage tranches = s.tranches;
        assembly ("memory-safe") {
            // The first of a tranche's five slots; the index is that of a tranche.
            word := sload(add(tranches.slot, mul(5, index)))
            let assets := add(word, mload(add(sums, shl(5, index))))
            word := or(shl(128, shr(128, word)), and(assets, 0xffffffffffffffffffffffffffffffff))
        }
    }

    /// The reserve.
    function reserve(State storage s) internal view returns (uint256) {
        (uint256 running, uint256 span) = passed(s);
        unchecked {
            if (running >> RESERVE_STREAM & 1 == 0) return s.reserve;
            return uint128(s.reserve + uint128(Streams.gained(s, RESERVE_STREAM, span, s.rules.fee)));
        }
    }

    /// Reserve and assets of the active classes.
    function layers(State storage s) internal view returns (uint256 first, uint256[4] memory assets) {
        uint256[5] memory sums = gains(s);
        uint256 count = s.trancheCount;
        Tranche[4] storage tranches = s.tranches;
        unchecked {
            first = uint128(s.reserve + sums[RESERVE_STREAM]);
        }
        assembly ("memory-safe") {
            // A tranche has five slots; the lower half of the first are the assets of its active class.
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                let place := shl(5, i)
                let sum := add(sload(add(tranches.slot, mul(5, i))), mload(add(sums, place)))
                mstore(add(assets, place), and(sum, 0xffffffffffffffffffffffffffffffff))
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
    /// nothing written, where a tranche would earn more than its largest rate: then `Walks.to` does it. Done, it says where
    /// in memory five words have what each layer earned since the anchor (`gains`); else nothing.
    ///
    /// `clock` and `times` are the first two slots of the state as they are.
    function accrue(State storage s, uint256 clock, uint256 times, uint256 t) internal returns (uint256 at) {
        // What `Accrued` says, as it will say it; then the gains.
        uint256[9] memory log;
        unchecked {
            uint256 last = uint40(clock >> 128);
            log[0] = last << 128 | t;
            // Streams that run stand at bit 160, the anchor at bit 120.
            uint256 running = uint16(times >> 160);
            if (running != 0) {
                (uint256 rate, uint256 fraction) = bounds(s.rules);
                times = uint40(times >> 120);
                if (!earn(s, running, fraction << 128 | (last - times) << 64 | t - times, rate * (t - last), log)) return 0;
            }
        }
        bytes32 topic = Accrued.selector;
        assembly ("memory-safe") {
            // The time stands at bit 128 of the clock.
            sstore(s.slot, or(and(clock, not(shl(128, 0xffffffffff))), shl(128, t)))
            log1(log, 128, topic)
            at := add(log, 128)
        }
    }

    /// What streams move between two moments, as `Accrued` and `gains` have it; false where a tranche would earn more than
    /// it may (2.3), in a time of which `rate` is the largest rate's part. `span` has the seconds from the anchor to the
    /// end, from it to the beginning, and the fraction of the fee: at bits 0, 64 and 128.
    ///
    /// A rate has 128 bits, a carry 80, a time 40, a fraction of the fee 20: no sum leaves 256 bits.
    function earn(State storage s, uint256 running, uint256 span, uint256 rate, uint256[9] memory log)
        private
        view
        returns (bool fine)
    {
        StreamPair[4] storage pairs = s.pairs;
        Tranche[4] storage tranches = s.tranches;
        assembly ("memory-safe") {
            // What a stream has moved to its layer by the beginning, and from then on to the layer and as fee: `moved` of
            // `Streams`, with the same roundings.
            function flow(each, carry, remainder, spans) -> net, more, fee {
                let fraction := shr(128, spans)
                more := shr(64, add(mul(each, and(spans, 0xffffffffffffffff)), carry))
                fee := div(add(mul(more, fraction), remainder), 1000000)
                spans := and(shr(64, spans), 0xffffffffffffffff)
                // Nothing has been moved at the anchor itself, whole units of the carry included.
                if spans {
                    spans := shr(64, add(mul(each, spans), carry))
                    net := div(add(mul(spans, fraction), remainder), 1000000)
                    more := sub(more, spans)
                    fee := sub(fee, net)
                    net := sub(spans, net)
                }
                more := sub(more, fee)
            }
            // The same of the first or second stream of a pair: two slots, rates and then carries and remainders.
            function ofPair(slot, second, spans) -> net, more, fee {
                let each := sload(slot)
                let carry := sload(add(slot, 1))
                let remainder := shr(160, carry)
                if second {
                    each := shr(128, each)
                    remainder := shr(24, remainder)
                    carry := shr(80, carry)
                }
                each := and(each, 0xffffffffffffffffffffffffffffffff)
                net, more, fee := flow(each, and(carry, 0xffffffffffffffffffff), and(remainder, 0xffffff), spans)
            }
            fine := 1
            if and(running, 16) {
                // The reserve's: rate, carry, remainder in one slot, behind the four pairs.
                let each := sload(add(pairs.slot, 8))
                let carry := and(shr(128, each), 0xffffffffffffffffffff)
                let remainder := and(shr(208, each), 0xffffff)
                let net, more, fee := flow(and(each, 0xffffffffffffffffffffffffffffffff), carry, remainder, span)
                mstore(add(log, 96), or(shl(128, more), fee))
                mstore(add(log, 256), add(net, more))
                running := sub(running, 16)
            }
            // Bits 0 and 5: premium and surplus of tranche k.
            for { let k := 0 } running { k := add(k, 1) } {
                if and(running, 33) {
                    let before := 0
                    let sum := 0
                    if and(running, 1) {
                        let fee
                        before, sum, fee := ofPair(add(pairs.slot, and(k, 2)), and(k, 1), span)
                        mstore(add(log, 96), add(mload(add(log, 96)), fee))
                    }
                    if and(running, 32) {
                        // Surplus pays no fee and has no remainder.
                        let spans := and(span, 0xffffffffffffffffffffffffffffffff)
                        let net, more, none := ofPair(add(pairs.slot, add(4, and(k, 2))), and(k, 1), spans)
                        before := add(before, net)
                        sum := add(sum, more)
                    }
                    if sum {
                        // Assets in the lower half of the first of a tranche's five slots, an amount modulo 2^128 without
                        // what it earned before; shares above. No share: everything is too much.
                        let class := sload(add(tranches.slot, mul(5, k)))
                        let most := mul(and(add(class, before), 0xffffffffffffffffffffffffffffffff), rate)
                        if or(iszero(shr(128, class)), gt(sum, shr(64, most))) {
                            fine := 0
                            break
                        }
                        // Two tranches a word, the even one above.
                        most := add(add(log, 32), shl(4, and(k, 2)))
                        mstore(most, or(mload(most), shl(mul(128, iszero(and(k, 1))), sum)))
                    }
                    mstore(add(add(log, 128), shl(5, k)), add(before, sum))
                    running := and(running, not(33))
                }
                running := shr(1, running)
            }
        }
    }

    /// The largest rate of a tranche and the fraction of the fee: one slot, read once.
    function bounds(RuleSet storage rules) private view returns (uint256 rate, uint256 fraction) {
        assembly ("memory-safe") {
            let word := sload(rules.slot)
            rate := and(shr(128, word), 0xffffffffffffffff)
            fraction := and(shr(192, word), 0xffffff)
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
