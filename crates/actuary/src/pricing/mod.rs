//! From insured markets and a price model to a price: the whole way, in the order in which data flows.
//!
//! [`exposure`] is one market at its spot prices, [`terms`] what buyer and pool agree on. [`design`] finds how to draw
//! the paths and, from a pilot, where policies and layers end; [`simulation`] runs any range of paths through the
//! markets; [`events`] adds what prices do not contain; [`mod@price`] turns the gathered losses into premiums
//! and what each layer earns, events included. [`change`] says what a risk
//! steward can alter and what moves with it, [`mod@frontier`] what each alteration costs, on the same paths; [`reprice`] keeps
//! the paths and prices a changed book again.
//!
//! Everything depends on inputs, terms and seed alone: any number of threads and any split of the paths over machines
//! gives the same bits.

pub mod account_bias;
pub mod change;
pub mod design;
pub mod error;
pub mod events;
pub mod exposure;
pub mod frontier;
mod layers;
pub mod price;
pub mod reprice;
pub mod simulation;
pub mod terms;

pub use account_bias::AccountFigures;
pub use change::{Change, ChangeError};
pub use design::{Design, DesignOptions};
pub use error::PricingError;
pub use events::{EventRisk, EventRisks, MarketEvents};
pub use exposure::Exposure;
pub use frontier::{Base, Frontier, FrontierRow, frontier, system_of};
pub use price::{PoolFigures, Pricing, price};
pub use reprice::Repricer;
pub use simulation::{KeptBlock, PathLosses, PathSource, Simulation};
pub use terms::{Levels, Load, Terms};
