//! Chapter 4 of the mechanism: counters, stale markets, the arithmetic of a claim, tickets.

mod support;

use seawall_engine::{Action, Command, Error, Event, ExitId, LevelCounter, MarketId, Quote, Reading};
use seawall_fixed::{EPOCH_SECONDS, Overflow, Ppm};
use support::*;

// ---- 4.1 counters ----

#[test]
fn rule_4_1_a_counter_adds_every_rise_of_a_level_and_no_fall() {
    let mut counter = LevelCounter::default();
    let levels = [(100, 100), (100, 100), (70, 100), (90, 120), (0, 120), (5, 125)];
    for (level, cum) in levels {
        assert_eq!(counter.poke(level), Ok(cum), "level {level}");
    }
    // A payment lowers the level in the same call; what it leaves behind is no new loss, what comes after is.
    counter.poke(1_005).unwrap();
    assert_eq!(counter.cum, 1_125);
    counter.paid(400);
    assert_eq!(counter.poke(400), Ok(1_125));
    assert_eq!(counter.poke(450), Ok(1_175));
}

#[test]
fn rule_4_1_a_counter_stops_at_128_bits_without_changing() {
    let mut counter = LevelCounter { cum: u128::MAX, last: 5 };
    assert_eq!(counter.poke(6), Err(Overflow));
    assert_eq!(counter, LevelCounter { cum: u128::MAX, last: 5 });
    assert_eq!(counter.poke(4), Ok(u128::MAX));
}

#[test]
fn rule_4_1_only_reporters_post_readings_and_their_evidence_is_kept() {
    let mut pool = Pool::covered();
    let report = Action::Report { reading: Reading::of(M1, 500), evidence: [5; 32] };
    for caller in [INSURED, OWNER, RISK, CAROL] {
        assert_eq!(pool.err(caller, report.clone()), Error::NotAuthorised { caller, role: "a reporter" });
    }
    pool.ok(REPORTER, report);
    assert_eq!((pool.ticket(0).evidence, pool.ticket(0).counter), ([5; 32], 500));
    // What an adapter reads cannot be reported, and what is reported cannot ride along as a reading.
    let mut pool = Pool::funded();
    let calm = [Reading::of(M1, 0)];
    pool.insure_reading(&Quote { source: adapter(), ..quote(M1) }, &calm);
    let report = Action::Report { reading: Reading::of(M1, 500), evidence: [5; 32] };
    assert_eq!(pool.reading(REPORTER, report, &calm), Err(Error::ReadingNotReported { market: M1 }));
    let mut pool = Pool::covered();
    let typed_in = pool.reading(INSURED, Action::Sync, &[Reading::of(M1, 500)]);
    assert_eq!(typed_in, Err(Error::ReadingNotReported { market: M1 }));
}

// ---- 4.2 sync and stale markets ----

#[test]
fn rule_4_2_at_most_sixteen_markets() {
    let mut pool = Pool::funded();
    for market in 1..=17 {
        pool.report(MarketId(market), 0);
        let terms = Quote { charge: a(10), ..quote(MarketId(market)) };
        let bought = pool.act(INSURED, Pool::buy_action(&terms));
        if market <= 16 {
            assert!(bought.is_ok());
        } else {
            assert_eq!(bought, Err(Error::TooManyMarkets));
        }
    }
    // A successor in one of them needs no new place.
    assert!(pool.act(INSURED, Pool::buy_action(&Quote { charge: a(10), nonce: 1, ..quote(M1) })).is_ok());
}

/// Two adapter markets in force.
fn two_adapters() -> (Pool, [Reading; 2]) {
    let mut pool = Pool::funded();
    let calm = [Reading::of(M1, 0), Reading::of(M2, 0)];
    pool.insure_reading(&Quote { source: adapter(), charge: a(50_000), ..quote(M1) }, &calm[..1]);
    pool.insure_reading(&Quote { source: adapter(), charge: a(50_000), ..quote(M2) }, &calm);
    (pool, calm)
}

