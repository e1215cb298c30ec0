//! What each change of markets and borrowers costs, on the same paths.
//!
//! The base and every change meet the same prices (common random numbers), are drawn from the same mixture and settled
//! by the same policies and layers, so that a difference is that of the losses and smooth in the size of the change. Its
//! standard error is that of the paired differences of what each path adds to the premium,
//!
//! ```text
//! phi = w (owed within the term + iota (owed within the horizon - VaR)+ / (1 - q)) / ((1 + iota) rest)
//! ```
//!
//! the influence of a path on expected loss and expected shortfall at level q, and `rest` what expenses and bonus leave
//! of a premium.
//!
//! Books of accounts that are run by clusters are corrected at the base and at every change as the price is
//! ([`super::account_bias`]): both passes on the first paths, the same for all. Premiums and expected losses are corrected,
//! and the error is that of the two-level estimate of the paired differences; expected shortfalls are the clusters'.

use super::account_bias::AccountFigures;
use super::change::Change;
use super::design::{Design, DesignOptions, SHORTFALL_LEVEL};
use super::error::PricingError;
use super::events::EventRisks;
use super::exposure::Exposure;
use super::price::{Pricing, accounts, simulation, spec};
use super::simulation::{PathLosses, Simulation};
use super::terms::Terms;
use crate::liquidation::system::AccountPass;
use crate::liquidation::{System, SystemOptions, TwoLevel};
use crate::loss::replicates::spread;
use crate::loss::{Estimate, Settled, Settlement};
use crate::price::{Mixture, Model, PriceModel};

/// A pool's markets as they are, from which changes depart.
#[derive(Clone, Debug)]
pub struct Base<'a> {
    /// The price model.
    pub prices: &'a PriceModel,
    /// The markets, books of accounts after the others.
    pub exposures: &'a [Exposure],
    /// What the markets share.
    pub options: &'a SystemOptions,
    /// The books of accounts.
    pub accounts: &'a [AccountPass],
    /// Events, as they stand for the base; none to leave them out.
    pub events: Option<&'a EventRisks>,
    /// What buyer and pool agree on.
    pub terms: &'a Terms,
    /// How paths are drawn.
    pub sampling: &'a DesignOptions,
}

/// What a change costs.
#[derive(Clone, Debug)]
pub struct FrontierRow {
    /// The change.
    pub change: Change,
    /// The price under it, policies and layers as in the base.
    pub pricing: Pricing,
    /// Premium of all markets, less that of the base.
    pub difference: Estimate,
    /// Expected loss within the term that the pool pays, less that of the base.
    pub expected_loss: Estimate,
    /// Expected shortfall over the horizon, less that of the base.
    pub capital: Estimate,
}

/// The base and what each change costs.
#[derive(Clone, Debug)]
pub struct Frontier {
    /// The price as things are.
    pub base: Pricing,
    /// The changes, in the order asked for; a change that makes no sense for the markets has the reason.
    pub rows: Vec<Result<FrontierRow, (Change, PricingError)>>,
}

/// Prices the base and each change of the markets named by number (all where none is).
///
/// # Errors
/// A base that makes no sense. A change that makes none has its reason in its row.
pub fn frontier(
    base: &Base<'_>,
    markets: &[usize],
    changes: &[Change],
    done: &(dyn Fn(u64) + Sync),
) -> Result<Frontier, PricingError> {
    let Base { prices, exposures, terms, sampling, .. } = base;
    let system = base.system(exposures, base.options, base.accounts.to_vec())?;
    let design = Design::of(prices, &system, exposures, terms, sampling)?;
    let run = simulation(prices, &system, &design, terms, sampling)?;
    let paths = 0..terms.paths as u64;
    // Changes of liquidation run beside the base on one set of blocks; those of prices draw their own.
    let variants: Vec<Result<Variant, PricingError>> =
        changes.iter().map(|&change| base.variant(change, markets)).collect();
    let beside: Vec<System> = variants
        .iter()
        .flatten()
        .filter(|variant| variant.prices.is_none())
        .map(|variant| variant.system.clone())
        .collect();
    let mut kept = run.keep_beside(&beside, paths.clone(), done)?.into_iter();
    let base_losses = kept.next().unwrap_or_default();
    let exact = base.corrections(&run, &design)?;
    let base_price = base.price_of(&base_losses, &design, exposures, exact)?;
    let base_view = View::of(&base_losses, &base_price)?;
    let mut rows = Vec::with_capacity(changes.len());
    for (&change, variant) in changes.iter().zip(variants) {
        let row = variant.and_then(|variant| {
            let (losses, exact) = match &variant.prices {
                None => {
                    let losses = kept.next().unwrap_or_default();
                    let run = simulation(prices, &variant.system, &design, terms, sampling)?;
                    (losses, base.corrections(&run, &design)?)
                }
                Some(changed) => {
                    let run = base.redrawn(changed, &variant.system, &design, change)?;
                    (run.keep(paths.clone(), done)?, base.corrections(&run, &design)?)
                }
            };
            let pricing = base.price_of(&losses, &design, &variant.exposures, exact)?;
            let view = View::of(&losses, &pricing)?;
            Ok(FrontierRow {
                change,
                difference: base_view.difference(
                    &view,
                    |view| (&view.premium, view.of_premium),
                    &base_price,
                    &pricing,
                    |p| p.total.total.value,
                ),
                expected_loss: base_view.difference(
                    &view,
                    |view| (&view.owed, 1.0),
                    &base_price,
                    &pricing,
                    |p| {
                        p.term().owed.mean.value
                            + p.accounts.iter().map(|a| a.correction().value).sum::<f64>()
                    },
                ),
                capital: base_view.difference(
                    &view,
                    |view| (&view.excess, 0.0),
                    &base_price,
                    &pricing,
                    |p| p.horizon().owed.shortfall.expected_shortfall.value,
                ),
                pricing,
            })
        });
        rows.push(row.map_err(|error| (change, error)));
    }
    Ok(Frontier { base: base_price, rows })
}

