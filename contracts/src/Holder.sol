// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {State, Track, Checkpoint} from "./State.sol";

/// Who holds what, and held what when (5.1, 6.2).
library Holders {
    /// Shares held of `generation`.
    function balance(Track storage track, uint256 generation) internal view returns (uint256) {
        return track.generation == generation ? track.balance : 0;
    }

    /// Writes a new balance; overwrites a checkpoint of the same ticket count, else keeps it as history.
    function write(Track storage track, uint256 value, uint256 generation, uint256 tickets) internal {
        uint256 length = track.length;
        if (track.since != tickets && (track.balance != 0 || length != 0)) {
            track.past[length] = Checkpoint(track.balance, track.generation, track.since);
            track.length = uint32(length + 1);
        }
        track.balance = uint128(value);
        track.generation = uint32(generation);
        track.since = uint32(tickets);
    }

    /// Shares locked in `epoch` and in the one before: deposits of both cannot be queued or transferred (5.1).
    function locks(Track storage track, uint256 generation, uint256 epoch)
        internal
        view
        returns (uint256 current, uint256 previous)
    {
        if (track.generation != generation) return (0, 0);
        uint256 age = epoch - track.lockEpoch;
        if (age == 0) return (track.lockedThis, track.lockedPrevious);
        if (age == 1) return (0, track.lockedThis);
    }

    /// Shares that can be queued or transferred.
    function unlocked(Track storage track, uint256 generation, uint256 epoch) internal view returns (uint256) {
        (uint256 current, uint256 previous) = locks(track, generation, epoch);
        return Fixed.saturatingSub(balance(track, generation), current + previous);
    }

    /// Locks `shares` more, and brings the locks to `epoch` and `generation`.
    function lock(Track storage track, uint256 shares, uint256 generation, uint256 epoch) internal {
        (uint256 current, uint256 previous) = locks(track, generation, epoch);
        current += shares;
        if (track.lockedThis != current || track.lockedPrevious != previous) {
            track.lockedThis = uint128(current);
            track.lockedPrevious = uint128(previous);
        }
        track.lockEpoch = uint32(epoch);
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
