//! Complex numbers, as far as transforms and their inversion need them.

use core::ops::{Add, Div, Mul, Neg, Sub};

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl Complex {
    /// `re + i im`.
    #[must_use]
    pub const fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    /// Absolute value.
    #[must_use]
    pub fn abs(self) -> f64 {
        libm::hypot(self.re, self.im)
    }

    /// e to this power.
    #[must_use]
    pub fn exp(self) -> Self {
        let size = libm::exp(self.re);
        Self::new(size * libm::cos(self.im), size * libm::sin(self.im))
    }
}

impl From<f64> for Complex {
    fn from(re: f64) -> Self {
        Self::new(re, 0.0)
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }
}

impl Sub for Complex {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.im - other.im)
    }
}

impl Neg for Complex {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.re, -self.im)
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }
}

impl Mul<f64> for Complex {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::new(self.re * factor, self.im * factor)
    }
}

impl Div for Complex {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let square = other.re * other.re + other.im * other.im;
        Self::new(
            (self.re * other.re + self.im * other.im) / square,
            (self.im * other.re - self.re * other.im) / square,
        )
    }
}

/// Roots of the monic polynomial `z^n + c[n-1] z^(n-1) + ... + c[0]`, all at once (Aberth and Ehrlich). Simple
/// roots come out to a few units in the last place of the polynomial's condition.
#[must_use]
pub fn monic_roots<const N: usize>(c: &[Complex; N]) -> [Complex; N] {
    let bound = 1.0 + c.iter().map(|c| c.abs()).fold(0.0, f64::max);
    // The geometric mean of the roots' sizes is a far better first radius than the bound alone.
    let mean = libm::pow(c[0].abs().max(f64::MIN_POSITIVE), 1.0 / N as f64).min(bound);
    let mut roots = [Complex::default(); N];
    for (k, root) in roots.iter_mut().enumerate() {
        let angle = core::f64::consts::TAU * k as f64 / N as f64 + 0.4;
        *root = Complex::new(mean * libm::cos(angle), mean * libm::sin(angle));
    }
    for _ in 0..200 {
        let mut moved = 0.0_f64;
        for k in 0..N {
            let z = roots[k];
            let mut value = Complex::from(1.0);
            let mut slope = Complex::default();
            for coefficient in c.iter().rev() {
                slope = slope * z + value;
                value = value * z + *coefficient;
            }
            if value == Complex::default() {
                continue;
            }
            let newton = value / slope;
            let mut repulsion = Complex::default();
            for (j, other) in roots.iter().enumerate() {
                if j != k {
                    repulsion = repulsion + Complex::from(1.0) / (z - *other);
                }
            }
            let step = newton / (Complex::from(1.0) - newton * repulsion);
            roots[k] = z - step;
            moved = moved.max(step.abs() / roots[k].abs().max(f64::MIN_POSITIVE));
        }
        if moved < 4e-16 {
            break;
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_a_quartic_with_spread_roots() {
        let exact = [
            Complex::new(-20.0, 1.0),
            Complex::new(0.01, -0.02),
            Complex::new(3.0, 0.0),
            Complex::new(900.0, 50.0),
        ];
        // Multiply the factors out.
        let mut c = [Complex::default(); 5];
        c[0] = Complex::from(1.0);
        for (degree, root) in exact.iter().enumerate() {
            for k in (0..=degree).rev() {
                c[k + 1] = c[k + 1] - c[k] * *root;
            }
        }
        let roots = monic_roots(&[c[4], c[3], c[2], c[1]]);
        for root in exact {
            let error = roots.iter().map(|r| (*r - root).abs()).fold(f64::INFINITY, f64::min) / root.abs();
            assert!(error < 1e-11, "{root:?}: {error}");
        }
    }
}
