//! Several venues for one sale.
//!
//! A sale that brings most is split so that the next unit brings the same on every venue that is used (Lagrange). The
//! split is found through that common rate: every venue says how much it takes down to a rate, the sum falls in the
//! rate, so that bisection finds the rate of a given size. Profit rises with the size while the rate is above
//! `1/(1 + bonus)` and falls below it, so that the largest profitable size is bracketed between that rate and zero.
//!
//! The venues are taken to stand at one price, as arbitrage sees to. A measured curve counts by its concave minorant
//! ([`super::concave`]): depth is never overstated.

use super::{DepthError, Impact, concave::ConcaveCurve};

/// Halvings of a bracket: down to neighbouring numbers from any start.
const HALVINGS: usize = 200;

/// Lowest rate looked at. A pool has taken a million million times its reserve at this rate.
const RATE_MIN: f64 = 1e-24;

/// Venues among which sales are split.
#[derive(Clone, Debug, PartialEq)]
pub struct Venues {
    venues: Vec<Impact>,
    /// Stands in for a measured curve.
    concave: Vec<Option<ConcaveCurve>>,
}

impl Venues {
    /// Venues at one price.
    ///
    /// # Errors
    /// [`DepthError::Empty`] without a venue.
    pub fn new(venues: Vec<Impact>) -> Result<Self, DepthError> {
        if venues.is_empty() {
            return Err(DepthError::Empty);
        }
        let concave = venues.iter().map(|venue| match venue {
            Impact::Measured(curve) => Some(ConcaveCurve::new(curve)),
            _ => None,
        });
        Ok(Self { concave: concave.collect(), venues })
    }

    /// The venues.
    #[must_use]
    pub fn venues(&self) -> &[Impact] {
        &self.venues
    }

    /// Price lost by a sale of value `size`, as a fraction. What no venue takes is lost as a whole.
    #[must_use]
    pub fn slip(&self, size: f64) -> f64 {
        if size <= 0.0 {
            return self.venues.iter().map(|venue| venue.slip(0.0)).fold(1.0, f64::min);
        }
        (1.0 - self.proceeds(size) / size).clamp(0.0, 1.0)
    }

    /// What a sale of value `size` brings.
    pub(super) fn proceeds(&self, size: f64) -> f64 {
        self.split_proceeds(&self.split_of(size))
    }

    /// Largest debt that can be sold at a profit; 0 if none.
    #[must_use]
    pub fn largest_sale(&self, bonus: f64, gas: f64) -> f64 {
        let profit = |split: &[f64]| (1.0 + bonus) * self.split_proceeds(split) - self.total(split) - gas;
        let best = 1.0 / (1.0 + bonus);
        let at_best = self.sizes(best);
        if profit(&at_best) < 0.0 || self.total(&at_best) <= 0.0 {
            return 0.0;
        }
        self.total(&self.split(|split| profit(split) < 0.0, best))
    }

    /// Largest size about which anything is known.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.venues.iter().map(Impact::end).sum()
    }

    pub(super) fn size_at(&self, rate: f64) -> f64 {
        self.total(&self.sizes(rate))
    }

    fn sizes(&self, rate: f64) -> Vec<f64> {
        let each = self.venues.iter().zip(&self.concave);
        each.map(|(venue, curve)| curve.as_ref().map_or_else(|| venue.size_at(rate), |c| c.size_at(rate)))
            .collect()
    }

    fn total(&self, split: &[f64]) -> f64 {
        split.iter().fold(0.0, |sum, size| sum + size)
    }

    fn split_proceeds(&self, split: &[f64]) -> f64 {
        self.venues.iter().zip(&self.concave).zip(split).fold(0.0, |sum, ((venue, curve), &size)| {
            sum + curve.as_ref().map_or_else(|| venue.proceeds(size), |c| c.proceeds(size))
        })
    }

    /// The split of a sale.
    fn split_of(&self, size: f64) -> Vec<f64> {
        self.split(|split| self.total(split) >= size, 1.0)
    }

    /// The largest split, of those below the rate `from`, at which `beyond` does not hold yet; `beyond` holds from some
    /// size on. Where the size jumps at one rate, because that much can be sold at it, the venues are filled together.
    fn split(&self, beyond: impl Fn(&[f64]) -> bool, from: f64) -> Vec<f64> {
        let (mut high, mut low) = (from, RATE_MIN);
        let first = self.sizes(high);
        if beyond(&first) {
            return self.fill(&vec![0.0; first.len()], &first, beyond);
        }
        let last = self.sizes(low);
        if !beyond(&last) {
            return last;
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if beyond(&self.sizes(middle)) { low = middle } else { high = middle }
        }
        self.fill(&self.sizes(high), &self.sizes(low), beyond)
    }

    /// The largest split on the straight way from `inner`, at which `beyond` does not hold, to `outer`, where it does.
    fn fill(&self, inner: &[f64], outer: &[f64], beyond: impl Fn(&[f64]) -> bool) -> Vec<f64> {
        let part = |share: f64| -> Vec<f64> {
            inner.iter().zip(outer).map(|(near, far)| near + share * (far - near)).collect()
        };
        let (mut inside, mut outside) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = 0.5 * (inside + outside);
            if beyond(&part(middle)) { outside = middle } else { inside = middle }
        }
        part(inside)
    }
}
