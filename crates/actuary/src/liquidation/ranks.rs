//! Which class the positions of a ladder belong to, and how many of a class stand before a place, in constant time.
//!
//! Counts of all classes stand together at every block of places; the owners of a block are counted one by one. A
//! block is at least as long as there are classes, so that the counts take no more room than the owners.

/// Least number of places of a block, as a power of two: its owners fill one line of cache.
const LEAST: u32 = 4;

/// Classes of the places of a ladder.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranks {
    classes: usize,
    /// Places of a block, as a power of two.
    shift: u32,
    /// Members of each class before each block.
    counts: Vec<u32>,
    /// Class of each place; empty when there is one class only.
    owner: Vec<u32>,
}

impl Ranks {
    /// Of the classes of all places in their order; none for a ladder of one class.
    pub fn new(classes: usize, owner: Vec<u32>) -> Self {
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
        Self { classes, shift, counts, owner }
    }

    /// Class of the position at a place; 0 at the end and where there is one class only.
    #[inline]
    pub fn owner(&self, place: usize) -> usize {
        self.owner.get(place).map_or(0, |&class| class as usize)
    }

    /// Members of a class among the first `place` positions.
    #[inline]
    pub fn before(&self, class: usize, place: usize) -> usize {
        let block = place >> self.shift;
        let owners = &self.owner[block << self.shift..place];
        let class_number = class as u32;
        let here = owners.iter().fold(0, |n: u32, &owner| n.wrapping_add(u32::from(owner == class_number)));
        self.counts[block * self.classes + class] as usize + here as usize
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
