//! Allocation of capital: adds up, agrees with the Gaussian Euler allocation and with printed examples.

use seawall_actuary::{
    capital::{
        Distortion, DistortionError, allocate_expected_shortfall, allocate_weighted_shortfall,
        constant_cost_price,
    },
    loss::{LossStatistics, StatisticsError},
    random::Stream,
};

/// Allocation of ES99 of Gaussian lines, standard deviations 10, 20, 30, correlations .5, .2, .3 (reference
/// values 5, closed form).
#[test]
fn gaussian_lines_get_their_euler_share() {
    let deviations = [10.0, 20.0, 30.0];
    let (r12, r13, r23): (f64, f64, f64) = (0.5, 0.2, 0.3);
    let l22 = (1.0 - r12 * r12).sqrt();
    let l32 = (r23 - r12 * r13) / l22;
    let l33 = (1.0 - r13 * r13 - l32 * l32).sqrt();
    let mut random = Stream::new(2024, 0, 0);
    let mut lines = vec![Vec::new(); 3];
    for _ in 0..400_000 {
        let [a, b, c] = [random.normal(), random.normal(), random.normal()];
        lines[0].push(deviations[0] * a);
        lines[1].push(deviations[1] * (r12 * a + l22 * b));
        lines[2].push(deviations[2] * (r13 * a + l32 * b + l33 * c));
    }
    let allocation = allocate_expected_shortfall(&lines, 0.99).unwrap();
    let expected = [15.1940587833152, 39.7383075871321, 66.6201038960745];
    for (part, expected) in allocation.lines.iter().zip(expected) {
        assert!((part.value - expected).abs() < 3.5 * part.standard_error, "{part:?}, {expected}");
        assert!(part.standard_error < 0.015 * expected.max(40.0), "{part:?}");
    }
    let pool = allocation.pool.expected_shortfall;
    assert!((pool.value - 121.552470266522).abs() < 3.5 * pool.standard_error, "{pool:?}");
    let sum: f64 = allocation.lines.iter().map(|e| e.value).sum();
    assert!((sum - pool.value).abs() < 1e-12 * pool.value);
}

/// The spread of the parts over independent samples is what their standard errors say, within a fifth.
#[test]
fn standard_errors_of_the_parts_are_their_spread() {
    let runs = 300;
    let (mut parts, mut errors) = (vec![Vec::new(); 2], [0.0; 2]);
    for run in 0..runs {
        let mut random = Stream::new(run, 3, 0);
        let mut lines = vec![Vec::new(); 2];
        for _ in 0..6000 {
            let common = random.exponential();
            lines[0].push(2.0 * common + 0.2 * random.exponential());
            lines[1].push(common + random.exponential());
        }
        let allocation = allocate_expected_shortfall(&lines, 0.95).unwrap();
        for ((column, error), part) in parts.iter_mut().zip(&mut errors).zip(&allocation.lines) {
            column.push(part.value);
            *error += part.standard_error / runs as f64;
        }
    }
    for (line, (column, error)) in parts.iter().zip(errors).enumerate() {
        let spread = LossStatistics::of(column, 0.5).unwrap().deviation.value;
        assert!((error / spread - 1.0).abs() < 0.2, "line {line}: error {error}, spread {spread}");
    }
}

/// Heavy ties: most paths lose nothing, others a few round amounts.
fn tied_lines(seed: u64) -> Vec<Vec<f64>> {
    let mut random = Stream::new(seed, 0, 0);
    let paths = 50 + (random.uniform() * 2000.0) as usize;
    let rare = random.uniform();
    (0..1 + seed as usize % 5)
        .map(|_| {
            (0..paths)
                .map(|_| if random.uniform() < rare { 0.0 } else { (random.uniform() * 6.0).floor() * 0.7 })
                .collect()
        })
        .collect()
}

#[test]
fn parts_add_up_with_ties_and_do_not_depend_on_the_order_of_paths() {
    for seed in 0..600 {
        let lines = tied_lines(seed);
        for level in [0.5, 0.9, 0.99, 0.9973] {
            let allocation = allocate_expected_shortfall(&lines, level).unwrap();
            let pool = allocation.pool.expected_shortfall.value;
            let sum: f64 = allocation.lines.iter().map(|e| e.value).sum();
            assert!((sum - pool).abs() <= 1e-12 * pool, "seed {seed}, level {level}: {sum}, {pool}");
            let reversed: Vec<Vec<f64>> =
                lines.iter().map(|line| line.iter().rev().copied().collect()).collect();
            let other = allocate_expected_shortfall(&reversed, level).unwrap();
            for (a, b) in allocation.lines.iter().zip(&other.lines) {
                assert!((a.value - b.value).abs() <= 1e-12 * pool, "seed {seed}, level {level}");
            }
        }
    }
}

#[test]
fn equal_lines_get_equal_parts_and_an_idle_line_nothing() {
    let loss = tied_lines(1).remove(0);
    let idle = vec![0.0; loss.len()];
    let allocation = allocate_expected_shortfall(&[loss.clone(), idle, loss], 0.95).unwrap();
    assert_eq!(allocation.lines[0], allocation.lines[2]);
    assert_eq!(allocation.lines[1].value, 0.0);
}

