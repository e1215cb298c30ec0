//! Which accounts a book has seen: a table of hashes, compared letter by letter on a hit.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Where an account stands: index of the market, index of the loan within it.
pub(crate) type Slot = (u32, u32);

/// Accounts seen so far. Holds 16 bytes an account; the names stay where the book keeps them. Keys are hashed
/// with a random key, so that nobody can write a file of colliding accounts; nothing of it reaches a result.
#[derive(Default)]
pub(crate) struct Accounts {
    hasher: RandomState,
    slots: HashMap<u64, Slot, BuildHasherDefault<Identity>>,
}

impl Accounts {
    /// Notes an account at `slot`. When `same` finds the account at a slot noted before, gives that slot.
    pub(crate) fn insert(
        &mut self,
        market: u32,
        account: &str,
        slot: Slot,
        same: impl Fn(Slot) -> bool,
    ) -> Option<Slot> {
        let mut hash = self.hasher.hash_one((market, account));
        loop {
            match self.slots.get(&hash) {
                None => {
                    self.slots.insert(hash, slot);
                    return None;
                }
                Some(&first) if same(first) => return Some(first),
                // Two accounts of one hash: the second takes the next free place.
                Some(_) => hash = hash.wrapping_add(1),
            }
        }
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_slot_of_an_account() {
        let names = ["a", "b", "a"];
        let mut accounts = Accounts::default();
        let same = |name: &'static str| move |(_, loan): Slot| names[loan as usize] == name;
        assert_eq!(accounts.insert(0, "a", (0, 0), same("a")), None);
        assert_eq!(accounts.insert(0, "b", (0, 1), same("b")), None);
        assert_eq!(accounts.insert(0, "a", (0, 2), same("a")), Some((0, 0)));
        assert_eq!(accounts.insert(1, "a", (1, 0), |slot| slot.0 == 1), None, "another market");
    }

    #[test]
    fn equal_hashes_are_told_apart_by_name() {
        let mut accounts = Accounts::default();
        let hash = accounts.hasher.hash_one((0u32, "a"));
        accounts.slots.insert(hash, (9, 9));
        assert_eq!(accounts.insert(0, "a", (0, 0), |slot| slot == (0, 0)), None);
        assert_eq!(accounts.slots.get(&hash.wrapping_add(1)), Some(&(0, 0)));
        assert_eq!(accounts.insert(0, "a", (0, 1), |slot| slot == (0, 0)), Some((0, 0)));
    }
}