#[test]
fn rule_4_2_every_command_carries_one_reading_of_each_market_in_ascending_order() {
    let (mut pool, calm) = two_adapters();
    assert_eq!(pool.reading(OWNER, Action::Sync, &calm[..1]), Err(Error::ReadingMissing { market: M2 }));
    assert_eq!(pool.reading(OWNER, Action::Sync, &calm[1..]), Err(Error::ReadingMissing { market: M1 }));
    assert_eq!(pool.reading(OWNER, Action::Sync, &[]), Err(Error::ReadingMissing { market: M1 }));
    let turned = [calm[1], calm[0]];
    assert_eq!(pool.reading(OWNER, Action::Sync, &turned), Err(Error::ReadingRepeated { market: M1 }));
    let twice = [calm[0], calm[0], calm[1]];
    assert_eq!(pool.reading(OWNER, Action::Sync, &twice), Err(Error::ReadingRepeated { market: M1 }));
    assert!(pool.reading(OWNER, Action::Sync, &calm).is_ok());
}

#[test]
fn rule_4_2_a_failed_or_falling_read_makes_a_market_stale_and_books_nothing() {
    let (mut pool, calm) = two_adapters();
    pool.reading(OWNER, Action::Sync, &[Reading::of(M1, 5), calm[1]]).unwrap();
    let falling = Reading { recovered: 3, ..Reading::of(M1, 4) };
    let forgotten = Reading { recovered: 3, ..Reading::of(M1, 5) };
    pool.reading(OWNER, Action::Sync, &[forgotten, calm[1]]).unwrap();
    for bad in [Reading::failed(M1), falling, Reading { recovered: 2, ..Reading::of(M1, 5_000) }] {
        let mut pool = Pool { state: pool.state.clone(), now: pool.now };
        // The other market is still booked.
        pool.reading(OWNER, Action::Sync, &[bad, Reading::of(M2, 700)]).unwrap();
        assert!(pool.state.market(M1).unwrap().stale);
        assert_eq!(pool.state.tickets().len(), 1);
        assert_eq!(pool.state.core().stale, 1);
        // A good one ends it, and what was lost meanwhile is booked then.
        let good = Reading { recovered: 3, ..Reading::of(M1, 905) };
        pool.reading(OWNER, Action::Sync, &[good, Reading::of(M2, 700)]).unwrap();
        assert_eq!(pool.state.core().stale, 0);
        assert_eq!(pool.ticket(1).gross, a(905));
    }
}

#[test]
fn rule_4_2_a_stale_market_refuses_deposits_and_purchases_and_never_blocks_an_exit() {
    let (mut pool, calm) = two_adapters();
    pool.deposit_reading(&calm);
    let bad = [Reading::failed(M1), calm[1]];
    let deposit = Action::Deposit { tranche: 0, owner: CAROL, assets: a(100) };
    assert_eq!(pool.reading(CAROL, deposit, &bad), Err(Error::MarketsStale { count: 1 }));
    let terms = Quote { source: adapter(), nonce: 1, ..quote(M2) };
    let bought = pool.reading(INSURED, Pool::buy_action(&terms), &bad);
    assert_eq!(bought, Err(Error::MarketsStale { count: 1 }));
    let request = Action::RequestExit { tranche: 0, shares: s(20_000_000) };
    pool.reading(ALICE, request, &bad).unwrap();
    // Still stale, it clears and is paid at its deadline, when the cover that could lose has ended.
    pool.wait(15 * EPOCH_SECONDS);
    pool.reading(OWNER, Action::ClearExits { count: 1 }, &bad).unwrap();
    let events = pool.reading(ALICE, Action::ClaimExit { exit: ExitId(0) }, &bad).unwrap();
    assert_eq!(Pool::paid_to_leaver(&events), pool.state.exit(ExitId(0)).unwrap().shares.get());
}

impl Pool {
    /// A deposit with readings along; it must be accepted.
    fn deposit_reading(&mut self, readings: &[Reading]) {
        let deposit = Action::Deposit { tranche: 0, owner: CAROL, assets: a(100) };
        self.reading(CAROL, deposit, readings).unwrap();
    }
}

