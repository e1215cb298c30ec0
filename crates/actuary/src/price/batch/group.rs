//! Sixteen paths side by side: normals, one product with the loadings per step, exponentials.

use super::gather::{Happenings, step_of};
use super::split::{Ends, Splitter};
use super::{BlockPlan, Detail, PathBlock, step_end};
use crate::math::{elementary, normal};
use crate::price::model::Model;
use crate::price::timeline::{Draws, Event, Factor, Happening, Spell};
use crate::random;

/// Paths worked on together.
pub(super) const LANES: usize = random::ACROSS;

/// One number for each path of a group.
pub(super) type Lanes = [f64; LANES];

/// Is shown the spells of a path of the block and its events, these in the order of generation.
pub(super) type Seen<'a> = &'a mut dyn FnMut(usize, &[Spell], &[Event]);

/// Buffers of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    plan: Option<BlockPlan>,
    /// Loadings up to the last that is not zero, of each column.
    spans: Vec<usize>,
    /// Columns that a jump diffusion's jumps move, with weights.
    moved_by_jump: Vec<Vec<(usize, f64)>>,
    /// For each peg: what is left of the basis after a step, and the deviation it gains.
    fades: Vec<(f64, f64)>,
    happenings: Happenings,
    /// Sum of the jumps of each step and column.
    jumps: Vec<Lanes>,
    /// Sum of the depegs of each step and peg, as left at the step's end.
    depegs: Vec<Lanes>,
    /// Normals of two steps: factors, then pegs.
    normals: Vec<Lanes>,
    /// Exponentials that decide the minima of two steps, one a column.
    exponentials: Vec<Lanes>,
    /// Log price of each column without its bases.
    logs: Vec<Lanes>,
    /// Level of each basis.
    bases: Vec<Lanes>,
    /// Log price of each column before and after the step.
    before: Vec<Lanes>,
    splitter: Splitter,
}

impl Group {
    /// Works out what does not depend on the path.
    pub fn prepare(&mut self, model: &Model, plan: &BlockPlan) {
        self.plan = Some(*plan);
        let last = |loads: &[f64]| loads.iter().rposition(|load| *load != 0.0).map_or(0, |last| last + 1);
        self.spans = model.columns.iter().map(|column| last(&column.loads)).collect();
        self.moved_by_jump = (0..model.own_jumps.len())
            .map(|number| {
                let weight = |list: &[(usize, f64)]| {
                    list.iter().find(|(source, _)| *source == number).map(|(_, weight)| *weight)
                };
                let columns = model.columns.iter().enumerate();
                columns.filter_map(|(index, column)| weight(&column.jumps).map(|w| (index, w))).collect()
            })
            .collect();
        let dt = plan.horizon_years / plan.steps as f64;
        self.fades = model
            .pegs
            .iter()
            .map(|peg| {
                let spread = if peg.reversion > 0.0 {
                    -libm::expm1(-2.0 * peg.reversion * dt) / (2.0 * peg.reversion)
                } else {
                    dt
                };
                (libm::exp(-peg.reversion * dt), peg.volatility * spread.sqrt())
            })
            .collect();
    }

