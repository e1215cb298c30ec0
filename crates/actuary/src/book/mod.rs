//! The loan book: what each borrower owes, what secures it, and at which threshold it is liquidated.

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

/// The loans of all markets to be insured, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// The markets.
    pub markets: Vec<Market>,
}
