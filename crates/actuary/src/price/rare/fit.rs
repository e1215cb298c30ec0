//! The tilt closest to the paths that lose: probabilities, sizes and states of further jumps by expectation and
//! maximisation, since it is unknown which jump of a path would have been the further one.

use rayon::prelude::*;

use super::further::{FurtherJump, Source};
use super::mixture::{Mixture, RareModel, Tilt};
use crate::math::normal;
use crate::price::jumps::OwnJumps;
use crate::price::model::Model;
use crate::price::timeline::{self, Happening};

/// Candidates for the smallest further jump: so many of the model's own are expected to be larger on a path.
const EXPECTED_BEYOND: [f64; 5] = [1.0, 0.4, 0.15, 0.05, 0.02];
/// What is taken for drawn from the model itself in the fit.
const OWN_SHARE: f64 = 0.1;
/// Share of the probability that is spread evenly over all sources: what a pilot did not see can still happen.
const SPREAD: f64 = 0.03;
/// Steps of expectation and maximisation for each candidate.
const STEPS: usize = 8;

/// The jumps that can be added to a model's paths.
#[derive(Clone, Debug)]
pub(super) struct Sources<'a> {
    model: &'a Model,
    /// Each source with the number of downward jumps expected on a path.
    all: Vec<(Source, f64)>,
}

impl<'a> Sources<'a> {
    /// All sources that have downward jumps.
    pub fn of(model: &'a Model, horizon_years: f64) -> Self {
        let stress = model.regime.map_or(0.0, |regime| regime.stress_share());
        let expected =
            |rate: &dyn Fn(bool) -> f64| horizon_years * ((1.0 - stress) * rate(false) + stress * rate(true));
        let mut all = vec![(Source::Crash, expected(&|stressed| model.crash_intensity(stressed)))];
        for (number, jumps) in model.own_jumps.iter().enumerate() {
            let down = match jumps {
                OwnJumps::Kou(jumps) => 1.0 - jumps.up_probability,
                OwnJumps::Merton(_) => 1.0,
            };
            let rate = |stressed| down * model.own_intensity(number, stressed);
            all.push((Source::Own(number), expected(&rate)));
        }
        all.retain(|(source, expected)| *expected > 0.0 && FurtherJump::floor(model, *source).is_some());
        Self { model, all }
    }

    /// The jump whose smallest size the model is expected to exceed `beyond` times on a path, and which goes on as the
    /// model's own do.
    fn jump(&self, place: usize, beyond: f64) -> FurtherJump {
        let (source, expected) = self.all[place];
        let share = (beyond / expected).min(1.0);
        let (beyond, scale) = match source {
            Source::Crash => self.model.crash.map_or((0.0, 1.0), |crash| {
                let above = crash.excess.at(-libm::log(share));
                (crash.floor + above, crash.excess.scale + crash.excess.shape * above)
            }),
            Source::Own(number) => match &self.model.own_jumps[number] {
                OwnJumps::Kou(jumps) => {
                    (jumps.down_floor - libm::log(share) / jumps.down_rate, 1.0 / jumps.down_rate)
                }
                OwnJumps::Merton(jumps) => {
                    let at = (-jumps.mean - jumps.deviation * normal::inverse_cdf(share)).max(0.0);
                    let z = (at + jumps.mean) / jumps.deviation;
                    // Mean excess to first order: one over the hazard.
                    (at, jumps.deviation * normal::cdf(-z) / normal::pdf(z).max(1e-300))
                }
            },
        };
        FurtherJump { source, beyond, scale: scale.clamp(1e-6, 100.0), stress: 1.0 }
    }
}

/// A mixture to start from: half crashes, half own jumps, large ones.
pub(super) fn first_guess(sources: &Sources<'_>, shares: [f64; 2]) -> Mixture {
    let candidates = [0.05, 0.4].map(|beyond| Candidate::even(sources, [beyond; 2]));
    let components = candidates.into_iter().zip(shares).map(|(candidate, share)| (share, candidate.tilt()));
    Mixture { components: components.collect() }
}

