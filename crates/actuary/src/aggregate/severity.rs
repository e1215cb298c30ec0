//! The size of one claim: distribution function, limited moments, quantiles.
//!
//! Limited expected values as in Klugman, Panjer, Willmot, Loss Models, appendix A; the second limited moment is
//! `2 int_0^x t S(t) dt`. Units: those of the losses.

use super::empirical::Empirical;
use super::error::{AggregateError, positive};
use crate::math::incomplete::{beta_lower, beta_quantile, gamma_lower, gamma_quantile, gamma_upper};
use crate::math::{elementary, normal, pareto::GeneralisedPareto};

/// Shapes of the generalised Pareto distribution nearer to 0 than this are exponential.
const SHAPE_MIN: f64 = 1e-9;

/// Distribution of the size of one claim, which is not negative.
#[derive(Clone, Debug, PartialEq)]
pub enum Severity {
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape.
        shape: f64,
        /// Scale; the mean is shape times scale.
        scale: f64,
    },
    /// Lognormal.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Pareto of the second kind (Lomax): survival `(1 + x/scale)^-shape`.
    Pareto {
        /// Shape: moments below this order exist.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// Generalised Pareto, of excesses over a threshold.
    Excess(GeneralisedPareto),
    /// Beta on [0, scale]: a damage ratio times an exposure.
    Beta {
        /// First parameter.
        a: f64,
        /// Second parameter.
        b: f64,
        /// Largest claim.
        scale: f64,
    },
    /// Amounts with probabilities.
    Empirical(Empirical),
}

impl Severity {
    /// Checks the parameters.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn check(&self) -> Result<(), AggregateError> {
        let all = |pairs: &[(&'static str, f64)]| {
            pairs.iter().try_for_each(|(name, value)| positive(name, *value).map(|_| ()))
        };
        match self {
            Self::Exponential { mean } => all(&[("mean claim", *mean)]),
            Self::Gamma { shape, scale } => all(&[("gamma shape", *shape), ("gamma scale", *scale)]),
            Self::Lognormal { mu, sigma } => {
                if !mu.is_finite() {
                    return Err(AggregateError::Parameter { name: "lognormal mu", value: *mu });
                }
                all(&[("lognormal sigma", *sigma)])
            }
            Self::Pareto { shape, scale } => all(&[("Pareto shape", *shape), ("Pareto scale", *scale)]),
            Self::Excess(pareto) => {
                if !pareto.shape.is_finite() {
                    return Err(AggregateError::Parameter { name: "tail index", value: pareto.shape });
                }
                all(&[("scale of the excesses", pareto.scale)])
            }
            Self::Beta { a, b, scale } => all(&[("beta a", *a), ("beta b", *b), ("beta scale", *scale)]),
            Self::Empirical(_) => Ok(()),
        }
    }

    /// Probability of a claim above `x`.
    #[must_use]
    pub fn survival(&self, x: f64) -> f64 {
        if x < 0.0 {
            return 1.0;
        }
        if x == f64::INFINITY {
            return 0.0;
        }
        match self {
            Self::Exponential { mean } => libm::exp(-x / mean),
            Self::Gamma { shape, scale } => gamma_upper(*shape, x / scale),
            Self::Lognormal { mu, sigma } => normal::cdf((mu - libm::log(x)) / sigma),
            Self::Pareto { shape, scale } => libm::exp(-shape * libm::log1p(x / scale)),
            Self::Excess(pareto) => match lomax(pareto) {
                Tail::Exponential(mean) => libm::exp(-x / mean),
                Tail::Power(shape, scale) => {
                    if 1.0 + x / scale <= 0.0 {
                        0.0
                    } else {
                        libm::exp(-shape * libm::log1p(x / scale))
                    }
                }
            },
            Self::Beta { a, b, scale } => beta_lower(*b, *a, 1.0 - (x / scale).min(1.0)),
            Self::Empirical(empirical) => empirical.survival(x),
        }
    }

