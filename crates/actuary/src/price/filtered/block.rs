//! Many paths of a filtered model at once, rows merged into steps.

use super::walk::Walk;
use super::{FilteredModel, FilteredScratch};
use crate::price::batch::{BlockInterval, BlockPlan, Detail, PathBlock};
use crate::price::model::ModelError;

impl FilteredModel {
    /// Simulates `paths` paths from number `first_path` on into `block`: the rows of [`FilteredModel::simulate`], those
    /// of a step merged into one interval whose low is the lowest of its rows. A row in which a column jumps ends an
    /// interval of that column; a row after which the state changes ends one of all columns. A jump in the last row
    /// of a step leaves an interval of no length at the step's end.
    ///
    /// The horizon is rounded to whole rows, and steps share these out as evenly as whole rows allow. Any split into
    /// blocks gives the same bits.
    ///
    /// # Errors
    /// A horizon that is not positive and finite, no steps, no paths, more steps than rows.
    pub fn simulate_block(
        &self,
        plan: &BlockPlan,
        seed: u64,
        first_path: u64,
        paths: usize,
        block: &mut PathBlock,
        scratch: &mut FilteredScratch,
    ) -> Result<(), ModelError> {
        plan.check(paths)?;
        // At most 1000 years: no overflow, down to rows of a microsecond.
        let rows = (plan.horizon_years / self.years_per_row).round() as usize;
        if rows < plan.steps {
            return Err(ModelError::OutOfRange {
                owner: "the simulation".to_owned(),
                name: "number of steps",
                value: plan.steps as f64,
                range: "at most the rows of the history that the horizon spans",
            });
        }
        block.shape(plan, self.columns.len(), first_path, paths);
        scratch.lowest.resize(self.columns.len(), 0.0);
        for path in 0..paths {
            self.block_path(plan, rows, seed, first_path.wrapping_add(path as u64), path, block, scratch);
        }
        block.finish();
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the loop body of the function above")]
    fn block_path(
        &self,
        plan: &BlockPlan,
        rows: usize,
        seed: u64,
        number: u64,
        path: usize,
        block: &mut PathBlock,
        scratch: &mut FilteredScratch,
    ) {
        let intervals = plan.detail == Detail::Intervals;
        let mut walk = Walk::start(self, seed, number, intervals, scratch);
        // Rows up to the end of a step; steps times rows stays far below 2^64 in 128 bits.
        let boundary = |step: usize| (step as u128 * rows as u128 / plan.steps as u128) as usize;
        let mut start = 0.0;
        for step in 0..plan.steps {
            let end = block.time(step);
            let count = boundary(step + 1) - boundary(step);
            walk.scratch.lowest.fill(f64::INFINITY);
            let mut stressed = walk.stressed;
            for row in 1..=count {
                stressed = walk.row();
                if !intervals {
                    continue;
                }
                let last = row == count;
                let switches = walk.stressed != stressed && !last;
                let time = if last { end } else { start + (end - start) * row as f64 / count as f64 };
                let (cells, lowest) = (&walk.scratch.cells, &mut walk.scratch.lowest);
                for (column, (cell, lowest)) in cells.iter().zip(lowest.iter_mut()).enumerate() {
                    *lowest = lowest.min(cell.low);
                    if cell.jumps || switches {
                        let close = libm::exp(cell.close);
                        let low = libm::exp(*lowest).min(close);
                        let after = if cell.jumps { libm::exp(cell.after) } else { close };
                        let interval = BlockInterval { time, low, close, after, stressed };
                        block.write_split(path, column, step, interval);
                        *lowest = cell.after;
                    }
                }
            }
            for (column, cell) in walk.scratch.cells.iter().enumerate() {
                let close = libm::exp(cell.after);
                block.write_close(path, step, column, close);
                if intervals {
                    let low = libm::exp(walk.scratch.lowest[column]).min(close);
                    block.write_low(path, step, column, low);
                }
            }
            if intervals {
                block.write_state(path, step, stressed);
            }
            start = end;
        }
    }
}
