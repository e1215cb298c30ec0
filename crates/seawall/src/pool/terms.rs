//! Terms of cover given as arguments, filled up from the pool's state and signed by a local actuary.

use seawall_engine::{MarketId, Quote, RUN_OFF, Source, TRANCHES_MAX, boundary_from};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds};

use super::book::Book;
use super::quote_file::{self, Signed};
use super::{amount, evidence, instant};
use crate::output::Failure;

/// Terms of cover.
#[derive(clap::Args)]
pub struct TermArgs {
    /// Market to insure.
    #[arg(long)]
    market: Option<String>,
    /// Who buys, pays, and receives refund, bonus and bonds.
    #[arg(long, value_name = "ACCOUNT")]
    buyer: Option<String>,
    /// Where payments go [default: the buyer].
    #[arg(long, value_name = "ACCOUNT")]
    destination: Option<String>,
    /// Aggregate limit on eligible loss.
    #[arg(long, value_name = "AMOUNT")]
    limit: Option<String>,
    /// Premium before scarcity.
    #[arg(long, value_name = "AMOUNT")]
    premium: Option<String>,
    /// Term in epochs of seven days.
    #[arg(long, value_name = "EPOCHS")]
    term: Option<u32>,
    /// Parts of the premium that stream to the tranches, such as 0.6,0.3; the rest goes to the reserve.
    #[arg(long, value_name = "FRACTIONS", value_delimiter = ',')]
    split: Vec<String>,
    /// Limit on eligible loss of two epochs together [default: the limit].
    #[arg(long, value_name = "AMOUNT")]
    event_limit: Option<String>,
    /// Aggregate deductible.
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    deductible: String,
    /// Bond deposited against the deductible [default: the deductible].
    #[arg(long, value_name = "AMOUNT")]
    deductible_bond: Option<String>,
    /// Part of each eligible loss that the insured keeps.
    #[arg(long, value_name = "FRACTION", default_value = "0")]
    coinsurance: String,
    /// Part of the premium held back as no-claims bonus.
    #[arg(long, value_name = "FRACTION", default_value = "0")]
    bonus_share: String,
    /// Capital that must stand behind the policy [default: the limit].
    #[arg(long, value_name = "AMOUNT")]
    charge: Option<String>,
    /// Bond posted in the mutual layer.
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    callable_bond: String,
    /// How long the quote is valid.
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    valid_for: String,
    /// Number of the quote in its market [default: the lowest valid one].
    #[arg(long)]
    nonce: Option<u64>,
    /// What the premium was computed from: a file, or its SHA-256 [default: the digest of nothing].
    #[arg(long, value_name = "FILE|HEX")]
    inputs: Option<String>,
    /// Markets that hold the assets behind the pool's wrapper token are refused (rule 1.1): this is one.
    #[arg(long)]
    holds_pool_asset: bool,
    /// Account that signs [default: the first actuary].
    #[arg(long, value_name = "ACCOUNT")]
    signer: Option<String>,
}

impl TermArgs {
    /// The buyer's name.
    ///
    /// # Errors
    /// Missing.
    pub fn buyer(&self) -> Result<&str, Failure> {
        given("--buyer", self.buyer.as_deref())
    }

