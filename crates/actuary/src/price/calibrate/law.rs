//! The law of an asset's own moves, and how well each of the three describes the returns that were seen.
//!
//! Compared are the rows outside common crashes, standardised to the calm state, under each law as fitted: at most one
//! own jump a row, at the intensity of the row's state. The figures are in-sample. The laws differ in the tail, where
//! losses come from: the tail ratio says how many of the worst falls a law would have led to expect.

use core::f64::consts::FRAC_1_SQRT_2;

use super::own::JumpFit;
use super::{Estimate, MertonFit};
use crate::math::normal;

/// The law of an asset's own moves. Common crashes and the stress state come on top of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Law {
    /// No jumps of its own: what would be jumps widens the diffusion. For validation.
    Brownian,
    /// Normal jumps (Merton 1976).
    Merton,
    /// Double-exponential jumps (Kou 2002).
    #[default]
    Kou,
}

/// How well a law describes one asset's returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LawFit {
    /// The law.
    pub law: Law,
    /// Parameters fitted.
    pub parameters: usize,
    /// Log-likelihood of the returns at the fitted parameters (which are not its maximum: jumps are told by a threshold).
    pub log_likelihood: f64,
    /// Akaike's criterion, 2 parameters - 2 log-likelihood: the lowest fits best.
    pub aic: f64,
    /// Falls beyond [`LawComparison::tail_size`] that the law expects, over those seen: 1 is right, below 1 the law
    /// understates the tail.
    pub tail_ratio: f64,
}

/// The three laws side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LawComparison {
    /// Returns compared.
    pub returns: usize,
    /// Falls in the tail.
    pub tail_count: usize,
    /// Log size (calm state) that these falls exceed.
    pub tail_size: f64,
    /// Brownian, Merton, Kou.
    pub laws: [LawFit; 3],
}

/// Falls in the tail: the worst ten, or one in ten thousand rows where that is more.
const TAIL_MIN: usize = 10;

/// What a comparison needs of one asset.
pub(super) struct Fitted<'a> {
    /// Volatility a year that includes own jumps.
    pub brownian: Estimate,
    /// Volatility a year of the diffusion beside Merton's jumps, and beside Kou's.
    pub volatility: [f64; 2],
    pub merton: &'a MertonFit,
    pub kou: &'a JumpFit,
    pub per_year: f64,
}

/// Compares the laws on `rows`: returns with the multiplier of the jumps' intensity in each.
pub(super) fn compare(rows: &[(f64, f64)], fitted: &Fitted) -> LawComparison {
    let mut falls: Vec<f64> = rows.iter().map(|(x, _)| -x).collect();
    falls.sort_by(|a, b| b.total_cmp(a));
    let tail_count = TAIL_MIN.max(rows.len() / 10_000).min(falls.len().saturating_sub(1));
    let fall = |rank: usize| falls.get(rank).copied().unwrap_or(0.0);
    let tail_size = 0.5 * (fall(tail_count.saturating_sub(1)) + fall(tail_count));
    let jumps = |intensity: f64, weight: f64| -libm::expm1(-intensity * weight / fitted.per_year);
    let root = fitted.per_year.sqrt();
    let whole = (fitted.brownian.value / root).max(1e-9);
    let (merton, kou) = (fitted.merton.parameters(), fitted.kou.parameters());
    // Kept above 0: hidden jumps can take up the whole variance.
    let [beside_merton, beside_kou] = fitted.volatility.map(|volatility| (volatility / root).max(1e-9));
    let wide = libm::hypot(merton.deviation, beside_merton);
    let laws = [
        law(
            Law::Brownian,
            1,
            rows,
            tail_count,
            |x, _| log_normal_density(x, 0.0, whole),
            |_| normal::cdf(-tail_size / whole),
        ),
        law(
            Law::Merton,
            4,
            rows,
            tail_count,
            |x, weight| {
                let p = jumps(merton.intensity, weight);
                let density = (1.0 - p) * libm::exp(log_normal_density(x, 0.0, beside_merton))
                    + p * libm::exp(log_normal_density(x, merton.mean, wide));
                libm::log(density.max(f64::MIN_POSITIVE))
            },
            |weight| {
                let p = jumps(merton.intensity, weight);
                (1.0 - p) * normal::cdf(-tail_size / beside_merton)
                    + p * normal::cdf((-tail_size - merton.mean) / wide)
            },
        ),
        law(
            Law::Kou,
            5,
            rows,
            tail_count,
            |x, weight| {
                let p = jumps(kou.intensity, weight);
                let jump = kou.up_probability * shifted(x - kou.up_floor, kou.up_rate, beside_kou)
                    + (1.0 - kou.up_probability) * shifted(-x - kou.down_floor, kou.down_rate, beside_kou);
                let density = (1.0 - p) * libm::exp(log_normal_density(x, 0.0, beside_kou)) + p * jump;
                libm::log(density.max(f64::MIN_POSITIVE))
            },
            |weight| {
                let p = jumps(kou.intensity, weight);
                let (up, down) = (kou.up_probability, 1.0 - kou.up_probability);
                let beyond = down * exceeds(tail_size - kou.down_floor, kou.down_rate, beside_kou)
                    + up * (1.0 - exceeds(-tail_size - kou.up_floor, kou.up_rate, beside_kou));
                (1.0 - p) * normal::cdf(-tail_size / beside_kou) + p * beyond
            },
        ),
    ];
    LawComparison { returns: rows.len(), tail_count, tail_size, laws }
}

