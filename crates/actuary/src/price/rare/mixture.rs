//! The mixture of tilted models, and the weight of a path.

use thiserror::Error;

use super::further::{FurtherJump, Source};
use super::sampling::{Sampling, Sequence};
use crate::price::batch::{BlockPlan, BlockScratch, PathBlock};
use crate::price::model::{Model, ModelError};
use crate::price::path::PricePath;
use crate::price::simulate::Scratch;
use crate::price::timeline::{self, Draws, Event, Factor, Happening, Lead, Spell};

/// How one component differs from the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tilt {
    /// Probability of starting under stress; `None` for the model's own.
    pub stress_start: Option<f64>,
    /// Jumps of which one is added, each with its probability. What these leave of 1 has none.
    pub further: Vec<(f64, FurtherJump)>,
}

/// Shares and tilts. What the shares leave of 1 is drawn from the model itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mixture {
    /// Share of the paths and tilt, of each component.
    pub components: Vec<(f64, Tilt)>,
}

/// Why a mixture is refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MixtureError {
    /// Shares that leave the model itself too little.
    #[error("the components' shares are negative or leave the model itself {own}: at least 0.05 is needed")]
    Shares {
        /// Share left for the model itself.
        own: f64,
    },
    /// Probabilities of further jumps that are negative or above one together.
    #[error("probabilities of further jumps of component {component} are negative or add up to {sum}")]
    Probabilities {
        /// Number of the component.
        component: usize,
        /// Their sum.
        sum: f64,
    },
    /// A further jump of a kind that the model does not have, or without a density to weigh it by.
    #[error("component {component} adds a jump that the model cannot make: {source_of:?}")]
    NoJump {
        /// Number of the component.
        component: usize,
        /// Which jump.
        source_of: Source,
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
    /// A pilot's loss is not a number or infinite.
    #[error("the loss of pilot path {path} is {loss}")]
    Loss {
        /// Number of the path.
        path: u64,
        /// Its loss.
        loss: f64,
    },
    /// A pilot could not be simulated.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A model together with a mixture to draw from.
#[derive(Clone, Debug)]
pub struct RareModel {
    model: Model,
    components: Vec<Component>,
    own_share: f64,
    sequence: Option<Sequence>,
}

#[derive(Clone, Debug)]
struct Component {
    share: f64,
    stress_start: f64,
    further: Vec<(f64, FurtherJump)>,
    /// Places in `further` of the jumps of each asset, and at the end of the crash.
    places: Vec<Vec<usize>>,
}

impl RareModel {
    /// The model itself: every weight is 1.
    #[must_use]
    pub fn plain(model: &Model) -> Self {
        Self { model: model.clone(), components: Vec::new(), own_share: 1.0, sequence: None }
    }

    /// Joins a model and a mixture.
    ///
    /// # Errors
    /// Shares, probabilities or tilts out of range, a jump that the model does not have.
    pub fn new(model: &Model, mixture: &Mixture) -> Result<Self, MixtureError> {
        let own_share = 1.0 - mixture.components.iter().map(|(share, _)| share).sum::<f64>();
        let negative = mixture.components.iter().any(|(share, _)| share.is_nan() || *share < 0.0);
        // A sum of shares may miss 0.95 by its rounding.
        if negative || own_share.is_nan() || own_share < 0.05 - 1e-12 {
            return Err(MixtureError::Shares { own: own_share });
        }
        let components = mixture.components.iter().enumerate();
        let components = components
            .map(|(number, (share, tilt))| Component::new(model, number, *share, tilt))
            .collect::<Result<_, _>>()?;
        Ok(Self { components, own_share, ..Self::plain(model) })
    }

    /// The same with another way of drawing.
    #[must_use]
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.sequence = Sequence::of(sampling);
        self
    }

    /// The model that is drawn from.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
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
        let draws = self.draws(seed, path_index);
        let mut weight = 1.0;
        self.model.simulate_drawn(horizon_years, steps, &draws, path, scratch, |spells, events| {
            weight = self.weight(spells, events);
        })?;
        Ok(weight)
    }

    /// Simulates `paths` paths from number `first_path` on into `block`, and their weights into `weights`: the events
    /// and weights of [`RareModel::simulate`], bit for bit.
    ///
    /// # Errors
    /// As for [`Model::simulate_block`].
    #[expect(clippy::too_many_arguments)]
    pub fn simulate_block(
        &self,
        plan: &BlockPlan,
        seed: u64,
        first_path: u64,
        paths: usize,
        block: &mut PathBlock,
        weights: &mut Vec<f64>,
        scratch: &mut BlockScratch,
    ) -> Result<(), ModelError> {
        weights.clear();
        weights.resize(paths, 1.0);
        let draws = |path| self.draws(seed, path);
        self.model.simulate_block_drawn(
            plan,
            first_path,
            paths,
            block,
            scratch,
            &draws,
            &mut |path, spells, events| {
                weights[path] = self.weight(spells, events);
            },
        )
    }

    /// What path number `path` is drawn from.
    pub(super) fn draws(&self, seed: u64, path: u64) -> Draws<'_> {
        let lead = self.sequence.as_ref().map(|sequence| sequence.lead(seed, path));
        let mut draws = Draws { lead, ..Draws::plain(&self.model, seed, path) };
        if self.components.is_empty() {
            return draws;
        }
        let mut stream = draws.stream(Factor::Mixture, 0, 2.0);
        let (mut choice, mut which) = (stream.uniform() - self.own_share, stream.uniform());
        let mut chosen = None;
        for component in &self.components {
            if choice >= 0.0 {
                chosen = Some(component);
            }
            choice -= component.share;
        }
        if let Some(component) = chosen {
            draws.stress_start = component.stress_start;
            for (probability, jump) in &component.further {
                if which >= 0.0 && which < *probability {
                    draws.further = Some(jump);
                }
                which -= probability;
            }
        }
        draws
    }

    /// Times and sizes of path number `path` alone, in the order of generation.
    pub(super) fn timeline(
        &self,
        horizon_years: f64,
        seed: u64,
        path: u64,
        spells: &mut Vec<Spell>,
        events: &mut Vec<Event>,
    ) {
        let draws = self.draws(seed, path);
        timeline::spells(&self.model, horizon_years, &draws, spells);
        timeline::events(&self.model, spells, &draws, events);
    }

    /// Density of a path under the model over that under the mixture. Events are in the order of generation, so that
    /// sums round alike however the path was made.
    fn weight(&self, spells: &[Spell], events: &[Event]) -> f64 {
        if self.components.is_empty() {
            return 1.0;
        }
        let time = timeline::time_in_states(spells);
        let stressed = spells.first().is_some_and(|spell| spell.stressed);
        let mut density = self.own_share;
        for component in &self.components {
            density += component.share * component.density(&self.model, time, stressed, events);
        }
        1.0 / density
    }
}

