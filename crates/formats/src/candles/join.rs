//! Several series on one clock.

use seawall_actuary::price::PriceHistory;

use super::CandleSeries;
use crate::error::{FormatError, Place};

/// Most closes of a history, absent ones included: 50 million are 400 MB.
const CELLS_MAX: u64 = 50_000_000;

/// One column to be: its asset, the file it is from, its interval, and its closes in order of time.
struct Column<'a> {
    asset: &'a str,
    file: &'a str,
    interval: u64,
    closes: Vec<(u64, f64)>,
}

impl<'a> Column<'a> {
    fn of_series(series: &'a CandleSeries) -> Self {
        let closes = series.candles.iter().map(|candle| (candle.time, candle.close)).collect();
        Self { asset: &series.asset, file: &series.report.file, interval: series.interval, closes }
    }

    fn of_table(history: &'a PriceHistory, file: &'a str) -> impl Iterator<Item = Self> {
        history.assets.iter().zip(&history.closes).map(move |(asset, closes)| {
            let present = closes.iter().enumerate().filter(|(_, close)| !close.is_nan());
            let closes = present.map(|(row, &close)| (history.time(row), close)).collect();
            Column { asset, file, interval: history.step, closes }
        })
    }
}

/// Puts the closes of several series on one clock, from the earliest candle to the latest: one column a series, in the
/// order given. An interval without a usable candle is `NaN`. The time of a row is the OPENING of its interval.
///
/// # Errors
/// [`FormatError::Join`]: no series, two series of one asset, different intervals. [`FormatError::SpanTooLong`]: more
/// closes than memory should hold.
pub fn join(series: &[CandleSeries]) -> Result<PriceHistory, FormatError> {
    on_one_clock(&series.iter().map(Column::of_series).collect::<Vec<_>>())
}

/// The same with the columns of a table before them. `file` is the table's name in refusals.
///
/// # Errors
/// As [`join`].
pub fn join_beside(
    table: &PriceHistory,
    file: &str,
    series: &[CandleSeries],
) -> Result<PriceHistory, FormatError> {
    let columns = Column::of_table(table, file).chain(series.iter().map(Column::of_series));
    on_one_clock(&columns.collect::<Vec<_>>())
}

fn on_one_clock(columns: &[Column<'_>]) -> Result<PriceHistory, FormatError> {
    let refuse = |file: &str, detail: String| Err(FormatError::Join { at: Place::file(file), detail });
    let Some(first) = columns.first() else {
        return refuse("candles", "no series is given".to_owned());
    };
    let interval = first.interval;
    for (index, one) in columns.iter().enumerate() {
        if one.interval != interval || interval == 0 {
            let (found, other) = (one.interval, first.file);
            return refuse(
                one.file,
                format!("found candles of {found} s, expected {interval} s as in {other}"),
            );
        }
        if let Some(other) = columns[..index].iter().find(|other| other.asset == one.asset) {
            let (asset, other) = (one.asset, other.file);
            return refuse(
                one.file,
                format!("found asset {asset:?} again, expected it once (it is in {other})"),
            );
        }
    }
    let start = columns.iter().filter_map(|one| one.closes.first()).map(|close| close.0).min();
    let end = columns.iter().filter_map(|one| one.closes.last()).map(|close| close.0).max();
    let (Some(start), Some(end)) = (start, end) else {
        return refuse(first.file, "no series has a candle".to_owned());
    };
    let steps = (end - start) / interval + 1;
    let limit = CELLS_MAX / columns.len() as u64;
    if steps > limit {
        let at = Place::file(first.file);
        return Err(FormatError::SpanTooLong { at, found: end, steps, limit });
    }
    // At most the limit checked above.
    let rows = usize::try_from(steps).unwrap_or(0);
    let mut closes = vec![vec![f64::NAN; rows]; columns.len()];
    for (column, one) in closes.iter_mut().zip(columns) {
        for &(time, close) in &one.closes {
            let row = usize::try_from((time - start) / interval).unwrap_or(usize::MAX);
            if let Some(cell) = column.get_mut(row) {
                *cell = close;
            }
        }
    }
    let assets = columns.iter().map(|one| one.asset.to_owned()).collect();
    Ok(PriceHistory { assets, start, step: interval, closes })
}
