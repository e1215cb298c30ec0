//! Rule 4.4: losses of one sync are computed first and share every layer; the early bound.

mod support;

use seawall_engine::{Action, Event, Quote, Reading};
use seawall_fixed::{EPOCH_SECONDS, Ppm};
use support::*;

/// Three adapter markets in force over a junior tranche of 100 and a senior one of 1,000.
fn three() -> Pool {
    let mut own = rules();
    own.junior_floor = Ppm::ZERO;
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 100);
    pool.deposit(1, BOB, 1_000);
    pool.next_epoch();
    let calm = [M1, M2, M3].map(|market| Reading::of(market, 0));
    let terms = |market| Quote {
        source: adapter(),
        premium: a(0),
        charge: a(100),
        limit: a(10_000),
        event_limit: a(10_000),
        ..quote(market)
    };
    for market in [M3, M1, M2] {
        pool.reading(INSURED, Pool::buy_action(&terms(market)), &calm).unwrap();
    }
    pool.next_epoch();
    for market in [M1, M2, M3] {
        pool.reading(OWNER, Action::Activate { market }, &calm).unwrap();
    }
    pool
}

#[test]
fn rule_4_4_each_layer_is_split_by_cumulative_floor_shares_in_ascending_id() {
    let mut pool = three();
    let losses = [Reading::of(M1, 50), Reading::of(M2, 70), Reading::of(M3, 31)];
    pool.reading(OWNER, Action::Sync, &losses).unwrap();
    // Junior 100 over 50, 70, 31 of 151: floor(5,000 / 151) = 33, floor(12,000 / 151) = 79, 100.
    let junior = |number| pool.ticket(number).lost.tranches[0].get();
    assert_eq!([junior(0), junior(1), junior(2)], [33, 79 - 33, 100 - 79]);
    // Senior 51 over what is still owed: 17, 24, 10.
    let senior = |number| pool.ticket(number).lost.tranches[1].get();
    assert_eq!([senior(0), senior(1), senior(2)], [17, 24, 10]);
    assert_eq!([0, 1, 2].map(|number| pool.ticket(number).market), [M1, M2, M3]);
}

#[test]
fn rule_4_4_a_layer_that_is_too_small_is_shared_and_not_raced_for() {
    let mut pool = three();
    let losses = [Reading::of(M1, 3_000), Reading::of(M2, 1_000), Reading::of(M3, 0)];
    pool.reading(OWNER, Action::Sync, &losses).unwrap();
    // 1,100 for 4,000 owed: 825 and 275, whoever called.
    let paid = |number| pool.ticket(number).lost.tranches.iter().map(|part| part.get()).sum::<u128>();
    assert_eq!((paid(0), paid(1)), (825, 275));
    assert_eq!((pool.ticket(0).residual, pool.ticket(1).residual), (a(2_175), a(725)));
}

#[test]
fn rule_4_4_all_bonuses_are_in_the_reserve_before_any_layer_is_asked() {
    let mut pool = Pool::funded();
    let calm = [Reading::of(M1, 0), Reading::of(M2, 0)];
    let terms = |market| Quote { source: adapter(), bonus_share: Ppm::new(100_000), ..quote(market) };
    pool.reading(INSURED, Pool::buy_action(&terms(M1)), &calm).unwrap();
    pool.reading(INSURED, Pool::buy_action(&terms(M2)), &calm).unwrap();
    pool.next_epoch();
    for market in [M1, M2] {
        pool.reading(OWNER, Action::Activate { market }, &calm).unwrap();
    }
    pool.reading(OWNER, Action::Sync, &[Reading::of(M1, 2_000), Reading::of(M2, 2_000)]).unwrap();
    // 2 x 1,300 of bonus stand before the tranches, half for each.
    let reserve = |number| pool.ticket(number).lost.reserve.get();
    assert_eq!((reserve(0), reserve(1)), (1_300, 1_300));
}

#[test]
fn rule_4_4_the_queued_part_of_a_shared_loss_adds_up() {
    let mut pool = three();
    pool.wait(EPOCH_SECONDS);
    let calm = [M1, M2, M3].map(|market| Reading::of(market, 0));
    pool.reading(BOB, Action::RequestExit { tranche: 1, shares: s(333_000) }, &calm).unwrap();
    let losses = [Reading::of(M1, 150), Reading::of(M2, 170), Reading::of(M3, 131)];
    pool.reading(OWNER, Action::Sync, &losses).unwrap();
    // Senior loses 351; queued part ceil(351 x 333 / 1,000) = 117.
    let queued: u128 = (0..3).map(|number| pool.ticket(number).queued[1].loss.get()).sum();
    assert_eq!(queued, 117);
    assert_eq!(pool.queued(1), 333 - 117);
    assert_eq!(pool.active(1), 667 - (351 - 117));
}

