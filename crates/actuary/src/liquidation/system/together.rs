//! A step of markets that share depth or price impact, on one path.

use super::{
    event::{self, Event, EventBuffers},
    lanes::Lanes,
    pressure::Pressure,
    run::Run,
    units::Unit,
};
use crate::liquidation::{LadderState, supply::Tank};

/// Buffers of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Together {
    /// What of the unit the step concerns on this path.
    part: Part,
    events: Vec<Event>,
    buffers: EventBuffers,
    undo: Undo,
    /// Each impact of the unit when the step began.
    began: Vec<Pressure>,
    /// The lowest factor of each impact of the unit after a sale of the step; none without a sale.
    lowest: Vec<Option<f64>>,
}

/// The markets of a unit that a step concerns on a path.
#[derive(Clone, Debug, Default)]
struct Part {
    /// Places of the markets among the unit's, rising.
    members: Vec<usize>,
    /// Places of their pools, rising.
    pools: Vec<usize>,
    /// Whether each pool of the unit is one of them.
    drawn: Vec<bool>,
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
    fn keep(&mut self, unit: &Unit, part: &Part, lanes: &Lanes, lane: usize) {
        if self.states.len() < part.members.len() {
            self.states.resize_with(part.members.len(), LadderState::default);
        }
        self.realised.clear();
        self.tanks.clear();
        self.crashes.clear();
        for (kept, &member) in self.states.iter_mut().zip(&part.members) {
            let place = lanes.place(unit.members[member], lane);
            kept.clone_from(&lanes.states[place]);
            self.realised.push(lanes.realised[place]);
        }
        for &pool in &part.pools {
            let place = lanes.place(unit.pools[pool], lane);
            self.tanks.push(lanes.tanks[place]);
            self.crashes.push(lanes.crashes[place]);
        }
    }

    fn restore(&self, unit: &Unit, part: &Part, lanes: &mut Lanes, lane: usize) {
        for ((kept, &realised), &member) in self.states.iter().zip(&self.realised).zip(&part.members) {
            let place = lanes.place(unit.members[member], lane);
            lanes.states[place].clone_from(kept);
            lanes.realised[place] = realised;
        }
        for ((&tank, &crashes), &pool) in self.tanks.iter().zip(&self.crashes).zip(&part.pools) {
            let place = lanes.place(unit.pools[pool], lane);
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
                together.undo.keep(unit, &together.part, self.lanes, lane);
            }
            self.serve_step(unit, step, lane, &mut together);
            if sound || !self.reached_after_all(unit, lane, &together.lowest) {
                break;
            }
            together.undo.restore(unit, &together.part, self.lanes, lane);
            for (&pressure, &number) in together.began.iter().zip(&unit.feedback) {
                let place = self.lanes.place(number, lane);
                self.lanes.pressures[place] = pressure;
            }
        }
        let end = self.paths.block.time(step);
        for (member, &market) in unit.members.iter().enumerate() {
            let flagged = self.work.flags[member * self.lanes.paths + lane];
            self.active_steps += u64::from(flagged);
            let sold = unit.feedback_of[member].is_some_and(|own| together.lowest[own].is_some());
            if flagged || sold {
                self.lanes.rearm(self.system, market, lane, end);
            }
        }
        self.work.together = together;
    }

    /// The active markets of a unit on a path, with all that draw on the same pools.
    fn concerned(&self, unit: &Unit, lane: usize, part: &mut Part) {
        part.drawn.clear();
        part.drawn.resize(unit.pools.len(), false);
        for (member, &pool) in unit.pool_of.iter().enumerate() {
            part.drawn[pool] |= self.work.flags[member * self.lanes.paths + lane];
        }
        let Part { members, pools, drawn } = part;
        members.clear();
        members.extend((0..unit.members.len()).filter(|&member| drawn[unit.pool_of[member]]));
        pools.clear();
        pools.extend((0..unit.pools.len()).filter(|&pool| drawn[pool]));
    }

    /// Works off the intervals of the markets concerned, in order of time.
    fn serve_step(&mut self, unit: &Unit, step: usize, lane: usize, together: &mut Together) {
        let Together { part, events, buffers, began, lowest, .. } = together;
        events.clear();
        let mut in_order = true;
        for &member in &part.members {
            let (market, cell) = (unit.members[member], member * self.lanes.paths + lane);
            let (idle, split) = (!self.work.flags[cell], self.work.split[cell]);
            let view = self.views[member];
            let mut start = view.start;
            let impact = self.lanes.felt(self.system, market, lane, start);
            let expected = self.work.expected[cell];
            let open = view.open(lane) * self.lanes.scale[self.lanes.place(market, lane)] * impact;
            let mut open = Some(open);
            if !split {
                let quote = view.whole(lane);
                let latency = self.latency(market, lane, start, &quote);
                events.push(Event { member, market, quote, start, open, latency, idle, expected });
                continue;
            }
            in_order = false;
            self.read(market, step, lane);
            for index in 0..self.work.quote.len() {
                let quote = self.work.quote[index];
                let latency = self.latency(market, lane, start, &quote);
                let open = open.take();
                events.push(Event { member, market, quote, start, open, latency, idle, expected });
                start = quote.end;
            }
        }
        if !in_order {
            // Stably: markets in their order among intervals that end together.
            events.sort_by(|a, b| a.quote.end.total_cmp(&b.quote.end));
        }
        lowest.clear();
        lowest.resize(unit.feedback.len(), None);
        let mut first = 0;
        while let Some(end) = events.get(first).map(|event| event.quote.end) {
            let count = events[first..].iter().take_while(|event| event.quote.end == end).count();
            let mut crash = None;
            for &pool in &part.pools {
                crash = self.crash(unit.pools[pool], lane, end).or(crash);
            }
            let ending = &events[first..first + count];
            event::serve((self.system, unit, &part.pools), self.lanes, lane, ending, crash, buffers);
            for ((lowest, began), &number) in lowest.iter_mut().zip(&*began).zip(&unit.feedback) {
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
    fn reached_after_all(&mut self, unit: &Unit, lane: usize, lowest: &[Option<f64>]) -> bool {
        let mut any = false;
        for (member, &market) in unit.members.iter().enumerate() {
            let place = member * self.lanes.paths + lane;
            let factor = unit.feedback_of[member].and_then(|own| lowest[own]);
            let Some(factor) = factor.filter(|_| !self.work.flags[place]) else { continue };
            let threshold = self.lanes.threshold_under(market, lane, factor);
            if threshold > 0.0 && self.work.lowest[place] <= threshold {
                self.work.flags[place] = true;
                any = true;
            }
        }
        any
    }
}
