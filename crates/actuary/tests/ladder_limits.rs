//! Limits in which the ladder's loss is known in closed form.

use seawall_actuary::{
    book::{Market, Position},
    liquidation::{
        ByRegime, Columns, Depth, Interval, Ladder, LadderState, MarketModel, MarketSpec, Service, System,
        SystemOptions,
    },
    loss::LossStatistics,
    price::{
        AssetModel, BlockPlan, BlockScratch, Detail, JumpDiffusion, KouJumps, Model, ModelParameters,
        PathBlock,
    },
};

fn service(discount: f64, capacity: f64) -> Service {
    Service::new(discount, ByRegime::same(capacity), ByRegime::same(0.0)).unwrap()
}

fn loan(collateral: f64, debt: f64, threshold: f64) -> Position {
    Position { collateral, debt, liquidation_threshold: threshold }
}

/// Composite Simpson rule.
fn simpson(f: impl Fn(f64) -> f64, from: f64, to: f64, halves: u32) -> f64 {
    let n = 2 * halves;
    let h = (to - from) / f64::from(n);
    let weight = |i: u32| if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    (0..=n).map(|i| weight(i) * f(from + h * f64::from(i))).sum::<f64>() * h / 3.0
}

/// A loan at the barrier, crossed by a down-jump of log size Exp(eta), infinite depth: reference values 1.6.
#[test]
fn gap_loss_of_an_exponential_jump() {
    let cases = [
        (0.80, 0.05, 10.0, 0.0163031352658944),
        (0.86, 0.05, 25.0, 0.00319446254861891),
        (0.97, 0.05, 20.0, 1.0 - 0.95 / 0.97 * 20.0 / 21.0),
    ];
    for (threshold, discount, eta, expected) in cases {
        let ladder = Ladder::new(&[loan(1.0, threshold, threshold)]).unwrap();
        let service = service(discount, f64::INFINITY);
        // The smallest price above the barrier: the loan is sound until the jump.
        let open = 1.0 + f64::EPSILON;
        let loss = |jump: f64| {
            let mut state = LadderState::new(&ladder, open);
            let after = libm::exp(-jump);
            let interval = Interval { low: open, close: open, after, years: 1e-3, stressed: false };
            state.step_interval(&ladder, &service, &interval).loss / threshold
        };
        let kink = libm::log((1.0 - discount) / threshold).max(1e-12);
        let mean = simpson(|x| loss(x) * eta * libm::exp(-eta * x), kink, kink + 50.0 / eta, 20_000);
        assert!((mean - expected).abs() < 1e-9 * expected.max(0.01), "LT {threshold}: {mean}, {expected}");
    }
}

#[test]
fn diffusion_alone_makes_no_loss_below_one_less_discount_and_a_fixed_share_above() {
    let crossing = Interval { low: 0.5, close: 0.52, after: 0.52, years: 1e-3, stressed: false };
    for (threshold, share) in [(0.80, 0.0), (0.95, 0.0), (0.97, 1.0 - 0.95 / 0.97)] {
        let positions: Vec<Position> =
            (0..50).map(|i| loan(1.0, threshold * (0.5 + 0.009 * f64::from(i)), threshold)).collect();
        let ladder = Ladder::new(&positions).unwrap();
        let mut state = LadderState::new(&ladder, 1.0);
        let liquidated = state.step_interval(&ladder, &service(0.05, f64::INFINITY), &crossing);
        assert!((liquidated.debt - ladder.total_debt()).abs() < 1e-12 * ladder.total_debt());
        assert!((liquidated.loss - share * ladder.total_debt()).abs() < 1e-12 * ladder.total_debt());
    }
}

