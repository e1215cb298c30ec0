//! Random books and paths, and the oracle of the ladder: an agent loop over single positions.

use seawall_actuary::{
    book::Position,
    liquidation::{ByRegime, Interval, Service},
    random::Stream,
};

/// What a case runs with; the oracle reads it, the ladder gets a [`Service`].
#[derive(Clone, Debug)]
pub struct Case {
    pub positions: Vec<Position>,
    pub discount: f64,
    pub capacity: ByRegime,
    pub delay_hours: ByRegime,
    pub open: f64,
    pub intervals: Vec<Interval>,
}

impl Case {
    pub fn service(&self) -> Service {
        Service::new(self.discount, self.capacity, self.delay_hours).unwrap()
    }

    pub fn total_debt(&self) -> f64 {
        self.positions.iter().map(|p| p.debt).sum()
    }
}

fn pick(random: &mut Stream, choices: &[f64]) -> f64 {
    choices[(random.uniform() * choices.len() as f64) as usize]
}

/// A random market and path: mixed thresholds (above and below 1 - s), ties, sizes over six orders of magnitude;
/// diffusion, jumps both ways and recoveries; capacity none, scarce, ample or unlimited; delays none, shorter and
/// longer than an interval, different in stress.
pub fn random_case(seed: u64) -> Case {
    let random = &mut Stream::new(seed, 0, 0);
    let open = pick(random, &[1.0, 1800.0, 0.02]);
    let all = [0.5, 0.7, 0.8, 0.86, 0.93, 0.97];
    let classes = 1 + (random.uniform() * 4.0) as usize;
    let thresholds: Vec<f64> = (0..classes).map(|_| pick(random, &all)).collect();
    let count = 1 + (random.uniform() * 40.0) as usize;
    let mut positions: Vec<Position> = Vec::new();
    for _ in 0..count {
        if !positions.is_empty() && random.uniform() < 0.1 {
            positions.push(positions[(random.uniform() * positions.len() as f64) as usize]);
            continue;
        }
        let threshold = pick(random, &thresholds);
        let collateral = libm::exp(14.0 * random.uniform() - 7.0);
        let debt = collateral * threshold * open * (0.3 + random.uniform());
        let debt = if random.uniform() < 0.05 { 0.0 } else { debt };
        positions.push(Position { collateral, debt, liquidation_threshold: threshold });
    }
    let total: f64 = positions.iter().map(|p| p.debt).sum();
    let calm = pick(random, &[0.0, 0.01, 0.1, 0.1, 1.0, f64::INFINITY]);
    let calm = if calm.is_finite() { calm * total * random.uniform() } else { calm };
    let stressed = if random.uniform() < 0.5 { calm } else { calm * 0.2 };
    let regular = random.uniform() < 0.5;
    let delay = pick(random, &[0.0, 0.0, 0.3, 1.0, 2.0, 5.3]);
    let stressed_delay = if random.uniform() < 0.5 { delay } else { delay + pick(random, &[0.5, 1.0, 4.0]) };
    let length = 1 + (random.uniform() * 60.0) as usize;
    let volatility = pick(random, &[0.005, 0.03, 0.1]);
    let mut price = open;
    let mut in_stress = false;
    let intervals = (0..length)
        .map(|_| {
            let close = price * libm::exp(volatility * random.normal());
            let low = price.min(close) * libm::exp(-volatility * random.exponential());
            let jump = if random.uniform() < 0.15 { 0.2 * random.normal() } else { 0.0 };
            let after = if jump == 0.0 { close } else { close * libm::exp(jump) };
            let hours = if regular { 1.0 } else { 2.0 * random.uniform() };
            if random.uniform() < 0.1 {
                in_stress = !in_stress;
            }
            price = after;
            Interval { low, close, after, years: hours / 8760.0, stressed: in_stress }
        })
        .collect();
    Case {
        positions,
        discount: pick(random, &[0.0, 0.05, 0.1]),
        capacity: ByRegime { calm, stressed },
        delay_hours: ByRegime { calm: delay, stressed: stressed_delay },
        open,
        intervals,
    }
}

/// Where the oracle sells: at `price`, or a share `1 - lag` of the way back at the position's own break price.
#[derive(Clone, Copy)]
struct Sale {
    price: f64,
    lag: f64,
}

struct Loan {
    break_price: f64,
    debt: f64,
    collateral: f64,
    threshold: f64,
}

/// The oracle: visits every loan at every step and removes debt and collateral pro rata.
pub struct AgentLoop {
    loans: Vec<Loan>,
    keep: f64,
    capacity: ByRegime,
    delay_hours: ByRegime,
    price: f64,
    observed: f64,
    time: f64,
    /// Every interval so far: its end, and the lowest and the last price it shows to a late observer.
    history: Vec<(f64, f64, f64)>,
    shown: usize,
    /// Whether a liquidation of `x` seizes collateral worth `x (1 + bonus)`, as protocols do it, instead of the
    /// loan's collateral pro rata.
    seizes: bool,
}

