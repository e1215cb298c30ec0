//! Filling a block from outside the parametric model: filtered models make their paths one by one.

use super::{BlockInterval, BlockPlan, Detail, PathBlock, Split};
use crate::price::model::ModelError;

impl BlockPlan {
    /// The refusal of a plan that cannot be simulated.
    pub(in crate::price) fn check(&self, paths: usize) -> Result<(), ModelError> {
        let refuse = |name, value, range| {
            Err(ModelError::OutOfRange { owner: "the simulation".to_owned(), name, value, range })
        };
        if !(self.horizon_years > 0.0 && self.horizon_years <= 1e3) {
            return refuse("horizon", self.horizon_years, "above 0 and at most 1000 years");
        }
        if self.steps == 0 {
            return refuse("number of steps", 0.0, "at least 1");
        }
        if paths == 0 {
            return refuse("number of paths", 0.0, "at least 1");
        }
        Ok(())
    }
}

impl PathBlock {
    /// Gives the block the shape of a plan. Every cell must be written before it is read.
    pub(in crate::price) fn shape(
        &mut self,
        plan: &BlockPlan,
        columns: usize,
        first_path: u64,
        paths: usize,
    ) {
        let cells = plan.steps * columns * paths;
        let intervals = plan.detail == Detail::Intervals;
        (self.first_path, self.paths, self.steps, self.columns) = (first_path, paths, plan.steps, columns);
        self.horizon_years = plan.horizon_years;
        self.close.resize(cells, 0.0);
        self.low.resize(if intervals { cells } else { 0 }, 0.0);
        self.stressed.resize(if intervals { plan.steps * paths } else { 0 }, false);
        self.splits.clear();
        self.crashes.clear();
    }

    /// Writes the close of a column at the end of a step.
    pub(in crate::price) fn write_close(&mut self, path: usize, step: usize, column: usize, close: f64) {
        self.close[(step * self.columns + column) * self.paths + path] = close;
    }

    /// Writes the low of the last interval of a step.
    pub(in crate::price) fn write_low(&mut self, path: usize, step: usize, column: usize, low: f64) {
        self.low[(step * self.columns + column) * self.paths + path] = low;
    }

    /// Writes the state of the last interval of a step.
    pub(in crate::price) fn write_state(&mut self, path: usize, step: usize, stressed: bool) {
        self.stressed[step * self.paths + path] = stressed;
    }

    /// Adds a split. Those of one path and column must come in order of time.
    pub(in crate::price) fn write_split(
        &mut self,
        path: usize,
        column: usize,
        step: usize,
        interval: BlockInterval,
    ) {
        self.splits.push(Split { path, column, step, interval });
    }

    /// Puts the splits in their order.
    pub(in crate::price) fn finish(&mut self) {
        // Paths come one after the other: within a step and column splits are in order of path and time already.
        let splits = core::mem::take(&mut self.splits);
        self.sort_splits(&splits);
    }
}
