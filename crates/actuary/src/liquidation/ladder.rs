//! The ladder: positions in the order in which they break, with prefix sums of debt and collateral.
//!
//! A position with collateral `c`, debt `d` and threshold `LT` breaks at the price `H = d / (c LT)`. A falling
//! price breaks positions in falling order of `H`, so that the debt liquidated so far is a prefix of the ladder
//! and one number, or one a threshold, is the whole state of a path ([`super::state`]).
//!
//! Positions of one threshold form a *class*: within a class the positions under water at a sale price are a
//! prefix as well, which is what makes a step O(log M), O(1) on the table of log prices. Positions of several
//! classes share one capacity, filled in order of `H` across them; a step then costs O(classes).
//!
//! A rung keeps its break price beside the prefix sums before it, so that one lookup touches one line of cache.
//!
//! Units: collateral and debt in tokens, prices in debt tokens per collateral token.

use rayon::prelude::*;

use super::{
    class::{Class, Part, Rung, Sum},
    close_factor::CloseFactor,
    marks::Marks,
    ranks::Ranks,
    shortfall::{Done, Sale, class_loss},
    table::PriceTable,
};
use crate::book::Position;

/// Why a ladder cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LadderError {
    /// Collateral or debt is negative or not finite, or there is debt without collateral.
    #[error(
        "position {index}: collateral {collateral}, debt {debt}: debt needs a positive, finite collateral"
    )]
    Amount {
        /// Index of the position in the input.
        index: usize,
        /// Its collateral.
        collateral: f64,
        /// Its debt.
        debt: f64,
    },
    /// The threshold is not above 0 and at most 1.
    #[error("position {index}: liquidation threshold {threshold} is not above 0 and at most 1")]
    Threshold {
        /// Index of the position in the input.
        index: usize,
        /// Its threshold.
        threshold: f64,
    },
    /// More positions than a ladder can number.
    #[error("{count} positions: a ladder holds at most {limit}")]
    TooMany {
        /// Positions given.
        count: usize,
        /// Largest number held.
        limit: usize,
    },
}

/// Places that are looked through before the table of prices is asked.
const NEAR: usize = 8;

/// Places that a step compares at once, most often enough.
const AT_ONCE: usize = 2 * NEAR;

/// How many of these break prices are at `price` or above, counted without a branch.
#[inline(always)]
fn reached<const N: usize>(heights: &[f64; N], price: f64) -> usize {
    heights.iter().fold(0, |count, &height| count + usize::from(height >= price))
}

/// Positions of a market sorted by break price, with prefix sums. Immutable: paths share it.
#[derive(Clone, Debug)]
pub struct Ladder {
    classes: Vec<Class>,
    /// The order across several classes, along which one capacity is filled; empty for one class, which is then
    /// the order itself.
    across: Vec<Rung>,
    /// Classes of the places of `across`.
    ranks: Ranks,
    /// Sums of few classes without a close factor at the places of `across`.
    marks: Option<Marks>,
    /// Break prices in the order of service alone, and [`AT_ONCE`] ends: what a step compares at once lies together.
    heights: Vec<f64>,
    /// Table of the order across; that of a single class is its own.
    table: PriceTable,
    close_factor: Option<CloseFactor>,
    speck: f64,
    highest_threshold: f64,
}

impl Ladder {
    /// Sorts positions into a ladder. Positions without debt are left out.
    ///
    /// # Errors
    /// A position whose amounts or threshold make no sense, or more than 2^32 - 1 positions.
    pub fn new(positions: &[Position]) -> Result<Self, LadderError> {
        Self::with_close_factor(positions, None)
    }

