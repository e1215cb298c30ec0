//! Why a price cannot be made.

use thiserror::Error;

use crate::aggregate::AggregateError;
use crate::capital::LoadError;
use crate::liquidation::{MarketModelError, SystemError, accounts::TwoLevelError};
use crate::loss::{LossError, StatisticsError, TermsError};
use crate::peril::PerilError;
use crate::premium::PremiumError;
use crate::price::{FilteredError, MixtureError, ModelError};

/// Why a price cannot be made.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PricingError {
    /// A number of days is not whole, or not above 0.
    #[error("{name} is {days} days: it must be a whole number of days, at least 1")]
    Days {
        /// Which.
        name: &'static str,
        /// The days given.
        days: f64,
    },
    /// The model's losses leave nothing to insure.
    #[error(
        "market {market}: the model's losses leave nothing to insure between a deductible of {deductible} and the limit"
    )]
    NothingToInsure {
        /// The market.
        market: String,
        /// Its deductible.
        deductible: f64,
    },
    /// A change needs a price model that it cannot be applied to.
    #[error("a change of volatility needs a parametric price model")]
    NotParametric,
    /// No market of that name.
    #[error("no market {name}; the markets are {known}")]
    UnknownMarket {
        /// The name given.
        name: String,
        /// Names there are.
        known: String,
    },
    /// A path could not be made.
    #[error(transparent)]
    Prices(#[from] ModelError),
    /// A filtered simulation could not be made.
    #[error(transparent)]
    Filtered(#[from] FilteredError),
    /// A way of drawing paths is refused.
    #[error(transparent)]
    Mixture(#[from] MixtureError),
    /// A market makes no sense.
    #[error(transparent)]
    Market(#[from] MarketModelError),
    /// The markets cannot be run.
    #[error(transparent)]
    System(#[from] SystemError),
    /// Losses of accounts that make no estimate.
    #[error(transparent)]
    Accounts(#[from] TwoLevelError),
    /// Losses cannot be gathered.
    #[error(transparent)]
    Losses(#[from] LossError),
    /// Losses make no distribution.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// Policies or layers make no sense.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// Distributions cannot be added up.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
    /// Event peril makes no sense.
    #[error(transparent)]
    Peril(#[from] PerilError),
    /// A risk load cannot be calculated.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A premium cannot be calculated.
    #[error(transparent)]
    Premium(#[from] PremiumError),
    /// A change makes no sense.
    #[error(transparent)]
    Change(#[from] super::ChangeError),
}
