//! Risk measures, premium principles, allocation and the large pool against closed forms (C: to 12 digits and more).

use seawall_actuary::{
    aggregate::{Aggregate, Claim, Discretisation, Frequency, Grid, Method, Severity, TransformTerms},
    capital::{
        Distortion, DistortionError, Parametric, Principle, VasicekPool, constant_cost_price,
        gaussian_shortfall_allocation, layer_price,
    },
    loss::Tail,
    math::{normal, quadrature},
};

const STANDARD: Parametric = Parametric::Normal { mean: 0.0, deviation: 1.0 };
const STUDENT_4: Parametric = Parametric::Student { degrees: 4.0, location: 0.0, scale: 1.0 };

fn close(found: f64, expected: f64, allowed: f64) {
    assert!((found / expected - 1.0).abs() < allowed, "{found} {expected}");
}

/// N(0,1), t4, LN(0,1) and Pareto II(3,1) (reference: McNeil, Frey, Embrechts, 2.3, evaluated in closed form).
#[test]
fn risk_measures_in_closed_form() {
    close(STANDARD.value_at_risk(0.995).unwrap(), 2.57582930354890, 1e-13);
    close(STANDARD.expected_shortfall(0.995).unwrap(), 2.89194860538348, 1e-13);
    close(STUDENT_4.value_at_risk(0.99).unwrap(), 3.74694738797920, 1e-12);
    close(STUDENT_4.expected_shortfall(0.99).unwrap(), 5.22058419449222, 1e-12);
    close(STUDENT_4.value_at_risk(0.01).unwrap(), -3.74694738797920, 1e-12);
    let lognormal = Severity::Lognormal { mu: 0.0, sigma: 1.0 };
    close(lognormal.expected_shortfall(0.99), 15.2279603008781, 1e-12);
    let pareto = Severity::Pareto { shape: 3.0, scale: 1.0 };
    close(pareto.value_at_risk(0.99), 3.64158883361278, 1e-13);
    close(pareto.expected_shortfall(0.99), 5.96238325041917, 1e-13);
    // The t quantile at any degree: 2 and 1 have elementary ones.
    for level in [0.6, 0.9, 0.999] {
        let t = |degrees| {
            Parametric::Student { degrees, location: 1.0, scale: 2.0 }.value_at_risk(level).unwrap()
        };
        let x: f64 = 2.0 * level - 1.0;
        close(t(2.0), 1.0 + 2.0 * x * (2.0 / (1.0 - x * x)).sqrt(), 1e-12);
        close(t(1.0), 1.0 + 2.0 * libm::tan(core::f64::consts::PI * (level - 0.5)), 1e-11);
    }
    assert_eq!(
        Parametric::Student { degrees: 1.0, location: 0.0, scale: 1.0 }.expected_shortfall(0.9),
        Ok(f64::INFINITY)
    );
    assert!(STANDARD.value_at_risk(1.0).is_err() && STUDENT_4.expected_shortfall(f64::NAN).is_err());
}

/// The empirical measures, on a sample of equally spaced quantiles, and the shortfall as a distorted price: the same
/// numbers by two other ways.
#[test]
fn empirical_and_distorted_measures_agree_with_closed_form() {
    let lognormal = Severity::Lognormal { mu: 0.0, sigma: 1.0 };
    let pareto = Severity::Pareto { shape: 3.0, scale: 1.0 };
    let n = 1_000_000;
    for (severity, expected) in [(&lognormal, 15.2279603008781), (&pareto, 5.96238325041917)] {
        let sample: Vec<f64> = (0..n).map(|k| severity.at((f64::from(k) + 0.5) / f64::from(n))).collect();
        let tail = Tail::of_sorted(&sample, 0.99).unwrap();
        close(tail.expected_shortfall.value, expected, 1e-3);
        close(tail.value_at_risk.value, severity.value_at_risk(0.99), 1e-4);
        let shortfall = Distortion::ExpectedShortfall { level: 0.99 };
        let quantile = severity.value_at_risk(0.99);
        let below = layer_price(&shortfall, |x| severity.survival(x), quantile, 0.0).unwrap();
        let above = layer_price(&shortfall, |x| severity.survival(x), f64::INFINITY, quantile).unwrap();
        close(below, quantile, 1e-12);
        close(below + above, expected, 1e-9);
    }
}

