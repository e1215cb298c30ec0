//! The contracts' face as the compiler described it: selectors, topics and words. All types of this project are
//! static or one trailing `bytes`, so words in a row are the whole encoding.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::evm::{Address, Log, Word, keccak256};

/// One member of an ABI: a function, an error or an event.
#[derive(Clone, Debug)]
struct Entry {
    hash: Word,
    /// Words of each parameter, and whether it is a topic.
    parameters: Vec<(usize, bool)>,
}

/// All artifacts of the contracts.
#[derive(Clone, Debug, Default)]
pub struct Abi {
    code: BTreeMap<String, Vec<u8>>,
    functions: BTreeMap<String, Entry>,
    events: BTreeMap<String, Entry>,
    errors: BTreeMap<String, Entry>,
}

/// Where the committed artifacts lie.
#[must_use]
pub fn artifacts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/artifacts")
}

impl Abi {
    /// Reads all artifacts of a folder.
    ///
    /// # Errors
    /// What could not be read or understood.
    pub fn load(folder: &Path) -> Result<Self, String> {
        let mut abi = Self::default();
        let listed = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in listed {
            let path = entry.map_err(|error| error.to_string())?.path();
            let text =
                std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let json: Value =
                serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            abi.take(&name, &json).ok_or_else(|| format!("{}: not an artifact", path.display()))?;
        }
        Ok(abi)
    }

    fn take(&mut self, name: &str, json: &Value) -> Option<()> {
        self.code.insert(name.to_owned(), unhex(json.get("bytecode")?.as_str()?)?);
        for entry in json.get("abi")?.as_array()? {
            let kind = entry.get("type")?.as_str()?;
            let Some(called) = entry.get("name").and_then(Value::as_str) else { continue };
            let inputs = entry.get("inputs")?.as_array()?;
            let types: Option<Vec<String>> = inputs.iter().map(canonical).collect();
            let words: Option<Vec<(usize, bool)>> = inputs
                .iter()
                .map(|input| {
                    Some((words(input)?, input.get("indexed").and_then(Value::as_bool) == Some(true)))
                })
                .collect();
            let signature = format!("{called}({})", types?.join(","));
            let entry = Entry { hash: keccak256(signature.as_bytes()), parameters: words? };
            match kind {
                // A function of a token and of the pool may have one name: the contract's goes first.
                "function" => self.functions.insert(format!("{name}.{called}"), entry),
                "event" => self.events.insert(called.to_owned(), entry),
                "error" => self.errors.insert(called.to_owned(), entry),
                _ => None,
            };
        }
        Some(())
    }

