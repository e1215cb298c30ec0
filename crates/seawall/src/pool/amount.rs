//! Amounts as people write them: decimals of the pool's asset, read exactly or refused. Units: an amount is held
//! in the asset's smallest unit, a share in a thousandth of that, a fraction in millionths.

use seawall_engine::SHARES_PER_ASSET;
use seawall_fixed::{Assets, Ppm, Shares};
use serde::{Deserialize, Serialize};

use crate::output::{Failure, grouped};

/// Most decimals an asset may have: with 18 the largest amount is still 3.4e20 whole tokens.
pub const DECIMALS_MAX: u8 = 18;

/// The settlement token as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its symbol, such as USDC.
    pub symbol: String,
    /// Digits after the point.
    pub decimals: u8,
}

impl Unit {
    /// Reads a decimal amount, such as `1,250.50`; commas may only stand between groups of three digits.
    ///
    /// # Errors
    /// Not a number, negative, more decimals than the asset has, or above 2^128 - 1; the message names `field`.
    pub fn assets(&self, field: &str, text: &str) -> Result<Assets, Failure> {
        parse(field, text, self.decimals, &self.symbol).map(Assets::new)
    }

    /// Reads a number of active shares: three more decimals than the asset, so that the first share of a tranche
    /// is worth one token.
    ///
    /// # Errors
    /// As [`Unit::assets`].
    pub fn shares(&self, field: &str, text: &str) -> Result<Shares, Failure> {
        parse(field, text, self.share_decimals(), "shares").map(Shares::new)
    }

    /// Decimals of active shares and of units of the mutual layer.
    pub const fn share_decimals(&self) -> u8 {
        self.decimals + SHARES_PER_ASSET.ilog10() as u8
    }

    /// An amount with its symbol: `1,250.50 USDC`.
    pub fn money(&self, assets: Assets) -> String {
        format!("{} {}", self.number(assets), self.symbol)
    }

    /// An amount without its symbol, for columns that name it in the header.
    pub fn number(&self, assets: Assets) -> String {
        pretty(assets.get(), self.decimals)
    }

    /// Active shares or units.
    pub fn share_count(&self, shares: Shares) -> String {
        pretty(shares.get(), self.share_decimals())
    }

    /// Queued shares: one for each smallest unit of the asset at first.
    pub fn queued_count(&self, shares: Shares) -> String {
        pretty(shares.get(), self.decimals)
    }
}

/// `units` as an exact decimal without separators, for JSON and files: `1250.500000`.
pub fn plain(units: u128, decimals: u8) -> String {
    let digits = format!("{units:0>width$}", width = usize::from(decimals) + 1);
    let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

/// `units` as an exact decimal without separators and without zeros at its end: `1250.5`.
pub fn trimmed(units: u128, decimals: u8) -> String {
    let text = plain(units, decimals);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `units` for people: groups of three, at least two decimals where the unit has them, no zeros after that.
fn pretty(units: u128, decimals: u8) -> String {
    let text = plain(units, decimals);
    let Some((_, part)) = text.split_once('.') else { return grouped(units) };
    let scale = 10_u128.checked_pow(u32::from(decimals)).map_or(0, |scale| units / scale);
    let kept = part.trim_end_matches('0').len().max(2.min(part.len()));
    format!("{}.{}", grouped(scale), &part[..kept])
}

/// Reads a fraction such as `0.25`, or a percentage such as `25%`, in millionths.
///
/// # Errors
/// Not a number, or finer than a millionth; the message names `field`.
pub fn fraction(field: &str, text: &str) -> Result<Ppm, Failure> {
    let (digits, decimals) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent, 4),
        None => (text, 6),
    };
    let millionths = parse(field, digits, decimals, "a fraction")?;
    let millionths = u32::try_from(millionths)
        .map_err(|_| Failure::input(format!("{field}: {text} is too large for a fraction")))?;
    Ok(Ppm::new(millionths))
}

/// A fraction as a decimal: 250,000 millionths are `0.25`.
pub fn fraction_text(fraction: Ppm) -> String {
    trimmed(u128::from(fraction.get()), 6)
}

/// A fraction as a percentage with two decimals at least: `12.50 %`.
pub fn percent_text(fraction: Ppm) -> String {
    format!("{} %", pretty(u128::from(fraction.get()), 4))
}

