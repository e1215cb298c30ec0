//! One path of a block as a book of accounts sees it.
//!
//! A block splits a column only where that column itself jumps, so the columns of an account have intervals of their own.
//! They are put on one clock here: at a moment at which others jump, a column that does not is taken on the geometric
//! line between the ends of its interval, and each part of the interval has the interval's low. Ends of intervals, jumps
//! and lows are the block's own; what is approximate is where between two of its ends a column stands while another
//! jumps.

use super::{AccountModel, AccountModelError, AssetPath, PathEvents};
use crate::price::{BlockInterval, PathBlock, PricePath};

/// Buffers for reading paths of blocks, reused from path to path.
#[derive(Clone, Debug, Default)]
pub struct BlockReader {
    prices: PricePath,
    intervals: Vec<Vec<BlockInterval>>,
    times: Vec<f64>,
}

impl BlockReader {
    /// Puts a path of a block on one clock, for the columns that a book needs.
    ///
    /// # Errors
    /// A block without one of the columns.
    pub fn open(
        &mut self,
        model: &AccountModel,
        block: &PathBlock,
        path: usize,
    ) -> Result<(), AccountModelError> {
        let columns = block.columns();
        let mut used: Vec<usize> = model.columns.iter().flatten().copied().collect();
        used.sort_unstable();
        used.dedup();
        if let Some(&column) = used.last().filter(|&&column| column >= columns) {
            let asset = model.columns.iter().position(|&own| own == Some(column)).unwrap_or(0);
            return Err(AccountModelError::Column { symbol: model.symbols[asset].clone(), column, columns });
        }
        let Self { prices, intervals, times } = self;
        times.clear();
        times.extend((0..block.steps()).map(|step| block.time(step)));
        intervals.resize(used.len(), Vec::new());
        for (own, &column) in intervals.iter_mut().zip(&used) {
            block.intervals(path, column, own);
            times.extend(own.iter().map(|interval| interval.time));
        }
        times.sort_by(f64::total_cmp);
        times.dedup();
        let cells = times.len() * columns;
        prices.assets = columns;
        prices.time.clone_from(times);
        for buffer in [&mut prices.low, &mut prices.close, &mut prices.after] {
            buffer.clear();
            buffer.resize(cells, 1.0);
        }
        prices.stressed.clear();
        prices.stressed.resize(times.len(), false);
        for (own, &column) in intervals.iter().zip(&used) {
            // Begin of the interval that holds the moment, and the price there.
            let (mut at, mut start, mut opened) = (0, 0.0, 1.0_f64);
            for (row, &time) in times.iter().enumerate() {
                let Some(interval) = own.get(at) else { break };
                let cell = row * columns + column;
                prices.stressed[row] |= interval.stressed;
                prices.low[cell] = interval.low;
                if time < interval.time {
                    let part = (time - start) / (interval.time - start);
                    let between = opened * libm::pow(interval.close / opened, part);
                    (prices.close[cell], prices.after[cell]) = (between, between);
                } else {
                    (prices.close[cell], prices.after[cell]) = (interval.close, interval.after);
                    (at, start, opened) = (at + 1, interval.time, interval.after);
                }
            }
        }
        Ok(())
    }

    /// Reads the path that was opened, with what happens on it beside its prices, up to a moment (years), its end
    /// included.
    ///
    /// # Errors
    /// As [`AssetPath::read`].
    pub fn read_until(
        &mut self,
        model: &AccountModel,
        end: f64,
        events: &PathEvents,
        into: &mut AssetPath,
    ) -> Result<(), AccountModelError> {
        let prices = &mut self.prices;
        let rows = prices.time.partition_point(|&time| time <= end);
        prices.time.truncate(rows);
        prices.stressed.truncate(rows);
        for buffer in [&mut prices.low, &mut prices.close, &mut prices.after] {
            buffer.truncate(rows * prices.assets);
        }
        into.read_with(model, prices, events)
    }

    /// Intervals of the path that end by a moment (years).
    #[must_use]
    pub fn intervals_until(&self, end: f64) -> usize {
        self.prices.time.partition_point(|&time| time <= end)
    }
}
