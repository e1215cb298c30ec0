//! From the model to a price: losses by path, policy terms and layers sized by quantiles, premium line by line,
//! what each layer bears and earns. Units: the quote currency of the prices; rates a year of 365 days.

use indicatif::ProgressBar;
use seawall_actuary::capital::{Allocation, allocate_expected_shortfall};
use seawall_actuary::loss::{
    LayerLosses, Layers, LossMatrix, LossStatistics, Plan, PolicyTerms, Tail, simulate, tail_loss,
};
use seawall_actuary::premium::{
    Breakdown, LayerLevels, PremiumTerms, ProposedLayers, Risk, TrancheTable, fair_split, propose_layers,
    tranche_table,
};
use seawall_actuary::price::{PricePath, Scratch};

use super::inputs::Inputs;
use super::market_model::Modelled;
use crate::output::Failure;

/// Level of the pool's expected shortfall, which is allocated to the markets as their capital.
pub const SHORTFALL_LEVEL: f64 = 0.99;

/// Level of the value at risk that is shown beside it.
pub const AT_RISK_LEVEL: f64 = 0.995;

/// Regular steps a year of the simulation; jumps and switches have their own moments.
const STEPS_A_YEAR: f64 = 365.0;

/// Where policies and layers end: levels of the losses of one capital horizon.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
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

/// What the buyer and the pool agree on, and how finely it is simulated.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Term of the policies, days.
    pub term_days: f64,
    /// Horizon over which capital is measured, days.
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
            expense_rate: 0.05,
            fixed_expenses: 1_000.0,
            no_claims_share: 0.1,
            smallest_claim: 1_000.0,
            levels: Levels { deductible: 0.9, limit: 0.999, reserve: 0.95, tranches: vec![0.995, 0.999] },
            paths: 80_000,
            seed: 1,
        }
    }
}

/// Losses of one horizon and what becomes of them.
#[derive(Clone, Debug)]
pub struct Horizon {
    /// Length, years.
    pub years: f64,
    /// Gross loss of each market.
    pub gross: Vec<LossStatistics>,
    /// Gross loss of all markets.
    pub gross_pool: LossStatistics,
    /// What the pool owes in all.
    pub owed_pool: LossStatistics,
    /// Value at risk of what the pool owes.
    pub owed_at_risk: Tail,
    /// What policies and layers make of each path.
    pub layers: LayerLosses,
    /// Gross loss of all markets, by path.
    pub totals: Vec<f64>,
}

/// A price with everything it rests on.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// What was asked.
    pub terms: Terms,
    /// Policy of each market.
    pub policies: Vec<PolicyTerms>,
    /// Layers of the pool: reserve, tranches, mutual.
    pub layers: Layers,
    /// Ends of the layers by quantile, with their standard errors.
    pub proposed: ProposedLayers,
    /// The policies' term.
    pub term: Horizon,
    /// The capital horizon.
    pub horizon: Horizon,
    /// Capital: expected shortfall of what the pool owes, by market.
    pub capital: Allocation,
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

