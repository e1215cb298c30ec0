//! Clusters along a period: which can break, and what an order takes from their ladders.

use super::{
    AccountLoss, AssetPath,
    buyers::Buyers,
    desk::{Desk, Span},
    fast::{ClusterModel, Hand, Rungs, SoldAt, Stage},
    order::{Order, Passing, Seller},
    path::{BRANCHES, Period},
};
use crate::liquidation::{LadderState, shortfall::Sale};

/// Share by which a cluster counts as near before its next account breaks: products round.
const NEAR: f64 = 1e-12;

/// A walk along a period.
pub(super) struct Walk<'a> {
    pub model: &'a ClusterModel,
    pub path: &'a AssetPath,
    pub period: &'a Period,
    /// Present interval, counted from the period's first.
    pub at: usize,
    pub hand: &'a mut Hand,
    pub total: &'a mut AccountLoss,
}

impl Walk<'_> {
    /// Serves the present interval, or finds that nobody is reached from it on; the number of intervals done with.
    pub fn step(&mut self, desk: &mut Desk) -> usize {
        let (terms, path, height) = (&self.model.terms, self.path, self.period.height());
        let (first, count) = (self.period.intervals.start, self.period.intervals.len());
        let width = |level: usize| BRANCHES.pow(level as u32);
        let mut level = 0;
        while level + 1 < height && self.at.is_multiple_of(width(level + 1)) {
            level += 1;
        }
        let start = path.frame(first + self.at).start;
        loop {
            self.look(level, desk.span(terms, start));
            if self.hand.near[level].is_empty() {
                let passed = width(level).min(count - self.at);
                if desk.passes() && passed < count {
                    for interval in first + self.at..first + self.at + passed {
                        desk.pass(terms, &path.frame(interval), path.events());
                    }
                }
                return passed;
            }
            if level == 0 {
                break;
            }
            level -= 1;
        }
        desk.serve(terms, &path.frame(first + self.at), path.events(), self);
        1
    }

    /// Finds the clusters whose next account can break in the present node of a level. The others stand still.
    fn look(&mut self, level: usize, span: Span<'_>) {
        let Self { model, path, period, .. } = *self;
        let Hand { ladders, near, widened, .. } = &mut *self.hand;
        let bounds = path.bounds(period, level, self.at / BRANCHES.pow(level as u32));
        let bounds = span.widen(bounds, widened);
        near.resize_with(near.len().max(period.height()), Vec::new);
        let mut found = core::mem::take(&mut near[level]);
        found.clear();
        let reached = |&number: &usize| {
            let (cluster, next) = (&model.clusters[number], ladders[number].next_break());
            cluster.secured.value(bounds.least) <= next * cluster.debt.value(bounds.most) * (1.0 + NEAR)
        };
        if level + 1 == period.height() {
            found.extend((0..model.clusters.len()).filter(reached));
        } else {
            found.extend(near[level + 1].iter().copied().filter(reached));
        }
        near[level] = found;
    }

    /// Adds the bad debt in accounts that are under water and unserved.
    pub fn add_unserved(&self, prices: &[f64], total: &mut AccountLoss) {
        let service = &self.model.service;
        for (cluster, ladder) in self.model.clusters.iter().zip(&self.hand.ladders) {
            let unit = cluster.debt.value(prices);
            let trigger = cluster.secured.value(prices) / unit;
            let sale = cluster.pays * cluster.recovery.value(prices) / unit;
            if trigger <= ladder.next_break() {
                let left = ladder.clone().step(&cluster.ladder, service, trigger, sale, f64::INFINITY);
                total.bad_debt += left.loss * unit;
            }
            if trigger <= cluster.dust.first_break() {
                let mut dust = LadderState::new(&cluster.dust, 1.0);
                total.bad_debt += dust.step(&cluster.dust, service, trigger, sale, f64::INFINITY).loss * unit;
            }
        }
    }

    /// Whether all that is past its break can be sold at once.
    fn fits(&self, prices: &[f64], capacity: &[f64]) -> bool {
        let mut left = capacity.to_vec();
        for stage in &self.hand.stage {
            self.demand(stage, prices, |asset, demand| left[asset] -= demand);
        }
        left.iter().all(|left| *left >= 0.0)
    }

    /// What a cluster asks of each asset.
    fn demand(&self, stage: &Stage, prices: &[f64], mut add: impl FnMut(usize, f64)) {
        let cluster = &self.model.clusters[stage.cluster];
        let ladder = &self.hand.ladders[stage.cluster];
        let demand = ladder.backlog(&cluster.ladder, stage.trigger) * stage.unit;
        let value = cluster.recovery.value(prices);
        for &(asset, tokens) in &cluster.recovery.entries {
            add(asset as usize, demand * tokens * prices[asset as usize] / value);
        }
    }

    /// Serves the clusters in order of health factor across them: the cluster with the lowest head goes on down to the
    /// head of the next.
    fn merge(&mut self, prices: &[f64], buyers: &mut Buyers) {
        loop {
            let (mut first, mut second): (Option<(usize, f64)>, f64) = (None, f64::INFINITY);
            for (at, stage) in self.hand.stage.iter().enumerate() {
                let next = self.hand.ladders[stage.cluster].next_break();
                if stage.blocked || next < stage.trigger {
                    continue;
                }
                let factor = stage.level / next;
                match first {
                    Some((_, lowest)) if factor >= lowest => second = second.min(factor),
                    other => {
                        second = other.map_or(second, |(_, lowest)| lowest);
                        first = Some((at, factor));
                    }
                }
            }
            let Some((at, _)) = first else { return };
            let stage = self.hand.stage[at];
            let cluster = &self.model.clusters[stage.cluster];
            let value = cluster.recovery.value(prices);
            let (mut cap, mut binding) = (f64::INFINITY, 0);
            for &(asset, tokens) in &cluster.recovery.entries {
                let share = tokens * prices[asset as usize] / value;
                let limit = buyers.capacity[asset as usize] / share;
                if limit < cap {
                    (cap, binding) = (limit, asset as usize);
                }
            }
            // Down to the next head, and over its own head in any case, so that the loop ends.
            let ladder = &self.hand.ladders[stage.cluster];
            let down = (stage.level / second).max(stage.trigger).min(ladder.next_break());
            let demand = ladder.backlog(&cluster.ladder, down) * stage.unit;
            if cap > 0.0 {
                self.sell(at, down, cap / stage.unit, prices, buyers);
            }
            if demand >= cap {
                buyers.capacity[binding] = 0.0;
                self.hand.stage[at].blocked = true;
            }
        }
    }

    /// Serves one cluster to a trigger, at most `cap` debt baskets, and takes what it used from the depth.
    fn sell(&mut self, at: usize, trigger: f64, cap: f64, prices: &[f64], buyers: &mut Buyers) {
        let stage = self.hand.stage[at];
        let cluster = &self.model.clusters[stage.cluster];
        let (ladder, state) = (&cluster.ladder, &mut self.hand.ladders[stage.cluster]);
        let keep = self.model.service.keep();
        let sold = match stage.sold {
            SoldAt::Price(sale) => state.serve(ladder, keep, trigger, Sale::at(sale), cap),
            SoldAt::Break { .. } => state.serve(ladder, keep, trigger, Sale::at(f64::INFINITY), cap),
            SoldAt::Between { kept, sale } => state.serve(ladder, kept, trigger, sale, cap),
        };
        if sold.debt <= 0.0 {
            return;
        }
        let loss = match stage.sold {
            SoldAt::Break { lost } => lost * sold.debt,
            _ => sold.loss,
        };
        self.total.extinguished += sold.debt * stage.unit;
        self.total.bad_debt += loss * stage.unit;
        let value = cluster.recovery.value(prices);
        for &(asset, tokens) in &cluster.recovery.entries {
            let used = sold.debt * stage.unit * tokens * prices[asset as usize] / value;
            buyers.take(asset as usize, used, false);
        }
    }
}

