//! An example of rare events with known values: the largest crash of a period.
//!
//! Without diffusion and own jumps the size of a crash can be read off the path. Crashes arrive with a rate that
//! depends on a state which hardly ever changes, sizes are exponential beyond a floor, so the law of the largest is
//! known, and mean and expected shortfall are integrals of it.

use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::rare::tune;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, KouJumps, Mixture, Model,
    ModelParameters, Multipliers, PathBlock, RareModel, Regime, Start, Tuning,
};

pub const YEARS: f64 = 0.25;
pub const RATE: f64 = 0.4;
pub const STRESSED_RATE: f64 = 1.2;
pub const STRESS_SHARE: f64 = 0.1;
pub const FLOOR: f64 = 0.05;
pub const SCALE: f64 = 0.08;
pub const LEVEL: f64 = 0.99;

pub fn model() -> Model {
    let dynamics = JumpDiffusion { volatility: 0.0, growth: 0.0, jumps: KouJumps::NONE, crash_loading: 1.0 };
    let stress = Multipliers { crash_intensity: STRESSED_RATE / RATE, ..Multipliers::ONE };
    // Switches once in a hundred million years.
    let regime = Regime { to_stress: 1e-9, to_calm: 9e-9, stress, start: Start::Stationary };
    Model::new(ModelParameters {
        assets: vec![AssetModel::jump_diffusion("X", dynamics)],
        correlation: vec![vec![1.0]],
        crash: Some(CommonCrash {
            intensity: RATE,
            floor: FLOOR,
            excess: GeneralisedPareto { shape: 0.0, scale: SCALE },
        }),
        regime: Some(regime),
        ..ModelParameters::default()
    })
    .unwrap()
}

/// The largest crash of each path.
pub fn losses(block: &PathBlock, losses: &mut [f64]) {
    losses.fill(0.0);
    for crash in block.crashes() {
        losses[crash.path] = losses[crash.path].max(crash.size);
    }
}

/// Mean, VaR and ES in closed form up to one quadrature.
pub fn exact() -> (f64, f64, f64) {
    let above = |x: f64| {
        let beyond = libm::exp(-(x - FLOOR).max(0.0) / SCALE);
        let none = |rate: f64| -libm::expm1(-rate * YEARS * beyond);
        (1.0 - STRESS_SHARE) * none(RATE) + STRESS_SHARE * none(STRESSED_RATE)
    };
    let integral = |from: f64| {
        let (cells, width) = (400_000, 4.0 / 400_000.0);
        (0..cells).map(|k| above(from + width * (f64::from(k) + 0.5))).sum::<f64>() * width
    };
    let (mut low, mut high) = (FLOOR, 3.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if above(middle) > 1.0 - LEVEL { low = middle } else { high = middle }
    }
    (FLOOR * above(0.0) + integral(FLOOR), low, low + integral(low) / (1.0 - LEVEL))
}

pub fn tuned() -> Mixture {
    let tuning = Tuning {
        horizon_years: YEARS,
        steps: 1,
        paths: 2000,
        rounds: 2,
        tail: 0.01,
        tail_share: 0.6,
        mean_share: 0.2,
        seed: 900,
    };
    tune(&model(), &tuning, losses).unwrap()
}

pub fn sample(rare: &RareModel, seed: u64, paths: usize) -> (Vec<f64>, Vec<f64>) {
    let plan = BlockPlan { horizon_years: YEARS, steps: 1, detail: Detail::Intervals };
    let (mut block, mut weights) = (PathBlock::default(), Vec::new());
    rare.simulate_block(&plan, seed, 0, paths, &mut block, &mut weights, &mut BlockScratch::default())
        .unwrap();
    let mut lost = vec![0.0; paths];
    losses(&block, &mut lost);
    (lost, weights)
}
