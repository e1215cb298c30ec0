//! What a quote is made from: loan book, price history, depth, and where each came from. Files are read whole, so
//! that their digest is that of the bytes that were priced.

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use seawall_actuary::book::{Book, Market};
use seawall_actuary::price::PriceHistory;
use seawall_formats::bad_debt_events::{BadDebtEvent, read_events};
use seawall_formats::crvusd::{self, Exclusions, MarketExclusions, Tally, read_crvusd};
use seawall_formats::depth_quotes::{DepthCurve, read_depth};
use seawall_formats::loan_book::{LoanBookOptions, read_loan_book};
use seawall_formats::market_record::{MarketRecord, read_market_record};
use seawall_formats::market_terms::{MarketTable, read_market_terms};
use seawall_formats::price_table::read_prices;
use seawall_formats::{FormatError, Source};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::assumptions::{AT_PAR, Follow};
use super::{shipped, windows};
use crate::output::Failure;

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Hourly closes.
    #[serde(rename = "hourly closes")]
    Prices,
    /// Sale quotes.
    #[serde(rename = "depth quotes")]
    Depth,
    /// Terms of the markets of a loan book.
    #[serde(rename = "market file")]
    Markets,
    /// Loans.
    #[serde(rename = "loan book")]
    LoanBook,
    /// Recorded events of bad debt.
    #[serde(rename = "events")]
    Events,
    /// The markets' own records.
    #[serde(rename = "record")]
    Record,
}

impl Role {
    /// Its name, for people and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prices => "hourly closes",
            Self::Depth => "depth quotes",
            Self::Markets => "market file",
            Self::LoanBook => "loan book",
            Self::Events => "events",
            Self::Record => "record",
        }
    }

    /// The option that names another file.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Prices => "--prices",
            Self::Depth => "--depth",
            Self::Markets => "--markets",
            Self::LoanBook => "--book",
            Self::Events => "--events",
            Self::Record => "--record",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.name())
    }
}

/// One input and the digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What it is.
    pub what: Role,
    /// Path as given, or that of the shipped file in the repository.
    pub name: String,
    /// The program carries it.
    pub shipped: bool,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// Number of bytes.
    pub bytes: u64,
    /// Lines below the first, unpacked; not counted where the file is shipped.
    pub rows: Option<u64>,
}

/// One market to be priced.
#[derive(Clone, Debug, PartialEq)]
pub struct Insured {
    /// Its loans.
    pub market: Market,
    /// The price its collateral follows.
    pub follow: Follow,
    /// The price its debt follows; none where it is taken at par.
    pub debt_follow: Option<Follow>,
    /// Price of a collateral token, quote currency.
    pub collateral_price: f64,
    /// Price of a debt token, quote currency.
    pub debt_price: f64,
    /// What a liquidator is paid, fraction.
    pub bonus: f64,
    /// Hours from threshold to sale in calm times, where the market file states it.
    pub delay_hours: Option<f64>,
    /// Its loans lie in bands, as those of crvUSD do.
    pub bands: bool,
}

/// Everything a quote reads.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Hourly closes.
    pub history: PriceHistory,
    /// The markets, in the order of the book.
    pub insured: Vec<Insured>,
    /// Loans that were left out, market by market, where the reader leaves any out.
    pub exclusions: Option<Exclusions>,
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
}

/// Which files to read.
#[derive(Clone, Debug, Default)]
pub struct Selection<'a> {
    /// Loan book; the shipped snapshot without one.
    pub book: Option<&'a Path>,
    /// Market file of that loan book.
    pub markets: Option<&'a Path>,
    /// Day of the shipped snapshot.
    pub date: &'a str,
    /// Price history.
    pub prices: Option<&'a Path>,
    /// Depth quotes.
    pub depth: Option<&'a Path>,
    /// Recorded events.
    pub events: Option<&'a Path>,
    /// The markets' own records.
    pub record: Option<&'a Path>,
    /// Which token follows which price; later entries go before earlier ones.
    pub follows: Vec<Follow>,
}

/// The bytes that a quote reads, and where they came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Price history.
    pub prices: File,
    /// Depth quotes.
    pub depth: File,
    /// Market file of a loan book of one's own.
    pub markets: Option<File>,
    /// Loan book.
    pub book: File,
    /// Recorded events.
    pub events: File,
    /// The markets' own records.
    pub record: Option<File>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it came from.
    pub origin: Origin,
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
}

