//! `seawall`: arguments in, tables out. Each subcommand lives in a folder of its own and has no rule of its
//! own: rules are the engine's, prices the actuary's, durability the ledger's.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod accounts;
mod completions;
mod demo;
mod deploy;
mod frontier;
mod output;
mod pool;
mod projection;
mod quote;
mod report;
mod simulate;
mod usage;
mod verify;

use output::{Failure, Format};

/// Bad-debt insurance pools for lending markets and leveraged exchanges.
#[derive(Parser)]
#[command(name = "seawall", version, about, max_term_width = 110)]
struct Cli {
    /// Print one JSON document instead of tables.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole product on real data: price, buy, crash, settle, leave, recover, report.
    Demo(demo::Args),
    /// Price cover for the markets of a loan book.
    Quote(Box<quote::Args>),
    /// Compute a quote again from its file, and say what differs.
    Verify(verify::Args),
    /// Say what each change of loan to value, volatility, depth, delay, concentration or cap costs.
    Frontier(Box<frontier::Args>),
    /// Look years ahead: is the pool viable, and how large must it be?
    Projection(Box<projection::Args>),
    /// Simulate a range of a quote's paths into a shard.
    Simulate(Box<simulate::Args>),
    /// Merge shards of simulated losses.
    Merge(simulate::MergeArgs),
    /// Make a book of accounts, as quote reads it, from tables of Aave borrowers.
    Accounts(Box<accounts::Args>),
    /// Open and run a pool in a local file.
    Pool(pool::Args),
    /// Deploy a pool on a chain.
    Deploy(Box<deploy::Args>),
    /// Print shell completions.
    Completions(completions::Args),
}

fn main() -> ExitCode {
    let cli: Cli = match usage::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let format = if cli.json { Format::Json } else { Format::Table };
    let result = match cli.command {
        Command::Demo(args) => demo::run(&args, format),
        Command::Quote(args) => quote::run(&args, format),
        Command::Verify(args) => verify::run(&args, format),
        Command::Frontier(args) => frontier::run(&args, format),
        Command::Projection(args) => projection::run(&args, format),
        Command::Simulate(args) => simulate::run(&args, format),
        Command::Merge(args) => simulate::merge(&args, format),
        Command::Accounts(args) => accounts::run(&args, format),
        Command::Pool(args) => pool::run(&args, format),
        Command::Deploy(args) => deploy::run(&args, format),
        Command::Completions(args) => completions::run::<Cli>(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(format),
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::environment(error.to_string())
    }
}
