//! From a price path to bad debt: the liquidation ladder of a market.
//!
//! [`ladder`] sorts the positions of a market by break price and keeps prefix sums; [`state`] carries one
//! market along one path; [`depth`] says how much debt per hour the market can take; [`market`] puts them
//! together for a market of the book, with the stationary renewal of the book; [`system`] runs all markets of a pool
//! along many paths side by side, with what they share: depth, the impact of forced sales, congestion, oracles.
//! [`accounts`] carries books with several collaterals and debts an account.
//!
//! Units: prices inside a ladder are debt tokens per collateral token; debt and loss are debt tokens; time is
//! years of 365 days; depth and delay are given per hour and in hours.

pub mod accounts;
pub mod bands;
mod class;
mod close_factor;
pub mod depth;
pub mod ladder;
mod latency;
pub mod market;
pub mod market_error;
mod marks;
mod passing;
mod ranks;
pub mod rules;
pub mod service;
mod serving;
mod shortfall;
pub mod state;
mod supply;
pub mod system;
mod table;

pub use accounts::{
    AccountLoss, AccountModel, AccountModelError, AccountSpec, AssetPath, ClusterModel, TwoLevel,
};
pub use bands::SoftLiquidation;
pub use depth::{
    Concentrated, ConstantProduct, Depth, DepthError, Impact, ImpactCurve, LiquidityRange, SquareRoot, Venues,
};
pub use ladder::{Ladder, LadderError};
pub use market::{AtOpening, Columns, MarketModel, MarketSpec};
pub use market_error::MarketModelError;
pub use rules::LiquidationRules;
pub use service::{Service, ServiceError};
pub use state::{Interval, LadderState, Liquidated};
pub use supply::Reservoir;
pub use system::{
    DelaySpells, DepthPool, Feedback, ImpactShape, Outages, SpellRates, System, SystemError, SystemOptions,
    SystemState,
};

/// Hours of a year of 365 days, the year in which path times are counted.
pub const HOURS_PER_YEAR: f64 = 8760.0;

/// A quantity that takes one value in calm intervals and another in stressed ones.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct ByRegime {
    /// Value in a calm interval.
    pub calm: f64,
    /// Value in a stressed interval.
    pub stressed: f64,
}

impl ByRegime {
    /// The same value in both regimes.
    #[must_use]
    pub fn same(value: f64) -> Self {
        Self { calm: value, stressed: value }
    }

    /// The value in the given regime.
    #[must_use]
    #[inline]
    pub fn get(&self, stressed: bool) -> f64 {
        if stressed { self.stressed } else { self.calm }
    }
}
