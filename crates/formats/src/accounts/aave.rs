//! Wide tables of Aave v2 borrowers: one row an account, one group of columns an asset, values in ETH.
//!
//! Columns that every table has: `user`; `collateral` and `debt`, totals in ETH; `threshold`, the account's average in
//! basis points; `healthf`; `amount`, stETH held, in tokens; `collateral_steth_calc`, its value in ETH; `ethdebt`, ETH
//! owed. For every other asset `x` there may be `x` (owed) and `x_collateral` (held), both in base units, with `x_price`
//! (wei of a token), `x_decimals` and `x_threshold`; `weth_collateral` is in wei and needs no price. Other columns are
//! passed over.
//!
//! The columns do not cover everything that accounts hold, so the reader makes the totals hold, and says how much it
//! had to do ([`AaveReport`]):
//! - What the totals have above the columns is a holding, or debt, of an asset of its own at price 1
//!   ([`AaveOptions::residual_collateral`], [`AaveOptions::residual_debt`]). The threshold of such a holding is the one
//!   that makes the account's average right.
//! - Where the columns of the collateral exceed the total and one of them is the excess, that asset does not secure
//!   anything (its owner can switch it off) and is left out; other excesses are scaled away.
//! - The thresholds of an account's holdings are scaled so that their average is the recorded one. That is rounded to
//!   basis points, as the protocol itself rounds it: health factors are then the recorded ones.
//!
//! An account that stands in several tables is taken from the first.

use std::collections::HashMap;

use seawall_actuary::book::accounts::{AccountBook, AccountBookBuilder, Asset, Collateral, Debt};

use super::AssetTerms;
use crate::error::{FormatError, Place};
use crate::field::Range;
use crate::source::Source;
use crate::table::{Header, Row, Table};

/// Wei of an ETH.
const WEI: f64 = 1e18;

/// Differences below this share of a total are rounding.
const ROUNDING: f64 = 1e-9;

/// Share of a total within which one column counts as its whole excess: totals and columns were not read in one block.
const SAME: f64 = 1e-4;

/// Thresholds that a holding which no column names may have.
const RESIDUAL_THRESHOLDS: (f64, f64) = (0.2, 0.93);

/// What the tables do not say.
#[derive(Clone, Debug)]
pub struct AaveOptions {
    /// Bonus of every asset that is held, and threshold where the tables have none (stETH and WETH); symbols as in the
    /// book: `stETH`, `WETH`, others in capitals.
    pub terms: Vec<AssetTerms>,
    /// Symbol of what accounts hold beyond the columns.
    pub residual_collateral: String,
    /// Bonus for it.
    pub residual_bonus: f64,
    /// Symbol of what they owe beyond the columns; one of the tables' own counts at its price there.
    pub residual_debt: String,
    /// Price of an ETH in the unit of account of the book, above 0; 1 for a book in ETH.
    pub eth_price: f64,
}

/// What the reader had to do to the accounts; values in ETH.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AaveReport {
    /// Rows of accounts that an earlier table had.
    pub repeated: usize,
    /// Value of collateral that no column names, and the accounts that hold it.
    pub residual_collateral: (f64, usize),
    /// Value of debt that no column names, and the accounts that owe it.
    pub residual_debt: (f64, usize),
    /// Value of holdings that do not secure anything, and their number.
    pub not_enabled: (f64, usize),
    /// Value of collateral scaled away, and the accounts concerned.
    pub scaled: (f64, usize),
    /// Largest factor, less 1, by which thresholds of an account were scaled.
    pub threshold_change: f64,
    /// Accounts without debt.
    pub without_debt: usize,
}

/// A book with what the tables record of every account.
#[derive(Clone, Debug)]
pub struct AaveBook {
    /// The accounts.
    pub book: AccountBook,
    /// What the reader had to do.
    pub report: AaveReport,
    /// Recorded health factor of every account of the book.
    pub health_factors: Vec<f64>,
}

