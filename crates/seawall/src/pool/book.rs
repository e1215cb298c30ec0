//! A pool's file opened for a command: names become numbers, the command is journalled, its outcome printed.

use std::hash::{BuildHasher, RandomState};
use std::mem::discriminant;
use std::path::{Path, PathBuf};

use seawall_engine::{AccountId, Action, Command, MarketId, State};
use seawall_fixed::Seconds;
use seawall_ledger::{Ledger, LedgerError, NAME_BYTES_MAX, Outcome};
use serde_json::{Value, json};

use super::header::Header;
use super::label::{Field, Labels};
use super::note::{self, Before};
use super::{event, instant, refusal};
use crate::output::{Failure, Format, line, print_json};

/// Which pool.
#[derive(clap::Args)]
pub struct Target {
    /// The pool's file.
    #[arg(long, value_name = "FILE")]
    pub pool: PathBuf,
}

/// What every command that changes a pool takes.
#[derive(clap::Args)]
pub struct Write {
    #[command(flatten)]
    pub target: Target,
    /// Account that asks: required where money or shares of an account move; else the default is the role that may
    /// ask (the only reporter, risk, guardian), the buyer of the quote, or, where anyone may ask, the owner.
    #[arg(long = "as", value_name = "ACCOUNT")]
    pub caller: Option<String>,
    /// Time of the command: RFC 3339 or Unix seconds [default: the machine's clock].
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Key that makes the command safe to repeat: with the same key it happens once [default: a new one, printed].
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

/// A pool's file with its names; new names wait for the command that brings them.
pub struct Book {
    ledger: Ledger,
    labels: Labels,
    accounts_known: usize,
    markets_known: usize,
    derived: bool,
}

impl Book {
    /// Opens a pool for one command.
    ///
    /// # Errors
    /// What is wrong with the file, or with its header.
    pub fn open(write: &Write) -> Result<Self, Failure> {
        let ledger = Ledger::open(&write.target.pool).map_err(|error| of_ledger(&error, None))?;
        Self::of(ledger)
    }

    /// Opens a pool for reading; nothing is written.
    ///
    /// # Errors
    /// As [`Book::open`].
    pub fn read(target: &Target) -> Result<Self, Failure> {
        let ledger = Ledger::open_read_only(&target.pool).map_err(|error| of_ledger(&error, None))?;
        Self::of(ledger)
    }

    /// A ledger with its names.
    ///
    /// # Errors
    /// The header is not readable.
    pub fn of(ledger: Ledger) -> Result<Self, Failure> {
        let accounts: Vec<String> = (0..ledger.accounts())
            .map(|id| ledger.account_name(AccountId(id)).unwrap_or_default().to_owned())
            .collect();
        let markets: Vec<String> = (0..ledger.markets())
            .map(|id| ledger.market_name(MarketId(id)).unwrap_or_default().to_owned())
            .collect();
        let tranches = usize::from(ledger.state().core().tranche_count);
        let Header { unit, tranches } = Header::find(&markets, tranches)
            .map_err(|why| Failure::damaged(format!("{}: its header {why}", ledger.file().display())))?;
        let (accounts_known, markets_known) = (accounts.len(), markets.len());
        let labels = Labels { unit, tranches, accounts, markets };
        Ok(Self { ledger, labels, accounts_known, markets_known, derived: false })
    }

    /// The pool's state.
    pub const fn state(&self) -> &State {
        self.ledger.state()
    }

    /// The pool's names.
    pub const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The journal.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// An account that exists.
    ///
    /// # Errors
    /// No such account; the message names `field`.
    pub fn account(&self, field: &str, name: &str) -> Result<AccountId, Failure> {
        find(&self.labels.accounts, name)
            .map(AccountId)
            .ok_or_else(|| unknown(field, "account", name, &self.labels.accounts))
    }

    /// An account, new if need be.
    ///
    /// # Errors
    /// The name is not usable.
    pub fn account_or_new(&mut self, field: &str, name: &str) -> Result<AccountId, Failure> {
        intern(&mut self.labels.accounts, field, name).map(AccountId)
    }

    /// A market that exists.
    ///
    /// # Errors
    /// No such market; the message names `field`.
    pub fn market(&self, field: &str, name: &str) -> Result<MarketId, Failure> {
        let found = find(&self.labels.markets, name).filter(|_| !name.starts_with(RESERVED));
        found.map(MarketId).ok_or_else(|| unknown(field, "market", name, &self.labels.markets))
    }

    /// A market, new if need be.
    ///
    /// # Errors
    /// The name is not usable.
    pub fn market_or_new(&mut self, field: &str, name: &str) -> Result<MarketId, Failure> {
        intern(&mut self.labels.markets, field, name).map(MarketId)
    }

