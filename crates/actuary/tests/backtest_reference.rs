//! Back-tests against printed values and against histories whose truth is known.

use seawall_actuary::{
    backtest::{
        BacktestError, Forecast, Light, christoffersen_independence, conditional_coverage, kupiec,
        shortfall_test, traffic_light,
    },
    random::Stream,
};

/// Kupiec's likelihood ratio (reference values 8; Jorion, Value at Risk, 3rd edition, chapter 6: in 255 days at 99 %
/// fewer than 7 exceedances are not rejected, at 95 % from 7 to 20).
#[test]
fn kupiec_ratios() {
    for (n, periods, p, expected) in [(7, 255, 0.01, 5.3163413), (20, 255, 0.05, 3.7272139)] {
        let test = kupiec(n, periods, p).unwrap();
        assert!((test.statistic - expected).abs() < 5e-8, "{test:?}");
    }
    let rejected = |n, periods, p| kupiec(n, periods, p).unwrap().p_value < 0.05;
    // Jorion's table of regions of non-rejection, T = 255, 510, 1000.
    for (p, regions) in [
        (0.01, [(0, 7), (1, 11), (4, 17)]),
        (0.025, [(2, 12), (6, 21), (15, 36)]),
        (0.05, [(6, 21), (16, 36), (37, 65)]),
        (0.10, [(16, 36), (38, 65), (81, 120)]),
    ] {
        for (periods, (low, high)) in [255, 510, 1000].into_iter().zip(regions) {
            // The printed regions are open intervals: low < N < high.
            assert!(!rejected(low + 1, periods, p) && !rejected(high - 1, periods, p), "{p} {periods}");
            assert!(rejected(high, periods, p), "{p} {periods} {high}");
            assert!(low == 0 || rejected(low, periods, p), "{p} {periods} {low}");
        }
    }
}

/// The 95 % and 99 % points of chi-squared with one and two degrees.
#[test]
fn p_values_are_those_of_chi_squared() {
    let test = kupiec(0, 100, 1.0 - libm::exp(-0.5 * 3.841_458_820_694_124 / 100.0)).unwrap();
    assert!((test.statistic - 3.841_458_820_694_124).abs() < 1e-9 && (test.p_value - 0.05).abs() < 1e-10);
    let history: Vec<bool> = (0..500).map(|k| k % 83 == 5 || k == 6).collect();
    let both = conditional_coverage(&history, 0.01).unwrap();
    assert!((both.p_value - libm::exp(-0.5 * both.statistic)).abs() < 1e-13);
}

#[test]
fn clusters_are_seen() {
    let spread: Vec<bool> = (0..1000).map(|k| k % 100 == 50).collect();
    let cluster: Vec<bool> = (0..1000).map(|k| (500..510).contains(&k)).collect();
    let (spread, cluster) =
        (christoffersen_independence(&spread).unwrap(), christoffersen_independence(&cluster).unwrap());
    assert!(spread.p_value > 0.5 && cluster.p_value < 1e-6, "{spread:?} {cluster:?}");
    // By hand: n00 = 988, n01 = 1, n10 = 1, n11 = 9 of 999 transitions.
    let l = |n: f64, p: f64| n * p.ln();
    let chain = l(988.0, 988.0 / 989.0) + l(1.0, 1.0 / 989.0) + l(1.0, 0.1) + l(9.0, 0.9);
    let independent = l(989.0, 989.0 / 999.0) + l(10.0, 10.0 / 999.0);
    assert!((cluster.statistic - 2.0 * (chain - independent)).abs() < 1e-9);
}

/// With forecasts that are right, a test at 5 % rejects about one history in twenty.
#[test]
fn right_forecasts_are_rejected_at_the_stated_rate() {
    let (mut number, mut both, runs) = (0, 0, 2_000);
    for seed in 0..runs {
        let mut random = Stream::new(seed, 0, 0);
        let history: Vec<bool> = (0..1_000).map(|_| random.uniform() < 0.05).collect();
        let hits = history.iter().filter(|e| **e).count() as u32;
        number += u32::from(kupiec(hits, 1_000, 0.05).unwrap().p_value < 0.05);
        both += u32::from(conditional_coverage(&history, 0.05).unwrap().p_value < 0.05);
    }
    // Five standard errors of a share of 0.05 in 2000 are 0.024.
    for count in [number, both] {
        let rate = f64::from(count) / runs as f64;
        assert!((rate - 0.05).abs() < 0.024, "{rate}");
    }
}

