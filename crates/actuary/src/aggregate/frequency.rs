//! The number of claims in a period.
//!
//! Poisson, negative binomial and binomial counts obey `p_k = (a + b/k) p_(k-1)` (Panjer, ASTIN Bulletin 12,
//! 1981; Klugman, Panjer, Willmot, Loss Models, chapter 6); any other count is a table of probabilities.

use super::error::{AggregateError, positive, probabilities};
use super::fourier::Spectrum;
use crate::math::sine::{angle, sin_cos};
use crate::math::wide::{Kernel, Width};
use crate::math::{Complex, elementary};

/// Largest expected number of claims.
const MEAN_MAX: f64 = 1e6;

/// Angles up to which [`sin_cos`] is exact.
const EXACT_ANGLE: f64 = 1e5;

/// Distribution of the number of claims.
#[derive(Clone, Debug, PartialEq)]
pub enum Frequency {
    /// Poisson.
    Poisson {
        /// Expected number, at most a million.
        mean: f64,
    },
    /// Negative binomial: Poisson with a gamma-distributed mean. The variance is `mean + mean^2 / size`.
    NegativeBinomial {
        /// Expected number, at most a million.
        mean: f64,
        /// Shape of the mixing gamma variable, above 0; its coefficient of variation is `1/sqrt(size)`.
        size: f64,
    },
    /// Binomial.
    Binomial {
        /// Number of trials, at most a million.
        trials: u32,
        /// Probability of a claim in each, in (0, 1).
        probability: f64,
    },
    /// `table[k]` is the probability of k claims.
    Table(Vec<f64>),
}

/// The recursion of a count: `p_k = (a + b/k) p_(k-1)` from `ln p_0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recursion {
    /// a.
    pub a: f64,
    /// b.
    pub b: f64,
    /// Logarithm of the probability of no claim.
    pub log_none: f64,
}

impl Frequency {
    /// Negative binomial from the coefficient of variation of the mixing variable.
    #[must_use]
    pub fn mixed_poisson(mean: f64, mixing_deviation: f64) -> Self {
        Self::NegativeBinomial { mean, size: 1.0 / (mixing_deviation * mixing_deviation) }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// A parameter out of range; a table that is no distribution.
    pub fn check(&self) -> Result<(), AggregateError> {
        match self {
            Self::Poisson { mean } => mean_in_range(*mean),
            Self::NegativeBinomial { mean, size } => {
                mean_in_range(*mean)?;
                positive("size of the negative binomial", *size).map(|_| ())
            }
            Self::Binomial { trials, probability } => {
                mean_in_range(f64::from(*trials))?;
                if *probability > 0.0 && *probability < 1.0 {
                    Ok(())
                } else {
                    Err(AggregateError::Parameter { name: "binomial probability", value: *probability })
                }
            }
            Self::Table(table) => probabilities("claim counts", table),
        }
    }

    /// Expected number of claims.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Poisson { mean } | Self::NegativeBinomial { mean, .. } => *mean,
            Self::Binomial { trials, probability } => f64::from(*trials) * probability,
            Self::Table(table) => table.iter().enumerate().map(|(k, p)| k as f64 * p).sum(),
        }
    }

    /// Variance of the number of claims.
    #[must_use]
    pub fn variance(&self) -> f64 {
        match self {
            Self::Poisson { mean } => *mean,
            Self::NegativeBinomial { mean, size } => mean + mean * mean / size,
            Self::Binomial { trials, probability } => f64::from(*trials) * probability * (1.0 - probability),
            Self::Table(table) => {
                let mean = self.mean();
                table.iter().enumerate().map(|(k, p)| (k as f64 - mean) * (k as f64 - mean) * p).sum()
            }
        }
    }

    /// The recursion, where there is one.
    #[must_use]
    pub fn recursion(&self) -> Option<Recursion> {
        match *self {
            Self::Poisson { mean } => Some(Recursion { a: 0.0, b: mean, log_none: -mean }),
            Self::NegativeBinomial { mean, size } => {
                let a = mean / (mean + size);
                Some(Recursion { a, b: (size - 1.0) * a, log_none: -size * libm::log1p(mean / size) })
            }
            Self::Binomial { trials, probability } => {
                let odds = probability / (1.0 - probability);
                let n = f64::from(trials);
                Some(Recursion { a: -odds, b: (n + 1.0) * odds, log_none: n * libm::log1p(-probability) })
            }
            Self::Table(_) => None,
        }
    }

    /// Cumulative probabilities of 0, 1, 2, ... claims, up to where the rest is below 1e-17.
    #[must_use]
    pub fn cumulative(&self) -> Vec<f64> {
        let Some(Recursion { a, b, log_none }) = self.recursion() else {
            let Self::Table(table) = self else { return vec![1.0] };
            let mut sum = 0.0;
            return table
                .iter()
                .map(|p| {
                    sum += p;
                    sum
                })
                .collect();
        };
        let (mean, deviation) = (self.mean(), self.variance().sqrt());
        let mut log_p = log_none;
        let mut sum = libm::exp(log_p);
        let mut out = vec![sum];
        for k in 1_u32.. {
            let ratio = a + b / f64::from(k);
            if ratio <= 0.0 {
                break;
            }
            log_p += libm::log(ratio);
            let p = libm::exp(log_p);
            sum += p;
            out.push(sum);
            // Beyond the mode the terms fall geometrically; stop when what is left cannot be seen.
            let beyond = f64::from(k) > mean + deviation;
            if beyond && ratio < 1.0 && p * ratio / (1.0 - ratio) < 1e-17 {
                break;
            }
        }
        out
    }

    /// Probability generating function E[z^N] at every point of a spectrum, in place.
    pub fn generate(&self, z: &mut Spectrum) {
        match self {
            Self::Poisson { mean } => {
                // e^(mean (z - 1)).
                let mean = *mean;
                if mean <= EXACT_ANGLE {
                    Width::Widest.run(Exponentials { z, mean });
                } else {
                    for (re, im) in z.re.iter_mut().zip(&mut z.im) {
                        let value = Complex::new(mean * (*re - 1.0), mean * *im).exp();
                        (*re, *im) = (value.re, value.im);
                    }
                }
            }
            Self::NegativeBinomial { mean, size } => {
                powers(z, -mean / size, -size);
            }
            Self::Binomial { trials, probability } => {
                powers(z, *probability, f64::from(*trials));
            }
            Self::Table(table) => {
                for (re, im) in z.re.iter_mut().zip(&mut z.im) {
                    let (x, y) = (*re, *im);
                    let (mut sum_re, mut sum_im) = (0.0, 0.0);
                    for p in table.iter().rev() {
                        (sum_re, sum_im) = (sum_re * x - sum_im * y + p, sum_re * y + sum_im * x);
                    }
                    (*re, *im) = (sum_re, sum_im);
                }
            }
        }
    }
}

