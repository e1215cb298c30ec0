// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Overflow} from "../src/Errors.sol";
import {Fixed} from "../src/Fixed.sol";
import {Holders} from "../src/Holder.sol";
import {Checkpoint, Class, Track} from "../src/State.sol";
import {Tranches} from "../src/Tranche.sol";
import {Waterfall} from "../src/Waterfall.sol";
import {Vm} from "./Vm.sol";

/// The libraries at their edges, and the properties that are proven for small words (test/halmos) over all of them.
contract LibraryTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant MOST = type(uint128).max;
    Track private track;

    // ---------------------------------------------------------------- quotients

    function test_the_largest_amounts() public {
        require(Fixed.to128(MOST) == MOST, "largest");
        require(Fixed.mulDivDown(MOST, MOST, MOST) == MOST && Fixed.mulDivUp(MOST, MOST, MOST) == MOST, "product");
        require(Fixed.mulDivUp(MOST, MOST - 1, MOST) == MOST - 1, "exact is not rounded");
        bytes memory call = abi.encodeWithSelector(Overflow.selector);
        vm.expectRevert(call);
        this.to128(MOST + 1);
        vm.expectRevert(call);
        this.down(MOST, 2, 1);
        vm.expectRevert(call);
        this.up(MOST, MOST, MOST - 1);
        vm.expectRevert(call);
        this.down(1, 1, 0);
        vm.expectRevert(call);
        this.up(1, 1, 0);
    }

    function to128(uint256 x) external pure returns (uint128) {
        return Fixed.to128(x);
    }

    function down(uint256 a, uint256 b, uint256 d) external pure returns (uint256) {
        return Fixed.mulDivDown(a, b, d);
    }

    function up(uint256 a, uint256 b, uint256 d) external pure returns (uint256) {
        return Fixed.mulDivUp(a, b, d);
    }

    function testFuzz_directions(uint128 a, uint64 b, uint64 d) public pure {
        uint256 c = uint256(d) + b + 1;
        uint256 low = Fixed.mulDivDown(a, b, c);
        uint256 high = Fixed.mulDivUp(a, b, c);
        require(low * c <= uint256(a) * b && (low + 1) * c > uint256(a) * b, "down");
        require(high * c >= uint256(a) * b && (high == 0 || (high - 1) * c < uint256(a) * b), "up");
    }

    function test_fractions_and_bounds() public pure {
        require(Fixed.partDown(1_999_999, 500_000) == 999_999 && Fixed.partUp(1_999_999, 500_000) == 1_000_000, "ppm");
        require(Fixed.min(2, 3) == 2 && Fixed.min(3, 2) == 2 && Fixed.max(2, 3) == 3 && Fixed.max(3, 2) == 3, "bounds");
        require(Fixed.saturatingSub(5, 3) == 2 && Fixed.saturatingSub(3, 5) == 0, "saturating");
    }

    function testFuzz_boundaries(uint40 t) public pure {
        uint256 from = Fixed.boundaryFrom(t);
        uint256 next = Fixed.boundaryAfter(t);
        require(from % 7 days == 0 && from >= t && from < uint256(t) + 7 days, "first from here");
        require(next % 7 days == 0 && next > t && next <= uint256(t) + 7 days, "next");
        require(Fixed.epochOf(t) == t / 7 days, "epoch");
    }

    function test_a_boundary_is_its_own_first() public pure {
        require(Fixed.boundaryFrom(14 days) == 14 days && Fixed.boundaryAfter(14 days) == 21 days, "at a boundary");
        require(Fixed.boundaryFrom(14 days + 1) == 21 days && Fixed.boundaryFrom(14 days - 1) == 14 days, "beside it");
    }

    // ---------------------------------------------------------------- shares

    function testFuzz_shares_and_costs(uint96 assets, uint96 shares, uint96 paid) public pure {
        if (shares != 0 && assets == 0) return;
        Class memory c = Class(assets, shares);
        if (uint256(shares) * paid / (uint256(assets) + 1) > type(uint96).max) return;
        uint256 minted = Tranches.sharesFor(c, paid);
        require(minted * (uint256(assets) + paid) <= uint256(paid) * (uint256(shares) + minted) || shares == 0, "gains");
        uint256 cost = Tranches.assetsFor(c, minted);
        require(cost <= paid && Tranches.sharesFor(c, cost) >= minted, "the cost is enough");
        require(cost == 0 || Tranches.sharesFor(c, cost - 1) < minted, "and the smallest");
    }

    function testFuzz_leaving_raises_no_share(uint128 assets, uint128 shares, uint128 leaving) public pure {
        if (shares == 0) return;
        leaving = leaving % shares + 1;
        if (assets > shares) assets = assets % shares;
        Class memory c = Class(assets, shares);
        (uint256 paid, uint256 dust) = Tranches.redeem(c, leaving);
        require(dust <= 1 && paid + dust <= assets, "dust");
        require(paid == Tranches.value(c, leaving), "value");
        uint256 left = assets - paid - dust;
        // left / (S - leaving) <= A / S; products of 256 bits.
        require(left * shares <= uint256(assets) * (shares - leaving), "5.1: rose");
        uint256 full = uint256(leaving) * assets;
        require(dust == (full % shares == 0 ? 0 : 1), "rounded up by the dust");
    }

    function test_when_a_class_closes() public pure {
        require(!Tranches.mustClose(Class(0, 0)), "empty");
        require(Tranches.mustClose(Class(1, 0)), "nobody");
        require(Tranches.mustClose(Class(0, 1)), "worthless");
        require(!Tranches.mustClose(Class(1, 1 << 32)) && Tranches.mustClose(Class(1, (1 << 32) + 1)), "2.3: the bound");
    }

    // ---------------------------------------------------------------- the waterfall

    function testFuzz_a_split_adds_up(uint128 layer, uint96[5] memory owed) public pure {
        uint256[] memory left = new uint256[](5);
        uint256 total;
        for (uint256 i; i < 5; ++i) {
            left[i] = owed[i];
            total += owed[i];
        }
        (uint256[] memory parts, uint256 taken) = Waterfall.pour(layer, left);
        require(taken == (layer < total ? layer : total), "4.4: what the layer gives");
        uint256 sum;
        uint256 upto;
        for (uint256 i; i < 5; ++i) {
            require(left[i] + parts[i] == owed[i], "lowered by its part");
            sum += parts[i];
            upto += owed[i];
            require(total == 0 || sum == taken * upto / total, "4.4: cumulative floors");
        }
        require(sum == taken, "adds up");
    }

    // ---------------------------------------------------------------- holders

    /// A balance is found as it was at every ticket, and every other index is refused (6.2).
    function testFuzz_checkpoints(uint8[12] memory steps, uint64[12] memory values) public {
        uint256[] memory then = new uint256[](64);
        uint256 tickets;
        for (uint256 i; i < 12; ++i) {
            for (uint256 k; k < steps[i] % 4; ++k) {
                then[tickets++] = track.balance;
            }
            Holders.write(track, values[i], 7, tickets);
        }
        for (uint256 t; t < tickets; ++t) {
            (bool found, uint256 right) = Holders.indexFor(track, t);
            uint256 rights;
            for (uint256 index; index <= uint256(track.length) + 1; ++index) {
                (bool ok, uint256 shares) = Holders.sharesAt(track, index, t, 7);
                if (!ok) continue;
                ++rights;
                require(index == right && shares == then[t], "6.2: what it was");
                (, uint256 other) = Holders.sharesAt(track, index, t, 8);
                require(other == 0, "another generation");
            }
            require(rights == (found ? 1 : 0) && (found || then[t] == 0), "one index");
        }
    }

    /// Locked are this epoch's deposits and the previous one's, and nothing older (5.1).
    function test_locks_last_two_epochs() public {
        Holders.relock(track, 10, 10, 1, 100, 0);
        require(Holders.unlocked(track, 1, 100) == 0 && Holders.unlocked(track, 1, 101) == 0, "locked");
        require(Holders.unlocked(track, 1, 102) == 10, "free");
        Holders.relock(track, 15, 5, 1, 101, 0);
        require(Holders.unlocked(track, 1, 101) == 0, "both");
        require(Holders.unlocked(track, 1, 102) == 10 && Holders.unlocked(track, 1, 103) == 15, "one after the other");
        Holders.relock(track, 15, 0, 1, 103, 0);
        require(Holders.unlocked(track, 1, 103) == 15, "brought up to date");
        Holders.relock(track, 12, 0, 1, 103, 0);
        require(Holders.unlocked(track, 1, 103) == 12, "nothing is locked of what is left");
        require(Holders.unlocked(track, 2, 103) == 0 && Holders.balance(track, 2) == 0, "another generation has none");
    }
}
