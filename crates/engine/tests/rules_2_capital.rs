//! Chapter 2 of the mechanism: layers, share classes, closing, smallest items.

mod support;

use seawall_engine::{Action, Asset, ClassKind, Config, Error, Event, Quote, Rules, State};
use seawall_fixed::{EPOCH_SECONDS, Ppm};
use support::*;

// ---- 2.1 the order of layers ----

#[test]
fn rule_2_1_a_pool_has_one_to_four_tranches() {
    let open = |tranches| {
        State::new(Config { pool: [7; 32], tranches, asset: Asset::default(), rules: rules(), opened: T0 })
            .map(|_| ())
    };
    assert_eq!(open(0), Err(Error::TrancheCount { given: 0 }));
    assert_eq!(open(5), Err(Error::TrancheCount { given: 5 }));
    assert!((1..=4).all(|count| open(count).is_ok()));
}

#[test]
fn rule_2_1_a_tranche_that_is_not_there_is_named() {
    let mut pool = Pool::new();
    let deposit = Action::Deposit { tranche: 2, owner: ALICE, assets: a(100) };
    assert_eq!(pool.err(ALICE, deposit), Error::NoSuchTranche { given: 2, count: 2 });
    let request = Action::RequestExit { tranche: 4, shares: s(1) };
    assert_eq!(pool.err(ALICE, request), Error::NoSuchTranche { given: 4, count: 2 });
    let transfer = Action::Transfer { tranche: 255, to: BOB, shares: s(1) };
    assert_eq!(pool.err(ALICE, transfer), Error::NoSuchTranche { given: 255, count: 2 });
}

/// Four tranches of 1,000 each, a reserve of 500, a deductible bond of 200, a callable bond of 300.
fn layered() -> Pool {
    let mut pool = Pool::with(4, rules());
    for tranche in 0..4 {
        pool.deposit(tranche, AccountOf::tranche(tranche), 1_000);
    }
    pool.ok(OWNER, Action::FundReserve { assets: a(500) });
    pool.next_epoch();
    pool.insure(&Quote {
        limit: a(50_000),
        event_limit: a(50_000),
        deductible: a(200),
        deductible_bond: a(200),
        callable_bond: a(300),
        premium: a(0),
        charge: a(4_000),
        ..quote(M1)
    });
    pool
}

struct AccountOf;

impl AccountOf {
    fn tranche(tranche: u8) -> seawall_engine::AccountId {
        seawall_engine::AccountId(20 + u32::from(tranche))
    }
}

#[test]
fn rule_2_1_each_layer_pays_only_when_the_one_before_is_empty() {
    // Bond 200, reserve 500, tranches 1,000 each, own bond 300, then nobody.
    let bounds = [200_u128, 700, 1_700, 2_700, 3_700, 4_700, 5_000];
    for loss in [10, 200, 201, 700, 701, 1_700, 1_701, 2_700, 3_705, 4_700, 4_701, 5_000, 5_001, 9_000] {
        let mut pool = layered();
        pool.report(M1, loss);
        let lost = pool.ticket(0).lost;
        let mut from = 0;
        let mut expected = Vec::new();
        for bound in bounds {
            expected.push(loss.min(bound) - from.min(loss));
            from = bound;
        }
        let given = [
            lost.deductible,
            lost.reserve,
            lost.tranches[0],
            lost.tranches[1],
            lost.tranches[2],
            lost.tranches[3],
            lost.own_bond,
        ];
        assert_eq!(given.map(|part| part.get()).to_vec(), expected, "loss {loss}");
        assert_eq!(lost.uncovered.get(), loss.saturating_sub(5_000), "loss {loss}");
    }
}

#[test]
fn rule_2_1_attachment_and_exhaustion_are_readable_at_any_time() {
    let mut pool = layered();
    let points = |pool: &Pool| -> Vec<(u128, u128)> {
        let core = pool.state.core();
        (0..4).map(|index| (core.attachment(index).get(), core.exhaustion(index).get())).collect()
    };
    assert_eq!(points(&pool), [(500, 1_500), (1_500, 2_500), (2_500, 3_500), (3_500, 4_500)]);
    // Queued assets count: they are still there to be lost.
    pool.wait(EPOCH_SECONDS);
    pool.request(AccountOf::tranche(1), 1, s(400_000));
    assert_eq!(points(&pool), [(500, 1_500), (1_500, 2_500), (2_500, 3_500), (3_500, 4_500)]);
    // 200 from the bond, 500 from the reserve, 600 from tranche 0.
    pool.report(M1, 1_300);
    assert_eq!(points(&pool), [(0, 400), (400, 1_400), (1_400, 2_400), (2_400, 3_400)]);
}

