//! How bad an event is: the share of the exposure that is lost, beta or generalised Pareto, and the severity
//! `min(exposure, cap) x damage ratio`.
//!
//! Fits: beta by moments or maximum likelihood; generalised Pareto by maximum likelihood
//! ([`GeneralisedPareto::fit`]) or probability-weighted moments (Hosking and Wallis, Technometrics 29, 1987, with
//! plotting positions `(i - 0.35)/n`); losses over a threshold as in McNeil, Frey, Embrechts, Quantitative Risk
//! Management, 5.2.

use super::error::{PerilError, positive};
use crate::aggregate::{Claim, Severity};
use crate::math::pareto::GeneralisedPareto;

/// Distribution of the share of the exposure that an event destroys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DamageRatio {
    /// Beta.
    Beta {
        /// First parameter.
        a: f64,
        /// Second parameter.
        b: f64,
    },
    /// Generalised Pareto, cut at the whole exposure.
    Pareto(GeneralisedPareto),
}

impl DamageRatio {
    /// Beta distribution with the mean and the variance of the ratios.
    ///
    /// # Errors
    /// Fewer than two ratios, all equal, or one outside [0, 1].
    pub fn beta_by_moments(ratios: &[f64]) -> Result<Self, PerilError> {
        check_ratios(ratios)?;
        let n = ratios.len() as f64;
        let mean = ratios.iter().sum::<f64>() / n;
        let variance = ratios.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        let total = mean * (1.0 - mean) / variance - 1.0;
        // Equal ratios have no spread, zeros and ones alone have all there can be: neither is a beta.
        if variance.is_nan() || variance <= 0.0 || total.is_nan() || total <= 1e-9 {
            return Err(PerilError::Sample { what: "a beta distribution", count: ratios.len() });
        }
        Ok(Self::Beta { a: mean * total, b: (1.0 - mean) * total })
    }

    /// Beta distribution of greatest likelihood, by Newton's method on `psi(a) - psi(a+b) = mean ln x` and
    /// `psi(b) - psi(a+b) = mean ln(1-x)` from the fit by moments.
    ///
    /// # Errors
    /// As for [`DamageRatio::beta_by_moments`]; a ratio of 0 or 1, where the likelihood has no maximum.
    pub fn beta_by_likelihood(ratios: &[f64]) -> Result<Self, PerilError> {
        let Self::Beta { mut a, mut b } = Self::beta_by_moments(ratios)? else {
            return Err(PerilError::Sample { what: "a beta distribution", count: ratios.len() });
        };
        if let Some(value) = ratios.iter().find(|x| **x <= 0.0 || **x >= 1.0) {
            return Err(PerilError::Parameter { name: "damage ratio", value: *value });
        }
        let n = ratios.len() as f64;
        let log = ratios.iter().map(|x| libm::log(*x)).sum::<f64>() / n;
        let log_rest = ratios.iter().map(|x| libm::log1p(-x)).sum::<f64>() / n;
        for _ in 0..200 {
            let (both, slope) = (digamma(a + b), trigamma(a + b));
            let (f, g) = (digamma(a) - both - log, digamma(b) - both - log_rest);
            let (fa, gb) = (trigamma(a) - slope, trigamma(b) - slope);
            let determinant = fa * gb - slope * slope;
            let (step_a, step_b) = ((f * gb + g * slope) / determinant, (g * fa + f * slope) / determinant);
            // Half way to zero at most, so that the parameters stay positive.
            let next = (
                if step_a < a { a - step_a } else { 0.5 * a },
                if step_b < b { b - step_b } else { 0.5 * b },
            );
            let moved = ((next.0 - a) / a).abs().max(((next.1 - b) / b).abs());
            (a, b) = next;
            if moved < 1e-14 {
                break;
            }
        }
        if a.is_finite() && b.is_finite() {
            Ok(Self::Beta { a, b })
        } else {
            Err(PerilError::Sample { what: "a beta distribution", count: ratios.len() })
        }
    }

    /// Generalised Pareto distribution of greatest likelihood.
    ///
    /// # Errors
    /// Fewer than two ratios, none above 0, or one outside [0, 1].
    pub fn pareto_by_likelihood(ratios: &[f64]) -> Result<Self, PerilError> {
        check_ratios(ratios)?;
        let fit = GeneralisedPareto::fit(ratios);
        fit.map(Self::Pareto).ok_or(PerilError::Sample { what: "a Pareto distribution", count: ratios.len() })
    }

    /// Expected damage ratio.
    ///
    /// # Errors
    /// Parameters out of range.
    pub fn mean(&self) -> Result<f64, PerilError> {
        Ok(self.claim(1.0, 1.0)?.moments().0)
    }

