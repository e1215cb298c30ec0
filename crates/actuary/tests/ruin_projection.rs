//! A pool over years: against an exact recursion and the closed form of ruin, monotone in capital, the same bits.

use seawall_actuary::{
    aggregate::{Frequency, Grid, GridLoss, Transform, TransformTerms},
    capital::{
        AnnualLoss, Entries, Exits, GridPool, Growth, PoolPlan, PremiumRule, ProjectionError, ReserveRule,
    },
};

/// All premium stays in the pool, nobody comes or goes: the classical surplus.
fn classical(capital: f64, premium: f64, years: usize, paths: usize) -> PoolPlan {
    PoolPlan {
        capital,
        premium,
        rule: PremiumRule::Constant,
        reserve: ReserveRule { start: 0.0, premium_share: 0.0, target: f64::INFINITY },
        retained: 1.0,
        interest: 0.0,
        growth: Growth::default(),
        exits: Exits::default(),
        entries: Entries::default(),
        required: 0.0,
        years,
        paths,
        seed: 5,
    }
}

/// A pool with everything at work.
fn whole(capital: f64) -> PoolPlan {
    PoolPlan {
        capital,
        premium: 12.0,
        rule: PremiumRule::Experience { weight: 0.3, floor: 0.7, ceiling: 3.0 },
        reserve: ReserveRule { start: 5.0, premium_share: 0.4, target: 20.0 },
        retained: 0.2,
        interest: 0.02,
        growth: Growth { rate: 0.1, elasticity: 0.2 },
        exits: Exits { share_per_loss: 1.5, cooldown_years: 1 },
        entries: Entries { target_return: 0.1, speed: 0.5 },
        required: 40.0,
        years: 8,
        paths: 5_000,
        seed: 11,
    }
}

/// Poisson(mean) claims of Exp(rate) on a lattice, rounded to the nearest point.
fn compound(mean: f64, rate: f64, step: f64, points: usize) -> Vec<f64> {
    let up_to = |x: f64| if x <= 0.0 { 0.0 } else { -libm::expm1(-rate * x) };
    let severity: Vec<f64> = (0..points)
        .map(|j| {
            let x = j as f64 * step;
            up_to(x + 0.5 * step) - up_to(x - 0.5 * step)
        })
        .collect();
    let transform = Transform::new(points, TransformTerms::default()).unwrap();
    transform.compound(&Frequency::Poisson { mean }, &severity).unwrap()
}

/// Probability of ruin by each period of a surplus on a lattice: premium `up` points a period, ruin below 0.
fn recursion(loss: &[f64], start: usize, up: usize, periods: usize) -> Vec<f64> {
    let states = 700;
    let mut alive = vec![0.0; states];
    alive[start] = 1.0;
    let mut ruined = 0.0;
    (0..periods)
        .map(|_| {
            let mut next = vec![0.0; states];
            for (held, p) in alive.iter().enumerate().filter(|(_, p)| **p > 0.0) {
                let before = held + up;
                for (x, q) in loss.iter().enumerate().take(before + 1) {
                    next[(before - x).min(states - 1)] += p * q;
                }
                let paid: f64 = loss.iter().take(before + 1).sum();
                ruined += p * (1.0 - paid);
            }
            alive = next;
            ruined
        })
        .collect()
}

/// Exp(5) claims, Exp(3) waits, premium 1 a unit of time (reference values 6): psi(u) = .6 e^(-2u). Ruin seen at the
/// ends of periods of dt falls short of it by what dt hides, which shrinks with dt; the pool agrees with the exact
/// recursion of its periods.
#[test]
fn without_exits_it_is_the_classical_surplus() {
    let step = 1.0 / 32.0;
    let u = 0.5;
    let start = (u / step) as usize;
    let mut gaps = Vec::new();
    for (up, periods) in [(4, 160), (2, 320), (1, 640)] {
        let dt = up as f64 * step;
        let loss = compound(3.0 * dt, 5.0, step, 96);
        let exact = recursion(&loss, start, up, periods);
        // A lattice surplus of 0, which is no ruin, stands for one of up to half a step below.
        gaps.push(0.6 * libm::exp(-2.0 * u - step) - exact[periods - 1]);
        if up < 4 {
            continue;
        }
        let grid = Grid::new(step, 96).unwrap();
        let atoms = loss.iter().enumerate().map(|(j, p)| (*p, grid.point(j)));
        let yearly = AnnualLoss::of_grid(&GridLoss::of_atoms(grid, atoms).unwrap());
        // A hair above the lattice: a surplus of exactly 0 is not ruin.
        let plan = classical(u + 1e-9, dt, periods, 8_000);
        let projection = plan.project(&yearly).unwrap();
        for period in [0, 3, 15, periods - 1] {
            let (found, exact) = (projection.years[period].ruin, exact[period]);
            let error = (exact * (1.0 - exact) / 8_000.0).sqrt();
            assert!((found.value - exact).abs() < 4.0 * error, "{period}: {found:?} {exact}");
            assert_eq!(found, projection.years[period].default, "nothing is required");
        }
    }
    // Twenty units of time are nearly all of it; what the periods hide vanishes with them, in first and second order.
    assert!(gaps[0] > gaps[1] && gaps[1] > gaps[2] && gaps[2] > 0.0, "{gaps:?}");
    let limit = (8.0 * gaps[2] - 6.0 * gaps[1] + gaps[0]) / 3.0;
    assert!(limit.abs() < 0.001, "{limit} {gaps:?}");
}

