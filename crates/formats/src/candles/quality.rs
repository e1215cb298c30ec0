//! What is wrong with a series of candles, found and left out.

use std::fmt;

use seawall_actuary::math::elementary;

use super::{Candle, CandleOptions, CandleSeries, LastBar, Read};
use crate::error::{FormatError, Place};
use crate::timestamp::shown_moment;

/// Most entries that a list of a report holds; what is beyond is counted.
pub const LISTED_MAX: usize = 100;

/// Most intervals from the first candle to the last, absent ones included.
const SPAN_MAX: u64 = 50_000_000;

/// Things found: their number, and the first of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    /// How many.
    pub count: usize,
    /// The first, at most [`LISTED_MAX`].
    pub first: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Listed<T> {
    fn push(&mut self, entry: T) {
        self.count += 1;
        if self.first.len() < LISTED_MAX {
            self.first.push(entry);
        }
    }
}

/// A run of intervals without a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingRun {
    /// Unix seconds of the first.
    pub start: u64,
    /// How many.
    pub intervals: u64,
}

/// A run of candles whose close is that of the candle before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StaleRun {
    /// Unix seconds of the first candle that stood still.
    pub start: u64,
    /// How many.
    pub rows: usize,
    /// Those of them without trade, which were left out.
    pub untraded: usize,
    /// The close.
    pub close: f64,
}

/// Why a candle is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A price is zero or negative.
    NotPositive,
    /// The low is above open or close (above the close, where the open repeats the close before).
    LowAboveBody,
    /// The high is below open or close, with the same exception.
    HighBelowBody,
}

/// A candle that cannot be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impossible {
    /// Line of the file.
    pub line: u64,
    /// The candle.
    pub candle: Candle,
    /// Why.
    pub defect: Defect,
}

/// A close that left and was back a row later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// Line of the file.
    pub line: u64,
    /// Unix seconds of the candle.
    pub time: u64,
    /// Its close.
    pub close: f64,
    /// The close before.
    pub before: f64,
    /// The close after.
    pub after: f64,
}

/// End of a candle that was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WickSide {
    /// The low.
    Low,
    /// The high.
    High,
}

/// A low or high too far from open and close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wick {
    /// Line of the file.
    pub line: u64,
    /// Unix seconds of the candle.
    pub time: u64,
    /// Which end.
    pub side: WickSide,
    /// The price in the file.
    pub found: f64,
    /// The price it was held at.
    pub held: f64,
}

/// What a series of candles holds and what was left out.
#[derive(Clone, Debug, PartialEq)]
pub struct CandleReport {
    /// Symbol.
    pub asset: String,
    /// Name of the file.
    pub file: String,
    /// Seconds of an interval.
    pub interval: u64,
    /// Unix seconds of the first row's opening.
    pub first: u64,
    /// Unix seconds of the last row's opening, the dropped last candle not counted.
    pub last: u64,
    /// Rows of the file.
    pub rows: usize,
    /// Candles that are used.
    pub used: usize,
    /// Intervals between first and last without a row.
    pub missing: u64,
    /// Runs of them, the longest first, at most [`LISTED_MAX`]; of equals the earlier first.
    pub missing_runs: Listed<MissingRun>,
    /// Runs of closes that stood still: without trade, or for as many rows as the options say.
    pub stale: Listed<StaleRun>,
    /// Impossible candles, left out.
    pub impossible: Listed<Impossible>,
    /// Bad prints, left out.
    pub spikes: Listed<Spike>,
    /// Lows and highs that were held.
    pub wicks: Listed<Wick>,
    /// Opening of the last candle where it was left out as perhaps unfinished.
    pub unfinished: Option<u64>,
}

