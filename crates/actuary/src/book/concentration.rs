//! How much of a market's debt rests on few loans.

use super::Position;

/// Concentration of debt over the loans of a market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concentration {
    /// Index of the largest loan; the first of equals.
    pub largest: usize,
    /// Debt of the largest loan, in debt tokens.
    pub largest_debt: f64,
    /// Its fraction of the market's debt.
    pub largest_share: f64,
    /// Fraction of the debt owed by the ten largest loans.
    pub top_ten_share: f64,
    /// Herfindahl-Hirschman index: sum of the squared shares, from 1/n (equal loans) to 1 (one loan).
    pub herfindahl: f64,
}

impl Concentration {
    /// Concentration of these loans; `None` without debt.
    #[must_use]
    pub fn of(positions: &[Position]) -> Option<Self> {
        let total: f64 = positions.iter().map(|position| position.debt).sum();
        if total <= 0.0 || !total.is_finite() {
            return None;
        }
        let mut largest = 0;
        let mut herfindahl = 0.0;
        for (index, position) in positions.iter().enumerate() {
            if position.debt > positions[largest].debt {
                largest = index;
            }
            let share = position.debt / total;
            herfindahl += share * share;
        }
        let mut debts: Vec<f64> = positions.iter().map(|position| position.debt).collect();
        debts.sort_by(|left, right| right.total_cmp(left));
        let top_ten: f64 = debts.iter().take(10).sum();
        let largest_debt = positions[largest].debt;
        Some(Self {
            largest,
            largest_debt,
            largest_share: largest_debt / total,
            top_ten_share: (top_ten / total).min(1.0),
            herfindahl,
        })
    }

    /// Number of equal loans with the same index: 1 / Herfindahl.
    #[must_use]
    pub fn effective_loans(&self) -> f64 {
        1.0 / self.herfindahl
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loans(debts: &[f64]) -> Vec<Position> {
        debts.iter().map(|&debt| Position::new(1.0, debt, 0.8).unwrap()).collect()
    }

    #[test]
    fn equal_loans_and_one_loan_are_the_ends_of_the_scale() {
        let equal = Concentration::of(&loans(&[4.0; 16])).unwrap();
        assert_eq!((equal.largest, equal.largest_share, equal.herfindahl), (0, 1.0 / 16.0, 1.0 / 16.0));
        assert_eq!((equal.top_ten_share, equal.effective_loans()), (10.0 / 16.0, 16.0));
        let one = Concentration::of(&loans(&[0.0, 7.0, 0.0])).unwrap();
        assert_eq!((one.largest, one.largest_debt, one.largest_share), (1, 7.0, 1.0));
        assert_eq!((one.top_ten_share, one.herfindahl), (1.0, 1.0));
    }

    #[test]
    fn shares_of_one_two_five() {
        let mixed = Concentration::of(&loans(&[1.0, 5.0, 2.0])).unwrap();
        assert_eq!((mixed.largest, mixed.largest_share), (1, 0.625));
        assert_eq!(mixed.herfindahl, (1.0 + 25.0 + 4.0) / 64.0);
        assert_eq!(Concentration::of(&loans(&[0.0])), None);
        assert_eq!(Concentration::of(&[]), None);
    }
}
