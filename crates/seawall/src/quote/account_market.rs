//! Books of accounts ready to be run beside the markets: columns, depth, passes; and what came of them.

use seawall_actuary::liquidation::accounts::{CloseFactor, Conditions, Seizure};
use seawall_actuary::liquidation::system::AccountPass;
use seawall_actuary::liquidation::{
    AccountModel, AccountSpec, ByRegime, Columns, Depth, Feedback, ImpactShape, LiquidationRules,
};
use seawall_actuary::price::PriceModel;
use seawall_actuary::pricing::{AccountFigures, Exposure};

use super::assumptions::Assumptions;
use super::figures::{money, percent};
use super::inputs::accounts::Accounts;
use super::inputs::{Inputs, Insured};
use super::market_model::{family_debt, reservoir, sale_depth};
use crate::output::Failure;

/// Health factor below which a liquidation may repay the whole debt, as Aave has it.
const WHOLE_BELOW: f64 = 0.95;

/// A book of accounts as it is priced: the pass, its exposure, and the depth that it has to itself.
///
/// # Errors
/// An asset without depth quotes or without a column.
pub fn pass(
    inputs: &Inputs,
    insured: &Insured,
    accounts: &Accounts,
    prices: &PriceModel,
    assumptions: &Assumptions,
) -> Result<(AccountPass, Exposure, ByRegime), Failure> {
    let name = &insured.market.name;
    let columns = accounts
        .tracks
        .iter()
        .map(|track| match track {
            None => Ok(None),
            Some(track) => prices.column(track.asset()).map(Some).ok_or_else(|| {
                Failure::input(format!("the price model has no column for {} of {name}", track.symbol))
            }),
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let mut total = ByRegime { calm: 0.0, stressed: 0.0 };
    let against = accounts.debt_by_collateral();
    let mut depth = Vec::with_capacity(against.len());
    let mut owned = Vec::with_capacity(against.len());
    for ((asset, track), &debt) in accounts.book.assets().iter().zip(&accounts.tracks).zip(&against) {
        let Some(track) = track.as_ref().filter(|_| debt > 0.0) else {
            depth.push(Depth::unlimited());
            owned.push(0.0);
            continue;
        };
        let whole = sale_depth(inputs, &asset.symbol, asset.price, asset.bonus, assumptions)?;
        // Buyers are shared with the markets, and the other assets, that follow the same price, by debt.
        let share = debt / family_debt(inputs, track.family());
        let own = ByRegime { calm: whole.calm * share, stressed: whole.stressed * share };
        total = ByRegime { calm: total.calm + own.calm, stressed: total.stressed + own.stressed };
        depth.push(Depth::per_hour(own.calm, own.stressed).map_err(Failure::input)?);
        owned.push(own.calm);
    }
    let close = CloseFactor { share: assumptions.close_factor, whole_below: WHOLE_BELOW };
    let model = AccountModel::new(&AccountSpec {
        book: &accounts.book,
        columns: &columns,
        depth: &depth,
        seizure: Seizure::Protocol(close),
        renewal_days: Some(assumptions.renewal_days),
    })
    .and_then(|model| model.with_conditions(conditions(accounts, &owned, assumptions)))
    .map_err(|error| Failure::input(format!("accounts {name}: {error}")))?;
    let pass = match assumptions.account_clusters {
        0 => AccountPass::exact(name, model),
        count => {
            let clusters = model
                .cluster(count as usize)
                .map_err(|error| Failure::input(format!("accounts {name}: {error}")))?;
            AccountPass::clustered(name, model, clusters)
        }
    };
    let exposure = Exposure {
        market: insured.market.clone(),
        collateral_price: 1.0,
        debt_price: 1.0,
        columns: Columns::Collateral(0),
        bonus: 0.0,
        depth: Depth::per_hour(total.calm, total.stressed).map_err(Failure::input)?,
        delay_hours: assumptions.delay_of(None),
        renewal_days: Some(assumptions.renewal_days),
        rules: LiquidationRules::default(),
    };
    Ok((pass, exposure, total))
}

/// How the accounts are served: as the markets are. `depth` is what the accounts may sell of each asset an hour in calm
/// times; assets that follow one price move together.
fn conditions(accounts: &Accounts, depth: &[f64], assumptions: &Assumptions) -> Conditions {
    let mut families: Vec<(&str, Vec<usize>)> = Vec::new();
    for (asset, track) in accounts.tracks.iter().enumerate() {
        let Some(family) = track.as_ref().map(|track| track.family()) else { continue };
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, members)) => members.push(asset),
            None => families.push((family, vec![asset])),
        }
    }
    let impacts = families.into_iter().filter_map(|(_, markets)| {
        let sum: f64 = markets.iter().map(|&asset| depth[asset]).sum();
        let bonus = markets.iter().map(|&asset| accounts.book.assets()[asset].bonus).fold(0.0, f64::max);
        (sum > 0.0 && assumptions.impact_share > 0.0).then(|| Feedback {
            markets,
            depth: sum * assumptions.refill_hours,
            impact: assumptions.impact_share * bonus.ln_1p(),
            shape: ImpactShape::Linear,
            half_life_hours: core::f64::consts::LN_2 * assumptions.refill_hours,
            most_rounds: 32,
        })
    });
    Conditions {
        delay_hours: assumptions.delay_of(None),
        congestion: assumptions.congestion.spells(),
        outages: assumptions.outages.outages(),
        reservoir: Some(reservoir(assumptions)),
        gas: assumptions.gas,
        impacts: impacts.collect(),
    }
}

/// One book of accounts in a sentence.
pub fn sentence(of: &AccountFigures) -> String {
    let (dust, debt) = of.dust;
    let pruned = format!(
        "{} of them and their periods left out by exact pruning; {dust} owe too little to be liquidated, {} together",
        percent(of.pruned_share),
        money(debt)
    );
    match (&of.levels, of.clusters) {
        (Some(levels), Some(clusters)) => format!(
            "{}: {} accounts in {clusters} clusters (distance {}); against the exact pass on {} paths the mean loss is off by \
             {} ± {} of {} (correlation {:.3}). The premium is corrected by {} ± {} of expected payment; capital and layers are \
             those of the clusters; {pruned}",
            of.name,
            of.accounts,
            percent(of.spread),
            levels.exact_paths,
            money(levels.bias.value),
            money(levels.bias.standard_error),
            money(levels.exact.value),
            levels.correlation,
            money(of.correction().value),
            money(of.correction().standard_error)
        ),
        _ => format!("{}: {} accounts, every path exact, no bias; {pruned}", of.name, of.accounts),
    }
}
