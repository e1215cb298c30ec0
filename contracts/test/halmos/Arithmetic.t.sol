// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "../../src/Fixed.sol";
import {Waterfall} from "../../src/Waterfall.sol";

/// Proofs by symbolic execution (`bin/halmos`), each over all inputs within its bounds. Quotients of two symbols are
/// beyond the solvers, so a proof is in pieces: a floor is any q with q d <= n < (q + 1) d, which is what the EVM's
/// division gives, and the lemmas are about every such q; factors are below `MOST`. The tests in Library.t.sol run the same
/// properties through the code itself over 96 and 128 bits.
contract ArithmeticProof {
    /// Factors are below it: products of three stay within the solvers' reach.
    uint256 private constant MOST = 16;

    function small(uint256 a, uint256 b, uint256 c) private pure returns (bool) {
        return a < MOST && b < MOST && c < MOST;
    }

    /// q = floor(n / d).
    function isFloor(uint256 q, uint256 n, uint256 d) private pure returns (bool) {
        unchecked {
            return q * d <= n && n < (q + 1) * d;
        }
    }

    /// q = ceil(n / d).
    function isCeil(uint256 q, uint256 n, uint256 d) private pure returns (bool) {
        unchecked {
            return q * d >= n && (q == 0 || (q - 1) * d < n);
        }
    }

    // ---------------------------------------------------------------- amounts, over full words

    /// Nothing above 128 bits is ever returned as if it were an amount.
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
        assert(a >= b ? rest == a - b : rest == 0);
    }

    function check_bounds(uint256 a, uint256 b) external pure {
        uint256 low = Fixed.min(a, b);
        uint256 high = Fixed.max(a, b);
        assert(low <= high && (low == a && high == b || low == b && high == a));
    }

    // ---------------------------------------------------------------- shares

    /// A deposit p that mints m <= floor(p S / A) shares is worth at most p after it: m (A + p) / (S + m) <= p; and it
    /// dilutes nobody: A / S <= (A + p) / (S + m). The smaller of two prices is at most this one.
    function check_deposit_gains_nothing(uint8 a, uint8 s, uint8 p, uint16 q, uint16 m) external pure {
        if (a == 0 || s == 0 || m > q || !small(a, s, p)) return;
        unchecked {
            if (!isFloor(q, uint256(p) * s, a)) return;
            assert(uint256(m) * (uint256(a) + p) <= uint256(p) * (uint256(s) + m));
            assert(uint256(a) * (uint256(s) + m) <= (uint256(a) + p) * s);
        }
    }

    /// The cost of n shares, ceil(n A / S), buys at least n: floor(cost S / A) >= n; one unit less does not.
    function check_cost_is_enough_and_the_smallest(uint8 a, uint8 s, uint8 n, uint16 cost, uint16 q) external pure {
        if (a == 0 || s == 0 || n == 0 || !small(a, s, n)) return;
        unchecked {
            if (!isCeil(cost, uint256(n) * a, s)) return;
            if (isFloor(q, uint256(cost) * s, a)) assert(q >= n);
            if (isFloor(q, uint256(cost - 1) * s, a)) assert(q < n);
        }
    }

    // ---------------------------------------------------------------- exits fall only

    /// Paying x of S shares takes ceil(x A / S) assets out, paid part and dust: no remaining share rises (5.1, 1.5),
    /// and the dust is one unit at most.
    function check_payment_raises_no_share(uint8 a, uint8 s, uint8 x, uint8 paid, uint8 out) external pure {
        if (s == 0 || x > s || !small(a, s, x)) return;
        unchecked {
            if (!isFloor(paid, uint256(x) * a, s) || !isCeil(out, uint256(x) * a, s)) return;
            assert(out <= a && out >= paid && out - paid <= 1);
            assert(uint256(a - out) * s <= uint256(a) * (s - x));
        }
    }

    /// A request worth v becomes n = floor(v S / A) queued shares and moves floor(n A / S) <= v assets with them: no
    /// queued share rises.
    function check_request_raises_no_share(uint8 a, uint8 s, uint8 v, uint16 n, uint16 moved) external pure {
        if (a == 0 || s == 0 || !small(a, s, v)) return;
        unchecked {
            if (!isFloor(n, uint256(v) * s, a) || !isFloor(moved, uint256(n) * a, s)) return;
            assert(moved <= v);
            assert((uint256(a) + moved) * s <= uint256(a) * (uint256(s) + n));
        }
    }

    /// A loss l of a tranche of a active and q queued assets: the queued part min(q, ceil(l q / (a + q))) is at most
    /// the loss, and the rest at most what the active class has (2.2). Shares stay, so none rises.
    function check_parts_of_a_loss_fit(uint8 a, uint8 q, uint8 l, uint16 up) external pure {
        unchecked {
            if (q == 0 || l > uint256(a) + q || !small(a, q, l / 2)) return;
            if (!isCeil(up, uint256(l) * q, uint256(a) + q)) return;
            uint256 part = Fixed.min(q, up);
            assert(part <= l && l - part <= a);
        }
    }

    /// A withdrawal of exactly w: where a share is worth at most one asset, ceil(w S / A) shares pay floor(.. A / S) = w.
    function check_withdrawals_are_exact(uint8 a, uint8 s, uint8 w, uint16 n, uint16 paid) external pure {
        if (a == 0 || a > s || w > a || !small(a, s, w)) return;
        unchecked {
            if (!isCeil(n, uint256(w) * s, a) || !isFloor(paid, uint256(n) * a, s)) return;
            assert(n <= s && paid == w);
        }
    }

    // ---------------------------------------------------------------- the waterfall

    /// Cumulative floors of what is taken, at weights that only grow and end at the whole, add up to it, whatever the
    /// quotients are: over the whole 128 bits.
    function check_cumulative_parts_add_up(uint128 taken, uint128 first, uint128 second) external pure {
        if (first > second || second > taken) return;
        assert(uint256(first) + (second - first) + (taken - second) == taken);
    }

    /// A part is at most its claim: floor(t (u + w) / W) - floor(t u / W) <= w, where t <= W.
    function check_no_part_above_its_claim(uint8 t, uint8 u, uint8 w, uint16 total, uint8 before, uint8 upto)
        external
        pure
    {
        unchecked {
            if (t > total || uint256(u) + w > total || total == 0 || total > MOST) return;
            if (!isFloor(before, uint256(t) * u, total)) return;
            if (!isFloor(upto, uint256(t) * (uint256(u) + w), total)) return;
            assert(upto >= before && upto - before <= w);
        }
    }

    /// The code itself, for claims of fixed size and any layer: what it gave is what the claims fell by, never more
    /// than the layer or the claims.
    function check_pour(uint128 layer) external pure {
        uint256[] memory owed = new uint256[](3);
        (owed[0], owed[1], owed[2]) = (5, 0, 11);
        (uint256[] memory parts, uint256 taken) = Waterfall.pour(layer, owed);
        assert(taken == (layer < 16 ? layer : 16));
        assert(parts[0] + parts[1] + parts[2] == taken);
        assert(owed[0] + parts[0] == 5 && owed[1] == 0 && owed[2] + parts[2] == 11);
    }
}
