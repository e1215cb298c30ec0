//! What terms and assumptions may be, the same for options and for a quote file.

use seawall_actuary::loss::REPLICATES_MAX;

use super::assumptions::Assumptions;
use super::pricing::{DesignOptions, Levels, Terms};
use crate::output::Failure;

/// How a value is called in a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By its option: `--term-days`.
    Option,
    /// By its place in a quote file: `request.terms.term_days`.
    File,
}

impl Naming {
    fn name(self, field: &str) -> String {
        match (self, field) {
            (Self::File, _) => format!("request.{field}"),
            (Self::Option, "terms.levels.deductible") => "--deductible-level".to_owned(),
            (Self::Option, "terms.levels.limit") => "--limit-level".to_owned(),
            (Self::Option, "terms.levels") => "--layer-levels".to_owned(),
            (Self::Option, "assumed.correlation_half_life_days") => "--correlation".to_owned(),
            (Self::Option, _) => {
                let last = field.rsplit('.').next().unwrap_or(field);
                format!("--{}", last.replace('_', "-"))
            }
        }
    }

    fn between(self, field: &str, value: f64, low: f64, high: f64) -> Result<(), Failure> {
        // A number that is none is within no bounds.
        if (low..=high).contains(&value) {
            return Ok(());
        }
        let name = self.name(field);
        Err(Failure::input(format!("{name} is {value}")).hint(format!("it must be from {low} to {high}")))
    }
}

/// Checks terms.
///
/// # Errors
/// The first value out of its bounds, by name.
pub fn terms(terms: &Terms, naming: Naming) -> Result<(), Failure> {
    let Levels { deductible, limit, .. } = terms.levels;
    for (field, value, low, high) in [
        ("terms.term_days", terms.term_days, 1.0, 730.0),
        ("terms.horizon_days", terms.horizon_days, 1.0, 3_650.0),
        ("terms.coinsurance", terms.coinsurance, 0.0, 0.9),
        ("terms.mutual_share", terms.mutual_share, 0.0, 0.9),
        ("terms.no_claims_share", terms.no_claims_share, 0.0, 0.9),
        ("terms.expense_rate", terms.expense_rate, 0.0, 0.9),
        ("terms.cost_of_capital", terms.cost_of_capital, 0.0, 10.0),
        ("terms.fixed_expenses", terms.fixed_expenses, 0.0, 1e12),
        ("terms.smallest_claim", terms.smallest_claim, 0.0, 1e15),
        ("terms.deductible", terms.deductible.unwrap_or(0.0), 0.0, 1e15),
        ("terms.limit", terms.limit.unwrap_or(0.0), 0.0, 1e15),
        ("terms.levels.deductible", deductible, 0.5, 0.9999),
        ("terms.levels.limit", limit, deductible, 0.9999),
        ("terms.paths", terms.paths as f64, 100.0, 2e6),
    ] {
        naming.between(field, value, low, high)?;
    }
    layer_levels(&terms.levels, naming)
}

/// Reserve and tranches end at rising levels.
fn layer_levels(levels: &Levels, naming: Naming) -> Result<(), Failure> {
    let all: Vec<f64> = std::iter::once(levels.reserve).chain(levels.tranches.iter().copied()).collect();
    let rising = all.windows(2).all(|pair| pair[0] < pair[1]);
    let inside = all.iter().all(|level| *level > 0.0 && *level < 1.0);
    if rising && inside && (2..=5).contains(&all.len()) {
        return Ok(());
    }
    let name = naming.name("terms.levels");
    Err(Failure::input(format!("{name} {all:?} are not two to five rising levels"))
        .hint("reserve first, then one to four tranches, such as 0.95,0.995,0.999"))
}

/// Checks how paths are drawn.
///
/// # Errors
/// The first value out of its bounds, by name.
pub fn drawing(drawing: &DesignOptions, naming: Naming) -> Result<(), Failure> {
    for (field, value, low, high) in [
        ("drawing.sobol_replicates", f64::from(drawing.sobol_replicates), 0.0, f64::from(REPLICATES_MAX)),
        ("drawing.tuning_paths", drawing.tuning_paths as f64, 64.0, 1e6),
        ("drawing.tuning_rounds", f64::from(drawing.tuning_rounds), 1.0, 20.0),
        ("drawing.sizing_paths", drawing.sizing_paths as f64, 64.0, 1e6),
        ("drawing.sizing_days", f64::from(drawing.sizing_days), 1.0, 36_500.0),
        ("drawing.tail_share", drawing.tail_share, 0.0, 0.95),
        ("drawing.mean_share", drawing.mean_share, 0.0, 0.95 - drawing.tail_share.clamp(0.0, 0.95)),
    ] {
        naming.between(field, value, low, high)?;
    }
    Ok(())
}

