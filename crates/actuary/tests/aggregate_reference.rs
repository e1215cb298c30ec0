//! Aggregate losses against printed examples and closed forms.

use seawall_actuary::{
    aggregate::{
        Aggregate, AggregateError, Claim, Discretisation, Frequency, Grid, Method, Severity, TransformTerms,
    },
    math::incomplete::gamma_lower,
};

const METHODS: [Method; 3] =
    [Method::Recursion, Method::Transform(TransformTerms { padding: 2, tilt: 16.0 }), Method::Convolution];

fn transform() -> Method {
    Method::Transform(TransformTerms::default())
}

/// Klugman, Panjer, Willmot, Loss Models, 4th edition, example 9.5 (group dental insurance, units of 25): counts 0
/// to 8, claims of 1 to 10 units.
#[test]
fn loss_models_example_9_5() {
    let counts = Frequency::Table(vec![0.05, 0.10, 0.15, 0.20, 0.25, 0.15, 0.06, 0.03, 0.01]);
    let claims = [0.0, 0.15, 0.2, 0.25, 0.125, 0.075, 0.05, 0.05, 0.05, 0.025, 0.025];
    let grid = Grid::new(25.0, 81).unwrap();
    for method in [METHODS[1], METHODS[2]] {
        let total = Aggregate::compound_discrete(&counts, &claims, grid, method).unwrap();
        assert!((total.mean() - 314.50).abs() < 1e-11);
        assert!((total.deviation() - 191.615500416850).abs() < 1e-10, "{}", total.deviation());
        let printed = [0.05, 0.015, 0.023375, 0.034675, 0.0325765625, 0.03578639062, 0.03980787094];
        for (p, expected) in total.probabilities().iter().zip(printed) {
            assert!((p - expected).abs() < 6e-12, "{p} {expected}");
        }
        assert!((total.covered() - 1.0).abs() < 1e-11);
        for (retention, expected) in [(0.0, 314.5), (25.0, 290.75), (50.0, 267.375)] {
            assert!((total.stop_loss(retention) - expected).abs() < 1e-9, "{retention}");
        }
        assert!(total.stop_loss(2_000.0).abs() < 1e-9);
    }
    assert_eq!(
        Aggregate::compound_discrete(&counts, &claims, grid, Method::Recursion),
        Err(AggregateError::NoRecursion)
    );
}

/// Loss Models, example 9.34: Poisson(5), claims of 100, 500, 1000.
#[test]
fn loss_models_example_9_34() {
    let mut claims = [0.0; 11];
    (claims[1], claims[5], claims[10]) = (0.8, 0.16, 0.04);
    let grid = Grid::new(100.0, 128).unwrap();
    for method in METHODS {
        let counts = Frequency::Poisson { mean: 5.0 };
        let total = Aggregate::compound_discrete(&counts, &claims, grid, method).unwrap();
        let p = total.probabilities()[6];
        assert!((p - 0.0598928622140931).abs() < 1e-13, "{method:?}: {p}");
    }
}

/// Bahnemann, Distributions for Actuaries (CAS Monograph 2), 4.1: the count 0 to 2 with .6, .3, .1 and claims of 1,
/// 2, 3 with .4, .5, .1 make the printed totals.
#[test]
fn bahnemann_4_1() {
    let printed = [0.6, 0.12, 0.166, 0.07, 0.033, 0.01, 0.001];
    let counts = Frequency::Table(vec![0.6, 0.3, 0.1]);
    let grid = Grid::new(1.0, 8).unwrap();
    for method in [METHODS[1], METHODS[2]] {
        let total = Aggregate::compound_discrete(&counts, &[0.0, 0.4, 0.5, 0.1], grid, method).unwrap();
        for (p, expected) in total.probabilities().iter().zip(printed) {
            assert!((p - expected).abs() < 1e-12, "{p} {expected}");
        }
        assert!((total.mean() - 0.85).abs() < 1e-14);
        assert!((total.deviation() * total.deviation() - 1.5055).abs() < 1e-13);
    }
}

/// F(x) of Poisson(2.5) sums of gamma claims as a series of gamma distribution functions.
fn gamma_sum(x: f64, mean: f64, shape: f64, scale: f64) -> f64 {
    let mut p = libm::exp(-mean);
    let mut sum = p;
    for n in 1..200 {
        p *= mean / f64::from(n);
        sum += p * gamma_lower(f64::from(n) * shape, x / scale);
    }
    sum
}

/// Reference values 2.2: Poisson(2.5) x Gamma(3, 400).
#[test]
fn poisson_gamma() {
    let claim = Claim::ground_up(Severity::Gamma { shape: 3.0, scale: 400.0 }).unwrap();
    let counts = Frequency::Poisson { mean: 2.5 };
    let grid = Grid::new(1.0, 1 << 15).unwrap();
    for how in [Discretisation::Rounding, Discretisation::LocalMoments] {
        let total = Aggregate::compound(&counts, &claim, grid, how, transform()).unwrap();
        assert!((total.mean() - 3000.0).abs() < 1e-9);
        assert!((total.deviation() - 2190.89023002066).abs() < 1e-9);
        for (x, expected) in [(0.0, 0.08208499862), (3000.0, 0.5612774645), (10_000.0, 0.9934377333)] {
            assert!((gamma_sum(x, 2.5, 3.0, 400.0) - expected).abs() < 6e-11, "{x}");
            // Up to the point, half of whose mass lies above it.
            let at = total.grid().points_up_to(x) - 1;
            let half = if x > 0.0 { 0.5 * total.probabilities()[at] } else { 0.0 };
            let found = total.distribution(x) - half;
            assert!((found - expected).abs() < 1e-7, "{how:?} {x}: {}", found - expected);
        }
    }
}

