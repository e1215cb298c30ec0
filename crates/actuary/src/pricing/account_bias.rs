//! What the fast pass over a book of accounts costs in accuracy: both passes on the same paths, by the two-level estimator.
//! What it does to the expected payment of the policy is taken out of the premium ([`super::Pricing::of`]); capital and
//! layers are those of the fast pass.

use core::ops::Range;

use rayon::prelude::*;

use super::error::PricingError;
use super::simulation::Simulation;
use crate::liquidation::TwoLevel;
use crate::liquidation::accounts::Levels;
use crate::liquidation::system::AccountBuffers;
use crate::loss::PolicyTerms;
use crate::math::Estimate;

/// Paths on which both passes are compared.
pub const COMPARED_PATHS: u64 = 1_024;

/// One book of accounts as it was run.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountFigures {
    /// Name of the book.
    pub name: String,
    /// Accounts that can be liquidated.
    pub accounts: usize,
    /// Accounts of them that nobody liquidates, and their debt.
    pub dust: (usize, f64),
    /// Share of accounts and periods left out by pruning on these paths, which changes no bit of an exact loss.
    pub pruned_share: f64,
    /// Clusters of the fast pass; none where every path is exact.
    pub clusters: Option<usize>,
    /// Mean distance of an account from its cluster, by debt; 0 where every path is exact.
    pub spread: f64,
    /// Both passes over the last horizon; none where every path is exact, and there is no bias.
    pub levels: Option<TwoLevel>,
    /// The same of what the policy pays within the term.
    pub payments: Option<TwoLevel>,
    /// What the exact pass adds to that payment on each compared path, weighted; empty where every path is exact.
    pub added: Vec<f64>,
}

impl AccountFigures {
    /// What is to be added to the expected payment of the fast pass; nothing where every path is exact.
    #[must_use]
    pub fn correction(&self) -> Estimate {
        self.payments.as_ref().map_or(Estimate::exact(0.0), |payments| payments.bias.scaled(-1.0))
    }
}

impl Simulation {
    /// Runs the books of accounts of the system exactly along a range of paths, and by clusters beside it where they are
    /// priced so. `policies` are those of all markets, the books after the others; `term` is the place of their term among
    /// the horizons.
    ///
    /// # Errors
    /// Paths that cannot be made; fewer than two paths.
    pub fn account_figures(
        &self,
        paths: Range<u64>,
        term: usize,
        policies: &[PolicyTerms],
    ) -> Result<Vec<AccountFigures>, PricingError> {
        let passes = self.system.accounts();
        if passes.is_empty() {
            return Ok(Vec::new());
        }
        let blocks = self.keep_blocks(paths)?;
        let steps = &self.horizon_steps;
        let policies = &policies[policies.len().saturating_sub(passes.len())..];
        passes
            .iter()
            .zip(policies)
            .map(|(pass, policy)| {
                let parts: Vec<Result<([Levels; 2], f64), PricingError>> = blocks
                    .par_iter()
                    .map(|kept| {
                        let (mut buffers, mut loss) = (AccountBuffers::default(), vec![0.0; steps.len()]);
                        let none = || Levels { weights: kept.weights.clone(), ..Levels::default() };
                        let mut levels = [none(), none()];
                        let first = kept.block.first_path();
                        let mut run = pass.along(&kept.block, self.seed, first, &mut buffers);
                        for path in 0..kept.weights.len() {
                            // Without clusters the second pass would be the first again.
                            let passes = if pass.clusters().is_some() { &[true, false][..] } else { &[true] };
                            for &exact in passes {
                                run.losses(path, steps, exact, &mut loss)?;
                                let year = loss.last().copied().unwrap_or_default();
                                let paid = loss.get(term).map_or(0.0, |&loss| policy.payment(loss));
                                for (level, loss) in levels.iter_mut().zip([year, paid]) {
                                    match exact {
                                        true => level.exact.push((path, loss)),
                                        false => level.fast.push(loss),
                                    }
                                }
                            }
                        }
                        Ok((levels, buffers.pruned_share() * kept.weights.len() as f64))
                    })
                    .collect();
                let ([mut levels, mut payments], mut pruned) = (<[Levels; 2]>::default(), 0.0);
                for part in parts {
                    let ([gross, paid], share) = part?;
                    levels.append(&gross);
                    payments.append(&paid);
                    pruned += share;
                }
                let clusters = pass.clusters();
                let added =
                    |&(path, exact): &(usize, f64)| payments.weights[path] * (exact - payments.fast[path]);
                let added = match clusters {
                    Some(_) => payments.exact.iter().map(added).collect(),
                    None => Vec::new(),
                };
                Ok(AccountFigures {
                    name: pass.name().to_owned(),
                    accounts: pass.model().len(),
                    dust: pass.model().dust(),
                    pruned_share: pruned / levels.weights.len().max(1) as f64,
                    clusters: clusters.map(|clusters| clusters.len()),
                    spread: clusters.map_or(0.0, |clusters| clusters.spread()),
                    levels: clusters.map(|_| levels.estimate()).transpose()?,
                    payments: clusters.map(|_| payments.estimate()).transpose()?,
                    added,
                })
            })
            .collect()
    }
}
