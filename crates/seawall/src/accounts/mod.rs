//! `seawall accounts`: books of accounts from tables of other makers, written as `seawall quote --accounts` reads them.

use std::path::PathBuf;

use seawall_actuary::book::accounts::AccountBook;
use seawall_formats::accounts::aave::{AaveBook, AaveOptions, AaveReport, read_aave_accounts};
use seawall_formats::accounts::{read_asset_terms, write_account_assets, write_account_holdings};
use seawall_formats::{FormatError, Source};
use serde_json::json;

use crate::output::{Failure, Format, line, print_json, table, writable, write_whole};
use crate::quote::figures::{money, percent};
use crate::quote::inputs::unreadable;

/// Arguments of `seawall accounts`.
#[derive(clap::Args)]
#[command(
    after_help = "TABLE: one row an account, columns user, collateral, debt (ETH), threshold (basis points), healthf, amount and \
                  collateral_steth_calc (stETH held, tokens and ETH), ethdebt, and for each further asset x: x, x_collateral (base \
                  units), x_price (wei), x_decimals, x_threshold. An account is taken from the first table that has it.\n\n\
                  Example:\n  seawall accounts raw_b3.csv.gz raw_b2.csv.gz raw_b1.csv.gz --terms terms.csv --eth-price 1723 \
                  --residual-debt USDC --assets assets.csv --holdings holdings.csv\n  seawall quote --accounts \
                  aave=holdings.csv --account-assets assets.csv --follow stETH=ETH --follow OTHER=ETH --account-clusters 32"
)]
pub struct Args {
    /// Wide tables of Aave v2 borrowers (CSV, plain or gzip).
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    /// Thresholds and bonuses of the assets held (CSV: symbol,liquidation_threshold,liquidation_bonus).
    #[arg(long, value_name = "FILE")]
    terms: PathBuf,
    /// Rows of the terms to take: those of this network (column network).
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Price of an ETH in the unit of account of the book.
    #[arg(long, value_name = "PRICE", default_value_t = 1.0)]
    eth_price: f64,
    /// Symbol for collateral that no column names.
    #[arg(long, value_name = "SYMBOL", default_value = "OTHER")]
    residual_collateral: String,
    /// Liquidation bonus of such collateral.
    #[arg(long, value_name = "FRACTION", default_value_t = 0.075)]
    residual_bonus: f64,
    /// Symbol for debt that no column names.
    #[arg(long, value_name = "SYMBOL", default_value = "OTHER DEBT")]
    residual_debt: String,
    /// Where to write the assets.
    #[arg(long, value_name = "FILE")]
    assets: PathBuf,
    /// Where to write the holdings.
    #[arg(long, value_name = "FILE")]
    holdings: PathBuf,
}

/// Reads the tables and writes the book.
///
/// # Errors
/// Files that cannot be read or make no sense, places that cannot be written.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    for (name, value, sound) in [
        ("--eth-price", args.eth_price, args.eth_price > 0.0 && args.eth_price.is_finite()),
        ("--residual-bonus", args.residual_bonus, (0.0..1.0).contains(&args.residual_bonus)),
    ] {
        if !sound {
            return Err(Failure::input(format!("{name}: found {value}"))
                .hint("a price is above 0, a bonus a fraction from 0 to below 1"));
        }
    }
    writable(&args.assets)?;
    writable(&args.holdings)?;
    let open = |path: &PathBuf| Source::open(path).map_err(unreadable);
    let options = AaveOptions {
        terms: read_asset_terms(open(&args.terms)?, args.network.as_deref()).map_err(unreadable)?,
        residual_collateral: args.residual_collateral.clone(),
        residual_bonus: args.residual_bonus,
        residual_debt: args.residual_debt.clone(),
        eth_price: args.eth_price,
    };
    let tables = args.tables.iter().map(open).collect::<Result<_, _>>()?;
    let read = read_aave_accounts(tables, &options).map_err(unreadable)?;
    let bytes = |write: fn(&AccountBook, &mut Vec<u8>) -> Result<(), FormatError>| {
        let mut bytes = Vec::new();
        write(&read.book, &mut bytes).map_err(unreadable)?;
        Ok::<_, Failure>(bytes)
    };
    let assets = bytes(|book, into| write_account_assets(book, into))?;
    let holdings = bytes(|book, into| write_account_holdings(book, into))?;
    write_whole(&args.assets, &assets)?;
    write_whole(&args.holdings, &holdings)?;
    tell(&read, format)
}

/// Says what was read, and what had to be done to it.
fn tell(read: &AaveBook, format: Format) -> Result<(), Failure> {
    let AaveBook { book, report, health_factors } = read;
    let prices = book.prices();
    let totals = book.totals(&prices).map_err(Failure::input)?;
    let mut error: f64 = 0.0;
    for (account, recorded) in health_factors.iter().enumerate().filter(|(_, recorded)| **recorded > 0.0) {
        let found = book.health_factor(account, &prices).map_err(Failure::input)?;
        if found.is_finite() {
            error = error.max((found / recorded - 1.0).abs());
        }
    }
    let AaveReport { repeated, residual_collateral, residual_debt, not_enabled, scaled, .. } = *report;
    if format == Format::Json {
        let part = |(value, accounts): (f64, usize)| json!({"eth": value, "accounts": accounts});
        print_json(&json!({
            "accounts": book.len(),
            "assets": book.assets().iter().map(|asset| asset.symbol.as_str()).collect::<Vec<_>>(),
            "collateral": totals.collateral,
            "debt": totals.debt,
            "repeated": repeated,
            "without_debt": report.without_debt,
            "residual_collateral": part(residual_collateral),
            "residual_debt": part(residual_debt),
            "not_enabled": part(not_enabled),
            "scaled": part(scaled),
            "largest_change_of_thresholds": report.threshold_change,
            "largest_error_of_health_factors": error,
        }));
        return Ok(());
    }
    line(&format!(
        "{} accounts, {} assets; collateral {}, debt {}",
        book.len(),
        book.assets().len(),
        money(totals.collateral),
        money(totals.debt)
    ));
    let row =
        |what: &str, (value, accounts): (f64, usize)| [what.to_owned(), money(value), accounts.to_string()];
    let rows = [
        row("collateral that no column names", residual_collateral),
        row("debt that no column names", residual_debt),
        row("holdings that secure nothing", not_enabled),
        row("collateral scaled down to the total", scaled),
    ];
    line(&table(["what had to be done", "ETH", "accounts"], rows).to_string());
    line(&format!(
        "{repeated} rows of accounts that an earlier table had; {} accounts without debt; thresholds changed by {} at most; \
         recorded health factors met within {error:.1e}",
        report.without_debt,
        percent(report.threshold_change)
    ));
    Ok(())
}
