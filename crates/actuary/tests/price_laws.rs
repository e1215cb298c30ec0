//! The choice of the law of own jumps: each is recovered from histories that follow it, the comparison finds the right
//! one, and the figures of a fit are complete. Seeds are fixed; bounds are standard errors.

mod price_support;

use price_support::{START, check_deviations, off, simulated};
use seawall_actuary::price::calibrate::{
    AssetFit, Calibration, CalibrationOptions, CorrelationMethod, CrashTail, Estimate, JumpFloor, Law,
    LawFit, MertonMethod, calibrate,
};
use seawall_actuary::price::{
    AssetModel, Dynamics, JumpDiffusion, KouJumps, MertonDiffusion, MertonJumps, Model, ModelParameters,
    PriceHistory,
};
use seawall_actuary::random::Stream;

const MERTON: MertonJumps = MertonJumps { intensity: 40.0, mean: -0.03, deviation: 0.06 };
const KOU: KouJumps = KouJumps {
    intensity: 40.0,
    up_probability: 0.4,
    up_rate: 25.0,
    down_rate: 18.0,
    up_floor: 0.0,
    down_floor: 0.0,
};

fn pair(make: impl Fn(&str, f64) -> AssetModel) -> ModelParameters {
    ModelParameters {
        assets: vec![make("A", 0.6), make("B", 0.8)],
        correlation: vec![vec![1.0, 0.5], vec![0.5, 1.0]],
        ..ModelParameters::default()
    }
}

fn merton(jumps: MertonJumps) -> ModelParameters {
    let dynamics = |volatility| MertonDiffusion { volatility, growth: 0.0, jumps, crash_loading: 0.0 };
    pair(|symbol, volatility| AssetModel::merton(symbol, dynamics(volatility)))
}

fn kou(jumps: KouJumps) -> ModelParameters {
    let dynamics = |volatility| JumpDiffusion { volatility, growth: 0.0, jumps, crash_loading: 0.0 };
    pair(|symbol, volatility| AssetModel::jump_diffusion(symbol, dynamics(volatility)))
}

fn options(law: Law, jump_floor: JumpFloor) -> CalibrationOptions {
    CalibrationOptions {
        law,
        jump_floor,
        crash_tail: CrashTail::Exponential,
        stress: None,
        spike_limit: 5.0,
        ..CalibrationOptions::default()
    }
}

fn fit(history: &PriceHistory, law: Law, floor: JumpFloor) -> Calibration {
    calibrate(history, &["A", "B"], &options(law, floor)).unwrap()
}

fn correlation(fit: &Calibration) -> Estimate {
    Estimate { value: fit.correlation.matrix[0][1], standard_error: fit.correlation_error[0][1] }
}

/// Normal jumps that a threshold cuts in two come back by the truncated likelihood, over eight histories and two assets.
#[test]
fn merton_jumps_are_recovered() {
    let mut deviations = Vec::new();
    for seed in 0..8 {
        let history = simulated(merton(MERTON), 5, seed);
        let fit = fit(&history, Law::Merton, JumpFloor::AtZero);
        for (asset, volatility) in fit.assets.iter().zip([0.6, 0.8]) {
            assert_eq!(asset.merton.method, MertonMethod::TruncatedLikelihood);
            deviations.push(("volatility", off(asset.volatility, volatility)));
            deviations.push(("intensity", off(asset.merton.intensity, MERTON.intensity)));
            deviations.push(("mean", off(asset.merton.mean, MERTON.mean)));
            deviations.push(("deviation", off(asset.merton.deviation, MERTON.deviation)));
        }
        deviations.push(("correlation", off(correlation(&fit), 0.5)));
    }
    check_deviations(&deviations);
}

/// Where all jumps lie beyond the threshold their moments are enough.
#[test]
fn large_normal_jumps_are_recovered_by_moments() {
    let jumps = MertonJumps { intensity: 15.0, mean: -0.25, deviation: 0.05 };
    let mut deviations = Vec::new();
    for seed in 20..28 {
        let fit = fit(&simulated(merton(jumps), 5, seed), Law::Merton, JumpFloor::AtThreshold);
        for asset in &fit.assets {
            assert_eq!(asset.merton.method, MertonMethod::Moments);
            deviations.push(("intensity", off(asset.merton.intensity, jumps.intensity)));
            deviations.push(("mean", off(asset.merton.mean, jumps.mean)));
            deviations.push(("deviation", off(asset.merton.deviation, jumps.deviation)));
        }
    }
    check_deviations(&deviations);
}

/// The Brownian law keeps the variance, jumps included, and the correlation of all moves.
#[test]
fn the_brownian_law_keeps_the_variance() {
    for seed in 30..34 {
        let history = simulated(kou(KOU), 5, seed);
        let fit = fit(&history, Law::Brownian, JumpFloor::AtThreshold);
        let whole = |volatility: f64| (volatility * volatility + KOU.variance()).sqrt();
        for (asset, volatility) in fit.assets.iter().zip([0.6, 0.8]) {
            assert_eq!(asset.volatility, asset.brownian);
            assert!(off(asset.volatility, whole(volatility)).abs() < 4.0, "{:?}", asset.volatility);
        }
        // Independent jumps dilute it.
        let diluted = 0.5 * 0.6 * 0.8 / (whole(0.6) * whole(0.8));
        assert!((fit.correlation.matrix[0][1] - diluted).abs() < 0.03, "{:?}", fit.correlation.matrix);
        let parameters = fit.parameters();
        for asset in &parameters.assets {
            let Dynamics::JumpDiffusion(dynamics) = &asset.dynamics else { panic!("{asset:?}") };
            assert_eq!(dynamics.jumps, KouJumps::NONE);
        }
        Model::new(parameters).unwrap();
    }
}

