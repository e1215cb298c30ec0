//! A price path in the prices of a book's assets, cut into the periods between renewals of the book.
//!
//! Renewal, as in [`crate::liquidation::market`]: from that moment on all prices are rescaled so that the prices of
//! the moment are the snapshot's.

use std::ops::Range;

use super::{AccountModel, AccountModelError, PathEvents};
use crate::price::PricePath;

/// Share by which an interval's end may fall short of a renewal and still be taken for it: times of a path are sums of
/// steps.
const TIME_TOLERANCE: f64 = 1e-9;

/// Nodes of a level under one of the next.
pub(super) const BRANCHES: usize = 4;

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
    end: Vec<f64>,
    stressed: Vec<bool>,
    periods: Vec<Period>,
    /// First bounds of each level of each period.
    levels: Vec<usize>,
    /// Bounds of nodes, one an asset.
    least: Vec<f64>,
    most: Vec<f64>,
    events: PathEvents,
}

/// Intervals between two renewals. They are the leaves of a tree: a node of level `k` stands for [`BRANCHES`]`^k` of them,
/// the last of a level for what is left; the highest level has one.
#[derive(Clone, Debug)]
pub(super) struct Period {
    pub(super) intervals: Range<usize>,
    /// Its levels, from the leaves up.
    levels: Range<usize>,
}

impl Period {
    /// Number of levels; at least 1.
    pub(super) fn height(&self) -> usize {
        self.levels.len()
    }
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
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) stressed: bool,
}

impl AssetPath {
    /// Reads a path for a book of accounts, on which there are neither crashes nor spells.
    ///
    /// # Errors
    /// A path without one of the columns, or whose buffers have the wrong length.
    pub fn read(&mut self, model: &AccountModel, path: &PricePath) -> Result<(), AccountModelError> {
        self.events.clear();
        self.read_prices(model, path)
    }

    /// Reads a path and what happens on it.
    ///
    /// # Errors
    /// As [`AssetPath::read`].
    pub fn read_with(
        &mut self,
        model: &AccountModel,
        path: &PricePath,
        events: &PathEvents,
    ) -> Result<(), AccountModelError> {
        self.events.clone_from(events);
        self.read_prices(model, path)
    }

    fn read_prices(&mut self, model: &AccountModel, path: &PricePath) -> Result<(), AccountModelError> {
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
        self.end.clear();
        self.stressed.clear();
        self.periods.clear();
        self.levels.clear();
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
            self.end.push(end);
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

    /// Ends a period and finds its bounds, level by level.
    fn end_period(&mut self, first: usize, end: usize) {
        let assets = self.assets;
        let before = self.levels.len();
        let begin = self.least.len();
        self.levels.push(begin / assets.max(1));
        for at in first * assets..end * assets {
            self.least.push(self.low[at].min(self.after[at]));
            self.most.push(self.high[at].max(self.after[at]));
        }
        let (mut from, mut count) = (begin, end - first);
        while count > 1 {
            let next = self.least.len();
            self.levels.push(next / assets.max(1));
            let above = count.div_ceil(BRANCHES);
            self.least.resize(next + above * assets, f64::INFINITY);
            self.most.resize(next + above * assets, 0.0);
            let (below, least) = self.least[from..].split_at_mut(next - from);
            let (below_most, most) = self.most[from..].split_at_mut(next - from);
            for node in 0..count {
                let (child, parent) = (node * assets, node / BRANCHES * assets);
                for asset in 0..assets {
                    least[parent + asset] = least[parent + asset].min(below[child + asset]);
                    most[parent + asset] = most[parent + asset].max(below_most[child + asset]);
                }
            }
            (from, count) = (next, above);
        }
        self.periods.push(Period { intervals: first..end, levels: before..self.levels.len() });
    }

    pub(super) fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// What happens on the path beside its prices.
    pub(super) fn events(&self) -> &PathEvents {
        &self.events
    }

    /// Bounds of a node of a period: its number on a level, from 0.
    pub(super) fn bounds(&self, period: &Period, level: usize, node: usize) -> Bounds<'_> {
        let number = self.levels[period.levels.start + level] + node;
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
            start: if interval == 0 { 0.0 } else { self.end[interval - 1] },
            end: self.end[interval],
            stressed: self.stressed[interval],
        }
    }
}