fn yearly() -> AnnualLoss {
    let losses: Vec<(f64, f64)> =
        [(0.0, 0.80), (2.0, 0.08), (10.0, 0.06), (30.0, 0.04), (70.0, 0.015), (150.0, 0.005)].to_vec();
    AnnualLoss::of_weighted(&losses).unwrap()
}

/// Two years by hand on certain losses: every flow has its place.
#[test]
fn a_path_by_hand() {
    let losses = AnnualLoss::of_sample(&[30.0]).unwrap();
    let plan = PoolPlan {
        rule: PremiumRule::Experience { weight: 0.5, floor: 0.5, ceiling: 4.0 },
        required: 0.0,
        years: 2,
        paths: 3,
        ..whole(100.0)
    };
    let projection = plan.project(&losses).unwrap();
    // Year 1: premium 12, of which 4.8 to the reserve; interest .1 on it and 2 on capital; income 9.2, 1.84 stays.
    // Reserve 5.1 + 4.8 = 9.9 pays, 20.1 comes from the capital of 101.84; all of the lost share x 1.5 gives notice.
    let lost = 20.1 / 101.84;
    let kept: f64 = 101.84 - 20.1;
    let year = &projection.years[0];
    assert!((year.assets.mean.value - kept).abs() < 1e-12, "{year:?}");
    assert!((year.premium.value - 12.0).abs() < 1e-12 && (year.loss_ratio.value - 2.5).abs() < 1e-12);
    assert!((year.earned.value - (9.2 - 20.1) / 100.0).abs() < 1e-12);
    // Year 2: losses were as expected, so the rate stays; cover grows by a tenth.
    let notice = 1.5 * lost * kept;
    let (premium, loss) = (13.2, 33.0);
    let income = 0.6 * premium + 0.02 * kept;
    let before = kept + 0.2 * income;
    let from_capital = loss - 0.4 * premium;
    let lost = from_capital / before;
    let after = before - from_capital;
    let year = &projection.years[1];
    assert!((year.cover.value - 1.1).abs() < 1e-12);
    assert!((year.assets.mean.value - (after - notice * (1.0 - lost))).abs() < 1e-10, "{year:?}");
    assert_eq!((year.ruin.value, year.assets.low), (0.0, year.assets.high));
}

/// More capital at the start, less ruin in every year: on common random numbers without exception.
#[test]
fn ruin_falls_with_capital() {
    let losses = yearly();
    let rules =
        [PremiumRule::Constant, whole(1.0).rule, PremiumRule::CostOfCapital { rate: 0.1, reference: 100.0 }];
    for rule in rules {
        let mut before: Option<Vec<f64>> = None;
        for capital in [20.0, 40.0, 60.0, 90.0, 91.0, 150.0, 400.0] {
            let plan = PoolPlan { rule, ..whole(capital) };
            let ruin: Vec<f64> =
                plan.project(&losses).unwrap().years.iter().map(|year| year.ruin.value).collect();
            assert!(ruin.windows(2).all(|w| w[0] <= w[1]), "cumulative");
            if let Some(before) = before {
                assert!(
                    ruin.iter().zip(&before).all(|(a, b)| a <= b),
                    "{rule:?} {capital}: {ruin:?} {before:?}"
                );
            }
            before = Some(ruin);
        }
    }
}

#[test]
fn the_smallest_capital_is_enough_and_no_more() {
    let losses = yearly();
    let plan = whole(100.0);
    let sized = plan.smallest_capital(&losses, 0.02).unwrap().unwrap();
    let ruin = |capital: f64| PoolPlan { capital, ..plan }.project(&losses).unwrap().ruin().value;
    let capital = sized.capital.value;
    assert!(ruin(capital) <= 0.02 && ruin(0.999 * capital) > 0.02, "{sized:?}");
    assert_eq!(sized.ruin.value, ruin(capital));
    assert!(sized.capital.standard_error > 0.0 && sized.capital.standard_error < 0.3 * capital, "{sized:?}");
    // The error covers: another seed agrees within the errors of both.
    let other = PoolPlan { seed: 99, ..plan }.smallest_capital(&losses, 0.02).unwrap().unwrap();
    let error = libm::hypot(other.capital.standard_error, sized.capital.standard_error);
    assert!((other.capital.value - capital).abs() < 4.0 * error, "{other:?} {sized:?}");
    let viability = plan.viability(&losses, 0.02).unwrap();
    assert_eq!(viability.needed, Some(sized));
    assert_eq!(viability.solvent, plan.capital >= capital);
    assert_eq!(viability.viable(), viability.solvent && viability.worthwhile);
    // A pool without premium that loses for certain cannot be made large enough to last at any price of capital.
    let certain = AnnualLoss::of_sample(&[1.0]).unwrap();
    let eaten = PoolPlan {
        premium: 0.0,
        growth: Growth { rate: 9.0, elasticity: 0.0 },
        years: 12,
        paths: 10,
        ..classical(0.0, 0.0, 1, 1)
    };
    assert_eq!(eaten.smallest_capital(&certain, 0.5), Ok(None));
}

