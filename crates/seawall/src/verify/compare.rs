//! A quote file beside the one computed again, value by value. Numbers are equal when they are the same bits.

use serde_json::Value;

use super::difference::{Difference, Kind};
use crate::quote::document::restated;
use crate::quote::figures::hex;
use crate::quote::file::QuoteFile;

/// Where a request is not the one that was priced: its digest is not the one stated, and parts of it are not as the
/// result restates them. Nothing where the digest is right, or where the digest alone was changed: then computing
/// the quote again tells.
pub fn request(file: &QuoteFile) -> Vec<Difference> {
    let digest = hex(&file.request.digest());
    if file.result.0["inputs_digest"] == digest.as_str() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (name, part) in restated(&file.request) {
        walk(&name, &part, &file.result.0[&name], &mut |what, stated, found_there| {
            found.push(Difference {
                kind: Kind::Request,
                what: format!("request.{what}"),
                stated: stated.clone(),
                found: found_there.clone(),
                note: Some(format!("in result.{what}; the request is not the one with the digest stated")),
            });
        });
    }
    found
}

/// Where a file is not what was computed.
pub fn files(stated: &QuoteFile, computed: &QuoteFile) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("result", &stated.result.0, &computed.result.0, &mut |what, stated, computed| {
        // The digest comes first: where it is wrong, the figures are those of another request.
        let digest = what == "result.inputs_digest";
        let note =
            digest.then(|| "the request was changed after the quote was made, or this digest was".to_owned());
        let place = if digest { 0 } else { found.len() };
        found.insert(place, difference(Kind::Figure, what, stated, computed, note));
    });
    let (stated, computed) = (signed(stated), signed(computed));
    for part in ["quotes", "not_signable"] {
        walk(part, &stated[part], &computed[part], &mut |what, stated, computed| {
            let from = follows_from(what, [stated, computed]);
            found.push(difference(Kind::Signed, what, stated, computed, from));
        });
    }
    found
}

fn difference(kind: Kind, what: &str, stated: &Value, found: &Value, note: Option<String>) -> Difference {
    Difference { kind, what: what.to_owned(), stated: stated.clone(), found: found.clone(), note }
}

/// The signed part of a file without its signatures, which are no figures.
fn signed(file: &QuoteFile) -> Value {
    let mut quotes = file.quotes.clone();
    quotes.iter_mut().for_each(|quote| quote.signature = None);
    // Quotes are made of texts and lists, which JSON always has.
    let quotes = serde_json::to_value(quotes).unwrap_or_default();
    serde_json::json!({"quotes": quotes, "not_signable": file.not_signable})
}

/// What a value of the signed part goes back to.
fn follows_from(what: &str, values: [&Value; 2]) -> Option<String> {
    let (index, field) = what.strip_prefix("quotes[")?.split_once("].")?;
    let market = |field: &str| format!("binding.markets[{index}].{field}");
    let of_pool = |field: &str| format!("binding.{field}");
    // Unbound are fields of the binding, by name.
    let named = |value: &&Value| match value.as_str()? {
        name @ ("number" | "buyer" | "source" | "counter" | "nonce") => Some(market(name)),
        name => Some(of_pool(name)),
    };
    let from = match field.strip_prefix("typed_data.").unwrap_or(field) {
        "domain.chainId" => of_pool("chain_id"),
        "domain.verifyingContract" => of_pool("pool"),
        "message.latestEndMax" => of_pool("latest_end_max"),
        "message.requiredMax" => of_pool("required_max"),
        "message.deadline" => of_pool("deadline"),
        "message.market" => market("number"),
        "message.buyer" => market("buyer"),
        "message.destination" => format!("{} and {}", market("destination"), market("buyer")),
        "message.source" => market("source"),
        "message.counter" => market("counter"),
        "message.nonce" => market("nonce"),
        "message.holdsPoolAsset" => market("holds_pool_asset"),
        "message.inputs" => "request".to_owned(),
        "struct_hash" | "digest" => "the typed data".to_owned(),
        field if field.starts_with("unbound") => {
            values.iter().filter_map(named).collect::<Vec<_>>().join(" and ")
        }
        field if field.starts_with("message.") => format!("the figures and {}", of_pool("decimals")),
        _ => return None,
    };
    Some(format!("it follows from {from}"))
}

/// Number of values in a document.
pub fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(leaves).sum(),
        Value::Array(values) => values.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// Calls `differs` with the place and both sides of every value that differs; a member or an element that only one
/// side has is one difference.
fn walk(place: &str, stated: &Value, computed: &Value, differs: &mut impl FnMut(&str, &Value, &Value)) {
    match (stated, computed) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                let place = format!("{place}.{key}");
                match (left.get(key), right.get(key)) {
                    (Some(left), Some(right)) => walk(&place, left, right, differs),
                    // A member that is null is not a member that is missing.
                    (left, right) => differs(&place, &side(left), &side(right)),
                }
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for index in 0..left.len().max(right.len()) {
                let place = format!("{place}[{index}]");
                match (left.get(index), right.get(index)) {
                    (Some(left), Some(right)) => walk(&place, left, right, differs),
                    (left, right) => differs(&place, &side(left), &side(right)),
                }
            }
        }
        // The text of a number tells all its bits, and 0.0 from -0.0.
        (Value::Number(left), Value::Number(right)) if left.to_string() == right.to_string() => {}
        (Value::Number(_), Value::Number(_)) => differs(place, stated, computed),
        _ if stated == computed => {}
        _ => differs(place, stated, computed),
    }
}

fn side(value: Option<&Value>) -> Value {
    match value {
        None => Value::Null,
        Some(Value::Null) => Value::String("null".to_owned()),
        Some(value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(stated: &Value, computed: &Value) -> Vec<String> {
        let mut found = Vec::new();
        walk("x", stated, computed, &mut |what, _, _| found.push(what.to_owned()));
        found
    }

    #[test]
    fn every_sort_of_difference_has_its_place() {
        let base = json!({"a": [1, 2.5, {"b": "t"}], "c": null, "d": 0.0});
        assert!(places(&base, &base).is_empty());
        for (other, place) in [
            (json!({"a": [1, 2.5, {"b": "u"}], "c": null, "d": 0.0}), "x.a[2].b"),
            (json!({"a": [1, 2.5], "c": null, "d": 0.0}), "x.a[2]"),
            (json!({"a": [1, 2.5000000000000004, {"b": "t"}], "c": null, "d": 0.0}), "x.a[1]"),
            (json!({"a": [1.0, 2.5, {"b": "t"}], "c": null, "d": 0.0}), "x.a[0]"),
            (json!({"a": [1, 2.5, {"b": "t"}], "d": 0.0}), "x.c"),
            (json!({"a": [1, 2.5, {"b": "t"}], "c": 0, "d": 0.0}), "x.c"),
            (json!({"a": [1, 2.5, {"b": "t"}], "c": null, "d": -0.0}), "x.d"),
            (json!({"a": [1, 2.5, {"b": "t"}], "c": null, "d": 0.0, "e": 1}), "x.e"),
        ] {
            assert_eq!(places(&base, &other), [place]);
            assert_eq!(places(&other, &base), [place]);
        }
        assert_eq!(leaves(&base), 5);
    }
}
