//! `seawall projection`: the pool over several years. Is it viable, and how large must it be?
//!
//! Yearly losses are drawn from the distribution of what the pool owes over the capital horizon, events included;
//! rules of the years stand in [`seawall_actuary::capital::projection`].

use seawall_actuary::capital::{
    AnnualLoss, Entries, Exits, Growth, PoolPlan, PremiumRule, ReserveRule, Viability,
};
use serde_json::{Value, json};

use crate::output::{Failure, Format, line, print_json, table};
use crate::quote::figures::{money, percent, percent_with_error, short, with_error};
use crate::quote::{self, Options, Quote, prepare};

/// Arguments of `seawall projection`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  seawall projection\n  seawall projection --years 10 --ruin 0.005 --growth 0.2"
)]
pub struct Args {
    #[command(flatten)]
    options: Options,
    /// Paths of the price.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=2_000_000))]
    paths: u32,
    /// Years.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    years: u32,
    /// Paths of the projection.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    year_paths: u32,
    /// Probability of ruin over all years that is accepted.
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.05)]
    ruin: f64,
    /// Growth of cover a year.
    #[arg(long, value_name = "RATE", default_value_t = 0.0, allow_hyphen_values = true)]
    growth: f64,
    /// By how much growth falls by unit of relative rise of the premium.
    #[arg(long, value_name = "ELASTICITY", default_value_t = 0.5)]
    elasticity: f64,
    /// Weight of a year's experience in the next year's premium.
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.25)]
    experience: f64,
    /// Share of the remaining capital that leaves, by unit of the share of capital lost.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    exits: f64,
    /// Years from notice to leaving.
    #[arg(long, value_name = "YEARS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=10))]
    cooldown: u32,
    /// Return a year that underwriters want.
    #[arg(long, value_name = "RATE", default_value_t = 0.05)]
    target_return: f64,
    /// Capital that comes in, by capital and by unit of return above target.
    #[arg(long, value_name = "SPEED", default_value_t = 1.0)]
    entries: f64,
    /// Part of the underwriters' income that stays in the pool.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    retained: f64,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    for (name, value, high) in [
        ("--ruin", args.ruin, 0.999_999),
        ("--experience", args.experience, 1.0),
        ("--retained", args.retained, 1.0),
    ] {
        if !(0.0..=high).contains(&value) {
            return Err(
                Failure::input(format!("{name} is {value}")).hint(format!("it must be from 0 to {high}"))
            );
        }
    }
    let (inputs, asked) = prepare(&args.options, args.options.asked(args.paths)?)?;
    let quote = quote::make(inputs, asked, format)?;
    let plan = plan(&quote, args);
    let losses = AnnualLoss::of_pool(&quote.pricing.pool.grid);
    let found = plan.viability(&losses, args.ruin).map_err(Failure::input)?;
    match format {
        Format::Json => print_json(&document(&quote, &plan, &found)),
        Format::Table => print(&quote, &plan, &found),
    }
    Ok(())
}

/// The pool as it is quoted, and the years as asked.
fn plan(quote: &Quote, args: &Args) -> PoolPlan {
    let pricing = &quote.pricing;
    let sizes = pricing.design.layers.sizes();
    let tranches = &sizes[1..sizes.len() - 1];
    let (capital, reserve) = (tranches.iter().sum::<f64>(), sizes[0]);
    // What is earned in a year: the premium less expenses and the bonus that is expected to go back.
    let total = &pricing.total;
    let term = (total.total.value - total.expenses - total.no_claims_bonus) * 365.0 / pricing.terms.term_days;
    // The distribution is that of the capital horizon: a year unless told otherwise.
    let premium = term * pricing.terms.horizon_days / 365.0;
    PoolPlan {
        capital,
        premium,
        rule: PremiumRule::Experience { weight: args.experience, floor: 0.5, ceiling: 4.0 },
        reserve: ReserveRule {
            start: reserve,
            premium_share: pricing.split.first().copied().unwrap_or_default(),
            target: reserve,
        },
        retained: args.retained,
        interest: 0.0,
        growth: Growth { rate: args.growth, elasticity: args.elasticity },
        exits: Exits { share_per_loss: args.exits, cooldown_years: args.cooldown as usize },
        entries: Entries { target_return: args.target_return, speed: args.entries },
        required: pricing.pool.shortfall.expected_shortfall.value,
        years: args.years as usize,
        paths: args.year_paths as usize,
        seed: pricing.terms.seed,
    }
}

