//! Capital: how much a pool needs and which market needs it.
//!
//! [`allocation`] splits the pool's expected shortfall over its lines so that the parts add up;
//! [`distortion`] prices discrete outcomes under a distorted probability and allocates that price naturally;
//! [`principle`] adds the Esscher and standard-deviation principles and prices layers of continuous risks;
//! [`pool_grid`] holds what a pool owes on a grid with each market's part, adds event losses to it and reads
//! quantile, shortfall and fund size from it, [`pool_load`] prices it by any principle with the markets' natural
//! parts; [`parametric`] holds risk measures in closed form, [`vasicek`] the large pool of loans; [`ruin`] asks how
//! long a fund lasts and how large it should be, [`projection`] follows a pool over years with growth, exits and
//! premiums that answer to losses.
//!
//! Units: those of the losses.

pub mod allocation;
pub mod distortion;
pub mod parametric;
pub mod pool_grid;
pub mod pool_load;
pub mod principle;
pub mod projection;
pub mod ruin;
pub mod vasicek;

pub use allocation::{Allocation, allocate_expected_shortfall, allocate_weighted_shortfall};
pub use distortion::{Distortion, DistortionError, constant_cost_price};
pub use parametric::{Parametric, gaussian_shortfall_allocation};
pub use pool_grid::{GridLayer, GridPool, GridPoolBuilder, GridTail};
pub use pool_load::{GridPrice, LoadError, LoadPrinciple, PoolLoad};
pub use principle::{Principle, layer_price};
pub use projection::{
    AnnualLoss, Entries, Exits, Growth, PoolPlan, PremiumRule, Projection, ProjectionError, ProjectionYear,
    ReserveRule, SizedPool, Spread, Viability,
};
pub use ruin::{Fund, RuinError, optimal_fund};
pub use vasicek::VasicekPool;
