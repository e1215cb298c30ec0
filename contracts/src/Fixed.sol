// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Overflow} from "./Errors.sol";

/// Amounts of at most 2^128 - 1, products in 256 bits, every division with its direction in its name (1.2). A
/// product of two amounts fits 256 bits, so no wider multiplication is needed.
library Fixed {
    /// One million: the denominator of every fraction in the rules.
    uint256 internal constant MILLION = 1e6;
    /// Length of an epoch in seconds.
    uint256 internal constant EPOCH = 7 days;

    /// `x` as an amount, or a refusal above 2^128 - 1.
    function to128(uint256 x) internal pure returns (uint128) {
        if (x > type(uint128).max) revert Overflow();
        return uint128(x);
    }

    /// floor(a b / d) for amounts a and b; refused when d is zero or the quotient is no amount.
    function mulDivDown(uint256 a, uint256 b, uint256 d) internal pure returns (uint256 quotient) {
        if (d == 0) revert Overflow();
        unchecked {
            quotient = (a * b) / d;
        }
        if (quotient > type(uint128).max) revert Overflow();
    }

    /// ceil(a b / d) for amounts a and b; refused when d is zero or the quotient is no amount.
    function mulDivUp(uint256 a, uint256 b, uint256 d) internal pure returns (uint256 quotient) {
        if (d == 0) revert Overflow();
        unchecked {
            uint256 product = a * b;
            quotient = product / d;
            if (product % d != 0) ++quotient;
        }
        if (quotient > type(uint128).max) revert Overflow();
    }

    /// The fraction `ppm`/1e6 of an amount, rounded down.
    function partDown(uint256 x, uint256 ppm) internal pure returns (uint256) {
        return mulDivDown(x, ppm, MILLION);
    }

    /// The fraction `ppm`/1e6 of an amount, rounded up.
    function partUp(uint256 x, uint256 ppm) internal pure returns (uint256) {
        return mulDivUp(x, ppm, MILLION);
    }

    /// Two amounts in one word, as events have them.
    function pair(uint256 high, uint256 low) internal pure returns (uint256) {
        return high << 128 | low;
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function max(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a : b;
    }

    /// a - b, or nothing when b is larger.
    function saturatingSub(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return a > b ? a - b : 0;
        }
    }

    /// The epoch that contains second `t`.
    function epochOf(uint256 t) internal pure returns (uint256) {
        unchecked {
            return t / EPOCH;
        }
    }

    /// First boundary at or after `t`.
    function boundaryFrom(uint256 t) internal pure returns (uint256) {
        unchecked {
            return ((t + EPOCH - 1) / EPOCH) * EPOCH;
        }
    }

    /// First boundary after `t`.
    function boundaryAfter(uint256 t) internal pure returns (uint256) {
        unchecked {
            return (t / EPOCH + 1) * EPOCH;
        }
    }
}
