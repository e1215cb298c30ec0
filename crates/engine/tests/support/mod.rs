//! A pool under test: commands by one short call each, every one checked against the invariants.

#![allow(dead_code, reason = "each test binary uses its own part")]

use seawall_engine::{
    AccountId, Action, Asset, Command, Config, Error, Event, ExitId, Knot, MULTIPLIER_ONE, MarketId, Policy,
    Quote, Reading, Roles, Rules, Source, State, Ticket, TicketId, apply, execute, invariant,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds, Shares};

pub const DAY: Seconds = 24 * 3600;
pub const OWNER: AccountId = AccountId(0);
pub const ACTUARY: AccountId = AccountId(1);
pub const RISK: AccountId = AccountId(2);
pub const GUARDIAN: AccountId = AccountId(3);
pub const REPORTER: AccountId = AccountId(4);
pub const FEES: AccountId = AccountId(5);
pub const INSURED: AccountId = AccountId(6);
pub const MARKET: AccountId = AccountId(7);
pub const ALICE: AccountId = AccountId(10);
pub const BOB: AccountId = AccountId(11);
pub const CAROL: AccountId = AccountId(12);

pub const M1: MarketId = MarketId(1);
pub const M2: MarketId = MarketId(2);
pub const M3: MarketId = MarketId(3);

/// A boundary to start from: epoch 2,800, in September 2023.
pub const T0: Seconds = 2_800 * EPOCH_SECONDS;

pub fn a(units: u128) -> Assets {
    Assets::new(units)
}

pub fn s(units: u128) -> Shares {
    Shares::new(units)
}

/// Rules with round numbers: cooldown and waiting of two weeks and one, no early bound, flat scarcity.
pub fn rules() -> Rules {
    Rules {
        roles: Roles {
            owner: OWNER,
            actuaries: vec![ACTUARY],
            risk: RISK,
            guardian: GUARDIAN,
            reporters: vec![REPORTER],
        },
        deposit_min: a(10),
        exit_min: a(10),
        ticket_min: a(10),
        cooldown: 14 * DAY,
        waiting: 7 * DAY,
        term_epochs_max: 26,
        early_period: 0,
        early_multiple: Ppm::new(10_000_000),
        junior_floor: Ppm::new(100_000),
        scarcity: vec![Knot { at: Ppm::ZERO, multiplier: MULTIPLIER_ONE }],
        earn_rate_max: u64::MAX,
        fee: Ppm::ZERO,
        fee_recipient: FEES,
        cancel_share: Ppm::new(100_000),
        reserve_target: a(1_000_000),
        surplus_epochs: 4,
        surplus_split: [Ppm::new(500_000), Ppm::new(500_000), Ppm::ZERO, Ppm::ZERO],
        rate_min: Ppm::ZERO,
        limit_max: Assets::MAX,
        market_share_max: Ppm::ONE,
        mutual_multiple: Ppm::new(2_000_000),
        latent_share_max: Ppm::ONE,
        latent_term_max: 60 * DAY,
        pause_max: 7 * DAY,
    }
}

/// A quote for 13 epochs with a limit and charge of 100,000 and a premium of 13,000, split half and half.
pub fn quote(market: MarketId) -> Quote {
    Quote {
        pool: [7; 32],
        market,
        buyer: INSURED,
        source: Source::Reported,
        destination: MARKET,
        holds_pool_asset: false,
        limit: a(100_000),
        event_limit: a(100_000),
        deductible: a(0),
        deductible_bond: a(0),
        coinsurance: Ppm::ZERO,
        term_epochs: 13,
        premium: a(13_000),
        bonus_share: Ppm::ZERO,
        split: [Ppm::new(500_000), Ppm::new(500_000), Ppm::ZERO, Ppm::ZERO],
        charge: a(100_000),
        callable_bond: a(0),
        counter: 0,
        latest_end_max: Seconds::MAX,
        required_max: Assets::MAX,
        deadline: Seconds::MAX,
        nonce: 0,
        inputs: [9; 32],
    }
}

pub struct Pool {
    pub state: State,
    pub now: Seconds,
}

impl Pool {
    /// Two tranches, the rules above.
    pub fn new() -> Self {
        Self::with(2, rules())
    }

    pub fn with(tranches: u8, rules: Rules) -> Self {
        let config = Config { pool: [7; 32], tranches, asset: Asset::default(), rules, opened: T0 };
        Self { state: State::new(config).expect("the test's rules are within bounds"), now: T0 }
    }

    /// A pool in which Alice holds 100,000 of tranche 0 and Bob 300,000 of tranche 1, unlocked.
    pub fn funded() -> Self {
        let mut pool = Self::new();
        pool.deposit(0, ALICE, 100_000);
        pool.deposit(1, BOB, 300_000);
        pool.wait(2 * EPOCH_SECONDS);
        pool.ok(OWNER, Action::Sync);
        pool
    }

    /// A funded pool with cover of 100,000 on market 1 in force.
    pub fn covered() -> Self {
        let mut pool = Self::funded();
        pool.insure(&quote(M1));
        pool
    }

    /// Lets time pass; nothing is called.
    pub fn wait(&mut self, seconds: Seconds) {
        self.now += seconds;
    }

    /// To the start of the next epoch.
    pub fn next_epoch(&mut self) {
        self.now = (self.now / EPOCH_SECONDS + 1) * EPOCH_SECONDS;
    }

