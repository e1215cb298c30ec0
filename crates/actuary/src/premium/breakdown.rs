//! The premium of one market, line by line.
//!
//! With expected payments EL and allocated capital a (natural allocation of the pool's expected shortfall), the
//! cost of capital over the term `i = iota x term`:
//!
//! ```text
//! net     = (EL + i a) / (1 + i)                  expected loss plus loading i (a - EL) / (1 + i)
//! premium = net + expenses + expected no-claims bonus
//!         = (net + fixed expenses) / (1 - expense rate - bonus share (1 - p))
//! ```
//!
//! p is the probability of a claim within the term; the bonus share of the premium goes back to the insured with
//! probability 1 - p. The lines of all markets add up to the pool's figures, because the allocation does.
//!
//! Units: amounts in the unit of account of the losses, rates per year of 365 days.

use crate::{capital::constant_cost_price, loss::Estimate};

/// What a premium is calculated with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PremiumTerms {
    /// Cost of capital iota, per year.
    pub cost_of_capital: f64,
    /// Term of the policy in years.
    pub term_years: f64,
    /// Expenses of the policy, an amount.
    pub fixed_expenses: f64,
    /// Expenses as a share of the premium, in [0, 1).
    pub expense_rate: f64,
    /// Share of the premium returned if no claim is made, in [0, 1).
    pub no_claims_share: f64,
}

/// The risk of one market as the pool bears it, after policy terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Name of the market.
    pub name: String,
    /// Expected payments within the term.
    pub expected_loss: Estimate,
    /// Capital allocated to the market.
    pub capital: Estimate,
    /// Probability of a claim within the term.
    pub claim_probability: f64,
    /// Limit of cover.
    pub limit: f64,
    /// Debt of the market.
    pub debt: f64,
}

/// Why no premium can be calculated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PremiumError {
    /// A parameter is out of range.
    #[error("{name} {value} is out of range")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// Expenses and bonus leave nothing of the premium.
    #[error("expense rate {expense_rate} and expected bonus {bonus} leave nothing of the premium")]
    Shares {
        /// Expenses as a share of the premium.
        expense_rate: f64,
        /// Expected bonus as a share of the premium.
        bonus: f64,
    },
    /// Columns, premiums and layers do not match.
    #[error("{found} {name} for {expected} layers")]
    Layers {
        /// What does not match.
        name: &'static str,
        /// Number found.
        found: usize,
        /// Number due.
        expected: usize,
    },
    /// The losses make no distribution.
    #[error(transparent)]
    Losses(#[from] crate::loss::LossError),
}

/// A premium by its lines; `total = expected_loss + loading + expenses + no_claims_bonus`.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// Name of the market.
    pub name: String,
    /// Expected payments within the term.
    pub expected_loss: Estimate,
    /// Capital allocated, on which the loading is earned; not a part of the total.
    pub capital: Estimate,
    /// Cost of that capital over the term, above the expected loss.
    pub loading: f64,
    /// Expenses, fixed and proportional.
    pub expenses: f64,
    /// Expected return to the insured if no claim is made.
    pub no_claims_bonus: f64,
    /// The premium. Its standard error is the sum of those of its parts, an upper bound, since expected loss and
    /// capital come from the same paths.
    pub total: Estimate,
    /// Premium per unit of limit for the term; none without a limit.
    pub per_cover: Option<f64>,
    /// Premium per unit of limit and year; none without a limit.
    pub per_cover_year: Option<f64>,
    /// Premium per unit of debt for the term; none without debt.
    pub per_debt: Option<f64>,
    /// Premium per unit of debt and year; none without debt.
    pub per_debt_year: Option<f64>,
}

