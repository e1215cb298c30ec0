//! Time of books of accounts: `cargo bench -p seawall-actuary --bench accounts`.
//!
//! 400 and 4,000 accounts of four collaterals and three debts, along paths of a year of daily steps with jumps, crashes
//! and a stress state, redrawn every 30 days, with the losses of 91 days and of the year. Time is per path on one thread:
//! all of the exact pass, and of the pass by 32 clusters.

use std::time::Instant;

use seawall_actuary::{
    book::accounts::{AccountBook, AccountBookBuilder, AccountBookError, Asset, Collateral, Debt},
    liquidation::{
        AccountModel, AccountModelError, AccountSpec, Depth, DepthError, SystemError,
        accounts::{CloseFactor, Seizure},
        system::{AccountBuffers, AccountPass},
    },
    math::pareto::GeneralisedPareto,
    price::{
        AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, KouJumps, Model, ModelError,
        ModelParameters, Multipliers, PathBlock, Regime, Start,
    },
    random::Stream,
};

const STEPS: usize = 365;
const PATHS: usize = 64;
const HORIZONS: [usize; 2] = [91, 365];

#[derive(Debug, thiserror::Error)]
enum SpeedError {
    #[error(transparent)]
    Price(#[from] ModelError),
    #[error(transparent)]
    Book(#[from] AccountBookError),
    #[error(transparent)]
    Accounts(#[from] AccountModelError),
    #[error(transparent)]
    Depth(#[from] DepthError),
    #[error(transparent)]
    System(#[from] SystemError),
}

fn main() -> Result<(), SpeedError> {
    let (mut block, mut scratch) = (PathBlock::default(), BlockScratch::default());
    let plan = BlockPlan { horizon_years: 1.0, steps: STEPS, detail: Detail::Intervals };
    prices()?.simulate_block(&plan, 1, 0, PATHS, &mut block, &mut scratch)?;
    for accounts in [400, 4_000] {
        let book = book(accounts)?;
        let debt = book.totals(&book.prices())?.debt;
        for (depth, of) in
            [("depth 1 % of the debt an hour", 0.01 * debt), ("unlimited depth", f64::INFINITY)]
        {
            for (seizure, by) in [
                ("close factor 1", Seizure::Protocol(CloseFactor::whole())),
                ("close factor 1/2", Seizure::Protocol(CloseFactor { share: 0.5, whole_below: 0.95 })),
            ] {
                let stressed = if of.is_finite() { 0.35 * of } else { of };
                let depth_of = Depth::per_hour(of, stressed)?;
                let model = AccountModel::new(&AccountSpec {
                    book: &book,
                    columns: &[Some(0), Some(1), Some(2), Some(3), None],
                    depth: &[depth_of; 5],
                    seizure: by,
                    renewal_days: Some(30.0),
                })?;
                let clusters = model.cluster(32)?;
                let pass = AccountPass::clustered("accounts", model, clusters);
                println!("{accounts} accounts, {depth}, {seizure}");
                for exact in [true, false] {
                    let (mut buffers, mut loss) = (AccountBuffers::default(), [0.0; 2]);
                    let (mut sum, start) = (0.0, Instant::now());
                    let mut run = pass.along(&block, 1, 0, &mut buffers);
                    for path in 0..PATHS {
                        run.losses(path, &HORIZONS, exact, &mut loss)?;
                        sum += loss[1];
                    }
                    let time = start.elapsed().as_secs_f64() * 1e3 / PATHS as f64;
                    let name = if exact { "exact" } else { "32 clusters" };
                    println!(
                        "  {name}: {time:.3} ms a path; mean loss {:.3e} of the debt",
                        sum / PATHS as f64 / debt
                    );
                }
            }
        }
    }
    Ok(())
}

fn prices() -> Result<Model, ModelError> {
    let asset = |name: &str, volatility, scale: f64| {
        let jumps = KouJumps {
            intensity: 25.0,
            up_probability: 0.45,
            up_rate: 40.0 / scale,
            down_rate: 32.0 / scale,
            ..KouJumps::NONE
        };
        let dynamics = JumpDiffusion { volatility, growth: 0.0, jumps, crash_loading: scale };
        AssetModel::jump_diffusion(name, dynamics)
    };
    let mut correlation = vec![vec![0.6; 4]; 4];
    for (asset, row) in correlation.iter_mut().enumerate() {
        row[asset] = 1.0;
    }
    Model::new(ModelParameters {
        assets: vec![
            asset("ETH", 0.6, 1.0),
            asset("BTC", 0.5, 0.9),
            asset("ALT", 0.9, 1.3),
            asset("DAI", 0.02, 0.1),
        ],
        correlation,
        crash: Some(CommonCrash {
            intensity: 3.0,
            floor: 0.05,
            excess: GeneralisedPareto { shape: 0.2, scale: 0.05 },
        }),
        regime: Some(Regime {
            to_stress: 6.0,
            to_calm: 40.0,
            stress: Multipliers { volatility: 2.0, ..Multipliers::ONE },
            start: Start::Stationary,
        }),
        ..ModelParameters::default()
    })
}

fn book(accounts: usize) -> Result<AccountBook, AccountBookError> {
    let asset = |symbol: &str, price, liquidation_threshold, bonus| Asset {
        symbol: symbol.into(),
        price,
        liquidation_threshold,
        bonus,
    };
    let assets = vec![
        asset("ETH", 1_800.0, 0.83, 0.05),
        asset("BTC", 30_000.0, 0.78, 0.06),
        asset("ALT", 2.5, 0.6, 0.1),
        asset("DAI", 1.0, 0.8, 0.04),
        asset("USD", 1.0, 0.0, 0.0),
    ];
    let mut random = Stream::new(1, 0, 0);
    let mut shares = |of: &[usize]| -> Vec<(usize, f64)> {
        let mut shares: Vec<(usize, f64)> = of
            .iter()
            .map(|&asset| (asset, if random.uniform() < 0.5 { 0.0 } else { random.uniform() }))
            .collect();
        shares[0].1 += 0.05;
        let total: f64 = shares.iter().map(|share| share.1).sum();
        shares.iter_mut().for_each(|share| share.1 /= total);
        shares
    };
    let mut sizes = Stream::new(2, 0, 0);
    let mut builder = AccountBookBuilder::new(assets.clone())?;
    for account in 0..accounts {
        let (held, owed) = (shares(&[0, 1, 2, 3]), shares(&[4, 3, 0]));
        let debt = libm::exp(10.0 * sizes.uniform());
        let health = 1.02 + 1.2 * sizes.uniform();
        let threshold: f64 =
            held.iter().map(|(asset, share)| share * assets[*asset].liquidation_threshold).sum();
        let amount = |asset: usize, value: f64| value / assets[asset].price;
        let collateral: Vec<Collateral> = held
            .iter()
            .map(|&(asset, share)| Collateral {
                asset,
                amount: amount(asset, share * debt * health / threshold),
                liquidation_threshold: None,
            })
            .collect();
        let debts: Vec<Debt> =
            owed.iter().map(|&(asset, share)| Debt { asset, amount: amount(asset, share * debt) }).collect();
        builder.account(&format!("a{account}"), &collateral, &debts)?;
    }
    builder.finish()
}
