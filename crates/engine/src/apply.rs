//! Applying events to the state: the only place where it changes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use seawall_fixed::{Shares, epoch_of};

use crate::auction::Lot;
use crate::event::Event;
use crate::fold::{self, Tables, fold};
use crate::holder::Track;
use crate::id::{AccountId, MarketId, TicketId};
use crate::market::Market;
use crate::mutual::Member;
use crate::premium::PREMIUM_STREAMS;
use crate::rules::Rules;
use crate::state::{PendingRules, State};
use crate::ticket::{Layers, Ticket};

/// Applies one event. Events come from [`crate::execute`] on this very state, or from the journal that recorded
/// them; any others may panic.
pub fn apply(state: &mut State, event: &Event) {
    match event {
        Event::ExitCleared { exit, .. } | Event::ExitPaid { exit, .. } => {
            let (tranche, next) = {
                let exit = &state.exits[exit.index()];
                (exit.tranche, exit.next)
            };
            fold::exit(&mut state.core, tranche, next, event);
            exits(state, event);
            return;
        }
        // These read what folding the event will change.
        Event::PolicyCancelled(cancelled) => {
            let market = state.market(cancelled.market).expect("a policy was cancelled in it");
            let policy = market.policy(cancelled.slot).expect("it was cancelled");
            let (rates, start, end) = (policy.rates, policy.start, policy.end);
            for (index, rate) in rates.into_iter().enumerate() {
                state.schedule.shorten(index, rate, start, end, cancelled.at);
            }
        }
        Event::ExitRequested { exit, .. } => {
            if let Some(tail) = state.core.tranches[usize::from(exit.tranche)].tail {
                state.exits[tail.index()].next = Some(exit.id);
            }
        }
        Event::TicketBooked(booking) => {
            let market = state.market(booking.ticket.market).expect("it lost");
            if let Some(newest) = market.newest_ticket {
                state.tickets[newest.index()].next = Some(booking.ticket.id);
            }
        }
        // The balance before the burn is what older tickets see.
        Event::OwnBondUsed { member, units, .. } | Event::BondReleased { member, units, .. } => {
            let (tickets, generation) = (state.core.tickets, state.core.mutual.generation);
            let member = &mut state.members[member.index()];
            let balance = member.units.balance(generation) - *units;
            member.units.write(state.holders.histories_mut(), balance, generation, tickets);
        }
        _ => {}
    }
    let State { core, rules, markets, market_places, .. } = state;
    fold(core, &mut StateTables { rules, markets, places: market_places }, event);
    tables(state, event);
}

/// The state's own tables.
struct StateTables<'a> {
    rules: &'a mut Rules,
    markets: &'a mut Vec<Market>,
    places: &'a mut BTreeMap<MarketId, u32>,
}

impl Tables for StateTables<'_> {
    fn place(&self, id: MarketId) -> Option<u32> {
        self.places.get(&id).copied()
    }

    fn id_at(&self, place: u32) -> MarketId {
        self.markets[place as usize].id
    }

    fn market_mut(&mut self, id: MarketId) -> &mut Market {
        &mut self.markets[self.places[&id] as usize]
    }

    fn add_market(&mut self, market: Market) {
        let place = u32::try_from(self.markets.len()).expect("markets are numbered by 32 bits");
        self.places.insert(market.id, place);
        self.markets.push(market);
    }

    fn set_rules(&mut self, rules: &Rules) {
        self.rules.clone_from(rules);
    }
}

