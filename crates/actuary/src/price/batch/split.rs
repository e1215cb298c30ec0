//! Splits of a column inside a step: the Brownian bridge at the moments at which it jumps or the state switches.
//!
//! Given the log price at both ends of the step, less the jumps in between, the diffusion is a bridge on the clock
//! of accumulated variance. Its value at each moment is drawn in order of time, each given the last and the end.

use core::ops::Range;

use super::gather::{Happenings, step_of};
use super::group::{LANES, Lanes};
use super::{BlockCrash, BlockInterval, BlockPlan, PathBlock, Split, step_end};
use crate::math::elementary;
use crate::price::model::{Column, Model};
use crate::price::timeline::{Event, Factor, Happening};
use crate::random::Stream;

/// The split cells of a group of paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Splitter {
    horizon: f64,
    steps: usize,
    /// Events of each path in order of time, and the step of each.
    events: [Vec<(usize, Event)>; LANES],
    next: [usize; LANES],
    stressed: [bool; LANES],
    streams: Vec<Stream>,
    /// Paths with events in the current step, and which.
    active: Vec<(usize, Range<usize>)>,
    /// For each event of the active paths: normals of the diffusion factors, empty where no two columns share it.
    shared: Vec<Vec<f64>>,
    splits: Vec<Split>,
}

/// The ends of one column's step, in log price.
pub(super) struct Ends<'a> {
    pub before: &'a Lanes,
    pub after: &'a Lanes,
    /// Exponentials that decide the minimum of the last interval.
    pub decided: &'a Lanes,
    /// Variance that pegs add in the step.
    pub peg_variance: f64,
}

impl Splitter {
    /// Takes over the events of a group of paths.
    pub fn begin(&mut self, plan: &BlockPlan, seed: u64, first_path: u64, happenings: &mut Happenings) {
        (self.horizon, self.steps) = (plan.horizon_years, plan.steps);
        self.splits.clear();
        self.streams.clear();
        self.next = [0; LANES];
        for (lane, events) in happenings.events.iter_mut().enumerate() {
            crate::price::timeline::sort(events);
            self.events[lane].clear();
            let placed = events.iter().map(|event| (step_of(self.horizon, self.steps, event.time), *event));
            self.events[lane].extend(placed);
            self.stressed[lane] = happenings.spells[lane].first().is_some_and(|spell| spell.stressed);
            self.streams.push(Factor::Split.sparse(seed, first_path.wrapping_add(lane as u64), 0));
        }
    }

    /// Finds the events of a step and draws what all columns share at them.
    pub fn begin_step(&mut self, model: &Model, step: usize, taken: usize) {
        self.active.clear();
        self.shared.clear();
        for lane in 0..taken {
            let first = self.next[lane];
            let count = self.events[lane][first..].iter().take_while(|(at, _)| *at <= step).count();
            if count == 0 {
                continue;
            }
            self.active.push((lane, first..first + count));
            for (_, event) in &self.events[lane][first..first + count] {
                let shared = matches!(event.happening, Happening::Crash { .. } | Happening::Switch);
                let factors = if shared { model.own_jumps.len() } else { 0 };
                self.shared.push((0..factors).map(|_| self.streams[lane].normal()).collect());
            }
        }
    }

    /// Splits one column in the step and puts the minimum of the last interval into `low`.
    pub fn column(&mut self, model: &Model, step: usize, index: usize, ends: &Ends, low: &mut Lanes) {
        let column = &model.columns[index];
        let mut shared_from = 0;
        for (lane, range) in &self.active {
            let events = &self.events[*lane][range.clone()];
            let shared = &self.shared[shared_from..shared_from + events.len()];
            shared_from += events.len();
            if !events.iter().any(|(_, event)| jump_of(column, event).is_some()) {
                continue;
            }
            let clock = Clock {
                volatility: [false, true].map(|stressed| model.multipliers(stressed).volatility),
                variance: column.variance,
                peg: ends.peg_variance * self.steps as f64 / self.horizon,
                drift: column.drift,
            };
            let start = if step == 0 { 0.0 } else { step_end(self.horizon, self.steps, step - 1) };
            let end = step_end(self.horizon, self.steps, step);
            let mut bridge = Bridge::new(&clock, column, events, start, end, self.stressed[*lane]);
            bridge.remaining = ends.after[*lane] - ends.before[*lane] - bridge.known;
            let (mut x, mut time) = (ends.before[*lane], start);
            let mut stressed = self.stressed[*lane];
            let stream = &mut self.streams[*lane];
            for ((_, event), shared) in events.iter().zip(shared) {
                let until = event.time.clamp(time, end);
                if let Some(jump) = jump_of(column, event) {
                    let noise = noise(column, shared, stream);
                    let (close, spread) = bridge.advance(&clock, x, until - time, stressed, noise);
                    let interval = BlockInterval {
                        time: until,
                        low: elementary::exp(lowest(x, close, spread, stream.exponential())),
                        close: elementary::exp(close),
                        after: elementary::exp(close + jump),
                        stressed,
                    };
                    self.splits.push(Split { path: *lane, column: index, step, interval });
                    x = close + jump;
                    time = until;
                }
                stressed ^= event.happening == Happening::Switch;
            }
            let spread = clock.spread(end - time, stressed);
            low[*lane] = elementary::exp(lowest(x, ends.after[*lane], spread, ends.decided[*lane]));
        }
    }

