//! Importance sampling of rare events on an example with known values: the largest crash of a period.
//!
//! Without diffusion and own jumps the size of a crash can be read off the path. Crashes arrive with a rate that
//! depends on a state which hardly ever changes, sizes are exponential beyond a floor, so the law of the largest is
//! known, and mean and expected shortfall are integrals of it.

use rayon::prelude::*;
use seawall_actuary::loss::{
    Control, Controlled, Estimate, Layers, LossAccumulator, PolicyTerms, ReplicatedStatistics, Spec,
    WeightedStatistics, student_quantile,
};
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::closed_form::gap::loss_given_jump;
use seawall_actuary::price::rare::tune;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, CrashControl, Detail, FurtherJump, JumpDiffusion,
    KouJumps, MertonDiffusion, MertonJumps, Mixture, MixtureError, Model, ModelParameters, Multipliers,
    PathBlock, PricePath, RareModel, Regime, Sampling, Scratch, Source, Start, Tilt, Tuning,
};

const YEARS: f64 = 0.25;
const RATE: f64 = 0.4;
const STRESSED_RATE: f64 = 1.2;
const STRESS_SHARE: f64 = 0.1;
const FLOOR: f64 = 0.05;
const SCALE: f64 = 0.08;
const LEVEL: f64 = 0.99;

