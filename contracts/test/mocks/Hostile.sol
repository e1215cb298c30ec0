// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ILossSource, Reading} from "../../src/interfaces/ILossSource.sol";
import {Pool} from "../../src/Pool.sol";
import {MockToken} from "./MockToken.sol";

/// Tries to enter a pool again with prepared calls, and keeps what came of it.
abstract contract Intruder {
    Pool internal victim;
    bytes[] internal attempts;
    uint256 public tried;
    uint256 public entered;

    function aim(Pool pool, bytes[] memory calls) external {
        victim = pool;
        attempts = calls;
    }

    function intrude() internal {
        for (uint256 i; i < attempts.length; ++i) {
            (bool ok,) = address(victim).call(attempts[i]);
            ++tried;
            if (ok) ++entered;
        }
    }
}

/// A token that calls back while it moves.
contract HostileToken is MockToken, Intruder {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (address(victim) != address(0)) intrude();
    }
}

/// An adapter that calls back while it is paid, takes nothing, and spends all gas when it is told to.
contract HostileSource is ILossSource, Intruder {
    uint128 public counter;
    bool public endless;

    function set(uint128 counter_, bool endless_) external {
        (counter, endless) = (counter_, endless_);
    }

    function read() external view returns (Reading memory) {
        while (endless) {}
        return Reading(counter, 1e18, 0, 0, 0);
    }

    function pay(address, uint128, address) external {
        intrude();
        while (endless) {}
    }
}
