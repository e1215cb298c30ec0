//! The distribution of a total on a grid, and what is read from it.
//!
//! The grid holds the probabilities of totals up to its end; what is beyond is known only by its probability and,
//! through the mean, by its expected amount. Stop-loss premiums and shortfalls are those of the claims as they stand
//! on the grid: with rounding, taking the mean before it would put the whole bias of the rounding into the tail. Units: those of the losses.

use super::claim::{Claim, Discretisation, Grid};
use super::error::{AggregateError, probabilities as check_probabilities};
use super::frequency::Frequency;
use super::recursion::{convolution, panjer};
use super::transform::{Transform, TransformTerms};

/// How the compound distribution is calculated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Panjer's recursion.
    Recursion,
    /// Fast Fourier transform.
    Transform(TransformTerms),
    /// Convolution for each number of claims.
    Convolution,
}

/// A distribution of totals.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    grid: Grid,
    probabilities: Vec<f64>,
    /// Probability of a total up to and including each point.
    cumulative: Vec<f64>,
    /// Expected total over the same range.
    partial_mean: Vec<f64>,
    mean: f64,
    deviation: f64,
    /// Expected total of the claims as they stand on the grid.
    discrete_mean: f64,
}

impl Aggregate {
    /// Distribution of the total of claims under a cover. Mean and deviation are those of the claims before they
    /// are put on the grid, `E[N] E[Y]` and `E[N] Var[Y] + Var[N] E[Y]^2`; the deviation may be infinite.
    ///
    /// # Errors
    /// A frequency out of range, or without a recursion where that is the method; a severity without mean.
    pub fn compound(
        frequency: &Frequency,
        claim: &Claim,
        grid: Grid,
        how: Discretisation,
        method: Method,
    ) -> Result<Self, AggregateError> {
        let (first, second) = claim.moments();
        if !first.is_finite() {
            return Err(AggregateError::InfiniteMean);
        }
        frequency.check()?;
        let severity = claim.discretised(&grid, how);
        let probabilities = totals(frequency, &severity, grid, method)?;
        let (mean, deviation) = compound_moments(frequency, first, second);
        let discrete_mean = frequency.mean() * claim.discretised_mean(&severity, &grid, how);
        Ok(Self { discrete_mean, ..Self::assemble(grid, probabilities, mean, deviation) })
    }

    /// Distribution of the total of claims given by their probabilities on the grid.
    ///
    /// # Errors
    /// As for [`Aggregate::compound`]; probabilities that are no distribution.
    pub fn compound_discrete(
        frequency: &Frequency,
        severity: &[f64],
        grid: Grid,
        method: Method,
    ) -> Result<Self, AggregateError> {
        check_probabilities("claim sizes", severity)?;
        let probabilities = totals(frequency, severity, grid, method)?;
        let moment = |power: i32| {
            let amount = |j: usize| if power == 1 { grid.point(j) } else { grid.point(j) * grid.point(j) };
            severity.iter().enumerate().map(|(j, p)| amount(j) * p).sum::<f64>()
        };
        let (mean, deviation) = compound_moments(frequency, moment(1), moment(2));
        Ok(Self::assemble(grid, probabilities, mean, deviation))
    }

    /// Simulated or recorded totals, equally likely, shared between neighbouring points so that their mean is
    /// kept; what lies beyond the grid counts in mean and deviation only.
    ///
    /// # Errors
    /// No loss, or one that is negative or not finite.
    pub fn of_sample(losses: &[f64], grid: Grid) -> Result<Self, AggregateError> {
        if losses.is_empty() {
            return Err(AggregateError::Probabilities { name: "losses", total: 0.0 });
        }
        if let Some(index) = losses.iter().position(|x| !(*x >= 0.0 && x.is_finite())) {
            return Err(AggregateError::Loss { index, value: losses[index] });
        }
        let share = 1.0 / losses.len() as f64;
        let mut probabilities = vec![0.0; grid.buckets()];
        let last = (grid.buckets() - 1) as f64;
        for loss in losses {
            let position = loss / grid.bucket();
            if position <= last {
                let low = libm::floor(position);
                let upper = position - low;
                probabilities[low as usize] += share * (1.0 - upper);
                if upper > 0.0 {
                    probabilities[low as usize + 1] += share * upper;
                }
            }
        }
        let mean = losses.iter().map(|x| x * share).sum::<f64>();
        let variance = losses.iter().map(|x| (x - mean) * (x - mean) * share).sum::<f64>();
        Ok(Self::assemble(grid, probabilities, mean, variance.sqrt()))
    }

