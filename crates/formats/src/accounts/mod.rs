//! Books of accounts with several collaterals and debts.
//!
//! - [`read_account_book`]: two CSV tables of our own, one row an asset and one row a holding
//! - [`read_asset_terms`]: thresholds and bonuses from a table of reserve parameters
//! - [`aave`]: wide tables of Aave v2 borrowers, one row an account
//!
//! The table of assets:
//!
//! | column | meaning |
//! |---|---|
//! | `asset` | symbol |
//! | `price` | of a token in the unit of account, above 0 |
//! | `liquidation_threshold` | fraction in [0, 1); 0 where the asset is no collateral |
//! | `liquidation_bonus` | fraction in [0, 1) |
//!
//! The table of holdings; the rows of one account stand together:
//!
//! | column | meaning |
//! |---|---|
//! | `account` | name; an account's rows follow one another |
//! | `asset` | one of the table of assets |
//! | `collateral` | tokens, at least 0; empty is 0 |
//! | `debt` | tokens, at least 0; empty is 0 |
//! | `liquidation_threshold` | of this holding; that of the asset where the column is missing or the field empty |

pub mod aave;
mod reader;
mod terms;
mod writer;

pub use reader::read_account_book;
pub use terms::{AssetTerms, read_asset_terms};
pub use writer::{write_account_assets, write_account_holdings};

/// Columns of the table of assets.
pub(crate) const ASSET_COLUMNS: [(&str, bool); 4] =
    [("asset", true), ("price", true), ("liquidation_threshold", true), ("liquidation_bonus", true)];

/// Columns of the table of holdings.
pub(crate) const HOLDING_COLUMNS: [(&str, bool); 5] = [
    ("account", true),
    ("asset", true),
    ("collateral", true),
    ("debt", true),
    ("liquidation_threshold", false),
];
