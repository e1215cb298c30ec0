//! Independent losses added to a pool, the markets' parts carried through the convolution.

use super::{GridPool, GridPoolBuilder};
use crate::aggregate::fourier::Spectrum;
use crate::aggregate::{AggregateError, Grid, GridLoss, Transform, TransformTerms};
use crate::loss::statistics::sum;

/// Probabilities beyond the grid below this are rounding.
const BEYOND_MIN: f64 = 1e-11;

impl GridPool {
    /// Independent markets.
    ///
    /// # Errors
    /// As for [`GridPool::with_events`].
    pub fn independent(grid: Grid, markets: &[GridLoss]) -> Result<Self, AggregateError> {
        GridPoolBuilder::new(grid, markets.len()).finish().with_events(markets)
    }

    /// The pool with a further independent loss of each market (its events, after its own terms), in the order of
    /// the markets. Probabilities that are below the rounding of the transform are set to 0.
    ///
    /// # Errors
    /// Another number of losses than markets, or other buckets than the pool's.
    pub fn with_events(&self, events: &[GridLoss]) -> Result<Self, AggregateError> {
        if events.len() != self.markets() {
            let value = events.len() as f64;
            return Err(AggregateError::Parameter { name: "number of event losses", value });
        }
        let expected = self.grid.bucket();
        if let Some(found) = events.iter().map(|e| e.grid().bucket()).find(|bucket| *bucket != expected) {
            return Err(AggregateError::Bucket { found, expected });
        }
        let transform = Transform::new(self.grid.buckets(), TransformTerms::PRECISE)?;
        let mut workspace = transform.workspace();
        let laws: Vec<Spectrum> = events.iter().map(|e| transform.spectrum(e.mass())).collect();
        let total = transform.spectrum(&self.mass);
        // Products of the laws after each market; of those before it as the loop goes.
        let one = Spectrum { re: vec![1.0; total.re.len()], im: vec![0.0; total.re.len()] };
        let mut after = vec![one.clone()];
        for law in laws.iter().rev() {
            let next = product(law, &after[after.len() - 1]);
            after.push(next);
        }
        let all = after.pop().unwrap_or_else(|| one.clone());
        let mut before = one;
        let mut parts = Vec::with_capacity(self.markets());
        for (market, law) in laws.iter().enumerate() {
            let own: Vec<f64> =
                events[market].mass().iter().enumerate().map(|(j, p)| self.grid.point(j) * p).collect();
            let others = product(&before, &after[self.markets() - 1 - market]);
            let added = product(&product(&total, &transform.spectrum(&own)), &others);
            let kept = product(&transform.spectrum(&self.parts[market]), &all);
            parts.push(transform.sequence(plus(kept, &added), &mut workspace));
            before = product(&before, law);
        }
        let mut mass = transform.sequence(product(&total, &all), &mut workspace);
        transform.clean(&mut mass);
        let means: Vec<f64> = self.means().iter().zip(events).map(|(mean, e)| mean + e.mean()).collect();
        Ok(Self::consistent(self.grid, mass, parts, &means))
    }

    /// Parts scaled so that they add up to each point exactly; what mass and means lack is beyond.
    fn consistent(grid: Grid, mass: Vec<f64>, mut parts: Vec<Vec<f64>>, means: &[f64]) -> Self {
        for (j, p) in mass.iter().enumerate() {
            let due = grid.point(j) * p;
            let found: f64 = parts.iter().map(|part| part[j]).sum();
            let scale = if found > 0.0 { due / found } else { 0.0 };
            for (part, mean) in parts.iter_mut().zip(means) {
                part[j] = if scale > 0.0 { part[j] * scale } else { due * share_of(*mean, means) };
            }
        }
        let beyond = 1.0 - sum(mass.iter().copied());
        let markets = parts.len();
        let mut pool = Self { grid, mass, parts, beyond: 0.0, beyond_parts: vec![0.0; markets] };
        if beyond > BEYOND_MIN {
            let on_grid = pool.means();
            pool.beyond = beyond;
            pool.beyond_parts = means.iter().zip(on_grid).map(|(m, g)| (m - g).max(0.0)).collect();
        }
        pool
    }
}

fn share_of(mean: f64, means: &[f64]) -> f64 {
    let total: f64 = means.iter().sum();
    if total > 0.0 { mean / total } else { 0.0 }
}

fn product(a: &Spectrum, b: &Spectrum) -> Spectrum {
    let parts = a.re.iter().zip(&a.im).zip(b.re.iter().zip(&b.im));
    let (re, im) = parts.map(|((x, y), (u, v))| (x * u - y * v, x * v + y * u)).unzip();
    Spectrum { re, im }
}

fn plus(mut a: Spectrum, b: &Spectrum) -> Spectrum {
    a.re.iter_mut().zip(&b.re).for_each(|(x, y)| *x += y);
    a.im.iter_mut().zip(&b.im).for_each(|(x, y)| *x += y);
    a
}
