//! Calibration of pegs: recovered from simulated histories, zero depegs become a stated prior, both directions are
//! reported, recoveries are no jumps. Seeds are fixed; bounds are standard errors.

mod price_support;

use price_support::{START, check_deviations, off, simulated};
use seawall_actuary::price::calibrate::{
    CalibrationError, CalibrationOptions, PegFit, PegLevel, PegOptions, PegPrior, PegSource, calibrate,
    calibrate_peg,
};
use seawall_actuary::price::{
    AssetModel, HistoryError, JumpDiffusion, Model, ModelParameters, Peg, PriceHistory,
};
use seawall_actuary::random::Stream;

const TRUE: Peg = Peg {
    reference: None,
    reversion: 60.0,
    volatility: 0.04,
    depeg_intensity: 8.0,
    depeg_size: 0.04,
    premium_intensity: 0.0,
    premium_size: 0.0,
};

fn peg_history(peg: Peg, years: usize, seed: u64) -> PriceHistory {
    let mut assets = Vec::new();
    let mut correlation = Vec::new();
    if let Some(reference) = &peg.reference {
        assets.push(AssetModel::jump_diffusion(reference, JumpDiffusion::brownian(0.7, 0.0)));
        correlation.push(vec![1.0]);
    }
    assets.push(AssetModel::peg("P", peg));
    let mut history =
        simulated(ModelParameters { assets, correlation, ..ModelParameters::default() }, years, seed);
    // The helper begins at 100, a dollar token at 1.
    history.closes.last_mut().unwrap().iter_mut().for_each(|close| *close /= 100.0);
    if history.assets.len() > 1 {
        history.closes[0].iter_mut().for_each(|close| *close /= 100.0);
    }
    history
}

fn fit(history: &PriceHistory, reference: Option<&str>) -> PegFit {
    calibrate_peg(history, "P", reference, &PegOptions::default()).unwrap()
}

/// Hourly histories of five years, against the quote currency and against a moving asset: every figure within four
/// standard errors, which are as large as stated.
#[test]
fn pegs_are_recovered() {
    let mut deviations = Vec::new();
    for seed in 0..12 {
        let reference = (seed % 2 == 1).then_some("X");
        let history = peg_history(Peg { reference: reference.map(str::to_owned), ..TRUE }, 5, seed);
        let fit = fit(&history, reference);
        assert_eq!((fit.source, fit.reference.as_deref()), (PegSource::Fitted, reference));
        deviations.push(("reversion", off(fit.reversion, TRUE.reversion)));
        deviations.push(("volatility", off(fit.volatility, TRUE.volatility)));
        deviations.push(("intensity", off(fit.depeg_intensity, TRUE.depeg_intensity)));
        deviations.push(("size", off(fit.depeg_size, TRUE.depeg_size)));
        let report = fit.report.as_ref().unwrap();
        assert!(report.above.events.is_empty() && report.recoveries == 0, "{:?}", report.above);
        assert!(report.lowest.0 < -0.05 && report.highest.0 < 0.03);
        Model::new(ModelParameters {
            assets: vec![AssetModel::peg("P", Peg { reference: None, ..fit.parameters() })],
            ..ModelParameters::default()
        })
        .unwrap();
    }
    check_deviations(&deviations);
}

/// Jumps above par beside the depegs: each direction is recovered, and the mean of the basis is that of both.
#[test]
fn jumps_above_par_are_recovered() {
    let truth = Peg { premium_intensity: 6.0, premium_size: 0.03, ..TRUE };
    let mut deviations = Vec::new();
    let (mut sum, mut rows) = (0.0, 0.0);
    for seed in 100..112 {
        let history = peg_history(truth.clone(), 5, seed);
        let fit = fit(&history, None);
        assert!(!fit.premium_stated && fit.source == PegSource::Fitted);
        deviations.push(("depegs", off(fit.depeg_intensity, truth.depeg_intensity)));
        deviations.push(("depeg size", off(fit.depeg_size, truth.depeg_size)));
        deviations.push(("premiums", off(fit.premium_intensity, truth.premium_intensity)));
        deviations.push(("premium size", off(fit.premium_size, truth.premium_size)));
        assert_eq!(fit.parameters().premium_size, fit.premium_size.value);
        sum += history.closes[0].iter().map(|close| libm::log(*close)).sum::<f64>();
        rows += history.closes[0].len() as f64;
    }
    check_deviations(&deviations);
    // Compound Poisson sizes that fade: mean rate x size / reversion, here (0.18 - 0.32) / 60.
    let mean = sum / rows;
    assert!((mean + 0.14 / 60.0).abs() < 4.0 * 2e-4, "{mean}");
}

