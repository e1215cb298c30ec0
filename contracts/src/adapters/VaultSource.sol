// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IInsurer} from "../interfaces/IInsurer.sol";
import {Adapter} from "./Adapter.sol";
import {ShareSource} from "./ShareSource.sol";

/// An ERC-4626 vault that takes its losses on the share price, such as a vault of Euler that socialises debt: total
/// assets over total supply (see `ShareSource`). Not for vaults that mint fees on assets without a gain: there a fee
/// would count as a loss.
///
/// A payment goes to the destination that the policy pins: the vault itself where tokens sent to it are its
/// lenders' (a plain OpenZeppelin vault), a distributor where they are not (Euler books them to nobody).
contract VaultSource is ShareSource {
    using SafeERC20 for IERC20;

    IERC4626 public immutable VAULT;

    constructor(IInsurer pool, uint32 market, IERC4626 vault) Adapter(pool, market, vault.asset()) {
        VAULT = vault;
        assets = to128(vault.totalAssets() + 1);
        uint256 supply = vault.totalSupply();
        held = to128(supply);
        shares = to128(supply + 1);
    }

    function price() internal view override returns (uint128, uint128) {
        return (to128(VAULT.totalAssets() + 1), to128(VAULT.totalSupply() + 1));
    }

    function counted() internal view override returns (uint128) {
        return to128(VAULT.totalSupply());
    }

    function pay(address asset, uint128 amount, address destination) external alone {
        requirePool(asset);
        uint128 lost = loss();
        IERC20(ASSET).safeTransferFrom(msg.sender, destination, amount);
        note(lost);
    }
}
