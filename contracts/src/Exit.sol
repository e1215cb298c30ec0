// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Latents} from "./Latent.sol";
import {Sources} from "./Source.sol";
import {State, Tranche, Track, Exit, Class} from "./State.sol";
import {Tranches} from "./Tranche.sol";

/// Requests to leave as their owners see them (5.4, ERC-7540): what can be claimed now, in queued shares, in the
/// active shares that were burned for them, and in assets.
///
/// A request is counted in burned shares, b of B; the pool pays queued shares, q of N. What is redeemed in all pays
/// floor(b N / B) queued shares, and q paid ones take floor(q B / N) burned ones. Burned shares redeemed beyond those
/// are kept in `loose`, so that a redemption takes exactly what it says, and one of all that can be claimed leaves
/// nothing.
library Exits {
    /// Requests of one owner that one call looks at; each can also be claimed by its number, whatever their count.
    uint256 internal constant LOOK = 64;

    /// Queued shares of an exit that can be paid at `t` (5.4): floor((1e6 - latent) cleared / 1e6) less what is paid.
    function due(State storage s, Exit storage exit, uint256 t) internal view returns (uint256) {
        uint256 cleared = exit.cleared;
        uint256 paid = exit.paid;
        if (cleared == paid) return 0;
        // Latent losses are void for an exit that has waited for the longest term (5.6).
        if (t < exit.cooledAt + uint256(exit.termEpochs) * Fixed.EPOCH) {
            cleared = Fixed.partDown(cleared, Fixed.MILLION - Latents.share(s, exit.tranche, t));
        }
        return Fixed.saturatingSub(cleared, paid);
    }

    /// Burned shares that stand for `queued` shares of an exit, rounded down; all for all.
    function burnedFor(Exit storage exit, uint256 queued) internal view returns (uint256) {
        return Fixed.mulDivDown(queued, exit.burned, exit.shares);
    }

    /// Burned shares of an exit that were redeemed.
    function redeemed(State storage s, uint256 id, Exit storage exit) internal view returns (uint256) {
        uint256 paid = exit.paid;
        uint256 whole = burnedFor(exit, paid);
        if (paid == exit.shares) return whole;
        // A claim by number may have overtaken what is loose.
        return Fixed.min(whole + s.loose[id], burnedFor(exit, paid + 1));
    }

    /// Places of an owner's requests that are not paid in full, newest first, and the place plus one where the look
    /// would go on; zero when it came to the end.
    function open(State storage s, uint256 index, address owner)
        internal
        view
        returns (uint256[] memory places, uint256 next)
    {
        Tranche storage tranche = s.tranches[index];
        places = new uint256[](LOOK);
        uint256 count;
        next = s.queued[index][owner].lockEpoch;
        for (uint256 i; i < LOOK && next != 0; ++i) {
            uint256 place = next - 1;
            uint256 id = Tranches.exitAt(tranche, place);
            if (id < tranche.voidBelow) {
                next = 0;
                break;
            }
            if (!paidOff(s, tranche, place)) places[count++] = place;
            next = Tranches.previousOf(tranche, place);
        }
        assembly ("memory-safe") {
            mstore(places, count)
        }
    }

    /// Forgets the requests that are paid in full, before and after those of `places` that are not.
    function prune(State storage s, uint256 index, address owner, uint256[] memory places, uint256 next) internal {
        Tranche storage tranche = s.tranches[index];
        Track storage track = s.queued[index][owner];
        uint256 from;
        uint256 to = places.length;
        while (from < to && paidOff(s, tranche, places[from])) ++from;
        while (from < to && paidOff(s, tranche, places[to - 1])) --to;
        uint256 newest = from == to ? next : places[from] + 1;
        if (track.lockEpoch != newest) track.lockEpoch = uint32(newest);
        // Where the look did not come to the end there may be more behind.
        if (from == to || next != 0) return;
        if (Tranches.previousOf(tranche, places[to - 1]) != 0) Tranches.forgetPrevious(tranche, places[to - 1]);
    }

    function paidOff(State storage s, Tranche storage tranche, uint256 place) private view returns (bool) {
        Exit storage exit = s.exit[Tranches.exitAt(tranche, place)];
        return exit.paid == exit.shares;
    }

    /// What a request still waits for and what can be claimed of it at `t`, both in burned shares.
    function request(State storage s, uint256 id, uint256 t) internal view returns (uint256 pending, uint256 ready) {
        Exit storage exit = s.exit[id];
        if (exit.shares == 0 || isVoid(s, id)) return (0, 0);
        uint256 before = redeemed(s, id, exit);
        ready = Fixed.saturatingSub(burnedFor(exit, exit.paid + due(s, exit, t)), before);
        pending = exit.burned - before - ready;
    }

    /// True when an exit's class has closed, or would with the next command (2.3).
    function isVoid(State storage s, uint256 id) private view returns (bool) {
        Tranche storage tranche = s.tranches[s.exit[id].tranche];
        return id < tranche.voidBelow || Tranches.mustClose(tranche.queued);
    }

    /// Most that an owner can redeem and withdraw in one call at `t`; nothing while the next command would change
    /// the books: what can be claimed is then known after a `sync`.
    function claimable(State storage s, uint256 index, address owner, uint256 t)
        internal
        view
        returns (uint256 shares, uint256 assets)
    {
        (uint256[] memory places,) = open(s, index, owner);
        if (places.length == 0 || Sources.unread(s)) return (0, 0);
        if (s.due <= t && (s.estimates != 0 || s.stale != 0)) return (0, 0);
        Tranche storage tranche = s.tranches[index];
        Class memory queued = tranche.queued;
        for (uint256 i = places.length; i > 0; --i) {
            uint256 id = Tranches.exitAt(tranche, places[i - 1]);
            (, uint256 part) = request(s, id, t);
            shares += part;
            uint256 paid = due(s, s.exit[id], t);
            if (part == 0 || paid == 0) continue;
            (uint256 value, uint256 dust) = Tranches.redeem(queued, paid);
            assets += value;
            queued = Class(uint128(queued.assets - value - dust), uint128(queued.shares - paid));
        }
    }
}
