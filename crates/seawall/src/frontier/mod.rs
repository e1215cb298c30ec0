//! `seawall frontier`: what cover costs under each change that a risk steward can make, on the same paths.
//!
//! Policies and layers are those of the base; what moves together, and how errors are made, stands in
//! [`seawall_actuary::pricing::change`] and [`mod@seawall_actuary::pricing::frontier`].

use seawall_actuary::loss::Estimate;
use seawall_actuary::pricing::frontier::{Base, Frontier, FrontierRow, frontier};
use seawall_actuary::pricing::{Change, Pricing, PricingError};
use serde_json::{Value, json};

use crate::output::{Failure, Format, line, print_json, progress, table};
use crate::quote::figures::{money, percent};
use crate::quote::pricing::refused;
use crate::quote::{Options, market_model, prepare};

/// Arguments of `seawall frontier`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  seawall frontier\n  seawall frontier --market wsteth --ltv 1,2,3,5\n  seawall frontier \
                  --book loans.csv --markets markets.csv --deductible 10000 --limit 1000000 --largest 0.5"
)]
pub struct Args {
    #[command(flatten)]
    options: Options,
    /// Paths to simulate.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=2_000_000))]
    paths: u32,
    /// Markets that are changed; by default all. Can be repeated.
    #[arg(long, value_name = "NAME")]
    market: Vec<String>,
    /// Points by which threshold, largest loan to value and borrowers' ratios rise together.
    #[arg(
        long,
        value_name = "POINTS",
        value_delimiter = ',',
        allow_hyphen_values = true,
        default_value = "-2,-1,1,2,4"
    )]
    ltv: Vec<f64>,
    /// Points by which the liquidation threshold rises alone.
    #[arg(
        long,
        value_name = "POINTS",
        value_delimiter = ',',
        allow_hyphen_values = true,
        default_value = "-2,2"
    )]
    threshold: Vec<f64>,
    /// Factors of all moves of prices.
    #[arg(long, value_name = "FACTORS", value_delimiter = ',', default_value = "0.8,1.2")]
    volatility: Vec<f64>,
    /// Factors of depth.
    #[arg(long, value_name = "FACTORS", value_delimiter = ',', default_value = "0.5,2")]
    depth_factor: Vec<f64>,
    /// Factors of delay.
    #[arg(long, value_name = "FACTORS", value_delimiter = ',', default_value = "2,4")]
    delay: Vec<f64>,
    /// Factors of the largest position of each market.
    #[arg(long, value_name = "FACTORS", value_delimiter = ',', default_value = "0.5")]
    largest: Vec<f64>,
    /// Shares to which the debt of each market is capped.
    #[arg(long, value_name = "SHARES", value_delimiter = ',', default_value = "0.75,0.5")]
    cap: Vec<f64>,
    /// Days after which the book is redrawn, in place of --renewal-days.
    #[arg(long, value_name = "DAYS", value_delimiter = ',', default_value = "7,90")]
    renewals: Vec<f64>,
}

impl Args {
    fn changes(&self) -> Vec<Change> {
        let each = |values: &[f64], of: fn(f64) -> Change| values.iter().map(|&x| of(x)).collect::<Vec<_>>();
        [
            each(&self.ltv, Change::LoanToValue),
            each(&self.threshold, Change::Threshold),
            each(&self.volatility, Change::Volatility),
            each(&self.depth_factor, Change::Depth),
            each(&self.delay, Change::Delay),
            each(&self.largest, Change::LargestPosition),
            each(&self.cap, Change::DebtCap),
            each(&self.renewals, Change::Renewal),
        ]
        .concat()
    }
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let changes = args.changes();
    let (inputs, asked) = prepare(&args.options, args.options.asked(args.paths)?)?;
    let modelled = market_model::build(&inputs, asked.held_out.clone(), &asked.assumed)?;
    let markets = numbers(&args.market, &modelled.exposures).map_err(refused)?;
    let base = Base {
        prices: &modelled.prices,
        exposures: &modelled.exposures,
        options: &modelled.shared,
        accounts: modelled.system.accounts(),
        events: modelled.events.as_ref(),
        terms: &asked.terms,
        sampling: &asked.drawing,
    };
    let own = changes.iter().filter(|change| change.moves_prices()).count() as u64;
    let bar = progress(u64::from(args.paths) * (1 + own), "simulating", format);
    let found = frontier(&base, &markets, &changes, &|paths| bar.inc(paths)).map_err(refused)?;
    bar.finish_and_clear();
    match format {
        Format::Json => print_json(&document(&found, &args.market)),
        Format::Table => print(&found, &args.market),
    }
    Ok(())
}

fn numbers(
    names: &[String],
    exposures: &[seawall_actuary::pricing::Exposure],
) -> Result<Vec<usize>, PricingError> {
    let known = || exposures.iter().map(|exposure| exposure.market.name.as_str());
    names
        .iter()
        .map(|name| {
            known().position(|other| other == name).ok_or_else(|| PricingError::UnknownMarket {
                name: name.clone(),
                known: known().collect::<Vec<_>>().join(", "),
            })
        })
        .collect()
}

