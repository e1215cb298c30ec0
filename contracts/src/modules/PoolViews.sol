// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Exits} from "../Exit.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Latents} from "../Latent.sol";
import {Policies} from "../Policy.sol";
import {Premium} from "../Premium.sol";
import {Sources} from "../Source.sol";
import {pool, State, Class, Tranche, Policy, Market, Listing, Member, Ticket, Cohort, Track} from "../State.sol";
import {Exit, Lot, RuleSet, Layers, Status, PREMIUM_STREAMS, STREAMS} from "../State.sol";
import {Tickets} from "../Ticket.sol";
import {Tranches} from "../Tranche.sol";
import {Streams} from "../Stream.sol";
import {Turns} from "../Turn.sol";

/// What readers ask: the whole pool in one call, and each table by number. Reached through the pool's own address;
/// the pool runs it by delegatecall inside a static call.
contract PoolViews {
    struct TrancheView {
        Class active;
        Class queued;
        uint128 cleared;
        uint32 activeGeneration;
        uint32 queuedGeneration;
        uint256 attachment;
        uint256 exhaustion;
    }

    struct StreamView {
        uint128 rate;
        uint256 carry;
        uint256 unearned;
    }

    struct CoreView {
        uint64 time;
        uint64 due;
        uint64 latestEnd;
        uint64 pausedUntil;
        uint64 pauseFrom;
        uint128 tokens;
        uint128 reserve;
        uint128 fees;
        uint128 bonus;
        uint128 bonds;
        uint128 setAside;
        uint128 assigned;
        uint128 unassigned;
        uint128 required;
        Class mutual;
        uint32 mutualGeneration;
        uint128 boundaryUnqueued;
        uint128 boundaryQueued;
        uint128 boundaryTotal;
        uint32 tickets;
        uint32 exits;
        uint32 policies;
        uint32 members;
        uint32 lots;
        uint8 liveCount;
        uint8 stale;
        uint8 estimates;
        uint8 trancheCount;
        bool onIce;
        bool frozen;
        uint256 booked;
        uint256 feeRemainders;
        TrancheView[4] tranches;
        StreamView[9] streams;
        uint32[16] live;
    }

    struct MarketView {
        address adapter;
        uint64 nonce;
        bool stale;
        bool converts;
        uint8 first;
        uint128 counter;
        uint128 sourceCounter;
        uint128 measured;
        uint128 supplied;
        uint128 recovered;
        uint128 passedOn;
        uint128 rate;
        uint40 rateAt;
        uint32 rateStep;
        uint128 rateInitial;
        uint128 setAside;
        uint128 unassigned;
        address destination;
        uint32 oldestTicket;
        uint32 newestTicket;
        uint128 estimate;
        uint128 lowerTo;
        uint40 expiry;
        uint40 lowerAt;
        uint40 repostFrom;
        bytes32 code;
    }

    struct PolicyView {
        address buyer;
        uint32 startEpoch;
        uint32 endEpoch;
        uint8 termEpochs;
        Status status;
        bool cancelled;
        bool chained;
        uint128 limit;
        uint128 eventLimit;
        uint128 premium;
        uint128 chargeBought;
        uint128 seen;
        uint128 runOffLeft;
        uint32 id;
        uint32 tickets;
        uint32 member;
        uint32 eventEpoch;
        uint24 coinsurance;
        uint256[4] split;
        bytes32 digest;
        uint128 deductibleLeft;
        uint128 bondLeft;
        uint128 bonus;
        uint128 eligibleCum;
        uint128 insuredCum;
        uint128 paidCum;
        /// The window of the event limit, kept where that is below the limit.
        uint128 eventThis;
        uint128 eventPrevious;
        uint128 firstLimit;
        uint32 firstStartEpoch;
        uint40 runOffUntil;
    }

    struct TicketView {
        address buyer;
        uint40 time;
        uint40 lastRecovery;
        bool writtenOff;
        uint32 market;
        uint32 next;
        uint32 member;
        uint32 mutualGeneration;
        uint40 writeOffNotice;
        uint128 mutualSupply;
        uint128 buyerDue;
        Layers lost;
        Layers recovered;
        uint32[4] activeGeneration;
        uint32[4] queuedGeneration;
        uint128[4] queuedLoss;
        uint128[4] activeSupply;
        uint128[4] queuedSupply;
    }

    /// Balances, rates and counts.
    function core() external view returns (CoreView memory v) {
        State storage s = pool();
        v.time = s.time;
        v.due = s.due;
        v.latestEnd = s.latestEnd;
        v.pausedUntil = s.pausedUntil;
        v.pauseFrom = s.pauseFrom;
        v.tokens = s.tokens;
        Premium.Accrual memory earned = Premium.earned(s);
        v.reserve = uint128(Premium.reserve(s));
        v.fees = uint128(s.fees + earned.fee);
        v.bonus = s.bonus;
        v.bonds = s.bonds;
        v.setAside = s.setAside;
        v.assigned = s.assigned;
        v.unassigned = s.unassigned;
        v.required = s.required;
        v.mutual = s.mutual;
        v.mutualGeneration = s.mutualGeneration;
        v.boundaryUnqueued = s.boundaryUnqueued;
        v.boundaryQueued = s.boundaryQueued;
        v.boundaryTotal = s.boundaryTotal;
        v.tickets = s.tickets;
        v.exits = s.exits;
        v.policies = s.policies;
        v.members = s.members;
        v.lots = s.lots;
        v.liveCount = s.liveCount;
        v.stale = s.stale;
        v.estimates = s.estimates;
        v.trancheCount = s.trancheCount;
        v.onIce = Tranches.onIce(s);
        v.frozen = Tranches.frozen(s);
        for (uint256 i; i < v.liveCount; ++i) {
            v.live[i] = s.live[i].id;
        }
        v.booked = uint256(v.reserve) + s.bonus + s.bonds + s.mutual.assets + s.setAside + s.assigned
            + s.unassigned + v.fees;
        uint256 above = v.reserve;
        for (uint256 i; i < 4; ++i) {
            Tranche storage tranche = s.tranches[i];
            Class memory active = Premium.active(s, i);
            Class memory queued = Tranches.queuedOf(s, i);
            uint256 assets = uint256(active.assets) + queued.assets;
            v.tranches[i] = TrancheView(
                active,
                queued,
                tranche.cleared,
                tranche.activeGeneration,
                tranche.queuedGeneration,
                above,
                above + assets
            );
            above += assets;
            v.booked += assets;
        }
        for (uint256 i; i < STREAMS; ++i) {
            (uint256 rate,,) = Streams.at(s, i);
            v.streams[i] = StreamView(uint128(rate), Premium.carryAt(s, i), Turns.unearned(s, i));
            if (i < PREMIUM_STREAMS) v.feeRemainders |= Premium.remainderAt(s, i) << (24 * i);
            v.booked += v.streams[i].unearned;
        }
    }

    /// Active assets and shares of a tranche.
    function activeClass(uint8 tranche) external view returns (Class memory) {
        return Premium.active(pool(), tranche);
    }

    function rules() external view returns (RuleSet memory) {
        return pool().rules;
    }

    /// Rules that wait, and when they act; zero when none do (5.5).
    function pendingRules() external view returns (uint64 acts, RuleSet memory waiting) {
        State storage s = pool();
        return (s.rulesAt, s.pendingRules);
    }

    /// A market. The hash of its adapter's code is that of the code itself: it cannot change.
    function market(uint32 id) external view returns (MarketView memory v) {
        State storage s = pool();
        Market storage m = s.markets[id];
        Listing memory l = Policies.listing(s, id);
        (v.adapter, v.nonce, v.stale, v.converts) = (l.adapter, m.nonce, l.stale, l.converts);
        (v.first, v.oldestTicket, v.newestTicket) = (l.first, l.oldestTicket, m.newestTicket);
        (v.counter, v.sourceCounter) = (m.counter, l.converts ? m.sourceCounter : m.counter);
        (v.measured, v.supplied, v.recovered, v.passedOn) = (m.measured, m.supplied, m.recovered, m.passedOn);
        (v.rate, v.rateAt, v.rateStep, v.rateInitial) = (m.rate, m.rateAt, m.rateStep, m.rateInitial);
        (v.setAside, v.unassigned, v.destination) = (m.setAside, m.unassigned, m.destination);
        (v.estimate, v.lowerTo, v.expiry, v.lowerAt) = (m.estimate, m.lowerTo, m.expiry, m.lowerAt);
        (v.repostFrom, v.code) = (m.repostFrom, l.adapter.codehash);
    }

    /// The adapter of a market, and the source's counter at the last good reading: an adapter whose source fell before
    /// it was noted finds here what it must not go below (4.1).
    function told(uint32 id) external view returns (address adapter, uint128 counter) {
        State storage s = pool();
        Listing storage l = Policies.listing(s, id);
        return (l.adapter, Sources.told(l, s.markets[id]));
    }

    /// Charge, limit left and latent measures of a market's policy in a slot.
    function policy(uint32 id, uint8 slot)
        external
        view
        returns (PolicyView memory v, uint256 charge, uint256 limitLeft)
    {
        State storage s = pool();
        Policy storage p = Policies.inSlot(s.markets[id], Policies.listing(s, id), slot);
        if (p.status == Status.None) return (v, 0, 0);
        (v.buyer, v.startEpoch, v.endEpoch, v.termEpochs) = (p.buyer, p.startEpoch, p.endEpoch, p.termEpochs);
        (v.status, v.cancelled, v.chained) = (p.status, Policies.isCancelled(p), Policies.isChained(p));
        (v.limit, v.eventLimit, v.premium) = (p.limit, uint128(Policies.eventLimitOf(p)), p.premium);
        (v.chargeBought, v.seen, v.runOffLeft) = (p.charge, p.seen, p.runOffLeft);
        (v.id, v.tickets, v.member, v.eventEpoch) = (p.id, p.tickets, p.member, p.eventEpoch);
        (v.coinsurance, v.split, v.digest) = (p.coinsurance, Policies.splitOf(p), p.digest);
        (v.deductibleLeft, v.bondLeft, v.bonus) = (p.deductibleLeft, p.bondLeft, Policies.bonusHeld(p));
        (v.eligibleCum, v.insuredCum, v.paidCum) = (p.eligibleCum, uint128(Policies.insuredCum(p)), p.paidCum);
        (v.eventThis, v.eventPrevious) = (p.eventThis, p.eventPrevious);
        (v.firstLimit, v.firstStartEpoch, v.runOffUntil) = (p.firstLimit, p.firstStartEpoch, p.runOffUntil);
        (charge, limitLeft) = (Policies.chargeDue(p), Policies.limitLeft(p));
    }

    /// A request to leave. What was cleared of one that is void is not kept.
    function exitOf(uint32 id) external view returns (Exit memory exit, bool isVoid) {
        State storage s = pool();
        Exits.Standing memory x = Exits.standing(s, id);
        isVoid = id < s.tranches[x.tranche].voidBelow;
        (exit.owner, exit.tranche, exit.termEpochs) = (x.owner, uint8(x.tranche), uint8(x.termEpochs));
        (exit.cooledAt, exit.deadline) = (uint40(x.cooledAt), uint40(x.cooledAt + x.wait));
        (exit.shares, exit.burned) = (uint128(x.shares), uint128(x.burned));
        (exit.cleared, exit.paid) = (uint128(Exits.clearedOf(s, x)), uint128(x.paid));
    }

    /// A ticket; who held a tranche that lost nothing by it is not kept.
    function ticketOf(uint32 id) external view returns (TicketView memory v) {
        Ticket storage t = pool().ticket[id];
        (v.buyer, v.time, v.lastRecovery, v.writtenOff) = (t.buyer, t.time, Tickets.lastRecovery(t), t.writtenOff);
        (v.market, v.next, v.member, v.mutualGeneration) = (t.market, t.next, t.member, t.mutualGeneration);
        (v.writeOffNotice, v.mutualSupply, v.buyerDue) = (t.writeOffNotice, t.mutualSupply, t.buyerDue);
        (v.lost, v.recovered) = (Tickets.lost(t), t.recovered);
        for (uint256 i; i < 4; ++i) {
            Cohort memory c = t.cohorts[i];
            (v.activeGeneration[i], v.queuedGeneration[i]) = (c.activeGeneration, c.queuedGeneration);
            (v.queuedLoss[i], v.activeSupply[i], v.queuedSupply[i]) = (c.queuedLoss, c.activeSupply, c.queuedSupply);
        }
    }

    function lotOf(uint32 id) external view returns (Lot memory) {
        return pool().lot[id];
    }

    function memberOf(uint32 id) external view returns (address owner, uint64 until, uint128 bond, uint256 units) {
        State storage s = pool();
        Member storage m = s.member[id];
        return (m.owner, m.until, m.bond, Holders.balance(m.units, s.mutualGeneration));
    }

    /// Shares of the present generation, those of them that are unlocked, and queued shares.
    function sharesOf(uint8 tranche, address owner)
        external
        view
        returns (uint256 held, uint256 unlocked, uint256 queued)
    {
        State storage s = pool();
        Tranche storage t = s.tranches[tranche];
        Track storage active = s.active[tranche][owner];
        held = Holders.balance(active, t.activeGeneration);
        unlocked = Holders.unlocked(active, t.activeGeneration, Fixed.epochOf(s.time));
        queued = Holders.balance(s.queued[tranche][owner], t.queuedGeneration);
    }

    /// Checkpoint that a ticket uses, to be passed to a claim (6.2).
    function checkpointFor(uint8 tranche, uint8 class, address owner, uint32 ticket)
        external
        view
        returns (bool found, uint256 index)
    {
        State storage s = pool();
        return Holders.indexFor(class == 0 ? s.active[tranche][owner] : s.queued[tranche][owner], ticket);
    }

    /// The same for the units of a bond.
    function bondCheckpointFor(uint32 member, uint32 ticket) external view returns (bool found, uint256 index) {
        return Holders.indexFor(pool().member[member].units, ticket);
    }

    /// Latent share of a tranche in millionths, with the books as they stand (5.6).
    function latentShare(uint8 tranche) external view returns (uint256) {
        return Latents.share(pool(), tranche, pool().time);
    }
}
