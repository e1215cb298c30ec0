//! Debt assets jump up too: what a loan sees is the price of the collateral in units of the debt, and a jump of the debt
//! is a fall of that. Checked against closed forms on both simulations, and on filtered paths.

use seawall_actuary::price::closed_form::kou::LogKou;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, Detail, FilteredModel, FilteredOptions, FilteredScratch,
    JumpDiffusion, KouJumps, Model, ModelParameters, PathBlock, PriceHistory, PricePath, Scratch,
};
use seawall_actuary::random::Stream;

const YEARS: f64 = 30.0 / 365.0;

/// A debt that leaps (CRV rose by 85 % on 22 November 2022), seven times in ten up.
fn leaps() -> KouJumps {
    KouJumps {
        intensity: 12.0,
        up_probability: 0.7,
        up_rate: 6.0,
        down_rate: 15.0,
        up_floor: 0.0,
        down_floor: 0.0,
    }
}

/// Collateral without jumps over a debt that leaps; both log prices without drift, so that their ratio has none.
fn model(rho: f64) -> Model {
    let (collateral, debt) = (0.5, 0.8);
    let plain = JumpDiffusion::brownian(collateral, 0.5 * collateral * collateral);
    let growth = 0.5 * debt * debt + 12.0 * leaps().expected_growth(1.0);
    let jumping = JumpDiffusion { volatility: debt, growth, jumps: leaps(), crash_loading: 0.0 };
    Model::new(ModelParameters {
        assets: vec![AssetModel::jump_diffusion("C", plain), AssetModel::jump_diffusion("D", jumping)],
        correlation: vec![vec![1.0, rho], vec![rho, 1.0]],
        pairs: vec![("C".into(), "D".into())],
        ..ModelParameters::default()
    })
    .unwrap()
}

/// The ratio as a process of its own: the debt's jumps turned round.
fn ratio(rho: f64) -> LogKou {
    LogKou {
        log_drift: 0.0,
        volatility: (0.25_f64 + 0.64 - 2.0 * rho * 0.4).sqrt(),
        intensity: 12.0,
        up_probability: 0.3,
        up_rate: 15.0,
        down_rate: 6.0,
    }
}

fn assert_share(count: u64, paths: u64, exact: f64, what: &str) {
    let (share, n) = (count as f64 / paths as f64, paths as f64);
    let error = (exact * (1.0 - exact) / n).sqrt();
    assert!((share - exact).abs() < 4.0 * error, "{what}: {share} against {exact} +- {error}");
}

/// The pair's minimum passes a level as often, and by a jump of the debt as often, as the closed form says.
#[test]
fn leaps_of_the_debt_reach_the_pairs_minimum() {
    for (rho, level) in [(0.6, 0.7_f64), (-0.3, 0.6)] {
        let model = model(rho);
        let pair = model.pair_column("C", "D").unwrap();
        let exact = ratio(rho).passage(-libm::log(level), YEARS).unwrap();
        let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
        let paths = 20_000;
        let (mut any, mut by_jump) = (0, 0);
        for number in 0..paths {
            model.simulate(YEARS, 4, 11, number, &mut path, &mut scratch).unwrap();
            for k in 0..path.len() {
                let cell = k * path.assets + pair;
                if path.low[cell] <= level {
                    any += 1;
                    break;
                }
                if path.after[cell] <= level {
                    (any, by_jump) = (any + 1, by_jump + 1);
                    // It was the debt that jumped, and upward.
                    let debt = cell - pair + 1;
                    assert!(path.after[debt] > path.close[debt] && path.after[cell] < path.close[cell]);
                    break;
                }
            }
        }
        assert_share(any, paths, exact.any, "path, any");
        assert_share(by_jump, paths, exact.by_jump, "path, by a jump");

        let (mut block, mut scratch) = (PathBlock::default(), BlockScratch::default());
        let plan = BlockPlan { horizon_years: YEARS, steps: 30, detail: Detail::Intervals };
        let (mut any, mut by_jump, mut intervals) = (0, 0, Vec::new());
        for first in (0..paths).step_by(500) {
            model.simulate_block(&plan, 12, first, 500, &mut block, &mut scratch).unwrap();
            for path in 0..500 {
                block.intervals(path, pair, &mut intervals);
                for interval in &intervals {
                    if interval.low <= level {
                        any += 1;
                        break;
                    }
                    if interval.after <= level {
                        (any, by_jump) = (any + 1, by_jump + 1);
                        break;
                    }
                }
            }
        }
        assert_share(any, paths, exact.any, "block, any");
        assert_share(by_jump, paths, exact.by_jump, "block, by a jump");
    }
}

/// On filtered paths too: a leap of the debt that was seen once comes again, as a fall of the pair.
#[test]
fn filtered_leaps_reach_the_pair() {
    let mut stream = Stream::new(21, 0, 0);
    let mut logs = [0.0; 2];
    let mut closes = vec![Vec::new(), Vec::new()];
    for _ in 0..4000 {
        for (column, log) in closes.iter_mut().zip(&logs) {
            column.push(libm::exp(*log));
        }
        logs[0] += 0.005 * stream.normal();
        let leap = if stream.uniform() < 0.002 { 0.3 } else { 0.0 };
        logs[1] += 0.005 * stream.normal() + leap;
    }
    let history = PriceHistory { assets: vec!["C".into(), "D".into()], start: 0, step: 3600, closes };
    let model = FilteredModel::fit(&history, &["C", "D"], &FilteredOptions::default())
        .and_then(|model| model.with_pair("C", "D"))
        .unwrap();
    let pair = model.pair_column("C", "D").unwrap();
    let (mut block, mut scratch) = (PathBlock::default(), FilteredScratch::default());
    let plan = BlockPlan { horizon_years: YEARS, steps: 30, detail: Detail::Intervals };
    model.simulate_block(&plan, 1, 0, 200, &mut block, &mut scratch).unwrap();
    let mut leaps = 0;
    for split in block.splits().iter().filter(|split| split.column == 1) {
        if split.interval.after > 1.1 * split.interval.close {
            leaps += 1;
            let fall = block.splits().iter().find(|other| {
                (other.path, other.column, other.interval.time) == (split.path, pair, split.interval.time)
            });
            let fall = fall.unwrap().interval;
            let rise = split.interval.after / split.interval.close;
            // The collateral diffuses in that row only.
            assert!((fall.after / fall.close * rise - 1.0).abs() < 1e-12, "{fall:?} {rise}");
        }
    }
    // 200 paths of 720 rows, two in a thousand.
    assert!((200..400).contains(&leaps), "{leaps}");
}
