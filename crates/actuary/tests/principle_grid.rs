//! Principles and allocations on the pool's grid: published examples, closed forms, and that the parts add up.

use seawall_actuary::{
    aggregate::{Claim, Discretisation, Grid, GridLoss, Severity},
    capital::{
        Distortion, GridPool, GridPoolBuilder, LoadPrinciple, Principle, constant_cost_price,
        gaussian_shortfall_allocation,
    },
    math::normal,
    random::Stream,
};

fn close(found: f64, expected: f64, allowed: f64) {
    assert!((found - expected).abs() <= allowed * expected.abs().max(1.0), "{found} {expected}");
}

fn principles() -> Vec<Principle> {
    vec![
        Principle::Distortion(Distortion::ConstantCost { iota: 0.1 }),
        Principle::Distortion(Distortion::Wang { lambda: 0.3 }),
        Principle::Distortion(Distortion::ProportionalHazard { rho: 1.4 }),
        Principle::Distortion(Distortion::ExpectedShortfall { level: 0.9 }),
        Principle::Esscher { h: 0.004 },
        Principle::StandardDeviation { loading: 0.3 },
    ]
}

/// Mildenhall and Major, Pricing Insurance Risk (2022): X1 in {0, 8, 10}, X2 in {0, 1, 90}, independent.
fn example() -> GridPool {
    let grid = Grid::new(1.0, 128).unwrap();
    let p = [0.5, 0.25, 0.25];
    let loss = |x: [f64; 3]| GridLoss::of_atoms(grid, p.into_iter().zip(x)).unwrap();
    GridPool::independent(grid, &[loss([0.0, 8.0, 10.0]), loss([0.0, 1.0, 90.0])]).unwrap()
}

#[test]
fn the_published_example_by_convolution() {
    let pool = example();
    close(pool.mean(), 27.25, 1e-13);
    close(pool.kappa(0, 98).unwrap(), 8.0, 1e-12);
    close(pool.kappa(1, 9).unwrap(), 1.0, 1e-12);
    let cost = Principle::Distortion(Distortion::ConstantCost { iota: 0.10 }).price_pool(&pool).unwrap();
    close(cost.price, 33.8636363636364, 1e-12);
    close(cost.parts[0], 5.0, 1e-12);
    close(cost.parts[1], 28.86363636363636, 1e-12);
    let wang = Principle::Distortion(Distortion::Wang { lambda: 0.2013827148 }).price_pool(&pool).unwrap();
    close(wang.price, 33.8636363636364, 1e-9);
    assert!((wang.parts[0] - 4.99544430).abs() < 1e-8 && (wang.parts[1] - 28.86819207).abs() < 1e-8);
    // The principle on states of the world and on the grid are one.
    let (mut lines, mut p) = (vec![Vec::new(), Vec::new()], Vec::new());
    for (a, pa) in [(0.0, 0.5), (8.0, 0.25), (10.0, 0.25)] {
        for (b, pb) in [(0.0, 0.5), (1.0, 0.25), (90.0, 0.25)] {
            lines[0].push(a);
            lines[1].push(b);
            p.push(pa * pb);
        }
    }
    for principle in principles() {
        let on_grid = principle.price_pool(&pool).unwrap();
        for (a, b) in on_grid.parts.iter().zip(principle.allocate(&lines, &p).unwrap()) {
            close(*a, b, 1e-12);
        }
    }
}

/// In default assets are shared in proportion: by hand for assets of 50, between two points.
#[test]
fn limited_assets_are_shared_in_proportion() {
    let pool = example();
    for assets in [50.0, 49.5] {
        let limited = pool.limited(assets).unwrap();
        // S above assets: 90, 98, 100 with X1 = 0, 8, 10 and probabilities 1/8, 1/16, 1/16.
        let default = |x: f64, s: f64| assets * x / s;
        let first = 0.75 * 4.5 + 0.0625 * (default(8.0, 98.0) + default(10.0, 100.0));
        let second = 0.25 + 0.125 * assets + 0.0625 * (default(90.0, 98.0) + default(90.0, 100.0));
        close(limited.means()[0], first, 1e-12);
        close(limited.means()[1], second, 1e-12);
        close(limited.mass().iter().sum::<f64>(), 1.0, 1e-13);
        assert_eq!(limited.beyond(), 0.0);
        let cost = Principle::Distortion(Distortion::ConstantCost { iota: 0.1 });
        let price = cost.price_pool(&limited).unwrap();
        // Assets between points are put on both, so that the largest outcome is the upper point.
        let top = assets.ceil();
        close(price.price, constant_cost_price(first + second, top, 0.1), 1e-12);
        close(price.parts.iter().sum(), price.price, 1e-13);
    }
    assert!(pool.limited(0.0).is_err() && pool.limited(f64::NAN).is_err());
    assert_eq!(pool.limited(1e9).unwrap(), pool);
}