impl File {
    fn source(&self) -> Source<'_> {
        Source::new(self.origin.name.clone(), &self.bytes[..])
    }
}

impl Loaded {
    /// The files in the order of a quote.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let Self { prices, depth, markets, book, events, record } = self;
        let own = [markets.as_ref(), record.as_ref()].into_iter().flatten();
        [prices, depth, events, book].into_iter().chain(own)
    }
}

impl Loaded {
    /// The files, to be named anew.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut File> {
        let Self { prices, depth, markets, book, events, record } = self;
        let own = [markets.as_mut(), record.as_mut()].into_iter().flatten();
        [prices, depth, events, book].into_iter().chain(own)
    }
}

/// Reads everything.
///
/// # Errors
/// A file that cannot be read or makes no sense; a token without a price.
pub fn read(selection: &Selection<'_>) -> Result<Inputs, Failure> {
    understand(&load(selection)?, selection)
}

/// Takes the bytes, and looks at nothing in them.
///
/// # Errors
/// A file that cannot be read; a loan book without a market file.
pub fn load(selection: &Selection<'_>) -> Result<Loaded, Failure> {
    let markets = match (selection.book, selection.markets) {
        (None, _) => None,
        (Some(_), Some(path)) => Some(take(Role::Markets, Some(path), shipped::BORROWERS)?),
        (Some(_), None) => {
            return Err(Failure::input("a loan book needs its market file")
                .hint("give --markets FILE with bonus, delay and prices of each market"));
        }
    };
    Ok(Loaded {
        prices: take(Role::Prices, selection.prices, shipped::PRICES)?,
        depth: take(Role::Depth, selection.depth, shipped::DEPTH)?,
        markets,
        book: take(Role::LoanBook, selection.book, shipped::BORROWERS)?,
        events: take(Role::Events, selection.events, shipped::EVENTS)?,
        record: match selection.record {
            Some(path) => Some(take(Role::Record, Some(path), shipped::EVENTS)?),
            None => None,
        },
    })
}

/// Reads what was loaded.
///
/// # Errors
/// A file that makes no sense; a token without a price.
pub fn understand(loaded: &Loaded, selection: &Selection<'_>) -> Result<Inputs, Failure> {
    let history = read_prices(loaded.prices.source()).map_err(unreadable)?.history;
    let curves = read_depth(loaded.depth.source()).map_err(unreadable)?;
    let origins = loaded.files().map(|file| file.origin.clone()).collect();
    let mut inputs = match &loaded.markets {
        None => snapshot(loaded, selection, history, curves, origins),
        Some(terms) => from_file(loaded, terms, selection, history, curves, origins),
    }?;
    inputs.events = read_events(loaded.events.source()).map_err(unreadable)?;
    if let Some(record) = &loaded.record {
        inputs.records = read_market_record(record.source()).map_err(unreadable)?;
    }
    Ok(inputs)
}

/// The shipped crvUSD snapshot of a day.
fn snapshot(
    loaded: &Loaded,
    selection: &Selection<'_>,
    history: PriceHistory,
    curves: Vec<DepthCurve>,
    origins: Vec<Origin>,
) -> Result<Inputs, Failure> {
    let made = read_crvusd(loaded.book.source(), selection.date, &history).map_err(unreadable)?;
    // The liquidator receives the whole collateral for the debt when the discounted value equals it.
    let bonus = crvusd::LIQUIDATION_DISCOUNT / (1.0 - crvusd::LIQUIDATION_DISCOUNT);
    let insured = made.book.markets.into_iter().zip(made.collateral_prices).map(|(market, price)| {
        let follow = follow(&selection.follows, &history, &market.collateral_asset)?;
        Ok(Insured {
            market,
            follow,
            debt_follow: None,
            collateral_price: price,
            debt_price: made.debt_price,
            bonus,
            delay_hours: None,
            bands: true,
        })
    });
    Ok(Inputs {
        insured: insured.collect::<Result<_, Failure>>()?,
        history,
        exclusions: Some(made.exclusions),
        curves,
        events: Vec::new(),
        records: Vec::new(),
        snapshot: windows::minute(made.time),
        assumptions: made.assumptions.iter().map(|&text| text.to_owned()).collect(),
        origins,
        date: Some(selection.date.to_owned()),
        follows: selection.follows.clone(),
    })
}

