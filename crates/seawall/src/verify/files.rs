//! The files of a quote: where they are now, and whether they are those that were priced.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::difference::{Difference, Kind};
use crate::output::Failure;
use crate::quote::assumptions::Follow;
use crate::quote::inputs::{AssetFile, Loaded, PegChoice, Role, Selection};
use crate::quote::request::{FileEntry, QuoteRequest};

/// Files that are no longer where the quote says.
#[derive(clap::Args, Debug, Default)]
pub struct Moved {
    /// Loan book.
    #[arg(long, value_name = "FILE")]
    book: Option<PathBuf>,
    /// Market file of the loan book.
    #[arg(long, value_name = "FILE")]
    markets: Option<PathBuf>,
    /// Hourly closes.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Candles of one asset. Can be repeated.
    #[arg(long, value_name = "ASSET=FILE", value_parser = AssetFile::parse)]
    candles: Vec<AssetFile>,
    /// Prices of one pegged token. Can be repeated.
    #[arg(long, value_name = "TOKEN=FILE", value_parser = AssetFile::parse)]
    peg: Vec<AssetFile>,
    /// Sale quotes.
    #[arg(long, value_name = "FILE")]
    depth: Option<PathBuf>,
    /// Recorded events.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// The markets' own records.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Holdings of accounts.
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Assets of those accounts.
    #[arg(long, value_name = "FILE")]
    account_assets: Option<PathBuf>,
}

impl Moved {
    fn of(&self, role: Role, asset: Option<&str>) -> Option<&Path> {
        match role {
            Role::LoanBook => self.book.as_deref(),
            Role::Markets => self.markets.as_deref(),
            Role::Prices => self.prices.as_deref(),
            Role::Candles => about(&self.candles, asset),
            Role::Peg => about(&self.peg, asset),
            Role::Depth => self.depth.as_deref(),
            Role::Events => self.events.as_deref(),
            Role::Record => self.record.as_deref(),
            Role::Accounts => self.accounts.as_deref(),
            Role::AccountAssets => self.account_assets.as_deref(),
        }
    }
}

/// The file of an asset.
fn about<'a>(files: &'a [AssetFile], asset: Option<&str>) -> Option<&'a Path> {
    files.iter().find(|of| Some(of.asset.as_str()) == asset).map(|of| of.path.as_path())
}

/// Which files to read, as `seawall quote` was told.
#[derive(Debug, Default)]
pub struct Selected {
    book: Option<PathBuf>,
    markets: Option<PathBuf>,
    prices: Option<PathBuf>,
    candles: Vec<AssetFile>,
    pegs: Vec<PegChoice>,
    depth: Option<PathBuf>,
    events: Option<PathBuf>,
    record: Option<PathBuf>,
    accounts: Option<AssetFile>,
    account_assets: Option<PathBuf>,
    date: String,
    follows: Vec<Follow>,
}

impl Selected {
    /// As the reader of inputs takes it.
    pub fn borrowed(&self) -> Selection<'_> {
        Selection {
            book: self.book.as_deref(),
            markets: self.markets.as_deref(),
            accounts: self.accounts.clone(),
            account_assets: self.account_assets.as_deref(),
            date: &self.date,
            prices: self.prices.as_deref(),
            candles: self.candles.clone(),
            pegs: self.pegs.clone(),
            depth: self.depth.as_deref(),
            events: self.events.as_deref(),
            record: self.record.as_deref(),
            follows: self.follows.clone(),
        }
    }
}

