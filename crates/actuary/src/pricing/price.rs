//! From gathered losses to a price: premium line by line, capital by market, what each layer bears and earns.

use core::ops::Range;

use super::design::{AT_RISK_LEVEL, Design, DesignOptions, SHORTFALL_LEVEL, path_source};
use super::error::PricingError;
use super::exposure::Exposure;
use super::simulation::Simulation;
use super::terms::Terms;
use crate::liquidation::System;
use crate::loss::{HorizonFigures, LossFigures, Spec};
use crate::premium::{
    Breakdown, PremiumTerms, Risk, TrancheTable, fair_split, tranche_table_of_figures,
};
use crate::price::PriceModel;

/// A price with everything it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Pricing {
    /// What was asked.
    pub terms: Terms,
    /// How it was simulated, and the policies and layers.
    pub design: Design,
    /// Losses within term and capital horizon.
    pub figures: LossFigures,
    /// Risk of each market, as priced.
    pub risks: Vec<Risk>,
    /// Premium of each market.
    pub premiums: Vec<Breakdown>,
    /// Premium of all.
    pub total: Breakdown,
    /// Share of reserve and tranches in the streamed premium.
    pub split: Vec<f64>,
    /// Reserve, tranches and mutual layer as investments over the term.
    pub tranches: Vec<TrancheTable>,
}

/// Designs, simulates and prices. `done` is told of paths as they are finished.
///
/// # Errors
/// Terms or inputs that make no sense.
pub fn price(
    prices: &PriceModel,
    system: &System,
    exposures: &[Exposure],
    terms: &Terms,
    options: &DesignOptions,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Pricing, PricingError> {
    let design = Design::of(prices, system, exposures, terms, options)?;
    let run = simulation(prices, system, &design, terms, options)?;
    let spec = spec(&design, exposures, terms)?;
    let sums = run.accumulate(&spec, all_paths(terms), done)?;
    Pricing::of(design, sums.finish()?, exposures, terms)
}

/// The simulation that a design prescribes.
///
/// # Errors
/// A mixture that the price model does not allow, terms that are not whole days.
pub fn simulation(
    prices: &PriceModel,
    system: &System,
    design: &Design,
    terms: &Terms,
    options: &DesignOptions,
) -> Result<Simulation, PricingError> {
    Ok(Simulation {
        source: path_source(prices, &design.mixture, options)?,
        system: system.clone(),
        days_a_step: 1,
        horizon_steps: terms.days()?.rising(),
        seed: terms.seed,
    })
}

/// What is gathered of the losses.
///
/// # Errors
/// Terms that are not whole days.
pub fn spec(design: &Design, exposures: &[Exposure], terms: &Terms) -> Result<Spec, PricingError> {
    let horizons = terms.days()?.rising().len();
    let debts = exposures.iter().map(Exposure::debt).collect();
    let (policies, layers) = (design.policies.clone(), design.layers.clone());
    Ok(Spec {
        smallest_claim: terms.smallest_claim,
        shortfall_level: SHORTFALL_LEVEL,
        at_risk_level: AT_RISK_LEVEL,
        ..Spec::new(horizons, debts, policies, layers, terms.paths as u64)
    })
}

/// The paths of a price.
#[must_use]
pub fn all_paths(terms: &Terms) -> Range<u64> {
    0..terms.paths as u64
}

impl Pricing {
    /// The price from losses already gathered.
    ///
    /// # Errors
    /// Terms that make no sense, losses of another shape.
    pub fn of(
        design: Design,
        figures: LossFigures,
        exposures: &[Exposure],
        terms: &Terms,
    ) -> Result<Self, PricingError> {
        let (term, horizon) = terms.days()?.places();
        let premium_terms = premium_terms(terms);
        let risks: Vec<Risk> = exposures
            .iter()
            .zip(&design.policies)
            .zip(figures.horizons[term].markets.iter().zip(&figures.horizons[horizon].markets))
            .map(|((exposure, policy), (within, year))| Risk {
                name: exposure.market.name.clone(),
                expected_loss: within.owed.mean,
                capital: year.shortfall_part,
                claim_probability: within.claim_probability.value,
                limit: policy.limit,
                debt: exposure.debt(),
            })
            .collect();
        let premiums =
            risks.iter().map(|risk| Breakdown::of(risk, &premium_terms)).collect::<Result<Vec<_>, _>>()?;
        let pairs: Vec<(&Breakdown, &Risk)> = premiums.iter().zip(&risks).collect();
        let total = Breakdown::sum("all markets", &pairs, &premium_terms);
        let split = split(&figures.horizons[term], &figures.horizons[horizon], terms)?;
        // What the layers earn: the premium without expenses and without what is held back for the insured.
        let streamed = total.total.value - total.expenses - terms.no_claims_share * total.total.value;
        let mut earned: Vec<f64> = split.iter().map(|share| share * streamed).collect();
        earned.push(0.0);
        let tranches =
            tranche_table_of_figures(&figures.horizons[term].layers, &earned, terms.term_days / 365.0)?;
        Ok(Self { terms: terms.clone(), design, figures, risks, premiums, total, split, tranches })
    }

    /// Losses within the policies' term.
    #[must_use]
    pub fn term(&self) -> &HorizonFigures {
        let places = self.terms.days().map_or((0, 0), super::terms::Days::places);
        &self.figures.horizons[places.0]
    }

    /// Losses within the capital horizon.
    #[must_use]
    pub fn horizon(&self) -> &HorizonFigures {
        let places = self.terms.days().map_or((0, 0), super::terms::Days::places);
        &self.figures.horizons[places.1]
    }
}

fn premium_terms(terms: &Terms) -> PremiumTerms {
    PremiumTerms {
        cost_of_capital: terms.cost_of_capital,
        term_years: terms.term_days / 365.0,
        fixed_expenses: terms.fixed_expenses,
        expense_rate: terms.expense_rate,
        no_claims_share: terms.no_claims_share,
    }
}

/// Fair split of the premium: expected loss over the term and the cost of the capital that each layer's part of the
/// expected shortfall ties up. The mutual layer's members bear for each other and are not paid.
fn split(
    term: &HorizonFigures,
    horizon: &HorizonFigures,
    terms: &Terms,
) -> Result<Vec<f64>, PricingError> {
    // Reserve and tranches; after them stand the mutual layer and what no layer pays.
    let paid = term.layers.len() - 2;
    let layers: Vec<(f64, f64)> = term.layers[..paid]
        .iter()
        .zip(&horizon.layers)
        .map(|(within, year)| (within.expected_loss.value, year.shortfall_part.value))
        .collect();
    Ok(fair_split(&layers, terms.cost_of_capital * terms.term_days / 365.0)?)
}
