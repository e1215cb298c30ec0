//! Calm and stress: a two-state Markov chain that multiplies volatility, jumps and crashes.
//!
//! Jumps that are independent of each other understate how losses bunch: after one crash the next is likelier, depth
//! is gone and liquidators are late. The chain restores a part of that (bursts last as long as a stress spell).
//! Within a spell jumps are still independent, so clustering inside a day stays understated; merging the hours of
//! one crash into a single jump at calibration errs the other way.

/// Factors that the stress state applies to the calm parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Multipliers {
    /// Of the diffusion's volatility.
    pub volatility: f64,
    /// Of the intensity of the assets' own jumps.
    pub jump_intensity: f64,
    /// Of the size of the assets' own jumps.
    pub jump_size: f64,
    /// Of the intensity of common crashes.
    pub crash_intensity: f64,
    /// Of the size of common crashes.
    pub crash_size: f64,
}

impl Multipliers {
    /// The calm state: everything as it is.
    pub const ONE: Self =
        Self { volatility: 1.0, jump_intensity: 1.0, jump_size: 1.0, crash_intensity: 1.0, crash_size: 1.0 };
}

/// State at time 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Drawn from the long-run distribution.
    #[default]
    Stationary,
    /// Calm.
    Calm,
    /// Stressed.
    Stressed,
}

/// The chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regime {
    /// Switches from calm to stress, per year of calm.
    pub to_stress: f64,
    /// Switches from stress to calm, per year of stress.
    pub to_calm: f64,
    /// What stress does.
    pub stress: Multipliers,
    /// State at time 0.
    pub start: Start,
}

impl Regime {
    /// Long-run share of time under stress.
    #[must_use]
    pub fn stress_share(&self) -> f64 {
        if self.to_stress == 0.0 { 0.0 } else { self.to_stress / (self.to_stress + self.to_calm) }
    }
}