#[test]
fn zero_depth_is_the_terminal_put_on_broken_loans() {
    let positions = [loan(1.0, 0.6, 0.8), loan(3.0, 2.1, 0.8), loan(2.0, 0.7, 0.85)];
    let ladder = Ladder::new(&positions).unwrap();
    let service = service(0.1, 0.0);
    for price in [0.3, 0.5, 0.66, 0.7, 0.8, 0.95] {
        let mut state = LadderState::new(&ladder, 1.0);
        let interval = Interval { low: 0.2, close: price, after: price, years: 0.1, stressed: false };
        assert_eq!(state.step_interval(&ladder, &service, &interval).debt, 0.0);
        let put: f64 = positions.iter().map(|p| (p.debt - price * 0.9 * p.collateral).max(0.0)).sum();
        assert!((state.unrealised(&ladder, &service, price) - put).abs() < 1e-12, "price {price}");
    }
}

#[test]
fn capacity_is_pro_rata_to_time_and_smaller_in_stress() {
    let ladder = Ladder::new(&[loan(100.0, 70.0, 0.8)]).unwrap();
    let capacity = ByRegime { calm: 8.0, stressed: 2.0 };
    let service = Service::new(0.05, capacity, ByRegime::same(0.0)).unwrap();
    let mut state = LadderState::new(&ladder, 1.0);
    let mut hours = |hours: f64, stressed: bool| {
        let interval = Interval { low: 0.8, close: 0.8, after: 0.8, years: hours / 8760.0, stressed };
        state.step_interval(&ladder, &service, &interval).debt
    };
    assert!((hours(2.0, false) - 16.0).abs() < 1e-9);
    assert!((hours(3.0, true) - 6.0).abs() < 1e-9);
    assert!((hours(100.0, false) - 48.0).abs() < 1e-9);
}

#[test]
fn a_delay_sells_at_the_price_of_that_time() {
    let ladder = Ladder::new(&[loan(1.0, 0.7, 0.8)]).unwrap();
    let delay = ByRegime { calm: 1.0, stressed: 2.0 };
    let service = Service::new(0.0, ByRegime::same(f64::INFINITY), delay).unwrap();
    let hour = |close: f64, after: f64, stressed: bool| Interval {
        low: close,
        close,
        after,
        years: 1.0 / 8760.0,
        stressed,
    };
    for (stressed, prices, expected) in [
        (false, [0.5, 0.4, 0.3], [0.0, 0.7 - 0.5, 0.0]),
        (true, [0.5, 0.4, 0.3], [0.0, 0.0, 0.7 - 0.4]),
        (false, [0.5, 0.9, 0.2], [0.0, 0.0, 0.0]),
    ] {
        let mut state = LadderState::new(&ladder, 1.0);
        // The first hour ends with a jump below the break price; then hourly prices.
        let mut path = vec![hour(1.0, prices[0], stressed)];
        path.extend(prices[..2].iter().map(|&p| hour(p, p, stressed)));
        if prices[1] == 0.9 {
            path[1] = hour(0.9, 0.9, stressed);
        }
        for (interval, expected) in path.iter().zip(expected) {
            let loss = state.step_interval(&ladder, &service, interval).loss;
            assert!((loss - expected).abs() < 1e-12, "stressed {stressed}, {prices:?}: {loss}, {expected}");
        }
    }
}

/// Kou's process with the parameters of reference values 1.5: log drift 0, volatility .8, 12 jumps a year.
fn kou() -> Model {
    let jumps =
        KouJumps { intensity: 12.0, up_probability: 0.4, up_rate: 20.0, down_rate: 12.0, ..KouJumps::NONE };
    let growth = 0.5 * 0.8 * 0.8 + 12.0 * (0.4 * 20.0 / 19.0 + 0.6 * 12.0 / 13.0 - 1.0);
    let dynamics = JumpDiffusion { volatility: 0.8, growth, jumps, crash_loading: 0.0 };
    Model::new(ModelParameters {
        assets: vec![AssetModel::jump_diffusion("ETH", dynamics)],
        correlation: vec![vec![1.0]],
        ..ModelParameters::default()
    })
    .unwrap()
}

