//! Hourly closing prices of several assets on one common clock.

/// Closing prices on a regular grid of hours. A missing close is `NaN`; readers count and report gaps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriceHistory {
    /// Symbols, one a column.
    pub assets: Vec<String>,
    /// Unix seconds of the first row.
    pub start: u64,
    /// Seconds between rows (3600 for hourly closes).
    pub step: u64,
    /// One vector a symbol, one close a row, in the common quote currency; all of equal length.
    pub closes: Vec<Vec<f64>>,
}