impl Seller for Walk<'_> {
    fn serve(&mut self, order: &Order<'_>, buyers: &mut Buyers) -> bool {
        let model = self.model;
        let Hand { ladders, near, stage, .. } = &mut *self.hand;
        let Some(near) = near.first() else { return false };
        stage.clear();
        stage.extend(near.iter().filter_map(|&number| model.clusters[number].stage(number, order)));
        if !stage.iter().any(|stage| ladders[stage.cluster].next_break() >= stage.trigger) {
            return false;
        }
        let prices = match order.at_break {
            Some(_) => order.trigger.collateral,
            None => order.sale.collateral,
        };
        for at in 0..self.hand.stage.len() {
            let stage = self.hand.stage[at];
            self.demand(&stage, prices, |asset, demand| {
                buyers.demand[asset] += demand;
                buyers.asked[asset] |= demand > 0.0;
            });
        }
        buyers.open(order.filling, order.years_left);
        let before = self.total.extinguished;
        if model.unlimited || self.fits(prices, &buyers.capacity) {
            for at in 0..self.hand.stage.len() {
                let stage = self.hand.stage[at];
                self.sell(at, stage.trigger, f64::INFINITY, prices, buyers);
            }
        } else {
            self.merge(prices, buyers);
        }
        buyers.close(order.filling);
        self.total.extinguished > before
    }

    fn look_again(&mut self, span: Span<'_>) {
        for level in (0..self.period.height()).rev() {
            self.look(level, span);
        }
    }
}

impl Rungs {
    /// Where the cluster stands in an order; none if it does not concern it.
    fn stage(&self, cluster: usize, order: &Order<'_>) -> Option<Stage> {
        let lag = order.admits(self.secured.assets().chain(self.debt.assets()))?;
        let unit = self.debt.value_at(|asset| order.debt_price(asset, lag));
        let secured = self.secured.value(order.trigger.collateral);
        let level = secured / self.debt.value(order.trigger.debt);
        let trigger = order.also.map_or(level, |also| {
            level.max(self.secured.value(also.collateral) / self.debt.value(also.debt))
        });
        let sold_at = |prices: &[f64]| self.pays * self.recovery.value(prices) / unit;
        let sold = match order.at_break {
            None => SoldAt::Price(sold_at(order.sale.collateral)),
            Some(Passing { high, .. }) => {
                let kept = self.pays * self.recovery.value(order.trigger.collateral) / secured;
                if lag == 0.0 {
                    SoldAt::Break { lost: (1.0 - kept).max(0.0) }
                } else {
                    // Of the debt as it was when it broke.
                    let kept = kept * (self.debt.value(high) / unit);
                    let price = sold_at(order.sale.collateral) / kept;
                    SoldAt::Between { kept, sale: Sale { price, lag } }
                }
            }
        };
        Some(Stage { cluster, trigger, level, sold, unit, blocked: false })
    }
}
