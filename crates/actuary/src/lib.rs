//! From a loan book to a premium. Floating point lives here and nowhere else in the project; results are
//! bit-identical for any number of threads.
//!
//! Folders stand in the order in which data flows: [`price`] makes paths, [`book`] holds the loans,
//! [`liquidation`] turns a path into bad debt, [`peril`] adds what prices do not contain, [`loss`] gathers
//! distributions, [`aggregate`] adds up random numbers of claims, [`capital`] measures and allocates risk,
//! [`premium`] prices cover and describes each tranche, [`backtest`] asks afterwards whether the risk figures
//! were right.

pub mod aggregate;
pub mod backtest;
pub mod book;
pub mod capital;
pub mod liquidation;
pub mod loss;
pub mod math;
pub mod peril;
pub mod premium;
pub mod price;
pub mod pricing;
pub mod random;
