// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Carries} from "../Carry.sol";
import "../Errors.sol";
import {MarketOpened, MarketPinned, MarketRead, Purchase} from "../Events.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Reading} from "../interfaces/ILossSource.sol";
import {Order, Orders} from "../Order.sol";
import {Payments} from "../Payment.sol";
import {Policies} from "../Policy.sol";
import {Quote, Quotes, QuoteWords} from "../Quote.sol";
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
    CHAINED,
    EVENT_IS_LIMIT,
    HAS_BONUS,
    HAS_DEDUCTIBLE,
    MARKETS_MAX
} from "../State.sol";
import {Tranches} from "../Tranche.sol";

/// Buying cover (3): a quote checked against what it binds and against governance's bounds, the scarcity curve,
/// capacity, the policy and its bond (7.1).
///
/// A purchase touches more of the pool than any other command, so it reads slots whole and once (`Orders.survey`), takes the
/// quote's words from calldata, and writes slots whole.
contract PoolCover {
    /// As in `Events`: `announce` writes it itself, and the interface shall have it.
    event PolicyBought(uint32 indexed market, address indexed buyer, Purchase purchase);

    /// Buys cover (3.1 to 3.6) for the caller, who pays premium, deductible bond and callable bond.
    function buyCover(Quote calldata quote, uint128 premiumMax, bytes calldata signature)
        external
        returns (uint32 policy)
    {
        State storage s = pool();
        QuoteWords calldata q = Quotes.words(quote);
        Order memory o;
        Orders.survey(s, o);
        Orders.checkQuote(s, q, o, signature);
        Market storage m = s.markets[q.market];
        Listing storage l = Policies.listing(s, q.market);
        checkMarket(m, l, q, o);
        Orders.checkCapital(s, m, l, q, o);
        if (o.stale != 0) revert MarketsStale(uint8(o.stale));
        if (o.queues == 0 ? o.active == 0 : Tranches.onIceWith(s, o.active)) revert OnIce();
        l = o.known ? reopenMarket(s, m, l, q, o) : openMarket(s, m, q, o);
        terms(s, m, l, q, o, premiumMax);
        uint256 due = Fixed.to128(o.premium + Fixed.to128(q.deductibleBond + q.callableBond));
        Payments.receiveFrom(s, Payments.asset(), msg.sender, due);
        return write(s, m, l, q, o);
    }

    /// Nonce, latent estimate and source of the market, as far as it is known.
    function checkMarket(Market storage m, Listing storage l, QuoteWords calldata q, Order memory o) private view {
        bool known = l.adapter != address(0);
        o.known = known;
        // What is not known has nothing: no nonce, counter or policy is read. The largest number has no successor that could
        // void it.
        uint256 least = known ? m.nonce : 0;
        if (q.nonce < least || q.nonce == type(uint64).max) revert NonceUsed(uint64(q.nonce), uint64(least));
        // Code cannot change, but for an account that delegates: a designator of 23 bytes. So the hash is not stored.
        address adapter = address(uint160(q.adapter));
        if (adapter.codehash != q.code || adapter.code.length <= 23) revert AdapterCode(adapter, q.code);
        if (!known) return;
        bool pinned = Policies.inSlot(m, l, 0).status != Status.None || m.setAside != 0;
        if (pinned && (!sameSource(m, l, q) || uint160(m.destination) != q.destination)) {
            revert SourcePinned(uint32(q.market));
        }
        // A renewal at no higher limit stays possible; its baseline will include the estimate (3.3).
        if (o.estimates == 0 || m.expiry == 0) return;
        (bool renews, Policy storage before) = renewed(m, l, o.time);
        if (!renews || q.limit > before.limit) revert EstimateOpen(uint32(q.market));
    }

    function sameSource(Market storage m, Listing storage l, QuoteWords calldata q) private view returns (bool) {
        if (uint160(l.adapter) != q.adapter) return false;
        if (!l.converts) return q.rateInitial == 0;
        return m.rateInitial == q.rateInitial && m.rateStep == q.rateStep;
    }

    // ---------------------------------------------------------------- the market

    /// Opens a market that is insured for the first time (3.1): all its slots are zero.
    function openMarket(State storage s, Market storage m, QuoteWords calldata q, Order memory o)
        private
        returns (Listing storage l)
    {
        if (o.liveCount >= MARKETS_MAX) revert TooManyMarkets();
        uint32 id = uint32(q.market);
        address adapter = address(uint160(q.adapter));
        bool converts = q.rateInitial != 0;
        unchecked {
            // Not the largest number.
            (m.destination, m.nonce) = (address(uint160(q.destination)), uint64(q.nonce + 1));
        }
        if (converts) (m.rateInitial, m.rateStep) = (uint128(q.rateInitial), uint32(q.rateStep));
        emit MarketOpened(id, adapter, address(uint160(q.destination)));
        l = Policies.enlist(s, Policies.entry(q.adapter, id, converts));
        (bool ok, Reading memory r) = Sources.readAll(adapter);
        if (converts) {
            takeFirst(s, m, l, q, ok, r);
            o.counter = m.counter;
            return l;
        }
        if (!ok) revert MarketStale(id);
        o.counter = r.counter;
        // A source with nothing to show leaves the slots as they are, unread.
        if (r.counter | r.latent | r.recovered | r.supplied == 0) return l;
        if (r.counter | r.supplied != 0) (m.counter, m.supplied) = (r.counter, r.supplied);
        if (r.latent | r.recovered != 0) (m.measured, m.recovered) = (r.latent, r.recovered);
        emit MarketRead(id, 0, r.counter, r.counter, 0, r.latent, r.supplied, r.recovered);
    }

    /// Pins source and destination of a known market anew where they differ (3.1), and puts it back into the list where it is
    /// not live.
    function reopenMarket(State storage s, Market storage m, Listing storage l, QuoteWords calldata q, Order memory o)
        private
        returns (Listing storage)
    {
        bool live = Policies.isLive(m, l);
        if (!live && o.liveCount >= MARKETS_MAX) revert TooManyMarkets();
        unchecked {
            m.nonce = uint64(q.nonce + 1);
        }
        pin(m, l, q);
        if (!live) {
            uint256 word;
            assembly ("memory-safe") {
                word := sload(l.slot)
            }
            delete m.parked;
            l = Policies.enlist(s, word);
            (bool ok, Reading memory r) = Sources.readAll(l.adapter);
            takeFirst(s, m, l, q, ok, r);
        }
        o.counter = m.counter;
        return l;
    }

    /// Pins source and destination anew. Another adapter counts from another start: only what it shows from now on matters.
    function pin(Market storage m, Listing storage l, QuoteWords calldata q) private {
        address adapter = address(uint160(q.adapter));
        address destination = address(uint160(q.destination));
        if (!sameSource(m, l, q)) {
            // Nothing is pinned, so the market is not live.
            (l.adapter, l.stale, l.converts) = (adapter, false, q.rateInitial != 0);
            (m.counter, m.sourceCounter, m.rate, m.rateAt) = (0, 0, 0, 0);
            (m.measured, m.recovered, m.passedOn) = (0, 0, 0);
            (m.rateInitial, m.rateStep) = (uint128(q.rateInitial), uint32(q.rateStep));
        } else if (m.destination == destination) {
            return;
        }
        m.destination = destination;
        emit MarketPinned(uint32(q.market), adapter, destination);
    }

    /// Takes the first reading of a market that is back in the list; refused where there is none.
    function takeFirst(State storage s, Market storage m, Listing storage l, QuoteWords calldata q, bool ok, Reading memory r)
        private
    {
        if (ok && l.converts) startConversion(s, m, l, q, r);
        Sources.take(s, l, true, ok, r);
        if (l.stale) revert MarketStale(uint32(q.market));
    }

    /// A counter in another unit begins at the source's present counter: what was lost before is not converted.
    function startConversion(State storage s, Market storage m, Listing storage l, QuoteWords calldata q, Reading memory r)
        private
    {
        (m.sourceCounter, m.rate, m.rateAt) = (r.counter, uint128(q.rateInitial), s.time);
        if (l.stale) {
            l.stale = false;
            --s.stale;
        }
        (m.measured, m.supplied) = (r.latent, r.supplied);
        if (r.recovered > m.recovered) m.recovered = r.recovered;
        emit MarketRead(
            uint32(q.market), m.counter, m.counter, r.counter, m.rate, r.latent, r.supplied, m.recovered
        );
    }

    // ---------------------------------------------------------------- what is bought

    /// Place, term, price and split of what is bought.
    function terms(
        State storage s,
        Market storage m,
        Listing storage l,
        QuoteWords calldata q,
        Order memory o,
        uint256 premiumMax
    ) private view {
        if (o.counter != q.counter) revert CounterMoved(uint128(q.counter), uint128(o.counter));
        bool renews;
        Policy storage before = m.policies[0];
        if (o.known) {
            o.slot = freeSlot(m, l, q.market);
            (renews, before) = renewed(m, l, o.time);
        }
        o.premium = Orders.price(s, q, o);
        if (o.premium > premiumMax) revert PremiumAboveMaximum(uint128(o.premium), uint128(premiumMax));
        unchecked {
            // Seconds of at most 40 bits.
            uint256 term = q.termEpochs * Fixed.EPOCH;
            o.start = renews ? Policies.end(before) : Fixed.boundaryFrom(o.time + Orders.waiting(o));
            o.end = o.start + term;
            o.latestEnd = Fixed.max(o.latestEnd, o.end);
            if (o.latestEnd > q.latestEndMax) revert LatestEndMoved(uint64(o.latestEnd), uint64(q.latestEndMax));
            Orders.splitPremium(s, q, o, term);
        }
        if (q.callableBond != 0) {
            o.units = Tranches.sharesFor(s.mutual, q.callableBond);
            // The bond would be a gift to the other members.
            if (o.units == 0) revert MovesNothing();
            Fixed.to128(s.mutual.shares + o.units);
        }
    }

    function freeSlot(Market storage m, Listing storage l, uint256 id) private view returns (uint256) {
        if (Policies.inSlot(m, l, 0).status == Status.None) return 0;
        if (l.second) revert SlotsTaken(uint32(id));
        return 1;
    }

    /// The older policy, and whether a purchase now would renew it without a gap: before its end, as the only one.
    function renewed(Market storage m, Listing storage l, uint256 time)
        private
        view
        returns (bool, Policy storage older)
    {
        older = Policies.inSlot(m, l, 0);
        bool alone = older.status != Status.None && !l.second;
        return (alone && time < Policies.end(older) && !Policies.isCancelled(older), older);
    }

    // ---------------------------------------------------------------- the policy

    /// Writes a policy that was bought.
    function write(State storage s, Market storage m, Listing storage l, QuoteWords calldata q, Order memory o)
        private
        returns (uint32 id)
    {
        Policy storage p = o.known ? Policies.inSlot(m, l, o.slot) : m.policies[0];
        id = s.policies;
        if (id == type(uint32).max) revert Overflow();
        uint256 flags;
        if (o.slot != 0) {
            l.second = true;
            flags = chain(s, p, Policies.inSlot(m, l, 0), q.limit, o.start);
        }
        if (q.eventLimit == q.limit) flags |= EVENT_IS_LIMIT;
        if (o.bonus != 0) flags |= HAS_BONUS;
        if (q.deductible != 0) flags |= HAS_DEDUCTIBLE;
        writeTerms(p, q, o, flags, id);
        if (q.eventLimit != q.limit) p.eventLimit = uint128(q.eventLimit);
        if (o.bonus != 0) {
            p.bonus = uint128(o.bonus);
            s.bonus += uint128(o.bonus);
        }
        if (q.deductible != 0) {
            (p.deductibleLeft, p.bondLeft) = (uint128(q.deductible), uint128(q.deductibleBond));
            if (q.deductibleBond != 0) s.bonds += uint128(q.deductibleBond);
        }
        if (o.units != 0) p.member = postBond(s, q, o, id);
        // Its rates begin and end by its own start and end.
        Carries.add(s, o.carries);
        uint256 required = o.required + q.charge;
        count(s, o, required);
        announce(q, o, id, Fixed.pair(o.required, required));
    }

    /// Counts a policy in the pool's second slot, with the earliest due time and the latest end, and writes required capital.
    function count(State storage s, Order memory o, uint256 required) private {
        (uint256 end, uint256 latest) = (o.end, o.latestEnd);
        unchecked {
            uint256 times;
            uint256 books;
            assembly ("memory-safe") {
                times := sload(add(s.slot, 1))
                books := sload(add(s.slot, 2))
            }
            // Members in the order of `State`: due and latest end are the two lowest, of 40 bits each; required capital stands
            // above the reserve.
            times = times >> 80 << 80 | latest << 40 | Fixed.min(uint40(times), end);
            times += 1 << 192;
            books = uint128(books) | required << 128;
            assembly ("memory-safe") {
                sstore(add(s.slot, 1), times)
                sstore(add(s.slot, 2), books)
            }
        }
    }

    /// Writes the terms of a policy into a place that is free, so all zero: each slot at once, the members of `Policy` in
    /// their order. Each was bounded before to less than its width.
    function writeTerms(Policy storage p, QuoteWords calldata q, Order memory o, uint256 flags, uint256 id) private {
        uint256 first = q.buyer | Fixed.epochOf(o.start) << 160 | Fixed.epochOf(o.end) << 184;
        first |= q.termEpochs << 208 | uint256(Status.Pending) << 216 | flags << 224 | q.coinsurance << 232;
        uint256 second = q.split[0] << 160 | q.split[1] << 184 | q.split[2] << 208 | q.split[3] << 232 | id;
        uint256 limit = q.limit;
        uint256 premium = o.premium;
        uint256 charge = q.charge | q.counter << 128;
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

    /// Emits `PolicyBought`: the words of `Purchase` in their order, the parts in the place of their array.
    function announce(QuoteWords calldata q, Order memory o, uint256 id, uint256 required) private {
        uint256[16] memory log;
        (log[0], log[1], log[2]) = (o.slot, id, uint256(o.digest));
        (log[3], log[4], log[5], log[6]) = (o.start, o.end, o.premium, o.bonus);
        (log[12], log[13], log[14], log[15]) = (q.callableBond, o.units, q.nonce, required);
        uint256[5] memory parts = o.parts;
        bytes32 topic = PolicyBought.selector;
        uint256 market = q.market;
        uint256 buyer = q.buyer;
        assembly ("memory-safe") {
            mcopy(add(log, 224), parts, 160)
            log3(log, 512, topic, market, buyer)
        }
    }

    function postBond(State storage s, QuoteWords calldata q, Order memory o, uint32 policy) private returns (uint32) {
        uint32 id = s.members++;
        Member storage member = s.member[id];
        member.owner = address(uint160(q.buyer));
        member.until = uint40(o.end);
        member.policy = policy;
        member.market = uint32(q.market);
        member.bond = uint128(q.callableBond);
        Holders.write(member.units, o.units, s.mutualGeneration, s.tickets);
        s.mutual = Class(s.mutual.assets + uint128(q.callableBond), uint128(s.mutual.shares + o.units));
        return id + 1;
    }

    /// First start and first limit of a chain of renewals without gap and ticket (4.4): kept for the limit that had
    /// it, and for the whole limit once the policy before has outlived its own early period.
    function chain(State storage s, Policy storage p, Policy storage before, uint256 limit, uint256 start)
        private
        returns (uint256 flags)
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
