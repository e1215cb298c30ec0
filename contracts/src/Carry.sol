// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Overflow} from "./Errors.sol";
import {Premium} from "./Premium.sol";
import {State, StreamPair, StreamSingle, RESERVE_STREAM} from "./State.sol";

/// Carries of premium streams (3.6): what a premium's rate times its term leaves of it.
///
/// By now a stream has moved floor((rate span + carry) / 2^64) since the anchor (`Premium`). While the fraction of that and
/// what is added make no whole unit, it has moved as much with the new carry, and with it the fee: so the carry is added to
/// the one at the anchor, and nothing else is written. Where they make one, everything is brought to a new anchor first.
library Carries {
    /// Adds to the carries of the premium streams, by less than 2^80 each. A slot of carries is read and written once; one of
    /// rates is read where it runs.
    function add(State storage s, uint256[5] memory added) internal {
        unchecked {
            uint256 time = s.time;
            uint256 span = time - s.anchor;
            uint256 running = s.running;
            // Where nothing runs the anchor moves by itself.
            if (running == 0) (s.anchor, span) = (uint40(time), 0);
            uint256 whole;
            for (uint256 k; k < 2; ++k) {
                (uint256 a, uint256 b) = (added[2 * k], added[2 * k + 1]);
                if (a | b == 0) continue;
                StreamPair storage pair = s.pairs[k];
                // Carries are the two lowest members, 80 bits each; what does not run has no rate.
                uint256 word = load(pair, 1);
                if (span != 0) {
                    uint256 rates = running >> 2 * k & 3 == 0 ? 0 : load(pair, 0);
                    if (
                        completes(uint128(rates) * span + uint80(word), a)
                            || completes((rates >> 128) * span + uint80(word >> 80), b)
                    ) {
                        Premium.anchor(s);
                        span = 0;
                        word = load(pair, 1);
                    }
                }
                a += uint80(word);
                b += uint80(word >> 80);
                // Carries meet only within one second, so thousands of them would have to.
                if ((a | b) >> 80 != 0) revert Overflow();
                word = word >> 160 << 160 | b << 80 | a;
                assembly ("memory-safe") {
                    sstore(add(pair.slot, 1), word)
                }
                if (a >> 64 != 0) whole |= 1 << 2 * k;
                if (b >> 64 != 0) whole |= 2 << 2 * k;
            }
            uint256 more = added[RESERVE_STREAM];
            if (more != 0) {
                StreamSingle storage own = s.reserveStream;
                if (span != 0 && completes(own.rate * span + own.carry, more)) Premium.anchor(s);
                more += own.carry;
                if (more >> 80 != 0) revert Overflow();
                own.carry = uint80(more);
                if (more >> 64 != 0) whole |= 1 << RESERVE_STREAM;
            }
            // A whole unit has yet to move.
            if (whole != 0) s.running |= uint16(whole);
        }
    }

    /// True when the fraction of `sum` and `more` make a unit.
    function completes(uint256 sum, uint256 more) private pure returns (bool) {
        unchecked {
            return (uint64(sum) + more) >> 64 != 0;
        }
    }

    /// A slot of a pair: rates, or carries and remainders.
    function load(StreamPair storage pair, uint256 slot) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(add(pair.slot, slot))
        }
    }
}
