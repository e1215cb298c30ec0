//! A step of markets that share depth or price impact, on one path.

use super::{
    event::{self, Event, EventBuffers},
    lanes::Lanes,
    pressure::Pressure,
    run::Run,
    step_view::StepView,
    units::Unit,
};
use crate::liquidation::{LadderState, supply::Tank};

/// Buffers of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Together {
    /// What of the unit the step concerns on this path.
    part: Unit,
    events: Vec<Event>,
    buffers: EventBuffers,
    undo: Undo,
    /// Each impact of the unit when the step began.
    began: Vec<Pressure>,
    /// The lowest factor of each impact of the unit after a sale of the step; none without a sale.
    lowest: Vec<Option<f64>>,
}

/// What a step changes, as it was before.
#[derive(Clone, Debug, Default)]
struct Undo {
    states: Vec<LadderState>,
    realised: Vec<f64>,
    tanks: Vec<Tank>,
    crashes: Vec<u32>,
}

impl Undo {
    fn keep(&mut self, part: &Unit, lanes: &Lanes, lane: usize) {
        if self.states.len() < part.members.len() {
            self.states.resize_with(part.members.len(), LadderState::default);
        }
        self.realised.clear();
        self.tanks.clear();
        self.crashes.clear();
        for (kept, &market) in self.states.iter_mut().zip(&part.members) {
            let place = lanes.place(market, lane);
            kept.clone_from(&lanes.states[place]);
            self.realised.push(lanes.realised[place]);
        }
        for &pool in &part.pools {
            let place = lanes.place(pool, lane);
            self.tanks.push(lanes.tanks[place]);
            self.crashes.push(lanes.crashes[place]);
        }
    }

    fn restore(&self, part: &Unit, lanes: &mut Lanes, lane: usize) {
        for ((kept, &realised), &market) in self.states.iter().zip(&self.realised).zip(&part.members) {
            let place = lanes.place(market, lane);
            lanes.states[place].clone_from(kept);
            lanes.realised[place] = realised;
        }
        for ((&tank, &crashes), &pool) in self.tanks.iter().zip(&self.crashes).zip(&part.pools) {
            let place = lanes.place(pool, lane);
            (lanes.tanks[place], lanes.crashes[place]) = (tank, crashes);
        }
    }
}

