//! Calibration: histories simulated from known parameters give these back within the stated standard errors;
//! what is left out is reported; what cannot be calibrated is refused. Seeds are fixed.

mod price_support;

use price_support::{HOURS_PER_YEAR, START, check_deviations, off, simulated};
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::calibrate::{
    Calibration, CalibrationError, CalibrationOptions, CorrelationMethod, CrashTail, Estimate, JumpFloor,
    StressOptions, calibrate,
};
use seawall_actuary::price::{
    AssetModel, CommonCrash, HistoryError, JumpDiffusion, KouJumps, Model, ModelParameters, Multipliers,
    PriceHistory, Regime, Start,
};

fn two_assets(jumps: KouJumps, crash: Option<CommonCrash>, regime: Option<Regime>) -> ModelParameters {
    let asset = |volatility, crash_loading| JumpDiffusion { volatility, growth: 0.0, jumps, crash_loading };
    ModelParameters {
        assets: vec![
            AssetModel::jump_diffusion("A", asset(0.6, 0.8)),
            AssetModel::jump_diffusion("B", asset(0.8, 1.2)),
        ],
        correlation: vec![vec![1.0, 0.7], vec![0.7, 1.0]],
        crash,
        regime,
        pairs: Vec::new(),
    }
}

/// Every figure of eight independent histories: none further than four standard errors from the truth, and the
/// errors as large as stated (root mean square of the standardised deviations near one).
#[test]
fn kou_jumps_and_crashes_are_recovered() {
    let jumps = KouJumps {
        intensity: 50.0,
        up_probability: 0.4,
        up_rate: 25.0,
        down_rate: 18.0,
        up_floor: 0.0,
        down_floor: 0.0,
    };
    let crash =
        CommonCrash { intensity: 15.0, floor: 0.045, excess: GeneralisedPareto { shape: 0.0, scale: 0.05 } };
    let options = CalibrationOptions {
        jump_floor: JumpFloor::AtZero,
        crash_tail: CrashTail::Exponential,
        crash_run: 0,
        stress: None,
        spike_limit: 5.0,
        ..CalibrationOptions::default()
    };
    let mut deviations: Vec<(&str, f64)> = Vec::new();
    for seed in 0..8 {
        let history = simulated(two_assets(jumps, Some(crash), None), 5, seed);
        let fit = calibrate(&history, &["A", "B"], &options).unwrap();
        let mut push = |name, estimate, truth| deviations.push((name, off(estimate, truth)));
        for (asset, volatility, loading) in [(&fit.assets[0], 0.6, 0.8), (&fit.assets[1], 0.8, 1.2)] {
            push("volatility", asset.volatility, volatility);
            push("intensity", asset.jumps.intensity, 50.0);
            push("up probability", asset.jumps.up_probability, 0.4);
            push("up rate", asset.jumps.up_rate, 25.0);
            push("down rate", asset.jumps.down_rate, 18.0);
            push("loading", asset.crash_loading, loading);
        }
        let fitted = fit.crash.unwrap();
        push("crash intensity", fitted.intensity, 15.0);
        // What is fitted is the excess over the smallest crash that would be seen, close below the true floor.
        assert!((0.035..0.045).contains(&fitted.floor), "{}", fitted.floor);
        let mean = Estimate { value: fitted.floor + fitted.scale.value, ..fitted.scale };
        push("crash mean size", mean, 0.095);
        let correlation =
            Estimate { value: fit.correlation.matrix[0][1], standard_error: fit.correlation_error[0][1] };
        push("correlation", correlation, 0.7);
        assert!(fit.regime.is_none());
    }
    check_deviations(&deviations);
}

