//! `seawall pool`: a pool in a local file. Every action of the engine is one of these commands; the rules that
//! decide are the engine's, the file is the ledger's.

use clap::Subcommand;

use crate::output::{Failure, Format};

mod account;
pub mod amount;
mod book;
mod bounds;
mod capital;
mod cover;
mod event;
pub mod evidence;
mod exits;
mod govern;
mod header;
mod history;
mod init;
pub mod instant;
mod label;
mod loss;
mod note;
mod quote_file;
mod recover;
mod refusal;
mod repair;
pub mod rules_file;
mod section;
mod status;
mod terms;

/// Arguments of `seawall pool`.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seawall pool init --pool pool.sqlite --asset USDC --decimals 6 --tranches junior,senior
  seawall pool deposit --pool pool.sqlite --as alice --tranche junior --amount 250,000
  seawall pool status --pool pool.sqlite")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open a new pool in a file.
    Init(init::Args),
    /// Pay into a tranche.
    Deposit(capital::Deposit),
    /// Give unlocked shares to another account.
    Transfer(capital::Transfer),
    /// Leave a tranche: request, clear, claim.
    Exit(exits::Args),
    /// Give assets to the reserve, or stream its surplus.
    Fund(capital::Fund),
    /// Quotes and policies: quote, buy, activate, cancel, finalise.
    Cover(Box<cover::Args>),
    /// Post a market's loss counter with its evidence, and settle.
    Report(loss::Report),
    /// Bring the pool up to a time: accrue, expire, settle.
    Settle(loss::Settle),
    /// Send what is set aside for a market to its destination.
    Pay(loss::Pay),
    /// Post, raise or lower an estimate of bad debt that is not realised yet.
    Estimate(loss::Estimate),
    /// Money that comes back for a loss: pay it in, claim it, auction goods.
    Recover(recover::Args),
    /// Write a ticket off, after two years and a notice.
    WriteOff(recover::WriteOffArgs),
    /// Pay accrued fees to their recipient.
    Fees(govern::Fees),
    /// Pause deposits and purchases for a bounded time.
    Pause(govern::Pause),
    /// Show, announce or withdraw rules.
    Rules(govern::RulesArgs),
    /// Show a pool: layers, policies, queue, tickets, and an account's positions.
    Status(status::Args),
    /// Show the journal.
    History(history::Args),
    /// Check a pool's file from its first entry on.
    Verify(history::Verify),
    /// Go on after the log of a killed session was lost.
    Repair(repair::Args),
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    match &args.command {
        Command::Init(args) => init::run(args, format),
        Command::Deposit(args) => capital::deposit(args, format),
        Command::Transfer(args) => capital::transfer(args, format),
        Command::Exit(args) => exits::run(args, format),
        Command::Fund(args) => capital::fund(args, format),
        Command::Cover(args) => cover::run(args, format),
        Command::Report(args) => loss::report(args, format),
        Command::Settle(args) => loss::settle(args, format),
        Command::Pay(args) => loss::pay(args, format),
        Command::Estimate(args) => loss::estimate(args, format),
        Command::Recover(args) => recover::run(args, format),
        Command::WriteOff(args) => recover::write_off(args, format),
        Command::Fees(args) => govern::fees(args, format),
        Command::Pause(args) => govern::pause(args, format),
        Command::Rules(args) => govern::rules(args, format),
        Command::Status(args) => status::run(args, format),
        Command::History(args) => history::run(args, format),
        Command::Verify(args) => history::verify(args, format),
        Command::Repair(args) => repair::run(args, format),
    }
}
