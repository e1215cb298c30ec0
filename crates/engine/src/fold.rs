//! What an event changes in balances and markets: bookkeeping, without a decision. The same function serves
//! the draft of a command and the state itself, so that both see the same numbers.

use seawall_fixed::{Assets, Shares};

use crate::event::{Accrual, Booking, Event, Purchase};
use crate::id::MarketId;
use crate::latent::Estimate;
use crate::market::{Market, Slot};
use crate::policy::Status;
use crate::premium::PREMIUM_STREAMS;
use crate::rules::Rules;
use crate::source::Source;
use crate::state::Core;
use crate::ticket::{ClassKind, Layers};

/// The tables that [`fold`] changes besides the core.
pub(crate) trait Tables {
    fn place(&self, id: MarketId) -> Option<u32>;
    fn id_at(&self, place: u32) -> MarketId;
    fn market_mut(&mut self, id: MarketId) -> &mut Market;
    fn add_market(&mut self, market: Market);
    fn set_rules(&mut self, rules: &Rules);
}

/// Books `event` in `core` and `tables`.
pub(crate) fn fold(core: &mut Core, tables: &mut impl Tables, event: &Event) {
    match event {
        Event::Accrued(accrual) => accrued(core, accrual),
        Event::DueAt { at } => core.due = *at,
        Event::EstimateFell { .. }
        | Event::EstimateClosed { .. }
        | Event::EstimatePosted { .. }
        | Event::EstimateLowered { .. } => estimate(core, tables, event),
        Event::PolicyEnded { .. }
        | Event::PolicyRunsOff { .. }
        | Event::PolicyActivated { .. }
        | Event::PolicyCancelled(_)
        | Event::PolicyFinalised { .. }
        | Event::BonusForfeited { .. } => policy(core, tables, event),
        Event::PolicyBought(purchase) => bought(core, tables, purchase),
        Event::QuotesRevoked { market, least } => tables.market_mut(*market).nonce = *least,
        Event::MarketOpened { market, source, destination } => {
            tables.add_market(Market::new(*market, *source, *destination));
        }
        Event::MarketPinned { market, source, destination } => {
            let market = tables.market_mut(*market);
            if market.source != *source && *source != Source::Reported {
                // Another adapter counts from another start: only what it shows from now on matters.
                (market.counter, market.converted, market.stale) = (0, None, false);
                (market.measured, market.recovered, market.passed_on) = (0, 0, 0);
            }
            (market.source, market.destination) = (*source, *destination);
        }
        Event::MarketRead { market, counter, converted, measured, supplied, recovered } => {
            let market = tables.market_mut(*market);
            if market.stale && market.is_live() {
                core.stale -= 1;
            }
            market.stale = false;
            (market.counter, market.converted) = (*counter, *converted);
            (market.measured, market.supplied, market.recovered) = (*measured, *supplied, *recovered);
        }
        Event::MarketStale { market } => {
            let market = tables.market_mut(*market);
            if !market.stale && market.is_live() {
                core.stale += 1;
            }
            market.stale = true;
        }
        Event::OwnBondUsed { assets, units, .. } => {
            core.mutual.assets -= *assets;
            core.mutual.units -= *units;
        }
        Event::TicketBooked(booking) => booked(core, tables, booking),
        Event::SetOff { market, assets } => {
            let market = tables.market_mut(*market);
            market.set_aside -= *assets;
            market.unassigned += *assets;
            market.passed_on = market.passed_on.saturating_add(assets.get());
            core.set_aside -= *assets;
            core.unassigned += *assets;
        }
        Event::MarketPaid { market, assets, .. } => {
            tables.market_mut(*market).set_aside -= *assets;
            core.set_aside -= *assets;
            core.tokens -= *assets;
        }
        Event::RecoveryReceived { .. }
        | Event::RecoveryAssigned { .. }
        | Event::RecoverySurplus { .. }
        | Event::OldestTicket { .. } => recovery(core, tables, event),
        Event::RulesAnnounced { at, .. } => core.due = core.due.min(*at),
        Event::RulesChanged { rules } => tables.set_rules(rules),
        _ => balances(core, event),
    }
}

