//! The bad debt of a service: what the collateral sold does not pay.

use super::{
    class::{Class, Sums},
    close_factor::CloseFactor,
};

/// Where collateral is sold: at `price`, or a share `1 - lag` of the way back at the position's own break price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sale {
    pub price: f64,
    pub lag: f64,
}

impl Sale {
    /// All at one price.
    pub fn at(price: f64) -> Self {
        Self { price, lag: 1.0 }
    }

    /// The break price from which on positions of a threshold lose at this sale; infinite where none do.
    #[inline]
    pub fn under_water(self, threshold: f64, keep: f64) -> f64 {
        let margin = threshold - keep * (1.0 - self.lag);
        if margin <= 0.0 { f64::INFINITY } else { self.lag * self.price * keep / margin }
    }
}

/// How far a class is served: whole members, and debt and collateral with the part of the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Done {
    pub count: usize,
    pub debt: f64,
    pub collateral: f64,
}

/// Scales that turn the amounts of a class into those of the whole positions.
#[derive(Clone, Copy)]
struct Whole {
    debt: f64,
    collateral: f64,
    break_price: f64,
}

const ITSELF: Whole = Whole { debt: 1.0, collateral: 1.0, break_price: 1.0 };

/// Bad debt of a class between two states at a sale, `(b - u) - sale (1-s) (C(b) - C(u))`.
///
/// With the sale price a blend of the break price and `sale.price`, a position is under water when
/// `LT > (1-s) ((1-lag) + lag price / H)`, that is from a break price upwards: a prefix again.
pub(super) fn class_loss(class: &Class, from: &Done, until: &Done, sale: Sale, keep: f64) -> f64 {
    loss(class, from, until, sale, keep, ITSELF)
}

#[inline]
fn loss(class: &Class, from: &Done, until: &Done, sale: Sale, keep: f64, whole: Whole) -> f64 {
    let under = sale.under_water(class.threshold, keep) * whole.break_price;
    let rungs = &class.rungs;
    if from.count > until.count || rungs[from.count].h < under {
        return 0.0;
    }
    let (debt, collateral) = if rungs[until.count].h >= under {
        (until.debt, until.collateral)
    } else {
        let count = class.count_within(from.count, until.count, under);
        (rungs[count].debt, rungs[count].collateral)
    };
    let debt = (debt - from.debt) * whole.debt;
    let collateral = (collateral - from.collateral) * whole.collateral;
    part_loss(Sums { debt, collateral }, class.threshold, sale, keep)
}

/// What the sale of positions of one threshold, all of them under water, does not pay.
#[inline]
pub(super) fn part_loss(Sums { debt, collateral }: Sums, threshold: f64, sale: Sale, keep: f64) -> f64 {
    let at_break = (1.0 - sale.lag) * debt / threshold;
    (debt - keep * (at_break + sale.lag * sale.price * collateral)).max(0.0)
}

/// Bad debt of a class with a close factor: `moves` are where the part repaid and the survivors come from and go
/// to. Survivors whose first part was repaid before lose on their own, those served together with it as whole
/// positions, and a part repaid alone loses nothing.
pub(super) fn pair_loss(
    factor: &CloseFactor,
    survivors: &Class,
    moves: [(Done, Done); 2],
    sale: Sale,
    keep: f64,
) -> f64 {
    let [(repaid, _), (from, until)] = &moves;
    let Some(share) = factor.survivor(survivors.threshold) else { return 0.0 };
    // Where the first part stood before, in the amounts of the survivors.
    let before = Done {
        count: repaid.count,
        debt: repaid.debt * (share.debt / factor.fraction),
        collateral: repaid.collateral * (share.collateral / (1.0 - share.collateral)),
    };
    let (alone, together) = if until.debt <= before.debt {
        (until, until)
    } else if from.debt >= before.debt {
        (from, from)
    } else {
        (&before, &before)
    };
    let whole =
        Whole { debt: 1.0 / share.debt, collateral: 1.0 / share.collateral, break_price: share.break_price };
    loss(survivors, from, alone, sale, keep, ITSELF) + loss(survivors, together, until, sale, keep, whole)
}
