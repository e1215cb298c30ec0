//! Recoveries (6): what comes back later goes to those who lost, in reverse order of the waterfall, by the
//! shares they held when the ticket was booked.

use alloc::boxed::Box;

use seawall_fixed::{Assets, Overflow, Rounding, Seconds, Shares, mul_div};

use crate::draft::Draft;
use crate::error::Error;
use crate::event::Event;
use crate::id::{AccountId, MarketId, MemberId, TRANCHES_MAX, TicketId};
use crate::rules::YEAR;
use crate::state::State;
use crate::ticket::{ClassKind, Layers, Ticket};

/// Tickets that a set-off within a sync looks at; what is left is assigned by a later command (2.4).
pub(crate) const ASSIGN_IN_SYNC: u32 = 8;

/// A ticket without a recovery for this long can be written off (6.4).
pub const WRITE_OFF_AFTER: Seconds = 2 * YEAR;

/// Notice before a write-off (6.4).
pub const WRITE_OFF_NOTICE: Seconds = 90 * 24 * 3600;

/// Shares out `assets` over what a ticket still misses (6.1): uncovered first, then mutual layer (what all
/// members were called for before the sufferer's own bond), senior to junior, reserve, and last what the
/// insured bore itself; never more to a layer than it lost.
#[must_use]
pub fn share_out(outstanding: &Layers, assets: Assets) -> Layers {
    let mut left = assets;
    let mut give = |most: Assets| {
        let part = left.min(most);
        left -= part;
        part
    };
    let uncovered = give(outstanding.uncovered);
    let called = give(outstanding.called);
    let own_bond = give(outstanding.own_bond);
    let mut tranches = [Assets::ZERO; TRANCHES_MAX];
    for index in (0..TRANCHES_MAX).rev() {
        tranches[index] = give(outstanding.tranches[index]);
    }
    let reserve = give(outstanding.reserve);
    let deductible = give(outstanding.deductible);
    let coinsured = give(outstanding.coinsured);
    Layers { deductible, coinsured, reserve, tranches, own_bond, called, uncovered }
}

/// Takes a recovery for one ticket; what it cannot take goes to the reserve.
pub(crate) fn recover_ticket(
    draft: &mut Draft,
    received: Option<Assets>,
    id: TicketId,
    assets: Assets,
) -> Result<(), Error> {
    let market = draft.ticket(id)?.market;
    crate::execute::receive(draft, received, assets)?;
    draft.emit(Event::RecoveryReceived { market, assets, passed_on: false });
    let left = give(draft, id, assets)?;
    if !left.is_zero() {
        draft.emit(Event::RecoverySurplus { market, assets: left });
    }
    Ok(())
}

/// Takes a recovery of a market, for its oldest open tickets.
pub(crate) fn recover_market(
    draft: &mut Draft,
    received: Option<Assets>,
    market: MarketId,
    assets: Assets,
    count: u32,
) -> Result<(), Error> {
    draft.market(market)?;
    crate::execute::receive(draft, received, assets)?;
    draft.emit(Event::RecoveryReceived { market, assets, passed_on: true });
    assign(draft, market, count)
}

/// Assigns what a market recovered to its oldest open tickets, looking at `count` of them; above all losses, to
/// the reserve (6.1).
pub(crate) fn assign(draft: &mut Draft, market: MarketId, count: u32) -> Result<(), Error> {
    for _ in 0..count {
        let (left, oldest) = {
            let market = draft.market(market)?;
            (market.unassigned, market.oldest_ticket)
        };
        if left.is_zero() {
            return Ok(());
        }
        let Some(ticket) = oldest else {
            draft.emit(Event::RecoverySurplus { market, assets: left });
            return Ok(());
        };
        if !give(draft, ticket, left)?.is_zero() {
            let ticket = next_in_market(draft, ticket)?;
            draft.emit(Event::OldestTicket { market, ticket });
        }
    }
    Ok(())
}

/// The ticket after `id` of the same market. Tickets of the present command are linked only when it is applied.
fn next_in_market(draft: &Draft, id: TicketId) -> Result<Option<TicketId>, Error> {
    let ticket = draft.ticket(id)?;
    if ticket.next.is_some() {
        return Ok(ticket.next);
    }
    let known = u32::try_from(draft.base.tickets.len()).map_err(|_| Error::Overflow)?;
    let new = (known.max(id.0 + 1)..draft.core.tickets).map(TicketId);
    for later in new {
        if draft.ticket(later)?.market == ticket.market {
            return Ok(Some(later));
        }
    }
    Ok(None)
}

/// Gives a ticket what it can take; returns the rest.
fn give(draft: &mut Draft, id: TicketId, assets: Assets) -> Result<Assets, Error> {
    let ticket = draft.ticket(id)?;
    if ticket.written_off {
        return Ok(assets);
    }
    let market = ticket.market;
    let parts = share_out(&draft.outstanding(id)?, assets);
    let given = parts.total();
    if !given.is_zero() {
        draft.emit(Event::RecoveryAssigned { market, ticket: id, parts: Box::new(parts) });
    }
    Ok(assets - given)
}

