//! The ladder: positions in the order in which they break, with prefix sums of debt and collateral.
//!
//! A position with collateral `c`, debt `d` and threshold `LT` breaks at the price `H = d / (c LT)`. A falling
//! price breaks positions in falling order of `H`, so that the debt liquidated so far is a prefix of the ladder
//! and one number, or one a threshold, is the whole state of a path ([`super::state`]).
//!
//! Positions of one threshold form a *class*: within a class the positions under water at a sale price are a
//! prefix as well, which is what makes a step O(log M). Positions of several classes share one capacity, filled
//! in order of `H` across them; a step then costs O(classes x log M).
//!
//! Units: collateral and debt in tokens, prices in debt tokens per collateral token.

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

/// Positions of one liquidation threshold, sorted by break price, falling.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) threshold: f64,
    /// Place of each member in the order of the whole ladder; empty when the ladder has one class only.
    pub(super) members: Vec<u32>,
    pub(super) breaks: Vec<f64>,
    /// `debt[k]` is the debt of the first `k` members; one entry more than `breaks`.
    pub(super) debt: Vec<f64>,
    /// Collateral of the first `k` members.
    pub(super) collateral: Vec<f64>,
}

/// The order across several classes, along which one capacity is filled.
#[derive(Clone, Debug)]
struct Across {
    breaks: Vec<f64>,
    debt: Vec<f64>,
    owner: Vec<u32>,
}

/// Positions of a market sorted by break price, with prefix sums. Immutable: paths share it.
#[derive(Clone, Debug)]
pub struct Ladder {
    classes: Vec<Class>,
    /// None when there is one class, which is then the order itself.
    across: Option<Across>,
}

impl Ladder {
    /// Sorts positions into a ladder. Positions without debt are left out.
    ///
    /// # Errors
    /// A position whose amounts or threshold make no sense, or more than 2^32 - 1 positions.
    pub fn new(positions: &[Position]) -> Result<Self, LadderError> {
        let limit = u32::MAX as usize;
        if positions.len() > limit {
            return Err(LadderError::TooMany { count: positions.len(), limit });
        }
        let mut rungs = Vec::with_capacity(positions.len());
        for (index, position) in positions.iter().enumerate() {
            if let Some(rung) = Rung::of(index, position)? {
                rungs.push(rung);
            }
        }
        rungs.sort_by(|a, b| {
            b.break_price.total_cmp(&a.break_price).then(a.threshold.total_cmp(&b.threshold))
        });
        let mut thresholds: Vec<f64> = rungs.iter().map(|r| r.threshold).collect();
        thresholds.sort_by(f64::total_cmp);
        thresholds.dedup();
        let several = thresholds.len() > 1;
        let mut classes: Vec<Class> = thresholds.iter().map(|&threshold| Class::empty(threshold)).collect();
        let mut owner = Vec::new();
        for (place, rung) in rungs.iter().enumerate() {
            let class = thresholds.partition_point(|&t| t < rung.threshold);
            classes[class].breaks.push(rung.break_price);
            if several {
                classes[class].members.push(place as u32);
                owner.push(class as u32);
            }
        }
        for class in &mut classes {
            let members = || rungs.iter().filter(|r| r.threshold == class.threshold);
            class.debt = prefix_sums(members().map(|r| r.debt));
            class.collateral = prefix_sums(members().map(|r| r.collateral));
        }
        let across = several.then(|| Across {
            breaks: rungs.iter().map(|r| r.break_price).collect(),
            debt: prefix_sums(rungs.iter().map(|r| r.debt)),
            owner,
        });
        Ok(Self { classes, across })
    }

    /// Number of positions with debt.
    #[must_use]
    pub fn len(&self) -> usize {
        self.breaks().len()
    }

    /// True when no position has debt.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of distinct thresholds.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// Debt of all positions, debt tokens.
    #[must_use]
    pub fn total_debt(&self) -> f64 {
        self.debt().last().copied().unwrap_or(0.0)
    }

    /// Debt of the positions that break at `price` or above, debt tokens.
    #[must_use]
    pub fn debt_broken_at(&self, price: f64) -> f64 {
        let count = count_from(self.breaks(), 0, |h| h >= price);
        self.debt().get(count).copied().unwrap_or(0.0)
    }

    /// Break prices in the order of service, falling.
    #[must_use]
    pub fn breaks(&self) -> &[f64] {
        match (&self.across, self.classes.first()) {
            (Some(across), _) => &across.breaks,
            (None, Some(class)) => &class.breaks,
            (None, None) => &[],
        }
    }

    /// Prefix sums of debt in the order of service; empty for an empty ladder.
    pub(super) fn debt(&self) -> &[f64] {
        match (&self.across, self.classes.first()) {
            (Some(across), _) => &across.debt,
            (None, Some(class)) => &class.debt,
            (None, None) => &[],
        }
    }

    /// The classes, thresholds rising.
    pub(super) fn class_slice(&self) -> &[Class] {
        &self.classes
    }

    /// Class of the position at `place` in the order of service.
    pub(super) fn owner(&self, place: usize) -> usize {
        self.across.as_ref().and_then(|a| a.owner.get(place)).map_or(0, |&class| class as usize)
    }

    /// Break price of the position at `place`; minus infinity past the end, which no price reaches.
    pub(super) fn break_at(&self, place: usize) -> f64 {
        self.breaks().get(place).copied().unwrap_or(f64::NEG_INFINITY)
    }
}

impl Class {
    fn empty(threshold: f64) -> Self {
        Self { threshold, members: Vec::new(), breaks: Vec::new(), debt: Vec::new(), collateral: Vec::new() }
    }
}

struct Rung {
    break_price: f64,
    collateral: f64,
    debt: f64,
    threshold: f64,
}

impl Rung {
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
        Ok((debt > 0.0).then_some(Self { break_price, collateral, debt, threshold }))
    }
}

/// Sums of the first 0, 1, 2, ... values, compensated (Neumaier), so that differences of far apart entries keep
/// their digits in books of many positions.
fn prefix_sums(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    let mut sums = vec![0.0];
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
        sums.push(sum + lost);
    }
    sums
}

/// Number of leading entries for which `holds`, known to be at least `from`; `holds` is true up to one place and
/// false from there on. Gallops, because a step usually moves a few places only.
pub(super) fn count_from<T: Copy>(values: &[T], from: usize, holds: impl Fn(T) -> bool) -> usize {
    let mut low = from.min(values.len());
    let mut stride = 1;
    while let Some(&value) = values.get(low + stride - 1) {
        if !holds(value) {
            break;
        }
        low += stride;
        stride *= 2;
    }
    let high = (low + stride - 1).min(values.len());
    low + values[low..high].partition_point(|&v| holds(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(collateral: f64, debt: f64, threshold: f64) -> Position {
        Position { collateral, debt, liquidation_threshold: threshold }
    }

    #[test]
    fn galloping_count_equals_a_scan() {
        let values: Vec<u32> = (0..70).collect();
        for from in 0..70 {
            for end in from..=72 {
                let expected = (end as usize).min(values.len());
                assert_eq!(count_from(&values, from as usize, |v| v < end), expected);
            }
        }
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
        assert_eq!(ladder.debt(), [0.0, 60.0, 116.0, 156.0]);
        assert_eq!(ladder.classes(), 2);
        assert_eq!(ladder.class_slice()[1].members, [1, 2]);
        assert_eq!(ladder.debt_broken_at(70.0), 116.0);
        assert_eq!(ladder.debt_broken_at(70.1), 60.0);
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
