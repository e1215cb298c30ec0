//! Chapter 1 of the mechanism: one asset, exact integers, conservation, the order of a command.

mod support;

use seawall_engine::{
    Action, Asset, Config, Error, Event, Quote, RATE_ONE, RateBound, Reading, Source, State, TIME_MAX, apply,
    execute,
};
use seawall_fixed::{EPOCH_SECONDS, Ppm};
use support::*;

fn open(asset: Asset) -> Result<State, Error> {
    State::new(Config { pool: [7; 32], tranches: 2, asset, rules: rules(), opened: T0 })
}

// ---- 1.1 one token ----

#[test]
fn rule_1_1_rebasing_and_fee_on_transfer_tokens_are_refused() {
    assert_eq!(open(Asset { rebasing: true, ..Asset::default() }).unwrap_err(), Error::TokenRefused);
    assert_eq!(open(Asset { fee_on_transfer: true, ..Asset::default() }).unwrap_err(), Error::TokenRefused);
    assert!(open(Asset { wrapper: true, ..Asset::default() }).is_ok());
    assert!(open(Asset::default()).is_ok());
}

#[test]
fn rule_1_1_every_receipt_is_checked_by_balance_difference() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    let deposit = Action::Deposit { tranche: 0, owner: CAROL, assets: a(1_000) };
    let fund = Action::FundReserve { assets: a(1_000) };
    let mut terms = quote(M1);
    (terms.deductible, terms.deductible_bond, terms.callable_bond) = (a(300), a(200), a(100));
    let buy = Pool::buy_action(&terms);
    for (caller, action, asked) in
        [(CAROL, deposit, 1_000), (OWNER, fund, 1_000), (INSURED, buy, 13_000 + 200 + 100)]
    {
        for received in [asked - 1, asked + 1] {
            let error = pool.receiving(caller, action.clone(), received).unwrap_err();
            assert_eq!(error, Error::ReceiptDiffers { asked: a(asked), received: a(received) });
        }
        assert!(pool.receiving(caller, action, asked).is_ok());
    }
    pool.at(pool.policy(M1).start);
    pool.ok(OWNER, Action::Activate { market: M1 });
    pool.report(M1, 50_000);
    for recover in [
        Action::RecoverTicket { ticket: pool.last_ticket(), assets: a(500) },
        Action::RecoverMarket { market: M1, assets: a(500), count: 1 },
    ] {
        let error = pool.receiving(INSURED, recover.clone(), 499).unwrap_err();
        assert_eq!(error, Error::ReceiptDiffers { asked: a(500), received: a(499) });
        assert!(pool.receiving(INSURED, recover, 500).is_ok());
    }
}

#[test]
fn rule_1_1_cover_for_the_market_behind_the_pools_wrapper_is_refused() {
    for wrapper in [true, false] {
        let config = Config {
            pool: [7; 32],
            tranches: 2,
            asset: Asset { wrapper, ..Asset::default() },
            rules: rules(),
            opened: T0,
        };
        let mut pool = Pool { state: State::new(config).unwrap(), now: T0 };
        pool.deposit(0, ALICE, 200_000);
        pool.next_epoch();
        pool.report(M1, 0);
        let terms = Quote { holds_pool_asset: true, ..quote(M1) };
        let bought = pool.act(INSURED, Pool::buy_action(&terms));
        match wrapper {
            true => assert_eq!(bought.unwrap_err(), Error::CircularCover { market: M1 }),
            false => assert!(bought.is_ok()),
        }
    }
}

/// A pool with an adapter market in another unit: rate 1.5, at most 10 % an epoch.
fn converting() -> (Pool, impl Fn(u128, u128) -> Reading) {
    let mut pool = Pool::funded();
    let bound = RateBound { initial: RATE_ONE * 3 / 2, step: Ppm::new(100_000) };
    let source = Source::Adapter { code: [3; 32], conversion: Some(bound) };
    let read = |counter: u128, rate: u128| Reading { rate, ..Reading::of(M1, counter) };
    pool.insure_reading(&Quote { source, ..quote(M1) }, &[read(1_000, RATE_ONE * 3 / 2)]);
    (pool, read)
}

