//! What a market's source shows, in its own unit.

use seawall_engine::{MarketId, RATE_ONE, Reading};

/// A market's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside {
    /// Losses so far.
    pub counter: u128,
    /// Rate of the source's unit, in 1e-18.
    pub rate: u128,
    /// Bad debt it measures itself.
    pub latent: u128,
    /// Recovered on booked losses.
    pub recovered: u128,
    /// What lenders have supplied.
    pub supplied: u128,
    /// Most its destination takes in one payment.
    pub accepts: Option<u128>,
    /// The read fails.
    pub failing: bool,
    /// The counter shows one less than it was.
    pub falling: bool,
}

impl Outside {
    /// The source of a market before anything happened: every third counts in another unit.
    #[must_use]
    pub const fn of(market: u32) -> Self {
        Self {
            counter: market as u128,
            rate: if market % 3 == 2 { RATE_ONE + RATE_ONE / 7 } else { RATE_ONE },
            latent: 0,
            recovered: 0,
            supplied: 0,
            accepts: None,
            failing: false,
            falling: false,
        }
    }

    /// The counter as it is shown.
    #[must_use]
    pub fn shown(&self) -> u128 {
        self.counter.saturating_sub(u128::from(self.falling))
    }

    /// What a command reads.
    #[must_use]
    pub fn reading(&self, market: MarketId) -> Reading {
        Reading {
            market,
            counter: (!self.failing).then(|| self.shown()),
            rate: self.rate,
            latent: self.latent,
            recovered: self.recovered,
            supplied: self.supplied,
            accepts: self.accepts,
        }
    }
}
