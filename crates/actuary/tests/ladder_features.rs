//! Dust, close factor, bands, reservoirs and pools: what each rule must do, against loops over single loans where
//! there is no closed form.

mod system_support;

use seawall_actuary::{
    book::Position,
    liquidation::{
        ByRegime, Depth, DepthPool, Feedback, ImpactShape, Interval, LadderState, LiquidationRules,
        MarketModel, MarketSpec, Reservoir, SoftLiquidation, System, SystemOptions,
    },
    price::PathBlock,
    random::Stream,
};
use system_support::{block, book, loans, prices, spec};

const BONUS: f64 = 1.0 / 0.95 - 1.0;

fn run(system: &System, block: &PathBlock) -> Vec<f64> {
    let mut losses = vec![f64::NAN; block.paths() * system.markets().len()];
    let steps = [block.steps()];
    system.run_block(block, &steps, 3, block.first_path(), &mut system.state(), &mut losses).unwrap();
    losses
}

fn one(model: MarketModel, options: SystemOptions, block: &PathBlock) -> Vec<f64> {
    run(&System::new(vec![model], options).unwrap(), block)
}

/// Splitting positions changes nothing without gas; with gas the loss is that of what is left and the put on the dust.
#[test]
fn splitting_positions_changes_the_loss_by_the_dust_it_creates() {
    let block = block(&prices(), 0.5, 60, 11, 0, 60);
    let whole = loans(5, 80, &[0.8, 0.86]);
    let halves: Vec<Position> = whole
        .iter()
        .flat_map(|p| [Position { collateral: p.collateral / 2.0, debt: p.debt / 2.0, ..*p }; 2])
        .collect();
    let depth = Depth::per_hour(0.02, 0.01).unwrap();
    let model = |positions: &[Position], gas: f64| {
        let market = book("m", positions.to_vec());
        let rules = LiquidationRules { gas, ..LiquidationRules::default() };
        MarketModel::with_rules(&MarketSpec { depth, ..spec(&market) }, &rules).unwrap()
    };
    let total: f64 = whole.iter().map(|p| p.debt).sum();
    let free = one(model(&whole, 0.0), SystemOptions::default(), &block);
    let split = one(model(&halves, 0.0), SystemOptions::default(), &block);
    assert!(free.iter().zip(&split).all(|(a, b)| (a - b).abs() <= 1e-12 * total));
    let gas = 0.02;
    let costly = model(&halves, gas);
    let is_dust = |p: &&Position| BONUS * p.debt < gas;
    let dust: Vec<Position> = halves.iter().filter(is_dust).copied().collect();
    let rest: Vec<Position> = halves.iter().filter(|p| !is_dust(p)).copied().collect();
    assert!(dust.len() > 20 && rest.len() > 20);
    assert!((costly.dust() - dust.iter().map(|p| p.debt).sum::<f64>()).abs() < 1e-12);
    let served = one(model(&rest, 0.0), SystemOptions::default(), &block);
    let found = one(costly, SystemOptions::default(), &block);
    let mut larger = 0;
    for (path, (found, served)) in found.iter().zip(&served).enumerate() {
        let price = block.close(59, 0)[path];
        let broken = dust.iter().filter(|p| p.debt >= p.liquidation_threshold * price * p.collateral);
        let put: f64 = broken.map(|p| (p.debt - 0.95 * price * p.collateral).max(0.0)).sum();
        assert!((found - served - put).abs() <= 1e-12 * total, "path {path}");
        larger += usize::from(put > 0.0);
    }
    assert!(larger > 10);
}

/// Markets of one pool: cutting one into three changes nothing, with and without a reservoir and an impact.
#[test]
fn splitting_a_market_of_a_pool_changes_nothing() {
    let block = block(&prices(), 0.5, 60, 12, 0, 60);
    let positions = loans(6, 90, &[0.75, 0.86]);
    let total: f64 = positions.iter().map(|p| p.debt).sum();
    let model = |positions: Vec<Position>| {
        let market = book("m", positions);
        let spec = MarketSpec { delay_hours: ByRegime { calm: 0.0, stressed: 5.0 }, ..spec(&market) };
        MarketModel::new(&spec).unwrap()
    };
    let depth = Depth::per_hour(0.05, 0.02).unwrap();
    for reservoir in [None, Some(Reservoir { half_life_hours: 12.0, ..Reservoir::default() })] {
        for impact in [0.0, 0.1] {
            let options = |markets: Vec<usize>| SystemOptions {
                reservoir,
                pools: vec![DepthPool { markets: markets.clone(), depth }],
                feedback: vec![Feedback {
                    markets,
                    depth: 10.0,
                    impact,
                    shape: ImpactShape::Linear,
                    half_life_hours: 48.0,
                    most_rounds: 20,
                }],
                ..SystemOptions::default()
            };
            let whole = one(model(positions.clone()), options(vec![0]), &block);
            let mut parts = vec![Vec::new(); 3];
            for (index, position) in positions.iter().enumerate() {
                parts[[0, 1, 1, 0, 2, 0, 0][index % 7]].push(*position);
            }
            let system = System::new(parts.into_iter().map(model).collect(), options(vec![0, 1, 2])).unwrap();
            let split = run(&system, &block);
            let mut lossy = 0;
            for (path, whole) in whole.iter().enumerate() {
                let sum: f64 = split[3 * path..3 * path + 3].iter().sum();
                assert!((sum - whole).abs() <= 1e-12 * total, "impact {impact}, path {path}: {sum} {whole}");
                lossy += usize::from(*whole > 0.01 * total);
            }
            assert!(lossy > 20, "{lossy}");
        }
    }
}

