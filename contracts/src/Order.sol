// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "./Errors.sol";
import {Fixed} from "./Fixed.sol";
import {Policies} from "./Policy.sol";
import {Premium} from "./Premium.sol";
import {Quotes, QuoteWords} from "./Quote.sol";
import {Roles} from "./Role.sol";
import {Scarcity} from "./Scarcity.sol";
import {State, Market, Listing, Policy, RuleSet} from "./State.sol";
import {CLOSING, MULTIPLIER_ONE, RESERVE_STREAM, TRANCHES_MAX, YEAR} from "./State.sol";
import {Turns} from "./Turn.sol";

/// What a purchase finds and decides.
struct Order {
    uint256 time;
    uint256 tokens;
    uint256 liveCount;
    uint256 stale;
    /// Flags of the pool without `CLOSING`: not zero when anybody queues.
    uint256 queues;
    /// Latest end of all policies, then with this one.
    uint256 latestEnd;
    uint256 estimates;
    uint256 required;
    /// The rules that stand in one slot, as `RuleSet` has them from the junior floor on.
    uint256 rules;
    uint256 active;
    /// Active capital and the reserve, not above what they were at the last boundary (3.4): capital that comes for a
    /// moment is none.
    uint256 capital;
    /// The market was insured before.
    bool known;
    /// Its loss counter.
    uint256 counter;
    bytes32 digest;
    uint256 slot;
    uint256 start;
    uint256 end;
    uint256 premium;
    uint256 bonus;
    uint256 units;
    /// The premium without its bonus by stream, and what rate x term leaves of each part.
    uint256[5] parts;
    uint256[5] carries;
}

