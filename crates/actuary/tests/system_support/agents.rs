//! The oracle of the system: one path, every loan of every market visited at every event.

use seawall_actuary::{
    liquidation::{ByRegime, Feedback, ImpactShape, Reservoir},
    price::{BlockInterval, PathBlock},
};

const HOURS: f64 = 8760.0;
/// Debt that is rounding and no demand.
const SPECK: f64 = 1e-13;

/// A market as the oracle sees it: its debt token is the unit of account.
#[derive(Clone, Debug)]
pub struct AgentMarket {
    /// (break price, debt, collateral, threshold) of every loan, prices at the snapshot's scale.
    pub loans: Vec<(f64, f64, f64, f64)>,
    pub spot: f64,
    pub keep: f64,
    pub column: usize,
    pub pool: usize,
    pub delay_hours: ByRegime,
}

/// What the oracle runs with.
#[derive(Clone, Debug, Default)]
pub struct AgentSystem {
    pub markets: Vec<AgentMarket>,
    /// Depth per hour of each pool.
    pub pools: Vec<ByRegime>,
    pub reservoir: Option<Reservoir>,
    pub feedback: Vec<Feedback>,
    /// Congestion: hours added, and the spells (from, until).
    pub extra_hours: f64,
    pub congestion: Vec<(f64, f64)>,
    /// Outages of each column's oracle.
    pub outages: Vec<Vec<(f64, f64)>>,
}

/// From when until when.
type MaybeSpell = Option<(f64, f64)>;

struct Loan {
    h: f64,
    debt: f64,
    collateral: f64,
    threshold: f64,
}

struct State {
    loans: Vec<Loan>,
    open: f64,
    start: f64,
    observed: f64,
    /// (time, lowest, last) of what has not been seen yet.
    queue: Vec<(f64, f64, f64)>,
    loss: f64,
}

struct Pool {
    fill: f64,
    shrink: f64,
    time: f64,
    /// Within an event: capacity as a rate, or the reservoir's level; time left.
    left: f64,
    level: f64,
    years: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum When {
    Start,
    Even,
    Now,
}

/// Losses of each market on one path, with what is unserved and under water at the end.
pub fn losses(system: &AgentSystem, block: &PathBlock, path: usize) -> Vec<f64> {
    let mut events: Vec<(f64, usize, BlockInterval)> = Vec::new();
    for (market, m) in system.markets.iter().enumerate() {
        let mut intervals = Vec::new();
        block.intervals(path, m.column, &mut intervals);
        events.extend(intervals.into_iter().map(|i| (i.time, market, i)));
    }
    events.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut world = World::new(system);
    for group in events.chunk_by(|a, b| a.0 == b.0) {
        let crash: f64 =
            block.crashes().iter().filter(|c| c.path == path && c.time == group[0].0).map(|c| c.size).sum();
        world.event(group, crash);
    }
    let end = block.time(block.steps() - 1);
    (0..system.markets.len())
        .map(|m| {
            let price = block.close(block.steps() - 1, system.markets[m].column)[path]
                * system.markets[m].spot
                * world.impact(m, end);
            let keep = system.markets[m].keep;
            let open = world.states[m].loans.iter().filter(|l| l.h >= price);
            world.states[m].loss + open.map(|l| (l.debt - keep * price * l.collateral).max(0.0)).sum::<f64>()
        })
        .collect()
}

struct World<'a> {
    system: &'a AgentSystem,
    states: Vec<State>,
    pools: Vec<Pool>,
    /// (value, time) of forced sales of each impact.
    sold: Vec<(f64, f64)>,
}

/// Where to sell: at the price, or a share `1 - lag` of the way back at the own break price.
#[derive(Clone, Copy)]
struct Order {
    market: usize,
    trigger: f64,
    price: f64,
    lag: f64,
}

