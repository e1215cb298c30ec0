//! Blocks of paths against closed forms and against single paths. Bounds are standard errors of the statistic
//! under test; seeds are fixed.

use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::closed_form::kou::LogKou;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, KouJumps, Model,
    ModelParameters, Multipliers, PathBlock, Peg, PricePath, Regime, Scratch, Split, Start,
};

const MONTH: f64 = 30.0 / 365.0;
const INTERVALS: BlockPlan = BlockPlan { horizon_years: MONTH, steps: 30, detail: Detail::Intervals };

fn kou_jumps() -> KouJumps {
    KouJumps {
        intensity: 12.0,
        up_probability: 0.4,
        up_rate: 20.0,
        down_rate: 12.0,
        up_floor: 0.0,
        down_floor: 0.0,
    }
}

/// Two assets, a staking token, a stablecoin, a pair, a crash and a regime.
fn rich() -> ModelParameters {
    let asset = |volatility, crash_loading| JumpDiffusion {
        volatility,
        growth: 0.0,
        jumps: KouJumps { up_rate: 40.0, down_rate: 30.0, down_floor: 0.02, ..kou_jumps() },
        crash_loading,
    };
    let peg = |reference: Option<&str>| Peg {
        reference: reference.map(str::to_owned),
        reversion: 50.0,
        volatility: 0.02,
        depeg_intensity: 8.0,
        depeg_size: 0.02,
        premium_intensity: 5.0,
        premium_size: 0.03,
    };
    let stress = Multipliers {
        volatility: 2.0,
        jump_intensity: 1.5,
        jump_size: 2.0,
        crash_intensity: 3.0,
        crash_size: 1.5,
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
        regime: Some(Regime { to_stress: 6.0, to_calm: 30.0, stress, start: Start::Stationary }),
        pairs: vec![("BTC".into(), "ETH".into()), ("wstETH".into(), "ETH".into())],
    }
}

fn block(model: &Model, plan: &BlockPlan, seed: u64, first: u64, paths: usize) -> PathBlock {
    let mut block = PathBlock::default();
    model.simulate_block(plan, seed, first, paths, &mut block, &mut BlockScratch::default()).unwrap();
    block
}

/// Kou and Wang 2003: the intervals of a block must show neither the diffusion's nor the jumps' first passage with
/// an error of discretisation, whatever the number of steps.
#[test]
fn kou_first_passage_at_any_number_of_steps() {
    let growth = 0.5 * 0.8 * 0.8 + 12.0 * kou_jumps().expected_growth(1.0);
    let dynamics = JumpDiffusion { volatility: 0.8, growth, jumps: kou_jumps(), crash_loading: 0.0 };
    let assets = vec![AssetModel::jump_diffusion("X", dynamics)];
    let model =
        Model::new(ModelParameters { assets, correlation: vec![vec![1.0]], ..ModelParameters::default() })
            .unwrap();
    let process = LogKou {
        log_drift: 0.0,
        volatility: 0.8,
        intensity: 12.0,
        up_probability: 0.4,
        up_rate: 20.0,
        down_rate: 12.0,
    };
    let exact = process.passage(libm::log(0.8 / 0.6), MONTH).unwrap();
    for (steps, paths, seed) in [(30, 200_000, 1), (1, 200_000, 2), (7, 200_000, 3)] {
        let plan = BlockPlan { steps, ..INTERVALS };
        let (mut any, mut by_jump, mut intervals) = (0_u32, 0_u32, Vec::new());
        for first in (0..paths).step_by(2000) {
            let block = block(&model, &plan, seed, first, 2000);
            for path in 0..2000 {
                block.intervals(path, 0, &mut intervals);
                for interval in &intervals {
                    if interval.low <= 0.75 || interval.after <= 0.75 {
                        any += 1;
                        by_jump += u32::from(interval.low > 0.75);
                        break;
                    }
                }
            }
        }
        for (count, exact) in [(any, exact.any), (by_jump, exact.by_jump)] {
            let error = (exact * (1.0 - exact) / paths as f64).sqrt();
            let off = (f64::from(count) / paths as f64 - exact) / error;
            assert!(off.abs() < 4.0, "{steps} steps: {off} standard errors from {exact}");
        }
    }
}

