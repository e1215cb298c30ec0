//! Minimising a smooth function of a few unbounded variables: Nelder and Mead's simplex to come near, BFGS to arrive.
//!
//! Deterministic, without derivatives from the caller. J. Nelder, R. Mead (1965); J. Nocedal, S. Wright, "Numerical
//! Optimization", 2nd edition (2006), algorithm 6.1.

/// Where a search ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The point.
    pub at: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Whether the last step of BFGS was below the tolerance.
    pub converged: bool,
}

/// Minimises `f` from `start`; `scale` is the size of the first simplex. Values that are NaN count as infinite.
#[must_use]
pub fn minimise(f: &impl Fn(&[f64]) -> f64, start: &[f64], scale: f64) -> Minimum {
    let value = |x: &[f64]| {
        let y = f(x);
        if y.is_nan() { f64::INFINITY } else { y }
    };
    let near = simplex(&value, start, scale);
    bfgs(&value, near)
}

fn simplex(f: &impl Fn(&[f64]) -> f64, start: &[f64], scale: f64) -> Vec<f64> {
    let n = start.len();
    let mut corners: Vec<(f64, Vec<f64>)> = (0..=n)
        .map(|corner| {
            let mut x = start.to_vec();
            if corner > 0 {
                x[corner - 1] += scale;
            }
            (f(&x), x)
        })
        .collect();
    for _ in 0..80 * n {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (best, worst) = (corners[0].0, corners[n].0);
        if worst - best <= 1e-9 * (1.0 + best.abs()) {
            break;
        }
        let centre: Vec<f64> =
            (0..n).map(|k| corners[..n].iter().map(|(_, x)| x[k]).sum::<f64>() / n as f64).collect();
        let towards = |factor: f64| {
            let x: Vec<f64> = centre.iter().zip(&corners[n].1).map(|(c, w)| c + factor * (w - c)).collect();
            (f(&x), x)
        };
        let reflected = towards(-1.0);
        let next = if reflected.0 < best {
            let expanded = towards(-2.0);
            if expanded.0 < reflected.0 { expanded } else { reflected }
        } else if reflected.0 < corners[n - 1].0 {
            reflected
        } else {
            let contracted = towards(if reflected.0 < worst { -0.5 } else { 0.5 });
            if contracted.0 >= worst.min(reflected.0) {
                let first = corners[0].1.clone();
                for (value, x) in &mut corners[1..] {
                    for (x, first) in x.iter_mut().zip(&first) {
                        *x = 0.5 * (*x + first);
                    }
                    *value = f(x);
                }
                continue;
            }
            contracted
        };
        corners[n] = next;
    }
    corners.sort_by(|a, b| a.0.total_cmp(&b.0));
    corners.swap_remove(0).1
}

