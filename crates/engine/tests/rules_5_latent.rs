//! Rule 5.6: latent losses hold back a part of a payment instead of freezing exits.

mod support;

use seawall_engine::{Action, Error, Event, ExitId, Quote};
use seawall_fixed::{EPOCH_SECONDS, Ppm};
use support::*;

fn post(amount: u128, expiry: u64) -> Action {
    Action::PostEstimate { market: M1, amount: a(amount), expiry }
}

/// Half of the junior tranche cleared and unpaid, no premium; cover of 100,000 in force.
fn cleared(terms: Quote) -> (Pool, ExitId) {
    let mut pool = Pool::funded();
    pool.insure(&Quote { premium: a(0), charge: a(10_000), ..terms });
    let exit = pool.request(ALICE, 0, s(50_000_000));
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    (pool, exit)
}

#[test]
fn rule_5_6_the_latent_part_of_a_payment_stays_rounded_up() {
    let (mut pool, exit) = cleared(quote(M1));
    pool.ok(RISK, post(33_333, pool.now + DAY));
    // latent = 333,330 of 10^6: floor(666,670 x 50,000 / 10^6) = 33,333.
    let events = pool.ok(ALICE, Action::ClaimExit { exit });
    assert_eq!(Pool::paid_to_leaver(&events), 33_333);
    assert_eq!(pool.err(ALICE, Action::ClaimExit { exit }), Error::NothingToPay { exit });
}

#[test]
fn rule_5_6_the_latent_share_rounds_up() {
    let (mut pool, exit) = cleared(quote(M1));
    pool.report(M1, 33_333);
    pool.ok(RISK, post(53_335, pool.now + DAY));
    // 10^6 x 53,335 / 66,667 = 800,020.99: at 800,021 floor(199,979 x 50,000 / 10^6) shares are paid, at 800,020 it
    // would be 9,999.
    pool.ok(ALICE, Action::ClaimExit { exit });
    assert_eq!(pool.state.exit(exit).unwrap().paid, s(9_998));
}

#[test]
fn rule_5_6_the_estimate_runs_through_deductible_coinsurance_limits_and_layers() {
    let mut terms = Quote { coinsurance: Ppm::new(200_000), event_limit: a(40_000), ..quote(M1) };
    (terms.deductible, terms.deductible_bond) = (a(1_000), a(1_000));
    let (mut pool, exit) = cleared(terms);
    pool.ok(OWNER, Action::FundReserve { assets: a(2_000) });
    pool.ok(RISK, post(90_000, pool.now + DAY));
    // 90,000 - 1,000, at most 40,000 an event, 80 % of it, less the reserve's 2,000: 30,000 of 100,000.
    let events = pool.ok(ALICE, Action::ClaimExit { exit });
    assert_eq!(Pool::paid_to_leaver(&events), 35_000);
}

#[test]
fn rule_5_6_estimates_are_capped_by_what_the_policy_can_still_lose() {
    let mut own = rules();
    own.latent_share_max = Ppm::new(500_000);
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 400_000);
    pool.next_epoch();
    pool.insure(&quote(M1));
    let (now, latest) = (pool.now, pool.now + 60 * DAY);
    let caps =
        |amount, expiry| Error::EstimateOutOfCaps { amount: a(amount), expiry, most: a(50_000), latest };
    assert_eq!(
        pool.err(CAROL, post(1, latest)),
        Error::NotAuthorised { caller: CAROL, role: "the risk role" }
    );
    assert_eq!(pool.err(RISK, post(50_001, latest)), caps(50_001, latest));
    assert_eq!(pool.err(RISK, post(1, latest + 1)), caps(1, latest + 1));
    assert_eq!(pool.err(RISK, post(1, now)), caps(1, now));
    assert_eq!(pool.err(RISK, post(0, latest)), Error::NoEstimate { market: M1 });
    pool.ok(RISK, post(50_000, latest));
}

