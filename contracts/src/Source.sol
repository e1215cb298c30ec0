// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NotEnoughGas} from "./Errors.sol";
import {MarketRead, MarketWentStale} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {ILossSource, Reading} from "./interfaces/ILossSource.sol";
import {State, Market, RATE_ONE} from "./State.sol";

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

    /// Reads market `id`; true when its books changed.
    function look(State storage s, uint32 id, bool live, bool full) internal returns (bool) {
        Market storage m = s.markets[id];
        address adapter = m.adapter;
        if (!full && !m.stale) {
            (bool read, uint128 counter) = readCounter(adapter);
            if (read && counter == m.sourceCounter) return false;
            if (!read) {
                Reading memory nothing;
                return take(s, id, live, false, nothing);
            }
        }
        (bool ok, Reading memory reading) = readAll(adapter);
        return take(s, id, live, ok, reading);
    }

    /// True when the next command would book a reading: a counter has moved, fails, or can be read again.
    function unread(State storage s) internal view returns (bool) {
        for (uint256 i; i < s.liveCount; ++i) {
            Market storage m = s.markets[s.live[i]];
            if (m.stale) {
                (bool ok, Reading memory reading) = readAll(m.adapter);
                if (ok) (ok,) = nextCounter(s, m, reading);
                if (ok) return true;
            } else {
                (bool read, uint128 counter) = readCounter(m.adapter);
                if (!read || counter != m.sourceCounter) return true;
            }
        }
        return false;
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
    function take(State storage s, uint32 id, bool live, bool ok, Reading memory r) internal returns (bool) {
        Market storage m = s.markets[id];
        uint256 counter;
        if (ok) (ok, counter) = nextCounter(s, m, r);
        if (!ok) {
            if (m.stale) return false;
            m.stale = true;
            if (live) ++s.stale;
            emit MarketWentStale(id);
            return true;
        }
        bool moved = m.converts && r.counter != m.sourceCounter;
        if (
            !m.stale && !moved && m.counter == counter && m.measured == r.latent && m.supplied == r.supplied
                && m.recovered == r.recovered
        ) return false;
        if (m.stale) {
            m.stale = false;
            if (live) --s.stale;
        }
        if (moved) {
            m.rate = r.rate;
            m.rateAt = s.time;
        }
        m.counter = uint128(counter);
        m.sourceCounter = r.counter;
        m.measured = r.latent;
        m.supplied = r.supplied;
        m.recovered = r.recovered;
        emit MarketRead(id, uint128(counter), r.counter, m.rate, r.latent, r.supplied, r.recovered);
        return true;
    }

    /// The counter after a reading, in the pool's unit; not ok when it fell or left its rate bound (1.1).
    function nextCounter(State storage s, Market storage m, Reading memory r)
        private
        view
        returns (bool ok, uint256 counter)
    {
        counter = r.counter;
        if (m.converts) {
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
