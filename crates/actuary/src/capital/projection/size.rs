//! How large a pool must be, and whether it is viable.

use super::loss::AnnualLoss;
use super::plan::{PoolPlan, ProjectionError};
use super::summary::Projection;
use crate::math::Estimate;

/// Halvings of the interval in which the capital lies.
const HALVINGS: usize = 40;

/// The smallest capital that is enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizedPool {
    /// Capital of the underwriters at the start; the next smaller amount seen was not enough.
    pub capital: Estimate,
    /// Probability of ruin with it.
    pub ruin: Estimate,
}

/// Whether a pool is viable: seldom enough ruined, and worth its underwriters' while.
#[derive(Clone, Debug, PartialEq)]
pub struct Viability {
    /// The pool's years as planned.
    pub projection: Projection,
    /// Most ruin that is accepted over all years.
    pub ruin_accepted: f64,
    /// True where ruin is at most what is accepted.
    pub solvent: bool,
    /// True where the underwriters' mean return is at least the target of the plan's entries.
    pub worthwhile: bool,
    /// Smallest capital at the start with which ruin is accepted; none where no capital up to a thousand times the
    /// worst year is enough.
    pub needed: Option<SizedPool>,
}

impl Viability {
    /// Solvent and worthwhile.
    #[must_use]
    pub fn viable(&self) -> bool {
        self.solvent && self.worthwhile
    }
}

impl PoolPlan {
    /// The smallest capital at the start with which the probability of ruin over all years is at most `accepted`,
    /// by bisection on the same losses; its error is that of the paths, read from the capitals at which the
    /// probability is one standard error to either side. None where a thousand times the worst year is not enough.
    ///
    /// # Errors
    /// As for [`PoolPlan::project`]; a probability outside (0, 1).
    pub fn smallest_capital(
        &self,
        losses: &AnnualLoss,
        accepted: f64,
    ) -> Result<Option<SizedPool>, ProjectionError> {
        self.check()?;
        if !(accepted > 0.0 && accepted < 1.0) {
            return Err(ProjectionError::Parameter { name: "accepted ruin", value: accepted });
        }
        let paths = self.paths as f64;
        let spread = (accepted * (1.0 - accepted) / paths).sqrt();
        let Some(capital) = self.first_capital(losses, accepted) else {
            return Ok(None);
        };
        let (more, less) = (accepted + spread, accepted - spread);
        let low = self.first_capital(losses, more).unwrap_or(capital);
        let high = if less > 0.0 { self.first_capital(losses, less) } else { None };
        // Without a bound above, the lower side stands for both.
        let half = high.map_or(capital - low, |high| 0.5 * (high - low));
        let value = self.ruin_at(losses, capital);
        let ruin = Estimate { value, standard_error: (value * (1.0 - value) / paths).sqrt() };
        Ok(Some(SizedPool { capital: Estimate { value: capital, standard_error: half }, ruin }))
    }

    fn ruin_at(&self, losses: &AnnualLoss, capital: f64) -> f64 {
        Self { capital, ..*self }.ruin_counts(losses) as f64 / self.paths as f64
    }

    fn first_capital(&self, losses: &AnnualLoss, accepted: f64) -> Option<f64> {
        let enough = |capital: f64| self.ruin_at(losses, capital) <= accepted;
        if enough(0.0) {
            return Some(0.0);
        }
        let worst = losses.at(1.0 - 1e-16).max(self.required).max(self.premium);
        let mut high = worst;
        while !enough(high) {
            if high >= 1e3 * worst || high <= 0.0 {
                return None;
            }
            high *= 2.0;
        }
        let mut low = if high > worst { 0.5 * high } else { 0.0 };
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if high - low <= 1e-4 * high {
                break;
            }
            if enough(middle) { high = middle } else { low = middle }
        }
        Some(high)
    }

    /// Projects the pool and answers whether it is viable and how large it must be. The target return is that of
    /// the plan's entries.
    ///
    /// # Errors
    /// As for [`PoolPlan::smallest_capital`].
    pub fn viability(&self, losses: &AnnualLoss, ruin_accepted: f64) -> Result<Viability, ProjectionError> {
        let needed = self.smallest_capital(losses, ruin_accepted)?;
        let projection = self.project(losses)?;
        let solvent = projection.ruin().value <= ruin_accepted;
        let worthwhile = projection.earned().value >= self.entries.target_return;
        Ok(Viability { projection, ruin_accepted, solvent, worthwhile, needed })
    }
}