/// Exits, entries and premium rules do what they are for.
#[test]
fn what_moves_the_pool() {
    let losses = yearly();
    let last = |plan: PoolPlan| *plan.project(&losses).unwrap().years.last().unwrap();
    let base = PoolPlan { exits: Exits::default(), rule: PremiumRule::Constant, ..whole(120.0) };
    let with = |exits: Exits| last(PoolPlan { exits, ..base });
    let none = last(base);
    let some = with(Exits { share_per_loss: 1.0, cooldown_years: 0 });
    let slow = with(Exits { share_per_loss: 1.0, cooldown_years: 3 });
    assert!(
        some.assets.mean.value < slow.assets.mean.value && slow.assets.mean.value < none.assets.mean.value
    );
    assert!(some.ruin.value > none.ruin.value);
    // Premiums that rise after losses bring in more after losses, and more cover leaves.
    let risen =
        last(PoolPlan { rule: PremiumRule::Experience { weight: 1.0, floor: 1.0, ceiling: 5.0 }, ..base });
    assert!(risen.premium.value / risen.cover.value > none.premium.value / none.cover.value);
    assert!(risen.cover.value < none.cover.value);
    // Entries enlarge a pool that pays well.
    let open = last(PoolPlan { entries: Entries { target_return: 0.01, speed: 0.8 }, ..base });
    let closed = last(PoolPlan { entries: Entries { target_return: 0.01, speed: 0.0 }, ..base });
    assert!(open.assets.mean.value > closed.assets.mean.value && open.ruin.value <= closed.ruin.value);
    // Solvency is assets over what is required.
    let first = base.project(&losses).unwrap().years[0];
    assert!((first.solvency.median - first.assets.median / 40.0).abs() < 1e-12);
    assert!(first.assets.low <= first.assets.median && first.assets.median <= first.assets.high);
}

#[test]
fn the_same_bits_on_any_threads() {
    let losses = yearly();
    let plan = whole(100.0);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (plan.project(&losses).unwrap(), plan.smallest_capital(&losses, 0.03).unwrap()))
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_year_is_drawn_from_the_pools_distribution() {
    let grid = Grid::new(1.0, 64).unwrap();
    let line = GridLoss::of_atoms(grid, [(0.1, 10.0), (0.02, 45.5), (0.01, 100.0)]).unwrap();
    let pool = GridPool::independent(grid, &[line.clone(), GridLoss::none(grid)]).unwrap();
    for losses in [AnnualLoss::of_pool(&pool), AnnualLoss::of_grid(&line)] {
        assert!((losses.mean() - line.mean()).abs() < 1e-9);
        assert_eq!((losses.at(0.5), losses.at(0.9)), (0.0, 10.0));
        assert!((losses.at(0.999) - 100.0).abs() < 1e-6, "{}", losses.at(0.999));
    }
    assert!(AnnualLoss::of_sample(&[]).is_err() && AnnualLoss::of_sample(&[-1.0]).is_err());
    assert!(AnnualLoss::of_weighted(&[(1.0, 0.0)]).is_err());
}

#[test]
fn refuses_what_cannot_be_projected() {
    let losses = yearly();
    let refused = |plan: PoolPlan| plan.project(&losses).unwrap_err();
    let entries = Entries { target_return: 0.2, speed: 6.0 };
    assert!(matches!(refused(PoolPlan { entries, ..whole(1.0) }), ProjectionError::Entries { .. }));
    for (name, plan) in [
        ("capital", PoolPlan { capital: -1.0, ..whole(1.0) }),
        ("years", PoolPlan { years: 0, ..whole(1.0) }),
        ("retained share", PoolPlan { retained: 1.5, ..whole(1.0) }),
        ("cooldown", PoolPlan { exits: Exits { share_per_loss: 1.0, cooldown_years: 11 }, ..whole(1.0) }),
        ("interest", PoolPlan { interest: f64::NAN, ..whole(1.0) }),
        (
            "greatest rate",
            PoolPlan {
                rule: PremiumRule::Experience { weight: 0.1, floor: 0.5, ceiling: 0.9 },
                ..whole(1.0)
            },
        ),
    ] {
        let error = refused(plan);
        assert!(
            matches!(error, ProjectionError::Parameter { name: found, .. } if found == name),
            "{name}: {error}"
        );
    }
    assert!(matches!(refused(PoolPlan { paths: 1 << 40, ..whole(1.0) }), ProjectionError::Size { .. }));
    assert!(whole(1.0).smallest_capital(&losses, 0.0).is_err());
}
