//! Moments of a weighted loss as exact sums, and the figures made of them.
//!
//! With n paths of weight w and loss x, `W_k` stands for `sum(w x^k)/n` and `S_k` for `sum(w^2 x^k)/n`;
//! weights are used as they are, not normalised, for their mean is one (A. Owen, "Monte Carlo theory, methods
//! and examples", 2013, chapter 9). An estimate made of means has the variance of its influence function over
//! n, and all influence functions here are a weight times a quadratic `g(x) = a x + b x^2` less a constant,
//! whose variance is `a^2 S_2 + 2ab S_3 + b^2 S_4 - (a W_1 + b W_2)^2`.

use super::{
    Estimate,
    exact::{ExactSum, SumOverflow, Sums, power_of_two_above},
};

/// Sums of one loss. A path without a loss adds nothing.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    unit: f64,
    /// w x^k for k = 0..=4, then w^2 x^k, in units of the loss; k = 0 counts paths with a loss.
    sums: [ExactSum; 10],
}

impl Moments {
    /// Sums of a loss of the given size.
    pub(crate) fn new(size: f64) -> Self {
        Self { unit: power_of_two_above(size), sums: [ExactSum::ZERO; 10] }
    }

    /// Adds a path.
    #[inline]
    pub(crate) fn add(&mut self, weight: f64, loss: f64) -> Result<(), SumOverflow> {
        if loss == 0.0 {
            return Ok(());
        }
        let ratio = loss / self.unit;
        let mut term = weight;
        let (plain, squared) = self.sums.split_at_mut(5);
        for (plain, squared) in plain.iter_mut().zip(squared) {
            plain.add(term)?;
            squared.add(term * weight)?;
            term *= ratio;
        }
        Ok(())
    }

    /// Means over so many paths.
    pub(crate) fn means(&self, paths: f64) -> Means {
        let mean = |k: usize, power: usize| {
            let unit = (0..power).fold(1.0, |product, _| product * self.unit);
            self.sums[k].value() / paths * unit
        };
        Means {
            paths,
            plain: core::array::from_fn(|k| mean(k, k)),
            squared: core::array::from_fn(|k| mean(5 + k, k)),
        }
    }
}

impl Sums for Moments {
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>) {
        all.push(&self.sums);
    }

    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>) {
        all.push(&mut self.sums);
    }
}

/// How often something happened: sums of w and of w^2.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frequency {
    sums: [ExactSum; 2],
}

impl Frequency {
    #[inline]
    pub(crate) fn add(&mut self, weight: f64) -> Result<(), SumOverflow> {
        self.sums[0].add(weight)?;
        self.sums[1].add(weight * weight)
    }

    pub(crate) fn estimate(&self, paths: f64) -> Estimate {
        probability(self.sums[0].value() / paths, self.sums[1].value() / paths, paths)
    }
}

impl Sums for Frequency {
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>) {
        all.push(&self.sums);
    }

    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>) {
        all.push(&mut self.sums);
    }
}

/// A probability from the means of w and w^2 where the event happened.
pub(crate) fn probability(plain: f64, squared: f64, paths: f64) -> Estimate {
    Estimate { value: plain, standard_error: ((squared - plain * plain).max(0.0) / paths).sqrt() }
}

/// Means of a loss's powers, weighted and weighted twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Means {
    paths: f64,
    /// W_k; W_0 is the probability of a loss.
    plain: [f64; 5],
    /// S_k; S_0 counts paths with a loss.
    squared: [f64; 5],
}

impl Means {
    /// Expected loss.
    pub(crate) fn mean(&self) -> Estimate {
        let bessel = self.bessel();
        let variance = (self.squared[2] - self.plain[1] * self.plain[1]).max(0.0) * bessel;
        Estimate { value: self.plain[1], standard_error: (variance / self.paths).sqrt() }
    }

    /// Variance of the mean of as many paths of weight one over that of these.
    pub(crate) fn mean_reduction(&self) -> f64 {
        let mean = self.plain[1] * self.plain[1];
        reduction(self.plain[2] - mean, self.squared[2] - mean)
    }

