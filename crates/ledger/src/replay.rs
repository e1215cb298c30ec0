//! From the file to the state: every check that does not need the commands decided again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::OptionalExtension as _;
use seawall_engine::{Config, State, apply, invariant};

use crate::chain::{Hash, Head, genesis_hash};
use crate::entry::{self, COLUMNS, Raw, from_json};
use crate::error::{Finding, Place};
use crate::names::{Interned, Names, NewNames};
use crate::snapshot::{self, Snapshot};
use crate::store::Store;

/// What a pool was opened with, as the file says it.
pub(crate) struct Genesis {
    pub config: Config,
    pub names: NewNames,
    pub head: Head,
}

impl Genesis {
    pub fn read(store: &Store) -> Result<Self, Finding> {
        let at = Place::Genesis;
        let row = store
            .connection()
            .query_row("SELECT schema, config, names, hash FROM genesis", [], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, Vec<u8>>(3)?,
                ))
            })
            .optional()
            .map_err(|error| Finding::sqlite(at, &error))?;
        let (schema, config, names, stored) = row.ok_or_else(|| Finding::new(at, "is missing"))?;
        let hash = genesis_hash(schema, &config, &names);
        if stored != hash.0 {
            return Err(Finding::new(at, "does not match its hash"));
        }
        if schema != entry::SCHEMA {
            let what =
                format!("has schema {schema}, this version reads {}; use a newer version", entry::SCHEMA);
            return Err(Finding::new(at, what));
        }
        Ok(Self {
            config: from_json(&config, at, "configuration")?,
            names: from_json(&names, at, "names")?,
            head: Head { sequence: 0, hash },
        })
    }

    /// The empty pool and the names it was opened with.
    pub fn start(&self) -> Result<(State, Names), Finding> {
        let state = contained(Place::Genesis, || State::new(self.config.clone()))?
            .map_err(|error| Finding::new(Place::Genesis, format!("the rules refuse it: {error}")))?;
        let mut names = Names::default();
        names.replay(&self.names, 0, Place::Genesis)?;
        Ok((state, names))
    }
}

/// Turns a panic into a finding. The engine panics where sums of money stop adding up, which cannot happen with
/// a true journal but can with a forged one whose hashes were computed anew.
pub(crate) fn contained<T>(at: Place, run: impl FnOnce() -> T) -> Result<T, Finding> {
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|_| Finding::new(at, "the rules cannot take it: the books break"))
}

/// The head record, and whether a session is open.
pub(crate) fn read_head(store: &Store) -> Result<(Head, bool), Finding> {
    let at = Place::Head;
    let row = store
        .connection()
        .query_row("SELECT sequence, hash, open FROM head", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
        })
        .optional()
        .map_err(|error| Finding::sqlite(at, &error))?;
    let (sequence, hash, open) = row.ok_or_else(|| Finding::new(at, "is missing"))?;
    let sequence = u64::try_from(sequence)
        .map_err(|_| Finding::new(at, format!("says that there are {sequence} entries")))?;
    let hash = Hash::of_slice(&hash).ok_or_else(|| Finding::new(at, "its hash is not 32 bytes"))?;
    if !(0..=1).contains(&open) {
        return Err(Finding::new(at, format!("its mark of an open session is {open}")));
    }
    Ok((Head { sequence, hash }, open == 1))
}

/// Compares the end of the journal with the head record.
pub(crate) fn compare_head(last: Head, recorded: Head) -> Result<(), Finding> {
    if last.sequence < recorded.sequence {
        let what = format!(
            "says that there are {} entries, the journal ends at {}",
            recorded.sequence, last.sequence
        );
        return Err(Finding::new(Place::Head, what));
    }
    if last != recorded {
        let what = format!(
            "says entry {} with hash {}, the journal ends with entry {} and hash {}",
            recorded.sequence, recorded.hash, last.sequence, last.hash
        );
        return Err(Finding::new(Place::Head, what));
    }
    Ok(())
}

/// Compares the tables of names with the names in the journal.
pub(crate) fn compare_names(store: &Store, names: &Names) -> Result<(), Finding> {
    compare_table(store, "account", Place::Accounts, &names.accounts)?;
    compare_table(store, "market", Place::Markets, &names.markets)
}

