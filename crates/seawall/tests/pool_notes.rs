//! What a command says beyond its events: the early bound, readings that book nothing, new accounts.

mod pool_support;

use pool_support::{EVIDENCE, Pool, TERMS, amount, event};

/// The notes of an outcome as one text.
fn notes(outcome: &serde_json::Value) -> String {
    let notes = outcome["notes"].as_array().unwrap();
    notes.iter().map(|note| note.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_early_bound_is_announced_shown_and_named_where_it_cuts() {
    let pool = Pool::funded("{}");
    let bought = pool.json(14, &format!("cover buy --market aave --buyer dao {TERMS}"));
    let words =
        "early bound until 2026-02-19T00:00:00Z (rule 4.4): until then payments together are at most 10 x";
    assert!(notes(&bought).contains(words), "{bought}");
    pool.ok(21, "cover activate --market aave");
    // One day of 91 is earned: 4,000 / 91 x 10.
    let status = pool.status("--at 2026-01-23T00:00:00Z");
    assert_eq!(amount(&status["early_bounds"][0]["pays_now_at_most"]), "439.560439");
    let report = pool.json(22, &format!("report --market aave --counter 60,000 --evidence {EVIDENCE}"));
    let ticket = event(&report, "ticket_booked");
    assert_eq!(amount(&ticket["residual"]), "59560.439561");
    assert!(notes(&report).contains("the early bound (rule 4.4) cut 59,560.439561 USDC"), "{report}");
    // Printed once: the parts add up to the gross loss, and no supply was reported.
    let text = pool.bare("history").out;
    let line = text.lines().find(|line| line.contains("ticket booked")).unwrap();
    assert!(!line.contains("uncovered") && line.contains("haircut unknown (supply not reported)"), "{line}");
    let parts = ["reserve", "tranche_0", "tranche_1", "over_limit", "residual"]
        .map(|part| ticket[part]["units"].as_str().map_or(0, |units| units.parse::<u128>().unwrap()));
    assert_eq!(parts.iter().sum::<u128>(), 60_000_000_000);
    assert_eq!(pool.status("--at 2026-02-19T00:00:00Z")["early_bounds"].as_array().unwrap().len(), 0);
    // What comes back goes to the lenders first.
    let back = pool.json(70, "recover ticket --as vault --ticket 0 --amount 100");
    assert!(notes(&back).contains("100.00 USDC of it is set aside for aave: seawall pool pay"), "{back}");
    assert!(notes(&back).contains("new account: vault"), "{back}");
}

#[test]
fn a_report_that_books_nothing_says_why() {
    let pool = Pool::funded("{}");
    let report = |counter: &str| format!("report --market aave --counter {counter} --evidence {EVIDENCE}");
    let without = pool.json(15, &report("91,000"));
    assert!(notes(&without).contains("no policy of aave is in force: none covers the increase of 91,000.00"));
    let falls = pool.ok(16, &report("50,000"));
    for words in
        ["note: counter 50,000.00 USDC is below 91,000.00 USDC", "may not fall", "nothing was booked"]
    {
        assert!(falls.contains(words), "{words:?} is not in {falls}");
    }
    // It is stale and not insured, so that it stops nobody.
    let status = pool.status("");
    assert_eq!(status["markets"][0]["state"], "stale, not insured");
    assert_eq!(status["pool"]["stale_insured_markets"], "0");
    assert_eq!(status["pool"]["latest_end"], serde_json::Value::Null);
    assert_eq!(status["markets"][0]["pays_to"], serde_json::Value::Null);
    assert_eq!(status["pool"]["capacity_limited_by"], "the capital that counts");
    let failed = pool.json(16, &format!("report --market aave --failed --evidence {EVIDENCE}"));
    assert!(notes(&failed).contains("aave could not be read"), "{failed}");
}

#[test]
fn a_deposit_says_that_it_made_an_account() {
    let pool = Pool::open("{}");
    let first = pool.ok(0, "deposit --as alice --tranche junior --amount 10");
    assert!(first.contains("note: new account: alice"), "{first}");
    let second = pool.ok(0, "deposit --as alice --tranche junior --amount 10");
    assert!(!second.contains("new account"), "{second}");
    let transfer = "transfer --as alice --to carol --tranche junior --shares 1";
    pool.fails(15, transfer, 2, &["--to", "carol", "--new-account"]);
}

#[test]
fn what_can_never_be_bought_is_not_signed() {
    let pool = Pool::funded(r#"{"rate_min_a_year": "0.01"}"#);
    let base = "cover quote --market aave --buyer dao";
    for (terms, words) in [
        ("--limit 1,000 --premium 40 --term 13 --split 0.7,0.4", "--split adds up to 1.1, above 1"),
        ("--limit 1,000 --premium 40 --term 99 --split 0.7", "--term 99 is not between 1 and"),
        ("--limit 1,000 --premium 40 --term 0 --split 0.7", "--term 0 is not between 1 and"),
        ("--limit 1,000 --premium 40 --term 13 --split 0.7 --charge 0", "--charge is zero"),
        ("--limit 0 --charge 1 --premium 40 --term 13 --split 0.7", "--limit 0.00 USDC is not above zero"),
        ("--limit 1,000 --premium 2.4 --term 13 --split 0.7", "below the lowest rate"),
        (
            "--limit 1,000 --premium 40 --term 13 --split 0.7 --coinsurance 1.5",
            "--coinsurance 1.5 is above 1",
        ),
        (
            "--limit 1,000 --premium 40 --term 13 --split 0.7 --deductible-bond 1",
            "--deductible-bond 1.00 USDC",
        ),
        ("--limit 1,000 --premium 40 --term 13 --split 0.7 --signer alice", "alice is not an actuary"),
    ] {
        pool.fails(14, &format!("{base} {terms}"), 3, &["rule 3.2", words]);
    }
    // The lowest rate itself is enough: 1,000 x 1 % x 91 / 365 days.
    pool.ok(14, &format!("{base} --limit 1,000 --premium 2.5 --term 13 --split 0.7"));
}
