// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BelowMinimum, MovesNothing, NotEnoughShares} from "./Errors.sol";
import {ExitRequested} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {Holders} from "./Holder.sol";
import {Premium} from "./Premium.sol";
import {State, Class, Request, Track, Tranche, PAID_PART, PAID_ALL} from "./State.sol";
import {Tranches} from "./Tranche.sol";

/// Exits (5): requested at net asset value. A request bears losses and no gains until it is paid. What is cleared of it
/// follows from its place in the queue, so that clearing writes nothing to the exit itself.
library Exits {
    /// Asks to leave with unlocked shares (5.1).
    function request(State storage s, uint8 index, address owner, uint128 burned) internal returns (uint32 id) {
        (uint256 shares, uint256 moved) = burn(s, index, owner, burned);
        uint256 cooled;
        uint256 deadline;
        (id, cooled, deadline) = enqueue(s, index, owner, shares);
        emit ExitRequested(
            id, owner, index, burned, uint128(shares), uint128(moved), uint64(cooled), uint64(deadline)
        );
    }

    /// Takes the shares of a request out of the active class and puts those that they become into the queued one, with
    /// the assets that move with them.
    function burn(State storage s, uint8 index, address owner, uint128 burned)
        private
        returns (uint256 shares, uint256 moved)
    {
        bool whole = spend(s, index, owner, burned);
        Tranche storage tranche = s.tranches[index];
        Class memory active = Premium.active(s, index);
        Class memory queued = Tranches.queuedOf(tranche);
        uint256 value = Tranches.value(active, burned);
        (shares, moved) = queueShares(queued, value);
        if (moved == 0) revert MovesNothing();
        if (!whole) {
            uint128 least = s.rules.exitMin;
            if (value < least) revert BelowMinimum("exit", uint128(value), least);
        }
        queued = Class(uint128(queued.assets + moved), Fixed.to128(queued.shares + shares));
        unchecked {
            // `moved` is part of what the class has, with what it earned since the anchor.
            (active.assets, active.shares) = (active.assets - uint128(moved), active.shares - burned);
            tranche.active = Class(tranche.active.assets - uint128(moved), active.shares);
        }
        Tranches.setQueued(tranche, queued.assets, queued.shares);
        if (Tranches.mustClose(active) || Tranches.mustClose(queued)) s.closing = true;
    }

    /// Takes unlocked shares from their owner; true when they were all it had.
    function spend(State storage s, uint8 index, address owner, uint128 burned) private returns (bool whole) {
        Track storage track = s.active[index][owner];
        uint256 generation = s.tranches[index].activeGeneration;
        uint256 free = Holders.unlocked(track, generation, Fixed.epochOf(s.time));
        if (burned == 0 || burned > free) revert NotEnoughShares(burned, uint128(free));
        uint256 held = track.balance;
        Holders.write(track, held - burned, generation, s.tickets);
        return burned == held;
    }

    /// Puts an exit at the end of its tranche's queue. Its deadline is never before that of the exit ahead (5.2).
    function enqueue(State storage s, uint8 index, address owner, uint256 shares)
        private
        returns (uint32 id, uint256 cooled, uint256 deadline)
    {
        Tranche storage tranche = s.tranches[index];
        id = s.exits++;
        cooled = s.time + uint256(s.rules.cooldown);
        deadline = Fixed.max(cooled, s.latestEnd);
        if (tranche.tail != tranche.head) deadline = Fixed.max(deadline, tranche.tailDeadline);
        Tranches.enqueue(tranche, id, deadline);
        // Cooldowns end after a year, policies after less than five: the wait is far below 32 bits.
        uint256 word = shares | cooled << 160 | (deadline - cooled) << 200 | uint256(index) << 232;
        word |= uint256(s.rules.termEpochsMax) << 240;
        word |= queue(s, s.queued[index][owner], owner, shares, tranche.queuedGeneration) << 128;
        store(s.exit[id], word);
    }

    /// Gives queued shares to who leaves; its number.
    function queue(State storage s, Track storage track, address owner, uint256 shares, uint256 generation)
        private
        returns (uint256 leaver)
    {
        leaver = track.tag;
        if (leaver == 0) {
            leaver = ++s.leavers;
            s.leaver[leaver] = owner;
        }
        Holders.put(track, Holders.balance(track, generation) + shares, generation, s.tickets, leaver);
    }

    /// Queued shares minted for `value`, and the assets that move with them, rounded so that the value of no queued
    /// share rises (5.1).
    function queueShares(Class memory queued, uint256 value) private pure returns (uint256 shares, uint256 moved) {
        if (queued.shares == 0) return (value, value);
        shares = Fixed.mulDivDown(value, queued.shares, queued.assets);
        moved = Tranches.value(queued, shares);
    }

    /// Writes a request, its one slot at once: members as `load` reads them.
    function store(Request storage exit, uint256 word) private {
        assembly ("memory-safe") {
            sstore(exit.slot, word)
        }
    }

    /// Reads a request, its one slot at once.
    function load(State storage s, uint256 id) internal view returns (Request memory exit) {
        Request storage stored = s.exit[id];
        uint256 word;
        assembly ("memory-safe") {
            word := sload(stored.slot)
        }
        exit.shares = uint128(word);
        exit.leaver = uint32(word >> 128);
        exit.cooledAt = uint40(word >> 160);
        exit.wait = uint32(word >> 200);
        exit.tranche = uint8(word >> 232);
        exit.termEpochs = uint8(word >> 240);
        exit.paid = uint8(word >> 248);
    }

    /// Shares of an exit that are cleared: all of them before the head of its queue, none behind it. Of one that is
    /// void nothing is said.
    function clearedOf(State storage s, uint256 id, Request memory exit) internal view returns (uint256) {
        Tranche storage tranche = s.tranches[exit.tranche];
        if (tranche.head == tranche.tail || id < tranche.headExit) return exit.shares;
        return id == tranche.headExit ? tranche.headCleared : 0;
    }

    /// Shares of an exit that are paid.
    function paidOf(State storage s, uint256 id, Request memory exit) internal view returns (uint256) {
        if (exit.paid == PAID_ALL) return exit.shares;
        return exit.paid == PAID_PART ? s.paidPart[id] : 0;
    }
}
