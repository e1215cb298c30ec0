//! Every known way in which pools of this kind were broken, played against this one. Each test plays the
//! attack and compares with what everybody would have had without it.

mod support;

use seawall_engine::residual::{Leg, net_by_owner};
use seawall_engine::{AccountId, Action, ClassKind, Error, ExitId, Quote, Reading, TicketId};
use seawall_fixed::{EPOCH_SECONDS, Ppm};
use support::*;

const MALLORY: AccountId = AccountId(40);

/// Cover of 100,000 without premium: only losses move a price.
fn covered_flat() -> Pool {
    let mut pool = Pool::funded();
    pool.insure(&Quote { premium: a(0), ..quote(M1) });
    pool
}

/// Leaves with everything and returns what was paid; waits for the deadline.
fn leave(pool: &mut Pool, owner: AccountId, tranche: u8) -> u128 {
    let exit = pool.request(owner, tranche, pool.shares(usize::from(tranche), owner));
    pool.at(pool.state.exit(exit).unwrap().deadline);
    pool.ok(OWNER, Action::ClearExits { count: 99 });
    Pool::paid_to_leaver(&pool.ok(owner, Action::ClaimExit { exit }))
}

#[test]
fn a_tranche_deposit_is_priced_and_redeemed_on_one_ratio() {
    // After every ratio that losses leave, a deposit that is redeemed at once is worth what was paid, less at most
    // one unit at deposit and one at exit, in the same tranche's own ratio.
    for loss in [10, 777, 33_333, 50_000, 90_001, 99_990] {
        let mut pool = covered_flat();
        pool.report(M1, loss);
        pool.deposit(0, MALLORY, 10_000);
        let value = pool.value(0, MALLORY);
        assert!((9_998..=10_000).contains(&value), "loss {loss}: {value}");
        pool.wait(2 * EPOCH_SECONDS);
        let paid = leave(&mut pool, MALLORY, 0);
        assert!((9_997..=10_000).contains(&paid), "loss {loss}: {paid}");
    }
}

#[test]
fn buying_in_while_a_recoverable_loss_is_open_buys_no_part_of_the_recovery() {
    let mut pool = covered_flat();
    pool.report(M1, 90_000);
    // The tranche stands at a tenth; a recovery is expected. Mallory buys 90 % of it.
    pool.deposit(0, MALLORY, 90_000);
    let ticket = pool.last_ticket();
    pool.ok(OWNER, Action::RecoverTicket { ticket, assets: a(90_000) });
    assert_eq!(pool.state.claimable(MALLORY, ticket, 0, ClassKind::Active), a(0));
    assert_eq!(pool.state.claimable(ALICE, ticket, 0, ClassKind::Active), a(90_000));
    assert!(pool.value(0, MALLORY) <= 90_000);
}

#[test]
fn a_permanent_loss_does_not_freeze_deposits_for_ever() {
    for loss in [60_000, 100_000] {
        let mut pool = covered_flat();
        pool.report(M1, loss);
        // Never recovered, never written off: depositing goes on at once, at a fair price.
        pool.deposit(0, CAROL, 5_000);
        assert!((4_999..=5_000).contains(&pool.value(0, CAROL)));
    }
}

#[test]
fn when_the_last_junior_leaves_the_recovery_is_still_hers() {
    let mut pool = covered_flat();
    pool.report(M1, 60_000);
    assert_eq!(leave(&mut pool, ALICE, 0), 40_000);
    let (ticket, senior) = (pool.last_ticket(), pool.value(1, BOB));
    pool.ok(OWNER, Action::RecoverTicket { ticket, assets: a(60_000) });
    assert_eq!((pool.value(1, BOB), pool.reserve()), (senior, 0));
    let claim = Action::ClaimRecovery { ticket, tranche: 0, class: ClassKind::Active, checkpoint: 0 };
    pool.ok(ALICE, claim);
    assert_eq!(pool.state.core().assigned, a(0));
}

