//! A close factor below 1: a liquidation repays a part of the debt, the survivor breaks again lower down.
//!
//! At its own break price `H = d / (c LT)` a position repays `f d` and loses collateral `f d (1+b) / H = f a c`,
//! with `a = LT (1+b)`. The survivor has `(1-f) d` and `(1 - f a) c` and breaks at
//!
//! ```text
//! H' = (1-f) d / ((1 - f a) c LT) = r H,     r = (1-f) / (1 - f a) < 1 exactly when a < 1.
//! ```
//!
//! `r` is the same for a whole class, so that the survivors are a second ladder: the first one scaled. The part
//! repaid takes the place of the position in the first. When the survivor breaks, all of it is liquidated. Where
//! `a >= 1` a survivor would not break lower, and positions are liquidated whole.
//!
//! Losses. What is repaid at a price at which the whole position is solvent loses nothing. Where both parts are
//! sold at one price the whole position's shortfall `d - P (1-s) c` is lost. Where the first part was repaid
//! before, the survivor loses its own shortfall. This is exact when the first part was repaid at the position's own
//! break price (diffusion without delay) or both parts are sold together. It is approximate for the survivor of a position
//! that a jump took past its break price but not under water: at `P < H` the liquidator takes
//! `f d (1+b) (1/P - 1/H)` more collateral than the survivor is booked with, and the survivor breaks higher than
//! `r H`, at once if that is above `P`. The two err in opposite directions.

use super::class::{Class, Part, Rung};

/// The part of a debt that a first liquidation repays, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CloseFactor {
    /// Share of the debt, above 0 and below 1.
    pub fraction: f64,
    /// What the liquidator is paid.
    pub bonus: f64,
}

/// How a survivor of a class relates to the whole position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Survivor {
    /// Its debt over the position's.
    pub debt: f64,
    /// Its collateral over the position's.
    pub collateral: f64,
    /// Its break price over the position's.
    pub break_price: f64,
}

impl CloseFactor {
    /// The survivor's share in a class of this threshold; none if it would not break lower.
    pub fn survivor(&self, threshold: f64) -> Option<Survivor> {
        let taken = threshold * (1.0 + self.bonus);
        let (debt, collateral) = (1.0 - self.fraction, 1.0 - self.fraction * taken);
        (taken < 1.0).then_some(Survivor { debt, collateral, break_price: debt / collateral })
    }

    /// Splits each class into the part repaid and the survivors.
    pub fn split(&self, classes: &mut Vec<Class>) {
        let whole = classes.len();
        for number in 0..whole {
            let Some(survivor) = self.survivor(classes[number].threshold) else { continue };
            let scaled = |debt: f64, collateral: f64, price: f64| -> Vec<Rung> {
                let scale = |rung: &Rung| Rung {
                    h: rung.h * price,
                    debt: rung.debt * debt,
                    collateral: rung.collateral * collateral,
                };
                classes[number].rungs.iter().map(scale).collect()
            };
            let left = scaled(survivor.debt, survivor.collateral, survivor.break_price);
            let repaid = scaled(self.fraction, 1.0 - survivor.collateral, 1.0);
            let threshold = classes[number].threshold;
            let part = Part::Repaid { survivors: classes.len() };
            classes[number] = Class::of_rungs(threshold, part, repaid);
            classes.push(Class::of_rungs(threshold, Part::Survivors, left));
        }
    }
}
