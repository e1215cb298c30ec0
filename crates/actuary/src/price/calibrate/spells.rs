//! Which rows lie in the stress state: rolling realised volatility against its own median, with hysteresis.
//!
//! The state of a row is known before the row: it uses returns up to the row before. So the first hours of a
//! crash out of calm count as jumps of the calm state, as they are for whoever holds a loan at that moment.
//! The price of this is a delay of up to a window at both ends of a spell, which mixes the states: the volatility
//! multiplier is understated and the calm volatility overstated, while the total variance stays that of the
//! history. Spells shorter than the window are missed.

use core::f64::consts::FRAC_PI_2;

use super::Estimate;

/// How stress is recognised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StressOptions {
    /// Rows of the rolling window.
    pub window: usize,
    /// Stress begins when the rolling volatility exceeds its median by this factor.
    pub enter: f64,
    /// Stress ends when the rolling volatility falls below this multiple of its median.
    pub leave: f64,
    /// With fewer spells than this the history has no stress state.
    pub spells_min: usize,
}

impl Default for StressOptions {
    fn default() -> Self {
        Self { window: 72, enter: 2.0, leave: 1.25, spells_min: 3 }
    }
}

/// State of every row and what it does to volatility.
pub(super) struct Spells {
    pub stressed: Vec<bool>,
    pub count: usize,
    /// Volatility under stress over volatility in calm.
    pub volatility: Estimate,
    /// Rows with a return, calm and stressed.
    pub rows: [usize; 2],
}

/// Mean bipower product of adjacent returns, times pi/2: the variance of one row, immune to single jumps (Barndorff-Nielsen
/// and Shephard 2004). 0 without adjacent pairs.
pub(super) fn bipower(returns: &[f64]) -> f64 {
    let (mut sum, mut count) = (0.0, 0_usize);
    for row in 1..returns.len() {
        let product = (returns[row] * returns[row - 1]).abs();
        if !product.is_nan() {
            sum += product;
            count += 1;
        }
    }
    if count == 0 { 0.0 } else { FRAC_PI_2 * sum / count as f64 }
}

/// Classifies the rows; `None` when the history shows no (or too few) spells of stress.
pub(super) fn classify(returns: &[Vec<f64>], variance: &[f64], options: &StressOptions) -> Option<Spells> {
    let rows = returns.first().map_or(0, Vec::len);
    // Average over the assets of the bipower product relative to the asset's own variance.
    let product = |row: usize| -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0_usize);
        for (column, variance) in returns.iter().zip(variance) {
            let product = (column[row] * column[row - 1]).abs();
            if !product.is_nan() {
                sum += FRAC_PI_2 * product / variance;
                count += 1;
            }
        }
        (count > 0).then(|| sum / count as f64)
    };
    let products: Vec<Option<f64>> =
        (0..rows).map(|row| if row == 0 { None } else { product(row) }).collect();
    let rolling = rolling_means(&products, options.window);
    let mut sorted: Vec<f64> = rolling.iter().copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    let median = *sorted.get(sorted.len() / 2)?;

    let mut stressed = vec![false; rows];
    let mut current = false;
    let mut spells: Vec<(f64, usize)> = Vec::new();
    let mut calm = (0.0, 0_usize);
    for row in 0..rows {
        if let Some(mean) = rolling[row] {
            if !current && mean > options.enter * options.enter * median {
                current = true;
                spells.push((0.0, 0));
            } else if current && mean < options.leave * options.leave * median {
                current = false;
            }
        }
        stressed[row] = current;
        if let Some(value) = products[row] {
            let into = if current { spells.last_mut() } else { Some(&mut calm) };
            if let Some(into) = into {
                into.0 += value;
                into.1 += 1;
            }
        }
    }
    spells.retain(|spell| spell.1 > 0 && spell.0 > 0.0);
    if spells.len() < options.spells_min.max(2) || calm.0 <= 0.0 {
        return None;
    }
    let total = spells.iter().fold((0.0, 0), |sum, spell| (sum.0 + spell.0, sum.1 + spell.1));
    let ratio = (total.0 / total.1 as f64) / (calm.0 / calm.1 as f64);
    // Spells differ by more than sampling: their dispersion decides the error of the multiplier.
    let logs: Vec<f64> = spells.iter().map(|(sum, count)| 0.5 * libm::log(sum / *count as f64)).collect();
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let deviation = (logs.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt();
    let value = ratio.sqrt();
    let volatility = Estimate { value, standard_error: value * deviation / n.sqrt() };
    let with_return = |row: &usize| returns.iter().any(|column| !column[*row].is_nan());
    let counted = |state: bool| (0..rows).filter(|row| stressed[*row] == state).filter(with_return).count();
    Some(Spells { count: spells.len(), volatility, rows: [counted(false), counted(true)], stressed })
}

/// Mean of the last `window` values before each row.
fn rolling_means(values: &[Option<f64>], window: usize) -> Vec<Option<f64>> {
    let present: Vec<f64> = values.iter().copied().flatten().collect();
    let mut seen = 0;
    values
        .iter()
        .map(|value| {
            let mean = (window > 0 && seen >= window)
                .then(|| present[seen - window..seen].iter().sum::<f64>() / window as f64);
            seen += usize::from(value.is_some());
            mean
        })
        .collect()
}
