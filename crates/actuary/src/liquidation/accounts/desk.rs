//! What happens to a book within an interval, whoever carries the orders out.
//!
//! In the order of [`crate::liquidation::system`]: prices that come to light, what broke before, what the diffusion
//! crosses, the jump; with price impact the jump is repeated at the lower prices until nothing more breaks.

use super::{
    AccountModel, PathEvents,
    buyers::Buyers,
    impacts::Impacts,
    order::{Mask, Order, Passing, Prices, Seller},
    path::{Bounds, Frame},
    watch::{View, Watch},
};
use crate::liquidation::supply::Filling;

/// What prices may be beyond the bounds of a stretch of the path: forced sales have lowered them, and liquidators may act
/// on what they saw before. Empty where neither can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    lower: &'a [f64],
    higher: &'a [f64],
    least: &'a [f64],
    most: &'a [f64],
}

/// Buffers of widened bounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Widened {
    least: Vec<f64>,
    most: Vec<f64>,
}

impl Span<'_> {
    /// The bounds with what lies beyond.
    pub fn widen<'b>(&self, bounds: Bounds<'b>, into: &'b mut Widened) -> Bounds<'b> {
        if self.lower.is_empty() && self.least.is_empty() {
            return bounds;
        }
        into.least.clear();
        into.most.clear();
        into.least.extend_from_slice(bounds.least);
        into.most.extend_from_slice(bounds.most);
        for (price, factor) in into.least.iter_mut().zip(self.lower) {
            *price *= factor;
        }
        for (price, factor) in into.most.iter_mut().zip(self.higher) {
            *price *= factor;
        }
        for (price, seen) in into.least.iter_mut().zip(self.least) {
            *price = price.min(*seen);
        }
        for (price, seen) in into.most.iter_mut().zip(self.most) {
            *price = price.max(*seen);
        }
        Bounds { least: &into.least, most: &into.most }
    }
}

/// The state of service along a path. Reused from path to path.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    prompt: bool,
    watch: Watch,
    pub buyers: Buyers,
    impacts: Impacts,
    least: Vec<f64>,
    most: Vec<f64>,
    last: Vec<f64>,
}

impl Desk {
    /// Back to the beginning of a path.
    pub fn restart(&mut self, model: &AccountModel, events: &PathEvents) {
        self.prompt = model.conditions.is_prompt();
        self.buyers.restart(model, &events.crashes);
        self.impacts.restart(model);
    }

    /// Begins a period at a moment: the book is drawn at the prices that forced sales have left, and what was seen is of
    /// the old one.
    pub fn renew(&mut self, model: &AccountModel, time: f64) {
        if !self.prompt {
            self.watch.restart(&model.spot);
        }
        self.impacts.renew(model, time);
    }

    /// Whether intervals in which nobody can be reached have to be passed through.
    pub fn passes(&self) -> bool {
        !self.prompt
    }