/// Examines the rows of one asset.
pub(super) fn examine(
    file: &str,
    asset: &str,
    rows: &[Read],
    options: &CandleOptions,
) -> Result<CandleSeries, FormatError> {
    let interval = interval(file, asset, rows, options)?;
    let count = rows.len();
    let (rows, unfinished) = finished(rows, interval, options.last_bar);
    let nothing = || FormatError::NotFound {
        at: Place::file(file),
        what: "candle of",
        wanted: asset.to_owned(),
        found: "only candles that cannot be used".to_owned(),
    };
    let (Some(start), Some(end)) = (rows.first(), rows.last()) else { return Err(nothing()) };
    let mut report = CandleReport {
        asset: asset.to_owned(),
        file: file.to_owned(),
        interval,
        first: start.candle.time,
        last: end.candle.time,
        rows: count,
        used: 0,
        missing: 0,
        missing_runs: missing_runs(rows, interval),
        stale: Listed::default(),
        impossible: Listed::default(),
        spikes: Listed::default(),
        wicks: Listed::default(),
        unfinished,
    };
    report.missing = (end.candle.time - start.candle.time) / interval + 1 - rows.len() as u64;
    let possible = possible(rows, &mut report.impossible);
    let mut kept = without_spikes(&possible, interval, options.spike_limit, &mut report.spikes);
    hold_wicks(&mut kept, options.wick_limit, &mut report.wicks);
    let candles = without_untraded(&kept, interval, options.stale_rows, &mut report.stale);
    if candles.is_empty() {
        return Err(nothing());
    }
    report.used = candles.len();
    Ok(CandleSeries { asset: asset.to_owned(), interval, candles, report })
}

/// The interval, given or found; every row must lie on its grid.
fn interval(file: &str, asset: &str, rows: &[Read], options: &CandleOptions) -> Result<u64, FormatError> {
    let interval = match options.interval {
        Some(interval) => interval.max(1),
        None => most_frequent(rows).ok_or_else(|| FormatError::NotFound {
            at: Place::file(file),
            what: "interval of",
            wanted: asset.to_owned(),
            found: "one row".to_owned(),
        })?,
    };
    for row in rows {
        let found = row.candle.time;
        if found % interval != 0 {
            return Err(FormatError::OffGrid { at: Place::line(file, row.line), found, step: interval });
        }
        let steps = (found - rows[0].candle.time) / interval;
        if steps >= SPAN_MAX {
            let at = Place::line(file, row.line);
            return Err(FormatError::SpanTooLong { at, found, steps, limit: SPAN_MAX });
        }
    }
    Ok(interval)
}

/// The most frequent distance between rows; of equals the smallest.
fn most_frequent(rows: &[Read]) -> Option<u64> {
    let mut distances: Vec<u64> =
        rows.windows(2).map(|pair| pair[1].candle.time - pair[0].candle.time).collect();
    distances.sort_unstable();
    let mut best: Option<(usize, u64)> = None;
    for run in distances.chunk_by(|a, b| a == b) {
        if best.is_none_or(|(count, _)| run.len() > count) {
            best = Some((run.len(), run[0]));
        }
    }
    best.map(|(_, distance)| distance)
}

/// The rows without the last one where it may be unfinished, and when that one opened.
fn finished(rows: &[Read], interval: u64, rule: LastBar) -> (&[Read], Option<u64>) {
    let Some((last, before)) = rows.split_last() else { return (rows, None) };
    let time = last.candle.time;
    let drop = match rule {
        LastBar::Drop => true,
        LastBar::Keep => false,
        LastBar::WrittenAt(moment) => time.saturating_add(interval) > moment,
    };
    if drop { (before, Some(time)) } else { (rows, None) }
}

fn missing_runs(rows: &[Read], interval: u64) -> Listed<MissingRun> {
    let mut runs: Vec<MissingRun> = Vec::new();
    for pair in rows.windows(2) {
        let intervals = (pair[1].candle.time - pair[0].candle.time) / interval - 1;
        if intervals > 0 {
            runs.push(MissingRun { start: pair[0].candle.time + interval, intervals });
        }
    }
    let count = runs.len();
    runs.sort_by_key(|run| std::cmp::Reverse(run.intervals));
    runs.truncate(LISTED_MAX);
    Listed { count, first: runs }
}

fn possible(rows: &[Read], impossible: &mut Listed<Impossible>) -> Vec<Read> {
    let mut kept = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let Candle { open, high, low, close, .. } = row.candle;
        // An open that repeats the close before is carried on and was not traded: the close alone is judged.
        let before = index.checked_sub(1).map(|before| rows[before].candle.close);
        let carried = before.is_some_and(|before| before.to_bits() == open.to_bits());
        let (lowest, highest) = if carried { (close, close) } else { (open.min(close), open.max(close)) };
        let defect = if [open, high, low, close].iter().any(|price| *price <= 0.0) {
            Defect::NotPositive
        } else if low > lowest {
            Defect::LowAboveBody
        } else if high < highest {
            Defect::HighBelowBody
        } else {
            kept.push(*row);
            continue;
        };
        impossible.push(Impossible { line: row.line, candle: row.candle, defect });
    }
    kept
}

