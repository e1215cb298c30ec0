//! One market along one path: the debt liquidated so far, and the step that moves it.
//!
//! A step serves the positions that broke at the trigger price, in order of their break price, as far as the
//! capacity goes, and sells their collateral at the sale price less the discount `s`:
//!
//! ```text
//! k = #{H >= trigger}          v = max(u, min(D_k, u + cap))
//! j = #{H >= sale (1-s)/LT}    b = max(u, min(v, D_j))
//! loss += (b - u) - sale (1-s) (C(b) - C(u));   u = v
//! ```
//!
//! An interval of the path ([`Interval`]) is served in this order, all parts sharing the capacity of the
//! interval (rate x duration), unused capacity lapsing at its end:
//! 1. *Backlog*: what broke before the interval and is still under its break price at the close is sold at the
//!    close, the price by which the capacity has accrued.
//! 2. *Diffusion*: the bridge passes continuously over every break price from the opening down to the low, so
//!    these positions are sold at their own break price: no loss if `LT <= 1-s`, else `1 - (1-s)/LT` of the debt.
//! 3. *Jump* at the end of the interval: trigger and sale are the price after it.
//!
//! Delay is a delayed observation: liquidators act at time t on the price of t - delay (the oracle's age or
//! congestion) and sell at the price of t. A past observation that comes to light inside the interval triggers
//! at its own lowest price and sells at the price interpolated between open and close at that moment. Where the
//! delay is shorter than the interval, positions crossed by diffusion sell at their break price moved towards the
//! close by the share delay / duration, so that the step length does not lengthen the delay. A stale observation
//! can liquidate a position that has recovered since, as it does on chain. The delay of the current regime
//! applies, so that at the onset of stress the observed price stands still until the longer delay is reached.
//!
//! Units: prices in debt tokens per collateral token, debt in debt tokens, time in years.

use std::collections::VecDeque;

use super::{
    ByRegime, HOURS_PER_YEAR,
    ladder::{Class, Ladder, count_from},
};

/// Share of an interval by which two times may differ and still count as equal: times are sums of steps.
const TIME_TOLERANCE: f64 = 1e-9;

/// How liquidation works in a market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Service {
    keep: f64,
    capacity_per_year: ByRegime,
    delay_years: ByRegime,
}

/// Why the terms of service make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ServiceError {
    /// The discount is not in [0, 1).
    #[error("liquidation discount {0} is not at least 0 and below 1")]
    Discount(f64),
    /// The capacity is negative or not a number.
    #[error("capacity {0} per hour is negative or not a number")]
    Capacity(f64),
    /// The delay is negative or not finite.
    #[error("delay of {0} hours is negative or not finite")]
    Delay(f64),
}

impl Service {
    /// `discount`: the part `s` of the sale price that does not reach the debt; where a liquidator is paid a
    /// bonus, `1 - s = 1/(1 + bonus)`. `capacity`: debt tokens extinguished per hour, may be infinite.
    /// `delay`: hours from breaking to being servable.
    ///
    /// # Errors
    /// A discount outside [0, 1), a negative capacity, a negative or infinite delay.
    pub fn new(discount: f64, capacity: ByRegime, delay: ByRegime) -> Result<Self, ServiceError> {
        if !(0.0..1.0).contains(&discount) {
            return Err(ServiceError::Discount(discount));
        }
        for value in [capacity.calm, capacity.stressed] {
            if value.is_nan() || value < 0.0 {
                return Err(ServiceError::Capacity(value));
            }
        }
        for value in [delay.calm, delay.stressed] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(ServiceError::Delay(value));
            }
        }
        let scale = |x: ByRegime, f: fn(f64) -> f64| ByRegime { calm: f(x.calm), stressed: f(x.stressed) };
        Ok(Self {
            keep: 1.0 - discount,
            capacity_per_year: scale(capacity, |x| x * HOURS_PER_YEAR),
            delay_years: scale(delay, |x| x / HOURS_PER_YEAR),
        })
    }

    /// Share of the sale price that reaches the debt, `1 - s`.
    #[must_use]
    pub fn keep(&self) -> f64 {
        self.keep
    }

    /// Debt that can be extinguished in `years` of a regime, debt tokens.
    #[must_use]
    pub fn capacity(&self, years: f64, stressed: bool) -> f64 {
        let rate = self.capacity_per_year.get(stressed);
        if rate.is_infinite() { rate } else { rate * years }
    }

    /// Years from breaking to being servable.
    #[must_use]
    pub fn delay_years(&self, stressed: bool) -> f64 {
        self.delay_years.get(stressed)
    }
}

