//! A market of the book made ready for simulation: ladder, depth, delay and bonus at given spot prices.
//!
//! Renewal. A static book is empty when the crash comes late in the year, so the snapshot is stationary: every
//! `renewal_days` the surviving and the repaid debt is redrawn at the snapshot's loan-to-value profile and its
//! value. That is the same ladder started anew with prices rescaled so that the price of that moment is the
//! snapshot's spot price: O(1). What is broken, unserved and under water at that moment is booked as bad debt
//! first; a redraw makes no loss disappear.
//!
//! Pairs. The ladder's price is the collateral's in debt tokens. Where the price model simulates the pair itself,
//! its column has the pair's own bridge minimum ([`Columns::Pair`]). Otherwise the ratio of two columns is taken
//! ([`Columns::Ratio`]), and the low of the ratio within an interval is the collateral's low over the higher of
//! the debt asset's opening and close, capped by the ratio's own opening and close; a debt asset that spikes and
//! returns within one interval is then not seen.
//!
//! Units: losses in the value of the debt tokens lost, at the debt asset's price when the loss is made (USD if
//! spot prices are in USD). Times in years of 365 days.

use super::{
    ByRegime, Depth, Interval, Ladder, LadderState, LiquidationRules, MarketModelError, Service,
    close_factor::CloseFactor,
};
use crate::{
    book::{Market, Position},
    price::PricePath,
};

/// Share by which an interval's end may fall short of a horizon or renewal and still be taken for it: times of a
/// path are sums of steps.
const TIME_TOLERANCE: f64 = 1e-9;

/// Where a market's prices stand in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The collateral alone: the debt asset is the unit of account (a stablecoin taken at par).
    Collateral(usize),
    /// Collateral and debt asset are simulated; the price is their ratio.
    Ratio {
        /// Column of the collateral asset.
        collateral: usize,
        /// Column of the debt asset.
        debt: usize,
    },
    /// The pair has a column of its own.
    Pair {
        /// Column of the collateral's price in debt tokens.
        pair: usize,
        /// Column of the debt asset, for the value of the debt.
        debt: usize,
    },
}

impl Columns {
    /// Column of the ladder's price, or of its numerator.
    pub(super) fn price(self) -> usize {
        match self {
            Self::Collateral(column)
            | Self::Ratio { collateral: column, .. }
            | Self::Pair { pair: column, .. } => column,
        }
    }

    /// Column of the debt asset, where it is simulated.
    pub(super) fn debt(self) -> Option<usize> {
        match self {
            Self::Collateral(_) => None,
            Self::Ratio { debt, .. } | Self::Pair { debt, .. } => Some(debt),
        }
    }
}

/// What the simulation of a market is made from.
#[derive(Clone, Copy, Debug)]
pub struct MarketSpec<'a> {
    /// The market and its loans.
    pub market: &'a Market,
    /// Spot price of the collateral asset, in the unit of account.
    pub collateral_price: f64,
    /// Spot price of the debt asset, in the unit of account.
    pub debt_price: f64,
    /// Columns of the path.
    pub columns: Columns,
    /// What a liquidator is paid, a fraction; `1 - s = 1/(1 + bonus)`.
    pub bonus: f64,
    /// Debt that can be extinguished per hour, in the unit of account.
    pub depth: Depth,
    /// Hours from breaking to being servable.
    pub delay_hours: ByRegime,
    /// Days after which the book is redrawn at the snapshot's profile; none for a static book.
    pub renewal_days: Option<f64>,
}

/// Positions already past their threshold at the snapshot. They are no part of the ladder: cover starts from a
/// baseline that excludes them, and a renewal would lose them anew each time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AtOpening {
    /// Number of such positions.
    pub positions: usize,
    /// Their debt, unit of account.
    pub debt: f64,
    /// The part their collateral would not pay if liquidated at spot, unit of account.
    pub bad_debt: f64,
}

/// A market ready to be run along paths. Immutable; paths share it.
#[derive(Clone, Debug)]
pub struct MarketModel {
    name: String,
    ladder: Ladder,
    dust: Ladder,
    service: Service,
    spot: f64,
    debt_price: f64,
    columns: Columns,
    renewal_years: Option<f64>,
    at_opening: AtOpening,
}

impl MarketModel {
    /// Builds the ladder and the terms of service, by the default rules of liquidation.
    ///
    /// # Errors
    /// Spot prices, bonus, depth, delay, renewal or positions that make no sense.
    pub fn new(spec: &MarketSpec<'_>) -> Result<Self, MarketModelError> {
        Self::with_rules(spec, &LiquidationRules::default())
    }

