//! When things happen on a path: regime spells, jumps, crashes and depegs at their exact times, and the intervals
//! between them. Times are in years.

use super::jumps::OwnJumps;
use super::model::Model;
use super::rare::FurtherJump;
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
    /// Which component of a mixture a path is drawn from, and what its further jump is.
    Mixture = 8,
    /// When the further jump of a component happens, and how large it is.
    Further = 9,
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

/// What the times and sizes of one path are drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws<'a> {
    pub seed: u64,
    /// Number of the path.
    pub path: u64,
    /// Probability of starting under stress.
    pub stress_start: f64,
    /// A jump beside those of the model.
    pub further: Option<&'a FurtherJump>,
    /// First words of some streams, from a sequence that fills the cube evenly.
    pub lead: Option<Lead>,
}

impl Draws<'_> {
    /// What [`Model::simulate`] draws from.
    pub fn plain(model: &Model, seed: u64, path: u64) -> Self {
        Self { seed, path, stress_start: model.stress_start, further: None, lead: None }
    }

    /// The stream of a factor from which about `draws` numbers are expected to be taken.
    pub fn stream(&self, factor: Factor, index: usize, draws: f64) -> Stream {
        let stream = if draws < 8.0 {
            factor.sparse(self.seed, self.path, index)
        } else {
            factor.stream(self.seed, self.path, index)
        };
        match self.lead.and_then(|lead| lead.of(factor)) {
            Some(words) => stream.led_by(words),
            None => stream,
        }
    }
}

/// The first two words of the streams that decide most about a path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Lead {
    /// Component of the mixture, source of its further jump.
    pub mixture: [u64; 2],
    /// Time and size of the further jump.
    pub further: [u64; 2],
    /// State at the start, length of the first spell.
    pub regime: [u64; 2],
    /// Wait for the first crash, and its size.
    pub crash: [u64; 2],
}

impl Lead {
    /// Numbers a lead consists of.
    pub const WORDS: usize = 8;

    fn of(&self, factor: Factor) -> Option<[u64; 2]> {
        match factor {
            Factor::Mixture => Some(self.mixture),
            Factor::Further => Some(self.further),
            Factor::Regime => Some(self.regime),
            Factor::Crash => Some(self.crash),
            _ => None,
        }
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
    /// Size in calm units, before the state's multiplier.
    pub drawn: f64,
    /// Whether it happens under stress.
    pub stressed: bool,
}

/// A stretch of time in one state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spell {
    pub start: f64,
    pub end: f64,
    pub stressed: bool,
}

/// Time spent in either state.
pub(super) fn time_in_states(spells: &[Spell]) -> [f64; 2] {
    let mut time = [0.0; 2];
    for spell in spells {
        time[usize::from(spell.stressed)] += spell.end - spell.start;
    }
    time
}

