//! Wide tables of Aave v2 borrowers: a small book in their layout, made up here; and the real one where the environment
//! variable SEAWALL_AAVE_BOOK names the folder of its files (they may not be shipped).

use std::path::Path;
use std::time::Instant;

use seawall_actuary::math::{Estimate, pareto::GeneralisedPareto};
use seawall_actuary::{
    liquidation::{
        AccountModel, AccountSpec, AssetPath, Depth, TwoLevel,
        accounts::{AccountState, CloseFactor, ClusterState, Seizure},
    },
    price::{
        AssetModel, CommonCrash, FurtherJump, JumpDiffusion, KouJumps, Mixture, Model, ModelParameters,
        Multipliers, Peg, PricePath, RareModel, Regime, Scratch, Source as JumpSource, Start, Tilt,
    },
};
use seawall_formats::accounts::AssetTerms;
use seawall_formats::accounts::aave::{AaveBook, AaveOptions, read_aave_accounts};
use seawall_formats::{FormatError, Source};

fn options() -> AaveOptions {
    let terms = |symbol: &str, liquidation_threshold, bonus| AssetTerms {
        symbol: symbol.into(),
        liquidation_threshold,
        bonus,
    };
    AaveOptions {
        // Thresholds of stETH and WETH as the accounts show them; bonuses are those of the protocol's second version.
        terms: vec![
            terms("stETH", 0.83, 0.075),
            terms("WETH", 0.86, 0.05),
            terms("WBTC", 0.82, 0.05),
            terms("USDC", 0.875, 0.045),
            terms("DAI", 0.87, 0.04),
            terms("TUSD", 0.825, 0.05),
            terms("FEI", 0.75, 0.065),
        ],
        residual_collateral: "OTHER".into(),
        residual_bonus: 0.075,
        residual_debt: "OTHER DEBT".into(),
        eth_price: 1.0,
    }
}

const NARROW: &str = ",user,collateral,debt,threshold,healthf,amount,ethdebt,collateral_steth_calc\n";

const WIDE: &str = ",user,collateral,debt,threshold,healthf,amount,ethdebt,collateral_steth_calc,usdc,usdc_price,\
                    usdc_decimals,usdc_threshold,wbtc,wbtc_price,wbtc_decimals,wbtc_threshold,usdc_debt,usdc_collateral,\
                    wbtc_collateral,weth_collateral\n";

fn read(tables: &[(&str, &str)]) -> Result<AaveBook, FormatError> {
    let texts: Vec<(String, String)> = tables
        .iter()
        .enumerate()
        .map(|(n, (header, rows))| (format!("t{n}.csv"), format!("{header}{rows}")))
        .collect();
    let sources = texts.iter().map(|(name, text)| Source::new(name.as_str(), text.as_bytes())).collect();
    read_aave_accounts(sources, &options())
}

/// A dollar is 0.0005 ETH, a bitcoin 15 ETH, stETH at par.
fn wide(user: &str, totals: &str, steth: &str, usdc: u64, held: &str) -> String {
    format!(
        "0,{user},{totals},{steth},{usdc},500000000000000,6,0.875,0,15000000000000000000,8,0.82,0,{held}\n"
    )
}

#[test]
fn holdings_totals_and_health_factors() {
    // 100 stETH, 2 WBTC and 10,000 USDC (5 ETH): 135; against 20,000 USDC (10) and 50 ETH. Average 8292 of
    // (83 + 24.6 + 4.375) / 135 = 0.82944.
    let a = wide("a", "135,60,8294,1.86615", "100,50,100", 20_000_000_000, "10000000000,200000000,0");
    // 30 stETH that secure nothing: the total is the WBTC alone.
    let b = wide("b", "15,6,8200,2.05", "30,0,30", 12_000_000_000, "0,100000000,0");
    // 10 of collateral and 1 of debt that no column names; with stETH at 0.83 the rest stands at 0.6.
    let c = wide("c", "20,6,7150,2.38333333", "10,5,10", 0, "0,0,0");
    let book = read(&[
        (WIDE, &format!("{a}{b}{c}")),
        (NARROW, "7,d,10,4,8300,2.075,10,4,10\n8,a,135,60,8294,1.866,100,50,100\n"),
    ])
    .unwrap();
    assert_eq!(book.book.names(), ["a", "b", "c", "d"]);
    let prices = book.book.prices();
    let totals = book.book.totals(&prices).unwrap();
    assert!((totals.collateral - 180.0).abs() < 1e-9 && (totals.debt - 76.0).abs() < 1e-9, "{totals:?}");
    for (account, recorded) in book.health_factors.iter().enumerate() {
        let found = book.book.health_factor(account, &prices).unwrap();
        assert!((found / recorded - 1.0).abs() < 1e-4, "{account}: {found}, {recorded}");
    }
    // The average of basis points is kept to the digit.
    assert!((book.book.health_factor(0, &prices).unwrap() - 0.8294 * 135.0 / 60.0).abs() < 1e-12);
    let report = &book.report;
    assert_eq!((report.repeated, report.not_enabled.1, report.scaled.1), (1, 1, 0));
    assert!((report.not_enabled.0 - 30.0).abs() < 1e-9);
    assert_eq!((report.residual_collateral.1, report.residual_debt.1), (1, 1));
    assert!(
        (report.residual_collateral.0 - 10.0).abs() < 1e-9 && (report.residual_debt.0 - 1.0).abs() < 1e-9
    );
    assert!(report.threshold_change < 1e-4);
    let other = book.book.asset("OTHER").unwrap();
    let held = book.book.collateral(2).find(|c| c.asset == other).unwrap();
    assert!((held.amount - 10.0).abs() < 1e-9 && (held.liquidation_threshold.unwrap() - 0.6).abs() < 1e-12);
    let bitcoin = book.book.asset("WBTC").unwrap();
    assert_eq!(book.book.collateral(0).find(|c| c.asset == bitcoin).unwrap().amount, 2.0);
    let dollars = book.book.asset("USDC").unwrap();
    assert_eq!(book.book.debt(0).find(|d| d.asset == dollars).unwrap().amount, 20_000.0);
}

