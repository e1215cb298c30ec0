//! One lending market: its loans, their totals and ratios.

use std::collections::HashMap;

use super::{BookError, Concentration, Position};

/// One lending market: loans of one collateral asset against one debt asset.
#[derive(Clone, Debug, PartialEq)]
pub struct Market {
    /// Name of the market, unique in a book.
    pub name: String,
    /// Symbol of the collateral asset.
    pub collateral_asset: String,
    /// Symbol of the debt asset.
    pub debt_asset: String,
    /// Account of each loan, same order as `positions`; unique within the market.
    pub accounts: Vec<String>,
    /// The loans.
    pub positions: Vec<Position>,
}

impl Market {
    /// A market of these loans; `accounts[i]` owns `positions[i]`.
    ///
    /// # Errors
    /// As [`Market::validate`].
    pub fn new(
        name: impl Into<String>,
        collateral_asset: impl Into<String>,
        debt_asset: impl Into<String>,
        accounts: Vec<String>,
        positions: Vec<Position>,
    ) -> Result<Self, BookError> {
        let market = Self {
            name: name.into(),
            collateral_asset: collateral_asset.into(),
            debt_asset: debt_asset.into(),
            accounts,
            positions,
        };
        market.validate()?;
        Ok(market)
    }

    /// Checks names, lengths, every loan, that accounts are unique and that the market has debt.
    ///
    /// # Errors
    /// The first refusal, in that order: [`BookError::EmptyName`], [`BookError::Lengths`],
    /// [`BookError::Loan`], [`BookError::DuplicateAccount`], [`BookError::NoDebt`], [`BookError::Overflow`].
    pub fn validate(&self) -> Result<(), BookError> {
        let names = [
            ("name", &self.name),
            ("collateral asset", &self.collateral_asset),
            ("debt asset", &self.debt_asset),
        ];
        if let Some((what, _)) = names.into_iter().find(|(_, name)| name.is_empty()) {
            return Err(BookError::EmptyName { market: self.name.clone(), what });
        }
        if self.accounts.len() != self.positions.len() {
            return Err(BookError::Lengths {
                market: self.name.clone(),
                accounts: self.accounts.len(),
                positions: self.positions.len(),
            });
        }
        // Only looked up, never iterated: its order reaches no result.
        let mut seen: HashMap<&str, usize> = HashMap::with_capacity(self.accounts.len());
        for (index, (account, position)) in self.accounts.iter().zip(&self.positions).enumerate() {
            if let Err(source) = position.validate() {
                return Err(BookError::Loan {
                    market: self.name.clone(),
                    index,
                    account: account.clone(),
                    source: Box::new(source),
                });
            }
            if let Some(first) = seen.insert(account, index) {
                return Err(BookError::DuplicateAccount {
                    market: self.name.clone(),
                    account: account.clone(),
                    first,
                    second: index,
                });
            }
        }
        self.validate_totals()
    }

    /// Checks that the market has debt and that its totals are finite: what remains to be checked of a market
    /// whose loans were checked one by one.
    ///
    /// # Errors
    /// [`BookError::NoDebt`], [`BookError::Overflow`].
    pub fn validate_totals(&self) -> Result<(), BookError> {
        let debt = self.debt();
        if debt == 0.0 {
            return Err(BookError::NoDebt { market: self.name.clone() });
        }
        for (field, total) in [("debt", debt), ("collateral", self.collateral())] {
            if !total.is_finite() {
                return Err(BookError::Overflow { market: self.name.clone(), field });
            }
        }
        Ok(())
    }

    /// Number of loans.
    #[must_use]
    pub fn loans(&self) -> usize {
        self.positions.len()
    }

    /// Total debt, in debt tokens, added in the order of the loans.
    #[must_use]
    pub fn debt(&self) -> f64 {
        self.positions.iter().fold(0.0, |total, position| total + position.debt)
    }

    /// Total collateral, in collateral tokens, added in the order of the loans.
    #[must_use]
    pub fn collateral(&self) -> f64 {
        self.positions.iter().fold(0.0, |total, position| total + position.collateral)
    }

