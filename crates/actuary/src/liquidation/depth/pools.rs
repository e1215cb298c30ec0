//! Price impact from the reserves of automated market makers.
//!
//! Constant product (H. Adams, N. Zinsmeister, D. Robinson, "Uniswap v2 Core", 2020): with reserves `R` of the
//! collateral and `R'` of the debt asset and the fee `f` on what comes in, `q` tokens sold give
//! `R' g q / (R + g q)`, `g = 1 - f`. In value at the pool's own price, `V = R p` and `x = q p`,
//!
//! ```text
//! slip(x) = 1 - g / (1 + g x / V)
//! ```
//!
//! Concentrated liquidity (H. Adams and others, "Uniswap v3 Core", 2021, section 6): where the active liquidity is
//! `L`, a sale moves the root of the price from `u` down to `s`, takes in `L (1/s - 1/u)` of the collateral and gives
//! `L (u - s)` of the debt asset. Ranges are crossed one after the other; below the last one nothing more is paid.
//!
//! Both give proceeds that are concave in the size, so that profit is above zero on one interval of sizes, whose upper
//! end is the root of a quadratic.

use super::{DepthError, fee, not_negative, positive};

/// A pool whose product of reserves is constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConstantProduct {
    value: f64,
    keep: f64,
}

impl ConstantProduct {
    /// A pool with reserves of the collateral and the debt asset in tokens; its price is their ratio. `debt_value`: a
    /// debt token in the unit of account; `fee`: fraction of what is sold.
    ///
    /// # Errors
    /// Reserves or a value that are not positive and finite, a fee outside [0, 1).
    pub fn new(collateral: f64, debt: f64, debt_value: f64, fee_rate: f64) -> Result<Self, DepthError> {
        positive("collateral reserve", collateral)?;
        positive("debt reserve", debt)?;
        positive("value of the debt token", debt_value)?;
        fee(fee_rate)?;
        let value = debt * debt_value;
        positive("value of the reserve", value)?;
        Ok(Self { value, keep: 1.0 - fee_rate })
    }

    /// Price lost by a sale of value `size`, as a fraction.
    #[must_use]
    pub fn slip(&self, size: f64) -> f64 {
        // 1 - g/(1 + g x/V) without taking equal numbers from each other.
        let moved = self.keep * size / self.value;
        (1.0 - self.keep + moved) / (1.0 + moved)
    }

    /// Largest debt that can be sold at a profit; 0 if none. The condition is
    /// `(g/V) x^2 - ((1+bonus) g - 1 - gas g/V) x + gas <= 0`.
    #[must_use]
    pub fn largest_sale(&self, bonus: f64, gas: f64) -> f64 {
        let curvature = self.keep / self.value;
        let gain = (1.0 + bonus) * self.keep - 1.0 - gas * curvature;
        let root = gain * gain - 4.0 * curvature * gas;
        if gain <= 0.0 || root < 0.0 { 0.0 } else { (gain + root.sqrt()) / (2.0 * curvature) }
    }

    /// Size up to which the next unit sold still brings the fraction `rate` of the price.
    pub(super) fn size_at(&self, rate: f64) -> f64 {
        ((self.keep / rate).sqrt() - 1.0).max(0.0) * self.value / self.keep
    }
}

/// Liquidity between two prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiquidityRange {
    /// Lower price, debt tokens per collateral token, at least 0.
    pub lower: f64,
    /// Upper price, above the lower one; may be infinite.
    pub upper: f64,
    /// Liquidity `L`, root of (collateral tokens x debt tokens), at least 0.
    pub liquidity: f64,
}

/// A pool with concentrated liquidity.
#[derive(Clone, Debug, PartialEq)]
pub struct Concentrated {
    price: f64,
    debt_value: f64,
    keep: f64,
    segments: Vec<Segment>,
}

/// A stretch of the way down with one liquidity.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Segment {
    liquidity: f64,
    /// Root of the price at its upper end.
    upper: f64,
    /// Root of the price at its lower end.
    lower: f64,
    /// Collateral taken in above it, without fees.
    taken: f64,
    /// Debt tokens given above it.
    given: f64,
}

impl Segment {
    /// Collateral it takes in as a whole.
    fn room(&self) -> f64 {
        self.liquidity * (1.0 / self.lower - 1.0 / self.upper)
    }

    /// Root of the price after `moved = collateral / L` is taken in, and the debt tokens given for it:
    /// `u - s = u s moved`, without taking equal numbers from each other.
    fn after(&self, moved: f64) -> (f64, f64) {
        let root = 1.0 / (1.0 / self.upper + moved);
        (root, self.liquidity * self.upper * root * moved)
    }
}

