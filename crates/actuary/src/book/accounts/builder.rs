//! Fills a book of accounts and checks what comes in.

use std::collections::HashMap;

use super::{AccountBook, AccountBookError, Asset, Collateral, CollateralRows, Debt, DebtRows};

const AMOUNT: &str = "a finite number of at least 0";

/// Takes accounts one by one and makes an [`AccountBook`] of them.
#[derive(Clone, Debug)]
pub struct AccountBookBuilder {
    assets: Vec<Asset>,
    names: Vec<String>,
    /// Only looked up, never iterated: its order reaches no result.
    seen: HashMap<String, usize>,
    collateral: CollateralRows,
    debt: DebtRows,
}

impl AccountBookBuilder {
    /// A book without accounts.
    ///
    /// # Errors
    /// No asset, an empty or doubled symbol, a price that is not positive and finite, a threshold outside [0, 1), a
    /// bonus that is negative or not finite.
    pub fn new(assets: Vec<Asset>) -> Result<Self, AccountBookError> {
        if assets.is_empty() {
            return Err(AccountBookError::NoAsset);
        }
        for (index, asset) in assets.iter().enumerate() {
            if asset.symbol.is_empty() {
                return Err(AccountBookError::EmptyName { what: "asset", index });
            }
            if let Some(first) = assets[..index].iter().position(|other| other.symbol == asset.symbol) {
                let name = asset.symbol.clone();
                return Err(AccountBookError::Duplicate { what: "asset", name, first, second: index });
            }
            let threshold = asset.liquidation_threshold;
            for (field, found, sound, expected) in [
                (
                    "price",
                    asset.price,
                    asset.price > 0.0 && asset.price.is_finite(),
                    "a finite number above 0",
                ),
                (
                    "liquidation threshold",
                    threshold,
                    (0.0..1.0).contains(&threshold),
                    "a fraction of at least 0 and below 1",
                ),
                ("bonus", asset.bonus, asset.bonus >= 0.0 && asset.bonus.is_finite(), AMOUNT),
            ] {
                if !sound {
                    let symbol = asset.symbol.clone();
                    return Err(AccountBookError::Asset { symbol, field, found, expected });
                }
            }
        }
        Ok(Self {
            assets,
            names: Vec::new(),
            seen: HashMap::new(),
            collateral: CollateralRows::default(),
            debt: DebtRows::default(),
        })
    }

    /// Adds an account. Entries of amount 0 are left out.
    ///
    /// # Errors
    /// An empty or doubled name, an asset that does not exist or stands twice on one side, an amount that is
    /// negative or not finite, collateral whose threshold is not in (0, 1). The builder is then as before.
    pub fn account(
        &mut self,
        name: &str,
        collateral: &[Collateral],
        debt: &[Debt],
    ) -> Result<(), AccountBookError> {
        let index = self.names.len();
        if name.is_empty() {
            return Err(AccountBookError::EmptyName { what: "account", index });
        }
        if let Some(&first) = self.seen.get(name) {
            let name = name.to_owned();
            return Err(AccountBookError::Duplicate { what: "account", name, first, second: index });
        }
        self.check(name, "collateral", collateral.iter().map(|c| (c.asset, c.amount)))?;
        self.check(name, "debt", debt.iter().map(|d| (d.asset, d.amount)))?;
        let threshold =
            |c: &Collateral| c.liquidation_threshold.unwrap_or(self.assets[c.asset].liquidation_threshold);
        for held in collateral.iter().filter(|held| held.amount > 0.0) {
            let found = threshold(held);
            if !(found > 0.0 && found < 1.0) {
                return Err(AccountBookError::Holding {
                    account: name.to_owned(),
                    symbol: self.assets[held.asset].symbol.clone(),
                    field: "liquidation threshold",
                    found,
                    expected: "a fraction above 0 and below 1",
                });
            }
        }
        for held in collateral.iter().filter(|held| held.amount > 0.0) {
            self.collateral.push(held.asset, held.amount, threshold(held));
        }
        for owed in debt.iter().filter(|owed| owed.amount > 0.0) {
            self.debt.push(owed.asset, owed.amount);
        }
        self.collateral.end_row();
        self.debt.end_row();
        self.seen.insert(name.to_owned(), index);
        self.names.push(name.to_owned());
        Ok(())
    }

    /// The book.
    ///
    /// # Errors
    /// [`AccountBookError::NoDebt`], [`AccountBookError::Overflow`].
    pub fn finish(self) -> Result<AccountBook, AccountBookError> {
        let Self { assets, names, collateral, debt, .. } = self;
        let book = AccountBook { assets, names, collateral, debt };
        let totals = book.totals(&book.prices())?;
        if totals.debt == 0.0 {
            return Err(AccountBookError::NoDebt);
        }
        for (side, total) in [("collateral", totals.collateral), ("debt", totals.debt)] {
            if !total.is_finite() {
                return Err(AccountBookError::Overflow { side });
            }
        }
        Ok(book)
    }

    fn check(
        &self,
        account: &str,
        side: &'static str,
        entries: impl Iterator<Item = (usize, f64)> + Clone,
    ) -> Result<(), AccountBookError> {
        for (place, (asset, found)) in entries.clone().enumerate() {
            let Some(known) = self.assets.get(asset) else {
                let (account, assets) = (account.to_owned(), self.assets.len());
                return Err(AccountBookError::UnknownAsset { account, asset, assets });
            };
            let symbol = || known.symbol.clone();
            if !(found >= 0.0 && found.is_finite()) {
                let account = account.to_owned();
                return Err(AccountBookError::Holding {
                    account,
                    symbol: symbol(),
                    field: side,
                    found,
                    expected: AMOUNT,
                });
            }
            if entries.clone().take(place).any(|(other, _)| other == asset) {
                return Err(AccountBookError::Twice { account: account.to_owned(), symbol: symbol(), side });
            }
        }
        Ok(())
    }
}
