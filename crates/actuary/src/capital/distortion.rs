//! Distorted probabilities: the price of a risk as an expectation under `g(S(x))`, and its natural allocation
//! (Mildenhall and Major, "Pricing Insurance Risk", Wiley 2022).
//!
//! With outcomes sorted rising and S(x) the probability of more than x, an outcome weighs
//! `g(S(x-)) - g(S(x))` instead of its probability; a line's natural allocation is the expectation of
//! `E[X_i | X]` under the weights, which add up to the price of the total.
//!
//! Units: those of the losses.

use crate::loss::statistics::{StatisticsError, sum};
use crate::math::normal;

/// Rounding allowed in the sum of probabilities.
const PROBABILITY_TOLERANCE: f64 = 1e-9;

/// A concave distortion g of exceedance probabilities, g(0) = 0 and g(1) = 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distortion {
    /// Constant cost of capital: `g(s) = (s + iota)/(1 + iota)` for s > 0. Every unit of assets above the
    /// expected loss costs `iota/(1 + iota)`.
    ConstantCost {
        /// Cost of capital per period.
        iota: f64,
    },
    /// Expected shortfall at a level: `g(s) = min(1, s/(1 - level))`.
    ExpectedShortfall {
        /// The level, in [0, 1).
        level: f64,
    },
    /// Proportional hazard: `g(s) = s^(1/rho)`.
    ProportionalHazard {
        /// At least 1.
        rho: f64,
    },
    /// Wang transform: `g(s) = N(N^-1(s) + lambda)` (Wang, Journal of Risk and Insurance 67, 2000).
    Wang {
        /// Market price of risk, not negative.
        lambda: f64,
    },
}

/// Why a distorted price cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DistortionError {
    /// The parameter is out of range.
    #[error("{name} {value} is out of range")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The outcomes make no distribution.
    #[error(transparent)]
    Outcomes(#[from] StatisticsError),
}

impl Distortion {
    pub(super) fn check(&self) -> Result<(), DistortionError> {
        let (name, value, sound) = match *self {
            Self::ConstantCost { iota } => ("cost of capital", iota, iota >= 0.0),
            Self::ExpectedShortfall { level } => ("level", level, (0.0..1.0).contains(&level)),
            Self::ProportionalHazard { rho } => ("rho", rho, rho >= 1.0),
            Self::Wang { lambda } => ("lambda", lambda, lambda >= 0.0),
        };
        if sound && value.is_finite() { Ok(()) } else { Err(DistortionError::Parameter { name, value }) }
    }

    /// The distorted probability g(s), s in [0, 1].
    #[must_use]
    pub fn apply(&self, probability: f64) -> f64 {
        let s = probability.clamp(0.0, 1.0);
        match *self {
            Self::ConstantCost { iota } if s > 0.0 => (s + iota) / (1.0 + iota),
            Self::ConstantCost { .. } => 0.0,
            Self::ExpectedShortfall { level } => (s / (1.0 - level)).min(1.0),
            Self::ProportionalHazard { rho } => libm::pow(s, 1.0 / rho),
            Self::Wang { lambda } => normal::cdf(normal::inverse_cdf(s) + lambda),
        }
    }

    /// Natural allocation of the price of the sum of the lines to the lines. `lines[i][w]` is line i's loss in
    /// state w, `probabilities[w]` the probability of the state. The parts add up to the price of the total.
    ///
    /// # Errors
    /// A parameter out of range; lines of other lengths than the probabilities; a loss that is not finite;
    /// probabilities that are negative or do not add up to 1.
    pub fn natural_allocation<L: AsRef<[f64]>>(
        &self,
        lines: &[L],
        probabilities: &[f64],
    ) -> Result<Vec<f64>, DistortionError> {
        self.check()?;
        let states = probabilities.len();
        check_outcomes(lines, probabilities)?;
        let totals: Vec<f64> = (0..states).map(|w| lines.iter().map(|line| line.as_ref()[w]).sum()).collect();
        let mut order: Vec<usize> = (0..states).filter(|&w| probabilities[w] > 0.0).collect();
        order.sort_by(|&a, &b| totals[b].total_cmp(&totals[a]).then(a.cmp(&b)));
        let mut weights = vec![0.0; states];
        let (mut exceeding, mut distorted) = (0.0, 0.0);
        let mut rest = order.as_slice();
        while let Some(&worst) = rest.first() {
            let tied = rest.partition_point(|&w| totals[w] >= totals[worst]);
            let (equal, below) = rest.split_at(tied);
            let mass = sum(equal.iter().map(|&w| probabilities[w]));
            exceeding = if below.is_empty() { 1.0 } else { exceeding + mass };
            let next = self.apply(exceeding);
            for &w in equal {
                weights[w] = probabilities[w] / mass * (next - distorted);
            }
            distorted = next;
            rest = below;
        }
        let part = |line: &L| sum(line.as_ref().iter().zip(&weights).map(|(x, w)| x * w));
        Ok(lines.iter().map(part).collect())
    }

    /// Price of one line alone.
    ///
    /// # Errors
    /// As for [`Distortion::natural_allocation`].
    pub fn price(&self, outcomes: &[f64], probabilities: &[f64]) -> Result<f64, DistortionError> {
        self.natural_allocation(&[outcomes], probabilities).map(|parts| sum(parts.into_iter()))
    }
}

pub(super) fn check_outcomes<L: AsRef<[f64]>>(
    lines: &[L],
    probabilities: &[f64],
) -> Result<(), StatisticsError> {
    let expected = probabilities.len();
    if expected == 0 || lines.is_empty() {
        return Err(StatisticsError::Empty);
    }
    for (line, values) in lines.iter().enumerate() {
        let values = values.as_ref();
        if values.len() != expected {
            return Err(StatisticsError::Length { line, length: values.len(), expected });
        }
        if let Some(index) = values.iter().position(|x| !x.is_finite()) {
            return Err(StatisticsError::NotFinite { index, value: values[index] });
        }
    }
    let total = sum(probabilities.iter().copied());
    let sound = probabilities.iter().all(|&p| p >= 0.0) && (total - 1.0).abs() <= PROBABILITY_TOLERANCE;
    if sound { Ok(()) } else { Err(StatisticsError::Probabilities(total)) }
}

/// Price at constant cost of capital of a risk with expected loss `expected_loss` backed by `assets`:
/// `(EL + iota a)/(1 + iota)`. The premium is part of the assets, so that the capital providers put in
/// `a - price` and earn iota on it.
#[must_use]
pub fn constant_cost_price(expected_loss: f64, assets: f64, iota: f64) -> f64 {
    (expected_loss + iota * assets) / (1.0 + iota)
}
