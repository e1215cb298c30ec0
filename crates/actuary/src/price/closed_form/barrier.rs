//! Options that begin or end when a barrier watched all the time is touched, and bets on the touch itself.
//!
//! M. Rubinstein, E. Reiner, "Breaking down the barriers" and "Unscrambling the binary code" (1991), in the notation
//! of E. Haug, "The complete guide to option pricing formulas", 2nd edition, 4.17 and 4.19. The price is lognormal,
//! `carry` is rate minus dividend yield, rates are annual, times in years.

use crate::math::normal::cdf;

/// The market an option is valued in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Market {
    /// Price now.
    pub spot: f64,
    /// Annual interest rate.
    pub rate: f64,
    /// Rate minus dividend yield.
    pub carry: f64,
    /// Annual volatility, above 0.
    pub volatility: f64,
}

/// Right to buy or to sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To buy.
    Call,
    /// To sell.
    Put,
}

/// Whether the touch begins the option or ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    /// Begins it; a rebate is paid at expiry if it was never touched.
    In,
    /// Ends it; a rebate is paid at the touch.
    Out,
}

/// When a bet on the barrier pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// At the touch.
    AtHit,
    /// At expiry, if it was touched.
    AtExpiryIfHit,
    /// At expiry, if it was not touched.
    AtExpiryIfNotHit,
}

/// A barrier option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contract {
    /// Call or put.
    pub right: Right,
    /// In or out.
    pub knock: Knock,
    /// Strike.
    pub strike: f64,
    /// Barrier: below the price it is a down option, above an up option.
    pub barrier: f64,
    /// Cash rebate.
    pub rebate: f64,
    /// Time to expiry.
    pub years: f64,
}

/// Value of a barrier option. At the barrier itself: as touched.
#[must_use]
pub fn option(market: &Market, contract: &Contract) -> f64 {
    let Contract { right, knock, strike, barrier, rebate, years } = *contract;
    let phi = if right == Right::Call { 1.0 } else { -1.0 };
    let t = Terms::new(market, barrier, years);
    if market.spot == barrier {
        return match knock {
            Knock::In => t.vanilla(phi, strike, strike),
            Knock::Out => rebate,
        };
    }
    let a = t.vanilla(phi, strike, strike);
    let b = t.vanilla(phi, strike, barrier);
    let c = t.image(phi, strike, strike);
    let d = t.image(phi, strike, barrier);
    // The value of the option that is born at the touch.
    let beyond = (strike >= barrier) == (t.eta > 0.0);
    let born = match (right == Right::Call, t.eta > 0.0, beyond) {
        // Down call struck above the barrier, up put struck below it: the image alone.
        (true, true, true) | (false, false, true) => c,
        (true, true, false) | (false, false, false) => a - b + d,
        // Down put struck above the barrier, up call struck below it.
        (false, true, true) | (true, false, true) => b - c + d,
        (false, true, false) | (true, false, false) => a,
    };
    match knock {
        Knock::In => born + rebate * t.unhit_at_expiry(),
        Knock::Out => a - born + rebate * t.at_hit(),
    }
}

/// Value of a bet that pays `cash` on the touch of `barrier` or its absence.
#[must_use]
pub fn touch(market: &Market, barrier: f64, years: f64, cash: f64, pays: Touch) -> f64 {
    let t = Terms::new(market, barrier, years);
    let hit = market.spot == barrier;
    let discounted = libm::exp(-market.rate * years);
    cash * match pays {
        Touch::AtHit if hit => 1.0,
        Touch::AtHit => t.at_hit(),
        Touch::AtExpiryIfHit if hit => discounted,
        Touch::AtExpiryIfHit => discounted - t.unhit_at_expiry(),
        Touch::AtExpiryIfNotHit if hit => 0.0,
        Touch::AtExpiryIfNotHit => t.unhit_at_expiry(),
    }
}

/// What all the formulas share.
struct Terms {
    market: Market,
    years: f64,
    /// Log of barrier over spot.
    log_ratio: f64,
    spread: f64,
    mu: f64,
    /// +1 for a barrier below the price, -1 above.
    eta: f64,
}

impl Terms {
    fn new(market: &Market, barrier: f64, years: f64) -> Self {
        let variance = market.volatility * market.volatility;
        Self {
            market: *market,
            years,
            log_ratio: libm::log(barrier / market.spot),
            spread: market.volatility * years.sqrt(),
            mu: market.carry / variance - 0.5,
            eta: if barrier < market.spot { 1.0 } else { -1.0 },
        }
    }

    fn growth(&self) -> f64 {
        libm::exp((self.market.carry - self.market.rate) * self.years)
    }

    fn discount(&self) -> f64 {
        libm::exp(-self.market.rate * self.years)
    }

    /// Haug's A (level = strike) and B (level = barrier).
    fn vanilla(&self, phi: f64, strike: f64, level: f64) -> f64 {
        let x = libm::log(self.market.spot / level) / self.spread + (1.0 + self.mu) * self.spread;
        phi * self.market.spot * self.growth() * cdf(phi * x)
            - phi * strike * self.discount() * cdf(phi * (x - self.spread))
    }

    /// Haug's C (level = strike) and D (level = barrier).
    fn image(&self, phi: f64, strike: f64, level: f64) -> f64 {
        let log_image = 2.0 * self.log_ratio + libm::log(self.market.spot / level);
        let y = log_image / self.spread + (1.0 + self.mu) * self.spread;
        let power = |exponent: f64| libm::exp(exponent * self.log_ratio);
        phi * self.market.spot * self.growth() * power(2.0 * (self.mu + 1.0)) * cdf(self.eta * y)
            - phi * strike * self.discount() * power(2.0 * self.mu) * cdf(self.eta * (y - self.spread))
    }

    /// Haug's E for a rebate of 1: paid at expiry unless touched.
    fn unhit_at_expiry(&self) -> f64 {
        let x = -self.log_ratio / self.spread + self.mu * self.spread;
        let y = self.log_ratio / self.spread + self.mu * self.spread;
        let power = libm::exp(2.0 * self.mu * self.log_ratio);
        self.discount() * (cdf(self.eta * x) - power * cdf(self.eta * y))
    }

    /// Haug's F for a rebate of 1: paid at the touch.
    fn at_hit(&self) -> f64 {
        let variance = self.market.volatility * self.market.volatility;
        let lambda = (self.mu * self.mu + 2.0 * self.market.rate / variance).max(0.0).sqrt();
        let z = self.log_ratio / self.spread + lambda * self.spread;
        let power = |exponent: f64| libm::exp(exponent * self.log_ratio);
        power(self.mu + lambda) * cdf(self.eta * z)
            + power(self.mu - lambda) * cdf(self.eta * (z - 2.0 * lambda * self.spread))
    }
}
