//! What a layer loses, as exact sums, and the figures that an investor asks for.
//!
//! The downside deviation `sqrt(E[min(P - L, 0)^2])` depends on the premium P, which is known only after the
//! simulation. Sums of `w L^k`, k <= 2, and `w^2 L^k`, k <= 4, by 512 classes of L give it for any P: all
//! classes but the one that holds P are exact, that one counts with its mean, an error of at most the class's
//! probability times (size/512)^2.

use super::{
    Estimate, Tail,
    exact::{ExactSum, SumOverflow, Sums, power_of_two_above},
    moments::{Frequency, Means, Moments},
    replicates::spread,
    spec::LossError,
    tail::Worst,
};

/// Classes of a layer's loss.
const CLASSES: usize = 512;

/// Sums of a class.
const POWERS: usize = 8;

/// Sums by class of a layer that has a size.
pub(crate) const LAYER_SUMS: usize = CLASSES * POWERS;

/// Sums of one layer.
#[derive(Clone, Debug)]
pub(crate) struct LayerSums {
    size: f64,
    unit: f64,
    moments: Moments,
    exhausted: Frequency,
    /// w L^k for k = 0..=2, then w^2 L^k for k = 0..=4, by class; none for a layer without size.
    classes: Vec<ExactSum>,
}

impl LayerSums {
    /// Sums of a layer of a size, which may be infinite or nothing; `exposure` is what the pool can lose about.
    pub(crate) fn new(size: f64, exposure: f64) -> Self {
        let largest = if size > 0.0 && size.is_finite() { size } else { exposure };
        let classes = if size > 0.0 { LAYER_SUMS } else { 0 };
        Self {
            size,
            unit: power_of_two_above(largest),
            moments: Moments::new(largest),
            exhausted: Frequency::default(),
            classes: vec![ExactSum::ZERO; classes],
        }
    }

    pub(crate) fn add(&mut self, weight: f64, loss: f64) -> Result<(), SumOverflow> {
        if loss == 0.0 {
            return Ok(());
        }
        self.moments.add(weight, loss)?;
        // Columns from elsewhere may lose a layer's size to a rounding.
        if loss >= self.size * (1.0 - 1e-12) {
            self.exhausted.add(weight)?;
        }
        if !self.classes.is_empty() {
            let ratio = loss / self.unit;
            let largest = if self.size.is_finite() { self.size } else { self.unit };
            let class = ((loss / largest * CLASSES as f64) as usize).min(CLASSES - 1);
            let sums = &mut self.classes[class * POWERS..(class + 1) * POWERS];
            let mut term = weight;
            for power in 0..5 {
                if power < 3 {
                    sums[power].add(term)?;
                }
                sums[3 + power].add(term * weight)?;
                term *= ratio;
            }
        }
        Ok(())
    }

    /// Figures over so many paths; `worst` are the losses of this layer, `part` its part of the pool's ES.
    pub(crate) fn figures(
        &self,
        name: String,
        attachment: f64,
        worst: &Worst,
        level: f64,
        part: Estimate,
        paths: f64,
    ) -> Result<LayerFigures, LossError> {
        let cut = worst.cut(level)?;
        let means = self.moments.means(paths);
        let power = |k: usize| (0..k).fold(1.0, |product, _| product * self.unit);
        let class = |sums: &[ExactSum]| Class {
            plain: core::array::from_fn(|k| sums[k].value() / paths * power(k)),
            squared: core::array::from_fn(|k| sums[3 + k].value() / paths * power(k)),
        };
        Ok(LayerFigures {
            name,
            attachment,
            size: self.size,
            expected_loss: means.mean(),
            probability_of_loss: means.probability(),
            probability_of_exhaustion: if self.size > 0.0 {
                self.exhausted.estimate(paths)
            } else {
                Estimate::exact(0.0)
            },
            loss_given_loss: means.given_loss(),
            deviation: means.deviation(),
            tail: cut.tail,
            shortfall_part: part,
            paths,
            means,
            product_with_excess: worst.product_with_excess(&cut),
            excess_squared: cut.excess_squared,
            classes: self.classes.chunks_exact(POWERS).map(class).filter(|c| c.plain[0] > 0.0).collect(),
            replicates: Vec::new(),
        })
    }
}

