//! Statistics of columns: reference distributions, coverage of the standard errors, weights.

use seawall_actuary::{
    loss::{LossStatistics, WeightedStatistics, exceedance_probability, tail_loss, weighted_tails},
    premium::{LayerLevels, propose_layers, propose_weighted_layers},
    random::Stream,
};

fn normals(seed: u64, count: usize) -> Vec<f64> {
    let mut random = Stream::new(seed, 0, 0);
    (0..count).map(|_| random.normal()).collect()
}

/// Reference values 5: N(0,1) and LN(0,1), within four standard errors that are themselves small.
#[test]
fn tail_figures_of_known_distributions() {
    let normal = normals(1, 400_000);
    let lognormal: Vec<f64> = normal.iter().map(|&x| libm::exp(x)).collect();
    for (losses, level, value_at_risk, shortfall) in [
        (&normal, 0.995, 2.57582930354890, 2.89194860538348),
        (&lognormal, 0.99, 10.2404736563121, 15.2279603008781),
    ] {
        let tail = LossStatistics::of(losses, level).unwrap().tail;
        for (estimate, expected) in
            [(tail.value_at_risk, value_at_risk), (tail.expected_shortfall, shortfall)]
        {
            assert!((estimate.value - expected).abs() < 4.0 * estimate.standard_error, "{estimate:?}");
            assert!(estimate.standard_error < 0.02 * expected, "{estimate:?}");
        }
        assert!(!tail.thin);
    }
}

/// Over many seeds, the interval of two standard errors covers the truth about 95 times in a hundred.
#[test]
fn standard_errors_cover_at_the_stated_rate() {
    let seeds = 400;
    let mut covered = [0_u32; 5];
    for seed in 0..seeds {
        let mut random = Stream::new(1000 + seed, 0, 0);
        let losses: Vec<f64> = (0..8000).map(|_| random.exponential()).collect();
        let s = LossStatistics::of(&losses, 0.95).unwrap();
        let above = exceedance_probability(&losses, &[2.0]).unwrap()[0];
        let quantile = libm::log(20.0);
        let figures = [
            (s.mean, 1.0),
            (s.deviation, 1.0),
            (s.tail.value_at_risk, quantile),
            (s.tail.expected_shortfall, quantile + 1.0),
            (above, libm::exp(-2.0)),
        ];
        for (count, (estimate, truth)) in covered.iter_mut().zip(figures) {
            *count += u32::from((estimate.value - truth).abs() < 1.96 * estimate.standard_error);
        }
    }
    for (name, count) in ["mean", "deviation", "VaR", "ES", "exceedance"].iter().zip(covered) {
        let rate = f64::from(count) / seeds as f64;
        assert!((0.91..0.985).contains(&rate), "{name}: {rate}");
    }
}

#[test]
fn the_exceedance_curve_falls() {
    let losses = normals(3, 20_000);
    let curve = tail_loss(&losses, &[0.2, 0.1, 0.05, 0.01, 0.004]).unwrap();
    assert!(curve.windows(2).all(|w| w[0].value < w[1].value));
    assert!(tail_loss(&losses, &[0.0]).is_err());
    let amounts: Vec<f64> = curve.iter().map(|e| e.value).collect();
    let back = exceedance_probability(&losses, &amounts).unwrap();
    assert!(
        back.iter().zip([0.2, 0.1, 0.05, 0.01, 0.004]).all(|(e, p)| (e.value - p).abs() <= 1.0 / 20_000.0)
    );
}

/// A loss with many ties at nothing and elsewhere.
fn tied(seed: u64, count: usize) -> Vec<f64> {
    let mut random = Stream::new(seed, 4, 0);
    (0..count)
        .map(|_| {
            let u = random.uniform();
            if u < 0.7 { 0.0 } else { (40.0 * u * random.exponential()).floor() / 4.0 }
        })
        .collect()
}

