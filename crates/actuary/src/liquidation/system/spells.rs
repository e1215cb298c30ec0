//! Spells of congestion and of oracles standing still, drawn for the paths of a block.
//!
//! Spells arrive at a rate that depends on the state of the market, and with a probability at each common crash;
//! their lengths are exponential; overlapping ones are one. Random numbers come from streams keyed by seed, path and
//! factor. The factors here have kinds from 0xA0 on in their leading byte; those of prices count up from 0.

use super::super::{ByRegime, HOURS_PER_YEAR, latency::Spell};
use super::{block_paths::BlockPaths, options::SpellRates};
use crate::random::Stream;

const CONGESTION: u32 = 0xA0;
const CONGESTION_AT_CRASH: u32 = 0xA1;
const OUTAGE: u32 = 0xA2;
const OUTAGE_AT_CRASH: u32 = 0xA3;

/// What a sequence of spells belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// All markets.
    Everyone,
    /// The oracle of a price column.
    Oracle(usize),
}

impl Owner {
    /// Factors of the arrivals and of what crashes begin.
    fn factors(self) -> [u32; 2] {
        let number = |kind: u32, index: usize| kind << 24 | (index as u32 & 0x00FF_FFFF);
        match self {
            Self::Everyone => [number(CONGESTION, 0), number(CONGESTION_AT_CRASH, 0)],
            Self::Oracle(column) => [number(OUTAGE, column), number(OUTAGE_AT_CRASH, column)],
        }
    }
}

/// Spells of one owner on each path of a block.
#[derive(Clone, Debug, Default)]
pub(super) struct Spells {
    spells: Vec<Spell>,
    /// Where those of each path begin.
    first: Vec<usize>,
}

impl Spells {
    /// Draws the spells of all paths of a block.
    pub fn draw(&mut self, rates: &SpellRates, owner: Owner, paths: &BlockPaths<'_>, seed: u64, path: u64) {
        self.spells.clear();
        self.first.clear();
        let mut found: Vec<Spell> = Vec::new();
        let mean = rates.mean_hours / HOURS_PER_YEAR;
        for lane in 0..paths.block.paths() {
            self.first.push(self.spells.len());
            let number = path.wrapping_add(lane as u64);
            let [arrivals, at_crash] = owner.factors();
            found.clear();
            arrive(rates.per_year, paths, lane, Stream::sparse(seed, number, arrivals), |stream, from| {
                found.push(Spell { from, until: from + mean * stream.exponential() });
            });
            if rates.at_crash > 0.0 {
                let mut stream = Stream::sparse(seed, number, at_crash);
                for crash in paths.crashes(lane) {
                    let (uniform, length) = (stream.uniform(), stream.exponential());
                    if uniform < rates.at_crash {
                        found.push(Spell { from: crash.time, until: crash.time + mean * length });
                    }
                }
                found.sort_by(|a, b| a.from.total_cmp(&b.from));
            }
            let begin = self.spells.len();
            for &spell in &found {
                match self.spells[begin..].last_mut() {
                    Some(last) if spell.from <= last.until => last.until = last.until.max(spell.until),
                    _ => self.spells.push(spell),
                }
            }
        }
        self.first.push(self.spells.len());
    }

    /// Begin and end of the spells of a path.
    pub fn of(&self, lane: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        let row = match (self.first.get(lane), self.first.get(lane + 1)) {
            (Some(&first), Some(&last)) => first..last,
            _ => 0..0,
        };
        self.spells[row].iter().map(|spell| (spell.from, spell.until))
    }

    /// The spell that concerns an interval: the last that begins by its end, if it is not over before; several that
    /// touch the interval count as one.
    pub fn touching(&self, lane: usize, start: f64, end: f64) -> Spell {
        let (Some(&first), Some(&last)) = (self.first.get(lane), self.first.get(lane + 1)) else {
            return Spell::NONE;
        };
        let spells = &self.spells[first..last];
        let begun = spells.partition_point(|spell| spell.from <= end);
        let mut touching = Spell::NONE;
        for spell in spells[..begun].iter().rev().take_while(|spell| spell.until > start) {
            touching = Spell { from: spell.from, until: touching.until.max(spell.until) };
        }
        touching
    }
}

/// Poisson arrivals on the clock of accumulated intensity, the state of a step being that at its end.
fn arrive(
    per_year: ByRegime,
    paths: &BlockPaths<'_>,
    lane: usize,
    mut stream: Stream,
    mut begin: impl FnMut(&mut Stream, f64),
) {
    let block = paths.block;
    let most = per_year.calm.max(per_year.stressed);
    if most <= 0.0 || block.steps() == 0 {
        return;
    }
    let mut wait = stream.exponential();
    if wait > most * block.time(block.steps() - 1) {
        return;
    }
    let mut start = 0.0;
    for step in 0..block.steps() {
        let end = block.time(step);
        let rate = per_year.get(block.stressed(step).get(lane).copied().unwrap_or(false));
        let mut time = start;
        while wait < rate * (end - time) {
            time += wait / rate;
            begin(&mut stream, time);
            wait = stream.exponential();
        }
        wait -= rate * (end - time);
        start = end;
    }
}
