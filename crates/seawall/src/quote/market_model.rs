//! From inputs to a price model and markets ready to be run: calibration, pegs of staking tokens, depth.

use seawall_actuary::liquidation::{
    ByRegime, Columns, Depth, DepthPool, Feedback, ImpactCurve, ImpactShape, LiquidationRules, Reservoir,
    SoftLiquidation, System, SystemOptions,
};
use seawall_actuary::price::calibrate::{
    Calibration, CalibrationOptions, CorrelationMethod, PegFit, calibrate,
};
use seawall_actuary::price::{FilteredModel, FilteredOptions, Model, PriceModel};
use seawall_actuary::pricing::{EventRisk, EventRisks, Exposure, system_of};
use seawall_formats::bad_debt_events::event_peril;

use super::account_market;
use super::assumptions::{Assumptions, Law};
use super::inputs::{Inputs, Insured};
use super::pegs;
use super::pricing::refused;
use crate::output::Failure;

/// The model of prices and of each market.
#[derive(Clone, Debug)]
pub struct Modelled {
    /// As fitted, with standard errors.
    pub calibration: Calibration,
    /// Pegged tokens, as fitted or stated.
    pub pegs: Vec<PegFit>,
    /// Windows held out of it, Unix seconds.
    pub held_out: Vec<(u64, u64)>,
    /// The price model.
    pub prices: PriceModel,
    /// The markets as they are priced, in the order of the book.
    pub exposures: Vec<Exposure>,
    /// What they share.
    pub shared: SystemOptions,
    /// The markets ready to be run.
    pub system: System,
    /// Events; none where they are left out.
    pub events: Option<EventRisks>,
    /// Debt that each market's pool of depth can sell an hour, by regime, quote currency.
    pub depth: Vec<ByRegime>,
}

/// Calibrates and builds.
///
/// # Errors
/// A history that cannot be fitted, an asset without depth quotes, a market that makes no sense.
pub fn build(
    inputs: &Inputs,
    held_out: Vec<(u64, u64)>,
    assumptions: &Assumptions,
) -> Result<Modelled, Failure> {
    let columns = columns(inputs);
    let options = CalibrationOptions {
        hold_out: held_out.clone(),
        law: assumptions.law.of_jumps(),
        correlation: assumptions
            .correlation_half_life_days
            .map_or(CorrelationMethod::FullSample, |half_life_days| CorrelationMethod::Ewma {
                half_life_days,
            }),
        ..CalibrationOptions::default()
    };
    let calibration = calibrate(&inputs.history, &columns, &options).map_err(Failure::input)?;
    let pegs = pegs::fit(inputs, &held_out, assumptions)?;
    let prices = match assumptions.law {
        Law::Filtered => filtered(inputs, &columns, options, &pegs)?,
        _ => parametric(inputs, &calibration, &pegs)?,
    };
    let markets = || inputs.insured.iter().filter(|insured| insured.accounts.is_none());
    let mut depth = markets()
        .map(|insured| {
            let asset = &insured.market.collateral_asset;
            sale_depth(inputs, asset, insured.collateral_price, insured.bonus, assumptions)
        })
        .collect::<Result<Vec<ByRegime>, Failure>>()?;
    let mut exposures = markets()
        .zip(&depth)
        .map(|(insured, depth)| {
            // Run alone, a market has its share by debt of the buyers that it meets with others.
            let share =
                insured.market.debt() * insured.debt_price / family_debt(inputs, insured.follow.family());
            let own = ByRegime { calm: depth.calm * share, stressed: depth.stressed * share };
            exposure(insured, own, &prices, assumptions)
        })
        .collect::<Result<Vec<Exposure>, Failure>>()?;
    let shared = shared(inputs, &depth, assumptions)?;
    let system = match exposures.is_empty() {
        true => System::without_markets(),
        false => system_of(&exposures, &shared).map_err(refused)?,
    };
    let mut passes = Vec::new();
    // Books of accounts stand after the markets.
    for insured in &inputs.insured {
        if let Some(accounts) = &insured.accounts {
            let (pass, exposure, own) =
                account_market::pass(inputs, insured, accounts, &prices, assumptions)?;
            passes.push(pass);
            exposures.push(exposure);
            depth.push(own);
        }
    }
    let system = system.with_accounts(passes);
    let events = events(inputs, &exposures, assumptions)?;
    Ok(Modelled { calibration, pegs, held_out, prices, exposures, shared, system, events, depth })
}