/// The markets ready to be run together.
///
/// # Errors
/// A market or option that makes no sense.
pub fn system_of(exposures: &[Exposure], options: &SystemOptions) -> Result<System, PricingError> {
    let models = exposures.iter().map(Exposure::model).collect::<Result<Vec<_>, _>>()?;
    Ok(System::new(models, options.clone())?)
}

/// Markets and prices under one change.
struct Variant {
    exposures: Vec<Exposure>,
    system: System,
    prices: Option<Model>,
}

impl Base<'_> {
    /// Markets and books of accounts ready to be run together.
    fn system(
        &self,
        exposures: &[Exposure],
        options: &SystemOptions,
        accounts: Vec<AccountPass>,
    ) -> Result<System, PricingError> {
        let markets = &exposures[..exposures.len().saturating_sub(accounts.len())];
        let system = match markets.is_empty() && !accounts.is_empty() {
            true => System::without_markets(),
            false => system_of(markets, options)?,
        };
        Ok(system.with_accounts(accounts))
    }

    /// What the exact pass does to books that are run by clusters; nothing is run where there are none.
    fn corrections(&self, run: &Simulation, design: &Design) -> Result<Vec<AccountFigures>, PricingError> {
        match run.system.accounts().iter().any(|pass| pass.clusters().is_some()) {
            true => accounts(run, design, self.terms),
            false => Ok(Vec::new()),
        }
    }

    /// The price of losses kept path by path; events hit the debt of the markets as they are.
    fn price_of(
        &self,
        losses: &PathLosses,
        design: &Design,
        exposures: &[Exposure],
        accounts: Vec<AccountFigures>,
    ) -> Result<Pricing, PricingError> {
        let sums = losses.accumulate(&spec(design, exposures, self.terms, self.sampling)?, 0)?;
        let events = self.events.map(|events| {
            let mut events = events.clone();
            for (risk, exposure) in events.markets.iter_mut().zip(exposures) {
                risk.exposure = exposure.debt();
            }
            events
        });
        Pricing::of(design.clone(), sums.finish()?, exposures, events.as_ref(), accounts, self.terms)
    }

    fn variant(&self, change: Change, markets: &[usize]) -> Result<Variant, PricingError> {
        let (mut exposures, mut accounts) = (self.exposures.to_vec(), self.accounts.to_vec());
        let books_from = exposures.len().saturating_sub(accounts.len());
        for (index, exposure) in exposures.iter_mut().enumerate() {
            if !markets.is_empty() && !markets.contains(&index) {
                continue;
            }
            let Some(pass) = index.checked_sub(books_from).and_then(|book| accounts.get_mut(book)) else {
                change.apply(exposure)?;
                continue;
            };
            *pass = change.apply_to_accounts(pass)?;
            // One position stands for all accounts.
            for position in &mut exposure.market.positions {
                position.debt = pass.model().total_debt() / exposure.debt_price;
            }
        }
        let mut options = self.options.clone();
        change.apply_to_shared(&mut options, markets)?;
        let system = self.system(&exposures, &options, accounts)?;
        let prices = match (change.moves_prices(), self.prices) {
            (false, _) => None,
            (true, PriceModel::Parametric(model)) => {
                Some(Model::new(change.parameters(model.parameters())?)?)
            }
            (true, PriceModel::Filtered(_)) => return Err(PricingError::NotParametric),
        };
        Ok(Variant { exposures, system, prices })
    }

    /// The simulation on prices drawn anew from changed parameters, with the same random numbers.
    fn redrawn(
        &self,
        model: &Model,
        system: &System,
        design: &Design,
        change: Change,
    ) -> Result<Simulation, PricingError> {
        let mut design = design.clone();
        design.mixture = change.mixture(&design.mixture);
        let prices = PriceModel::Parametric(model.clone());
        simulation(&prices, system, &design, self.terms, self.sampling)
    }
}

