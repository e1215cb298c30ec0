//! Writing a loan book as the reader reads it.

use std::io::Write;

use seawall_actuary::book::Book;

use super::COLUMNS;
use crate::error::FormatError;

/// Writes the book as CSV with all columns, market by market; numbers in the shortest form that reads back to the
/// same value, text in quotes where it needs them. Read back, a valid book is the same book.
///
/// # Errors
/// [`FormatError::Write`] when the output refuses.
pub fn write_loan_book(book: &Book, output: impl Write) -> Result<(), FormatError> {
    let mut writer = csv::WriterBuilder::new().from_writer(output);
    let refused = |error: csv::Error| FormatError::Write { source: std::io::Error::other(error) };
    writer.write_record(COLUMNS.map(|(name, _)| name)).map_err(refused)?;
    for market in &book.markets {
        for (account, position) in market.accounts.iter().zip(&market.positions) {
            let collateral = position.collateral.to_string();
            let debt = position.debt.to_string();
            let threshold = position.liquidation_threshold.to_string();
            let row = [
                market.name.as_str(),
                account,
                &market.collateral_asset,
                &collateral,
                &market.debt_asset,
                &debt,
                &threshold,
            ];
            writer.write_record(row).map_err(refused)?;
        }
    }
    writer.flush().map_err(|source| FormatError::Write { source })
}
