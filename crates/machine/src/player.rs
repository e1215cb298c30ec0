//! Who executes a command: the engine with all its checks, or the engine and the contract side by side.

use seawall_engine::{AccountId, Action, Command, Digest, Error, MarketId, Quote, Reading, Source, State};
use seawall_fixed::Seconds;

use crate::outside::Outside;
use crate::setup::Setup;

/// The error says which property was violated.
pub type Checked<T> = Result<T, String>;

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It was done.
    Done,
    /// A rule refused it.
    Refused(Error),
    /// The player cannot be asked this.
    Skipped,
}

/// A pool in play with the world around it.
pub trait Player {
    /// What the sequence started from.
    fn setup(&self) -> &Setup;

    /// The engine's state of the pool.
    fn state(&self) -> &State;

    /// Time of the next command.
    fn now(&self) -> Seconds;

    /// Sets the time of the next command.
    fn set_now(&mut self, now: Seconds);

    /// What a market's source shows from the next command on.
    fn outside(&mut self, market: MarketId) -> &mut Outside;

    /// The kind of source that market `market` is insured with.
    fn source(&self, market: u32) -> Source;

    /// Digest of a quote as it is signed for this pool.
    fn digest(&self, quote: &Quote) -> Digest;

    /// Reads what the command needs and runs it. The error is a violated property; refusals are fine.
    ///
    /// # Errors
    /// What was violated.
    fn run(&mut self, command: Command) -> Checked<Ran>;

    /// Runs a command after something was done to its readings: they are left out (0), turned around (1) or joined
    /// by `extra` (2). A player that reads by itself runs it as it is.
    ///
    /// # Errors
    /// What was violated.
    fn run_tampered(&mut self, command: Command, tampering: u8, extra: Reading) -> Checked<Ran> {
        let _ = (tampering, extra);
        self.run(command)
    }

    /// Runs what `caller` asks.
    ///
    /// # Errors
    /// What was violated.
    fn act(&mut self, caller: AccountId, action: Action) -> Checked<Ran> {
        self.run(Command::new(caller, action))
    }
}
