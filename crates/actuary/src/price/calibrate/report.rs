//! What a calibration saw and left out.

use super::{CorrelationMethod, CrashEvent, RejectedClose};

/// One asset's part of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetReport {
    /// The asset.
    pub asset: String,
    /// Returns used.
    pub returns: usize,
    /// Rows of the history without a close.
    pub missing: usize,
    /// Rows of the longest gap.
    pub longest_gap: usize,
    /// Returns that are exactly 0: the close stood still.
    pub unchanged: usize,
    /// Rows of the longest run of them.
    pub longest_unchanged: usize,
    /// Returns of the diffusion: neither jumps nor in a common crash.
    pub quiet: usize,
    /// Annual volatility of all returns, jumps and both states included.
    pub realised_volatility: f64,
    /// Returns beyond this log size (calm state) are jumps.
    pub threshold: f64,
    /// Own upward jumps found.
    pub up_jumps: usize,
    /// Own downward jumps found.
    pub down_jumps: usize,
}

/// How the correlation was found and what its repair changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrelationReport {
    /// Weights of the rows.
    pub method: CorrelationMethod,
    /// Their effective number: square of the sum over sum of squares.
    pub rows: f64,
    /// Smallest eigenvalue before the repair: negative where the estimates could not belong together.
    pub smallest_eigenvalue: f64,
    /// Largest change of an entry by the repair; 0 when nothing was wrong.
    pub largest_change: f64,
}

/// What a calibration saw and left out.
#[derive(Clone, Debug, PartialEq)]
pub struct FitReport {
    /// Unix seconds of the first row.
    pub from: u64,
    /// Unix seconds after the last row.
    pub to: u64,
    /// Seconds a row.
    pub step: u64,
    /// Rows of the history.
    pub rows: usize,
    /// Rows inside the windows held out.
    pub held_out_rows: usize,
    /// The assets, in the order asked for.
    pub assets: Vec<AssetReport>,
    /// Closes left out, and why.
    pub rejected: Vec<RejectedClose>,
    /// Common crashes found, in order of time.
    pub crashes: Vec<CrashEvent>,
    /// Spells of stress.
    pub stress_spells: usize,
    /// Share of rows under stress.
    pub stress_share: f64,
    /// Whether the history ends under stress.
    pub stressed_at_end: bool,
    /// The correlation's weights and repair.
    pub correlation: CorrelationReport,
}