    /// Marks the state at the end of the step and moves on.
    pub fn end_step(&mut self, step: usize, taken: usize, at: usize, block: &mut PathBlock) {
        for (lane, range) in &self.active {
            for (_, event) in &self.events[*lane][range.clone()] {
                self.stressed[*lane] ^= event.happening == Happening::Switch;
            }
            self.next[*lane] = range.end;
        }
        let first = step * block.paths + at;
        block.stressed[first..first + taken].copy_from_slice(&self.stressed[..taken]);
    }

    /// Hands splits and crashes to the block.
    pub fn deliver(&mut self, taken: usize, at: usize, block: &mut PathBlock) {
        for (lane, events) in self.events[..taken].iter().enumerate() {
            block.crashes.extend(events.iter().filter_map(|(step, event)| match event.happening {
                Happening::Crash { size } => {
                    Some(BlockCrash { path: at + lane, step: *step, time: event.time, size })
                }
                _ => None,
            }));
        }
        block.splits.extend(self.splits.iter().map(|split| Split { path: at + split.path, ..*split }));
    }
}

/// The column's jump at an event; `None` if the event does not concern it.
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

/// A standard normal for one column: from the factors where all columns are split together, else its own.
fn noise(column: &Column, shared: &[f64], stream: &mut Stream) -> f64 {
    if shared.is_empty() || column.variance <= 0.0 {
        return stream.normal();
    }
    let sum: f64 = column.loads.iter().zip(shared).map(|(load, z)| load * z).sum();
    sum / column.variance.sqrt()
}

/// The lowest log price between two ends, `exponential` deciding it.
fn lowest(x: f64, y: f64, spread: f64, exponential: f64) -> f64 {
    let d = y - x;
    (0.5 * (x + y - (d * d + 2.0 * spread * exponential).sqrt())).min(x).min(y)
}

/// Variance and drift a year of one column in either state.
struct Clock {
    volatility: [f64; 2],
    variance: f64,
    peg: f64,
    drift: [f64; 2],
}

impl Clock {
    fn spread(&self, years: f64, stressed: bool) -> f64 {
        let m = self.volatility[usize::from(stressed)];
        years * (self.variance * m * m + self.peg)
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
    fn new(
        clock: &Clock,
        column: &Column,
        events: &[(usize, Event)],
        start: f64,
        end: f64,
        stressed: bool,
    ) -> Self {
        let mut bridge = Self { known: 0.0, remaining: 0.0, variance: 0.0 };
        let (mut time, mut stressed) = (start, stressed);
        let mut pass = |until: f64, stressed: bool| {
            bridge.known += clock.drift[usize::from(stressed)] * (until - time);
            bridge.variance += clock.spread(until - time, stressed);
            time = until;
        };
        let mut jumps = 0.0;
        for (_, event) in events {
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
    fn advance(&mut self, clock: &Clock, x: f64, years: f64, stressed: bool, noise: f64) -> (f64, f64) {
        let spread = clock.spread(years, stressed);
        let share = if self.variance > 0.0 { (spread / self.variance).min(1.0) } else { 0.0 };
        let moved = share * self.remaining + (spread * (1.0 - share)).sqrt() * noise;
        self.remaining -= moved;
        self.variance = (self.variance - spread).max(0.0);
        (x + clock.drift[usize::from(stressed)] * years + moved, spread)
    }
}
