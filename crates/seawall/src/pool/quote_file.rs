//! A signed quote as a JSON file: names, decimals of the asset, times in RFC 3339. In a local pool the actuary's
//! signature is its name, which the pool's rules must list, and a digest over the canonical text; a chain has keys
//! and EIP-712 instead.

use std::path::Path;

use seawall_engine::{Digest, Quote, Source, TRANCHES_MAX};
use seawall_fixed::{Assets, Ppm};
use serde::{Deserialize, Serialize};

use super::amount::{self, Unit};
use super::book::Book;
use super::label::{self, Labels};
use super::rules_file::Written;
use super::{evidence, instant};
use crate::output::Failure;

/// What `format` says.
const FORMAT: &str = "seawall local quote 1";

/// A quote file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuoteFile {
    format: String,
    quote: Terms,
    signer: String,
    digest: String,
}

/// The quote's terms; the fields are those of [`Quote`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Digest of the pool.
    pub pool: String,
    /// Name of the market.
    pub market: String,
    /// Account that may buy.
    pub buyer: String,
    /// Who reads the losses: `reported`.
    pub source: String,
    /// Account that payments go to.
    pub destination: String,
    /// The pool's wrapper token is backed by assets in this market.
    pub holds_pool_asset: bool,
    /// Amounts, fractions and counts as in [`Quote`].
    pub limit: Written,
    pub event_limit: Written,
    pub deductible: Written,
    pub deductible_bond: Written,
    pub coinsurance: Written,
    pub term_epochs: u32,
    pub premium: Written,
    pub bonus_share: Written,
    pub split: Vec<Written>,
    pub charge: Written,
    pub callable_bond: Written,
    pub counter: Written,
    pub latest_end_max: Written,
    pub required_max: Written,
    pub deadline: Written,
    pub nonce: Written,
    pub inputs: String,
}

/// A quote ready to be bought against.
pub struct Signed {
    /// The quote.
    pub quote: Quote,
    /// SHA-256 of the canonical text.
    pub digest: Digest,
    /// Name of the actuary.
    pub signer: String,
}

/// The canonical text of a quote: compact JSON in this order, amounts in smallest units, names as in the pool.
#[derive(Serialize)]
struct Canonical<'a> {
    format: &'a str,
    pool: String,
    market: String,
    buyer: String,
    source: &'a str,
    destination: String,
    holds_pool_asset: bool,
    limit: String,
    event_limit: String,
    deductible: String,
    deductible_bond: String,
    coinsurance: u32,
    term_epochs: u32,
    premium: String,
    bonus_share: u32,
    split: Vec<u32>,
    charge: String,
    callable_bond: String,
    counter: String,
    latest_end_max: String,
    required_max: String,
    deadline: String,
    nonce: String,
    inputs: String,
}

/// Digest that an actuary signs in a local pool: SHA-256 of the canonical text.
///
/// # Errors
/// Never in practice: the text is made of strings and numbers.
pub fn digest(quote: &Quote, labels: &Labels) -> Result<Digest, Failure> {
    let assets = |assets: Assets| assets.get().to_string();
    let canonical = Canonical {
        format: FORMAT,
        pool: label::hex(&quote.pool),
        market: labels.market(quote.market),
        buyer: labels.account(quote.buyer),
        source: REPORTED,
        destination: labels.account(quote.destination),
        holds_pool_asset: quote.holds_pool_asset,
        limit: assets(quote.limit),
        event_limit: assets(quote.event_limit),
        deductible: assets(quote.deductible),
        deductible_bond: assets(quote.deductible_bond),
        coinsurance: quote.coinsurance.get(),
        term_epochs: quote.term_epochs,
        premium: assets(quote.premium),
        bonus_share: quote.bonus_share.get(),
        split: quote.split.iter().map(|part| part.get()).collect(),
        charge: assets(quote.charge),
        callable_bond: assets(quote.callable_bond),
        counter: quote.counter.to_string(),
        latest_end_max: quote.latest_end_max.to_string(),
        required_max: assets(quote.required_max),
        deadline: quote.deadline.to_string(),
        nonce: quote.nonce.to_string(),
        inputs: label::hex(&quote.inputs),
    };
    let text = serde_json::to_string(&canonical).map_err(Failure::environment)?;
    Ok(evidence::sha256(text.as_bytes()))
}

const REPORTED: &str = "reported";

