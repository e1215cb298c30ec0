//! The square-root law of price impact: `slip(x) = sigma sqrt(x / V)`.
//!
//! Measured over many markets with a factor near 1 (B. Toth and others, "Anomalous price impact and the critical nature
//! of liquidity in financial markets", Physical Review X 1, 021006, 2011), `sigma` being the volatility and `V` the
//! traded value of the same period, usually a day.

use super::{DepthError, positive};

/// Impact that grows with the root of the size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SquareRoot {
    /// Impact of a sale of value 1.
    slope: f64,
}

impl SquareRoot {
    /// `volatility` of the price over a period, as a fraction, and the value traded in that period.
    ///
    /// # Errors
    /// One of them is not positive and finite.
    pub fn new(volatility: f64, volume: f64) -> Result<Self, DepthError> {
        positive("volatility", volatility)?;
        positive("volume", volume)?;
        Ok(Self { slope: volatility / volume.sqrt() })
    }

    /// Price lost by a sale of value `size`, as a fraction of at most 1.
    #[must_use]
    pub fn slip(&self, size: f64) -> f64 {
        (self.slope * size.max(0.0).sqrt()).min(1.0)
    }

    /// Largest debt that can be sold at a profit; 0 if none.
    ///
    /// In `y = sqrt(x)` the condition is `h(y) = (1+bonus) k y^3 - bonus y^2 + gas <= 0`. Without gas the end is
    /// `bonus / ((1+bonus) k)`. With gas `h` falls to its minimum at two thirds of that and rises from there; from the
    /// end without gas, where `h = gas`, Newton's steps come down to the largest root without passing it, because `h`
    /// is convex there.
    #[must_use]
    pub fn largest_sale(&self, bonus: f64, gas: f64) -> f64 {
        let cubic = (1.0 + bonus) * self.slope;
        let end = bonus / cubic;
        let h = |y: f64| (cubic * y - bonus) * y * y + gas;
        if end <= 0.0 || h(2.0 / 3.0 * end) > 0.0 {
            return 0.0;
        }
        if gas == 0.0 {
            return end * end;
        }
        let mut y = end;
        loop {
            let next = y - h(y) / ((3.0 * cubic * y - 2.0 * bonus) * y);
            // Below the minimum or not below the last step: rounding has the last word.
            if !(next < y && next >= 2.0 / 3.0 * end) {
                return y * y;
            }
            y = next;
        }
    }

    /// Size up to which the next unit sold still brings the fraction `rate` of the price, which is
    /// `1 - 3/2 k sqrt(x)`.
    pub(super) fn size_at(&self, rate: f64) -> f64 {
        let root = (1.0 - rate).max(0.0) / (1.5 * self.slope);
        root * root
    }
}
