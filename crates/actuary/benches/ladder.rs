//! Time of the liquidation ladder: `cargo bench -p seawall-actuary --bench ladder`.
//!
//! One market by hand: building the ladder, idle and active steps. Idle: no price in the interval reaches the next
//! break price. Active: every interval crosses break prices and liquidates (six positions on average); the ladder is
//! started anew when it is used up. Distant: a fall from the top to a random depth, by a jump.
//!
//! The system: ten markets over blocks of a year of daily steps with jumps, crashes and a stress state, and over
//! blocks on which nothing happens. Time is per step, market and path; the share of active steps is printed.

use std::{hint::black_box, time::Instant};

use seawall_actuary::{
    book::{Market, Position},
    liquidation::{
        ByRegime, Columns, Depth, Interval, Ladder, LadderError, LadderState, MarketModel, MarketModelError,
        MarketSpec, Reservoir, Service, ServiceError, System, SystemError, SystemOptions,
    },
    math::pareto::GeneralisedPareto,
    price::{
        AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, KouJumps, Model, ModelError,
        ModelParameters, Multipliers, PathBlock, Regime, Start,
    },
    random::Stream,
};

const IDLE_STEPS: u32 = 50_000_000;
const ACTIVE_STEPS: u32 = 2_000_000;
const MARKETS: usize = 10;
const STEPS: usize = 365;
const PATHS: usize = 128;
const BLOCKS: u64 = 8;