#[test]
fn rule_1_1_each_increase_is_converted_once_and_rounded_down() {
    let (mut pool, read) = converting();
    let rate = RATE_ONE * 3 / 2;
    // What stood in the counter at purchase is not converted.
    assert_eq!(pool.state.market(M1).unwrap().counter, 0);
    // 7 x 1.5 = 10.5 -> 10, then 1 x 1.5 = 1.5 -> 1: eleven, and not floor(8 x 1.5) = 12.
    pool.reading(OWNER, Action::Sync, &[read(1_007, rate)]).unwrap();
    assert_eq!(pool.state.market(M1).unwrap().counter, 10);
    pool.reading(OWNER, Action::Sync, &[read(1_008, rate)]).unwrap();
    assert_eq!(pool.state.market(M1).unwrap().counter, 11);
    // A change of the rate alone is no event in the books.
    pool.reading(OWNER, Action::Sync, &[read(1_008, rate + rate / 20)]).unwrap();
    assert_eq!(pool.state.market(M1).unwrap().counter, 11);
    assert_eq!(pool.state.tickets().len(), 1);
    assert_eq!(pool.ticket(0).gross, a(10));
}

#[test]
fn rule_1_1_a_rate_outside_its_step_makes_the_market_stale() {
    let rate = RATE_ONE * 3 / 2;
    let step = rate / 10;
    // Bought an epoch ago: the bound has grown to two steps from the rate at purchase.
    for (next, stale) in [
        (rate + 2 * step, false),
        (rate + 2 * step + 1, true),
        (rate - 2 * step, false),
        (rate - 2 * step - 1, true),
    ] {
        let (mut pool, read) = converting();
        pool.reading(OWNER, Action::Sync, &[read(1_200, next)]).unwrap();
        assert_eq!(pool.state.market(M1).unwrap().stale, stale, "rate {next}");
        let counter = if stale { 0 } else { 200 * next / RATE_ONE };
        assert_eq!(pool.state.market(M1).unwrap().counter, counter);
        // From the rate used last, one step is open in the same epoch.
        if !stale {
            pool.reading(OWNER, Action::Sync, &[read(1_300, next + next / 10)]).unwrap();
            assert!(!pool.state.market(M1).unwrap().stale);
            let last = next + next / 10;
            pool.reading(OWNER, Action::Sync, &[read(1_400, last + last / 10 + 1)]).unwrap();
            assert!(pool.state.market(M1).unwrap().stale);
        }
    }
}

// ---- 1.2 amounts, rounding, time ----

#[test]
fn rule_1_2_amounts_end_at_two_to_the_128_less_one() {
    let mut pool = Pool::new();
    pool.ok(OWNER, Action::FundReserve { assets: a(u128::MAX) });
    assert_eq!(pool.reserve(), u128::MAX);
    assert_eq!(pool.err(OWNER, Action::FundReserve { assets: a(1) }), Error::Overflow);
    assert_eq!(pool.err(ALICE, Action::Deposit { tranche: 0, owner: ALICE, assets: a(10) }), Error::Overflow);
}

#[test]
fn rule_1_2_shares_that_do_not_fit_are_refused() {
    let mut pool = Pool::new();
    // 1,000 shares a unit: 2^128 / 1000 units is the most a first deposit can be.
    let most = u128::MAX / 1_000;
    assert_eq!(
        pool.err(ALICE, Action::Deposit { tranche: 0, owner: ALICE, assets: a(most + 1) }),
        Error::Overflow
    );
    pool.deposit(0, ALICE, most);
    assert_eq!(pool.shares(0, ALICE), s(most * 1_000));
    assert_eq!(pool.err(BOB, Action::Deposit { tranche: 0, owner: BOB, assets: a(10) }), Error::Overflow);
}

#[test]
fn rule_1_2_products_of_two_large_amounts_are_exact() {
    let mut pool = Pool::new();
    // The product of 2^110 units and 2^119 shares needs 229 bits.
    let large = 1_u128 << 110;
    pool.deposit(0, ALICE, large);
    pool.deposit(0, BOB, large);
    assert_eq!(pool.shares(0, ALICE), s(large * 1_000));
    assert_eq!(pool.shares(0, BOB), s(large * 1_000));
    pool.wait(2 * EPOCH_SECONDS);
    let exit = pool.request(BOB, 0, pool.shares(0, BOB));
    assert_eq!(pool.state.exit_value(exit), a(large));
}

#[test]
fn rule_1_2_sums_of_limits_must_fit_too() {
    let mut pool = Pool::funded();
    let terms =
        |market| Quote { limit: a(u128::MAX), event_limit: a(u128::MAX), charge: a(1_000), ..quote(market) };
    pool.insure(&terms(M1));
    // A second limit of the same size could make the layers owe more than 2^128 - 1 in one sync.
    pool.report(M2, 0);
    assert_eq!(pool.err(INSURED, Pool::buy_action(&terms(M2))), Error::Overflow);
    let rest = Quote { limit: a(1), ..terms(M2) };
    assert_eq!(pool.err(INSURED, Pool::buy_action(&rest)), Error::Overflow);
    pool.report(M1, u128::MAX);
    let ticket = pool.ticket(0);
    assert_eq!((ticket.gross, ticket.over_limit), (a(u128::MAX), a(0)));
    assert_eq!(ticket.residual.get(), u128::MAX - 400_000);
}

