// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../Errors.sol";
import {ExitCleared, ExitPaid} from "../Events.sol";
import {Exits} from "../Exit.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Payments} from "../Payment.sol";
import {Premium} from "../Premium.sol";
import {Previews} from "../Preview.sol";
import {pool, State, Tranche, Track, Class, CLOSING, TRANCHES_MAX} from "../State.sol";
import {Tranches} from "../Tranche.sol";

/// Exits (5) that were requested (`Exits`): cleared in order, paid on demand. Nobody can freeze, lengthen or reorder one.
/// Here is as well what share tokens ask, each with the books as this second would find them: the pool runs those
/// questions as it runs `PoolViews`.
contract PoolExits {
    /// Clears exits whose cooldown has passed (5.3), looking at `count` of them.
    function clearExits(uint32 count) external {
        State storage s = pool();
        bool cleared;
        for (; count > 0; --count) {
            Next memory next = nextToClear(s);
            if (!next.found) break;
            Tranche storage tranche = s.tranches[next.tranche];
            uint128 before = tranche.cleared;
            tranche.cleared = before + uint128(next.shares);
            if (next.done) {
                if (tranche.headCleared != 0) tranche.headCleared = 0;
                uint32 head = tranche.head + 1;
                if (head != tranche.tail) tranche.headExit = Tranches.exitAt(tranche, head);
                tranche.head = head;
            } else {
                tranche.headCleared += uint128(next.shares);
            }
            emit ExitCleared(uint32(next.id), uint128(next.shares), next.done, before);
            cleared = true;
            if (!next.done) break;
        }
        if (!cleared) revert NothingToClear();
    }

    /// An exit to clear: how many of its shares, and whether that is all of it.
    struct Next {
        bool found;
        bool done;
        uint256 id;
        uint256 tranche;
        uint256 shares;
    }

    /// The next exit to clear.
    ///
    /// A head at its deadline comes first, whatever the capital. Else it is the lowest exit among the heads that the
    /// junior floor alone does not block; where the pool's capital blocks it, nobody overtakes.
    function nextToClear(State storage s) private view returns (Next memory next) {
        uint256 t = s.time;
        uint256 none = type(uint256).max;
        next.id = none;
        uint256[4] memory heads = [none, none, none, none];
        uint256[4] memory left;
        for (uint256 i; i < s.trancheCount; ++i) {
            if (!Tranches.isLeaving(s, i)) continue;
            Tranche storage tranche = s.tranches[i];
            if (tranche.head == tranche.tail) continue;
            uint256 id = tranche.headExit;
            (uint256 shares, uint256 cooledAt, uint256 wait) = Exits.head(s, id);
            if (t < cooledAt) continue;
            shares -= tranche.headCleared;
            (heads[i], left[i]) = (id, shares);
            if (t >= cooledAt + wait && id < next.id) {
                next.found = true;
                next.done = true;
                next.id = id;
                next.tranche = i;
                next.shares = shares;
            }
        }
        if (next.found) return next;
        Spare memory spare;
        for (uint256 round; round < TRANCHES_MAX; ++round) {
            uint256 index;
            for (uint256 i = 1; i < TRANCHES_MAX; ++i) {
                if (heads[i] < heads[index]) index = i;
            }
            uint256 id = heads[index];
            if (id == none) break;
            heads[index] = none;
            if (round == 0) spare = spareCapital(s);
            // Where the pool's capital admits none, nobody overtakes; where the junior floor alone is in the way, the
            // next head may go.
            uint256 shares = admitted(s, index, left[index], spare.all);
            if (shares == 0) break;
            if (index == 0) shares = Fixed.min(shares, admitted(s, 0, left[0], spare.junior));
            if (shares != 0) {
                next.found = true;
                next.done = shares == left[index];
                next.id = id;
                next.tranche = index;
                next.shares = shares;
                return next;
            }
        }
    }

    /// What the pool holds above its required capital, without what is cleared already (5.3), and what tranche 0 holds
    /// above the junior floor.
    struct Spare {
        uint256 all;
        uint256 junior;
    }

    /// Shares out of `left` whose value `spare` allows: all of them, or a part worth at least the smallest item.
    function admitted(State storage s, uint256 index, uint256 left, uint256 spare) private view returns (uint256) {
        Class memory queued = Tranches.queuedOf(s, index);
        if (Fixed.mulDivUp(left, queued.assets, queued.shares) <= spare) return left;
        if (spare < s.rules.exitMin) return 0;
        // floor(spare Sq / Aq) shares are worth at most `spare`, also when rounded up.
        return Fixed.min(Fixed.mulDivDown(spare, queued.shares, queued.assets), left);
    }

    function spareCapital(State storage s) private view returns (Spare memory spare) {
        (uint256 all, uint256[4] memory active) = Premium.layers(s);
        uint256 gone = s.required;
        uint256 floor = Fixed.partUp(gone, s.rules.juniorFloor);
        uint256 count = s.trancheCount;
        unchecked {
            // A few amounts: far below 256 bits.
            for (uint256 i; i < count; ++i) {
                uint256 assets = active[i];
                uint256 cleared;
                if (Tranches.isLeaving(s, i)) {
                    Class memory queued = Tranches.queuedOf(s, i);
                    assets += queued.assets;
                    cleared = Tranches.clearedValue(s.tranches[i], queued);
                }
                all += assets;
                gone += cleared;
                if (i == 0) spare.junior = Fixed.saturatingSub(assets, floor + cleared);
            }
        }
        spare.all = Fixed.saturatingSub(all, gone);
    }

    /// Pays a cleared exit to its owner, in any order (5.4): at most what latent losses leave of what is cleared.
    function claimExit(uint32 id) external returns (uint128 paid) {
        State storage s = pool();
        if (id >= s.exits) revert NoSuchExit(id);
        Exits.Standing memory x = Exits.standing(s, id);
        if (x.owner != msg.sender) revert NotTheLeaver(id);
        if (id < s.tranches[x.tranche].voidBelow) revert ExitVoid(id);
        uint256 shares = Exits.due(s, x, s.time);
        if (shares == 0) revert NothingToPay(id);
        paid = uint128(pay(s, x, shares));
        Exits.setPaid(s, x);
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
        Exits.Standing memory x = Exits.standing(s, id);
        uint256 due = Exits.due(s, x, s.time);
        if (due == 0) return;
        uint256 before = Exits.redeemed(x);
        uint256 taken = Exits.burnedFor(x, x.paid + due) - before;
        uint256 queued = due;
        if (r.sharesLeft != 0) {
            if (taken == 0) return;
            if (taken > r.sharesLeft) {
                taken = r.sharesLeft;
                queued = Fixed.mulDivDown(before + taken, x.shares, x.burned);
                queued = Fixed.saturatingSub(queued, x.paid);
            }
            r.sharesLeft -= taken;
        } else {
            Class memory class = Tranches.queuedOf(s, x.tranche);
            if (Tranches.value(class, due) > r.assetsLeft) {
                // Comes to the very amount, because a queued share is never worth more than one asset (5.1).
                queued = Fixed.mulDivUp(r.assetsLeft, class.shares, class.assets);
                taken = Exits.burnedFor(x, x.paid + queued) - before;
            }
        }
        uint256 assets = queued == 0 ? 0 : pay(s, x, queued);
        r.assetsLeft = Fixed.saturatingSub(r.assetsLeft, assets);
        r.shares += taken;
        r.assets += assets;
        x.loose = Fixed.saturatingSub(before + taken, Exits.burnedFor(x, x.paid));
        Exits.setPaid(s, x);
    }

    /// Takes queued shares of an exit out of the books: what its owner receives.
    function pay(State storage s, Exits.Standing memory x, uint256 shares) private returns (uint256 assets) {
        Tranche storage tranche = s.tranches[x.tranche];
        uint256 dust;
        uint256 before;
        (assets, dust, before) = payOut(s, x.tranche, shares);
        x.paid += shares;
        Track storage track = s.queued[x.tranche][x.owner];
        Holders.write(track, track.balance - shares, tranche.queuedGeneration, s.tickets);
        emit ExitPaid(uint32(x.id), uint128(shares), uint128(assets), uint128(dust), before);
    }

    /// Takes cleared shares out of the queued class.
    function payOut(State storage s, uint256 index, uint256 shares)
        private
        returns (uint256 assets, uint256 dust, uint256 before)
    {
        Class memory queued = Tranches.queuedOf(s, index);
        (assets, dust) = Tranches.redeem(queued, shares);
        before = Fixed.pair(queued.assets, queued.shares);
        s.tranches[index].cleared -= uint128(shares);
        queued = Class(uint128(queued.assets - assets - dust), uint128(queued.shares - shares));
        Tranches.setQueued(s, index, queued.assets, queued.shares);
        if (Tranches.mustClose(queued)) s.flags |= CLOSING;
        Premium.give(s, dust);
    }

    // ---------------------------------------------------------------- what share tokens ask

    /// Active assets and shares of a tranche with the premium that is earned by now: what a deposit in this second
    /// meets if no loss is read.
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
        return Exits.progress(pool(), id, block.timestamp);
    }

    /// Most burned shares and most assets that an owner can claim in one call in this second (ERC-7540).
    function claimableOf(uint8 tranche, address owner) external view returns (uint256 shares, uint256 assets) {
        return Exits.claimable(pool(), tranche, owner, block.timestamp);
    }
}