/// An impact of nothing is no impact, to the bit. With unlimited depth a larger one loses less: cascades take loans at
/// their own break price before the next jump finds them.
#[test]
fn an_impact_of_nothing_changes_no_bit() {
    let block = block(&prices(), 0.5, 60, 13, 0, 80);
    let model = |seed: u64| {
        let market = book("m", loans(seed, 60, &[0.8]));
        MarketModel::new(&spec(&market)).unwrap()
    };
    let options = |impact: f64| SystemOptions {
        feedback: vec![Feedback {
            markets: vec![0, 1],
            depth: 20.0,
            impact,
            shape: ImpactShape::SquareRoot,
            half_life_hours: 24.0,
            most_rounds: 50,
        }],
        ..SystemOptions::default()
    };
    let losses = |options| run(&System::new(vec![model(1), model(2)], options).unwrap(), &block);
    let plain = losses(SystemOptions::default());
    assert_eq!(plain, losses(options(0.0)));
    let sums: Vec<f64> = [0.0, 0.05, 0.2].iter().map(|&i| losses(options(i)).iter().sum()).collect();
    assert!(sums[0] > sums[1] && sums[1] > sums[2], "{sums:?}");
}

/// A reservoir in hourly and daily steps: the same mean loss within the standard error of the difference.
#[test]
fn a_reservoir_sells_the_same_in_hourly_and_daily_steps() {
    let model = prices();
    let market = book("m", loans(8, 100, &[0.8]));
    let depth = Depth::per_hour(0.3, 0.1).unwrap();
    let reservoir = Some(Reservoir { half_life_hours: 8.0, ..Reservoir::default() });
    let options = SystemOptions { reservoir, ..SystemOptions::default() };
    let (days, paths, size) = (14, 2000, 200);
    let losses = |steps: usize| -> Vec<f64> {
        (0..paths / size)
            .flat_map(|number| {
                let block = block(&model, days as f64 / 365.0, steps, 31, (number * size) as u64, size);
                let spec = MarketSpec { depth, ..spec(&market) };
                one(MarketModel::new(&spec).unwrap(), options.clone(), &block)
            })
            .collect()
    };
    let (hourly, daily) = (losses(24 * days), losses(days));
    let n = paths as f64;
    let mean = hourly.iter().sum::<f64>() / n;
    let differences: Vec<f64> = hourly.iter().zip(&daily).map(|(a, b)| a - b).collect();
    let difference = differences.iter().sum::<f64>() / n;
    let error = (differences.iter().map(|d| (d - difference).powi(2)).sum::<f64>()).sqrt() / n;
    assert!(difference.abs() < 3.0 * error, "{difference} +- {error} of {mean}");
    assert!(error < 0.1 * mean, "{difference} +- {error} of {mean}");
}

/// A position under a close factor, sold as the protocol does it along jumps: first `f d`, then all of it.
fn step_by_protocol(p: &Position, f: f64, prices: &[f64]) -> f64 {
    let (mut c, mut d, lt) = (p.collateral, p.debt, p.liquidation_threshold);
    let (mut first, mut loss) = (true, 0.0);
    for &price in prices {
        loop {
            let h = d / (c * lt);
            if d <= 0.0 || h < price {
                break;
            }
            let under = d > 0.95 * price * c;
            if first && !under {
                d -= f * p.debt;
                c -= f * p.debt * (1.0 + BONUS) / price;
                first = false;
            } else {
                loss += (d - 0.95 * price * c).max(0.0);
                d = 0.0;
            }
        }
    }
    loss
}