    /// The same by given rules of liquidation.
    ///
    /// # Errors
    /// As [`MarketModel::new`], and rules that make no sense.
    pub fn with_rules(spec: &MarketSpec<'_>, rules: &LiquidationRules) -> Result<Self, MarketModelError> {
        let name = || spec.market.name.clone();
        for (asset, price) in [
            (&spec.market.collateral_asset, spec.collateral_price),
            (&spec.market.debt_asset, spec.debt_price),
        ] {
            if !positive(price) {
                return Err(MarketModelError::Spot { market: name(), asset: asset.clone(), price });
            }
        }
        if !(spec.bonus >= 0.0 && spec.bonus.is_finite()) {
            return Err(MarketModelError::Bonus { market: name(), bonus: spec.bonus });
        }
        if let Some(days) = spec.renewal_days.filter(|&days| !positive(days)) {
            return Err(MarketModelError::Renewal { market: name(), days });
        }
        if !(rules.gas >= 0.0 && rules.gas.is_finite()) {
            return Err(MarketModelError::Gas { market: name(), gas: rules.gas });
        }
        let fraction = rules.close_factor;
        if !(fraction > 0.0 && fraction <= 1.0) {
            return Err(MarketModelError::CloseFactor { market: name(), fraction });
        }
        if let Some(soft) = rules.soft.filter(|soft| !soft.is_sound()) {
            let (ratio, discount, most_bands) = (soft.ratio, soft.discount, soft.most_bands);
            return Err(MarketModelError::Soft { market: name(), ratio, discount, most_bands });
        }
        let spot = spec.collateral_price / spec.debt_price;
        let keep = 1.0 / (1.0 + spec.bonus);
        let (sound, breached): (Vec<Position>, Vec<Position>) =
            spec.market.positions.iter().copied().partition(|p| !breached(p, spot));
        let no_ladder = |source| MarketModelError::Ladder { market: name(), source };
        // Nobody liquidates what costs more than it brings. Positions that make no sense stay with the others, which
        // refuse them.
        let is_dust = |p: &Position| spec.bonus * p.debt * spec.debt_price < rules.gas;
        let (dust, served): (Vec<Position>, Vec<Position>) = sound.into_iter().partition(is_dust);
        // What makes no sense is not divided into bands, so that the ladder refuses it.
        let served: Vec<Position> = match rules.soft {
            None => served,
            Some(soft) if served.iter().all(|p| p.validate().is_ok()) => {
                served.iter().flat_map(|loan| soft.rungs(loan)).collect()
            }
            Some(_) => served,
        };
        let close_factor = (fraction < 1.0).then_some(CloseFactor { fraction, bonus: spec.bonus });
        let ladder = Ladder::with_close_factor(&served, close_factor).map_err(no_ladder)?;
        let dust = Ladder::new(&dust).map_err(no_ladder)?;
        let depth = spec.depth.by_regime();
        let capacity =
            ByRegime { calm: depth.calm / spec.debt_price, stressed: depth.stressed / spec.debt_price };
        let service = Service::new(1.0 - keep, capacity, spec.delay_hours)
            .map_err(|source| MarketModelError::Service { market: name(), source })?;
        let debt: f64 = breached.iter().map(|p| p.debt).sum();
        let bad_debt: f64 = breached.iter().map(|p| (p.debt - spot * keep * p.collateral).max(0.0)).sum();
        Ok(Self {
            name: name(),
            ladder,
            dust,
            service,
            spot,
            debt_price: spec.debt_price,
            columns: spec.columns,
            renewal_years: spec.renewal_days.map(|days| days / 365.0),
            at_opening: AtOpening {
                positions: breached.len(),
                debt: debt * spec.debt_price,
                bad_debt: bad_debt * spec.debt_price,
            },
        })
    }

    /// Name of the market.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Debt at the snapshot, dust included and what is past its threshold not, unit of account.
    #[must_use]
    pub fn debt(&self) -> f64 {
        (self.ladder.total_debt() + self.dust.total_debt()) * self.debt_price
    }

    /// Debt of positions that nobody would liquidate, because the bonus is below the cost; unit of account.
    #[must_use]
    pub fn dust(&self) -> f64 {
        self.dust.total_debt() * self.debt_price
    }

    /// Positions already past their threshold at the snapshot, which are left out.
    #[must_use]
    pub fn at_opening(&self) -> AtOpening {
        self.at_opening
    }

    /// The ladder, for stepping it by hand; prices in debt tokens per collateral token.
    #[must_use]
    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// The terms of service, in debt tokens.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Where the prices stand in a path.
    #[must_use]
    pub fn columns(&self) -> Columns {
        self.columns
    }

    /// Spot price of the debt asset, unit of account.
    #[must_use]
    pub fn debt_price(&self) -> f64 {
        self.debt_price
    }

    /// Years after which the book is redrawn.
    pub(super) fn renewal_years(&self) -> Option<f64> {
        self.renewal_years
    }

    /// Bad debt of what is broken and unserved at a price, dust included, debt tokens.
    pub(super) fn unserved(&self, state: &LadderState, price: f64) -> f64 {
        state.unrealised(&self.ladder, &self.service, price) + self.dust.shortfall(price, self.service.keep())
    }

    /// Highest break price of all positions, dust included.
    pub(super) fn first_break(&self) -> f64 {
        self.ladder.first_break().max(self.dust.first_break())
    }

    /// Spot price, debt tokens per collateral token.
    #[must_use]
    pub fn spot(&self) -> f64 {
        self.spot
    }

    /// A state for [`MarketModel::run`], at the spot price.
    #[must_use]
    pub fn state(&self) -> LadderState {
        LadderState::new(&self.ladder, self.spot)
    }

