//! What a cover pays of one claim, and the same on a grid.
//!
//! A claim X under a deductible d and a limit l pays `min(max(X - d, 0), l)`; claims below the deductible count
//! as claims of nothing, so that the frequency stays that of the losses.
//!
//! Discretisation (Klugman, Panjer, Willmot, Loss Models, 9.6.5): by rounding, each grid point holds the
//! probability of half a bucket to either side; by local moment matching, each bucket's probability is shared
//! between its ends so that the limited expected value at every grid point, hence the mean, is exact.

use super::error::AggregateError;
use super::severity::Severity;
use crate::loss::statistics::sum;

/// Most buckets of a grid.
const BUCKETS_MAX: usize = 1 << 24;

/// The points 0, bucket, 2 bucket, ... of a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    bucket: f64,
    buckets: usize,
}

impl Grid {
    /// A grid of 2 to 2^24 points a `bucket` apart.
    ///
    /// # Errors
    /// A bucket that is not positive and finite, or another number of points.
    pub fn new(bucket: f64, buckets: usize) -> Result<Self, AggregateError> {
        let sound = bucket > 0.0 && bucket.is_finite() && (2..=BUCKETS_MAX).contains(&buckets);
        if sound { Ok(Self { bucket, buckets }) } else { Err(AggregateError::Grid { bucket, buckets }) }
    }

    /// Distance between points.
    #[must_use]
    pub fn bucket(&self) -> f64 {
        self.bucket
    }

    /// Number of points.
    #[must_use]
    pub fn buckets(&self) -> usize {
        self.buckets
    }

    /// The point of an index.
    #[must_use]
    pub fn point(&self, index: usize) -> f64 {
        self.bucket * index as f64
    }

    /// Number of points up to and including `amount`; a point missed by a rounding counts.
    #[must_use]
    pub fn points_up_to(&self, amount: f64) -> usize {
        let position = amount / self.bucket * (1.0 + 1e-12);
        if position >= 0.0 { (libm::floor(position) as usize).saturating_add(1).min(self.buckets) } else { 0 }
    }
}

/// How a severity is put on a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discretisation {
    /// To the nearest point.
    Rounding,
    /// Sharing between neighbours so that the mean is kept.
    LocalMoments,
}

/// A claim under a cover.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    severity: Severity,
    deductible: f64,
    limit: f64,
}

impl Claim {
    /// The whole claim.
    ///
    /// # Errors
    /// A severity with a parameter out of range.
    pub fn ground_up(severity: Severity) -> Result<Self, AggregateError> {
        Self::layer(severity, f64::INFINITY, 0.0)
    }

    /// The layer `limit` in excess of `deductible` of each claim; the limit may be infinite.
    ///
    /// # Errors
    /// A severity, deductible or limit out of range.
    pub fn layer(severity: Severity, limit: f64, deductible: f64) -> Result<Self, AggregateError> {
        severity.check()?;
        if !(deductible >= 0.0 && deductible.is_finite()) {
            return Err(AggregateError::Parameter { name: "deductible", value: deductible });
        }
        if limit.is_nan() || limit <= 0.0 {
            return Err(AggregateError::Parameter { name: "limit", value: limit });
        }
        Ok(Self { severity, deductible, limit })
    }

    /// First and second moment of the payment for one loss, limited to `x`.
    #[must_use]
    pub fn limited_moments(&self, x: f64) -> (f64, f64) {
        let top = self.deductible + self.limit.min(x.max(0.0));
        let (first, second) = self.severity.limited_moments(top);
        if self.deductible == 0.0 {
            return (first, second);
        }
        let (first_below, second_below) = self.severity.limited_moments(self.deductible);
        let layer = first - first_below;
        (layer, second - second_below - 2.0 * self.deductible * layer)
    }

    /// First and second moment of the payment for one loss; may be infinite.
    #[must_use]
    pub fn moments(&self) -> (f64, f64) {
        self.limited_moments(f64::INFINITY)
    }

    /// Probability of a payment above `x`.
    #[must_use]
    pub fn survival(&self, x: f64) -> f64 {
        if x >= self.limit {
            0.0
        } else if x < 0.0 {
            1.0
        } else {
            self.severity.survival(self.deductible + x)
        }
    }