#[test]
fn rule_4_2_exits_treat_the_worst_case_of_a_stale_market_as_latent() {
    let mut pool = Pool::funded();
    // At most 30,000 an event, of which the insured keeps a tenth: 27,000 of 100,000 junior assets.
    let terms = Quote {
        source: adapter(),
        event_limit: a(30_000),
        coinsurance: Ppm::new(100_000),
        premium: a(0),
        charge: a(50_000),
        ..quote(M1)
    };
    let calm = [Reading::of(M1, 0)];
    pool.insure_reading(&terms, &calm);
    pool.reading(ALICE, Action::RequestExit { tranche: 0, shares: s(50_000_000) }, &calm).unwrap();
    let exit = ExitId(0);
    pool.wait(14 * DAY);
    let bad = [Reading::failed(M1)];
    pool.reading(OWNER, Action::ClearExits { count: 1 }, &bad).unwrap();
    let events = pool.reading(ALICE, Action::ClaimExit { exit }, &bad).unwrap();
    assert_eq!(Pool::paid_to_leaver(&events), 50_000 * 73 / 100);
    // Once it is read again the rest is paid.
    let events = pool.reading(ALICE, Action::ClaimExit { exit }, &calm).unwrap();
    assert_eq!(Pool::paid_to_leaver(&events), 50_000 * 27 / 100);
}

#[test]
fn rule_4_2_cover_for_a_market_that_is_stale_already_is_refused() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    pool.ok(REPORTER, Action::Report { reading: Reading::failed(M1), evidence: [1; 32] });
    // It is not insured yet, so it does not count among the insured markets that are stale.
    assert_eq!(pool.state.core().stale, 0);
    assert_eq!(pool.err(INSURED, Pool::buy_action(&quote(M1))), Error::MarketStale { market: M1 });
    pool.report(M1, 0);
    pool.ok(INSURED, Pool::buy_action(&quote(M1)));
}

// ---- 4.3 one claim ----

#[test]
fn rule_4_3_the_parts_of_a_loss_by_hand() {
    // Deductible 1,000 of which 600 are bonded, 12.5 % coinsurance, event limit 20,000, limit 30,000.
    let mut pool = Pool::funded();
    pool.insure(&Quote {
        deductible: a(1_000),
        deductible_bond: a(600),
        coinsurance: Ppm::new(125_000),
        event_limit: a(20_000),
        limit: a(30_000),
        ..quote(M1)
    });
    let parts = |pool: &Pool, number| {
        let ticket = pool.ticket(number);
        let lost = ticket.lost;
        let paid: u128 = lost.reserve.get() + lost.tranches.iter().map(|part| part.get()).sum::<u128>();
        (lost.deductible.get(), lost.coinsured.get(), ticket.over_limit.get(), paid, ticket.residual.get())
    };
    // 700: within the deductible; 600 from the bond, 100 of a bond that is short: residual, not the layers'.
    pool.report(M1, 700);
    assert_eq!(parts(&pool, 0), (600, 0, 0, 0, 100));
    // 5,003 more: 300 deductible (residual), 4,703 eligible: floor(4,703 x 7/8) = 4,115.
    pool.report(M1, 5_703);
    assert_eq!(parts(&pool, 1), (0, 588, 0, 4_115, 300));
    // 20,000 more: 15,297 is left of the event: floor(20,000 x 7/8) - 4,115 = 13,385.
    pool.report(M1, 25_703);
    assert_eq!(parts(&pool, 2), (0, 15_297 - 13_385, 4_703, 13_385, 0));
    // Two epochs on the event is over; 10,000 of the limit are left: floor(30,000 x 7/8) - 17,500 = 8,750.
    pool.wait(2 * EPOCH_SECONDS);
    pool.report(M1, 45_703);
    assert_eq!(parts(&pool, 3), (0, 1_250, 10_000, 8_750, 0));
    assert_eq!(pool.policy(M1).limit_left, a(0));
}

#[test]
fn rule_4_3_an_event_is_this_and_the_previous_epoch() {
    for (wait, left) in [(EPOCH_SECONDS - 1, 0), (2 * EPOCH_SECONDS - 1, 0), (2 * EPOCH_SECONDS, 20_000)] {
        let mut pool = Pool::funded();
        pool.insure(&Quote { event_limit: a(20_000), ..quote(M1) });
        pool.report(M1, 20_000);
        pool.wait(wait);
        pool.report(M1, 50_000);
        assert_eq!(
            pool.ticket(1).lost.tranches[0].get() + pool.ticket(1).lost.reserve.get(),
            left,
            "after {wait}"
        );
        assert_eq!(pool.ticket(1).over_limit.get(), 30_000 - left);
    }
}