/// Events that change nothing but balances of the core.
fn balances(core: &mut Core, event: &Event) {
    match event {
        Event::ClassClosed { tranche, class, assets } => {
            let tranche = &mut core.tranches[usize::from(*tranche)];
            let closing = match class {
                ClassKind::Active => &mut tranche.active,
                ClassKind::Queued => &mut tranche.queued,
            };
            (closing.assets, closing.shares) = (Assets::ZERO, Shares::ZERO);
            closing.generation += 1;
            if *class == ClassKind::Queued {
                (tranche.cleared, tranche.head, tranche.tail) = (Shares::ZERO, None, None);
            }
            core.reserve += *assets;
        }
        Event::MutualClosed { assets } => {
            (core.mutual.assets, core.mutual.units) = (Assets::ZERO, Shares::ZERO);
            core.mutual.generation += 1;
            core.reserve += *assets;
        }
        Event::Deposited { tranche, assets, shares, .. } => {
            let active = &mut core.tranches[usize::from(*tranche)].active;
            active.assets += *assets;
            active.shares += *shares;
            core.tokens += *assets;
        }
        Event::ExitRequested { exit, burned, moved } => {
            let tranche = &mut core.tranches[usize::from(exit.tranche)];
            tranche.active.assets -= *moved;
            tranche.active.shares -= *burned;
            tranche.queued.assets += *moved;
            tranche.queued.shares += exit.shares;
            tranche.tail = Some(exit.id);
            tranche.head = tranche.head.or(Some(exit.id));
            core.exits += 1;
        }
        Event::ReserveFunded { assets } => {
            core.reserve += *assets;
            core.tokens += *assets;
        }
        Event::SurplusStreamed { parts, carries, .. } => {
            for (tranche, (part, carry)) in parts.iter().zip(carries).enumerate() {
                let stream = &mut core.streams[PREMIUM_STREAMS + tranche];
                stream.unearned += *part;
                stream.carry += carry;
                core.reserve -= *part;
            }
        }
        Event::BondReleased { units, assets, dust, .. } => {
            core.mutual.assets -= *assets + *dust;
            core.mutual.units -= *units;
            core.reserve += *dust;
            core.tokens -= *assets;
        }
        Event::RecoveryClaimed { assets, .. }
        | Event::DeductibleClaimed { assets, .. }
        | Event::BondClaimed { assets, .. } => {
            core.assigned -= *assets;
            core.tokens -= *assets;
        }
        Event::LotOpened { .. } => core.lots += 1,
        Event::Paused { until, next_from } => {
            (core.paused_until, core.pause_from) = (*until, *next_from);
        }
        Event::FeesCollected { assets, .. } => {
            core.fees -= *assets;
            core.tokens -= *assets;
        }
        // Transfers, notices and the events that `fold` books itself move no balance of the core. Clearing and
        // payment of exits need the exit's tranche, which the state and the draft look up.
        _ => {}
    }
}

/// Clearing and payment of an exit, whose tranche the caller knows.
pub(crate) fn exit(core: &mut Core, tranche: u8, next: Option<crate::id::ExitId>, event: &Event) {
    let tranche = &mut core.tranches[usize::from(tranche)];
    match event {
        Event::ExitCleared { shares, done, .. } => {
            tranche.cleared += *shares;
            if *done {
                tranche.head = next;
                if next.is_none() {
                    tranche.tail = None;
                }
            }
        }
        Event::ExitPaid { shares, assets, dust, .. } => {
            tranche.cleared -= *shares;
            tranche.queued.shares -= *shares;
            tranche.queued.assets -= *assets + *dust;
            core.reserve += *dust;
            core.tokens -= *assets;
        }
        _ => {}
    }
}

fn accrued(core: &mut Core, accrual: &Accrual) {
    core.now = accrual.to;
    for (index, stream) in core.streams.iter_mut().enumerate() {
        // Most streams of most pools stand still. One that began and ended in between has moved something.
        let moved = accrual.moved[index];
        let rates = stream.rate | accrual.rates[index];
        if rates | stream.carry | accrual.carries[index] | moved.get() == 0 {
            continue;
        }
        stream.rate = accrual.rates[index];
        stream.carry = accrual.carries[index];
        stream.unearned -= moved;
    }
    for (tranche, earned) in core.tranches.iter_mut().zip(accrual.earned) {
        tranche.active.assets += earned;
    }
    core.reserve += accrual.reserve;
    core.fees += accrual.fee;
    core.fee_remainders = accrual.fee_remainders;
    if let Some(boundary) = accrual.boundary {
        core.boundary = boundary;
    }
}

