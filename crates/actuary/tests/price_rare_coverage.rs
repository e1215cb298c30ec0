//! Intervals of rare events hold as often as they say, on an example with known values: over 4,000 seeds, weighted,
//! replicated, with controls; and what scrambled points gain.

#[path = "rare_support/example.rs"]
mod example;

use example::{FLOOR, LEVEL, SCALE, YEARS, exact, losses, model, sample, tuned};
use rayon::prelude::*;
use seawall_actuary::loss::{
    Control, Controlled, Estimate, Layers, LossAccumulator, PolicyTerms, ReplicatedStatistics, Spec,
    WeightedStatistics,
};
use seawall_actuary::price::{BlockPlan, BlockScratch, CrashControl, Detail, PathBlock, RareModel, Sampling};

const SEEDS: u64 = 4000;
const PATHS: usize = 1536;
const REPLICATES: usize = 32;
const CONTROLS: [CrashControl; 2] =
    [CrashControl::Beyond { level: FLOOR }, CrashControl::Beyond { level: FLOOR + SCALE }];

/// Losses, weights, and controls with their weights, of one seed.
#[derive(Default)]
struct Drawn {
    block: PathBlock,
    scratch: BlockScratch,
    losses: Vec<f64>,
    weights: Vec<f64>,
    controls: [Vec<f64>; 2],
}

impl Drawn {
    fn draw(&mut self, rare: &RareModel, seed: u64) {
        let plan = BlockPlan { horizon_years: YEARS, steps: 1, detail: Detail::Intervals };
        let Self { block, scratch, weights, .. } = self;
        rare.simulate_block(&plan, 10_000 + seed, 0, PATHS, block, weights, scratch).unwrap();
        self.losses.resize(PATHS, 0.0);
        losses(&self.block, &mut self.losses);
        for (control, values) in CONTROLS.iter().zip(&mut self.controls) {
            values.resize(PATHS, 0.0);
            control.fill(self.block.crashes(), values);
            values.iter_mut().zip(&self.weights).for_each(|(value, weight)| *value *= weight);
        }
    }

    /// The controls with their expectations.
    fn controls(&self) -> [Control<'_>; 2] {
        core::array::from_fn(|k| Control {
            values: &self.controls[k],
            expected: CONTROLS[k].expected(&model(), YEARS),
        })
    }
}

/// Counts over all seeds how often each interval holds its true value, and asks for 92.5 to 97 %.
fn intervals_cover<const N: usize>(
    rare: &RareModel,
    names: [&str; N],
    held: impl Fn(&Drawn) -> [bool; N] + Sync,
) {
    let counts = (0..SEEDS)
        .into_par_iter()
        .map_init(Drawn::default, |drawn, seed| {
            drawn.draw(rare, seed);
            held(drawn).map(u32::from)
        })
        .reduce(|| [0; N], |a, b| core::array::from_fn(|k| a[k] + b[k]));
    for (name, count) in names.iter().zip(counts) {
        let share = f64::from(count) / SEEDS as f64;
        println!("{name}: {:.2} % of {SEEDS} seeds", 100.0 * share);
        assert!((0.925..=0.97).contains(&share), "{name}: {share}");
    }
}

fn holds(value: f64, estimate: Estimate, factor: f64) -> bool {
    (estimate.value - value).abs() < factor * estimate.standard_error
}

/// Intervals at 95 % hold the truth for 92.5 to 97 % of 4000 seeds: mean and shortfall of weighted samples, and the mean
/// with controls, the weight among them.
#[test]
fn intervals_of_weighted_samples_cover() {
    let rare = RareModel::new(&model(), &tuned()).unwrap();
    let (mean, _, shortfall) = exact();
    let names = ["mean", "shortfall", "mean with controls"];
    intervals_cover(&rare, names, |drawn| {
        let found = WeightedStatistics::of(&drawn.losses, &drawn.weights, LEVEL).unwrap();
        let weighted: Vec<f64> = drawn.losses.iter().zip(&drawn.weights).map(|(x, w)| x * w).collect();
        let [first, second] = drawn.controls();
        let weight = Control { values: &drawn.weights, expected: 1.0 };
        let controlled = Controlled::of(&weighted, &[weight, first, second]).unwrap();
        [
            holds(mean, found.mean, 1.96),
            holds(shortfall, found.expected_shortfall, 1.96),
            holds(mean, controlled.mean, 1.96),
        ]
    });
}

