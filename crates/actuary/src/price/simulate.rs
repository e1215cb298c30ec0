//! Simulation of paths: exact jump times, correlated Gaussian increments between them, and the exact minimum of
//! the Brownian bridge within each interval, so that first passages carry no error of discretisation.
//!
//! Work is done column by column (one asset over all intervals) and written to the path at the end. A path
//! depends on model, horizon, steps, seed and its number alone.

use super::model::{Model, ModelError};
use super::path::PricePath;
use super::timeline::{self, Draws, Event, Factor, Happening, Spell};
use crate::math::elementary;

/// Buffers of a simulation, reused from path to path.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    spells: Vec<Spell>,
    events: Vec<Event>,
    /// Interval at whose end each event happens.
    interval: Vec<usize>,
    /// Length of each interval, in years.
    length: Vec<f64>,
    /// Length times the squared volatility multiplier of the state.
    clock: Vec<f64>,
    root_clock: Vec<f64>,
    /// Increments of the diffusion factors, one run of intervals a factor.
    factors: Vec<f64>,
    /// For each peg and interval: the basis before and after the jump at its end, and its variance.
    basis: Vec<f64>,
    basis_jump: Vec<f64>,
    basis_variance: Vec<f64>,
    /// One column at a time.
    increment: Vec<f64>,
    jump: Vec<f64>,
    start: Vec<f64>,
    end: Vec<f64>,
    spread: Vec<f64>,
    exponential: Vec<f64>,
}

impl Model {
    /// Simulates path number `path_index` over `horizon_years` with `steps` regular steps into `path`.
    ///
    /// The jump times and sizes and the regime do not depend on `steps`. Nothing is allocated once the buffers
    /// have grown to the size of the largest path.
    ///
    /// # Errors
    /// A horizon that is not positive and finite, or no steps.
    pub fn simulate(
        &self,
        horizon_years: f64,
        steps: usize,
        seed: u64,
        path_index: u64,
        path: &mut PricePath,
        scratch: &mut Scratch,
    ) -> Result<(), ModelError> {
        let draws = Draws::plain(self, seed, path_index);
        self.simulate_drawn(horizon_years, steps, &draws, path, scratch, |_, _| {})
    }

    /// The same from given draws. `seen` is shown spells and events, these in the order of generation.
    pub(super) fn simulate_drawn(
        &self,
        horizon_years: f64,
        steps: usize,
        draws: &Draws<'_>,
        path: &mut PricePath,
        scratch: &mut Scratch,
        seen: impl FnOnce(&[Spell], &[Event]),
    ) -> Result<(), ModelError> {
        let refuse = |name, value, range| {
            Err(ModelError::OutOfRange { owner: "the simulation".to_owned(), name, value, range })
        };
        if !(horizon_years > 0.0 && horizon_years <= 1e3) {
            return refuse("horizon", horizon_years, "above 0 and at most 1000 years");
        }
        if steps == 0 {
            return refuse("number of steps", 0.0, "at least 1");
        }
        let (seed, path_index) = (draws.seed, draws.path);
        timeline::spells(self, horizon_years, draws, &mut scratch.spells);
        timeline::events(self, &scratch.spells, draws, &mut scratch.events);
        seen(&scratch.spells, &scratch.events);
        timeline::sort(&mut scratch.events);
        self.intervals(horizon_years, steps, path, scratch);
        self.diffuse(seed, path_index, scratch);
        self.bases(seed, path_index, scratch);
        let cells = path.time.len() * self.columns.len();
        path.assets = self.columns.len();
        for column in [&mut path.low, &mut path.close, &mut path.after] {
            column.resize(cells, 0.0);
        }
        for index in 0..self.columns.len() {
            self.column_logs(index, seed, path_index, &path.stressed, scratch);
            write(index, path, scratch);
        }
        Ok(())
    }

    /// Merges the regular grid with the events.
    fn intervals(&self, horizon: f64, steps: usize, path: &mut PricePath, scratch: &mut Scratch) {
        path.time.clear();
        path.stressed.clear();
        scratch.interval.clear();
        scratch.length.clear();
        scratch.clock.clear();
        let volatility = [false, true].map(|stressed| self.multipliers(stressed).volatility);
        let mut stressed = scratch.spells.first().is_some_and(|spell| spell.stressed);
        let mut last = 0.0;
        let mut close = |time: f64, stressed: bool| {
            // Moments that coincide in floating point share one interval.
            if time > last {
                let m = volatility[usize::from(stressed)];
                path.time.push(time);
                path.stressed.push(stressed);
                scratch.length.push(time - last);
                scratch.clock.push((time - last) * m * m);
                last = time;
            }
            path.time.len().saturating_sub(1)
        };
        let mut events = scratch.events.iter().peekable();
        for step in 1..=steps {
            let grid = if step == steps { horizon } else { horizon * step as f64 / steps as f64 };
            while let Some(event) = events.next_if(|event| event.time <= grid) {
                scratch.interval.push(close(event.time, stressed));
                if event.happening == Happening::Switch {
                    stressed = !stressed;
                }
            }
            close(grid, stressed);
        }
        // Rounding can put an event a unit past the horizon: it happens at the end.
        scratch.interval.resize(scratch.events.len(), path.time.len() - 1);
    }

