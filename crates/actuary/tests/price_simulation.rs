//! Simulated paths against closed forms, and what a path must not depend on. Bounds are standard errors of the
//! statistic under test; seeds are fixed.

use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::closed_form::{black_cox, kou::LogKou};
use seawall_actuary::price::{
    AssetModel, CommonCrash, JumpDiffusion, KouJumps, Model, ModelError, ModelParameters, Multipliers, Peg,
    PricePath, Regime, Scratch, Start,
};

const MONTH: f64 = 30.0 / 365.0;

fn kou() -> JumpDiffusion {
    let jumps = KouJumps {
        intensity: 12.0,
        up_probability: 0.4,
        up_rate: 20.0,
        down_rate: 12.0,
        up_floor: 0.0,
        down_floor: 0.0,
    };
    // A growth that leaves the log price without drift, as in the reference values.
    let growth = 0.5 * 0.8 * 0.8 + jumps.intensity * jumps.expected_growth(1.0);
    JumpDiffusion { volatility: 0.8, growth, jumps, crash_loading: 0.0 }
}

fn single(dynamics: JumpDiffusion) -> Model {
    let assets = vec![AssetModel::jump_diffusion("X", dynamics)];
    Model::new(ModelParameters { assets, correlation: vec![vec![1.0]], ..ModelParameters::default() })
        .unwrap()
}

/// Everything at once: two assets, a staking token, a stablecoin, a pair, a crash and a regime.
fn rich() -> ModelParameters {
    let jumps = KouJumps {
        intensity: 20.0,
        up_probability: 0.45,
        up_rate: 40.0,
        down_rate: 30.0,
        up_floor: 0.02,
        down_floor: 0.03,
    };
    let asset = |volatility, crash_loading| JumpDiffusion { volatility, growth: 0.0, jumps, crash_loading };
    let peg = |reference: Option<&str>| Peg {
        reference: reference.map(str::to_owned),
        reversion: 50.0,
        volatility: 0.02,
        depeg_intensity: 2.0,
        depeg_size: 0.02,
        ..Peg::default()
    };
    ModelParameters {
        assets: vec![
            AssetModel::jump_diffusion("BTC", asset(0.5, 0.8)),
            AssetModel::peg("wstETH", peg(Some("ETH"))),
            AssetModel::jump_diffusion("ETH", asset(0.7, 1.2)),
            AssetModel::peg("USDC", peg(None)),
        ],
        correlation: vec![vec![1.0, 0.8], vec![0.8, 1.0]],
        crash: Some(CommonCrash {
            intensity: 10.0,
            floor: 0.03,
            excess: GeneralisedPareto { shape: 0.25, scale: 0.02 },
        }),
        regime: Some(Regime {
            to_stress: 6.0,
            to_calm: 30.0,
            stress: Multipliers {
                volatility: 2.0,
                jump_intensity: 1.5,
                jump_size: 2.0,
                crash_intensity: 3.0,
                crash_size: 1.5,
            },
            start: Start::Stationary,
        }),
        pairs: vec![("BTC".into(), "ETH".into()), ("wstETH".into(), "ETH".into())],
    }
}

/// Share of paths of which the first column is at or below `level` at any moment, and whether by a jump.
fn passages(model: &Model, level: f64, steps: usize, paths: u64, seed: u64) -> (f64, f64) {
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    let (mut any, mut by_jump) = (0_u64, 0_u64);
    for index in 0..paths {
        model.simulate(MONTH, steps, seed, index, &mut path, &mut scratch).unwrap();
        for k in 0..path.len() {
            if path.low[k] <= level {
                any += 1;
                break;
            }
            if path.after[k] <= level {
                any += 1;
                by_jump += 1;
                break;
            }
        }
    }
    (any as f64 / paths as f64, by_jump as f64 / paths as f64)
}

fn assert_share(share: f64, exact: f64, paths: u64, what: &str) {
    let standard_error = (exact * (1.0 - exact) / paths as f64).sqrt();
    let off = (share - exact) / standard_error;
    assert!(off.abs() < 4.0, "{what}: {share} against {exact}, {off} standard errors");
}

/// Neither the diffusion's nor the jumps' first passage may depend on how often the path is looked at.
#[test]
fn kou_first_passage_at_any_number_of_steps() {
    let model = single(kou());
    let process = LogKou {
        log_drift: 0.0,
        volatility: 0.8,
        intensity: 12.0,
        up_probability: 0.4,
        up_rate: 20.0,
        down_rate: 12.0,
    };
    for (ltv, threshold) in [(0.6, 0.8), (0.7, 0.86)] {
        let exact = process.passage(libm::log(threshold / ltv), MONTH).unwrap();
        for (steps, paths, seed) in [(30, 200_000, 1), (1, 200_000, 2), (720, 20_000, 3)] {
            let (any, by_jump) = passages(&model, ltv / threshold, steps, paths, seed);
            assert_share(any, exact.any, paths, &format!("any, {steps} steps"));
            assert_share(by_jump, exact.by_jump, paths, &format!("by a jump, {steps} steps"));
        }
    }
}

