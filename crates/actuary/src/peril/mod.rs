//! Event peril: losses that a simulation of prices does not contain (oracle failures, manipulation, lost pegs,
//! exploits, mistakes), from what was recorded.
//!
//! [`frequency`] is Poisson with a gamma-distributed rate; [`damage`] fits the share of the exposure that an event
//! destroys; [`model`] puts both together by cause and kind of venue and makes the distribution of a market's
//! losses; [`credibility`] weighs a market's own record against the collective.
//!
//! Units: amounts in USD or any other single unit of account, exposure of frequencies in venue-years.

pub mod credibility;
pub mod damage;
pub mod error;
pub mod frequency;
pub mod model;

pub use credibility::{Collective, Experience, Period};
pub use damage::{DamageRatio, OverThreshold, pareto_by_weighted_moments};
pub use error::PerilError;
pub use frequency::{CellRates, Count, RateDistribution};
pub use model::{Cause, CauseModel, DamageFit, EventPeril, RecordedEvent, Venue};
