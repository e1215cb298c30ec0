//! The loan book: one row a loan.
//!
//! A CSV table (gzip or not) with these columns, in any order:
//!
//! | column | meaning |
//! |---|---|
//! | `market` | name of the market; a market appears in the book where its first row stands |
//! | `account` | borrower, unique within the market |
//! | `collateral_asset` | symbol; the same on every row of a market |
//! | `collateral_amount` | tokens, at least 0 |
//! | `debt_asset` | symbol; the same on every row of a market |
//! | `debt_amount` | tokens, at least 0; the debts of a market must not all be 0 |
//! | `liquidation_threshold` | fraction in (0, 1); may be missing or empty where the market file has it |
//!
//! Rows of one market need not stand together; loans keep the order of the file. A threshold on the row goes
//! before that of the market file.

mod accounts;
mod reader;
mod writer;

pub use reader::{LoanBookOptions, read_loan_book};
pub use writer::write_loan_book;

/// Columns of the loan book, in the order in which they are written, and whether each must be there.
pub(crate) const COLUMNS: [(&str, bool); 7] = [
    ("market", true),
    ("account", true),
    ("collateral_asset", true),
    ("collateral_amount", true),
    ("debt_asset", true),
    ("debt_amount", true),
    ("liquidation_threshold", false),
];
