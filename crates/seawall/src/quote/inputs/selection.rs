//! Which files a quote reads, and their bytes.

use std::path::{Path, PathBuf};

use super::{File, Role};
use crate::output::Failure;
use crate::quote::assumptions::Follow;
use crate::quote::shipped;

/// A file that tells of one asset: `BTC=btc.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetFile {
    /// Symbol.
    pub asset: String,
    /// Where it lies.
    pub path: PathBuf,
}

impl AssetFile {
    /// Reads `ASSET=FILE`.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((asset, path)) if !asset.is_empty() && !path.is_empty() => {
                Ok(Self { asset: asset.to_owned(), path: PathBuf::from(path) })
            }
            _ => Err(format!("{text:?} is not ASSET=FILE, such as BTC=btc.csv.gz")),
        }
    }
}

/// A token that is pegged, and what is known of its peg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PegChoice {
    /// A file of its prices.
    File(AssetFile),
    /// Nothing: the documented prior counts.
    Stated(String),
}

impl PegChoice {
    /// Reads `TOKEN=FILE` or `TOKEN=stated`.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let of = AssetFile::parse(text)
            .map_err(|_| format!("{text:?} is not TOKEN=FILE or TOKEN=stated, such as USDC=usdc.csv.gz"))?;
        Ok(if of.path.as_os_str() == "stated" { Self::Stated(of.asset) } else { Self::File(of) })
    }

    fn token(&self) -> &str {
        match self {
            Self::File(of) => &of.asset,
            Self::Stated(token) => token,
        }
    }
}

/// Which files to read.
#[derive(Clone, Debug, Default)]
pub struct Selection<'a> {
    /// Loan book; the shipped snapshot without one.
    pub book: Option<&'a Path>,
    /// Market file of that loan book.
    pub markets: Option<&'a Path>,
    /// Holdings of accounts, under the name of their market; without a loan book they are all that is priced.
    pub accounts: Option<AssetFile>,
    /// Assets of those accounts.
    pub account_assets: Option<&'a Path>,
    /// Day of the shipped snapshot.
    pub date: &'a str,
    /// Table of closes; without it the shipped one, unless there are candles.
    pub prices: Option<&'a Path>,
    /// Candles, a file an asset.
    pub candles: Vec<AssetFile>,
    /// Pegged tokens.
    pub pegs: Vec<PegChoice>,
    /// Depth quotes.
    pub depth: Option<&'a Path>,
    /// Recorded events.
    pub events: Option<&'a Path>,
    /// The markets' own records.
    pub record: Option<&'a Path>,
    /// Which token follows which price; later entries go before earlier ones.
    pub follows: Vec<Follow>,
}

impl Selection<'_> {
    /// Tokens whose peg is stated and not read.
    pub fn stated_pegs(&self) -> Vec<String> {
        let stated = |choice: &PegChoice| match choice {
            PegChoice::Stated(token) => Some(token.clone()),
            PegChoice::File(_) => None,
        };
        self.pegs.iter().filter_map(stated).collect()
    }

    fn check(&self) -> Result<(), Failure> {
        let candles: Vec<&str> = self.candles.iter().map(|of| of.asset.as_str()).collect();
        let pegs: Vec<&str> = self.pegs.iter().map(PegChoice::token).collect();
        for (option, names) in [("--candles", candles), ("--peg", pegs)] {
            if let Some(twice) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name))
            {
                return Err(Failure::input(format!("{option} names {} twice", twice.1))
                    .hint("give one file an asset"));
            }
        }
        Ok(())
    }
}

/// The bytes that a quote reads, and where they came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Table of closes; none where candles stand in its place.
    pub prices: Option<File>,
    /// Candles, a file an asset.
    pub candles: Vec<File>,
    /// Prices of pegged tokens, a file a token.
    pub pegs: Vec<File>,
    /// Depth quotes.
    pub depth: File,
    /// Market file of a loan book of one's own.
    pub markets: Option<File>,
    /// Loan book; none where accounts are all that is priced.
    pub book: Option<File>,
    /// Holdings of accounts, and their assets.
    pub accounts: Option<(File, File)>,
    /// Recorded events.
    pub events: File,
    /// The markets' own records.
    pub record: Option<File>,
}

impl Loaded {
    /// The files in the order of a quote.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let Self { prices, candles, pegs, depth, markets, book, accounts, events, record } = self;
        let closes = prices.iter().chain(candles).chain(pegs);
        let accounts = accounts.iter().flat_map(|(holdings, assets)| [holdings, assets]);
        closes.chain([depth, events]).chain(book).chain(accounts).chain(markets).chain(record)
    }

    /// The files, to be named anew.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut File> {
        let Self { prices, candles, pegs, depth, markets, book, accounts, events, record } = self;
        let closes = prices.iter_mut().chain(candles).chain(pegs);
        let accounts = accounts.iter_mut().flat_map(|(holdings, assets)| [holdings, assets]);
        closes.chain([depth, events]).chain(book).chain(accounts).chain(markets).chain(record)
    }
}

/// Takes the bytes, and looks at nothing in them.
///
/// # Errors
/// A file that cannot be read; a loan book without a market file; two files of one asset.
pub fn load(selection: &Selection<'_>) -> Result<Loaded, Failure> {
    selection.check()?;
    let take = |role, path: Option<&Path>, shipped| match path {
        Some(path) => File::read(role, path),
        None => Ok(File::shipped(role, shipped)),
    };
    let own = |role, path: Option<&Path>| path.map(|path| File::read(role, path)).transpose();
    let of_asset = |role, of: &AssetFile| Ok(File::read(role, &of.path)?.about(&of.asset));
    let markets = match (selection.book, selection.markets) {
        (None, _) => None,
        (Some(_), Some(path)) => Some(File::read(Role::Markets, path)?),
        (Some(_), None) => {
            return Err(Failure::input("a loan book needs its market file")
                .hint("give --markets FILE with bonus, delay and prices of each market"));
        }
    };
    let accounts = match (&selection.accounts, selection.account_assets) {
        (None, _) => None,
        (Some(of), Some(assets)) => {
            Some((of_asset(Role::Accounts, of)?, File::read(Role::AccountAssets, assets)?))
        }
        (Some(_), None) => {
            return Err(Failure::input("accounts need the table of their assets")
                .hint("give --account-assets FILE with price, threshold and bonus of each asset"));
        }
    };
    let pegs = selection.pegs.iter().filter_map(|choice| match choice {
        PegChoice::File(of) => Some(of_asset(Role::Peg, of)),
        PegChoice::Stated(_) => None,
    });
    Ok(Loaded {
        prices: match selection.prices {
            None if !selection.candles.is_empty() => None,
            path => Some(take(Role::Prices, path, shipped::PRICES)?),
        },
        candles: selection
            .candles
            .iter()
            .map(|of| of_asset(Role::Candles, of))
            .collect::<Result<_, Failure>>()?,
        pegs: pegs.collect::<Result<_, Failure>>()?,
        depth: take(Role::Depth, selection.depth, shipped::DEPTH)?,
        markets,
        book: match (selection.book, &accounts) {
            (None, Some(_)) => None,
            (path, _) => Some(take(Role::LoanBook, path, shipped::BORROWERS)?),
        },
        accounts,
        events: take(Role::Events, selection.events, shipped::EVENTS)?,
        record: own(Role::Record, selection.record)?,
    })
}
