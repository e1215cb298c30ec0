//! Blocks of filtered paths against the same paths row by row; pegs and pairs on filtered assets; the stress state.

use seawall_actuary::price::{
    AssetModel, BlockInterval, BlockPlan, Detail, FilteredError, FilteredModel, FilteredOptions,
    FilteredScratch, JumpDiffusion, Model, ModelError, ModelParameters, PathBlock, Peg, PriceHistory,
    PriceModel, PricePath, PriceScratch, StartVariance,
};
use seawall_actuary::random::Stream;

const YEAR: f64 = 8760.0;

/// Hourly closes of two assets: quiet and stormy months in turn, rare falls in common, rare jumps alone.
fn history(rows: usize, seed: u64) -> PriceHistory {
    let mut stream = Stream::new(seed, 0, 0);
    let (mut h, mut logs) = ([1e-5; 2], [0.0; 2]);
    let mut closes = vec![Vec::new(), Vec::new()];
    for row in 0..rows {
        let storm = if row % 2190 < 330 { 3.0 } else { 1.0 };
        let crash = if stream.uniform() < 0.003 { 7.0 * (1.0 + stream.exponential()) } else { 0.0 };
        let common = stream.normal();
        for asset in 0..2 {
            closes[asset].push(100.0 * libm::exp(logs[asset]));
            let alone = if stream.uniform() < 0.002 { 8.0 * stream.normal() } else { 0.0 };
            let z = 0.8 * common + 0.6 * stream.normal() - crash + alone;
            let r: f64 = storm * f64::sqrt(h[asset]) * z;
            logs[asset] += r;
            h[asset] = 1e-6 + 0.05 * (r * r).min(1e-3) + 0.85 * h[asset];
        }
    }
    PriceHistory { assets: vec!["A".into(), "B".into()], start: 0, step: 3600, closes }
}

fn peg(reference: Option<&str>) -> Peg {
    Peg {
        reference: reference.map(str::to_owned),
        reversion: 200.0,
        volatility: 0.05,
        depeg_intensity: 40.0,
        depeg_size: 0.05,
        ..Peg::default()
    }
}

fn model(seed: u64) -> FilteredModel {
    let fitted = FilteredModel::fit(&history(8000, seed), &["A", "B"], &FilteredOptions::default()).unwrap();
    fitted
        .with_peg("stA", peg(Some("A")))
        .and_then(|model| model.with_peg("USD+", peg(None)))
        .and_then(|model| model.with_pair("A", "B"))
        .and_then(|model| model.with_pair("stA", "A"))
        .and_then(|model| model.with_pair("B", "USD+"))
        .unwrap()
}

fn plan(days: usize, steps: usize, detail: Detail) -> BlockPlan {
    BlockPlan { horizon_years: days as f64 / 365.0, steps, detail }
}

/// A block holds the rows of the same paths, merged: closes bit for bit, lows the lowest of the rows of an interval,
/// jumps and switches at the rows where they are.
#[test]
fn a_block_is_its_rows_merged() {
    let model = model(3);
    let (mut block, mut scratch, mut path) =
        (PathBlock::default(), FilteredScratch::default(), PricePath::default());
    let (days, paths, seed) = (40, 12, 77);
    model
        .simulate_block(&plan(days, days, Detail::Intervals), seed, 5, paths, &mut block, &mut scratch)
        .unwrap();
    let (mut splits, mut switches) = (0, 0);
    for number in 0..paths {
        model.simulate(24 * days, seed, 5 + number as u64, &mut path, &mut scratch).unwrap();
        for column in 0..model.columns() {
            let cell = |row: usize| row * path.assets + column;
            let mut expected: Vec<BlockInterval> = Vec::new();
            let mut low = f64::INFINITY;
            for row in 0..path.len() {
                let last = row % 24 == 23;
                low = low.min(path.low[cell(row)]);
                let (close, after) = (path.close[cell(row)], path.after[cell(row)]);
                let switch = !last && path.stressed[row + 1] != path.stressed[row];
                let (time, stressed) = ((row + 1) as f64 / YEAR, path.stressed[row]);
                switches += usize::from(switch);
                if close != after || switch {
                    splits += 1;
                    expected.push(BlockInterval { time, low, close, after, stressed });
                    low = after;
                }
                if last {
                    let low = low.min(after);
                    expected.push(BlockInterval { time, low, close: after, after, stressed });
                }
                if last {
                    low = f64::INFINITY;
                }
            }
            let mut found = Vec::new();
            block.intervals(number, column, &mut found);
            assert_eq!(found.len(), expected.len(), "path {number} column {column}");
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found.time - expected.time).abs() < 1e-12);
                assert_eq!(BlockInterval { time: expected.time, ..*found }, *expected);
            }
            for day in 0..days {
                assert_eq!(block.close(day, column)[number], path.after[cell(24 * day + 23)]);
            }
        }
    }
    assert!(splits > 200 && switches > 20, "{splits} splits, {switches} switches");
}

