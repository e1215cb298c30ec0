//! What happens on sixteen paths: spells, jumps, crashes and depegs, sorted into steps.

use super::group::{LANES, Lanes};
use super::step_end;
use crate::math::elementary;
use crate::price::model::Model;
use crate::price::timeline::{self, Draws, Event, Factor, Spell};
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
    /// Draws everything for one path a lane.
    pub fn draw(&mut self, model: &Model, horizon: f64, steps: usize, draws: &[Draws<'_>; LANES]) {
        self.stress_time.clear();
        self.stress_time.resize(steps, [0.0; LANES]);
        self.calm_total = [horizon; LANES];
        self.stress_total = [0.0; LANES];
        for (lane, draws) in draws.iter().enumerate() {
            timeline::spells(model, horizon, draws, &mut self.spells[lane]);
            self.events[lane].clear();
            timeline::switches(&self.spells[lane], &mut self.events[lane]);
        }
        if model.regime.is_some() {
            self.regime(horizon, steps);
        }
        for number in 0..model.own_jumps.len() {
            let rates = [false, true].map(|stressed| model.own_intensity(number, stressed));
            self.arrive(draws, Factor::OwnJumps.number(number), rates, |spells, draws, events| {
                timeline::own_jumps(model, number, spells, draws, events);
            });
        }
        let rates = [false, true].map(|stressed| model.crash_intensity(stressed));
        if draws[0].lead.is_some() {
            // The first wait is not that of the stream.
            for (lane, draws) in draws.iter().enumerate() {
                timeline::crashes(model, &self.spells[lane], draws, &mut self.events[lane]);
            }
        } else {
            self.arrive(draws, Factor::Crash.number(0), rates, |spells, draws, events| {
                timeline::crashes(model, spells, draws, events);
            });
        }
        for (number, peg) in model.pegs.iter().enumerate() {
            let rates = [peg.depeg_intensity; 2];
            self.arrive(draws, Factor::Depeg.number(number), rates, |spells, draws, events| {
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
        make: impl Fn(&[Spell], &Draws<'_>, &mut Vec<Event>),
    ) {
        if rates[0].max(rates[1]) <= 0.0 {
            return;
        }
        let (mut waits, mut rest) = ([0.0; LANES], [0.0; LANES]);
        random::uniforms_across(draws[0].seed, draws[0].path, factor, 0, &mut waits, &mut rest);
        let mut arrives = [false; LANES];
        for lane in 0..LANES {
            let total = rates[0] * self.calm_total[lane] + rates[1] * self.stress_total[lane];
            // The sum over the spells may round differently: the margin leaves the decision to it.
            arrives[lane] = -elementary::ln(waits[lane]) < total * (1.0 + 1e-9);
        }
        for lane in (0..LANES).filter(|lane| arrives[*lane]) {
            make(&self.spells[lane], &draws[lane], &mut self.events[lane]);
        }
    }

    fn regime(&mut self, horizon: f64, steps: usize) {
        for (lane, spells) in self.spells.iter().enumerate() {
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