/// The discrete example of Mildenhall and Major (reference values 5): X1 in {0, 8, 10}, X2 in {0, 1, 90},
/// independent, p = (1/2, 1/4, 1/4).
#[test]
fn natural_allocation_of_the_discrete_example() {
    let (first, second, p) = ([0.0, 8.0, 10.0], [0.0, 1.0, 90.0], [0.5, 0.25, 0.25]);
    let mut lines = [Vec::new(), Vec::new()];
    let mut probabilities = Vec::new();
    for i in 0..3 {
        for j in 0..3 {
            lines[0].push(first[i]);
            lines[1].push(second[j]);
            probabilities.push(p[i] * p[j]);
        }
    }
    let cost = Distortion::ConstantCost { iota: 0.10 };
    let parts = cost.natural_allocation(&lines, &probabilities).unwrap();
    assert!((parts[0] - 5.0).abs() < 1e-12 && (parts[1] - 28.8636363636364).abs() < 1e-10, "{parts:?}");
    let total: Vec<f64> = lines[0].iter().zip(&lines[1]).map(|(a, b)| a + b).collect();
    let price = cost.price(&total, &probabilities).unwrap();
    assert!((price - 33.8636363636364).abs() < 1e-10);
    assert!((price - constant_cost_price(4.5 + 22.75, 100.0, 0.10)).abs() < 1e-12);
}

/// On equally likely samples the expected-shortfall distortion is the co-measure.
#[test]
fn both_allocations_of_the_expected_shortfall_agree() {
    for seed in 0..100 {
        let lines = tied_lines(seed);
        let n = lines[0].len();
        let probabilities = vec![1.0 / n as f64; n];
        let level = 0.93;
        let distortion = Distortion::ExpectedShortfall { level };
        let parts = distortion.natural_allocation(&lines, &probabilities).unwrap();
        let allocation = allocate_expected_shortfall(&lines, level).unwrap();
        let near = 1e-9 * (1.0 + allocation.pool.expected_shortfall.value);
        for (a, b) in parts.iter().zip(&allocation.lines) {
            assert!((a - b.value).abs() < near, "seed {seed}: {a}, {b:?}");
        }
    }
}

/// Weights are probabilities: with weights that average to one the co-measure is the natural allocation under
/// the expected-shortfall distortion of outcomes with those probabilities.
#[test]
fn weighted_allocation_is_that_of_weighted_outcomes() {
    for seed in 0..100 {
        let lines = tied_lines(seed);
        let n = lines[0].len() as f64;
        let mut random = Stream::new(seed, 8, 0);
        let raw: Vec<f64> = lines[0].iter().map(|_| 0.1 + random.exponential()).collect();
        let total: f64 = raw.iter().sum();
        let weights: Vec<f64> = raw.iter().map(|w| w * n / total).collect();
        let probabilities: Vec<f64> = raw.iter().map(|w| w / total).collect();
        let distortion = Distortion::ExpectedShortfall { level: 0.93 };
        let parts = distortion.natural_allocation(&lines, &probabilities).unwrap();
        let allocation = allocate_weighted_shortfall(&lines, &weights, 0.93).unwrap();
        let pool = allocation.pool.expected_shortfall.value;
        for (a, b) in parts.iter().zip(&allocation.lines) {
            assert!((a - b.value).abs() < 1e-9 * (1.0 + pool), "seed {seed}: {a}, {b:?}");
        }
        let sum: f64 = allocation.lines.iter().map(|e| e.value).sum();
        assert!((sum - pool).abs() <= 1e-12 * pool, "seed {seed}: {sum}, {pool}");
        assert!(allocate_weighted_shortfall(&lines, &weights[1..], 0.93).is_err());
    }
}

/// Prices of continuous risks as the integral of the distorted survival function (reference values 5).
#[test]
fn distorted_prices_of_continuous_risks() {
    let integral = |distortion: Distortion, survival: fn(f64) -> f64, from: f64, to: f64| {
        let n = 20_000;
        let h = (to - from) / f64::from(n);
        let weight = |i: i32| if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
        let g = |i: i32| weight(i) * distortion.apply(survival(from + h * f64::from(i)));
        (0..=n).map(g).sum::<f64>() * h / 3.0
    };
    let cost = Distortion::ConstantCost { iota: 0.1 };
    let limit = libm::log(100.0);
    let exponential = |x: f64| libm::exp(-x);
    assert!((integral(cost, exponential, 0.0, limit) - 1.31865183508983).abs() < 1e-12);
    assert!((constant_cost_price(0.99, limit, 0.1) - 1.31865183508983).abs() < 1e-13);
    let hazard = |rho| Distortion::ProportionalHazard { rho };
    assert!((integral(hazard(1.25), |x| libm::exp(-x / 1000.0), 0.0, 60_000.0) - 1250.0).abs() < 1e-6);
    let pareto = |x: f64| 1.0 / ((1.0 + x) * (1.0 + x));
    assert!((integral(hazard(1.5), pareto, 1.0, 9.0) - 0.988624927868466).abs() < 1e-12);
}

#[test]
fn refuses_what_cannot_be_allocated() {
    let none: [Vec<f64>; 0] = [];
    assert_eq!(allocate_expected_shortfall(&none, 0.99), Err(StatisticsError::Empty));
    assert!(matches!(
        allocate_expected_shortfall(&[vec![1.0, 2.0], vec![1.0]], 0.5),
        Err(StatisticsError::Length { line: 1, length: 1, expected: 2 })
    ));
    assert!(matches!(
        allocate_expected_shortfall(&[vec![1.0, f64::INFINITY]], 0.5),
        Err(StatisticsError::NotFinite { index: 1, .. })
    ));
    assert_eq!(allocate_expected_shortfall(&[vec![1.0]], 0.0), Err(StatisticsError::Level(0.0)));
    let cost = Distortion::ConstantCost { iota: -0.1 };
    assert!(matches!(cost.price(&[1.0], &[1.0]), Err(DistortionError::Parameter { .. })));
    let cost = Distortion::ConstantCost { iota: 0.1 };
    assert!(matches!(
        cost.price(&[1.0, 2.0], &[0.5, 0.4]),
        Err(DistortionError::Outcomes(StatisticsError::Probabilities(_)))
    ));
}