    /// Runs a command, applies it, checks the invariants.
    pub fn run(&mut self, command: &Command) -> Result<Vec<Event>, Error> {
        let before = self.state.clone();
        match execute(&self.state, command, self.now) {
            Ok(events) => {
                for event in &events {
                    apply(&mut self.state, event);
                }
                assert_eq!(invariant::check(&self.state), Ok(()), "after {command:?}");
                Ok(events)
            }
            Err(error) => {
                assert_eq!(before, self.state, "1.4: an error changes nothing");
                Err(error)
            }
        }
    }

    pub fn act(&mut self, caller: AccountId, action: Action) -> Result<Vec<Event>, Error> {
        self.run(&Command::new(caller, action))
    }

    #[track_caller]
    pub fn ok(&mut self, caller: AccountId, action: Action) -> Vec<Event> {
        let text = format!("{action:?}");
        self.act(caller, action).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[track_caller]
    pub fn err(&mut self, caller: AccountId, action: Action) -> Error {
        let text = format!("{action:?}");
        self.act(caller, action).expect_err(&text)
    }

    #[track_caller]
    pub fn deposit(&mut self, tranche: u8, owner: AccountId, assets: u128) {
        self.ok(owner, Action::Deposit { tranche, owner, assets: a(assets) });
    }

    /// Requests an exit and returns its number.
    #[track_caller]
    pub fn request(&mut self, owner: AccountId, tranche: u8, shares: Shares) -> ExitId {
        self.ok(owner, Action::RequestExit { tranche, shares });
        ExitId(self.state.core().exits - 1)
    }

    pub fn buy_action(quote: &Quote) -> Action {
        Action::BuyCover {
            quote: Box::new(quote.clone()),
            digest: [8; 32],
            signer: ACTUARY,
            premium_max: Assets::MAX,
        }
    }

    /// Posts the counter of a reported market.
    #[track_caller]
    pub fn report(&mut self, market: MarketId, counter: u128) -> Vec<Event> {
        self.ok(REPORTER, Action::Report { reading: Reading::of(market, counter), evidence: [5; 32] })
    }

    /// Opens the market if need be, buys, waits for the start and activates.
    #[track_caller]
    pub fn insure(&mut self, quote: &Quote) {
        if self.state.market(quote.market).is_none() {
            self.report(quote.market, quote.counter);
        }
        self.ok(quote.buyer, Self::buy_action(quote));
        let start = self.state.market(quote.market).unwrap().policies().last().unwrap().start;
        self.now = self.now.max(start);
        self.ok(OWNER, Action::Activate { market: quote.market });
    }

    /// The last ticket's number.
    pub fn last_ticket(&self) -> TicketId {
        TicketId(self.state.core().tickets - 1)
    }

    pub fn shares(&self, tranche: usize, owner: AccountId) -> Shares {
        self.state.active_shares(tranche, owner)
    }

    pub fn value(&self, tranche: usize, owner: AccountId) -> u128 {
        self.state.active_value(tranche, owner).get()
    }
}

/// The source of a market that an adapter reads in the pool's own unit.
pub fn adapter() -> Source {
    Source::Adapter { code: [3; 32], conversion: None }
}

/// Commands with readings or receipts, and short views of the state.
impl Pool {
    /// Runs an action with what the adapters show.
    pub fn reading(
        &mut self,
        caller: AccountId,
        action: Action,
        readings: &[Reading],
    ) -> Result<Vec<Event>, Error> {
        self.run(&Command { readings: readings.to_vec(), ..Command::new(caller, action) })
    }

    /// Runs an action whose payment arrives as `received`.
    pub fn receiving(
        &mut self,
        caller: AccountId,
        action: Action,
        received: u128,
    ) -> Result<Vec<Event>, Error> {
        self.run(&Command { received: Some(a(received)), ..Command::new(caller, action) })
    }

    /// Buys, waits for the start and activates, with these readings along.
    #[track_caller]
    pub fn insure_reading(&mut self, quote: &Quote, readings: &[Reading]) {
        self.reading(quote.buyer, Self::buy_action(quote), readings).expect("the quote is good");
        let start = self.state.market(quote.market).unwrap().policies().last().unwrap().start;
        self.now = self.now.max(start);
        self.reading(OWNER, Action::Activate { market: quote.market }, readings).expect("it has started");
    }

    /// To a given second.
    #[track_caller]
    pub fn at(&mut self, now: Seconds) {
        assert!(now >= self.now, "tests do not go back in time");
        self.now = now;
    }

    /// The older policy of a market.
    #[track_caller]
    pub fn policy(&self, market: MarketId) -> &Policy {
        self.state.market(market).unwrap().current.as_ref().unwrap()
    }

    pub fn reserve(&self) -> u128 {
        self.state.core().reserve.get()
    }

    pub fn required(&self) -> u128 {
        self.state.core().required.get()
    }

    /// Active assets of a tranche.
    pub fn active(&self, tranche: usize) -> u128 {
        self.state.core().tranches[tranche].active.assets.get()
    }

    /// Queued assets of a tranche.
    pub fn queued(&self, tranche: usize) -> u128 {
        self.state.core().tranches[tranche].queued.assets.get()
    }

    #[track_caller]
    pub fn ticket(&self, number: u32) -> &Ticket {
        self.state.ticket(TicketId(number)).unwrap()
    }

    /// Assets paid to a market's destination by these events.
    pub fn paid_to_market(events: &[Event], id: MarketId) -> u128 {
        let paid = events.iter().map(|event| match event {
            Event::MarketPaid { market, assets, .. } if *market == id => assets.get(),
            _ => 0,
        });
        paid.sum()
    }

    /// Assets paid to leavers by these events.
    pub fn paid_to_leaver(events: &[Event]) -> u128 {
        let paid = events.iter().map(|event| match event {
            Event::ExitPaid { assets, .. } => assets.get(),
            _ => 0,
        });
        paid.sum()
    }
}
