//! Products in 256 bits, divided with a named rounding direction; fractions in millionths.

use ruint::aliases::U256;

/// One million: the denominator of every fraction in the rules (1e6, parts per million).
pub const MILLION: u128 = 1_000_000;

/// Which way a division rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

/// A result above 2^128 - 1, or a division by zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// `a x b / d` with the product in 256 bits.
///
/// # Errors
/// [`Overflow`] when `d` is zero or the quotient does not fit 128 bits.
#[inline]
pub fn mul_div(a: u128, b: u128, d: u128, rounding: Rounding) -> Result<u128, Overflow> {
    if d == 0 {
        return Err(Overflow);
    }
    // Most amounts are far below 2^64: one machine multiplication, and often one machine division.
    if (a | b) >> 64 == 0 {
        let product = a.wrapping_mul(b);
        let (quotient, exact) = match (u64::try_from(product), u64::try_from(d)) {
            (Ok(product), Ok(d)) => (u128::from(product / d), product.is_multiple_of(d)),
            _ => (product / d, product.is_multiple_of(d)),
        };
        return Ok(quotient + u128::from(rounding == Rounding::Up && !exact));
    }
    let (quotient, remainder) = (U256::from(a) * U256::from(b)).div_rem(U256::from(d));
    let quotient: u128 = quotient.try_into().map_err(|_| Overflow)?;
    match rounding {
        Rounding::Up if !remainder.is_zero() => quotient.checked_add(1).ok_or(Overflow),
        _ => Ok(quotient),
    }
}

/// `(a x b + c) / 2^64` and its remainder: the whole units and the fraction of a fixed-point stream.
///
/// # Errors
/// [`Overflow`] when the whole units do not fit 128 bits.
#[inline]
pub fn mul_shift_64(a: u128, b: u128, c: u128) -> Result<(u128, u64), Overflow> {
    // A rate below 2^94 over less than a century: the product stays below 2^126.
    if (a >> 94) | (b >> 32) | (c >> 126) == 0 {
        let sum = a.wrapping_mul(b).wrapping_add(c);
        #[allow(clippy::cast_possible_truncation, reason = "the low 64 bits are the fraction")]
        return Ok((sum >> 64, sum as u64));
    }
    if let Some(sum) = a.checked_mul(b).and_then(|product| product.checked_add(c)) {
        #[allow(clippy::cast_possible_truncation, reason = "the low 64 bits are the fraction")]
        return Ok((sum >> 64, sum as u64));
    }
    let sum = (U256::from(a) * U256::from(b)).checked_add(U256::from(c)).ok_or(Overflow)?;
    let fraction = sum.as_limbs()[0];
    let whole = u128::try_from(sum >> 64_usize).map_err(|_| Overflow)?;
    Ok((whole, fraction))
}

/// A fraction in millionths (1e6 = the whole).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Ppm(u32);

impl Ppm {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// A fraction of `millionths`/1e6; may exceed one (a multiple).
    #[must_use]
    pub const fn new(millionths: u32) -> Self {
        Self(millionths)
    }

    /// Millionths.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// What is missing to the whole; zero when this is the whole or more.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(1_000_000u32.saturating_sub(self.0))
    }

    /// True when this is at most the whole.
    #[must_use]
    pub const fn is_fraction(self) -> bool {
        self.0 <= 1_000_000
    }

    /// `x` times this fraction.
    ///
    /// # Errors
    /// [`Overflow`] when this is a multiple above one and the product does not fit.
    pub fn of(self, x: u128, rounding: Rounding) -> Result<u128, Overflow> {
        mul_div(x, u128::from(self.0), MILLION, rounding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_beyond_128_bits_divide_exactly() {
        let max = u128::MAX;
        assert_eq!(mul_div(max, max, max, Rounding::Down), Ok(max));
        assert_eq!(mul_div(max, max - 1, max, Rounding::Up), Ok(max - 1));
        assert_eq!(mul_div(max, 2, 1, Rounding::Down), Err(Overflow));
        assert_eq!(mul_div(1, 1, 0, Rounding::Down), Err(Overflow));
        // (2^128-1)(2^128-2) / (2^128-1 - 1) leaves no remainder; one more in the divisor does.
        assert_eq!(mul_div(max, max - 2, max - 1, Rounding::Down), Ok(max - 2));
        assert_eq!(mul_div(max, max - 2, max - 1, Rounding::Up), Ok(max - 1));
    }

    #[test]
    fn rounding_up_at_the_very_top_is_refused() {
        // floor = 2^128 - 1 with a remainder: rounding up does not fit.
        assert_eq!(mul_div(u128::MAX, 3, 3, Rounding::Up), Ok(u128::MAX));
        assert_eq!(mul_div(u128::MAX, 7, 6, Rounding::Up), Err(Overflow));
    }

    #[test]
    fn both_directions_agree_with_a_slow_division() {
        for a in 0..40u128 {
            for b in 0..40 {
                for d in 1..40 {
                    assert_eq!(mul_div(a, b, d, Rounding::Down), Ok(a * b / d));
                    assert_eq!(mul_div(a, b, d, Rounding::Up), Ok((a * b).div_ceil(d)));
                }
            }
        }
    }

    #[test]
    fn streams_split_into_whole_units_and_a_fraction() {
        assert_eq!(mul_shift_64(1 << 64, 3, 5), Ok((3, 5)));
        assert_eq!(mul_shift_64(u128::MAX, 1 << 63, 0), Ok((u128::MAX >> 1, 1 << 63)));
        assert_eq!(mul_shift_64(u128::MAX, u128::MAX, 0), Err(Overflow));
    }

    #[test]
    fn fractions_of_the_largest_amount() {
        assert_eq!(Ppm::ONE.of(u128::MAX, Rounding::Up), Ok(u128::MAX));
        assert_eq!(Ppm::new(1).of(1, Rounding::Up), Ok(1));
        assert_eq!(Ppm::new(1).of(1, Rounding::Down), Ok(0));
        assert_eq!(Ppm::new(2_000_000).of(u128::MAX, Rounding::Down), Err(Overflow));
        assert_eq!(Ppm::new(2_000_000).complement(), Ppm::ZERO);
    }
}
