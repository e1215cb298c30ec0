// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EstimateFell, EstimateClosed} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {Losses, OWED, WORDS} from "./Loss.sol";
import {Policies} from "./Policy.sol";
import {Premium} from "./Premium.sol";
import {State, Market, Listing, Policy, RuleSet, Status} from "./State.sol";
import {Tranches} from "./Tranche.sol";
import {Waterfall} from "./Waterfall.sol";

/// Latent loss (5.6): bad debt that exists but is not realised. It holds back part of every exit's payment instead
/// of freezing exits.
library Latents {
    /// Lowers an open estimate; what a run-off still pays for falls with it (3.3).
    function fall(State storage s, uint32 id, uint256 to) internal {
        Market storage m = s.markets[id];
        uint128 before = m.estimate;
        m.estimate = uint128(to);
        if (m.lowerAt != 0 && m.lowerTo >= to) (m.lowerAt, m.lowerTo) = (0, 0);
        for (uint256 slot; slot < 2; ++slot) {
            Policy storage p = m.policies[slot];
            if (p.status != Status.RunOff || p.runOffLeft <= to) continue;
            uint256 charge = Policies.chargeDue(p);
            p.runOffLeft = uint128(to);
            s.required = uint128(s.required - charge + Policies.chargeDue(p));
        }
        emit EstimateFell(id, before, uint128(to));
    }

    /// Closes an estimate; none can be posted before `repostFrom`.
    function close(State storage s, uint32 id, uint256 repostFrom) internal {
        Market storage m = s.markets[id];
        uint128 before = m.estimate;
        if (m.expiry != 0) {
            --s.estimates;
            (m.estimate, m.lowerTo, m.expiry, m.lowerAt) = (0, 0, 0, 0);
        }
        if (repostFrom > m.repostFrom) m.repostFrom = uint40(repostFrom);
        emit EstimateClosed(id, before, uint64(repostFrom));
    }

    /// Latent share of one tranche in millionths, rounded up (5.6): all open estimates, and the worst case of every
    /// stale market (4.2), run together through deductible, limits, coinsurance and layers, at second `t`.
    function share(State storage s, uint256 wanted, uint256 t) internal view returns (uint256) {
        if (s.estimates == 0 && s.stale == 0) return 0;
        uint256[] memory owed = new uint256[](s.liveCount);
        for (uint256 i; i < owed.length; ++i) {
            owed[i] = latentClaim(s, s.live[i], t);
        }
        (uint256 reserve, uint256[4] memory active) = Premium.layers(s);
        Waterfall.pour(reserve, owed);
        for (uint256 i; i < wanted; ++i) {
            Waterfall.pour(active[i] + Tranches.queuedOf(s, i).assets, owed);
        }
        uint256 assets = active[wanted] + Tranches.queuedOf(s, wanted).assets;
        (, uint256 loss) = Waterfall.pour(assets, owed);
        if (loss == 0) return 0;
        return Fixed.min(Fixed.mulDivUp(Fixed.MILLION, loss, assets), Fixed.MILLION);
    }

    /// What the layers would owe if an estimate were booked.
    function estimated(RuleSet storage rules, Policy storage p, uint256 gross, uint256 t) private view returns (uint256) {
        uint256 word;
        assembly ("memory-safe") {
            word := sload(add(rules.slot, 2))
        }
        uint256[WORDS] memory loss;
        Losses.assess(loss, p, word, gross, t);
        return loss[OWED];
    }

    /// What a market's latent loss would make the layers owe.
    function latentClaim(State storage s, Listing storage l, uint256 t) private view returns (uint256 owed) {
        Market storage m = s.markets[l.id];
        for (uint256 slot; slot < 2; ++slot) {
            Policy storage p = Policies.inSlot(m, l, slot);
            if (!Policies.inForce(p, t)) continue;
            if (m.expiry != 0) owed = estimated(s.rules, p, m.estimate, t);
            return l.stale ? Fixed.max(owed, Policies.worstCase(p, t)) : owed;
        }
    }
}
