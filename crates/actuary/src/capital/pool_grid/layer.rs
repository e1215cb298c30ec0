//! A layer's part of a pool on the grid: what it loses is a function of the pool's total, so its distribution is read
//! off the total's.

use super::GridPool;
use crate::aggregate::AggregateError;
use crate::loss::statistics::sum;
use crate::loss::terms::layer_loss;

/// Distribution of a layer's loss, on the points of a pool's grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GridLayer {
    /// Expected loss.
    pub expected_loss: f64,
    /// Probability of any loss.
    pub probability_of_loss: f64,
    /// Probability of losing all of its size; 0 for a layer without size.
    pub probability_of_exhaustion: f64,
    /// Variance of the loss.
    pub variance: f64,
    /// Expected shortfall of the loss at the asked level, and the layer's part of the pool's: the loss rises with the
    /// total, so the two are one, and the parts of all layers add up to the pool's.
    pub expected_shortfall: f64,
    /// Probabilities and losses, rising, where there is a loss.
    losses: Vec<(f64, f64)>,
}

impl GridPool {
    /// The layer of a size from an attachment, with its expected shortfall at a level.
    ///
    /// # Errors
    /// As for [`GridPool::value_at_risk`].
    pub fn layer(&self, attachment: f64, size: f64, level: f64) -> Result<GridLayer, AggregateError> {
        let survival = self.survival();
        let border = self.quantile(&survival, level)?;
        let rest = (1.0 - level - survival[border]).max(0.0);
        let beyond = (self.beyond > 0.0)
            .then(|| (self.beyond, layer_loss(self.beyond_amount() / self.beyond, attachment, size)));
        let at = |j: usize| layer_loss(self.grid.point(j), attachment, size);
        let worst = (border + 1..self.mass.len()).map(|j| self.mass[j] * at(j));
        let worst = sum(worst.chain(beyond.map(|(p, loss)| p * loss)));
        let losses: Vec<(f64, f64)> = (0..self.mass.len())
            .map(|j| (self.mass[j], at(j)))
            .chain(beyond)
            .filter(|(p, loss)| *p > 0.0 && *loss > 0.0)
            .collect();
        let mean = sum(losses.iter().map(|(p, loss)| p * loss));
        let square = sum(losses.iter().map(|(p, loss)| p * loss * loss));
        let probability = sum(losses.iter().map(|(p, _)| *p));
        let all = losses.iter().filter(|(_, loss)| *loss >= size * (1.0 - 1e-12)).map(|(p, _)| *p);
        Ok(GridLayer {
            expected_loss: mean,
            probability_of_loss: probability,
            probability_of_exhaustion: if size > 0.0 { sum(all) } else { 0.0 },
            variance: (square - mean * mean).max(0.0),
            expected_shortfall: (worst + rest * at(border)) / (1.0 - level),
            losses,
        })
    }
}

impl GridLayer {
    /// `E[(L - P)+^2]` at a premium P: the square of the downside deviation.
    #[must_use]
    pub fn squared_excess(&self, premium: f64) -> f64 {
        let excess = |loss: f64| (loss - premium).max(0.0);
        sum(self.losses.iter().map(|(p, loss)| p * excess(*loss) * excess(*loss)))
    }
}
