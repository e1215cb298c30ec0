// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// A plain OpenZeppelin token that anyone may mint, with the vices a test asks for.
contract MockToken is ERC20("Mock", "MOCK") {
    /// Receives nothing.
    mapping(address account => bool) public blocked;
    /// What really arrives at `skimmedAt` of the next transfer there, plus one; zero for all of it.
    uint256 public arrives;
    address public skimmedAt;

    error Blocked(address account);

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setBlocked(address account, bool isBlocked) external {
        blocked[account] = isBlocked;
    }

    function skim(address account, uint256 amount) external {
        (skimmedAt, arrives) = (account, amount + 1);
    }

    function _update(address from, address to, uint256 amount) internal virtual override {
        if (blocked[to]) revert Blocked(to);
        if (arrives == 0 || to != skimmedAt || from == address(0)) return super._update(from, to, amount);
        uint256 part = arrives - 1;
        arrives = 0;
        super._update(from, address(1), amount);
        _mint(to, part);
    }
}
