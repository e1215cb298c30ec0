//! Defects that random commands found, each as the shortest story that shows it.

mod support;

use seawall_engine::{Action, Command, Error, Quote, Reading, Source};
use support::{M1, M2, OWNER, Pool, a, quote, rules};

/// Two premiums of 2^82 units each stream less than 2^128 / 2^64 units a second, together more.
#[test]
fn rates_that_add_up_to_more_than_128_bits_are_refused_at_purchase() {
    let mut pool = Pool::with(1, rules());
    pool.deposit(0, support::ALICE, 1 << 90);
    pool.wait(2 * seawall_fixed::EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    pool.report(M1, 0);
    pool.report(M2, 0);
    let split = [
        seawall_fixed::Ppm::ONE,
        seawall_fixed::Ppm::ZERO,
        seawall_fixed::Ppm::ZERO,
        seawall_fixed::Ppm::ZERO,
    ];
    let dear = Quote { premium: a(1 << 83), term_epochs: 1, split, ..quote(M1) };
    pool.ok(dear.buyer, Pool::buy_action(&dear));
    let dearer = Quote { market: M2, ..dear };
    assert_eq!(pool.err(dearer.buyer, Pool::buy_action(&dearer)), Error::Overflow);
    pool.wait(30 * seawall_fixed::EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
}

/// A sync sets off what the source kept and gives it to the oldest ticket; a payment for the same ticket in the
/// same command must see that.
#[test]
fn a_set_off_and_a_payment_in_one_command_do_not_recover_a_ticket_twice() {
    let mut pool = Pool::funded();
    let source = Source::Adapter { code: [3; 32], conversion: None };
    let cover = Quote { source, ..quote(M1) };
    let seen = |counter, recovered| vec![Reading { recovered, accepts: Some(0), ..Reading::of(M1, counter) }];
    let run = |pool: &mut Pool, caller, action, readings| {
        let command = Command { readings, ..Command::new(caller, action) };
        pool.run(&command).map(|_| ())
    };
    run(&mut pool, cover.buyer, Pool::buy_action(&cover), seen(0, 0)).unwrap();
    pool.now = pool.state.market(M1).unwrap().policies().last().unwrap().start;
    run(&mut pool, OWNER, Action::Activate { market: M1 }, seen(0, 0)).unwrap();
    run(&mut pool, OWNER, Action::Sync, seen(1_000, 0)).unwrap();
    let first = pool.last_ticket();
    let pay = Action::RecoverTicket { ticket: first, assets: a(1_000) };
    run(&mut pool, OWNER, pay, seen(2_000, 600)).unwrap();
    let ticket = pool.state.ticket(first).unwrap();
    assert_eq!(ticket.recovered, ticket.lost);
    // The 600 set off made the ticket whole but for 400; the rest of the payment is a surplus.
    assert_eq!(pool.state.core().reserve, a(600));
}

/// Money can come in for a market again and again while losses take it out: what was passed on is a sum over
/// all time, and may exceed 128 bits.
#[test]
fn what_was_passed_on_may_exceed_128_bits() {
    let mut pool = Pool::funded();
    let half = a(1 << 127);
    pool.insure(&Quote { limit: half, event_limit: half, ..quote(M1) });
    pool.ok(OWNER, Action::RecoverMarket { market: M1, assets: half, count: 9 });
    assert_eq!(pool.state.core().reserve, half);
    pool.report(M1, half.get());
    assert_eq!(pool.state.core().reserve, a(0));
    pool.ok(OWNER, Action::RecoverMarket { market: M1, assets: half, count: 9 });
    assert_eq!(pool.state.market(M1).unwrap().passed_on, u128::MAX);
}
