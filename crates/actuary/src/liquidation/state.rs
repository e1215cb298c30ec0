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
    class::Part,
    ladder::Ladder,
    latency::Latency,
    shortfall::{Sale, class_loss, pair_loss},
    supply::{Filling, Tank},
};

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
pub(super) struct Observation {
    pub time: f64,
    pub low: f64,
    pub after: f64,
}

/// State of one market on one path. Reused from path to path with [`LadderState::restart`]; of use only after it.
///
/// How far each class of the ladder is served follows from `first` and `partial`, so that a step which loses nothing
/// looks at no class.
#[derive(Clone, Debug, Default)]
pub struct LadderState {
    /// Positions fully served, in the order of the ladder.
    pub(super) first: usize,
    /// Debt served of the next position.
    pub(super) partial: f64,
    pub(super) served: f64,
    /// Break price of the next position: an idle step compares with it and ends.
    pub(super) next: f64,
    pub(super) price: f64,
    /// The last price that late liquidators have seen; infinite unless the market is busy.
    pub(super) observed: f64,
    pub(super) time: f64,
    /// What they have not seen yet; empty unless the market is busy.
    pub(super) pending: VecDeque<Observation>,
    /// Whether something seen before may still trigger: the last observation or one that is to come.
    pub(super) busy: bool,
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
        self.partial = 0.0;
        self.served = 0.0;
        self.next = ladder.first_break();
        self.pending.clear();
        self.price = price;
        self.time = 0.0;
        self.busy = price <= self.next;
        self.observed = if self.busy { price } else { f64::INFINITY };
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
        let moves = |number: usize| {
            (ladder.class_at(number, self.first, self.partial), ladder.class_at(number, end, 0.0))
        };
        let mut loss = 0.0;
        for (number, class) in ladder.class_slice().iter().enumerate() {
            loss += match (class.part, ladder.close_factor()) {
                (Part::Repaid { survivors }, Some(factor)) => {
                    let pair = [moves(number), moves(survivors)];
                    pair_loss(factor, &ladder.class_slice()[survivors], pair, sale, service.keep)
                }
                (Part::Survivors, _) => 0.0,
                _ => {
                    let (from, until) = moves(number);
                    class_loss(class, &from, &until, sale, service.keep)
                }
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
        if interval.low > self.next && interval.after > self.next && !self.busy {
            self.price = interval.after;
            self.time += interval.years;
            return Liquidated::default();
        }
        self.step_reached(ladder, service, interval)
    }

    /// An interval in which there may be something to do.
    #[inline(never)]
    fn step_reached(&mut self, ladder: &Ladder, service: &Service, interval: &Interval) -> Liquidated {
        let latency = Latency::of(service.delay_years(interval.stressed));
        let mut supply = service.source.over(&Tank::FULL, interval.years, interval.stressed);
        let end = self.time + interval.years;
        let broken = ladder.reach(self.first, interval.low);
        let passing = (self.price, interval, latency.delay / interval.years);
        let cap = |demand| supply.limit(Filling::Crossing, demand);
        if let Some(liquidated) =
            self.step_plain(ladder, (service.keep, f64::NEG_INFINITY), passing, broken, cap)
        {
            self.open(interval.after, end);
            return liquidated;
        }
        self.step_active(ladder, service.keep, (interval, end), &latency, supply, 1.0).0
    }

    /// Whether past observations keep the market from being idle.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Takes the market to a price and a time.
    #[inline]
    pub(super) fn open(&mut self, price: f64, time: f64) {
        self.price = price;
        self.time = time;
    }
}

impl Order {
    /// Whatever is broken at a price, sold at it now.
    pub(super) fn at_once(price: f64) -> Self {
        Self { trigger: price, sale: Sale::at(price), filling: Filling::Moment }
    }
}
