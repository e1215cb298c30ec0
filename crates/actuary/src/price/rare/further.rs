//! One further jump on each path of a component: where it comes from, when it happens, how large it is, and the
//! density of what results.
//!
//! Jumps of a source (the common crash, or one asset's own) arrive with intensity `lambda m` (m the multiplier of the
//! state) and have sizes of density f. A component's path has, beside them, exactly one more: its time has density
//! `lambda m k / L` (k is 1 in the calm state and [`FurtherJump::stress`] under stress; L is the integral of
//! `lambda m k` over the path), its size the density g. By Mecke's formula the density of such a path over that of
//! the model's is the sum over all its jumps of that source of `k g(x) / (L f(x))`, whichever of them was the further
//! one. Sizes are in calm units, before the state's multiplier.

use crate::math::elementary;
use crate::math::pareto::GeneralisedPareto;
use crate::price::jumps::OwnJumps;
use crate::price::model::Model;
use crate::price::timeline::{Happening, Spell};

/// Which jumps a further one is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The crash that all assets share.
    Crash,
    /// An asset's own downward jumps: its number among the assets that move on their own, in the model's order.
    Own(usize),
}

/// A jump that paths of a component have beside those of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FurtherJump {
    /// Which jumps it is one of.
    pub source: Source,
    /// Its smallest size, in log price (of a crash: before the assets' loadings).
    pub beyond: f64,
    /// Scale of what it exceeds that by: exponential, for a crash generalised Pareto with the crash's own shape.
    pub scale: f64,
    /// How much likelier it is under stress than the model's own jumps are.
    pub stress: f64,
}

impl Source {
    /// Fall in log price of a drawn size, before loadings and multipliers; negative for a jump upwards, which is never a
    /// further one.
    #[inline]
    pub(super) fn fall(self, drawn: f64) -> f64 {
        match self {
            Self::Crash => drawn,
            Self::Own(_) => -drawn,
        }
    }

    /// Logarithm of the model's density of a drawn size; infinite where the model has no such jumps.
    pub(super) fn log_density(self, model: &Model, drawn: f64) -> f64 {
        let own = match self {
            Self::Crash => model.crash.map(|c| c.excess.log_likelihood(&[(drawn - c.floor).max(0.0)])),
            Self::Own(number) => model.own_jumps.get(number).map(|jumps| log_density(jumps, -drawn)),
        };
        own.unwrap_or(f64::INFINITY)
    }
}

impl FurtherJump {
    /// Accumulated intensity on which its time is uniform, given the time in each state.
    pub(super) fn clock(&self, model: &Model, time: [f64; 2]) -> f64 {
        self.rate(model, false) * time[0] + self.rate(model, true) * time[1]
    }

    fn rate(&self, model: &Model, stressed: bool) -> f64 {
        let rate = match self.source {
            Source::Crash => model.crash_intensity(stressed),
            Source::Own(number) => model.own_intensity(number, stressed),
        };
        if stressed { rate * self.stress } else { rate }
    }

    /// Its time and state, `share` of the clock having passed; `None` if the clock stands still on this path.
    pub(in crate::price) fn moment(
        &self,
        model: &Model,
        spells: &[Spell],
        share: f64,
    ) -> Option<(f64, bool)> {
        let rates = [self.rate(model, false), self.rate(model, true)];
        let rate = |spell: &Spell| rates[usize::from(spell.stressed)];
        let total: f64 = spells.iter().map(|spell| rate(spell) * (spell.end - spell.start)).sum();
        let mut left = share * total;
        let mut moment = None;
        for spell in spells.iter().filter(|spell| rate(spell) > 0.0) {
            let passed = rate(spell) * (spell.end - spell.start);
            // Rounding may leave a rest at the very end: the last spell takes it.
            moment = Some(((spell.start + left / rate(spell)).min(spell.end), spell.stressed));
            if left <= passed {
                break;
            }
            left -= passed;
        }
        moment
    }

    /// Its drawn size and what it does, `exponential` deciding the size.
    pub(in crate::price) fn happening(
        &self,
        model: &Model,
        stressed: bool,
        exponential: f64,
    ) -> (f64, Happening) {
        let multipliers = model.multipliers(stressed);
        match self.source {
            Source::Crash => {
                let drawn = self.beyond + self.excess(model).at(exponential);
                (drawn, Happening::Crash { size: drawn * multipliers.crash_size })
            }
            Source::Own(number) => {
                let drawn = -(self.beyond + self.scale * exponential);
                (drawn, Happening::Jump { number, size: drawn * multipliers.jump_size })
            }
        }
    }

    /// Tail index of its size.
    pub(super) fn shape(&self, model: &Model) -> f64 {
        match self.source {
            Source::Crash => model.crash.map_or(0.0, |crash| crash.excess.shape),
            Source::Own(_) => 0.0,
        }
    }

    fn excess(&self, model: &Model) -> GeneralisedPareto {
        GeneralisedPareto { shape: self.shape(model), scale: self.scale }
    }

    /// k g(x) / f(x) of a jump of this source with the drawn size.
    pub(super) fn ratio(&self, model: &Model, drawn: f64, stressed: bool) -> f64 {
        if self.source.fall(drawn) < self.beyond {
            return 0.0;
        }
        self.ratio_over(self.source.log_density(model, drawn), self.shape(model), drawn, stressed)
    }

    /// The same, given ln f(x) and the tail index of this jump's size.
    #[inline]
    pub(super) fn ratio_over(&self, log_density: f64, shape: f64, drawn: f64, stressed: bool) -> f64 {
        let excess = self.source.fall(drawn) - self.beyond;
        if excess < 0.0 || log_density == f64::INFINITY {
            return 0.0;
        }
        let scaled = excess / self.scale;
        let decay =
            if shape == 0.0 { scaled } else { (1.0 + 1.0 / shape) * elementary::ln(1.0 + shape * scaled) };
        let ratio = elementary::exp(-decay - log_density) / self.scale;
        if stressed { self.stress * ratio } else { ratio }
    }

    /// Smallest size that its source gives with positive density; `None` where the source has no downward jumps with
    /// a density.
    pub(super) fn floor(model: &Model, source: Source) -> Option<f64> {
        match source {
            Source::Crash => model.crash.filter(|c| c.excess.scale > 0.0).map(|c| c.floor),
            Source::Own(number) => match model.own_jumps.get(number)? {
                OwnJumps::Kou(jumps) => (jumps.up_probability < 1.0).then_some(jumps.down_floor),
                OwnJumps::Merton(jumps) => (jumps.deviation > 0.0).then_some(0.0),
            },
        }
    }
}

/// Logarithm of the density of a downward jump of this size.
fn log_density(jumps: &OwnJumps, size: f64) -> f64 {
    match jumps {
        OwnJumps::Kou(jumps) => {
            libm::log((1.0 - jumps.up_probability) * jumps.down_rate)
                - jumps.down_rate * (size - jumps.down_floor)
        }
        OwnJumps::Merton(jumps) => {
            // ln sqrt(2 pi)
            const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_7;
            let z = (-size - jumps.mean) / jumps.deviation;
            -0.5 * z * z - libm::log(jumps.deviation) - HALF_LOG_TWO_PI
        }
    }
}
