//! Commands in, acknowledged outcomes out. A batch is one transaction: all its outcomes become durable together,
//! for the price of one flush to the disk.

use std::fmt;

use rusqlite::params;
use seawall_engine::{Command, Event, apply, execute, invariant};
use seawall_fixed::Seconds;

use crate::KEY_BYTES_MAX;
use crate::chain::{Hash, Head, entry_hash};
use crate::entry::{Entry, Raw, SCHEMA, to_json};
use crate::error::LedgerError;
use crate::ledger::{Ledger, insert_names};
use crate::mention;
use crate::names::{Interner, NewNames};

/// What an acknowledged command did. It is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its place in the journal, from 1.
    pub sequence: u64,
    /// Second at which it was executed; for a repetition, that of the first time.
    pub at: Seconds,
    /// What it did.
    pub events: Vec<Event>,
    /// Hash of its entry.
    pub hash: Hash,
    /// True when the key had been used for the same command: this is the outcome of that first time.
    pub repeated: bool,
}

type Build<'a> = Box<dyn FnOnce(&mut Interner<'_>) -> Result<Command, LedgerError> + 'a>;

/// One command of a batch.
pub struct Request<'a> {
    key: &'a str,
    now: Seconds,
    build: Build<'a>,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Request").field("key", &self.key).field("now", &self.now).finish_non_exhaustive()
    }
}

impl<'a> Request<'a> {
    /// A command whose accounts and markets have names already, at second `now`.
    #[must_use]
    pub fn new(key: &'a str, now: Seconds, command: Command) -> Self {
        Self::naming(key, now, |_| Ok(command))
    }

    /// A command that `build` puts together from names, new ones among them.
    #[must_use]
    pub fn naming(
        key: &'a str,
        now: Seconds,
        build: impl FnOnce(&mut Interner<'_>) -> Result<Command, LedgerError> + 'a,
    ) -> Self {
        Self { key, now, build: Box::new(build) }
    }
}

impl Ledger {
    /// Executes a command at second `now` and returns when it is durable. The key makes it safe to repeat: the
    /// same key with the same command (readings included) returns the first outcome. A refused command does not
    /// use up its key.
    ///
    /// # Errors
    /// [`LedgerError::Refused`], [`LedgerError::KeyReused`], [`LedgerError::KeyInvalid`],
    /// [`LedgerError::UnknownAccount`], [`LedgerError::UnknownMarket`]: the journal is unchanged. After any other
    /// error the ledger must be opened again.
    pub fn execute(&mut self, key: &str, command: &Command, now: Seconds) -> Result<Outcome, LedgerError> {
        self.execute_one(Request::new(key, now, command.clone()))
    }