    /// Runs the market along a path. `losses[i]` becomes the bad debt made until `horizons[i]` (years, rising),
    /// in the unit of account, with what is unserved and under water at that horizon. An interval counts to the
    /// first horizon that is not before its end. `state` is started anew; nothing is allocated.
    ///
    /// # Errors
    /// A path without the market's columns, or that ends before the last horizon.
    pub fn run(
        &self,
        path: &PricePath,
        horizons: &[f64],
        state: &mut LadderState,
        losses: &mut [f64],
    ) -> Result<(), MarketModelError> {
        let mut quotes = Quotes::new(self, path)?;
        let mut open_horizons = horizons.iter().zip(losses.iter_mut()).peekable();
        let mut realised = 0.0;
        let mut renewal = self.renewal_years.unwrap_or(f64::INFINITY);
        let mut start = 0.0;
        state.restart(&self.ladder, self.spot);
        for (index, &end) in path.time.iter().enumerate() {
            if open_horizons.peek().is_none() {
                break;
            }
            let interval = quotes.interval(index, end - start);
            let liquidated = state.step_interval(&self.ladder, &self.service, &interval);
            if liquidated.loss > 0.0 {
                realised += liquidated.loss * quotes.debt_value();
            }
            let by_now = end * (1.0 + TIME_TOLERANCE);
            while let Some((_, loss)) = open_horizons.next_if(|(horizon, _)| **horizon <= by_now) {
                *loss = realised + self.unserved(state, interval.after) * quotes.debt_value();
            }
            if renewal <= by_now {
                realised += self.unserved(state, interval.after) * quotes.debt_value();
                quotes.renew();
                state.restart(&self.ladder, self.spot);
                let period = self.renewal_years.unwrap_or(f64::INFINITY);
                while renewal <= by_now {
                    renewal += period;
                }
            }
            start = end;
        }
        match open_horizons.next() {
            None => Ok(()),
            Some((&horizon, _)) => {
                Err(MarketModelError::Short { market: self.name.clone(), end: start, horizon })
            }
        }
    }
}

/// True for a position that is past its threshold at `spot`, or has debt and no collateral.
fn breached(position: &Position, spot: f64) -> bool {
    position.debt > 0.0
        && position.collateral >= 0.0
        && position.debt >= position.liquidation_threshold * spot * position.collateral
}

fn positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

/// Reads a path in the ladder's prices.
struct Quotes<'a> {
    path: &'a PricePath,
    columns: Columns,
    spot: f64,
    debt_price: f64,
    /// Ladder price per relative price, so that the price of the last renewal is the spot price.
    scale: f64,
    /// Value of a debt token of the ladder per relative price of the debt asset.
    debt_scale: f64,
    /// Price after the last interval, relative to time 0.
    relative: f64,
    /// The same of the debt asset.
    debt: f64,
}

impl<'a> Quotes<'a> {
    fn new(model: &MarketModel, path: &'a PricePath) -> Result<Self, MarketModelError> {
        let columns = model.columns;
        for column in [Some(columns.price()), columns.debt()].into_iter().flatten() {
            if column >= path.assets {
                let (market, assets) = (model.name.clone(), path.assets);
                return Err(MarketModelError::Column { market, column, assets });
            }
        }
        let cells = path.len() * path.assets;
        for (found, expected) in [
            (path.low.len(), cells),
            (path.close.len(), cells),
            (path.after.len(), cells),
            (path.stressed.len(), path.len()),
        ] {
            if found < expected {
                return Err(MarketModelError::Shape { market: model.name.clone(), found, expected });
            }
        }
        let (spot, debt_price) = (model.spot, model.debt_price);
        Ok(Self {
            path,
            columns,
            spot,
            debt_price,
            scale: spot,
            debt_scale: debt_price,
            relative: 1.0,
            debt: 1.0,
        })
    }

    #[inline]
    fn interval(&mut self, index: usize, years: f64) -> Interval {
        let path = self.path;
        let row = index * path.assets;
        let at = row + self.columns.price();
        let stressed = path.stressed[index];
        let (mut low, mut close, mut after) = (path.low[at], path.close[at], path.after[at]);
        if let Some(column) = self.columns.debt() {
            let (debt_open, debt_close) = (self.debt, path.close[row + column]);
            self.debt = path.after[row + column];
            if matches!(self.columns, Columns::Ratio { .. }) {
                close /= debt_close;
                after /= self.debt;
                low = (low / debt_open.max(debt_close)).min(close).min(self.relative);
            }
        }
        self.relative = after;
        let scale = self.scale;
        Interval { low: low * scale, close: close * scale, after: after * scale, years, stressed }
    }

    /// Value of one debt token of the ladder after the interval last read, unit of account.
    fn debt_value(&self) -> f64 {
        self.debt_scale * self.debt
    }

    /// Makes the price after the interval last read the spot price, and the debt's value that of the snapshot.
    fn renew(&mut self) {
        self.scale = self.spot / self.relative;
        self.debt_scale = self.debt_price / self.debt;
    }
}