#[test]
fn rule_1_2_what_passed_through_may_exceed_what_is_ever_held() {
    let mut pool = Pool::funded();
    let half = 1_u128 << 127;
    pool.ok(OWNER, Action::FundReserve { assets: a(half) });
    let limit = a(u128::MAX);
    pool.insure(&Quote { limit, event_limit: limit, charge: a(1_000), ..quote(M1) });
    // The same tokens are lost and recovered twice: 2^128 in all.
    for counter in [half, u128::MAX] {
        pool.report(M1, counter);
        pool.ok(CAROL, Action::RecoverMarket { market: M1, assets: a(half), count: 9 });
    }
    // The second loss is one unit smaller than what came back of it.
    assert_eq!(pool.reserve(), half + 1);
}

#[test]
fn rule_1_2_shares_minted_round_down() {
    let mut pool = Pool::covered();
    pool.report(M1, 33_333);
    // 66,667 assets stand for 10^8 shares; with the virtual offset 66,668 for 100,001,000.
    assert_eq!(pool.active(0), 66_667);
    pool.deposit(0, CAROL, 1_000);
    let (down, exact) = (1_000_u128 * 100_001_000 / 66_668, 1_000_u128 * 100_001_000 % 66_668);
    assert!(exact != 0 && down < 1_000 * 100_000_000 / 66_667);
    assert_eq!(pool.shares(0, CAROL), s(down));
    // What was minted is worth at most what was paid.
    assert_eq!(pool.value(0, CAROL), 999);
}

#[test]
fn rule_1_2_assets_out_round_down_and_the_dust_goes_to_the_reserve() {
    let mut pool = Pool::funded();
    // All premium to the senior tranche, so that nothing but the loss moves the junior one and the reserve.
    pool.insure(&Quote { split: [Ppm::ZERO, Ppm::ONE, Ppm::ZERO, Ppm::ZERO], ..quote(M1) });
    let exit = pool.request(ALICE, 0, pool.shares(0, ALICE));
    assert_eq!(pool.state.exit(exit).unwrap().shares, s(100_000));
    pool.report(M1, 33_333);
    assert_eq!(pool.queued(0), 66_667);
    // Half is held back by an estimate of 33,333 of 66,667 latent: ceil(10^6 x 33,333 / 66,667) = 499,993.
    pool.wait(13 * EPOCH_SECONDS - DAY);
    pool.ok(
        RISK,
        Action::PostEstimate { market: M1, amount: a(33_333), expiry: pool.now + 2 * EPOCH_SECONDS },
    );
    pool.wait(DAY);
    pool.ok(OWNER, Action::ClearExits { count: 1 });
    // floor(500,007 x 100,000 / 10^6) = 50,000 shares; 50,000 x 66,667 / 100,000 = 33,333.5.
    let (reserve, queued) = (pool.reserve(), pool.queued(0));
    let events = pool.ok(ALICE, Action::ClaimExit { exit });
    assert_eq!(Pool::paid_to_leaver(&events), 33_333);
    assert_eq!(queued - pool.queued(0), 33_334);
    assert_eq!(pool.reserve() - reserve, 1);
}

#[test]
fn rule_1_2_epochs_are_seven_days_of_unix_time() {
    assert_eq!(EPOCH_SECONDS, 7 * 24 * 3_600);
    assert_eq!(T0 % 604_800, 0);
    // Half-open: the last second before a boundary still belongs to the epoch before.
    let mut pool = Pool::new();
    pool.deposit(0, ALICE, 100_000);
    pool.at(T0 + 604_799);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.state.core().boundary.unqueued, a(0));
    pool.wait(1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.state.core().boundary.unqueued, a(100_000));
}

#[test]
fn rule_1_2_a_time_beyond_the_largest_is_refused() {
    let mut pool = Pool::new();
    pool.at(TIME_MAX);
    pool.ok(OWNER, Action::Sync);
    pool.at(TIME_MAX + 1);
    assert_eq!(pool.err(OWNER, Action::Sync), Error::TimeTooLarge { now: TIME_MAX + 1, max: TIME_MAX });
}

