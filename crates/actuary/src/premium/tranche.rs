//! A layer as an investment: what it may lose, what it earns, and the usual ratios of the two.
//!
//! With loss L, size K and premium P of a layer over the period, the return is `r = (P - L)/K`. Ratios:
//! Sharpe `E[r]/sd(r)`, Sortino `E[r]/sqrt(E[min(r, 0)^2])`, return on ES `(P - E[L])/ES(L)`, breakeven spread
//! `E[L]/K` a year, the premium rate at which the layer earns nothing.
//!
//! Standard errors of ratios by the delta method: the deviation of the influence function over `sqrt(n)`.
//!
//! Units: amounts in the unit of account, returns per period unless said.

use super::breakdown::{PremiumError, non_negative};
use crate::loss::{Estimate, LayerLosses, Layers, LossStatistics, statistics::sum};

/// One layer of a pool over a period.
#[derive(Clone, Debug, PartialEq)]
pub struct TrancheTable {
    /// Name of the layer.
    pub name: String,
    /// Loss of the pool at which the layer begins to lose.
    pub attachment: f64,
    /// Loss of the pool at which it is used up.
    pub exhaustion: f64,
    /// Expected loss, amount.
    pub expected_loss: Estimate,
    /// Probability of any loss.
    pub probability_of_loss: Estimate,
    /// Probability of losing everything.
    pub probability_of_exhaustion: Estimate,
    /// Expected loss given that there is one, amount; none where no path made a loss.
    pub loss_given_loss: Option<Estimate>,
    /// Expected shortfall of the loss at the table's level, amount.
    pub expected_shortfall: Estimate,
    /// True when the shortfall rests on fewer than 400 non-zero paths.
    pub thin: bool,
    /// Premium over the period, amount.
    pub premium: f64,
    /// Expected return per period; none for a layer of size 0.
    pub expected_return: Option<Estimate>,
    /// Standard deviation of the return per period; none for a layer of size 0.
    pub deviation: Option<Estimate>,
    /// Expected return over its deviation; none without risk.
    pub sharpe: Option<Estimate>,
    /// Expected return over its downside deviation; none where no path returns less than nothing.
    pub sortino: Option<Estimate>,
    /// Expected profit over expected shortfall; none without shortfall.
    pub return_on_shortfall: Option<Estimate>,
    /// Premium rate a year at which the layer earns nothing; none for a layer of size 0.
    pub breakeven_spread: Option<Estimate>,
}

/// Describes every layer (reserve, tranches, mutual layer). `premiums` holds each layer's premium over the
/// period of the losses, `years` its length, `level` that of the expected shortfall.
///
/// # Errors
/// Premiums or columns of other number than the layers; a premium or period that is negative or not finite;
/// losses that make no distribution.
pub fn tranche_table(
    layers: &Layers,
    losses: &LayerLosses,
    premiums: &[f64],
    years: f64,
    level: f64,
) -> Result<Vec<TrancheTable>, PremiumError> {
    let expected = layers.sizes().len();
    for (name, found) in [("premiums", premiums.len()), ("loss columns", losses.layers.len())] {
        if found != expected {
            return Err(PremiumError::Layers { name, found, expected });
        }
    }
    if !(years > 0.0 && years.is_finite()) {
        return Err(PremiumError::Parameter { name: "period", value: years });
    }
    let rows = losses.layers.iter().zip(premiums).enumerate();
    rows.map(|(index, (column, &premium))| {
        non_negative("premium", premium)?;
        let layer = Layer {
            name: layers.name(index),
            attachment: layers.attachment(index),
            size: layers.sizes()[index],
        };
        layer.describe(column, premium, years, level)
    })
    .collect()
}

struct Layer {
    name: String,
    attachment: f64,
    size: f64,
}

