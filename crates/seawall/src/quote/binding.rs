//! What binds a quote to a pool on a chain and is no part of its price: chain, pool, accounts, the counter seen,
//! the latest end and the capital assumed, deadline and nonce (rule 3.2). What is not given is zero in the signed
//! form, a market's number 2^32 - 1; it is listed as unbound, and no pool takes a quote without chain, pool, number
//! or deadline.

use std::str::FromStr;

use seawall_quote::{Address, hex};
use serde::{Deserialize, Serialize};

use crate::output::Failure;
use crate::pool::instant;

/// Options that bind a quote.
#[derive(clap::Args, Default)]
#[command(next_help_heading = "Binding of the quote file to a pool on a chain")]
pub struct BindingArgs {
    /// Number of the chain (EIP-155).
    #[arg(long, value_name = "NUMBER", requires = "out")]
    chain_id: Option<u64>,
    /// The pool's contract.
    #[arg(long, value_name = "ADDRESS", requires = "out")]
    pool_address: Option<Address>,
    /// Decimals of the pool's asset, 0 to 18; amounts are in 18 until it is given.
    #[arg(long, value_name = "NUMBER", requires = "out", value_parser = clap::value_parser!(u8).range(0..=18))]
    decimals: Option<u8>,
    /// Who may buy; MARKET=ADDRESS for one market. Can be repeated, as every option with MARKET= can.
    #[arg(long, value_name = "[MARKET=]ADDRESS", requires = "out", value_parser = Assigned::<Address>::parse)]
    buyer: Vec<Assigned<Address>>,
    /// Where payments go [default: the buyer].
    #[arg(long, value_name = "[MARKET=]ADDRESS", requires = "out", value_parser = Assigned::<Address>::parse)]
    destination: Vec<Assigned<Address>>,
    /// Number of a market in the pool.
    #[arg(long, value_name = "[MARKET=]NUMBER", requires = "out", value_parser = Assigned::<u32>::parse)]
    market_number: Vec<Assigned<u32>>,
    /// Digest of address and code of the adapter that reads a market's losses; zero for a reporter.
    #[arg(long, value_name = "[MARKET=]HEX", requires = "out", value_parser = Assigned::<Hash>::parse)]
    adapter: Vec<Assigned<Hash>>,
    /// A market's loss counter, smallest units.
    #[arg(long, value_name = "[MARKET=]UNITS", requires = "out", value_parser = Assigned::<Units>::parse)]
    counter: Vec<Assigned<Units>>,
    /// Number of the quote in its market.
    #[arg(long, value_name = "[MARKET=]NUMBER", requires = "out", value_parser = Assigned::<u64>::parse)]
    nonce: Vec<Assigned<u64>>,
    /// A market in which the assets behind the pool's wrapper token stand; its cover is refused (rule 1.1).
    #[arg(long, value_name = "MARKET", requires = "out")]
    holds_pool_asset: Vec<String>,
    /// Latest end of any policy that the pool may have: RFC 3339 or Unix seconds.
    #[arg(long, value_name = "TIME", requires = "out")]
    latest_end: Option<String>,
    /// Largest required capital of the pool with the policy, smallest units.
    #[arg(long, value_name = "UNITS", requires = "out")]
    required_max: Option<Units>,
    /// Last moment at which the quote is valid: RFC 3339 or Unix seconds.
    #[arg(long, value_name = "TIME", requires = "out")]
    deadline: Option<String>,
}

/// A value for one market, or for all.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Assigned<T> {
    market: Option<String>,
    value: T,
}

impl<T: FromStr<Err: std::fmt::Display>> Assigned<T> {
    fn parse(text: &str) -> Result<Self, String> {
        let (market, value) = match text.rsplit_once('=') {
            Some((market, value)) => (Some(market.to_owned()), value),
            None => (None, text),
        };
        let value = value.parse().map_err(|why: T::Err| why.to_string())?;
        Ok(Self { market, value })
    }
}

/// The binding of a quote file; none for what was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Number of the chain.
    pub chain_id: Option<u64>,
    /// The pool's contract.
    pub pool: Option<Address>,
    /// Decimals of its asset.
    pub decimals: Option<u8>,
    /// Latest end of any policy assumed, Unix seconds.
    pub latest_end_max: Option<u64>,
    /// Largest required capital assumed.
    pub required_max: Option<Units>,
    /// Last second of validity.
    pub deadline: Option<u64>,
    /// Markets in the order of the book.
    pub markets: Vec<MarketBinding>,
}

/// The binding of one market.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketBinding {
    /// Name in the loan book.
    pub market: String,
    /// Number in the pool.
    pub number: Option<u32>,
    /// Who may buy.
    pub buyer: Option<Address>,
    /// Where payments go; to the buyer without one.
    pub destination: Option<Address>,
    /// Digest of the adapter.
    pub source: Option<Hash>,
    /// Loss counter seen.
    pub counter: Option<Units>,
    /// Number of the quote.
    pub nonce: Option<u64>,
    /// The assets behind the pool's wrapper token stand here.
    pub holds_pool_asset: bool,
}

impl Binding {
    /// What a quote of these markets is not bound to, by the names of the fields here.
    pub fn unbound(&self, market: &MarketBinding) -> Vec<String> {
        [
            ("chain_id", self.chain_id.is_none()),
            ("pool", self.pool.is_none()),
            ("decimals", self.decimals.is_none()),
            ("latest_end_max", self.latest_end_max.is_none()),
            ("required_max", self.required_max.is_none()),
            ("deadline", self.deadline.is_none()),
            ("number", market.number.is_none()),
            ("buyer", market.buyer.is_none()),
            ("source", market.source.is_none()),
            ("counter", market.counter.is_none()),
            ("nonce", market.nonce.is_none()),
        ]
        .into_iter()
        .filter(|(_, missing)| *missing)
        .map(|(name, _)| name.to_owned())
        .collect()
    }
}

