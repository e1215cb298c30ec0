// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MarketParams} from "../../src/adapters/external/IMorpho.sol";

/// A rate model, as a market of Morpho names it; it may call anyone.
interface IRateModel {
    function borrowRate(MarketParams memory params) external returns (uint256);
}

interface ILiquidator {
    function onMorphoLiquidate(uint256 repaid, bytes calldata data) external;
}

/// One market of Morpho Blue, as far as re-entrance goes: interest asks the rate model first and notes the time after, once a
/// second. One lender has all, one borrower has what a test says, lenders' assets are lost when a test says so.
contract MiniMorpho {
    uint128 public supplyAssets;
    uint128 public supplyShares;
    uint128 public lastUpdate;
    address public borrower;
    uint128 public owed;
    uint128 public collateral;

    constructor(uint128 assets) {
        (supplyAssets, supplyShares, lastUpdate) = (assets, assets * 1e6, uint128(block.timestamp));
    }

    function lose(uint128 amount) external {
        supplyAssets -= amount;
    }

    function lend(address to, uint128 amount, uint128 against) external {
        (borrower, owed, collateral) = (to, amount, against);
    }

    function market(bytes32) external view returns (uint128, uint128, uint128, uint128, uint128, uint128) {
        return (supplyAssets, supplyShares, owed, owed * 1e6, lastUpdate, 0);
    }

    function position(bytes32, address user) external view returns (uint256, uint128, uint128) {
        return user == borrower ? (uint256(0), owed * 1e6, collateral) : (uint256(supplyShares), uint128(0), uint128(0));
    }

    function accrueInterest(MarketParams memory params) public {
        if (lastUpdate == block.timestamp) return;
        IRateModel(params.irm).borrowRate(params);
        lastUpdate = uint128(block.timestamp);
    }

    function supply(MarketParams memory params, uint256 assets, uint256, address, bytes memory)
        external
        returns (uint256, uint256)
    {
        accrueInterest(params);
        supplyAssets += uint128(assets);
        return (assets, 0);
    }

    /// Takes collateral for nothing; with the last of it the lenders bear the debt.
    function liquidate(MarketParams memory params, address, uint256 seized, uint256, bytes memory data)
        external
        returns (uint256, uint256)
    {
        accrueInterest(params);
        collateral -= uint128(seized);
        if (collateral == 0) (supplyAssets, owed) = (supplyAssets - owed, 0);
        ILiquidator(msg.sender).onMorphoLiquidate(0, data);
        return (seized, 0);
    }
}
