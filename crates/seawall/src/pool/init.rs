//! `pool init`: a new pool in a new file.

use std::path::PathBuf;

use seawall_engine::{AccountId, Asset, Config, TRANCHES_MAX};
use seawall_ledger::{Ledger, NAME_BYTES_MAX};
use serde_json::json;

use super::amount::{DECIMALS_MAX, Unit};
use super::book::{self, intern, of_ledger};
use super::header::Header;
use super::label::{self, Labels};
use super::rules_file::RulesFile;
use super::{evidence, instant};
use crate::output::{Failure, Format, line, print_json};

/// Arguments of `pool init`.
#[derive(clap::Args)]
#[command(
    after_help = "Without --rules the pool has the rules that --print-rules shows. Roles go to accounts of those \
names; a rules file says otherwise, and needs to name only what it changes.

Example:
  seawall pool init --print-rules --tranches junior,senior > rules.json
  seawall pool init --pool pool.sqlite --asset USDC --decimals 6 --tranches junior,senior --rules rules.json"
)]
pub struct Args {
    /// The new pool's file.
    #[arg(long, value_name = "FILE", required_unless_present = "print_rules")]
    pool: Option<PathBuf>,
    /// Symbol of the settlement token.
    #[arg(long, value_name = "SYMBOL", default_value = "USDC")]
    asset: String,
    /// Decimals of the settlement token.
    #[arg(long, default_value_t = 6)]
    decimals: u8,
    /// The token is a yield-bearing wrapper (ERC-4626): markets that hold its assets cannot be insured (rule 1.1).
    #[arg(long)]
    wrapper: bool,
    /// Names of the tranches, most junior first; 1 to 4.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "junior,senior")]
    tranches: Vec<String>,
    /// Rules: a JSON file; what it leaves out keeps its default.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Digest that quotes name the pool by, 64 hexadecimal digits [default: a new one].
    #[arg(long, value_name = "HEX")]
    id: Option<String>,
    /// Time at which the pool opens: RFC 3339 or Unix seconds [default: the machine's clock].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Print the rules as a JSON file to edit, and open nothing.
    #[arg(long)]
    print_rules: bool,
}

/// Opens a pool, or prints the rules it would have.
///
/// # Errors
/// A file that exists, rules out of their bounds, names that are not usable.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let header = header(args)?;
    let count = header.tranches.len();
    let mut file = RulesFile::defaults(count);
    let mut named = "the default rules".to_owned();
    if let Some(path) = &args.rules {
        named = format!("--rules: {}", path.display());
        file = file.overlaid(&named, &evidence::read_text("--rules", path)?)?;
    }
    let mut accounts = Vec::new();
    let rules =
        file.rules(&named, &header.unit, |name| intern(&mut accounts, &named, name).map(AccountId))?;
    if args.print_rules {
        line(&file.text()?);
        return Ok(());
    }
    let Some(path) = &args.pool else { return Err(Failure::input("--pool is missing")) };
    if book::exists(path) {
        let failure = Failure::input(format!("--pool: {}: exists already", path.display()));
        return Err(failure.hint("choose another name; a pool is never overwritten"));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(Failure::input(format!("--pool: {}: there is no such folder", folder.display())));
    }
    let pool = match &args.id {
        Some(text) => label::digest(text)
            .ok_or_else(|| Failure::input(format!("--id: {text:?} is not 64 hexadecimal digits")))?,
        None => {
            evidence::sha256(format!("seawall pool {:x} {:x}", book::random(), book::random()).as_bytes())
        }
    };
    let opened = instant::of_command(args.at.as_deref())?;
    let asset = Asset { wrapper: args.wrapper, ..Asset::default() };
    let tranches = u8::try_from(count).unwrap_or(u8::MAX);
    let config = Config { pool, tranches, asset, rules, opened };
    let labels = Labels {
        unit: header.unit.clone(),
        tranches: header.tranches.clone(),
        accounts: accounts.clone(),
        markets: vec![header.name()],
    };
    let names: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let ledger = Ledger::create(path, config, &names, &[&header.name()])
        .map_err(|error| of_ledger(&error, Some(&labels)))?;
    let head = ledger.head();
    ledger.close().map_err(|error| of_ledger(&error, Some(&labels)))?;
    if format == Format::Json {
        print_json(&json!({
            "pool": path.display().to_string(),
            "id": label::hex(&pool),
            "opened": label::Field::Time(opened).json(&labels),
            "asset": header.unit,
            "tranches": header.tranches,
            "accounts": accounts,
            "hash": head.hash.to_string(),
        }));
    } else {
        line(&format!(
            "opened {} at {}: {} tranches of {}",
            path.display(),
            instant::text(opened),
            count,
            header.unit.symbol
        ));
        line(&format!("accounts with a role: {}", accounts.join(", ")));
        line(&format!("id {}", label::hex(&pool)));
    }
    Ok(())
}

fn header(args: &Args) -> Result<Header, Failure> {
    if args.asset.trim().is_empty() || args.asset.chars().any(char::is_control) {
        return Err(Failure::input(format!("--asset: {:?} cannot be a symbol", args.asset)));
    }
    if args.decimals > DECIMALS_MAX {
        let most = format!("--decimals: {} are more than {DECIMALS_MAX}", args.decimals);
        return Err(Failure::input(most));
    }
    if !(1..=TRANCHES_MAX).contains(&args.tranches.len()) {
        let given = format!("--tranches: a pool has 1 to {TRANCHES_MAX}, not {}", args.tranches.len());
        return Err(Failure::input(given));
    }
    for (index, name) in args.tranches.iter().enumerate() {
        // A number would be taken for the place of a tranche.
        let usable = !name.trim().is_empty()
            && name.trim() == name
            && !name.chars().any(char::is_control)
            && name.parse::<usize>().is_err();
        if !usable || args.tranches[..index].contains(name) {
            let bad = format!("--tranches: {name:?} cannot be a name, or is there twice");
            return Err(Failure::input(bad));
        }
    }
    let unit = Unit { symbol: args.asset.clone(), decimals: args.decimals };
    let header = Header { unit, tranches: args.tranches.clone() };
    if header.name().len() > NAME_BYTES_MAX {
        return Err(Failure::input("--asset, --tranches: the names are too long together"));
    }
    Ok(header)
}