#[test]
fn distorted_prices() {
    let exponential = |mean: f64| move |x: f64| libm::exp(-x / mean);
    let whole = |distortion, survival: &dyn Fn(f64) -> f64| {
        layer_price(&distortion, survival, f64::INFINITY, 0.0).unwrap()
    };
    close(whole(Distortion::ProportionalHazard { rho: 1.25 }, &exponential(1000.0)), 1250.0, 1e-11);
    let lognormal = |x: f64| normal::cdf(-libm::log(x));
    // e^(lambda sigma + sigma^2/2).
    close(whole(Distortion::Wang { lambda: 0.45 }, &lognormal), 2.58570965931585, 1e-11);
    let pareto = |x: f64| 1.0 / ((1.0 + x) * (1.0 + x));
    let layer = |distortion| layer_price(&distortion, pareto, 8.0, 1.0).unwrap();
    close(layer(Distortion::Wang { lambda: 0.0 }), 0.4, 1e-12);
    close(layer(Distortion::Wang { lambda: 0.2 }), 0.571594363849427, 1e-12);
    close(layer(Distortion::ProportionalHazard { rho: 1.5 }), 0.988624927868466, 1e-12);
    let cost = Distortion::ConstantCost { iota: 0.1 };
    let limit = libm::log(100.0);
    close(layer_price(&cost, exponential(1.0), limit, 0.0).unwrap(), 1.31865183508983, 1e-12);
    close(constant_cost_price(0.99, limit, 0.1), 1.31865183508983, 1e-13);
    assert!(layer_price(&cost, pareto, f64::NAN, 0.0).is_err());
    assert!(layer_price(&cost, pareto, 1.0, -1.0).is_err());
    assert!(layer_price(&Distortion::Wang { lambda: -0.1 }, pareto, 1.0, 0.0).is_err());
}

/// Esscher h = .1 on Exp(1): 1/(1 - h), by the integral over fine outcomes.
#[test]
fn esscher_of_the_exponential() {
    let weight = |x: f64| libm::exp(0.1 * x - x);
    let exact = quadrature::to_infinity(|x| x * weight(x), 0.0) / quadrature::to_infinity(weight, 0.0);
    close(exact, 1.11111111111111, 1e-11);
    let bucket = 1.0 / 512.0;
    let points: Vec<f64> = (0..40 * 512).map(|j| bucket * (f64::from(j) + 0.5)).collect();
    let mut p: Vec<f64> = points.iter().map(|x| libm::exp(-x) * 2.0 * libm::sinh(0.5 * bucket)).collect();
    let total: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= total);
    close(Principle::Esscher { h: 0.1 }.price(&points, &p).unwrap(), 1.11111111111111, 1e-6);
    // Far out the weights would overflow; the price is then the largest loss.
    close(Principle::Esscher { h: 1e3 }.price(&points, &p).unwrap(), 40.0, 0.01);
}

fn discrete_example() -> ([Vec<f64>; 2], Vec<f64>) {
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
    (lines, probabilities)
}

/// Mildenhall and Major, Pricing Insurance Risk (2022), the discrete example: premium 33.8636363636364 by every
/// principle, calibrated to it, and the natural allocation of each.
#[test]
fn natural_allocation_by_principle() {
    let (lines, p) = discrete_example();
    let cost = Principle::Distortion(Distortion::ConstantCost { iota: 0.10 });
    let parts = cost.allocate(&lines, &p).unwrap();
    close(parts[0], 5.0, 1e-13);
    close(parts[1], 28.86363636363636, 1e-13);
    let wang = Principle::Distortion(Distortion::Wang { lambda: 0.2013827148 });
    let parts = wang.allocate(&lines, &p).unwrap();
    assert!((parts[0] - 4.99544430).abs() < 1e-8 && (parts[1] - 28.86819207).abs() < 1e-8, "{parts:?}");
    close(parts[0] + parts[1], 33.8636363636364, 1e-9);
    let total: Vec<f64> = lines[0].iter().zip(&lines[1]).map(|(a, b)| a + b).collect();
    for principle in [
        cost,
        wang,
        Principle::Distortion(Distortion::ProportionalHazard { rho: 1.3 }),
        Principle::Distortion(Distortion::ExpectedShortfall { level: 0.6 }),
        Principle::Esscher { h: 0.004 },
        Principle::StandardDeviation { loading: 0.2 },
    ] {
        let parts = principle.allocate(&lines, &p).unwrap();
        let price = principle.price(&total, &p).unwrap();
        close(parts[0] + parts[1], price, 1e-13);
        assert!(price > 27.25, "{principle:?} loads");
    }
    // Standard deviation by hand: independent lines share it by variance.
    let variance = |x: [f64; 3]| {
        let mean = 0.5 * x[0] + 0.25 * (x[1] + x[2]);
        0.5 * (x[0] - mean).powi(2) + 0.25 * ((x[1] - mean).powi(2) + (x[2] - mean).powi(2))
    };
    let (a, b) = (variance([0.0, 8.0, 10.0]), variance([0.0, 1.0, 90.0]));
    let parts = Principle::StandardDeviation { loading: 0.2 }.allocate(&lines, &p).unwrap();
    close(parts[0], 4.5 + 0.2 * a / (a + b).sqrt(), 1e-13);
    close(parts[1], 22.75 + 0.2 * b / (a + b).sqrt(), 1e-13);
    // Esscher of independent lines is each line's own.
    let alone = Principle::Esscher { h: 0.004 }.price(&lines[0], &p).unwrap();
    close(Principle::Esscher { h: 0.004 }.allocate(&lines, &p).unwrap()[0], alone, 1e-13);
    for wrong in [Principle::Esscher { h: -1.0 }, Principle::StandardDeviation { loading: f64::NAN }] {
        assert!(matches!(wrong.allocate(&lines, &p), Err(DistortionError::Parameter { .. })));
    }
    assert!(Principle::Esscher { h: 1.0 }.price(&[1.0], &[0.5]).is_err());
}