impl Component {
    fn new(model: &Model, component: usize, share: f64, tilt: &Tilt) -> Result<Self, MixtureError> {
        let check = |name, value: f64, low: f64, high: f64, range| {
            let within = (low..=high).contains(&value);
            if within { Ok(()) } else { Err(MixtureError::Tilt { component, name, value, range }) }
        };
        let stress_start = tilt.stress_start.unwrap_or(model.stress_start);
        // What the model never does need not be drawn.
        let (low, high) = match model.stress_start {
            p if p <= 0.0 => (0.0, 0.0),
            p if p >= 1.0 => (1.0, 1.0),
            _ => (0.0, 1.0),
        };
        let range = "possible under the model, in [0, 1]";
        check("probability of a stressed start", stress_start, low, high, range)?;
        let sum: f64 = tilt.further.iter().map(|(probability, _)| probability).sum();
        let negative = tilt.further.iter().any(|(probability, _)| probability.is_nan() || *probability < 0.0);
        if negative || sum.is_nan() || sum > 1.0 + 1e-9 {
            return Err(MixtureError::Probabilities { component, sum });
        }
        let mut places = vec![Vec::new(); model.own_jumps.len() + 1];
        for (place, (_, jump)) in tilt.further.iter().enumerate() {
            let Some(floor) = FurtherJump::floor(model, jump.source) else {
                return Err(MixtureError::NoJump { component, source_of: jump.source });
            };
            let range = "at least the smallest size the model gives it, at most 100";
            check("smallest further jump", jump.beyond, floor, 100.0, range)?;
            check("scale of further jumps", jump.scale, 1e-6, 100.0, "in [1e-6, 100]")?;
            check("preference for stress", jump.stress, 1e-3, 1e3, "in [0.001, 1000]")?;
            let slot = match jump.source {
                Source::Own(number) => number,
                Source::Crash => model.own_jumps.len(),
            };
            places[slot].push(place);
        }
        Ok(Self { share, stress_start, further: tilt.further.clone(), places })
    }

    /// Density of a path under this component over that under the model.
    fn density(&self, model: &Model, time: [f64; 2], stressed: bool, events: &[Event]) -> f64 {
        let start = |p: f64| if stressed { p } else { 1.0 - p };
        let before = start(model.stress_start);
        let start_ratio = if before > 0.0 { start(self.stress_start) / before } else { 1.0 };
        let mut ratio = 1.0;
        for (probability, jump) in &self.further {
            // Where the clock stands still no jump is added.
            if jump.clock(model, time) > 0.0 {
                ratio -= probability;
            }
        }
        ratio = ratio.max(0.0);
        for event in events {
            let slot = match event.happening {
                Happening::Jump { number, .. } => number,
                Happening::Crash { .. } => model.own_jumps.len(),
                Happening::Depeg { .. } | Happening::Switch => continue,
            };
            for place in &self.places[slot] {
                let (probability, jump) = &self.further[*place];
                let value = jump.ratio(model, event.drawn, event.stressed);
                if value > 0.0 {
                    ratio += probability * value / jump.clock(model, time);
                }
            }
        }
        start_ratio * ratio
    }
}

impl Sequence {
    /// The words that lead a path's streams.
    pub(super) fn lead(&self, seed: u64, path: u64) -> Lead {
        let mut words = [0; Lead::WORDS];
        self.words(seed, path, &mut words);
        let [a, b, c, d, e, f, g, h] = words;
        Lead { mixture: [a, b], further: [c, d], regime: [e, f], crash: [g, h] }
    }
}
