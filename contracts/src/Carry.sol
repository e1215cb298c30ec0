// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Overflow} from "./Errors.sol";
import {State, StreamPair, StreamSingle, RESERVE_STREAM} from "./State.sol";

/// Carries of anchored premium streams (3.6): what a premium's rate times its term leaves of it.
library Carries {
    /// Adds to the carries of the premium streams, none of them 2^80 or more; the bits of those streams that then hold a whole
    /// unit, for `State.running`. Each slot of carries is read and written once, and no rate is.
    function add(State storage s, uint256[5] memory added) internal returns (uint256 whole) {
        unchecked {
            for (uint256 k; k < 2; ++k) {
                if (added[2 * k] | added[2 * k + 1] == 0) continue;
                StreamPair storage pair = s.pairs[k];
                uint256 word;
                assembly ("memory-safe") {
                    word := sload(add(pair.slot, 1))
                }
                // The carries are the two lowest members, 80 bits each.
                uint256 a = uint80(word) + added[2 * k];
                uint256 b = uint80(word >> 80) + added[2 * k + 1];
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
            if (more == 0) return whole;
            StreamSingle storage own = s.reserveStream;
            more += own.carry;
            if (more >> 80 != 0) revert Overflow();
            own.carry = uint80(more);
            if (more >> 64 != 0) whole |= 1 << RESERVE_STREAM;
        }
    }
}
