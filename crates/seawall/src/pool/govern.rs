//! Roles at work: fees, pauses, rules.

use std::path::PathBuf;

use clap::Subcommand;
use seawall_engine::Action;
use serde_json::{Value, json};

use super::book::{Book, Target, Write};
use super::label::{Field, Labels};
use super::loss::anyone;
use super::rules_file::RulesFile;
use super::{evidence, instant};
use crate::output::{Failure, Format, line, print_json};

/// Arguments of `pool fees`.
#[derive(clap::Args)]
#[command(after_help = "Anyone may ask; the rules name the recipient.

Example:
  seawall pool fees --pool pool.sqlite")]
pub struct Fees {
    #[command(flatten)]
    write: Write,
}

/// Pays accrued fees.
///
/// # Errors
/// What the engine refuses.
pub fn fees(args: &Fees, format: Format) -> Result<(), Failure> {
    let book = Book::open(&args.write)?;
    let caller = anyone(&book, &args.write)?;
    book.run(&args.write, caller, Action::CollectFees, format)
}

/// Arguments of `pool pause`.
#[derive(clap::Args)]
#[command(
    after_help = "A pause stops deposits and purchases only; losses are settled and exits go on (rule 5.5).

Example:
  seawall pool pause --pool pool.sqlite --for 3d"
)]
pub struct Pause {
    #[command(flatten)]
    write: Write,
    /// How long.
    #[arg(long = "for", id = "pause_for", value_name = "DURATION", required_unless_present = "until")]
    pause_for: Option<String>,
    /// First second after the pause: RFC 3339 or Unix seconds.
    #[arg(long, value_name = "TIME", conflicts_with = "pause_for")]
    until: Option<String>,
}

/// Pauses deposits and purchases.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn pause(args: &Pause, format: Format) -> Result<(), Failure> {
    let mut book = Book::open(&args.write)?;
    let caller = book.caller_or(&args.write, book.state().rules().roles.guardian)?;
    let at = instant::of_command(args.write.at.as_deref())?;
    let until = match (&args.until, &args.pause_for) {
        (Some(text), _) => instant::parse("--until", text)?,
        (None, Some(text)) => {
            book.derive();
            at.saturating_add(instant::duration("--for", text)?)
        }
        (None, None) => return Err(Failure::input("--for is missing")),
    };
    book.run_at(&args.write, caller, Action::Pause { until }, at, format)
}

/// Arguments of `pool rules`.
#[derive(clap::Args)]
#[command(
    after_help = "A change that only tightens purchases acts at once; any other waits until nobody who relied on \
the old rules is bound any more (rule 5.5).

Example:
  seawall pool rules show --pool pool.sqlite > rules.json
  seawall pool rules announce --pool pool.sqlite --rules rules.json"
)]
pub struct RulesArgs {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Print the rules in force as a JSON file.
    #[command(after_help = "Example:\n  seawall pool rules show --pool pool.sqlite > rules.json")]
    Show {
        #[command(flatten)]
        target: Target,
        /// Print the announced rules and their time instead.
        #[arg(long)]
        announced: bool,
    },
    /// Announce rules: a JSON file; what it leaves out stays as it is.
    #[command(after_help = "Example:\n  seawall pool rules announce --pool pool.sqlite --rules rules.json")]
    Announce {
        #[command(flatten)]
        write: Write,
        /// The rules.
        #[arg(long, value_name = "FILE")]
        rules: PathBuf,
    },
    /// Withdraw an announced change.
    #[command(after_help = "Example:\n  seawall pool rules withdraw --pool pool.sqlite")]
    Withdraw {
        #[command(flatten)]
        write: Write,
    },
}

/// Shows, announces or withdraws rules.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn rules(args: &RulesArgs, format: Format) -> Result<(), Failure> {
    match &args.step {
        Step::Show { target, announced } => show(&Book::read(target)?, *announced, format),
        Step::Announce { write, rules } => {
            let mut book = Book::open(write)?;
            let caller = book.caller_or(write, book.state().rules().roles.owner)?;
            let named = format!("--rules: {}", rules.display());
            let text = evidence::read_text("--rules", rules)?;
            let unit = book.labels().unit.clone();
            let file = file_of(book.state().rules(), book.labels()).overlaid(&named, &text)?;
            let rules = Box::new(file.rules(&named, &unit, |name| book.account_or_new(&named, name))?);
            book.run(write, caller, Action::AnnounceRules { rules }, format)
        }
        Step::Withdraw { write } => {
            let book = Book::open(write)?;
            let caller = book.caller_or(write, book.state().rules().roles.owner)?;
            book.run(write, caller, Action::WithdrawRules, format)
        }
    }
}

fn file_of(rules: &seawall_engine::Rules, labels: &Labels) -> RulesFile {
    RulesFile::of(rules, &labels.unit, labels.tranches.len(), |id| labels.account(id))
}

/// The rules for programs.
///
/// # Errors
/// Never in practice: they are made of texts and numbers.
pub fn rules_json(rules: &seawall_engine::Rules, labels: &Labels) -> Result<Value, Failure> {
    serde_json::to_value(file_of(rules, labels)).map_err(Failure::environment)
}

fn show(book: &Book, announced: bool, format: Format) -> Result<(), Failure> {
    if !announced {
        line(&file_of(book.state().rules(), book.labels()).text()?);
        return Ok(());
    }
    match (book.state().pending_rules(), format) {
        (Some(pending), _) => {
            let rules = rules_json(&pending.rules, book.labels())?;
            print_json(&json!({"act_at": Field::Time(pending.at).json(book.labels()), "rules": rules}));
        }
        (None, Format::Json) => print_json(&Value::Null),
        (None, Format::Table) => line("no rule change is waiting"),
    }
    Ok(())
}
