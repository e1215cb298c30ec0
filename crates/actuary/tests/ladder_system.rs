//! The system over blocks: the same losses as market by market along single paths, whatever blocks they stand in.

mod system_support;

use seawall_actuary::{
    liquidation::{
        ByRegime, Columns, DelaySpells, Depth, Feedback, ImpactShape, MarketModel, MarketSpec, SpellRates,
        System, SystemError, SystemOptions,
    },
    price::{BlockInterval, PathBlock, PricePath},
};
use system_support::{block, book, loans, prices, spec};

const STEPS: usize = 60;
const YEARS: f64 = 0.5;

/// The markets; those on the second column with that column or, for a path of their own, with the first.
fn markets(second: usize) -> Vec<MarketModel> {
    let books = [
        book("plain", loans(1, 200, &[0.8])),
        book("mixed", loans(2, 150, &[0.75, 0.86, 0.93])),
        book("late", loans(3, 100, &[0.8])),
    ];
    let scarce = Depth::per_hour(0.05, 0.01).unwrap();
    [
        MarketSpec { renewal_days: Some(182.5 / 6.0), ..spec(&books[0]) },
        MarketSpec { depth: scarce, columns: Columns::Collateral(second), ..spec(&books[1]) },
        MarketSpec {
            depth: scarce,
            delay_hours: ByRegime { calm: 2.0, stressed: 150.0 },
            renewal_days: Some(182.5 / 3.0),
            ..spec(&books[2])
        },
    ]
    .iter()
    .map(|spec| MarketModel::new(spec).unwrap())
    .collect()
}

/// One column of one path of a block as a path of its own.
fn path_of(block: &PathBlock, path: usize, column: usize) -> PricePath {
    let mut intervals: Vec<BlockInterval> = Vec::new();
    block.intervals(path, column, &mut intervals);
    PricePath {
        assets: 1,
        time: intervals.iter().map(|i| i.time).collect(),
        low: intervals.iter().map(|i| i.low).collect(),
        close: intervals.iter().map(|i| i.close).collect(),
        after: intervals.iter().map(|i| i.after).collect(),
        stressed: intervals.iter().map(|i| i.stressed).collect(),
    }
}

fn run(system: &System, block: &PathBlock, horizons: &[usize]) -> Vec<f64> {
    let mut losses = vec![f64::NAN; block.paths() * horizons.len() * system.markets().len()];
    system.run_block(block, horizons, 9, block.first_path(), &mut system.state(), &mut losses).unwrap();
    losses
}

#[test]
fn a_block_loses_what_its_paths_lose_one_by_one() {
    let block = block(&prices(), YEARS, STEPS, 4, 1000, 150);
    let system = System::new(markets(1), SystemOptions::default()).unwrap();
    let horizons = [7, 30, STEPS];
    let losses = run(&system, &block, &horizons);
    let times = horizons.map(|steps| block.time(steps - 1));
    let mut lossy = [0; 3];
    for path in 0..block.paths() {
        for (market, alone) in markets(0).iter().enumerate() {
            let column = usize::from(market == 1);
            let mut expected = [f64::NAN; 3];
            alone.run(&path_of(&block, path, column), &times, &mut alone.state(), &mut expected).unwrap();
            for (horizon, expected) in expected.iter().enumerate() {
                let found = losses[(path * 3 + horizon) * 3 + market];
                // A path's own clock adds up steps: with delay the last bits may differ.
                let same = if market == 2 {
                    (found - expected).abs() <= 1e-12 * alone.debt()
                } else {
                    found.to_bits() == expected.to_bits()
                };
                assert!(same, "path {path}, market {market}: {found} {expected}");
            }
            lossy[market] += usize::from(expected[2] > 0.0);
        }
    }
    assert!(lossy.iter().all(|&count| count > 50), "{lossy:?}");
}

#[test]
fn a_market_alone_and_paths_in_other_blocks_lose_the_same() {
    let (model, system) = (prices(), System::new(markets(1), SystemOptions::default()).unwrap());
    let whole = block(&model, YEARS, STEPS, 4, 0, 100);
    let losses = run(&system, &whole, &[STEPS]);
    let mut state = system.state();
    for market in 0..3 {
        let mut alone = vec![f64::NAN; 100];
        system.run_together(market, &whole, &[STEPS], 9, 0, &mut state, &mut alone).unwrap();
        assert!(alone.iter().enumerate().all(|(path, loss)| *loss == losses[path * 3 + market]));
    }
    let parts: Vec<f64> = [(0, 37), (37, 63)]
        .iter()
        .flat_map(|&(first, count)| run(&system, &block(&model, YEARS, STEPS, 4, first, count), &[STEPS]))
        .collect();
    assert_eq!(parts, losses);
}

