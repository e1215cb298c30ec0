//! Options in closed form against printed tables, and the models they belong to against them by simulation.

use seawall_actuary::price::closed_form::barrier::{self, Contract, Knock, Market, Right, Touch};
use seawall_actuary::price::closed_form::exchange::{Leg, exchange};
use seawall_actuary::price::closed_form::{black_cox, merton};
use seawall_actuary::price::{
    AssetModel, BlockPlan, BlockScratch, CommonCrash, Detail, JumpDiffusion, MertonDiffusion, MertonJumps,
    Model, ModelError, ModelParameters, PathBlock, PricePath, Scratch,
};

/// Haug's whole table (also QuantLib's test-suite): S = 100, T = 0.5, r = 0.08, q = 0.04, rebate 3. A barrier at the price
/// is touched.
#[test]
fn barrier_option_table() {
    for line in include_str!("reference/barrier_options.csv").lines().skip(1) {
        let field: Vec<&str> = line.split(',').collect();
        let number = |index: usize| field[index].parse::<f64>().unwrap();
        let market = Market { spot: 100.0, rate: 0.08, carry: 0.04, volatility: number(5) };
        let contract = Contract {
            right: if field[0] == "call" { Right::Call } else { Right::Put },
            knock: if field[2] == "in" { Knock::In } else { Knock::Out },
            strike: number(4),
            barrier: number(3),
            rebate: 3.0,
            years: 0.5,
        };
        assert_eq!(field[1] == "down", contract.barrier <= market.spot);
        let value = barrier::option(&market, &contract);
        assert!((value - number(6)).abs() < number(7), "{line}: {value}");
    }
}

/// Without a rebate the two halves of every barrier option are the vanilla option.
#[test]
fn in_and_out_add_up_to_the_vanilla_option() {
    for (volatility, carry) in [(0.25, 0.04), (0.3, 0.08), (0.9, -0.02)] {
        let market = Market { spot: 100.0, rate: 0.08, carry, volatility };
        for barrier_level in [60.0, 95.0, 99.9, 100.1, 105.0, 180.0] {
            for strike in [70.0, 90.0, 100.0, 110.0, 150.0] {
                for right in [Right::Call, Right::Put] {
                    let value = |knock| {
                        let contract = Contract {
                            right,
                            knock,
                            strike,
                            barrier: barrier_level,
                            rebate: 0.0,
                            years: 0.5,
                        };
                        barrier::option(&market, &contract)
                    };
                    let vanilla = match right {
                        Right::Call => black_cox::call(100.0, strike, 0.08, carry, volatility, 0.5),
                        Right::Put => black_cox::put(100.0, strike, 0.08, carry, volatility, 0.5),
                    };
                    let (inside, outside) = (value(Knock::In), value(Knock::Out));
                    assert!((inside + outside - vanilla).abs() < 1e-7);
                    assert!(
                        inside > -1e-9 && outside > -1e-9,
                        "{barrier_level} {strike}: {inside} {outside}"
                    );
                }
            }
        }
    }
}

/// The general formula agrees with the one written down for down-and-out calls.
#[test]
fn down_out_call_two_ways() {
    for level in [85.0, 93.0, 97.0] {
        let market = Market { spot: 100.0, rate: 0.1, carry: 0.1, volatility: 0.3 };
        let contract = Contract {
            right: Right::Call,
            knock: Knock::Out,
            strike: 100.0,
            barrier: level,
            rebate: 0.0,
            years: 0.2,
        };
        let other = black_cox::down_out_call(100.0, 100.0, level, 0.1, 0.1, 0.3, 0.2);
        assert!((barrier::option(&market, &contract) - other).abs() < 1e-11);
    }
}