/// Sums log density and tail probability over the rows.
fn law(
    law: Law,
    parameters: usize,
    rows: &[(f64, f64)],
    tail_count: usize,
    log_density: impl Fn(f64, f64) -> f64,
    tail: impl Fn(f64) -> f64,
) -> LawFit {
    let (mut log_likelihood, mut expected) = (0.0, 0.0);
    // Weights come in runs: the tail is worked out where they change.
    let mut last: Option<(f64, f64)> = None;
    for (x, weight) in rows {
        log_likelihood += log_density(*x, *weight);
        let probability = match last {
            Some((known, probability)) if known.to_bits() == weight.to_bits() => probability,
            _ => tail(*weight),
        };
        last = Some((*weight, probability));
        expected += probability;
    }
    let aic = 2.0 * parameters as f64 - 2.0 * log_likelihood;
    LawFit { law, parameters, log_likelihood, aic, tail_ratio: expected / tail_count as f64 }
}

fn log_normal_density(x: f64, mean: f64, deviation: f64) -> f64 {
    const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_7;
    let z = (x - mean) / deviation;
    -HALF_LOG_TAU - libm::log(deviation) - 0.5 * z * z
}

/// Density at `x` of an exponential of this rate plus a normal of this deviation.
fn shifted(x: f64, rate: f64, deviation: f64) -> f64 {
    let z = x / deviation - rate * deviation;
    if z < -30.0 {
        // Below e^-450 relative to the exponential.
        return 0.0;
    }
    rate * libm::exp(rate * (0.5 * rate * deviation * deviation - x)) * cdf(z)
}

/// Probability that such a sum exceeds `x`.
fn exceeds(x: f64, rate: f64, deviation: f64) -> f64 {
    cdf(-x / deviation) + shifted(x, rate, deviation) / rate
}

/// The normal distribution, accurate in relative terms far below zero.
fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The convolution in closed form against the sum over the exponential, and the tail against the density.
    #[test]
    fn exponential_plus_normal() {
        for (rate, deviation) in [(20.0, 0.01), (50.0, 0.02), (5.0, 0.1)] {
            let cells = 40_000;
            let width = 40.0 / rate / f64::from(cells);
            for x in [-0.05, 0.0, 0.03, 0.2] {
                let point = |k| width * (f64::from(k) + 0.5);
                let sum: f64 = (0..cells)
                    .map(|k| {
                        let y: f64 = point(k);
                        rate * libm::exp(-rate * y) * libm::exp(log_normal_density(x - y, 0.0, deviation))
                    })
                    .sum();
                assert!((sum * width - shifted(x, rate, deviation)).abs() < 1e-5 * rate);
                let above: f64 = (0..cells).map(|k| shifted(x + point(k), rate, deviation)).sum();
                assert!((above * width - exceeds(x, rate, deviation)).abs() < 1e-5, "{x} {rate}");
            }
        }
    }
}
