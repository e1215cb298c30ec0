//! All figures of a quote, each with its standard error.

use super::{
    Estimate, LossStatistics, StatisticsError, Tail,
    accumulator::{GrossSums, HorizonSums, LossAccumulator},
    exceedance::ExceedancePoint,
    histogram::{LossHistogram, PartsHistogram},
    layer::LayerFigures,
    moments::{Means, WeightControl},
    settle::Settlement,
    spec::{LossError, Spec},
    tail::Worst,
    terms::layer_loss,
    worst::WorstLosses,
};

/// Figures of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct LossFigures {
    /// Paths.
    pub paths: u64,
    /// Mean of the weights: 1 up to its error.
    pub mean_weight: Estimate,
    /// Kish's effective sample size, (sum w)^2 / sum w^2.
    pub effective_samples: f64,
    /// Independent replicates from which the errors are; 0 where they are those of independent paths.
    pub replicates: u32,
    /// One for each horizon of a row.
    pub horizons: Vec<HorizonFigures>,
}

/// Figures of one horizon.
#[derive(Clone, Debug, PartialEq)]
pub struct HorizonFigures {
    /// Each market.
    pub markets: Vec<MarketFigures>,
    /// Gross loss of all markets.
    pub gross: LineFigures,
    /// Exceedance curve of the gross loss of all markets.
    pub gross_exceedance: Vec<ExceedancePoint>,
    /// Distribution of the gross loss of all markets up to the sum of deductibles and limits.
    pub gross_histogram: LossHistogram,
    /// What the pool owes in all.
    pub owed: LineFigures,
    /// Exceedance curve of what the pool owes.
    pub owed_exceedance: Vec<ExceedancePoint>,
    /// Distribution of what the pool owes up to the most it can owe, with what it then owes to each market.
    pub owed_histogram: PartsHistogram,
    /// Reserve, tranches, mutual layer, and what no layer pays. Their parts of the pool's ES add up to it.
    pub layers: Vec<LayerFigures>,
}

/// Figures of one market.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketFigures {
    /// Its gross loss.
    pub gross: LineFigures,
    /// Exceedance curve of its gross loss.
    pub gross_exceedance: Vec<ExceedancePoint>,
    /// Distribution of its gross loss up to deductible and limit.
    pub gross_histogram: LossHistogram,
    /// What the pool owes it.
    pub owed: LineFigures,
    /// Probability of a loss of the smallest claim or more.
    pub claim_probability: Estimate,
    /// Probability that deductible and limit are used up.
    pub limit_probability: Estimate,
    /// Its part of the ES of what the pool owes; the parts add up to it.
    pub shortfall_part: Estimate,
}

/// Figures of one loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineFigures {
    /// Paths.
    pub paths: u64,
    /// Expected loss.
    pub mean: Estimate,
    /// Standard deviation.
    pub deviation: Estimate,
    /// Third central moment over the deviation cubed.
    pub skewness: f64,
    /// Fourth central moment over the variance squared, less 3.
    pub excess_kurtosis: f64,
    /// Probability of any loss.
    pub probability: Estimate,
    /// Largest loss seen.
    pub maximum: f64,
    /// VaR and ES at the level of the shortfall.
    pub shortfall: Tail,
    /// VaR and ES at the level of the value at risk.
    pub at_risk: Tail,
    /// Variance of the mean of as many plain paths over that of these.
    pub mean_reduction: f64,
    /// The same of the ES at the level of the shortfall.
    pub shortfall_reduction: f64,
    /// The mean with the path's weight as control; none where all weigh the same, or errors are from replicates. It is
    /// shown beside the price and not in it.
    pub control: Option<WeightControl>,
}

impl LineFigures {
    fn new(
        means: &Means,
        worst: &Worst,
        spec: &Spec,
        paths: u64,
        [weight, square]: [f64; 2],
    ) -> Result<Self, StatisticsError> {
        let cut = worst.cut(spec.shortfall_level)?;
        Ok(Self {
            paths,
            mean: means.mean(),
            deviation: means.deviation(),
            skewness: means.skewness(),
            excess_kurtosis: means.excess_kurtosis(),
            probability: means.probability(),
            maximum: worst.maximum(),
            shortfall: cut.tail,
            at_risk: worst.cut(spec.at_risk_level)?.tail,
            mean_reduction: means.mean_reduction(),
            shortfall_reduction: cut.reduction,
            control: means.controlled(weight, square),
        })
    }

    /// The same as statistics of a column, with the tail at the level of the shortfall.
    #[must_use]
    pub fn statistics(&self) -> LossStatistics {
        LossStatistics {
            paths: usize::try_from(self.paths).unwrap_or(usize::MAX),
            mean: self.mean,
            deviation: self.deviation,
            probability: self.probability,
            maximum: self.maximum,
            tail: self.shortfall,
        }
    }
}

