// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";

/// The waterfall (2.1, 4.4): layers give in order, each split over the claims by cumulative floor shares, so that
/// calling first gains nothing.
library Waterfall {
    /// What `taken` becomes when split over `weights`, which add up to `total`: part i is floor(taken (w_0 + .. + w_i) / W) less the same
    /// without w_i. The parts add up to `taken`.
    function cumulativeSplit(uint256 taken, uint256[] memory weights, uint256 total)
        internal
        pure
        returns (uint256[] memory parts)
    {
        uint256 count = weights.length;
        parts = new uint256[](count);
        if (total == 0) return parts;
        if (count == 1) {
            parts[0] = taken;
            return parts;
        }
        unchecked {
            // All are amounts, and the weights add up to `total`: no product leaves 256 bits, no part falls below zero.
            uint256 upto;
            uint256 given;
            for (uint256 i; i < count; ++i) {
                upto += weights[i];
                uint256 share = taken * upto / total;
                parts[i] = share - given;
                given = share;
            }
        }
    }

    /// One layer pays what it can of `owed`, which it lowers: what each claim gets, and what the layer gave.
    function pour(uint256 layer, uint256[] memory owed)
        internal
        pure
        returns (uint256[] memory parts, uint256 taken)
    {
        uint256 total = sum(owed);
        taken = Fixed.min(total, layer);
        parts = cumulativeSplit(taken, owed, total);
        if (taken == 0) return (parts, 0);
        unchecked {
            // A part is at most what is owed, since `taken` is at most the total.
            for (uint256 i; i < owed.length; ++i) {
                owed[i] -= parts[i];
            }
        }
    }

    function sum(uint256[] memory amounts) internal pure returns (uint256 total) {
        unchecked {
            // Amounts of at most 32 policies.
            for (uint256 i; i < amounts.length; ++i) {
                total += amounts[i];
            }
        }
        Fixed.to128(total);
    }
}
