//! Splits of a column inside a step: the Brownian bridge at the moments at which it jumps or the state switches.
//!
//! Given the log price at both ends of the step, less the jumps in between, the diffusion is a bridge on the clock
//! of accumulated variance. Its value at each moment is drawn in order of time, each given the last and the end.
//! What is random about all splits of a step is drawn together first; exponentials are taken of all splits at the end.

use super::gather::Happenings;
use super::group::{LANES, Lanes};
use super::{BlockCrash, BlockInterval, PathBlock, Split};
use crate::math::elementary;
use crate::math::wide::{Kernel, Width};
use crate::price::model::{Column, Model};
use crate::price::timeline::{Event, Factor, Happening};
use crate::random::Stream;

/// The split cells of a group of paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Splitter {
    clocks: Vec<Clock>,
    /// Columns that each asset's own jumps and each peg's depegs move.
    moved_by_jump: Vec<Vec<usize>>,
    moved_by_depeg: Vec<Vec<usize>>,
    stressed: [bool; LANES],
    streams: Vec<Stream>,
    /// Paths to split in each column in the current step.
    lanes: Vec<Vec<usize>>,
    /// For each path of the current step: normals of the diffusion factors at the moments at which all columns are split,
    /// then one for each split.
    normals: Vec<f64>,
    /// What decides the minimum before each split.
    exponentials: Vec<f64>,
    /// Where those of each path begin.
    shared_from: [usize; LANES],
    next_normal: [usize; LANES],
    next_exponential: [usize; LANES],
    /// Low, close and price after are logarithms until they are handed over.
    splits: Vec<Split>,
}

/// The ends of one column's step, in log price.
pub(super) struct Ends<'a> {
    pub before: &'a Lanes,
    pub after: &'a Lanes,
    /// Exponentials that decide the minimum of the last interval.
    pub decided: &'a Lanes,
}

impl Splitter {
    /// Works out what does not depend on the path. `peg_variances` are those that pegs add to each column in a step of
    /// `years`.
    pub fn prepare(&mut self, model: &Model, peg_variances: &[f64], years: f64) {
        self.clocks.clear();
        let volatility = [false, true].map(|stressed| model.multipliers(stressed).volatility);
        self.clocks.extend(model.columns.iter().zip(peg_variances).map(|(column, peg)| Clock {
            variance: volatility.map(|m| column.variance * m * m + peg / years),
            drift: column.drift,
            deviation: column.variance.sqrt(),
        }));
        let moved = |concerns: &dyn Fn(&Column) -> bool| {
            (0..model.columns.len()).filter(|index| concerns(&model.columns[*index])).collect()
        };
        let among = |list: &[(usize, f64)], number: usize| list.iter().any(|(other, _)| *other == number);
        self.moved_by_jump =
            (0..model.own_jumps.len()).map(|number| moved(&|column| among(&column.jumps, number))).collect();
        self.moved_by_depeg =
            (0..model.pegs.len()).map(|number| moved(&|column| among(&column.bases, number))).collect();
        self.lanes.resize(model.columns.len(), Vec::new());
    }

    /// Starts a group of paths.
    pub fn begin(&mut self, seed: u64, first_path: u64, happenings: &Happenings) {
        self.splits.clear();
        self.streams.clear();
        for (lane, spells) in happenings.spells.iter().enumerate() {
            self.stressed[lane] = spells.first().is_some_and(|spell| spell.stressed);
            let path = first_path.wrapping_add(lane as u64);
            // A pair of numbers a split.
            self.streams.push(if happenings.events[lane].len() < 4 {
                Factor::Split.sparse(seed, path, 0)
            } else {
                Factor::Split.stream(seed, path, 0)
            });
        }
    }

