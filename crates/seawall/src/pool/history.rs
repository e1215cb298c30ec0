//! `pool history` and `pool verify`: the journal, and whether it is whole.

use std::ops::RangeInclusive;

use seawall_engine::Action;
use seawall_ledger::{Entry, Hash, Head, Ledger};
use serde_json::{Value, json};

use super::book::{Book, Target, of_ledger};
use super::label::{Field, Labels};
use super::{event, instant};
use crate::output::{Failure, Format, line, print_json};

/// Entries read at a time.
const PAGE: u64 = 1_000;

/// Arguments of `pool history`.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seawall pool history --pool pool.sqlite --last 20
  seawall pool history --pool pool.sqlite --from 100 --to 200 --json")]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// First entry.
    #[arg(long, conflicts_with = "last")]
    from: Option<u64>,
    /// Last entry.
    #[arg(long, conflicts_with = "last")]
    to: Option<u64>,
    /// The last so many entries.
    #[arg(long)]
    last: Option<u64>,
    /// Show bookkeeping events (accruals, due dates) too.
    #[arg(long)]
    all: bool,
}

/// Prints entries of the journal.
///
/// # Errors
/// What is wrong with the file.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let book = Book::read(&args.target)?;
    let end = book.ledger().head().sequence;
    let first = args.last.map_or(args.from.unwrap_or(1), |last| end.saturating_sub(last) + 1).max(1);
    let last = args.to.unwrap_or(end).min(end);
    let mut all = Vec::new();
    for page in pages(first..=last) {
        let entries = book.ledger().entries(page).map_err(|error| of_ledger(&error, Some(book.labels())))?;
        for entry in entries {
            match format {
                Format::Json => all.push(entry_json(&entry, book.labels())),
                Format::Table => print_entry(&entry, book.labels(), args.all),
            }
        }
    }
    if format == Format::Json {
        print_json(&json!({"entries": all, "last": end.to_string()}));
    }
    Ok(())
}

/// A range in pieces, so that a long journal never stands in memory as a whole.
fn pages(range: RangeInclusive<u64>) -> impl Iterator<Item = RangeInclusive<u64>> {
    let (first, last) = range.into_inner();
    let starts = std::iter::successors(Some(first), |start| start.checked_add(PAGE));
    starts
        .take_while(move |start| *start <= last)
        .map(move |start| start..=last.min(start.saturating_add(PAGE - 1)))
}

fn print_entry(entry: &Entry, labels: &Labels, all: bool) {
    let caller = labels.account(entry.command.caller);
    let asked = action_name(&entry.command.action);
    line(&format!("{:>6}  {}  {caller}: {asked}", entry.sequence, instant::text(entry.at)));
    for described in entry.events.iter().map(event::describe).filter(|described| all || !described.quiet) {
        line(&format!("        {}", described.line(labels)));
    }
}

fn entry_json(entry: &Entry, labels: &Labels) -> Value {
    let events: Vec<Value> =
        entry.events.iter().map(|happened| event::describe(happened).json(labels)).collect();
    json!({
        "sequence": entry.sequence.to_string(),
        "at": Field::Time(entry.at).json(labels),
        "key": entry.key,
        "caller": labels.account(entry.command.caller),
        "action": action_name(&entry.command.action),
        "events": events,
        "hash": entry.hash.to_string(),
    })
}