/// Markets that sell what follows one price meet the same buyers: one pool of depth each, and one impact.
fn shared(inputs: &Inputs, depth: &[ByRegime], assumptions: &Assumptions) -> Result<SystemOptions, Failure> {
    let mut families: Vec<(&str, Vec<usize>)> = Vec::new();
    for (index, insured) in inputs.insured.iter().enumerate().filter(|(_, one)| one.accounts.is_none()) {
        let family = insured.follow.family();
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, members)) => members.push(index),
            None => families.push((family, vec![index])),
        }
    }
    let mut options = SystemOptions {
        reservoir: Some(reservoir(assumptions)),
        delay: assumptions.congestion.spells(),
        outages: assumptions.outages.outages(),
        ..SystemOptions::default()
    };
    for (family, markets) in families {
        // Quotes of the family's tokens are of the same buyers: the deepest counts.
        let deepest = |of: fn(&ByRegime) -> f64| markets.iter().map(|&m| of(&depth[m])).fold(0.0, f64::max);
        // Accounts that sell into the same pool have their part of it by debt.
        let debt = |&m: &usize| inputs.insured[m].market.debt() * inputs.insured[m].debt_price;
        let part = markets.iter().map(debt).sum::<f64>() / family_debt(inputs, family);
        let (calm, stressed) = (part * deepest(|d| d.calm), part * deepest(|d| d.stressed));
        let bonus = markets.iter().map(|&m| inputs.insured[m].bonus).fold(0.0, f64::max);
        if assumptions.impact_share > 0.0 && calm > 0.0 {
            options.feedback.push(Feedback {
                markets: markets.clone(),
                depth: calm * assumptions.refill_hours,
                // A sale of the whole depth costs the seller the bonus: so far it moves the price of its pool.
                impact: assumptions.impact_share * bonus.ln_1p(),
                shape: ImpactShape::Linear,
                half_life_hours: core::f64::consts::LN_2 * assumptions.refill_hours,
                most_rounds: 32,
            });
        }
        let depth = Depth::per_hour(calm, stressed).map_err(Failure::input)?;
        options.pools.push(DepthPool { markets, depth });
    }
    Ok(options)
}

/// Depth that is consumed, comes back and shrinks in a crash.
pub fn reservoir(assumptions: &Assumptions) -> Reservoir {
    Reservoir {
        half_life_hours: core::f64::consts::LN_2 * assumptions.refill_hours,
        crash_sensitivity: assumptions.crash_sensitivity,
        ..Reservoir::default()
    }
}

/// Event peril from the recorded events, and each market's own record.
fn events(
    inputs: &Inputs,
    exposures: &[Exposure],
    assumptions: &Assumptions,
) -> Result<Option<EventRisks>, Failure> {
    if !assumptions.events {
        return Ok(None);
    }
    let kind = assumptions.venue.kind();
    let (peril, spread) =
        event_peril(&inputs.events, kind, assumptions.venue_years).map_err(Failure::input)?;
    if let Some(unknown) = inputs
        .records
        .iter()
        .find(|record| !exposures.iter().any(|exposure| exposure.market.name == record.market))
    {
        return Err(Failure::input(format!(
            "the record names market {}, which is not in the book",
            unknown.market
        )));
    }
    let markets = exposures
        .iter()
        .map(|exposure| {
            let record = inputs.records.iter().find(|record| record.market == exposure.market.name);
            EventRisk {
                venue: kind,
                exposure: exposure.debt(),
                cap: f64::INFINITY,
                own: record.map_or_else(Default::default, |record| record.events),
                losses: record.map_or_else(Vec::new, |record| record.losses.clone()),
            }
        })
        .collect();
    Ok(Some(EventRisks { peril, spread, markets }))
}

