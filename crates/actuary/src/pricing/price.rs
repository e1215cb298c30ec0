//! From gathered losses to a price: premium line by line, capital by market, what each layer bears and earns.

use core::ops::Range;

use super::account_bias::{AccountFigures, COMPARED_PATHS};
use super::design::{AT_RISK_LEVEL, Design, DesignOptions, SHORTFALL_LEVEL, path_source};
use super::error::PricingError;
use super::events::{EventRisks, MarketEvents, grid_pool};
use super::exposure::Exposure;
use super::layers::{Moved, Pools, investments};
use super::simulation::Simulation;
use super::terms::{Load, Terms};
use crate::capital::{Distortion, GridPool, GridTail, LoadPrinciple, Principle};
use crate::liquidation::System;
use crate::loss::{Estimate, HorizonFigures, LossFigures, Spec};
use crate::premium::{Breakdown, LossLines, PremiumTerms, Risk, RiskLoad, TrancheTable, fair_split};
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
    /// Reserve, tranches and mutual layer as investments over the term, events included.
    pub tranches: Vec<TrancheTable>,
    /// Books of accounts as they were run.
    pub accounts: Vec<AccountFigures>,
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
    let accounts = accounts(&run, &design, terms)?;
    Pricing::of(design, sums.finish()?, exposures, events, accounts, terms)
}

/// Books of accounts on the first paths of a price, by both passes.
///
/// # Errors
/// Paths that cannot be run.
pub fn accounts(
    run: &Simulation,
    design: &Design,
    terms: &Terms,
) -> Result<Vec<AccountFigures>, PricingError> {
    let (term, _) = terms.days()?.places();
    run.account_figures(0..COMPARED_PATHS.min(terms.paths as u64), term, &design.policies)
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
    /// The price from losses already gathered, with events or without. What the fast pass over `accounts` does to the
    /// expected payments is corrected in the premiums.
    ///
    /// # Errors
    /// Terms that make no sense, losses of another shape.
    pub fn of(
        design: Design,
        figures: LossFigures,
        exposures: &[Exposure],
        events: Option<&EventRisks>,
        accounts: Vec<AccountFigures>,
        terms: &Terms,
    ) -> Result<Self, PricingError> {
        let (term, horizon) = terms.days()?.places();
        let (within, year) = (&figures.horizons[term], &figures.horizons[horizon]);
        let (term_years, horizon_years) = (terms.term_days / 365.0, terms.horizon_days / 365.0);
        let policies = &design.policies;
        let moved = events
            .map(|e| e.within(within, term_years, (year, horizon_years), policies, terms.smallest_claim))
            .transpose()?;
        let without = grid_pool(year)?;
        let with = events.map(|e| e.pool(&without, year, horizon_years, policies)).transpose()?;
        let pool = PoolFigures::of(
            with.clone().unwrap_or_else(|| without.clone()),
            year,
            figures.replicates > 1,
            terms,
        )?;
        let layers = match (events, &moved, with) {
            (Some(events), Some(moved), Some(with)) => {
                let year = Moved::new(&Pools { without, with }, &year.layers, moved, SHORTFALL_LEVEL)?;
                let without = grid_pool(within)?;
                let with = events.pool(&without, within, term_years, policies)?;
                let term = Moved::new(&Pools { without, with }, &within.layers, moved, SHORTFALL_LEVEL)?;
                Some((term, year))
            }
            _ => None,
        };
        let premium_terms = premium_terms(terms);
        let loads = loads(&pool, terms, term_years / horizon_years)?;
        let (mut risks, mut premiums) = (Vec::new(), Vec::new());
        for (market, exposure) in exposures.iter().enumerate() {
            let simulated = &within.markets[market];
            let events = moved.as_ref().map(|moved| &moved[market]);
            let book = accounts.iter().find(|accounts| accounts.name == exposure.market.name);
            let losses = lines(corrected(simulated.owed.mean, book), events);
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
        let split = split(within, year, layers.as_ref(), terms)?;
        // What the layers earn: the premium without expenses and without what is held back for the insured.
        let streamed = total.total.value - total.expenses - terms.no_claims_share * total.total.value;
        let mut earned: Vec<f64> = split.iter().map(|share| share * streamed).collect();
        earned.push(0.0);
        let term_layers = layers.as_ref().map(|(term, _)| term);
        let tranches = investments(&within.layers, term_layers, &earned, term_years)?;
        let terms = terms.clone();
        Ok(Self {
            terms,
            design,
            events: moved,
            pool,
            risks,
            premiums,
            total,
            split,
            tranches,
            accounts,
            figures,
        })
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
    /// Of what is owed over the capital horizon, events included; `year` is the simulation alone.
    fn of(
        grid: GridPool,
        year: &HorizonFigures,
        replicated: bool,
        terms: &Terms,
    ) -> Result<Self, PricingError> {
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
            simulated.standard_error.max(simulated.relative_error() * shortfall.expected_shortfall.value);
        let capital = grid
            .shortfall_parts(SHORTFALL_LEVEL)?
            .into_iter()
            .zip(&year.markets)
            .map(|(value, market)| {
                let simulated = market.shortfall_part;
                let standard_error = simulated.standard_error.max(simulated.relative_error() * value);
                Estimate { value, standard_error }
            })
            .collect();
        let at_risk = grid.tail(AT_RISK_LEVEL, paths)?;
        let rate = terms.cost_of_capital.clamp(f64::MIN_POSITIVE, 1.0 - 1e-9);
        let optimal_fund = grid.optimal_fund(rate, 1.0, paths)?;
        Ok(Self { grid, shortfall, at_risk, capital, optimal_fund })
    }
}

/// Expected payment less the bias of the fast pass.
fn corrected(simulated: Estimate, book: Option<&AccountFigures>) -> Estimate {
    let Some(book) = book else { return simulated };
    let correction = book.correction();
    Estimate {
        value: (simulated.value + correction.value).max(0.0),
        standard_error: libm::hypot(simulated.standard_error, correction.standard_error),
    }
}

/// Expected payments by what makes them.
fn lines(simulated: Estimate, events: Option<&MarketEvents>) -> LossLines {
    let Some(events) = events else { return LossLines::market_only(simulated) };
    let error = events.peril.mean.relative_error();
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
    let error = shortfall.relative_error();
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
fn split(
    term: &HorizonFigures,
    horizon: &HorizonFigures,
    moved: Option<&(Moved, Moved)>,
    terms: &Terms,
) -> Result<Vec<f64>, PricingError> {
    // Reserve and tranches; after them stand the mutual layer and what no layer pays.
    let paid = term.layers.len() - 2;
    let layers: Vec<(f64, f64)> = term.layers[..paid]
        .iter()
        .zip(&horizon.layers)
        .enumerate()
        .map(|(index, (within, year))| {
            let (loss, part) = (within.expected_loss, year.shortfall_part);
            let (loss, part) = moved.map_or((loss, part), |(term, year)| {
                (term.expected_loss(index, loss), year.shortfall_part(index, part))
            });
            (loss.value, part.value)
        })
        .collect();
    Ok(fair_split(&layers, terms.cost_of_capital * terms.term_days / 365.0)?)
}
