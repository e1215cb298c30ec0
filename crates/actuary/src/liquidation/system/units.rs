//! Which markets must be run together, and the checks of a system's options.

use std::sync::Arc;

use super::{DepthPool, Feedback, SpellRates, System, SystemError, SystemOptions};
use crate::liquidation::{ByRegime, MarketModel, supply::Source};

/// Markets that share depth or impact, directly or through others.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    /// Their numbers, rising.
    pub members: Vec<usize>,
    /// Their pools, rising.
    pub pools: Vec<usize>,
    /// Impacts that concern them, rising.
    pub feedback: Vec<usize>,
    /// Place of each member's pool among the unit's.
    pub pool_of: Vec<usize>,
    /// Place of each member's impact among the unit's.
    pub feedback_of: Vec<Option<usize>>,
    /// Whether each member has its pool to itself, in the order of the pools.
    pub apart: bool,
}

impl Unit {
    /// A market that has its pool to itself and moves no price.
    pub fn is_alone(&self) -> bool {
        self.members.len() == 1 && self.feedback.is_empty()
    }
}

pub(super) fn build(markets: Vec<Arc<MarketModel>>, options: SystemOptions) -> Result<System, SystemError> {
    if markets.is_empty() {
        return Err(SystemError::Empty);
    }
    check(&options)?;
    let count = markets.len();
    let pools = membership(count, "depth pool", options.pools.iter().map(|pool| &pool.markets))?;
    let feedback_of = membership(count, "price impact", options.feedback.iter().map(|f| &f.markets))?;
    let mut sources: Vec<Source> = Vec::new();
    let mut weight = vec![1.0; count];
    for DepthPool { markets: members, depth } in &options.pools {
        let mut per_hour = depth.by_regime();
        if let [market] = members[..] {
            let price = markets[market].debt_price();
            per_hour = ByRegime { calm: per_hour.calm / price, stressed: per_hour.stressed / price };
        } else {
            members.iter().for_each(|&market| weight[market] = markets[market].debt_price());
        }
        sources.push(Source::new(per_hour, options.reservoir));
    }
    let mut pool_of = Vec::with_capacity(count);
    for (market, pool) in markets.iter().zip(pools) {
        pool_of.push(pool.unwrap_or_else(|| {
            sources.push(Source::new(market.service().capacity_per_hour(), options.reservoir));
            sources.len() - 1
        }));
    }
    let units = units(&pool_of, &feedback_of);
    let mut oracles: Vec<usize> = Vec::new();
    let mut oracle_of = Vec::with_capacity(count);
    for market in &markets {
        let column = market.columns().price();
        let known = oracles.iter().position(|&oracle| oracle == column);
        oracle_of.push(known.unwrap_or_else(|| {
            oracles.push(column);
            oracles.len() - 1
        }));
    }
    Ok(System {
        markets,
        options,
        units,
        sources,
        pool_of,
        weight,
        feedback_of,
        oracles,
        oracle_of,
        accounts: Vec::new(),
    })
}

/// The list in which each market is named, if in any.
fn membership<'a>(
    count: usize,
    owner: &'static str,
    lists: impl Iterator<Item = &'a Vec<usize>>,
) -> Result<Vec<Option<usize>>, SystemError> {
    let mut found = vec![None; count];
    for (number, list) in lists.enumerate() {
        for &market in list {
            let Some(entry) = found.get_mut(market) else {
                return Err(SystemError::Unknown { owner, market, markets: count });
            };
            if entry.replace(number).is_some() {
                return Err(SystemError::Twice { owner, market });
            }
        }
    }
    Ok(found)
}

/// Connected components.
fn units(pool_of: &[usize], feedback_of: &[Option<usize>]) -> Vec<Unit> {
    let mut unit_of: Vec<usize> = (0..pool_of.len()).collect();
    for market in 0..pool_of.len() {
        for other in 0..market {
            let shares = pool_of[market] == pool_of[other]
                || (feedback_of[market].is_some() && feedback_of[market] == feedback_of[other]);
            if shares && unit_of[market] != unit_of[other] {
                let (low, high) = (unit_of[market].min(unit_of[other]), unit_of[market].max(unit_of[other]));
                unit_of.iter_mut().filter(|unit| **unit == high).for_each(|unit| *unit = low);
            }
        }
    }
    let mut units: Vec<Unit> = Vec::new();
    for unit in 0..pool_of.len() {
        let members: Vec<usize> = (0..pool_of.len()).filter(|&market| unit_of[market] == unit).collect();
        if members.is_empty() {
            continue;
        }
        let distinct = |mut numbers: Vec<usize>| {
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let pools = distinct(members.iter().map(|&market| pool_of[market]).collect());
        let feedback = distinct(members.iter().filter_map(|&market| feedback_of[market]).collect());
        let place = |numbers: &[usize], number: usize| numbers.partition_point(|&other| other < number);
        let of_pools: Vec<usize> = members.iter().map(|&market| place(&pools, pool_of[market])).collect();
        let of_feedback = members
            .iter()
            .map(|&market| feedback_of[market].map(|number| place(&feedback, number)))
            .collect();
        let apart = of_pools.is_sorted_by(|a, b| a < b);
        let (pool_of, feedback_of) = (of_pools, of_feedback);
        units.push(Unit { members, pools, feedback, pool_of, feedback_of, apart });
    }
    units
}

fn check(options: &SystemOptions) -> Result<(), SystemError> {
    let refuse = |name, value, range| Err(SystemError::Option { name, value, range });
    let positive = |x: f64| x > 0.0 && x.is_finite();
    let not_negative = |x: f64| x >= 0.0 && x.is_finite();
    if let Some(reservoir) = &options.reservoir {
        for (name, hours) in [
            ("half-life of the reservoir", reservoir.half_life_hours),
            ("half-life of a crash's effect on depth", reservoir.crash_half_life_hours),
        ] {
            if !positive(hours) {
                return refuse(name, hours, "positive and finite");
            }
        }
        if !not_negative(reservoir.crash_sensitivity) {
            return refuse("sensitivity of depth to crashes", reservoir.crash_sensitivity, "at least 0");
        }
    }
    for Feedback { depth, impact, half_life_hours, most_rounds, .. } in &options.feedback {
        if !positive(*depth) {
            return refuse("depth of a price impact", *depth, "positive and finite");
        }
        if !not_negative(*impact) {
            return refuse("price impact", *impact, "at least 0");
        }
        let lasts = *half_life_hours > 0.0;
        if !lasts {
            return refuse("half-life of a price impact", *half_life_hours, "positive");
        }
        if *most_rounds == 0 {
            return refuse("number of rounds", 0.0, "at least 1");
        }
    }
    let spells = |rates: &SpellRates| {
        for rate in [rates.per_year.calm, rates.per_year.stressed] {
            if !(0.0..=1e6).contains(&rate) {
                return refuse("spells a year", rate, "from 0 to 1000000");
            }
        }
        if !(0.0..=1.0).contains(&rates.at_crash) {
            return refuse("probability of a spell at a crash", rates.at_crash, "from 0 to 1");
        }
        if !positive(rates.mean_hours) {
            return refuse("mean length of spells", rates.mean_hours, "positive and finite");
        }
        Ok(())
    };
    if let Some(delay) = &options.delay {
        spells(&delay.rates)?;
        if !not_negative(delay.extra_hours) {
            return refuse("extra delay", delay.extra_hours, "at least 0");
        }
    }
    options.outages.as_ref().map_or(Ok(()), |outages| spells(&outages.rates))
}
