//! Losses and pools on a grid: brute-force double sums, closed forms, simulation; means and masses add up.

use seawall_actuary::{
    aggregate::{
        Aggregate, Claim, Discretisation, Frequency, Grid, GridLoss, Method, Severity, TransformTerms,
    },
    capital::{GridPool, GridPoolBuilder, allocate_expected_shortfall},
    loss::{Estimate, LayerFigures, PolicyTerms, terms::layer_loss},
    random::Stream,
};

fn close(found: f64, expected: f64, allowed: f64) {
    assert!((found - expected).abs() <= allowed * (1.0 + expected.abs()), "{found} {expected}");
}

/// A loss with random probabilities on the first `used` points.
fn random_loss(grid: Grid, used: usize, seed: u64) -> GridLoss {
    let mut random = Stream::new(seed, 0, 0);
    let weights: Vec<f64> = (0..used).map(|_| random.uniform() * random.uniform()).collect();
    let total: f64 = weights.iter().sum();
    GridLoss::of_atoms(grid, weights.iter().enumerate().map(|(j, w)| (w / total, grid.point(j)))).unwrap()
}

#[test]
fn atoms_keep_their_mean_and_what_lacks_is_no_loss() {
    let grid = Grid::new(2.0, 8).unwrap();
    let loss = GridLoss::of_atoms(grid, [(0.25, 3.0), (0.125, 14.0), (0.125, 40.0)]).unwrap();
    assert_eq!(loss.mass(), [0.5, 0.125, 0.125, 0.0, 0.0, 0.0, 0.0, 0.125]);
    assert_eq!((loss.beyond(), loss.beyond_amount(), loss.mean()), (0.125, 5.0, 7.5));
    assert_eq!(loss.value_at_risk(0.5).unwrap(), 0.0);
    assert_eq!(loss.value_at_risk(0.6).unwrap(), 2.0);
    assert!(loss.value_at_risk(0.9).is_err(), "reached beyond the grid");
    close(loss.probability_from(14.0), 0.25, 1e-15);
    let wide = loss.regridded(Grid::new(0.7, 64).unwrap());
    close(wide.mean(), 7.5, 1e-14);
    assert_eq!(wide.beyond(), 0.0);
    // Weights of more than one in all are scaled.
    let heavy = GridLoss::of_atoms(grid, [(0.6, 2.0), (0.6, 4.0)]).unwrap();
    assert_eq!((heavy.mass()[0], heavy.mass()[1]), (0.0, 0.5));
    assert!(GridLoss::of_atoms(grid, [(-0.1, 1.0)]).is_err());
    assert!(GridLoss::of_atoms(grid, [(0.1, f64::NAN)]).is_err());
    assert!(GridLoss::new(grid, vec![0.1; 8], 0.1, 1.4).is_err(), "adds up to .9");
    assert!(GridLoss::new(grid, vec![0.1; 8], 0.2, 1.4).is_err(), "beyond, but below the end");
    assert!(GridLoss::new(grid, vec![0.1; 8], 0.2, 3.0).is_ok());
}

#[test]
fn a_sum_is_the_double_sum() {
    let grid = Grid::new(0.5, 64).unwrap();
    let (a, b) = (random_loss(grid, 40, 1), random_loss(grid, 30, 2));
    let sum = a.convolved(&b).unwrap();
    let mut expected = vec![0.0; 128];
    for (i, p) in a.mass().iter().enumerate() {
        for (j, q) in b.mass().iter().enumerate() {
            expected[i + j] += p * q;
        }
    }
    for (found, expected) in sum.mass().iter().zip(&expected) {
        close(*found, *expected, 2e-15);
    }
    close(sum.beyond(), expected[64..].iter().sum(), 1e-13);
    close(sum.mean(), a.mean() + b.mean(), 1e-13);
    close(sum.mass().iter().sum::<f64>() + sum.beyond(), 1.0, 1e-14);
    assert!(a.convolved(&random_loss(Grid::new(1.0, 64).unwrap(), 9, 3)).is_err());
}

