//! A price path in the prices of a book's assets, cut into the periods between renewals of the book.
//!
//! Renewal, as in [`crate::liquidation::market`]: from that moment on all prices are rescaled so that the prices of
//! the moment are the snapshot's.

use std::ops::Range;

use super::{AccountModel, AccountModelError};
use crate::price::PricePath;

/// Share by which an interval's end may fall short of a renewal and still be taken for it: times of a path are sums of
/// steps.
const TIME_TOLERANCE: f64 = 1e-9;

/// Intervals of a window.
const WINDOW: usize = 16;

/// A path as the assets of a book see it. Buffers are reused from path to path.
#[derive(Clone, Debug, Default)]
pub struct AssetPath {
    assets: usize,
    /// By interval and asset.
    open: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    after: Vec<f64>,
    /// The higher of opening and close.
    high: Vec<f64>,
    years: Vec<f64>,
    stressed: Vec<bool>,
    periods: Vec<Period>,
    windows: Vec<Window>,
    /// Bounds of windows and periods, one an asset.
    least: Vec<f64>,
    most: Vec<f64>,
}

/// Intervals between two renewals, and the windows into which they are cut.
#[derive(Clone, Debug)]
pub(super) struct Period {
    pub(super) intervals: Range<usize>,
    /// Number of its bounds.
    bounds: usize,
    /// Numbers of its windows.
    pub(super) windows: Range<usize>,
}

/// A few intervals in a row.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) intervals: Range<usize>,
    bounds: usize,
}

/// Prices that each asset does not leave over some intervals: the lowest, and the highest at openings, closes and after
/// jumps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
    pub(super) least: &'a [f64],
    pub(super) most: &'a [f64],
}

/// Prices of one interval, one an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) open: &'a [f64],
    pub(super) low: &'a [f64],
    pub(super) close: &'a [f64],
    pub(super) after: &'a [f64],
    pub(super) high: &'a [f64],
    pub(super) years: f64,
    pub(super) stressed: bool,
}

impl AssetPath {
    /// Reads a path for a book of accounts.
    ///
    /// # Errors
    /// A path without one of the columns, or whose buffers have the wrong length.
    pub fn read(&mut self, model: &AccountModel, path: &PricePath) -> Result<(), AccountModelError> {
        for (symbol, column) in model.symbols.iter().zip(&model.columns) {
            if let Some(column) = column.filter(|&column| column >= path.assets) {
                return Err(AccountModelError::Column {
                    symbol: symbol.clone(),
                    column,
                    columns: path.assets,
                });
            }
        }
        let cells = path.len() * path.assets;
        for (found, expected) in [
            (path.low.len(), cells),
            (path.close.len(), cells),
            (path.after.len(), cells),
            (path.stressed.len(), path.len()),
        ] {
            if found < expected {
                return Err(AccountModelError::Shape { found, expected });
            }
        }
        self.fill(model, path);
        Ok(())
    }

    /// Number of intervals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.years.len()
    }

    /// True when the path has no interval.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.years.is_empty()
    }

    fn fill(&mut self, model: &AccountModel, path: &PricePath) {
        let assets = model.spot.len();
        self.assets = assets;
        for buffer in [&mut self.open, &mut self.low, &mut self.close, &mut self.after, &mut self.high] {
            buffer.clear();
        }
        self.years.clear();
        self.stressed.clear();
        self.periods.clear();
        self.windows.clear();
        self.least.clear();
        self.most.clear();
        let mut scale = model.spot.clone();
        let mut opening = model.spot.clone();
        let (mut first, mut start) = (0, 0.0);
        let mut renewal = model.renewal_years.unwrap_or(f64::INFINITY);
        for (index, &end) in path.time.iter().enumerate() {
            let row = index * path.assets;
            for (asset, column) in model.columns.iter().enumerate() {
                let at = |values: &[f64]| column.map_or(1.0, |column| values[row + column]) * scale[asset];
                let (open, close, after) = (opening[asset], at(&path.close), at(&path.after));
                self.open.push(open);
                self.low.push(at(&path.low).min(open).min(close));
                self.close.push(close);
                self.after.push(after);
                self.high.push(open.max(close));
                opening[asset] = after;
            }
            self.years.push(end - start);
            self.stressed.push(path.stressed[index]);
            start = end;
            let by_now = end * (1.0 + TIME_TOLERANCE);
            if renewal <= by_now {
                self.end_period(first, index + 1);
                first = index + 1;
                for (asset, column) in model.columns.iter().enumerate() {
                    if let Some(column) = column {
                        scale[asset] = model.spot[asset] / path.after[row + column];
                    }
                    opening[asset] = model.spot[asset];
                }
                let period = model.renewal_years.unwrap_or(f64::INFINITY);
                while renewal <= by_now {
                    renewal += period;
                }
            }
        }
        if first < path.len() {
            self.end_period(first, path.len());
        }
    }

    fn end_period(&mut self, first: usize, end: usize) {
        let before = self.windows.len();
        for start in (first..end).step_by(WINDOW) {
            let intervals = start..(start + WINDOW).min(end);
            let bounds = self.bound(intervals.clone());
            self.windows.push(Window { intervals, bounds });
        }
        let bounds = self.bound(first..end);
        self.periods.push(Period { intervals: first..end, bounds, windows: before..self.windows.len() });
    }

    /// Adds the bounds of some intervals; their number.
    fn bound(&mut self, intervals: Range<usize>) -> usize {
        let start = self.least.len();
        self.least.resize(start + self.assets, f64::INFINITY);
        self.most.resize(start + self.assets, 0.0);
        let (least, most) = (&mut self.least[start..], &mut self.most[start..]);
        for at in intervals.start * self.assets..intervals.end * self.assets {
            let asset = at % self.assets;
            least[asset] = least[asset].min(self.low[at]).min(self.after[at]);
            most[asset] = most[asset].max(self.high[at]).max(self.after[at]);
        }
        start / self.assets.max(1)
    }

    pub(super) fn periods(&self) -> &[Period] {
        &self.periods
    }

    pub(super) fn windows(&self, period: &Period) -> &[Window] {
        &self.windows[period.windows.clone()]
    }

    pub(super) fn period_bounds(&self, period: &Period) -> Bounds<'_> {
        self.bounds(period.bounds)
    }

    pub(super) fn window_bounds(&self, window: &Window) -> Bounds<'_> {
        self.bounds(window.bounds)
    }

    fn bounds(&self, number: usize) -> Bounds<'_> {
        let row = number * self.assets..(number + 1) * self.assets;
        Bounds { least: &self.least[row.clone()], most: &self.most[row] }
    }

    pub(super) fn frame(&self, interval: usize) -> Frame<'_> {
        let row = interval * self.assets..(interval + 1) * self.assets;
        Frame {
            open: &self.open[row.clone()],
            low: &self.low[row.clone()],
            close: &self.close[row.clone()],
            after: &self.after[row.clone()],
            high: &self.high[row],
            years: self.years[interval],
            stressed: self.stressed[interval],
        }
    }
}
