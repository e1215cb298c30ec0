//! One row of the journal. Command and events are JSON text: inspectable with any SQLite tool, and exact for
//! 128-bit integers (read them with a parser that keeps them; many turn large numbers into floats).

use rusqlite::Row;
use seawall_engine::{Command, Event};
use seawall_fixed::Seconds;
use serde::{Serialize, de::DeserializeOwned};

use crate::chain::{Hash, Head, entry_hash};
use crate::error::{Finding, Place};
use crate::names::NewNames;

/// Version of the JSON in an entry. A change that old text cannot be read by gets a new number and a reader for
/// the old one.
pub(crate) const SCHEMA: i64 = 1;

/// A journalled command and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Place in the journal, from 1.
    pub sequence: u64,
    /// Second at which the command was executed.
    pub at: Seconds,
    /// Idempotency key.
    pub key: String,
    /// Names that came with it, with their numbers.
    pub accounts: Vec<(u32, String)>,
    /// Markets that came with it, with their numbers.
    pub markets: Vec<(u32, String)>,
    /// The command.
    pub command: Command,
    /// What it did.
    pub events: Vec<Event>,
    /// Hash of this entry and, through the chain, of all before it.
    pub hash: Hash,
}

/// A row as it stands in the file.
pub(crate) struct Raw<'a> {
    pub sequence: i64,
    pub schema: i64,
    pub at: i64,
    pub key: &'a str,
    pub names: &'a str,
    pub command: &'a str,
    pub events: &'a str,
    pub hash: &'a [u8],
}

/// Columns in the order in which [`Raw::read`] takes them.
pub(crate) const COLUMNS: &str = "sequence, schema, at, key, names, command, events, hash";

impl<'a> Raw<'a> {
    /// Borrows a row; `expected` names the place in an error.
    pub fn read(row: &'a Row<'_>, expected: u64) -> Result<Self, Finding> {
        let at = Place::Entry(expected);
        let number = |index: usize, what: &str| {
            let value = row.get_ref(index).map_err(|error| Finding::sqlite(at, &error))?;
            value.as_i64().map_err(|error| Finding::new(at, format!("its {what} is not a number: {error}")))
        };
        let text = |index: usize, what: &str| {
            let value = row.get_ref(index).map_err(|error| Finding::sqlite(at, &error))?;
            value.as_str().map_err(|error| Finding::new(at, format!("its {what} is not text: {error}")))
        };
        let hash = row.get_ref(7).map_err(|error| Finding::sqlite(at, &error))?;
        Ok(Self {
            sequence: number(0, "sequence number")?,
            schema: number(1, "schema number")?,
            at: number(2, "time")?,
            key: text(3, "key")?,
            names: text(4, "names")?,
            command: text(5, "command")?,
            events: text(6, "events")?,
            hash: hash
                .as_blob()
                .map_err(|error| Finding::new(at, format!("its hash is not bytes: {error}")))?,
        })
    }

    /// Checks that this row follows `previous`, and returns the new head.
    pub fn follows(&self, previous: Head) -> Result<Head, Finding> {
        let expected = previous.sequence + 1;
        let found = u64::try_from(self.sequence)
            .map_err(|_| Finding::new(Place::File, format!("an entry has the number {}", self.sequence)))?;
        if found != expected {
            let missing = if found == expected + 1 { String::new() } else { format!(" to {}", found - 1) };
            let what = format!("is missing{missing}: the next one in the file is entry {found}");
            return Err(Finding::new(Place::Entry(expected), what));
        }
        let at = Place::Entry(found);
        let hash = entry_hash(previous.hash, self);
        if self.hash != hash.0 {
            let what = "does not match its hash, or does not follow the entry before it";
            return Err(Finding::new(at, what));
        }
        if self.schema != SCHEMA {
            let what =
                format!("has schema {}, this version reads {SCHEMA}; use a newer version", self.schema);
            return Err(Finding::new(at, what));
        }
        Ok(Head { sequence: found, hash })
    }

    fn place(&self) -> Place {
        Place::Entry(self.sequence.cast_unsigned())
    }

    /// Time as the engine counts it.
    pub fn time(&self) -> Result<Seconds, Finding> {
        Seconds::try_from(self.at)
            .map_err(|_| Finding::new(self.place(), format!("has the time {}", self.at)))
    }

    pub fn new_names(&self) -> Result<NewNames, Finding> {
        from_json(self.names, self.place(), "names")
    }

    pub fn command(&self) -> Result<Command, Finding> {
        from_json(self.command, self.place(), "command")
    }

    pub fn events(&self) -> Result<Vec<Event>, Finding> {
        from_json(self.events, self.place(), "events")
    }

    /// The row decoded; `hash` is its checked hash.
    pub fn decode(&self, head: Head) -> Result<Entry, Finding> {
        let names = self.new_names()?;
        Ok(Entry {
            sequence: head.sequence,
            at: self.time()?,
            key: self.key.to_owned(),
            accounts: names.accounts,
            markets: names.markets,
            command: self.command()?,
            events: self.events()?,
            hash: head.hash,
        })
    }
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, at: Place, what: &str) -> Result<T, Finding> {
    serde_json::from_str(text)
        .map_err(|error| Finding::new(at, format!("its {what} cannot be read: {error}")))
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("commands, events and names are made of integers, texts and lists")
}

#[cfg(test)]
mod tests {
    use seawall_engine::{AccountId, Action, MarketId, Reading};
    use seawall_fixed::Assets;

    use super::*;

    #[test]
    fn integers_of_128_bits_survive_exactly() {
        let mut command = Command::new(
            AccountId(u32::MAX),
            Action::Deposit { tranche: 255, owner: AccountId(0), assets: Assets::MAX },
        );
        command.readings = vec![Reading::of(MarketId(1), u128::MAX - 1)];
        command.received = Some(Assets::new((1 << 53) + 1));
        let text = to_json(&command);
        assert!(text.contains("340282366920938463463374607431768211455"), "{text}");
        assert_eq!(from_json::<Command>(&text, Place::File, "command"), Ok(command));
    }
}
