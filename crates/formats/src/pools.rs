//! Pools and other venues of sale, into [`Impact`].
//!
//! A CSV table with these columns, in any order; a field that its kind does not use is empty:
//!
//! | column | meaning |
//! |---|---|
//! | `venue` | name; the rows of one venue and pair are its ranges |
//! | `kind` | `constant_product`, `concentrated` or `square_root` |
//! | `sell_asset`, `buy_asset` | symbols |
//! | `fee` | fraction of what is sold, in [0, 1); 0 if empty; not for `square_root` |
//! | `sell_reserve`, `buy_reserve` | `constant_product`: tokens in the pool, above 0 |
//! | `price` | `concentrated`: tokens bought per token sold, the same on every row of the venue |
//! | `lower_price`, `upper_price` | `concentrated`: the range, lower at least 0, upper above it (empty: no upper end); ranges rising, without overlap |
//! | `liquidity` | `concentrated`: L of the range, root of (tokens sold x tokens bought), at least 0 |
//! | `volatility` | `square_root`: of the price over a period, a fraction |
//! | `volume` | `square_root`: value traded in that period, in tokens of `buy_asset` |

use seawall_actuary::liquidation::{
    Concentrated, ConstantProduct, DepthError, Impact, LiquidityRange, SquareRoot,
};

use crate::error::{FormatError, Place};
use crate::field::Range;
use crate::source::Source;
use crate::table::{Header, Row, Table};

/// Columns of the table, and whether each must be there.
const COLUMNS: [(&str, bool); 13] = [
    ("venue", true),
    ("kind", true),
    ("sell_asset", true),
    ("buy_asset", true),
    ("fee", false),
    ("sell_reserve", false),
    ("buy_reserve", false),
    ("price", false),
    ("lower_price", false),
    ("upper_price", false),
    ("liquidity", false),
    ("volatility", false),
    ("volume", false),
];

/// The kinds of venue.
const KINDS: [&str; 3] = ["constant_product", "concentrated", "square_root"];

/// Most venues of one file: each row looks up its venue by name.
const VENUES_MAX: usize = 1_000;

/// One venue at which an asset can be sold.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolVenue {
    /// Name of the venue.
    pub venue: String,
    /// Asset sold.
    pub sell_asset: String,
    /// Asset received.
    pub buy_asset: String,
    /// What it does to the price.
    pub reserves: Reserves,
    /// Line of its first row.
    line: u64,
    file: String,
}

/// What is known of a venue.
#[derive(Clone, Debug, PartialEq)]
pub enum Reserves {
    /// Tokens of both assets in a constant-product pool.
    ConstantProduct {
        /// Tokens of the asset sold.
        sell: f64,
        /// Tokens of the asset received.
        buy: f64,
        /// Fraction of what is sold.
        fee: f64,
    },
    /// Ranges of concentrated liquidity.
    Concentrated {
        /// Tokens received per token sold.
        price: f64,
        /// The ranges, rising.
        ranges: Vec<LiquidityRange>,
        /// Fraction of what is sold.
        fee: f64,
    },
    /// Volatility and volume.
    SquareRoot {
        /// Over a period.
        volatility: f64,
        /// In that period, tokens of the asset received.
        volume: f64,
    },
}

impl PoolVenue {
    /// Price impact by the value of the sale. `buy_value`: a token of the asset received in the unit of account.
    ///
    /// # Errors
    /// [`FormatError::Depth`] when ranges overlap, nothing lies below the price, or a value is out of range.
    pub fn impact(&self, buy_value: f64) -> Result<Impact, FormatError> {
        let refuse = |field: &str| {
            let at = Place::field(&self.file, self.line, field);
            move |source: DepthError| FormatError::Depth { at, source }
        };
        match &self.reserves {
            Reserves::ConstantProduct { sell, buy, fee } => {
                ConstantProduct::new(*sell, *buy, buy_value, *fee)
                    .map(Impact::ConstantProduct)
                    .map_err(refuse("buy_reserve"))
            }
            Reserves::Concentrated { price, ranges, fee } => {
                Concentrated::new(*price, ranges, buy_value, *fee)
                    .map(Impact::Concentrated)
                    .map_err(refuse("lower_price"))
            }
            Reserves::SquareRoot { volatility, volume } => SquareRoot::new(*volatility, *volume * buy_value)
                .map(Impact::SquareRoot)
                .map_err(refuse("volume")),
        }
    }
}

/// Reads venues, in the order of their first rows.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::UnknownName`] for a kind that does not exist,
/// [`FormatError::Duplicate`] for a second row of a venue that is not concentrated, [`FormatError::Conflict`] for rows of
/// one venue that differ in kind or price, [`FormatError::Depth`] for reserves or ranges that make no pool,
/// [`FormatError::TooManyPairs`] beyond 1,000 venues.
pub fn read_pools(source: Source<'_>) -> Result<Vec<PoolVenue>, FormatError> {
    let mut table = Table::open(source, &Header::Fixed(&COLUMNS))?;
    let columns = Columns::of(&table)?;
    let file = table.file().to_owned();
    let mut venues: Vec<PoolVenue> = Vec::new();
    while let Some(row) = table.next_row()? {
        columns.take(&row, &file, &mut venues)?;
    }
    for venue in &venues {
        venue.impact(1.0)?;
    }
    Ok(venues)
}

