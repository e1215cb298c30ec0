//! Chapter 3 of the mechanism, second part: scarcity, required capital, streams, bonus, cancellation.

mod support;

use seawall_engine::{Action, Error, Event, Knot, MULTIPLIER_ONE, Quote, Rules, scarcity};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm};
use support::*;

const ONE: u64 = MULTIPLIER_ONE;

/// Flat to 50 %, then rising to twice at 80 % and four times at 100 %.
fn curve() -> Vec<Knot> {
    [(0, ONE), (500_000, ONE), (800_000, 2 * ONE), (1_000_000, 4 * ONE)]
        .map(|(at, multiplier)| Knot { at: Ppm::new(at), multiplier })
        .to_vec()
}

fn scarce() -> Pool {
    let mut own = rules();
    own.scarcity = curve();
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 400_000);
    pool.deposit(1, BOB, 600_000);
    pool.next_epoch();
    pool.report(M1, 0);
    pool.report(M2, 0);
    pool.report(M3, 0);
    pool
}

fn buy(pool: &mut Pool, terms: &Quote) -> Result<u128, Error> {
    let tokens = pool.state.core().tokens;
    pool.act(terms.buyer, Pool::buy_action(terms))?;
    Ok((pool.state.core().tokens - tokens).get())
}

// ---- 3.4 scarcity ----

#[test]
fn rule_3_4_the_premium_is_the_integral_of_the_multiplier() {
    // C = 1,000,000. Below half the quoted premium is the premium.
    let terms = |market, charge: u128, premium: u128| Quote {
        charge: a(charge),
        premium: a(premium),
        ..quote(market)
    };
    let mut pool = scarce();
    assert_eq!(buy(&mut pool, &terms(M1, 500_000, 10_000)), Ok(10_000));
    // From 500,000 to 800,000 the mean multiplier is 1.5.
    assert_eq!(buy(&mut pool, &terms(M2, 300_000, 10_000)), Ok(15_000));
    // From 800,000 to 1,000,000 it is 3, and that is all there is.
    assert_eq!(buy(&mut pool, &terms(M3, 200_000, 10_001)), Ok(30_003));
}

#[test]
fn rule_3_4_premiums_round_up() {
    let mut pool = scarce();
    let terms = Quote { charge: a(500_001), premium: a(10_000), ..quote(M1) };
    // (500,000 + 1 x (10^9 + floor(10^9 / 600,000)) / 10^9) / 500,001 of 10,000 is a little above 10,000.
    assert_eq!(buy(&mut pool, &terms), Ok(10_001));
}

#[test]
fn rule_3_4_splitting_an_order_gains_nothing() {
    let g = |required: u128| scarcity(&curve(), Assets::new(1_000_000), Assets::new(required)).unwrap();
    // G by hand at the knots: 500,000; + 300,000 x 1.5; + 200,000 x 3, each times 10^9.
    assert_eq!(
        [0, 500_000, 800_000, 1_000_000].map(|r| g(r).to::<u128>() / 1_000_000_000),
        [0, 500_000, 950_000, 1_550_000]
    );
    for (from, to, parts) in [(0, 900_000, 3), (450_000, 850_000, 7), (799_999, 800_001, 2)] {
        let whole = g(to) - g(from);
        let at = |part: u128| from + (to - from) * part / parts;
        let sum = (0..parts).map(|part| g(at(part + 1)) - g(at(part))).fold(g(0), |sum, rise| sum + rise);
        assert_eq!(sum, whole);
    }
    // And so in money: two orders of 150,000 for half the premium each cost at least one of 300,000.
    let order = |market, charge, premium| Quote { charge: a(charge), premium: a(premium), ..quote(market) };
    let mut pool = scarce();
    buy(&mut pool, &order(M1, 500_000, 0)).unwrap();
    let first = buy(&mut pool, &order(M2, 150_000, 5_000)).unwrap();
    let second = buy(&mut pool, &order(M3, 150_000, 5_000)).unwrap();
    assert_eq!((first, second), (6_250, 8_750));
    assert!(first + second >= 15_000);
}

#[test]
fn rule_3_4_empty_segments_are_skipped_and_the_last_multiplier_is_constant() {
    let knots =
        [(0, ONE), (1, 2 * ONE), (2, 3 * ONE)].map(|(at, multiplier)| Knot { at: Ppm::new(at), multiplier });
    // With a capital of ten, all knots fall on zero: what counts is the last multiplier.
    let g = scarcity(&knots, Assets::new(10), Assets::new(7)).unwrap();
    assert_eq!(g.to::<u128>(), 7 * 3 * 1_000_000_000);
}

