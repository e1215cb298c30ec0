// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Ticket, Cohort, Layers} from "./State.sol";

/// Tickets (4.6): amounts by layer, and what came back of them.
library Tickets {
    /// Sum of all layers.
    function total(Layers memory l) internal pure returns (uint256 sum) {
        sum = uint256(l.deductible) + l.coinsured + l.reserve + l.uncovered + l.ownBond + l.called;
        for (uint256 i; i < 4; ++i) {
            sum += l.tranches[i];
        }
    }

    /// Writes who bore how much; nothing is written where nothing was lost.
    function write(Ticket storage ticket, Layers memory l) internal {
        if (l.reserve | l.deductible != 0) (ticket.reserve, ticket.deductible) = (l.reserve, l.deductible);
        if (l.coinsured | l.uncovered != 0) (ticket.coinsured, ticket.uncovered) = (l.coinsured, l.uncovered);
        if (l.ownBond | l.called != 0) (ticket.ownBond, ticket.called) = (l.ownBond, l.called);
    }

    /// Who bore how much.
    function lost(Ticket storage ticket) internal view returns (Layers memory l) {
        (l.reserve, l.deductible) = (ticket.reserve, ticket.deductible);
        (l.coinsured, l.uncovered) = (ticket.coinsured, ticket.uncovered);
        (l.ownBond, l.called) = (ticket.ownBond, ticket.called);
        for (uint256 i; i < 4; ++i) {
            l.tranches[i] = ticket.cohorts[i].lost;
        }
    }

    /// Time of the last recovery, or of the loss.
    function lastRecovery(Ticket storage ticket) internal view returns (uint40) {
        return ticket.lastRecovery == 0 ? ticket.time : ticket.lastRecovery;
    }

    /// What can still come back before every layer is whole.
    function outstanding(Ticket storage ticket) internal view returns (Layers memory left) {
        left = lost(ticket);
        Layers memory back = ticket.recovered;
        left.deductible -= back.deductible;
        left.coinsured -= back.coinsured;
        left.reserve -= back.reserve;
        left.uncovered -= back.uncovered;
        left.ownBond -= back.ownBond;
        left.called -= back.called;
        for (uint256 i; i < 4; ++i) {
            left.tranches[i] -= back.tranches[i];
        }
    }

    /// Books what came back.
    function addRecovered(Ticket storage ticket, Layers memory parts) internal {
        Layers memory back = ticket.recovered;
        back.deductible += parts.deductible;
        back.coinsured += parts.coinsured;
        back.reserve += parts.reserve;
        back.uncovered += parts.uncovered;
        back.ownBond += parts.ownBond;
        back.called += parts.called;
        for (uint256 i; i < 4; ++i) {
            back.tranches[i] += parts.tranches[i];
        }
        ticket.recovered = back;
    }

    /// True while recoveries are assigned to it.
    function isOpen(Ticket storage ticket) internal view returns (bool) {
        return !ticket.writtenOff && total(outstanding(ticket)) != 0;
    }

    /// Part of what came back to a tranche that belongs to one class of it. Both parts only rise, and add up.
    function classRecovered(Ticket storage ticket, uint256 tranche, uint256 class) internal view returns (uint256) {
        uint256 back = ticket.recovered.tranches[tranche];
        Cohort storage cohort = ticket.cohorts[tranche];
        uint256 whole = cohort.lost;
        if (whole == 0) return 0;
        uint256 queued = Fixed.mulDivDown(back, cohort.queuedLoss, whole);
        return class == 1 ? queued : back - queued;
    }
}
