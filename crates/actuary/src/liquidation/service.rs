//! The terms of liquidation of a market: discount, capacity, delay.

use super::{ByRegime, HOURS_PER_YEAR, supply::Source};

/// How liquidation works in a market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Service {
    pub(super) keep: f64,
    pub(super) source: Source,
    capacity: ByRegime,
    delay_years: ByRegime,
}

/// Why the terms of service make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ServiceError {
    /// The discount is not in [0, 1).
    #[error("liquidation discount {0} is not at least 0 and below 1")]
    Discount(f64),
    /// The capacity is negative or not a number.
    #[error("capacity {0} per hour is negative or not a number")]
    Capacity(f64),
    /// The delay is negative or not finite.
    #[error("delay of {0} hours is negative or not finite")]
    Delay(f64),
}

impl Service {
    /// `discount`: the part `s` of the sale price that does not reach the debt; where a liquidator is paid a
    /// bonus, `1 - s = 1/(1 + bonus)`. `capacity`: debt tokens extinguished per hour, may be infinite.
    /// `delay`: hours from breaking to being servable.
    ///
    /// # Errors
    /// A discount outside [0, 1), a negative capacity, a negative or infinite delay.
    pub fn new(discount: f64, capacity: ByRegime, delay: ByRegime) -> Result<Self, ServiceError> {
        if !(0.0..1.0).contains(&discount) {
            return Err(ServiceError::Discount(discount));
        }
        for value in [capacity.calm, capacity.stressed] {
            if value.is_nan() || value < 0.0 {
                return Err(ServiceError::Capacity(value));
            }
        }
        for value in [delay.calm, delay.stressed] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(ServiceError::Delay(value));
            }
        }
        let years = |hours: f64| hours / HOURS_PER_YEAR;
        Ok(Self {
            keep: 1.0 - discount,
            source: Source::new(capacity, None),
            capacity,
            delay_years: ByRegime { calm: years(delay.calm), stressed: years(delay.stressed) },
        })
    }

    /// Share of the sale price that reaches the debt, `1 - s`.
    #[must_use]
    pub fn keep(&self) -> f64 {
        self.keep
    }

    /// Debt that can be extinguished per hour, debt tokens.
    #[must_use]
    pub fn capacity_per_hour(&self) -> ByRegime {
        self.capacity
    }

    /// Years from breaking to being servable.
    #[must_use]
    pub fn delay_years(&self, stressed: bool) -> f64 {
        self.delay_years.get(stressed)
    }
}
