// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {AT, MARKET, DEDUCTIBLE, COINSURED, RESERVE, UNCOVERED, OWN_BOND, CALLED, WORDS} from "./Loss.sol";
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

    /// Opens the record of a new ticket: whose it is, and who bore how much. Its slots, in the order of `Ticket`, are
    /// written whole, because nothing stands there yet; nothing is written where nothing was lost.
    function open(Ticket storage ticket, uint256 time, uint256[WORDS] memory l) internal {
        uint256 at = l[AT];
        assembly ("memory-safe") {
            // The buyer is the lowest part of the policy's first slot, the callable bond stands at bit 64 of the next.
            let word := and(sload(at), 0xffffffffffffffffffffffffffffffffffffffff)
            let market := mload(add(l, mul(MARKET, 32)))
            sstore(ticket.slot, or(word, or(shl(160, time), shl(200, market))))
            word := and(sload(add(at, 1)), shl(64, 0xffffffff))
            if word { sstore(add(ticket.slot, 1), shr(32, word)) }
            word := or(mload(add(l, mul(RESERVE, 32))), shl(128, mload(add(l, mul(DEDUCTIBLE, 32)))))
            if word { sstore(add(ticket.slot, 2), word) }
            word := or(mload(add(l, mul(COINSURED, 32))), shl(128, mload(add(l, mul(UNCOVERED, 32)))))
            if word { sstore(add(ticket.slot, 3), word) }
            word := or(mload(add(l, mul(OWN_BOND, 32))), shl(128, mload(add(l, mul(CALLED, 32)))))
            if word { sstore(add(ticket.slot, 4), word) }
        }
    }

    /// Notes who held the mutual layer that a ticket calls.
    function call(Ticket storage ticket, uint32 generation, uint128 supply) internal {
        (ticket.mutualGeneration, ticket.mutualSupply) = (generation, supply);
    }

    /// Records what a tranche lost and who held it: supplies of both classes, and their generations in one word.
    function hold(
        Ticket storage ticket,
        uint256 tranche,
        uint256 part,
        uint256 queuedPart,
        uint256 active,
        uint256 queued,
        uint256 generations
    ) internal {
        Cohort storage cohort = ticket.cohorts[tranche];
        assembly ("memory-safe") {
            // As in `Cohort`, the first of two in the lower half. Nothing stands there yet.
            sstore(cohort.slot, or(part, shl(128, queuedPart)))
            sstore(add(cohort.slot, 1), or(active, shl(128, queued)))
            if generations { sstore(add(cohort.slot, 2), generations) }
        }
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
