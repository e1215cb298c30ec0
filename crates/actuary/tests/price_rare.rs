//! Importance sampling of rare events on an example with known values: the largest crash of a period.
//!
//! Without diffusion and own jumps the size of a crash can be read off the path. Crashes arrive with a rate that
//! depends on a state which hardly ever changes, sizes are exponential beyond a floor, so the law of the largest is
//! known, and mean and expected shortfall are integrals of it.

use seawall_actuary::loss::WeightedStatistics;
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::rare::tune;
use seawall_actuary::price::{
    AssetModel, CommonCrash, CrashTilt, JumpDiffusion, KouJumps, Mixture, MixtureError, Model,
    ModelParameters, Multipliers, PricePath, RareModel, Regime, Scratch, Start, Tuning,
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

/// The largest crash.
fn loss(path: &PricePath) -> f64 {
    let falls = path.close.iter().zip(&path.after).map(|(close, after)| libm::log(close / after));
    falls.fold(0.0, f64::max)
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
    let tuning =
        Tuning { horizon_years: YEARS, steps: 1, paths: 5000, rounds: 3, tail: 0.01, share: 0.8, seed: 900 };
    tune(&model(), &tuning, loss).unwrap()
}

fn sample(rare: &RareModel, seed: u64, paths: u64) -> (Vec<f64>, Vec<f64>) {
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    (0..paths)
        .map(|index| {
            let weight = rare.simulate(YEARS, 1, seed, index, &mut path, &mut scratch).unwrap();
            (loss(&path), weight)
        })
        .unzip()
}

/// Weights average to one for any mixture, heavy tails and both states included, and stay below their bound.
#[test]
fn weights_average_to_one() {
    let mut heavy = model().parameters().clone();
    heavy.crash.as_mut().unwrap().excess.shape = 0.3;
    heavy.regime.as_mut().unwrap().to_stress = 2.0;
    heavy.regime.as_mut().unwrap().to_calm = 10.0;
    let tilt = |intensity, size, stress_start| CrashTilt { intensity, size, stress_start };
    for parameters in [model().parameters().clone(), heavy] {
        let model = Model::new(parameters).unwrap();
        for components in [
            vec![(0.5, tilt(4.0, 1.5, Some(0.5)))],
            vec![(0.3, tilt(10.0, 1.0, None)), (0.3, tilt(1.0, 3.0, Some(0.9))), (0.2, tilt(0.5, 0.8, None))],
        ] {
            let rare = RareModel::new(&model, &Mixture { components }).unwrap();
            let (_, weights) = sample(&rare, 3, 100_000);
            let statistics = WeightedStatistics::of(&vec![1.0; 100_000], &weights, 0.5).unwrap();
            let off = (statistics.mean_weight.value - 1.0) / statistics.mean_weight.standard_error;
            assert!(off.abs() < 4.0 && statistics.mean_weight.standard_error < 0.01, "{statistics:?}");
            assert!(weights.iter().all(|weight| *weight > 0.0 && *weight <= 5.0));
            assert!(statistics.effective_samples < 100_000.0);
        }
    }
}

/// Cross-entropy finds what makes the tail here: one large crash where there is hardly any, and a stressed start
/// more often. The shortfall's variance falls several times over, and the mean's does not rise.
#[test]
fn tuning_reduces_the_variance_of_the_shortfall() {
    let mixture = tuned();
    let (share, tilt) = mixture.components[0];
    assert_eq!(share, 0.8);
    assert!(tilt.intensity > 4.0 && tilt.size > 1.5 && tilt.stress_start.unwrap() > 0.2, "{tilt:?}");
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
    let plain = RareModel::new(&model(), &Mixture::default()).unwrap();
    let (losses, weights) = sample(&plain, 1, 100_000);
    assert!(weights.iter().all(|weight| *weight == 1.0));
    let crude = WeightedStatistics::of(&losses, &weights, LEVEL).unwrap();
    let ratio = crude.expected_shortfall.standard_error / found.expected_shortfall.standard_error;
    assert!((ratio * ratio / found.shortfall_reduction - 1.0).abs() < 0.3, "{ratio} {found:?}");
    assert!((crude.mean_reduction - 1.0).abs() < 1e-3);
}

/// Intervals of 1.96 standard errors hold the truth in [92.5, 97] % of the seeds, for mean and shortfall. Four hundred
/// seeds; `SEAWALL_SEEDS=4000` for more.
#[test]
fn intervals_cover_at_the_stated_rate() {
    let seeds: u64 = std::env::var("SEAWALL_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let rare = RareModel::new(&model(), &tuned()).unwrap();
    let (mean, _, shortfall) = exact();
    let (mut mean_holds, mut shortfall_holds) = (0_u32, 0_u32);
    for seed in 0..seeds {
        let (losses, weights) = sample(&rare, 10_000 + seed, 3000);
        let found = WeightedStatistics::of(&losses, &weights, LEVEL).unwrap();
        let holds = |value: f64, estimate: seawall_actuary::loss::Estimate| {
            u32::from((estimate.value - value).abs() < 1.96 * estimate.standard_error)
        };
        mean_holds += holds(mean, found.mean);
        shortfall_holds += holds(shortfall, found.expected_shortfall);
    }
    for (name, holds) in [("mean", mean_holds), ("expected shortfall", shortfall_holds)] {
        let share = f64::from(holds) / seeds as f64;
        println!("{name}: {:.2} % of {seeds} seeds", 100.0 * share);
        assert!((0.925..=0.97).contains(&share), "{name}: {share}");
    }
}

#[test]
fn impossible_mixtures_are_refused() {
    let tilted =
        |share, tilt| RareModel::new(&model(), &Mixture { components: vec![(share, tilt)] }).unwrap_err();
    assert!(matches!(tilted(0.96, CrashTilt::NONE), MixtureError::Shares { .. }));
    assert!(matches!(tilted(-0.1, CrashTilt::NONE), MixtureError::Shares { .. }));
    for tilt in [
        CrashTilt { intensity: 0.0, ..CrashTilt::NONE },
        CrashTilt { size: f64::NAN, ..CrashTilt::NONE },
        CrashTilt { stress_start: Some(1.5), ..CrashTilt::NONE },
    ] {
        assert!(matches!(tilted(0.5, tilt), MixtureError::Tilt { component: 0, .. }));
    }
    let mut parameters = model().parameters().clone();
    parameters.crash = None;
    let without = Model::new(parameters).unwrap();
    assert_eq!(RareModel::new(&without, &Mixture::default()).unwrap_err(), MixtureError::NoCrash);
    assert!(WeightedStatistics::of(&[1.0], &[-1.0], 0.9).is_err());
    assert!(WeightedStatistics::of(&[1.0], &[], 0.9).is_err());
}
