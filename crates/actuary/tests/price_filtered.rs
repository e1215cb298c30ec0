//! GJR-GARCH recovered from series with known parameters, and filtered historical simulation. Bounds are standard
//! errors; seeds are fixed.

use rayon::prelude::*;
use seawall_actuary::price::filtered::{GarchParameters, garch};
use seawall_actuary::price::{
    CalibrationOptions, FilteredError, FilteredModel, FilteredOptions, FilteredScratch, PriceHistory,
    PricePath, StartVariance,
};
use seawall_actuary::random::Stream;

const TRUE: GarchParameters = GarchParameters { omega: 4e-7, alpha: 0.04, gamma: 0.08, beta: 0.9 };

/// A residual with heavy tails (kurtosis 5.5): normal, one in twenty two and a half times as wide; variance 1.
fn heavy(stream: &mut Stream) -> f64 {
    let wide = stream.uniform() < 0.05;
    stream.normal() * if wide { 2.5 } else { 1.0 } / 1.2625_f64.sqrt()
}

fn series(seed: u64, length: usize, residual: fn(&mut Stream) -> f64) -> Vec<f64> {
    let mut stream = Stream::new(seed, 0, 0);
    let mut h = TRUE.long_run_variance();
    (0..length)
        .map(|_| {
            let r = h.sqrt() * residual(&mut stream);
            h = TRUE.next(h, r);
            r
        })
        .collect()
}

/// Over many series the estimates lie around the truth as their standard errors say: t statistics with mean near 0 and
/// about 95 % within two, for Gaussian residuals and for heavy tails, where only the robust errors are right.
#[test]
fn parameters_are_recovered_within_their_errors() {
    for (first, residual) in [(100, Stream::normal as fn(&mut Stream) -> f64), (200, heavy)] {
        let series_count = 60;
        let mut sums = [0.0; 3];
        let (mut within, mut total) = (0, 0);
        let fits: Vec<(u64, garch::GarchFit)> = (first..first + series_count)
            .into_par_iter()
            .map(|seed| (seed, garch::fit(&series(seed, 6000, residual)).unwrap().0))
            .collect();
        for (seed, fit) in fits {
            assert!(fit.converged && fit.returns == 6000);
            let found = [(fit.alpha, TRUE.alpha), (fit.gamma, TRUE.gamma), (fit.beta, TRUE.beta)];
            for (sum, (estimate, truth)) in sums.iter_mut().zip(found) {
                let t = (estimate.value - truth) / estimate.standard_error;
                assert!(t.abs() < 6.0, "seed {seed}: {fit:?}");
                *sum += t;
                within += u32::from(t.abs() < 1.96);
                total += 1;
            }
        }
        for sum in sums {
            // Small-sample bias of the order of half an error is left.
            assert!((sum / series_count as f64).abs() < 0.7, "{sums:?}");
        }
        let share = f64::from(within) / f64::from(total);
        assert!((0.85..=0.99).contains(&share), "{share}");
    }
}

/// Likelihood at the maximum is above that at the truth; the filter takes the clustering out; scale is respected.
#[test]
fn the_fit_is_a_maximum_and_removes_clustering() {
    let returns = series(7, 20_000, Stream::normal);
    let (fit, z) = garch::fit(&returns).unwrap();
    let mut truth = 0.0;
    let mut h = returns.iter().map(|r| r * r).sum::<f64>() / returns.len() as f64;
    for r in &returns {
        truth -= 0.5 * (libm::log(core::f64::consts::TAU * h) + r * r / h);
        h = TRUE.next(h, *r);
    }
    assert!(
        fit.log_likelihood > truth && fit.log_likelihood < truth + 20.0,
        "{} {truth}",
        fit.log_likelihood
    );
    let bound = 4.0 / (returns.len() as f64).sqrt();
    assert!(fit.clustering.0.abs() < bound && fit.clustering.1 > 2.0 * bound, "{:?}", fit.clustering);
    let mean_square = z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64;
    assert!((mean_square - 1.0).abs() < 0.01);
    let larger: Vec<f64> = returns.iter().map(|r| 8.0 * r).collect();
    let (scaled, _) = garch::fit(&larger).unwrap();
    assert!((scaled.omega.value / fit.omega.value / 64.0 - 1.0).abs() < 1e-3);
    assert!((scaled.beta.value - fit.beta.value).abs() < 1e-4);
    assert!((scaled.variance_now / fit.variance_now / 64.0 - 1.0).abs() < 1e-3);
    // Gaps are carried over.
    let mut gaps = returns.clone();
    gaps[500..520].fill(f64::NAN);
    let (fit, z) = garch::fit(&gaps).unwrap();
    assert_eq!(fit.returns, 19_980);
    assert!(z[510].is_nan() && z[520].is_finite());
    assert!(garch::fit(&[0.0; 100]).is_none() && garch::fit(&returns[..20]).is_none());
}

