// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Carries} from "../src/Carry.sol";
import {Premium} from "../src/Premium.sol";
import {pool, State, PREMIUM_STREAMS, RESERVE_STREAM} from "../src/State.sol";
import {Streams} from "../src/Stream.sol";

/// Streams on their own storage, and both ways to add to their carries.
contract CarryHarness {
    uint256 private constant ANCHOR = 1 << 30;

    /// Streams that run at `rates` (none where it is zero) and have moved all but the fractions by `span` seconds after the
    /// anchor, the moment of the last accrual.
    function set(uint96[5] calldata rates, uint64[5] calldata fractions, uint256 remainder, uint256 span) external {
        State storage s = pool();
        s.trancheCount = 4;
        s.rules.fee = 123_457;
        (s.anchor, s.time) = (uint40(ANCHOR), uint40(ANCHOR + span));
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            uint256 carry;
            unchecked {
                carry = uint64(fractions[i] - uint256(rates[i]) * span);
            }
            Streams.set(s, i, rates[i], carry, remainder);
            if (rates[i] != 0) s.running |= uint16(1 << i);
            if (i < RESERVE_STREAM) s.tranches[i].active.assets = 1e30;
        }
        s.reserve = 1e30;
    }

    function add(uint256[5] calldata added) external {
        Carries.add(pool(), added);
    }

    function anchorAndAdd(uint256[5] calldata added) external {
        Premium.anchor(pool());
        Carries.add(pool(), added);
    }

    /// What there is `later` seconds after, as anyone sees it: layers, fees, and what is kept of each stream.
    function seen(uint256 later) external returns (uint256[17] memory all) {
        State storage s = pool();
        s.time += uint40(later);
        (uint256 reserve, uint256[4] memory assets) = Premium.layers(s);
        (all[0], all[1], all[2], all[3], all[4]) = (reserve, assets[0], assets[1], assets[2], assets[3]);
        all[5] = s.fees + Premium.earned(s).fee;
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            all[6 + i] = Premium.carryAt(s, i);
            all[11 + i] = Premium.remainderAt(s, i);
        }
        all[16] = s.anchor;
    }
}

/// Adding a carry without a new anchor is the same as with one (3.6), whether or not it completes a unit.
contract CarryTest {
    function testFuzz_a_carry_moves_no_unit_early_late_or_twice(
        uint96[5] calldata rates,
        uint64[5] calldata fractions,
        uint40[5] calldata added,
        uint24 remainder,
        uint24 span,
        uint8 full
    ) public {
        (CarryHarness with, CarryHarness without) = (new CarryHarness(), new CarryHarness());
        uint64[5] memory near = fractions;
        uint256[5] memory more;
        uint96[5] memory speed = rates;
        for (uint256 i; i < 5; ++i) {
            more[i] = added[i];
            // Some a step away from a whole unit, some at rest.
            if (full >> i & 1 != 0) near[i] = type(uint64).max - (near[i] & 0xffffff);
            if (rates[i] % 4 == 0) speed[i] = 0;
        }
        with.set(speed, near, remainder % 1e6, span);
        without.set(speed, near, remainder % 1e6, span);
        with.anchorAndAdd(more);
        without.add(more);
        // In the same second first: the whole unit has then yet to move.
        for (uint256 later = 0; later < 100_000; later = later * 7 + 1) {
            uint256[17] memory a = with.seen(later);
            uint256[17] memory b = without.seen(later);
            for (uint256 i; i < 16; ++i) {
                require(a[i] == b[i], "another unit, fee or fraction");
            }
        }
    }

    /// The anchor moves only where it has to.
    function test_no_anchor_without_a_whole_unit() public {
        uint96[5] memory rates = [uint96(1e20), 2e20, 0, 0, 3e20];
        uint64[5] memory fractions = [uint64(5), 6, 0, 0, type(uint64).max - 9];
        uint256[5] memory added = [uint256(1e6), 1e6, 0, 0, 9];
        CarryHarness one = new CarryHarness();
        one.set(rates, fractions, 0, 1000);
        one.add(added);
        require(one.seen(1)[16] == 1 << 30, "no unit is complete");
        CarryHarness other = new CarryHarness();
        other.set(rates, fractions, 0, 1000);
        added[4] = 10;
        other.add(added);
        require(other.seen(1)[16] == (1 << 30) + 1000, "one is");
    }
}
