// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Overflow} from "./Errors.sol";
import {Fixed} from "./Fixed.sol";
import {State, StreamPair, StreamSingle} from "./State.sol";
import {TRANCHES_MAX, PREMIUM_STREAMS, RESERVE_STREAM} from "./State.sol";

/// Streams (3.6, 1.5): a sum that moves to a layer second by second, in fixed point. Each is kept as it was at the anchor
/// (`Premium`).
library Streams {
    /// A sum split into streams: parts, rates in 2^-64 units a second, and what rate x term leaves of each part.
    struct Split {
        uint256[5] parts;
        uint256[5] rates;
        uint256[5] carries;
    }

    /// Rate, carry and remainder of a stream at the anchor.
    function at(State storage s, uint256 i)
        internal
        view
        returns (uint256 rate, uint256 carry, uint256 remainder)
    {
        StreamPair[4] storage pairs = s.pairs;
        assembly ("memory-safe") {
            switch i
            case 4 {
                // Rate, carry, remainder: one slot, behind the four pairs.
                rate := sload(add(pairs.slot, 8))
                carry := and(shr(128, rate), 0xffffffffffffffffffff)
                remainder := and(shr(208, rate), 0xffffff)
            }
            default {
                // Two slots of two streams each: rates, then carries and remainders. The lower half or part is the
                // first one's.
                remainder := sub(i, gt(i, 4))
                rate := add(pairs.slot, and(remainder, 6))
                carry := sload(add(rate, 1))
                rate := sload(rate)
                switch and(remainder, 1)
                case 0 {
                    remainder := and(shr(160, carry), 0xffffff)
                }
                default {
                    rate := shr(128, rate)
                    remainder := and(shr(184, carry), 0xffffff)
                    carry := shr(80, carry)
                }
                carry := and(carry, 0xffffffffffffffffffff)
            }
            rate := and(rate, 0xffffffffffffffffffffffffffffffff)
        }
    }

    function set(State storage s, uint256 i, uint256 rate, uint256 carry, uint256 remainder) internal {
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

    /// What stream `i` moved to its layer by `from` seconds after the anchor, and what it moves from there to `to`: to the
    /// layer, and of premium as fee. Nothing has been moved at the anchor itself, whole units of the carry included.
    ///
    /// A rate has 128 bits, a carry 80, a span of seconds 40, a fraction of the fee 20: no sum leaves 256 bits.
    function moved(State storage s, uint256 i, uint256 from, uint256 to, uint256 fraction)
        internal
        view
        returns (uint256 net, uint256 more, uint256 fee)
    {
        (uint256 rate, uint256 carry, uint256 remainder) = at(s, i);
        assembly ("memory-safe") {
            // Surplus pays no fee and has no remainder.
            if gt(i, 4) { fraction := 0 }
            // In units of the token: what has left the stream by `to` and by `from`, then the fees of both.
            more := shr(64, add(mul(rate, to), carry))
            fee := div(add(mul(more, fraction), remainder), 1000000)
            if from {
                let first := shr(64, add(mul(rate, from), carry))
                net := div(add(mul(first, fraction), remainder), 1000000)
                more := sub(more, first)
                fee := sub(fee, net)
                net := sub(first, net)
            }
            more := sub(more, fee)
        }
    }

    /// What stream `i` moved to its layer by `span` seconds after the anchor.
    function gained(State storage s, uint256 i, uint256 span, uint256 fraction) internal view returns (uint256 net) {
        (uint256 rate, uint256 carry, uint256 remainder) = at(s, i);
        unchecked {
            net = (rate * span + carry) >> 64;
            if (i < PREMIUM_STREAMS) net -= (net * fraction + remainder) / Fixed.MILLION;
        }
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
}