/// Blocks without minima have the same closes; a path does not depend on the block it is in, nor on the steps.
#[test]
fn closes_depend_on_the_path_alone() {
    let model = model(4);
    let run = |first, paths, steps, detail| {
        let (mut block, mut scratch) = (PathBlock::default(), FilteredScratch::default());
        model.simulate_block(&plan(30, steps, detail), 9, first, paths, &mut block, &mut scratch).unwrap();
        block
    };
    let whole = run(0, 20, 30, Detail::Intervals);
    let quick = run(0, 20, 30, Detail::Closes);
    let part = run(7, 3, 30, Detail::Intervals);
    let coarse = run(0, 20, 10, Detail::Intervals);
    for column in 0..model.columns() {
        for step in 0..30 {
            assert_eq!(whole.close(step, column), quick.close(step, column));
            assert_eq!(&whole.close(step, column)[7..10], part.close(step, column));
            assert_eq!(&whole.low(step, column)[7..10], part.low(step, column));
        }
        for step in 0..10 {
            assert_eq!(whole.close(3 * step + 2, column), coarse.close(step, column));
        }
    }
    assert!(quick.splits().is_empty() && quick.low(0, 0).is_empty());
    // Steps that are no whole number of rows share the rows out.
    let uneven = run(0, 20, 7, Detail::Intervals);
    assert_eq!(uneven.close(6, 0), whole.close(29, 0));
}

/// Pairs are ratios, pegs follow their asset and stand below par by the depegs' share.
#[test]
fn pegs_and_pairs_are_what_they_say() {
    let model = model(5);
    let column = |symbol| model.column(symbol).unwrap();
    let (a, b, st, usd) = (column("A"), column("B"), column("stA"), column("USD+"));
    assert_eq!((a, b, st, usd, model.columns()), (0, 1, 2, 3, 7));
    let figures = model.report().figures();
    assert_eq!(figures.len(), 8);
    assert!(figures.iter().all(|figure| figure.observations == 7999 && figure.to == 8000 * 3600));
    let ratio = model.pair_column("A", "B").unwrap();
    let basis = model.pair_column("stA", "A").unwrap();
    let debt = model.pair_column("B", "USD+").unwrap();
    assert_eq!(model.pair_column("B", "A"), None);
    let (mut block, mut scratch) = (PathBlock::default(), FilteredScratch::default());
    let paths = 1500;
    model.simulate_block(&plan(60, 60, Detail::Intervals), 1, 0, paths, &mut block, &mut scratch).unwrap();
    let close = |column: usize| block.close(59, column);
    for path in 0..paths {
        for (pair, base, quote) in [(ratio, a, b), (basis, st, a), (debt, b, usd)] {
            let direct = close(base)[path] / close(quote)[path];
            assert!((close(pair)[path] / direct - 1.0).abs() < 1e-12);
        }
    }
    // Stationary after 60 days: the basis averages -intensity x size / reversion.
    let logs: Vec<f64> = close(basis).iter().map(|x| libm::log(*x)).collect();
    let mean = logs.iter().sum::<f64>() / paths as f64;
    let variance = logs.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / paths as f64;
    let off = (mean + 40.0 * 0.05 / 200.0) / (variance / paths as f64).sqrt();
    // Depegs happen at the end of their row, half a row late on average: a bias of one per cent of the mean.
    assert!(off.abs() < 4.5, "{off}");
    // Diffusion 0.05^2 / 400 and depegs 40 x 2 x 0.05^2 / 400.
    let expected: f64 = (0.0025 + 0.2) / 400.0;
    assert!((variance / expected - 1.0).abs() < 0.25, "{variance} {expected}");
    // The basis of a peg has no part in the other asset's moves.
    for value in block.low(10, basis) {
        assert!(*value <= 1.2 && *value > 0.3);
    }
}

/// The bridge of a row has the variance of the moves below the jump threshold, for an asset as for a pair, whose two
/// assets move together: for a Brownian bridge E[(open - low)(close - low)] is half the variance, in logs.
#[test]
fn lows_are_those_of_the_diffusion_that_is_seen() {
    let model = model(6);
    let pair = model.pair_column("A", "B").unwrap();
    let (mut path, mut scratch) = (PricePath::default(), FilteredScratch::default());
    let mut sums = [[0.0; 2]; 3];
    for number in 0..40_000 {
        // The first row has the same variance on every path.
        model.simulate(1, 3, number, &mut path, &mut scratch).unwrap();
        for (column, sums) in [0, 1, pair].into_iter().zip(&mut sums) {
            let (low, close) = (path.low[column], path.close[column]);
            if close == path.after[column] {
                sums[0] += 2.0 * libm::log(low) * libm::log(low / close);
                sums[1] += libm::log(close) * libm::log(close);
            }
        }
    }
    for [bridge, seen] in sums {
        // Standard errors are near one per cent.
        assert!((bridge / seen - 1.0).abs() < 0.04, "{}", bridge / seen);
    }
}