#[test]
fn the_first_junior_after_a_wipe_out_inherits_no_older_loss() {
    let mut pool = covered_flat();
    pool.report(M1, 100_000);
    pool.deposit(0, CAROL, 20_000);
    assert_eq!(pool.value(0, CAROL), 20_000);
    // Nor does she inherit the recovery, and the old holders take nothing of hers.
    let ticket = pool.last_ticket();
    pool.ok(OWNER, Action::RecoverTicket { ticket, assets: a(1_000) });
    assert_eq!(pool.state.claimable(CAROL, ticket, 0, ClassKind::Active), a(0));
    pool.ok(ALICE, Action::ClaimRecovery { ticket, tranche: 0, class: ClassKind::Active, checkpoint: 0 });
    assert_eq!(pool.value(0, CAROL), 20_000);
    assert_eq!(pool.value(0, ALICE), 0);
}

#[test]
fn a_deposit_just_before_premium_is_booked_earns_only_its_own_seconds() {
    let mut pool = Pool::covered();
    // Nobody calls for twelve epochs; then Mallory deposits as much as all others and leaves.
    pool.wait(12 * EPOCH_SECONDS);
    pool.deposit(0, MALLORY, 106_000);
    let before = pool.value(0, MALLORY);
    assert!(before <= 106_000);
    pool.wait(60);
    pool.ok(OWNER, Action::Sync);
    // A minute of a stream of 500 an epoch is 0.05 units.
    assert!(pool.value(0, MALLORY) <= before + 1);
    assert!(pool.value(0, ALICE) >= 105_999);
}

#[test]
fn the_junior_floor_is_measured_on_what_is_required_now_not_on_a_peak() {
    // A floor against a peak before the loss would lock the survivors for ever.
    let mut pool = covered_flat();
    let exit = pool.request(ALICE, 0, s(90_000_000));
    pool.report(M1, 90_000);
    // 10,000 of the limit are left: the charge is 10,000 and the floor 1,000 of 10,000 junior assets.
    assert_eq!(pool.required(), 10_000);
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 9 });
    assert_eq!(Pool::paid_to_leaver(&pool.ok(ALICE, Action::ClaimExit { exit })), 9_000);
}

#[test]
fn assets_without_shares_never_wait_for_the_next_depositor() {
    let mut pool = Pool::covered();
    pool.request(ALICE, 0, pool.shares(0, ALICE));
    // Premium goes on streaming to a tranche that nobody holds.
    pool.wait(5 * EPOCH_SECONDS);
    pool.deposit(0, MALLORY, 10);
    assert_eq!((pool.value(0, MALLORY), pool.active(0)), (10, 10));
    assert_eq!(pool.reserve(), 2_500);
}

#[test]
fn one_formula_for_every_balance() {
    // What is read before a command is what the command pays, in every state on the way.
    let mut pool = covered_flat();
    let exit = pool.request(ALICE, 0, s(50_000_000));
    pool.report(M1, 33_333);
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    let shown = pool.state.exit_value(exit).get();
    assert_eq!(Pool::paid_to_leaver(&pool.ok(ALICE, Action::ClaimExit { exit })), shown);
    let ticket = pool.last_ticket();
    for assets in [1, 2, 10_000, 777] {
        pool.ok(OWNER, Action::RecoverTicket { ticket, assets: a(assets) });
        for class in [ClassKind::Queued, ClassKind::Active] {
            let shown = pool.state.claimable(ALICE, ticket, 0, class);
            let before = pool.state.core().tokens;
            let claim = Action::ClaimRecovery { ticket, tranche: 0, class, checkpoint: 0 };
            match pool.act(ALICE, claim) {
                Ok(_) => assert_eq!(before - pool.state.core().tokens, shown),
                Err(error) => assert_eq!((error, shown), (Error::NothingToClaim { ticket }, a(0))),
            }
        }
    }
    let shown = pool.value(0, ALICE);
    let exit = pool.request(ALICE, 0, pool.shares(0, ALICE));
    assert!(shown - pool.state.exit_value(exit).get() <= 1);
}

#[test]
fn a_recovery_is_capped_alike_whichever_way_it_comes() {
    let paths: [fn(&mut Pool, u128); 2] = [
        |pool, assets| {
            pool.ok(OWNER, Action::RecoverTicket { ticket: TicketId(0), assets: a(assets) });
        },
        |pool, assets| {
            pool.ok(OWNER, Action::RecoverMarket { market: M1, assets: a(assets), count: 9 });
        },
    ];
    for pay in paths {
        let mut pool = covered_flat();
        pool.report(M1, 60_000);
        for assets in [59_999, 5, 70_000] {
            pay(&mut pool, assets);
        }
        let ticket = pool.ticket(0);
        assert_eq!((ticket.recovered.total(), pool.reserve()), (a(60_000), 59_999 + 5 + 70_000 - 60_000));
        assert_eq!(pool.state.claimable(ALICE, TicketId(0), 0, ClassKind::Active), a(60_000));
    }
}

