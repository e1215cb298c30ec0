//! What happens on sixteen paths: spells, jumps, crashes and depegs, sorted into steps.

use core::ops::Range;

use super::arrivals::Table;
use super::group::{LANES, Lanes};
use super::step_end;
use crate::math::elementary;
use crate::math::wide::{Kernel, Width};
use crate::price::model::Model;
use crate::price::timeline::{self, Draws, Event, Factor, Spell};
use crate::random;

/// Happenings of a group of paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Happenings {
    /// End of each step.
    ends: Vec<f64>,
    pub spells: [Vec<Spell>; LANES],
    pub events: [Vec<Event>; LANES],
    /// Where the events of each step begin, once they are sorted.
    first: [Vec<u32>; LANES],
    sorted: Vec<Event>,
    /// Step of each event of one path.
    steps: Vec<u32>,
    /// Paths, one a bit, on which something happens in each step.
    busy: Vec<u16>,
    table: Table,
    /// Time under stress in each step.
    pub stress_time: Vec<Lanes>,
    /// Time in each state over the whole path.
    calm_total: Lanes,
    stress_total: Lanes,
}

impl Happenings {
    /// Works out the ends of the steps.
    pub fn prepare(&mut self, horizon: f64, steps: usize) {
        self.ends.clear();
        self.ends.extend((0..steps).map(|step| step_end(horizon, steps, step)));
    }

