//! `pool repair`: going on after the write-ahead log of a killed session was lost.

use seawall_ledger::{Ledger, Options};
use serde_json::json;

use super::book::{Target, of_ledger};
use crate::output::{Failure, Format, line, print_json};

/// Arguments of `pool repair`.
#[derive(clap::Args)]
#[command(
    after_help = "Only for a pool whose -wal file is gone or damaged and cannot be brought back: what only that file \
held is lost for good. Copy the pool's file first.

Example:
  seawall pool repair --pool pool.sqlite --accept-log-loss"
)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Go on without the entries that only the log held.
    #[arg(long, required = true)]
    accept_log_loss: bool,
}

/// Opens the pool without its log and closes it again.
///
/// # Errors
/// Any other damage.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let options = Options { accept_wal_loss: args.accept_log_loss, ..Options::default() };
    let ledger = Ledger::open_with(&args.target.pool, options).map_err(|error| of_ledger(&error, None))?;
    let head = ledger.head();
    ledger.close().map_err(|error| of_ledger(&error, None))?;
    if format == Format::Json {
        let head = json!({"sequence": head.sequence.to_string(), "hash": head.hash.to_string()});
        print_json(&json!({"head": head}));
    } else {
        line(&format!("the pool goes on after entry {} {}", head.sequence, head.hash));
    }
    Ok(())
}
