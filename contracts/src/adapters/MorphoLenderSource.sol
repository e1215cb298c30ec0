// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IInsurer} from "../interfaces/IInsurer.sol";
import {IMorpho, MarketParams} from "./external/IMorpho.sol";
import {MorphoSource} from "./MorphoSource.sol";

/// The losses of one lender in a market of Morpho Blue, such as a vault: whoever liquidates, the fall of the share
/// price tells (see `ShareSource`). A payment is supplied on behalf of the lender, whose position is then worth what
/// it was; the destination must be the lender.
contract MorphoLenderSource is MorphoSource {
    using SafeERC20 for IERC20;

    /// Whose position is insured.
    address public immutable LENDER;

    /// The policy pins another destination than the insured lender.
    error NotTheLender(address destination);

    constructor(IInsurer pool, uint32 market, IMorpho morpho, MarketParams memory p, address lender)
        MorphoSource(pool, market, morpho, p)
    {
        LENDER = lender;
        accrue();
        (assets, shares) = price();
        held = position(morpho, ID, lender);
    }

    function counted() internal view override returns (uint128) {
        return position(MORPHO, ID, LENDER);
    }

    function pay(address asset, uint128 amount, address destination) external alone {
        requirePool(asset);
        if (destination != LENDER) revert NotTheLender(destination);
        uint128 lost = loss();
        IERC20(ASSET).safeTransferFrom(msg.sender, address(this), amount);
        IERC20(ASSET).forceApprove(address(MORPHO), amount);
        MORPHO.supply(params(), amount, 0, LENDER, "");
        note(lost);
    }

    function position(IMorpho morpho, bytes32 id, address lender) private view returns (uint128) {
        (uint256 supplyShares,,) = morpho.position(id, lender);
        return to128(supplyShares);
    }
}
