//! What is settled before the price is simulated: how paths are drawn, and where policies and layers end.
//!
//! Two pilots of other seeds than the price's. The first finds the mixture that draws the tail of the pool's loss more
//! often (see [`crate::price::rare`]); the second, drawn from it, sizes what the terms leave open by quantiles of
//! the losses over the capital horizon. Both are small and depend on inputs, terms and seed alone, so that whoever
//! simulates a part of the paths comes to the same design.

use super::error::PricingError;
use super::exposure::Exposure;
use super::simulation::{PathLosses, PathSource, Simulation};
use super::terms::Terms;
use crate::liquidation::System;
use crate::loss::{Layers, PolicyTerms, Settled, Settlement, weighted_tails};
use crate::premium::{LayerLevels, ProposedLayers, propose_replicated_layers, propose_weighted_layers};
use crate::price::rare::tune;
use crate::price::{Mixture, PriceModel, RareModel, Sampling, Tuning};

/// Level of the pool's expected shortfall, which is allocated to the markets as their capital.
pub const SHORTFALL_LEVEL: f64 = 0.99;

/// Level of the value at risk that is shown beside it.
pub const AT_RISK_LEVEL: f64 = 0.995;

/// Seeds of the pilots lie this far from the price's: a pilot never sees a path of the price.
const TUNING_SEED: u64 = 0x5EA3_A110_7D11_0001;
const SIZING_SEED: u64 = 0x5EA3_A110_7D11_0002;

/// How the pilots are run.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct DesignOptions {
    /// Draw the tail more often; without it every weight is 1.
    pub importance: bool,
    /// Independent scrambles of the Sobol points from which the leading numbers of a path are drawn; 0 draws them
    /// independently.
    pub sobol_replicates: u32,
    /// Paths of each round of tuning.
    pub tuning_paths: u64,
    /// Rounds of tuning.
    pub tuning_rounds: u32,
    /// Paths of the pilot that sizes policies and layers.
    pub sizing_paths: u64,
    /// Days of its steps. Jumps are exact whatever they are.
    pub sizing_days: u32,
    /// Share of the paths drawn for the tail.
    pub tail_share: f64,
    /// Share of the paths drawn for the mean.
    pub mean_share: f64,
}

impl Default for DesignOptions {
    fn default() -> Self {
        Self {
            importance: true,
            sobol_replicates: 0,
            tuning_paths: 768,
            tuning_rounds: 3,
            sizing_paths: 1_024,
            sizing_days: 7,
            tail_share: 0.5,
            mean_share: 0.3,
        }
    }
}

impl DesignOptions {
    /// How the leading numbers of a path are drawn.
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        match self.sobol_replicates {
            0 => Sampling::Independent,
            replicates => Sampling::Sobol { replicates },
        }
    }
}

/// What the price is simulated with.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// How paths are drawn; no component where they are drawn plainly.
    pub mixture: Mixture,
    /// Policy of each market.
    pub policies: Vec<PolicyTerms>,
    /// Layers of the pool: reserve, tranches, mutual.
    pub layers: Layers,
    /// Ends of the layers by quantile, with their standard errors.
    pub proposed: ProposedLayers,
}

impl Design {
    /// Tunes and sizes.
    ///
    /// # Errors
    /// Terms that are not whole days, pilots that cannot be run, losses that leave nothing to insure.
    pub fn of(
        prices: &PriceModel,
        system: &System,
        exposures: &[Exposure],
        terms: &Terms,
        options: &DesignOptions,
    ) -> Result<Self, PricingError> {
        let mixture = mixture(prices, system, terms, options)?;
        let source = path_source(prices, &mixture, options)?;
        let days = terms.days()?;
        let pilot = Simulation {
            source,
            system: system.clone(),
            years: days.horizon as f64 / 365.0,
            horizon_steps: vec![(days.horizon / options.sizing_days.max(1) as usize).max(1)],
            seed: terms.seed ^ SIZING_SEED,
        };
        let losses = pilot.keep(0..options.sizing_paths, &|_| ())?;
        let policies = policies(&losses, exposures, terms)?;
        let (layers, proposed) = layers(&losses, exposures, &policies, terms, options)?;
        Ok(Self { mixture, policies, layers, proposed })
    }
}

/// The source of paths of a price model under a mixture.
///
/// # Errors
/// A mixture that the model does not allow.
pub fn path_source(
    prices: &PriceModel,
    mixture: &Mixture,
    options: &DesignOptions,
) -> Result<PathSource, PricingError> {
    Ok(match prices {
        PriceModel::Filtered(model) => PathSource::Filtered(model.clone()),
        PriceModel::Parametric(model) => {
            PathSource::Parametric(RareModel::new(model, mixture)?.with_sampling(options.sampling()))
        }
    })
}

