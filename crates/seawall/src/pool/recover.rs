//! `pool recover` and `pool write-off`: what comes back for a loss, to whom, and when nothing is awaited any more.

use clap::Subcommand;
use seawall_engine::{Action, ClassKind, LotId, MemberId, TicketId};

use super::book::{Book, Write, caller_name};
use super::loss::anyone;
use super::{evidence, instant};
use crate::output::{Failure, Format};

/// Arguments of `pool recover`.
#[derive(clap::Args)]
#[command(
    after_help = "Money for a ticket goes back in reverse order of the layers, to those who held the shares when \
it was booked (rule 6). Claims never expire.

Example:
  seawall pool recover ticket --pool pool.sqlite --as aave --ticket 0 --amount 30,000
  seawall pool recover claim --pool pool.sqlite --as alice --ticket 0 --tranche junior"
)]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(clap::Args)]
struct OfTicket {
    #[command(flatten)]
    write: Write,
    /// Number of the ticket.
    #[arg(long)]
    ticket: u32,
}

#[derive(clap::Args)]
struct OfMarket {
    #[command(flatten)]
    write: Write,
    /// Market.
    #[arg(long)]
    market: String,
    /// Most tickets to look at.
    #[arg(long, default_value_t = 100)]
    count: u32,
}

#[derive(Subcommand)]
enum Step {
    /// Pay a recovery of one ticket in.
    #[command(
        after_help = "Example:\n  seawall pool recover ticket --pool pool.sqlite --as aave --ticket 0 --amount 30,000"
    )]
    Ticket {
        #[command(flatten)]
        of: OfTicket,
        /// How much.
        #[arg(long)]
        amount: String,
    },
    /// Pay a recovery of a market in, oldest open ticket first.
    #[command(
        after_help = "Example:\n  seawall pool recover market --pool pool.sqlite --as aave --market aave-weth --amount 30,000"
    )]
    Market {
        #[command(flatten)]
        of: OfMarket,
        /// How much.
        #[arg(long)]
        amount: String,
    },
    /// Go on assigning what a market recovered; anyone may ask.
    #[command(after_help = "Example:\n  seawall pool recover assign --pool pool.sqlite --market aave-weth")]
    Assign(OfMarket),
    /// Claim an account's part of what came back to a tranche.
    #[command(
        after_help = "Example:\n  seawall pool recover claim --pool pool.sqlite --as alice --ticket 0 --tranche junior"
    )]
    Claim {
        #[command(flatten)]
        of: OfTicket,
        /// Tranche, by name or number.
        #[arg(long)]
        tranche: String,
        /// The part of shares that were queued to leave when the loss was booked.
        #[arg(long)]
        queued: bool,
    },
    /// Claim what came back of a ticket's deductible, for the buyer of its policy.
    #[command(
        after_help = "Example:\n  seawall pool recover claim-deductible --pool pool.sqlite --as aave --ticket 0"
    )]
    ClaimDeductible(OfTicket),
    /// Claim a bond's part of what came back to the mutual layer.
    #[command(
        after_help = "Example:\n  seawall pool recover claim-bond --pool pool.sqlite --as aave --ticket 0 --bond 0"
    )]
    ClaimBond {
        #[command(flatten)]
        of: OfTicket,
        /// Number of the bond.
        #[arg(long)]
        bond: u32,
    },
    /// Auction goods received for a ticket: the price falls from start to floor, round after round.
    #[command(
        after_help = "Example:\n  seawall pool recover auction --pool pool.sqlite --ticket 0 --goods goods.json --start 10,000 --floor 2,000 --round 3d"
    )]
    Auction {
        #[command(flatten)]
        of: OfTicket,
        /// File that says what is sold, or its SHA-256.
        #[arg(long, value_name = "FILE|HEX")]
        goods: String,
        /// Price at the start of each round.
        #[arg(long, value_name = "AMOUNT")]
        start: String,
        /// Price at its end, above zero.
        #[arg(long, value_name = "AMOUNT")]
        floor: String,
        /// Length of a round.
        #[arg(long, value_name = "DURATION")]
        round: String,
    },
    /// Buy a lot at its present price, which recovers its ticket.
    #[command(
        after_help = "Example:\n  seawall pool recover buy-lot --pool pool.sqlite --as carol --lot 0 --price-max 8,000"
    )]
    BuyLot {
        #[command(flatten)]
        write: Write,
        /// Number of the lot.
        #[arg(long)]
        lot: u32,
        /// Most the buyer pays.
        #[arg(long, value_name = "AMOUNT")]
        price_max: String,
    },
}

