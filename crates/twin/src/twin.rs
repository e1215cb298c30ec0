//! Both pools side by side: one command for each, and what they made of it compared.

use std::collections::BTreeSet;

use seawall_engine::{
    AccountId, Action, Command, Config, Error, Event, ExitId, MarketId, Quote, RATE_ONE, Reading, State,
    TicketId, apply, execute,
};
use seawall_fixed::Seconds;
use seawall_machine::Outside;

use crate::abi::{address, number};
use crate::compare;
use crate::deploy::{Base, Deployment, SOURCES, abi, account, show};
use crate::encode;
use crate::evm::{Address, Evm, Log, Outcome};
use crate::quote;

/// Latest second at which the contract runs (`TIME_MAX` of `State.sol`); the engine goes on a little longer.
pub const TIME_MAX: Seconds = 1 << 39;

/// Decides a command as the engine does.
pub type Decide = fn(&State, &Command, Seconds) -> Result<Vec<Event>, Error>;

/// What a command came to, the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ran {
    /// Done, with these events.
    Done(Vec<Event>),
    /// Refused.
    Refused(Error),
    /// Nothing that the contract can be asked.
    Skipped,
}

/// The engine's pool and the contract's.
pub struct Twin {
    /// The contract's chain.
    pub evm: Evm,
    /// Its addresses.
    pub at: Deployment,
    /// The engine's state.
    pub state: State,
    /// What the sources show from the next command on.
    pub sources: Vec<Outside>,
    /// What decides on the engine's side: the engine, or something that is planted there.
    pub decide: Decide,
    shown: Vec<Outside>,
    funded: BTreeSet<Address>,
    /// Commands that both ran.
    pub commands: u64,
    /// Those of them that were accepted.
    pub accepted: u64,
    /// Gas of the last command on the contract.
    pub gas: u64,
}

