//! Chapter 6 of the mechanism: what comes back, in which order, to whom, and for how long.

mod support;

use seawall_engine::{
    AccountId, Action, ClassKind, Error, Layers, Quote, Reading, TicketId, WRITE_OFF_AFTER, WRITE_OFF_NOTICE,
    share_out,
};
use seawall_fixed::{EPOCH_SECONDS, Ppm};
use support::*;

fn claim(ticket: TicketId, tranche: u8, class: ClassKind, checkpoint: u32) -> Action {
    Action::ClaimRecovery { ticket, tranche, class, checkpoint }
}

fn recover(ticket: TicketId, assets: u128) -> Action {
    Action::RecoverTicket { ticket, assets: a(assets) }
}

// ---- 6.1 order ----

#[test]
fn rule_6_1_money_comes_back_in_reverse_order_and_never_more_than_was_lost() {
    let tranches = [a(40), a(50), a(60), a(70)];
    let lost = Layers {
        deductible: a(10),
        coinsured: a(20),
        reserve: a(30),
        tranches,
        own_bond: a(80),
        called: a(90),
        uncovered: a(100),
    };
    let order = |part: &Layers| {
        let [t0, t1, t2, t3] = part.tranches.map(|part| part.get());
        let mutual = [part.called.get(), part.own_bond.get()];
        [
            part.uncovered.get(),
            mutual[0],
            mutual[1],
            t3,
            t2,
            t1,
            t0,
            part.reserve.get(),
            part.deductible.get(),
            part.coinsured.get(),
        ]
    };
    let sizes = order(&lost);
    for assets in 0..=600 {
        let mut left: u128 = assets;
        let expected = sizes.map(|size| {
            let part = left.min(size);
            left -= part;
            part
        });
        assert_eq!(order(&share_out(&lost, a(assets))), expected);
    }
}

/// A ticket on which every layer lost: bond 500, coinsurance, reserve 1,000, junior 100,000, senior, over limit.
fn every_layer() -> Pool {
    let mut pool = Pool::funded();
    pool.ok(OWNER, Action::FundReserve { assets: a(1_000) });
    let mut terms =
        Quote { coinsurance: Ppm::new(100_000), limit: a(200_000), event_limit: a(200_000), ..quote(M1) };
    (terms.deductible, terms.deductible_bond, terms.premium) = (a(500), a(500), a(0));
    pool.insure(&terms);
    // 500 + 200,000 (20,000 of it coinsured) + 3,000 above the limit.
    pool.report(M1, 203_500);
    pool
}

#[test]
fn rule_6_1_the_whole_way_back_of_one_ticket() {
    let mut pool = every_layer();
    let ticket = pool.last_ticket();
    let lost = pool.ticket(0).lost;
    assert_eq!((lost.reserve, lost.tranches[0], lost.tranches[1]), (a(1_000), a(100_000), a(79_000)));
    let claimable =
        |pool: &Pool, owner, tranche| pool.state.claimable(owner, ticket, tranche, ClassKind::Active).get();
    pool.ok(CAROL, recover(ticket, 3_000));
    assert_eq!((pool.state.market(M1).unwrap().set_aside, claimable(&pool, BOB, 1)), (a(3_000), 0));
    assert_eq!(Pool::paid_to_market(&pool.ok(CAROL, Action::PayMarket { market: M1 }), M1), 3_000);
    pool.ok(CAROL, recover(ticket, 79_001));
    assert_eq!((claimable(&pool, BOB, 1), claimable(&pool, ALICE, 0)), (79_000, 1));
    pool.ok(CAROL, recover(ticket, 99_999 + 1_000 + 400));
    assert_eq!((claimable(&pool, ALICE, 0), pool.reserve()), (100_000, 1_000));
    // The deductible to the buyer, the coinsurance to the market, the rest to the reserve.
    let denied = pool.err(CAROL, Action::ClaimDeductible { ticket });
    assert!(matches!(denied, Error::NotAuthorised { caller: CAROL, .. }));
    pool.ok(INSURED, Action::ClaimDeductible { ticket });
    assert_eq!(pool.err(INSURED, Action::ClaimDeductible { ticket }), Error::NothingToClaim { ticket });
    pool.ok(CAROL, recover(ticket, 100 + 20_000 + 77));
    assert_eq!((pool.state.market(M1).unwrap().set_aside, pool.reserve()), (a(20_000), 1_077));
    assert!(!pool.ticket(0).is_open());
}