/// Where spells are possible but never come every step is worked off in full: the usual steps, which are not, do the same.
#[test]
fn usual_steps_lose_the_same_bits_as_steps_worked_off_in_full() {
    let never = SpellRates { per_year: ByRegime::same(0.0), at_crash: 0.0, mean_hours: 1.0 };
    let model = prices();
    let books: Vec<_> = (0..4)
        .map(|seed| book(&seed.to_string(), loans(seed, 300, &[0.8, 0.7][..1 + seed as usize % 2])))
        .collect();
    let debt = books[0].debt();
    for (impact, hours, delay) in [(0.0, 5.0, 0.0), (0.05, 5.0, 0.0), (0.05, 50.0, 0.25), (0.4, 500.0, 0.25)]
    {
        let markets = || -> Vec<MarketModel> {
            let model = |(number, market)| {
                MarketModel::new(&MarketSpec {
                    columns: Columns::Collateral(number % 2),
                    depth: Depth::per_hour(debt / 30.0, debt / 100.0).unwrap(),
                    delay_hours: ByRegime { calm: delay, stressed: 2.0 * delay },
                    renewal_days: Some(182.5 / 6.0),
                    ..spec(market)
                })
                .unwrap()
            };
            books.iter().enumerate().map(model).collect()
        };
        for feedback in [Vec::new(), vec![vec![0, 2], vec![1]], vec![vec![0, 1, 2, 3]]] {
            let feedback = feedback.into_iter().map(|markets| Feedback {
                markets,
                depth: debt,
                impact,
                shape: ImpactShape::Linear,
                half_life_hours: hours,
                most_rounds: 8,
            });
            let options = SystemOptions { feedback: feedback.collect(), ..SystemOptions::default() };
            let delay = Some(DelaySpells { rates: never, extra_hours: 1.0 });
            let usual = System::new(markets(), options.clone()).unwrap();
            let in_full = System::new(markets(), SystemOptions { delay, ..options }).unwrap();
            let block = block(&model, YEARS, STEPS, 6, 0, 80);
            let losses = run(&usual, &block, &[20, STEPS]);
            assert!(losses.iter().filter(|&&loss| loss > 0.0).count() > 50);
            assert_eq!(losses, run(&in_full, &block, &[20, STEPS]));
        }
    }
}

#[test]
fn refuses_blocks_and_horizons_that_do_not_fit() {
    let (model, system) = (prices(), System::new(markets(1), SystemOptions::default()).unwrap());
    let block = block(&model, YEARS, 5, 4, 0, 3);
    let mut state = system.state();
    let mut run = |system: &System, block: &PathBlock, horizons: &[usize], room: usize| {
        system.run_block(block, horizons, 0, 0, &mut state, &mut vec![0.0; room]).unwrap_err()
    };
    assert!(matches!(
        run(&system, &block, &[6], 9),
        SystemError::Horizon { index: 0, step: 6, steps: 5, .. }
    ));
    assert!(matches!(run(&system, &block, &[2, 2], 18), SystemError::Horizon { index: 1, previous: 2, .. }));
    assert!(matches!(run(&system, &block, &[5], 8), SystemError::Losses { found: 8, expected: 9 }));
    let wide = System::new(markets(7), SystemOptions::default()).unwrap();
    assert!(matches!(run(&wide, &block, &[5], 9), SystemError::Column { column: 7, columns: 2, .. }));
    let closes = {
        let plan = seawall_actuary::price::BlockPlan { horizon_years: 1.0, steps: 5, ..plan_of_closes() };
        let mut block = PathBlock::default();
        model.simulate_block(&plan, 1, 0, 3, &mut block, &mut Default::default()).unwrap();
        block
    };
    assert!(matches!(run(&system, &closes, &[5], 9), SystemError::Detail));
    assert!(matches!(System::new(Vec::new(), SystemOptions::default()), Err(SystemError::Empty)));
}

fn plan_of_closes() -> seawall_actuary::price::BlockPlan {
    let detail = seawall_actuary::price::Detail::Closes;
    seawall_actuary::price::BlockPlan { horizon_years: 1.0, steps: 1, detail }
}
