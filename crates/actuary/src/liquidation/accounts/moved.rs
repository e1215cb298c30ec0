//! A book of accounts with something about it changed: what a risk steward can decide, and what borrowers do then.
//!
//! Each change keeps which accounts there are: those under water at the spot prices are left out of the book as it was and
//! stay out.

use super::model::{AccountModel, AccountModelError};

/// How far below its threshold an account is repaid that a lower threshold would liquidate at once.
const HAIR: f64 = 1e-9;

impl AccountModel {
    /// The threshold of every holding moved by a fraction. With `follow` every account borrows as much more, or less, as
    /// keeps its health factor at the spot prices; without, debts stay, but for accounts that would be liquidated at once:
    /// these are repaid down to the new threshold.
    ///
    /// # Errors
    /// [`AccountModelError::Rule`] for a threshold that would leave (0, 1).
    pub fn with_thresholds(&self, by: f64, follow: bool) -> Result<Self, AccountModelError> {
        let mut changed = self.clone();
        for threshold in &mut changed.collateral.threshold {
            let moved = *threshold + by;
            if !(moved > 0.0 && moved < 1.0) {
                return Err(AccountModelError::Rule {
                    field: "liquidation threshold of a holding",
                    found: moved,
                    expected: "inside (0, 1)",
                });
            }
            *threshold = moved;
        }
        for account in 0..self.len() {
            let secured = |model: &Self| {
                model.collateral.secured(model.collateral.row(account), &model.collateral.amount, &model.spot)
            };
            let (before, after) = (secured(self), secured(&changed));
            let row = changed.debt.row(account);
            let debt = self.debt.value(row.clone(), &self.debt.amount, &self.spot);
            let factor = match follow {
                true => after / before,
                false if debt >= after => after / debt * (1.0 - HAIR),
                false => continue,
            };
            changed.debt.amount[row].iter_mut().for_each(|amount| *amount *= factor);
        }
        changed.arrange();
        Ok(changed)
    }

    /// Depth of every asset times a factor, above 0 and finite, and with it the depth against which forced sales move prices.
    ///
    /// # Errors
    /// [`AccountModelError::Rule`] for another factor.
    pub fn with_depth(&self, factor: f64) -> Result<Self, AccountModelError> {
        let factor = positive("factor of depth", factor)?;
        let mut changed = self.clone();
        for capacity in &mut changed.capacity_per_year {
            capacity.calm *= factor;
            capacity.stressed *= factor;
        }
        for impact in &mut changed.conditions.impacts {
            impact.depth *= factor;
        }
        Ok(changed)
    }

    /// Delay from threshold to sale times a factor, above 0 and finite. What congestion adds stays.
    ///
    /// # Errors
    /// [`AccountModelError::Rule`] for another factor.
    pub fn with_delay(&self, factor: f64) -> Result<Self, AccountModelError> {
        let factor = positive("factor of delay", factor)?;
        let mut changed = self.clone();
        let delay = &mut changed.conditions.delay_hours;
        delay.calm *= factor;
        delay.stressed *= factor;
        Ok(changed)
    }

    /// Collateral and debt of the account that owes most times a factor, above 0 and finite.
    ///
    /// # Errors
    /// [`AccountModelError::Rule`] for another factor.
    pub fn with_largest(&self, factor: f64) -> Result<Self, AccountModelError> {
        let factor = positive("factor of the largest account", factor)?;
        let mut changed = self.clone();
        let debt = |&account: &usize| self.debt.value(self.debt.row(account), &self.debt.amount, &self.spot);
        if let Some(largest) = (0..self.len()).max_by(|a, b| debt(a).total_cmp(&debt(b))) {
            changed.scale(largest, factor);
        }
        changed.arrange();
        Ok(changed)
    }

    /// Collateral and debt of every account times a factor, above 0 and finite.
    ///
    /// # Errors
    /// [`AccountModelError::Rule`] for another factor.
    pub fn with_all(&self, factor: f64) -> Result<Self, AccountModelError> {
        let factor = positive("factor of all accounts", factor)?;
        let mut changed = self.clone();
        (0..self.len()).for_each(|account| changed.scale(account, factor));
        changed.arrange();
        Ok(changed)
    }

    /// Redrawn every so many days, above 0 and finite.
    ///
    /// # Errors
    /// [`AccountModelError::Rule`] for another number.
    pub fn with_renewal(&self, days: f64) -> Result<Self, AccountModelError> {
        let days = positive("renewal", days)?;
        let mut changed = self.clone();
        changed.renewal_years = Some(days / 365.0);
        Ok(changed)
    }

    fn scale(&mut self, account: usize, factor: f64) {
        let (held, owed) = (self.collateral.row(account), self.debt.row(account));
        let amounts = self.collateral.amount[held].iter_mut().chain(&mut self.debt.amount[owed]);
        amounts.for_each(|amount| *amount *= factor);
    }
}