/// Any split into blocks and any other use of the buffers gives the same bits, with and without intervals.
#[test]
fn a_path_depends_on_its_address_alone() {
    let model = Model::new(rich()).unwrap();
    let far = u64::from(u32::MAX) - 40;
    let whole = block(&model, &INTERVALS, 3, far, 100);
    let (mut part, mut scratch) = (PathBlock::default(), BlockScratch::default());
    for (first, count) in [(0_usize, 1), (1, 15), (16, 33), (49, 51)] {
        model.simulate_block(&INTERVALS, 3, far + first as u64, count, &mut part, &mut scratch).unwrap();
        for column in 0..6 {
            for step in 0..30 {
                let range = first..first + count;
                assert_eq!(part.close(step, column), &whole.close(step, column)[range.clone()]);
                assert_eq!(part.low(step, column), &whole.low(step, column)[range]);
            }
            for path in 0..count {
                let (mut a, mut b) = (Vec::new(), Vec::new());
                part.intervals(path, column, &mut a);
                whole.intervals(first + path, column, &mut b);
                assert_eq!(a, b);
            }
        }
        let closes = BlockPlan { detail: Detail::Closes, ..INTERVALS };
        model.simulate_block(&closes, 3, far, count, &mut part, &mut scratch).unwrap();
        assert_eq!(part.close(29, 4), &whole.close(29, 4)[..count]);
        assert!(part.low(0, 0).is_empty() && part.splits().is_empty());
        assert!(part.crashes().is_empty() && part.stressed(0).is_empty());
    }
}

/// Wider registers than every processor has do not change a bit; splits are in the order that is promised.
#[test]
fn wide_instructions_give_the_same_bits() {
    let model = Model::new(rich()).unwrap();
    let (mut wide, mut baseline) = (PathBlock::default(), PathBlock::default());
    for detail in [Detail::Closes, Detail::Intervals] {
        let plan = BlockPlan { detail, ..INTERVALS };
        model.simulate_block(&plan, 21, 7, 150, &mut wide, &mut BlockScratch::default()).unwrap();
        model.simulate_block(&plan, 21, 7, 150, &mut baseline, &mut BlockScratch::baseline()).unwrap();
        for step in 0..30 {
            for column in 0..6 {
                let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(wide.close(step, column)), bits(baseline.close(step, column)));
                assert_eq!(bits(wide.low(step, column)), bits(baseline.low(step, column)));
            }
        }
        assert_eq!(wide.splits(), baseline.splits());
        assert_eq!(wide.crashes(), baseline.crashes());
    }
    let place = |split: &Split| (split.step, split.column, split.path, split.interval.time);
    assert!(wide.splits().windows(2).all(|pair| place(&pair[0]) < place(&pair[1])));
    let mut joined = Vec::new();
    for step in 0..30 {
        for column in 0..6 {
            let cell = wide.cell_splits(step, column);
            assert!(cell.iter().all(|split| (split.step, split.column) == (step, column)));
            joined.extend_from_slice(cell);
        }
    }
    assert_eq!(joined, wide.splits());
    assert!(wide.cell_splits(30, 0).is_empty() && wide.cell_splits(0, 6).is_empty());
}

/// Moments, sizes and states are those of the single path.
#[test]
fn jumps_are_those_of_the_single_path() {
    let model = Model::new(rich()).unwrap();
    let block = block(&model, &INTERVALS, 8, 0, 200);
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    let mut intervals = Vec::new();
    let mut found = 0;
    for index in 0..200 {
        model.simulate(MONTH, 30, 8, index, &mut path, &mut scratch).unwrap();
        for column in 0..6 {
            block.intervals(index as usize, column, &mut intervals);
            assert!(intervals.windows(2).all(|pair| pair[0].time < pair[1].time));
            let mut open = 1.0;
            for interval in &intervals {
                assert!(interval.low > 0.0 && interval.low <= interval.close && interval.low <= open);
                open = interval.after;
                let k = path.time.iter().position(|time| *time == interval.time).unwrap();
                assert_eq!(interval.stressed, path.stressed[k]);
                let single = libm::log(path.after[k * 6 + column] / path.close[k * 6 + column]);
                assert!((libm::log(interval.after / interval.close) - single).abs() < 1e-12);
                found += u32::from(single != 0.0);
            }
            let jumps = (0..path.len()).filter(|k| path.after[k * 6 + column] != path.close[k * 6 + column]);
            let split = intervals.iter().filter(|interval| interval.after != interval.close);
            assert_eq!(jumps.count(), split.count());
        }
    }
    assert!(found > 1000);
}

