//! Statistics of weighted losses kept in memory, each with its standard error, and what the weighting gained.
//! The estimators are those of the accumulator ([`super::accumulator`]): means with weights as they are,
//! tails by `P(X > x) <= 1 - q` with weights as they are.

use super::{
    Estimate, SumOverflow, Tail,
    moments::Moments,
    statistics::{StatisticsError, sum},
    tail::Worst,
};

/// Figures of a weighted sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedStatistics {
    /// Mean loss.
    pub mean: Estimate,
    /// Value at risk at the level.
    pub value_at_risk: Estimate,
    /// Expected shortfall at the level.
    pub expected_shortfall: Estimate,
    /// Kish's effective sample size of the losses in the tail.
    pub tail_samples: f64,
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
    /// No sample, lengths that differ, a loss or weight that is not finite or a negative weight, weights that
    /// are too large to be added up, a level outside (0, 1).
    pub fn of(losses: &[f64], weights: &[f64], level: f64) -> Result<Self, StatisticsError> {
        let worst = sample(losses, weights)?;
        let cut = worst.cut(level)?;
        let n = losses.len() as f64;
        let size = losses.iter().fold(0.0_f64, |size, loss| size.max(loss.abs()));
        let means = |values: &[f64], size: f64| -> Result<_, StatisticsError> {
            let mut moments = Moments::new(size);
            for (index, (&value, &weight)) in values.iter().zip(weights).enumerate() {
                moments.add(weight, value).map_err(|error| overflow(index, error))?;
            }
            Ok(moments.means(n))
        };
        let (loss, one) = (means(losses, size)?, means(&vec![1.0; losses.len()], 1.0)?);
        let (weight, squares) = (sum(weights.iter().copied()), sum(weights.iter().map(|w| w * w)));
        Ok(Self {
            mean: loss.mean(),
            value_at_risk: cut.tail.value_at_risk,
            expected_shortfall: cut.tail.expected_shortfall,
            tail_samples: cut.tail.effective_samples,
            mean_weight: one.mean(),
            effective_samples: if squares > 0.0 { weight * weight / squares } else { 0.0 },
            mean_reduction: loss.mean_reduction(),
            shortfall_reduction: cut.reduction,
        })
    }
}

/// VaR and ES of losses and their weights at several levels.
///
/// # Errors
/// As for [`WeightedStatistics::of`].
pub fn weighted_tails(losses: &[f64], weights: &[f64], levels: &[f64]) -> Result<Vec<Tail>, StatisticsError> {
    let worst = sample(losses, weights)?;
    levels.iter().map(|&level| Ok(worst.cut(level)?.tail)).collect()
}

/// A checked sample, worst first.
pub(crate) fn sample(losses: &[f64], weights: &[f64]) -> Result<Worst, StatisticsError> {
    if losses.is_empty() {
        return Err(StatisticsError::Empty);
    }
    if losses.len() != weights.len() {
        return Err(StatisticsError::Length { line: 1, length: weights.len(), expected: losses.len() });
    }
    for (index, (&loss, &weight)) in losses.iter().zip(weights).enumerate() {
        let wrong = if loss.is_finite() { weight } else { loss };
        if !(loss.is_finite() && weight.is_finite() && weight >= 0.0) {
            return Err(StatisticsError::NotFinite { index, value: wrong });
        }
    }
    Worst::of_sample(losses, weights).map_err(|error| overflow(0, error))
}

fn overflow(index: usize, error: SumOverflow) -> StatisticsError {
    StatisticsError::NotFinite { index, value: error.0 }
}