/// The mixture for the pool's gross loss over the capital horizon.
fn mixture(
    prices: &PriceModel,
    system: &System,
    terms: &Terms,
    options: &DesignOptions,
) -> Result<Mixture, PricingError> {
    let (PriceModel::Parametric(model), true) = (prices, options.importance) else {
        return Ok(Mixture::default());
    };
    let horizon = terms.days()?.horizon;
    // Jumps are exact whatever the steps: a step a month tells which paths lose much.
    let steps = (horizon / 30).max(1);
    let tuning = Tuning {
        horizon_years: horizon as f64 / 365.0,
        steps,
        paths: options.tuning_paths,
        rounds: options.tuning_rounds,
        tail: 1.0 - SHORTFALL_LEVEL,
        tail_share: options.tail_share,
        mean_share: options.mean_share,
        seed: terms.seed ^ TUNING_SEED,
    };
    let markets = system.width();
    Ok(tune(model, &tuning, |block, losses| {
        let mut rows = vec![0.0; losses.len() * markets];
        let mut state = system.state();
        let run = system.run_block(block, &[steps], tuning.seed, block.first_path(), &mut state, &mut rows);
        for (loss, row) in losses.iter_mut().zip(rows.chunks_exact(markets)) {
            // A block that cannot be run makes no tilt; the price itself will say what is wrong with it.
            *loss = if run.is_ok() { row.iter().sum() } else { f64::NAN };
        }
    })?)
}

/// Deductible and limit of each market, as agreed or by quantile of its own loss.
fn policies(
    losses: &PathLosses,
    exposures: &[Exposure],
    terms: &Terms,
) -> Result<Vec<PolicyTerms>, PricingError> {
    let markets = exposures.len();
    (0..markets)
        .map(|market| {
            let column: Vec<f64> = losses.rows.chunks_exact(markets).map(|row| row[market]).collect();
            let at = |level: f64| {
                weighted_tails(&column, &losses.weights, &[level]).map(|tails| tails[0].value_at_risk.value)
            };
            let deductible = whole(match terms.deductible {
                Some(amount) => amount,
                None => at(terms.levels.deductible)?,
            });
            let limit = whole(match terms.limit {
                Some(amount) => amount,
                None => (at(terms.levels.limit)? - deductible).max(0.0),
            });
            if limit <= 0.0 {
                let market = exposures[market].market.name.clone();
                return Err(PricingError::NothingToInsure { market, deductible });
            }
            Ok(PolicyTerms::new(deductible, limit, terms.coinsurance)?)
        })
        .collect()
}

/// Reserve and tranches by quantile of what the pool owes; the mutual layer is what the members post.
fn layers(
    losses: &PathLosses,
    exposures: &[Exposure],
    policies: &[PolicyTerms],
    terms: &Terms,
    options: &DesignOptions,
) -> Result<(Layers, ProposedLayers), PricingError> {
    let exposure: f64 = exposures.iter().map(Exposure::debt).sum();
    let settlement = Settlement::new(policies, &Layers::new(0.0, &[], 0.0)?, exposure)?;
    let mut settled = Settled::default();
    let owed = losses
        .rows
        .chunks_exact(policies.len())
        .map(|gross| {
            settlement.settle(gross, &mut settled)?;
            Ok(settled.total)
        })
        .collect::<Result<Vec<f64>, PricingError>>()?;
    let levels = LayerLevels {
        deductible: None,
        reserve: terms.levels.reserve,
        tranches: terms.levels.tranches.clone(),
    };
    let proposed = match options.sobol_replicates {
        0 | 1 => propose_weighted_layers(&owed, &losses.weights, &levels)?,
        replicates => propose_replicated_layers(&owed, &losses.weights, replicates as usize, &levels)?,
    };
    let mutual: f64 = policies.iter().map(|policy| whole(policy.limit * terms.mutual_share)).sum();
    let tranches: Vec<f64> = proposed.tranches.iter().map(|&size| whole(size)).collect();
    let layers = Layers::new(whole(proposed.reserve), &tranches, mutual)?;
    Ok((layers, proposed))
}

/// Amounts of a contract are whole thousands: rounded up, so that a layer reaches its quantile.
fn whole(amount: f64) -> f64 {
    libm::ceil(amount / 1_000.0) * 1_000.0
}
