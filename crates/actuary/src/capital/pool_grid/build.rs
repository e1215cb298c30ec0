//! Paths, cells of histograms and totals put on the grid.

use super::GridPool;
use crate::aggregate::{AggregateError, Grid};
use crate::loss::statistics::sum;

/// Adds weighted paths of a pool to a grid.
#[derive(Clone, Debug)]
pub struct GridPoolBuilder {
    pool: GridPool,
}

impl GridPoolBuilder {
    /// Nothing on a grid yet, for a number of markets.
    #[must_use]
    pub fn new(grid: Grid, markets: usize) -> Self {
        let points = || vec![0.0; grid.buckets()];
        let parts = (0..markets).map(|_| points()).collect();
        let beyond_parts = vec![0.0; markets];
        Self { pool: GridPool { grid, mass: points(), parts, beyond: 0.0, beyond_parts } }
    }

    /// Adds what the pool owes each market on a path, or in a cell of paths, with its probability. A cell (of a
    /// histogram of any shape) is given by the mean of each market in it.
    ///
    /// # Errors
    /// Another number of markets; a probability or amount that is negative or not finite.
    pub fn add(&mut self, probability: f64, owed: &[f64]) -> Result<(), AggregateError> {
        let pool = &mut self.pool;
        if owed.len() != pool.parts.len() {
            let value = owed.len() as f64;
            return Err(AggregateError::Parameter { name: "number of markets", value });
        }
        if !(probability >= 0.0 && probability.is_finite()) {
            return Err(AggregateError::Parameter { name: "probability of a path", value: probability });
        }
        if let Some(index) = owed.iter().position(|x| !(*x >= 0.0 && x.is_finite())) {
            return Err(AggregateError::Loss { index, value: owed[index] });
        }
        let total: f64 = owed.iter().sum();
        // Amounts so small that their share of a bucket is no normal number are none.
        if total <= 1e-300 * pool.grid.bucket() || probability <= 0.0 {
            return Ok(());
        }
        pool.put(probability, owed, total);
        Ok(())
    }

    /// The distribution. What the probabilities lack of one is the probability that nothing is owed; where they
    /// come to more than one they are scaled to one.
    #[must_use]
    pub fn finish(self) -> GridPool {
        let mut pool = self.pool;
        let positive = sum(pool.mass[1..].iter().copied()) + pool.beyond;
        if positive > 1.0 {
            let scale = |x: &mut f64| *x /= positive;
            pool.mass.iter_mut().for_each(scale);
            pool.parts.iter_mut().flatten().for_each(scale);
            pool.beyond_parts.iter_mut().for_each(scale);
            pool.beyond /= positive;
            pool.mass[0] = 0.0;
        } else {
            pool.mass[0] = 1.0 - positive;
        }
        pool
    }
}

impl GridPool {
    /// From a histogram on the same grid: `mass[j]` the probability of cell j, `parts[i][j]` the expected amount of
    /// market i in it (`E[X_i 1{cell}]`), and the same for all that is beyond. Each cell is put at the total of its
    /// parts, which need not be the point: every market keeps its mean.
    ///
    /// # Errors
    /// Columns of other lengths than the grid; a negative or infinite figure.
    pub fn of_histogram<P: AsRef<[f64]>>(
        grid: Grid,
        mass: &[f64],
        parts: &[P],
        beyond: f64,
        beyond_parts: &[f64],
    ) -> Result<Self, AggregateError> {
        let mut builder = GridPoolBuilder::new(grid, parts.len());
        for length in parts.iter().map(|p| p.as_ref().len()).chain([mass.len()]) {
            if length != mass.len() {
                return Err(AggregateError::Parameter { name: "length of a column", value: length as f64 });
            }
        }
        let mut row = vec![0.0; parts.len()];
        for (cell, &p) in mass.iter().enumerate() {
            if p != 0.0 {
                row.iter_mut().zip(parts).for_each(|(x, part)| *x = part.as_ref()[cell] / p);
                builder.add(p, &row)?;
            }
        }
        if beyond != 0.0 {
            let row: Vec<f64> = beyond_parts.iter().map(|x| x / beyond).collect();
            builder.add(beyond, &row)?;
        }
        Ok(builder.finish())
    }

    /// Adds a total with its parts by market.
    pub(super) fn put(&mut self, probability: f64, owed: &[f64], total: f64) {
        let mut position = total / self.grid.bucket();
        // A total that misses a point by rounding is the point: no probability, however small, beside it.
        let nearest = libm::round(position);
        if (position - nearest).abs() <= 1e-12 * nearest {
            position = nearest;
        }
        if position > (self.mass.len() - 1) as f64 {
            self.beyond += probability;
            self.beyond_parts.iter_mut().zip(owed).for_each(|(part, x)| *part += probability * x);
            return;
        }
        let low = libm::floor(position) as usize;
        let upper = position - low as f64;
        for (index, share) in [(low, 1.0 - upper), (low + 1, upper)] {
            if share <= 0.0 {
                continue;
            }
            self.mass[index] += probability * share;
            let scale = probability * share * (self.grid.point(index) / total);
            self.parts.iter_mut().zip(owed).for_each(|(part, x)| part[index] += scale * x);
        }
    }
}
