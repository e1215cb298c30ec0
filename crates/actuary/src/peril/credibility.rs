//! Credibility: how far a market's own record moves its premium away from the collective's.
//!
//! H. Buhlmann, E. Straub, "Glaubwurdigkeit fur Schadensatze", Mitteilungen der VSVM 70 (1970); the unbiased
//! estimators as in Klugman, Panjer, Willmot, Loss Models, 18.5, with the collective mean weighted by credibility
//! (as R's actuar). With ratios `X_ij` of loss to weight `w_ij`:
//!
//! ```text
//! s^2 = sum w_ij (X_ij - X_i)^2 / sum (n_i - 1)                                      within
//! a   = w (sum w_i (X_i - X)^2 - (I - 1) s^2) / (w^2 - sum w_i^2)                    between
//! z_i = w_i / (w_i + s^2 / a)            premium_i = z_i X_i + (1 - z_i) m,    m = sum z_i X_i / sum z_i
//! ```
//!
//! Weights are exposures (debt times years, number of claims); ratios are losses by unit of exposure.

use super::error::PerilError;

/// One period of one risk: what was lost by unit of exposure, and the exposure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Period {
    /// Loss over exposure.
    pub ratio: f64,
    /// Exposure; a period without any counts for nothing.
    pub weight: f64,
}

/// Structure of a collective of risks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Collective {
    /// Mean ratio of the collective.
    pub mean: f64,
    /// Variance of a ratio within a risk, by unit of exposure (s^2).
    pub within: f64,
    /// Variance between the risks (a); 0 if they do not differ more than chance makes them.
    pub between: f64,
}

/// What a risk's own record does to its premium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experience {
    /// Mean ratio of its own record; 0 without one.
    pub own: f64,
    /// Exposure of its own record.
    pub weight: f64,
    /// Credibility of the record, in [0, 1].
    pub credibility: f64,
    /// Mean ratio of the collective.
    pub collective: f64,
    /// Credibility premium by unit of exposure.
    pub premium: f64,
}

impl Experience {
    /// By how much the record moves the premium: `z (own - collective)`.
    #[must_use]
    pub fn movement(&self) -> f64 {
        self.premium - self.collective
    }

    /// The movement as a share of the collective's premium; none where that is 0.
    #[must_use]
    pub fn relative_movement(&self) -> Option<f64> {
        (self.collective != 0.0).then(|| self.movement() / self.collective)
    }
}

impl Collective {
    /// Estimates the structure from the records of at least two risks, one of them with at least two periods.
    /// Without difference between the risks, the mean is the exposure-weighted one and nothing is credible.
    ///
    /// # Errors
    /// Too few risks or periods; a ratio or weight that is negative or not finite.
    pub fn estimate<R: AsRef<[Period]>>(risks: &[R]) -> Result<Self, PerilError> {
        let mut totals = Vec::with_capacity(risks.len());
        let (mut squares, mut degrees) = (0.0, 0_usize);
        for risk in risks {
            let (weight, own) = record(risk.as_ref())?;
            let counted = risk.as_ref().iter().filter(|p| p.weight > 0.0);
            let (mut count, mut within) = (0_usize, 0.0);
            for period in counted {
                count += 1;
                within += period.weight * (period.ratio - own) * (period.ratio - own);
            }
            if count > 0 {
                squares += within;
                degrees += count - 1;
                totals.push((weight, own));
            }
        }
        if totals.len() < 2 || degrees == 0 {
            return Err(PerilError::Records { risks: totals.len(), degrees });
        }
        let within = squares / degrees as f64;
        let weight: f64 = totals.iter().map(|(w, _)| w).sum();
        let mean = totals.iter().map(|(w, x)| w * x).sum::<f64>() / weight;
        let spread: f64 = totals.iter().map(|(w, x)| w * (x - mean) * (x - mean)).sum();
        let concentration: f64 = totals.iter().map(|(w, _)| w * w).sum();
        let excess = spread - (totals.len() - 1) as f64 * within;
        let between = (weight * excess / (weight * weight - concentration)).max(0.0);
        if between == 0.0 {
            return Ok(Self { mean, within, between });
        }
        let part = |w: f64| w / (w + within / between);
        let credible: f64 = totals.iter().map(|(w, _)| part(*w)).sum();
        let mean = totals.iter().map(|(w, x)| part(*w) * x).sum::<f64>() / credible;
        Ok(Self { mean, within, between })
    }

    /// Credibility of a record of the given exposure.
    #[must_use]
    pub fn credibility(&self, weight: f64) -> f64 {
        if self.between > 0.0 && weight > 0.0 { weight / (weight + self.within / self.between) } else { 0.0 }
    }

    /// What a record does to the premium of its risk. An empty record leaves the collective's.
    ///
    /// # Errors
    /// A ratio or weight that is negative or not finite.
    pub fn experience(&self, record_of_risk: &[Period]) -> Result<Experience, PerilError> {
        let (weight, own) = record(record_of_risk)?;
        let credibility = self.credibility(weight);
        let premium = self.mean + credibility * (own - self.mean);
        Ok(Experience { own, weight, credibility, collective: self.mean, premium })
    }
}

/// Total weight and weighted mean ratio of a record.
fn record(periods: &[Period]) -> Result<(f64, f64), PerilError> {
    let sound = |x: f64| x >= 0.0 && x.is_finite();
    for (index, period) in periods.iter().enumerate() {
        if !sound(period.ratio) || !sound(period.weight) {
            return Err(PerilError::Period { index, ratio: period.ratio, weight: period.weight });
        }
    }
    let weight: f64 = periods.iter().map(|p| p.weight).sum();
    let loss: f64 = periods.iter().map(|p| p.weight * p.ratio).sum();
    Ok((weight, if weight > 0.0 { loss / weight } else { 0.0 }))
}
