//! A quote file is written, computed again, and told from one that does not hold: through the command line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const BOOK: &str = "market,account,collateral_asset,collateral_amount,debt_asset,debt_amount,liquidation_threshold\n\
                    eth,a,WETH,100,USDC,150000,0.83\n\
                    eth,b,WETH,2000,USDC,3400000,0.83\n\
                    btc,a,WBTC,60,USDC,1500000,0.75\n";

const MARKETS: &str = "market,collateral_asset,debt_asset,liquidation_threshold,liquidation_bonus,delay_seconds,\
                       collateral_price,debt_price\n\
                       eth,WETH,USDC,0.83,0.05,600,2280,1\n\
                       btc,WBTC,USDC,0.75,0.07,600,,\n";

const QUOTE: [&str; 14] = [
    "quote",
    "--book",
    "loans.csv",
    "--markets",
    "markets.csv",
    "--deductible",
    "10_000",
    "--limit",
    "1,000,000",
    "--paths",
    "500",
    "--json",
    "--out",
    "quote.json",
];

fn seawall(folder: &Path, threads: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seawall"))
        .current_dir(folder)
        .env("RAYON_NUM_THREADS", threads)
        .args(arguments)
        .output()
        .unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("loans.csv"), BOOK).unwrap();
    fs::write(folder.path().join("markets.csv"), MARKETS).unwrap();
    folder
}

/// A folder with a quote, and its text.
fn quoted() -> (tempfile::TempDir, String) {
    let folder = folder();
    let output = seawall(folder.path(), "2", &QUOTE);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(folder.path().join("quote.json")).unwrap();
    (folder, text)
}

fn verified(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = seawall(folder, "2", &[&["--json", "verify"], arguments].concat());
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stdout)));
    (output.status.code(), document)
}

#[test]
fn any_number_of_threads_writes_the_same_bytes_and_confirms_them() {
    let (folder, text) = quoted();
    for threads in ["1", "3", "7"] {
        let again = seawall(folder.path(), threads, &QUOTE);
        assert!(again.status.success());
        assert_eq!(fs::read_to_string(folder.path().join("quote.json")).unwrap(), text, "{threads} threads");
        let confirmed = seawall(folder.path(), threads, &["verify", "quote.json"]);
        let said = String::from_utf8(confirmed.stdout).unwrap();
        assert!(confirmed.status.success() && said.ends_with("confirmed\n"), "{said}");
        assert!(
            said.contains("files    5 as they were priced") && said.contains("not bound to a pool"),
            "{said}"
        );
    }
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files.len(), 3, "nothing half-written is left: {files:?}");
}

#[test]
fn the_shipped_book_and_a_binding() {
    let folder = tempfile::tempdir().unwrap();
    let made = seawall(
        folder.path(),
        "2",
        &[
            "quote",
            "--paths",
            "100",
            "--hold-out-known-crashes",
            "--date",
            "2023-12-20",
            "--term-days",
            "182",
            "--out",
            "q.json",
            "--chain-id",
            "10",
            "--pool-address",
            "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
            "--decimals",
            "18",
            "--buyer",
            "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB",
            "--latest-end",
            "2024-09-01T00:00:00Z",
            "--required-max",
            "5000000000000000000000000",
            "--deadline",
            "1703116800",
            "--nonce",
            "4",
            "--counter",
            "7",
            "--adapter",
            &"ab".repeat(32),
            "--market-number",
            "wsteth=1",
        ],
    );
    let said = String::from_utf8_lossy(&made.stdout).into_owned() + &String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success() && said.contains("wrote q.json: 4 quotes"), "{said}");
    let (code, document) = verified(folder.path(), &["q.json"]);
    assert_eq!((code, &document["confirmed"]), (Some(0), &Value::Bool(true)), "{document}");
    let file: Value = serde_json::from_slice(&fs::read(folder.path().join("q.json")).unwrap()).unwrap();
    let quote = &file["quotes"][0];
    assert_eq!(quote["typed_data"]["domain"]["chainId"], 10);
    assert_eq!(quote["typed_data"]["message"]["deadline"], "1703116800");
    assert_eq!(quote["typed_data"]["message"]["termEpochs"], "26");
    // The number of one market was given; that of another is none, which no pool has.
    assert_eq!(
        (&quote["unbound"], &quote["typed_data"]["message"]["market"]),
        (&Value::Array(vec![]), &"1".into())
    );
    let other = &file["quotes"][1];
    assert_eq!(
        (&other["unbound"][0], &other["typed_data"]["message"]["market"]),
        (&"number".into(), &"4294967295".into())
    );
    assert_eq!(quote["typed_data"]["message"]["destination"], quote["typed_data"]["message"]["buyer"]);
    assert_eq!(
        quote["typed_data"]["message"]["inputs"],
        format!("0x{}", file["result"]["inputs_digest"].as_str().unwrap())
    );
    assert_eq!(file["request"]["held_out"].as_array().unwrap().len(), 3);
}

#[test]
fn an_input_that_differs_is_named_with_both_digests() {
    let (folder, _) = quoted();
    let loans = folder.path().join("loans.csv");
    fs::write(&loans, format!("{BOOK}btc,z,WBTC,1,USDC,100,0.75\n")).unwrap();
    let (code, document) = verified(folder.path(), &["quote.json"]);
    assert_eq!(code, Some(3));
    let difference = &document["differences"][0];
    assert_eq!(
        (difference["kind"].as_str(), document["differences"].as_array().unwrap().len()),
        (Some("file"), 1)
    );
    assert_eq!((&difference["stated"]["rows"], &difference["found"]["rows"]), (&3.into(), &4.into()));
    let message = difference["message"].as_str().unwrap();
    for part in ["loan book loans.csv", "4 rows for 3", difference["stated"]["sha256"].as_str().unwrap()] {
        assert!(message.contains(part), "{message}");
    }
    let table = seawall(folder.path(), "2", &["verify", "quote.json"]);
    let (said, told) = (String::from_utf8_lossy(&table.stdout), String::from_utf8_lossy(&table.stderr));
    assert!(said.contains("4 rows for 3") && said.contains("were not computed"), "{said}");
    assert!(
        told.contains("loan book loans.csv") && told.contains("hint: ") && told.contains("--book"),
        "{told}"
    );
    // Even a file that can no longer be read is told by its digest.
    fs::write(&loans, "nonsense").unwrap();
    assert_eq!(verified(folder.path(), &["quote.json"]).1["differences"][0]["what"], "loan book loans.csv");
}