impl<'a> World<'a> {
    fn new(system: &'a AgentSystem) -> Self {
        let states = system
            .markets
            .iter()
            .map(|m| State {
                loans: m
                    .loans
                    .iter()
                    .map(|&(h, debt, collateral, threshold)| Loan { h, debt, collateral, threshold })
                    .collect(),
                open: m.spot,
                start: 0.0,
                observed: m.spot,
                queue: Vec::new(),
                loss: 0.0,
            })
            .collect();
        let pool = |_| Pool { fill: 1.0, shrink: 0.0, time: 0.0, left: 0.0, level: 0.0, years: 0.0 };
        let pools = (0..system.pools.len()).map(pool).collect();
        Self { system, states, pools, sold: vec![(0.0, 0.0); system.feedback.len()] }
    }

    fn impact(&self, market: usize, time: f64) -> f64 {
        let mut log = 0.0;
        for (feedback, &(value, since)) in self.system.feedback.iter().zip(&self.sold) {
            if feedback.markets.contains(&market) {
                let left = value * 0.5_f64.powf((time - since).max(0.0) * HOURS / feedback.half_life_hours);
                let share = left / feedback.depth;
                log += feedback.impact
                    * if feedback.shape == ImpactShape::Linear { share } else { share.sqrt() };
            }
        }
        (-log).exp()
    }

    /// Sold values become pressure.
    fn press(&mut self, fresh: &mut [f64], time: f64) {
        for (number, value) in fresh.iter_mut().enumerate() {
            if *value > 0.0 {
                let (old, since) = self.sold[number];
                let half = self.system.feedback[number].half_life_hours;
                let left = old * 0.5_f64.powf((time - since).max(0.0) * HOURS / half);
                self.sold[number] = (left + *value, time);
                *value = 0.0;
            }
        }
    }