impl Run<'_> {
    /// Carries a unit through a step on one path on which a market of it is active.
    pub(super) fn carry(&mut self, unit: &Unit, step: usize, lane: usize) {
        let mut together = core::mem::take(&mut self.work.together);
        together.began.clear();
        let pressure = |&number: &usize| self.lanes.pressures[self.lanes.place(number, lane)];
        together.began.extend(unit.feedback.iter().map(pressure));
        loop {
            self.concerned(unit, lane, &mut together.part);
            let active = |member: usize| self.work.flags[member * self.lanes.paths + lane];
            // Without impact no market that is idle can be reached.
            let sound = unit.feedback.is_empty() || (0..unit.members.len()).all(active);
            if !sound {
                together.undo.keep(&together.part, self.lanes, lane);
            }
            self.serve_step(unit, step, lane, &mut together);
            if sound || !self.reached_after_all(unit, step, lane, &together.lowest) {
                break;
            }
            together.undo.restore(&together.part, self.lanes, lane);
            for (&pressure, &number) in together.began.iter().zip(&unit.feedback) {
                let place = self.lanes.place(number, lane);
                self.lanes.pressures[place] = pressure;
            }
        }
        let end = self.paths.block.time(step);
        for (member, &market) in unit.members.iter().enumerate() {
            let flagged = self.work.flags[member * self.lanes.paths + lane];
            self.active_steps += u64::from(flagged);
            let sold = self.own_impact(unit, market).is_some_and(|own| together.lowest[own].is_some());
            if flagged || sold {
                self.lanes.rearm(self.system, market, lane, end);
            }
        }
        self.work.together = together;
    }

    /// The active markets of a unit on a path, with all that draw on the same pools.
    fn concerned(&self, unit: &Unit, lane: usize, part: &mut Unit) {
        part.members.clear();
        part.pools.clear();
        part.feedback.clone_from(&unit.feedback);
        let active = |member: usize| self.work.flags[member * self.lanes.paths + lane];
        for &pool in &unit.pools {
            let mut drawing = unit.members.iter().enumerate();
            if drawing.any(|(member, &market)| active(member) && self.system.pool_of[market] == pool) {
                part.pools.push(pool);
            }
        }
        let members = unit.members.iter().copied();
        part.members.extend(members.filter(|&market| part.pools.contains(&self.system.pool_of[market])));
    }

    /// Works off the intervals of the markets concerned, in order of time.
    fn serve_step(&mut self, unit: &Unit, step: usize, lane: usize, together: &mut Together) {
        let Together { part, events, buffers, began, lowest, .. } = together;
        events.clear();
        for (member, &market) in unit.members.iter().enumerate() {
            if !part.pools.contains(&self.system.pool_of[market]) {
                continue;
            }
            let idle = !self.work.flags[member * self.lanes.paths + lane];
            self.read(market, step, lane);
            let (mut start, open) = self.opening(market, step, lane);
            let impact = self.lanes.impact(self.system, market, lane, start);
            let mut open = Some(open * self.lanes.scale[self.lanes.place(market, lane)] * impact);
            for index in 0..self.work.quote.len() {
                let quote = self.work.quote[index];
                let latency = self.latency(market, lane, start, &quote);
                events.push(Event { market, quote, start, open: open.take(), latency, idle });
                start = quote.end;
            }
        }
        // Stably: markets in their order among intervals that end together.
        events.sort_by(|a, b| a.quote.end.total_cmp(&b.quote.end));
        lowest.clear();
        lowest.resize(part.feedback.len(), None);
        let mut first = 0;
        while let Some(end) = events.get(first).map(|event| event.quote.end) {
            let count = events[first..].iter().take_while(|event| event.quote.end == end).count();
            let crash = part.pools.iter().fold(None, |size, &pool| self.crash(pool, lane, end).or(size));
            let ending = &events[first..first + count];
            event::serve(self.system, part, self.lanes, lane, ending, crash, buffers);
            for ((lowest, began), &number) in lowest.iter_mut().zip(&*began).zip(&part.feedback) {
                let pressure = &self.lanes.pressures[self.lanes.place(number, lane)];
                if pressure != began {
                    let factor = pressure.factor(&self.system.options.feedback[number], end);
                    *lowest = Some(lowest.unwrap_or(1.0).min(factor));
                }
            }
            first += count;
        }
    }

    /// Flags the markets that were idle and that forced sales of the step may have reached. True if there is one.
    fn reached_after_all(&mut self, unit: &Unit, step: usize, lane: usize, lowest: &[Option<f64>]) -> bool {
        let mut any = false;
        for (member, &market) in unit.members.iter().enumerate() {
            let place = member * self.lanes.paths + lane;
            let factor = self.own_impact(unit, market).and_then(|own| lowest[own]);
            let Some(factor) = factor.filter(|_| !self.work.flags[place]) else { continue };
            let threshold = self.lanes.threshold_under(market, lane, factor);
            if threshold > 0.0 && self.lowest_price(market, step, lane) <= threshold {
                self.work.flags[place] = true;
                any = true;
            }
        }
        any
    }

    /// Place of a market's impact among those of its unit.
    fn own_impact(&self, unit: &Unit, market: usize) -> Option<usize> {
        let number = self.system.feedback_of[market]?;
        Some(unit.feedback.partition_point(|&other| other < number))
    }

    /// The lowest price of a market in a step, relative to time 0, or a price that it does not fall below.
    fn lowest_price(&self, market: usize, step: usize, lane: usize) -> f64 {
        let columns = self.system.markets[market].columns();
        let splits = self.paths.splits_of(step, columns.price(), lane).iter();
        let split = splits.map(|split| split.interval.low.min(split.interval.after));
        split.fold(StepView::new(&self.paths, columns, step).lowest(lane), f64::min)
    }
}