fn mean_in_range(mean: f64) -> Result<(), AggregateError> {
    if mean > 0.0 && mean <= MEAN_MAX {
        Ok(())
    } else {
        Err(AggregateError::Parameter { name: "number of claims", value: mean })
    }
}

/// e^(mean (z - 1)) at every point of a spectrum.
struct Exponentials<'a> {
    z: &'a mut Spectrum,
    mean: f64,
}

impl Kernel for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (re, im) in self.z.re.iter_mut().zip(&mut self.z.im) {
            let size = elementary::exp(self.mean * (*re - 1.0));
            let (sin, cos) = sin_cos(self.mean * *im);
            (*re, *im) = (size * cos, size * sin);
        }
    }
}

/// (1 + slope (z - 1))^exponent at every point of a spectrum.
fn powers(z: &mut Spectrum, slope: f64, exponent: f64) {
    // The logarithm's angle is at most pi.
    if exponent.abs() * core::f64::consts::PI <= EXACT_ANGLE {
        return Width::Widest.run(Powers { z, slope, exponent });
    }
    for (re, im) in z.re.iter_mut().zip(&mut z.im) {
        (*re, *im) = power(1.0 + slope * (*re - 1.0), slope * *im, exponent);
    }
}

struct Powers<'a> {
    z: &'a mut Spectrum,
    slope: f64,
    exponent: f64,
}

impl Kernel for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (re, im) in self.z.re.iter_mut().zip(&mut self.z.im) {
            let (x, y) = (1.0 + self.slope * (*re - 1.0), self.slope * *im);
            let squared = x * x + y * y;
            // A base of nothing gives nothing; the logarithm wants a normal number.
            let nothing = squared < f64::MIN_POSITIVE;
            let size = 0.5 * self.exponent * elementary::ln(if nothing { 1.0 } else { squared });
            let size = if nothing { 0.0 } else { elementary::exp(size) };
            let (sin, cos) = sin_cos(self.exponent * angle(y, x));
            (*re, *im) = (size * cos, size * sin);
        }
    }
}