fn estimate(core: &mut Core, tables: &mut impl Tables, event: &Event) {
    match event {
        Event::EstimatePosted { market, amount, expiry } => {
            let market = tables.market_mut(*market);
            if market.estimate.is_none() {
                core.estimates += 1;
            }
            market.estimate = Some(Estimate { amount: *amount, expiry: *expiry, lower: None });
            core.due = core.due.min(*expiry);
        }
        Event::EstimateLowered { market, to, at } => {
            if let Some(estimate) = &mut tables.market_mut(*market).estimate {
                estimate.lower = Some((*to, *at));
            }
            core.due = core.due.min(*at);
        }
        Event::EstimateFell { market, to } => {
            let market = tables.market_mut(*market);
            if let Some(estimate) = &mut market.estimate {
                estimate.amount = *to;
                estimate.lower = estimate.lower.filter(|(lower, _)| lower < to);
            }
            // What a run-off still pays for falls with the estimate that keeps it in force (3.3).
            for slot in crate::market::SLOTS {
                let Some(policy) = market.policy_mut(slot) else { continue };
                if let Status::RunOff { until, left } = policy.status {
                    policy.status = Status::RunOff { until, left: left.min(to.get()) };
                    let charge = policy.charge_due();
                    core.required = core.required - policy.charge + charge;
                    policy.charge = charge;
                }
            }
        }
        Event::EstimateClosed { market, repost_from } => {
            let market = tables.market_mut(*market);
            if market.estimate.take().is_some() {
                core.estimates -= 1;
            }
            market.repost_from = market.repost_from.max(*repost_from);
        }
        _ => {}
    }
}

fn policy(core: &mut Core, tables: &mut impl Tables, event: &Event) {
    match event {
        Event::PolicyEnded { market: id, slot } => {
            let market = tables.market_mut(*id);
            let Some(policy) = market.policy_mut(*slot) else { return };
            policy.status = Status::Ended;
            core.required -= policy.charge;
            policy.charge = Assets::ZERO;
            if !market.is_live() {
                let stale = market.stale;
                let adapter = market.source != Source::Reported;
                set_live(core, tables, *id, false, (adapter, stale));
            }
        }
        Event::PolicyRunsOff { market, slot, until, left } => {
            if let Some(policy) = tables.market_mut(*market).policy_mut(*slot) {
                policy.status = Status::RunOff { until: *until, left: *left };
                let charge = policy.charge_due();
                core.required = core.required - policy.charge + charge;
                policy.charge = charge;
            }
            core.latest_end = core.latest_end.max(*until);
            core.due = core.due.min(*until);
        }
        Event::PolicyActivated { market, slot, seen } => {
            let market = tables.market_mut(*market);
            if market.oldest_ticket.is_none() {
                // What the source recovered on losses that the pool never booked is not the pool's.
                market.passed_on = market.recovered;
            }
            if let Some(policy) = market.policy_mut(*slot) {
                policy.status = Status::Active;
                policy.seen = *seen;
            }
        }
        Event::PolicyCancelled(cancelled) => {
            if let Some(policy) = tables.market_mut(cancelled.market).policy_mut(cancelled.slot) {
                policy.end = cancelled.at;
                policy.cancelled = true;
                policy.bonus = Assets::ZERO;
                policy.rates = [0; PREMIUM_STREAMS];
            }
            for (index, stream) in core.streams.iter_mut().take(PREMIUM_STREAMS).enumerate() {
                stream.unearned -= cancelled.removed[index];
                stream.carry += cancelled.fractions[index];
            }
            core.bonus -= cancelled.bonus;
            core.reserve += cancelled.kept;
            core.tokens -= cancelled.refund;
            core.due = core.due.min(cancelled.at);
        }
        Event::PolicyFinalised { market, bonus_paid, bonus_kept, bond } => {
            let market = tables.market_mut(*market);
            market.current = market.successor.take();
            core.bonus -= *bonus_paid + *bonus_kept;
            core.reserve += *bonus_kept;
            core.bonds -= *bond;
            core.tokens -= *bonus_paid + *bond;
        }
        Event::BonusForfeited { market, slot, amount } => {
            if let Some(policy) = tables.market_mut(*market).policy_mut(*slot) {
                policy.bonus = Assets::ZERO;
            }
            core.bonus -= *amount;
            core.reserve += *amount;
        }
        _ => {}
    }
}