#[test]
fn rule_3_4_capital_is_the_smaller_of_now_and_the_last_boundary() {
    let terms = Quote { charge: a(400_001), ..quote(M1) };
    // Brought for a moment: the boundary counts.
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    pool.deposit(1, CAROL, 1_000_000);
    let refused = Error::CapacityExceeded { required: a(400_001), capital: a(400_000) };
    assert_eq!(buy(&mut pool, &terms), Err(refused));
    pool.next_epoch();
    assert!(buy(&mut pool, &terms).is_ok());
    // Gone into the queue: now counts.
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    pool.request(BOB, 1, s(50_000_000));
    let terms = Quote { charge: a(350_001), ..quote(M1) };
    let refused = Error::CapacityExceeded { required: a(350_001), capital: a(350_000) };
    assert_eq!(buy(&mut pool, &terms), Err(refused));
    assert!(buy(&mut pool, &Quote { charge: a(350_000), ..terms }).is_ok());
}

#[test]
fn rule_3_4_the_buyer_names_the_most_it_pays() {
    let mut pool = scarce();
    buy(&mut pool, &Quote { charge: a(500_000), ..quote(M2) }).unwrap();
    let terms = Quote { charge: a(300_000), premium: a(10_000), ..quote(M1) };
    let order = |most| Action::BuyCover {
        quote: Box::new(terms.clone()),
        digest: [8; 32],
        signer: ACTUARY,
        premium_max: a(most),
    };
    let error = pool.err(INSURED, order(14_999));
    assert_eq!(error, Error::PremiumAboveMaximum { premium: a(15_000), most: a(14_999) });
    pool.ok(INSURED, order(15_000));
}

#[test]
fn rule_3_4_multipliers_never_decrease_over_rising_knots() {
    let refused = Err(Error::RuleOutOfBounds { parameter: "scarcity" });
    let cases: [&[(u32, u64)]; 4] =
        [&[(1, ONE)], &[(0, ONE - 1)], &[(0, 2 * ONE), (5, ONE)], &[(0, ONE), (7, ONE), (7, ONE)]];
    for knots in cases {
        let mut own = rules();
        own.scarcity = knots.iter().map(|&(at, multiplier)| Knot { at: Ppm::new(at), multiplier }).collect();
        assert_eq!(own.validate(), refused);
    }
}

// ---- 3.5 required capital ----

#[test]
fn rule_3_5_pending_policies_count_and_ended_ones_do_not() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    buy(&mut pool, &quote(M1)).unwrap();
    assert_eq!(pool.required(), 100_000);
    let end = pool.policy(M1).end;
    pool.at(end - 1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.required(), 100_000);
    pool.wait(1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.required(), 0);
}

#[test]
fn rule_3_5_a_ticket_lowers_the_charge_with_the_limit_rounded_up() {
    let mut pool = Pool::funded();
    pool.insure(&Quote { charge: a(70_001), ..quote(M1) });
    pool.report(M1, 33_333);
    // 70,001 x 66,667 / 100,000 = 46,667.57.
    assert_eq!(pool.required(), 46_668);
    pool.report(M1, 43_333);
    // From the charge at purchase again: 70,001 x 56,667 / 100,000 = 39,667.47.
    assert_eq!(pool.required(), 39_668);
}

#[test]
fn rule_3_5_neither_bonds_nor_the_mutual_layer_are_capital() {
    let mut pool = Pool::funded();
    let mut terms = Quote { charge: a(200_000), callable_bond: a(500_000), ..quote(M1) };
    (terms.deductible, terms.deductible_bond) = (a(90_000), a(90_000));
    pool.insure(&terms);
    pool.report(M2, 0);
    let refused = Error::CapacityExceeded { required: a(400_001), capital: a(400_000) };
    assert_eq!(buy(&mut pool, &Quote { charge: a(200_001), ..quote(M2) }), Err(refused));
    // A reserve is.
    pool.ok(OWNER, Action::FundReserve { assets: a(1) });
    pool.next_epoch();
    assert!(buy(&mut pool, &Quote { charge: a(200_001), ..quote(M2) }).is_ok());
}

#[test]
fn rule_3_5_the_junior_floor_is_a_share_of_required_capital_rounded_up() {
    let floor = |share| {
        let mut own = rules();
        own.junior_floor = Ppm::new(share);
        let mut pool = Pool::with(2, own);
        pool.deposit(0, ALICE, 10_000);
        pool.deposit(1, BOB, 300_000);
        pool.next_epoch();
        pool.report(M1, 0);
        buy(&mut pool, &quote(M1))
    };
    assert!(floor(100_000).is_ok());
    // 10.0001 % of 100,000 is 10,000.1.
    let refused = Error::JuniorFloor { junior: a(10_000), floor: a(10_001) };
    assert_eq!(floor(100_001), Err(refused));
}

