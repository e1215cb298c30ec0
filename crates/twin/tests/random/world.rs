//! Both pools, their sources and time; and a tally of what was compared.

use std::collections::BTreeMap;
use std::fmt;

use seawall_engine::{AccountId, Action, Command, Source};
use seawall_fixed::{Ppm, Seconds};
use seawall_twin::twin::{Ran, Twin, source};

use super::setup::{OPENED, Setup};

/// Markets that a sequence knows.
pub const MARKETS: u32 = 16;

/// What a difference says.
pub type Checked<T> = Result<T, String>;

pub struct World {
    pub setup: Setup,
    pub twin: Twin,
    pub now: Seconds,
    pub events: BTreeMap<String, u64>,
    pub refusals: BTreeMap<String, u64>,
}

impl World {
    pub fn new(mut setup: Setup) -> Self {
        // There are no reporters on a chain: every market has an adapter.
        setup.rules.roles.reporters.clear();
        let twin = Twin::new(setup.config());
        Self { setup, twin, now: OPENED, events: BTreeMap::new(), refusals: BTreeMap::new() }
    }

    /// The kind of a market's source.
    pub fn source(market: u32) -> Source {
        source(market, Ppm::new(20_000))
    }

    pub fn run(&mut self, command: Command) -> Checked<Ran> {
        let ran = self.twin.run(command, self.now)?;
        let first = |text: String| text.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        match &ran {
            Ran::Done(events) => {
                for event in events {
                    *self.events.entry(first(format!("{event:?}"))).or_default() += 1;
                }
            }
            Ran::Refused(error) => *self.refusals.entry(first(format!("{error:?}"))).or_default() += 1,
            Ran::Skipped => {}
        }
        Ok(ran)
    }

    pub fn act(&mut self, caller: AccountId, action: Action) -> Checked<()> {
        self.run(Command::new(caller, action)).map(|_| ())
    }
}

/// What was compared.
#[derive(Default)]
pub struct Tally {
    pub commands: u64,
    pub accepted: u64,
    pub events: BTreeMap<String, u64>,
    pub refusals: BTreeMap<String, u64>,
}

impl Tally {
    pub fn add(&mut self, world: &World) {
        self.commands += world.twin.commands;
        self.accepted += world.twin.accepted;
        for (event, count) in &world.events {
            *self.events.entry(event.clone()).or_default() += count;
        }
        for (refusal, count) in &world.refusals {
            *self.refusals.entry(refusal.clone()).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} commands, {} accepted", self.commands, self.accepted)?;
        writeln!(f, "events: {:?}", self.events)?;
        write!(f, "refusals: {:?}", self.refusals)
    }
}