/// Simulates and prices.
///
/// # Errors
/// Terms or inputs that the actuary refuses.
pub fn price(
    inputs: &Inputs,
    modelled: &Modelled,
    terms: &Terms,
    bar: &ProgressBar,
) -> Result<Pricing, Failure> {
    let losses = losses(modelled, terms, bar)?;
    let (term_index, horizon_index) = indices(terms);
    let policies = policies(&losses, horizon_index, terms)?;
    let (layers, proposed) = layers(&losses, horizon_index, &policies, terms)?;
    let term = horizon(&losses, term_index, terms.term_days, &policies, &layers)?;
    let horizon = horizon(&losses, horizon_index, terms.horizon_days, &policies, &layers)?;
    let capital =
        allocate_expected_shortfall(&horizon.layers.pays, SHORTFALL_LEVEL).map_err(Failure::input)?;
    let premium_terms = PremiumTerms {
        cost_of_capital: terms.cost_of_capital,
        term_years: terms.term_days / 365.0,
        fixed_expenses: terms.fixed_expenses,
        expense_rate: terms.expense_rate,
        no_claims_share: terms.no_claims_share,
    };
    let risks = risks(inputs, &losses, term_index, &term, &capital, &policies, terms)?;
    let premiums = risks
        .iter()
        .map(|risk| Breakdown::of(risk, &premium_terms).map_err(Failure::input))
        .collect::<Result<Vec<_>, _>>()?;
    let pairs: Vec<(&Breakdown, &Risk)> = premiums.iter().zip(&risks).collect();
    let total = Breakdown::sum("all markets", &pairs, &premium_terms);
    let split = split(&term, &horizon, terms)?;
    // What the layers earn: the premium without expenses and without what is held back for the insured.
    let streamed = total.total.value - total.expenses - terms.no_claims_share * total.total.value;
    let mut earned: Vec<f64> = split.iter().map(|share| share * streamed).collect();
    earned.push(0.0);
    let tranches = tranche_table(&layers, &term.layers, &earned, terms.term_days / 365.0, SHORTFALL_LEVEL)
        .map_err(Failure::input)?;
    Ok(Pricing {
        terms: terms.clone(),
        policies,
        layers,
        proposed,
        term,
        horizon,
        capital,
        risks,
        premiums,
        total,
        split,
        tranches,
    })
}

fn losses(modelled: &Modelled, terms: &Terms, bar: &ProgressBar) -> Result<LossMatrix, Failure> {
    let mut horizons = vec![terms.term_days / 365.0, terms.horizon_days / 365.0];
    horizons.sort_by(f64::total_cmp);
    horizons.dedup();
    let last = terms.term_days.max(terms.horizon_days) / 365.0;
    let steps = (last * STEPS_A_YEAR).ceil().max(1.0) as usize;
    let plan = Plan { paths: terms.paths, horizons, memory_limit_bytes: 1 << 30 };
    let found = simulate(&modelled.markets, &plan, || {
        let mut scratch = Scratch::default();
        move |index, path: &mut PricePath| {
            bar.inc(1);
            modelled.prices.simulate(last, steps, terms.seed, index, path, &mut scratch)
        }
    });
    bar.finish_and_clear();
    found.map_err(Failure::input)
}

/// Places of term and capital horizon among the horizons simulated.
fn indices(terms: &Terms) -> (usize, usize) {
    match terms.term_days.total_cmp(&terms.horizon_days) {
        core::cmp::Ordering::Less => (0, 1),
        core::cmp::Ordering::Equal => (0, 0),
        core::cmp::Ordering::Greater => (1, 0),
    }
}

/// Deductible and limit of each market, as agreed or by quantile of its own loss.
fn policies(losses: &LossMatrix, horizon: usize, terms: &Terms) -> Result<Vec<PolicyTerms>, Failure> {
    (0..losses.markets())
        .map(|market| {
            let column = losses.column(horizon, market);
            let at = |level: f64| -> Result<f64, Failure> {
                let tail = tail_loss(&column, &[1.0 - level]).map_err(Failure::input)?;
                Ok(tail[0].value)
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
                return Err(Failure::input(format!(
                    "market {market} (counted from 0): the model's losses leave nothing to insure between the \
                     deductible and the limit"
                ))
                .hint("give --deductible and --limit"));
            }
            PolicyTerms::new(deductible, limit, terms.coinsurance).map_err(Failure::input)
        })
        .collect()
}

