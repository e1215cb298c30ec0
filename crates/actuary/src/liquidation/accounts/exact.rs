//! The agent loop: every account by itself, in order of health factor, along one path.
//!
//! Pruning. With the lowest price of each collateral and the highest of each debt within a stretch of the path, an account
//! whose health factor is not below 1 is sound at every moment of it: it is left out. Between two renewals those that can
//! be reached at all are found from the order of their health factors (`reach`); then stretches are cut in four
//! down to single intervals ([`super::path`]), each looking only at the accounts that its whole could reach with what is
//! left of them, and a stretch that reaches nobody is passed over at once. Nothing else changes, and nothing is lost to
//! rounding: comparisons are made with the same sums in the same order, and rounded sums and products of positive numbers
//! are monotone.

use super::{
    AccountLoss, AccountModel, AssetPath, Seizure,
    buyers::Buyers,
    desk::{Desk, Span, Widened},
    order::{Order, Prices, Seller},
    path::{BRANCHES, Period},
    sale::Scratch,
};

/// State of the agent loop. Reused from path to path.
#[derive(Clone, Debug, Default)]
pub struct AccountState {
    desk: Desk,
    hand: Hand,
    pruned: u64,
    seen: u64,
}

/// What is left of the accounts, and who can be reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Hand {
    pub collateral: Vec<f64>,
    pub debt: Vec<f64>,
    /// Period in which an account was taken in, by account; others are as at the snapshot.
    taken: Vec<u32>,
    period: u32,
    /// Accounts that can be reached in the period, rising.
    active: Vec<u32>,
    /// Those of them that can be liquidated in the present node of each level of the period.
    near: Vec<Vec<u32>>,
    /// Accounts to be served at a moment: (health factor, account).
    queue: Vec<(f64, u32)>,
    candidates: Vec<u32>,
    widened: Widened,
    pub scratch: Scratch,
}

impl AccountState {
    /// Share of accounts and periods left out by pruning since the state was made; 0 before any run.
    #[must_use]
    pub fn pruned_share(&self) -> f64 {
        if self.seen == 0 { 0.0 } else { self.pruned as f64 / self.seen as f64 }
    }
}

impl AccountModel {
    /// Runs the accounts along a path, without those that cannot be liquidated on it. The path was read for this model:
    /// one read for another book gives the prices of other assets, or panics for want of them.
    pub fn run(&self, path: &AssetPath, state: &mut AccountState) -> AccountLoss {
        let mut loss = [AccountLoss::default()];
        self.walk(path, &[path.len()], state, true, &mut loss);
        loss[0]
    }

    /// The losses within the first so many intervals, rising, and at most those of the path: as if the path ended there.
    pub fn run_within(
        &self,
        path: &AssetPath,
        intervals: &[usize],
        state: &mut AccountState,
        losses: &mut [AccountLoss],
    ) {
        self.walk(path, intervals, state, true, losses);
    }

    /// The same as [`AccountModel::run`] over all accounts: same bits, more work.
    pub fn run_unpruned(&self, path: &AssetPath, state: &mut AccountState) -> AccountLoss {
        let mut loss = [AccountLoss::default()];
        self.walk(path, &[path.len()], state, false, &mut loss);
        loss[0]
    }