#[derive(Debug, thiserror::Error)]
enum SpeedError {
    #[error(transparent)]
    Ladder(#[from] LadderError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Market(#[from] MarketModelError),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Price(#[from] ModelError),
}

fn main() -> Result<(), SpeedError> {
    let service = Service::new(0.05, ByRegime::same(f64::INFINITY), ByRegime::same(0.0))?;
    for (count, thresholds) in [
        (100_000, &[0.8][..]),
        (100_000, &[0.75, 0.8, 0.86][..]),
        (1_000_000, &[0.8][..]),
        (10_000_000, &[0.8][..]),
        (10_000_000, &[0.75, 0.8, 0.86][..]),
    ] {
        let positions = positions(count, thresholds);
        println!("{count} positions, {} thresholds", thresholds.len());
        let start = Instant::now();
        let ladder = Ladder::new(&positions)?;
        println!("  built in {:.3} s", start.elapsed().as_secs_f64());
        if count == 100_000 {
            idle(&ladder, &service);
        }
        active(&ladder, &service, "crossed by diffusion", 1.0);
        active(&ladder, &service, "crossed by a jump, under water", 0.7);
        distant(&ladder, &service);
    }
    system()
}

fn positions(count: usize, thresholds: &[f64]) -> Vec<Position> {
    let mut random = Stream::new(1, 0, 0);
    (0..count)
        .map(|i| {
            let collateral = random.exponential();
            let threshold = thresholds[i % thresholds.len()];
            let debt = collateral * threshold * (0.2 + 0.8 * random.uniform());
            Position { collateral, debt, liquidation_threshold: threshold }
        })
        .collect()
}

fn idle(ladder: &Ladder, service: &Service) {
    let intervals: Vec<Interval> = (0..1024)
        .map(|i| {
            let price = 1.5 + 0.1 * f64::from(i % 7);
            Interval { low: price - 0.2, close: price, after: price, years: 1e-4, stressed: i % 5 == 0 }
        })
        .collect();
    let mut state = LadderState::new(ladder, 1.5);
    let mut debt = 0.0;
    let start = Instant::now();
    for step in 0..IDLE_STEPS {
        let interval = &intervals[step as usize % intervals.len()];
        debt += black_box(&mut state).step_interval(ladder, service, interval).debt;
    }
    report("idle step by hand", start, IDLE_STEPS, debt);
}

/// `fall`: price after the interval over the break prices it crosses; 1 for none below.
fn active(ladder: &Ladder, service: &Service, name: &str, fall: f64) {
    let ratio = libm::exp(libm::log(0.2) * 6.0 / ladder.len() as f64);
    let mut state = LadderState::new(ladder, 1.0);
    let mut price = 1.0;
    let (mut debt, mut loss) = (0.0, 0.0);
    let start = Instant::now();
    for _ in 0..ACTIVE_STEPS {
        price *= ratio;
        if price < 0.2 {
            price = 1.0;
            state.restart(ladder, price);
        }
        let liquidated = if fall < 1.0 {
            state.step(ladder, service, price, price * fall, f64::INFINITY)
        } else {
            let interval = Interval { low: price, close: price, after: price, years: 1e-4, stressed: false };
            state.step_interval(ladder, service, &interval)
        };
        debt += liquidated.debt;
        loss += liquidated.loss;
    }
    report(name, start, ACTIVE_STEPS, debt + loss);
}

fn distant(ladder: &Ladder, service: &Service) {
    let steps = ACTIVE_STEPS / 10;
    let mut random = Stream::new(2, 0, 0);
    let prices: Vec<f64> = (0..steps).map(|_| 0.2 + 0.8 * random.uniform()).collect();
    let mut state = LadderState::new(ladder, 1.0);
    let mut sum = 0.0;
    let start = Instant::now();
    for &price in &prices {
        state.restart(ladder, 1.0);
        let liquidated = state.step(ladder, service, price, price, f64::INFINITY);
        sum += liquidated.debt + liquidated.loss;
    }
    report("jump to a distant place", start, steps, sum);
}

fn system() -> Result<(), SpeedError> {
    let books: Vec<Market> = (0..MARKETS)
        .map(|number| Market {
            name: number.to_string(),
            collateral_asset: "A".to_owned(),
            debt_asset: "USD".to_owned(),
            accounts: Vec::new(),
            positions: positions(100_000, if number % 2 == 0 { &[0.8] } else { &[0.75, 0.8, 0.86] })
                .into_iter()
                .map(|p| Position { debt: 0.95 * p.debt, ..p })
                .collect(),
        })
        .collect();
    let depth =
        Depth::per_hour(0.02 * books[0].debt(), 0.005 * books[0].debt()).unwrap_or(Depth::unlimited());
    let markets = |delay: f64, renewal_days: Option<f64>| -> Result<Vec<MarketModel>, MarketModelError> {
        let spec = |(number, market)| MarketSpec {
            market,
            collateral_price: 1.0,
            debt_price: 1.0,
            columns: Columns::Collateral(number),
            bonus: 0.05,
            depth,
            delay_hours: ByRegime { calm: delay, stressed: 4.0 * delay },
            renewal_days,
        };
        books.iter().enumerate().map(|book| MarketModel::new(&spec(book))).collect()
    };
    let plan = BlockPlan { horizon_years: 1.0, steps: STEPS, detail: Detail::Intervals };
    println!("{MARKETS} markets of 100000 positions, {STEPS} daily steps, blocks of {PATHS} paths");
    for (name, volatility, delay, reservoir) in [
        ("nothing happens", 1e-4, 0.25, false),
        ("realistic paths", 0.8, 0.0, false),
        ("realistic paths, delay", 0.8, 0.25, false),
        ("realistic paths, delay, reservoir", 0.8, 0.25, true),
    ] {
        let model = prices(volatility)?;
        let reservoir = reservoir.then(Reservoir::default);
        let system = System::new(
            markets(delay, Some(30.0))?,
            SystemOptions { reservoir, ..SystemOptions::default() },
        )?;
        let (mut state, mut block) = (system.state(), PathBlock::default());
        let mut scratch = BlockScratch::default();
        let mut losses = vec![0.0; PATHS * MARKETS];
        let (mut seconds, mut sum) = (0.0, 0.0);
        for number in 0..BLOCKS {
            let first = number * PATHS as u64;
            model.simulate_block(&plan, 1, first, PATHS, &mut block, &mut scratch)?;
            let start = Instant::now();
            system.run_block(&block, &[STEPS], 1, first, &mut state, &mut losses)?;
            seconds += start.elapsed().as_secs_f64();
            sum += losses.iter().sum::<f64>();
        }
        let (active, steps) = state.active_steps();
        println!(
            "  {name}: {:.2} ns a step, {:.3} % of the steps active (checksum {sum:.3})",
            seconds * 1e9 / steps as f64,
            100.0 * active as f64 / steps as f64
        );
    }
    Ok(())
}

/// One asset a market; without volatility there are no jumps either.
fn prices(volatility: f64) -> Result<Model, ModelError> {
    let quiet = volatility < 0.01;
    let jumps = KouJumps {
        intensity: if quiet { 0.0 } else { 8.0 },
        up_probability: 0.4,
        up_rate: 20.0,
        down_rate: 12.0,
        ..KouJumps::NONE
    };
    let dynamics = JumpDiffusion { volatility, growth: 0.0, jumps, crash_loading: 1.0 };
    let excess = GeneralisedPareto { shape: 0.2, scale: 0.1 };
    let correlation = |i: usize| (0..MARKETS).map(|j| if i == j { 1.0 } else { 0.6 }).collect();
    Model::new(ModelParameters {
        assets: (0..MARKETS).map(|i| AssetModel::jump_diffusion(&i.to_string(), dynamics)).collect(),
        correlation: (0..MARKETS).map(correlation).collect(),
        crash: (!quiet).then_some(CommonCrash { intensity: 1.0, floor: 0.05, excess }),
        regime: (!quiet).then_some(Regime {
            to_stress: 6.0,
            to_calm: 40.0,
            stress: Multipliers { volatility: 2.0, ..Multipliers::ONE },
            start: Start::Stationary,
        }),
        ..ModelParameters::default()
    })
}

fn report(name: &str, start: Instant, steps: u32, checksum: f64) {
    let nanoseconds = start.elapsed().as_nanos() as f64 / f64::from(steps);
    println!("  {name}: {nanoseconds:.2} ns (checksum {checksum:.3})");
}
