//! Which accounts a fall of prices can reach, without asking each.
//!
//! Accounts that hold and owe the same assets stand together in order of health factor at the snapshot. With `f` the
//! largest fall of an asset they hold and `r` the largest rise of one they owe, the health factor of each of them is at
//! least `f / r` times that at the snapshot: only those below `r / f` need be looked at.

use super::{AccountModel, path::Bounds};

/// Share by which the bound is widened for rounding; sums of a few positive products are far nearer.
const NEAR: f64 = 1e-9;

/// Accounts of one set of assets.
#[derive(Clone, Debug)]
struct Kind {
    held: Vec<u32>,
    owed: Vec<u32>,
    /// Health factor at the snapshot, rising, and the account.
    health: Vec<(f64, u32)>,
}

/// The accounts of a model by what can reach them.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    kinds: Vec<Kind>,
}

impl Reach {
    pub fn of(model: &AccountModel) -> Self {
        let mut accounts: Vec<(Vec<u32>, Vec<u32>, f64, u32)> = (0..model.len())
            .map(|account| {
                let (held, owed) = (model.collateral.row(account), model.debt.row(account));
                let secured = model.collateral.secured(held.clone(), &model.collateral.amount, &model.spot);
                let debt = model.debt.value(owed.clone(), &model.debt.amount, &model.spot);
                let sorted = |assets: &[u32]| {
                    let mut assets = assets.to_vec();
                    assets.sort_unstable();
                    assets
                };
                let assets = (sorted(&model.collateral.asset[held]), sorted(&model.debt.asset[owed]));
                (assets.0, assets.1, secured / debt, account as u32)
            })
            .collect();
        accounts
            .sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)).then(a.2.total_cmp(&b.2)).then(a.3.cmp(&b.3)));
        let mut kinds: Vec<Kind> = Vec::new();
        for (held, owed, health, account) in accounts {
            match kinds.last_mut() {
                Some(kind) if kind.held == held && kind.owed == owed => kind.health.push((health, account)),
                _ => kinds.push(Kind { held, owed, health: vec![(health, account)] }),
            }
        }
        Self { kinds }
    }

    /// Appends the accounts, in no order, that prices within bounds may take under water; all others they do not.
    pub fn within(&self, spot: &[f64], bounds: Bounds<'_>, into: &mut Vec<u32>) {
        for kind in &self.kinds {
            let change = |of: &[f64], asset: u32| of[asset as usize] / spot[asset as usize];
            let fall = kind.held.iter().map(|&a| change(bounds.least, a)).fold(f64::INFINITY, f64::min);
            let rise = kind.owed.iter().map(|&a| change(bounds.most, a)).fold(0.0, f64::max);
            let level = rise / fall * (1.0 + NEAR);
            let count = if level.is_finite() {
                kind.health.partition_point(|(health, _)| *health < level)
            } else {
                kind.health.len()
            };
            into.extend(kind.health[..count].iter().map(|(_, account)| *account));
        }
    }
}