/// The same of replicates of scrambled points, without and with controls. Every tail is worth 400 samples and more.
#[test]
fn intervals_of_replicates_cover() {
    let sampling = Sampling::Sobol { replicates: REPLICATES as u32 };
    let rare = RareModel::new(&model(), &tuned()).unwrap().with_sampling(sampling);
    let (mean, _, shortfall) = exact();
    let names = ["mean", "shortfall", "mean with controls", "shortfall with controls"];
    intervals_cover(&rare, names, |drawn| {
        let (losses, weights) = (&drawn.losses, &drawn.weights);
        let found = ReplicatedStatistics::of(losses, weights, REPLICATES, LEVEL).unwrap();
        assert!(!found.thin, "{found:?}");
        let controlled =
            ReplicatedStatistics::controlled(losses, weights, REPLICATES, LEVEL, &drawn.controls()).unwrap();
        [
            holds(mean, found.mean, found.interval_factor),
            holds(shortfall, found.expected_shortfall, found.interval_factor),
            holds(mean, controlled.mean, controlled.interval_factor),
            holds(shortfall, controlled.expected_shortfall, controlled.interval_factor),
        ]
    });
}

/// All figures of a quote from the same replicates: the mean's error is that of the column's statistics, and the intervals of
/// mean, ES, probability and a layer's expected loss hold what very many paths find. Shards merge to the bits of one run.
#[test]
fn intervals_of_replicated_figures_cover() {
    let sampling = Sampling::Sobol { replicates: REPLICATES as u32 };
    let rare = RareModel::new(&model(), &tuned()).unwrap().with_sampling(sampling);
    let (mean, _, shortfall) = exact();
    let spec = Spec {
        shortfall_level: LEVEL,
        replicates: REPLICATES as u32,
        grid_steps: 64,
        ..Spec::new(
            1,
            vec![1.0],
            vec![PolicyTerms::new(0.0, 100.0, 0.0).unwrap()],
            Layers::new(0.05, &[], 0.0).unwrap(),
            PATHS as u64,
        )
    };
    let figures = |drawn: &Drawn| {
        let mut all = LossAccumulator::new(spec.clone()).unwrap();
        for (path, (loss, weight)) in drawn.losses.iter().zip(&drawn.weights).enumerate() {
            all.add(path as u64, *weight, &[*loss]).unwrap();
        }
        all.finish().unwrap()
    };
    // A layer's expected loss from many times the paths.
    let many = sample(&rare, 77, 1 << 17);
    let reserve = |loss: f64| loss.min(0.05);
    let expected: f64 =
        many.0.iter().zip(&many.1).map(|(x, w)| w * reserve(*x)).sum::<f64>() / many.0.len() as f64;
    let seeds = 400;
    let held: Vec<[bool; 3]> = (0..seeds)
        .into_par_iter()
        .map_init(Drawn::default, |drawn, seed| {
            drawn.draw(&rare, seed);
            let found = figures(drawn);
            let factor = found.interval_factor();
            let column = ReplicatedStatistics::of(&drawn.losses, &drawn.weights, REPLICATES, LEVEL).unwrap();
            let gross = &found.horizons[0].gross;
            let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
            near(factor, column.interval_factor);
            near(gross.mean.standard_error, column.mean.standard_error);
            near(found.mean_weight.standard_error, column.mean_weight.standard_error);
            assert!((gross.mean_reduction / column.mean_reduction - 1.0).abs() < 2e-3);
            // A replicate's own quantile moves its ES at second order only.
            let ratio =
                gross.shortfall.expected_shortfall.standard_error / column.expected_shortfall.standard_error;
            assert!((0.6..1.7).contains(&ratio), "{ratio}");
            [
                holds(mean, gross.mean, factor),
                holds(shortfall, gross.shortfall.expected_shortfall, factor),
                holds(expected, found.horizons[0].layers[0].expected_loss, factor),
            ]
        })
        .collect();
    for (index, name) in ["mean", "shortfall", "layer"].iter().enumerate() {
        let share = held.iter().filter(|held| held[index]).count() as f64 / seeds as f64;
        println!("{name}: {:.1} % of {seeds} seeds", 100.0 * share);
        // Four binomial errors of 400 seeds about 95 %; that of 4,000 seeds is the column's, above.
        assert!((0.906..=0.995).contains(&share), "{name}: {share}");
    }
    // Errors of independent paths would be too wide by far for the mean.
    let mut drawn = Drawn::default();
    drawn.draw(&rare, 1);
    let independent = WeightedStatistics::of(&drawn.losses, &drawn.weights, LEVEL).unwrap();
    let whole = figures(&drawn);
    let mut shards = [0, 1].map(|_| LossAccumulator::new(spec.clone()).unwrap());
    for (path, (loss, weight)) in drawn.losses.iter().zip(&drawn.weights).enumerate() {
        shards[usize::from(path > 701)].add(path as u64, *weight, &[*loss]).unwrap();
    }
    let [mut first, second] = shards;
    first.merge(&LossAccumulator::decode(&second.encode().unwrap()).unwrap()).unwrap();
    assert_eq!(first.finish().unwrap(), whole);
    let gross = whole.horizons[0].gross;
    assert!(gross.mean.standard_error < 0.7 * independent.mean.standard_error, "{gross:?}");
}

