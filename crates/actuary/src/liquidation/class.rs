//! Positions of one liquidation threshold in the order in which they break, with prefix sums.
//!
//! Units: collateral and debt in tokens, prices in debt tokens per collateral token.

use super::{
    shortfall::{Sale, part_loss},
    table::PriceTable,
};

/// A place in the ladder: the break price of the position there, and the sums over those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rung {
    /// Break price; minus infinity at the end of the ladder, which no price reaches.
    pub(super) h: f64,
    pub(super) debt: f64,
    pub(super) collateral: f64,
}

impl Rung {
    /// The sums before it.
    #[inline]
    pub(super) fn sums(&self) -> Sums {
        Sums { debt: self.debt, collateral: self.collateral }
    }
}

/// Amounts of positions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) debt: f64,
    pub(super) collateral: f64,
}

impl Sums {
    /// With so much debt of the next position, and its collateral in proportion; `after` are the sums with all of it.
    #[inline]
    pub(super) fn with_part(self, partial: f64, after: &Self) -> Self {
        let (debt, collateral) = (after.debt - self.debt, after.collateral - self.collateral);
        let share = (partial / debt).min(1.0);
        Self { debt: self.debt + share * debt, collateral: self.collateral + share * collateral }
    }
}

/// What the positions of a class are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// Whole positions.
    Whole,
    /// What the first liquidation of a close factor below 1 repays; the survivors are the class of that number.
    Repaid {
        /// Number of the class of survivors, members in the same order.
        survivors: usize,
    },
    /// What is left after it. Its losses are counted together with those of the part repaid.
    Survivors,
}

/// Positions of one liquidation threshold, sorted by break price, falling.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) threshold: f64,
    pub(super) part: Part,
    /// One more than there are members.
    pub(super) rungs: Vec<Rung>,
    pub(super) table: PriceTable,
}

impl Class {
    /// A class of members (break price, debt, collateral), break prices falling.
    pub(super) fn new(threshold: f64, members: impl Iterator<Item = (f64, f64, f64)>) -> Self {
        let (mut debt, mut collateral) = (Sum::default(), Sum::default());
        let mut rungs = Vec::with_capacity(members.size_hint().1.unwrap_or(0) + 1);
        for (h, d, c) in members {
            rungs.push(Rung { h, debt: debt.value(), collateral: collateral.value() });
            debt.add(d);
            collateral.add(c);
        }
        rungs.push(Rung { h: f64::NEG_INFINITY, debt: debt.value(), collateral: collateral.value() });
        Self::of_rungs(threshold, Part::Whole, rungs)
    }

    pub(super) fn of_rungs(threshold: f64, part: Part, rungs: Vec<Rung>) -> Self {
        let table = PriceTable::new(&rungs);
        Self { threshold, part, rungs, table }
    }

    /// Number of members with a break price of at least `price`, known to lie in a range.
    #[inline]
    pub(super) fn count_within(&self, from: usize, to: usize, price: f64) -> usize {
        if to - from <= 16 {
            from + self.rungs[from..to].partition_point(|rung| rung.h >= price)
        } else {
            self.table.count(&self.rungs, price).clamp(from, to)
        }
    }
}

impl Class {
    /// The sums before a member, with so much debt of it.
    #[inline]
    fn sums_at(&self, (place, partial): (usize, f64)) -> Sums {
        let sums = self.rungs[place].sums();
        if partial > 0.0 { sums.with_part(partial, &self.rungs[place + 1].sums()) } else { sums }
    }

    /// Bad debt of a class of whole positions when it is served at a sale from one member, and a part of its debt, to
    /// another; the first of them is under water.
    #[inline]
    pub(super) fn loss(&self, (from, to): ((usize, f64), (usize, f64)), (sale, keep): (Sale, f64)) -> f64 {
        let (begun, mut until) = (self.sums_at(from), self.sums_at(to));
        let under = sale.under_water(self.threshold, keep);
        let last = if to.1 > 0.0 { to.0 } else { to.0.saturating_sub(1) };
        if self.rungs[last].h < under {
            until = self.rungs[self.count_within(from.0, to.0, under)].sums();
        }
        if until.debt <= begun.debt {
            return 0.0;
        }
        let (debt, collateral) = (until.debt - begun.debt, until.collateral - begun.collateral);
        part_loss(Sums { debt, collateral }, self.threshold, sale, keep)
    }
}

/// A compensated sum (Neumaier), so that differences of far apart prefix sums keep their digits in books of many
/// positions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn add(&mut self, value: f64) {
        let next = self.sum + value;
        let (large, small) =
            if self.sum.abs() >= value.abs() { (self.sum, value) } else { (value, self.sum) };
        self.lost += (large - next) + small;
        self.sum = next;
    }

    pub(super) fn value(self) -> f64 {
        self.sum + self.lost
    }
}