    fn assemble(grid: Grid, probabilities: Vec<f64>, mean: f64, deviation: f64) -> Self {
        let (mut cumulative, mut partial_mean) =
            (Vec::with_capacity(probabilities.len()), Vec::with_capacity(probabilities.len()));
        let (mut mass, mut first) = (0.0, 0.0);
        for (index, p) in probabilities.iter().enumerate() {
            mass += p;
            first += p * grid.point(index);
            cumulative.push(mass);
            partial_mean.push(first);
        }
        Self { grid, probabilities, cumulative, partial_mean, mean, deviation, discrete_mean: mean }
    }

    /// The sum of this total and an independent one on the same grid.
    ///
    /// # Errors
    /// Grids with different buckets; terms out of range.
    pub fn convolve(&self, other: &Self, terms: TransformTerms) -> Result<Self, AggregateError> {
        let (expected, found) = (self.grid.bucket(), other.grid.bucket());
        if expected != found {
            return Err(AggregateError::Bucket { found, expected });
        }
        let transform = Transform::new(self.grid.buckets(), terms)?;
        let probabilities = transform.convolve(&self.probabilities, &other.probabilities);
        let deviation = libm::hypot(self.deviation, other.deviation);
        let sum = Self::assemble(self.grid, probabilities, self.mean + other.mean, deviation);
        Ok(Self { discrete_mean: self.discrete_mean + other.discrete_mean, ..sum })
    }

    /// The grid.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Probabilities of the points of the grid.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Expected total.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Standard deviation of the total; may be infinite.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        self.deviation
    }

    /// Probability that the total lies on the grid.
    #[must_use]
    pub fn covered(&self) -> f64 {
        self.cumulative.last().copied().unwrap_or(0.0)
    }

    /// Probability of a total up to and including `amount`.
    #[must_use]
    pub fn distribution(&self, amount: f64) -> f64 {
        before(&self.cumulative, self.grid.points_up_to(amount))
    }

    /// Expected total limited to `amount` (at most the grid's end).
    #[must_use]
    pub fn limited_mean(&self, amount: f64) -> f64 {
        let up_to = self.grid.points_up_to(amount);
        let above = (1.0 - before(&self.cumulative, up_to)).max(0.0);
        before(&self.partial_mean, up_to) + amount.max(0.0) * above
    }

    /// Expected total in excess of `retention`.
    #[must_use]
    pub fn stop_loss(&self, retention: f64) -> f64 {
        (self.discrete_mean - self.limited_mean(retention)).max(0.0)
    }

    /// Expected loss of the layer `limit` in excess of `attachment` of the total.
    #[must_use]
    pub fn layer(&self, limit: f64, attachment: f64) -> f64 {
        (self.limited_mean(attachment + limit) - self.limited_mean(attachment)).max(0.0)
    }

    /// The smallest point of the grid that the total exceeds with probability `1 - level` at most.
    ///
    /// # Errors
    /// A level outside (0, 1), or reached beyond the grid.
    pub fn value_at_risk(&self, level: f64) -> Result<f64, AggregateError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(AggregateError::Parameter { name: "level", value: level });
        }
        let index = self.cumulative.partition_point(|c| *c < level);
        if index == self.cumulative.len() {
            return Err(AggregateError::Beyond { level, covered: self.covered() });
        }
        Ok(self.grid.point(index))
    }

    /// Expected shortfall: `VaR + E[(S - VaR)+] / (1 - level)` (Rockafellar and Uryasev).
    ///
    /// # Errors
    /// As for [`Aggregate::value_at_risk`].
    pub fn expected_shortfall(&self, level: f64) -> Result<f64, AggregateError> {
        let quantile = self.value_at_risk(level)?;
        Ok(quantile + self.stop_loss(quantile) / (1.0 - level))
    }

    /// Points and probabilities for a principle that prices outcomes; the probability beyond the grid is put on
    /// its last point.
    #[must_use]
    pub fn outcomes(&self) -> (Vec<f64>, Vec<f64>) {
        let points = (0..self.probabilities.len()).map(|j| self.grid.point(j)).collect();
        let mut probabilities = self.probabilities.clone();
        if let Some(last) = probabilities.last_mut() {
            *last += (1.0 - self.covered()).max(0.0);
        }
        (points, probabilities)
    }
}

fn totals(
    frequency: &Frequency,
    severity: &[f64],
    grid: Grid,
    method: Method,
) -> Result<Vec<f64>, AggregateError> {
    match method {
        Method::Recursion => panjer(frequency, severity, grid.buckets()),
        Method::Convolution => convolution(frequency, severity, grid.buckets()),
        Method::Transform(terms) => Transform::new(grid.buckets(), terms)?.compound(frequency, severity),
    }
}

fn compound_moments(frequency: &Frequency, first: f64, second: f64) -> (f64, f64) {
    let count = frequency.mean();
    let variance = count * (second - first * first).max(0.0) + frequency.variance() * first * first;
    (count * first, variance.sqrt())
}

fn before(prefix: &[f64], count: usize) -> f64 {
    if count == 0 { 0.0 } else { prefix[count - 1] }
}
