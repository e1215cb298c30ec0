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
//! at its own lowest price (several of one moment at the lowest of them) and sells at the price interpolated between
//! open and close at that moment. Where the
//! delay is shorter than the interval, positions crossed by diffusion sell at their break price moved towards the
//! close by the share delay / duration, so that the step length does not lengthen the delay. A stale observation
//! can liquidate a position that has recovered since, as it does on chain. The delay of the current regime
//! applies, so that at the onset of stress the observed price stands still until the longer delay is reached.
//!
//! Units: prices in debt tokens per collateral token, debt in debt tokens, time in years.

use std::collections::VecDeque;

use super::{
    Service,
    ladder::{Class, Ladder, Part},
    latency::{Latency, Pass},
    shortfall::{Done, Sale, class_loss, pair_loss},
    supply::{Filling, Supply, Tank},
};

/// Places that a step moves at most while their classes are looked up one by one.
const FEW: usize = 8;

/// An order to liquidate within an interval: what broke at the trigger, sold at the sale price.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub trigger: f64,
    pub sale: Sale,
    pub filling: Filling,
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
    pub(super) fn add(&mut self, other: Self) {
        self.debt += other.debt;
        self.loss += other.loss;
    }
}

/// A past interval that liquidators have not seen yet.
#[derive(Clone, Copy, Debug)]
struct Observation {
    time: f64,
    low: f64,
    after: f64,
}

/// State of one market on one path. Reused from path to path with [`LadderState::restart`]; of use only after it.
#[derive(Clone, Debug, Default)]
pub struct LadderState {
    /// Positions fully served, in the order of the ladder.
    first: usize,
    served: f64,
    /// Break price of the next position: an idle step compares with it and ends.
    next: f64,
    classes: Vec<Done>,
    /// Where the classes are to be after a service; only used with a close factor.
    targets: Vec<Done>,
    price: f64,
    observed: f64,
    time: f64,
    pending: VecDeque<Observation>,
    /// Whether something seen before may still trigger: the last observation or one that is to come.
    busy: bool,
}

impl LadderState {
    /// State at the start of a path, at the opening `price`; nothing is liquidated.
    #[must_use]
    pub fn new(ladder: &Ladder, price: f64) -> Self {
        let mut state = Self::default();
        state.restart(ladder, price);
        state
    }

    /// Back to nothing liquidated, at an opening `price`; keeps the buffers. Past observations are forgotten.
    pub fn restart(&mut self, ladder: &Ladder, price: f64) {
        self.first = 0;
        self.served = 0.0;
        self.next = ladder.first_break();
        self.classes.clear();
        self.classes.resize(ladder.class_slice().len(), Done::default());
        self.pending.clear();
        self.price = price;
        self.time = 0.0;
        self.observed = price;
        self.busy = self.observed <= self.next;
    }

    /// Positions fully served.
    #[inline]
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// Debt liquidated so far, debt tokens.
    #[must_use]
    pub fn served(&self) -> f64 {
        self.served
    }

    /// Break price of the next position to be served; minus infinity when none is left.
    #[must_use]
    #[inline]
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
        let sale = Sale::at(price);
        let end = ladder.reach(self.first, price);
        let until = |number: usize| {
            let class = &ladder.class_slice()[number];
            ladder.class_until(class, &self.classes[number], end)
        };
        let mut loss = 0.0;
        for (number, (class, done)) in ladder.class_slice().iter().zip(&self.classes).enumerate() {
            loss += match (class.part, ladder.close_factor()) {
                (Part::Repaid { survivors }, Some(factor)) => {
                    let pair = [(done, &until(number)), (&self.classes[survivors], &until(survivors))];
                    pair_loss(factor, &ladder.class_slice()[survivors], pair, sale, service.keep)
                }
                (Part::Survivors, _) => 0.0,
                _ => class_loss(class, done, &until(number), sale, service.keep),
            };
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
        self.serve(ladder, service.keep, trigger, Sale::at(sale), cap)
    }