impl Concentrated {
    /// A pool at `price` (debt tokens per collateral token) with active liquidity by range of price, ranges rising and
    /// without overlap; gaps hold nothing. `debt_value` and `fee` as of [`ConstantProduct::new`]. Ranges above the
    /// price do not matter to a sale.
    ///
    /// # Errors
    /// A price or value that is not positive and finite, a fee outside [0, 1), ranges that overlap or are empty, a
    /// liquidity that is negative or not finite, no liquidity below the price.
    pub fn new(
        price: f64,
        ranges: &[LiquidityRange],
        debt_value: f64,
        fee_rate: f64,
    ) -> Result<Self, DepthError> {
        positive("price", price)?;
        positive("value of the debt token", debt_value)?;
        fee(fee_rate)?;
        let mut previous = 0.0;
        for (index, range) in ranges.iter().enumerate() {
            let LiquidityRange { lower, upper, liquidity } = *range;
            if !(lower >= previous && lower < upper) {
                return Err(DepthError::Range { index, lower, upper, previous });
            }
            not_negative("liquidity", liquidity)?;
            previous = upper;
        }
        let (mut taken, mut given) = (0.0, 0.0);
        let mut segments = Vec::new();
        for range in ranges.iter().rev().filter(|range| range.liquidity > 0.0 && range.lower < price) {
            let segment = Segment {
                liquidity: range.liquidity,
                upper: range.upper.min(price).sqrt(),
                lower: range.lower.sqrt(),
                taken,
                given,
            };
            taken += segment.room();
            given += segment.liquidity * (segment.upper - segment.lower);
            segments.push(segment);
        }
        if segments.is_empty() {
            return Err(DepthError::Empty);
        }
        Ok(Self { price, debt_value, keep: 1.0 - fee_rate, segments })
    }

    /// Price lost by a sale of value `size`, as a fraction. What the pool cannot pay for is lost as a whole.
    #[must_use]
    pub fn slip(&self, size: f64) -> f64 {
        if size <= 0.0 {
            return self.marginal(&self.segments[0], self.segments[0].upper);
        }
        (1.0 - self.proceeds(size) / size).max(0.0)
    }

    /// What a sale of value `size` brings.
    pub(super) fn proceeds(&self, size: f64) -> f64 {
        let taken = self.keep * size / (self.price * self.debt_value);
        let at = self.segments.partition_point(|segment| segment.taken < taken).max(1) - 1;
        let segment = &self.segments[at];
        let moved = (taken - segment.taken).min(segment.room()) / segment.liquidity;
        (segment.given + segment.after(moved).1) * self.debt_value
    }

    /// Largest size the pool can pay for.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.segments.last().map_or(0.0, |segment| self.size(segment, segment.lower))
    }

    /// Largest debt that can be sold at a profit; 0 if none, at most [`Concentrated::end`].
    ///
    /// Inside a segment profit is, in the root `s` of the price reached and times it,
    /// `m s - (1+bonus) L v s^2 - L p v/g`: a quadratic, whose smaller root is the larger size. Profit is concave in
    /// the size over all segments, so that the last segment with a root or with profit at its end has the answer.
    #[must_use]
    pub fn largest_sale(&self, bonus: f64, gas: f64) -> f64 {
        let (value, pay) = (self.debt_value, 1.0 + bonus);
        let cost = self.price * value / self.keep;
        for (number, segment) in self.segments.iter().enumerate().rev() {
            let Segment { liquidity, upper, lower, taken, given } = *segment;
            if number + 1 == self.segments.len() && lower > 0.0 {
                let end = self.end();
                if pay * (given + liquidity * (upper - lower)) * value - end - gas >= 0.0 {
                    return end;
                }
            }
            let m = pay * (given + liquidity * upper) * value - (taken - liquidity / upper) * cost - gas;
            let (a, c) = (pay * liquidity * value, liquidity * cost);
            let root = m * m - 4.0 * a * c;
            // Where not even the first unit pays, none does: its root would be the start, by rounding.
            let starts = number > 0 || pay * self.keep * upper * upper > self.price;
            if m <= 0.0 || root < 0.0 || !starts {
                continue;
            }
            let s = 2.0 * c / (m + root.sqrt());
            if s >= lower && s < upper {
                return self.size(segment, s);
            }
        }
        0.0
    }

    /// Size up to which the next unit sold still brings the fraction `rate` of the price.
    pub(super) fn size_at(&self, rate: f64) -> f64 {
        let root = (rate * self.price / self.keep).sqrt();
        let mut size = 0.0;
        for segment in self.segments.iter().take_while(|segment| segment.upper > root) {
            size = self.size(segment, root.max(segment.lower));
        }
        size
    }

    /// Value sold when the root of the price has come down to `root` inside a segment.
    fn size(&self, segment: &Segment, root: f64) -> f64 {
        let moved = (segment.upper - root) / (segment.upper * root);
        (segment.taken + segment.liquidity * moved) / self.keep * self.price * self.debt_value
    }

    /// Price lost by the next unit sold at a root of the price.
    fn marginal(&self, segment: &Segment, root: f64) -> f64 {
        1.0 - self.keep * root.min(segment.upper) * root / self.price
    }
}
