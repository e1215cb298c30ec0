//! Books of accounts under delay, congestion, outages, reservoirs, dust and price impact: against a plain loop over agents,
//! against the ladder of a market, and with pruning that changes no bit.

mod accounts_support;
mod system_support;

use accounts_support::{
    ASSETS, COLUMNS,
    agents::{Rules, losses},
    assets, book, crashing_path, model, pick, protocol, scarce, unlimited,
};
use seawall_actuary::{
    book::accounts::{AccountBookBuilder, Collateral, Debt},
    liquidation::{
        AccountLoss, AccountModel, AccountSpec, AssetPath, ByRegime, DelaySpells, Depth, Feedback,
        ImpactShape, LiquidationRules, MarketModel, MarketSpec, Outages, Reservoir, SpellRates, System,
        SystemOptions,
        accounts::{AccountModelError, AccountState, ClusterState, Conditions, PathEvents, Seizure},
        system::{AccountBuffers, AccountPass},
    },
    price::PricePath,
    random::Stream,
};

fn rates(calm: f64) -> SpellRates {
    SpellRates { per_year: ByRegime { calm, stressed: 3.0 * calm }, at_crash: 0.4, mean_hours: 3.0 }
}

/// Everything, or each of it with some probability. Intervals of the paths are half an hour to an hour and a half long.
fn conditions(random: &mut Stream, all: bool, debt: f64) -> Conditions {
    let delay = pick(random, &[0.0, 0.1, 0.8, 2.5]);
    let mut on = || all || random.uniform() < 0.5;
    let (congestion, outages, reservoir) = (on(), on(), on());
    let (gas, one, other) = (on(), on(), on());
    let impact = |markets: Vec<usize>, shape, half_life_hours| Feedback {
        markets,
        depth: 0.05 * debt,
        impact: 0.04,
        shape,
        half_life_hours,
        most_rounds: 8,
    };
    let mut impacts = Vec::new();
    if one {
        impacts.push(impact(vec![0, 3], ImpactShape::Linear, 2.0));
    }
    if other {
        impacts.push(impact(vec![1], ImpactShape::SquareRoot, f64::INFINITY));
    }
    Conditions {
        delay_hours: ByRegime { calm: delay, stressed: 1.5 * delay },
        congestion: congestion.then(|| DelaySpells { rates: rates(100.0), extra_hours: 0.7 }),
        outages: outages.then(|| Outages { rates: rates(100.0) }),
        reservoir: reservoir.then(|| Reservoir { half_life_hours: 1.5, ..Reservoir::default() }),
        gas: if gas { 3.0 } else { 0.0 },
        impacts,
    }
}

/// Crashes at ends of intervals and elsewhere, spells.
fn events(seed: u64, path: &PricePath) -> PathEvents {
    let random = &mut Stream::new(seed, 8, 0);
    let end = *path.time.last().unwrap();
    let mut crashes: Vec<(f64, f64)> = Vec::new();
    for &time in &path.time {
        if random.uniform() < 0.1 {
            crashes.push((time, 0.4 * random.uniform()));
        } else if random.uniform() < 0.02 {
            crashes.push((time - 0.2 / 8760.0, 0.2));
        }
    }
    crashes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut spells = || {
        let (mut found, mut time) = (Vec::new(), 0.0);
        loop {
            let from: f64 = time + 7.0 * random.exponential() / 8760.0;
            // Some begin with a jump, at the end of an interval.
            let next = path.time.iter().copied().find(|&end| end > from).unwrap_or(f64::INFINITY);
            let from = if random.uniform() < 0.4 { next } else { from };
            if from > end {
                return found;
            }
            time = from + 3.0 * random.exponential() / 8760.0;
            found.push((from, time));
        }
    };
    let congestion = spells();
    let outages = (0..ASSETS).map(|asset| if asset < 3 { spells() } else { Vec::new() }).collect();
    PathEvents { crashes, congestion, outages }
}

struct Case {
    model: AccountModel,
    rules_depth: Vec<ByRegime>,
    debt: f64,
    renewal: Option<f64>,
    seizure: Seizure,
    conditions: Conditions,
}

fn case(seed: u64, book: &seawall_actuary::book::accounts::AccountBook) -> Case {
    let random = &mut Stream::new(seed, 9, 0);
    let debt = book.totals(&book.prices()).unwrap().debt;
    let conditions = conditions(random, seed.is_multiple_of(4), debt);
    let depth = if seed.is_multiple_of(5) { unlimited() } else { scarce(seed, debt) };
    let seizure = pick(random, &[Seizure::ProRata, protocol(1.0, 1.0), protocol(0.5, 0.95)]);
    let renewal = pick(random, &[None, Some(0.3)]);
    let model = model(book, &depth, seizure, renewal).with_conditions(conditions.clone()).unwrap();
    let rules_depth = depth.iter().map(Depth::by_regime).collect();
    Case { model, rules_depth, debt, renewal, seizure, conditions }
}

