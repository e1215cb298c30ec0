//! The traffic light of the Basel Committee (Supervisory framework for the use of backtesting, 1996): the number
//! of exceedances by how probable fewer or as many are if the model is right. Below 95 % it is green, from 99.99 %
//! red; with 250 days at 99 % that is green to 4, yellow 5 to 9, red from 10.

use super::{BacktestError, inside};
use crate::math::incomplete::beta_lower;

/// Colour of a back-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Light {
    /// As many exceedances as a right model makes.
    Green,
    /// More than a right model should make.
    Yellow,
    /// A right model hardly makes so many.
    Red,
}

/// Light for `exceedances` in `periods` where a share `probability` is expected.
///
/// # Errors
/// No period, more exceedances than periods, a probability outside (0, 1).
pub fn traffic_light(exceedances: u32, periods: u32, probability: f64) -> Result<Light, BacktestError> {
    inside(probability)?;
    if periods == 0 || exceedances > periods {
        return Err(BacktestError::Count { exceedances, periods });
    }
    let (hits, n) = (f64::from(exceedances), f64::from(periods));
    // P(at most `hits`) of the binomial distribution.
    let up_to =
        if exceedances == periods { 1.0 } else { beta_lower(n - hits, hits + 1.0, 1.0 - probability) };
    Ok(if up_to < 0.95 {
        Light::Green
    } else if up_to < 0.9999 {
        Light::Yellow
    } else {
        Light::Red
    })
}
