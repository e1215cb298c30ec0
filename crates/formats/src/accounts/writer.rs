//! Writing a book of accounts as the reader reads it.

use std::io::Write;

use seawall_actuary::book::accounts::AccountBook;

use super::{ASSET_COLUMNS, HOLDING_COLUMNS};
use crate::error::FormatError;

fn refused(error: csv::Error) -> FormatError {
    FormatError::Write { source: std::io::Error::other(error) }
}

/// Writes the assets of a book as CSV; numbers in the shortest form that reads back to the same value.
///
/// # Errors
/// [`FormatError::Write`] when the output refuses.
pub fn write_account_assets(book: &AccountBook, output: impl Write) -> Result<(), FormatError> {
    let mut writer = csv::WriterBuilder::new().from_writer(output);
    writer.write_record(ASSET_COLUMNS.map(|(name, _)| name)).map_err(refused)?;
    for asset in book.assets() {
        let figures =
            [asset.price, asset.liquidation_threshold, asset.bonus].map(|figure| figure.to_string());
        let [price, threshold, bonus] = &figures;
        writer.write_record([asset.symbol.as_str(), price, threshold, bonus]).map_err(refused)?;
    }
    writer.flush().map_err(|source| FormatError::Write { source })
}

/// Writes the holdings of a book as CSV: a row for each collateral, with its threshold, and one for each debt. Read back
/// with the assets it is the same book, but for accounts that hold and owe nothing.
///
/// # Errors
/// [`FormatError::Write`] when the output refuses.
pub fn write_account_holdings(book: &AccountBook, output: impl Write) -> Result<(), FormatError> {
    let mut writer = csv::WriterBuilder::new().from_writer(output);
    writer.write_record(HOLDING_COLUMNS.map(|(name, _)| name)).map_err(refused)?;
    for (account, name) in book.names().iter().enumerate() {
        for held in book.collateral(account) {
            let symbol = book.assets()[held.asset].symbol.as_str();
            let threshold = held.liquidation_threshold.map_or_else(String::new, |t| t.to_string());
            let amount = held.amount.to_string();
            writer.write_record([name.as_str(), symbol, &amount, "0", &threshold]).map_err(refused)?;
        }
        for owed in book.debt(account) {
            let symbol = book.assets()[owed.asset].symbol.as_str();
            writer
                .write_record([name.as_str(), symbol, "0", &owed.amount.to_string(), ""])
                .map_err(refused)?;
        }
    }
    writer.flush().map_err(|source| FormatError::Write { source })
}