/// What was asked, in the words of the command line.
const fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Sync => "settle",
        Action::Deposit { .. } => "deposit",
        Action::Transfer { .. } => "transfer",
        Action::RequestExit { .. } => "exit request",
        Action::ClearExits { .. } => "exit clear",
        Action::ClaimExit { .. } => "exit claim",
        Action::FundReserve { .. } => "fund",
        Action::StreamSurplus => "fund stream-surplus",
        Action::BuyCover { .. } => "cover buy",
        Action::Activate { .. } => "cover activate",
        Action::Cancel { .. } => "cover cancel",
        Action::Finalise { .. } => "cover finalise",
        Action::ReleaseBond { .. } => "cover release-bond",
        Action::RevokeQuotes { .. } => "cover revoke",
        Action::Report { .. } => "report",
        Action::PayMarket { .. } => "pay",
        Action::PostEstimate { .. } => "estimate",
        Action::RecoverTicket { .. } => "recover ticket",
        Action::RecoverMarket { .. } => "recover market",
        Action::AssignRecoveries { .. } => "recover assign",
        Action::ClaimRecovery { .. } => "recover claim",
        Action::ClaimDeductible { .. } => "recover claim-deductible",
        Action::ClaimBond { .. } => "recover claim-bond",
        Action::AnnounceWriteOff { .. } => "write-off announce",
        Action::WriteOff { .. } => "write-off execute",
        Action::OpenLot { .. } => "recover auction",
        Action::BuyLot { .. } => "recover buy-lot",
        Action::AnnounceRules { .. } => "rules announce",
        Action::WithdrawRules => "rules withdraw",
        Action::Pause { .. } => "pause",
        Action::CollectFees => "fees",
    }
}

/// Arguments of `pool verify`.
#[derive(clap::Args)]
#[command(
    after_help = "Every command is decided again from the first on and its events compared; nothing is written. The \
file alone cannot tell that it is an older copy: keep the head that verify prints elsewhere, and pass it next time.

Example:
  seawall pool verify --pool pool.sqlite
  seawall pool verify --pool pool.sqlite --contains 42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)]
pub struct Verify {
    #[command(flatten)]
    target: Target,
    /// A head noted earlier: the journal must contain it.
    #[arg(long, value_name = "ENTRY:HASH")]
    contains: Option<String>,
}

/// Checks a pool's file.
///
/// # Errors
/// Damage, exit code 4, after the report; a file that cannot be looked at.
pub fn verify(args: &Verify, format: Format) -> Result<(), Failure> {
    let head = args.contains.as_deref().map(parse_head).transpose()?;
    let file = &args.target.pool;
    let report = Ledger::verify(file).map_err(|error| of_ledger(&error, None))?;
    let contained = match head.filter(|_| report.is_sound()) {
        Some(head) => {
            let ledger = Ledger::open_read_only(file).map_err(|error| of_ledger(&error, None))?;
            Some(ledger.contains(head).map_err(|error| of_ledger(&error, None))?)
        }
        None => None,
    };
    let damage = || match contained {
        Some(false) => {
            Some("the journal does not contain the head given: it is older, or another one".to_owned())
        }
        _ if report.is_sound() => None,
        _ => Some(format!("{} findings", report.findings.len())),
    };
    let damage = damage();
    if format == Format::Json {
        print_json(&json!({
            "sound": damage.is_none(),
            "head": report.head.map(|head| json!({"sequence": head.sequence.to_string(), "hash": head.hash.to_string()})),
            "confirmed": report.confirmed.to_string(),
            "snapshots": report.snapshots.to_string(),
            "state": report.state.map(|state| state.to_string()),
            "contains_head": contained,
            "findings": report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }));
    } else {
        line(report.to_string().trim_end());
        if contained == Some(true) {
            line("contains the head given");
        }
    }
    match damage {
        None => Ok(()),
        Some(what) => Err(Failure::damaged(format!("{}: {what}", file.display()))
            .hint("restore a backup; docs/operations.md says what to do with a damaged file")
            .reported(format)),
    }
}

fn parse_head(text: &str) -> Result<Head, Failure> {
    let parsed = text.split_once(':').and_then(|(sequence, hash)| {
        Some(Head { sequence: sequence.parse().ok()?, hash: hash.parse::<Hash>().ok()? })
    });
    parsed.ok_or_else(|| {
        Failure::input(format!("--contains: {text:?} is no head"))
            .hint("a head is an entry's number, a colon, and 64 hexadecimal digits; verify prints it")
    })
}
