//! Books of accounts with several collaterals and debts as a market of a quote: through the command line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const ASSETS: &str = "asset,price,liquidation_threshold,liquidation_bonus\n\
                      WETH,2280,0.83,0.05\nWBTC,42000,0.75,0.07\nUSDC,1,0,0\n";

/// Accounts with one collateral or two, the last of them past its threshold.
fn holdings() -> String {
    let mut text = "account,asset,collateral,debt\n".to_owned();
    for number in 0..60 {
        let (size, health) = (1.0 + f64::from(number % 7), 1.03 + 0.01 * f64::from(number));
        text += &format!("a{number},WETH,{},\n", 40.0 * size);
        if number % 3 == 0 {
            text += &format!("a{number},WBTC,{},\n", 2.0 * size);
        }
        let secured =
            size * (40.0 * 2280.0 * 0.83 + if number % 3 == 0 { 2.0 * 42_000.0 * 0.75 } else { 0.0 });
        text += &format!("a{number},USDC,,{}\n", secured / health);
    }
    text + "broken,WETH,1,\nbroken,USDC,,3000\n"
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("assets.csv"), ASSETS).unwrap();
    fs::write(folder.path().join("holdings.csv"), holdings()).unwrap();
    fs::write(
        folder.path().join("loans.csv"),
        "market,account,collateral_asset,collateral_amount,debt_asset,debt_amount,liquidation_threshold\n\
         eth,b,WETH,2000,USDC,3400000,0.83\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("markets.csv"),
        "market,collateral_asset,debt_asset,liquidation_threshold,liquidation_bonus,delay_seconds,collateral_price,\
         debt_price\neth,WETH,USDC,0.83,0.05,600,2280,1\n",
    )
    .unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let common = [
        "quote",
        "--paths",
        "256",
        "--accounts",
        "lend=holdings.csv",
        "--account-assets",
        "assets.csv",
        "--limit",
    ];
    Command::new(env!("CARGO_BIN_EXE_seawall"))
        .current_dir(folder)
        .args(common)
        .args(["1000000", "--deductible", "1000", "--plain"])
        .args(arguments)
        .output()
        .unwrap()
}