    fn event(&mut self, group: &[(f64, usize, BlockInterval)], crash: f64) {
        let end = group[0].0;
        let near = |years: f64| 1e-9 * years;
        let mut fresh = vec![0.0; self.sold.len()];
        // Prices of each market's interval, forced sales included.
        let mut prices = Vec::new();
        for &(_, m, i) in group {
            let state = &mut self.states[m];
            let (start, spot) = (state.start, self.system.markets[m].spot);
            let first = spot * self.impact(m, start);
            let last = spot * self.impact(m, end);
            prices.push((i.low * first, i.close * last, i.after));
        }
        for number in 0..self.pools.len() {
            let of_pool = group.iter().filter(|e| self.system.markets[e.1].pool == number);
            let start = of_pool.clone().map(|e| self.states[e.1].start).fold(f64::INFINITY, f64::min);
            if start.is_finite() {
                let stressed = of_pool.clone().any(|e| e.2.stressed);
                self.open_pool(number, start, end, stressed);
            }
        }
        let late: Vec<(f64, f64, MaybeSpell, MaybeSpell)> = group
            .iter()
            .map(|&(_, m, i)| {
                let market = &self.system.markets[m];
                let start = self.states[m].start;
                let touching = |spells: &[(f64, f64)]| {
                    let touch: Vec<_> = spells.iter().filter(|s| s.0 <= end && s.1 > start).collect();
                    touch.first().map(|s| (s.0, touch.last().unwrap().1))
                };
                let outages = self.system.outages.get(market.column).map_or(&[][..], |o| &o[..]);
                let extra = self.system.extra_hours / HOURS;
                (
                    market.delay_hours.get(i.stressed) / HOURS,
                    extra,
                    touching(&self.system.congestion),
                    touching(outages),
                )
            })
            .collect();
        // The oracle that comes back shows the price of that moment.
        for (at, &(_, m, _)) in group.iter().enumerate() {
            if let Some((_, until)) = late[at].3 {
                let start = self.states[m].start;
                if until <= end + near(end - start) && until > start + near(end - start) {
                    let price = self.between(m, prices[at].1, until, end);
                    self.states[m].queue.push((until, price, price));
                }
            }
        }
        // Late observations, moment by moment.
        let mut news = vec![false; group.len()];
        loop {
            let due = |world: &Self, at: usize| -> Option<f64> {
                let m = group[at].1;
                let start = world.states[m].start;
                let (delay, extra, congestion, _) = late[at];
                let seen = world.states[m].queue.first()?.0;
                let mut moment = seen + delay;
                if let Some((from, until)) = congestion
                    && from <= moment
                {
                    moment = (moment + extra).min(moment.max(until));
                }
                (moment <= end + near(end - start)).then(|| moment.max(start).min(end))
            };
            let first = (0..group.len()).filter_map(|at| due(self, at)).fold(f64::INFINITY, f64::min);
            if first.is_infinite() {
                break;
            }
            let mut orders = Vec::new();
            for at in 0..group.len() {
                if due(self, at) == Some(first) {
                    let m = group[at].1;
                    let price = self.between(m, prices[at].1, first, end);
                    let mut low = f64::INFINITY;
                    while due(self, at) == Some(first) {
                        let seen = self.states[m].queue.remove(0);
                        low = low.min(seen.1);
                        self.states[m].observed = seen.2;
                    }
                    news[at] = true;
                    orders.push(Order { market: m, trigger: low, price, lag: 1.0 });
                }
            }
            self.serve(&orders, When::Now, end - first, &mut fresh);
        }
        let mut orders = Vec::new();
        let mut seen_at_end = vec![false; group.len()];
        let mut crossing_seen = vec![false; group.len()];
        let mut hidden = vec![(false, false); group.len()];
        for (at, &(_, m, _)) in group.iter().enumerate() {
            let state = &self.states[m];
            let (years, tolerance) = (end - state.start, near(end - state.start));
            let (delay, extra, congestion, outage) = late[at];
            let covers = |spell: Option<(f64, f64)>, time: f64| {
                spell.is_some_and(|s| s.0 <= time + tolerance && time + tolerance < s.1)
            };
            let part = |spell: Option<(f64, f64)>| {
                spell.map_or(0.0, |s| (s.1.min(end) - s.0.max(state.start)).max(0.0))
            };
            let blind = delay + extra * part(congestion) / years + part(outage);
            hidden[at] = (covers(outage, end), outage.is_some_and(|o| o.0 < end - tolerance));
            seen_at_end[at] = delay == 0.0 && !covers(congestion, end);
            crossing_seen[at] = blind < years && !(hidden[at].0 && hidden[at].1);
            let close = prices[at].1;
            let is_late = delay > 0.0 || covers(congestion, state.start) || covers(outage, state.start);
            if !is_late {
                let trigger = state.open.max(close);
                orders.push((When::Start, Order { market: m, trigger, price: close, lag: 1.0 }));
            } else if !news[at] {
                let order = Order { market: m, trigger: state.observed, price: close, lag: 1.0 };
                orders.push((When::Start, order));
            }
            if crossing_seen[at] {
                let order = Order { market: m, trigger: prices[at].0, price: close, lag: blind / years };
                orders.push((When::Even, order));
            }
        }
        for when in [When::Start, When::Even] {
            let chosen: Vec<Order> = orders.iter().filter(|o| o.0 == when).map(|o| o.1).collect();
            self.serve(&chosen, when, f64::INFINITY, &mut fresh);
        }
        self.press(&mut fresh, end);
        for pool in &mut self.pools {
            if let Some(reservoir) = &self.system.reservoir {
                relax(&mut pool.fill, reservoir.half_life_hours, pool.years);
                pool.years = 0.0;
                pool.level *= (-reservoir.crash_sensitivity * crash).exp();
            }
        }
        let rounds = self.system.feedback.iter().map(|f| f.most_rounds).max().unwrap_or(1);
        for _ in 0..rounds {
            let mut orders = Vec::new();
            for (at, &(_, m, i)) in group.iter().enumerate() {
                if seen_at_end[at] && !hidden[at].0 {
                    let price = i.after * self.system.markets[m].spot * self.impact(m, end);
                    orders.push(Order { market: m, trigger: price, price, lag: 1.0 });
                }
            }
            if !self.serve(&orders, When::Now, 0.0, &mut fresh) || fresh.iter().all(|f| *f == 0.0) {
                break;
            }
            self.press(&mut fresh, end);
        }
        for (at, &(_, m, i)) in group.iter().enumerate() {
            let after = i.after * self.system.markets[m].spot * self.impact(m, end);
            let (low, close, _) = prices[at];
            let state = &mut self.states[m];
            if hidden[at].0 {
                if !hidden[at].1 && seen_at_end[at] {
                    state.observed = close;
                }
            } else if seen_at_end[at] {
                state.observed = after;
            } else {
                let low = if crossing_seen[at] { after } else { low.min(after) };
                state.queue.push((end, low, after));
            }
            state.open = after;
            state.start = end;
        }
        let concerned = |pool: usize| group.iter().any(|e| self.system.markets[e.1].pool == pool);
        for number in (0..self.pools.len()).filter(|&number| concerned(number)) {
            let pool = &mut self.pools[number];
            if let Some(reservoir) = &self.system.reservoir {
                fade(&mut pool.shrink, reservoir.crash_half_life_hours, end - pool.time);
                pool.shrink += reservoir.crash_sensitivity * crash;
            }
            pool.time = end;
        }
    }

