//! The pool of the demonstration: a ledger file, its rules, the people in it. Every step is a command that the
//! ledger makes durable before anything else happens; nothing reaches the state by another way.
//!
//! The settlement token is crvUSD with 18 decimals; one unit of the quote currency is one token. The markets are
//! read by adapters: every command carries the counters of all of them, so that one hour's losses are settled
//! together and nobody gains by being read first (rule 4.4).

use std::path::Path;

use seawall_actuary::premium::units_down;
use seawall_engine::{
    AccountId, Action, Asset, Command, Config, Event, Knot, MULTIPLIER_ONE, MarketId, Reading, Roles, Rules,
    State,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds};
use seawall_ledger::{Ledger, LedgerError, Outcome, Report, Request};

use crate::output::Failure;

/// Decimals of the settlement token.
pub const DECIMALS: u8 = 18;

/// Symbol of the settlement token.
pub const SYMBOL: &str = "crvUSD";

/// One day.
pub const DAY: Seconds = 24 * 3600;

/// Who runs the pool.
pub const OPERATOR: AccountId = AccountId(0);
/// Whose key signs quotes.
pub const ACTUARY: AccountId = AccountId(1);
const RISK_DESK: AccountId = AccountId(2);
const GUARDIAN: AccountId = AccountId(3);
const FEES: AccountId = AccountId(4);

const OFFICES: [&str; 5] = ["operator", "actuary", "risk desk", "guardian", "fees"];

/// Identity of the demonstration's pool.
const IDENTITY: [u8; 32] = [0x5e; 32];

/// An underwriter: name, tranche, part of the tranche that it pays in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Underwriter {
    /// Name.
    pub name: &'static str,
    /// Tranche.
    pub tranche: u8,
    /// Part of the tranche.
    pub part: f64,
}

/// The underwriters, juniors first.
pub const UNDERWRITERS: [Underwriter; 4] = [
    Underwriter { name: "Ada", tranche: 0, part: 0.6 },
    Underwriter { name: "Ben", tranche: 0, part: 0.4 },
    Underwriter { name: "Cleo", tranche: 1, part: 0.7 },
    Underwriter { name: "Dora", tranche: 1, part: 0.3 },
];

/// Place of the underwriter who asks to leave in the middle of the crash.
pub const LEAVER: usize = 1;

/// The ledger, its clock, and the number of commands so far.
pub struct Pool {
    ledger: Ledger,
    /// Second of the next command.
    pub now: Seconds,
    commands: u64,
    /// What the adapters show: the loss counter of each market, units.
    pub counters: Vec<u128>,
}

/// Rules of the demonstration. `fee` is what the quote calls expenses, as a part of the premium that streams.
fn rules(early_period: Seconds, waiting: Seconds, fee: Ppm) -> Rules {
    let tokens = |whole: u128| Assets::new(whole * 10_u128.pow(u32::from(DECIMALS)));
    Rules {
        roles: Roles {
            owner: OPERATOR,
            actuaries: vec![ACTUARY],
            risk: RISK_DESK,
            guardian: GUARDIAN,
            reporters: Vec::new(),
        },
        deposit_min: tokens(1_000),
        exit_min: tokens(1_000),
        ticket_min: tokens(1_000),
        cooldown: 14 * DAY,
        waiting,
        term_epochs_max: 26,
        early_period,
        early_multiple: Ppm::new(10_000_000),
        junior_floor: Ppm::new(100_000),
        // Dearer from 70 % of the capital on: the last of it is for those who need it most.
        scarcity: vec![
            Knot { at: Ppm::ZERO, multiplier: MULTIPLIER_ONE },
            Knot { at: Ppm::new(700_000), multiplier: MULTIPLIER_ONE },
            Knot { at: Ppm::ONE, multiplier: 3 * MULTIPLIER_ONE },
        ],
        // Ten times its assets a year.
        earn_rate_max: 5_849_424_173_550,
        fee,
        fee_recipient: FEES,
        cancel_share: Ppm::new(100_000),
        reserve_target: Assets::MAX,
        surplus_epochs: 4,
        surplus_split: [Ppm::ZERO; 4],
        rate_min: Ppm::new(1_000),
        limit_max: tokens(1_000_000_000),
        market_share_max: Ppm::new(600_000),
        mutual_multiple: Ppm::new(2_000_000),
        latent_share_max: Ppm::ONE,
        latent_term_max: 60 * DAY,
        pause_max: 7 * DAY,
    }
}

/// Early period, in which the payout is bounded by the premium earned.
pub const EARLY_PERIOD: Seconds = 4 * EPOCH_SECONDS;

/// Time between purchase and the earliest start of cover.
pub const WAITING: Seconds = EPOCH_SECONDS;

