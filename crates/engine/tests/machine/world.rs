//! A pool and the world around it: sources that lose, fail and recover, time, and records of what was paid to
//! whom, kept apart from the pool's own books.

use seawall_engine::{
    Action, Command, Digest, Error, Event, MarketId, Quote, Reading, Source, State, apply, execute,
};
use seawall_fixed::Seconds;
pub use seawall_machine::Checked;
use seawall_machine::interpret::MARKETS;
use seawall_machine::setup::{OPENED, OWNER, Setup, source};
use seawall_machine::{Outside, Player, Ran};

use super::checks;
use super::premium::Shadow;
use super::tally::Tally;

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

impl World {
    pub fn new(setup: Setup) -> Self {
        let state = State::new(setup.config()).expect("the rules are within their bounds");
        let sources = (0..=MARKETS).map(Outside::of).collect();
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

    /// Readings of all markets behind adapters that are known, and of one that is about to be bought.
    pub fn readings(&self, buying: Option<MarketId>) -> Vec<Reading> {
        let known = |id: MarketId| match self.state.market(id) {
            Some(market) => market.source != Source::Reported,
            None => buying == Some(id) && source(id.0) != Source::Reported,
        };
        (0..=MARKETS)
            .map(MarketId)
            .filter(|id| known(*id))
            .map(|id| self.sources[id.index()].reading(id))
            .collect()
    }

    /// Decides and applies a command, and checks everything. The outer error is a violated property.
    pub fn decide(&mut self, command: &Command) -> Checked<Result<(), Error>> {
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
        let mut command = Command::new(OWNER, Action::Sync);
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

impl Player for World {
    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn now(&self) -> Seconds {
        self.now
    }

    fn set_now(&mut self, now: Seconds) {
        self.now = now;
    }

    fn outside(&mut self, market: MarketId) -> &mut Outside {
        &mut self.sources[market.index()]
    }

    fn source(&self, market: u32) -> Source {
        source(market)
    }

    fn digest(&self, _: &Quote) -> Digest {
        [8; 32]
    }

    fn run(&mut self, mut command: Command) -> Checked<Ran> {
        let buying = match &command.action {
            Action::BuyCover { quote, .. } => Some(quote.market),
            _ => None,
        };
        command.readings = self.readings(buying);
        Ok(ran(self.decide(&command)?))
    }

    fn run_tampered(&mut self, mut command: Command, tampering: u8, extra: Reading) -> Checked<Ran> {
        command.readings = self.readings(None);
        match tampering {
            0 => command.readings.clear(),
            1 => command.readings.reverse(),
            _ => command.readings.push(extra),
        }
        Ok(ran(self.decide(&command)?))
    }
}

fn ran(decided: Result<(), Error>) -> Ran {
    match decided {
        Ok(()) => Ran::Done,
        Err(error) => Ran::Refused(error),
    }
}
