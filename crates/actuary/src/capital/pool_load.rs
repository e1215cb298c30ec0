//! The pool's risk load by a premium principle, and each market's natural part of it, on the pool's grid.
//!
//! Every principle is a change of measure z(S): the price is `E[S z(S)]`, market i's part `E[X_i z(S)] =
//! E[kappa_i(S) z(S)]` (Mildenhall and Major, "Pricing Insurance Risk", Wiley 2022, chapter 14), and the parts add
//! up because the kappas do:
//!
//! ```text
//! distortion          z(s) = (g(P(S >= s)) - g(P(S > s))) / P(S = s)
//! Esscher             z(s) = e^(hs) / E[e^(hS)]
//! standard deviation  z(s) = 1 + k (s - E[S]) / sd(S)
//! ```
//!
//! The default is neither: capital is the expected shortfall, allocated by Euler, and the load its cost above the
//! expected loss, `iota (a_i - E[X_i]) / (1 + iota)`. A constant-cost distortion on the pool limited to its assets
//! gives the same total but for the loss in default, and allocates by what markets share in default.
//!
//! Units: those of the losses, for the period of the pool's distribution.

use super::distortion::{Distortion, DistortionError, constant_cost_price};
use super::pool_grid::GridPool;
use super::principle::Principle;
use crate::aggregate::AggregateError;
use crate::loss::statistics::sum;

/// How the pool's risk load is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LoadPrinciple {
    /// Expected shortfall at a level is held as capital and earns a constant cost.
    CostOfCapital {
        /// Cost of capital iota for the period, as a fraction.
        rate: f64,
        /// Level of the expected shortfall, for instance 0.99.
        level: f64,
    },
    /// A premium principle on what is paid from given assets.
    Principle {
        /// The principle.
        principle: Principle,
        /// Assets, above which the pool is in default and shares in proportion; none for all that is owed.
        assets: Option<f64>,
    },
}

/// The price of a pool and of its markets.
#[derive(Clone, Debug, PartialEq)]
pub struct GridPrice {
    /// Price of the total, calculated from the total alone.
    pub price: f64,
    /// Each market's part of the price.
    pub parts: Vec<f64>,
    /// Expected payment of the total.
    pub mean: f64,
    /// Expected payment to each market.
    pub means: Vec<f64>,
}

/// The risk load of a pool and of its markets.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolLoad {
    /// Load of the pool: price less expected payment.
    pub load: f64,
    /// Each market's part of the load; may be negative for a market that offsets the others.
    pub parts: Vec<f64>,
    /// Capital or assets of the pool, where the principle knows any.
    pub capital: Option<f64>,
    /// Each market's part of that capital; empty where there is none to be split (assets of a distortion).
    pub capital_parts: Vec<f64>,
}

/// Why no load can be calculated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// The principle cannot be applied.
    #[error(transparent)]
    Principle(#[from] DistortionError),
    /// The tail cannot be read from the grid.
    #[error(transparent)]
    Grid(#[from] AggregateError),
}

impl Principle {
    /// Price of a pool and each market's natural part of it.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn price_pool(&self, pool: &GridPool) -> Result<GridPrice, DistortionError> {
        let (density, beyond) = self.density(pool)?;
        let masses = pool.mass().iter().zip(&density).enumerate();
        let on_grid = masses.map(|(j, (p, z))| pool.grid().point(j) * p * z);
        let price = sum(on_grid) + pool.beyond_amount() * beyond;
        let part = |market: usize| {
            let pairs = pool.part(market).iter().zip(&density);
            sum(pairs.map(|(x, z)| x * z)) + pool.beyond_parts()[market] * beyond
        };
        let parts = (0..pool.markets()).map(part).collect();
        Ok(GridPrice { price, parts, mean: pool.mean(), means: pool.means() })
    }

    /// The change of measure at each point, and beyond the grid.
    fn density(&self, pool: &GridPool) -> Result<(Vec<f64>, f64), DistortionError> {
        match *self {
            Self::Distortion(distortion) => distorted(&distortion, pool),
            Self::Esscher { h } => {
                in_range("h", h)?;
                Ok(tilted(h, pool))
            }
            Self::StandardDeviation { loading } => {
                in_range("loading", loading)?;
                let (mean, deviation) = (pool.mean(), pool.total().deviation());
                let slope = if deviation > 0.0 { loading / deviation } else { 0.0 };
                let at = |x: f64| 1.0 + slope * (x - mean);
                let density = (0..pool.mass().len()).map(|j| at(pool.grid().point(j))).collect();
                Ok((density, at(beyond_point(pool))))
            }
        }
    }
}