    /// Loan to value of the market as a whole at these prices (one common quote currency). Zero without debt,
    /// infinite with debt but no collateral.
    #[must_use]
    pub fn ltv(&self, collateral_price: f64, debt_price: f64) -> f64 {
        let debt = self.debt();
        if debt == 0.0 { 0.0 } else { debt * debt_price / (self.collateral() * collateral_price) }
    }

    /// Loan-to-value ratios weighted by debt: the mean, and the smallest ratio at or below which each of the
    /// given fractions of the debt stands (0.5: the median unit of debt). Prices in one common quote
    /// currency. `None` without debt.
    #[must_use]
    pub fn ltv_quantiles(
        &self,
        collateral_price: f64,
        debt_price: f64,
        fractions: &[f64],
    ) -> Option<Vec<f64>> {
        let debt = self.debt();
        if debt == 0.0 {
            return None;
        }
        let mut loans: Vec<(f64, f64)> = self
            .positions
            .iter()
            .filter(|position| position.debt > 0.0)
            .map(|position| (position.ltv(collateral_price, debt_price), position.debt))
            .collect();
        loans.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
        let quantile = |fraction: f64| {
            let mut below = 0.0;
            for &(ltv, owed) in &loans {
                below += owed;
                if below >= fraction * debt {
                    return ltv;
                }
            }
            // Rounding may leave the sum a hair below the whole debt: then the answer is the last loan.
            loans.last().map_or(f64::NAN, |&(ltv, _)| ltv)
        };
        Some(fractions.iter().map(|&fraction| quantile(fraction)).collect())
    }

    /// How much of the debt rests on few loans; `None` without debt.
    #[must_use]
    pub fn concentration(&self) -> Option<Concentration> {
        Concentration::of(&self.positions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loan(collateral: f64, debt: f64) -> Position {
        Position::new(collateral, debt, 0.8).unwrap()
    }

    fn named(accounts: &[&str], positions: Vec<Position>) -> Result<Market, BookError> {
        Market::new("m", "WETH", "USDC", accounts.iter().map(|&name| name.to_owned()).collect(), positions)
    }

    #[test]
    fn totals_and_ratios() {
        let market =
            named(&["a", "b", "c"], vec![loan(1.0, 500.0), loan(2.0, 2_000.0), loan(7.0, 0.0)]).unwrap();
        assert_eq!(market.loans(), 3);
        assert_eq!(market.debt(), 2_500.0);
        assert_eq!(market.collateral(), 10.0);
        assert_eq!(market.ltv(2_000.0, 1.0), 0.125);
        // 20 % of the debt stands at 0.25, the rest at 0.5; the idle loan has no weight.
        let quantiles = market.ltv_quantiles(2_000.0, 1.0, &[0.1, 0.2, 0.21, 1.0]).unwrap();
        assert_eq!(quantiles, [0.25, 0.25, 0.5, 0.5]);
    }

    #[test]
    fn refusals() {
        let refused = named(&["a"], vec![loan(1.0, 1.0), loan(1.0, 1.0)]);
        assert_eq!(refused, Err(BookError::Lengths { market: "m".into(), accounts: 1, positions: 2 }));
        let refused = named(&["a", "b", "a"], vec![loan(1.0, 1.0); 3]);
        assert_eq!(
            refused,
            Err(BookError::DuplicateAccount { market: "m".into(), account: "a".into(), first: 0, second: 2 })
        );
        assert_eq!(named(&["a"], vec![loan(1.0, 0.0)]), Err(BookError::NoDebt { market: "m".into() }));
        assert_eq!(named(&[], Vec::new()), Err(BookError::NoDebt { market: "m".into() }));
        let refused = named(&["a", "b"], vec![loan(1.0, f64::MAX), loan(1.0, f64::MAX)]);
        assert_eq!(refused, Err(BookError::Overflow { market: "m".into(), field: "debt" }));
        let refused = Market::new("m", "", "USDC", Vec::new(), Vec::new());
        assert_eq!(refused, Err(BookError::EmptyName { market: "m".into(), what: "collateral asset" }));
    }

    #[test]
    fn a_bad_loan_is_named() {
        let mut market = named(&["a", "b"], vec![loan(1.0, 1.0), loan(1.0, 1.0)]).unwrap();
        market.positions[1].debt = -3.0;
        let refused = market.validate().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "market \"m\", loan 1 (counted from 0), account \"b\": debt is -3, expected a finite number of at least 0"
        );
    }
}