fn market(positions: Vec<Position>, depth: Depth) -> MarketModel {
    let market = Market {
        name: "ETH/USD".to_owned(),
        collateral_asset: "ETH".to_owned(),
        debt_asset: "USD".to_owned(),
        accounts: (0..positions.len()).map(|i| i.to_string()).collect(),
        positions,
    };
    let spec = MarketSpec {
        market: &market,
        collateral_price: 1.0,
        debt_price: 1.0,
        columns: Columns::Collateral(0),
        bonus: 1.0 / 0.95 - 1.0,
        depth,
        delay_hours: ByRegime::same(0.0),
        renewal_days: None,
    };
    MarketModel::new(&spec).unwrap()
}

/// Mean loss over debt and its standard error, of one loan a market, for thirty days of Kou's process.
fn thirty_days(markets: Vec<MarketModel>, steps: usize, paths: usize) -> Vec<(f64, f64)> {
    const BLOCK: usize = 1000;
    let count = markets.len();
    let debts: Vec<f64> = markets.iter().map(MarketModel::debt).collect();
    let system = System::new(markets, SystemOptions::default()).unwrap();
    let (model, mut state) = (kou(), system.state());
    let plan = BlockPlan { horizon_years: 30.0 / 365.0, steps, detail: Detail::Intervals };
    let (mut block, mut scratch) = (PathBlock::default(), BlockScratch::default());
    let mut losses = vec![0.0; BLOCK * count];
    let mut sums = vec![(0.0, 0.0); count];
    for number in 0..paths / BLOCK {
        let first = (number * BLOCK) as u64;
        model.simulate_block(&plan, 11, first, BLOCK, &mut block, &mut scratch).unwrap();
        system.run_block(&block, &[steps], 11, first, &mut state, &mut losses).unwrap();
        for (place, loss) in losses.iter().enumerate() {
            let share = loss / debts[place % count];
            sums[place % count].0 += share;
            sums[place % count].1 += share * share;
        }
    }
    let n = paths as f64;
    let moments = |(sum, squares): (f64, f64)| {
        let mean = sum / n;
        (mean, ((squares / n - mean * mean) / n).sqrt())
    };
    sums.into_iter().map(moments).collect()
}

/// One loan end to end, reference values 1.6: first passage by a jump (Kou and Wang 2003) times the gap loss.
#[test]
fn one_loan_under_kou_for_thirty_days() {
    let cases = [(0.60, 0.80, 0.000352861535485954), (0.70, 0.86, 0.00117779035771442)];
    for steps in [30, 1] {
        let models = cases.map(|(ltv, lt, _)| market(vec![loan(1.0, ltv, lt)], Depth::unlimited()));
        for ((mean, error), (ltv, _, expected)) in
            thirty_days(models.to_vec(), steps, 100_000).into_iter().zip(cases)
        {
            let off = (mean - expected) / error;
            assert!(off.abs() < 3.5, "LTV {ltv}, {steps} steps: {mean} +- {error}, {off} errors off");
        }
    }
}

/// Near the threshold diffusion liquidates safely before a jump comes: the expected loss has an interior maximum over
/// loan to value. LT .80, the parameters of reference values 1.5, s .05, thirty days, per unit of debt.
#[test]
fn expected_loss_has_an_interior_maximum_over_loan_to_value() {
    let cases = [(0.50, 1.1e-4), (0.70, 5.7e-4), (0.77, 3.6e-4), (0.799, 0.15e-4)];
    let models = cases.map(|(ltv, _)| market(vec![loan(1.0, ltv, 0.80)], Depth::unlimited()));
    for ((mean, error), (ltv, expected)) in thirty_days(models.to_vec(), 4, 400_000).into_iter().zip(cases) {
        // The references have two digits.
        let near = 3.5 * error + 0.05 * expected;
        assert!((mean - expected).abs() < near, "LTV {ltv}: {mean} +- {error}, {expected}");
    }
}

