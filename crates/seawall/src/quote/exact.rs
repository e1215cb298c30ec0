//! A JSON value in which no key stands twice: a file that says two things is no proof of either.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The value.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact(pub Value);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Exact;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Exact, E> {
        Ok(Exact(Value::Null))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Exact, E> {
        Ok(Exact(flag.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Exact, E> {
        Ok(Exact(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Exact, E> {
        Ok(Exact(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Exact, E> {
        Ok(Exact(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Exact, E> {
        Ok(Exact(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Exact, A::Error> {
        let mut values = Vec::new();
        while let Some(Exact(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Exact(Value::Array(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Exact, A::Error> {
        let mut values = Map::new();
        while let Some((key, Exact(value))) = map.next_entry::<String, Exact>()? {
            if values.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} stands twice")));
            }
            values.insert(key, value);
        }
        Ok(Exact(Value::Object(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_stand_and_keys_once() {
        let text = r#"{"a":[1,-2,0.1,-0.0,1e300,"x",null,true,{}],"b":{"c":18446744073709551615}}"#;
        let Exact(value) = serde_json::from_str(text).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        let twice = serde_json::from_str::<Exact>(r#"{"a":{"b":1,"c":2,"b":1}}"#).unwrap_err();
        assert!(twice.to_string().contains("\"b\" stands twice"), "{twice}");
    }
}