#[test]
fn rule_5_6_it_rises_at_once_and_falls_at_the_next_boundary() {
    let mut pool = Pool::covered();
    pool.wait(100);
    let expiry = pool.now + 60 * DAY;
    let amount = |pool: &Pool| pool.state.market(M1).unwrap().estimate.map(|open| open.amount.get());
    pool.ok(RISK, post(1_000, expiry));
    pool.ok(RISK, post(2_000, expiry));
    assert_eq!(amount(&pool), Some(2_000));
    pool.ok(RISK, post(500, expiry));
    let boundary = pool.now - 100 + EPOCH_SECONDS;
    pool.at(boundary - 1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(amount(&pool), Some(2_000));
    pool.wait(1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(amount(&pool), Some(500));
}

#[test]
fn rule_5_6_a_shortened_expiry_is_no_way_around_the_boundary() {
    let mut pool = Pool::covered();
    pool.wait(100);
    let expiry = pool.now + 60 * DAY;
    let boundary = pool.now - 100 + EPOCH_SECONDS;
    pool.ok(RISK, post(1_000, expiry));
    // Raised by one unit, it would be gone a second later.
    assert!(matches!(pool.err(RISK, post(1_001, pool.now + 1)), Error::EstimateOutOfCaps { .. }));
    assert!(matches!(pool.err(RISK, post(1_001, boundary - 1)), Error::EstimateOutOfCaps { .. }));
    pool.ok(RISK, post(1_001, boundary));
    // Nor can it be lengthened: the caps run from the first posting.
    assert!(
        matches!(pool.err(RISK, post(1_001, boundary + 1)), Error::EstimateOutOfCaps { latest, .. } if latest == boundary)
    );
}

#[test]
fn rule_5_6_an_estimate_is_valid_before_its_expiry_and_not_at_it() {
    for (offset, held) in [(DAY - 1, true), (DAY, false)] {
        let (mut pool, exit) = cleared(quote(M1));
        pool.ok(RISK, post(50_000, pool.now + DAY));
        pool.wait(offset);
        let events = pool.ok(ALICE, Action::ClaimExit { exit });
        assert_eq!(Pool::paid_to_leaver(&events), if held { 25_000 } else { 50_000 });
    }
}

#[test]
fn rule_5_6_after_expiry_or_release_one_cooldown_without_an_estimate() {
    for release in [false, true] {
        let mut pool = Pool::covered();
        let closed = pool.now + EPOCH_SECONDS;
        pool.ok(RISK, post(1_000, if release { closed + DAY } else { closed }));
        if release {
            pool.ok(RISK, post(0, closed + DAY));
        }
        // It counts from the second it closed, however late the pool looks.
        pool.at(closed + 14 * DAY - 1);
        let early = Error::RepostTooEarly { market: M1, from: closed + 14 * DAY };
        assert_eq!(pool.err(RISK, post(1_000, pool.now + DAY)), early);
        pool.wait(1);
        pool.ok(RISK, post(1_000, pool.now + DAY));
    }
}

#[test]
fn rule_5_6_a_booked_loss_lowers_its_markets_estimate_one_for_one() {
    let mut pool = Pool::covered();
    pool.report(M2, 0);
    pool.ok(RISK, post(1_000, pool.now + DAY));
    pool.report(M1, 300);
    assert_eq!(pool.state.market(M1).unwrap().estimate.unwrap().amount, a(700));
    let events = pool.report(M1, 1_500);
    assert!(events.iter().any(|event| matches!(event, Event::EstimateClosed { market: M1, .. })));
    assert_eq!((pool.state.market(M1).unwrap().estimate, pool.state.core().estimates), (None, 0));
}

#[test]
fn rule_5_6_void_for_an_exit_from_request_cooldown_and_longest_term() {
    let mut pool = Pool::funded();
    let exit = pool.request(ALICE, 0, s(50_000_000));
    let void_at = pool.now + 14 * DAY + 26 * EPOCH_SECONDS;
    pool.at(void_at - 10 * EPOCH_SECONDS);
    pool.insure(&Quote { premium: a(0), ..quote(M1) });
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    pool.at(void_at - DAY);
    pool.ok(RISK, post(100_000, pool.now + 30 * DAY));
    pool.at(void_at - 1);
    assert_eq!(pool.err(ALICE, Action::ClaimExit { exit }), Error::NothingToPay { exit });
    pool.wait(1);
    assert_eq!(Pool::paid_to_leaver(&pool.ok(ALICE, Action::ClaimExit { exit })), 50_000);
}
