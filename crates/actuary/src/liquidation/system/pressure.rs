//! What forced sales have done to a price: sales that fade, and the impact they have.

use super::{Feedback, ImpactShape};
use crate::liquidation::HOURS_PER_YEAR;

/// Forced sales of one asset on one path that still weigh on its price.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pressure {
    sold: f64,
    time: f64,
}

impl Pressure {
    /// Adds what was sold at `time`, not before the last sale.
    pub fn add(&mut self, feedback: &Feedback, time: f64, value: f64) {
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
    pub fn factor(&self, feedback: &Feedback, time: f64) -> f64 {
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
