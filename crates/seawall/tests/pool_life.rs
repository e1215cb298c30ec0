//! A pool's whole life through the real binary: from its opening to the claim of a recovery, for people and for
//! programs.

mod pool_support;

use pool_support::{EVIDENCE, Pool, amount, event, seawall};

#[test]
fn a_pool_from_its_opening_to_the_claim_of_a_recovery() {
    let pool = Pool::funded("{}");
    let quote = pool.folder.path().join("quote.json");
    let quote = quote.to_str().unwrap();
    let terms = "--market aave --buyer dao --destination vault --limit 100,000 --premium 4,000 --term 13 \
                 --split 0.7,0.2 --bonus-share 10% --deductible 5,000";
    pool.ok(14, &format!("cover quote {terms} --out {quote}"));
    let bought = pool.json(14, &format!("cover buy --quote {quote}"));
    let policy = event(&bought, "policy_bought");
    assert_eq!(amount(&policy["premium"]), "4000.000000");
    assert_eq!(amount(&policy["bonus_held"]), "400.000000");
    assert_eq!(policy["buyer"], "dao");
    assert_eq!(policy["start"]["time"], "2026-01-22T00:00:00Z");
    pool.ok(21, "cover activate --market aave");

    // A loss of 65,000: the bond pays 5,000, the reserve what it has, the junior tranche the rest.
    let report = pool.json(
        70,
        &format!(
            "report --market aave --counter 65,000 --supplied 1,000,000 --evidence {EVIDENCE} --as reporter"
        ),
    );
    let ticket = event(&report, "ticket_booked");
    assert_eq!(amount(&ticket["gross"]), "65000.000000");
    assert_eq!(amount(&ticket["deductible"]), "5000.000000");
    assert_eq!(ticket["evidence"], EVIDENCE);
    let units = |value: &serde_json::Value| value["units"].as_str().unwrap().parse::<u128>().unwrap();
    assert_eq!(units(&ticket["reserve"]) + units(&ticket["tranche_0"]), 60_000_000_000);
    let paid = event(&report, "market_paid");
    assert_eq!((amount(&paid["assets"]), &paid["destination"]), ("65000.000000", &"vault".into()));

    // Bob leaves with a part; what backs nothing clears after the cooldown.
    pool.ok(71, "exit request --as bob --tranche senior --amount 50,000");
    pool.fails(72, "exit clear", 3, &["rule 5.3", "no exit can be cleared now", "hint:"]);
    pool.ok(95, "exit clear");
    let left = pool.json(95, "exit claim --as bob --exit 0");
    assert_eq!(amount(&event(&left, "exit_paid")["assets"]), "50000.000000");

    // What comes back goes to those who lost.
    pool.ok(100, "recover ticket --as vault --ticket 0 --amount 30,000");
    let status = pool.status("--account alice");
    assert_eq!(amount(&status["account_recoveries"][0]["to_claim"]), "30000.000000");
    let claim = pool.json(100, "recover claim --as alice --ticket 0 --tranche junior");
    assert_eq!(amount(&event(&claim, "recovery_claimed")["assets"]), "30000.000000");
    pool.fails(100, "recover claim --as alice --ticket 0 --tranche junior", 3, &["rule 6.2"]);
    pool.fails(100, "recover claim --as bob --ticket 0 --tranche senior", 3, &["rule 6.2"]);

    let history = pool.bare("history");
    assert!(history.out.contains("2026-03-12T00:00:00Z  reporter: report"), "{}", history.out);
    assert!(
        history.out.contains("recovery claimed: ticket 0, owner alice, tranche junior"),
        "{}",
        history.out
    );
    let verify = pool.bare("verify");
    assert_eq!((verify.code, verify.out.lines().last()), (0, Some("sound")), "{}", verify.err);
}

