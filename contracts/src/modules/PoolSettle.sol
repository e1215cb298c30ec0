// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NoSuchMarket, NothingSetAside} from "../Errors.sol";
import {Booking, BonusForfeited, OwnBondUsed, SetOff, TicketBooked} from "../Events.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Latents} from "../Latent.sol";
import {Payments} from "../Payment.sol";
import {Claim, Policies} from "../Policy.sol";
import {Premium} from "../Premium.sol";
import {Recoveries} from "../Recovery.sol";
import {pool, State, Market, Listing, Policy, Ticket, Cohort, Tranche, Member, Class, Layers} from "../State.sol";
import {Tickets} from "../Ticket.sol";
import {Tranches} from "../Tranche.sol";
import {Waterfall} from "../Waterfall.sol";

/// Settlement (4): books what the readings brought, in one pass, before anything else a command does. A loss is
/// fixed to the moment it is read; every unit of capital at risk then shares it.
contract PoolSettle {
    /// The losses of one sync, each assessed before any layer is asked (4.4), and what the layers give to each.
    struct Work {
        uint256 count;
        uint32[] markets;
        /// Place of each market in the list of live ones.
        uint256[] places;
        uint256[] slots;
        Claim[] claims;
        uint256[] owed;
        uint256[] reserve;
        uint256[][4] tranches;
        uint256[][4] queued;
        uint256[] own;
        uint256[] called;
        uint256[] paid;
        uint256[4] active;
        Class[4] queue;
        /// What the reserve has left.
        uint256 left;
    }

    /// Books and pays all there is (1.4 step 3), then closes classes (step 4). The pool runs it by delegatecall when a
    /// market's books changed or a class may have to close.
    function settle() external {
        State storage s = pool();
        Work memory w = losses(s);
        if (w.count != 0) book(s, w);
        Tranches.closeClasses(s);
    }

    /// Sends what is set aside for a market to its destination (4.5).
    function payMarket(uint32 market) external {
        State storage s = pool();
        address adapter = Policies.listing(s, market).adapter;
        if (adapter == address(0)) revert NoSuchMarket(market);
        if (Payments.payMarket(s, market, adapter, 0) == 0) revert NothingSetAside(market);
    }

    /// What each policy in force has to book (4.3): nothing below the smallest ticket.
    function losses(State storage s) private view returns (Work memory w) {
        uint256 most = 2 * uint256(s.liveCount);
        w.markets = new uint32[](most);
        w.places = new uint256[](most);
        w.slots = new uint256[](most);
        w.claims = new Claim[](most);
        uint256 t = s.time;
        uint256 least = s.rules.ticketMin;
        for (uint256 i; i < s.liveCount; ++i) {
            Listing storage l = s.live[i];
            if (l.stale) continue;
            uint32 id = l.id;
            Market storage m = s.markets[id];
            for (uint256 slot; slot < 2; ++slot) {
                Policy storage p = Policies.inSlot(m, l, slot);
                if (!Policies.inForce(p, t)) continue;
                uint256 gross = Policies.gross(p, m.counter);
                if (gross < least) continue;
                w.markets[w.count] = id;
                w.places[w.count] = i;
                w.slots[w.count] = slot;
                w.claims[w.count++] = Policies.claim(p, s.rules, gross, t);
            }
        }
    }

    function book(State storage s, Work memory w) private {
        forfeitBonuses(s, w);
        w.owed = new uint256[](w.count);
        w.paid = new uint256[](w.count);
        for (uint256 k; k < w.count; ++k) {
            w.owed[k] = w.claims[k].owed;
        }
        uint256 reserve;
        (reserve, w.active) = Premium.layers(s);
        w.left = reserve;
        (w.reserve,) = Waterfall.pour(reserve, w.owed);
        for (uint256 i; i < s.trancheCount; ++i) {
            Class memory queued = Tranches.queuedOf(s, i);
            w.queue[i] = queued;
            uint256 taken;
            (w.tranches[i], taken) = Waterfall.pour(w.active[i] + queued.assets, w.owed);
            w.queued[i] = Waterfall.cumulativeSplit(
                Tranches.queuedPart(queued.assets, w.active[i], taken), w.tranches[i], taken
            );
        }
        call(s, w);
        uint32 first = s.tickets;
        for (uint256 k; k < w.count; ++k) {
            ticket(s, w, k);
        }
        for (uint256 k; k < w.count; ++k) {
            uint256 owed = w.paid[k];
            while (k + 1 < w.count && w.markets[k + 1] == w.markets[k]) owed += w.paid[++k];
            pay(s, w.markets[k], s.live[w.places[k]], first, owed);
        }
    }

    /// At the first ticket the no-claims bonus goes to the reserve, before the waterfall runs (3.7).
    function forfeitBonuses(State storage s, Work memory w) private {
        for (uint256 k; k < w.count; ++k) {
            Policy storage p = policyOf(s, w, k);
            uint128 bonus = Policies.bonusHeld(p);
            if (bonus == 0) continue;
            Policies.dropBonus(p);
            s.bonus -= bonus;
            emit BonusForfeited(w.markets[k], uint8(w.slots[k]), bonus, uint128(Premium.reserve(s)));
            Premium.give(s, bonus);
        }
    }

    /// Calls the mutual layer for what reserve and tranches could not pay (7.1): own bonds first, in ascending order
    /// of market, then all members, each loss at most a multiple of the sufferer's own bond at its start.
    function call(State storage s, Work memory w) private {
        w.own = new uint256[](w.count);
        uint256[] memory wanted = new uint256[](w.count);
        for (uint256 k; k < w.count; ++k) {
            uint32 member = policyOf(s, w, k).member;
            if (member == 0 || w.owed[k] == 0) continue;
            Member storage m = s.member[member - 1];
            w.own[k] = useOwn(s, member - 1, m, w.owed[k]);
            w.owed[k] -= w.own[k];
            // A multiple beyond 128 bits bounds nothing.
            wanted[k] = Fixed.min(w.owed[k], uint256(m.bond) * s.rules.mutualMultiple / Fixed.MILLION);
        }
        (w.called,) = Waterfall.pour(s.members == 0 ? 0 : s.mutual.assets, wanted);
        for (uint256 k; k < w.count; ++k) {
            w.owed[k] -= w.called[k];
        }
    }

    function policyOf(State storage s, Work memory w, uint256 k) private view returns (Policy storage) {
        return Policies.inSlot(s.markets[w.markets[k]], s.live[w.places[k]], w.slots[k]);
    }

    /// Uses a sufferer's own bond: x = min(need, own value), burning ceil(x U / M) units.
    function useOwn(State storage s, uint32 id, Member storage m, uint256 need) private returns (uint256 assets) {
        Class memory layer = s.mutual;
        uint256 held = Holders.balance(m.units, s.mutualGeneration);
        if (held == 0 || layer.assets == 0) return 0;
        assets = Fixed.min(need, Tranches.value(layer, held));
        if (assets == 0) return 0;
        uint256 units = Fixed.mulDivUp(assets, layer.shares, layer.assets);
        // The balance before the burn is what older tickets see.
        Holders.write(m.units, held - units, s.mutualGeneration, s.tickets);
        s.mutual = Class(uint128(layer.assets - assets), uint128(layer.shares - units));
        emit OwnBondUsed(id, uint128(assets), uint128(units));
    }

    /// Books one ticket (4.6).
    function ticket(State storage s, Work memory w, uint256 k) private {
        Claim memory c = w.claims[k];
        Market storage m = s.markets[w.markets[k]];
        Policy storage p = policyOf(s, w, k);
        uint32 id = s.tickets++;
        Ticket storage record = s.ticket[id];
        Booking memory b;
        b.slot = uint8(w.slots[k]);
        b.policy = p.id;
        b.counter = m.counter;
        b.evidence = p.digest;
        b.gross = uint128(c.gross);
        b.overLimit = uint128(c.overLimit);
        b.residual = uint128(c.unpaid + w.owed[k]);
        b.supplied = m.supplied;
        holdings(s, w, b.held);
        b.lost = lost(s, w, k, record, b.queuedLoss);
        w.left -= b.lost.reserve;
        b.haircut = haircut(uint256(b.lost.coinsured) + b.lost.uncovered, b.supplied);
        record.buyer = p.buyer;
        record.time = s.time;
        record.market = w.markets[k];
        if (p.member != 0) record.member = p.member;
        if (b.lost.called != 0) {
            record.mutualGeneration = s.mutualGeneration;
            record.mutualSupply = s.mutual.shares;
            s.mutual.assets -= b.lost.called;
        }
        Premium.take(s, b.lost.reserve);
        if (b.lost.deductible != 0) s.bonds -= b.lost.deductible;
        w.paid[k] = Tickets.total(b.lost) - b.lost.coinsured - b.lost.uncovered;
        chain(s, s.live[w.places[k]], m, id);
        b.limitLeft = Policies.limitLeft(p) << 128;
        b.required = uint256(s.required) << 128;
        Policies.book(s, p, c, s.time);
        b.limitLeft |= Policies.limitLeft(p);
        b.required |= s.required;
        emit TicketBooked(id, w.markets[k], b);
        lowerEstimate(s, m, w.markets[k], c.gross);
    }

    /// What the reserve and the tranches hold before a ticket.
    function holdings(State storage s, Work memory w, uint128[5] memory held) private view {
        held[0] = uint128(w.left);
        for (uint256 i; i < s.trancheCount; ++i) {
            held[i + 1] = uint128(w.active[i] + w.queue[i].assets);
        }
    }

    /// Puts a ticket behind the last one of its market.
    function chain(State storage s, Listing storage l, Market storage m, uint32 id) private {
        if (l.oldestTicket == 0) l.oldestTicket = id + 1;
        if (m.newestTicket != 0) s.ticket[m.newestTicket - 1].next = id + 1;
        m.newestTicket = id + 1;
    }

    /// Who bore how much of loss k, taken from the tranches and kept in its record.
    function lost(State storage s, Work memory w, uint256 k, Ticket storage record, uint128[4] memory queuedLoss)
        private
        returns (Layers memory l)
    {
        Claim memory c = w.claims[k];
        l.deductible = uint128(c.deductible);
        l.coinsured = uint128(c.coinsured);
        l.reserve = uint128(w.reserve[k]);
        l.ownBond = uint128(w.own[k]);
        l.called = uint128(w.called[k]);
        l.uncovered = Fixed.to128(c.overLimit + c.unpaid + w.owed[k]);
        for (uint256 i; i < s.trancheCount; ++i) {
            uint128 part = uint128(w.tranches[i][k]);
            if (part == 0) continue;
            uint128 queued = uint128(w.queued[i][k]);
            (l.tranches[i], queuedLoss[i]) = (part, queued);
            suffer(s.tranches[i], record.cohorts[i], part, queued, w.queue[i]);
            w.active[i] -= part - queued;
        }
        Tickets.write(record, l);
    }

    /// Takes a loss from a tranche, and records who held it.
    function suffer(Tranche storage tranche, Cohort storage cohort, uint128 part, uint128 queued, Class memory queue)
        private
    {
        (cohort.lost, cohort.queuedLoss) = (part, queued);
        (cohort.activeSupply, cohort.queuedSupply) = (tranche.active.shares, queue.shares);
        (uint32 activeGeneration, uint32 queuedGeneration) = (tranche.activeGeneration, tranche.queuedGeneration);
        if (activeGeneration | queuedGeneration != 0) {
            (cohort.activeGeneration, cohort.queuedGeneration) = (activeGeneration, queuedGeneration);
        }
        unchecked {
            // The class holds it, with what it earned since the anchor.
            if (part != queued) tranche.active.assets -= part - queued;
        }
        if (queued != 0) {
            queue.assets -= queued;
            tranche.queued.assets = queue.assets;
        }
    }

    /// Haircut of lenders in millionths, rounded up and at most the whole; zero when the supply is unknown (4.6).
    function haircut(uint256 borne, uint256 supplied) private pure returns (uint32) {
        if (supplied == 0) return 0;
        return uint32(Fixed.min((borne * Fixed.MILLION + supplied - 1) / supplied, Fixed.MILLION));
    }

    /// A booked loss lowers its market's estimate one for one (5.6).
    function lowerEstimate(State storage s, Market storage m, uint32 id, uint256 gross) private {
        if (s.estimates == 0 || m.expiry == 0) return;
        uint256 to = Fixed.saturatingSub(m.estimate, gross);
        if (to == 0) Latents.close(s, id, 0);
        else Latents.fall(s, id, to);
    }

    /// Sends what the layers paid to a market (4.5), after setting off what its source recovered on losses booked
    /// before and kept (6.1).
    function pay(State storage s, uint32 id, Listing storage l, uint32 first, uint256 owed) private {
        Market storage m = s.markets[id];
        uint256 oldest = l.oldestTicket;
        address adapter = l.adapter;
        uint128 kept = uint128(Fixed.saturatingSub(m.recovered, m.passedOn));
        if (kept != 0) kept = uint128(Fixed.min(kept, m.setAside + owed));
        if (kept != 0 && oldest != 0 && oldest - 1 < first) {
            if (kept > owed) {
                m.setAside -= uint128(kept - owed);
                s.setAside -= uint128(kept - owed);
                owed = 0;
            } else {
                owed -= kept;
            }
            m.unassigned += kept;
            s.unassigned += kept;
            m.passedOn = uint128(Fixed.min(uint256(m.passedOn) + kept, type(uint128).max));
            emit SetOff(id, kept);
            Recoveries.assign(s, id, Recoveries.ASSIGN_IN_SYNC);
        }
        Payments.payMarket(s, id, adapter, owed);
    }
}
