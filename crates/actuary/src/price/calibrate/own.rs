//! Own jumps of each asset: returns beyond a threshold on standardised residuals, sizes double exponential.

use super::{Estimate, JumpFloor};
use crate::price::jumps::KouJumps;

/// Jumps of one asset as fitted, in the calm state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JumpFit {
    /// Jumps a year.
    pub intensity: Estimate,
    /// Probability that a jump is upward.
    pub up_probability: Estimate,
    /// Rate of the exponential of upward sizes.
    pub up_rate: Estimate,
    /// Rate of the exponential of downward sizes.
    pub down_rate: Estimate,
    /// Smallest jump of the model, both sides, in log price.
    pub floor: f64,
}

impl JumpFit {
    /// The parameters of the model.
    #[must_use]
    pub fn parameters(&self) -> KouJumps {
        KouJumps {
            intensity: self.intensity.value,
            up_probability: self.up_probability.value,
            up_rate: self.up_rate.value,
            down_rate: self.down_rate.value,
            up_floor: self.floor,
            down_floor: self.floor,
        }
    }
}

/// One side's jumps: how far each lies beyond the threshold.
struct Side {
    count: usize,
    rate: Estimate,
    /// Jumps a year on this side, those below the threshold included if the floor is zero.
    intensity: Estimate,
}

/// Fits the jumps from the sizes (signed) beyond `threshold`, seen in `years` of calm-equivalent time.
pub(super) fn fit(jumps: &[f64], threshold: f64, years: f64, floor: JumpFloor) -> JumpFit {
    let up = side(jumps.iter().copied().filter(|z| *z > 0.0), threshold, years, floor);
    let down = side(jumps.iter().filter(|z| **z < 0.0).map(|z| -z), threshold, years, floor);
    // A side without a jump takes the other's sizes; with none at all they do not matter, and the threshold
    // gives the scale.
    let fallback = Estimate { value: 1.0 / threshold, standard_error: f64::INFINITY };
    let or = |own: &Side, other: &Side| {
        if own.count > 0 {
            own.rate
        } else if other.count > 0 {
            Estimate { value: other.rate.value, standard_error: f64::INFINITY }
        } else {
            fallback
        }
    };
    let total = up.intensity.value + down.intensity.value;
    let n = (up.count + down.count) as f64;
    let p = if total > 0.0 { up.intensity.value / total } else { 0.5 };
    let (a, b) = (up.intensity.standard_error, down.intensity.standard_error);
    // Error of a share of two independent rates; with a floor it is sqrt(p q / n).
    let p_error = if total > 0.0 { libm::hypot((1.0 - p) * a, p * b) / total } else { f64::INFINITY };
    let rate_error = if n > 0.0 { libm::hypot(a, b) } else { 1.0 / years };
    JumpFit {
        intensity: Estimate { value: total, standard_error: rate_error },
        up_probability: Estimate { value: p, standard_error: p_error },
        up_rate: or(&up, &down),
        down_rate: or(&down, &up),
        floor: if floor == JumpFloor::AtThreshold { threshold } else { 0.0 },
    }
}

fn side(sizes: impl Iterator<Item = f64>, threshold: f64, years: f64, floor: JumpFloor) -> Side {
    let (mut count, mut excess) = (0_usize, 0.0);
    for size in sizes {
        count += 1;
        excess += size - threshold;
    }
    if count == 0 {
        let none = Estimate { value: 0.0, standard_error: f64::INFINITY };
        return Side { count, rate: none, intensity: Estimate { value: 0.0, standard_error: 0.0 } };
    }
    let n = count as f64;
    // (n - 1) / sum is the unbiased estimate of an exponential's rate.
    let rate = if count > 1 { (n - 1.0) / excess } else { 1.0 / excess };
    let observed = Estimate::rate(count, years);
    let intensity = match floor {
        JumpFloor::AtThreshold => observed,
        JumpFloor::AtZero => {
            // Exponential sizes: e^(rate x threshold) jumps happen for each that is seen.
            let value = observed.value * libm::exp(rate * threshold);
            let relative = libm::hypot(1.0, rate * threshold) / n.sqrt();
            Estimate { value, standard_error: value * relative }
        }
    };
    Side { count, rate: Estimate { value: rate, standard_error: rate / n.sqrt() }, intensity }
}

/// Variance a year of the jumps that stay below the threshold and therefore sit in the diffusion's returns:
/// only with a floor of zero.
pub(super) fn hidden_variance(fit: &JumpFit, threshold: f64) -> f64 {
    if fit.floor > 0.0 {
        return 0.0;
    }
    let below = |rate: f64| {
        let whole = 2.0 / (rate * rate);
        let beyond = threshold * threshold + 2.0 * threshold / rate + whole;
        whole - libm::exp(-rate * threshold) * beyond
    };
    let p = fit.up_probability.value;
    fit.intensity.value * (p * below(fit.up_rate.value) + (1.0 - p) * below(fit.down_rate.value))
}
