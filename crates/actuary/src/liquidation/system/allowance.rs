//! What a whole step allows a market that draws on depth as a rate and knows no spells: the same on every path.

use crate::liquidation::{ByRegime, Ladder, supply::Source};

/// Liquidation in a step, in one regime.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// Debt that can be sold.
    pub cap: f64,
    /// The part of the step by which liquidators are late.
    pub lag: f64,
    /// A position that breaks below this share of the close loses nothing: a little less than the ladder's own bound.
    pub dry: f64,
}

/// By what `dry` lies below the bound, so that rounding leaves the decision to the ladder.
const MARGIN: f64 = 1.0 - 8.0 * f64::EPSILON;

impl Allowance {
    /// Of a step of so many years; `delay` in years.
    pub fn over(
        years: f64,
        ladder: &Ladder,
        keep: f64,
        delay: ByRegime,
        source: &Source,
    ) -> Option<[Self; 2]> {
        let of = |stressed: bool| {
            let lag = delay.get(stressed) / years;
            let margin = ladder.highest_threshold() - keep * (1.0 - lag);
            let dry = match ladder.close_factor() {
                Some(_) => f64::NEG_INFINITY,
                None if margin <= 0.0 => f64::INFINITY,
                None => lag * keep / margin * MARGIN,
            };
            Some(Self { cap: source.evenly(years, stressed)?, lag, dry })
        };
        Some([of(false)?, of(true)?])
    }
}
