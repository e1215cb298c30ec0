//! Reading the states of one day and applying the rules.

use seawall_actuary::book::{Book, Market, Position};
use seawall_actuary::price::PriceHistory;

use super::{
    ASSUMPTIONS, BAND_RATIO, Collateral, CrvusdBook, DUST_USD, Exclusions, LIQUIDATION_DISCOUNT, MARKETS,
    MarketExclusions, SNAPSHOT_HOUR, Tally,
};
use crate::error::{FormatError, Place};
use crate::field::{Range, shown};
use crate::price_table::close_known_at;
use crate::source::Source;
use crate::table::{Header, Row, Table};
use crate::timestamp::{DAY, day};

const COLUMNS: [(&str, bool); 6] = [
    ("market", true),
    ("date", true),
    ("day_index", true),
    ("debt_crvusd", true),
    ("collateral_tokens", true),
    ("n_bands", true),
];

const BANDS: &str = "a whole number from 4 to 50";
const DAY_INDEX: &str = "a whole number of days";

/// Makes the loan book of `date` (YYYY-MM-DD), with prices of `BTC` and `ETH` from the history. A market whose loans
/// are all left out is not in the book, but in the exclusions.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::NotFound`] for a date that is no day or not in the table, or when
/// no loan is left; [`FormatError::NoPrice`] when a close is absent.
pub fn read_crvusd(source: Source<'_>, date: &str, prices: &PriceHistory) -> Result<CrvusdBook, FormatError> {
    let mut table = Table::open(source, &Header::Fixed(&COLUMNS))?;
    let columns = Columns::of(&table)?;
    let midnight = day(date).map_err(|expected| FormatError::NotFound {
        at: Place::file(table.file()),
        what: "date",
        wanted: shown(date),
        found: format!("that it is not {expected}"),
    })?;
    let time = midnight + SNAPSHOT_HOUR * 3600;
    let mut pending: Vec<Pending> = Vec::new();
    let mut days: Option<(String, String)> = None;
    while let Some(row) = table.next_row()? {
        let state = State::of(&row, &columns)?;
        note_day(&mut days, state.date);
        if state.date != date {
            continue;
        }
        let index = match pending.iter().position(|market| market.market.name == state.collateral.market) {
            Some(index) => index,
            None => {
                pending.push(Pending::begin(state.collateral, prices, time)?);
                pending.len() - 1
            }
        };
        if let Some(market) = pending.get_mut(index) {
            market.add(&state, &row);
        }
    }
    let (first, last) = days.unwrap_or_default();
    let missing = |what, found| FormatError::NotFound {
        at: Place::file(table.file()),
        what,
        wanted: date.to_owned(),
        found,
    };
    if pending.is_empty() {
        return Err(missing("row of date", format!("{first} to {last}")));
    }
    let mut made = CrvusdBook {
        book: Book::default(),
        exclusions: Exclusions::default(),
        time,
        collateral_prices: Vec::new(),
        debt_price: 1.0,
        assumptions: &ASSUMPTIONS,
    };
    for market in pending {
        if market.exclusions.kept.debt > 0.0 {
            market
                .market
                .validate_totals()
                .map_err(|source| FormatError::Book { at: Place::file(table.file()), source })?;
            made.book.markets.push(market.market);
            made.collateral_prices.push(market.price);
        }
        made.exclusions.markets.push(market.exclusions);
    }
    if made.book.markets.is_empty() {
        return Err(missing("loan below its threshold on", "only loans that are left out".to_owned()));
    }
    Ok(made)
}

/// Threshold of a loan in this many bands. The power is a product, and the root of the half is exact to the last
/// bit on every machine.
pub(super) fn threshold(bands: u32) -> f64 {
    let mut power = 1.0;
    for _ in 0..bands {
        power *= BAND_RATIO;
    }
    (1.0 - LIQUIDATION_DISCOUNT) * power.sqrt()
}

