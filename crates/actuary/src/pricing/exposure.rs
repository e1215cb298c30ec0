//! One insured market as the price sees it: its loans at spot prices, how it is liquidated, where its prices stand.

use crate::book::Market;
use crate::liquidation::{
    ByRegime, Columns, Depth, LiquidationRules, MarketModel, MarketModelError, MarketSpec,
};

/// A market to be insured. Amounts in tokens, prices in the unit of account.
#[derive(Clone, Debug)]
pub struct Exposure {
    /// Its loans.
    pub market: Market,
    /// Spot price of a collateral token.
    pub collateral_price: f64,
    /// Spot price of a debt token.
    pub debt_price: f64,
    /// Columns of the path that its prices follow.
    pub columns: Columns,
    /// What a liquidator is paid, a fraction.
    pub bonus: f64,
    /// Debt that can be extinguished per hour, unit of account; where the market is in a pool of depth, the pool's counts.
    pub depth: Depth,
    /// Hours from breaking to being servable.
    pub delay_hours: ByRegime,
    /// Days after which the book is redrawn at its own profile; none for a static book.
    pub renewal_days: Option<f64>,
    /// What a liquidation costs, and how much of a loan it repays.
    pub rules: LiquidationRules,
}

impl Exposure {
    /// Debt of all loans, unit of account.
    #[must_use]
    pub fn debt(&self) -> f64 {
        self.market.debt() * self.debt_price
    }

    /// Value of all collateral, unit of account.
    #[must_use]
    pub fn collateral(&self) -> f64 {
        self.market.collateral() * self.collateral_price
    }

    /// The market ready to be run along paths.
    ///
    /// # Errors
    /// As [`MarketModel::with_rules`].
    pub fn model(&self) -> Result<MarketModel, MarketModelError> {
        let spec = MarketSpec {
            market: &self.market,
            collateral_price: self.collateral_price,
            debt_price: self.debt_price,
            columns: self.columns,
            bonus: self.bonus,
            depth: self.depth,
            delay_hours: self.delay_hours,
            renewal_days: self.renewal_days,
        };
        MarketModel::with_rules(&spec, &self.rules)
    }
}
