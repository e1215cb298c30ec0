//! One ladder a cluster, on the price of the cluster's basket.
//!
//! With `A` the value of the basket of collateral times threshold, `R` that of the basket of what sales pay, and `Q`
//! that of the basket of debts, each 1 at the snapshot, an account of secured value `S` and debt `D` breaks where
//! `A/Q` falls below `H = D/S`, the inverse of its health factor. A sale pays `k S R/Q` debt baskets, `k` being what
//! sales pay per unit of secured value. So a cluster is a ladder of positions with collateral `S`, debt `D` and
//! threshold 1, triggered at `A/Q` and sold at `k R/Q`; at an account's own break a sale loses `1 - k R/A` of the debt
//! where that is positive. For exactly proportional accounts that share no depth with others this equals the agent
//! loop in proportion ([`super::Seizure::ProRata`]); depth shared between clusters is filled in order of health factor
//! across them (merge of the heads).

use super::{
    AccountLoss, AccountModel, AccountModelError, AssetPath, cluster,
    path::{Bounds, Frame},
};
use crate::book::Position;
use crate::liquidation::{ByRegime, Ladder, LadderState, Service};

/// Share by which a cluster counts as near before its next account breaks: products round.
const NEAR: f64 = 1e-12;

/// Weights of assets, in tokens per unit of value at the snapshot.
#[derive(Clone, Debug, Default)]
struct Basket {
    entries: Vec<(u32, f64)>,
}

impl Basket {
    fn new(shares: &[f64], spot: &[f64]) -> Self {
        let held = shares.iter().zip(spot).enumerate().filter(|(_, (share, _))| **share > 0.0);
        Self { entries: held.map(|(asset, (share, price))| (asset as u32, share / price)).collect() }
    }

    #[inline]
    fn value(&self, prices: &[f64]) -> f64 {
        let mut sum = 0.0;
        for &(asset, tokens) in &self.entries {
            sum += tokens * prices[asset as usize];
        }
        sum
    }
}

#[derive(Clone, Debug)]
struct Rungs {
    ladder: Ladder,
    secured: Basket,
    recovery: Basket,
    debt: Basket,
    pays: f64,
}

/// A book of accounts as ladders on composite prices. Immutable; paths share it.
#[derive(Clone, Debug)]
pub struct ClusterModel {
    clusters: Vec<Rungs>,
    service: Service,
    capacity_per_year: Vec<ByRegime>,
    unlimited: bool,
    spread: f64,
}

/// State of the ladders along a path. Reused from path to path.
#[derive(Clone, Debug, Default)]
pub struct ClusterState {
    ladders: Vec<LadderState>,
    /// Clusters that can break in the window, rising.
    near: Vec<usize>,
    /// One for each of them.
    stage: Vec<Stage>,
    capacity: Vec<f64>,
}

/// Where one cluster stands in one part of an interval, in debt baskets.
#[derive(Clone, Copy, Debug)]
struct Stage {
    cluster: usize,
    /// Break level down to which accounts are served.
    trigger: f64,
    /// Level of the basket by which health factors are ranked: at the close for a backlog.
    level: f64,
    sale: f64,
    /// Share of the debt lost in a sale at the account's own break; none for a sale at `sale`.
    lost: Option<f64>,
    /// Value of a debt basket.
    unit: f64,
    blocked: bool,
}

/// Part of an interval.
#[derive(Clone, Copy)]
enum Part {
    Backlog,
    Diffusion,
    Jump,
}

impl AccountModel {
    /// Gathers the accounts into at most `count` clusters, each a ladder.
    ///
    /// # Errors
    /// No cluster asked for, or a cluster without a ladder.
    pub fn cluster(&self, count: usize) -> Result<ClusterModel, AccountModelError> {
        if count == 0 {
            return Err(AccountModelError::Clusters(count));
        }
        let (found, spread) = cluster::gather(self, count);
        let (endless, at_once) = (ByRegime::same(f64::INFINITY), ByRegime::same(0.0));
        let service = Service::new(0.0, endless, at_once).map_err(AccountModelError::Service)?;
        let mut clusters = Vec::with_capacity(found.len());
        for (number, cluster) in found.into_iter().enumerate() {
            let positions: Vec<Position> = cluster
                .members
                .iter()
                .map(|&account| {
                    let (held, owed) =
                        (self.collateral.row(account as usize), self.debt.row(account as usize));
                    Position {
                        collateral: self.collateral.secured(held, &self.collateral.amount, &self.spot),
                        debt: self.debt.value(owed, &self.debt.amount, &self.spot),
                        liquidation_threshold: 1.0,
                    }
                })
                .collect();
            let ladder = Ladder::new(&positions)
                .map_err(|source| AccountModelError::Ladder { cluster: number, source })?;
            clusters.push(Rungs {
                ladder,
                secured: Basket::new(&cluster.secured, &self.spot),
                recovery: Basket::new(&cluster.recovery, &self.spot),
                debt: Basket::new(&cluster.debt, &self.spot),
                pays: cluster.pays,
            });
        }
        let unlimited =
            self.capacity_per_year.iter().all(|by| by.calm.is_infinite() && by.stressed.is_infinite());
        let capacity_per_year = self.capacity_per_year.clone();
        Ok(ClusterModel { clusters, service, capacity_per_year, unlimited, spread })
    }
}

