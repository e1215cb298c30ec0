//! Time to simulate 100,000 paths of 20 assets over 30 daily steps with jumps and a common crash:
//! `cargo bench -p seawall-actuary --bench paths`.
//!
//! The closes at each step's end, on one thread and on all; then with every interval and its minimum; then path
//! by path through `Model::simulate`. The checksum is the mean of the equally weighted basket at the horizon.
//! `bench/peers_paths.py` times NumPy on the same task.

use std::time::Instant;

use rayon::prelude::*;
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, KouJumps, MertonJumps, Model,
    ModelError, ModelParameters, PathBlock, PricePath, Scratch, closed_form,
};

const ASSETS: usize = 20;
const PATHS: u64 = 100_000;
const STEPS: usize = 30;
const BLOCK: u64 = 128;
const HORIZON: f64 = 30.0 / 365.0;

fn main() -> Result<(), ModelError> {
    let model = model()?;
    let all = rayon::current_num_threads();
    println!("{ASSETS} assets, {PATHS} paths, {STEPS} steps");
    for detail in [Detail::Closes, Detail::Intervals] {
        for threads in [1, all] {
            let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { continue };
            let best = (0..3)
                .map(|_| {
                    let start = Instant::now();
                    let sum = pool.install(|| blocks(&model, detail));
                    (start.elapsed().as_secs_f64(), sum)
                })
                .min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((seconds, sum)) = best {
                println!("  {detail:?}, {threads} threads: {seconds:.3} s (checksum {:.12})", sum?);
            }
        }
    }
    let start = Instant::now();
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    let mut sum = 0.0;
    let few = PATHS / 10;
    for index in 0..few {
        model.simulate(HORIZON, STEPS, 1, index, &mut path, &mut scratch)?;
        sum += path.after[path.after.len() - ASSETS..].iter().sum::<f64>();
    }
    let seconds = start.elapsed().as_secs_f64() * 10.0;
    println!(
        "  path by path, 1 thread: {seconds:.3} s (from a tenth; checksum {:.12})",
        sum / (few * 20) as f64
    );
    merton();
    Ok(())
}

/// One value of Merton's series for the put of the tests.
fn merton() {
    let jumps = MertonJumps { intensity: 2.0, mean: -0.2, deviation: 0.25 };
    let count = 1_000_000_u32;
    let start = Instant::now();
    let mut sum = 0.0;
    for k in 0..count {
        let spot = 100.0 + 1e-6 * f64::from(k);
        sum += closed_form::merton::put(spot, 70.0, 0.08, 0.08, 0.6, HORIZON, &jumps);
    }
    let nanoseconds = start.elapsed().as_nanos() as f64 / f64::from(count);
    println!("put under Merton: {nanoseconds:.0} ns (checksum {:.9})", sum / f64::from(count));
}

/// Mean of the basket at the horizon.
fn blocks(model: &Model, detail: Detail) -> Result<f64, ModelError> {
    let plan = BlockPlan { horizon_years: HORIZON, steps: STEPS, detail };
    let sums: Result<Vec<f64>, ModelError> = (0..PATHS.div_ceil(BLOCK))
        .into_par_iter()
        .map_init(
            || (PathBlock::default(), BlockScratch::default()),
            |(block, scratch), number| {
                let first = number * BLOCK;
                let count = BLOCK.min(PATHS - first) as usize;
                model.simulate_block(&plan, 1, first, count, block, scratch)?;
                Ok((0..ASSETS).map(|column| block.close(STEPS - 1, column).iter().sum::<f64>()).sum())
            },
        )
        .collect();
    Ok(sums?.iter().sum::<f64>() / (PATHS * ASSETS as u64) as f64)
}

fn model() -> Result<Model, ModelError> {
    let jumps = KouJumps {
        intensity: 12.0,
        up_probability: 0.4,
        up_rate: 25.0,
        down_rate: 20.0,
        up_floor: 0.0,
        down_floor: 0.0,
    };
    let asset = |index: usize| {
        let dynamics = JumpDiffusion {
            volatility: 0.4 + 0.03 * index as f64,
            growth: 0.0,
            jumps,
            crash_loading: 0.6 + 0.04 * index as f64,
        };
        AssetModel::jump_diffusion(&format!("A{index}"), dynamics)
    };
    Model::new(ModelParameters {
        assets: (0..ASSETS).map(asset).collect(),
        correlation: (0..ASSETS)
            .map(|i| (0..ASSETS).map(|j| if i == j { 1.0 } else { 0.6 }).collect())
            .collect(),
        crash: Some(CommonCrash {
            intensity: 4.0,
            floor: 0.03,
            excess: GeneralisedPareto { shape: 0.2, scale: 0.05 },
        }),
        ..ModelParameters::default()
    })
}
