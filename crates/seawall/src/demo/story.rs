//! The demonstration as a story for the terminal: what was priced, what happened, who paid, who got what.

use super::Demonstration;
use super::crash::Tick;
use super::pool::{LEAVER, SYMBOL, UNDERWRITERS};
use crate::output::line;
use crate::quote::figures::{level, money, percent, short};
use crate::quote::grid::grid;
use crate::quote::tables;
use crate::quote::windows::{day, minute, stamp};

/// Hours between two rows of the crash.
const EVERY: usize = 12;

/// Prints it.
pub fn print(demo: &Demonstration) {
    opening(demo);
    crash(demo);
    payment(demo);
    people(demo);
    books(demo);
}

fn opening(demo: &Demonstration) {
    let (quote, terms) = (&demo.quote, &demo.quote.pricing.terms);
    line(&format!(
        "{} over the crvUSD loan book of {}\nseed {}, {} paths, amounts in {SYMBOL} (18 decimals); every step below is a command \
         in a ledger file",
        demo.crash.title,
        &quote.inputs.snapshot[..10],
        terms.seed,
        money(terms.paths as f64)
    ));
    line("\n1. The book, and hourly prices of 2019 to 2023 without the crashes");
    line(&tables::book(quote).to_string());
    line(&tables::regime(quote));
    line(&format!("\n2. The premium for {} days, line by line", terms.term_days));
    line(&tables::premium(quote).to_string());
    line(&tables::premium_note(quote));
    let levels = &terms.levels;
    line(&format!(
        "\n3. The pool, sized by quantiles of the model's losses of one year: deductibles {}, limits {}, reserve {}, junior \
         {}, senior {}",
        level(levels.deductible),
        level(levels.limit),
        level(levels.reserve),
        level(levels.tranches[0]),
        level(levels.tranches[1])
    ));
    line(&tables::layers(quote).to_string());
    line(&tables::layers_note(quote));
    let sum = |of: fn(&super::opening::Sold) -> f64| demo.sold.iter().map(of).sum::<f64>();
    line(&format!(
        "  {} four policies bought: premium {}, deductible bonds {}, limits {}; cover {} to {}",
        day(demo.calendar.bought),
        money(sum(|policy| policy.premium)),
        money(sum(|policy| policy.bond)),
        short(sum(|policy| policy.limit)),
        day(demo.calendar.start),
        day(demo.calendar.end)
    ));
}

fn crash(demo: &Demonstration) {
    line(&format!(
        "\n4. The crash: the moves of {} from {} on (waiting and early period have passed)",
        demo.crash.title,
        minute(demo.calendar.crash)
    ));
    let ticks = &demo.crashed.ticks;
    let rows =
        ticks.iter().enumerate().filter(|(index, _)| (index + 1) % EVERY == 0 || index + 1 == ticks.len());
    line(
        &grid(
            [
                "moves of",
                "price since start",
                "liquidated",
                "waiting",
                "bad debt",
                "bonds",
                "coinsurance",
                "reserve",
                "junior",
                "senior",
                "a share",
            ],
            rows.map(|(_, tick)| row(demo, tick)),
        )
        .to_string(),
    );
    let leaver = UNDERWRITERS[LEAVER].name;
    let (at, asked) = demo.crashed.request;
    let hours = (at - demo.calendar.crash) / 3600;
    line(&format!(
        "  after {hours} h {leaver} asks to leave with {}; later losses take {}, premium no longer reaches it",
        money(asked),
        money(asked - demo.crashed.request_after)
    ));
}

fn row(demo: &Demonstration, tick: &Tick) -> [String; 11] {
    let moves: Vec<String> = demo
        .replay
        .columns
        .iter()
        .zip(&tick.relative)
        .map(|(column, relative)| format!("{column} {:+.1} %", (relative - 1.0) * 100.0))
        .collect();
    [
        stamp(tick.history_time, "%d %b %H:%M"),
        moves.join(", "),
        short(tick.liquidated),
        short(tick.backlog),
        money(tick.borne.iter().sum()),
        money(tick.borne[0]),
        money(tick.borne[1]),
        money(tick.borne[2]),
        money(tick.borne[3]),
        money(tick.borne[4]),
        format!("{:.4}", tick.share_price[0]),
    ]
}

