//! Accounts that hold several collaterals and several debts under one health factor.
//!
//! ```text
//! health factor = sum_i c_i p_i LT_i / sum_j d_j p_j
//! ```
//!
//! An account is liquidated while it is below 1. Collateral carries its own threshold, by default that of its asset:
//! protocols grant some accounts other thresholds for the same asset. Amounts are in tokens, prices in one unit of
//! account, thresholds and bonuses are fractions.

mod builder;
mod error;
mod holdings;

pub use builder::AccountBookBuilder;
pub use error::AccountBookError;
pub use holdings::{CollateralRows, DebtRows};

/// An asset that accounts hold or owe.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Symbol, unique in a book.
    pub symbol: String,
    /// Price of a token in the unit of account, above 0.
    pub price: f64,
    /// Liquidation threshold as collateral, in [0, 1); 0 where the asset is no collateral.
    pub liquidation_threshold: f64,
    /// What a liquidator who seizes it is paid, a fraction of at least 0.
    pub bonus: f64,
}

/// An amount of an asset that secures an account's debt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Collateral {
    /// Index of the asset.
    pub asset: usize,
    /// Tokens, at least 0.
    pub amount: f64,
    /// Threshold in (0, 1); that of the asset if none.
    pub liquidation_threshold: Option<f64>,
}

/// An amount of an asset that an account owes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Debt {
    /// Index of the asset.
    pub asset: usize,
    /// Tokens, at least 0.
    pub amount: f64,
}

/// Value of all accounts, in the unit of account.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AccountTotals {
    /// Value of the collateral.
    pub collateral: f64,
    /// Value of the debt.
    pub debt: f64,
}

/// Accounts with several collaterals and debts. Made by [`AccountBookBuilder`], which checks everything.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountBook {
    assets: Vec<Asset>,
    names: Vec<String>,
    collateral: CollateralRows,
    debt: DebtRows,
}

impl AccountBook {
    /// The assets.
    #[must_use]
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// Index of the asset of this symbol.
    #[must_use]
    pub fn asset(&self, symbol: &str) -> Option<usize> {
        self.assets.iter().position(|asset| asset.symbol == symbol)
    }

    /// Number of accounts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True when there is no account.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Names of the accounts.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Spot prices, one an asset.
    #[must_use]
    pub fn prices(&self) -> Vec<f64> {
        self.assets.iter().map(|asset| asset.price).collect()
    }

