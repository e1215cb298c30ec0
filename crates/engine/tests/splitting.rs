//! Splitting gains nothing: neither a loss booked in parts nor an order placed in parts.

mod machine;
mod support;

use machine::runner::{cases, check};
use proptest::collection::vec;
use proptest::prelude::*;
use seawall_engine::{Action, MarketId, Quote, scarcity};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm};
use seawall_machine::setup::setup;
use support::{ALICE, BOB, M1, M2, OWNER, Pool, a, quote, rules};

/// What a loss of the sum of `parts` pays, read at once or part by part in one second: the ticket's sums of
/// deductible, coinsured, over limit, residual, reserve and tranches.
fn settled(cover: &Quote, parts: &[u128], early: u64, elapsed: u64) -> [u128; 7] {
    let mut set = rules();
    (set.early_period, set.ticket_min) = (early, a(1));
    let mut pool = Pool::with(2, set);
    pool.deposit(0, ALICE, 100_000);
    pool.deposit(1, BOB, 300_000);
    pool.ok(OWNER, Action::FundReserve { assets: a(777) });
    pool.wait(2 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    pool.insure(cover);
    pool.wait(elapsed);
    let mut counter = 0;
    for part in parts {
        counter += part;
        pool.report(M1, counter);
    }
    let mut sums = [0; 7];
    for ticket in pool.state.tickets() {
        let lost = &ticket.lost;
        let parts = [
            lost.deductible,
            lost.coinsured,
            ticket.over_limit,
            ticket.residual,
            lost.reserve,
            lost.tranches[0],
            lost.tranches[1],
        ];
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum += part.get();
        }
    }
    sums
}

#[test]
fn a_loss_pays_the_same_in_parts_or_at_once() {
    let input = || {
        let terms = (1u128..600_000, 1u128..600_000, 0u128..50_000, 0u32..=1_000_000);
        (terms, vec(1u128..90_000, 1..9), 0u64..90 * 86_400, 0u64..40 * 86_400)
    };
    check("proptest-regressions/parts.txt", cases(300), input, |(terms, parts, early, elapsed)| {
        let (limit, event, deductible, coinsurance) = terms;
        let cover = Quote {
            limit: a(limit),
            event_limit: a(event),
            deductible: a(deductible),
            deductible_bond: a(deductible / 2),
            coinsurance: Ppm::new(coinsurance),
            ..quote(M1)
        };
        let whole: u128 = parts.iter().sum();
        let once = settled(&cover, &[whole], early, elapsed);
        prop_assert_eq!(once, settled(&cover, &parts, early, elapsed));
        Ok(())
    });
}

/// Premium of an order of `charge` on a fresh pool whose curve is `knots`, placed in the given parts.
fn premium(knots: &[seawall_engine::Knot], parts: &[u128], price: u128) -> u128 {
    let mut set = rules();
    (set.scarcity, set.junior_floor) = (knots.to_vec(), Ppm::ZERO);
    let mut pool = Pool::with(2, set);
    pool.deposit(0, ALICE, 1_000_000);
    pool.deposit(1, BOB, 3_000_000);
    pool.wait(2 * EPOCH_SECONDS);
    pool.ok(OWNER, Action::Sync);
    let orders = [M1, M2, MarketId(3), MarketId(4)];
    for (market, charge) in orders.into_iter().zip(parts) {
        pool.report(market, 0);
        let order = Quote { charge: a(*charge), premium: a(price * charge), ..quote(market) };
        pool.ok(order.buyer, Pool::buy_action(&order));
    }
    let policies = pool.state.markets().iter().flat_map(|market| market.policies());
    policies.map(|policy| policy.premium.get()).sum()
}

#[test]
fn an_order_split_over_several_purchases_costs_no_less() {
    let input = || (setup(), vec(1u128..900_000, 1..=4), 1u128..50);
    check("proptest-regressions/orders.txt", cases(300), input, |(setup, parts, price)| {
        let whole: u128 = parts.iter().sum();
        let once = premium(&setup.rules.scarcity, &[whole], price);
        let split = premium(&setup.rules.scarcity, &parts, price);
        prop_assert!(split >= once, "{split} in parts, {once} at once");
        // Each part is rounded up by less than a unit.
        prop_assert!(split < once + parts.len() as u128, "{split} in parts, {once} at once");
        Ok(())
    });
}

#[test]
fn the_scarcity_curve_never_falls_and_never_undercuts_the_quote() {
    let input = || (setup(), any::<u64>(), any::<u64>(), any::<u64>());
    check("proptest-regressions/scarcity.txt", cases(300), input, |(setup, capital, low, more)| {
        let (capital, low, high) = (a(capital.into()), a(low.into()), a(u128::from(low) + u128::from(more)));
        let at = |required: Assets| scarcity(&setup.rules.scarcity, capital, required).expect("64 bits fit");
        let least = (high - low).get() * u128::from(seawall_engine::MULTIPLIER_ONE);
        prop_assert!(at(high) - at(low) >= ruint::aliases::U256::from(least));
        Ok(())
    });
}
