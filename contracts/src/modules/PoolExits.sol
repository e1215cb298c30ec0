// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import "../Errors.sol";
import {ExitCleared, ExitPaid} from "../Events.sol";
import {Exits} from "../Exit.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Payments} from "../Payment.sol";
import {Premium} from "../Premium.sol";
import {Previews} from "../Preview.sol";
import {pool, State, Tranche, Track, Class, CLOSING, RESERVE_STREAM, TRANCHES_MAX} from "../State.sol";
import {Tranches} from "../Tranche.sol";

/// Exits (5) that were requested (`Exits`): cleared in order, paid on demand. Nobody can freeze, lengthen or reorder one.
/// Here is as well what share tokens ask, each with the books as this second would find them: the pool runs those
/// questions as it runs `PoolViews`.
contract PoolExits {
    using SafeERC20 for IERC20;

    /// No exit: above all, which have their number in the upper half of a word.
    uint256 private constant NONE = type(uint256).max;
    /// The number of an exit that is not at its deadline: above all that are.
    uint256 private constant WAITS = 1 << 32;

    /// Clears exits whose cooldown has passed (5.3), looking at `count` of them.
    function clearExits(uint32 count) external {
        State storage s = pool();
        bool any;
        while (count > 0) {
            (uint256 id, uint256 index, uint256 shares, bool done) = nextToClear(s);
            if (shares == 0) break;
            clear(s.tranches[index], id, shares, done);
            any = true;
            if (!done) break;
            unchecked {
                --count;
            }
        }
        if (!any) revert NothingToClear();
    }

    /// Clears shares of the exit at the head of a queue, which moves on when that is `done`.
    function clear(Tranche storage tranche, uint256 id, uint256 shares, bool done) private {
        uint256 before;
        unchecked {
            // Of the class all is an amount. Cleared shares stand in the lower half, above them those of the head.
            uint256 word = cleared(tranche);
            before = uint128(word);
            if (done) {
                uint256 line = Tranches.line(tranche);
                uint256 head = uint32(line >> 64) + 1;
                // Number and place of the head, where there is a next one: at bits 128 and 64 of the queue's slot.
                if (head != uint32(line >> 96)) {
                    line = line & ~(uint256(type(uint32).max) << 128) | uint256(Tranches.exitAt(tranche, head)) << 128;
                }
                Tranches.setLine(tranche, line + (1 << 64));
                word = before + shares;
            } else {
                word += shares << 128 | shares;
            }
            setCleared(tranche, word);
        }
        emit ExitCleared(uint32(id), uint128(shares), done, uint128(before));
    }

    /// The slot with what is cleared of a tranche and not paid, and above it what is cleared of the head.
    function cleared(Tranche storage tranche) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(add(tranche.slot, 2))
        }
    }

    function setCleared(Tranche storage tranche, uint256 word) private {
        assembly ("memory-safe") {
            sstore(add(tranche.slot, 2), word)
        }
    }

    /// The next exit to clear: how many of its shares, none where there is none, and whether that is all of it.
    ///
    /// A head at its deadline comes first, whatever the capital. Else it is the lowest exit among the heads that the
    /// junior floor alone does not block; where the pool's capital blocks it, nobody overtakes.
    function nextToClear(State storage s) private view returns (uint256 id, uint256 index, uint256 shares, bool done) {
        uint256[4] memory heads = [NONE, NONE, NONE, NONE];
        index = cool(s, heads);
        uint256 all;
        uint256 junior;
        while (true) {
            uint256 left = heads[index];
            if (left == NONE) break;
            (id, left) = (left >> 128, uint128(left));
            if (id & WAITS == 0) return (id, index, left, true);
            if (junior | all == 0) (all, junior) = spareCapital(s);
            // Where the pool's capital admits none, nobody overtakes; where the junior floor alone is in the way, the
            // next head may go.
            uint256 queued = Tranches.queuedWord(s, index, type(uint256).max);
            shares = admitted(s, queued, left, all);
            if (shares == 0) break;
            if (index == 0) shares = Fixed.min(shares, admitted(s, queued, left, junior));
            if (shares != 0) return (id ^ WAITS, index, shares, shares == left);
            heads[index] = NONE;
            for (uint256 i; i < TRANCHES_MAX; ++i) {
                if (heads[i] < heads[index]) index = i;
            }
        }
    }

    /// Fills in the heads that have cooled by now: the number, which `WAITS` for capital before the deadline, and in the
    /// lower half the shares that are not cleared. So those at their deadline come first. Returns where the lowest stands.
    function cool(State storage s, uint256[4] memory heads) private view returns (uint256 index) {
        uint256 clock = load(s);
        uint256 lowest = NONE;
        unchecked {
            // Flags at bit 248, the time at 128.
            uint256 leaving = clock >> 248 & ~uint256(CLOSING);
            for (uint256 i; leaving != 0; ++i) {
                if (leaving & 1 != 0) {
                    uint256 head = headOf(s, s.tranches[i], uint40(clock >> 128));
                    heads[i] = head;
                    if (head < lowest) (lowest, index) = (head, i);
                }
                leaving >>= 1;
            }
        }
    }

    /// The first slot of the state. From the lowest bit up: tokens with 128 bits, time with 40, exits and tickets with 32 each,
    /// markets, stale ones and flags with eight each.
    function load(State storage s) private view returns (uint256 clock) {
        assembly ("memory-safe") {
            clock := sload(s.slot)
        }
    }

    function headOf(State storage s, Tranche storage tranche, uint256 t) private view returns (uint256) {
        uint256 line = Tranches.line(tranche);
        // Places of head and tail: where they are the same nobody waits.
        if (uint32(line >> 64) == uint32(line >> 96)) return NONE;
        uint256 id = uint32(line >> 128);
        (uint256 shares, uint256 cooledAt, uint256 wait) = Exits.ahead(s, id);
        if (t < cooledAt) return NONE;
        unchecked {
            if (t < cooledAt + wait) id |= WAITS;
            return id << 128 | shares - (cleared(tranche) >> 128);
        }
    }

    /// Shares out of `left` whose value `spare` allows: all of them, or a part worth at least the smallest item. `queued` is
    /// the class as it is kept, assets in the lower half.
    function admitted(State storage s, uint256 queued, uint256 left, uint256 spare) private view returns (uint256) {
        unchecked {
            // Shares that wait are some of the class's, which has some: products of two amounts, and no share is dearer.
            if (valueUp(queued, left) <= spare) return left;
            if (spare < s.rules.exitMin) return 0;
            // floor(spare Sq / Aq) shares are worth at most `spare`, also when rounded up.
            return Fixed.min(spare * (queued >> 128) / uint128(queued), left);
        }
    }

    /// Value of some of a class's shares, rounded up.
    function valueUp(uint256 queued, uint256 shares) private pure returns (uint256) {
        unchecked {
            return (shares * uint128(queued) + (queued >> 128) - 1) / (queued >> 128);
        }
    }

    /// What the pool holds above its required capital, without what is cleared already (5.3), and what tranche 0 holds
    /// above the junior floor.
    function spareCapital(State storage s) private view returns (uint256 all, uint256 junior) {
        uint256[5] memory gains = Premium.told(s);
        uint256 gone;
        assembly ("memory-safe") {
            // The reserve below, required capital above.
            gone := sload(add(s.slot, 2))
        }
        unchecked {
            // A few amounts: far below 256 bits.
            all = uint128(gone + gains[RESERVE_STREAM]);
            gone >>= 128;
            uint256 floor = (gone * s.rules.juniorFloor + Fixed.MILLION - 1) / Fixed.MILLION;
            uint256 flags = s.flags;
            uint256 count = s.trancheCount;
            for (uint256 i; i < count; ++i) {
                uint256 assets = uint128(Premium.activeWord(s, i, gains));
                if (flags >> i & 1 != 0) {
                    uint256 queued = Tranches.queuedWord(s, i, flags);
                    assets += uint128(queued);
                    all += assets;
                    // What is cleared and not yet paid, rounded up.
                    queued = valueUp(queued, uint128(cleared(s.tranches[i])));
                    gone += queued;
                    // Of shares that are there: never more than the class has.
                    assets -= queued;
                } else {
                    all += assets;
                }
                if (i == 0 && assets > floor) junior = assets - floor;
            }
            all = all > gone ? all - gone : 0;
        }
    }

    /// Pays a cleared exit to its owner, in any order (5.4): at most what latent losses leave of what is cleared.
    function claimExit(uint32 id) external returns (uint128 paid) {
        State storage s = pool();
        uint256 clock = load(s);
        if (id >= uint32(clock >> 168)) revert NoSuchExit(id);
        Exits.Standing memory x = Exits.standing(s, id);
        if (x.owner != msg.sender) revert NotTheLeaver(id);
        uint256 line = Tranches.line(s.tranches[x.tranche]);
        // The first number that is not void.
        if (id < uint32(line >> 160)) revert ExitVoid(id);
        uint256 shares = Exits.dueIn(s, x, line, uint40(clock >> 128));
        if (shares == 0) revert NothingToPay(id);
        uint256 flags;
        (shares, flags) = pay(s, x, shares, line, clock);
        Exits.setPaid(s, x);
        paid = uint128(shares);
        uint256 tokens = uint128(clock) - shares;
        clock = flags << 248 | uint256(uint120(clock >> 128)) << 128 | tokens;
        assembly ("memory-safe") {
            sstore(s.slot, clock)
        }
        if (paid != 0) Payments.asset().safeTransfer(msg.sender, paid);
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
        uint256 assets;
        if (queued != 0) {
            uint256 clock = load(s);
            uint256 flags;
            (assets, flags) = pay(s, x, queued, Tranches.line(s.tranches[x.tranche]), clock);
            if (flags != clock >> 248) s.flags = uint8(flags);
        }
        r.assetsLeft = Fixed.saturatingSub(r.assetsLeft, assets);
        r.shares += taken;
        r.assets += assets;
        x.loose = Fixed.saturatingSub(before + taken, Exits.burnedFor(x, x.paid));
        Exits.setPaid(s, x);
    }

    /// Takes cleared shares of an exit out of the books: what its owner receives, and the flags of the state, which are not
    /// written. `line` is the slot of the queue, `clock` the first of the state.
    function pay(State storage s, Exits.Standing memory x, uint256 shares, uint256 line, uint256 clock)
        private
        returns (uint256 assets, uint256 flags)
    {
        uint256 dust;
        uint256 before;
        (assets, dust, before, flags) = payOut(s, x.tranche, shares, clock >> 248);
        unchecked {
            // Of what is cleared of the exit.
            x.paid += shares;
        }
        Track storage track = s.queued[x.tranche][x.owner];
        uint256 word = Holders.load(track);
        // The generation of the queued class; the tickets.
        Holders.put(track, word, uint128(word) - shares, uint32(line >> 32), uint32(clock >> 200), word >> 224);
        emit ExitPaid(uint32(x.id), uint128(shares), uint128(assets), uint128(dust), before);
    }

    /// Takes cleared shares out of the queued class.
    function payOut(State storage s, uint256 index, uint256 shares, uint256 flags)
        private
        returns (uint256 assets, uint256 dust, uint256 before, uint256 after_)
    {
        uint256 word = Tranches.queuedWord(s, index, flags);
        before = word << 128 | word >> 128;
        uint256 supply = word >> 128;
        word = uint128(word);
        assets = Fixed.mulDivDown(shares, word, supply);
        unchecked {
            // What is cleared is some of the class's shares; dust is what rounding up would add.
            if (shares * word != assets * supply) dust = 1;
            word = supply - shares << 128 | word - assets - dust;
        }
        if (Tranches.wordMustClose(word)) flags |= CLOSING;
        if (word >> 128 == 0) (word, flags) = (1, flags ^ 1 << index);
        Tranche storage tranche = s.tranches[index];
        assembly ("memory-safe") {
            // The class, a mark where it is empty, so that the slot never falls to zero; and what is cleared, in the lower
            // half of its slot.
            sstore(add(tranche.slot, 1), word)
            word := add(tranche.slot, 2)
            sstore(word, sub(sload(word), shares))
        }
        Premium.give(s, dust);
        after_ = flags;
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
