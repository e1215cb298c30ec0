//! Chapters 7 and 8 of the mechanism: the mutual layer, shared residuals, what stands against the insured.

mod support;

use seawall_engine::residual::{
    Leg, Ranked, Winner, capped_pro_rata, deleverage_by_rank, haircut, net_by_owner, within_owner_limit,
};
use seawall_engine::{AccountId, Action, Error, MemberId, Quote, Reading, Rules};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm};
use support::*;

const B1: MemberId = MemberId(0);
const B2: MemberId = MemberId(1);

/// Tranches of 100 and 100 under two markets whose buyers posted bonds of 400 and 600.
fn mutual() -> Pool {
    let mut own: Rules = rules();
    own.junior_floor = Ppm::ZERO;
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 100);
    pool.deposit(1, BOB, 100);
    pool.next_epoch();
    for (market, bond, buyer) in [(M1, 400, INSURED), (M2, 600, CAROL)] {
        pool.report(market, 0);
        let terms = Quote { callable_bond: a(bond), charge: a(50), premium: a(0), buyer, ..quote(market) };
        pool.ok(buyer, Pool::buy_action(&terms));
    }
    pool.next_epoch();
    pool.ok(OWNER, Action::Activate { market: M1 });
    pool.ok(OWNER, Action::Activate { market: M2 });
    pool
}

fn worth(pool: &Pool, member: MemberId) -> u128 {
    let mutual = pool.state.core().mutual;
    let units = pool.state.member(member).unwrap().units.balance(mutual.generation).get();
    if units == 0 { 0 } else { units * mutual.assets.get() / mutual.units.get() }
}

#[test]
fn rule_7_1_the_sufferers_own_bond_pays_first() {
    let mut pool = mutual();
    assert_eq!((worth(&pool, B1), worth(&pool, B2)), (400, 600));
    pool.report(M1, 200 + 150);
    let lost = pool.ticket(0).lost;
    assert_eq!((lost.own_bond, lost.called, lost.uncovered), (a(150), a(0), a(0)));
    assert_eq!((worth(&pool, B1), worth(&pool, B2)), (250, 600));
}

#[test]
fn rule_7_1_then_all_members_up_to_a_multiple_of_the_own_bond() {
    let mut pool = mutual();
    // Own 400, then min(rest, M = 600, 2 x 400): all of 300.
    pool.report(M1, 200 + 400 + 300);
    let lost = pool.ticket(0).lost;
    assert_eq!((lost.own_bond, lost.called, lost.uncovered), (a(400), a(300), a(0)));
    assert_eq!((worth(&pool, B1), worth(&pool, B2)), (0, 300));
    // With a multiple of a half: 200 of 300, the rest is residual.
    let mut own = rules();
    (own.junior_floor, own.mutual_multiple) = (Ppm::ZERO, Ppm::new(500_000));
    let mut pool = Pool::with(1, own);
    pool.deposit(0, ALICE, 200);
    pool.next_epoch();
    for (market, bond) in [(M2, 600), (M1, 400)] {
        pool.insure(&Quote { callable_bond: a(bond), charge: a(50), premium: a(0), ..quote(market) });
    }
    pool.report(M1, 200 + 400 + 300);
    let ticket = pool.ticket(0);
    assert_eq!((ticket.lost.own_bond, ticket.lost.called, ticket.residual), (a(400), a(200), a(100)));
}

#[test]
fn rule_7_1_burned_units_round_up_and_a_call_lowers_all_alike() {
    let mut pool = mutual();
    // A call of 199 leaves 401 for 600,000 units of the other, after the first one's were burned.
    pool.report(M1, 200 + 400 + 199);
    assert_eq!(worth(&pool, B2), 401);
    pool.report(M2, 17);
    // ceil(17 x 600,000 / 401) = 25,437 units: down would be 25,436.
    let units = pool.state.member(B2).unwrap().units.balance(0).get();
    assert_eq!(600_000 - units, 25_437);
}