/// Without depth and drift the loss is a put: it rises with loan to value and with volatility.
#[test]
fn without_depth_the_loss_rises_with_loan_to_value_and_volatility() {
    let nothing = Depth::per_hour(0.0, 0.0).unwrap();
    let ltvs = [0.5, 0.6, 0.7, 0.75, 0.79];
    let models = || ltvs.map(|ltv| market(vec![loan(1.0, ltv, 0.80)], nothing)).to_vec();
    let losses = thirty_days(models(), 4, 40_000);
    assert!(losses.windows(2).all(|pair| pair[0].0 < pair[1].0), "{losses:?}");
    let mean = |volatility: f64| -> f64 {
        let dynamics = JumpDiffusion { volatility, growth: 0.0, jumps: KouJumps::NONE, crash_loading: 0.0 };
        let parameters = ModelParameters {
            assets: vec![AssetModel::jump_diffusion("ETH", dynamics)],
            correlation: vec![vec![1.0]],
            ..ModelParameters::default()
        };
        let model = Model::new(parameters).unwrap();
        let plan = BlockPlan { horizon_years: 1.0, steps: 1, detail: Detail::Intervals };
        let mut block = PathBlock::default();
        model.simulate_block(&plan, 1, 0, 20_000, &mut block, &mut BlockScratch::default()).unwrap();
        let system = System::new(models(), SystemOptions::default()).unwrap();
        let mut losses = vec![0.0; 20_000 * ltvs.len()];
        system.run_block(&block, &[1], 1, 0, &mut system.state(), &mut losses).unwrap();
        losses.iter().sum()
    };
    let by_volatility = [0.2, 0.4, 0.6, 0.8, 1.0].map(mean);
    assert!(by_volatility.windows(2).all(|pair| pair[0] < pair[1]), "{by_volatility:?}");
}

/// One jump, infinite depth: the loss rises with what the liquidator is paid.
#[test]
fn a_jump_loses_more_the_more_liquidators_are_paid() {
    let ladder = Ladder::new(&[loan(1.0, 0.5, 0.8), loan(1.0, 0.7, 0.8), loan(1.0, 0.79, 0.86)]).unwrap();
    for after in [0.9, 0.7, 0.5, 0.3] {
        let losses = [0.0, 0.02, 0.05, 0.1, 0.2].map(|discount| {
            let mut state = LadderState::new(&ladder, 1.0);
            let interval = Interval { low: 1.0, close: 1.0, after, years: 1e-3, stressed: false };
            state.step_interval(&ladder, &service(discount, f64::INFINITY), &interval).loss
        });
        assert!(losses.windows(2).all(|pair| pair[0] <= pair[1]), "{losses:?}");
    }
}

/// Hourly and daily steps agree within the standard error of their difference, with finite depth. Both runs have
/// the same jumps, so the difference path by path is known far better than either mean.
#[test]
fn hourly_and_daily_steps_agree() {
    let positions: Vec<Position> = (0..200)
        .map(|i| loan(1.0, 0.45 + 0.0015 * f64::from(i), if i % 2 == 0 { 0.80 } else { 0.86 }))
        .collect();
    let system =
        System::new(vec![market(positions, Depth::per_hour(1.0, 1.0).unwrap())], SystemOptions::default());
    let (system, model) = (system.unwrap(), kou());
    let losses = |steps: usize| -> Vec<f64> {
        let plan = BlockPlan { horizon_years: 30.0 / 365.0, steps, detail: Detail::Intervals };
        let (mut block, mut scratch) = (PathBlock::default(), BlockScratch::default());
        let (mut state, mut all) = (system.state(), Vec::new());
        for number in 0..10 {
            let (first, mut losses) = (number * 1000, vec![0.0; 1000]);
            model.simulate_block(&plan, 5, first, 1000, &mut block, &mut scratch).unwrap();
            system.run_block(&block, &[steps], 5, first, &mut state, &mut losses).unwrap();
            all.extend(losses);
        }
        all
    };
    let (hourly, daily) = (losses(720), losses(30));
    let differences: Vec<f64> = hourly.iter().zip(&daily).map(|(a, b)| a - b).collect();
    let [mean, difference] =
        [&hourly, &differences].map(|losses| LossStatistics::of(losses, 0.99).unwrap().mean);
    assert!(difference.value.abs() < 3.0 * difference.standard_error, "{difference:?} of {mean:?}");
    // An agreement that could not be told from a sixth of the loss would say nothing.
    assert!(difference.standard_error < 0.17 * mean.value, "{difference:?} of {mean:?}");
}
