//! Ruin probabilities against closed forms and an exact recursion; the size of a static fund.

use seawall_actuary::{
    aggregate::{Grid, Severity},
    capital::{
        Fund, RuinError, optimal_fund,
        ruin::{any_claims, exponential_claims, without_capital},
    },
    math::pareto::GeneralisedPareto,
};

/// Claims of mean 1/5, waits of mean 1/3, premium 1 (actuar's vignette on ruin): psi(u) = .6 e^(-2u).
#[test]
fn exponential_claims_in_closed_form() {
    let loading = 1.0 / 0.6 - 1.0;
    for u in [0.0, 0.3, 1.0, 4.0] {
        let psi = exponential_claims(u, 0.2, loading).unwrap();
        assert!((psi - 0.6 * libm::exp(-2.0 * u)).abs() < 1e-15, "{u}: {psi}");
    }
    let grid = Grid::new(1.0 / 1024.0, 1 << 13).unwrap();
    let psi = any_claims(&Severity::Exponential { mean: 0.2 }, loading, grid).unwrap();
    for (j, psi) in psi.iter().enumerate() {
        assert!((psi - 0.6 * libm::exp(-2.0 * grid.point(j))).abs() < 1e-5, "{j}: {psi}");
    }
}

/// Pollaczek-Khinchine: psi(0) = 1/(1 + loading) for any severity, and the same to the right of 0.
#[test]
fn without_capital_the_severity_does_not_matter() {
    let grid = Grid::new(1e-3, 1 << 14).unwrap();
    for severity in [
        Severity::Exponential { mean: 1.0 },
        Severity::Gamma { shape: 3.0, scale: 0.5 },
        Severity::Lognormal { mu: -0.5, sigma: 1.0 },
        Severity::Pareto { shape: 2.5, scale: 1.5 },
        Severity::Excess(GeneralisedPareto { shape: -0.2, scale: 1.0 }),
    ] {
        for loading in [0.1, 1.0] {
            let psi = any_claims(&severity, loading, grid).unwrap();
            let start = without_capital(loading).unwrap();
            assert_eq!(psi[0], start);
            assert!((psi[1] - start).abs() < 2e-3, "{severity:?}: {}", psi[1]);
            assert!(psi.windows(2).all(|w| w[1] <= w[0] + 1e-12), "{severity:?}");
        }
    }
}

/// Gamma(2) claims have a ladder height that is an even mixture of Exp and Gamma(2), and the ruin probability a sum
/// of two exponentials whose exponents solve the adjustment equation: by hand for rate 1, loading 1/2.
#[test]
fn gamma_claims_as_two_exponentials() {
    // Maximal loss transform: theta / (1 + theta - E(s)), E(s) = ((s + 1)^-1 + (s + 1)^-2) / 2, as partial fractions:
    // (s+1)^2 theta / ((1+theta)(s+1)^2 - (s+1)/2 - 1/2) has poles at y = s + 1 of 1.5 y^2 - y/2 - 1/2 = 0.
    let theta = 0.5;
    let root = (0.25_f64 + 4.0 * 1.5 * 0.5).sqrt();
    let poles = [(0.5 + root) / 3.0, (0.5 - root) / 3.0];
    let psi = |u: f64| {
        poles
            .iter()
            .zip([poles[1], poles[0]])
            .map(|(y, other)| {
                let residue = theta * y * y / (1.5 * (y - other));
                // Density residue e^((y - 1) u), integrated from u.
                residue * libm::exp((y - 1.0) * u) / (1.0 - y)
            })
            .sum::<f64>()
    };
    assert!((psi(0.0) - 1.0 / 1.5).abs() < 1e-14, "{}", psi(0.0));
    let grid = Grid::new(1.0 / 256.0, 1 << 13).unwrap();
    let found = any_claims(&Severity::Gamma { shape: 2.0, scale: 1.0 }, theta, grid).unwrap();
    for u in [1, 2, 5, 10, 20] {
        let (found, exact) = (found[256 * u], psi(u as f64));
        assert!((found - exact).abs() < 1e-5, "{u}: {found} {exact}");
    }
}