impl Twin {
    /// Two empty pools of the committed artifacts.
    ///
    /// # Panics
    /// When the configuration is out of bounds.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::on(&Base::committed(), config)
    }

    /// Two empty pools, the contract's on what `base` has deployed.
    ///
    /// # Panics
    /// When the configuration is out of bounds.
    #[must_use]
    pub fn on(base: &Base, config: Config) -> Self {
        let (evm, at) = base.deploy(config.tranches, config.asset.wrapper, &config.rules, config.opened);
        let sources: Vec<Outside> = (0..SOURCES).map(Outside::of).collect();
        let shown = sources.clone();
        let state = State::new(config).expect("the configuration is within its bounds");
        let funded = BTreeSet::new();
        Self { evm, at, state, sources, decide: execute, shown, funded, commands: 0, accepted: 0, gas: 0 }
    }

    /// Digest of a quote as its actuary signs it for this pool.
    #[must_use]
    pub fn digest(&self, quote: &Quote) -> [u8; 32] {
        // The pool is part of what is signed.
        let pool = if quote.pool == *self.state.pool() { self.at.pool } else { self.at.access };
        quote::digest(pool, &quote::words(&self.at, quote))
    }

    /// Runs a command on both; its readings are made here, from what the sources show.
    ///
    /// # Errors
    /// What differs.
    pub fn run(&mut self, mut command: Command, now: Seconds) -> Result<Ran, String> {
        command.readings = self.readings(&command, now);
        let decided = (self.decide)(&self.state, &command, now);
        let beyond = now > TIME_MAX && !matches!(decided, Err(Error::TimeTooLarge { .. }));
        if beyond || matches!(decided, Err(Error::AccountOutOfRange { .. })) {
            return Ok(Ran::Skipped);
        }
        let Some(call) = encode::call(&self.at, &command) else { return Ok(Ran::Skipped) };
        self.show_sources();
        let caller = account(command.caller);
        self.fund(caller);
        if let Some(received) = command.received {
            self.token("skim", &[address(self.at.pool), number(received.get())]);
        }
        self.evm.set_time(now);
        let outcome = self.evm.call(caller, call.to, call.data);
        if command.received.is_some() {
            self.token("skim", &[[0; 32], number(0)]);
        }
        self.commands += 1;
        self.gas = outcome.gas;
        self.compare(decided, &outcome).map_err(|why| format!("{why}\nby {command:?}\nat {now}"))
    }

    fn compare(&mut self, decided: Result<Vec<Event>, Error>, outcome: &Outcome) -> Result<Ran, String> {
        match decided {
            Ok(events) if outcome.ok => {
                self.apply(&events, &outcome.logs)?;
                self.accepted += 1;
                self.compare_books(&events)?;
                Ok(Ran::Done(events))
            }
            Ok(events) => Err(format!(
                "the engine does it, the contract refuses: {}\nthe engine: {events:?}",
                abi().name_of(&outcome.output)
            )),
            Err(error) if outcome.ok => Err(format!("the engine refuses, the contract does it: {error}")),
            Err(error) => {
                if same_refusal(&error, &outcome.output) {
                    return Ok(Ran::Refused(error));
                }
                let said = abi().name_of(&outcome.output);
                Err(format!("the engine refuses by {error:?}, the contract by {said}"))
            }
        }
    }

    /// Applies every event in its order, each against the log that says it.
    fn apply(&mut self, events: &[Event], logs: &[Log]) -> Result<(), String> {
        let pool = self.at.pool;
        let mut found = logs.iter().filter(|log| log.address == pool);
        for event in events {
            let wanted = encode::log(&self.at, &self.state, event);
            apply(&mut self.state, event);
            let Some(wanted) = wanted else { continue };
            match found.next() {
                Some(log) if *log == wanted => {}
                Some(log) => {
                    let (contract, engine) = (abi().describe(log), abi().describe(&wanted));
                    return Err(format!("the contract says {contract}\nthe engine {engine}"));
                }
                None => return Err(format!("the contract does not say {}", abi().describe(&wanted))),
            }
        }
        match found.next() {
            Some(log) => Err(format!("only the contract says {}", abi().describe(log))),
            None => Ok(()),
        }
    }

    /// The core, and the rows of the tables that the events name.
    fn compare_books(&mut self, events: &[Event]) -> Result<(), String> {
        compare::core(&mut self.evm, &self.at, &self.state)?;
        let (mut markets, mut exits, mut tickets) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for event in events {
            touched(event, &mut markets, &mut exits, &mut tickets);
        }
        for id in markets {
            compare::market(&mut self.evm, &self.at, &self.state, id)?;
        }
        for id in exits {
            compare::exit(&mut self.evm, &self.at, &self.state, id)?;
        }
        for id in tickets {
            compare::ticket(&mut self.evm, &self.at, &self.state, id)?;
        }
        let held =
            self.evm.ask(self.at.token, abi().call("MockToken.balanceOf", &[address(self.at.pool)])).output;
        if held != number(self.state.core().tokens.get()) {
            return Err("1.3: the contract holds other tokens than it books".into());
        }
        Ok(())
    }

    /// Compares all there is.
    ///
    /// # Errors
    /// The first word that differs.
    pub fn compare_all(&mut self, accounts: u32) -> Result<(), String> {
        compare::everything(&mut self.evm, &self.at, &self.state, accounts)
    }

    /// The readings that the contract takes: of all markets that are live once what fell due is gone, and of the one
    /// that the command is about. While a counter stands still nothing else is read.
    fn readings(&self, command: &Command, now: Seconds) -> Vec<Reading> {
        let own = match &command.action {
            Action::BuyCover { quote, .. } => Some(quote.market),
            Action::Activate { market } | Action::Finalise { market } | Action::PayMarket { market } => {
                Some(*market)
            }
            _ => None,
        };
        let live = self.live_after(now);
        (0..SOURCES)
            .map(MarketId)
            .filter_map(|id| {
                let outside = &self.sources[id.index()];
                let known = self.state.market(id);
                if own == Some(id) && (known.is_some() || matches!(command.action, Action::BuyCover { .. })) {
                    return Some(outside.reading(id));
                }
                let market = known.filter(|_| live.contains(&id))?;
                let source = market.converted.map_or(market.counter, |converted| converted.source);
                if market.stale || outside.failing || outside.shown() != source {
                    return Some(outside.reading(id));
                }
                Some(Reading {
                    rate: market.converted.map_or(RATE_ONE, |converted| converted.rate),
                    latent: market.measured,
                    recovered: market.recovered,
                    supplied: market.supplied,
                    accepts: outside.accepts,
                    ..Reading::of(id, source)
                })
            })
            .collect()
    }

    /// Markets that are live at `now`, once policies that are over have ended: asked of the engine itself.
    fn live_after(&self, now: Seconds) -> BTreeSet<MarketId> {
        let core = self.state.core();
        let places = &core.live[..usize::from(core.live_count)];
        let mut live: BTreeSet<MarketId> =
            places.iter().map(|&place| self.state.markets()[place as usize].id).collect();
        if now < core.due {
            return live;
        }
        let mut sync = Command::new(AccountId(0), Action::Sync);
        sync.readings = live.iter().map(|id| self.sources[id.index()].reading(*id)).collect();
        let Ok(events) = execute(&self.state, &sync, now) else { return live };
        let mut open: Vec<MarketId> = Vec::new();
        for market in self.state.markets() {
            open.extend(market.policies().filter(|policy| policy.is_open()).map(|_| market.id));
        }
        for event in events {
            if let Event::PolicyEnded { market, .. } = event {
                let gone = open.iter().position(|id| *id == market).expect("it was open");
                open.swap_remove(gone);
            }
        }
        live.retain(|id| open.contains(id));
        live
    }

    /// Brings the sources of the contract's chain to what they show.
    fn show_sources(&mut self) {
        for index in 0..self.sources.len() {
            let outside = self.sources[index];
            if self.shown.get(index) == Some(&outside) {
                continue;
            }
            show(&mut self.evm, self.at.sources[index], &outside);
            show(&mut self.evm, self.at.others[index], &outside);
        }
        self.shown.clone_from(&self.sources);
    }

    /// Gives an account more than it can spend, and the pool its approval.
    fn fund(&mut self, who: Address) {
        if !self.funded.insert(who) {
            return;
        }
        let mut plenty = [0; 32];
        plenty[4] = 1;
        self.token("mint", &[address(who), plenty]);
        let approve = abi().call("MockToken.approve", &[address(self.at.pool), [0xff; 32]]);
        assert!(self.evm.call(who, self.at.token, approve).ok, "an approval");
    }

    /// Mints tokens to an account.
    pub fn mint(&mut self, who: AccountId, amount: u128) {
        self.token("mint", &[address(account(who)), number(amount)]);
    }

    fn token(&mut self, function: &str, words: &[[u8; 32]]) {
        let data = abi().call(&format!("MockToken.{function}"), words);
        assert!(self.evm.call([1; 20], self.at.token, data).ok, "the test's token does what it is told");
    }
}

