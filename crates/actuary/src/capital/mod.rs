//! Capital: how much a pool needs and which market needs it.
//!
//! [`allocation`] splits the pool's expected shortfall over its lines so that the parts add up;
//! [`distortion`] prices discrete outcomes under a distorted probability and allocates that price naturally.
//!
//! Units: those of the losses.

pub mod allocation;
pub mod distortion;

pub use allocation::{Allocation, allocate_expected_shortfall};
pub use distortion::{Distortion, DistortionError, constant_cost_price};
