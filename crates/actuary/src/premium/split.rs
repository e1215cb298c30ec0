//! The fair split of a premium between the layers that bear the risk: in proportion to each layer's expected
//! loss plus the cost of the capital allocated to it, `EL + iota a`.
//!
//! Units: shares of one; in integers, token units.

use super::breakdown::{PremiumError, non_negative};

/// Millionths of a whole.
const MILLIONTHS: u32 = 1_000_000;

/// Shares of the layers in a premium, `(EL_l + iota a_l) / sum`. `layers` holds (expected loss, allocated
/// capital) a layer from the reserve upwards, `iota` the cost of capital over the period of the expected loss.
/// Where no layer bears a risk, the reserve takes all. The shares add up to one.
///
/// # Errors
/// No layer, or an amount or rate that is negative or not finite.
pub fn fair_split(layers: &[(f64, f64)], iota: f64) -> Result<Vec<f64>, PremiumError> {
    if layers.is_empty() {
        return Err(PremiumError::Layers { name: "risks", found: 0, expected: 1 });
    }
    non_negative("cost of capital", iota)?;
    for &(expected_loss, capital) in layers {
        non_negative("expected loss", expected_loss)?;
        non_negative("capital", capital)?;
    }
    let weights: Vec<f64> = layers.iter().map(|(loss, capital)| loss + iota * capital).collect();
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return Ok((0..layers.len()).map(|l| if l == 0 { 1.0 } else { 0.0 }).collect());
    }
    Ok(weights.into_iter().map(|weight| weight / total).collect())
}

/// A premium in token units by layer: shares in millionths and amounts both rounded down for the tranches, the
/// remainders to the reserve (layer 0), as in the settlement engine. The parts add up to the premium.
///
/// # Errors
/// No share, a share outside [0, 1], or shares that together exceed one.
pub fn split_units(premium: u128, shares: &[f64]) -> Result<Vec<u128>, PremiumError> {
    let Some(above) = shares.get(1..) else {
        return Err(PremiumError::Layers { name: "shares", found: 0, expected: 1 });
    };
    let whole = u128::from(MILLIONTHS);
    let (mut parts, mut left) = (vec![0], whole);
    for &share in above {
        if !(0.0..=1.0).contains(&share) {
            return Err(PremiumError::Parameter { name: "share", value: share });
        }
        let millionths = libm::floor(share * f64::from(MILLIONTHS)) as u128;
        left = left
            .checked_sub(millionths)
            .ok_or(PremiumError::Parameter { name: "sum of shares before this one", value: share })?;
        parts.push(premium / whole * millionths + premium % whole * millionths / whole);
    }
    parts[0] = premium - parts.iter().sum::<u128>();
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_expected_loss_and_cost_of_capital() {
        let shares = fair_split(&[(10.0, 20.0), (5.0, 50.0), (1.0, 80.0)], 0.1).unwrap();
        assert_eq!(shares, [12.0 / 31.0, 10.0 / 31.0, 9.0 / 31.0]);
        assert_eq!(fair_split(&[(0.0, 0.0), (0.0, 0.0)], 0.1).unwrap(), [1.0, 0.0]);
        assert!(fair_split(&[], 0.1).is_err());
        assert!(fair_split(&[(f64::NAN, 0.0)], 0.1).is_err());
    }

    #[test]
    fn units_add_up_and_the_reserve_takes_the_remainder() {
        for premium in [0, 1, 7, 999_999, 1_000_001, u128::MAX] {
            let parts = split_units(premium, &[0.4, 1.0 / 3.0, 4.0 / 15.0]).unwrap();
            assert_eq!(parts.iter().sum::<u128>(), premium);
        }
        assert_eq!(split_units(10, &[0.5, 0.25, 0.25]).unwrap(), [6, 2, 2]);
        assert!(split_units(10, &[0.0, 0.7, 0.7]).is_err());
        assert!(split_units(10, &[]).is_err());
    }
}
