//! Measures the ledger on this machine: durable commands a second, one at a time and in batches, and the time to
//! start from 100,000 entries with and without a snapshot.
//!
//! `cargo run --release -p seawall-ledger --example speed [folder]`: the folder decides which disk is measured.

use std::path::PathBuf;
use std::time::Instant;

use seawall_engine::{AccountId, Action, Asset, Command, Config, Knot, MULTIPLIER_ONE, Roles, Rules};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds};
use seawall_ledger::{Ledger, LedgerError, Options, Request};

const T0: Seconds = 2_800 * EPOCH_SECONDS;
const ENTRIES: u64 = 100_000;
const SINGLE: u64 = 2_000;
const BATCH: u64 = 1_000;

fn config() -> Config {
    let owner = AccountId(0);
    let rules = Rules {
        roles: Roles { owner, actuaries: vec![owner], risk: owner, guardian: owner, reporters: vec![owner] },
        deposit_min: Assets::new(10),
        exit_min: Assets::new(10),
        ticket_min: Assets::new(10),
        cooldown: 2 * EPOCH_SECONDS,
        waiting: EPOCH_SECONDS,
        term_epochs_max: 26,
        early_period: 0,
        early_multiple: Ppm::new(10_000_000),
        junior_floor: Ppm::new(100_000),
        scarcity: vec![Knot { at: Ppm::ZERO, multiplier: MULTIPLIER_ONE }],
        earn_rate_max: u64::MAX,
        fee: Ppm::ZERO,
        fee_recipient: owner,
        cancel_share: Ppm::new(100_000),
        reserve_target: Assets::new(1_000),
        surplus_epochs: 4,
        surplus_split: [Ppm::ONE, Ppm::ZERO, Ppm::ZERO, Ppm::ZERO],
        rate_min: Ppm::ZERO,
        limit_max: Assets::MAX,
        market_share_max: Ppm::ONE,
        mutual_multiple: Ppm::new(2_000_000),
        latent_share_max: Ppm::ONE,
        latent_term_max: 8 * EPOCH_SECONDS,
        pause_max: EPOCH_SECONDS,
    };
    Config { pool: [7; 32], tranches: 2, asset: Asset::default(), rules, opened: T0 }
}

/// Deposits of 10,000 accounts, a minute apart.
fn request(key: &str, index: u64) -> Request<'_> {
    Request::naming(key, T0 + index * 60, move |names| {
        let owner = names.account(&format!("account {}", index % 10_000))?;
        let assets = Assets::new(1_000_000_000_000_000_000 + u128::from(index));
        Ok(Command::new(owner, Action::Deposit { tranche: u8::from(index.is_multiple_of(3)), owner, assets }))
    })
}

fn main() -> Result<(), LedgerError> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let file = folder.join(format!("seawall-speed-{}.ledger", std::process::id()));
    Ledger::create(&file, config(), &["owner"], &[])?.close()?;
    let without = Options { snapshot_every: 0, ..Options::default() };
    let mut ledger = Ledger::open_with(&file, without)?;
    let keys: Vec<String> = (0..ENTRIES).map(|index| format!("request {index}")).collect();
    let run = |ledger: &mut Ledger, from: u64, to: u64, batch: u64| -> Result<f64, LedgerError> {
        let start = Instant::now();
        let mut index = from;
        while index < to {
            let requests = (index..to.min(index + batch)).map(|at| request(&keys[at as usize], at)).collect();
            for answer in ledger.execute_batch(requests)? {
                answer?;
            }
            index += batch;
        }
        Ok((to - from) as f64 / start.elapsed().as_secs_f64())
    };
    let mut at = 0;
    for (count, batch) in
        [(SINGLE, 1), (SINGLE, 10), (20 * BATCH, 100), (ENTRIES - SINGLE * 2 - 20 * BATCH, BATCH)]
    {
        let rate = run(&mut ledger, at, at + count, batch)?;
        println!("{rate:>9.0} commands/s durable, {batch} in a transaction");
        at += count;
    }
    ledger.close()?;
    let bytes = std::fs::metadata(&file).map_err(|error| LedgerError::Storage {
        file: file.clone(),
        doing: "measure it",
        reason: error.to_string(),
    })?;
    println!("{:>9.1} MB for {at} entries", bytes.len() as f64 / 1e6);
    let timed = |what: &str, options: Options| -> Result<(), LedgerError> {
        let start = Instant::now();
        let ledger = Ledger::open_with(&file, options)?;
        println!(
            "{:>9.3} s to open, {what} ({} replayed)",
            start.elapsed().as_secs_f64(),
            ledger.start().replayed
        );
        ledger.close()
    };
    timed("full replay", Options { use_snapshots: false, ..without })?;
    let mut ledger = Ledger::open_with(&file, without)?;
    let start = Instant::now();
    ledger.take_snapshot()?;
    println!("{:>9.3} s to take a snapshot", start.elapsed().as_secs_f64());
    ledger.close()?;
    timed("with a snapshot", without)?;
    let start = Instant::now();
    let report = Ledger::verify(&file)?;
    println!(
        "{:>9.3} s to verify: {}",
        start.elapsed().as_secs_f64(),
        if report.is_sound() { "sound" } else { "damaged" }
    );
    let _ = std::fs::remove_file(&file);
    Ok(())
}
