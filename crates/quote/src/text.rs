//! Values as texts of JSON: integers as decimal digits, which no reader rounds, words as hexadecimal digits.

use core::fmt::Display;
use core::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::{Address, hex};

fn parsed<E: Error, T: FromStr<Err: Display>>(text: &str) -> Result<T, E> {
    text.parse().map_err(|why| E::custom(format_args!("{text:?}: {why}")))
}

/// Integers.
pub mod plain {
    use super::*;

    pub fn serialize<S: Serializer, T: Display>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(from: D) -> Result<T, D::Error> {
        parsed(&String::deserialize(from)?)
    }
}

/// Arrays of integers.
pub mod list {
    use super::*;

    /// One integer, so that a refusal can name its place.
    struct Plain<T>(T);

    impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Plain<T> {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            plain::deserialize(from).map(Self)
        }
    }

    pub fn serialize<S: Serializer, T: Display, const N: usize>(
        values: &[T; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(ToString::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>, const N: usize>(
        from: D,
    ) -> Result<[T; N], D::Error> {
        let values = Vec::<Plain<T>>::deserialize(from)?;
        let (given, values) = (values.len(), values.into_iter().map(|Plain(value)| value));
        values
            .collect::<Vec<T>>()
            .try_into()
            .map_err(|_| D::Error::custom(format_args!("{given} values where {N} are wanted")))
    }
}

/// Words of 32 bytes.
pub mod word {
    use super::*;
    use crate::Word;

    pub fn serialize<S: Serializer>(word: &Word, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::prefixed(word))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
        let text = String::deserialize(from)?;
        hex::decode(&text).map_err(|why| D::Error::custom(format_args!("{text:?}: {why}")))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parsed(&String::deserialize(from)?)
    }
}
