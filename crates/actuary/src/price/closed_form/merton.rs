//! European options under Merton's jump diffusion: a series over the number of jumps.
//!
//! R. Merton, "Option pricing when underlying stock returns are discontinuous" (1976): given n jumps the log price is
//! normal, so the value is the Poisson average of Black-Scholes values. Rates are annual, times in years.

use crate::math::normal::cdf;
use crate::price::jumps::MertonJumps;

/// Value of a European put; `carry` is rate minus dividend yield. The series ends where the jumps left out are worth
/// less than 1e-13 of the strike.
///
/// NaN if spot, strike or time is not positive, or volatility or jumps are negative or not finite.
#[must_use]
pub fn put(
    spot: f64,
    strike: f64,
    rate: f64,
    carry: f64,
    volatility: f64,
    years: f64,
    jumps: &MertonJumps,
) -> f64 {
    let valid = spot > 0.0 && strike > 0.0 && years > 0.0 && volatility >= 0.0;
    let valid = valid && jumps.intensity >= 0.0 && jumps.intensity * years <= 500.0;
    let finite = [spot, strike, rate, carry, volatility, years, jumps.mean, jumps.deviation];
    if !valid || finite.iter().any(|value| !value.is_finite()) {
        return f64::NAN;
    }
    let growth = jumps.expected_growth(1.0);
    let mean_jumps = jumps.intensity * years;
    let jump_variance = jumps.deviation * jumps.deviation;
    // Log of the forward given no jump, and what each jump adds to it.
    let step = jumps.mean + 0.5 * jump_variance;
    let mut forward = spot * libm::exp(carry * years - mean_jumps * growth);
    let mut moneyness = libm::log(forward / strike);
    let factor = 1.0 + growth;
    let mut variance = volatility * volatility * years;
    let mut probability = libm::exp(-mean_jumps);
    let mut left = 1.0;
    let mut sum = 0.0;
    let mut n = 0.0;
    loop {
        let spread = variance.sqrt();
        let value = if spread > 0.0 {
            let d1 = moneyness / spread + 0.5 * spread;
            strike * cdf(spread - d1) - forward * cdf(-d1)
        } else {
            (strike - forward).max(0.0)
        };
        sum += probability * value;
        left -= probability;
        n += 1.0;
        // Past the mode the probabilities fall by at least this factor each.
        let ratio = mean_jumps / n;
        if ratio < 1.0 && (left < 1e-13 || probability * ratio < 1e-13 * (1.0 - ratio)) {
            break;
        }
        probability *= ratio;
        moneyness += step;
        forward *= factor;
        variance += jump_variance;
    }
    sum * libm::exp(-rate * years)
}

/// Value of a European call, by parity with [`put`].
#[must_use]
pub fn call(
    spot: f64,
    strike: f64,
    rate: f64,
    carry: f64,
    volatility: f64,
    years: f64,
    jumps: &MertonJumps,
) -> f64 {
    put(spot, strike, rate, carry, volatility, years, jumps) + spot * libm::exp((carry - rate) * years)
        - strike * libm::exp(-rate * years)
}
