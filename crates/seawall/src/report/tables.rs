//! Tables of the report.

use maud::{Markup, html};
use seawall_actuary::loss::Estimate;

use super::chart::{BEARER_COLOURS, fill};
use crate::demo::Demonstration;
use crate::demo::crash::BEARERS;
use crate::quote::figures::{hex, level, money, percent, short};
use crate::quote::tables::layer_name;
use crate::quote::windows::minute;

fn error(estimate: Estimate) -> Markup {
    html! { (money(estimate.value)) " " span.se { "± " (money(estimate.standard_error)) } }
}

fn signed(amount: f64, text: &str) -> Markup {
    let class = if amount < 0.0 { "neg" } else { "pos" };
    html! { span class=(class) { (text) } }
}

fn heads(names: &[&str]) -> Markup {
    html! { thead { tr { @for name in names { th { (name) } } } } }
}

/// Premium of each market.
pub fn premium(demo: &Demonstration) -> Markup {
    let pricing = &demo.quote.pricing;
    let rate = |rate: Option<f64>| rate.map_or("-".to_owned(), percent);
    html! { div.scroll { table {
        (heads(&["market", "debt", "limit", "deductible", "expected loss", "capital", "loading", "expenses", "bonus", "premium", "on cover, a year", "on debt, a year"]))
        tbody {
            @for (index, line) in pricing.premiums.iter().enumerate() {
                tr {
                    td { (line.name) } td { (short(pricing.risks[index].debt)) } td { (short(pricing.design.policies[index].limit)) }
                    td { (short(pricing.design.policies[index].deductible)) }
                    td { (error(line.expected_loss)) } td { (money(line.capital.value)) } td { (money(line.loading)) }
                    td { (money(line.expenses)) } td { (money(line.no_claims_bonus)) } td { (error(line.total)) }
                    td { (rate(line.per_cover_year)) } td { (rate(line.per_debt_year)) }
                }
            }
            @let total = &pricing.total;
            tr.sum {
                td { "all" } td { (short(pricing.risks.iter().map(|risk| risk.debt).sum())) }
                td { (short(pricing.design.policies.iter().map(|policy| policy.limit).sum())) }
                td { (short(pricing.design.policies.iter().map(|policy| policy.deductible).sum())) }
                td { (error(total.expected_loss)) } td { (money(total.capital.value)) } td { (money(total.loading)) }
                td { (money(total.expenses)) } td { (money(total.no_claims_bonus)) } td { (error(total.total)) }
                td { (rate(total.per_cover_year)) } td { (rate(total.per_debt_year)) }
            }
        }
    } } }
}

/// The layers as the actuary saw them.
pub fn layers(demo: &Demonstration) -> Markup {
    let pricing = &demo.quote.pricing;
    let of = |estimate: Option<Estimate>| estimate.map_or("-".to_owned(), |e| percent(e.value));
    let ends =
        std::iter::once(pricing.terms.levels.reserve).chain(pricing.terms.levels.tranches.iter().copied());
    let mut ends: Vec<String> = ends.map(level).collect();
    ends.push("members' bonds".to_owned());
    html! { div.scroll { table {
        (heads(&["layer", "from", "to", "ends at quantile", "expected loss", "any loss", "all lost", "premium", "return, a year", "breakeven, a year"]))
        tbody { @for (index, layer) in pricing.tranches.iter().enumerate() {
            tr {
                td { i style=(fill(BEARER_COLOURS[index + 2])) {} (layer_name(index, pricing.design.layers.tranches())) }
                td { (short(layer.attachment)) } td { (short(layer.exhaustion)) } td { (ends[index]) }
                td { (error(layer.expected_loss)) } td { (percent(layer.probability_of_loss.value)) }
                td { (percent(layer.probability_of_exhaustion.value)) } td { (money(layer.premium)) }
                td { (of(layer.expected_return.map(|e| e.scaled(365.0 / pricing.terms.term_days)))) } td { (of(layer.breakeven_spread)) }
            }
        } }
    } } }
}

