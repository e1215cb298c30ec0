//! The agent loop: every account by itself, in order of health factor, along one path.
//!
//! Pruning. With the lowest price of each collateral and the highest of each debt within a period, an account whose
//! health factor is not below 1 is sound at every moment of it: it is left out. The same is done once more with what is
//! left of the accounts for every few intervals. Nothing else changes, and nothing is lost to rounding: the comparison
//! is made with the same sums in the same order, and rounded sums and products of positive numbers are monotone.

use super::{AccountLoss, AccountModel, AssetPath, CloseFactor, Seizure, path::Frame};

/// Share of an account's debt at the start below which what is left is taken whole: rounds would go on for ever.
const REST: f64 = 1e-12;

/// State of the agent loop. Reused from path to path.
#[derive(Clone, Debug, Default)]
pub struct AccountState {
    collateral: Vec<f64>,
    debt: Vec<f64>,
    /// Accounts that can be liquidated in the period, rising.
    active: Vec<u32>,
    /// Those of them that can be in the window.
    near: Vec<u32>,
    /// Accounts to be served at a moment: (health factor, account).
    queue: Vec<(f64, u32)>,
    /// What each asset can still take in the interval, value of debt.
    capacity: Vec<f64>,
    pruned: u64,
    seen: u64,
}

impl AccountState {
    /// Share of accounts and periods left out by pruning since the state was made; 0 before any run.
    #[must_use]
    pub fn pruned_share(&self) -> f64 {
        if self.seen == 0 { 0.0 } else { self.pruned as f64 / self.seen as f64 }
    }
}

/// Prices at which accounts are judged and sold.
#[derive(Clone, Copy)]
struct Moment<'a> {
    collateral: &'a [f64],
    debt: &'a [f64],
    /// Sold where the health factor passes 1 instead of at the prices themselves.
    at_break: bool,
}

impl AccountModel {
    /// Runs the accounts along a path, without those that cannot be liquidated on it. The path was read for this model:
    /// one read for another book gives the prices of other assets, or panics for want of them.
    pub fn run(&self, path: &AssetPath, state: &mut AccountState) -> AccountLoss {
        self.walk(path, state, true)
    }

    /// The same over all accounts: same bits, more work.
    pub fn run_unpruned(&self, path: &AssetPath, state: &mut AccountState) -> AccountLoss {
        self.walk(path, state, false)
    }

    fn walk(&self, path: &AssetPath, state: &mut AccountState, prune: bool) -> AccountLoss {
        let mut total = AccountLoss::default();
        state.collateral.resize(self.collateral.amount.len(), 0.0);
        state.debt.resize(self.debt.amount.len(), 0.0);
        for period in path.periods() {
            let bounds = path.period_bounds(period);
            state.active.clear();
            for account in 0..self.len() {
                let (held, owed) = (self.collateral.row(account), self.debt.row(account));
                let secured = self.collateral.secured(held.clone(), &self.collateral.amount, bounds.least);
                let debt = self.debt.value(owed.clone(), &self.debt.amount, bounds.most);
                if prune && secured >= debt {
                    continue;
                }
                state.active.push(account as u32);
                state.collateral[held.clone()].copy_from_slice(&self.collateral.amount[held]);
                state.debt[owed.clone()].copy_from_slice(&self.debt.amount[owed]);
            }
            state.seen += self.len() as u64;
            state.pruned += (self.len() - state.active.len()) as u64;
            if state.active.is_empty() {
                continue;
            }
            for window in path.windows(period) {
                let bounds = path.window_bounds(window);
                let mut near = std::mem::take(&mut state.near);
                near.clear();
                near.extend(state.active.iter().filter(|&&account| {
                    let (secured, debt) = self.balance(account, bounds.least, bounds.most, state);
                    !prune || secured < debt
                }));
                state.near = near;
                if state.near.is_empty() {
                    continue;
                }
                for interval in window.intervals.clone() {
                    self.interval(&path.frame(interval), state, &mut total);
                }
            }
            let last = path.frame(period.intervals.end - 1);
            total.bad_debt += self.unserved(last.after, state);
        }
        total
    }

