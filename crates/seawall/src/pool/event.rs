//! Events in words: a name and named values, from which both the line for people and the JSON are made.

use seawall_engine::{Booking, Event, Layers, Purchase, Slot, Source, Ticket};
use seawall_fixed::{Assets, Ppm};
use serde_json::{Map, Value, json};

use super::label::{Field, Labels};
use Field::{
    Account, Amount, Class, Counter, Digest, Flag, Fraction, Market, Number, Shares, Text, Time, Tranche,
};

/// An event's name and values.
pub struct Described {
    /// Name in words with underscores.
    pub name: &'static str,
    /// Named values, in the order in which they are printed.
    pub fields: Vec<(String, Field)>,
    /// Bookkeeping that people need not see in the summary of a command.
    pub quiet: bool,
}

impl Described {
    /// One line for people: `deposited: tranche junior, owner alice, assets 1,000.00 USDC`.
    pub fn line(&self, labels: &Labels) -> String {
        let name = self.name.replace('_', " ");
        let value = |(key, value): &(String, Field)| format!("{} {}", labels.words(key), value.text(labels));
        let values: Vec<String> = self.fields.iter().map(value).collect();
        if values.is_empty() { name } else { format!("{name}: {}", values.join(", ")) }
    }

    /// One object for programs.
    pub fn json(&self, labels: &Labels) -> Value {
        let mut object = Map::new();
        object.insert("event".to_owned(), json!(self.name));
        for (key, value) in &self.fields {
            object.insert(key.clone(), value.json(labels));
        }
        Value::Object(object)
    }
}

fn named(name: &'static str, fields: impl IntoIterator<Item = (&'static str, Field)>) -> Described {
    let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Described { name, fields, quiet: false }
}

fn quiet(name: &'static str, fields: impl IntoIterator<Item = (&'static str, Field)>) -> Described {
    Described { quiet: true, ..named(name, fields) }
}

fn id(number: u32) -> Field {
    Number(u128::from(number))
}

fn slot(slot: Slot) -> Field {
    Text(match slot {
        Slot::Current => "current".to_owned(),
        Slot::Successor => "successor".to_owned(),
    })
}

fn source(source: &Source) -> Field {
    Text(match source {
        Source::Reported => "reported".to_owned(),
        Source::Adapter { code, .. } => format!("adapter {}", super::label::hex(code)),
    })
}

/// Describes an event.
pub fn describe(event: &Event) -> Described {
    match event {
        Event::Accrued(_) | Event::DueAt { .. } => of_time(event),
        Event::EstimateFell { .. }
        | Event::EstimateClosed { .. }
        | Event::EstimatePosted { .. }
        | Event::EstimateLowered { .. } => of_estimate(event),
        Event::PolicyEnded { .. }
        | Event::PolicyRunsOff { .. }
        | Event::PolicyBought(_)
        | Event::PolicyActivated { .. }
        | Event::PolicyCancelled(_)
        | Event::PolicyFinalised { .. }
        | Event::QuotesRevoked { .. } => of_policy(event),
        Event::RecoveryReceived { .. }
        | Event::RecoveryAssigned { .. }
        | Event::RecoverySurplus { .. }
        | Event::OldestTicket { .. }
        | Event::RecoveryClaimed { .. }
        | Event::DeductibleClaimed { .. }
        | Event::BondClaimed { .. }
        | Event::WriteOffAnnounced { .. }
        | Event::WrittenOff { .. }
        | Event::LotOpened { .. }
        | Event::LotSold { .. } => of_recovery(event),
        Event::ClassClosed { .. }
        | Event::MutualClosed { .. }
        | Event::Deposited { .. }
        | Event::Transferred { .. }
        | Event::ExitRequested { .. }
        | Event::ExitCleared { .. }
        | Event::ExitPaid { .. }
        | Event::ReserveFunded { .. }
        | Event::SurplusStreamed { .. }
        | Event::BondReleased { .. } => of_capital(event),
        _ => of_market_or_rules(event),
    }
}

fn of_time(event: &Event) -> Described {
    match event {
        Event::Accrued(accrual) => {
            let mut described = quiet("accrued", [("to", Time(accrual.to))]);
            amounts(&mut described, "earned", &accrual.earned);
            let rest = [("reserve_earned", accrual.reserve), ("fee", accrual.fee)];
            described.fields.extend(
                rest.into_iter()
                    .filter(|(_, assets)| !assets.is_zero())
                    .map(|(key, assets)| (key.to_owned(), Amount(assets))),
            );
            described
        }
        Event::DueAt { at } => quiet("next_due", [("at", Time(*at))]),
        other => plain(other),
    }
}

