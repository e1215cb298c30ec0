//! One loss on a grid, whole: probabilities at 0, h, 2h, ..., what lies beyond, and what policy terms make of it.
//!
//! An amount between two points is shared between them so that its mean is kept. The expectation of a function of
//! the loss is therefore exact where the function is linear between neighbouring points, and off by at most the
//! function's change of slope times a quarter of a bucket times the probability of the bucket where it is not: a
//! deductible that is no point of the grid costs that much, one that is costs nothing.
//!
//! What lies beyond the grid is one atom at its conditional mean. Units: those of the losses.

use super::claim::Grid;
use super::distribution::Aggregate;
use super::error::AggregateError;
use super::transform::{Transform, TransformTerms};
use crate::loss::PolicyTerms;
use crate::loss::statistics::sum;

/// Probabilities beyond the grid below this are rounding of the transform.
const BEYOND_MIN: f64 = 1e-12;

/// Distribution of a loss that is not negative.
#[derive(Clone, Debug, PartialEq)]
pub struct GridLoss {
    grid: Grid,
    mass: Vec<f64>,
    beyond: f64,
    /// Expected loss where it is beyond: `E[X 1{X > end}]`.
    beyond_amount: f64,
}

/// Adds weighted amounts to a grid.
#[derive(Clone, Debug)]
pub struct GridLossBuilder {
    grid: Grid,
    mass: Vec<f64>,
    beyond: f64,
    beyond_amount: f64,
}

impl GridLossBuilder {
    /// Nothing on a grid yet.
    #[must_use]
    pub fn new(grid: Grid) -> Self {
        Self { grid, mass: vec![0.0; grid.buckets()], beyond: 0.0, beyond_amount: 0.0 }
    }

    /// Adds an amount with a probability; both must be finite and not negative.
    pub fn add(&mut self, probability: f64, amount: f64) {
        debug_assert!(probability >= 0.0 && amount >= 0.0, "probability {probability}, amount {amount}");
        let position = amount / self.grid.bucket();
        if position > (self.mass.len() - 1) as f64 {
            self.beyond += probability;
            self.beyond_amount += probability * amount;
            return;
        }
        let low = libm::floor(position);
        let upper = position - low;
        self.mass[low as usize] += probability * (1.0 - upper);
        if upper > 0.0 {
            self.mass[low as usize + 1] += probability * upper;
        }
    }

    /// The distribution. What the probabilities lack of one is the probability of no loss; where they come to more
    /// than one they are scaled to one.
    #[must_use]
    pub fn finish(mut self) -> GridLoss {
        let positive = sum(self.mass[1..].iter().copied()) + self.beyond;
        if positive > 1.0 {
            self.mass.iter_mut().for_each(|p| *p /= positive);
            self.beyond /= positive;
            self.beyond_amount /= positive;
            self.mass[0] = 0.0;
        } else {
            self.mass[0] = 1.0 - positive;
        }
        GridLoss { grid: self.grid, mass: self.mass, beyond: self.beyond, beyond_amount: self.beyond_amount }
    }
}

impl GridLoss {
    /// Amounts with probabilities. What the probabilities lack of one is the probability of no loss, so that weights
    /// of a simulation (divided by the number of paths) keep every expectation as it was estimated.
    ///
    /// # Errors
    /// An amount or probability that is negative or not finite.
    pub fn of_atoms(grid: Grid, atoms: impl IntoIterator<Item = (f64, f64)>) -> Result<Self, AggregateError> {
        let mut builder = GridLossBuilder::new(grid);
        for (index, (probability, amount)) in atoms.into_iter().enumerate() {
            for value in [probability, amount] {
                if !(value >= 0.0 && value.is_finite()) {
                    return Err(AggregateError::Loss { index, value });
                }
            }
            builder.add(probability, amount);
        }
        Ok(builder.finish())
    }