    fn interval(&self, frame: &Frame<'_>, state: &mut AccountState, total: &mut AccountLoss) {
        state.capacity.clear();
        let rate = |rate: f64| if rate.is_infinite() { rate } else { rate * frame.years };
        state.capacity.extend(self.capacity_per_year.iter().map(|by| rate(by.get(frame.stressed))));
        // Lows are at most opening and close, highs at least: an account that is sound there has no backlog either.
        let low = Moment { collateral: frame.low, debt: frame.high, at_break: true };
        if self.queue(&low, None, state) {
            let close = Moment { collateral: frame.close, debt: frame.close, at_break: false };
            if self.queue(&close, Some(frame.open), state) {
                self.serve(&close, state, total);
            }
            if self.queue(&low, None, state) {
                self.serve(&low, state, total);
            }
        }
        let after = Moment { collateral: frame.after, debt: frame.after, at_break: false };
        if self.queue(&after, None, state) {
            self.serve(&after, state, total);
        }
    }

    /// Queues the accounts under water at a moment, and at the prices `also` where given, lowest health factor first,
    /// equals in order of their number. False when there are none.
    fn queue(&self, moment: &Moment<'_>, also: Option<&[f64]>, state: &mut AccountState) -> bool {
        state.queue.clear();
        for &account in &state.near {
            let (secured, debt) = self.balance(account, moment.collateral, moment.debt, state);
            if secured >= debt {
                continue;
            }
            if let Some(prices) = also {
                let (secured, debt) = self.balance(account, prices, prices, state);
                if secured >= debt {
                    continue;
                }
            }
            state.queue.push((secured / debt, account));
        }
        state.queue.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        !state.queue.is_empty()
    }

    /// Value of an account's collateral times thresholds, and of its debt.
    #[inline]
    fn balance(&self, account: u32, collateral: &[f64], debt: &[f64], state: &AccountState) -> (f64, f64) {
        let account = account as usize;
        let secured = self.collateral.secured(self.collateral.row(account), &state.collateral, collateral);
        (secured, self.debt.value(self.debt.row(account), &state.debt, debt))
    }

    fn serve(&self, moment: &Moment<'_>, state: &mut AccountState, total: &mut AccountLoss) {
        for place in 0..state.queue.len() {
            let (factor, account) = state.queue[place];
            match self.seizure {
                Seizure::ProRata => self.sell_pro_rata(account, factor, moment, state, total),
                Seizure::Protocol(close) => self.seize(account, close, moment, state, total),
            }
        }
    }

    /// Takes debts and collaterals in one proportion, as far as the depth of every collateral goes.
    fn sell_pro_rata(
        &self,
        account: u32,
        factor: f64,
        moment: &Moment<'_>,
        state: &mut AccountState,
        total: &mut AccountLoss,
    ) {
        let raise = if moment.at_break { 1.0 / factor } else { 1.0 };
        let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
        let debt = self.debt.value(owed.clone(), &state.debt, moment.debt);
        let pays = |at: usize, state: &AccountState| {
            let asset = self.collateral.asset[at] as usize;
            state.collateral[at] * moment.collateral[asset] * raise * self.keep[asset]
        };
        let recovery = held.clone().fold(0.0, |sum, at| sum + pays(at, state));
        // The share of the account that is sold, and the asset that binds.
        let (mut share, mut binding) = (1.0_f64, None);
        for at in held.clone() {
            let asset = self.collateral.asset[at] as usize;
            let demand = debt * (pays(at, state) / recovery);
            if demand * share > state.capacity[asset] {
                share = state.capacity[asset] / demand;
                binding = Some(asset);
            }
        }
        if share <= 0.0 {
            return;
        }
        for at in held {
            let asset = self.collateral.asset[at] as usize;
            let used = share * debt * (pays(at, state) / recovery);
            state.capacity[asset] =
                if binding == Some(asset) { 0.0 } else { (state.capacity[asset] - used).max(0.0) };
            state.collateral[at] *= 1.0 - share;
        }
        for at in owed {
            state.debt[at] *= 1.0 - share;
        }
        total.extinguished += share * debt;
        total.bad_debt += (share * (debt - recovery)).max(0.0);
    }

