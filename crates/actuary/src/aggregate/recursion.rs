//! Compound distributions without a transform: Panjer's recursion, and plain convolution for any table of
//! counts. Both are exact on the grid, up to rounding, and take time in proportion to the square of its length.

use super::error::AggregateError;
use super::frequency::{Frequency, Recursion};

/// A running scale is applied when probabilities leave this range, so that e^-1000 does not end the recursion.
const LARGE: f64 = 1e200;

/// Probabilities of totals 0, 1, ..., `buckets - 1` (in buckets) of claims with the given probabilities (Panjer,
/// ASTIN Bulletin 12, 1981): `g_s = sum_j (a + b j/s) f_j g_(s-j) / (1 - a f_0)`.
///
/// # Errors
/// A frequency out of range or without a recursion.
pub fn panjer(frequency: &Frequency, severity: &[f64], buckets: usize) -> Result<Vec<f64>, AggregateError> {
    frequency.check()?;
    let Recursion { a, b, log_none } = frequency.recursion().ok_or(AggregateError::NoRecursion)?;
    let none = severity.first().copied().unwrap_or(0.0);
    // P(total 0) = E[f_0^N].
    let log_start = match *frequency {
        Frequency::Poisson { mean } => -mean * (1.0 - none),
        Frequency::NegativeBinomial { mean, size } => -size * libm::log1p(mean / size * (1.0 - none)),
        Frequency::Binomial { trials, probability } => {
            f64::from(trials) * libm::log1p(probability * (none - 1.0))
        }
        Frequency::Table(_) => log_none,
    };
    let scale = 1.0 / (1.0 - a * none);
    let last = severity.iter().rposition(|p| *p > 0.0).unwrap_or(0);
    // Kept as value times e^log_unit.
    let mut log_unit = log_start;
    let mut totals = vec![0.0; buckets];
    if let Some(first) = totals.first_mut() {
        *first = 1.0;
    }
    for s in 1..buckets {
        let per = b / s as f64;
        let reach = last.min(s);
        let claims = severity[1..=reach].iter().enumerate();
        let sum: f64 = claims
            .zip(totals[s - reach..s].iter().rev())
            .map(|((j, f), g)| (a + per * (j + 1) as f64) * f * g)
            .sum();
        let value = (scale * sum).max(0.0);
        totals[s] = value;
        if value > LARGE {
            totals[..=s].iter_mut().for_each(|g| *g /= LARGE);
            log_unit += libm::log(LARGE);
        }
    }
    // In two halves: the unit alone may be below the smallest number.
    let unit = libm::exp(0.5 * log_unit);
    totals.iter_mut().for_each(|g| *g = *g * unit * unit);
    Ok(totals)
}

/// Probabilities of totals 0, 1, ..., `buckets - 1` for any frequency, by convolution with the severity once for
/// each number of claims.
///
/// # Errors
/// A frequency out of range.
pub fn convolution(
    frequency: &Frequency,
    severity: &[f64],
    buckets: usize,
) -> Result<Vec<f64>, AggregateError> {
    frequency.check()?;
    let cumulative = frequency.cumulative();
    let mut totals = vec![0.0; buckets];
    let mut power = vec![0.0; buckets];
    if let Some(first) = power.first_mut() {
        *first = 1.0;
    }
    let mut before = 0.0;
    for (count, c) in cumulative.into_iter().enumerate() {
        if count > 0 {
            power = convolve(&power, severity, buckets);
        }
        let p = c - before;
        before = c;
        totals.iter_mut().zip(&power).for_each(|(total, q)| *total += p * q);
    }
    Ok(totals)
}

fn convolve(left: &[f64], right: &[f64], buckets: usize) -> Vec<f64> {
    let mut out = vec![0.0; buckets];
    for (i, p) in left.iter().enumerate().filter(|(_, p)| **p != 0.0) {
        out[i..].iter_mut().zip(right).for_each(|(total, q)| *total += p * q);
    }
    out
}