#[test]
fn rule_6_1_money_of_a_market_goes_to_its_oldest_open_ticket_then_to_the_reserve() {
    let mut pool = Pool::covered();
    for counter in [100, 300, 600] {
        pool.report(M1, counter);
    }
    let recovered = |pool: &Pool| [0, 1, 2].map(|number| pool.ticket(number).recovered.total().get());
    let pay = |assets, count| Action::RecoverMarket { market: M1, assets: a(assets), count };
    pool.ok(CAROL, pay(150, 9));
    assert_eq!(recovered(&pool), [100, 50, 0]);
    // In counts, resumable: what is not looked at waits.
    pool.ok(CAROL, pay(400, 1));
    assert_eq!((recovered(&pool), pool.state.core().unassigned), ([100, 200, 0], a(250)));
    pool.ok(CAROL, Action::AssignRecoveries { market: M1, count: 1 });
    assert_eq!(recovered(&pool), [100, 200, 250]);
    let nothing = pool.err(CAROL, Action::AssignRecoveries { market: M1, count: 1 });
    assert_eq!(nothing, Error::NothingToAssign { market: M1 });
    pool.ok(CAROL, pay(60, 9));
    assert_eq!((recovered(&pool), pool.reserve()), ([100, 200, 300], 10));
}

#[test]
fn rule_6_1_what_the_source_recovered_and_kept_is_set_off_against_the_next_pay() {
    let mut pool = Pool::covered();
    pool.report(M1, 1_000);
    // The source shows 400 recovered on the first loss; 150 of it were passed on.
    pool.ok(CAROL, Action::RecoverMarket { market: M1, assets: a(150), count: 9 });
    let reading = Reading { recovered: 400, ..Reading::of(M1, 3_000) };
    let events = pool.ok(REPORTER, Action::Report { reading, evidence: [1; 32] });
    assert_eq!(Pool::paid_to_market(&events, M1), 2_000 - 250);
    assert_eq!(pool.ticket(0).recovered.total(), a(150 + 250));
    // Once.
    let events = pool.ok(
        REPORTER,
        Action::Report { reading: Reading { counter: Some(4_000), ..reading }, evidence: [1; 32] },
    );
    assert_eq!(Pool::paid_to_market(&events, M1), 1_000);
}

// ---- 6.2 cohorts ----

#[test]
fn rule_6_2_recoveries_belong_to_the_holders_at_booking_however_shares_moved() {
    let mut pool = Pool::covered();
    pool.ok(ALICE, Action::Transfer { tranche: 0, to: CAROL, shares: s(25_000_000) });
    pool.request(ALICE, 0, s(25_000_000));
    pool.report(M1, 60_000);
    let ticket = pool.last_ticket();
    // Afterwards Alice sells all and Bob buys in: neither changes who lost.
    pool.ok(ALICE, Action::Transfer { tranche: 0, to: BOB, shares: s(50_000_000) });
    pool.deposit(0, AccountId(30), 40_000);
    pool.ok(OWNER, recover(ticket, 40_000));
    let due = |pool: &Pool, owner, class| pool.state.claimable(owner, ticket, 0, class).get();
    assert_eq!(due(&pool, ALICE, ClassKind::Active), 20_000);
    assert_eq!(due(&pool, ALICE, ClassKind::Queued), 10_000);
    assert_eq!(due(&pool, CAROL, ClassKind::Active), 10_000);
    assert_eq!(due(&pool, BOB, ClassKind::Active), 0);
    assert_eq!(due(&pool, AccountId(30), ClassKind::Active), 0);
    // Alice's balance at booking is her checkpoint 0, the transfer wrote the next one.
    let wrong = Error::WrongCheckpoint { ticket, index: 1 };
    assert_eq!(pool.err(ALICE, claim(ticket, 0, ClassKind::Active, 1)), wrong);
    let wrong = Error::WrongCheckpoint { ticket, index: 7 };
    assert_eq!(pool.err(ALICE, claim(ticket, 0, ClassKind::Active, 7)), wrong);
    pool.ok(ALICE, claim(ticket, 0, ClassKind::Active, 0));
    assert_eq!(pool.err(ALICE, claim(ticket, 0, ClassKind::Active, 0)), Error::NothingToClaim { ticket });
    // Bob's checkpoint came after the ticket.
    assert_eq!(
        pool.err(BOB, claim(ticket, 0, ClassKind::Active, 0)),
        Error::WrongCheckpoint { ticket, index: 0 }
    );
    // Years later the rest is still there.
    pool.wait(520 * EPOCH_SECONDS);
    pool.ok(CAROL, claim(ticket, 0, ClassKind::Active, 0));
    pool.ok(ALICE, claim(ticket, 0, ClassKind::Queued, 0));
    assert_eq!(pool.state.core().assigned, a(0));
}

