//! What accounts hold, in compressed rows: the entries of account `i` stand at `start[i]..start[i + 1]`.

use std::ops::Range;

/// Collateral of all accounts; entries of one account stand together, assets in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct CollateralRows {
    pub(crate) start: Vec<usize>,
    pub(crate) asset: Vec<u32>,
    pub(crate) amount: Vec<f64>,
    pub(crate) threshold: Vec<f64>,
}

/// Debt of all accounts, as [`CollateralRows`].
#[derive(Clone, Debug, PartialEq)]
pub struct DebtRows {
    pub(crate) start: Vec<usize>,
    pub(crate) asset: Vec<u32>,
    pub(crate) amount: Vec<f64>,
}

impl Default for CollateralRows {
    fn default() -> Self {
        Self { start: vec![0], asset: Vec::new(), amount: Vec::new(), threshold: Vec::new() }
    }
}

impl Default for DebtRows {
    fn default() -> Self {
        Self { start: vec![0], asset: Vec::new(), amount: Vec::new() }
    }
}

impl CollateralRows {
    /// Places of an account's entries.
    pub(crate) fn row(&self, account: usize) -> Range<usize> {
        self.start[account]..self.start[account + 1]
    }

    pub(crate) fn push(&mut self, asset: usize, amount: f64, threshold: f64) {
        self.asset.push(asset as u32);
        self.amount.push(amount);
        self.threshold.push(threshold);
    }

    pub(crate) fn end_row(&mut self) {
        self.start.push(self.asset.len());
    }

    /// Value of the entries at `row`, each times its threshold, added in their order. Falling in every price, also
    /// after rounding: products and sums of positive numbers round monotonically.
    #[inline]
    pub(crate) fn secured(&self, row: Range<usize>, amounts: &[f64], prices: &[f64]) -> f64 {
        let mut sum = 0.0;
        for at in row {
            sum += amounts[at] * self.threshold[at] * prices[self.asset[at] as usize];
        }
        sum
    }
}

impl DebtRows {
    /// Places of an account's entries.
    pub(crate) fn row(&self, account: usize) -> Range<usize> {
        self.start[account]..self.start[account + 1]
    }

    pub(crate) fn push(&mut self, asset: usize, amount: f64) {
        self.asset.push(asset as u32);
        self.amount.push(amount);
    }

    pub(crate) fn end_row(&mut self) {
        self.start.push(self.asset.len());
    }

    /// Value of the entries at `row`, added in their order; monotone as [`CollateralRows::secured`].
    #[inline]
    pub(crate) fn value(&self, row: Range<usize>, amounts: &[f64], prices: &[f64]) -> f64 {
        let mut sum = 0.0;
        for at in row {
            sum += amounts[at] * prices[self.asset[at] as usize];
        }
        sum
    }
}