#[test]
fn rule_3_5_a_broken_floor_blocks_purchases_and_junior_exits_only() {
    let mut pool = Pool::covered();
    let junior = pool.request(ALICE, 0, s(1_000_000));
    let senior = pool.request(BOB, 1, s(10_000_000));
    // 95,000 of 100,000 junior assets go; the charge falls with the limit to 5,000, so cover is added first.
    pool.report(M2, 0);
    buy(&mut pool, &Quote { charge: a(90_000), ..quote(M2) }).unwrap();
    pool.report(M1, 95_000);
    pool.wait(14 * DAY);
    assert!(pool.active(0) + pool.queued(0) < 9_500);
    pool.report(M3, 0);
    assert!(
        matches!(buy(&mut pool, &quote(M3)), Err(Error::JuniorFloor { floor, .. }) if floor == a(19_500))
    );
    pool.ok(OWNER, Action::ClearExits { count: 9 });
    let cleared = |exit| pool.state.exit(exit).unwrap().cleared.get();
    assert_eq!((cleared(junior), cleared(senior)), (0, 10_000));
    // Deposits and settlement go on.
    pool.deposit(0, CAROL, 1_000);
    pool.report(M1, 96_000);
}

// ---- 3.6 streams ----

#[test]
fn rule_3_6_premium_is_earned_by_the_second_to_the_last_unit() {
    // 7,777 over 13 epochs, a third to each tranche, the remainder to the reserve.
    let third = Ppm::new(333_333);
    let mut pool = Pool::funded();
    let terms = Quote { premium: a(7_777), split: [third, third, Ppm::ZERO, Ppm::ZERO], ..quote(M1) };
    pool.insure(&terms);
    let (start, end) = (pool.policy(M1).start, pool.policy(M1).end);
    let part = 7_777 * 333_333 / 1_000_000_u128;
    assert_eq!(part, 2_592);
    let term = u128::from(end - start);
    let rate = (part << 64) / term;
    let carry = (part << 64) - rate * term;
    for elapsed in [1, 3_599, 86_400, 604_799, 604_800, 604_801, 5_000_000, end - start - 1, end - start] {
        pool.at(start + elapsed);
        pool.ok(OWNER, Action::Sync);
        let earned = (carry + rate * u128::from(elapsed)) >> 64;
        assert_eq!((pool.active(0), pool.active(1)), (100_000 + earned, 300_000 + earned), "after {elapsed}");
    }
    // At the end all is earned: nothing is left over, the remainder of the split went to the reserve.
    assert_eq!(pool.state.core().unearned(), a(0));
    assert_eq!(pool.reserve(), 7_777 - 2 * 2_592);
}

#[test]
fn rule_3_6_nothing_is_earned_before_the_start_or_after_the_end() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    buy(&mut pool, &quote(M1)).unwrap();
    let (start, end) = (pool.policy(M1).start, pool.policy(M1).end);
    pool.at(start);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.active(0), 100_000);
    assert_eq!(pool.state.core().unearned(), a(13_000));
    // However late the pool looks.
    pool.at(end + 40 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!((pool.active(0), pool.active(1)), (106_500, 306_500));
}

#[test]
fn rule_3_6_unearned_is_what_the_streams_still_owe() {
    let mut pool = Pool::covered();
    pool.report(M2, 0);
    buy(&mut pool, &Quote { premium: a(9_999), term_epochs: 5, ..quote(M2) }).unwrap();
    let second = pool.policy(M2).clone();
    let first = pool.policy(M1).clone();
    for step in 0..40 {
        pool.wait(EPOCH_SECONDS / 3 + step * 1_000);
        pool.ok(OWNER, Action::Sync);
        let stream = pool.state.core().streams[0];
        let owed =
            |rate: u128, start: u64, end: u64| rate * u128::from(end.saturating_sub(pool.now.max(start)));
        let to_come =
            owed(first.rates[0], first.start, first.end) + owed(second.rates[0], second.start, second.end);
        assert_eq!(stream.unearned.get() << 64, to_come + stream.carry);
    }
    assert_eq!(pool.state.core().unearned(), a(0));
}

