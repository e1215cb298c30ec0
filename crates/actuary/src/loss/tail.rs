//! VaR, ES and the natural allocation of the ES from weighted losses sorted by size.
//!
//! Weights are used as they are in the tail, not normalised, as A. Owen, "Monte Carlo theory, methods and
//! examples" (2013), chapter 9, and P. Glynn (1996) recommend for right tails: VaR is the smallest x with
//! estimated P(X > x) <= 1 - q, ES = VaR + E[(X - VaR)+] / (1 - q). The error of the ES is that of the mean
//! of the excess: the error of VaR enters at second order only. With weights of one this is the ES with the
//! fraction of the sample at the border, and the error is that of Manistre and Hancock
//! ([`super::statistics`]). The error of VaR is half the distance between the quantiles one standard error of
//! the tail's probability to either side.
//!
//! Natural allocation: line i gets `E[X_i | X in the tail]`; losses equal to the VaR share the border's mass
//! evenly, so that the parts add up. Its error is that of the mean of `(X_i - c_i) 1(X > VaR)` with c_i the
//! line's mean given X = VaR, taken over the square root of the tail's number of losses to either side.

use super::{
    Estimate, Tail,
    exact::{ExactSum, SumOverflow},
    moments::reduction,
    statistics::{StatisticsError, TAIL_SAMPLES_MIN, sum},
    worst::Entry,
};

/// The worst losses of a run, worst first; all that are not here are at most `below`.
#[derive(Clone, Debug)]
pub(crate) struct Worst {
    entries: Vec<Entry>,
    /// Weight of all before an entry, in units of an [`ExactSum`]; one more than entries.
    before: Vec<i128>,
    paths: f64,
    below: f64,
}

/// What the worst losses say at one level.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub(crate) tail: Tail,
    /// Variance of plain sampling's ES over that of this one.
    pub(crate) reduction: f64,
    /// Mean of the squared weighted excess.
    pub(crate) excess_squared: f64,
    /// n (1 - q).
    mass: f64,
    /// Losses above VaR, and those equal to it after them.
    above: usize,
    tied_end: usize,
    /// Part of the tied that is in the tail.
    tied_share: f64,
    /// Whether there are enough losses to fill the mass.
    filled: bool,
    /// Losses around VaR.
    near: std::ops::Range<usize>,
}

impl Worst {
    /// From losses sorted worst first.
    pub(crate) fn new(entries: Vec<Entry>, paths: f64, below: f64) -> Result<Self, SumOverflow> {
        let mut before = Vec::with_capacity(entries.len() + 1);
        let mut sum = ExactSum::ZERO;
        before.push(0);
        for entry in &entries {
            sum.add(entry.weight)?;
            before.push(sum.units());
        }
        Ok(Self { entries, before, paths, below })
    }

    /// From a whole sample in any order.
    pub(crate) fn of_sample(losses: &[f64], weights: &[f64]) -> Result<Self, SumOverflow> {
        let rows = losses.iter().zip(weights).enumerate();
        let mut entries: Vec<Entry> =
            rows.map(|(path, (&loss, &weight))| Entry { loss, path: path as u64, weight }).collect();
        entries.sort_unstable_by(Entry::order);
        let below = entries.last().map_or(0.0, |last| last.loss);
        Self::new(entries, losses.len() as f64, below)
    }

