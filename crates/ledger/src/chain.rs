//! The hash chain: each entry's hash covers the one before it, so that the last one stands for the whole history.

use std::fmt;
use std::str::FromStr;

use seawall_engine::State;
use sha2::{Digest as _, Sha256};

use crate::entry::Raw;

/// A SHA-256 hash; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(NotAHash);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or(NotAHash);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).map_err(|_| NotAHash)?;
        }
        Ok(Self(bytes))
    }
}

impl Hash {
    pub(crate) fn of_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// How far a journal goes: the number of its last entry (zero for none) and that entry's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Sequence number of the last entry; entries are counted from 1 without gaps.
    pub sequence: u64,
    /// Its hash; of the genesis record when there is no entry.
    pub hash: Hash,
}

/// Hash of a sequence of parts, each with its length before it, so that no two sequences collide.
struct Parts(Sha256);

impl Parts {
    fn new(what: &str) -> Self {
        let mut parts = Self(Sha256::new());
        parts.add(what.as_bytes());
        parts
    }

    fn add(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn end(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// Hash of what the pool was opened with.
pub(crate) fn genesis_hash(schema: i64, config: &str, names: &str) -> Hash {
    let mut parts = Parts::new("seawall genesis");
    parts.number(schema.cast_unsigned());
    parts.add(config.as_bytes());
    parts.add(names.as_bytes());
    parts.end()
}

/// Hash of an entry behind `previous`.
pub(crate) fn entry_hash(previous: Hash, entry: &Raw<'_>) -> Hash {
    let mut parts = Parts::new("seawall entry");
    parts.add(&previous.0);
    parts.number(entry.sequence.cast_unsigned());
    parts.number(entry.schema.cast_unsigned());
    parts.number(entry.at.cast_unsigned());
    for text in [entry.key, entry.names, entry.command, entry.events] {
        parts.add(text.as_bytes());
    }
    parts.end()
}

/// Hash of a snapshot: of the encoded state and of what it belongs to.
pub(crate) fn snapshot_hash(head: Head, layout: i64, state: &[u8]) -> Hash {
    let mut parts = Parts::new("seawall snapshot");
    parts.number(head.sequence);
    parts.add(&head.hash.0);
    parts.number(layout.cast_unsigned());
    parts.add(state);
    parts.end()
}

/// SHA-256 of the canonical (postcard) encoding of a state: equal states have equal hashes on every platform.
#[must_use]
pub fn state_hash(state: &State) -> Hash {
    Hash(Sha256::digest(encode(state)).into())
}

/// The canonical encoding of a state.
pub(crate) fn encode(state: &State) -> Vec<u8> {
    postcard::to_allocvec(state).expect("a state is made of integers, lists and maps of known length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_what_it_wrote() {
        let hash = Hash(core::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("zz".parse::<Hash>(), Err(NotAHash));
        assert_eq!("+f".repeat(32).parse::<Hash>(), Err(NotAHash));
    }

    #[test]
    fn moving_a_byte_between_fields_changes_the_hash() {
        let raw = |key, names| Raw {
            sequence: 1,
            schema: 1,
            at: 5,
            key,
            names,
            command: "{}",
            events: "[]",
            hash: &[],
        };
        let zero = Hash([0; 32]);
        assert_ne!(entry_hash(zero, &raw("ab", "c")), entry_hash(zero, &raw("a", "bc")));
    }
}
