//! The actions of the engine that the story of `pool_life` does not meet: each reached through the binary.

mod pool_support;

use pool_support::{EVIDENCE, Pool, TERMS, amount, event};

#[test]
fn shares_change_hands_and_the_reserve_streams_its_surplus() {
    let pool = Pool::funded(r#"{"reserve_target": 1000}"#);
    pool.fails(15, "transfer --as alice --to carol --tranche junior --shares 40,000", 2, &["--to", "carol"]);
    pool.ok(15, "transfer --as alice --to carol --new-account --tranche junior --shares 40,000");
    let status = pool.status("--account carol");
    assert_eq!(amount(&status["account_shares"][0]["worth"]), "40000.000000");
    pool.ok(15, "fund --as sponsor --amount 5,000");
    let streamed = pool.json(15, "fund --stream-surplus");
    assert_eq!(amount(&event(&streamed, "surplus_streamed")["to_by_tranche_0"]), "2000.000000");
    pool.ok(60, "settle");
    let reserve = amount(&pool.status("")["pool"]["reserve"]).to_owned();
    assert!(reserve.starts_with("1000."), "{reserve}");
}

#[test]
fn a_policy_is_cancelled_and_another_ends_with_its_bonus() {
    let pool = Pool::covered("{}", "--bonus-share 0.1 --deductible 1,000");
    pool.fails(22, "cover cancel --as alice --market aave", 3, &["rule 9", "alice", "buyer of the policy"]);
    let shorter = TERMS.replace("--term 13", "--term 4");
    pool.ok(22, &format!("cover buy --market aave --buyer dao {shorter}"));
    let cancelled = pool.json(23, "cover cancel --as dao --market aave");
    assert_eq!(event(&cancelled, "policy_cancelled")["slot"], "successor");
    pool.fails(23, "cover finalise --market aave", 3, &["rule 3.7", "has not ended"]);
    let finalised = pool.json(21 + 13 * 7, "cover finalise --market aave");
    let closed = event(&finalised, "policy_finalised");
    assert_eq!(amount(&closed["bonus_paid"]), "400.000000");
    assert_eq!(amount(&closed["bond_returned"]), "1000.000000");
    let fees = pool.json(21 + 13 * 7, "fees");
    assert_eq!(event(&fees, "fees_collected")["to"], "treasury");
    pool.fails(21 + 13 * 7, "fees", 3, &["rule 3.6"]);
}

#[test]
fn quotes_are_revoked_by_their_nonce() {
    let pool = Pool::funded("{}");
    let quote = pool.folder.path().join("quote.json");
    let quote = quote.to_str().unwrap();
    pool.ok(14, &format!("cover quote --market aave --buyer dao {TERMS} --out {quote}"));
    pool.ok(14, "cover revoke --market aave --nonce 0 --as actuary");
    pool.fails(14, &format!("cover buy --quote {quote}"), 3, &["rule 3.2", "nonce 0", "hint:"]);
    pool.fails(
        14,
        "cover revoke --market aave --nonce 1 --as alice",
        3,
        &["rule 9", "alice is not the owner"],
    );
}

#[test]
fn a_sufferers_own_bond_is_called_and_what_is_left_comes_back() {
    // The junior tranche is small, and the loss larger than both tranches together.
    let pool = Pool::open(r#"{"early_multiple": 1000, "market_share_max": 1}"#);
    pool.ok(0, "deposit --as alice --tranche junior --amount 30,000");
    pool.ok(0, "deposit --as bob --tranche senior --amount 30,000");
    pool.ok(14, &format!("report --market aave --open --counter 0 --evidence {EVIDENCE}"));
    let terms =
        "--limit 100,000 --charge 50,000 --premium 9,000 --term 13 --split 0.5,0.4 --callable-bond 20,000";
    pool.ok(14, &format!("cover buy --market aave --buyer dao {terms} --premium-max 20,000"));
    pool.ok(21, "cover activate --market aave");
    let report = pool.json(60, &format!("report --market aave --counter 90,000 --evidence {EVIDENCE}"));
    let ticket = event(&report, "ticket_booked");
    assert_eq!(amount(&ticket["own_bond"]), "20000.000000");
    // Recoveries: first what nobody covered, then the mutual layer.
    let uncovered = amount(&ticket["residual"]).to_owned();
    pool.ok(61, &format!("recover ticket --as vault --ticket 0 --amount {uncovered}"));
    pool.ok(61, "recover market --as vault --market aave --amount 5,000");
    pool.fails(61, "recover assign --market aave", 3, &["rule 6.1", "aave has no recovery to assign"]);
    let claim = pool.json(61, "recover claim-bond --as dao --ticket 0 --bond 0");
    assert_eq!(amount(&event(&claim, "bond_claimed")["assets"]), "5000.000000");
}

#[test]
fn a_bond_that_was_not_called_is_released_after_the_term() {
    let pool = Pool::covered("{}", "--callable-bond 2,000");
    pool.fails(30, "cover release-bond --as dao --bond 0", 3, &["rule 7.1", "stays callable"]);
    let released = pool.json(21 + 13 * 7, "cover release-bond --as dao --bond 0");
    assert_eq!(amount(&event(&released, "bond_released")["assets"]), "2000.000000");
}

#[test]
fn what_a_market_does_not_accept_is_set_aside_and_paid_later() {
    let pool = Pool::covered("{}", "--deductible 1,000");
    let report = format!("report --market aave --counter 20,000 --accepts 15,000 --evidence {EVIDENCE}");
    assert_eq!(amount(&event(&pool.json(60, &report), "market_paid")["assets"]), "15000.000000");
    assert_eq!(amount(&pool.status("")["pool"]["set_aside"]), "5000.000000");
    let paid = pool.json(60, "pay --market aave");
    assert_eq!(amount(&event(&paid, "market_paid")["assets"]), "5000.000000");
    pool.fails(60, "pay --market aave", 3, &["rule 4.5", "nothing is set aside for aave"]);
    // Everything comes back, the deductible last, to the buyer.
    pool.ok(61, "recover ticket --as vault --ticket 0 --amount 20,000");
    let claim = pool.json(61, "recover claim-deductible --as dao --ticket 0");
    assert_eq!(amount(&event(&claim, "deductible_claimed")["assets"]), "1000.000000");
}

#[test]
fn an_estimate_holds_back_exits_and_blocks_cover_until_it_is_released() {
    let pool = Pool::covered("{}", "");
    pool.ok(30, "exit request --as alice --tranche junior --amount 10,000");
    assert!(pool.ok(51, "exit clear").contains("whole yes"));
    pool.fails(51, "estimate --market aave --amount 50,000 --as alice", 3, &["rule 9", "the risk role"]);
    pool.ok(51, "estimate --market aave --amount 50,000 --for 30d");
    let part = pool.json(51, "exit claim --as alice --exit 0");
    let paid: f64 = amount(&event(&part, "exit_paid")["assets"]).parse().unwrap();
    assert!((4_900.0..5_100.0).contains(&paid), "about half is held back: {paid}");
    let terms = TERMS.replace("100,000", "200,000");
    let more = format!("cover buy --market aave --buyer dao {terms} --premium-max 9,000");
    pool.fails(51, &more, 3, &["rule 3.2", "a latent estimate is open for aave"]);
    let lowered = pool.json(52, "estimate --market aave --amount 0");
    event(&lowered, "estimate_lowered");
    pool.ok(60, "exit claim --as alice --exit 0");
}

#[test]
fn goods_are_auctioned_and_a_ticket_is_written_off() {
    let pool = Pool::covered("{}", "");
    pool.ok(60, &format!("report --market aave --counter 20,000 --evidence {EVIDENCE}"));
    let goods = pool.write("goods.json", "{\"weth\": 3}");
    pool.ok(
        60,
        &format!("recover auction --ticket 0 --goods {goods} --start 8,000 --floor 2,000 --round 3d"),
    );
    pool.fails(60, "recover buy-lot --as carol --lot 0 --price-max 7,999", 3, &["rule 6.3", "8,000.00 USDC"]);
    let sold = pool.json(61, "recover buy-lot --as carol --lot 0 --price-max 7,999");
    assert_eq!(amount(&event(&sold, "lot_sold")["price"]), "6000.000000");
    pool.fails(62, "write-off announce --ticket 0", 3, &["rule 6.4", "from 2028-03-"]);
    pool.fails(
        62,
        "write-off execute --ticket 0",
        3,
        &["rule 6.4", "no write-off of ticket 0 was announced"],
    );
    pool.ok(61 + 730, "write-off announce --ticket 0");
    pool.fails(61 + 731, "write-off execute --ticket 0", 3, &["rule 6.4"]);
    pool.ok(61 + 820, "write-off execute --ticket 0");
    let status = pool.status("--all");
    assert_eq!(status["tickets"][0]["state"], "written off");
}

#[test]
fn a_markets_recovery_is_assigned_in_counts_and_reaches_those_who_were_leaving() {
    let pool = Pool::covered("{}", "");
    pool.ok(30, "exit request --as alice --tranche junior --amount 50,000");
    pool.ok(60, &format!("report --market aave --counter 20,000 --evidence {EVIDENCE}"));
    pool.ok(61, &format!("report --market aave --counter 30,000 --evidence {EVIDENCE}"));
    // One ticket a call: the second waits for what is left.
    pool.ok(62, "recover market --as vault --market aave --amount 30,000 --count 1");
    let waiting = amount(&pool.status("")["pool"]["recoveries_unassigned"]).to_owned();
    assert_eq!(waiting, "10000.000000");
    let assigned = pool.json(62, "recover assign --market aave");
    assert_eq!(event(&assigned, "recovery_assigned")["ticket"], "1");
    // The junior tranche lost what the reserve did not have: alice's two classes get it back between them.
    let claims = pool.status("--account alice")["account_recoveries"].clone();
    let classes: Vec<_> = claims.as_array().unwrap().iter().map(|row| row["class"].clone()).collect();
    assert_eq!(classes, ["active", "queued", "active", "queued"]);
    let claim = pool.json(62, "recover claim --as alice --ticket 0 --tranche junior --queued");
    let claimed = event(&claim, "recovery_claimed");
    assert_eq!((&claimed["class"], &claimed["assets"]), (&"queued".into(), &claims[1]["to_claim"]));
}

#[test]
fn rules_are_shown_announced_and_withdrawn() {
    let pool = Pool::funded("{}");
    let shown = pool.bare("rules show").out;
    let all = pool.write("all.json", &shown);
    // The rules as they are tighten nothing and loosen nothing: they act at once.
    assert!(pool.ok(15, &format!("rules announce --rules {all}")).contains("rules changed"));
    assert_eq!(pool.bare("rules show").out, shown);
    let tighter = pool.write("tighter.json", r#"{"limit_max": "50,000"}"#);
    assert!(pool.ok(15, &format!("rules announce --rules {tighter}")).contains("rules changed"));
    pool.fails(15, &format!("cover buy --market aave --buyer dao {TERMS}"), 3, &["rule 3.2", "limit"]);
    let looser = pool.write("looser.json", r#"{"limit_max": null, "roles": {"guardian": "watcher"}}"#);
    let announced = pool.json(15, &format!("rules announce --rules {looser}"));
    event(&announced, "rules_announced");
    assert!(pool.bare("rules show --announced").out.contains("watcher"));
    pool.ok(15, "rules withdraw");
    assert!(pool.bare("rules show --announced").out.contains("no rule change is waiting"));
    pool.fails(15, "rules withdraw", 3, &["rule 5.5"]);
    let out = pool.write("out.json", r#"{"cooldown": "400d"}"#);
    pool.fails(15, &format!("rules announce --rules {out}"), 3, &["rule 2.4", "cooldown"]);
}

#[test]
fn a_pause_stops_deposits_for_a_bounded_time() {
    let pool = Pool::funded("{}");
    pool.fails(15, "pause --for 30d", 3, &["rule 5.5", "a pause may begin"]);
    pool.ok(15, "pause --for 3d");
    pool.fails(
        16,
        "deposit --as alice --tranche junior --amount 10",
        3,
        &["rule 5.5", "2026-01-19T00:00:00Z"],
    );
    pool.ok(18, "deposit --as alice --tranche junior --amount 10");
}

#[test]
fn a_market_that_cannot_be_read_is_stale_until_it_is_read_again() {
    let pool = Pool::covered("{}", "");
    pool.ok(30, &format!("report --market aave --failed --evidence {EVIDENCE}"));
    assert_eq!(pool.status("")["markets"][0]["state"], "stale");
    pool.fails(30, "deposit --as alice --tranche junior --amount 10", 3, &["rule 4.2", "hint:"]);
    pool.ok(31, &format!("report --market aave --counter 0 --evidence {EVIDENCE}"));
    pool.ok(31, "deposit --as alice --tranche junior --amount 10");
}
