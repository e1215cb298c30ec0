//! What forced sales have done to a price: sales that fade, and the impact they have.

use super::{Feedback, ImpactShape};
use crate::liquidation::HOURS_PER_YEAR;

/// A factor that a pressure gave, so that markets of one asset do not work it out anew.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Felt {
    of: Pressure,
    time: f64,
    factor: Option<f64>,
}

impl Felt {
    /// The factor of this pressure at this time, if it is the one that is known.
    #[inline]
    pub fn recall(&self, pressure: &Pressure, time: f64) -> Option<f64> {
        self.factor.filter(|_| self.time == time && self.of == *pressure)
    }

    /// Works out a factor and keeps it.
    pub fn factor(&mut self, pressure: &Pressure, feedback: &Feedback, time: f64) -> f64 {
        let factor = pressure.factor(feedback, time);
        *self = Self { of: *pressure, time, factor: Some(factor) };
        factor
    }
}

/// Forced sales of one asset on one path that still weigh on its price.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::liquidation) struct Pressure {
    sold: f64,
    time: f64,
}

impl Pressure {
    /// Adds what was sold at `time`, not before the last sale.
    pub(in crate::liquidation) fn add(&mut self, feedback: &Feedback, time: f64, value: f64) {
        self.sold = self.left(feedback, time) + value;
        self.time = self.time.max(time);
    }

    fn left(&self, feedback: &Feedback, time: f64) -> f64 {
        if self.sold == 0.0 {
            return 0.0;
        }
        let halvings = (time - self.time).max(0.0) * HOURS_PER_YEAR / feedback.half_life_hours;
        self.sold * libm::exp2(-halvings)
    }

    /// What the price is multiplied by at `time`.
    pub(in crate::liquidation) fn factor(&self, feedback: &Feedback, time: f64) -> f64 {
        let share = self.left(feedback, time) / feedback.depth;
        if share == 0.0 {
            return 1.0;
        }
        let size = match feedback.shape {
            ImpactShape::Linear => share,
            ImpactShape::SquareRoot => share.sqrt(),
        };
        libm::exp(-feedback.impact * size)
    }
}