/// A purchase against the pool and its rules: what the quote is bound by, capacity (3.2, 3.4, 3.5), price and split (3.4, 3.6).
///
/// A purchase touches more of the pool than any other command, so slots are read whole and once (`survey`).
library Orders {
    /// Reads the pool's first slots, each once.
    function survey(State storage s, Order memory o) internal view {
        RuleSet storage rules = s.rules;
        uint256 clock;
        uint256 times;
        uint256 bounds;
        uint256 books;
        assembly ("memory-safe") {
            clock := sload(s.slot)
            times := sload(add(s.slot, 1))
            books := sload(add(s.slot, 2))
            bounds := sload(add(rules.slot, 1))
        }
        // Members in the order of `State`: the clock's slot, then that of times; required capital stands above the reserve.
        o.tokens = uint128(clock);
        o.time = uint40(clock >> 128);
        if (o.time < uint40(times >> 80)) revert Paused(uint40(times >> 80));
        o.liveCount = uint8(clock >> 232);
        o.stale = uint8(clock >> 240);
        o.queues = clock >> 248 & ~uint256(CLOSING);
        o.latestEnd = uint40(times >> 40);
        o.estimates = uint8(times >> 184);
        o.required = books >> 128;
        o.rules = bounds >> 128;
    }

    /// What the quote binds, and the bounds that governance puts on it (3.2).
    function checkQuote(State storage s, QuoteWords calldata q, Order memory o, bytes calldata signature)
        internal
        view
    {
        if (uint160(msg.sender) != q.buyer) revert NotTheBuyer(msg.sender);
        o.digest = Quotes.digest(q);
        address signer = Quotes.signer(o.digest, signature);
        if (!Roles.isActuary(signer)) revert NotAnActuary(signer);
        if (o.time > q.deadline) revert QuoteExpired(uint64(q.deadline), uint64(o.time));
        if (q.holdsPoolAsset != 0 && s.wrapper) revert CircularCover(uint32(q.market));
        uint256 limit = q.limit;
        if (limit == 0 || limit > s.rules.limitMax) revert OutsideBounds("limit");
        if (q.eventLimit == 0) revert OutsideBounds("event_limit");
        if (q.deductibleBond > q.deductible) revert OutsideBounds("deductible_bond");
        if (q.coinsurance > Fixed.MILLION) revert OutsideBounds("coinsurance");
        if (q.bonusShare > Fixed.MILLION) revert OutsideBounds("bonus_share");
        uint256 term = q.termEpochs;
        unchecked {
            // Words of 32 bits.
            uint256 split = q.split[0] + q.split[1] + q.split[2] + q.split[3];
            if (split > Fixed.MILLION) revert OutsideBounds("split");
            if (q.charge == 0) revert OutsideBounds("charge");
            if (term == 0 || term > s.rules.termEpochsMax) revert OutsideBounds("term_epochs");
            term *= Fixed.EPOCH;
        }
        uint256 least = Fixed.mulDivUp(Fixed.partUp(limit, rateMin(o)), term, YEAR);
        if (q.premium < least) revert PremiumTooLow(uint128(q.premium), uint128(least));
    }

    // Of the rules in `Order.rules`, in the order of `RuleSet`.

    function juniorFloor(Order memory o) private pure returns (uint256) {
        return uint24(o.rules);
    }

    function waiting(Order memory o) internal pure returns (uint256) {
        return uint32(o.rules >> 24);
    }

    function rateMin(Order memory o) private pure returns (uint256) {
        return uint32(o.rules >> 56);
    }

    function marketShareMax(Order memory o) private pure returns (uint256) {
        return uint24(o.rules >> 88);
    }

    function knots(Order memory o) private pure returns (uint256) {
        return uint8(o.rules >> 112);
    }

    /// Required capital with the new charge against the pool, the junior floor and the market's share (3.4, 3.5).
    function checkCapital(State storage s, Market storage m, Listing storage l, QuoteWords calldata q, Order memory o)
        internal
        view
    {
        unchecked {
            // Amounts of 128 bits, and sums of a few of them.
            uint256 charge = q.charge;
            uint256 required = Fixed.to128(o.required + charge);
            if (required > q.requiredMax) revert RequiredMoved(uint128(required), uint128(q.requiredMax));
            (uint256 unqueued, uint256[4] memory active) = Premium.layers(s);
            o.active = active[0] + active[1] + active[2] + active[3];
            unqueued += o.active;
            uint256 capital = Fixed.min(unqueued, s.boundaryUnqueued);
            o.capital = capital;
            if (required > capital) revert CapacityExceeded(uint128(required), uint128(capital));
            uint256 floor = Fixed.partUp(required, juniorFloor(o));
            if (active[0] < floor) revert JuniorFloor(uint128(active[0]), uint128(floor));
            // One sync may owe all limits together; their sum must be an amount (1.2).
            uint256 limits = q.limit;
            for (uint256 i; i < o.liveCount; ++i) {
                limits += limitsOf(s.markets[s.live[i].id], s.live[i]);
            }
            Fixed.to128(limits);
            if (o.known) {
                charge += Policies.chargeDue(Policies.inSlot(m, l, 0));
                if (l.second) charge += Policies.chargeDue(Policies.inSlot(m, l, 1));
                Fixed.to128(charge);
            }
            uint256 most = Fixed.partDown(unqueued, marketShareMax(o));
            if (charge > most) revert MarketShareExceeded(uint128(charge), uint128(most));
        }
    }

    /// What the policies of a live market can still pay.
    function limitsOf(Market storage m, Listing storage l) private view returns (uint256 limits) {
        Policy storage p = Policies.inSlot(m, l, 0);
        if (Policies.isOpen(p)) limits = Policies.limitLeft(p);
        if (!l.second) return limits;
        p = Policies.inSlot(m, l, 1);
        if (Policies.isOpen(p)) limits += Policies.limitLeft(p);
    }

    /// Premium after scarcity, rounded up (3.4): ceil(quoted (G(R + c) - G(R)) / (c 1e9)).
    function price(State storage s, QuoteWords calldata q, Order memory o) internal view returns (uint256) {
        uint256 required = o.required;
        uint256 charge = q.charge;
        uint256 product = q.premium * Scarcity.rise(s.rules, knots(o), o.capital, required, required + charge);
        unchecked {
            uint256 divisor = charge * MULTIPLIER_ONE;
            return Fixed.to128(product / divisor + (product % divisor == 0 ? 0 : 1));
        }
    }

    /// The premium without its bonus, by stream (3.6, 3.7): rounded down to bonus and tranches, the rest to the
    /// reserve. Each part is one of `Streams.split`.
    function splitPremium(State storage s, QuoteWords calldata q, Order memory o, uint256 term) internal view {
        unchecked {
            // Fractions are at most a million together: no part is above the premium.
            uint256 streamed = o.premium;
            if (q.bonusShare != 0) {
                o.bonus = streamed * q.bonusShare / Fixed.MILLION;
                streamed -= o.bonus;
            }
            uint256 left = streamed;
            for (uint256 i; i <= RESERVE_STREAM; ++i) {
                uint256 part = left;
                if (i < TRANCHES_MAX) {
                    uint256 fraction = q.split[i];
                    if (fraction == 0) continue;
                    part = streamed * fraction / Fixed.MILLION;
                    left -= part;
                }
                uint256 scaled = part << 64;
                uint256 rate = Fixed.to128(scaled / term);
                (o.parts[i], o.carries[i]) = (part, scaled % term);
                // Below 2^64 units no sum of rates can leave 128 bits (`Turns.checkRate`).
                if (o.tokens + part >= 1 << 64) Turns.checkRate(s, i, rate, part);
            }
        }
    }
}
