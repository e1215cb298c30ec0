//! A pool and the world around it: sources that lose, fail and recover, time, and records of what was paid to
//! whom, kept apart from the pool's own books.

use seawall_engine::{Command, Error, Event, MarketId, RATE_ONE, Reading, Source, State, apply, execute};
use seawall_fixed::Seconds;

use super::checks;
use super::premium::Shadow;
use super::setup::{OPENED, Setup, source};
use super::tally::Tally;

/// Markets that a sequence knows.
pub const MARKETS: u32 = 16;

/// A market's source, in its own unit.
#[derive(Clone, Copy, Debug)]
pub struct Outside {
    pub counter: u128,
    pub rate: u128,
    pub latent: u128,
    pub recovered: u128,
    pub accepts: Option<u128>,
    pub failing: bool,
    pub falling: bool,
}

impl Outside {
    pub fn reading(&self, market: MarketId) -> Reading {
        let counter = (!self.failing).then(|| self.counter.saturating_sub(u128::from(self.falling)));
        Reading {
            counter,
            rate: self.rate,
            latent: self.latent,
            recovered: self.recovered,
            supplied: self.counter,
            accepts: self.accepts,
            ..Reading::of(market, 0)
        }
    }
}

pub struct World {
    pub setup: Setup,
    pub initial: State,
    pub state: State,
    pub now: Seconds,
    pub sources: Vec<Outside>,
    pub events: Vec<Event>,
    pub tally: Tally,
    pub shadow: Shadow,
    pub commands: u64,
    pub accepted: u64,
}

/// What a violated property says.
pub type Checked<T> = Result<T, String>;

impl World {
    pub fn new(setup: Setup) -> Self {
        let state = State::new(setup.config()).expect("the rules are within their bounds");
        let sources = (0..MARKETS)
            .map(|market| {
                let rate = if market % 3 == 2 { RATE_ONE + RATE_ONE / 7 } else { RATE_ONE };
                let (counter, latent, recovered) = (u128::from(market), 0, 0);
                Outside { counter, rate, latent, recovered, accepts: None, failing: false, falling: false }
            })
            .collect();
        Self {
            initial: state.clone(),
            state,
            now: OPENED,
            sources,
            events: Vec::new(),
            tally: Tally::default(),
            shadow: Shadow::default(),
            commands: 0,
            accepted: 0,
            setup,
        }
    }

    pub fn outside(&mut self, market: MarketId) -> &mut Outside {
        &mut self.sources[market.index()]
    }

    /// Readings of all markets behind adapters that are known, and of one that is about to be bought.
    pub fn readings(&self, buying: Option<MarketId>) -> Vec<Reading> {
        let known = |id: MarketId| match self.state.market(id) {
            Some(market) => market.source != Source::Reported,
            None => buying == Some(id) && source(id.0) != Source::Reported,
        };
        (0..MARKETS)
            .map(MarketId)
            .filter(|id| known(*id))
            .map(|id| self.sources[id.index()].reading(id))
            .collect()
    }

    /// Decides and applies a command, and checks everything. The outer error is a violated property.
    pub fn run(&mut self, command: &Command) -> Checked<Result<(), Error>> {
        self.commands += 1;
        match execute(&self.state, command, self.now) {
            Ok(events) => {
                let before = *self.state.core();
                let fee = self.state.rules().fee;
                for event in &events {
                    apply(&mut self.state, event);
                    self.tally.take(event, &self.state, command)?;
                }
                self.accepted += 1;
                self.shadow.take(&before, fee, &events, &self.state)?;
                self.tally.close(&events, &self.state, self.now)?;
                checks::after(self, &before, &events, command)?;
                self.events.extend(events);
                Ok(Ok(()))
            }
            Err(error) => {
                if error == Error::Overflow {
                    self.never_stuck()?;
                }
                Ok(Err(error))
            }
        }
    }

    /// Settling and accruing can always go on: no state refuses a sync with all its readings.
    pub fn never_stuck(&self) -> Checked<()> {
        let mut command = Command::new(super::setup::OWNER, seawall_engine::Action::Sync);
        command.readings = self.readings(None);
        match execute(&self.state, &command, self.now) {
            Ok(_) | Err(Error::TimeTooLarge { .. }) => Ok(()),
            Err(error) => Err(format!("the pool is stuck: {error}")),
        }
    }

    /// Replaying all events from the start gives the same state.
    pub fn replays(&self) -> Checked<()> {
        let mut state = self.initial.clone();
        for event in &self.events {
            apply(&mut state, event);
        }
        if state == self.state { Ok(()) } else { Err("replayed events give another state".into()) }
    }
}
