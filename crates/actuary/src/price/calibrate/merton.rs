//! Own jumps under Merton's law: one normal distribution of signed sizes, from the returns beyond the threshold.
//!
//! A return beyond the threshold is a jump plus a row of diffusion, so sizes have the jumps' variance plus that of a
//! row, which is taken off. With [`JumpFloor::AtThreshold`] mean and deviation are the moments of what was seen and the
//! intensity is its rate: the variance of the jumps is kept, but the normal law moves some of them below the
//! threshold and thins both tails. With [`JumpFloor::AtZero`] the sizes are a normal sample seen only beyond the
//! threshold on either side: mean and deviation by maximum likelihood, errors by the inverse of the observed information,
//! and the intensity is extended by the probability of being seen.

use super::{Estimate, JumpFloor};
use crate::math::{minimise, normal};
use crate::price::jumps::MertonJumps;

/// How the sizes were fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MertonMethod {
    /// Moments of the jumps seen.
    Moments,
    /// Likelihood of sizes seen only beyond the threshold.
    TruncatedLikelihood,
}

/// Merton jumps of one asset as fitted, in the calm state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MertonFit {
    /// Jumps a year.
    pub intensity: Estimate,
    /// Mean of a jump of the log price.
    pub mean: Estimate,
    /// Standard deviation of a jump.
    pub deviation: Estimate,
    /// How the sizes were fitted.
    pub method: MertonMethod,
}

impl MertonFit {
    /// The parameters of the model.
    #[must_use]
    pub fn parameters(&self) -> MertonJumps {
        MertonJumps {
            intensity: self.intensity.value,
            mean: self.mean.value,
            deviation: self.deviation.value,
        }
    }
}

/// Fewest jumps for the likelihood.
const LIKELIHOOD_MIN: usize = 10;

/// Share of the jumps that must be seen for the likelihood's extrapolation to be used.
const SEEN_MIN: f64 = 0.1;

/// Fits the sizes (signed) beyond `threshold` seen in `years` of calm-equivalent time; `noise`: variance of a row's
/// diffusion.
pub(super) fn fit(jumps: &[f64], threshold: f64, years: f64, noise: f64, floor: JumpFloor) -> MertonFit {
    let moments = moments(jumps, threshold, years, noise);
    if floor == JumpFloor::AtThreshold || jumps.len() < LIKELIHOOD_MIN {
        return moments;
    }
    likelihood(jumps, threshold, years, noise).unwrap_or(moments)
}

fn moments(jumps: &[f64], threshold: f64, years: f64, noise: f64) -> MertonFit {
    let intensity = Estimate::rate(jumps.len(), years);
    let none = |value| Estimate { value, standard_error: f64::INFINITY };
    let n = jumps.len() as f64;
    if jumps.len() < 2 {
        let mean = jumps.first().copied().unwrap_or(0.0);
        let method = MertonMethod::Moments;
        return MertonFit { intensity, mean: none(mean), deviation: none(threshold), method };
    }
    let mean = jumps.iter().sum::<f64>() / n;
    let square = jumps.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let fourth = jumps.iter().map(|x| (x - mean).powi(4)).sum::<f64>() / n;
    let deviation = (square - noise).max(0.0).sqrt();
    let variance_error = ((fourth - square * square).max(0.0) / n).sqrt();
    let deviation_error =
        if deviation > 0.0 { variance_error / (2.0 * deviation) } else { variance_error.sqrt() };
    MertonFit {
        intensity,
        mean: Estimate { value: mean, standard_error: (square / n).sqrt() },
        deviation: Estimate { value: deviation, standard_error: deviation_error },
        method: MertonMethod::Moments,
    }
}

/// Probability that a normal size lies beyond the threshold on either side.
fn seen(mean: f64, spread: f64, threshold: f64) -> f64 {
    normal::cdf((-threshold - mean) / spread) + normal::cdf((mean - threshold) / spread)
}