/// A book in dollars, whose nameless debt counts as an asset of the tables at its price there.
#[test]
fn another_unit_and_a_residual_with_a_name() {
    // Owes 4,000 USDC (2 ETH), 1 ETH and 3 more that no column names.
    let text = format!("{WIDE}{}", wide("a", "10,6,8300,1.38333333", "10,1,10", 4_000_000_000, "0,0,0"));
    let options = AaveOptions { residual_debt: "USDC".into(), eth_price: 2_000.0, ..options() };
    let AaveBook { book, report, health_factors } =
        read_aave_accounts(vec![Source::new("t", text.as_bytes())], &options).unwrap();
    assert_eq!(report.residual_debt, (3.0, 1));
    let prices = book.prices();
    let (dollars, ether) = (book.asset("USDC").unwrap(), book.asset("WETH").unwrap());
    assert!((prices[dollars] - 1.0).abs() < 1e-12 && prices[ether] == 2_000.0);
    let owed: Vec<_> = book.debt(0).map(|debt| (debt.asset, debt.amount)).collect();
    assert_eq!(owed.len(), 2, "{owed:?}");
    let of = |asset| owed.iter().find(|(known, _)| *known == asset).unwrap().1;
    assert!((of(dollars) - 10_000.0).abs() < 1e-6 && (of(ether) - 1.0).abs() < 1e-12, "{owed:?}");
    let totals = book.totals(&prices).unwrap();
    assert!((totals.debt - 12_000.0).abs() < 1e-6 && (totals.collateral - 20_000.0).abs() < 1e-6);
    assert!((book.health_factor(0, &prices).unwrap() / health_factors[0] - 1.0).abs() < 1e-7);
}

#[test]
fn refusals_name_file_row_and_field() {
    let error = |tables: &[(&str, &str)]| read(tables).unwrap_err().to_string();
    assert!(
        error(&[(NARROW, "0,a,-1,1,8300,1,1,1,1\n")])
            .starts_with("t0.csv, line 2, field \"collateral\": found \"-1\"")
    );
    assert!(error(&[("user,collateral\n", "a,1\n")]).contains("column \"debt\" is missing"));
    let twice = "0,a,10,4,8300,2,10,4,10\n";
    assert!(
        error(&[(NARROW, twice), (NARROW, "0,a,10,5,8300,2,10,5,10\n")])
            .contains("t1.csv, line 2, field \"debt\": found \"5\", expected \"4\" as t0.csv, line 2 says")
    );
    let odd = wide("a", "135,60,8294,1.8", "100,50,100", 1, "0,0,0").replace(",6,0.875", ",6.5,0.875");
    assert!(error(&[(WIDE, &odd)]).contains("field \"usdc_decimals\": found \"6.5\""));
    let mut without = options();
    without.terms.retain(|terms| terms.symbol != "stETH");
    let text = format!("{NARROW}{twice}");
    let refused = read_aave_accounts(vec![Source::new("t", text.as_bytes())], &without).unwrap_err();
    assert!(refused.to_string().contains("unknown asset without terms \"stETH\""), "{refused}");
}

