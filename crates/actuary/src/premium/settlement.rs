//! The border between floating point and the settlement engine: amounts as integer token units.
//!
//! Premium is rounded up, capacities and limits are rounded down, as in the engine. An amount that lies within
//! floating point's resolution above a whole unit still becomes the next unit: a premium is never understated.

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
    let scaled = round(amount * scale);
    const TWO_POW_128: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;
    if scaled >= TWO_POW_128 {
        return Err(SettlementError::TooLarge { amount, decimals });
    }
    Ok(scaled as u128)
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
