//! What an order takes from one account.

use core::ops::Range;

use super::{AccountLoss, AccountModel, CloseFactor, Seizure, buyers::Buyers, exact::Hand, order::Order};

/// Share of an account's debt at the start below which what is left is taken whole: rounds would go on for ever.
const REST: f64 = 1e-12;

/// What a protocol's liquidation would take if depth were endless.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    collateral: Vec<f64>,
    debt: Vec<f64>,
}

/// Amounts of one account: those of its rows, which begin at these places.
struct Amounts<'a> {
    collateral: &'a mut [f64],
    debt: &'a mut [f64],
    held: Range<usize>,
    owed: Range<usize>,
}

/// Where a liquidation finds buyers.
trait Sink {
    fn capacity(&self, asset: usize) -> f64;
    fn take(&mut self, asset: usize, value: f64, all: bool);
}

impl Sink for Buyers {
    #[inline]
    fn capacity(&self, asset: usize) -> f64 {
        self.capacity[asset]
    }

    #[inline]
    fn take(&mut self, asset: usize, value: f64, all: bool) {
        Buyers::take(self, asset, value, all);
    }
}

/// Counts what would be sold of each asset.
struct Endless<'a>(&'a mut [f64]);

impl Sink for Endless<'_> {
    fn capacity(&self, _: usize) -> f64 {
        f64::INFINITY
    }

    fn take(&mut self, asset: usize, value: f64, _: bool) {
        self.0[asset] += value;
    }
}

impl AccountModel {
    /// Adds what an account asks of each asset's buyers.
    pub(super) fn ask(
        &self,
        account: u32,
        factor: f64,
        order: &Order<'_>,
        hand: &mut Hand,
        demand: &mut [f64],
    ) {
        let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
        match self.seizure {
            Seizure::ProRata => {
                let lag = order.admits(self.assets_of(account)).unwrap_or(0.0);
                let raise = self.raise(account, factor, order, hand);
                let debt = self.debt_at(owed, order, lag, &hand.debt);
                let pays = |at: usize| self.pays(at, order, raise, lag, &hand.collateral);
                let recovery = held.clone().fold(0.0, |sum, at| sum + pays(at));
                for at in held {
                    demand[self.collateral.asset[at] as usize] += debt * (pays(at) / recovery);
                }
            }
            Seizure::Protocol(close) => {
                let mut scratch = core::mem::take(&mut hand.scratch);
                scratch.collateral.clear();
                scratch.collateral.extend_from_slice(&hand.collateral[held.clone()]);
                scratch.debt.clear();
                scratch.debt.extend_from_slice(&hand.debt[owed.clone()]);
                let amounts =
                    Amounts { collateral: &mut scratch.collateral, debt: &mut scratch.debt, held, owed };
                let sink = &mut Endless(demand);
                self.liquidate(account, close, order, amounts, sink, &mut AccountLoss::default());
                hand.scratch = scratch;
            }
        }
    }

    /// What the lows are multiplied by where the account breaks.
    fn raise(&self, account: u32, factor: f64, order: &Order<'_>, hand: &Hand) -> f64 {
        if order.at_break.is_none() {
            return 1.0;
        }
        if order.mask.is_none() {
            return 1.0 / factor;
        }
        let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
        let debt = self.debt.value(owed, &hand.debt, order.trigger.debt);
        self.raise_of_seen(held, debt, order, &hand.collateral, 0)
    }

    /// The same where assets are seen differently: those whose diffusion is not seen stay where they are. Amounts of `held`
    /// begin at `held.start - from`.
    fn raise_of_seen(
        &self,
        held: Range<usize>,
        debt: f64,
        order: &Order<'_>,
        amounts: &[f64],
        from: usize,
    ) -> f64 {
        let (mut seen, mut hidden) = (0.0, 0.0);
        for at in held {
            let asset = self.collateral.asset[at] as usize;
            let value = amounts[at - from] * self.collateral.threshold[at] * order.trigger.collateral[asset];
            if order.hides(asset) { hidden += value } else { seen += value }
        }
        if seen > 0.0 { (debt - hidden) / seen } else { 1.0 }
    }

    /// What so much of a holding is sold for.
    #[inline]
    fn worth(&self, at: usize, amount: f64, order: &Order<'_>, raise: f64, lag: f64) -> f64 {
        let asset = self.collateral.asset[at] as usize;
        if order.at_break.is_some() && lag == 0.0 && order.mask.is_none() {
            return amount * order.trigger.collateral[asset] * raise;
        }
        amount * order.sale_price(asset, raise, lag)
    }

    /// The same less the bonus.
    #[inline]
    fn pays(&self, at: usize, order: &Order<'_>, raise: f64, lag: f64, amounts: &[f64]) -> f64 {
        self.worth(at, amounts[at], order, raise, lag) * self.keep[self.collateral.asset[at] as usize]
    }

    /// Value of debts at the sale.
    #[inline]
    fn debt_at(&self, owed: Range<usize>, order: &Order<'_>, lag: f64, amounts: &[f64]) -> f64 {
        owed.fold(0.0, |sum, at| sum + amounts[at] * order.debt_price(self.debt.asset[at] as usize, lag))
    }