    /// What prices may be beyond the bounds of a stretch that begins at a moment.
    pub fn span(&mut self, model: &AccountModel, time: f64) -> Span<'_> {
        let assets = model.spot.len();
        let (moved, late) = (self.impacts.moved, !self.prompt);
        if moved {
            self.impacts.span(model, time);
        }
        if late {
            for (values, start) in [(&mut self.least, f64::INFINITY), (&mut self.most, 0.0)] {
                values.clear();
                values.resize(assets, start);
            }
            self.watch.widen(&mut self.least, &mut self.most);
        }
        let felt = |values: &'_ [f64], any: bool| if any { values.len() } else { 0 };
        Span {
            lower: &self.impacts.lower[..felt(&self.impacts.lower, moved)],
            higher: &self.impacts.higher[..felt(&self.impacts.higher, moved)],
            least: &self.least[..felt(&self.least, late)],
            most: &self.most[..felt(&self.most, late)],
        }
    }

    /// Prices at the end of an interval as forced sales have left them.
    pub fn after<'a>(&'a mut self, model: &AccountModel, frame: &Frame<'a>) -> &'a [f64] {
        if !self.impacts.moved {
            return frame.after;
        }
        self.last.clear();
        for (asset, price) in frame.after.iter().enumerate() {
            self.last.push(price * self.impacts.factor(model, asset, frame.end));
        }
        &self.last
    }

    /// Passes through an interval in which nobody can be reached.
    pub fn pass(&mut self, model: &AccountModel, frame: &Frame<'_>, events: &PathEvents) {
        self.impacts.enter(model, frame);
        let Self { watch, impacts, .. } = self;
        let view = impacts.view(frame);
        watch.begin(model, &view, events);
        while let Some((_, seen)) = watch.next() {
            watch.done(seen);
        }
        watch.end(&view);
    }

    /// Carries a book through an interval.
    pub fn serve(
        &mut self,
        model: &AccountModel,
        frame: &Frame<'_>,
        events: &PathEvents,
        seller: &mut impl Seller,
    ) {
        self.buyers.begin(model, (frame.start, frame.end, frame.stressed), frame.years);
        self.impacts.enter(model, frame);
        if self.prompt {
            let Self { buyers, impacts, .. } = self;
            let view = impacts.view(frame);
            for order in [
                Order {
                    also: Some(Prices::same(view.open)),
                    filling: Filling::Backlog,
                    years_left: f64::INFINITY,
                    ..Order::at(view.close)
                },
                Order {
                    trigger: Prices { collateral: view.low, debt: view.high },
                    at_break: Some(Passing { lag: 0.0, high: view.high }),
                    filling: Filling::Crossing,
                    years_left: f64::INFINITY,
                    ..Order::at(view.close)
                },
            ] {
                seller.serve(&order, buyers);
            }
        } else {
            let Self { watch, buyers, impacts, .. } = self;
            let view = impacts.view(frame);
            watch.begin(model, &view, events);
            Self::late(watch, buyers, &view, seller);
        }
        self.jumps(model, frame, seller);
        if !self.prompt {
            let Self { watch, impacts, .. } = self;
            watch.end(&impacts.view(frame));
        }
        self.buyers.end();
    }

    /// What comes before the jump where liquidators do not see everything at once.
    fn late(watch: &mut Watch, buyers: &mut Buyers, view: &View<'_>, seller: &mut impl Seller) {
        let mut prices: Vec<f64> = Vec::new();
        while let Some((moment, seen)) = watch.next() {
            prices.clear();
            prices.extend((0..view.open.len()).map(|asset| view.price_at(asset, moment)));
            let order = Order {
                trigger: Prices { collateral: &seen.low, debt: &seen.high },
                years_left: view.end - moment,
                ..Order::at(&prices)
            };
            seller.serve(&order, buyers);
            watch.done(seen);
        }
        let close = Prices::same(view.close);
        if watch.mixed {
            let (first, second, sights, part) = watch.backlog_mixed(view);
            let order = Order {
                trigger: Prices::same(second),
                also: Some(Prices::same(first)),
                sale: close,
                mask: Some(Mask { sights, part }),
                filling: Filling::Backlog,
                years_left: f64::INFINITY,
                ..Order::at(second)
            };
            seller.serve(&order, buyers);
            let (collateral, debt, sights, part) = watch.crossing_mixed(view);
            let order = Order {
                trigger: Prices { collateral, debt },
                sale: close,
                at_break: Some(Passing { lag: 0.0, high: view.high }),
                mask: Some(Mask { sights, part }),
                filling: Filling::Crossing,
                years_left: f64::INFINITY,
                ..Order::at(view.close)
            };
            seller.serve(&order, buyers);
            return;
        }
        let Some(sight) = watch.sights.first().copied() else { return };
        let backlog = Order { filling: Filling::Backlog, years_left: f64::INFINITY, ..Order::at(view.close) };
        if !sight.late {
            seller.serve(&Order { also: Some(Prices::same(view.open)), ..backlog }, buyers);
        } else if !watch.news {
            seller.serve(&Order { trigger: Prices::same(&watch.observed), ..backlog }, buyers);
        }
        if let Some(lag) = sight.crossing {
            let order = Order {
                trigger: Prices { collateral: view.low, debt: view.high },
                sale: close,
                at_break: Some(Passing { lag, high: view.high }),
                filling: Filling::Crossing,
                years_left: f64::INFINITY,
                ..Order::at(view.close)
            };
            seller.serve(&order, buyers);
        }
    }

    /// The jump at the end, in rounds while forced sales move prices.
    fn jumps(&mut self, model: &AccountModel, frame: &Frame<'_>, seller: &mut impl Seller) {
        self.press(model, frame, seller);
        self.buyers.jump();
        let rounds = model.conditions.impacts.iter().map(|impact| impact.most_rounds).max().unwrap_or(1);
        for _ in 0..rounds {
            let Self { watch, buyers, impacts, .. } = self;
            let view = impacts.view(frame);
            let order = Order::at(view.after);
            let sold = if self.prompt || !watch.mixed {
                let seen = self.prompt || watch.sights.first().is_some_and(|sight| sight.jump);
                seen && seller.serve(&order, buyers)
            } else {
                let (trigger, sights, part) = watch.jump_mixed(view.after);
                let mask = Some(Mask { sights, part });
                seller.serve(&Order { trigger: Prices::same(trigger), mask, ..order }, buyers)
            };
            if !sold || !self.press(model, frame, seller) {
                break;
            }
        }
    }

    /// Lets prices feel what was sold. True if one has moved.
    fn press(&mut self, model: &AccountModel, frame: &Frame<'_>, seller: &mut impl Seller) -> bool {
        let moved = self.impacts.press(model, frame, &mut self.buyers.sold);
        if moved {
            seller.look_again(self.span(model, frame.end));
        }
        moved
    }
}

impl<'a> Order<'a> {
    /// Whatever is under water at these prices, sold at them at the end of the interval.
    fn at(prices: &'a [f64]) -> Self {
        Self {
            trigger: Prices::same(prices),
            also: None,
            sale: Prices::same(prices),
            at_break: None,
            mask: None,
            filling: Filling::Moment,
            years_left: 0.0,
        }
    }
}