/// Columns to fit: those that the book needs, and at least two where the history has them, because a crash is
/// told from a jump by falling together.
fn columns(inputs: &Inputs) -> Vec<&str> {
    let needed = inputs
        .insured
        .iter()
        .flat_map(|insured| insured.tracks())
        .filter_map(|track| track.column.as_deref());
    let mut columns: Vec<&str> = Vec::new();
    for column in needed {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let pegged = |column: &str| inputs.pegs.iter().any(|peg| peg.token == column);
    for column in inputs.history.assets.iter().filter(|column| !pegged(column)) {
        if columns.len() < 2 && !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    columns
}

fn parametric(inputs: &Inputs, calibration: &Calibration, pegs: &[PegFit]) -> Result<PriceModel, Failure> {
    let mut parameters = calibration.parameters_with(pegs);
    for (base, quote) in pairs(inputs) {
        if !parameters.pairs.contains(&(base.to_owned(), quote.to_owned())) {
            parameters.pairs.push((base.to_owned(), quote.to_owned()));
        }
    }
    Ok(PriceModel::Parametric(Model::new(parameters).map_err(Failure::input)?))
}

fn filtered(
    inputs: &Inputs,
    columns: &[&str],
    returns: CalibrationOptions,
    pegs: &[PegFit],
) -> Result<PriceModel, Failure> {
    let options = FilteredOptions { returns, ..FilteredOptions::default() };
    let mut model = FilteredModel::fit(&inputs.history, columns, &options).map_err(Failure::input)?;
    for peg in pegs {
        model = model.with_peg(&peg.asset, peg.parameters()).map_err(Failure::input)?;
    }
    for (base, quote) in pairs(inputs) {
        if model.pair_column(base, quote).is_none() {
            model = model.with_pair(base, quote).map_err(Failure::input)?;
        }
    }
    Ok(PriceModel::Filtered(model))
}

/// Pairs whose ratio is a market's price.
fn pairs(inputs: &Inputs) -> impl Iterator<Item = (&str, &str)> {
    inputs
        .insured
        .iter()
        .filter_map(|insured| insured.debt_follow.as_ref().map(|debt| (insured.follow.asset(), debt.asset())))
}

/// Debt of all that sell what follows a price, accounts by their collateral among them.
pub fn family_debt(inputs: &Inputs, family: &str) -> f64 {
    let of = |insured: &Insured| match &insured.accounts {
        None if insured.follow.family() == family => insured.market.debt() * insured.debt_price,
        None => 0.0,
        Some(accounts) => {
            let debts = accounts.debt_by_collateral().into_iter().zip(&accounts.tracks);
            let own = debts.filter(|(_, track)| track.as_ref().is_some_and(|track| track.family() == family));
            own.map(|(debt, _)| debt).sum()
        }
    };
    inputs.insured.iter().map(of).sum()
}

/// Debt that the buyers of an asset take an hour at a bonus.
///
/// # Errors
/// An asset without quotes.
pub fn sale_depth(
    inputs: &Inputs,
    asset: &str,
    price: f64,
    bonus: f64,
    assumptions: &Assumptions,
) -> Result<ByRegime, Failure> {
    let Some(curve) = inputs.curves.iter().find(|curve| curve.sell_asset == asset) else {
        let quoted: Vec<&str> = inputs.curves.iter().map(|curve| curve.sell_asset.as_str()).collect();
        return Err(Failure::input(format!("no depth quotes for {asset}, only for {}", quoted.join(", ")))
            .hint("give quotes with --depth FILE"));
    };
    let curve = ImpactCurve::new(&curve.points, price).map_err(Failure::input)?;
    let depth =
        Depth::from_curve(&curve, bonus, assumptions.gas, assumptions.refill_hours, assumptions.stress_depth)
            .map_err(Failure::input)?;
    Ok(depth.by_regime())
}

fn exposure(
    insured: &Insured,
    depth: ByRegime,
    prices: &PriceModel,
    assumptions: &Assumptions,
) -> Result<Exposure, Failure> {
    let missing = || Failure::input(format!("the price model has no column for {}", insured.market.name));
    let columns = match &insured.debt_follow {
        None => Columns::Collateral(prices.column(insured.follow.asset()).ok_or_else(missing)?),
        Some(debt) => Columns::Pair {
            pair: prices.pair_column(insured.follow.asset(), debt.asset()).ok_or_else(missing)?,
            debt: prices.column(debt.asset()).ok_or_else(missing)?,
        },
    };
    Ok(Exposure {
        market: insured.market.clone(),
        collateral_price: insured.collateral_price,
        debt_price: insured.debt_price,
        columns,
        bonus: insured.bonus,
        depth: Depth::per_hour(depth.calm, depth.stressed).map_err(Failure::input)?,
        delay_hours: assumptions.delay_of(insured.delay_hours),
        renewal_days: Some(assumptions.renewal_days),
        rules: LiquidationRules {
            gas: assumptions.gas,
            close_factor: assumptions.close_factor,
            soft: (insured.bands && assumptions.bands).then(SoftLiquidation::default),
        },
    })
}
