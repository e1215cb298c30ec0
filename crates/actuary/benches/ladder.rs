//! Time of a ladder step at 100,000 positions: `cargo bench -p seawall-actuary --bench ladder`.
//!
//! Idle: no price in the interval reaches the next break price. Active: every interval crosses break prices and
//! liquidates (six positions on average); the ladder is started anew when it is used up.

use std::{hint::black_box, time::Instant};

use seawall_actuary::{
    book::Position,
    liquidation::{ByRegime, Interval, Ladder, LadderError, LadderState, Service, ServiceError},
    random::Stream,
};

const POSITIONS: usize = 100_000;
const IDLE_STEPS: u32 = 200_000_000;
const ACTIVE_STEPS: u32 = 10_000_000;

#[derive(Debug, thiserror::Error)]
enum SpeedError {
    #[error(transparent)]
    Ladder(#[from] LadderError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

fn main() -> Result<(), SpeedError> {
    let service = Service::new(0.05, ByRegime::same(f64::INFINITY), ByRegime::same(0.0))?;
    for thresholds in [&[0.8][..], &[0.75, 0.8, 0.86][..]] {
        let mut random = Stream::new(1, 0, 0);
        let positions: Vec<Position> = (0..POSITIONS)
            .map(|i| {
                let collateral = random.exponential();
                let threshold = thresholds[i % thresholds.len()];
                let debt = collateral * threshold * (0.2 + 0.8 * random.uniform());
                Position { collateral, debt, liquidation_threshold: threshold }
            })
            .collect();
        let ladder = Ladder::new(&positions)?;
        println!("{POSITIONS} positions, {} thresholds", thresholds.len());
        idle(&ladder, &service);
        active(&ladder, &service, "crossed by diffusion", 1.0);
        active(&ladder, &service, "crossed by a jump, under water", 0.7);
    }
    Ok(())
}

fn idle(ladder: &Ladder, service: &Service) {
    let intervals: Vec<Interval> = (0..1024)
        .map(|i| {
            let price = 1.5 + 0.1 * f64::from(i % 7);
            Interval { low: price - 0.2, close: price, after: price, years: 1e-4, stressed: i % 5 == 0 }
        })
        .collect();
    let mut state = LadderState::new(ladder, 1.5);
    let mut debt = 0.0;
    let start = Instant::now();
    for step in 0..IDLE_STEPS {
        let interval = &intervals[step as usize % intervals.len()];
        debt += black_box(&mut state).step_interval(ladder, service, interval).debt;
    }
    report("idle step", start, IDLE_STEPS, debt);
}

/// `fall`: price after the interval over the break prices it crosses; 1 for none below.
fn active(ladder: &Ladder, service: &Service, name: &str, fall: f64) {
    let ratio = libm::exp(libm::log(0.2) * 6.0 / POSITIONS as f64);
    let mut state = LadderState::new(ladder, 1.0);
    let mut price = 1.0;
    let (mut debt, mut loss) = (0.0, 0.0);
    let start = Instant::now();
    for _ in 0..ACTIVE_STEPS {
        price *= ratio;
        if price < 0.2 {
            price = 1.0;
            state.restart(ladder, price);
        }
        let liquidated = if fall < 1.0 {
            state.step(ladder, service, price, price * fall, f64::INFINITY)
        } else {
            let interval = Interval { low: price, close: price, after: price, years: 1e-4, stressed: false };
            state.step_interval(ladder, service, &interval)
        };
        debt += liquidated.debt;
        loss += liquidated.loss;
    }
    report(name, start, ACTIVE_STEPS, debt + loss);
}

fn report(name: &str, start: Instant, steps: u32, checksum: f64) {
    let nanoseconds = start.elapsed().as_nanos() as f64 / f64::from(steps);
    println!("  {name}: {nanoseconds:.2} ns (checksum {checksum:.3})");
}
