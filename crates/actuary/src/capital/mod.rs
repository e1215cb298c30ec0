//! Capital: how much a pool needs and which market needs it.
//!
//! [`allocation`] splits the pool's expected shortfall over its lines so that the parts add up;
//! [`distortion`] prices discrete outcomes under a distorted probability and allocates that price naturally;
//! [`principle`] adds the Esscher and standard-deviation principles and prices layers of continuous risks;
//! [`parametric`] holds risk measures in closed form, [`vasicek`] the large pool of loans; [`ruin`] asks how long
//! a fund lasts and how large it should be.
//!
//! Units: those of the losses.

pub mod allocation;
pub mod distortion;
pub mod parametric;
pub mod principle;
pub mod ruin;
pub mod vasicek;

pub use allocation::{Allocation, allocate_expected_shortfall, allocate_weighted_shortfall};
pub use distortion::{Distortion, DistortionError, constant_cost_price};
pub use parametric::{Parametric, gaussian_shortfall_allocation};
pub use principle::{Principle, layer_price};
pub use ruin::{Fund, RuinError, optimal_fund};
pub use vasicek::VasicekPool;
