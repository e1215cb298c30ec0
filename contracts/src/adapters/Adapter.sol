// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInsurer} from "../interfaces/IInsurer.sol";
import {ILossSource} from "../interfaces/ILossSource.sol";

/// What the adapters of real protocols have in common: one pool, one market of it, one token, all fixed at
/// deployment. There is no owner and no upgrade; the code and the configuration are what a quote pins (3.1).
abstract contract Adapter is ILossSource {
    /// The source counts in the pool's own unit (1.1).
    uint128 internal constant RATE = 1e18;

    /// The pool that is told of losses and pays them.
    IInsurer public immutable POOL;
    /// The pool's number of the market.
    uint32 public immutable MARKET;
    /// The settlement token, in which the losses are counted.
    address public immutable ASSET;

    /// The pool settles in another token than the losses are counted in.
    error AssetDiffers(address settlement, address lost);
    /// Only the pool pays through its adapter.
    error NotThePool(address caller);
    /// The protocol has nothing to be paid for: the amount stays set aside.
    error NothingOwed();

    constructor(IInsurer pool, uint32 market, address lost) {
        address settlement = pool.asset();
        if (settlement != lost) revert AssetDiffers(settlement, lost);
        POOL = pool;
        MARKET = market;
        ASSET = lost;
    }

    /// Brings the counter up to date with the protocol; anyone may call.
    function poke() external virtual returns (uint128 counted);

    /// Counts what was lost and settles it, in one call.
    function settle() external {
        this.poke();
        POOL.sync();
    }

    function requirePool(address asset) internal view {
        if (msg.sender != address(POOL)) revert NotThePool(msg.sender);
        if (asset != ASSET) revert AssetDiffers(ASSET, asset);
    }

    /// `value` as an amount; what does not fit fails, which makes the market stale (4.2).
    function to128(uint256 value) internal pure returns (uint128) {
        require(value <= type(uint128).max);
        return uint128(value);
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