    /// Finds the splits of a step and draws all that is random about them.
    pub fn begin_step(
        &mut self,
        model: &Model,
        happenings: &Happenings,
        step: usize,
        taken: usize,
        width: Width,
    ) {
        self.normals.clear();
        self.exponentials.clear();
        self.lanes.iter_mut().for_each(Vec::clear);
        let (columns, factors) = (model.columns.len(), model.own_jumps.len());
        for lane in happenings.busy(step).take_while(|lane| *lane < taken) {
            let events = &happenings.events[lane][happenings.within(lane, step)];
            let (mut shared, mut splits) = (0, 0);
            let mut mark = |index: usize| {
                if self.lanes[index].last() != Some(&lane) {
                    self.lanes[index].push(lane);
                }
            };
            for event in events {
                let moved = match event.happening {
                    Happening::Jump { number, .. } => &self.moved_by_jump[number],
                    Happening::Depeg { number, .. } => &self.moved_by_depeg[number],
                    Happening::Crash { .. } | Happening::Switch => {
                        (0..columns).for_each(&mut mark);
                        splits += columns;
                        shared += factors;
                        continue;
                    }
                };
                moved.iter().copied().for_each(&mut mark);
                splits += moved.len();
            }
            self.shared_from[lane] = self.normals.len();
            self.next_normal[lane] = self.normals.len() + shared;
            self.next_exponential[lane] = self.exponentials.len();
            self.normals.resize(self.next_normal[lane] + splits, 0.0);
            self.exponentials.resize(self.next_exponential[lane] + splits, 0.0);
            let stream = &mut self.streams[lane];
            stream.fill_uniform(&mut self.normals[self.shared_from[lane]..]);
            stream.fill_uniform(&mut self.exponentials[self.next_exponential[lane]..]);
        }
        if !self.normals.is_empty() {
            width.normals(&mut self.normals);
            width.exponentials(&mut self.exponentials);
        }
    }

    /// Splits one column in the step and puts the minimum of the last interval, in log price, into `lowest`.
    pub fn column(
        &mut self,
        model: &Model,
        happenings: &Happenings,
        step: usize,
        index: usize,
        ends: &Ends<'_>,
        lowest: &mut Lanes,
    ) {
        let (column, clock) = (&model.columns[index], &self.clocks[index]);
        let (start, end) = happenings.bounds(step);
        let factors = model.own_jumps.len();
        for &lane in &self.lanes[index] {
            let events = &happenings.events[lane][happenings.within(lane, step)];
            let mut stressed = self.stressed[lane];
            let mut bridge = Bridge::new(clock, column, events, start, end, stressed);
            bridge.remaining = ends.after[lane] - ends.before[lane] - bridge.known;
            let (mut x, mut time) = (ends.before[lane], start);
            let mut shared_from = self.shared_from[lane];
            for event in events {
                let until = event.time.clamp(time, end);
                if let Some(jump) = jump_of(column, event) {
                    let mut noise = self.normals[self.next_normal[lane]];
                    if matches!(event.happening, Happening::Crash { .. } | Happening::Switch) {
                        let shared = &self.normals[shared_from..shared_from + factors];
                        shared_from += factors;
                        // From the factors where all columns are split together.
                        if clock.deviation > 0.0 {
                            let sum: f64 = column.loads.iter().zip(shared).map(|(load, z)| load * z).sum();
                            noise = sum / clock.deviation;
                        }
                    }
                    let decided = self.exponentials[self.next_exponential[lane]];
                    self.next_normal[lane] += 1;
                    self.next_exponential[lane] += 1;
                    let (close, spread) = bridge.advance(clock, x, until - time, stressed, noise);
                    let interval = BlockInterval {
                        time: until,
                        low: lower(x, close, spread, decided),
                        close,
                        after: close + jump,
                        stressed,
                    };
                    self.splits.push(Split { path: lane, column: index, step, interval });
                    x = close + jump;
                    time = until;
                }
                stressed ^= event.happening == Happening::Switch;
            }
            let spread = clock.spread(end - time, stressed);
            lowest[lane] = lower(x, ends.after[lane], spread, ends.decided[lane]);
        }
    }

    /// Marks the state at the end of the step.
    pub fn end_step(
        &mut self,
        happenings: &Happenings,
        step: usize,
        taken: usize,
        at: usize,
        block: &mut PathBlock,
    ) {
        for lane in happenings.busy(step).take_while(|lane| *lane < taken) {
            for event in &happenings.events[lane][happenings.within(lane, step)] {
                self.stressed[lane] ^= event.happening == Happening::Switch;
                if let Happening::Crash { size } = event.happening {
                    block.crashes.push(BlockCrash { path: at + lane, step, time: event.time, size });
                }
            }
        }
        let first = step * block.paths + at;
        block.stressed[first..first + taken].copy_from_slice(&self.stressed[..taken]);
    }