impl Pool {
    /// Opens a pool of two tranches in a new file.
    ///
    /// # Errors
    /// What the ledger says.
    pub fn open(file: &Path, markets: &[&str], fee: Ppm, opened: Seconds) -> Result<Self, Failure> {
        let mut accounts: Vec<&str> = OFFICES.to_vec();
        accounts.extend(UNDERWRITERS.iter().map(|underwriter| underwriter.name));
        let treasuries: Vec<String> = markets.iter().map(|market| format!("{market} treasury")).collect();
        accounts.extend(treasuries.iter().map(String::as_str));
        let config = Config {
            pool: IDENTITY,
            tranches: 2,
            asset: Asset::default(),
            rules: rules(EARLY_PERIOD, WAITING, fee),
            opened,
        };
        let ledger = Ledger::create(file, config, &accounts, markets).map_err(failed)?;
        Ok(Self { ledger, now: opened, commands: 0, counters: vec![0; markets.len()] })
    }

    /// True for a ledger file that an earlier demonstration made.
    pub fn is_demonstration(file: &Path) -> bool {
        Ledger::open_read_only(file).is_ok_and(|ledger| {
            *ledger.state().pool() == IDENTITY
                && (0..).zip(OFFICES).all(|(id, name)| ledger.account_name(AccountId(id)) == Some(name))
        })
    }

    /// The state after the last command.
    pub fn state(&self) -> &State {
        self.ledger.state()
    }

    /// Executes one command now.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn act(&mut self, caller: AccountId, action: Action) -> Result<Vec<Event>, Failure> {
        self.commands += 1;
        let key = format!("demo {}", self.commands);
        let command = self.command(caller, action);
        let outcome = self.ledger.execute(&key, &command, self.now).map_err(failed)?;
        Ok(outcome.events)
    }

    /// A command with the readings of this moment; pure claims read nothing.
    fn command(&self, caller: AccountId, action: Action) -> Command {
        let mut command = Command::new(caller, action);
        if !command.action.is_pure_claim() {
            let counters = self.counters.iter().enumerate();
            command.readings =
                counters.map(|(market, &counter)| Reading::of(market_id(market), counter)).collect();
        }
        command
    }

    /// Executes several commands now, in one transaction.
    ///
    /// # Errors
    /// The first rule that refuses one.
    pub fn act_all(&mut self, commands: Vec<(AccountId, Action)>) -> Result<Vec<Event>, Failure> {
        let keys: Vec<String> =
            (1..=commands.len() as u64).map(|index| format!("demo {}", self.commands + index)).collect();
        self.commands += commands.len() as u64;
        let requests = commands
            .into_iter()
            .zip(&keys)
            .map(|((caller, action), key)| Request::new(key, self.now, self.command(caller, action)))
            .collect();
        let outcomes = self.ledger.execute_batch(requests).map_err(failed)?;
        let mut events = Vec::new();
        for outcome in outcomes {
            let Outcome { events: more, .. } = outcome.map_err(failed)?;
            events.extend(more);
        }
        Ok(events)
    }

    /// Closes the file and verifies it from zero: every command decided again.
    ///
    /// # Errors
    /// What the ledger says.
    pub fn close(self) -> Result<Report, Failure> {
        let file = self.ledger.file().to_owned();
        self.ledger.close().map_err(failed)?;
        Ledger::verify(&file).map_err(failed)
    }
}

/// Account of an underwriter.
pub fn underwriter(index: usize) -> AccountId {
    AccountId((OFFICES.len() + index) as u32)
}

/// Account of a market: buys its cover and receives what is paid.
pub fn treasury(market: usize) -> AccountId {
    AccountId((OFFICES.len() + UNDERWRITERS.len() + market) as u32)
}

/// Number of a market.
pub fn market_id(market: usize) -> MarketId {
    MarketId(market as u32)
}

/// An amount of tokens in units, rounded down.
///
/// # Errors
/// An amount that is none.
pub fn units(amount: f64) -> Result<Assets, Failure> {
    units_down(amount, DECIMALS).map(Assets::new).map_err(Failure::input)
}

/// Units as tokens, for figures and charts.
pub fn tokens(assets: Assets) -> f64 {
    assets.get() as f64 / 1e18
}

/// A share in millionths, rounded down.
pub fn millionths(share: f64) -> Ppm {
    // A cast from float saturates; shares are in [0, 1].
    Ppm::new((share * 1e6).floor() as u32)
}

fn failed(error: LedgerError) -> Failure {
    match error {
        LedgerError::Refused(rule) => Failure::refused(rule),
        LedgerError::Damaged { .. } => Failure::damaged(error),
        _ => Failure::environment(error),
    }
}
