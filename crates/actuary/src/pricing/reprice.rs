//! Pricing again after one market's book has changed: the paths are kept, and only what the change reaches is run.
//!
//! A market that shares neither depth nor price impact with others is run alone; with either, those it shares it with
//! are run too, because its sales move theirs. Policies and layers stay those of the first price, so that the difference is the book's. The
//! result is that of a whole run with the same design, to the bit.
//!
//! Memory: 16 bytes a path, step and column of the price model, beside the losses.

use rayon::prelude::*;

use super::design::{Design, DesignOptions};
use super::error::PricingError;
use super::events::EventRisks;
use super::exposure::Exposure;
use super::frontier::system_of;
use super::price::{Pricing, all_paths, simulation, spec};
use super::simulation::{KeptBlock, PathLosses, Simulation};
use super::terms::Terms;
use crate::liquidation::{SystemOptions, SystemState};
use crate::price::PriceModel;

/// A price whose paths are kept.
#[derive(Debug)]
pub struct Repricer {
    exposures: Vec<Exposure>,
    events: Option<EventRisks>,
    terms: Terms,
    options: DesignOptions,
    design: Design,
    simulation: Simulation,
    blocks: Vec<KeptBlock>,
    losses: PathLosses,
    pricing: Pricing,
}

impl Repricer {
    /// Prices for the first time and keeps the paths.
    ///
    /// # Errors
    /// As for [`super::price()`].
    pub fn new(
        prices: &PriceModel,
        exposures: Vec<Exposure>,
        shared: &SystemOptions,
        events: Option<EventRisks>,
        terms: &Terms,
        options: &DesignOptions,
    ) -> Result<Self, PricingError> {
        let system = system_of(&exposures, shared)?;
        let design = Design::of(prices, &system, &exposures, terms, options)?;
        let simulation = simulation(prices, &system, &design, terms, options)?;
        let blocks = simulation.keep_blocks(all_paths(terms))?;
        let losses = losses_of(&simulation, &blocks)?;
        let sums = losses.accumulate(&spec(&design, &exposures, terms, options)?, 0)?;
        let pricing =
            Pricing::of(design.clone(), sums.finish()?, &exposures, events.as_ref(), Vec::new(), terms)?;
        Ok(Self {
            exposures,
            events,
            terms: terms.clone(),
            options: *options,
            design,
            simulation,
            blocks,
            losses,
            pricing,
        })
    }

    /// The price as it stands.
    #[must_use]
    pub fn pricing(&self) -> &Pricing {
        &self.pricing
    }

    /// Puts another book, or other terms of liquidation, in the place of one market and prices again.
    ///
    /// # Errors
    /// A market that is not there or makes no sense; the price is then as it was.
    pub fn replace(&mut self, market: usize, exposure: Exposure) -> Result<&Pricing, PricingError> {
        let model = exposure.model()?;
        let mut simulation = self.simulation.clone();
        simulation.system.replace_market(market, model)?;
        let before = core::mem::replace(&mut self.exposures[market], exposure);
        match self.again(&simulation, market) {
            Ok((events, losses, pricing)) => {
                (self.simulation, self.events, self.losses, self.pricing) =
                    (simulation, events, losses, pricing);
                Ok(&self.pricing)
            }
            Err(error) => {
                self.exposures[market] = before;
                Err(error)
            }
        }
    }

    /// The price of the exposures as they are, when those of one market have changed.
    fn again(
        &self,
        simulation: &Simulation,
        market: usize,
    ) -> Result<(Option<EventRisks>, PathLosses, Pricing), PricingError> {
        let losses = self.losses_with(simulation, market)?;
        let (exposures, terms) = (&self.exposures, &self.terms);
        let mut events = self.events.clone();
        if let Some(risk) = events.as_mut().and_then(|events| events.markets.get_mut(market)) {
            risk.exposure = exposures[market].debt();
        }
        let sums = losses.accumulate_in_parallel(&spec(&self.design, exposures, terms, &self.options)?)?;
        let pricing =
            Pricing::of(self.design.clone(), sums.finish()?, exposures, events.as_ref(), Vec::new(), terms)?;
        Ok((events, losses, pricing))
    }

    /// The losses with those of one market, and of all that share something with it, run anew.
    fn losses_with(&self, simulation: &Simulation, market: usize) -> Result<PathLosses, PricingError> {
        let markets = self.exposures.len();
        let horizons = simulation.horizon_steps.len();
        let again = simulation.system.together(market);
        let parts: Vec<Result<Vec<f64>, PricingError>> = self
            .blocks
            .par_iter()
            .map_init(SystemState::default, |state, block| simulation.run_together(market, block, state))
            .collect();
        let mut losses = self.losses.clone();
        let mut rows = losses.rows.chunks_exact_mut(markets * horizons);
        for part in parts {
            for (own, row) in part?.chunks_exact(horizons * again.len()).zip(&mut rows) {
                for (own, row) in own.chunks_exact(again.len()).zip(row.chunks_exact_mut(markets)) {
                    for (&market, loss) in again.iter().zip(own) {
                        row[market] = *loss;
                    }
                }
            }
        }
        Ok(losses)
    }
}

/// Losses of all markets along kept blocks.
fn losses_of(simulation: &Simulation, blocks: &[KeptBlock]) -> Result<PathLosses, PricingError> {
    let parts: Vec<Result<Vec<f64>, PricingError>> =
        blocks.par_iter().map(|block| simulation.run_kept(block)).collect();
    let mut losses = PathLosses::default();
    for (block, rows) in blocks.iter().zip(parts) {
        losses.weights.extend_from_slice(&block.weights);
        losses.rows.extend_from_slice(&rows?);
    }
    Ok(losses)
}
