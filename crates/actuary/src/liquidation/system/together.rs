//! A step of markets that share depth or price impact, on one path.

use super::{
    event::{self, Event, EventBuffers},
    run::Run,
    units::Unit,
};

/// Buffers of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Together {
    /// What of the unit the step concerns on this path.
    part: Part,
    events: Vec<Event>,
    buffers: EventBuffers,
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

impl Run<'_> {
    /// Carries a unit through a step on one path on which a market of it is active.
    pub(super) fn carry(&mut self, unit: &Unit, step: usize, lane: usize) {
        let mut together = core::mem::take(&mut self.work.together);
        if !unit.feedback.is_empty() {
            // Forced sales may reach any market that they move the price of.
            for member in 0..unit.members.len() {
                self.work.flags[member * self.lanes.paths + lane] = true;
            }
        }
        self.concerned(unit, lane, &mut together.part);
        self.serve_step(unit, step, lane, &mut together);
        let end = self.paths.block.time(step);
        for (member, &market) in unit.members.iter().enumerate() {
            if self.work.flags[member * self.lanes.paths + lane] {
                self.active_steps += 1;
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
        let Together { part, events, buffers } = together;
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
        let mut first = 0;
        while let Some(end) = events.get(first).map(|event| event.quote.end) {
            let count = events[first..].iter().take_while(|event| event.quote.end == end).count();
            let mut crash = None;
            for &pool in &part.pools {
                crash = self.crash(unit.pools[pool], lane, end).or(crash);
            }
            let ending = &events[first..first + count];
            event::serve((self.system, unit, &part.pools), self.lanes, lane, ending, crash, buffers);
            first += count;
        }
    }
}
