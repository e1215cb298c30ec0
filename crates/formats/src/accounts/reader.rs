//! Reading a book of accounts.

use seawall_actuary::book::accounts::{
    AccountBook, AccountBookBuilder, AccountBookError, Asset, Collateral, Debt,
};

use super::{ASSET_COLUMNS, HOLDING_COLUMNS};
use crate::error::{FormatError, Place};
use crate::field::{Range, shown};
use crate::source::Source;
use crate::table::{Header, Table};

/// Reads a table of assets and one of holdings.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::UnknownName`] for an asset that the table of assets does not have,
/// [`FormatError::Accounts`] for an asset or account that stands twice, collateral without a threshold, or a book
/// without debt.
pub fn read_account_book(assets: Source<'_>, holdings: Source<'_>) -> Result<AccountBook, FormatError> {
    let assets = read_assets(assets)?;
    let symbols: Vec<String> = assets.1.iter().map(|asset| asset.symbol.clone()).collect();
    let mut builder = AccountBookBuilder::new(assets.1)
        .map_err(|source| FormatError::Accounts { at: Place::file(&assets.0), source })?;
    let mut table = Table::open(holdings, &Header::Fixed(&HOLDING_COLUMNS))?;
    let account = table.required("account")?;
    let asset = table.required("asset")?;
    let collateral = table.required("collateral")?;
    let debt = table.required("debt")?;
    let threshold = table.column("liquidation_threshold");
    let file = table.file().to_owned();
    let mut open = Open::default();
    while let Some(row) = table.next_row()? {
        let name = row.name(account)?;
        if open.name != name {
            open.close(&mut builder, &file)?;
            name.clone_into(&mut open.name);
            open.line = row.line;
        }
        let symbol = row.name(asset)?;
        let Some(index) = symbols.iter().position(|known| known == symbol) else {
            let (at, found) = (row.at(asset), shown(symbol));
            return Err(FormatError::UnknownName { at, what: "asset", found, known: symbols });
        };
        let own = match threshold {
            Some(column) => row.number_or_empty(column, Range::Fraction)?,
            None => None,
        };
        let held = row.number_or_empty(collateral, Range::NonNegative)?.unwrap_or(0.0);
        let owed = row.number_or_empty(debt, Range::NonNegative)?.unwrap_or(0.0);
        if held > 0.0 {
            open.collateral.push(Collateral { asset: index, amount: held, liquidation_threshold: own });
        }
        if owed > 0.0 {
            open.debt.push(Debt { asset: index, amount: owed });
        }
    }
    open.close(&mut builder, &file)?;
    builder.finish().map_err(|source| FormatError::Accounts { at: Place::file(&file), source })
}

fn read_assets(source: Source<'_>) -> Result<(String, Vec<Asset>), FormatError> {
    let mut table = Table::open(source, &Header::Fixed(&ASSET_COLUMNS))?;
    let symbol = table.required("asset")?;
    let price = table.required("price")?;
    let threshold = table.required("liquidation_threshold")?;
    let bonus = table.required("liquidation_bonus")?;
    let mut assets = Vec::new();
    while let Some(row) = table.next_row()? {
        assets.push(Asset {
            symbol: row.name(symbol)?.to_owned(),
            price: row.number(price, Range::Positive)?,
            liquidation_threshold: row.number(threshold, Range::FractionOrZero)?,
            bonus: row.number(bonus, Range::FractionOrZero)?,
        });
    }
    Ok((table.file().to_owned(), assets))
}

/// The account whose rows come in.
#[derive(Default)]
struct Open {
    name: String,
    line: u64,
    collateral: Vec<Collateral>,
    debt: Vec<Debt>,
}

impl Open {
    fn close(&mut self, builder: &mut AccountBookBuilder, file: &str) -> Result<(), FormatError> {
        if self.name.is_empty() {
            return Ok(());
        }
        let refuse = |source: AccountBookError| FormatError::Accounts {
            at: Place::field(file, self.line, "account"),
            source,
        };
        builder.account(&self.name, &self.collateral, &self.debt).map_err(refuse)?;
        self.collateral.clear();
        self.debt.clear();
        Ok(())
    }
}