    /// First and second moment of the claim limited to `x`; infinite where they are. `x` may be infinite.
    #[must_use]
    pub fn limited_moments(&self, x: f64) -> (f64, f64) {
        if x <= 0.0 {
            return (0.0, 0.0);
        }
        // x S(x), which is 0 at infinity where the mean exists.
        let end = if x == f64::INFINITY { 0.0 } else { x };
        match self {
            Self::Exponential { mean } => exponential_moments(*mean, x),
            Self::Gamma { shape, scale } => {
                let (y, rest) = (x / scale, end * self.survival(x));
                let first = shape * scale * gamma_lower(shape + 1.0, y) + rest;
                let second = shape * (shape + 1.0) * scale * scale * gamma_lower(shape + 2.0, y);
                (first, second + end * rest)
            }
            Self::Lognormal { mu, sigma } => {
                let z = (libm::log(x) - mu) / sigma;
                let rest = end * self.survival(x);
                let first = libm::exp(mu + 0.5 * sigma * sigma) * normal::cdf(z - sigma) + rest;
                let second = libm::exp(2.0 * (mu + sigma * sigma)) * normal::cdf(z - 2.0 * sigma);
                (first, second + end * rest)
            }
            Self::Pareto { shape, scale } => power_moments(*shape, *scale, x),
            Self::Excess(pareto) => match lomax(pareto) {
                Tail::Exponential(mean) => exponential_moments(mean, x),
                Tail::Power(shape, scale) if scale < 0.0 => power_moments(shape, scale, x.min(-scale)),
                Tail::Power(shape, scale) => power_moments(shape, scale, x),
            },
            Self::Beta { a, b, scale } => {
                let y = (x / scale).min(1.0);
                let survival = beta_lower(*b, *a, 1.0 - y);
                let first = a / (a + b) * beta_lower(a + 1.0, *b, y) + y * survival;
                let second = a * (a + 1.0) / ((a + b) * (a + b + 1.0)) * beta_lower(a + 2.0, *b, y);
                (scale * first, scale * scale * (second + y * y * survival))
            }
            Self::Empirical(empirical) => empirical.limited_moments(x),
        }
    }

    /// Expected claim limited to `x`.
    #[must_use]
    pub fn limited_mean(&self, x: f64) -> f64 {
        self.limited_moments(x).0
    }

    /// Expected claim; may be infinite.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.limited_mean(f64::INFINITY)
    }

    /// The claim of rank `uniform` in (0, 1): the way to sample. Rises with `uniform`.
    #[must_use]
    pub fn at(&self, uniform: f64) -> f64 {
        let exponential = || -elementary::ln(1.0 - uniform);
        match self {
            Self::Exponential { mean } => mean * exponential(),
            Self::Gamma { shape, scale } => scale * gamma_quantile(*shape, uniform),
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal::inverse_cdf(uniform)),
            Self::Pareto { shape, scale } => scale * libm::expm1(exponential() / shape),
            Self::Excess(pareto) => pareto.at(exponential()),
            Self::Beta { a, b, scale } => scale * beta_quantile(*a, *b, uniform),
            Self::Empirical(empirical) => empirical.at(uniform),
        }
    }

    /// Value at risk of one claim: the smallest x exceeded with probability `1 - level` at most.
    #[must_use]
    pub fn value_at_risk(&self, level: f64) -> f64 {
        self.at(level)
    }

    /// Expected shortfall of one claim at a level in (0, 1); infinite where the mean is.
    #[must_use]
    pub fn expected_shortfall(&self, level: f64) -> f64 {
        let quantile = self.at(level);
        quantile + (self.mean() - self.limited_mean(quantile)) / (1.0 - level)
    }
}

enum Tail {
    Exponential(f64),
    /// Survival (1 + x/scale)^-shape; both negative for a distribution with an end.
    Power(f64, f64),
}

fn lomax(pareto: &GeneralisedPareto) -> Tail {
    if pareto.shape.abs() < SHAPE_MIN {
        Tail::Exponential(pareto.scale)
    } else {
        Tail::Power(1.0 / pareto.shape, pareto.scale / pareto.shape)
    }
}

fn exponential_moments(mean: f64, x: f64) -> (f64, f64) {
    (-mean * libm::expm1(-x / mean), 2.0 * mean * mean * gamma_lower(2.0, x / mean))
}

