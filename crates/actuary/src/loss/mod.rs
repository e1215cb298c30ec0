//! Loss distributions: settlement of path losses and all their figures.
//!
//! [`settle`] sends a path's losses through the engine's
//! own policies and waterfall ([`terms`]); [`accumulator`] gathers weighted paths one by one, in bounded
//! memory and with the same bits however they are split ([`exact`]), and gives all [`figures`] of a quote,
//! the [`layer`]s' among them; [`codec`] writes it to bytes. [`statistics`] and [`weighted`] describe a
//! column of losses kept in memory.
//!
//! Units: losses in the unit of account of the markets (USD if spot prices are in USD).

pub mod accumulator;
pub mod codec;
mod control;
pub mod exact;
mod exceedance;
pub mod figures;
mod histogram;
pub mod layer;
mod moments;
mod replicated;
pub(crate) mod replicates;
pub mod settle;
pub mod spec;
pub mod statistics;
pub(crate) mod tail;
pub mod terms;
pub mod weighted;
mod worst;

pub use crate::math::Estimate;
pub use accumulator::LossAccumulator;
pub use codec::CodecError;
pub use control::{Control, Controlled};
pub use exact::{ExactSum, SumOverflow, power_of_two_above};
pub use exceedance::{ExceedancePoint, loss_at, probability_at};
pub use figures::{HorizonFigures, LineFigures, LossFigures, MarketFigures};
pub use histogram::{LossHistogram, PartsHistogram};
pub use layer::LayerFigures;
pub use moments::WeightControl;
pub use replicated::{ReplicatedStatistics, student_quantile};
pub use settle::{PolicyLoss, Settled, Settlement};
pub use spec::{LossError, REPLICATES_MAX, Spec};
pub use statistics::{LossStatistics, StatisticsError, Tail, exceedance_probability, tail_loss};
pub use terms::{Layers, PolicyTerms, TermsError, layer_loss};
pub use weighted::{WeightedStatistics, weighted_tails};