/// One value for each tranche that has something.
fn amounts(described: &mut Described, key: &str, parts: &[Assets]) {
    for (index, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_zero()) {
        described.fields.push((format!("{key}_by_tranche_{index}"), Amount(*part)));
    }
}

fn of_estimate(event: &Event) -> Described {
    match event {
        Event::EstimateFell { market, to } => {
            named("estimate_fell", [("market", Market(*market)), ("to", Amount(*to))])
        }
        Event::EstimateClosed { market, repost_from } => {
            named("estimate_closed", [("market", Market(*market)), ("repost_from", Time(*repost_from))])
        }
        Event::EstimatePosted { market, amount, expiry } => named(
            "estimate_posted",
            [("market", Market(*market)), ("amount", Amount(*amount)), ("expiry", Time(*expiry))],
        ),
        Event::EstimateLowered { market, to, at } => {
            named("estimate_lowered", [("market", Market(*market)), ("to", Amount(*to)), ("at", Time(*at))])
        }
        other => plain(other),
    }
}

fn of_policy(event: &Event) -> Described {
    match event {
        Event::PolicyEnded { market, slot: which } => {
            named("policy_ended", [("market", Market(*market)), ("slot", slot(*which))])
        }
        Event::PolicyRunsOff { market, slot: which, until, left } => named(
            "policy_runs_off",
            [
                ("market", Market(*market)),
                ("slot", slot(*which)),
                ("until", Time(*until)),
                ("left", Counter(*left)),
            ],
        ),
        Event::PolicyBought(purchase) => bought(purchase),
        Event::PolicyActivated { market, slot: which, seen } => named(
            "policy_activated",
            [("market", Market(*market)), ("slot", slot(*which)), ("baseline", Counter(*seen))],
        ),
        Event::PolicyCancelled(cancelled) => named(
            "policy_cancelled",
            [
                ("market", Market(cancelled.market)),
                ("slot", slot(cancelled.slot)),
                ("ends", Time(cancelled.at)),
                ("refund", Amount(cancelled.refund)),
                ("kept_by_reserve", Amount(cancelled.kept)),
            ],
        ),
        Event::PolicyFinalised { market, bonus_paid, bonus_kept, bond } => named(
            "policy_finalised",
            [
                ("market", Market(*market)),
                ("bonus_paid", Amount(*bonus_paid)),
                ("bonus_kept", Amount(*bonus_kept)),
                ("bond_returned", Amount(*bond)),
            ],
        ),
        Event::QuotesRevoked { market, least } => named(
            "quotes_revoked",
            [("market", Market(*market)), ("lowest_valid_nonce", Number(u128::from(*least)))],
        ),
        other => plain(other),
    }
}

fn bought(purchase: &Purchase) -> Described {
    let policy = &purchase.policy;
    let mut described = named(
        "policy_bought",
        [
            ("policy", id(policy.id.0)),
            ("market", Market(purchase.market)),
            ("slot", slot(purchase.slot)),
            ("buyer", Account(policy.buyer)),
            ("limit", Amount(policy.limit)),
            ("start", Time(policy.start)),
            ("end", Time(policy.end)),
            ("premium", Amount(policy.premium)),
            ("bonus_held", Amount(policy.bonus)),
            ("charge", Amount(policy.charge)),
            ("deductible_bond", Amount(policy.bond_left)),
        ],
    );
    if let Some(member) = policy.member {
        described.fields.push(("callable_bond".to_owned(), Amount(purchase.bond.0)));
        described.fields.push(("bond".to_owned(), id(member.0)));
    }
    described
}