    /// The claim of an event: `min(exposure, cap)` times the ratio.
    ///
    /// # Errors
    /// An exposure that is not positive and finite, a cap that is not positive; parameters out of range.
    pub fn claim(&self, exposure: f64, cap: f64) -> Result<Claim, PerilError> {
        // A cap that is no number must not pass for none, as it would in a minimum.
        if cap.is_nan() || cap <= 0.0 {
            return Err(PerilError::Parameter { name: "cap", value: cap });
        }
        let scale = positive("exposure", exposure)?.min(cap);
        Ok(match *self {
            Self::Beta { a, b } => Claim::ground_up(Severity::Beta { a, b, scale })?,
            Self::Pareto(GeneralisedPareto { shape, scale: unit }) => {
                let pareto = GeneralisedPareto { shape, scale: unit * scale };
                Claim::layer(Severity::Excess(pareto), scale, 0.0)?
            }
        })
    }
}

fn check_ratios(ratios: &[f64]) -> Result<(), PerilError> {
    if let Some(value) = ratios.iter().find(|x| !(0.0..=1.0).contains(*x)) {
        return Err(PerilError::Parameter { name: "damage ratio", value: *value });
    }
    if ratios.len() < 2 {
        return Err(PerilError::Sample { what: "a damage ratio", count: ratios.len() });
    }
    Ok(())
}

/// Generalised Pareto distribution of excesses by probability-weighted moments.
///
/// # Errors
/// Fewer than two excesses, one that is negative or not finite, or moments that no such distribution has.
pub fn pareto_by_weighted_moments(excesses: &[f64]) -> Result<GeneralisedPareto, PerilError> {
    let mut sorted = excesses.to_vec();
    sorted.sort_by(f64::total_cmp);
    if let Some(value) = sorted.iter().find(|x| !(**x >= 0.0 && x.is_finite())) {
        return Err(PerilError::Parameter { name: "excess", value: *value });
    }
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let weighted = |(i, x): (usize, &f64)| x * (1.0 - (i as f64 + 0.65) / n);
    let tail = sorted.iter().enumerate().map(weighted).sum::<f64>() / n;
    let gap = mean - 2.0 * tail;
    if sorted.len() < 2 || gap.is_nan() || gap <= 0.0 {
        return Err(PerilError::Sample { what: "a Pareto distribution", count: sorted.len() });
    }
    Ok(GeneralisedPareto { shape: 2.0 - mean / gap, scale: 2.0 * mean * tail / gap })
}

/// Losses over a threshold among all losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverThreshold {
    /// The threshold.
    pub threshold: f64,
    /// Share of all losses above it, in (0, 1].
    pub share: f64,
    /// Distribution of what is above it.
    pub excess: GeneralisedPareto,
}

impl OverThreshold {
    /// VaR of a loss at a level at which the threshold is exceeded: `u + scale/shape (((1-level)/share)^-shape - 1)`.
    ///
    /// # Errors
    /// A level below `1 - share` or not below 1.
    pub fn value_at_risk(&self, level: f64) -> Result<f64, PerilError> {
        if !(level >= 1.0 - self.share && level < 1.0) {
            return Err(PerilError::Parameter { name: "level", value: level });
        }
        Ok(self.threshold + self.excess.at(-libm::log((1.0 - level) / self.share)))
    }

    /// Expected shortfall: `(VaR + scale - shape u)/(1 - shape)`; infinite from a shape of 1 on.
    ///
    /// # Errors
    /// As for [`OverThreshold::value_at_risk`].
    pub fn expected_shortfall(&self, level: f64) -> Result<f64, PerilError> {
        let quantile = self.value_at_risk(level)?;
        let GeneralisedPareto { shape, scale } = self.excess;
        if shape >= 1.0 {
            return Ok(f64::INFINITY);
        }
        Ok((quantile + scale - shape * self.threshold) / (1.0 - shape))
    }
}

/// Logarithmic derivative of the gamma function, for x > 0: recurrence to 10, then Abramowitz and Stegun 6.3.18.
fn digamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = y
        * (1.0 / 12.0
            - y * (1.0 / 120.0
                - y * (1.0 / 252.0 - y * (1.0 / 240.0 - y * (1.0 / 132.0 - y * 691.0 / 32_760.0)))));
    shift + libm::log(x) - 0.5 / x - series
}

/// Its derivative, Abramowitz and Stegun 6.4.12.
fn trigamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = 1.0 / 6.0
        - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y * (1.0 / 30.0 - y * (5.0 / 66.0 - y * 691.0 / 2_730.0))));
    shift + 1.0 / x + 0.5 * y + y / x * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polygammas() {
        // psi(1) = -gamma, psi(1/2) = -gamma - 2 ln 2; psi'(1) = pi^2/6, psi'(1/2) = pi^2/2.
        let (euler, square) = (0.577_215_664_901_532_9, core::f64::consts::PI * core::f64::consts::PI);
        assert!((digamma(1.0) + euler).abs() < 1e-14);
        assert!((digamma(0.5) + euler + 2.0 * core::f64::consts::LN_2).abs() < 1e-14);
        assert!((trigamma(1.0) - square / 6.0).abs() < 1e-13);
        assert!((trigamma(0.5) - square / 2.0).abs() < 1e-13);
    }
}
