//! Is the risk figure right? Back-tests of VaR and expected shortfall on a history of forecasts and outcomes.
//!
//! [`coverage`] counts exceedances (Kupiec) and asks whether they come in clusters (Christoffersen);
//! [`shortfall`] tests expected shortfall (Acerbi and Szekely); [`mod@traffic_light`] is the Basel Committee's.
//!
//! Losses are positive; a level of 0.99 means that one loss in a hundred is above the VaR.

pub mod coverage;
pub mod shortfall;
pub mod traffic_light;

pub use coverage::{CoverageTest, christoffersen_independence, conditional_coverage, kupiec};
pub use shortfall::{Forecast, ShortfallTest, shortfall_test};
pub use traffic_light::{Light, traffic_light};

/// Why a back-test cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BacktestError {
    /// No period, or more exceedances than periods.
    #[error("{exceedances} exceedances in {periods} periods")]
    Count {
        /// Exceedances.
        exceedances: u32,
        /// Periods.
        periods: u32,
    },
    /// A level or probability outside (0, 1).
    #[error("{0} is not above 0 and below 1")]
    Level(f64),
    /// A forecast without sense: figures that are not finite, a shortfall that is not positive or below the VaR.
    #[error("forecast {index}: VaR {value_at_risk}, expected shortfall {expected_shortfall}")]
    Forecast {
        /// Index of the period.
        index: usize,
        /// VaR forecast.
        value_at_risk: f64,
        /// Expected shortfall forecast.
        expected_shortfall: f64,
    },
    /// Periods, forecasts and simulated outcomes that do not match.
    #[error("{found} {name} for {expected} periods")]
    Length {
        /// What does not match.
        name: &'static str,
        /// Number found.
        found: usize,
        /// Number due.
        expected: usize,
    },
}

/// Checks a probability strictly between 0 and 1.
pub(crate) fn inside(probability: f64) -> Result<(), BacktestError> {
    if probability > 0.0 && probability < 1.0 { Ok(()) } else { Err(BacktestError::Level(probability)) }
}
