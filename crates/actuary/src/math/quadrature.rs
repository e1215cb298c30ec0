//! Integrals by the double-exponential rules: insensitive to what the integrand does at the ends.
//!
//! H. Takahasi, M. Mori, "Double exponential formulas for numerical integration", Publ. RIMS 9 (1974). The step
//! is halved until two results agree to `1e-13` relative; a function with a corner inside the interval should
//! be integrated piece by piece.

use core::f64::consts::FRAC_PI_2;

const LEVELS_MAX: u32 = 12;
const AGREEMENT: f64 = 1e-13;

/// Integral of `f` from `low` to `high`, both finite, by x = tanh(pi/2 sinh t). The ends are not evaluated.
pub fn finite(f: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    if half == 0.0 {
        return 0.0;
    }
    let at = |t: f64| {
        let u = FRAC_PI_2 * libm::sinh(t);
        let cosh = libm::cosh(u);
        // The distance to the nearer end, with full relative accuracy.
        let gap = 2.0 * half / (1.0 + libm::exp(2.0 * u.abs()));
        let x = if u < 0.0 { low + gap } else { high - gap };
        let x = if u == 0.0 { middle } else { x };
        if x <= low.min(high) || x >= low.max(high) {
            return 0.0;
        }
        half * FRAC_PI_2 * libm::cosh(t) / (cosh * cosh) * f(x)
    };
    refine(at, 4.0)
}

/// Integral of `f` from `low` to infinity by x = low + exp(pi/2 sinh t); the integrand must fall at least like a
/// power above 1.
pub fn to_infinity(f: impl Fn(f64) -> f64, low: f64) -> f64 {
    let at = |t: f64| {
        let u = FRAC_PI_2 * libm::sinh(t);
        let step = libm::exp(u);
        let x = low + step;
        if step == 0.0 || !x.is_finite() {
            return 0.0;
        }
        let value = f(x);
        if value == 0.0 { 0.0 } else { FRAC_PI_2 * libm::cosh(t) * step * value }
    };
    refine(at, 6.0)
}

/// Trapezoidal rule on [-reach, reach], halving the step.
fn refine(at: impl Fn(f64) -> f64, reach: f64) -> f64 {
    let mut step = 0.5;
    let points = |step: f64| (reach / step) as i64;
    let mut sum: f64 = (-points(step)..=points(step)).map(|k| at(step * k as f64)).sum();
    let mut previous = sum * step;
    for level in 0..LEVELS_MAX {
        step *= 0.5;
        let count = points(step);
        sum += (-count..=count).filter(|k| k % 2 != 0).map(|k| at(step * k as f64)).sum::<f64>();
        let value = sum * step;
        if level > 1 && (value - previous).abs() <= AGREEMENT * value.abs() {
            return value;
        }
        previous = value;
    }
    previous
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_integrals() {
        assert!((finite(libm::exp, 0.0, 1.0) - libm::expm1(1.0)).abs() < 1e-14);
        // Singular at an end.
        assert!((finite(|x| 1.0 / x.sqrt(), 0.0, 4.0) - 4.0).abs() < 1e-7);
        assert!((finite(|x| -libm::log(x), 0.0, 1.0) - 1.0).abs() < 1e-13);
        assert!((finite(|x| x * x, 3.0, 1.0) + 26.0 / 3.0).abs() < 1e-13);
        assert!((to_infinity(|x| libm::exp(-x), 1.0) - libm::exp(-1.0)).abs() < 1e-13);
        assert!((to_infinity(|x| 1.0 / (x * x), 2.0) - 0.5).abs() < 1e-13);
        let root_pi = core::f64::consts::PI.sqrt();
        assert!((to_infinity(|x| libm::exp(-x * x), 0.0) - 0.5 * root_pi).abs() < 1e-13);
    }
}