/// What wraps around a padded and tilted transform is as small as stated: totals of up to four grids.
#[test]
fn aliasing_is_bounded() {
    let n = 1 << 10;
    let grid = Grid::new(1.0, n).unwrap();
    let frequency = Frequency::Poisson { mean: 3.0 };
    let mut severity = vec![0.0; n];
    severity[n - 1] = 1.0;
    let exact = |k: i32| (0..k).fold(libm::exp(-3.0), |p, i| p * 3.0 / f64::from(i + 1));
    for (terms, allowed) in [
        (TransformTerms { padding: 1, tilt: 0.0 }, 1.0),
        (TransformTerms { padding: 1, tilt: 20.0 }, 2.1e-9),
        (TransformTerms { padding: 2, tilt: 0.0 }, 1.0),
        (TransformTerms::PRECISE, 3.4e-4),
        (TransformTerms::default(), 1.2e-7),
    ] {
        let total =
            Aggregate::compound_discrete(&frequency, &severity, grid, Method::Transform(terms)).unwrap();
        let wrapped: f64 = total.probabilities().iter().sum::<f64>() - exact(0) - exact(1);
        // Totals of two and more claims lie beyond the grid; of these, those beyond the transform come back.
        let beyond: f64 =
            if terms.padding == 1 { 1.0 - exact(0) - exact(1) } else { 1.0 - exact(0) - exact(1) - exact(2) };
        // Rounding, raised where the tilt is taken back.
        let rounding = 1e-14 * libm::exp(terms.tilt / terms.padding as f64);
        assert!(wrapped <= allowed * beyond + rounding, "{terms:?}: {wrapped}");
        let untilted = terms.tilt == 0.0;
        assert_eq!(wrapped > 0.1, untilted, "{terms:?}: {wrapped}");
    }
}

fn policies() -> [PolicyTerms; 5] {
    [
        PolicyTerms::new(0.0, f64::INFINITY, 0.0).unwrap(),
        PolicyTerms::new(3.0, 8.0, 0.1).unwrap(),
        PolicyTerms::new(3.3, 7.9, 0.25).unwrap(),
        PolicyTerms::new(0.0, 5.0, 0.0).unwrap(),
        PolicyTerms::new(30.0, 4.0, 0.0).unwrap(),
    ]
}

#[test]
fn payments_are_those_of_the_policy() {
    let grid = Grid::new(0.5, 64).unwrap();
    let loss = random_loss(grid, 64, 4);
    for terms in policies() {
        let direct: f64 = loss.mass().iter().enumerate().map(|(j, p)| p * terms.payment(grid.point(j))).sum();
        close(loss.expected_payment(&terms), direct, 1e-14);
        let paid = loss.paid(&terms, Grid::new(0.3, 128).unwrap());
        close(paid.mean(), direct, 1e-14);
        let free: f64 = loss
            .mass()
            .iter()
            .enumerate()
            .filter(|(j, _)| grid.point(*j) <= terms.deductible)
            .map(|x| x.1)
            .sum();
        assert!(paid.mass()[0] >= free - 1e-14);
    }
}

/// What an event adds to a payment, against the double sum over loss and event.
#[test]
fn an_event_adds_what_the_policy_leaves() {
    let grid = Grid::new(0.5, 128).unwrap();
    let (loss, event) = (random_loss(grid, 50, 5), random_loss(grid, 30, 6));
    let out = Grid::new(0.25, 256).unwrap();
    for terms in policies() {
        let added = loss.payment_added_by(&event, &terms, out).unwrap();
        let pay = |x: f64| terms.payment(x);
        let pairs =
            loss.atoms().flat_map(|(p, x)| event.atoms().map(move |(q, e)| (p * q, pay(x + e) - pay(x))));
        let expected = GridLoss::of_atoms(out, pairs).unwrap();
        for (j, (found, expected)) in added.mass().iter().zip(expected.mass()).enumerate() {
            assert!((found - expected).abs() < 1e-13, "{terms:?} {j}: {found} {expected}");
        }
        let both = loss.convolved(&event).unwrap();
        close(added.mean(), both.expected_payment(&terms) - loss.expected_payment(&terms), 1e-12);
    }
    assert!(loss.payment_added_by(&random_loss(out, 9, 1), &policies()[1], out).is_err());
    // A loss that is always above the deductible has no part below it.
    let large = GridLoss::of_atoms(grid, [(1.0, 6.0)]).unwrap();
    let added = large.payment_added_by(&event, &policies()[1], out).unwrap();
    let expected: f64 = event.atoms().map(|(q, e)| q * 0.9 * e.min(5.0)).sum();
    close(added.mean(), expected, 1e-13);
}

