//! Many paths at once: the law of [`Model::simulate`] at a fraction of its cost.
//!
//! Where a single path splits every asset at every event of any asset, a block keeps the regular steps for all of
//! them and splits an asset only where that asset itself jumps (or the regime switches), and only if intervals
//! are asked for. Sixteen paths are worked on side by side: one product with the correlation's factor, one
//! exponential per step and asset, no branches.
//!
//! Regime, jumps and crashes of path i are those of [`Model::simulate`] for the same seed, bit for bit; the
//! diffusion has the same law but, on paths with events, other values. A path depends on model, plan, seed and
//! its number alone: any split into blocks gives the same bits. Times are in years, prices relative to time 0.
//!
//! What is approximate: inside a step, between regular dates, two assets that are split at different moments have
//! independent bridge points. Each asset's own law, and the joint law at the steps' ends, are exact; crashes and
//! switches, at which all are split, keep the correlation. The minimum of a peg takes its basis for Brownian inside an
//! interval, as [`Model::simulate`] does: choose steps well below the time in which the basis reverts.

mod arrivals;
mod gather;
mod group;
mod split;
mod writer;

use super::model::{Model, ModelError};
use super::timeline::Draws;
use crate::math::wide::Width;
use group::{Group, Seen};

/// How much of a path is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Prices at the end of each step.
    #[default]
    Closes,
    /// And every interval in between with its exact minimum: what a liquidation ladder needs.
    Intervals,
}

/// What each path of a block is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockPlan {
    /// Horizon in years, above 0 and at most 1000.
    pub horizon_years: f64,
    /// Regular steps up to the horizon, at least 1.
    pub steps: usize,
    /// How much is recorded.
    pub detail: Detail,
}

/// A moment inside a step at which one column jumps or the regime switches: the end of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Number of the path in the block, from 0.
    pub path: usize,
    /// Column of the model.
    pub column: usize,
    /// Step inside which it lies, from 0.
    pub step: usize,
    /// The interval that ends here.
    pub interval: BlockInterval,
}

/// A common crash on a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockCrash {
    /// Number of the path in the block, from 0.
    pub path: usize,
    /// Step inside which it lies, from 0.
    pub step: usize,
    /// Its moment.
    pub time: f64,
    /// Its size in log price before the assets' loadings, the state's multiplier included.
    pub size: f64,
}

/// A stretch of one column's path without a jump inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockInterval {
    /// Its end.
    pub time: f64,
    /// Lowest price of the diffusion within it.
    pub low: f64,
    /// Price at its end before the jump.
    pub close: f64,
    /// Price after the jump.
    pub after: f64,
    /// Whether it lies in the stress state.
    pub stressed: bool,
}

/// Simulated paths, paths side by side: the price of one column at the end of one step is a slice over the paths.
#[derive(Clone, Debug, Default)]
pub struct PathBlock {
    first_path: u64,
    paths: usize,
    steps: usize,
    columns: usize,
    horizon_years: f64,
    close: Vec<f64>,
    low: Vec<f64>,
    stressed: Vec<bool>,
    splits: Vec<Split>,
    /// Where the splits of each step and column begin.
    first_split: Vec<u32>,
    crashes: Vec<BlockCrash>,
}

impl PathBlock {
    /// Number of its first path in the simulation.
    #[must_use]
    pub fn first_path(&self) -> u64 {
        self.first_path
    }

    /// Number of paths.
    #[must_use]
    pub fn paths(&self) -> usize {
        self.paths
    }

    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Number of columns of the model.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// End of a step, in years.
    #[must_use]
    pub fn time(&self, step: usize) -> f64 {
        step_end(self.horizon_years, self.steps, step)
    }

    /// Prices of a column at the end of a step (from 0), jumps included, one a path. Empty out of range.
    #[must_use]
    pub fn close(&self, step: usize, column: usize) -> &[f64] {
        self.cells(&self.close, step, column)
    }

    /// Lowest prices of the last interval of a step: of the whole step where the column was not split in it.
    /// Empty out of range or without [`Detail::Intervals`].
    #[must_use]
    pub fn low(&self, step: usize, column: usize) -> &[f64] {
        self.cells(&self.low, step, column)
    }

    /// Whether each path is under stress at the end of a step. Empty out of range or without [`Detail::Intervals`].
    #[must_use]
    pub fn stressed(&self, step: usize) -> &[bool] {
        if step >= self.steps {
            return &[];
        }
        let first = step * self.paths;
        self.stressed.get(first..first + self.paths).unwrap_or(&[])
    }

    /// All common crashes, in order of path and time. Empty without [`Detail::Intervals`].
    #[must_use]
    pub fn crashes(&self) -> &[BlockCrash] {
        &self.crashes
    }

    /// All splits, in order of step, column, path and time. Empty without [`Detail::Intervals`].
    #[must_use]
    pub fn splits(&self) -> &[Split] {
        &self.splits
    }

    /// The splits of one column inside one step, in order of path and time. Empty out of range or without
    /// [`Detail::Intervals`].
    #[must_use]
    pub fn cell_splits(&self, step: usize, column: usize) -> &[Split] {
        if step >= self.steps || column >= self.columns {
            return &[];
        }
        let cell = step * self.columns + column;
        match (self.first_split.get(cell), self.first_split.get(cell + 1)) {
            (Some(first), Some(end)) => &self.splits[*first as usize..*end as usize],
            _ => &[],
        }
    }

