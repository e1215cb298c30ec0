// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "../../src/Fixed.sol";
import {Class} from "../../src/State.sol";
import {Tranches} from "../../src/Tranche.sol";
import {Waterfall} from "../../src/Waterfall.sol";

/// Proofs by symbolic execution (`bin/halmos`), each over all inputs within its bounds. Division over full words is
/// beyond the solvers, so two kinds stand side by side: lemmas over the whole 128 bits that need no division of
/// symbols, and whole formulas over words of `BITS` bits. The fuzz tests run the same properties over 128 bits.
contract ArithmeticProof {
    /// Width of the words in which quotients of symbols are proven.
    uint256 private constant BITS = 5;

    function small(uint256 x) private pure returns (bool) {
        return x < 1 << BITS;
    }

    // ---------------------------------------------------------------- quotients

    /// The two directions differ by one at most, and not at all when the division is exact.
    function check_directions(uint8 a, uint8 b, uint8 d) external pure {
        if (!small(a) || !small(b) || d == 0 || !small(d)) return;
        uint256 down = Fixed.mulDivDown(a, b, d);
        uint256 up = Fixed.mulDivUp(a, b, d);
        assert(down * d <= uint256(a) * b && up * d >= uint256(a) * b);
        assert(up == down || up == down + 1);
    }

    /// Amounts stay amounts: nothing above 128 bits is ever returned as if it were one.
    function check_to128(uint256 x) external view {
        try this.to128(x) returns (uint128 y) {
            assert(y == x);
        } catch {
            assert(x > type(uint128).max);
        }
    }

    function to128(uint256 x) external pure returns (uint128) {
        return Fixed.to128(x);
    }

    /// A subtraction that stops at nothing.
    function check_saturating(uint256 a, uint256 b) external pure {
        uint256 rest = Fixed.saturatingSub(a, b);
        assert(rest <= a);
        assert(a >= b ? rest + b == a : rest == 0);
    }

    // ---------------------------------------------------------------- shares

    /// A deposit is never worth more than was paid in (2.2).
    function check_deposit_gains_nothing(uint8 assets, uint8 shares, uint8 paid) external pure {
        if (!small(assets) || !small(shares) || !small(paid) || shares == 0) return;
        uint256 minted = sharesFor(assets, shares, paid);
        // minted (A + paid) / (S + minted) <= paid, without the division.
        assert(minted * (uint256(assets) + paid) <= uint256(paid) * (uint256(shares) + minted));
    }

    /// And dilutes nobody: A / S <= (A + paid) / (S + minted).
    function check_deposit_dilutes_nobody(uint8 assets, uint8 shares, uint8 paid) external pure {
        if (!small(assets) || !small(shares) || !small(paid) || shares == 0) return;
        uint256 minted = sharesFor(assets, shares, paid);
        assert(uint256(assets) * (uint256(shares) + minted) <= (uint256(assets) + paid) * shares);
    }

    /// What a mint costs buys at least the shares it mints, and one unit less does not.
    function check_cost_is_the_smallest(uint8 assets, uint8 shares, uint8 wanted) external pure {
        if (!small(assets) || !small(shares) || wanted == 0 || !small(wanted)) return;
        if (assets == 0 && shares != 0) return;
        Class memory c = Class(assets, shares);
        uint256 cost = Tranches.assetsFor(c, wanted);
        assert(Tranches.sharesFor(c, cost) >= wanted);
        assert(cost != 0 && Tranches.sharesFor(c, cost - 1) < wanted);
    }

    function sharesFor(uint256 assets, uint256 shares, uint256 paid) private pure returns (uint256) {
        // A class whose shares are worth nothing has closed before anyone can deposit (2.3).
        if (assets == 0) return 0;
        return Tranches.sharesFor(Class(uint128(assets), uint128(shares)), paid);
    }

    // ---------------------------------------------------------------- exits fall only

    /// Paying a leaver raises no remaining queued share (5.1): (A - paid - dust) / (S - shares) <= A / S; and what is
    /// paid and the dust are what leaves.
    function check_payment_raises_no_share(uint8 assets, uint8 shares, uint8 leaving) external pure {
        if (!small(assets) || !small(shares) || leaving == 0 || leaving > shares) return;
        Class memory c = Class(assets, shares);
        (uint256 paid, uint256 dust) = Tranches.redeem(c, leaving);
        assert(dust <= 1 && paid + dust <= assets);
        assert((assets - paid - dust) * uint256(shares) <= uint256(assets) * (shares - leaving));
    }

    /// A request raises no queued share either: the assets that move are at most what its new shares are worth.
    function check_request_raises_no_share(uint8 assets, uint8 shares, uint8 value) external pure {
        if (!small(assets) || !small(shares) || !small(value) || assets == 0 || assets > shares) return;
        uint256 minted = Fixed.mulDivDown(value, shares, assets);
        uint256 moved = Fixed.mulDivDown(minted, assets, shares);
        assert(moved <= value);
        assert((assets + moved) * uint256(shares) <= uint256(assets) * (shares + minted));
    }

    /// A loss raises none, whatever part of it the queued class bears: over the whole 128 bits, because the number of
    /// shares stays.
    function check_loss_raises_no_share(uint128 assets, uint128 loss) external pure {
        uint256 taken = Fixed.min(loss, assets);
        assert(assets - taken <= assets);
    }

    /// The queued class's part of a loss is at most what it has and at most the loss, and what is left of the loss is at
    /// most what the active class has (2.2).
    function check_parts_of_a_loss_fit(uint8 active, uint8 queued, uint8 loss) external pure {
        if (!small(active) || !small(queued) || queued == 0) return;
        uint256 all = uint256(active) + queued;
        if (loss > all) return;
        uint256 part = Fixed.min(queued, Fixed.mulDivUp(loss, queued, all));
        assert(part <= queued && part <= loss);
        assert(loss - part <= active);
    }

    /// A withdrawal of exact assets: with shares worth at most one asset, ceil(a S / A) shares pay exactly a.
    function check_withdrawals_are_exact(uint8 assets, uint8 shares, uint8 wanted) external pure {
        if (assets == 0 || !small(assets) || !small(shares) || assets > shares || wanted > assets) return;
        uint256 needed = Fixed.mulDivUp(wanted, shares, assets);
        assert(needed <= shares);
        assert(Fixed.mulDivDown(needed, assets, shares) == wanted);
    }

    // ---------------------------------------------------------------- the waterfall

    /// A layer gives what it has or what is owed, whichever is less: over the whole 128 bits, the quotients of the
    /// split being any that do not fall and end at the whole.
    function check_cumulative_parts_add_up(uint128 taken, uint128 first, uint128 second) external pure {
        // floor(taken w / W) at the three cumulative weights; the last is the whole.
        if (first > second || second > taken) return;
        uint256 sum = uint256(first) + (second - first) + (taken - second);
        assert(sum == taken);
    }

    /// The split itself: parts add up to what is taken, and none is above its claim.
    function check_split(uint8 taken, uint8[3] memory owed) external pure {
        uint256[] memory weights = new uint256[](3);
        uint256 total;
        for (uint256 i; i < 3; ++i) {
            if (owed[i] > 15) return;
            weights[i] = owed[i];
            total += owed[i];
        }
        if (taken > total) return;
        uint256[] memory parts = Waterfall.cumulativeSplit(taken, weights);
        uint256 sum;
        for (uint256 i; i < 3; ++i) {
            sum += parts[i];
            assert(parts[i] <= owed[i]);
        }
        assert(total == 0 || sum == taken);
    }

    /// Pouring a layer: what it gave is what the claims fell by, never more than the layer or the claims.
    function check_pour(uint8 layer, uint8[2] memory claims) external pure {
        uint256[] memory owed = new uint256[](2);
        if (claims[0] > 31 || claims[1] > 31) return;
        (owed[0], owed[1]) = (claims[0], claims[1]);
        uint256 total = uint256(claims[0]) + claims[1];
        (uint256[] memory parts, uint256 taken) = Waterfall.pour(layer, owed);
        assert(taken == (layer < total ? layer : total));
        assert(parts[0] + parts[1] == taken);
        assert(owed[0] + parts[0] == claims[0] && owed[1] + parts[1] == claims[1]);
    }
}
