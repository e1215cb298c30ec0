//! What an accumulator of path losses gathers: markets, policies, layers, levels, and how fine.

use super::{
    exact::SumOverflow,
    terms::{Layers, PolicyTerms, TermsError},
};

/// Points of the linear histograms, unless said otherwise.
pub const GRID_STEPS: usize = 4096;

/// Largest weight of a path.
pub const WEIGHT_MAX: f64 = 1024.0;

/// What to gather from path losses.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Horizons of a row.
    pub horizons: usize,
    /// What each market can lose about, usually its debt; fixes the scale of sums and units and bounds nothing.
    pub exposures: Vec<f64>,
    /// Policy of each market.
    pub policies: Vec<PolicyTerms>,
    /// Layers of the pool.
    pub layers: Layers,
    /// A market's loss of this or more makes a claim.
    pub smallest_claim: f64,
    /// Level of the expected shortfall and of its allocation.
    pub shortfall_level: f64,
    /// Level of the value at risk.
    pub at_risk_level: f64,
    /// Steps of the linear histograms.
    pub grid_steps: usize,
    /// Paths of the whole run, over all shards: the tail is kept for so many.
    pub planned_paths: u64,
    /// Independent replicates, path i belonging to number `i mod replicates`, from which the errors are taken; up to 1 where
    /// paths are independent.
    pub replicates: u32,
}

/// Most replicates: each is gathered beside the whole.
pub const REPLICATES_MAX: u32 = 128;

/// Steps of the histograms of a replicate, from which no error is taken.
const REPLICATE_STEPS: usize = 1;

impl Spec {
    /// ES at 99 % and VaR at 99.5 %, histograms of [`GRID_STEPS`] steps, every loss a claim.
    #[must_use]
    pub fn new(
        horizons: usize,
        exposures: Vec<f64>,
        policies: Vec<PolicyTerms>,
        layers: Layers,
        planned_paths: u64,
    ) -> Self {
        Self {
            horizons,
            exposures,
            policies,
            layers,
            smallest_claim: 0.0,
            shortfall_level: 0.99,
            at_risk_level: 0.995,
            grid_steps: GRID_STEPS,
            planned_paths,
            replicates: 0,
        }
    }

    /// What is gathered of each replicate; none where paths are independent.
    pub(crate) fn of_replicate(&self) -> Option<Self> {
        (self.replicates > 1).then(|| Self {
            grid_steps: REPLICATE_STEPS,
            planned_paths: self.planned_paths.div_ceil(u64::from(self.replicates)),
            replicates: 0,
            ..self.clone()
        })
    }

    /// Number of markets.
    #[must_use]
    pub fn markets(&self) -> usize {
        self.exposures.len()
    }

    /// What the pool's markets can lose about.
    #[must_use]
    pub fn exposure(&self) -> f64 {
        self.exposures.iter().sum()
    }

    /// Loss of a market from which on its policy owes no more; its exposure where the policy is unlimited.
    pub(crate) fn gross_top(&self, market: usize) -> f64 {
        let PolicyTerms { deductible, limit, .. } = self.policies[market];
        let top = deductible + limit;
        if top.is_finite() { top } else { self.exposures[market] }
    }

    /// Most that the pool can owe; exposures in place of unlimited policies.
    pub(crate) fn owed_top(&self) -> f64 {
        let most = |(policy, exposure): (&PolicyTerms, &f64)| {
            let limit = if policy.limit.is_finite() { policy.limit } else { *exposure };
            limit * (1.0 - policy.coinsurance)
        };
        self.policies.iter().zip(&self.exposures).map(most).sum()
    }

    pub(crate) fn check(&self) -> Result<(), LossError> {
        let markets = self.markets();
        for (name, value) in [
            ("horizons", self.horizons),
            ("markets", markets),
            ("histogram steps", self.grid_steps),
            ("planned paths", usize::try_from(self.planned_paths).unwrap_or(usize::MAX)),
        ] {
            if value == 0 {
                return Err(LossError::None(name));
            }
        }
        if self.replicates > REPLICATES_MAX {
            return Err(LossError::Replicates { found: self.replicates, most: REPLICATES_MAX });
        }
        if self.policies.len() != markets {
            return Err(TermsError::Policies { policies: self.policies.len(), markets }.into());
        }
        for &exposure in &self.exposures {
            if !(exposure >= 0.0 && exposure.is_finite()) {
                return Err(TermsError::Amount { name: "exposure", value: exposure }.into());
            }
        }
        if self.smallest_claim.is_nan() {
            return Err(TermsError::Amount { name: "smallest claim", value: self.smallest_claim }.into());
        }
        for level in [self.shortfall_level, self.at_risk_level] {
            if !(level > 0.0 && level < 1.0) {
                return Err(super::StatisticsError::Level(level).into());
            }
        }
        Ok(())
    }
}

/// Why path losses cannot be gathered. After an error of [`super::LossAccumulator::add`] or
/// [`super::LossAccumulator::merge`] the accumulator is of no further use.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LossError {
    /// More replicates than can be gathered.
    #[error("{found} replicates, at most {most}")]
    Replicates {
        /// Asked for.
        found: u32,
        /// Most.
        most: u32,
    },
    /// There is none of something.
    #[error("no {0}")]
    None(&'static str),
    /// Policies or layers make no sense, or a gross loss is negative, not a number or too large.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// A level is out of range, or no path was added.
    #[error(transparent)]
    Statistics(#[from] super::StatisticsError),
    /// A row has the wrong length.
    #[error("path {path}: {found} losses, expected {expected}")]
    Row {
        /// Number of the path.
        path: u64,
        /// Losses found.
        found: usize,
        /// Horizons times markets.
        expected: usize,
    },
    /// A weight is negative, not a number or too large.
    #[error("path {path}: weight {weight} is not between 0 and {WEIGHT_MAX}")]
    Weight {
        /// Number of the path.
        path: u64,
        /// Its weight.
        weight: f64,
    },
    /// A loss is negative, infinite or not a number.
    #[error("path {path}, horizon {horizon}, market {market}: loss {loss} is not finite and non-negative")]
    Loss {
        /// Number of the path.
        path: u64,
        /// Index of the horizon.
        horizon: usize,
        /// Index of the market.
        market: usize,
        /// The loss.
        loss: f64,
    },
    /// More paths than were planned.
    #[error("{paths} paths are more than the {planned} planned")]
    Paths {
        /// Paths after adding.
        paths: u64,
        /// Paths planned.
        planned: u64,
    },
    /// Losses are too large for the exposure given, or too many.
    #[error("losses are too large for the exposure: {0}")]
    Overflow(#[from] SumOverflow),
    /// Two accumulators gather different things.
    #[error("accumulators of different markets, policies, layers, levels or numbers of paths")]
    Different,
}
