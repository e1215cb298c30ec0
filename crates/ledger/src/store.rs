//! The SQLite connection behind a ledger: one writer, or a reader that leaves no trace.
//!
//! The writer holds SQLite's exclusive lock from opening to closing (`locking_mode = EXCLUSIVE`, so that no `-shm`
//! file is needed), in WAL mode with `synchronous = FULL`: a commit returns after the log is on the disk. The log
//! is kept when a writer goes without closing; only a clean close merges and removes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::error::{Finding, LedgerError, Place};
use crate::wal;

/// Files that this process has open for writing. Closing any other descriptor of such a file would drop the
/// process's POSIX locks, and with them the writer's.
static WRITTEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Tries to copy a ledger whose writer starts its log anew meanwhile.
const COPY_TRIES: u32 = 20;

/// An open file.
pub(crate) struct Store {
    connection: Connection,
    file: PathBuf,
    written: Option<Written>,
    /// The private copy that a reader reads; removed after the connection is closed.
    _copy: Option<TempDir>,
}

/// An entry of [`WRITTEN`].
struct Written(PathBuf);

impl Written {
    fn claim(file: &Path) -> Result<Self, LedgerError> {
        let canonical = canonical(file)?;
        let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
        if !written.insert(canonical.clone()) {
            return Err(LedgerError::InUse { file: file.to_owned() });
        }
        Ok(Self(canonical))
    }

