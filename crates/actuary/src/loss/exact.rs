//! Sums that come out the same to the bit in whatever order and grouping their terms are added.
//!
//! Floating-point addition is not associative; integer addition is. A term is rounded once, to a multiple of
//! 2^-88 (half away from zero), and from there on everything is exact in 128 bits. Terms are dimensionless:
//! who adds amounts divides them by a power of two near their largest value first ([`power_of_two_above`]),
//! which loses nothing. A sum that leaves the range of 2^39 = 5.5e11 is an error, never a wrapped number:
//! with terms of at most one that is as many terms.
//!
//! The error of a sum of n terms is at most n 2^-89 = n 1.6e-27 absolute; converted to floating point it is
//! rounded once more, by at most 1.1e-16 relative.

/// Bits after the point.
const FRACTION_BITS: i32 = 88;

/// 2^-88, the unit of a sum.
const UNIT: f64 = f64::from_bits(((1023 - FRACTION_BITS) as u64) << 52);

/// A term or a sum outside the range of an [`ExactSum`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} does not fit into a sum of at most 2^39")]
pub struct SumOverflow(pub f64);

/// A sum that does not depend on the order of its terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExactSum(i128);

impl ExactSum {
    /// The empty sum.
    pub const ZERO: Self = Self(0);

    /// A sum of one term.
    ///
    /// # Errors
    /// A term that is not finite or not below 2^38.
    // Some thirty sums a market and path: a call that returns through memory would cost more than the sum.
    #[inline(always)]
    pub fn of(term: f64) -> Result<Self, SumOverflow> {
        const MANTISSA: u64 = (1 << 52) - 1;
        let bits = term.to_bits();
        let exponent = ((bits >> 52) & 0x7FF) as i32;
        // Powers of the lowest mantissa bit, in units of the sum. Zero and subnormal numbers are far below one.
        let shift = exponent - (1023 + 52) + FRACTION_BITS;
        let mantissa = i128::from(bits & MANTISSA | 1 << 52);
        let magnitude = if shift >= 0 {
            // 53 bits shifted by at most 73 stay below 2^126; infinite and NaN have the largest exponent.
            if shift > 73 {
                return Err(SumOverflow(term));
            }
            mantissa << shift
        } else if shift >= -53 {
            // At most 53 bits, where shifting is quick.
            let mantissa = mantissa as i64;
            i128::from((mantissa + (1 << (-shift - 1))) >> -shift)
        } else {
            0
        };
        let sign = -i128::from(bits >> 63);
        Ok(Self((magnitude ^ sign) - sign))
    }

    /// Adds a term.
    ///
    /// # Errors
    /// A term that is not finite or not below 2^38, a sum that leaves the range; the sum is then unchanged.
    #[inline(always)]
    pub fn add(&mut self, term: f64) -> Result<(), SumOverflow> {
        self.merge(Self::of(term)?)
    }

    /// Adds another sum.
    ///
    /// # Errors
    /// A sum that leaves the range; it is then unchanged.
    #[inline(always)]
    pub fn merge(&mut self, other: Self) -> Result<(), SumOverflow> {
        match self.0.checked_add(other.0) {
            Some(sum) => {
                self.0 = sum;
                Ok(())
            }
            None => Err(SumOverflow(self.value() + other.value())),
        }
    }

    /// The sum as the nearest floating-point number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0 as f64 * UNIT
    }

    /// The sum in units of 2^-88.
    #[must_use]
    pub fn units(self) -> i128 {
        self.0
    }

    /// A sum of so many units of 2^-88.
    #[must_use]
    pub fn from_units(units: i128) -> Self {
        Self(units)
    }
}

/// Parts of an accumulator that are nothing but exact sums, in a fixed order: merging, writing and reading them
/// is the same for all.
pub(crate) trait Sums {
    /// All sums.
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>);

    /// All sums, in the same order.
    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>);
}

/// Adds sum to sum of two lists in the same order.
pub(crate) fn merge_all(into: Vec<&mut [ExactSum]>, from: Vec<&[ExactSum]>) -> Result<(), SumOverflow> {
    for (into, from) in into.into_iter().zip(from) {
        for (into, from) in into.iter_mut().zip(from) {
            into.merge(*from)?;
        }
    }
    Ok(())
}

