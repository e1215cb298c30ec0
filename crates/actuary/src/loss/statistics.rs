//! Statistics of simulated losses, each with its standard error.
//!
//! Samples are equally weighted. VaR at level q is the lower quantile, the smallest x with F(x) >= q; ES is the
//! mean of the worst share 1 - q of the samples, with the fraction of the sample at the border that makes the
//! share exact.
//!
//! Standard errors: mean `s / sqrt(n)`; deviation by the delta method, `sqrt((m4 - s^4) / (4 s^2 n))`; VaR from
//! the order statistics one binomial deviation to either side of its rank; ES by Manistre and Hancock, "Variance
//! of the CTE Estimator", North American Actuarial Journal 9(2), 2005:
//! `sqrt((Var(X | tail) + q (ES - VaR)^2) / (n (1 - q)))`.
//!
//! Units: those of the losses.

use crate::math::Estimate;

/// Tail samples below which a tail figure is marked as thin.
pub const TAIL_SAMPLES_MIN: usize = 400;

/// Why statistics cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StatisticsError {
    /// No sample.
    #[error("no sample to make statistics of")]
    Empty,
    /// A sample is not finite.
    #[error("sample {index} is {value}")]
    NotFinite {
        /// Index of the sample.
        index: usize,
        /// The sample.
        value: f64,
    },
    /// The level is not inside (0, 1).
    #[error("level {0} is not above 0 and below 1")]
    Level(f64),
    /// Lines of different lengths.
    #[error("line {line} has {length} samples, the first line has {expected}")]
    Length {
        /// Index of the line.
        line: usize,
        /// Its length.
        length: usize,
        /// Length of the first line.
        expected: usize,
    },
    /// Probabilities that are negative or do not add up to one.
    #[error("probabilities are negative or add up to {0}, not 1")]
    Probabilities(f64),
}

/// VaR and ES of a sample at one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// The level q, for instance 0.99.
    pub level: f64,
    /// Value at risk.
    pub value_at_risk: Estimate,
    /// Expected shortfall.
    pub expected_shortfall: Estimate,
    /// Samples in the tail that are not zero.
    pub samples: usize,
    /// As many samples of equal weight would say as much (Kish): `(sum w)^2 / sum w^2` over `samples`.
    pub effective_samples: f64,
    /// True when `effective_samples` is below [`TAIL_SAMPLES_MIN`]: the figures hang on few paths.
    pub thin: bool,
}

impl Tail {
    /// VaR and ES at `level` of samples sorted rising.
    ///
    /// # Errors
    /// No sample, or a level outside (0, 1).
    pub fn of_sorted(sorted: &[f64], level: f64) -> Result<Self, StatisticsError> {
        let mass = TailMass::new(sorted.len(), level)?;
        let n = sorted.len();
        let value_at_risk = sorted[n - mass.border_rank];
        let worst = &sorted[n - mass.whole..];
        let shortfall = (sum(worst.iter().copied()) + mass.fraction * value_at_risk) / mass.mass;
        let squares = sum(worst.iter().map(|x| (x - shortfall) * (x - shortfall)))
            + mass.fraction * (value_at_risk - shortfall) * (value_at_risk - shortfall);
        let gap = shortfall - value_at_risk;
        let variance = (squares / mass.mass + level * gap * gap) / mass.mass;
        let samples = worst.iter().filter(|&&x| x != 0.0).count();
        Ok(Self {
            level,
            value_at_risk: Estimate { value: value_at_risk, standard_error: mass.quantile_error(sorted) },
            expected_shortfall: Estimate { value: shortfall, standard_error: variance.sqrt() },
            samples,
            effective_samples: samples as f64,
            thin: samples < TAIL_SAMPLES_MIN,
        })
    }
}

/// How many samples make up the tail of a level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TailMass {
    /// n (1 - q).
    pub(crate) mass: f64,
    /// Whole samples in the tail.
    pub(crate) whole: usize,
    /// Share of the next sample.
    pub(crate) fraction: f64,
    /// Rank from the top, counted from 1, of the sample at the quantile.
    pub(crate) border_rank: usize,
    level: f64,
}

impl TailMass {
    pub(crate) fn new(samples: usize, level: f64) -> Result<Self, StatisticsError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(StatisticsError::Level(level));
        }
        if samples == 0 {
            return Err(StatisticsError::Empty);
        }
        let mut mass = samples as f64 * (1.0 - level);
        // 1 - 0.99 is not 0.01 in binary; a mass a rounding away from a whole number is that number.
        if (mass - mass.round()).abs() < 1e-9 * mass {
            mass = mass.round();
        }
        let whole = (mass.floor() as usize).min(samples);
        let border_rank = (whole + 1).min(samples);
        Ok(Self { mass, whole, fraction: mass - whole as f64, border_rank, level })
    }

    fn quantile_error(&self, sorted: &[f64]) -> f64 {
        let n = sorted.len();
        let spread = (n as f64 * self.level * (1.0 - self.level)).sqrt().ceil() as usize;
        let low = sorted[n - (self.border_rank + spread).min(n)];
        let high = sorted[n - self.border_rank.saturating_sub(spread).max(1)];
        (high - low) / 2.0
    }
}

/// Statistics of one column of losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossStatistics {
    /// Number of samples.
    pub paths: usize,
    /// Expected loss.
    pub mean: Estimate,
    /// Standard deviation.
    pub deviation: Estimate,
    /// Probability of any loss.
    pub probability: Estimate,
    /// Largest loss seen.
    pub maximum: f64,
    /// VaR and ES.
    pub tail: Tail,
}