/// Basel Committee, Supervisory framework for the use of backtesting (1996), table 2: 250 days at 99 %.
#[test]
fn the_basel_zones() {
    for n in 0..=250 {
        let expected = match n {
            0..=4 => Light::Green,
            5..=9 => Light::Yellow,
            _ => Light::Red,
        };
        assert_eq!(traffic_light(n, 250, 0.01), Ok(expected), "{n}");
    }
}

/// Acerbi and Szekely (2014), table of critical values of Z2 at 5 % for a level of 97.5 % and 250 days: -0.70 for
/// Student t with 5 to 100 degrees of freedom and the normal; a forecast that is right is 0 on average, and the
/// threshold hardly depends on the distribution.
#[test]
fn shortfall_of_normal_losses() {
    // 97.5 % of the standard normal: VaR 1.959963985, ES 0.058445070 / 0.025.
    let right = Forecast { value_at_risk: 1.959_963_984_540_054, expected_shortfall: 2.337_802_792_201_356 };
    let forecasts = vec![right; 250];
    let draw = |seed: u64, scale: f64| {
        let mut random = Stream::new(seed, 0, 3);
        (0..250).map(|_| scale * random.normal()).collect::<Vec<f64>>()
    };
    let simulated: Vec<Vec<f64>> = (0..4_000).map(|k| draw(k, 1.0)).collect();
    let one = &simulated[..1];
    let mut z: Vec<f64> =
        simulated.iter().map(|h| shortfall_test(&forecasts, h, 0.975, one).unwrap().unconditional).collect();
    let mean = z.iter().sum::<f64>() / z.len() as f64;
    assert!(mean.abs() < 5.0 * 0.4 / (z.len() as f64).sqrt(), "{mean}");
    z.sort_by(f64::total_cmp);
    assert!((z[200] + 0.70).abs() < 0.04, "critical value {}", z[200]);
    // Losses a third larger than forecast are found out; right ones are rejected at the rate of the test.
    let rejected = |scale: f64, from: u64| {
        (from..from + 300)
            .filter(|k| {
                let test = shortfall_test(&forecasts, &draw(*k, scale), 0.975, &simulated).unwrap();
                test.unconditional_p_value < 0.05
            })
            .count()
    };
    let (wrong, fine) = (rejected(1.33, 10_000), rejected(1.0, 20_000));
    assert!(wrong > 200 && (3..=32).contains(&fine), "{wrong}, {fine}");
}

#[test]
fn shortfall_in_numbers() {
    let forecast = Forecast { value_at_risk: 2.0, expected_shortfall: 4.0 };
    let losses = [1.0, 5.0, 2.0, 3.0];
    let worse = [9.0, 0.0, 0.0, 0.0];
    let calm = [0.0; 4];
    let test = shortfall_test(&[forecast; 4], &losses, 0.75, &[worse, calm, losses]).unwrap();
    assert_eq!((test.exceedances, test.conditional, test.unconditional), (2, Some(0.0), -1.0));
    assert_eq!(test.unconditional_p_value, 2.0 / 3.0);
    assert_eq!(test.conditional_p_value, Some(1.0));
    let none = shortfall_test(&[forecast; 4], &calm, 0.75, &[worse]).unwrap();
    assert_eq!((none.conditional, none.unconditional, none.conditional_p_value), (None, 1.0, None));
}

#[test]
fn refuses_what_is_no_history() {
    assert_eq!(kupiec(3, 2, 0.01), Err(BacktestError::Count { exceedances: 3, periods: 2 }));
    assert_eq!(kupiec(0, 0, 0.01), Err(BacktestError::Count { exceedances: 0, periods: 0 }));
    assert!(kupiec(1, 2, 0.0).is_err() && traffic_light(1, 2, f64::NAN).is_err());
    assert!(traffic_light(1, 0, 0.01).is_err() && christoffersen_independence(&[true]).is_err());
    let forecast = Forecast { value_at_risk: 2.0, expected_shortfall: 1.0 };
    let histories = [vec![1.0]];
    assert!(matches!(
        shortfall_test(&[forecast], &[1.0], 0.9, &histories),
        Err(BacktestError::Forecast { index: 0, .. })
    ));
    let forecast = Forecast { value_at_risk: 2.0, expected_shortfall: 3.0 };
    assert!(shortfall_test(&[forecast], &[1.0, 2.0], 0.9, &histories).is_err());
    assert!(shortfall_test(&[forecast], &[1.0], 1.0, &histories).is_err());
    assert!(shortfall_test(&[], &[], 0.9, &histories).is_err());
    assert!(shortfall_test(&[forecast], &[1.0], 0.9, &Vec::<Vec<f64>>::new()).is_err());
    assert!(shortfall_test(&[forecast], &[1.0], 0.9, &[vec![1.0, 2.0]]).is_err());
}
