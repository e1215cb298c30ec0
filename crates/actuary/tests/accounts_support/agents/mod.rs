//! The oracle of books of accounts under all conditions of service: every account visited at every order of every
//! interval, nothing skipped, nothing shared with the code it is to check.

mod serve;
mod stock;

use seawall_actuary::{
    book::accounts::AccountBook,
    liquidation::{
        ByRegime, ImpactShape,
        accounts::{Conditions, PathEvents, Seizure},
    },
    price::PricePath,
};

const HOURS: f64 = 8760.0;

pub struct Rules<'a> {
    pub book: &'a AccountBook,
    pub columns: &'a [Option<usize>],
    /// Value of debt an hour, by asset.
    pub depth: Vec<ByRegime>,
    pub seizure: Seizure,
    pub renewal_days: Option<f64>,
    pub conditions: Conditions,
}

#[derive(Clone)]
struct Agent {
    held: Vec<(usize, f64, f64)>,
    owed: Vec<(usize, f64)>,
    opening: Vec<(usize, f64)>,
    dust: bool,
}

/// Stock of one asset's buyers.
#[derive(Clone)]
struct Stock {
    fill: f64,
    shrink: f64,
    time: f64,
    /// Within an interval: time left and level.
    years: f64,
    level: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum When {
    Start,
    Even,
    Now,
}

/// What liquidators see of an asset in an interval.
#[derive(Clone, Copy)]
struct Eye {
    moves: bool,
    late: bool,
    crossing: Option<f64>,
    jump: bool,
    hidden: bool,
    hidden_at_end: bool,
}

/// An order; prices by asset.
struct Order {
    judge: (Vec<f64>, Vec<f64>),
    also: Option<Vec<f64>>,
    sale: Vec<f64>,
    /// Highest prices of debts and how far the sale is from the break; by account.
    at_break: Option<Vec<f64>>,
    when: When,
    left: f64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    News,
    Backlog,
    Crossing,
    Jump,
}

pub fn losses(rules: &Rules<'_>, path: &PricePath, events: &PathEvents) -> (f64, f64) {
    let spot = rules.book.prices();
    let n = spot.len();
    let mut scale = spot.clone();
    let mut world = World {
        rules,
        events,
        agents: Vec::new(),
        stocks: (0..n).map(|_| Stock { fill: 1.0, shrink: 0.0, time: 0.0, years: 0.0, level: 0.0 }).collect(),
        rate: vec![0.0; n],
        sold: vec![0.0; n],
        pressure: vec![(0.0, 0.0); rules.conditions.impacts.len()],
        base: vec![1.0; rules.conditions.impacts.len()],
        observed: spot.clone(),
        shown: spot.clone(),
        queue: Vec::new(),
        bad: 0.0,
        gone: 0.0,
    };
    world.draw();
    let mut next = rules.renewal_days.map_or(f64::INFINITY, |days| days / 365.0);
    let (mut start, mut open) = (0.0, spot.clone());
    let mut after = spot.clone();
    for (row, &end) in path.time.iter().enumerate() {
        let at = |values: &[f64]| -> Vec<f64> {
            (0..n)
                .map(|a| rules.columns[a].map_or(1.0, |c| values[row * path.assets + c]) * scale[a])
                .collect()
        };
        let (low, close) = (at(&path.low), at(&path.close));
        after = at(&path.after);
        world.interval(&open, &low, &close, &after, (start, end), path.stressed[row]);
        open = after.clone();
        let by_now = end * (1.0 + 1e-9);
        let last = row + 1 == path.len();
        if next <= by_now || last {
            let felt: Vec<f64> = (0..n).map(|a| after[a] * world.factor(a, end)).collect();
            world.bad += world.unserved(&felt);
        }
        if next <= by_now && !last {
            for a in 0..n {
                if let Some(c) = rules.columns[a] {
                    scale[a] = spot[a] / path.after[row * path.assets + c];
                }
            }
            open = spot.clone();
            for number in 0..world.base.len() {
                world.base[number] = world.raw_factor(number, end);
            }
            world.observed = spot.clone();
            world.shown = spot.clone();
            world.queue.clear();
            world.draw();
            while next <= by_now {
                next += rules.renewal_days.unwrap() / 365.0;
            }
        }
        start = end;
    }
    let _ = after;
    (world.bad, world.gone)
}

/// Prices of a moment that are still to be seen.
struct Glimpse {
    time: f64,
    low: Vec<f64>,
    high: Vec<f64>,
    last: Vec<f64>,
}

struct World<'a> {
    rules: &'a Rules<'a>,
    events: &'a PathEvents,
    agents: Vec<Agent>,
    stocks: Vec<Stock>,
    /// Without reservoirs: what is left of the interval's capacity.
    rate: Vec<f64>,
    sold: Vec<f64>,
    pressure: Vec<(f64, f64)>,
    base: Vec<f64>,
    observed: Vec<f64>,
    shown: Vec<f64>,
    queue: Vec<Glimpse>,
    bad: f64,
    gone: f64,
}

