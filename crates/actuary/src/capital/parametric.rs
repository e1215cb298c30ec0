//! Risk measures in closed form, to check a model against and to price by (McNeil, Frey, Embrechts, Quantitative
//! Risk Management, 2.3), and the Euler allocation of Gaussian lines.

use crate::loss::statistics::StatisticsError;
use crate::math::{incomplete::beta_quantile, normal};

/// A distribution whose VaR and expected shortfall have a formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Parametric {
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Student t, moved and scaled; expected shortfall needs more than one degree of freedom.
    Student {
        /// Degrees of freedom.
        degrees: f64,
        /// Location.
        location: f64,
        /// Scale.
        scale: f64,
    },
}

impl Parametric {
    /// VaR at a level.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn value_at_risk(&self, level: f64) -> Result<f64, StatisticsError> {
        inside(level)?;
        Ok(match *self {
            Self::Normal { mean, deviation } => mean + deviation * normal::inverse_cdf(level),
            Self::Student { degrees, location, scale } => location + scale * student(degrees, level),
        })
    }

    /// Expected shortfall at a level; infinite where the mean is.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn expected_shortfall(&self, level: f64) -> Result<f64, StatisticsError> {
        inside(level)?;
        let rest = 1.0 - level;
        Ok(match *self {
            Self::Normal { mean, deviation } => {
                mean + deviation * normal::pdf(normal::inverse_cdf(level)) / rest
            }
            Self::Student { degrees, .. } if degrees <= 1.0 => f64::INFINITY,
            Self::Student { degrees, location, scale } => {
                let t = student(degrees, level);
                let norm = libm::lgamma(0.5 * (degrees + 1.0)) - libm::lgamma(0.5 * degrees);
                let density = libm::exp(norm - 0.5 * (degrees + 1.0) * libm::log1p(t * t / degrees))
                    / (degrees * core::f64::consts::PI).sqrt();
                location + scale * density / rest * (degrees + t * t) / (degrees - 1.0)
            }
        })
    }
}

/// Quantile of Student's t: `P(|T| > t) = I(n/(n + t^2); n/2, 1/2)`.
fn student(degrees: f64, level: f64) -> f64 {
    let both_tails = 2.0 * level.min(1.0 - level);
    let y = beta_quantile(0.5 * degrees, 0.5, both_tails);
    let t = (degrees * ((1.0 - y) / y)).max(0.0).sqrt();
    if level < 0.5 { -t } else { t }
}

/// Expected shortfall of the sum of Gaussian lines of mean 0 and each line's Euler part, `(R s)_i s_i / sd(sum)`
/// times that of the standard normal. `correlations` is row-major.
///
/// # Errors
/// A matrix that does not fit the lines, a figure that is not finite, a level outside (0, 1).
pub fn gaussian_shortfall_allocation(
    deviations: &[f64],
    correlations: &[f64],
    level: f64,
) -> Result<(f64, Vec<f64>), StatisticsError> {
    inside(level)?;
    let n = deviations.len();
    if n == 0 {
        return Err(StatisticsError::Empty);
    }
    if correlations.len() != n * n {
        return Err(StatisticsError::Length { line: 0, length: correlations.len(), expected: n * n });
    }
    if let Some((index, value)) =
        deviations.iter().chain(correlations).copied().enumerate().find(|(_, x)| !x.is_finite())
    {
        return Err(StatisticsError::NotFinite { index, value });
    }
    let covariances: Vec<f64> = (0..n)
        .map(|i| (0..n).map(|j| deviations[i] * deviations[j] * correlations[i * n + j]).sum())
        .collect();
    let deviation = covariances.iter().sum::<f64>().max(0.0).sqrt();
    let shortfall = Parametric::Normal { mean: 0.0, deviation: 1.0 }.expected_shortfall(level)?;
    let part = |c: &f64| if deviation > 0.0 { c / deviation * shortfall } else { 0.0 };
    Ok((deviation * shortfall, covariances.iter().map(part).collect()))
}

fn inside(level: f64) -> Result<(), StatisticsError> {
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(StatisticsError::Level(level)) }
}
