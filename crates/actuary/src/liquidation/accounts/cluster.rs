//! Accounts gathered by composition.
//!
//! Two accounts whose collaterals, each at its value times threshold, and whose debts stand in the same proportions
//! have health factors that move by the same ratio whatever prices do: they break in the fixed order of their health
//! factors, as the positions of one market do. The distance between accounts is that of these weights: the value
//! times threshold of each collateral as a share of their sum, the value of each debt as a share of theirs, Euclidean.
//!
//! Clusters are found by weighted k-means with debt as weight: the first centre is the account of largest debt, each
//! next one the account with the largest debt x squared distance to the nearest centre, which picks up every distinct
//! composition if there are no more than centres; then Lloyd's steps until nothing moves, at most [`STEPS`]. No random
//! numbers; equals go to the lowest number. The cost is accounts x clusters x assets an account x steps.

use super::AccountModel;

/// Most steps of Lloyd's algorithm.
pub const STEPS: usize = 30;

/// Accounts of nearly proportional composition.
#[derive(Clone, Debug, Default)]
pub(super) struct Cluster {
    pub(super) members: Vec<u32>,
    /// Shares of value times threshold, by asset.
    pub(super) secured: Vec<f64>,
    /// Shares of what sales pay, by asset.
    pub(super) recovery: Vec<f64>,
    /// Shares of debt, by asset.
    pub(super) debt: Vec<f64>,
    /// What sales pay per unit of value times threshold.
    pub(super) pays: f64,
}

/// Composition of accounts, rows as of the model's collateral and then its debt.
struct Weights {
    start: Vec<usize>,
    index: Vec<u32>,
    weight: Vec<f64>,
    /// Squared length of each row.
    square: Vec<f64>,
    /// Debt of each account at spot.
    debt: Vec<f64>,
}

/// Gathers the accounts of a model into at most `count` clusters, none empty; the mean distance of an account from its
/// cluster, weighted by debt, comes second.
pub(super) fn gather(model: &AccountModel, count: usize) -> (Vec<Cluster>, f64) {
    let weights = Weights::of(model);
    let dimensions = 2 * model.spot.len();
    let mut centres = first_centres(&weights, count, dimensions);
    let mut home = vec![usize::MAX; weights.debt.len()];
    for _ in 0..STEPS {
        if !assign(&weights, &centres, &mut home) {
            break;
        }
        centres = means(&weights, &home, centres.len(), dimensions);
    }
    let mut clusters = vec![Cluster::default(); centres.len()];
    for (account, &cluster) in home.iter().enumerate() {
        clusters[cluster].members.push(account as u32);
    }
    clusters.retain(|cluster| !cluster.members.is_empty());
    for cluster in &mut clusters {
        cluster.baskets(model);
    }
    let total: f64 = weights.debt.iter().sum();
    let spread: f64 = home
        .iter()
        .enumerate()
        .map(|(account, &cluster)| {
            let square: f64 = centres[cluster].iter().map(|x| x * x).sum();
            weights.debt[account] * weights.distance(account, &centres[cluster], square).sqrt()
        })
        .sum();
    (clusters, if total > 0.0 { spread / total } else { 0.0 })
}

impl Weights {
    fn of(model: &AccountModel) -> Self {
        let mut weights = Self {
            start: vec![0],
            index: Vec::new(),
            weight: Vec::new(),
            square: Vec::new(),
            debt: Vec::new(),
        };
        let assets = model.spot.len() as u32;
        for account in 0..model.len() {
            let (held, owed) = (model.collateral.row(account), model.debt.row(account));
            let secured = model.collateral.secured(held.clone(), &model.collateral.amount, &model.spot);
            let debt = model.debt.value(owed.clone(), &model.debt.amount, &model.spot);
            for at in held {
                let asset = model.collateral.asset[at];
                let value =
                    model.collateral.amount[at] * model.collateral.threshold[at] * model.spot[asset as usize];
                weights.index.push(asset);
                weights.weight.push(value / secured);
            }
            for at in owed {
                let asset = model.debt.asset[at];
                weights.index.push(assets + asset);
                weights.weight.push(model.debt.amount[at] * model.spot[asset as usize] / debt);
            }
            let first = weights.start[account];
            weights.square.push(weights.weight[first..].iter().map(|w| w * w).sum());
            weights.start.push(weights.index.len());
            weights.debt.push(debt);
        }
        weights
    }

    fn row(&self, account: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let row = self.start[account]..self.start[account + 1];
        self.index[row.clone()].iter().map(|&index| index as usize).zip(self.weight[row].iter().copied())
    }

