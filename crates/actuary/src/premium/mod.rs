//! Premium: what cover costs, line by line, and what each layer earns for the risk it takes.
//!
//! [`breakdown`] prices one market, with the [`mod@going_rate`] beside it; [`split`] shares a premium between the layers; [`tranche`] describes a layer
//! as an investment; [`sizing`] proposes layer sizes; [`settlement`] turns amounts into integer token units.
//!
//! Units: amounts in the unit of account of the losses; rates per year of 365 days.

pub mod breakdown;
pub mod going_rate;
pub mod settlement;
pub mod sizing;
pub mod split;
pub mod tranche;

pub use breakdown::{Breakdown, LossLines, PremiumError, PremiumLine, PremiumTerms, Risk, RiskLoad};
pub use going_rate::{GOING_RATES, GoingRate, going_rate};
pub use settlement::{SettlementError, premium_units, units_down};
pub use sizing::{
    LayerLevels, ProposedLayers, propose_layers, propose_replicated_layers, propose_weighted_layers,
};
pub use split::{fair_split, split_units};
pub use tranche::{TrancheTable, tranche_table};
