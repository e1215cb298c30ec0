//! Time to simulate 100,000 paths of 20 assets over 30 daily steps with jumps and a common crash:
//! `cargo bench -p seawall-actuary --bench paths`, with `-- year` the weighted paths of a year's quote alone, with
//! `-- closes` the closes alone.
//!
//! The closes at each step's end, on one thread and on all, with and without wide instructions; then with every interval
//! and its minimum; then path by path through `Model::simulate`. Then the weighted paths of a year's quote. The checksum is
//! the mean of the equally weighted basket at the horizon. `bench/peers_paths.py` times NumPy and QuantLib on the same task.

use std::time::Instant;

use rayon::prelude::*;
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, FurtherJump, JumpDiffusion, KouJumps,
    MertonJumps, Mixture, MixtureError, Model, ModelError, ModelParameters, Multipliers, PathBlock,
    PricePath, RareModel, Regime, Scratch, Source, Start, Tilt, closed_form,
};

const ASSETS: usize = 20;
const PATHS: u64 = 100_000;
const STEPS: usize = 30;
const BLOCK: u64 = 64;
const HORIZON: f64 = 30.0 / 365.0;

fn main() -> Result<(), ModelError> {
    if std::env::args().any(|argument| argument == "year") {
        return year();
    }
    let model = model(12.0, None)?;
    let all = rayon::current_num_threads();
    println!("{ASSETS} assets, {PATHS} paths, {STEPS} steps");
    let plan = |detail| BlockPlan { horizon_years: HORIZON, steps: STEPS, detail };
    for (detail, threads, baseline) in [
        (Detail::Closes, 1, true),
        (Detail::Closes, 1, false),
        (Detail::Closes, all, false),
        (Detail::Intervals, 1, false),
        (Detail::Intervals, all, false),
    ] {
        if detail != Detail::Closes && std::env::args().any(|argument| argument == "closes") {
            return Ok(());
        }
        let rare = RareModel::plain(&model);
        let (seconds, sum) = best(threads, || blocks(&rare, &plan(detail), PATHS, baseline));
        let width = if baseline { ", baseline instructions" } else { "" };
        println!("  {detail:?}, {threads} threads{width}: {seconds:.3} s (checksum {:.12})", sum?);
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
    year()?;
    merton();
    Ok(())
}

/// The paths of a quote over a year: a stress state, further jumps with weights, intervals for the ladders.
fn year() -> Result<(), ModelError> {
    const PATHS: u64 = 8192;
    let stress = Multipliers { volatility: 2.2, jump_size: 1.5, crash_size: 2.2, ..Multipliers::ONE };
    let regime = Regime { to_stress: 6.0, to_calm: 33.0, stress, start: Start::Stationary };
    let model = model(30.0, Some(regime))?;
    let crash = FurtherJump { source: Source::Crash, beyond: 0.15, scale: 0.1, stress: 2.0 };
    let mixture =
        Mixture { components: vec![(0.8, Tilt { stress_start: None, further: vec![(1.0, crash)] })] };
    let rare = RareModel::new(&model, &mixture).map_err(|error| match error {
        MixtureError::Model(error) => error,
        other => unreachable!("the mixture is that of this file: {other}"),
    })?;
    println!("{ASSETS} assets, {PATHS} weighted paths over a year, intervals");
    for steps in [365, 122, 52, 13] {
        for threads in [1, rayon::current_num_threads()] {
            let plan = BlockPlan { horizon_years: 1.0, steps, detail: Detail::Intervals };
            let (seconds, sum) = best(threads, || blocks(&rare, &plan, PATHS, false));
            println!("  {steps} steps, {threads} threads: {seconds:.3} s (checksum {:.12})", sum?);
        }
    }
    Ok(())
}

/// Best of three, in seconds, with what comes out.
fn best<T>(threads: usize, run: impl Fn() -> T + Sync + Send) -> (f64, T)
where
    T: Send,
{
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let once = || {
        let start = Instant::now();
        let result = match &pool {
            Ok(pool) => pool.install(&run),
            Err(_) => run(),
        };
        (start.elapsed().as_secs_f64(), result)
    };
    let mut best = once();
    for _ in 0..2 {
        let next = once();
        if next.0 < best.0 {
            best = next;
        }
    }
    best
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
fn blocks(rare: &RareModel, plan: &BlockPlan, paths: u64, baseline: bool) -> Result<f64, ModelError> {
    let scratch = if baseline { BlockScratch::baseline } else { BlockScratch::default };
    let sums: Result<Vec<f64>, ModelError> = (0..paths.div_ceil(BLOCK))
        .into_par_iter()
        .map_init(
            || (PathBlock::default(), Vec::new(), scratch()),
            |(block, weights, scratch), number| {
                let first = number * BLOCK;
                let count = BLOCK.min(paths - first) as usize;
                rare.simulate_block(plan, 1, first, count, block, weights, scratch)?;
                let mean = |column| {
                    let closes = block.close(plan.steps - 1, column).iter().zip(&*weights);
                    closes.map(|(close, weight)| close * weight).sum::<f64>()
                };
                Ok((0..ASSETS).map(mean).sum())
            },
        )
        .collect();
    Ok(sums?.iter().sum::<f64>() / (paths * ASSETS as u64) as f64)
}

fn model(intensity: f64, regime: Option<Regime>) -> Result<Model, ModelError> {
    let jumps = KouJumps {
        intensity,
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
        regime,
        ..ModelParameters::default()
    })
}