fn document(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[&["--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn accounts_are_priced_alone_and_with_a_loan_book_and_verified() {
    let folder = folder();
    let at = folder.path();
    let alone = document(at, &["--out", "quote.json"]);
    let market = &alone["book"]["markets"][0];
    assert_eq!((&market["market"], &market["loans"]), (&"lend".into(), &60.into()));
    assert_eq!(alone["book"]["left_out"][0]["above_threshold"]["loans"], 1);
    assert_eq!(alone["accounts"][0]["levels"], Value::Null, "every path is exact");
    assert!(alone["term"]["markets"][0]["gross"]["mean"]["value"].as_f64().unwrap() > 0.0);
    assert!(alone["left_out"].to_string().contains("accounts with several collaterals"));
    let verified = Command::new(env!("CARGO_BIN_EXE_seawall"))
        .current_dir(at)
        .args(["verify", "quote.json"])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    // Beside a loan book, clusters in place of accounts: the bias is printed, and the pool has both markets.
    let both = document(at, &["--book", "loans.csv", "--markets", "markets.csv", "--account-clusters", "4"]);
    let names: Vec<&Value> =
        both["premium"]["policies"].as_array().unwrap().iter().map(|policy| &policy["market"]).collect();
    assert_eq!(names, ["eth", "lend"]);
    let levels = &both["accounts"][0]["levels"];
    let of = |name: &str| levels[name]["value"].as_f64().unwrap();
    assert!((of("fast") - of("exact") - of("bias")).abs() < 1e-6 * of("exact"), "{levels}");
    // The premium's line has what the exact pass says: the fast mean of what the pool owes less its bias.
    let payments = &both["accounts"][0]["payments"];
    let bias = payments["bias"]["value"].as_f64().unwrap();
    let owed = both["term"]["markets"][1]["owed"]["mean"]["value"].as_f64().unwrap();
    let line = both["premium"]["lines"][1]["market_peril"]["value"].as_f64().unwrap();
    assert!(bias != 0.0 && (line - (owed - bias)).abs() < 1e-6 * owed, "{line} {owed} {bias}");
    // Two compositions in four clusters: near the exact pass but for the protocol's choice of collateral.
    assert!(levels["correlation"].as_f64().unwrap() > 0.9, "{levels}");
    // Both sell ETH: the market's depth is its part of the whole.
    let depth = |document: &Value, index: usize| {
        document["book"]["markets"][index]["depth_an_hour"]["calm"].as_f64().unwrap()
    };
    assert!(depth(&both, 1) < depth(&alone, 0), "{both}");
}

/// What a risk steward asks of accounts: higher ratios cost, a smaller largest account saves, a lower threshold
/// liquidates nobody at once.
#[test]
fn the_frontier_of_accounts() {
    let folder = folder();
    let at = folder.path();
    let frontier = |paths: &str, more: &[&str]| -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_seawall"))
            .current_dir(at)
            .args(["--json", "frontier", "--paths", paths, "--accounts", "lend=holdings.csv"])
            .args(["--account-assets", "assets.csv", "--limit", "1000000", "--deductible", "1000"])
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let few = ["--threshold=-2", "--volatility", "1.2", "--depth-factor", "0.5", "--delay", "2"];
    let few = [&few[..], &["--cap", "0.5", "--renewals", "90", "--plain"]].concat();
    let all = [&few[..], &["--ltv=-2,2,4", "--largest", "0.5"]].concat();
    let alone = frontier("300", &all);
    let moved = |document: &Value, change: &str, by: f64| -> f64 {
        let rows = document["changes"].as_array().unwrap();
        let row = rows.iter().find(|row| row["change"] == change && row["by"] == by);
        row.unwrap_or_else(|| panic!("{change} {by}: {document}"))["difference"]["value"].as_f64().unwrap()
    };
    let ratio = |by| moved(&alone, "loan_to_value_points", by);
    assert!(ratio(-2.0) < 0.0 && 0.0 < ratio(2.0) && ratio(2.0) < ratio(4.0), "{alone}");
    assert!(moved(&alone, "volatility_factor", 1.2) > 0.0);
    // Depth is ample.
    let premium = alone["base"]["premium"]["value"].as_f64().unwrap();
    assert!(moved(&alone, "depth_factor", 0.5).abs() < 0.01 * premium, "{alone}");
    assert!(moved(&alone, "delay_factor", 2.0) != 0.0, "{alone}");
    assert_eq!(alone["base"]["account_corrections"], Value::Array(Vec::new()), "every path is exact");
    assert!(moved(&alone, "largest_position_factor", 0.5) < 0.0);
    assert!(moved(&alone, "debt_cap_share", 0.5) < moved(&alone, "largest_position_factor", 0.5));
    // By clusters premiums are corrected at the base and at every change on the same paths; where all paths are compared
    // the corrected difference is that of the exact pass.
    let small = [&few[..], &["--ltv=2", "--largest", "0.5"]].concat();
    let exact = frontier("100", &small);
    let clustered = frontier("100", &[&small[..], &["--account-clusters", "1"]].concat());
    let rows = |document: &Value| document["changes"].as_array().unwrap().clone();
    let mut corrected = 0;
    for (exact, clustered) in rows(&exact).iter().zip(&rows(&clustered)) {
        let of = |row: &Value| row["expected_loss_difference"]["value"].as_f64().unwrap();
        let correction = clustered["account_corrections"][0]["value"].as_f64().unwrap();
        assert!((of(exact) - of(clustered)).abs() < 1e-3, "{exact} {clustered}");
        corrected += usize::from(correction != 0.0);
    }
    assert!(corrected >= 4, "{corrected}: {clustered}");
    // Beside a loan book the accounts alone can be changed.
    let beside = ["--book", "loans.csv", "--markets", "markets.csv", "--market", "lend"];
    let both = frontier("100", &[&small[..], &beside, &["--account-clusters", "8"]].concat());
    assert!(moved(&both, "loan_to_value_points", 2.0) > 0.0, "{both}");
}

#[test]
fn bad_accounts_are_named() {
    let folder = folder();
    let at = folder.path();
    let refused = |arguments: &[&str], words: &[&str]| {
        let output = run(at, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {word:?} is not in {said}");
        }
    };
    fs::write(at.join("holdings.csv"), holdings().replace("a0,WETH,40,", "a0,WETH,forty,")).unwrap();
    refused(&[], &["holdings.csv", "line 2", "collateral", "forty"]);
    fs::write(at.join("holdings.csv"), holdings().replace("a0,WETH,40,", "a0,DOGE,40,")).unwrap();
    refused(&[], &["holdings.csv", "line 2", "DOGE", "WETH, WBTC, USDC"]);
    fs::write(at.join("holdings.csv"), holdings()).unwrap();
    fs::write(at.join("assets.csv"), ASSETS.replace("0.83", "1.2")).unwrap();
    refused(&[], &["assets.csv", "line 2", "liquidation_threshold", "1.2"]);
    fs::write(at.join("assets.csv"), ASSETS.replace("WBTC", "ABC")).unwrap();
    fs::write(at.join("holdings.csv"), holdings().replace("WBTC", "ABC")).unwrap();
    refused(&[], &["no price is known for ABC", "--follow ABC="]);
    fs::write(at.join("assets.csv"), ASSETS).unwrap();
    fs::write(at.join("holdings.csv"), holdings()).unwrap();
    fs::write(
        at.join("loans.csv"),
        fs::read_to_string(at.join("loans.csv")).unwrap().replace("eth,b", "lend,b"),
    )
    .unwrap();
    fs::write(
        at.join("markets.csv"),
        fs::read_to_string(at.join("markets.csv")).unwrap().replace("\neth", "\nlend"),
    )
    .unwrap();
    refused(&["--book", "loans.csv", "--markets", "markets.csv"], &["lend", "a market has that name"]);
}

/// Tables of Aave borrowers become a book that is priced.
#[test]
fn tables_of_aave_borrowers_are_turned_into_a_book() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut table =
        "user,collateral,debt,threshold,healthf,amount,ethdebt,collateral_steth_calc,usdc,usdc_price,\
                     usdc_decimals,usdc_threshold\n"
            .to_owned();
    for number in 1..40 {
        // 1,000 USDC are half an ETH; what is lacking of the debt no column names.
        let steth = 10.0 * f64::from(number);
        let debt = steth * (0.5 + 0.007 * f64::from(number));
        table += &format!(
            "u{number},{steth},{debt},8300,{},{steth},{},{steth},1000000000,500000000000000,6,0.875\n",
            steth * 0.83 / debt,
            debt / 2.0
        );
    }
    fs::write(at.join("wide.csv"), &table).unwrap();
    fs::write(at.join("terms.csv"), "symbol,liquidation_threshold,liquidation_bonus\nstETH,0.83,0.075\n")
        .unwrap();
    let command = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_seawall")).current_dir(at).args(arguments).output().unwrap()
    };
    let convert = |table: &str| {
        command(&[
            "--json",
            "accounts",
            table,
            "--terms",
            "terms.csv",
            "--eth-price",
            "2000",
            "--residual-debt",
            "USDC",
            "--assets",
            "assets.csv",
            "--holdings",
            "holdings.csv",
        ])
    };
    let output = convert("wide.csv");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["accounts"], 39);
    assert_eq!(said["collateral"].as_f64().unwrap().round(), 10.0 * 780.0 * 2000.0);
    assert!(said["largest_error_of_health_factors"].as_f64().unwrap() < 1e-9, "{said}");
    let mut depth = "ts,sell_asset,buy_asset,sell_amount,buy_amount,price_impact\n".to_owned();
    for size in [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0] {
        let impact = 1e-6 * size;
        depth += &format!("1700439384,stETH,USDC,{size},{},{impact}\n", 2_000.0 * size * (1.0 - impact));
    }
    fs::write(at.join("depth.csv"), depth).unwrap();
    let output = command(&[
        "--json",
        "quote",
        "--paths",
        "256",
        "--accounts",
        "aave=holdings.csv",
        "--account-assets",
        "assets.csv",
        "--follow",
        "stETH=ETH",
        "--depth",
        "depth.csv",
        "--plain",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let quote: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(quote["book"]["markets"][0]["loans"], 39, "{}", quote["book"]);
    // A row that makes no sense is named, and the files of before stay.
    let before = fs::read(at.join("holdings.csv")).unwrap();
    fs::write(at.join("wide.csv"), table.replace("u3,30,", "u3,many,")).unwrap();
    let output = convert("wide.csv");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("wide.csv, line 4, field \\\"collateral\\\"") && said.contains("many"), "{said}");
    assert_eq!(fs::read(at.join("holdings.csv")).unwrap(), before);
}
