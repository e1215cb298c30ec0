//! Why a loan book is refused.

use thiserror::Error;

/// One variant a refusal; the message holds what was compared.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BookError {
    /// A book without markets insures nothing.
    #[error("the book has no market")]
    Empty,
    /// Two markets have one name.
    #[error("market {market:?} stands twice in the book (positions {first} and {second}, counted from 0)")]
    DuplicateMarket {
        /// The name.
        market: String,
        /// Index of its first use.
        first: usize,
        /// Index of its second use.
        second: usize,
    },
    /// A market or one of its assets has an empty name.
    #[error("market {market:?} has an empty {what}")]
    EmptyName {
        /// Name of the market (may be the empty one).
        market: String,
        /// Which name is empty.
        what: &'static str,
    },
    /// Accounts and positions do not pair up.
    #[error("market {market:?} has {accounts} accounts but {positions} positions")]
    Lengths {
        /// Name of the market.
        market: String,
        /// Number of accounts.
        accounts: usize,
        /// Number of positions.
        positions: usize,
    },
    /// An account stands twice in one market.
    #[error(
        "account {account:?} stands twice in market {market:?} (loans {first} and {second}, counted from 0)"
    )]
    DuplicateAccount {
        /// Name of the market.
        market: String,
        /// The account.
        account: String,
        /// Index of its first loan.
        first: usize,
        /// Index of its second loan.
        second: usize,
    },
    /// The market owes nothing: there is nothing to insure, and shares of its debt are undefined.
    #[error("market {market:?} has no debt")]
    NoDebt {
        /// Name of the market.
        market: String,
    },
    /// An amount is negative, infinite or not a number.
    #[error("{field} is {found}, expected a finite number of at least 0")]
    Amount {
        /// Which amount.
        field: &'static str,
        /// What was given.
        found: f64,
    },
    /// The liquidation threshold is not between 0 and 1, both excluded.
    #[error("liquidation threshold is {found}, expected a fraction above 0 and below 1")]
    Threshold {
        /// What was given.
        found: f64,
    },
    /// A position of a market is refused.
    #[error("market {market:?}, loan {index} (counted from 0), account {account:?}: {source}")]
    Loan {
        /// Name of the market.
        market: String,
        /// Index of the loan.
        index: usize,
        /// Its account.
        account: String,
        /// Why.
        source: Box<BookError>,
    },
    /// The totals of a market are too large for a floating-point number.
    #[error("total {field} of market {market:?} is not finite")]
    Overflow {
        /// Name of the market.
        market: String,
        /// Which total.
        field: &'static str,
    },
}
