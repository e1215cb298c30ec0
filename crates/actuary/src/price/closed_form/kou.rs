//! Kou's double-exponential jump diffusion: first passage and European calls.
//!
//! S. Kou, "A jump-diffusion model for option pricing" (2002); S. Kou and H. Wang, "First passage times of a jump
//! diffusion process" (2003). Rates are annual, times in years.

use crate::math::{Complex, complex, laplace};

/// The log price X: drift, Brownian motion and double-exponential jumps without floors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogKou {
    /// Drift of the log price itself (no compensator added).
    pub log_drift: f64,
    /// Volatility of the diffusion, above 0.
    pub volatility: f64,
    /// Jumps a year.
    pub intensity: f64,
    /// Probability that a jump is upward.
    pub up_probability: f64,
    /// Rate of upward sizes.
    pub up_rate: f64,
    /// Rate of downward sizes.
    pub down_rate: f64,
}

/// Probabilities of passing below a level before a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passage {
    /// In any way.
    pub any: f64,
    /// By a jump that overshoots the level. The overshoot is exponential with the rate of downward jumps.
    pub by_jump: f64,
}

impl LogKou {
    /// Probability that X falls below -`distance` before `years`, from its Laplace transform in time, inverted
    /// numerically (absolute error near 1e-12).
    ///
    /// `None` unless distance, time and volatility are positive and the jump parameters are in range.
    #[must_use]
    pub fn passage(&self, distance: f64, years: f64) -> Option<Passage> {
        let valid = distance > 0.0
            && years > 0.0
            && self.volatility > 0.0
            && self.intensity >= 0.0
            && self.up_rate > 0.0
            && self.down_rate > 0.0
            && (0.0..=1.0).contains(&self.up_probability)
            && [
                distance,
                years,
                self.log_drift,
                self.volatility,
                self.intensity,
                self.up_rate,
                self.down_rate,
            ]
            .iter()
            .all(|value| value.is_finite());
        if !valid {
            return None;
        }
        let eta = self.down_rate;
        let parts = |alpha: Complex| {
            let [b1, b2] = self.decay_roots(alpha);
            let gap = b2 - b1;
            let (e1, e2) = ((b1 * -distance).exp(), (b2 * -distance).exp());
            // How far each root is from the pole at eta.
            let (d1, d2) = (-b1 + eta.into(), b2 - eta.into());
            let any = (d1 * b2 * e1 + d2 * b1 * e2) / (gap * eta * alpha);
            let by_jump = d1 * d2 * (e1 - e2) / (gap * eta * alpha);
            (any, by_jump)
        };
        let clamp = |p: f64| p.clamp(0.0, 1.0);
        let any = clamp(laplace::invert(|alpha| parts(alpha).0, years));
        let by_jump = if self.intensity * (1.0 - self.up_probability) > 0.0 {
            clamp(laplace::invert(|alpha| parts(alpha).1, years))
        } else {
            0.0
        };
        Some(Passage { any, by_jump })
    }

    /// The two roots with positive real part of G(-beta) = alpha, G being the cumulant of X (of -X, seen from
    /// the level below). For Re alpha > 0 there are exactly two on each side.
    fn decay_roots(&self, alpha: Complex) -> [Complex; 2] {
        // -X: drift and sides are exchanged.
        let (drift, up, down) = (-self.log_drift, self.down_rate, self.up_rate);
        let (p, q) = (1.0 - self.up_probability, self.up_probability);
        let half = 0.5 * self.volatility * self.volatility;
        // (half b^2 + drift b - lambda - alpha)(up - b)(down + b) + lambda (p up (down + b) + q down (up - b)) = 0,
        // divided by -half.
        let level = -(alpha + self.intensity.into());
        let product = up * down;
        let slope = up - down;
        let tilt = self.intensity * (p * up - q * down);
        let c = [
            level * product + Complex::from(self.intensity * product),
            level * slope + Complex::from(drift * product + tilt),
            -level + Complex::from(half * product + drift * slope),
            Complex::from(half * slope - drift),
        ]
        .map(|c| c * (-1.0 / half));
        let mut roots = complex::monic_roots(&c);
        roots.sort_by(|a, b| b.re.total_cmp(&a.re));
        [roots[1], roots[0]]
    }

    /// E[e^(i u X)] over `years`, for complex u.
    #[must_use]
    pub fn characteristic(&self, u: Complex, years: f64) -> Complex {
        let i_u = Complex::new(-u.im, u.re);
        let up = Complex::from(self.up_probability * self.up_rate) / (-i_u + self.up_rate.into());
        let down =
            Complex::from((1.0 - self.up_probability) * self.down_rate) / (i_u + self.down_rate.into());
        let cumulant = i_u * self.log_drift
            + i_u * i_u * (0.5 * self.volatility * self.volatility)
            + (up + down - 1.0.into()) * self.intensity;
        (cumulant * years).exp()
    }

    /// Value of a European call. The drift is replaced by the one under which the asset earns `rate`.
    ///
    /// Lewis' integral along the line Im u = 1/2 by the trapezoidal rule, whose error falls like e^(-pi / h); the
    /// integrand itself like a Gaussian of the diffusion's variance. `up_rate` must be above 1.
    #[must_use]
    pub fn call(&self, spot: f64, strike: f64, rate: f64, years: f64) -> f64 {
        let growth = self.up_probability * self.up_rate / (self.up_rate - 1.0)
            + (1.0 - self.up_probability) * self.down_rate / (self.down_rate + 1.0)
            - 1.0;
        let driftless =
            Self { log_drift: -0.5 * self.volatility * self.volatility - self.intensity * growth, ..*self };
        let moneyness = libm::log(spot / strike) + rate * years;
        let value = |u: f64| {
            let turn = Complex::new(libm::cos(u * moneyness), libm::sin(u * moneyness));
            (turn * driftless.characteristic(Complex::new(u, -0.5), years)).re / (u * u + 0.25)
        };
        // Beyond this frequency the Gaussian factor is below 1e-18.
        let end = 9.0 / (self.volatility * years.sqrt());
        let h = 0.08_f64.min(end / 200.0);
        let cells = (end / h) as usize;
        let mut sum = 0.5 * value(0.0);
        for k in 1..=cells {
            sum += value(h * k as f64);
        }
        let discount = libm::exp(-rate * years);
        spot - (spot * strike * discount).sqrt() * sum * h / core::f64::consts::PI
    }
}
