//! From closes to log returns: adjacent rows only, held-out windows and impossible closes left out.

use super::{CalibrationError, CalibrationOptions};
use crate::price::history::PriceHistory;

/// Why a close was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// The price left by more than the spike limit in one row and came back in the next: a bad print.
    Spike,
}

/// A close that was left out of the calibration (treated as missing).
#[derive(Clone, Debug, PartialEq)]
pub struct RejectedClose {
    /// The asset.
    pub asset: String,
    /// Unix seconds of the row.
    pub time: u64,
    /// The close.
    pub close: f64,
    /// The close before it.
    pub before: f64,
    /// Why.
    pub reason: RejectReason,
}

/// Returns of the chosen assets: one vector an asset, one entry a row (the return into that row), NaN where there
/// is none.
pub(in crate::price) struct Returns {
    pub values: Vec<Vec<f64>>,
    pub rejected: Vec<RejectedClose>,
    pub held_out_rows: usize,
}

pub(super) fn returns(
    history: &PriceHistory,
    assets: &[&str],
    options: &CalibrationOptions,
) -> Result<Returns, CalibrationError> {
    let rows = history.rows();
    let held_out = held_out(history, &options.hold_out)?;
    let mut rejected = Vec::new();
    let mut values = Vec::with_capacity(assets.len());
    for asset in assets {
        let mut closes = history.closes_of(asset)?.to_vec();
        let spikes: Vec<usize> = (1..rows.saturating_sub(1))
            .filter(|row| is_spike(closes[row - 1], closes[*row], closes[row + 1], options.spike_limit))
            .collect();
        for row in spikes {
            rejected.push(RejectedClose {
                asset: (*asset).to_owned(),
                time: history.time(row),
                close: closes[row],
                before: closes[row - 1],
                reason: RejectReason::Spike,
            });
            closes[row] = f64::NAN;
        }
        let mut column = vec![f64::NAN; rows];
        for row in 1..rows {
            if !held_out[row] && !held_out[row - 1] {
                // NaN on either side gives NaN.
                column[row] = libm::log(closes[row] / closes[row - 1]);
            }
        }
        let found = column.iter().filter(|r| !r.is_nan()).count();
        if found < options.returns_min {
            let asset = (*asset).to_owned();
            return Err(CalibrationError::TooShort { asset, returns: found, needed: options.returns_min });
        }
        values.push(column);
    }
    let held_out_rows = held_out.iter().filter(|out| **out).count();
    Ok(Returns { values, rejected, held_out_rows })
}

/// Number of returns that are exactly 0, and the longest run of them.
pub(super) fn unchanged(returns: &[f64]) -> (usize, usize) {
    let (mut count, mut run, mut longest) = (0, 0, 0);
    for value in returns {
        run = if *value == 0.0 { run + 1 } else { 0 };
        count += usize::from(*value == 0.0);
        longest = longest.max(run);
    }
    (count, longest)
}

/// Rows inside a window to hold out.
pub(super) fn held_out(
    history: &PriceHistory,
    windows: &[(u64, u64)],
) -> Result<Vec<bool>, CalibrationError> {
    let rows = history.rows();
    let (start, end) = (history.start, history.time(rows));
    let mut out = vec![false; rows];
    for &(from, to) in windows {
        if from >= to || from >= end || to <= start {
            return Err(CalibrationError::WindowOutOfRange { from, to, start, end });
        }
        for (row, flag) in out.iter_mut().enumerate() {
            *flag |= (from..to).contains(&history.time(row));
        }
    }
    Ok(out)
}

/// A move beyond the limit of which the next row takes back at least nine tenths.
fn is_spike(before: f64, close: f64, next: f64, limit: f64) -> bool {
    let away = libm::log(close / before);
    let stays = libm::log(next / before);
    away.abs() > limit && stays.abs() < 0.1 * away.abs()
}
