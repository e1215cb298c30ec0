//! The intervals of one market on one path inside one step, in prices relative to time 0.
//!
//! Where a market's price is the ratio of two columns that are split at different moments, the other column's price
//! of such a moment is interpolated in time between its own, and the low of the ratio within an interval is the
//! collateral's low over the higher of the debt asset's ends, capped by the ratio's own.

use super::{super::Columns, block_paths::BlockPaths};
use crate::liquidation::Interval;
use crate::price::BlockInterval;

/// One interval of a market.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    pub end: f64,
    pub low: f64,
    pub close: f64,
    pub after: f64,
    pub stressed: bool,
    /// Price of the debt asset at the end, relative to time 0.
    pub debt: f64,
}

impl Quote {
    /// The same in the ladder's own prices, of so many years.
    #[inline(always)]
    pub fn interval(&self, scale: f64, years: f64) -> Interval {
        Interval {
            low: self.low * scale,
            close: self.close * scale,
            after: self.after * scale,
            years,
            stressed: self.stressed,
        }
    }
}

/// Buffers.
#[derive(Clone, Debug, Default)]
pub(super) struct Quotes {
    price: Track,
    debt: Track,
}

impl Quotes {
    /// Appends the intervals of a market in a step.
    pub fn read(
        &mut self,
        paths: &BlockPaths<'_>,
        columns: Columns,
        step: usize,
        lane: usize,
        out: &mut Vec<Quote>,
    ) {
        self.price.read(paths, columns.price(), step, lane);
        let Some(debt) = columns.debt() else {
            out.extend(self.price.points.iter().map(|point| Quote {
                end: point.time,
                low: point.low,
                close: point.close,
                after: point.after,
                stressed: point.stressed,
                debt: 1.0,
            }));
            return;
        };
        self.debt.read(paths, debt, step, lane);
        let ratio = matches!(columns, Columns::Ratio { .. });
        let mut open = self.price.open / self.debt.open;
        let mut debt_open = self.debt.open;
        let (mut next, mut next_debt) = (0, 0);
        while let Some(point) = self.price.points.get(next) {
            let debt_point = self.debt.points.get(next_debt);
            let cut = debt_point.filter(|debt| ratio && debt.time < point.time);
            let time = cut.map_or(point.time, |debt| debt.time);
            let (debt_close, debt_after) = self.debt.at(time);
            let quote = if ratio {
                let (close, after) = self.price.at(time);
                let (close, after) = (close / debt_close, after / debt_after);
                let low = (point.low / debt_open.max(debt_close)).min(close).min(open);
                Quote { end: time, low, close, after, stressed: point.stressed, debt: debt_after }
            } else {
                let BlockInterval { low, close, after, stressed, .. } = *point;
                Quote { end: time, low, close, after, stressed, debt: debt_after }
            };
            (open, debt_open) = (quote.after, debt_after);
            out.push(quote);
            next += usize::from(time >= point.time);
            next_debt += usize::from(debt_point.is_some_and(|debt| debt.time <= time));
        }
    }
}

/// One column of one path inside a step.
#[derive(Clone, Debug, Default)]
struct Track {
    start: f64,
    open: f64,
    points: Vec<BlockInterval>,
}

impl Track {
    fn read(&mut self, paths: &BlockPaths<'_>, column: usize, step: usize, lane: usize) {
        let block = paths.block;
        self.points.clear();
        (self.start, self.open) = match step.checked_sub(1) {
            None => (0.0, 1.0),
            Some(before) => (block.time(before), block.close(before, column)[lane]),
        };
        self.points.extend(paths.splits_of(step, column, lane).iter().map(|split| split.interval));
        let close = block.close(step, column)[lane];
        self.points.push(BlockInterval {
            time: block.time(step),
            low: block.low(step, column)[lane],
            close,
            after: close,
            stressed: block.stressed(step)[lane],
        });
    }

    /// Price before and after whatever happens at a moment.
    fn at(&self, time: f64) -> (f64, f64) {
        let (mut start, mut open) = (self.start, self.open);
        for point in &self.points {
            if point.time == time {
                return (point.close, point.after);
            }
            if point.time > time {
                let passed = ((time - start) / (point.time - start)).clamp(0.0, 1.0);
                let price = open + (point.close - open) * passed;
                return (price, price);
            }
            (start, open) = (point.time, point.after);
        }
        (open, open)
    }
}