// ---- 2.2 two classes ----

#[test]
fn rule_2_2_deposits_mint_active_shares_at_net_asset_value() {
    let mut pool = Pool::new();
    // Virtual offset: 1,000 shares against one unit make the first price 1,000 shares a unit.
    pool.deposit(0, ALICE, 100_000);
    assert_eq!(pool.shares(0, ALICE), s(100_000_000));
    pool.deposit(0, BOB, 50_000);
    assert_eq!(pool.shares(0, BOB), s(50_000_000));
    assert_eq!(pool.state.core().tranches[0].queued.shares, s(0));
}

#[test]
fn rule_2_2_the_buyer_of_shares_pays_for_premium_already_earned() {
    let mut pool = Pool::covered();
    pool.wait(2 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.active(0), 101_000);
    pool.deposit(0, CAROL, 101_000);
    // 101,000 units stand for 10^8 shares. The offset alone would mint nine more, 101,000 x (10^8 + 1,000) /
    // 101,001: the plain price is the smaller of the two.
    assert_eq!(101_000_u128 * 100_001_000 / 101_001, 100_000_009);
    assert_eq!(pool.shares(0, CAROL), s(100_000_000));
    assert_eq!((pool.value(0, CAROL), pool.value(0, ALICE)), (101_000, 101_000));
}