    fn between(&self, m: usize, close: f64, moment: f64, end: f64) -> f64 {
        let state = &self.states[m];
        let passed = ((moment - state.start) / (end - state.start)).clamp(0.0, 1.0);
        state.open + (close - state.open) * passed
    }

    fn open_pool(&mut self, number: usize, start: f64, end: f64, stressed: bool) {
        let rate = self.system.pools[number].get(stressed) * HOURS;
        let pool = &mut self.pools[number];
        match &self.system.reservoir {
            None => pool.left = if rate.is_finite() { rate * (end - start.max(pool.time)) } else { rate },
            Some(reservoir) => {
                if start > pool.time {
                    relax(&mut pool.fill, reservoir.half_life_hours, start - pool.time);
                    fade(&mut pool.shrink, reservoir.crash_half_life_hours, start - pool.time);
                    pool.time = start;
                }
                pool.years = end - pool.time;
                let mut middle = pool.shrink;
                fade(&mut middle, reservoir.crash_half_life_hours, pool.years / 2.0);
                pool.level = rate / (2.0_f64.ln() * HOURS / reservoir.half_life_hours) * (-middle).exp();
            }
        }
    }

    /// Serves orders loan by loan, in each pool those that broke first over spot first. True if anything was sold.
    fn serve(&mut self, orders: &[Order], when: When, years_left: f64, fresh: &mut [f64]) -> bool {
        let mut any = false;
        for number in 0..self.pools.len() {
            let mut queue: Vec<(f64, usize, usize)> = Vec::new();
            for (at, order) in orders.iter().enumerate() {
                let market = &self.system.markets[order.market];
                if market.pool != number {
                    continue;
                }
                for (index, loan) in self.states[order.market].loans.iter().enumerate() {
                    if loan.h >= order.trigger && loan.debt > SPECK {
                        queue.push((loan.h / market.spot, at, index));
                    }
                }
            }
            queue.sort_by(|a, b| {
                let threshold =
                    |x: &(f64, usize, usize)| self.states[orders[x.1].market].loans[x.2].threshold;
                b.0.total_cmp(&a.0).then(threshold(a).total_cmp(&threshold(b)))
            });
            let demand: f64 =
                queue.iter().map(|&(_, at, index)| self.states[orders[at].market].loans[index].debt).sum();
            if demand <= SPECK {
                continue;
            }
            let reservoir = self.system.reservoir;
            let pool = &mut self.pools[number];
            if let Some(reservoir) = &reservoir
                && years_left < pool.years
            {
                relax(&mut pool.fill, reservoir.half_life_hours, pool.years - years_left);
                pool.years = years_left;
            }
            let limit = match &reservoir {
                None => pool.left,
                Some(reservoir) => limit(pool, reservoir, when, demand),
            };
            let mut left = if limit > SPECK { limit.min(demand) } else { 0.0 };
            let sold = left;
            for (_, at, index) in queue {
                let order = orders[at];
                let keep = self.system.markets[order.market].keep;
                let state = &mut self.states[order.market];
                let loan = &mut state.loans[index];
                let debt = match left {
                    left if left > loan.debt - SPECK => loan.debt,
                    left if left > SPECK => left,
                    _ => 0.0,
                };
                let collateral =
                    if debt == loan.debt { loan.collateral } else { loan.collateral * debt / loan.debt };
                let price = (1.0 - order.lag) * loan.h + order.lag * order.price;
                state.loss += (debt - keep * price * collateral).max(0.0);
                loan.debt -= debt;
                loan.collateral -= collateral;
                left = (left - debt).max(0.0);
                for (number, feedback) in self.system.feedback.iter().enumerate() {
                    if feedback.markets.contains(&order.market) {
                        fresh[number] += debt;
                    }
                }
                any |= debt > 0.0;
            }
            let pool = &mut self.pools[number];
            match &reservoir {
                None => pool.left -= sold,
                Some(reservoir) => take(pool, reservoir, when, demand, sold),
            }
        }
        any
    }
}

