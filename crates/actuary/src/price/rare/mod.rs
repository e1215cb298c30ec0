//! Rare events: paths drawn more often where losses are made, with the weights that put it right.
//!
//! A defensive mixture (T. Hesterberg 1995): each path comes from one of several models that differ in how often the
//! common crash strikes, how large it is, and how likely the path starts under stress; one of them is the model
//! itself. A path's weight is its density under the model over that under the whole mixture, so weights average to
//! one and are bounded by one over the model's own share. The tilts are tuned by [`tune`] on a pilot; what is gained is
//! reported by [`crate::loss::WeightedStatistics`].

mod mixture;
mod tune;

pub use mixture::{CrashTilt, Mixture, MixtureError, RareModel};
pub use tune::{Tuning, tune};
