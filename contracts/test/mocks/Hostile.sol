// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
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

/// A receiver that enters the pool again when money comes.
contract HostileReceiver is Intruder {
    bool private inside;

    function received(uint256) external {
        if (inside) return;
        inside = true;
        intrude();
        inside = false;
    }
}

/// An adapter that answers and takes what it should not, in a way that the test chooses.
contract LyingSource is ILossSource {
    enum Way {
        Honest,
        Short,
        Wide,
        Huge,
        Endless,
        Falls,
        TakesMore,
        PaysBack,
        Burns
    }

    Way public way;
    uint128 public value;
    address public accomplice;

    function set(Way way_, uint128 value_, address accomplice_) external {
        (way, value, accomplice) = (way_, value_, accomplice_);
    }

    function counter() external view returns (uint128) {
        answer();
        return way == Way.Falls ? 0 : value;
    }

    function read() external view returns (Reading memory) {
        answer();
        return Reading(way == Way.Falls ? 0 : value, 1e18, 0, 0, 0);
    }

    function answer() private view {
        if (way == Way.Short) {
            assembly {
                return(0, 31)
            }
        }
        if (way == Way.Wide) {
            assembly {
                mstore(0, not(0))
                mstore(32, not(0))
                mstore(64, not(0))
                mstore(96, not(0))
                mstore(128, not(0))
                return(0, 160)
            }
        }
        if (way == Way.Huge) {
            assembly {
                return(0, 60000)
            }
        }
        while (way == Way.Endless) {}
    }

    function pay(address asset, uint128 amount, address destination) external {
        IERC20 token = IERC20(asset);
        if (way == Way.TakesMore) {
            token.transferFrom(msg.sender, destination, amount);
            // More than it was given, in this call.
            token.transferFrom(msg.sender, destination, 1);
        } else if (way == Way.PaysBack) {
            // What it takes and gives back was not accepted.
            token.transferFrom(msg.sender, address(this), amount);
            token.transfer(msg.sender, amount);
        } else if (way == Way.Burns) {
            token.transferFrom(msg.sender, destination, amount);
            assembly {
                revert(0, 60000)
            }
        } else {
            token.transferFrom(msg.sender, destination, amount);
        }
    }

    /// Takes what an allowance that outlived its call would still give.
    function takeLater(address asset, address from, uint256 amount) external {
        IERC20(asset).transferFrom(from, accomplice, amount);
    }
}