#[test]
fn rule_4_3_below_the_smallest_ticket_nothing_is_booked_and_nothing_is_lost() {
    let mut pool = Pool::covered();
    pool.report(M1, 9);
    assert_eq!((pool.state.tickets().len(), pool.policy(M1).seen), (0, 0));
    pool.report(M1, 18);
    assert_eq!((pool.ticket(0).gross, pool.policy(M1).seen), (a(18), 18));
}

#[test]
fn rule_4_3_the_result_does_not_depend_on_how_often_it_is_called() {
    let terms =
        Quote { deductible: a(333), deductible_bond: a(333), coinsurance: Ppm::new(333_333), ..quote(M1) };
    let mut once = Pool::funded();
    once.insure(&terms);
    let mut often = Pool { state: once.state.clone(), now: once.now };
    once.report(M1, 10_010);
    let mut counter = 0;
    while counter < 10_010 {
        counter = (counter + 11).min(10_010);
        often.report(M1, counter);
    }
    let paid = |pool: &Pool| pool.policy(M1).paid_cum.get();
    // floor(9,677 x 666,667 / 10^6) = 6,451.
    assert_eq!((paid(&once), paid(&often)), (6_451, 6_451));
    assert!(often.state.tickets().len() > 900);
    assert_eq!(often.active(0), once.active(0));
}

#[test]
fn rule_4_3_gross_is_the_sum_of_its_parts_exactly() {
    for gross in [10, 11, 999, 1_000, 12_345, 99_999, 250_000, 600_001] {
        let mut pool = Pool::funded();
        pool.ok(OWNER, Action::FundReserve { assets: a(777) });
        pool.insure(&Quote {
            limit: a(500_000),
            event_limit: a(450_000),
            deductible: a(1_000),
            deductible_bond: a(400),
            coinsurance: Ppm::new(77_777),
            callable_bond: a(3_333),
            ..quote(M1)
        });
        pool.report(M1, gross);
        let lost = pool.ticket(0).lost;
        let layers = lost.reserve.get() + lost.tranches.iter().map(|part| part.get()).sum::<u128>();
        let paid = lost.deductible.get() + layers + lost.own_bond.get() + lost.called.get();
        let ticket = pool.ticket(0);
        assert_eq!(paid + lost.coinsured.get() + ticket.over_limit.get() + ticket.residual.get(), gross);
        assert_eq!(ticket.gross.get(), gross);
    }
}

// ---- 4.5, 4.6, 4.7 payment and record ----

#[test]
fn rule_4_5_what_is_not_accepted_is_set_aside_for_that_market_alone() {
    let (mut pool, calm) = two_adapters();
    let loss = [Reading { accepts: Some(300), ..Reading::of(M1, 1_000) }, calm[1]];
    let events = pool.reading(OWNER, Action::Sync, &loss).unwrap();
    // Booked before it is paid, and paid in the same command.
    let place = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    assert!(
        place(|event| matches!(event, Event::TicketBooked(_)))
            < place(|event| matches!(event, Event::MarketPaid { .. }))
    );
    assert_eq!(Pool::paid_to_market(&events, M1), 300);
    assert_eq!(
        (pool.state.market(M1).unwrap().set_aside, pool.state.market(M2).unwrap().set_aside),
        (a(700), a(0))
    );
    // Anyone can retry; nobody can name another destination; other markets' payments do not touch it.
    let full = [Reading { accepts: Some(0), ..loss[0] }, calm[1]];
    assert_eq!(
        pool.reading(CAROL, Action::PayMarket { market: M1 }, &full),
        Err(Error::NothingSetAside { market: M1 })
    );
    let other = [full[0], Reading::of(M2, 500)];
    pool.reading(OWNER, Action::Sync, &other).unwrap();
    assert_eq!(pool.state.market(M1).unwrap().set_aside, a(700));
    let open = [Reading::of(M1, 1_000), other[1]];
    let events = pool.reading(CAROL, Action::PayMarket { market: M1 }, &open).unwrap();
    assert!(events.iter().any(|event| {
        matches!(event, Event::MarketPaid { market: M1, destination: MARKET, assets } if *assets == a(700))
    }));
    assert_eq!(
        pool.reading(CAROL, Action::PayMarket { market: MarketId(9) }, &open),
        Err(Error::NoSuchMarket { market: MarketId(9) })
    );
}

