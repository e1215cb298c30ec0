//! A book of accounts made ready for simulation: thresholds, bonuses, depth and rules at given spot prices.

use super::{Conditions, order::Prices, reach::Reach};
use crate::book::accounts::{AccountBook, CollateralRows, DebtRows};
use crate::liquidation::{AtOpening, ByRegime, Depth, HOURS_PER_YEAR};

/// How much of an account a liquidation may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloseFactor {
    /// Largest share of a debt that one liquidation repays, in (0, 1]. Liquidations follow one another until the
    /// account is sound.
    pub share: f64,
    /// Health factor below which a liquidation may repay the whole debt, in [0, 1].
    pub whole_below: f64,
}

impl CloseFactor {
    /// The whole debt at once.
    #[must_use]
    pub fn whole() -> Self {
        Self { share: 1.0, whole_below: 1.0 }
    }
}

/// What a liquidation takes from an account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seizure {
    /// All debts and all collaterals in one proportion, as the ladder does. What the collateral does not pay is lost
    /// at the sale. The health factor of what remains does not change.
    ProRata,
    /// As lending protocols do: the debt of largest value is repaid, and (1 + bonus) of it is seized from the
    /// collateral of largest value among those whose depth is not exhausted; equals in order of the account's
    /// entries. Bad debt is what is owed when no collateral is left.
    Protocol(CloseFactor),
}

/// What the simulation of a book of accounts is made from.
#[derive(Clone, Copy, Debug)]
pub struct AccountSpec<'a> {
    /// The accounts.
    pub book: &'a AccountBook,
    /// Column of the path of each asset; none for an asset that stands still in the unit of account.
    pub columns: &'a [Option<usize>],
    /// Debt that sales of each asset can extinguish per hour, unit of account.
    pub depth: &'a [Depth],
    /// What a liquidation takes.
    pub seizure: Seizure,
    /// Days after which the book is redrawn at the snapshot's composition; none for a static book.
    pub renewal_days: Option<f64>,
}

/// Why a book of accounts cannot be simulated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AccountModelError {
    /// A list that is not one entry an asset.
    #[error("{found} {what} for a book of {assets} assets")]
    Length {
        /// What the list holds.
        what: &'static str,
        /// Its entries.
        found: usize,
        /// Assets of the book.
        assets: usize,
    },
    /// A rule is out of range.
    #[error("{field} is {found}, expected {expected}")]
    Rule {
        /// Which rule.
        field: &'static str,
        /// What was given.
        found: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// The path has no such column.
    #[error("asset {symbol}: column {column} in a path of {columns}")]
    Column {
        /// Symbol of the asset.
        symbol: String,
        /// Column wanted.
        column: usize,
        /// Columns of the path.
        columns: usize,
    },
    /// The columns of a path do not have one entry an interval and asset.
    #[error("{found} prices or flags in a path where {expected} are due")]
    Shape {
        /// Entries found.
        found: usize,
        /// Entries due.
        expected: usize,
    },
    /// A book without clusters.
    #[error("{0} clusters, expected at least 1")]
    Clusters(usize),
    /// The ladder of a cluster cannot be built.
    #[error("cluster {cluster}: {source}")]
    Ladder {
        /// Number of the cluster.
        cluster: usize,
        /// Why.
        source: crate::liquidation::LadderError,
    },
    /// The terms of a cluster's ladder make no sense.
    #[error("ladder of a cluster: {0}")]
    Service(crate::liquidation::ServiceError),
}