    /// Expected payment after [`Claim::discretised`], payments beyond the grid included as they are. It equals the
    /// expected payment for local moment matching and differs from it by the bias of the rounding otherwise.
    #[must_use]
    pub fn discretised_mean(&self, probabilities: &[f64], grid: &Grid, how: Discretisation) -> f64 {
        let whole = self.moments().0;
        match how {
            Discretisation::LocalMoments => whole,
            Discretisation::Rounding => {
                let end = grid.point(grid.buckets()) - 0.5 * grid.bucket();
                let beyond = whole - self.limited_moments(end).0 + end * self.survival(end);
                let on_grid = probabilities.iter().enumerate().map(|(j, p)| grid.point(j) * p);
                sum(on_grid) + beyond
            }
        }
    }

    /// The payment of rank `uniform` in (0, 1).
    #[must_use]
    pub fn at(&self, uniform: f64) -> f64 {
        (self.severity.at(uniform) - self.deductible).max(0.0).min(self.limit)
    }

    /// Probabilities of the payment on a grid. Payments beyond the grid are left out: they cannot be part of a
    /// total on the grid, so what is calculated there stays right.
    #[must_use]
    pub fn discretised(&self, grid: &Grid, how: Discretisation) -> Vec<f64> {
        let n = grid.buckets();
        let half = 0.5 * grid.bucket();
        match how {
            Discretisation::Rounding => {
                let mut above = 1.0;
                let share = |index: usize| {
                    let next = self.survival(grid.point(index) + half);
                    let p = above - next;
                    above = next;
                    p.max(0.0)
                };
                (0..n).map(share).collect()
            }
            Discretisation::LocalMoments => {
                // Mean survival over the bucket that begins at each point.
                let mut limited = 0.0;
                let mut before = 1.0;
                let share = |index: usize| {
                    let next = self.limited_moments(grid.point(index + 1)).0;
                    let mean_survival = (next - limited) / grid.bucket();
                    limited = next;
                    let p = before - mean_survival;
                    before = mean_survival;
                    p.max(0.0)
                };
                (0..n).map(share).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Empirical;

    #[test]
    fn moment_matching_keeps_the_mean() {
        let claim = Claim::layer(Severity::Exponential { mean: 3.0 }, 7.0, 1.0).unwrap();
        let grid = Grid::new(0.4, 64).unwrap();
        let mean = |p: &[f64]| p.iter().enumerate().map(|(j, p)| grid.point(j) * p).sum::<f64>();
        let exact = claim.moments().0;
        let matched = claim.discretised(&grid, Discretisation::LocalMoments);
        assert!((mean(&matched) - exact).abs() < 1e-13);
        assert!((matched.iter().sum::<f64>() - 1.0).abs() < 1e-13);
        let rounded = claim.discretised(&grid, Discretisation::Rounding);
        assert!((rounded.iter().sum::<f64>() - 1.0).abs() < 1e-13);
        assert!((mean(&rounded) / exact - 1.0).abs() < 0.02 && mean(&rounded) != exact);
    }

    #[test]
    fn a_layer_in_numbers() {
        let amounts = Empirical::of_sample(&[1.0, 4.0, 7.0, 20.0]).unwrap();
        let claim = Claim::layer(Severity::Empirical(amounts), 5.0, 3.0).unwrap();
        // Payments 0, 1, 4, 5.
        let (first, second) = claim.moments();
        assert!((first - 2.5).abs() < 1e-14 && (second - 42.0 / 4.0).abs() < 1e-13);
        assert_eq!([0.2, 0.4, 0.7, 0.9].map(|u| claim.at(u)), [0.0, 1.0, 4.0, 5.0]);
        let p = claim.discretised(&Grid::new(1.0, 8).unwrap(), Discretisation::Rounding);
        assert_eq!(p, [0.25, 0.25, 0.0, 0.0, 0.25, 0.25, 0.0, 0.0]);
    }

    #[test]
    fn refuses_impossible_covers_and_grids() {
        let severity = Severity::Exponential { mean: 1.0 };
        assert!(Claim::layer(severity.clone(), 0.0, 0.0).is_err());
        assert!(Claim::layer(severity.clone(), f64::NAN, 0.0).is_err());
        assert!(Claim::layer(severity, 1.0, -1.0).is_err());
        assert!(Grid::new(0.0, 10).is_err() && Grid::new(1.0, 1).is_err());
        assert!(Grid::new(1.0, (1 << 24) + 1).is_err());
    }
}
