//! Statistics of weighted losses, each with its standard error, and what the weighting gained.
//!
//! Quantile and shortfall use the weights as they are (not normalised) in the tail, as A. Owen, "Monte Carlo theory,
//! methods and examples" (2013), chapter 9, and P. Glynn (1996) recommend for right tails: VaR is the smallest x with
//! estimated P(X > x) <= 1 - q, ES = VaR + E[(X - VaR)+] / (1 - q). Its error is that of the mean of the excess: the
//! error of VaR enters at second order only.

use super::{Estimate, StatisticsError};

/// Figures of a weighted sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedStatistics {
    /// Mean loss.
    pub mean: Estimate,
    /// Value at risk at the level.
    pub value_at_risk: Estimate,
    /// Expected shortfall at the level.
    pub expected_shortfall: Estimate,
    /// Mean of the weights: 1 up to its error.
    pub mean_weight: Estimate,
    /// Kish's effective sample size, (sum w)^2 / sum w^2.
    pub effective_samples: f64,
    /// Variance of a plain simulation's mean over that of this one, estimated from this sample.
    pub mean_reduction: f64,
    /// The same of the expected shortfall.
    pub shortfall_reduction: f64,
}

impl WeightedStatistics {
    /// Figures of losses and their weights, tail at `level`.
    ///
    /// # Errors
    /// No sample, lengths that differ, a loss or weight that is not finite or a negative weight, a level outside (0, 1).
    pub fn of(losses: &[f64], weights: &[f64], level: f64) -> Result<Self, StatisticsError> {
        if losses.is_empty() {
            return Err(StatisticsError::Empty);
        }
        if losses.len() != weights.len() {
            return Err(StatisticsError::Length { line: 1, length: weights.len(), expected: losses.len() });
        }
        if !(level > 0.0 && level < 1.0) {
            return Err(StatisticsError::Level(level));
        }
        for (index, (&loss, &weight)) in losses.iter().zip(weights).enumerate() {
            let wrong = if loss.is_finite() { weight } else { loss };
            if !(loss.is_finite() && weight.is_finite() && weight >= 0.0) {
                return Err(StatisticsError::NotFinite { index, value: wrong });
            }
        }
        let n = losses.len() as f64;
        let tail = 1.0 - level;
        let mut order: Vec<usize> = (0..losses.len()).collect();
        order.sort_by(|a, b| losses[*b].total_cmp(&losses[*a]).then(a.cmp(b)));
        let quantile = |mass: f64| {
            let mut seen = 0.0;
            let at = order.iter().find(|index| {
                seen += weights[**index] / n;
                seen > mass
            });
            losses[*at.unwrap_or(&order[order.len() - 1])]
        };
        let border = quantile(tail);
        let pairs = || losses.iter().copied().zip(weights.iter().copied());
        let mean = Moments::of(pairs().map(|(x, w)| (x * w, x * x * w)));
        let excess = |x: f64| (x - border).max(0.0);
        let beyond = Moments::of(pairs().map(|(x, w)| (excess(x) * w, excess(x) * excess(x) * w)));
        let exceeds = Moments::of(pairs().map(|(x, w)| {
            let above = f64::from(u8::from(x > border));
            (above * w, above * w)
        }));
        let weight = Moments::of(pairs().map(|(_, w)| (w, w)));
        // One error of the exceedance probability to either side.
        let spread = exceeds.error;
        let width = quantile((tail - spread).max(0.0)) - quantile((tail + spread).min(1.0));
        let squares: f64 = weights.iter().map(|w| w * w).sum();
        let sum: f64 = weights.iter().sum();
        Ok(Self {
            mean: mean.estimate(),
            value_at_risk: Estimate { value: border, standard_error: 0.5 * width },
            expected_shortfall: Estimate {
                value: border + beyond.mean / tail,
                standard_error: beyond.error / tail,
            },
            mean_weight: weight.estimate(),
            effective_samples: if squares > 0.0 { sum * sum / squares } else { 0.0 },
            mean_reduction: mean.reduction,
            shortfall_reduction: beyond.reduction,
        })
    }
}

/// Mean of weighted values, its error, and the variance that plain sampling would have had over that found.
struct Moments {
    mean: f64,
    error: f64,
    reduction: f64,
}

impl Moments {
    /// From values times weight, and squares times weight.
    fn of(values: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let n = values.clone().count() as f64;
        let mean = values.clone().map(|(value, _)| value).sum::<f64>() / n;
        let square = values.clone().map(|(_, square)| square).sum::<f64>() / n;
        let variance =
            values.map(|(value, _)| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0).max(1.0);
        let plain = square - mean * mean;
        let reduction = if variance > 0.0 { plain / variance } else { 1.0 };
        Self { mean, error: (variance / n).sqrt(), reduction }
    }

    fn estimate(&self) -> Estimate {
        Estimate { value: self.mean, standard_error: self.error }
    }
}
