//! The worst losses of a run, kept exactly and in bounded memory.
//!
//! A loss belongs to the worst mass M of the planned paths while the weight of all losses above it is at most
//! M. Losses are ordered by amount, equal ones by a hash of the path's number (which is the same in every run
//! and knows nothing of how paths were numbered). A loss that is outside the mass among some of the paths is
//! outside among all of them, for more paths only add weight above it: so pruning early, in any order and any
//! grouping, leaves the same losses in the end. Losses of nothing are not kept.

use std::cmp::Ordering;

use super::exact::{ExactSum, SumOverflow};

/// Losses kept before the first pruning.
const ROOM: usize = 1024;

/// The loss of one path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) loss: f64,
    pub(crate) path: u64,
    pub(crate) weight: f64,
}

impl Entry {
    /// Worst first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        other
            .loss
            .total_cmp(&self.loss)
            .then_with(|| mix(self.path).cmp(&mix(other.path)))
            .then_with(|| self.path.cmp(&other.path))
    }
}

/// The worst losses, each with a row of what it is made of.
#[derive(Clone, Debug)]
pub(crate) struct WorstLosses {
    /// Weight to be kept, in units of an [`ExactSum`].
    mass: i128,
    width: usize,
    entries: Vec<Entry>,
    rows: Vec<f64>,
    /// The last loss that was kept when the mass was full: what comes after it is outside.
    last: Option<Entry>,
    prune_at: usize,
}

impl WorstLosses {
    /// Keeps so much weight, with rows of so many numbers.
    ///
    /// # Errors
    /// A mass that does not fit into a sum.
    pub(crate) fn new(mass: f64, width: usize) -> Result<Self, SumOverflow> {
        let mass = ExactSum::of(mass)?.units();
        Ok(Self { mass, width, entries: Vec::new(), rows: Vec::new(), last: None, prune_at: ROOM })
    }

    /// Adds a path with its row.
    pub(crate) fn add(&mut self, entry: Entry, row: &[f64]) -> Result<(), SumOverflow> {
        if entry.loss == 0.0 || entry.weight == 0.0 {
            return Ok(());
        }
        if self.last.is_some_and(|last| entry.order(&last) == Ordering::Greater) {
            return Ok(());
        }
        self.entries.push(entry);
        self.rows.extend_from_slice(row);
        if self.entries.len() >= self.prune_at {
            self.prune()?;
            self.prune_at = ROOM.max(2 * self.entries.len());
        }
        Ok(())
    }

    /// Adds all that another kept.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), SumOverflow> {
        for (index, entry) in other.entries.iter().enumerate() {
            self.add(*entry, &other.rows[index * self.width..(index + 1) * self.width])?;
        }
        Ok(())
    }

    /// Sorts, worst first, and drops what is outside the mass. The result depends on the losses alone.
    pub(crate) fn prune(&mut self) -> Result<(), SumOverflow> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_unstable_by(|&a, &b| self.entries[a].order(&self.entries[b]));
        let mut above = ExactSum::ZERO;
        let mut kept = 0;
        for &index in &order {
            if above.units() > self.mass {
                break;
            }
            above.add(self.entries[index].weight)?;
            kept += 1;
        }
        order.truncate(kept);
        if above.units() > self.mass {
            self.last = order.last().map(|&index| self.entries[index]);
        }
        self.entries = order.iter().map(|&index| self.entries[index]).collect();
        let row = |&index: &usize| &self.rows[index * self.width..(index + 1) * self.width];
        self.rows = order.iter().flat_map(row).copied().collect();
        Ok(())
    }

    /// Losses kept, worst first after [`Self::prune`].
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Numbers a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Rows of the losses kept, in their order, one after the other.
    pub(crate) fn rows(&self) -> &[f64] {
        &self.rows
    }
}

/// A number that scatters the paths (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// 2014).
fn mix(path: u64) -> u64 {
    let x = path.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn entries(seed: u64, count: u64) -> Vec<Entry> {
        let mut random = Stream::new(seed, 0, 0);
        (0..count)
            .map(|path| {
                // Heavy ties, half of the paths without a loss.
                let loss = (random.uniform() * 40.0 - 20.0).max(0.0).floor() + f64::from(path % 3 == 0) * 0.0;
                Entry { loss, path, weight: 0.05 + 3.0 * random.uniform() }
            })
            .collect()
    }

    /// What is kept, from a full sort.
    fn sorted(all: &[Entry], mass: f64) -> Vec<Entry> {
        let mut all: Vec<Entry> = all.iter().copied().filter(|e| e.loss > 0.0).collect();
        all.sort_by(Entry::order);
        let mut above = 0.0;
        let inside = all.iter().take_while(|entry| {
            let keep = above <= mass;
            above += entry.weight;
            keep
        });
        inside.copied().collect()
    }

    #[test]
    fn early_pruning_keeps_what_a_full_sort_keeps() {
        for seed in 0..20 {
            let all = entries(seed, 20_000);
            let mass = 37.5 + 20.0 * seed as f64;
            let expected = sorted(&all, mass);
            let mut parts: Vec<WorstLosses> = (0..3).map(|_| WorstLosses::new(mass, 1).unwrap()).collect();
            let mut one = WorstLosses::new(mass, 1).unwrap();
            let mut random = Stream::new(seed, 1, 0);
            for entry in &all {
                parts[(random.next_word() % 3) as usize].add(*entry, &[entry.loss / 2.0]).unwrap();
                one.add(*entry, &[entry.loss / 2.0]).unwrap();
                assert!(one.entries().len() <= ROOM.max(2 * (expected.len() + 1)));
            }
            let mut merged = parts[2].clone();
            merged.prune().unwrap();
            merged.merge(&parts[0]).unwrap();
            merged.merge(&parts[1]).unwrap();
            for mut found in [merged, one] {
                found.prune().unwrap();
                assert_eq!(found.entries(), expected, "seed {seed}");
                assert!(
                    found.rows().iter().zip(found.entries()).all(|(row, entry)| *row == entry.loss / 2.0)
                );
            }
        }
    }
}