#[test]
fn rule_7_1_never_for_coinsurance_or_above_a_limit() {
    let mut own = rules();
    own.junior_floor = Ppm::ZERO;
    let mut pool = Pool::with(1, own);
    pool.deposit(0, ALICE, 100);
    pool.next_epoch();
    let terms = Quote {
        callable_bond: a(5_000),
        coinsurance: Ppm::new(100_000),
        limit: a(1_000),
        event_limit: a(1_000),
        charge: a(50),
        premium: a(0),
        ..quote(M1)
    };
    pool.insure(&terms);
    pool.report(M1, 3_000);
    let lost = pool.ticket(0).lost;
    assert_eq!((lost.tranches[0], lost.own_bond, lost.coinsured), (a(100), a(800), a(100)));
    assert_eq!(pool.ticket(0).over_limit, a(2_000));
}

#[test]
fn rule_7_1_the_layer_closes_when_nothing_is_left() {
    let mut pool = mutual();
    pool.report(M1, 200 + 1_000);
    assert_eq!((pool.state.core().mutual.assets, pool.ticket(0).residual), (a(0), a(0)));
    pool.ok(OWNER, Action::Sync);
    let mutual = pool.state.core().mutual;
    assert_eq!((mutual.units, mutual.generation), (s(0), 1));
    // The next member starts at a fresh price.
    pool.deposit(0, ALICE, 10_000);
    pool.deposit(1, BOB, 10_000);
    pool.next_epoch();
    let terms = Quote { callable_bond: a(50), charge: a(50), premium: a(0), ..quote(M3) };
    pool.report(M3, 0);
    pool.ok(INSURED, Pool::buy_action(&terms));
    assert_eq!((worth(&pool, MemberId(2)), worth(&pool, B2)), (50, 0));
    assert_eq!(pool.err(CAROL, Action::ReleaseBond { member: B2 }), Error::NoSuchBond { member: B2 });
}

#[test]
fn rule_7_1_a_bond_stays_callable_until_the_policys_original_end() {
    let mut pool = mutual();
    let until = pool.policy(M1).end;
    pool.ok(INSURED, Action::Cancel { market: M1 });
    pool.at(until - 1);
    assert!(matches!(pool.err(CAROL, Action::ReleaseBond { member: B1 }), Error::NotAuthorised { .. }));
    let release = Action::ReleaseBond { member: B1 };
    assert_eq!(pool.err(INSURED, release.clone()), Error::BondCallable { member: B1, until });
    pool.report(M2, 200 + 600 + 100);
    pool.wait(1);
    pool.ok(INSURED, release.clone());
    assert_eq!(pool.state.core().mutual.assets, a(0));
    assert_eq!(pool.err(INSURED, release), Error::NoSuchBond { member: B1 });
}

#[test]
fn rule_7_1_no_release_while_a_market_is_stale_or_its_policy_runs_off() {
    let mut pool = mutual();
    let end = pool.policy(M1).end;
    pool.at(end - DAY);
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(100), expiry: end + 5 * DAY });
    pool.report(M3, 0);
    pool.at(end);
    let callable = pool.err(INSURED, Action::ReleaseBond { member: B1 });
    assert_eq!(callable, Error::BondCallable { member: B1, until: end });
    // The other's policy has ended, but one insured market cannot be read.
    pool.ok(REPORTER, Action::Report { reading: Reading::failed(M1), evidence: [1; 32] });
    assert_eq!(pool.err(CAROL, Action::ReleaseBond { member: B2 }), Error::MarketsStale { count: 1 });
    pool.report(M1, 0);
    pool.ok(CAROL, Action::ReleaseBond { member: B2 });
}

#[test]
fn rule_7_1_recoveries_of_the_mutual_layer_go_to_its_members_of_then() {
    let mut pool = mutual();
    pool.report(M1, 200 + 400 + 300);
    let ticket = pool.last_ticket();
    // Called from all first, then the sufferer's own bond.
    pool.ok(OWNER, Action::RecoverTicket { ticket, assets: a(300 + 90) });
    let claim = |member, checkpoint| Action::ClaimBond { ticket, member, checkpoint };
    pool.ok(CAROL, claim(B2, 0));
    assert_eq!(pool.state.member(B2).unwrap().claimed_of(ticket), a(300));
    assert!(matches!(pool.err(CAROL, claim(B1, 0)), Error::NotAuthorised { .. }));
    pool.ok(INSURED, claim(B1, 0));
    assert_eq!(pool.state.member(B1).unwrap().claimed_of(ticket), a(90));
    assert_eq!(pool.err(INSURED, claim(B1, 0)), Error::NothingToClaim { ticket });
}