/// What each path adds to the pool's figures, up to constants.
struct View {
    owed: Vec<f64>,
    excess: Vec<f64>,
    premium: Vec<f64>,
    /// What the exact pass over accounts adds to what is owed on the first paths.
    added: Vec<f64>,
    /// Premium for a unit of expected loss.
    of_premium: f64,
}

impl View {
    fn of(losses: &PathLosses, pricing: &Pricing) -> Result<Self, PricingError> {
        let Design { policies, layers, .. } = &pricing.design;
        let exposure: f64 = pricing.risks.iter().map(|risk| risk.debt).sum();
        let settlement = Settlement::new(policies, layers, exposure)?;
        let mut settled = Settled::default();
        let (term, horizon) = pricing.terms.days()?.places();
        let markets = policies.len();
        let at_risk = pricing.horizon().owed.shortfall.value_at_risk.value;
        let iota = pricing.terms.cost_of_capital * pricing.terms.term_days / 365.0;
        let rest = 1.0 - pricing.terms.expense_rate - pricing.terms.no_claims_share;
        let mut added = vec![0.0; pricing.accounts.iter().map(|a| a.added.len()).max().unwrap_or(0)];
        for figures in &pricing.accounts {
            added.iter_mut().zip(&figures.added).for_each(|(sum, added)| *sum += added);
        }
        let of_premium = 1.0 / ((1.0 + iota) * rest);
        let (owed, excess, premium) = (Vec::new(), Vec::new(), Vec::new());
        let mut view = Self { owed, excess, premium, added, of_premium };
        let width = markets * pricing.figures.horizons.len();
        for (row, weight) in losses.rows.chunks_exact(width).zip(&losses.weights) {
            let mut owed_within = |place: usize| -> Result<f64, PricingError> {
                settlement.settle(&row[place * markets..(place + 1) * markets], &mut settled)?;
                Ok(settled.total)
            };
            let owed = weight * owed_within(term)?;
            let excess = weight * (owed_within(horizon)? - at_risk).max(0.0) / (1.0 - SHORTFALL_LEVEL);
            view.owed.push(owed);
            view.excess.push(excess);
            view.premium.push((owed + iota * excess) / ((1.0 + iota) * rest));
        }
        Ok(view)
    }

    /// A figure's difference and the standard error of the paired differences of what paths add to it, or replicates of
    /// paths that are not independent. `column` is what paths add by the pass that is priced, and the figure for a unit
    /// that the exact pass adds.
    fn difference(
        &self,
        other: &Self,
        column: impl Fn(&Self) -> (&Vec<f64>, f64),
        base: &Pricing,
        changed: &Pricing,
        figure: impl Fn(&Pricing) -> f64,
    ) -> Estimate {
        let value = figure(changed) - figure(base);
        let (before, of_exact) = column(self);
        let pairs: Vec<f64> =
            before.iter().zip(column(other).0).map(|(before, after)| after - before).collect();
        let compared = self.added.len().min(other.added.len());
        let exact: Vec<(usize, f64)> = (0..compared)
            .map(|path| (path, pairs[path] + of_exact * (other.added[path] - self.added[path])))
            .collect();
        let two = if of_exact == 0.0 { None } else { TwoLevel::of(&pairs, &exact, None).ok() };
        let n = pairs.len() as f64;
        let replicates = base.figures.replicates as usize;
        if replicates > 1 {
            let mut sums = vec![0.0; replicates];
            pairs.iter().enumerate().for_each(|(path, difference)| sums[path % replicates] += difference);
            let each = n / replicates as f64;
            let of_exact = two.map_or(0.0, |two| two.bias.standard_error);
            let standard_error = libm::hypot(spread(sums.iter().map(|sum| sum / each)), of_exact);
            return Estimate { value, standard_error };
        }
        if let Some(two) = two {
            return Estimate { value, standard_error: two.mean.standard_error };
        }
        let mean = pairs.iter().sum::<f64>() / n;
        let squares: f64 = pairs.iter().map(|d| (d - mean) * (d - mean)).sum();
        let variance = squares / (n - 1.0).max(1.0);
        Estimate { value, standard_error: (variance / n).sqrt() }
    }
}

impl Change {
    /// The mixture for changed prices: tilts follow the scale of the moves, so that the same draws make the same path,
    /// scaled.
    fn mixture(self, mixture: &Mixture) -> Mixture {
        let Self::Volatility(factor) = self else { return mixture.clone() };
        let mut scaled = mixture.clone();
        for (_, tilt) in &mut scaled.components {
            for (_, further) in &mut tilt.further {
                further.beyond *= factor;
                further.scale *= factor;
            }
        }
        scaled
    }
}
