//! A quote as tables for the terminal.

use std::fmt::Display;

use seawall_actuary::loss::{Estimate, HorizonFigures, LineFigures, Tail};
use seawall_actuary::pricing::MarketEvents;

use super::figures::{level, money, percent, percent_with_error, short, with_error};
use super::grid::grid as table;
use super::pricing::{AT_RISK_LEVEL, SHORTFALL_LEVEL};
use super::{Quote, account_market, fit_report, windows};
use crate::output::line;

/// Prints everything.
pub fn print(quote: &Quote) {
    heading(&format!("Loan book, {}", quote.inputs.snapshot));
    show(&book(quote));
    for of in &quote.pricing.accounts {
        line(&format!("  {}", account_market::sentence(of)));
    }
    heading("Price model, fitted to closes with standard errors (a year, calm state)");
    show(&fit(quote));
    line(&regime(quote));
    for text in fit_report::short(quote) {
        line(&format!("  {text}"));
    }
    heading(&format!(
        "Losses before the pool, {} paths, seed {}",
        quote.pricing.terms.paths, quote.pricing.terms.seed
    ));
    show(&losses(quote));
    line(&drawn_note(quote));
    if let Some(events) = &quote.pricing.events {
        heading(&format!("Events within {} days: what prices do not contain", quote.pricing.terms.term_days));
        show(&events_table(quote, events));
        line(EVENTS_NOTE);
    }
    heading(&format!("Premium for {} days, line by line", quote.pricing.terms.term_days));
    show(&premium(quote));
    line(&premium_note(quote));
    show(&terms(quote));
    heading("What the pool owes (after deductibles, limits, coinsurance)");
    show(&pool(quote));
    line(&pool_note(quote));
    heading(&format!("Layers over {} days", quote.pricing.terms.term_days));
    show(&layers(quote));
    line(&layers_note(quote));
    list("Assumptions", quote.assumptions_in_words());
    list("Left out of the model, and which way it errs", quote.gaps());
    heading("Inputs");
    for origin in &quote.inputs.origins {
        line(&format!(
            "  {:14} {}  sha256 {}",
            origin.label(),
            origin.name,
            &super::figures::hex(&origin.digest)[..16]
        ));
    }
}

fn heading(text: &str) {
    line(&format!("\n{text}"));
}

fn show(table: &comfy_table::Table) {
    line(&table.to_string());
}

fn list<T: Display>(title: &str, items: impl IntoIterator<Item = T>) {
    heading(title);
    for item in items {
        line(&format!("  - {item}"));
    }
}

/// Loans and debt, and what was left out.
pub fn book(quote: &Quote) -> comfy_table::Table {
    let inputs = &quote.inputs;
    let rows = inputs.insured.iter().enumerate().map(|(index, insured)| {
        let market = &insured.market;
        let of = inputs.exclusions.markets.iter().find(|exclusions| exclusions.market == market.name);
        let left_out =
            of.map(|of| (of.above_threshold.loans + of.dust.loans, of.above_threshold.debt + of.dust.debt));
        let (loans, debt) = left_out.unwrap_or_default();
        let ltv = market.ltv_quantiles(insured.collateral_price, insured.debt_price, &[0.5, 0.95]);
        let ltv = ltv.map_or("-".to_owned(), |q| format!("{:.0} / {:.0} %", q[0] * 100.0, q[1] * 100.0));
        let depth = quote.modelled.depth[index];
        [
            market.name.clone(),
            insured.loans().to_string(),
            money(market.debt() * insured.debt_price),
            ltv,
            money(insured.collateral_price),
            format!("{loans} ({})", short(debt)),
            format!("{} / {}", short(depth.calm), short(depth.stressed)),
        ]
    });
    table(
        [
            "market",
            "loans",
            "debt",
            "LTV of 50 / 95 % of debt",
            "price",
            "left out (debt)",
            "depth an hour calm / stress",
        ],
        rows,
    )
}

