//! How a market passes through an interval: what comes to light in it, in which order it is served.
//!
//! The order is that given at the head of [`super::state`].

use super::{
    ladder::Ladder,
    latency::{Latency, Pass},
    shortfall::Sale,
    state::{Interval, LadderState, Liquidated, Observation, Order},
    supply::{Filling, Supply},
};

impl LadderState {
    /// The usual active interval: nothing to catch up on, all that the diffusion crosses is served, nothing is broken
    /// after it, and liquidators are late by nothing but `lag`, a share of the interval below 1. Does what
    /// [`LadderState::step_active`] does but for price and time, or nothing at all and none. `open` is the price at the
    /// beginning, `broken` the ladder's reach at the low, `cap` what can be sold of a demand; all that is asked for is
    /// sold. What breaks below the price `dry` is known to lose nothing.
    #[inline(always)]
    pub(super) fn step_plain(
        &mut self,
        ladder: &Ladder,
        (keep, dry): (f64, f64),
        (open, interval, lag): (f64, &Interval, f64),
        broken: usize,
        cap: impl FnOnce(f64) -> f64,
    ) -> Option<Liquidated> {
        if self.busy || lag >= 1.0 || open <= self.next || interval.low > self.next {
            return None;
        }
        let rung = ladder.order()[broken];
        let debt = rung.debt - self.served;
        let recovered = interval.close > rung.h && interval.after > rung.h;
        if debt <= ladder.speck() || !recovered {
            return None;
        }
        let cap = cap(debt);
        if cap <= 0.0 || rung.debt > self.served + cap + ladder.speck() {
            return None;
        }
        let sale = Sale { price: interval.close, lag };
        let loss = if self.next < dry { 0.0 } else { self.loss_until(ladder, keep, (broken, 0.0), sale) };
        self.cross(ladder, broken);
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
}
