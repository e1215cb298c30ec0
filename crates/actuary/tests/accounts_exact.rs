//! The agent loop over accounts: against the ladder of one market, against an account followed by hand, and with
//! pruning that changes no bit.

mod accounts_support;

use accounts_support::{ASSETS, COLUMNS, assets, book, model, path, protocol, scarce, unlimited};
use seawall_actuary::{
    book::accounts::{AccountBook, AccountBookBuilder, AccountBookError, Asset, Collateral, Debt},
    book::{Market, Position},
    liquidation::{
        AccountModel, AccountSpec, AssetPath, ByRegime, Columns, Depth, MarketModel, MarketSpec,
        accounts::{AccountModelError, AccountState, CloseFactor, Seizure},
    },
    price::PricePath,
    random::Stream,
};

fn one_market(seed: u64) -> (Market, AccountBook) {
    let random = &mut Stream::new(seed, 3, 0);
    let mut builder = AccountBookBuilder::new(assets()).unwrap();
    let (mut accounts, mut positions) = (Vec::new(), Vec::new());
    for account in 0..60 {
        // Mixed thresholds, some of them above 1/(1 + bonus): accounts carry their own.
        let threshold = accounts_support::pick(random, &[0.83, 0.83, 0.7, 0.96]);
        let debt = libm::exp(10.0 * random.uniform());
        let collateral = debt * (1.0001 + random.uniform() * random.uniform()) / (threshold * 1800.0);
        let name = format!("a{account}");
        let held = Collateral { asset: 0, amount: collateral, liquidation_threshold: Some(threshold) };
        builder.account(&name, &[held], &[Debt { asset: 4, amount: debt }]).unwrap();
        accounts.push(name);
        positions.push(Position::new(collateral, debt, threshold).unwrap());
    }
    let market = Market::new("m", "ETH", "USD", accounts, positions).unwrap();
    (market, builder.finish().unwrap())
}

/// One collateral against the unit of account is the market that the ladder knows: the loss of every path agrees, with
/// depth that runs out, thresholds that mix, stress, jumps, minima within intervals and renewals of the book.
#[test]
fn one_collateral_and_one_debt_are_the_ladder_of_a_market() {
    let (mut lossy, mut unserved) = (0, 0);
    for seed in 0..300 {
        let (market, book) = one_market(seed);
        let random = &mut Stream::new(seed, 4, 0);
        let share = accounts_support::pick(random, &[0.0, 0.003, 0.03, 0.3, f64::INFINITY]);
        let calm = if share.is_finite() { share * market.debt() } else { share };
        let depth = Depth::per_hour(calm, if calm.is_finite() { 0.4 * calm } else { calm }).unwrap();
        let renewal_days = accounts_support::pick(random, &[None, Some(0.4)]);
        let ladder = MarketModel::new(&MarketSpec {
            market: &market,
            collateral_price: 1800.0,
            debt_price: 1.0,
            columns: Columns::Collateral(0),
            bonus: 0.05,
            depth,
            delay_hours: ByRegime::same(0.0),
            renewal_days,
        })
        .unwrap();
        let depths = vec![depth; ASSETS];
        let accounts = model(&book, &depths, Seizure::ProRata, renewal_days);
        let whole = model(&book, &unlimited(), protocol(1.0, 1.0), renewal_days);
        assert_eq!(accounts.at_opening(), ladder.at_opening());
        let (mut read, mut state) = (AssetPath::default(), AccountState::default());
        for number in 0..4 {
            let path = path(1000 * seed + number, 24, 0.02);
            let end = *path.time.last().unwrap();
            let mut expected = [0.0];
            ladder.run(&path, &[end], &mut ladder.state(), &mut expected).unwrap();
            read.read(&accounts, &path).unwrap();
            let found = accounts.run(&read, &mut state);
            let near = 1e-12 * market.debt();
            assert!(
                (found.bad_debt - expected[0]).abs() <= near,
                "seed {seed}, path {number}: {found:?}, ladder {expected:?}"
            );
            // With depth enough, seizing for the whole debt loses what selling in proportion loses.
            if share.is_infinite() {
                read.read(&whole, &path).unwrap();
                let seized = whole.run(&read, &mut AccountState::default());
                assert!((seized.bad_debt - expected[0]).abs() <= near, "seed {seed}: {seized:?}");
            }
            lossy += usize::from(expected[0] > near);
            unserved += usize::from(share.is_finite() && expected[0] > near);
        }
    }
    assert!(lossy > 300 && unserved > 200, "{lossy}, {unserved}");
}