/// With the floor at the threshold the model's jumps beyond any larger size are as frequent as the true ones.
#[test]
fn the_tail_beyond_the_threshold_is_recovered() {
    let jumps = KouJumps {
        intensity: 60.0,
        up_probability: 0.5,
        up_rate: 25.0,
        down_rate: 20.0,
        up_floor: 0.0,
        down_floor: 0.0,
    };
    let history = simulated(two_assets(jumps, None, None), 8, 41);
    let options = CalibrationOptions { stress: None, ..CalibrationOptions::default() };
    let fit = calibrate(&history, &["A", "B"], &options).unwrap();
    for asset in &fit.assets {
        let fitted = asset.jumps.parameters();
        let rate = |jumps: &KouJumps, size: f64| {
            jumps.intensity
                * (1.0 - jumps.up_probability)
                * libm::exp(-jumps.down_rate * (size - jumps.down_floor))
        };
        let (truth, found) = (rate(&jumps, 0.10), rate(&fitted, 0.10));
        // About 33 true jumps of that size in eight years: four standard errors are 70 %.
        assert!((found / truth - 1.0).abs() < 0.7, "{found} {truth}");
        assert!(fitted.down_floor > 0.03 && fitted.intensity < 40.0, "{fitted:?}");
    }
}

fn with_stress() -> ModelParameters {
    let regime = Regime {
        to_stress: 4.0,
        to_calm: 12.0,
        stress: Multipliers {
            volatility: 2.5,
            jump_intensity: 1.0,
            jump_size: 2.5,
            crash_intensity: 1.0,
            crash_size: 2.5,
        },
        start: Start::Calm,
    };
    two_assets(KouJumps::NONE, None, Some(regime))
}

/// Stress spells of 30 days, a quarter of the time: rates and multiplier come back. The rolling window (72 hours) sees each switch late,
/// so each spell mixes at most 72 hours of calm into stress and 72 of stress into calm.
#[test]
fn stress_is_recovered() {
    let history = simulated(with_stress(), 12, 5);
    let fit = calibrate(&history, &["A", "B"], &CalibrationOptions::default()).unwrap();
    let regime = fit.regime.unwrap();
    assert!(off(regime.to_stress, 4.0).abs() < 4.0, "{:?}", regime.to_stress);
    assert!(off(regime.to_calm, 12.0).abs() < 4.0, "{:?}", regime.to_calm);
    let report = &fit.report;
    let delayed = 72.0 * report.stress_spells as f64 / report.rows as f64;
    let stress_variance = 6.25 - 5.25 * delayed / report.stress_share;
    let calm_variance = 1.0 + 5.25 * delayed / (1.0 - report.stress_share);
    let (lowest, error) = ((stress_variance / calm_variance).sqrt(), regime.volatility.standard_error);
    let value = regime.volatility.value;
    assert!(value > lowest - 4.0 * error && value < 2.5 + 4.0 * error, "{value} +- {error}");
    let volatility = fit.assets[0].volatility.value;
    assert!(volatility > 0.59 && volatility < 0.6 * calm_variance.sqrt(), "{volatility}");
    assert!(fit.report.stress_spells > 25);
    assert!((fit.report.stress_share - 0.25).abs() < 0.1, "{}", fit.report.stress_share);
    // A history without stress shows none.
    let calm = simulated(two_assets(KouJumps::NONE, None, None), 3, 6);
    assert_eq!(calibrate(&calm, &["A", "B"], &CalibrationOptions::default()).unwrap().regime, None);
}

/// However the states are told apart, the two together carry the variance that the history has.
#[test]
fn the_states_share_out_the_variance() {
    let history = simulated(with_stress(), 4, 9);
    let fit = calibrate(&history, &["A", "B"], &CalibrationOptions::default()).unwrap();
    let share = fit.report.stress_share;
    let regime = fit.parameters().regime.unwrap();
    for (asset, report) in fit.assets.iter().zip(&fit.report.assets) {
        let stress = regime.stress.volatility;
        let jumps = asset.jumps.parameters().variance()
            * (1.0 - share + share * regime.stress.jump_intensity * stress * stress);
        let diffusion =
            asset.volatility.value * asset.volatility.value * (1.0 - share + share * stress * stress);
        let total = (diffusion + jumps).sqrt();
        assert!((total / report.realised_volatility - 1.0).abs() < 0.02, "{total} {report:?}");
    }
    Model::new(fit.parameters()).unwrap();
}