impl LossStatistics {
    /// Statistics of losses, the tail at `level`.
    ///
    /// # Errors
    /// No sample, a sample that is not finite, a level outside (0, 1).
    pub fn of(losses: &[f64], level: f64) -> Result<Self, StatisticsError> {
        let sorted = sorted(losses)?;
        let tail = Tail::of_sorted(&sorted, level)?;
        let n = losses.len() as f64;
        let mean = sum(losses.iter().copied()) / n;
        let central = |power: i32| sum(losses.iter().map(|x| integer_power(x - mean, power))) / n;
        let bessel = if losses.len() > 1 { n / (n - 1.0) } else { 0.0 };
        let variance = central(2) * bessel;
        let deviation_error = if variance > 0.0 {
            ((central(4) - variance * variance).max(0.0) / (4.0 * variance * n)).sqrt()
        } else {
            0.0
        };
        let probability = losses.iter().filter(|&&x| x > 0.0).count() as f64 / n;
        Ok(Self {
            paths: losses.len(),
            mean: Estimate { value: mean, standard_error: (variance / n).sqrt() },
            deviation: Estimate { value: variance.sqrt(), standard_error: deviation_error },
            probability: Estimate {
                value: probability,
                standard_error: (probability * (1.0 - probability) / n).sqrt(),
            },
            maximum: sorted.last().copied().unwrap_or(0.0),
            tail,
        })
    }
}

/// Losses sorted rising.
///
/// # Errors
/// No sample, or one that is not finite.
pub(crate) fn sorted(losses: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    if losses.is_empty() {
        return Err(StatisticsError::Empty);
    }
    if let Some(index) = losses.iter().position(|x| !x.is_finite()) {
        return Err(StatisticsError::NotFinite { index, value: losses[index] });
    }
    let mut sorted = losses.to_vec();
    sorted.sort_by(f64::total_cmp);
    Ok(sorted)
}

/// The exceedance curve read by probability: for each, the loss that is exceeded with at most that probability
/// (the VaR at level 1 - probability), with its standard error.
///
/// # Errors
/// No sample, one that is not finite, a probability outside (0, 1).
pub fn tail_loss(losses: &[f64], probabilities: &[f64]) -> Result<Vec<Estimate>, StatisticsError> {
    let sorted = sorted(losses)?;
    probabilities.iter().map(|&p| Tail::of_sorted(&sorted, 1.0 - p).map(|tail| tail.value_at_risk)).collect()
}

/// The exceedance curve read by loss: for each amount, the probability that the loss is above it.
///
/// # Errors
/// No sample, or one that is not finite.
pub fn exceedance_probability(losses: &[f64], amounts: &[f64]) -> Result<Vec<Estimate>, StatisticsError> {
    let sorted = sorted(losses)?;
    let n = sorted.len() as f64;
    let probability = |&amount: &f64| {
        let above = sorted.len() - sorted.partition_point(|&x| x <= amount);
        let value = above as f64 / n;
        Estimate { value, standard_error: (value * (1.0 - value) / n).sqrt() }
    };
    Ok(amounts.iter().map(probability).collect())
}

/// Sum in order, compensated (Neumaier).
pub(crate) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

/// `x` to a small whole power by multiplication, the same bits everywhere.
fn integer_power(x: f64, power: i32) -> f64 {
    (0..power).fold(1.0, |product, _| product * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_takes_the_fraction_of_the_border_sample() {
        let sorted = [1.0, 2.0, 3.0, 4.0, 5.0];
        let tail = Tail::of_sorted(&sorted, 0.7).unwrap();
        assert_eq!(tail.value_at_risk.value, 4.0);
        assert!((tail.expected_shortfall.value - (5.0 + 0.5 * 4.0) / 1.5).abs() < 1e-15);
        let whole = Tail::of_sorted(&sorted, 0.6).unwrap();
        assert_eq!(whole.value_at_risk.value, 3.0);
        assert!((whole.expected_shortfall.value - 4.5).abs() < 1e-15);
    }

    #[test]
    fn thin_tails_are_marked() {
        let mut losses = vec![0.0; 100_000];
        losses[..399].fill(1.0);
        assert!(LossStatistics::of(&losses, 0.99).unwrap().tail.thin);
        losses[..400].fill(1.0);
        assert!(!LossStatistics::of(&losses, 0.99).unwrap().tail.thin);
    }

    #[test]
    fn exceedance_reads_both_ways() {
        let losses: Vec<f64> = (0..1000).map(f64::from).collect();
        let by_loss = exceedance_probability(&losses, &[-1.0, 499.0, 999.0]).unwrap();
        assert_eq!(by_loss.iter().map(|e| e.value).collect::<Vec<_>>(), [1.0, 0.5, 0.0]);
        assert_eq!(
            tail_loss(&losses, &[0.5, 0.01]).unwrap().iter().map(|e| e.value).collect::<Vec<_>>(),
            [499.0, 989.0]
        );
    }

    #[test]
    fn refuses_what_is_no_sample() {
        assert_eq!(LossStatistics::of(&[], 0.99), Err(StatisticsError::Empty));
        assert!(matches!(LossStatistics::of(&[f64::NAN], 0.99), Err(StatisticsError::NotFinite { .. })));
        assert_eq!(LossStatistics::of(&[1.0], 1.0), Err(StatisticsError::Level(1.0)));
    }
}
