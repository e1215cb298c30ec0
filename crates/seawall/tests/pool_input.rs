//! Wrong input to the pool commands: the exit code says whose fault it is, the message names the field, and the
//! journal stays as it was.

mod pool_support;

use pool_support::{EVIDENCE, Pool, TERMS, seawall};

#[test]
fn amounts_that_do_not_exist_are_refused_by_name() {
    let pool = Pool::funded("{}");
    for (amount, words) in [
        ("1.0000001", "has 7 decimals, USDC has 6"),
        ("1,00", "is no decimal number"),
        ("1e6", "is no decimal number"),
        ("ten", "is no decimal number"),
        ("1,000,000,000,000,000,000,000,000,000,000,000,000", "above the largest amount"),
    ] {
        let deposit = format!("deposit --as alice --tranche junior --amount {amount}");
        pool.fails(15, &deposit, 2, &["--amount", amount, words]);
    }
    pool.fails(15, "deposit --as alice --tranche junior --amount=-5", 2, &["--amount", "is negative"]);
    pool.fails(
        15,
        "deposit --as alice --tranche junior --amount 0.5",
        3,
        &["rule 2.4", "smallest deposit, 1.00"],
    );
}

#[test]
fn unknown_names_are_refused_and_the_known_ones_listed() {
    let pool = Pool::funded("{}");
    pool.fails(15, "exit request --as alcie --tranche junior --all", 2, &["--as", "\"alcie\"", "alice, bob"]);
    pool.fails(15, "deposit --as alice --tranche mezzanine --amount 5", 2, &["--tranche", "junior, senior"]);
    pool.fails(15, "deposit --as alice --tranche 2 --amount 5", 2, &["--tranche"]);
    pool.fails(15, "cover activate --market morpho", 2, &["--market", "\"morpho\"", "aave"]);
    let report = format!("report --market avae --counter 1 --evidence {EVIDENCE}");
    pool.fails(15, &report, 2, &["--market", "\"avae\"", "--open"]);
    // The pool's own name is no market and no account.
    pool.fails(15, &report.replace("avae", "@x"), 2, &["--market"]);
    pool.fails(15, "deposit --as @x --tranche junior --amount 5", 2, &["--as", "cannot be a name"]);
    let status = pool.bare("status --account nobody");
    assert_eq!(status.code, 2, "{}", status.err);
    assert!(status.err.contains("--account") && status.err.contains("nobody"), "{}", status.err);
}

#[test]
fn time_never_goes_back_and_must_be_a_time() {
    let pool = Pool::funded("{}");
    let deposit = "deposit --as alice --tranche junior --amount 5";
    pool.fails(13, deposit, 3, &["rule 1.4", "2026-01-14T00:00:00Z", "2026-01-15T00:00:00Z", "--at"]);
    let run = pool.bare(&format!("{deposit} --at tomorrow"));
    assert_eq!(run.code, 2);
    assert!(run.err.contains("--at") && run.err.contains("2026-03-01T12:00:00Z"), "{}", run.err);
    let run = pool.bare(&format!("{deposit} --at 99999999999999"));
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("rule 1.2"), "{}", run.err);
    // Without --at it is the machine's clock, which stands after the pool's.
    let run = pool.bare(deposit);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn roles_are_kept() {
    let pool = Pool::funded("{}");
    let report = format!("report --market aave --counter 1 --evidence {EVIDENCE} --as alice");
    pool.fails(15, &report, 3, &["rule 9", "alice is not a reporter"]);
    pool.fails(15, "pause --for 1d --as owner", 3, &["rule 9", "owner is not the guardian"]);
    let terms = format!("cover buy --market aave --buyer dao {TERMS} --signer alice");
    pool.fails(15, &terms, 3, &["rule 3.2", "alice is not an actuary"]);
    pool.fails(
        15,
        &format!("cover buy --market aave --buyer dao {TERMS} --as alice"),
        3,
        &["rule 3.2", "alice is not the quote's buyer"],
    );
}

