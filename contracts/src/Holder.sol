// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {Track, Checkpoint} from "./State.sol";

/// Who holds what, and held what when (5.1, 6.2).
library Holders {
    /// Shares held of `generation`.
    function balance(Track storage track, uint256 generation) internal view returns (uint256) {
        return track.generation == generation ? track.balance : 0;
    }

    /// The first slot of a track: balance, generation, since, length and tag, from the lowest bit up.
    function load(Track storage track) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(track.slot)
        }
    }

    /// Shares held of `generation` by a track whose first slot is `word`.
    function balanceIn(uint256 word, uint256 generation) internal pure returns (uint256) {
        return uint32(word >> 128) == generation ? uint128(word) : 0;
    }

    /// Writes a new balance; overwrites a checkpoint of the same ticket count, else keeps it as history.
    function write(Track storage track, uint256 value, uint256 generation, uint256 tickets) internal {
        uint256 word = load(track);
        put(track, word, value, generation, tickets, word >> 224);
    }

    /// The same with a new tag, where the first slot is `word`. All that is written stands in that slot.
    function put(Track storage track, uint256 word, uint256 value, uint256 generation, uint256 tickets, uint256 tag)
        internal
    {
        uint256 length = uint32(word >> 192);
        uint256 since = uint32(word >> 160);
        if (since != tickets) {
            if (uint128(word) | length != 0) {
                track.past[length] = Checkpoint(uint128(word), uint32(word >> 128), uint32(since));
                unchecked {
                    ++length;
                }
            }
        }
        assembly ("memory-safe") {
            // A balance is an amount; generation, tickets, length and tag have 32 bits each.
            value := and(value, 0xffffffffffffffffffffffffffffffff)
            value := or(value, or(shl(128, generation), shl(160, tickets)))
            sstore(track.slot, or(value, or(shl(192, length), shl(224, tag))))
        }
    }

    /// Shares locked in `epoch` and in the one before: deposits of both cannot be queued or transferred (5.1). `word` is
    /// the first slot.
    function locks(Track storage track, uint256 word, uint256 generation, uint256 epoch)
        private
        view
        returns (uint256 current, uint256 previous)
    {
        if (uint32(word >> 128) != generation) return (0, 0);
        uint256 age;
        unchecked {
            // An epoch that is yet to come is none: the age is then far above one.
            age = epoch - (word >> 225);
        }
        if (age > 1) return (0, 0);
        bool whole = word >> 224 & 1 == 1;
        current = whole ? uint128(word) : track.lockedThis;
        if (age == 1) return (0, current);
        if (!whole) previous = track.lockedPrevious;
    }

    /// Shares that can be queued or transferred.
    function unlocked(Track storage track, uint256 generation, uint256 epoch) internal view returns (uint256) {
        return unlockedIn(track, load(track), generation, epoch);
    }

    /// The same where the first slot is `word`.
    function unlockedIn(Track storage track, uint256 word, uint256 generation, uint256 epoch)
        internal
        view
        returns (uint256)
    {
        (uint256 current, uint256 previous) = locks(track, word, generation, epoch);
        unchecked {
            // Two amounts.
            return Fixed.saturatingSub(balanceIn(word, generation), current + previous);
        }
    }

    /// Writes a balance of which `locked` shares were deposited now, and brings the locks to `epoch`.
    ///
    /// Where all of the balance was deposited in this epoch the lock needs no slot of its own.
    function relock(Track storage track, uint256 value, uint256 locked, uint256 generation, uint256 epoch, uint256 tickets)
        internal
    {
        uint256 word = load(track);
        (uint256 current, uint256 previous) = locks(track, word, generation, epoch);
        uint256 tag;
        unchecked {
            // Shares that one account holds are an amount.
            current += locked;
            tag = epoch << 1;
            if (current == value && previous == 0) {
                tag |= 1;
            } else if (current | previous == 0 && epoch > 1) {
                // Nothing is locked any more: a tag that is two epochs old says so.
                tag -= 4;
            } else if (track.lockedThis != current || track.lockedPrevious != previous) {
                track.lockedThis = uint128(current);
                track.lockedPrevious = uint128(previous);
            }
        }
        put(track, word, value, generation, tickets, tag);
    }

    /// Checkpoint `index`, oldest first; `exists` is false beyond the last.
    function checkpoint(Track storage track, uint256 index)
        internal
        view
        returns (bool exists, Checkpoint memory point)
    {
        uint256 length = track.length;
        if (index < length) return (true, track.past[index]);
        if (index == length) return (true, Checkpoint(track.balance, track.generation, track.since));
    }

    /// Shares that count for `ticket` in a cohort of `generation`, by the checkpoint the caller names, verified
    /// against its neighbour (6.2); `right` is false when the index is wrong.
    function sharesAt(Track storage track, uint256 index, uint256 ticket, uint256 generation)
        internal
        view
        returns (bool right, uint256 shares)
    {
        (bool exists, Checkpoint memory point) = checkpoint(track, index);
        if (!exists || point.since > ticket) return (false, 0);
        (bool followed, Checkpoint memory follower) = checkpoint(track, index + 1);
        if (followed && follower.since <= ticket) return (false, 0);
        return (true, point.generation == generation ? point.balance : 0);
    }

    /// Index of the checkpoint that `ticket` uses, for readers; `found` is false when there is none.
    function indexFor(Track storage track, uint256 ticket) internal view returns (bool found, uint256 index) {
        uint256 low;
        uint256 high = uint256(track.length) + 1;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            (, Checkpoint memory point) = checkpoint(track, middle);
            if (point.since <= ticket) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? (false, 0) : (true, low - 1);
    }
}
