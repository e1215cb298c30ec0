// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Paused} from "./Errors.sol";
import {State} from "./State.sol";

/// Roles (9), kept by an OpenZeppelin AccessManager with a delay each. Nobody can stop settlement, move principal, or
/// touch a running exit: no function of the pool does.
library Roles {
    /// Announces rule changes, writes tickets off, opens lots.
    uint64 internal constant OWNER = 1;
    /// Keys whose signed quotes the pool accepts, inside the bounds of the rules.
    uint64 internal constant ACTUARY = 2;
    /// Posts latent losses inside the caps.
    uint64 internal constant RISK = 3;
    /// Pauses deposits and purchases, for a bounded time.
    uint64 internal constant GUARDIAN = 4;
    /// Voids quotes: the owner and every actuary.
    uint64 internal constant REVOKER = 5;

    /// Refuses deposits and purchases while they are paused (5.5).
    function requireUnpaused(State storage s) internal view {
        if (s.time < s.pausedUntil) revert Paused(s.pausedUntil);
    }

    /// True when the pool accepts quotes of a signer now.
    function isActuary(address signer) internal view returns (bool yes) {
        IAccessManager authority = IAccessManager(IAccessManaged(address(this)).authority());
        (yes,) = authority.hasRole(ACTUARY, signer);
    }
}
