//! Hourly closes: one row an hour, one column an asset.
//!
//! The first column that counts is `ts`: unix seconds or RFC 3339, on the full hour, strictly rising. It is the
//! OPENING of the hour, as exchanges publish candles: the close of a row is the price one hour after its `ts`.
//! Every other column is an asset; its name is the symbol. An empty cell is a missing close.
//!
//! Gaps, which are hours without a row and empty cells alike, become `NaN`: they are absent, never filled,
//! neither with the price before nor between. They are counted per asset and reported.

use seawall_actuary::price::PriceHistory;

use crate::error::{FormatError, Place};
use crate::field::{Range, name, shown};
use crate::source::Source;
use crate::table::{Header, Table};
use crate::timestamp::moment;

/// Seconds between rows.
pub const STEP: u64 = 3600;

/// Most hours from the first row to the last: 50 years. Absent hours take room too.
pub const HOURS_MAX: u64 = 438_300;

/// Most cells of a table, absent ones included: 50 million closes are 400 MB.
const CELLS_MAX: u64 = 50_000_000;

/// A run of absent hours of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Unix seconds of the first absent row.
    pub start: u64,
    /// Number of absent hours.
    pub hours: u64,
}

/// The gaps of one asset, the ends of the table included: an asset listed later has a gap at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetGaps {
    /// Symbol.
    pub asset: String,
    /// Absent hours in all.
    pub hours: u64,
    /// Number of runs.
    pub runs: u64,
    /// The first run.
    pub first: Option<Gap>,
    /// The longest run, the first of equals.
    pub longest: Option<Gap>,
}

/// Hourly closes and what is absent from them.
#[derive(Clone, Debug)]
pub struct PriceTable {
    /// The closes.
    pub history: PriceHistory,
    /// The gaps, one entry an asset, in the order of the columns.
    pub gaps: Vec<AssetGaps>,
}

/// Reads a table of hourly closes.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::Value`] for a price that is not finite and above 0,
/// [`FormatError::TimeBackwards`], [`FormatError::Duplicate`] for a repeated hour, [`FormatError::OffGrid`],
/// [`FormatError::SpanTooLong`], and [`FormatError::NotFound`] for a table or column without a price.
pub fn read_prices(source: Source<'_>) -> Result<PriceTable, FormatError> {
    let mut table = Table::open(source, &Header::Open("ts"))?;
    let ts = table.required("ts")?;
    let columns: Vec<usize> = (0..table.header().len()).filter(|&column| column != ts).collect();
    let assets: Vec<String> = columns.iter().map(|&column| table.header()[column].clone()).collect();
    check_names(table.file(), &assets)?;
    let limit = HOURS_MAX.min(CELLS_MAX / assets.len().max(1) as u64);
    let mut closes: Vec<Vec<f64>> = vec![Vec::new(); assets.len()];
    let mut start = 0;
    let mut last: Option<(u64, u64)> = None;
    while let Some(row) = table.next_row()? {
        let text = row.text(ts)?;
        let time = moment(text).map_err(|expected| row.refuse(ts, text, expected))?;
        if time % STEP != 0 {
            return Err(FormatError::OffGrid { at: row.at(ts), found: time, step: STEP });
        }
        match last {
            None => start = time,
            Some((previous, _)) if time < previous => {
                return Err(FormatError::TimeBackwards { at: row.at(ts), found: time, previous });
            }
            Some((previous, first_line)) if time == previous => {
                return Err(FormatError::Duplicate {
                    at: row.at(ts),
                    what: "the time",
                    found: shown(text),
                    first_line,
                });
            }
            Some(_) => {}
        }
        let steps = (time - start) / STEP;
        if steps >= limit {
            return Err(FormatError::SpanTooLong { at: row.at(ts), found: time, steps, limit });
        }
        last = Some((time, row.line));
        for (&column, series) in columns.iter().zip(&mut closes) {
            // Hours without a row. At most the limit checked above.
            series.resize(usize::try_from(steps).unwrap_or(series.len()), f64::NAN);
            series.push(row.number_or_empty(column, Range::Positive)?.unwrap_or(f64::NAN));
        }
    }
    let history = PriceHistory { assets, start, step: STEP, closes };
    let gaps: Vec<AssetGaps> = gaps_of(&history);
    match gaps.iter().zip(&history.closes).find(|(gaps, series)| gaps.hours == series.len() as u64) {
        Some((empty, _)) => Err(FormatError::NotFound {
            at: Place::file(table.file()),
            what: "price of",
            wanted: empty.asset.clone(),
            found: "only empty cells".to_owned(),
        }),
        None => Ok(PriceTable { history, gaps }),
    }
}

/// The last close of an asset that is known at a moment: that of the row whose hour ends at `time` or within the hour
/// before it. `None` when the asset is unknown, the moment is outside the table, or that close is absent; an older
/// close does not stand in for it.
#[must_use]
pub fn close_known_at(history: &PriceHistory, asset: &str, time: u64) -> Option<f64> {
    let column = history.assets.iter().position(|known| known == asset)?;
    let opened = time.checked_sub(history.start)?.checked_sub(history.step)?;
    let row = usize::try_from(opened.checked_div(history.step)?).ok()?;
    history.closes.get(column)?.get(row).copied().filter(|close| !close.is_nan())
}

fn check_names(file: &str, assets: &[String]) -> Result<(), FormatError> {
    if assets.is_empty() {
        return Err(FormatError::MissingColumn {
            at: Place::line(file, 1),
            missing: "a column named after an asset".to_owned(),
            found: vec!["ts".to_owned()],
        });
    }
    match assets.iter().find_map(|asset| name(asset).err().map(|expected| (asset, expected))) {
        Some((asset, expected)) => {
            Err(FormatError::Value { at: Place::line(file, 1), found: shown(asset), expected })
        }
        None => Ok(()),
    }
}

fn gaps_of(history: &PriceHistory) -> Vec<AssetGaps> {
    let mut all = Vec::with_capacity(history.assets.len());
    for (asset, series) in history.assets.iter().zip(&history.closes) {
        let mut gaps = AssetGaps { asset: asset.clone(), hours: 0, runs: 0, first: None, longest: None };
        let mut open: Option<Gap> = None;
        for (time, close) in (history.start..).step_by(STEP as usize).zip(series) {
            if close.is_nan() {
                let gap = open.get_or_insert(Gap { start: time, hours: 0 });
                gap.hours += 1;
            } else if let Some(gap) = open.take() {
                gaps.note(gap);
            }
        }
        if let Some(gap) = open {
            gaps.note(gap);
        }
        all.push(gaps);
    }
    all
}

impl AssetGaps {
    fn note(&mut self, gap: Gap) {
        self.hours += gap.hours;
        self.runs += 1;
        self.first.get_or_insert(gap);
        if self.longest.is_none_or(|longest| gap.hours > longest.hours) {
            self.longest = Some(gap);
        }
    }
}
