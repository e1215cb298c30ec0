//! What the fast pass over a book of accounts costs in accuracy: both passes on the same paths, by the two-level estimator.

use core::ops::Range;

use rayon::prelude::*;

use super::error::PricingError;
use super::simulation::Simulation;
use crate::liquidation::TwoLevel;
use crate::liquidation::accounts::Levels;
use crate::liquidation::system::AccountBuffers;

/// One book of accounts as it was run.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountFigures {
    /// Name of the book.
    pub name: String,
    /// Accounts that can be liquidated.
    pub accounts: usize,
    /// Share of accounts and periods left out by pruning on these paths, which changes no bit of an exact loss.
    pub pruned_share: f64,
    /// Clusters of the fast pass; none where every path is exact.
    pub clusters: Option<usize>,
    /// Mean distance of an account from its cluster, by debt; 0 where every path is exact.
    pub spread: f64,
    /// Both passes over the last horizon; none where every path is exact, and there is no bias.
    pub levels: Option<TwoLevel>,
}

impl Simulation {
    /// Runs the books of accounts of the system exactly along a range of paths, and by clusters beside it where they are
    /// priced so.
    ///
    /// # Errors
    /// Paths that cannot be made; fewer than two paths.
    pub fn account_figures(&self, paths: Range<u64>) -> Result<Vec<AccountFigures>, PricingError> {
        let passes = self.system.accounts();
        if passes.is_empty() {
            return Ok(Vec::new());
        }
        let blocks = self.keep_blocks(paths)?;
        let last = &self.horizon_steps[self.horizon_steps.len().saturating_sub(1)..];
        passes
            .iter()
            .map(|pass| {
                let parts: Vec<Result<(Levels, f64), PricingError>> = blocks
                    .par_iter()
                    .map(|kept| {
                        let (mut buffers, mut loss) = (AccountBuffers::default(), [0.0]);
                        let mut levels = Levels { weights: kept.weights.clone(), ..Levels::default() };
                        for path in 0..kept.weights.len() {
                            pass.losses(&kept.block, path, last, true, &mut buffers, &mut loss)?;
                            levels.exact.push((path, loss[0]));
                            pass.losses(&kept.block, path, last, false, &mut buffers, &mut loss)?;
                            levels.fast.push(loss[0]);
                        }
                        Ok((levels, buffers.pruned_share() * kept.weights.len() as f64))
                    })
                    .collect();
                let (mut levels, mut pruned) = (Levels::default(), 0.0);
                for part in parts {
                    let (part, share) = part?;
                    levels.append(&part);
                    pruned += share;
                }
                let clusters = pass.clusters();
                Ok(AccountFigures {
                    name: pass.name().to_owned(),
                    accounts: pass.model().len(),
                    pruned_share: pruned / levels.weights.len().max(1) as f64,
                    clusters: clusters.map(|clusters| clusters.len()),
                    spread: clusters.map_or(0.0, |clusters| clusters.spread()),
                    levels: clusters.map(|_| levels.estimate()).transpose()?,
                })
            })
            .collect()
    }
}