    /// As [`Ladder::new`], with a first liquidation that repays a part of the debt.
    ///
    /// # Errors
    /// As [`Ladder::new`].
    pub(super) fn with_close_factor(
        positions: &[Position],
        close_factor: Option<CloseFactor>,
    ) -> Result<Self, LadderError> {
        let limit = u32::MAX as usize / 2;
        if positions.len() > limit {
            return Err(LadderError::TooMany { count: positions.len(), limit });
        }
        let mut sorted = Sorted::all(positions)?;
        let mut thresholds: Vec<f64> = Vec::new();
        for rung in &sorted {
            if let Err(place) = thresholds.binary_search_by(|t| t.total_cmp(&rung.threshold)) {
                thresholds.insert(place, rung.threshold);
            }
        }
        sorted.par_sort_unstable_by(|a, b| {
            let by_price = b.break_price.total_cmp(&a.break_price);
            by_price.then(a.threshold.total_cmp(&b.threshold)).then(a.index.cmp(&b.index))
        });
        let mut classes: Vec<Class> = Vec::with_capacity(thresholds.len());
        for &threshold in &thresholds {
            let members = sorted.iter().filter(|r| r.threshold == threshold);
            classes.push(Class::new(threshold, members.map(|r| (r.break_price, r.debt, r.collateral))));
        }
        if let Some(factor) = &close_factor {
            factor.split(&mut classes);
        }
        Ok(Self::of_classes(classes, close_factor))
    }

    /// Puts classes into one order.
    fn of_classes(mut classes: Vec<Class>, close_factor: Option<CloseFactor>) -> Self {
        if classes.is_empty() {
            classes.push(Class::new(1.0, core::iter::empty()));
        }
        let (mut across, mut owner): (Vec<Rung>, Vec<u32>) = (Vec::new(), Vec::new());
        if classes.len() > 1 {
            let count: usize = classes.iter().map(|class| class.rungs.len() - 1).sum();
            (across, owner) = (Vec::with_capacity(count + 1), Vec::with_capacity(count));
            let mut sums = (Sum::default(), Sum::default());
            let mut heads = vec![0; classes.len()];
            for _ in 0..count {
                // Among equal break prices the lower number first: thresholds rise with it.
                let mut next = 0;
                for (number, (class, &head)) in classes.iter().zip(&heads).enumerate() {
                    if class.rungs[head].h > classes[next].rungs[heads[next]].h {
                        next = number;
                    }
                }
                let (class, head) = (&classes[next], &mut heads[next]);
                let (here, after) = (class.rungs[*head], class.rungs[*head + 1]);
                across.push(Rung { h: here.h, debt: sums.0.value(), collateral: sums.1.value() });
                sums.0.add(after.debt - here.debt);
                sums.1.add(after.collateral - here.collateral);
                owner.push(next as u32);
                *head += 1;
            }
            across.push(Rung { h: f64::NEG_INFINITY, debt: sums.0.value(), collateral: sums.1.value() });
        }
        let table = if across.is_empty() { PriceTable::default() } else { PriceTable::new(&across) };
        let marked = classes.len() > 1 && close_factor.is_none();
        let marks = if marked { Marks::new(&classes, &owner) } else { None };
        let ranks = Ranks::new(classes.len(), owner);
        let highest_threshold = classes.iter().map(|class| class.threshold).fold(0.0, f64::max);
        let speck = 0.0;
        let mut ladder = Self {
            classes,
            across,
            heights: Vec::new(),
            ranks,
            marks,
            table,
            close_factor,
            speck,
            highest_threshold,
        };
        ladder.speck = 1e-14 * ladder.total_debt();
        ladder.heights = ladder.order().iter().map(|rung| rung.h).collect();
        ladder.heights.resize(ladder.heights.len() + AT_ONCE, f64::NEG_INFINITY);
        ladder
    }