#[test]
fn ewma_follows_the_latest_correlation() {
    let mut early = two_assets(KouJumps::NONE, None, None);
    early.correlation = vec![vec![1.0, 0.1], vec![0.1, 1.0]];
    let late = two_assets(KouJumps::NONE, None, None);
    let (mut history, tail) = (simulated(early, 1, 1), simulated(late, 1, 2));
    for (column, more) in history.closes.iter_mut().zip(&tail.closes) {
        let scale = column.last().unwrap() / more[0];
        column.extend(more[1..].iter().map(|close| close * scale));
    }
    let rho = |correlation| {
        let options = CalibrationOptions { correlation, ..CalibrationOptions::default() };
        let fit = calibrate(&history, &["A", "B"], &options).unwrap();
        Estimate { value: fit.correlation.matrix[0][1], standard_error: fit.correlation_error[0][1] }
    };
    let ewma = rho(CorrelationMethod::Ewma { half_life_days: 30.0 });
    assert!(off(ewma, 0.7).abs() < 4.0, "{ewma:?}");
    let full = rho(CorrelationMethod::FullSample);
    assert!(off(full, (0.1 + 0.7) / 2.0).abs() < 4.0 && full.standard_error < ewma.standard_error);
}

/// Plain history to spoil in the tests below.
fn plain() -> PriceHistory {
    simulated(two_assets(KouJumps::NONE, None, None), 1, 3)
}

fn fit(history: &PriceHistory, options: &CalibrationOptions) -> Calibration {
    calibrate(history, &["A", "B"], options).unwrap()
}

#[test]
fn gaps_windows_and_bad_prints_are_left_out_and_reported() {
    let options = CalibrationOptions { stress: None, ..CalibrationOptions::default() };
    let clean = fit(&plain(), &options);
    assert_eq!(clean.report.assets[0].returns, HOURS_PER_YEAR);
    assert_eq!(clean.report.assets[0].up_jumps + clean.report.assets[0].down_jumps, 0);

    let mut history = plain();
    // A gap of three hours costs four returns.
    history.closes[0][100..103].fill(f64::NAN);
    // A print that is gone an hour later costs two.
    history.closes[0][500] *= 3.0;
    // A crash of both assets, inside a window held out below.
    for column in &mut history.closes {
        for close in &mut column[4000..] {
            *close *= 0.6;
        }
    }
    let held =
        CalibrationOptions { hold_out: vec![(START + 3990 * 3600, START + 4010 * 3600)], ..options.clone() };
    let fitted = fit(&history, &held);
    let report = &fitted.report;
    // Twenty rows, and the return out of the window.
    assert_eq!(report.held_out_rows, 20);
    assert_eq!(report.assets[0].returns, HOURS_PER_YEAR - 4 - 2 - 21);
    assert_eq!(report.assets[1].returns, HOURS_PER_YEAR - 21);
    assert_eq!((report.assets[0].missing, report.assets[0].longest_gap), (3, 3));
    assert_eq!(report.rejected.len(), 1);
    assert_eq!((report.rejected[0].asset.as_str(), report.rejected[0].time), ("A", START + 500 * 3600));
    assert_eq!(report.assets[1].down_jumps, 0);
    let change = fitted.assets[1].volatility.value / clean.assets[1].volatility.value - 1.0;
    assert!(change.abs() < 0.005);
    // Not held out, one joint fall is too little for a common crash and counts as a jump of each.
    let open = fit(&history, &options);
    assert_eq!(open.crash, None);
    assert_eq!((open.report.assets[0].down_jumps, open.report.assets[1].down_jumps), (1, 1));
}

