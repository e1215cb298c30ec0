//! A fitted figure with its standard error.

/// A fitted figure and how uncertain it is. Standard errors are those of independent observations: where returns
/// cluster, the truth is wider.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// One standard error, in the same unit; infinite where the data say nothing.
    pub standard_error: f64,
}

impl Estimate {
    /// Events per year from a count: the Poisson rate. Without an event the error is that of one event.
    #[must_use]
    pub(super) fn rate(count: usize, years: f64) -> Self {
        let n = count as f64;
        Self { value: n / years, standard_error: n.max(1.0).sqrt() / years }
    }

    /// Ratio of two Poisson rates. Half an event is added on each side when one has none, so that the ratio
    /// stays finite.
    #[must_use]
    pub(super) fn rate_ratio(above: usize, above_years: f64, below: usize, below_years: f64) -> Self {
        if above_years <= 0.0 || below_years <= 0.0 || above + below == 0 {
            return Self { value: 1.0, standard_error: f64::INFINITY };
        }
        let half = if above == 0 || below == 0 { 0.5 } else { 0.0 };
        let (a, b) = (above as f64 + half, below as f64 + half);
        let value = (a / above_years) / (b / below_years);
        Self { value, standard_error: value * (1.0 / a + 1.0 / b).sqrt() }
    }
}
