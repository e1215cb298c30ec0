//! The rules of a bad-debt insurance pool: a deterministic integer state machine.
//!
//! [`execute`] decides a command and returns what happened as events; [`apply`] books an event. Nothing here
//! does I/O, reads a clock, uses floating point or draws a random number. The numbers in the comments (such as
//! 4.3) are the rules of the project's `docs/mechanism.md`; the contract has the same names.
//!
//! | file | what it decides |
//! |---|---|
//! | [`execute()`] | the order of the steps of every command (1.4) |
//! | `tranche` | classes of shares, their price, their closing (2) |
//! | `cover`, `policy` | quotes, purchases, claims, ends of policies (3, 4.3, 4.4) |
//! | `premium` | streams of premium and surplus (3.6, 1.5) |
//! | `settle`, `waterfall`, `source`, `market` | reading losses and paying them (4) |
//! | `exit`, `latent` | leaving, and what holds a payment back (5) |
//! | `ticket`, `recovery`, `auction`, `holder` | records of losses, what comes back, to whom (6) |
//! | `mutual`, `residual` | what the insured bear for each other (7, 8.2) |
//! | `role`, `rules` | who may do what, and when a change acts (9, 5.5) |
//! | `invariant` | what must hold after every command |
#![no_std]

extern crate alloc;

mod apply;
mod auction;
mod command;
mod cover;
mod draft;
mod error;
mod event;
mod execute;
mod exit;
mod fold;
mod holder;
mod id;
pub mod invariant;
mod latent;
mod market;
mod mutual;
mod policy;
mod premium;
mod recovery;
pub mod residual;
mod role;
mod rules;
mod settle;
mod source;
mod state;
mod ticket;
mod tranche;
pub mod waterfall;

pub use apply::apply;
pub use auction::Lot;
pub use command::{Action, Command};
pub use cover::scarcity;
pub use error::Error;
pub use event::{Accrual, Booking, Cancellation, Event, Purchase};
pub use execute::{ACCOUNT_GAP_MAX, TIME_MAX, execute};
pub use exit::Exit;
pub use holder::{Checkpoint, Histories, Holders, Holding, Track};
pub use id::{
    AccountId, Digest, ExitId, LotId, MARKETS_MAX, MarketId, MemberId, PolicyId, TRANCHES_MAX, TicketId,
};
pub use latent::Estimate;
pub use market::{Market, SLOTS, Slot};
pub use mutual::{Member, Mutual};
pub use policy::{Claim, EventWindow, Policy, Quote, Status, boundary_after, boundary_from};
pub use premium::{Bucket, PREMIUM_STREAMS, RESERVE_STREAM, STREAMS, Schedule, Stream};
pub use recovery::{WRITE_OFF_AFTER, WRITE_OFF_NOTICE, share_out};
pub use rules::{Knot, MULTIPLIER_ONE, RUN_OFF, Roles, Rules, YEAR};
pub use source::{Converted, LevelCounter, RATE_ONE, RateBound, Reading, Source};
pub use state::{Asset, Boundary, Config, Core, PendingRules, State};
pub use ticket::{ClassKind, Cohort, Layers, Ticket};
pub use tranche::{Class, SHARES_PER_ASSET, Tranche};

/// Decides and applies a command; checks the invariants afterwards in debug builds.
///
/// # Errors
/// The refusal of [`execute()`]; the state is then unchanged.
pub fn run(
    state: &mut State,
    command: &Command,
    now: seawall_fixed::Seconds,
) -> Result<alloc::vec::Vec<Event>, Error> {
    let events = execute(state, command, now)?;
    for event in &events {
        apply(state, event);
    }
    debug_assert_eq!(invariant::check(state), Ok(()));
    Ok(events)
}
