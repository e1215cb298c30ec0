//! A figure with its standard error.

/// A figure and how uncertain it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// One standard error, in the same unit: 0 for a figure that is exact, infinite where the data say nothing.
    pub standard_error: f64,
}

impl Estimate {
    /// A figure known without sampling error.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self { value, standard_error: 0.0 }
    }

    /// The figure times a constant.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { value: self.value * factor, standard_error: self.standard_error * factor.abs() }
    }

    /// Standard error as a part of the figure; 0 where the figure is not positive.
    #[must_use]
    pub(crate) fn relative_error(self) -> f64 {
        if self.value > 0.0 { self.standard_error / self.value } else { 0.0 }
    }

    /// Events per year from a count: the Poisson rate. Without an event the error is that of one event.
    #[must_use]
    pub(crate) fn rate(count: usize, years: f64) -> Self {
        let n = count as f64;
        Self { value: n / years, standard_error: n.max(1.0).sqrt() / years }
    }

    /// Ratio of two Poisson rates. Half an event is added on each side when one has none, so that the ratio
    /// stays finite.
    #[must_use]
    pub(crate) fn rate_ratio(above: usize, above_years: f64, below: usize, below_years: f64) -> Self {
        if above_years <= 0.0 || below_years <= 0.0 || above + below == 0 {
            return Self { value: 1.0, standard_error: f64::INFINITY };
        }
        let half = if above == 0 || below == 0 { 0.5 } else { 0.0 };
        let (a, b) = (above as f64 + half, below as f64 + half);
        let value = (a / above_years) / (b / below_years);
        Self { value, standard_error: value * (1.0 / a + 1.0 / b).sqrt() }
    }
}
