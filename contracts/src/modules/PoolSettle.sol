// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NoSuchMarket, NothingSetAside} from "../Errors.sol";
import {Booking, BonusForfeited, OwnBondUsed, SetOff} from "../Events.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Latents} from "../Latent.sol";
import {Losses, SLOT, POLICY, COUNTER, EVIDENCE, GROSS, OVER_LIMIT, RESIDUAL, SUPPLIED, HAIRCUT} from "../Loss.sol";
import {DEDUCTIBLE, COINSURED, RESERVE, UNCOVERED, TRANCHE, OWN_BOND, CALLED, QUEUED, REQUIRED, HELD} from "../Loss.sol";
import {MARKET, PLACE, AT, UNPAID, OWED, PAID, WORDS, BOOKING_BYTES} from "../Loss.sol";
import {Payments} from "../Payment.sol";
import {Policies} from "../Policy.sol";
import {Premium} from "../Premium.sol";
import {Recoveries} from "../Recovery.sol";
import {pool, State, Market, Listing, Policy, Status, Ticket, Tranche, Member, Class} from "../State.sol";
import {RuleSet, RESERVE_STREAM} from "../State.sol";
import {Tickets} from "../Ticket.sol";
import {Tranches} from "../Tranche.sol";
import {Waterfall} from "../Waterfall.sol";

