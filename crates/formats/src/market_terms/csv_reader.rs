//! The market file as CSV.

use super::{COLUMNS, MarketTable, MarketTerms, delay};
use crate::error::FormatError;
use crate::field::Range;
use crate::source::Plain;
use crate::table::{Header, Row, Table};

pub(super) fn read(plain: Plain<'_>) -> Result<MarketTable, FormatError> {
    let mut table = Table::from_plain(plain, &Header::Fixed(&COLUMNS))?;
    let market = table.required("market")?;
    let collateral_asset = table.required("collateral_asset")?;
    let debt_asset = table.required("debt_asset")?;
    let bonus = table.required("liquidation_bonus")?;
    let seconds = table.required("delay_seconds")?;
    let threshold = table.column("liquidation_threshold");
    let collateral_price = table.column("collateral_price");
    let debt_price = table.column("debt_price");
    let mut terms = Vec::new();
    while let Some(row) = table.next_row()? {
        let text = row.text(seconds)?;
        terms.push(MarketTerms {
            market: row.name(market)?.to_owned(),
            collateral_asset: row.name(collateral_asset)?.to_owned(),
            debt_asset: row.name(debt_asset)?.to_owned(),
            liquidation_threshold: optional(&row, threshold, Range::Fraction)?,
            liquidation_bonus: row.number(bonus, Range::FractionOrZero)?,
            delay_seconds: delay(text).map_err(|expected| row.refuse(seconds, text, expected))?,
            collateral_price: optional(&row, collateral_price, Range::Positive)?,
            debt_price: optional(&row, debt_price, Range::Positive)?,
            line: row.line,
        });
    }
    Ok(MarketTable { file: table.file().to_owned(), terms })
}

fn optional(row: &Row<'_>, column: Option<usize>, range: Range) -> Result<Option<f64>, FormatError> {
    match column {
        Some(column) => row.number_or_empty(column, range),
        None => Ok(None),
    }
}
