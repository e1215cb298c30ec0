//! What a market's own losses do to its expected loss: Buhlmann-Straub on the loss ratio, with the simulation as the
//! collective's figure.
//!
//! The simulation says that a year of this market costs a mean ratio m of its debt with a deviation; the variance
//! within, by unit of exposure, is the simulated one. The variance between is how wrong the model may be for a
//! market, stated as a coefficient of variation of the true ratio around the modelled one, or estimated by
//! [`Collective::estimate`] from the records of several markets as ratios to what was modelled.
//!
//! Events of event peril (a wrong price, an exploit) belong into the count of
//! [`OwnEvents`](super::market::OwnEvents), not here: each loss counts once. Units: exposure in debt times years.

use super::credibility::{Collective, Experience, Period};
use super::error::{PerilError, positive};

/// A market's own losses and what they do to its expected loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossExperience {
    /// Ratios: collective, own, credibility, resulting premium, by unit of debt and year.
    pub ratio: Experience,
    /// By what the modelled expected loss is multiplied.
    pub factor: f64,
}

impl Collective {
    /// The collective of a simulated market: `mean` and `deviation` of its loss over `years` at a debt of
    /// `exposure`, and `model_error`, the coefficient of variation of the true mean around the modelled one.
    ///
    /// # Errors
    /// A mean, exposure or number of years that is not positive; a deviation or model error that is negative.
    pub fn of_simulation(
        mean: f64,
        deviation: f64,
        exposure: f64,
        years: f64,
        model_error: f64,
    ) -> Result<Self, PerilError> {
        let weight = positive("exposure", exposure)? * positive("years", years)?;
        let ratio = positive("mean loss", mean)? / weight;
        for (name, value) in [("deviation", deviation), ("model error", model_error)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(PerilError::Parameter { name, value });
            }
        }
        let error = model_error * ratio;
        // Var(L / w) = s^2 / w.
        Ok(Self { mean: ratio, within: deviation * deviation / weight, between: error * error })
    }

    /// What a record of losses does to the expected loss of the market.
    ///
    /// # Errors
    /// A ratio or weight that is negative or not finite; a collective whose mean is not positive.
    pub fn rated(&self, record: &[Period]) -> Result<LossExperience, PerilError> {
        positive("mean ratio", self.mean)?;
        let ratio = self.experience(record)?;
        Ok(LossExperience { ratio, factor: ratio.premium / self.mean })
    }
}

impl LossExperience {
    /// By how much the record moves an expected payment that the model puts at `modelled`.
    #[must_use]
    pub fn movement(&self, modelled: f64) -> f64 {
        (self.factor - 1.0) * modelled
    }
}