/// Fills `spells` with the states of the chain up to the horizon.
pub(super) fn spells(model: &Model, horizon: f64, draws: &Draws<'_>, spells: &mut Vec<Spell>) {
    spells.clear();
    let Some(regime) = model.regime else {
        spells.push(Spell { start: 0.0, end: horizon, stressed: false });
        return;
    };
    let mut stream = draws.stream(Factor::Regime, 0, 2.0 + horizon * (regime.to_stress.min(regime.to_calm)));
    // Drawn in any case, so that the spells after the first do not depend on how it was chosen.
    let first = stream.uniform();
    let mut stressed = first < draws.stress_start;
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

/// Fills `events` with everything that happens up to the horizon, in the order of generation.
pub(super) fn events(model: &Model, spells: &[Spell], draws: &Draws<'_>, events: &mut Vec<Event>) {
    events.clear();
    switches(spells, events);
    for number in 0..model.own_jumps.len() {
        let rates = [false, true].map(|stressed| model.own_intensity(number, stressed));
        let mut stream = draws.stream(Factor::OwnJumps, number, 1.0 + 2.0 * expected(spells, rates));
        own_jumps(model, number, spells, &mut stream, events);
    }
    crashes(model, spells, draws, events);
    for number in 0..model.pegs.len() {
        depegs(model, number, spells, draws, events);
    }
    further(model, spells, draws, events);
}

/// Puts events in order of time, those of one moment in order of generation.
pub(super) fn sort(events: &mut [Event]) {
    events.sort_unstable_by(|a, b| a.time.total_cmp(&b.time).then(a.order.cmp(&b.order)));
}

fn push(events: &mut Vec<Event>, time: f64, stressed: bool, drawn: f64, happening: Happening) {
    let order = events.len();
    events.push(Event { time, order, happening, drawn, stressed });
}

/// The ends of all spells but the last.
pub(super) fn switches(spells: &[Spell], events: &mut Vec<Event>) {
    for pair in spells.windows(2) {
        push(events, pair[0].end, pair[0].stressed, 0.0, Happening::Switch);
    }
}

/// Where waits and sizes of an asset's jumps come from: alternating, a wait first. A jump takes a pair of the stream's
/// words.
pub(super) trait Jumps {
    /// The wait for the next jump, an exponential of mean 1.
    fn wait(&mut self) -> f64;
    /// Its size in calm units.
    fn size(&mut self, jumps: &OwnJumps) -> f64;
}

impl Jumps for Stream {
    fn wait(&mut self) -> f64 {
        self.exponential()
    }

    fn size(&mut self, jumps: &OwnJumps) -> f64 {
        jumps.at(self.uniform())
    }
}

/// The jumps of one asset.
pub(super) fn own_jumps(
    model: &Model,
    number: usize,
    spells: &[Spell],
    draws: &mut impl Jumps,
    events: &mut Vec<Event>,
) {
    let jumps = &model.own_jumps[number];
    let rates = [false, true].map(|stressed| model.own_intensity(number, stressed));
    arrivals(draws, spells, rates, Jumps::wait, |draws, time, stressed| {
        let drawn = draws.size(jumps);
        let size = drawn * model.multipliers(stressed).jump_size;
        push(events, time, stressed, drawn, Happening::Jump { number, size });
    });
}

/// The common crashes.
pub(super) fn crashes(model: &Model, spells: &[Spell], draws: &Draws<'_>, events: &mut Vec<Event>) {
    let Some(crash) = &model.crash else { return };
    let rates = [false, true].map(|stressed| model.crash_intensity(stressed));
    let expected = 1.0 + 2.0 * expected(spells, rates);
    let mut stream = draws.stream(Factor::Crash, 0, expected);
    arrivals(&mut stream, spells, rates, Stream::exponential, |stream, time, stressed| {
        let drawn = crash.sample(stream);
        let size = drawn * model.multipliers(stressed).crash_size;
        push(events, time, stressed, drawn, Happening::Crash { size });
    });
}

/// The depegs and jumps above par of one peg.
pub(super) fn depegs(
    model: &Model,
    number: usize,
    spells: &[Spell],
    draws: &Draws<'_>,
    events: &mut Vec<Event>,
) {
    let peg = &model.pegs[number];
    let rates = [peg.jump_intensity(); 2];
    let expected = 1.0 + 2.0 * expected(spells, rates);
    let mut stream = draws.stream(Factor::Depeg, number, expected);
    arrivals(&mut stream, spells, rates, Stream::exponential, |stream, time, stressed| {
        let drawn = stream.exponential();
        let size = peg.jump(drawn, || stream.uniform());
        push(events, time, stressed, size, Happening::Depeg { number, size });
    });
}

/// The jump beside those of the model, where there is one and the path has time for it.
pub(super) fn further(model: &Model, spells: &[Spell], draws: &Draws<'_>, events: &mut Vec<Event>) {
    let Some(jump) = draws.further else { return };
    let mut stream = draws.stream(Factor::Further, 0, 2.0);
    let (moment, size) = (stream.uniform(), stream.exponential());
    if let Some((time, stressed)) = jump.moment(model, spells, moment) {
        let (drawn, happening) = jump.happening(model, stressed, size);
        push(events, time, stressed, drawn, happening);
    }
}

/// Expected number of arrivals.
fn expected(spells: &[Spell], rates: [f64; 2]) -> f64 {
    spells.iter().map(|spell| rates[usize::from(spell.stressed)] * (spell.end - spell.start)).sum()
}

/// Poisson arrivals whose intensity depends on the state: unit-rate arrivals on the clock of accumulated
/// intensity, so that changing one state's intensity leaves the draws as they are.
fn arrivals<D>(
    draws: &mut D,
    spells: &[Spell],
    rates: [f64; 2],
    next: impl Fn(&mut D) -> f64,
    mut arrive: impl FnMut(&mut D, f64, bool),
) {
    if rates[0].max(rates[1]) <= 0.0 {
        return;
    }
    let mut wait = next(draws);
    for spell in spells {
        let rate = rates[usize::from(spell.stressed)];
        let mut time = spell.start;
        loop {
            let accumulated = rate * (spell.end - time);
            if wait >= accumulated {
                wait -= accumulated;
                break;
            }
            time += wait / rate;
            arrive(draws, time, spell.stressed);
            wait = next(draws);
        }
    }
}
