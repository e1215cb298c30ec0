//! Accounts as ladders on composite prices: against the agent loop, and the two-level estimator against the exact mean.

mod accounts_support;

use accounts_support::{add, assets, book, composition, crashing_path, model, protocol, scarce, unlimited};
use seawall_actuary::{
    book::accounts::AccountBookBuilder,
    liquidation::{
        AccountModel, AssetPath, ClusterModel, TwoLevel,
        accounts::{AccountState, ClusterState, Levels, LevelsError, Seizure, TwoLevelError},
    },
    random::Stream,
};

/// Accounts of exactly proportional composition: as many clusters as compositions give the losses of the agent loop,
/// with depth shared by the clusters that runs out, jumps, minima, stress and renewals.
#[test]
fn proportional_accounts_are_ladders() {
    let (mut lossy, mut short) = (0, 0);
    for seed in 0..300 {
        let kinds = 1 + (seed % 5) as usize;
        let book = book(seed, kinds, 60);
        let debt = book.totals(&book.prices()).unwrap().debt;
        let depth = if seed % 3 == 0 { unlimited() } else { scarce(seed, debt) };
        let accounts = model(&book, &depth, Seizure::ProRata, if seed % 4 == 0 { Some(0.3) } else { None });
        let clusters = accounts.cluster(12).unwrap();
        // Two of the compositions may be the same, one asset against another.
        assert!(clusters.len() <= kinds, "seed {seed}");
        assert!(clusters.spread() < 1e-7, "seed {seed}: {}", clusters.spread());
        let (mut read, mut agents, mut ladders) =
            (AssetPath::default(), AccountState::default(), ClusterState::default());
        for number in 0..4 {
            read.read(&accounts, &crashing_path(9_000 * seed + number, 24, 0.015, 0.6)).unwrap();
            let (exact, fast) = (accounts.run(&read, &mut agents), clusters.run(&read, &mut ladders));
            let near = 1e-10 * debt;
            assert!(
                (exact.bad_debt - fast.bad_debt).abs() <= near
                    && (exact.extinguished - fast.extinguished).abs() <= near,
                "seed {seed}, path {number}: {exact:?}, {fast:?} of {debt}"
            );
            lossy += usize::from(exact.bad_debt > near);
            short += usize::from(seed % 3 != 0 && exact.bad_debt > near);
        }
    }
    assert!(lossy > 300 && short > 200, "{lossy}, {short}");
}

/// Accounts near three compositions: the more clusters, the nearer the fast pass.
#[test]
fn more_clusters_are_nearer() {
    let random = &mut Stream::new(5, 5, 0);
    let mut builder = AccountBookBuilder::new(assets()).unwrap();
    for account in 0..400 {
        let (debt, factor) = (libm::exp(8.0 * random.uniform()), 1.01 + 0.5 * random.uniform());
        let kind = composition(random);
        add(&mut builder, &format!("a{account}"), &kind, debt, factor);
    }
    let book = builder.finish().unwrap();
    let accounts = model(&book, &unlimited(), Seizure::ProRata, None);
    let (mut spread, mut error) = (f64::INFINITY, f64::INFINITY);
    for count in [1, 8, 60, 400] {
        let clusters = accounts.cluster(count).unwrap();
        assert!(clusters.len() <= count && clusters.spread() < spread, "{count}: {}", clusters.spread());
        spread = clusters.spread();
        let (exact, fast) = losses(&accounts, &clusters, 40, 0.6);
        let off: f64 =
            exact.iter().zip(&fast).map(|(e, f)| (e - f).abs()).sum::<f64>() / exact.iter().sum::<f64>();
        assert!(off < error, "{count}: {off} after {error}");
        error = off;
    }
    assert!(error < 1e-10, "an account a cluster is exact: {error}");
}

#[test]
fn gathering_is_deterministic_and_takes_every_account_once() {
    let book = book(3, 40, 300);
    let accounts = model(&book, &unlimited(), Seizure::ProRata, None);
    let (a, b) = (accounts.cluster(9).unwrap(), accounts.cluster(9).unwrap());
    assert_eq!((a.len(), a.spread().to_bits()), (b.len(), b.spread().to_bits()));
    let ((_, fast), (_, again)) = (losses(&accounts, &a, 20, 0.3), losses(&accounts, &b, 20, 0.3));
    assert!(fast.iter().zip(&again).all(|(x, y)| x.to_bits() == y.to_bits()));
    assert!((a.total_debt() - accounts.total_debt()).abs() < 1e-9 * accounts.total_debt());
}