/// Hours in which both assets fall within a day are one crash of their summed size.
#[test]
fn crash_hours_within_a_day_are_one_crash() {
    let mut history = plain();
    for row in [1000, 1002, 1010, 3000, 5000, 5030, 7000] {
        for column in &mut history.closes {
            for close in &mut column[row..] {
                *close *= 0.9;
            }
        }
    }
    let options = CalibrationOptions { stress: None, ..CalibrationOptions::default() };
    let report = fit(&history, &options).report;
    let found: Vec<(u64, usize)> =
        report.crashes.iter().map(|crash| ((crash.time - START) / 3600, crash.rows)).collect();
    assert_eq!(found, [(1000, 3), (3000, 1), (5000, 1), (5030, 1), (7000, 1)]);
    assert!((report.crashes[0].fall + 3.0 * libm::log(0.9)).abs() < 0.05);
}

#[test]
fn what_cannot_be_calibrated_is_refused() {
    let refused = |assets: &[&str], spoil: &dyn Fn(&mut PriceHistory, &mut CalibrationOptions)| {
        let (mut history, mut options) = (plain(), CalibrationOptions::default());
        spoil(&mut history, &mut options);
        calibrate(&history, assets, &options).unwrap_err()
    };
    let both = &["A", "B"];
    let history = |error: CalibrationError| match error {
        CalibrationError::History(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(refused(&[], &|_, _| {}), CalibrationError::NoAssets);
    assert_eq!(refused(&["A", "A"], &|_, _| {}), CalibrationError::DuplicateAsset { asset: "A".into() });
    assert_eq!(history(refused(&["A", "C"], &|_, _| {})), HistoryError::AssetMissing { asset: "C".into() });
    let zero = history(refused(both, &|h, _| h.closes[1][7] = 0.0));
    assert_eq!(zero, HistoryError::NotPositive { asset: "B".into(), time: START + 7 * 3600, close: 0.0 });
    let infinite = history(refused(both, &|h, _| h.closes[0][9] = f64::INFINITY));
    assert_eq!(infinite, HistoryError::Infinite { asset: "A".into(), time: START + 9 * 3600 });
    let missing = history(refused(both, &|h, _| h.closes[0].fill(f64::NAN)));
    assert_eq!(missing, HistoryError::AllMissing { asset: "A".into() });
    let unequal = history(refused(both, &|h, _| h.closes[1].truncate(10)));
    assert!(matches!(unequal, HistoryError::UnequalLength { rows: 10, .. }));
    assert_eq!(history(refused(both, &|h, _| h.step = 0)), HistoryError::ZeroStep);
    assert_eq!(history(refused(both, &|h, _| h.closes.iter_mut().for_each(Vec::clear))), HistoryError::Empty);
    let columns = history(refused(both, &|h, _| h.closes.truncate(1)));
    assert_eq!(columns, HistoryError::ColumnCount { symbols: 2, columns: 1 });
    let short = refused(both, &|h, _| h.closes.iter_mut().for_each(|c| c.truncate(1000)));
    assert_eq!(short, CalibrationError::TooShort { asset: "A".into(), returns: 999, needed: 1440 });
    for window in [(START - 100, START), (START + 40_000_000, START + 50_000_000), (START + 9, START + 9)] {
        let error = refused(both, &|_, o| o.hold_out = vec![window]);
        assert!(matches!(error, CalibrationError::WindowOutOfRange { .. }), "{error}");
    }
    let flat = refused(both, &|h, _| h.closes[1].fill(1.0));
    assert_eq!(flat, CalibrationError::NoMovement { asset: "B".into() });
    let options: [&dyn Fn(&mut CalibrationOptions); 4] = [
        &|o| o.jump_threshold = f64::NAN,
        &|o| o.crash_share = 1.5,
        &|o| o.crash_tail = CrashTail::GeneralisedPareto { shape_min: -0.1 },
        &|o| o.stress = Some(StressOptions { leave: 3.0, ..StressOptions::default() }),
    ];
    for change in options {
        let error = refused(both, &|_, o| change(o));
        assert!(matches!(error, CalibrationError::OptionOutOfRange { .. }), "{error}");
    }
}