/// Runs one step of a recovery.
///
/// # Errors
/// Bad arguments; what the engine refuses.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    match &args.step {
        Step::Ticket { of, amount } => {
            let mut book = Book::open(&of.write)?;
            let assets = book.labels().unit.assets("--amount", amount)?;
            let caller = book.account_or_new("--as", caller_name(&of.write)?)?;
            book.run(&of.write, caller, Action::RecoverTicket { ticket: TicketId(of.ticket), assets }, format)
        }
        Step::Market { of, amount } => {
            let mut book = Book::open(&of.write)?;
            let assets = book.labels().unit.assets("--amount", amount)?;
            let market = book.market("--market", &of.market)?;
            let caller = book.account_or_new("--as", caller_name(&of.write)?)?;
            book.run(&of.write, caller, Action::RecoverMarket { market, assets, count: of.count }, format)
        }
        Step::Assign(of) => {
            let book = Book::open(&of.write)?;
            let market = book.market("--market", &of.market)?;
            let caller = anyone(&book, &of.write)?;
            book.run(&of.write, caller, Action::AssignRecoveries { market, count: of.count }, format)
        }
        Step::Claim { of, tranche, queued } => claim(of, tranche, *queued, format),
        Step::ClaimDeductible(of) => {
            let book = Book::open(&of.write)?;
            let caller = book.caller(&of.write)?;
            let action = Action::ClaimDeductible { ticket: TicketId(of.ticket) };
            book.run(&of.write, caller, action, format)
        }
        Step::ClaimBond { of, bond } => claim_bond(of, MemberId(*bond), format),
        Step::Auction { of, goods, start, floor, round } => {
            let book = Book::open(&of.write)?;
            let caller = anyone(&book, &of.write)?;
            let unit = &book.labels().unit;
            let action = Action::OpenLot {
                ticket: TicketId(of.ticket),
                goods: evidence::digest("--goods", goods)?,
                start: unit.assets("--start", start)?,
                floor: unit.assets("--floor", floor)?,
                duration: instant::duration("--round", round)?,
            };
            book.run(&of.write, caller, action, format)
        }
        Step::BuyLot { write, lot, price_max } => {
            let mut book = Book::open(write)?;
            let price_max = book.labels().unit.assets("--price-max", price_max)?;
            let caller = book.account_or_new("--as", caller_name(write)?)?;
            book.run(write, caller, Action::BuyLot { lot: LotId(*lot), price_max }, format)
        }
    }
}

/// A holder's claim. The checkpoint that counts is looked up here; the engine verifies it.
fn claim(of: &OfTicket, tranche: &str, queued: bool, format: Format) -> Result<(), Failure> {
    let book = Book::open(&of.write)?;
    let caller = book.caller(&of.write)?;
    let tranche = book.tranche("--tranche", tranche)?;
    let class = if queued { ClassKind::Queued } else { ClassKind::Active };
    let ticket = TicketId(of.ticket);
    let holders = book.state().holders();
    let track = holders.track(usize::from(tranche), class, caller);
    let checkpoint = place(track.index_for(holders.histories(), ticket));
    book.run(&of.write, caller, Action::ClaimRecovery { ticket, tranche, class, checkpoint }, format)
}

fn claim_bond(of: &OfTicket, member: MemberId, format: Format) -> Result<(), Failure> {
    let book = Book::open(&of.write)?;
    let caller = book.caller(&of.write)?;
    let ticket = TicketId(of.ticket);
    let histories = book.state().holders().histories();
    let track = book.state().member(member).map(|member| member.units);
    let checkpoint = place(track.and_then(|track| track.index_for(histories, ticket)));
    book.run(&of.write, caller, Action::ClaimBond { ticket, member, checkpoint }, format)
}

/// An index for the engine; it refuses the first one when there is none.
fn place(index: Option<usize>) -> u32 {
    index.and_then(|index| u32::try_from(index).ok()).unwrap_or(0)
}

/// Arguments of `pool write-off`.
#[derive(clap::Args)]
#[command(
    after_help = "A ticket can be written off after two years without a recovery and 90 days of notice (rule 6.4). \
What was credited before stays claimable.

Example:
  seawall pool write-off announce --pool pool.sqlite --ticket 0
  seawall pool write-off execute --pool pool.sqlite --ticket 0"
)]
pub struct WriteOffArgs {
    #[command(subcommand)]
    step: WriteOffStep,
}

#[derive(Subcommand)]
enum WriteOffStep {
    /// Give notice.
    #[command(after_help = "Example:\n  seawall pool write-off announce --pool pool.sqlite --ticket 0")]
    Announce(OfTicket),
    /// Write it off, after the notice; anyone may ask.
    #[command(after_help = "Example:\n  seawall pool write-off execute --pool pool.sqlite --ticket 0")]
    Execute(OfTicket),
}

/// Announces or executes a write-off.
///
/// # Errors
/// What the engine refuses.
pub fn write_off(args: &WriteOffArgs, format: Format) -> Result<(), Failure> {
    let (of, action) = match &args.step {
        WriteOffStep::Announce(of) => (of, Action::AnnounceWriteOff { ticket: TicketId(of.ticket) }),
        WriteOffStep::Execute(of) => (of, Action::WriteOff { ticket: TicketId(of.ticket) }),
    };
    let book = Book::open(&of.write)?;
    let caller = anyone(&book, &of.write)?;
    book.run(&of.write, caller, action, format)
}
