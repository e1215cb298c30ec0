// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NotEnoughGas} from "./Errors.sol";
import {MarketRead, MarketWentStale} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {ILossSource, Reading} from "./interfaces/ILossSource.sol";
import {State, Market, Listing, RATE_ONE} from "./State.sol";

/// Where losses are read (4.1, 4.2, 1.1). Readings are taken from the adapters; one that fails or falls makes the
/// market stale and never stops the pool.
///
/// The counter is read first, and the rest only when it has moved, when the market is stale, or when the call is
/// about this very market: only an increase uses a rate, a supply or what the source recovered.
library Sources {
    /// Gas that a read may use.
    uint256 internal constant READ_GAS = 100_000;
    /// What must be left for it: the stipend, the 64th part that the caller keeps, and what follows the call.
    uint256 private constant GAS_NEEDED = READ_GAS + READ_GAS / 63 + 10_000;

    /// What a glance at a live market says: its counter cannot be read, has to be followed by a whole reading, or
    /// stands where it stood.
    uint256 internal constant FAILS = 0;
    uint256 internal constant MOVED = 1;
    uint256 internal constant STANDS = 2;

    /// Looks at the counter of a live market that is not stale. That it stands is the common case, kept short, for it is
    /// paid for every market by every command. Whether there was gas for it is looked at where it failed (`follow`).
    function glance(State storage s, Listing storage l) internal view returns (uint256 seen) {
        mapping(uint256 market => Market) storage markets = s.markets;
        bytes4 selector = ILossSource.counter.selector;
        assembly ("memory-safe") {
            // Adapter, number, oldest ticket, stale, converts: one slot, read once. A stale market is read whole.
            let word := sload(l.slot)
            seen := 1
            if iszero(and(shr(224, word), 0xff)) {
                mstore(0, and(shr(160, word), 0xffffffff))
                mstore(32, markets.slot)
                // `counter` is the lower half of a market's slot 2, `sourceCounter` of its slot 7.
                let at := add(keccak256(0, 64), add(2, mul(5, and(shr(232, word), 1))))
                let known := and(sload(at), 0xffffffffffffffffffffffffffffffff)
                mstore(0, selector)
                // An answer that is too short or no amount is none.
                seen := staticcall(READ_GAS, word, 0, 4, 0, 32)
                seen := and(seen, and(gt(returndatasize(), 31), iszero(shr(128, mload(0)))))
                seen := shl(and(seen, eq(mload(0), known)), seen)
            }
        }
    }

    /// Does what a glance asks for; true when a market's books changed.
    function follow(State storage s, Listing storage l, uint256 seen) internal returns (bool) {
        address adapter = l.adapter;
        bool ok = true;
        // Once more, with gas for a full stipend or not at all: a glance that had less leaves too little behind.
        if (seen == FAILS) (ok,) = readCounter(adapter);
        if (!ok) return fail(s, l, true);
        Reading memory reading;
        (ok, reading) = readAll(adapter);
        return take(s, l, true, ok, reading);
    }

    /// Reads a market; true when its books changed. With `full` it is read in full, even while its counter stands.
    function look(State storage s, Listing storage l, bool live, bool full) internal returns (bool) {
        address adapter = l.adapter;
        if (!full && !l.stale) {
            Market storage m = s.markets[l.id];
            (bool read, uint128 counter) = readCounter(adapter);
            if (!read) return fail(s, l, live);
            if (counter == (l.converts ? m.sourceCounter : m.counter)) return false;
        }
        (bool ok, Reading memory reading) = readAll(adapter);
        return take(s, l, live, ok, reading);
    }

    /// True when the next command would book a reading: a counter has moved, fails, or can be read again.
    function unread(State storage s) internal view returns (bool) {
        for (uint256 i; i < s.liveCount; ++i) {
            Listing storage l = s.live[i];
            Market storage m = s.markets[l.id];
            if (l.stale) {
                (bool ok, Reading memory reading) = readAll(l.adapter);
                if (ok) (ok,) = nextCounter(s, m, l.converts, reading);
                if (ok) return true;
            } else {
                (bool read, uint128 counter) = readCounter(l.adapter);
                if (!read || counter != told(l, m)) return true;
            }
        }
        return false;
    }

    /// The source's counter at the last good reading.
    function told(Listing storage l, Market storage m) internal view returns (uint128) {
        return l.converts ? m.sourceCounter : m.counter;
    }

    function readCounter(address adapter) internal view returns (bool ok, uint128 counter) {
        if (gasleft() < GAS_NEEDED) revert NotEnoughGas();
        bytes4 selector = ILossSource.counter.selector;
        uint256 word;
        assembly ("memory-safe") {
            mstore(0, selector)
            ok := staticcall(READ_GAS, adapter, 0, 4, 0, 32)
            ok := and(ok, gt(returndatasize(), 31))
            word := mload(0)
        }
        if (!ok || word > type(uint128).max) return (false, 0);
        return (true, uint128(word));
    }

    function readAll(address adapter) internal view returns (bool ok, Reading memory reading) {
        if (gasleft() < GAS_NEEDED) revert NotEnoughGas();
        bytes4 selector = ILossSource.read.selector;
        assembly ("memory-safe") {
            mstore(0, selector)
            ok := staticcall(READ_GAS, adapter, 0, 4, reading, 160)
            ok := and(ok, gt(returndatasize(), 159))
            for { let i := 0 } lt(i, 160) { i := add(i, 32) } {
                ok := and(ok, iszero(shr(128, mload(add(reading, i)))))
            }
            // Words that are no amounts must not be seen by anyone.
            if iszero(ok) { calldatacopy(reading, calldatasize(), 160) }
        }
    }

    /// Takes a reading: one that failed or fell makes the market stale, a good one moves its counter.
    function take(State storage s, Listing storage l, bool live, bool ok, Reading memory r) internal returns (bool) {
        uint32 id = l.id;
        bool converts = l.converts;
        Market storage m = s.markets[id];
        uint256 counter;
        if (ok) (ok, counter) = nextCounter(s, m, converts, r);
        if (!ok) return fail(s, l, live);
        bool moved = converts && r.counter != m.sourceCounter;
        uint128 before = m.counter;
        bool changed = write(m, counter, r);
        bool stale = l.stale;
        if (!stale && !moved && !changed) return false;
        if (stale) {
            l.stale = false;
            if (live) --s.stale;
        }
        if (moved) {
            (m.sourceCounter, m.rate, m.rateAt) = (r.counter, r.rate, s.time);
        }
        say(id, before, uint128(counter), converts ? m.rate : 0, r);
        return true;
    }

    function say(uint32 id, uint128 before, uint128 counter, uint128 rate, Reading memory r) private {
        emit MarketRead(id, before, counter, r.counter, rate, r.latent, r.supplied, r.recovered);
    }

    /// A reading failed or fell.
    function fail(State storage s, Listing storage l, bool live) private returns (bool) {
        if (l.stale) return false;
        l.stale = true;
        if (live) ++s.stale;
        emit MarketWentStale(l.id);
        return true;
    }

    /// Writes what a reading says of a market; true when it differs from what stood there.
    function write(Market storage m, uint256 counter, Reading memory r) internal returns (bool changed) {
        uint256 first = uint256(r.supplied) << 128 | counter;
        uint256 second = uint256(r.recovered) << 128 | r.latent;
        assembly ("memory-safe") {
            // Slots 2 and 3: counter and supplied, measured and recovered, the first of two in the lower half.
            let place := add(m.slot, 2)
            if iszero(eq(sload(place), first)) {
                sstore(place, first)
                changed := 1
            }
            place := add(place, 1)
            if iszero(eq(sload(place), second)) {
                sstore(place, second)
                changed := 1
            }
        }
    }

    /// The counter after a reading, in the pool's unit; not ok when it fell or left its rate bound (1.1).
    function nextCounter(State storage s, Market storage m, bool converts, Reading memory r)
        private
        view
        returns (bool ok, uint256 counter)
    {
        counter = r.counter;
        if (converts) {
            // Step x (epochs since the last use + 1): below 2^32 x 2^21.
            uint256 epochs = Fixed.epochOf(s.time) - Fixed.epochOf(m.rateAt) + 1;
            uint256 rate = m.rate;
            uint256 step = rate * (m.rateStep * epochs) / Fixed.MILLION;
            if (step > type(uint128).max) return (false, 0);
            if ((r.rate > rate ? r.rate - rate : rate - r.rate) > step) return (false, 0);
            if (r.counter < m.sourceCounter) return (false, 0);
            uint256 increase = uint256(r.counter - m.sourceCounter) * r.rate / RATE_ONE;
            counter = m.counter + increase;
            if (increase > type(uint128).max || counter > type(uint128).max) return (false, 0);
        }
        ok = counter >= m.counter && r.recovered >= m.recovered;
    }
}
