// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Knot, RuleSet} from "./State.sol";

/// The scarcity curve (3.4).
library Scarcity {
    /// G(to) - G(from) in units x 1e9, from <= to: the integral of the multiplier over required capital, so that splitting
    /// an order gains nothing. The curve has `count` knots, one at least.
    ///
    /// Amounts have 128 bits, points are at most a million, multipliers have 64 bits and never fall (`Rules.validate`):
    /// nothing leaves 256 bits or falls below zero.
    function rise(RuleSet storage rules, uint256 count, uint256 capital, uint256 from, uint256 to)
        internal
        view
        returns (uint256 sum)
    {
        unchecked {
            // Where a segment begins, and the multiplier there.
            uint256 left;
            uint256 multiplier = rules.scarcity[0].multiplier;
            for (uint256 i = 1; i < count && left < to; ++i) {
                Knot storage knot = rules.scarcity[i];
                uint256 right = capital * knot.point / Fixed.MILLION;
                uint256 next = knot.multiplier;
                // An empty segment has nothing.
                if (left < right) {
                    uint256 width = right - left;
                    uint256 slope = next - multiplier;
                    sum += area(Fixed.min(to - left, width), width, multiplier, slope);
                    if (left < from) sum -= area(Fixed.min(from - left, width), width, multiplier, slope);
                }
                (left, multiplier) = (right, next);
            }
            // From the last knot on the curve is flat.
            if (left < to) sum += (to - Fixed.max(from, left)) * multiplier;
        }
    }

    /// What the first `part` of a segment has.
    function area(uint256 part, uint256 width, uint256 multiplier, uint256 slope) private pure returns (uint256) {
        unchecked {
            return part * (multiplier + part * slope / (width * 2));
        }
    }
}
