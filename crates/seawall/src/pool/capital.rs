//! Capital: deposits, transfers, the reserve.

use clap::ArgGroup;
use seawall_engine::{AccountId, Action};
use seawall_fixed::{Rounding, Shares, epoch_of};

use super::book::{Book, Write, caller_name};
use super::instant;
use crate::output::{Failure, Format};

/// Arguments of `pool deposit`.
#[derive(clap::Args)]
#[command(after_help = "Shares of a deposit are locked until the second epoch boundary after it (rule 5.1).

Example:
  seawall pool deposit --pool pool.sqlite --as alice --tranche junior --amount 250,000")]
pub struct Deposit {
    #[command(flatten)]
    write: Write,
    /// Tranche, by name or number.
    #[arg(long)]
    tranche: String,
    /// How much, in the pool's asset.
    #[arg(long)]
    amount: String,
    /// Who receives the shares [default: who pays].
    #[arg(long, value_name = "ACCOUNT")]
    owner: Option<String>,
}

/// Pays into a tranche; accounts are made by their first deposit.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn deposit(args: &Deposit, format: Format) -> Result<(), Failure> {
    let mut book = Book::open(&args.write)?;
    let tranche = book.tranche("--tranche", &args.tranche)?;
    let assets = book.labels().unit.assets("--amount", &args.amount)?;
    let caller = book.account_or_new("--as", caller_name(&args.write)?)?;
    let owner = match &args.owner {
        Some(name) => book.account_or_new("--owner", name)?,
        None => caller,
    };
    book.run(&args.write, caller, Action::Deposit { tranche, owner, assets }, format)
}

/// How many shares: by number, by value, or all.
#[derive(clap::Args)]
#[command(group(ArgGroup::new("how_many").required(true).args(["shares", "amount", "all"])))]
pub struct HowMany {
    /// Number of shares.
    #[arg(long)]
    shares: Option<String>,
    /// Shares worth this amount at the time of the command, rounded up.
    #[arg(long)]
    amount: Option<String>,
    /// All unlocked shares.
    #[arg(long)]
    all: bool,
}

impl HowMany {
    /// The shares of `owner` that are meant at the time of the command.
    ///
    /// # Errors
    /// Not a number; nothing to give.
    pub fn shares(
        &self,
        book: &mut Book,
        write: &Write,
        owner: AccountId,
        tranche: u8,
    ) -> Result<Shares, Failure> {
        if let Some(text) = &self.shares {
            return book.labels().unit.shares("--shares", text);
        }
        book.derive();
        if book.knows(write.key.as_deref())? {
            // The journalled number stands, whatever the shares are worth since.
            return Ok(Shares::ZERO);
        }
        // Shares are worth what they are at the time of the command, premium earned until then included.
        let at = instant::of_command(write.at.as_deref())?;
        let state = book.projected(at)?;
        let place = usize::from(tranche);
        let active = state.core().tranches[place].active;
        let Some(text) = &self.amount else {
            return Ok(state.holders().active(place, owner).unlocked(active.generation, epoch_of(at)));
        };
        let assets = book.labels().unit.assets("--amount", text)?;
        let shares = assets.to_shares(active.shares.get(), active.assets.get(), Rounding::Up);
        shares.map_err(|_| {
            let name = book.labels().tranche(tranche);
            Failure::input(format!("--amount: nobody holds shares of {name}, or not so many fit"))
        })
    }
}

/// Arguments of `pool transfer`.
#[derive(clap::Args)]
#[command(after_help = "Claims on recoveries of past losses stay with the giver (rule 6.2).

Example:
  seawall pool transfer --pool pool.sqlite --as alice --to bob --tranche junior --shares 1,000")]
pub struct Transfer {
    #[command(flatten)]
    write: Write,
    /// Tranche, by name or number.
    #[arg(long)]
    tranche: String,
    /// Who receives the shares.
    #[arg(long, value_name = "ACCOUNT")]
    to: String,
    /// The receiver is a new account.
    #[arg(long)]
    new_account: bool,
    #[command(flatten)]
    how_many: HowMany,
}

/// Gives unlocked active shares to another account.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn transfer(args: &Transfer, format: Format) -> Result<(), Failure> {
    let mut book = Book::open(&args.write)?;
    let caller = book.caller(&args.write)?;
    let tranche = book.tranche("--tranche", &args.tranche)?;
    let to = if args.new_account {
        book.account_or_new("--to", &args.to)?
    } else {
        // A slip of the pen must not send shares to nobody.
        book.account("--to", &args.to).map_err(|failure| failure.hint("--new-account makes it"))?
    };
    let shares = args.how_many.shares(&mut book, &args.write, caller, tranche)?;
    book.run(&args.write, caller, Action::Transfer { tranche, to, shares }, format)
}

/// Arguments of `pool fund`.
#[derive(clap::Args)]
#[command(
    group(ArgGroup::new("what").required(true).args(["amount", "stream_surplus"])),
    after_help = "Example:
  seawall pool fund --pool pool.sqlite --as treasury --amount 10,000
  seawall pool fund --pool pool.sqlite --stream-surplus"
)]
pub struct Fund {
    #[command(flatten)]
    write: Write,
    /// Give this to the reserve.
    #[arg(long)]
    amount: Option<String>,
    /// Stream what the reserve holds above its target to the tranches (rule 1.5).
    #[arg(long)]
    stream_surplus: bool,
}

/// Gives assets to the reserve, or streams its surplus.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn fund(args: &Fund, format: Format) -> Result<(), Failure> {
    let mut book = Book::open(&args.write)?;
    let Some(text) = &args.amount else {
        let caller = book.caller_or(&args.write, book.state().rules().roles.owner)?;
        return book.run(&args.write, caller, Action::StreamSurplus, format);
    };
    let assets = book.labels().unit.assets("--amount", text)?;
    let caller = book.account_or_new("--as", caller_name(&args.write)?)?;
    book.run(&args.write, caller, Action::FundReserve { assets }, format)
}
