//! The border between floating point and the settlement engine: amounts as integer token units.
//!
//! Premium is rounded up, capacities and limits are rounded down, as in the engine. Rounding is exact: it acts on
//! the product of the amount and the power of ten, not on its floating-point approximation.

/// Largest number of decimals of a token; 10^22 is the last power of ten that is exact in binary.
const DECIMALS_MAX: u8 = 22;

/// Why an amount is no amount of token units.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettlementError {
    /// The amount is negative, infinite or not a number.
    #[error("amount {0} is not finite and non-negative")]
    Amount(f64),
    /// More decimals than can be represented.
    #[error("{decimals} decimals are more than {limit}")]
    Decimals {
        /// Decimals given.
        decimals: u8,
        /// Largest number.
        limit: u8,
    },
    /// The amount is 2^128 units or more.
    #[error("amount {amount} with {decimals} decimals does not fit into 128 bits")]
    TooLarge {
        /// The amount in tokens.
        amount: f64,
        /// Decimals of the token.
        decimals: u8,
    },
}

/// A premium in tokens as token units, rounded up.
///
/// # Errors
/// An amount that is negative, not finite, or 2^128 units or more; more than 22 decimals.
pub fn premium_units(amount: f64, decimals: u8) -> Result<u128, SettlementError> {
    units(amount, decimals, libm::ceil)
}

/// An amount in tokens as token units, rounded down: limits, charges a seller offers, layer sizes.
///
/// # Errors
/// As for [`premium_units`].
pub fn units_down(amount: f64, decimals: u8) -> Result<u128, SettlementError> {
    units(amount, decimals, libm::floor)
}

fn units(amount: f64, decimals: u8, round: fn(f64) -> f64) -> Result<u128, SettlementError> {
    if !(amount >= 0.0 && amount.is_finite()) {
        return Err(SettlementError::Amount(amount));
    }
    if decimals > DECIMALS_MAX {
        return Err(SettlementError::Decimals { decimals, limit: DECIMALS_MAX });
    }
    let scale = (0..decimals).fold(1.0, |scale, _| scale * 10.0);
    let product = amount * scale;
    const TWO_POW_128: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;
    let too_large = SettlementError::TooLarge { amount, decimals };
    if product >= TWO_POW_128 {
        return Err(too_large);
    }
    if libm::floor(product) != product {
        // Where fractions can be represented whole numbers can, so that the rounded product has not crossed one.
        return Ok(round(product) as u128);
    }
    let remainder = round(libm::fma(amount, scale, -product));
    (product as u128).checked_add_signed(remainder as i128).ok_or(too_large)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn premium_rounds_up_and_limits_down() {
        assert_eq!(premium_units(1.000_000_1, 6), Ok(1_000_001));
        assert_eq!(units_down(1.000_000_9, 6), Ok(1_000_000));
        assert_eq!(premium_units(2.5, 0), Ok(3));
        assert_eq!(premium_units(0.0, 18), Ok(0));
        assert_eq!(premium_units(5e-324, 18), Ok(1));
        assert_eq!(premium_units(1.0, 18), Ok(1_000_000_000_000_000_000));
    }

    /// Against exact integers: amount = mantissa x 2^-exponent, units = mantissa x 10^decimals / 2^exponent.
    #[test]
    fn rounding_is_exact() {
        let mut random = crate::random::Stream::new(5, 0, 0);
        let mut corrected = 0;
        for _ in 0..200_000 {
            let mantissa = u128::from(random.next_word() >> 11 | 1 << 52);
            let exponent = 20 + (random.next_word() % 40) as u32;
            let decimals = (random.next_word() % 19) as u8;
            let amount = mantissa as f64 / (1_u64 << exponent) as f64;
            let numerator = mantissa * 10_u128.pow(decimals.into());
            let (down, up) = (numerator >> exponent, numerator.div_ceil(1 << exponent));
            assert_eq!(units_down(amount, decimals), Ok(down), "{amount} {decimals}");
            assert_eq!(premium_units(amount, decimals), Ok(up), "{amount} {decimals}");
            let scale = 10_u128.pow(decimals.into()) as f64;
            corrected += u32::from(libm::ceil(amount * scale) as u128 != up);
        }
        assert!(corrected > 1000, "only {corrected} cases need the exact product");
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for amount in [-1e-9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(matches!(premium_units(amount, 6), Err(SettlementError::Amount(_))));
        }
        assert!(matches!(premium_units(1.0, 23), Err(SettlementError::Decimals { decimals: 23, limit: 22 })));
        assert!(matches!(premium_units(4e20, 18), Err(SettlementError::TooLarge { .. })));
        assert!(premium_units(3e20, 18).is_ok());
    }
}