/// A pool of correlated markets by path.
fn paths(n: usize) -> Vec<[f64; 3]> {
    let mut random = Stream::new(12, 0, 0);
    (0..n)
        .map(|_| {
            let common = if random.uniform() < 0.2 { random.exponential() } else { 0.0 };
            [8.0, 3.0, 5.0].map(|size| {
                let own = if random.uniform() < 0.1 { random.exponential() } else { 0.0 };
                size * (common + own)
            })
        })
        .collect()
}

fn pool_of(paths: &[[f64; 3]], grid: Grid) -> GridPool {
    let mut builder = GridPoolBuilder::new(grid, 3);
    let p = 1.0 / paths.len() as f64;
    paths.iter().for_each(|path| builder.add(p, path).unwrap());
    builder.finish()
}

#[test]
fn a_pool_keeps_every_mean_and_its_parts_add_up_at_every_point() {
    let sample = paths(20_000);
    let pool = pool_of(&sample, Grid::new(0.25, 256).unwrap());
    assert!(pool.beyond() > 1e-4, "the test needs paths beyond the grid");
    close(pool.mass().iter().sum::<f64>() + pool.beyond(), 1.0, 1e-13);
    for market in 0..3 {
        let mean = sample.iter().map(|path| path[market]).sum::<f64>() / sample.len() as f64;
        close(pool.means()[market], mean, 1e-12);
    }
    for j in 0..256 {
        let parts: f64 = (0..3).map(|i| pool.part(i)[j]).sum();
        close(parts, pool.grid().point(j) * pool.mass()[j], 1e-14);
        if let Some(kappa) = pool.kappa(0, j) {
            assert!(kappa >= 0.0 && kappa <= pool.grid().point(j) + 1e-12);
        }
    }
    close(pool.mean(), pool.means().iter().sum(), 1e-13);
    // A histogram whose parts are not at the points gives the same means.
    let parts: Vec<Vec<f64>> = (0..3).map(|i| pool.part(i).iter().map(|x| 0.93 * x).collect()).collect();
    let beyond: Vec<f64> = pool.beyond_parts().to_vec();
    let moved = GridPool::of_histogram(pool.grid(), pool.mass(), &parts, pool.beyond(), &beyond).unwrap();
    for ((mean, beyond), found) in pool.means().iter().zip(&beyond).zip(moved.means()) {
        close(found, 0.93 * (mean - beyond) + beyond, 1e-12);
    }
    assert!(GridPoolBuilder::new(pool.grid(), 2).add(0.1, &[1.0]).is_err());
    assert!(GridPoolBuilder::new(pool.grid(), 1).add(0.1, &[-1.0]).is_err());
    assert!(GridPoolBuilder::new(pool.grid(), 1).add(f64::NAN, &[1.0]).is_err());
}

/// Expected shortfall and Euler's allocation on the grid against those of the sample, as the grid gets finer.
#[test]
fn shortfall_and_its_parts_are_those_of_the_sample() {
    let sample = paths(50_000);
    let lines: Vec<Vec<f64>> = (0..3).map(|i| sample.iter().map(|path| path[i]).collect()).collect();
    let exact = allocate_expected_shortfall(&lines, 0.99).unwrap();
    let pool = pool_of(&sample, Grid::new(1.0 / 64.0, 1 << 13).unwrap());
    let parts = pool.shortfall_parts(0.99).unwrap();
    let shortfall = pool.expected_shortfall(0.99).unwrap();
    close(parts.iter().sum(), shortfall, 1e-12);
    close(shortfall, exact.pool.expected_shortfall.value, 1e-5);
    for (part, line) in parts.iter().zip(&exact.lines) {
        close(*part, line.value, 2e-3);
    }
    let tail = pool.tail(0.99, 50_000.0).unwrap();
    close(tail.value_at_risk.value, exact.pool.value_at_risk.value, 2e-3);
    let errors = [
        (tail.value_at_risk.standard_error, exact.pool.value_at_risk.standard_error),
        (tail.expected_shortfall.standard_error, exact.pool.expected_shortfall.standard_error),
    ];
    for (found, expected) in errors {
        assert!((found / expected - 1.0).abs() < 0.05, "{found} {expected}");
    }
    let fund = pool.optimal_fund(0.01, 1.0, 50_000.0).unwrap();
    assert_eq!(fund, tail.value_at_risk);
    assert_eq!(pool.optimal_fund(1.0, 1.0, 50_000.0).unwrap().value, 0.0);
    assert!(pool.optimal_fund(0.0, 1.0, 1.0).is_err() && pool.tail(0.99, 0.0).is_err());
    assert!(pool.expected_shortfall(1.0).is_err());
}