#[test]
fn a_close_factor_equals_the_protocol_where_it_is_exact_and_is_near_elsewhere() {
    let mut random = Stream::new(4, 0, 0);
    let (mut approximate, mut exact) = (0.0, 0.0);
    for case in 0..400 {
        let f = [0.25, 0.5][case % 2];
        let positions = loans(900 + case as u64, 30, &[0.75, 0.86]);
        let market = book("m", positions.clone());
        let rules = LiquidationRules { close_factor: f, ..LiquidationRules::default() };
        let model = MarketModel::with_rules(&spec(&market), &rules).unwrap();
        let total: f64 = positions.iter().map(|p| p.debt).sum();
        assert!((model.debt() - total).abs() < 1e-12 * total);
        // Diffusion down to a low, then a jump: both from above all break prices and from within them.
        let low = [1.0, 0.95 - 0.4 * random.uniform()][case / 2 % 2];
        let after = low * (1.0 - 0.5 * random.uniform());
        let mut state = LadderState::new(model.ladder(), 1.0);
        let interval = Interval { low, close: low, after, years: 1e-3, stressed: false };
        let found = state.step_interval(model.ladder(), model.service(), &interval).loss;
        let expected: f64 = positions
            .iter()
            .map(|p| {
                // What diffusion repaid and left, then the jump for the survivor.
                let mut q = *p;
                let h = q.debt / (q.collateral * q.liquidation_threshold);
                if h >= low {
                    q.debt *= 1.0 - f;
                    q.collateral *= 1.0 - f * q.liquidation_threshold * (1.0 + BONUS);
                    let h = q.debt / (q.collateral * q.liquidation_threshold);
                    if h >= low {
                        return 0.0;
                    }
                    let broken = h >= after;
                    return if broken { (q.debt - 0.95 * after * q.collateral).max(0.0) } else { 0.0 };
                }
                step_by_protocol(p, f, &[after])
            })
            .sum();
        assert!((found - expected).abs() <= 1e-12 * total, "case {case}: {found} {expected}");
        // A second jump meets survivors of the first.
        let second = after * (1.0 - 0.3 * random.uniform());
        let again = Interval { low: after, close: after, after: second, years: 1e-3, stressed: false };
        let later = state.step_interval(model.ladder(), model.service(), &again).loss;
        if low == 1.0 {
            approximate += found + later;
            exact += positions.iter().map(|p| step_by_protocol(p, f, &[after, second])).sum::<f64>();
        }
    }
    // Some survivors are booked with too much collateral, others are not sold with the first part as they would be.
    assert!((approximate / exact - 1.0).abs() < 0.01, "{approximate} of {exact}");
}

/// Bands: a fall by diffusion converts without loss, a jump below a band's price loses what the loop over bands says.
#[test]
fn bands_are_sold_one_by_one() {
    let soft = SoftLiquidation::default();
    let mut lossy = 0;
    for bands in [4_u32, 10, 30] {
        let threshold = 0.94 * libm::pow(0.99, f64::from(bands) / 2.0);
        let market = book("m", loans(u64::from(bands), 40, &[threshold]));
        let rules = LiquidationRules { soft: Some(soft), ..LiquidationRules::default() };
        let model = MarketModel::with_rules(&spec(&market), &rules).unwrap();
        let debt: f64 = market.positions.iter().map(|p| p.debt).sum();
        assert!((model.debt() - debt).abs() < 1e-12 * debt);
        let (low, after) = (0.8, 0.5);
        let mut state = LadderState::new(model.ladder(), 1.0);
        let interval = Interval { low, close: low, after, years: 1e-3, stressed: false };
        let found = state.step_interval(model.ladder(), model.service(), &interval);
        let (mut sold, mut lost) = (0.0, 0.0);
        for p in &market.positions {
            let top = p.debt * f64::from(bands) / (0.94 * p.collateral);
            let sum: f64 = (0..bands).map(|i| libm::pow(0.99, f64::from(i) + 0.5)).sum();
            for band in 0..bands {
                let share = libm::pow(0.99, f64::from(band) + 0.5) / sum;
                let (price, c) = (top * share, p.collateral / f64::from(bands));
                if price >= after {
                    sold += p.debt * share;
                    lost += if price >= low { 0.0 } else { (p.debt * share - 0.95 * after * c).max(0.0) };
                }
            }
        }
        assert!((found.debt - sold).abs() < 1e-12 * debt && (found.loss - lost).abs() < 1e-12 * debt);
        lossy += usize::from(lost > 0.0);
    }
    assert_eq!(lossy, 3);
}

/// Zero depth: the terminal put, and monotone in loan to value.
#[test]
fn zero_depth_is_the_terminal_put() {
    let block = block(&prices(), 0.25, 20, 17, 0, 100);
    let positions = loans(9, 50, &[0.8]);
    let total: f64 = positions.iter().map(|p| p.debt).sum();
    let market = book("m", positions.clone());
    let depth = Depth::per_hour(0.0, 0.0).unwrap();
    let model = MarketModel::new(&MarketSpec { depth, ..spec(&market) }).unwrap();
    let losses = one(model, SystemOptions::default(), &block);
    for (path, loss) in losses.iter().enumerate() {
        let price = block.close(19, 0)[path];
        let put: f64 = positions.iter().map(|p| (p.debt - 0.95 * price * p.collateral).max(0.0)).sum();
        assert!((loss - put).abs() < 1e-12 * total, "path {path}: {loss} {put}");
    }
}
