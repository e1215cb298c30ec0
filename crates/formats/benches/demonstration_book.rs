//! Mean time of a liquidation step on the demonstration's book: the four crvUSD markets of 15 November 2023 along a
//! year of daily paths of ETH and BTC: `cargo bench -p seawall-formats --bench demonstration_book`. One thread.
//!
//! The price model is near the one that the demonstration fits. Paths are drawn before the clock starts.

use std::error::Error;
use std::time::Instant;

use seawall_actuary::liquidation::{
    ByRegime, Columns, Depth, MarketModel, MarketSpec, Reservoir, System, SystemOptions,
};
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, KouJumps, Model,
    ModelParameters, Multipliers, PathBlock, Regime, Start,
};
use seawall_formats::Source;
use seawall_formats::crvusd::read_crvusd;
use seawall_formats::price_table::read_prices;

const SNAPSHOT: &str = "2023-11-15";
const STEPS: usize = 365;
const PATHS: usize = 64;
const BLOCKS: u64 = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/");
    let history = read_prices(Source::open(format!("{data}prices/hourly-closes.csv.gz"))?)?.history;
    let borrowers = Source::open(format!("{data}crvusd-2023q4/borrowers.csv.gz"))?;
    let made = read_crvusd(borrowers, SNAPSHOT, &history)?;
    let markets = || -> Result<Vec<MarketModel>, Box<dyn Error>> {
        let mut models = Vec::new();
        for (market, &collateral_price) in made.book.markets.iter().zip(&made.collateral_prices) {
            let bitcoin = market.collateral_asset.to_lowercase().contains("btc");
            models.push(MarketModel::new(&MarketSpec {
                market,
                collateral_price,
                debt_price: made.debt_price,
                columns: Columns::Collateral(usize::from(bitcoin)),
                bonus: 0.06,
                depth: Depth::per_hour(8e6, 2e6)?,
                delay_hours: ByRegime { calm: 0.25, stressed: 1.0 },
                renewal_days: Some(30.0),
            })?);
        }
        Ok(models)
    };
    let prices = prices()?;
    let plan = BlockPlan { horizon_years: 1.0, steps: STEPS, detail: Detail::Intervals };
    println!("{} loans in {} markets, {STEPS} daily steps", made.book.loans(), made.book.markets.len());
    for (name, reservoir) in [("depth as a rate", None), ("depth as a reservoir", Some(Reservoir::default()))]
    {
        let system = System::new(markets()?, SystemOptions { reservoir, ..SystemOptions::default() })?;
        let (mut state, mut block) = (system.state(), PathBlock::default());
        let mut scratch = BlockScratch::default();
        let mut losses = vec![0.0; PATHS * system.markets().len()];
        let (mut seconds, mut sum) = (0.0, 0.0);
        for number in 0..BLOCKS {
            let first = number * PATHS as u64;
            prices.simulate_block(&plan, 1, first, PATHS, &mut block, &mut scratch)?;
            let start = Instant::now();
            system.run_block(&block, &[STEPS], 1, first, &mut state, &mut losses)?;
            seconds += start.elapsed().as_secs_f64();
            sum += losses.iter().sum::<f64>();
        }
        let (active, steps) = state.active_steps();
        println!(
            "  {name}: {:.2} ns a step, {:.2} % of the steps active (checksum {sum:.0})",
            seconds * 1e9 / steps as f64,
            100.0 * active as f64 / steps as f64
        );
    }
    Ok(())
}

/// ETH and BTC.
fn prices() -> Result<Model, Box<dyn Error>> {
    let dynamics = |volatility: f64| JumpDiffusion {
        volatility,
        growth: 0.0,
        jumps: KouJumps {
            intensity: 6.0,
            up_probability: 0.45,
            up_rate: 35.0,
            down_rate: 30.0,
            up_floor: 0.03,
            down_floor: 0.03,
        },
        crash_loading: 1.0,
    };
    Ok(Model::new(ModelParameters {
        assets: vec![
            AssetModel::jump_diffusion("ETH", dynamics(0.65)),
            AssetModel::jump_diffusion("BTC", dynamics(0.5)),
        ],
        correlation: vec![vec![1.0, 0.8], vec![0.8, 1.0]],
        crash: Some(CommonCrash {
            intensity: 1.5,
            floor: 0.05,
            excess: GeneralisedPareto { shape: 0.2, scale: 0.04 },
        }),
        regime: Some(Regime {
            to_stress: 4.0,
            to_calm: 30.0,
            stress: Multipliers {
                volatility: 1.8,
                jump_intensity: 3.0,
                jump_size: 1.2,
                crash_intensity: 4.0,
                crash_size: 1.2,
            },
            start: Start::Stationary,
        }),
        pairs: Vec::new(),
    })?)
}