/// Leaves out closes that are away for one row; both neighbours must be there.
fn without_spikes(rows: &[Read], interval: u64, limit: f64, spikes: &mut Listed<Spike>) -> Vec<Read> {
    let mut kept: Vec<Read> = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let around = (kept.last(), rows.get(index + 1));
        if let (Some(before), Some(after)) = around
            && before.candle.time + interval == row.candle.time
            && row.candle.time + interval == after.candle.time
        {
            let [before, close, after] = [before, row, after].map(|read| read.candle.close);
            let log = elementary::ln;
            let (away, stays) = (log(close / before).abs(), log(after / before).abs());
            if away > limit && stays < 0.1 * away {
                spikes.push(Spike { line: row.line, time: row.candle.time, close, before, after });
                continue;
            }
        }
        kept.push(*row);
    }
    kept
}

fn hold_wicks(rows: &mut [Read], limit: f64, wicks: &mut Listed<Wick>) {
    let reach = elementary::exp(limit);
    for Read { line, candle } in rows {
        let lowest = candle.open.min(candle.close) / reach;
        let highest = candle.open.max(candle.close) * reach;
        let mut hold = |side, price: &mut f64, held| {
            wicks.push(Wick { line: *line, time: candle.time, side, found: *price, held });
            *price = held;
        };
        if candle.low < lowest {
            hold(WickSide::Low, &mut candle.low, lowest);
        }
        if candle.high > highest {
            hold(WickSide::High, &mut candle.high, highest);
        }
    }
}

/// Finds closes that stand still, and leaves out those without trade.
fn without_untraded(
    rows: &[Read],
    interval: u64,
    stale_rows: usize,
    stale: &mut Listed<StaleRun>,
) -> Vec<Candle> {
    let mut kept = Vec::with_capacity(rows.len());
    let mut run: Option<StaleRun> = None;
    let mut end = |run: Option<StaleRun>| {
        if let Some(run) = run
            && (run.untraded > 0 || run.rows >= stale_rows.max(1))
        {
            stale.push(run);
        }
    };
    for (index, Read { candle, .. }) in rows.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| rows[before].candle);
        // Told by the bits: a close carried on is the same number.
        let still = before.is_some_and(|before| {
            before.time + interval == candle.time && before.close.to_bits() == candle.close.to_bits()
        });
        if !still {
            end(run.take());
            kept.push(*candle);
            continue;
        }
        let run =
            run.get_or_insert(StaleRun { start: candle.time, rows: 0, untraded: 0, close: candle.close });
        run.rows += 1;
        if candle.volume == Some(0.0) {
            run.untraded += 1;
        } else {
            kept.push(*candle);
        }
    }
    end(run);
    kept
}

impl fmt::Display for CandleReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (shown_moment(self.first), shown_moment(self.last));
        write!(
            out,
            "{} from {}: {} rows of {} s, {first} to {last}, {} candles used",
            self.asset, self.file, self.rows, self.interval, self.used
        )?;
        if let Some(longest) = self.missing_runs.first.first() {
            let start = shown_moment(longest.start);
            write!(
                out,
                "; {} intervals missing in {} runs, longest {} from {start}",
                self.missing, self.missing_runs.count, longest.intervals
            )?;
        }
        if self.stale.count > 0 {
            let untraded: usize = self.stale.first.iter().map(|run| run.untraded).sum();
            let longest = self.stale.first.iter().map(|run| run.rows).max().unwrap_or(0);
            write!(
                out,
                "; {} stale runs, longest {longest} rows, {untraded} candles without trade left out",
                self.stale.count
            )?;
        }
        if self.impossible.count > 0 {
            write!(out, "; {} impossible candles left out", self.impossible.count)?;
        }
        if self.spikes.count > 0 {
            write!(out, "; {} closes left out that were gone a row later", self.spikes.count)?;
        }
        if self.wicks.count > 0 {
            write!(out, "; {} lows or highs held at the limit", self.wicks.count)?;
        }
        if let Some(time) = self.unfinished {
            write!(out, "; last candle ({}) left out as perhaps unfinished", shown_moment(time))?;
        }
        Ok(())
    }
}