impl ClusterModel {
    /// Number of clusters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    /// True when there is no account, and so no cluster.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty()
    }

    /// Debt of all clusters at the snapshot, unit of account.
    #[must_use]
    pub fn total_debt(&self) -> f64 {
        self.clusters.iter().fold(0.0, |sum, cluster| sum + cluster.ladder.total_debt())
    }

    /// Mean distance of an account from its cluster in shares of value, weighted by debt: 0 where all accounts of a
    /// cluster are proportional.
    #[must_use]
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// Runs the ladders along a path that was read for the model the clusters come from.
    pub fn run(&self, path: &AssetPath, state: &mut ClusterState) -> AccountLoss {
        let mut total = AccountLoss::default();
        if state.ladders.len() != self.clusters.len() {
            state.ladders = self.clusters.iter().map(|c| LadderState::new(&c.ladder, 1.0)).collect();
        }
        for period in path.periods() {
            for (cluster, ladder) in self.clusters.iter().zip(&mut state.ladders) {
                ladder.restart(&cluster.ladder, 1.0);
            }
            if !self.find_near(path.period_bounds(period), state) {
                continue;
            }
            for window in path.windows(period) {
                if self.find_near(path.window_bounds(window), state) {
                    for interval in window.intervals.clone() {
                        self.interval(&path.frame(interval), state, &mut total);
                    }
                }
            }
            let after = path.frame(period.intervals.end - 1).after;
            for (number, (cluster, ladder)) in self.clusters.iter().zip(&mut state.ladders).enumerate() {
                let stage = cluster.at(number, after);
                let left =
                    ladder.step(&cluster.ladder, &self.service, stage.trigger, stage.sale, f64::INFINITY);
                total.bad_debt += left.loss * stage.unit;
            }
        }
        total
    }

    /// Finds the clusters whose next account can break within bounds; false if there is none. The others stand still.
    fn find_near(&self, bounds: Bounds<'_>, state: &mut ClusterState) -> bool {
        let ClusterState { ladders, near, .. } = state;
        near.clear();
        near.extend((0..self.clusters.len()).filter(|&number| {
            let (cluster, next) = (&self.clusters[number], ladders[number].next_break());
            cluster.secured.value(bounds.least) <= next * cluster.debt.value(bounds.most) * (1.0 + NEAR)
        }));
        !near.is_empty()
    }

    fn interval(&self, frame: &Frame<'_>, state: &mut ClusterState, total: &mut AccountLoss) {
        let (mut crossed, mut jumped) = (false, false);
        for &number in &state.near {
            let (cluster, next) = (&self.clusters[number], state.ladders[number].next_break());
            crossed |= cluster.secured.value(frame.low) <= next * cluster.debt.value(frame.high);
            jumped |= cluster.secured.value(frame.after) <= next * cluster.debt.value(frame.after);
        }
        if !(crossed || jumped) {
            return;
        }
        state.capacity.clear();
        let rate = |rate: f64| if rate.is_infinite() { rate } else { rate * frame.years };
        state.capacity.extend(self.capacity_per_year.iter().map(|by| rate(by.get(frame.stressed))));
        if crossed {
            self.serve(Part::Backlog, frame, state, total);
            self.serve(Part::Diffusion, frame, state, total);
        }
        if jumped {
            self.serve(Part::Jump, frame, state, total);
        }
    }

    fn serve(&self, part: Part, frame: &Frame<'_>, state: &mut ClusterState, total: &mut AccountLoss) {
        state.stage.clear();
        state.stage.extend(state.near.iter().map(|&number| match part {
            Part::Backlog => self.clusters[number].backlog(number, frame),
            Part::Diffusion => self.clusters[number].diffusion(number, frame),
            Part::Jump => self.clusters[number].at(number, frame.after),
        }));
        let prices = match part {
            Part::Backlog => frame.close,
            Part::Diffusion => frame.low,
            Part::Jump => frame.after,
        };
        if self.unlimited || self.fits(prices, state) {
            for at in 0..state.stage.len() {
                let stage = state.stage[at];
                self.sell(at, stage.trigger, f64::INFINITY, prices, state, total);
            }
            return;
        }
        self.merge(prices, state, total);
    }

    /// Whether all that is past its break can be sold at once.
    fn fits(&self, prices: &[f64], state: &ClusterState) -> bool {
        let mut left = state.capacity.clone();
        for stage in &state.stage {
            let (cluster, ladder) = (&self.clusters[stage.cluster], &state.ladders[stage.cluster]);
            let demand = ladder.backlog(&cluster.ladder, stage.trigger) * stage.unit;
            let value = cluster.recovery.value(prices);
            for &(asset, tokens) in &cluster.recovery.entries {
                left[asset as usize] -= demand * tokens * prices[asset as usize] / value;
            }
        }
        left.iter().all(|left| *left >= 0.0)
    }

    /// Serves the clusters in order of health factor across them: the cluster with the lowest head goes on down to the
    /// head of the next.
    fn merge(&self, prices: &[f64], state: &mut ClusterState, total: &mut AccountLoss) {
        loop {
            let (mut first, mut second): (Option<(usize, f64)>, f64) = (None, f64::INFINITY);
            for (at, stage) in state.stage.iter().enumerate() {
                let next = state.ladders[stage.cluster].next_break();
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
            let stage = state.stage[at];
            let cluster = &self.clusters[stage.cluster];
            let value = cluster.recovery.value(prices);
            let (mut cap, mut binding) = (f64::INFINITY, 0);
            for &(asset, tokens) in &cluster.recovery.entries {
                let share = tokens * prices[asset as usize] / value;
                let limit = state.capacity[asset as usize] / share;
                if limit < cap {
                    (cap, binding) = (limit, asset as usize);
                }
            }
            // Down to the next head, and over its own head in any case, so that the loop ends.
            let down =
                (stage.level / second).max(stage.trigger).min(state.ladders[stage.cluster].next_break());
            let demand = state.ladders[stage.cluster].backlog(&cluster.ladder, down) * stage.unit;
            if cap > 0.0 {
                self.sell(at, down, cap / stage.unit, prices, state, total);
            }
            if demand >= cap {
                state.capacity[binding] = 0.0;
                state.stage[at].blocked = true;
            }
        }
    }

    /// Serves one cluster to a trigger, at most `cap` debt baskets, and takes what it used from the depth.
    fn sell(
        &self,
        at: usize,
        trigger: f64,
        cap: f64,
        prices: &[f64],
        state: &mut ClusterState,
        total: &mut AccountLoss,
    ) {
        let stage = state.stage[at];
        let cluster = &self.clusters[stage.cluster];
        let sale = if stage.lost.is_some() { f64::INFINITY } else { stage.sale };
        let sold = state.ladders[stage.cluster].step(&cluster.ladder, &self.service, trigger, sale, cap);
        if sold.debt <= 0.0 {
            return;
        }
        let loss = stage.lost.map_or(sold.loss, |share| share * sold.debt);
        total.extinguished += sold.debt * stage.unit;
        total.bad_debt += loss * stage.unit;
        let value = cluster.recovery.value(prices);
        for &(asset, tokens) in &cluster.recovery.entries {
            let used = sold.debt * stage.unit * tokens * prices[asset as usize] / value;
            let capacity = &mut state.capacity[asset as usize];
            *capacity = (*capacity - used).max(0.0);
        }
    }
}

impl Rungs {
    /// For a sale at these prices.
    fn at(&self, cluster: usize, prices: &[f64]) -> Stage {
        let unit = self.debt.value(prices);
        let trigger = self.secured.value(prices) / unit;
        let sale = self.pays * self.recovery.value(prices) / unit;
        Stage { cluster, trigger, level: trigger, sale, lost: None, unit, blocked: false }
    }

    fn backlog(&self, cluster: usize, frame: &Frame<'_>) -> Stage {
        let (open, close) = (self.at(cluster, frame.open), self.at(cluster, frame.close));
        Stage { trigger: open.trigger.max(close.trigger), ..close }
    }

    fn diffusion(&self, cluster: usize, frame: &Frame<'_>) -> Stage {
        let unit = self.debt.value(frame.high);
        let secured = self.secured.value(frame.low);
        let trigger = secured / unit;
        let lost = (1.0 - self.pays * self.recovery.value(frame.low) / secured).max(0.0);
        Stage {
            cluster,
            trigger,
            level: trigger,
            sale: f64::INFINITY,
            lost: Some(lost),
            unit,
            blocked: false,
        }
    }
}
