//! First passage of a geometric Brownian motion (Black and Cox 1976), and the option values built on it.
//!
//! Volatilities and rates are annual, times in years.

use crate::math::normal::cdf;

/// Probability that a price starting at 1 with log drift `log_drift` (mu - sigma^2 / 2) touches `barrier` < 1 before
/// `years`. 1 when the barrier is not below the price; for a volatility of zero the deterministic answer.
#[must_use]
pub fn first_passage(barrier: f64, log_drift: f64, volatility: f64, years: f64) -> f64 {
    if barrier >= 1.0 {
        return 1.0;
    }
    let x = libm::log(barrier);
    let spread = volatility * years.sqrt();
    if spread == 0.0 {
        return if log_drift * years <= x { 1.0 } else { 0.0 };
    }
    let drift = log_drift * years;
    let reflected = cdf((x + drift) / spread);
    // The factor may overflow where the reflected part vanishes: a product of 0 and infinity is 0 here.
    let image = if reflected == 0.0 {
        0.0
    } else {
        libm::exp(2.0 * log_drift * x / (volatility * volatility)) * reflected
    };
    cdf((x - drift) / spread) + image
}

/// Value of a European call: `carry` is rate minus dividend yield.
#[must_use]
pub fn call(spot: f64, strike: f64, rate: f64, carry: f64, volatility: f64, years: f64) -> f64 {
    let spread = volatility * years.sqrt();
    let d1 = (libm::log(spot / strike) + carry * years) / spread + 0.5 * spread;
    spot * libm::exp((carry - rate) * years) * cdf(d1) - strike * libm::exp(-rate * years) * cdf(d1 - spread)
}

/// Value of a European put, from the call by parity in a form that keeps small values accurate.
#[must_use]
pub fn put(spot: f64, strike: f64, rate: f64, carry: f64, volatility: f64, years: f64) -> f64 {
    let spread = volatility * years.sqrt();
    let d1 = (libm::log(spot / strike) + carry * years) / spread + 0.5 * spread;
    strike * libm::exp(-rate * years) * cdf(spread - d1) - spot * libm::exp((carry - rate) * years) * cdf(-d1)
}

/// Value of a down-and-out call without rebate whose barrier is watched all the time and lies at or below the
/// strike (Reiner and Rubinstein 1991). 0 when the barrier is not below the spot.
#[must_use]
pub fn down_out_call(
    spot: f64,
    strike: f64,
    barrier: f64,
    rate: f64,
    carry: f64,
    volatility: f64,
    years: f64,
) -> f64 {
    if barrier >= spot {
        return 0.0;
    }
    let variance = volatility * volatility;
    let power = libm::exp((2.0 * carry / variance - 1.0) * libm::log(barrier / spot));
    let image = call(barrier * barrier / spot, strike, rate, carry, volatility, years);
    call(spot, strike, rate, carry, volatility, years) - power * image
}

/// The barrier that, watched all the time, gives nearly the value of `barrier` watched on `dates` equally spaced
/// dates (Broadie, Glasserman, Kou 1997): lower by e^(-0.5826 sigma sqrt(T / dates)).
#[must_use]
pub fn barrier_watched_on_dates(barrier: f64, volatility: f64, years: f64, dates: f64) -> f64 {
    // -zeta(1/2) / sqrt(2 pi)
    const SHIFT: f64 = 0.582_597_157_939_010_6;
    barrier * libm::exp(-SHIFT * volatility * (years / dates).sqrt())
}
