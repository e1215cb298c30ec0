//! The quote file: the request, every figure of the result, the binding, and for each market the typed data that
//! an actuary signs, with its struct hash and digest. Amounts of typed data are smallest units: the premium, the
//! capital charge and the deductible rounded up, limits down.

use std::path::Path;

use seawall_actuary::premium::{premium_units, units_down};
use seawall_fixed::EPOCH_SECONDS;
use seawall_quote::{Domain, Quote as SignedQuote, TypedData, hex};
use serde::{Deserialize, Serialize};

use super::binding::{Binding, MarketBinding};
use super::exact::Exact;
use super::request::{FORMAT, MODEL_VERSION, QuoteRequest};
use super::{Quote, document, inputs};
use crate::output::Failure;

/// Decimals of amounts while those of the pool's asset are not known.
const DECIMALS: u8 = 18;

/// Number of a market while it is not known: no pool has so many.
const NO_MARKET: u32 = u32::MAX;

/// Most bytes of a quote file.
const BYTES_MAX: u64 = 1 << 26;

/// A quote file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuoteFile {
    /// All that determines the figures.
    pub request: QuoteRequest,
    /// The figures.
    pub result: Exact,
    /// Chain, pool, accounts.
    pub binding: Binding,
    /// What is signed, by market.
    pub quotes: Vec<MarketQuote>,
    /// Why there is nothing to sign; none where there is.
    pub not_signable: Option<String>,
}

/// One market's quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketQuote {
    /// Name in the loan book.
    pub market: String,
    /// Fields of the binding that were not given: while there are any, no pool takes the quote.
    pub unbound: Vec<String>,
    /// Types, domain and message as wallets take them.
    pub typed_data: TypedData,
    /// `hashStruct` of the message, `0x` and 64 digits.
    pub struct_hash: String,
    /// What is signed, `0x` and 64 digits.
    pub digest: String,
    /// The actuary's signature, once it is given.
    pub signature: Option<String>,
}

