//! Time of gathering path losses: `cargo bench -p seawall-actuary --bench losses`.
//!
//! Twenty markets, two horizons, four layers, histograms of 4,096 steps; a third of the paths has losses, in half of
//! the markets each. Merging, writing and the figures are timed as well.

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
    let with_loss: Vec<&Vec<f64>> =
        rows.iter().map(|(_, row)| row).filter(|row| row.iter().any(|&x| x > 0.0)).collect();
    println!("{PATHS} paths, {MARKETS} markets, {HORIZONS} horizons, {} paths with losses", with_loss.len());

    let settlement = Settlement::new(&spec.policies, &spec.layers, spec.exposure())?;
    let mut settled = Settled::default();
    let start = Instant::now();
    for row in &with_loss {
        for gross in row.chunks_exact(MARKETS) {
            settlement.settle(gross, black_box(&mut settled))?;
        }
    }
    let per = |seconds: f64, count: usize| seconds * 1e9 / count as f64;
    println!("settle: {:.0} ns a path with losses", per(start.elapsed().as_secs_f64(), with_loss.len()));

    let start = Instant::now();
    let mut accumulator = LossAccumulator::new(spec.clone())?;
    for path in 0..PATHS {
        accumulator.add(path, 1.0, &[0.0; MARKETS * HORIZONS])?;
    }
    println!("add: {:.0} ns a path without losses", per(start.elapsed().as_secs_f64(), PATHS as usize));
    let start = Instant::now();
    let mut accumulator = LossAccumulator::new(spec.clone())?;
    for (path, row) in with_loss.iter().enumerate() {
        accumulator.add(path as u64, 1.0, row)?;
    }
    println!("add: {:.0} ns a path with losses", per(start.elapsed().as_secs_f64(), with_loss.len()));

    let mut halves = [LossAccumulator::new(spec.clone())?, LossAccumulator::new(spec)?];
    let start = Instant::now();
    for (path, (weight, row)) in rows.iter().enumerate() {
        halves[path % 2].add(path as u64, *weight, row)?;
    }
    println!("all paths: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let [mut one, other] = halves;
    let start = Instant::now();
    one.merge(&other)?;
    println!("merge of two: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let figures = one.finish()?;
    println!(
        "figures: {:.1} ms, ES {:.0}",
        start.elapsed().as_secs_f64() * 1e3,
        figures.horizons[1].owed.shortfall.expected_shortfall.value
    );
    let start = Instant::now();
    let bytes = one.encode()?;
    println!("write: {:.1} ms, {:.2} MB", start.elapsed().as_secs_f64() * 1e3, bytes.len() as f64 / 1e6);
    let start = Instant::now();
    let back = LossAccumulator::decode(&bytes)?;
    println!("read: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    black_box(back);
    Ok(())
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