fn amounts(units: &[u128]) -> Vec<Assets> {
    units.iter().copied().map(a).collect()
}

#[test]
fn rule_7_2_lenders_share_by_cumulative_floor_and_nobody_goes_below_zero() {
    // 10 over 3, 3, 3: floor(30/9) = 3, floor(60/9) = 6, 9: they cannot bear more than nine.
    let shared = haircut(a(10), &amounts(&[3, 3, 3])).unwrap();
    assert_eq!((shared.parts, shared.rest), (amounts(&[3, 3, 3]), a(1)));
    let shared = haircut(a(7), &amounts(&[3, 3, 3])).unwrap();
    assert_eq!((shared.parts, shared.rest), (amounts(&[2, 2, 3]), a(0)));
    assert_eq!(haircut(a(7), &[]).unwrap().rest, a(7));
    assert_eq!(haircut(a(0), &amounts(&[1])).unwrap().parts, amounts(&[0]));
}

#[test]
fn rule_7_2_winners_share_pro_rata_up_to_their_caps() {
    let winner = |profit, cap| Winner { profit: a(profit), cap: a(cap) };
    // 100 over profits 100 and 300, the second capped at 60: the first bears the other 40.
    let shared = capped_pro_rata(a(100), &[winner(100, 100), winner(300, 60)]).unwrap();
    assert_eq!((shared.parts, shared.rest), (amounts(&[40, 60]), a(0)));
    let shared = capped_pro_rata(a(100), &[winner(100, 20), winner(300, 60), winner(0, 50)]).unwrap();
    assert_eq!((shared.parts, shared.rest), (amounts(&[20, 60, 0]), a(20)));
}

#[test]
fn rule_7_2_deleveraging_takes_whole_ranks_first() {
    let ranked = |rank, most| Ranked { rank, most: a(most) };
    let shared = deleverage_by_rank(a(70), &[ranked(1, 50), ranked(3, 40), ranked(2, 20)]);
    assert_eq!((shared.parts, shared.rest), (amounts(&[10, 40, 20]), a(0)));
}

// ---- 8 ----

#[test]
fn rule_8_1_limits_per_owner_per_event_and_per_policy() {
    // By the adapter, before its counter rises.
    assert_eq!(within_owner_limit(a(60), a(0), a(100)), a(60));
    assert_eq!(within_owner_limit(a(60), a(60), a(100)), a(40));
    assert_eq!(within_owner_limit(a(60), a(101), a(100)), a(0));
    // Per event, then per policy.
    let mut pool = Pool::funded();
    pool.insure(&Quote { limit: a(50), event_limit: a(40), ..quote(M1) });
    pool.report(M1, 1_000);
    pool.wait(2 * EPOCH_SECONDS);
    pool.report(M1, 2_000);
    assert_eq!((pool.ticket(0).over_limit, pool.ticket(1).over_limit), (a(960), a(990)));
}

#[test]
fn rule_8_2_the_insureds_own_money_stands_first() {
    let mut pool = Pool::funded();
    let mut terms = Quote { coinsurance: Ppm::new(250_000), ..quote(M1) };
    (terms.deductible, terms.deductible_bond) = (a(5_000), a(5_000));
    pool.insure(&terms);
    pool.report(M1, 4_999);
    assert_eq!((pool.ticket(0).lost.deductible, pool.active(0)), (a(4_999), 100_000));
    pool.report(M1, 9_000);
    let lost = pool.ticket(1).lost;
    assert_eq!((lost.deductible, lost.coinsured, lost.tranches[0]), (a(1), a(1_000), a(3_000)));
}

#[test]
fn rule_8_2_legs_of_one_owner_are_netted_before_a_loss_counts() {
    let leg =
        |owner, equity, deficit| Leg { owner: AccountId(owner), equity: a(equity), deficit: a(deficit) };
    let legs = [leg(1, 0, 500), leg(1, 480, 0), leg(2, 0, 30), leg(3, 900, 0)];
    // Another owner's gain nets nothing.
    assert_eq!(net_by_owner(&legs), Ok(vec![(AccountId(1), a(20)), (AccountId(2), a(30))]));
}