    /// Takes debts and collaterals in one proportion, as far as the depth of every collateral goes.
    pub(super) fn sell_pro_rata(
        &self,
        account: u32,
        factor: f64,
        order: &Order<'_>,
        hand: &mut Hand,
        buyers: &mut Buyers,
        total: &mut AccountLoss,
    ) {
        let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
        let Some(lag) = order.admits(self.assets_of(account)) else { return };
        let raise = self.raise(account, factor, order, hand);
        let debt = self.debt_at(owed.clone(), order, lag, &hand.debt);
        let pays = |at: usize, hand: &Hand| self.pays(at, order, raise, lag, &hand.collateral);
        let recovery = held.clone().fold(0.0, |sum, at| sum + pays(at, hand));
        // The share of the account that is sold, and the asset that binds.
        let (mut share, mut binding) = (1.0_f64, None);
        for at in held.clone() {
            let asset = self.collateral.asset[at] as usize;
            let demand = debt * (pays(at, hand) / recovery);
            if demand * share > buyers.capacity[asset] {
                share = buyers.capacity[asset] / demand;
                binding = Some(asset);
            }
        }
        if share <= 0.0 {
            return;
        }
        for at in held {
            let asset = self.collateral.asset[at] as usize;
            let used = share * debt * (pays(at, hand) / recovery);
            buyers.take(asset, used, binding == Some(asset));
            hand.collateral[at] *= 1.0 - share;
        }
        for at in owed {
            hand.debt[at] *= 1.0 - share;
        }
        total.extinguished += share * debt;
        total.bad_debt += (share * (debt - recovery)).max(0.0);
    }

    /// Liquidates as a protocol does, call after call, until the account is sound, its collateral gone or the depth of
    /// its collaterals exhausted.
    pub(super) fn seize(
        &self,
        account: u32,
        close: CloseFactor,
        order: &Order<'_>,
        hand: &mut Hand,
        buyers: &mut Buyers,
        total: &mut AccountLoss,
    ) {
        let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
        let amounts = Amounts {
            collateral: &mut hand.collateral[held.clone()],
            debt: &mut hand.debt[owed.clone()],
            held,
            owed,
        };
        self.liquidate(account, close, order, amounts, buyers, total);
    }

    fn liquidate(
        &self,
        account: u32,
        close: CloseFactor,
        order: &Order<'_>,
        amounts: Amounts<'_>,
        buyers: &mut impl Sink,
        total: &mut AccountLoss,
    ) {
        let Amounts { collateral, debt: debts, held, owed } = amounts;
        let Some(lag) = order.admits(self.assets_of(account)) else { return };
        let opening = self.debt.value(owed.clone(), &self.debt.amount, order.trigger.debt);
        let (from, owed_from) = (held.start, owed.start);
        loop {
            let mut secured = 0.0;
            for at in held.clone() {
                let price = order.trigger.collateral[self.collateral.asset[at] as usize];
                secured += collateral[at - from] * self.collateral.threshold[at] * price;
            }
            let mut debt = 0.0;
            for at in owed.clone() {
                debt += debts[at - owed_from] * order.trigger.debt[self.debt.asset[at] as usize];
            }
            if secured >= debt {
                return;
            }
            let raise = match (order.at_break, order.mask) {
                (None, _) => 1.0,
                (Some(_), None) => {
                    if secured > 0.0 {
                        debt / secured
                    } else {
                        1.0
                    }
                }
                (Some(_), Some(_)) => self.raise_of_seen(held.clone(), debt, order, collateral, from),
            };
            let value =
                |at: usize, collateral: &[f64]| self.worth(at, collateral[at - from], order, raise, lag);
            let price = |at: usize| order.debt_price(self.debt.asset[at] as usize, lag);
            if held.clone().all(|at| value(at, collateral) <= 0.0) {
                let rest = owed.clone().fold(0.0, |sum, at| sum + debts[at - owed_from] * price(at));
                total.bad_debt += rest;
                total.extinguished += rest;
                debts.fill(0.0);
                return;
            }
            let open = |at: &usize| buyers.capacity(self.collateral.asset[*at] as usize) > 0.0;
            let Some(seized) = largest(held.clone().filter(open), |at| value(at, collateral)) else {
                return;
            };
            let Some(repaid) = largest(owed.clone(), |at| debts[at - owed_from] * price(at)) else {
                return;
            };
            let asset = self.collateral.asset[seized] as usize;
            let owes = debts[repaid - owed_from] * price(repaid);
            let judged = if order.at_break.is_some() { 1.0 } else { secured / debt };
            let whole = judged < close.whole_below || debt <= REST * opening;
            let wanted = if whole { owes } else { close.share * owes };
            let covered = value(seized, collateral) * self.keep[asset];
            let capacity = buyers.capacity(asset);
            let x = wanted.min(covered).min(capacity);
            debts[repaid - owed_from] =
                if x == owes { 0.0 } else { (debts[repaid - owed_from] - x / price(repaid)).max(0.0) };
            let left = 1.0 - x / covered;
            collateral[seized - from] =
                if x == covered { 0.0 } else { collateral[seized - from] * left.max(0.0) };
            buyers.take(asset, x, x == capacity);
            total.extinguished += x;
        }
    }
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
