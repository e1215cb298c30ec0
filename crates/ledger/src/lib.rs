//! A durable journal around the pool's rules: the journal of commands and events is the truth, the state is its
//! replay.
//!
//! A ledger is one SQLite file with one writer. A command is acknowledged (its [`Outcome`] returned) only after it
//! is durable. A refused command is not journalled, changes nothing and uses up neither its key nor the names it
//! brought along.
//!
//! | file | what it does |
//! |---|---|
//! | `ledger` | [`Ledger`]: create, open, look things up, close |
//! | `execute` | commands in, acknowledged outcomes out; one at a time or many in one transaction |
//! | `entry` | one row of the journal: JSON of the command and of its events, exact for 128-bit integers |
//! | `chain` | SHA-256 over each entry and the one before it; the [`Head`] that stands for the whole history |
//! | `names`, `mention` | names of accounts and markets, numbered densely in the journal's order |
//! | `snapshot` | copies of the state that make a start fast and can be thrown away |
//! | `replay` | from the file to the state, with every check on the way |
//! | `verify` | the same from zero with every command decided again: a [`Report`] |
//! | `store`, `wal`, `schema` | the SQLite file, its write-ahead log, its tables |
//!
//! # What damage is found, and what cannot be
//! Opening checks SQLite's own structure, the text of the schema, the whole hash chain, the names, the head
//! record and the invariants of the resulting state. [`Ledger::verify`] also decides every command again and
//! compares events and snapshots. Deleting, swapping or editing rows breaks the chain. A tail cut off entry by
//! entry is found because the head record (count and hash) stands in a table of its own.
//!
//! The file alone cannot tell that it is an *older* file: restoring a whole old copy, cutting entries off
//! together with a head record edited to match, or a write-ahead log (`-wal`) truncated between two transactions
//! all leave a true, shorter history. Whoever rewrites a file can also compute all hashes anew: the chain is not
//! a signature. Against both, keep the [`Head`] elsewhere (log it, publish it) and ask [`Ledger::contains`].
//! A `-wal` that was deleted, emptied, or damaged before its last two transactions is refused; damage inside the
//! last two looks like a write that was never finished and so was never acknowledged.
//!
//! # Reading
//! [`Ledger::open_read_only`] and [`Ledger::verify`] write nothing beside the file and create nothing there. A
//! ledger that was closed is read in place with SQLite's `immutable` flag. One with a write-ahead log (its writer
//! runs or was killed) is copied to a private temporary folder first and read there, so that the entries in the
//! log are seen as well.

mod chain;
mod entry;
mod error;
mod execute;
mod ledger;
mod mention;
mod names;
mod replay;
mod schema;
mod snapshot;
mod store;
mod verify;
mod wal;

pub use chain::{Hash, Head, state_hash};
pub use entry::Entry;
pub use error::{Finding, LedgerError, Place};
pub use execute::{Outcome, Request};
pub use ledger::{Ledger, Options, Start};
pub use names::{Interner, NAME_BYTES_MAX};
pub use verify::Report;

/// Longest idempotency key, in bytes.
pub const KEY_BYTES_MAX: usize = 200;
