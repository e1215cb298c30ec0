//! A pool of twenty markets on twenty assets, each with jumps of its own, under a common crash with a heavy tail and a
//! stress state: sizes as they come out of a calibration to hourly prices of five years.

use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::{
    AssetModel, CommonCrash, JumpDiffusion, KouJumps, Model, ModelParameters, Multipliers, PathBlock, Regime,
    Start,
};

pub const MARKETS: usize = 20;

/// The model; if `crash` is false, without its crash and with fewer but far larger jumps of the assets' own.
pub fn model(crash: bool) -> Model {
    let (intensity, thinner) = if crash { (30.0, 1.0) } else { (2.0, 0.25) };
    let asset = |index: usize| {
        let rank = index as f64 / (MARKETS - 1) as f64;
        let jumps = KouJumps {
            intensity,
            up_probability: 0.65,
            up_rate: 60.0,
            down_rate: thinner * (80.0 - 55.0 * rank),
            up_floor: 0.035 + 0.02 * rank,
            down_floor: 0.035 + 0.02 * rank,
        };
        let dynamics = JumpDiffusion {
            volatility: 0.5 + 0.5 * rank,
            growth: 0.0,
            jumps,
            crash_loading: 0.9 + 0.5 * rank,
        };
        AssetModel::jump_diffusion(&format!("A{index}"), dynamics)
    };
    let stress = Multipliers {
        volatility: 2.2,
        jump_intensity: 1.0,
        jump_size: 2.2,
        crash_intensity: 1.0,
        crash_size: 2.2,
    };
    Model::new(ModelParameters {
        assets: (0..MARKETS).map(asset).collect(),
        correlation: (0..MARKETS)
            .map(|i| (0..MARKETS).map(|j| if i == j { 1.0 } else { 0.65 }).collect())
            .collect(),
        crash: crash.then_some(CommonCrash {
            intensity: 14.0,
            floor: 0.03,
            excess: GeneralisedPareto { shape: 0.3, scale: 0.018 },
        }),
        regime: Some(Regime { to_stress: 6.0, to_calm: 33.0, stress, start: Start::Stationary }),
        ..ModelParameters::default()
    })
    .unwrap()
}

/// Loans of one market: break prices falling, relative to the price at the last renewal, with debts.
pub struct Loans {
    column: usize,
    /// Collateral that a liquidated loan has left for each unit of its debt at its break price.
    cover: f64,
    /// Debt that is sold at once without a further discount.
    depth: f64,
    loans: Vec<(f64, f64)>,
}

/// Sixty loans a market between 35 and 95 % of the way to the threshold; debt falls from market to market.
pub fn pool() -> Vec<Loans> {
    let rank = |column: usize| column as f64 / (MARKETS - 1) as f64;
    let market = |column: usize| {
        let size = 1e6 * libm::exp(-1.5 * rank(column));
        let loan = |k: i32| {
            let distance = 0.95 - 0.01 * f64::from(k);
            // Most debt lies in the middle.
            (distance, size * distance * (1.0 - distance))
        };
        let (threshold, bonus) = (0.86 - 0.12 * rank(column), 0.05 + 0.03 * rank(column));
        let cover = 1.0 / (threshold * (1.0 + bonus));
        Loans { column, cover, depth: 2.0 * size, loans: (0..60).map(loan).collect() }
    };
    (0..MARKETS).map(market).collect()
}

/// Bad debt of all markets together within the block's horizon, on each path: loans that diffusion carries to their
/// threshold are sold in time; those that a jump carries past it are sold at the price after the jump, less a tenth for
/// what exceeds the depth. Every thirty days the books are redrawn at that day's prices.
pub fn pool_losses(pool: &[Loans], block: &PathBlock, losses: &mut [f64]) {
    const RENEWAL: f64 = 30.0 / 365.0;
    let mut intervals = Vec::new();
    losses.fill(0.0);
    for market in pool {
        for (path, loss) in losses.iter_mut().enumerate() {
            block.intervals(path, market.column, &mut intervals);
            let (mut spot, mut lowest, mut renewal) = (1.0, 1.0_f64, RENEWAL);
            for interval in &intervals {
                lowest = lowest.min(interval.low / spot);
                let after = interval.after / spot;
                if after < lowest {
                    *loss += market.jump(after, lowest);
                    lowest = after;
                }
                if interval.time >= renewal {
                    (spot, lowest) = (interval.after, 1.0);
                    renewal += RENEWAL;
                }
            }
        }
    }
}

impl Loans {
    fn jump(&self, after: f64, before: f64) -> f64 {
        let first = self.loans.partition_point(|(break_price, _)| *break_price >= before);
        let crossed = self.loans[first..].iter().take_while(|(break_price, _)| *break_price > after);
        let debt: f64 = crossed.clone().map(|(_, debt)| debt).sum();
        let discount = 1.0 - 0.1 * (1.0 - self.depth / debt.max(self.depth));
        crossed.map(|(h, debt)| debt * (1.0 - discount * self.cover * after / h).max(0.0)).sum()
    }
}
