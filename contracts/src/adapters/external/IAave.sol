// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What is used of an Aave v3 pool, from version 3.3 on, where a reserve shows its deficit.
interface IAavePool {
    function ADDRESSES_PROVIDER() external view returns (address);
    function getReserveDeficit(address asset) external view returns (uint256);
    function getReserveAToken(address asset) external view returns (address);
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;
    /// Burns aTokens of the caller against the deficit; only for the address registered as "UMBRELLA". What it
    /// returns differs between versions, so nothing of it is read.
    function eliminateReserveDeficit(address asset, uint256 amount) external;
}

/// Where an Aave market registers its contracts.
interface IAaveAddresses {
    function getPool() external view returns (address);
    function getAddress(bytes32 id) external view returns (address);
}
