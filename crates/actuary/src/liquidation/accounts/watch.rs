//! What liquidators of a book see: prices come to light late, and an oracle may stand still.
//!
//! As [`crate::liquidation::state`] has it for one price, with a list of prices in place of one. Each asset's oracle
//! stands still on its own; what is seen then is its last price beside the present ones of the others.

use std::collections::VecDeque;

use super::{
    AccountModel, PathEvents,
    order::{Part, Sight},
};
use crate::liquidation::{
    HOURS_PER_YEAR, Interval,
    latency::{Latency, Pass, Spell},
};

/// True prices of the assets in an interval, forced sales included.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub open: &'a [f64],
    pub low: &'a [f64],
    pub close: &'a [f64],
    pub after: &'a [f64],
    pub high: &'a [f64],
    pub years: f64,
    pub start: f64,
    pub end: f64,
    pub stressed: bool,
}

/// Prices of a moment that liquidators have not seen yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    time: f64,
    /// The lowest and the highest of each asset that the moment stands for.
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    after: Vec<f64>,
}

/// What liquidators see along a path.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Prices that they have seen last.
    pub observed: Vec<f64>,
    /// Prices that the oracles have shown last.
    shown: Vec<f64>,
    pending: VecDeque<Seen>,
    spare: Vec<Seen>,
    /// Of each asset in the interval.
    pub sights: Vec<Sight>,
    hidden: Vec<bool>,
    /// The oracle of an asset stands still from the very end on.
    hidden_from_end: Vec<bool>,
    /// Whether assets are seen differently in the interval.
    pub mixed: bool,
    pub news: bool,
    latency: Option<(Latency, Pass)>,
    backs: Vec<(f64, usize)>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Watch {
    /// Forgets what was seen: the prices are those at which a period begins.
    pub fn restart(&mut self, prices: &[f64]) {
        self.spare.extend(self.pending.drain(..));
        for values in [&mut self.observed, &mut self.shown, &mut self.first, &mut self.second] {
            values.clear();
            values.extend_from_slice(prices);
        }
    }

    /// Lowers and raises bounds by all that may still trigger.
    pub fn widen(&self, least: &mut [f64], most: &mut [f64]) {
        let mut join = |low: &[f64], high: &[f64]| {
            for asset in 0..least.len() {
                least[asset] = least[asset].min(low[asset]);
                most[asset] = most[asset].max(high[asset]);
            }
        };
        join(&self.observed, &self.observed);
        join(&self.shown, &self.shown);
        for seen in &self.pending {
            join(&seen.low, &seen.high);
            join(&seen.after, &seen.after);
        }
    }

    /// Begins an interval. Oracles that come back in it show a price.
    pub fn begin(&mut self, model: &AccountModel, view: &View<'_>, events: &PathEvents) {
        let conditions = &model.conditions;
        let assets = model.spot.len();
        let mut latency = Latency::of(conditions.delay_hours.get(view.stressed) / HOURS_PER_YEAR);
        if let Some(delay) = &conditions.congestion {
            latency.extra = delay.extra_hours / HOURS_PER_YEAR;
            latency.congestion = events.congested(view.start, view.end);
        }
        // What is asked of a pass here does not depend on prices.
        let interval =
            Interval { low: 1.0, close: 1.0, after: 1.0, years: view.years, stressed: view.stressed };
        let pass_of = |latency: &Latency| Pass::new(1.0, view.start, view.end, &interval, latency);
        let common = pass_of(&latency);
        let sight = |pass: &Pass, moving| Sight {
            moving,
            late: pass.late,
            crossing: pass.crossing().map(|order| order.sale.lag),
            jump: pass.jump_is_seen(),
        };
        self.news = false;
        self.mixed = false;
        self.backs.clear();
        for values in [&mut self.hidden, &mut self.hidden_from_end] {
            values.clear();
            values.resize(assets, false);
        }
        self.sights.clear();
        for asset in 0..assets {
            let moving = model.columns[asset].is_some();
            let outage = match conditions.outages {
                Some(_) if moving => events.outage(asset, view.start, view.end),
                _ => Spell::NONE,
            };
            if outage == Spell::NONE {
                self.sights.push(sight(&common, moving));
                continue;
            }
            self.mixed = true;
            let pass = pass_of(&Latency { outage, ..latency });
            self.sights.push(sight(&pass, moving));
            self.hidden[asset] = pass.shown(1.0).is_none();
            self.hidden_from_end[asset] = pass.hidden_from_end();
            self.backs.extend(pass.back().map(|time| (time, asset)));
        }
        self.latency = Some((latency, common));
        self.backs.sort_by(|a, b| a.0.total_cmp(&b.0));
        for number in 0..self.backs.len() {
            let (time, back) = self.backs[number];
            let mut seen = self.blank(time);
            for asset in 0..assets {
                let still = asset != back && events.stands_still(asset, time);
                let price = if still { self.shown[asset] } else { view.price_at(asset, time) };
                seen.low.push(price);
            }
            seen.high.extend_from_slice(&seen.low);
            seen.after.extend_from_slice(&seen.low);
            self.pending.push_back(seen);
        }
    }

    fn blank(&mut self, time: f64) -> Seen {
        let mut seen = self.spare.pop().unwrap_or_default();
        seen.time = time;
        for values in [&mut seen.low, &mut seen.high, &mut seen.after] {
            values.clear();
        }
        seen
    }

    /// The next prices that come to light in the interval, with their moment; they count as seen.
    pub fn next(&mut self) -> Option<(f64, Seen)> {
        let (latency, pass) = self.latency.as_ref()?;
        let moment = pass.within(latency.moment(self.pending.front()?.time))?;
        let seen = self.pending.pop_front()?;
        self.news = true;
        self.observed.clone_from(&seen.after);
        Some((moment, seen))
    }

    /// Takes back the buffers of prices that were seen.
    pub fn done(&mut self, seen: Seen) {
        self.spare.push(seen);
    }

    /// Prices at which what broke before is judged, where assets are seen differently: it must be under water at both.
    pub fn backlog_mixed(&mut self, view: &View<'_>) -> (&[f64], &[f64], &[Sight], Part) {
        for (asset, sight) in self.sights.iter().enumerate() {
            let late = sight.late && sight.moving;
            self.first[asset] = if late { self.observed[asset] } else { view.open[asset] };
            self.second[asset] = if late { self.observed[asset] } else { view.close[asset] };
        }
        (&self.first, &self.second, &self.sights, Part::Backlog { news: self.news })
    }

    /// Prices at which what the diffusion crosses is judged, where assets are seen differently: collateral, then debt.
    pub fn crossing_mixed(&mut self, view: &View<'_>) -> (&[f64], &[f64], &[Sight], Part) {
        for (asset, sight) in self.sights.iter().enumerate() {
            let hidden = sight.moving && sight.crossing.is_none();
            self.first[asset] = if hidden { self.observed[asset] } else { view.low[asset] };
            self.second[asset] = if hidden { self.observed[asset] } else { view.high[asset] };
        }
        (&self.first, &self.second, &self.sights, Part::Crossing)
    }

    /// Prices at which the jump is judged, where assets are seen differently.
    pub fn jump_mixed(&mut self, after: &[f64]) -> (&[f64], &[Sight], Part) {
        for (asset, sight) in self.sights.iter().enumerate() {
            let hidden = sight.moving && !sight.jump;
            self.first[asset] = if hidden { self.observed[asset] } else { after[asset] };
        }
        (&self.first, &self.sights, Part::Jump)
    }

    /// Ends the interval.
    pub fn end(&mut self, view: &View<'_>) {
        let Some((_, common)) = self.latency else { return };
        let any_shown = (0..self.hidden.len()).any(|asset| self.sights[asset].moving && !self.hidden[asset]);
        if common.jump_is_seen() {
            for asset in 0..self.hidden.len() {
                if self.hidden_from_end[asset] {
                    (self.observed[asset], self.shown[asset]) = (view.close[asset], view.close[asset]);
                } else if !self.hidden[asset] {
                    (self.observed[asset], self.shown[asset]) = (view.after[asset], view.after[asset]);
                }
            }
            return;
        }
        if !any_shown {
            return;
        }
        let mut seen = self.blank(view.end);
        for asset in 0..self.hidden.len() {
            if self.hidden[asset] {
                let shown = self.shown[asset];
                seen.low.push(shown);
                seen.high.push(shown);
                seen.after.push(shown);
                continue;
            }
            let after = view.after[asset];
            let unseen = self.sights[asset].crossing.is_none();
            seen.low.push(if unseen { view.low[asset].min(after) } else { after });
            seen.high.push(if unseen { view.high[asset].max(after) } else { after });
            seen.after.push(after);
            self.shown[asset] = after;
        }
        self.pending.push_back(seen);
    }
}

impl View<'_> {
    /// Price of an asset interpolated between open and close.
    pub fn price_at(&self, asset: usize, moment: f64) -> f64 {
        let passed = ((moment - self.start) / self.years).clamp(0.0, 1.0);
        self.open[asset] + (self.close[asset] - self.open[asset]) * passed
    }
}
