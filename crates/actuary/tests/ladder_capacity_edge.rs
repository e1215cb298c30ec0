//! Capacity that ends exactly where a position ends, or is too small to be told from nothing.

use seawall_actuary::{
    book::Position,
    liquidation::{ByRegime, Ladder, LadderState, Service},
};

fn three() -> (Ladder, Service) {
    let position = |debt| Position { collateral: 1.0, debt, liquidation_threshold: 0.8 };
    let service = Service::new(0.05, ByRegime::same(0.0), ByRegime::same(0.0)).unwrap();
    (Ladder::new(&[position(70.0), position(64.0), position(48.0)]).unwrap(), service)
}

#[test]
fn a_capacity_of_whole_positions_serves_these_and_no_more() {
    let (ladder, service) = three();
    let mut state = LadderState::new(&ladder, 100.0);
    let first = state.step(&ladder, &service, 50.0, 50.0, 70.0);
    assert_eq!((first.debt, state.served(), state.next_break()), (70.0, 70.0, 80.0));
    assert!((first.loss - (70.0 - 0.95 * 50.0)).abs() < 1e-12);
    assert_eq!(state.backlog(&ladder, 50.0), 112.0);
    let rest = state.step(&ladder, &service, 50.0, 50.0, f64::INFINITY);
    assert_eq!((rest.debt, state.served()), (112.0, 182.0));
    assert!((rest.loss - (64.0 - 47.5 + 48.0 - 47.5)).abs() < 1e-12, "{rest:?}");
}

#[test]
fn a_capacity_below_rounding_serves_nothing() {
    let (ladder, service) = three();
    let mut state = LadderState::new(&ladder, 100.0);
    state.step(&ladder, &service, 50.0, 50.0, 70.0);
    let nothing = state.step(&ladder, &service, 50.0, 50.0, 1e-20);
    assert_eq!((nothing.debt, nothing.loss, state.served()), (0.0, 0.0, 70.0));
    assert_eq!(state.step(&ladder, &service, 50.0, 50.0, 64.0).debt, 64.0);
}