/// Prices of the report below, in dollars relative to the start. Not calibrated here: ETH and BTC with the volatilities,
/// jumps and crashes that hourly closes of 2019 to 2023 show in order of magnitude, stETH tied to ETH with a depeg of 5 %
/// on average every two years, everything under a calm and a stress state.
fn prices() -> Model {
    let own = |symbol: &str, volatility, crash_loading| {
        AssetModel::jump_diffusion(
            symbol,
            JumpDiffusion {
                volatility,
                growth: 0.0,
                jumps: KouJumps {
                    intensity: 12.0,
                    up_probability: 0.45,
                    up_rate: 25.0,
                    down_rate: 20.0,
                    up_floor: 0.0,
                    down_floor: 0.0,
                },
                crash_loading,
            },
        )
    };
    let peg = Peg {
        reference: Some("ETH".into()),
        reversion: 12.0,
        volatility: 0.03,
        depeg_intensity: 0.5,
        depeg_size: 0.05,
        ..Peg::default()
    };
    Model::new(ModelParameters {
        assets: vec![own("ETH", 0.65, 1.15), own("BTC", 0.55, 1.0), AssetModel::peg("stETH", peg)],
        correlation: vec![vec![1.0, 0.8], vec![0.8, 1.0]],
        crash: Some(CommonCrash {
            intensity: 1.0,
            floor: 0.05,
            excess: GeneralisedPareto { shape: 0.15, scale: 0.09 },
        }),
        regime: Some(Regime {
            to_stress: 4.0,
            to_calm: 50.0,
            stress: Multipliers {
                volatility: 2.0,
                jump_intensity: 3.0,
                jump_size: 1.2,
                crash_intensity: 3.0,
                crash_size: 1.2,
            },
            start: Start::Stationary,
        }),
        pairs: Vec::new(),
    })
    .unwrap()
}

