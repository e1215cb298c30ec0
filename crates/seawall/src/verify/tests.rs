//! A quick quote of a small book, and everything that can be changed in its file.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::quote::Asked;
use crate::quote::assumptions::known_follows;
use crate::quote::binding::BindingArgs;
use crate::quote::figures::hex;
use crate::quote::inputs::{self, Selection};
use crate::quote::pricing::{DesignOptions, Terms};

const BOOK: &str = "market,account,collateral_asset,collateral_amount,debt_asset,debt_amount,liquidation_threshold\n\
                    eth,a,WETH,100,USDC,150000,0.83\n\
                    eth,b,WETH,2000,USDC,3400000,0.83\n\
                    btc,a,WBTC,60,USDC,1500000,0.75\n";

const MARKETS: &str = "market,collateral_asset,debt_asset,liquidation_threshold,liquidation_bonus,delay_seconds,\
                       collateral_price,debt_price\n\
                       eth,WETH,USDC,0.83,0.05,600,2280,1\n\
                       btc,WBTC,USDC,0.75,0.07,600,,\n";

/// Figures of the quick quote below, by model. Where this test fails, figures have changed: raise `MODEL_VERSION`
/// if quotes of that number were ever given out, and pin the digest that the test prints.
const PINNED: (u32, &str) = (4, "cb2da523fd908b9bc5326eb53083a3f440e2fab3603814793527efb833f92de4");

/// A quote of few paths, and its file.
fn made() -> &'static (Quote, QuoteFile) {
    static MADE: OnceLock<(Quote, QuoteFile)> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (book, markets) = (folder.path().join("loans.csv"), folder.path().join("markets.csv"));
        std::fs::write(&book, BOOK).unwrap();
        std::fs::write(&markets, MARKETS).unwrap();
        let selection = Selection {
            book: Some(&book),
            markets: Some(&markets),
            follows: known_follows(),
            ..Selection::default()
        };
        let mut loaded = inputs::load(&selection).unwrap();
        for file in loaded.files_mut().filter(|file| !file.origin.shipped) {
            file.origin.name = file.origin.name.rsplit('/').next().unwrap().to_owned();
        }
        let inputs = inputs::understand(&loaded, &selection).unwrap();
        let terms = Terms { paths: 500, deductible: Some(10_000.0), limit: Some(1e6), ..Terms::default() };
        let drawing = DesignOptions { tuning_paths: 256, sizing_paths: 256, ..DesignOptions::default() };
        let asked = Asked { terms, drawing, ..Asked::default() };
        let quote = quote::make(inputs, asked, Format::Json).unwrap();
        let binding = BindingArgs::default().binding(&["eth", "btc"]).unwrap();
        let file = QuoteFile::of(&quote, &binding).unwrap();
        (quote, file)
    })
}

/// Everything that verifying the text of a file says; nothing where it agrees.
fn said(text: &str) -> String {
    let (quote, original) = made();
    let checked = QuoteFile::parse(text, "quote.json").and_then(|file| {
        verify(&file, "quote.json", |request| {
            assert_eq!(request, &original.request, "another request is computed only if nothing tells");
            Ok(Ok(quote.clone()))
        })
    });
    match checked {
        Err(failure) => format!("{failure:?}"),
        Ok(found) => found.differences.iter().map(|one| one.words() + "\n").collect(),
    }
}

/// Calls `visit` with the place of every leaf, and a way to replace it in a copy.
fn leaves(place: &str, value: &Value, pointer: &str, visit: &mut impl FnMut(&str, &str, &Value)) {
    match value {
        Value::Object(members) if !members.is_empty() => members.iter().for_each(|(key, value)| {
            let dot = if place.is_empty() { "" } else { "." };
            leaves(&format!("{place}{dot}{key}"), value, &format!("{pointer}/{key}"), visit);
        }),
        Value::Array(values) if !values.is_empty() => values.iter().enumerate().for_each(|(index, value)| {
            leaves(&format!("{place}[{index}]"), value, &format!("{pointer}/{index}"), visit);
        }),
        _ => visit(place, pointer, value),
    }
}

