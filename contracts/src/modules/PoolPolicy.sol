// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Carries} from "../Carry.sol";
import "../Errors.sol";
import {BondReleased, PolicyActivated, PolicyCancelled, PolicyFinalised, QuotesRevoked} from "../Events.sol";
import {Fixed} from "../Fixed.sol";
import {Holders} from "../Holder.sol";
import {Payments} from "../Payment.sol";
import {Policies} from "../Policy.sol";
import {Premium} from "../Premium.sol";
import {pool, State, CLOSING, Market, Listing, Policy, Member, Status, Class} from "../State.sol";
import {CANCELLED, BONUS_GONE, PREMIUM_STREAMS, RUN_OFF} from "../State.sol";
import {Tranches} from "../Tranche.sol";
import {Turns} from "../Turn.sol";

/// The life of a policy after its purchase (3): activation, cancellation, the closing of its books; what is left of
/// its callable bond (7.1); quotes that are void.
contract PoolPolicy {
    /// Puts a policy in force at or after its start (3.3): its baseline is the counter now plus what is latent.
    function activate(uint32 id) external {
        State storage s = pool();
        (Market storage m, Listing storage l) = known(s, id);
        if (l.stale) revert MarketStale(id);
        uint256 t = s.time;
        for (uint256 slot; slot < 2; ++slot) {
            Policy storage p = Policies.inSlot(m, l, slot);
            if (p.status != Status.Pending || t < Policies.start(p) || t >= Policies.end(p)) continue;
            uint128 before = p.seen;
            uint256 latent = m.measured;
            if (s.estimates != 0 && m.expiry != 0) latent = Fixed.max(latent, m.estimate);
            p.seen = Fixed.to128(m.counter + latent);
            p.status = Status.Active;
            // What the source recovered on losses that the pool never booked is not the pool's.
            if (l.oldestTicket == 0 && m.passedOn != m.recovered) m.passedOn = m.recovered;
            emit PolicyActivated(id, uint8(slot), before, p.seen);
            return;
        }
        revert NothingToActivate(id);
    }

    /// Ends a policy at the next boundary against a refund (3.7). The younger of two is cancelled first.
    function cancel(uint32 id) external {
        State storage s = pool();
        (Market storage m, Listing storage l) = known(s, id);
        uint256 slot = 2;
        while (slot > 0) {
            Policy storage open = Policies.inSlot(m, l, slot - 1);
            if (Policies.isOpen(open) && !Policies.isCancelled(open)) break;
            --slot;
        }
        if (slot == 0) revert CannotCancel(id, "none is open");
        Policy storage p = Policies.inSlot(m, l, --slot);
        if (p.buyer != msg.sender) revert NotAuthorised(msg.sender, "buyer");
        if (p.tickets != 0) revert CannotCancel(id, "ticket");
        if (m.expiry != 0) revert CannotCancel(id, "estimate");
        uint256 until = Fixed.boundaryAfter(s.time);
        if (until >= Policies.end(p)) revert CannotCancel(id, "ends anyway");
        uint128[5] memory removed = shorten(s, p, until);
        uint256 total;
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            total += removed[i];
        }
        uint256 refund = Fixed.partDown(total, Fixed.MILLION - s.rules.cancelShare);
        uint128 bonus = Policies.bonusHeld(p);
        uint128 kept = Fixed.to128(total - refund + bonus);
        p.endEpoch = uint24(Fixed.epochOf(until));
        p.flags |= CANCELLED | BONUS_GONE;
        s.bonus -= bonus;
        Premium.give(s, kept);
        if (until < s.due) s.due = uint40(until);
        emit PolicyCancelled(id, uint8(slot), uint64(until), removed, uint128(refund), kept, bonus);
        Payments.send(s, msg.sender, refund);
    }

    /// What a policy has yet to earn after `until`; its fraction goes to the carries. The streams end by themselves at
    /// the policy's new end.
    function shorten(State storage s, Policy storage p, uint256 until) private returns (uint128[5] memory removed) {
        Premium.anchor(s);
        uint256[5] memory rates = Turns.ratesOf(p);
        uint256 rest = Policies.end(p) - Fixed.max(until, Policies.start(p));
        uint256[5] memory carries;
        for (uint256 i; i < PREMIUM_STREAMS; ++i) {
            uint256 left = rates[i] * rest;
            removed[i] = Fixed.to128(left >> 64);
            carries[i] = left & type(uint64).max;
        }
        Carries.add(s, carries);
    }

    /// Closes the books of an ended policy (3.7): the bonus to the insured if it had no ticket and nothing was read
    /// since, else to the reserve; what is left of the deductible bond to the insured.
    function finalise(uint32 id) external {
        State storage s = pool();
        (Market storage m, Listing storage l) = known(s, id);
        Policy storage p = Policies.inSlot(m, l, 0);
        if (p.status == Status.None) revert CannotFinalise(id, "none");
        if (p.status != Status.Ended) revert CannotFinalise(id, "not ended");
        // A source that stays silent must not hold the insured's own money for ever.
        if (l.stale && s.time < Policies.end(p) + RUN_OFF) revert CannotFinalise(id, "not read");
        bool clean = !l.stale && p.tickets == 0 && m.counter == p.seen;
        uint128 bonus = Policies.bonusHeld(p);
        uint128 bond = p.bondLeft;
        uint128 paid = clean ? bonus : 0;
        uint128 kept = bonus - paid;
        address buyer = p.buyer;
        delete m.policies[l.first];
        (l.first, l.second) = (l.second ? l.first ^ 1 : 0, false);
        s.bonus -= bonus;
        Premium.give(s, kept);
        s.bonds -= bond;
        emit PolicyFinalised(id, paid, kept, bond);
        Payments.send(s, buyer, uint256(paid) + bond);
    }

    /// Voids all quotes of a market up to a nonce (3.2).
    function revokeQuotes(uint32 id, uint64 nonce) external {
        State storage s = pool();
        (Market storage m,) = known(s, id);
        if (nonce < m.nonce || nonce == type(uint64).max) revert NonceUsed(nonce, m.nonce);
        emit QuotesRevoked(id, m.nonce, nonce + 1);
        m.nonce = nonce + 1;
    }

    /// Returns what is left of a bond (7.1): after its policy's end at purchase, when no market is stale.
    function releaseBond(uint32 id) external {
        State storage s = pool();
        if (id >= s.members) revert NoSuchBond(id);
        Member storage member = s.member[id];
        if (member.owner != msg.sender) revert NotAuthorised(msg.sender, "owner of the bond");
        uint256 units = Holders.balance(member.units, s.mutualGeneration);
        if (units == 0) revert NoSuchBond(id);
        if (s.time < member.until || inRunOff(s, member)) revert BondCallable(id, member.until);
        if (s.stale != 0) revert MarketsStale(s.stale);
        Class memory layer = s.mutual;
        (uint256 assets, uint256 dust) = Tranches.redeem(layer, units);
        Holders.write(member.units, 0, s.mutualGeneration, s.tickets);
        s.mutual = Class(uint128(layer.assets - assets - dust), uint128(layer.shares - units));
        Premium.give(s, dust);
        if (Tranches.mustClose(s.mutual)) s.flags |= CLOSING;
        emit BondReleased(id, uint128(units), uint128(assets), uint128(dust));
        Payments.send(s, msg.sender, assets);
    }

    /// True while a policy still pays after its end: its bond then still stands behind it.
    function inRunOff(State storage s, Member storage member) private view returns (bool) {
        Market storage m = s.markets[member.market];
        for (uint256 slot; slot < 2; ++slot) {
            Policy storage p = m.policies[slot];
            if (p.id == member.policy && Policies.isOpen(p)) return true;
        }
        return false;
    }

    function known(State storage s, uint32 id) private view returns (Market storage m, Listing storage l) {
        m = s.markets[id];
        l = Policies.listing(s, id);
        if (l.adapter == address(0)) revert NoSuchMarket(id);
    }
}