    /// Number of positions with debt.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order().len() - 1
    }

    /// True when no position has debt.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of distinct thresholds.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes.iter().filter(|class| class.part != Part::Survivors).count()
    }

    /// Debt of all positions, debt tokens.
    #[must_use]
    pub fn total_debt(&self) -> f64 {
        self.order()[self.len()].debt
    }

    /// Debt of the positions that break at `price` or above, debt tokens.
    #[must_use]
    pub fn debt_broken_at(&self, price: f64) -> f64 {
        self.order()[self.reach(0, price)].debt
    }

    /// Break prices in the order of service, falling.
    #[must_use]
    pub fn breaks(&self) -> Vec<f64> {
        self.order()[..self.len()].iter().map(|rung| rung.h).collect()
    }

    /// The highest break price; minus infinity for an empty ladder.
    #[must_use]
    pub fn first_break(&self) -> f64 {
        self.order()[0].h
    }

    /// Bad debt of all that is broken at a price if it were sold there, debt tokens. Whole positions only.
    pub(super) fn shortfall(&self, price: f64, keep: f64) -> f64 {
        if price > self.first_break() {
            return 0.0;
        }
        let loss = |class: &Class| {
            let count = class.count_within(0, class.rungs.len() - 1, price);
            let until =
                Done { count, debt: class.rungs[count].debt, collateral: class.rungs[count].collateral };
            class_loss(class, &Done::default(), &until, Sale::at(price), keep)
        };
        self.classes.iter().map(loss).sum()
    }

    /// The rungs in the order of service, with an end that no price reaches.
    #[inline(always)]
    pub(super) fn order(&self) -> &[Rung] {
        if self.across.is_empty() { &self.classes[0].rungs } else { &self.across }
    }

    /// The classes, thresholds rising, survivors last; at least one.
    #[inline]
    pub(super) fn class_slice(&self) -> &[Class] {
        &self.classes
    }

    /// Number of positions that break at `price` or above, known to be at least `from`.
    #[inline(always)]
    pub(super) fn reach(&self, from: usize, price: f64) -> usize {
        // A step that moves a few places only needs neither the table nor a search: all are compared at once.
        if let Some(near) = self.heights[from..].first_chunk::<AT_ONCE>()
            && near[AT_ONCE - 1] < price
        {
            return from + reached(near, price);
        }
        self.find(self.window(from, price), price).0.max(from)
    }

    /// The least and the most that [`Ladder::reach`] can be, the least perhaps below `from`.
    #[inline]
    pub(super) fn window(&self, from: usize, price: f64) -> (usize, usize) {
        let order = self.order();
        // A step that moves a few places only does not need the table. Not a number reaches nothing.
        let near = (from + NEAR).min(order.len() - 1);
        if order[near].h >= price { self.window_by_table(price) } else { (from, near) }
    }

    /// The same without a look at any position: of a ladder far larger than a step moves, that is one wait for memory less.
    #[inline]
    pub(super) fn window_by_table(&self, price: f64) -> (usize, usize) {
        let table = if self.across.is_empty() { &self.classes[0].table } else { &self.table };
        table.window(self.order(), price)
    }

    /// Number of positions that break at `price` or above, known to lie in a window, and the rung after them.
    #[inline]
    pub(super) fn find(&self, (from, to): (usize, usize), price: f64) -> (usize, Rung) {
        let order = self.order();
        // What lies beyond the window is not reached. Rungs are compared, not heights alone: that of the answer is wanted next.
        let found = match order[from..].first_chunk::<NEAR>() {
            Some(near) if to - from <= NEAR => {
                near.iter().fold(0, |count, rung| count + usize::from(rung.h >= price))
            }
            _ => order[from..to].partition_point(|rung| rung.h >= price),
        };
        (from + found, order[from + found])
    }

    /// How far a class is served when all of the first `place` positions of the ladder are, and `partial` debt of the
    /// next.
    #[inline]
    pub(super) fn class_at(&self, number: usize, place: usize, partial: f64) -> Done {
        let rungs = &self.classes[number].rungs;
        let count = if self.across.is_empty() {
            place.min(rungs.len() - 1)
        } else {
            self.ranks.before(number, place)
        };
        let here = rungs[count];
        let mut done = Done { count, debt: here.debt, collateral: here.collateral };
        if partial > 0.0 && number == self.ranks.owner(place) {
            let sums = here.sums().with_part(partial, &rungs[count + 1].sums());
            (done.debt, done.collateral) = (sums.debt, sums.collateral);
        }
        done
    }

    /// The sums of its classes at every place, if they are few and without a close factor, and not one alone.
    #[inline]
    pub(super) fn marks(&self) -> Option<&Marks> {
        self.marks.as_ref()
    }

    /// Class of the position at `place` in the order of service.
    pub(super) fn owner(&self, place: usize) -> usize {
        self.ranks.owner(place)
    }

    /// The highest threshold of its positions.
    #[inline]
    pub(super) fn highest_threshold(&self) -> f64 {
        self.highest_threshold
    }

    /// Debt that is no more than rounding, debt tokens.
    #[inline]
    pub(super) fn speck(&self) -> f64 {
        self.speck
    }

    /// The close factor that the ladder was built with.
    pub(super) fn close_factor(&self) -> Option<&CloseFactor> {
        self.close_factor.as_ref()
    }
}

