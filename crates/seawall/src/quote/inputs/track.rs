//! What a token's price follows.

use seawall_actuary::price::PriceHistory;

use super::{Closes, PegData};
use crate::output::Failure;
use crate::quote::assumptions::Follow;

/// What a token's price follows: a column of the price history times a constant, or the quote currency; from either it
/// can stray where it is pegged.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Symbol of the token.
    pub symbol: String,
    /// Column of the price history; none for the quote currency.
    pub column: Option<String>,
    /// Units of the column's asset, or of the quote currency, that one token is worth.
    pub ratio: f64,
    /// It strays from that, as an asset of the model of its own that reverts.
    pub pegged: bool,
}

impl Track {
    /// Name of the model's asset whose price it has.
    pub fn asset(&self) -> &str {
        match &self.column {
            Some(column) if !self.pegged => column,
            _ => &self.symbol,
        }
    }

    /// Name of what all tokens with the same buyers follow: the column, or the token itself.
    pub fn family(&self) -> &str {
        self.column.as_deref().unwrap_or(&self.symbol)
    }

    /// Finds what a token follows: as told, as known, as a peg to the quote currency, or a column of its own name.
    ///
    /// # Errors
    /// A token of which nothing is known; a column that is not there.
    pub fn find(follows: &[Follow], closes: &Closes, symbol: &str) -> Result<Self, Failure> {
        let history = &closes.history;
        let peg = closes.pegs.iter().any(|peg| peg.token == symbol);
        let own = |column: Option<String>, ratio, pegged| {
            Ok(Self { symbol: symbol.to_owned(), column, ratio, pegged })
        };
        if let Some(told) = follows.iter().rev().find(|follow| follow.symbol == symbol) {
            if !history.assets.contains(&told.column) {
                return Err(Failure::input(format!(
                    "{symbol} follows {}, which is no column of the price history ({})",
                    told.column,
                    history.assets.join(", ")
                ))
                .hint("give a history that has it with --prices or --candles"));
            }
            return own(Some(told.column.clone()), told.ratio, told.has_basis() || peg);
        }
        if peg {
            return own(None, 1.0, true);
        }
        if history.assets.iter().any(|asset| asset == symbol) {
            return own(Some(symbol.to_owned()), 1.0, false);
        }
        let failure = Failure::input(format!("no price is known for {symbol}"));
        let column = history.assets.first().map_or("ETH", String::as_str);
        let known = history.assets.join(", ");
        Err(match crate::quote::assumptions::AT_PAR.contains(&symbol) {
            true => failure.hint(format!(
                "it is pegged: give a history of its price with --peg {symbol}=FILE, or take the documented rate of \
                 depegs with --peg {symbol}=stated"
            )),
            false => failure.hint(format!(
                "say which column of the prices it follows ({known}), such as --follow {symbol}={column}"
            )),
        })
    }

    /// The last price that is known, quote currency; par for a peg of which nothing is known.
    ///
    /// # Errors
    /// A column without a close.
    pub fn last_close(&self, closes: &Closes) -> Result<f64, Failure> {
        match &self.column {
            Some(column) => Ok(self.ratio * last(&closes.history, column)?),
            None => match closes.pegs.iter().find(|peg| peg.token == self.symbol).map(|peg| &peg.data) {
                Some(PegData::Closes(history)) => last(history, &self.symbol),
                Some(PegData::Column) => last(&closes.history, &self.symbol),
                Some(PegData::Stated) | None => Ok(self.ratio),
            },
        }
    }
}

fn last(history: &PriceHistory, column: &str) -> Result<f64, Failure> {
    let closes = history.closes_of(column).map_err(Failure::input)?;
    let last = closes.iter().rev().copied().find(|close| !close.is_nan());
    last.ok_or_else(|| Failure::input(format!("every close of {column} is missing")))
}
