//! `seawall simulate`, `merge`, `frontier` and `projection` through the command line, on a small book.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const BOOK: &str = "market,account,collateral_asset,collateral_amount,debt_asset,debt_amount,liquidation_threshold\n\
                    eth,a,WETH,1000,USDC,1700000,0.83\n\
                    eth,b,WETH,20000,USDC,34000000,0.83\n\
                    eth,c,WETH,9000,USDC,9000000,\n\
                    btc,a,WBTC,400,USDC,9000000,0.75\n\
                    btc,d,WBTC,600,USDC,15000000,0.75\n";

const MARKETS: &str = "market,collateral_asset,debt_asset,liquidation_threshold,liquidation_bonus,delay_seconds,\
                       collateral_price,debt_price\n\
                       eth,WETH,USDC,0.83,0.05,600,2280,1\n\
                       btc,WBTC,USDC,0.75,0.07,600,,\n";

const SMALL: [&str; 8] =
    ["--book", "loans.csv", "--markets", "markets.csv", "--deductible", "10000", "--limit", "1000000"];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("loans.csv"), BOOK).unwrap();
    fs::write(folder.path().join("markets.csv"), MARKETS).unwrap();
    folder
}

fn run(folder: &Path, command: &str, arguments: &[&str]) -> Output {
    let mut seawall = Command::new(env!("CARGO_BIN_EXE_seawall"));
    seawall.current_dir(folder).arg(command).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Shards of odd sizes, made under different numbers of threads and merged out of order, price to the bits of one run.
#[test]
fn shards_merge_to_one_run() {
    let folder = folder();
    let path = folder.path();
    for (range, out) in [("0..301", "a"), ("301..302", "b"), ("302..1200", "c")] {
        let arguments = [&SMALL[..], &["--paths", range, "--of", "1200", "--out", out, "--json"]].concat();
        let mut seawall = Command::new(env!("CARGO_BIN_EXE_seawall"));
        let threads = if out == "a" { "1" } else { "3" };
        seawall.current_dir(path).env("RAYON_NUM_THREADS", threads).arg("simulate").args(&arguments);
        assert_eq!(
            json(&seawall.output().unwrap())["ranges"][0][0].to_string(),
            range.split('.').next().unwrap()
        );
    }
    json(&run(path, "merge", &["c", "b", "--out", "cb", "--json"]));
    let merged = json(&run(path, "merge", &["cb", "a", "--out", "all", "--json"]));
    assert_eq!(merged["paths"], 1200);
    let priced = |more: &[&str]| {
        json(&run(path, "quote", &[&SMALL[..], &["--paths", "1200", "--json"], more].concat()))
    };
    assert_eq!(priced(&["--losses", "all"]), priced(&[]));

    let refused = |command: &str, arguments: &[&str], code: i32, words: &[&str]| {
        let output = run(path, command, arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(words.iter().all(|word| message.contains(word)), "{arguments:?}: {message}");
    };
    refused("merge", &["a", "cb", "a"], 2, &["a"]);
    refused("merge", &["a", "c", "--out", "gap"], 2, &["301..302"]);
    assert!(!path.join("gap").exists(), "nothing is half written");
    let other = [&SMALL[..], &["--paths", "1200", "--seed", "2", "--losses", "all"]].concat();
    refused("quote", &other, 2, &["all"]);
    let partial = [&SMALL[..], &["--paths", "1200", "--losses", "a"]].concat();
    refused("quote", &partial, 2, &["301..1200"]);
    refused(
        "simulate",
        &[&SMALL[..], &["--paths", "5..5", "--of", "1200", "--out", "x"]].concat(),
        2,
        &["5..5"],
    );
    refused(
        "simulate",
        &[&SMALL[..], &["--paths", "0..2000", "--of", "1200", "--out", "x"]].concat(),
        2,
        &["1200"],
    );
    let mut damaged = fs::read(path.join("all")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(path.join("damaged"), damaged).unwrap();
    refused("merge", &["damaged"], 4, &["damaged"]);
}

#[test]
fn the_frontier_answers_what_a_risk_steward_asks() {
    let folder = folder();
    let arguments = [
        &SMALL[..],
        &[
            "--paths",
            "2000",
            "--ltv",
            "2,20",
            "--volatility",
            "1.2",
            "--market",
            "eth",
            "--no-events",
            "--impact-share",
            "0",
            "--depth-factor",
            "0.02,2",
        ],
    ]
    .concat();
    let document = json(&run(folder.path(), "frontier", &[&arguments[..], &["--json"]].concat()));
    let changes = document["changes"].as_array().unwrap();
    let difference = |name: &str, by: f64| {
        let row = changes.iter().find(|row| row["change"] == name && row["by"] == by).unwrap();
        row["difference"]["value"].as_f64().unwrap()
    };
    assert!(difference("loan_to_value_points", 2.0) > 0.0, "more is lost of each loan that a jump passes");
    assert!(difference("volatility_factor", 1.2) > 0.0);
    // Which way depth works depends on the limit (a loan that waits may recover); where it does not bind it hardly matters.
    let (scarce, ample) = (difference("depth_factor", 0.02), difference("depth_factor", 2.0));
    assert!(scarce.abs() > 10.0 * ample.abs() && scarce != 0.0, "{scarce} {ample}");
    assert!(difference("largest_position_factor", 0.5) < 0.0 && difference("debt_cap_share", 0.5) < 0.0);
    let refused = changes.iter().find(|row| row["by"] == 20.0).unwrap();
    assert!(refused["refused"].as_str().unwrap().contains("not inside (0, 1)"), "{refused}");
    let base = document["base"]["premium_by_market"].as_array().unwrap();
    let text = String::from_utf8(run(folder.path(), "frontier", &arguments).stdout).unwrap();
    for part in
        ["Two points more loan to value", "Halving the largest position", "not possible", "volatility x 1.2"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(base.len(), 2);
    let unknown = run(folder.path(), "frontier", &[&SMALL[..], &["--market", "doge"]].concat());
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("the markets are eth, btc"));
}

#[test]
fn the_projection_says_whether_the_pool_is_viable_and_how_large_it_must_be() {
    let folder = folder();
    let with = |more: &[&str]| {
        let few = ["--paths", "2000", "--year-paths", "5000", "--json"];
        json(&run(folder.path(), "projection", &[&SMALL[..], &few, more].concat()))
    };
    let document = with(&[]);
    assert_eq!(document["years"].as_array().unwrap().len(), 5);
    let ruin = |document: &Value| document["ruin"]["value"].as_f64().unwrap();
    let needed = |document: &Value| document["needed"]["capital"]["value"].as_f64().unwrap();
    assert!(document["viable"].is_boolean());
    // Longer is more dangerous; a stricter limit needs more.
    assert!(ruin(&with(&["--years", "10"])) >= ruin(&document));
    assert!(needed(&with(&["--ruin", "0.01"])) >= needed(&document));
    let bad = run(folder.path(), "projection", &[&SMALL[..], &["--ruin", "2"]].concat());
    assert_eq!(bad.status.code(), Some(2));
}

/// A record moves the premium, and the output says by how much.
#[test]
fn a_record_of_ones_own_moves_the_premium() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("clean.csv"), "market,years,events,debt,losses\neth,6,0,40000000,0\n").unwrap();
    fs::write(path.join("hit.csv"), "market,years,events,debt,losses\neth,6,3,40000000,2000000\n").unwrap();
    fs::write(path.join("other.csv"), "market,years,events,debt,losses\nsol,6,3,40000000,0\n").unwrap();
    let quote =
        |more: &[&str]| run(path, "quote", &[&SMALL[..], &["--paths", "1000", "--json"], more].concat());
    let premium = |document: &Value| document["premium"]["lines"][0]["total"]["value"].as_f64().unwrap();
    let moved = |document: &Value| document["premium"]["lines"][0]["experience"].as_f64().unwrap();
    let none = json(&quote(&[]));
    let clean = json(&quote(&["--record", "clean.csv"]));
    let hit = json(&quote(&["--record", "hit.csv"]));
    assert_eq!(moved(&none), 0.0);
    assert!(moved(&clean) < 0.0 && moved(&hit) > 0.0);
    assert!(premium(&clean) < premium(&none) && premium(&none) < premium(&hit));
    let events = &hit["events"][0];
    assert!(events["credibility"].as_f64().unwrap() > 0.0 && events["factor"].as_f64().unwrap() > 1.0);
    assert!(events["own_losses"]["factor"].as_f64().unwrap() > 1.0, "{events}");
    let unknown = quote(&["--record", "other.csv"]);
    assert_eq!(unknown.status.code(), Some(2));
}
