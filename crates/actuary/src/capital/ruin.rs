//! Ruin: how long a fund lasts, and how large a static one should be.
//!
//! Continuous time (Cramer and Lundberg): claims arrive as a Poisson process, premium flows at `1 + loading` times
//! the expected claims. `psi(0) = 1/(1 + loading)` for any severity; for other capitals the Pollaczek-Khinchine
//! formula makes the worst shortfall a geometric number of ladder steps with survival `S(x)/mean`, calculated here on
//! a grid (Asmussen and Albrecher, Ruin Probabilities, 2010, IV). Discrete time: a fund with premium, interest
//! and simulated losses, period by period. Units: those of the losses.

use rayon::prelude::*;

use crate::aggregate::{AggregateError, Frequency, Grid, Severity, Transform, TransformTerms};
use crate::loss::statistics::{StatisticsError, Tail, sorted};
use crate::math::Estimate;
use crate::random::Stream;

/// Factor of the streams that draw a fund's periods.
pub const FUND_FACTOR: u32 = 0x4655_4E44;

/// Why ruin cannot be calculated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RuinError {
    /// A parameter is out of range.
    #[error("{name} {value} is out of range")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The losses make no distribution.
    #[error(transparent)]
    Losses(#[from] StatisticsError),
    /// The distribution cannot be calculated.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
}

fn in_range(name: &'static str, value: f64, sound: bool) -> Result<(), RuinError> {
    if sound && value.is_finite() { Ok(()) } else { Err(RuinError::Parameter { name, value }) }
}

/// Ruin probability without capital, for any severity: `1/(1 + loading)`.
///
/// # Errors
/// A loading that is negative or not finite.
pub fn without_capital(loading: f64) -> Result<f64, RuinError> {
    in_range("loading", loading, loading >= 0.0)?;
    Ok(1.0 / (1.0 + loading))
}

/// Ruin probability with exponential claims: `e^(-loading u / (mean (1 + loading))) / (1 + loading)`.
///
/// # Errors
/// A capital or loading that is negative, a mean that is not positive.
pub fn exponential_claims(capital: f64, mean_claim: f64, loading: f64) -> Result<f64, RuinError> {
    in_range("capital", capital, capital >= 0.0)?;
    in_range("mean claim", mean_claim, mean_claim > 0.0)?;
    let start = without_capital(loading)?;
    Ok(start * libm::exp(-loading * start * capital / mean_claim))
}

/// Ruin probabilities with capital 0, bucket, 2 bucket, ... for any severity with a mean, by Pollaczek and
/// Khinchine. The error falls with the square of the bucket.
///
/// # Errors
/// A loading that is not positive; a severity out of range or without mean.
pub fn any_claims(severity: &Severity, loading: f64, grid: Grid) -> Result<Vec<f64>, RuinError> {
    in_range("loading", loading, loading > 0.0)?;
    severity.check()?;
    let mean = severity.mean();
    in_range("mean claim", mean, mean > 0.0)?;
    // Ladder steps have the integrated tail as distribution function; rounded to the nearest point.
    let half = 0.5 * grid.bucket();
    let mut below = 0.0;
    let steps: Vec<f64> = (0..grid.buckets())
        .map(|j| {
            let up_to = severity.limited_mean(grid.point(j) + half) / mean;
            let p = up_to - below;
            below = up_to;
            p.max(0.0)
        })
        .collect();
    // A geometric number of them: negative binomial of size 1 and mean 1/loading.
    let count = Frequency::NegativeBinomial { mean: 1.0 / loading, size: 1.0 };
    let worst = Transform::new(grid.buckets(), TransformTerms::default())?.compound(&count, &steps)?;
    let start = without_capital(loading)?;
    let mut up_to = 0.0;
    let ruin = worst.iter().enumerate().map(|(j, p)| {
        up_to += p;
        // A point's mass lies half above it; at 0 there is an atom and the answer is known.
        if j == 0 { start } else { (1.0 - up_to + 0.5 * p).clamp(0.0, 1.0) }
    });
    Ok(ruin.collect())
}

/// A fund that takes a premium, bears losses and earns interest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fund {
    /// Capital at the start.
    pub capital: f64,
    /// Premium received at the beginning of each period.
    pub premium: f64,
    /// Interest on what the fund holds during a period, as a fraction.
    pub interest: f64,
}

impl Fund {
    /// Probability of ruin by the end of each of `periods` periods: a period's loss is drawn from `losses`
    /// (equally likely), and the fund is ruined where it cannot pay it. The same bits for any number of threads.
    ///
    /// # Errors
    /// A capital or premium that is negative, interest not above -1; no loss or one that is not finite; no path.
    pub fn ruin_probability(
        &self,
        losses: &[f64],
        periods: usize,
        paths: usize,
        seed: u64,
    ) -> Result<Vec<Estimate>, RuinError> {
        in_range("capital", self.capital, self.capital >= 0.0)?;
        in_range("premium", self.premium, self.premium >= 0.0)?;
        in_range("interest", self.interest, self.interest > -1.0)?;
        in_range("paths", paths as f64, paths > 0)?;
        if losses.is_empty() {
            return Err(StatisticsError::Empty.into());
        }
        if let Some(index) = losses.iter().position(|x| !x.is_finite()) {
            return Err(StatisticsError::NotFinite { index, value: losses[index] }.into());
        }
        // Whole numbers add up in any order.
        let ruined = (0..paths)
            .into_par_iter()
            .fold(
                || vec![0_u64; periods],
                |mut count, path| {
                    if let Some(period) = self.ruin_period(losses, periods, path as u64, seed) {
                        count[period] += 1;
                    }
                    count
                },
            )
            .reduce(
                || vec![0_u64; periods],
                |mut a, b| {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                    a
                },
            );
        let n = paths as f64;
        let mut sum = 0;
        let estimate = |count: u64| {
            sum += count;
            let value = sum as f64 / n;
            Estimate { value, standard_error: (value * (1.0 - value) / n).sqrt() }
        };
        Ok(ruined.into_iter().map(estimate).collect())
    }

    fn ruin_period(&self, losses: &[f64], periods: usize, path: u64, seed: u64) -> Option<usize> {
        let mut random = Stream::new(seed, path, FUND_FACTOR);
        let mut held = self.capital;
        (0..periods).find(|_| {
            let index = (random.uniform() * losses.len() as f64) as usize;
            held = (held + self.premium) * (1.0 + self.interest) - losses[index.min(losses.len() - 1)];
            held < 0.0
        })
    }
}

/// Optimal size of a static fund that costs `rate` by unit held where a missing unit costs `shortage`: the VaR of
/// the deficit at level `1 - rate/shortage` (Chitra 2025, arXiv 2512.01112). A rate not below the shortage's cost
/// makes any fund too dear: 0.
///
/// # Errors
/// No deficit or one that is not finite; a rate or cost that is not positive.
pub fn optimal_fund(deficits: &[f64], rate: f64, shortage: f64) -> Result<Estimate, RuinError> {
    in_range("rate", rate, rate > 0.0)?;
    in_range("cost of shortage", shortage, shortage > 0.0)?;
    let sorted = sorted(deficits)?;
    if rate >= shortage {
        return Ok(Estimate::exact(0.0));
    }
    Ok(Tail::of_sorted(&sorted, 1.0 - rate / shortage)?.value_at_risk)
}