    /// Executes a command that is put together from names; new names get the next numbers if it is accepted.
    ///
    /// # Errors
    /// As [`Ledger::execute`], and [`LedgerError::NameInvalid`].
    pub fn execute_naming(
        &mut self,
        key: &str,
        now: Seconds,
        build: impl FnOnce(&mut Interner<'_>) -> Result<Command, LedgerError>,
    ) -> Result<Outcome, LedgerError> {
        self.execute_one(Request::naming(key, now, build))
    }

    fn execute_one(&mut self, request: Request<'_>) -> Result<Outcome, LedgerError> {
        let mut outcomes = self.execute_batch(vec![request])?;
        outcomes.pop().expect("a batch answers each request")
    }

    /// Executes commands in order, in one transaction. A refused command does not hold up the others. Outcomes
    /// are returned in the order of the requests, after all are durable.
    ///
    /// # Errors
    /// One outer error when nothing became durable or it is unknown whether it did: the ledger must then be opened
    /// again ([`LedgerError::Reopen`]), and repeating the same keys is safe. The inner errors are as for
    /// [`Ledger::execute`].
    pub fn execute_batch(
        &mut self,
        requests: Vec<Request<'_>>,
    ) -> Result<Vec<Result<Outcome, LedgerError>>, LedgerError> {
        self.writable()?;
        // Stays false when anything below fails or panics: memory is then ahead of the file.
        self.settled = false;
        self.run("BEGIN IMMEDIATE")?;
        let before = self.head;
        let mut outcomes = Vec::with_capacity(requests.len());
        for request in requests {
            match self.submit(request) {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => {
                    // The first error is the one to report; an open transaction goes with the connection anyway.
                    let _ = self.run("ROLLBACK");
                    return Err(error);
                }
            }
        }
        self.run(if self.head == before { "ROLLBACK" } else { "COMMIT" })?;
        self.settled = true;
        self.snapshot_if_due(self.options.snapshot_every);
        Ok(outcomes)
    }

    fn run(&self, sql: &str) -> Result<(), LedgerError> {
        let run = || self.store.connection().prepare_cached(sql)?.execute([]);
        run().map(|_| ()).map_err(|error| self.store.error("write a transaction", &error))
    }

    /// Executes one command inside the open transaction. The outer error is of the ledger, the inner one a refusal
    /// that leaves everything as it was.
    fn submit(&mut self, request: Request<'_>) -> Result<Result<Outcome, LedgerError>, LedgerError> {
        let Request { key, now, build } = request;
        if key.is_empty() || key.len() > KEY_BYTES_MAX || key.chars().any(char::is_control) {
            return Ok(Err(LedgerError::KeyInvalid { key: key.to_owned() }));
        }
        let mark = self.names.mark();
        let sequence = self.head.sequence + 1;
        let built = build(&mut Interner { names: &mut self.names, sequence })
            .and_then(|command| mention::check(&command, &self.names).map(|()| command));
        let command = match built {
            Ok(command) => command,
            Err(refusal) => {
                self.names.roll_back(mark);
                return Ok(Err(refusal));
            }
        };
        if let Some(first) = self.entry_of(key)? {
            self.names.roll_back(mark);
            if first.command != command {
                return Ok(Err(LedgerError::KeyReused { key: key.to_owned(), sequence: first.sequence }));
            }
            let Entry { sequence, at, events, hash, .. } = first;
            return Ok(Ok(Outcome { sequence, at, events, hash, repeated: true }));
        }
        let events = match execute(&self.state, &command, now) {
            Ok(events) => events,
            Err(refusal) => {
                self.names.roll_back(mark);
                return Ok(Err(LedgerError::Refused(refusal)));
            }
        };
        for event in &events {
            apply(&mut self.state, event);
        }
        if let Err(violation) = invariant::check(&self.state) {
            return Err(LedgerError::Invariant { file: self.file().to_owned(), violation });
        }
        let new = self.names.since(mark);
        let hash = self
            .append(key, now, &new, &command, &events)
            .map_err(|error| self.store.error("append an entry", &error))?;
        self.head = Head { sequence, hash };
        Ok(Ok(Outcome { sequence, at: now, events, hash, repeated: false }))
    }

    /// Writes the entry behind the head, its names, and the head record.
    fn append(
        &self,
        key: &str,
        now: Seconds,
        new: &NewNames,
        command: &Command,
        events: &[Event],
    ) -> rusqlite::Result<Hash> {
        let sequence = self.head.sequence + 1;
        let (names, command, events) = (to_json(new), to_json(command), to_json(&events));
        let raw = Raw {
            sequence: sequence.cast_signed(),
            schema: SCHEMA,
            // The engine takes times up to 2^40 only.
            at: now.cast_signed(),
            key,
            names: &names,
            command: &command,
            events: &events,
            hash: &[],
        };
        let hash = entry_hash(self.head.hash, &raw);
        let connection = self.store.connection();
        connection
            .prepare_cached(
                "INSERT INTO entry (sequence, schema, at, key, names, command, events, hash) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                raw.sequence,
                raw.schema,
                raw.at,
                key,
                names,
                command,
                events,
                hash.0.as_slice()
            ])?;
        insert_names(connection, new, sequence)?;
        connection
            .prepare_cached("UPDATE head SET sequence = ?, hash = ?")?
            .execute(params![raw.sequence, hash.0.as_slice()])?;
        Ok(hash)
    }
}
