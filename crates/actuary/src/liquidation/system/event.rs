//! The intervals of a unit's markets that end at one moment on one path, served jointly.

use core::ops::Range;

use super::{System, lanes::Lanes, quotes::Quote, run::Expected, units::Unit};
use crate::liquidation::{
    Interval,
    latency::{Latency, Pass},
    state::Order,
    supply::{Filling, Supply},
};

/// An interval of one market.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// Place of the market in its unit.
    pub member: usize,
    /// Number of the market.
    pub market: usize,
    /// Its prices, relative to time 0.
    pub quote: Quote,
    pub start: f64,
    /// Ladder price at the beginning of the market's first interval in a step; none for those that follow.
    pub open: Option<f64>,
    pub latency: Latency,
    /// Whether the market has nothing to do; its interval still cuts the time in which its pool's capacity accrues.
    pub idle: bool,
    /// What has been looked up for it.
    pub expected: Expected,
}

/// A market within its interval.
#[derive(Clone, Copy, Debug)]
struct Running {
    market: usize,
    /// Places of its pool and its impact in the unit.
    pool: usize,
    impact: Option<usize>,
    expected: Expected,
    pass: Pass,
    latency: Latency,
    /// Ladder price after the interval, without forced sales.
    plain: f64,
    /// Value of a debt token at the end.
    debt_value: f64,
}

/// An order of a running market.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    running: usize,
    /// Place of its pool in the unit.
    pool: usize,
    order: Order,
    /// The ladder's reach at the trigger.
    broken: usize,
    /// Debt, in units of the pool.
    demand: f64,
}

/// Buffers.
#[derive(Clone, Debug, Default)]
pub(super) struct EventBuffers {
    running: Vec<Running>,
    /// Of each pool of the unit; none for a pool without a market in the event.
    supplies: Vec<Option<Supply>>,
    /// When the first interval of each pool of the unit began, and whether one of them is under stress.
    opened: Vec<Option<(f64, bool)>>,
    wanted: Vec<Wanted>,
    /// Value sold in each impact and not yet felt.
    sold: Vec<f64>,
}

/// An event being worked off.
struct Joint<'a> {
    system: &'a System,
    unit: &'a Unit,
    /// Places in the unit of the pools that the step concerns.
    pools: &'a [usize],
    lanes: &'a mut Lanes,
    lane: usize,
    buffers: &'a mut EventBuffers,
}

/// Serves the intervals that end together. `crash` is the size of a crash at that moment.
pub(super) fn serve(
    (system, unit, pools): (&System, &Unit, &[usize]),
    lanes: &mut Lanes,
    lane: usize,
    events: &[Event],
    crash: Option<f64>,
    buffers: &mut EventBuffers,
) {
    let Some(end) = events.first().map(|event| event.quote.end) else { return };
    let mut joint = Joint { system, unit, pools, lanes, lane, buffers };
    joint.enter(events);
    joint.open(events, end);
    joint.observations(end);
    for filling in [Filling::Backlog, Filling::Crossing] {
        joint.orders(|pass, state| match filling {
            Filling::Backlog => state.backlog_order(pass),
            _ => pass.crossing(),
        });
    }
    joint.felt(end);
    joint.jumps(end, crash);
    joint.leave(end, crash);
}