/// Chitra (2025), arXiv 2512.01112: D ~ Exp(1), r = .1, kappa = 1: the fund is ln 10, within a bucket.
#[test]
fn the_optimal_fund_on_a_grid() {
    let grid = Grid::new(1.0 / 512.0, 1 << 14).unwrap();
    let claim = Claim::ground_up(Severity::Exponential { mean: 1.0 }).unwrap();
    let mass = claim.discretised(&grid, Discretisation::LocalMoments);
    let mut builder = GridPoolBuilder::new(grid, 1);
    for (j, p) in mass.iter().enumerate() {
        builder.add(*p, &[grid.point(j)]).unwrap();
    }
    let pool = builder.finish();
    let fund = pool.optimal_fund(0.1, 1.0, 1e6).unwrap();
    assert!((fund.value - libm::log(10.0)).abs() <= grid.bucket(), "{fund:?}");
    // Of an exponential sample: sqrt(q (1-q) / n) over the density 1 - q.
    let exact = (0.9_f64 * 0.1 / 1e6).sqrt() / 0.1;
    assert!((fund.standard_error / libm::hypot(exact, grid.bucket() / 12.0_f64.sqrt()) - 1.0).abs() < 0.3);
}

/// Events of the markets added to a pool, against the sum over all pairs of points, parts included.
#[test]
fn events_carry_the_parts_through_the_convolution() {
    let grid = Grid::new(1.0, 256).unwrap();
    let pool = pool_of(&paths(2_000).iter().map(|p| p.map(|x| 0.3 * x)).collect::<Vec<_>>(), grid);
    let events = [random_loss(grid, 12, 7), GridLoss::none(grid), random_loss(grid, 25, 8)];
    let sum = pool.with_events(&events).unwrap();
    let mut mass = vec![0.0; 512];
    let mut parts = vec![vec![0.0; 512]; 3];
    for s in 0..256 {
        for (q1, e1) in events[0].atoms() {
            for (q3, e3) in events[2].atoms() {
                let at = s + e1 as usize + e3 as usize;
                let q = q1 * q3;
                mass[at] += pool.mass()[s] * q;
                parts[0][at] += q * (pool.part(0)[s] + pool.mass()[s] * e1);
                parts[1][at] += q * pool.part(1)[s];
                parts[2][at] += q * (pool.part(2)[s] + pool.mass()[s] * e3);
            }
        }
    }
    for j in 0..256 {
        assert!((sum.mass()[j] - mass[j]).abs() < 1e-14, "{j}: {} {}", sum.mass()[j], mass[j]);
        for (i, part) in parts.iter().enumerate() {
            let gap = (sum.part(i)[j] - part[j]).abs();
            assert!(gap < 1e-12, "{i} {j}: {} {}", sum.part(i)[j], part[j]);
        }
    }
    close(sum.mass().iter().sum::<f64>() + sum.beyond(), 1.0, 1e-13);
    for ((found, before), event) in sum.means().iter().zip(pool.means()).zip(&events) {
        close(*found, before + event.mean(), 1e-10);
    }
    let shortfall = sum.expected_shortfall(0.99).unwrap();
    close(sum.shortfall_parts(0.99).unwrap().iter().sum(), shortfall, 1e-12);
    assert!(shortfall > pool.expected_shortfall(0.99).unwrap());
    assert!(pool.with_events(&events[..2]).is_err());
    let other = GridLoss::none(Grid::new(2.0, 256).unwrap());
    assert!(pool.with_events(&[other.clone(), other.clone(), other]).is_err());
    // Nothing added, nothing changed.
    let none = [GridLoss::none(grid), GridLoss::none(grid), GridLoss::none(grid)];
    let same = pool.with_events(&none).unwrap();
    assert!(same.mass().iter().zip(pool.mass()).all(|(a, b)| (a - b).abs() < 1e-14));
}

