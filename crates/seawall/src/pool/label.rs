//! What numbers are called: accounts, markets, tranches and the asset, and values printed with those names.
//! Units: amounts and shares are in smallest units until they are printed.

use seawall_engine::{AccountId, ClassKind, Digest, MarketId};
use seawall_fixed::{Assets, Ppm, Seconds, Shares};
use serde_json::{Value, json};

use super::amount::{self, Unit};
use super::instant;

/// The names of one pool.
#[derive(Clone, Debug)]
pub struct Labels {
    /// The settlement token.
    pub unit: Unit,
    /// Tranches, most junior first.
    pub tranches: Vec<String>,
    /// Accounts by number.
    pub accounts: Vec<String>,
    /// Markets by number.
    pub markets: Vec<String>,
}

impl Labels {
    /// Name of an account.
    pub fn account(&self, id: AccountId) -> String {
        self.accounts.get(id.index()).map_or_else(|| format!("account {}", id.0), Clone::clone)
    }

    /// Name of a market.
    pub fn market(&self, id: MarketId) -> String {
        self.markets.get(id.index()).map_or_else(|| format!("market {}", id.0), Clone::clone)
    }

    /// A key in words: underscores become spaces, and tranches stand by name.
    pub fn words(&self, key: &str) -> String {
        match key.rsplit_once("tranche_") {
            Some((before, index)) => {
                let name = index.parse().map_or_else(|_| index.to_owned(), |index| self.tranche(index));
                format!("{}{name}", before.replace('_', " "))
            }
            None => key.replace('_', " "),
        }
    }

    /// Name of a tranche.
    pub fn tranche(&self, index: u8) -> String {
        let name = self.tranches.get(usize::from(index));
        name.map_or_else(|| format!("tranche {index}"), Clone::clone)
    }
}

/// A value of an event or a table, printed for people and for programs from one description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// An amount of the asset.
    Amount(Assets),
    /// A loss counter in the asset's unit.
    Counter(u128),
    /// Active shares of a tranche, or units of the mutual layer.
    Shares(Shares),
    /// Queued shares.
    Queued(Shares),
    /// An account.
    Account(AccountId),
    /// A market.
    Market(MarketId),
    /// A tranche.
    Tranche(u8),
    /// A class of a tranche.
    Class(ClassKind),
    /// Unix seconds; the far end of time means never.
    Time(Seconds),
    /// A plain number: of a ticket, an exit, a policy.
    Number(u128),
    /// A fraction.
    Fraction(Ppm),
    /// Yes or no.
    Flag(bool),
    /// A digest.
    Digest(Digest),
    /// A word.
    Text(String),
    /// A word for people where programs get null.
    Absent(&'static str),
}

impl Field {
    /// For people.
    pub fn text(&self, labels: &Labels) -> String {
        let unit = &labels.unit;
        match self {
            Self::Amount(assets) => unit.money(*assets),
            Self::Counter(counter) => unit.money(Assets::new(*counter)),
            Self::Shares(shares) => format!("{} shares", unit.share_count(*shares)),
            Self::Queued(shares) => format!("{} queued shares", unit.queued_count(*shares)),
            Self::Account(id) => labels.account(*id),
            Self::Market(id) => labels.market(*id),
            Self::Tranche(index) => labels.tranche(*index),
            Self::Class(class) => class_name(*class).to_owned(),
            Self::Time(Seconds::MAX) => "never".to_owned(),
            Self::Time(at) => instant::text(*at),
            Self::Number(number) => number.to_string(),
            Self::Fraction(fraction) => amount::percent_text(*fraction),
            Self::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Self::Digest(digest) => hex(digest),
            Self::Text(text) => text.clone(),
            Self::Absent(word) => (*word).to_owned(),
        }
    }

    /// For a cell of a table: amounts and shares without their unit.
    pub fn cell(&self, labels: &Labels) -> String {
        match self {
            Self::Amount(assets) => labels.unit.number(*assets),
            Self::Counter(counter) => labels.unit.number(Assets::new(*counter)),
            Self::Shares(shares) => labels.unit.share_count(*shares),
            Self::Queued(shares) => labels.unit.queued_count(*shares),
            _ => self.text(labels),
        }
    }

    /// True for what stands on the right of its column.
    pub const fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Amount(_) | Self::Counter(_) | Self::Shares(_) | Self::Queued(_) | Self::Fraction(_)
        )
    }

    /// For programs: integers in smallest units as strings, with the decimal beside them.
    pub fn json(&self, labels: &Labels) -> Value {
        let unit = &labels.unit;
        match self {
            Self::Amount(assets) => money(*assets, unit),
            Self::Counter(counter) => money(Assets::new(*counter), unit),
            Self::Shares(shares) => {
                let decimal = amount::plain(shares.get(), unit.share_decimals());
                json!({"units": shares.get().to_string(), "shares": decimal})
            }
            Self::Queued(shares) => {
                let decimal = amount::plain(shares.get(), unit.decimals);
                json!({"units": shares.get().to_string(), "queued_shares": decimal})
            }
            Self::Time(Seconds::MAX) | Self::Absent(_) => Value::Null,
            Self::Time(at) => json!({"unix": at.to_string(), "time": instant::text(*at)}),
            Self::Number(number) => json!(number.to_string()),
            Self::Fraction(fraction) => {
                json!({"ppm": fraction.get().to_string(), "fraction": amount::fraction_text(*fraction)})
            }
            Self::Flag(flag) => json!(flag),
            _ => json!(self.text(labels)),
        }
    }
}

/// An amount for programs.
pub fn money(assets: Assets, unit: &Unit) -> Value {
    json!({"units": assets.get().to_string(), "amount": amount::plain(assets.get(), unit.decimals)})
}

/// A class for people and programs.
pub const fn class_name(class: ClassKind) -> &'static str {
    match class {
        ClassKind::Active => "active",
        ClassKind::Queued => "queued",
    }
}

/// A digest in hexadecimal.
pub fn hex(digest: &Digest) -> String {
    seawall_quote::hex::encode(digest)
}

/// A digest from 64 hexadecimal digits, with or without `0x`; none for anything else.
pub fn digest(text: &str) -> Option<Digest> {
    seawall_quote::hex::decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_and_read_alike() {
        let value: Digest = core::array::from_fn(|index| u8::try_from(index * 8).unwrap());
        assert_eq!(digest(&hex(&value)), Some(value));
        assert_eq!(digest(&format!("0x{}", hex(&value))), Some(value));
        assert_eq!(digest("ab"), None);
        assert_eq!(digest(&"g".repeat(64)), None);
    }
}