#[test]
fn rule_3_6_how_often_accrual_runs_changes_nothing() {
    let (mut often, mut once) = (Pool::covered(), Pool::covered());
    let until = often.now + 2 * EPOCH_SECONDS;
    while often.now < until {
        often.wait(7_200);
        often.ok(OWNER, Action::Sync);
    }
    once.at(often.now);
    once.ok(OWNER, Action::Sync);
    assert_eq!(often.state.core(), once.state.core());
}

#[test]
fn rule_3_6_the_fee_is_a_part_of_premium_earned_at_accrual() {
    let mut own: Rules = rules();
    own.fee = Ppm::new(123_456);
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 400_000);
    pool.next_epoch();
    pool.insure(&Quote { split: [Ppm::ONE, Ppm::ZERO, Ppm::ZERO, Ppm::ZERO], ..quote(M1) });
    assert_eq!(pool.err(CAROL, Action::CollectFees), Error::NoFees);
    pool.wait(EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    // 12.3456 % of 1,000, rounded down.
    assert_eq!((pool.state.core().fees, pool.active(0)), (a(123), 400_877));
    // Accrued hour by hour the fee is the same: what one accrual rounds off counts in the next.
    for _ in 0..12 * 24 * 7 {
        pool.wait(3_600);
        pool.ok(OWNER, Action::Sync);
    }
    assert_eq!(pool.now, pool.policy(M1).end);
    pool.ok(CAROL, Action::CollectFees);
    // Of all 13,000: 1,604.928.
    assert_eq!(pool.state.core().tokens, a(413_000 - 1_604));
}

#[test]
fn rule_3_6_streams_whose_rates_do_not_fit_together_are_refused() {
    let mut pool = Pool::funded();
    // A rate of 2^64 - 1 units a second in one stream; a second one would leave 128 bits.
    let premium = u128::from(u64::MAX) * 604_800;
    let split = [Ppm::ONE, Ppm::ZERO, Ppm::ZERO, Ppm::ZERO];
    let terms = |market| Quote { term_epochs: 1, premium: a(premium), split, charge: a(10), ..quote(market) };
    pool.report(M1, 0);
    pool.report(M2, 0);
    buy(&mut pool, &terms(M1)).unwrap();
    assert_eq!(buy(&mut pool, &terms(M2)), Err(Error::Overflow));
    pool.wait(2 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.state.core().unearned(), a(0));
}

// ---- 3.7 bonus and cancellation ----

fn with_bonus() -> Pool {
    let mut pool = Pool::funded();
    pool.insure(&Quote { bonus_share: Ppm::new(100_001), ..quote(M1) });
    pool
}

#[test]
fn rule_3_7_the_bonus_is_set_aside_rounded_down_and_never_streamed() {
    let mut pool = with_bonus();
    // 10.0001 % of 13,000 = 1,300.013.
    assert_eq!(pool.state.core().bonus, a(1_300));
    assert_eq!(pool.state.core().unearned(), a(11_700));
    pool.at(pool.policy(M1).end - 1);
    pool.ok(OWNER, Action::Sync);
    assert_eq!(pool.state.core().bonus, a(1_300));
}

#[test]
fn rule_3_7_finalise_pays_the_bonus_only_when_nothing_happened() {
    let finalised = |events: &[Event]| {
        events.iter().find_map(|event| match event {
            Event::PolicyFinalised { bonus_paid, bonus_kept, .. } => {
                Some((bonus_paid.get(), bonus_kept.get()))
            }
            _ => None,
        })
    };
    // Nothing happened; a second before the end it is too early.
    let mut pool = with_bonus();
    let end = pool.policy(M1).end;
    pool.at(end - 1);
    let error = pool.err(CAROL, Action::Finalise { market: M1 });
    assert_eq!(error, Error::CannotFinalise { market: M1, why: "it has not ended" });
    pool.at(end);
    assert_eq!(finalised(&pool.ok(CAROL, Action::Finalise { market: M1 })), Some((1_300, 0)));
    let error = pool.err(CAROL, Action::Finalise { market: M1 });
    assert_eq!(error, Error::CannotFinalise { market: M1, why: "there is none" });
    // The counter moved after the last booking: to the reserve.
    let mut pool = with_bonus();
    pool.report(M1, 9);
    pool.at(end);
    assert_eq!(finalised(&pool.ok(CAROL, Action::Finalise { market: M1 })), Some((0, 1_300)));
    // A ticket: it went to the reserve then, before the waterfall.
    let mut pool = with_bonus();
    pool.report(M1, 1_000);
    assert_eq!((pool.ticket(0).lost.reserve, pool.ticket(0).lost.tranches[0]), (a(1_000), a(0)));
    assert_eq!((pool.reserve(), pool.state.core().bonus), (300, a(0)));
    pool.at(end);
    assert_eq!(finalised(&pool.ok(CAROL, Action::Finalise { market: M1 })), Some((0, 0)));
}