/// Checks that replicates are enough for an error, and that paths fill them evenly.
///
/// # Errors
/// One to three replicates; paths that are no multiple of their number.
pub fn replicates(terms: &Terms, drawing: &DesignOptions, naming: Naming) -> Result<(), Failure> {
    let (replicates, paths) = (drawing.sobol_replicates as usize, terms.paths);
    if replicates == 0 {
        return Ok(());
    }
    let name = naming.name("drawing.sobol_replicates");
    if replicates < REPLICATES_MIN {
        return Err(Failure::input(format!("{name} is {replicates}")).hint(format!(
            "errors are from the spread of the replicates: it must be 0 or from {REPLICATES_MIN} to {REPLICATES_MAX}"
        )));
    }
    if paths % replicates != 0 {
        let paths_name = naming.name("terms.paths");
        return Err(Failure::input(format!("{paths_name} is {paths}, no multiple of {name} {replicates}"))
            .hint(format!("give {} paths", paths.next_multiple_of(replicates))));
    }
    Ok(())
}

/// Fewest replicates whose spread is an error.
const REPLICATES_MIN: usize = 4;

/// Checks assumptions.
///
/// # Errors
/// The first value out of its bounds, by name.
pub fn assumptions(assumed: &Assumptions, naming: Naming) -> Result<(), Failure> {
    for (field, value, low, high) in [
        ("assumed.delay_hours.calm", assumed.delay_hours.calm, 0.0, 8_760.0),
        ("assumed.delay_hours.stressed", assumed.delay_hours.stressed, 0.0, 8_760.0),
        ("assumed.refill_hours", assumed.refill_hours, 1e-3, 8_760.0),
        ("assumed.stress_depth", assumed.stress_depth, 0.0, 1.0),
        ("assumed.gas", assumed.gas, 0.0, 1e9),
        ("assumed.renewal_days", assumed.renewal_days, 1.0, 3_650.0),
        ("assumed.basis_half_life_days", assumed.basis_half_life_days, 1e-3, 3_650.0),
        ("assumed.basis_deviation", assumed.basis_deviation, 0.0, 1.0),
        ("assumed.depegs_a_year", assumed.depegs_a_year, 0.0, 1_000.0),
        ("assumed.depeg_size", assumed.depeg_size, 0.0, 10.0),
        ("assumed.crash_sensitivity", assumed.crash_sensitivity, 0.0, 100.0),
        ("assumed.impact_share", assumed.impact_share, 0.0, 1.0),
        ("assumed.close_factor", assumed.close_factor, 0.01, 1.0),
        ("assumed.venue_years", assumed.venue_years, 0.01, 100.0),
        (
            "assumed.correlation_half_life_days",
            assumed.correlation_half_life_days.unwrap_or(1.0),
            1.0,
            36_500.0,
        ),
        ("assumed.account_clusters", f64::from(assumed.account_clusters), 0.0, 1e5),
        ("assumed.congestion.calm", assumed.congestion.calm, 0.0, 1e4),
        ("assumed.congestion.stressed", assumed.congestion.stressed, 0.0, 1e4),
        ("assumed.congestion.at_crash", assumed.congestion.at_crash, 0.0, 1.0),
        ("assumed.congestion.hours", assumed.congestion.hours, 1e-3, 8_760.0),
        ("assumed.congestion.extra_hours", assumed.congestion.extra_hours, 0.0, 8_760.0),
        ("assumed.outages.calm", assumed.outages.calm, 0.0, 1e4),
        ("assumed.outages.stressed", assumed.outages.stressed, 0.0, 1e4),
        ("assumed.outages.at_crash", assumed.outages.at_crash, 0.0, 1.0),
        ("assumed.outages.hours", assumed.outages.hours, 1e-3, 8_760.0),
        ("assumed.outages.extra_hours", assumed.outages.extra_hours, 0.0, 8_760.0),
    ] {
        naming.between(field, value, low, high)?;
    }
    Ok(())
}