/// Rows that an event names.
fn touched(
    event: &Event,
    markets: &mut BTreeSet<MarketId>,
    exits: &mut BTreeSet<ExitId>,
    tickets: &mut BTreeSet<TicketId>,
) {
    match event {
        Event::EstimateFell { market, .. }
        | Event::EstimateClosed { market, .. }
        | Event::EstimatePosted { market, .. }
        | Event::EstimateLowered { market, .. }
        | Event::PolicyEnded { market, .. }
        | Event::PolicyRunsOff { market, .. }
        | Event::PolicyActivated { market, .. }
        | Event::PolicyFinalised { market, .. }
        | Event::QuotesRevoked { market, .. }
        | Event::MarketOpened { market, .. }
        | Event::MarketPinned { market, .. }
        | Event::MarketRead { market, .. }
        | Event::MarketStale { market }
        | Event::BonusForfeited { market, .. }
        | Event::SetOff { market, .. }
        | Event::MarketPaid { market, .. }
        | Event::RecoveryReceived { market, .. }
        | Event::RecoverySurplus { market, .. }
        | Event::OldestTicket { market, .. } => {
            markets.insert(*market);
        }
        Event::PolicyBought(bought) => {
            markets.insert(bought.market);
        }
        Event::PolicyCancelled(cancelled) => {
            markets.insert(cancelled.market);
        }
        Event::TicketBooked(booking) => {
            markets.insert(booking.ticket.market);
            tickets.insert(booking.ticket.id);
        }
        Event::RecoveryAssigned { market, ticket, .. } => {
            markets.insert(*market);
            tickets.insert(*ticket);
        }
        Event::DeductibleClaimed { ticket, .. }
        | Event::WriteOffAnnounced { ticket, .. }
        | Event::WrittenOff { ticket } => {
            tickets.insert(*ticket);
        }
        Event::ExitRequested { exit, .. } => {
            exits.insert(exit.id);
        }
        Event::ExitCleared { exit, .. } | Event::ExitPaid { exit, .. } => {
            exits.insert(*exit);
        }
        _ => {}
    }
}

/// True when the contract refused by the same rule, with the same numbers.
fn same_refusal(error: &Error, output: &[u8]) -> bool {
    // Arithmetic that Solidity itself checks says so in its own words.
    let panic = abi().panic_overflow();
    match error {
        Error::Overflow => output == encode::refusal(error) || output == panic,
        // The pool is part of what is signed: a quote for another one recovers to another signer.
        Error::QuoteForAnotherPool => output.get(..4) == Some(&abi().selector_of_error("NotAnActuary")[..]),
        // The contract's time ends before the engine's.
        Error::TimeTooLarge { now, .. } => {
            output == encode::refusal(&Error::TimeTooLarge { now: *now, max: TIME_MAX })
        }
        _ => output == encode::refusal(error),
    }
}