    /// Collateral of an account, thresholds filled in. Empty for an account that does not exist.
    pub fn collateral(&self, account: usize) -> impl Iterator<Item = Collateral> + '_ {
        let row = if account < self.len() { self.collateral.row(account) } else { 0..0 };
        row.map(|at| Collateral {
            asset: self.collateral.asset[at] as usize,
            amount: self.collateral.amount[at],
            liquidation_threshold: Some(self.collateral.threshold[at]),
        })
    }

    /// Debt of an account. Empty for an account that does not exist.
    pub fn debt(&self, account: usize) -> impl Iterator<Item = Debt> + '_ {
        let row = if account < self.len() { self.debt.row(account) } else { 0..0 };
        row.map(|at| Debt { asset: self.debt.asset[at] as usize, amount: self.debt.amount[at] })
    }

    /// Health factor of an account at these prices; infinite without debt.
    ///
    /// # Errors
    /// [`AccountBookError::Prices`] when there is not one price an asset.
    pub fn health_factor(&self, account: usize, prices: &[f64]) -> Result<f64, AccountBookError> {
        self.check_prices(prices)?;
        if account >= self.len() {
            return Ok(f64::INFINITY);
        }
        let debt = self.debt.value(self.debt.row(account), &self.debt.amount, prices);
        if debt == 0.0 {
            return Ok(f64::INFINITY);
        }
        Ok(self.collateral.secured(self.collateral.row(account), &self.collateral.amount, prices) / debt)
    }

    /// Value of collateral and debt of one account at these prices.
    ///
    /// # Errors
    /// [`AccountBookError::Prices`] when there is not one price an asset.
    pub fn account_totals(&self, account: usize, prices: &[f64]) -> Result<AccountTotals, AccountBookError> {
        self.check_prices(prices)?;
        let collateral = self.collateral(account).fold(0.0, |sum, c| sum + c.amount * prices[c.asset]);
        let debt = self.debt(account).fold(0.0, |sum, d| sum + d.amount * prices[d.asset]);
        Ok(AccountTotals { collateral, debt })
    }

    /// Value of collateral and debt of all accounts at these prices, added in their order.
    ///
    /// # Errors
    /// [`AccountBookError::Prices`] when there is not one price an asset.
    pub fn totals(&self, prices: &[f64]) -> Result<AccountTotals, AccountBookError> {
        let mut totals = AccountTotals::default();
        for account in 0..self.len() {
            let one = self.account_totals(account, prices)?;
            totals.collateral += one.collateral;
            totals.debt += one.debt;
        }
        Ok(totals)
    }

    /// Tokens of every asset held as collateral and owed, one pair an asset.
    #[must_use]
    pub fn amounts(&self) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); self.assets.len()];
        for (asset, amount) in self.collateral.asset.iter().zip(&self.collateral.amount) {
            sums[*asset as usize].0 += amount;
        }
        for (asset, amount) in self.debt.asset.iter().zip(&self.debt.amount) {
            sums[*asset as usize].1 += amount;
        }
        sums
    }

    pub(crate) fn collateral_rows(&self) -> &CollateralRows {
        &self.collateral
    }

    pub(crate) fn debt_rows(&self) -> &DebtRows {
        &self.debt
    }

    fn check_prices(&self, prices: &[f64]) -> Result<(), AccountBookError> {
        let (found, expected) = (prices.len(), self.assets.len());
        if found == expected { Ok(()) } else { Err(AccountBookError::Prices { found, expected }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(symbol: &str, price: f64, threshold: f64) -> Asset {
        Asset { symbol: symbol.into(), price, liquidation_threshold: threshold, bonus: 0.05 }
    }

    fn collateral(asset: usize, amount: f64) -> Collateral {
        Collateral { asset, amount, liquidation_threshold: None }
    }

    fn builder() -> AccountBookBuilder {
        AccountBookBuilder::new(vec![
            asset("ETH", 2000.0, 0.8),
            asset("BTC", 30_000.0, 0.75),
            asset("USD", 1.0, 0.0),
        ])
        .unwrap()
    }

    #[test]
    fn health_factor_of_two_collaterals_and_two_debts() {
        let mut builder = builder();
        builder
            .account(
                "a",
                &[collateral(0, 10.0), collateral(1, 1.0)],
                &[Debt { asset: 2, amount: 20_000.0 }, Debt { asset: 0, amount: 2.0 }],
            )
            .unwrap();
        let own = Collateral { asset: 0, amount: 1.0, liquidation_threshold: Some(0.9) };
        builder.account("b", &[own], &[Debt { asset: 2, amount: 900.0 }]).unwrap();
        let book = builder.finish().unwrap();
        let prices = book.prices();
        // (20,000 x 0.8 + 30,000 x 0.75) / (20,000 + 4,000)
        assert!((book.health_factor(0, &prices).unwrap() - 38_500.0 / 24_000.0).abs() < 1e-15);
        assert_eq!(book.health_factor(1, &prices).unwrap(), 2.0);
        assert_eq!(book.totals(&prices).unwrap(), AccountTotals { collateral: 52_000.0, debt: 24_900.0 });
        assert_eq!(book.amounts(), [(11.0, 2.0), (1.0, 0.0), (0.0, 20_900.0)]);
        assert_eq!(book.health_factor(0, &[1.0]), Err(AccountBookError::Prices { found: 1, expected: 3 }));
    }

    #[test]
    fn refusals_name_account_and_asset() {
        let refuse = |c: &[Collateral], d: &[Debt]| builder().account("a", c, d).unwrap_err();
        assert_eq!(
            refuse(&[collateral(0, -1.0)], &[]).to_string(),
            "account \"a\", asset ETH: collateral is -1, expected a finite number of at least 0"
        );
        // The unit of account secures nothing, and no threshold is given for this account.
        assert!(matches!(
            refuse(&[collateral(2, 1.0)], &[]),
            AccountBookError::Holding { field: "liquidation threshold", found: 0.0, .. }
        ));
        assert!(matches!(
            refuse(&[], &[Debt { asset: 3, amount: 1.0 }]),
            AccountBookError::UnknownAsset { asset: 3, assets: 3, .. }
        ));
        assert!(matches!(
            refuse(&[collateral(0, 1.0), collateral(0, 1.0)], &[]),
            AccountBookError::Twice { side: "collateral", .. }
        ));
        assert!(AccountBookBuilder::new(vec![asset("X", 1.0, 1.0)]).is_err());
        assert!(AccountBookBuilder::new(vec![asset("X", 0.0, 0.5)]).is_err());
        assert!(matches!(
            AccountBookBuilder::new(vec![asset("X", 1.0, 0.5), asset("X", 1.0, 0.5)]),
            Err(AccountBookError::Duplicate { what: "asset", .. })
        ));
        assert_eq!(AccountBookBuilder::new(Vec::new()).err(), Some(AccountBookError::NoAsset));
    }

    #[test]
    fn accounts_are_unique_and_something_is_owed() {
        let mut twice = builder();
        twice.account("a", &[collateral(0, 1.0)], &[Debt { asset: 2, amount: 1.0 }]).unwrap();
        assert_eq!(
            twice.account("a", &[], &[]),
            Err(AccountBookError::Duplicate { what: "account", name: "a".into(), first: 0, second: 1 })
        );
        let mut idle = builder();
        idle.account("a", &[collateral(0, 1.0)], &[Debt { asset: 2, amount: 0.0 }]).unwrap();
        assert_eq!(idle.finish().err(), Some(AccountBookError::NoDebt));
    }
}