impl LossFigures {
    pub(crate) fn of(from: &LossAccumulator, settlement: &Settlement) -> Result<Self, LossError> {
        let count = from.paths;
        if count == 0 {
            return Err(StatisticsError::Empty.into());
        }
        let paths = count as f64;
        let [sum, squares] = from.weights.map(|sum| sum.value());
        let mean = sum / paths;
        let bessel = if paths > 1.0 { paths / (paths - 1.0) } else { 0.0 };
        let variance = (squares / paths - mean * mean).max(0.0) * bessel;
        let weights = [mean, squares / paths];
        let run = Run { spec: &from.spec, settlement, count, paths, weights };
        Ok(Self {
            paths: count,
            mean_weight: Estimate { value: mean, standard_error: (variance / paths).sqrt() },
            effective_samples: if squares > 0.0 { sum * sum / squares } else { 0.0 },
            replicates: 0,
            horizons: from.horizons.iter().map(|sums| run.horizon(sums)).collect::<Result<_, _>>()?,
        })
    }
}

struct Run<'a> {
    spec: &'a Spec,
    settlement: &'a Settlement,
    count: u64,
    paths: f64,
    /// Means of the weights and of their squares.
    weights: [f64; 2],
}

impl Run<'_> {
    fn horizon(&self, sums: &HorizonSums) -> Result<HorizonFigures, LossError> {
        let (owed, rows) = self.worst(&sums.owed.worst)?;
        let cut = owed.cut(self.spec.shortfall_level)?;
        let markets = sums
            .markets
            .iter()
            .enumerate()
            .map(|(market, sums)| {
                let (worst, _) = self.worst(&sums.gross.worst)?;
                let worst_owed = worst.mapped(|gross| self.owed(market, gross));
                let means = sums.owed.means(self.paths);
                let width = self.spec.markets();
                Ok(MarketFigures {
                    gross: self.line(&sums.gross, &worst)?,
                    gross_exceedance: sums.gross.curve.points(self.paths),
                    gross_histogram: sums.gross.grid.histogram(self.paths, self.weights[0]),
                    owed: LineFigures::new(&means, &worst_owed, self.spec, self.count, self.weights)?,
                    claim_probability: sums.claim.estimate(self.paths),
                    limit_probability: sums.used_up.estimate(self.paths),
                    shortfall_part: owed.part(&cut, |index| rows[index * width + market]),
                })
            })
            .collect::<Result<Vec<_>, LossError>>()?;
        let (gross, _) = self.worst(&sums.gross.worst)?;
        let sizes = self.spec.layers.sizes();
        let mut end = 0.0;
        let layers = sums.layers.iter().enumerate().map(|(index, sums)| {
            let attachment = end;
            let size = sizes.get(index).map_or(f64::INFINITY, |&size| self.settlement.rounded(size));
            end += size;
            let name = if index < sizes.len() { self.spec.layers.name(index) } else { "residual".to_owned() };
            let worst = owed.mapped(|loss| layer_loss(loss, attachment, size));
            let part = owed.part(&cut, |index| worst.entries()[index].loss);
            sums.figures(name, attachment, &worst, self.spec.shortfall_level, part, self.paths)
        });
        Ok(HorizonFigures {
            markets,
            gross: self.line(&sums.gross, &gross)?,
            gross_exceedance: sums.gross.curve.points(self.paths),
            gross_histogram: sums.gross.grid.histogram(self.paths, self.weights[0]),
            owed: LineFigures::new(
                &sums.owed.moments.means(self.paths),
                &owed,
                self.spec,
                self.count,
                self.weights,
            )?,
            owed_exceedance: sums.owed.curve.points(self.paths),
            owed_histogram: sums.owed.grid.histogram(self.paths, self.weights[0]),
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    fn line(&self, sums: &GrossSums, worst: &Worst) -> Result<LineFigures, LossError> {
        Ok(LineFigures::new(&sums.moments.means(self.paths), worst, self.spec, self.count, self.weights)?)
    }

    /// The worst losses in order, and their rows.
    fn worst(&self, kept: &WorstLosses) -> Result<(Worst, Vec<f64>), LossError> {
        let mut kept = kept.clone();
        kept.prune()?;
        let rows = kept.rows().to_vec();
        Ok((Worst::new(kept.entries().to_vec(), self.paths, 0.0)?, rows))
    }

    /// What the pool owes for a gross loss that was settled before.
    fn owed(&self, market: usize, gross: f64) -> f64 {
        self.settlement.claim(market, gross).map_or(0.0, |claim| claim.pay)
    }
}
