//! Where losses are read (4.1, 4.2, 1.1): counters that only rise, wrapper rates, readings.

use seawall_fixed::{Overflow, Ppm, Rounding, Seconds, epoch_of, mul_div};

use crate::id::{Digest, MarketId};

/// A rate of one, in 1e-18 settlement units per source unit.
pub const RATE_ONE: u128 = 1_000_000_000_000_000_000;

/// Who reads a market's losses; pinned while a policy, its run-off or a set-aside claim exists (3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Source {
    /// A ledger without a chain: an authorised reporter posts readings with evidence.
    Reported,
    /// An adapter: every command carries its reading.
    Adapter {
        /// Digest of the adapter's address and code.
        code: Digest,
        /// Set when the source counts in another unit than the pool: the bound of its rate (1.1).
        conversion: Option<RateBound>,
    },
}

/// How far the rate of a wrapper may move an epoch (1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RateBound {
    /// Rate at purchase, in 1e-18 settlement units per source unit.
    pub initial: u128,
    /// Largest relative step an epoch.
    pub step: Ppm,
}

/// One market's reading, an input of a command (4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reading {
    /// Which market.
    pub market: MarketId,
    /// The loss counter, in the source's unit; none when the read failed.
    pub counter: Option<u128>,
    /// Rate of the source's unit, in 1e-18; one where the source counts in the pool's unit.
    pub rate: u128,
    /// Bad debt that the adapter itself measures and that is not in the counter yet.
    pub latent: u128,
    /// What the source recovered on booked losses so far, in the pool's unit.
    pub recovered: u128,
    /// What lenders have supplied, for the haircut (4.6); zero when unknown.
    pub supplied: u128,
    /// Most the destination accepts now (4.5); none when it takes everything.
    pub accepts: Option<u128>,
}

impl Reading {
    /// A plain reading of a counter in the pool's unit.
    #[must_use]
    pub const fn of(market: MarketId, counter: u128) -> Self {
        Self {
            market,
            counter: Some(counter),
            rate: RATE_ONE,
            latent: 0,
            recovered: 0,
            supplied: 0,
            accepts: None,
        }
    }

    /// A read that failed.
    #[must_use]
    pub const fn failed(market: MarketId) -> Self {
        let mut reading = Self::of(market, 0);
        reading.counter = None;
        reading
    }
}

/// The counter an adapter keeps over a source that shows a level (4.1): it only rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LevelCounter {
    /// Losses seen so far.
    pub cum: u128,
    /// Level at the last poke or payment.
    pub last: u128,
}

impl LevelCounter {
    /// Takes a new level: a rise is a loss, a fall is not a gain.
    ///
    /// # Errors
    /// [`Overflow`] above 2^128 - 1.
    pub fn poke(&mut self, level: u128) -> Result<u128, Overflow> {
        self.cum = self.cum.checked_add(level.saturating_sub(self.last)).ok_or(Overflow)?;
        self.last = level;
        Ok(self.cum)
    }

    /// After a payment by the pool in the same call: the level it left behind is no new loss.
    pub fn paid(&mut self, level: u128) {
        self.last = level;
    }
}

/// State of a converted counter (1.1): each increase is converted once, when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Converted {
    /// Counter of the source at the last reading, in its unit.
    pub source: u128,
    /// Rate used last, in 1e-18.
    pub rate: u128,
    /// When it was used.
    pub at: Seconds,
}

impl Converted {
    /// The increase since the last reading in the pool's unit, rounded down; none when the counter fell or the
    /// rate left its bound, which makes the market stale.
    #[must_use]
    pub fn increase(&self, counter: u128, rate: u128, bound: RateBound, now: Seconds) -> Option<u128> {
        let epochs = u128::from(epoch_of(now) - epoch_of(self.at)) + 1;
        let step =
            mul_div(self.rate, u128::from(bound.step.get()) * epochs, 1_000_000, Rounding::Down).ok()?;
        if rate.abs_diff(self.rate) > step {
            return None;
        }
        mul_div(counter.checked_sub(self.source)?, rate, RATE_ONE, Rounding::Down).ok()
    }
}
