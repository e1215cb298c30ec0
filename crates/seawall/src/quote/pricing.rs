//! From the model to a price, with progress on a terminal; the work is the actuary's.

use indicatif::ProgressBar;
pub use seawall_actuary::pricing::design::{AT_RISK_LEVEL, SHORTFALL_LEVEL};
pub use seawall_actuary::pricing::{DesignOptions, Levels, Load, Pricing, Terms};

use super::market_model::Modelled;
use crate::output::Failure;

/// Designs, simulates and prices.
///
/// # Errors
/// Terms or inputs that the actuary refuses.
pub fn price(
    modelled: &Modelled,
    terms: &Terms,
    drawing: &DesignOptions,
    bar: &ProgressBar,
) -> Result<Pricing, Failure> {
    let priced = seawall_actuary::pricing::price(
        &modelled.prices,
        &modelled.system,
        &modelled.exposures,
        modelled.events.as_ref(),
        terms,
        drawing,
        &|paths| bar.inc(paths),
    );
    bar.finish_and_clear();
    priced.map_err(refused)
}

/// A refusal of the actuary, with what the user can do.
pub fn refused(error: seawall_actuary::pricing::PricingError) -> Failure {
    use seawall_actuary::pricing::PricingError;
    let failure = Failure::input(&error);
    match error {
        PricingError::NothingToInsure { .. } => failure.hint("give --deductible and --limit"),
        PricingError::Days { .. } => failure.hint("give whole days"),
        _ => failure,
    }
}
