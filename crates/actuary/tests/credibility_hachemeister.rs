//! Buhlmann-Straub credibility on Hachemeister's data (1975), as printed by R's actuar 3.3.

use seawall_actuary::{
    peril::{Collective, PerilError, Period},
    random::Stream,
};

/// Claim ratios and weights of five states in twelve quarters (C. Hachemeister, "Credibility for regression models
/// with application to trend", 1975; the data set `hachemeister` of R's actuar).
fn states() -> Vec<Vec<Period>> {
    let text = include_str!("reference/hachemeister.csv");
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split(',').map(|field| field.trim().parse().unwrap()).collect())
        .collect();
    assert_eq!(rows.len(), 5);
    rows.iter()
        .map(|row| {
            assert_eq!(row.len(), 25);
            (1..=12).map(|q| Period { ratio: row[q], weight: row[q + 12] }).collect()
        })
        .collect()
}

#[test]
fn hachemeister_to_the_printed_digits() {
    let states = states();
    let collective = Collective::estimate(&states).unwrap();
    assert!((collective.mean - 1683.71343704728).abs() < 1e-10, "{collective:?}");
    assert!((collective.between - 89638.7262327551).abs() < 1e-8, "{collective:?}");
    assert!((collective.within - 139120025.925285).abs() < 1e-5, "{collective:?}");
    let credibility =
        [0.984740401933337, 0.927635217974918, 0.898475355206511, 0.727909209400669, 0.958791149399359];
    let premiums = [2055.16535006492, 1523.70627801246, 1793.44360368128, 1442.96654901600, 1603.28540446174];
    for ((state, z), premium) in states.iter().zip(credibility).zip(premiums) {
        let experience = collective.experience(state).unwrap();
        assert!((experience.credibility - z).abs() < 1e-14, "{experience:?}");
        assert!((experience.premium - premium).abs() < 1e-10, "{experience:?}");
        let moved = z * (experience.own - collective.mean);
        assert!((experience.movement() - moved).abs() < 1e-9);
        assert!((experience.relative_movement().unwrap() - moved / collective.mean).abs() < 1e-12);
    }
}

/// Without an own record the premium is the collective's; with ever more of it, its own.
#[test]
fn the_record_moves_the_premium_as_it_grows() {
    let collective = Collective::estimate(&states()).unwrap();
    assert_eq!(collective.experience(&[]).unwrap().premium, collective.mean);
    let premium = |weight| collective.experience(&[Period { ratio: 3000.0, weight }]).unwrap().premium;
    let grown = [1.0, 1e2, 1e3, 1e5, 1e9].map(premium);
    assert!(grown.windows(2).all(|w| w[0] < w[1]) && (grown[4] - 3000.0).abs() < 0.01, "{grown:?}");
}

/// On simulated collectives the estimators are right on average (they are unbiased).
#[test]
fn estimators_are_unbiased() {
    let (mut within, mut between) = (Vec::new(), Vec::new());
    for seed in 0..400 {
        let mut random = Stream::new(seed, 0, 0);
        let risks: Vec<Vec<Period>> = (0..30)
            .map(|_| {
                let own = 100.0 + 8.0 * random.normal();
                (0..6)
                    .map(|_| {
                        let weight = 1.0 + 9.0 * random.uniform();
                        Period { ratio: own + 20.0 / weight.sqrt() * random.normal(), weight }
                    })
                    .collect()
            })
            .collect();
        let collective = Collective::estimate(&risks).unwrap();
        within.push(collective.within);
        between.push(collective.between);
    }
    for (name, sample, exact) in [("within", within, 400.0), ("between", between, 64.0)] {
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let error = (sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n / n).sqrt();
        assert!((mean - exact).abs() < 4.0 * error && error < 0.02 * exact, "{name}: {mean} ({error})");
    }
}

#[test]
fn equal_risks_get_no_credibility_and_too_few_are_refused() {
    let same = vec![vec![Period { ratio: 1.0, weight: 2.0 }, Period { ratio: 3.0, weight: 2.0 }]; 3];
    let collective = Collective::estimate(&same).unwrap();
    assert_eq!((collective.between, collective.mean, collective.credibility(1e9)), (0.0, 2.0, 0.0));
    assert_eq!(Collective::estimate(&same[..1]), Err(PerilError::Records { risks: 1, degrees: 1 }));
    let bad = vec![vec![Period { ratio: f64::NAN, weight: 1.0 }; 2]; 2];
    assert!(matches!(Collective::estimate(&bad), Err(PerilError::Period { index: 0, .. })));
    assert!(collective.experience(&[Period { ratio: 1.0, weight: -1.0 }]).is_err());
}