#[test]
fn black_cox_first_passage_at_any_number_of_steps() {
    let model =
        single(JumpDiffusion { volatility: 0.8, growth: 0.0, jumps: KouJumps::NONE, crash_loading: 0.0 });
    let exact = black_cox::first_passage(0.75, -0.32, 0.8, MONTH);
    for (steps, paths, seed) in [(30, 200_000, 4), (1, 200_000, 5), (720, 20_000, 6)] {
        let (any, by_jump) = passages(&model, 0.75, steps, paths, seed);
        assert_share(any, exact, paths, &format!("{steps} steps"));
        assert_eq!(by_jump, 0.0);
    }
}

/// Driftless assets keep their expected price at 1 through jumps, crashes and both states; so does it for any start.
#[test]
fn prices_are_martingales() {
    for start in [Start::Stationary, Start::Calm, Start::Stressed] {
        let mut parameters = rich();
        parameters.regime.as_mut().unwrap().start = start;
        let model = Model::new(parameters).unwrap();
        let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
        let paths = 100_000;
        for symbol in ["BTC", "ETH"] {
            let column = model.column(symbol).unwrap();
            let (mut sum, mut squares) = (0.0, 0.0);
            for index in 0..paths {
                model.simulate(MONTH, 3, 77, index, &mut path, &mut scratch).unwrap();
                let last = path.after[(path.len() - 1) * path.assets + column];
                sum += last;
                squares += last * last;
            }
            let n = paths as f64;
            let mean = sum / n;
            let standard_error = ((squares / n - mean * mean) / n).sqrt();
            assert!(
                (mean - 1.0).abs() < 4.0 * standard_error,
                "{symbol} {start:?}: {mean} +- {standard_error}"
            );
            assert!(standard_error < 2e-3);
        }
    }
}