#[test]
fn rule_2_2_premium_goes_to_the_active_class_only() {
    let mut pool = Pool::covered();
    pool.request(BOB, 1, s(200_000_000));
    let queued = pool.queued(1);
    assert_eq!(queued, 200_000);
    pool.wait(13 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!((pool.queued(1), pool.active(1)), (200_000, 106_500));
}

#[test]
fn rule_2_2_a_loss_takes_the_queued_part_rounded_up_and_the_rest_from_active() {
    let mut pool = Pool::covered();
    pool.request(ALICE, 0, s(33_333_000));
    assert_eq!((pool.active(0), pool.queued(0)), (66_667, 33_333));
    pool.report(M1, 10_001);
    // 10,001 x 33,333 / 100,000 = 3,333.63.
    let ticket = pool.ticket(0);
    assert_eq!((ticket.queued[0].loss, ticket.active[0].loss), (a(3_334), a(6_667)));
    assert_eq!((pool.active(0), pool.queued(0)), (60_000, 29_999));
}

#[test]
fn rule_2_2_the_queued_part_never_exceeds_what_is_queued() {
    let mut pool = Pool::covered();
    pool.request(ALICE, 0, s(33_333_000));
    pool.report(M1, 100_000);
    let ticket = pool.ticket(0);
    assert_eq!((ticket.queued[0].loss, ticket.active[0].loss), (a(33_333), a(66_667)));
    assert_eq!((pool.active(0), pool.queued(0)), (0, 0));
}

// ---- 2.3 closing ----

#[test]
fn rule_2_3_leftovers_without_shares_go_to_the_reserve() {
    let mut pool = Pool::covered();
    pool.request(ALICE, 0, s(50_000_000));
    pool.report(M1, 33_333);
    // 33,333 units stand for 50,000 queued shares. The other 33,334 buy floor(50,001.5) of them, worth
    // floor(33,333.67): one unit stays without a share, and the next command sweeps it.
    pool.request(ALICE, 0, pool.shares(0, ALICE));
    let dust = pool.active(0);
    let reserve = pool.reserve();
    assert_eq!(pool.state.core().tranches[0].active.shares, s(0));
    assert_eq!(dust, 1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!((pool.active(0), pool.reserve()), (0, reserve + dust));
    assert_eq!(pool.state.core().tranches[0].active.generation, 1);
    // The next depositor gets what it paid for and no gift.
    pool.deposit(0, BOB, 1_000);
    assert_eq!(pool.value(0, BOB), 1_000);
}

#[test]
fn rule_2_3_a_class_closes_when_a_share_is_worth_less_than_a_2_to_the_32nd() {
    // A deposit of 5 x 10^12 units makes 5 x 10^15 shares; the boundary is 5 x 10^15 / 2^32 = 1,164,153.2 units.
    for (left, closes) in [(1_164_153_u128, true), (1_164_154, false)] {
        let mut pool = Pool::new();
        let deposit = 5_000_000_000_000;
        pool.deposit(0, ALICE, deposit);
        assert_eq!(pool.shares(0, ALICE).get(), deposit * 1_000);
        pool.wait(2 * EPOCH_SECONDS);
        let terms = Quote { limit: a(deposit), event_limit: a(deposit), premium: a(0), ..quote(M1) };
        pool.insure(&terms);
        pool.report(M1, deposit - left);
        let class = pool.state.core().tranches[0].active;
        if closes {
            assert_eq!((class.assets, class.shares, class.generation), (a(0), s(0), 1));
            assert_eq!(pool.reserve(), left);
        } else {
            assert_eq!((class.assets, class.generation), (a(left), 0));
        }
    }
}

#[test]
fn rule_2_3_a_closed_queued_class_voids_its_exits_but_not_their_recoveries() {
    let mut pool = Pool::covered();
    let exit = pool.request(ALICE, 0, s(40_000_000));
    let events = pool.report(M1, 100_000);
    assert_eq!(pool.err(ALICE, Action::ClaimExit { exit }), Error::ExitVoid { exit });
    let closed = events.iter().filter(|event| matches!(event, Event::ClassClosed { tranche: 0, .. })).count();
    assert_eq!(closed, 2);
    assert_eq!(pool.state.exit_value(exit), a(0));
    let tranche = pool.state.core().tranches[0];
    assert_eq!((tranche.head, tranche.tail, tranche.cleared), (None, None, s(0)));
    // 60,000 comes back: 40 % of it belongs to the queued shares, the rest to the active ones.
    pool.ok(OWNER, Action::RecoverTicket { ticket: pool.last_ticket(), assets: a(60_000) });
    let claimable = |class| pool.state.claimable(ALICE, pool.last_ticket(), 0, class).get();
    assert_eq!((claimable(ClassKind::Queued), claimable(ClassKind::Active)), (24_000, 36_000));
    // Balances keep their generation: the new class starts from nothing.
    pool.deposit(0, CAROL, 1_000);
    assert_eq!(pool.shares(0, ALICE), s(0));
    let next = pool.now + 2 * EPOCH_SECONDS;
    pool.at(next);
    let exit = pool.request(CAROL, 0, pool.shares(0, CAROL));
    assert_eq!(pool.state.exit(exit).unwrap().generation, 1);
}

/// A pool whose junior tranche may earn at most `rate` / 2^64 a second and unit.
fn capped(rate: u64) -> Pool {
    let mut own: Rules = rules();
    own.earn_rate_max = rate;
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 100_000);
    pool.deposit(1, BOB, 300_000);
    pool.next_epoch();
    pool.insure(&quote(M1));
    pool
}

#[test]
fn rule_2_3_a_tranche_earns_at_most_its_largest_rate_and_the_excess_goes_to_the_reserve() {
    // The stream brings 500 an epoch to tranche 0. A cap of 301.5 a step: 100,000 x rate x 604,800 / 2^64.
    let rate = ((3_015_u128 << 64) / (10 * 100_000 * 604_800)) as u64;
    let mut pool = capped(rate);
    pool.wait(EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    let most = (100_000_u128 * u128::from(rate) * 604_800) >> 64;
    assert_eq!(most, 301);
    assert_eq!(pool.active(0), 100_000 + most);
    // The senior tranche may earn three times as much and is not bound.
    assert_eq!(pool.active(1), 300_500);
    assert_eq!(pool.reserve(), 500 - most);
}

#[test]
fn rule_2_3_a_stream_to_a_class_without_shares_goes_to_the_reserve() {
    let mut pool = Pool::covered();
    pool.request(BOB, 1, pool.shares(1, BOB));
    pool.wait(EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!((pool.active(1), pool.queued(1), pool.reserve()), (0, 300_000, 500));
}

#[test]
fn rule_2_3_a_cap_beyond_128_bits_binds_nothing_and_stops_nothing() {
    let mut pool = Pool::new();
    pool.deposit(0, ALICE, u128::MAX / 1_000);
    pool.next_epoch();
    pool.insure(&Quote { split: [Ppm::ONE, Ppm::ZERO, Ppm::ZERO, Ppm::ZERO], ..quote(M1) });
    // 2^118 units x 2^64 x 2^19 seconds is far above 2^128 x 2^64.
    pool.wait(EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.active(0), u128::MAX / 1_000 + 1_000);
}

// ---- 2.4 smallest items, counts ----

#[test]
fn rule_2_4_smallest_deposit_exit_and_ticket() {
    let mut pool = Pool::covered();
    let below = Action::Deposit { tranche: 0, owner: CAROL, assets: a(9) };
    let error = pool.err(CAROL, below);
    assert_eq!(error, Error::BelowMinimum { what: "deposit", given: a(9), least: a(10) });
    pool.deposit(0, CAROL, 10);
    let error = pool.err(ALICE, Action::RequestExit { tranche: 0, shares: s(9_999) });
    assert_eq!(error, Error::BelowMinimum { what: "exit", given: a(9), least: a(10) });
    pool.request(ALICE, 0, s(10_000));
    pool.report(M1, 9);
    assert!(pool.state.tickets().is_empty());
    pool.report(M1, 10);
    assert_eq!(pool.ticket(0).gross, a(10));
    let error = pool.err(OWNER, Action::FundReserve { assets: a(0) });
    assert_eq!(error, Error::BelowMinimum { what: "payment", given: a(0), least: a(1) });
}

#[test]
fn rule_2_4_whoever_holds_less_than_the_smallest_exit_can_still_leave_whole() {
    let mut pool = Pool::covered();
    pool.deposit(0, CAROL, 22);
    pool.wait(2 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    let all = pool.shares(0, CAROL);
    pool.request(CAROL, 0, s(all.get() - 3_000));
    let error = pool.err(CAROL, Action::RequestExit { tranche: 0, shares: s(2_000) });
    assert_eq!(error, Error::BelowMinimum { what: "exit", given: a(2), least: a(10) });
    pool.request(CAROL, 0, s(3_000));
    assert_eq!(pool.shares(0, CAROL), s(0));
}

/// A change of the rules.
type Change = fn(&mut Rules);

#[test]
fn rule_2_4_parameters_are_bounded() {
    let bad: [(&str, Change); 17] = [
        ("deposit_min", |r| r.deposit_min = a(0)),
        ("exit_min", |r| r.exit_min = a(0)),
        ("ticket_min", |r| r.ticket_min = a(0)),
        ("cooldown", |r| r.cooldown = 365 * DAY + 1),
        ("waiting", |r| r.waiting = 90 * DAY + 1),
        ("waiting", |r| r.waiting = 0),
        ("term_epochs_max", |r| r.term_epochs_max = 0),
        ("term_epochs_max", |r| r.term_epochs_max = 105),
        ("early_period", |r| r.early_period = 365 * DAY + 1),
        ("junior_floor", |r| r.junior_floor = Ppm::new(1_000_001)),
        ("fee", |r| r.fee = Ppm::new(500_001)),
        ("cancel_share", |r| r.cancel_share = Ppm::new(1_000_001)),
        ("surplus_epochs", |r| r.surplus_epochs = 0),
        ("surplus_split", |r| r.surplus_split = [Ppm::new(500_001); 4]),
        ("latent_term_max", |r| r.latent_term_max = DAY - 1),
        ("pause_max", |r| r.pause_max = 30 * DAY + 1),
        ("scarcity", |r| r.scarcity.clear()),
    ];
    for (parameter, change) in bad {
        let mut own = rules();
        change(&mut own);
        assert_eq!(own.validate(), Err(Error::RuleOutOfBounds { parameter }), "{parameter}");
    }
    let good: [Change; 5] = [
        |r| r.cooldown = 365 * DAY,
        |r| r.waiting = 1,
        |r| r.term_epochs_max = 104,
        |r| r.fee = Ppm::new(500_000),
        |r| r.pause_max = 30 * DAY,
    ];
    for change in good {
        let mut own = rules();
        change(&mut own);
        assert_eq!(own.validate(), Ok(()));
    }
}

#[test]
fn rule_2_4_long_lists_are_processed_in_counts_and_resumed() {
    let mut pool = Pool::covered();
    for _ in 0..5 {
        pool.request(ALICE, 0, s(10_000));
    }
    pool.wait(14 * DAY);
    let cleared = |pool: &Pool| pool.state.exits().iter().filter(|exit| exit.cleared == exit.shares).count();
    for (count, sum) in [(2, 2), (2, 4), (9, 5)] {
        pool.ok(OWNER, Action::ClearExits { count });
        assert_eq!(cleared(&pool), sum);
    }
    assert_eq!(pool.err(OWNER, Action::ClearExits { count: 9 }), Error::NothingToClear);
}