/// Every feature on in a quarter of the books, any of them in the others.
#[test]
fn the_pass_is_a_loop_over_agents() {
    let (mut lossy, mut differ) = (0, 0);
    for seed in 0..240 {
        let book = book(seed, 15, 15);
        let case = case(seed, &book);
        let (mut read, mut state) = (AssetPath::default(), AccountState::default());
        for number in 0..2 {
            let path = crashing_path(3_000 * seed + number, 20, 0.02, 0.8);
            let events = events(3_000 * seed + number, &path);
            read.read_with(&case.model, &path, &events).unwrap();
            let found = case.model.run(&read, &mut state);
            let rules = Rules {
                book: &book,
                columns: &COLUMNS,
                depth: case.rules_depth.clone(),
                seizure: case.seizure,
                renewal_days: case.renewal,
                conditions: case.conditions.clone(),
            };
            let (bad, gone) = losses(&rules, &path, &events);
            let near = 1e-12 * case.debt;
            assert!(
                (found.bad_debt - bad).abs() <= near && (found.extinguished - gone).abs() <= 10.0 * near,
                "seed {seed}, path {number}: {found:?}, agents {bad} {gone} of {}; {:?} {:?}",
                case.debt,
                case.seizure,
                case.conditions
            );
            let plain = model(&book, &unlimited(), case.seizure, case.renewal);
            read.read(&plain, &path).unwrap();
            lossy += usize::from(bad > near);
            differ += usize::from((plain.run(&read, &mut state).bad_debt - bad).abs() > near);
        }
    }
    assert!(lossy > 200 && differ > 200, "{lossy}, {differ} of 480");
}

/// Nothing is lost by looking only at who can be reached, and a loss within a horizon is that of a path which ends there.
#[test]
fn pruning_changes_no_bit_and_horizons_are_ends() {
    let (mut lossy, mut pruned) = (0, 0.0);
    for seed in 0..120 {
        let book = book(seed, 50, 50);
        let case = case(seed, &book);
        let (mut read, mut cut, mut all) =
            (AssetPath::default(), AccountState::default(), AccountState::default());
        let path = crashing_path(11_000 * seed, 70, 0.006, 0.4);
        let events = events(11_000 * seed, &path);
        read.read_with(&case.model, &path, &events).unwrap();
        let (a, b) = (case.model.run(&read, &mut cut), case.model.run_unpruned(&read, &mut all));
        assert_eq!(
            (a.bad_debt.to_bits(), a.extinguished.to_bits()),
            (b.bad_debt.to_bits(), b.extinguished.to_bits()),
            "seed {seed}: {a:?} {b:?}"
        );
        let ends = [0, 9, 33, 70];
        let mut within = [AccountLoss::default(); 4];
        case.model.run_within(&read, &ends, &mut cut, &mut within);
        assert_eq!((within[0], within[3]), (AccountLoss::default(), a), "seed {seed}");
        let clusters = case.model.cluster(6).unwrap();
        let (mut ladders, mut fast) = (ClusterState::default(), [AccountLoss::default(); 4]);
        clusters.run_within(&read, &ends, &mut ladders, &mut fast);
        for (place, &end) in ends.iter().enumerate().skip(1) {
            let mut short = path.clone();
            short.time.truncate(end);
            short.stressed.truncate(end);
            for prices in [&mut short.low, &mut short.close, &mut short.after] {
                prices.truncate(end * 4);
            }
            read.read_with(&case.model, &short, &events).unwrap();
            assert_eq!(case.model.run(&read, &mut all), within[place], "seed {seed}, {end} intervals");
            assert_eq!(clusters.run(&read, &mut ladders), fast[place], "seed {seed}, {end} intervals");
        }
        lossy += usize::from(a.bad_debt > 0.0);
        pruned += cut.pruned_share() / 120.0;
    }
    assert!(lossy > 60 && pruned > 0.2, "{lossy} {pruned}");
}

