//! The usual step of markets that move each other's price, on one path: every active market has depth to itself, is not
//! busy, and what its diffusion crosses is served in full and done with; the forced sales reach no other market.
//!
//! What the step will do is worked out first. Where anything else may happen nothing is done, and the step is worked off as
//! [`super::together`] says; what is done here is the same to the bit.

use super::{pressure::Pressure, run::Run, units::Unit};
use crate::liquidation::shortfall::Sale;

/// What happens to an active market.
#[derive(Clone, Copy, Debug)]
struct Crossing {
    member: usize,
    /// Positions served after the step; none where nothing is crossed.
    broken: Option<usize>,
    /// Break price of the next position after it.
    next: f64,
    debt: f64,
    loss: f64,
    /// Ladder price after the step, without forced sales.
    after: f64,
    /// Value of a debt token at the end.
    debt_value: f64,
}

/// Buffers of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    crossings: Vec<Crossing>,
    /// Value sold in each impact of the unit.
    sold: Vec<f64>,
    /// Each impact of the unit when the step began.
    began: Vec<Pressure>,
}

impl Run<'_> {
    /// Carries a unit through a step on one path, if it is a usual one. False, and nothing done, if it may not be.
    pub(super) fn carry_plainly(&mut self, unit: &Unit, lane: usize) -> bool {
        let options = &self.system.options;
        if !unit.apart || options.delay.is_some() || options.outages.is_some() {
            return false;
        }
        let mut plan = core::mem::take(&mut self.work.plan);
        let plain = self.plan(unit, lane, &mut plan) && self.follow(unit, lane, &mut plan);
        self.work.plan = plan;
        plain
    }

    /// Works out the step. False if it is not a usual one.
    fn plan(&mut self, unit: &Unit, lane: usize, plan: &mut Plan) -> bool {
        let system = self.system;
        plan.crossings.clear();
        for (member, &market) in unit.members.iter().enumerate() {
            let cell = member * self.lanes.paths + lane;
            if !self.work.flags[cell] {
                continue;
            }
            let place = self.lanes.place(market, lane);
            if self.work.split[cell] || self.lanes.states[place].is_busy() {
                return false;
            }
            let view = &self.views[member];
            let (quote, scale) = (view.whole(lane), self.lanes.scale[place]);
            let before = scale * self.lanes.felt(system, market, lane, view.start);
            let at_end = scale * self.lanes.felt(system, market, lane, view.end);
            let open = view.open(lane) * before;
            let (low, close) = (quote.low * before, quote.close * at_end);
            let model = &system.markets[market];
            let (ladder, state) = (model.ladder(), &self.lanes.states[place]);
            let mut crossing = Crossing {
                member,
                broken: None,
                next: state.next_break(),
                debt: 0.0,
                loss: 0.0,
                after: quote.after * scale,
                debt_value: self.lanes.debt_scale[place] * quote.debt,
            };
            if open <= crossing.next {
                return false;
            }
            if low <= crossing.next {
                let (broken, rung) = self.work.expected[cell].reach(ladder, state.first(), low);
                let years = view.end - view.start;
                let lag = model.service().delay_years(quote.stressed) / years;
                let cap = system.sources[system.pool_of[market]].evenly(years, quote.stressed);
                let debt = state.demand_before(ladder, &rung);
                if lag >= 1.0 || cap.is_none_or(|cap| debt > cap) {
                    return false;
                }
                if debt > 0.0 {
                    let sale = Sale { price: close, lag };
                    crossing.loss = state.loss_until(ladder, model.service().keep(), (broken, 0.0), sale);
                    crossing.broken = Some(broken);
                    crossing.next = rung.h;
                    crossing.debt = debt;
                }
            }
            plan.crossings.push(crossing);
        }
        true
    }

    /// Does what was worked out, unless forced sales reach something else.
    fn follow(&mut self, unit: &Unit, lane: usize, plan: &mut Plan) -> bool {
        let Plan { crossings, sold, began } = plan;
        let (system, end) = (self.system, self.views[0].end);
        sold.clear();
        sold.resize(unit.feedback.len(), 0.0);
        for crossing in &*crossings {
            if let Some(own) = unit.feedback_of[crossing.member] {
                sold[own] += crossing.debt * crossing.debt_value;
            }
        }
        began.clear();
        for (&number, &sold) in unit.feedback.iter().zip(&*sold) {
            let place = self.lanes.place(number, lane);
            let pressure = &mut self.lanes.pressures[place];
            began.push(*pressure);
            if sold > 0.0 {
                pressure.add(&system.options.feedback[number], end, sold);
            }
        }
        if !self.settles(unit, lane, crossings, sold) {
            for (&number, &before) in unit.feedback.iter().zip(&*began) {
                let place = self.lanes.place(number, lane);
                self.lanes.pressures[place] = before;
            }
            return false;
        }
        for crossing in &*crossings {
            let market = unit.members[crossing.member];
            let place = self.lanes.place(market, lane);
            let after = crossing.after * self.lanes.felt(system, market, lane, end);
            let state = &mut self.lanes.states[place];
            if let Some(broken) = crossing.broken {
                state.cross(system.markets[market].ladder(), broken);
                self.lanes.realised[place] += crossing.loss * crossing.debt_value;
            }
            state.open(after, end);
            self.lanes.rearm(system, market, lane, end);
            self.active_steps += 1;
        }
        for (member, &market) in unit.members.iter().enumerate() {
            let moved = unit.feedback_of[member].is_some_and(|own| sold[own] > 0.0);
            if moved && !self.work.flags[member * self.lanes.paths + lane] {
                self.lanes.rearm(system, market, lane, end);
            }
        }
        true
    }

    /// Whether nothing is broken any more at the prices that forced sales have left, in no market of the unit.
    fn settles(&mut self, unit: &Unit, lane: usize, crossings: &[Crossing], sold: &[f64]) -> bool {
        let (system, end) = (self.system, self.views[0].end);
        for crossing in crossings {
            let factor = self.lanes.felt(system, unit.members[crossing.member], lane, end);
            let over = crossing.after * factor > crossing.next;
            if !over {
                return false;
            }
        }
        for (member, &market) in unit.members.iter().enumerate() {
            let cell = member * self.lanes.paths + lane;
            let moved = unit.feedback_of[member].is_some_and(|own| sold[own] > 0.0);
            if !moved || self.work.flags[cell] {
                continue;
            }
            let factor = self.lanes.felt(system, market, lane, end).min(1.0);
            let threshold = self.lanes.threshold_under(market, lane, factor);
            if threshold > 0.0 && self.work.lowest[cell] <= threshold {
                return false;
            }
        }
        true
    }
}