#[test]
fn rule_1_2_a_quote_is_valid_at_its_deadline_and_not_a_second_later() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    let deadline = pool.now + 100;
    let terms = Quote { deadline, ..quote(M1) };
    let mut late = Pool { state: pool.state.clone(), now: deadline + 1 };
    let error = late.err(INSURED, Pool::buy_action(&terms));
    assert_eq!(error, Error::QuoteExpired { deadline, now: deadline + 1 });
    pool.at(deadline);
    pool.ok(INSURED, Pool::buy_action(&terms));
}

// ---- 1.3 conservation ----

#[test]
fn rule_1_3_tokens_are_the_sum_of_all_parts_with_every_part_in_use() {
    let mut own = rules();
    own.fee = Ppm::new(100_000);
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 100_000);
    pool.deposit(1, BOB, 300_000);
    pool.ok(OWNER, Action::FundReserve { assets: a(500) });
    pool.wait(2 * EPOCH_SECONDS);
    let mut terms = quote(M1);
    (terms.deductible, terms.deductible_bond) = (a(2_000), a(2_000));
    (terms.callable_bond, terms.bonus_share) = (a(5_000), Ppm::new(100_000));
    (terms.source, terms.coinsurance) = (adapter(), Ppm::new(100_000));
    let other = Quote { market: M2, ..terms.clone() };
    let calm = [Reading::of(M1, 0), Reading::of(M2, 0)];
    pool.reading(INSURED, Pool::buy_action(&terms), &calm).unwrap();
    pool.insure_reading(&other, &calm);
    pool.reading(OWNER, Action::Activate { market: M1 }, &calm).unwrap();
    pool.wait(DAY);
    pool.reading(BOB, Action::RequestExit { tranche: 1, shares: s(30_000_000) }, &calm).unwrap();
    // Market 1 loses 20,000 and its destination takes 7,000 of the 18,200 - 18,000 x 10 %.
    let loss = [Reading { accepts: Some(7_000), ..Reading::of(M1, 20_000) }, calm[1]];
    pool.reading(OWNER, Action::Sync, &loss).unwrap();
    let after = [Reading { accepts: Some(0), ..loss[0] }, calm[1]];
    pool.reading(OWNER, Action::RecoverTicket { ticket: pool.last_ticket(), assets: a(3_000) }, &after)
        .unwrap();
    pool.wait(20 * DAY);
    pool.reading(OWNER, Action::ClearExits { count: 1 }, &after).unwrap();
    pool.reading(OWNER, Action::FundReserve { assets: a(40) }, &after).unwrap();

    let core = pool.state.core();
    let parts = [
        core.reserve.get(),
        core.tranches[0].active.assets.get() + core.tranches[1].active.assets.get(),
        core.tranches[0].queued.assets.get() + core.tranches[1].queued.assets.get(),
        core.streams.iter().map(|stream| stream.unearned.get()).sum(),
        core.bonus.get(),
        core.bonds.get(),
        core.mutual.assets.get(),
        core.set_aside.get(),
        core.assigned.get(),
        core.fees.get(),
    ];
    assert!(parts.iter().all(|part| *part > 0), "{parts:?}");
    assert!(core.tranches[1].cleared > s(0));
    // In: deposits, reserve, two policies, a recovery. Out: what market 1 took.
    let paid_in = 400_000 + 500 + 40 + 2 * (13_000 + 2_000 + 5_000) + 3_000;
    assert_eq!(core.tokens.get(), paid_in - 7_000);
    assert_eq!(core.tokens.get(), parts.iter().sum::<u128>() + core.unassigned.get());
}

// ---- 1.4 the order of a command ----

#[test]
fn rule_1_4_time_never_runs_back() {
    let mut pool = Pool::new();
    pool.wait(10);
    pool.ok(OWNER, Action::Sync);
    pool.ok(OWNER, Action::Sync);
    pool.now -= 1;
    assert_eq!(pool.err(OWNER, Action::Sync), Error::TimeBackwards { now: T0 + 9, last: T0 + 10 });
}

#[test]
fn rule_1_4_a_refused_command_leaves_even_its_accrual_undone() {
    let mut pool = Pool::covered();
    let before = pool.state.clone();
    pool.wait(EPOCH_SECONDS);
    assert!(matches!(pool.err(CAROL, Action::CollectFees), Error::NoFees));
    assert_eq!(pool.state, before);
    pool.ok(OWNER, Action::Sync);
    assert_ne!(pool.state, before);
}

