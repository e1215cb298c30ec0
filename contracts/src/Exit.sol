// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BelowMinimum, MovesNothing, NotEnoughShares, Overflow} from "./Errors.sol";
import {ExitRequested} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {Holders} from "./Holder.sol";
import {Latents} from "./Latent.sol";
import {Premium} from "./Premium.sol";
import {Sources} from "./Source.sol";
import {State, Class, Part, Request, RuleSet, Track, Tranche, CLOSING, PAID_PART, PAID_ALL} from "./State.sol";
import {Tranches} from "./Tranche.sol";

/// Exits (5): requested at net asset value. A request bears losses and no gains until it is paid. What is cleared of it
/// follows from its place in the queue, so that clearing writes nothing to the exit itself.
///
/// For its owner (5.4, ERC-7540) a request is counted in burned shares, b of B; the pool pays queued shares, q of N.
/// What is redeemed in all pays floor(b N / B) queued shares, and q paid ones take floor(q B / N) burned ones. Burned
/// shares redeemed beyond those are kept as `loose`, so that a redemption takes exactly what it says, and one of all
/// that can be claimed leaves nothing.
library Exits {
    /// Requests of one owner that one call looks at; each can also be claimed by its number, whatever their count.
    uint256 internal constant LOOK = 64;

    /// A request in memory: as it was made, and what was paid of it.
    struct Standing {
        uint256 id;
        /// Its first slot.
        uint256 word;
        address owner;
        uint256 tranche;
        uint256 shares;
        uint256 burned;
        uint256 cooledAt;
        uint256 wait;
        uint256 termEpochs;
        uint256 paid;
        uint256 loose;
    }

    // ---------------------------------------------------------------- requests

    /// Asks to leave with unlocked shares (5.1). `told` is what `Premium.accrue` said.
    function request(State storage s, uint8 index, address owner, uint128 burned, uint256 told)
        internal
        returns (uint32)
    {
        // What `ExitRequested` says, in its order but for what is indexed.
        uint256[8] memory log;
        (log[0], log[1]) = (index, burned);
        // The first slot of the state: time at bit 128, exits and tickets with 32 bits each from 168 on, flags at 248.
        uint256 clock;
        assembly ("memory-safe") {
            clock := sload(s.slot)
        }
        uint256 line = Tranches.line(s.tranches[index]);
        bool whole = spend(s.active[index][owner], burned, uint32(line), clock);
        uint256 flags = burn(s, index, clock >> 248, whole, told, log);
        // In a word of its own, clean for what is written below.
        uint256 exit = uint32(clock >> 168);
        if (exit == type(uint32).max) revert Overflow();
        line = enqueue(s, index, s.queued[index][owner], line, clock, log);
        store(s.exit[exit], line, uint256(uint160(owner)) | uint256(burned) << 160);
        bytes32 topic = ExitRequested.selector;
        assembly ("memory-safe") {
            // One more exit; flags are only added.
            sstore(s.slot, or(add(clock, shl(168, 1)), shl(248, flags)))
            log3(log, 256, topic, exit, owner)
        }
        return uint32(exit);
    }

    /// Takes the shares of a request out of the active class and puts those that they become into the queued one, with
    /// the assets that move with them; the flags as they are then.
    function burn(State storage s, uint256 index, uint256 flags, bool whole, uint256 told, uint256[8] memory log)
        private
        returns (uint256)
    {
        // Both classes as they are kept, assets in the lower half; what the active one earned is not in its slot.
        Tranche storage tranche = s.tranches[index];
        uint256 active;
        assembly ("memory-safe") {
            active := sload(tranche.slot)
        }
        uint256 queued = Tranches.queuedWord(s, index, flags);
        uint256 supply = active >> 128;
        uint256 assets;
        unchecked {
            assets = uint128(active + Premium.gain(s, index, told));
        }
        uint256 value = Fixed.mulDivDown(log[1], assets, supply);
        (uint256 shares, uint256 moved) = queueShares(queued, value);
        if (moved == 0) revert MovesNothing();
        if (!whole) {
            uint128 least = s.rules.exitMin;
            if (value < least) revert BelowMinimum("exit", uint128(value), least);
        }
        (log[2], log[3]) = (shares, moved);
        (log[6], log[7]) = (assets << 128 | supply, queued << 128 | queued >> 128);
        unchecked {
            // `moved` is part of what the class has, with what it earned since the anchor.
            queued = uint256(Fixed.to128((queued >> 128) + shares)) << 128 | uint128(queued + moved);
            supply = supply - log[1] << 128;
            active = supply | uint128(active - moved);
            supply |= assets - moved;
        }
        assembly ("memory-safe") {
            sstore(tranche.slot, active)
            sstore(add(tranche.slot, 1), queued)
        }
        flags |= 1 << index;
        return Tranches.wordMustClose(supply) || Tranches.wordMustClose(queued) ? flags | CLOSING : flags;
    }

    /// Takes unlocked shares from their owner; true when they were all it had.
    function spend(Track storage track, uint256 burned, uint256 generation, uint256 clock)
        private
        returns (bool whole)
    {
        uint256 word = Holders.load(track);
        uint256 free = Holders.unlockedIn(track, word, generation, Fixed.epochOf(uint40(clock >> 128)));
        if (burned == 0 || burned > free) revert NotEnoughShares(uint128(burned), uint128(free));
        unchecked {
            uint256 left = uint128(word) - burned;
            Holders.put(track, word, left, generation, uint32(clock >> 200), word >> 224);
            return left == 0;
        }
    }

    /// Puts an exit at the end of its tranche's queue and notes when it has cooled, and its deadline; the first slot of
    /// the request.
    function enqueue(
        State storage s,
        uint256 index,
        Track storage track,
        uint256 line,
        uint256 clock,
        uint256[8] memory log
    ) private returns (uint256 word) {
        word = rule(s.rules);
        uint256 cooled;
        unchecked {
            // Times are below 2^39, and no cooldown, at bit 216 of the rules, is longer than a year.
            cooled = uint40(clock >> 128) + uint256(uint32(word >> 216));
        }
        uint256 deadline = Fixed.max(cooled, s.latestEnd);
        deadline = join(s.tranches[index], track, line, clock, log[2], deadline);
        (log[4], log[5]) = (cooled, deadline);
        // Cooldowns end after a year, policies after less than five: the wait is far below 32 bits. The longest term is
        // the last byte of the rules' word.
        unchecked {
            word = word >> 248 << 240 | index << 232 | (deadline - cooled) << 200 | cooled << 160;
        }
        word |= log[1] >> 96 << 128 | log[2];
    }

    /// The first slot of the rules.
    function rule(RuleSet storage rules) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(rules.slot)
        }
    }

    /// Puts an exit at the end of the queue, and its shares into its owner's track with the place.
    function join(
        Tranche storage tranche,
        Track storage track,
        uint256 line,
        uint256 clock,
        uint256 shares,
        uint256 earliest
    ) private returns (uint256 deadline) {
        uint256 word = Holders.load(track);
        uint256 place;
        (place, deadline) = Tranches.enqueue(tranche, line, uint32(clock >> 168), word >> 224, earliest);
        line = uint32(line >> 32);
        Holders.put(track, word, Holders.balanceIn(word, line) + shares, line, uint32(clock >> 200), place);
    }

    /// Queued shares minted for `value`, and the assets that move with them, rounded so that the value of no queued
    /// share rises (5.1).
    function queueShares(uint256 queued, uint256 value) private pure returns (uint256 shares, uint256 moved) {
        uint256 supply = queued >> 128;
        if (supply == 0) return (value, value);
        shares = Fixed.mulDivDown(value, supply, uint128(queued));
        moved = Fixed.mulDivDown(shares, uint128(queued), supply);
    }

    // ---------------------------------------------------------------- what is kept

    /// Writes a request, each of its two slots at once: members as `load` and `standing` read them.
    function store(Request storage exit, uint256 first, uint256 second) private {
        assembly ("memory-safe") {
            sstore(exit.slot, first)
            sstore(add(exit.slot, 1), second)
        }
    }

    /// What clearing needs of a request.
    function ahead(State storage s, uint256 id) internal view returns (uint256 shares, uint256 cooledAt, uint256 wait) {
        Request storage stored = s.exit[id];
        assembly ("memory-safe") {
            let word := sload(stored.slot)
            shares := and(word, 0xffffffffffffffffffffffffffffffff)
            cooledAt := and(shr(160, word), 0xffffffffff)
            wait := and(shr(200, word), 0xffffffff)
        }
    }

    /// Reads a whole request.
    function standing(State storage s, uint256 id) internal view returns (Standing memory x) {
        Request storage stored = s.exit[id];
        uint256 word;
        uint256 second;
        assembly ("memory-safe") {
            word := sload(stored.slot)
            second := sload(add(stored.slot, 1))
        }
        x.id = id;
        x.word = word;
        x.owner = address(uint160(second));
        x.burned = uint256(uint32(word >> 128)) << 96 | second >> 160;
        (x.shares, x.tranche, x.termEpochs) = (uint128(word), uint8(word >> 232), uint8(word >> 240));
        (x.cooledAt, x.wait) = (uint40(word >> 160), uint32(word >> 200));
        uint256 paid = word >> 248;
        if (paid == PAID_ALL) {
            x.paid = x.shares;
        } else if (paid == PAID_PART) {
            Part memory part = s.part[id];
            (x.paid, x.loose) = (part.paid, part.loose);
        }
    }

    /// Writes what was paid of a request.
    function setPaid(State storage s, Standing memory x) internal {
        uint256 paid = PAID_ALL;
        if (x.paid != x.shares) {
            s.part[x.id] = Part(uint128(x.paid), uint128(x.loose));
            paid = PAID_PART;
        }
        uint256 word = x.word;
        if (word >> 248 == paid) return;
        Request storage stored = s.exit[x.id];
        assembly ("memory-safe") {
            // The last byte says how much; nothing else of a request changes.
            sstore(stored.slot, or(shl(248, paid), shr(8, shl(8, word))))
        }
    }

    /// Shares of an exit that are cleared: all of them before the head of its queue, none behind it. Of one that is
    /// void nothing is said.
    function clearedOf(State storage s, Standing memory x) internal view returns (uint256) {
        return clearedIn(s, x, Tranches.line(s.tranches[x.tranche]));
    }

    /// The same where the slot of the queue is `line`.
    function clearedIn(State storage s, Standing memory x, uint256 line) private view returns (uint256) {
        uint256 head = uint32(line >> 128);
        // Head and tail are the same where nobody waits.
        if (x.id < head || uint32(line >> 64) == uint32(line >> 96)) return x.shares;
        return x.id == head ? s.tranches[x.tranche].headCleared : 0;
    }

    /// Queued shares of an exit that can be paid at `t` (5.4): floor((1e6 - latent) cleared / 1e6) less what is paid.
    function due(State storage s, Standing memory x, uint256 t) internal view returns (uint256) {
        return dueIn(s, x, Tranches.line(s.tranches[x.tranche]), t);
    }

    /// The same where the slot of the queue is `line`.
    function dueIn(State storage s, Standing memory x, uint256 line, uint256 t) internal view returns (uint256) {
        uint256 cleared = clearedIn(s, x, line);
        if (cleared <= x.paid) return 0;
        unchecked {
            // Latent losses are void for an exit that has waited for the longest term (5.6).
            if (t < x.cooledAt + x.termEpochs * Fixed.EPOCH) {
                uint256 latent = Latents.share(s, x.tranche, t);
                if (latent != 0) cleared = Fixed.partDown(cleared, Fixed.MILLION - latent);
            }
        }
        return Fixed.saturatingSub(cleared, x.paid);
    }

    // ---------------------------------------------------------------- as owners see them

    /// Burned shares that stand for `queued` shares of an exit, rounded down; all for all.
    function burnedFor(Standing memory x, uint256 queued) internal pure returns (uint256) {
        return Fixed.mulDivDown(queued, x.burned, x.shares);
    }

    /// Burned shares of an exit that were redeemed.
    function redeemed(Standing memory x) internal pure returns (uint256) {
        uint256 whole = burnedFor(x, x.paid);
        if (x.paid == x.shares) return whole;
        // A claim by number may have overtaken what is loose.
        return Fixed.min(whole + x.loose, burnedFor(x, x.paid + 1));
    }

    /// Places of an owner's requests that are not paid in full, newest first, and the place where the look would go
    /// on; zero when it came to the end.
    function open(State storage s, uint256 index, address owner)
        internal
        view
        returns (uint256[] memory places, uint256 next)
    {
        Tranche storage tranche = s.tranches[index];
        places = new uint256[](LOOK);
        uint256 count;
        next = s.queued[index][owner].tag;
        for (uint256 i; i < LOOK && next != 0; ++i) {
            (uint256 id, uint256 previous) = Tranches.entry(tranche, next);
            if (id < tranche.voidBelow) {
                next = 0;
                break;
            }
            if (s.exit[id].paid != PAID_ALL) places[count++] = next;
            next = previous;
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
        uint256 newest = from == to ? next : places[from];
        if (track.tag != newest) track.tag = uint32(newest);
        // Where the look did not come to the end there may be more behind.
        if (from != to && next == 0) Tranches.forgetPrevious(tranche, places[to - 1]);
    }

    function paidOff(State storage s, Tranche storage tranche, uint256 place) private view returns (bool) {
        return s.exit[Tranches.exitAt(tranche, place)].paid == PAID_ALL;
    }

    /// What a request still waits for and what can be claimed of it at `t`, both in burned shares.
    function progress(State storage s, uint256 id, uint256 t) internal view returns (uint256 pending, uint256 ready) {
        return progressOf(s, standing(s, id), t);
    }

    function progressOf(State storage s, Standing memory x, uint256 t)
        private
        view
        returns (uint256 pending, uint256 ready)
    {
        if (x.shares == 0 || isVoid(s, x)) return (0, 0);
        uint256 before = redeemed(x);
        ready = Fixed.saturatingSub(burnedFor(x, x.paid + due(s, x, t)), before);
        pending = x.burned - before - ready;
    }

    /// True when an exit's class has closed, or would with the next command (2.3).
    function isVoid(State storage s, Standing memory x) private view returns (bool) {
        Tranche storage tranche = s.tranches[x.tranche];
        return x.id < tranche.voidBelow || Tranches.mustClose(Tranches.queuedOf(s, x.tranche));
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
        Class memory queued = Tranches.queuedOf(s, index);
        for (uint256 i = places.length; i > 0; --i) {
            Standing memory x = standing(s, Tranches.exitAt(tranche, places[i - 1]));
            (, uint256 part) = progressOf(s, x, t);
            shares += part;
            uint256 paid = due(s, x, t);
            if (part == 0 || paid == 0) continue;
            (uint256 value, uint256 dust) = Tranches.redeem(queued, paid);
            assets += value;
            queued = Class(uint128(queued.assets - value - dust), uint128(queued.shares - paid));
        }
    }
}