    /// Probabilities of 0, h, 2h, ..., and the probability and expected amount `E[X 1{X > end}]` of what lies
    /// beyond. They must add up to one within 1e-9.
    ///
    /// # Errors
    /// Another number of probabilities than points, one that is negative, a sum that is not one, an amount beyond
    /// that is below the end of the grid.
    pub fn new(grid: Grid, mass: Vec<f64>, beyond: f64, beyond_amount: f64) -> Result<Self, AggregateError> {
        let total = sum(mass.iter().copied()) + beyond;
        let sound = mass.len() == grid.buckets() && beyond >= 0.0 && mass.iter().all(|&p| p >= 0.0);
        if !sound || (total - 1.0).abs() > 1e-9 || total.is_nan() {
            return Err(AggregateError::Probabilities { name: "losses on the grid", total });
        }
        let end = grid.point(grid.buckets() - 1);
        if !(beyond_amount >= beyond * end * (1.0 - 1e-9) && beyond_amount.is_finite()) {
            return Err(AggregateError::Parameter { name: "loss beyond the grid", value: beyond_amount });
        }
        Ok(Self { grid, mass, beyond, beyond_amount })
    }

    /// No loss at all.
    #[must_use]
    pub fn none(grid: Grid) -> Self {
        GridLossBuilder::new(grid).finish()
    }

    /// An aggregate distribution with what is beyond its grid.
    #[must_use]
    pub fn of_aggregate(total: &Aggregate) -> Self {
        let grid = total.grid();
        let mass = total.probabilities().to_vec();
        let mean = total.stop_loss(0.0);
        Self::with_rest(grid, mass, mean)
    }

    /// A distribution from its probabilities on the grid, the rest being beyond, and its mean.
    pub(crate) fn with_rest(grid: Grid, mass: Vec<f64>, mean: f64) -> Self {
        let beyond = 1.0 - sum(mass.iter().copied());
        let on_grid = sum(mass.iter().enumerate().map(|(j, p)| grid.point(j) * p));
        if beyond < BEYOND_MIN {
            return Self { grid, mass, beyond: 0.0, beyond_amount: 0.0 };
        }
        let least = beyond * grid.point(grid.buckets() - 1);
        Self { grid, mass, beyond, beyond_amount: (mean - on_grid).max(least) }
    }

    /// The grid.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Probability of each point.
    #[must_use]
    pub fn mass(&self) -> &[f64] {
        &self.mass
    }

    /// Probability of a loss beyond the grid.
    #[must_use]
    pub fn beyond(&self) -> f64 {
        self.beyond
    }

    /// Expected loss where it is beyond the grid, `E[X 1{X > end}]`.
    #[must_use]
    pub fn beyond_amount(&self) -> f64 {
        self.beyond_amount
    }

    /// Points with their probabilities, the atom beyond included; points without probability are left out.
    pub fn atoms(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let grid = self.grid;
        let on_grid = self.mass.iter().enumerate().map(move |(j, p)| (*p, grid.point(j)));
        let beyond = (self.beyond > 0.0).then(|| (self.beyond, self.beyond_amount / self.beyond));
        on_grid.chain(beyond).filter(|(p, _)| *p > 0.0)
    }

    /// Expected loss.
    #[must_use]
    pub fn mean(&self) -> f64 {
        sum(self.atoms().map(|(p, x)| p * x))
    }

