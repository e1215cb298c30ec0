//! Chapter 5 of the mechanism: requests, clearing, payment, rule changes, pauses, the run brake.

mod support;

use seawall_engine::{Action, Error, ExitId, Quote, Rules};
use seawall_fixed::{EPOCH_SECONDS, Ppm};
use support::*;

// ---- 5.1 requests ----

#[test]
fn rule_5_1_the_first_request_of_an_empty_queue_mints_one_share_a_unit() {
    let mut pool = Pool::covered();
    let exit = pool.request(ALICE, 0, s(33_333_999));
    assert_eq!(pool.state.exit(exit).unwrap().shares, s(33_333));
    assert_eq!((pool.queued(0), pool.active(0)), (33_333, 66_667));
    assert_eq!(pool.shares(0, ALICE), s(66_666_001));
}

#[test]
fn rule_5_1_later_requests_buy_queued_shares_at_their_price_rounded_down_twice() {
    let mut pool = Pool::covered();
    pool.request(ALICE, 0, s(50_000_000));
    pool.report(M1, 33_333);
    // Queued 50,000 shares stand for 33,333, active 5 x 10^7 for 33,334. A third: v = 11,111; m = floor(11,111 x
    // 50,000 / 33,333) = 16,666; moved = floor(16,666 x 33,333 / 50,000) = 11,110: one unit stays active.
    assert_eq!((pool.queued(0), pool.active(0)), (33_333, 33_334));
    let exit = pool.request(ALICE, 0, s(16_666_667));
    assert_eq!(pool.state.exit(exit).unwrap().shares, s(16_666));
    assert_eq!((pool.queued(0), pool.active(0)), (33_333 + 11_110, 33_334 - 11_110));
}

#[test]
fn rule_5_1_a_queued_exit_bears_losses_and_no_gains() {
    let mut pool = Pool::covered();
    let exit = pool.request(ALICE, 0, s(50_000_000));
    assert_eq!(pool.state.exit_value(exit), a(50_000));
    pool.wait(10 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.state.exit_value(exit), a(50_000));
    assert!(pool.active(0) > 54_000);
    pool.report(M1, 10_000);
    assert!(pool.state.exit_value(exit) < a(50_000));
}

#[test]
fn rule_5_1_a_request_that_moves_nothing_is_refused() {
    let mut pool = Pool::covered();
    assert_eq!(
        pool.err(CAROL, Action::RequestExit { tranche: 0, shares: s(1) }),
        Error::NotEnoughShares { asked: s(1), unlocked: s(0) }
    );
    assert_eq!(
        pool.err(ALICE, Action::RequestExit { tranche: 0, shares: s(0) }),
        Error::NotEnoughShares { asked: s(0), unlocked: s(100_000_000) }
    );
    // 999 shares are worth less than a unit.
    pool.ok(ALICE, Action::Transfer { tranche: 0, to: CAROL, shares: s(999) });
    assert_eq!(pool.err(CAROL, Action::RequestExit { tranche: 0, shares: s(999) }), Error::MovesNothing);
}

#[test]
fn rule_5_1_deposits_unlock_at_the_second_boundary_after_them() {
    let mut pool = Pool::new();
    pool.wait(100);
    pool.deposit(0, ALICE, 1_000);
    let all = s(1_000_000);
    let locked = Error::NotEnoughShares { asked: all, unlocked: s(0) };
    pool.at(T0 + 2 * EPOCH_SECONDS - 1);
    assert_eq!(pool.err(ALICE, Action::RequestExit { tranche: 0, shares: all }), locked);
    assert_eq!(pool.err(ALICE, Action::Transfer { tranche: 0, to: BOB, shares: all }), locked);
    pool.wait(1);
    pool.request(ALICE, 0, all);
}

