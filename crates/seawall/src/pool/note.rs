//! What a command's outcome means, in words: why a reading was not taken, what the early bound did, what to do next.
//! Amounts are in the asset's smallest unit until they are printed.

use seawall_engine::{Action, Booking, Event, Market, Policy, PolicyId, Reading, Rules, State};
use seawall_fixed::{Assets, Seconds};

use super::label::Labels;
use super::{amount, instant};

/// What the notes compare the pool with: the pool before the command.
pub struct Before {
    counters: Vec<u128>,
    cuts: Vec<(PolicyId, Assets)>,
}

impl Before {
    /// Taken from the pool before the command.
    pub fn of(state: &State) -> Self {
        let policies = state.markets().iter().flat_map(Market::policies);
        Self {
            counters: state.markets().iter().map(|market| market.counter).collect(),
            cuts: policies.map(|policy| (policy.id, cut(policy))).collect(),
        }
    }
}

/// What the early bound has cut from a policy's payments so far (rule 4.4).
fn cut(policy: &Policy) -> Assets {
    policy.insured_cum.saturating_sub(policy.paid_cum)
}

/// Until when the early bound holds for a policy (rule 4.4); none where its whole limit has been in force through
/// the early period already.
pub fn early_until(policy: &Policy, rules: &Rules) -> Option<Seconds> {
    let since = if policy.first_limit >= policy.limit { policy.first_start } else { policy.start };
    let until = since.saturating_add(rules.early_period);
    (until > policy.start).then_some(until)
}

/// Sentences on what a command did; `state` is the pool after it.
pub fn notes(
    action: &Action,
    before: &Before,
    events: &[Event],
    state: &State,
    labels: &Labels,
) -> Vec<String> {
    let mut notes: Vec<String> =
        events.iter().filter_map(|event| of_event(event, before, state, labels)).collect();
    if let Action::Report { reading, .. } = action {
        notes.extend(of_reading(reading, before, events, state, labels));
    }
    notes
}

fn of_event(event: &Event, before: &Before, state: &State, labels: &Labels) -> Option<String> {
    match event {
        Event::PolicyBought(purchase) => {
            let rules = state.rules();
            let until = early_until(&purchase.policy, rules)?;
            Some(format!(
                "early bound until {} (rule 4.4): until then payments together are at most {} x the premium earned \
                 so far",
                instant::text(until),
                amount::fraction_text(rules.early_multiple)
            ))
        }
        Event::TicketBooked(booking) => of_booking(booking, before, labels),
        Event::RecoveryAssigned { market, parts, .. } => {
            let owed = parts.uncovered + parts.coinsured;
            (!owed.is_zero()).then(|| {
                let name = labels.market(*market);
                format!(
                    "{} of it is set aside for {name}: seawall pool pay --market {name} sends it",
                    labels.unit.money(owed)
                )
            })
        }
        _ => None,
    }
}

fn of_booking(booking: &Booking, before: &Before, labels: &Labels) -> Option<String> {
    let policy = &booking.policy;
    let known = before.cuts.iter().find(|(id, _)| *id == policy.id);
    let now = cut(policy).saturating_sub(known.map_or(Assets::ZERO, |(_, cut)| *cut));
    (!now.is_zero()).then(|| {
        format!(
            "the early bound (rule 4.4) cut {} from the payment of ticket {}; it stays with the lenders and is not \
             paid later",
            labels.unit.money(now),
            booking.ticket.id.0
        )
    })
}

fn of_reading(
    reading: &Reading,
    before: &Before,
    events: &[Event],
    state: &State,
    labels: &Labels,
) -> Option<String> {
    let market = state.market(reading.market)?;
    let name = labels.market(market.id);
    let money = |units: u128| labels.unit.money(Assets::new(units));
    let rest = format!("nothing was booked, and {name} is stale until a good reading");
    let Some(counter) = reading.counter else {
        return Some(format!("{name} could not be read: {rest}"));
    };
    if counter < market.counter {
        let (given, last) = (money(counter), money(market.counter));
        return Some(format!("counter {given} is below {last}: a counter may not fall (rule 4.2); {rest}"));
    }
    if reading.recovered < market.recovered {
        let (given, last) = (money(reading.recovered), money(market.recovered));
        return Some(format!("recovered {given} is below {last}: it may not fall (rule 4.2); {rest}"));
    }
    let place = state.markets().iter().position(|known| known.id == market.id)?;
    let increase = counter.checked_sub(*before.counters.get(place)?).filter(|increase| *increase > 0)?;
    let booked = |event: &Event| matches!(event, Event::TicketBooked(of) if of.ticket.market == market.id);
    if events.iter().any(booked) {
        return None;
    }
    let increase = money(increase);
    Some(match market.covering(state.core().now) {
        None => format!("no policy of {name} is in force: none covers the increase of {increase}"),
        Some(_) => format!(
            "what is not booked yet is below the smallest ticket of {}: the increase of {increase} waits for more",
            labels.unit.money(state.rules().ticket_min)
        ),
    })
}