/// Estimate parameters.
pub fn fit(quote: &Quote) -> comfy_table::Table {
    let rows = quote.modelled.calibration.assets.iter().map(|fit| {
        let tail = |p: Estimate, rate: Estimate| {
            // Mean size beyond the floor; its error from that of the rate.
            let mean = 1.0 / rate.value;
            let error = mean * rate.standard_error / rate.value;
            format!("{:.0} % up to here; +{:.2} ± {:.2} %", p.value * 100.0, mean * 100.0, error * 100.0)
        };
        let down = Estimate { value: 1.0 - fit.jumps.up_probability.value, ..fit.jumps.up_probability };
        [
            fit.asset.clone(),
            percent_with_error(of(fit.volatility)),
            format!("{:.1} ± {:.1}", fit.jumps.intensity.value, fit.jumps.intensity.standard_error),
            percent(fit.jumps.floor),
            tail(down, fit.jumps.down_rate).replace("up to here", "down"),
            format!("{:.2} ± {:.2}", fit.crash_loading.value, fit.crash_loading.standard_error),
        ]
    });
    table(
        ["asset", "volatility", "own jumps", "larger than", "share down; mean beyond", "crash loading"],
        rows,
    )
}

fn of(fitted: Estimate) -> Estimate {
    Estimate { value: fitted.value, standard_error: fitted.standard_error }
}

/// Crash and stress in one or two sentences.
pub fn regime(quote: &Quote) -> String {
    let calibration = &quote.modelled.calibration;
    let report = &calibration.report;
    let mut text = format!(
        "  {} to {}, {} rows of {} h, {} held out",
        windows::day(report.from),
        windows::day(report.to),
        report.rows,
        report.step as f64 / 3_600.0,
        report.held_out_rows
    );
    if let Some(rho) = calibration.correlation.matrix.get(1).and_then(|row| row.first()) {
        let how = match quote.assumptions.correlation_half_life_days {
            Some(days) => format!("weights halve in {days} days"),
            None => "full sample".to_owned(),
        };
        text += &format!("; correlation {rho:.2} ({how})");
    }
    if let Some(crash) = &calibration.crash {
        text += &format!(
            "\n  common crash: {:.1} ± {:.1} a year, at least {}, excess generalised Pareto scale {:.2} ± {:.2} %, shape {:.2} ± \
             {:.2}",
            crash.intensity.value,
            crash.intensity.standard_error,
            percent(crash.floor),
            crash.scale.value * 100.0,
            crash.scale.standard_error * 100.0,
            crash.shape.value,
            crash.shape.standard_error
        );
    }
    if let Some(stress) = &calibration.regime {
        text += &format!(
            "\n  stress: {:.1} ± {:.1} spells a year of {:.0} days, volatility and sizes x {:.2} ± {:.2}",
            stress.to_stress.value,
            stress.to_stress.standard_error,
            365.0 / stress.to_calm.value,
            stress.volatility.value,
            stress.volatility.standard_error
        );
    }
    text
}

/// Gross losses of each market and of all.
pub fn losses(quote: &Quote) -> comfy_table::Table {
    let pricing = &quote.pricing;
    let (within, over) = (pricing.term(), pricing.horizon());
    let row = |name: &str, term: &LineFigures, year: &LineFigures| {
        [
            name.to_owned(),
            with_error(term.mean),
            percent(term.probability.value),
            with_error(year.mean),
            tail_text(year.shortfall.expected_shortfall, &year.shortfall),
            short(year.maximum),
        ]
    };
    let markets = quote.inputs.insured.iter().enumerate().map(|(index, insured)| {
        row(&insured.market.name, &within.markets[index].gross, &over.markets[index].gross)
    });
    let total = row("all", &within.gross, &over.gross);
    let term = format!("mean, {} days", pricing.terms.term_days);
    let year = format!("mean, {} days", pricing.terms.horizon_days);
    let shortfall = format!("ES {}", level(SHORTFALL_LEVEL));
    table(
        ["market", term.as_str(), "any loss", year.as_str(), shortfall.as_str(), "worst path"],
        markets.chain(std::iter::once(total)),
    )
}

