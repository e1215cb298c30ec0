//! One loss from purchase to recovery, by hand.

mod support;

use seawall_engine::{Action, ClassKind};
use support::{ALICE, BOB, M1, OWNER, Pool, a};

#[test]
fn a_loss_runs_through_the_layers_and_comes_back_in_reverse() {
    let mut pool = Pool::covered();
    pool.report(M1, 60_000);
    let ticket = pool.state.tickets()[0].clone();
    assert_eq!(ticket.lost.tranches[0], a(60_000));
    let alice = pool.value(0, ALICE);
    assert!((40_000..40_100).contains(&alice), "{alice}");
    assert!(pool.value(1, BOB) >= 300_000);
    pool.ok(OWNER, Action::RecoverTicket { ticket: ticket.id, assets: a(30_000) });
    let due = pool.state.claimable(ALICE, ticket.id, 0, ClassKind::Active);
    assert_eq!(due, a(30_000));
    pool.ok(
        ALICE,
        Action::ClaimRecovery { ticket: ticket.id, tranche: 0, class: ClassKind::Active, checkpoint: 0 },
    );
    assert_eq!(pool.state.claimable(ALICE, ticket.id, 0, ClassKind::Active), a(0));
}
