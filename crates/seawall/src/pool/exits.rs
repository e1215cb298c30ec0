//! `pool exit`: leaving a tranche in three steps.

use clap::Subcommand;
use seawall_engine::{Action, ExitId};

use super::book::{Book, Write};
use super::capital::HowMany;
use crate::output::{Failure, Format};

/// Arguments of `pool exit`.
#[derive(clap::Args)]
#[command(
    after_help = "A request bears losses and no gains until it is paid. It clears when its cooldown has passed \
and the capital is free, at its deadline in any case (rule 5).

Example:
  seawall pool exit request --pool pool.sqlite --as alice --tranche junior --amount 50,000
  seawall pool exit clear --pool pool.sqlite
  seawall pool exit claim --pool pool.sqlite --as alice --exit 0"
)]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Ask to leave with unlocked shares.
    #[command(
        after_help = "Example:\n  seawall pool exit request --pool pool.sqlite --as alice --tranche junior --all"
    )]
    Request {
        #[command(flatten)]
        write: Write,
        /// Tranche, by name or number.
        #[arg(long)]
        tranche: String,
        #[command(flatten)]
        how_many: HowMany,
    },
    /// Clear the exits whose time has come; anyone may ask.
    #[command(after_help = "Example:\n  seawall pool exit clear --pool pool.sqlite --count 10")]
    Clear {
        #[command(flatten)]
        write: Write,
        /// Most exits to look at.
        #[arg(long, default_value_t = 100)]
        count: u32,
    },
    /// Be paid for an exit that has cleared.
    #[command(after_help = "Example:\n  seawall pool exit claim --pool pool.sqlite --as alice --exit 0")]
    Claim {
        #[command(flatten)]
        write: Write,
        /// Number of the exit.
        #[arg(long)]
        exit: u32,
    },
}

/// Runs one step of leaving.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    match &args.step {
        Step::Request { write, tranche, how_many } => {
            let mut book = Book::open(write)?;
            let caller = book.caller(write)?;
            let tranche = book.tranche("--tranche", tranche)?;
            let shares = how_many.shares(&mut book, write, caller, tranche)?;
            book.run(write, caller, Action::RequestExit { tranche, shares }, format)
        }
        Step::Clear { write, count } => {
            let book = Book::open(write)?;
            let caller = book.caller_or(write, book.state().rules().roles.owner)?;
            book.run(write, caller, Action::ClearExits { count: *count }, format)
        }
        Step::Claim { write, exit } => {
            let book = Book::open(write)?;
            let caller = book.caller(write)?;
            book.run(write, caller, Action::ClaimExit { exit: ExitId(*exit) }, format)
        }
    }
}
