//! Rare events: paths drawn more often where losses are made, with the weights that put it right.
//!
//! A defensive mixture (T. Hesterberg 1995): each path comes from one of several components. One is the model itself;
//! the others add one further large jump, of the common crash or of an asset's own, and may start under stress more
//! often. A path's weight is its density under the model over that under the whole mixture, so weights average to one
//! and are bounded by one over the model's own share. The tilts are tuned by [`tune`] on a pilot; what is gained is
//! reported by [`crate::loss::WeightedStatistics`].

mod control;
mod fit;
mod further;
mod mixture;
mod sampling;
mod tune;

pub use control::CrashControl;
pub use further::{FurtherJump, Source};
pub use mixture::{Mixture, MixtureError, RareModel, Tilt};
pub use sampling::Sampling;
pub use tune::{Tuning, tune};
