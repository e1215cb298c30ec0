//! What a system knows of each path of a block: markets, pools and impacts, paths side by side.

use super::{
    System,
    pressure::{Felt, Pressure},
};
use crate::liquidation::{LadderState, supply::Tank};

/// State of all markets, pools and impacts on all paths. Arrays have one entry a market (pool, impact) and path,
/// paths side by side.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    /// Number of paths.
    pub paths: usize,
    /// Highest price, relative to time 0 and before forced sales, at which there is something to do; infinite while
    /// something seen before may trigger.
    pub threshold: Vec<f64>,
    /// Ladder price per relative price, so that the price of the last renewal is the spot price.
    pub scale: Vec<f64>,
    /// Value of a debt token of the ladder per relative price of the debt asset.
    pub debt_scale: Vec<f64>,
    /// Losses so far, unit of account.
    pub realised: Vec<f64>,
    pub states: Vec<LadderState>,
    /// Of each pool.
    pub tanks: Vec<Tank>,
    /// Crashes that each pool has felt.
    pub crashes: Vec<u32>,
    /// Of each impact.
    pub pressures: Vec<Pressure>,
    /// The last two factors of each impact.
    felt: Vec<[Felt; 2]>,
}

impl Lanes {
    /// Back to the beginning, for so many paths. Of the ladders only those of `markets` are set back: no other may be
    /// run.
    pub fn restart(&mut self, system: &System, markets: &[usize], paths: usize) {
        self.paths = paths;
        for values in [&mut self.threshold, &mut self.scale, &mut self.debt_scale, &mut self.realised] {
            values.clear();
        }
        let count = system.markets.len() * paths;
        self.states.resize_with(count, LadderState::default);
        for (number, market) in system.markets.iter().enumerate() {
            self.scale.resize((number + 1) * paths, market.spot());
            self.debt_scale.resize((number + 1) * paths, market.debt_price());
            let threshold = threshold(market.ladder().first_break(), market.spot());
            self.threshold.resize((number + 1) * paths, threshold);
        }
        for &number in markets {
            let market = &system.markets[number];
            for state in &mut self.states[number * paths..(number + 1) * paths] {
                state.restart(market.ladder(), market.spot());
            }
        }
        self.realised.resize(count, 0.0);
        self.tanks.clear();
        self.tanks.resize(system.sources.len() * paths, Tank::FULL);
        self.crashes.clear();
        self.crashes.resize(self.tanks.len(), 0);
        self.pressures.clear();
        self.pressures.resize(system.options.feedback.len() * paths, Pressure::default());
        self.felt.clear();
        self.felt.resize(self.pressures.len(), [Felt::default(); 2]);
    }

    /// Place of a path of a market, pool or impact.
    #[inline(always)]
    pub fn place(&self, number: usize, lane: usize) -> usize {
        number * self.paths + lane
    }

    /// What forced sales multiply a market's price by at a moment.
    pub fn impact(&self, system: &System, market: usize, lane: usize, time: f64) -> f64 {
        system.feedback_of[market].map_or(1.0, |number| {
            self.pressures[self.place(number, lane)].factor(&system.options.feedback[number], time)
        })
    }

    /// The same, remembered: markets of one asset ask for the same moments.
    #[inline]
    pub fn felt(&mut self, system: &System, market: usize, lane: usize, time: f64) -> f64 {
        let Some(number) = system.feedback_of[market] else { return 1.0 };
        let place = self.place(number, lane);
        let [before, last] = &mut self.felt[place];
        let pressure = &self.pressures[place];
        if let Some(factor) = last.recall(pressure, time).or_else(|| before.recall(pressure, time)) {
            return factor;
        }
        *before = *last;
        last.factor(pressure, &system.options.feedback[number], time)
    }

    /// Sets the threshold of a market after its state has changed.
    pub fn rearm(&mut self, system: &System, market: usize, lane: usize, time: f64) {
        let place = self.place(market, lane);
        // Impact only fades until the next sale, which rearms.
        let scale = self.scale[place] * self.felt(system, market, lane, time);
        self.threshold[place] = self.states[place].threshold(scale);
    }
}

impl LadderState {
    /// The relative price at which there is something to do, at so much ladder price per relative price.
    #[inline]
    pub(super) fn threshold(&self, scale: f64) -> f64 {
        if self.is_busy() { f64::INFINITY } else { threshold(self.next_break(), scale) }
    }

    /// The same at so much relative price per ladder price; what this rounds is far within the threshold's margin.
    #[inline(always)]
    pub(super) fn threshold_at(&self, per_scale: f64) -> f64 {
        if self.is_busy() { f64::INFINITY } else { self.next_break() * per_scale * MARGIN }
    }
}

impl Lanes {
    /// The threshold of a market that is not busy, while forced sales multiply its price by `factor`.
    pub fn threshold_under(&self, market: usize, lane: usize, factor: f64) -> f64 {
        let place = self.place(market, lane);
        threshold(self.states[place].next_break(), self.scale[place] * factor)
    }
}

/// The relative price that reaches a break price, a little above so that rounding leaves the decision to the ladder.
fn threshold(break_price: f64, scale: f64) -> f64 {
    break_price / scale * MARGIN
}

/// By what a threshold lies above the price that reaches the break price.
const MARGIN: f64 = 1.0 + 8.0 * f64::EPSILON;
