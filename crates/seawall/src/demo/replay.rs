//! A real crash laid over the book: the hourly moves of the scenario applied to the prices of the snapshot, and
//! every market's ladder carried through them.
//!
//! Between two closes the price is taken to pass over every price in between and no further (the lows within the
//! hour are not in the table, which understates). The whole window is served as under stress. A market's level of
//! bad debt at the end of an hour is what liquidations lost so far and what open loans past their threshold would
//! not pay now; its counter adds up the rises of the level (rule 4.1), and what the level has fallen at the end
//! came back.
//!
//! Units: prices in the quote currency, losses in debt tokens, time in Unix seconds.

use std::sync::Arc;

use seawall_actuary::liquidation::{HOURS_PER_YEAR, Interval, LadderState, MarketModel};
use seawall_actuary::price::PriceHistory;

use crate::output::Failure;
use crate::quote::inputs::Insured;
use crate::quote::windows::{Crash, minute};

/// What the replay assumes beyond the price.
pub const ASSUMPTIONS: [&str; 3] = [
    "the crash: hourly closes of the window applied to the prices of the snapshot; lows within an hour are not in the \
     table (understates); staking tokens keep their ratio (understates)",
    "the crash is served as under stress from its first hour on (overstates before the fall)",
    "a market's counter adds up the rises of its level of bad debt, which counts open loans past their threshold at \
     what they would not pay now; what the level has fallen at the end of the window is passed on as recovery",
];

/// One market after one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MarketHour {
    /// Price of the collateral.
    pub price: f64,
    /// Debt liquidated so far.
    pub liquidated: f64,
    /// Debt past its threshold and not served.
    pub backlog: f64,
    /// Bad debt that liquidations left so far.
    pub realised: f64,
    /// Bad debt of open loans past their threshold.
    pub under_water: f64,
}

impl MarketHour {
    /// The level of bad debt that the market shows.
    pub fn level(&self) -> f64 {
        self.realised + self.under_water
    }
}

/// One hour of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Hour {
    /// End of the hour in the history, Unix seconds.
    pub history_time: u64,
    /// Price of each column relative to the beginning, in the order of [`Replay::columns`].
    pub relative: Vec<f64>,
    /// The markets, in the order of the book.
    pub markets: Vec<MarketHour>,
}

/// The scenario hour by hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// Columns of the price table that moved the book.
    pub columns: Vec<String>,
    /// The hours, first to last.
    pub hours: Vec<Hour>,
}

/// Runs the markets through a window of the history.
///
/// # Errors
/// A window in which a close is missing.
pub fn replay(
    history: &PriceHistory,
    crash: &Crash,
    insured: &[Insured],
    models: &[Arc<MarketModel>],
) -> Result<Replay, Failure> {
    let mut columns: Vec<String> = Vec::new();
    for market in insured {
        let column = market.follow.family();
        if !columns.iter().any(|known| known == column) {
            columns.push(column.to_owned());
        }
    }
    let moves =
        columns.iter().map(|column| moves(history, crash, column)).collect::<Result<Vec<_>, Failure>>()?;
    let column_of: Vec<usize> = insured
        .iter()
        .map(|market| columns.iter().position(|column| column == market.follow.family()).unwrap_or(0))
        .collect();
    let mut states: Vec<LadderState> = models.iter().map(|model| model.state()).collect();
    let mut open: Vec<f64> = models.iter().map(|model| model.spot()).collect();
    let mut realised = vec![0.0; models.len()];
    let hours = moves.first().map_or(0, Vec::len);
    let mut result = Replay { columns, hours: Vec::with_capacity(hours) };
    for hour in 0..hours {
        let relative: Vec<f64> = moves.iter().map(|column| column[hour]).collect();
        let mut markets = Vec::with_capacity(models.len());
        for (index, (model, state)) in models.iter().zip(&mut states).enumerate() {
            let close = model.spot() * relative[column_of[index]];
            let interval = Interval {
                low: open[index].min(close),
                close,
                after: close,
                years: 1.0 / HOURS_PER_YEAR,
                stressed: true,
            };
            realised[index] += state.step_interval(model.ladder(), model.service(), &interval).loss;
            open[index] = close;
            markets.push(MarketHour {
                price: insured[index].collateral_price * relative[column_of[index]],
                liquidated: state.served(),
                backlog: state.backlog(model.ladder(), close),
                realised: realised[index],
                under_water: state.unrealised(model.ladder(), model.service(), close),
            });
        }
        let history_time = crash.from + 3600 * (hour as u64 + 1);
        result.hours.push(Hour { history_time, relative, markets });
    }
    Ok(result)
}

/// Prices of a column at the end of each hour, relative to that at the window's beginning.
fn moves(history: &PriceHistory, crash: &Crash, column: &str) -> Result<Vec<f64>, Failure> {
    let closes = history.closes_of(column).map_err(Failure::input)?;
    let known_at = |time: u64| {
        let row = time.checked_sub(history.start + history.step)? / history.step;
        closes.get(usize::try_from(row).ok()?).copied().filter(|close| !close.is_nan())
    };
    let at = |time: u64| {
        known_at(time).ok_or_else(|| {
            Failure::input(format!("the price history has no close of {column} at {}", minute(time)))
        })
    };
    let start = at(crash.from)?;
    let hours = (crash.to - crash.from) / 3600;
    (1..=hours).map(|hour| Ok(at(crash.from + 3600 * hour)? / start)).collect()
}