impl Breakdown {
    /// Prices a market.
    ///
    /// # Errors
    /// A parameter that is negative, not finite or above its range; shares that leave nothing of the premium.
    pub fn of(risk: &Risk, terms: &PremiumTerms) -> Result<Self, PremiumError> {
        terms.check()?;
        for (name, value) in [
            ("expected loss", risk.expected_loss.value),
            ("capital", risk.capital.value),
            ("debt", risk.debt),
        ] {
            non_negative(name, value)?;
        }
        // An unlimited policy has an infinite limit and no premium per unit of it.
        if risk.limit.is_nan() || risk.limit < 0.0 {
            return Err(PremiumError::Parameter { name: "limit", value: risk.limit });
        }
        share("claim probability", risk.claim_probability, 1.0)?;
        let iota = terms.cost_of_capital * terms.term_years;
        let net = constant_cost_price(risk.expected_loss.value, risk.capital.value, iota);
        let bonus = terms.no_claims_share * (1.0 - risk.claim_probability);
        let rest = 1.0 - terms.expense_rate - bonus;
        if rest <= 0.0 {
            return Err(PremiumError::Shares { expense_rate: terms.expense_rate, bonus });
        }
        let total = (net + terms.fixed_expenses) / rest;
        let standard_error =
            constant_cost_price(risk.expected_loss.standard_error, risk.capital.standard_error, iota) / rest;
        let per = |base: f64| (base > 0.0 && base.is_finite()).then(|| total / base);
        let year = |rate: Option<f64>| rate.map(|r| r / terms.term_years);
        Ok(Self {
            name: risk.name.clone(),
            expected_loss: risk.expected_loss,
            capital: risk.capital,
            loading: net - risk.expected_loss.value,
            expenses: terms.fixed_expenses + terms.expense_rate * total,
            no_claims_bonus: bonus * total,
            total: Estimate { value: total, standard_error },
            per_cover: per(risk.limit),
            per_cover_year: year(per(risk.limit)),
            per_debt: per(risk.debt),
            per_debt_year: year(per(risk.debt)),
        })
    }

    /// Premium of several markets with its lines; per unit of all their limits and debts.
    /// Standard errors are added, an upper bound, since all markets share the paths.
    #[must_use]
    pub fn sum(name: &str, parts: &[(&Breakdown, &Risk)], terms: &PremiumTerms) -> Self {
        let add = |of: fn(&Breakdown) -> f64| parts.iter().map(|(b, _)| of(b)).sum::<f64>();
        let both = |of: fn(&Breakdown) -> Estimate| Estimate {
            value: parts.iter().map(|(b, _)| of(b).value).sum(),
            standard_error: parts.iter().map(|(b, _)| of(b).standard_error).sum(),
        };
        let total = both(|b| b.total);
        let per = |base: f64| (base > 0.0 && base.is_finite()).then(|| total.value / base);
        let year = |rate: Option<f64>| rate.map(|r| r / terms.term_years);
        let limit: f64 = parts.iter().map(|(_, risk)| risk.limit).sum();
        let debt: f64 = parts.iter().map(|(_, risk)| risk.debt).sum();
        Self {
            name: name.to_owned(),
            expected_loss: both(|b| b.expected_loss),
            capital: both(|b| b.capital),
            loading: add(|b| b.loading),
            expenses: add(|b| b.expenses),
            no_claims_bonus: add(|b| b.no_claims_bonus),
            total,
            per_cover: per(limit),
            per_cover_year: year(per(limit)),
            per_debt: per(debt),
            per_debt_year: year(per(debt)),
        }
    }
}

impl PremiumTerms {
    fn check(&self) -> Result<(), PremiumError> {
        non_negative("cost of capital", self.cost_of_capital)?;
        non_negative("fixed expenses", self.fixed_expenses)?;
        if !(self.term_years > 0.0 && self.term_years.is_finite()) {
            return Err(PremiumError::Parameter { name: "term", value: self.term_years });
        }
        share("expense rate", self.expense_rate, 1.0)?;
        share("no-claims share", self.no_claims_share, 1.0)
    }
}

pub(super) fn non_negative(name: &'static str, value: f64) -> Result<(), PremiumError> {
    if value >= 0.0 && value.is_finite() { Ok(()) } else { Err(PremiumError::Parameter { name, value }) }
}

fn share(name: &'static str, value: f64, limit: f64) -> Result<(), PremiumError> {
    if (0.0..=limit).contains(&value) { Ok(()) } else { Err(PremiumError::Parameter { name, value }) }
}
