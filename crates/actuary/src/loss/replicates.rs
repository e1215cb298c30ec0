//! Errors of all figures from independent replicates of a run: for paths that are not independent of each other, as those
//! from scrambled Sobol points are not (see [`super::replicated`], which says the same of one column kept in memory).
//!
//! The figures are those of all paths together. The error of each is the deviation of the replicates' own figures over the
//! root of their number; an interval of 95 % takes Student's factor with one degree of freedom less than there are
//! replicates ([`LossFigures::interval_factor`]). Figures that are no means, VaR and ES among them, have a replicate's own
//! quantile in each replicate: their spread is that of the figure, up to an order less than itself.

use super::layer::LayerFigures;
use super::{
    Estimate, ExceedancePoint, HorizonFigures, LineFigures, LossFigures, MarketFigures, Tail,
    student_quantile,
};

/// Half the width of a 95 % interval in standard errors where paths are independent.
const NORMAL95: f64 = 1.959_963_984_540_054;

impl LossFigures {
    /// Half the width of a 95 % interval in standard errors.
    #[must_use]
    pub fn interval_factor(&self) -> f64 {
        match self.replicates {
            0 | 1 => NORMAL95,
            replicates => student_quantile(f64::from(replicates - 1), 0.975),
        }
    }

    /// Takes the errors from the figures of the replicates.
    pub(super) fn with_errors_of(mut self, parts: &[Self]) -> Self {
        self.replicates = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        each(&mut self.mean_weight, parts, |part| part.mean_weight);
        for (index, horizon) in self.horizons.iter_mut().enumerate() {
            let of: Vec<&HorizonFigures> = parts.iter().filter_map(|part| part.horizons.get(index)).collect();
            horizon_errors(horizon, &of);
        }
        self
    }
}

/// Deviation of the mean of independent values; infinite where a value is missing.
pub(crate) fn spread(values: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
    let error = (squares / (n * (n - 1.0))).sqrt();
    if error.is_finite() { error } else { f64::INFINITY }
}

fn each<P>(estimate: &mut Estimate, parts: &[P], of: impl Fn(&P) -> Estimate + Clone) {
    estimate.standard_error = spread(parts.iter().map(|part| of(part).value));
}

fn horizon_errors(horizon: &mut HorizonFigures, parts: &[&HorizonFigures]) {
    for (index, market) in horizon.markets.iter_mut().enumerate() {
        let of: Vec<&MarketFigures> = parts.iter().map(|part| &part.markets[index]).collect();
        line(&mut market.gross, &of, |part| &part.gross);
        line(&mut market.owed, &of, |part| &part.owed);
        curve(&mut market.gross_exceedance, &of, |part| &part.gross_exceedance);
        each(&mut market.claim_probability, &of, |part| part.claim_probability);
        each(&mut market.limit_probability, &of, |part| part.limit_probability);
        each(&mut market.shortfall_part, &of, |part| part.shortfall_part);
    }
    line(&mut horizon.gross, parts, |part| &part.gross);
    line(&mut horizon.owed, parts, |part| &part.owed);
    curve(&mut horizon.gross_exceedance, parts, |part| &part.gross_exceedance);
    curve(&mut horizon.owed_exceedance, parts, |part| &part.owed_exceedance);
    for (index, layer) in horizon.layers.iter_mut().enumerate() {
        let of: Vec<&LayerFigures> = parts.iter().map(|part| &part.layers[index]).collect();
        each(&mut layer.expected_loss, &of, |part| part.expected_loss);
        each(&mut layer.probability_of_loss, &of, |part| part.probability_of_loss);
        each(&mut layer.probability_of_exhaustion, &of, |part| part.probability_of_exhaustion);
        each(&mut layer.deviation, &of, |part| part.deviation);
        each(&mut layer.shortfall_part, &of, |part| part.shortfall_part);
        tail(&mut layer.tail, &of, |part| &part.tail);
        if let Some(given) = &mut layer.loss_given_loss {
            // A replicate without a loss says nothing of its size.
            let sizes: Vec<Estimate> = of.iter().filter_map(|part| part.loss_given_loss).collect();
            each(given, &sizes, |size| *size);
        }
        layer.replicates = of.into_iter().cloned().collect();
    }
}

fn line<P>(figures: &mut LineFigures, parts: &[P], of: impl Fn(&P) -> &LineFigures + Clone) {
    let before = (figures.mean.standard_error, figures.shortfall.expected_shortfall.standard_error);
    each(&mut figures.mean, parts, |part| of(part).mean);
    each(&mut figures.deviation, parts, |part| of(part).deviation);
    each(&mut figures.probability, parts, |part| of(part).probability);
    tail(&mut figures.shortfall, parts, |part| &of(part).shortfall);
    tail(&mut figures.at_risk, parts, |part| &of(part).at_risk);
    // What plain paths would have had stays; what these have is another.
    let gain = |before: f64, after: f64| if after > 0.0 { (before / after) * (before / after) } else { 1.0 };
    figures.mean_reduction *= gain(before.0, figures.mean.standard_error);
    figures.shortfall_reduction *= gain(before.1, figures.shortfall.expected_shortfall.standard_error);
    // Its error is that of independent paths.
    figures.control = None;
}

fn tail<P>(figures: &mut Tail, parts: &[P], of: impl Fn(&P) -> &Tail + Clone) {
    each(&mut figures.value_at_risk, parts, |part| of(part).value_at_risk);
    each(&mut figures.expected_shortfall, parts, |part| of(part).expected_shortfall);
}

/// Probabilities at the points of a curve; a replicate's own curve has other ends.
fn curve<P>(points: &mut [ExceedancePoint], parts: &[P], of: impl Fn(&P) -> &Vec<ExceedancePoint> + Clone) {
    for point in points {
        let loss = point.loss;
        let at = |part: &P| {
            let curve = of(part);
            let beyond = curve.partition_point(|other| other.loss < loss);
            curve.get(beyond).map_or(Estimate::exact(0.0), |point| point.probability)
        };
        each(&mut point.probability, parts, at);
    }
}
