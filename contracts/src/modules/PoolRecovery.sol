// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../Errors.sol";
import {
    BondClaimed,
    DeductibleClaimed,
    LotOpened,
    LotSold,
    RecoveryClaimed,
    RecoveryReceived,
    WriteOffAnnounced,
    WrittenOff
} from "../Events.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Payments} from "../Payment.sol";
import {Recoveries} from "../Recovery.sol";
import {Policies} from "../Policy.sol";
import {pool, State, Market, Member, Ticket, Cohort, Track, Lot, YEAR} from "../State.sol";
import {Tickets} from "../Ticket.sol";
import {Tranches} from "../Tranche.sol";

/// Recoveries (6): taken, shared out, claimed by cohort, written off; auctions of what came in kind.
contract PoolRecovery {
    /// A ticket without a recovery for this long can be written off (6.4).
    uint256 private constant WRITE_OFF_AFTER = 2 * YEAR;
    /// Notice before a write-off (6.4).
    uint256 private constant WRITE_OFF_NOTICE = 90 days;

    /// Takes a recovery for one ticket; what it cannot take goes to the reserve (6.1).
    function recoverTicket(uint32 id, uint128 assets) external {
        State storage s = pool();
        if (assets == 0) revert BelowMinimum("payment", assets, 1);
        known(s, id);
        take(s, id, assets);
    }

    function take(State storage s, uint32 id, uint128 assets) private {
        uint32 market = s.ticket[id].market;
        Payments.receiveFrom(s, Payments.asset(), msg.sender, assets);
        book(s, market, assets, false);
        uint256 left = Recoveries.toTicket(s, id, assets);
        if (left != 0) Recoveries.surplus(s, market, left);
    }

    /// Takes a recovery of a market, for its oldest open tickets (6.1).
    function recoverMarket(uint32 market, uint128 assets, uint32 count) external {
        State storage s = pool();
        if (assets == 0) revert BelowMinimum("payment", assets, 1);
        if (Policies.listing(s, market).adapter == address(0)) revert NoSuchMarket(market);
        Payments.receiveFrom(s, Payments.asset(), msg.sender, assets);
        book(s, market, assets, true);
        Recoveries.assign(s, market, count);
    }

    function book(State storage s, uint32 market, uint128 assets, bool passedOn) private {
        Market storage m = s.markets[market];
        m.unassigned += assets;
        s.unassigned += assets;
        if (passedOn) m.passedOn = uint128(Fixed.min(uint256(m.passedOn) + assets, type(uint128).max));
        emit RecoveryReceived(market, assets, passedOn);
    }

    /// Goes on assigning what a market recovered (6.1, 2.4).
    function assignRecoveries(uint32 market, uint32 count) external {
        State storage s = pool();
        if (Policies.listing(s, market).adapter == address(0)) revert NoSuchMarket(market);
        if (s.markets[market].unassigned == 0) revert NothingToAssign(market);
        Recoveries.assign(s, market, count);
    }

    /// Claims the caller's part of what came back to a class of a tranche (6.2): claim = floor(recovered x balance /
    /// supply) - claimed. The caller names its checkpoint. A pure claim: it moves no time.
    function claimRecovery(uint32 id, uint8 tranche, uint8 class, uint32 checkpoint) external {
        State storage s = pool();
        Tranches.check(s, tranche);
        known(s, id);
        if (class > 1) class = 1;
        uint256 assets = cohortDue(s, id, tranche, class, checkpoint);
        // Nothing is due to a cohort of nobody.
        uint128[8] storage claimed = s.claimed[id][msg.sender];
        uint256 place = 2 * uint256(tranche) + class;
        assets -= claimed[place];
        if (assets == 0) revert NothingToClaim(id);
        claimed[place] += uint128(assets);
        s.assigned -= uint128(assets);
        emit RecoveryClaimed(id, msg.sender, tranche, class, uint128(assets));
        Payments.send(s, msg.sender, assets);
    }

    /// floor(recovered x balance / supply) for the caller's shares in a cohort.
    function cohortDue(State storage s, uint32 id, uint8 tranche, uint8 class, uint32 checkpoint)
        private
        view
        returns (uint256)
    {
        Ticket storage ticket = s.ticket[id];
        Track storage track = class == 0 ? s.active[tranche][msg.sender] : s.queued[tranche][msg.sender];
        Cohort storage cohort = ticket.cohorts[tranche];
        uint256 generation = class == 0 ? cohort.activeGeneration : cohort.queuedGeneration;
        (bool right, uint256 shares) = Holders.sharesAt(track, checkpoint, id, generation);
        if (!right) revert WrongCheckpoint(id, checkpoint);
        uint256 supply = class == 0 ? cohort.activeSupply : cohort.queuedSupply;
        if (supply == 0) return 0;
        return Fixed.mulDivDown(Tickets.classRecovered(ticket, tranche, class), shares, supply);
    }

    /// Claims what came back of a deductible, for the buyer of the policy. A pure claim.
    function claimDeductible(uint32 id) external {
        State storage s = pool();
        Ticket storage ticket = known(s, id);
        if (ticket.buyer != msg.sender) revert NotAuthorised(msg.sender, "buyer");
        uint128 assets = ticket.buyerDue;
        if (assets == 0) revert NothingToClaim(id);
        ticket.buyerDue = 0;
        s.assigned -= assets;
        emit DeductibleClaimed(id, msg.sender, assets);
        Payments.send(s, msg.sender, assets);
    }

    /// Claims a member's part of a ticket: its share of what all members were called for, and its own bond where it
    /// was the sufferer. A pure claim.
    function claimBond(uint32 id, uint32 memberId, uint32 checkpoint) external {
        State storage s = pool();
        Ticket storage ticket = known(s, id);
        if (memberId >= s.members) revert NoSuchBond(memberId);
        Member storage member = s.member[memberId];
        if (member.owner != msg.sender) revert NotAuthorised(msg.sender, "owner of the bond");
        (bool right, uint256 units) = Holders.sharesAt(member.units, checkpoint, id, ticket.mutualGeneration);
        if (!right) revert WrongCheckpoint(id, checkpoint);
        uint256 assets;
        if (ticket.mutualSupply != 0) assets = Fixed.mulDivDown(ticket.recovered.called, units, ticket.mutualSupply);
        if (ticket.member == memberId + 1) assets += ticket.recovered.ownBond;
        assets -= member.claimed[id];
        if (assets == 0) revert NothingToClaim(id);
        member.claimed[id] += assets;
        s.assigned -= uint128(assets);
        emit BondClaimed(id, memberId, uint128(assets));
        Payments.send(s, msg.sender, assets);
    }

    /// Announces a write-off (6.4): after two years without a recovery.
    function announceWriteOff(uint32 id) external {
        State storage s = pool();
        Ticket storage ticket = known(s, id);
        if (!Tickets.isOpen(ticket)) revert TicketClosed(id);
        uint256 from = Tickets.lastRecovery(ticket) + WRITE_OFF_AFTER;
        if (s.time < from) revert WriteOffTooEarly(id, uint64(from));
        ticket.writeOffNotice = s.time;
        emit WriteOffAnnounced(id, s.time);
    }

    /// Writes a ticket off, 90 days after the notice (6.4). Anyone may call; what was credited stays claimable.
    function writeOff(uint32 id) external {
        State storage s = pool();
        Ticket storage ticket = known(s, id);
        if (!Tickets.isOpen(ticket)) revert TicketClosed(id);
        uint256 notice = ticket.writeOffNotice;
        uint256 from = notice == 0 ? type(uint64).max : notice + WRITE_OFF_NOTICE;
        if (s.time < from) revert WriteOffTooEarly(id, uint64(from));
        ticket.writtenOff = true;
        emit WrittenOff(id);
    }

    /// Puts goods received in kind for a ticket up for a falling-price auction (6.3).
    function openLot(uint32 id, bytes32 goods, uint128 start, uint128 floor, uint64 duration) external {
        State storage s = pool();
        known(s, id);
        if (floor == 0 || start < floor || duration < 1 hours || duration > 30 days) revert LotOutOfBounds();
        uint32 lot = s.lots++;
        s.lot[lot] = Lot(start, floor, address(0), s.time, uint32(duration), id, goods);
        emit LotOpened(lot, id, goods, start, floor, duration, s.time);
    }

    /// Buys a lot at its present price (6.3): linear from start to floor, round after round, rounded up. The price is
    /// a recovery of the lot's ticket.
    function buyLot(uint32 id, uint128 priceMax) external {
        State storage s = pool();
        Lot storage lot = s.lot[id];
        if (id >= s.lots || lot.soldTo != address(0)) revert NoSuchLot(id);
        uint256 elapsed = (s.time - lot.opened) % lot.duration;
        uint128 price = lot.start - uint128(Fixed.mulDivDown(lot.start - lot.floor, elapsed, lot.duration));
        if (price > priceMax) revert LotTooDear(price, priceMax);
        lot.soldTo = msg.sender;
        emit LotSold(id, msg.sender, price);
        take(s, lot.ticket, price);
    }

    function known(State storage s, uint32 id) private view returns (Ticket storage) {
        if (id >= s.tickets) revert NoSuchTicket(id);
        return s.ticket[id];
    }
}
