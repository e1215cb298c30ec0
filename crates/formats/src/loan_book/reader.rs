//! Reading a loan book: one pass, in memory that grows with the loans and not with the file.

use std::collections::HashMap;

use seawall_actuary::book::{Book, Market, Position};

use super::COLUMNS;
use super::accounts::Accounts;
use crate::error::{FormatError, Place};
use crate::field::{Range, shown};
use crate::market_terms::{MarketTable, MarketTerms};
use crate::source::Source;
use crate::table::{Header, Row, Table};

/// What a loan book is read against.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoanBookOptions<'o> {
    /// The market file. When given, every row must be of one of its markets and name the same assets.
    pub markets: Option<&'o MarketTable>,
    /// Symbols of the assets that are known, for instance the columns of a price table. When given, every row
    /// must name one of them.
    pub assets: Option<&'o [String]>,
}

/// Reads a loan book.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::Duplicate`] for an account that a market has twice,
/// [`FormatError::Conflict`] for a row whose assets differ from those of its market,
/// [`FormatError::UnknownName`] for a market or asset that the options do not know,
/// [`FormatError::NoThreshold`], and [`FormatError::Book`] for a market without debt.
pub fn read_loan_book(source: Source<'_>, options: &LoanBookOptions<'_>) -> Result<Book, FormatError> {
    let mut table = Table::open(source, &Header::Fixed(&COLUMNS))?;
    let columns = Columns::of(&table)?;
    let mut loans = Loans::default();
    while let Some(row) = table.next_row()? {
        loans.add(&row, &columns, options)?;
    }
    loans.into_book(table.file())
}

struct Columns {
    market: usize,
    account: usize,
    collateral_asset: usize,
    collateral_amount: usize,
    debt_asset: usize,
    debt_amount: usize,
    threshold: Option<usize>,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            market: table.required("market")?,
            account: table.required("account")?,
            collateral_asset: table.required("collateral_asset")?,
            collateral_amount: table.required("collateral_amount")?,
            debt_asset: table.required("debt_asset")?,
            debt_amount: table.required("debt_amount")?,
            threshold: table.column("liquidation_threshold"),
        })
    }
}

/// A market while its rows come in.
struct Pending {
    market: Market,
    /// Threshold of the market file.
    threshold: Option<f64>,
    /// Line of each loan, so that a second row can name the first. A file has fewer than 2^32 rows to be read, but
    /// quoted fields may hold line ends: a line beyond is shown as the last.
    lines: Vec<u32>,
}

#[derive(Default)]
struct Loans {
    markets: Vec<Pending>,
    by_name: HashMap<Vec<u8>, u32>,
    accounts: Accounts,
    /// Market of the row before: books are mostly sorted by market.
    last: Option<u32>,
}

impl Loans {
    fn add(
        &mut self,
        row: &Row<'_>,
        columns: &Columns,
        options: &LoanBookOptions<'_>,
    ) -> Result<(), FormatError> {
        let index = self.market_of(row, columns, options)?;
        let Some(pending) = self.markets.get_mut(index as usize) else { return Ok(()) };
        check_assets(pending, row, columns)?;
        let account = row.name(columns.account)?;
        let collateral = row.number(columns.collateral_amount, Range::NonNegative)?;
        let debt = row.number(columns.debt_amount, Range::NonNegative)?;
        let own = match columns.threshold {
            Some(column) => row.number_or_empty(column, Range::Fraction)?,
            None => None,
        };
        let Some(liquidation_threshold) = own.or(pending.threshold) else {
            let mut at = row.at(columns.threshold.unwrap_or(columns.market));
            at.field = Some("liquidation_threshold".to_owned());
            return Err(FormatError::NoThreshold { at, market: pending.market.name.clone() });
        };
        let slot = (index, u32::try_from(pending.market.accounts.len()).unwrap_or(u32::MAX));
        pending.market.accounts.push(account.to_owned());
        pending.market.positions.push(Position { collateral, debt, liquidation_threshold });
        pending.lines.push(u32::try_from(row.line).unwrap_or(u32::MAX));
        let Self { markets, accounts, .. } = self;
        let standing = |(market, loan): (u32, u32)| {
            market == index
                && markets[market as usize]
                    .market
                    .accounts
                    .get(loan as usize)
                    .is_some_and(|name| name == account)
        };
        match accounts.insert(index, account, slot, standing) {
            None => Ok(()),
            Some((market, loan)) => Err(FormatError::Duplicate {
                at: row.at(columns.account),
                what: "the account of this market",
                found: shown(account),
                first_line: u64::from(markets[market as usize].lines[loan as usize]),
            }),
        }
    }

