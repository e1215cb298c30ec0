//! Time of a whole price: a book of 1,000,000 loans in twenty markets on twenty assets, a year in daily steps with
//! jumps, crashes and a stress state: `cargo bench -p seawall-actuary --bench quote`.
//!
//! The time is from loans in memory to premiums: ladders, tuning and sizing pilots, simulation, waterfall, figures. With
//! it the standard error of the pool's expected shortfall and the variance reduction at equal cost: per path, times
//! the time of a plain path over that of a weighted one.

#[path = "../tests/pricing_support/mod.rs"]
mod pricing_support;

use std::time::Instant;

use pricing_support::{exposures, prices};
use seawall_actuary::liquidation::SystemOptions;
use seawall_actuary::pricing::{DesignOptions, PricingError, Terms, price, system_of};

const MARKETS: usize = 20;
const LOANS: usize = 50_000;

fn main() -> Result<(), PricingError> {
    let terms = Terms { paths: 8_192, ..Terms::default() };
    let (prices, exposures) = (prices(MARKETS), exposures(MARKETS, LOANS));
    for importance in [false, true] {
        let options = DesignOptions { importance, ..DesignOptions::default() };
        let start = Instant::now();
        let system = system_of(&exposures, &SystemOptions::default())?;
        let built = start.elapsed().as_secs_f64();
        let pricing = price(&prices, &system, &exposures, None, &terms, &options, &|_| ())?;
        let seconds = start.elapsed().as_secs_f64();
        let owed = &pricing.horizon().owed;
        let shortfall = owed.shortfall.expected_shortfall;
        println!(
            "{} paths, importance sampling {importance}: {seconds:.2} s ({built:.2} s ladders), premium {:.0} ± {:.0}, \
             ES99 {:.0} ± {:.2} %, VaR99.5 ± {:.2} %, variance over plain: mean {:.1}, ES99 {:.1}",
            terms.paths,
            pricing.total.total.value,
            pricing.total.total.standard_error,
            shortfall.value,
            shortfall.standard_error / shortfall.value * 100.0,
            owed.at_risk.value_at_risk.standard_error / owed.at_risk.value_at_risk.value * 100.0,
            owed.mean_reduction,
            owed.shortfall_reduction,
        );
    }
    Ok(())
}
