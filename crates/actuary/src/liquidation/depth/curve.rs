//! Price impact measured from quotes, piecewise linear.

use super::{DepthError, positive};

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

    /// The points (size in value, impact), the first at (0, 0).
    pub(super) fn points(&self) -> &[(f64, f64)] {
        &self.points
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
    fn collateral_tokens_are_turned_into_value() {
        let tokens = ImpactCurve::new(&[(10.0, 0.1)], 2000.0).unwrap();
        assert!((tokens.impact(10_000.0) - 0.05).abs() < 1e-15);
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
    }
}
