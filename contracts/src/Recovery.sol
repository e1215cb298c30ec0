// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RecoveryAssigned, RecoverySurplus} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {Policies} from "./Policy.sol";
import {Premium} from "./Premium.sol";
import {State, Market, Listing, Ticket, Layers} from "./State.sol";
import {Tickets} from "./Ticket.sol";

/// Recoveries (6): what comes back goes to those who lost, in reverse order of the waterfall.
library Recoveries {
    /// Tickets that a set-off within a sync looks at; what is left is assigned by a later call (2.4).
    uint256 internal constant ASSIGN_IN_SYNC = 8;

    /// Shares out `assets` over what a ticket still misses (6.1): uncovered first, then mutual layer (what all
    /// members were called for before the sufferer's own bond), senior to junior, reserve, and last what the
    /// insured bore itself.
    function shareOut(Layers memory missing, uint256 assets)
        internal
        pure
        returns (Layers memory parts, uint256 left)
    {
        left = assets;
        (parts.uncovered, left) = give(left, missing.uncovered);
        (parts.called, left) = give(left, missing.called);
        (parts.ownBond, left) = give(left, missing.ownBond);
        for (uint256 i = 4; i > 0; --i) {
            (parts.tranches[i - 1], left) = give(left, missing.tranches[i - 1]);
        }
        (parts.reserve, left) = give(left, missing.reserve);
        (parts.deductible, left) = give(left, missing.deductible);
        (parts.coinsured, left) = give(left, missing.coinsured);
    }

    function give(uint256 left, uint128 most) private pure returns (uint128 part, uint256 rest) {
        part = uint128(Fixed.min(left, most));
        rest = left - part;
    }

    /// Gives a ticket what it can take of its market's unassigned recoveries; returns the rest.
    function toTicket(State storage s, uint32 id, uint256 assets) internal returns (uint256 left) {
        Ticket storage ticket = s.ticket[id];
        if (ticket.writtenOff) return assets;
        Layers memory parts;
        (parts, left) = shareOut(Tickets.outstanding(ticket), assets);
        uint256 given = assets - left;
        if (given == 0) return left;
        Market storage m = s.markets[ticket.market];
        uint256 toMarket = uint256(parts.uncovered) + parts.coinsured;
        m.unassigned -= uint128(given);
        s.unassigned -= uint128(given);
        if (toMarket != 0) {
            m.setAside += uint128(toMarket);
            s.setAside += uint128(toMarket);
        }
        uint128 reserve = uint128(Premium.reserve(s));
        Premium.give(s, parts.reserve);
        s.assigned += uint128(given - toMarket - parts.reserve);
        Tickets.addRecovered(ticket, parts);
        ticket.buyerDue += parts.deductible;
        ticket.lastRecovery = s.time;
        ticket.writeOffNotice = 0;
        emit RecoveryAssigned(ticket.market, id, parts, reserve);
    }

    /// Assigns what a market recovered to its oldest open tickets, looking at `count` of them; above all losses, to
    /// the reserve (6.1).
    function assign(State storage s, uint32 id, uint256 count) internal {
        Market storage m = s.markets[id];
        Listing storage l = Policies.listing(s, id);
        for (; count > 0; --count) {
            uint256 left = m.unassigned;
            if (left == 0) return;
            uint32 oldest = l.oldestTicket;
            if (oldest == 0) {
                surplus(s, id, left);
                return;
            }
            if (toTicket(s, oldest - 1, left) != 0) l.oldestTicket = s.ticket[oldest - 1].next;
        }
    }

    /// A recovery above all losses goes to the reserve.
    function surplus(State storage s, uint32 id, uint256 assets) internal {
        s.markets[id].unassigned -= uint128(assets);
        s.unassigned -= uint128(assets);
        emit RecoverySurplus(id, uint128(assets), uint128(Premium.reserve(s)));
        Premium.give(s, assets);
    }
}
