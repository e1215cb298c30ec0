//! Tuning the mixture by cross-entropy (R. Rubinstein, D. Kroese 2004) on a pilot: of all further jumps, those whose
//! distribution is closest to that of the jumps on the paths that lose.
//!
//! Two components are fitted: one to the paths of the tail, each counting by its loss beyond the tail's border as it
//! does in an expected shortfall, one to all paths, each counting by its loss as it does in the mean.

use rayon::prelude::*;

use super::fit::{self, Sample, Sources};
use super::mixture::{Mixture, MixtureError, RareModel};
use crate::price::batch::{BlockPlan, BlockScratch, Detail, PathBlock};
use crate::price::model::Model;

/// Paths of one block of the pilot.
const BLOCK: u64 = 64;

/// How a pilot is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Horizon in years.
    pub horizon_years: f64,
    /// Regular steps. Jumps are exact whatever their number, so that far fewer than in the estimate will do.
    pub steps: usize,
    /// Paths of each round.
    pub paths: u64,
    /// Rounds; each starts from the mixture of the one before.
    pub rounds: u32,
    /// Share of the loss's distribution that counts as the tail, for instance 0.01.
    pub tail: f64,
    /// Share of the paths that the component of the tail gets.
    pub tail_share: f64,
    /// Share of the paths that the component of the mean gets. Both together are at most 0.95.
    pub mean_share: f64,
    /// Seed of the pilot, different from that of the estimate.
    pub seed: u64,
}

/// Finds a mixture for the tail and the mean of a path's loss. `loss` gets a block with intervals and fills in one
/// loss a path. The same bits for any number of threads.
///
/// # Errors
/// Shares out of range, a pilot that cannot be simulated, a loss that is not finite.
pub fn tune(
    model: &Model,
    tuning: &Tuning,
    loss: impl Fn(&PathBlock, &mut [f64]) + Sync,
) -> Result<Mixture, MixtureError> {
    let shares = [tuning.tail_share, tuning.mean_share];
    let sources = Sources::of(model, tuning.horizon_years);
    let mut mixture = fit::first_guess(&sources, shares);
    for round in 0..tuning.rounds {
        let rare = RareModel::new(model, &mixture)?;
        let first = u64::from(round) * tuning.paths;
        let pilot = pilot(&rare, tuning, first, &loss)?;
        let border = border(&pilot, tuning.tail);
        let samples = |above: f64| -> Vec<Sample> {
            let counted = (0..pilot.len()).into_par_iter().filter(|index| pilot[*index].0 > above);
            let sample = |index: usize| {
                let (loss, weight) = pilot[index];
                let path = first + index as u64;
                Sample::of(&sources, &rare, tuning.horizon_years, tuning.seed, path, weight * (loss - above))
            };
            counted.map(sample).collect()
        };
        let closest = |above: f64| fit::closest(&sources, &samples(above));
        let (tail, mean) = rayon::join(|| closest(border), || closest(0.0));
        for ((component, tilt), share) in mixture.components.iter_mut().zip([tail, mean]).zip(shares) {
            if let Some(tilt) = tilt {
                *component = (share, tilt);
            }
        }
    }
    Ok(mixture)
}

/// Loss and weight of each path of a round.
fn pilot(
    rare: &RareModel,
    tuning: &Tuning,
    first: u64,
    loss: &(impl Fn(&PathBlock, &mut [f64]) + Sync),
) -> Result<Vec<(f64, f64)>, MixtureError> {
    let plan =
        BlockPlan { horizon_years: tuning.horizon_years, steps: tuning.steps, detail: Detail::Intervals };
    let blocks: Vec<Result<Vec<(f64, f64)>, MixtureError>> = (0..tuning.paths.div_ceil(BLOCK))
        .into_par_iter()
        .map_init(
            || (PathBlock::default(), Vec::new(), BlockScratch::default()),
            |(block, weights, scratch), number| {
                let start = number * BLOCK;
                let count = BLOCK.min(tuning.paths - start) as usize;
                rare.simulate_block(&plan, tuning.seed, first + start, count, block, weights, scratch)?;
                let mut losses = vec![0.0; count];
                loss(block, &mut losses);
                if let Some(wrong) = losses.iter().position(|loss| !loss.is_finite()) {
                    let path = first + start + wrong as u64;
                    return Err(MixtureError::Loss { path, loss: losses[wrong] });
                }
                Ok(losses.into_iter().zip(weights.iter().copied()).collect())
            },
        )
        .collect();
    let mut pilot = Vec::new();
    for block in blocks {
        pilot.extend(block?);
    }
    Ok(pilot)
}

/// The loss that paths exceed with probability `tail`.
fn border(pilot: &[(f64, f64)], tail: f64) -> f64 {
    let mut order: Vec<(f64, f64)> = pilot.to_vec();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mass = tail * pilot.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut seen = 0.0;
    let border = order.iter().find(|(_, weight)| {
        seen += weight;
        seen > mass
    });
    border.map_or(0.0, |(loss, _)| loss.max(0.0))
}
