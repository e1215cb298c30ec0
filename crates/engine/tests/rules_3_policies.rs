//! Chapter 3 of the mechanism, first part: policies, quotes, start, end, run-off.

mod support;

use seawall_engine::{Action, Error, Event, Quote, Reading, Rules, Source, Status};
use seawall_fixed::{EPOCH_SECONDS, Ppm, Seconds};
use support::*;

/// What a purchase on market 1 of a funded pool is refused with.
#[track_caller]
fn refusal(change: impl FnOnce(&mut Quote)) -> Error {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    let mut terms = quote(M1);
    change(&mut terms);
    pool.err(INSURED, Pool::buy_action(&terms))
}

fn bought(pool: &mut Pool, terms: &Quote) -> Result<Vec<Event>, Error> {
    pool.act(terms.buyer, Pool::buy_action(terms))
}

// ---- 3.1 what a policy fixes ----

#[test]
fn rule_3_1_a_policy_keeps_what_was_quoted() {
    let mut pool = Pool::funded();
    let mut terms = quote(M1);
    (terms.deductible, terms.deductible_bond, terms.coinsurance) = (a(700), a(600), Ppm::new(50_000));
    (terms.event_limit, terms.callable_bond, terms.bonus_share) = (a(80_000), a(900), Ppm::new(100_000));
    pool.insure(&terms);
    let policy = pool.policy(M1);
    assert_eq!((policy.buyer, policy.digest, policy.limit), (INSURED, [8; 32], a(100_000)));
    assert_eq!((policy.event_limit, policy.coinsurance), (a(80_000), Ppm::new(50_000)));
    assert_eq!((policy.deductible_left, policy.bond_left), (a(700), a(600)));
    assert_eq!((policy.premium, policy.bonus, policy.charge), (a(13_000), a(1_300), a(100_000)));
    assert_eq!(policy.end - policy.start, 13 * EPOCH_SECONDS);
    assert_eq!(pool.state.member(policy.member.unwrap()).unwrap().bond, a(900));
}

#[test]
fn rule_3_1_source_and_destination_cannot_change_while_anything_is_open() {
    let other = |terms: &mut Quote| {
        terms.nonce = 1;
        terms.destination = CAROL;
    };
    let mut pool = Pool::covered();
    let mut terms = quote(M1);
    other(&mut terms);
    // While the policy exists, ended or not.
    assert_eq!(bought(&mut pool, &terms), Err(Error::SourcePinned { market: M1 }));
    let sourced = Quote { nonce: 1, source: adapter(), ..quote(M1) };
    assert_eq!(bought(&mut pool, &sourced), Err(Error::SourcePinned { market: M1 }));
    let reading = Reading { accepts: Some(100), ..Reading::of(M1, 1_000) };
    pool.ok(REPORTER, Action::Report { reading, evidence: [1; 32] });
    pool.at(pool.policy(M1).end);
    pool.ok(OWNER, Action::Sync);
    terms.counter = 1_000;
    assert_eq!(bought(&mut pool, &terms), Err(Error::SourcePinned { market: M1 }));
    // While something is set aside for it.
    pool.ok(OWNER, Action::Finalise { market: M1 });
    assert_eq!(pool.state.market(M1).unwrap().set_aside, a(900));
    assert_eq!(bought(&mut pool, &terms), Err(Error::SourcePinned { market: M1 }));
    // Then it can.
    pool.ok(OWNER, Action::PayMarket { market: M1 });
    assert!(bought(&mut pool, &terms).is_ok());
    assert_eq!(pool.state.market(M1).unwrap().destination, CAROL);
}

#[test]
fn rule_3_1_one_policy_in_force_and_one_successor() {
    let mut pool = Pool::covered();
    assert!(bought(&mut pool, &Quote { nonce: 1, ..quote(M1) }).is_ok());
    let third = Quote { nonce: 2, ..quote(M1) };
    assert_eq!(bought(&mut pool, &third), Err(Error::SlotsTaken { market: M1 }));
    let market = pool.state.market(M1).unwrap();
    assert_eq!(market.successor.as_ref().unwrap().start, market.current.as_ref().unwrap().end);
}

