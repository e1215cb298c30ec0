//! The market file: one row a market, as CSV or as a JSON list of objects (told by the first letter).
//!
//! | column or key | meaning |
//! |---|---|
//! | `market` | name, unique |
//! | `collateral_asset`, `debt_asset` | symbols |
//! | `liquidation_threshold` | fraction in (0, 1); may be missing where every row of the loan book has one |
//! | `liquidation_bonus` | what a liquidator gets on top, fraction in [0, 1) |
//! | `delay_seconds` | time from crossing the threshold to the sale, whole seconds |
//! | `collateral_price`, `debt_price` | optional, in one common quote currency, above 0 |
//!
//! In CSV an optional value is an empty cell, in JSON it is `null` or absent.

mod csv_reader;
mod json_reader;

use std::io::Read;

use crate::error::{FormatError, Place};
use crate::field::shown;
use crate::source::{Plain, Source, read_error};

/// What the market file says about one market.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketTerms {
    /// Name of the market.
    pub market: String,
    /// Symbol of the collateral asset.
    pub collateral_asset: String,
    /// Symbol of the debt asset.
    pub debt_asset: String,
    /// Liquidation threshold of loans that have none of their own, fraction in (0, 1).
    pub liquidation_threshold: Option<f64>,
    /// Bonus of the liquidator, fraction in [0, 1).
    pub liquidation_bonus: f64,
    /// Seconds from crossing the threshold to the sale.
    pub delay_seconds: u64,
    /// Price of a collateral token, in the common quote currency.
    pub collateral_price: Option<f64>,
    /// Price of a debt token, in the common quote currency.
    pub debt_price: Option<f64>,
    /// Line of the file (in JSON: number of the entry), from 1.
    pub line: u64,
}

/// The markets of a market file, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketTable {
    file: String,
    terms: Vec<MarketTerms>,
}

impl MarketTable {
    /// Name of the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The markets.
    #[must_use]
    pub fn terms(&self) -> &[MarketTerms] {
        &self.terms
    }

    /// The market of this name.
    #[must_use]
    pub fn get(&self, market: &str) -> Option<&MarketTerms> {
        self.terms.iter().find(|terms| terms.market == market)
    }
}

/// Columns and keys, and whether each must be there.
pub(crate) const COLUMNS: [(&str, bool); 8] = [
    ("market", true),
    ("collateral_asset", true),
    ("debt_asset", true),
    ("liquidation_threshold", false),
    ("liquidation_bonus", true),
    ("delay_seconds", true),
    ("collateral_price", false),
    ("debt_price", false),
];

/// Most markets of one file: each is looked up by name.
const MARKETS_MAX: u64 = 10_000;

/// Longest JSON text, in bytes.
const JSON_BYTES_MAX: u64 = 16 << 20;

/// What a delay must be: at most ten years, so that times can be added without overflow.
const DELAY: &str = "whole seconds from 0 to 315360000";

/// Reads a market file.
///
/// # Errors
/// Any [`FormatError`] of tables, [`FormatError::Json`], and [`FormatError::Duplicate`] for a repeated market.
pub fn read_market_terms(source: Source<'_>) -> Result<MarketTable, FormatError> {
    let Plain { name, mut bytes, gzip, mut limits } = source.plain()?;
    limits.rows_max = limits.rows_max.min(MARKETS_MAX);
    let mut head = Vec::new();
    // The first letter that is no blank tells the two forms apart; no file begins with this many blanks.
    if let Err(source) = bytes.by_ref().take(1024).read_to_end(&mut head) {
        return Err(read_error(Place::file(&name), gzip, source));
    }
    let json =
        head.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| matches!(byte, b'[' | b'{'));
    let whole = Box::new(std::io::Cursor::new(head).chain(bytes));
    let plain = Plain { name, bytes: whole, gzip, limits };
    let table = if json { json_reader::read(plain)? } else { csv_reader::read(plain)? };
    for (index, terms) in table.terms.iter().enumerate() {
        if let Some(first) = table.terms[..index].iter().find(|other| other.market == terms.market) {
            return Err(FormatError::Duplicate {
                at: Place::field(&table.file, terms.line, "market"),
                what: "market",
                found: shown(&terms.market),
                first_line: first.line,
            });
        }
    }
    Ok(table)
}

/// Seconds of delay.
fn delay(text: &str) -> Result<u64, &'static str> {
    match text.parse::<u64>() {
        Ok(seconds) if seconds <= 315_360_000 => Ok(seconds),
        _ => Err(DELAY),
    }
}
