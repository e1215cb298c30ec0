// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What an adapter asks of the pool that it reads for.
interface IInsurer {
    function asset() external view returns (address);
    /// Settles what the adapters show.
    function sync() external;
    /// The adapter of a market, and the counter that it told at the last good reading.
    function told(uint32 market) external view returns (address adapter, uint128 counter);
}
