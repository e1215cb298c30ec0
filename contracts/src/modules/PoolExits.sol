// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../Errors.sol";
import {ExitCleared, ExitPaid} from "../Events.sol";
import {Exits} from "../Exit.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Latents} from "../Latent.sol";
import {Payments} from "../Payment.sol";
import {Premium} from "../Premium.sol";
import {pool, State, Tranche, Track, Request, Class, PAID_PART, PAID_ALL, TRANCHES_MAX} from "../State.sol";
import {Tranches} from "../Tranche.sol";

/// Exits (5) that were requested (`Exits`): cleared in order, paid on demand. Nobody can freeze, lengthen or reorder one.
contract PoolExits {
    /// Clears exits whose cooldown has passed (5.3), looking at `count` of them.
    function clearExits(uint32 count) external {
        State storage s = pool();
        bool cleared;
        for (; count > 0; --count) {
            Next memory next = nextToClear(s);
            if (!next.found) break;
            Tranche storage tranche = s.tranches[next.tranche];
            tranche.cleared += uint128(next.shares);
            if (next.done) {
                if (tranche.headCleared != 0) tranche.headCleared = 0;
                uint32 head = tranche.head + 1;
                if (head != tranche.tail) tranche.headExit = Tranches.exitAt(tranche, head);
                tranche.head = head;
            } else {
                tranche.headCleared += uint128(next.shares);
            }
            emit ExitCleared(uint32(next.id), uint128(next.shares), next.done);
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
            Tranche storage tranche = s.tranches[i];
            if (tranche.head == tranche.tail) continue;
            uint256 id = tranche.headExit;
            Request memory exit = Exits.load(s, id);
            if (t < exit.cooledAt) continue;
            heads[i] = id;
            left[i] = exit.shares - tranche.headCleared;
            if (t >= uint256(exit.cooledAt) + exit.wait && id < next.id) {
                next = Next(true, true, id, i, left[i]);
            }
        }
        if (next.found) return next;
        uint256 spare;
        for (uint256 round; round < TRANCHES_MAX; ++round) {
            uint256 index;
            for (uint256 i = 1; i < TRANCHES_MAX; ++i) {
                if (heads[i] < heads[index]) index = i;
            }
            uint256 id = heads[index];
            if (id == none) break;
            heads[index] = none;
            if (round == 0) spare = spareCapital(s);
            (bool blocked, uint256 shares) = clearable(s, index, left[index], spare);
            if (blocked) break;
            if (shares != 0) return Next(true, shares == left[index], id, index, shares);
        }
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
        Class memory queued = Tranches.queuedOf(s.tranches[index]);
        if (Fixed.mulDivUp(left, queued.assets, queued.shares) <= spare) return left;
        if (spare < s.rules.exitMin) return 0;
        // floor(spare Sq / Aq) shares are worth at most `spare`, also when rounded up.
        return Fixed.min(Fixed.mulDivDown(spare, queued.shares, queued.assets), left);
    }

    /// What the pool holds above its required capital, without what is cleared already (5.3).
    function spareCapital(State storage s) private view returns (uint256) {
        (uint256 all, uint256[4] memory active) = Premium.layers(s);
        uint256 gone = s.required;
        for (uint256 i; i < s.trancheCount; ++i) {
            Class memory queued = Tranches.queuedOf(s.tranches[i]);
            all += active[i] + queued.assets;
            gone += Tranches.clearedValue(s.tranches[i], queued);
        }
        return Fixed.saturatingSub(all, gone);
    }

    /// What tranche 0 holds above the junior floor; no bound for the others.
    function floorSpare(State storage s, uint256 index) private view returns (uint256) {
        if (index != 0) return type(uint128).max;
        Class memory queued = Tranches.queuedOf(s.tranches[0]);
        uint256 gone =
            Fixed.partUp(s.required, s.rules.juniorFloor) + Tranches.clearedValue(s.tranches[0], queued);
        return Fixed.saturatingSub(uint256(Premium.active(s, 0).assets) + queued.assets, gone);
    }

    /// Pays a cleared exit to its owner, in any order (5.4): at most what latent losses leave of what is cleared.
    function claimExit(uint32 id) external returns (uint128) {
        State storage s = pool();
        if (id >= s.exits) revert NoSuchExit(id);
        Request memory exit = Exits.load(s, id);
        Track storage track = s.queued[exit.tranche][msg.sender];
        if (track.tag != exit.leaver) revert NotTheLeaver(id);
        Tranche storage tranche = s.tranches[exit.tranche];
        if (id < tranche.voidBelow) revert ExitVoid(id);
        uint256 shares = toPay(s, id, exit);
        if (shares == 0) revert NothingToPay(id);
        (uint256 assets, uint256 dust) = payOut(s, tranche, shares);
        uint256 generation = tranche.queuedGeneration;
        Holders.write(track, track.balance - shares, generation, s.tickets);
        emit ExitPaid(id, uint128(shares), uint128(assets), uint128(dust));
        Payments.send(s, msg.sender, assets);
        return uint128(assets);
    }

    /// Shares of an exit to pay now, which are marked as paid.
    function toPay(State storage s, uint32 id, Request memory exit) private returns (uint256 shares) {
        uint256 before = Exits.paidOf(s, id, exit);
        uint256 all = Exits.clearedOf(s, id, exit);
        if (s.time < exit.cooledAt + uint256(exit.termEpochs) * Fixed.EPOCH) {
            uint256 latent = Latents.share(s, exit.tranche);
            if (latent != 0) all = Fixed.partDown(all, Fixed.MILLION - latent);
        }
        shares = Fixed.saturatingSub(all, before);
        if (shares == 0) return 0;
        if (all == exit.shares) {
            s.exit[id].paid = PAID_ALL;
        } else {
            if (exit.paid == 0) s.exit[id].paid = PAID_PART;
            s.paidPart[id] = uint128(all);
        }
    }

    /// Takes cleared shares out of the queued class.
    function payOut(State storage s, Tranche storage tranche, uint256 shares)
        private
        returns (uint256 assets, uint256 dust)
    {
        Class memory queued = Tranches.queuedOf(tranche);
        (assets, dust) = Tranches.redeem(queued, shares);
        tranche.cleared -= uint128(shares);
        queued = Class(uint128(queued.assets - assets - dust), uint128(queued.shares - shares));
        Tranches.setQueued(tranche, queued.assets, queued.shares);
        if (Tranches.mustClose(queued)) s.closing = true;
        Premium.give(s, dust);
    }
}
