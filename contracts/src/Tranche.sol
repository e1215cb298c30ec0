// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "./Fixed.sol";
import {ClassClosed, MutualClosed} from "./Events.sol";
import {NoSuchTranche} from "./Errors.sol";
import {State, Tranche, Class} from "./State.sol";

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
        paid = Fixed.mulDivDown(shares, class.assets, class.shares);
        dust = Fixed.mulDivUp(shares, class.assets, class.shares) - paid;
    }

    /// True when a class must close (2.3): nobody holds a share while assets are left, or the shares have become
    /// worthless.
    function mustClose(Class memory class) internal pure returns (bool) {
        if (class.shares == 0) return class.assets != 0;
        return uint256(class.assets) << 32 < class.shares;
    }

    /// All assets of a tranche: what it can lose.
    function assets(Tranche storage tranche) internal view returns (uint256) {
        return uint256(tranche.active.assets) + tranche.queued.assets;
    }

    /// Value of what is cleared and not yet paid, rounded up (5.3).
    function clearedValue(Tranche storage tranche) internal view returns (uint256) {
        if (tranche.cleared == 0) return 0;
        return Fixed.mulDivUp(tranche.cleared, tranche.queued.assets, tranche.queued.shares);
    }

    /// The queued class's part of a loss of the tranche (2.2): min(Aq, ceil(L Aq / (A + Aq))).
    function queuedPart(Tranche storage tranche, uint256 loss) internal view returns (uint256) {
        uint256 queued = tranche.queued.assets;
        if (queued == 0) return 0;
        return Fixed.min(queued, Fixed.mulDivUp(loss, queued, assets(tranche)));
    }

    /// Number of the exit at a place of the queue.
    function exitAt(Tranche storage tranche, uint256 place) internal view returns (uint32) {
        return uint32(tranche.queue[place / 4] >> (64 * (place % 4)));
    }

    /// Place plus one of the request before it of the same owner; zero for none.
    function previousOf(Tranche storage tranche, uint256 place) internal view returns (uint256) {
        return uint32(tranche.queue[place / 4] >> (64 * (place % 4) + 32));
    }

    /// Puts an exit at the end of the queue.
    function enqueue(Tranche storage tranche, uint32 id, uint256 previous) internal {
        uint32 place = tranche.tail;
        tranche.queue[place / 4] |= (previous << 32 | id) << (64 * (place % 4));
        tranche.tail = place + 1;
    }

    /// Forgets what came before a request: all of it is paid.
    function forgetPrevious(Tranche storage tranche, uint256 place) internal {
        tranche.queue[place / 4] &= ~(uint256(type(uint32).max) << (64 * (place % 4) + 32));
    }

    /// Reserve and active assets of all tranches: what backs new cover (3.4, 3.5).
    function unqueued(State storage s) internal view returns (uint256 sum) {
        sum = s.reserve;
        for (uint256 i; i < s.trancheCount; ++i) {
            sum += s.tranches[i].active.assets;
        }
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
        for (uint256 i; i < s.trancheCount; ++i) {
            queued += s.tranches[i].queued.assets;
            total += assets(s.tranches[i]);
        }
    }

    /// Closes classes that nobody holds or that are worthless (1.4 step 4, 2.3); what is left goes to the reserve.
    function closeClasses(State storage s) internal {
        for (uint256 i; i < s.trancheCount; ++i) {
            Tranche storage tranche = s.tranches[i];
            if (mustClose(tranche.active)) {
                uint128 left = tranche.active.assets;
                tranche.active = Class(0, 0);
                ++tranche.activeGeneration;
                s.reserve += left;
                emit ClassClosed(uint8(i), 0, left);
            }
            if (mustClose(tranche.queued)) {
                uint128 left = tranche.queued.assets;
                tranche.queued = Class(0, 0);
                ++tranche.queuedGeneration;
                tranche.cleared = 0;
                tranche.head = tranche.tail;
                tranche.voidBelow = s.exits;
                s.reserve += left;
                emit ClassClosed(uint8(i), 1, left);
            }
        }
        // Without a bond ever posted there is nothing in the mutual layer to look at.
        if (s.members != 0 && mustClose(s.mutual)) {
            uint128 left = s.mutual.assets;
            s.mutual = Class(0, 0);
            ++s.mutualGeneration;
            s.reserve += left;
            emit MutualClosed(left);
        }
    }
}
