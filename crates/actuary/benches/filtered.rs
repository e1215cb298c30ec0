//! Time of filtered historical simulation: `cargo bench -p seawall-actuary --bench filtered`.
//!
//! Ten assets with two years of simulated hours are fitted, then a year of daily steps with hourly rows is simulated, with
//! and without minima. The simulation on one thread; best of many repetitions.

use std::error::Error;
use std::time::Instant;

use seawall_actuary::price::{
    BlockPlan, Detail, FilteredModel, FilteredOptions, FilteredScratch, PathBlock, PriceHistory,
};
use seawall_actuary::random::Stream;

const ASSETS: usize = 10;
const PATHS: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let history = history();
    let names: Vec<&str> = history.assets.iter().map(String::as_str).collect();
    let start = Instant::now();
    let model = FilteredModel::fit(&history, &names, &FilteredOptions::default())?;
    println!("fit of {ASSETS} assets, {} rows: {:.2} s", history.rows(), start.elapsed().as_secs_f64());
    let (mut block, mut scratch) = (PathBlock::default(), FilteredScratch::default());
    for detail in [Detail::Closes, Detail::Intervals] {
        let plan = BlockPlan { horizon_years: 1.0, steps: 365, detail };
        let mut best = f64::INFINITY;
        for run in 0..100 {
            let start = Instant::now();
            model.simulate_block(&plan, run, 0, PATHS, &mut block, &mut scratch)?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        let cells = (PATHS * ASSETS * 8760) as f64;
        println!(
            "{detail:?}: {PATHS} paths of a year, {ASSETS} assets: {:.0} ms, {:.1} ns an asset and hour",
            1e3 * best,
            1e9 * best / cells
        );
    }
    Ok(())
}

/// Hourly closes with common moves, clusters of volatility and rare falls in common.
fn history() -> PriceHistory {
    let mut stream = Stream::new(1, 0, 0);
    let (mut h, mut logs) = ([2e-5; ASSETS], [0.0; ASSETS]);
    let mut closes = vec![Vec::new(); ASSETS];
    for _ in 0..2 * 8760 {
        let common = stream.normal() - if stream.uniform() < 0.002 { 7.0 } else { 0.0 };
        for asset in 0..ASSETS {
            closes[asset].push(libm::exp(logs[asset]));
            let r = f64::sqrt(h[asset]) * (0.8 * common + 0.6 * stream.normal());
            logs[asset] += r;
            h[asset] = 1e-6 + 0.05 * (r * r).min(1e-3) + 0.9 * h[asset];
        }
    }
    let assets = (0..ASSETS).map(|asset| format!("A{asset}")).collect();
    PriceHistory { assets, start: 0, step: 3600, closes }
}