#[test]
fn rule_5_1_a_deposit_for_somebody_else_never_relocks_older_shares() {
    let mut pool = Pool::new();
    pool.deposit(0, ALICE, 1_000);
    for _ in 0..4 {
        pool.next_epoch();
        pool.ok(BOB, Action::Deposit { tranche: 0, owner: ALICE, assets: a(10) });
    }
    // Deposits of this epoch and the one before are locked: 2 x 10 units, and nothing else.
    let unlocked = Error::NotEnoughShares { asked: s(1_040_000), unlocked: s(1_020_000) };
    assert_eq!(pool.err(ALICE, Action::RequestExit { tranche: 0, shares: s(1_040_000) }), unlocked);
    pool.request(ALICE, 0, s(1_020_000));
}

#[test]
fn rule_5_1_transfers_move_unlocked_shares_only_and_arrive_unlocked() {
    let mut pool = Pool::funded();
    pool.deposit(0, ALICE, 500);
    let refused = Error::NotEnoughShares { asked: s(100_000_001), unlocked: s(100_000_000) };
    assert_eq!(pool.err(ALICE, Action::Transfer { tranche: 0, to: CAROL, shares: s(100_000_001) }), refused);
    pool.ok(ALICE, Action::Transfer { tranche: 0, to: CAROL, shares: s(100_000_000) });
    pool.request(CAROL, 0, s(100_000_000));
    assert_eq!(pool.shares(0, ALICE), s(500_000));
    // To oneself nothing changes.
    pool.ok(BOB, Action::Transfer { tranche: 1, to: BOB, shares: s(7) });
    assert_eq!(pool.shares(1, BOB), s(300_000_000));
}

// ---- 5.2, 5.3 clearing ----

#[test]
fn rule_5_2_the_deadline_is_the_latest_end_at_the_request_or_the_cooldown() {
    let mut pool = Pool::funded();
    let exit = pool.request(ALICE, 0, s(100_000));
    assert_eq!(pool.state.exit(exit).unwrap().deadline, pool.now + 14 * DAY);
    pool.insure(&quote(M1));
    let latest_end = pool.policy(M1).end;
    let exit = pool.request(BOB, 1, s(100_000));
    assert_eq!(pool.state.exit(exit).unwrap().deadline, latest_end);
    // Cover bought afterwards does not move it.
    pool.report(M2, 0);
    pool.ok(INSURED, Pool::buy_action(&Quote { term_epochs: 20, ..quote(M2) }));
    assert_eq!(pool.state.exit(exit).unwrap().deadline, latest_end);
    // Nor does a cancellation bring it forward for those who ask later: the largest end stands.
    let end = pool.policy(M2).end;
    pool.ok(INSURED, Action::Cancel { market: M2 });
    let exit = pool.request(BOB, 1, s(100_000));
    assert_eq!(pool.state.exit(exit).unwrap().deadline, end);
}

#[test]
fn rule_5_3_nothing_clears_before_the_cooldown_and_everything_may_at_it() {
    let mut pool = Pool::covered();
    let exit = pool.request(ALICE, 0, s(1_000_000));
    pool.wait(14 * DAY - 1);
    assert_eq!(pool.err(OWNER, Action::ClearExits { count: 1 }), Error::NothingToClear);
    pool.wait(1);
    pool.ok(CAROL, Action::ClearExits { count: 1 });
    assert_eq!(pool.state.exit(exit).unwrap().cleared, s(1_000));
}

/// Cover that needs 370,000 of 400,000, without premium; floor 10 %.
fn tight() -> Pool {
    let mut pool = Pool::funded();
    pool.insure(&Quote { charge: a(370_000), premium: a(0), ..quote(M1) });
    pool
}

#[test]
fn rule_5_3_required_capital_holds_an_exit_and_lets_a_part_go() {
    let mut pool = tight();
    let exit = pool.request(BOB, 1, s(50_000_000));
    pool.wait(14 * DAY);
    // 400,000 - 30,000 = 370,000: exactly 30,000 can clear.
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    assert_eq!(pool.state.exit(exit).unwrap().cleared, s(30_000));
    assert_eq!(pool.err(OWNER, Action::ClearExits { count: 1 }), Error::NothingToClear);
    // Nine more units are less than the smallest item, ten are one.
    pool.ok(OWNER, Action::FundReserve { assets: a(9) });
    assert_eq!(pool.err(OWNER, Action::ClearExits { count: 1 }), Error::NothingToClear);
    pool.ok(OWNER, Action::FundReserve { assets: a(1) });
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    assert_eq!(pool.state.exit(exit).unwrap().cleared, s(30_010));
}