    /// Carries the market through one interval, in the order given at the head of this module.
    #[inline]
    pub fn step_interval(&mut self, ladder: &Ladder, service: &Service, interval: &Interval) -> Liquidated {
        if interval.low.min(interval.after) > self.next && !self.busy {
            self.resume(interval.after, self.time + interval.years);
            return Liquidated::default();
        }
        let latency = Latency::of(service.delay_years(interval.stressed));
        let supply = service.source.over(&Tank::FULL, interval.years, interval.stressed);
        let end = self.time + interval.years;
        let mut supply = supply;
        let broken = ladder.reach(self.first, interval.low);
        if let Some(liquidated) =
            self.step_plain(ladder, service.keep, (interval, end), latency.delay, broken, &mut supply)
        {
            return liquidated;
        }
        self.step_active(ladder, service.keep, (interval, end), &latency, supply, 1.0).0
    }

    /// The usual active interval: nothing to catch up on, all that the diffusion crosses is served, nothing is broken
    /// after it, and liquidators are late by nothing but a delay shorter than the interval. Does what
    /// [`LadderState::step_active`] does, or nothing at all and none. `broken` is the ladder's reach at the low.
    #[inline]
    pub(super) fn step_plain(
        &mut self,
        ladder: &Ladder,
        keep: f64,
        (interval, end): (&Interval, f64),
        delay: f64,
        broken: usize,
        supply: &mut Supply,
    ) -> Option<Liquidated> {
        if self.busy || delay >= interval.years || self.price <= self.next || interval.low > self.next {
            return None;
        }
        let rung = ladder.order()[broken];
        let demand = self.demand_until(ladder, broken);
        let recovered = interval.close > rung.h && interval.after > rung.h;
        if demand <= 0.0 || !recovered {
            return None;
        }
        let cap = supply.limit(Filling::Crossing, demand);
        if cap <= 0.0 || rung.debt > self.served + cap + ladder.speck() {
            return None;
        }
        let sale = Sale { price: interval.close, lag: delay / interval.years };
        let debt = rung.debt - self.served;
        let loss = self.move_to(ladder, keep, broken, 0.0, sale);
        supply.take(Filling::Crossing, demand, debt);
        self.first = broken;
        self.next = rung.h;
        self.served = rung.debt;
        self.resume(interval.after, end);
        Some(Liquidated { debt, loss })
    }

    /// One active interval, up to `end`, of a market that has its supply for itself; returns what is left of it. `crash` is what a
    /// crash at the end leaves of a reservoir.
    #[inline(never)]
    pub(super) fn step_active(
        &mut self,
        ladder: &Ladder,
        keep: f64,
        (interval, end): (&Interval, f64),
        latency: &Latency,
        mut supply: Supply,
        crash: f64,
    ) -> (Liquidated, Supply) {
        let mut pass = self.enter(interval, end, latency);
        let mut total = Liquidated::default();
        while let Some(moment) = self.due(&pass, latency) {
            let order = self.see(&mut pass, latency, moment);
            total.add(self.fill(ladder, keep, &order, pass.end - moment, &mut supply));
        }
        for order in [self.backlog_order(&pass), pass.crossing()].into_iter().flatten() {
            total.add(self.fill(ladder, keep, &order, f64::INFINITY, &mut supply));
        }
        if pass.jump_is_seen() {
            supply.shrink(crash);
            total.add(self.fill(ladder, keep, &Order::at_once(interval.after), 0.0, &mut supply));
        }
        self.leave(&pass, interval.after);
        (total, supply)
    }

    /// Serves an order out of a supply, so many years before the end of the interval at the latest. What asks for
    /// nothing leaves the supply as it is.
    fn fill(
        &mut self,
        ladder: &Ladder,
        keep: f64,
        order: &Order,
        years_left: f64,
        supply: &mut Supply,
    ) -> Liquidated {
        if order.trigger > self.next {
            return Liquidated::default();
        }
        let broken = ladder.reach(self.first, order.trigger);
        let demand = self.demand_until(ladder, broken);
        if demand <= 0.0 {
            return Liquidated::default();
        }
        supply.advance(years_left);
        let cap = supply.limit(order.filling, demand);
        let liquidated = self.serve_until(ladder, keep, broken, order.sale, cap);
        supply.take(order.filling, demand, liquidated.debt);
        liquidated
    }