#[test]
fn rule_1_4_the_same_command_on_the_same_state_gives_the_same_events() {
    let pool = Pool::covered();
    let command = seawall_engine::Command::new(OWNER, Action::Sync);
    let now = pool.now + 12_345;
    let (one, two) =
        (execute(&pool.state, &command, now).unwrap(), execute(&pool.state, &command, now).unwrap());
    assert_eq!(one, two);
    let (mut left, mut right) = (pool.state.clone(), pool.state.clone());
    one.iter().for_each(|event| apply(&mut left, event));
    two.iter().for_each(|event| apply(&mut right, event));
    assert_eq!(left, right);
}

#[test]
fn rule_1_4_accrual_comes_before_the_sync_and_the_sync_before_the_command() {
    let mut pool = Pool::funded();
    pool.insure_reading(&Quote { source: adapter(), ..quote(M1) }, &[Reading::of(M1, 0)]);
    pool.wait(EPOCH_SECONDS);
    let deposit = Action::Deposit { tranche: 0, owner: CAROL, assets: a(50_000) };
    let events = pool.reading(CAROL, deposit, &[Reading::of(M1, 60_000)]).unwrap();
    let place = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let accrued = place(|event| matches!(event, Event::Accrued(_)));
    let booked = place(|event| matches!(event, Event::TicketBooked(_)));
    let deposited = place(|event| matches!(event, Event::Deposited { .. }));
    assert!(accrued < booked && booked < deposited);
    // 500 of premium, then the loss, and only then the deposit: it bears none of it.
    assert_eq!(pool.active(0), 100_000 + 500 - 60_000 + 50_000);
    assert!((49_998..=50_000).contains(&pool.value(0, CAROL)));
}

#[test]
fn rule_1_4_a_class_wiped_out_by_the_sync_closes_before_the_command() {
    let mut pool = Pool::funded();
    pool.insure_reading(&Quote { source: adapter(), ..quote(M1) }, &[Reading::of(M1, 0)]);
    let deposit = Action::Deposit { tranche: 0, owner: CAROL, assets: a(50_000) };
    pool.reading(CAROL, deposit, &[Reading::of(M1, 100_000)]).unwrap();
    let class = pool.state.core().tranches[0].active;
    assert_eq!((class.generation, class.assets, class.shares), (1, a(50_000), s(50_000_000)));
    assert_eq!(pool.value(0, ALICE), 0);
    assert_eq!(pool.value(0, CAROL), 50_000);
}

#[test]
fn rule_1_4_what_has_ended_ends_before_the_sync() {
    let mut pool = Pool::covered();
    let end = pool.policy(M1).end;
    pool.at(end);
    let events = pool.report(M1, 60_000);
    assert!(events.iter().any(|event| matches!(event, Event::PolicyEnded { market: M1, .. })));
    assert!(pool.state.tickets().is_empty());
}

#[test]
fn rule_1_4_at_a_boundary_ends_come_before_starts() {
    let mut pool = Pool::covered();
    let end = pool.policy(M1).end;
    pool.wait(EPOCH_SECONDS);
    // A renewal for twice the premium begins where the first policy ends.
    pool.ok(INSURED, Pool::buy_action(&Quote { nonce: 1, premium: a(26_000), ..quote(M1) }));
    pool.at(end - 1);
    pool.ok(OWNER, Action::Sync);
    let old = pool.state.core().streams[0].rate;
    assert_eq!(old, (6_500_u128 << 64) / (13 * 604_800));
    // The old rate covers the seconds before the boundary, the new one those from it on.
    pool.wait(1);
    pool.ok(OWNER, Action::Sync);
    let new = pool.state.core().streams[0].rate;
    assert_eq!(new, (13_000_u128 << 64) / (13 * 604_800));
    assert_eq!(pool.active(0), 106_500);
    pool.wait(604_800);
    pool.ok(OWNER, Action::Sync);
    assert!((107_499..=107_500).contains(&pool.active(0)));
}

#[test]
fn rule_1_4_pure_claims_move_no_time() {
    let mut pool = Pool::covered();
    pool.report(M1, 60_000);
    pool.ok(OWNER, Action::RecoverTicket { ticket: pool.last_ticket(), assets: a(1_000) });
    let last = pool.state.core().now;
    pool.now = 0;
    let claim = Action::ClaimRecovery {
        ticket: pool.last_ticket(),
        tranche: 0,
        class: seawall_engine::ClassKind::Active,
        checkpoint: 0,
    };
    assert_eq!(pool.ok(ALICE, claim).len(), 1);
    assert_eq!(pool.state.core().now, last);
}
