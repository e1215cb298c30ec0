//! Books of accounts with several collaterals and debts along a price path.
//!
//! Three passes stand on one reading of a path ([`AssetPath`]):
//! - [`AccountModel::run_unpruned`]: the agent loop over all accounts, the oracle;
//! - [`AccountModel::run`]: the same with the accounts left out that cannot be liquidated on the path, which
//!   changes no bit of the result ([`exact`]);
//! - [`ClusterModel::run`]: accounts of nearly proportional composition as one ladder on the price of their common
//!   basket ([`cluster`], [`fast`]).
//!
//! The fast pass is biased where accounts are not exactly proportional, and where the agent loop has rules that a
//! ladder has not (close factor, choice of the collateral). [`TwoLevel`] runs the fast pass on all paths and the exact
//! one on a share of them, adds the mean difference, and reports the bias with its error; [`Levels`] runs both.
//!
//! Order within an interval, as in [`super::state`]; all parts share the capacity of the interval.
//! 1. *Backlog*: accounts under water at the opening and at the close are sold at the close.
//! 2. *Diffusion*: accounts that the lows of their collaterals take under water are sold where their health factor
//!    passes 1: collateral prices are the lows, raised by one common factor. A debt asset counts at the higher of
//!    opening and close. For one collateral against the unit of account this is exact; for several it takes the lows
//!    for simultaneous, which can liquidate too early, and such a sale loses nothing unless the threshold of the
//!    account is above 1/(1 + bonus).
//! 3. *Jump* at the end: trigger and sale are the prices after it.
//!
//! [`Conditions`] make it what markets meet in [`super::system`]: liquidators who come late or act on the last price of an
//! oracle that stands still (`watch`), depth that is consumed and refills, less in a crash (`buyers`), prices that the
//! book's own sales lower (`impacts`), accounts too small to be liquidated. `desk` makes orders of an interval of them,
//! which the agent loop and the clusters carry out alike. A book of one collateral against the unit of account, sold in
//! proportion, then loses what a market of the system does.
//!
//! Depth is given per collateral asset, in value of debt extinguished an hour, and shared by all accounts, filled in
//! order of their health factor, lowest first. What is under water and unserved at the end of the path or at a renewal
//! of the book is bad debt by as much as its collateral, less the bonus, does not pay.
//!
//! Units: prices and values in the unit of account, amounts in tokens, time in years of 365 days.

pub mod block;
mod buyers;
pub mod cluster;
pub mod conditions;
mod desk;
pub mod events;
pub mod exact;
pub mod fast;
mod impacts;
mod ladders;
pub mod levels;
pub mod model;
mod moved;
mod order;
pub mod path;
mod reach;
mod sale;
pub mod two_level;
mod watch;

pub use conditions::Conditions;
pub use events::PathEvents;
pub use exact::AccountState;
pub use fast::{ClusterModel, ClusterState};
pub use levels::{Levels, LevelsError};
pub use model::{AccountModel, AccountModelError, AccountSpec, CloseFactor, Seizure};
pub use path::AssetPath;
pub use two_level::{TwoLevel, TwoLevelError};

/// What one path did to a book of accounts, in the unit of account.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AccountLoss {
    /// Bad debt, with what is unserved and under water at the end.
    pub bad_debt: f64,
    /// Debt extinguished, repaid or lost, without what is unserved at the end.
    pub extinguished: f64,
}