fn model() -> Model {
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
fn losses(block: &PathBlock, losses: &mut [f64]) {
    losses.fill(0.0);
    for crash in block.crashes() {
        losses[crash.path] = losses[crash.path].max(crash.size);
    }
}

/// Mean, VaR and ES in closed form up to one quadrature.
fn exact() -> (f64, f64, f64) {
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

fn tuned() -> Mixture {
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

fn sample(rare: &RareModel, seed: u64, paths: usize) -> (Vec<f64>, Vec<f64>) {
    let plan = BlockPlan { horizon_years: YEARS, steps: 1, detail: Detail::Intervals };
    let (mut block, mut weights) = (PathBlock::default(), Vec::new());
    rare.simulate_block(&plan, seed, 0, paths, &mut block, &mut weights, &mut BlockScratch::default())
        .unwrap();
    let mut lost = vec![0.0; paths];
    losses(&block, &mut lost);
    (lost, weights)
}

/// A crash with a heavy tail, states that switch, and own jumps of both laws.
fn rich() -> Model {
    let mut parameters = model().parameters().clone();
    parameters.crash.as_mut().unwrap().excess.shape = 0.3;
    parameters.regime = Some(Regime {
        to_stress: 2.0,
        to_calm: 10.0,
        stress: Multipliers {
            volatility: 1.5,
            jump_intensity: 2.0,
            jump_size: 1.3,
            crash_intensity: 3.0,
            crash_size: 1.5,
        },
        start: Start::Stationary,
    });
    let kou = KouJumps {
        intensity: 12.0,
        up_probability: 0.4,
        up_rate: 25.0,
        down_rate: 20.0,
        up_floor: 0.01,
        down_floor: 0.02,
    };
    let merton = MertonJumps { intensity: 5.0, mean: -0.02, deviation: 0.06 };
    parameters.assets = vec![
        AssetModel::jump_diffusion(
            "X",
            JumpDiffusion { volatility: 0.5, growth: 0.0, jumps: kou, crash_loading: 1.0 },
        ),
        AssetModel::merton(
            "Y",
            MertonDiffusion { volatility: 0.6, growth: 0.0, jumps: merton, crash_loading: 0.7 },
        ),
    ];
    parameters.correlation = vec![vec![1.0, 0.5], vec![0.5, 1.0]];
    Model::new(parameters).unwrap()
}

fn further(source: Source, beyond: f64, scale: f64, stress: f64) -> FurtherJump {
    FurtherJump { source, beyond, scale, stress }
}

/// Every kind of tilt at once, in three components.
fn tilts() -> Mixture {
    let crash = further(Source::Crash, 0.1, 0.1, 2.0);
    let kou = further(Source::Own(0), 0.15, 0.08, 1.5);
    let merton = further(Source::Own(1), 0.12, 0.05, 0.5);
    let small = further(Source::Crash, FLOOR, 0.3, 1.0);
    Mixture {
        components: vec![
            (0.4, Tilt { stress_start: Some(0.5), further: vec![(0.5, crash), (0.3, kou), (0.2, merton)] }),
            (0.2, Tilt { stress_start: None, further: vec![(0.5, small), (0.1, crash)] }),
            (0.2, Tilt { stress_start: Some(0.9), further: vec![] }),
        ],
    }
}

/// Weights average to one for any mixture, heavy tails and both states included, and stay below their bound.
#[test]
fn weights_average_to_one() {
    let crash =
        Tilt { stress_start: Some(0.3), further: vec![(1.0, further(Source::Crash, 0.05, 0.2, 3.0))] };
    // A clock that stands still in the calm state.
    let mut parameters = rich().parameters().clone();
    parameters.crash.as_mut().unwrap().intensity = 0.0;
    for (model, mixture) in [
        (model(), Mixture { components: vec![(0.8, crash.clone())] }),
        (rich(), Mixture { components: vec![(0.8, crash)] }),
        (rich(), tilts()),
        (Model::new(parameters).unwrap(), tilts()),
    ] {
        let rare = RareModel::new(&model, &mixture).unwrap();
        let (_, weights) = sample(&rare, 3, 50_000);
        let statistics = WeightedStatistics::of(&vec![1.0; 50_000], &weights, 0.5).unwrap();
        let off = (statistics.mean_weight.value - 1.0) / statistics.mean_weight.standard_error;
        assert!(off.abs() < 4.0 && statistics.mean_weight.standard_error < 0.015, "{statistics:?}");
        assert!(weights.iter().all(|weight| *weight > 0.0 && *weight <= 5.0 + 1e-12));
        assert!(statistics.effective_samples < 50_000.0);
    }
}

/// Blocks have the weights and the events of single paths, bit for bit, whatever the components of the paths beside
/// them.
#[test]
fn blocks_have_the_weights_and_events_of_single_paths() {
    let tilted = RareModel::new(&rich(), &tilts()).unwrap();
    let scrambled = tilted.clone().with_sampling(Sampling::Sobol { replicates: 8 });
    for rare in [tilted, scrambled, RareModel::plain(&rich())] {
        let plan = BlockPlan { horizon_years: YEARS, steps: 20, detail: Detail::Intervals };
        let (mut block, mut weights, mut scratch) =
            (PathBlock::default(), Vec::new(), BlockScratch::default());
        let (mut path, mut single) = (PricePath::default(), Scratch::default());
        let mut intervals = Vec::new();
        let mut distinct = 0;
        for (first, paths) in [(0, 100), (100, 7), (u64::from(u32::MAX) - 20, 64)] {
            rare.simulate_block(&plan, 6, first, paths, &mut block, &mut weights, &mut scratch).unwrap();
            assert_eq!((block.first_path(), weights.len()), (first, paths));
            for (index, expected) in weights.iter().enumerate() {
                let number = first + index as u64;
                let weight = rare.simulate(YEARS, 20, 6, number, &mut path, &mut single).unwrap();
                assert_eq!(weight.to_bits(), expected.to_bits());
                distinct += u32::from(weight != 1.0);
                for column in 0..2 {
                    block.intervals(index, column, &mut intervals);
                    let jumps = (0..path.len()).filter_map(|k| {
                        let (close, after) = (path.close[k * 2 + column], path.after[k * 2 + column]);
                        (close != after).then_some((path.time[k], libm::log(after / close)))
                    });
                    let mut found = intervals.iter().filter(|interval| interval.after != interval.close);
                    for (time, jump) in jumps {
                        let interval = found.next().unwrap();
                        assert_eq!(interval.time, time);
                        assert!((libm::log(interval.after / interval.close) - jump).abs() < 1e-12);
                    }
                    assert!(found.next().is_none());
                }
            }
        }
        assert_eq!(distinct > 150, rare.simulate(YEARS, 1, 6, 0, &mut path, &mut single).unwrap() != 1.0);
    }
}

/// Cross-entropy finds what makes the tail here: one large crash where there is hardly any, and a stressed start
/// more often. The shortfall's variance falls several times over, and the mean's does not rise.
#[test]
fn tuning_reduces_the_variance_of_the_shortfall() {
    let mixture = tuned();
    let (share, tilt) = &mixture.components[0];
    assert_eq!(*share, 0.6);
    assert!(tilt.stress_start.unwrap() > 0.2 && tilt.further[0].1.beyond > FLOOR + SCALE, "{tilt:?}");
    let rare = RareModel::new(&model(), &mixture).unwrap();
    let (losses, weights) = sample(&rare, 1, 100_000);
    let found = WeightedStatistics::of(&losses, &weights, LEVEL).unwrap();
    let (mean, value_at_risk, shortfall) = exact();
    assert!((found.mean.value - mean).abs() < 4.0 * found.mean.standard_error, "{found:?} {mean}");
    let off = found.value_at_risk.value - value_at_risk;
    assert!(off.abs() < 4.0 * found.value_at_risk.standard_error, "{found:?} {value_at_risk}");
    let off = found.expected_shortfall.value - shortfall;
    assert!(off.abs() < 4.0 * found.expected_shortfall.standard_error, "{found:?} {shortfall}");
    assert!(found.shortfall_reduction > 10.0 && found.mean_reduction > 1.0, "{found:?}");
    // The reduction stated is the one reached: against a plain simulation of the same size.
    let plain = RareModel::plain(&model());
    let (losses, weights) = sample(&plain, 1, 100_000);
    assert!(weights.iter().all(|weight| *weight == 1.0));
    let crude = WeightedStatistics::of(&losses, &weights, LEVEL).unwrap();
    let ratio = crude.expected_shortfall.standard_error / found.expected_shortfall.standard_error;
    assert!((ratio * ratio / found.shortfall_reduction - 1.0).abs() < 0.3, "{ratio} {found:?}");
    assert!((crude.mean_reduction - 1.0).abs() < 1e-3);
}

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

/// Expectations of the crash controls: the gap formula for one loan at its threshold (values of the closed form), and the
/// mean over simulated paths, plain and tilted, with states that switch.
#[test]
fn crash_controls_have_their_expectation() {
    let rate = 10.0;
    let mut parameters = model().parameters().clone();
    parameters.regime = None;
    parameters.crash = Some(CommonCrash {
        intensity: 3.0,
        floor: 0.0,
        excess: GeneralisedPareto { shape: 0.0, scale: 1.0 / rate },
    });
    let exponential = Model::new(parameters).unwrap();
    for (threshold, slip) in [(0.8, 0.05), (0.97, 0.05)] {
        let gap = CrashControl::Gap { loading: 1.0, cover: (1.0 - slip) / threshold };
        let exact = 3.0 * 0.5 * loss_given_jump(threshold, slip, rate);
        assert!((gap.expected(&exponential, 0.5) / exact - 1.0).abs() < 1e-10);
    }
    let half = CrashControl::Gap { loading: 2.0, cover: 0.95 / 0.8 };
    let exact = 1.5 * loss_given_jump(0.8, 0.05, 0.5 * rate);
    assert!((half.expected(&exponential, 0.5) / exact - 1.0).abs() < 1e-10);

    let model = rich();
    let plan = BlockPlan { horizon_years: YEARS, steps: 1, detail: Detail::Intervals };
    let (mut block, mut weights, mut scratch) = (PathBlock::default(), Vec::new(), BlockScratch::default());
    let paths = 50_000;
    for rare in [RareModel::plain(&model), RareModel::new(&model, &tilts()).unwrap()] {
        rare.simulate_block(&plan, 4, 0, paths, &mut block, &mut weights, &mut scratch).unwrap();
        for control in [
            CrashControl::Beyond { level: 0.0 },
            CrashControl::Beyond { level: 0.2 },
            CrashControl::Gap { loading: 1.0, cover: 1.1 },
            CrashControl::Gap { loading: 0.7, cover: 0.98 },
        ] {
            let mut values = vec![0.0; paths];
            control.fill(block.crashes(), &mut values);
            let found = WeightedStatistics::of(&values, &weights, 0.5).unwrap().mean;
            let off = (found.value - control.expected(&model, YEARS)) / found.standard_error;
            assert!(off.abs() < 4.0, "{control:?}: {off}");
        }
    }
}

/// Least squares against numbers worked out by hand, and controls that explain nothing new.
#[test]
fn regression_on_controls() {
    let y = [1.0, 3.0, 2.0, 6.0, 8.0];
    let z = [0.0, 1.0, 1.0, 3.0, 5.0];
    // Slope of y on z: sum of products 23 over sum of squares 16. Residual sum of squares: 34 - 23^2/16.
    let found = Controlled::of(&y, &[Control { values: &z, expected: 1.5 }]).unwrap();
    assert!((found.coefficients[0] - 1.4375).abs() < 1e-15);
    assert!((found.mean.value - (4.0 - 1.4375 * 0.5)).abs() < 1e-15);
    assert!((found.mean.standard_error - ((34.0 - 529.0 / 16.0) / 3.0 / 5.0_f64).sqrt()).abs() < 1e-14);
    let twice: Vec<f64> = z.iter().map(|z| 2.0 * z + 1.0).collect();
    let same = Controlled::of(
        &y,
        &[
            Control { values: &z, expected: 1.5 },
            Control { values: &twice, expected: 4.0 },
            Control { values: &[1.0; 5], expected: 1.0 },
        ],
    )
    .unwrap();
    assert_eq!((same.coefficients[1], same.coefficients[2], same.freedom), (0.0, 0.0, 3));
    assert!((same.mean.value - found.mean.value).abs() < 1e-14);
    assert!((same.mean.standard_error - found.mean.standard_error).abs() < 1e-14);
    assert!(Controlled::of(&y, &[Control { values: &z[..4], expected: 1.0 }]).is_err());
    assert!(Controlled::of(&y[..2], &[Control { values: &z[..2], expected: 1.0 }]).is_err());
    // Student's quantiles as tabulated.
    for (freedom, exact) in [(1.0, 12.706_204_736_432_1), (31.0, 2.039_513_446_396_4), (1e6, 1.959_966_4)] {
        assert!((student_quantile(freedom, 0.975) / exact - 1.0).abs() < 1e-7, "{freedom}");
    }
}

#[test]
fn impossible_mixtures_are_refused() {
    let tilted = |share, tilt| RareModel::new(&rich(), &Mixture { components: vec![(share, tilt)] });
    let jump = |source, beyond, scale, stress| Tilt {
        stress_start: None,
        further: vec![(0.5, further(source, beyond, scale, stress))],
    };
    assert!(matches!(tilted(0.96, Tilt::default()), Err(MixtureError::Shares { .. })));
    assert!(matches!(tilted(-0.1, Tilt::default()), Err(MixtureError::Shares { .. })));
    assert!(tilted(0.95, Tilt::default()).is_ok());
    for tilt in [
        jump(Source::Crash, 0.5 * FLOOR, 0.1, 1.0),
        jump(Source::Own(0), 0.01, 0.1, 1.0),
        jump(Source::Own(1), -0.1, 0.1, 1.0),
        jump(Source::Own(1), 0.1, 0.0, 1.0),
        jump(Source::Crash, 0.1, 0.1, f64::NAN),
        Tilt { stress_start: Some(1.5), further: vec![] },
    ] {
        assert!(matches!(tilted(0.5, tilt), Err(MixtureError::Tilt { component: 0, .. })));
    }
    let twice = Tilt { further: vec![(0.6, further(Source::Crash, 0.1, 0.1, 1.0)); 2], ..Tilt::default() };
    assert!(matches!(tilted(0.5, twice), Err(MixtureError::Probabilities { component: 0, .. })));
    let unknown = tilted(0.5, jump(Source::Own(2), 0.1, 0.1, 1.0));
    assert!(matches!(unknown, Err(MixtureError::NoJump { component: 0, .. })));
    let mut parameters = model().parameters().clone();
    parameters.crash = None;
    let without = Model::new(parameters).unwrap();
    let crash = Mixture { components: vec![(0.5, jump(Source::Crash, 0.1, 0.1, 1.0))] };
    assert!(matches!(RareModel::new(&without, &crash), Err(MixtureError::NoJump { .. })));
    assert!(RareModel::new(&without, &Mixture::default()).is_ok());
    assert!(WeightedStatistics::of(&[1.0], &[-1.0], 0.9).is_err());
    assert!(WeightedStatistics::of(&[1.0], &[], 0.9).is_err());
}