/// A loan book with its market file.
fn from_file(
    loaded: &Loaded,
    terms: &File,
    selection: &Selection<'_>,
    history: PriceHistory,
    curves: Vec<DepthCurve>,
    origins: Vec<Origin>,
) -> Result<Inputs, Failure> {
    let terms = read_market_terms(terms.source()).map_err(unreadable)?;
    let options = LoanBookOptions { markets: Some(&terms), assets: None };
    let book: Book = read_loan_book(loaded.book.source(), &options).map_err(unreadable)?;
    let mut assumptions = Vec::new();
    let mut exclusions = Exclusions::default();
    let mut insured = Vec::new();
    for market in book.markets {
        let mut one = one_market(market, &terms, selection, &history, &mut assumptions)?;
        exclusions.markets.push(leave_out_broken(&mut one)?);
        insured.push(one);
    }
    Ok(Inputs {
        insured,
        snapshot: format!("as in {}", loaded.book.origin.name),
        history,
        exclusions: Some(exclusions),
        curves,
        events: Vec::new(),
        records: Vec::new(),
        assumptions,
        origins,
        date: None,
        follows: selection.follows.clone(),
    })
}

fn one_market(
    market: Market,
    terms: &MarketTable,
    selection: &Selection<'_>,
    history: &PriceHistory,
    assumptions: &mut Vec<String>,
) -> Result<Insured, Failure> {
    let Some(terms) = terms.get(&market.name) else {
        return Err(Failure::input(format!("market {} is not in {}", market.name, terms.file())));
    };
    let follow = follow(&selection.follows, history, &market.collateral_asset)?;
    let collateral_price = match terms.collateral_price {
        Some(price) => price,
        None => follow.ratio * last_close(history, &follow.column)?,
    };
    let mut assume = |sentence: String| {
        if !assumptions.contains(&sentence) {
            assumptions.push(sentence);
        }
    };
    if follow.symbol != follow.column {
        assume(format!("{} = {} x {}", follow.symbol, follow.ratio, follow.column));
    }
    if terms.collateral_price.is_none() {
        assume(format!("price of {}: last close of {}", follow.symbol, follow.column));
    }
    let debt_follow = self::follow(&selection.follows, history, &market.debt_asset).ok();
    let debt_price = match (terms.debt_price, &debt_follow) {
        (Some(price), _) => price,
        (None, Some(follow)) => follow.ratio * last_close(history, &follow.column)?,
        (None, None) if AT_PAR.contains(&market.debt_asset.as_str()) => 1.0,
        (None, None) => {
            return Err(Failure::input(format!(
                "market {}: no price of the debt asset {}",
                market.name, market.debt_asset
            ))
            .hint("give debt_price in the market file, or --follow TOKEN=COLUMN"));
        }
    };
    if debt_follow.is_none() {
        assume(format!("1 {} = {debt_price} of the quote currency throughout", market.debt_asset));
    }
    Ok(Insured {
        market,
        follow,
        debt_follow,
        collateral_price,
        debt_price,
        bonus: terms.liquidation_bonus,
        delay_hours: Some(terms.delay_seconds as f64 / 3600.0),
        bands: false,
    })
}

/// Leaves out the loans that are past their threshold at the opening: what becomes of them is no risk of the
/// future. They are counted, as those of the shipped snapshot are.
fn leave_out_broken(insured: &mut Insured) -> Result<MarketExclusions, Failure> {
    let (collateral_price, debt_price) = (insured.collateral_price, insured.debt_price);
    let market = &mut insured.market;
    let tally = |market: &Market| Tally { loans: market.loans() as u64, debt: market.debt() * debt_price };
    let all = tally(market);
    let sound = market.positions.iter().map(|loan| !loan.is_liquidatable(collateral_price, debt_price));
    let keep: Vec<bool> = sound.collect();
    let mut flags = keep.iter();
    market.positions.retain(|_| flags.next().copied().unwrap_or(true));
    let mut flags = keep.iter();
    market.accounts.retain(|_| flags.next().copied().unwrap_or(true));
    if market.positions.is_empty() {
        return Err(Failure::input(format!(
            "market {}: every loan is past its threshold at collateral price {collateral_price}",
            market.name
        ))
        .hint("check collateral_price and liquidation_threshold in the market file"));
    }
    let kept = tally(market);
    let above_threshold = Tally { loans: all.loans - kept.loans, debt: all.debt - kept.debt };
    Ok(MarketExclusions { market: market.name.clone(), all, above_threshold, dust: Tally::default(), kept })
}