/// A path that counts.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    weight: f64,
    /// Time in either state.
    time: [f64; 2],
    /// Whether it starts under stress.
    stressed: bool,
    jumps: Vec<Jump>,
}

/// A large downward jump of a path.
#[derive(Clone, Copy, Debug)]
struct Jump {
    /// Place of its source.
    place: usize,
    stressed: bool,
    drawn: f64,
    /// Logarithm of the model's density of its size.
    log_density: f64,
}

impl Sample {
    /// Draws the times and sizes of a path anew.
    pub fn of(
        sources: &Sources<'_>,
        rare: &RareModel,
        horizon: f64,
        seed: u64,
        path: u64,
        weight: f64,
    ) -> Self {
        let (mut spells, mut events) = (Vec::new(), Vec::new());
        rare.timeline(horizon, seed, path, &mut spells, &mut events);
        let mut jumps = Vec::new();
        for (place, (source, _)) in sources.all.iter().enumerate() {
            let least = sources.jump(place, EXPECTED_BEYOND[0]).beyond;
            for event in &events {
                let own = match (event.happening, source) {
                    (Happening::Jump { number, .. }, Source::Own(own)) => number == *own,
                    (Happening::Crash { .. }, Source::Crash) => true,
                    _ => false,
                };
                if own && source.fall(event.drawn) >= least {
                    let log_density = source.log_density(rare.model(), event.drawn);
                    jumps.push(Jump { place, stressed: event.stressed, drawn: event.drawn, log_density });
                }
            }
        }
        let stressed = spells.first().is_some_and(|spell| spell.stressed);
        Self { weight, time: timeline::time_in_states(&spells), stressed, jumps }
    }
}

/// The closest tilt to the samples; `None` if there is nothing to fit.
pub(super) fn closest(sources: &Sources<'_>, samples: &[Sample]) -> Option<Tilt> {
    let total: f64 = samples.iter().map(|sample| sample.weight).sum();
    if sources.all.is_empty() || total.is_nan() || total <= 0.0 {
        return None;
    }
    // First the crash's smallest size, then that of own jumps.
    let fitted = |levels: &[[f64; 2]]| -> Option<Candidate> {
        let fits: Vec<Candidate> = levels
            .par_iter()
            .map(|levels| {
                let mut candidate = Candidate::even(sources, *levels);
                for _ in 0..STEPS {
                    candidate.improve(sources, samples);
                }
                candidate
            })
            .collect();
        fits.into_iter().max_by(|a, b| a.likelihood.total_cmp(&b.likelihood))
    };
    let best = fitted(&EXPECTED_BEYOND.map(|crash| [crash, EXPECTED_BEYOND[2]]))?;
    let others: Vec<[f64; 2]> = EXPECTED_BEYOND
        .into_iter()
        .filter(|own| *own != EXPECTED_BEYOND[2])
        .map(|own| [best.levels[0], own])
        .collect();
    let best = match fitted(&others) {
        Some(other) if other.likelihood >= best.likelihood => other,
        _ => best,
    };
    let mut tilt = best.tilt();
    let start = sources.model.stress_start;
    if start > 0.0 && start < 1.0 {
        let stressed: f64 = samples.iter().filter(|sample| sample.stressed).map(|sample| sample.weight).sum();
        tilt.stress_start = Some((stressed / total).clamp(0.01, 0.99));
    }
    Some(tilt)
}

/// Further jumps under trial.
#[derive(Clone, Debug)]
struct Candidate {
    /// Level of the crash's smallest size, and of own jumps.
    levels: [f64; 2],
    further: Vec<(f64, FurtherJump)>,
    /// Factor of the scale, of the crash and of own jumps.
    size: [f64; 2],
    /// Mean logarithm of the density before the last improvement.
    likelihood: f64,
}

/// Sums over the jumps that may have been the further one, each as likely as it is: one of the crash, one of own jumps.
#[derive(Clone, Copy, Default)]
struct Sums {
    count: f64,
    /// Score of the scale: a mean of 1 leaves it as it is.
    size: f64,
    /// Under stress, and as many as were expected there.
    stressed: f64,
    stress_expected: f64,
}

