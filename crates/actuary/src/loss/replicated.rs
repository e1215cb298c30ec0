//! Statistics of weighted losses whose samples are not independent of each other, but come in independent replicates:
//! randomised quasi-Monte Carlo (A. Owen, "Monte Carlo theory, methods and examples", 2013, chapter 17).
//!
//! Each figure is a mean over all samples, hence the mean of the replicates' means; its standard error is the deviation
//! of these over the root of their number, and an interval takes Student's factor with one degree of freedom less than
//! there are replicates. VaR is that of all samples together; ES is VaR plus the mean excess over it, where the error of
//! VaR enters at second order only, so that small replicates add no bias.
//!
//! Estimates can be adjusted by controls ([`super::Controlled`]), regressed over the replicates.

use super::statistics::TAIL_SAMPLES_MIN;
use super::{Control, Controlled, Estimate, StatisticsError};
use crate::math::incomplete;

/// Figures of a weighted sample in replicates.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicatedStatistics {
    /// Mean loss.
    pub mean: Estimate,
    /// Value at risk at the level.
    pub value_at_risk: Estimate,
    /// Expected shortfall at the level.
    pub expected_shortfall: Estimate,
    /// Mean of the weights: 1 up to its error.
    pub mean_weight: Estimate,
    /// Half the width of a 95 % interval in standard errors.
    pub interval_factor: f64,
    /// Kish's effective sample size of the losses beyond VaR, (sum w)^2 / sum w^2.
    pub tail_samples: f64,
    /// True when that is below 400: the tail's figures hang on few paths.
    pub thin: bool,
    /// Variance of the mean of as many independent samples of the model itself over that of this one.
    pub mean_reduction: f64,
    /// The same of the expected shortfall.
    pub shortfall_reduction: f64,
}

impl ReplicatedStatistics {
    /// Figures of losses and their weights, tail at `level`. Sample i belongs to replicate `i mod replicates`, as paths
    /// drawn from [`crate::price::Sampling::Sobol`] do if the first one's number is a multiple of their number.
    ///
    /// # Errors
    /// Fewer than two replicates or samples that do not fill them evenly, lengths that differ, a loss or weight that is
    /// not finite or a negative weight, a level outside (0, 1).
    pub fn of(
        losses: &[f64],
        weights: &[f64],
        replicates: usize,
        level: f64,
    ) -> Result<Self, StatisticsError> {
        Self::controlled(losses, weights, replicates, level, &[])
    }

    /// The same with controls of known expectation, one value a sample, weights included.
    ///
    /// # Errors
    /// As [`ReplicatedStatistics::of`]; controls of another length, too many controls for the replicates.
    pub fn controlled(
        losses: &[f64],
        weights: &[f64],
        replicates: usize,
        level: f64,
        controls: &[Control<'_>],
    ) -> Result<Self, StatisticsError> {
        check(losses, weights, replicates, level)?;
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
        let means = |value: &dyn Fn(usize) -> f64| replicate_means(losses.len(), replicates, value);
        let control_means: Vec<Vec<f64>> = controls
            .iter()
            .map(|control| means(&|index| control.values.get(index).copied().unwrap_or(f64::NAN)))
            .collect();
        let controls: Vec<Control<'_>> = controls
            .iter()
            .zip(&control_means)
            .map(|(control, values)| Control { values, expected: control.expected })
            .collect();
        let estimate = |value: &dyn Fn(f64) -> f64| -> Result<(Estimate, f64, usize), StatisticsError> {
            let found = Controlled::of(&means(&|index| weights[index] * value(losses[index])), &controls)?;
            // Variance of independent samples of the model, estimated from the weighted ones.
            let first: f64 = (0..losses.len()).map(|i| weights[i] * value(losses[i])).sum::<f64>() / n;
            let second: f64 =
                (0..losses.len()).map(|i| weights[i] * value(losses[i]) * value(losses[i])).sum::<f64>() / n;
            let error = found.mean.standard_error;
            let plain = (second - first * first).max(0.0) / n;
            Ok((found.mean, if error > 0.0 { plain / (error * error) } else { 1.0 }, found.freedom))
        };
        let (mean, mean_reduction, freedom) = estimate(&|loss| loss)?;
        let (excess, shortfall_reduction, _) = estimate(&|loss| (loss - border).max(0.0))?;
        let (above, ..) = estimate(&|loss| f64::from(u8::from(loss > border)))?;
        let mean_weight = Controlled::of(&means(&|index| weights[index]), &[])?.mean;
        // One error of the exceedance probability to either side.
        let spread = above.standard_error;
        let width = quantile((tail - spread).max(0.0)) - quantile((tail + spread).min(1.0));
        let tail_samples = effective(losses.iter().zip(weights).filter(|(loss, _)| **loss > border));
        Ok(Self {
            mean,
            value_at_risk: Estimate { value: border, standard_error: 0.5 * width },
            expected_shortfall: Estimate {
                value: border + excess.value / tail,
                standard_error: excess.standard_error / tail,
            },
            mean_weight,
            interval_factor: student_quantile(freedom as f64, 0.975),
            tail_samples,
            thin: tail_samples < TAIL_SAMPLES_MIN as f64,
            mean_reduction,
            shortfall_reduction,
        })
    }
}

/// Quantile of Student's distribution with `freedom` > 0 degrees of freedom, for a probability in (0.5, 1).
#[must_use]
pub fn student_quantile(freedom: f64, probability: f64) -> f64 {
    // t^2 / (t^2 + freedom) is beta distributed with parameters 1/2, freedom/2.
    let x = incomplete::beta_quantile(0.5, 0.5 * freedom, 2.0 * probability - 1.0);
    (freedom * x / (1.0 - x)).sqrt()
}

fn check(losses: &[f64], weights: &[f64], replicates: usize, level: f64) -> Result<(), StatisticsError> {
    if replicates < 2 || losses.is_empty() {
        return Err(StatisticsError::Empty);
    }
    let rows = losses.len().div_ceil(replicates) * replicates;
    for (line, length) in [(0, losses.len()), (1, weights.len())] {
        if length != rows {
            return Err(StatisticsError::Length { line, length, expected: rows });
        }
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
    Ok(())
}

fn replicate_means(samples: usize, replicates: usize, value: &dyn Fn(usize) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; replicates];
    for index in 0..samples {
        sums[index % replicates] += value(index);
    }
    let each = (samples / replicates) as f64;
    sums.iter().map(|sum| sum / each).collect()
}

fn effective<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    let (mut sum, mut squares) = (0.0, 0.0);
    for (_, weight) in pairs {
        sum += weight;
        squares += weight * weight;
    }
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}