    /// Whether past observations keep the market from being idle.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Takes the market to a price and a time at which nothing is triggered.
    #[inline]
    pub(super) fn resume(&mut self, price: f64, time: f64) {
        self.price = price;
        self.time = time;
        self.observed = f64::INFINITY;
    }

    /// Sets price and time; a busy market keeps what it has observed.
    pub(super) fn open(&mut self, price: f64, time: f64) {
        self.price = price;
        self.time = time;
        if !self.busy {
            self.observed = f64::INFINITY;
        }
    }

    /// Begins an interval that ends at `end`. If the oracle comes back in it, its price of that moment is an observation.
    pub(super) fn enter(&mut self, interval: &Interval, end: f64, latency: &Latency) -> Pass {
        let pass = Pass::new(self.price, self.time, end, interval, latency);
        if let Some(time) = pass.back() {
            let price = pass.price_at(time);
            self.pending.push_back(Observation { time, low: price, after: price });
        }
        pass
    }

    /// When the next observation comes to light, if it does so in this interval.
    pub(super) fn due(&self, pass: &Pass, latency: &Latency) -> Option<f64> {
        pass.within(latency.moment(self.pending.front()?.time))
    }

    /// The order that the observations of a moment give: whatever was broken at the lowest of them.
    pub(super) fn see(&mut self, pass: &mut Pass, latency: &Latency, moment: f64) -> Order {
        pass.news = true;
        let mut trigger = f64::INFINITY;
        while self.due(pass, latency).is_some_and(|due| due <= moment)
            && let Some(seen) = self.pending.pop_front()
        {
            trigger = trigger.min(seen.low);
            self.observed = seen.after;
        }
        Order { trigger, sale: Sale::at(pass.price_at(moment)), filling: Filling::Moment }
    }

    /// The order for what broke before the interval.
    pub(super) fn backlog_order(&self, pass: &Pass) -> Option<Order> {
        let trigger = match (pass.late, pass.news) {
            (false, _) => pass.open.max(pass.close),
            (true, false) => self.observed,
            (true, true) => return None,
        };
        Some(Order { trigger, sale: Sale::at(pass.close), filling: Filling::Backlog })
    }

    /// Ends an interval at the price `after`.
    pub(super) fn leave(&mut self, pass: &Pass, after: f64) {
        match pass.shown(after) {
            None if pass.hidden_from_end() => self.observed = pass.close,
            None => {}
            Some(_) if pass.jump_is_seen() => self.observed = after,
            Some(low) => self.pending.push_back(Observation { time: pass.end, low, after }),
        }
        self.price = after;
        self.time = pass.end;
        self.busy = self.observed <= self.next || self.pending.iter().any(|seen| seen.low <= self.next);
        if !self.busy {
            self.pending.clear();
            self.observed = f64::INFINITY;
        }
    }

    /// Debt that an order at this trigger asks for, debt tokens.
    pub(super) fn demand(&self, ladder: &Ladder, trigger: f64) -> f64 {
        if trigger > self.next {
            return 0.0;
        }
        self.demand_until(ladder, ladder.reach(self.first, trigger))
    }

    /// Debt not served of the positions before a place, debt tokens; none if it is rounding.
    #[inline]
    fn demand_until(&self, ladder: &Ladder, broken: usize) -> f64 {
        let demand = ladder.order()[broken].debt - self.served;
        if demand > ladder.speck() { demand } else { 0.0 }
    }

    /// Serves at most `cap` of what broke at the trigger.
    pub(super) fn serve(
        &mut self,
        ladder: &Ladder,
        keep: f64,
        trigger: f64,
        sale: Sale,
        cap: f64,
    ) -> Liquidated {
        if trigger > self.next {
            return Liquidated::default();
        }
        self.serve_until(ladder, keep, ladder.reach(self.first, trigger), sale, cap)
    }