/// The real book. Without the variable nothing is tested here, and the test says so.
#[test]
fn the_book_of_june_2023_where_it_is_given() {
    let Some(folder) = std::env::var_os("SEAWALL_AAVE_BOOK") else {
        println!("SEAWALL_AAVE_BOOK is not set: the book of June 2023 was not read, nothing is tested");
        return;
    };
    let files = ["raw_b3", "raw_b2", "raw_b1", "raw_steth_aave"]
        .map(|name| Path::new(&folder).join(format!("{name}.csv.gz")));
    let sources = files.iter().map(|file| Source::open(file).unwrap()).collect();
    let AaveBook { book, report, health_factors } = read_aave_accounts(sources, &options()).unwrap();
    let spot = book.prices();
    let totals = book.totals(&spot).unwrap();
    println!("{} accounts, {} assets, {totals:?}, {report:?}", book.len(), book.assets().len());
    assert_eq!(book.len(), 1309);
    assert!(
        (totals.collateral - 1_104_270.0).abs() < 0.5 && (totals.debt - 509_688.0).abs() < 0.5,
        "{totals:?}"
    );
    let worst = (0..book.len())
        .map(|account| (book.health_factor(account, &spot).unwrap() / health_factors[account] - 1.0).abs())
        .fold(0.0, f64::max);
    println!("largest relative error of a health factor: {worst:e}");
    assert!(worst < 1e-9, "{worst}");

    let model = prices();
    let columns: Vec<Option<usize>> = book
        .assets()
        .iter()
        .map(|asset| match asset.symbol.as_str() {
            "stETH" => model.column("stETH"),
            "WETH" | "OTHER" => model.column("ETH"),
            "WBTC" => model.column("BTC"),
            _ => None,
        })
        .collect();
    // Debt an hour that sales of the collateral extinguish, in ETH: 2,000 of stETH, 20,000 of ETH, 5,000 of BTC; a fifth
    // under stress.
    let depth: Vec<Depth> = book
        .assets()
        .iter()
        .map(|asset| match asset.symbol.as_str() {
            "stETH" => Depth::per_hour(2_000.0, 400.0).unwrap(),
            "WETH" => Depth::per_hour(20_000.0, 4_000.0).unwrap(),
            "WBTC" => Depth::per_hour(5_000.0, 1_000.0).unwrap(),
            "OTHER" => Depth::per_hour(2_000.0, 400.0).unwrap(),
            _ => Depth::unlimited(),
        })
        .collect();
    // Half of the paths have one more crash, twice as far beyond the smallest on average.
    let crash = model.parameters().crash.unwrap();
    let further = FurtherJump {
        source: JumpSource::Crash,
        beyond: crash.floor,
        scale: 2.0 * crash.excess.scale,
        stress: 1.0,
    };
    let tilt = Tilt { stress_start: None, further: vec![(1.0, further)] };
    let rare = RareModel::new(&model, &Mixture { components: vec![(0.5, tilt)] }).unwrap();
    let paths = std::env::var("SEAWALL_AAVE_PATHS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000_usize);
    let protocol = Seizure::Protocol(CloseFactor { share: 0.5, whole_below: 0.0 });
    for (seizure, counts) in [(protocol, vec![1, 8, 32, 128]), (Seizure::ProRata, vec![8, 32, 128])] {
        let spec = AccountSpec { book: &book, columns: &columns, depth: &depth, seizure, renewal_days: None };
        let accounts = AccountModel::new(&spec).unwrap();
        println!("{seizure:?}; under water at the start: {:?}", accounts.at_opening());
        for count in counts {
            report_on(&accounts, count, &rare, paths);
        }
    }
}

/// Runs one number of clusters and prints what came out.
fn report_on(accounts: &AccountModel, count: usize, rare: &RareModel, paths: usize) {
    let start = Instant::now();
    let clusters = accounts.cluster(count).unwrap();
    let gathered = start.elapsed().as_secs_f64();
    let run = Run::of(accounts, &clusters, rare, paths);
    let two = TwoLevel::of(&run.fast, &run.exact, Some(&run.weights)).unwrap();
    let exact_count = run.exact.len() as f64;
    let (fast_cost, exact_cost) = (run.fast_seconds / paths as f64, run.exact_seconds / exact_count);
    let path_cost = run.path_seconds / paths as f64;
    let share = two.optimal_share(path_cost + fast_cost, exact_cost).unwrap();
    println!(
        "{} clusters, spread {:.4}, gathered in {:.1} ms; {paths} paths of 30 days, {exact_count} exact",
        clusters.len(),
        clusters.spread(),
        1e3 * gathered,
    );
    let of = |name: &str, e: Estimate| println!("  {name}: {:.3} +- {:.3} ETH", e.value, e.standard_error);
    of("two levels", two.mean);
    of("fast", two.fast);
    of("exact", two.exact);
    of("bias of fast", two.bias);
    println!(
        "  correlation {:.4}; pruned {:.4}; a path: prices {:.0} us, fast {:.0} us, exact {:.0} us, unpruned {:.0} us; \
         best share {:.3}",
        two.correlation,
        run.pruned,
        1e6 * path_cost,
        1e6 * fast_cost,
        1e6 * exact_cost,
        1e6 * run.unpruned_seconds / run.unpruned_paths as f64,
        share,
    );
    let off = (two.mean.value - two.exact.value).abs();
    assert!(off < 5.0 * (two.mean.standard_error + two.exact.standard_error), "{two:?}");
}

struct Run {
    fast: Vec<f64>,
    exact: Vec<(usize, f64)>,
    weights: Vec<f64>,
    pruned: f64,
    path_seconds: f64,
    fast_seconds: f64,
    exact_seconds: f64,
    unpruned_seconds: f64,
    unpruned_paths: usize,
}

impl Run {
    /// Paths of 30 days in hourly steps; every fourth is exact too.
    fn of(
        accounts: &AccountModel,
        clusters: &seawall_actuary::liquidation::ClusterModel,
        rare: &RareModel,
        paths: usize,
    ) -> Self {
        let mut run = Self {
            fast: Vec::new(),
            exact: Vec::new(),
            weights: Vec::new(),
            pruned: 0.0,
            path_seconds: 0.0,
            fast_seconds: 0.0,
            exact_seconds: 0.0,
            unpruned_seconds: 0.0,
            unpruned_paths: 0,
        };
        let (mut path, mut scratch, mut read) =
            (PricePath::default(), Scratch::default(), AssetPath::default());
        let (mut agents, mut all, mut ladders) =
            (AccountState::default(), AccountState::default(), ClusterState::default());
        for number in 0..paths {
            let clock = Instant::now();
            let weight = rare.simulate(30.0 / 365.0, 720, 7, number as u64, &mut path, &mut scratch).unwrap();
            read.read(accounts, &path).unwrap();
            run.path_seconds += clock.elapsed().as_secs_f64();
            let clock = Instant::now();
            run.fast.push(clusters.run(&read, &mut ladders).bad_debt);
            run.fast_seconds += clock.elapsed().as_secs_f64();
            run.weights.push(weight);
            if number % 4 == 0 {
                let clock = Instant::now();
                let loss = accounts.run(&read, &mut agents);
                run.exact_seconds += clock.elapsed().as_secs_f64();
                if number % 80 == 0 {
                    let clock = Instant::now();
                    let whole = accounts.run_unpruned(&read, &mut all).bad_debt;
                    run.unpruned_seconds += clock.elapsed().as_secs_f64();
                    run.unpruned_paths += 1;
                    assert_eq!(whole.to_bits(), loss.bad_debt.to_bits());
                }
                run.exact.push((number, loss.bad_debt));
            }
        }
        run.pruned = agents.pruned_share();
        run
    }
}