    /// The same paths with another loss that never falls when the first rises.
    pub(crate) fn mapped(&self, loss: impl Fn(f64) -> f64) -> Self {
        let entry = |entry: &Entry| Entry { loss: loss(entry.loss), ..*entry };
        Self {
            entries: self.entries.iter().map(entry).collect(),
            before: self.before.clone(),
            paths: self.paths,
            below: loss(self.below),
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Largest loss.
    pub(crate) fn maximum(&self) -> f64 {
        self.entries.first().map_or(self.below, |entry| entry.loss)
    }

    /// Index of the first loss with more than `mass` of weight up to and with it.
    fn at(&self, mass: f64) -> Option<usize> {
        let units = ExactSum::of(mass.max(0.0)).map_or(i128::MAX, ExactSum::units);
        let index = self.before[1..].partition_point(|&with| with <= units);
        (index < self.entries.len()).then_some(index)
    }

    /// The loss that is exceeded with at most `mass` of weight.
    fn quantile(&self, mass: f64) -> f64 {
        self.at(mass).map_or(self.below, |index| self.entries[index].loss)
    }

    /// VaR and ES at a level.
    pub(crate) fn cut(&self, level: f64) -> Result<Cut, StatisticsError> {
        let mass = tail_mass(self.paths, level)?;
        let border = self.at(mass);
        let value_at_risk = border.map_or(self.below, |index| self.entries[index].loss);
        let above = self.entries.partition_point(|entry| entry.loss > value_at_risk);
        let tied_end = self.entries.partition_point(|entry| entry.loss >= value_at_risk);
        let weight = |index: usize| ExactSum::from_units(self.before[index]).value();
        let tied = weight(tied_end) - weight(above);
        let tied_share = if tied > 0.0 { ((mass - weight(above)) / tied).clamp(0.0, 1.0) } else { 0.0 };

        let n = self.paths;
        let worst = &self.entries[..above];
        let excess = |entry: &Entry| entry.loss - value_at_risk;
        let mean = sum(worst.iter().map(|e| e.weight * excess(e))) / n;
        let plain = sum(worst.iter().map(|e| e.weight * excess(e) * excess(e))) / n;
        let squared = sum(worst.iter().map(|e| e.weight * e.weight * excess(e) * excess(e))) / n;
        let bessel = if n > 1.0 { n / (n - 1.0) } else { 0.0 };
        let variance = (squared - mean * mean).max(0.0) * bessel;
        let share = mass / n;

        // Losses of the tail: those at its border by the share of them that is inside.
        let inside = if value_at_risk != 0.0 { tied_share } else { 0.0 };
        let tied_entries = &self.entries[above..tied_end];
        let both = |of: &dyn Fn(&Entry) -> f64| {
            sum(worst.iter().filter(|entry| entry.loss != 0.0).map(of))
                + inside * sum(tied_entries.iter().map(of))
        };
        let (count, weights, squares) =
            (both(&|_| 1.0), both(&|entry| entry.weight), both(&|entry| entry.weight * entry.weight));
        let samples = (count + 1e-9) as usize;
        let effective_samples = if squares > 0.0 { weights * weights / squares } else { 0.0 };

        let whole = border.unwrap_or(self.entries.len());
        let all = sum(self.entries[..whole].iter().map(|e| e.weight * e.weight));
        let last = border.map_or(0.0, |index| (mass - weight(index)) * self.entries[index].weight);
        let spread = ((all + last) / n - share * share).max(0.0).sqrt() * n.sqrt();
        let width = self.quantile(mass - spread) - self.quantile(mass + spread);

        let reach = (libm::sqrt(whole as f64) as usize).max(1);
        let start = whole.saturating_sub(reach).min(above);
        let near = start..(whole + reach + 1).max(tied_end).min(self.entries.len());
        Ok(Cut {
            tail: Tail {
                level,
                value_at_risk: Estimate { value: value_at_risk, standard_error: 0.5 * width },
                expected_shortfall: Estimate {
                    value: value_at_risk + mean / share,
                    standard_error: (variance / n).sqrt() / share,
                },
                samples,
                effective_samples,
                thin: effective_samples < TAIL_SAMPLES_MIN as f64 * (1.0 - 1e-9),
            },
            reduction: reduction(plain - mean * mean, variance),
            excess_squared: squared,
            mass,
            above,
            tied_end,
            tied_share,
            filled: border.is_some(),
            near,
        })
    }

    /// A line's part of the ES, from its loss on the path of each entry. Where the losses do not fill the
    /// mass the rest of it is nothing for every line.
    pub(crate) fn part(&self, cut: &Cut, line: impl Fn(usize) -> f64) -> Estimate {
        let weight = |index: usize| self.entries[index].weight;
        let weighted = |index: usize| weight(index) * line(index);
        let worst = sum((0..cut.above).map(weighted));
        let tied = sum((cut.above..cut.tied_end).map(weighted));
        let value = (worst + cut.tied_share * tied) / cut.mass;
        let at_border = if cut.filled {
            sum(cut.near.clone().map(weighted)) / sum(cut.near.clone().map(weight))
        } else {
            0.0
        };
        let excess = |index: usize| weight(index) * (line(index) - at_border);
        let mean = sum((0..cut.above).map(excess)) / self.paths;
        let squared = sum((0..cut.above).map(|index| excess(index) * excess(index))) / self.paths;
        let variance = (squared - mean * mean).max(0.0) / self.paths;
        Estimate { value, standard_error: variance.sqrt() * self.paths / cut.mass }
    }

    /// Mean of the product of the squared weight, a loss that is a function of this one, and the excess over
    /// VaR.
    pub(crate) fn product_with_excess(&self, cut: &Cut) -> f64 {
        let border = cut.tail.value_at_risk.value;
        let worst = self.entries[..cut.above].iter();
        sum(worst.map(|e| e.weight * e.weight * e.loss * (e.loss - border))) / self.paths
    }
}

/// n (1 - q), the weight of the tail.
pub(crate) fn tail_mass(paths: f64, level: f64) -> Result<f64, StatisticsError> {
    if !(level > 0.0 && level < 1.0) {
        return Err(StatisticsError::Level(level));
    }
    if paths < 1.0 {
        return Err(StatisticsError::Empty);
    }
    let mass = paths * (1.0 - level);
    // 1 - 0.99 is not 0.01 in binary; a mass a rounding away from a whole number is that number.
    Ok(if (mass - libm::rint(mass)).abs() < 1e-9 * mass { libm::rint(mass) } else { mass })
}
