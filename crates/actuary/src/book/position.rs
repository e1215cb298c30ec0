//! One loan: collateral, debt and the threshold at which it is liquidated.

use super::BookError;

/// One loan of a market. Amounts are in tokens of the market's collateral and debt asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Collateral, in collateral tokens.
    pub collateral: f64,
    /// Debt, in debt tokens.
    pub debt: f64,
    /// Liquidation threshold: the loan is liquidated when debt > threshold x value of the collateral.
    pub liquidation_threshold: f64,
}

impl Position {
    /// A loan of `debt` tokens against `collateral` tokens.
    ///
    /// # Errors
    /// [`BookError::Amount`] for an amount that is negative or not finite, [`BookError::Threshold`] for a
    /// threshold outside (0, 1).
    pub fn new(collateral: f64, debt: f64, liquidation_threshold: f64) -> Result<Self, BookError> {
        let position = Self { collateral, debt, liquidation_threshold };
        position.validate()?;
        Ok(position)
    }

    /// Checks the fields as [`Position::new`] does.
    ///
    /// # Errors
    /// As [`Position::new`].
    pub fn validate(&self) -> Result<(), BookError> {
        for (field, found) in [("collateral", self.collateral), ("debt", self.debt)] {
            if !found.is_finite() || found < 0.0 {
                return Err(BookError::Amount { field, found });
            }
        }
        // A threshold that is not a number fails both comparisons and is refused.
        if self.liquidation_threshold > 0.0 && self.liquidation_threshold < 1.0 {
            Ok(())
        } else {
            Err(BookError::Threshold { found: self.liquidation_threshold })
        }
    }

    /// Loan to value at these prices (one common quote currency): value of the debt / value of the collateral.
    /// Zero without debt, infinite with debt but no collateral.
    #[must_use]
    pub fn ltv(&self, collateral_price: f64, debt_price: f64) -> f64 {
        if self.debt == 0.0 {
            return 0.0;
        }
        self.debt * debt_price / (self.collateral * collateral_price)
    }

    /// Price of the collateral, in debt tokens, below which the loan is liquidated: debt / (collateral x
    /// threshold). Zero without debt, infinite with debt but no collateral.
    #[must_use]
    pub fn break_price(&self) -> f64 {
        if self.debt == 0.0 {
            return 0.0;
        }
        self.debt / (self.collateral * self.liquidation_threshold)
    }

    /// True when the loan is above its threshold at these prices. Compared without a division, so that a loan
    /// exactly at its threshold is not liquidatable.
    #[must_use]
    pub fn is_liquidatable(&self, collateral_price: f64, debt_price: f64) -> bool {
        self.debt * debt_price > self.liquidation_threshold * (self.collateral * collateral_price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_of_an_ordinary_loan() {
        let loan = Position::new(2.0, 2_400.0, 0.8).unwrap();
        assert_eq!(loan.ltv(2_000.0, 1.0), 0.6);
        assert_eq!(loan.ltv(2_000.0, 0.5), 0.3);
        assert_eq!(loan.break_price(), 1_500.0);
        assert!(!loan.is_liquidatable(1_500.0, 1.0), "exactly at the threshold");
        assert!(loan.is_liquidatable(1_499.99, 1.0));
        assert!(loan.is_liquidatable(1_500.0, 1.0001));
    }

    #[test]
    fn a_loan_without_collateral_or_debt_has_limits() {
        let bare = Position::new(0.0, 1.0, 0.8).unwrap();
        assert_eq!(bare.ltv(2_000.0, 1.0), f64::INFINITY);
        assert_eq!(bare.break_price(), f64::INFINITY);
        assert!(bare.is_liquidatable(2_000.0, 1.0));
        let idle = Position::new(0.0, 0.0, 0.8).unwrap();
        assert_eq!(idle.ltv(2_000.0, 1.0), 0.0);
        assert_eq!(idle.break_price(), 0.0);
        assert!(!idle.is_liquidatable(2_000.0, 1.0));
    }

    #[test]
    fn bad_fields_are_refused_by_name() {
        assert_eq!(
            Position::new(-1.0, 1.0, 0.8),
            Err(BookError::Amount { field: "collateral", found: -1.0 })
        );
        assert_eq!(
            Position::new(1.0, f64::INFINITY, 0.8),
            Err(BookError::Amount { field: "debt", found: f64::INFINITY })
        );
        assert!(matches!(Position::new(1.0, f64::NAN, 0.8), Err(BookError::Amount { field: "debt", .. })));
        for threshold in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            assert!(
                matches!(Position::new(1.0, 1.0, threshold), Err(BookError::Threshold { .. })),
                "{threshold}"
            );
        }
    }
}
