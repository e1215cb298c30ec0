//! Finite depth: how much debt per hour liquidators can extinguish at a profit.
//!
//! A liquidator who repays `x` of debt receives collateral worth `(1 + bonus) x` and sells it at the price impact
//! `slip(x)`; the trade pays while `(1 + bonus) (1 - slip(x)) >= 1 + gas / x`. The largest such `x` is what the
//! market takes at once, and it is taken again every refill time. In the stressed regime depth shrinks by a
//! factor: impact curves are measured on calm days.
//!
//! Impact comes from the reserves of a pool, constant-product or concentrated, from a curve measured by quotes, from
//! the square-root law, or from several of these together ([`Impact`]).
//!
//! Units: sizes and gas in the value of the debt (USD for a debt quoted in USD), impact as a fraction.

mod concave;
mod curve;
mod impact;
mod pools;
mod routing;
mod square_root;

pub use curve::ImpactCurve;
pub use impact::Impact;
pub use pools::{Concentrated, ConstantProduct, LiquidityRange};
pub use routing::Venues;
pub use square_root::SquareRoot;

use super::ByRegime;

/// Why a curve or a depth makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DepthError {
    /// The curve has no point.
    #[error("an impact curve needs at least one point")]
    Empty,
    /// A size is not above the one before, or not positive and finite.
    #[error("point {index}: size {size} is not finite and above {previous}")]
    Size {
        /// Index of the point.
        index: usize,
        /// Its size.
        size: f64,
        /// Size of the point before, 0 for the first.
        previous: f64,
    },
    /// An impact is not below 1, or not a number. A negative one is quote noise and counts as 0.
    #[error("point {index}: impact {impact} is not a number below 1")]
    Impact {
        /// Index of the point.
        index: usize,
        /// Its impact.
        impact: f64,
    },
    /// Ranges of liquidity overlap, or one is empty.
    #[error("range {index}: from {lower} to {upper}, expected it above {previous} and not empty")]
    Range {
        /// Index of the range, in order of price.
        index: usize,
        /// Its lower price.
        lower: f64,
        /// Its upper price.
        upper: f64,
        /// Upper price of the range below, 0 for the first.
        previous: f64,
    },
    /// A parameter is negative, not finite, or zero where it divides.
    #[error("{name} {value} is out of range")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
}

/// Debt that can be extinguished per hour, by regime, in the value of the debt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depth {
    per_hour: ByRegime,
}

impl Depth {
    /// Depth from an impact curve, as [`Depth::from_impact`].
    ///
    /// # Errors
    /// A negative bonus or gas, a refill time that is not positive, a factor outside [0, 1].
    pub fn from_curve(
        curve: &ImpactCurve,
        bonus: f64,
        gas: f64,
        refill_hours: f64,
        stress_factor: f64,
    ) -> Result<Self, DepthError> {
        Self::from_sale(|| curve.largest_sale(bonus, gas), bonus, gas, refill_hours, stress_factor)
    }

    /// Depth from the price impact of sales. `gas`: cost of one liquidation; `refill_hours`: time after which the same
    /// size can be sold again; `stress_factor`: what is left of the depth in the stressed regime, in [0, 1].
    ///
    /// # Errors
    /// A negative bonus or gas, a refill time that is not positive, a factor outside [0, 1].
    pub fn from_impact(
        impact: &Impact,
        bonus: f64,
        gas: f64,
        refill_hours: f64,
        stress_factor: f64,
    ) -> Result<Self, DepthError> {
        Self::from_sale(|| impact.largest_sale(bonus, gas), bonus, gas, refill_hours, stress_factor)
    }

    fn from_sale(
        largest: impl Fn() -> f64,
        bonus: f64,
        gas: f64,
        refill_hours: f64,
        stress_factor: f64,
    ) -> Result<Self, DepthError> {
        not_negative("bonus", bonus)?;
        not_negative("gas", gas)?;
        positive("refill hours", refill_hours)?;
        if !(0.0..=1.0).contains(&stress_factor) {
            return Err(DepthError::Parameter { name: "stress factor", value: stress_factor });
        }
        let calm = largest() / refill_hours;
        Ok(Self { per_hour: ByRegime { calm, stressed: calm * stress_factor } })
    }

    /// Depth given directly, value per hour; may be infinite.
    ///
    /// # Errors
    /// A depth that is negative or not a number.
    pub fn per_hour(calm: f64, stressed: f64) -> Result<Self, DepthError> {
        for value in [calm, stressed] {
            if value.is_nan() || value < 0.0 {
                return Err(DepthError::Parameter { name: "depth per hour", value });
            }
        }
        Ok(Self { per_hour: ByRegime { calm, stressed } })
    }

    /// A market that takes any size.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { per_hour: ByRegime::same(f64::INFINITY) }
    }

    /// Value per hour by regime.
    #[must_use]
    pub fn by_regime(&self) -> ByRegime {
        self.per_hour
    }
}

fn positive(name: &'static str, value: f64) -> Result<(), DepthError> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(DepthError::Parameter { name, value }) }
}

fn not_negative(name: &'static str, value: f64) -> Result<(), DepthError> {
    if value >= 0.0 && value.is_finite() { Ok(()) } else { Err(DepthError::Parameter { name, value }) }
}

/// A pool's fee: a fraction in [0, 1).
fn fee(value: f64) -> Result<(), DepthError> {
    if (0.0..1.0).contains(&value) { Ok(()) } else { Err(DepthError::Parameter { name: "fee", value }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_the_sale_over_the_refill_and_stress_shrinks_it() {
        let curve = ImpactCurve::new(&[(10.0, 0.1)], 2000.0).unwrap();
        let depth = Depth::from_curve(&curve, 0.25, 0.0, 2.0, 0.2).unwrap();
        assert_eq!(depth.by_regime(), ByRegime { calm: 10_000.0, stressed: 2000.0 });
        assert_eq!(Depth::from_impact(&Impact::Measured(curve), 0.25, 0.0, 2.0, 0.2).unwrap(), depth);
    }

    #[test]
    fn refuses_nonsense() {
        let curve = ImpactCurve::new(&[(10.0, 0.1)], 1.0).unwrap();
        assert!(Depth::per_hour(-1.0, 0.0).is_err());
        assert!(Depth::from_curve(&curve, 0.1, 0.0, 0.0, 0.5).is_err());
        assert!(Depth::from_curve(&curve, -0.1, 0.0, 1.0, 0.5).is_err());
        assert!(Depth::from_curve(&curve, 0.1, 0.0, 1.0, 1.5).is_err());
    }
}