fn random_pool(seed: u64, beyond: bool) -> GridPool {
    let grid = Grid::new(0.5, 512).unwrap();
    let mut random = Stream::new(seed, 0, 0);
    let mut builder = GridPoolBuilder::new(grid, 5);
    for _ in 0..3_000 {
        let common = random.exponential() * f64::from(u8::from(random.uniform() < 0.3));
        let row: Vec<f64> = (1..=5).map(|k| f64::from(k) * (common + 0.1 * random.exponential())).collect();
        builder.add(1.0 / 3_100.0, &row).unwrap();
    }
    if beyond {
        builder.add(1e-3, &[100.0, 0.0, 50.0, 200.0, 10.0]).unwrap();
    }
    builder.finish()
}

/// Sum of allocations = figure of the pool to 1e-10 by every principle, with and without events and limits of assets.
#[test]
fn the_parts_add_up_to_the_pool() {
    for seed in 0..6 {
        let plain = random_pool(seed, seed % 2 == 0);
        let grid = plain.grid();
        let mut random = Stream::new(seed, 1, 0);
        let events: Vec<GridLoss> = (0..5)
            .map(|_| GridLoss::of_atoms(grid, [(0.02, 30.0 * random.uniform()), (0.01, 60.0)]).unwrap())
            .collect();
        let with_events = plain.with_events(&events).unwrap();
        let limited = with_events.limited(75.25).unwrap();
        for pool in [&plain, &with_events, &limited] {
            for principle in principles() {
                let price = principle.price_pool(pool).unwrap();
                let parts: f64 = price.parts.iter().sum();
                assert!((parts / price.price - 1.0).abs() < 1e-10, "{principle:?}: {parts} {}", price.price);
                assert!(price.price >= price.mean * (1.0 - 1e-12), "{principle:?} loads");
                let load = LoadPrinciple::Principle { principle, assets: None }.load(pool).unwrap();
                close(load.parts.iter().sum(), load.load, 1e-10);
            }
            let default = LoadPrinciple::CostOfCapital { rate: 0.12, level: 0.99 }.load(pool).unwrap();
            close(default.parts.iter().sum(), default.load, 1e-10);
            close(default.capital_parts.iter().sum(), default.capital.unwrap(), 1e-10);
            let capital = pool.expected_shortfall(0.99).unwrap();
            close(default.load, constant_cost_price(pool.mean(), capital, 0.12) - pool.mean(), 1e-12);
        }
    }
    // Assets of a distortion at the largest loss: constant cost is the default's formula with these assets.
    let pool = random_pool(1, false).limited(40.0).unwrap();
    let cost = Principle::Distortion(Distortion::ConstantCost { iota: 0.12 });
    let load = LoadPrinciple::Principle { principle: cost, assets: Some(40.0) }.load(&pool).unwrap();
    close(load.load, constant_cost_price(pool.mean(), 40.0, 0.12) - pool.mean(), 1e-12);
    assert_eq!(load.capital, Some(40.0));
    assert!(LoadPrinciple::CostOfCapital { rate: -0.1, level: 0.99 }.load(&pool).is_err());
    assert!(LoadPrinciple::CostOfCapital { rate: 0.1, level: 1.0 }.load(&pool).is_err());
    assert!(Principle::Esscher { h: f64::NAN }.price_pool(&pool).is_err());
}

fn one_market(grid: Grid, mass: &[f64]) -> GridPool {
    let mut builder = GridPoolBuilder::new(grid, 1);
    for (j, p) in mass.iter().enumerate() {
        builder.add(*p, &[grid.point(j)]).unwrap();
    }
    builder.finish()
}