#[test]
fn rule_5_3_the_junior_floor_holds_junior_exits_only() {
    let mut pool = tight();
    // The floor is 37,000: of 100,000 junior assets 63,000 could go, but only 30,000 are spare.
    let junior = pool.request(ALICE, 0, s(90_000_000));
    let senior = pool.request(BOB, 1, s(5_000_000));
    pool.deposit(1, CAROL, 70_000);
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    assert_eq!(pool.state.exit(junior).unwrap().cleared, s(63_000));
    // The floor alone blocks the rest of it, so the next head passes.
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    let cleared = |exit| pool.state.exit(exit).unwrap().cleared.get();
    assert_eq!((cleared(junior), cleared(senior)), (63_000, 5_000));
}

#[test]
fn rule_5_3_nobody_overtakes_an_exit_that_the_capital_holds() {
    let mut pool = tight();
    let first = pool.request(BOB, 1, s(50_000_000));
    let second = pool.request(ALICE, 0, s(1_000_000));
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 9 });
    let cleared = |exit| pool.state.exit(exit).unwrap().cleared.get();
    assert_eq!((cleared(first), cleared(second)), (30_000, 0));
    assert_eq!(pool.err(OWNER, Action::ClearExits { count: 9 }), Error::NothingToClear);
}

#[test]
fn rule_5_3_what_is_cleared_and_unpaid_is_not_spare() {
    let mut pool = tight();
    pool.request(BOB, 1, s(30_000_000));
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    pool.request(BOB, 1, s(1_000_000));
    pool.wait(14 * DAY);
    assert_eq!(pool.err(OWNER, Action::ClearExits { count: 1 }), Error::NothingToClear);
}

#[test]
fn rule_5_3_at_the_deadline_both_tests_are_waived() {
    let mut pool = Pool::funded();
    pool.insure(&Quote { limit: a(180_000), event_limit: a(180_000), premium: a(0), ..quote(M1) });
    let exit = pool.request(ALICE, 0, s(100_000_000));
    let deadline = pool.state.exit(exit).unwrap().deadline;
    // A policy bought later requires 200,000, and so 20,000 of the junior tranche: all that a loss leaves there.
    pool.deposit(0, CAROL, 100_000);
    pool.next_epoch();
    pool.report(M2, 0);
    pool.ok(
        INSURED,
        Pool::buy_action(&Quote { charge: a(200_000), term_epochs: 26, premium: a(0), ..quote(M2) }),
    );
    pool.report(M1, 180_000);
    assert_eq!((pool.active(0) + pool.queued(0), pool.required()), (20_000, 200_000));
    pool.at(deadline - 1);
    assert_eq!(pool.err(OWNER, Action::ClearExits { count: 9 }), Error::NothingToClear);
    pool.wait(1);
    pool.ok(OWNER, Action::ClearExits { count: 9 });
    assert_eq!(pool.state.exit(exit).unwrap().cleared, s(100_000));
}

// ---- 5.4 payment ----

#[test]
fn rule_5_4_cleared_exits_are_paid_to_their_owner_in_any_order() {
    let mut pool = Pool::covered();
    let first = pool.request(ALICE, 0, s(1_000_000));
    let second = pool.request(BOB, 1, s(2_000_000));
    let third = pool.request(BOB, 1, s(3_000_000));
    assert_eq!(pool.err(ALICE, Action::ClaimExit { exit: first }), Error::NothingToPay { exit: first });
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 3 });
    assert_eq!(pool.err(CAROL, Action::ClaimExit { exit: third }), Error::NotTheLeaver { exit: third });
    assert_eq!(pool.err(BOB, Action::ClaimExit { exit: ExitId(3) }), Error::NoSuchExit { exit: ExitId(3) });
    for (owner, exit, paid) in [(BOB, third, 3_000), (ALICE, first, 1_000), (BOB, second, 2_000)] {
        assert_eq!(Pool::paid_to_leaver(&pool.ok(owner, Action::ClaimExit { exit })), paid);
        assert_eq!(pool.err(owner, Action::ClaimExit { exit }), Error::NothingToPay { exit });
    }
}