#[test]
fn rule_3_1_no_successor_overlaps_a_cancelled_policy() {
    let mut own = rules();
    own.waiting = 1;
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 400_000);
    pool.next_epoch();
    pool.insure(&quote(M1));
    pool.ok(INSURED, Action::Cancel { market: M1 });
    assert!(bought(&mut pool, &Quote { nonce: 1, ..quote(M1) }).is_ok());
    let market = pool.state.market(M1).unwrap();
    assert!(market.successor.as_ref().unwrap().start >= market.current.as_ref().unwrap().end);
}

// ---- 3.2 what a quote binds ----

#[test]
fn rule_3_2_a_quote_binds_pool_buyer_and_signer() {
    assert_eq!(refusal(|terms| terms.pool = [6; 32]), Error::QuoteForAnotherPool);
    assert_eq!(refusal(|terms| terms.buyer = CAROL), Error::NotTheBuyer { caller: INSURED });
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    let forged = Action::BuyCover {
        quote: Box::new(quote(M1)),
        digest: [8; 32],
        signer: CAROL,
        premium_max: a(13_000),
    };
    assert_eq!(pool.err(INSURED, forged), Error::NotAnActuary { signer: CAROL });
}

#[test]
fn rule_3_2_a_quote_binds_the_counter_after_the_sync() {
    assert_eq!(refusal(|terms| terms.counter = 1), Error::CounterMoved { quoted: 1, counter: 0 });
    // A reading of the same command counts.
    let mut pool = Pool::funded();
    let terms = Quote { source: adapter(), ..quote(M1) };
    let error = pool.reading(INSURED, Pool::buy_action(&terms), &[Reading::of(M1, 5)]).unwrap_err();
    assert_eq!(error, Error::CounterMoved { quoted: 0, counter: 5 });
    let terms = Quote { counter: 5, ..terms };
    assert!(pool.reading(INSURED, Pool::buy_action(&terms), &[Reading::of(M1, 5)]).is_ok());
}

#[test]
fn rule_3_2_a_quote_binds_the_latest_end_and_the_required_capital() {
    let end = T0 + 2 * EPOCH_SECONDS + 14 * EPOCH_SECONDS;
    let error = refusal(|terms| terms.latest_end_max = end - 1);
    assert_eq!(error, Error::LatestEndMoved { latest_end: end, assumed: end - 1 });
    let error = refusal(|terms| terms.required_max = a(99_999));
    assert_eq!(error, Error::RequiredMoved { required: a(100_000), assumed: a(99_999) });
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    let exact = Quote { latest_end_max: end, required_max: a(100_000), ..quote(M1) };
    assert!(bought(&mut pool, &exact).is_ok());
}

#[test]
fn rule_3_2_using_a_nonce_voids_it_and_all_lower_ones() {
    let mut pool = Pool::funded();
    pool.insure(&Quote { nonce: 5, ..quote(M1) });
    for nonce in [0, 4, 5] {
        let error = bought(&mut pool, &Quote { nonce, ..quote(M1) }).unwrap_err();
        assert_eq!(error, Error::NonceUsed { nonce, least: 6 });
    }
    // Other markets count for themselves.
    pool.report(M2, 0);
    assert!(bought(&mut pool, &Quote { nonce: 0, ..quote(M2) }).is_ok());
    assert!(bought(&mut pool, &Quote { nonce: 6, ..quote(M1) }).is_ok());
}

#[test]
fn rule_3_2_the_last_nonce_of_all_cannot_be_used_twice() {
    let error = refusal(|terms| terms.nonce = u64::MAX);
    assert_eq!(error, Error::NonceUsed { nonce: u64::MAX, least: 0 });
    let mut pool = Pool::funded();
    pool.insure(&Quote { nonce: u64::MAX - 1, ..quote(M1) });
    for nonce in [u64::MAX - 1, u64::MAX] {
        let error = bought(&mut pool, &Quote { nonce, ..quote(M1) }).unwrap_err();
        assert_eq!(error, Error::NonceUsed { nonce, least: u64::MAX });
    }
}