    /// Index of the market of a row, begun if it is new.
    fn market_of(
        &mut self,
        row: &Row<'_>,
        columns: &Columns,
        options: &LoanBookOptions<'_>,
    ) -> Result<u32, FormatError> {
        let bytes = row.bytes(columns.market);
        if let Some(last) = self.last
            && self.markets.get(last as usize).is_some_and(|known| known.market.name.as_bytes() == bytes)
        {
            return Ok(last);
        }
        let index = match self.by_name.get(bytes) {
            Some(&index) => index,
            None => {
                let pending = begin(row, columns, options)?;
                let index = u32::try_from(self.markets.len()).unwrap_or(u32::MAX);
                self.by_name.insert(bytes.to_vec(), index);
                self.markets.push(pending);
                index
            }
        };
        self.last = Some(index);
        Ok(index)
    }

    fn into_book(self, file: &str) -> Result<Book, FormatError> {
        let mut markets = Vec::with_capacity(self.markets.len());
        for Pending { market, lines, .. } in self.markets {
            if let Err(source) = market.validate_totals() {
                let line = lines.first().map_or(1, |&line| u64::from(line));
                return Err(FormatError::Book { at: Place::field(file, line, "debt_amount"), source });
            }
            markets.push(market);
        }
        Ok(Book { markets })
    }
}

/// Begins a market at its first row.
fn begin(row: &Row<'_>, columns: &Columns, options: &LoanBookOptions<'_>) -> Result<Pending, FormatError> {
    let name = row.name(columns.market)?;
    let collateral_asset = row.name(columns.collateral_asset)?;
    let debt_asset = row.name(columns.debt_asset)?;
    if let Some(assets) = options.assets {
        for (column, asset) in
            [(columns.collateral_asset, collateral_asset), (columns.debt_asset, debt_asset)]
        {
            if !assets.iter().any(|known| known == asset) {
                return Err(FormatError::UnknownName {
                    at: row.at(column),
                    what: "asset",
                    found: shown(asset),
                    known: assets.to_vec(),
                });
            }
        }
    }
    let terms = match options.markets {
        Some(table) => Some(terms_of(table, name, row, columns)?),
        None => None,
    };
    if let (Some(table), Some(terms)) = (options.markets, terms) {
        let pairs = [
            (columns.collateral_asset, collateral_asset, &terms.collateral_asset, "the collateral asset"),
            (columns.debt_asset, debt_asset, &terms.debt_asset, "the debt asset"),
        ];
        for (column, found, expected, what) in pairs {
            if found != expected {
                return Err(FormatError::Conflict {
                    at: row.at(column),
                    what: format!("{what} of market {name:?}"),
                    found: shown(found),
                    expected: expected.clone(),
                    other: Place::line(table.file(), terms.line),
                });
            }
        }
    }
    Ok(Pending {
        market: Market {
            name: name.to_owned(),
            collateral_asset: collateral_asset.to_owned(),
            debt_asset: debt_asset.to_owned(),
            accounts: Vec::new(),
            positions: Vec::new(),
        },
        threshold: terms.and_then(|terms| terms.liquidation_threshold),
        lines: Vec::new(),
    })
}

fn terms_of<'m>(
    table: &'m MarketTable,
    name: &str,
    row: &Row<'_>,
    columns: &Columns,
) -> Result<&'m MarketTerms, FormatError> {
    table.get(name).ok_or_else(|| FormatError::UnknownName {
        at: row.at(columns.market),
        what: "market",
        found: shown(name),
        known: table.terms().iter().map(|terms| terms.market.clone()).collect(),
    })
}

/// Checks that a row names the assets of its market.
fn check_assets(pending: &Pending, row: &Row<'_>, columns: &Columns) -> Result<(), FormatError> {
    let pairs = [
        (columns.collateral_asset, &pending.market.collateral_asset, "the collateral asset"),
        (columns.debt_asset, &pending.market.debt_asset, "the debt asset"),
    ];
    for (column, expected, what) in pairs {
        if row.bytes(column) != expected.as_bytes() {
            let mut other = row.at(column);
            other.line = pending.lines.first().map(|&line| u64::from(line));
            return Err(FormatError::Conflict {
                at: row.at(column),
                what: format!("{what} of market {:?}", pending.market.name),
                found: shown(row.name(column)?),
                expected: expected.clone(),
                other,
            });
        }
    }
    Ok(())
}