    fn walk(
        &self,
        path: &AssetPath,
        ends: &[usize],
        state: &mut AccountState,
        prune: bool,
        losses: &mut [AccountLoss],
    ) {
        let AccountState { desk, hand, pruned, seen } = state;
        hand.collateral.resize(self.collateral.amount.len(), 0.0);
        hand.debt.resize(self.debt.amount.len(), 0.0);
        hand.taken.resize(self.len(), 0);
        desk.restart(self, path.events());
        let mut total = AccountLoss::default();
        let mut due = ends.iter().zip(losses).peekable();
        while let Some((_, loss)) = due.next_if(|(end, _)| **end == 0) {
            *loss = total;
        }
        for period in path.periods() {
            if due.peek().is_none() {
                break;
            }
            let first = period.intervals.start;
            desk.renew(self, path.frame(first).start);
            hand.next_period();
            let mut walk =
                Walk { model: self, path, period, at: 0, prune, hand: &mut *hand, total: &mut total };
            walk.look(period.height(), desk.span(self, path.frame(first).start));
            *seen += self.len() as u64;
            *pruned += (self.len() - walk.hand.active.len()) as u64;
            let count = period.intervals.len();
            while walk.at < count {
                let passed = walk.step(desk);
                // Intervals that reached nobody, passed over at once; or one that did.
                for interval in first + walk.at..first + walk.at + passed {
                    let inside = interval + 1 < first + count;
                    while let Some((_, loss)) = due.next_if(|(end, _)| inside && **end == interval + 1) {
                        let after = desk.after(self, &path.frame(interval));
                        *loss = *walk.total;
                        loss.bad_debt += walk.unserved(after);
                    }
                }
                walk.at += passed;
            }
            let last = path.frame(first + count - 1);
            let left = walk.unserved(desk.after(self, &last));
            total.bad_debt += left;
            while let Some((_, loss)) = due.next_if(|(end, _)| **end == first + count) {
                *loss = total;
            }
        }
    }

    /// Value of an account's collateral times thresholds, and of its debt.
    #[inline]
    pub(super) fn balance(&self, account: u32, prices: Prices<'_>, hand: &Hand) -> (f64, f64) {
        let account = account as usize;
        let secured =
            self.collateral.secured(self.collateral.row(account), &hand.collateral, prices.collateral);
        (secured, self.debt.value(self.debt.row(account), &hand.debt, prices.debt))
    }
}

/// A walk along a period.
struct Walk<'a> {
    model: &'a AccountModel,
    path: &'a AssetPath,
    period: &'a Period,
    /// Present interval, counted from the period's first.
    at: usize,
    prune: bool,
    hand: &'a mut Hand,
    total: &'a mut AccountLoss,
}

impl Walk<'_> {
    /// Serves the present interval, or finds that nobody is reached from it on; the number of intervals done with.
    fn step(&mut self, desk: &mut Desk) -> usize {
        let (model, path, height) = (self.model, self.path, self.period.height());
        let (first, count) = (self.period.intervals.start, self.period.intervals.len());
        // The highest node that begins here.
        let mut level = 0;
        while level + 1 < height && self.at.is_multiple_of(width(level + 1)) {
            level += 1;
        }
        let start = path.frame(first + self.at).start;
        loop {
            self.look(level, desk.span(model, start));
            if self.hand.near[level].is_empty() {
                let passed = width(level).min(count - self.at);
                if desk.passes() && passed < count {
                    for interval in first + self.at..first + self.at + passed {
                        desk.pass(model, &path.frame(interval), path.events());
                    }
                }
                return passed;
            }
            if level == 0 {
                break;
            }
            level -= 1;
        }
        desk.serve(model, &path.frame(first + self.at), path.events(), self);
        1
    }

    /// Finds who can be liquidated in the present node of a level, of those who can in the node above it; at the height of
    /// the tree who can be reached in the period at all.
    fn look(&mut self, level: usize, span: Span<'_>) {
        let Self { model, path, period, prune, .. } = *self;
        let hand = &mut *self.hand;
        let height = period.height();
        let mut widened = core::mem::take(&mut hand.widened);
        if level == height {
            let bounds = span.widen(path.bounds(period, height - 1, 0), &mut widened);
            hand.candidates.clear();
            if prune {
                model.reach.within(&model.spot, bounds, &mut hand.candidates);
            } else {
                hand.candidates.extend(0..model.len() as u32);
            }
            let prices = Prices { collateral: bounds.least, debt: bounds.most };
            for place in 0..hand.candidates.len() {
                let account = hand.candidates[place];
                if hand.is_taken(account) || (prune && model.is_sound_at_snapshot(account, prices)) {
                    continue;
                }
                hand.take(model, account);
            }
            hand.active.sort_unstable();
        } else {
            let bounds = span.widen(path.bounds(period, level, self.at / width(level)), &mut widened);
            let prices = Prices { collateral: bounds.least, debt: bounds.most };
            hand.near.resize_with(hand.near.len().max(level + 1), Vec::new);
            let mut near = core::mem::take(&mut hand.near[level]);
            near.clear();
            let among = if level + 1 == height { &hand.active } else { &hand.near[level + 1] };
            near.extend(among.iter().filter(|&&account| {
                if level + 1 == height && model.dust[account as usize] {
                    return false;
                }
                let (secured, debt) = model.balance(account, prices, hand);
                !prune || secured < debt
            }));
            hand.near[level] = near;
        }
        hand.widened = widened;
    }

    /// Bad debt in accounts that are under water and unserved.
    fn unserved(&self, prices: &[f64]) -> f64 {
        let (model, hand) = (self.model, &*self.hand);
        let mut loss = 0.0;
        for &account in &hand.active {
            let (secured, debt) = model.balance(account, Prices::same(prices), hand);
            if secured >= debt {
                continue;
            }
            let recovery = model.collateral.row(account as usize).fold(0.0, |sum, at| {
                let asset = model.collateral.asset[at] as usize;
                sum + hand.collateral[at] * prices[asset] * model.keep[asset]
            });
            loss += (debt - recovery).max(0.0);
        }
        loss
    }

    /// Queues the accounts that an order concerns, lowest health factor first, equals in order of their number. False when
    /// there are none.
    fn queue(&mut self, order: &Order<'_>) -> bool {
        let model = self.model;
        let hand = &mut *self.hand;
        let mut queue = core::mem::take(&mut hand.queue);
        queue.clear();
        for &account in &hand.near[0] {
            let (secured, debt) = model.balance(account, order.trigger, hand);
            if secured >= debt {
                continue;
            }
            if let Some(prices) = order.also {
                let (secured, debt) = model.balance(account, prices, hand);
                if secured >= debt {
                    continue;
                }
            }
            if order.mask.is_none() || order.admits(model.assets_of(account)).is_some() {
                queue.push((secured / debt, account));
            }
        }
        queue.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        hand.queue = queue;
        !hand.queue.is_empty()
    }
}

