//! Bad debt of one loan when a jump carries the price past its liquidation threshold, and when liquidation is late.
//!
//! `threshold` is the liquidation threshold LT (debt over collateral value at which a loan is liquidated), `slip`
//! the share s of the price that a forced sale loses. Results are per unit of debt.

use super::kou::LogKou;
use crate::math::normal;

/// Expected bad debt per unit of debt, given that a downward jump crossed the threshold: its overshoot in log
/// price is exponential with rate `down_rate`, the collateral is sold at 1 - `slip`.
///
/// (LT / (1-s))^eta / (1 + eta) while LT <= 1 - s, otherwise 1 - ((1-s) / LT) eta / (eta + 1).
#[must_use]
pub fn loss_given_jump(threshold: f64, slip: f64, down_rate: f64) -> f64 {
    // Collateral over debt right at the threshold, after slippage.
    let cover = (1.0 - slip) / threshold;
    if cover >= 1.0 {
        libm::exp(-down_rate * libm::log(cover)) / (1.0 + down_rate)
    } else {
        1.0 - cover * down_rate / (down_rate + 1.0)
    }
}

/// Expected bad debt per unit of debt when the loan is sold `years` after it crossed its threshold: a put on the
/// collateral with spot (1-s) / LT and strike 1, driftless.
#[must_use]
pub fn loss_of_delay(threshold: f64, slip: f64, volatility: f64, years: f64) -> f64 {
    let cover = (1.0 - slip) / threshold;
    let spread = volatility * years.sqrt();
    if spread == 0.0 {
        return (1.0 - cover).max(0.0);
    }
    let d = libm::log(cover) / spread + 0.5 * spread;
    normal::cdf(spread - d) - cover * normal::cdf(-d)
}

/// Expected bad debt per unit of debt of one loan over `years` with liquidators of infinite depth and no delay:
/// the probability that its first passage is a jump, times [`loss_given_jump`].
///
/// Exact for LT <= 1 - s, where passage by diffusion costs nothing. `None` where [`LogKou::passage`] is.
#[must_use]
pub fn expected_loss(process: &LogKou, ltv: f64, threshold: f64, slip: f64, years: f64) -> Option<f64> {
    let distance = libm::log(threshold / ltv);
    let passage = process.passage(distance, years)?;
    Some(passage.by_jump * loss_given_jump(threshold, slip, process.down_rate))
}
