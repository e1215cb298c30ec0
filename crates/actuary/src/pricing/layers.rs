//! What layers lose and earn when events are put beside the simulated losses.
//!
//! A layer's loss is a function of the pool's total, so with events it is read off the pool's distribution on the grid.
//! Each figure is the simulation's, which ran through the settlement's own waterfall, moved by the difference that
//! events make on the grid: what the grid rounds is in both terms of the difference.
//!
//! Standard errors: that of the simulation, and the events' contribution times the relative error of their expected
//! payments; the two records are independent.

use super::error::PricingError;
use super::events::MarketEvents;
use crate::capital::{GridLayer, GridPool};
use crate::loss::{Estimate, LayerFigures};
use crate::premium::{TrancheTable, tranche_table};

/// The pool over one period on the grid, without events and with them.
pub(super) struct Pools {
    /// Prices alone.
    pub without: GridPool,
    /// Prices and events.
    pub with: GridPool,
}

/// What events do to each layer over one period.
pub(super) struct Moved {
    layers: Vec<(GridLayer, GridLayer)>,
    /// Relative error of what events add.
    error: f64,
}

impl Moved {
    /// For layers as simulated over the same period.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn new(
        pools: &Pools,
        layers: &[LayerFigures],
        events: &[MarketEvents],
        level: f64,
    ) -> Result<Self, PricingError> {
        let on_grid = |layer: &LayerFigures| -> Result<_, PricingError> {
            let of = |pool: &GridPool| pool.layer(layer.attachment, layer.size, level);
            Ok((of(&pools.without)?, of(&pools.with)?))
        };
        let added: f64 = events.iter().map(|of| of.collective).sum();
        // One collective record stands behind all: the markets' errors go the same way.
        let errors = events.iter().map(|of| of.collective * of.peril.mean.relative_error());
        let error = if added > 0.0 { errors.sum::<f64>() / added } else { 0.0 };
        Ok(Self { layers: layers.iter().map(on_grid).collect::<Result<_, _>>()?, error })
    }

    /// A layer's part of the pool's expected shortfall.
    pub fn shortfall_part(&self, layer: usize, simulated: Estimate) -> Estimate {
        self.moved(layer, simulated, |grid| grid.expected_shortfall)
    }

    /// A layer's expected loss.
    pub fn expected_loss(&self, layer: usize, simulated: Estimate) -> Estimate {
        self.moved(layer, simulated, |grid| grid.expected_loss)
    }

    fn moved(&self, layer: usize, simulated: Estimate, of: impl Fn(&GridLayer) -> f64) -> Estimate {
        let (without, with) = &self.layers[layer];
        let change = of(with) - of(without);
        Estimate {
            value: (simulated.value + change).max(0.0),
            standard_error: libm::hypot(simulated.standard_error, self.error * change.abs()),
        }
    }

    /// A ratio of moved figures, with the error of the simulated one if there is one.
    fn ratio(&self, value: f64, simulated: Option<Estimate>) -> Estimate {
        let (from, error) = simulated.map_or((0.0, 0.0), |ratio| (ratio.value, ratio.standard_error));
        Estimate { value, standard_error: libm::hypot(error, self.error * (value - from).abs()) }
    }

    fn table(&self, index: usize, figures: &LayerFigures, table: TrancheTable, years: f64) -> TrancheTable {
        let probability = |simulated, of: fn(&GridLayer) -> f64| {
            let moved = self.moved(index, simulated, of);
            Estimate { value: moved.value.min(1.0), ..moved }
        };
        let (without, with) = &self.layers[index];
        let premium = table.premium;
        let expected_loss = self.expected_loss(index, table.expected_loss);
        let any = probability(table.probability_of_loss, |grid| grid.probability_of_loss);
        let shortfall = self.moved(index, table.expected_shortfall, |grid| grid.expected_shortfall);
        let spread = figures.deviation;
        let variance = spread.value * spread.value + (with.variance - without.variance);
        let deviation = self.ratio(variance.max(0.0).sqrt(), Some(spread));
        let excess =
            figures.squared_excess(premium) + with.squared_excess(premium) - without.squared_excess(premium);
        let downside = excess.max(0.0).sqrt();
        let profit = Estimate { value: premium - expected_loss.value, ..expected_loss };
        let sized = figures.size > 0.0 && figures.size.is_finite();
        let rate = |amount: Estimate| sized.then(|| amount.scaled(1.0 / figures.size));
        let over =
            |divisor: f64, simulated| (divisor > 0.0).then(|| self.ratio(profit.value / divisor, simulated));
        TrancheTable {
            expected_loss,
            probability_of_loss: any,
            probability_of_exhaustion: probability(table.probability_of_exhaustion, |grid| {
                grid.probability_of_exhaustion
            }),
            loss_given_loss: (any.value > 0.0).then(|| {
                let value = expected_loss.value / any.value;
                let error = libm::hypot(expected_loss.relative_error(), any.relative_error());
                Estimate { value, standard_error: error * value }
            }),
            expected_shortfall: shortfall,
            expected_return: rate(profit),
            deviation: rate(deviation),
            sharpe: over(deviation.value, table.sharpe),
            sortino: over(downside, table.sortino),
            return_on_shortfall: over(shortfall.value, table.return_on_shortfall),
            breakeven_spread: rate(expected_loss).map(|amount| amount.scaled(1.0 / years)),
            ..table
        }
    }
}

/// Layers as investments, events included where there are any.
///
/// # Errors
/// As for [`tranche_table`].
pub(super) fn investments(
    figures: &[LayerFigures],
    moved: Option<&Moved>,
    premiums: &[f64],
    years: f64,
) -> Result<Vec<TrancheTable>, PricingError> {
    let simulated = tranche_table(figures, premiums, years)?;
    let Some(moved) = moved else { return Ok(simulated) };
    let tables = simulated.into_iter().zip(figures).enumerate();
    Ok(tables.map(|(index, (table, layer))| moved.table(index, layer, table, years)).collect())
}
