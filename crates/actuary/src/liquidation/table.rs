//! A table of log prices that finds a price's place in a ladder in constant time.
//!
//! Buckets are ranges of the leading bits of a price: those of a positive float rise with it, nearly as its
//! logarithm does. There are about as many buckets as rungs, so that a search looks at one bucket and the few rungs
//! inside it.

use super::class::Rung;

/// Rungs below which a binary search alone is as quick.
const SMALL: usize = 64;

/// Where the break prices of a ladder lie.
#[derive(Clone, Debug, Default)]
pub(super) struct PriceTable {
    lowest: u64,
    shift: u32,
    /// `above[b]` is the number of rungs in buckets above `b`; empty for a small ladder.
    above: Vec<u32>,
}

impl PriceTable {
    /// The table of rungs with falling, positive break prices and an end at minus infinity.
    pub fn new(rungs: &[Rung]) -> Self {
        let count = rungs.len() - 1;
        if count < SMALL {
            return Self::default();
        }
        let lowest = rungs[count - 1].h.to_bits();
        let range = rungs[0].h.to_bits() - lowest;
        let mut shift = 0;
        while range >> shift >= count as u64 {
            shift += 1;
        }
        let buckets = (range >> shift) as usize + 1;
        let mut above = vec![0_u32; buckets + 1];
        for rung in &rungs[..count] {
            above[((rung.h.to_bits() - lowest) >> shift) as usize] += 1;
        }
        // Counts become the number of rungs in higher buckets.
        let mut higher = 0;
        for entry in above.iter_mut().rev() {
            let here = *entry;
            *entry = higher;
            higher += here;
        }
        Self { lowest, shift, above }
    }

    /// Number of rungs with a break price of at least `price`.
    pub fn count(&self, rungs: &[Rung], price: f64) -> usize {
        let (from, to) = self.window(rungs, price);
        from + rungs[from..to].partition_point(|rung| rung.h >= price)
    }

    /// The least and the most that [`PriceTable::count`] can be.
    #[inline]
    pub fn window(&self, rungs: &[Rung], price: f64) -> (usize, usize) {
        let count = rungs.len() - 1;
        if self.above.is_empty() || price.is_nan() || price <= 0.0 {
            return (0, count);
        }
        if price > rungs[0].h {
            return (0, 0);
        }
        let Some(offset) = price.to_bits().checked_sub(self.lowest) else { return (count, count) };
        let bucket = (offset >> self.shift) as usize;
        let to = if bucket == 0 { count } else { self.above[bucket - 1] as usize };
        (self.above[bucket] as usize, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn the_table_counts_like_a_scan() {
        let mut random = Stream::new(3, 0, 0);
        for spread in [1e-9, 0.3, 5.0] {
            let mut prices: Vec<f64> = (0..2000).map(|_| libm::exp(spread * random.normal())).collect();
            prices.extend(vec![1.0; 50]);
            prices.sort_by(|a, b| b.total_cmp(a));
            prices.push(f64::NEG_INFINITY);
            let rungs: Vec<Rung> = prices.iter().map(|&h| Rung { h, debt: 0.0, collateral: 0.0 }).collect();
            let table = PriceTable::new(&rungs);
            assert!(!table.above.is_empty());
            let near = |price: f64| [price.next_down(), price, price.next_up()];
            let probes = prices[..2050].iter().step_by(7).flat_map(|&p| near(p));
            for price in probes.chain([0.0, -1.0, 1e-300, 1e300, f64::INFINITY]) {
                let expected = prices.iter().filter(|h| **h >= price).count();
                assert_eq!(table.count(&rungs, price), expected, "price {price}");
            }
        }
    }
}
