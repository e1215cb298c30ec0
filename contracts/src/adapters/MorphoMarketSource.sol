// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IInsurer} from "../interfaces/IInsurer.sol";
import {IMorpho, MarketParams} from "./external/IMorpho.sol";
import {MorphoSource} from "./MorphoSource.sol";

/// All lenders of a market of Morpho Blue.
///
/// `liquidate` is Morpho's own liquidation with one step between: it seizes all but one unit of the collateral, so
/// that Morpho does not yet realise the bad debt, counts that debt, lets the pool settle it and repay it on behalf
/// of the borrower, and then takes the last unit, whereby Morpho realises what the pool did not pay. All in one
/// call: nobody can come between, and no lender loses what is covered.
///
/// What is realised by anyone else shows in the share price (see `ShareSource`); the market cannot be given it back,
/// so such a payment, and any that was refused before, goes to the destination that the policy pins.
contract MorphoMarketSource is MorphoSource {
    using SafeERC20 for IERC20;

    /// Whose bad debt is being settled, inside `liquidate`.
    address private transient borrowing;
    /// Who liquidates, inside `liquidate`.
    address private transient liquidator;

    /// Bad debt of a borrower: counted, and what of it the pool repaid.
    event BadDebtSettled(address indexed borrower, uint256 counted, uint256 repaid);

    /// The callback is Morpho's, and comes inside `liquidate`.
    error NotLiquidating(address caller);
    /// The collateral pays the debt: Morpho's own liquidation is enough.
    error NotInsolvent(address borrower);

    constructor(IInsurer pool, uint32 market, IMorpho morpho, MarketParams memory p)
        MorphoSource(pool, market, morpho, p)
    {
        accrue();
        (assets, shares) = price();
        held = shares - VIRTUAL_SHARES;
    }

    function counted() internal view override returns (uint128 supplyShares) {
        (, supplyShares,,,,) = MORPHO.market(ID);
    }

    /// Liquidates an insolvent borrower in full. The caller gets all collateral and pays for it what Morpho asks, by
    /// an allowance of the loan token to this contract.
    ///
    /// Nothing else is counted meanwhile: the debt that is being settled is counted already. Only `pay` comes in between, from
    /// the pool, and counts nothing.
    function liquidate(address borrower) external alone {
        note(loss());
        liquidator = msg.sender;
        (, uint128 debtShares, uint128 collateral) = MORPHO.position(ID, borrower);
        if (debtShares == 0) revert NotInsolvent(borrower);
        if (collateral > 1) seize(borrower, collateral - 1);
        uint256 debt;
        (debtShares, debt) = debtOf(borrower);
        if (debtShares == 0) revert NotInsolvent(borrower);
        cum = to128(cum + debt);
        borrowing = borrower;
        POOL.sync();
        borrowing = address(0);
        uint256 left;
        (debtShares, left) = debtOf(borrower);
        if (debtShares != 0) seize(borrower, 1);
        emit BadDebtSettled(borrower, debt, debt - left);
        // What the last unit realised was counted above.
        note(0);
        liquidator = address(0);
    }

    /// Morpho has handed the collateral over and is about to ask for its price.
    function onMorphoLiquidate(uint256 repaid, bytes calldata data) external {
        if (msg.sender != address(MORPHO) || liquidator == address(0)) revert NotLiquidating(msg.sender);
        IERC20(COLLATERAL).safeTransfer(liquidator, abi.decode(data, (uint256)));
        IERC20(ASSET).safeTransferFrom(liquidator, address(this), repaid);
        IERC20(ASSET).forceApprove(address(MORPHO), repaid);
    }

    function pay(address asset, uint128 amount, address destination) external {
        requirePool(asset);
        if (borrowing == address(0)) {
            IERC20(ASSET).safeTransferFrom(msg.sender, destination, amount);
            return;
        }
        (uint128 debtShares, uint256 debt) = debtOf(borrowing);
        if (debtShares == 0) revert NothingOwed();
        bool whole = amount >= debt;
        uint256 part = whole ? debt : amount;
        IERC20(ASSET).safeTransferFrom(msg.sender, address(this), part);
        IERC20(ASSET).forceApprove(address(MORPHO), part);
        MORPHO.repay(params(), whole ? 0 : part, whole ? debtShares : 0, borrowing, "");
    }

    function seize(address borrower, uint256 collateral) private {
        MORPHO.liquidate(params(), borrower, collateral, 0, abi.encode(collateral));
    }

    /// What a borrower owes, in shares and in assets rounded up, as Morpho asks for it.
    function debtOf(address borrower) private view returns (uint128 debtShares, uint256 debt) {
        (, debtShares,) = MORPHO.position(ID, borrower);
        (,, uint128 totalAssets, uint128 totalShares,,) = MORPHO.market(ID);
        uint256 d = uint256(totalShares) + VIRTUAL_SHARES;
        debt = (uint256(debtShares) * (uint256(totalAssets) + VIRTUAL_ASSETS) + d - 1) / d;
    }
}
