//! Importance sampling of rare events: weights, tuning, controls, refusals.

#[path = "rare_support/example.rs"]
mod example;

use example::{FLOOR, LEVEL, SCALE, YEARS, exact, model, sample, tuned};
use seawall_actuary::loss::{Control, Controlled, WeightedStatistics, student_quantile};
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::closed_form::gap::loss_given_jump;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, CrashControl, Detail, FurtherJump, JumpDiffusion,
    KouJumps, MertonDiffusion, MertonJumps, Mixture, MixtureError, Model, Multipliers, PathBlock, PricePath,
    RareModel, Regime, Sampling, Scratch, Source, Start, Tilt,
};

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

/// Prices have no growth here, so that their weighted mean is one whatever the tilt: over seeds, the distances from it in
/// standard errors are those of a normal. Weights that take a jump upwards for a further fall miss by three of them.
#[test]
fn weighted_prices_average_to_one() {
    const PATHS: usize = 20_000;
    let merton = further(Source::Own(1), 0.12, 0.05, 0.5);
    let own = Tilt { stress_start: None, further: vec![(0.2, merton)] };
    let plan = BlockPlan { horizon_years: 1.0, steps: 1, detail: Detail::Closes };
    for mixture in [tilts(), Mixture { components: vec![(0.8, own)] }] {
        let rare = RareModel::new(&rich(), &mixture).unwrap();
        let (mut block, mut weights, mut scratch) =
            (PathBlock::default(), Vec::new(), BlockScratch::default());
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0_f64);
        for seed in 0..6 {
            let mut values = [const { Vec::new() }; 2];
            for first in (0..PATHS as u64).step_by(500) {
                rare.simulate_block(&plan, seed, first, 500, &mut block, &mut weights, &mut scratch).unwrap();
                for (column, values) in values.iter_mut().enumerate() {
                    values.extend(block.close(0, column).iter().zip(&weights).map(|(p, w)| p * w));
                }
            }
            for values in values {
                let mean = values.iter().sum::<f64>() / PATHS as f64;
                let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / PATHS as f64;
                let off = (mean - 1.0) / (variance / PATHS as f64).sqrt();
                (sum, squares, count) = (sum + off, squares + off * off, count + 1.0);
            }
        }
        // The two columns are correlated: twice the variance of independent ones at most.
        assert!(sum.abs() < 4.0 * (2.0 * count).sqrt(), "{sum} in {count}");
        assert!(squares < count + 4.0 * (4.0 * count).sqrt(), "{squares} in {count}");
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