/// The smallest changes of a value.
fn flipped(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![json!(1), json!("1"), json!("0x00000000000000000000000000000000000000b0")],
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(number) if number.is_f64() => vec![json!(number.as_f64().unwrap().next_up())],
        Value::Number(number) => vec![json!(number.as_u64().unwrap() + 1)],
        Value::String(text) => {
            let mut other = text.clone();
            // The last digit becomes another one; other texts become longer.
            match other.pop() {
                Some(last @ ('0'..='8' | 'a'..='e')) => other.push(char::from(last as u8 + 1)),
                Some('9' | 'f') => other.push('0'),
                last => other.extend(last.into_iter().chain("~".chars())),
            }
            vec![json!(other)]
        }
        Value::Array(_) => vec![json!(["x"])],
        Value::Object(_) => vec![json!({"x": 1})],
    }
}

#[test]
fn a_file_as_it_was_written_agrees() {
    let (_, file) = made();
    let text = file.text().unwrap();
    assert_eq!(said(&text), "");
    let back = QuoteFile::parse(&text, "quote.json").unwrap();
    assert_eq!((&back, back.text().unwrap()), (file, text.clone()));
    // Order and white space say nothing.
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(said(&value.to_string()), "");
    // A signature is the actuary's, not computed.
    assert_eq!(said(&text.replacen("\"signature\": null", "\"signature\": \"0x1b\"", 1)), "");
}

#[test]
fn every_value_of_a_file_is_checked_and_named() {
    let value: Value = serde_json::from_str(&made().1.text().unwrap()).unwrap();
    let (mut tried, mut places) = (0, 0);
    leaves("", &value, "", &mut |place, pointer, leaf| {
        if place.ends_with(".signature") {
            return;
        }
        places += 1;
        for other in flipped(leaf) {
            let mut changed = value.clone();
            *changed.pointer_mut(pointer).unwrap() = other.clone();
            let said = said(&changed.to_string());
            assert!(said.contains(place), "{place}: {leaf} became {other}: {said:?}");
            tried += 1;
        }
    });
    assert!(places > 400 && tried > places, "{tried} changes of {places} values");
}

/// A term changed wherever it stands, but not the digest: that is what is told first.
#[test]
fn a_term_changed_everywhere_is_told_by_the_digest() {
    let (quote, file) = made();
    let mut forged = file.clone();
    forged.request.terms.coinsurance = 0.2;
    forged.result.0["terms"]["coinsurance"] = json!(0.2);
    let found = verify(&forged, "quote.json", |request| {
        let mut computed = quote.clone();
        computed.request = request.clone();
        Ok(Ok(computed))
    })
    .unwrap();
    let first = &found.differences[0];
    assert_eq!(first.what, "result.inputs_digest");
    assert!(first.words().contains("request was changed"), "{}", first.words());
}

#[test]
fn members_that_are_missing_added_or_twice_are_named() {
    let text = made().1.text().unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let edited = |edit: fn(&mut Map<String, Value>)| {
        let mut value = value.clone();
        edit(value.as_object_mut().unwrap());
        said(&value.to_string())
    };
    assert!(edited(|file| drop(file.remove("binding"))).contains("binding"));
    assert!(edited(|file| drop(file.insert("more".to_owned(), json!(1)))).contains("more"));
    assert!(
        edited(|file| drop(file["result"].as_object_mut().unwrap().remove("fit"))).contains("result.fit")
    );
    assert!(edited(|file| file["result"]["extra"] = json!(1)).contains("result.extra"));
    assert!(edited(|file| file["request"]["extra"] = json!(1)).contains("request.extra"));
    assert!(edited(|file| drop(file["quotes"].as_array_mut().unwrap().pop())).contains("quotes[1]"));
    assert!(
        edited(|file| drop(file["binding"]["markets"].as_array_mut().unwrap().pop()))
            .contains("binding.markets")
    );
    let twice = text.replacen("\"result\": {", "\"result\": {\"pool_capital\": 0,", 1);
    assert!(said(&twice).contains("pool_capital"), "{}", said(&twice));
    assert!(said(&format!("{text}{{}}")).contains("trailing"));
}