/// How paths were drawn, and what that was worth.
fn drawn_note(quote: &Quote) -> String {
    let (figures, owed) = (&quote.pricing.figures, &quote.pricing.horizon().owed);
    let replicates = match figures.replicates {
        0 | 1 => String::new(),
        replicates => format!(
            "\n  leading numbers from scrambled Sobol points: errors are the spread of {replicates} independent replicates, a 95 % \
             interval takes {:.2} of them",
            figures.interval_factor()
        ),
    };
    if quote.pricing.design.mixture.components.is_empty() {
        return format!("  every path drawn plainly{replicates}");
    }
    let control = owed.control.map_or_else(String::new, |control| {
        format!(
            "\n  with the weight as control variate the pool owes {} on average, its variance {:.2} times smaller (shown, \
             not used)",
            with_error(control.mean),
            control.reduction
        )
    });
    format!(
        "  importance sampling of crashes and large jumps: as good as {:.1} times as many plain paths for what the pool owes on \
         average, {:.1} times for its ES; mean weight {:.4} ± {:.4}{replicates}{control}",
        owed.mean_reduction,
        owed.shortfall_reduction,
        figures.mean_weight.value,
        figures.mean_weight.standard_error
    )
}

const EVENTS_NOTE: &str = "  rates a year, from the recorded events and an assumed number of venue-years (docs/model.md, section 6); a record of \
                           one's own (--record) moves them by its credibility";

/// Events by market.
fn events_table(quote: &Quote, events: &[MarketEvents]) -> comfy_table::Table {
    let rows = events.iter().zip(&quote.pricing.risks).map(|(events, risk)| {
        let experience = &events.peril.experience;
        [
            risk.name.clone(),
            percent_with_error(events.peril.collective_rate),
            experience.own.map_or("-".to_owned(), percent),
            percent(experience.credibility),
            format!("{:.2}", experience.factor),
            with_error(events.peril.mean),
            money(events.collective),
            money(events.experience),
            events.losses.map_or("-".to_owned(), |losses| format!("{:.2}", losses.factor)),
        ]
    });
    table(
        [
            "market",
            "rate of its kind",
            "own rate",
            "credibility",
            "factor",
            "expected cost",
            "paid by the pool",
            "moved by own record",
            "own losses, factor",
        ],
        rows,
    )
}

/// A tail figure, flagged where it rests on few paths.
pub fn tail_text(estimate: Estimate, tail: &Tail) -> String {
    let flag =
        if tail.thin { format!(" (thin: worth {:.0} paths)", tail.effective_samples) } else { String::new() };
    format!("{}{flag}", with_error(estimate))
}

/// Premium line by line.
pub fn premium(quote: &Quote) -> comfy_table::Table {
    let pricing = &quote.pricing;
    let rows = pricing.premiums.iter().chain(std::iter::once(&pricing.total)).map(|line| {
        let rate = |rate: Option<f64>| rate.map_or("-".to_owned(), percent);
        [
            line.name.clone(),
            with_error(line.losses.market),
            with_error(line.losses.event),
            money(line.losses.experience),
            money(line.capital.value),
            money(line.loading),
            money(line.expenses),
            money(line.no_claims_bonus),
            with_error(line.total),
            rate(line.per_cover_year),
            rate(line.per_debt_year),
            line.going_rate.as_ref().map_or("-".to_owned(), |going| percent(going.rate)),
        ]
    });
    table(
        [
            "market",
            "prices",
            "+ events",
            "+ own record",
            "(capital)",
            "+ load",
            "+ expenses",
            "+ bonus",
            "= premium",
            "on cover, year",
            "on debt, year",
            "going rate",
        ],
        rows,
    )
}

/// Terms of each policy.
pub fn terms(quote: &Quote) -> comfy_table::Table {
    let pricing = &quote.pricing;
    let from = |asked: Option<f64>, at: f64| match asked {
        Some(_) => "as asked".to_owned(),
        None => level(at),
    };
    let rows = pricing.design.policies.iter().zip(&pricing.risks).map(|(policy, risk)| {
        [
            risk.name.clone(),
            money(policy.deductible),
            from(pricing.terms.deductible, pricing.terms.levels.deductible),
            money(policy.limit),
            from(pricing.terms.limit, pricing.terms.levels.limit),
            percent(policy.coinsurance),
            percent(risk.claim_probability),
        ]
    });
    table(["policy", "deductible", "quantile", "limit", "ends at", "coinsurance", "chance of a claim"], rows)
}