fn losses(accounts: &AccountModel, clusters: &ClusterModel, paths: u64, crash: f64) -> (Vec<f64>, Vec<f64>) {
    let (mut read, mut agents, mut ladders) =
        (AssetPath::default(), AccountState::default(), ClusterState::default());
    (0..paths)
        .map(|number| {
            read.read(accounts, &crashing_path(number, 24, 0.02, crash)).unwrap();
            (accounts.run(&read, &mut agents).bad_debt, clusters.run(&read, &mut ladders).bad_debt)
        })
        .unzip()
}

/// A biased fast pass (few clusters, no close factor) against a protocol's rules: over many repetitions the two-level
/// mean is right on average, its stated error is right, and the fast mean alone is wrong.
#[test]
fn two_levels_are_unbiased_within_their_error() {
    let book = book(11, 30, 40);
    let debt = book.totals(&book.prices()).unwrap().debt;
    let accounts = model(&book, &scarce(11, debt), protocol(0.5, 0.95), None);
    let clusters = accounts.cluster(3).unwrap();
    let (exact, fast) = losses(&accounts, &clusters, 8_000, 0.6);
    // Weights of importance sampling: their mean is 1 and they depend on the path.
    let weights: Vec<f64> = (0..exact.len()).map(|n| 2.0 * Stream::new(n as u64, 6, 0).uniform()).collect();
    let n = exact.len() as f64;
    let truth = exact.iter().sum::<f64>() / n;
    let group = 400;
    let (mut covered, mut errors, mut fast_off) = (0, Vec::new(), 0.0);
    for (number, first) in (0..exact.len()).step_by(group).enumerate() {
        let range = first..first + group;
        let share: Vec<(usize, f64)> =
            range.clone().step_by(4).map(|path| (path - first, exact[path])).collect();
        let weighted = (number % 2 == 0).then(|| &weights[range.clone()]);
        let two = TwoLevel::of(&fast[range], &share, weighted).unwrap();
        errors.push((two.mean.value - truth) / two.mean.standard_error);
        covered += usize::from(errors[number].abs() < 1.96);
        fast_off += two.bias.value / (n / group as f64);
    }
    let count = errors.len() as f64;
    let mean = errors.iter().sum::<f64>() / count;
    let square = errors.iter().map(|e| e * e).sum::<f64>() / count;
    // Twenty groups: the mean of the scores has an error of 0.22, coverage of 95 % one of 0.05.
    assert!(mean.abs() < 0.7, "{mean}");
    assert!((0.5..2.0).contains(&square), "{square}");
    assert!(covered as f64 > 0.8 * count, "{covered} of {count}");
    // All paths exact: the mean is the exact mean, and the error that of plain simulation.
    let all: Vec<(usize, f64)> = exact.iter().copied().enumerate().collect();
    let two = TwoLevel::of(&fast, &all, None).unwrap();
    assert!((two.mean.value - truth).abs() < 1e-9 * truth);
    assert!((two.mean.standard_error - two.exact.standard_error).abs() < 1e-9 * two.exact.standard_error);
    // The fast pass is biased, and the estimator says so.
    assert!(two.bias.value.abs() > 4.0 * two.bias.standard_error, "{:?}", two.bias);
    assert!((two.bias.value - (two.fast.value - truth)).abs() < 1e-9 * truth);
    assert!(fast_off.abs() > 0.0 && two.correlation > 0.9, "{}", two.correlation);
}