/// What each bearer paid.
pub fn paid(demo: &Demonstration) -> Markup {
    let outcome = &demo.outcome;
    html! { div.scroll { table {
        (heads(&["bearer", "stood ready", "paid", "used", "came back", "in the end"]))
        tbody {
            @for (index, layer) in outcome.layers.iter().enumerate() {
                tr {
                    td { i style=(fill(BEARER_COLOURS[index])) {} (layer.name) }
                    td { (layer.size.map_or("-".to_owned(), money)) } td { (money(layer.paid)) }
                    td { (layer.size.filter(|size| *size > 0.0).map_or("-".to_owned(), |size| percent(layer.paid / size))) }
                    td { (money(layer.recovered)) } td { (money(layer.paid - layer.recovered)) }
                }
            }
            tr.sum {
                td { "together" } td {} td { (money(outcome.gross)) } td {} td { (money(outcome.recovered)) }
                td { (money(outcome.gross - outcome.recovered)) }
            }
        }
    } } }
}

/// Layers against expectation.
pub fn results(demo: &Demonstration) -> Markup {
    html! { div.scroll { table {
        (heads(&["layer", "capital", "premium expected", "earned", "loss expected", "borne", "came back", "return expected", "actual"]))
        tbody { @for (index, line) in demo.outcome.tranches.iter().enumerate() {
            tr {
                td { i style=(fill(BEARER_COLOURS[index + 2])) {} (line.name) } td { (money(line.capital)) }
                td { (money(line.premium.0)) } td { (money(line.premium.1)) } td { (money(line.loss.0)) } td { (money(line.loss.1)) }
                td { (money(line.recovered)) } td { (percent(line.result.0)) } td { (signed(line.result.1, &percent(line.result.1))) }
            }
        } }
    } } }
}

/// Underwriters.
pub fn people(demo: &Demonstration) -> Markup {
    html! { div.scroll { table {
        (heads(&["underwriter", "paid in", "worth or paid out", "recoveries claimed", "result", "return"]))
        tbody { @for person in &demo.outcome.people {
            @let result = person.value + person.claimed - person.paid_in;
            tr {
                td { (person.name) ", " (person.tranche) @if person.left { " (left)" } }
                td { (money(person.paid_in)) } td { (money(person.value)) } td { (money(person.claimed)) }
                td { (signed(result, &money(result))) } td { (signed(result, &percent(result / person.paid_in))) }
            }
        } }
    } } }
}

/// Markets.
pub fn markets(demo: &Demonstration) -> Markup {
    html! { div.scroll { table {
        (heads(&["market", "premium", "bad debt", "from the pool", "from its bond", "passed on", "came back", "borne by itself"]))
        tbody { @for market in &demo.outcome.markets {
            @let from_pool = market.received - market.own;
            tr {
                td { (market.name) } td { (money(market.premium)) } td { (money(market.gross)) } td { (money(from_pool)) }
                td { (money(market.own)) } td { (money(market.passed_on)) } td { (money(market.back)) }
                td { (money(market.gross - from_pool - market.back)) }
            }
        } }
    } } }
}

/// Tickets.
pub fn tickets(demo: &Demonstration) -> Markup {
    let shown: Vec<usize> =
        (0..BEARERS.len()).filter(|&bearer| demo.outcome.layers[bearer].paid > 0.0).collect();
    html! { div.scroll { table {
        thead { tr {
            th { "ticket" } th { "market" } th { "booked (UTC)" } th { "gross" }
            @for &bearer in &shown { th { (BEARERS[bearer]) } }
            th { "came back" }
        } }
        tbody { @for ticket in &demo.outcome.tickets {
            tr {
                td { (ticket.number) } td { (ticket.market) } td { (minute(ticket.time)) } td { (money(ticket.gross)) }
                @for &bearer in &shown { td { (money(ticket.borne[bearer])) } }
                td { (money(ticket.recovered)) }
            }
        } }
    } } }
}

/// Files and digests.
pub fn origins(demo: &Demonstration) -> Markup {
    html! { div.scroll { table {
        (heads(&["input", "file", "SHA-256"]))
        tbody { @for origin in &demo.quote.inputs.origins {
            tr { td { (origin.what) } td { code { (origin.name) } } td { code { (hex(&origin.digest)) } } }
        } }
    } } }
}