fn note_day(days: &mut Option<(String, String)>, date: &str) {
    match days {
        None => *days = Some((date.to_owned(), date.to_owned())),
        // Days written YYYY-MM-DD are ordered as text.
        Some((first, _)) if date < first.as_str() => *first = date.to_owned(),
        Some((_, last)) if date > last.as_str() => *last = date.to_owned(),
        Some(_) => {}
    }
}

struct Columns {
    market: usize,
    date: usize,
    day_index: usize,
    debt: usize,
    collateral: usize,
    bands: usize,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            market: table.required("market")?,
            date: table.required("date")?,
            day_index: table.required("day_index")?,
            debt: table.required("debt_crvusd")?,
            collateral: table.required("collateral_tokens")?,
            bands: table.required("n_bands")?,
        })
    }
}

/// One row, checked.
struct State<'t> {
    collateral: &'static Collateral,
    date: &'t str,
    debt: f64,
    tokens: f64,
    bands: u32,
}

impl<'t> State<'t> {
    fn of(row: &Row<'t>, columns: &Columns) -> Result<Self, FormatError> {
        let market = row.name(columns.market)?;
        let collateral =
            MARKETS.iter().find(|known| known.market == market).ok_or_else(|| FormatError::UnknownName {
                at: row.at(columns.market),
                what: "market",
                found: shown(market),
                known: MARKETS.iter().map(|known| known.market.to_owned()).collect(),
            })?;
        let date = row.text(columns.date)?;
        day(date).map_err(|_| row.refuse(columns.date, date, DAY))?;
        let index = row.text(columns.day_index)?;
        index.parse::<u32>().map_err(|_| row.refuse(columns.day_index, index, DAY_INDEX))?;
        let text = row.text(columns.bands)?;
        let bands = match text.parse::<u32>() {
            Ok(bands) if (4..=50).contains(&bands) => bands,
            _ => return Err(row.refuse(columns.bands, text, BANDS)),
        };
        Ok(Self {
            collateral,
            date,
            debt: row.number(columns.debt, Range::NonNegative)?,
            tokens: row.number(columns.collateral, Range::NonNegative)?,
            bands,
        })
    }
}

struct Pending {
    market: Market,
    price: f64,
    exclusions: MarketExclusions,
}

impl Pending {
    fn begin(collateral: &Collateral, prices: &PriceHistory, time: u64) -> Result<Self, FormatError> {
        let close = close_known_at(prices, collateral.base, time)
            .ok_or_else(|| FormatError::NoPrice { asset: collateral.base.to_owned(), time })?;
        let none = Tally::default();
        Ok(Self {
            market: Market {
                name: collateral.market.to_owned(),
                collateral_asset: collateral.symbol.to_owned(),
                debt_asset: "crvUSD".to_owned(),
                accounts: Vec::new(),
                positions: Vec::new(),
            },
            price: collateral.ratio * close,
            exclusions: MarketExclusions {
                market: collateral.market.to_owned(),
                all: none,
                above_threshold: none,
                dust: none,
                kept: none,
            },
        })
    }

    fn add(&mut self, state: &State<'_>, row: &Row<'_>) {
        let position = Position {
            collateral: state.tokens,
            debt: state.debt,
            liquidation_threshold: threshold(state.bands),
        };
        self.exclusions.all.add(state.debt);
        if position.is_liquidatable(self.price, 1.0) {
            self.exclusions.above_threshold.add(state.debt);
        } else if state.tokens * self.price < DUST_USD {
            self.exclusions.dust.add(state.debt);
        } else {
            self.exclusions.kept.add(state.debt);
            self.market.accounts.push(format!("{}:{}:{}", state.collateral.market, state.date, row.number));
            self.market.positions.push(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_by_bands() {
        // 0.94 x 0.99^2, 0.94 x 0.99^5, 0.94 x 0.99^25.
        for (bands, expected) in [(4, 0.921_294), (10, 0.893_930_647), (50, 0.731_152_078)] {
            assert!((threshold(bands) - expected).abs() < 1e-9, "{bands}: {}", threshold(bands));
        }
    }
}