/// Reads wide tables into one book.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::UnknownName`] for an asset that is held and has no terms,
/// [`FormatError::Conflict`] for an account whose totals differ between tables, [`FormatError::Accounts`] for a book that
/// makes no sense.
pub fn read_aave_accounts(sources: Vec<Source<'_>>, options: &AaveOptions) -> Result<AaveBook, FormatError> {
    let mut reading = Reading {
        options,
        files: Vec::new(),
        assets: Vec::new(),
        rows: Vec::new(),
        seen: HashMap::new(),
        report: AaveReport::default(),
    };
    for source in sources {
        let mut table = Table::open(source, &Header::Open("user"))?;
        let columns = Columns::of(&table)?;
        reading.files.push(table.file().to_owned());
        while let Some(row) = table.next_row()? {
            reading.take(&row, &columns)?;
        }
    }
    reading.into_book()
}

/// One asset's columns.
struct Group {
    symbol: String,
    owed: Option<usize>,
    held: Option<usize>,
    price: Option<usize>,
    decimals: Option<usize>,
    threshold: Option<usize>,
}

struct Columns {
    user: usize,
    collateral: usize,
    debt: usize,
    threshold: usize,
    health_factor: usize,
    steth: usize,
    steth_value: usize,
    eth_debt: usize,
    groups: Vec<Group>,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, FormatError> {
        let mut groups = Vec::new();
        for name in table.header() {
            if let Some(asset) = name.strip_suffix("_price") {
                groups.push(Group {
                    symbol: asset.to_uppercase(),
                    owed: Some(table.required(asset)?),
                    held: table.column(&format!("{asset}_collateral")),
                    price: table.column(name),
                    decimals: Some(table.required(&format!("{asset}_decimals"))?),
                    threshold: Some(table.required(&format!("{asset}_threshold"))?),
                });
            }
        }
        if let Some(held) = table.column("weth_collateral") {
            let none = None;
            let symbol = "WETH".to_owned();
            groups.push(Group {
                symbol,
                owed: none,
                held: Some(held),
                price: none,
                decimals: none,
                threshold: none,
            });
        }
        Ok(Self {
            user: table.required("user")?,
            collateral: table.required("collateral")?,
            debt: table.required("debt")?,
            threshold: table.required("threshold")?,
            health_factor: table.required("healthf")?,
            steth: table.required("amount")?,
            steth_value: table.required("collateral_steth_calc")?,
            eth_debt: table.required("ethdebt")?,
            groups,
        })
    }
}

/// An account as read: values in ETH.
struct Account {
    name: String,
    /// Number of its file.
    file: usize,
    line: u64,
    debt: f64,
    health_factor: f64,
    held: Vec<Collateral>,
    owed: Vec<Debt>,
}

struct Reading<'o> {
    options: &'o AaveOptions,
    files: Vec<String>,
    assets: Vec<Asset>,
    rows: Vec<Account>,
    /// Only looked up, never iterated.
    seen: HashMap<String, usize>,
    report: AaveReport,
}

