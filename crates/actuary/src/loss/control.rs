//! Control variates by regression: known expectations take out of an estimate what they explain.
//!
//! With values y and controls z of known mean m, the estimate is `mean y - b (mean z - m)` with b from least squares of y
//! on z; its standard error is that of the residuals with one degree of freedom taken for each control (P. Glasserman,
//! "Monte Carlo Methods in Financial Engineering", 2004, 4.1.3). Under importance sampling both carry the weight: `y =
//! w f`, `z = w c` with `E[w c] = E[c]` under the model; the weight itself is the control with `c = 1`. The bias is of
//! order 1/n.

use super::{Estimate, StatisticsError};

/// A control: one value a sample, and their expectation.
#[derive(Clone, Copy, Debug)]
pub struct Control<'a> {
    /// Values, weights included.
    pub values: &'a [f64],
    /// Their known expectation.
    pub expected: f64,
}

/// A mean adjusted by controls.
#[derive(Clone, Debug, PartialEq)]
pub struct Controlled {
    /// The adjusted mean.
    pub mean: Estimate,
    /// Variance of the mean without controls over that with them, degrees of freedom counted.
    pub reduction: f64,
    /// Coefficient of each control; 0 for one that the others (or nothing) already explain.
    pub coefficients: Vec<f64>,
    /// Degrees of freedom that the standard error has.
    pub freedom: usize,
}

impl Controlled {
    /// The mean of `values` (weights included), adjusted by controls.
    ///
    /// # Errors
    /// No more samples than controls and one more, controls of another length, a value that is not finite.
    pub fn of(values: &[f64], controls: &[Control<'_>]) -> Result<Self, StatisticsError> {
        let n = values.len();
        if n < controls.len() + 2 {
            return Err(StatisticsError::Empty);
        }
        let columns = || core::iter::once(values).chain(controls.iter().map(|control| control.values));
        for (line, column) in columns().enumerate() {
            if column.len() != n {
                return Err(StatisticsError::Length { line, length: column.len(), expected: n });
            }
            if let Some(index) = column.iter().position(|value| !value.is_finite()) {
                return Err(StatisticsError::NotFinite { index, value: column[index] });
            }
        }
        let count = n as f64;
        let means: Vec<f64> = columns().map(|column| column.iter().sum::<f64>() / count).collect();
        let centred: Vec<Vec<f64>> = columns()
            .zip(&means)
            .map(|(column, mean)| column.iter().map(|value| value - mean).collect())
            .collect();
        let total = dot(&centred[0], &centred[0]);
        let (coefficients, residual) = regress(&centred);
        let adjustment: f64 = coefficients
            .iter()
            .zip(controls.iter().zip(&means[1..]))
            .map(|(coefficient, (control, mean))| coefficient * (mean - control.expected))
            .sum();
        let used = coefficients.iter().filter(|coefficient| **coefficient != 0.0).count();
        let freedom = n - 1 - used;
        let variance = residual / freedom as f64;
        let plain = total / (count - 1.0);
        Ok(Self {
            mean: Estimate { value: means[0] - adjustment, standard_error: (variance / count).sqrt() },
            reduction: if variance > 0.0 { plain / variance } else { 1.0 },
            coefficients,
            freedom,
        })
    }
}

/// Least squares of the first column on the others, all centred, by modified Gram and Schmidt: coefficients, and the sum
/// of squares left.
fn regress(centred: &[Vec<f64>]) -> (Vec<f64>, f64) {
    let controls = &centred[1..];
    let k = controls.len();
    let mut basis: Vec<Option<(Vec<f64>, f64)>> = Vec::with_capacity(k);
    // upper[i][j]: the part of control j along basis vector i.
    let mut upper = vec![vec![0.0; k]; k];
    for (j, control) in controls.iter().enumerate() {
        let mut rest = control.clone();
        for (i, vector) in basis.iter().enumerate() {
            if let Some((vector, square)) = vector {
                upper[i][j] = dot(vector, &rest) / square;
                subtract(&mut rest, upper[i][j], vector);
            }
        }
        let square = dot(&rest, &rest);
        // What rounding leaves of a control that the others explain.
        let own = dot(control, control);
        basis.push((square > 1e-20 * own && square > 0.0).then_some((rest, square)));
    }
    let mut rest = centred[0].clone();
    let mut along = vec![0.0; k];
    for (i, vector) in basis.iter().enumerate() {
        if let Some((vector, square)) = vector {
            along[i] = dot(vector, &rest) / square;
            subtract(&mut rest, along[i], vector);
        }
    }
    let mut coefficients = vec![0.0; k];
    for i in (0..k).rev() {
        if basis[i].is_some() {
            let later: f64 = (i + 1..k).map(|j| upper[i][j] * coefficients[j]).sum();
            coefficients[i] = along[i] - later;
        }
    }
    (coefficients, dot(&rest, &rest))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn subtract(from: &mut [f64], factor: f64, vector: &[f64]) {
    for (value, part) in from.iter_mut().zip(vector) {
        *value -= factor * part;
    }
}
