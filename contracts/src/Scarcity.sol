// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {RuleSet} from "./State.sol";

/// The scarcity curve (3.4).
library Scarcity {
    /// G(R) in units x 1e9: the integral of the multiplier over required capital, so that splitting an order gains
    /// nothing.
    function integral(RuleSet memory rules, uint256 capital, uint256 required) internal pure returns (uint256 sum) {
        for (uint256 i; i < rules.knots; ++i) {
            uint256 from = Fixed.partDown(capital, rules.scarcity[i].point);
            if (required < from) break;
            uint256 part = required - from;
            uint256 multiplier = rules.scarcity[i].multiplier;
            if (i + 1 == rules.knots) return sum + part * multiplier;
            uint256 width = Fixed.partDown(capital, rules.scarcity[i + 1].point) - from;
            if (width == 0) continue;
            part = Fixed.min(part, width);
            uint256 slope = rules.scarcity[i + 1].multiplier - multiplier;
            sum += part * (multiplier + part * slope / (width * 2));
        }
    }
}
