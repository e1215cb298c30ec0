//! Chapter 9 of the mechanism: who may do what, and what nobody may.

mod support;

use seawall_engine::{Action, Error, Quote, Reading};
use seawall_fixed::EPOCH_SECONDS;
use support::*;

#[test]
fn rule_9_each_role_can_do_its_own_and_nothing_else() {
    let mut pool = Pool::covered();
    pool.report(M1, 1_000);
    let ticket = pool.last_ticket();
    let rights = [
        (vec![OWNER], Action::AnnounceRules { rules: Box::new(rules()) }),
        (vec![OWNER, ACTUARY], Action::RevokeQuotes { market: M1, nonce: 3 }),
        (vec![RISK], Action::PostEstimate { market: M1, amount: a(10), expiry: pool.now + DAY }),
        (vec![GUARDIAN], Action::Pause { until: pool.now + DAY }),
        (vec![REPORTER], Action::Report { reading: Reading::of(M1, 2_000), evidence: [1; 32] }),
        (
            vec![REPORTER, OWNER],
            Action::OpenLot { ticket, goods: [1; 32], start: a(10), floor: a(1), duration: DAY },
        ),
    ];
    for (holders, action) in rights {
        for caller in [OWNER, ACTUARY, RISK, GUARDIAN, REPORTER, FEES, INSURED, ALICE, CAROL] {
            let mut pool = Pool { state: pool.state.clone(), now: pool.now };
            match pool.act(caller, action.clone()) {
                Ok(_) => assert!(holders.contains(&caller), "{caller:?} may not: {action:?}"),
                Err(Error::NotAuthorised { caller: refused, .. }) => {
                    assert_eq!(refused, caller);
                    assert!(!holders.contains(&caller), "{caller:?} may: {action:?}");
                }
                Err(other) => panic!("{caller:?}, {action:?}: {other}"),
            }
        }
    }
}

#[test]
fn rule_9_nobody_can_stop_settlement() {
    let mut pool = Pool::covered();
    pool.ok(GUARDIAN, Action::Pause { until: pool.now + 7 * DAY });
    pool.ok(ACTUARY, Action::RevokeQuotes { market: M1, nonce: 99 });
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(100_000), expiry: pool.now + 60 * DAY });
    let mut own = rules();
    own.roles.reporters = vec![CAROL];
    own.ticket_min = seawall_fixed::Assets::MAX;
    pool.ok(OWNER, Action::AnnounceRules { rules: Box::new(own) });
    let end = pool.policy(M1).end;
    pool.at(end - 1);
    let events = pool.report(M1, 60_000);
    assert_eq!(Pool::paid_to_market(&events, M1), 60_000);
}

#[test]
fn rule_9_nobody_can_touch_a_running_exit() {
    let mut pool = Pool::covered();
    let exit = pool.request(ALICE, 0, s(50_000_000));
    let asked = *pool.state.exit(exit).unwrap();
    pool.ok(GUARDIAN, Action::Pause { until: pool.now + 7 * DAY });
    pool.ok(RISK, Action::PostEstimate { market: M1, amount: a(100_000), expiry: pool.now + 60 * DAY });
    let mut own = rules();
    (own.cooldown, own.term_epochs_max) = (365 * DAY, 104);
    pool.ok(OWNER, Action::AnnounceRules { rules: Box::new(own) });
    pool.wait(8 * DAY);
    pool.ok(INSURED, Pool::buy_action(&Quote { nonce: 1, term_epochs: 26, ..quote(M1) }));
    assert_eq!(*pool.state.exit(exit).unwrap(), asked);
    // It clears at its own deadline, and no estimate outlasts its own limit.
    pool.at(asked.deadline);
    pool.ok(CAROL, Action::ClearExits { count: 1 });
    pool.at(asked.latent_void_at);
    let paid = Pool::paid_to_leaver(&pool.ok(ALICE, Action::ClaimExit { exit }));
    assert_eq!(paid, 50_000);
    assert!(asked.latent_void_at <= asked.cooled_at + 26 * EPOCH_SECONDS);
}

#[test]
fn rule_9_a_removed_actuary_signs_no_more_and_a_new_one_waits() {
    let mut pool = Pool::funded();
    pool.report(M1, 0);
    let mut own = rules();
    own.roles.actuaries = vec![];
    pool.ok(OWNER, Action::AnnounceRules { rules: Box::new(own.clone()) });
    assert_eq!(pool.err(INSURED, Pool::buy_action(&quote(M1))), Error::NotAnActuary { signer: ACTUARY });
    own.roles.actuaries = vec![ACTUARY];
    pool.ok(OWNER, Action::AnnounceRules { rules: Box::new(own) });
    assert_eq!(pool.err(INSURED, Pool::buy_action(&quote(M1))), Error::NotAnActuary { signer: ACTUARY });
    pool.at(pool.state.pending_rules().unwrap().at);
    pool.ok(INSURED, Pool::buy_action(&quote(M1)));
}

#[test]
fn rule_9_fees_go_to_their_recipient_whoever_asks() {
    let mut own = rules();
    own.fee = seawall_fixed::Ppm::new(100_000);
    let mut pool = Pool::with(2, own);
    pool.deposit(0, ALICE, 400_000);
    pool.next_epoch();
    pool.insure(&quote(M1));
    pool.wait(EPOCH_SECONDS);
    let events = pool.ok(CAROL, Action::CollectFees);
    let collected = events.iter().any(|event| {
        matches!(event, seawall_engine::Event::FeesCollected { to: FEES, assets } if *assets == a(100))
    });
    assert!(collected);
}