    /// Expected loss with the path's weight as control, whose expectation is one; `weight` and `square` are the means of
    /// the weights and of their squares over all paths. None where all weights are one.
    pub(crate) fn controlled(&self, weight: f64, square: f64) -> Option<WeightControl> {
        let spread = square - weight * weight;
        if self.paths < 3.0 || spread <= 1e-12 * square {
            return None;
        }
        let variance = (self.squared[2] - self.plain[1] * self.plain[1]).max(0.0);
        let covariance = self.squared[1] - self.plain[1] * weight;
        let coefficient = covariance / spread;
        let (freedom, plain) = (self.paths - 2.0, variance / (self.paths - 1.0));
        let left = (variance - covariance * coefficient).max(0.0) / freedom;
        let value = self.plain[1] - coefficient * (weight - 1.0);
        Some(WeightControl {
            mean: Estimate { value, standard_error: left.sqrt() },
            reduction: reduction(plain, left),
        })
    }

    fn bessel(&self) -> f64 {
        if self.paths > 1.0 { self.paths / (self.paths - 1.0) } else { 0.0 }
    }

    /// Variance of the loss.
    pub(crate) fn variance(&self) -> f64 {
        (self.plain[2] - self.plain[1] * self.plain[1]).max(0.0) * self.bessel()
    }

    /// Standard deviation of the loss.
    pub(crate) fn deviation(&self) -> Estimate {
        let value = self.variance().sqrt();
        if value <= 0.0 {
            return Estimate::exact(0.0);
        }
        // d sd = d variance / (2 sd), d variance = x^2 - 2 m x.
        let half = 0.5 / value;
        let standard_error = self.influence_error(-2.0 * self.plain[1] * half, half);
        Estimate { value, standard_error }
    }

    /// Third central moment over the deviation cubed; 0 without deviation.
    pub(crate) fn skewness(&self) -> f64 {
        let [_, m, second, third, _] = self.plain;
        let variance = self.variance();
        if variance > 0.0 {
            (third - 3.0 * m * second + 2.0 * m * m * m) / (variance * variance.sqrt())
        } else {
            0.0
        }
    }

    /// Fourth central moment over the variance squared, less 3; 0 without deviation.
    pub(crate) fn excess_kurtosis(&self) -> f64 {
        let [_, m, second, third, fourth] = self.plain;
        let variance = self.variance();
        let central = fourth - 4.0 * m * third + 6.0 * m * m * second - 3.0 * m * m * m * m;
        if variance > 0.0 { central / (variance * variance) - 3.0 } else { 0.0 }
    }

    /// Probability of any loss.
    pub(crate) fn probability(&self) -> Estimate {
        probability(self.plain[0], self.squared[0], self.paths)
    }

    /// Expected loss given that there is one; none without one. The error of a single path is infinite.
    pub(crate) fn given_loss(&self) -> Option<Estimate> {
        let [probability, mean, ..] = self.plain;
        if probability <= 0.0 {
            return None;
        }
        let value = mean / probability;
        let [zeroth, first, second, ..] = self.squared;
        let squares = (second - 2.0 * value * first + value * value * zeroth).max(0.0);
        let count = self.paths * probability * probability / zeroth;
        // Counted in whole paths: two of equal weight are two, up to rounding.
        let standard_error = if count > 1.0 + 1e-9 {
            (squares / self.paths * count / (count - 1.0)).sqrt() / probability
        } else {
            f64::INFINITY
        };
        Some(Estimate { value, standard_error })
    }

    /// W_1.
    pub(crate) fn first(&self) -> f64 {
        self.plain[1]
    }

    /// S_2.
    pub(crate) fn second_squared(&self) -> f64 {
        self.squared[2]
    }

    /// Standard error of an estimate whose influence function is `w (a x + b x^2)` less a constant.
    pub(crate) fn influence_error(&self, a: f64, b: f64) -> f64 {
        let [_, _, second, third, fourth] = self.squared;
        let mean = a * self.plain[1] + b * self.plain[2];
        let variance = a * a * second + 2.0 * a * b * third + b * b * fourth - mean * mean;
        (variance.max(0.0) / self.paths).sqrt()
    }
}

/// A mean with the path's weight as control variate: least squares of the weighted losses on the weights, whose
/// expectation is known to be one (see [`super::Controlled`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightControl {
    /// The adjusted mean.
    pub mean: Estimate,
    /// Variance of the mean without the control over that with it, degrees of freedom counted.
    pub reduction: f64,
}

/// Variance of plain sampling over that found; 1 where there is none.
pub(crate) fn reduction(plain: f64, found: f64) -> f64 {
    if plain > 0.0 && found > 0.0 { plain / found } else { 1.0 }
}