    /// Liquidates as a protocol does, call after call, until the account is sound, its collateral gone or the depth of
    /// its collaterals exhausted.
    fn seize(
        &self,
        account: u32,
        close: CloseFactor,
        moment: &Moment<'_>,
        state: &mut AccountState,
        total: &mut AccountLoss,
    ) {
        let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
        let opening = self.debt.value(owed.clone(), &self.debt.amount, moment.debt);
        loop {
            let (secured, debt) = self.balance(account, moment.collateral, moment.debt, state);
            if secured >= debt {
                return;
            }
            let raise = if moment.at_break && secured > 0.0 { debt / secured } else { 1.0 };
            let value = |at: usize, state: &AccountState| {
                state.collateral[at] * moment.collateral[self.collateral.asset[at] as usize] * raise
            };
            if held.clone().all(|at| value(at, state) <= 0.0) {
                total.bad_debt += debt;
                total.extinguished += debt;
                state.debt[owed].fill(0.0);
                return;
            }
            let open = |at: &usize| state.capacity[self.collateral.asset[*at] as usize] > 0.0;
            let Some(seized) = largest(held.clone().filter(open), |at| value(at, state)) else { return };
            let price = |at: usize| moment.debt[self.debt.asset[at] as usize];
            let Some(repaid) = largest(owed.clone(), |at| state.debt[at] * price(at)) else { return };
            let asset = self.collateral.asset[seized] as usize;
            let owes = state.debt[repaid] * price(repaid);
            let whole = moment_factor(moment, secured, debt) < close.whole_below || debt <= REST * opening;
            let wanted = if whole { owes } else { close.share * owes };
            let covered = value(seized, state) * self.keep[asset];
            let x = wanted.min(covered).min(state.capacity[asset]);
            state.debt[repaid] =
                if x == owes { 0.0 } else { (state.debt[repaid] - x / price(repaid)).max(0.0) };
            let left = 1.0 - x / covered;
            state.collateral[seized] =
                if x == covered { 0.0 } else { state.collateral[seized] * left.max(0.0) };
            state.capacity[asset] = if x == state.capacity[asset] { 0.0 } else { state.capacity[asset] - x };
            total.extinguished += x;
        }
    }

    /// Bad debt in accounts that are under water and unserved.
    fn unserved(&self, prices: &[f64], state: &AccountState) -> f64 {
        let mut loss = 0.0;
        for &account in &state.active {
            let (secured, debt) = self.balance(account, prices, prices, state);
            if secured >= debt {
                continue;
            }
            let recovery = self.collateral.row(account as usize).fold(0.0, |sum, at| {
                let asset = self.collateral.asset[at] as usize;
                sum + state.collateral[at] * prices[asset] * self.keep[asset]
            });
            loss += (debt - recovery).max(0.0);
        }
        loss
    }
}

/// Health factor at which an account is judged: just below 1 where it is sold at its own break.
fn moment_factor(moment: &Moment<'_>, secured: f64, debt: f64) -> f64 {
    if moment.at_break { 1.0 } else { secured / debt }
}

/// The place of largest value above 0; the first of equals.
fn largest(places: impl Iterator<Item = usize>, value: impl Fn(usize) -> f64) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for at in places {
        let worth = value(at);
        if worth > best.map_or(0.0, |(_, most)| most) {
            best = Some((at, worth));
        }
    }
    best.map(|(at, _)| at)
}
