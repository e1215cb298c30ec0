// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Latents} from "../Latent.sol";
import {Policies} from "../Policy.sol";
import {Premium} from "../Premium.sol";
import {pool, State, Class, Tranche, Policy, Market, Member, Ticket, Track, Exit, Lot, RuleSet} from "../State.sol";
import {Layers, Status, STREAMS} from "../State.sol";
import {Tickets} from "../Ticket.sol";
import {Tranches} from "../Tranche.sol";

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

    /// Balances, rates and counts.
    function core() external view returns (CoreView memory v) {
        State storage s = pool();
        v.time = s.time;
        v.due = s.due;
        v.latestEnd = s.latestEnd;
        v.pausedUntil = s.pausedUntil;
        v.pauseFrom = s.pauseFrom;
        v.tokens = s.tokens;
        v.reserve = s.reserve;
        v.fees = s.fees;
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
        v.feeRemainders = s.feeRemainders;
        v.live = s.live;
        v.booked = uint256(s.reserve) + s.bonus + s.bonds + s.mutual.assets + s.setAside + s.assigned
            + s.unassigned + s.fees;
        uint256 above = s.reserve;
        for (uint256 i; i < 4; ++i) {
            Tranche storage tranche = s.tranches[i];
            uint256 assets = Tranches.assets(tranche);
            v.tranches[i] = TrancheView(
                tranche.active,
                tranche.queued,
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
            v.streams[i] = StreamView(s.streams[i].rate, Premium.carryAt(s, i, s.time), Premium.unearned(s, i));
            v.booked += v.streams[i].unearned;
        }
    }

    /// Active assets and shares of a tranche.
    function activeClass(uint8 tranche) external view returns (Class memory) {
        return pool().tranches[tranche].active;
    }

    function rules() external view returns (RuleSet memory) {
        return pool().rules;
    }

    /// Rules that wait, and when they act; zero when none do (5.5).
    function pendingRules() external view returns (uint64 acts, RuleSet memory waiting) {
        State storage s = pool();
        return (s.rulesAt, s.pendingRules);
    }

    /// A market, its older policy and its successor.
    function market(uint32 id) external view returns (Market memory) {
        return pool().markets[id];
    }

    /// The adapter of a market, and the source's counter at the last good reading: an adapter whose source fell before
    /// it was noted finds here what it must not go below (4.1).
    function told(uint32 id) external view returns (address adapter, uint128 counter) {
        Market storage m = pool().markets[id];
        return (m.adapter, m.sourceCounter);
    }

    /// Charge, limit left and latent measures of a market's policy in a slot.
    function policy(uint32 id, uint8 slot)
        external
        view
        returns (Policy memory p, uint256 charge, uint256 limitLeft)
    {
        Policy storage stored = Policies.inSlot(pool().markets[id], slot);
        return (stored, Policies.chargeDue(stored), Policies.limitLeft(stored));
    }

    function exitOf(uint32 id) external view returns (Exit memory exit, bool isVoid) {
        State storage s = pool();
        exit = s.exit[id];
        isVoid = id < s.tranches[exit.tranche].voidBelow;
    }

    function ticketOf(uint32 id) external view returns (Ticket memory) {
        return pool().ticket[id];
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