#[test]
fn a_quote_file_is_read_with_care() {
    let pool = Pool::funded("{}");
    let path = pool.folder.path().join("quote.json");
    let quote = path.to_str().unwrap();
    let buy = format!("cover buy --quote {quote}");
    pool.fails(14, &buy, 2, &["--quote", "quote.json"]);
    pool.ok(14, &format!("cover quote --market aave --buyer dao {TERMS} --out {quote}"));
    let good = std::fs::read_to_string(&path).unwrap();
    let change = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} is not in {good}");
        std::fs::write(&path, good.replace(from, to)).unwrap();
    };
    change("\"premium\": \"4000.000000\"", "\"premium\": \"1.000000\"");
    pool.fails(14, &buy, 2, &["digest", "not those that were signed"]);
    change("\"limit\": \"100000.000000\"", "\"limit\": \"lots\"");
    pool.fails(14, &buy, 2, &["quote.json: limit", "\"lots\""]);
    change("\"nonce\"", "\"nounce\"");
    pool.fails(14, &buy, 2, &["quote.json", "nounce"]);
    change("seawall local quote 1", "something else");
    pool.fails(14, &buy, 2, &["quote.json: format"]);
    change("{", "");
    pool.fails(14, &buy, 2, &["quote.json"]);
    std::fs::write(&path, &good).unwrap();
    pool.fails(22, &buy, 3, &["rule 3.2", "was valid until 2026-01-22T00:00:00Z"]);
    pool.fails(22, "cover buy --market aave --buyer dao", 2, &["missing"]);

    // A quote for another pool.
    let other = Pool::funded("{}");
    other.fails(14, &buy, 3, &["rule 3.2", "another pool"]);
}

#[test]
fn a_pool_is_opened_once_and_with_rules_that_hold() {
    let pool = Pool::open("{}");
    pool.fails(0, "init", 2, &["--pool", "exists already"]);
    let fresh = Pool::folder();
    for (arguments, code, words) in [
        ("--tranches a,b,c,d,e", 2, "--tranches"),
        ("--tranches a,a", 2, "--tranches"),
        ("--tranches 0,1", 2, "--tranches"),
        ("--decimals 19", 2, "--decimals"),
        ("--id 12", 2, "--id"),
        ("--rules /nowhere.json", 2, "--rules"),
    ] {
        fresh.fails(0, &format!("init {arguments}"), code, &[words]);
        assert!(!fresh.file.exists(), "{arguments}: nothing half-written");
    }
    for (rules, code, words) in [
        ("{\"fee\": 0.9}", 3, "fee"),
        ("{\"fee\": \"much\"}", 2, "rules.json: fee"),
        ("{\"feee\": 0.1}", 2, "feee"),
        ("{\"scarcity\": []}", 3, "scarcity"),
        ("not json", 2, "rules.json"),
    ] {
        let path = fresh.write("rules.json", rules);
        fresh.fails(0, &format!("init --rules {path}"), code, &[words]);
        assert!(!fresh.file.exists(), "{rules}: nothing half-written");
    }
    let printed = seawall(["pool", "init", "--print-rules", "--tranches", "a,b,c"]);
    let path = fresh.write("rules.json", &printed.out);
    fresh.ok(0, &format!("init --tranches a,b,c --rules {path}"));
    assert_eq!(fresh.bare("rules show").out, printed.out);
}

#[test]
fn a_failure_is_a_document_too() {
    let pool = Pool::funded("{}");
    let run = pool.run(15, "deposit --as alice --tranche junior --amount 0.5 --json");
    assert_eq!((run.code, run.err.as_str()), (3, ""));
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(document["error"]["rule"], "2.4");
    assert_eq!(document["error"]["kind"], "refused");
    let run = pool.run(15, "deposit --as alice --tranche junior --amount x --json");
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &document["error"]["kind"]), (2, &"input".into()));
    let usage = pool.run(15, "deposit --as alice");
    assert_eq!(usage.code, 2);
    assert!(usage.err.contains("--tranche"), "{}", usage.err);
}
