//! Which class the positions of a ladder belong to, and how many of a class stand before a place, in constant time.
//!
//! Counts of all classes stand together at every block of places; the owners of a block are counted one by one. A
//! block is at least as long as there are classes, so that the counts take no more room than the owners.

/// Least number of places of a block, as a power of two: its owners fill one line of cache.
const LEAST: u32 = 4;

/// Places that are looked at together, without a branch.
const WIDE: usize = 1 << LEAST;

/// Classes of the places of a ladder.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranks {
    classes: usize,
    /// Places of a block, as a power of two.
    shift: u32,
    /// Members of each class before each block.
    counts: Vec<u32>,
    /// Class of each place, filled up to whole blocks with no class; empty when there is one class only.
    owner: Vec<u32>,
}

/// Stands for no class.
const NONE: u32 = u32::MAX;

impl Ranks {
    /// Of the classes of all places in their order; none for a ladder of one class.
    pub fn new(classes: usize, mut owner: Vec<u32>) -> Self {
        if owner.is_empty() {
            return Self::default();
        }
        let shift = classes.next_power_of_two().trailing_zeros().max(LEAST);
        let mut counts = Vec::with_capacity(((owner.len() >> shift) + 1) * classes);
        let mut now = vec![0; classes];
        for block in owner.chunks(1 << shift) {
            counts.extend_from_slice(&now);
            block.iter().for_each(|&class| now[class as usize] += 1);
        }
        if owner.len().is_multiple_of(1 << shift) {
            counts.extend_from_slice(&now);
        }
        // The end of the ladder is a place too.
        owner.resize(((owner.len() >> shift) + 1) << shift, NONE);
        Self { classes, shift, counts, owner }
    }

    /// Class of the position at a place; 0 at the end and where there is one class only.
    #[inline]
    pub fn owner(&self, place: usize) -> usize {
        self.owner.get(place).map_or(0, |&class| if class == NONE { 0 } else { class as usize })
    }

    /// Members of a class among the first `place` positions.
    #[inline]
    pub fn before(&self, class: usize, place: usize) -> usize {
        let block = place >> self.shift;
        let mut here = self.counts[block * self.classes + class];
        let (mut from, class) = (block << self.shift, class as u32);
        for owners in self.owner[from..].chunks_exact(WIDE) {
            let left = (place - from) as u32;
            here += owners.iter().zip(0..).fold(0, |count: u32, (&owner, number)| {
                count.wrapping_add(u32::from(owner == class) & u32::from(number < left))
            });
            from += WIDE;
            if from >= place {
                break;
            }
        }
        here as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_equal_a_scan() {
        for (classes, places) in [(2, 1), (3, 16), (3, 900), (17, 64), (40, 1000)] {
            let owner: Vec<u32> = (0..places).map(|i| (i * i / 3 + i / 7) % classes).collect();
            let ranks = Ranks::new(classes as usize, owner.clone());
            for place in 0..=owner.len() {
                for class in 0..classes {
                    let expected = owner[..place].iter().filter(|&&owner| owner == class).count();
                    assert_eq!(ranks.before(class as usize, place), expected, "{class} before {place}");
                }
            }
            assert_eq!((ranks.owner(0), ranks.owner(owner.len())), (owner[0] as usize, 0));
        }
    }
}