impl Candidate {
    fn even(sources: &Sources<'_>, levels: [f64; 2]) -> Self {
        let own = sources.all.iter().filter(|(source, _)| *source != Source::Crash).count();
        let crash = own < sources.all.len();
        let probability = |source: Source| match (source, crash && own > 0) {
            (Source::Crash, true) => 0.5,
            (Source::Crash, false) => 1.0,
            (Source::Own(_), true) => 0.5 / own as f64,
            (Source::Own(_), false) => 1.0 / own as f64,
        };
        let further =
            sources.all.iter().enumerate().map(|(place, (source, _))| {
                (probability(*source), sources.jump(place, levels[kind(*source)]))
            });
        Self { levels, further: further.collect(), size: [1.0; 2], likelihood: f64::NEG_INFINITY }
    }

    fn tilt(self) -> Tilt {
        Tilt { stress_start: None, further: self.further }
    }

    /// One step of expectation and maximisation.
    fn improve(&mut self, sources: &Sources<'_>, samples: &[Sample]) {
        let model = sources.model;
        let mut shares = vec![0.0; self.further.len()];
        let mut sums = [Sums::default(); 2];
        let (mut likelihood, mut total) = (0.0, 0.0);
        let mut terms = Vec::new();
        let shapes = [model.crash.map_or(0.0, |crash| crash.excess.shape), 0.0];
        for sample in samples {
            terms.clear();
            let mut density = OWN_SHARE;
            for jump in &sample.jumps {
                let (probability, further) = &self.further[jump.place];
                let shape = shapes[kind(further.source)];
                let ratio = further.ratio_over(jump.log_density, shape, jump.drawn, jump.stressed);
                if ratio > 0.0 {
                    let clock = further.clock(model, sample.time);
                    let term = (1.0 - OWN_SHARE) * probability * ratio / clock;
                    density += term;
                    terms.push((jump, term, clock));
                }
            }
            total += sample.weight;
            likelihood += sample.weight * libm::log(density);
            for (jump, term, clock) in &terms {
                let further = &self.further[jump.place].1;
                let likely = sample.weight * term / density;
                let sums = &mut sums[kind(further.source)];
                shares[jump.place] += likely;
                sums.count += likely;
                let excess = (further.source.fall(jump.drawn) - further.beyond) / further.scale;
                let shape = shapes[kind(further.source)];
                sums.size += likely * (1.0 + shape) * excess / (1.0 + shape * excess);
                sums.stressed += likely * f64::from(u8::from(jump.stressed));
                let calm = further.clock(model, [sample.time[0], 0.0]);
                sums.stress_expected += likely * (1.0 - calm / clock);
            }
        }
        self.likelihood = likelihood / total;
        let count: f64 = shares.iter().sum();
        if count <= 0.0 {
            return;
        }
        let even = SPREAD / shares.len() as f64;
        for ((probability, jump), share) in self.further.iter_mut().zip(&shares) {
            *probability = even + (1.0 - SPREAD) * share / count;
            let sums = &sums[kind(jump.source)];
            if sums.count > 0.0 {
                let factor = (self.size[kind(jump.source)] * sums.size / sums.count).clamp(0.5, 10.0)
                    / self.size[kind(jump.source)];
                jump.scale = (jump.scale * factor).clamp(1e-6, 100.0);
            }
            if sums.stressed > 0.0 && sums.stress_expected > 0.0 {
                jump.stress = (jump.stress * sums.stressed / sums.stress_expected).clamp(0.1, 20.0);
            }
        }
        for (size, sums) in self.size.iter_mut().zip(&sums) {
            if sums.count > 0.0 {
                *size = (*size * sums.size / sums.count).clamp(0.5, 10.0);
            }
        }
    }
}

/// 0 for the crash, 1 for own jumps.
fn kind(source: Source) -> usize {
    usize::from(source != Source::Crash)
}