/// Settlement (4): books what the readings brought, in one pass, before anything else a command does. A loss is
/// fixed to the moment it is read; every unit of capital at risk then shares it.
///
/// Each loss stands in memory as the words of its event, with a few more that the books need (`Loss.sol`).
contract PoolSettle {
    /// As in `Events`: it is written from the words of a loss, and the interface shall have it.
    event TicketBooked(uint32 indexed ticket, uint32 indexed market, Booking booking);

    /// Books and pays all there is (1.4 step 3), then closes classes (step 4). The pool runs it by delegatecall when a
    /// market's books changed or a class may have to close.
    function settle() external {
        State storage s = pool();
        // Nothing here moves the anchor.
        uint256[5] memory gains = Premium.told(s);
        uint256[WORDS][] memory found = losses(s);
        if (found.length != 0) book(s, found, gains);
        Tranches.closeClasses(s, gains);
    }

    /// Sends what is set aside for a market to its destination (4.5).
    function payMarket(uint32 market) external {
        State storage s = pool();
        address adapter = Policies.listing(s, market).adapter;
        if (adapter == address(0)) revert NoSuchMarket(market);
        if (Payments.payMarket(s, market, adapter, 0) == 0) revert NothingSetAside(market);
    }

    /// What each policy in force has to book (4.3), each assessed before any layer is asked (4.4): nothing below the
    /// smallest ticket.
    function losses(State storage s) private view returns (uint256[WORDS][] memory found) {
        uint256 clock;
        assembly ("memory-safe") {
            clock := sload(s.slot)
        }
        // Of the first slot of the state: live markets at bit 232, the time at bit 128.
        uint256 count = uint8(clock >> 232);
        assembly ("memory-safe") {
            // Room for two of each market; the members come behind.
            found := mload(0x40)
            mstore(found, 0)
            mstore(0x40, add(found, add(32, shl(6, count))))
        }
        for (uint256 i; i < count; ++i) {
            Listing storage l = s.live[i];
            uint256 listing;
            assembly ("memory-safe") {
                listing := sload(l.slot)
            }
            // Stale at bit 224; the place of the older policy at bit 240, whether it has a successor at bit 248.
            if (uint8(listing >> 224) != 0) continue;
            uint256 id = uint32(listing >> 160);
            Market storage m = s.markets[id];
            for (uint256 slot; slot <= listing >> 248; ++slot) {
                Policy storage p = m.policies[(listing >> 240) + slot & 1];
                if (inForce(p, uint40(clock >> 128))) lossOf(s, found, p, m.counter, id, i, slot);
            }
        }
    }

    /// `Policies.inForce`, of a slot that is read once.
    function inForce(Policy storage p, uint256 t) private view returns (bool) {
        uint256 word;
        assembly ("memory-safe") {
            word := sload(p.slot)
        }
        // The status at bit 216, start and end at 160 and 184.
        uint256 status = uint8(word >> 216);
        if (status == uint8(Status.Active)) {
            unchecked {
                return uint24(word >> 160) * Fixed.EPOCH <= t && t < uint24(word >> 184) * Fixed.EPOCH;
            }
        }
        return status == uint8(Status.RunOff) && Policies.inForce(p, t);
    }

    /// Adds the loss of a policy in force, where it has one.
    function lossOf(
        State storage s,
        uint256[WORDS][] memory found,
        Policy storage p,
        uint256 counter,
        uint256 id,
        uint256 place,
        uint256 slot
    ) private view {
        uint256 gross = Policies.gross(p, counter);
        uint256 rules = smallest(s);
        if (gross < uint128(rules)) return;
        uint256[WORDS] memory l;
        (l[SLOT], l[COUNTER], l[MARKET], l[PLACE]) = (slot, counter, id, place);
        Losses.assess(l, p, rules, gross, s.time);
        assembly ("memory-safe") {
            mstore(add(l, mul(AT, 32)), p.slot)
            let count := add(mload(found), 1)
            mstore(found, count)
            mstore(add(found, shl(5, count)), l)
        }
    }

    /// The third slot of the rules: the smallest ticket below, then those of the early period and the mutual layer.
    function smallest(State storage s) private view returns (uint256 word) {
        RuleSet storage rules = s.rules;
        assembly ("memory-safe") {
            word := sload(add(rules.slot, 2))
        }
    }

    function book(State storage s, uint256[WORDS][] memory found, uint256[5] memory gains) private {
        forfeitBonuses(s, found);
        uint256[5] memory held;
        uint256[4] memory queues;
        spread(s, found, gains, held, queues);
        uint32 first = s.tickets;
        for (uint256 k; k < found.length; ++k) {
            ticket(s, found[k], held, queues);
        }
        for (uint256 k; k < found.length; ++k) {
            uint256[WORDS] memory l = found[k];
            uint256 owed = l[PAID];
            while (k + 1 < found.length && found[k + 1][MARKET] == l[MARKET]) owed += found[++k][PAID];
            pay(s, uint32(l[MARKET]), s.live[l[PLACE]], first, owed);
        }
    }

    /// Lets reserve, tranches and mutual layer pay what they can, in their order (2.1): what each gives to each loss. `held`
    /// is what reserve and tranches have, `queues` the queued classes as they are kept, assets in the lower half.
    function spread(
        State storage s,
        uint256[WORDS][] memory found,
        uint256[5] memory gains,
        uint256[5] memory held,
        uint256[4] memory queues
    ) private {
        uint256[] memory owed = new uint256[](found.length);
        for (uint256 k; k < owed.length; ++k) {
            owed[k] = found[k][OWED];
        }
        uint256 left = Waterfall.sum(owed);
        unchecked {
            held[0] = uint128(s.reserve + gains[RESERVE_STREAM]);
        }
        (uint256[] memory parts, uint256 taken) = Waterfall.pour(held[0], owed);
        put(found, RESERVE, parts, taken);
        left -= taken;
        uint256 count = s.trancheCount;
        uint256 flags = s.flags;
        for (uint256 i; i < count; ++i) {
            uint256 queued = Tranches.queuedWord(s, i, flags);
            uint256 active = uint128(Premium.activeWord(s, i, gains));
            (queues[i], queued) = (queued, uint128(queued));
            held[i + 1] = active + queued;
            if (left == 0) continue;
            (parts, taken) = Waterfall.pour(active + queued, owed);
            if (taken == 0) continue;
            left -= taken;
            put(found, TRANCHE + i, parts, taken);
            queued = Tranches.queuedPart(queued, active, taken);
            if (queued != 0) put(found, QUEUED + i, Waterfall.cumulativeSplit(queued, parts, taken), queued);
        }
        if (s.members != 0) call(s, found, owed);
        for (uint256 k; k < owed.length; ++k) {
            uint256[WORDS] memory l = found[k];
            (l[PAID], l[UNPAID]) = (l[OWED] - owed[k], l[UNPAID] + owed[k]);
        }
    }

    /// Notes what a layer gives to each loss.
    function put(uint256[WORDS][] memory found, uint256 word, uint256[] memory parts, uint256 taken) private pure {
        if (taken == 0) return;
        for (uint256 k; k < parts.length; ++k) {
            found[k][word] = parts[k];
        }
    }

    /// Where the policy of a loss stands.
    function policyOf(uint256[WORDS] memory l) private pure returns (Policy storage p) {
        uint256 at = l[AT];
        assembly ("memory-safe") {
            p.slot := at
        }
    }

    /// At the first ticket the no-claims bonus goes to the reserve, before the waterfall runs (3.7).
    function forfeitBonuses(State storage s, uint256[WORDS][] memory found) private {
        for (uint256 k; k < found.length; ++k) {
            uint256[WORDS] memory l = found[k];
            Policy storage p = policyOf(l);
            uint128 bonus = Policies.bonusHeld(p);
            if (bonus == 0) continue;
            Policies.dropBonus(p);
            s.bonus -= bonus;
            emit BonusForfeited(uint32(l[MARKET]), uint8(l[SLOT]), bonus, uint128(Premium.reserve(s)));
            Premium.give(s, bonus);
        }
    }

    /// Calls the mutual layer for what reserve and tranches could not pay (7.1): own bonds first, in ascending order
    /// of market, then all members, each loss at most a multiple of the sufferer's own bond at its start.
    function call(State storage s, uint256[WORDS][] memory found, uint256[] memory owed) private {
        uint256[] memory wanted = new uint256[](owed.length);
        for (uint256 k; k < owed.length; ++k) {
            uint32 member = policyOf(found[k]).member;
            if (member == 0 || owed[k] == 0) continue;
            Member storage m = s.member[member - 1];
            uint256 own = useOwn(s, member - 1, m, owed[k]);
            found[k][OWN_BOND] = own;
            owed[k] -= own;
            // A multiple beyond 128 bits bounds nothing.
            wanted[k] = Fixed.min(owed[k], uint256(m.bond) * s.rules.mutualMultiple / Fixed.MILLION);
        }
        (uint256[] memory called, uint256 taken) = Waterfall.pour(s.mutual.assets, wanted);
        put(found, CALLED, called, taken);
        for (uint256 k; k < owed.length; ++k) {
            owed[k] -= called[k];
        }
    }

    /// Uses a sufferer's own bond: x = min(need, own value), burning ceil(x U / M) units.
    function useOwn(State storage s, uint32 id, Member storage m, uint256 need) private returns (uint256 assets) {
        Class memory layer = s.mutual;
        uint256 held = Holders.balance(m.units, s.mutualGeneration);
        if (held == 0 || layer.assets == 0) return 0;
        assets = Fixed.min(need, Tranches.value(layer, held));
        if (assets == 0) return 0;
        uint256 units = Fixed.mulDivUp(assets, layer.shares, layer.assets);
        // The balance before the burn is what older tickets see.
        Holders.write(m.units, held - units, s.mutualGeneration, s.tickets);
        s.mutual = Class(uint128(layer.assets - assets), uint128(layer.shares - units));
        emit OwnBondUsed(id, uint128(assets), uint128(units));
    }

    /// Books one ticket (4.6).
    function ticket(State storage s, uint256[WORDS] memory l, uint256[5] memory held, uint256[4] memory queues) private {
        Market storage m = s.markets[l[MARKET]];
        uint32 id = s.tickets++;
        Ticket storage record = s.ticket[id];
        assembly ("memory-safe") {
            // What reserve and tranches hold before it.
            mcopy(add(l, mul(HELD, 32)), held, 160)
        }
        bool called = l[CALLED] != 0;
        describe(m, l);
        Tickets.open(record, s.time, l);
        if (called) Tickets.call(record, s.mutualGeneration, s.mutual.shares);
        for (uint256 i; i < 4; ++i) {
            uint256 part = l[TRANCHE + i];
            if (part == 0) continue;
            held[i + 1] -= part;
            queues[i] = suffer(s.tranches[i], record, i, part, l[QUEUED + i], queues[i]);
        }
        if (called) s.mutual.assets -= uint128(l[CALLED]);
        if (l[DEDUCTIBLE] != 0) s.bonds -= uint128(l[DEDUCTIBLE]);
        unchecked {
            // The parts of a loss add up to its gross, an amount.
            l[PAID] += l[DEDUCTIBLE];
            held[0] -= l[RESERVE];
        }
        chain(s, s.live[l[PLACE]], m, id);
        charge(s, l);
        bytes32 topic = TicketBooked.selector;
        uint256 market = l[MARKET];
        assembly ("memory-safe") {
            log3(l, BOOKING_BYTES, topic, and(id, 0xffffffff), market)
        }
        if (s.estimates != 0) lowerEstimate(s, m, uint32(market), l[GROSS]);
    }

    /// The words of the event that follow from others, and those of policy and market.
    function describe(Market storage m, uint256[WORDS] memory l) private view {
        Policy storage p = policyOf(l);
        uint256 supplied = m.supplied;
        unchecked {
            uint256 uncovered = l[OVER_LIMIT] + l[UNPAID];
            Fixed.to128(uncovered);
            (l[RESIDUAL], l[UNCOVERED]) = (l[UNPAID], uncovered);
            l[HAIRCUT] = haircut(l[COINSURED] + uncovered, supplied);
        }
        (l[POLICY], l[EVIDENCE], l[SUPPLIED]) = (p.id, uint256(p.digest), supplied);
    }

    /// Takes from the reserve, and books the claim in its policy: what a ticket does to reserve and required capital, which
    /// stand in one slot.
    function charge(State storage s, uint256[WORDS] memory l) private {
        uint256 fall = Losses.book(l, policyOf(l), s.time);
        uint256 word;
        assembly ("memory-safe") {
            word := sload(add(s.slot, 2))
        }
        uint256 required = word >> 128;
        unchecked {
            // The charges of all policies add up to what is required. The reserve is kept modulo 2^128.
            l[REQUIRED] = required << 128 | required - fall;
            word = required - fall << 128 | uint128(word - l[RESERVE]);
        }
        assembly ("memory-safe") {
            sstore(add(s.slot, 2), word)
        }
    }

    /// Puts a ticket behind the last one of its market.
    function chain(State storage s, Listing storage l, Market storage m, uint32 id) private {
        if (l.oldestTicket == 0) l.oldestTicket = id + 1;
        uint32 newest = m.newestTicket;
        if (newest != 0) s.ticket[newest - 1].next = id + 1;
        m.newestTicket = id + 1;
    }

    /// Takes a loss from a tranche, and records who held it; the queued class as it is then.
    function suffer(
        Tranche storage tranche,
        Ticket storage record,
        uint256 index,
        uint256 part,
        uint256 queuedPart,
        uint256 queued
    ) private returns (uint256) {
        uint256 word;
        assembly ("memory-safe") {
            word := sload(tranche.slot)
        }
        // Generations of both classes: the lowest 64 bits of the queue's slot.
        Tickets.hold(record, index, part, queuedPart, word >> 128, queued >> 128, uint64(Tranches.line(tranche)));
        unchecked {
            // The class holds it, with what it earned since the anchor: modulo 2^128.
            word = word >> 128 << 128 | uint128(word - (part - queuedPart));
            queued -= queuedPart;
        }
        assembly ("memory-safe") {
            if iszero(eq(part, queuedPart)) { sstore(tranche.slot, word) }
            if queuedPart { sstore(add(tranche.slot, 1), queued) }
        }
        return queued;
    }

    /// Haircut of lenders in millionths, rounded up and at most the whole; zero when the supply is unknown (4.6).
    function haircut(uint256 borne, uint256 supplied) private pure returns (uint256) {
        if (supplied == 0) return 0;
        return Fixed.min((borne * Fixed.MILLION + supplied - 1) / supplied, Fixed.MILLION);
    }

    /// A booked loss lowers its market's estimate one for one (5.6).
    function lowerEstimate(State storage s, Market storage m, uint32 id, uint256 gross) private {
        if (m.expiry == 0) return;
        uint256 to = Fixed.saturatingSub(m.estimate, gross);
        if (to == 0) Latents.close(s, id, 0);
        else Latents.fall(s, id, to);
    }

    /// Sends what the layers paid to a market (4.5), after setting off what its source recovered on losses booked
    /// before and kept (6.1).
    function pay(State storage s, uint32 id, Listing storage l, uint32 first, uint256 owed) private {
        Market storage m = s.markets[id];
        uint256 oldest = l.oldestTicket;
        address adapter = l.adapter;
        uint128 kept = uint128(Fixed.saturatingSub(m.recovered, m.passedOn));
        if (kept != 0) kept = uint128(Fixed.min(kept, m.setAside + owed));
        if (kept != 0 && oldest != 0 && oldest - 1 < first) {
            if (kept > owed) {
                m.setAside -= uint128(kept - owed);
                s.setAside -= uint128(kept - owed);
                owed = 0;
            } else {
                owed -= kept;
            }
            m.unassigned += kept;
            s.unassigned += kept;
            m.passedOn = uint128(Fixed.min(uint256(m.passedOn) + kept, type(uint128).max));
            emit SetOff(id, kept);
            Recoveries.assign(s, id, Recoveries.ASSIGN_IN_SYNC);
        }
        Payments.payMarket(s, id, adapter, owed);
    }
}