#[test]
fn files_that_moved_are_found() {
    let (folder, _) = quoted();
    let path = |name: &str| folder.path().join(name);
    // Beside the quote file, from another folder.
    let elsewhere = tempfile::tempdir().unwrap();
    let quote = path("quote.json").display().to_string();
    assert_eq!(verified(elsewhere.path(), &[&quote]).0, Some(0));
    fs::rename(path("loans.csv"), path("old.csv")).unwrap();
    let (code, document) = verified(folder.path(), &["quote.json"]);
    assert_eq!(code, Some(2));
    let error = &document["error"];
    assert!(error["message"].as_str().unwrap().contains("loans.csv"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--book"), "{error}");
    assert_eq!(verified(folder.path(), &["quote.json", "--book", "old.csv"]).0, Some(0));
    assert_eq!(verified(folder.path(), &["quote.json", "--book", "markets.csv"]).0, Some(3));
    assert_eq!(verified(folder.path(), &["quote.json", "--book", "."]).0, Some(2));
}

#[test]
fn a_figure_that_differs_is_named_with_its_distance() {
    let (folder, text) = quoted();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let total = file.pointer_mut("/result/premium/total/total/value").unwrap();
    let (stated, honest) = (total.as_f64().unwrap() / 2.0, total.as_f64().unwrap());
    *total = stated.into();
    fs::write(folder.path().join("quote.json"), file.to_string()).unwrap();
    let (code, document) = verified(folder.path(), &["quote.json"]);
    assert_eq!((code, &document["confirmed"]), (Some(3), &Value::Bool(false)));
    let difference = &document["differences"][0];
    assert_eq!(difference["what"], "result.premium.total.total.value");
    assert_eq!(difference["off_by"]["absolute"].as_f64(), Some(stated - honest));
    assert_eq!(difference["off_by"]["relative"].as_f64(), Some(-0.5));
    let table = seawall(folder.path(), "2", &["verify", "quote.json"]);
    assert_eq!(table.status.code(), Some(3));
    let said = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(
        said.contains("figure: result.premium.total.total.value: stated ") && said.contains("off by"),
        "{said}"
    );
}

#[test]
fn a_quote_of_another_model_or_no_quote_at_all() {
    let (folder, text) = quoted();
    let write = |text: &str| fs::write(folder.path().join("quote.json"), text).unwrap();
    let mut other: Value = serde_json::from_str(&text).unwrap();
    let number = other.pointer_mut("/request/model/number").unwrap();
    *number = (number.as_u64().unwrap() + 1).into();
    write(&other.to_string());
    let (code, document) = verified(folder.path(), &["quote.json"]);
    assert_eq!((code, &document["error"]["kind"]), (Some(3), &Value::from("refused")));
    assert!(document["error"]["message"].as_str().unwrap().contains("cannot be compared"), "{document}");
    write("{");
    assert_eq!(verified(folder.path(), &["quote.json"]).0, Some(2));
    assert_eq!(verified(folder.path(), &["absent.json"]).0, Some(2));
}

#[test]
fn a_quote_is_written_whole_or_not_at_all() {
    let (folder, text) = quoted();
    // A folder in its place, and no folder at all: nothing is computed for it, nothing is left behind.
    fs::create_dir(folder.path().join("taken")).unwrap();
    for out in ["taken", "absent/quote.json"] {
        let refused = seawall(folder.path(), "2", &[&QUOTE[..13], &[out]].concat());
        assert_eq!(refused.status.code(), Some(1), "{out}");
        let document: Value = serde_json::from_slice(&refused.stdout).unwrap();
        assert_eq!(document["error"]["kind"], "environment", "one document, and that is the failure");
    }
    assert_eq!(fs::read_to_string(folder.path().join("quote.json")).unwrap(), text);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn arguments_that_cannot_be_read_are_one_document_with_json() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (&["--json", "quote", "--sead", "1"][..], "--sead"),
        (&["quote", "--json", "--paths", "1"], "--paths"),
        (&["--json", "quote", "--chain-id", "1"], "--out"),
        (&["--json", "verify"], "FILE"),
        (&["--json", "bid"], "bid"),
        (&["--json", "pool"], "command is missing"),
        (&["--json"], "requires a subcommand"),
    ] {
        let output = seawall(folder.path(), "2", arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{arguments:?}: {error}: {}", String::from_utf8_lossy(&output.stdout))
        });
        let error = &document["error"];
        assert_eq!(error["kind"], "input");
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
        assert!(error["hint"].is_string(), "{error}");
        assert!(output.stderr.is_empty());
    }
    // Without it they are text on standard error; help is help.
    let text = seawall(folder.path(), "2", &["quote", "--sead", "1"]);
    assert!(text.stdout.is_empty() && String::from_utf8_lossy(&text.stderr).starts_with("error: unexpected"));
    let help = seawall(folder.path(), "2", &["quote", "--json", "--help"]);
    assert!(
        help.status.success() && String::from_utf8_lossy(&help.stdout).contains("docs/model.md, section 7")
    );
}
