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
    desk::{Desk, Widened},
    ladders::Walk,
};
use crate::book::Position;
use crate::liquidation::{ByRegime, Ladder, LadderState, Service, shortfall::Sale};

/// Weights of assets, in tokens per unit of value at the snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Basket {
    pub entries: Vec<(u32, f64)>,
}

impl Basket {
    fn new(shares: &[f64], spot: &[f64]) -> Self {
        let held = shares.iter().zip(spot).enumerate().filter(|(_, (share, _))| **share > 0.0);
        Self { entries: held.map(|(asset, (share, price))| (asset as u32, share / price)).collect() }
    }

    #[inline]
    pub fn value(&self, prices: &[f64]) -> f64 {
        self.value_at(|asset| prices[asset])
    }

    #[inline]
    pub fn value_at(&self, price: impl Fn(usize) -> f64) -> f64 {
        let mut sum = 0.0;
        for &(asset, tokens) in &self.entries {
            sum += tokens * price(asset as usize);
        }
        sum
    }

    pub fn assets(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        self.entries.iter().map(|entry| entry.0)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rungs {
    pub ladder: Ladder,
    /// Accounts that nobody liquidates.
    pub dust: Ladder,
    pub secured: Basket,
    pub recovery: Basket,
    pub debt: Basket,
    pub pays: f64,
}

/// A book of accounts as ladders on composite prices. Immutable; paths share it.
#[derive(Clone, Debug)]
pub struct ClusterModel {
    pub(super) clusters: Vec<Rungs>,
    /// The book without its accounts.
    pub(super) terms: AccountModel,
    pub(super) service: Service,
    pub(super) unlimited: bool,
    spread: f64,
}

/// State of the ladders along a path. Reused from path to path.
#[derive(Clone, Debug, Default)]
pub struct ClusterState {
    desk: Desk,
    hand: Hand,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Hand {
    pub ladders: Vec<LadderState>,
    /// Clusters that can break in the present node of each level of the period, rising.
    pub near: Vec<Vec<usize>>,
    /// One for each of the lowest level that an order concerns.
    pub stage: Vec<Stage>,
    pub widened: Widened,
}

/// Where one cluster stands in an order, in debt baskets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub cluster: usize,
    /// Break level down to which accounts are served.
    pub trigger: f64,
    /// Level of the basket by which health factors are ranked: at the close for a backlog.
    pub level: f64,
    pub sold: SoldAt,
    /// Value of a debt basket.
    pub unit: f64,
    pub blocked: bool,
}

/// What a sale pays.
#[derive(Clone, Copy, Debug)]
pub(super) enum SoldAt {
    /// So much for the collateral of an account.
    Price(f64),
    /// At the account's own break all but this share of the debt.
    Break { lost: f64 },
    /// This share of the debt at the account's own break, moved towards a price.
    Between { kept: f64, sale: Sale },
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
            let position = |&account: &u32| {
                let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
                Position {
                    collateral: self.collateral.secured(held, &self.collateral.amount, &self.spot),
                    debt: self.debt.value(owed, &self.debt.amount, &self.spot),
                    liquidation_threshold: 1.0,
                }
            };
            let ladder_of = |dust: bool| {
                let members = cluster.members.iter().filter(|&&account| self.dust[account as usize] == dust);
                Ladder::new(&members.map(position).collect::<Vec<_>>())
                    .map_err(|source| AccountModelError::Ladder { cluster: number, source })
            };
            clusters.push(Rungs {
                ladder: ladder_of(false)?,
                dust: ladder_of(true)?,
                secured: Basket::new(&cluster.secured, &self.spot),
                recovery: Basket::new(&cluster.recovery, &self.spot),
                debt: Basket::new(&cluster.debt, &self.spot),
                pays: cluster.pays,
            });
        }
        let unlimited =
            self.capacity_per_year.iter().all(|by| by.calm.is_infinite() && by.stressed.is_infinite());
        Ok(ClusterModel { clusters, terms: self.without_accounts(), service, unlimited, spread })
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
        self.clusters
            .iter()
            .fold(0.0, |sum, cluster| sum + cluster.ladder.total_debt() + cluster.dust.total_debt())
    }

    /// Mean distance of an account from its cluster in shares of value, weighted by debt: 0 where all accounts of a
    /// cluster are proportional.
    #[must_use]
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// Runs the ladders along a path that was read for the model the clusters come from.
    pub fn run(&self, path: &AssetPath, state: &mut ClusterState) -> AccountLoss {
        let mut loss = [AccountLoss::default()];
        self.run_within(path, &[path.len()], state, &mut loss);
        loss[0]
    }

    /// The losses within the first so many intervals, rising, and at most those of the path: as if the path ended there.
    pub fn run_within(
        &self,
        path: &AssetPath,
        intervals: &[usize],
        state: &mut ClusterState,
        losses: &mut [AccountLoss],
    ) {
        let ClusterState { desk, hand } = state;
        let terms = &self.terms;
        desk.restart(terms, path.events());
        if hand.ladders.len() != self.clusters.len() {
            hand.ladders = self.clusters.iter().map(|c| LadderState::new(&c.ladder, 1.0)).collect();
        }
        let mut total = AccountLoss::default();
        let mut due = intervals.iter().zip(losses).peekable();
        while let Some((_, loss)) = due.next_if(|(end, _)| **end == 0) {
            *loss = total;
        }
        for period in path.periods() {
            if due.peek().is_none() {
                break;
            }
            let (first, count) = (period.intervals.start, period.intervals.len());
            desk.renew(terms, path.frame(first).start);
            for (cluster, ladder) in self.clusters.iter().zip(&mut hand.ladders) {
                ladder.restart(&cluster.ladder, 1.0);
            }
            let mut walk = Walk { model: self, path, period, at: 0, hand: &mut *hand, total: &mut total };
            while walk.at < count {
                let passed = walk.step(desk);
                for interval in first + walk.at..first + walk.at + passed {
                    let inside = interval + 1 < first + count;
                    while let Some((_, loss)) = due.next_if(|(end, _)| inside && **end == interval + 1) {
                        *loss = *walk.total;
                        walk.add_unserved(desk.after(terms, &path.frame(interval)), loss);
                    }
                }
                walk.at += passed;
            }
            let last = path.frame(first + count - 1);
            let mut ended = *walk.total;
            walk.add_unserved(desk.after(terms, &last), &mut ended);
            total = ended;
            while let Some((_, loss)) = due.next_if(|(end, _)| **end == first + count) {
                *loss = total;
            }
        }
    }
}