/// A peg that never left par is not taken to be safe: the prior's depegs, thinned by the years that passed without one.
#[test]
fn without_a_depeg_the_prior_is_stated() {
    let calm = Peg { reversion: 2000.0, volatility: 0.03, depeg_intensity: 0.0, ..TRUE };
    let prior = PegPrior::default();
    let mut last = f64::INFINITY;
    for years in [1, 4] {
        let fit = fit(&peg_history(calm.clone(), years, 3), None);
        let PegSource::Stated { prior: used, observed, years: seen, bound95 } = fit.source else {
            panic!("{fit:?}")
        };
        assert_eq!((used, observed), (prior, 0));
        assert!((seen - years as f64).abs() < 1e-9);
        // Two depegs expected in the prior's four years, spread over these and those seen.
        assert!((fit.depeg_intensity.value - 2.0 / (4.0 + seen)).abs() < 1e-12);
        assert!((bound95 - 2.995_732_274 / seen).abs() < 1e-6);
        assert!(fit.depeg_intensity.value < last && fit.depeg_intensity.value < bound95);
        last = fit.depeg_intensity.value;
        assert_eq!(fit.depeg_size.value, prior.depeg_size);
        // Noise comes back in hours; a depeg is not believed to. The spread around par stays.
        assert_eq!(fit.reversion.value, prior.reversion);
        let spread = |reversion: f64, volatility: f64| volatility / (2.0 * reversion).sqrt();
        let kept = spread(fit.reversion.value, fit.volatility.value) / spread(2000.0, 0.03);
        assert!((kept - 1.0).abs() < 0.05, "{kept}");
        let own = fit.report.as_ref().unwrap().reversion;
        assert!(off(own, 2000.0).abs() < 4.0, "{own:?}");
    }
    // Nothing known at all: everything stated.
    let stated = PegFit::stated("P", Some("X"), prior);
    assert!(stated.report.is_none() && stated.depeg_intensity.value == prior.depeg_intensity);
    assert!(stated.depeg_size.standard_error.is_infinite());
    assert!(matches!(stated.source, PegSource::Stated { observed: 0, bound95, .. } if bound95.is_infinite()));
    assert!(stated.premium_stated && stated.premium_intensity.value == prior.premium_intensity);
    assert_eq!(stated.figures().len(), 6);
}

/// Daily closes with one depeg of three days, its recovery in jumps, and one spell above par.
fn daily() -> PriceHistory {
    let mut stream = Stream::new(9, 0, 0);
    let mut closes: Vec<f64> = (0..800).map(|_| libm::exp(0.0004 * stream.normal())).collect();
    for (day, close) in [(300, 0.96), (301, 0.93), (302, 0.975), (303, 0.998), (500, 1.03), (501, 1.012)] {
        closes[day] = close;
    }
    PriceHistory { assets: vec!["P".into()], start: START, step: 86_400, closes: vec![closes] }
}