    /// Names of all contracts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.code.keys().map(String::as_str)
    }

    /// Creation code of a contract.
    ///
    /// # Panics
    /// When there is no such artifact.
    #[must_use]
    pub fn code(&self, name: &str) -> Vec<u8> {
        self.code.get(name).unwrap_or_else(|| panic!("no artifact {name}")).clone()
    }

    /// A call of `Contract.function` with its words.
    ///
    /// # Panics
    /// When there is no such function.
    #[must_use]
    pub fn call(&self, function: &str, words: &[Word]) -> Vec<u8> {
        let entry = self.functions.get(function).unwrap_or_else(|| panic!("no function {function}"));
        let mut data = entry.hash[..4].to_vec();
        data.extend(words.iter().flatten());
        data
    }

    /// What a contract says when it refuses with `error`.
    ///
    /// # Panics
    /// When there is no such error, or the words are not its parameters.
    #[must_use]
    pub fn error(&self, error: &str, words: &[Word]) -> Vec<u8> {
        let entry = self.errors.get(error).unwrap_or_else(|| panic!("no error {error}"));
        assert_eq!(entry.parameters.len(), words.len(), "parameters of {error}");
        let mut data = entry.hash[..4].to_vec();
        data.extend(words.iter().flatten());
        data
    }

    /// Selector of an error.
    ///
    /// # Panics
    /// When there is no such error.
    #[must_use]
    pub fn selector_of_error(&self, error: &str) -> [u8; 4] {
        let entry = self.errors.get(error).unwrap_or_else(|| panic!("no error {error}"));
        entry.hash[..4].try_into().expect("four bytes")
    }

    /// What Solidity says when its own arithmetic overflows: `Panic(0x11)`.
    #[must_use]
    pub fn panic_overflow(&self) -> Vec<u8> {
        let mut data = keccak256(b"Panic(uint256)")[..4].to_vec();
        data.extend(number(0x11));
        data
    }

    /// The name of what a contract said, for messages.
    #[must_use]
    pub fn name_of(&self, output: &[u8]) -> String {
        let known = self.errors.iter().find(|(_, entry)| output.get(..4) == Some(&entry.hash[..4]));
        let words: Vec<String> = output.get(4..).unwrap_or_default().chunks(32).map(show).collect();
        match known {
            Some((name, _)) => format!("{name}({})", words.join(", ")),
            None if output.len() == 36 && output[..4] == [0x4e, 0x48, 0x7b, 0x71] => {
                format!("Panic({})", words[0])
            }
            None => format!("{:02x?} {}", output, String::from_utf8_lossy(output)),
        }
    }

    /// A log as `address` would emit it, from all words in the order of the parameters.
    ///
    /// # Panics
    /// When there is no such event, or the words are not its parameters.
    #[must_use]
    pub fn log(&self, address: Address, event: &str, words: &[Word]) -> Log {
        let entry = self.events.get(event).unwrap_or_else(|| panic!("no event {event}"));
        let mut log = Log { address, topics: vec![entry.hash], data: Vec::new() };
        let mut left = words;
        for &(count, indexed) in &entry.parameters {
            let (mine, rest) = left.split_at(count);
            left = rest;
            if indexed {
                log.topics.push(mine[0]);
            } else {
                log.data.extend(mine.iter().flatten());
            }
        }
        assert!(left.is_empty(), "parameters of {event}");
        log
    }

    /// A log in words, for messages.
    #[must_use]
    pub fn describe(&self, log: &Log) -> String {
        let name = self.events.iter().find(|(_, entry)| log.topics.first() == Some(&entry.hash));
        let words = log.topics.iter().skip(1).map(|topic| show(topic)).chain(log.data.chunks(32).map(show));
        format!("{}({})", name.map_or("?", |(name, _)| name), words.collect::<Vec<_>>().join(", "))
    }
}

/// The canonical type of a parameter.
fn canonical(input: &Value) -> Option<String> {
    let kind = input.get("type")?.as_str()?;
    let Some(suffix) = kind.strip_prefix("tuple") else { return Some(kind.to_owned()) };
    let inner: Option<Vec<String>> = input.get("components")?.as_array()?.iter().map(canonical).collect();
    Some(format!("({}){suffix}", inner?.join(",")))
}

/// Words of a parameter; dynamic ones count as their offset.
fn words(input: &Value) -> Option<usize> {
    let kind = input.get("type")?.as_str()?;
    let (base, lengths) = kind.split_once('[').unwrap_or((kind, ""));
    let one = if base == "tuple" {
        input.get("components")?.as_array()?.iter().map(words).sum::<Option<usize>>()?
    } else {
        1
    };
    let lengths = lengths.split(['[', ']']).filter(|length| !length.is_empty());
    Some(lengths.map(|length| length.parse::<usize>().unwrap_or(1)).product::<usize>() * one)
}

fn show(word: &[u8]) -> String {
    if word.len() == 32 && word[..16] == [0; 16] {
        let mut low = [0; 16];
        low.copy_from_slice(&word[16..]);
        return u128::from_be_bytes(low).to_string();
    }
    let text: String = word.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{text}")
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// A number as a word.
#[must_use]
pub fn number(value: u128) -> Word {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

/// Two amounts in one word, the first in the high half.
#[must_use]
pub fn pair(high: u128, low: u128) -> Word {
    let mut word = number(low);
    word[..16].copy_from_slice(&high.to_be_bytes());
    word
}

/// An address as a word.
#[must_use]
pub fn address(value: Address) -> Word {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&value);
    word
}

/// A short text as the contracts keep it.
#[must_use]
pub fn text(value: &str) -> Word {
    let mut word = [0; 32];
    word[..value.len()].copy_from_slice(value.as_bytes());
    word
}
