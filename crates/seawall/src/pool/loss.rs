//! Losses: readings with evidence, settling, payments set aside, latent estimates.

use clap::ArgGroup;
use seawall_engine::{AccountId, Action, Reading};

use super::book::{Book, Write};
use super::{evidence, instant};
use crate::output::{Failure, Format};

/// Arguments of `pool report`.
#[derive(clap::Args)]
#[command(
    group(ArgGroup::new("reading").required(true).args(["counter", "failed"])),
    after_help = "The counter is all bad debt the market ever realised; it only rises. The first report of a market, \
with --open, makes it known to the pool. What is new since the last report is settled at once.

Example:
  seawall pool report --pool pool.sqlite --as reporter --market aave-weth --open --counter 0 --evidence block.json
  seawall pool report --pool pool.sqlite --as reporter --market aave-weth --counter 60,000 --evidence liquidation.json"
)]
pub struct Report {
    #[command(flatten)]
    write: Write,
    /// Market.
    #[arg(long)]
    market: String,
    /// The pool does not know the market yet.
    #[arg(long)]
    open: bool,
    /// Cumulative bad debt, in the pool's asset.
    #[arg(long, value_name = "AMOUNT")]
    counter: Option<String>,
    /// The market could not be read: it becomes stale (rule 4.2).
    #[arg(long)]
    failed: bool,
    /// File with the evidence, or its SHA-256.
    #[arg(long, value_name = "FILE|HEX")]
    evidence: String,
    /// Bad debt the market shows that is not in the counter yet.
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    latent: String,
    /// What the market itself recovered on booked losses, cumulative [default: as last reported].
    #[arg(long, value_name = "AMOUNT")]
    recovered: Option<String>,
    /// What lenders have supplied, for the haircut on the ticket [default: as last reported].
    #[arg(long, value_name = "AMOUNT")]
    supplied: Option<String>,
    /// Most the market's destination accepts now; the rest is set aside [default: everything].
    #[arg(long, value_name = "AMOUNT")]
    accepts: Option<String>,
}

/// Posts a reading and settles it.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn report(args: &Report, format: Format) -> Result<(), Failure> {
    let mut book = Book::open(&args.write)?;
    let caller = match (&args.write.caller, book.state().rules().roles.reporters.as_slice()) {
        (None, [only]) => *only,
        _ => book.caller(&args.write)?,
    };
    let market = if args.open {
        book.market_or_new("--market", &args.market)?
    } else {
        // A slip of the pen must not open a market.
        book.market("--market", &args.market)
            .map_err(|failure| failure.hint("a new market is reported with --open"))?
    };
    let unit = &book.labels().unit;
    let amount = |field: &str, text: &str| unit.assets(field, text).map(seawall_fixed::Assets::get);
    let last = book.state().market(market);
    let or_last = |field: &str, text: &Option<String>, last: u128| match text {
        Some(text) => amount(field, text),
        None => Ok(last),
    };
    let counter = args.counter.as_deref().map(|text| amount("--counter", text)).transpose()?;
    let mut reading = Reading::of(market, 0);
    reading.counter = counter;
    reading.latent = amount("--latent", &args.latent)?;
    reading.recovered = or_last("--recovered", &args.recovered, last.map_or(0, |last| last.recovered))?;
    reading.supplied = or_last("--supplied", &args.supplied, last.map_or(0, |last| last.supplied))?;
    reading.accepts = args.accepts.as_deref().map(|text| amount("--accepts", text)).transpose()?;
    let evidence = evidence::digest("--evidence", &args.evidence)?;
    book.run(&args.write, caller, Action::Report { reading, evidence }, format)
}

/// Arguments of `pool settle`.
#[derive(clap::Args)]
#[command(after_help = "Every other command does this first; alone it moves the pool to a time.

Example:
  seawall pool settle --pool pool.sqlite")]
pub struct Settle {
    #[command(flatten)]
    write: Write,
}

/// Brings the pool up to a time.
///
/// # Errors
/// What the engine refuses.
pub fn settle(args: &Settle, format: Format) -> Result<(), Failure> {
    let book = Book::open(&args.write)?;
    let caller = anyone(&book, &args.write)?;
    book.run(&args.write, caller, Action::Sync, format)
}

/// Arguments of `pool pay`.
#[derive(clap::Args)]
#[command(after_help = "Anyone may ask; the money can go nowhere else (rule 4.5).

Example:
  seawall pool pay --pool pool.sqlite --market aave-weth")]
pub struct Pay {
    #[command(flatten)]
    write: Write,
    /// Market.
    #[arg(long)]
    market: String,
}

/// Sends what is set aside for a market.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn pay(args: &Pay, format: Format) -> Result<(), Failure> {
    let book = Book::open(&args.write)?;
    let caller = anyone(&book, &args.write)?;
    let market = book.market("--market", &args.market)?;
    book.run(&args.write, caller, Action::PayMarket { market }, format)
}

/// Arguments of `pool estimate`.
#[derive(clap::Args)]
#[command(
    after_help = "A higher estimate acts at once, a lower one at the next epoch boundary; zero releases it (rule \
5.6). While it is open, exits are paid less its part.

Example:
  seawall pool estimate --pool pool.sqlite --as risk --market aave-weth --amount 20,000 --for 30d"
)]
pub struct Estimate {
    #[command(flatten)]
    write: Write,
    /// Market.
    #[arg(long)]
    market: String,
    /// Estimated bad debt.
    #[arg(long)]
    amount: String,
    /// First second at which it is no longer valid: RFC 3339 or Unix seconds.
    #[arg(long, value_name = "TIME", conflicts_with = "valid_for")]
    until: Option<String>,
    /// How long it is valid [default: as long as the open one, or as the rules allow].
    #[arg(long = "for", id = "valid_for", value_name = "DURATION")]
    valid_for: Option<String>,
}

/// Posts, raises, lowers or releases an estimate.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn estimate(args: &Estimate, format: Format) -> Result<(), Failure> {
    let mut book = Book::open(&args.write)?;
    let caller = book.caller_or(&args.write, book.state().rules().roles.risk)?;
    let market = book.market("--market", &args.market)?;
    let amount = book.labels().unit.assets("--amount", &args.amount)?;
    let at = instant::of_command(args.write.at.as_deref())?;
    let open = book.state().market(market).and_then(|market| market.estimate).map(|open| open.expiry);
    let expiry = match (&args.until, &args.valid_for) {
        (Some(text), _) => instant::parse("--until", text)?,
        (None, text) => {
            book.derive();
            let longest = at.saturating_add(book.state().rules().latent_term_max);
            let valid = text.as_deref().map(|text| instant::duration("--for", text)).transpose()?;
            valid.map_or(open.unwrap_or(longest), |valid| at.saturating_add(valid))
        }
    };
    book.run_at(&args.write, caller, Action::PostEstimate { market, amount, expiry }, at, format)
}

/// The caller of a command that anyone may give: `--as`, or the owner of the pool.
///
/// # Errors
/// `--as` is unknown.
pub fn anyone(book: &Book, write: &Write) -> Result<AccountId, Failure> {
    book.caller_or(write, book.state().rules().roles.owner)
}
