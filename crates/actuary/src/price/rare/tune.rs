//! Tuning the tilt by cross-entropy (R. Rubinstein, D. Kroese 2004): among tilts of the crash, the one closest to the
//! distribution of the paths that make the tail.

use super::mixture::{CrashTilt, Mixture, MixtureError, RareModel, Traits};
use crate::price::model::{Model, ModelError};
use crate::price::path::PricePath;
use crate::price::simulate::Scratch;

/// How a pilot is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Horizon in years.
    pub horizon_years: f64,
    /// Regular steps.
    pub steps: usize,
    /// Paths of each round.
    pub paths: u64,
    /// Rounds; each starts from the mixture of the one before.
    pub rounds: u32,
    /// Share of the loss's distribution that counts as the tail, for instance 0.01.
    pub tail: f64,
    /// Share of the paths that the tilt gets, at most 0.95.
    pub share: f64,
    /// Seed of the pilot, different from that of the estimate.
    pub seed: u64,
}

/// Finds a mixture of the model and one tilt for the tail of a path's loss.
///
/// # Errors
/// A model without a crash, a share out of range, a pilot that cannot be simulated.
pub fn tune(
    model: &Model,
    tuning: &Tuning,
    loss: impl Fn(&PricePath) -> f64,
) -> Result<Mixture, MixtureError> {
    let mut mixture = Mixture { components: vec![(tuning.share, CrashTilt::NONE)] };
    let (mut path, mut scratch) = (PricePath::default(), Scratch::default());
    for round in 0..tuning.rounds {
        let rare = RareModel::new(model, &mixture)?;
        let mut pilot: Vec<(f64, f64, Traits)> = Vec::new();
        for index in 0..tuning.paths {
            let number = u64::from(round) * tuning.paths + index;
            let weight = rare.simulate(
                tuning.horizon_years,
                tuning.steps,
                tuning.seed,
                number,
                &mut path,
                &mut scratch,
            )?;
            pilot.push((loss(&path), weight, rare.traits(&scratch)));
        }
        pilot.sort_by(|a, b| b.0.total_cmp(&a.0));
        let whole: f64 = pilot.iter().map(|(_, weight, _)| weight).sum();
        let Some(tilt) = tilt(model, &pilot, tuning.tail * whole)? else { break };
        mixture.components = vec![(tuning.share, tilt)];
    }
    Ok(mixture)
}

/// The closest tilt to the worst paths, which together have the given weight; each counts by its loss beyond the border,
/// as it does in an expected shortfall. `None` if they have no crash.
fn tilt(model: &Model, pilot: &[(f64, f64, Traits)], mass: f64) -> Result<Option<CrashTilt>, ModelError> {
    let Some(crash) = model.crash else { return Ok(None) };
    let mut seen = 0.0;
    let border = pilot.iter().find(|(_, weight, _)| {
        seen += weight;
        seen >= mass
    });
    let border = border.map_or(0.0, |(loss, ..)| *loss);
    let (mut expected, mut crashes, mut excess, mut stressed, mut total) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (loss, weight, traits) in pilot.iter().take_while(|(loss, ..)| *loss > border) {
        let weight = weight * (loss - border);
        total += weight;
        expected += weight * traits.expected;
        stressed += weight * f64::from(u8::from(traits.stressed));
        for x in traits.excesses.iter().filter(|x| x.is_finite()) {
            crashes += weight;
            excess += weight * x;
        }
    }
    if crashes <= 0.0 || expected <= 0.0 || total <= 0.0 {
        return Ok(None);
    }
    // Where the mean exists the scale is fitted by it; heavier tails are left as they are.
    let mean = crash.excess.scale / (1.0 - crash.excess.shape);
    let size = if crash.excess.shape < 1.0 && mean > 0.0 { excess / crashes / mean } else { 1.0 };
    let possible = model.stress_start > 0.0 && model.stress_start < 1.0;
    Ok(Some(CrashTilt {
        intensity: (crashes / expected).clamp(0.1, 100.0),
        size: size.clamp(0.5, 20.0),
        stress_start: possible.then(|| (stressed / total).clamp(0.01, 0.99)),
    }))
}