/// One interval of a path in the ladder's own prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lowest price of the diffusion.
    pub low: f64,
    /// Price at the end, before a jump.
    pub close: f64,
    /// Price after the jump at the end; equal to `close` without one.
    pub after: f64,
    /// Duration in years, above 0.
    pub years: f64,
    /// Whether the interval is in the stressed regime.
    pub stressed: bool,
}

/// What a step liquidated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Liquidated {
    /// Debt extinguished, repaid or lost, debt tokens.
    pub debt: f64,
    /// The part of it that the collateral did not pay: bad debt, debt tokens.
    pub loss: f64,
}

impl Liquidated {
    fn add(&mut self, other: Self) {
        self.debt += other.debt;
        self.loss += other.loss;
    }
}

/// Where collateral is sold: at `price`, or a share `1 - lag` of the way back at the position's own break price.
#[derive(Clone, Copy)]
struct Sale {
    price: f64,
    lag: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Done {
    count: usize,
    debt: f64,
    collateral: f64,
}

#[derive(Clone, Copy, Debug)]
struct Observation {
    time: f64,
    low: f64,
    after: f64,
}

/// State of one market on one path. Reused from path to path with [`LadderState::restart`].
#[derive(Clone, Debug)]
pub struct LadderState {
    /// Positions fully served, in the order of the ladder.
    first: usize,
    served: f64,
    /// Break price of the next position: an idle step compares with it and ends.
    next: f64,
    classes: Vec<Done>,
    price: f64,
    observed: f64,
    time: f64,
    pending: VecDeque<Observation>,
}

impl LadderState {
    /// State at the start of a path, at the opening `price`; nothing is liquidated.
    #[must_use]
    pub fn new(ladder: &Ladder, price: f64) -> Self {
        let mut state = Self {
            first: 0,
            served: 0.0,
            next: f64::NEG_INFINITY,
            classes: Vec::new(),
            price,
            observed: price,
            time: 0.0,
            pending: VecDeque::new(),
        };
        state.restart(ladder, price);
        state
    }

    /// Back to nothing liquidated, at an opening `price`; keeps the buffers. Past observations are forgotten.
    pub fn restart(&mut self, ladder: &Ladder, price: f64) {
        self.first = 0;
        self.served = 0.0;
        self.next = ladder.break_at(0);
        self.classes.clear();
        self.classes.resize(ladder.classes(), Done::default());
        self.price = price;
        self.observed = price;
        self.time = 0.0;
        self.pending.clear();
    }

    /// Debt liquidated so far, debt tokens.
    #[must_use]
    pub fn served(&self) -> f64 {
        self.served
    }

    /// Break price of the next position to be served; minus infinity when none is left.
    #[must_use]
    pub fn next_break(&self) -> f64 {
        self.next
    }

    /// Debt that is past its break price at `price` and not served, debt tokens.
    #[must_use]
    pub fn backlog(&self, ladder: &Ladder, price: f64) -> f64 {
        (ladder.debt_broken_at(price) - self.served).max(0.0)
    }

    /// Bad debt in the positions that are broken at `price` and not served: what the collateral would not pay if
    /// it were liquidated now, `max(0, d - price (1-s) c)`. The discount is kept in, because the debt can be
    /// closed only by a liquidator who takes it, and so that a loss does not change when the last unit of
    /// capacity comes a moment before or after the horizon.
    #[must_use]
    pub fn unrealised(&self, ladder: &Ladder, service: &Service, price: f64) -> f64 {
        if price > self.next {
            return 0.0;
        }
        let sale = Sale { price, lag: 1.0 };
        let end = count_from(ladder.breaks(), self.first, |h| h >= price);
        let mut loss = 0.0;
        for (class, done) in ladder.class_slice().iter().zip(&self.classes) {
            let count = class_count(class, done, end);
            let until = Done { count, debt: class.debt[count], collateral: class.collateral[count] };
            loss += class_loss(class, done, &until, sale, service.keep);
        }
        loss
    }

    /// One step at a point in time: serves what broke at `trigger`, at most `cap` of debt, at the price `sale`.
    pub fn step(
        &mut self,
        ladder: &Ladder,
        service: &Service,
        trigger: f64,
        sale: f64,
        cap: f64,
    ) -> Liquidated {
        self.serve(ladder, service.keep, trigger, Sale { price: sale, lag: 1.0 }, cap)
    }

    /// Carries the market through one interval, in the order given at the head of this module.
    #[inline]
    pub fn step_interval(&mut self, ladder: &Ladder, service: &Service, interval: &Interval) -> Liquidated {
        // With nothing pending the last observed price is the opening, which is not below the low.
        if interval.low.min(interval.after) > self.next && self.pending.is_empty() {
            self.price = interval.after;
            self.observed = interval.after;
            self.time += interval.years;
            return Liquidated::default();
        }
        self.step_active(ladder, service, interval)
    }

