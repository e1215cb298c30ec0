//! What buyer and pool agree on, and how finely it is simulated. Amounts in the unit of account, rates a year of 365
//! days, times in days.

use super::error::PricingError;

/// Where policies and layers end: levels of the losses over the capital horizon.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Levels {
    /// End of each market's deductible: quantile of its own gross loss.
    pub deductible: f64,
    /// End of each market's cover: quantile of its own gross loss.
    pub limit: f64,
    /// End of the reserve: quantile of what the pool owes.
    pub reserve: f64,
    /// End of each tranche, junior first: quantiles of what the pool owes.
    pub tranches: Vec<f64>,
}

/// Premium principle behind the risk load of the pool, shared by the markets naturally.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub enum Load {
    /// Constant cost of the expected shortfall held as capital.
    #[default]
    CostOfCapital,
    /// Wang's transform.
    Wang {
        /// Shift of the normal quantile.
        lambda: f64,
    },
    /// Proportional hazard.
    ProportionalHazard {
        /// Power, at least 1.
        rho: f64,
    },
    /// Esscher's principle.
    Esscher {
        /// Exponent for a loss of the size of the pool's expected shortfall.
        h: f64,
    },
    /// A multiple of the standard deviation.
    StandardDeviation {
        /// The multiple.
        loading: f64,
    },
}

/// What the buyer and the pool agree on, and how finely it is simulated.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Terms {
    /// Term of the policies, whole days.
    pub term_days: f64,
    /// Horizon over which capital is measured, whole days.
    pub horizon_days: f64,
    /// Deductible of every market; by quantile without one.
    pub deductible: Option<f64>,
    /// Limit of every market; by quantile without one.
    pub limit: Option<f64>,
    /// Part of each eligible loss that the market keeps.
    pub coinsurance: f64,
    /// Callable bond of each market in the mutual layer, as a part of its limit.
    pub mutual_share: f64,
    /// Cost of capital a year.
    pub cost_of_capital: f64,
    /// Principle behind the risk load.
    pub load: Load,
    /// Expenses as a part of the premium.
    pub expense_rate: f64,
    /// Expenses of each policy, an amount.
    pub fixed_expenses: f64,
    /// Part of the premium returned without a claim.
    pub no_claims_share: f64,
    /// Losses below this make no claim.
    pub smallest_claim: f64,
    /// Quantiles.
    pub levels: Levels,
    /// Paths.
    pub paths: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            term_days: 91.0,
            horizon_days: 365.0,
            deductible: None,
            limit: None,
            coinsurance: 0.1,
            mutual_share: 0.02,
            cost_of_capital: 0.12,
            load: Load::CostOfCapital,
            expense_rate: 0.05,
            fixed_expenses: 1_000.0,
            no_claims_share: 0.1,
            smallest_claim: 1_000.0,
            levels: Levels { deductible: 0.9, limit: 0.999, reserve: 0.95, tranches: vec![0.995, 0.999] },
            paths: 20_000,
            seed: 1,
        }
    }
}

/// Term and horizon in whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// Of the policies.
    pub term: usize,
    /// Over which capital is measured.
    pub horizon: usize,
}

impl Days {
    /// Both, rising, each once: the horizons of a simulation of daily steps.
    #[must_use]
    pub fn rising(self) -> Vec<usize> {
        let mut days = vec![self.term, self.horizon];
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Places of term and horizon in [`Days::rising`].
    #[must_use]
    pub fn places(self) -> (usize, usize) {
        match self.term.cmp(&self.horizon) {
            core::cmp::Ordering::Less => (0, 1),
            core::cmp::Ordering::Equal => (0, 0),
            core::cmp::Ordering::Greater => (1, 0),
        }
    }
}

impl Terms {
    /// Term and horizon, checked.
    ///
    /// # Errors
    /// A number of days that is not whole, or below 1.
    pub fn days(&self) -> Result<Days, PricingError> {
        let whole = |name, days: f64| {
            let sound = (1.0..=36_500.0).contains(&days) && libm::floor(days) == days;
            if sound { Ok(days as usize) } else { Err(PricingError::Days { name, days }) }
        };
        Ok(Days { term: whole("term", self.term_days)?, horizon: whole("horizon", self.horizon_days)? })
    }
}
