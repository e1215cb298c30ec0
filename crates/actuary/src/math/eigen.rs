//! Symmetric matrices: eigenvalues by Jacobi rotations, and the Cholesky factor. Dense, row-major, small.

/// Eigenvalues and eigenvectors of the symmetric matrix `a` of order `n` (row-major; only its symmetric part
/// matters). Returns the values and, as rows of a second matrix, the matching orthonormal vectors. Cyclic Jacobi
/// rotations: exact to rounding for any symmetric matrix.
#[must_use]
pub fn symmetric_eigen(a: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a: Vec<f64> = (0..n * n).map(|index| 0.5 * (a[index] + a[(index % n) * n + index / n])).collect();
    let mut vectors = vec![0.0; n * n];
    for k in 0..n {
        vectors[k * n + k] = 1.0;
    }
    for _sweep in 0..100 {
        let off: f64 =
            (0..n).flat_map(|p| (0..p).map(move |q| (p, q))).map(|(p, q)| a[p * n + q].abs()).sum();
        let diagonal: f64 = (0..n).map(|k| a[k * n + k].abs()).sum();
        if off <= 1e-17 * diagonal {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, n, p, q);
            }
        }
    }
    ((0..n).map(|k| a[k * n + k]).collect(), vectors)
}

/// One rotation that makes entry (p, q) zero.
fn rotate(a: &mut [f64], vectors: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = a[p * n + q];
    if apq == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
    let t = 1.0_f64.copysign(theta) / (theta.abs() + libm::hypot(theta, 1.0));
    let c = 1.0 / libm::hypot(t, 1.0);
    let s = t * c;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for k in 0..n {
        let (x, y) = (a[p * n + k], a[q * n + k]);
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        let (x, y) = (vectors[p * n + k], vectors[q * n + k]);
        vectors[p * n + k] = c * x - s * y;
        vectors[q * n + k] = s * x + c * y;
    }
}

/// Lower triangular factor L with L L' = `a` (row-major, order `n`) of a positive semidefinite matrix; `None` if
/// a pivot falls below `-tolerance`. Pivots within the tolerance count as zero, so that perfectly correlated
/// rows are accepted.
#[must_use]
pub fn cholesky(a: &[f64], n: usize, tolerance: f64) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = a[i * n + j] - dot;
            if i == j {
                if rest < -tolerance || rest.is_nan() {
                    return None;
                }
                l[i * n + i] = if rest <= tolerance { 0.0 } else { rest.sqrt() };
            } else if l[j * n + j] > 0.0 {
                l[i * n + j] = rest / l[j * n + j];
            } else if rest.abs() > tolerance.sqrt() {
                return None;
            }
        }
    }
    Some(l)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        // Second differences of order 4: eigenvalues 2 - 2 cos(k pi / 5).
        let a = [2., -1., 0., 0., -1., 2., -1., 0., 0., -1., 2., -1., 0., 0., -1., 2.];
        let (mut values, vectors) = symmetric_eigen(&a, 4);
        for (value, vector) in values.iter().zip(vectors.chunks(4)) {
            for i in 0..4 {
                let product: f64 = (0..4).map(|k| a[4 * i + k] * vector[k]).sum();
                assert!((product - value * vector[i]).abs() < 1e-14);
            }
        }
        values.sort_by(f64::total_cmp);
        for (k, value) in values.iter().enumerate() {
            let exact = 2.0 - 2.0 * libm::cos((k + 1) as f64 * core::f64::consts::PI / 5.0);
            assert!((value - exact).abs() < 1e-14);
        }
    }

    #[test]
    fn cholesky_reproduces_and_refuses() {
        let a = [4.0, 2.0, 2.0, 3.0];
        let l = cholesky(&a, 2, 1e-12).unwrap();
        assert!((l[2] - 1.0).abs() < 1e-15 && (l[3] - 2.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(cholesky(&[1.0, 1.0, 1.0, 1.0], 2, 1e-12), Some(vec![1.0, 0.0, 1.0, 0.0]));
        assert_eq!(cholesky(&[1.0, 1.1, 1.1, 1.0], 2, 1e-12), None);
    }
}
