//! The mixture of tilted models, and the weight of a path.

use thiserror::Error;

use crate::price::model::{Model, ModelError};
use crate::price::path::PricePath;
use crate::price::simulate::Scratch;
use crate::price::timeline::{Factor, Happening};

/// How one component differs from the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrashTilt {
    /// Factor of the crash's intensity.
    pub intensity: f64,
    /// Factor of the scale of what a crash exceeds its floor by.
    pub size: f64,
    /// Probability of starting under stress; `None` for the model's own.
    pub stress_start: Option<f64>,
}

impl CrashTilt {
    /// No tilt.
    pub const NONE: Self = Self { intensity: 1.0, size: 1.0, stress_start: None };
}

/// Shares and tilts. What the shares leave of 1 is drawn from the model itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mixture {
    /// Share of the paths and tilt, of each component.
    pub components: Vec<(f64, CrashTilt)>,
}

/// Why a mixture is refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MixtureError {
    /// The model has no common crash to tilt.
    #[error("the model has no common crash")]
    NoCrash,
    /// Shares that leave the model itself too little.
    #[error("the components' shares are negative or leave the model itself {own}: at least 0.05 is needed")]
    Shares {
        /// Share left for the model itself.
        own: f64,
    },
    /// A tilt out of its range.
    #[error("{name} of component {component} is {value}: it must be {range}")]
    Tilt {
        /// Number of the component.
        component: usize,
        /// Which figure.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// A pilot could not be simulated.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A model together with a mixture to draw from.
#[derive(Clone, Debug)]
pub struct RareModel {
    nominal: Model,
    components: Vec<Component>,
    own_share: f64,
}

#[derive(Clone, Debug)]
struct Component {
    share: f64,
    tilt: CrashTilt,
    model: Model,
}

/// What of a path the weights depend on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Traits {
    /// Expected number of crashes given the path's states.
    pub expected: f64,
    /// Excess of each crash over the floor, in calm units.
    pub excesses: Vec<f64>,
    /// Whether it starts under stress.
    pub stressed: bool,
}

impl RareModel {
    /// Joins a model and a mixture.
    ///
    /// # Errors
    /// A model without a crash, shares or tilts out of range.
    pub fn new(model: &Model, mixture: &Mixture) -> Result<Self, MixtureError> {
        let Some(crash) = model.crash else { return Err(MixtureError::NoCrash) };
        let own_share = 1.0 - mixture.components.iter().map(|(share, _)| share).sum::<f64>();
        let negative = mixture.components.iter().any(|(share, _)| share.is_nan() || *share < 0.0);
        if negative || own_share.is_nan() || own_share < 0.05 {
            return Err(MixtureError::Shares { own: own_share });
        }
        let mut components = Vec::new();
        for (component, (share, tilt)) in mixture.components.iter().enumerate() {
            let check = |name, value: f64, low: f64, high: f64, range| {
                let within = (low..=high).contains(&value);
                if within { Ok(()) } else { Err(MixtureError::Tilt { component, name, value, range }) }
            };
            check("factor of intensity", tilt.intensity, 1e-3, 1e3, "in [0.001, 1000]")?;
            check("factor of size", tilt.size, 0.1, 100.0, "in [0.1, 100]")?;
            let start = tilt.stress_start.unwrap_or(model.stress_start);
            // What the model never does need not be drawn.
            let (low, high) = match model.stress_start {
                p if p <= 0.0 => (0.0, 0.0),
                p if p >= 1.0 => (1.0, 1.0),
                _ => (0.0, 1.0),
            };
            check(
                "probability of a stressed start",
                start,
                low,
                high,
                "possible under the model, in [0, 1]",
            )?;
            // Drifts stay those of the model: only what is drawn changes, not what a path is worth.
            let mut tilted = model.clone();
            let mut other = crash;
            other.intensity *= tilt.intensity;
            other.excess.scale *= tilt.size;
            tilted.crash = Some(other);
            tilted.stress_start = start;
            components.push(Component { share: *share, tilt: *tilt, model: tilted });
        }
        Ok(Self { nominal: model.clone(), components, own_share })
    }

    /// Simulates path number `path_index` from the mixture into `path` and returns its weight.
    ///
    /// # Errors
    /// As for [`Model::simulate`].
    pub fn simulate(
        &self,
        horizon_years: f64,
        steps: usize,
        seed: u64,
        path_index: u64,
        path: &mut PricePath,
        scratch: &mut Scratch,
    ) -> Result<f64, ModelError> {
        let mut choice = Factor::Mixture.sparse(seed, path_index, 0).uniform() - self.own_share;
        let mut model = &self.nominal;
        for component in &self.components {
            if choice >= 0.0 {
                model = &component.model;
            }
            choice -= component.share;
        }
        model.simulate(horizon_years, steps, seed, path_index, path, scratch)?;
        Ok(self.weight(&self.traits(scratch)))
    }

    /// What the weights depend on, of the path just simulated.
    pub(super) fn traits(&self, scratch: &Scratch) -> Traits {
        let floor = self.nominal.crash.map_or(0.0, |crash| crash.floor);
        let lengths =
            scratch.spells.iter().map(|s| self.nominal.crash_intensity(s.stressed) * (s.end - s.start));
        let mut traits = Traits { expected: lengths.sum(), ..Traits::default() };
        let mut stressed = scratch.spells.first().is_some_and(|spell| spell.stressed);
        traits.stressed = stressed;
        for event in &scratch.events {
            match event.happening {
                Happening::Switch => stressed = !stressed,
                Happening::Crash { size } => {
                    let unit = self.nominal.multipliers(stressed).crash_size;
                    // A state in which crashes have no size tells nothing of it.
                    let excess = if unit > 0.0 { (size / unit - floor).max(0.0) } else { f64::NAN };
                    traits.excesses.push(excess);
                }
                _ => {}
            }
        }
        traits
    }

    pub(super) fn weight(&self, traits: &Traits) -> f64 {
        let ratios = self.components.iter().map(|component| component.share * self.ratio(component, traits));
        1.0 / (self.own_share + ratios.sum::<f64>())
    }

    /// Density of a path under a component over that under the model.
    fn ratio(&self, component: &Component, traits: &Traits) -> f64 {
        let (Some(own), Some(other)) = (self.nominal.crash, component.model.crash) else { return 1.0 };
        let mut log = -(component.tilt.intensity - 1.0) * traits.expected
            + traits.excesses.len() as f64 * libm::log(component.tilt.intensity);
        for excess in traits.excesses.iter().filter(|excess| excess.is_finite()) {
            log += other.excess.log_likelihood(&[*excess]) - own.excess.log_likelihood(&[*excess]);
        }
        let start = |p: f64| if traits.stressed { p } else { 1.0 - p };
        let before = start(self.nominal.stress_start);
        let start_ratio = if before > 0.0 { start(component.model.stress_start) / before } else { 1.0 };
        libm::exp(log) * start_ratio
    }
}
