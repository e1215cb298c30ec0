//! Depth from reserves, ranges, quotes and the square-root law: what the largest sale is, against searches that know no
//! formula.

use seawall_actuary::{
    liquidation::{
        Concentrated, ConstantProduct, Depth, Impact, ImpactCurve, LiquidityRange, SquareRoot, Venues,
    },
    random::Stream,
};

fn profit(impact: &Impact, bonus: f64, gas: f64, x: f64) -> f64 {
    (1.0 + bonus) * (1.0 - impact.slip(x)) * x - x - gas
}

fn log_uniform(random: &mut Stream, low: f64, high: f64) -> f64 {
    libm::exp(libm::log(low) + random.uniform() * (libm::log(high) - libm::log(low)))
}

fn ranges(random: &mut Stream, price: f64) -> Vec<LiquidityRange> {
    let mut lower = price * (0.2 + 0.5 * random.uniform());
    let mut ranges = Vec::new();
    while lower < 1.2 * price {
        let upper = lower * (1.01 + 0.2 * random.uniform());
        // Some ranges hold nothing, and some are left out: gaps.
        let liquidity = if random.uniform() < 0.2 { 0.0 } else { log_uniform(random, 10.0, 1e5) };
        if random.uniform() > 0.1 {
            ranges.push(LiquidityRange { lower, upper, liquidity });
        }
        lower = upper;
    }
    let below = LiquidityRange { lower: 0.1 * price, upper: 0.2 * price, liquidity: 500.0 };
    ranges.insert(0, below);
    ranges
}

/// A random impact of each kind.
fn impacts(seed: u64) -> Vec<Impact> {
    let random = &mut Stream::new(seed, 0, 0);
    let fee = if random.uniform() < 0.5 { 0.0 } else { 0.003 };
    let price = log_uniform(random, 0.01, 30_000.0);
    let collateral = log_uniform(random, 1.0, 1e6);
    let product = ConstantProduct::new(collateral, collateral * price, 1.3, fee).unwrap();
    let concentrated = Concentrated::new(price, &ranges(random, price), 1.3, fee).unwrap();
    let (mut size, mut impact) = (0.0, 0.0);
    let points: Vec<(f64, f64)> = (0..12)
        .map(|_| {
            size += log_uniform(random, 1.0, 1e5);
            // Flat pieces and dips: quotes are like that.
            impact += if random.uniform() < 0.3 { -0.002 } else { 0.02 * random.uniform() };
            (size, impact)
        })
        .collect();
    let curve = ImpactCurve::new(&points, 2.0).unwrap();
    let root = SquareRoot::new(0.02 + 0.1 * random.uniform(), log_uniform(random, 1e3, 1e8)).unwrap();
    let single = vec![
        Impact::ConstantProduct(product),
        Impact::Concentrated(concentrated),
        Impact::Measured(curve),
        Impact::SquareRoot(root),
    ];
    let mut all = single.clone();
    all.push(Impact::Venues(Venues::new(single).unwrap()));
    all
}

#[test]
fn profit_ends_at_the_largest_sale() {
    let (mut sales, mut ends) = (vec![0; 5], vec![0; 5]);
    for seed in 0..120 {
        let random = &mut Stream::new(seed, 1, 0);
        let bonus = if seed % 8 == 0 { 1.2 } else { 0.15 } * random.uniform();
        for (kind, impact) in impacts(seed).iter().enumerate() {
            for gas in [0.0, 1.0, 300.0] {
                let x = impact.largest_sale(bonus, gas);
                let end = impact.end();
                let case = format!("seed {seed}, kind {kind}, bonus {bonus}, gas {gas}: {x} of {end}");
                assert!(x >= 0.0 && x <= end * (1.0 + 1e-12), "{case}");
                if x > 0.0 {
                    sales[kind] += 1;
                    let at = profit(impact, bonus, gas, x);
                    assert!(at > -1e-9 * (x + gas), "{case}: loses {at}");
                    if x < end * (1.0 - 1e-12) {
                        assert!(at.abs() < 1e-9 * (x + gas), "{case}: profit {at} is left");
                    } else {
                        ends[kind] += 1;
                    }
                }
                // Nothing larger pays; below nothing at all is searched where the answer is 0.
                let start = if x > 0.0 { x * (1.0 + 1e-7) } else { 1e-3 };
                for step in 0..300 {
                    let beyond = start * libm::pow(1.08, f64::from(step));
                    if beyond > end {
                        break;
                    }
                    let more = profit(impact, bonus, gas, beyond);
                    assert!(more < 1e-9 * beyond, "{case}: {beyond} makes {more}");
                }
            }
        }
    }
    assert!(sales.iter().all(|count| *count > 50), "{sales:?}");
    assert!(ends[1] > 0 && ends[2] > 0, "{ends:?}");
}

