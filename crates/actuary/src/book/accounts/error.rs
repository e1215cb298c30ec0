//! Why a book of accounts is refused.

use thiserror::Error;

/// One variant a refusal; the message holds what was compared. Indices count from 0.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum AccountBookError {
    /// There is no asset, so that no account can hold anything.
    #[error("the book of accounts has no asset")]
    NoAsset,
    /// An asset or account has an empty name.
    #[error("{what} {index} has an empty name")]
    EmptyName {
        /// Asset or account.
        what: &'static str,
        /// Its index.
        index: usize,
    },
    /// A symbol or an account stands twice.
    #[error("{what} {name:?} stands twice ({first} and {second}, counted from 0)")]
    Duplicate {
        /// Asset or account.
        what: &'static str,
        /// Its name.
        name: String,
        /// Index of its first use.
        first: usize,
        /// Index of its second use.
        second: usize,
    },
    /// A figure of an asset is out of range.
    #[error("asset {symbol}: {field} is {found}, expected {expected}")]
    Asset {
        /// Symbol of the asset.
        symbol: String,
        /// Which figure.
        field: &'static str,
        /// What was given.
        found: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// An account names an asset that the book does not have.
    #[error("account {account:?}: asset {asset} of a book with {assets} assets")]
    UnknownAsset {
        /// The account.
        account: String,
        /// Index given.
        asset: usize,
        /// Number of assets.
        assets: usize,
    },
    /// A figure of an account is out of range.
    #[error("account {account:?}, asset {symbol}: {field} is {found}, expected {expected}")]
    Holding {
        /// The account.
        account: String,
        /// Symbol of the asset.
        symbol: String,
        /// Which figure.
        field: &'static str,
        /// What was given.
        found: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// An account has one asset twice on one side.
    #[error("account {account:?}: asset {symbol} stands twice in its {side}")]
    Twice {
        /// The account.
        account: String,
        /// Symbol of the asset.
        symbol: String,
        /// Collateral or debt.
        side: &'static str,
    },
    /// Nobody owes anything.
    #[error("the book of accounts has no debt")]
    NoDebt,
    /// A total is too large for a floating-point number.
    #[error("the total {side} of the book is not finite")]
    Overflow {
        /// Collateral or debt.
        side: &'static str,
    },
    /// A number of prices that is not the number of assets.
    #[error("{found} prices for {expected} assets")]
    Prices {
        /// Prices given.
        found: usize,
        /// Assets of the book.
        expected: usize,
    },
}