#[test]
fn rule_3_2_revoking_a_nonce_voids_it_and_all_lower_ones() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    let revoke = Action::RevokeQuotes { market: M1, nonce: 3 };
    assert!(matches!(pool.err(CAROL, revoke.clone()), Error::NotAuthorised { caller: CAROL, .. }));
    pool.ok(ACTUARY, revoke.clone());
    assert_eq!(pool.err(OWNER, revoke), Error::NonceUsed { nonce: 3, least: 4 });
    let error = bought(&mut pool, &Quote { nonce: 3, ..quote(M1) }).unwrap_err();
    assert_eq!(error, Error::NonceUsed { nonce: 3, least: 4 });
    assert!(bought(&mut pool, &Quote { nonce: 4, ..quote(M1) }).is_ok());
}

#[test]
fn rule_3_2_no_new_cover_while_a_latent_estimate_is_open() {
    let mut pool = Pool::covered();
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(10), expiry: pool.now + DAY });
    let higher = Quote { nonce: 1, limit: a(100_001), ..quote(M1) };
    assert_eq!(bought(&mut pool, &higher), Err(Error::EstimateOpen { market: M1 }));
    // A renewal at no higher limit stays possible (3.3).
    assert!(bought(&mut pool, &Quote { nonce: 1, ..quote(M1) }).is_ok());
}

/// What a purchase is refused with under changed rules.
#[track_caller]
fn bounded(rule: fn(&mut Rules), terms: &Quote) -> Result<Vec<Event>, Error> {
    let mut own = rules();
    rule(&mut own);
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 100_000);
    pool.deposit(1, BOB, 300_000);
    pool.next_epoch();
    pool.report(M1, 0);
    bought(&mut pool, terms)
}

#[test]
fn rule_3_2_governance_bounds_what_a_quote_may_say() {
    let terms = quote(M1);
    let outside = |what| Err(Error::OutsideBounds { what });
    // Largest limit.
    assert!(bounded(|own| own.limit_max = a(100_000), &terms).is_ok());
    assert_eq!(bounded(|own| own.limit_max = a(99_999), &terms), outside("limit"));
    // Longest term.
    assert!(bounded(|own| own.term_epochs_max = 13, &terms).is_ok());
    assert_eq!(bounded(|own| own.term_epochs_max = 12, &terms), outside("term_epochs"));
    // Largest share of the pool for one market: 100,000 of 400,000.
    assert!(bounded(|own| own.market_share_max = Ppm::new(250_000), &terms).is_ok());
    let error = bounded(|own| own.market_share_max = Ppm::new(249_999), &terms).unwrap_err();
    assert_eq!(error, Error::MarketShareExceeded { charge: a(100_000), most: a(99_999) });
    // Lowest rate: 100,000 x 20 % a year x 91 / 365 days = 4,986.3, rounded up.
    let at_least = Quote { premium: a(4_987), ..terms.clone() };
    assert!(bounded(|own| own.rate_min = Ppm::new(200_000), &at_least).is_ok());
    let below = Quote { premium: a(4_986), ..terms };
    let error = bounded(|own| own.rate_min = Ppm::new(200_000), &below).unwrap_err();
    assert_eq!(error, Error::PremiumTooLow { premium: a(4_986), least: a(4_987) });
}

/// A change of a quote.
type Change = fn(&mut Quote);

#[test]
fn rule_3_2_quotes_that_make_no_sense_are_refused() {
    let cases: [(&str, Change); 8] = [
        ("limit", |terms| terms.limit = a(0)),
        ("event_limit", |terms| terms.event_limit = a(0)),
        ("deductible_bond", |terms| (terms.deductible, terms.deductible_bond) = (a(5), a(6))),
        ("coinsurance", |terms| terms.coinsurance = Ppm::new(1_000_001)),
        ("bonus_share", |terms| terms.bonus_share = Ppm::new(1_000_001)),
        ("split", |terms| terms.split = [Ppm::new(500_000), Ppm::new(500_001), Ppm::ZERO, Ppm::ZERO]),
        ("charge", |terms| terms.charge = a(0)),
        ("term_epochs", |terms| terms.term_epochs = 0),
    ];
    for (what, change) in cases {
        assert_eq!(refusal(change), Error::OutsideBounds { what });
    }
}

// ---- 3.3 start, end, run-off ----

