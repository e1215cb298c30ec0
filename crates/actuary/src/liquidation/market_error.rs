//! Why a market cannot be simulated.

use super::{LadderError, ServiceError};

/// Why a market cannot be simulated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MarketModelError {
    /// A spot price is not positive and finite.
    #[error("market {market}: spot price {price} of {asset} is not positive and finite")]
    Spot {
        /// Name of the market.
        market: String,
        /// Symbol of the asset.
        asset: String,
        /// The price given.
        price: f64,
    },
    /// The bonus is negative or not finite.
    #[error("market {market}: liquidation bonus {bonus} is negative or not finite")]
    Bonus {
        /// Name of the market.
        market: String,
        /// The bonus given.
        bonus: f64,
    },
    /// The cost of a liquidation is negative or not finite.
    #[error("market {market}: gas {gas} of a liquidation is negative or not finite")]
    Gas {
        /// Name of the market.
        market: String,
        /// The cost given.
        gas: f64,
    },
    /// The close factor is not above 0 and at most 1.
    #[error("market {market}: close factor {fraction} is not above 0 and at most 1")]
    CloseFactor {
        /// Name of the market.
        market: String,
        /// The share given.
        fraction: f64,
    },
    /// Bands that make no sense.
    #[error(
        "market {market}: bands of ratio {ratio} with a discount of {discount}, at most {most_bands}: not in range"
    )]
    Soft {
        /// Name of the market.
        market: String,
        /// Lower over upper price of a band.
        ratio: f64,
        /// Discount of a threshold.
        discount: f64,
        /// Most bands.
        most_bands: u32,
    },
    /// The renewal period is not positive and finite.
    #[error("market {market}: renewal of {days} days is not positive and finite")]
    Renewal {
        /// Name of the market.
        market: String,
        /// The period given, in days.
        days: f64,
    },
    /// A position makes no sense.
    #[error("market {market}: {source}")]
    Ladder {
        /// Name of the market.
        market: String,
        /// What is wrong with it.
        source: LadderError,
    },
    /// Capacity or delay make no sense.
    #[error("market {market}: {source}")]
    Service {
        /// Name of the market.
        market: String,
        /// What is wrong with them.
        source: ServiceError,
    },
    /// The path has no such column.
    #[error("market {market}: column {column} in a path of {assets} assets")]
    Column {
        /// Name of the market.
        market: String,
        /// Column wanted.
        column: usize,
        /// Columns of the path.
        assets: usize,
    },
    /// The columns of a path do not have one entry an interval and asset.
    #[error("market {market}: {found} prices or flags in a path where {expected} are due")]
    Shape {
        /// Name of the market.
        market: String,
        /// Entries found.
        found: usize,
        /// Entries due.
        expected: usize,
    },
    /// The path ends before the last horizon.
    #[error("market {market}: the path ends at {end} years, before the horizon of {horizon}")]
    Short {
        /// Name of the market.
        market: String,
        /// End of the path, years.
        end: f64,
        /// Horizon wanted, years.
        horizon: f64,
    },
}