impl Joint<'_> {
    fn state(&mut self, market: usize) -> &mut crate::liquidation::LadderState {
        let place = self.lanes.place(market, self.lane);
        &mut self.lanes.states[place]
    }

    fn enter(&mut self, events: &[Event]) {
        self.buffers.running.clear();
        self.buffers.sold.clear();
        self.buffers.sold.resize(self.unit.feedback.len(), 0.0);
        for &Event { member, market, quote, start, open, latency, expected, .. } in
            events.iter().filter(|event| !event.idle)
        {
            let place = self.lanes.place(market, self.lane);
            let scale = self.lanes.scale[place];
            let before = scale * self.lanes.felt(self.system, market, self.lane, start);
            let at_end = scale * self.lanes.felt(self.system, market, self.lane, quote.end);
            let interval = Interval {
                low: quote.low * before,
                close: quote.close * at_end,
                after: quote.after * at_end,
                years: quote.end - start,
                stressed: quote.stressed,
            };
            let debt_value = self.lanes.debt_scale[place] * quote.debt;
            let state = self.state(market);
            if let Some(open) = open {
                state.open(open, start);
            }
            let pass = state.enter(&interval, quote.end, &latency);
            let (pool, impact) = (self.unit.pool_of[member], self.unit.feedback_of[member]);
            let plain = quote.after * scale;
            let running = Running { market, pool, impact, expected, pass, latency, plain, debt_value };
            self.buffers.running.push(running);
        }
    }

    /// Opens the pools: for the time since they were last drawn on, or since the first of the intervals began.
    fn open(&mut self, events: &[Event], end: f64) {
        let EventBuffers { supplies, opened, .. } = &mut *self.buffers;
        opened.clear();
        opened.resize(self.unit.pools.len(), None);
        for event in events {
            let entry = &mut opened[self.unit.pool_of[event.member]];
            let (start, stressed) = entry.unwrap_or((event.start, false));
            *entry = Some((start.min(event.start), stressed | event.quote.stressed));
        }
        supplies.clear();
        supplies.resize(self.unit.pools.len(), None);
        for &pool in self.pools {
            let Some((start, stressed)) = opened[pool] else { continue };
            let number = self.unit.pools[pool];
            let tank = &mut self.lanes.tanks[number * self.lanes.paths + self.lane];
            supplies[pool] = Some(self.system.sources[number].open(tank, start, end, stressed));
        }
    }

    /// Observations that come to light, moment by moment.
    fn observations(&mut self, end: f64) {
        loop {
            let mut first = f64::INFINITY;
            for number in 0..self.buffers.running.len() {
                let Running { market, pass, latency, .. } = self.buffers.running[number];
                let due = self.state(market).due(&pass, &latency);
                first = first.min(due.unwrap_or(f64::INFINITY));
            }
            if first == f64::INFINITY {
                break;
            }
            self.buffers.wanted.clear();
            for number in 0..self.buffers.running.len() {
                let Running { market, mut pass, latency, .. } = self.buffers.running[number];
                let state = self.state(market);
                if state.due(&pass, &latency) == Some(first) {
                    let order = state.see(&mut pass, &latency, first);
                    self.buffers.running[number].pass = pass;
                    self.want(number, order);
                }
            }
            self.fill(end - first);
        }
    }

    /// Orders of one kind of all markets.
    fn orders(&mut self, order: impl Fn(&Pass, &crate::liquidation::LadderState) -> Option<Order>) {
        self.buffers.wanted.clear();
        for number in 0..self.buffers.running.len() {
            let Running { market, pass, .. } = self.buffers.running[number];
            if let Some(order) = order(&pass, self.state(market)) {
                self.want(number, order);
            }
        }
        self.fill(f64::INFINITY);
    }

    fn want(&mut self, running: usize, order: Order) {
        let Running { market, pool, expected, .. } = self.buffers.running[running];
        let ladder = self.system.markets[market].ladder();
        let state = &self.lanes.states[self.lanes.place(market, self.lane)];
        if order.trigger > state.next_break() {
            return;
        }
        let (broken, rung) = expected.reach(ladder, state.first(), order.trigger);
        let demand = state.demand_before(ladder, &rung) * self.system.weight[market];
        if demand > 0.0 {
            self.buffers.wanted.push(Wanted { running, pool, order, broken, demand });
        }
    }

    /// The jump at the end, in rounds while forced sales move prices.
    fn jumps(&mut self, end: f64, crash: Option<f64>) {
        if let Some(size) = crash {
            for &pool in self.pools {
                if let Some(supply) = &mut self.buffers.supplies[pool] {
                    supply.shrink(self.system.sources[self.unit.pools[pool]].left_by_crash(size));
                }
            }
        }
        let rounds =
            self.unit.feedback.iter().map(|&number| self.system.options.feedback[number].most_rounds);
        for _ in 0..rounds.max().unwrap_or(1) {
            self.buffers.wanted.clear();
            for number in 0..self.buffers.running.len() {
                if self.buffers.running[number].pass.jump_is_seen() {
                    let after = self.after(number, end);
                    self.want(number, Order::at_once(after));
                }
            }
            if !self.fill(0.0) || !self.felt(end) {
                break;
            }
        }
    }

    /// Ladder price after the interval as forced sales have left it.
    fn after(&mut self, running: usize, end: f64) -> f64 {
        let Running { market, plain, .. } = self.buffers.running[running];
        plain * self.lanes.felt(self.system, market, self.lane, end)
    }

    /// Adds what was sold to the pressure on prices. True if a price has moved.
    fn felt(&mut self, end: f64) -> bool {
        let mut moved = false;
        for (sold, &number) in self.buffers.sold.iter_mut().zip(&self.unit.feedback) {
            if *sold > 0.0 {
                let place = self.lanes.place(number, self.lane);
                self.lanes.pressures[place].add(&self.system.options.feedback[number], end, *sold);
                moved |= self.system.options.feedback[number].impact > 0.0;
                *sold = 0.0;
            }
        }
        moved
    }

    fn leave(&mut self, end: f64, crash: Option<f64>) {
        for number in 0..self.buffers.running.len() {
            let (after, Running { market, pass, .. }) =
                (self.after(number, end), self.buffers.running[number]);
            self.state(market).leave(&pass, after);
        }
        for &pool in self.pools {
            let number = self.unit.pools[pool];
            let source = &self.system.sources[number];
            let place = self.lanes.place(number, self.lane);
            let tank = &mut self.lanes.tanks[place];
            if let Some(supply) = self.buffers.supplies[pool] {
                supply.close(source, tank, end);
            }
            if let Some(size) = crash {
                source.crash(tank, end, size);
            }
        }
    }

    /// Serves what is wanted, pool by pool, so many years before the end at the latest. True if anything was sold.
    fn fill(&mut self, years_left: f64) -> bool {
        let wanted = &mut self.buffers.wanted;
        if !wanted.is_sorted_by_key(|wanted| wanted.pool) {
            // Stably: markets of a pool in their order.
            wanted.sort_by_key(|wanted| wanted.pool);
        }
        let (mut any, mut first) = (false, 0);
        while let Some(pool) = self.buffers.wanted.get(first).map(|wanted| wanted.pool) {
            let after = self.buffers.wanted[first..].iter().take_while(|wanted| wanted.pool == pool).count();
            any |= self.fill_pool(pool, first..first + after, years_left);
            first += after;
        }
        any
    }

    /// Serves what is wanted from one pool.
    fn fill_pool(&mut self, pool: usize, range: Range<usize>, years_left: f64) -> bool {
        let (mut total, mut filling) = (0.0, Filling::Moment);
        for wanted in &self.buffers.wanted[range.clone()] {
            total += wanted.demand;
            filling = wanted.order.filling;
        }
        let Some(supply) = &mut self.buffers.supplies[pool] else { return false };
        supply.advance(years_left);
        let limit = supply.limit(filling, total);
        if limit <= 0.0 {
            return false;
        }
        let level = match &self.buffers.wanted[range.clone()] {
            _ if total <= limit => f64::NEG_INFINITY,
            [one] => self.level_of_one(one, limit),
            _ => self.level(range.clone(), limit),
        };
        let (mut left, mut sold) = (limit, 0.0);
        // First what lies above the level, then what lies on it, as far as capacity goes.
        for above in [true, false] {
            if !above && level == f64::NEG_INFINITY {
                break;
            }
            for number in range.clone() {
                if left <= 0.0 {
                    break;
                }
                let Wanted { running, order, broken, .. } = self.buffers.wanted[number];
                let Running { market, impact, debt_value, .. } = self.buffers.running[running];
                let (model, weight) = (&self.system.markets[market], self.system.weight[market]);
                let (ladder, keep) = (model.ladder(), model.service().keep());
                let place = self.lanes.place(market, self.lane);
                let state = &mut self.lanes.states[place];
                let served = if level == f64::NEG_INFINITY {
                    state.serve_until(ladder, keep, broken, order.sale, f64::INFINITY)
                } else {
                    let floor = if above { level.next_up() } else { level };
                    let trigger = order.trigger.max(floor * model.spot());
                    let cap = if above { f64::INFINITY } else { left / weight };
                    state.serve(ladder, keep, trigger, order.sale, cap)
                };
                left -= served.debt * weight;
                sold += served.debt * weight;
                self.lanes.realised[place] += served.loss * debt_value;
                if let Some(own) = impact {
                    self.buffers.sold[own] += served.debt * debt_value;
                }
            }
        }
        if let Some(supply) = &mut self.buffers.supplies[pool] {
            supply.take(filling, total, sold);
        }
        sold > 0.0
    }

    /// As [`Joint::level`], for the only order of a pool: that price is a position's, or the next above or below.
    fn level_of_one(&self, wanted: &Wanted, limit: f64) -> f64 {
        let market = self.buffers.running[wanted.running].market;
        let (model, weight) = (&self.system.markets[market], self.system.weight[market]);
        let state = &self.lanes.states[self.lanes.place(market, self.lane)];
        let (ladder, first) = (model.ladder(), state.first());
        let most = first..wanted.broken;
        let fits = |place: &usize| state.demand_until(ladder, place + 1) * weight <= limit;
        // The first position that is too much.
        let (mut from, mut to) = (most.start, most.end);
        while from < to {
            let middle = from + (to - from) / 2;
            if fits(&middle) { from = middle + 1 } else { to = middle }
        }
        let price = ladder.order()[from.min(ladder.len())].h;
        let mut level = price / model.spot();
        while level * model.spot() > price {
            level = level.next_down();
        }
        while level.next_up() * model.spot() <= price {
            level = level.next_up();
        }
        level
    }

    /// The highest break price over spot at and above which more debt is wanted from a pool than it can sell: the bits
    /// of positive floats rise with them, so that halving their distance ends at neighbours.
    fn level(&self, range: Range<usize>, limit: f64) -> f64 {
        let wanted = || self.buffers.wanted[range.clone()].iter();
        let above = |level: f64| -> f64 {
            wanted()
                .map(|w| {
                    let market = self.buffers.running[w.running].market;
                    let model = &self.system.markets[market];
                    let state = &self.lanes.states[self.lanes.place(market, self.lane)];
                    let trigger = w.order.trigger.max(level * model.spot());
                    state.demand(model.ladder(), trigger) * self.system.weight[market]
                })
                .sum()
        };
        let ratio = |market: usize, price: f64| price / self.system.markets[market].spot();
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for w in wanted() {
            let market = self.buffers.running[w.running].market;
            let state = &self.lanes.states[self.lanes.place(market, self.lane)];
            low = low.min(ratio(market, w.order.trigger));
            high = high.max(ratio(market, state.next_break()));
        }
        // At `low` too much is wanted, above `high` nothing is.
        let (mut low, mut high) = (low.next_down().max(0.0).to_bits(), high.next_up().next_up().to_bits());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if above(f64::from_bits(middle)) > limit {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::from_bits(low)
    }
}
