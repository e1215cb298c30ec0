//! A price model with everything that happens, books and blocks for the tests of the system.

#![allow(dead_code, reason = "each test uses a part")]

pub mod agents;

use seawall_actuary::{
    book::{Market, Position},
    liquidation::{ByRegime, Columns, Depth, MarketSpec},
    math::pareto::GeneralisedPareto,
    price::{
        AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, KouJumps, Model,
        ModelParameters, Multipliers, PathBlock, Regime, Start,
    },
    random::Stream,
};

/// Two assets with own jumps, a common crash and a stress state: violent enough that most paths lose something.
pub fn prices() -> Model {
    let asset = |name: &str, volatility| {
        let jumps = KouJumps {
            intensity: 8.0,
            up_probability: 0.4,
            up_rate: 20.0,
            down_rate: 12.0,
            ..KouJumps::NONE
        };
        AssetModel::jump_diffusion(name, JumpDiffusion { volatility, growth: 0.0, jumps, crash_loading: 1.0 })
    };
    let excess = GeneralisedPareto { shape: 0.2, scale: 0.2 };
    Model::new(ModelParameters {
        assets: vec![asset("A", 0.9), asset("B", 0.5)],
        correlation: vec![vec![1.0, 0.6], vec![0.6, 1.0]],
        crash: Some(CommonCrash { intensity: 3.0, floor: 0.05, excess }),
        regime: Some(Regime {
            to_stress: 6.0,
            to_calm: 40.0,
            stress: Multipliers { volatility: 2.0, ..Multipliers::ONE },
            start: Start::Stationary,
        }),
        ..ModelParameters::default()
    })
    .unwrap()
}

/// A block of paths of a model, with intervals.
pub fn block(model: &Model, years: f64, steps: usize, seed: u64, first: u64, paths: usize) -> PathBlock {
    let plan = BlockPlan { horizon_years: years, steps, detail: Detail::Intervals };
    let mut block = PathBlock::default();
    model.simulate_block(&plan, seed, first, paths, &mut block, &mut BlockScratch::default()).unwrap();
    block
}

/// Loans of random size at random loan to value below the threshold, at a collateral price of 1.
pub fn loans(seed: u64, count: usize, thresholds: &[f64]) -> Vec<Position> {
    let mut random = Stream::new(seed, 0, 1);
    (0..count)
        .map(|i| {
            let collateral = random.exponential() + 0.01;
            let liquidation_threshold = thresholds[i % thresholds.len()];
            let debt = collateral * liquidation_threshold * (0.4 + 0.58 * random.uniform());
            Position { collateral, debt, liquidation_threshold }
        })
        .collect()
}

pub fn book(name: &str, positions: Vec<Position>) -> Market {
    Market {
        name: name.to_owned(),
        collateral_asset: "A".to_owned(),
        debt_asset: "USD".to_owned(),
        accounts: (0..positions.len()).map(|i| i.to_string()).collect(),
        positions,
    }
}

/// Bonus 5.3 %, no delay, unlimited depth, no renewal.
pub fn spec(market: &Market) -> MarketSpec<'_> {
    MarketSpec {
        market,
        collateral_price: 1.0,
        debt_price: 1.0,
        columns: Columns::Collateral(0),
        bonus: 1.0 / 0.95 - 1.0,
        depth: Depth::unlimited(),
        delay_hours: ByRegime::same(0.0),
        renewal_days: None,
    }
}