/// One collateral against the unit of account, in proportion: what a market of the system loses on the same block, with
/// the same spells.
#[test]
fn one_collateral_is_a_market_of_the_system() {
    let prices = system_support::prices();
    let mut lossy = 0;
    for seed in 0..40 {
        let random = &mut Stream::new(seed, 12, 0);
        // Steps of a day or a quarter: renewals fall on ends of steps.
        let block = system_support::block(&prices, 0.2, pick(random, &[73, 292]), seed, 64 * seed, 24);
        let positions = system_support::loans(seed, 40, &[0.8]);
        let market = system_support::book("m", positions.clone());
        let debt = market.debt();
        let on = |random: &mut Stream| random.uniform() < 0.6;
        let delay = pick(random, &[0.0, 0.3, 5.0]);
        let delay_hours = ByRegime { calm: delay, stressed: 1.5 * delay };
        let (reservoir, delay_spells) = (on(random), on(random));
        let options = SystemOptions {
            reservoir: reservoir.then(|| Reservoir { half_life_hours: 3.0, ..Reservoir::default() }),
            delay: delay_spells.then(|| DelaySpells { rates: rates(40.0), extra_hours: 2.0 }),
            outages: on(random).then(|| Outages { rates: rates(40.0) }),
            feedback: on(random)
                .then(|| Feedback {
                    markets: vec![0],
                    depth: 0.2 * debt,
                    impact: 0.05,
                    shape: ImpactShape::Linear,
                    half_life_hours: 20.0,
                    most_rounds: 16,
                })
                .into_iter()
                .collect(),
            ..SystemOptions::default()
        };
        let share = pick(random, &[0.002, 0.05, f64::INFINITY]);
        let calm = if share.is_finite() { share * debt } else { share };
        let depth = Depth::per_hour(calm, if calm.is_finite() { 0.4 * calm } else { calm }).unwrap();
        let gas = pick(random, &[0.0, 0.01]);
        let renewal_days = pick(random, &[None, Some(20.0)]);
        let spec = MarketSpec { depth, delay_hours, renewal_days, ..system_support::spec(&market) };
        let rules = LiquidationRules { gas, ..LiquidationRules::default() };
        let model = MarketModel::with_rules(&spec, &rules).unwrap();
        let system = System::new(vec![model], options.clone()).unwrap();
        let steps = [block.steps() / 3, block.steps()];
        let mut expected = vec![0.0; block.paths() * 2];
        system.run_block(&block, &steps, 5, block.first_path(), &mut system.state(), &mut expected).unwrap();
        let mut own = assets();
        (own[0].price, own[0].bonus) = (1.0, 1.0 / 0.95 - 1.0);
        let mut builder = AccountBookBuilder::new(own).unwrap();
        for (number, position) in positions.iter().enumerate() {
            let held = Collateral { asset: 0, amount: position.collateral, liquidation_threshold: Some(0.8) };
            let owed = Debt { asset: 4, amount: position.debt };
            builder.account(&format!("a{number}"), &[held], &[owed]).unwrap();
        }
        let book = builder.finish().unwrap();
        let accounts = AccountModel::new(&AccountSpec {
            book: &book,
            columns: &[Some(0), None, None, None, None],
            depth: &[depth; ASSETS],
            seizure: Seizure::ProRata,
            renewal_days,
        })
        .unwrap()
        .with_conditions(Conditions {
            delay_hours,
            congestion: options.delay,
            outages: options.outages,
            reservoir: options.reservoir,
            gas,
            impacts: options.feedback.clone(),
        })
        .unwrap();
        let clusters = accounts.cluster(1).unwrap();
        let pass = AccountPass::clustered("m", accounts, clusters);
        let mut buffers = AccountBuffers::default();
        let mut run = pass.along(&block, 5, block.first_path(), &mut buffers);
        for path in 0..block.paths() {
            for exact in [true, false] {
                let mut found = [0.0; 2];
                run.losses(path, &steps, exact, &mut found).unwrap();
                for (place, found) in found.iter().enumerate() {
                    let expected = expected[2 * path + place];
                    assert!(
                        (found - expected).abs() <= 1e-12 * debt,
                        "seed {seed}, path {path}, exact {exact}: {found}, market {expected} of {debt}; {options:?} \
                         {delay_hours:?} {share} {gas} {renewal_days:?}"
                    );
                    lossy += usize::from(expected > 1e-12 * debt);
                }
            }
        }
    }
    assert!(lossy > 900, "{lossy}");
}