#[test]
fn weights_of_one_change_nothing() {
    for seed in 0..60 {
        let count = 400 + 97 * seed as usize;
        let losses = if seed % 2 == 0 { tied(seed, count) } else { normals(seed, count) };
        let ones = vec![1.0; count];
        for level in [0.6, 0.9, 0.99] {
            let plain = LossStatistics::of(&losses, level).unwrap();
            let weighted = WeightedStatistics::of(&losses, &ones, level).unwrap();
            let tail = weighted_tails(&losses, &ones, &[level]).unwrap()[0];
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1e-3 + a.abs());
            assert_eq!(tail.value_at_risk.value, plain.tail.value_at_risk.value, "seed {seed}, {level}");
            assert_eq!(
                (tail.samples, tail.thin),
                (plain.tail.samples, plain.tail.thin),
                "seed {seed}, {level}"
            );
            // One sample may be in the tail in part.
            assert!((tail.effective_samples - plain.tail.samples as f64).abs() < 1.0);
            for (a, b) in
                [(weighted.mean, plain.mean), (weighted.expected_shortfall, plain.tail.expected_shortfall)]
            {
                let close = (a.standard_error - b.standard_error).abs() <= b.standard_error / count as f64;
                assert!(near(a.value, b.value) && close, "seed {seed}, {level}: {a:?} {b:?}");
            }
            assert!((weighted.mean_reduction - 1.0).abs() < 2.0 / count as f64);
            assert!((weighted.shortfall_reduction - 1.0).abs() < 2.0 / count as f64);
            assert!(near(weighted.effective_samples, count as f64));
        }
    }
    // The errors of VaR count ranks in whole samples there and by weight here.
    let losses = normals(5, 100_000);
    for level in [0.9, 0.99] {
        let plain = LossStatistics::of(&losses, level).unwrap().tail.value_at_risk.standard_error;
        let weighted = weighted_tails(&losses, &vec![1.0; 100_000], &[level]).unwrap()[0].value_at_risk;
        assert!((weighted.standard_error / plain - 1.0).abs() < 0.05, "{weighted:?} {plain}");
    }
}

/// A sample of whole weights is the sample in which each loss stands as many times.
#[test]
fn a_weight_of_two_is_a_loss_twice() {
    let losses = normals(8, 3000);
    let mut random = Stream::new(9, 0, 0);
    let mut weights: Vec<f64> = losses.iter().map(|_| (3.0 * random.uniform()).floor()).collect();
    let copies = |weights: &[f64]| -> Vec<f64> {
        let repeated = losses.iter().zip(weights).flat_map(|(&x, &w)| std::iter::repeat_n(x, w as usize));
        repeated.collect()
    };
    // As many copies as losses, so that the weights average to one.
    let mut index = 0;
    while copies(&weights).len() != losses.len() {
        weights[index] += if copies(&weights).len() < losses.len() { 1.0 } else { -weights[index].min(1.0) };
        index += 1;
    }
    let repeated = copies(&weights);
    for level in [0.5, 0.9, 0.97] {
        let tail = weighted_tails(&losses, &weights, &[level]).unwrap()[0];
        let expected = LossStatistics::of(&repeated, level).unwrap().tail;
        assert_eq!(tail.value_at_risk.value, expected.value_at_risk.value);
        let (a, b) = (tail.expected_shortfall.value, expected.expected_shortfall.value);
        assert!((a - b).abs() < 1e-12, "{a} {b}");
        assert!(tail.effective_samples < expected.effective_samples);
    }
    let levels = LayerLevels { deductible: Some(0.5), reserve: 0.9, tranches: vec![0.97, 0.99] };
    let (found, expected) = (
        propose_weighted_layers(&losses, &weights, &levels).unwrap(),
        propose_layers(&repeated, &levels).unwrap(),
    );
    assert_eq!((found.reserve, &found.tranches), (expected.reserve, &expected.tranches));
    assert!(found.thin && propose_weighted_layers(&losses, &weights[1..], &levels).is_err());
}