    #[inline(never)]
    fn step_active(&mut self, ladder: &Ladder, service: &Service, interval: &Interval) -> Liquidated {
        let Interval { low, close, after, years, stressed } = *interval;
        let (open, start) = (self.price, self.time);
        let (delay, end) = (service.delay_years(stressed), start + years);
        let mut cap = service.capacity(years, stressed);
        let mut total = Liquidated::default();
        let mut part = |state: &mut Self, trigger: f64, sale: Sale| {
            let liquidated = state.serve(ladder, service.keep, trigger, sale, cap);
            cap -= liquidated.debt;
            total.add(liquidated);
        };
        let mut news = false;
        while let Some(seen) = self.pending.front().copied() {
            let moment = seen.time + delay;
            if moment > end + TIME_TOLERANCE * years {
                break;
            }
            self.pending.pop_front();
            let passed = ((moment - start) / years).clamp(0.0, 1.0);
            part(self, seen.low, Sale { price: open + (close - open) * passed, lag: 1.0 });
            self.observed = seen.after;
            news = true;
        }
        if delay == 0.0 {
            part(self, open.max(close), Sale { price: close, lag: 1.0 });
        } else if !news {
            part(self, self.observed, Sale { price: close, lag: 1.0 });
        }
        let seen_within = delay < years;
        if seen_within {
            part(self, low, Sale { price: close, lag: delay / years });
        }
        if delay == 0.0 {
            part(self, after, Sale { price: after, lag: 1.0 });
            self.observed = after;
        } else {
            let low = if seen_within { after } else { low.min(after) };
            self.pending.push_back(Observation { time: end, low, after });
        }
        self.price = after;
        self.time = end;
        total
    }

    fn serve(&mut self, ladder: &Ladder, keep: f64, trigger: f64, sale: Sale, cap: f64) -> Liquidated {
        if trigger > self.next || cap <= 0.0 {
            return Liquidated::default();
        }
        let debt = ladder.debt();
        let broken = count_from(ladder.breaks(), self.first, |h| h >= trigger);
        let Some(&demand) = debt.get(broken) else { return Liquidated::default() };
        if broken <= self.first {
            return Liquidated::default();
        }
        let before = self.served;
        let limit = before + cap;
        let (place, partial) = if demand <= limit {
            (broken, 0.0)
        } else {
            let place = count_from(&debt[1..], self.first, |d| d <= limit);
            (place, limit - debt[place])
        };
        let owner = ladder.owner(place);
        let mut loss = 0.0;
        for (index, (class, done)) in ladder.class_slice().iter().zip(&mut self.classes).enumerate() {
            let count = class_count(class, done, place);
            let mut until = Done { count, debt: class.debt[count], collateral: class.collateral[count] };
            if partial > 0.0 && index == owner {
                let rung_debt = class.debt[count + 1] - until.debt;
                let rung_collateral = class.collateral[count + 1] - until.collateral;
                let share = (partial / rung_debt).min(1.0);
                until.debt += share * rung_debt;
                until.collateral += share * rung_collateral;
            }
            if until.debt > done.debt {
                loss += class_loss(class, done, &until, sale, keep);
                *done = until;
            }
        }
        self.first = place;
        self.next = ladder.break_at(place);
        self.served = if place < broken { limit } else { demand };
        Liquidated { debt: self.served - before, loss }
    }
}

/// Members of the class among the first `place` positions of the ladder.
#[inline]
fn class_count(class: &Class, done: &Done, place: usize) -> usize {
    if class.members.is_empty() {
        return place;
    }
    count_from(&class.members, done.count, |m| (m as usize) < place)
}

/// Bad debt of a class between two states at a sale, `(b - u) - sale (1-s) (C(b) - C(u))`.
///
/// With the sale price a blend of the break price and `sale.price`, a position is under water when
/// `LT > (1-s) ((1-lag) + lag price / H)`, that is from a break price upwards: a prefix again.
fn class_loss(class: &Class, from: &Done, until: &Done, sale: Sale, keep: f64) -> f64 {
    let margin = class.threshold - keep * (1.0 - sale.lag);
    if margin <= 0.0 {
        return 0.0;
    }
    let under = sale.lag * sale.price * keep / margin;
    match class.breaks.get(from.count) {
        Some(&h) if h >= under => {}
        _ => return 0.0,
    }
    let count = count_from(&class.breaks, from.count, |h| h >= under);
    let (debt, collateral) = if class.debt[count] >= until.debt {
        (until.debt - from.debt, until.collateral - from.collateral)
    } else {
        (class.debt[count] - from.debt, class.collateral[count] - from.collateral)
    };
    let at_break = (1.0 - sale.lag) * debt / class.threshold;
    (debt - keep * (at_break + sale.lag * sale.price * collateral)).max(0.0)
}