/// Crashes and states are those of the splits and the intervals.
#[test]
fn crashes_and_states_are_those_of_the_intervals() {
    let model = Model::new(rich()).unwrap();
    let block = block(&model, &INTERVALS, 8, 40, 100);
    assert_eq!(block.first_path(), 40);
    let (mut intervals, mut found) = (Vec::new(), 0);
    for path in 0..100 {
        block.intervals(path, 2, &mut intervals);
        for step in 0..30 {
            let end = intervals.iter().find(|interval| interval.time == block.time(step)).unwrap();
            assert_eq!(block.stressed(step)[path], end.stressed);
        }
        for crash in block.crashes().iter().filter(|crash| crash.path == path) {
            let at = intervals.iter().find(|interval| interval.time == crash.time).unwrap();
            assert!((libm::log(at.close / at.after) - 1.2 * crash.size).abs() < 1e-12);
            assert!(crash.time <= block.time(crash.step));
            assert!(crash.step == 0 || crash.time > block.time(crash.step - 1));
            found += 1;
        }
    }
    assert!(found > 60 && found == block.crashes().len());
    let order = block.crashes().windows(2);
    assert!(order.into_iter().all(|pair| (pair[0].path, pair[0].time) < (pair[1].path, pair[1].time)));
    assert!(block.stressed(30).is_empty());
}

/// Without events the two ways are the same computation in another order.
#[test]
fn without_events_paths_are_those_of_the_single_simulation() {
    let mut parameters = rich();
    (parameters.crash, parameters.regime) = (None, None);
    for asset in &mut parameters.assets {
        match &mut asset.dynamics {
            seawall_actuary::price::Dynamics::JumpDiffusion(d) => d.jumps = KouJumps::NONE,
            seawall_actuary::price::Dynamics::Peg(peg) => {
                (peg.depeg_intensity, peg.premium_intensity) = (0.0, 0.0);
            }
            seawall_actuary::price::Dynamics::Merton(d) => d.jumps.intensity = 0.0,
        }
    }
    let model = Model::new(parameters).unwrap();
    let block = block(&model, &INTERVALS, 5, 70, 40);
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    for index in 0..40 {
        model.simulate(MONTH, 30, 5, 70 + index, &mut path, &mut scratch).unwrap();
        for step in 0..30 {
            for column in 0..6 {
                let cell = step * 6 + column;
                assert!((block.close(step, column)[index as usize] / path.after[cell] - 1.0).abs() < 1e-12);
                assert!((block.low(step, column)[index as usize] / path.low[cell] - 1.0).abs() < 1e-12);
            }
        }
    }
}

/// Driftless assets keep their expected price of 1, and the moments of pairs and pegs are those of single paths.
#[test]
fn moments_are_those_of_single_paths() {
    let model = Model::new(rich()).unwrap();
    let paths = 30_000;
    let block = block(&model, &INTERVALS, 77, 0, paths);
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    let mut single = [(0.0, 0.0, 0.0, 0.0); 6];
    for index in 0..paths as u64 {
        model.simulate(MONTH, 30, 78, index, &mut path, &mut scratch).unwrap();
        for (column, sums) in single.iter_mut().enumerate() {
            let close = path.after[(path.len() - 1) * 6 + column];
            let low = (0..path.len()).map(|k| path.low[k * 6 + column]).fold(1.0, f64::min);
            sums.0 += close;
            sums.1 += close * close;
            sums.2 += low;
            sums.3 += low * low;
        }
    }
    let n = paths as f64;
    let mut intervals = Vec::new();
    for (column, sums) in single.iter().enumerate() {
        let mut low_sum = 0.0;
        for index in 0..paths {
            block.intervals(index, column, &mut intervals);
            low_sum += intervals.iter().map(|interval| interval.low).fold(1.0, f64::min);
        }
        let mean = block.close(29, column).iter().sum::<f64>() / n;
        let spread = |sum: f64, squares: f64| ((squares / n - sum * sum / n / n) / n).sqrt();
        let off = (mean - sums.0 / n) / (spread(sums.0, sums.1) * 2.0_f64.sqrt());
        assert!(off.abs() < 4.0, "close of column {column}: {off}");
        let difference = low_sum / n - sums.2 / n;
        let error = spread(sums.2, sums.3) * 2.0_f64.sqrt();
        // Inside an interval a basis is taken for Brownian: intervals of different length differ a little.
        let approximation = if [1, 3, 5].contains(&column) { 0.02 * (1.0 - sums.2 / n) } else { 0.0 };
        assert!(
            difference.abs() < 4.0 * error + approximation,
            "low of column {column}: {difference} {error}"
        );
        if column == 0 || column == 2 {
            let off = (mean - 1.0) / spread(sums.0, sums.1);
            assert!(off.abs() < 4.0, "martingale {column}: {off}");
        }
    }
}

#[test]
fn impossible_plans_are_refused() {
    let model = Model::new(rich()).unwrap();
    let (mut block, mut scratch) = (PathBlock::default(), BlockScratch::default());
    for (horizon_years, steps, paths) in [(0.0, 1, 1), (f64::NAN, 1, 1), (1.0, 0, 1), (1.0, 1, 0)] {
        let plan = BlockPlan { horizon_years, steps, detail: Detail::Closes };
        assert!(model.simulate_block(&plan, 1, 0, paths, &mut block, &mut scratch).is_err());
    }
}