/// What `owner` holds of a ticket's cohort and can still claim: claim = floor(recovered x balance / supply) -
/// claimed (6.2). One formula for readers and for claims.
///
/// # Errors
/// [`Error::WrongCheckpoint`] when the checkpoint is not the one that the ticket uses.
pub(crate) fn cohort_claim(
    state: &State,
    ticket: &Ticket,
    owner: AccountId,
    tranche: usize,
    class: ClassKind,
    checkpoint: usize,
) -> Result<(Shares, Assets), Error> {
    let cohort = ticket.cohort(tranche, class);
    let track = state.holders.track(tranche, class, owner);
    let balance = track
        .shares_at(state.holders.histories(), checkpoint, ticket.id, cohort.generation)
        .ok_or_else(|| wrong_checkpoint(ticket.id, checkpoint))?;
    if cohort.supply.is_zero() {
        return Ok((balance, Assets::ZERO));
    }
    let recovered = ticket.class_recovered(tranche, class);
    let due = mul_div(recovered.get(), balance.get(), cohort.supply.get(), Rounding::Down)?;
    let tranche = u8::try_from(tranche).map_err(|_| Overflow)?;
    let claimed = state.holders.claimed(owner, ticket.id, tranche, class);
    Ok((balance, Assets::new(due) - claimed))
}

fn wrong_checkpoint(ticket: TicketId, checkpoint: usize) -> Error {
    Error::WrongCheckpoint { ticket, index: u32::try_from(checkpoint).unwrap_or(u32::MAX) }
}

/// Claims a holder's part (6.2). A pure claim.
pub(crate) fn claim(
    draft: &mut Draft,
    owner: AccountId,
    id: TicketId,
    tranche: u8,
    class: ClassKind,
    checkpoint: u32,
) -> Result<(), Error> {
    crate::execute::check_tranche(&draft.core, tranche)?;
    let ticket = draft.base.ticket(id).ok_or(Error::NoSuchTicket { ticket: id })?;
    let (_, assets) =
        cohort_claim(draft.base, ticket, owner, usize::from(tranche), class, checkpoint as usize)?;
    if assets.is_zero() {
        return Err(Error::NothingToClaim { ticket: id });
    }
    draft.emit(Event::RecoveryClaimed { ticket: id, owner, tranche, class, assets });
    Ok(())
}

/// Claims what came back of a deductible, for the buyer of the policy. A pure claim.
pub(crate) fn claim_deductible(draft: &mut Draft, caller: AccountId, id: TicketId) -> Result<(), Error> {
    let ticket = draft.base.ticket(id).ok_or(Error::NoSuchTicket { ticket: id })?;
    crate::role::require(ticket.buyer == caller, caller, "the buyer of the ticket's policy")?;
    let assets = ticket.buyer_due;
    if assets.is_zero() {
        return Err(Error::NothingToClaim { ticket: id });
    }
    draft.emit(Event::DeductibleClaimed { ticket: id, buyer: caller, assets });
    Ok(())
}

/// What a member can claim of a ticket: its share of what all members were called for, and its own bond where
/// it was the sufferer. A pure claim.
pub(crate) fn claim_bond(
    draft: &mut Draft,
    caller: AccountId,
    id: TicketId,
    member_id: MemberId,
    checkpoint: u32,
) -> Result<(), Error> {
    let base = draft.base;
    let ticket = base.ticket(id).ok_or(Error::NoSuchTicket { ticket: id })?;
    let member = base.member(member_id).ok_or(Error::NoSuchBond { member: member_id })?;
    crate::role::require(member.owner == caller, caller, "the owner of the bond")?;
    let units = member
        .units
        .shares_at(base.holders.histories(), checkpoint as usize, id, ticket.mutual_generation)
        .ok_or_else(|| wrong_checkpoint(id, checkpoint as usize))?;
    let called = if ticket.mutual_supply.is_zero() {
        0
    } else {
        let recovered = ticket.recovered.called.get();
        mul_div(recovered, units.get(), ticket.mutual_supply.get(), Rounding::Down)?
    };
    let own = if ticket.member == Some(member_id) { ticket.recovered.own_bond } else { Assets::ZERO };
    let claimed = member.claimed_of(id);
    let assets = Assets::new(called) + own - claimed;
    if assets.is_zero() {
        return Err(Error::NothingToClaim { ticket: id });
    }
    draft.emit(Event::BondClaimed { ticket: id, member: member_id, assets });
    Ok(())
}

/// True when nothing more can come back to a ticket, what this command assigned to it included.
fn is_closed(draft: &Draft, id: TicketId) -> Result<bool, Error> {
    Ok(draft.ticket(id)?.written_off || draft.outstanding(id)?.total().is_zero())
}

/// Announces a write-off (6.4): after two years without a recovery.
pub(crate) fn announce_write_off(draft: &mut Draft, caller: AccountId, id: TicketId) -> Result<(), Error> {
    crate::role::require(draft.rules().roles.owner == caller, caller, "the owner")?;
    let ticket = draft.ticket(id)?;
    if is_closed(draft, id)? {
        return Err(Error::TicketClosed { ticket: id });
    }
    let last = if draft.has_recovered(id) { draft.core.now } else { ticket.last_recovery };
    let from = last + WRITE_OFF_AFTER;
    if draft.core.now < from {
        return Err(Error::WriteOffTooEarly { ticket: id, from });
    }
    let at = draft.core.now;
    draft.emit(Event::WriteOffAnnounced { ticket: id, at });
    Ok(())
}

/// Writes a ticket off, 90 days after the notice (6.4). Anyone may call; what was credited stays claimable.
pub(crate) fn write_off(draft: &mut Draft, id: TicketId) -> Result<(), Error> {
    let ticket = draft.ticket(id)?;
    if is_closed(draft, id)? {
        return Err(Error::TicketClosed { ticket: id });
    }
    // A recovery voids the notice, also one that the sync of this very command assigned.
    let notice = ticket.write_off_notice.filter(|_| !draft.has_recovered(id));
    let from = notice.map_or(Seconds::MAX, |notice| notice + WRITE_OFF_NOTICE);
    if draft.core.now < from {
        return Err(Error::WriteOffTooEarly { ticket: id, from });
    }
    draft.emit(Event::WrittenOff { ticket: id });
    Ok(())
}
