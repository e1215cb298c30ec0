// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../Errors.sol";
import {ExitCleared, ExitPaid, ExitRequested} from "../Events.sol";
import {Exits} from "../Exit.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Payments} from "../Payment.sol";
import {Previews} from "../Preview.sol";
import {pool, State, Tranche, Track, Exit, Class, TRANCHES_MAX} from "../State.sol";
import {Tranches} from "../Tranche.sol";

/// Exits (5): requested at net asset value, cleared in order, paid on demand. A request bears losses and no gains
/// until it is paid, and nobody can freeze, lengthen or reorder it.
contract PoolExits {
    /// Asks to leave with unlocked shares (5.1).
    function requestExit(uint8 index, address owner, uint128 burned) external returns (uint32 id) {
        State storage s = pool();
        Tranches.check(s, index);
        (uint256 shares, uint256 moved) = burn(s, index, owner, burned);
        Exit memory exit = Exit(owner, 0, 0, index, 0, uint128(shares), burned, 0, 0);
        id = enqueue(s, exit, moved);
        emit ExitRequested(
            id, owner, index, burned, exit.shares, uint128(moved), exit.cooledAt, exit.deadline
        );
    }

    /// Takes the shares of a request out of the active class: the queued shares they become, and the assets that
    /// move with them.
    function burn(State storage s, uint8 index, address owner, uint128 burned)
        private
        returns (uint256 shares, uint256 moved)
    {
        bool whole = spend(s, index, owner, burned);
        Tranche storage tranche = s.tranches[index];
        Class memory active = tranche.active;
        uint256 value = Tranches.value(active, burned);
        (shares, moved) = queueShares(tranche.queued, value);
        if (moved == 0) revert MovesNothing();
        if (value < s.rules.exitMin && !whole) revert BelowMinimum("exit", uint128(value), s.rules.exitMin);
        tranche.active = Class(uint128(active.assets - moved), active.shares - burned);
    }

    /// Takes unlocked shares from their owner; true when they were all it had.
    function spend(State storage s, uint8 index, address owner, uint128 burned) private returns (bool whole) {
        Track storage track = s.active[index][owner];
        uint256 generation = s.tranches[index].activeGeneration;
        uint256 free = Holders.unlocked(track, generation, Fixed.epochOf(s.time));
        if (burned == 0 || burned > free) revert NotEnoughShares(burned, uint128(free));
        uint256 held = Holders.balance(track, generation);
        Holders.write(track, held - burned, generation, s.tickets);
        return burned == held;
    }

    /// Puts an exit at the end of its tranche's queue. Its deadline is never before that of the exit ahead (5.2).
    function enqueue(State storage s, Exit memory exit, uint256 moved) private returns (uint32 id) {
        Tranche storage tranche = s.tranches[exit.tranche];
        id = s.exits++;
        Class memory queued = tranche.queued;
        tranche.queued =
            Class(uint128(queued.assets + moved), Fixed.to128(uint256(queued.shares) + exit.shares));
        uint256 cooled = s.time + s.rules.cooldown;
        uint256 deadline = Fixed.max(cooled, s.latestEnd);
        uint256 tail = tranche.tail;
        if (tail != tranche.head) {
            deadline = Fixed.max(deadline, s.exit[Tranches.exitAt(tranche, tail - 1)].deadline);
        }
        exit.cooledAt = uint40(cooled);
        exit.deadline = uint40(deadline);
        exit.termEpochs = s.rules.termEpochsMax;
        s.exit[id] = exit;
        Track storage track = s.queued[exit.tranche][exit.owner];
        Tranches.enqueue(tranche, id, track.lockEpoch);
        track.lockEpoch = uint32(tail + 1);
        uint256 generation = tranche.queuedGeneration;
        Holders.write(track, Holders.balance(track, generation) + exit.shares, generation, s.tickets);
    }

    /// Queued shares minted for `value`, and the assets that move with them, rounded so that the value of no queued
    /// share rises (5.1).
    function queueShares(Class memory queued, uint256 value) private pure returns (uint256 shares, uint256 moved) {
        if (queued.shares == 0) return (value, value);
        shares = Fixed.mulDivDown(value, queued.shares, queued.assets);
        moved = Tranches.value(queued, shares);
    }

    /// Clears exits whose cooldown has passed (5.3), looking at `count` of them.
    function clearExits(uint32 count) external {
        State storage s = pool();
        bool cleared;
        for (; count > 0; --count) {
            (bool found, uint32 id, uint256 shares, bool done) = nextToClear(s);
            if (!found) break;
            Exit storage exit = s.exit[id];
            Tranche storage tranche = s.tranches[exit.tranche];
            exit.cleared += uint128(shares);
            tranche.cleared += uint128(shares);
            if (done) ++tranche.head;
            emit ExitCleared(id, uint128(shares), done);
            cleared = true;
            if (!done) break;
        }
        if (!cleared) revert NothingToClear();
    }

    /// The next exit to clear, how many of its shares, and whether that is all of it.
    ///
    /// A head at its deadline comes first, whatever the capital. Else it is the lowest exit among the heads that the
    /// junior floor alone does not block; where the pool's capital blocks it, nobody overtakes.
    function nextToClear(State storage s) private view returns (bool, uint32, uint256, bool) {
        uint256 t = s.time;
        uint256 none = type(uint256).max;
        uint256 due = none;
        uint256[4] memory heads = [none, none, none, none];
        for (uint256 i; i < s.trancheCount; ++i) {
            Tranche storage tranche = s.tranches[i];
            if (tranche.head == tranche.tail) continue;
            uint256 id = Tranches.exitAt(tranche, tranche.head);
            Exit storage exit = s.exit[id];
            if (t < exit.cooledAt) continue;
            heads[i] = id;
            if (t >= exit.deadline) due = Fixed.min(due, id);
        }
        if (due != none) return (true, uint32(due), s.exit[due].shares - s.exit[due].cleared, true);
        uint256 spare = spareCapital(s);
        while (true) {
            uint256 index;
            for (uint256 i = 1; i < TRANCHES_MAX; ++i) {
                if (heads[i] < heads[index]) index = i;
            }
            uint256 id = heads[index];
            if (id == none) break;
            heads[index] = none;
            uint256 left = s.exit[id].shares - s.exit[id].cleared;
            (bool blocked, uint256 shares) = clearable(s, index, left, spare);
            if (blocked) break;
            if (shares != 0) return (true, uint32(id), shares, shares == left);
        }
        return (false, 0, 0, false);
    }

    /// Shares out of `left` that can clear; `blocked` when the pool's capital admits none. None and not blocked: the
    /// junior floor alone is in the way, and the next head may go.
    function clearable(State storage s, uint256 index, uint256 left, uint256 spare)
        private
        view
        returns (bool blocked, uint256 shares)
    {
        shares = admitted(s, index, left, spare);
        if (shares == 0) return (true, 0);
        return (false, Fixed.min(shares, admitted(s, index, left, floorSpare(s, index))));
    }

    /// Shares out of `left` whose value `spare` allows: all of them, or a part worth at least the smallest item.
    function admitted(State storage s, uint256 index, uint256 left, uint256 spare) private view returns (uint256) {
        Class memory queued = s.tranches[index].queued;
        if (Fixed.mulDivUp(left, queued.assets, queued.shares) <= spare) return left;
        if (spare < s.rules.exitMin) return 0;
        // floor(spare Sq / Aq) shares are worth at most `spare`, also when rounded up.
        return Fixed.min(Fixed.mulDivDown(spare, queued.shares, queued.assets), left);
    }

    /// What the pool holds above its required capital, without what is cleared already (5.3).
    function spareCapital(State storage s) private view returns (uint256) {
        uint256 all = s.reserve;
        uint256 gone = s.required;
        for (uint256 i; i < s.trancheCount; ++i) {
            all += Tranches.assets(s.tranches[i]);
            gone += Tranches.clearedValue(s.tranches[i]);
        }
        return Fixed.saturatingSub(all, gone);
    }

    /// What tranche 0 holds above the junior floor; no bound for the others.
    function floorSpare(State storage s, uint256 index) private view returns (uint256) {
        if (index != 0) return type(uint128).max;
        Tranche storage junior = s.tranches[0];
        uint256 gone = Fixed.partUp(s.required, s.rules.juniorFloor) + Tranches.clearedValue(junior);
        return Fixed.saturatingSub(Tranches.assets(junior), gone);
    }

    /// Pays a cleared exit to its owner, in any order (5.4): at most what latent losses leave of what is cleared.
    function claimExit(uint32 id) external returns (uint128 paid) {
        State storage s = pool();
        if (id >= s.exits) revert NoSuchExit(id);
        Exit storage exit = s.exit[id];
        if (exit.owner != msg.sender) revert NotTheLeaver(id);
        if (id < s.tranches[exit.tranche].voidBelow) revert ExitVoid(id);
        uint256 shares = Exits.due(s, exit, s.time);
        if (shares == 0) revert NothingToPay(id);
        paid = uint128(pay(s, id, exit, shares));
        Payments.send(s, msg.sender, paid);
    }

    /// Pays cleared shares of an owner's exits in a tranche, oldest first, to a receiver (5.4, ERC-7540): burned
    /// shares if `shares` says how many, else what comes to exactly `assets`. Returns both.
    function redeemExits(uint8 index, address owner, address receiver, uint128 shares, uint128 assets)
        external
        returns (uint128, uint128)
    {
        State storage s = pool();
        (uint256[] memory places, uint256 next) = Exits.open(s, index, owner);
        Redeemed memory r = Redeemed(shares, assets, 0, 0);
        for (uint256 i = places.length; i > 0 && r.sharesLeft | r.assetsLeft != 0; --i) {
            redeem(s, Tranches.exitAt(s.tranches[index], places[i - 1]), r);
        }
        if (r.sharesLeft != 0) revert NotEnoughShares(shares, uint128(r.shares));
        if (r.assetsLeft != 0) revert NotEnoughAssets(assets, uint128(r.assets));
        Exits.prune(s, index, owner, places, next);
        Payments.send(s, receiver, r.assets);
        return (uint128(r.shares), uint128(r.assets));
    }

    /// What a redemption has yet to find, and what it found.
    struct Redeemed {
        uint256 sharesLeft;
        uint256 assetsLeft;
        uint256 shares;
        uint256 assets;
    }

    /// Takes what one exit can give to a redemption.
    function redeem(State storage s, uint32 id, Redeemed memory r) private {
        Exit storage exit = s.exit[id];
        uint256 due = Exits.due(s, exit, s.time);
        if (due == 0) return;
        uint256 before = Exits.redeemed(s, id, exit);
        uint256 all = Exits.burnedFor(exit, exit.paid + due);
        uint256 taken = all - before;
        uint256 queued = due;
        if (r.sharesLeft != 0) {
            if (taken == 0) return;
            if (taken > r.sharesLeft) {
                taken = r.sharesLeft;
                queued = Fixed.mulDivDown(before + taken, exit.shares, exit.burned);
                queued = Fixed.saturatingSub(queued, exit.paid);
            }
            r.sharesLeft -= taken;
        } else {
            Class memory class = s.tranches[exit.tranche].queued;
            if (Tranches.value(class, due) > r.assetsLeft) {
                // Comes to the very amount, because a queued share is never worth more than one asset (5.1).
                queued = Fixed.mulDivUp(r.assetsLeft, class.shares, class.assets);
                taken = Exits.burnedFor(exit, exit.paid + queued) - before;
            }
        }
        uint256 assets = queued == 0 ? 0 : pay(s, id, exit, queued);
        r.assetsLeft = Fixed.saturatingSub(r.assetsLeft, assets);
        r.shares += taken;
        r.assets += assets;
        uint256 loose = Fixed.saturatingSub(before + taken, Exits.burnedFor(exit, exit.paid));
        if (s.loose[id] != loose) s.loose[id] = loose;
    }

    /// Takes queued shares of an exit out of the books: what its owner receives.
    function pay(State storage s, uint32 id, Exit storage exit, uint256 shares) private returns (uint256 assets) {
        Tranche storage tranche = s.tranches[exit.tranche];
        Class memory queued = tranche.queued;
        uint256 dust;
        (assets, dust) = Tranches.redeem(queued, shares);
        exit.paid += uint128(shares);
        tranche.cleared -= uint128(shares);
        tranche.queued = Class(uint128(queued.assets - assets - dust), uint128(queued.shares - shares));
        if (dust != 0) s.reserve += uint128(dust);
        Track storage track = s.queued[exit.tranche][exit.owner];
        uint256 generation = tranche.queuedGeneration;
        Holders.write(track, Holders.balance(track, generation) - shares, generation, s.tickets);
        emit ExitPaid(id, uint128(shares), uint128(assets), uint128(dust));
    }

    // ---------------------------------------------------------------- what share tokens ask

    /// Active assets and shares of a tranche with the premium earned by now: what a deposit in this second meets if no
    /// loss is read.
    function accruedClass(uint8 tranche) external view returns (Class memory) {
        return Previews.activeClass(pool(), tranche, block.timestamp);
    }

    /// Most assets that a deposit in this second may bring (ERC-4626).
    function depositMost(uint8 tranche) external view returns (uint256) {
        return Previews.depositMost(pool(), tranche, block.timestamp);
    }

    /// What a request still waits for and what can be claimed of it in this second, both in the active shares that
    /// were burned for it (ERC-7540).
    function requestOf(uint32 id) external view returns (uint256 pending, uint256 claimable) {
        return Exits.request(pool(), id, block.timestamp);
    }

    /// Most burned shares and most assets that an owner can claim in one call in this second (ERC-7540).
    function claimableOf(uint8 tranche, address owner) external view returns (uint256 shares, uint256 assets) {
        return Exits.claimable(pool(), tranche, owner, block.timestamp);
    }
}