/// A position on its way into the ladder.
#[derive(Clone, Copy)]
struct Sorted {
    break_price: f64,
    collateral: f64,
    debt: f64,
    threshold: f64,
    index: u32,
}

impl Sorted {
    fn all(positions: &[Position]) -> Result<Vec<Self>, LadderError> {
        let numbered = || positions.par_iter().enumerate();
        let found: Result<Vec<Self>, LadderError> =
            numbered().filter_map(|(index, position)| Self::of(index, position).transpose()).collect();
        // Of several refusals that of the first position is reported, whoever found one first.
        found.map_err(|any| {
            numbered().find_map_first(|(index, position)| Self::of(index, position).err()).unwrap_or(any)
        })
    }

    fn of(index: usize, position: &Position) -> Result<Option<Self>, LadderError> {
        let Position { collateral, debt, liquidation_threshold: threshold } = *position;
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(LadderError::Threshold { index, threshold });
        }
        let break_price = debt / (collateral * threshold);
        let sound = collateral >= 0.0 && collateral.is_finite() && debt >= 0.0 && debt.is_finite();
        if !sound || (debt > 0.0 && !(break_price.is_finite() && break_price > 0.0)) {
            return Err(LadderError::Amount { index, collateral, debt });
        }
        let index = index as u32;
        Ok((debt > 0.0).then_some(Self { break_price, collateral, debt, threshold, index }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(collateral: f64, debt: f64, threshold: f64) -> Position {
        Position { collateral, debt, liquidation_threshold: threshold }
    }

    #[test]
    fn positions_stand_in_falling_order_of_break_price() {
        let ladder = Ladder::new(&[
            position(1.0, 40.0, 0.8),
            position(1.0, 60.0, 0.75),
            position(2.0, 0.0, 0.8),
            position(1.0, 56.0, 0.8),
        ])
        .unwrap();
        assert_eq!(ladder.breaks(), [80.0, 70.0, 50.0]);
        let debts: Vec<f64> = ladder.order().iter().map(|rung| rung.debt).collect();
        assert_eq!(debts, [0.0, 60.0, 116.0, 156.0]);
        assert_eq!(ladder.classes(), 2);
        let of_the_second: Vec<usize> = (0..4).map(|place| ladder.class_at(1, place, 0.0).count).collect();
        assert_eq!(of_the_second, [0, 0, 1, 2]);
        assert_eq!(ladder.debt_broken_at(70.0), 116.0);
        assert_eq!(ladder.debt_broken_at(70.1), 60.0);
    }

    #[test]
    fn reach_equals_a_scan_from_anywhere() {
        let positions: Vec<Position> =
            (0..300).map(|i| position(1.0, libm::exp(-f64::from(i % 97) * 0.1), 0.8)).collect();
        let ladder = Ladder::new(&positions).unwrap();
        let breaks = ladder.breaks();
        for step in 0..1000 {
            let price = 1.3 * libm::exp(-f64::from(step) * 0.01);
            let expected = breaks.iter().filter(|h| **h >= price).count();
            for from in [0, expected / 2, expected.saturating_sub(1), expected] {
                assert_eq!(ladder.reach(from, price), expected, "price {price} from {from}");
            }
        }
        assert_eq!(ladder.reach(0, 0.0), 300);
        assert_eq!(ladder.reach(7, f64::NAN), 7);
    }

    #[test]
    fn refuses_what_has_no_break_price() {
        assert!(matches!(
            Ladder::new(&[position(0.0, 1.0, 0.8)]),
            Err(LadderError::Amount { index: 0, collateral: 0.0, debt: 1.0 })
        ));
        assert!(matches!(Ladder::new(&[position(1.0, f64::NAN, 0.8)]), Err(LadderError::Amount { .. })));
        assert!(matches!(Ladder::new(&[position(-1.0, 1.0, 0.8)]), Err(LadderError::Amount { .. })));
        assert!(matches!(Ladder::new(&[position(1.0, 1.0, 1.01)]), Err(LadderError::Threshold { .. })));
        assert!(Ladder::new(&[]).unwrap().is_empty());
    }
}
