//! Finite depth: how much debt per hour liquidators can extinguish at a profit.
//!
//! A liquidator who repays `x` of debt receives collateral worth `(1 + bonus) x` and sells it at the price impact
//! `slip(x)`; the trade pays while `(1 + bonus) (1 - slip(x)) >= 1 + gas / x`. The largest such `x` is what the
//! market takes at once, and it is taken again every refill time. In the stressed regime depth shrinks by a
//! factor: impact curves are measured on calm days.
//!
//! Units: sizes and gas in the value of the debt (USD for a debt quoted in USD), impact as a fraction.

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
    /// A parameter is negative, not finite, or zero where it divides.
    #[error("{name} {value} is out of range")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
}

/// Price impact by trade size, measured, piecewise linear from (0, 0); nothing is assumed beyond the last point.
#[derive(Clone, Debug, PartialEq)]
pub struct ImpactCurve {
    points: Vec<(f64, f64)>,
}

impl ImpactCurve {
    /// A curve from points (size, impact), sizes rising. Local reversals of a measured curve are quote noise:
    /// the running maximum of the impact is kept, which never overstates depth. `unit_value` turns the sizes
    /// into value: the collateral's price where sizes are collateral tokens, 1 where they are value already.
    ///
    /// # Errors
    /// No points, sizes that do not rise, an impact of 1 or more, a unit value that is not positive.
    pub fn new(points: &[(f64, f64)], unit_value: f64) -> Result<Self, DepthError> {
        if points.is_empty() {
            return Err(DepthError::Empty);
        }
        positive("unit value", unit_value)?;
        let (mut previous, mut worst) = (0.0, 0.0_f64);
        let mut kept = vec![(0.0, 0.0)];
        for (index, &(size, impact)) in points.iter().enumerate() {
            if !(size.is_finite() && size > previous) {
                return Err(DepthError::Size { index, size, previous });
            }
            if impact.is_nan() || impact >= 1.0 {
                return Err(DepthError::Impact { index, impact });
            }
            worst = worst.max(impact);
            previous = size;
            kept.push((size * unit_value, worst));
        }
        Ok(Self { points: kept })
    }

    /// Impact of a trade of value `size`; that of the last point beyond it.
    #[must_use]
    pub fn impact(&self, size: f64) -> f64 {
        let end = self.points.partition_point(|p| p.0 < size);
        match (self.points.get(end.wrapping_sub(1)), self.points.get(end)) {
            (Some(&(x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (size - x0) / (x1 - x0),
            (Some(&(_, y)), None) | (None, Some(&(_, y))) => y,
            (None, None) => 0.0,
        }
    }

    /// Largest debt that can be sold at a profit, `(1 + bonus)(1 - slip(x)) >= 1 + gas/x`; 0 if no size pays.
    /// At most the last measured size.
    ///
    /// Within a segment `slip(x) = a + m x` the condition is `(1+bonus) m x^2 - B x + gas <= 0` with
    /// `B = (1+bonus)(1-a) - 1`.
    #[must_use]
    pub fn largest_sale(&self, bonus: f64, gas: f64) -> f64 {
        for pair in self.points.windows(2).rev() {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let slope = (y1 - y0) / (x1 - x0);
            let gain = (1.0 + bonus) * (1.0 - (y0 - slope * x0)) - 1.0;
            let curvature = (1.0 + bonus) * slope;
            let root = gain * gain - 4.0 * curvature * gas;
            if gain <= 0.0 || root < 0.0 {
                continue;
            }
            // The larger and the smaller root, the latter in the form that loses no digits; a straight segment
            // pays from gas / gain upwards.
            let larger =
                if curvature > 0.0 { (gain + root.sqrt()) / (2.0 * curvature) } else { f64::INFINITY };
            let smaller = 2.0 * gas / (gain + root.sqrt());
            let best = larger.min(x1);
            if best >= x0.max(smaller) && best > 0.0 {
                return best;
            }
        }
        0.0
    }
}

/// Debt that can be extinguished per hour, by regime, in the value of the debt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depth {
    per_hour: ByRegime,
}

impl Depth {
    /// Depth from an impact curve. `gas`: cost of one liquidation; `refill_hours`: time after which the same
    /// size can be sold again; `stress_factor`: what is left of the depth in the stressed regime, in [0, 1].
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
        for (name, value) in [("bonus", bonus), ("gas", gas)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(DepthError::Parameter { name, value });
            }
        }
        positive("refill hours", refill_hours)?;
        if !(0.0..=1.0).contains(&stress_factor) {
            return Err(DepthError::Parameter { name: "stress factor", value: stress_factor });
        }
        let calm = curve.largest_sale(bonus, gas) / refill_hours;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> ImpactCurve {
        ImpactCurve::new(&[(100.0, 0.01), (200.0, 0.008), (1000.0, 0.09)], 1.0).unwrap()
    }

    #[test]
    fn impact_is_linear_between_points_and_never_falls() {
        assert_eq!(curve().impact(50.0), 0.005);
        assert_eq!(curve().impact(150.0), 0.01);
        assert!((curve().impact(600.0) - 0.05).abs() < 1e-15);
        assert_eq!(curve().impact(5000.0), 0.09);
    }

    #[test]
    fn largest_sale_is_where_profit_ends() {
        for (bonus, gas) in [(0.05, 0.0), (0.05, 1.0), (0.02, 0.3), (0.08, 4.0), (0.005, 0.0)] {
            let x = curve().largest_sale(bonus, gas);
            let profit = |x: f64| (1.0 + bonus) * (1.0 - curve().impact(x)) * x - x - gas;
            assert!(x > 0.0 && profit(x).abs() < 1e-9 * x, "bonus {bonus}, gas {gas}: {x}");
            assert!((1..400).all(|i| profit(x + f64::from(i)) < 0.0), "bonus {bonus}, gas {gas}: {x}");
        }
    }

    #[test]
    fn no_sale_beyond_the_measured_range_nor_at_a_loss() {
        assert_eq!(curve().largest_sale(0.5, 0.0), 1000.0);
        assert_eq!(curve().largest_sale(0.0, 0.0), 0.0);
        assert_eq!(curve().largest_sale(0.01, 50.0), 0.0);
        assert_eq!(curve().largest_sale(0.02, 1e-3).total_cmp(&0.0), std::cmp::Ordering::Greater);
    }

    #[test]
    fn collateral_tokens_are_turned_into_value_and_stress_shrinks() {
        let tokens = ImpactCurve::new(&[(10.0, 0.1)], 2000.0).unwrap();
        assert!((tokens.impact(10_000.0) - 0.05).abs() < 1e-15);
        let depth = Depth::from_curve(&tokens, 0.25, 0.0, 2.0, 0.2).unwrap();
        assert_eq!(depth.by_regime(), ByRegime { calm: 10_000.0, stressed: 2000.0 });
    }

    #[test]
    fn refuses_nonsense() {
        assert_eq!(ImpactCurve::new(&[], 1.0), Err(DepthError::Empty));
        assert!(matches!(
            ImpactCurve::new(&[(2.0, 0.1), (2.0, 0.2)], 1.0),
            Err(DepthError::Size { index: 1, .. })
        ));
        assert!(matches!(ImpactCurve::new(&[(2.0, 1.0)], 1.0), Err(DepthError::Impact { .. })));
        assert!(matches!(ImpactCurve::new(&[(2.0, 0.5)], 0.0), Err(DepthError::Parameter { .. })));
        assert!(Depth::per_hour(-1.0, 0.0).is_err());
        assert!(Depth::from_curve(&curve(), 0.1, 0.0, 0.0, 0.5).is_err());
    }
}