#[test]
fn rule_5_4_what_is_cleared_and_unpaid_still_bears_losses() {
    let mut pool = Pool::covered();
    let exit = pool.request(ALICE, 0, s(50_000_000));
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    let active = pool.active(0);
    pool.report(M1, 40_000);
    // ceil(40,000 x 50,000 / (50,000 + active)) of it.
    let part = (40_000 * 50_000_u128).div_ceil(50_000 + active);
    let events = pool.ok(ALICE, Action::ClaimExit { exit });
    assert_eq!(Pool::paid_to_leaver(&events), 50_000 - part);
}

// ---- 5.5 pauses and rule changes ----

#[test]
fn rule_5_5_a_pause_stops_deposits_and_purchases_only() {
    let mut pool = Pool::covered();
    let exit = pool.request(ALICE, 0, s(1_000_000));
    pool.wait(14 * DAY - 100);
    let until = pool.now + 7 * DAY;
    let denied = pool.err(OWNER, Action::Pause { until });
    assert_eq!(denied, Error::NotAuthorised { caller: OWNER, role: "the guardian" });
    pool.ok(GUARDIAN, Action::Pause { until });
    pool.wait(100);
    let deposit = Action::Deposit { tranche: 0, owner: CAROL, assets: a(100) };
    assert_eq!(pool.err(CAROL, deposit.clone()), Error::Paused { until });
    let renewal = Pool::buy_action(&Quote { nonce: 1, ..quote(M1) });
    assert_eq!(pool.err(INSURED, renewal), Error::Paused { until });
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    pool.ok(ALICE, Action::ClaimExit { exit });
    pool.request(BOB, 1, s(1_000_000));
    pool.report(M1, 500);
    assert_eq!(pool.state.tickets().len(), 1);
    pool.at(until - 1);
    assert_eq!(pool.err(CAROL, deposit.clone()), Error::Paused { until });
    pool.wait(1);
    pool.ok(CAROL, deposit);
}

#[test]
fn rule_5_5_pauses_are_bounded_and_cannot_be_chained() {
    let mut pool = Pool::new();
    let now = pool.now;
    let bounds = Error::PauseOutOfBounds { from: now, most: now + 7 * DAY };
    assert_eq!(pool.err(GUARDIAN, Action::Pause { until: now + 7 * DAY + 1 }), bounds);
    assert_eq!(pool.err(GUARDIAN, Action::Pause { until: now }), bounds);
    pool.ok(GUARDIAN, Action::Pause { until: now + 7 * DAY });
    pool.at(now + 14 * DAY - 1);
    let early = Error::PauseOutOfBounds { from: now + 14 * DAY, most: pool.now + 7 * DAY };
    assert_eq!(pool.err(GUARDIAN, Action::Pause { until: pool.now + 1 }), early);
    pool.wait(1);
    pool.ok(GUARDIAN, Action::Pause { until: pool.now + 1 });
}

fn announce(pool: &mut Pool, change: impl FnOnce(&mut Rules)) {
    let mut own = pool.state.rules().clone();
    change(&mut own);
    pool.ok(OWNER, Action::AnnounceRules { rules: Box::new(own) });
}

#[test]
fn rule_5_5_changes_that_only_tighten_purchases_act_at_once() {
    let changes: [fn(&mut Rules); 5] = [
        |own| own.roles.actuaries.clear(),
        |own| own.limit_max = a(5),
        |own| own.rate_min = Ppm::new(7),
        |own| own.market_share_max = Ppm::new(7),
        |own| own.waiting += 1,
    ];
    for change in changes {
        let mut pool = Pool::covered();
        announce(&mut pool, change);
        let mut own = rules();
        change(&mut own);
        assert_eq!((pool.state.rules(), pool.state.pending_rules()), (&own, None));
    }
}

