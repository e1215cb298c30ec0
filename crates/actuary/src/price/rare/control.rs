//! Controls made of the common crashes of a path, whose expectation under the model is known.
//!
//! For a function h of a crash's size, the sum of h over a path's crashes has, by Campbell's formula, the expectation
//! `sum over both states of E[time in the state] x intensity x E[h(size)]`. The time in a state is that of the two-state
//! chain; `E[h]` needs one integral over the crash's own distribution.

use crate::math::quadrature;
use crate::price::batch::BlockCrash;
use crate::price::model::Model;

/// A function of a crash's size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CrashControl {
    /// 1 if its size (the state's multiplier included, before loadings) is above a level.
    Beyond {
        /// The level.
        level: f64,
    },
    /// Bad debt of a loan per unit of debt, the crash carrying it past its threshold: `(1 - cover e^(-loading x))+`.
    Gap {
        /// Loading of the collateral on the crash.
        loading: f64,
        /// What a liquidator would pay for the collateral before the crash, over the debt: `(1 - s) / LTV`, above 0.
        cover: f64,
    },
}

impl CrashControl {
    /// Its value for one crash.
    #[must_use]
    pub fn value(&self, size: f64) -> f64 {
        match *self {
            Self::Beyond { level } => f64::from(u8::from(size > level)),
            Self::Gap { loading, cover } => (1.0 - cover * libm::exp(-loading * size)).max(0.0),
        }
    }

    /// Sum over the crashes of each path of a block, `out` holding one value a path.
    pub fn fill(&self, crashes: &[BlockCrash], out: &mut [f64]) {
        out.fill(0.0);
        for crash in crashes {
            if let Some(sum) = out.get_mut(crash.path) {
                *sum += self.value(crash.size);
            }
        }
    }

    /// Expectation of that sum on a path of the model.
    #[must_use]
    pub fn expected(&self, model: &Model, horizon_years: f64) -> f64 {
        let stressed = expected_stress(model, horizon_years);
        let state = |under: bool, time: f64| {
            let intensity = model.crash_intensity(under);
            if intensity > 0.0 && time > 0.0 {
                intensity * time * self.expected_of_one(model, model.multipliers(under).crash_size)
            } else {
                0.0
            }
        };
        state(false, horizon_years - stressed) + state(true, stressed)
    }

    /// Expectation for one crash whose drawn size is multiplied by `unit`.
    fn expected_of_one(&self, model: &Model, unit: f64) -> f64 {
        let Some(crash) = model.crash else { return 0.0 };
        match *self {
            Self::Beyond { level } if unit > 0.0 => crash.survival(level / unit),
            Self::Gap { loading, cover } if unit > 0.0 && loading > 0.0 => {
                // h at the smallest size and the integral of h' P(X > x), h' = loading cover e^(-loading x) past the kink.
                let kink = libm::log(cover) / loading;
                let start = (unit * crash.floor).max(kink);
                let slope = |x: f64| loading * cover * libm::exp(-loading * x) * crash.survival(x / unit);
                self.value(start) + quadrature::to_infinity(slope, start)
            }
            _ => self.value(0.0),
        }
    }
}

/// Expected time under stress up to the horizon: `p t + (p0 - p)(1 - e^(-r t)) / r` with the long-run share p, the
/// probability p0 of starting under stress and r the sum of both rates.
fn expected_stress(model: &Model, horizon: f64) -> f64 {
    let Some(regime) = model.regime else { return 0.0 };
    let rate = regime.to_stress + regime.to_calm;
    if rate == 0.0 {
        return model.stress_start * horizon;
    }
    let share = regime.stress_share();
    share * horizon - (model.stress_start - share) * libm::expm1(-rate * horizon) / rate
}
