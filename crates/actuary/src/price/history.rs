//! Hourly closing prices of several assets on one common clock, and the checks they must pass.

use thiserror::Error;

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

/// What is missing from one asset's column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gaps {
    /// The asset.
    pub asset: String,
    /// Rows without a close.
    pub missing: usize,
    /// Rows of the longest run without a close.
    pub longest: usize,
}

/// Why a history is refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum HistoryError {
    /// No asset or no row.
    #[error("the price history is empty")]
    Empty,
    /// The step between rows is zero.
    #[error("the step between rows is 0 seconds")]
    ZeroStep,
    /// Number of symbols and of columns differ.
    #[error("{symbols} symbols but {columns} columns of closes")]
    ColumnCount {
        /// Symbols.
        symbols: usize,
        /// Columns.
        columns: usize,
    },
    /// A column is shorter or longer than the first.
    #[error("{asset} has {rows} closes, the first asset has {expected}")]
    UnequalLength {
        /// The asset.
        asset: String,
        /// Its number of closes.
        rows: usize,
        /// Number of closes of the first asset.
        expected: usize,
    },
    /// A symbol occurs twice.
    #[error("asset {asset} occurs more than once")]
    DuplicateAsset {
        /// The asset.
        asset: String,
    },
    /// An asset was asked for that the history does not hold.
    #[error("the history has no asset {asset}")]
    AssetMissing {
        /// The asset.
        asset: String,
    },
    /// A close is zero or negative.
    #[error("{asset} has close {close} at {time}: prices must be positive")]
    NotPositive {
        /// The asset.
        asset: String,
        /// Unix seconds of the row.
        time: u64,
        /// The close.
        close: f64,
    },
    /// A close is infinite.
    #[error("{asset} has an infinite close at {time}")]
    Infinite {
        /// The asset.
        asset: String,
        /// Unix seconds of the row.
        time: u64,
    },
    /// An asset has no close at all.
    #[error("every close of {asset} is missing")]
    AllMissing {
        /// The asset.
        asset: String,
    },
}

impl PriceHistory {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.closes.first().map_or(0, Vec::len)
    }

    /// Unix seconds of a row.
    #[must_use]
    pub fn time(&self, row: usize) -> u64 {
        self.start.saturating_add(self.step.saturating_mul(row as u64))
    }

    /// Rows in a year of 365 days.
    #[must_use]
    pub fn rows_per_year(&self) -> f64 {
        31_536_000.0 / self.step as f64
    }

    /// The closes of an asset.
    ///
    /// # Errors
    /// [`HistoryError::AssetMissing`].
    pub fn closes_of(&self, asset: &str) -> Result<&[f64], HistoryError> {
        let missing = || HistoryError::AssetMissing { asset: asset.to_owned() };
        let index = self.assets.iter().position(|symbol| symbol == asset).ok_or_else(missing)?;
        self.closes.get(index).map(Vec::as_slice).ok_or_else(missing)
    }

    /// Checks shape and prices and returns the gaps of each asset.
    ///
    /// # Errors
    /// Any other variant of [`HistoryError`].
    pub fn check(&self) -> Result<Vec<Gaps>, HistoryError> {
        if self.assets.len() != self.closes.len() {
            return Err(HistoryError::ColumnCount { symbols: self.assets.len(), columns: self.closes.len() });
        }
        if self.rows() == 0 {
            return Err(HistoryError::Empty);
        }
        if self.step == 0 {
            return Err(HistoryError::ZeroStep);
        }
        let columns = self.assets.iter().zip(&self.closes).enumerate();
        columns.map(|(index, (asset, closes))| self.check_column(index, asset, closes)).collect()
    }

    fn check_column(&self, index: usize, asset: &str, closes: &[f64]) -> Result<Gaps, HistoryError> {
        let asset = asset.to_owned();
        if self.assets[..index].contains(&asset) {
            return Err(HistoryError::DuplicateAsset { asset });
        }
        let (rows, expected) = (closes.len(), self.rows());
        if rows != expected {
            return Err(HistoryError::UnequalLength { asset, rows, expected });
        }
        let (mut missing, mut longest, mut run) = (0, 0, 0);
        for (row, &close) in closes.iter().enumerate() {
            if close.is_nan() {
                missing += 1;
                run += 1;
                longest = longest.max(run);
                continue;
            }
            run = 0;
            if close <= 0.0 {
                return Err(HistoryError::NotPositive { asset, time: self.time(row), close });
            }
            if close.is_infinite() {
                return Err(HistoryError::Infinite { asset, time: self.time(row) });
            }
        }
        if missing == rows {
            return Err(HistoryError::AllMissing { asset });
        }
        Ok(Gaps { asset, missing, longest })
    }
}
