//! Time of pricing again after one market's book has changed, in the pool of the benchmark `quote`: 1,000,000 loans,
//! twenty markets, a year in daily steps: `cargo bench -p seawall-actuary --bench reprice`.
//!
//! Each market has its depth to itself first; then forced sales move the price of all markets on one asset, here all
//! twenty, so that every market runs again.

#[path = "../tests/pricing_support/mod.rs"]
mod pricing_support;

use std::time::Instant;

use pricing_support::{exposure, exposures, prices};
use seawall_actuary::liquidation::{Feedback, ImpactShape, SystemOptions};
use seawall_actuary::pricing::{DesignOptions, PricingError, Repricer, Terms};

const MARKETS: usize = 20;
const LOANS: usize = 50_000;
const PATHS: usize = 2_304;

fn main() -> Result<(), PricingError> {
    let terms = Terms { paths: PATHS, ..Terms::default() };
    let impact = Feedback {
        markets: (0..MARKETS).collect(),
        depth: 2e8,
        impact: 0.05,
        half_life_hours: 12.0,
        most_rounds: 8,
        shape: ImpactShape::Linear,
    };
    let fed_back = SystemOptions { feedback: vec![impact], ..SystemOptions::default() };
    for (name, shared) in [("price feedback off", SystemOptions::default()), ("price feedback on", fed_back)]
    {
        let start = Instant::now();
        let mut repricer = Repricer::new(
            &prices(MARKETS),
            exposures(MARKETS, LOANS),
            &shared,
            None,
            &terms,
            &DesignOptions::default(),
        )?;
        let first = start.elapsed().as_secs_f64();
        let mut least = f64::INFINITY;
        for round in 0..5 {
            // A book with a few loans more or less.
            let changed = exposure(3, LOANS - 100 * round);
            let start = Instant::now();
            repricer.replace(3, changed)?;
            least = least.min(start.elapsed().as_secs_f64());
        }
        println!("{name}: first price {first:.2} s, again {:.1} ms", least * 1e3);
    }
    Ok(())
}
