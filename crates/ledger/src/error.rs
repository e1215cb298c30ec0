//! Why a ledger refuses: which file, where in it, what is wrong, what to do next.

use std::fmt;
use std::path::{Path, PathBuf};

use seawall_engine::{Error, invariant::Violation};
use thiserror::Error as ThisError;

/// Where in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The file as SQLite sees it: header, pages, tables.
    File,
    /// The write-ahead log beside the file.
    Wal,
    /// What the pool was opened with.
    Genesis,
    /// An entry by its sequence number, counted from 1.
    Entry(u64),
    /// The table of account names.
    Accounts,
    /// The table of market names.
    Markets,
    /// The record of how far the journal goes.
    Head,
    /// The snapshot taken after an entry.
    Snapshot(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => write!(out, "the file"),
            Self::Wal => write!(out, "the write-ahead log (-wal)"),
            Self::Genesis => write!(out, "the genesis record"),
            Self::Entry(sequence) => write!(out, "entry {sequence}"),
            Self::Accounts => write!(out, "the table of accounts"),
            Self::Markets => write!(out, "the table of markets"),
            Self::Head => write!(out, "the head record"),
            Self::Snapshot(sequence) => write!(out, "the snapshot after entry {sequence}"),
        }
    }
}

/// Something wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub at: Place,
    /// What is wrong there.
    pub what: String,
}

impl Finding {
    pub(crate) fn new(at: Place, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }

    pub(crate) fn sqlite(at: Place, error: &rusqlite::Error) -> Self {
        Self::new(at, format!("SQLite cannot read it: {error}"))
    }

    pub(crate) fn in_file(self, file: &Path) -> LedgerError {
        LedgerError::Damaged { file: file.to_owned(), finding: self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.at, self.what)
    }
}

/// Why a ledger refuses.
#[derive(Debug, ThisError)]
#[allow(missing_docs, reason = "the fields are the names and numbers that the message prints")]
pub enum LedgerError {
    /// The rules of the pool refuse the command; nothing was journalled.
    #[error("refused: {0}")]
    Refused(Error),
    /// The key was used for another command.
    #[error(
        "key {key:?} was used for another command, entry {sequence}; a new command needs a new key, a repetition \
         the very same command"
    )]
    KeyReused { key: String, sequence: u64 },
    /// An idempotency key must have 1 to [`crate::KEY_BYTES_MAX`] bytes and no control characters.
    #[error("key {key:?} is not usable: 1 to {} bytes without control characters are", crate::KEY_BYTES_MAX)]
    KeyInvalid { key: String },
    /// A name must have 1 to [`crate::NAME_BYTES_MAX`] bytes, no control characters, no space at its ends.
    #[error(
        "name {name:?} is not usable: 1 to {} bytes without control characters and without space at the ends are",
        crate::NAME_BYTES_MAX
    )]
    NameInvalid { name: String },
    /// A name is given twice where each must be new.
    #[error("name {name:?} is given twice")]
    NameRepeated { name: String },
    /// A command mentions an account without a name.
    #[error("account {id} has no name; the ledger knows {count} accounts, numbered from 0")]
    UnknownAccount { id: u32, count: u32 },
    /// A command mentions a market without a name.
    #[error("market {id} has no name; the ledger knows {count} markets, numbered from 0")]
    UnknownMarket { id: u32, count: u32 },
    /// The rules refuse what a pool was to be opened with.
    #[error("the pool cannot be opened: {0}")]
    Genesis(Error),

    /// There is no such file.
    #[error("{}: there is no ledger; create one first", file.display())]
    Missing { file: PathBuf },
    /// A file of that name exists.
    #[error("{}: exists already; open it, or choose another name", file.display())]
    Exists { file: PathBuf },
    /// Another process, or another handle of this one, writes the ledger.
    #[error("{}: is open for writing elsewhere; a ledger has one writer, stop it first", file.display())]
    InUse { file: PathBuf },
    /// The handle was opened for reading.
    #[error("{}: was opened read-only; open it for writing to execute commands", file.display())]
    ReadOnly { file: PathBuf },
    /// An earlier write failed, so that memory and file may differ.
    #[error("{}: an earlier write failed and its outcome is unknown; open the ledger again", file.display())]
    Reopen { file: PathBuf },
    /// A file, but not a ledger.
    #[error("{}: is not a ledger: {what}", file.display())]
    NotALedger { file: PathBuf, what: String },
    /// Written by a newer version.
    #[error(
        "{}: has format {found}, this version reads up to {supported}; use the version that wrote it, or a newer one",
        file.display()
    )]
    NewerFormat { file: PathBuf, found: i64, supported: i64 },
    /// Damage.
    #[error(
        "{}: is damaged: {finding}; verify lists everything found, restore a backup or repair a copy",
        file.display()
    )]
    Damaged { file: PathBuf, finding: Finding },
    /// The write-ahead log that the last session left is gone.
    #[error(
        "{}: the last session did not close and its write-ahead log {} is missing or empty, so acknowledged entries \
         may be lost; put it back beside the file, or accept the loss explicitly",
        file.display(),
        wal.display()
    )]
    WalMissing { file: PathBuf, wal: PathBuf },
    /// The rules broke an invariant: the command was not journalled.
    #[error(
        "{}: the command would break the books ({violation}); it was not journalled. This is a defect of the rules: \
         report it",
        file.display()
    )]
    Invariant { file: PathBuf, violation: Violation },
    /// The system or SQLite failed.
    #[error("{}: cannot {doing}: {reason}", file.display())]
    Storage { file: PathBuf, doing: &'static str, reason: String },
}

impl LedgerError {
    pub(crate) fn io(file: &Path, doing: &'static str, error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::NotFound {
            return Self::Missing { file: file.to_owned() };
        }
        Self::Storage { file: file.to_owned(), doing, reason: error.to_string() }
    }

    pub(crate) fn sqlite(file: &Path, doing: &'static str, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let file = file.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { file },
            Some(ErrorCode::NotADatabase) => Self::NotALedger {
                file,
                what: format!("{error} (wrong kind of file, or its header is damaged)"),
            },
            Some(ErrorCode::DatabaseCorrupt) => Finding::sqlite(Place::File, error).in_file(&file),
            _ => Self::Storage { file, doing, reason: error.to_string() },
        }
    }
}