struct Columns {
    venue: usize,
    kind: usize,
    sell_asset: usize,
    buy_asset: usize,
    /// The others, in the order of [`COLUMNS`] from `fee` on.
    optional: [Option<usize>; 9],
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, FormatError> {
        let mut optional = [None; 9];
        for (place, (name, _)) in optional.iter_mut().zip(&COLUMNS[4..]) {
            *place = table.column(name);
        }
        Ok(Self {
            venue: table.required("venue")?,
            kind: table.required("kind")?,
            sell_asset: table.required("sell_asset")?,
            buy_asset: table.required("buy_asset")?,
            optional,
        })
    }

    /// A column that the kind of the row needs.
    fn number(&self, row: &Row<'_>, name: &str, range: Range) -> Result<f64, FormatError> {
        match self.column(name) {
            Some(column) => row.number(column, range),
            None => {
                let mut at = row.at(self.kind);
                at.field = Some(name.to_owned());
                Err(FormatError::Value { at, found: String::new(), expected: range.words() })
            }
        }
    }

    fn number_or(&self, row: &Row<'_>, name: &str, range: Range, empty: f64) -> Result<f64, FormatError> {
        match self.column(name) {
            Some(column) => Ok(row.number_or_empty(column, range)?.unwrap_or(empty)),
            None => Ok(empty),
        }
    }

    fn column(&self, name: &str) -> Option<usize> {
        let place = COLUMNS[4..].iter().position(|(column, _)| *column == name)?;
        self.optional[place]
    }

    fn take(&self, row: &Row<'_>, file: &str, venues: &mut Vec<PoolVenue>) -> Result<(), FormatError> {
        let (venue, kind) = (row.name(self.venue)?, row.name(self.kind)?);
        let (sell_asset, buy_asset) = (row.name(self.sell_asset)?, row.name(self.buy_asset)?);
        let fee = |columns: &Self| columns.number_or(row, "fee", Range::FractionOrZero, 0.0);
        let reserves = match kind {
            "constant_product" => Reserves::ConstantProduct {
                sell: self.number(row, "sell_reserve", Range::Positive)?,
                buy: self.number(row, "buy_reserve", Range::Positive)?,
                fee: fee(self)?,
            },
            "concentrated" => Reserves::Concentrated {
                price: self.number(row, "price", Range::Positive)?,
                ranges: vec![LiquidityRange {
                    lower: self.number(row, "lower_price", Range::NonNegative)?,
                    upper: self.number_or(row, "upper_price", Range::Positive, f64::INFINITY)?,
                    liquidity: self.number(row, "liquidity", Range::NonNegative)?,
                }],
                fee: fee(self)?,
            },
            "square_root" => Reserves::SquareRoot {
                volatility: self.number(row, "volatility", Range::Positive)?,
                volume: self.number(row, "volume", Range::Positive)?,
            },
            other => {
                return Err(FormatError::UnknownName {
                    at: row.at(self.kind),
                    what: "kind of venue",
                    found: crate::field::shown(other),
                    known: KINDS.map(str::to_owned).to_vec(),
                });
            }
        };
        let known = venues.iter().position(|known| {
            known.venue == venue && known.sell_asset == sell_asset && known.buy_asset == buy_asset
        });
        match known {
            Some(known) => self.join(row, &mut venues[known], reserves),
            None if venues.len() == VENUES_MAX => {
                Err(FormatError::TooManyPairs { at: row.at(self.venue), limit: VENUES_MAX })
            }
            None => {
                venues.push(PoolVenue {
                    venue: venue.to_owned(),
                    sell_asset: sell_asset.to_owned(),
                    buy_asset: buy_asset.to_owned(),
                    reserves,
                    line: row.line,
                    file: file.to_owned(),
                });
                Ok(())
            }
        }
    }

    /// A further range of a venue that is there already.
    fn join(&self, row: &Row<'_>, known: &mut PoolVenue, reserves: Reserves) -> Result<(), FormatError> {
        let Reserves::Concentrated { price, ranges, fee } = reserves else {
            return Err(FormatError::Duplicate {
                at: row.at(self.venue),
                what: "the venue of this pair",
                found: crate::field::shown(&known.venue),
                first_line: known.line,
            });
        };
        let conflict = |column: usize, what: &str, found: String, expected: String, known: &PoolVenue| {
            let mut other = row.at(column);
            other.line = Some(known.line);
            let what = format!("{what} of venue {:?}", known.venue);
            Err(FormatError::Conflict { at: row.at(column), what, found, expected, other })
        };
        let Reserves::Concentrated { price: first, ranges: before, fee: first_fee } = &mut known.reserves
        else {
            return conflict(self.kind, "the kind", "concentrated".into(), "another".into(), known);
        };
        if price != *first {
            let (column, expected) = (self.column("price").unwrap_or(self.kind), first.to_string());
            return conflict(column, "the price", price.to_string(), expected, known);
        }
        if fee != *first_fee {
            let (column, expected) = (self.column("fee").unwrap_or(self.kind), first_fee.to_string());
            return conflict(column, "the fee", fee.to_string(), expected, known);
        }
        before.extend(ranges);
        Ok(())
    }
}