/// Reference values 2.2: Poisson(15) x LN(5.9809, 1.8), layer 5000 xs 3000 of each claim.
#[test]
fn layer_of_lognormal_claims() {
    let claim = Claim::layer(Severity::Lognormal { mu: 5.9809, sigma: 1.8 }, 5000.0, 3000.0).unwrap();
    let counts = Frequency::Poisson { mean: 15.0 };
    let grid = Grid::new(25.0, 1 << 12).unwrap();
    let total =
        Aggregate::compound(&counts, &claim, grid, Discretisation::LocalMoments, transform()).unwrap();
    assert!((total.mean() - 5785.25411728).abs() < 1e-8, "{}", total.mean());
    assert!((total.deviation() - 4910.93403507).abs() < 1e-8, "{}", total.deviation());
    // The same figures from the grid: the mean is kept, the deviation almost.
    let (points, p) = total.outcomes();
    let mean: f64 = points.iter().zip(&p).map(|(x, p)| x * p).sum();
    let square: f64 = points.iter().zip(&p).map(|(x, p)| x * x * p).sum();
    assert!((mean - 5785.25411728).abs() < 1e-6);
    assert!(((square - mean * mean).sqrt() / 4910.93403507 - 1.0).abs() < 1e-5);
}

/// Reference values 2.2: Poisson(10) x Exp(1).
#[test]
fn poisson_exponential() {
    let f = |x: f64| gamma_sum(x, 10.0, 1.0, 1.0);
    assert!((f(20.0) - 0.974205632284662).abs() < 1e-13, "{}", f(20.0));
    let (mut low, mut high) = (20.0, 30.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.995 { low = middle } else { high = middle }
    }
    assert!((low - 24.2107296760185).abs() < 1e-10, "{low}");
    let claim = Claim::ground_up(Severity::Exponential { mean: 1.0 }).unwrap();
    let counts = Frequency::Poisson { mean: 10.0 };
    // Errors fall with the square of the bucket: a quarter at half of it.
    let errors: Vec<f64> = [1 << 13, 1 << 14]
        .map(|buckets| {
            let bucket = 128.0 / f64::from(buckets);
            let grid = Grid::new(bucket, buckets as usize).unwrap();
            let total = Aggregate::compound(&counts, &claim, grid, Discretisation::LocalMoments, transform())
                .unwrap();
            assert!((total.value_at_risk(0.995).unwrap() - 24.2107296760185).abs() <= bucket);
            total.stop_loss(20.0) - 0.0657795932375826
        })
        .to_vec();
    assert!(errors[0].abs() < 1e-5 && (errors[1] / errors[0] - 0.25).abs() < 0.01, "{errors:?}");
}

/// Reference values 2.3: ten claims expected, occurrence limit 100, layers of the annual aggregate. The table is that
/// of rounding to buckets of 1/512 (which is why the VaR is a multiple of that, and why the mean of the Pareto row is
/// 3e-6 below the exact 1000/101); by local moments the mean is the exact one.
#[test]
fn layers_of_the_annual_aggregate() {
    let models = [
        (
            Frequency::Poisson { mean: 10.0 },
            Severity::Lognormal { mu: 0.0, sigma: 1.5 },
            [30.07954337, 136.0039, 142.7002066, 16.79274980, 9.449873978, 3.246302756],
        ),
        (
            Frequency::mixed_poisson(10.0, 0.5),
            Severity::Pareto { shape: 2.0, scale: 1.0 },
            [9.900986920, 58.9453, 67.31974914, 8.750140629, 0.9732858596, 0.1619383383],
        ),
    ];
    let grid = Grid::new(1.0 / 512.0, 1 << 18).unwrap();
    for (counts, severity, expected) in models {
        let claim = Claim::layer(severity, 100.0, 0.0).unwrap();
        let figures = |how| {
            let total = Aggregate::compound(&counts, &claim, grid, how, transform()).unwrap();
            let (points, p) = total.outcomes();
            [
                points.iter().zip(&p).map(|(x, p)| x * p).sum(),
                total.value_at_risk(0.995).unwrap(),
                total.expected_shortfall(0.99).unwrap(),
                total.layer(20.0, 0.0),
                total.layer(30.0, 20.0),
                total.layer(50.0, 50.0),
            ]
        };
        let allowed = [1e-9, 1e-6, 1e-8, 1e-9, 1e-9, 1e-9];
        for ((x, expected), allowed) in figures(Discretisation::Rounding).iter().zip(expected).zip(allowed) {
            assert!((x / expected - 1.0).abs() < allowed, "{counts:?}: {x}, {expected}");
        }
        let matched = figures(Discretisation::LocalMoments);
        assert!((matched[0] / (10.0 * claim.moments().0) - 1.0).abs() < 1e-10, "{matched:?}");
        for (x, expected) in matched.iter().zip(expected) {
            assert!((x / expected - 1.0).abs() < 1e-6, "{counts:?}: {x}, {expected}");
        }
    }
}
