//! Loss distributions: simulation of all markets, statistics, policy terms and layers.
//!
//! [`simulation`] runs every market along every path and keeps one loss per path, horizon and market;
//! [`statistics`] describes a column of losses; [`terms`] sends a path's losses through the policies and the
//! layers of the pool, in the order of operations of the settlement engine.
//!
//! Units: losses in the unit of account of the markets (USD if spot prices are in USD).

mod control;
mod replicated;
pub mod simulation;
pub mod statistics;
pub mod terms;
mod weighted;

pub use crate::math::Estimate;
pub use control::{Control, Controlled};
pub use replicated::{ReplicatedStatistics, student_quantile};
pub use simulation::{LossMatrix, Plan, SimulationError, simulate, simulate_model};
pub use statistics::{LossStatistics, StatisticsError, Tail, exceedance_probability, tail_loss};
pub use terms::{
    LayerLosses, Layers, PolicyLoss, PolicyTerms, TermsError, layer_loss, policy_loss, waterfall,
};
pub use weighted::WeightedStatistics;