    /// A tranche by its name or number.
    ///
    /// # Errors
    /// No such tranche.
    pub fn tranche(&self, field: &str, text: &str) -> Result<u8, Failure> {
        let names = &self.labels.tranches;
        let by_number = || text.parse().ok().filter(|number| *number < names.len());
        let index = names.iter().position(|name| name == text).or_else(by_number);
        index.and_then(|index| u8::try_from(index).ok()).ok_or_else(|| {
            let known = names.join(", ");
            Failure::input(format!("{field}: there is no tranche {text:?}"))
                .hint(format!("the pool has {known}"))
        })
    }

    /// The caller by `--as`, which must be given and known.
    ///
    /// # Errors
    /// Missing or unknown.
    pub fn caller(&self, write: &Write) -> Result<AccountId, Failure> {
        self.account("--as", named(write)?)
    }

    /// The caller by `--as`, or else the account that has the role.
    ///
    /// # Errors
    /// `--as` is unknown.
    pub fn caller_or(&self, write: &Write, role: AccountId) -> Result<AccountId, Failure> {
        write.caller.as_deref().map_or(Ok(role), |name| self.account("--as", name))
    }

    /// The pool as it will be at `at`: what accrues and falls due until then, in memory.
    ///
    /// # Errors
    /// `at` is before the last command.
    pub fn projected(&self, at: Seconds) -> Result<State, Failure> {
        let mut state = self.state().clone();
        let command = Command::new(state.rules().roles.owner, Action::Sync);
        let synced = seawall_engine::run(&mut state, &command, at);
        synced.map_err(|error| refusal::refused(&error, &self.labels))?;
        Ok(state)
    }

    /// Says that the command's numbers come from the pool's state or from the clock: repeated with its key it
    /// would come out differently, so that then the key alone says what was meant.
    pub const fn derive(&mut self) {
        self.derived = true;
    }

    /// True when the journal has an entry of this key already.
    ///
    /// # Errors
    /// Damage.
    pub fn knows(&self, key: Option<&str>) -> Result<bool, Failure> {
        let Some(key) = key else { return Ok(false) };
        let entry = self.ledger.entry_of(key).map_err(|error| of_ledger(&error, Some(&self.labels)))?;
        Ok(entry.is_some())
    }

    /// The command as it was journalled under this key, when it was derived and the caller asks the same again.
    fn meant(&self, key: &str, command: Command) -> Result<Command, Failure> {
        if !self.derived {
            return Ok(command);
        }
        let entry = self.ledger.entry_of(key).map_err(|error| of_ledger(&error, Some(&self.labels)))?;
        let same = |then: &Command| {
            then.caller == command.caller && discriminant(&then.action) == discriminant(&command.action)
        };
        Ok(entry.map(|entry| entry.command).filter(same).unwrap_or(command))
    }

    /// Journals a command and prints what it did.
    ///
    /// # Errors
    /// What the engine refuses or the ledger cannot do; nothing was changed then, unless the message says so.
    pub fn run(
        self,
        write: &Write,
        caller: AccountId,
        action: Action,
        format: Format,
    ) -> Result<(), Failure> {
        let at = instant::of_command(write.at.as_deref())?;
        self.run_at(write, caller, action, at, format)
    }

