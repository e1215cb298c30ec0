//! `seawall quote` on the shipped snapshot, on a small book of one's own, and on inputs that make no sense.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const BOOK: &str = "market,account,collateral_asset,collateral_amount,debt_asset,debt_amount,liquidation_threshold\n\
                    eth,a,WETH,100,USDC,150000,0.83\n\
                    eth,b,WETH,2000,USDC,3400000,0.83\n\
                    eth,c,WETH,900,USDC,900000,\n\
                    btc,a,WBTC,40,USDC,900000,0.75\n\
                    btc,d,WBTC,60,USDC,1500000,0.75\n";

const MARKETS: &str = "market,collateral_asset,debt_asset,liquidation_threshold,liquidation_bonus,delay_seconds,\
                       collateral_price,debt_price\n\
                       eth,WETH,USDC,0.83,0.05,600,2280,1\n\
                       btc,WBTC,USDC,0.75,0.07,600,,\n";

fn quote(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seawall"))
        .current_dir(folder)
        .args(["quote", "--paths", "2000"])
        .args(arguments)
        .output()
        .unwrap()
}

fn small_book() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("loans.csv"), BOOK).unwrap();
    fs::write(folder.path().join("markets.csv"), MARKETS).unwrap();
    folder
}

const SMALL: [&str; 8] =
    ["--book", "loans.csv", "--markets", "markets.csv", "--deductible", "10000", "--limit", "1000000"];

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn check_premium(document: &Value) {
    let premium = &document["premium"];
    let mut sum = 0.0;
    for line in premium["lines"].as_array().unwrap() {
        let parts = number(&line["expected_loss"]["value"])
            + number(&line["loading"])
            + number(&line["expenses"])
            + number(&line["no_claims_bonus"]);
        let total = number(&line["total"]["value"]);
        assert!((parts / total - 1.0).abs() < 1e-9, "{line}");
        sum += total;
    }
    assert!((sum / number(&premium["total"]["total"]["value"]) - 1.0).abs() < 1e-9);
    let shares: f64 = document["layers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|layer| layer["premium_share"].as_f64())
        .sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
}

#[test]
fn the_shipped_snapshot_is_priced_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = quote(folder.path(), &["--json", "--out", "quote.json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    check_premium(&document);
    assert_eq!(document["book"]["markets"].as_array().unwrap().len(), 4);
    let thin = &document["capital_horizon"]["owed"]["tail"];
    assert_eq!(thin["thin"], true, "20 of 2,000 paths are a thin tail: {thin}");
    assert_eq!(document["fit"]["held_out_rows"], 0, "the price of real cover knows every crash");
    let written: Value =
        serde_json::from_slice(&fs::read(folder.path().join("quote.json")).unwrap()).unwrap();
    assert_eq!(written["result"], document);
    let other = quote(folder.path(), &["--json", "--seed", "2"]);
    let other: Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_ne!(other["inputs_digest"], document["inputs_digest"]);
}

#[test]
fn tables_name_assumptions_and_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let output = quote(folder.path(), &[]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "1 wstETH = 1.145 ETH",
        "1 crvUSD = 1",
        "sale quotes into USDC",
        "stated, not fitted",
        "OVERSTATES",
        "held out of the calibration: nothing",
        "(thin:",
        "= premium",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn a_price_that_does_not_know_the_crashes_is_lower_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let document = |arguments: &[&str]| -> Value {
        let output = quote(folder.path(), &[&["--json"], arguments].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (knows, known) = (document(&[]), document(&["--hold-out-known-crashes"]));
    let one = document(&["--hold-out", "2020-03-11..2020-03-15"]);
    assert_eq!((&known["fit"]["held_out_rows"], &one["fit"]["held_out_rows"]), (&360.into(), &96.into()));
    let rate = |document: &Value| number(&document["premium"]["total"]["rate_on_debt_a_year"]);
    assert!(rate(&known) < rate(&one) && rate(&one) < rate(&knows));
    let says = |document: &Value| document["assumptions"].to_string().contains("too low for real cover");
    assert_eq!([says(&knows), says(&known), says(&one)], [false, true, true]);
}

#[test]
fn a_loan_past_its_threshold_is_left_out_and_counted_and_assumptions_are_the_books_own() {
    let folder = small_book();
    let before = quote(folder.path(), &[&SMALL[..], &["--json"]].concat());
    let before: Value = serde_json::from_slice(&before.stdout).unwrap();
    let mut rows: Vec<String> = BOOK.lines().map(str::to_owned).collect();
    let mut cells: Vec<String> = rows[1].split(',').map(str::to_owned).collect();
    let header: Vec<&str> = BOOK.lines().next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    // A copy of the first loan with a hundredth of its collateral.
    cells[at("account")] = "under-water".to_owned();
    let collateral: f64 = cells[at("collateral_amount")].parse().unwrap();
    cells[at("collateral_amount")] = (collateral / 100.0).to_string();
    rows.push(cells.join(","));
    fs::write(folder.path().join("loans.csv"), rows.join("\n")).unwrap();
    let after = quote(folder.path(), &[&SMALL[..], &["--json"]].concat());
    assert!(after.status.success(), "{}", String::from_utf8_lossy(&after.stderr));
    let after: Value = serde_json::from_slice(&after.stdout).unwrap();
    assert_eq!(after["book"]["markets"], before["book"]["markets"]);
    assert_eq!(after["book"]["left_out"][0]["above_threshold"]["loans"], 1);
    let words = after["assumptions"].to_string();
    assert!(!words.contains("0.25 h calm"), "the market file states the delays: {words}");
    assert!(!after.to_string().contains("soft liquidation"), "not a crvUSD book");
}

#[test]
fn a_book_of_ones_own() {
    let folder = small_book();
    let output = quote(folder.path(), &[&SMALL[..], &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    check_premium(&document);
    let markets = document["book"]["markets"].as_array().unwrap();
    assert_eq!(
        (markets[0]["debt"].as_f64(), markets[1]["debt"].as_f64()),
        (Some(4_450_000.0), Some(2_400_000.0))
    );
    // The price of WBTC is the last close; two ETH loans of 74 % and 65 % are below their threshold.
    assert!(number(&markets[1]["collateral_price"]) > 40_000.0);
    assert_eq!(document["book"]["left_out"][0]["above_threshold"]["loans"], 0);
    assert_eq!(document["premium"]["policies"][0]["limit"], 1e6);
    // Half the deductible costs more, all else equal.
    let mut cheaper = SMALL;
    cheaper[5] = "1000";
    let dearer = quote(folder.path(), &[&cheaper[..], &["--json"]].concat());
    let dearer: Value = serde_json::from_slice(&dearer.stdout).unwrap();
    let total = |document: &Value| number(&document["premium"]["total"]["total"]["value"]);
    assert!(total(&dearer) > total(&document));
}

/// Runs with these arguments in a folder with the small book; the command fails with this code and says this.
fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    let folder = small_book();
    fs::write(folder.path().join("bad.csv"), BOOK.replace("150000", "minus one")).unwrap();
    fs::write(folder.path().join("doge.csv"), BOOK.replace("WETH", "DOGE")).unwrap();
    fs::write(folder.path().join("doge-markets.csv"), MARKETS.replace("WETH", "DOGE")).unwrap();
    fs::write(folder.path().join("unpriced-markets.csv"), MARKETS.replace("USDC", "ABC")).unwrap();
    fs::write(folder.path().join("unpriced.csv"), BOOK.replace("USDC", "ABC")).unwrap();
    let output = quote(folder.path(), arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: {word:?} is not in {message}");
    }
}

#[test]
fn bad_inputs_are_named() {
    let with = |book: &'static str, markets: &'static str| ["--book", book, "--markets", markets];
    refused(&["--book", "loans.csv"], 2, &["--markets"]);
    refused(&with("absent.csv", "markets.csv"), 2, &["absent.csv", "hint:"]);
    refused(&with("bad.csv", "markets.csv"), 2, &["bad.csv", "debt_amount", "minus one"]);
    refused(&with("doge.csv", "doge-markets.csv"), 2, &["no price is known for DOGE", "--follow DOGE="]);
    refused(
        &[&with("doge.csv", "doge-markets.csv")[..], &["--follow", "DOGE=ETH:0.0001"]].concat(),
        2,
        &["no depth quotes for DOGE", "--depth"],
    );
    refused(&with("unpriced.csv", "unpriced-markets.csv"), 2, &["ABC"]);
    refused(&["--date", "2024-05-01"], 2, &["2024-05-01"]);
    refused(&["--prices", "markets.csv"], 2, &["markets.csv"]);
    refused(&["--limit", "1,00,000"], 2, &["--limit", "1,00,000", "250,000"]);
    refused(&["--buyer", "0x12"], 2, &["--buyer", "2 hexadecimal digits"]);
    refused(&["--deadline", "soon", "--out", "q.json"], 2, &["--deadline", "soon", "hint:"]);
    refused(&["--nonce", "sushi=1", "--out", "q.json"], 2, &["--nonce", "sushi", "hint:"]);
    refused(&["--chain-id", "1"], 2, &["--out"]);
    refused(&["--coinsurance", "2"], 2, &["--coinsurance is 2", "from 0 to 0.9"]);
    refused(&["--layer-levels", "0.99,0.9"], 2, &["--layer-levels"]);
    refused(&["--hold-out", "1999-01-01..1999-02-01"], 2, &["outside the price history"]);
    refused(&["--hold-out", "yesterday"], 2, &["FROM..TO"]);
    refused(&["--follow", "wstETH"], 2, &["TOKEN=COLUMN"]);
    refused(&["--paths", "1"], 2, &["paths"]);
    refused(&["--out", "no-such-folder/quote.json"], 1, &["no-such-folder/quote.json"]);
}