/// Reference values 5 on the grid: PH Exp(1000), Wang LN(0,1), layers of Pareto II(2,1), constant cost on Exp(1)
/// limited at ln 100, Esscher Exp(1), ES99 of LN(0,1) and Pareto II(3,1).
#[test]
fn closed_forms_on_the_grid() {
    let price = |severity: Severity, layer: (f64, f64), grid: Grid, principle: Principle| {
        let claim = Claim::layer(severity, layer.0, layer.1).unwrap();
        let mass = claim.discretised(&grid, Discretisation::LocalMoments);
        principle.price_pool(&one_market(grid, &mass)).unwrap().price
    };
    let all = (f64::INFINITY, 0.0);
    let fine = |end: f64| Grid::new(end / 65_535.0, 1 << 16).unwrap();
    let hazard = |rho| Principle::Distortion(Distortion::ProportionalHazard { rho });
    let wang = |lambda| Principle::Distortion(Distortion::Wang { lambda });
    let cost = Principle::Distortion(Distortion::ConstantCost { iota: 0.1 });
    let exponential = |mean| Severity::Exponential { mean };
    let lognormal = Severity::Lognormal { mu: 0.0, sigma: 1.0 };
    let pareto = |shape| Severity::Pareto { shape, scale: 1.0 };
    close(price(exponential(1000.0), all, fine(40_000.0), hazard(1.25)), 1250.0, 1e-6);
    // What is beyond e^8 weighs 4e-5 of the price under the distortion.
    close(price(lognormal.clone(), all, fine(2981.0), wang(0.45)), 2.58570965931585, 1e-4);
    close(price(pareto(2.0), (8.0, 1.0), fine(8.0), wang(0.0)), 0.4, 1e-12);
    close(price(pareto(2.0), (8.0, 1.0), fine(8.0), wang(0.2)), 0.571594363849427, 1e-7);
    close(price(pareto(2.0), (8.0, 1.0), fine(8.0), hazard(1.5)), 0.988624927868466, 1e-7);
    let limit = libm::log(100.0);
    close(price(exponential(1.0), (limit, 0.0), fine(limit), cost), 1.31865183508983, 1e-9);
    close(price(exponential(1.0), all, fine(60.0), Principle::Esscher { h: 0.1 }), 1.11111111111111, 1e-6);
    for (severity, end, shortfall, quantile) in [
        (lognormal, 2000.0, 15.2279603008781, libm::exp(normal::inverse_cdf(0.99))),
        (pareto(3.0), 5000.0, 5.96238325041917, 3.64158883361278),
    ] {
        let grid = fine(end);
        let claim = Claim::ground_up(severity).unwrap();
        let mass = claim.discretised(&grid, Discretisation::LocalMoments);
        let beyond = 1.0 - mass.iter().sum::<f64>();
        let mean: f64 = mass.iter().enumerate().map(|(j, p)| grid.point(j) * p).sum();
        let owed = (claim.moments().0 - mean).max(0.0);
        let pool =
            GridPool::of_histogram(grid, &mass, &[vec_of(grid, &mass)], beyond.max(0.0), &[owed]).unwrap();
        close(pool.expected_shortfall(0.99).unwrap(), shortfall, 1e-4);
        assert!((pool.value_at_risk(0.99).unwrap() - quantile).abs() <= grid.bucket());
    }
}

fn vec_of(grid: Grid, mass: &[f64]) -> Vec<f64> {
    mass.iter().enumerate().map(|(j, p)| grid.point(j) * p).collect()
}

/// Independent Gaussian lines around large means: Euler parts of ES99 by variance, in closed form.
#[test]
fn euler_parts_of_gaussian_lines() {
    let grid = Grid::new(0.5, 1 << 11).unwrap();
    let deviations = [10.0, 20.0, 30.0];
    let lines: Vec<GridLoss> = deviations
        .iter()
        .map(|deviation| {
            let up_to = |x: f64| normal::cdf((x - 200.0) / deviation);
            let atoms = (0..grid.buckets()).map(|j| {
                let x = grid.point(j);
                (up_to(x + 0.25) - up_to(x - 0.25), x)
            });
            GridLoss::of_atoms(grid, atoms).unwrap()
        })
        .collect();
    let pool = GridPool::independent(grid, &lines).unwrap();
    let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let (total, parts) = gaussian_shortfall_allocation(&deviations, &identity, 0.99).unwrap();
    close(pool.expected_shortfall(0.99).unwrap(), 600.0 + total, 1e-4);
    for (found, expected) in pool.shortfall_parts(0.99).unwrap().iter().zip(parts) {
        close(*found, 200.0 + expected, 1e-4);
    }
}

/// Reference values 5: Gaussian lines with standard deviations 10, 20, 30 and correlations .5, .2, .3; the pool's grid
/// is filled by its exact conditional means, kappa_i(s) = m_i + Cov(X_i, S)/Var(S) (s - m).
#[test]
fn euler_parts_of_correlated_gaussian_lines() {
    let grid = Grid::new(0.25, 1 << 13).unwrap();
    let covariances = [100.0 + 100.0 + 60.0, 100.0 + 400.0 + 180.0, 60.0 + 180.0 + 900.0];
    let variance: f64 = covariances.iter().sum();
    let (mean, deviation) = (400.0, variance.sqrt());
    let mut builder = GridPoolBuilder::new(grid, 3);
    for j in 0..grid.buckets() {
        let s = grid.point(j);
        let up_to = |x: f64| normal::cdf((x - 3.0 * mean) / deviation);
        let row = covariances.map(|c| (mean + c / variance * (s - 3.0 * mean)).max(0.0));
        builder.add((up_to(s + 0.125) - up_to(s - 0.125)).max(0.0), &row).unwrap();
    }
    let pool = builder.finish();
    close(pool.expected_shortfall(0.99).unwrap(), 3.0 * mean + 121.552470266522, 1e-6);
    let expected = [15.1940587833152, 39.7383075871321, 66.6201038960745];
    for (found, expected) in pool.shortfall_parts(0.99).unwrap().iter().zip(expected) {
        close(*found, mean + expected, 1e-6);
    }
}
