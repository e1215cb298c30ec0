//! Readers and writers of loan books, prices, depth and bad-debt events.
//!
//! Every reader takes a [`Source`]: a named stream of bytes, gzip or not (told by its first bytes, never by its
//! name), read row by row under [`Limits`]. Nothing is guessed and nothing is filled in: what a reader cannot
//! take it refuses with a [`FormatError`] that names the file, the line, the field, what was found and what was
//! expected, and has a hint for the next step. No input, however broken, makes a reader panic.
//!
//! - [`loan_book`]: one row a loan, into [`seawall_actuary::book::Book`]; and back to CSV
//! - [`market_terms`]: one row a market: assets, threshold, bonus, delay, prices
//! - [`crvusd`]: daily states of crvUSD borrowers, and the rules that make a loan book of one day
//! - [`candles`]: candles of one asset or daily candles of several, with a report of what is wrong with them
//! - [`price_table`]: hourly closes, into [`seawall_actuary::price::PriceHistory`]
//! - [`depth_quotes`]: sale quotes, into impact curves
//! - [`pools`]: reserves and ranges of pools, into price impact
//! - [`accounts`]: accounts with several collaterals and debts, into [`seawall_actuary::book::AccountBook`]
//! - [`bad_debt_events`]: recorded events
//! - [`loss_shard`]: simulated losses of a range of paths, written and merged

pub mod accounts;
pub mod bad_debt_events;
pub mod candles;
pub mod crvusd;
pub mod depth_quotes;
pub mod error;
mod field;
pub mod loan_book;
pub mod loss_shard;
pub mod market_record;
pub mod market_terms;
mod nearest;
pub mod pools;
pub mod price_table;
pub mod source;
mod table;
mod timestamp;

pub use error::{FormatError, Place};
pub use source::{Limits, Source};