/// Maximum likelihood of the truncated sample; `None` where it has no maximum inside, or hardly any jump is seen.
fn likelihood(jumps: &[f64], threshold: f64, years: f64, noise: f64) -> Option<MertonFit> {
    let n = jumps.len() as f64;
    let first = jumps.iter().sum::<f64>() / n;
    let second = jumps.iter().map(|x| (x - first) * (x - first)).sum::<f64>() / n;
    // Mean and log of the spread, the row's diffusion included; the constant of the density left out.
    let objective = |free: &[f64]| {
        let (mean, spread) = (free[0], libm::exp(free[1]));
        let squares: f64 = jumps.iter().map(|x| (x - mean) * (x - mean)).sum();
        0.5 * squares / (spread * spread) + n * (free[1] + libm::log(seen(mean, spread, threshold)))
    };
    let found = minimise::minimise(&objective, &[first, 0.5 * libm::log(second)], 0.2 * second.sqrt());
    let (mean, spread) = (found.at[0], libm::exp(found.at[1]));
    let probability = seen(mean, spread, threshold);
    let variance = spread * spread - noise;
    if !found.converged || probability < SEEN_MIN || variance <= 0.0 {
        return None;
    }
    let step = [1e-4 * spread, 1e-4];
    let at = |i: f64, j: f64| objective(&[found.at[0] + i * step[0], found.at[1] + j * step[1]]);
    let middle = at(0.0, 0.0);
    let mixed = (at(1.0, 1.0) - at(1.0, -1.0) - at(-1.0, 1.0) + at(-1.0, -1.0)) / (4.0 * step[0] * step[1]);
    let information = [
        (at(1.0, 0.0) - 2.0 * middle + at(-1.0, 0.0)) / (step[0] * step[0]),
        mixed,
        mixed,
        (at(0.0, 1.0) - 2.0 * middle + at(0.0, -1.0)) / (step[1] * step[1]),
    ];
    let covariance = minimise::inverse_positive(&information, 2)?;
    // The number seen is Poisson, and the probability of being seen has the errors of the sizes.
    let slope = [(1.0, 0.0), (0.0, 1.0)].map(|(i, j)| {
        let log = |side: f64| {
            let mean = mean + side * i * step[0];
            libm::log(seen(mean, spread * libm::exp(side * j * step[1]), threshold))
        };
        (log(1.0) - log(-1.0)) / (2.0 * (i * step[0] + j * step[1]))
    });
    let of_probability = slope[0] * slope[0] * covariance[0]
        + 2.0 * slope[0] * slope[1] * covariance[1]
        + slope[1] * slope[1] * covariance[3];
    let intensity = n / years / probability;
    let deviation = variance.sqrt();
    Some(MertonFit {
        intensity: Estimate {
            value: intensity,
            standard_error: intensity * (1.0 / n + of_probability).sqrt(),
        },
        mean: Estimate { value: mean, standard_error: covariance[0].sqrt() },
        deviation: Estimate {
            value: deviation,
            standard_error: covariance[3].sqrt() * spread * spread / deviation,
        },
        method: MertonMethod::TruncatedLikelihood,
    })
}

/// Variance a year of the jumps that stay below the threshold and therefore sit in the diffusion's returns: only where
/// the likelihood has extended the law below it.
pub(super) fn hidden_variance(fit: &MertonFit, threshold: f64) -> f64 {
    let (mean, deviation) = (fit.mean.value, fit.deviation.value);
    if fit.method == MertonMethod::Moments || deviation <= 0.0 {
        return 0.0;
    }
    // E[J^2; |J| < threshold], by parts.
    let (a, b) = ((-threshold - mean) / deviation, (threshold - mean) / deviation);
    let inside = normal::cdf(b) - normal::cdf(a);
    let first = normal::pdf(a) - normal::pdf(b);
    let second = a * normal::pdf(a) - b * normal::pdf(b);
    let square = (mean * mean + deviation * deviation) * inside
        + 2.0 * mean * deviation * first
        + deviation * deviation * second;
    fit.intensity.value * square.max(0.0)
}
