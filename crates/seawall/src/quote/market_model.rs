//! From inputs to a price model and markets ready to be run: calibration, pegs of staking tokens, depth.

use seawall_actuary::liquidation::{ByRegime, Columns, Depth, ImpactCurve, MarketModel, MarketSpec};
use seawall_actuary::price::calibrate::{Calibration, CalibrationOptions, calibrate};
use seawall_actuary::price::{AssetModel, Model};

use super::assumptions::{Assumptions, Follow};
use super::inputs::{Inputs, Insured};
use crate::output::Failure;

/// The model of prices and of each market.
#[derive(Clone, Debug)]
pub struct Modelled {
    /// As fitted, with standard errors.
    pub calibration: Calibration,
    /// Windows held out of it, Unix seconds.
    pub held_out: Vec<(u64, u64)>,
    /// The price model.
    pub prices: Model,
    /// The markets, in the order of the book.
    pub markets: Vec<MarketModel>,
    /// Debt a market can sell an hour, by regime, quote currency.
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
    let options = CalibrationOptions { hold_out: held_out.clone(), ..CalibrationOptions::default() };
    let calibration = calibrate(&inputs.history, &columns, &options).map_err(Failure::input)?;
    let prices = price_model(inputs, &calibration, assumptions)?;
    let depth = inputs
        .insured
        .iter()
        .map(|insured| depth(inputs, insured, assumptions))
        .collect::<Result<Vec<ByRegime>, Failure>>()?;
    let markets = inputs
        .insured
        .iter()
        .zip(&depth)
        .map(|(insured, &depth)| market(insured, depth, &prices, assumptions))
        .collect::<Result<Vec<MarketModel>, Failure>>()?;
    Ok(Modelled { calibration, held_out, prices, markets, depth })
}

/// Columns to fit: those that the book needs, and at least two where the history has them, because a crash is
/// told from a jump by falling together.
fn columns(inputs: &Inputs) -> Vec<&str> {
    let needed = inputs.insured.iter().flat_map(|insured| {
        let debt = insured.debt_follow.as_ref().map(|follow| follow.column.as_str());
        std::iter::once(insured.follow.column.as_str()).chain(debt)
    });
    let mut columns: Vec<&str> = Vec::new();
    for column in needed {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    for column in &inputs.history.assets {
        if columns.len() < 2 && !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    columns
}

fn price_model(
    inputs: &Inputs,
    calibration: &Calibration,
    assumptions: &Assumptions,
) -> Result<Model, Failure> {
    let mut parameters = calibration.parameters();
    for insured in &inputs.insured {
        for follow in std::iter::once(&insured.follow).chain(&insured.debt_follow) {
            let known = parameters.assets.iter().any(|asset| asset.symbol == symbol(follow));
            if !known {
                parameters.assets.push(AssetModel::peg(&follow.symbol, assumptions.peg(&follow.column)));
            }
        }
    }
    for insured in &inputs.insured {
        if let Some(debt) = &insured.debt_follow {
            let pair = (symbol(&insured.follow).to_owned(), symbol(debt).to_owned());
            if !parameters.pairs.contains(&pair) {
                parameters.pairs.push(pair);
            }
        }
    }
    Model::new(parameters).map_err(Failure::input)
}

/// Name of the model's asset that a token follows: itself where it has a basis, else the column.
fn symbol(follow: &Follow) -> &str {
    if follow.has_basis() { &follow.symbol } else { &follow.column }
}

/// Debt that the market can sell an hour. Markets on one price meet the same buyers: each has its share by debt.
fn depth(inputs: &Inputs, insured: &Insured, assumptions: &Assumptions) -> Result<ByRegime, Failure> {
    let asset = &insured.market.collateral_asset;
    let Some(curve) = inputs.curves.iter().find(|curve| curve.sell_asset == *asset) else {
        let quoted: Vec<&str> = inputs.curves.iter().map(|curve| curve.sell_asset.as_str()).collect();
        return Err(Failure::input(format!("no depth quotes for {asset}, only for {}", quoted.join(", ")))
            .hint("give quotes with --depth FILE"));
    };
    let curve = ImpactCurve::new(&curve.points, insured.collateral_price).map_err(Failure::input)?;
    let depth = Depth::from_curve(
        &curve,
        insured.bonus,
        assumptions.gas,
        assumptions.refill_hours,
        assumptions.stress_depth,
    )
    .map_err(Failure::input)?
    .by_regime();
    let value = |other: &Insured| other.market.debt() * other.debt_price;
    let family = inputs.insured.iter().filter(|other| other.follow.column == insured.follow.column);
    let share = value(insured) / family.map(value).sum::<f64>();
    Ok(ByRegime { calm: depth.calm * share, stressed: depth.stressed * share })
}

fn market(
    insured: &Insured,
    depth: ByRegime,
    prices: &Model,
    assumptions: &Assumptions,
) -> Result<MarketModel, Failure> {
    let missing = || Failure::input(format!("the price model has no column for {}", insured.market.name));
    let columns = match &insured.debt_follow {
        None => Columns::Collateral(prices.column(symbol(&insured.follow)).ok_or_else(missing)?),
        Some(debt) => Columns::Pair {
            pair: prices.pair_column(symbol(&insured.follow), symbol(debt)).ok_or_else(missing)?,
            debt: prices.column(symbol(debt)).ok_or_else(missing)?,
        },
    };
    let spec = MarketSpec {
        market: &insured.market,
        collateral_price: insured.collateral_price,
        debt_price: insured.debt_price,
        columns,
        bonus: insured.bonus,
        depth: Depth::per_hour(depth.calm, depth.stressed).map_err(Failure::input)?,
        delay_hours: assumptions.delay_of(insured.delay_hours),
        renewal_days: Some(assumptions.renewal_days),
    };
    MarketModel::new(&spec).map_err(Failure::input)
}