/// Whoever changes a term and everything that restates it still has to make the figures.
#[test]
fn a_request_out_of_bounds_is_not_computed() {
    let (_, file) = made();
    let mut forged = file.clone();
    forged.request.terms.paths = 2_000_000_000;
    for (key, part) in crate::quote::document::restated(&forged.request) {
        forged.result.0[&key] = part;
    }
    forged.result.0["inputs_digest"] = json!(hex(&forged.request.digest()));
    let said = said(&forged.text().unwrap());
    assert!(said.contains("request.terms.paths is 2000000000"), "{said}");
}

#[test]
fn another_model_is_not_compared() {
    let (_, file) = made();
    let mut other = file.clone();
    other.request.model.number = MODEL_VERSION + 1;
    other.request.model.release = "9.9.9".to_owned();
    let text = other.text().unwrap();
    for text in [text.clone(), text.replace("\"horizon_days\"", "\"other_field\"")] {
        let said = said(&text);
        assert!(said.contains("cannot be compared") && said.contains("seawall 9.9.9"), "{said}");
    }
}

#[test]
fn another_kind_of_file_is_recognised() {
    let (_, file) = made();
    assert!(said(&file.result.0.to_string()).contains("result without its request"));
    assert!(said("{\"format\":\"seawall local quote 1\",\"signer\":\"a\"}").contains("local pool"));
    assert!(
        said(&file.text().unwrap().replace("seawall-quote-1", "seawall-quote-2")).contains("newer seawall")
    );
    assert!(said("[]").contains("quote --out"));
}

/// Another release of the same model gives the same figures, and the request keeps its digest.
#[test]
fn figures_of_a_model_do_not_change_without_its_number() {
    let (_, file) = made();
    let mut figures = file.result.0.clone();
    for restated in ["model", "inputs_digest"] {
        figures.as_object_mut().unwrap().remove(restated).unwrap();
    }
    let digest = hex(&Sha256::digest(figures.to_string()));
    assert_eq!((MODEL_VERSION, digest.as_str()), PINNED, "figures have changed: see PINNED");
}

#[test]
fn amounts_are_rounded_for_the_pool() {
    let (quote, file) = made();
    let message = &file.quotes[0].typed_data.message;
    let (policy, line) = (&quote.pricing.design.policies[0], &quote.pricing.premiums[0]);
    assert_eq!(message.limit, 1_000_000_000_000_000_000_000_000);
    assert_eq!((message.event_limit, message.deductible), (message.limit, 10_000_000_000_000_000_000_000));
    assert_eq!((message.coinsurance, message.bonus_share, message.term_epochs), (100_000, 100_000, 13));
    assert_eq!(policy.limit, 1e6);
    let premium = line.total.value;
    assert_eq!(message.premium, seawall_actuary::premium::premium_units(premium, 18).unwrap());
    assert!(message.split.iter().sum::<u32>() <= 1_000_000);
    assert_eq!(file.quotes[0].unbound.len(), 11);
    // Unbound: no pool has address zero, and the deadline was in 1970.
    assert!(message.buyer.is_zero() && message.deadline == 0 && message.required_max == 0);
    let cents = BindingArgs::default().binding(&["eth", "btc"]).unwrap();
    let cents = QuoteFile::of(quote, &quote::binding::Binding { decimals: Some(2), ..cents }).unwrap();
    let message = &cents.quotes[0].typed_data.message;
    assert!(message.premium as f64 >= premium * 100.0 && (message.premium - 1) as f64 <= premium * 100.0);
}

#[test]
fn a_term_of_broken_epochs_cannot_be_signed() {
    let (quote, _) = made();
    let mut quote = quote.clone();
    quote.request.terms.term_days = 90.0;
    let binding = BindingArgs::default().binding(&["eth", "btc"]).unwrap();
    let file = QuoteFile::of(&quote, &binding).unwrap();
    assert!(file.quotes.is_empty());
    assert!(file.not_signable.is_some_and(|why| why.contains("90 days is not whole epochs")));
}
