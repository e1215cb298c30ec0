//! The market file as JSON: a list of flat objects. Errors count entries from 1.

use std::fmt;
use std::io::Read;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{COLUMNS, JSON_BYTES_MAX, MarketTable, MarketTerms, delay};
use crate::error::{FormatError, Place};
use crate::field::{self, Range, shown};
use crate::source::{Plain, read_error};

pub(super) fn read(plain: Plain<'_>) -> Result<MarketTable, FormatError> {
    let Plain { name: file, bytes, gzip, limits } = plain;
    let mut text = Vec::new();
    if let Err(source) = bytes.take(JSON_BYTES_MAX + 1).read_to_end(&mut text) {
        return Err(read_error(Place::file(&file), gzip, source));
    }
    if text.len() as u64 > JSON_BYTES_MAX {
        return Err(FormatError::LineTooLong { at: Place::file(&file), limit: JSON_BYTES_MAX });
    }
    let text = match field::utf8(&text) {
        Ok(text) => text,
        Err(found) => return Err(FormatError::NotUtf8 { at: Place::file(&file), found }),
    };
    let entries: Vec<Entry> = serde_json::from_str(text)
        .map_err(|error| FormatError::Json { at: Place::file(&file), detail: error.to_string() })?;
    if entries.is_empty() {
        return Err(FormatError::NoRows { at: Place::file(&file) });
    }
    if entries.len() as u64 > limits.rows_max {
        return Err(FormatError::TooManyRows { at: Place::file(&file), limit: limits.rows_max });
    }
    let mut terms = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        terms.push(Object { file: &file, number: index as u64 + 1, entry }.terms()?);
    }
    Ok(MarketTable { file, terms })
}

/// The pairs of an object in their order; a key that stands twice is kept twice, so that it can be refused.
struct Entry(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Entry;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object that describes a market")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entry, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Entry(pairs))
            }
        }
        input.deserialize_map(Pairs)
    }
}

struct Object<'e> {
    file: &'e str,
    number: u64,
    entry: &'e Entry,
}

impl Object<'_> {
    fn terms(&self) -> Result<MarketTerms, FormatError> {
        let pairs = &self.entry.0;
        for (index, (key, _)) in pairs.iter().enumerate() {
            if !COLUMNS.iter().any(|(column, _)| column == key) {
                return Err(FormatError::UnknownColumn {
                    at: Place::line(self.file, self.number),
                    found: shown(key),
                    known: COLUMNS.iter().map(|(column, _)| (*column).to_owned()).collect(),
                });
            }
            if let Some(first) = pairs[..index].iter().position(|(other, _)| other == key) {
                return Err(FormatError::DuplicateColumn {
                    at: Place::line(self.file, self.number),
                    column: key.clone(),
                    first: first + 1,
                    second: index + 1,
                });
            }
        }
        Ok(MarketTerms {
            market: self.name("market")?,
            collateral_asset: self.name("collateral_asset")?,
            debt_asset: self.name("debt_asset")?,
            liquidation_threshold: self.optional("liquidation_threshold", Range::Fraction)?,
            liquidation_bonus: self.number("liquidation_bonus", Range::FractionOrZero)?,
            delay_seconds: {
                let value = self.required("delay_seconds")?;
                delay(&value.to_string()).map_err(|expected| self.refuse("delay_seconds", value, expected))?
            },
            collateral_price: self.optional("collateral_price", Range::Positive)?,
            debt_price: self.optional("debt_price", Range::Positive)?,
            line: self.number,
        })
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.entry
            .0
            .iter()
            .find(|(other, _)| other == key)
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }

    fn required(&self, key: &str) -> Result<&Value, FormatError> {
        self.get(key).ok_or_else(|| FormatError::MissingColumn {
            at: Place::line(self.file, self.number),
            missing: key.to_owned(),
            found: self.entry.0.iter().map(|(key, _)| key.clone()).collect(),
        })
    }

    fn name(&self, key: &str) -> Result<String, FormatError> {
        let value = self.required(key)?;
        let refused = |expected| self.refuse(key, value, expected);
        let text = value.as_str().ok_or_else(|| refused("a text"))?;
        field::name(text.trim()).map(str::to_owned).map_err(refused)
    }

    fn number(&self, key: &str, range: Range) -> Result<f64, FormatError> {
        let value = self.required(key)?;
        // Only a JSON number, not a text that looks like one; its digits go through the same check as a CSV cell.
        let text = if value.is_number() { value.to_string() } else { String::new() };
        field::number(&text, range).map_err(|expected| self.refuse(key, value, expected))
    }

    fn optional(&self, key: &str, range: Range) -> Result<Option<f64>, FormatError> {
        match self.get(key) {
            Some(_) => self.number(key, range).map(Some),
            None => Ok(None),
        }
    }

    fn refuse(&self, key: &str, found: &Value, expected: &'static str) -> FormatError {
        FormatError::Value {
            at: Place::field(self.file, self.number, key),
            found: shown(&found.to_string()),
            expected,
        }
    }
}
