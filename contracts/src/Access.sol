// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Pool} from "./Pool.sol";
import {Roles} from "./Role.sol";

/// Who may do what (9): an OpenZeppelin AccessManager that knows the pool's roles.
contract Access is AccessManager {
    constructor(address admin) AccessManager(admin) {}

    /// The functions that a role may call on a pool; for `setTargetFunctionRole`.
    function functionsOf(uint64 role) external pure returns (bytes4[] memory selectors) {
        if (role == Roles.OWNER) {
            selectors = new bytes4[](4);
            selectors[0] = Pool.announceRules.selector;
            selectors[1] = Pool.withdrawRules.selector;
            selectors[2] = Pool.announceWriteOff.selector;
            selectors[3] = Pool.openLot.selector;
        } else if (role == Roles.RISK) {
            selectors = new bytes4[](1);
            selectors[0] = Pool.postEstimate.selector;
        } else if (role == Roles.GUARDIAN) {
            selectors = new bytes4[](1);
            selectors[0] = Pool.pause.selector;
        } else if (role == Roles.REVOKER) {
            selectors = new bytes4[](1);
            selectors[0] = Pool.revokeQuotes.selector;
        }
    }
}
