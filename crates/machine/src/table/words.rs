//! The words of a line: those that stand in their order, and those that have a name.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_engine::{AccountId, Digest};
use seawall_fixed::{Assets, Ppm};

use super::accounts;

/// Words of a line behind who and what. Each is taken once; [`Words::finish`] refuses what nobody took.
pub(super) struct Words<'a> {
    place: Vec<&'a str>,
    next: Cell<usize>,
    named: RefCell<BTreeMap<&'a str, &'a str>>,
}

impl<'a> Words<'a> {
    pub(super) fn new(words: &[&'a str]) -> Result<Self, String> {
        let (mut place, mut named) = (Vec::new(), BTreeMap::new());
        for word in words {
            match word.split_once('=') {
                Some((key, value)) => {
                    if named.insert(key, value).is_some() {
                        return Err(format!("{key} is said twice"));
                    }
                }
                None => place.push(*word),
            }
        }
        Ok(Self { place, next: Cell::new(0), named: RefCell::new(named) })
    }

    /// The next word, if there is one.
    pub(super) fn word(&self) -> Option<&'a str> {
        let index = self.next.get();
        self.next.set(index + 1);
        self.place.get(index).copied()
    }

    /// Takes the next word if it is this one.
    pub(super) fn has(&self, word: &str) -> bool {
        let found = self.place.get(self.next.get()) == Some(&word);
        if found {
            self.next.set(self.next.get() + 1);
        }
        found
    }

    /// The next word as a number.
    pub(super) fn number<T: TryFrom<u128>>(&self) -> Result<T, String> {
        number(self.word().ok_or("a number is missing")?)
    }

    /// The next word as an amount.
    pub(super) fn assets(&self) -> Result<Assets, String> {
        self.number().map(Assets::new)
    }

    /// The value of a name, as `read` takes it.
    pub(super) fn named<T>(
        &self,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let value = self.named.borrow_mut().remove(key);
        value.map(|value| read(value).map_err(|why| format!("{key}: {why}"))).transpose()
    }

    /// Refuses words that nobody took.
    pub(super) fn finish(&self) -> Result<(), String> {
        if let Some(word) = self.place.get(self.next.get()) {
            return Err(format!("{word} says nothing here"));
        }
        self.named.borrow().keys().next().map_or(Ok(()), |key| Err(format!("{key} says nothing here")))
    }
}

/// A number.
pub(super) fn number<T: TryFrom<u128>>(word: &str) -> Result<T, String> {
    let value: u128 = word.parse().map_err(|error| format!("{word}: {error}"))?;
    T::try_from(value).map_err(|_| format!("{word} is too large"))
}

pub(super) fn assets(word: &str) -> Result<Assets, String> {
    number(word).map(Assets::new)
}

pub(super) fn ppm(word: &str) -> Result<Ppm, String> {
    number(word).map(Ppm::new)
}

pub(super) fn account(word: &str) -> Result<AccountId, String> {
    accounts::read(word)
}

/// Yes or no.
pub(super) fn flag(word: &str) -> Result<bool, String> {
    match word {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(format!("{other} is neither yes nor no")),
    }
}

pub(super) fn flag_word(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// A list between commas; nothing is an empty one.
pub(super) fn list<T>(word: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    if word.is_empty() { Ok(Vec::new()) } else { word.split(',').map(read).collect() }
}

pub(super) fn list_word<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    items.iter().map(write).collect::<Vec<_>>().join(",")
}

/// A digest in hexadecimal; `09..` is that byte 32 times.
pub(super) fn digest(word: &str) -> Result<Digest, String> {
    let byte = |text: &str| u8::from_str_radix(text, 16).map_err(|error| format!("{word}: {error}"));
    if let Some(one) = word.strip_suffix("..") {
        return byte(one).map(|byte| [byte; 32]);
    }
    if word.len() != 64 || !word.is_ascii() {
        return Err(format!("{word} is no digest"));
    }
    let mut digest = [0; 32];
    for (index, place) in digest.iter_mut().enumerate() {
        *place = byte(&word[2 * index..2 * index + 2])?;
    }
    Ok(digest)
}

pub(super) fn digest_word(digest: &Digest) -> String {
    if digest.iter().all(|byte| *byte == digest[0]) {
        return format!("{:02x}..", digest[0]);
    }
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text takes what is written");
        text
    })
}