/// Path i has the same bits whatever buffers it is written to and whatever was simulated before.
#[test]
fn a_path_depends_on_its_address_alone() {
    let model = Model::new(rich()).unwrap();
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    let mut kept = Vec::new();
    for index in [5, 0, 9_000_000_000, 5, 2] {
        model.simulate(MONTH, 30, 3, index, &mut path, &mut scratch).unwrap();
        let mut fresh = PricePath::default();
        model.simulate(MONTH, 30, 3, index, &mut fresh, &mut Scratch::default()).unwrap();
        // Another horizon and another model in between must leave no trace in the buffers.
        single(kou()).simulate(1.0, 7, 3, index, &mut PricePath::default(), &mut scratch).unwrap();
        for (a, b) in [(&path.low, &fresh.low), (&path.close, &fresh.close), (&path.after, &fresh.after)] {
            assert_eq!(a.len(), fresh.len() * 6);
            assert!(a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
        assert_eq!((&path.time, &path.stressed), (&fresh.time, &fresh.stressed));
        kept.push(path.close.clone());
    }
    assert_eq!(kept[0], kept[3]);
    assert_ne!(kept[0], kept[4]);
}

/// Jump times, jump sizes and the regime are the same for any number of steps.
#[test]
fn jumps_do_not_depend_on_the_steps() {
    let model = Model::new(rich()).unwrap();
    let mut jumps: Vec<Vec<(u64, u64)>> = Vec::new();
    for steps in [1, 30, 113] {
        let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
        let mut seen = Vec::new();
        for index in 0..200 {
            model.simulate(MONTH, steps, 8, index, &mut path, &mut scratch).unwrap();
            for k in 0..path.len() {
                let cell = k * path.assets;
                let size = libm::log(path.after[cell] / path.close[cell]);
                if size != 0.0 {
                    seen.push((path.time[k].to_bits(), (size * 1e9).round().to_bits()));
                }
            }
        }
        jumps.push(seen);
    }
    assert!(jumps[0].len() > 300);
    assert!(jumps.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Shape of a path: times rise to the horizon, the low bounds both ends, pairs are the ratio of their assets.
#[test]
fn paths_are_well_formed() {
    let model = Model::new(rich()).unwrap();
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    let pair = model.pair_column("BTC", "ETH").unwrap();
    let basis = model.pair_column("wstETH", "ETH").unwrap();
    let (btc, eth, wst) =
        (model.column("BTC").unwrap(), model.column("ETH").unwrap(), model.column("wstETH").unwrap());
    let mut stressed = 0.0;
    for index in 0..2000 {
        model.simulate(1.0, 12, 4, index, &mut path, &mut scratch).unwrap();
        assert!(path.time.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(*path.time.last().unwrap(), 1.0);
        let mut last = 0.0;
        for k in 0..path.len() {
            if path.stressed[k] {
                stressed += path.time[k] - last;
            }
            last = path.time[k];
            let row = k * 6..(k + 1) * 6;
            let (low, close, after) = (&path.low[row.clone()], &path.close[row.clone()], &path.after[row]);
            for column in 0..6 {
                let open = if k == 0 { 1.0 } else { path.after[(k - 1) * 6 + column] };
                assert!(low[column] > 0.0 && low[column] <= close[column] && low[column] <= open);
            }
            assert!((after[pair] * after[eth] / after[btc] - 1.0).abs() < 1e-12);
            assert!((after[basis] * after[eth] / after[wst] - 1.0).abs() < 1e-12);
        }
    }
    // Share of time under stress: 6 / 36, and its standard error over 2000 years of spells (0.1 years a cycle).
    assert!((stressed / 2000.0 - 1.0 / 6.0).abs() < 0.008, "{}", stressed / 2000.0);
}

/// Long after the start the basis of a peg has the Ornstein-Uhlenbeck variance plus that of the depegs.
#[test]
fn a_peg_reverts() {
    let model = Model::new(rich()).unwrap();
    let column = model.column("USDC").unwrap();
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    let n = 20_000;
    let (mut sum, mut squares) = (0.0, 0.0);
    for index in 0..n {
        model.simulate(0.5, 5, 21, index, &mut path, &mut scratch).unwrap();
        let basis = libm::log(path.after[(path.len() - 1) * 6 + column]);
        sum += basis;
        squares += basis * basis;
    }
    let mean = sum / n as f64;
    let variance = squares / n as f64 - mean * mean;
    // Shot noise: mean -rate size / reversion; variance v^2 / 2k + rate E[size^2] / 2k.
    let exact_mean = -2.0 * 0.02 / 50.0;
    let exact_variance = (0.02 * 0.02 + 2.0 * 2.0 * 0.02 * 0.02) / 100.0;
    assert!((mean - exact_mean).abs() < 4.0 * (exact_variance / n as f64).sqrt(), "{mean} {exact_mean}");
    // The fourth moment of rare exponential depegs makes the variance's own error about 6 % of it here.
    assert!((variance / exact_variance - 1.0).abs() < 0.25, "{variance} {exact_variance}");
}

#[test]
fn impossible_parameters_are_refused() {
    let refused = |change: &dyn Fn(&mut ModelParameters)| {
        let mut parameters = rich();
        change(&mut parameters);
        Model::new(parameters).unwrap_err()
    };
    assert_eq!(refused(&|p| p.assets.clear()), ModelError::NoAssets);
    assert!(matches!(refused(&|p| p.assets[0].symbol = "ETH".into()), ModelError::DuplicateAsset { .. }));
    assert!(matches!(refused(&|p| p.assets[2].symbol = "WETH".into()), ModelError::UnknownAsset { .. }));
    assert!(matches!(refused(&|p| p.pairs[0].1 = "DAI".into()), ModelError::UnknownAsset { .. }));
    assert!(matches!(refused(&|p| p.correlation.truncate(1)), ModelError::CorrelationShape { expected: 2 }));
    assert!(matches!(refused(&|p| p.correlation[0][1] = 0.7), ModelError::CorrelationShape { .. }));
    let indefinite = refused(&|p| p.correlation = vec![vec![1.0, 1.2], vec![1.2, 1.0]]);
    assert_eq!(indefinite, ModelError::CorrelationIndefinite);
    assert!(matches!(
        refused(&|p| p.crash.as_mut().unwrap().floor = f64::NAN),
        ModelError::OutOfRange { .. }
    ));
    // In the stress state sizes double: a rate of 2 would leave the price without a mean.
    let heavy = refused(&|p| {
        let seawall_actuary::price::Dynamics::JumpDiffusion(d) = &mut p.assets[0].dynamics else { panic!() };
        d.jumps.up_rate = 2.0;
    });
    assert!(matches!(heavy, ModelError::OutOfRange { .. }));
    let model = Model::new(rich()).unwrap();
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    for (horizon, steps) in [(0.0, 1), (f64::NAN, 1), (f64::INFINITY, 1), (1.0, 0)] {
        assert!(model.simulate(horizon, steps, 1, 1, &mut path, &mut scratch).is_err());
    }
}
