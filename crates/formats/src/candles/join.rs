//! Several series on one clock.

use seawall_actuary::price::PriceHistory;

use super::CandleSeries;
use crate::error::{FormatError, Place};

/// Most closes of a history, absent ones included: 50 million are 400 MB.
const CELLS_MAX: u64 = 50_000_000;

/// Puts the closes of several series on one clock, from the earliest candle to the latest: one column a series, in the
/// order given. An interval without a usable candle is `NaN`. The time of a row is the OPENING of its interval.
///
/// # Errors
/// [`FormatError::Join`]: no series, two series of one asset, different intervals. [`FormatError::SpanTooLong`]: more
/// closes than memory should hold.
pub fn join(series: &[CandleSeries]) -> Result<PriceHistory, FormatError> {
    let refuse = |file: &str, detail: String| Err(FormatError::Join { at: Place::file(file), detail });
    let Some(first) = series.first() else {
        return refuse("candles", "no series is given".to_owned());
    };
    let interval = first.interval;
    for (index, one) in series.iter().enumerate() {
        let file = one.report.file.as_str();
        if one.interval != interval || interval == 0 {
            let (found, other) = (one.interval, &first.report.file);
            return refuse(file, format!("found candles of {found} s, expected {interval} s as in {other}"));
        }
        if let Some(other) = series[..index].iter().find(|other| other.asset == one.asset) {
            let (asset, other) = (&one.asset, &other.report.file);
            return refuse(file, format!("found asset {asset:?} again, expected it once (it is in {other})"));
        }
    }
    let times = |pick: fn(&CandleSeries) -> Option<u64>| series.iter().filter_map(pick);
    let start = times(|one| one.candles.first().map(|candle| candle.time)).min();
    let end = times(|one| one.candles.last().map(|candle| candle.time)).max();
    let (Some(start), Some(end)) = (start, end) else {
        return refuse(&first.report.file, "no series has a candle".to_owned());
    };
    let steps = (end - start) / interval + 1;
    let limit = CELLS_MAX / series.len() as u64;
    if steps > limit {
        let at = Place::file(&first.report.file);
        return Err(FormatError::SpanTooLong { at, found: end, steps, limit });
    }
    // At most the limit checked above.
    let rows = usize::try_from(steps).unwrap_or(0);
    let mut closes = vec![vec![f64::NAN; rows]; series.len()];
    for (column, one) in closes.iter_mut().zip(series) {
        for candle in &one.candles {
            let row = usize::try_from((candle.time - start) / interval).unwrap_or(usize::MAX);
            if let Some(cell) = column.get_mut(row) {
                *cell = candle.close;
            }
        }
    }
    let assets = series.iter().map(|one| one.asset.clone()).collect();
    Ok(PriceHistory { assets, start, step: interval, closes })
}
