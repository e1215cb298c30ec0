//! Sixteen paths side by side: normals, one product with the loadings per step, exponentials.

use super::gather::Happenings;
use super::split::{Ends, Splitter};
use super::{BlockPlan, Detail, PathBlock, Split};
use crate::math::elementary;
use crate::math::normal;
use crate::math::wide::{Kernel, Width};
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
    pub width: Width,
    /// Loadings up to the last that is not zero, of each column.
    spans: Vec<usize>,
    /// Columns that a jump diffusion's jumps move, with weights.
    moved_by_jump: Vec<Vec<(usize, f64)>>,
    /// For each peg: what is left of the basis after a step, and the deviation it gains.
    fades: Vec<(f64, f64)>,
    /// Variance that pegs add to each column in a step.
    peg_variances: Vec<f64>,
    happenings: Happenings,
    /// Sum of the jumps of each column in the step.
    jumps: Vec<Lanes>,
    /// Sum of the depegs of each peg in the step, as left at its end.
    depegs: Vec<Lanes>,
    /// Normals of two steps: factors, then pegs.
    normals: Vec<Lanes>,
    /// The same of two steps joined to what moves each column.
    sums: Vec<Lanes>,
    /// Exponentials that decide the minima of two steps, one a column.
    exponentials: Vec<Lanes>,
    /// Log price of each column without its bases.
    logs: Vec<Lanes>,
    /// Level of each basis.
    bases: Vec<Lanes>,
    /// Log price of each column before and after the step, and the lowest in between.
    before: Vec<Lanes>,
    after: Vec<Lanes>,
    lowest: Vec<Lanes>,
    splitter: Splitter,
}

