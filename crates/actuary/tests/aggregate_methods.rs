//! Transform = recursion = convolution = simulation; aliasing; independence of the number of threads.

use seawall_actuary::{
    aggregate::{
        Aggregate, AggregateError, Claim, Discretisation, Empirical, Frequency, Grid, Method, Severity,
        Transform, TransformTerms, fourier::RealFourier, recursion::panjer, simulate,
    },
    loss::{LossStatistics, tail_loss},
    math::pareto::GeneralisedPareto,
    random::Stream,
};

fn frequencies() -> Vec<Frequency> {
    vec![
        Frequency::Poisson { mean: 3.0 },
        Frequency::NegativeBinomial { mean: 4.0, size: 1.7 },
        Frequency::Binomial { trials: 9, probability: 0.4 },
        Frequency::Table(vec![0.5, 0.1, 0.2, 0.0, 0.2]),
    ]
}

fn severities() -> Vec<Severity> {
    vec![
        Severity::Exponential { mean: 2.0 },
        Severity::Gamma { shape: 0.6, scale: 3.0 },
        Severity::Lognormal { mu: 0.1, sigma: 1.2 },
        Severity::Pareto { shape: 2.5, scale: 3.0 },
        Severity::Excess(GeneralisedPareto { shape: 0.4, scale: 1.0 }),
        Severity::Beta { a: 0.5, b: 2.0, scale: 10.0 },
        Severity::Empirical(Empirical::of_sample(&[0.3, 1.0, 1.0, 2.7, 8.0]).unwrap()),
    ]
}

