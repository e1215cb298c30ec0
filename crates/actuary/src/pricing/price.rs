//! From gathered losses to a price: premium line by line, capital by market, what each layer bears and earns.

use core::ops::Range;

use super::design::{AT_RISK_LEVEL, Design, DesignOptions, SHORTFALL_LEVEL, path_source};
use super::error::PricingError;
use super::events::{EventRisks, MarketEvents, grid_pool};
use super::exposure::Exposure;
use super::simulation::Simulation;
use super::terms::{Load, Terms};
use crate::capital::{Distortion, GridPool, GridTail, LoadPrinciple, Principle};
use crate::liquidation::System;
use crate::loss::{Estimate, HorizonFigures, LossFigures, PolicyTerms, Spec};
use crate::premium::{
    Breakdown, LossLines, PremiumTerms, Risk, RiskLoad, TrancheTable, fair_split, tranche_table,
};
use crate::price::PriceModel;

/// The pool over the capital horizon, events included.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolFigures {
    /// What it owes, with each market's part.
    pub grid: GridPool,
    /// VaR and ES at the level of the shortfall, with the errors of the simulation.
    pub shortfall: GridTail,
    /// VaR at the level of the value at risk.
    pub at_risk: GridTail,
    /// Each market's part of the expected shortfall.
    pub capital: Vec<Estimate>,
    /// Size of a static fund: VaR at level 1 - cost of capital, a missing unit costing one.
    pub optimal_fund: Estimate,
}

/// A price with everything it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Pricing {
    /// What was asked.
    pub terms: Terms,
    /// How it was simulated, and the policies and layers.
    pub design: Design,
    /// Losses within term and capital horizon.
    pub figures: LossFigures,
    /// What events do to each market within the term; none where they were left out.
    pub events: Option<Vec<MarketEvents>>,
    /// The pool over the capital horizon.
    pub pool: PoolFigures,
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
    events: Option<&EventRisks>,
    terms: &Terms,
    options: &DesignOptions,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Pricing, PricingError> {
    let design = Design::of(prices, system, exposures, terms, options)?;
    let run = simulation(prices, system, &design, terms, options)?;
    let spec = spec(&design, exposures, terms, options)?;
    let sums = run.accumulate(&spec, all_paths(terms), done)?;
    Pricing::of(design, sums.finish()?, exposures, events, terms)
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
    let horizon_steps = terms.days()?.rising();
    Ok(Simulation {
        source: path_source(prices, &design.mixture, options)?,
        system: system.clone(),
        years: horizon_steps.last().map_or(0.0, |&days| days as f64 / 365.0),
        horizon_steps,
        seed: terms.seed,
    })
}

/// What is gathered of the losses.
///
/// # Errors
/// Terms that are not whole days.
pub fn spec(
    design: &Design,
    exposures: &[Exposure],
    terms: &Terms,
    options: &DesignOptions,
) -> Result<Spec, PricingError> {
    let horizons = terms.days()?.rising().len();
    let debts = exposures.iter().map(Exposure::debt).collect();
    let (policies, layers) = (design.policies.clone(), design.layers.clone());
    Ok(Spec {
        smallest_claim: terms.smallest_claim,
        shortfall_level: SHORTFALL_LEVEL,
        at_risk_level: AT_RISK_LEVEL,
        replicates: options.sobol_replicates,
        ..Spec::new(horizons, debts, policies, layers, terms.paths as u64)
    })
}

/// The paths of a price.
#[must_use]
pub fn all_paths(terms: &Terms) -> Range<u64> {
    0..terms.paths as u64
}

