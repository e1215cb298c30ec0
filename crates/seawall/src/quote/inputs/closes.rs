//! The price history from a table, from candles or from both, what is known of pegged tokens, and how good the data are.

use seawall_actuary::price::PriceHistory;
use seawall_formats::candles::{
    CandleOptions, CandleReport, CandleSeries, join, join_beside, read_candles_of,
};
use seawall_formats::price_table::{AssetGaps, read_prices};

use super::{File, Loaded, Selection, unreadable};
use crate::output::Failure;
use crate::quote::assumptions::AT_PAR;

/// What was found in the files of prices.
#[derive(Clone, Debug, Default)]
pub struct Quality {
    /// Hours without a close in the table.
    pub table: Vec<AssetGaps>,
    /// Candles, a report an asset, those of pegged tokens last.
    pub candles: Vec<CandleReport>,
}

/// What is known of a token's peg.
#[derive(Clone, Debug, PartialEq)]
pub enum PegData {
    /// Closes in units of what it is pegged to; the column has the token's name.
    Closes(PriceHistory),
    /// A column of the price history of its own name, in the quote currency.
    Column,
    /// Nothing: the documented prior counts.
    Stated,
}

/// A pegged token.
#[derive(Clone, Debug, PartialEq)]
pub struct PegInput {
    /// Symbol.
    pub token: String,
    /// What is known of it.
    pub data: PegData,
}

/// Everything that the files of prices hold.
#[derive(Clone, Debug)]
pub struct Closes {
    /// All columns on one clock.
    pub history: PriceHistory,
    /// Pegged tokens.
    pub pegs: Vec<PegInput>,
    /// What was found.
    pub quality: Quality,
}

/// Reads the files of prices.
///
/// # Errors
/// A file that makes no sense; files that do not fit on one clock, or have one asset twice.
pub fn closes(loaded: &Loaded, selection: &Selection<'_>) -> Result<Closes, Failure> {
    let mut quality = Quality::default();
    let mut series = Vec::new();
    for file in &loaded.candles {
        let one = candles(file)?;
        quality.candles.push(one.report.clone());
        series.push(one);
    }
    let history = match &loaded.prices {
        None => join(&series),
        Some(file) => {
            let table = read_prices(file.source()).map_err(unreadable)?;
            quality.table = table.gaps;
            match series.is_empty() {
                true => Ok(table.history),
                false => join_beside(&table.history, &file.origin.name, &series),
            }
        }
    }
    .map_err(unreadable)?;
    let mut pegs = Vec::new();
    for file in &loaded.pegs {
        let one = candles(file)?;
        let data = PegData::Closes(join(std::slice::from_ref(&one)).map_err(unreadable)?);
        pegs.push(PegInput { token: one.asset, data });
        quality.candles.push(one.report);
    }
    let stated = selection.stated_pegs().into_iter();
    pegs.extend(stated.map(|token| PegInput { token, data: PegData::Stated }));
    // A known dollar token never moves like the others: a column of its own tells of its peg.
    for column in &history.assets {
        let told = pegs.iter().any(|peg| peg.token == *column)
            || selection.follows.iter().any(|follow| follow.symbol == *column);
        if AT_PAR.contains(&column.as_str()) && !told {
            pegs.push(PegInput { token: column.clone(), data: PegData::Column });
        }
    }
    Ok(Closes { history, pegs, quality })
}

/// The candles of the asset that a file tells of.
fn candles(file: &File) -> Result<CandleSeries, Failure> {
    let asset = file.origin.asset.as_deref().unwrap_or_default();
    read_candles_of(|| file.source(), asset, &CandleOptions::default()).map_err(unreadable)
}