impl Sums for LayerSums {
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>) {
        self.moments.sums(all);
        self.exhausted.sums(all);
        all.push(&self.classes);
    }

    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>) {
        self.moments.sums_mut(all);
        self.exhausted.sums_mut(all);
        all.push(&mut self.classes);
    }
}

/// Means of one class of losses.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Class {
    plain: [f64; 3],
    squared: [f64; 5],
}

/// A layer's losses in figures, enough to describe it as an investment for any premium.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerFigures {
    /// Name of the layer.
    pub name: String,
    /// Loss of the pool at which it begins to lose.
    pub attachment: f64,
    /// Its size; infinite for what no layer pays.
    pub size: f64,
    /// Expected loss.
    pub expected_loss: Estimate,
    /// Probability of any loss.
    pub probability_of_loss: Estimate,
    /// Probability of losing everything; 0 for a layer without size.
    pub probability_of_exhaustion: Estimate,
    /// Expected loss given that there is one; none where no path makes a loss.
    pub loss_given_loss: Option<Estimate>,
    /// Standard deviation of the loss.
    pub deviation: Estimate,
    /// VaR and ES of the layer's own loss, at the level of the shortfall.
    pub tail: Tail,
    /// The layer's part of the pool's ES at that level.
    pub shortfall_part: Estimate,
    paths: f64,
    means: Means,
    product_with_excess: f64,
    excess_squared: f64,
    classes: Vec<Class>,
    /// The same of each replicate, where the errors are from replicates.
    pub(super) replicates: Vec<LayerFigures>,
}

impl LayerFigures {
    /// Figures of a layer from its losses on paths of equal weight; without the pool's other layers its part of
    /// the ES is its own.
    ///
    /// # Errors
    /// No loss, one that is negative or not finite, a level outside (0, 1).
    pub fn of_losses(
        name: &str,
        attachment: f64,
        size: f64,
        losses: &[f64],
        level: f64,
    ) -> Result<Self, LossError> {
        let largest = losses.iter().copied().fold(0.0, f64::max);
        let mut sums = LayerSums::new(size, largest);
        for (index, &loss) in losses.iter().enumerate() {
            if !(loss >= 0.0 && loss.is_finite()) {
                return Err(super::StatisticsError::NotFinite { index, value: loss }.into());
            }
            sums.add(1.0, loss)?;
        }
        let worst = Worst::of_sample(losses, &vec![1.0; losses.len()])?;
        let part = worst.cut(level)?.tail.expected_shortfall;
        sums.figures(name.to_owned(), attachment, &worst, level, part, losses.len() as f64)
    }

    /// Expected profit at a premium, with its error.
    #[must_use]
    pub fn profit(&self, premium: f64) -> Estimate {
        let Estimate { value, standard_error } = self.expected_loss;
        Estimate { value: premium - value, standard_error }
    }

    /// Expected profit over its deviation; none without deviation. The size of the layer cancels.
    #[must_use]
    pub fn sharpe(&self, premium: f64) -> Option<Estimate> {
        self.by_replicates(self.sharpe_of_paths(premium), |part| part.sharpe_of_paths(premium))
    }

    fn sharpe_of_paths(&self, premium: f64) -> Option<Estimate> {
        let (mean, deviation) = (self.expected_loss.value, self.deviation.value);
        if deviation <= 0.0 {
            return None;
        }
        let value = (premium - mean) / deviation;
        let per_variance = 0.5 * value / (deviation * deviation);
        let linear = -1.0 / deviation + 2.0 * mean * per_variance;
        Some(Estimate { value, standard_error: self.means.influence_error(linear, -per_variance) })
    }