    /// The quote for these terms at second `at`, on the pool as it stands: its counter, the latest end and the
    /// required capital with this policy.
    ///
    /// # Errors
    /// Bad arguments, a market or signer that the pool does not know.
    pub fn signed(&self, book: &mut Book, at: Seconds) -> Result<Signed, Failure> {
        book.derive();
        let market = given("--market", self.market.as_deref())?;
        let market = book
            .market("--market", market)
            .map_err(|failure| failure.hint("a reporter opens a market first: report --open"))?;
        let buyer = book.account_or_new("--buyer", self.buyer()?)?;
        let destination = match &self.destination {
            Some(name) => book.account_or_new("--destination", name)?,
            None => buyer,
        };
        let signer = match (&self.signer, book.state().rules().roles.actuaries.first()) {
            (Some(name), _) => book.account("--signer", name)?,
            (None, Some(first)) => *first,
            (None, None) => return Err(Failure::input("--signer is missing: the pool has no actuary")),
        };
        let unit = &book.labels().unit;
        let limit = unit.assets("--limit", given("--limit", self.limit.as_deref())?)?;
        let or_limit = |field: &str, text: &Option<String>, default: Assets| {
            text.as_deref().map_or(Ok(default), |text| unit.assets(field, text))
        };
        let deductible = unit.assets("--deductible", &self.deductible)?;
        let charge = or_limit("--charge", &self.charge, limit)?;
        let term = self.term.ok_or_else(|| missing("--term"))?;
        let deadline = at.saturating_add(instant::duration("--valid-for", &self.valid_for)?);
        let core = book.state().core();
        let known = book.state().market(market);
        let quote = Quote {
            pool: *book.state().pool(),
            market,
            buyer,
            source: Source::Reported,
            destination,
            holds_pool_asset: self.holds_pool_asset,
            limit,
            event_limit: or_limit("--event-limit", &self.event_limit, limit)?,
            deductible,
            deductible_bond: or_limit("--deductible-bond", &self.deductible_bond, deductible)?,
            coinsurance: amount::fraction("--coinsurance", &self.coinsurance)?,
            term_epochs: term,
            premium: unit.assets("--premium", given("--premium", self.premium.as_deref())?)?,
            bonus_share: amount::fraction("--bonus-share", &self.bonus_share)?,
            split: self.split(book.labels().tranches.len())?,
            charge,
            callable_bond: unit.assets("--callable-bond", &self.callable_bond)?,
            counter: known.map_or(0, |known| known.counter),
            latest_end_max: latest_end(book, market, deadline, term),
            required_max: core.required.saturating_add(charge),
            deadline,
            nonce: self.nonce.unwrap_or_else(|| known.map_or(0, |known| known.nonce)),
            inputs: match &self.inputs {
                Some(text) => evidence::digest("--inputs", text)?,
                None => evidence::sha256(b""),
            },
        };
        let digest = quote_file::digest(&quote, book.labels())?;
        Ok(Signed { quote, digest, signer: book.labels().account(signer) })
    }

    fn split(&self, tranches: usize) -> Result<[Ppm; TRANCHES_MAX], Failure> {
        if self.split.is_empty() {
            return Err(missing("--split"));
        }
        if self.split.len() > tranches {
            let many = format!("--split: {} parts for {tranches} tranches", self.split.len());
            return Err(Failure::input(many).hint("the reserve gets what is missing to one"));
        }
        let mut split = [Ppm::ZERO; TRANCHES_MAX];
        for (place, text) in split.iter_mut().zip(&self.split) {
            *place = amount::fraction("--split", text)?;
        }
        Ok(split)
    }
}

/// Latest end that the quote assumes: that of the policies bought, or of this one when it is bought at the last
/// moment or follows the one in force.
fn latest_end(book: &Book, market: MarketId, deadline: Seconds, term: u32) -> Seconds {
    let waited = boundary_from(deadline.saturating_add(book.state().rules().waiting));
    let before = book.state().market(market).into_iter().flat_map(|market| market.policies());
    let renewed = before.map(|policy| policy.end).max().unwrap_or(0);
    let end = waited.max(renewed).saturating_add(u64::from(term) * EPOCH_SECONDS);
    // A run-off that begins meanwhile lengthens the latest end and changes nothing for this policy.
    book.state().core().latest_end.saturating_add(RUN_OFF).max(end)
}

fn given<'a>(field: &str, value: Option<&'a str>) -> Result<&'a str, Failure> {
    value.ok_or_else(|| missing(field))
}

fn missing(field: &str) -> Failure {
    Failure::input(format!("{field} is missing")).hint("give a --quote file, or all terms")
}
