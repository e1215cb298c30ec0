//! Distributions on a linear grid, as exact sums.
//!
//! A loss between two grid points puts its weight on both, in the proportion that keeps its mean
//! (`x = (1 - f) x_i + f x_(i+1)`). What lies above the last point is kept apart, as mass and mean.
//!
//! [`PartsGrid`] also splits a total over its parts: on each point the weighted sum of each part, so that
//! `E[X_i | S = s]`, the function kappa_i of Mildenhall and Major ("Pricing Insurance Risk", Wiley 2022,
//! chapter 14), can be read off. A part is scaled by the point over the total, so that the kappas of a point
//! add up to it and the sum over all points is the part's mean.

use super::exact::{ExactSum, SumOverflow, Sums, power_of_two_above};

/// Sums of a loss on a grid of `0, step, 2 step, .., top`.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    step: f64,
    unit: f64,
    /// Weights on the points; a path without a loss is not counted, so that the first point lacks its weight.
    points: Vec<ExactSum>,
    /// Weight above the top and weight times loss in units.
    overflow: [ExactSum; 2],
}

impl Grid {
    /// A grid of so many steps up to `top` for losses up to about `size`; a top of nothing leaves all to the
    /// overflow.
    pub(crate) fn new(top: f64, steps: usize, size: f64) -> Self {
        let step = top / steps as f64;
        Self {
            step,
            unit: power_of_two_above(top.max(size)),
            points: vec![ExactSum::ZERO; steps + 1],
            overflow: Default::default(),
        }
    }

    /// Adds a path; returns where it lies, or none above the top.
    #[inline]
    pub(crate) fn add(&mut self, weight: f64, loss: f64) -> Result<Option<Between>, SumOverflow> {
        if loss == 0.0 {
            return Ok(None);
        }
        let last = self.points.len() - 1;
        let position = loss / self.step;
        if position > last as f64 {
            self.overflow[0].add(weight)?;
            self.overflow[1].add(weight * (loss / self.unit))?;
            return Ok(None);
        }
        let point = (position as usize).min(last - 1);
        let upper = position - point as f64;
        self.points[point].add(weight * (1.0 - upper))?;
        self.points[point + 1].add(weight * upper)?;
        Ok(Some(Between { point, position, upper }))
    }

    fn overflow(&self, paths: f64) -> (f64, f64) {
        let [mass, mean] = self.overflow;
        (mass.value() / paths, mean.value() * self.unit / paths)
    }

    /// The distribution over so many paths of the given mean weight.
    pub(crate) fn histogram(&self, paths: f64, mean_weight: f64) -> LossHistogram {
        let (overflow, overflow_sum) = self.overflow(paths);
        let mut masses: Vec<f64> = self.points.iter().map(|sum| sum.value() / paths).collect();
        let seen: f64 = masses.iter().sum::<f64>() + overflow;
        masses[0] += mean_weight - seen;
        let overflow_mean = if overflow > 0.0 { overflow_sum / overflow } else { 0.0 };
        LossHistogram { step: self.step, masses, overflow, overflow_mean }
    }
}

impl Sums for Grid {
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>) {
        all.push(&self.points);
        all.push(&self.overflow);
    }

    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>) {
        all.push(&mut self.points);
        all.push(&mut self.overflow);
    }
}

/// Place of a loss on a grid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Between {
    point: usize,
    position: f64,
    upper: f64,
}

/// A grid of a total, with the sums of its parts.
#[derive(Clone, Debug)]
pub(crate) struct PartsGrid {
    total: Grid,
    parts: usize,
    /// Weight times part in units of the grid, point-major.
    sums: Vec<ExactSum>,
}

impl PartsGrid {
    pub(crate) fn new(top: f64, steps: usize, size: f64, parts: usize) -> Self {
        Self { total: Grid::new(top, steps, size), parts, sums: vec![ExactSum::ZERO; (steps + 1) * parts] }
    }

    pub(crate) fn add(&mut self, weight: f64, total: f64, parts: &[f64]) -> Result<(), SumOverflow> {
        let Some(between) = self.total.add(weight, total)? else { return Ok(()) };
        let Between { point, position, upper } = between;
        let start = point * self.parts;
        let (low, high) = self.sums[start..start + 2 * self.parts].split_at_mut(self.parts);
        let lower_share = weight * (1.0 - upper) * (point as f64 / position);
        let upper_share = weight * upper * ((point + 1) as f64 / position);
        for ((low, high), &part) in low.iter_mut().zip(high).zip(parts) {
            if part > 0.0 {
                let part = part / self.total.unit;
                low.add(lower_share * part)?;
                high.add(upper_share * part)?;
            }
        }
        Ok(())
    }

    pub(crate) fn histogram(&self, paths: f64, mean_weight: f64) -> PartsHistogram {
        let scale = self.total.unit / paths;
        let parts = (0..self.parts)
            .map(|part| {
                self.sums.iter().skip(part).step_by(self.parts).map(|sum| sum.value() * scale).collect()
            })
            .collect();
        PartsHistogram { total: self.total.histogram(paths, mean_weight), parts }
    }
}

impl Sums for PartsGrid {
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>) {
        self.total.sums(all);
        all.push(&self.sums);
    }

    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>) {
        self.total.sums_mut(all);
        all.push(&mut self.sums);
    }
}

/// Distribution of a loss on the points `0, step, 2 step, ..`.
#[derive(Clone, Debug, PartialEq)]
pub struct LossHistogram {
    /// Distance of the points.
    pub step: f64,
    /// Probability of each point; with the overflow they add up to the mean weight, one up to its error.
    pub masses: Vec<f64>,
    /// Probability of a loss above the last point.
    pub overflow: f64,
    /// Mean of such a loss; 0 where there is none.
    pub overflow_mean: f64,
}

impl LossHistogram {
    /// The last point.
    #[must_use]
    pub fn top(&self) -> f64 {
        self.step * (self.masses.len() - 1) as f64
    }

    /// Mean loss, the overflow included.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let points: f64 = self.masses.iter().enumerate().map(|(i, mass)| i as f64 * mass).sum();
        points * self.step + self.overflow * self.overflow_mean
    }
}

/// Distribution of a total on the points of a grid, with the parts that it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct PartsHistogram {
    /// The total.
    pub total: LossHistogram,
    /// `E[X_i; S = s]`: for each part one amount a point. Their sum over the points is the part's mean without
    /// what lies above the last point.
    pub parts: Vec<Vec<f64>>,
}

impl PartsHistogram {
    /// kappa: the mean of a part given that the total is at a point; none where the total never is.
    #[must_use]
    pub fn kappa(&self, part: usize, point: usize) -> Option<f64> {
        let mass = self.total.masses.get(point).copied().filter(|&mass| mass > 0.0)?;
        Some(self.parts.get(part)?.get(point)? / mass)
    }
}
