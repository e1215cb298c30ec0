//! Both pools, their sources and time, as a player of random commands.

use seawall_engine::{Command, Digest, MarketId, Quote, Reading, Source, State};
use seawall_fixed::Seconds;
use seawall_machine::setup::{OPENED, Setup, adapter};
use seawall_machine::{Checked, Outside, Player, Ran as Came};
use seawall_twin::deploy::Base;
use seawall_twin::twin::{Decide, Ran, Twin};

use super::record::Record;
use super::tally::Tally;

/// Accounts that are looked at one by one.
pub const ACCOUNTS: u32 = 10;

pub struct World {
    pub setup: Setup,
    pub twin: Twin,
    pub now: Seconds,
    pub tally: Tally,
    /// The sequence as a table, where somebody wants to read it.
    pub record: Option<Record>,
}

impl World {
    /// Two empty pools; `decide` stands in for the engine.
    pub fn new(base: &Base, decide: Decide, mut setup: Setup) -> Self {
        // There are no reporters on a chain: every market has an adapter.
        setup.rules.roles.reporters.clear();
        let mut twin = Twin::on(base, setup.config());
        twin.decide = decide;
        Self { setup, twin, now: OPENED, tally: Tally::default(), record: None }
    }
}

impl Player for World {
    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn state(&self) -> &State {
        &self.twin.state
    }

    fn now(&self) -> Seconds {
        self.now
    }

    fn set_now(&mut self, now: Seconds) {
        self.now = now;
    }

    fn outside(&mut self, market: MarketId) -> &mut Outside {
        &mut self.twin.sources[market.index()]
    }

    fn source(&self, market: u32) -> Source {
        adapter(market)
    }

    fn digest(&self, quote: &Quote) -> Digest {
        self.twin.digest(quote)
    }

    fn run(&mut self, command: Command) -> Checked<Came> {
        if let Some(record) = &mut self.record {
            record.take(&self.twin, &command, self.now);
        }
        let ran = self.twin.run(command, self.now)?;
        self.tally.take(&ran);
        if let Some(record) = &mut self.record {
            record.came_to(&self.twin, &ran);
        }
        Ok(match ran {
            Ran::Done(_) => Came::Done,
            Ran::Refused(error) => Came::Refused(error),
            Ran::Skipped => Came::Skipped,
        })
    }

    fn run_tampered(&mut self, command: Command, tampering: u8, _: Reading) -> Checked<Came> {
        // The contract reads by itself; what was tampered with is tried as it is by every third.
        if tampering == 0 { self.run(command) } else { Ok(Came::Skipped) }
    }
}
