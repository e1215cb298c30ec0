//! The tables of a ledger file, and the check that a file has exactly them.
//!
//! `PRAGMA application_id` says that a file is a ledger, `PRAGMA user_version` which format it has. A later format
//! comes with a step here that rewrites the older one in one transaction.

use rusqlite::Connection;

use crate::error::{Finding, LedgerError, Place};
use crate::store::Store;

/// "SeaW" in ASCII.
const APPLICATION_ID: i64 = 0x5365_6157;

/// Format that this version writes and reads.
pub(crate) const FORMAT: i64 = 1;

const TABLES: [(&str, &str); 6] = [
    (
        "genesis",
        "CREATE TABLE genesis (id INTEGER PRIMARY KEY CHECK (id = 1), schema INTEGER NOT NULL, \
         config TEXT NOT NULL, names TEXT NOT NULL, hash BLOB NOT NULL) STRICT",
    ),
    (
        "entry",
        "CREATE TABLE entry (sequence INTEGER PRIMARY KEY, schema INTEGER NOT NULL, at INTEGER NOT NULL, \
         key TEXT NOT NULL UNIQUE, names TEXT NOT NULL, command TEXT NOT NULL, events TEXT NOT NULL, \
         hash BLOB NOT NULL) STRICT",
    ),
    (
        "account",
        "CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, \
         sequence INTEGER NOT NULL) STRICT",
    ),
    (
        "market",
        "CREATE TABLE market (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, \
         sequence INTEGER NOT NULL) STRICT",
    ),
    (
        "head",
        "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, \
         hash BLOB NOT NULL, open INTEGER NOT NULL) STRICT",
    ),
    (
        "snapshot",
        "CREATE TABLE snapshot (sequence INTEGER PRIMARY KEY, layout INTEGER NOT NULL, entry_hash BLOB NOT NULL, \
         state BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
    ),
];

/// Makes the tables in an empty file.
pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    TABLES.iter().try_for_each(|(_, sql)| connection.execute_batch(sql))
}

/// Refuses a file that is no ledger, or of a format that this version does not read, or with other tables.
pub(crate) fn check(store: &Store) -> Result<(), LedgerError> {
    let file = || store.file().to_owned();
    let number = |pragma: &str| {
        store
            .connection()
            .pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
            .map_err(|error| store.error("read its header", &error))
    };
    let found = tables(store.connection()).map_err(|error| store.error("read its tables", &error))?;
    if number("application_id")? != APPLICATION_ID {
        if found.is_empty() {
            let what = "it is empty, its creation was interrupted; delete it and create it again".to_owned();
            return Err(LedgerError::NotALedger { file: file(), what });
        }
        // A damaged header of a file that has the ledger's tables is damage, and not another kind of file.
        if found.iter().any(|(name, _)| name == "entry") {
            return Err(
                Finding::new(Place::File, "its header has a wrong application id").in_file(store.file())
            );
        }
        let what = "it is an SQLite file of another program".to_owned();
        return Err(LedgerError::NotALedger { file: file(), what });
    }
    let format = number("user_version")?;
    if format > FORMAT {
        return Err(LedgerError::NewerFormat { file: file(), found: format, supported: FORMAT });
    }
    if format < FORMAT {
        let what = format!("its header says format {format}; formats are counted from 1");
        return Err(Finding::new(Place::File, what).in_file(store.file()));
    }
    for (name, sql) in TABLES {
        match found.iter().find(|(found, _)| found == name) {
            None => {
                return Err(
                    Finding::new(Place::File, format!("table {name} is missing")).in_file(store.file())
                );
            }
            Some((_, text)) if text != sql => {
                let what = format!("table {name} is not as this format defines it: {text}");
                return Err(Finding::new(Place::File, what).in_file(store.file()));
            }
            Some(_) => {}
        }
    }
    match found.iter().find(|(name, _)| TABLES.iter().all(|(table, _)| table != name)) {
        // A foreign trigger or view could change what a query reads or writes.
        Some((name, _)) => {
            Err(Finding::new(Place::File, format!("it has a foreign object {name:?}")).in_file(store.file()))
        }
        None => Ok(()),
    }
}

/// Name and definition of everything in the file but SQLite's own objects (statistics, indexes of UNIQUE).
fn tables(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare(
        "SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
