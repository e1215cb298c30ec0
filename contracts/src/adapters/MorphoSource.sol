// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInsurer} from "../interfaces/IInsurer.sol";
import {Adapter} from "./Adapter.sol";
import {IMorpho, MarketParams} from "./external/IMorpho.sol";
import {ShareSource} from "./ShareSource.sol";

/// One market of Morpho Blue: the price of its supply shares (see `ShareSource`). Morpho realises bad debt in the
/// liquidation that takes the last collateral, by lowering the supply; nothing gives it back to the market after.
abstract contract MorphoSource is ShareSource {
    /// Morpho's virtual amounts, which make its price.
    uint128 internal constant VIRTUAL_ASSETS = 1;
    uint128 internal constant VIRTUAL_SHARES = 1e6;

    IMorpho public immutable MORPHO;
    /// The market's id.
    bytes32 public immutable ID;
    address public immutable COLLATERAL;
    address public immutable ORACLE;
    address public immutable IRM;
    uint256 public immutable LLTV;

    /// Morpho does not know the market.
    error UnknownMarket(bytes32 id);

    constructor(IInsurer pool, uint32 market, IMorpho morpho, MarketParams memory p) Adapter(pool, market, p.loanToken) {
        MORPHO = morpho;
        bytes32 id = keccak256(abi.encode(p));
        ID = id;
        (COLLATERAL, ORACLE, IRM, LLTV) = (p.collateralToken, p.oracle, p.irm, p.lltv);
        (,,,, uint128 lastUpdate,) = morpho.market(id);
        if (lastUpdate == 0) revert UnknownMarket(id);
    }

    /// The market as Morpho wants it named.
    function params() public view returns (MarketParams memory) {
        return MarketParams(ASSET, COLLATERAL, ORACLE, IRM, LLTV);
    }

    function price() internal view override returns (uint128, uint128) {
        (uint128 supplyAssets, uint128 supplyShares,,,,) = MORPHO.market(ID);
        return (supplyAssets + VIRTUAL_ASSETS, supplyShares + VIRTUAL_SHARES);
    }

    function accrue() internal override {
        MORPHO.accrueInterest(params());
    }
}