    /// Serves at most `cap` of the positions before a place.
    #[inline]
    fn serve_until(&mut self, ladder: &Ladder, keep: f64, broken: usize, sale: Sale, cap: f64) -> Liquidated {
        if broken <= self.first || cap <= 0.0 {
            return Liquidated::default();
        }
        let order = ladder.order();
        let (before, demand) = (self.served, order[broken].debt);
        // Rounding must not leave specks of debt that would keep the market from being idle.
        let limit = before + cap;
        let whole = limit + ladder.speck();
        let (place, partial) = if demand <= whole {
            (broken, 0.0)
        } else {
            let count = order[self.first + 1..=broken].partition_point(|rung| rung.debt <= whole);
            let place = self.first + count;
            (place, limit - order[place].debt)
        };
        let partial = if partial > ladder.speck() { partial } else { 0.0 };
        if place == self.first && order[place].debt + partial <= before {
            return Liquidated::default();
        }
        let loss = self.move_to(ladder, keep, place, partial, sale);
        self.first = place;
        self.next = order[place].h;
        self.served = if partial > 0.0 { limit } else { order[place].debt };
        Liquidated { debt: self.served - before, loss }
    }

    /// Moves every class to `place` and `partial` debt of the position there; returns the loss.
    fn move_to(&mut self, ladder: &Ladder, keep: f64, place: usize, partial: f64, sale: Sale) -> f64 {
        let owner = ladder.owner(place);
        let until = |number: usize, class: &Class, done: &Done| {
            let mut until = ladder.class_until(class, done, place);
            if partial > 0.0 && number == owner {
                let (here, next) = (class.rungs[until.count], class.rungs[until.count + 1]);
                let (debt, collateral) = (next.debt - here.debt, next.collateral - here.collateral);
                let share = (partial / debt).min(1.0);
                until.debt += share * debt;
                until.collateral += share * collateral;
            }
            until
        };
        let mut loss = 0.0;
        let Some(factor) = ladder.close_factor() else {
            let (from, all) = (self.first, self.classes.len());
            let mut carry = |number: usize| {
                let (class, done) = (&ladder.class_slice()[number], &mut self.classes[number]);
                let until = until(number, class, done);
                if until.debt > done.debt {
                    loss += class_loss(class, done, &until, sale, keep);
                    *done = until;
                }
            };
            // A step usually moves a few places: only their classes move, in the order of all.
            let mut few = [usize::MAX; FEW];
            if place - from < FEW && FEW < all {
                let begun = (partial > 0.0).then_some(place);
                for (owner, moved) in few.iter_mut().zip((from..place).chain(begun)) {
                    *owner = ladder.owner(moved);
                }
                few.sort_unstable();
                let mut before = usize::MAX;
                for owner in few.into_iter().take_while(|&owner| owner < usize::MAX) {
                    if owner != before {
                        carry(owner);
                    }
                    before = owner;
                }
            } else {
                (0..all).for_each(carry);
            }
            return loss;
        };
        self.targets.clear();
        for (number, (class, done)) in ladder.class_slice().iter().zip(&self.classes).enumerate() {
            let until = until(number, class, done);
            self.targets.push(if until.debt > done.debt { until } else { *done });
        }
        let moves = |number: usize| (&self.classes[number], &self.targets[number]);
        for (number, class) in ladder.class_slice().iter().enumerate() {
            loss += match class.part {
                Part::Repaid { survivors } => {
                    let pair = [moves(number), moves(survivors)];
                    pair_loss(factor, &ladder.class_slice()[survivors], pair, sale, keep)
                }
                Part::Survivors => 0.0,
                Part::Whole => {
                    let (done, until) = moves(number);
                    class_loss(class, done, until, sale, keep)
                }
            };
        }
        core::mem::swap(&mut self.classes, &mut self.targets);
        loss
    }
}

impl Order {
    /// Whatever is broken at a price, sold at it now.
    pub(super) fn at_once(price: f64) -> Self {
        Self { trigger: price, sale: Sale::at(price), filling: Filling::Moment }
    }
}
