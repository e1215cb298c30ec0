//! Statistics and policy terms: reference distributions, coverage of the standard errors, exact sums.

use seawall_actuary::{
    loss::{
        Layers, LossStatistics, PolicyTerms, TermsError, exceedance_probability, layer_loss, policy_loss,
        tail_loss, waterfall,
    },
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

#[test]
fn a_policy_in_numbers() {
    let terms = PolicyTerms::new(10.0, 50.0, 0.2).unwrap();
    for (gross, parts) in
        [(4.0, [4.0, 0.0, 0.0, 0.0]), (30.0, [10.0, 0.0, 4.0, 16.0]), (100.0, [10.0, 40.0, 10.0, 40.0])]
    {
        let loss = policy_loss(&terms, gross);
        assert_eq!([loss.deductible, loss.over_limit, loss.coinsured, loss.pay], parts);
    }
    assert_eq!(PolicyTerms::new(0.0, 1.0, 1.1), Err(TermsError::Coinsurance(1.1)));
    assert!(PolicyTerms::new(-1.0, 1.0, 0.0).is_err() && PolicyTerms::new(0.0, f64::NAN, 0.0).is_err());
}

#[test]
fn layers_pay_from_the_reserve_upwards_and_share_pro_rata() {
    let layers = Layers::new(10.0, &[20.0, 30.0], 5.0).unwrap();
    let mut owed = [30.0, 0.0, 60.0];
    let mut taken = [0.0; 4];
    assert_eq!(waterfall(&layers, &mut owed, &mut taken), 25.0);
    assert_eq!(taken, [10.0, 20.0, 30.0, 5.0]);
    assert!((owed[0] - 25.0 / 3.0).abs() < 1e-12 && owed[1] == 0.0);
    let mut owed = [15.0, 0.0, 0.0];
    assert_eq!(waterfall(&layers, &mut owed, &mut taken), 0.0);
    assert_eq!(taken, [10.0, 5.0, 0.0, 0.0]);
    assert_eq!((layers.attachment(2), layers.name(2).as_str()), (30.0, "tranche 1"));
}

/// Sum of a ticket's parts = gross, to 1e-12, and each layer takes its slice of the total.
#[test]
fn the_parts_add_up_to_the_gross_loss() {
    for seed in 0..20_000 {
        let random = &mut Stream::new(seed, 1, 0);
        let amount = |random: &mut Stream| {
            let u = random.uniform();
            if u < 0.15 { 0.0 } else { libm::exp(20.0 * u - 6.0) }
        };
        let markets = 1 + (random.uniform() * 6.0) as usize;
        let tranches: Vec<f64> = (0..1 + (random.uniform() * 4.0) as usize).map(|_| amount(random)).collect();
        let layers = Layers::new(amount(random), &tranches, amount(random)).unwrap();
        let (mut gross_total, mut kept, mut owed) = (0.0, 0.0, Vec::new());
        for _ in 0..markets {
            let limit = if random.uniform() < 0.2 { f64::INFINITY } else { amount(random) };
            let coinsurance = if random.uniform() < 0.3 { 0.0 } else { random.uniform() };
            let terms = PolicyTerms::new(amount(random), limit, coinsurance).unwrap();
            let gross = amount(random);
            let loss = policy_loss(&terms, gross);
            let parts = loss.deductible + loss.over_limit + loss.coinsured;
            assert!((parts + loss.pay - gross).abs() <= 1e-12 * gross, "seed {seed}: {loss:?}");
            assert!([loss.deductible, loss.over_limit, loss.coinsured, loss.pay].iter().all(|&x| x >= 0.0));
            gross_total += gross;
            kept += parts;
            owed.push(loss.pay);
        }
        let before = owed.clone();
        let total: f64 = before.iter().sum();
        let mut taken = vec![0.0; layers.sizes().len()];
        let residual = waterfall(&layers, &mut owed, &mut taken);
        let near = 1e-12 * gross_total;
        assert!((kept + taken.iter().sum::<f64>() + residual - gross_total).abs() <= near, "seed {seed}");
        assert!((owed.iter().sum::<f64>() - residual).abs() <= near);
        for (index, (taken, size)) in taken.iter().zip(layers.sizes()).enumerate() {
            let slice = layer_loss(total, layers.attachment(index), *size);
            assert!((taken - slice).abs() <= near, "seed {seed}, layer {index}: {taken}, {slice}");
        }
        assert!(owed.iter().zip(&before).all(|(after, before)| *after >= 0.0 && after <= before));
    }
}
