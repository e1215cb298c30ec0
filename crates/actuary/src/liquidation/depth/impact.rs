//! Price impact, whatever it comes from.

use super::{Concentrated, ConstantProduct, ImpactCurve, SquareRoot, Venues, concave::ConcaveCurve};

/// Price impact of sales of one asset. Sizes are values at the price before the sale; all kinds have impact that does
/// not fall with the size.
#[derive(Clone, Debug, PartialEq)]
pub enum Impact {
    /// Reserves of a constant-product pool.
    ConstantProduct(ConstantProduct),
    /// Ranges of a pool with concentrated liquidity.
    Concentrated(Concentrated),
    /// A curve measured from quotes.
    Measured(ImpactCurve),
    /// Volatility and volume.
    SquareRoot(SquareRoot),
    /// Several venues, each sale split so that it brings most.
    Venues(Venues),
}

impl Impact {
    /// Price lost by a sale of value `size`, as a fraction.
    #[must_use]
    pub fn slip(&self, size: f64) -> f64 {
        match self {
            Self::ConstantProduct(pool) => pool.slip(size),
            Self::Concentrated(pool) => pool.slip(size),
            Self::Measured(curve) => curve.impact(size),
            Self::SquareRoot(law) => law.slip(size),
            Self::Venues(venues) => venues.slip(size),
        }
    }

    /// Largest debt `x` with `(1 + bonus)(1 - slip(x)) >= 1 + gas / x`, both at least 0; 0 if no size pays. At most
    /// [`Impact::end`].
    #[must_use]
    pub fn largest_sale(&self, bonus: f64, gas: f64) -> f64 {
        match self {
            Self::ConstantProduct(pool) => pool.largest_sale(bonus, gas),
            Self::Concentrated(pool) => pool.largest_sale(bonus, gas),
            Self::Measured(curve) => curve.largest_sale(bonus, gas),
            Self::SquareRoot(law) => law.largest_sale(bonus, gas),
            Self::Venues(venues) => venues.largest_sale(bonus, gas),
        }
    }

    /// Largest size about which anything is known; infinite where the formula goes on.
    #[must_use]
    pub fn end(&self) -> f64 {
        match self {
            Self::ConstantProduct(_) | Self::SquareRoot(_) => f64::INFINITY,
            Self::Concentrated(pool) => pool.end(),
            Self::Measured(curve) => curve.points().last().map_or(0.0, |point| point.0),
            Self::Venues(venues) => venues.end(),
        }
    }

    /// What a sale of value `size` brings.
    pub(super) fn proceeds(&self, size: f64) -> f64 {
        match self {
            Self::Concentrated(pool) => pool.proceeds(size),
            Self::Venues(venues) => venues.proceeds(size),
            _ => size * (1.0 - self.slip(size)),
        }
    }

    /// Size up to which the next unit sold brings at least the fraction `rate` of the price, as do all before it.
    /// Falls in `rate`, which is above 0.
    pub(super) fn size_at(&self, rate: f64) -> f64 {
        match self {
            Self::ConstantProduct(pool) => pool.size_at(rate),
            Self::Concentrated(pool) => pool.size_at(rate),
            Self::Measured(curve) => ConcaveCurve::new(curve).size_at(rate),
            Self::SquareRoot(law) => law.size_at(rate),
            Self::Venues(venues) => venues.size_at(rate),
        }
    }
}