/// The smallest power of two that is at least `amount`, for a positive finite amount; 1 for anything else.
/// Dividing by it loses nothing.
#[must_use]
pub fn power_of_two_above(amount: f64) -> f64 {
    if !(amount > 0.0 && amount.is_finite()) {
        return 1.0;
    }
    let (fraction, exponent) = libm::frexp(amount);
    libm::scalbn(1.0, if fraction == 0.5 { exponent - 1 } else { exponent })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{loss::statistics::sum, random::Stream};

    /// Terms over twelve decades, both signs.
    fn terms(seed: u64, count: usize, negative: f64) -> Vec<f64> {
        let mut random = Stream::new(seed, 0, 0);
        (0..count)
            .map(|_| {
                let size = libm::exp(-28.0 * random.uniform());
                if random.uniform() < negative { -size } else { size }
            })
            .collect()
    }

    fn sum_of(terms: &[f64]) -> ExactSum {
        terms.iter().fold(ExactSum::ZERO, |mut sum, &term| {
            sum.add(term).unwrap();
            sum
        })
    }

    #[test]
    fn any_order_and_any_grouping_gives_the_same_bits() {
        for seed in 0..50 {
            let mut terms = terms(seed, 2000, 0.3);
            let one_run = sum_of(&terms);
            let mut random = Stream::new(seed, 1, 0);
            for i in (1..terms.len()).rev() {
                terms.swap(i, (random.next_word() % (i as u64 + 1)) as usize);
            }
            // Parts of random length, merged from the last to the first.
            let (mut parts, mut rest) = (Vec::new(), terms.as_slice());
            while !rest.is_empty() {
                let (part, left) = rest.split_at((1 + random.next_word() as usize % 400).min(rest.len()));
                parts.push(sum_of(part));
                rest = left;
            }
            let merged = parts.iter().rev().fold(ExactSum::ZERO, |mut sum, part| {
                sum.merge(*part).unwrap();
                sum
            });
            assert_eq!(merged, one_run, "seed {seed}");
            assert_eq!(merged.value().to_bits(), one_run.value().to_bits());
        }
    }

    #[test]
    fn agrees_with_a_compensated_sum() {
        for seed in 0..20 {
            let terms = terms(seed, 100_000, 0.0);
            let (exact, compensated) = (sum_of(&terms).value(), sum(terms.iter().copied()));
            assert!((exact - compensated).abs() <= 1e-15 * compensated, "{exact} {compensated}");
        }
    }

    #[test]
    fn terms_are_rounded_once_and_half_away_from_zero() {
        for (units, expected) in [(0.5, 1), (0.499, 0), (1.5, 2), (-0.5, -1), (-2.4, -2), (3.0, 3)] {
            assert_eq!(ExactSum::of(units * UNIT).unwrap().units(), expected, "{units}");
        }
        assert_eq!(ExactSum::of(f64::MIN_POSITIVE / 4.0).unwrap(), ExactSum::ZERO);
        assert_eq!(ExactSum::of(-0.0).unwrap(), ExactSum::ZERO);
        for value in [1.0, 0.1, 1.0 / 3.0, 7e10, -2.5e-9] {
            let found = ExactSum::of(value).unwrap().value();
            assert!((found - value).abs() <= UNIT, "{found} {value}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        for term in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 274_877_906_944.0, -1e300] {
            assert!(ExactSum::of(term).is_err(), "{term}");
        }
        let mut sum = ExactSum::of(2e11).unwrap();
        sum.add(2e11).unwrap();
        let before = sum;
        assert_eq!(sum.add(2e11), Err(SumOverflow(6e11)));
        assert_eq!(sum, before);
    }

    #[test]
    fn powers_of_two_are_the_next_above() {
        for (amount, expected) in
            [(1.0, 1.0), (1.1, 2.0), (1024.0, 1024.0), (1e9, 1_073_741_824.0), (0.3, 0.5)]
        {
            assert_eq!(power_of_two_above(amount), expected);
        }
        assert_eq!((power_of_two_above(0.0), power_of_two_above(f64::NAN)), (1.0, 1.0));
    }
}
