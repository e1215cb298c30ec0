// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";

/// The waterfall (2.1, 4.4): layers give in order, each split over the claims by cumulative floor shares, so that
/// calling first gains nothing.
library Waterfall {
    /// What `taken` becomes when split over `weights`: part i is floor(taken (w_0 + .. + w_i) / W) less the same
    /// without w_i. The parts add up to `taken`.
    function cumulativeSplit(uint256 taken, uint256[] memory weights) internal pure returns (uint256[] memory parts) {
        parts = new uint256[](weights.length);
        uint256 total = sum(weights);
        if (total == 0) return parts;
        uint256 upto;
        uint256 given;
        for (uint256 i; i < weights.length; ++i) {
            upto += weights[i];
            uint256 share = Fixed.mulDivDown(taken, upto, total);
            parts[i] = share - given;
            given = share;
        }
    }

    /// One layer pays what it can of `owed`, which it lowers: what each claim gets, and what the layer gave.
    function pour(uint256 layer, uint256[] memory owed)
        internal
        pure
        returns (uint256[] memory parts, uint256 taken)
    {
        taken = Fixed.min(sum(owed), layer);
        parts = cumulativeSplit(taken, owed);
        for (uint256 i; i < owed.length; ++i) {
            owed[i] -= parts[i];
        }
    }

    function sum(uint256[] memory amounts) internal pure returns (uint256 total) {
        for (uint256 i; i < amounts.length; ++i) {
            total += amounts[i];
        }
        Fixed.to128(total);
    }
}