fn compare_table(store: &Store, table: &str, at: Place, names: &Interned) -> Result<(), Finding> {
    let read = || -> rusqlite::Result<Result<(), Finding>> {
        let mut statement =
            store.connection().prepare(&format!("SELECT id, name, sequence FROM {table} ORDER BY id"))?;
        let mut rows = statement.query([])?;
        let mut expected = names.rows().iter().zip(0_i64..);
        while let Some(row) = rows.next()? {
            let found: (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let right =
                expected.next().map(|((name, sequence), id)| (id, name.clone(), sequence.cast_signed()));
            if right.as_ref() != Some(&found) {
                let what = format!(
                    "number {} is {:?} of entry {} there, the journal says otherwise",
                    found.0, found.1, found.2
                );
                return Ok(Err(Finding::new(at, what)));
            }
        }
        Ok(match expected.next() {
            Some(((name, _), id)) => {
                Err(Finding::new(at, format!("number {id}, {name:?}, is missing there")))
            }
            None => Ok(()),
        })
    };
    read().unwrap_or_else(|error| Err(Finding::sqlite(at, &error)))
}

/// Visits all rows in order. `visit` gets each with the number it should have and returns the next one.
pub(crate) fn walk(
    store: &Store,
    mut visit: impl FnMut(&Raw<'_>) -> Result<u64, Finding>,
) -> Result<(), Finding> {
    let mut next = 1;
    let sql = format!("SELECT {COLUMNS} FROM entry ORDER BY sequence");
    let mut statement =
        store.connection().prepare(&sql).map_err(|error| Finding::sqlite(Place::Entry(next), &error))?;
    let mut rows = statement.query([]).map_err(|error| Finding::sqlite(Place::Entry(next), &error))?;
    loop {
        match rows.next() {
            Ok(Some(row)) => next = visit(&Raw::read(row, next)?)?,
            Ok(None) => return Ok(()),
            Err(error) => return Err(Finding::sqlite(Place::Entry(next), &error)),
        }
    }
}

/// A ledger read from its file.
pub(crate) struct Loaded {
    pub state: State,
    pub names: Names,
    pub head: Head,
    /// Entry after which the state was taken from a snapshot.
    pub snapshot: Option<u64>,
    /// Snapshots that were passed over, and why.
    pub passed_over: Vec<Finding>,
}

/// Reads a ledger, with the youngest good snapshot if `use_snapshots`.
pub(crate) fn load(store: &Store, use_snapshots: bool) -> Result<Loaded, Finding> {
    if let Some(finding) = store.integrity().into_iter().next() {
        return Err(finding);
    }
    let genesis = Genesis::read(store)?;
    let (mut state, mut names) = genesis.start()?;
    let (recorded, _) = read_head(store)?;
    let (mut base, mut passed_over) = (None, Vec::new());
    if use_snapshots {
        (base, passed_over) = youngest_snapshot(store)?;
    }
    let mut head = genesis.head;
    let from = base.as_ref().map_or(0, |(head, _): &(Head, State)| head.sequence);
    if let Some((_, snapshot)) = base {
        state = snapshot;
    }
    walk(store, |raw| {
        head = raw.follows(head)?;
        let at = Place::Entry(head.sequence);
        if raw.names != "{}" {
            names.replay(&raw.new_names()?, head.sequence, at)?;
        }
        if head.sequence > from {
            let events = raw.events()?;
            contained(at, || events.iter().for_each(|event| apply(&mut state, event)))?;
        }
        Ok(head.sequence + 1)
    })?;
    compare_head(head, recorded)?;
    compare_names(store, &names)?;
    contained(Place::File, || invariant::check(&state))?.map_err(|violation| {
        Finding::new(Place::File, format!("the replayed books do not hold: {violation}"))
    })?;
    Ok(Loaded { state, names, head, snapshot: (from > 0).then_some(from), passed_over })
}

/// The youngest snapshot that is whole and belongs to the entry it names.
#[allow(clippy::type_complexity, reason = "a pair, and why others were passed over")]
fn youngest_snapshot(store: &Store) -> Result<(Option<(Head, State)>, Vec<Finding>), Finding> {
    let connection = store.connection();
    let mut passed_over = Vec::new();
    let sequences = snapshot::sequences(connection).map_err(|error| Finding::sqlite(Place::File, &error))?;
    for sequence in sequences {
        let read = || -> Result<(Head, State), Finding> {
            let snapshot = Snapshot::read(connection, sequence)?;
            let at = Place::Snapshot(snapshot.head.sequence);
            let entry: Option<Vec<u8>> = connection
                .query_row("SELECT hash FROM entry WHERE sequence = ?", [sequence], |row| row.get(0))
                .optional()
                .map_err(|error| Finding::sqlite(at, &error))?;
            if entry.is_none_or(|hash| hash != snapshot.head.hash.0) {
                return Err(Finding::new(at, "belongs to another entry than the journal has there"));
            }
            let state = snapshot.state()?;
            contained(at, || invariant::check(&state))?
                .map_err(|violation| Finding::new(at, format!("its books do not hold: {violation}")))?;
            Ok((snapshot.head, state))
        };
        match read() {
            Ok(found) => return Ok((Some(found), passed_over)),
            Err(finding) => passed_over.push(finding),
        }
    }
    Ok((None, passed_over))
}
