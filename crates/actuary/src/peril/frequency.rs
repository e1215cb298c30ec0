//! How often events come: Poisson counts whose rate is itself uncertain, with a gamma distribution.
//!
//! With prior shape a and rate b (in units of exposure), n events in exposure e make the posterior a + n, b + e
//! (Klugman, Panjer, Willmot, Loss Models, 15.3), and the number of events in an exposure t to come is negative
//! binomial with mean `t (a + n)/(b + e)` and size `a + n`. Units: exposure in venue-years (or any other measure,
//! if it is the same throughout).

use super::error::{PerilError, positive};
use crate::aggregate::Frequency;

/// Events counted over an exposure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    /// Number of events.
    pub events: u32,
    /// Exposure over which they were counted.
    pub exposure: f64,
}

/// Gamma distribution of a rate of events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateDistribution {
    shape: f64,
    exposure: f64,
}

impl RateDistribution {
    /// Shape (in events) and rate parameter (in exposure): worth `shape` events in `exposure`.
    ///
    /// # Errors
    /// A parameter that is not positive and finite.
    pub fn new(shape: f64, exposure: f64) -> Result<Self, PerilError> {
        Ok(Self { shape: positive("shape of the rate", shape)?, exposure: positive("exposure", exposure)? })
    }

    /// Expected rate, events by unit of exposure.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.shape / self.exposure
    }

    /// Standard deviation of the rate.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        self.shape.sqrt() / self.exposure
    }

    /// Shape, in events.
    #[must_use]
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// Weight of the distribution, in exposure.
    #[must_use]
    pub fn exposure(&self) -> f64 {
        self.exposure
    }

    /// Distribution after a count.
    ///
    /// # Errors
    /// An exposure that is negative or not finite.
    pub fn updated(&self, count: Count) -> Result<Self, PerilError> {
        if !(count.exposure >= 0.0 && count.exposure.is_finite()) {
            return Err(PerilError::Parameter { name: "exposure", value: count.exposure });
        }
        Self::new(self.shape + f64::from(count.events), self.exposure + count.exposure)
    }

    /// Weight of the count against the prior in the mean of the posterior: `e/(b + e)`.
    #[must_use]
    pub fn credibility(&self, exposure: f64) -> f64 {
        exposure / (self.exposure + exposure)
    }

    /// Number of events in an exposure to come: the uncertainty of the rate is part of it.
    ///
    /// # Errors
    /// An exposure that is not positive and finite.
    pub fn predictive(&self, exposure: f64) -> Result<Frequency, PerilError> {
        let mean = positive("exposure", exposure)? * self.mean();
        Ok(Frequency::NegativeBinomial { mean, size: self.shape })
    }
}

/// Rates of several cells (kinds of venue, say) estimated together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellRates {
    /// Distribution of the rates between the cells; where they are one, of their common rate, counts included.
    pub common: RateDistribution,
    /// True where the cells do not differ more than chance makes them: all have the common rate.
    pub pooled: bool,
}

impl CellRates {
    /// Prior from the counts of the cells, by the moments of the rates between them (the Buhlmann-Straub estimator
    /// with a Poisson variance within): shape `m^2/v`, exposure `m/v`. Where the cells do not differ more than
    /// chance makes them, they are one: the posterior of all counts under Jeffreys' prior.
    ///
    /// # Errors
    /// No cell, or an exposure that is not positive and finite.
    pub fn estimate(cells: &[Count]) -> Result<Self, PerilError> {
        if cells.is_empty() {
            return Err(PerilError::Sample { what: "a rate of events", count: 0 });
        }
        for cell in cells {
            positive("exposure", cell.exposure)?;
        }
        let exposure: f64 = cells.iter().map(|c| c.exposure).sum();
        let events: f64 = cells.iter().map(|c| f64::from(c.events)).sum();
        let mean = events / exposure;
        let spread: f64 = cells
            .iter()
            .map(|c| {
                let gap = f64::from(c.events) / c.exposure - mean;
                c.exposure * gap * gap
            })
            .sum();
        let squares: f64 = cells.iter().map(|c| c.exposure * c.exposure).sum();
        let excess = spread - (cells.len() - 1) as f64 * mean;
        let variance = exposure * excess / (exposure * exposure - squares);
        let pooled = cells.len() < 2 || variance.is_nan() || variance <= 0.0;
        let common = if pooled {
            RateDistribution::new(events + 0.5, exposure)?
        } else {
            RateDistribution::new(mean * mean / variance, mean / variance)?
        };
        Ok(Self { common, pooled })
    }

    /// Rate of one of the cells.
    ///
    /// # Errors
    /// An exposure that is negative or not finite.
    pub fn rate(&self, cell: Count) -> Result<RateDistribution, PerilError> {
        if self.pooled { Ok(self.common) } else { self.common.updated(cell) }
    }
}