/// A pool with an early period of 4 epochs and a multiple of 2.5 times the premium earned.
fn early(premium: u128) -> (Pool, Quote) {
    let mut own = rules();
    (own.early_period, own.early_multiple) = (4 * EPOCH_SECONDS, Ppm::new(2_500_000));
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 400_000);
    pool.next_epoch();
    let terms = Quote { premium: a(premium), ..quote(M1) };
    pool.insure(&terms);
    (pool, terms)
}

fn paid(pool: &Pool, number: u32) -> u128 {
    let lost = pool.ticket(number).lost;
    lost.reserve.get() + lost.tranches.iter().map(|part| part.get()).sum::<u128>()
}

#[test]
fn rule_4_4_early_payouts_are_bound_by_the_premium_earned() {
    let (mut pool, _) = early(13_000);
    pool.wait(EPOCH_SECONDS);
    pool.report(M1, 10_000);
    // 2.5 x 1,000; the excess is residual for good.
    assert_eq!((paid(&pool, 0), pool.ticket(0).residual), (2_500, a(7_500)));
    pool.wait(EPOCH_SECONDS);
    pool.report(M1, 12_000);
    // Of all 12,000, at most 5,000 by now: 2,000 more are due and fit, and the 7,500 do not come back.
    assert_eq!((paid(&pool, 1), pool.ticket(1).residual), (2_000, a(0)));
    pool.report(M1, 22_000);
    assert_eq!((paid(&pool, 2), pool.ticket(2).residual), (500, a(9_500)));
}

#[test]
fn rule_4_4_the_early_bound_ends_with_its_period() {
    for (wait, bound) in [(0, 0), (4 * EPOCH_SECONDS - 1, 9_999), (4 * EPOCH_SECONDS, 50_000)] {
        let (mut pool, _) = early(13_000);
        pool.wait(wait);
        pool.report(M1, 50_000);
        assert_eq!(paid(&pool, 0), bound, "after {wait}");
    }
}

#[test]
fn rule_4_4_the_early_bound_is_rounded_once() {
    // 2.5 x 1,007 x 1 / 13 = 193.65: rounded before the multiple it would be 2.5 x 77 = 192.
    let (mut pool, _) = early(1_007);
    pool.wait(EPOCH_SECONDS);
    pool.report(M1, 10_000);
    assert_eq!(paid(&pool, 0), 193);
}

#[test]
fn rule_4_4_an_early_bound_beyond_128_bits_does_not_stop_the_sync() {
    let mut own = rules();
    (own.early_period, own.early_multiple) = (13 * EPOCH_SECONDS, Ppm::new(u32::MAX));
    let mut pool = Pool::with(1, own);
    pool.deposit(0, ALICE, 400_000);
    pool.next_epoch();
    // All of the premium is bonus, so that no stream is too fast; 4,294 x 2^126 / 13 leaves 128 bits.
    pool.insure(&Quote { premium: a(1 << 126), bonus_share: Ppm::ONE, ..quote(M1) });
    pool.wait(EPOCH_SECONDS);
    pool.report(M1, 10_000);
    assert_eq!(paid(&pool, 0), 10_000);
}

#[test]
fn rule_4_4_a_successor_without_gap_and_ticket_keeps_the_first_start_for_its_limit() {
    let (mut pool, terms) = early(13_000);
    pool.wait(10 * EPOCH_SECONDS);
    let renewal = Quote { nonce: 1, limit: a(150_000), event_limit: a(150_000), charge: a(150_000), ..terms };
    pool.ok(INSURED, Pool::buy_action(&renewal));
    pool.at(pool.policy(M1).end);
    pool.ok(OWNER, Action::Activate { market: M1 });
    // The limit it already had is out of its early period: 100,000. What was added has earned nothing yet.
    pool.report(M1, 120_000);
    assert_eq!((paid(&pool, 0), pool.ticket(0).residual), (100_000, a(20_000)));
}

#[test]
fn rule_4_4_a_ticket_or_a_gap_breaks_the_chain() {
    let (mut pool, terms) = early(13_000);
    pool.wait(5 * EPOCH_SECONDS);
    pool.report(M1, 100);
    let renewal = Quote { nonce: 1, counter: 100, ..terms.clone() };
    pool.ok(INSURED, Pool::buy_action(&renewal));
    pool.at(pool.policy(M1).end);
    pool.ok(OWNER, Action::Activate { market: M1 });
    pool.report(M1, 50_100);
    assert_eq!(paid(&pool, 1), 0);
    // With a gap of one waiting period.
    let (mut pool, terms) = early(13_000);
    pool.at(pool.policy(M1).end + 1);
    pool.insure(&Quote { nonce: 1, ..terms });
    let events = pool.report(M1, 50_000);
    assert!(events.iter().any(|event| matches!(event, Event::TicketBooked(_))));
    assert_eq!(paid(&pool, 0), 0);
}