/// The price a token follows: as told, as known, or a column of its own name.
fn follow(follows: &[Follow], history: &PriceHistory, symbol: &str) -> Result<Follow, Failure> {
    let told = follows.iter().rev().find(|follow| follow.symbol == symbol).cloned();
    let found = told.or_else(|| {
        let own = history.assets.iter().any(|asset| asset == symbol);
        own.then(|| Follow { symbol: symbol.to_owned(), column: symbol.to_owned(), ratio: 1.0 })
    });
    match found {
        Some(follow) if history.assets.contains(&follow.column) => Ok(follow),
        Some(follow) => Err(Failure::input(format!(
            "{symbol} follows {}, which is no column of the price history ({})",
            follow.column,
            history.assets.join(", ")
        ))
        .hint("give a history that has it with --prices")),
        None => Err(Failure::input(format!("no price is known for {symbol}"))
            .hint(format!("say which column it follows, such as --follow {symbol}={}", first(history)))),
    }
}

fn first(history: &PriceHistory) -> &str {
    history.assets.first().map_or("ETH", String::as_str)
}

fn last_close(history: &PriceHistory, column: &str) -> Result<f64, Failure> {
    let closes = history.closes_of(column).map_err(Failure::input)?;
    let last = closes.iter().rev().copied().find(|close| !close.is_nan());
    last.ok_or_else(|| Failure::input(format!("every close of {column} is missing")))
}

/// The bytes of a file, or those shipped, and a note of where they came from.
fn take(what: Role, path: Option<&Path>, shipped: (&'static str, &'static [u8])) -> Result<File, Failure> {
    let (name, bytes) = match path {
        None => (shipped.0.to_owned(), Cow::Borrowed(shipped.1)),
        Some(path) => (path.display().to_string(), Cow::Owned(read_file(path)?)),
    };
    let rows = path.is_some().then(|| rows(&bytes));
    let digest = Sha256::digest(&bytes).into();
    let origin = Origin { what, name, shipped: path.is_none(), digest, bytes: bytes.len() as u64, rows };
    Ok(File { origin, bytes })
}

/// Lines below the first, unpacked where the bytes are gzip; those before the damage where it is damaged.
fn rows(bytes: &[u8]) -> u64 {
    let (mut lines, mut last) = (0, b'\n');
    let mut count = |part: &[u8]| {
        lines += part.iter().filter(|&&byte| byte == b'\n').count() as u64;
        last = part.last().copied().unwrap_or(last);
    };
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let (mut reader, mut part) = (MultiGzDecoder::new(bytes), vec![0; 1 << 16]);
        while let Ok(read @ 1..) = reader.read(&mut part) {
            count(&part[..read]);
        }
    } else {
        count(bytes);
    }
    // A last line without an end counts, the header does not.
    (lines + u64::from(last != b'\n')).saturating_sub(1)
}

/// The bytes of a file.
///
/// # Errors
/// It cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::input(format!("{}: {error}", path.display())).hint("check the path and its permissions")
    })
}

/// A reader's refusal as a failure of the command.
pub fn unreadable(error: FormatError) -> Failure {
    let hint = error.hint();
    Failure::input(error).hint(hint)
}

/// A path as an option's value.
pub fn as_path(path: &Option<PathBuf>) -> Option<&Path> {
    path.as_deref()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn rows_are_lines_below_the_header() {
        for (text, expected) in
            [("", 0), ("a", 0), ("a\n", 0), ("a\nb", 1), ("a\nb\n", 1), ("a\nb\n\nc\n", 3)]
        {
            assert_eq!(rows(text.as_bytes()), expected, "{text:?}");
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(text.as_bytes()).unwrap();
            assert_eq!(rows(&packed.finish().unwrap()), expected, "{text:?} packed");
        }
    }

    #[test]
    fn roles_are_written_by_their_names() {
        for role in [Role::Prices, Role::Depth, Role::Markets, Role::LoanBook] {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
    }
}