/// A book of accounts ready to be run along paths. Immutable; paths share it.
///
/// Accounts without debt are left out, and so are accounts under water at the spot prices, which
/// [`AccountModel::at_opening`] counts.
#[derive(Clone, Debug)]
pub struct AccountModel {
    pub(super) symbols: Vec<String>,
    pub(super) spot: Vec<f64>,
    /// 1 / (1 + bonus), by asset.
    pub(super) keep: Vec<f64>,
    pub(super) capacity_per_year: Vec<ByRegime>,
    pub(super) columns: Vec<Option<usize>>,
    pub(super) collateral: CollateralRows,
    pub(super) debt: DebtRows,
    pub(super) seizure: Seizure,
    pub(super) renewal_years: Option<f64>,
    pub(super) conditions: Conditions,
    /// What a liquidator is paid, by asset.
    bonus: Vec<f64>,
    /// Whether nobody liquidates an account.
    pub(super) dust: Vec<bool>,
    pub(super) reach: Reach,
    at_opening: AtOpening,
}

impl AccountModel {
    /// Checks the rules and keeps what can be liquidated.
    ///
    /// # Errors
    /// Columns or depths that are not one an asset, a close factor or renewal out of range.
    pub fn new(spec: &AccountSpec<'_>) -> Result<Self, AccountModelError> {
        let assets = spec.book.assets();
        for (what, found) in [("columns", spec.columns.len()), ("depths", spec.depth.len())] {
            if found != assets.len() {
                return Err(AccountModelError::Length { what, found, assets: assets.len() });
            }
        }
        if let Seizure::Protocol(close) = spec.seizure {
            let share = (
                "close factor",
                close.share,
                close.share > 0.0 && close.share <= 1.0,
                "above 0 and at most 1",
            );
            let whole = close.whole_below;
            let whole =
                ("health factor for closing whole", whole, (0.0..=1.0).contains(&whole), "from 0 to 1");
            for (field, found, sound, expected) in [share, whole] {
                if !sound {
                    return Err(AccountModelError::Rule { field, found, expected });
                }
            }
        }
        if let Some(found) = spec.renewal_days.filter(|days| !(*days > 0.0 && days.is_finite())) {
            let expected = "a positive, finite number of days";
            return Err(AccountModelError::Rule { field: "renewal", found, expected });
        }
        let mut model = Self {
            symbols: assets.iter().map(|asset| asset.symbol.clone()).collect(),
            spot: spec.book.prices(),
            keep: assets.iter().map(|asset| 1.0 / (1.0 + asset.bonus)).collect(),
            capacity_per_year: spec.depth.iter().map(|depth| per_year(depth.by_regime())).collect(),
            columns: spec.columns.to_vec(),
            collateral: CollateralRows::default(),
            debt: DebtRows::default(),
            seizure: spec.seizure,
            renewal_years: spec.renewal_days.map(|days| days / 365.0),
            conditions: Conditions::default(),
            bonus: assets.iter().map(|asset| asset.bonus).collect(),
            dust: Vec::new(),
            reach: Reach::default(),
            at_opening: AtOpening::default(),
        };
        for account in 0..spec.book.len() {
            model.take(spec.book, account);
        }
        model.arrange();
        Ok(model)
    }

    /// The same under other conditions of service.
    ///
    /// # Errors
    /// [`AccountModelError::Rule`] for a figure out of range, an impact on an asset that does not exist or has another.
    pub fn with_conditions(mut self, conditions: Conditions) -> Result<Self, AccountModelError> {
        conditions.check(self.spot.len())?;
        self.conditions = conditions;
        self.arrange();
        Ok(self)
    }

    /// The conditions of service.
    #[must_use]
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Columns of the path of each asset; none for one that stands still.
    #[must_use]
    pub fn columns(&self) -> &[Option<usize>] {
        &self.columns
    }

    /// Number of accounts that can be liquidated.
    #[must_use]
    pub fn len(&self) -> usize {
        self.debt.start.len() - 1
    }

    /// True when no account can be liquidated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Accounts under water at the spot prices, which are left out.
    #[must_use]
    pub fn at_opening(&self) -> AtOpening {
        self.at_opening
    }

