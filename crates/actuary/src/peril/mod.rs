//! Event peril: losses that a simulation of prices does not contain (oracle failures, manipulation, lost pegs,
//! exploits, mistakes), from what was recorded.
//!
//! [`frequency`] is Poisson with a gamma-distributed rate; [`damage`] fits the share of the exposure that an event
//! destroys; [`model`] puts both together by cause and kind of venue, [`mod@market`] makes rate, mean and distribution
//! of one market of it, own record included ([`spread`] says how much that counts); [`credibility`] weighs losses
//! against the collective, [`experience`] does so with a simulation as the collective. [`assumption`] holds what the
//! table of recorded events lacks.
//!
//! Units: amounts in USD or any other single unit of account, exposure of frequencies in venue-years.

pub mod assumption;
pub mod credibility;
pub mod damage;
pub mod error;
pub mod experience;
pub mod frequency;
pub mod market;
pub mod model;
pub mod spread;

pub use credibility::{Collective, Experience, Period};
pub use damage::{DamageRatio, OverThreshold, pareto_by_weighted_moments};
pub use error::PerilError;
pub use experience::LossExperience;
pub use frequency::{CellRates, Count, RateDistribution};
pub use market::{MarketCause, MarketPeril, OwnEvents, PerilRisk};
pub use model::{Cause, CauseModel, DamageFit, EventPeril, RecordedEvent, Venue};
pub use spread::{RateExperience, VenueSpread};