impl AgentLoop {
    pub fn new(case: &Case) -> Self {
        let mut loans: Vec<Loan> = case
            .positions
            .iter()
            .filter(|p| p.debt > 0.0)
            .map(|p| Loan {
                break_price: p.debt / (p.collateral * p.liquidation_threshold),
                debt: p.debt,
                collateral: p.collateral,
                threshold: p.liquidation_threshold,
            })
            .collect();
        // Who breaks first is served first; among equals the lower threshold.
        loans.sort_by(|a, b| {
            b.break_price.total_cmp(&a.break_price).then(a.threshold.total_cmp(&b.threshold))
        });
        Self {
            loans,
            keep: 1.0 - case.discount,
            capacity: case.capacity,
            delay_hours: case.delay_hours,
            price: case.open,
            observed: case.open,
            time: 0.0,
            history: Vec::new(),
            shown: 0,
            seizes: false,
        }
    }

    /// The loop that seizes as the protocols do.
    pub fn seizing(case: &Case) -> Self {
        Self { seizes: true, ..Self::new(case) }
    }

    /// (debt served, loss) of an interval.
    pub fn step(&mut self, interval: &Interval) -> (f64, f64) {
        let Interval { low, close, after, years, stressed } = *interval;
        let delay = self.delay_hours.get(stressed) / 8760.0;
        let rate = self.capacity.get(stressed) * 8760.0;
        let mut left = if rate.is_finite() { rate * years } else { f64::INFINITY };
        let (open, start, end) = (self.price, self.time, self.time + years);
        let mut result = (0.0, 0.0);
        let mut news = false;
        while self.shown < self.history.len() {
            let (time, lowest, last) = self.history[self.shown];
            if time + delay > end + 1e-9 * years {
                break;
            }
            let passed = ((time + delay - start) / years).clamp(0.0, 1.0);
            let price = open + (close - open) * passed;
            self.serve(lowest, Sale { price, lag: 1.0 }, &mut left, &mut result);
            self.observed = last;
            self.shown += 1;
            news = true;
        }
        if delay == 0.0 {
            self.serve(open.max(close), Sale { price: close, lag: 1.0 }, &mut left, &mut result);
            self.serve(low, Sale { price: close, lag: 0.0 }, &mut left, &mut result);
            self.serve(after, Sale { price: after, lag: 1.0 }, &mut left, &mut result);
            self.observed = after;
        } else {
            if !news {
                self.serve(self.observed, Sale { price: close, lag: 1.0 }, &mut left, &mut result);
            }
            if delay < years {
                let sale = Sale { price: close, lag: delay / years };
                self.serve(low, sale, &mut left, &mut result);
                self.history.push((end, after, after));
            } else {
                self.history.push((end, low.min(after), after));
            }
        }
        if delay == 0.0 {
            self.shown = self.history.len();
        }
        self.price = after;
        self.time = end;
        result
    }

    fn serve(&mut self, trigger: f64, sale: Sale, left: &mut f64, result: &mut (f64, f64)) {
        if self.seizes {
            return self.seize(trigger, sale, left, result);
        }
        for loan in &mut self.loans {
            if loan.break_price < trigger || loan.debt <= 0.0 {
                continue;
            }
            let debt = loan.debt.min(*left);
            let collateral =
                if debt == loan.debt { loan.collateral } else { loan.collateral * debt / loan.debt };
            let price = (1.0 - sale.lag) * loan.break_price + sale.lag * sale.price;
            loan.debt -= debt;
            loan.collateral -= collateral;
            *left -= debt;
            result.0 += debt;
            result.1 += (debt - self.keep * price * collateral).max(0.0);
        }
    }

    /// Repays until the debt or the collateral is used up; what is left without collateral is lost.
    fn seize(&mut self, trigger: f64, sale: Sale, left: &mut f64, result: &mut (f64, f64)) {
        for loan in &mut self.loans {
            if loan.debt <= 0.0 || loan.break_price < trigger {
                continue;
            }
            let price = self.keep * ((1.0 - sale.lag) * loan.break_price + sale.lag * sale.price);
            let repaid = loan.debt.min(loan.collateral * price).min(*left);
            *left -= repaid;
            loan.debt -= repaid;
            loan.collateral -= repaid / price;
            result.0 += repaid;
            if loan.collateral <= 1e-12 * repaid / price {
                result.1 += loan.debt;
                loan.debt = 0.0;
            } else {
                loan.break_price = loan.debt / (loan.collateral * loan.threshold);
            }
        }
        self.loans.sort_by(|a, b| b.break_price.total_cmp(&a.break_price));
    }

    /// Bad debt in the loans that are broken at `price`, if they were liquidated there.
    pub fn unrealised(&self, price: f64) -> f64 {
        self.loans
            .iter()
            .filter(|loan| loan.break_price >= price)
            .map(|loan| (loan.debt - self.keep * price * loan.collateral).max(0.0))
            .sum()
    }
}
