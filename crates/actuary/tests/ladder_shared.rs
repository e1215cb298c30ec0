//! What markets share: the system equals an agent loop over every loan of every market, to 1e-12 of the debt.

mod system_support;

use seawall_actuary::{
    book::Position,
    liquidation::{
        ByRegime, Columns, DelaySpells, Depth, DepthPool, Feedback, ImpactShape, MarketModel, MarketSpec,
        Outages, Reservoir, SpellRates, System, SystemOptions,
    },
    price::{Model, PathBlock},
    random::Stream,
};
use system_support::{
    agents::{self, AgentMarket, AgentSystem},
    block, book, loans, prices, spec,
};

const SEED: u64 = 77;
const KEEP: f64 = 1.0 / (1.0 + (1.0 / 0.95 - 1.0));

fn pick<T: Clone>(random: &mut Stream, choices: &[T]) -> T {
    choices[(random.uniform() * choices.len() as f64) as usize].clone()
}

/// A random system and what the oracle needs to know of it on each path.
struct Case {
    system: System,
    agents: AgentSystem,
    debt: f64,
    outages: Option<SpellRates>,
    congestion: Option<SpellRates>,
}

fn case(seed: u64) -> Case {
    let random = &mut Stream::new(seed, 0, 5);
    let count = 1 + (random.uniform() * 4.0) as usize;
    let mut options = SystemOptions::default();
    if random.uniform() < 0.6 {
        options.reservoir = Some(Reservoir {
            half_life_hours: pick(random, &[1.0, 10.0, 60.0]),
            crash_sensitivity: pick(random, &[0.0, 2.0]),
            crash_half_life_hours: pick(random, &[5.0, 100.0]),
        });
    }
    let rates = |random: &mut Stream| SpellRates {
        per_year: ByRegime::same(pick(random, &[0.0, 10.0, 60.0])),
        at_crash: pick(random, &[0.0, 0.5, 1.0]),
        mean_hours: pick(random, &[2.0, 30.0, 200.0]),
    };
    let congestion = (random.uniform() < 0.4).then(|| rates(random));
    let extra_hours = pick(random, &[1.0, 20.0, 100.0]);
    options.delay = congestion.map(|rates| DelaySpells { rates, extra_hours });
    let outages = (random.uniform() < 0.4).then(|| rates(random));
    options.outages = outages.map(|rates| Outages { rates });
    let (mut models, mut agents) = (Vec::new(), AgentSystem { extra_hours, ..AgentSystem::default() });
    let mut debt = 0.0;
    // Pools 0 and 1 are shared, the others belong to one market.
    let mut shared = [Vec::new(), Vec::new()];
    let depth = |random: &mut Stream| {
        let calm = pick(random, &[0.0, 0.01, 0.05, 0.2, f64::INFINITY]);
        Depth::per_hour(calm, calm * pick(random, &[1.0, 0.3])).unwrap()
    };
    let pools = [depth(random), depth(random)];
    agents.pools = pools.iter().map(Depth::by_regime).collect();
    for number in 0..count {
        let thresholds = pick(random, &[vec![0.8], vec![0.75, 0.86], vec![0.8, 0.93, 0.97]]);
        let positions = loans(seed * 10 + number as u64, 25, &thresholds);
        let (column, spot) = (number % 2, pick(random, &[1.0, 1800.0]));
        let positions: Vec<Position> =
            positions.iter().map(|p| Position { collateral: p.collateral / spot, ..*p }).collect();
        debt += positions.iter().map(|p| p.debt).sum::<f64>();
        let market = book(&number.to_string(), positions);
        let own = depth(random);
        let delay = pick(random, &[0.0, 0.0, 3.0, 40.0]);
        let delay_hours = ByRegime { calm: delay, stressed: delay * pick(random, &[1.0, 2.0]) };
        let spec = MarketSpec {
            collateral_price: spot,
            columns: Columns::Collateral(column),
            depth: own,
            delay_hours,
            ..spec(&market)
        };
        models.push(MarketModel::new(&spec).unwrap());
        let pool = match pick(random, &[0, 0, 1, 2]) {
            2 => {
                agents.pools.push(own.by_regime());
                agents.pools.len() - 1
            }
            pool => {
                shared[pool].push(number);
                pool
            }
        };
        agents.markets.push(AgentMarket {
            loans: market
                .positions
                .iter()
                .map(|p| {
                    let h = p.debt / (p.collateral * p.liquidation_threshold);
                    (h, p.debt, p.collateral, p.liquidation_threshold)
                })
                .collect(),
            spot,
            keep: KEEP,
            column,
            pool,
            delay_hours,
        });
    }
    for (markets, depth) in shared.into_iter().zip(pools).filter(|(markets, _)| !markets.is_empty()) {
        options.pools.push(DepthPool { markets, depth });
    }
    if random.uniform() < 0.5 {
        options.feedback.push(Feedback {
            markets: (0..count).filter(|m| m % 2 == 0).collect(),
            depth: 5.0,
            impact: pick(random, &[0.05, 0.3]),
            shape: pick(random, &[ImpactShape::Linear, ImpactShape::SquareRoot]),
            half_life_hours: pick(random, &[3.0, 200.0, f64::INFINITY]),
            most_rounds: pick(random, &[1, 50]),
        });
    }
    agents.reservoir = options.reservoir;
    agents.feedback = options.feedback.clone();
    Case { system: System::new(models, options).unwrap(), agents, debt, outages, congestion }
}

