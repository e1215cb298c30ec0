//! `pool cover`: quotes signed by the local actuary, purchases, the life of policies.

use std::path::PathBuf;

use clap::Subcommand;
use seawall_engine::{Action, MemberId};
use serde_json::json;

use super::book::{Book, Target, Write};
use super::loss::anyone;
use super::quote_file::{QuoteFile, Signed};
use super::terms::TermArgs;
use super::{bounds, instant, label};
use crate::output::{Failure, Format, line, print_json, write_whole};

/// Arguments of `pool cover`.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seawall pool cover quote --pool pool.sqlite --market aave-weth --buyer aave --limit 100,000 --premium 4,000 \\
      --term 13 --split 0.7,0.2 --out quote.json
  seawall pool cover buy --pool pool.sqlite --quote quote.json
  seawall pool cover activate --pool pool.sqlite --market aave-weth")]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Sign terms as a quote file; the pool does not change.
    #[command(after_help = "Example:
  seawall pool cover quote --pool pool.sqlite --market aave-weth --buyer aave --limit 100,000 --premium 4,000 \\
      --term 13 --split 0.7,0.2 --out quote.json")]
    Quote(Box<QuoteArgs>),
    /// Buy cover against a quote file, or against terms signed on the spot by a local actuary.
    #[command(
        after_help = "Example:\n  seawall pool cover buy --pool pool.sqlite --quote quote.json --premium-max 4,200"
    )]
    Buy(Box<Buy>),
    /// Put a bought policy in force at or after its start; anyone may ask.
    #[command(after_help = "Example:\n  seawall pool cover activate --pool pool.sqlite --market aave-weth")]
    Activate(Market),
    /// End a policy at the next epoch boundary against a refund.
    #[command(
        after_help = "Example:\n  seawall pool cover cancel --pool pool.sqlite --as aave --market aave-weth"
    )]
    Cancel(Market),
    /// Close the books of an ended policy: bonus and bond; anyone may ask.
    #[command(after_help = "Example:\n  seawall pool cover finalise --pool pool.sqlite --market aave-weth")]
    Finalise(Market),
    /// Void the quotes of a market up to a nonce.
    #[command(
        after_help = "Example:\n  seawall pool cover revoke --pool pool.sqlite --market aave-weth --nonce 3"
    )]
    Revoke {
        #[command(flatten)]
        market: Market,
        /// Highest nonce to void.
        #[arg(long)]
        nonce: u64,
    },
    /// Take back what is left of a callable bond.
    #[command(
        after_help = "Example:\n  seawall pool cover release-bond --pool pool.sqlite --as aave --bond 0"
    )]
    ReleaseBond {
        #[command(flatten)]
        write: Write,
        /// Number of the bond.
        #[arg(long)]
        bond: u32,
    },
}

#[derive(clap::Args)]
struct Market {
    #[command(flatten)]
    write: Write,
    /// Market.
    #[arg(long)]
    market: String,
}

#[derive(clap::Args)]
struct QuoteArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    terms: TermArgs,
    /// Time of the quote: RFC 3339 or Unix seconds [default: the machine's clock].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// File to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Buy {
    #[command(flatten)]
    write: Write,
    /// Quote file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["market", "buyer", "limit", "premium", "term", "signer"])]
    quote: Option<PathBuf>,
    #[command(flatten)]
    terms: TermArgs,
    /// Most the buyer pays as premium, scarcity included [default: the quoted premium].
    #[arg(long, value_name = "AMOUNT")]
    premium_max: Option<String>,
}

/// Runs one step in the life of a policy.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    match &args.step {
        Step::Quote(args) => quote(args, format),
        Step::Buy(args) => buy(args, format),
        Step::Activate(args) => {
            let book = Book::open(&args.write)?;
            let market = book.market("--market", &args.market)?;
            let caller = anyone(&book, &args.write)?;
            book.run(&args.write, caller, Action::Activate { market }, format)
        }
        Step::Cancel(args) => {
            let book = Book::open(&args.write)?;
            let market = book.market("--market", &args.market)?;
            let caller = book.caller(&args.write)?;
            book.run(&args.write, caller, Action::Cancel { market }, format)
        }
        Step::Finalise(args) => {
            let book = Book::open(&args.write)?;
            let market = book.market("--market", &args.market)?;
            let caller = anyone(&book, &args.write)?;
            book.run(&args.write, caller, Action::Finalise { market }, format)
        }
        Step::Revoke { market: args, nonce } => {
            let book = Book::open(&args.write)?;
            let market = book.market("--market", &args.market)?;
            let caller = anyone(&book, &args.write)?;
            book.run(&args.write, caller, Action::RevokeQuotes { market, nonce: *nonce }, format)
        }
        Step::ReleaseBond { write, bond } => {
            let book = Book::open(write)?;
            let caller = book.caller(write)?;
            book.run(write, caller, Action::ReleaseBond { member: MemberId(*bond) }, format)
        }
    }
}

fn quote(args: &QuoteArgs, format: Format) -> Result<(), Failure> {
    let mut book = Book::read(&args.target)?;
    let at = instant::of_command(args.at.as_deref())?;
    let signed = args.terms.signed(&mut book, at)?;
    let signer = book.account("--signer", &signed.signer)?;
    bounds::check(&signed.quote, signer, book.state().rules(), book.labels())?;
    let file = QuoteFile::of(&signed, book.labels());
    let text = serde_json::to_string_pretty(&file).map_err(Failure::environment)?;
    let Some(path) = &args.out else {
        line(&text);
        return Ok(());
    };
    write_whole(path, (text + "\n").as_bytes())?;
    let digest = label::hex(&signed.digest);
    if format == Format::Json {
        print_json(&json!({"file": path.display().to_string(), "digest": digest}));
    } else {
        line(&format!("wrote {}, digest {digest}", path.display()));
    }
    Ok(())
}

fn buy(args: &Buy, format: Format) -> Result<(), Failure> {
    let mut book = Book::open(&args.write)?;
    let at = instant::of_command(args.write.at.as_deref())?;
    let Signed { quote, digest, signer } = match &args.quote {
        Some(path) => QuoteFile::read(path, &mut book)?,
        None => args.terms.signed(&mut book, at)?,
    };
    let caller = book.caller_or(&args.write, quote.buyer)?;
    let signer = book.account("signer", &signer)?;
    let premium_max = match &args.premium_max {
        Some(text) => book.labels().unit.assets("--premium-max", text)?,
        None => quote.premium,
    };
    let action = Action::BuyCover { quote: Box::new(quote), digest, signer, premium_max };
    book.run_at(&args.write, caller, action, at, format)
}
