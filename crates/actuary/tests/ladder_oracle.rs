//! The ladder equals an agent loop over single positions, to 1e-12 of the debt.

mod ladder_support;

use ladder_support::{AgentLoop, Case, random_case};
use seawall_actuary::{
    book::Position,
    liquidation::{Interval, Ladder, LadderState},
};

const TOLERANCE: f64 = 1e-12;

/// Losses of each interval and the unrealised loss at the end, by the ladder.
fn ladder_losses(case: &Case, positions: &[Position]) -> (Vec<f64>, f64) {
    let ladder = Ladder::new(positions).unwrap();
    let service = case.service();
    let mut state = LadderState::new(&ladder, case.open);
    let losses = case.intervals.iter().map(|i| state.step_interval(&ladder, &service, i).loss).collect();
    let last = case.intervals.last().map_or(case.open, |i| i.after);
    (losses, state.unrealised(&ladder, &service, last))
}

#[test]
fn ladder_equals_the_agent_loop() {
    let (mut lossy, mut backlogs, mut late, mut mixed) = (0, 0, 0, 0);
    for seed in 0..6000 {
        let case = random_case(seed);
        let ladder = Ladder::new(&case.positions).unwrap();
        let service = case.service();
        let mut state = LadderState::new(&ladder, case.open);
        let mut agents = AgentLoop::new(&case);
        let near = TOLERANCE * case.total_debt();
        let (mut any, mut waited) = (false, false);
        for (index, interval) in case.intervals.iter().enumerate() {
            let liquidated = state.step_interval(&ladder, &service, interval);
            let (debt, loss) = agents.step(interval);
            assert!(
                (liquidated.debt - debt).abs() <= near && (liquidated.loss - loss).abs() <= near,
                "seed {seed}, interval {index}: {liquidated:?}, agents {debt} {loss}"
            );
            let (left, expected) =
                (state.unrealised(&ladder, &service, interval.after), agents.unrealised(interval.after));
            assert!(
                (left - expected).abs() <= near,
                "seed {seed}, interval {index}: {left}, agents {expected}"
            );
            any |= loss > near;
            waited |= state.backlog(&ladder, interval.after) > near;
        }
        lossy += usize::from(any);
        backlogs += usize::from(waited && case.capacity.calm > 0.0);
        late += usize::from(any && case.delay_hours.calm > 0.0);
        mixed += usize::from(any && ladder.classes() > 1);
    }
    // The cases must reach what they are meant to test.
    for (name, count) in [("lossy", lossy), ("backlogs", backlogs), ("late", late), ("mixed", mixed)] {
        assert!(count > 1000, "only {count} {name} cases");
    }
}

#[test]
fn splitting_positions_changes_nothing() {
    for seed in 10_000..12_000 {
        let case = random_case(seed);
        let halves: Vec<Position> = case
            .positions
            .iter()
            .flat_map(|p| [Position { collateral: p.collateral / 2.0, debt: p.debt / 2.0, ..*p }; 2])
            .collect();
        let (whole, whole_left) = ladder_losses(&case, &case.positions);
        let (split, split_left) = ladder_losses(&case, &halves);
        let near = TOLERANCE * case.total_debt();
        assert!(whole.iter().zip(&split).all(|(a, b)| (a - b).abs() <= near), "seed {seed}");
        assert!((whole_left - split_left).abs() <= near, "seed {seed}");
    }
}

#[test]
fn the_order_of_the_file_changes_nothing() {
    for seed in 20_000..20_500 {
        let case = random_case(seed);
        let reversed: Vec<Position> = case.positions.iter().rev().copied().collect();
        let (a, b) = (ladder_losses(&case, &case.positions), ladder_losses(&case, &reversed));
        let near = TOLERANCE * case.total_debt();
        assert!(a.0.iter().zip(&b.0).all(|(a, b)| (a - b).abs() <= near), "seed {seed}");
    }
}

#[test]
fn an_idle_market_loses_nothing_and_a_restart_forgets() {
    let case = random_case(7);
    let ladder = Ladder::new(&case.positions).unwrap();
    let service = case.service();
    let mut state = LadderState::new(&ladder, case.open);
    let fresh = state.clone();
    for interval in &case.intervals {
        state.step_interval(&ladder, &service, interval);
    }
    let above = Interval {
        low: ladder.breaks()[0] * 1.01,
        close: ladder.breaks()[0] * 1.02,
        after: ladder.breaks()[0] * 1.02,
        years: 1e-3,
        stressed: false,
    };
    state.restart(&ladder, above.close);
    assert_eq!(state.served(), 0.0);
    assert_eq!(state.next_break(), fresh.next_break());
    let idle = state.step_interval(&ladder, &service, &above);
    assert_eq!((idle.debt, idle.loss), (0.0, 0.0));
}

/// Protocols seize `x (1 + bonus)` for a repayment of `x`, not the collateral pro rata. A loan served at one price loses
/// the same either way; served in parts at several prices it does not. Over all cases the two are near each other.
#[test]
fn pro_rata_is_near_what_protocols_seize() {
    let (mut pro_rata, mut seized, mut differ) = (0.0, 0.0, 0);
    for seed in 0..3000 {
        let case = random_case(seed);
        let share = |mut agents: AgentLoop| -> f64 {
            let lost: f64 = case.intervals.iter().map(|interval| agents.step(interval).1).sum();
            let last = case.intervals.last().map_or(case.open, |interval| interval.after);
            (lost + agents.unrealised(last)) / case.total_debt().max(f64::MIN_POSITIVE)
        };
        let (a, b) = (share(AgentLoop::new(&case)), share(AgentLoop::seizing(&case)));
        pro_rata += a;
        seized += b;
        differ += usize::from((a - b).abs() > 1e-9);
    }
    println!("pro rata over seized: {}, {differ} of 3000 cases differ", pro_rata / seized);
    assert!((pro_rata / seized - 1.0).abs() < 0.05, "{pro_rata} {seized}");
}