    /// Hands over the splits, in order of step, column, path and time.
    pub fn deliver(&mut self, at: usize, splits: &mut Vec<Split>, width: Width) {
        width.run(Exponentiate(&mut self.splits));
        splits.extend(self.splits.iter().map(|split| Split { path: at + split.path, ..*split }));
    }
}

/// Turns log prices of splits into prices.
struct Exponentiate<'a>(&'a mut [Split]);

impl Kernel for Exponentiate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        const CHUNK: usize = 16;
        for splits in self.0.chunks_mut(CHUNK) {
            let mut prices = [0.0; 3 * CHUNK];
            for (prices, split) in prices.chunks_exact_mut(3).zip(&*splits) {
                prices.copy_from_slice(&[split.interval.low, split.interval.close, split.interval.after]);
            }
            for price in &mut prices {
                *price = elementary::exp(*price);
            }
            for (prices, split) in prices.chunks_exact(3).zip(splits) {
                (split.interval.low, split.interval.close, split.interval.after) =
                    (prices[0], prices[1], prices[2]);
            }
        }
    }
}

/// The column's jump at an event; `None` if the event does not concern it.
#[inline]
fn jump_of(column: &Column, event: &Event) -> Option<f64> {
    let weight = |list: &[(usize, f64)], number: usize| {
        list.iter().find(|(other, _)| *other == number).map(|(_, weight)| *weight)
    };
    match event.happening {
        Happening::Jump { number, size } => weight(&column.jumps, number).map(|w| w * size),
        Happening::Crash { size } => Some(-column.crash_loading * size),
        Happening::Depeg { number, size } => weight(&column.bases, number).map(|w| w * size),
        Happening::Switch => Some(0.0),
    }
}

/// The lowest log price between two ends, `exponential` deciding it.
#[inline]
fn lower(x: f64, y: f64, spread: f64, exponential: f64) -> f64 {
    let d = y - x;
    (0.5 * (x + y - (d * d + 2.0 * spread * exponential).sqrt())).min(x).min(y)
}

/// Variance and drift a year of one column in either state.
#[derive(Clone, Debug)]
struct Clock {
    variance: [f64; 2],
    drift: [f64; 2],
    /// Deviation a year of the diffusion in the calm state.
    deviation: f64,
}

impl Clock {
    #[inline]
    fn spread(&self, years: f64, stressed: bool) -> f64 {
        years * self.variance[usize::from(stressed)]
    }
}

/// What is left of a bridge to the end of the step.
struct Bridge {
    /// Jumps and drift of the whole step.
    known: f64,
    /// Martingale part still to come.
    remaining: f64,
    /// Its variance.
    variance: f64,
}

impl Bridge {
    fn new(clock: &Clock, column: &Column, events: &[Event], start: f64, end: f64, stressed: bool) -> Self {
        let mut bridge = Self { known: 0.0, remaining: 0.0, variance: 0.0 };
        let (mut time, mut stressed) = (start, stressed);
        let mut pass = |until: f64, stressed: bool| {
            bridge.known += clock.drift[usize::from(stressed)] * (until - time);
            bridge.variance += clock.spread(until - time, stressed);
            time = until;
        };
        let mut jumps = 0.0;
        for event in events {
            if let Some(jump) = jump_of(column, event) {
                pass(event.time.clamp(start, end), stressed);
                jumps += jump;
            }
            stressed ^= event.happening == Happening::Switch;
        }
        pass(end, stressed);
        bridge.known += jumps;
        bridge
    }

    /// Log price after `years` more from `x`, and the variance of that stretch.
    #[inline]
    fn advance(&mut self, clock: &Clock, x: f64, years: f64, stressed: bool, noise: f64) -> (f64, f64) {
        let spread = clock.spread(years, stressed);
        let share = if self.variance > 0.0 { (spread / self.variance).min(1.0) } else { 0.0 };
        let moved = share * self.remaining + (spread * (1.0 - share)).sqrt() * noise;
        self.remaining -= moved;
        self.variance = (self.variance - spread).max(0.0);
        (x + clock.drift[usize::from(stressed)] * years + moved, spread)
    }
}