impl QuoteFile {
    /// The file of a quote.
    ///
    /// # Errors
    /// Amounts that do not fit; a binding of other markets.
    pub fn of(quote: &Quote, binding: &Binding) -> Result<Self, Failure> {
        let not_signable = not_signable(quote);
        let quotes = match not_signable {
            None => signable(quote, binding)?,
            Some(_) => Vec::new(),
        };
        Ok(Self {
            request: quote.request.clone(),
            result: Exact(document::json(quote)),
            binding: binding.clone(),
            quotes,
            not_signable,
        })
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Never in practice: the file is made of texts, numbers and lists.
    pub fn text(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(Failure::environment)
    }

    /// What can be signed, in words.
    pub fn summary(&self) -> String {
        match (&self.not_signable, self.quotes.first()) {
            (Some(why), _) => format!("nothing to sign: {why}"),
            (None, Some(quote)) if !quote.unbound.is_empty() => {
                format!("{} quotes, not bound to a pool yet: {}", self.quotes.len(), quote.unbound.join(", "))
            }
            _ => format!("{} quotes", self.quotes.len()),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is no quote file: the message says where.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let length = std::fs::metadata(path).map_or(0, |of| of.len());
        if length > BYTES_MAX {
            return Err(Failure::input(format!("{name}: has {length} bytes, more than {BYTES_MAX}")));
        }
        let text = String::from_utf8(inputs::read_file(path)?)
            .map_err(|_| Failure::input(format!("{name}: is not UTF-8 text")))?;
        Self::parse(&text, &name.to_string())
    }

    /// Reads the text of the file of that name.
    ///
    /// # Errors
    /// As [`QuoteFile::read`].
    pub fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read: Result<Self, _> = serde_path_to_error::deserialize(&mut reader);
        let file = read.map_err(|error| unreadable(text, name, &error))?;
        reader.end().map_err(|error| Failure::input(format!("{name}: {error}")))?;
        if file.request.format != FORMAT {
            return Err(other_format(name, &file.request.format));
        }
        Ok(file)
    }
}

fn other_format(name: &str, format: &str) -> Failure {
    Failure::input(format!("{name}: request.format: {format:?} is not {FORMAT:?}"))
        .hint("a newer seawall wrote it: use that one")
}

/// Why a text is no quote file: another format or model, another kind of file, or a field.
fn unreadable(text: &str, name: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> Failure {
    let any: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let request = &any["request"];
    if let Some(format) = request["format"].as_str().filter(|&format| format != FORMAT) {
        return other_format(name, format);
    }
    if let Some(number) =
        request["model"]["number"].as_u64().filter(|&number| number != u64::from(MODEL_VERSION))
    {
        return other_model(name, number, request["model"]["release"].as_str());
    }
    let failure = match error.path().to_string() {
        root if root == "." => Failure::input(format!("{name}: {}", error.inner())),
        path => Failure::input(format!("{name}: {path}: {}", error.inner())),
    };
    if any["inputs_digest"].is_string() {
        return failure.hint("this is a result without its request: seawall quote --out FILE writes both");
    }
    if any["signer"].is_string() {
        return failure.hint("this is the quote of a local pool, bought with seawall pool cover buy --quote");
    }
    if error.inner().is_eof() {
        return failure.hint("the file was cut off: take it again from where it came");
    }
    failure.hint("seawall quote --out FILE writes such a file")
}

/// The refusal to compare figures of another model.
pub fn other_model(name: &str, number: u64, release: Option<&str>) -> Failure {
    let release = release.map_or_else(String::new, |release| format!(" (seawall {release})"));
    let own = env!("CARGO_PKG_VERSION");
    Failure::refused(format!(
        "{name}: request.model.number: the quote was made by model {number}{release}, this is model {MODEL_VERSION} \
         (seawall {own}): the figures cannot be compared"
    ))
    .hint("verify it with the release that made it, or ask for a new quote")
}

/// Why a quote cannot be signed.
fn not_signable(quote: &Quote) -> Option<String> {
    let days = quote.request.terms.term_days;
    match epochs(days) {
        Some(_) => None,
        None => Some(format!("a term of {days} days is not whole epochs of 7 days")),
    }
}

/// Whole epochs of a term.
fn epochs(days: f64) -> Option<u32> {
    let epochs = days * 86_400.0 / EPOCH_SECONDS as f64;
    // Terms are at most a few hundred weeks.
    (epochs.fract() == 0.0 && (1.0..1e6).contains(&epochs)).then_some(epochs as u32)
}

/// The quotes of all markets.
fn signable(quote: &Quote, binding: &Binding) -> Result<Vec<MarketQuote>, Failure> {
    let insured = &quote.inputs.insured;
    if binding.markets.len() != insured.len() {
        return Err(Failure::input(format!(
            "binding.markets: there are {}, the book has {}",
            binding.markets.len(),
            insured.len()
        )));
    }
    for (index, (bound, insured)) in binding.markets.iter().zip(insured).enumerate() {
        if bound.market != insured.market.name {
            return Err(Failure::input(format!(
                "binding.markets[{index}].market: {:?} is {:?} in the book",
                bound.market, insured.market.name
            )));
        }
    }
    let domain = Domain {
        chain_id: binding.chain_id.unwrap_or_default(),
        verifying_contract: binding.pool.unwrap_or_default(),
    };
    let one = |(index, market): (usize, &MarketBinding)| {
        let message = message(quote, binding, index, market)?;
        Ok(MarketQuote {
            market: market.market.clone(),
            unbound: binding.unbound(market),
            struct_hash: hex::prefixed(&message.struct_hash()),
            digest: hex::prefixed(&message.digest(&domain)),
            typed_data: TypedData::of(&domain, &message),
            signature: None,
        })
    };
    binding.markets.iter().enumerate().map(one).collect()
}

/// What is signed of one market.
fn message(
    quote: &Quote,
    binding: &Binding,
    index: usize,
    market: &MarketBinding,
) -> Result<SignedQuote, Failure> {
    let (pricing, terms) = (&quote.pricing, &quote.request.terms);
    let (policy, line) = (&pricing.design.policies[index], &pricing.premiums[index]);
    let decimals = binding.decimals.unwrap_or(DECIMALS);
    let up = |amount: f64| premium_units(amount, decimals).map_err(Failure::input);
    let down = |amount: f64| units_down(amount, decimals).map_err(Failure::input);
    let (limit, deductible) = (down(policy.limit)?, up(policy.deductible)?);
    let mut split = [0; seawall_quote::quote::TRANCHES_MAX];
    // The first part is the reserve's, which gets what is missing to one.
    for (part, &share) in split.iter_mut().zip(pricing.split.iter().skip(1)) {
        *part = millionths(share, f64::floor);
    }
    let buyer = market.buyer.unwrap_or_default();
    Ok(SignedQuote {
        market: market.number.unwrap_or(NO_MARKET),
        buyer,
        source: market.source.unwrap_or_default().0,
        rate_initial: 0,
        rate_step: 0,
        destination: market.destination.unwrap_or(buyer),
        holds_pool_asset: market.holds_pool_asset,
        limit,
        event_limit: limit,
        deductible,
        deductible_bond: deductible,
        coinsurance: millionths(policy.coinsurance, f64::round),
        term_epochs: epochs(terms.term_days).unwrap_or_default(),
        premium: up(line.total.value)?,
        bonus_share: millionths(terms.no_claims_share, f64::round),
        split,
        charge: up(line.capital.value)?,
        callable_bond: down((policy.limit * terms.mutual_share / 1_000.0).ceil() * 1_000.0)?,
        counter: market.counter.unwrap_or_default().0,
        latest_end_max: binding.latest_end_max.unwrap_or_default(),
        required_max: binding.required_max.unwrap_or_default().0,
        deadline: binding.deadline.unwrap_or_default(),
        nonce: market.nonce.unwrap_or_default(),
        inputs: quote.request.digest(),
    })
}

/// A share in [0, 1] in millionths.
fn millionths(share: f64, round: fn(f64) -> f64) -> u32 {
    // A cast from float saturates.
    round(share * 1e6) as u32
}
