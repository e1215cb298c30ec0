//! What policies pay for, and the layers that stand behind them. The settlement itself is the engine's
//! ([`super::settle`]).
//!
//! Units: the settlement token's, as floating point.

use super::{
    settle::{Settled, Settlement},
    simulation::LossMatrix,
};

/// What an insured market's policy pays for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyTerms {
    /// Aggregate deductible, paid by the insured from its funded bond.
    pub deductible: f64,
    /// Aggregate limit of the loss above the deductible, before coinsurance.
    pub limit: f64,
    /// Share of the eligible loss that the insured keeps, in [0, 1].
    pub coinsurance: f64,
}

/// Why terms or layers make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TermsError {
    /// An amount is negative or not a number.
    #[error("{name} {value} is negative or not a number")]
    Amount {
        /// Name of the amount.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The coinsurance is not in [0, 1].
    #[error("coinsurance {0} is not between 0 and 1")]
    Coinsurance(f64),
    /// As many policies as markets are needed.
    #[error("{policies} policies for {markets} markets")]
    Policies {
        /// Policies given.
        policies: usize,
        /// Markets of the losses.
        markets: usize,
    },
    /// The horizon was not simulated.
    #[error("horizon {horizon} of {horizons}")]
    Horizon {
        /// Index wanted.
        horizon: usize,
        /// Horizons simulated.
        horizons: usize,
    },
}

impl PolicyTerms {
    /// Checked terms; the limit may be infinite.
    ///
    /// # Errors
    /// A negative deductible or limit, a coinsurance outside [0, 1].
    pub fn new(deductible: f64, limit: f64, coinsurance: f64) -> Result<Self, TermsError> {
        amount("deductible", deductible)?;
        amount("limit", limit)?;
        if !(0.0..=1.0).contains(&coinsurance) {
            return Err(TermsError::Coinsurance(coinsurance));
        }
        Ok(Self { deductible, limit, coinsurance })
    }

    /// What the pool owes for a gross loss in the limit of ever smaller units, for distributions on a grid:
    /// `min(max(gross - deductible, 0), limit) (1 - coinsurance)`. Paths are settled in whole units by
    /// [`super::Settlement`].
    #[must_use]
    pub fn payment(&self, gross: f64) -> f64 {
        (gross - self.deductible).max(0.0).min(self.limit) * (1.0 - self.coinsurance)
    }
}

/// The pool's layers, from first loss to last.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    sizes: Vec<f64>,
    tranches: usize,
}

impl Layers {
    /// Reserve, tranches from the most junior to the most senior, mutual layer (0 where there is none).
    ///
    /// # Errors
    /// A size that is negative or not a number.
    pub fn new(reserve: f64, tranches: &[f64], mutual: f64) -> Result<Self, TermsError> {
        amount("reserve", reserve)?;
        for &tranche in tranches {
            amount("tranche", tranche)?;
        }
        amount("mutual layer", mutual)?;
        let mut sizes = vec![reserve];
        sizes.extend_from_slice(tranches);
        sizes.push(mutual);
        Ok(Self { sizes, tranches: tranches.len() })
    }

    /// Sizes in order: reserve, tranches, mutual layer.
    #[must_use]
    pub fn sizes(&self) -> &[f64] {
        &self.sizes
    }

    /// Number of tranches.
    #[must_use]
    pub fn tranches(&self) -> usize {
        self.tranches
    }

    /// Loss at which layer `index` attaches: the layers before it.
    #[must_use]
    pub fn attachment(&self, index: usize) -> f64 {
        self.sizes.iter().take(index).sum()
    }

    /// Name of layer `index`, for tables.
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        match index {
            0 => "reserve".to_owned(),
            i if i <= self.tranches => format!("tranche {}", i - 1),
            _ => "mutual".to_owned(),
        }
    }
}

/// Loss of a layer of `size` above `attachment`.
#[must_use]
pub fn layer_loss(loss: f64, attachment: f64, size: f64) -> f64 {
    (loss - attachment).clamp(0.0, size)
}

/// Losses of a pool by path, after policies and layers.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerLosses {
    /// What the pool owes each market: one column a market, in path order.
    pub pays: Vec<Vec<f64>>,
    /// What each layer loses: one column a layer (reserve, tranches, mutual), in path order.
    pub layers: Vec<Vec<f64>>,
    /// What no layer pays, in path order.
    pub residual: Vec<f64>,
}

impl LayerLosses {
    /// Sends every path of a horizon through policies (one a market, same order) and layers, with the largest
    /// loss as the exposure that fixes the size of a unit.
    ///
    /// # Errors
    /// A number of policies other than that of the markets, a horizon that was not simulated.
    pub fn of(
        losses: &LossMatrix,
        horizon: usize,
        policies: &[PolicyTerms],
        layers: &Layers,
    ) -> Result<Self, TermsError> {
        let markets = losses.markets();
        if policies.len() != markets {
            return Err(TermsError::Policies { policies: policies.len(), markets });
        }
        if horizon >= losses.horizons() {
            return Err(TermsError::Horizon { horizon, horizons: losses.horizons() });
        }
        let columns = |count: usize| (0..count).map(|_| Vec::with_capacity(losses.paths())).collect();
        let mut result =
            Self { pays: columns(markets), layers: columns(layers.sizes.len()), residual: Vec::new() };
        let exposure = losses.rows(horizon).map(|row| row.iter().sum()).fold(0.0, f64::max);
        let settlement = Settlement::new(policies, layers, if exposure > 0.0 { exposure } else { 1.0 })?;
        let mut settled = Settled::default();
        for row in losses.rows(horizon) {
            settlement.settle(row, &mut settled)?;
            for (column, &owed) in result.pays.iter_mut().zip(&settled.owed) {
                column.push(owed);
            }
            result.residual.push(settled.residual);
            for (column, &loss) in result.layers.iter_mut().zip(&settled.taken) {
                column.push(loss);
            }
        }
        Ok(result)
    }

    /// What the pool owes to all markets together, in path order.
    #[must_use]
    pub fn total_pays(&self) -> Vec<f64> {
        (0..self.residual.len()).map(|path| self.pays.iter().map(|column| column[path]).sum()).collect()
    }
}

fn amount(name: &'static str, value: f64) -> Result<(), TermsError> {
    if value >= 0.0 { Ok(()) } else { Err(TermsError::Amount { name, value }) }
}