#[test]
fn rule_3_7_finalise_needs_a_reading_until_the_source_was_silent_for_four_epochs() {
    let mut pool = Pool::funded();
    let terms = Quote { source: adapter(), bonus_share: Ppm::new(100_000), ..quote(M1) };
    pool.insure_reading(&terms, &[seawall_engine::Reading::of(M1, 0)]);
    let end = pool.policy(M1).end;
    pool.at(end + 4 * EPOCH_SECONDS - 1);
    let error = pool.err(INSURED, Action::Finalise { market: M1 });
    assert_eq!(error, Error::CannotFinalise { market: M1, why: "its market was not read" });
    let mut read = Pool { state: pool.state.clone(), now: pool.now };
    read.reading(INSURED, Action::Finalise { market: M1 }, &[seawall_engine::Reading::of(M1, 0)]).unwrap();
    assert_eq!(read.reserve(), 0);
    pool.wait(1);
    pool.ok(INSURED, Action::Finalise { market: M1 });
    assert_eq!(pool.reserve(), 1_300);
}

#[test]
fn rule_3_7_cancelling_takes_effect_at_the_next_boundary() {
    let mut pool = Pool::covered();
    let start = pool.policy(M1).start;
    pool.wait(EPOCH_SECONDS + 1);
    assert!(matches!(pool.err(CAROL, Action::Cancel { market: M1 }), Error::NotAuthorised { .. }));
    let tokens = pool.state.core().tokens.get();
    pool.ok(INSURED, Action::Cancel { market: M1 });
    // 11 epochs are left: each tranche's x = floor(rate x rest / 2^64) = 5,499, as the rate is rounded down.
    let rest = 11 * 604_800;
    let x = (((6_500_u128 << 64) / (13 * 604_800)) * rest) >> 64;
    assert_eq!(x, 5_499);
    assert_eq!(tokens - pool.state.core().tokens.get(), 2 * x * 900_000 / 1_000_000);
    assert_eq!(pool.policy(M1).end, start + 2 * EPOCH_SECONDS);
    // It still pays and earns until the boundary, and not after.
    pool.at(start + 2 * EPOCH_SECONDS - 1);
    pool.report(M1, 500);
    assert_eq!(pool.state.tickets().len(), 1);
    pool.wait(1);
    pool.report(M1, 1_500);
    assert_eq!((pool.state.tickets().len(), pool.required()), (1, 0));
    let error = pool.err(INSURED, Action::Cancel { market: M1 });
    assert_eq!(error, Error::CannotCancel { market: M1, why: "none is open" });
    pool.wait(20 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    // All of the 6,500 but x was earned: the fraction of x stayed in the carry.
    assert_eq!(pool.active(1), 300_000 + 6_500 - x);
}

#[test]
fn rule_3_7_a_policy_with_a_ticket_or_an_open_estimate_cannot_be_cancelled() {
    let mut pool = Pool::covered();
    let refused = |why| Error::CannotCancel { market: M1, why };
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(10), expiry: pool.now + DAY });
    assert_eq!(pool.err(INSURED, Action::Cancel { market: M1 }), refused("a latent estimate is open"));
    pool.report(M1, 10);
    assert_eq!(pool.err(INSURED, Action::Cancel { market: M1 }), refused("a ticket was booked"));
    let mut pool = Pool::covered();
    pool.at(pool.policy(M1).end - 1);
    assert_eq!(
        pool.err(INSURED, Action::Cancel { market: M1 }),
        refused("it ends at the next boundary anyway")
    );
}

#[test]
fn rule_3_7_a_policy_cancelled_before_its_start_never_earns() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    pool.wait(100);
    buy(&mut pool, &Quote { bonus_share: Ppm::new(100_000), ..quote(M1) }).unwrap();
    let events = pool.ok(INSURED, Action::Cancel { market: M1 });
    assert!(events.iter().any(|event| matches!(event, Event::PolicyCancelled(_))));
    pool.wait(20 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    // The bonus is forfeited with it: 1,300 and the fee of a tenth of what was streamed.
    assert!(pool.active(0) <= 100_001 && pool.active(1) <= 300_001);
    assert!((2_470..=2_472).contains(&pool.reserve()), "{}", pool.reserve());
    assert_eq!(pool.err(OWNER, Action::Activate { market: M1 }), Error::NothingToActivate { market: M1 });
}
