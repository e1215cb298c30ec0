//! Time of gathering path losses: `cargo bench -p seawall-actuary --bench losses`.
//!
//! Twenty markets, two horizons, four layers, histograms of 4,096 steps; a third of the paths has losses, in
//! half of the markets each. Every figure is the best of five rounds on one thread.

use std::{hint::black_box, time::Instant};

use seawall_actuary::{
    loss::{
        CodecError, Layers, LossAccumulator, LossError, PolicyTerms, Settled, Settlement, Spec, TermsError,
    },
    random::Stream,
};

const MARKETS: usize = 20;
const HORIZONS: usize = 2;
const PATHS: u64 = 100_000;
const EXPOSURE: f64 = 5e7;
const ROUNDS: usize = 5;

#[derive(Debug, thiserror::Error)]
enum SpeedError {
    #[error(transparent)]
    Losses(#[from] LossError),
    #[error(transparent)]
    Terms(#[from] TermsError),
    #[error(transparent)]
    Codec(#[from] CodecError),
}

fn main() -> Result<(), SpeedError> {
    let policies = vec![PolicyTerms::new(100_000.0, 5e6, 0.1)?; MARKETS];
    let layers = Layers::new(2e6, &[5e6, 1e7], 1e6)?;
    let spec = Spec::new(HORIZONS, vec![EXPOSURE; MARKETS], policies, layers, PATHS);
    let rows: Vec<(f64, Vec<f64>)> = (0..PATHS).map(row).collect();
    let lossy: Vec<&[f64]> =
        rows.iter().map(|(_, row)| row.as_slice()).filter(|row| row.iter().any(|&loss| loss > 0.0)).collect();
    println!("{PATHS} paths, {MARKETS} markets, {HORIZONS} horizons, {} paths with losses", lossy.len());
    let nanoseconds = |seconds: f64, count: usize| seconds * 1e9 / count as f64;

    let settlement = Settlement::new(&spec.policies, &spec.layers, spec.exposure())?;
    let mut settled = Settled::default();
    let (seconds, ()) = best(|| {
        for gross in lossy.iter().flat_map(|row| row.chunks_exact(MARKETS)) {
            settlement.settle(gross, black_box(&mut settled))?;
        }
        Ok(())
    })?;
    println!("settle: {:.0} ns a path with losses", nanoseconds(seconds, lossy.len()));

    let (seconds, _) = best(|| {
        let mut accumulator = LossAccumulator::new(spec.clone())?;
        for (path, row) in lossy.iter().enumerate() {
            accumulator.add(path as u64, 1.0, row)?;
        }
        Ok(accumulator)
    })?;
    println!("add: {:.0} ns a path with losses", nanoseconds(seconds, lossy.len()));
    let (seconds, one) = best(|| {
        let mut accumulator = LossAccumulator::new(spec.clone())?;
        for (path, (weight, row)) in rows.iter().enumerate() {
            accumulator.add(path as u64, *weight, row)?;
        }
        Ok(accumulator)
    })?;
    println!("add: {:.1} ms all paths", seconds * 1e3);

    let mut half = LossAccumulator::new(spec.clone())?;
    for (path, (weight, row)) in rows.iter().enumerate().step_by(2) {
        half.add(path as u64, *weight, row)?;
    }
    let (seconds, _) = best(|| {
        let mut whole = LossAccumulator::new(spec.clone())?;
        whole.merge(&half)?;
        Ok(whole)
    })?;
    println!("merge: {:.1} ms half of the paths into a new accumulator", seconds * 1e3);
    let (seconds, figures) = best(|| Ok(one.finish()?))?;
    let shortfall = figures.horizons[1].owed.shortfall.expected_shortfall;
    println!(
        "figures: {:.1} ms (ES {:.0}, error {:.0})",
        seconds * 1e3,
        shortfall.value,
        shortfall.standard_error
    );
    let (seconds, bytes) = best(|| Ok(one.encode()?))?;
    println!("write: {:.1} ms, {:.2} MB", seconds * 1e3, bytes.len() as f64 / 1e6);
    let (seconds, _) = best(|| Ok(LossAccumulator::decode(&bytes)?))?;
    println!("read: {:.1} ms", seconds * 1e3);
    Ok(())
}

/// Seconds of the quickest round, and its result.
fn best<T>(run: impl FnMut() -> Result<T, SpeedError>) -> Result<(f64, T), SpeedError> {
    let mut run = run;
    let mut round = || -> Result<(f64, T), SpeedError> {
        let start = Instant::now();
        let result = black_box(run()?);
        Ok((start.elapsed().as_secs_f64(), result))
    };
    let mut quickest = round()?;
    for _ in 1..ROUNDS {
        let next = round()?;
        if next.0 < quickest.0 {
            quickest = next;
        }
    }
    Ok(quickest)
}

/// Weight and losses of a path: a crash that half of the markets lose in, or nothing.
fn row(path: u64) -> (f64, Vec<f64>) {
    let random = &mut Stream::new(1, path, 0);
    let crash = if random.uniform() < 0.33 { random.exponential() } else { 0.0 };
    let mut row = vec![0.0; MARKETS * HORIZONS];
    if crash > 0.0 {
        for market in 0..MARKETS {
            if random.uniform() < 0.5 {
                let loss = 0.02 * EXPOSURE * crash * random.exponential();
                row[market] = 0.5 * loss;
                row[MARKETS + market] = loss;
            }
        }
    }
    (1.0 / (0.5 + 0.5 * crash), row)
}