    /// Fills `out` with the intervals of one column of one path, in order of time. Empty out of range or without
    /// [`Detail::Intervals`].
    pub fn intervals(&self, path: usize, column: usize, out: &mut Vec<BlockInterval>) {
        out.clear();
        if path >= self.paths || column >= self.columns || self.low.is_empty() {
            return;
        }
        for step in 0..self.steps {
            let splits = self.cell_splits(step, column);
            let first = splits.partition_point(|split| split.path < path);
            out.extend(
                splits[first..].iter().take_while(|split| split.path == path).map(|split| split.interval),
            );
            let close = self.close(step, column)[path];
            let low = self.low(step, column)[path];
            let stressed = self.stressed[step * self.paths + path];
            out.push(BlockInterval { time: self.time(step), low, close, after: close, stressed });
        }
    }

    /// Puts splits in order of step and column by counting; those of a cell stay in the order in which they come.
    fn sort_splits(&mut self, splits: &[Split]) {
        let key = |split: &Split| split.step * self.columns + split.column;
        let first = &mut self.first_split;
        first.clear();
        if self.low.is_empty() {
            self.splits.clear();
            return;
        }
        first.resize(self.steps * self.columns + 1, 0);
        for split in splits {
            first[key(split) + 1] += 1;
        }
        for cell in 1..first.len() {
            first[cell] += first[cell - 1];
        }
        self.splits.clear();
        self.splits.extend_from_slice(splits);
        for split in splits {
            let place = &mut first[key(split)];
            self.splits[*place as usize] = *split;
            *place += 1;
        }
        // Each entry has moved on to where the next begins.
        first.rotate_right(1);
        first[0] = 0;
    }

    fn cells<'a>(&self, values: &'a [f64], step: usize, column: usize) -> &'a [f64] {
        if step >= self.steps || column >= self.columns {
            return &[];
        }
        let first = (step * self.columns + column) * self.paths;
        values.get(first..first + self.paths).unwrap_or(&[])
    }
}

/// Buffers of a block's simulation, reused from block to block.
#[derive(Clone, Debug, Default)]
pub struct BlockScratch {
    group: Group,
    /// Splits of the groups one after the other.
    splits: Vec<Split>,
}

impl BlockScratch {
    /// Buffers for a simulation with the instructions that every processor of the kind has, though the one at hand may have
    /// wider ones: the same bits, slower. For comparison.
    #[must_use]
    pub fn baseline() -> Self {
        let mut scratch = Self::default();
        scratch.group.width = Width::Baseline;
        scratch
    }
}

impl Model {
    /// Simulates `paths` paths from number `first_path` on into `block`. Blocks of a few hundred paths stay in
    /// the processor's cache.
    ///
    /// # Errors
    /// A horizon that is not positive and finite, no steps, no paths.
    pub fn simulate_block(
        &self,
        plan: &BlockPlan,
        seed: u64,
        first_path: u64,
        paths: usize,
        block: &mut PathBlock,
        scratch: &mut BlockScratch,
    ) -> Result<(), ModelError> {
        let draws = |path| Draws::plain(self, seed, path);
        self.simulate_block_drawn(plan, first_path, paths, block, scratch, &draws, &mut |_, _, _| {})
    }

    /// The same from given draws. `seen` is shown the spells of each path and its events, these in the order of
    /// generation.
    #[expect(clippy::too_many_arguments)]
    pub(super) fn simulate_block_drawn<'a>(
        &self,
        plan: &BlockPlan,
        first_path: u64,
        paths: usize,
        block: &mut PathBlock,
        scratch: &mut BlockScratch,
        draws: &dyn Fn(u64) -> Draws<'a>,
        seen: Seen<'_>,
    ) -> Result<(), ModelError> {
        let refuse = |name, value, range| {
            Err(ModelError::OutOfRange { owner: "the simulation".to_owned(), name, value, range })
        };
        if !(plan.horizon_years > 0.0 && plan.horizon_years <= 1e3) {
            return refuse("horizon", plan.horizon_years, "above 0 and at most 1000 years");
        }
        if plan.steps == 0 {
            return refuse("number of steps", 0.0, "at least 1");
        }
        if paths == 0 {
            return refuse("number of paths", 0.0, "at least 1");
        }
        let columns = self.columns.len();
        *block = PathBlock {
            first_path,
            paths,
            steps: plan.steps,
            columns,
            horizon_years: plan.horizon_years,
            close: core::mem::take(&mut block.close),
            low: core::mem::take(&mut block.low),
            stressed: core::mem::take(&mut block.stressed),
            splits: core::mem::take(&mut block.splits),
            first_split: core::mem::take(&mut block.first_split),
            crashes: core::mem::take(&mut block.crashes),
        };
        let cells = plan.steps * columns * paths;
        let intervals = plan.detail == Detail::Intervals;
        block.close.resize(cells, 0.0);
        block.low.resize(if intervals { cells } else { 0 }, 0.0);
        block.stressed.resize(if intervals { plan.steps * paths } else { 0 }, false);
        block.crashes.clear();
        scratch.splits.clear();
        scratch.group.prepare(self, plan);
        let mut done = 0;
        while done < paths {
            let first = first_path.wrapping_add(done as u64);
            let draws = core::array::from_fn(|lane| draws(first.wrapping_add(lane as u64)));
            scratch.group.run(self, &draws, done, block, &mut scratch.splits, seen);
            done += group::LANES;
        }
        block.crashes.sort_by_key(|crash| crash.path);
        block.sort_splits(&scratch.splits);
        Ok(())
    }
}

/// End of a step: the last one ends at the horizon itself.
fn step_end(horizon: f64, steps: usize, step: usize) -> f64 {
    if step + 1 >= steps { horizon } else { horizon * (step + 1) as f64 / steps as f64 }
}
