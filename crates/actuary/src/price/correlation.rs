//! Correlation matrices: estimation by weights, and repair of matrices that are not positive semidefinite.

use crate::math::eigen;

/// A correlation matrix made positive semidefinite.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The repaired matrix.
    pub matrix: Vec<Vec<f64>>,
    /// Largest absolute change of an entry; 0 when nothing was wrong.
    pub largest_change: f64,
    /// Smallest eigenvalue before the repair.
    pub smallest_eigenvalue: f64,
}

/// Spectral repair (Rebonato and Jaeckel 1999): negative eigenvalues become zero and the rows are scaled back to
/// unit diagonal. A matrix that is positive semidefinite already is returned as it is.
#[must_use]
pub fn repair(matrix: &[Vec<f64>]) -> Repaired {
    let n = matrix.len();
    let flat: Vec<f64> = matrix.iter().flatten().copied().collect();
    let (values, vectors) = eigen::symmetric_eigen(&flat, n);
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    if smallest >= 0.0 {
        return Repaired { matrix: matrix.to_vec(), largest_change: 0.0, smallest_eigenvalue: smallest };
    }
    let product = |i: usize, j: usize| -> f64 {
        (0..n).map(|k| values[k].max(0.0) * vectors[k * n + i] * vectors[k * n + j]).sum()
    };
    let scale: Vec<f64> = (0..n).map(|i| product(i, i).sqrt()).collect();
    let entry = |i: usize, j: usize| {
        if i == j { 1.0 } else { (product(i, j) / (scale[i] * scale[j])).clamp(-1.0, 1.0) }
    };
    let repaired: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
    let changes = matrix.iter().flatten().zip(repaired.iter().flatten()).map(|(a, b)| (a - b).abs());
    let largest_change = changes.fold(0.0, f64::max);
    Repaired { matrix: repaired, largest_change, smallest_eigenvalue: smallest }
}

/// Weighted correlation (about zero) of two series where both are present, and its standard error
/// (1 - rho^2) / sqrt(effective number). `weight` gives the weight of a row. 0 and infinite without data.
pub(super) fn weighted(x: &[f64], y: &[f64], weight: impl Fn(usize) -> f64) -> (f64, f64) {
    let (mut xx, mut yy, mut xy, mut total, mut squares) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (row, (x, y)) in x.iter().zip(y).enumerate() {
        if x.is_nan() || y.is_nan() {
            continue;
        }
        let w = weight(row);
        xx += w * x * x;
        yy += w * y * y;
        xy += w * x * y;
        total += w;
        squares += w * w;
    }
    if xx <= 0.0 || yy <= 0.0 {
        return (0.0, f64::INFINITY);
    }
    let rho = (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0);
    (rho, (1.0 - rho * rho) / (total * total / squares).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of QuantLib's test-suite (`matrices.cpp`, spectral salvaging).
    #[test]
    fn spectral_repair() {
        let repaired = repair(&[vec![1.0, 0.9, 0.7], vec![0.9, 1.0, 0.3], vec![0.7, 0.3, 1.0]]);
        let m = &repaired.matrix;
        assert!((m[0][1] - 0.894_024_408_508_599).abs() < 1e-14, "{m:?}");
        assert!((m[0][2] - 0.696_319_066_114_392).abs() < 1e-14);
        assert!((m[1][2] - 0.300_969_036_104_592).abs() < 1e-14);
        assert!((repaired.largest_change - (0.9 - m[0][1])).abs() < 1e-15);
        assert!(repaired.smallest_eigenvalue < 0.0);
        let fine = vec![vec![1.0, 0.5], vec![0.5, 1.0]];
        assert_eq!(repair(&fine).matrix, fine);
        assert_eq!(repair(&fine).largest_change, 0.0);
    }
}