fn best(asset: &AssetFit) -> LawFit {
    *asset.comparison.laws.iter().min_by(|a, b| a.aic.total_cmp(&b.aic)).unwrap()
}

/// Akaike's criterion finds the law that the history follows; only the right tail has a ratio near one.
#[test]
fn the_comparison_finds_the_law() {
    let often = KouJumps { intensity: 150.0, up_rate: 15.0, down_rate: 10.0, ..KOU };
    let wide = MertonJumps { intensity: 150.0, mean: -0.05, deviation: 0.1 };
    for seed in 40..42 {
        for (parameters, law) in [(kou(often), Law::Kou), (merton(wide), Law::Merton)] {
            let fit = fit(&simulated(parameters, 5, seed), Law::Kou, JumpFloor::AtZero);
            for asset in &fit.assets {
                assert_eq!(best(asset).law, law, "{:?}", asset.comparison);
                let [brownian, normal, double] = asset.comparison.laws;
                assert!(brownian.tail_ratio < 0.3, "{brownian:?}");
                let right = if law == Law::Kou { double } else { normal };
                // Ten falls: the ratio is good to a third.
                assert!((0.4..2.5).contains(&right.tail_ratio), "{right:?}");
                assert!(brownian.aic - right.aic > 500.0);
                // A few rows in which both happen to fall count as common crashes.
                assert!(asset.comparison.returns > 43_700 && asset.comparison.tail_count == 10);
            }
        }
        let none = fit(&simulated(kou(KouJumps::NONE), 5, seed), Law::Kou, JumpFloor::AtThreshold);
        for asset in &none.assets {
            assert_eq!(best(asset).law, Law::Brownian);
            assert!((0.3..3.0).contains(&best(asset).tail_ratio));
        }
    }
}

/// Every figure of the chosen law is listed with error, window and observations.
#[test]
fn figures_are_complete() {
    let history = simulated(kou(KOU), 3, 50);
    let expected = [(Law::Brownian, 1), (Law::Merton, 4), (Law::Kou, 5)];
    for (law, per_asset) in expected {
        let fit = fit(&history, law, JumpFloor::AtThreshold);
        let figures = fit.figures();
        assert_eq!(figures.len(), 2 * per_asset + 1, "{figures:#?}");
        for figure in &figures {
            assert!(figure.standard_error > 0.0 && figure.value.is_finite(), "{figure:?}");
            assert_eq!((figure.from, figure.to), (START, START + (3 * 8760 + 1) * 3600));
            assert!(figure.observations > 2 && !figure.method.is_empty());
        }
        let of = |name: &str| figures.iter().find(|figure| figure.name == name).unwrap();
        assert_eq!(of("volatility").value, fit.assets[0].volatility.value);
        assert_eq!(of("correlation").subject, "A/B");
        let seen = &fit.report.assets[0];
        if law == Law::Brownian {
            assert_eq!(of("volatility").observations, seen.returns);
        } else {
            assert_eq!(of("jumps").observations, seen.up_jumps + seen.down_jumps);
            assert_eq!(of("volatility").observations, seen.quiet);
        }
        assert_eq!(seen.quiet + seen.up_jumps + seen.down_jumps, seen.returns);
        Model::new(fit.parameters()).unwrap();
    }
}

/// Three assets that were never seen all together, with correlations that cannot belong together: repaired, and said.
#[test]
fn an_impossible_correlation_is_repaired_and_reported() {
    let mut stream = Stream::new(5, 0, 0);
    let mut closes = vec![Vec::new(); 3];
    for (i, j, rho) in [(0, 1, 0.9), (0, 2, 0.9), (1, 2, -0.9)] {
        let (mut x, mut y) = (0.0, 0.0);
        for _ in 0..2000 {
            let (a, b) = (stream.normal(), stream.normal());
            x += 0.006 * a;
            y += 0.006 * (rho * a + f64::sqrt(1.0 - rho * rho) * b);
            let mut row = [f64::NAN; 3];
            (row[i], row[j]) = (100.0 * libm::exp(x), 50.0 * libm::exp(y));
            for (column, close) in closes.iter_mut().zip(row) {
                column.push(close);
            }
        }
    }
    // A price that stood still is counted.
    let before = closes[0][99];
    closes[0][100..110].fill(before);
    let assets = vec!["A".into(), "B".into(), "C".into()];
    let history = PriceHistory { assets, start: 0, step: 3600, closes };
    let correlation = CorrelationMethod::Ewma { half_life_days: 4_000.0 };
    let options = CalibrationOptions { stress: None, correlation, ..CalibrationOptions::default() };
    let fit = calibrate(&history, &["A", "B", "C"], &options).unwrap();
    let report = &fit.report.correlation;
    assert_eq!(report.method, correlation);
    assert!(report.smallest_eigenvalue < -0.5 && report.largest_change > 0.2, "{report:?}");
    assert_eq!(report.largest_change, fit.correlation.largest_change);
    assert!(report.rows > 5900.0 && report.rows <= 6000.0);
    Model::new(fit.parameters()).unwrap();
    let seen = &fit.report.assets[0];
    assert_eq!((seen.unchanged, seen.longest_unchanged, seen.missing), (10, 10, 2000));
}
