//! Random books of accounts and random paths.

// Each test crate uses its part.
#![allow(dead_code)]

pub mod agents;

use seawall_actuary::{
    book::accounts::{AccountBook, AccountBookBuilder, Asset, Collateral, Debt},
    liquidation::{
        AccountModel, AccountSpec, Depth,
        accounts::{CloseFactor, Seizure},
    },
    price::PricePath,
    random::Stream,
};

/// Assets of every book: three that move and secure, one stable coin that secures and is owed, the unit of account.
pub const ASSETS: usize = 5;

/// The unit of account has no column; the others have one each.
pub const COLUMNS: [Option<usize>; ASSETS] = [Some(0), Some(1), Some(2), Some(3), None];

pub fn assets() -> Vec<Asset> {
    let asset = |symbol: &str, price, liquidation_threshold, bonus| Asset {
        symbol: symbol.into(),
        price,
        liquidation_threshold,
        bonus,
    };
    vec![
        asset("ETH", 1800.0, 0.83, 0.05),
        asset("BTC", 30_000.0, 0.78, 0.06),
        asset("ALT", 2.5, 0.6, 0.1),
        asset("DAI", 1.0, 0.8, 0.04),
        asset("USD", 1.0, 0.0, 0.0),
    ]
}

pub fn pick<T: Copy>(random: &mut Stream, choices: &[T]) -> T {
    choices[(random.uniform() * choices.len() as f64) as usize]
}

/// Shares that add up to 1, some of them 0, one at least above.
fn shares(random: &mut Stream, of: &[usize]) -> Vec<(usize, f64)> {
    let mut shares: Vec<(usize, f64)> = of
        .iter()
        .map(|&asset| (asset, if random.uniform() < 0.5 { 0.0 } else { random.uniform() }))
        .collect();
    shares[0].1 += 0.05;
    let total: f64 = shares.iter().map(|share| share.1).sum();
    shares.iter_mut().for_each(|share| share.1 /= total);
    shares
}

/// What one account holds and owes, as shares of value.
#[derive(Clone)]
pub struct Composition {
    pub collateral: Vec<(usize, f64)>,
    pub debt: Vec<(usize, f64)>,
}

pub fn composition(random: &mut Stream) -> Composition {
    Composition { collateral: shares(random, &[0, 1, 2, 3]), debt: shares(random, &[4, 3, 0]) }
}

/// Adds an account of this composition: value of its debt, and its health factor at the spot prices.
pub fn add(
    builder: &mut AccountBookBuilder,
    name: &str,
    composition: &Composition,
    debt: f64,
    health_factor: f64,
) {
    let assets = assets();
    let threshold: f64 = composition
        .collateral
        .iter()
        .map(|(asset, share)| share * assets[*asset].liquidation_threshold)
        .sum();
    let value = debt * health_factor / threshold;
    let collateral: Vec<Collateral> = composition
        .collateral
        .iter()
        .map(|&(asset, share)| Collateral {
            asset,
            amount: share * value / assets[asset].price,
            liquidation_threshold: None,
        })
        .collect();
    let owed: Vec<Debt> = composition
        .debt
        .iter()
        .map(|&(asset, share)| Debt { asset, amount: share * debt / assets[asset].price })
        .collect();
    builder.account(name, &collateral, &owed).unwrap();
}

/// A book with so many compositions, accounts dealt out among them; none under water.
pub fn book(seed: u64, compositions: usize, accounts: usize) -> AccountBook {
    let random = &mut Stream::new(seed, 0, 0);
    let kinds: Vec<Composition> = (0..compositions).map(|_| composition(random)).collect();
    let mut builder = AccountBookBuilder::new(assets()).unwrap();
    for account in 0..accounts {
        let debt = libm::exp(10.0 * random.uniform());
        let factor = 1.0 + 1.2 * random.uniform() * random.uniform();
        add(&mut builder, &format!("a{account}"), &kinds[account % compositions], debt, factor + 1e-6);
    }
    builder.finish().unwrap()
}

/// A path of four columns: diffusion with minima, jumps, a stress state that comes and goes.
pub fn path(seed: u64, intervals: usize, volatility: f64) -> PricePath {
    crashing_path(seed, intervals, volatility, 0.3)
}

/// The same with crashes of up to `crash` in log price.
pub fn crashing_path(seed: u64, intervals: usize, volatility: f64, most: f64) -> PricePath {
    let random = &mut Stream::new(seed, 1, 0);
    let mut path = PricePath { assets: 4, ..PricePath::default() };
    let mut price = [1.0; 4];
    let mut stressed = false;
    let mut time = 0.0;
    for _ in 0..intervals {
        time += (0.5 + random.uniform()) / 8760.0;
        path.time.push(time);
        stressed ^= random.uniform() < 0.1;
        path.stressed.push(stressed);
        let crash = if random.uniform() < 0.08 { most * random.uniform() } else { 0.0 };
        for (column, price) in price.iter_mut().enumerate() {
            let scale = if column == 3 { 0.1 } else { 1.0 };
            let close = *price * libm::exp(scale * volatility * random.normal());
            let low = price.min(close) * libm::exp(-scale * volatility * random.exponential());
            let jump = scale * (0.5 * crash + 0.5 * crash * random.uniform());
            let after = if crash > 0.0 { close * libm::exp(-jump) } else { close };
            path.low.push(low);
            path.close.push(close);
            path.after.push(after);
            *price = after;
        }
    }
    path
}

pub fn unlimited() -> Vec<Depth> {
    vec![Depth::unlimited(); ASSETS]
}

pub fn protocol(share: f64, whole_below: f64) -> Seizure {
    Seizure::Protocol(CloseFactor { share, whole_below })
}

pub fn model(
    book: &AccountBook,
    depth: &[Depth],
    seizure: Seizure,
    renewal_days: Option<f64>,
) -> AccountModel {
    AccountModel::new(&AccountSpec { book, columns: &COLUMNS, depth, seizure, renewal_days }).unwrap()
}

/// Depth that a crash exhausts: a share of the book's debt an hour and asset, some assets without limit.
pub fn scarce(seed: u64, debt: f64) -> Vec<Depth> {
    let random = &mut Stream::new(seed, 2, 0);
    (0..ASSETS)
        .map(|_| {
            let calm = debt * pick(random, &[0.0, 0.002, 0.02, 0.2, f64::INFINITY]);
            Depth::per_hour(calm, if calm.is_finite() { 0.3 * calm } else { calm }).unwrap()
        })
        .collect()
}