fn positive(field: &'static str, found: f64) -> Result<f64, AccountModelError> {
    if found > 0.0 && found.is_finite() {
        return Ok(found);
    }
    Err(AccountModelError::Rule { field, found, expected: "above 0 and finite" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::accounts::{AccountBookBuilder, Asset, Collateral, Debt};
    use crate::liquidation::accounts::{AccountSpec, CloseFactor, Seizure};
    use crate::liquidation::{ByRegime, Depth};

    /// Two sound accounts of two collaterals, the second near its threshold, and one under water.
    fn model() -> AccountModel {
        let asset = |symbol: &str, price, liquidation_threshold| Asset {
            symbol: symbol.into(),
            price,
            liquidation_threshold,
            bonus: 0.05,
        };
        let assets = vec![asset("ETH", 2_000.0, 0.8), asset("BTC", 30_000.0, 0.7), asset("USD", 1.0, 0.0)];
        let mut builder = AccountBookBuilder::new(assets).unwrap();
        let held = |asset, amount| Collateral { asset, amount, liquidation_threshold: None };
        let owed = |amount| [Debt { asset: 2, amount }];
        // Secured: 16,000 + 21,000; 1,600 + 21,000; 800.
        builder.account("a", &[held(0, 10.0), held(1, 1.0)], &owed(20_000.0)).unwrap();
        builder.account("b", &[held(0, 1.0), held(1, 1.0)], &owed(22_500.0)).unwrap();
        builder.account("c", &[held(0, 0.5)], &owed(5_000.0)).unwrap();
        let book = builder.finish().unwrap();
        AccountModel::new(&AccountSpec {
            book: &book,
            columns: &[Some(0), Some(1), None],
            depth: &[Depth::per_hour(10.0, 4.0).unwrap(), Depth::unlimited(), Depth::unlimited()],
            seizure: Seizure::Protocol(CloseFactor::whole()),
            renewal_days: Some(30.0),
        })
        .unwrap()
    }

    fn debts(model: &AccountModel) -> Vec<f64> {
        (0..model.len())
            .map(|a| model.debt.value(model.debt.row(a), &model.debt.amount, &model.spot))
            .collect()
    }

    fn health(model: &AccountModel, account: usize) -> f64 {
        let held = model.collateral.row(account);
        model.collateral.secured(held, &model.collateral.amount, &model.spot) / debts(model)[account]
    }

    #[test]
    fn borrowers_who_follow_keep_their_health() {
        let (before, after) = (model(), model().with_thresholds(0.02, true).unwrap());
        assert_eq!(after.collateral.threshold[..2], [0.8 + 0.02, 0.7 + 0.02]);
        for account in 0..2 {
            assert!((health(&after, account) / health(&before, account) - 1.0).abs() < 1e-14);
        }
        assert!((debts(&after)[0] - 20_000.0 * (16_400.0 + 21_600.0) / 37_000.0).abs() < 1e-9);
        assert_eq!(before.at_opening(), after.at_opening());
        let refused = model().with_thresholds(0.25, true).unwrap_err().to_string();
        assert!(refused.contains("liquidation threshold of a holding is 1.05"), "{refused}");
    }

    #[test]
    fn a_threshold_alone_liquidates_nobody_at_once() {
        let after = model().with_thresholds(-0.05, false).unwrap();
        assert_eq!(debts(&after)[0], 20_000.0);
        // 1,500 + 19,500 are secured of what owes 22,500.
        assert!((debts(&after)[1] / 21_000.0 - 1.0).abs() < 1e-8 && health(&after, 1) > 1.0);
        assert_eq!(debts(&model().with_thresholds(0.05, false).unwrap()), debts(&model()));
    }

    #[test]
    fn sizes_depth_and_renewal() {
        let largest = model().with_largest(0.5).unwrap();
        assert_eq!(debts(&largest), [20_000.0, 11_250.0]);
        assert_eq!(health(&largest, 1), health(&model(), 1));
        assert_eq!(debts(&model().with_all(0.5).unwrap()), [10_000.0, 11_250.0]);
        let depth = model().with_depth(2.0).unwrap();
        let ByRegime { calm, stressed } = model().capacity_per_year[0];
        assert_eq!(depth.capacity_per_year[0], ByRegime { calm: 2.0 * calm, stressed: 2.0 * stressed });
        assert_eq!(model().with_renewal(73.0).unwrap().renewal_years, Some(0.2));
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(model().with_depth(factor).is_err() && model().with_all(factor).is_err());
            assert!(model().with_largest(factor).is_err() && model().with_renewal(factor).is_err());
        }
    }
}