impl Layer {
    fn describe(
        self,
        losses: &[f64],
        premium: f64,
        years: f64,
        level: f64,
    ) -> Result<TrancheTable, PremiumError> {
        let statistics = LossStatistics::of(losses, level)?;
        let Self { name, attachment, size } = self;
        let sized = size > 0.0 && size.is_finite();
        let rate = |e: Estimate| sized.then(|| e.scaled(1.0 / size));
        let profit = Estimate {
            value: premium - statistics.mean.value,
            standard_error: statistics.mean.standard_error,
        };
        let ratios = Ratios { losses, premium, statistics: &statistics };
        Ok(TrancheTable {
            name,
            attachment,
            exhaustion: attachment + size,
            expected_loss: statistics.mean,
            probability_of_loss: statistics.probability,
            probability_of_exhaustion: frequency(losses, |x| sized && x >= size * (1.0 - 1e-12)),
            loss_given_loss: mean_of_positive(losses),
            expected_shortfall: statistics.tail.expected_shortfall,
            thin: statistics.tail.thin,
            premium,
            expected_return: rate(profit),
            deviation: rate(statistics.deviation),
            sharpe: ratios.sharpe(),
            sortino: ratios.sortino(),
            return_on_shortfall: ratios.on_shortfall(),
            breakeven_spread: rate(statistics.mean).map(|e| e.scaled(1.0 / years)),
        })
    }
}

fn frequency(losses: &[f64], happens: impl Fn(f64) -> bool) -> Estimate {
    let n = losses.len() as f64;
    let value = losses.iter().filter(|&&x| happens(x)).count() as f64 / n;
    Estimate { value, standard_error: (value * (1.0 - value) / n).sqrt() }
}

fn mean_of_positive(losses: &[f64]) -> Option<Estimate> {
    let positive = || losses.iter().copied().filter(|&x| x > 0.0);
    let n = positive().count() as f64;
    if n == 0.0 {
        return None;
    }
    let value = sum(positive()) / n;
    let squares = sum(positive().map(|x| (x - value) * (x - value)));
    // One sample says nothing about its own spread.
    let standard_error = if n > 1.0 { (squares / (n - 1.0) / n).sqrt() } else { f64::INFINITY };
    Some(Estimate { value, standard_error })
}

/// Ratios of profit to risk. They do not depend on the layer's size, which cancels.
struct Ratios<'a> {
    losses: &'a [f64],
    premium: f64,
    statistics: &'a LossStatistics,
}

impl Ratios<'_> {
    fn profit(&self) -> f64 {
        self.premium - self.statistics.mean.value
    }

    fn with_influence(&self, value: f64, influence: impl Fn(f64) -> f64) -> Estimate {
        let n = self.losses.len() as f64;
        let squares = sum(self.losses.iter().map(|&x| influence(x) * influence(x)));
        Estimate { value, standard_error: squares.sqrt() / n }
    }

    fn sharpe(&self) -> Option<Estimate> {
        let (mean, deviation) = (self.statistics.mean.value, self.statistics.deviation.value);
        if deviation <= 0.0 {
            return None;
        }
        let ratio = self.profit() / deviation;
        Some(self.with_influence(ratio, |x| {
            let z = (x - mean) / deviation;
            -z - ratio / 2.0 * (z * z - 1.0)
        }))
    }

    fn sortino(&self) -> Option<Estimate> {
        let below = |x: f64| (self.premium - x).min(0.0);
        let n = self.losses.len() as f64;
        let downside = (sum(self.losses.iter().map(|&x| below(x) * below(x))) / n).sqrt();
        if downside <= 0.0 {
            return None;
        }
        let ratio = self.profit() / downside;
        Some(self.with_influence(ratio, |x| {
            let z = below(x) / downside;
            (self.statistics.mean.value - x) / downside - ratio / 2.0 * (z * z - 1.0)
        }))
    }

    fn on_shortfall(&self) -> Option<Estimate> {
        let tail = &self.statistics.tail;
        let shortfall = tail.expected_shortfall.value;
        if shortfall <= 0.0 {
            return None;
        }
        let ratio = self.profit() / shortfall;
        let (at_risk, share) = (tail.value_at_risk.value, 1.0 - tail.level);
        Some(self.with_influence(ratio, |x| {
            let on_tail = at_risk - shortfall + (x - at_risk).max(0.0) / share;
            (self.statistics.mean.value - x - ratio * on_tail) / shortfall
        }))
    }
}