/// Spells from the documented streams, rates being the same in both states.
fn spells(rates: &SpellRates, factors: [u32; 2], block: &PathBlock, path: usize) -> Vec<(f64, f64)> {
    let number = block.first_path() + path as u64;
    let mean = rates.mean_hours / 8760.0;
    let mut all = Vec::new();
    if rates.per_year.calm > 0.0 {
        let mut stream = Stream::new(SEED, number, factors[0]);
        let mut time = stream.exponential() / rates.per_year.calm;
        while time < block.time(block.steps() - 1) {
            all.push((time, time + mean * stream.exponential()));
            time += stream.exponential() / rates.per_year.calm;
        }
    }
    let mut stream = Stream::new(SEED, number, factors[1]);
    for crash in block.crashes().iter().filter(|crash| crash.path == path) {
        let (uniform, length) = (stream.uniform(), stream.exponential());
        if uniform < rates.at_crash {
            all.push((crash.time, crash.time + mean * length));
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for spell in all {
        match merged.last_mut() {
            Some(last) if spell.0 <= last.1 => last.1 = last.1.max(spell.1),
            _ => merged.push(spell),
        }
    }
    merged
}

#[test]
fn the_system_equals_an_agent_loop() {
    let model: Model = prices();
    let block = block(&model, 0.25, 30, 21, 500, 40);
    let mut reached = std::collections::BTreeMap::new();
    for seed in 0..250 {
        let Case { system, mut agents, debt, outages, congestion } = case(seed);
        let markets = system.markets().len();
        let mut losses = vec![f64::NAN; 40 * markets];
        system.run_block(&block, &[30], SEED, 500, &mut system.state(), &mut losses).unwrap();
        let mut any = false;
        for path in 0..40 {
            agents.congestion =
                congestion.map_or(Vec::new(), |r| spells(&r, [0xA0 << 24, 0xA1 << 24], &block, path));
            agents.outages = outages.map_or(Vec::new(), |r| {
                (0..2)
                    .map(|column| spells(&r, [0xA2 << 24 | column, 0xA3 << 24 | column], &block, path))
                    .collect()
            });
            let expected = agents::losses(&agents, &block, path);
            for (market, expected) in expected.iter().enumerate() {
                let found = losses[path * markets + market];
                // A square root makes 1e-8 of what rounding leaves to be sold, 1e-16.
                let root = system.options().feedback.iter().any(|f| f.shape == ImpactShape::SquareRoot);
                let tolerance = if root { 1e-9 } else { 1e-12 };
                assert!(
                    (found - expected).abs() <= tolerance * debt,
                    "seed {seed}, path {path}, market {market}: {found}, agents {expected}"
                );
                any |= *expected > 1e-6 * debt;
            }
        }
        let options = system.options();
        for (name, on) in [
            ("lossy", true),
            ("shared depth", options.pools.iter().any(|pool| pool.markets.len() > 1)),
            ("reservoir", options.reservoir.is_some()),
            ("impact", !options.feedback.is_empty()),
            ("congestion", congestion.is_some()),
            ("outages", outages.is_some()),
        ] {
            *reached.entry(name).or_insert(0) += usize::from(any && on);
        }
    }
    // The cases must reach what they are meant to test.
    assert!(reached.values().all(|&count| count > 60), "{reached:?}");
}
