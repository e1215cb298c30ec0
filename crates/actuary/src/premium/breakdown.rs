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
//! EL is market peril plus event peril of the collective plus what the market's own record adds or takes off. Where
//! the pool's load is made by another principle, `net = EL + load`, the load being the market's natural part.
//! p is the probability of a claim within the term; the bonus share of the premium goes back to the insured with
//! probability 1 - p. The lines of all markets add up to the pool's figures, because the allocation does.
//!
//! Units: amounts in the unit of account of the losses, rates per year of 365 days.

use super::going_rate::{GoingRate, going_rate};
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

/// Expected payments within the term, by what makes them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossLines {
    /// Market peril: what the simulation of prices and liquidations says.
    pub market: Estimate,
    /// Event peril by the collective's experience.
    pub event: Estimate,
    /// What the market's own record adds or takes off, of both perils.
    pub experience: f64,
}

impl LossLines {
    /// All of it market peril.
    #[must_use]
    pub fn market_only(market: Estimate) -> Self {
        Self { market, ..Self::default() }
    }

    /// Expected payments: the lines in their order. Simulation and event record are independent.
    #[must_use]
    pub fn total(&self) -> Estimate {
        Estimate {
            value: self.market.value + self.event.value + self.experience,
            standard_error: libm::hypot(self.market.standard_error, self.event.standard_error),
        }
    }
}

/// How the risk load of a premium is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RiskLoad {
    /// Cost of the allocated capital.
    CostOfCapital,
    /// The market's part of the load of the pool by another principle, for the term.
    Allocated(Estimate),
}

/// One line of a premium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PremiumLine {
    /// Name of the line.
    pub name: &'static str,
    /// Amount for the term.
    pub amount: f64,
    /// Amount per unit of limit and year; none without a limit.
    pub per_cover_year: Option<f64>,
    /// Amount per unit of debt and year; none without debt.
    pub per_debt_year: Option<f64>,
}

/// A premium by its lines. The total is the sum of the lines in the order of [`Breakdown::lines`], to the last bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// Name of the market.
    pub name: String,
    /// Expected payments within the term.
    pub expected_loss: Estimate,
    /// Expected payments by what makes them.
    pub losses: LossLines,
    /// Capital allocated, on which the loading is earned; not a part of the total.
    pub capital: Estimate,
    /// Risk load: cost of that capital over the term above the expected loss, or the allocated load.
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
    /// What the market pays for cover of the same debt, where that is on record.
    pub going_rate: Option<GoingRate>,
}

impl Breakdown {
    /// Prices a market whose expected loss is all market peril, with the cost of its capital as the load.
    ///
    /// # Errors
    /// A parameter that is negative, not finite or above its range; shares that leave nothing of the premium.
    pub fn of(risk: &Risk, terms: &PremiumTerms) -> Result<Self, PremiumError> {
        Self::of_lines(risk, &LossLines::market_only(risk.expected_loss), RiskLoad::CostOfCapital, terms)
    }

    /// Prices a market by the lines of its expected loss and a risk load. The expected loss of `risk` is not read:
    /// it is the sum of the lines.
    ///
    /// # Errors
    /// As for [`Breakdown::of`]; an experience that makes the expected loss negative.
    pub fn of_lines(
        risk: &Risk,
        losses: &LossLines,
        load: RiskLoad,
        terms: &PremiumTerms,
    ) -> Result<Self, PremiumError> {
        terms.check()?;
        let expected_loss = losses.total();
        for (name, value) in [
            ("market peril", losses.market.value),
            ("event peril", losses.event.value),
            ("expected loss", expected_loss.value),
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
        let net = match load {
            RiskLoad::CostOfCapital => Estimate {
                value: constant_cost_price(expected_loss.value, risk.capital.value, iota),
                standard_error: constant_cost_price(
                    expected_loss.standard_error,
                    risk.capital.standard_error,
                    iota,
                ),
            },
            RiskLoad::Allocated(load) => Estimate {
                value: expected_loss.value + load.value,
                standard_error: expected_loss.standard_error + load.standard_error,
            },
        };
        non_negative("expected loss and load", net.value)?;
        let bonus = terms.no_claims_share * (1.0 - risk.claim_probability);
        let rest = 1.0 - terms.expense_rate - bonus;
        if rest <= 0.0 {
            return Err(PremiumError::Shares { expense_rate: terms.expense_rate, bonus });
        }
        let gross = (net.value + terms.fixed_expenses) / rest;
        let parts = Self {
            name: risk.name.clone(),
            expected_loss,
            losses: *losses,
            capital: risk.capital,
            loading: net.value - expected_loss.value,
            expenses: terms.fixed_expenses + terms.expense_rate * gross,
            no_claims_bonus: bonus * gross,
            total: Estimate { value: gross, standard_error: net.standard_error / rest },
            per_cover: None,
            per_cover_year: None,
            per_debt: None,
            per_debt_year: None,
            going_rate: None,
        };
        Ok(parts.completed(risk.limit, risk.debt, terms.term_years))
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
        let limit: f64 = parts.iter().map(|(_, risk)| risk.limit).sum();
        let debt: f64 = parts.iter().map(|(_, risk)| risk.debt).sum();
        let losses = LossLines {
            market: both(|b| b.losses.market),
            event: both(|b| b.losses.event),
            experience: add(|b| b.losses.experience),
        };
        let sum = Self {
            name: name.to_owned(),
            expected_loss: both(|b| b.expected_loss),
            losses,
            capital: both(|b| b.capital),
            loading: add(|b| b.loading),
            expenses: add(|b| b.expenses),
            no_claims_bonus: add(|b| b.no_claims_bonus),
            total: both(|b| b.total),
            per_cover: None,
            per_cover_year: None,
            per_debt: None,
            per_debt_year: None,
            going_rate: None,
        };
        sum.completed(limit, debt, terms.term_years)
    }

    /// The same with the going rate for its debt asset.
    #[must_use]
    pub fn beside(self, debt_asset: &str) -> Self {
        Self { going_rate: going_rate(debt_asset), ..self }
    }

    /// The lines, in the order in which they add up to the total: market peril, event peril of the collective,
    /// experience, risk load, expenses, expected no-claims bonus.
    #[must_use]
    pub fn lines(&self) -> [PremiumLine; 6] {
        let total = self.total.value;
        let line = |(name, amount): (&'static str, f64)| {
            let part = |rate: Option<f64>| rate.map(|r| if total > 0.0 { r * (amount / total) } else { 0.0 });
            PremiumLine {
                name,
                amount,
                per_cover_year: part(self.per_cover_year),
                per_debt_year: part(self.per_debt_year),
            }
        };
        self.amounts().map(line)
    }

    fn amounts(&self) -> [(&'static str, f64); 6] {
        [
            ("market peril", self.losses.market.value),
            ("event peril", self.losses.event.value),
            ("experience", self.losses.experience),
            ("risk load", self.loading),
            ("expenses", self.expenses),
            ("no-claims bonus", self.no_claims_bonus),
        ]
    }

    /// Total as the sum of the lines, and the rates by unit.
    fn completed(mut self, limit: f64, debt: f64, term_years: f64) -> Self {
        self.total.value = self.amounts().iter().fold(0.0, |sum, (_, amount)| sum + amount);
        let total = self.total.value;
        let per = |base: f64| (base > 0.0 && base.is_finite()).then(|| total / base);
        let year = |rate: Option<f64>| rate.map(|r| r / term_years);
        (self.per_cover, self.per_cover_year) = (per(limit), year(per(limit)));
        (self.per_debt, self.per_debt_year) = (per(debt), year(per(debt)));
        self
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