impl Pricing {
    /// The price from losses already gathered, with events or without.
    ///
    /// # Errors
    /// Terms that make no sense, losses of another shape.
    pub fn of(
        design: Design,
        figures: LossFigures,
        exposures: &[Exposure],
        events: Option<&EventRisks>,
        terms: &Terms,
    ) -> Result<Self, PricingError> {
        let (term, horizon) = terms.days()?.places();
        let (within, year) = (&figures.horizons[term], &figures.horizons[horizon]);
        let (term_years, horizon_years) = (terms.term_days / 365.0, terms.horizon_days / 365.0);
        let policies = &design.policies;
        let moved = events
            .map(|e| e.within(within, term_years, (year, horizon_years), policies, terms.smallest_claim))
            .transpose()?;
        let pool = PoolFigures::of(year, figures.replicates > 1, horizon_years, policies, events, terms)?;
        let premium_terms = premium_terms(terms);
        let loads = loads(&pool, terms, term_years / horizon_years)?;
        let (mut risks, mut premiums) = (Vec::new(), Vec::new());
        for (market, exposure) in exposures.iter().enumerate() {
            let simulated = &within.markets[market];
            let events = moved.as_ref().map(|moved| &moved[market]);
            let losses = lines(simulated.owed.mean, events);
            let risk = Risk {
                name: exposure.market.name.clone(),
                expected_loss: losses.total(),
                capital: pool.capital[market],
                claim_probability: events
                    .map_or(simulated.claim_probability.value.min(1.0), |events| events.claim_probability),
                limit: policies[market].limit,
                debt: exposure.debt(),
            };
            let premium = Breakdown::of_lines(&risk, &losses, loads[market], &premium_terms)?;
            premiums.push(premium.beside(&exposure.market.debt_asset));
            risks.push(risk);
        }
        let pairs: Vec<(&Breakdown, &Risk)> = premiums.iter().zip(&risks).collect();
        let total = Breakdown::sum("all markets", &pairs, &premium_terms);
        let split = split(within, year, terms)?;
        // What the layers earn: the premium without expenses and without what is held back for the insured.
        let streamed = total.total.value - total.expenses - terms.no_claims_share * total.total.value;
        let mut earned: Vec<f64> = split.iter().map(|share| share * streamed).collect();
        earned.push(0.0);
        let tranches = tranche_table(&within.layers, &earned, term_years)?;
        let terms = terms.clone();
        Ok(Self { terms, design, events: moved, pool, risks, premiums, total, split, tranches, figures })
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

impl PoolFigures {
    fn of(
        year: &HorizonFigures,
        replicated: bool,
        years: f64,
        policies: &[PolicyTerms],
        events: Option<&EventRisks>,
        terms: &Terms,
    ) -> Result<Self, PricingError> {
        let grid = match events {
            Some(events) => events.pool(year, years, policies)?,
            None => grid_pool(year)?,
        };
        // The tail of the simulation rests on as many equally weighted paths as give its error.
        let mut paths = year.owed.shortfall.samples.max(1) as f64 / (1.0 - SHORTFALL_LEVEL);
        let mut shortfall = grid.tail(SHORTFALL_LEVEL, paths)?;
        let simulated = year.owed.shortfall.expected_shortfall;
        if replicated && simulated.standard_error > 0.0 {
            // As many independent paths as would have the error that the replicates show.
            let ratio = shortfall.expected_shortfall.standard_error / simulated.standard_error;
            paths = (paths * ratio * ratio).max(1.0);
            shortfall = grid.tail(SHORTFALL_LEVEL, paths)?;
        }
        shortfall.expected_shortfall.standard_error =
            simulated.standard_error.max(relative(simulated) * shortfall.expected_shortfall.value);
        let capital = grid
            .shortfall_parts(SHORTFALL_LEVEL)?
            .into_iter()
            .zip(&year.markets)
            .map(|(value, market)| {
                let simulated = market.shortfall_part;
                let standard_error = simulated.standard_error.max(relative(simulated) * value);
                Estimate { value, standard_error }
            })
            .collect();
        let at_risk = grid.tail(AT_RISK_LEVEL, paths)?;
        let rate = terms.cost_of_capital.clamp(f64::MIN_POSITIVE, 1.0 - 1e-9);
        let optimal_fund = grid.optimal_fund(rate, 1.0, paths)?;
        Ok(Self { grid, shortfall, at_risk, capital, optimal_fund })
    }
}

/// Error of a figure as a part of it; 0 where the figure is 0.
fn relative(estimate: Estimate) -> f64 {
    if estimate.value > 0.0 { estimate.standard_error / estimate.value } else { 0.0 }
}

/// Expected payments by what makes them.
fn lines(simulated: Estimate, events: Option<&MarketEvents>) -> LossLines {
    let Some(events) = events else { return LossLines::market_only(simulated) };
    let error = relative(events.peril.mean);
    let record = events.losses.map_or(0.0, |losses| losses.movement(simulated.value));
    LossLines {
        market: simulated,
        event: Estimate { value: events.collective, standard_error: error * events.collective },
        experience: events.experience + record,
    }
}

/// Each market's risk load; `share` is the term as a part of the capital horizon.
fn loads(pool: &PoolFigures, terms: &Terms, share: f64) -> Result<Vec<RiskLoad>, PricingError> {
    let shortfall = pool.shortfall.expected_shortfall;
    let principle = match terms.load {
        Load::CostOfCapital => return Ok(vec![RiskLoad::CostOfCapital; pool.grid.markets()]),
        Load::Wang { lambda } => Principle::Distortion(Distortion::Wang { lambda }),
        Load::ProportionalHazard { rho } => Principle::Distortion(Distortion::ProportionalHazard { rho }),
        Load::Esscher { h } => Principle::Esscher { h: h / shortfall.value.max(f64::MIN_POSITIVE) },
        Load::StandardDeviation { loading } => Principle::StandardDeviation { loading },
    };
    let load = LoadPrinciple::Principle { principle, assets: None }.load(&pool.grid)?;
    let error = relative(shortfall);
    let of = |part: f64| Estimate { value: part * share, standard_error: (part * share * error).abs() };
    Ok(load.parts.into_iter().map(|part| RiskLoad::Allocated(of(part))).collect())
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
fn split(term: &HorizonFigures, horizon: &HorizonFigures, terms: &Terms) -> Result<Vec<f64>, PricingError> {
    // Reserve and tranches; after them stand the mutual layer and what no layer pays.
    let paid = term.layers.len() - 2;
    let layers: Vec<(f64, f64)> = term.layers[..paid]
        .iter()
        .zip(&horizon.layers)
        .map(|(within, year)| (within.expected_loss.value, year.shortfall_part.value))
        .collect();
    Ok(fair_split(&layers, terms.cost_of_capital * terms.term_days / 365.0)?)
}