#[test]
fn pruning_changes_no_bit() {
    let (mut lossy, mut pruned) = (0, 0.0);
    for seed in 0..200 {
        let book = book(seed, 50, 50);
        let debt = book.totals(&book.prices()).unwrap().debt;
        let depth = if seed % 3 == 0 { unlimited() } else { scarce(seed, debt) };
        let seizure = if seed % 2 == 0 { Seizure::ProRata } else { protocol(0.5, 0.95) };
        let model = model(&book, &depth, seizure, if seed % 5 == 0 { Some(0.3) } else { None });
        let (mut read, mut cut, mut all) =
            (AssetPath::default(), AccountState::default(), AccountState::default());
        for number in 0..4 {
            read.read(&model, &path(7_000 * seed + number, 24, 0.008)).unwrap();
            let (a, b) = (model.run(&read, &mut cut), model.run_unpruned(&read, &mut all));
            assert_eq!(a.bad_debt.to_bits(), b.bad_debt.to_bits(), "seed {seed}, path {number}");
            assert_eq!(a.extinguished.to_bits(), b.extinguished.to_bits(), "seed {seed}, path {number}");
            lossy += usize::from(a.bad_debt > 0.0);
        }
        assert_eq!(all.pruned_share(), 0.0);
        pruned += cut.pruned_share() / 200.0;
    }
    assert!(lossy > 200, "{lossy}");
    assert!(pruned > 0.3 && pruned < 0.95, "{pruned}");
}

fn two_assets() -> AccountBook {
    let asset = |symbol: &str, price, threshold| Asset {
        symbol: symbol.into(),
        price,
        liquidation_threshold: threshold,
        bonus: 0.1,
    };
    let mut builder =
        AccountBookBuilder::new(vec![asset("A", 10.0, 0.8), asset("B", 1.0, 0.5), asset("USD", 1.0, 0.0)])
            .unwrap();
    let held = [(0, 10.0), (1, 60.0)].map(|(asset, amount)| Collateral {
        asset,
        amount,
        liquidation_threshold: None,
    });
    builder.account("a", &held, &[Debt { asset: 2, amount: 100.0 }]).unwrap();
    builder.finish().unwrap()
}

/// One interval in which asset A jumps to `after` of its price.
fn jump(after: f64) -> PricePath {
    PricePath {
        assets: 2,
        time: vec![1.0 / 8760.0],
        low: vec![1.0, 1.0],
        close: vec![1.0, 1.0],
        after: vec![after, 1.0],
        stressed: vec![false],
    }
}

fn run(depth: [f64; 2], share: f64, whole_below: f64, after: f64) -> (f64, f64) {
    let book = two_assets();
    let depth: Vec<Depth> =
        [depth[0], depth[1], 0.0].iter().map(|&rate| Depth::per_hour(rate, rate).unwrap()).collect();
    let model = AccountModel::new(&AccountSpec {
        book: &book,
        columns: &[Some(0), Some(1), None],
        depth: &depth,
        seizure: Seizure::Protocol(CloseFactor { share, whole_below }),
        renewal_days: None,
    })
    .unwrap();
    let mut read = AssetPath::default();
    read.read(&model, &jump(after)).unwrap();
    let loss = model.run(&read, &mut AccountState::default());
    (loss.extinguished, loss.bad_debt)
}