#[test]
fn rule_6_2_each_ticket_uses_the_balance_of_its_own_time() {
    let mut pool = Pool::covered();
    pool.report(M1, 10_000);
    pool.ok(ALICE, Action::Transfer { tranche: 0, to: CAROL, shares: s(50_000_000) });
    pool.report(M1, 20_000);
    pool.ok(ALICE, Action::Transfer { tranche: 0, to: CAROL, shares: s(10_000_000) });
    pool.ok(ALICE, Action::Transfer { tranche: 0, to: CAROL, shares: s(10_000_000) });
    pool.report(M1, 30_000);
    for number in 0..3 {
        pool.ok(OWNER, recover(TicketId(number), 10_000));
        let due = pool.state.claimable(ALICE, TicketId(number), 0, ClassKind::Active).get();
        // Neither a larger balance from before nor one from after can be used.
        for index in (0..3).filter(|index| *index != number) {
            let wrong = Error::WrongCheckpoint { ticket: TicketId(number), index };
            assert_eq!(pool.err(ALICE, claim(TicketId(number), 0, ClassKind::Active, index)), wrong);
        }
        assert_eq!(due, [10_000, 5_000, 3_000][number as usize]);
        pool.ok(ALICE, claim(TicketId(number), 0, ClassKind::Active, number));
    }
    // Two transfers at one ticket count left one checkpoint.
    assert_eq!(
        pool.state.holders().track(0, ClassKind::Active, ALICE).len(pool.state.holders().histories()),
        3
    );
}

#[test]
fn rule_6_2_claims_round_down_over_all_that_was_recovered() {
    let mut pool = Pool::new();
    for owner in [ALICE, BOB, CAROL] {
        pool.deposit(0, owner, 1_000);
    }
    pool.next_epoch();
    pool.insure(&Quote { charge: a(100), premium: a(0), ..quote(M1) });
    pool.report(M1, 1_000);
    let ticket = pool.last_ticket();
    let mut claimed = 0;
    for (assets, due) in [(1, 0), (1, 0), (1, 1), (98, 32), (1, 1)] {
        pool.ok(OWNER, recover(ticket, assets));
        assert_eq!(pool.state.claimable(ALICE, ticket, 0, ClassKind::Active), a(due));
        if due > 0 {
            pool.ok(ALICE, claim(ticket, 0, ClassKind::Active, 0));
        }
        claimed += due;
    }
    assert_eq!(claimed, 102 / 3);
}

// ---- 6.3 auctions ----

