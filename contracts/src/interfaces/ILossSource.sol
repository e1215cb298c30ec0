// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// One market's reading (4.2).
struct Reading {
    /// The loss counter, in the source's unit; it only rises (4.1).
    uint128 counter;
    /// Settlement units per source unit, in 1e-18; one where the source counts in the pool's unit (1.1).
    uint128 rate;
    /// Bad debt that the adapter itself measures and that is not in the counter yet.
    uint128 latent;
    /// What the source recovered on booked losses so far, in the pool's unit.
    uint128 recovered;
    /// What lenders have supplied, for the haircut (4.6); zero when unknown.
    uint128 supplied;
}

/// An adapter: reads a market's losses and hands it the pool's payments. Its code is fixed at purchase (3.1).
///
/// The pool calls the views with a fixed gas stipend; one that fails, runs out or answers anything but amounts makes
/// the market stale (4.2). While the counter stands still the pool asks for nothing else.
interface ILossSource {
    /// The loss counter alone.
    function counter() external view returns (uint128);

    /// The whole reading.
    function read() external view returns (Reading memory);

    /// Takes up to `amount` of `asset` from the caller by `transferFrom` for `destination`, in this call; what the
    /// caller's balance does not lose was refused and stays set aside for the market (4.5).
    function pay(address asset, uint128 amount, address destination) external;
}
