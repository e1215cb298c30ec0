//! The sums of all classes at every place of a ladder, for ladders of few classes: one line of cache a place tells what
//! each class has lost between two places.
//!
//! Units: collateral and debt in tokens.

use super::{
    class::{Class, Rung, Sums},
    shortfall::{Sale, part_loss},
};

/// Most classes of a ladder that is marked: their sums fill one line of cache.
pub(super) const WIDTH: usize = 4;

/// Most places of a ladder that is marked: 64 MiB. A larger one does not find its marks in any cache.
const MOST: usize = 1 << 20;

/// Sums of each class over its members before a place; of classes that there are not, none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(64))]
pub(super) struct Mark(pub(super) [Sums; WIDTH]);

/// The marks of a ladder.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    /// One a place, and one for the end.
    places: Vec<Mark>,
    /// Thresholds of the classes, rising; 1 for those that there are not.
    pub(super) thresholds: [f64; WIDTH],
}

impl Marks {
    /// Of classes and the class of each place in the order across them; none where there are too many of either.
    pub(super) fn new(classes: &[Class], owner: &[u32]) -> Option<Self> {
        if classes.len() > WIDTH || owner.len() > MOST {
            return None;
        }
        let mut thresholds = [1.0; WIDTH];
        thresholds.iter_mut().zip(classes).for_each(|(threshold, class)| *threshold = class.threshold);
        let (mut heads, mut now) = ([0; WIDTH], Mark::default());
        let mut places = Vec::with_capacity(owner.len() + 1);
        places.push(now);
        for &class in owner {
            let number = class as usize;
            heads[number] += 1;
            now.0[number] = classes[number].rungs[heads[number]].sums();
            places.push(now);
        }
        Some(Self { places, thresholds })
    }

    /// The sums before a place, with so much debt of the next position, which is of class `owner`.
    #[inline]
    fn at(&self, (place, partial): (usize, f64), owner: impl Fn(usize) -> usize) -> Mark {
        let mut mark = self.places[place];
        if partial > 0.0 {
            let number = owner(place);
            mark.0[number] = mark.0[number].with_part(partial, &self.places[place + 1].0[number]);
        }
        mark
    }

    /// Bad debt when positions are served at a sale: all before the place `to`, and a part of the debt of the one there,
    /// of which those before the place `from`, and a part there, have been served before. `order` are the rungs across
    /// the classes, `owner` gives the class of a place, `reach` the end of what breaks at a price, from a place on.
    #[inline]
    pub(super) fn loss(
        &self,
        order: &[Rung],
        (from, to): ((usize, f64), (usize, f64)),
        (owner, reach): (impl Fn(usize) -> usize, impl Fn(usize, f64) -> usize),
        (sale, keep): (Sale, f64),
    ) -> f64 {
        let (begun, mut until) = (self.at(from, &owner), self.at(to, &owner));
        // The lower a threshold, the higher is the break price from which on its positions lose.
        let last = order[if to.1 > 0.0 { to.0 } else { to.0.saturating_sub(1) }].h;
        if last < sale.under_water(self.thresholds[0], keep) {
            until = self.under_water(reach, (from.0, to.0), (begun, until), (sale, keep, last));
        }
        let mut loss = 0.0;
        for ((begun, until), threshold) in begun.0.iter().zip(&until.0).zip(self.thresholds) {
            let moved = until.debt > begun.debt;
            let debt = if moved { until.debt - begun.debt } else { 0.0 };
            let collateral = if moved { until.collateral - begun.collateral } else { 0.0 };
            loss += part_loss(Sums { debt, collateral }, threshold, sale, keep);
        }
        loss
    }

    /// The sums `until`, less what each class has above water: all from a place on. `last` is the lowest break price served.
    #[cold]
    fn under_water(
        &self,
        reach: impl Fn(usize, f64) -> usize,
        (from, to): (usize, usize),
        (begun, mut until): (Mark, Mark),
        (sale, keep, last): (Sale, f64, f64),
    ) -> Mark {
        for (number, threshold) in self.thresholds.into_iter().enumerate() {
            let under = sale.under_water(threshold, keep);
            if last >= under {
                continue;
            }
            let place = reach(from, under).min(to);
            until.0[number] = if place == from { begun.0[number] } else { self.places[place].0[number] };
        }
        until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_fills_a_line_of_cache_and_holds_the_sums_of_each_class() {
        assert_eq!(size_of::<Mark>(), 64);
        let class = |threshold, debts: [f64; 2]| {
            Class::new(threshold, debts.into_iter().map(|debt| (debt, debt, 2.0 * debt)))
        };
        let classes = [class(0.7, [9.0, 5.0]), class(0.8, [7.0, 3.0])];
        let marks = Marks::new(&classes, &[0, 1, 0, 1]).unwrap();
        assert_eq!(marks.thresholds, [0.7, 0.8, 1.0, 1.0]);
        let owner = |place: usize| place % 2;
        let debts = |place: usize| [0, 1, 2].map(|number| marks.at((place, 0.0), owner).0[number].debt);
        assert_eq!(debts(0), [0.0, 0.0, 0.0]);
        assert_eq!(debts(3), [14.0, 7.0, 0.0]);
        assert_eq!(debts(4), [14.0, 10.0, 0.0]);
        let part = marks.at((2, 1.0), owner);
        assert_eq!(part.0[0], Sums { debt: 10.0, collateral: 20.0 });
        assert_eq!(part.0[1], marks.places[2].0[1]);
        assert!(Marks::new(&vec![classes[0].clone(); WIDTH + 1], &[]).is_none());
    }
}
