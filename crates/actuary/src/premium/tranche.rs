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
use crate::loss::{Estimate, LayerFigures};

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

/// Describes layers by their figures. `premiums` holds each layer's premium over the period of the losses,
/// `years` its length. Layers without a premium (the residual) are left out: `premiums` may be shorter than
/// `figures`.
///
/// # Errors
/// More premiums than layers; a premium or period that is negative or not finite.
pub fn tranche_table(
    figures: &[LayerFigures],
    premiums: &[f64],
    years: f64,
) -> Result<Vec<TrancheTable>, PremiumError> {
    if premiums.len() > figures.len() {
        return Err(PremiumError::Layers {
            name: "premiums",
            found: premiums.len(),
            expected: figures.len(),
        });
    }
    if !(years > 0.0 && years.is_finite()) {
        return Err(PremiumError::Parameter { name: "period", value: years });
    }
    figures
        .iter()
        .zip(premiums)
        .map(|(layer, &premium)| {
            non_negative("premium", premium)?;
            Ok(describe(layer, premium, years))
        })
        .collect()
}

fn describe(layer: &LayerFigures, premium: f64, years: f64) -> TrancheTable {
    let sized = layer.size > 0.0 && layer.size.is_finite();
    let rate = |amount: Estimate| sized.then(|| amount.scaled(1.0 / layer.size));
    TrancheTable {
        name: layer.name.clone(),
        attachment: layer.attachment,
        exhaustion: layer.attachment + layer.size,
        expected_loss: layer.expected_loss,
        probability_of_loss: layer.probability_of_loss,
        probability_of_exhaustion: layer.probability_of_exhaustion,
        loss_given_loss: layer.loss_given_loss,
        expected_shortfall: layer.tail.expected_shortfall,
        thin: layer.tail.thin,
        premium,
        expected_return: rate(layer.profit(premium)),
        deviation: rate(layer.deviation),
        sharpe: layer.sharpe(premium),
        sortino: layer.sortino(premium),
        return_on_shortfall: layer.return_on_shortfall(premium),
        breakeven_spread: rate(layer.expected_loss).map(|amount| amount.scaled(1.0 / years)),
    }
}