    /// Independent increments of the diffusion factors over the intervals, on the clock of the regime.
    fn diffuse(&self, seed: u64, path_index: u64, scratch: &mut Scratch) {
        let n = scratch.clock.len();
        scratch.root_clock.clear();
        scratch.root_clock.extend(scratch.clock.iter().map(|clock| clock.sqrt()));
        scratch.factors.resize(n * self.own_jumps.len(), 0.0);
        for (number, factor) in scratch.factors.chunks_exact_mut(n).enumerate() {
            Factor::Diffusion.stream(seed, path_index, number).fill_normal_pairs(factor);
            for (value, root) in factor.iter_mut().zip(&scratch.root_clock) {
                *value *= root;
            }
        }
    }

    /// The basis of each peg: exact Ornstein-Uhlenbeck steps, depegs at the end of their intervals.
    fn bases(&self, seed: u64, path_index: u64, scratch: &mut Scratch) {
        let n = scratch.length.len();
        let cells = n * self.pegs.len();
        scratch.basis.resize(cells, 0.0);
        scratch.basis_variance.resize(cells, 0.0);
        scratch.basis_jump.clear();
        scratch.basis_jump.resize(cells, 0.0);
        for (event, interval) in scratch.events.iter().zip(&scratch.interval) {
            if let Happening::Depeg { number, size } = event.happening {
                scratch.basis_jump[number * n + interval] += size;
            }
        }
        for (number, peg) in self.pegs.iter().enumerate() {
            let range = number * n..(number + 1) * n;
            let basis = &mut scratch.basis[range.clone()];
            let variance = &mut scratch.basis_variance[range.clone()];
            let jumps = &scratch.basis_jump[range];
            Factor::Basis.stream(seed, path_index, number).fill_normal_pairs(basis);
            let mut current = 0.0;
            for k in 0..n {
                let dt = scratch.length[k];
                let fade = libm::exp(-peg.reversion * dt);
                let spread = if peg.reversion > 0.0 {
                    -libm::expm1(-2.0 * peg.reversion * dt) / (2.0 * peg.reversion)
                } else {
                    dt
                };
                variance[k] = peg.volatility * peg.volatility * spread;
                let before = current * fade + variance[k].sqrt() * basis[k];
                basis[k] = before - current;
                current = before + jumps[k];
            }
        }
    }

    /// Log prices of one column: at the start of each interval, at its end before the jump, and the jump.
    fn column_logs(
        &self,
        index: usize,
        seed: u64,
        path_index: u64,
        stressed: &[bool],
        scratch: &mut Scratch,
    ) {
        let column = &self.columns[index];
        let n = scratch.length.len();
        let Scratch { increment, jump, start, end, spread, exponential, .. } = scratch;
        for buffer in [&mut *increment, &mut *jump, &mut *start, &mut *end, &mut *spread, &mut *exponential] {
            buffer.clear();
            buffer.resize(n, 0.0);
        }
        for ((value, length), stressed) in increment.iter_mut().zip(&scratch.length).zip(stressed) {
            *value = column.drift[usize::from(*stressed)] * length;
        }
        for (load, factor) in column.loads.iter().zip(scratch.factors.chunks_exact(n)) {
            if *load != 0.0 {
                for (value, w) in increment.iter_mut().zip(factor) {
                    *value += load * w;
                }
            }
        }
        for (value, clock) in spread.iter_mut().zip(&scratch.clock) {
            *value = column.variance * clock;
        }
        for (number, sign) in &column.bases {
            let range = number * n..(number + 1) * n;
            for (value, basis) in increment.iter_mut().zip(&scratch.basis[range.clone()]) {
                *value += sign * basis;
            }
            for (value, variance) in spread.iter_mut().zip(&scratch.basis_variance[range]) {
                *value += variance;
            }
        }
        for (event, interval) in scratch.events.iter().zip(&scratch.interval) {
            let weight = |list: &[(usize, f64)], number: usize| {
                list.iter().find(|(other, _)| *other == number).map_or(0.0, |(_, sign)| *sign)
            };
            jump[*interval] += match event.happening {
                Happening::Jump { number, size } => weight(&column.jumps, number) * size,
                Happening::Crash { size } => -column.crash_loading * size,
                Happening::Depeg { number, size } => weight(&column.bases, number) * size,
                Happening::Switch => 0.0,
            };
        }
        let mut log = 0.0;
        for k in 0..n {
            start[k] = log;
            log += increment[k];
            end[k] = log;
            log += jump[k];
        }
        Factor::Bridge.stream(seed, path_index, index).fill_exponential(exponential);
        // The lowest log price, in place of the exponential that decides it.
        for ((low, (x, y)), s2) in exponential.iter_mut().zip(start.iter().zip(end.iter())).zip(spread.iter())
        {
            let d = y - x;
            *low = 0.5 * (x + y - (d * d + 2.0 * s2 * *low).sqrt());
        }
    }
}

/// Exponentiates one column and writes it to the path.
fn write(index: usize, path: &mut PricePath, scratch: &mut Scratch) {
    let Scratch { jump, start, end, exponential: low, .. } = scratch;
    for (value, (end, jump)) in start.iter_mut().zip(end.iter().zip(jump.iter())) {
        // From here on `start` holds the log price after the jump.
        *value = end + jump;
    }
    for value in end.iter_mut().chain(low.iter_mut()) {
        *value = elementary::exp(*value);
    }
    let columns = path.assets;
    let mut opening = 1.0_f64;
    for k in 0..end.len() {
        let cell = k * columns + index;
        let close = end[k];
        let after = if jump[k] == 0.0 { close } else { elementary::exp(start[k]) };
        path.close[cell] = close;
        path.after[cell] = after;
        // Rounding must not lift the minimum above either end.
        path.low[cell] = low[k].min(close).min(opening);
        opening = after;
    }
}
