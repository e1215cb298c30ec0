//! The option to exchange one asset for another: what a pair of assets is worth to whoever may choose.

use super::black_cox;

/// Value of the right to receive asset 1 for asset 2 after `years` (W. Margrabe, "The
/// value of an option to exchange one asset for another", 1978). Prices are lognormal with correlation; yields and
/// volatilities are annual. The interest rate cancels.
#[must_use]
pub fn exchange(asset_1: Leg, asset_2: Leg, correlation: f64, years: f64) -> f64 {
    let (v1, v2) = (asset_1.volatility, asset_2.volatility);
    let volatility = (v1 * v1 + v2 * v2 - 2.0 * correlation * v1 * v2).max(0.0).sqrt();
    // A call on asset 1 struck at asset 2, in whose units the rate is its yield.
    let carry = asset_2.dividend_yield - asset_1.dividend_yield;
    black_cox::call(asset_1.value, asset_2.value, asset_2.dividend_yield, carry, volatility, years)
}

/// One side of an exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Price times quantity.
    pub value: f64,
    /// Annual dividend yield.
    pub dividend_yield: f64,
    /// Annual volatility.
    pub volatility: f64,
}
