//! The large pool of equal loans with one common factor (O. Vasicek, "Limiting loan loss probability
//! distribution", KMV 1991): given the factor Z, the share `N((N^-1(p) - sqrt(rho) Z) / sqrt(1 - rho))` defaults.
//!
//! Units: losses as shares of the pool's debt.

use super::distortion::DistortionError;
use crate::math::{normal, quadrature};

/// A large homogeneous pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VasicekPool {
    default_probability: f64,
    correlation: f64,
    loss_given_default: f64,
}

impl VasicekPool {
    /// A pool by default probability and asset correlation, both in (0, 1), and loss given default in (0, 1].
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn new(
        default_probability: f64,
        correlation: f64,
        loss_given_default: f64,
    ) -> Result<Self, DistortionError> {
        let inside = |x: f64| x > 0.0 && x < 1.0;
        for (name, value, sound) in [
            ("default probability", default_probability, inside(default_probability)),
            ("correlation", correlation, inside(correlation)),
            ("loss given default", loss_given_default, loss_given_default > 0.0 && loss_given_default <= 1.0),
        ] {
            if !sound {
                return Err(DistortionError::Parameter { name, value });
            }
        }
        Ok(Self { default_probability, correlation, loss_given_default })
    }

    /// Probability of a loss above `x`.
    #[must_use]
    pub fn survival(&self, x: f64) -> f64 {
        if x < 0.0 {
            return 1.0;
        }
        let defaulted = x / self.loss_given_default;
        if defaulted >= 1.0 {
            return 0.0;
        }
        let threshold = normal::inverse_cdf(self.default_probability);
        let own = (1.0 - self.correlation).sqrt() * normal::inverse_cdf(defaulted);
        normal::cdf((threshold - own) / self.correlation.sqrt())
    }

    /// VaR: the loss that is exceeded with probability `1 - level`.
    #[must_use]
    pub fn value_at_risk(&self, level: f64) -> f64 {
        let threshold = normal::inverse_cdf(self.default_probability);
        let common = self.correlation.sqrt() * normal::inverse_cdf(level);
        self.loss_given_default * normal::cdf((threshold + common) / (1.0 - self.correlation).sqrt())
    }

    /// Expected loss of the tranche from `attachment` to `exhaustion`, as a share of its width: the mean of the
    /// survival function over the tranche.
    ///
    /// # Errors
    /// Bounds that do not rise or lie outside [0, 1].
    pub fn tranche_loss(&self, attachment: f64, exhaustion: f64) -> Result<f64, DistortionError> {
        if !(0.0..=1.0).contains(&attachment) {
            return Err(DistortionError::Parameter { name: "attachment", value: attachment });
        }
        if !(exhaustion > attachment && exhaustion <= 1.0) {
            return Err(DistortionError::Parameter { name: "exhaustion", value: exhaustion });
        }
        // Above the loss given default there is nothing to integrate, only a corner.
        let end = exhaustion.min(self.loss_given_default);
        if end <= attachment {
            return Ok(0.0);
        }
        let loss = quadrature::finite(|x| self.survival(x), attachment, end);
        Ok(loss / (exhaustion - attachment))
    }
}