impl Seller for Walk<'_> {
    fn serve(&mut self, order: &Order<'_>, buyers: &mut Buyers) -> bool {
        if !self.queue(order) {
            return false;
        }
        let (model, hand) = (self.model, &mut *self.hand);
        let queue = core::mem::take(&mut hand.queue);
        for &(factor, account) in &queue {
            if buyers.wants_demand(order.filling) {
                model.ask(account, factor, order, hand, &mut buyers.demand);
            }
            for at in model.collateral.row(account as usize) {
                buyers.asked[model.collateral.asset[at] as usize] = true;
            }
        }
        buyers.open(order.filling, order.years_left);
        let before = self.total.extinguished;
        for &(factor, account) in &queue {
            match model.seizure {
                Seizure::ProRata => model.sell_pro_rata(account, factor, order, hand, buyers, self.total),
                Seizure::Protocol(close) => model.seize(account, close, order, hand, buyers, self.total),
            }
        }
        buyers.close(order.filling);
        hand.queue = queue;
        self.total.extinguished > before
    }

    fn look_again(&mut self, span: Span<'_>) {
        if !self.prune {
            return;
        }
        for level in (0..=self.period.height()).rev() {
            self.look(level, span);
        }
    }
}

impl Hand {
    /// A new period: every account is as at the snapshot.
    fn next_period(&mut self) {
        self.active.clear();
        self.period = self.period.wrapping_add(1);
        if self.period == 0 {
            self.taken.fill(0);
            self.period = 1;
        }
    }

    fn is_taken(&self, account: u32) -> bool {
        self.taken[account as usize] == self.period
    }

    /// Takes an account in as it is at the snapshot.
    fn take(&mut self, model: &AccountModel, account: u32) {
        self.taken[account as usize] = self.period;
        self.active.push(account);
        let (held, owed) = (model.collateral.row(account as usize), model.debt.row(account as usize));
        self.collateral[held.clone()].copy_from_slice(&model.collateral.amount[held]);
        self.debt[owed.clone()].copy_from_slice(&model.debt.amount[owed]);
    }
}

/// Intervals under a node of a level.
fn width(level: usize) -> usize {
    BRANCHES.pow(level as u32)
}
