//! Weighted path losses of a pool of three markets, sampled from a tilted density, and accumulators of them.

#![allow(dead_code, reason = "each test binary uses its own part")]

use seawall_actuary::{
    loss::{Layers, LossAccumulator, PolicyTerms, Spec},
    random::Stream,
};

/// Horizons of a row.
pub const HORIZONS: usize = 2;
/// Markets of a row.
pub const MARKETS: usize = 3;
/// What each market can lose.
pub const EXPOSURES: [f64; MARKETS] = [4e6, 1e7, 5e5];

/// One path: a common crash of unit exponential size, tilted to twice the mean on half of the paths, and own
/// losses; the year holds more than the term.
pub fn row(seed: u64, path: u64) -> (f64, Vec<f64>) {
    let random = &mut Stream::new(seed, path, 0);
    let tilted = random.uniform() < 0.5;
    let size = random.exponential() * if tilted { 2.0 } else { 1.0 };
    // Mixture of the densities e^-x and e^(-x/2)/2.
    let weight = 1.0 / (0.5 + 0.25 * (0.5 * size).exp());
    let crash = (size - 1.5).max(0.0);
    let mut losses = Vec::new();
    for share in [0.4, 1.0] {
        for exposure in EXPOSURES {
            let own = if random.uniform() < 0.1 { 0.02 * random.exponential() } else { 0.0 };
            let hit = if random.uniform() < 0.7 { 0.05 * crash } else { 0.0 };
            losses.push(exposure * share * (own + hit));
        }
    }
    (weight, losses)
}

/// Policies and layers of the pool; the last layer is small and no whole number of units.
pub fn spec(planned_paths: u64) -> Spec {
    let terms = |deductible, limit, coinsurance| PolicyTerms::new(deductible, limit, coinsurance).unwrap();
    let policies = vec![
        terms(20_000.0, 600_000.0, 0.1),
        terms(0.0, 1_500_000.0, 0.25),
        terms(1_000.0, f64::INFINITY, 0.0),
    ];
    let layers = Layers::new(150_000.0, &[400_000.0, 500_000.0], 130.371_1).unwrap();
    Spec {
        smallest_claim: 1_000.0,
        grid_steps: 256,
        ..Spec::new(HORIZONS, EXPOSURES.to_vec(), policies, layers, planned_paths)
    }
}

/// An accumulator of these paths.
pub fn gathered(seed: u64, planned_paths: u64, paths: impl IntoIterator<Item = u64>) -> LossAccumulator {
    let mut accumulator = LossAccumulator::new(spec(planned_paths)).unwrap();
    for path in paths {
        let (weight, row) = row(seed, path);
        accumulator.add(path, weight, &row).unwrap();
    }
    accumulator
}
