//! Accounts along the paths of a block, beside markets: what others' jumps do to the clock changes no loss of an account
//! that does not hold them, and a system's rows hold markets first.

use seawall_actuary::book::accounts::{AccountBook, AccountBookBuilder, Asset, Collateral, Debt};
use seawall_actuary::liquidation::accounts::{CloseFactor, Seizure};
use seawall_actuary::liquidation::system::{AccountBuffers, AccountPass, System, SystemError};
use seawall_actuary::liquidation::{AccountModel, AccountSpec, Depth};
use seawall_actuary::math::pareto::GeneralisedPareto;
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, KouJumps, Model,
    ModelParameters, PathBlock,
};

const STEPS: usize = 60;

fn block() -> PathBlock {
    let jumps = KouJumps {
        intensity: 20.0,
        up_probability: 0.3,
        up_rate: 40.0,
        down_rate: 12.0,
        up_floor: 0.02,
        down_floor: 0.05,
    };
    let own = |symbol: &str, volatility| {
        AssetModel::jump_diffusion(
            symbol,
            JumpDiffusion { volatility, growth: 0.0, jumps, crash_loading: 1.0 },
        )
    };
    let model = Model::new(ModelParameters {
        assets: vec![own("ETH", 0.7), own("BTC", 0.5)],
        correlation: vec![vec![1.0, 0.7], vec![0.7, 1.0]],
        crash: Some(CommonCrash {
            intensity: 4.0,
            floor: 0.03,
            excess: GeneralisedPareto { shape: 0.2, scale: 0.05 },
        }),
        ..ModelParameters::default()
    })
    .unwrap();
    let plan = BlockPlan { horizon_years: STEPS as f64 / 365.0, steps: STEPS, detail: Detail::Intervals };
    let (mut block, mut scratch) = (PathBlock::default(), BlockScratch::default());
    model.simulate_block(&plan, 11, 0, 192, &mut block, &mut scratch).unwrap();
    block
}

/// Accounts with ETH (`"e"`), BTC (`"b"`) or both kinds of account.
fn book(kinds: &str) -> AccountBook {
    let asset = |symbol: &str, price, liquidation_threshold, bonus| Asset {
        symbol: symbol.into(),
        price,
        liquidation_threshold,
        bonus,
    };
    let assets = vec![
        asset("ETH", 2_000.0, 0.8, 0.05),
        asset("BTC", 40_000.0, 0.75, 0.05),
        asset("USD", 1.0, 0.0, 0.0),
    ];
    let mut builder = AccountBookBuilder::new(assets).unwrap();
    for (kind, asset, secured) in [('e', 0, 1_600.0), ('b', 1, 30_000.0)] {
        for number in 0..if kinds.contains(kind) { 40 } else { 0 } {
            let amount = 1.0 + f64::from(number % 5);
            let debt = amount * secured / (1.02 + 0.01 * f64::from(number));
            let held = Collateral { asset, amount, liquidation_threshold: None };
            builder.account(&format!("{kind}{number}"), &[held], &[Debt { asset: 2, amount: debt }]).unwrap();
        }
    }
    builder.finish().unwrap()
}

fn pass(kinds: &str) -> AccountPass {
    let model = AccountModel::new(&AccountSpec {
        book: &book(kinds),
        columns: &[Some(0), Some(1), None],
        depth: &[Depth::unlimited(); 3],
        seizure: Seizure::Protocol(CloseFactor::whole()),
        renewal_days: Some(20.0),
    })
    .unwrap();
    AccountPass::exact(kinds, model)
}

#[test]
fn accounts_of_one_asset_do_not_see_the_jumps_of_another() {
    let block = block();
    let mut buffers = AccountBuffers::default();
    let mut lossy = 0;
    for path in 0..block.paths() {
        let mut losses = |kinds: &str| {
            let mut found = [0.0; 2];
            pass(kinds)
                .along(&block, 1, 0, &mut buffers)
                .losses(path, &[20, STEPS], false, &mut found)
                .unwrap();
            found
        };
        let (ether, bitcoin, both) = (losses("e"), losses("b"), losses("eb"));
        for horizon in 0..2 {
            let sum = ether[horizon] + bitcoin[horizon];
            assert!((both[horizon] - sum).abs() <= 1e-9 * (1.0 + sum), "path {path}: {both:?} {sum}");
            lossy += usize::from(sum > 0.0);
        }
        assert!(both[0] <= both[1] + 1e-9, "a longer horizon loses no less: the book is redrawn on its end");
    }
    assert!(lossy > 40, "{lossy}");
    assert!(buffers.pruned_share() > 0.05, "{}", buffers.pruned_share());
}

/// Rows of a system are path-major, then horizon, then books in their order; errors name the book.
#[test]
fn a_system_without_markets_runs_books_of_accounts() {
    let block = block();
    let system = System::without_markets().with_accounts(vec![pass("e"), pass("b")]);
    let horizons = [20, STEPS];
    let mut losses = vec![0.0; block.paths() * 2 * system.width()];
    system.run_block(&block, &horizons, 1, 0, &mut system.state(), &mut losses).unwrap();
    let mut buffers = AccountBuffers::default();
    for (path, row) in losses.chunks_exact(4).enumerate() {
        for (number, kinds) in ["e", "b"].iter().enumerate() {
            let mut own = [0.0; 2];
            pass(kinds).along(&block, 1, 0, &mut buffers).losses(path, &horizons, true, &mut own).unwrap();
            assert_eq!([row[number], row[2 + number]], own, "path {path}");
        }
    }
    assert!(losses.iter().sum::<f64>() > 0.0);
    let short = system.run_block(&block, &horizons, 1, 0, &mut system.state(), &mut losses[1..]);
    assert!(matches!(short, Err(SystemError::Losses { .. })));
    let model = AccountModel::new(&AccountSpec {
        book: &book("e"),
        columns: &[Some(7), None, None],
        depth: &[Depth::unlimited(); 3],
        seizure: Seizure::ProRata,
        renewal_days: None,
    })
    .unwrap();
    let wrong = System::without_markets().with_accounts(vec![AccountPass::exact("lend", model)]);
    let mut losses = vec![0.0; block.paths()];
    let error = wrong.run_block(&block, &[1], 1, 0, &mut wrong.state(), &mut losses).unwrap_err();
    assert_eq!(error.to_string(), "accounts lend: asset ETH: column 7 in a path of 2");
}
