//! The report of the demonstration: one HTML file that needs nothing else. Style and pictures are in the page;
//! there is no script. The same demonstration makes the same bytes.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::demo::Demonstration;
use crate::demo::aftermath::RECOVERY_DAYS;
use crate::demo::pool::{LEAVER, UNDERWRITERS};
use crate::demo::replay::ASSUMPTIONS;
use crate::output::grouped;
use crate::quote::document;
use crate::quote::figures::{hex, money, percent, short};
use crate::quote::windows::{day, minute};

mod axis;
mod chart;
mod losses;
mod risk;
mod tables;

const STYLE: &str = include_str!("style.css");

/// The page.
pub fn page(demo: &Demonstration) -> String {
    let title = format!("Seawall: {} over the crvUSD book", demo.crash.title);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (top(demo))
                main.wrap {
                    (cards(demo))
                    (crash(demo))
                    (model(demo))
                    (tranches(demo))
                    (people(demo))
                    (tickets(demo))
                    (basis(demo))
                    footer {
                        "Made by seawall " (env!("CARGO_PKG_VERSION")) " from seed " (demo.quote.pricing.terms.seed) ". "
                        "A demonstration on real data, not an offer of cover."
                    }
                }
            }
        }
    };
    page.into_string()
}

fn top(demo: &Demonstration) -> Markup {
    let terms = &demo.quote.pricing.terms;
    html! {
        header.top { div.wrap {
            div.brand {
                svg viewBox="0 0 34 22" aria-hidden="true" {
                    path d="M1 20V9h6v11zM9 20V4h6v16zM17 20V9h6v11z" fill="#56b9d8" {}
                    path d="M25 20c3 0 2.500-5 5-5 1.500 0 2.500 1 3 2v3z" fill="#eaf3f8" {}
                }
                "Seawall"
                small { "scenario " (demo.crash.name) ", seed " (terms.seed) ", " (money(terms.paths as f64)) " paths" }
            }
            h1 { "The crash of " (demo.crash.title) ", laid over the crvUSD loans of " (&demo.quote.inputs.snapshot[..10]) }
            p {
                "Cover for four lending markets was priced from their real loan book and hourly prices from which this crash was \
                 held out, bought from a pool, and then tried on the crash hour by hour. Losses are computed, never scaled. \
                 Amounts are in crvUSD."
            }
        } }
    }
}

fn cards(demo: &Demonstration) -> Markup {
    let outcome = &demo.outcome;
    let by_pool: f64 = outcome.layers[2..6].iter().map(|layer| layer.paid).sum();
    let share = if outcome.gross > 0.0 { by_pool / outcome.gross } else { 0.0 };
    let (probability, se) = outcome.exceedance;
    let total = &demo.quote.pricing.total;
    html! {
        div.cards {
            div {
                span { "Bad debt booked" } b { (short(outcome.gross)) }
                i { (outcome.tickets.len()) " tickets in " (demo.crashed.ticks.len()) " hours; " (percent(outcome.gross / debt(demo))) " of the debt" }
            }
            div {
                span { "Paid by the pool" } b { (short(by_pool)) }
                i { (percent(share)) "; deductible bonds gave " (short(outcome.layers[0].paid)) " before it" }
            }
            div {
                span { "Came back" } b { (short(outcome.recovered)) }
                i { "after " (RECOVERY_DAYS) " days, to those who had lost, in reverse order" }
            }
            div {
                span { "Premium for the term" } b { (short(total.total.value)) }
                i { (total.per_debt_year.map_or("-".to_owned(), percent)) " of the debt a year; it covers " (short(demo.sold.iter().map(|policy| policy.limit).sum())) }
            }
            div {
                span { "Probability, by the model" } b { (format!("{:.2} %", probability * 100.0)) }
                i { "± " (format!("{:.2}", se * 100.0)) " for " (short(outcome.for_good)) " of bad debt left in " (demo.quote.pricing.terms.term_days) " days; gross, before deductible and coinsurance" }
            }
        }
    }
}