#[test]
fn depegs_spells_above_par_and_recoveries_are_told_apart() {
    let fit = fit(&daily(), None);
    let report = fit.report.as_ref().unwrap();
    let [depeg] = report.below.events[..] else { panic!("{:?}", report.below) };
    assert_eq!((depeg.time, depeg.rows), (START + 300 * 86_400, 2));
    assert!((depeg.furthest - libm::log(0.93)).abs() < 1e-12 && depeg.size > 0.06);
    let [above] = report.above.events[..] else { panic!("{:?}", report.above) };
    assert_eq!((above.time, above.rows), (START + 500 * 86_400, 1));
    assert!((above.size - libm::log(1.03)).abs() < 0.002);
    // Of days 302, 303, 501 and 502, those beyond what the fitted reversion brings back.
    assert!((1..=4).contains(&report.recoveries), "{}", report.recoveries);
    assert_eq!(report.lowest, (libm::log(0.93), START + 301 * 86_400));
    assert_eq!(report.highest, (libm::log(1.03), START + 500 * 86_400));
    // One depeg is too few to go by.
    assert!(matches!(fit.source, PegSource::Stated { observed: 1, .. }), "{:?}", fit.source);
    assert!(fit.depeg_size.value > 0.05 && fit.depeg_size.value < 0.07, "{:?}", fit.depeg_size);
    assert_eq!(fit.figures().len(), 6);
    // One jump above par shifts the prior, whose one in four years counts as one.
    let seen = 799.0 / 365.0;
    assert!(fit.premium_stated && (fit.premium_intensity.value - 2.0 / (4.0 + seen)).abs() < 1e-9);
    assert!((fit.premium_size.value - 0.5 * (0.02 + report.above.size.value)).abs() < 1e-12);
    // The window of the depeg held out, nothing is left of it.
    let window = (START + 299 * 86_400, START + 305 * 86_400);
    let options = PegOptions { hold_out: vec![window], ..PegOptions::default() };
    let without = calibrate_peg(&daily(), "P", None, &options).unwrap();
    let report = without.report.unwrap();
    assert!(report.below.events.is_empty() && report.held_out_rows == 6);
}

/// A token whose ratio is not 1 is measured against its median.
#[test]
fn the_level_can_be_the_median() {
    let mut history = peg_history(TRUE, 2, 7);
    let plain = fit(&history, None);
    history.closes[0].iter_mut().for_each(|close| *close *= 1.17);
    let options = PegOptions { level: PegLevel::Median, ..PegOptions::default() };
    let scaled = calibrate_peg(&history, "P", None, &options).unwrap();
    let level = scaled.report.as_ref().unwrap().level;
    assert!((level - libm::log(1.17)).abs() < 0.003, "{level}");
    let (a, b) = (plain.depeg_intensity.value, scaled.depeg_intensity.value);
    assert!((a / b - 1.0).abs() < 0.1, "{a} {b}");
}

/// Pegs join a calibrated model.
#[test]
fn pegs_join_the_other_assets() {
    let peg = Peg { reference: Some("X".into()), ..TRUE };
    let history = peg_history(peg, 2, 8);
    let options = CalibrationOptions { stress: None, ..CalibrationOptions::default() };
    let base = calibrate(&history, &["X"], &options).unwrap();
    let fit = fit(&history, Some("X"));
    let model = Model::new(base.parameters_with(&[fit])).unwrap();
    assert_eq!((model.column("X"), model.column("P"), model.columns()), (Some(0), Some(1), 2));
}

#[test]
fn what_cannot_be_calibrated_is_refused() {
    let history = daily();
    let refuse = |history: &PriceHistory, asset, reference, options: &PegOptions| {
        calibrate_peg(history, asset, reference, options).unwrap_err()
    };
    let plain = PegOptions::default();
    let missing = CalibrationError::History(HistoryError::AssetMissing { asset: "Q".into() });
    assert_eq!(refuse(&history, "Q", None, &plain), missing);
    assert_eq!(refuse(&history, "P", Some("Q"), &plain), missing);
    let mut short = daily();
    short.closes[0].truncate(100);
    let expected = CalibrationError::TooShort { asset: "P".into(), returns: 99, needed: 180 };
    assert_eq!(refuse(&short, "P", None, &plain), expected);
    for options in [
        PegOptions { threshold: f64::NAN, ..plain.clone() },
        PegOptions { depeg_min: 0.0, ..plain.clone() },
        PegOptions { prior: PegPrior { depeg_intensity: 0.0, ..PegPrior::default() }, ..plain.clone() },
    ] {
        assert!(matches!(refuse(&history, "P", None, &options), CalibrationError::OptionOutOfRange { .. }));
    }
    let window = PegOptions { hold_out: vec![(5, 5)], ..plain };
    assert!(matches!(refuse(&history, "P", None, &window), CalibrationError::WindowOutOfRange { .. }));
    // A peg that never moves is no error: its volatility is zero and its depegs are the prior's.
    let mut flat = daily();
    flat.closes[0].fill(1.0);
    let fit = fit(&flat, None);
    assert_eq!(fit.volatility.value, 0.0);
    assert!(matches!(fit.source, PegSource::Stated { observed: 0, .. }));
}