    fn refuse(file: &Path) -> Result<(), LedgerError> {
        let canonical = canonical(file)?;
        let written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
        if written.contains(&canonical) { Err(LedgerError::InUse { file: file.to_owned() }) } else { Ok(()) }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

fn canonical(file: &Path) -> Result<PathBuf, LedgerError> {
    let canonical = fs::canonicalize(file).map_err(|error| LedgerError::io(file, "open it", &error))?;
    if canonical.is_dir() {
        let what = "it is a folder".to_owned();
        return Err(LedgerError::NotALedger { file: file.to_owned(), what });
    }
    Ok(canonical)
}

impl Store {
    /// A new empty file, open for writing.
    pub fn create(file: &Path) -> Result<Self, LedgerError> {
        let exists = || LedgerError::Exists { file: file.to_owned() };
        if wal::path(file).exists() {
            return Err(exists());
        }
        match fs::OpenOptions::new().write(true).create_new(true).open(file) {
            Ok(_) => Self::write(file),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists()),
            // The file is missing because its folder is.
            Err(error) => Err(LedgerError::Storage {
                file: file.to_owned(),
                doing: "create it",
                reason: error.to_string(),
            }),
        }
    }

    /// The file open for writing, locked.
    pub fn write(file: &Path) -> Result<Self, LedgerError> {
        let written = Written::claim(file)?;
        let error = |error: rusqlite::Error| LedgerError::sqlite(file, "open it for writing", &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(error)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(error)?;
        harden(&connection).map_err(error)?;
        let set = |pragma: &str, value: &str| -> rusqlite::Result<()> {
            connection.pragma_update_and_check(None, pragma, value, |_| Ok(()))
        };
        set("locking_mode", "EXCLUSIVE").map_err(error)?;
        set("journal_mode", "WAL").map_err(error)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(error)?;
        // macOS needs it for a real flush; nothing elsewhere.
        connection.pragma_update(None, "fullfsync", "ON").map_err(error)?;
        let mode: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(error)?;
        if mode != "wal" {
            let reason = format!("its journal mode is {mode}, and cannot be set to wal here");
            return Err(LedgerError::Storage { file: file.to_owned(), doing: "open it for writing", reason });
        }
        // In exclusive mode a first read takes the lock and keeps it.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(error)?;
        Ok(Self { connection, file: file.to_owned(), written: Some(written), _copy: None })
    }

    /// The file open for reading; nothing is written beside it.
    pub fn read(file: &Path) -> Result<Self, LedgerError> {
        Written::refuse(file)?;
        if wal::exists(file) {
            return Self::read_copy(file);
        }
        let error = |error: rusqlite::Error| LedgerError::sqlite(file, "open it for reading", &error);
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(immutable(&canonical(file)?), flags).map_err(error)?;
        harden(&connection).map_err(error)?;
        Ok(Self { connection, file: file.to_owned(), written: None, _copy: None })
    }

    /// A reader on a private copy of the file and its log.
    ///
    /// The log is copied last. As long as it was not started anew, it holds every page that its writer moved to
    /// the file meanwhile, so that file and log together are the ledger of that moment.
    fn read_copy(file: &Path) -> Result<Self, LedgerError> {
        let error = |error: std::io::Error| LedgerError::io(file, "copy it for reading", &error);
        let folder = tempfile::Builder::new().prefix("seawall-").tempdir().map_err(error)?;
        let copy = folder.path().join("ledger");
        for _ in 0..COPY_TRIES {
            let before = wal::header(file).map_err(error)?;
            fs::copy(file, &copy).map_err(error)?;
            let copied = match fs::copy(wal::path(file), wal::path(&copy)) {
                Ok(_) => wal::header(&copy).map_err(error)?,
                Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => None,
                Err(other) => return Err(error(other)),
            };
            let after = wal::header(file).map_err(error)?;
            if before == copied && before == after {
                writable(&copy).map_err(error)?;
                writable(&wal::path(&copy)).map_err(error)?;
                let error = |error: rusqlite::Error| LedgerError::sqlite(file, "open a copy of it", &error);
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(&copy, flags).map_err(error)?;
                harden(&connection).map_err(error)?;
                return Ok(Self { connection, file: file.to_owned(), written: None, _copy: Some(folder) });
            }
            if !wal::exists(file) {
                // The writer closed the ledger meanwhile.
                return Self::read(file);
            }
        }
        let reason = "its writer is too busy; try again".to_owned();
        Err(LedgerError::Storage { file: file.to_owned(), doing: "copy it for reading", reason })
    }

    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub const fn is_writable(&self) -> bool {
        self.written.is_some()
    }

    pub fn error(&self, doing: &'static str, error: &rusqlite::Error) -> LedgerError {
        LedgerError::sqlite(&self.file, doing, error)
    }

    /// Lets the connection merge the log into the file and remove it when it closes.
    pub fn merge_on_close(&self) -> Result<(), LedgerError> {
        let set = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        set.map(|_| ()).map_err(|error| self.error("close it", &error))
    }

    /// Moves what is in the log to the file; the log keeps its content.
    pub fn checkpoint(&self) -> Result<(), LedgerError> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .map_err(|error| self.error("move its log into it", &error))
    }

    /// SQLite's own check of every page, every table and every index; empty when nothing is wrong.
    pub fn integrity(&self) -> Vec<Finding> {
        let run = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare("PRAGMA integrity_check(20)")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect()
        };
        match run() {
            Ok(lines) => lines
                .into_iter()
                .filter(|line| line != "ok")
                .map(|line| Finding::new(Place::File, format!("SQLite finds: {}", line.replace('\n', " "))))
                .collect(),
            Err(error) => vec![Finding::sqlite(Place::File, &error)],
        }
    }
}

/// Settings of every connection.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    // A second writer is told at once.
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(())).or_else(|error| match error {
        rusqlite::Error::QueryReturnedNoRows => Ok(()),
        other => Err(other),
    })
}

/// The copy of a write-protected file is write-protected too, and SQLite must be able to open it.
fn writable(copy: &Path) -> std::io::Result<()> {
    let mut permissions = fs::metadata(copy)?.permissions();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        permissions.set_mode(0o600);
    }
    #[cfg(not(unix))]
    permissions.set_readonly(false);
    fs::set_permissions(copy, permissions)
}

/// SQLite address of a file that nobody changes: no lock, no log, nothing created beside it.
fn immutable(file: &Path) -> String {
    let mut uri = String::from("file:");
    for &byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(byte))
            }
            _ => write!(uri, "%{byte:02x}").expect("a String takes any text"),
        }
    }
    uri + "?immutable=1"
}