#[test]
fn rule_5_5_all_other_changes_wait_for_policies_and_exits_that_run() {
    let changes: [fn(&mut Rules); 6] = [
        |own| own.roles.actuaries.push(CAROL),
        |own| own.waiting -= 1,
        |own| own.cooldown += 1,
        |own| (own.limit_max, own.fee) = (a(5), Ppm::new(1)),
        |own| own.roles.owner = CAROL,
        |own| own.ticket_min = a(1_000_000),
    ];
    for change in changes {
        let mut pool = Pool::covered();
        announce(&mut pool, change);
        // max(latest end + 4 epochs, now + 14 days + 26 epochs): the latter, 28 epochs from now.
        let at = pool.now + 28 * EPOCH_SECONDS;
        assert_eq!(pool.state.pending_rules().unwrap().at, at);
        pool.at(at - 1);
        pool.ok(CAROL, Action::Sync);
        assert_eq!(*pool.state.rules(), rules());
        pool.wait(1);
        pool.ok(CAROL, Action::Sync);
        assert_ne!(*pool.state.rules(), rules());
        assert_eq!(pool.state.pending_rules(), None);
    }
    // With cover that ends later than that, its end and run-off count.
    let mut pool = Pool::covered();
    pool.ok(INSURED, Pool::buy_action(&Quote { nonce: 1, term_epochs: 26, ..quote(M1) }));
    let latest_end = pool.state.core().latest_end;
    announce(&mut pool, |own| own.cooldown += 1);
    assert_eq!(latest_end, pool.now + 39 * EPOCH_SECONDS);
    assert_eq!(pool.state.pending_rules().unwrap().at, latest_end + 4 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::WithdrawRules);
    assert_eq!(pool.err(OWNER, Action::WithdrawRules), Error::NoRulesPending);
}

#[test]
fn rule_5_5_a_running_exit_keeps_its_times_under_new_rules() {
    let mut pool = Pool::covered();
    announce(&mut pool, |own| own.cooldown = 300 * DAY);
    pool.wait(28 * EPOCH_SECONDS - 1);
    let exit = pool.request(ALICE, 0, s(1_000_000));
    let before = *pool.state.exit(exit).unwrap();
    pool.wait(1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.state.rules().cooldown, 300 * DAY);
    assert_eq!(*pool.state.exit(exit).unwrap(), before);
    pool.at(before.cooled_at);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    pool.ok(ALICE, Action::ClaimExit { exit });
}

// ---- 5.7 the run brake ----

#[test]
fn rule_5_7_on_ice_from_thirty_percent_queued_or_with_nothing_there() {
    assert!(Pool::new().state.core().on_ice());
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    // 119,999 of 400,000 is below 30 %, 120,000 is not.
    pool.request(BOB, 1, s(119_989_000));
    assert!(!pool.state.core().on_ice());
    pool.request(BOB, 1, s(10_000));
    assert!(!pool.state.core().on_ice());
    pool.request(ALICE, 0, s(10_000));
    assert!(pool.state.core().on_ice());
    assert_eq!(pool.err(INSURED, Pool::buy_action(&quote(M1))), Error::OnIce);
    // A deposit thaws it: nobody is shut in or out.
    pool.deposit(1, CAROL, 1_000);
    assert!(!pool.state.core().on_ice());
}

#[test]
fn rule_5_7_frozen_from_sixty_percent_now_and_at_the_last_boundary() {
    let mut pool = Pool::funded();
    pool.request(BOB, 1, s(239_999_000));
    pool.next_epoch();
    pool.ok(OWNER, Action::Sync);
    assert!(!pool.state.core().frozen());
    pool.request(ALICE, 0, s(10_000));
    // Now, but not at the last boundary.
    assert!(!pool.state.core().frozen());
    pool.next_epoch();
    pool.ok(OWNER, Action::Sync);
    assert!(pool.state.core().frozen());
    pool.deposit(1, CAROL, 100);
    assert!(!pool.state.core().frozen());
}