#[test]
fn a_donation_does_not_inflate_the_share_price() {
    let mut pool = Pool::new();
    // The classic: deposit the least, donate a fortune, let the victim's deposit round to nothing.
    pool.deposit(0, MALLORY, 10);
    pool.ok(MALLORY, Action::FundReserve { assets: a(1_000_000) });
    assert_eq!(pool.active(0), 10);
    pool.deposit(0, ALICE, 999);
    assert!(pool.value(0, ALICE) >= 998);
    // More than was asked for is no receipt either.
    let deposit = Action::Deposit { tranche: 0, owner: MALLORY, assets: a(10) };
    let error = pool.receiving(MALLORY, deposit, 1_000_010).unwrap_err();
    assert_eq!(error, Error::ReceiptDiffers { asked: a(10), received: a(1_000_010) });
}

#[test]
fn leaving_between_a_known_loss_and_its_settlement_escapes_nothing() {
    // Two equal stakers of 50,000; a loss of 40,000 is public before it is read. Bob asks to leave at once.
    let mut pool = Pool::with(1, rules());
    pool.deposit(0, ALICE, 50_000);
    pool.deposit(0, BOB, 50_000);
    pool.wait(2 * EPOCH_SECONDS);
    pool.insure(&Quote { premium: a(0), ..quote(M1) });
    let exit = pool.request(BOB, 0, pool.shares(0, BOB));
    pool.wait(14 * DAY - 1);
    pool.report(M1, 40_000);
    pool.wait(1);
    pool.at(pool.state.exit(exit).unwrap().deadline);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    assert_eq!(Pool::paid_to_leaver(&pool.ok(BOB, Action::ClaimExit { exit })), 30_000);
    assert_eq!(pool.value(0, ALICE), 30_000);
}

#[test]
fn leaving_with_a_cleared_exit_before_a_latent_loss_is_read_escapes_nothing() {
    // Cleared and payable, but the estimate of the known loss holds its part back until it is booked.
    let mut pool = Pool::with(1, rules());
    pool.deposit(0, ALICE, 50_000);
    pool.deposit(0, BOB, 50_000);
    pool.wait(2 * EPOCH_SECONDS);
    pool.insure(&Quote { premium: a(0), limit: a(50_000), charge: a(40_000), ..quote(M1) });
    let exit = pool.request(BOB, 0, pool.shares(0, BOB));
    pool.wait(14 * DAY);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(40_000), expiry: pool.now + 30 * DAY });
    let first = Pool::paid_to_leaver(&pool.ok(BOB, Action::ClaimExit { exit }));
    assert_eq!(first, 30_000);
    pool.report(M1, 40_000);
    // What was held back bears its part with everybody else's: 40,000 over 70,000 left.
    let rest = Pool::paid_to_leaver(&pool.ok(BOB, Action::ClaimExit { exit }));
    assert_eq!(rest, 20_000 - (40_000 * 20_000_u128).div_ceil(70_000));
}

#[test]
fn trading_both_legs_to_bankrupt_one_of_them_is_no_loss() {
    let leg = |owner: AccountId, equity, deficit| Leg { owner, equity: a(equity), deficit: a(deficit) };
    // Mallory longs and shorts against herself: the short is bankrupt by 9,000, the long won 10,000.
    assert_eq!(net_by_owner(&[leg(MALLORY, 0, 9_000), leg(MALLORY, 10_000, 0)]), Ok(vec![]));
    // Through many accounts of hers, in any order, what counts is the sum.
    let legs = [leg(MALLORY, 4_000, 0), leg(ALICE, 0, 70), leg(MALLORY, 0, 9_000), leg(MALLORY, 4_500, 0)];
    assert_eq!(net_by_owner(&legs), Ok(vec![(ALICE, a(70)), (MALLORY, a(500))]));
}