/// 10 A at 10 and 60 B at 1 against 100, thresholds 0.8 and 0.5: health factor 1.1.
#[test]
fn an_account_followed_by_hand() {
    let inf = f64::INFINITY;
    let near = |found: (f64, f64), expected: (f64, f64)| {
        assert!(
            (found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9,
            "{found:?} {expected:?}"
        );
    };
    // At 9.5 the health factor is 1.06: nothing happens.
    near(run([inf, inf], 0.5, 0.0, 0.95), (0.0, 0.0));
    // At 8 it is 0.94. Half of 100 is repaid, 55 of the largest collateral (80 of A) seized: 25 of A and 60 of B
    // against 50 make 1.0, not below 1: the end.
    near(run([inf, inf], 0.5, 0.0, 0.8), (50.0, 0.0));
    // The whole where the health factor is below the bound: A pays 80/1.1 and is gone; B secures what is left.
    near(run([inf, inf], 0.5, 0.95, 0.8), (80.0 / 1.1, 0.0));
    // At 1 the collateral of 10 + 60 pays 70/1.1; what is left of the debt is bad.
    near(run([inf, inf], 0.5, 0.0, 0.1), (100.0, 100.0 - 70.0 / 1.1));
    // Without depth nothing is sold; what the collateral less the bonus would not pay is bad at the end.
    near(run([0.0, 0.0], 0.5, 0.0, 0.1), (0.0, 100.0 - 70.0 / 1.1));
    // A has no depth: B is seized although it is the smaller, down to nothing; then 80 of A against 100 - 60/1.1
    // stand at 64/45.45 > 1.
    near(run([0.0, inf], 1.0, 1.0, 0.8), (60.0 / 1.1, 0.0));
    // A takes 20 of debt and no more, B 10: 80 - 22 of A and 60 - 11 of B stand against 70, at 1.013.
    near(run([20.0, 10.0], 1.0, 1.0, 0.8), (30.0, 0.0));
}

/// A fall within an interval that comes back: the account is sold where its health factor passes 1, at no loss.
#[test]
fn diffusion_sells_at_the_break() {
    let book = two_assets();
    let depth = vec![Depth::unlimited(); 3];
    for seizure in [Seizure::ProRata, protocol(1.0, 1.0)] {
        let columns = [Some(0), Some(1), None];
        let spec = AccountSpec { book: &book, columns: &columns, depth: &depth, seizure, renewal_days: None };
        let model = AccountModel::new(&spec).unwrap();
        let mut read = AssetPath::default();
        let mut dip = jump(1.0);
        dip.low[0] = 0.05;
        read.read(&model, &dip).unwrap();
        let loss = model.run(&read, &mut AccountState::default());
        // At the break 80 x + 30 x = 100 the collateral is worth 160 x = 145: enough.
        assert_eq!(loss.bad_debt, 0.0, "{seizure:?}");
        assert!((loss.extinguished - 100.0).abs() < 1e-9, "{seizure:?} {loss:?}");
    }
}

#[test]
fn a_rising_debt_asset_breaks_an_account() {
    let mut builder = AccountBookBuilder::new(assets()).unwrap();
    let dollars = Collateral { asset: 3, amount: 1000.0, liquidation_threshold: None };
    builder.account("short", &[dollars], &[Debt { asset: 2, amount: 280.0 }]).unwrap();
    let book = builder.finish().unwrap();
    let model = model(&book, &unlimited(), protocol(0.5, 0.95), None);
    let mut path = PricePath {
        assets: 4,
        time: vec![0.1],
        low: vec![1.0; 4],
        close: vec![1.0; 4],
        after: vec![1.0, 1.0, 1.85, 1.0],
        stressed: vec![false],
    };
    let mut read = AssetPath::default();
    read.read(&model, &path).unwrap();
    let loss = model.run(&read, &mut AccountState::default());
    // 280 x 2.5 x 1.85 = 1295 of debt, 1000 / 1.04 of it paid.
    assert!((loss.bad_debt - (1295.0 - 1000.0 / 1.04)).abs() < 1e-9, "{loss:?}");
    path.after.truncate(3);
    assert_eq!(read.read(&model, &path), Err(AccountModelError::Shape { found: 3, expected: 4 }));
    path.assets = 2;
    assert!(matches!(read.read(&model, &path), Err(AccountModelError::Column { column: 2, columns: 2, .. })));
}

#[test]
fn accounts_under_water_at_the_start_are_counted_and_left_out() {
    let mut builder = AccountBookBuilder::new(assets()).unwrap();
    let eth = |amount| Collateral { asset: 0, amount, liquidation_threshold: None };
    builder.account("sunk", &[eth(1.0)], &[Debt { asset: 4, amount: 1790.0 }]).unwrap();
    builder.account("sound", &[eth(1.0)], &[Debt { asset: 4, amount: 900.0 }]).unwrap();
    builder.account("bare", &[], &[Debt { asset: 4, amount: 7.0 }]).unwrap();
    builder.account("idle", &[eth(9.0)], &[]).unwrap();
    let book = builder.finish().unwrap();
    let model = model(&book, &unlimited(), Seizure::ProRata, None);
    assert_eq!((model.len(), model.total_debt()), (1, 900.0));
    let opening = model.at_opening();
    assert_eq!((opening.positions, opening.debt), (2, 1797.0));
    assert!((opening.bad_debt - (1790.0 - 1800.0 / 1.05 + 7.0)).abs() < 1e-9);
}

#[test]
fn rules_out_of_range_are_refused() {
    let book = book(1, 3, 3);
    let depth = unlimited();
    let spec = |seizure, renewal_days| AccountSpec {
        book: &book,
        columns: &COLUMNS,
        depth: &depth,
        seizure,
        renewal_days,
    };
    for share in [0.0, 1.1, f64::NAN] {
        assert!(matches!(
            AccountModel::new(&spec(protocol(share, 0.5), None)),
            Err(AccountModelError::Rule { field: "close factor", .. })
        ));
    }
    assert!(AccountModel::new(&spec(protocol(0.5, 1.5), None)).is_err());
    assert!(AccountModel::new(&spec(Seizure::ProRata, Some(0.0))).is_err());
    let short = AccountSpec { columns: &COLUMNS[..2], ..spec(Seizure::ProRata, None) };
    assert!(matches!(AccountModel::new(&short), Err(AccountModelError::Length { what: "columns", .. })));
    let model = AccountModel::new(&spec(Seizure::ProRata, None)).unwrap();
    assert!(matches!(model.cluster(0), Err(AccountModelError::Clusters(0))));
    let none = AccountBookBuilder::new(assets()).unwrap().finish();
    assert_eq!(none.err(), Some(AccountBookError::NoDebt));
}
