//! Proposed layer sizes from the distribution of the pool's losses: each layer ends at a quantile.
//!
//! Units: those of the losses.

use crate::loss::replicates::spread;
use crate::loss::statistics::{StatisticsError, Tail, sorted};
use crate::loss::weighted::sample;
use crate::math::Estimate;

/// Levels of the quantiles at which the layers end, not falling, each in (0, 1).
#[derive(Clone, Debug, PartialEq)]
pub struct LayerLevels {
    /// Where the insureds' deductible ends; none for no deductible.
    pub deductible: Option<f64>,
    /// Where the reserve ends.
    pub reserve: f64,
    /// Where each tranche ends, from junior to senior, for instance 0.995 for a junior tranche exhausted at
    /// VaR99.5.
    pub tranches: Vec<f64>,
}

/// Proposed sizes. Points where layers end, with their standard errors, and the differences between them.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedLayers {
    /// Deductible of all insureds together.
    pub deductible: f64,
    /// Size of the reserve.
    pub reserve: f64,
    /// Sizes of the tranches, from junior to senior.
    pub tranches: Vec<f64>,
    /// Losses at which deductible, reserve and tranches end, in that order; standard errors are those of the
    /// VaR.
    pub ends: Vec<Estimate>,
    /// True when the highest quantile rests on fewer than 400 non-zero paths.
    pub thin: bool,
}

/// Proposes layer sizes: each layer ends at the pool loss's VaR at its level and begins where the one before
/// ends.
///
/// # Errors
/// No loss, one that is not finite, a level outside (0, 1) or below the one before.
pub fn propose_layers(losses: &[f64], levels: &LayerLevels) -> Result<ProposedLayers, StatisticsError> {
    let sorted = sorted(losses)?;
    propose(levels, |level| Tail::of_sorted(&sorted, level))
}

/// The same from losses and their weights.
///
/// # Errors
/// As for [`propose_layers`]; lengths that differ, a weight that is negative or not finite.
pub fn propose_weighted_layers(
    losses: &[f64],
    weights: &[f64],
    levels: &LayerLevels,
) -> Result<ProposedLayers, StatisticsError> {
    let worst = sample(losses, weights)?;
    propose(levels, |level| Ok(worst.cut(level)?.tail))
}

/// The same from replicates, path i belonging to number `i mod replicates`: sizes are those of all, the errors of the ends
/// are what the replicates show.
///
/// # Errors
/// As for [`propose_weighted_layers`]; fewer paths than replicates.
pub fn propose_replicated_layers(
    losses: &[f64],
    weights: &[f64],
    replicates: usize,
    levels: &LayerLevels,
) -> Result<ProposedLayers, StatisticsError> {
    let mut whole = propose_weighted_layers(losses, weights, levels)?;
    let parts = (0..replicates)
        .map(|first| {
            let of = |all: &[f64]| all.iter().skip(first).step_by(replicates).copied().collect::<Vec<f64>>();
            propose_weighted_layers(&of(losses), &of(weights), levels)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for (index, end) in whole.ends.iter_mut().enumerate() {
        end.standard_error = spread(parts.iter().map(|part| part.ends[index].value));
    }
    Ok(whole)
}

fn propose(
    levels: &LayerLevels,
    tail_at: impl Fn(f64) -> Result<Tail, StatisticsError>,
) -> Result<ProposedLayers, StatisticsError> {
    let mut previous = 0.0;
    let mut ends = Vec::with_capacity(levels.tranches.len() + 2);
    let mut thin = false;
    let mut end_at = |level: f64| {
        if level < previous {
            return Err(StatisticsError::Level(level));
        }
        previous = level;
        let tail = tail_at(level)?;
        thin = tail.thin;
        Ok(tail.value_at_risk)
    };
    ends.push(match levels.deductible {
        Some(level) => end_at(level)?,
        None => Estimate::exact(0.0),
    });
    ends.push(end_at(levels.reserve)?);
    for &level in &levels.tranches {
        ends.push(end_at(level)?);
    }
    let sizes: Vec<f64> = ends.windows(2).map(|pair| (pair[1].value - pair[0].value).max(0.0)).collect();
    Ok(ProposedLayers {
        deductible: ends[0].value,
        reserve: sizes[0],
        tranches: sizes[1..].to_vec(),
        ends,
        thin,
    })
}
