//! Names of accounts in tables.

use seawall_engine::AccountId;

use crate::setup::{ACTUARY, FEES, GUARDIAN, OWNER, REPORTER, RISK};

/// Those that have a name; the others are written as `@number`.
const NAMES: [(&str, AccountId); 11] = [
    ("ann", AccountId(1)),
    ("bob", AccountId(2)),
    ("cyd", AccountId(3)),
    ("anyone", AccountId(9)),
    ("owner", OWNER),
    ("actuary", ACTUARY),
    ("risk", RISK),
    ("guardian", GUARDIAN),
    ("reporter", REPORTER),
    ("fees", FEES),
    ("insured", AccountId(30)),
];

/// The account of a word.
pub(super) fn read(word: &str) -> Result<AccountId, String> {
    if let Some(number) = word.strip_prefix('@') {
        return number.parse().map(AccountId).map_err(|error| format!("{word}: {error}"));
    }
    let found = NAMES.iter().find(|(name, _)| *name == word);
    found.map(|(_, id)| *id).ok_or_else(|| format!("nobody is called {word}"))
}

/// The word of an account.
pub(super) fn write(id: AccountId) -> String {
    let found = NAMES.iter().find(|(_, named)| *named == id);
    found.map_or_else(|| format!("@{}", id.0), |(name, _)| (*name).to_owned())
}