impl World<'_> {
    fn draw(&mut self) {
        let book = self.rules.book;
        let prices = book.prices();
        self.agents.clear();
        for account in 0..book.len() {
            let held: Vec<(usize, f64, f64)> = book
                .collateral(account)
                .map(|c| (c.asset, c.amount, c.liquidation_threshold.unwrap()))
                .collect();
            let owed: Vec<(usize, f64)> = book.debt(account).map(|d| (d.asset, d.amount)).collect();
            let agent = Agent { held, opening: owed.clone(), owed, dust: false };
            let debt = agent.debt(&prices);
            if debt == 0.0 || agent.secured(&prices) < debt {
                continue;
            }
            let value: f64 = agent.held.iter().map(|h| h.1 * prices[h.0]).sum();
            let bonus: f64 = agent.held.iter().map(|h| h.1 * prices[h.0] * book.assets()[h.0].bonus).sum();
            let dust = debt * bonus / value < self.rules.conditions.gas;
            self.agents.push(Agent { dust, ..agent });
        }
    }

    fn raw_factor(&self, number: usize, time: f64) -> f64 {
        let (impact, (sold, when)) = (&self.rules.conditions.impacts[number], self.pressure[number]);
        let left =
            sold * 0.5_f64.powf((time - when).max(0.0) * HOURS / impact.half_life_hours) / impact.depth;
        let size = match impact.shape {
            ImpactShape::Linear => left,
            ImpactShape::SquareRoot => left.sqrt(),
        };
        (-impact.impact * size).exp()
    }

    fn factor(&self, asset: usize, time: f64) -> f64 {
        let number = self.rules.conditions.impacts.iter().position(|i| i.markets.contains(&asset));
        number.map_or(1.0, |number| self.raw_factor(number, time) / self.base[number])
    }

    fn unserved(&self, prices: &[f64]) -> f64 {
        let broken = self.agents.iter().filter(|a| a.secured(prices) < a.debt(prices));
        broken.map(|a| (a.debt(prices) - self.pays(a, prices)).max(0.0)).sum()
    }

    fn pays(&self, agent: &Agent, prices: &[f64]) -> f64 {
        let bonus = |asset: usize| self.rules.book.assets()[asset].bonus;
        agent.held.iter().map(|h| h.1 * prices[h.0] / (1.0 + bonus(h.0))).sum()
    }

    fn eye(&self, asset: usize, start: f64, end: f64, stressed: bool) -> Eye {
        let c = &self.rules.conditions;
        let (years, near) = (end - start, 1e-9 * (end - start));
        let touching = |spells: &[(f64, f64)]| -> Option<(f64, f64)> {
            // Those that touch the interval, the gaps between them closed.
            let mut one: Option<(f64, f64)> = None;
            for &(from, until) in spells {
                if from <= end && until > start {
                    one = Some(one.map_or((from, until), |o| (o.0.min(from), o.1.max(until))));
                }
            }
            one
        };
        let congestion = c.congestion.as_ref().and_then(|_| touching(&self.events.congestion));
        let moves = self.rules.columns[asset].is_some();
        let outage = match self.events.outages.get(asset) {
            Some(spells) if c.outages.is_some() && moves => touching(spells),
            _ => None,
        };
        let covers = |s: Option<(f64, f64)>, t: f64| s.is_some_and(|s| s.0 <= t + near && t + near < s.1);
        let inside = |s: Option<(f64, f64)>| s.map_or(0.0, |s| (s.1.min(end) - s.0.max(start)).max(0.0));
        let delay = c.delay_hours.get(stressed) / HOURS;
        let extra = c.congestion.as_ref().map_or(0.0, |d| d.extra_hours) / HOURS;
        let blind = delay + extra * inside(congestion) / years + inside(outage);
        let hidden = covers(outage, end);
        let hidden_before = hidden && outage.is_some_and(|o| o.0 < end - near);
        let seen_at_end = delay == 0.0 && !covers(congestion, end);
        Eye {
            moves,
            late: delay > 0.0 || covers(congestion, start) || covers(outage, start),
            crossing: (blind < years && !hidden_before).then_some(blind / years),
            jump: seen_at_end && !hidden,
            hidden,
            hidden_at_end: hidden && !hidden_before && seen_at_end,
        }
    }

    fn interval(
        &mut self,
        open: &[f64],
        low: &[f64],
        close: &[f64],
        after: &[f64],
        (start, end): (f64, f64),
        stressed: bool,
    ) {
        let n = open.len();
        let (years, near) = (end - start, 1e-9 * (end - start));
        let all = |of: &dyn Fn(usize) -> f64| (0..n).map(of).collect::<Vec<f64>>();
        let open = all(&|a| open[a] * self.factor(a, start));
        let close = all(&|a| close[a] * self.factor(a, end));
        let low = all(&|a| (low[a] * self.factor(a, start)).min(open[a]).min(close[a]));
        let high = all(&|a| open[a].max(close[a]));
        let between =
            |a: usize, t: f64| open[a] + (close[a] - open[a]) * ((t - start) / years).clamp(0.0, 1.0);
        self.open_stocks(start, end, stressed);
        let eyes: Vec<Eye> = (0..n).map(|a| self.eye(a, start, end, stressed)).collect();
        // Oracles that come back show the price of that moment.
        let mut backs: Vec<(f64, usize)> = Vec::new();
        for a in (0..n).filter(|&a| eyes[a].moves && self.rules.conditions.outages.is_some()) {
            let Some(spells) = self.events.outages.get(a) else { continue };
            let touch: Vec<_> = spells.iter().filter(|s| s.0 <= end && s.1 > start).collect();
            if let Some(last) = touch.last()
                && last.1 > start + near
                && last.1 <= end + near
            {
                backs.push((last.1, a));
            }
        }
        backs.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (time, back) in backs {
            let still = |a: usize| {
                a != back
                    && self.events.outages.get(a).is_some_and(|s| s.iter().any(|s| s.0 <= time && time < s.1))
            };
            let seen = all(&|a| if still(a) { self.shown[a] } else { between(a, time) });
            self.queue.push(Glimpse { time, low: seen.clone(), high: seen.clone(), last: seen });
        }
        let c = &self.rules.conditions;
        let delay = c.delay_hours.get(stressed) / HOURS;
        let extra = c.congestion.as_ref().map_or(0.0, |d| d.extra_hours) / HOURS;
        let congested: Vec<_> = match c.congestion {
            Some(_) => self.events.congestion.iter().filter(|s| s.0 <= end && s.1 > start).copied().collect(),
            None => Vec::new(),
        };
        let mut news = false;
        while let Some(time) = self.queue.first().map(|glimpse| glimpse.time) {
            let mut moment = time + delay;
            if let (Some(first), Some(last)) = (congested.first(), congested.last())
                && first.0 <= moment
            {
                moment = (moment + extra).min(moment.max(last.1));
            }
            if moment > end + near {
                break;
            }
            let moment = moment.max(start).min(end);
            let Glimpse { low: least, high: most, last, .. } = self.queue.remove(0);
            news = true;
            self.observed = last;
            let sale = all(&|a| between(a, moment));
            let order = Order {
                judge: (least, most),
                also: None,
                sale,
                at_break: None,
                when: When::Now,
                left: end - moment,
                kind: Kind::News,
            };
            self.serve(&order, &eyes, news);
        }
        let late = |a: usize| eyes[a].late && (eyes[a].moves || !self.any_outage(start, end));
        let judged = all(&|a| if late(a) { self.observed[a] } else { close[a] });
        let opened = all(&|a| if late(a) { self.observed[a] } else { open[a] });
        let backlog = Order {
            judge: (judged.clone(), judged),
            also: Some(opened),
            sale: close.clone(),
            at_break: None,
            when: When::Start,
            left: f64::INFINITY,
            kind: Kind::Backlog,
        };
        self.serve(&backlog, &eyes, news);
        let blind = |a: usize| eyes[a].moves && eyes[a].crossing.is_none();
        let least = all(&|a| if blind(a) { self.observed[a] } else { low[a] });
        let most = all(&|a| if blind(a) { self.observed[a] } else { high[a] });
        let crossing = Order {
            judge: (least, most),
            also: None,
            sale: close.clone(),
            at_break: Some(high.clone()),
            when: When::Even,
            left: f64::INFINITY,
            kind: Kind::Crossing,
        };
        self.serve(&crossing, &eyes, news);
        self.press(end);
        let crash: f64 = self.events.crashes.iter().filter(|c| c.0 == end).map(|c| c.1).sum();
        if let Some(reservoir) = &self.rules.conditions.reservoir {
            for stock in &mut self.stocks {
                stock.level *= (-reservoir.crash_sensitivity * crash).exp();
            }
        }
        let rounds = self.rules.conditions.impacts.iter().map(|i| i.most_rounds).max().unwrap_or(1);
        for _ in 0..rounds {
            let felt = all(&|a| after[a] * self.factor(a, end));
            let judged = all(&|a| if eyes[a].moves && !eyes[a].jump { self.observed[a] } else { felt[a] });
            let jump = Order {
                judge: (judged.clone(), judged),
                also: None,
                sale: felt,
                at_break: None,
                when: When::Now,
                left: 0.0,
                kind: Kind::Jump,
            };
            if !self.serve(&jump, &eyes, news) || !self.press(end) {
                break;
            }
        }
        self.close_stocks(end, crash);
        // What the oracles show at the end.
        let felt = all(&|a| after[a] * self.factor(a, end));
        let prompt = delay == 0.0 && !congested.iter().any(|s| s.0 <= end + near && end + near < s.1);
        if prompt {
            for a in 0..n {
                if eyes[a].hidden_at_end {
                    self.observed[a] = close[a];
                    self.shown[a] = close[a];
                } else if !eyes[a].hidden {
                    self.observed[a] = felt[a];
                    self.shown[a] = felt[a];
                }
            }
        } else if (0..n).any(|a| eyes[a].moves && !eyes[a].hidden) {
            let pick = |a: usize, seen: f64, unseen: f64| match (eyes[a].hidden, eyes[a].crossing) {
                (true, _) => self.shown[a],
                (false, Some(_)) => seen,
                (false, None) => unseen,
            };
            let least = all(&|a| pick(a, felt[a], low[a].min(felt[a])));
            let most = all(&|a| pick(a, felt[a], high[a].max(felt[a])));
            let last = all(&|a| pick(a, felt[a], felt[a]));
            for a in (0..n).filter(|&a| !eyes[a].hidden) {
                self.shown[a] = felt[a];
            }
            self.queue.push(Glimpse { time: end, low: least, high: most, last });
        }
    }

    fn any_outage(&self, start: f64, end: f64) -> bool {
        self.rules.conditions.outages.is_some()
            && (0..self.events.outages.len()).any(|a| {
                self.rules.columns[a].is_some()
                    && self.events.outages[a].iter().any(|s| s.0 <= end && s.1 > start)
            })
    }

    fn press(&mut self, end: f64) -> bool {
        let mut any = false;
        for (number, impact) in self.rules.conditions.impacts.iter().enumerate() {
            let value: f64 = impact.markets.iter().map(|&a| self.sold[a]).sum();
            if value > 0.0 {
                let (sold, when) = self.pressure[number];
                let left = sold * 0.5_f64.powf((end - when).max(0.0) * HOURS / impact.half_life_hours);
                self.pressure[number] = (left + value, end);
                any = true;
            }
        }
        self.sold.iter_mut().for_each(|sold| *sold = 0.0);
        any
    }
}

impl Agent {
    fn secured(&self, prices: &[f64]) -> f64 {
        self.held.iter().map(|h| h.1 * h.2 * prices[h.0]).sum()
    }

    fn debt(&self, prices: &[f64]) -> f64 {
        self.owed.iter().map(|o| o.1 * prices[o.0]).sum()
    }
}