/// Reserve and tranches by quantile of what the pool owes; the mutual layer is what the members post.
fn layers(
    losses: &LossMatrix,
    horizon: usize,
    policies: &[PolicyTerms],
    terms: &Terms,
) -> Result<(Layers, ProposedLayers), Failure> {
    let none = Layers::new(0.0, &[], 0.0).map_err(Failure::input)?;
    let owed = LayerLosses::of(losses, horizon, policies, &none).map_err(Failure::input)?.total_pays();
    let levels = LayerLevels {
        deductible: None,
        reserve: terms.levels.reserve,
        tranches: terms.levels.tranches.clone(),
    };
    let proposed = propose_layers(&owed, &levels).map_err(Failure::input)?;
    let mutual: f64 = policies.iter().map(|policy| whole(policy.limit * terms.mutual_share)).sum();
    let tranches: Vec<f64> = proposed.tranches.iter().map(|&size| whole(size)).collect();
    let layers = Layers::new(whole(proposed.reserve), &tranches, mutual).map_err(Failure::input)?;
    Ok((layers, proposed))
}

/// Amounts of a contract are whole thousands: rounded up, so that a layer reaches its quantile.
fn whole(amount: f64) -> f64 {
    (amount / 1_000.0).ceil() * 1_000.0
}

fn horizon(
    losses: &LossMatrix,
    index: usize,
    days: f64,
    policies: &[PolicyTerms],
    layers: &Layers,
) -> Result<Horizon, Failure> {
    let statistics = |column: &[f64]| LossStatistics::of(column, SHORTFALL_LEVEL).map_err(Failure::input);
    let gross = (0..losses.markets())
        .map(|market| statistics(&losses.column(index, market)))
        .collect::<Result<Vec<_>, _>>()?;
    let totals = losses.totals(index);
    let layered = LayerLosses::of(losses, index, policies, layers).map_err(Failure::input)?;
    let owed = layered.total_pays();
    Ok(Horizon {
        years: days / 365.0,
        gross,
        gross_pool: statistics(&totals)?,
        owed_pool: statistics(&owed)?,
        owed_at_risk: LossStatistics::of(&owed, AT_RISK_LEVEL).map_err(Failure::input)?.tail,
        layers: layered,
        totals,
    })
}

fn risks(
    inputs: &Inputs,
    losses: &LossMatrix,
    term_index: usize,
    term: &Horizon,
    capital: &Allocation,
    policies: &[PolicyTerms],
    terms: &Terms,
) -> Result<Vec<Risk>, Failure> {
    inputs
        .insured
        .iter()
        .enumerate()
        .map(|(market, insured)| {
            let paid =
                LossStatistics::of(&term.layers.pays[market], SHORTFALL_LEVEL).map_err(Failure::input)?;
            let gross = losses.column(term_index, market);
            let claims = gross.iter().filter(|&&loss| loss >= terms.smallest_claim).count();
            Ok(Risk {
                name: insured.market.name.clone(),
                expected_loss: paid.mean,
                capital: capital.lines[market],
                claim_probability: claims as f64 / gross.len() as f64,
                limit: policies[market].limit,
                debt: insured.market.debt() * insured.debt_price,
            })
        })
        .collect()
}

/// Fair split of the premium: expected loss over the term and the cost of the capital that each layer's part of
/// the expected shortfall ties up. The mutual layer's members bear for each other and are not paid.
fn split(term: &Horizon, horizon: &Horizon, terms: &Terms) -> Result<Vec<f64>, Failure> {
    let paid = term.layers.layers.len() - 1;
    let capital =
        allocate_expected_shortfall(&horizon.layers.layers, SHORTFALL_LEVEL).map_err(Failure::input)?;
    let layers = term.layers.layers[..paid]
        .iter()
        .zip(&capital.lines)
        .map(|(column, allocated)| {
            let mean = LossStatistics::of(column, SHORTFALL_LEVEL).map_err(Failure::input)?.mean.value;
            Ok((mean, allocated.value))
        })
        .collect::<Result<Vec<(f64, f64)>, Failure>>()?;
    fair_split(&layers, terms.cost_of_capital * term.years).map_err(Failure::input)
}