#[test]
fn the_methods_agree() {
    let grid = Grid::new(0.25, 512).unwrap();
    for frequency in frequencies() {
        for severity in severities() {
            for (limit, deductible) in [(f64::INFINITY, 0.0), (6.0, 0.5)] {
                let claim = Claim::layer(severity.clone(), limit, deductible).unwrap();
                for how in [Discretisation::Rounding, Discretisation::LocalMoments] {
                    let by = |method| Aggregate::compound(&frequency, &claim, grid, how, method);
                    let plain = by(Method::Convolution).unwrap();
                    let mut others = vec![by(Method::Transform(TransformTerms::default())).unwrap()];
                    if frequency.recursion().is_some() {
                        others.push(by(Method::Recursion).unwrap());
                    }
                    for other in others {
                        for (p, q) in plain.probabilities().iter().zip(other.probabilities()) {
                            // What wraps around is e^-16 of what lies beyond two grids.
                            assert!((p - q).abs() < 1e-11, "{frequency:?} {claim:?} {how:?}: {p} {q}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn simulation_agrees_with_the_grid() {
    let grid = Grid::new(1.0 / 64.0, 1 << 14).unwrap();
    for (index, frequency) in frequencies().into_iter().enumerate() {
        for (other, severity) in severities().into_iter().enumerate() {
            let claim = Claim::layer(severity, 12.0, 0.25).unwrap();
            let total = Aggregate::compound(
                &frequency,
                &claim,
                grid,
                Discretisation::LocalMoments,
                Method::Transform(TransformTerms::default()),
            )
            .unwrap();
            let losses = simulate(&frequency, &claim, 40_000, (100 * index + other) as u64).unwrap();
            let sample = LossStatistics::of(&losses, 0.99).unwrap();
            for (name, estimate, exact) in [
                ("mean", sample.mean, total.mean()),
                ("deviation", sample.deviation, total.deviation()),
                ("ES", sample.tail.expected_shortfall, total.expected_shortfall(0.99).unwrap()),
            ] {
                let gap = (estimate.value - exact).abs();
                let allowed = 4.5 * estimate.standard_error + 1e-9;
                assert!(gap < allowed, "{name} of {frequency:?} {claim:?}: {estimate:?} {exact}");
            }
        }
    }
}

/// The standard errors are not only large enough: over many seeds they cover at their rate.
#[test]
fn simulation_covers_the_exact_mean_at_the_stated_rate() {
    let claim = Claim::layer(Severity::Pareto { shape: 2.5, scale: 3.0 }, 20.0, 0.0).unwrap();
    let frequency = Frequency::NegativeBinomial { mean: 2.0, size: 1.0 };
    let exact = 2.0 * claim.moments().0;
    let covered = (0..400)
        .filter(|seed| {
            let losses = simulate(&frequency, &claim, 2_000, *seed).unwrap();
            let mean = LossStatistics::of(&losses, 0.9).unwrap().mean;
            (mean.value - exact).abs() < 1.96 * mean.standard_error
        })
        .count();
    assert!((365..=393).contains(&covered), "{covered} of 400");
}

#[test]
fn the_simulation_has_the_same_bits_for_any_number_of_threads() {
    let claim = Claim::ground_up(Severity::Gamma { shape: 2.0, scale: 1.0 }).unwrap();
    let frequency = Frequency::Poisson { mean: 4.0 };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| simulate(&frequency, &claim, 5_000, 9).unwrap())
    };
    assert_eq!(run(1), run(3));
}

/// A grid that holds a third of the probability: unpadded and without tilting, what lies beyond it comes back at
/// its beginning; each remedy removes it.
#[test]
fn aliasing_is_seen_and_removed() {
    let frequency = Frequency::Poisson { mean: 40.0 };
    let claim = Claim::ground_up(Severity::Exponential { mean: 1.0 }).unwrap();
    let grid = Grid::new(0.25, 128).unwrap();
    let severity = claim.discretised(&grid, Discretisation::Rounding);
    let exact = panjer(&frequency, &severity, 128).unwrap();
    let error = |padding, tilt| {
        let transform = Transform::new(128, TransformTerms { padding, tilt }).unwrap();
        let p = transform.compound(&frequency, &severity).unwrap();
        p.iter().zip(&exact).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max)
    };
    let covered: f64 = exact.iter().sum();
    assert!(covered < 0.35, "{covered}");
    assert!(error(1, 0.0) > 5e-3, "{}", error(1, 0.0));
    assert!(error(4, 0.0) < 1e-12, "{}", error(4, 0.0));
    assert!(error(1, 20.0) < 1e-8, "{}", error(1, 20.0));
    // Padding alone leaves what lies beyond two grids; tilting takes e^-16 of that.
    let both = error(2, 16.0);
    assert!(error(2, 0.0) > 1e-4 && both < libm::exp(-16.0) * error(2, 0.0) + 1e-12, "{both}");
    // The defect of the grid is reported, not hidden.
    let total = Aggregate::compound(
        &frequency,
        &claim,
        grid,
        Discretisation::Rounding,
        Method::Transform(TransformTerms::default()),
    )
    .unwrap();
    // All that wraps around once is multiplied by e^-16, and it is less than everything.
    assert!((total.covered() - covered).abs() < libm::exp(-16.0));
    assert!(matches!(total.value_at_risk(0.99), Err(AggregateError::Beyond { .. })));
}

/// e^-2000 is no number, yet the recursion starts from it.
#[test]
fn the_recursion_survives_a_start_below_the_smallest_number() {
    let frequency = Frequency::Poisson { mean: 2_000.0 };
    let totals = panjer(&frequency, &[0.0, 0.5, 0.5], 4_096).unwrap();
    let mass: f64 = totals.iter().sum();
    let mean: f64 = totals.iter().enumerate().map(|(j, p)| j as f64 * p).sum();
    assert!((mass - 1.0).abs() < 1e-9, "{mass}");
    assert!((mean - 3_000.0).abs() < 1e-6, "{mean}");
    let transform = Transform::new(4_096, TransformTerms::default()).unwrap();
    let other = transform.compound(&frequency, &[0.0, 0.5, 0.5]).unwrap();
    assert!(totals.iter().zip(&other).all(|(p, q)| (p - q).abs() < 1e-11));
}

/// The transform against the library that is usual for it.
#[test]
fn our_transform_is_that_of_the_library() {
    for power in 2..=17 {
        let length = 1 << power;
        let mut random = Stream::new(power, 0, 0);
        let values: Vec<f64> = (0..length).map(|_| random.normal()).collect();
        let library = realfft::RealFftPlanner::<f64>::new().plan_fft_forward(length);
        let mut expected = library.make_output_vec();
        library.process(&mut values.clone(), &mut expected).unwrap();
        let plan = RealFourier::new(length);
        let found = plan.forward(&values);
        let scale = (length as f64).sqrt();
        for (k, e) in expected.iter().enumerate() {
            let gap = (found.re[k] - e.re).abs().max((found.im[k] - e.im).abs());
            assert!(gap < 2e-14 * scale, "length {length}, {k}: {gap}");
        }
        let back = plan.inverse(found);
        assert!(back.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-14));
    }
}

/// Event peril added to simulated losses: by transform, and path by path.
#[test]
fn peril_is_added_to_simulated_losses() {
    let frequency = Frequency::NegativeBinomial { mean: 0.3, size: 0.8 };
    let claim = Claim::layer(Severity::Beta { a: 0.7, b: 2.0, scale: 40.0 }, 30.0, 0.0).unwrap();
    let grid = Grid::new(1.0 / 32.0, 1 << 14).unwrap();
    let terms = TransformTerms::default();
    let peril =
        Aggregate::compound(&frequency, &claim, grid, Discretisation::LocalMoments, Method::Transform(terms))
            .unwrap();
    let mut random = Stream::new(4, 0, 0);
    let market: Vec<f64> = (0..30_000).map(|_| (3.0 * random.exponential() - 2.0).max(0.0)).collect();
    let sum = Aggregate::of_sample(&market, grid).unwrap().convolve(&peril, terms).unwrap();
    let market_mean = market.iter().sum::<f64>() / market.len() as f64;
    assert!((sum.mean() - market_mean - peril.mean()).abs() < 1e-12);
    assert!((sum.covered() - 1.0).abs() < 1e-10);
    // The exact distribution function of the sum is the average of the peril's, moved by each loss.
    for x in [0.0, 5.0, 20.0, 33.0] {
        let average = |offset: f64| {
            market
                .iter()
                .map(|m| if *m > x + offset { 0.0 } else { peril.distribution(x + offset - m) })
                .sum::<f64>()
                / market.len() as f64
        };
        let found = sum.distribution(x);
        assert!(average(-0.04) <= found && found <= average(0.04), "{x}: {found}");
    }
    let added: Vec<f64> = simulate(&frequency, &claim, market.len(), 5)
        .unwrap()
        .iter()
        .zip(&market)
        .map(|(a, b)| a + b)
        .collect();
    let quantile = tail_loss(&added, &[0.01]).unwrap()[0];
    let exact = sum.value_at_risk(0.99).unwrap();
    assert!((quantile.value - exact).abs() < 4.0 * quantile.standard_error, "{quantile:?}, {exact}");
    let other = Aggregate::of_sample(&market, Grid::new(1.0, 64).unwrap()).unwrap();
    assert!(matches!(sum.convolve(&other, terms), Err(AggregateError::Bucket { .. })));
    assert!(matches!(Aggregate::of_sample(&[1.0, -2.0], grid), Err(AggregateError::Loss { index: 1, .. })));
    assert!(Aggregate::of_sample(&[], grid).is_err());
}

#[test]
fn layers_add_up_and_stop_loss_falls() {
    let claim = Claim::ground_up(Severity::Lognormal { mu: 1.0, sigma: 1.5 }).unwrap();
    let total = Aggregate::compound(
        &Frequency::Poisson { mean: 2.0 },
        &claim,
        Grid::new(0.25, 1 << 12).unwrap(),
        Discretisation::Rounding,
        Method::Transform(TransformTerms::default()),
    )
    .unwrap();
    let cuts = [0.0, 3.1, 10.0, 77.7, 500.0];
    let layers: f64 = cuts.windows(2).map(|w| total.layer(w[1] - w[0], w[0])).sum();
    assert!((layers - total.layer(500.0, 0.0)).abs() < 1e-11);
    assert!(cuts.windows(2).all(|w| total.stop_loss(w[1]) < total.stop_loss(w[0])));
    assert!((total.layer(500.0, 0.0) + total.stop_loss(500.0) - total.stop_loss(0.0)).abs() < 1e-11);
}

#[test]
fn refuses_what_cannot_be_calculated() {
    let grid = Grid::new(1.0, 16).unwrap();
    let infinite = Claim::ground_up(Severity::Pareto { shape: 0.9, scale: 1.0 }).unwrap();
    let frequency = Frequency::Poisson { mean: 1.0 };
    let by = |frequency: &Frequency, claim: &Claim, terms| {
        Aggregate::compound(frequency, claim, grid, Discretisation::Rounding, Method::Transform(terms))
    };
    let terms = TransformTerms::default();
    assert_eq!(by(&frequency, &infinite, terms), Err(AggregateError::InfiniteMean));
    let claim = Claim::ground_up(Severity::Exponential { mean: 1.0 }).unwrap();
    assert!(by(&Frequency::Poisson { mean: -1.0 }, &claim, terms).is_err());
    assert!(by(&frequency, &claim, TransformTerms { padding: 0, tilt: 0.0 }).is_err());
    assert!(by(&frequency, &claim, TransformTerms { padding: 1, tilt: f64::NAN }).is_err());
    assert!(by(&frequency, &claim, terms).unwrap().value_at_risk(1.0).is_err());
    assert!(Aggregate::compound_discrete(&frequency, &[0.5, 0.2], grid, Method::Recursion).is_err());
    assert!(simulate(&Frequency::Table(vec![]), &claim, 10, 0).is_err());
}