impl BindingArgs {
    /// The binding of these markets.
    ///
    /// # Errors
    /// A market that the book does not have; a time that is none.
    pub fn binding(&self, markets: &[&str]) -> Result<Binding, Failure> {
        let time = |field: &str, text: &Option<String>| {
            text.as_deref().map(|text| instant::parse(field, text)).transpose()
        };
        let mut all: Vec<MarketBinding> = markets
            .iter()
            .map(|&market| MarketBinding { market: market.to_owned(), ..MarketBinding::default() })
            .collect();
        assign(&mut all, "--buyer", &self.buyer, |market, value| market.buyer = Some(value))?;
        assign(&mut all, "--destination", &self.destination, |market, value| {
            market.destination = Some(value)
        })?;
        assign(&mut all, "--market-number", &self.market_number, |market, value| {
            market.number = Some(value)
        })?;
        assign(&mut all, "--adapter", &self.adapter, |market, value| market.source = Some(value))?;
        assign(&mut all, "--counter", &self.counter, |market, value| market.counter = Some(value))?;
        assign(&mut all, "--nonce", &self.nonce, |market, value| market.nonce = Some(value))?;
        let held: Vec<Assigned<bool>> = self
            .holds_pool_asset
            .iter()
            .map(|market| Assigned { market: Some(market.clone()), value: true })
            .collect();
        assign(&mut all, "--holds-pool-asset", &held, |market, value| market.holds_pool_asset = value)?;
        distinct(&all)?;
        Ok(Binding {
            chain_id: self.chain_id,
            pool: self.pool_address,
            decimals: self.decimals,
            latest_end_max: time("--latest-end", &self.latest_end)?,
            required_max: self.required_max,
            deadline: time("--deadline", &self.deadline)?,
            markets: all,
        })
    }
}

/// Gives markets their values, in the order given: what names a market goes where it says.
fn assign<T: Clone>(
    markets: &mut [MarketBinding],
    option: &str,
    given: &[Assigned<T>],
    set: impl Fn(&mut MarketBinding, T),
) -> Result<(), Failure> {
    for Assigned { market, value } in given {
        let wanted = |name: &str| market.as_deref().is_none_or(|market| market == name);
        if !markets.iter().any(|known| wanted(&known.market)) {
            let names: Vec<&str> = markets.iter().map(|known| known.market.as_str()).collect();
            let unknown = market.as_deref().unwrap_or_default();
            return Err(Failure::input(format!("{option}: the book has no market {unknown:?}"))
                .hint(format!("its markets are {}", names.join(", "))));
        }
        let of = markets.iter_mut().filter(|known| wanted(&known.market));
        of.for_each(|known| set(known, value.clone()));
    }
    Ok(())
}

/// A number of the pool is one market's.
fn distinct(markets: &[MarketBinding]) -> Result<(), Failure> {
    for (index, market) in markets.iter().enumerate() {
        let same =
            markets[..index].iter().find(|other| market.number.is_some() && other.number == market.number);
        if let (Some(other), Some(number)) = (same, market.number) {
            return Err(Failure::input(format!(
                "--market-number: {} and {} are both number {number}",
                other.market, market.market
            ))
            .hint("give each market its own: --market-number MARKET=NUMBER"));
        }
    }
    Ok(())
}

/// An amount in smallest units, digits in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Units(pub u128);

impl FromStr for Units {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let value = digits.then(|| text.parse().ok()).flatten();
        value.map(Self).ok_or_else(|| format!("{text:?} is no whole number below 2^128"))
    }
}

impl TryFrom<String> for Units {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Units> for String {
    fn from(units: Units) -> Self {
        units.0.to_string()
    }
}

/// A digest of 32 bytes, hexadecimal digits in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        hex::decode(text).map(Self).map_err(|why| format!("{text:?}: {why}"))
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hex::prefixed(&hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_to_the_market_they_name() {
        let args = BindingArgs {
            counter: ["7", "b=9"].map(|text| Assigned::parse(text).unwrap()).to_vec(),
            market_number: vec![Assigned::parse("b=3").unwrap()],
            holds_pool_asset: vec!["a".to_owned()],
            deadline: Some("2026-03-01T12:00:00Z".to_owned()),
            ..BindingArgs::default()
        };
        let binding = args.binding(&["a", "b"]).unwrap();
        let counters: Vec<_> = binding.markets.iter().map(|market| market.counter).collect();
        assert_eq!(counters, [Some(Units(7)), Some(Units(9))]);
        assert_eq!([binding.markets[0].number, binding.markets[1].number], [None, Some(3)]);
        assert!(binding.markets[0].holds_pool_asset && !binding.markets[1].holds_pool_asset);
        assert_eq!(binding.deadline, Some(1_772_366_400));
        assert!(binding.unbound(&binding.markets[0]).contains(&"number".to_owned()));
        assert!(!binding.unbound(&binding.markets[1]).contains(&"number".to_owned()));
        let unknown = format!("{:?}", args.binding(&["a", "c"]).unwrap_err());
        assert!(unknown.contains("--market-number") && unknown.contains("a, c"), "{unknown}");
        let twice =
            BindingArgs { market_number: vec![Assigned::parse("3").unwrap()], ..BindingArgs::default() };
        assert!(twice.binding(&["a", "b"]).is_err(), "one number for two markets");
        assert!(Assigned::<Units>::parse("b=-1").is_err() && Assigned::<Units>::parse("+1").is_err());
    }
}
