//! Commands as lines of text, there and back: what a scenario table is made of.
//!
//! A line is who acts, what is done, and the numbers it takes; what has a name (`key=value`) may be left out where
//! the scene says it: a quote's nonce is the market's next one, a claim names the checkpoint that its ticket uses.
//! `time`, `source` and `pool` are not accounts: they move the clock, change what a source shows, and open another
//! pool than the plain one.

mod accounts;
mod quotes;
mod read;
mod rules;
mod words;
mod write;

use seawall_engine::{Asset, Command, Config, MarketId, State};
use seawall_fixed::Seconds;

use crate::outside::Outside;
use crate::setup::{OPENED, POOL, plain};

pub use read::read;
pub use write::write;

/// What stands around a line: it fills in what the line does not say.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The pool.
    pub state: &'a State,
    /// What the sources show, by market.
    pub sources: &'a [Outside],
    /// The time.
    pub now: Seconds,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The pool is this one; only as the first line.
    Pool(Box<Config>),
    /// It is this second.
    Time(Seconds),
    /// A market's source shows this.
    Source(MarketId, Outside),
    /// Somebody commands this. The digest of a quote is left to whoever runs the line.
    Command(Command),
}

/// The pool of a table that does not begin with another.
#[must_use]
pub fn plain_pool() -> Config {
    Config { pool: POOL, tranches: 2, asset: Asset::default(), rules: plain(), opened: OPENED }
}
