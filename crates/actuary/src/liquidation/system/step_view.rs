//! One step of a market on all paths of a block: slices read once, quotes of paths without a split straight from them.

use super::{super::Columns, block_paths::BlockPaths, quotes::Quote};

/// The cells of a market's columns in one step, paths side by side.
#[derive(Clone, Copy)]
pub(super) struct StepView<'a> {
    /// Beginning and end of the step.
    pub start: f64,
    pub end: f64,
    /// Lowest price of the last interval.
    pub low: &'a [f64],
    close: &'a [f64],
    /// Closes of the step before; none at the first, which opens at 1.
    before: Option<&'a [f64]>,
    stressed: &'a [bool],
    /// Closes of the debt asset, before and now, where it is simulated.
    debt: Option<(Option<&'a [f64]>, &'a [f64])>,
    ratio: bool,
}

impl<'a> StepView<'a> {
    pub fn new(paths: &BlockPaths<'a>, columns: Columns, step: usize) -> Self {
        let block = paths.block;
        let previous = step.checked_sub(1);
        let before = |column: usize| previous.map(|step| block.close(step, column));
        Self {
            start: previous.map_or(0.0, |step| block.time(step)),
            end: block.time(step),
            low: block.low(step, columns.price()),
            close: block.close(step, columns.price()),
            before: before(columns.price()),
            stressed: block.stressed(step),
            debt: columns.debt().map(|column| (before(column), block.close(step, column))),
            ratio: matches!(columns, Columns::Ratio { .. }),
        }
    }

    /// Lowers the prices of the paths to the lowest of the last interval of the step, as [`StepView::lowest`] gives it.
    #[inline(always)]
    pub fn lower(&self, lowest: &mut [f64]) {
        if self.ratio {
            for (lane, price) in lowest.iter_mut().enumerate() {
                *price = price.min(self.lowest(lane));
            }
            return;
        }
        // A close is never below the low.
        for (price, &low) in lowest.iter_mut().zip(self.low) {
            *price = if low < *price { low } else { *price };
        }
    }

    /// The lowest price of the last interval of the step; of a ratio a price that it does not fall below.
    #[inline(always)]
    pub fn lowest(&self, lane: usize) -> f64 {
        let low = self.low[lane];
        match (self.ratio, self.debt) {
            (true, Some((before, now))) => {
                let close = self.close[lane];
                let (debt_open, debt_close) = (at(before, lane), now[lane]);
                let open = at(self.before, lane) / debt_open;
                (low / debt_open.max(debt_close)).min(close / debt_close).min(open)
            }
            _ => low,
        }
    }

    /// Price at the beginning, relative to time 0.
    #[inline(always)]
    pub fn open(&self, lane: usize) -> f64 {
        let open = at(self.before, lane);
        match self.debt {
            Some((debt, _)) if self.ratio => open / at(debt, lane),
            _ => open,
        }
    }

    /// The only interval of a path on which no column is split in the step.
    #[inline(always)]
    pub fn whole(&self, lane: usize) -> Quote {
        let (low, close, stressed) = (self.low[lane], self.close[lane], self.stressed[lane]);
        let Some((debt_before, debt_now)) = self.debt else {
            return Quote { end: self.end, low, close, after: close, stressed, debt: 1.0 };
        };
        let debt = debt_now[lane];
        let (low, close) = if self.ratio {
            let close = close / debt;
            ((low / at(debt_before, lane).max(debt)).min(close).min(self.open(lane)), close)
        } else {
            (low, close)
        };
        Quote { end: self.end, low, close, after: close, stressed, debt }
    }
}

#[inline(always)]
fn at(prices: Option<&[f64]>, lane: usize) -> f64 {
    prices.map_or(1.0, |prices| prices[lane])
}
