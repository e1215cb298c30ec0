//! What a quote is made from: loan book, price history, depth, and where each came from.
//!
//! [`role`] says what a file is for, [`mod@source`] holds its bytes and digest, [`selection`] which files there are;
//! [`closes`] reads prices and pegs, [`book`] the markets, [`track`] joins the two.

pub mod accounts;
pub mod book;
pub mod closes;
pub mod role;
pub mod selection;
pub mod source;
pub mod track;

use std::path::{Path, PathBuf};

use seawall_actuary::price::PriceHistory;
use seawall_formats::bad_debt_events::{BadDebtEvent, read_events};
use seawall_formats::crvusd::Exclusions;
use seawall_formats::depth_quotes::{DepthCurve, read_depth};
use seawall_formats::market_record::{MarketRecord, read_market_record};

pub use book::{Insured, Markets};
pub use closes::{Closes, PegData, PegInput, Quality};
pub use role::Role;
pub use selection::{AssetFile, Loaded, PegChoice, Selection, load};
pub use source::{File, Origin, read_file, unreadable};
pub use track::Track;

use super::assumptions::Follow;
use crate::output::Failure;

/// Everything a quote reads.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Closes of all assets on one clock.
    pub history: PriceHistory,
    /// Pegged tokens.
    pub pegs: Vec<PegInput>,
    /// What was found in the files of prices.
    pub quality: Quality,
    /// The markets, in the order of the book.
    pub insured: Vec<Insured>,
    /// Loans that were left out, market by market.
    pub exclusions: Exclusions,
    /// Impact curves.
    pub curves: Vec<DepthCurve>,
    /// Recorded events.
    pub events: Vec<BadDebtEvent>,
    /// The markets' own records.
    pub records: Vec<MarketRecord>,
    /// Day or moment of the book.
    pub snapshot: String,
    /// What was assumed by the reader of the book.
    pub assumptions: Vec<String>,
    /// Files and digests.
    pub origins: Vec<Origin>,
    /// Day of the shipped snapshot; none for a book of one's own.
    pub date: Option<String>,
    /// Which token follows which price, as selected.
    pub follows: Vec<Follow>,
    /// Tokens whose peg is stated, as selected.
    pub stated_pegs: Vec<String>,
}

/// Reads everything.
///
/// # Errors
/// A file that cannot be read or makes no sense; a token without a price.
pub fn read(selection: &Selection<'_>) -> Result<Inputs, Failure> {
    understand(&load(selection)?, selection)
}

/// Reads what was loaded.
///
/// # Errors
/// A file that makes no sense; a token without a price.
pub fn understand(loaded: &Loaded, selection: &Selection<'_>) -> Result<Inputs, Failure> {
    let closes = closes::closes(loaded, selection)?;
    let mut markets = match (&loaded.book, &loaded.markets) {
        (None, _) => Markets::default(),
        (Some(book), None) => book::snapshot(book, selection, &closes)?,
        (Some(book), Some(terms)) => book::from_file(book, terms, selection, &closes)?,
    };
    if let Some((holdings, assets)) = &loaded.accounts {
        markets.push(accounts::read(holdings, assets, selection, &closes)?, holdings)?;
    }
    Ok(Inputs {
        insured: markets.insured,
        exclusions: markets.exclusions,
        snapshot: markets.snapshot,
        assumptions: markets.assumptions,
        curves: read_depth(loaded.depth.source()).map_err(unreadable)?,
        events: read_events(loaded.events.source()).map_err(unreadable)?,
        records: match &loaded.record {
            Some(record) => read_market_record(record.source()).map_err(unreadable)?,
            None => Vec::new(),
        },
        origins: loaded.files().map(|file| file.origin.clone()).collect(),
        date: (loaded.book.is_some() && loaded.markets.is_none()).then(|| selection.date.to_owned()),
        follows: selection.follows.clone(),
        stated_pegs: selection.stated_pegs(),
        history: closes.history,
        pegs: closes.pegs,
        quality: closes.quality,
    })
}

/// A path as an option's value.
pub fn as_path(path: &Option<PathBuf>) -> Option<&Path> {
    path.as_deref()
}
