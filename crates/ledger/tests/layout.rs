//! The layout of the state that snapshots hold. Their encoding does not describe itself, so a changed layout must
//! come with a new number.

mod support;

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use support::{create, place, run_together};

/// Layout number and fingerprint of the fields, in their order, of everything that a busy pool holds.
///
/// When this fails because a field of the engine's state was added, removed, renamed or moved: raise `LAYOUT` in
/// `src/snapshot.rs`, and write number and fingerprint here. When only the stream of commands reaches other
/// records than before, write the fingerprint alone.
const PINNED: (i64, &str) = (1, "f60bfacca91e160d");

/// Paths of the fields of a JSON text, in the order of appearance.
struct Shape(Vec<String>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Shape;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut paths = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let Shape(inner) = map.next_value()?;
            let key = if key.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { &key };
            paths.push(key.to_owned());
            paths.extend(inner.into_iter().map(|path| format!("{key}.{path}")));
        }
        Ok(Shape(paths))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let mut paths = Vec::new();
        while let Some(Shape(inner)) = list.next_element()? {
            paths.extend(inner.into_iter().map(|path| format!("[].{path}")));
        }
        Ok(Shape(paths))
    }

    fn visit_some<D: Deserializer<'de>>(self, input: D) -> Result<Shape, D::Error> {
        Shape::deserialize(input)
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape(Vec::new()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape(Vec::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape(Vec::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape(Vec::new()))
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape(Vec::new()))
    }
}

#[test]
fn a_changed_state_has_a_new_layout_number() {
    let (_folder, file) = place();
    let mut ledger = create(&file);
    run_together(&mut ledger, 1, 0, 1_500);
    ledger.take_snapshot().unwrap();
    let text = serde_json::to_string(ledger.state()).unwrap();
    let Shape(paths) = serde_json::from_str(&text).unwrap();
    let mut seen = BTreeSet::new();
    let shape: Vec<String> = paths.into_iter().filter(|path| seen.insert(path.clone())).collect();
    assert!(shape.len() > 150, "{} fields", shape.len());
    // FNV-1a, 64 bits: the order of the fields counts.
    let fingerprint = shape.join("\n").bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    ledger.close().unwrap();
    let layout: i64 = rusqlite::Connection::open(&file)
        .unwrap()
        .query_row("SELECT max(layout) FROM snapshot", [], |row| row.get(0))
        .unwrap();
    assert_eq!((layout, format!("{fingerprint:016x}").as_str()), PINNED, "fields:\n{}", shape.join("\n"));
}
