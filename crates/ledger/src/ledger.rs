//! A ledger: the file, the state it replays to, the names.

use std::ops::RangeBounds;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use seawall_engine::{AccountId, Config, MarketId, State};

use crate::chain::{Hash, Head, genesis_hash, state_hash};
use crate::entry::{self, COLUMNS, Entry, Raw, to_json};
use crate::error::{Finding, LedgerError, Place};
use crate::names::{Interner, Names, NewNames};
use crate::replay::{self, Loaded};
use crate::store::Store;
use crate::verify::{self, Report};
use crate::{mention, schema, snapshot, wal};

/// How a ledger is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Start from the youngest good snapshot; otherwise replay everything.
    pub use_snapshots: bool,
    /// Take a snapshot after this many entries, and on closing when a tenth of it has come in; zero for never.
    pub snapshot_every: u64,
    /// Open even though the write-ahead log of a session that did not close is missing or damaged, and lose what
    /// only it held.
    pub accept_wal_loss: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { use_snapshots: true, snapshot_every: 10_000, accept_wal_loss: false }
    }
}

/// How the state was obtained on opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Entry after which it was taken from a snapshot; none when everything was replayed.
    pub snapshot: Option<u64>,
    /// Entries replayed.
    pub replayed: u64,
    /// Snapshots that were passed over, and why.
    pub passed_over: Vec<Finding>,
}

/// An open ledger.
pub struct Ledger {
    pub(crate) store: Store,
    pub(crate) state: State,
    pub(crate) names: Names,
    pub(crate) head: Head,
    /// False while a write runs, and for good when one failed: memory may then be ahead of the file.
    pub(crate) settled: bool,
    pub(crate) options: Options,
    /// Entry of the youngest snapshot taken or tried.
    pub(crate) snapshot: u64,
    start: Start,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Ledger")
            .field("file", &self.store.file())
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Creates a ledger for a pool. `accounts` and `markets` get the numbers 0, 1, 2 and so on; the accounts must
    /// reach all that the rules name.
    ///
    /// # Errors
    /// [`LedgerError::Exists`]; names that are unusable or given twice; rules that the engine refuses.
    pub fn create(
        file: impl AsRef<Path>,
        config: Config,
        accounts: &[&str],
        markets: &[&str],
    ) -> Result<Self, LedgerError> {
        let file = file.as_ref();
        let mut names = Names::default();
        let empty = names.mark();
        let mut draft = Interner { names: &mut names, sequence: 0 };
        for (index, name) in accounts.iter().enumerate() {
            if draft.account(name)?.index() != index {
                return Err(LedgerError::NameRepeated { name: (*name).to_owned() });
            }
        }
        for (index, name) in markets.iter().enumerate() {
            if draft.market(name)?.index() != index {
                return Err(LedgerError::NameRepeated { name: (*name).to_owned() });
            }
        }
        mention::check_rules(&config.rules, &names)?;
        let (config_json, new) = (to_json(&config), names.since(empty));
        let state = State::new(config).map_err(LedgerError::Genesis)?;
        let names_json = to_json(&new);
        let hash = genesis_hash(entry::SCHEMA, &config_json, &names_json);
        let mut store = Store::create(file)?;
        let mut write = || -> rusqlite::Result<()> {
            let transaction = store.connection_mut().transaction()?;
            schema::create(&transaction)?;
            transaction.execute(
                "INSERT INTO genesis (id, schema, config, names, hash) VALUES (1, ?, ?, ?, ?)",
                params![entry::SCHEMA, config_json, names_json, hash.0.as_slice()],
            )?;
            insert_names(&transaction, &new, 0)?;
            transaction.execute(
                "INSERT INTO head (id, sequence, hash, open) VALUES (1, 0, ?, 1)",
                [hash.0.as_slice()],
            )?;
            transaction.commit()
        };
        write().map_err(|error| LedgerError::sqlite(file, "write its beginning", &error))?;
        store.checkpoint()?;
        let loaded = Loaded {
            state,
            names,
            head: Head { sequence: 0, hash },
            snapshot: None,
            passed_over: Vec::new(),
        };
        Ok(Self::of(store, loaded, Options::default()))
    }

