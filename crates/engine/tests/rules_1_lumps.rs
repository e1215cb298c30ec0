//! Rule 1.5: nothing but linear accrual raises a class's assets per share; lumps go to the reserve or a cohort.

mod support;

use seawall_engine::{Action, Error, Event, Quote};
use seawall_fixed::{EPOCH_SECONDS, Ppm};
use support::*;

/// Assets and shares of both active classes.
fn prices(pool: &Pool) -> Vec<(u128, u128)> {
    let classes = pool.state.core().tranches().iter().map(|tranche| tranche.active);
    classes.map(|class| (class.assets.get(), class.shares.get())).collect()
}

#[test]
fn rule_1_5_a_cancel_fee_goes_to_the_reserve() {
    let mut pool = Pool::covered();
    pool.wait(EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    let (before, reserve) = (prices(&pool), pool.reserve());
    pool.ok(INSURED, Action::Cancel { market: M1 });
    assert_eq!(prices(&pool), before);
    // 11 epochs of 1,000 leave; the insured gets floor(90 %) of them, the reserve the rest.
    assert_eq!(pool.reserve() - reserve, 11_000 - 9_900);
}

#[test]
fn rule_1_5_a_forfeited_bonus_goes_to_the_reserve() {
    let mut pool = Pool::funded();
    pool.insure(&Quote { bonus_share: Ppm::new(200_000), ..quote(M1) });
    let before = prices(&pool);
    pool.report(M1, 100);
    // The reserve had 2,600 by then and pays the loss of 100 itself.
    assert_eq!(pool.reserve(), 2_600 - 100);
    assert_eq!(prices(&pool), before);
}

#[test]
fn rule_1_5_recoveries_go_to_cohorts_and_the_excess_to_the_reserve() {
    let mut pool = Pool::covered();
    pool.report(M1, 60_000);
    let before = prices(&pool);
    pool.ok(OWNER, Action::RecoverTicket { ticket: pool.last_ticket(), assets: a(60_007) });
    assert_eq!(prices(&pool), before);
    assert_eq!(pool.state.core().assigned, a(60_000));
    assert_eq!(pool.reserve(), 7);
}

#[test]
fn rule_1_5_a_deposit_or_an_exit_raises_nobodys_price_beyond_rounding() {
    let mut pool = Pool::covered();
    pool.report(M1, 33_333);
    let (assets, shares) = prices(&pool)[0];
    pool.deposit(0, CAROL, 12_345);
    let (assets_after, shares_after) = prices(&pool)[0];
    // Cross-multiplied: the price rises by less than one unit over the whole class and the virtual offset.
    assert!(assets_after * shares >= assets * shares_after);
    assert!(assets_after * shares < (assets + 1) * (shares_after + 2_000));
    pool.wait(2 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    let (assets, shares) = prices(&pool)[0];
    pool.request(CAROL, 0, s(5_555_555));
    let (assets_after, shares_after) = prices(&pool)[0];
    assert!(assets_after * shares >= assets * shares_after);
    assert!(assets_after * shares < (assets + 1) * (shares_after + 2_000));
}

/// A pool with a reserve of 3,000 above a target of 1,000.
fn with_surplus() -> Pool {
    let mut own = rules();
    own.reserve_target = a(1_000);
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 100_000);
    pool.deposit(1, BOB, 300_000);
    pool.ok(OWNER, Action::FundReserve { assets: a(4_000) });
    pool.wait(100);
    pool
}

#[test]
fn rule_1_5_a_surplus_streams_over_epochs_and_never_in_a_lump() {
    let mut pool = with_surplus();
    let before = prices(&pool);
    pool.ok(CAROL, Action::StreamSurplus);
    assert_eq!(pool.reserve(), 1_000);
    assert_eq!(prices(&pool), before);
    // Nothing before the next boundary, then a quarter an epoch for four of them, half to each tranche.
    pool.at(T0 + EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(prices(&pool), before);
    pool.wait(EPOCH_SECONDS / 2);
    pool.ok(OWNER, Action::Sync);
    assert!((187..=188).contains(&(pool.active(0) - 100_000)));
    pool.at(T0 + 5 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!((pool.active(0), pool.active(1)), (101_500, 301_500));
    pool.wait(EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!((pool.active(0), pool.active(1), pool.reserve()), (101_500, 301_500, 1_000));
}

#[test]
fn rule_1_5_only_what_is_above_the_target_and_not_required_can_stream() {
    let mut pool = with_surplus();
    pool.ok(CAROL, Action::StreamSurplus);
    let error = pool.err(CAROL, Action::StreamSurplus);
    assert_eq!(error, Error::NoSurplus { reserve: a(1_000), target: a(1_000) });
    // Required capital of all 404,000 but 500: only 500 of the 3,000 can go.
    let mut pool = with_surplus();
    pool.next_epoch();
    pool.report(M1, 0);
    pool.ok(INSURED, Pool::buy_action(&Quote { charge: a(403_500), ..quote(M1) }));
    let events = pool.ok(CAROL, Action::StreamSurplus);
    let parts = events.iter().find_map(|event| match event {
        Event::SurplusStreamed { parts, .. } => Some(*parts),
        _ => None,
    });
    assert_eq!(parts, Some([a(250), a(250), a(0), a(0)]));
}

#[test]
fn rule_1_5_no_surplus_streams_while_a_loss_is_open() {
    let mut pool = with_surplus();
    pool.next_epoch();
    pool.insure(&quote(M1));
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(1), expiry: pool.now + DAY });
    let error = pool.err(CAROL, Action::StreamSurplus);
    assert_eq!(error, Error::NoSurplus { reserve: a(4_000), target: a(1_000) });
    pool.report(M1, 1);
    pool.ok(REPORTER, Action::Report { reading: seawall_engine::Reading::failed(M1), evidence: [1; 32] });
    assert_eq!(pool.err(CAROL, Action::StreamSurplus), Error::MarketsStale { count: 1 });
}