/// Haug 1998, page 95: cash 15, H = 100, S = 105, r = 0.10, no dividends, volatility 0.20, half a year.
#[test]
fn one_touch() {
    let market = Market { spot: 105.0, rate: 0.1, carry: 0.1, volatility: 0.2 };
    for (pays, printed) in
        [(Touch::AtHit, 9.7264), (Touch::AtExpiryIfHit, 9.3604), (Touch::AtExpiryIfNotHit, 4.9081)]
    {
        let value = barrier::touch(&market, 100.0, 0.5, 15.0, pays);
        assert!((value - printed).abs() < 1e-4, "{pays:?}: {value}");
    }
    // Driftless and undiscounted, the touch is a first passage.
    let market = Market { spot: 1.0, rate: 0.0, carry: 0.0, volatility: 0.8 };
    let value = barrier::touch(&market, 0.75, 30.0 / 365.0, 1.0, Touch::AtHit);
    let passage = black_cox::first_passage(0.75, -0.32, 0.8, 30.0 / 365.0);
    assert!((value - passage).abs() < 1e-14 && (value - 0.241_217_348_974_755).abs() < 1e-12);
}

/// Margrabe 1978 in Haug's whole table: 22 against 20, yields 0.06 and 0.04, the first volatility 0.2.
#[test]
fn exchange_option_table() {
    let mut rows = 0;
    for line in include_str!("reference/exchange_options.csv").lines().skip(1) {
        let field: Vec<&str> = line.split(',').collect();
        let number = |index: usize| field[index].parse::<f64>().unwrap();
        let one = Leg { value: 22.0, dividend_yield: 0.06, volatility: 0.2 };
        let two = Leg { value: 20.0, dividend_yield: 0.04, volatility: number(2) };
        let value = exchange(one, two, number(1), number(0));
        assert!((value - number(3)).abs() < number(4), "{line}: {value}");
        // Quantities scale both legs.
        let doubled = |leg: Leg| Leg { value: 2.0 * leg.value, ..leg };
        let twice = exchange(doubled(one), doubled(two), number(1), number(0));
        assert!((twice - 2.0 * value).abs() < 1e-12);
        rows += 1;
    }
    assert_eq!(rows, 18);
}

/// Merton 1976 in Haug's whole table: S = 100, r = 0.08, volatility 0.25 in all, of whose variance the jumps carry the
/// given share; E[jump] = 0. Haug breaks the series off after eleven terms; where that shows, the value is the full sum.
#[test]
fn merton_table() {
    let mut rows = 0;
    for line in include_str!("reference/merton_calls.csv").lines().skip(1) {
        let field: Vec<&str> = line.split(',').collect();
        let number = |index: usize| field[index].parse::<f64>().unwrap();
        let (share, strike, intensity, years) = (number(0), number(1), number(2), number(3));
        let jump_variance: f64 = share * 0.25 * 0.25 / intensity;
        let jumps = MertonJumps { intensity, mean: -0.5 * jump_variance, deviation: jump_variance.sqrt() };
        let volatility = (0.25_f64 * 0.25 * (1.0 - share)).sqrt();
        let value = merton::call(100.0, strike, 0.08, 0.08, volatility, years, &jumps);
        assert!((value - number(4)).abs() < number(5), "{line}: {value}");
        rows += 1;
    }
    assert_eq!(rows, 135);
}

fn stress() -> MertonJumps {
    MertonJumps { intensity: 2.0, mean: -0.2, deviation: 0.25 }
}

/// A put deep out of the money, recomputed independently to eleven digits.
#[test]
fn merton_put() {
    let value = merton::put(100.0, 70.0, 0.08, 0.08, 0.6, 30.0 / 365.0, &stress());
    assert!((value - 0.615_896_561_26).abs() < 1e-10, "{value}");
    let none = MertonJumps { intensity: 0.0, ..stress() };
    let value = merton::put(100.0, 70.0, 0.08, 0.03, 0.6, 0.4, &none);
    assert!((value - black_cox::put(100.0, 70.0, 0.08, 0.03, 0.6, 0.4)).abs() < 1e-12);
    // Many jumps: a normal limit, and the series must not end before its mode.
    let many = MertonJumps { intensity: 400.0, mean: 0.0, deviation: 0.01 };
    let value = merton::put(100.0, 95.0, 0.0, 0.0, 0.2, 1.0, &many);
    let limit = black_cox::put(100.0, 95.0, 0.0, 0.0, (0.04_f64 + 0.04).sqrt(), 1.0);
    assert!((value - limit).abs() < 0.01, "{value} {limit}");
    assert!(merton::put(-1.0, 70.0, 0.0, 0.0, 0.6, 0.4, &none).is_nan());
}

