//! Candles: open, high, low and close of one asset, an interval a row, and what is wrong with them.
//!
//! [`read_candles`] takes one file an asset: `ts,open,high,low,close[,volume]`, `ts` being the OPENING of the interval in
//! unix seconds or RFC 3339. [`read_daily_candles`] takes one file of several symbols:
//! `symbol,date,open,high,low,close[,volume|volume_usd][,market_cap_usd]`. [`join`] puts series of the same interval on
//! one clock, as [`PriceHistory`](seawall_actuary::price::PriceHistory) of closes.
//!
//! Nothing is filled in. A row that cannot be read, a repeated time and a time out of order are refused. A candle that
//! can be read but cannot be true is left out and reported ([`CandleReport`]):
//! - impossible ones: a price that is not positive, a low above open or close, a high below them; where the open only
//!   repeats the close before, as some feeds have it, low and high are judged by the close alone
//! - a close that leaves by more than a limit and is back a row later: a bad print
//! - a candle without trade (volume 0) whose close is that of the candle before: a price carried on, not a price
//! - the last candle, which may be unfinished, unless it is known to be finished
//!
//! A low or high beyond a limit from open and close is brought back to the limit (winsorised) and reported: the closes,
//! which calibration uses, are not touched by it. Closes that stand still with trade, or where no volume is given, are
//! reported and kept.

mod join;
mod quality;

pub use join::{join, join_beside};
pub use quality::{
    CandleReport, Defect, Impossible, LISTED_MAX, Listed, MissingRun, Spike, StaleRun, Wick, WickSide,
};

use crate::error::{FormatError, Place};
use crate::field::Range;
use crate::source::Source;
use crate::table::{Header, Row, Table};
use crate::timestamp::{day, moment};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// One interval of trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// Unix seconds of its opening.
    pub time: u64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Amount traded, in whichever unit the file has.
    pub volume: Option<f64>,
}

/// What becomes of the last candle of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastBar {
    /// It is left out: it may have been written before its interval was over.
    #[default]
    Drop,
    /// It is taken as finished.
    Keep,
    /// It is left out if its interval ends after this moment (unix seconds), at which the file was written.
    WrittenAt(u64),
}

/// Choices of a reader of candles.
#[derive(Clone, Debug, PartialEq)]
pub struct CandleOptions {
    /// Seconds of an interval; `None` takes the most frequent distance between rows.
    pub interval: Option<u64>,
    /// Closes that stand still for this many rows are reported.
    pub stale_rows: usize,
    /// A close that leaves by more than this in log price, of which the next row takes back nine tenths, is a bad print.
    pub spike_limit: f64,
    /// Lows and highs are held within this distance in log price from open and close.
    pub wick_limit: f64,
    /// The last candle.
    pub last_bar: LastBar,
}

impl Default for CandleOptions {
    fn default() -> Self {
        Self { interval: None, stale_rows: 6, spike_limit: 0.5, wick_limit: 0.5, last_bar: LastBar::Drop }
    }
}

/// The candles of one asset that can be used, and what was left out.
#[derive(Clone, Debug, PartialEq)]
pub struct CandleSeries {
    /// Symbol.
    pub asset: String,
    /// Seconds of an interval.
    pub interval: u64,
    /// In order of time; absent intervals are absent.
    pub candles: Vec<Candle>,
    /// What was found.
    pub report: CandleReport,
}

/// A candle as read, and where.
#[derive(Clone, Copy, Debug)]
struct Read {
    line: u64,
    candle: Candle,
}

/// Reads the candles of `asset`.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::Value`] for a number that is none, [`FormatError::TimeBackwards`],
/// [`FormatError::Duplicate`] for a repeated time, [`FormatError::OffGrid`], [`FormatError::SpanTooLong`], and
/// [`FormatError::NotFound`] where no candle is left or the interval cannot be told from one row.
pub fn read_candles(
    source: Source<'_>,
    asset: &str,
    options: &CandleOptions,
) -> Result<CandleSeries, FormatError> {
    const COLUMNS: [(&str, bool); 6] =
        [("ts", true), ("open", true), ("high", true), ("low", true), ("close", true), ("volume", false)];
    let mut table = Table::open(source, &Header::Fixed(&COLUMNS))?;
    let fields = Fields::of(&table, "ts")?;
    let mut rows: Vec<Read> = Vec::new();
    while let Some(row) = table.next_row()? {
        let text = row.text(fields.time)?;
        let time = moment(text).map_err(|expected| row.refuse(fields.time, text, expected))?;
        fields.push(&row, time, &mut rows)?;
    }
    quality::examine(table.file(), asset, &rows, options)
}