impl Reading<'_> {
    fn take(&mut self, row: &Row<'_>, columns: &Columns) -> Result<(), FormatError> {
        let name = row.name(columns.user)?;
        let collateral = row.number(columns.collateral, Range::NonNegative)?;
        let debt = row.number(columns.debt, Range::NonNegative)?;
        if let Some(&first) = self.seen.get(name) {
            let known = &self.rows[first];
            if (known.debt - debt).abs() > SAME * (debt + known.debt) {
                let at = row.at(columns.debt);
                let other = Place::field(&self.files[known.file], known.line, "debt");
                let (what, found, expected) =
                    (format!("the debt of {name}"), debt.to_string(), known.debt.to_string());
                return Err(FormatError::Conflict { at, what, found, expected, other });
            }
            self.report.repeated += 1;
            return Ok(());
        }
        let average = row.number(columns.threshold, Range::NonNegative)? / 1e4;
        let health_factor = row.number(columns.health_factor, Range::NonNegative)?;
        let mut held = Vec::new();
        let mut owed = Vec::new();
        let steth = row.number(columns.steth, Range::NonNegative)?;
        let value = row.number(columns.steth_value, Range::NonNegative)?;
        if steth > 0.0 && value > 0.0 {
            let asset = self.asset(row, columns.steth, "stETH", value / steth, None)?;
            // At the price of the first row: what rounding makes of it is part of the residual.
            held.push((asset, steth));
        }
        let eth = row.number(columns.eth_debt, Range::NonNegative)?;
        if eth > 0.0 {
            owed.push((self.owed_asset("WETH", 1.0), eth));
        }
        for group in &columns.groups {
            let amount = |column: Option<usize>| match column {
                Some(column) => Ok(row.number_or_empty(column, Range::NonNegative)?.unwrap_or(0.0)),
                None => Ok(0.0),
            };
            let (in_debt, in_collateral) = (amount(group.owed)?, amount(group.held)?);
            if in_debt <= 0.0 && in_collateral <= 0.0 {
                continue;
            }
            let price = match group.price {
                Some(column) => row.number(column, Range::Positive)? / WEI,
                None => 1.0,
            };
            let decimals = match group.decimals {
                Some(column) => row.number(column, Range::NonNegative)?,
                None => 18.0,
            };
            if decimals > 36.0 || decimals % 1.0 != 0.0 {
                let column = group.decimals.unwrap_or(columns.user);
                return Err(row.refuse(column, row.text(column)?, "a whole number from 0 to 36"));
            }
            let base: f64 = (0..decimals as u32).fold(1.0, |base, _| base * 10.0);
            if in_debt > 0.0 {
                owed.push((self.owed_asset(&group.symbol, price), in_debt / base));
            }
            if in_collateral > 0.0 {
                let threshold = match group.threshold {
                    Some(column) => Some(row.number(column, Range::FractionOrZero)?),
                    None => None,
                };
                let column = group.held.unwrap_or(columns.user);
                let asset = self.asset(row, column, &group.symbol, price, threshold)?;
                held.push((asset, in_collateral / base));
            }
        }
        let held = self.settle_collateral(collateral, average, held);
        let owed = self.settle_debt(debt, owed);
        self.seen.insert(name.to_owned(), self.rows.len());
        let (name, file, line) = (name.to_owned(), self.files.len() - 1, row.line);
        self.rows.push(Account { name, file, line, debt, health_factor, held, owed });
        Ok(())
    }

    /// Index of an asset that is owed, begun without terms as collateral if it is new.
    fn owed_asset(&mut self, symbol: &str, price: f64) -> usize {
        self.assets.iter().position(|asset| asset.symbol == symbol).unwrap_or_else(|| {
            self.assets.push(Asset {
                symbol: symbol.to_owned(),
                price,
                liquidation_threshold: 0.0,
                bonus: 0.0,
            });
            self.assets.len() - 1
        })
    }

    /// Index of an asset that is held; its terms are filled in.
    fn asset(
        &mut self,
        row: &Row<'_>,
        column: usize,
        symbol: &str,
        price: f64,
        threshold: Option<f64>,
    ) -> Result<usize, FormatError> {
        let index = self.owed_asset(symbol, price);
        if self.assets[index].liquidation_threshold == 0.0 {
            let Some(terms) = self.options.terms.iter().find(|terms| terms.symbol == symbol) else {
                return Err(FormatError::UnknownName {
                    at: row.at(column),
                    what: "asset without terms",
                    found: symbol.to_owned(),
                    known: self.options.terms.iter().map(|terms| terms.symbol.clone()).collect(),
                });
            };
            self.assets[index].liquidation_threshold = threshold.unwrap_or(terms.liquidation_threshold);
            self.assets[index].bonus = terms.bonus;
        }
        Ok(index)
    }

    /// Makes holdings add up to the total and their thresholds to the average.
    fn settle_collateral(&mut self, total: f64, average: f64, held: Vec<(usize, f64)>) -> Vec<Collateral> {
        let value = |assets: &[Asset], (asset, amount): (usize, f64)| amount * assets[asset].price;
        let mut held: Vec<(usize, f64)> =
            held.into_iter().filter(|&(asset, _)| self.assets[asset].liquidation_threshold > 0.0).collect();
        let mut sum: f64 = held.iter().map(|&one| value(&self.assets, one)).sum();
        let excess = sum - total;
        let near = |one: &(usize, f64)| (value(&self.assets, *one) - excess).abs() <= SAME * total;
        if excess > SAME * total
            && let Some(place) = held.iter().position(near)
        {
            let off = value(&self.assets, held.remove(place));
            self.report.not_enabled.0 += off;
            self.report.not_enabled.1 += 1;
            sum -= off;
        }
        let excess = sum - total;
        if excess > ROUNDING * total {
            self.report.scaled.0 += excess;
            self.report.scaled.1 += 1;
        }
        if excess > 0.0 {
            held.iter_mut().for_each(|(_, amount)| *amount *= total / sum);
        }
        let mut collateral: Vec<Collateral> = held
            .iter()
            .map(|&(asset, amount)| Collateral {
                asset,
                amount,
                liquidation_threshold: Some(self.assets[asset].liquidation_threshold),
            })
            .collect();
        let secured = |assets: &[Asset], held: &[Collateral]| -> f64 {
            held.iter()
                .map(|c| c.amount * assets[c.asset].price * c.liquidation_threshold.unwrap_or(0.0))
                .sum()
        };
        let residual = -excess;
        if residual > ROUNDING * total {
            self.report.residual_collateral.0 += residual;
            self.report.residual_collateral.1 += 1;
            let (low, high) = RESIDUAL_THRESHOLDS;
            let own = (average * total - secured(&self.assets, &collateral)) / residual;
            let symbol = self.options.residual_collateral.clone();
            let asset = self.owed_asset(&symbol, 1.0);
            self.assets[asset].bonus = self.options.residual_bonus;
            let liquidation_threshold = Some(own.clamp(low, high));
            collateral.push(Collateral { asset, amount: residual, liquidation_threshold });
        }
        let found = secured(&self.assets, &collateral);
        // Every holding is scaled alike. An account whose average is not known is left as it is.
        if found > 0.0 && average > 0.0 {
            let factor = average * total / found;
            self.report.threshold_change = self.report.threshold_change.max((factor - 1.0).abs());
            for one in &mut collateral {
                one.liquidation_threshold = one.liquidation_threshold.map(|t| t * factor);
            }
        }
        collateral
    }

    /// Makes debts add up to the total.
    fn settle_debt(&mut self, total: f64, mut owed: Vec<(usize, f64)>) -> Vec<Debt> {
        let sum: f64 = owed.iter().map(|&(asset, amount)| amount * self.assets[asset].price).sum();
        if sum > total {
            owed.iter_mut().for_each(|(_, amount)| *amount *= total / sum);
        }
        let residual = total - sum;
        if residual > ROUNDING * total {
            self.report.residual_debt.0 += residual;
            self.report.residual_debt.1 += 1;
            let symbol = self.options.residual_debt.clone();
            let asset = self.owed_asset(&symbol, 1.0);
            let amount = residual / self.assets[asset].price;
            match owed.iter_mut().find(|(known, _)| *known == asset) {
                Some((_, known)) => *known += amount,
                None => owed.push((asset, amount)),
            }
        }
        owed.into_iter().map(|(asset, amount)| Debt { asset, amount }).collect()
    }

    fn into_book(mut self) -> Result<AaveBook, FormatError> {
        let last = self.files.last().cloned().unwrap_or_default();
        let whole = |source| FormatError::Accounts { at: Place::file(&last), source };
        self.assets.iter_mut().for_each(|asset| asset.price *= self.options.eth_price);
        let mut builder = AccountBookBuilder::new(self.assets).map_err(whole)?;
        let mut health_factors = Vec::new();
        for account in self.rows {
            self.report.without_debt += usize::from(account.debt == 0.0);
            builder.account(&account.name, &account.held, &account.owed).map_err(|source| {
                let at = Place::field(&self.files[account.file], account.line, "user");
                FormatError::Accounts { at, source }
            })?;
            health_factors.push(account.health_factor);
        }
        Ok(AaveBook { book: builder.finish().map_err(whole)?, report: self.report, health_factors })
    }
}
