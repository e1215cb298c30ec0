//! Time of the closed forms: `cargo bench -p seawall-actuary --bench closed_form`.
//!
//! Each formula is evaluated on a sweep of strikes or levels, so that nothing is the same twice running; best of as many
//! sweeps as two seconds hold, in nanoseconds a value. The error of Merton's put is against the reference value of the tests.

use std::{hint::black_box, time::Instant};

use seawall_actuary::price::MertonJumps;
use seawall_actuary::price::closed_form::{black_cox, kou::LogKou, merton};

/// Values of a sweep: few where a value takes long, so that a sweep is seldom interrupted.
const QUICK: u32 = 500;
const SLOW: u32 = 4;

fn main() {
    let years = 30.0 / 365.0;
    let jumps = MertonJumps { intensity: 2.0, mean: -0.2, deviation: 0.25 };
    let reference = merton::put(100.0, 70.0, 0.08, 0.08, 0.6, years, &jumps);
    println!(
        "Merton put, strike 70, 30 days: {reference:.11}, error {:.1e}",
        (reference - 0.615_896_561_26).abs()
    );
    report("Merton put, 2 jumps a year, 30 days", QUICK, |x| {
        merton::put(100.0, 50.0 + 60.0 * x, 0.08, 0.08, 0.6, years, &jumps)
    });
    let many = MertonJumps { intensity: 40.0, ..jumps };
    report("Merton put, 40 jumps a year, one year", QUICK, |x| {
        merton::put(100.0, 50.0 + 60.0 * x, 0.08, 0.08, 0.6, 1.0, &many)
    });
    report("Black-Scholes put", QUICK, |x| black_cox::put(100.0, 50.0 + 60.0 * x, 0.08, 0.08, 0.6, years));
    report("first passage of a Brownian motion", QUICK, |x| {
        black_cox::first_passage(0.5 + 0.4 * x, -0.32, 0.8, years)
    });
    let process = LogKou {
        log_drift: 0.0,
        volatility: 0.8,
        intensity: 12.0,
        up_probability: 0.4,
        up_rate: 20.0,
        down_rate: 12.0,
    };
    report("first passage of Kou's process", SLOW, |x| {
        process.passage(0.1 + 0.4 * x, years).map_or(0.0, |p| p.any)
    });
    report("Kou call", SLOW, |x| process.call(100.0, 80.0 + 40.0 * x, 0.05, years));
}

fn report(name: &str, sweep: u32, mut value: impl FnMut(f64) -> f64) {
    let mut best = f64::INFINITY;
    let begun = Instant::now();
    for _ in 0..400 {
        if best.is_finite() && begun.elapsed().as_secs_f64() > 2.0 {
            break;
        }
        let start = Instant::now();
        for step in 0..sweep {
            black_box(value(black_box(f64::from(step) / f64::from(sweep))));
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name}: {:.0} ns", best / f64::from(sweep) * 1e9);
}