impl QuoteFile {
    /// A signed quote as a file.
    pub fn of(signed: &Signed, labels: &Labels) -> Self {
        let (quote, unit) = (&signed.quote, &labels.unit);
        let assets = |assets: Assets| Written(amount::plain(assets.get(), unit.decimals));
        let part = |part: Ppm| Written(amount::fraction_text(part));
        let terms = Terms {
            pool: label::hex(&quote.pool),
            market: labels.market(quote.market),
            buyer: labels.account(quote.buyer),
            source: REPORTED.to_owned(),
            destination: labels.account(quote.destination),
            holds_pool_asset: quote.holds_pool_asset,
            limit: assets(quote.limit),
            event_limit: assets(quote.event_limit),
            deductible: assets(quote.deductible),
            deductible_bond: assets(quote.deductible_bond),
            coinsurance: part(quote.coinsurance),
            term_epochs: quote.term_epochs,
            premium: assets(quote.premium),
            bonus_share: part(quote.bonus_share),
            split: quote.split.iter().take(labels.tranches.len()).map(|share| part(*share)).collect(),
            charge: assets(quote.charge),
            callable_bond: assets(quote.callable_bond),
            counter: assets(Assets::new(quote.counter)),
            latest_end_max: Written(instant::text(quote.latest_end_max)),
            required_max: assets(quote.required_max),
            deadline: Written(instant::text(quote.deadline)),
            nonce: Written(quote.nonce.to_string()),
            inputs: label::hex(&quote.inputs),
        };
        Self {
            format: FORMAT.to_owned(),
            quote: terms,
            signer: signed.signer.clone(),
            digest: label::hex(&signed.digest),
        }
    }

    /// Reads a quote for a pool; a buyer or destination that the pool does not know yet becomes known with the
    /// purchase.
    ///
    /// # Errors
    /// The file cannot be read, a value is not right (named), or the digest is not that of the terms.
    pub fn read(path: &Path, book: &mut Book) -> Result<Signed, Failure> {
        let named = format!("--quote: {}", path.display());
        let text = evidence::read_text("--quote", path)?;
        let file: Self = serde_json::from_str(&text).map_err(|error| {
            Failure::input(format!("{named}: {error}")).hint("cover quote writes such a file")
        })?;
        if file.format != FORMAT {
            let format = format!("{named}: format: {:?} is not {FORMAT:?}", file.format);
            return Err(Failure::input(format));
        }
        let quote = file.quote.quote(&named, book)?;
        let digest = digest(&quote, book.labels())?;
        if label::digest(&file.digest) != Some(digest) {
            let wrong = format!("{named}: digest: the terms are not those that were signed");
            return Err(
                Failure::input(wrong).hint("the file was changed after it was signed; ask for it again")
            );
        }
        Ok(Signed { quote, digest, signer: file.signer })
    }
}

impl Terms {
    /// The engine's quote.
    ///
    /// # Errors
    /// A value that cannot be read, naming `file` and the field.
    fn quote(&self, file: &str, book: &mut Book) -> Result<Quote, Failure> {
        let field = |name: &str| format!("{file}: {name}");
        if self.source != REPORTED {
            let source = format!("{}: {:?} is not {REPORTED:?}", field("source"), self.source);
            return Err(Failure::input(source).hint("a local pool is read by its reporters"));
        }
        let market = book.market(&field("market"), &self.market)?;
        let buyer = book.account_or_new(&field("buyer"), &self.buyer)?;
        let destination = book.account_or_new(&field("destination"), &self.destination)?;
        let unit: &Unit = &book.labels().unit;
        let assets = |name: &str, value: &Written| unit.assets(&field(name), &value.0);
        let part = |name: &str, value: &Written| amount::fraction(&field(name), &value.0);
        let hash = |name: &str, text: &str| {
            let bad = || Failure::input(format!("{}: is not 64 hexadecimal digits", field(name)));
            label::digest(text).ok_or_else(bad)
        };
        if self.split.len() > TRANCHES_MAX {
            return Err(Failure::input(format!("{}: has more than {TRANCHES_MAX} parts", field("split"))));
        }
        let mut split = [Ppm::ZERO; TRANCHES_MAX];
        for (place, share) in split.iter_mut().zip(&self.split) {
            *place = part("split", share)?;
        }
        let nonce = self.nonce.0.parse();
        Ok(Quote {
            pool: hash("pool", &self.pool)?,
            market,
            buyer,
            source: Source::Reported,
            destination,
            holds_pool_asset: self.holds_pool_asset,
            limit: assets("limit", &self.limit)?,
            event_limit: assets("event_limit", &self.event_limit)?,
            deductible: assets("deductible", &self.deductible)?,
            deductible_bond: assets("deductible_bond", &self.deductible_bond)?,
            coinsurance: part("coinsurance", &self.coinsurance)?,
            term_epochs: self.term_epochs,
            premium: assets("premium", &self.premium)?,
            bonus_share: part("bonus_share", &self.bonus_share)?,
            split,
            charge: assets("charge", &self.charge)?,
            callable_bond: assets("callable_bond", &self.callable_bond)?,
            counter: assets("counter", &self.counter)?.get(),
            latest_end_max: instant::parse(&field("latest_end_max"), &self.latest_end_max.0)?,
            required_max: assets("required_max", &self.required_max)?,
            deadline: instant::parse(&field("deadline"), &self.deadline.0)?,
            nonce: nonce.map_err(|_| Failure::input(format!("{}: is no number", field("nonce"))))?,
            inputs: hash("inputs", &self.inputs)?,
        })
    }
}
