//! Time of pricing again after one market's book has changed, in the pool of the benchmark `quote`: 1,000,000 loans,
//! twenty markets, a year in daily steps: `cargo bench -p seawall-actuary --bench reprice`.
//!
//! Each market has its depth to itself first; then forced sales move the price for groups of four markets, and for all
//! twenty. Those of the group run again.

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
    let impact = |markets: Vec<usize>| Feedback {
        depth: 1e7 * markets.len() as f64,
        markets,
        impact: 0.05,
        half_life_hours: 12.0,
        most_rounds: 8,
        shape: ImpactShape::Linear,
    };
    let groups = |together: usize| -> Vec<Feedback> {
        let numbers: Vec<usize> = (0..MARKETS).collect();
        numbers.chunks(together).map(|group| impact(group.to_vec())).collect()
    };
    // A group of markets to measure alone, by its number.
    let only: Option<usize> = std::env::var("GROUP").ok().and_then(|number| number.parse().ok());
    for (number, (name, feedback)) in [
        ("price feedback off", Vec::new()),
        ("four markets move each other's price", groups(4)),
        ("all twenty do", groups(MARKETS)),
    ]
    .into_iter()
    .enumerate()
    {
        if only.is_some_and(|only| only != number) {
            continue;
        }
        let shared = SystemOptions { feedback, ..SystemOptions::default() };
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
        let premium = repricer.pricing().total.total.value;
        println!(
            "{name}: first price {first:.2} s, again {:.1} ms (least of five; checksum {premium:e})",
            least * 1e3
        );
    }
    Ok(())
}
