// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import "../Errors.sol";
import {
    MarketOpened,
    MarketPinned,
    MarketRead,
    PolicyBought,
    Purchase
} from "../Events.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Reading} from "../interfaces/ILossSource.sol";
import {Payments} from "../Payment.sol";
import {Policies} from "../Policy.sol";
import {Premium} from "../Premium.sol";
import {Quote, Quotes} from "../Quote.sol";
import {Roles} from "../Role.sol";
import {Scarcity} from "../Scarcity.sol";
import {Sources} from "../Source.sol";
import {
    pool,
    State,
    Market,
    Listing,
    Policy,
    Member,
    Status,
    Class,
    Knot,
    RuleSet,
    CHAINED,
    EVENT_IS_LIMIT,
    HAS_BONUS,
    HAS_DEDUCTIBLE,
    MARKETS_MAX,
    MULTIPLIER_ONE,
    PREMIUM_STREAMS,
    YEAR
} from "../State.sol";
import {Tranches} from "../Tranche.sol";
import {Streams} from "../Stream.sol";
import {Turns} from "../Turn.sol";

/// Buying cover (3): a quote checked against what it binds and against governance's bounds, the scarcity curve,
/// capacity, the policy and its bond (7.1).
contract PoolCover {
    /// What a purchase decides.
    struct Order {
        /// Unqueued capital, now and not above what it was at the last boundary (3.4): capital that comes for a moment
        /// is none.
        uint256 unqueued;
        uint256 capital;
        /// Unqueued capital without the reserve.
        uint256 active;
        /// The market was insured before.
        bool known;
        bytes32 digest;
        uint256 slot;
        uint256 start;
        uint256 end;
        uint256 premium;
        uint256 bonus;
        uint256 units;
        Streams.Split split;
    }

    /// Buys cover (3.1 to 3.6) for the caller, who pays premium, deductible bond and callable bond.
    function buyCover(Quote calldata q, uint128 premiumMax, bytes calldata signature)
        external
        returns (uint32 policy)
    {
        State storage s = pool();
        Order memory o;
        Roles.requireUnpaused(s);
        checkQuote(s, q, o, signature);
        if (s.stale != 0) revert MarketsStale(s.stale);
        if (Tranches.onIceWith(s, o.active)) revert OnIce();
        Listing storage l = openMarket(s, q, o.known);
        terms(s, l, q, o, premiumMax);
        uint256 due = Fixed.to128(o.premium + Fixed.to128(uint256(q.deductibleBond) + q.callableBond));
        Payments.receiveFrom(s, Payments.asset(), msg.sender, due);
        return write(s, l, q, o);
    }

    /// Term, price and split of what is bought.
    function terms(State storage s, Listing storage l, Quote calldata q, Order memory o, uint128 premiumMax)
        private
        view
    {
        Market storage m = s.markets[q.market];
        if (m.counter != q.counter) revert CounterMoved(q.counter, m.counter);
        o.slot = freeSlot(m, l, q.market);
        (bool renews, Policy storage before) = renewed(s, m, l);
        o.start = renews ? Policies.end(before) : Fixed.boundaryFrom(uint256(s.time) + s.rules.waiting);
        o.end = o.start + q.termEpochs * Fixed.EPOCH;
        o.premium = price(s, q, o.capital);
        if (o.premium > premiumMax) revert PremiumAboveMaximum(uint128(o.premium), premiumMax);
        uint256 latest = Fixed.max(s.latestEnd, o.end);
        if (latest > q.latestEndMax) revert LatestEndMoved(uint64(latest), q.latestEndMax);
        splitPremium(s, q, o);
        if (q.callableBond != 0) {
            o.units = Tranches.sharesFor(s.mutual, q.callableBond);
            // The bond would be a gift to the other members.
            if (o.units == 0) revert MovesNothing();
            Fixed.to128(s.mutual.shares + o.units);
        }
    }

    /// What the quote binds, and the bounds that governance puts on it (3.2).
    function checkQuote(State storage s, Quote calldata q, Order memory o, bytes calldata signature) private view {
        if (msg.sender != q.buyer) revert NotTheBuyer(msg.sender);
        o.digest = Quotes.digest(q);
        (address signer,,) = ECDSA.tryRecover(o.digest, signature);
        IAccessManager authority = IAccessManager(IAccessManaged(address(this)).authority());
        (bool isActuary,) = authority.hasRole(Roles.ACTUARY, signer);
        if (!isActuary) revert NotAnActuary(signer);
        if (s.time > q.deadline) revert QuoteExpired(q.deadline, s.time);
        if (q.holdsPoolAsset && s.wrapper) revert CircularCover(q.market);
        RuleSet storage rules = s.rules;
        bound(q.limit != 0, "limit");
        bound(q.limit <= rules.limitMax, "limit");
        bound(q.eventLimit != 0, "event_limit");
        bound(q.deductibleBond <= q.deductible, "deductible_bond");
        bound(q.coinsurance <= Fixed.MILLION, "coinsurance");
        bound(q.bonusShare <= Fixed.MILLION, "bonus_share");
        uint256 split = uint256(q.split[0]) + q.split[1] + q.split[2] + q.split[3];
        bound(split <= Fixed.MILLION, "split");
        bound(q.charge != 0, "charge");
        bound(q.termEpochs != 0 && q.termEpochs <= rules.termEpochsMax, "term_epochs");
        uint256 least = Fixed.partUp(q.limit, rules.rateMin);
        least = Fixed.mulDivUp(least, q.termEpochs * Fixed.EPOCH, YEAR);
        if (q.premium < least) revert PremiumTooLow(q.premium, uint128(least));
        checkMarket(s, q, o);
        checkCapital(s, q, o);
    }

    function bound(bool fine, bytes32 what) private pure {
        if (!fine) revert OutsideBounds(what);
    }

    /// Nonce, latent estimate and source of the market, as far as it is known.
    function checkMarket(State storage s, Quote calldata q, Order memory o) private view {
        Market storage m = s.markets[q.market];
        // The largest number has no successor that could void it.
        if (q.nonce < m.nonce || q.nonce == type(uint64).max) revert NonceUsed(q.nonce, m.nonce);
        // Code cannot change, but for an account that delegates: a designator of 23 bytes. So the hash is not stored.
        if (q.adapter.codehash != q.code || q.adapter.code.length <= 23) revert AdapterCode(q.adapter, q.code);
        Listing storage l = Policies.listing(s, q.market);
        if (l.adapter == address(0)) return;
        o.known = true;
        bool pinned = m.policies[0].status != Status.None || m.policies[1].status != Status.None || m.setAside != 0;
        if (pinned && (!sameSource(m, l, q) || m.destination != q.destination)) revert SourcePinned(q.market);
        // A renewal at no higher limit stays possible; its baseline will include the estimate (3.3).
        if (m.expiry == 0) return;
        (bool renews, Policy storage before) = renewed(s, m, l);
        if (!renews || q.limit > before.limit) revert EstimateOpen(q.market);
    }

    function sameSource(Market storage m, Listing storage l, Quote calldata q) private view returns (bool) {
        if (l.adapter != q.adapter) return false;
        if (!l.converts) return q.rateInitial == 0;
        return m.rateInitial == q.rateInitial && m.rateStep == q.rateStep;
    }

    /// Required capital with the new charge against the pool, the junior floor and the market's share (3.4, 3.5).
    function checkCapital(State storage s, Quote calldata q, Order memory o) private view {
        uint256 required = Fixed.to128(uint256(s.required) + q.charge);
        if (required > q.requiredMax) revert RequiredMoved(uint128(required), q.requiredMax);
        (uint256 reserve, uint256[4] memory active) = Premium.layers(s);
        o.active = active[0] + active[1] + active[2] + active[3];
        o.unqueued = reserve + o.active;
        uint256 capital = Fixed.min(o.unqueued, s.boundaryUnqueued);
        o.capital = capital;
        if (required > capital) revert CapacityExceeded(uint128(required), uint128(capital));
        uint256 floor = Fixed.partUp(required, s.rules.juniorFloor);
        if (active[0] < floor) revert JuniorFloor(uint128(active[0]), uint128(floor));
        // One sync may owe all limits together; their sum must be an amount (1.2).
        uint256 limits = q.limit;
        for (uint256 i; i < s.liveCount; ++i) {
            Market storage live = s.markets[s.live[i].id];
            for (uint256 slot; slot < 2; ++slot) {
                if (Policies.isOpen(live.policies[slot])) limits += Policies.limitLeft(live.policies[slot]);
            }
        }
        Fixed.to128(limits);
        uint256 charge = q.charge;
        if (o.known) {
            Market storage m = s.markets[q.market];
            charge = Fixed.to128(charge + Policies.chargeDue(m.policies[0]) + Policies.chargeDue(m.policies[1]));
        }
        uint256 most = Fixed.partDown(o.unqueued, s.rules.marketShareMax);
        if (charge > most) revert MarketShareExceeded(uint128(charge), uint128(most));
    }

    /// Opens a market that is insured for the first time, or pins its source and destination anew (3.1).
    function openMarket(State storage s, Quote calldata q, bool known) private returns (Listing storage l) {
        Market storage m = s.markets[q.market];
        l = Policies.listing(s, q.market);
        bool live = known && Policies.isLive(m);
        if (!live && s.liveCount >= MARKETS_MAX) revert TooManyMarkets();
        Listing memory entry = l;
        if (!known) {
            pin(m, entry, q);
            emit MarketOpened(q.market, q.adapter, q.destination);
        } else if (!sameSource(m, l, q)) {
            // Another adapter counts from another start: only what it shows from now on matters.
            entry.stale = false;
            (m.counter, m.sourceCounter, m.rate, m.rateAt) = (0, 0, 0, 0);
            (m.measured, m.recovered, m.passedOn) = (0, 0, 0);
            pin(m, entry, q);
            emit MarketPinned(q.market, q.adapter, q.destination);
        } else if (m.destination != q.destination) {
            m.destination = q.destination;
            emit MarketPinned(q.market, q.adapter, q.destination);
        }
        if (live) return l;
        if (known) delete m.parked;
        Policies.enlist(s, entry);
        l = Policies.listing(s, q.market);
        (bool ok, Reading memory reading) = Sources.readAll(q.adapter);
        if (ok && entry.converts) startConversion(s, m, l, q, reading);
        Sources.take(s, l, true, ok, reading);
        if (l.stale) revert MarketStale(q.market);
    }

    function pin(Market storage m, Listing memory entry, Quote calldata q) private {
        bool known = entry.adapter != address(0);
        entry.adapter = q.adapter;
        entry.id = q.market;
        entry.converts = q.rateInitial != 0;
        m.destination = q.destination;
        if (known || entry.converts) {
            (m.rateInitial, m.rateStep) = (q.rateInitial, q.rateStep);
        }
    }

    /// A counter in another unit begins at the source's present counter: what was lost before is not converted.
    function startConversion(State storage s, Market storage m, Listing storage l, Quote calldata q, Reading memory r)
        private
    {
        (m.sourceCounter, m.rate, m.rateAt) = (r.counter, q.rateInitial, s.time);
        if (l.stale) {
            l.stale = false;
            --s.stale;
        }
        (m.measured, m.supplied) = (r.latent, r.supplied);
        if (r.recovered > m.recovered) m.recovered = r.recovered;
        emit MarketRead(q.market, m.counter, m.counter, r.counter, m.rate, r.latent, r.supplied, m.recovered);
    }

    function freeSlot(Market storage m, Listing storage l, uint32 id) private view returns (uint256) {
        if (Policies.inSlot(m, l, 0).status == Status.None) return 0;
        if (Policies.inSlot(m, l, 1).status == Status.None) return 1;
        revert SlotsTaken(id);
    }

    /// The older policy, and whether a purchase now would renew it without a gap: before its end, as the only one.
    function renewed(State storage s, Market storage m, Listing storage l)
        private
        view
        returns (bool, Policy storage older)
    {
        older = Policies.inSlot(m, l, 0);
        bool alone = older.status != Status.None && Policies.inSlot(m, l, 1).status == Status.None;
        return (alone && s.time < Policies.end(older) && !Policies.isCancelled(older), older);
    }

    /// Premium after scarcity, rounded up (3.4): ceil(quoted (G(R + c) - G(R)) / (c 1e9)).
    function price(State storage s, Quote calldata q, uint256 capital) private view returns (uint256) {
        Knot[] memory knots = Scarcity.knotsOf(s.rules);
        uint256 rise = Scarcity.integral(knots, capital, uint256(s.required) + q.charge)
            - Scarcity.integral(knots, capital, s.required);
        uint256 divisor = q.charge * MULTIPLIER_ONE;
        uint256 product = q.premium * rise;
        return Fixed.to128(product / divisor + (product % divisor == 0 ? 0 : 1));
    }

    /// The premium without its bonus, by stream (3.6, 3.7): rounded down to bonus and tranches, the rest to the
    /// reserve.
    function splitPremium(State storage s, Quote calldata q, Order memory o) private view {
        o.bonus = Fixed.partDown(o.premium, q.bonusShare);
        o.split = Streams.splitPremium(
            o.premium - o.bonus, [uint256(q.split[0]), q.split[1], q.split[2], q.split[3]], o.end - o.start
        );
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            Turns.checkRate(s, i, o.split.rates[i], o.split.parts[i]);
        }
    }

    /// Writes a policy that was bought.
    function write(State storage s, Listing storage l, Quote calldata q, Order memory o)
        private
        returns (uint32 id)
    {
        Market storage m = s.markets[q.market];
        m.nonce = q.nonce + 1;
        Policy storage p = Policies.inSlot(m, l, o.slot);
        id = s.policies++;
        uint8 flags = o.slot == 0 ? 0 : chain(s, p, Policies.inSlot(m, l, 0), q.limit, o.start);
        if (q.eventLimit == q.limit) flags |= EVENT_IS_LIMIT;
        if (o.bonus != 0) flags |= HAS_BONUS;
        if (q.deductible != 0) flags |= HAS_DEDUCTIBLE;
        writeTerms(p, q, o, flags, id);
        if (flags & EVENT_IS_LIMIT == 0) p.eventLimit = q.eventLimit;
        if (o.bonus != 0) {
            p.bonus = uint128(o.bonus);
            s.bonus += uint128(o.bonus);
        }
        if (q.deductible != 0) {
            (p.deductibleLeft, p.bondLeft) = (q.deductible, q.deductibleBond);
            if (q.deductibleBond != 0) s.bonds += q.deductibleBond;
        }
        if (o.units != 0) p.member = postBond(s, q, o, id);
        stream(s, o);
        uint256 before = s.required;
        s.required = uint128(before + q.charge);
        if (o.end > s.latestEnd) s.latestEnd = uint40(o.end);
        if (o.end < s.due) s.due = uint40(o.end);
        announce(q, o, id, Fixed.pair(before, before + q.charge));
    }

    /// Writes the terms of a policy into a place that is free, so all zero: each slot at once, the members of `Policy` in
    /// their order. Each was bounded before to less than its width.
    function writeTerms(Policy storage p, Quote calldata q, Order memory o, uint8 flags, uint32 id) private {
        uint256 first = uint256(uint160(q.buyer)) | Fixed.epochOf(o.start) << 160 | Fixed.epochOf(o.end) << 184;
        first |= uint256(q.termEpochs) << 208 | uint256(Status.Pending) << 216 | uint256(flags) << 224;
        first |= uint256(q.coinsurance) << 232;
        uint256 second = uint256(q.split[0]) << 160 | uint256(q.split[1]) << 184;
        second |= uint256(q.split[2]) << 208 | uint256(q.split[3]) << 232 | id;
        uint256 limit = q.limit;
        uint256 premium = o.premium;
        uint256 charge = q.charge | uint256(q.counter) << 128;
        bytes32 digest = o.digest;
        assembly ("memory-safe") {
            sstore(p.slot, first)
            sstore(add(p.slot, 1), second)
            sstore(add(p.slot, 2), limit)
            sstore(add(p.slot, 3), premium)
            sstore(add(p.slot, 4), charge)
            sstore(add(p.slot, 5), digest)
        }
    }

    function announce(Quote calldata q, Order memory o, uint32 id, uint256 required) private {
        Purchase memory bought;
        bought.required = required;
        bought.slot = uint8(o.slot);
        bought.policy = id;
        bought.digest = o.digest;
        bought.start = uint64(o.start);
        bought.end = uint64(o.end);
        bought.premium = uint128(o.premium);
        bought.bonus = uint128(o.bonus);
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            bought.parts[i] = uint128(o.split.parts[i]);
        }
        bought.bond = q.callableBond;
        bought.units = uint128(o.units);
        bought.nonce = q.nonce;
        emit PolicyBought(q.market, q.buyer, bought);
    }

    /// Streams a premium: its rates begin and end by the policy's own start and end.
    function stream(State storage s, Order memory o) private {
        Premium.anchor(s);
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            Premium.addCarry(s, i, o.split.carries[i]);
        }
    }

    function postBond(State storage s, Quote calldata q, Order memory o, uint32 policy) private returns (uint32) {
        uint32 id = s.members++;
        Member storage member = s.member[id];
        member.owner = q.buyer;
        member.until = uint40(o.end);
        member.policy = policy;
        member.market = q.market;
        member.bond = q.callableBond;
        Holders.write(member.units, o.units, s.mutualGeneration, s.tickets);
        s.mutual = Class(s.mutual.assets + q.callableBond, uint128(s.mutual.shares + o.units));
        return id + 1;
    }

    /// First start and first limit of a chain of renewals without gap and ticket (4.4): kept for the limit that had
    /// it, and for the whole limit once the policy before has outlived its own early period.
    function chain(State storage s, Policy storage p, Policy storage before, uint128 limit, uint256 start)
        private
        returns (uint8 flags)
    {
        if (Policies.end(before) != start || before.tickets != 0 || Policies.isCancelled(before)) return 0;
        bool chained = Policies.isChained(before);
        bool seasoned = start >= Policies.start(before) + s.rules.earlyPeriod;
        uint256 kept = seasoned || !chained ? before.limit : before.firstLimit;
        p.firstLimit = uint128(Fixed.min(kept, limit));
        p.firstStartEpoch = chained ? before.firstStartEpoch : before.startEpoch;
        return CHAINED;
    }
}