/// The whole way: simulated losses and events through policies into the pool, against one simulation of it all. The
/// event's payment is taken as independent of the loss it adds to, which keeps every mean; the tail agrees within the
/// error of the simulation here, where both seldom meet.
#[test]
fn pool_with_events_against_simulation() {
    let terms = PolicyTerms::new(1.0, 20.0, 0.1).unwrap();
    let sample = paths(60_000);
    let grid = Grid::new(1.0 / 16.0, 1 << 12).unwrap();
    let claim = Claim::ground_up(Severity::Beta { a: 0.5, b: 1.5, scale: 30.0 }).unwrap();
    let frequency = Frequency::NegativeBinomial { mean: 0.05, size: 1.0 };
    let event = GridLoss::of_aggregate(
        &Aggregate::compound(
            &frequency,
            &claim,
            grid,
            Discretisation::LocalMoments,
            Method::Transform(TransformTerms::PRECISE),
        )
        .unwrap(),
    );
    let owed: Vec<[f64; 3]> = sample.iter().map(|p| p.map(|x| terms.payment(x))).collect();
    let pool = pool_of(&owed, grid);
    let added: Vec<GridLoss> = (0..3)
        .map(|i| {
            let p = 1.0 / sample.len() as f64;
            let loss = GridLoss::of_atoms(grid, sample.iter().map(|path| (p, path[i]))).unwrap();
            loss.payment_added_by(&event, &terms, grid).unwrap()
        })
        .collect();
    let with_events = pool.with_events(&added).unwrap();
    let cumulative = frequency.cumulative();
    let totals: Vec<f64> = sample
        .iter()
        .enumerate()
        .map(|(path, losses)| {
            let mut random = Stream::new(91, path as u64, 1);
            losses
                .iter()
                .map(|x| {
                    let rank = random.uniform();
                    let count = cumulative.partition_point(|c| *c < rank);
                    let events: f64 = (0..count).map(|_| claim.at(random.uniform())).sum();
                    terms.payment(x + events)
                })
                .sum()
        })
        .collect();
    let n = totals.len() as f64;
    let mean = totals.iter().sum::<f64>() / n;
    let variance = totals.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    assert!((with_events.mean() - mean).abs() < 4.0 * (variance / n).sqrt(), "{} {mean}", with_events.mean());
    let tail = seawall_actuary::loss::LossStatistics::of(&totals, 0.99).unwrap().tail.expected_shortfall;
    let found = with_events.expected_shortfall(0.99).unwrap();
    assert!((found - tail.value).abs() < 4.0 * tail.standard_error, "{found} {tail:?}");
    // Layers of the total: every figure of each against the simulation's, and together they are the whole.
    let mut parts = (0.0, 0.0);
    for (attachment, size) in [(0.0, 3.0), (3.0, 7.0), (10.0, f64::INFINITY)] {
        let losses: Vec<f64> = totals.iter().map(|x| layer_loss(*x, attachment, size)).collect();
        let sampled = LayerFigures::of_losses("layer", attachment, size, &losses, 0.99).unwrap();
        let layer = with_events.layer(attachment, size, 0.99).unwrap();
        let within = |found: f64, sampled: Estimate, grid: f64| {
            let gap = (found - sampled.value).abs();
            assert!(gap < 4.0 * sampled.standard_error + grid, "{attachment}: {found} {sampled:?}");
        };
        within(layer.expected_loss, sampled.expected_loss, 0.0);
        within(layer.variance.sqrt(), sampled.deviation, 0.0);
        within(layer.expected_shortfall, sampled.tail.expected_shortfall, 1e-9);
        // Totals of less than a bucket are shared with the point where nothing is lost.
        within(layer.probability_of_loss, sampled.probability_of_loss, 3e-3);
        within(layer.probability_of_exhaustion, sampled.probability_of_exhaustion, 3e-4);
        for premium in [0.0, 0.5] {
            let excess = |x: &f64| (x - premium).max(0.0) * (x - premium).max(0.0);
            let expected = losses.iter().map(excess).sum::<f64>() / n;
            assert!((layer.squared_excess(premium) / expected - 1.0).abs() < 0.15, "{attachment} {premium}");
            close(sampled.squared_excess(premium), expected, 1e-4);
        }
        parts = (parts.0 + layer.expected_loss, parts.1 + layer.expected_shortfall);
    }
    close(parts.0, with_events.mean(), 1e-10);
    close(parts.1, found, 1e-10);
}