fn of_capital(event: &Event) -> Described {
    match event {
        Event::ClassClosed { tranche, class, assets } => named(
            "class_closed",
            [("tranche", Tranche(*tranche)), ("class", Class(*class)), ("to_reserve", Amount(*assets))],
        ),
        Event::MutualClosed { assets } => named("mutual_closed", [("to_reserve", Amount(*assets))]),
        Event::Deposited { tranche, owner, assets, shares } => named(
            "deposited",
            [
                ("tranche", Tranche(*tranche)),
                ("owner", Account(*owner)),
                ("assets", Amount(*assets)),
                ("minted", Shares(*shares)),
            ],
        ),
        Event::Transferred { tranche, from, to, shares } => named(
            "transferred",
            [
                ("tranche", Tranche(*tranche)),
                ("from", Account(*from)),
                ("to", Account(*to)),
                ("shares", Shares(*shares)),
            ],
        ),
        Event::ExitRequested { exit, burned, moved } => named(
            "exit_requested",
            [
                ("exit", id(exit.id.0)),
                ("owner", Account(exit.owner)),
                ("tranche", Tranche(exit.tranche)),
                ("burned", Shares(*burned)),
                ("queued", Amount(*moved)),
                ("clears_from", Time(exit.cooled_at)),
                ("deadline", Time(exit.deadline)),
            ],
        ),
        Event::ExitCleared { exit, shares, done } => named(
            "exit_cleared",
            [("exit", id(exit.0)), ("shares", Field::Queued(*shares)), ("whole", Flag(*done))],
        ),
        Event::ExitPaid { exit, shares, assets, .. } => named(
            "exit_paid",
            [("exit", id(exit.0)), ("shares", Field::Queued(*shares)), ("assets", Amount(*assets))],
        ),
        Event::ReserveFunded { assets } => named("reserve_funded", [("assets", Amount(*assets))]),
        Event::SurplusStreamed { start, end, parts, .. } => {
            let mut described = named("surplus_streamed", [("start", Time(*start)), ("end", Time(*end))]);
            amounts(&mut described, "to", parts);
            described
        }
        Event::BondReleased { member, units, assets, .. } => named(
            "bond_released",
            [("bond", id(member.0)), ("units", Shares(*units)), ("assets", Amount(*assets))],
        ),
        other => plain(other),
    }
}

fn of_market_or_rules(event: &Event) -> Described {
    match event {
        Event::MarketOpened { market, source: reader, destination } => named(
            "market_opened",
            [("market", Market(*market)), ("source", source(reader)), ("destination", Account(*destination))],
        ),
        Event::MarketPinned { market, source: reader, destination } => named(
            "market_pinned",
            [("market", Market(*market)), ("source", source(reader)), ("destination", Account(*destination))],
        ),
        Event::MarketRead { market, counter, measured, supplied, recovered, .. } => named(
            "market_read",
            [
                ("market", Market(*market)),
                ("counter", Counter(*counter)),
                ("measured_latent", Counter(*measured)),
                ("supplied", Counter(*supplied)),
                ("recovered", Counter(*recovered)),
            ],
        ),
        Event::MarketStale { market } => named("market_stale", [("market", Market(*market))]),
        Event::BonusForfeited { market, slot: which, amount } => named(
            "bonus_forfeited",
            [("market", Market(*market)), ("slot", slot(*which)), ("to_reserve", Amount(*amount))],
        ),
        Event::OwnBondUsed { member, assets, units } => named(
            "own_bond_used",
            [("bond", id(member.0)), ("assets", Amount(*assets)), ("units", Shares(*units))],
        ),
        Event::TicketBooked(booking) => booked(booking),
        Event::SetOff { market, assets } => {
            named("set_off", [("market", Market(*market)), ("assets", Amount(*assets))])
        }
        Event::MarketPaid { market, destination, assets } => named(
            "market_paid",
            [
                ("market", Market(*market)),
                ("destination", Account(*destination)),
                ("assets", Amount(*assets)),
            ],
        ),
        Event::RulesAnnounced { at, .. } => named("rules_announced", [("act_at", Time(*at))]),
        Event::RulesWithdrawn => named("rules_withdrawn", []),
        Event::RulesChanged { .. } => named("rules_changed", []),
        Event::Paused { until, next_from } => {
            named("paused", [("until", Time(*until)), ("next_pause_from", Time(*next_from))])
        }
        Event::FeesCollected { to, assets } => {
            named("fees_collected", [("to", Account(*to)), ("assets", Amount(*assets))])
        }
        other => plain(other),
    }
}