fn in_range(name: &'static str, value: f64) -> Result<(), DistortionError> {
    if value >= 0.0 && value.is_finite() { Ok(()) } else { Err(DistortionError::Parameter { name, value }) }
}

/// Conditional mean of what is beyond the grid.
fn beyond_point(pool: &GridPool) -> f64 {
    if pool.beyond() > 0.0 { pool.beyond_amount() / pool.beyond() } else { 0.0 }
}

fn distorted(distortion: &Distortion, pool: &GridPool) -> Result<(Vec<f64>, f64), DistortionError> {
    distortion.check()?;
    let mut above = pool.beyond();
    let mut weighed = distortion.apply(above);
    let beyond = if above > 0.0 { weighed / above } else { 0.0 };
    let mut density = vec![0.0; pool.mass().len()];
    // From the top, so that small probabilities keep their digits. The last point with probability reaches one
    // exactly: rounding must not cost a part of the measure.
    let last = pool.mass().iter().position(|p| *p > 0.0).unwrap_or(0);
    for (j, p) in pool.mass().iter().enumerate().rev().filter(|(_, p)| **p > 0.0) {
        above = if j == last { 1.0 } else { above + p };
        let next = distortion.apply(above);
        density[j] = (next - weighed) / p;
        weighed = next;
    }
    Ok((density, beyond))
}

fn tilted(h: f64, pool: &GridPool) -> (Vec<f64>, f64) {
    let top = pool.mass().iter().rposition(|p| *p > 0.0).map_or(0.0, |j| pool.grid().point(j));
    let largest = top.max(beyond_point(pool));
    let mut density: Vec<f64> =
        (0..pool.mass().len()).map(|j| libm::exp(h * (pool.grid().point(j) - largest).min(0.0))).collect();
    let mut beyond = libm::exp(h * (beyond_point(pool) - largest));
    let norm = sum(pool.mass().iter().zip(&density).map(|(p, z)| p * z)) + pool.beyond() * beyond;
    density.iter_mut().for_each(|z| *z /= norm);
    beyond /= norm;
    (density, beyond)
}

impl LoadPrinciple {
    /// Load of a pool, for the period of its distribution, with each market's part.
    ///
    /// # Errors
    /// A parameter out of range; a level reached beyond the grid.
    pub fn load(&self, pool: &GridPool) -> Result<PoolLoad, LoadError> {
        match *self {
            Self::CostOfCapital { rate, level } => {
                in_range("cost of capital", rate)?;
                let load = |mean: f64, capital: f64| constant_cost_price(mean, capital, rate) - mean;
                let capital = pool.expected_shortfall(level)?;
                let capital_parts = pool.shortfall_parts(level)?;
                let pairs = pool.means().into_iter().zip(&capital_parts);
                let parts = pairs.map(|(mean, a)| load(mean, *a)).collect();
                Ok(PoolLoad {
                    load: load(pool.mean(), capital),
                    parts,
                    capital: Some(capital),
                    capital_parts,
                })
            }
            Self::Principle { principle, assets } => {
                let limited = assets.map(|a| pool.limited(a)).transpose()?;
                let paid = limited.as_ref().unwrap_or(pool);
                let GridPrice { price, parts, mean, means } = principle.price_pool(paid)?;
                let parts = parts.iter().zip(&means).map(|(price, mean)| price - mean).collect();
                Ok(PoolLoad { load: price - mean, parts, capital: assets, capital_parts: Vec::new() })
            }
        }
    }
}