#[test]
fn rule_4_5_tokens_fall_by_exactly_what_was_accepted() {
    let (mut pool, calm) = two_adapters();
    let before = pool.state.core().tokens.get();
    let loss = [Reading { accepts: Some(299), ..Reading::of(M1, 1_000) }, calm[1]];
    pool.reading(OWNER, Action::Sync, &loss).unwrap();
    assert_eq!(before - pool.state.core().tokens.get(), 299);
}

#[test]
fn rule_4_6_the_ticket_records_everything() {
    let mut pool = Pool::covered();
    pool.wait(DAY);
    pool.request(ALICE, 0, s(20_000_000));
    let reading = Reading { supplied: 3_000_000, ..Reading::of(M1, 150_000) };
    pool.ok(REPORTER, Action::Report { reading, evidence: [6; 32] });
    let ticket = pool.ticket(0);
    assert_eq!((ticket.market, ticket.buyer, ticket.destination), (M1, INSURED, MARKET));
    assert_eq!((ticket.time, ticket.counter, ticket.evidence), (pool.now, 150_000, [6; 32]));
    assert_eq!((ticket.gross, ticket.over_limit, ticket.residual), (a(150_000), a(50_000), a(0)));
    // Junior assets were 80,000 + a day's premium of 71 active and 20,000 queued.
    assert_eq!((ticket.active[0].supply, ticket.queued[0].supply), (s(80_000_000), s(20_014)));
    assert_eq!(ticket.active[0].loss + ticket.queued[0].loss, ticket.lost.tranches[0]);
    // Lenders bear 50,000 of 3,000,000, in millionths rounded up.
    assert_eq!((ticket.supplied, ticket.haircut), (3_000_000, 16_667));
}

#[test]
fn rule_4_6_the_haircut_rounds_up_and_ends_at_the_whole() {
    for (supplied, haircut) in
        [(0, 0), (1, 1_000_000), (49_999, 1_000_000), (50_000, 1_000_000), (50_001, 999_981)]
    {
        let mut pool = Pool::covered();
        let reading = Reading { supplied, ..Reading::of(M1, 150_000) };
        pool.ok(REPORTER, Action::Report { reading, evidence: [6; 32] });
        assert_eq!(pool.ticket(0).haircut, haircut, "supplied {supplied}");
    }
}

#[test]
fn rule_4_7_no_command_moves_principal_but_a_loss_or_its_own_exit() {
    let mut pool = Pool::covered();
    let principal = |pool: &Pool| (pool.active(0) + pool.queued(0), pool.active(1) + pool.queued(1));
    let before = principal(&pool);
    // Everything that privileged callers can do, and what anyone can ask for.
    let own = rules();
    let acts: Vec<(_, Action)> = vec![
        (OWNER, Action::AnnounceRules { rules: Box::new(own) }),
        (GUARDIAN, Action::Pause { until: pool.now + DAY }),
        (ACTUARY, Action::RevokeQuotes { market: M1, nonce: 9 }),
        (RISK, Action::PostEstimate { market: M1, amount: a(90_000), expiry: pool.now + DAY }),
        (REPORTER, Action::Report { reading: Reading::of(M2, 1_000_000), evidence: [1; 32] }),
        (OWNER, Action::Sync),
    ];
    for (caller, action) in acts {
        pool.run(&Command::new(caller, action)).unwrap();
        assert_eq!(principal(&pool), before);
    }
    for action in [Action::CollectFees, Action::PayMarket { market: M1 }, Action::StreamSurplus] {
        assert!(pool.act(OWNER, action).is_err());
        assert_eq!(principal(&pool), before);
    }
    pool.report(M1, 1_000);
    assert_eq!(principal(&pool), (before.0 - 1_000, before.1));
}