/// Tail of what the pool owes.
pub fn pool(quote: &Quote) -> comfy_table::Table {
    let (term, year) = (quote.pricing.term(), quote.pricing.horizon());
    let row = |name: String, of: &dyn Fn(&HorizonFigures) -> String| [name, of(term), of(year)];
    let rows = [
        row("mean".to_owned(), &|h| with_error(h.owed.mean)),
        row("probability of any".to_owned(), &|h| percent_with_error(h.owed.probability)),
        row("deviation".to_owned(), &|h| with_error(h.owed.deviation)),
        row(format!("VaR {}", level(AT_RISK_LEVEL)), &|h| {
            tail_text(h.owed.at_risk.value_at_risk, &h.owed.at_risk)
        }),
        row(format!("ES {}", level(SHORTFALL_LEVEL)), &|h| {
            tail_text(h.owed.shortfall.expected_shortfall, &h.owed.shortfall)
        }),
    ];
    let term = format!("{} days", quote.pricing.terms.term_days);
    let year = format!("{} days", quote.pricing.terms.horizon_days);
    table(["", term.as_str(), year.as_str()], rows)
}

/// The pool over the capital horizon with events.
fn pool_note(quote: &Quote) -> String {
    let pool = &quote.pricing.pool;
    format!(
        "  with events, {} days: ES {} {}, VaR {} {}; optimal static fund at this cost of capital {}",
        quote.pricing.terms.horizon_days,
        level(SHORTFALL_LEVEL),
        with_error(pool.shortfall.expected_shortfall),
        level(AT_RISK_LEVEL),
        with_error(pool.at_risk.value_at_risk),
        with_error(pool.optimal_fund)
    )
}

/// What a reader needs to add up the premium table: whose errors the last line shows, and which bonus.
pub fn premium_note(quote: &Quote) -> String {
    let pricing = &quote.pricing;
    format!(
        "  the last line adds up the markets' errors; the pool's own expected loss has ± {}. Bonus is its expected \
         payout: {} of each premium is set aside for it",
        money(pricing.term().owed.mean.standard_error),
        percent(pricing.terms.no_claims_share)
    )
}

/// What a reader needs to add up the table of layers.
pub fn layers_note(quote: &Quote) -> String {
    let pricing = &quote.pricing;
    let borne: f64 = pricing.tranches.iter().map(|layer| layer.expected_loss.value).sum();
    let by_events: f64 =
        pricing.events.iter().flatten().map(|events| events.collective + events.experience).sum();
    let losses = if pricing.events.is_some() { "losses, events included," } else { "losses" };
    format!(
        "  {losses} within the term, returns a year; breakeven is the expected loss a year. The layers share the \
         premium less expenses and what is set aside; {} of expected loss lies beyond them",
        money((pricing.term().owed.mean.value + by_events - borne).max(0.0))
    )
}

/// Layers as investments.
pub fn layers(quote: &Quote) -> comfy_table::Table {
    let pricing = &quote.pricing;
    let rows = pricing.tranches.iter().enumerate().map(|(index, tranche)| {
        let rate = |estimate: Option<Estimate>| estimate.map_or("-".to_owned(), |e| percent(e.value));
        let ratio =
            |estimate: Option<Estimate>| estimate.map_or("-".to_owned(), |e| format!("{:.2}", e.value));
        let share = pricing.split.get(index).map_or("-".to_owned(), |&share| percent(share));
        [
            layer_name(index, pricing.design.layers.tranches()),
            format!("{} - {}", short(tranche.attachment), short(tranche.exhaustion)),
            with_error(tranche.expected_loss),
            percent(tranche.probability_of_loss.value),
            percent(tranche.probability_of_exhaustion.value),
            share,
            money(tranche.premium),
            rate(tranche.expected_return.map(|e| e.scaled(365.0 / pricing.terms.term_days))),
            rate(tranche.breakeven_spread),
            ratio(tranche.sharpe),
        ]
    });
    table(
        [
            "layer",
            "from - to",
            "expected loss",
            "any loss",
            "all lost",
            "share",
            "premium",
            "return, year",
            "breakeven",
            "Sharpe",
        ],
        rows,
    )
}

/// Name of a layer: reserve, junior, senior, mutual.
pub fn layer_name(index: usize, tranches: usize) -> String {
    match (index, tranches) {
        (0, _) => "reserve".to_owned(),
        (1, 1) => "tranche".to_owned(),
        (1, _) => "junior".to_owned(),
        (i, n) if i > n => "mutual".to_owned(),
        (i, n) if i == n => "senior".to_owned(),
        (i, _) => format!("mezzanine {}", i - 1),
    }
}
