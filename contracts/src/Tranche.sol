// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {ClassClosed, MutualClosed} from "./Events.sol";
import {NoSuchTranche} from "./Errors.sol";
import {Premium} from "./Premium.sol";
import {State, Tranche, Class, CLOSING} from "./State.sol";

/// Capital in ordered layers (2.1 to 2.3): the price of a share, the queued class's part of a loss, closing.
library Tranches {
    /// Shares minted for the first unit of assets of a class (2.2).
    uint256 internal constant SHARES_PER_ASSET = 1000;

    function check(State storage s, uint256 tranche) internal view {
        if (tranche >= s.trancheCount) revert NoSuchTranche(uint8(tranche), s.trancheCount);
    }

    /// Shares minted for a deposit, rounded down (2.2): the smaller of the price with the virtual offset and the
    /// plain net asset value, so that no deposit is ever worth more than was paid in.
    function sharesFor(Class memory class, uint256 deposit) internal pure returns (uint256 shares) {
        uint256 offset = Fixed.to128(uint256(class.shares) + SHARES_PER_ASSET);
        shares = Fixed.mulDivDown(deposit, offset, Fixed.to128(uint256(class.assets) + 1));
        if (class.shares != 0) {
            shares = Fixed.min(shares, Fixed.mulDivDown(deposit, class.shares, class.assets));
        }
    }

    /// Smallest amount for which a deposit would mint `shares` or more, rounded up (1.2): the inverse of `sharesFor`.
    function assetsFor(Class memory class, uint256 shares) internal pure returns (uint256 deposit) {
        uint256 offset = Fixed.to128(uint256(class.shares) + SHARES_PER_ASSET);
        deposit = Fixed.mulDivUp(shares, Fixed.to128(uint256(class.assets) + 1), offset);
        if (class.shares != 0) {
            deposit = Fixed.max(deposit, Fixed.mulDivUp(shares, class.assets, class.shares));
        }
    }

    /// What `shares` are worth, rounded down; refused when the class has none.
    function value(Class memory class, uint256 shares) internal pure returns (uint256) {
        return Fixed.mulDivDown(shares, class.assets, class.shares);
    }

    /// What the owner of `shares` receives, rounded down, and the dust that goes to the reserve, so that the price
    /// of the shares that stay does not rise (1.2, 1.5).
    function redeem(Class memory class, uint256 shares) internal pure returns (uint256 paid, uint256 dust) {
        uint256 total = class.shares;
        paid = Fixed.mulDivDown(shares, class.assets, total);
        unchecked {
            // Rounded up it is one more, unless the division leaves nothing.
            if (shares * class.assets != paid * total) dust = 1;
        }
    }

    /// True when a class must close (2.3): nobody holds a share while assets are left, or the shares have become
    /// worthless.
    function mustClose(Class memory class) internal pure returns (bool) {
        if (class.shares == 0) return class.assets != 0;
        return uint256(class.assets) << 32 < class.shares;
    }

    /// The same for a class in one word, assets in the lower half.
    function wordMustClose(uint256 word) internal pure returns (bool) {
        uint256 shares = word >> 128;
        if (shares == 0) return word != 0;
        return uint256(uint128(word)) << 32 < shares;
    }

    /// True when a tranche has queued shares.
    function isLeaving(State storage s, uint256 index) internal view returns (bool) {
        return s.flags >> index & 1 != 0;
    }

    /// The queued class.
    function queuedOf(State storage s, uint256 index) internal view returns (Class memory class) {
        uint256 word = queuedWord(s, index, s.flags);
        (class.assets, class.shares) = (uint128(word), uint128(word >> 128));
    }

    /// The same as it is kept, assets in the lower half; `flags` are those of the state.
    function queuedWord(State storage s, uint256 index, uint256 flags) internal view returns (uint256 word) {
        if (flags >> index & 1 == 0) return 0;
        Tranche[4] storage tranches = s.tranches;
        assembly ("memory-safe") {
            // The second of a tranche's five slots; the index is that of a tranche.
            word := sload(add(add(tranches.slot, mul(5, index)), 1))
        }
    }

    /// Writes the queued class, amounts both.
    function setQueued(State storage s, uint256 index, uint256 assets, uint256 shares) internal {
        if ((shares != 0) != isLeaving(s, index)) s.flags ^= uint8(1 << index);
        Class storage queued = s.tranches[index].queued;
        // The slot must not fall to zero: the next exit would pay for a new one.
        if (shares == 0) assets = 1;
        assembly ("memory-safe") {
            sstore(queued.slot, or(assets, shl(128, shares)))
        }
    }

    /// The queued class's part of a loss of a tranche (2.2): min(Aq, ceil(L Aq / (A + Aq))).
    function queuedPart(uint256 queued, uint256 active, uint256 loss) internal pure returns (uint256) {
        if (queued == 0 || loss == 0) return 0;
        return Fixed.min(queued, Fixed.mulDivUp(loss, queued, active + queued));
    }

    /// Number of the exit at a place of the queue.
    function exitAt(Tranche storage tranche, uint256 place) internal view returns (uint32 id) {
        (id,) = entry(tranche, place);
    }

    /// The exit at a place, and the place of the request before it of the same owner; zero for none.
    function entry(Tranche storage tranche, uint256 place) internal view returns (uint32 id, uint32 previous) {
        uint256 both = tranche.queue[place >> 2] >> ((place & 3) << 6);
        return (uint32(both), uint32(both >> 32));
    }

    /// The slot of a tranche that its queue needs. From the lowest bit up: the generations, head, tail, number of the
    /// head and first number that is not void with 32 bits each, and the last deadline.
    function line(Tranche storage tranche) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(add(tranche.slot, 3))
        }
    }

    function setLine(Tranche storage tranche, uint256 word) internal {
        assembly ("memory-safe") {
            sstore(add(tranche.slot, 3), word)
        }
    }

    /// Puts an exit at the end of the queue: its place, and its deadline, which is never before that of the exit ahead
    /// (5.2). `word` is the queue's slot as it is.
    function enqueue(Tranche storage tranche, uint256 word, uint256 id, uint256 previous, uint256 earliest)
        internal
        returns (uint256 place, uint256 deadline)
    {
        place = uint32(word >> 96);
        deadline = earliest;
        if (place == uint32(word >> 64)) word = word & ~(uint256(type(uint32).max) << 128) | id << 128;
        else deadline = Fixed.max(deadline, uint40(word >> 192));
        unchecked {
            tranche.queue[place >> 2] |= (previous << 32 | id) << ((place & 3) << 6);
            word &= ~(uint256(type(uint32).max) << 96 | uint256(type(uint40).max) << 192);
            word |= uint256(uint32(place + 1)) << 96 | deadline << 192;
        }
        setLine(tranche, word);
    }

    /// Forgets what came before a request: all of it is paid.
    function forgetPrevious(Tranche storage tranche, uint256 place) internal {
        uint256 word = tranche.queue[place >> 2];
        uint256 left = word & ~(uint256(type(uint32).max) << (((place & 3) << 6) + 32));
        if (left != word) tranche.queue[place >> 2] = left;
    }

    /// Reserve and active assets of all tranches: what backs new cover (3.4, 3.5).
    function unqueued(State storage s) internal view returns (uint256 sum) {
        uint256[4] memory active;
        (sum, active) = Premium.layers(s);
        sum += active[0] + active[1] + active[2] + active[3];
    }

    /// The same with what all active classes hold, where that is known.
    function onIceWith(State storage s, uint256 active) internal view returns (bool) {
        uint256 queued;
        if (s.flags & ~CLOSING != 0) {
            for (uint256 i; i < s.trancheCount; ++i) {
                queued += queuedOf(s, i).assets;
            }
        }
        return queued * 100 >= 30 * (active + queued);
    }

    /// On ice (5.7): 30 % or more has asked to leave, or there is nothing.
    function onIce(State storage s) internal view returns (bool) {
        (uint256 queued, uint256 total) = inQueue(s);
        return queued * 100 >= 30 * total;
    }

    /// Frozen (5.7): 60 % or more has asked to leave, now and at the last epoch boundary.
    function frozen(State storage s) internal view returns (bool) {
        (uint256 queued, uint256 total) = inQueue(s);
        return queued * 100 >= 60 * total && uint256(s.boundaryQueued) * 100 >= 60 * uint256(s.boundaryTotal);
    }

    function inQueue(State storage s) private view returns (uint256 queued, uint256 total) {
        (, uint256[4] memory active) = Premium.layers(s);
        for (uint256 i; i < s.trancheCount; ++i) {
            uint256 part = queuedOf(s, i).assets;
            queued += part;
            total += active[i] + part;
        }
    }

    /// Closes classes that nobody holds or that are worthless (1.4 step 4, 2.3); what is left goes to the reserve. The
    /// layers earned `gains` since the anchor.
    ///
    /// Only what takes from a class can bring it there, and says so by `CLOSING`: accrual and deposits never do.
    function closeClasses(State storage s, uint256[5] memory gains) internal {
        uint256 flags = s.flags;
        if (flags & CLOSING != 0) s.flags = uint8(flags ^ CLOSING);
        uint256 count = s.trancheCount;
        for (uint256 i; i < count; ++i) {
            uint256 word = Premium.activeWord(s, i, gains);
            if (wordMustClose(word)) closeActive(s, i, uint128(word));
            word = queuedWord(s, i, flags);
            if (word != 0 && wordMustClose(word)) closeQueued(s, i, uint128(word));
        }
        // Without a bond ever posted there is nothing in the mutual layer to look at.
        if (s.members != 0 && mustClose(s.mutual)) {
            uint128 left = s.mutual.assets;
            s.mutual = Class(0, 0);
            ++s.mutualGeneration;
            emit MutualClosed(left, uint128(Premium.reserve(s)));
            Premium.give(s, left);
        }
    }
    function closeActive(State storage s, uint256 i, uint128 assets) private {
        Tranche storage tranche = s.tranches[i];
        unchecked {
            tranche.active = Class(tranche.active.assets - assets, 0);
        }
        ++tranche.activeGeneration;
        emit ClassClosed(uint8(i), 0, assets, uint128(Premium.reserve(s)));
        Premium.give(s, assets);
    }

    function closeQueued(State storage s, uint256 i, uint128 assets) private {
        Tranche storage tranche = s.tranches[i];
        setQueued(s, i, 0, 0);
        ++tranche.queuedGeneration;
        (tranche.cleared, tranche.headCleared) = (0, 0);
        tranche.head = tranche.tail;
        tranche.voidBelow = s.exits;
        emit ClassClosed(uint8(i), 1, assets, uint128(Premium.reserve(s)));
        Premium.give(s, assets);
    }
}
