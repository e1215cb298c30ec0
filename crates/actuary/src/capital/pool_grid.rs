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

use crate::aggregate::fourier::Spectrum;
use crate::aggregate::{AggregateError, Grid, GridLoss, Transform, TransformTerms};
use crate::loss::statistics::sum;
use crate::math::Estimate;

/// Probabilities beyond the grid below this are rounding.
const BEYOND_MIN: f64 = 1e-11;

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

/// Adds weighted paths of a pool to a grid.
#[derive(Clone, Debug)]
pub struct GridPoolBuilder {
    pool: GridPool,
}

/// Value at risk and expected shortfall of a pool, with their errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridTail {
    /// The level.
    pub level: f64,
    /// The smallest point exceeded with probability `1 - level` at most.
    pub value_at_risk: Estimate,
    /// Mean of the worst `1 - level`.
    pub expected_shortfall: Estimate,
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

    /// Independent markets.
    ///
    /// # Errors
    /// As for [`GridPool::with_events`].
    pub fn independent(grid: Grid, markets: &[GridLoss]) -> Result<Self, AggregateError> {
        GridPoolBuilder::new(grid, markets.len()).finish().with_events(markets)
    }

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

    /// Adds a total with its parts by market.
    fn put(&mut self, probability: f64, owed: &[f64], total: f64) {
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

    /// Index of the value at risk.
    fn quantile(&self, survival: &[f64], level: f64) -> Result<usize, AggregateError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(AggregateError::Parameter { name: "level", value: level });
        }
        let index = survival.partition_point(|above| *above > (1.0 - level) * (1.0 + 1e-12));
        if index == survival.len() {
            return Err(AggregateError::Beyond { level, covered: 1.0 - self.beyond });
        }
        Ok(index)
    }

    /// The smallest point exceeded with probability `1 - level` at most.
    ///
    /// # Errors
    /// A level outside (0, 1), or reached beyond the grid.
    pub fn value_at_risk(&self, level: f64) -> Result<f64, AggregateError> {
        self.quantile(&self.survival(), level).map(|index| self.grid.point(index))
    }

    /// Each market's part of the expected shortfall, `E[X_i | S in the worst 1 - level]` (Euler's allocation). They
    /// add up to [`GridPool::expected_shortfall`].
    ///
    /// # Errors
    /// As for [`GridPool::value_at_risk`].
    pub fn shortfall_parts(&self, level: f64) -> Result<Vec<f64>, AggregateError> {
        let survival = self.survival();
        let border = self.quantile(&survival, level)?;
        let rest = (1.0 - level - survival[border]).max(0.0);
        let part = |(part, beyond): (&Vec<f64>, &f64)| {
            let at = if self.mass[border] > 0.0 { part[border] / self.mass[border] } else { 0.0 };
            (sum(part[border + 1..].iter().copied()) + beyond + rest * at) / (1.0 - level)
        };
        Ok(self.parts.iter().zip(&self.beyond_parts).map(part).collect())
    }

    /// Mean of the worst `1 - level` of the totals.
    ///
    /// # Errors
    /// As for [`GridPool::value_at_risk`].
    pub fn expected_shortfall(&self, level: f64) -> Result<f64, AggregateError> {
        let survival = self.survival();
        let border = self.quantile(&survival, level)?;
        let rest = (1.0 - level - survival[border]).max(0.0);
        let worst = (border + 1..self.mass.len()).map(|j| self.mass[j] * self.grid.point(j));
        Ok((sum(worst) + self.beyond_amount() + rest * self.grid.point(border)) / (1.0 - level))
    }

    /// Value at risk and expected shortfall with their standard errors, for a distribution that rests on so many
    /// equally weighted paths (with importance sampling: the effective number of paths in the tail, divided by
    /// `1 - level`). VaR: half the distance between the quantiles one binomial deviation to either side, and the
    /// width of a bucket over the root of twelve. ES: Manistre and Hancock, North American Actuarial Journal 9(2),
    /// 2005, `sqrt((Var(S | tail) + level (ES - VaR)^2) / (n (1 - level)))`.
    ///
    /// # Errors
    /// As for [`GridPool::value_at_risk`]; a number of paths that is not positive.
    pub fn tail(&self, level: f64, paths: f64) -> Result<GridTail, AggregateError> {
        if !(paths > 0.0 && paths.is_finite()) {
            return Err(AggregateError::Parameter { name: "paths", value: paths });
        }
        let survival = self.survival();
        let border = self.quantile(&survival, level)?;
        let at_risk = self.grid.point(border);
        let shortfall = self.expected_shortfall(level)?;
        let spread = (level * (1.0 - level) / paths).sqrt();
        let at = |rank: f64| {
            let index = survival.partition_point(|above| *above > 1.0 - rank);
            self.grid.point(index.min(survival.len() - 1))
        };
        let half = 0.5 * (at(level + spread) - at(level - spread));
        let rest = (1.0 - level - survival[border]).max(0.0);
        let square = |x: f64| (x - shortfall) * (x - shortfall);
        let worst = (border + 1..self.mass.len()).map(|j| self.mass[j] * square(self.grid.point(j)));
        let beyond =
            if self.beyond > 0.0 { self.beyond * square(self.beyond_amount() / self.beyond) } else { 0.0 };
        let variance = (sum(worst) + beyond + rest * square(at_risk)) / (1.0 - level);
        let gap = shortfall - at_risk;
        let error = ((variance + level * gap * gap) / (paths * (1.0 - level))).sqrt();
        Ok(GridTail {
            level,
            value_at_risk: Estimate {
                value: at_risk,
                standard_error: libm::hypot(half, self.grid.bucket() / 12.0_f64.sqrt()),
            },
            expected_shortfall: Estimate { value: shortfall, standard_error: error },
        })
    }

    /// Size of a static fund that costs `rate` by unit held where a missing unit costs `shortage`: VaR at level
    /// `1 - rate/shortage` (Chitra 2025, arXiv 2512.01112), with its error; 0 where any fund is too dear.
    ///
    /// # Errors
    /// A rate or cost that is not positive; otherwise as for [`GridPool::tail`].
    pub fn optimal_fund(&self, rate: f64, shortage: f64, paths: f64) -> Result<Estimate, AggregateError> {
        for (name, value) in [("rate", rate), ("cost of shortage", shortage)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(AggregateError::Parameter { name, value });
            }
        }
        if rate >= shortage {
            return Ok(Estimate::exact(0.0));
        }
        Ok(self.tail(1.0 - rate / shortage, paths)?.value_at_risk)
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