/// What scrambled points and controls gain over independent draws of the same mixture, and that none of them moves the
/// estimate.
#[test]
fn scrambled_points_and_controls_reduce_the_variance_further() {
    let independent = RareModel::new(&model(), &tuned()).unwrap();
    let sobol = independent.clone().with_sampling(Sampling::Sobol { replicates: 32 });
    let (mean, _, shortfall) = exact();
    let paths = 1 << 15;
    let (losses, weights) = sample(&independent, 5, paths);
    let plain = WeightedStatistics::of(&losses, &weights, LEVEL).unwrap();
    let controlled = {
        let values: Vec<f64> = losses.iter().zip(&weights).map(|(loss, weight)| loss * weight).collect();
        Controlled::of(&values, &[Control { values: &weights, expected: 1.0 }]).unwrap()
    };
    let (losses, weights) = sample(&sobol, 5, paths);
    let found = ReplicatedStatistics::of(&losses, &weights, 32, LEVEL).unwrap();
    println!("independent: mean x {:.1}, shortfall x {:.1}", plain.mean_reduction, plain.shortfall_reduction);
    println!("scrambled: mean x {:.1}, shortfall x {:.1}", found.mean_reduction, found.shortfall_reduction);
    println!("weight as control of the mean: x {:.2}", controlled.reduction);
    for (estimate, exact) in
        [(controlled.mean, mean), (found.mean, mean), (found.expected_shortfall, shortfall)]
    {
        assert!((estimate.value - exact).abs() < 4.0 * estimate.standard_error, "{estimate:?} {exact}");
    }
    assert!((found.mean_weight.value - 1.0).abs() < 4.0 * found.mean_weight.standard_error);
    println!("tail worth {:.0} samples of {paths}", found.tail_samples);
    assert!(found.mean_reduction > 3.0 * plain.mean_reduction, "{found:?}");
    assert!(found.shortfall_reduction > 2.0 * plain.shortfall_reduction, "{found:?}");
    assert!(controlled.reduction > 1.0);
    // The leading numbers alone are replaced: each replicate gets its share of every component.
    assert!(ReplicatedStatistics::of(&losses[1..], &weights[1..], 32, LEVEL).is_err());
    assert!(ReplicatedStatistics::of(&losses, &weights, 1, LEVEL).is_err());
}
