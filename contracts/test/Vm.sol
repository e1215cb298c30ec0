// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Gas of a call, as forge measured it.
struct LastCall {
    uint64 gasLimit;
    uint64 gasTotalUsed;
    uint64 gasMemoryUsed;
    int64 gasRefunded;
    uint64 gasRemaining;
}

/// The cheatcodes that these tests use; no library is needed for them.
interface Vm {
    function warp(uint256 timestamp) external;
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata data) external;
    function expectRevert() external;
    function addr(uint256 key) external returns (address);
    function sign(uint256 key, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
    function chainId(uint256 id) external;
    function assume(bool condition) external;
    function snapshotGasLastCall(string calldata name) external returns (uint256);
    function deployCode(string calldata artifact) external returns (address);
    function deployCode(string calldata artifact, bytes calldata arguments) external returns (address);
    function cool(address target) external;
    function lastCallGas() external view returns (LastCall memory);
    function expectEmit() external;
    function snapshotState() external returns (uint256);
    function revertToState(uint256 id) external returns (bool);
    function load(address target, bytes32 slot) external view returns (bytes32);
    function etch(address target, bytes calldata code) external;
}
