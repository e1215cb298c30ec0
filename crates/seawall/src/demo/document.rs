//! The demonstration as one JSON document.

use serde_json::{Value, json};

use super::Demonstration;
use super::crash::BEARERS;
use crate::quote::document;
use crate::quote::windows::minute;

/// The document: the quote, and what became of it.
pub fn json(demo: &Demonstration) -> Value {
    let outcome = &demo.outcome;
    let layers = outcome.layers.iter().map(|layer| {
        json!({"layer": layer.name, "size": layer.size, "paid": layer.paid, "recovered": layer.recovered})
    });
    let tranches = outcome.tranches.iter().map(|tranche| {
        json!({
            "tranche": tranche.name,
            "capital": tranche.capital,
            "premium": {"expected": tranche.premium.0, "actual": tranche.premium.1},
            "loss": {"expected": tranche.loss.0, "actual": tranche.loss.1},
            "recovered": tranche.recovered,
            "return": {"expected": tranche.result.0, "actual": tranche.result.1},
        })
    });
    let people = outcome.people.iter().map(|person| {
        json!({
            "name": person.name,
            "tranche": person.tranche,
            "left": person.left,
            "paid_in": person.paid_in,
            "value": person.value,
            "claimed": person.claimed,
        })
    });
    let markets = outcome.markets.iter().map(|market| {
        json!({
            "market": market.name,
            "premium": market.premium,
            "gross": market.gross,
            "received": market.received,
            "from_own_bond": market.own,
            "passed_on": market.passed_on,
            "came_back": market.back,
        })
    });
    let tickets = outcome.tickets.iter().map(|ticket| {
        let borne: serde_json::Map<String, Value> = BEARERS
            .iter()
            .zip(ticket.borne)
            .map(|(&name, amount)| (name.to_owned(), json!(amount)))
            .collect();
        json!({
            "ticket": ticket.number,
            "market": ticket.market,
            "time": minute(ticket.time),
            "gross": ticket.gross,
            "borne": borne,
            "recovered": ticket.recovered,
        })
    });
    json!({
        "scenario": demo.crash.name,
        "title": demo.crash.title,
        "quote": document::json(&demo.quote),
        "gross": outcome.gross,
        "recovered": outcome.recovered,
        "exceedance": {"value": outcome.exceedance.0, "standard_error": outcome.exceedance.1},
        "layers": layers.collect::<Vec<_>>(),
        "tranches": tranches.collect::<Vec<_>>(),
        "underwriters": people.collect::<Vec<_>>(),
        "markets": markets.collect::<Vec<_>>(),
        "tickets": tickets.collect::<Vec<_>>(),
        "held": outcome.held.0.to_string(),
        "booked": outcome.held.1.to_string(),
        "invariants_hold": outcome.sound,
        "ledger": {"file": demo.ledger.display().to_string(), "confirmed": demo.verified.confirmed,
                   "sound": demo.verified.is_sound()},
        "report": demo.report.display().to_string(),
    })
}
