//! Defects that random commands found, each as the shortest story that shows it.

mod support;

use seawall_engine::{Action, Error, Quote};
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
    let split = [seawall_fixed::Ppm::ONE, seawall_fixed::Ppm::ZERO, seawall_fixed::Ppm::ZERO, seawall_fixed::Ppm::ZERO];
    let dear = Quote { premium: a(1 << 83), term_epochs: 1, split, ..quote(M1) };
    pool.ok(dear.buyer, Pool::buy_action(&dear));
    let dearer = Quote { market: M2, ..dear };
    assert_eq!(pool.err(dearer.buyer, Pool::buy_action(&dearer)), Error::Overflow);
    pool.wait(30 * seawall_fixed::EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
}
