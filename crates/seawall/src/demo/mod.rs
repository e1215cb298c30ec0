//! `seawall demo`: the whole product on real data. Cover for the four crvUSD markets is priced from the loan book
//! of 15 November 2023 and years of hourly prices without the crashes, sold by a pool in a ledger file, and tried
//! on a crash that the price did not know.
//!
//! [`replay`] makes the losses, [`opening`], [`crash`] and [`aftermath`] run the pool, [`outcome`] gathers what
//! came out, [`story`] prints it; the report is in [`crate::report`]. No loss is scaled: only the pool is sized,
//! by quantiles of the model.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use seawall_ledger::Report;

use crate::output::{Failure, Format};
use crate::quote::assumptions::known_follows;
use crate::quote::inputs::{self, Selection};
use crate::quote::pricing::Terms;
use crate::quote::windows::{CRASHES, Crash};
use crate::quote::{self, Asked, Quote, shipped, windows};
use crate::report;

pub mod aftermath;
pub mod crash;
mod document;
pub mod opening;
pub mod outcome;
pub mod pool;
pub mod replay;
mod story;

use aftermath::Settled;
use crash::Crashed;
use opening::{Calendar, Sold};
use outcome::Outcome;
use pool::Pool;
use replay::Replay;

/// A crash of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// 11-14 March 2020.
    #[value(name = "mar-2020")]
    Mar2020,
    /// 18-23 May 2021.
    #[value(name = "may-2021")]
    May2021,
    /// 6-10 November 2022.
    #[value(name = "nov-2022")]
    Nov2022,
}

impl Scenario {
    /// Its window.
    const fn crash(self) -> Crash {
        match self {
            Self::Mar2020 => CRASHES[0],
            Self::May2021 => CRASHES[1],
            Self::Nov2022 => CRASHES[2],
        }
    }
}

/// Arguments of `seawall demo`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  seawall demo\n  seawall demo --scenario nov-2022 --out my-demo")]
pub struct Args {
    /// Crash that is laid over the book.
    #[arg(long, value_enum, default_value_t = Scenario::Mar2020)]
    scenario: Scenario,
    /// Seed of the price; the same seed gives the same output to the last byte.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Paths of the price.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=2_000_000))]
    paths: u32,
    /// Folder for the ledger and the report; files of an earlier run of the same scenario are replaced.
    #[arg(long, value_name = "DIR", default_value = "seawall-demo")]
    out: PathBuf,
}

/// Everything that the demonstration made.
pub struct Demonstration {
    /// The crash.
    pub crash: Crash,
    /// The price.
    pub quote: Quote,
    /// Dates.
    pub calendar: Calendar,
    /// The policies.
    pub sold: Vec<Sold>,
    /// The scenario on the book.
    pub replay: Replay,
    /// The pool through the crash.
    pub crashed: Crashed,
    /// The pool afterwards.
    pub settled: Settled,
    /// What came out.
    pub outcome: Outcome,
    /// The ledger decided again.
    pub verified: Report,
    /// Ledger file.
    pub ledger: PathBuf,
    /// Report file.
    pub report: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let demo = demonstrate(args, format)?;
    let page = report::page(&demo);
    std::fs::write(&demo.report, page).map_err(|error| at(&demo.report, &error))?;
    match format {
        Format::Json => crate::output::print_json(&document::json(&demo)),
        Format::Table => story::print(&demo),
    }
    Ok(())
}

fn demonstrate(args: &Args, format: Format) -> Result<Demonstration, Failure> {
    let crash = args.scenario.crash();
    std::fs::create_dir_all(&args.out).map_err(|error| at(&args.out, &error))?;
    let ledger = args.out.join(format!("{}.sqlite", crash.name));
    replace(&ledger)?;
    let quote = price(args, format)?;
    let replay = replay::replay(
        &quote.inputs.history,
        &crash,
        &quote.inputs.insured,
        quote.modelled.system.markets(),
    )?;
    let snapshot = windows::midnight(shipped::SNAPSHOT).map_or(0, |day| day + 4 * 3_600);
    let calendar = opening::calendar(snapshot);
    let names: Vec<&str> = quote.inputs.insured.iter().map(|insured| insured.market.name.as_str()).collect();
    let mut pool = Pool::open(&ledger, &names, opening::fee(&quote), calendar.opened)?;
    opening::capitalise(&mut pool, &quote)?;
    let sold = opening::sell(&mut pool, &quote, &calendar)?;
    let crashed = crash::carry(&mut pool, &replay, &calendar)?;
    let settled = aftermath::run(&mut pool, &crashed, &calendar)?;
    let outcome = outcome::gather(&pool, &quote, &sold, &crashed, &settled)?;
    let verified = pool.close()?;
    let report = args.out.join(format!("{}.html", crash.name));
    Ok(Demonstration {
        crash,
        quote,
        calendar,
        sold,
        replay,
        crashed,
        settled,
        outcome,
        verified,
        ledger,
        report,
    })
}

/// The price of the shipped book; all known crashes are held out, whichever is tried.
fn price(args: &Args, format: Format) -> Result<Quote, Failure> {
    let selection = Selection { date: shipped::SNAPSHOT, follows: known_follows(), ..Selection::default() };
    let inputs = inputs::read(&selection)?;
    let end = inputs.history.time(inputs.history.rows());
    let held_out = windows::known_crashes(inputs.history.start, end);
    let terms = Terms { paths: args.paths as usize, seed: args.seed, ..Terms::default() };
    quote::make(inputs, Asked { held_out, terms, ..Asked::default() }, format)
}

/// Removes the ledger of an earlier run, with what SQLite keeps beside it.
fn replace(ledger: &Path) -> Result<(), Failure> {
    if ledger.exists() && !Pool::is_demonstration(ledger) {
        return Err(Failure::input(format!("{} is not the ledger of a demonstration", ledger.display()))
            .hint("choose another folder with --out, or move the file away"));
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut name = ledger.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(at(&path, &error)),
            _ => {}
        }
    }
    Ok(())
}

fn at(path: &Path, error: &std::io::Error) -> Failure {
    Failure::environment(format!("{}: {error}", path.display()))
        .hint("choose a folder that can be written with --out")
}