    /// Simulates one path a lane, whose numbers follow each other, and writes those that fit into the block at place
    /// `at`.
    pub fn run(
        &mut self,
        model: &Model,
        draws: &[Draws<'_>; LANES],
        at: usize,
        block: &mut PathBlock,
        seen: Seen<'_>,
    ) {
        let Some(plan) = self.plan else { return };
        let Draws { seed, path: first_path, .. } = draws[0];
        let BlockPlan { horizon_years: horizon, steps, detail } = plan;
        let intervals = detail == Detail::Intervals;
        let taken = LANES.min(block.paths - at);
        self.happenings.draw(model, horizon, steps, draws);
        for lane in 0..taken {
            seen(at + lane, &self.happenings.spells[lane], &self.happenings.events[lane]);
        }
        self.scatter(model, &plan);
        if intervals {
            self.splitter.begin(&plan, seed, first_path, &mut self.happenings);
        }
        let (columns, factors, pegs) = (model.columns.len(), model.own_jumps.len(), model.pegs.len());
        let sources = factors + pegs;
        self.normals.resize(2 * sources, [0.0; LANES]);
        self.exponentials.resize(if intervals { 2 * columns } else { 0 }, [0.0; LANES]);
        for (buffer, length) in
            [(&mut self.logs, columns), (&mut self.before, columns), (&mut self.bases, pegs)]
        {
            buffer.clear();
            buffer.resize(length, [0.0; LANES]);
        }
        let dt = horizon / steps as f64;
        let stress = model.multipliers(true).volatility;
        for step in 0..steps {
            let half = step % 2;
            if half == 0 {
                self.draw(model, seed, first_path, step, intervals);
            }
            let normals = &self.normals[half * sources..(half + 1) * sources];
            let stressed = &self.happenings.stress_time[step];
            let mut calm = [dt; LANES];
            let mut clock = [dt; LANES];
            let mut root = [dt.sqrt(); LANES];
            if model.regime.is_some() {
                for lane in 0..LANES {
                    calm[lane] = dt - stressed[lane];
                    clock[lane] = calm[lane] + stressed[lane] * stress * stress;
                    root[lane] = clock[lane].sqrt();
                }
            }
            if intervals {
                self.splitter.begin_step(model, step, taken);
            }
            for number in 0..pegs {
                let (fade, deviation) = self.fades[number];
                let (basis, depeg) = (&mut self.bases[number], &self.depegs[step * pegs + number]);
                for lane in 0..LANES {
                    basis[lane] =
                        basis[lane] * fade + deviation * normals[factors + number][lane] + depeg[lane];
                }
            }
            for (index, column) in model.columns.iter().enumerate() {
                let mut sum = [0.0; LANES];
                for (load, z) in column.loads[..self.spans[index]].iter().zip(normals) {
                    for lane in 0..LANES {
                        sum[lane] += load * z[lane];
                    }
                }
                let [calm_drift, stress_drift] = column.drift;
                let (log, jumps) = (&mut self.logs[index], &self.jumps[step * columns + index]);
                for lane in 0..LANES {
                    let drift = calm_drift * calm[lane] + stress_drift * stressed[lane];
                    log[lane] += drift + root[lane] * sum[lane] + jumps[lane];
                }
                let mut value = *log;
                for (number, sign) in &column.bases {
                    for (value, basis) in value.iter_mut().zip(&self.bases[*number]) {
                        *value += sign * basis;
                    }
                }
                let mut price = [0.0; LANES];
                for lane in 0..LANES {
                    price[lane] = elementary::exp(value[lane]);
                }
                let cell = (step * columns + index) * block.paths + at;
                block.close[cell..cell + taken].copy_from_slice(&price[..taken]);
                if intervals {
                    let peg_variance: f64 = column
                        .bases
                        .iter()
                        .map(|(number, _)| self.fades[*number].1 * self.fades[*number].1)
                        .sum();
                    let decided = &self.exponentials[half * columns + index];
                    let before = &mut self.before[index];
                    let mut low = [0.0; LANES];
                    for lane in 0..LANES {
                        let (x, y) = (before[lane], value[lane]);
                        let spread = column.variance * clock[lane] + peg_variance;
                        let d = y - x;
                        let floor = 0.5 * (x + y - (d * d + 2.0 * spread * decided[lane]).sqrt());
                        // Rounding must not lift the minimum above either end.
                        let floor = if floor < x { floor } else { x };
                        low[lane] = elementary::exp(if floor < y { floor } else { y });
                    }
                    let ends = Ends { before, after: &value, decided, peg_variance };
                    self.splitter.column(model, step, index, &ends, &mut low);
                    block.low[cell..cell + taken].copy_from_slice(&low[..taken]);
                    *before = value;
                }
            }
            if intervals {
                self.splitter.end_step(step, taken, at, block);
            }
        }
        if intervals {
            self.splitter.deliver(taken, at, block);
        }
    }

    /// Normals of this step and the next.
    fn draw(&mut self, model: &Model, seed: u64, first_path: u64, step: usize, intervals: bool) {
        // A step beyond 2^33 would need more memory than there is.
        let pair = (step / 2) as u32;
        let (factors, pegs) = (model.own_jumps.len(), model.pegs.len());
        let (first, second) = self.normals.split_at_mut(factors + pegs);
        for (source, (first, second)) in first.iter_mut().zip(second).enumerate() {
            let factor = if source < factors {
                Factor::Diffusion.number(source)
            } else {
                Factor::Basis.number(source - factors)
            };
            random::uniforms_across(seed, first_path, factor, pair, first, second);
        }
        normal::inverse_cdf_slice(self.normals.as_flattened_mut());
        if !intervals {
            return;
        }
        let (first, second) = self.exponentials.split_at_mut(model.columns.len());
        for (column, (first, second)) in first.iter_mut().zip(second).enumerate() {
            let factor = Factor::Bridge.number(column);
            random::uniforms_across(seed, first_path, factor, pair, first, second);
        }
        for value in self.exponentials.as_flattened_mut() {
            *value = -elementary::ln(*value);
        }
    }

    /// Adds all jumps to the steps in which they fall.
    fn scatter(&mut self, model: &Model, plan: &BlockPlan) {
        let (columns, pegs) = (model.columns.len(), model.pegs.len());
        self.jumps.clear();
        self.jumps.resize(plan.steps * columns, [0.0; LANES]);
        self.depegs.clear();
        self.depegs.resize(plan.steps * pegs, [0.0; LANES]);
        for (lane, events) in self.happenings.events.iter().enumerate() {
            for event in events {
                let step = step_of(plan.horizon_years, plan.steps, event.time);
                let row = &mut self.jumps[step * columns..(step + 1) * columns];
                match event.happening {
                    Happening::Jump { number, size } => {
                        for (column, weight) in &self.moved_by_jump[number] {
                            row[*column][lane] += weight * size;
                        }
                    }
                    Happening::Crash { size } => {
                        for (jump, column) in row.iter_mut().zip(&model.columns) {
                            jump[lane] -= column.crash_loading * size;
                        }
                    }
                    Happening::Depeg { number, size } => {
                        let left = step_end(plan.horizon_years, plan.steps, step) - event.time;
                        let fade = libm::exp(-model.pegs[number].reversion * left.max(0.0));
                        self.depegs[step * pegs + number][lane] += size * fade;
                    }
                    Happening::Switch => {}
                }
            }
        }
    }
}