    /// Accounts that nobody liquidates, because the bonus is below the cost, and their debt at the spot prices.
    #[must_use]
    pub fn dust(&self) -> (usize, f64) {
        let of = |account: usize| self.debt.value(self.debt.row(account), &self.debt.amount, &self.spot);
        let dust = || (0..self.len()).filter(|&account| self.dust[account]);
        (dust().count(), dust().map(of).fold(0.0, |sum, debt| sum + debt))
    }

    /// Debt of the accounts at the spot prices, unit of account.
    #[must_use]
    pub fn total_debt(&self) -> f64 {
        (0..self.len())
            .fold(0.0, |sum, a| sum + self.debt.value(self.debt.row(a), &self.debt.amount, &self.spot))
    }

    /// Finds out who is dust and who can be reached. To be done when amounts, thresholds or conditions have changed.
    pub(super) fn arrange(&mut self) {
        self.dust.clear();
        for account in 0..self.len() {
            let debt = self.debt.value(self.debt.row(account), &self.debt.amount, &self.spot);
            let (mut value, mut bonus) = (0.0, 0.0);
            for at in self.collateral.row(account) {
                let asset = self.collateral.asset[at] as usize;
                let worth = self.collateral.amount[at] * self.spot[asset];
                value += worth;
                bonus += worth * self.bonus[asset];
            }
            self.dust.push(debt * (bonus / value) < self.conditions.gas);
        }
        self.reach = Reach::of(self);
    }

    /// The terms without the accounts.
    pub(super) fn without_accounts(&self) -> Self {
        Self {
            symbols: self.symbols.clone(),
            spot: self.spot.clone(),
            keep: self.keep.clone(),
            capacity_per_year: self.capacity_per_year.clone(),
            columns: self.columns.clone(),
            collateral: CollateralRows::default(),
            debt: DebtRows::default(),
            seizure: self.seizure,
            renewal_years: self.renewal_years,
            conditions: self.conditions.clone(),
            bonus: self.bonus.clone(),
            dust: Vec::new(),
            reach: Reach::default(),
            at_opening: self.at_opening,
        }
    }

    /// Assets that an account holds and owes.
    #[inline]
    pub(super) fn assets_of(&self, account: u32) -> impl Iterator<Item = u32> + Clone + '_ {
        let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
        self.collateral.asset[held].iter().chain(&self.debt.asset[owed]).copied()
    }

    /// Whether an account as it is at the snapshot is sound at these prices.
    #[inline]
    pub(super) fn is_sound_at_snapshot(&self, account: u32, prices: Prices<'_>) -> bool {
        let (held, owed) = (self.collateral.row(account as usize), self.debt.row(account as usize));
        self.collateral.secured(held, &self.collateral.amount, prices.collateral)
            >= self.debt.value(owed, &self.debt.amount, prices.debt)
    }

    /// Takes an account of the book, or counts it as under water.
    fn take(&mut self, book: &AccountBook, account: usize) {
        let (held, owed) = (book.collateral_rows(), book.debt_rows());
        let (row, debts) = (held.row(account), owed.row(account));
        let debt = owed.value(debts.clone(), &owed.amount, &self.spot);
        if debt == 0.0 {
            return;
        }
        if held.secured(row.clone(), &held.amount, &self.spot) < debt {
            let pays: f64 = row
                .map(|at| {
                    let asset = held.asset[at] as usize;
                    held.amount[at] * self.spot[asset] * self.keep[asset]
                })
                .sum();
            self.at_opening.positions += 1;
            self.at_opening.debt += debt;
            self.at_opening.bad_debt += (debt - pays).max(0.0);
            return;
        }
        for at in row {
            self.collateral.push(held.asset[at] as usize, held.amount[at], held.threshold[at]);
        }
        for at in debts {
            self.debt.push(owed.asset[at] as usize, owed.amount[at]);
        }
        self.collateral.end_row();
        self.debt.end_row();
    }
}

fn per_year(depth: ByRegime) -> ByRegime {
    ByRegime { calm: depth.calm * HOURS_PER_YEAR, stressed: depth.stressed * HOURS_PER_YEAR }
}
