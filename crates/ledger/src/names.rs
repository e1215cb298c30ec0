//! Names of accounts and markets. The engine speaks of dense numbers; a name gets the next number with the first
//! accepted command that uses it. New names stand in the journal entry that brought them, under its hash; the
//! tables `account` and `market` are an index over those.

use std::collections::BTreeMap;

use seawall_engine::{AccountId, MarketId};
use serde::{Deserialize, Serialize};

use crate::error::{Finding, LedgerError, Place};

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// Names that one entry brings, with their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNames {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<(u32, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markets: Vec<(u32, String)>,
}

/// One kind of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interned {
    by_name: BTreeMap<String, u32>,
    /// Name, and entry that brought it.
    rows: Vec<(String, u64)>,
}

impl Interned {
    pub fn id(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub fn name(&self, id: u32) -> Option<&str> {
        self.rows.get(id as usize).map(|(name, _)| name.as_str())
    }

    pub fn count(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("names are refused beyond 2^32 - 1 of them")
    }

    /// Name and bringing entry of every number.
    pub fn rows(&self) -> &[(String, u64)] {
        &self.rows
    }

    fn intern(&mut self, name: &str, sequence: u64) -> Result<u32, LedgerError> {
        if let Some(id) = self.id(name) {
            return Ok(id);
        }
        let invalid = name.is_empty()
            || name.len() > NAME_BYTES_MAX
            || name.trim() != name
            || name.chars().any(char::is_control)
            || self.rows.len() >= u32::MAX as usize;
        if invalid {
            return Err(LedgerError::NameInvalid { name: name.to_owned() });
        }
        let id = self.count();
        self.by_name.insert(name.to_owned(), id);
        self.rows.push((name.to_owned(), sequence));
        Ok(id)
    }

    fn truncate(&mut self, count: usize) {
        for (name, _) in self.rows.drain(count..) {
            self.by_name.remove(&name);
        }
    }

    fn since(&self, count: usize) -> Vec<(u32, String)> {
        (0..).zip(&self.rows).skip(count).map(|(id, (name, _))| (id, name.clone())).collect()
    }

    /// Takes names from the journal: each must be new and have the next number.
    fn replay(
        &mut self,
        names: &[(u32, String)],
        sequence: u64,
        what: &str,
        at: Place,
    ) -> Result<(), Finding> {
        for (id, name) in names {
            let next = self.count();
            let given = self.intern(name, sequence).map_err(|error| Finding::new(at, error.to_string()))?;
            if given != next || *id != next {
                let what = format!("gives {what} {name:?} the number {id}, the next one is {next}");
                return Err(Finding::new(at, what));
            }
        }
        Ok(())
    }
}

/// All names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub accounts: Interned,
    pub markets: Interned,
}

/// How many names there were.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    accounts: usize,
    markets: usize,
}

impl Names {
    pub fn mark(&self) -> Mark {
        Mark { accounts: self.accounts.rows.len(), markets: self.markets.rows.len() }
    }

    /// Forgets what came after `mark`: a refused command leaves no hole in the numbers.
    pub fn roll_back(&mut self, mark: Mark) {
        self.accounts.truncate(mark.accounts);
        self.markets.truncate(mark.markets);
    }

    pub fn since(&self, mark: Mark) -> NewNames {
        NewNames { accounts: self.accounts.since(mark.accounts), markets: self.markets.since(mark.markets) }
    }

    pub fn replay(&mut self, new: &NewNames, sequence: u64, at: Place) -> Result<(), Finding> {
        self.accounts.replay(&new.accounts, sequence, "account", at)?;
        self.markets.replay(&new.markets, sequence, "market", at)
    }
}

/// Turns names into numbers while a command is put together. A new name gets its number for good only if the
/// command is accepted.
#[derive(Debug)]
pub struct Interner<'a> {
    pub(crate) names: &'a mut Names,
    pub(crate) sequence: u64,
}

impl Interner<'_> {
    /// Number of an account; a new one if the name is new.
    ///
    /// # Errors
    /// [`LedgerError::NameInvalid`].
    pub fn account(&mut self, name: &str) -> Result<AccountId, LedgerError> {
        self.names.accounts.intern(name, self.sequence).map(AccountId)
    }

    /// Number of a market; a new one if the name is new.
    ///
    /// # Errors
    /// [`LedgerError::NameInvalid`].
    pub fn market(&mut self, name: &str) -> Result<MarketId, LedgerError> {
        self.names.markets.intern(name, self.sequence).map(MarketId)
    }

    /// Number of an account that has one.
    #[must_use]
    pub fn known_account(&self, name: &str) -> Option<AccountId> {
        self.names.accounts.id(name).map(AccountId)
    }

    /// Number of a market that has one.
    #[must_use]
    pub fn known_market(&self, name: &str) -> Option<MarketId> {
        self.names.markets.id(name).map(MarketId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_taken_back_leave_no_hole() {
        let mut names = Names::default();
        let mut draft = Interner { names: &mut names, sequence: 1 };
        assert_eq!(draft.account("alice").unwrap(), AccountId(0));
        let mark = names.mark();
        let mut draft = Interner { names: &mut names, sequence: 2 };
        assert_eq!(draft.account("bob").unwrap(), AccountId(1));
        assert_eq!(draft.account("alice").unwrap(), AccountId(0));
        names.roll_back(mark);
        assert_eq!(names.accounts.id("bob"), None);
        let mut draft = Interner { names: &mut names, sequence: 2 };
        assert_eq!(draft.account("carol").unwrap(), AccountId(1));
        assert_eq!(names.since(mark).accounts, [(1, "carol".to_owned())]);
    }

    #[test]
    fn unusable_names_are_refused() {
        let mut names = Names::default();
        let mut draft = Interner { names: &mut names, sequence: 1 };
        for name in ["", " alice", "a\nb", "nul\0", &"x".repeat(NAME_BYTES_MAX + 1)] {
            assert!(matches!(draft.account(name), Err(LedgerError::NameInvalid { .. })), "{name:?}");
        }
        assert_eq!(names.accounts.count(), 0);
    }
}
