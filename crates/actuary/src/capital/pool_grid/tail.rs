//! Quantile, shortfall, fund size: figures of the total's tail and the markets' parts of them.

use super::GridPool;
use crate::aggregate::AggregateError;
use crate::loss::statistics::sum;
use crate::math::Estimate;

/// Value at risk and expected shortfall of a pool, with their errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridTail {
    /// The level.
    pub level: f64,
    /// The smallest point exceeded with probability `1 - level` at most.
    pub value_at_risk: Estimate,
    /// Mean of the worst `1 - level`.
    pub expected_shortfall: Estimate,
}

impl GridPool {
    /// Index of the value at risk.
    pub(super) fn quantile(&self, survival: &[f64], level: f64) -> Result<usize, AggregateError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(AggregateError::Parameter { name: "level", value: level });
        }
        let index = survival.partition_point(|above| *above > (1.0 - level) * (1.0 + 1e-12));
        if index == survival.len() {
            return Err(AggregateError::Beyond { level, covered: 1.0 - self.beyond });
        }
        Ok(index)
    }

    /// The smallest point exceeded with probability `1 - level` at most.
    ///
    /// # Errors
    /// A level outside (0, 1), or reached beyond the grid.
    pub fn value_at_risk(&self, level: f64) -> Result<f64, AggregateError> {
        self.quantile(&self.survival(), level).map(|index| self.grid.point(index))
    }

    /// Each market's part of the expected shortfall, `E[X_i | S in the worst 1 - level]` (Euler's allocation). They
    /// add up to [`GridPool::expected_shortfall`].
    ///
    /// # Errors
    /// As for [`GridPool::value_at_risk`].
    pub fn shortfall_parts(&self, level: f64) -> Result<Vec<f64>, AggregateError> {
        let survival = self.survival();
        let border = self.quantile(&survival, level)?;
        let rest = (1.0 - level - survival[border]).max(0.0);
        let part = |(part, beyond): (&Vec<f64>, &f64)| {
            let at = if self.mass[border] > 0.0 { part[border] / self.mass[border] } else { 0.0 };
            (sum(part[border + 1..].iter().copied()) + beyond + rest * at) / (1.0 - level)
        };
        Ok(self.parts.iter().zip(&self.beyond_parts).map(part).collect())
    }

    /// Mean of the worst `1 - level` of the totals.
    ///
    /// # Errors
    /// As for [`GridPool::value_at_risk`].
    pub fn expected_shortfall(&self, level: f64) -> Result<f64, AggregateError> {
        let survival = self.survival();
        let border = self.quantile(&survival, level)?;
        let rest = (1.0 - level - survival[border]).max(0.0);
        let worst = (border + 1..self.mass.len()).map(|j| self.mass[j] * self.grid.point(j));
        Ok((sum(worst) + self.beyond_amount() + rest * self.grid.point(border)) / (1.0 - level))
    }

    /// Value at risk and expected shortfall with their standard errors, for a distribution that rests on so many
    /// equally weighted paths (with importance sampling: the effective number of paths in the tail, divided by
    /// `1 - level`). VaR: half the distance between the quantiles one binomial deviation to either side, and the
    /// width of a bucket over the root of twelve. ES: Manistre and Hancock, North American Actuarial Journal 9(2),
    /// 2005, `sqrt((Var(S | tail) + level (ES - VaR)^2) / (n (1 - level)))`.
    ///
    /// # Errors
    /// As for [`GridPool::value_at_risk`]; a number of paths that is not positive.
    pub fn tail(&self, level: f64, paths: f64) -> Result<GridTail, AggregateError> {
        if !(paths > 0.0 && paths.is_finite()) {
            return Err(AggregateError::Parameter { name: "paths", value: paths });
        }
        let survival = self.survival();
        let border = self.quantile(&survival, level)?;
        let at_risk = self.grid.point(border);
        let shortfall = self.expected_shortfall(level)?;
        let spread = (level * (1.0 - level) / paths).sqrt();
        let at = |rank: f64| {
            let index = survival.partition_point(|above| *above > 1.0 - rank);
            self.grid.point(index.min(survival.len() - 1))
        };
        let half = 0.5 * (at(level + spread) - at(level - spread));
        let rest = (1.0 - level - survival[border]).max(0.0);
        let square = |x: f64| (x - shortfall) * (x - shortfall);
        let worst = (border + 1..self.mass.len()).map(|j| self.mass[j] * square(self.grid.point(j)));
        let beyond =
            if self.beyond > 0.0 { self.beyond * square(self.beyond_amount() / self.beyond) } else { 0.0 };
        let variance = (sum(worst) + beyond + rest * square(at_risk)) / (1.0 - level);
        let gap = shortfall - at_risk;
        let error = ((variance + level * gap * gap) / (paths * (1.0 - level))).sqrt();
        Ok(GridTail {
            level,
            value_at_risk: Estimate {
                value: at_risk,
                standard_error: libm::hypot(half, self.grid.bucket() / 12.0_f64.sqrt()),
            },
            expected_shortfall: Estimate { value: shortfall, standard_error: error },
        })
    }

    /// Size of a static fund that costs `rate` by unit held where a missing unit costs `shortage`: VaR at level
    /// `1 - rate/shortage` (Chitra 2025, arXiv 2512.01112), with its error; 0 where any fund is too dear.
    ///
    /// # Errors
    /// A rate or cost that is not positive; otherwise as for [`GridPool::tail`].
    pub fn optimal_fund(&self, rate: f64, shortage: f64, paths: f64) -> Result<Estimate, AggregateError> {
        for (name, value) in [("rate", rate), ("cost of shortage", shortage)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(AggregateError::Parameter { name, value });
            }
        }
        if rate >= shortage {
            return Ok(Estimate::exact(0.0));
        }
        Ok(self.tail(1.0 - rate / shortage, paths)?.value_at_risk)
    }
}
