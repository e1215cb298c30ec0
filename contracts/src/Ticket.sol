// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Ticket, Layers} from "./State.sol";

/// Tickets (4.6): amounts by layer, and what came back of them.
library Tickets {
    /// Sum of all layers.
    function total(Layers memory l) internal pure returns (uint256 sum) {
        sum = uint256(l.deductible) + l.coinsured + l.reserve + l.uncovered + l.ownBond + l.called;
        for (uint256 i; i < 4; ++i) {
            sum += l.tranches[i];
        }
    }

    /// What can still come back before every layer is whole.
    function outstanding(Ticket storage ticket) internal view returns (Layers memory left) {
        left = ticket.lost;
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
        uint256 lost = ticket.lost.tranches[tranche];
        if (lost == 0) return 0;
        uint256 queued = Fixed.mulDivDown(back, ticket.queuedLoss[tranche], lost);
        return class == 1 ? queued : back - queued;
    }
}