#[test]
fn impact_never_falls_with_the_size() {
    for seed in 400..460 {
        for (kind, impact) in impacts(seed).iter().enumerate() {
            let mut before = impact.slip(0.0);
            for step in 0..200 {
                let size = 1e-2 * libm::pow(1.15, f64::from(step));
                let slip = impact.slip(size);
                assert!(slip >= before - 1e-10 && slip <= 1.0, "seed {seed}, kind {kind}, {size}: {slip}");
                before = slip;
            }
        }
    }
}

#[test]
fn constant_product_equals_the_trade_of_its_formula_and_a_bracketed_search() {
    for seed in 0..500 {
        let random = &mut Stream::new(seed, 2, 0);
        let (r, p) = (log_uniform(random, 1.0, 1e6), log_uniform(random, 0.01, 1e4));
        let (fee, bonus) = (0.01 * random.uniform(), 0.02 + 0.2 * random.uniform());
        let pool = ConstantProduct::new(r, r * p, 1.0, fee).unwrap();
        let q = r * log_uniform(random, 1e-6, 10.0);
        let kept = q * (1.0 - fee);
        let received = r * p * kept / (r + kept);
        assert!((pool.slip(q * p) - (1.0 - received / (q * p))).abs() < 1e-13, "seed {seed}");
        let impact = Impact::ConstantProduct(pool);
        let gas = r * p * 1e-6 * random.uniform();
        let x = impact.largest_sale(bonus, gas);
        assert!(x > 0.0, "seed {seed}");
        // Profit is concave: above zero half way between gas and the end, below zero at 100 reserves.
        let (mut low, mut high) = (0.5 * x, 100.0 * r * p);
        assert!(profit(&impact, bonus, gas, low) > 0.0 && profit(&impact, bonus, gas, high) < 0.0);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if profit(&impact, bonus, gas, middle) > 0.0 { low = middle } else { high = middle }
        }
        assert!((x - low).abs() < 1e-10 * x, "seed {seed}: {x}, search {low}");
    }
}

#[test]
fn one_full_range_is_a_constant_product() {
    for seed in 0..500 {
        let random = &mut Stream::new(seed, 3, 0);
        let (r, p) = (log_uniform(random, 1.0, 1e6), log_uniform(random, 1e-3, 1e5));
        let fee = if seed % 2 == 0 { 0.0 } else { 0.003 };
        let product = ConstantProduct::new(r, r * p, 0.7, fee).unwrap();
        let full = LiquidityRange { lower: 0.0, upper: f64::INFINITY, liquidity: r * p.sqrt() };
        let range = Concentrated::new(p, &[full], 0.7, fee).unwrap();
        for size in [1e-9, 1e-3, 0.1, 1.0, 30.0].map(|share| share * r * p * 0.7) {
            assert!((product.slip(size) - range.slip(size)).abs() < 1e-12, "seed {seed}, {size}");
        }
        for (bonus, gas) in [(0.05, 0.0), (0.1, 1e-5 * r * p), (0.004, 0.0), (0.002, 0.0)] {
            let (a, b) = (product.largest_sale(bonus, gas), range.largest_sale(bonus, gas));
            assert!((a - b).abs() <= 1e-12 * a.max(r * p), "seed {seed}: {a}, {b}");
        }
        // Cut into pieces of the same liquidity it is still the same pool.
        let cuts = [0.0, 0.3 * p, 0.9 * p, 0.99 * p, 1.5 * p, f64::INFINITY];
        let pieces: Vec<LiquidityRange> = cuts
            .windows(2)
            .map(|cut| LiquidityRange { lower: cut[0], upper: cut[1], liquidity: r * p.sqrt() })
            .collect();
        let pieces = Concentrated::new(p, &pieces, 0.7, fee).unwrap();
        for bonus in [0.004, 0.02, 0.3, 1.0] {
            let (a, b) = (product.largest_sale(bonus, 0.0), pieces.largest_sale(bonus, 0.0));
            assert!((a - b).abs() <= 1e-12 * a.max(r * p), "seed {seed}, bonus {bonus}: {a}, {b}");
        }
    }
}

#[test]
fn concentrated_ranges_give_what_the_two_token_formulas_give() {
    // L = 100 from 81 to 100, 50 from 49 to 64, price 100: 100 (1/9 - 1/10) = 10/9 tokens take it to 81 and give 100;
    // 50 (1/7 - 1/8) = 50/56 more take it over the gap to 49 and give 50.
    let ranges = [
        LiquidityRange { lower: 49.0, upper: 64.0, liquidity: 50.0 },
        LiquidityRange { lower: 81.0, upper: 121.0, liquidity: 100.0 },
    ];
    let pool = Concentrated::new(100.0, &ranges, 1.0, 0.0).unwrap();
    let (first, second) = (1000.0 / 9.0, 1000.0 / 9.0 + 5000.0 / 56.0);
    assert!((pool.slip(first) - (1.0 - 100.0 / first)).abs() < 1e-14);
    assert!((pool.slip(second) - (1.0 - 150.0 / second)).abs() < 1e-14);
    assert!((pool.end() - second).abs() < 1e-12);
    assert!(
        (pool.slip(2.0 * second) - (1.0 - 75.0 / second)).abs() < 1e-14,
        "nothing is paid beyond the end"
    );
    // At a bonus of 50 % all of it pays: 225 > 200.4; at 20 % the sale ends inside the lower range or at the gap.
    assert_eq!(pool.largest_sale(0.5, 0.0), pool.end());
    let x = pool.largest_sale(0.2, 0.0);
    assert!(x > first && x < second && (1.2 * (1.0 - pool.slip(x)) - 1.0).abs() < 1e-13, "{x}");
}