fn payment(demo: &Demonstration) {
    let outcome = &demo.outcome;
    line(&format!(
        "\n5. Who paid: {} booked in {} tickets; {} came back {} days later (collateral of written-off loans sold for more)",
        money(outcome.gross),
        outcome.tickets.len(),
        money(outcome.recovered),
        super::aftermath::RECOVERY_DAYS
    ));
    let rows = outcome.layers.iter().map(|layer| {
        [
            layer.name.to_owned(),
            layer.size.map_or("-".to_owned(), money),
            money(layer.paid),
            layer.size.map_or("-".to_owned(), |size| percent(layer.paid / size)),
            money(layer.recovered),
            money(layer.paid - layer.recovered),
        ]
    });
    let total = [
        "together".to_owned(),
        String::new(),
        money(outcome.gross),
        String::new(),
        money(outcome.recovered),
        money(outcome.gross - outcome.recovered),
    ];
    line(
        &grid(["layer", "stood ready", "paid", "of it", "came back", "in the end"], rows.chain([total]))
            .to_string(),
    );
    let (probability, error) = outcome.exceedance;
    line(&format!(
        "  the model, which had not seen this crash, gave a bad debt of {} or more at the end of the window (before deductible, coinsurance and the smallest ticket) in {} days a probability of {:.2} ± {:.2} %",
        money(outcome.for_good),
        demo.quote.pricing.terms.term_days,
        probability * 100.0,
        error * 100.0
    ));
    if outcome.gross == 0.0 {
        line("  no loan was sold for less than its debt: the loss is zero, and every layer is whole");
    }
}

fn people(demo: &Demonstration) {
    line("\n6. Tranches against what the actuary had expected of the term");
    let rows = demo.outcome.tranches.iter().map(|tranche| {
        [
            tranche.name.to_owned(),
            money(tranche.capital),
            money(tranche.premium.0),
            money(tranche.premium.1),
            money(tranche.loss.0),
            money(tranche.loss.1),
            money(tranche.recovered),
            percent(tranche.result.0),
            percent(tranche.result.1),
        ]
    });
    line(
        &grid(
            [
                "tranche",
                "capital",
                "expected premium",
                "earned",
                "expected loss",
                "borne",
                "came back",
                "expected return",
                "actual",
            ],
            rows,
        )
        .to_string(),
    );
    line("  (bonuses forfeited by the first claims are in what the reserve earned)");
    line("\n7. Who got what");
    let rows = demo.outcome.people.iter().map(|person| {
        let result = person.value + person.claimed - person.paid_in;
        [
            format!("{} ({}{})", person.name, person.tranche, if person.left { ", left" } else { "" }),
            money(person.paid_in),
            money(person.value),
            money(person.claimed),
            money(result),
            percent(result / person.paid_in),
        ]
    });
    line(
        &grid(
            ["underwriter", "paid in", "worth or paid out", "recoveries claimed", "result", "return"],
            rows,
        )
        .to_string(),
    );
    let rows = demo.outcome.markets.iter().map(|market| {
        let from_pool = market.received - market.own;
        [
            market.name.clone(),
            money(market.premium),
            money(market.gross),
            money(from_pool),
            money(market.own),
            money(market.passed_on),
            money(market.back),
            money(market.gross - from_pool - market.back),
        ]
    });
    line(
        &grid(
            [
                "market",
                "premium",
                "bad debt",
                "from the pool",
                "from its bond",
                "passed on",
                "came back",
                "borne by itself",
            ],
            rows,
        )
        .to_string(),
    );
}

fn books(demo: &Demonstration) {
    let outcome = &demo.outcome;
    let (held, booked) = outcome.held;
    line(&format!(
        "\n8. The books: {} tokens held, {} booked: {}; invariants {}",
        crate::output::grouped(held),
        crate::output::grouped(booked),
        if held == booked { "equal to the last unit" } else { "NOT EQUAL" },
        if outcome.sound { "hold" } else { "BROKEN" }
    ));
    let sound = if demo.verified.is_sound() { "sound" } else { "DAMAGED" };
    line(&format!(
        "  ledger {}: {} commands decided again from zero: {sound}",
        demo.ledger.display(),
        demo.verified.confirmed
    ));
    line(&format!(
        "  {} claims of recoveries paid, {} of fees collected",
        demo.settled.claims,
        money(demo.settled.fee)
    ));
    line(&format!("  report {}", demo.report.display()));
}