/// Central differences; the step balances truncation against rounding.
fn gradient(f: &impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    let mut point = x.to_vec();
    (0..x.len())
        .map(|k| {
            let h = 6e-6 * x[k].abs().max(1.0);
            point[k] = x[k] + h;
            let above = f(&point);
            point[k] = x[k] - h;
            let below = f(&point);
            point[k] = x[k];
            (above - below) / (2.0 * h)
        })
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn bfgs(f: &impl Fn(&[f64]) -> f64, start: Vec<f64>) -> Minimum {
    let n = start.len();
    let mut x = start;
    let mut value = f(&x);
    let mut slope = gradient(f, &x);
    let unit = |scale: f64| -> Vec<f64> {
        (0..n * n).map(|index| if index / n == index % n { scale } else { 0.0 }).collect()
    };
    let mut inverse = unit(1.0 / dot(&slope, &slope).sqrt().max(1.0));
    let mut converged = false;
    for _ in 0..200 {
        let mut direction: Vec<f64> = (0..n).map(|i| -dot(&inverse[i * n..(i + 1) * n], &slope)).collect();
        let mut descent = dot(&direction, &slope);
        if descent >= 0.0 || !descent.is_finite() {
            inverse = unit(1.0 / dot(&slope, &slope).sqrt().max(1.0));
            direction = slope.iter().map(|s| -s * inverse[0]).collect();
            descent = dot(&direction, &slope);
        }
        if descent.abs() <= 1e-12 * (1.0 + value.abs()) {
            converged = true;
            break;
        }
        // Armijo by halving.
        let mut length = 1.0;
        let step = loop {
            let candidate: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let there = f(&candidate);
            if there <= value + 1e-4 * length * descent {
                break Some((candidate, there));
            }
            length *= 0.5;
            if length < 1e-12 {
                break None;
            }
        };
        let Some((candidate, there)) = step else {
            // No descent left beyond the rounding of f.
            converged = descent.abs() <= 1e-6 * (1.0 + value.abs());
            break;
        };
        let next_slope = gradient(f, &candidate);
        let s: Vec<f64> = candidate.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
        let sy = dot(&s, &y);
        if sy > 1e-14 * dot(&y, &y).sqrt() * dot(&s, &s).sqrt() {
            let hy: Vec<f64> = (0..n).map(|i| dot(&inverse[i * n..(i + 1) * n], &y)).collect();
            let yhy = dot(&y, &hy);
            for i in 0..n {
                for j in 0..n {
                    inverse[i * n + j] +=
                        (1.0 + yhy / sy) * s[i] * s[j] / sy - (hy[i] * s[j] + s[i] * hy[j]) / sy;
                }
            }
        }
        (x, value, slope) = (candidate, there, next_slope);
    }
    Minimum { at: x, value, converged }
}

/// Inverse of a symmetric positive definite matrix (row-major, order `n`); `None` if it is none.
#[must_use]
pub fn inverse_positive(a: &[f64], n: usize) -> Option<Vec<f64>> {
    // Scaled to unit diagonal first: parameters differ in size by orders of magnitude.
    let scale: Vec<f64> = (0..n).map(|k| a[k * n + k].sqrt()).collect();
    if scale.iter().any(|s| !(*s > 0.0 && s.is_finite())) {
        return None;
    }
    let scaled: Vec<f64> = (0..n * n).map(|index| a[index] / (scale[index / n] * scale[index % n])).collect();
    let l = super::eigen::cholesky(&scaled, n, 0.0)?;
    if (0..n).any(|k| l[k * n + k] <= 0.0) {
        return None;
    }
    let mut inverse = vec![0.0; n * n];
    for column in 0..n {
        let mut y = vec![0.0; n];
        for i in 0..n {
            let rest = f64::from(u8::from(i == column)) - dot(&l[i * n..i * n + i], &y[..i]);
            y[i] = rest / l[i * n + i];
        }
        for i in (0..n).rev() {
            let rest = y[i] - (i + 1..n).map(|k| l[k * n + i] * y[k]).sum::<f64>();
            y[i] = rest / l[i * n + i];
        }
        for i in 0..n {
            inverse[i * n + column] = y[i] / (scale[i] * scale[column]);
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H. Rosenbrock's valley (1960) and M. Powell's singular function (1962).
    #[test]
    fn known_minima() {
        let rosenbrock = |x: &[f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            a * a + 100.0 * b * b
        };
        let minimum = minimise(&rosenbrock, &[-1.2, 1.0], 0.5);
        assert!(minimum.converged && minimum.at.iter().all(|x| (x - 1.0).abs() < 1e-5), "{minimum:?}");
        let powell = |x: &[f64]| {
            let (a, b, c, d) = (x[0] + 10.0 * x[1], x[2] - x[3], x[1] - 2.0 * x[2], x[0] - x[3]);
            a * a + 5.0 * b * b + c * c * c * c + 10.0 * d * d * d * d
        };
        let minimum = minimise(&powell, &[3.0, -1.0, 0.0, 1.0], 0.5);
        assert!(minimum.value < 1e-8, "{minimum:?}");
    }

    #[test]
    fn inverse_of_a_matrix() {
        let inverse = inverse_positive(&[4.0, 1.0, 1.0, 3.0], 2).unwrap();
        for (a, b) in inverse.iter().zip([3.0, -1.0, -1.0, 4.0]) {
            assert!((a - b / 11.0).abs() < 1e-15);
        }
        assert_eq!(inverse_positive(&[1.0, 2.0, 2.0, 1.0], 2), None);
    }
}