#[test]
fn square_root_law_in_closed_form() {
    let law = SquareRoot::new(0.04, 1e6).unwrap();
    assert!((law.slip(1e4) - 0.004).abs() < 1e-17);
    // (1 + b) k sqrt(x) = b
    let x = law.largest_sale(0.05, 0.0);
    let root = 0.05 / (1.05 * 0.04) * 1e3;
    assert!((x - root * root).abs() < 1e-9 * x);
    assert!(law.largest_sale(0.05, 100.0) < x);
    // Profit is largest at (2/3)^2 of that, one third of bonus x there: a higher gas leaves nothing.
    let most = 0.05 / 3.0 * 4.0 / 9.0 * x;
    assert!(law.largest_sale(0.05, 0.999 * most) > 0.0);
    assert_eq!(law.largest_sale(0.05, 1.001 * most), 0.0);
    assert_eq!(law.slip(1e12), 1.0);
}

#[test]
fn two_equal_pools_take_twice_as_much_and_a_split_is_the_best() {
    for seed in 0..60 {
        let random = &mut Stream::new(seed, 4, 0);
        let pool = |r: f64| ConstantProduct::new(r, 2000.0 * r, 1.0, 0.003).unwrap();
        let (a, b) = (log_uniform(random, 1.0, 1e3), log_uniform(random, 1.0, 1e3));
        let twice = Venues::new(vec![Impact::ConstantProduct(pool(a)); 2]).unwrap();
        let (x, one) = (twice.largest_sale(0.05, 0.0), pool(a).largest_sale(0.05, 0.0));
        assert!((x - 2.0 * one).abs() < 1e-10 * x, "seed {seed}: {x}, {one}");
        // Pools in proportion are one pool of their sum.
        let two =
            Venues::new(vec![Impact::ConstantProduct(pool(a)), Impact::ConstantProduct(pool(b))]).unwrap();
        let sum = pool(a + b);
        assert!((two.largest_sale(0.08, 5.0) - sum.largest_sale(0.08, 5.0)).abs() < 1e-9 * x.max(1.0));
        // No other split of a sale brings more.
        let law = SquareRoot::new(0.05, 1e6).unwrap();
        let mixed = Venues::new(vec![Impact::ConstantProduct(pool(a)), Impact::SquareRoot(law)]).unwrap();
        let size = log_uniform(random, 10.0, 1e6);
        let best = size * (1.0 - mixed.slip(size));
        for share in (0..=100).map(|i| f64::from(i) / 100.0) {
            let (left, right) = (share * size, (1.0 - share) * size);
            let brings = left * (1.0 - pool(a).slip(left)) + right * (1.0 - law.slip(right));
            assert!(brings <= best * (1.0 + 1e-9), "seed {seed}, share {share}: {brings}, {best}");
        }
    }
}

#[test]
fn depth_from_impact_shrinks_and_refuses() {
    let pool = Impact::ConstantProduct(ConstantProduct::new(1e4, 2e7, 1.0, 0.003).unwrap());
    let depth = Depth::from_impact(&pool, 0.05, 20.0, 4.0, 0.3).unwrap().by_regime();
    assert!((depth.calm * 4.0 - pool.largest_sale(0.05, 20.0)).abs() < 1e-9);
    assert!((depth.stressed - 0.3 * depth.calm).abs() < 1e-12);
    assert!(Depth::from_impact(&pool, -0.1, 0.0, 1.0, 1.0).is_err());
    assert!(ConstantProduct::new(0.0, 1.0, 1.0, 0.0).is_err());
    assert!(ConstantProduct::new(1.0, 1.0, 1.0, 1.0).is_err());
    assert!(SquareRoot::new(0.1, 0.0).is_err());
    assert!(Venues::new(Vec::new()).is_err());
    let range = |lower, upper| LiquidityRange { lower, upper, liquidity: 1.0 };
    assert!(Concentrated::new(1.0, &[range(0.5, 0.5)], 1.0, 0.0).is_err());
    assert!(Concentrated::new(1.0, &[range(0.5, 0.8), range(0.7, 0.9)], 1.0, 0.0).is_err());
    assert!(Concentrated::new(1.0, &[range(2.0, 3.0)], 1.0, 0.0).is_err(), "nothing below the price");
}
