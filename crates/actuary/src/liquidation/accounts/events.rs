//! What happens on a path beside its prices: crashes, which shrink depth, and spells.

use crate::liquidation::latency::Spell;

/// Crashes and spells of one path. Times in years from its beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PathEvents {
    /// Moment and size (fall of the log price of an asset with loading 1) of each common crash, by time.
    pub crashes: Vec<(f64, f64)>,
    /// Begin and end of each spell of congestion, by time, not overlapping.
    pub congestion: Vec<(f64, f64)>,
    /// The same of each asset's oracle standing still; empty for none, else one list an asset.
    pub outages: Vec<Vec<(f64, f64)>>,
}

impl PathEvents {
    /// Forgets everything; keeps the buffers of as many oracles.
    pub(in crate::liquidation) fn clear(&mut self) {
        self.crashes.clear();
        self.congestion.clear();
        self.outages.iter_mut().for_each(Vec::clear);
    }

    /// The spell of congestion that concerns an interval.
    pub(super) fn congested(&self, start: f64, end: f64) -> Spell {
        touching(&self.congestion, start, end)
    }

    /// The outage of an asset's oracle that concerns an interval.
    pub(super) fn outage(&self, asset: usize, start: f64, end: f64) -> Spell {
        self.outages.get(asset).map_or(Spell::NONE, |spells| touching(spells, start, end))
    }

    /// Whether an asset's oracle stands still at a moment.
    pub(super) fn stands_still(&self, asset: usize, time: f64) -> bool {
        self.outages.get(asset).is_some_and(|spells| {
            let begun = spells.partition_point(|spell| spell.0 <= time);
            begun > 0 && time < spells[begun - 1].1
        })
    }
}

/// The last spell that begins by the end, if it is not over before; several that touch the interval count as one.
fn touching(spells: &[(f64, f64)], start: f64, end: f64) -> Spell {
    let begun = spells.partition_point(|spell| spell.0 <= end);
    let mut touching = Spell::NONE;
    for &(from, until) in spells[..begun].iter().rev().take_while(|spell| spell.1 > start) {
        touching = Spell { from, until: touching.until.max(until) };
    }
    touching
}
