// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Class, Exit} from "../State.sol";

/// What a share token asks of its pool.
interface IPool {
    function deposit(uint8 tranche, address payer, address owner, uint128 assets) external returns (uint128 shares);
    function mint(uint8 tranche, address payer, address owner, uint128 shares) external returns (uint128 assets);
    function transferShares(uint8 tranche, address from, address to, uint128 shares) external;
    function requestExit(uint8 tranche, address owner, uint128 shares) external returns (uint32 exit);
    function redeemExits(uint8 tranche, address owner, address receiver, uint128 shares, uint128 assets)
        external
        returns (uint128 redeemed, uint128 paid);
    function activeClass(uint8 tranche) external view returns (Class memory);
    function accruedClass(uint8 tranche) external view returns (Class memory);
    function depositMost(uint8 tranche) external view returns (uint256);
    function sharesOf(uint8 tranche, address owner)
        external
        view
        returns (uint256 held, uint256 unlocked, uint256 queued);
    function exitOf(uint32 id) external view returns (Exit memory exit, bool isVoid);
    function requestOf(uint32 id) external view returns (uint256 pending, uint256 claimable);
    function claimableOf(uint8 tranche, address owner) external view returns (uint256 shares, uint256 assets);
}
