//! Axes: from values to places, with ticks at round numbers.

use seawall_actuary::math::elementary::ln;

/// How values are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences, equal distances.
    Linear,
    /// Equal ratios, equal distances.
    Logarithmic,
}

/// An axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Value at the beginning.
    pub low: f64,
    /// Value at the end.
    pub high: f64,
    /// Place of the beginning.
    pub from: f64,
    /// Place of the end.
    pub to: f64,
    scale: Scale,
}

impl Axis {
    /// An axis of equal differences.
    pub fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to, scale: Scale::Linear }
    }

    /// An axis of equal ratios; both values above zero.
    pub fn logarithmic(low: f64, high: f64, from: f64, to: f64) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        let high = if high > low { high } else { low * 10.0 };
        Self { low, high, from, to, scale: Scale::Logarithmic }
    }

    /// Place of a value, held inside the axis.
    pub fn at(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let share = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic => ln(value / self.low) / ln(self.high / self.low),
        };
        self.from + share * (self.to - self.from)
    }

    /// Round values inside the axis: about `count` of them, or the powers of ten.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        match self.scale {
            Scale::Linear => self.round_ticks(count),
            Scale::Logarithmic => {
                let mut tick = 1e-12;
                let mut ticks = Vec::new();
                while tick <= self.high * 1.000_001 {
                    if tick >= self.low * 0.999_999 {
                        ticks.push(tick);
                    }
                    tick *= 10.0;
                }
                ticks
            }
        }
    }

    fn round_ticks(&self, count: usize) -> Vec<f64> {
        let step = round_up((self.high - self.low) / count.max(1) as f64);
        let first = (self.low / step - 1e-9).ceil();
        let mut ticks = Vec::new();
        let mut index = first;
        while index * step <= self.high + step * 1e-9 {
            // Plus zero: a tick at nought has no sign.
            ticks.push(index * step + 0.0);
            index += 1.0;
        }
        ticks
    }
}

/// The next 1, 2, 2.5 or 5 times a power of ten.
fn round_up(step: f64) -> f64 {
    let mut power = 1.0;
    while power * 10.0 <= step {
        power *= 10.0;
    }
    while power > step {
        power /= 10.0;
    }
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|&round| round >= step * 0.999_999)
        .unwrap_or(step)
}

/// A round value at or above the largest one, for the end of an axis.
pub fn ceiling(largest: f64, count: usize) -> f64 {
    if largest <= 0.0 {
        return 1.0;
    }
    let step = round_up(largest / count.max(1) as f64);
    (largest / step - 1e-9).ceil() * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::linear(0.0, 4.74e6, 0.0, 100.0);
        assert_eq!(axis.ticks(5), [0.0, 1e6, 2e6, 3e6, 4e6]);
        assert_eq!(Axis::linear(-45.0, 5.0, 0.0, 1.0).ticks(5), [-40.0, -30.0, -20.0, -10.0, 0.0]);
        assert_eq!(ceiling(4.74e6, 5), 5e6);
        assert_eq!(ceiling(0.0, 5), 1.0);
        let powers = Axis::logarithmic(1e-4, 0.5, 0.0, 1.0).ticks(5);
        assert_eq!(powers.len(), 4);
        assert!((powers[0] / 1e-4 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn places_run_from_end_to_end() {
        let axis = Axis::logarithmic(1e-4, 1.0, 200.0, 0.0);
        assert!((axis.at(1e-2) - 100.0).abs() < 1e-9);
        assert_eq!([axis.at(1e-9), axis.at(5.0)], [200.0, 0.0]);
        assert_eq!(Axis::linear(0.0, 0.0, 0.0, 10.0).at(0.0), 0.0);
    }
}
