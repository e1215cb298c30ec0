// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MockToken} from "./MockToken.sol";

/// Says no by returning false instead of reverting, when it is told to.
contract FalseToken is MockToken {
    bool public refusing;

    function refuse(bool on) external {
        refusing = on;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return !refusing && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return !refusing && super.transferFrom(from, to, amount);
    }
}

/// Returns nothing at all, as some old tokens do.
contract SilentToken is MockToken {
    function transfer(address to, uint256 amount) public override returns (bool) {
        super.transfer(to, amount);
        assembly {
            return(0, 0)
        }
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        super.transferFrom(from, to, amount);
        assembly {
            return(0, 0)
        }
    }
}

/// Every balance is a part of something that shrinks or grows.
contract RebasingToken is MockToken {
    uint256 public scale = 1e18;

    function rebase(uint256 to) external {
        scale = to;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) * scale / 1e18;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount * 1e18 / scale);
    }
}

/// Keeps a hundredth of whatever moves.
contract FeeToken is MockToken {
    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, amount);
        super._update(from, to, amount - amount / 100);
        super._update(from, address(0xfee0), amount / 100);
    }
}

/// Calls whoever receives it, if that is a contract (as ERC-777 does).
contract HookToken is MockToken {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (to.code.length != 0) {
            (bool ok,) = to.call(abi.encodeWithSignature("received(uint256)", amount));
            ok;
        }
    }
}
