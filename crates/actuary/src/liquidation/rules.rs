//! What a venue liquidates, and how much at once.

use super::SoftLiquidation;

/// Rules of liquidation of a market beyond threshold, bonus and delay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiquidationRules {
    /// Cost of one liquidation, unit of account. A position whose bonus (bonus x debt) is below it is dust: it is
    /// never liquidated, and bad debt when it is under water at a renewal or horizon.
    pub gas: f64,
    /// Share of the debt that a first liquidation repays, above 0 and at most 1; the survivor breaks again lower down.
    pub close_factor: f64,
    /// Bands in which collateral is converted gradually; none for liquidation at the threshold.
    pub soft: Option<SoftLiquidation>,
}

/// No cost, and positions are liquidated whole at their threshold.
impl Default for LiquidationRules {
    fn default() -> Self {
        Self { gas: 0.0, close_factor: 1.0, soft: None }
    }
}