/// The files of a request: those that the program carries, those that were moved, and the others where the quote
/// says, or beside the quote file.
///
/// # Errors
/// A role twice, a role that is missing, a file that is nowhere.
pub fn selection(request: &QuoteRequest, moved: &Moved, quote: &Path) -> Result<Selected, Failure> {
    let files = &request.inputs.files;
    let mut selected = Selected {
        date: request.inputs.date.clone().unwrap_or_default(),
        follows: request.inputs.follows.clone(),
        ..Selected::default()
    };
    for (index, entry) in files.iter().enumerate() {
        let same = |other: &FileEntry| other.role == entry.role && other.asset == entry.asset;
        if files[..index].iter().any(same) {
            return Err(Failure::input(format!(
                "request.inputs.files[{index}].role: a second {}",
                entry.role
            )));
        }
        let path = located(entry, moved.of(entry.role, entry.asset.as_deref()), quote)?;
        let of_asset = || match (&entry.asset, &path) {
            (Some(asset), Some(path)) => Ok(AssetFile { asset: asset.clone(), path: path.clone() }),
            _ => Err(Failure::input(format!(
                "request.inputs.files[{index}]: {} that name no asset, or that no program carries",
                entry.role
            ))),
        };
        let place = match entry.role {
            Role::Candles => {
                selected.candles.push(of_asset()?);
                continue;
            }
            Role::Peg => {
                selected.pegs.push(PegChoice::File(of_asset()?));
                continue;
            }
            Role::Accounts => {
                selected.accounts = Some(of_asset()?);
                continue;
            }
            Role::AccountAssets => &mut selected.account_assets,
            Role::LoanBook => &mut selected.book,
            Role::Markets => &mut selected.markets,
            Role::Prices => &mut selected.prices,
            Role::Depth => &mut selected.depth,
            Role::Events => &mut selected.events,
            Role::Record => &mut selected.record,
        };
        *place = path;
    }
    let is = |role: Role| files.iter().any(|entry| entry.role == role);
    for role in [Role::Prices, Role::Depth, Role::LoanBook, Role::Events] {
        let instead = match role {
            Role::Prices => is(Role::Candles),
            Role::LoanBook => is(Role::Accounts),
            _ => false,
        };
        if !is(role) && !instead {
            return Err(Failure::input(format!("request.inputs.files: there is no {role}")));
        }
    }
    selected.pegs.extend(request.inputs.stated_pegs.iter().cloned().map(PegChoice::Stated));
    Ok(selected)
}

/// Where a file is; none where the program carries it.
fn located(entry: &FileEntry, moved: Option<&Path>, quote: &Path) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = moved {
        return plain(path).map(Some);
    }
    if entry.shipped {
        return Ok(None);
    }
    let given = Path::new(&entry.name);
    let beside = quote.parent().map(|folder| folder.join(given)).filter(|_| given.is_relative());
    let found = std::iter::once(given.to_path_buf()).chain(beside).find(|path| path.exists());
    match found {
        Some(path) => plain(&path).map(Some),
        None => Err(Failure::input(format!("{}: the {} is not there", entry.name, entry.role))
            .hint(format!("say where it is now with {}", entry.role.option()))),
    }
}

/// The path, if a plain file is there: a quote file of somebody else's may name anything.
fn plain(path: &Path) -> Result<PathBuf, Failure> {
    match std::fs::metadata(path) {
        Ok(of) if of.is_file() => Ok(path.to_path_buf()),
        Ok(_) => Err(Failure::input(format!("{}: is not a file", path.display()))),
        Err(error) => {
            Err(Failure::input(format!("{}: {error}", path.display()))
                .hint("check the path and its permissions"))
        }
    }
}

/// The files that are not those that were priced. Those that are get the name that the quote gives them.
pub fn compare(request: &QuoteRequest, loaded: &mut Loaded) -> Vec<Difference> {
    let mut found = Vec::new();
    for file in loaded.files_mut() {
        let origin = &mut file.origin;
        let Some(stated) = request
            .inputs
            .files
            .iter()
            .find(|entry| entry.role == origin.what && entry.asset == origin.asset)
        else {
            continue;
        };
        let here = FileEntry::of(origin);
        if here.sha256 != stated.sha256 {
            let name = &origin.name;
            found.push(Difference {
                kind: Kind::File,
                what: format!("{} {name}", origin.label()),
                stated: json!({"sha256": stated.sha256, "bytes": stated.bytes, "rows": stated.rows}),
                found: json!({"sha256": here.sha256, "bytes": here.bytes, "rows": here.rows}),
                note: Some(told(stated, &here)),
            });
        }
        // Where the file lies, and whether the program carries it, does not matter where the bytes are the same.
        origin.name.clone_from(&stated.name);
        origin.shipped = stated.shipped;
        origin.rows = stated.rows.and(origin.rows);
    }
    found
}

/// What became of a file.
fn told(stated: &FileEntry, here: &FileEntry) -> String {
    let rows = match (stated.rows, here.rows) {
        (Some(stated), Some(here)) if stated != here => format!("{here} rows for {stated}, "),
        (Some(rows), Some(_)) => format!("{rows} rows as before, "),
        _ => String::new(),
    };
    let bytes = match here.bytes == stated.bytes {
        true => format!("{} bytes as before", here.bytes),
        false => format!("{} bytes for {}", here.bytes, stated.bytes),
    };
    if stated.shipped {
        return format!("this program carries other data than the one that made the quote: {rows}{bytes}");
    }
    format!("{rows}{bytes}")
}