#[test]
fn the_best_share_is_the_cheapest() {
    let random = &mut Stream::new(1, 7, 0);
    let fast: Vec<f64> = (0..5000).map(|_| random.exponential()).collect();
    let exact: Vec<(usize, f64)> =
        fast.iter().enumerate().map(|(path, f)| (path, f + 0.1 + 0.3 * random.normal())).collect();
    let two = TwoLevel::of(&fast, &exact, None).unwrap();
    let share = two.optimal_share(1.0, 50.0).unwrap();
    // sqrt(0.09 / (50 x 1))
    assert!((share - 0.0424).abs() < 0.003, "{share}");
    let best = two.gain(share, 1.0, 50.0).unwrap();
    for other in [0.25, 0.5, 0.8, 1.25, 2.0, 4.0] {
        assert!(two.gain(other * share, 1.0, 50.0).unwrap() < best, "{other}");
    }
    assert!(best > 5.0);
    assert_eq!(two.optimal_share(50.0, 1.0).unwrap(), 1.0_f64.min(two.optimal_share(50.0, 1.0).unwrap()));
    assert_eq!(two.optimal_share(0.0, 1.0), Err(TwoLevelError::Cost(0.0)));
    // Where the share happens to hold small losses only, the variance of all paths still counts.
    let mut small: Vec<(usize, f64)> = exact.iter().copied().filter(|(path, _)| fast[*path] < 1.0).collect();
    small.truncate(500);
    let few = TwoLevel::of(&fast, &small, None).unwrap();
    assert!((few.exact_variance / two.exact_variance - 1.0).abs() < 0.25, "{few:?}");
    assert!(few.mean.standard_error > 0.9 * few.fast.standard_error);
    let same = TwoLevel::of(&fast, &[(0, fast[0]), (7, fast[7])], None).unwrap();
    assert_eq!((same.bias.value, same.optimal_share(1.0, 9.0).unwrap()), (0.0, 0.0));
}

#[test]
fn two_levels_refuse_what_does_not_fit() {
    let fast = [1.0, 2.0, 3.0];
    let refuse =
        |exact: &[(usize, f64)], weights: Option<&[f64]>| TwoLevel::of(&fast, exact, weights).unwrap_err();
    assert_eq!(refuse(&[(0, 1.0)], None), TwoLevelError::TooFew { paths: 3, exact: 1 });
    assert_eq!(
        refuse(&[(0, 1.0), (3, 1.0)], None),
        TwoLevelError::Path { path: 3, previous: Some(0), paths: 3 }
    );
    assert!(matches!(refuse(&[(1, 1.0), (1, 1.0)], None), TwoLevelError::Path { path: 1, .. }));
    assert_eq!(refuse(&[(0, 1.0), (1, 1.0)], Some(&[1.0])), TwoLevelError::Weights { found: 1, expected: 3 });
    assert!(matches!(
        refuse(&[(0, f64::NAN), (1, 1.0)], None),
        TwoLevelError::Value { what: "exact loss", .. }
    ));
    assert!(matches!(
        refuse(&[(0, 1.0), (1, 1.0)], Some(&[1.0, -1.0, 1.0])),
        TwoLevelError::Value { path: 1, what: "weight", .. }
    ));
}

/// The driver gives what the passes give one by one, whatever the number of threads and however the paths are split.
#[test]
fn levels_have_the_same_bits_on_any_number_of_threads() {
    let book = book(21, 20, 40);
    let debt = book.totals(&book.prices()).unwrap().debt;
    let accounts = model(&book, &scarce(21, debt), protocol(0.5, 0.95), None);
    let clusters = accounts.cluster(4).unwrap();
    let run = |paths: std::ops::Range<u64>, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            Levels::run(&accounts, &clusters, paths, 5, |number, path, _: &mut ()| {
                *path = crashing_path(number, 24, 0.02, 0.6);
                Ok::<f64, String>(1.0 + (number % 3) as f64 * 0.1)
            })
            .unwrap()
        })
    };
    let whole = run(0..203, 1);
    let (exact, fast) = losses(&accounts, &clusters, 203, 0.6);
    assert_eq!(whole.fast, fast);
    assert_eq!(whole.exact.len(), 41);
    assert!(whole.exact.iter().all(|&(path, loss)| path % 5 == 0 && loss == exact[path]));
    assert_eq!(run(0..203, 3), whole);
    let mut parts = run(0..77, 2);
    parts.append(&run(77..203, 3));
    assert_eq!(parts, whole);
    assert_eq!(parts.estimate(), TwoLevel::of(&whole.fast, &whole.exact, Some(&whole.weights)));
    let broken =
        |every| {
            Levels::run(&accounts, &clusters, 2..3, every, |number, _, _: &mut ()| {
                if number == 2 { Err("no prices") } else { Ok(1.0) }
            })
        };
    assert_eq!(broken(0), Err(LevelsError::Never));
    assert_eq!(broken(1), Err(LevelsError::Path { path: 2, source: "no prices" }));
}