    /// Expected profit over its downside deviation; none where no path loses more than the premium.
    #[must_use]
    pub fn sortino(&self, premium: f64) -> Option<Estimate> {
        self.by_replicates(self.sortino_of_paths(premium), |part| part.sortino_of_paths(premium))
    }

    fn sortino_of_paths(&self, premium: f64) -> Option<Estimate> {
        // E[w (L - P)+^2], E[w^2 L (L - P)+^2], E[w^2 (L - P)+^4].
        let (mut product, mut fourth) = (0.0, 0.0);
        let (p, downside) = (premium, self.squared_excess(premium));
        for Class { plain, squared: s } in &self.classes {
            let mean = plain[1] / plain[0];
            if mean <= p {
                continue;
            }
            product += s[3] - 2.0 * p * s[2] + p * p * s[1];
            fourth +=
                s[4] - 4.0 * p * s[3] + 6.0 * p * p * s[2] - 4.0 * p * p * p * s[1] + p * p * p * p * s[0];
        }
        if downside <= 0.0 {
            return None;
        }
        let deviation = downside.sqrt();
        let value = (p - self.expected_loss.value) / deviation;
        // Influence w h(L) less a constant, h(L) = -L/d - ratio/(2 d^2) (L - P)+^2.
        let half = 0.5 * value / downside;
        let mean = -self.expected_loss.value / deviation - half * downside;
        let squares =
            self.means.second_squared() / downside + 2.0 * half * product / deviation + half * half * fourth;
        let variance = (squares - mean * mean).max(0.0);
        Some(Estimate { value, standard_error: (variance / self.paths).sqrt() })
    }

    /// `E[(L - P)+^2]` at a premium P, the square of the downside deviation.
    #[must_use]
    pub fn squared_excess(&self, premium: f64) -> f64 {
        let p = premium;
        let above = self.classes.iter().map(|class| class.plain).filter(|plain| plain[1] / plain[0] > p);
        above.map(|plain| plain[2] - 2.0 * p * plain[1] + p * p * plain[0]).sum()
    }

    /// Expected profit over expected shortfall; none without shortfall.
    #[must_use]
    pub fn return_on_shortfall(&self, premium: f64) -> Option<Estimate> {
        self.by_replicates(self.return_of_paths(premium), |part| part.return_of_paths(premium))
    }

    /// A figure with the error that its replicates show; a replicate that has none (without a loss) says nothing.
    fn by_replicates(
        &self,
        found: Option<Estimate>,
        of: impl Fn(&Self) -> Option<Estimate>,
    ) -> Option<Estimate> {
        if self.replicates.is_empty() {
            return found;
        }
        let own: Vec<f64> = self.replicates.iter().filter_map(|part| of(part).map(|e| e.value)).collect();
        found.map(|found| Estimate { standard_error: spread(own.iter().copied()), ..found })
    }

    fn return_of_paths(&self, premium: f64) -> Option<Estimate> {
        let shortfall = self.tail.expected_shortfall.value;
        if shortfall <= 0.0 {
            return None;
        }
        let mean = self.means.first();
        let value = (premium - mean) / shortfall;
        // Influence w h(L) less a constant, h(L) = (-L - ratio (L - VaR)+ / (1 - q)) / ES.
        let per_excess = value / (1.0 - self.tail.level);
        let excess = (shortfall - self.tail.value_at_risk.value) * (1.0 - self.tail.level);
        let expected = mean + per_excess * excess;
        let squares = self.means.second_squared()
            + 2.0 * per_excess * self.product_with_excess
            + per_excess * per_excess * self.excess_squared;
        let variance = (squares - expected * expected).max(0.0);
        Some(Estimate { value, standard_error: (variance / self.paths).sqrt() / shortfall })
    }
}