fn booked(booking: &Booking) -> Described {
    let ticket = &booking.ticket;
    let mut described = named(
        "ticket_booked",
        [
            ("ticket", id(ticket.id.0)),
            ("market", Market(ticket.market)),
            ("policy", id(ticket.policy.0)),
            ("gross", Amount(ticket.gross)),
        ],
    );
    // What is not covered is the sum of the next two: printed once, the parts add up to the gross loss.
    described.fields.extend(layers(&ticket.lost).into_iter().filter(|(key, _)| key != UNCOVERED));
    let rest = [
        ("over_limit", Amount(ticket.over_limit)),
        ("residual", Amount(ticket.residual)),
        ("haircut", haircut(ticket)),
        ("evidence", Digest(ticket.evidence)),
    ];
    described.fields.extend(rest.map(|(key, value)| (key.to_owned(), value)));
    described
}

/// Key of what no layer bore.
const UNCOVERED: &str = "uncovered";

/// Haircut of the lenders; unknown where the report did not say what they had supplied.
pub const fn haircut(ticket: &Ticket) -> Field {
    if ticket.supplied == 0 {
        return Field::Absent("unknown (supply not reported)");
    }
    Fraction(Ppm::new(ticket.haircut))
}

/// What each layer bore or got back, where it is something, in the order in which layers pay.
pub fn layers(layers: &Layers) -> Vec<(String, Field)> {
    let mut parts = vec![
        ("deductible".to_owned(), layers.deductible),
        ("coinsured".to_owned(), layers.coinsured),
        ("reserve".to_owned(), layers.reserve),
    ];
    parts.extend(layers.tranches.iter().enumerate().map(|(index, part)| (format!("tranche_{index}"), *part)));
    parts.push(("own_bond".to_owned(), layers.own_bond));
    parts.push(("called".to_owned(), layers.called));
    parts.push((UNCOVERED.to_owned(), layers.uncovered));
    parts.retain(|(_, assets)| !assets.is_zero());
    parts.into_iter().map(|(key, assets)| (key, Amount(assets))).collect()
}

fn of_recovery(event: &Event) -> Described {
    match event {
        Event::RecoveryReceived { market, assets, .. } => {
            named("recovery_received", [("market", Market(*market)), ("assets", Amount(*assets))])
        }
        Event::RecoveryAssigned { market, ticket, parts } => {
            let mut described =
                named("recovery_assigned", [("market", Market(*market)), ("ticket", id(ticket.0))]);
            described.fields.extend(layers(parts));
            described
        }
        Event::RecoverySurplus { market, assets } => {
            named("recovery_surplus", [("market", Market(*market)), ("to_reserve", Amount(*assets))])
        }
        Event::OldestTicket { market, ticket } => {
            let oldest = ticket.map_or_else(|| Text("none".to_owned()), |ticket| id(ticket.0));
            quiet("oldest_open_ticket", [("market", Market(*market)), ("ticket", oldest)])
        }
        Event::RecoveryClaimed { ticket, owner, tranche, class, assets } => named(
            "recovery_claimed",
            [
                ("ticket", id(ticket.0)),
                ("owner", Account(*owner)),
                ("tranche", Tranche(*tranche)),
                ("class", Class(*class)),
                ("assets", Amount(*assets)),
            ],
        ),
        Event::DeductibleClaimed { ticket, buyer, assets } => named(
            "deductible_claimed",
            [("ticket", id(ticket.0)), ("buyer", Account(*buyer)), ("assets", Amount(*assets))],
        ),
        Event::BondClaimed { ticket, member, assets } => named(
            "bond_claimed",
            [("ticket", id(ticket.0)), ("bond", id(member.0)), ("assets", Amount(*assets))],
        ),
        Event::WriteOffAnnounced { ticket, at } => {
            named("write_off_announced", [("ticket", id(ticket.0)), ("at", Time(*at))])
        }
        Event::WrittenOff { ticket } => named("written_off", [("ticket", id(ticket.0))]),
        Event::LotOpened { lot, ticket, goods, start, floor, duration, at } => named(
            "lot_opened",
            [
                ("lot", id(lot.0)),
                ("ticket", id(ticket.0)),
                ("goods", Digest(*goods)),
                ("start", Amount(*start)),
                ("floor", Amount(*floor)),
                ("round", Text(super::instant::duration_text(*duration))),
                ("at", Time(*at)),
            ],
        ),
        Event::LotSold { lot, buyer, price } => {
            named("lot_sold", [("lot", id(lot.0)), ("buyer", Account(*buyer)), ("price", Amount(*price))])
        }
        other => plain(other),
    }
}

/// An event without a description of its own.
fn plain(event: &Event) -> Described {
    named("event", [("content", Text(format!("{event:?}")))])
}