impl Group {
    /// Works out what does not depend on the path.
    pub fn prepare(&mut self, model: &Model, plan: &BlockPlan) {
        self.plan = Some(*plan);
        let last = |loads: &[f64]| loads.iter().rposition(|load| *load != 0.0).map_or(0, |last| last + 1);
        self.spans = model.columns.iter().map(|column| last(&column.loads)).collect();
        let columns = || model.columns.iter().enumerate();
        let weight = |list: &[(usize, f64)], number: usize| {
            list.iter().find(|(source, _)| *source == number).map(|(_, weight)| *weight)
        };
        self.moved_by_jump = (0..model.own_jumps.len())
            .map(|number| {
                let moved =
                    columns().filter_map(|(index, column)| weight(&column.jumps, number).map(|w| (index, w)));
                moved.collect()
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
        let variance = |number: &usize| self.fades[*number].1 * self.fades[*number].1;
        self.peg_variances = model
            .columns
            .iter()
            .map(|column| column.bases.iter().map(|(number, _)| variance(number)).sum())
            .collect();
        self.happenings.prepare(plan.horizon_years, plan.steps);
        self.splitter.prepare(model, &self.peg_variances, dt);
    }

    /// Simulates one path a lane, whose numbers follow each other, and writes those that fit into the block at place
    /// `at`; splits are added to `splits`, in order of step, column, path and time.
    pub fn run(
        &mut self,
        model: &Model,
        draws: &[Draws<'_>; LANES],
        at: usize,
        block: &mut PathBlock,
        splits: &mut Vec<Split>,
        seen: Seen<'_>,
    ) {
        let Some(plan) = self.plan else { return };
        let Draws { seed, path: first_path, .. } = draws[0];
        let intervals = plan.detail == Detail::Intervals;
        let taken = LANES.min(block.paths - at);
        self.happenings.draw(model, draws, self.width);
        for lane in 0..taken {
            seen(at + lane, &self.happenings.spells[lane], &self.happenings.events[lane]);
        }
        self.happenings.sort();
        if intervals {
            self.splitter.begin(seed, first_path, &self.happenings);
        }
        let (columns, factors, pegs) = (model.columns.len(), model.own_jumps.len(), model.pegs.len());
        self.normals.resize(2 * (factors + pegs), [0.0; LANES]);
        self.sums.resize(2 * columns, [0.0; LANES]);
        self.exponentials.resize(if intervals { 2 * columns } else { 0 }, [0.0; LANES]);
        for (buffer, length) in [
            (&mut self.logs, columns),
            (&mut self.before, columns),
            (&mut self.after, columns),
            (&mut self.lowest, columns),
            (&mut self.bases, pegs),
            (&mut self.jumps, columns),
            (&mut self.depegs, pegs),
        ] {
            buffer.clear();
            buffer.resize(length, [0.0; LANES]);
        }
        let width = self.width;
        for step in 0..plan.steps {
            if step % 2 == 0 {
                // A step beyond 2^33 would need more memory than there is.
                let pair = (step / 2) as u32;
                width.run(Draw { group: self, model, seed, first_path, pair, intervals });
            }
            let jumped = self.scatter(model, step);
            width.run(Advance { group: self, model, step, at, taken, block });
            if jumped {
                self.jumps.fill([0.0; LANES]);
                self.depegs.fill([0.0; LANES]);
            }
            if intervals {
                if jumped {
                    self.split(model, step, taken);
                }
                self.splitter.end_step(&self.happenings, step, taken, at, block);
                width.run(Lows { group: self, step, at, taken, block });
                core::mem::swap(&mut self.before, &mut self.after);
            }
        }
        if intervals {
            self.splitter.deliver(at, splits, width);
        }
    }

    /// Splits the columns in which something happens.
    fn split(&mut self, model: &Model, step: usize, taken: usize) {
        let columns = model.columns.len();
        self.splitter.begin_step(model, &self.happenings, step, taken, self.width);
        for index in 0..columns {
            let ends = Ends {
                before: &self.before[index],
                after: &self.after[index],
                decided: &self.exponentials[step % 2 * columns + index],
            };
            self.splitter.column(model, &self.happenings, step, index, &ends, &mut self.lowest[index]);
        }
    }

    /// Normals of a step and the next, and what decides their minima.
    #[inline(always)]
    fn draw(&mut self, model: &Model, seed: u64, first_path: u64, pair: u32, intervals: bool) {
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
        let (first, second) = self.normals.split_at_mut(factors + pegs);
        for (first, second) in first.iter_mut().zip(second) {
            for lane in 0..LANES {
                (first[lane], second[lane]) = normal::pair(first[lane], second[lane]);
            }
        }
        let (first, second) = self.normals.split_at(factors + pegs);
        let (first_sums, second_sums) = self.sums.split_at_mut(model.columns.len());
        let sums = first_sums.iter_mut().zip(second_sums);
        for ((column, span), (first_sum, second_sum)) in model.columns.iter().zip(&self.spans).zip(sums) {
            let (mut a, mut b) = ([0.0; LANES], [0.0; LANES]);
            for ((load, x), y) in column.loads[..*span].iter().zip(first).zip(second) {
                for lane in 0..LANES {
                    a[lane] += load * x[lane];
                    b[lane] += load * y[lane];
                }
            }
            (*first_sum, *second_sum) = (a, b);
        }
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

    /// Carries all columns to the end of a step.
    #[inline(always)]
    fn advance(&mut self, model: &Model, step: usize, at: usize, taken: usize, block: &mut PathBlock) {
        let Some(plan) = self.plan else { return };
        let (columns, factors, pegs) = (model.columns.len(), model.own_jumps.len(), model.pegs.len());
        let (sources, half) = (factors + pegs, step % 2);
        let dt = plan.horizon_years / plan.steps as f64;
        let stress = model.multipliers(true).volatility;
        let normals = &self.normals[half * sources..(half + 1) * sources];
        let stressed = self.happenings.stress_time[step];
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
        for number in 0..pegs {
            let (fade, deviation) = self.fades[number];
            let (basis, depeg) = (&mut self.bases[number], &self.depegs[number]);
            for lane in 0..LANES {
                basis[lane] = basis[lane] * fade + deviation * normals[factors + number][lane] + depeg[lane];
            }
        }
        let intervals = plan.detail == Detail::Intervals;
        let sums = &self.sums[half * columns..(half + 1) * columns];
        for (index, column) in model.columns.iter().enumerate() {
            let [calm_drift, stress_drift] = column.drift;
            // Copies, so that the compiler need not fear that one overlaps another.
            let (sum, jumps, mut value) = (sums[index], self.jumps[index], self.logs[index]);
            for lane in 0..LANES {
                let drift = calm_drift * calm[lane] + stress_drift * stressed[lane];
                value[lane] += drift + root[lane] * sum[lane] + jumps[lane];
            }
            self.logs[index] = value;
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
                let (decided, before) = (self.exponentials[half * columns + index], self.before[index]);
                let mut lowest = [0.0; LANES];
                for lane in 0..LANES {
                    let (x, y) = (before[lane], value[lane]);
                    let spread = column.variance * clock[lane] + self.peg_variances[index];
                    let d = y - x;
                    let floor = 0.5 * (x + y - (d * d + 2.0 * spread * decided[lane]).sqrt());
                    // Rounding must not lift the minimum above either end.
                    let floor = if floor < x { floor } else { x };
                    lowest[lane] = if floor < y { floor } else { y };
                }
                self.lowest[index] = lowest;
                self.after[index] = value;
            }
        }
    }

    /// Writes the lowest prices of a step.
    #[inline(always)]
    fn lows(&mut self, step: usize, at: usize, taken: usize, block: &mut PathBlock) {
        let columns = self.lowest.len();
        for (index, lowest) in self.lowest.iter().enumerate() {
            let mut price = [0.0; LANES];
            for lane in 0..LANES {
                price[lane] = elementary::exp(lowest[lane]);
            }
            let cell = (step * columns + index) * block.paths + at;
            block.low[cell..cell + taken].copy_from_slice(&price[..taken]);
        }
    }

    /// Adds up the jumps of a step; false if nothing happens in it.
    fn scatter(&mut self, model: &Model, step: usize) -> bool {
        let (_, end) = self.happenings.bounds(step);
        let mut any = false;
        for lane in self.happenings.busy(step) {
            any = true;
            for event in &self.happenings.events[lane][self.happenings.within(lane, step)] {
                match event.happening {
                    Happening::Jump { number, size } => {
                        for (column, weight) in &self.moved_by_jump[number] {
                            self.jumps[*column][lane] += weight * size;
                        }
                    }
                    Happening::Crash { size } => {
                        for (jump, column) in self.jumps.iter_mut().zip(&model.columns) {
                            jump[lane] -= column.crash_loading * size;
                        }
                    }
                    Happening::Depeg { number, size } => {
                        let left = (end - event.time).max(0.0);
                        let fade = libm::exp(-model.pegs[number].reversion * left);
                        self.depegs[number][lane] += size * fade;
                    }
                    Happening::Switch => {}
                }
            }
        }
        any
    }
}

struct Draw<'a> {
    group: &'a mut Group,
    model: &'a Model,
    seed: u64,
    first_path: u64,
    pair: u32,
    intervals: bool,
}

impl Kernel for Draw<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.group.draw(self.model, self.seed, self.first_path, self.pair, self.intervals);
    }
}

struct Advance<'a> {
    group: &'a mut Group,
    model: &'a Model,
    step: usize,
    at: usize,
    taken: usize,
    block: &'a mut PathBlock,
}

impl Kernel for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.group.advance(self.model, self.step, self.at, self.taken, self.block);
    }
}

struct Lows<'a> {
    group: &'a mut Group,
    step: usize,
    at: usize,
    taken: usize,
    block: &'a mut PathBlock,
}

impl Kernel for Lows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.group.lows(self.step, self.at, self.taken, self.block);
    }
}