#[test]
fn rule_3_3_cover_starts_at_the_first_boundary_after_waiting() {
    // Bought on a boundary, a second after it, a second before the next; waiting one epoch.
    for (offset, epochs) in [(0, 1), (1, 2), (EPOCH_SECONDS - 1, 2)] {
        let mut pool = Pool::funded();
        pool.report(M1, 0);
        let boundary = pool.now;
        pool.wait(offset);
        bought(&mut pool, &quote(M1)).unwrap();
        assert_eq!(pool.policy(M1).start, boundary + epochs * EPOCH_SECONDS, "offset {offset}");
        assert_eq!(pool.policy(M1).end % EPOCH_SECONDS, 0);
    }
}

#[test]
fn rule_3_3_nothing_is_covered_before_activation_at_or_after_the_start() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    bought(&mut pool, &quote(M1)).unwrap();
    let start = pool.policy(M1).start;
    pool.at(start - 1);
    assert_eq!(pool.err(OWNER, Action::Activate { market: M1 }), Error::NothingToActivate { market: M1 });
    pool.at(start + 100);
    pool.report(M1, 40_000);
    assert!(pool.state.tickets().is_empty());
    // Anyone may activate; what stood in the counter is the baseline.
    pool.ok(CAROL, Action::Activate { market: M1 });
    assert_eq!(pool.err(CAROL, Action::Activate { market: M1 }), Error::NothingToActivate { market: M1 });
    assert!(pool.state.tickets().is_empty());
    pool.report(M1, 40_500);
    assert_eq!(pool.ticket(0).gross, a(500));
}

#[test]
fn rule_3_3_a_policy_pays_for_readings_before_its_end_and_for_none_at_it() {
    let mut pool = Pool::covered();
    let end = pool.policy(M1).end;
    let mut late = Pool { state: pool.state.clone(), now: end };
    late.report(M1, 500);
    assert!(late.state.tickets().is_empty());
    assert_eq!(late.err(OWNER, Action::Activate { market: M1 }), Error::NothingToActivate { market: M1 });
    pool.at(end - 1);
    pool.report(M1, 500);
    assert_eq!(pool.ticket(0).gross, a(500));
}

#[test]
fn rule_3_3_the_baseline_includes_the_larger_latent_amount() {
    // The adapter measures 300. The estimate of a renewed policy adds its own figure, if that is larger.
    for (measured, estimate, baseline) in [(300, None, 300), (300, Some(200), 300), (300, Some(1_000), 1_000)]
    {
        let mut pool = Pool::funded();
        let calm = [Reading { latent: measured, ..Reading::of(M1, 0) }];
        let terms = Quote { source: adapter(), ..quote(M1) };
        pool.insure_reading(&terms, &calm);
        assert_eq!(pool.policy(M1).seen, measured);
        let end = pool.policy(M1).end;
        pool.at(end - DAY);
        if let Some(amount) = estimate {
            let expiry = pool.now + 30 * DAY;
            let post = Action::PostEstimate { market: M1, amount: a(amount), expiry };
            pool.reading(RISK, post, &calm).unwrap();
        }
        pool.reading(INSURED, Pool::buy_action(&Quote { nonce: 1, ..terms }), &calm).unwrap();
        pool.at(end);
        pool.reading(OWNER, Action::Activate { market: M1 }, &calm).unwrap();
        let market = pool.state.market(M1).unwrap();
        assert_eq!(market.successor.as_ref().unwrap().seen, baseline);
        // An increase up to the baseline is not the renewal's.
        pool.reading(OWNER, Action::Sync, &[Reading::of(M1, baseline + 50)]).unwrap();
        let renewal = pool.state.market(M1).unwrap().successor.as_ref().unwrap().id;
        let its_own = pool.state.tickets().iter().filter(|ticket| ticket.policy == renewal);
        assert_eq!(its_own.map(|ticket| ticket.gross.get()).sum::<u128>(), 50);
    }
}

/// A policy a day before its end, with an estimate of 1,000 for 60 days.
fn before_run_off() -> (Pool, Seconds) {
    let mut pool = Pool::covered();
    let end = pool.policy(M1).end;
    pool.at(end - DAY);
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(1_000), expiry: pool.now + 60 * DAY });
    (pool, end)
}