/// Reads an exact decimal with at most `decimals` digits after the point.
///
/// # Errors
/// What is wrong, beginning with `field`.
pub fn parse(field: &str, text: &str, decimals: u8, unit: &str) -> Result<u128, Failure> {
    let bad = |why: &str| Failure::input(format!("{field}: {text:?} {why}"));
    let number = text.trim();
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.starts_with('-') {
        return Err(bad("is negative"));
    }
    if !groups_are_right(whole) {
        return Err(bad("is no decimal number").hint("write it like 1250.50 or 1,250.50"));
    }
    if whole.is_empty() || (number.contains('.') && part.is_empty()) {
        return Err(bad("is no decimal number").hint("write it like 1250.50 or 1,250.50"));
    }
    let digits: String = whole.chars().filter(|digit| *digit != ',').chain(part.chars()).collect();
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(bad("is no decimal number").hint("write it like 1250.50 or 1,250.50"));
    }
    if part.len() > usize::from(decimals) {
        let why = format!("has {} decimals, {unit} has {decimals}", part.len());
        return Err(bad(&why).hint("nothing is rounded: give an amount that exists"));
    }
    let padded = format!("{digits}{}", "0".repeat(usize::from(decimals) - part.len()));
    padded.parse().map_err(|_| bad("is above the largest amount, 2^128 - 1 smallest units"))
}

/// True when commas, if any, separate groups of three digits.
fn groups_are_right(whole: &str) -> bool {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    rest.is_empty() || ((1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usdc() -> Unit {
        Unit { symbol: "USDC".to_owned(), decimals: 6 }
    }

    #[test]
    fn amounts_are_read_exactly_and_printed_back() {
        for (text, units, shown) in [
            ("1,250.50", 1_250_500_000, "1,250.50 USDC"),
            ("1250.5", 1_250_500_000, "1,250.50 USDC"),
            ("0.000001", 1, "0.000001 USDC"),
            ("12,345,678", 12_345_678_000_000, "12,345,678.00 USDC"),
            ("0", 0, "0.00 USDC"),
        ] {
            let assets = usdc().assets("--amount", text).unwrap();
            assert_eq!(assets.get(), units, "{text}");
            assert_eq!(usdc().money(assets), shown);
        }
        assert_eq!(usdc().money(Assets::MAX), "340,282,366,920,938,463,463,374,607,431,768.211455 USDC");
    }

    #[test]
    fn what_does_not_exist_is_refused_by_name() {
        let bad = [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e6",
            "1,25",
            "1,2500",
            ",100",
            "1.2.3",
            "0x10",
            "1.0000001",
            "٣",
            "400000000000000000000000000000000000000",
        ];
        for text in bad {
            let failure = usdc().assets("--amount", text).unwrap_err();
            assert!(format!("{failure:?}").contains("--amount"), "{text:?}: {failure:?}");
        }
    }

    #[test]
    fn an_asset_without_decimals_and_one_with_many() {
        let points = Unit { symbol: "P".to_owned(), decimals: 0 };
        assert_eq!(points.assets("x", "1,000").unwrap().get(), 1000);
        assert!(points.assets("x", "1.0").is_err());
        assert_eq!(points.money(Assets::new(1000)), "1,000 P");
        assert_eq!(trimmed(1000, 0), "1000");
        let ether = Unit { symbol: "WETH".to_owned(), decimals: 18 };
        assert_eq!(ether.assets("x", "0.000000000000000001").unwrap().get(), 1);
        assert_eq!(ether.money(Assets::new(1)), "0.000000000000000001 WETH");
        assert_eq!(plain(5, 2), "0.05");
    }

    #[test]
    fn fractions_and_percentages_are_the_same_number() {
        assert_eq!(fraction("x", "0.125").unwrap(), Ppm::new(125_000));
        assert_eq!(fraction("x", "12.5%").unwrap(), Ppm::new(125_000));
        assert!(fraction("x", "0.0000001").is_err());
        assert!(fraction("x", "5000").is_err());
        assert_eq!(fraction_text(Ppm::new(125_000)), "0.125");
        assert_eq!(fraction_text(Ppm::ONE), "1");
        assert_eq!(percent_text(Ppm::new(125_000)), "12.50 %");
    }
}