fn print(quote: &Quote, plan: &PoolPlan, found: &Viability) {
    line(&format!(
        "\nThe pool as quoted: tranches {}, reserve {}, premium {} a year after expenses and bonus; required (ES of a year) {}, \
         optimal static fund {}",
        short(plan.capital),
        short(plan.reserve.start),
        short(plan.premium),
        short(plan.required),
        short(quote.pricing.pool.optimal_fund.value),
    ));
    let rows = found.projection.years.iter().map(|year| {
        [
            year.year.to_string(),
            format!(
                "{} - {} - {}",
                short(year.assets.low),
                short(year.assets.median),
                short(year.assets.high)
            ),
            format!("{:.2}", year.solvency.median),
            money(year.premium.value),
            percent(year.loss_ratio.value),
            percent_with_error(year.earned),
            format!("{:.2}", year.cover.value),
            percent_with_error(year.ruin),
            percent_with_error(year.default),
        ]
    });
    let header = [
        "year",
        "capital and reserve, 5 % - half - 95 %",
        "over required",
        "premium",
        "losses / premium",
        "return",
        "cover",
        "below required so far",
        "could not pay so far",
    ];
    line(&table(header, rows).to_string());
    line(&format!("  {}", answer(plan, found)));
}

/// Is it viable, and how large must it be?
fn answer(plan: &PoolPlan, found: &Viability) -> String {
    let ruin = found.projection.ruin();
    let verdict = match (found.solvent, found.worthwhile) {
        (true, true) => "Viable".to_owned(),
        (false, true) => "Not viable: too often below what is required".to_owned(),
        (true, false) => "Not viable: it does not pay its underwriters".to_owned(),
        (false, false) => {
            "Not viable: too often below what is required, and it does not pay its underwriters".to_owned()
        }
    };
    let needed = match &found.needed {
        Some(needed) => format!(
            "tranches of {} are needed for a probability of {}",
            with_error(needed.capital),
            percent_with_error(needed.ruin)
        ),
        None => "no capital is enough".to_owned(),
    };
    format!(
        "{verdict}. Over {} years the pool is below required with probability {} (accepted {}), return {} a year (wanted {}); {needed}.",
        plan.years,
        percent_with_error(ruin),
        percent(found.ruin_accepted),
        percent_with_error(found.projection.earned()),
        percent(plan.entries.target_return),
    )
}

fn document(quote: &Quote, plan: &PoolPlan, found: &Viability) -> Value {
    let estimate =
        |e: seawall_actuary::loss::Estimate| json!({"value": e.value, "standard_error": e.standard_error});
    let spread = |s: &seawall_actuary::capital::Spread| json!({"mean": estimate(s.mean), "low": s.low, "median": s.median, "high": s.high});
    let years = found.projection.years.iter().map(|year| {
        json!({
            "year": year.year,
            "assets": spread(&year.assets),
            "solvency": spread(&year.solvency),
            "premium": estimate(year.premium),
            "loss_ratio": estimate(year.loss_ratio),
            "cover": estimate(year.cover),
            "return": estimate(year.earned),
            "ruin": estimate(year.ruin),
            "default": estimate(year.default),
        })
    });
    json!({
        "plan": {
            "capital": plan.capital,
            "reserve": plan.reserve.start,
            "premium": plan.premium,
            "required": plan.required,
            "years": plan.years,
            "paths": plan.paths,
        },
        "optimal_fund": estimate(quote.pricing.pool.optimal_fund),
        "years": years.collect::<Vec<_>>(),
        "viable": found.viable(),
        "solvent": found.solvent,
        "worthwhile": found.worthwhile,
        "ruin_accepted": found.ruin_accepted,
        "ruin": estimate(found.projection.ruin()),
        "return": estimate(found.projection.earned()),
        "needed": found.needed.as_ref().map(|needed| json!({
            "capital": estimate(needed.capital), "ruin": estimate(needed.ruin),
        })),
    })
}