/// (re + i im)^exponent by the principal logarithm; the base lies in the right half plane or the exponent is whole.
fn power(re: f64, im: f64, exponent: f64) -> (f64, f64) {
    let squared = re * re + im * im;
    if squared == 0.0 {
        return (0.0, 0.0);
    }
    let size = libm::exp(0.5 * exponent * libm::log(squared));
    let angle = exponent * libm::atan2(im, re);
    (size * libm::cos(angle), size * libm::sin(angle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Frequency> {
        vec![
            Frequency::Poisson { mean: 3.5 },
            Frequency::Poisson { mean: 2_000.0 },
            Frequency::NegativeBinomial { mean: 10.0, size: 4.0 },
            Frequency::NegativeBinomial { mean: 0.2, size: 0.1 },
            Frequency::Binomial { trials: 12, probability: 0.3 },
            Frequency::Table(vec![0.2, 0.5, 0.0, 0.3]),
        ]
    }

    #[test]
    fn cumulative_probabilities_have_the_moments() {
        for frequency in all() {
            frequency.check().unwrap();
            let cumulative = frequency.cumulative();
            assert!((cumulative.last().unwrap() - 1.0).abs() < 1e-12, "{frequency:?}");
            // E[N] and E[N(N-1)] as sums of tails.
            let tail = |k: usize| 1.0 - cumulative[k];
            let mean: f64 = (0..cumulative.len()).map(tail).sum();
            let factorial: f64 = (0..cumulative.len()).map(|k| 2.0 * k as f64 * tail(k)).sum();
            assert!((mean / frequency.mean() - 1.0).abs() < 1e-10, "{frequency:?}: {mean}");
            let variance = factorial + mean - mean * mean;
            assert!((variance / frequency.variance() - 1.0).abs() < 1e-6, "{frequency:?}: {variance}");
        }
    }

    #[test]
    fn generating_functions_are_sums_of_powers() {
        for frequency in all() {
            let (x, y) = (0.6, -0.5);
            let mut spectrum = Spectrum { re: vec![x], im: vec![y] };
            frequency.generate(&mut spectrum);
            let cumulative = frequency.cumulative();
            let (mut power, mut sum, mut before) = (Complex::new(1.0, 0.0), Complex::default(), 0.0);
            for c in cumulative {
                sum = sum + power * (c - before);
                power = power * Complex::new(x, y);
                before = c;
            }
            assert!((sum - Complex::new(spectrum.re[0], spectrum.im[0])).abs() < 1e-12, "{frequency:?}");
        }
    }

    /// Wider registers than every processor has do not change a bit, and a base of nothing gives nothing.
    #[test]
    fn any_width_gives_the_same_bits() {
        let angles = (0..1000).map(|k| f64::from(k) * 0.1);
        let (re, im): (Vec<f64>, Vec<f64>) =
            angles.map(|a| (0.9 * libm::cos(a), 0.9 * libm::sin(a))).chain([(-1.0, 0.0)]).unzip();
        let spectrum = Spectrum { re, im };
        for (slope, exponent) in [(-2.5, -4.0), (0.3, 12.0), (0.5, 7.0)] {
            let (mut wide, mut narrow) = (spectrum.clone(), spectrum.clone());
            Width::Widest.run(Powers { z: &mut wide, slope, exponent });
            Width::Baseline.run(Powers { z: &mut narrow, slope, exponent });
            assert_eq!(wide, narrow);
            for ((x, y), (re, im)) in wide.re.iter().zip(&wide.im).zip(spectrum.re.iter().zip(&spectrum.im)) {
                let exact = power(1.0 + slope * (re - 1.0), slope * im, exponent);
                let size = libm::hypot(exact.0, exact.1);
                assert!(libm::hypot(x - exact.0, y - exact.1) <= 2e-15 * exponent.abs() * size, "{re} {im}");
            }
        }
        let (mut wide, mut narrow) = (spectrum.clone(), spectrum);
        Width::Widest.run(Exponentials { z: &mut wide, mean: 20.0 });
        Width::Baseline.run(Exponentials { z: &mut narrow, mean: 20.0 });
        assert_eq!(wide, narrow);
    }

    #[test]
    fn refuses_what_is_no_frequency() {
        assert!(Frequency::Poisson { mean: 0.0 }.check().is_err());
        assert!(Frequency::Poisson { mean: f64::NAN }.check().is_err());
        assert!(Frequency::Poisson { mean: 2e6 }.check().is_err());
        assert!(Frequency::NegativeBinomial { mean: 1.0, size: 0.0 }.check().is_err());
        assert!(Frequency::Binomial { trials: 3, probability: 1.0 }.check().is_err());
        assert!(Frequency::Table(vec![]).check().is_err());
        assert!(Frequency::Table(vec![0.5, 0.4]).check().is_err());
        assert!(Frequency::Table(vec![1.5, -0.5]).check().is_err());
    }
}