    /// Opens a ledger for writing.
    ///
    /// # Errors
    /// [`LedgerError::InUse`] when it has a writer; whatever is wrong with the file.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, LedgerError> {
        Self::open_with(file, Options::default())
    }

    /// Opens a ledger for writing, as the options say.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_with(file: impl AsRef<Path>, options: Options) -> Result<Self, LedgerError> {
        let file = file.as_ref();
        // SQLite makes an empty log of its own: look before.
        let had_wal = wal::exists(file);
        let store = Store::write(file)?;
        let loaded = load(&store, had_wal, options)?;
        let ledger = Self::of(store, loaded, options);
        ledger.mark_open(true)?;
        // From here on the file itself says that there must be a log.
        ledger.store.checkpoint()?;
        Ok(ledger)
    }

    /// Opens a ledger for reading: nothing is written to it or beside it. If its writer runs, this is the ledger
    /// of this moment.
    ///
    /// # Errors
    /// Whatever is wrong with the file; [`LedgerError::InUse`] when this very process writes it.
    pub fn open_read_only(file: impl AsRef<Path>) -> Result<Self, LedgerError> {
        Self::open_read_only_with(file, Options::default())
    }

    /// Opens a ledger for reading, as the options say.
    ///
    /// # Errors
    /// As [`Ledger::open_read_only`].
    pub fn open_read_only_with(file: impl AsRef<Path>, options: Options) -> Result<Self, LedgerError> {
        let file = file.as_ref();
        let had_wal = wal::exists(file);
        let store = Store::read(file)?;
        let loaded = load(&store, had_wal, options)?;
        Ok(Self::of(store, loaded, options))
    }

    /// Checks a file from zero: SQLite's structure, the chain, every command decided again and its events
    /// compared, the invariants after each, names, head and snapshots. Writes nothing.
    ///
    /// # Errors
    /// Only when the file cannot be looked at: missing, in use by this process, not permitted, no ledger, or of a
    /// newer format. Damage is in the report.
    pub fn verify(file: impl AsRef<Path>) -> Result<Report, LedgerError> {
        verify::file(file.as_ref())
    }

    /// The same checks through this handle.
    #[must_use]
    pub fn report(&self) -> Report {
        verify::store(&self.store)
    }

    fn of(store: Store, loaded: Loaded, options: Options) -> Self {
        let Loaded { state, names, head, snapshot, passed_over } = loaded;
        let from = snapshot.unwrap_or(0);
        let start = Start { snapshot, replayed: head.sequence - from, passed_over };
        Self { store, state, names, head, settled: true, options, snapshot: from, start }
    }

    /// The file, as it was given.
    #[must_use]
    pub fn file(&self) -> &Path {
        self.store.file()
    }

    /// The state after the last entry.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// SHA-256 of the state's canonical encoding. Its cost grows with the state.
    #[must_use]
    pub fn state_hash(&self) -> Hash {
        state_hash(&self.state)
    }

    /// How far the journal goes. Whoever keeps it elsewhere can later show that nothing was cut off.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// How the state was obtained on opening.
    #[must_use]
    pub const fn start(&self) -> &Start {
        &self.start
    }

    /// Number of an account.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<AccountId> {
        self.names.accounts.id(name).map(AccountId)
    }

    /// Name of an account.
    #[must_use]
    pub fn account_name(&self, id: AccountId) -> Option<&str> {
        self.names.accounts.name(id.0)
    }

    /// Number of a market.
    #[must_use]
    pub fn market(&self, name: &str) -> Option<MarketId> {
        self.names.markets.id(name).map(MarketId)
    }

    /// Name of a market.
    #[must_use]
    pub fn market_name(&self, id: MarketId) -> Option<&str> {
        self.names.markets.name(id.0)
    }

    /// How many accounts have names; they are numbered from 0.
    #[must_use]
    pub fn accounts(&self) -> u32 {
        self.names.accounts.count()
    }

    /// How many markets have names; they are numbered from 0.
    #[must_use]
    pub fn markets(&self) -> u32 {
        self.names.markets.count()
    }

    /// Entries by sequence number, each checked against the chain.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first that does not fit.
    pub fn entries(&self, range: impl RangeBounds<u64>) -> Result<Vec<Entry>, LedgerError> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let first = match range.start_bound() {
            Included(&first) => first.max(1),
            Excluded(&before) => before.saturating_add(1),
            Unbounded => 1,
        };
        let last = match range.end_bound() {
            Included(&last) => last.min(self.head.sequence),
            Excluded(&end) => end.saturating_sub(1).min(self.head.sequence),
            Unbounded => self.head.sequence,
        };
        if first > last {
            return Ok(Vec::new());
        }
        let read = || -> Result<Vec<Entry>, Finding> {
            let at = |error: rusqlite::Error| Finding::sqlite(Place::Entry(first), &error);
            let mut previous = Head { sequence: first - 1, hash: self.hash_of(first - 1)? };
            let sql = format!("SELECT {COLUMNS} FROM entry WHERE sequence BETWEEN ? AND ? ORDER BY sequence");
            let mut statement = self.store.connection().prepare_cached(&sql).map_err(at)?;
            let mut rows = statement.query([first.cast_signed(), last.cast_signed()]).map_err(at)?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next().map_err(at)? {
                let raw = Raw::read(row, previous.sequence + 1)?;
                previous = raw.follows(previous)?;
                entries.push(raw.decode(previous)?);
            }
            if previous.sequence < last {
                return Err(Finding::new(Place::Entry(previous.sequence + 1), "is missing"));
            }
            Ok(entries)
        };
        read().map_err(|finding| finding.in_file(self.file()))
    }

    /// The entry that a key was used for, if any. An edge that adds readings of its own to a caller's command asks
    /// here first when the caller repeats itself.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`].
    pub fn entry_of(&self, key: &str) -> Result<Option<Entry>, LedgerError> {
        let Some(sequence) = self.sequence_of(key)? else { return Ok(None) };
        Ok(self.entries(sequence..=sequence)?.pop())
    }

    /// True when this journal contains the entry that a head names: it is that history, or continues it.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`].
    pub fn contains(&self, head: Head) -> Result<bool, LedgerError> {
        if head.sequence > self.head.sequence {
            return Ok(false);
        }
        let hash = self.hash_of(head.sequence).map_err(|finding| finding.in_file(self.file()))?;
        Ok(hash == head.hash)
    }

    pub(crate) fn sequence_of(&self, key: &str) -> Result<Option<u64>, LedgerError> {
        let connection = self.store.connection();
        let find = || -> rusqlite::Result<Option<i64>> {
            connection
                .prepare_cached("SELECT sequence FROM entry WHERE key = ?")?
                .query_row([key], |row| row.get(0))
                .optional()
        };
        let found = find().map_err(|error| self.store.error("look up a key", &error))?;
        Ok(found.map(i64::cast_unsigned))
    }

    /// Hash of an entry, or of the genesis record for zero, as it stands in the file.
    fn hash_of(&self, sequence: u64) -> Result<Hash, Finding> {
        let (at, sql) = match sequence {
            0 => (Place::Genesis, "SELECT hash FROM genesis WHERE id = ? + 1"),
            _ => (Place::Entry(sequence), "SELECT hash FROM entry WHERE sequence = ?"),
        };
        let read = || -> rusqlite::Result<Option<Vec<u8>>> {
            let mut statement = self.store.connection().prepare_cached(sql)?;
            statement.query_row([sequence.cast_signed()], |row| row.get(0)).optional()
        };
        let bytes = read().map_err(|error| Finding::sqlite(at, &error))?;
        let bytes = bytes.ok_or_else(|| Finding::new(at, "is missing"))?;
        Hash::of_slice(&bytes).ok_or_else(|| Finding::new(at, "its hash is not 32 bytes"))
    }

    /// Takes a snapshot now.
    ///
    /// # Errors
    /// [`LedgerError::ReadOnly`], [`LedgerError::Reopen`], or what the system says.
    pub fn take_snapshot(&mut self) -> Result<(), LedgerError> {
        self.writable()?;
        snapshot::write(self.store.connection(), self.head, &self.state)
            .map_err(|error| self.store.error("write a snapshot", &error))?;
        self.snapshot = self.head.sequence;
        Ok(())
    }

    /// Takes a snapshot when one is due. The commands are durable already: a snapshot that fails is left for the
    /// next time.
    pub(crate) fn snapshot_if_due(&mut self, every: u64) {
        if self.options.snapshot_every > 0 && self.head.sequence >= self.snapshot + every.max(1) {
            let _ = snapshot::write(self.store.connection(), self.head, &self.state);
            self.snapshot = self.head.sequence;
        }
    }

    /// Refuses writing through a reader, or after a write that failed.
    pub(crate) fn writable(&self) -> Result<(), LedgerError> {
        if !self.store.is_writable() {
            return Err(LedgerError::ReadOnly { file: self.file().to_owned() });
        }
        if !self.settled {
            return Err(LedgerError::Reopen { file: self.file().to_owned() });
        }
        Ok(())
    }

    fn mark_open(&self, open: bool) -> Result<(), LedgerError> {
        self.store
            .connection()
            .execute("UPDATE head SET open = ?", [open])
            .map(|_| ())
            .map_err(|error| self.store.error("mark its session", &error))
    }

    /// Closes the ledger: one file is left, without a log beside it. Dropping a ledger does the same but cannot
    /// report an error.
    ///
    /// # Errors
    /// What the system says; the log is then kept, and nothing is lost.
    pub fn close(mut self) -> Result<(), LedgerError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<(), LedgerError> {
        if self.writable().is_err() {
            return Ok(());
        }
        self.snapshot_if_due(self.options.snapshot_every / 10);
        self.settled = false;
        self.mark_open(false)?;
        self.store.merge_on_close()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // Nobody is left to tell; the log stays and the next start reads it.
        let _ = self.finish();
    }
}

/// Every check of an open file, then its state.
fn load(store: &Store, had_wal: bool, options: Options) -> Result<Loaded, LedgerError> {
    let file = store.file();
    if !options.accept_wal_loss {
        let found = wal::inspect(file).map_err(|error| LedgerError::io(file, "read its log", &error))?;
        if let Some(finding) = found {
            return Err(finding.in_file(file));
        }
    }
    schema::check(store)?;
    let (_, open) = replay::read_head(store).map_err(|finding| finding.in_file(file))?;
    if open && !had_wal && !options.accept_wal_loss {
        return Err(LedgerError::WalMissing { file: file.to_owned(), wal: wal::path(file) });
    }
    replay::load(store, options.use_snapshots).map_err(|finding| finding.in_file(file))
}

/// Writes new names into their tables.
pub(crate) fn insert_names(connection: &Connection, new: &NewNames, sequence: u64) -> rusqlite::Result<()> {
    for (table, names) in [("account", &new.accounts), ("market", &new.markets)] {
        for (id, name) in names {
            connection
                .prepare_cached(&format!("INSERT INTO {table} (id, name, sequence) VALUES (?, ?, ?)"))?
                .execute(params![id, name, sequence.cast_signed()])?;
        }
    }
    Ok(())
}
