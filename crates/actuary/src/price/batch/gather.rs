//! What happens on sixteen paths: spells, jumps, crashes and depegs, sorted into steps.

use super::group::{LANES, Lanes};
use super::step_end;
use crate::math::elementary;
use crate::price::model::Model;
use crate::price::timeline::{self, Event, Factor, Happening, Spell};
use crate::random;

/// Happenings of a group of paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Happenings {
    pub spells: [Vec<Spell>; LANES],
    pub events: [Vec<Event>; LANES],
    /// Time under stress in each step.
    pub stress_time: Vec<Lanes>,
    /// Time in each state over the whole path.
    calm_total: Lanes,
    stress_total: Lanes,
}

impl Happenings {
    /// Draws everything for the paths from `first_path` on.
    pub fn draw(&mut self, model: &Model, horizon: f64, steps: usize, seed: u64, first_path: u64) {
        self.events.iter_mut().for_each(Vec::clear);
        self.stress_time.clear();
        self.stress_time.resize(steps, [0.0; LANES]);
        self.calm_total = [horizon; LANES];
        self.stress_total = [0.0; LANES];
        for (lane, spells) in self.spells.iter_mut().enumerate() {
            timeline::spells(model, horizon, seed, first_path.wrapping_add(lane as u64), spells);
        }
        if model.regime.is_some() {
            self.regime(horizon, steps);
        }
        for number in 0..model.own_jumps.len() {
            let rates = [false, true].map(|stressed| model.own_intensity(number, stressed));
            let factor = Factor::OwnJumps.number(number);
            self.arrive(seed, first_path, factor, rates, |spells, path, push| {
                timeline::own_jumps(model, number, spells, seed, path, push);
            });
        }
        let rates = [false, true].map(|stressed| model.crash_intensity(stressed));
        self.arrive(seed, first_path, Factor::Crash.number(0), rates, |spells, path, push| {
            timeline::crashes(model, spells, seed, path, push);
        });
        for (number, peg) in model.pegs.iter().enumerate() {
            let factor = Factor::Depeg.number(number);
            self.arrive(seed, first_path, factor, [peg.depeg_intensity; 2], |spells, path, push| {
                timeline::depegs(model, number, spells, seed, path, push);
            });
        }
    }

    /// Calls `make` for the paths on which at least one arrival can fall before the horizon.
    fn arrive(
        &mut self,
        seed: u64,
        first_path: u64,
        factor: u32,
        rates: [f64; 2],
        make: impl Fn(&[Spell], u64, &mut dyn FnMut(f64, Happening)),
    ) {
        if rates[0].max(rates[1]) <= 0.0 {
            return;
        }
        let (mut waits, mut rest) = ([0.0; LANES], [0.0; LANES]);
        random::uniforms_across(seed, first_path, factor, 0, &mut waits, &mut rest);
        let mut arrives = [false; LANES];
        for lane in 0..LANES {
            let total = rates[0] * self.calm_total[lane] + rates[1] * self.stress_total[lane];
            // The sum over the spells may round differently: the margin leaves the decision to it.
            arrives[lane] = -elementary::ln(waits[lane]) < total * (1.0 + 1e-9);
        }
        for lane in (0..LANES).filter(|lane| arrives[*lane]) {
            let events = &mut self.events[lane];
            make(&self.spells[lane], first_path.wrapping_add(lane as u64), &mut |time, happening| {
                let order = events.len();
                events.push(Event { time, order, happening });
            });
        }
    }

    fn regime(&mut self, horizon: f64, steps: usize) {
        for (lane, spells) in self.spells.iter().enumerate() {
            for pair in spells.windows(2) {
                let order = self.events[lane].len();
                self.events[lane].push(Event { time: pair[0].end, order, happening: Happening::Switch });
            }
            for spell in spells.iter().filter(|spell| spell.stressed) {
                self.stress_total[lane] += spell.end - spell.start;
                let mut start = spell.start;
                for step in step_of(horizon, steps, spell.start)..steps {
                    let end = spell.end.min(step_end(horizon, steps, step));
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
}

/// The step whose end is the first at or after `time`.
pub(super) fn step_of(horizon: f64, steps: usize, time: f64) -> usize {
    // A float to integer cast saturates; rounding is put right below.
    let mut step = ((time / horizon * steps as f64) as usize).min(steps - 1);
    while step > 0 && time <= step_end(horizon, steps, step - 1) {
        step -= 1;
    }
    while step + 1 < steps && time > step_end(horizon, steps, step) {
        step += 1;
    }
    step
}
