//! Premium principles: what a risk costs beyond its expectation, and each line's natural part of it.
//!
//! ```text
//! distortion          E under distorted probabilities      E_g[E[X_i | X]]
//! Esscher             E[X e^(hX)] / E[e^(hX)]               E[X_i e^(hX)] / E[e^(hX)]
//! standard deviation  E[X] + k sd(X)                        E[X_i] + k Cov(X_i, X) / sd(X)
//! ```
//!
//! (Mildenhall and Major, "Pricing Insurance Risk", Wiley 2022; Esscher: Buhlmann, ASTIN Bulletin 11, 1980.) The
//! parts add up to the price of the total. Units: those of the losses; h is by unit of loss.

use super::distortion::{Distortion, DistortionError, check_outcomes};
use crate::loss::statistics::sum;
use crate::math::quadrature;

/// How a price is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Principle {
    /// Distorted probabilities: constant cost of capital, expected shortfall, proportional hazard, Wang.
    Distortion(Distortion),
    /// Esscher: outcomes weighed by e^(hX).
    Esscher {
        /// h, not negative, by unit of loss.
        h: f64,
    },
    /// A multiple of the standard deviation on top of the expectation.
    StandardDeviation {
        /// The multiple, not negative.
        loading: f64,
    },
}

impl Principle {
    /// Each line's part of the price of the sum of the lines. `lines[i][w]` is line i's loss in state w,
    /// `probabilities[w]` the probability of the state.
    ///
    /// # Errors
    /// A parameter out of range; lines of other lengths than the probabilities; a loss that is not finite;
    /// probabilities that are negative or do not add up to 1.
    pub fn allocate<L: AsRef<[f64]>>(
        &self,
        lines: &[L],
        probabilities: &[f64],
    ) -> Result<Vec<f64>, DistortionError> {
        let (name, value) = match *self {
            Self::Distortion(distortion) => return distortion.natural_allocation(lines, probabilities),
            Self::Esscher { h } => ("h", h),
            Self::StandardDeviation { loading } => ("loading", loading),
        };
        if !(value >= 0.0 && value.is_finite()) {
            return Err(DistortionError::Parameter { name, value });
        }
        check_outcomes(lines, probabilities)?;
        let total = |w: usize| lines.iter().map(|line| line.as_ref()[w]).sum::<f64>();
        let totals: Vec<f64> = (0..probabilities.len()).map(total).collect();
        let expectation = |line: &[f64], weights: &[f64]| sum(line.iter().zip(weights).map(|(x, w)| x * w));
        if let Self::Esscher { h } = *self {
            // Relative to the largest total, so that no weight overflows.
            let largest = totals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> =
                totals.iter().zip(probabilities).map(|(x, p)| p * libm::exp(h * (x - largest))).collect();
            let norm = sum(weights.iter().copied());
            if norm <= 0.0 {
                return Err(DistortionError::Parameter { name, value });
            }
            return Ok(lines.iter().map(|line| expectation(line.as_ref(), &weights) / norm).collect());
        }
        let mean = expectation(&totals, probabilities);
        let variance = sum(totals.iter().zip(probabilities).map(|(x, p)| p * (x - mean) * (x - mean)));
        let deviation = variance.sqrt();
        let part = |line: &L| {
            let line = line.as_ref();
            let own = expectation(line, probabilities);
            if deviation <= 0.0 {
                return own;
            }
            let pairs = line.iter().zip(&totals).zip(probabilities);
            own + value * sum(pairs.map(|((x, total), p)| p * (x - own) * (total - mean))) / deviation
        };
        Ok(lines.iter().map(part).collect())
    }

    /// Price of one line alone.
    ///
    /// # Errors
    /// As for [`Principle::allocate`].
    pub fn price(&self, outcomes: &[f64], probabilities: &[f64]) -> Result<f64, DistortionError> {
        self.allocate(&[outcomes], probabilities).map(|parts| sum(parts.into_iter()))
    }
}

/// Price under a distortion of the layer `limit` in excess of `attachment` of a risk that is above x with
/// probability `survival(x)`: the integral of `g(S(x))` over the layer. The limit may be infinite if the integral
/// is finite.
///
/// # Errors
/// A parameter of the distortion out of range; an attachment or limit that is negative or no number.
pub fn layer_price(
    distortion: &Distortion,
    survival: impl Fn(f64) -> f64,
    limit: f64,
    attachment: f64,
) -> Result<f64, DistortionError> {
    distortion.check()?;
    for (name, value, sound) in [
        ("attachment", attachment, attachment >= 0.0 && attachment.is_finite()),
        ("limit", limit, limit >= 0.0),
    ] {
        if !sound {
            return Err(DistortionError::Parameter { name, value });
        }
    }
    let distorted = |x: f64| distortion.apply(survival(x));
    Ok(if limit.is_finite() {
        quadrature::finite(distorted, attachment, attachment + limit)
    } else {
        quadrature::to_infinity(distorted, attachment)
    })
}
