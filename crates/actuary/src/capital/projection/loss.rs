//! The distribution that a year's loss is drawn from.

use super::plan::ProjectionError;
use crate::aggregate::GridLoss;
use crate::capital::GridPool;
use crate::loss::statistics::sum;

/// Losses of a year at today's cover, rising, with their cumulative probabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnualLoss {
    amounts: Vec<f64>,
    cumulative: Vec<f64>,
    mean: f64,
}

impl AnnualLoss {
    /// A loss on a grid; what is beyond it comes at its mean.
    #[must_use]
    pub fn of_grid(loss: &GridLoss) -> Self {
        Self::of_sorted(loss.atoms().map(|(p, x)| (x, p)))
    }

    /// What a pool owes.
    #[must_use]
    pub fn of_pool(pool: &GridPool) -> Self {
        Self::of_grid(&pool.total())
    }

    /// Losses with weights, for instance an exact tail of a simulation with one entry for all the rest. Weights are
    /// scaled to add up to one.
    ///
    /// # Errors
    /// No loss with weight; a negative or infinite loss or weight.
    pub fn of_weighted(losses: &[(f64, f64)]) -> Result<Self, ProjectionError> {
        for (loss, weight) in losses {
            for (name, value) in [("loss", *loss), ("weight", *weight)] {
                if !(value >= 0.0 && value.is_finite()) {
                    return Err(ProjectionError::Parameter { name, value });
                }
            }
        }
        let total = sum(losses.iter().map(|(_, w)| *w));
        if total <= 0.0 {
            return Err(ProjectionError::Parameter { name: "sum of the weights", value: total });
        }
        let mut sorted: Vec<(f64, f64)> =
            losses.iter().filter(|(_, w)| *w > 0.0).map(|(x, w)| (*x, w / total)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self::of_sorted(sorted.into_iter()))
    }

    /// Equally likely losses.
    ///
    /// # Errors
    /// As for [`AnnualLoss::of_weighted`].
    pub fn of_sample(losses: &[f64]) -> Result<Self, ProjectionError> {
        let weighted: Vec<(f64, f64)> = losses.iter().map(|x| (*x, 1.0)).collect();
        Self::of_weighted(&weighted)
    }

    fn of_sorted(atoms: impl Iterator<Item = (f64, f64)>) -> Self {
        let (amounts, probabilities): (Vec<f64>, Vec<f64>) = atoms.unzip();
        let mean = sum(amounts.iter().zip(&probabilities).map(|(x, p)| x * p));
        let mut up_to = 0.0;
        let cumulative = probabilities
            .iter()
            .map(|p| {
                up_to += p;
                up_to
            })
            .collect();
        Self { amounts, cumulative, mean }
    }

    /// Expected loss of a year at today's cover.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The loss of rank `uniform` in (0, 1). Rises with it.
    #[must_use]
    pub fn at(&self, uniform: f64) -> f64 {
        let index = self.cumulative.partition_point(|c| *c < uniform);
        self.amounts[index.min(self.amounts.len() - 1)]
    }
}