#[test]
fn calling_first_gains_a_market_nothing() {
    // Two markets lose 300,000 each of a pool of 400,000; one has somebody call at once.
    let mut pool = Pool::funded();
    let calm = [Reading::of(M1, 0), Reading::of(M2, 0)];
    let terms = |market| Quote {
        source: adapter(),
        limit: a(300_000),
        event_limit: a(300_000),
        premium: a(0),
        charge: a(100_000),
        ..quote(market)
    };
    pool.reading(INSURED, Pool::buy_action(&terms(M1)), &calm).unwrap();
    pool.reading(INSURED, Pool::buy_action(&terms(M2)), &calm).unwrap();
    pool.next_epoch();
    for market in [M1, M2] {
        pool.reading(OWNER, Action::Activate { market }, &calm).unwrap();
    }
    let lost = [Reading::of(M1, 300_000), Reading::of(M2, 300_000)];
    // The eager one cannot leave the other's reading out.
    assert_eq!(pool.reading(INSURED, Action::Sync, &lost[..1]), Err(Error::ReadingMissing { market: M2 }));
    let events = pool.reading(INSURED, Action::PayMarket { market: M2 }, &lost);
    // Its own call is refused because the sync has paid both already; the sync alone pays the same.
    assert_eq!(events, Err(Error::NothingSetAside { market: M2 }));
    let events = pool.reading(INSURED, Action::Sync, &lost).unwrap();
    assert_eq!((Pool::paid_to_market(&events, M1), Pool::paid_to_market(&events, M2)), (200_000, 200_000));
}

#[test]
fn dripping_a_loss_in_small_steps_pays_no_more_than_the_loss_at_once() {
    let mut terms = Quote { coinsurance: Ppm::new(123_457), event_limit: a(9_000), ..quote(M1) };
    (terms.deductible, terms.deductible_bond) = (a(500), a(500));
    let mut once = Pool::funded();
    once.insure(&terms);
    let mut dripped = Pool { state: once.state.clone(), now: once.now };
    once.report(M1, 12_000);
    for counter in (0..=12_000).step_by(3) {
        dripped.report(M1, counter);
    }
    let borne =
        |pool: &Pool| (pool.policy(M1).paid_cum, pool.policy(M1).bond_left, pool.active(0), pool.active(1));
    assert_eq!(borne(&dripped), borne(&once));
    // Steps below the smallest ticket wait: at most one of them is ever unbooked.
    assert!(dripped.state.market(M1).unwrap().counter - dripped.policy(M1).seen < 10);
}

#[test]
fn a_signature_cannot_be_replayed() {
    let mut pool = Pool::funded();
    pool.insure(&quote(M1));
    let replay = pool.err(INSURED, Pool::buy_action(&quote(M1)));
    assert_eq!(replay, Error::NonceUsed { nonce: 0, least: 1 });
    // Not after the policy has ended and its books are closed, either.
    pool.at(pool.policy(M1).end);
    pool.ok(OWNER, Action::Finalise { market: M1 });
    assert_eq!(pool.err(INSURED, Pool::buy_action(&quote(M1))), Error::NonceUsed { nonce: 0, least: 1 });
    // Nor in another pool, nor by another buyer, nor for another market than the signed one.
    let elsewhere = Quote { pool: [8; 32], nonce: 1, ..quote(M1) };
    assert_eq!(pool.err(INSURED, Pool::buy_action(&elsewhere)), Error::QuoteForAnotherPool);
    let stolen = Quote { nonce: 1, ..quote(M1) };
    assert_eq!(pool.err(MALLORY, Pool::buy_action(&stolen)), Error::NotTheBuyer { caller: MALLORY });
}

#[test]
fn ten_thousand_tiny_exits_do_not_block_the_queue() {
    let mut pool = covered_flat();
    for _ in 0..10_000 {
        pool.request(ALICE, 0, s(10_000));
    }
    assert_eq!(pool.queued(0), 100_000);
    // Bob stands behind all of them, in another tranche. Their queue is worked off in counts.
    let exit = pool.request(BOB, 1, pool.shares(1, BOB));
    assert_eq!(exit, ExitId(u32::try_from(pool.state.exits().len()).unwrap() - 1));
    pool.at(pool.state.exit(exit).unwrap().deadline);
    let mut calls = 0;
    while pool.state.exit(exit).unwrap().cleared.get() == 0 {
        pool.ok(CAROL, Action::ClearExits { count: 500 });
        calls += 1;
    }
    assert!(calls <= 21, "{calls} calls of 500 for 10,001 exits");
    assert_eq!(Pool::paid_to_leaver(&pool.ok(BOB, Action::ClaimExit { exit })), 300_000);
}
