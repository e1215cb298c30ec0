// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RuleOutOfBounds} from "./Errors.sol";
import {Fixed} from "./Fixed.sol";
import {Knot, RuleSet, MULTIPLIER_ONE} from "./State.sol";

/// What governance may set, with its bounds (2.4, 3.2, 5.5).
library Rules {
    /// Refuses the first parameter outside its bounds.
    function validate(RuleSet memory r) internal pure {
        check(r.depositMin != 0, "deposit_min");
        check(r.exitMin != 0, "exit_min");
        check(r.ticketMin != 0, "ticket_min");
        check(r.cooldown <= 365 days, "cooldown");
        check(r.waiting >= 1 && r.waiting <= 90 days, "waiting");
        check(r.termEpochsMax >= 1 && r.termEpochsMax <= 104, "term_epochs_max");
        check(r.earlyPeriod <= 365 days, "early_period");
        check(r.juniorFloor <= Fixed.MILLION, "junior_floor");
        check(r.fee <= 500_000, "fee");
        check(r.cancelShare <= Fixed.MILLION, "cancel_share");
        check(r.surplusEpochs >= 1 && r.surplusEpochs <= 52, "surplus_epochs");
        uint256 split =
            uint256(r.surplusSplit[0]) + r.surplusSplit[1] + r.surplusSplit[2] + r.surplusSplit[3];
        check(split <= Fixed.MILLION, "surplus_split");
        check(r.marketShareMax <= Fixed.MILLION, "market_share_max");
        check(r.latentShareMax <= Fixed.MILLION, "latent_share_max");
        check(r.latentTermMax >= 1 days && r.latentTermMax <= 90 days, "latent_term_max");
        check(r.pauseMax <= 30 days, "pause_max");
        validateScarcity(r.scarcity, r.knots);
    }

    /// The curve begins at zero, `point` rises strictly and multipliers never fall (3.4); unused knots are zero.
    function validateScarcity(Knot[8] memory knots, uint256 count) private pure {
        check(count >= 1 && count <= 8, "scarcity");
        check(knots[0].point == 0 && knots[0].multiplier >= MULTIPLIER_ONE, "scarcity");
        for (uint256 i = 1; i < 8; ++i) {
            Knot memory knot = knots[i];
            if (i >= count) {
                check(knot.point == 0 && knot.multiplier == 0, "scarcity");
                continue;
            }
            check(knots[i - 1].point < knot.point && knot.point <= Fixed.MILLION, "scarcity");
            check(knots[i - 1].multiplier <= knot.multiplier, "scarcity");
            check(knot.multiplier <= 1000 * MULTIPLIER_ONE, "scarcity");
        }
    }

    function check(bool fine, bytes32 parameter) private pure {
        if (!fine) revert RuleOutOfBounds(parameter);
    }

    /// True when `next` differs only in ways that make buying cover harder (5.5): such a change takes nothing from a
    /// policy or an exit and acts at once.
    function onlyTightenedBy(RuleSet memory r, RuleSet memory next) internal pure returns (bool) {
        if (
            next.limitMax > r.limitMax || next.rateMin < r.rateMin || next.marketShareMax > r.marketShareMax
                || next.waiting < r.waiting
        ) return false;
        RuleSet memory same = abi.decode(abi.encode(next), (RuleSet));
        same.limitMax = r.limitMax;
        same.rateMin = r.rateMin;
        same.marketShareMax = r.marketShareMax;
        same.waiting = r.waiting;
        return keccak256(abi.encode(same)) == keccak256(abi.encode(r));
    }

    /// Writes rules; member by member, because arrays of knots cannot be copied from memory at once.
    function store(RuleSet storage to, RuleSet memory from) internal {
        to.depositMin = from.depositMin;
        to.earnRateMax = from.earnRateMax;
        to.fee = from.fee;
        to.juniorFloor = from.juniorFloor;
        to.exitMin = from.exitMin;
        to.cooldown = from.cooldown;
        to.waiting = from.waiting;
        to.earlyPeriod = from.earlyPeriod;
        to.termEpochsMax = from.termEpochsMax;
        to.cancelShare = from.cancelShare;
        to.ticketMin = from.ticketMin;
        to.earlyMultiple = from.earlyMultiple;
        to.mutualMultiple = from.mutualMultiple;
        to.latentTermMax = from.latentTermMax;
        to.pauseMax = from.pauseMax;
        to.reserveTarget = from.reserveTarget;
        to.latentShareMax = from.latentShareMax;
        to.surplusEpochs = from.surplusEpochs;
        to.surplusSplit = from.surplusSplit;
        to.limitMax = from.limitMax;
        to.rateMin = from.rateMin;
        to.marketShareMax = from.marketShareMax;
        to.knots = from.knots;
        to.feeRecipient = from.feeRecipient;
        for (uint256 i; i < 8; ++i) {
            to.scarcity[i] = from.scarcity[i];
        }
    }
}