fn bought(core: &mut Core, tables: &mut impl Tables, purchase: &Purchase) {
    let policy = &purchase.policy;
    let market = tables.market_mut(purchase.market);
    let (was_live, stale) = (market.is_live(), market.stale);
    let adapter = market.source != Source::Reported;
    market.nonce = purchase.nonce.saturating_add(1);
    match purchase.slot {
        Slot::Current => market.current = Some(policy.clone()),
        Slot::Successor => market.successor = Some(policy.clone()),
    }
    if !was_live {
        set_live(core, tables, purchase.market, true, (adapter, stale));
    }
    for (index, stream) in core.streams.iter_mut().take(PREMIUM_STREAMS).enumerate() {
        stream.unearned += purchase.parts[index];
        stream.carry += purchase.carries[index];
    }
    let (bond, units) = purchase.bond;
    core.mutual.assets += bond;
    core.mutual.units += units;
    core.bonus += policy.bonus;
    core.bonds += policy.bond_left;
    core.required += policy.charge;
    core.latest_end = core.latest_end.max(policy.end);
    core.due = core.due.min(policy.end);
    core.policies += 1;
    core.members += u32::from(policy.member.is_some());
    core.tokens += policy.premium + policy.bond_left + bond;
}

fn booked(core: &mut Core, tables: &mut impl Tables, booking: &Booking) {
    let ticket = &booking.ticket;
    let lost = &ticket.lost;
    for (index, tranche) in core.tranches.iter_mut().enumerate() {
        tranche.active.assets -= ticket.active[index].loss;
        tranche.queued.assets -= ticket.queued[index].loss;
    }
    core.reserve -= lost.reserve;
    core.bonds -= lost.deductible;
    core.mutual.assets -= lost.called;
    // The sufferer's own bond left the mutual layer by the event before.
    let paid = paid_to_market(lost);
    core.set_aside += paid;
    core.tickets += 1;
    let market = tables.market_mut(ticket.market);
    market.set_aside += paid;
    market.oldest_ticket = market.oldest_ticket.or(Some(ticket.id));
    market.newest_ticket = Some(ticket.id);
    if let Some(policy) = market.policy_mut(booking.slot) {
        core.required = core.required - policy.charge + booking.policy.charge;
        *policy = booking.policy.clone();
    }
}

/// What the layers pay of a loss: everything that the insured's lenders do not bear themselves.
pub(crate) fn paid_to_market(lost: &Layers) -> Assets {
    lost.total() - lost.coinsured - lost.uncovered
}

fn recovery(core: &mut Core, tables: &mut impl Tables, event: &Event) {
    match event {
        Event::RecoveryReceived { market, assets, passed_on } => {
            let market = tables.market_mut(*market);
            market.unassigned += *assets;
            if *passed_on {
                market.passed_on = market.passed_on.saturating_add(assets.get());
            }
            core.unassigned += *assets;
            core.tokens += *assets;
        }
        Event::RecoveryAssigned { market, parts, .. } => {
            let to_market = parts.uncovered + parts.coinsured;
            let total = parts.total();
            let market = tables.market_mut(*market);
            market.unassigned -= total;
            market.set_aside += to_market;
            core.unassigned -= total;
            core.set_aside += to_market;
            core.reserve += parts.reserve;
            core.assigned += total - to_market - parts.reserve;
        }
        Event::RecoverySurplus { market, assets } => {
            tables.market_mut(*market).unassigned -= *assets;
            core.unassigned -= *assets;
            core.reserve += *assets;
        }
        Event::OldestTicket { market, ticket } => tables.market_mut(*market).oldest_ticket = *ticket,
        _ => {}
    }
}

/// Puts a market into the list of those that must be read, or takes it out; keeps the list in ascending order
/// of market id.
fn set_live(core: &mut Core, tables: &impl Tables, id: MarketId, live: bool, (adapter, stale): (bool, bool)) {
    let count = usize::from(core.live_count);
    let at = core.live[..count].iter().position(|&place| tables.id_at(place) >= id).unwrap_or(count);
    let present = at < count && tables.id_at(core.live[at]) == id;
    if live && !present {
        let place = tables.place(id).expect("a market is opened before its policy is bought");
        core.live.copy_within(at..count, at + 1);
        core.live[at] = place;
        core.live_count += 1;
        core.adapters += u8::from(adapter);
        core.stale += u8::from(stale);
    } else if !live && present {
        core.live.copy_within(at + 1..count, at);
        core.live[count - 1] = 0;
        core.live_count -= 1;
        core.adapters -= u8::from(adapter);
        core.stale -= u8::from(stale);
    }
}
