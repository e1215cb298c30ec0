//! What a pool owes, on a grid, with each market's part of it: the functions `kappa_i(s) = E[X_i | S = s]` of
//! Mildenhall and Major, "Pricing Insurance Risk" (Wiley 2022, chapters 14 and 15), from which every allocation of
//! a figure of the pool to its markets is read.
//!
//! Held are the probabilities of the points 0, h, 2h, ... and, per point and market, `E[X_i 1{S = s}]`. A path of
//! total S between two points is shared between them by distance, its markets' parts in proportion to the points,
//! `X_i s/S`. Then the parts at a point add up to the point and each market keeps its mean, both exactly; so every
//! allocation below adds up to the pool's figure up to rounding. What lies beyond the grid is one atom.
//!
//! Independent losses of the markets are added in the transformed domain ([`GridPool::with_events`]): with phi_S the
//! transform of S, psi_i that of `E[X_i 1{S = s}]`, f_i that of the loss E_i added to market i and g_i that of
//! `e P(E_i = e)`,
//!
//! ```text
//! mass          phi_S prod f_k
//! market i      psi_i prod f_k + phi_S g_i prod_(k != i) f_k
//! ```
//!
//! Units: those of the losses.

mod build;
mod events;
mod layer;
mod tail;

pub use build::GridPoolBuilder;
pub use layer::GridLayer;
pub use tail::GridTail;

use crate::aggregate::{AggregateError, Grid, GridLoss};
use crate::loss::statistics::sum;

/// Distribution of what a pool owes, with each market's part.
#[derive(Clone, Debug, PartialEq)]
pub struct GridPool {
    grid: Grid,
    mass: Vec<f64>,
    /// `parts[i][j]` is `E[X_i 1{S = s_j}]`.
    parts: Vec<Vec<f64>>,
    beyond: f64,
    /// `E[X_i 1{S > end}]`.
    beyond_parts: Vec<f64>,
}

impl GridPool {
    /// The grid.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Number of markets.
    #[must_use]
    pub fn markets(&self) -> usize {
        self.parts.len()
    }

    /// Probability of each point.
    #[must_use]
    pub fn mass(&self) -> &[f64] {
        &self.mass
    }

    /// `E[X_i 1{S = s}]` of a market, for each point.
    #[must_use]
    pub fn part(&self, market: usize) -> &[f64] {
        &self.parts[market]
    }

    /// Probability of a total beyond the grid.
    #[must_use]
    pub fn beyond(&self) -> f64 {
        self.beyond
    }

    /// `E[X_i 1{S > end}]` of each market.
    #[must_use]
    pub fn beyond_parts(&self) -> &[f64] {
        &self.beyond_parts
    }

    /// `E[X_i | S = s]` at a point; none where the point has no probability.
    #[must_use]
    pub fn kappa(&self, market: usize, index: usize) -> Option<f64> {
        (self.mass[index] > 0.0).then(|| self.parts[market][index] / self.mass[index])
    }

    /// Expected amount owed to each market.
    #[must_use]
    pub fn means(&self) -> Vec<f64> {
        let beyond = self.beyond_parts.iter();
        self.parts.iter().zip(beyond).map(|(p, b)| sum(p.iter().copied()) + b).collect()
    }

    /// Expected amount owed.
    #[must_use]
    pub fn mean(&self) -> f64 {
        sum(self.mass.iter().enumerate().map(|(j, p)| self.grid.point(j) * p)) + self.beyond_amount()
    }

    /// `E[S 1{S > end}]`.
    #[must_use]
    pub fn beyond_amount(&self) -> f64 {
        sum(self.beyond_parts.iter().copied())
    }

    /// Total of all markets, without their parts.
    #[must_use]
    pub fn total(&self) -> GridLoss {
        let mut builder = crate::aggregate::GridLossBuilder::new(self.grid);
        self.mass.iter().enumerate().for_each(|(j, p)| builder.add(*p, self.grid.point(j)));
        if self.beyond > 0.0 {
            builder.add(self.beyond, self.beyond_amount() / self.beyond);
        }
        builder.finish()
    }

    /// Probability of more than each point.
    #[must_use]
    pub fn survival(&self) -> Vec<f64> {
        let mut above = self.beyond;
        let mut survival: Vec<f64> = self
            .mass
            .iter()
            .rev()
            .map(|p| {
                let here = above;
                above += p;
                here
            })
            .collect();
        survival.reverse();
        survival
    }

    /// What is paid from given assets: `min(S, assets)`, in default shared in proportion to what is owed (equal
    /// priority). Assets between two points are shared between them.
    ///
    /// # Errors
    /// Assets that are not positive.
    pub fn limited(&self, assets: f64) -> Result<Self, AggregateError> {
        if assets.is_nan() || assets <= 0.0 {
            return Err(AggregateError::Parameter { name: "assets", value: assets });
        }
        let mut pool = self.clone();
        let first = self.grid.points_up_to(assets);
        // What is paid out at assets is put on the points around them, or stays beyond the grid.
        let (mut default, mut owed) = (self.beyond, vec![0.0; self.markets()]);
        if self.beyond > 0.0 {
            let scale = (assets * self.beyond / self.beyond_amount()).min(1.0);
            owed.iter_mut().zip(&self.beyond_parts).for_each(|(x, part)| *x += scale * part);
        }
        for j in first..self.mass.len() {
            default += self.mass[j];
            let scale = assets / self.grid.point(j);
            owed.iter_mut().zip(&self.parts).for_each(|(x, part)| *x += scale * part[j]);
        }
        pool.mass[first..].fill(0.0);
        pool.parts.iter_mut().for_each(|part| part[first..].fill(0.0));
        (pool.beyond, pool.beyond_parts) = (0.0, vec![0.0; self.markets()]);
        if default > 0.0 {
            owed.iter_mut().for_each(|x| *x /= default);
            pool.put(default, &owed, assets);
        }
        Ok(pool)
    }
}