/// Accounts of exactly proportional composition are ladders under all conditions that do not tell assets apart.
#[test]
fn proportional_accounts_are_ladders_under_conditions() {
    let mut lossy = 0;
    for seed in 0..100 {
        let kinds = 1 + (seed % 4) as usize;
        let book = book(seed, kinds, 40);
        let random = &mut Stream::new(seed, 13, 0);
        let debt = book.totals(&book.prices()).unwrap().debt;
        let mut conditions = Conditions { outages: None, ..conditions(random, seed % 2 == 0, debt) };
        let mut depth = scarce(seed, debt);
        if seed % 3 == 0 {
            // Late sales are between the break and the close: which asset pays how much is another for each account.
            (conditions.reservoir, depth) = (None, unlimited());
            conditions.impacts.clear();
        } else {
            (conditions.delay_hours, conditions.congestion) = (ByRegime::same(0.0), None);
        }
        let accounts =
            model(&book, &depth, Seizure::ProRata, None).with_conditions(conditions.clone()).unwrap();
        let clusters = accounts.cluster(12).unwrap();
        assert!((clusters.total_debt() / accounts.total_debt() - 1.0).abs() < 1e-12);
        let (mut read, mut agents, mut ladders) =
            (AssetPath::default(), AccountState::default(), ClusterState::default());
        for number in 0..3 {
            let path = crashing_path(9_000 * seed + number, 24, 0.015, 0.6);
            read.read_with(&accounts, &path, &events(seed + number, &path)).unwrap();
            let (exact, fast) = (accounts.run(&read, &mut agents), clusters.run(&read, &mut ladders));
            assert!(
                (exact.bad_debt - fast.bad_debt).abs() <= 1e-9 * debt,
                "seed {seed}, path {number}: {exact:?}, {fast:?} of {debt}; {conditions:?}"
            );
            lossy += usize::from(exact.bad_debt > 1e-9 * debt);
        }
    }
    assert!(lossy > 120, "{lossy}");
}

#[test]
fn dust_is_never_liquidated_and_counts_at_the_end() {
    let mut builder = AccountBookBuilder::new(assets()).unwrap();
    let eth = |amount| Collateral { asset: 0, amount, liquidation_threshold: None };
    builder.account("large", &[eth(10.0)], &[Debt { asset: 4, amount: 14_000.0 }]).unwrap();
    builder.account("small", &[eth(0.1)], &[Debt { asset: 4, amount: 140.0 }]).unwrap();
    let book = builder.finish().unwrap();
    let accounts = model(&book, &unlimited(), protocol(1.0, 1.0), None);
    // 5 % of 140 do not pay 8.
    let accounts = accounts.with_conditions(Conditions { gas: 8.0, ..Conditions::default() }).unwrap();
    assert_eq!(accounts.dust(), (1, 140.0));
    let path = |last: f64| PricePath {
        assets: 4,
        time: vec![0.1, 0.2],
        low: [[0.9; 4], [0.5; 4]].concat(),
        close: [[0.9; 4], [last; 4]].concat(),
        after: [[0.9; 4], [last; 4]].concat(),
        stressed: vec![false; 2],
    };
    let mut read = AssetPath::default();
    for (last, bad) in [(0.5, 140.0 - 90.0 / 1.05), (0.95, 0.0)] {
        read.read(&accounts, &path(last)).unwrap();
        let loss = accounts.run(&read, &mut AccountState::default());
        assert!(
            (loss.bad_debt - bad).abs() < 1e-9 && (loss.extinguished - 14_000.0).abs() < 1e-9,
            "{loss:?}"
        );
        let clusters = accounts.cluster(2).unwrap();
        let fast = clusters.run(&read, &mut ClusterState::default());
        assert!((fast.bad_debt - bad).abs() < 1e-9, "{fast:?}");
    }
}

#[test]
fn conditions_out_of_range_are_refused() {
    let book = book(1, 3, 3);
    let refused = |conditions: Conditions| match model(&book, &unlimited(), Seizure::ProRata, None)
        .with_conditions(conditions)
    {
        Err(AccountModelError::Rule { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let none = Conditions::default;
    assert_eq!(refused(Conditions { delay_hours: ByRegime::same(-1.0), ..none() }), "delay");
    assert_eq!(refused(Conditions { gas: f64::NAN, ..none() }), "cost of a liquidation");
    let impact = Feedback {
        markets: vec![0],
        depth: 1.0,
        impact: 0.1,
        shape: ImpactShape::Linear,
        half_life_hours: 1.0,
        most_rounds: 1,
    };
    let twice = Conditions { impacts: vec![impact.clone(), impact.clone()], ..none() };
    assert_eq!(refused(twice), "asset of a price impact");
    let nowhere = Feedback { markets: vec![5], ..impact.clone() };
    assert_eq!(refused(Conditions { impacts: vec![nowhere], ..none() }), "asset of a price impact");
    let flat = Feedback { depth: 0.0, ..impact };
    assert_eq!(refused(Conditions { impacts: vec![flat], ..none() }), "depth of a price impact");
    let outages = Outages { rates: SpellRates { mean_hours: 0.0, ..rates(1.0) } };
    assert_eq!(refused(Conditions { outages: Some(outages), ..none() }), "mean length of spells");
    let reservoir = Reservoir { half_life_hours: 0.0, ..Reservoir::default() };
    assert_eq!(refused(Conditions { reservoir: Some(reservoir), ..none() }), "half-life of the reservoir");
}
