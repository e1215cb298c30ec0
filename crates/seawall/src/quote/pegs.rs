//! Pegged tokens as the price sees them: fitted to their own prices where there are any, else by a stated rate of depegs;
//! and in words, which of the two it was.

use seawall_actuary::price::calibrate::{PegFit, PegLevel, PegOptions, PegPrior, PegSource, calibrate_peg};
use seawall_actuary::price::{Peg, PriceHistory};

use super::assumptions::Assumptions;
use super::inputs::{Inputs, PegData, Track};
use super::windows;
use crate::output::Failure;

/// Fits the pegs that the markets need, each once, in the order in which they need them.
///
/// # Errors
/// A history that cannot be fitted.
pub fn fit(
    inputs: &Inputs,
    held_out: &[(u64, u64)],
    assumptions: &Assumptions,
) -> Result<Vec<PegFit>, Failure> {
    let mut fits: Vec<PegFit> = Vec::new();
    for track in inputs.insured.iter().flat_map(|insured| insured.tracks()).filter(|track| track.pegged) {
        if fits.iter().all(|known| known.asset != track.symbol) {
            fits.push(one(inputs, track, held_out, assumptions)?);
        }
    }
    Ok(fits)
}

fn one(
    inputs: &Inputs,
    track: &Track,
    held_out: &[(u64, u64)],
    assumptions: &Assumptions,
) -> Result<PegFit, Failure> {
    let reference = track.column.as_deref();
    let known = inputs.pegs.iter().find(|peg| peg.token == track.symbol);
    let history: &PriceHistory = match known.map(|peg| &peg.data) {
        Some(PegData::Closes(history)) => history,
        Some(PegData::Column) => &inputs.history,
        Some(PegData::Stated) => {
            return Ok(PegFit::stated(&track.symbol, reference, PegPrior::default()));
        }
        None => return Ok(PegFit::stated(&track.symbol, reference, basis(assumptions))),
    };
    let end = history.time(history.rows());
    let overlaps = |&&(from, to): &&(u64, u64)| history.start < to && from < end;
    let options = PegOptions {
        hold_out: held_out.iter().filter(overlaps).copied().collect(),
        level: if track.ratio == 1.0 { PegLevel::Par } else { PegLevel::Median },
        ..PegOptions::default()
    };
    // The closes are in units of what it is pegged to.
    let fit = calibrate_peg(history, &track.symbol, None, &options).map_err(|error| {
        Failure::input(format!("peg of {}: {error}", track.symbol)).hint(format!(
            "give a longer history with --peg {0}=FILE, or take the documented rate of depegs with --peg {0}=stated",
            track.symbol
        ))
    })?;
    Ok(PegFit { reference: reference.map(str::to_owned), ..fit })
}

/// The assumed basis of a staking token as a prior that no history moves.
fn basis(assumptions: &Assumptions) -> PegPrior {
    let Peg { reversion, volatility, depeg_intensity, depeg_size, .. } = assumptions.peg("");
    PegPrior {
        depeg_intensity,
        depeg_size,
        premium_intensity: 0.0,
        premium_size: 0.0,
        reversion,
        volatility,
        ..PegPrior::default()
    }
}

/// True where a token's basis is assumed and nothing was read of it.
pub fn is_assumed(inputs: &Inputs, track: &Track) -> bool {
    track.pegged && inputs.pegs.iter().all(|peg| peg.token != track.symbol)
}

/// A peg in a sentence.
pub fn sentence(fit: &PegFit) -> String {
    let par = fit.reference.as_deref().unwrap_or("the quote currency");
    let half_life = core::f64::consts::LN_2 * 365.0 / fit.reversion.value;
    let figures = format!(
        "{:.2} depegs a year of {:.2} % on average, {:.2} jumps above par of {:.2} %{}, half of one gone after {:.1} days",
        fit.depeg_intensity.value,
        fit.depeg_size.value * 100.0,
        fit.premium_intensity.value,
        fit.premium_size.value * 100.0,
        if fit.premium_stated && fit.report.is_some() { " (stated prior, shifted)" } else { "" },
        half_life
    );
    let window = fit.report.as_ref().map_or_else(String::new, |report| {
        format!("{} moves, {} to {}", report.returns, windows::day(report.from), windows::day(report.to))
    });
    match fit.source {
        PegSource::Fitted => {
            let seen = fit.report.as_ref().map_or(0, |report| report.below.events.len());
            format!("{} is pegged to {par}: {figures}; fitted to {seen} depegs in {window}", fit.asset)
        }
        PegSource::Stated { .. } if fit.report.is_none() => {
            format!("{} is pegged to {par}: {figures}; stated, there are no data of its peg", fit.asset)
        }
        PegSource::Stated { prior, observed, years, bound95 } => format!(
            "{} is pegged to {par}: {figures}; {observed} depegs in {window} ({years:.1} years) are too few to fit, so a stated \
             rate of {} a year counts as much as {} years; from the history alone at most {bound95:.2} a year (95 %)",
            fit.asset, prior.depeg_intensity, prior.years
        ),
    }
}