/// Reads daily candles of several symbols: one series a symbol, in the order in which they first stand in the file. The
/// rows of a symbol must be in order of time; symbols may alternate. [`CandleOptions::interval`] is a day.
///
/// # Errors
/// As [`read_candles`], for each symbol.
pub fn read_daily_candles(
    source: Source<'_>,
    options: &CandleOptions,
) -> Result<Vec<CandleSeries>, FormatError> {
    const COLUMNS: [(&str, bool); 9] = [
        ("symbol", true),
        ("date", true),
        ("open", true),
        ("high", true),
        ("low", true),
        ("close", true),
        ("volume", false),
        ("volume_usd", false),
        ("market_cap_usd", false),
    ];
    let mut table = Table::open(source, &Header::Fixed(&COLUMNS))?;
    let fields = Fields::of(&table, "date")?;
    let symbol = table.required("symbol")?;
    let mut all: Vec<(String, Vec<Read>)> = Vec::new();
    let mut current = 0;
    while let Some(row) = table.next_row()? {
        let name = row.name(symbol)?;
        if all.get(current).is_none_or(|(known, _)| known != name) {
            current = all.iter().position(|(known, _)| known == name).unwrap_or(all.len());
            if current == all.len() {
                if all.len() == SYMBOLS_MAX {
                    let expected = "at most 10000 different symbols";
                    return Err(row.refuse(symbol, name, expected));
                }
                all.push((name.to_owned(), Vec::new()));
            }
        }
        let text = row.text(fields.time)?;
        let time = day(text).map_err(|expected| row.refuse(fields.time, text, expected))?;
        fields.push(&row, time, &mut all[current].1)?;
    }
    let options = CandleOptions { interval: Some(DAY), ..options.clone() };
    all.iter().map(|(asset, rows)| quality::examine(table.file(), asset, rows, &options)).collect()
}

/// Reads the candles of `asset` from a file of either kind: its own candles, or daily candles of several symbols of which
/// it is one. `open` is called once for each kind that is tried.
///
/// # Errors
/// As [`read_candles`] and [`read_daily_candles`]; [`FormatError::NotFound`] for a daily file without the symbol.
pub fn read_candles_of<'a>(
    open: impl Fn() -> Source<'a>,
    asset: &str,
    options: &CandleOptions,
) -> Result<CandleSeries, FormatError> {
    let own = match read_candles(open(), asset, options) {
        Err(error @ (FormatError::MissingColumn { .. } | FormatError::UnknownColumn { .. })) => error,
        other => return other,
    };
    let source = open();
    let file = source.name.clone();
    let all = match read_daily_candles(source, options) {
        // It is neither: what its own candles lack is told.
        Err(FormatError::MissingColumn { .. } | FormatError::UnknownColumn { .. }) => return Err(own),
        other => other?,
    };
    let found: Vec<&str> = all.iter().map(|series| series.asset.as_str()).collect();
    let found = format!("candles of {}", found.join(", "));
    all.into_iter().find(|series| series.asset == asset).ok_or(FormatError::NotFound {
        at: Place::file(&file),
        what: "candle of",
        wanted: asset.to_owned(),
        found,
    })
}

/// Most symbols of a daily file.
const SYMBOLS_MAX: usize = 10_000;

/// Numbers of the columns.
struct Fields {
    time: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    volume: Option<usize>,
}

impl Fields {
    fn of(table: &Table<'_>, time: &str) -> Result<Self, FormatError> {
        Ok(Self {
            time: table.required(time)?,
            open: table.required("open")?,
            high: table.required("high")?,
            low: table.required("low")?,
            close: table.required("close")?,
            volume: table.column("volume").or_else(|| table.column("volume_usd")),
        })
    }

    /// Reads the rest of a row and puts it after the last.
    fn push(&self, row: &Row<'_>, time: u64, rows: &mut Vec<Read>) -> Result<(), FormatError> {
        if let Some(last) = rows.last() {
            let previous = last.candle.time;
            if time < previous {
                return Err(FormatError::TimeBackwards { at: row.at(self.time), found: time, previous });
            }
            if time == previous {
                return Err(FormatError::Duplicate {
                    at: row.at(self.time),
                    what: "the time",
                    found: row.text(self.time)?.to_owned(),
                    first_line: last.line,
                });
            }
        }
        let price = |column| row.number(column, Range::Finite);
        let volume = match self.volume {
            Some(column) => row.number_or_empty(column, Range::NonNegative)?,
            None => None,
        };
        let candle = Candle {
            time,
            open: price(self.open)?,
            high: price(self.high)?,
            low: price(self.low)?,
            close: price(self.close)?,
            volume,
        };
        rows.push(Read { line: row.line, candle });
        Ok(())
    }
}