/// Euler parts of ES99 of Gaussian lines, standard deviations 10, 20, 30, correlations .5, .2, .3.
#[test]
fn gaussian_euler_allocation() {
    let correlations = [1.0, 0.5, 0.2, 0.5, 1.0, 0.3, 0.2, 0.3, 1.0];
    let (total, parts) = gaussian_shortfall_allocation(&[10.0, 20.0, 30.0], &correlations, 0.99).unwrap();
    close(total, 121.552470266522, 1e-13);
    for (part, expected) in parts.iter().zip([15.1940587833152, 39.7383075871321, 66.6201038960745]) {
        close(*part, expected, 1e-13);
    }
    assert!(gaussian_shortfall_allocation(&[1.0], &[1.0, 0.0], 0.99).is_err());
    assert!(gaussian_shortfall_allocation(&[], &[], 0.99).is_err());
}

/// A principle on an aggregate's grid: constant cost of capital is (EL + iota a)/(1 + iota) of the layer's width.
#[test]
fn a_principle_prices_an_aggregate() {
    let claim = Claim::layer(Severity::Exponential { mean: 1.0 }, 5.0, 0.0).unwrap();
    let total = Aggregate::compound(
        &Frequency::Poisson { mean: 2.0 },
        &claim,
        Grid::new(1.0 / 32.0, 2048).unwrap(),
        Discretisation::LocalMoments,
        Method::Transform(TransformTerms::default()),
    )
    .unwrap();
    let (points, p) = total.outcomes();
    let layer: Vec<f64> = points.iter().map(|x| (x - 3.0).clamp(0.0, 4.0)).collect();
    let cost = Principle::Distortion(Distortion::ConstantCost { iota: 0.1 });
    close(cost.price(&layer, &p).unwrap(), constant_cost_price(total.layer(4.0, 3.0), 4.0, 0.1), 1e-9);
}

/// Tranches of a Vasicek large pool, PD 2 %, rho .2, LGD .6. Expected values: two integrals at thirty digits, over the
/// loss and over the factor, which agree to eighteen; a table in circulation (.334859205830011, .0404820269682046,
/// .00771932026743682) differs from them from the eighth decimal on.
#[test]
fn vasicek_tranches() {
    let pool = VasicekPool::new(0.02, 0.2, 0.6).unwrap();
    let tranches =
        [(0.0, 0.03, 0.334859254111494), (0.03, 0.07, 0.0404820090111023), (0.07, 0.10, 0.00771930236261277)];
    for (low, high, expected) in tranches {
        close(pool.tranche_loss(low, high).unwrap(), expected, 1e-11);
    }
    close(pool.tranche_loss(0.0, 1.0).unwrap(), 0.012, 1e-11);
    let quantile = pool.value_at_risk(0.999);
    close(pool.survival(quantile), 0.001, 1e-11);
    assert_eq!((pool.survival(-0.1), pool.survival(0.6), pool.tranche_loss(0.7, 0.8)), (1.0, 0.0, Ok(0.0)));
    assert!(VasicekPool::new(0.0, 0.2, 0.6).is_err() && VasicekPool::new(0.1, 1.0, 0.6).is_err());
    assert!(pool.tranche_loss(0.2, 0.1).is_err() && pool.tranche_loss(-0.1, 0.1).is_err());
}
