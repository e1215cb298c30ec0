//! The loan book: what each borrower owes, what secures it, and at which threshold it is liquidated.
//!
//! Amounts are in tokens of the market's collateral and debt asset; prices are in one common quote currency
//! (US dollars unless the caller says otherwise); ratios are fractions. Fields are public because the
//! simulation reads them in tight loops: whoever fills them by hand calls [`Book::validate`] before use.

pub mod accounts;
mod concentration;
mod error;
mod market;
mod position;

pub use accounts::{AccountBook, AccountBookBuilder, AccountBookError};
pub use concentration::Concentration;
pub use error::BookError;
pub use market::Market;
pub use position::Position;

/// The loans of all markets to be insured, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// The markets.
    pub markets: Vec<Market>,
}

impl Book {
    /// A book of these markets.
    ///
    /// # Errors
    /// As [`Book::validate`].
    pub fn new(markets: Vec<Market>) -> Result<Self, BookError> {
        let book = Self { markets };
        book.validate()?;
        Ok(book)
    }

    /// Checks every market as [`Market::validate`] does, and that names are unique.
    ///
    /// # Errors
    /// [`BookError::Empty`] without a market, [`BookError::DuplicateMarket`] for a repeated name, or the first
    /// refusal of a market.
    pub fn validate(&self) -> Result<(), BookError> {
        if self.markets.is_empty() {
            return Err(BookError::Empty);
        }
        for (index, market) in self.markets.iter().enumerate() {
            market.validate()?;
            if let Some(first) = self.markets[..index].iter().position(|other| other.name == market.name) {
                return Err(BookError::DuplicateMarket { market: market.name.clone(), first, second: index });
            }
        }
        Ok(())
    }

    /// The market of this name.
    #[must_use]
    pub fn market(&self, name: &str) -> Option<&Market> {
        self.markets.iter().find(|market| market.name == name)
    }

    /// Number of loans in all markets.
    #[must_use]
    pub fn loans(&self) -> usize {
        self.markets.iter().map(|market| market.positions.len()).sum()
    }

    /// Debt in all markets whose debt asset this is, in tokens of that asset.
    #[must_use]
    pub fn debt_of(&self, debt_asset: &str) -> f64 {
        let markets = self.markets.iter().filter(|market| market.debt_asset == debt_asset);
        // Not `sum`: an empty sum of floats is -0.0, which prints with its sign.
        markets.fold(0.0, |total, market| total + market.debt())
    }

    /// Collateral in all markets whose collateral asset this is, in tokens of that asset.
    #[must_use]
    pub fn collateral_of(&self, collateral_asset: &str) -> f64 {
        let markets = self.markets.iter().filter(|market| market.collateral_asset == collateral_asset);
        markets.fold(0.0, |total, market| total + market.collateral())
    }

    /// Symbols of all collateral and debt assets, each once, in the order in which they appear.
    #[must_use]
    pub fn assets(&self) -> Vec<&str> {
        let mut assets: Vec<&str> = Vec::new();
        for market in &self.markets {
            for asset in [market.collateral_asset.as_str(), market.debt_asset.as_str()] {
                if !assets.contains(&asset) {
                    assets.push(asset);
                }
            }
        }
        assets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(name: &str, collateral_asset: &str, debts: &[f64]) -> Market {
        let accounts = (0..debts.len()).map(|index| format!("a{index}")).collect();
        let positions = debts.iter().map(|&debt| Position::new(2.0, debt, 0.8).unwrap()).collect();
        Market::new(name, collateral_asset, "USDC", accounts, positions).unwrap()
    }

    #[test]
    fn totals_run_over_markets() {
        let book = Book::new(vec![
            market("a", "WETH", &[1.0, 2.0]),
            market("b", "WBTC", &[4.0]),
            market("c", "WETH", &[8.0]),
        ])
        .unwrap();
        assert_eq!(book.loans(), 4);
        assert_eq!(book.debt_of("USDC"), 15.0);
        assert_eq!(book.debt_of("DAI"), 0.0);
        assert_eq!(book.collateral_of("WETH"), 6.0);
        assert_eq!(book.assets(), ["WETH", "USDC", "WBTC"]);
        assert_eq!(book.market("b").unwrap().debt(), 4.0);
        assert!(book.market("d").is_none());
    }

    #[test]
    fn empty_and_doubled_books_are_refused() {
        assert_eq!(Book::new(Vec::new()), Err(BookError::Empty));
        let twice =
            vec![market("a", "WETH", &[1.0]), market("b", "WETH", &[1.0]), market("a", "WBTC", &[1.0])];
        assert_eq!(
            Book::new(twice),
            Err(BookError::DuplicateMarket { market: "a".to_owned(), first: 0, second: 2 })
        );
    }
}