    /// Standard deviation; what is beyond counts at its mean.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        let mean = self.mean();
        sum(self.atoms().map(|(p, x)| p * (x - mean) * (x - mean))).sqrt()
    }

    /// Probability of a loss of at least `amount`.
    #[must_use]
    pub fn probability_from(&self, amount: f64) -> f64 {
        sum(self.atoms().filter(|(_, x)| *x >= amount * (1.0 - 1e-12)).map(|(p, _)| p))
    }

    /// The smallest point exceeded with probability `1 - level` at most.
    ///
    /// # Errors
    /// A level outside (0, 1), or reached beyond the grid.
    pub fn value_at_risk(&self, level: f64) -> Result<f64, AggregateError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(AggregateError::Parameter { name: "level", value: level });
        }
        let allowed = (1.0 - level) * (1.0 + 1e-12);
        let mut above = self.beyond;
        if above > allowed {
            return Err(AggregateError::Beyond { level, covered: 1.0 - self.beyond });
        }
        for (index, p) in self.mass.iter().enumerate().rev() {
            above += p;
            if above > allowed {
                return Ok(self.grid.point(index));
            }
        }
        Ok(0.0)
    }

    /// The same distribution on another grid; the mean is kept.
    #[must_use]
    pub fn regridded(&self, grid: Grid) -> Self {
        let mut builder = GridLossBuilder::new(grid);
        self.atoms().for_each(|(p, x)| builder.add(p, x));
        builder.finish()
    }

    /// The sum of this loss and an independent one, on this loss's grid, by a padded and tilted transform.
    ///
    /// # Errors
    /// Different buckets.
    pub fn convolved(&self, other: &Self) -> Result<Self, AggregateError> {
        let (expected, found) = (self.grid.bucket(), other.grid.bucket());
        if expected != found {
            return Err(AggregateError::Bucket { found, expected });
        }
        let transform = Transform::new(self.grid.buckets(), TransformTerms::PRECISE)?;
        let mut mass = transform.convolve(&self.mass, &other.mass);
        transform.clean(&mut mass);
        Ok(Self::with_rest(self.grid, mass, self.mean() + other.mean()))
    }

    /// Expected payment under a policy.
    #[must_use]
    pub fn expected_payment(&self, terms: &PolicyTerms) -> f64 {
        sum(self.atoms().map(|(p, x)| p * terms.payment(x)))
    }

    /// Distribution of the payment under a policy, on a grid of its own.
    #[must_use]
    pub fn paid(&self, terms: &PolicyTerms, grid: Grid) -> Self {
        let mut builder = GridLossBuilder::new(grid);
        self.atoms().for_each(|(p, x)| builder.add(p, terms.payment(x)));
        builder.finish()
    }

    /// Distribution, on a grid of its own, of what an independent `event` adds to the payment for this loss:
    /// `pay(X + E) - pay(X)`. Up to the deductible the event shares it with the loss, and what the loss has used of
    /// the limit the event cannot use again; the mean is `E[pay(X + E)] - E[pay(X)]`.
    ///
    /// # Errors
    /// Different buckets of loss and event.
    pub fn payment_added_by(
        &self,
        event: &Self,
        terms: &PolicyTerms,
        grid: Grid,
    ) -> Result<Self, AggregateError> {
        let mut builder = GridLossBuilder::new(grid);
        let exhausted = terms.deductible + terms.limit;
        // Losses up to the deductible pay nothing: the event's payment is that of the sum.
        let below = self.grid.points_up_to(terms.deductible);
        let mut under = vec![0.0; self.mass.len()];
        under[..below].copy_from_slice(&self.mass[..below]);
        let share = sum(under.iter().copied());
        if share > 0.0 {
            let scaled = under.iter().map(|p| p / share).collect();
            let loss = Self { grid: self.grid, mass: scaled, beyond: 0.0, beyond_amount: 0.0 };
            let both = loss.convolved(event)?;
            both.atoms().for_each(|(p, x)| builder.add(share * p, terms.payment(x)));
        } else if self.grid.bucket() != event.grid.bucket() {
            let (expected, found) = (self.grid.bucket(), event.grid.bucket());
            return Err(AggregateError::Bucket { found, expected });
        }
        // Above it the event pays up to what is left of the limit. Losses falling, so that what is left rises:
        // an event at least as large as what is left pays that, a smaller one pays itself.
        // Points up to the deductible have been taken with a tolerance; they must not come twice.
        let from = terms.deductible.max(self.grid.point(below.saturating_sub(1)));
        let mut losses: Vec<(f64, f64)> = self.atoms().filter(|(_, x)| *x > from).collect();
        losses.reverse();
        let events: Vec<(f64, f64)> = event.atoms().collect();
        let mut at_least: f64 = sum(events.iter().map(|(q, _)| *q));
        let mut used = 0;
        let mut whole = vec![0.0; events.len()];
        let mut open = 0.0;
        let total: f64 = sum(losses.iter().map(|(p, _)| *p));
        for (p, x) in &losses {
            let left = (exhausted - x).max(0.0);
            while used < events.len() && events[used].1 < left {
                // Every loss from here on leaves more than this event needs.
                whole[used] = total - open;
                at_least -= events[used].0;
                used += 1;
            }
            if left.is_finite() {
                builder.add(p * at_least.max(0.0), left * (1.0 - terms.coinsurance));
            }
            open += p;
        }
        let pairs = events.iter().zip(&whole);
        pairs.for_each(|((q, e), p)| builder.add(q * p.max(0.0), e * (1.0 - terms.coinsurance)));
        Ok(builder.finish())
    }
}