/// A change in words.
fn words(change: Change) -> String {
    let sign = |points: f64| if points > 0.0 { format!("+{points}") } else { points.to_string() };
    match change {
        Change::LoanToValue(points) => format!("LTV and threshold {} points", sign(points)),
        Change::Threshold(points) => format!("threshold alone {} points", sign(points)),
        Change::Volatility(factor) => format!("volatility x {factor}"),
        Change::Depth(factor) => format!("depth x {factor}"),
        Change::Delay(factor) => format!("delay x {factor}"),
        Change::LargestPosition(factor) => format!("largest position x {factor}"),
        Change::DebtCap(share) => format!("debt capped at {}", percent(share)),
        Change::Renewal(days) => format!("book redrawn every {days} days"),
    }
}

fn name(change: Change) -> (&'static str, f64) {
    match change {
        Change::LoanToValue(x) => ("loan_to_value_points", x),
        Change::Threshold(x) => ("threshold_points", x),
        Change::Volatility(x) => ("volatility_factor", x),
        Change::Depth(x) => ("depth_factor", x),
        Change::Delay(x) => ("delay_factor", x),
        Change::LargestPosition(x) => ("largest_position_factor", x),
        Change::DebtCap(x) => ("debt_cap_share", x),
        Change::Renewal(x) => ("renewal_days", x),
    }
}

fn print(found: &Frontier, markets: &[String]) {
    let base = &found.base;
    let changed = if markets.is_empty() { "all markets".to_owned() } else { markets.join(", ") };
    line(&format!(
        "\nPremium for {} days, all markets: {} ± {} ({} of the debt a year). Changes of {changed}, on the same {} paths:",
        base.terms.term_days,
        money(base.total.total.value),
        money(base.total.total.standard_error),
        rate(base.total.per_debt_year),
        base.terms.paths,
    ));
    let signed = |estimate: Estimate| {
        let sign = if estimate.value > 0.0 { "+" } else { "" };
        format!("{sign}{} ± {}", money(estimate.value), money(estimate.standard_error))
    };
    let rows = found.rows.iter().map(|row| match row {
        Ok(row) => [
            words(row.change),
            money(row.pricing.total.total.value),
            signed(row.difference),
            format!("{:+.1} %", row.difference.value / base.total.total.value * 100.0),
            signed(row.expected_loss),
            signed(row.capital),
            rate(row.pricing.total.per_debt_year),
        ],
        Err((change, error)) => {
            let none = String::new;
            [words(*change), format!("not possible: {error}"), none(), none(), none(), none(), none()]
        }
    });
    let header =
        ["change", "premium", "difference", "in %", "expected loss", "ES of the year", "on debt, year"];
    line(&table(header, rows).to_string());
    for answer in answers(found) {
        line(&format!("  {answer}"));
    }
    line(
        "  LTV and threshold: every loan borrows as much more as its threshold allows, its break price stays. Policies and layers \
         are those of the base. Errors are of the paired differences. Of accounts run by clusters premium and expected loss are \
         corrected by the exact pass on the first paths, the expected shortfall is the clusters'.",
    );
}

/// The questions that are asked most.
fn answers(found: &Frontier) -> Vec<String> {
    let rows = || found.rows.iter().filter_map(|row| row.as_ref().ok());
    let of = |wanted: Change| rows().find(|row| row.change == wanted);
    let mut answers = Vec::new();
    let moved = |row: &FrontierRow| {
        format!("{} ± {}", money(row.difference.value.abs()), money(row.difference.standard_error))
    };
    if let Some(row) = of(Change::LoanToValue(2.0)) {
        let verb = if row.difference.value >= 0.0 { "cost" } else { "save" };
        answers.push(format!("Two points more loan to value {verb} {} of premium.", moved(row)));
    }
    if let Some(row) = of(Change::LargestPosition(0.5)) {
        let verb = if row.difference.value <= 0.0 { "save" } else { "cost" };
        answers.push(format!("Halving the largest position would {verb} {} of premium.", moved(row)));
    }
    answers
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or("-".to_owned(), percent)
}

fn document(found: &Frontier, markets: &[String]) -> Value {
    let estimate = |e: Estimate| json!({"value": e.value, "standard_error": e.standard_error});
    // What the exact pass adds to the expected payments of accounts that are run by clusters.
    let corrections =
        |pricing: &Pricing| pricing.accounts.iter().map(|of| estimate(of.correction())).collect::<Vec<_>>();
    let rows = found.rows.iter().map(|row| match row {
        Ok(row) => {
            let (change, by) = name(row.change);
            json!({
                "change": change,
                "by": by,
                "premium": estimate(row.pricing.total.total),
                "difference": estimate(row.difference),
                "expected_loss_difference": estimate(row.expected_loss),
                "expected_shortfall_difference": estimate(row.capital),
                "rate_on_debt_a_year": row.pricing.total.per_debt_year,
                "account_corrections": corrections(&row.pricing),
                "premium_by_market":
                    row.pricing.premiums.iter().map(|line| line.total.value).collect::<Vec<_>>(),
            })
        }
        Err((change, error)) => {
            let (change, by) = name(*change);
            json!({"change": change, "by": by, "refused": error.to_string()})
        }
    });
    json!({
        "markets": found.base.risks.iter().map(|risk| &risk.name).collect::<Vec<_>>(),
        "changed": markets,
        "paths": found.base.terms.paths,
        "base": {
            "premium": estimate(found.base.total.total),
            "rate_on_debt_a_year": found.base.total.per_debt_year,
            "account_corrections": corrections(&found.base),
            "premium_by_market": found.base.premiums.iter().map(|line| line.total.value).collect::<Vec<_>>(),
        },
        "changes": rows.collect::<Vec<_>>(),
    })
}