/// With w = 1 + x/scale: `scale int_1^w v^-shape dv` and `2 scale^2 int_1^w (v - 1) v^-shape dv`.
fn power_moments(shape: f64, scale: f64, x: f64) -> (f64, f64) {
    let log = libm::log1p(x / scale);
    let integral = |exponent: f64| {
        if log == f64::INFINITY {
            return if exponent < 0.0 { -1.0 / exponent } else { f64::INFINITY };
        }
        if exponent == 0.0 { log } else { libm::expm1(exponent * log) / exponent }
    };
    let (first, second) = (integral(1.0 - shape), integral(2.0 - shape));
    let moment = if second == f64::INFINITY { f64::INFINITY } else { 2.0 * scale * scale * (second - first) };
    (scale * first, moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::quadrature;

    fn all() -> Vec<Severity> {
        let excess = |shape, scale| Severity::Excess(GeneralisedPareto { shape, scale });
        vec![
            Severity::Exponential { mean: 2.0 },
            Severity::Gamma { shape: 0.7, scale: 3.0 },
            Severity::Gamma { shape: 3.0, scale: 0.5 },
            Severity::Lognormal { mu: 0.3, sigma: 0.8 },
            Severity::Pareto { shape: 2.0, scale: 1.5 },
            Severity::Pareto { shape: 1.0, scale: 1.5 },
            Severity::Pareto { shape: 3.5, scale: 1.5 },
            excess(0.4, 2.0),
            excess(0.0, 2.0),
            excess(-0.3, 2.0),
            Severity::Beta { a: 0.6, b: 1.7, scale: 5.0 },
        ]
    }

    #[test]
    fn limited_moments_are_integrals_of_the_survival() {
        for severity in all() {
            severity.check().unwrap();
            for x in [0.1, 1.0, 3.0, 4.9] {
                let first = quadrature::finite(|t| severity.survival(t), 0.0, x);
                let second = quadrature::finite(|t| 2.0 * t * severity.survival(t), 0.0, x);
                let (a, b) = severity.limited_moments(x);
                assert!((a / first - 1.0).abs() < 1e-9, "{severity:?} {x}: {a} {first}");
                assert!((b / second - 1.0).abs() < 1e-9, "{severity:?} {x}: {b} {second}");
            }
        }
    }

    #[test]
    fn quantiles_undo_the_survival() {
        for severity in all() {
            for u in [1e-6, 0.2, 0.5, 0.97, 0.99999] {
                let x = severity.at(u);
                assert!((severity.survival(x) - (1.0 - u)).abs() < 1e-12, "{severity:?} {u}: {x}");
            }
        }
    }

    #[test]
    fn moments_at_infinity() {
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-13;
        let (m1, m2) = Severity::Gamma { shape: 3.0, scale: 0.5 }.limited_moments(f64::INFINITY);
        assert!(close(m1, 1.5) && close(m2, 3.0));
        let (m1, m2) = Severity::Pareto { shape: 3.0, scale: 2.0 }.limited_moments(f64::INFINITY);
        assert!(close(m1, 1.0) && close(m2, 4.0));
        assert_eq!(Severity::Pareto { shape: 1.0, scale: 2.0 }.mean(), f64::INFINITY);
        assert_eq!(
            Severity::Pareto { shape: 2.0, scale: 1.0 }.limited_moments(f64::INFINITY).1,
            f64::INFINITY
        );
        let (m1, _) = Severity::Excess(GeneralisedPareto { shape: -0.5, scale: 3.0 }).limited_moments(1e9);
        assert!(close(m1, 2.0));
        let (m1, m2) = Severity::Lognormal { mu: 0.0, sigma: 1.0 }.limited_moments(f64::INFINITY);
        assert!(close(m1, libm::exp(0.5)) && close(m2, libm::exp(2.0)));
        assert!(close(Severity::Beta { a: 2.0, b: 3.0, scale: 10.0 }.mean(), 4.0));
    }

    #[test]
    fn refuses_what_is_no_severity() {
        assert!(Severity::Exponential { mean: 0.0 }.check().is_err());
        assert!(Severity::Lognormal { mu: f64::NAN, sigma: 1.0 }.check().is_err());
        assert!(Severity::Lognormal { mu: 0.0, sigma: -1.0 }.check().is_err());
        let excess = GeneralisedPareto { shape: f64::NAN, scale: 1.0 };
        assert!(Severity::Excess(excess).check().is_err());
        assert!(Severity::Beta { a: 1.0, b: f64::INFINITY, scale: 1.0 }.check().is_err());
    }
}