fn relax(fill: &mut f64, half_life_hours: f64, years: f64) {
    *fill = 1.0 - (1.0 - *fill) * 0.5_f64.powf(years * HOURS / half_life_hours);
}

fn fade(value: &mut f64, half_life_hours: f64, years: f64) {
    *value *= 0.5_f64.powf(years * HOURS / half_life_hours);
}

/// How full a reservoir is after a demand that came evenly, if it never runs dry.
fn after_even(pool: &Pool, rate: f64, demand: f64, years: f64) -> f64 {
    let passed = -(-rate * years).exp_m1();
    pool.fill * (1.0 - passed) + passed - passed * (demand / pool.level) / (rate * pool.years)
}

fn limit(pool: &Pool, reservoir: &Reservoir, when: When, demand: f64) -> f64 {
    let rate = 2.0_f64.ln() * HOURS / reservoir.half_life_hours;
    if pool.level == 0.0 {
        return 0.0;
    }
    match when {
        When::Now => pool.fill * pool.level,
        When::Start => pool.level * (pool.fill + rate * pool.years),
        When::Even if pool.years <= 0.0 => pool.fill * pool.level,
        When::Even => {
            if after_even(pool, rate, demand, pool.years) >= 0.0 {
                return demand;
            }
            // The moment at which it runs dry, by bisection.
            let (mut low, mut high) = (0.0, pool.years);
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                if after_even(pool, rate, demand, middle) > 0.0 { low = middle } else { high = middle }
            }
            demand * low / pool.years + rate * pool.level * (pool.years - low)
        }
    }
}

fn take(pool: &mut Pool, reservoir: &Reservoir, when: When, demand: f64, sold: f64) {
    if pool.level == 0.0 || pool.level.is_infinite() {
        return;
    }
    let rate = 2.0_f64.ln() * HOURS / reservoir.half_life_hours;
    let share = sold / pool.level;
    match when {
        When::Now => pool.fill = (pool.fill - share).max(0.0),
        When::Start if share <= pool.fill => pool.fill -= share,
        When::Start => {
            let dry = (share - pool.fill) / rate;
            pool.years = if pool.years - dry < 1e-12 * pool.years { 0.0 } else { pool.years - dry };
            pool.fill = 0.0;
        }
        When::Even if pool.years <= 0.0 => pool.fill = (pool.fill - share).max(0.0),
        When::Even => {
            pool.fill = after_even(pool, rate, demand, pool.years).max(0.0);
            pool.years = 0.0;
        }
    }
}