/// The stress state is that of the variances: more variance under stress, about as often as in the history.
#[test]
fn stress_is_high_variance() {
    let options = FilteredOptions { start: StartVariance::LongRun, ..FilteredOptions::default() };
    let model = FilteredModel::fit(&history(12_000, 8), &["A", "B"], &options).unwrap();
    let seen = model.report().stress_share;
    assert!(seen > 0.05 && seen < 0.5, "{seen}");
    let (mut path, mut scratch) = (PricePath::default(), FilteredScratch::default());
    let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
    for number in 0..60 {
        model.simulate(2000, 4, number, &mut path, &mut scratch).unwrap();
        for row in 1000..2000 {
            let r = libm::log(path.after[2 * row] / path.after[2 * row - 2]);
            let state = usize::from(path.stressed[row]);
            sums[state] += r * r;
            counts[state] += 1.0;
        }
    }
    let ratio = (sums[1] / counts[1]) / (sums[0] / counts[0]);
    assert!(ratio > 2.0, "{ratio}");
    let share = counts[1] / (counts[0] + counts[1]);
    assert!((share / seen - 1.0).abs() < 0.5, "{share} {seen}");
    // Never under stress when the limit is out of reach, always when it is below everything.
    for (enter, expected) in [(1e9, 0.0), (1e-9, 1.0)] {
        let options = FilteredOptions { stress_enter: enter, stress_leave: enter, ..options.clone() };
        let model = FilteredModel::fit(&history(3000, 8), &["A", "B"], &options).unwrap();
        assert_eq!(model.report().stress_share, expected);
    }
}

/// Both kinds of model behind one face give what they give alone.
#[test]
fn either_model_behind_one_face() {
    let filtered = model(11);
    let diffusion = JumpDiffusion::brownian(0.5, 0.0);
    let parametric = Model::new(ModelParameters {
        assets: vec![AssetModel::jump_diffusion("A", diffusion), AssetModel::peg("stA", peg(Some("A")))],
        correlation: vec![vec![1.0]],
        pairs: vec![("stA".into(), "A".into())],
        ..ModelParameters::default()
    })
    .unwrap();
    let plan = plan(10, 10, Detail::Intervals);
    let mut scratch = PriceScratch::default();
    let (mut block, mut alone) = (PathBlock::default(), PathBlock::default());
    for either in [PriceModel::from(filtered.clone()), PriceModel::from(parametric.clone())] {
        either.simulate_block(&plan, 2, 3, 5, &mut block, &mut scratch).unwrap();
        match &either {
            PriceModel::Filtered(model) => {
                model.simulate_block(&plan, 2, 3, 5, &mut alone, &mut FilteredScratch::default()).unwrap();
                assert_eq!((either.columns(), either.column("USD+")), (7, Some(3)));
            }
            PriceModel::Parametric(model) => {
                model.simulate_block(&plan, 2, 3, 5, &mut alone, &mut Default::default()).unwrap();
                assert_eq!((either.columns(), either.column("USD+")), (3, None));
            }
        }
        let pair = either.pair_column("stA", "A").unwrap();
        for step in 0..10 {
            assert_eq!(block.close(step, pair), alone.close(step, pair));
            assert_eq!(block.low(step, pair), alone.low(step, pair));
        }
        assert_eq!(block.splits(), alone.splits());
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let model = model(12);
    let peg_of = |symbol: &str, peg| model.clone().with_peg(symbol, peg).map(|_| ()).unwrap_err();
    let duplicate = FilteredError::Model(ModelError::DuplicateAsset { symbol: "A".into() });
    assert_eq!(peg_of("A", peg(None)), duplicate);
    assert!(matches!(peg_of("x", peg(Some("stA"))), FilteredError::Model(ModelError::UnknownAsset { .. })));
    let negative = Peg { depeg_size: -0.1, ..peg(None) };
    assert!(matches!(peg_of("x", negative), FilteredError::Model(ModelError::OutOfRange { .. })));
    assert!(model.clone().with_pair("A", "C").is_err());
    let (mut block, mut scratch) = (PathBlock::default(), FilteredScratch::default());
    let mut refused = |days, steps, paths| {
        let plan = plan(days, steps, Detail::Closes);
        let error = model.simulate_block(&plan, 0, 0, paths, &mut block, &mut scratch).unwrap_err();
        assert!(matches!(error, ModelError::OutOfRange { .. }), "{error}");
    };
    refused(0, 1, 1);
    refused(1, 0, 1);
    refused(1, 1, 0);
    // Finer than the rows of the history.
    refused(1, 25, 1);
    let options = FilteredOptions { stress_leave: 3.0, ..FilteredOptions::default() };
    let error = FilteredModel::fit(&history(3000, 1), &["A", "B"], &options).map(|_| ()).unwrap_err();
    assert_eq!(error, FilteredError::Stress { enter: 2.0, leave: 3.0 });
}