/// Two assets whose rare large falls coincide, on hourly closes.
fn history(rows: usize) -> PriceHistory {
    let mut stream = Stream::new(31, 0, 0);
    let mut h = [TRUE.long_run_variance(); 2];
    let mut logs = [0.0; 2];
    let mut closes = vec![Vec::new(), Vec::new()];
    for _ in 0..rows {
        let crash = if stream.uniform() < 0.003 { 7.0 * (1.0 + stream.exponential()) } else { 0.0 };
        for asset in 0..2 {
            closes[asset].push(100.0 * libm::exp(logs[asset]));
            let r = h[asset].sqrt() * (stream.normal() - crash);
            logs[asset] += r;
            h[asset] = TRUE.next(h[asset], 0.3 * r);
        }
    }
    PriceHistory { assets: vec!["A".into(), "B".into()], start: 0, step: 3600, closes }
}

#[test]
fn filtered_paths_are_driftless_and_keep_tails_together() {
    let options = FilteredOptions { start: StartVariance::LongRun, ..FilteredOptions::default() };
    let model = FilteredModel::fit(&history(6000), &["A", "B"], &options).unwrap();
    let report = model.report();
    assert_eq!(report.assets, ["A", "B"]);
    assert!(
        report.extremes.iter().all(|(fall, rise)| *fall < -5.0 && *rise > 2.0 && *rise < 7.0),
        "{report:?}"
    );
    let (mut path, mut scratch) = (PricePath::default(), FilteredScratch::default());
    let (paths, steps) = (40_000, 48);
    let mut sums = [[0.0; 2]; 2];
    let (mut together, mut alone) = (0, 0);
    for index in 0..paths {
        model.simulate(steps, 5, index, &mut path, &mut scratch).unwrap();
        for (sums, last) in sums.iter_mut().zip(&path.after[(steps - 1) * 2..]) {
            sums[0] += last;
            sums[1] += last * last;
        }
        for k in 0..steps {
            let jump = |asset: usize| path.after[2 * k + asset] < path.close[2 * k + asset];
            match (jump(0), jump(1)) {
                (true, true) => together += 1,
                (false, false) => {}
                _ => alone += 1,
            }
            for cell in 2 * k..2 * k + 2 {
                let open = if k == 0 { 1.0 } else { path.after[cell - 2] };
                assert!(path.low[cell] <= open && path.low[cell] <= path.close[cell] && path.low[cell] > 0.0);
            }
        }
    }
    for [sum, squares] in sums {
        let n = paths as f64;
        let mean = sum / n;
        let error = ((squares / n - mean * mean) / n).sqrt();
        assert!((mean - 1.0).abs() < 4.0 * error, "{mean} {error}");
    }
    // Independent resampling would bring two falls of a probability near 0.003 together hardly ever.
    assert!(together > 2 * alone && together > 1000, "{together} together, {alone} alone");
    assert!((path.time[steps - 1] - 48.0 / 8760.0).abs() < 1e-15 && path.len() == steps);
}

#[test]
fn a_filtered_path_depends_on_its_address_alone() {
    let model = FilteredModel::fit(&history(3000), &["B", "A"], &FilteredOptions::default()).unwrap();
    let (mut path, mut scratch) = (PricePath::default(), FilteredScratch::default());
    let mut kept = Vec::new();
    for index in [3, 0, 1 << 40, 3] {
        model.simulate(30, 9, index, &mut path, &mut scratch).unwrap();
        kept.push((path.low.clone(), path.after.clone()));
    }
    assert_eq!(kept[0], kept[3]);
    assert_ne!(kept[0], kept[1]);
    assert!(model.simulate(0, 9, 0, &mut path, &mut scratch).is_err());
    // The current variance, not the long-run one, decides the first step.
    let now = model.report().fits[0].variance_now;
    let first: f64 = (0..4000)
        .map(|index| {
            model.simulate(1, 9, index, &mut path, &mut scratch).unwrap();
            libm::log(path.after[0])
        })
        .map(|log| log * log)
        .sum::<f64>()
        / 4000.0;
    assert!((first / now - 1.0).abs() < 0.5, "{first} {now}");
}

#[test]
fn unusable_histories_are_refused() {
    let options = FilteredOptions::default();
    let fit = |history: &PriceHistory, options| FilteredModel::fit(history, &["A", "B"], options).map(|_| ());
    assert!(matches!(fit(&history(300), &options), Err(FilteredError::Calibration(_))));
    let zero = FilteredOptions { jump_threshold: 0.0, ..FilteredOptions::default() };
    assert_eq!(fit(&history(3000), &zero), Err(FilteredError::Threshold(0.0)));
    let mut flat = history(3000);
    flat.closes[1].fill(1.0);
    assert_eq!(fit(&flat, &options), Err(FilteredError::Unfit { asset: "B".into() }));
    let mut apart = history(3000);
    apart.closes[0][..1600].fill(f64::NAN);
    apart.closes[1][1580..].fill(f64::NAN);
    let short = CalibrationOptions { returns_min: 100, ..CalibrationOptions::default() };
    let options = FilteredOptions { returns: short, ..options };
    assert_eq!(fit(&apart, &options), Err(FilteredError::TooFewRows { rows: 0, needed: 50 }));
}