    /// Squared distance of an account from a centre of this squared length.
    fn distance(&self, account: usize, centre: &[f64], square: f64) -> f64 {
        let product: f64 = self.row(account).map(|(index, weight)| weight * centre[index]).sum();
        (self.square[account] - 2.0 * product + square).max(0.0)
    }

    fn dense(&self, account: usize, dimensions: usize) -> Vec<f64> {
        let mut centre = vec![0.0; dimensions];
        for (index, weight) in self.row(account) {
            centre[index] += weight;
        }
        centre
    }
}

fn first_centres(weights: &Weights, count: usize, dimensions: usize) -> Vec<Vec<f64>> {
    /// Squared distances below this are rounding.
    const NOTHING: f64 = 1e-24;
    let mut nearest = vec![f64::INFINITY; weights.debt.len()];
    let mut centres: Vec<Vec<f64>> = Vec::new();
    while centres.len() < count {
        let mut best: Option<(usize, f64)> = None;
        for (account, &near) in nearest.iter().enumerate() {
            let score = weights.debt[account] * if centres.is_empty() { 1.0 } else { near };
            if near > NOTHING && score > best.map_or(0.0, |(_, most)| most) {
                best = Some((account, score));
            }
        }
        let Some((account, _)) = best else { break };
        let centre = weights.dense(account, dimensions);
        for (other, near) in nearest.iter_mut().enumerate() {
            // From the difference itself: the expanded square of near accounts is all rounding.
            let mut rest = weights.square[account];
            let mut distance = 0.0;
            for (index, weight) in weights.row(other) {
                let gap = weight - centre[index];
                distance += gap * gap;
                rest -= centre[index] * centre[index];
            }
            *near = near.min(distance + if rest > 1e-15 { rest } else { 0.0 });
        }
        centres.push(centre);
    }
    centres
}

/// Moves every account to its nearest centre; true when one has moved.
fn assign(weights: &Weights, centres: &[Vec<f64>], home: &mut [usize]) -> bool {
    let squares: Vec<f64> = centres.iter().map(|centre| centre.iter().map(|x| x * x).sum()).collect();
    let mut moved = false;
    for (account, home) in home.iter_mut().enumerate() {
        let mut best = (usize::MAX, f64::INFINITY);
        for (cluster, (centre, &square)) in centres.iter().zip(&squares).enumerate() {
            let distance = weights.distance(account, centre, square);
            if distance < best.1 {
                best = (cluster, distance);
            }
        }
        moved |= *home != best.0;
        *home = best.0;
    }
    moved
}

/// Means of the clusters, weighted by debt.
fn means(weights: &Weights, home: &[usize], count: usize, dimensions: usize) -> Vec<Vec<f64>> {
    let mut centres = vec![vec![0.0; dimensions]; count];
    let mut total = vec![0.0; count];
    for (account, &cluster) in home.iter().enumerate() {
        total[cluster] += weights.debt[account];
        for (index, weight) in weights.row(account) {
            centres[cluster][index] += weights.debt[account] * weight;
        }
    }
    for (centre, total) in centres.iter_mut().zip(total) {
        if total > 0.0 {
            centre.iter_mut().for_each(|x| *x /= total);
        } else {
            // Nobody's centre: out of everyone's reach.
            centre.fill(f64::MAX.sqrt() * 1e-3);
        }
    }
    centres
}

impl Cluster {
    /// Adds up the members' baskets at spot.
    fn baskets(&mut self, model: &AccountModel) {
        let assets = model.spot.len();
        self.secured = vec![0.0; assets];
        self.recovery = vec![0.0; assets];
        self.debt = vec![0.0; assets];
        for &account in &self.members {
            for at in model.collateral.row(account as usize) {
                let asset = model.collateral.asset[at] as usize;
                let value = model.collateral.amount[at] * model.spot[asset];
                self.secured[asset] += value * model.collateral.threshold[at];
                self.recovery[asset] += value * model.keep[asset];
            }
            for at in model.debt.row(account as usize) {
                let asset = model.debt.asset[at] as usize;
                self.debt[asset] += model.debt.amount[at] * model.spot[asset];
            }
        }
        let [secured, pays, debt] = [&mut self.secured, &mut self.recovery, &mut self.debt].map(|basket| {
            let total: f64 = basket.iter().sum();
            basket.iter_mut().for_each(|x| *x /= total);
            total
        });
        debug_assert!(debt > 0.0, "accounts without debt are no part of the model");
        self.pays = pays / secured;
    }
}