    /// Draws everything for one path a lane; events stay in the order of generation.
    pub fn draw(&mut self, model: &Model, draws: &[Draws<'_>; LANES], width: Width) {
        let horizon = self.ends.last().copied().unwrap_or(0.0);
        self.stress_time.clear();
        self.stress_time.resize(self.ends.len(), [0.0; LANES]);
        self.calm_total = [horizon; LANES];
        self.stress_total = [0.0; LANES];
        for (lane, draws) in draws.iter().enumerate() {
            timeline::spells(model, horizon, draws, &mut self.spells[lane]);
            self.events[lane].clear();
            timeline::switches(&self.spells[lane], &mut self.events[lane]);
        }
        if model.regime.is_some() {
            self.regime(horizon);
        }
        for number in 0..model.own_jumps.len() {
            let rates = [false, true].map(|stressed| model.own_intensity(number, stressed));
            if rates[0].max(rates[1]) <= 0.0 {
                continue;
            }
            let total = self.intensity(rates);
            self.table.fill(&model.own_jumps[number], number, draws, &total, width);
            for lane in (0..LANES).filter(|lane| self.table.arrives(*lane, total[*lane])) {
                let mut column = self.table.column(lane, &draws[lane]);
                timeline::own_jumps(model, number, &self.spells[lane], &mut column, &mut self.events[lane]);
            }
        }
        let rates = [false, true].map(|stressed| model.crash_intensity(stressed));
        if draws[0].lead.is_some() {
            // The first wait is not that of the stream.
            for (lane, draws) in draws.iter().enumerate() {
                timeline::crashes(model, &self.spells[lane], draws, &mut self.events[lane]);
            }
        } else {
            self.arrive(draws, Factor::Crash.number(0), rates, width, |spells, draws, events| {
                timeline::crashes(model, spells, draws, events);
            });
        }
        for (number, peg) in model.pegs.iter().enumerate() {
            let rates = [peg.jump_intensity(); 2];
            self.arrive(draws, Factor::Depeg.number(number), rates, width, |spells, draws, events| {
                timeline::depegs(model, number, spells, draws, events);
            });
        }
        for (lane, draws) in draws.iter().enumerate() {
            timeline::further(model, &self.spells[lane], draws, &mut self.events[lane]);
        }
    }

    /// Calls `make` for the paths on which at least one arrival can fall before the horizon.
    fn arrive(
        &mut self,
        draws: &[Draws<'_>; LANES],
        factor: u32,
        rates: [f64; 2],
        width: Width,
        make: impl Fn(&[Spell], &Draws<'_>, &mut Vec<Event>),
    ) {
        if rates[0].max(rates[1]) <= 0.0 {
            return;
        }
        let total = self.intensity(rates);
        // Where hardly a path is without an arrival, finding those is not worth it.
        let rare = total.iter().any(|total| *total < 3.0);
        let waits = if rare {
            width.run(FirstWaits { seed: draws[0].seed, path: draws[0].path, factor })
        } else {
            [0.0; LANES]
        };
        for lane in (0..LANES).filter(|lane| waits[*lane] < total[*lane]) {
            make(&self.spells[lane], &draws[lane], &mut self.events[lane]);
        }
    }

    /// Intensity accumulated up to the horizon. The sum over the spells may round differently: a margin leaves the decision
    /// to it.
    fn intensity(&self, rates: [f64; 2]) -> Lanes {
        core::array::from_fn(|lane| {
            (rates[0] * self.calm_total[lane] + rates[1] * self.stress_total[lane]) * (1.0 + 1e-9)
        })
    }

    fn regime(&mut self, horizon: f64) {
        let rate = rate(&self.ends);
        for (lane, spells) in self.spells.iter().enumerate() {
            for spell in spells.iter().filter(|spell| spell.stressed) {
                self.stress_total[lane] += spell.end - spell.start;
                let mut start = spell.start;
                for step in step_of(&self.ends, rate, spell.start)..self.ends.len() {
                    let end = spell.end.min(self.ends[step]);
                    self.stress_time[step][lane] += end - start;
                    start = end;
                    if end == spell.end {
                        break;
                    }
                }
            }
            self.calm_total[lane] = horizon - self.stress_total[lane];
        }
    }

    /// Puts the events of each path in order of time.
    pub fn sort(&mut self) {
        let steps = self.ends.len();
        let rate = rate(&self.ends);
        self.busy.clear();
        self.busy.resize(steps, 0);
        for (lane, (events, first)) in self.events.iter_mut().zip(&mut self.first).enumerate() {
            // Into steps by counting; what is left to do lies within a step.
            first.clear();
            first.resize(steps + 1, 0);
            self.steps.clear();
            for event in events.iter() {
                let step = step_of(&self.ends, rate, event.time);
                first[step + 1] += 1;
                self.busy[step] |= 1 << lane;
                self.steps.push(step as u32);
            }
            for step in 0..steps {
                first[step + 1] += first[step];
            }
            self.sorted.clear();
            self.sorted.extend_from_slice(events);
            for (event, step) in events.iter().zip(&self.steps) {
                let place = &mut first[*step as usize];
                self.sorted[*place as usize] = *event;
                *place += 1;
            }
            // Each entry has moved on to where the next begins.
            first.rotate_right(1);
            first[0] = 0;
            for end in 1..self.sorted.len() {
                let mut place = end;
                while place > 0 && later(&self.sorted[place - 1], &self.sorted[place]) {
                    self.sorted.swap(place - 1, place);
                    place -= 1;
                }
            }
            core::mem::swap(events, &mut self.sorted);
        }
    }

    /// Places of a path's events that fall into a step, once they are sorted.
    #[inline]
    pub fn within(&self, lane: usize, step: usize) -> Range<usize> {
        self.first[lane][step] as usize..self.first[lane][step + 1] as usize
    }

    /// The paths on which something happens in a step.
    pub fn busy(&self, step: usize) -> impl Iterator<Item = usize> + use<> {
        let mut left = self.busy[step];
        core::iter::from_fn(move || {
            let lane = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (lane < LANES).then_some(lane)
        })
    }

    /// Start and end of a step.
    pub fn bounds(&self, step: usize) -> (f64, f64) {
        (if step == 0 { 0.0 } else { self.ends[step - 1] }, self.ends[step])
    }
}

/// Whether the first of two events comes after the second.
fn later(a: &Event, b: &Event) -> bool {
    a.time > b.time || a.time == b.time && a.order > b.order
}

/// Steps in a unit of time.
fn rate(ends: &[f64]) -> f64 {
    ends.last().map_or(0.0, |end| ends.len() as f64 / end)
}

/// The step whose end is the first at or after `time`; `rate` is that of [`rate`].
fn step_of(ends: &[f64], rate: f64, time: f64) -> usize {
    let steps = ends.len();
    // A float to integer cast saturates; rounding is put right below.
    let mut step = ((time * rate) as usize).min(steps - 1);
    while step > 0 && time <= ends[step - 1] {
        step -= 1;
    }
    while step + 1 < steps && time > ends[step] {
        step += 1;
    }
    step
}

/// The first exponential of one factor's streams on sixteen paths.
struct FirstWaits {
    seed: u64,
    path: u64,
    factor: u32,
}

impl Kernel for FirstWaits {
    type Output = Lanes;

    #[inline(always)]
    fn call(self) -> Lanes {
        let (mut waits, mut rest) = ([0.0; LANES], [0.0; LANES]);
        random::uniforms_across(self.seed, self.path, self.factor, 0, &mut waits, &mut rest);
        for wait in &mut waits {
            *wait = -elementary::ln(*wait);
        }
        waits
    }
}