/// A fund over five years against the exact recursion on its lattice: losses 0, 1, 5 in units, premium 1.
#[test]
fn multi_period_ruin() {
    let losses = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 5.0];
    let fund = Fund { capital: 3.0, premium: 1.0, interest: 0.0 };
    let mut alive = vec![0.0; 16];
    alive[3] = 1.0;
    let mut ruined = 0.0;
    let exact: Vec<f64> = (0..5)
        .map(|_| {
            let mut next = vec![0.0; 16];
            for (held, p) in alive.iter().enumerate() {
                for (loss, q) in [(0, 0.6), (1, 0.3), (5, 0.1)] {
                    match (held + 1).checked_sub(loss) {
                        Some(rest) => next[rest.min(15)] += p * q,
                        None => ruined += p * q,
                    }
                }
            }
            alive = next;
            ruined
        })
        .collect();
    assert!((exact[0] - 0.1).abs() < 1e-15);
    let found = fund.ruin_probability(&losses, 5, 200_000, 11).unwrap();
    for (found, exact) in found.iter().zip(&exact) {
        assert!((found.value - exact).abs() < 4.0 * found.standard_error, "{found:?} {exact}");
    }
    assert!(found.windows(2).all(|w| w[0].value <= w[1].value));
}

#[test]
fn ruin_covers_at_the_stated_rate_and_has_the_same_bits_on_any_threads() {
    let losses: Vec<f64> = (0..1000).map(|k| if k < 950 { 0.0 } else { f64::from(k - 940) }).collect();
    let fund = Fund { capital: 10.0, premium: 1.0, interest: 0.05 };
    // Ruin in the first period: losses above 11 x 1.05 = 11.55, that is k - 940 >= 12.
    let exact = 48.0 / 1000.0;
    let covered = (0..400)
        .filter(|seed| {
            let first = fund.ruin_probability(&losses, 3, 2_000, *seed).unwrap()[0];
            (first.value - exact).abs() < 1.96 * first.standard_error
        })
        .count();
    assert!((365..=395).contains(&covered), "{covered}");
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fund.ruin_probability(&losses, 4, 10_000, 3).unwrap())
    };
    assert_eq!(run(1), run(3));
    // More capital, less ruin, on the same random numbers.
    let richer = Fund { capital: 20.0, ..fund }.ruin_probability(&losses, 4, 10_000, 3).unwrap();
    assert!(richer.iter().zip(run(1)).all(|(a, b)| a.value <= b.value));
}

/// Chitra (2025), arXiv 2512.01112: the static fund is the VaR at 1 - r/kappa; D ~ Exp(1), r = .1, kappa = 1: ln 10.
#[test]
fn the_optimal_static_fund() {
    let n = 1_000_000;
    let exponential = Severity::Exponential { mean: 1.0 };
    let deficits: Vec<f64> = (0..n).map(|k| exponential.at((f64::from(k) + 0.5) / f64::from(n))).collect();
    let size = optimal_fund(&deficits, 0.1, 1.0).unwrap().value;
    assert!((size - libm::log(10.0)).abs() < 1e-5, "{size}");
    // No other size costs less: r x + kappa E[(D - x)+].
    let cost = |x: f64| 0.1 * x + deficits.iter().map(|d| (d - x).max(0.0)).sum::<f64>() / f64::from(n);
    for other in [0.9 * size, 0.99 * size, 1.01 * size, 1.1 * size] {
        assert!(cost(size) < cost(other), "{other}");
    }
    assert_eq!(optimal_fund(&deficits, 2.0, 1.0).unwrap().value, 0.0);
    assert!(optimal_fund(&deficits, 0.0, 1.0).is_err() && optimal_fund(&[], 0.1, 1.0).is_err());
}

#[test]
fn refuses_what_cannot_be() {
    assert!(without_capital(-0.1).is_err() && exponential_claims(-1.0, 1.0, 0.1).is_err());
    let grid = Grid::new(1.0, 16).unwrap();
    let severity = Severity::Pareto { shape: 1.0, scale: 1.0 };
    assert!(matches!(any_claims(&severity, 0.1, grid), Err(RuinError::Parameter { name: "mean claim", .. })));
    assert!(any_claims(&Severity::Exponential { mean: 1.0 }, 0.0, grid).is_err());
    let fund = Fund { capital: 1.0, premium: f64::NAN, interest: 0.0 };
    assert!(fund.ruin_probability(&[1.0], 1, 1, 0).is_err());
    let fund = Fund { premium: 0.0, ..fund };
    assert!(fund.ruin_probability(&[], 1, 1, 0).is_err() && fund.ruin_probability(&[1.0], 1, 0, 0).is_err());
    assert!(fund.ruin_probability(&[f64::NAN], 1, 1, 0).is_err());
}
