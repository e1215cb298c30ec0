//! Histories simulated from known parameters, shared by the tests of calibration.

use seawall_actuary::math::Estimate;
use seawall_actuary::price::{Model, ModelParameters, PriceHistory, PricePath, Scratch};

pub const HOURS_PER_YEAR: usize = 8760;
pub const START: u64 = 1_600_000_000;

/// Hourly closes of a simulated path, all assets beginning at 100.
pub fn simulated(parameters: ModelParameters, years: usize, seed: u64) -> PriceHistory {
    let assets: Vec<String> = parameters.assets.iter().map(|asset| asset.symbol.clone()).collect();
    let model = Model::new(parameters).unwrap();
    let mut path = PricePath::default();
    let steps = years * HOURS_PER_YEAR;
    model.simulate(years as f64, steps, seed, 0, &mut path, &mut Scratch::default()).unwrap();
    let mut closes = vec![vec![100.0]; assets.len()];
    let mut hour = 1;
    for k in 0..path.len() {
        let grid = if hour == steps { years as f64 } else { years as f64 * hour as f64 / steps as f64 };
        if path.time[k] == grid {
            for (asset, column) in closes.iter_mut().enumerate() {
                column.push(100.0 * path.after[k * path.assets + asset]);
            }
            hour += 1;
        }
    }
    assert_eq!(closes[0].len(), steps + 1);
    PriceHistory { assets, start: START, step: 3600, closes }
}

/// Standard errors from the truth.
pub fn off(estimate: Estimate, truth: f64) -> f64 {
    (estimate.value - truth) / estimate.standard_error
}

/// Deviations of named figures over several histories: none beyond four standard errors, and their root mean square
/// near one, so that the errors are as large as stated.
pub fn check_deviations(deviations: &[(&str, f64)]) {
    for (name, deviation) in deviations {
        assert!(deviation.abs() < 4.0, "{name}: {deviation} standard errors off");
    }
    let squares = deviations.iter().map(|(_, d)| d * d).sum::<f64>() / deviations.len() as f64;
    assert!((0.6..1.4).contains(&squares.sqrt()), "root mean square deviation {}", squares.sqrt());
}
