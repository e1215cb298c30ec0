//! The demonstration from end to end, on the shipped data with fewer paths: what it prints, what it leaves behind,
//! and that it does so again.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs `seawall demo` in a folder of its own; the output names no path outside it.
fn demo(folder: &Path, threads: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seawall"))
        .current_dir(folder)
        .env("RAYON_NUM_THREADS", threads)
        .args(["demo", "--paths", "2000"])
        .args(arguments)
        .output()
        .unwrap()
}

fn document(folder: &Path, arguments: &[&str]) -> Value {
    let output = demo(folder, "2", &[&["--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn layer<'d>(document: &'d Value, name: &str) -> &'d Value {
    let layers = document["layers"].as_array().unwrap();
    layers.iter().find(|layer| layer["layer"] == name).unwrap()
}

fn paid(document: &Value, name: &str) -> f64 {
    number(&layer(document, name)["paid"])
}

/// Amounts are printed from 18 decimals: sums agree to a millionth of a token.
fn same(left: f64, right: f64) {
    assert!((left - right).abs() <= 1e-6 + 1e-12 * right.abs(), "{left} against {right}");
}

/// What must hold whatever the crash: books equal to the unit, every ticket and all layers add up to the loss,
/// nothing comes back twice.
fn check_books(document: &Value) {
    assert_eq!(document["held"], document["booked"]);
    assert_eq!(document["invariants_hold"], true);
    assert_eq!(document["ledger"]["sound"], true);
    assert!(document["ledger"]["confirmed"].as_u64().unwrap() > 100);
    let gross = number(&document["gross"]);
    let layers = document["layers"].as_array().unwrap();
    same(layers.iter().map(|layer| number(&layer["paid"])).sum(), gross);
    let tickets = document["tickets"].as_array().unwrap();
    same(tickets.iter().map(|ticket| number(&ticket["gross"])).sum(), gross);
    for ticket in tickets {
        let borne: f64 = ticket["borne"].as_object().unwrap().values().map(number).sum();
        same(borne, number(&ticket["gross"]));
    }
    for layer in layers {
        assert!(number(&layer["recovered"]) <= number(&layer["paid"]) + 1e-6, "{layer}");
    }
    let passed_on: f64 =
        document["markets"].as_array().unwrap().iter().map(|market| number(&market["passed_on"])).sum();
    // What exceeds all losses, or came for tickets too small to be booked, is the reserve's.
    assert!(number(&document["recovered"]) <= passed_on + 1e-6);
}

#[test]
fn march_2020_reaches_the_junior_tranche() {
    let folder = tempfile::tempdir().unwrap();
    let document = document(folder.path(), &[]);
    check_books(&document);
    for name in ["deductible", "reserve", "junior"] {
        assert!(paid(&document, name) > 0.0, "{name}");
    }
    // The losses are those of the ladder: they depend on neither seed nor paths of the price.
    assert!((4e6..6e6).contains(&number(&document["gross"])), "{}", document["gross"]);
    let other = self::document(folder.path(), &["--seed", "7"]);
    // Losses below the smallest ticket stay unbooked, and which tickets are booked depends on no price.
    same(number(&other["gross"]), number(&document["gross"]));
    let people = document["underwriters"].as_array().unwrap();
    let result = |name: &str| {
        let person = people.iter().find(|person| person["name"] == name).unwrap();
        (number(&person["value"]) + number(&person["claimed"])) / number(&person["paid_in"])
    };
    assert!(result("Ben") < result("Ada"), "the leaver bears later losses and earns no more premium");
    assert!(result("Ada") < 1.0 && result("Cleo") > 1.0);
    let page = std::fs::read_to_string(folder.path().join("seawall-demo/mar-2020.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    for outside in ["<script", "<link", "http://", "https://", "@import", "url("] {
        assert!(!page.contains(outside), "the page is self-contained: {outside}");
    }
}

#[test]
fn november_2022_stays_within_the_deductibles() {
    let folder = tempfile::tempdir().unwrap();
    let document = document(folder.path(), &["--scenario", "nov-2022"]);
    check_books(&document);
    let gross = number(&document["gross"]);
    assert!(gross > 0.0);
    same(paid(&document, "deductible"), gross);
}

#[test]
fn may_2021_adds_up_too() {
    let folder = tempfile::tempdir().unwrap();
    check_books(&document(folder.path(), &["--scenario", "may-2021"]));
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_number_of_threads() {
    let run = |threads: &str| {
        let folder = tempfile::tempdir().unwrap();
        let output = demo(folder.path(), threads, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let page = std::fs::read(folder.path().join("seawall-demo/mar-2020.html")).unwrap();
        (output.stdout, page)
    };
    let (one, two) = (run("1"), run("2"));
    assert!(one.0 == two.0, "standard output differs");
    assert!(one.1 == two.1, "the report differs");
    let text = String::from_utf8(one.0).unwrap();
    assert!(text.contains("equal to the last unit") && text.contains("decided again from zero: sound"));
    assert!(text.lines().count() <= 90, "{} lines", text.lines().count());
}

#[test]
fn a_second_run_replaces_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = demo(folder.path(), "2", &["--scenario", "nov-2022", "--out", "here"]);
    let second = demo(folder.path(), "2", &["--scenario", "nov-2022", "--out", "here"]);
    assert!(first.status.success() && second.status.success());
    assert!(first.stdout == second.stdout);
}

#[test]
fn a_file_that_is_no_demonstration_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mar-2020.sqlite");
    std::fs::write(&file, "somebody's").unwrap();
    let output = demo(folder.path(), "2", &["--out", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint: choose another folder"));
    assert_eq!(std::fs::read(&file).unwrap(), b"somebody's");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("taken"), "a file").unwrap();
    let output = demo(folder.path(), "2", &["--out", "taken"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("error: taken") && message.contains("hint:"), "{message}");
    assert_eq!(demo(folder.path(), "2", &["--scenario", "jan-2009"]).status.code(), Some(2));
}
