//! What a book's forced sales do to the prices that it meets.

use super::{AccountModel, path::Frame, watch::View};
use crate::liquidation::system::pressure::Pressure;

/// Share by which bounds are widened for the rounding of factors.
const NEAR: f64 = 1e-12;

/// Impact of the book's sales along a path.
#[derive(Clone, Debug, Default)]
pub(super) struct Impacts {
    /// Impact of each asset.
    of: Vec<Option<usize>>,
    pressure: Vec<Pressure>,
    /// Factor of each when the book was drawn.
    base: Vec<f64>,
    /// Whether any price is moved.
    pub moved: bool,
    /// Whether the prices below are those of the interval.
    entered: bool,
    open: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    after: Vec<f64>,
    high: Vec<f64>,
    pub lower: Vec<f64>,
    pub higher: Vec<f64>,
}

impl Impacts {
    /// Back to the beginning of a path.
    pub fn restart(&mut self, model: &AccountModel) {
        let impacts = &model.conditions.impacts;
        self.of.clear();
        self.of.resize(model.spot.len(), None);
        for (number, impact) in impacts.iter().enumerate() {
            impact.markets.iter().for_each(|&asset| self.of[asset] = Some(number));
        }
        self.pressure.clear();
        self.pressure.resize(impacts.len(), Pressure::default());
        self.base.clear();
        self.base.resize(impacts.len(), 1.0);
        self.moved = false;
    }

    /// The book is drawn at the prices that forced sales have left.
    pub fn renew(&mut self, model: &AccountModel, time: f64) {
        if self.moved {
            let impacts = &model.conditions.impacts;
            for ((pressure, base), impact) in self.pressure.iter().zip(&mut self.base).zip(impacts) {
                *base = pressure.factor(impact, time);
            }
        }
    }

    /// What the price of an asset is multiplied by at a moment.
    pub fn factor(&self, model: &AccountModel, asset: usize, time: f64) -> f64 {
        self.of[asset].map_or(1.0, |number| {
            self.pressure[number].factor(&model.conditions.impacts[number], time) / self.base[number]
        })
    }

    /// Begins an interval: opening and low have felt what was sold before it, close and what follows, too, as far as it
    /// has not faded.
    pub fn enter(&mut self, model: &AccountModel, frame: &Frame<'_>) {
        self.entered = self.moved;
        if self.moved {
            self.fill(model, frame);
        }
    }

    fn fill(&mut self, model: &AccountModel, frame: &Frame<'_>) {
        for values in [&mut self.open, &mut self.low, &mut self.close, &mut self.after, &mut self.high] {
            values.clear();
        }
        for asset in 0..frame.open.len() {
            let (before, by_then) =
                (self.factor(model, asset, frame.start), self.factor(model, asset, frame.end));
            let (open, close) = (frame.open[asset] * before, frame.close[asset] * by_then);
            self.open.push(open);
            self.low.push((frame.low[asset] * before).min(open).min(close));
            self.close.push(close);
            self.after.push(frame.after[asset] * by_then);
            self.high.push(open.max(close));
        }
    }

    /// Adds what was sold by the end of an interval. The price after it feels it, what came before does not.
    pub fn press(&mut self, model: &AccountModel, frame: &Frame<'_>, sold: &mut [f64]) -> bool {
        let mut any = false;
        for number in 0..self.pressure.len() {
            let impact = &model.conditions.impacts[number];
            let value: f64 = impact.markets.iter().map(|&asset| sold[asset]).sum();
            if value > 0.0 {
                if !self.entered {
                    self.fill(model, frame);
                    self.entered = true;
                }
                self.pressure[number].add(impact, frame.end, value);
                any = true;
            }
        }
        sold.fill(0.0);
        if any {
            self.moved = true;
            for asset in 0..frame.after.len() {
                self.after[asset] = frame.after[asset] * self.factor(model, asset, frame.end);
            }
        }
        any
    }

    /// The prices of the interval.
    pub fn view<'a>(&'a self, frame: &Frame<'a>) -> View<'a> {
        let Frame { open, low, close, after, high, years, start, end, stressed } = *frame;
        if !self.entered {
            return View { open, low, close, after, high, years, start, end, stressed };
        }
        View {
            open: &self.open,
            low: &self.low,
            close: &self.close,
            after: &self.after,
            high: &self.high,
            years,
            start,
            end,
            stressed,
        }
    }

    /// Factors by which prices lie below and above their path from a moment on, as long as nothing is sold.
    pub fn span(&mut self, model: &AccountModel, time: f64) {
        self.lower.clear();
        self.higher.clear();
        for asset in 0..self.of.len() {
            let base = self.of[asset].map_or(1.0, |number| self.base[number]);
            self.lower.push(self.factor(model, asset, time) * (1.0 - NEAR));
            self.higher.push((1.0 / base) * (1.0 + NEAR));
        }
    }
}
