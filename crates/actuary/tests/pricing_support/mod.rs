//! A pool of several markets on Kou assets with common crashes and a stress state, for tests and the benchmark of
//! a whole quote. Prices start at 2,000 debt tokens a collateral token.

use seawall_actuary::book::{Market, Position};
use seawall_actuary::liquidation::{ByRegime, Columns, Depth, LiquidationRules};
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::{
    AssetModel, CommonCrash, JumpDiffusion, KouJumps, Model, ModelParameters, Multipliers, PriceModel,
    Regime, Start,
};
use seawall_actuary::pricing::Exposure;
use seawall_actuary::random::Stream;

/// Spot price of every collateral.
pub const SPOT: f64 = 2_000.0;

/// Parameters of a model of so many assets, near those fitted to ETH and BTC, 2019 to 2023.
pub fn parameters(assets: usize) -> ModelParameters {
    let dynamics = |index: usize| JumpDiffusion {
        volatility: 0.55 + 0.02 * (index % 8) as f64,
        growth: 0.0,
        jumps: KouJumps {
            intensity: 6.0,
            up_probability: 0.45,
            up_rate: 35.0,
            down_rate: 30.0,
            up_floor: 0.03,
            down_floor: 0.03,
        },
        crash_loading: 0.9 + 0.03 * (index % 8) as f64,
    };
    let correlation =
        (0..assets).map(|i| (0..assets).map(|j| if i == j { 1.0 } else { 0.6 }).collect()).collect();
    let stress = Multipliers {
        volatility: 1.8,
        jump_intensity: 3.0,
        jump_size: 1.2,
        crash_intensity: 4.0,
        crash_size: 1.2,
    };
    ModelParameters {
        assets: (0..assets)
            .map(|index| AssetModel::jump_diffusion(&format!("A{index}"), dynamics(index)))
            .collect(),
        correlation,
        crash: Some(CommonCrash {
            intensity: 1.5,
            floor: 0.05,
            excess: GeneralisedPareto { shape: 0.2, scale: 0.04 },
        }),
        regime: Some(Regime { to_stress: 4.0, to_calm: 30.0, stress, start: Start::Stationary }),
        pairs: Vec::new(),
    }
}

/// The model of these parameters.
pub fn prices(assets: usize) -> PriceModel {
    PriceModel::Parametric(Model::new(parameters(assets)).unwrap())
}

/// One market an asset, each with so many loans of log-normal size and ratios up to just below the threshold.
pub fn exposures(markets: usize, loans: usize) -> Vec<Exposure> {
    (0..markets).map(|index| exposure(index, loans)).collect()
}

/// The market on asset number `index`.
pub fn exposure(index: usize, loans: usize) -> Exposure {
    let mut random = Stream::new(7, index as u64, 0);
    let threshold = [0.86, 0.83, 0.80, 0.75][index % 4];
    let positions: Vec<Position> = (0..loans)
        .map(|_| {
            let debt = 2e8 / loans as f64 * libm::exp(1.5 * random.normal() - 1.125);
            // Most of the debt stands well below the threshold, some close to it.
            let ratio = threshold * (1.0 - 0.02 - 0.6 * random.uniform() * random.uniform());
            Position { collateral: debt / (ratio * SPOT), debt, liquidation_threshold: threshold }
        })
        .collect();
    let accounts = (0..loans).map(|loan| loan.to_string()).collect();
    Exposure {
        market: Market::new(format!("m{index}"), format!("A{index}"), "USDC", accounts, positions).unwrap(),
        collateral_price: SPOT,
        debt_price: 1.0,
        columns: Columns::Collateral(index),
        bonus: 0.05,
        depth: Depth::per_hour(1e7, 3e6).unwrap(),
        delay_hours: ByRegime { calm: 0.25, stressed: 1.0 },
        renewal_days: Some(30.0),
        rules: LiquidationRules::default(),
    }
}
