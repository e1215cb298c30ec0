//! When liquidators see a price: delay, spells of longer delay, and an oracle that stands still.
//!
//! Units: years.

use super::{
    shortfall::Sale,
    state::{Interval, Order},
    supply::Filling,
};

/// Share of an interval by which two times may differ and still count as equal: times are sums of steps.
const TIME_TOLERANCE: f64 = 1e-9;

/// A stretch of time; empty when the end is not after the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spell {
    pub from: f64,
    pub until: f64,
}

impl Spell {
    pub const NONE: Self = Self { from: f64::INFINITY, until: f64::NEG_INFINITY };

    fn covers(&self, time: f64, tolerance: f64) -> bool {
        self.from <= time + tolerance && time + tolerance < self.until
    }

    fn within(&self, start: f64, end: f64) -> f64 {
        (self.until.min(end) - self.from.max(start)).max(0.0)
    }
}

/// How late liquidators are in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Latency {
    /// Delay of the regime.
    pub delay: f64,
    /// What a spell of congestion adds.
    pub extra: f64,
    /// That spell.
    pub congestion: Spell,
    /// When the oracle stands still.
    pub outage: Spell,
}

impl Latency {
    /// A delay alone.
    pub fn of(delay: f64) -> Self {
        Self { delay, extra: 0.0, congestion: Spell::NONE, outage: Spell::NONE }
    }

    /// Whether there is neither congestion nor an outage.
    pub fn is_plain(&self) -> bool {
        self.congestion == Spell::NONE && self.outage == Spell::NONE
    }

    /// When what was to be seen at `time` comes to light: after the longer delay, or once the spell is over.
    pub fn moment(&self, time: f64) -> f64 {
        let plain = time + self.delay;
        if self.congestion.from <= plain {
            (plain + self.extra).min(plain.max(self.congestion.until))
        } else {
            plain
        }
    }
}

/// What an interval looks like to liquidators.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    pub open: f64,
    pub close: f64,
    pub start: f64,
    pub end: f64,
    /// Whether what broke before acts on the last observation instead of the price.
    pub late: bool,
    /// Whether an observation has come to light in it.
    pub news: bool,
    low: f64,
    years: f64,
    /// Mean time after which a price inside the interval is seen.
    blind: f64,
    seen_at_end: bool,
    outage: Spell,
    /// The outage covers the end; and it began before it.
    hidden: bool,
    hidden_before_end: bool,
}

impl Pass {
    pub fn new(open: f64, start: f64, end: f64, interval: &Interval, latency: &Latency) -> Self {
        let Interval { low, close, years, .. } = *interval;
        let near = TIME_TOLERANCE * years;
        let Latency { delay, extra, congestion, outage } = *latency;
        let congested = congestion.within(start, end);
        let hidden = outage.covers(end, near);
        Self {
            open,
            close,
            start,
            end,
            late: delay > 0.0 || congestion.covers(start, near) || outage.covers(start, near),
            news: false,
            low,
            years,
            blind: delay + extra * (congested / years) + outage.within(start, end),
            seen_at_end: delay <= 0.0 && !congestion.covers(end, near),
            outage,
            hidden,
            hidden_before_end: hidden && outage.from < end - near,
        }
    }

    /// When the oracle comes back, if it does in this interval.
    pub fn back(&self) -> Option<f64> {
        let near = TIME_TOLERANCE * self.years;
        let back = self.outage.until;
        let in_it = self.outage.from < back && back > self.start + near && back <= self.end + near;
        in_it.then_some(back)
    }

    /// The moment, if it is not after the end.
    pub fn within(&self, moment: f64) -> Option<f64> {
        (moment <= self.end + TIME_TOLERANCE * self.years).then(|| moment.clamp(self.start, self.end))
    }

    /// Price interpolated between open and close.
    pub fn price_at(&self, moment: f64) -> f64 {
        let passed = ((moment - self.start) / self.years).clamp(0.0, 1.0);
        self.open + (self.close - self.open) * passed
    }

    /// The order for what the diffusion crosses, where it is seen within the interval.
    pub fn crossing(&self) -> Option<Order> {
        self.crossing_is_seen().then(|| Order {
            trigger: self.low,
            sale: Sale { price: self.close, lag: self.blind / self.years },
            filling: Filling::Crossing,
        })
    }

    fn crossing_is_seen(&self) -> bool {
        self.blind < self.years && !self.hidden_before_end
    }

    /// Whether the jump at the end is acted on at once.
    pub fn jump_is_seen(&self) -> bool {
        self.seen_at_end && !self.hidden
    }

    /// Whether the oracle stands still from the very end on.
    pub fn hidden_from_end(&self) -> bool {
        self.hidden && !self.hidden_before_end && self.seen_at_end
    }

    /// The lowest price that the interval shows to late observers; none if the oracle stands still at its end.
    pub fn shown(&self, after: f64) -> Option<f64> {
        let low = if self.crossing_is_seen() { after } else { self.low.min(after) };
        (!self.hidden).then_some(low)
    }
}