    /// As [`Book::run`] at a time that was read already.
    ///
    /// # Errors
    /// As [`Book::run`].
    pub fn run_at(
        mut self,
        write: &Write,
        caller: AccountId,
        action: Action,
        at: Seconds,
        format: Format,
    ) -> Result<(), Failure> {
        let key = write.key.clone().unwrap_or_else(fresh_key);
        let (accounts, markets) =
            (&self.labels.accounts[self.accounts_known..], &self.labels.markets[self.markets_known..]);
        let command = self.meant(&key, Command::new(caller, action))?;
        let (asked, before) = (command.action.clone(), Before::of(self.ledger.state()));
        // The names come in the order in which they were numbered above, so they get the same numbers.
        let outcome = self.ledger.execute_naming(&key, at, |names| {
            accounts.iter().try_for_each(|name| names.account(name).map(|_| ()))?;
            markets.iter().try_for_each(|name| names.market(name).map(|_| ()))?;
            Ok(command)
        });
        let outcome = outcome.map_err(|error| of_ledger(&error, Some(&self.labels)))?;
        let mut notes = Vec::new();
        // A repetition prints the first outcome; the pool may be another by now.
        if !outcome.repeated {
            notes.extend(accounts.iter().map(|name| format!("new account: {name}")));
            notes.extend(note::notes(&asked, &before, &outcome.events, self.ledger.state(), &self.labels));
        }
        self.ledger.close().map_err(|error| {
            of_ledger(&error, Some(&self.labels)).hint("the command itself is journalled; check the disk")
        })?;
        print(&outcome, &notes, &key, &self.labels, format);
        Ok(())
    }
}

/// Names beginning with this are the pool's own.
const RESERVED: char = '@';

fn named(write: &Write) -> Result<&str, Failure> {
    write.caller.as_deref().ok_or_else(|| Failure::input("--as is missing: name the account that asks"))
}

/// The name given by `--as`.
///
/// # Errors
/// Missing.
pub fn caller_name(write: &Write) -> Result<&str, Failure> {
    named(write)
}

fn find(names: &[String], name: &str) -> Option<u32> {
    names.iter().position(|known| known == name).and_then(|index| u32::try_from(index).ok())
}

fn unknown(field: &str, what: &str, name: &str, known: &[String]) -> Failure {
    let known: Vec<&str> =
        known.iter().map(String::as_str).filter(|name| !name.starts_with(RESERVED)).collect();
    let failure = Failure::input(format!("{field}: the pool knows no {what} {name:?}"));
    if known.is_empty() {
        return failure;
    }
    let shown = known.iter().take(12).copied().collect::<Vec<_>>().join(", ");
    let more = if known.len() > 12 { ", and more" } else { "" };
    failure.hint(format!("it knows {shown}{more}"))
}

/// Number of a name in `names`, which is added at the end when it is new.
///
/// # Errors
/// The name is not usable; the message names `field`.
pub fn intern(names: &mut Vec<String>, field: &str, name: &str) -> Result<u32, Failure> {
    if let Some(id) = find(names, name).filter(|_| !name.starts_with(RESERVED)) {
        return Ok(id);
    }
    let usable = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.trim() == name
        && !name.starts_with(RESERVED)
        && !name.chars().any(char::is_control);
    let id = u32::try_from(names.len()).ok().filter(|_| usable);
    let id = id.ok_or_else(|| {
        Failure::input(format!("{field}: {name:?} cannot be a name")).hint(format!(
            "a name has 1 to {NAME_BYTES_MAX} bytes, no control characters, no space at its ends, no {RESERVED} first"
        ))
    })?;
    names.push(name.to_owned());
    Ok(id)
}

/// A key that nobody used before: 128 random bits.
fn fresh_key() -> String {
    format!("{:016x}{:016x}", random(), random())
}

/// 64 bits from the system's source of randomness.
pub fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Prints what a command did.
fn print(outcome: &Outcome, notes: &[String], key: &str, labels: &Labels, format: Format) {
    if format == Format::Json {
        return print_json(&outcome_json(outcome, notes, key, labels));
    }
    for described in outcome.events.iter().map(event::describe).filter(|described| !described.quiet) {
        line(&described.line(labels));
    }
    notes.iter().for_each(|note| line(&format!("note: {note}")));
    let again = if outcome.repeated { "done before, not repeated: " } else { "" };
    line(&format!("{again}entry {} at {}, key {key}", outcome.sequence, instant::text(outcome.at)));
}

fn outcome_json(outcome: &Outcome, notes: &[String], key: &str, labels: &Labels) -> Value {
    let events: Vec<Value> =
        outcome.events.iter().map(|happened| event::describe(happened).json(labels)).collect();
    json!({
        "sequence": outcome.sequence.to_string(),
        "at": Field::Time(outcome.at).json(labels),
        "key": key,
        "hash": outcome.hash.to_string(),
        "repeated": outcome.repeated,
        "events": events,
        "notes": notes,
    })
}

/// The failure that tells a user what the ledger says.
pub fn of_ledger(error: &LedgerError, labels: Option<&Labels>) -> Failure {
    match error {
        LedgerError::Refused(refused) | LedgerError::Genesis(refused) => match labels {
            Some(labels) => refusal::refused(refused, labels),
            None => Failure::refused(refused),
        },
        LedgerError::KeyReused { .. } | LedgerError::KeyInvalid { .. } => {
            Failure::input(format!("--key: {error}"))
        }
        LedgerError::NameInvalid { .. }
        | LedgerError::NameRepeated { .. }
        | LedgerError::UnknownAccount { .. }
        | LedgerError::UnknownMarket { .. } => Failure::input(error),
        LedgerError::Missing { file } => {
            Failure::input(format!("--pool: {}: there is no such pool", file.display()))
                .hint(format!("open one: seawall pool init --pool {}", file.display()))
        }
        LedgerError::Exists { file } => Failure::input(format!("--pool: {}: exists already", file.display()))
            .hint("choose another name; a pool is never overwritten"),
        LedgerError::NotALedger { .. } | LedgerError::NewerFormat { .. } => Failure::input(error),
        LedgerError::Damaged { file, .. } => Failure::damaged(error).hint(format!(
            "seawall pool verify --pool {} lists the damage; restore a backup",
            file.display()
        )),
        LedgerError::WalMissing { file, .. } => Failure::damaged(error).hint(format!(
            "if it cannot be brought back: seawall pool repair --pool {} --accept-log-loss",
            file.display()
        )),
        LedgerError::InUse { .. } => {
            Failure::environment(error).hint("try again when the other command has ended")
        }
        _ => Failure::environment(error),
    }
}

/// True when the file is there: a pool is never written over.
pub fn exists(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}
