//! Jumps: each asset's own, and the crash that all assets share. Sizes are in log price, rates per year.

use crate::math::pareto::GeneralisedPareto;
use crate::math::{elementary, normal};
use crate::random::Stream;

/// Double-exponential jumps of one asset (Kou 2002), each side displaced by a floor.
///
/// An upward jump is `up_floor` plus an exponential of rate `up_rate`; a downward jump minus (`down_floor` plus
/// an exponential of rate `down_rate`). Floors of zero are Kou's own model. A floor lets jumps be what lies
/// beyond the threshold by which they were found, without inventing the many small ones below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KouJumps {
    /// Expected jumps a year, both sides together.
    pub intensity: f64,
    /// Probability that a jump is upward.
    pub up_probability: f64,
    /// Rate of the exponential of upward sizes; above 1, or the price has no mean.
    pub up_rate: f64,
    /// Rate of the exponential of downward sizes.
    pub down_rate: f64,
    /// Smallest upward jump.
    pub up_floor: f64,
    /// Smallest downward jump.
    pub down_floor: f64,
}

impl KouJumps {
    /// No jumps.
    pub const NONE: Self = Self {
        intensity: 0.0,
        up_probability: 0.5,
        up_rate: 50.0,
        down_rate: 50.0,
        up_floor: 0.0,
        down_floor: 0.0,
    };

    /// E[e^(scale J)] - 1, what one jump of size `scale` J adds to the expected price. Needs `up_rate > scale`.
    #[must_use]
    pub fn expected_growth(&self, scale: f64) -> f64 {
        let up = libm::exp(scale * self.up_floor) * self.up_rate / (self.up_rate - scale);
        let down = libm::exp(-scale * self.down_floor) * self.down_rate / (self.down_rate + scale);
        self.up_probability * up + (1.0 - self.up_probability) * down - 1.0
    }

    /// Variance that the jumps add in a year: intensity times E[J^2].
    #[must_use]
    pub fn variance(&self) -> f64 {
        let square = |floor: f64, rate: f64| floor * floor + 2.0 * floor / rate + 2.0 / (rate * rate);
        self.intensity
            * (self.up_probability * square(self.up_floor, self.up_rate)
                + (1.0 - self.up_probability) * square(self.down_floor, self.down_rate))
    }

    /// The size of a jump that a uniform on (0, 1) decides: its side, and what is left of it the size.
    #[inline(always)]
    pub(super) fn at(&self, uniform: f64) -> f64 {
        let up = uniform < self.up_probability;
        let left =
            if up { uniform / self.up_probability } else { (1.0 - uniform) / (1.0 - self.up_probability) };
        let exponential = -elementary::ln(left);
        if up {
            self.up_floor + exponential / self.up_rate
        } else {
            -(self.down_floor + exponential / self.down_rate)
        }
    }
}

/// Normal jumps of one asset (Merton 1976): the log price moves by a normal amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MertonJumps {
    /// Expected jumps a year.
    pub intensity: f64,
    /// Mean of a jump of the log price.
    pub mean: f64,
    /// Its standard deviation.
    pub deviation: f64,
}

impl MertonJumps {
    /// The size of a jump that a uniform on (0, 1) decides.
    pub(super) fn at(&self, uniform: f64) -> f64 {
        self.mean + self.deviation * normal::inverse_cdf(uniform)
    }

    /// E[e^(scale J)] - 1, what one jump of size `scale` J adds to the expected price.
    #[must_use]
    pub fn expected_growth(&self, scale: f64) -> f64 {
        libm::expm1(scale * self.mean + 0.5 * scale * scale * self.deviation * self.deviation)
    }

    /// Variance that the jumps add in a year.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.intensity * (self.mean * self.mean + self.deviation * self.deviation)
    }
}

/// The own jumps of an asset, of whichever law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum OwnJumps {
    Kou(KouJumps),
    Merton(MertonJumps),
}

impl OwnJumps {
    pub(super) fn intensity(&self) -> f64 {
        match self {
            Self::Kou(jumps) => jumps.intensity,
            Self::Merton(jumps) => jumps.intensity,
        }
    }

    pub(super) fn expected_growth(&self, scale: f64) -> f64 {
        match self {
            Self::Kou(jumps) => jumps.expected_growth(scale),
            Self::Merton(jumps) => jumps.expected_growth(scale),
        }
    }

    /// The size of a jump that a uniform on (0, 1) decides.
    pub(super) fn at(&self, uniform: f64) -> f64 {
        match self {
            Self::Kou(jumps) => jumps.at(uniform),
            Self::Merton(jumps) => jumps.at(uniform),
        }
    }
}

/// The common crash: at one moment every asset falls by its loading times one size.
///
/// The size is `floor` plus a generalised Pareto excess (exponential when its shape is zero).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommonCrash {
    /// Expected crashes a year.
    pub intensity: f64,
    /// Smallest size.
    pub floor: f64,
    /// What a crash may exceed the floor by.
    pub excess: GeneralisedPareto,
}

impl CommonCrash {
    /// E[e^(-loading M)] - 1 for the size M: what one crash adds to the expected price (a number <= 0).
    #[must_use]
    pub fn expected_growth(&self, loading: f64) -> f64 {
        let fall = libm::exp(-loading * self.floor);
        if self.excess.shape == 0.0 {
            return fall / (1.0 + loading * self.excess.scale) - 1.0;
        }
        // Integral of e^-w e^(-loading x(w)) over w, by Simpson's rule on [0, 40]: x(w) is the excess at the
        // exponential w, so the integrand is smooth and what is left out is below e^-40.
        let (cells, end) = (4000, 40.0);
        let h = end / f64::from(cells);
        let value = |w: f64| libm::exp(-w - loading * self.excess.at(w));
        let mut sum = value(0.0) + value(end);
        for k in 1..cells {
            sum += if k % 2 == 1 { 4.0 } else { 2.0 } * value(h * f64::from(k));
        }
        fall * sum * h / 3.0 - 1.0
    }

    /// Probability that a crash is larger than `size`.
    #[must_use]
    pub fn survival(&self, size: f64) -> f64 {
        if size <= self.floor { 1.0 } else { self.excess.survival(size - self.floor) }
    }

    /// Draws the size of one crash (one word of the stream).
    pub(super) fn sample(&self, stream: &mut Stream) -> f64 {
        self.floor + self.excess.at(stream.exponential())
    }
}