fn debt(demo: &Demonstration) -> f64 {
    demo.quote.pricing.risks.iter().map(|risk| risk.debt).sum()
}

fn crash(demo: &Demonstration) -> Markup {
    let leaver = UNDERWRITERS[LEAVER].name;
    let (_, asked) = demo.crashed.request;
    html! {
        section {
            h2 { "Who stood in front of the loss" }
            p { "Bad debt as it was booked, by who bore it. Each hour prices move, liquidators sell what the depth allows after the delay, and what the collateral does not pay becomes the market's counter." }
            (losses::stack(demo))
            (losses::prices(demo))
        }
        div.two {
            section {
                h2 { "Which market it came from" }
                p { "Each market's loss, by who bore it." }
                (losses::markets(demo))
            }
            section {
                h2 { "The price of a share" }
                p { (leaver) " asks to leave with " (money(asked)) "; losses after that take " (money(asked - demo.crashed.request_after)) " of it." }
                (risk::shares(demo))
            }
        }
        section {
            h2 { "What each layer paid" }
            p { "From first loss to last. What stood ready includes the premium a layer had earned by then, and forfeited bonuses." }
            (tables::paid(demo))
        }
    }
}

fn model(demo: &Demonstration) -> Markup {
    html! {
        section {
            h2 { "What the model had expected" }
            p { "Probability that the pool owes more than an amount, after deductibles, limits and coinsurance. The bands are its layers: reserve, junior, senior, mutual." }
            (risk::exceedance(demo))
            (tables::layers(demo))
        }
        section {
            h2 { "The premium, line by line" }
            p { "For " (demo.quote.pricing.terms.term_days) " days of cover; figures after ± are standard errors." }
            (risk::premium(demo))
            (tables::premium(demo))
        }
    }
}

fn tranches(demo: &Demonstration) -> Markup {
    html! {
        section {
            h2 { "Results against expectation" }
            p { "Return over the term on the capital paid in: bars are what happened, black lines what the actuary expected." }
            (risk::returns(demo))
            (tables::results(demo))
        }
    }
}

fn people(demo: &Demonstration) -> Markup {
    html! {
        section {
            h2 { "Who got what" }
            p { "A recovery goes to those who held the shares when the loss was booked. Markets pass on what collateral of loans already written off fetched later." }
            (tables::people(demo))
            h3 { "Markets" }
            (tables::markets(demo))
        }
    }
}

fn tickets(demo: &Demonstration) -> Markup {
    let (held, booked) = demo.outcome.held;
    html! {
        section {
            h2 { "Tickets" }
            p { "The permanent record of each settled loss. The parts of every ticket add up to its gross loss to the last unit." }
            (tables::tickets(demo))
        }
        section {
            h2 { "The books" }
            p {
                "At the end the pool holds " (grouped(held)) " units of 10⁻¹⁸ crvUSD and its books add up to " (grouped(booked)) ": "
                @if held == booked { "equal to the last unit. " } @else { "NOT equal. " }
                (demo.verified.confirmed) " commands of the ledger were decided again from zero: "
                @if demo.verified.is_sound() { "sound." } @else { "DAMAGED." }
            }
            p {
                "Pool opened " (day(demo.calendar.opened)) ", cover bought " (minute(demo.calendar.bought)) ", in force "
                (day(demo.calendar.start)) " to " (day(demo.calendar.end)) ", crash from " (minute(demo.calendar.crash)) " on (all UTC)."
            }
            @if let Some(head) = demo.verified.head { code { "ledger head " (head.hash) } br; }
            code { "inputs of the quote " (hex(&document::digest(&demo.quote))) }
        }
    }
}

fn basis(demo: &Demonstration) -> Markup {
    html! {
        section {
            h2 { "Assumptions" }
            ul {
                @for text in demo.quote.assumptions_in_words() { li { (text) } }
                @for text in ASSUMPTIONS { li { (text) } }
            }
            h3 { "Left out of the model, and which way it errs" }
            ul { @for text in demo.quote.gaps() { li { (text) } } }
            h3 { "Where the data come from" }
            (tables::origins(demo))
        }
    }
}