#[test]
fn rule_3_3_an_estimate_posted_before_the_end_keeps_the_policy_in_force_up_to_it() {
    let (mut pool, end) = before_run_off();
    pool.at(end);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.policy(M1).status, Status::RunOff { until: end + 4 * EPOCH_SECONDS, left: 1_000 });
    // Its charge is min(charge, estimate), and its run-off is the latest end.
    assert_eq!(pool.required(), 1_000);
    assert_eq!(pool.state.core().latest_end, end + 4 * EPOCH_SECONDS);
    pool.report(M1, 400);
    assert_eq!((pool.ticket(0).gross, pool.required()), (a(400), 600));
    // The rest of the estimate, and not one unit more.
    pool.report(M1, 5_000);
    assert_eq!((pool.ticket(1).gross, pool.required()), (a(600), 0));
    pool.report(M1, 9_000);
    assert_eq!(pool.state.tickets().len(), 2);
}

#[test]
fn rule_3_3_run_off_lasts_at_most_four_epochs() {
    for (offset, pays) in [(4 * EPOCH_SECONDS - 1, true), (4 * EPOCH_SECONDS, false)] {
        let (mut pool, end) = before_run_off();
        pool.at(end + offset);
        pool.report(M1, 500);
        assert_eq!(pool.state.tickets().len(), usize::from(pays), "offset {offset}");
        assert_eq!(pool.policy(M1).status == Status::Ended, !pays);
    }
}

#[test]
fn rule_3_3_an_estimate_posted_at_the_end_keeps_nothing_in_force() {
    let mut pool = Pool::covered();
    pool.at(pool.policy(M1).end);
    let post = Action::PostEstimate { market: M1, amount: a(1_000), expiry: pool.now + DAY };
    assert!(matches!(pool.err(RISK, post), Error::EstimateOutOfCaps { most, .. } if most == a(0)));
    pool.report(M1, 500);
    assert!(pool.state.tickets().is_empty());
}

#[test]
fn rule_3_3_a_released_estimate_ends_the_run_off() {
    let (mut pool, end) = before_run_off();
    pool.at(end);
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(0), expiry: end + DAY });
    pool.at(end + EPOCH_SECONDS - 1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.required(), 1_000);
    pool.wait(1);
    pool.report(M1, 500);
    assert_eq!(pool.policy(M1).status, Status::Ended);
    assert_eq!((pool.required(), pool.state.tickets().len()), (0, 0));
}

#[test]
fn rule_3_3_a_loss_is_never_paid_by_both_the_run_off_and_the_renewal() {
    let (mut pool, end) = before_run_off();
    pool.ok(INSURED, Pool::buy_action(&Quote { nonce: 1, ..quote(M1) }));
    pool.at(end);
    pool.ok(OWNER, Action::Activate { market: M1 });
    pool.report(M1, 1_700);
    // 1,000 by the old policy, what is above it by the new one.
    assert_eq!((pool.ticket(0).gross, pool.ticket(1).gross), (a(1_000), a(700)));
    assert_ne!(pool.ticket(0).policy, pool.ticket(1).policy);
}

#[test]
fn rule_3_3_a_market_without_a_reading_or_with_a_failed_one_cannot_be_activated() {
    let mut pool = Pool::funded();
    let terms = Quote { source: adapter(), ..quote(M1) };
    assert_eq!(bought(&mut pool, &terms), Err(Error::ReadingMissing { market: M1 }));
    let failed = [Reading::failed(M1)];
    let error = pool.reading(INSURED, Pool::buy_action(&terms), &failed).unwrap_err();
    assert_eq!(error, Error::MarketStale { market: M1 });
    pool.reading(INSURED, Pool::buy_action(&terms), &[Reading::of(M1, 0)]).unwrap();
    pool.at(pool.policy(M1).start);
    let error = pool.reading(OWNER, Action::Activate { market: M1 }, &failed).unwrap_err();
    assert_eq!(error, Error::MarketStale { market: M1 });
    // A market that only reporters know must be known before it is insured.
    let unknown = Quote { source: Source::Reported, ..quote(M2) };
    let error = pool.reading(INSURED, Pool::buy_action(&unknown), &[Reading::of(M1, 0)]).unwrap_err();
    assert_eq!(error, Error::NoSuchMarket { market: M2 });
}
