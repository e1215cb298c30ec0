//! What markets of a system share and what can go wrong with it, each an option.

use super::super::{ByRegime, Depth, Reservoir};

/// Options of a system. The default has none of them: every market has its own depth, a rate whose unused part
/// lapses at the end of an interval, no forced sale moves a price, and no spells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SystemOptions {
    /// Depth as a reservoir that is consumed and refills; none for a rate.
    pub reservoir: Option<Reservoir>,
    /// Depth shared by markets; a market in no pool has the depth it was built with for itself. Within a pool
    /// capacity is filled in falling order of break price over spot price, across its markets.
    pub pools: Vec<DepthPool>,
    /// Impact of forced sales on the price, for markets that sell the same asset; at most one a market.
    pub feedback: Vec<Feedback>,
    /// Spells in which liquidators are late everywhere.
    pub delay: Option<DelaySpells>,
    /// Spells in which an oracle stands still.
    pub outages: Option<Outages>,
}

/// Markets that sell into the same reservoir: of the same pair, or of the same collateral.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthPool {
    /// Numbers of the markets.
    pub markets: Vec<usize>,
    /// Debt that they can extinguish together per hour, unit of account.
    pub depth: Depth,
}

/// How impact grows with what was sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImpactShape {
    /// In proportion.
    #[default]
    Linear,
    /// With the square root.
    SquareRoot,
}

/// Impact of forced sales on the log price of an asset: `impact x g(sold / depth)`, `g` the identity or the square
/// root; what was sold fades with the half-life. It applies to the collateral price of all the markets, from the
/// next price on: a sale does not pay its own impact (that is what depth limits), but triggers further ones. At
/// the end of an interval rounds of liquidation follow each other until nothing more breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    /// Numbers of the markets whose collateral follows the asset.
    pub markets: Vec<usize>,
    /// Debt extinguished, unit of account, at which the log price falls by `impact`; above 0.
    pub depth: f64,
    /// Fall of the log price at that size, at least 0.
    pub impact: f64,
    /// How it grows with size.
    pub shape: ImpactShape,
    /// Hours in which half of what was sold has no effect any more, above 0; infinite for a permanent impact.
    pub half_life_hours: f64,
    /// Most rounds at one moment, at least 1.
    pub most_rounds: u32,
}

/// When spells begin and how long they last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpellRates {
    /// Spells a year, by regime.
    pub per_year: ByRegime,
    /// Probability that a common crash begins one.
    pub at_crash: f64,
    /// Mean length in hours (exponential), above 0.
    pub mean_hours: f64,
}

/// Spells of congestion, in which all liquidators act later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DelaySpells {
    /// When they happen.
    pub rates: SpellRates,
    /// Hours added to the delay of each market.
    pub extra_hours: f64,
}

/// Spells in which an oracle shows its last price: liquidators act on that one, and sell at the true price. Markets
/// whose collateral's price stands in the same column share an oracle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outages {
    /// When they happen, for each oracle on its own.
    pub rates: SpellRates,
}