/// What an event changes in the tables that only the state has.
fn tables(state: &mut State, event: &Event) {
    match event {
        Event::Accrued(accrual) if accrual.boundary.is_some() => {
            state.schedule.drop_through(epoch_of(accrual.to));
        }
        Event::PolicyBought(purchase) => {
            let policy = &purchase.policy;
            for (index, rate) in policy.rates.iter().enumerate() {
                state.schedule.add(index, *rate, policy.start, policy.end);
            }
            let (bond, units) = purchase.bond;
            if policy.member.is_some() {
                let mut track = Track::default();
                let (generation, tickets) = (state.core.mutual.generation, state.core.tickets);
                track.write(state.holders.histories_mut(), units, generation, tickets);
                state.members.push(Member {
                    owner: policy.buyer,
                    policy: policy.id,
                    bond,
                    until: policy.term_end,
                    units: track,
                    claimed: Vec::new(),
                });
            }
        }
        Event::SurplusStreamed { start, end, rates, .. } => {
            for (tranche, rate) in rates.iter().enumerate() {
                state.schedule.add(PREMIUM_STREAMS + tranche, *rate, *start, *end);
            }
        }
        Event::Deposited { .. } | Event::Transferred { .. } | Event::ExitRequested { .. } => {
            holders(state, event);
        }
        Event::TicketBooked(booking) => state.tickets.push(booking.ticket.clone()),
        Event::RecoveryAssigned { ticket, parts, .. } => recovered(state, *ticket, parts),
        Event::RecoveryClaimed { ticket, owner, tranche, class, assets } => {
            state.holders.add_claimed(*owner, *ticket, *tranche, *class, *assets);
        }
        Event::DeductibleClaimed { ticket, assets, .. } => ticket_mut(state, *ticket).buyer_due -= *assets,
        Event::BondClaimed { ticket, member, assets } => {
            state.members[member.index()].add_claimed(*ticket, *assets);
        }
        Event::WriteOffAnnounced { ticket, at } => ticket_mut(state, *ticket).write_off_notice = Some(*at),
        Event::WrittenOff { ticket } => ticket_mut(state, *ticket).written_off = true,
        Event::LotOpened { ticket, goods, start, floor, duration, at, .. } => state.lots.push(Lot {
            ticket: *ticket,
            goods: *goods,
            start: *start,
            floor: *floor,
            duration: *duration,
            opened: *at,
            sold_to: None,
        }),
        Event::LotSold { lot, buyer, .. } => state.lots[lot.index()].sold_to = Some(*buyer),
        Event::RulesAnnounced { at, rules } => {
            state.pending_rules = Some(PendingRules { at: *at, rules: Box::clone(rules) });
        }
        // A change that acts at once voids one that waits: it would bring back what was just tightened.
        Event::RulesWithdrawn | Event::RulesChanged { .. } => state.pending_rules = None,
        _ => {}
    }
}

/// Deposits, transfers and requests: balances, locks and checkpoints of their owners.
fn holders(state: &mut State, event: &Event) {
    let (now, tickets) = (epoch_of(state.core.now), state.core.tickets);
    match event {
        Event::Deposited { tranche, owner, shares, .. } => {
            let index = usize::from(*tranche);
            let generation = state.core.tranches[index].active.generation;
            let (holding, histories) = state.holders.active_mut(index, *owner);
            holding.lock(*shares, generation, now);
            let balance = holding.track.balance(generation) + *shares;
            holding.track.write(histories, balance, generation, tickets);
        }
        Event::Transferred { tranche, from, to, shares } => {
            let index = usize::from(*tranche);
            let generation = state.core.tranches[index].active.generation;
            let mut change = |owner: AccountId, change: fn(Shares, Shares) -> Shares| {
                let (holding, histories) = state.holders.active_mut(index, owner);
                // An older generation's locks must not reach into this one.
                holding.lock(Shares::ZERO, generation, now);
                let balance = change(holding.track.balance(generation), *shares);
                holding.track.write(histories, balance, generation, tickets);
            };
            change(*from, |balance, shares| balance - shares);
            change(*to, |balance, shares| balance + shares);
        }
        Event::ExitRequested { exit, burned, .. } => {
            let index = usize::from(exit.tranche);
            let generation = state.core.tranches[index].active.generation;
            let (holding, histories) = state.holders.active_mut(index, exit.owner);
            let balance = holding.track.balance(generation) - *burned;
            holding.track.write(histories, balance, generation, tickets);
            let (track, histories) = state.holders.queued_mut(index, exit.owner);
            let balance = track.balance(exit.generation) + exit.shares;
            track.write(histories, balance, exit.generation, tickets);
            state.exits.push(*exit);
        }
        _ => {}
    }
}

fn exits(state: &mut State, event: &Event) {
    match event {
        Event::ExitCleared { exit, shares, .. } => state.exits[exit.index()].cleared += *shares,
        Event::ExitPaid { exit, shares, .. } => {
            let exit = &mut state.exits[exit.index()];
            exit.paid += *shares;
            let (index, owner, generation) = (usize::from(exit.tranche), exit.owner, exit.generation);
            let tickets = state.core.tickets;
            let (track, histories) = state.holders.queued_mut(index, owner);
            let balance = track.balance(generation) - *shares;
            track.write(histories, balance, generation, tickets);
        }
        _ => {}
    }
}

fn recovered(state: &mut State, id: TicketId, parts: &Layers) {
    let now = state.core.now;
    let ticket = ticket_mut(state, id);
    ticket.recovered = ticket.recovered.plus(parts);
    ticket.buyer_due += parts.deductible;
    ticket.last_recovery = now;
    ticket.write_off_notice = None;
}

fn ticket_mut(state: &mut State, id: TicketId) -> &mut Ticket {
    &mut state.tickets[id.index()]
}