#[test]
fn the_status_for_people_names_layers_policies_and_positions() {
    let pool = Pool::covered("{}", "");
    let text = pool.bare("status --account alice").out;
    for words in [
        "required capital       100,000.00 USDC",
        "run brake              off",
        "layers (amounts in USDC)",
        "junior",
        "in force",
        "account shares (amounts in USDC)",
        "exits: none",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    // Attachment and exhaustion are the running sum of the layers below.
    let status = pool.status("");
    let layers = status["layers"].as_array().unwrap();
    let names: Vec<_> = layers.iter().map(|layer| layer["layer"].as_str().unwrap()).collect();
    assert_eq!(names, ["reserve", "junior", "senior", "mutual"]);
    for pair in layers.windows(2) {
        assert_eq!(pair[0]["exhausts"], pair[1]["attaches"]);
    }
    assert_eq!(amount(&status["pool"]["capacity_left"]), "300000.000000");
}

#[test]
fn a_projected_status_accrues_and_leaves_the_file_alone() {
    let pool = Pool::covered("{}", "");
    let before = std::fs::read(&pool.file).unwrap();
    let now = pool.status("");
    let later = pool.status("--at 2026-02-26T00:00:00Z");
    assert_eq!(later["pool"]["as_of"]["time"], "2026-02-26T00:00:00Z");
    let unearned = |status: &serde_json::Value| {
        status["pool"]["unearned_premium"]["units"].as_str().unwrap().parse::<u64>().unwrap()
    };
    assert!(unearned(&later) < unearned(&now));
    assert_eq!(later["head"], now["head"]);
    assert_eq!(std::fs::read(&pool.file).unwrap(), before);
    let back = pool.bare("status --at 2026-01-02T00:00:00Z");
    assert_eq!(back.code, 3, "{}", back.err);
    assert!(back.err.contains("rule 1.4"), "{}", back.err);
}

#[test]
fn a_key_makes_a_command_happen_once() {
    let pool = Pool::funded("{}");
    let first = pool.json(15, "deposit --as alice --tranche junior --amount 10 --key k1");
    let again = pool.json(16, "deposit --as alice --tranche junior --amount 10 --key k1");
    assert_eq!((&first["repeated"], &again["repeated"]), (&false.into(), &true.into()));
    assert_eq!(first["sequence"], again["sequence"]);
    assert_eq!(first["hash"], again["hash"]);
    pool.fails(
        16,
        "deposit --as alice --tranche junior --amount 11 --key k1",
        2,
        &["--key", "another command"],
    );
    // All of alice's unlocked shares are none the second time; the key says what was meant.
    pool.ok(20, "exit request --as alice --tranche junior --all --key leave");
    let again = pool.json(21, "exit request --as alice --tranche junior --all --key leave");
    assert_eq!(again["repeated"], true);
    pool.ok(25, "settle");
    let late = pool.json(20, "exit request --as alice --tranche junior --all --key leave");
    assert_eq!((&late["repeated"], &late["hash"]), (&true.into(), &again["hash"]));
    pool.fails(
        25,
        "exit request --as bob --tranche senior --all --key leave",
        2,
        &["--key", "another command"],
    );
    assert_eq!(pool.status("")["exits"].as_array().unwrap().len(), 1);
}

#[test]
fn every_subcommand_says_how_it_is_used() {
    let groups: [(&str, &[&str]); 6] = [
        (
            "",
            &["init", "deposit", "transfer", "exit", "fund", "cover", "report", "settle", "pay", "estimate"],
        ),
        ("", &["recover", "write-off", "fees", "pause", "rules", "status", "history", "verify", "repair"]),
        ("exit", &["request", "clear", "claim"]),
        ("cover", &["quote", "buy", "activate", "cancel", "finalise", "revoke", "release-bond"]),
        (
            "recover",
            &["ticket", "market", "assign", "claim", "claim-deductible", "claim-bond", "auction", "buy-lot"],
        ),
        ("rules", &["show", "announce", "withdraw"]),
    ];
    for (group, names) in groups {
        for name in names {
            let args = ["pool", group, name, "--help"].into_iter().filter(|part| !part.is_empty());
            let run = seawall(args);
            assert_eq!(run.code, 0, "{group} {name}: {}", run.err);
            let example = run.out.split("Example:").nth(1);
            let example = example.unwrap_or_else(|| panic!("{group} {name} has no example: {}", run.out));
            assert!(example.contains("seawall pool"), "{group} {name}: {example}");
        }
    }
}