/// The simulated model prices the put and keeps its mean, alone and beside a common crash.
#[test]
fn simulated_merton_prices_agree() {
    let years = 30.0 / 365.0;
    let dynamics = MertonDiffusion { volatility: 0.6, growth: 0.08, jumps: stress(), crash_loading: 0.0 };
    let plain = JumpDiffusion::brownian(0.6, 0.08);
    let assets = vec![AssetModel::merton("X", dynamics), AssetModel::jump_diffusion("Y", plain)];
    let correlation = vec![vec![1.0, 0.3], vec![0.3, 1.0]];
    let model = Model::new(ModelParameters { assets, correlation, ..ModelParameters::default() }).unwrap();
    let plan = BlockPlan { horizon_years: years, steps: 1, detail: Detail::Closes };
    let (mut block, mut scratch) = (PathBlock::default(), BlockScratch::default());
    let paths = 400_000;
    model.simulate_block(&plan, 4, 0, paths, &mut block, &mut scratch).unwrap();
    let discount = libm::exp(-0.08 * years);
    let puts = [
        merton::put(1.0, 0.7, 0.08, 0.08, 0.6, years, &stress()),
        black_cox::put(1.0, 0.7, 0.08, 0.08, 0.6, years),
    ];
    for (column, exact) in puts.into_iter().enumerate() {
        let close = block.close(0, column);
        for (payoff, exact) in [
            (close.iter().map(|s| discount * (0.7 - s).max(0.0)).collect::<Vec<f64>>(), exact),
            (close.iter().map(|s| discount * s).collect(), 1.0),
        ] {
            let n = paths as f64;
            let mean = payoff.iter().sum::<f64>() / n;
            let variance = payoff.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
            let off = (mean - exact) / (variance / n).sqrt();
            assert!(off.abs() < 4.0, "column {column}: {mean} against {exact}");
        }
    }
    // Path by path the jumps are the same.
    let (mut path, mut single) = (PricePath::default(), Scratch::default());
    let mut jumps = 0;
    for index in 0..2000 {
        model.simulate(years, 1, 4, index, &mut path, &mut single).unwrap();
        jumps += path.len() - 1;
    }
    let expected = 2000.0 * 2.0 * years;
    assert!((jumps as f64 - expected).abs() < 4.0 * expected.sqrt(), "{jumps} {expected}");
}

#[test]
fn impossible_merton_parameters_are_refused() {
    let model = |jumps: MertonJumps| {
        let dynamics = MertonDiffusion { volatility: 0.6, growth: 0.0, jumps, crash_loading: 1.0 };
        Model::new(ModelParameters {
            assets: vec![AssetModel::merton("X", dynamics)],
            correlation: vec![vec![1.0]],
            crash: Some(CommonCrash {
                intensity: 1.0,
                floor: 0.1,
                excess: seawall_actuary::math::pareto::GeneralisedPareto { shape: 0.0, scale: 0.1 },
            }),
            ..ModelParameters::default()
        })
    };
    assert!(model(stress()).is_ok());
    for jumps in [
        MertonJumps { intensity: -1.0, ..stress() },
        MertonJumps { mean: f64::NAN, ..stress() },
        MertonJumps { deviation: -0.1, ..stress() },
    ] {
        assert!(matches!(model(jumps), Err(ModelError::OutOfRange { .. })));
    }
}
