//! The exceedance curve on a logarithmic scale, as exact sums.
//!
//! Sixteen classes an octave, of equal width within it, so that a class is read off exponent and leading bits
//! of the loss and its borders are exact numbers: neighbouring borders differ by 3 to 6 %. At a border the
//! exceedance probability is exact. The curve reaches from 2^-24 to 2^4 times the exposure.

use super::{
    Estimate,
    exact::{ExactSum, SumOverflow, Sums, power_of_two_above},
    moments::probability,
};

/// Classes an octave.
const CLASSES: usize = 16;
/// Octaves below the unit and above it.
const BELOW: i32 = 24;
const ABOVE: i32 = 4;
const COUNT: usize = (BELOW + ABOVE) as usize * CLASSES;

/// Sums of a curve.
pub(crate) const CURVE_SUMS: usize = 2 * COUNT;

/// Sums of w and w^2 by class of the loss.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    unit: f64,
    /// Pairs of (w, w^2). The first class holds what is smaller as well, the last what is larger.
    sums: Vec<ExactSum>,
}

impl Curve {
    /// A curve for losses up to about `size`.
    pub(crate) fn new(size: f64) -> Self {
        Self { unit: power_of_two_above(size), sums: vec![ExactSum::ZERO; CURVE_SUMS] }
    }

    #[inline]
    pub(crate) fn add(&mut self, weight: f64, loss: f64) -> Result<(), SumOverflow> {
        if loss == 0.0 {
            return Ok(());
        }
        let class = class(loss / self.unit);
        self.sums[2 * class].add(weight)?;
        self.sums[2 * class + 1].add(weight * weight)
    }

    /// Points from the smallest loss seen to the first that is not exceeded.
    pub(crate) fn points(&self, paths: f64) -> Vec<ExceedancePoint> {
        // Units of the sums: added exactly, and together no more than all weights.
        let (mut plain, mut squared) = (0_i128, 0_i128);
        let mean = |units: i128| ExactSum::from_units(units).value() / paths;
        let mut points = Vec::new();
        for class in (0..COUNT).rev() {
            let seen = self.sums[2 * class].units();
            if points.is_empty() && seen > 0 {
                points.push(ExceedancePoint {
                    loss: border(class + 1) * self.unit,
                    probability: Estimate::exact(0.0),
                });
            }
            plain = plain.saturating_add(seen);
            squared = squared.saturating_add(self.sums[2 * class + 1].units());
            if !points.is_empty() {
                let probability = probability(mean(plain), mean(squared), paths);
                points.push(ExceedancePoint { loss: border(class) * self.unit, probability });
            }
        }
        points.reverse();
        let flat = points.windows(2).take_while(|pair| pair[0].probability == pair[1].probability).count();
        points.split_off(flat)
    }
}

impl Sums for Curve {
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>) {
        all.push(&self.sums);
    }

    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>) {
        all.push(&mut self.sums);
    }
}

/// Class of a positive loss in units.
#[inline]
fn class(ratio: f64) -> usize {
    let leading = (ratio.to_bits() >> 48) as i64 - (((1023 - BELOW) as i64) << 4);
    leading.clamp(0, COUNT as i64 - 1) as usize
}

/// Lower border of a class, in units.
fn border(class: usize) -> f64 {
    let (octave, part) = (class / CLASSES, class % CLASSES);
    libm::scalbn(1.0 + part as f64 / CLASSES as f64, octave as i32 - BELOW)
}

/// A point of an exceedance curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExceedancePoint {
    /// An amount.
    pub loss: f64,
    /// Probability of a loss of this amount or more. At the first point, which may stand for smaller losses, of
    /// any loss.
    pub probability: Estimate,
}

/// Probability of a loss of `loss` or more, read off a curve: exact at its points, linear in the loss between
/// them. One of nothing or less is certain.
#[must_use]
pub fn probability_at(curve: &[ExceedancePoint], loss: f64) -> Estimate {
    if loss <= 0.0 {
        return Estimate::exact(1.0);
    }
    let above = curve.partition_point(|point| point.loss <= loss);
    let Some(low) = above.checked_sub(1).map(|index| curve[index]) else {
        return curve.first().map_or(Estimate::exact(0.0), |point| point.probability);
    };
    let Some(high) = curve.get(above) else { return Estimate::exact(0.0) };
    let share = (loss - low.loss) / (high.loss - low.loss);
    let between = |of: fn(Estimate) -> f64| {
        let (low, high) = (of(low.probability), of(high.probability));
        low + share * (high - low)
    };
    Estimate { value: between(|e| e.value), standard_error: between(|e| e.standard_error) }
}

/// The loss that is reached with a probability, read off a curve in the same way; nothing where any loss is
/// rarer than that.
#[must_use]
pub fn loss_at(curve: &[ExceedancePoint], probability: f64) -> f64 {
    let below = curve.partition_point(|point| point.probability.value > probability);
    let Some(low) = below.checked_sub(1).map(|index| curve[index]) else { return 0.0 };
    let Some(high) = curve.get(below) else { return low.loss };
    let share = (low.probability.value - probability) / (low.probability.value - high.probability.value);
    low.loss + share * (high.loss - low.loss)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_begin_at_their_borders() {
        for index in 0..COUNT {
            assert_eq!(class(border(index)), index);
            let below = f64::from_bits(border(index).to_bits() - 1);
            assert_eq!(class(below), index.saturating_sub(1));
        }
        assert_eq!((class(1e-300), class(1e300)), (0, COUNT - 1));
    }

    #[test]
    fn probabilities_at_the_borders_are_counted() {
        let mut curve = Curve::new(100.0);
        let losses: Vec<f64> = (0..4000).map(|i| f64::from(i % 100)).collect();
        for &loss in &losses {
            curve.add(1.0, loss).unwrap();
        }
        let points = curve.points(4000.0);
        assert_eq!((points[0].loss, points[0].probability.value), (1.0, 0.99));
        assert_eq!(points.last().unwrap().probability, Estimate::exact(0.0));
        for point in &points {
            let exceeding = losses.iter().filter(|&&x| x >= point.loss).count() as f64 / 4000.0;
            assert!((point.probability.value - exceeding).abs() < 1e-12, "{point:?} {exceeding}");
        }
    }

    #[test]
    fn a_curve_is_read_between_its_points() {
        let mut curve = Curve::new(4.0);
        let mut random = crate::random::Stream::new(1, 0, 0);
        let losses: Vec<f64> =
            (0..50_000).map(|_| if random.uniform() < 0.6 { 0.0 } else { random.exponential() }).collect();
        for &loss in &losses {
            curve.add(1.0, loss).unwrap();
        }
        let points = curve.points(50_000.0);
        for loss in [0.01, 0.3, 1.0, 2.345, 6.0] {
            let (found, expected) = (probability_at(&points, loss), 0.4 * libm::exp(-loss));
            let near = 4.0 * found.standard_error + 0.002 * expected;
            assert!((found.value - expected).abs() < near, "{loss}: {found:?} {expected}");
            assert!((loss_at(&points, found.value) - loss).abs() < 1e-9, "{loss}");
        }
        assert_eq!(probability_at(&points, 0.0), Estimate::exact(1.0));
        assert_eq!(probability_at(&points, 1e-30).value, points[0].probability.value);
        assert_eq!((probability_at(&points, 1e9).value, loss_at(&points, 0.7)), (0.0, 0.0));
        assert_eq!((probability_at(&[], 1.0).value, loss_at(&[], 0.1)), (0.0, 0.0));
    }
}