#[test]
fn rule_6_3_a_lot_falls_from_start_to_floor_and_starts_again() {
    let mut pool = Pool::covered();
    pool.report(M1, 60_000);
    let ticket = pool.last_ticket();
    let open = |start, floor, duration| Action::OpenLot {
        ticket,
        goods: [4; 32],
        start: a(start),
        floor: a(floor),
        duration,
    };
    for bad in [open(100, 0, DAY), open(99, 100, DAY), open(100, 50, 3_599), open(100, 50, 30 * DAY + 1)] {
        assert_eq!(pool.err(REPORTER, bad), Error::LotOutOfBounds);
    }
    assert!(matches!(pool.err(CAROL, open(100, 50, DAY)), Error::NotAuthorised { .. }));
    let tokens = pool.state.core().tokens;
    pool.ok(REPORTER, open(1_000, 400, 10_000));
    // Goods are outside the books until sold.
    assert_eq!(pool.state.core().tokens, tokens);
    let opened = pool.now;
    let lot = seawall_engine::LotId(0);
    // 600 over 10,000 seconds: after 1 s 999.94 and so 1,000; at the end the next round begins.
    for (after, price) in
        [(0, 1_000), (1, 1_000), (17, 999), (5_000, 700), (9_999, 401), (10_000, 1_000), (25_000, 700)]
    {
        assert_eq!(pool.state.lots()[0].price(opened + after), a(price), "after {after}");
    }
    pool.wait(5_000);
    let buy = |price_max| Action::BuyLot { lot, price_max: a(price_max) };
    assert_eq!(pool.err(CAROL, buy(699)), Error::LotTooDear { price: a(700), most: a(699) });
    pool.ok(CAROL, buy(700));
    assert_eq!(pool.err(BOB, buy(1_000)), Error::NoSuchLot { lot });
    // The proceeds are a recovery.
    assert_eq!(pool.ticket(0).recovered.tranches[0], a(700));
}

// ---- 6.4 write-off ----

#[test]
fn rule_6_4_write_off_after_two_years_and_ninety_days_notice() {
    assert_eq!((WRITE_OFF_AFTER, WRITE_OFF_NOTICE), (2 * 365 * DAY, 90 * DAY));
    let mut pool = Pool::covered();
    pool.report(M1, 60_000);
    let (booked, ticket) = (pool.now, pool.last_ticket());
    pool.ok(OWNER, recover(ticket, 6_000));
    let announce = Action::AnnounceWriteOff { ticket };
    pool.at(booked + 730 * DAY - 1);
    assert_eq!(
        pool.err(OWNER, announce.clone()),
        Error::WriteOffTooEarly { ticket, from: booked + 730 * DAY }
    );
    pool.wait(1);
    assert!(matches!(pool.err(CAROL, announce.clone()), Error::NotAuthorised { .. }));
    pool.ok(OWNER, announce.clone());
    // A recovery voids the notice and the two years start again.
    pool.wait(DAY);
    pool.ok(CAROL, recover(ticket, 10));
    let again = pool.now + 730 * DAY;
    pool.wait(90 * DAY);
    assert!(matches!(pool.err(OWNER, Action::WriteOff { ticket }), Error::WriteOffTooEarly { .. }));
    assert_eq!(pool.err(OWNER, announce.clone()), Error::WriteOffTooEarly { ticket, from: again });
    pool.at(again);
    pool.ok(OWNER, announce.clone());
    pool.at(again + 90 * DAY - 1);
    assert_eq!(
        pool.err(OWNER, Action::WriteOff { ticket }),
        Error::WriteOffTooEarly { ticket, from: again + 90 * DAY }
    );
    pool.wait(1);
    pool.ok(CAROL, Action::WriteOff { ticket });
    assert_eq!(pool.err(OWNER, announce), Error::TicketClosed { ticket });
    // Later money goes to the reserve; what was credited stays claimable.
    let reserve = pool.reserve();
    pool.ok(CAROL, recover(ticket, 500));
    pool.ok(CAROL, Action::RecoverMarket { market: M1, assets: a(50), count: 9 });
    assert_eq!(pool.reserve() - reserve, 550);
    assert_eq!(pool.state.claimable(ALICE, ticket, 0, ClassKind::Active), a(6_010));
    pool.ok(ALICE, claim(ticket, 0, ClassKind::Active, 0));
}
