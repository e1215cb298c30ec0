// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Knot, RuleSet} from "./State.sol";

/// The scarcity curve (3.4).
library Scarcity {
    /// The points of the curve.
    function knotsOf(RuleSet storage rules) internal view returns (Knot[] memory knots) {
        knots = new Knot[](rules.knots);
        for (uint256 i; i < knots.length; ++i) {
            knots[i] = rules.scarcity[i];
        }
    }

    /// G(R) in units x 1e9: the integral of the multiplier over required capital, so that splitting an order gains
    /// nothing.
    function integral(Knot[] memory knots, uint256 capital, uint256 required) internal pure returns (uint256 sum) {
        for (uint256 i; i < knots.length; ++i) {
            uint256 from = Fixed.partDown(capital, knots[i].point);
            if (required < from) break;
            uint256 part = required - from;
            uint256 multiplier = knots[i].multiplier;
            if (i + 1 == knots.length) return sum + part * multiplier;
            uint256 width = Fixed.partDown(capital, knots[i + 1].point) - from;
            if (width == 0) continue;
            part = Fixed.min(part, width);
            uint256 slope = knots[i + 1].multiplier - multiplier;
            sum += part * (multiplier + part * slope / (width * 2));
        }
    }
}
