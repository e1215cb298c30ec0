//! When things happen on a path: regime spells, jumps, crashes and depegs at their exact times, and the intervals
//! between them. Times are in years.

use super::model::Model;
use crate::random::Stream;

/// Kinds of random factors; a stream's factor number is the kind and an index.
#[derive(Clone, Copy)]
pub(super) enum Factor {
    Diffusion = 0,
    Bridge = 1,
    OwnJumps = 2,
    Crash = 3,
    Regime = 4,
    Basis = 5,
    Depeg = 6,
    /// Where a block's columns are split inside a step.
    Split = 7,
    /// Which component of a mixture a path is drawn from.
    Mixture = 8,
}

impl Factor {
    /// The factor number of the `index`-th factor of this kind.
    pub fn number(self, index: usize) -> u32 {
        (self as u32) << 24 | (index as u32 & 0x00FF_FFFF)
    }

    /// The stream of the `index`-th factor of this kind.
    pub fn stream(self, seed: u64, path: u64, index: usize) -> Stream {
        Stream::new(seed, path, self.number(index))
    }

    /// The same stream for a few draws.
    pub fn sparse(self, seed: u64, path: u64, index: usize) -> Stream {
        Stream::sparse(seed, path, self.number(index))
    }
}

/// What happens at the end of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Happening {
    /// Jump diffusion `number` jumps by `size` in log price.
    Jump { number: usize, size: f64 },
    /// All assets fall by their loading times `size`.
    Crash { size: f64 },
    /// The basis of peg `number` jumps by `size`.
    Depeg { number: usize, size: f64 },
    /// Calm turns to stress or back.
    Switch,
}

/// Something that happens at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub time: f64,
    /// Position in the order of generation: decides between equal times.
    pub order: usize,
    pub happening: Happening,
}

/// A stretch of time in one state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spell {
    pub start: f64,
    pub end: f64,
    pub stressed: bool,
}

/// Fills `spells` with the states of the chain up to the horizon.
pub(super) fn spells(model: &Model, horizon: f64, seed: u64, path: u64, spells: &mut Vec<Spell>) {
    spells.clear();
    let Some(regime) = model.regime else {
        spells.push(Spell { start: 0.0, end: horizon, stressed: false });
        return;
    };
    let mut stream = Factor::Regime.sparse(seed, path, 0);
    // Drawn in any case, so that the spells after the first do not depend on how it was chosen.
    let first = stream.uniform();
    let mut stressed = first < model.stress_start;
    let mut start = 0.0;
    while start < horizon {
        let rate = if stressed { regime.to_calm } else { regime.to_stress };
        let length = stream.exponential() / rate; // infinite at rate 0
        let end = (start + length).min(horizon);
        spells.push(Spell { start, end, stressed });
        start = end;
        stressed = !stressed;
    }
}

/// Fills `events` with everything that happens up to the horizon, in order of time.
pub(super) fn events(model: &Model, spells: &[Spell], seed: u64, path: u64, events: &mut Vec<Event>) {
    events.clear();
    let mut push = |time: f64, happening: Happening| {
        let order = events.len();
        events.push(Event { time, order, happening });
    };
    for pair in spells.windows(2) {
        push(pair[0].end, Happening::Switch);
    }
    for number in 0..model.own_jumps.len() {
        own_jumps(model, number, spells, seed, path, &mut push);
    }
    crashes(model, spells, seed, path, &mut push);
    for number in 0..model.pegs.len() {
        depegs(model, number, spells, seed, path, &mut push);
    }
    sort(events);
}

/// Puts events in order of time, those of one moment in order of generation.
pub(super) fn sort(events: &mut [Event]) {
    events.sort_unstable_by(|a, b| a.time.total_cmp(&b.time).then(a.order.cmp(&b.order)));
}

/// The jumps of one asset.
pub(super) fn own_jumps(
    model: &Model,
    number: usize,
    spells: &[Spell],
    seed: u64,
    path: u64,
    mut push: impl FnMut(f64, Happening),
) {
    let jumps = &model.own_jumps[number];
    let stream = Factor::OwnJumps.sparse(seed, path, number);
    arrivals(
        stream,
        spells,
        |stressed| model.own_intensity(number, stressed),
        |stream, time, stressed| {
            let size = jumps.sample(stream) * model.multipliers(stressed).jump_size;
            push(time, Happening::Jump { number, size });
        },
    );
}

/// The common crashes.
pub(super) fn crashes(
    model: &Model,
    spells: &[Spell],
    seed: u64,
    path: u64,
    mut push: impl FnMut(f64, Happening),
) {
    let Some(crash) = &model.crash else { return };
    let stream = Factor::Crash.sparse(seed, path, 0);
    arrivals(
        stream,
        spells,
        |stressed| model.crash_intensity(stressed),
        |stream, time, stressed| {
            let size = crash.sample(stream) * model.multipliers(stressed).crash_size;
            push(time, Happening::Crash { size });
        },
    );
}

/// The depegs of one peg.
pub(super) fn depegs(
    model: &Model,
    number: usize,
    spells: &[Spell],
    seed: u64,
    path: u64,
    mut push: impl FnMut(f64, Happening),
) {
    let peg = &model.pegs[number];
    let stream = Factor::Depeg.sparse(seed, path, number);
    arrivals(
        stream,
        spells,
        |_| peg.depeg_intensity,
        |stream, time, _| {
            let size = -peg.depeg_size * stream.exponential();
            push(time, Happening::Depeg { number, size });
        },
    );
}

/// Poisson arrivals whose intensity depends on the state: unit-rate arrivals on the clock of accumulated
/// intensity, so that changing one state's intensity leaves the draws as they are.
fn arrivals(
    mut stream: Stream,
    spells: &[Spell],
    intensity: impl Fn(bool) -> f64,
    mut arrive: impl FnMut(&mut Stream, f64, bool),
) {
    let most = intensity(false).max(intensity(true));
    if most <= 0.0 {
        return;
    }
    let mut wait = stream.exponential();
    for spell in spells {
        let rate = intensity(spell.stressed);
        let mut time = spell.start;
        loop {
            let accumulated = rate * (spell.end - time);
            if wait >= accumulated {
                wait -= accumulated;
                break;
            }
            time += wait / rate;
            arrive(&mut stream, time, spell.stressed);
            wait = stream.exponential();
        }
    }
}
