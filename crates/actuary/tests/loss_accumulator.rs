//! The streaming accumulator: one run and any split give the same bits; the tail is that of a full sort;
//! figures are those of columns kept in memory; everything adds up.

mod loss_support;

use loss_support::{EXPOSURES, HORIZONS, MARKETS, gathered, row, spec};
use seawall_actuary::{
    capital::{allocate_expected_shortfall, allocate_weighted_shortfall},
    loss::{
        Control, Controlled, Estimate, Layers, LineFigures, LossAccumulator, LossError, LossFigures,
        LossStatistics, PolicyTerms, Settled, Settlement, Spec, StatisticsError, WeightedStatistics,
        layer_loss,
    },
    random::Stream,
};

#[test]
fn any_split_and_any_order_gives_the_bits_of_one_run() {
    const PATHS: u64 = 30_000;
    let one = gathered(1, PATHS, 0..PATHS);
    let (bytes, figures) = (one.encode().unwrap(), one.finish().unwrap());
    for seed in 0..6 {
        let random = &mut Stream::new(seed, 9, 0);
        // Parts of random length, each in a random order, merged in a random order and grouping.
        let mut parts = Vec::new();
        let mut start = 0;
        while start < PATHS {
            let end = (start + 1 + random.next_word() % (PATHS / (2 + seed))).min(PATHS);
            let mut paths: Vec<u64> = (start..end).collect();
            shuffle(&mut paths, random);
            parts.push(gathered(1, PATHS, paths));
            start = end;
        }
        shuffle(&mut parts, random);
        while parts.len() > 1 {
            let other = parts.swap_remove((random.next_word() % parts.len() as u64) as usize);
            let into = (random.next_word() % parts.len() as u64) as usize;
            parts[into].merge(&other).unwrap();
        }
        assert!(parts[0].encode().unwrap() == bytes, "seed {seed}");
        assert_eq!(parts[0].finish().unwrap(), figures);
    }
}

fn shuffle<T>(items: &mut [T], random: &mut Stream) {
    for i in (1..items.len()).rev() {
        items.swap(i, (random.next_word() % (i as u64 + 1)) as usize);
    }
}

#[test]
fn bytes_come_back_and_broken_ones_do_not() {
    let accumulator = gathered(2, 5000, 0..3000);
    let bytes = accumulator.encode().unwrap();
    let mut back = LossAccumulator::decode(&bytes).unwrap();
    assert_eq!(back.encode().unwrap(), bytes);
    assert_eq!((back.spec(), back.paths()), (accumulator.spec(), 3000));
    assert_eq!(back.finish().unwrap(), accumulator.finish().unwrap());
    // A shard read back goes on as if it had never been written.
    let rest = gathered(2, 5000, 3000..5000);
    back.merge(&rest).unwrap();
    assert_eq!(back.encode().unwrap(), gathered(2, 5000, 0..5000).encode().unwrap());
    for length in (0..bytes.len()).step_by(1 + bytes.len() / 400) {
        assert!(LossAccumulator::decode(&bytes[..length]).is_err(), "{length}");
    }
    assert!(LossAccumulator::decode(&[&bytes[..], &[0]].concat()).is_err());
    // Any byte may be wrong: the answer is an error or another accumulator, never a panic or endless memory.
    let random = &mut Stream::new(3, 0, 0);
    for _ in 0..150 {
        let mut broken = bytes.clone();
        let place =
            (random.next_word() % if random.uniform() < 0.5 { 400 } else { bytes.len() as u64 }) as usize;
        broken[place] ^= 1 << (random.next_word() % 8);
        if let Ok(other) = LossAccumulator::decode(&broken) {
            let _ = other.finish();
        }
    }
}

/// Columns of a run, and what the engine makes of them.
struct Columns {
    weights: Vec<f64>,
    gross: Vec<Vec<f64>>,
    owed: Vec<Vec<f64>>,
    layers: Vec<Vec<f64>>,
    gross_total: Vec<f64>,
    owed_total: Vec<f64>,
}

fn columns(seed: u64, spec: &Spec, horizon: usize, weighted: bool) -> Columns {
    let settlement = Settlement::new(&spec.policies, &spec.layers, spec.exposure()).unwrap();
    let empty = |count: usize| vec![Vec::new(); count];
    let mut columns = Columns {
        weights: Vec::new(),
        gross: empty(MARKETS),
        owed: empty(MARKETS),
        layers: empty(spec.layers.sizes().len() + 1),
        gross_total: Vec::new(),
        owed_total: Vec::new(),
    };
    let mut settled = Settled::default();
    for path in 0..spec.planned_paths {
        let (weight, row) = row(seed, path);
        let gross = &row[horizon * MARKETS..(horizon + 1) * MARKETS];
        settlement.settle(gross, &mut settled).unwrap();
        columns.weights.push(if weighted { weight } else { 1.0 });
        for (column, &loss) in columns.gross.iter_mut().zip(gross) {
            column.push(loss);
        }
        for (column, &loss) in columns.owed.iter_mut().zip(&settled.owed) {
            column.push(loss);
        }
        for (column, &loss) in columns.layers.iter_mut().zip(settled.taken.iter().chain([&settled.residual]))
        {
            column.push(loss);
        }
        columns.gross_total.push(gross.iter().sum());
        columns.owed_total.push(settled.total);
    }
    columns
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-11 * a.abs().max(b.abs())
}

#[track_caller]
fn same(a: Estimate, b: Estimate, of: &str) {
    assert!(near(a.value, b.value), "{of}: {a:?} {b:?}");
    let (a, b) = (a.standard_error, b.standard_error);
    assert!((a - b).abs() <= 1e-4 * a.max(b), "error of {of}: {a} {b}");
}

#[test]
fn weighted_figures_are_those_of_columns_in_memory() {
    let spec = spec(40_000);
    let figures = gathered(4, 40_000, 0..40_000).finish().unwrap();
    for (horizon, found) in figures.horizons.iter().enumerate() {
        let columns = columns(4, &spec, horizon, true);
        let check = |line: &LineFigures, losses: &[f64], of: &str| {
            for (tail, level) in [(&line.shortfall, 0.99), (&line.at_risk, 0.995)] {
                let expected = WeightedStatistics::of(losses, &columns.weights, level).unwrap();
                assert_eq!(tail.value_at_risk, expected.value_at_risk, "{of}");
                same(tail.expected_shortfall, expected.expected_shortfall, of);
                assert!(near(tail.effective_samples, expected.tail_samples), "{of}");
                same(line.mean, expected.mean, of);
                assert!(near(line.mean_reduction, expected.mean_reduction));
                assert!(level != 0.99 || near(line.shortfall_reduction, expected.shortfall_reduction));
            }
            assert_eq!(line.maximum, losses.iter().copied().fold(0.0, f64::max));
            // The streamed control variate is the regression of the columns.
            let values: Vec<f64> = losses.iter().zip(&columns.weights).map(|(x, w)| x * w).collect();
            let weight = Control { values: &columns.weights, expected: 1.0 };
            let expected = Controlled::of(&values, &[weight]).unwrap();
            let control = line.control.unwrap();
            let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{of}: {a} {b}");
            near(control.mean.value, expected.mean.value);
            near(control.mean.standard_error, expected.mean.standard_error);
            near(control.reduction, expected.reduction);
        };
        check(&found.gross, &columns.gross_total, "gross");
        check(&found.owed, &columns.owed_total, "owed");
        for (market, figures) in found.markets.iter().enumerate() {
            check(&figures.gross, &columns.gross[market], "a market's gross");
            check(&figures.owed, &columns.owed[market], "what a market is owed");
            let happens = |what: &dyn Fn(f64) -> bool| {
                let of = columns.gross[market].iter().zip(&columns.weights);
                of.map(|(&x, w)| if what(x) { *w } else { 0.0 }).sum::<f64>() / 40_000.0
            };
            assert!(near(figures.claim_probability.value, happens(&|x| x >= 1_000.0)));
            let PolicyTerms { deductible, limit, .. } = spec.policies[market];
            assert!(near(figures.limit_probability.value, happens(&|x| x >= deductible + limit)));
        }
        let allocation = allocate_weighted_shortfall(&columns.owed, &columns.weights, 0.99).unwrap();
        for (market, part) in found.markets.iter().zip(&allocation.lines) {
            same(market.shortfall_part, *part, "a market's part");
        }
        let allocation = allocate_weighted_shortfall(&columns.layers, &columns.weights, 0.99).unwrap();
        for (layer, (part, losses)) in found.layers.iter().zip(allocation.lines.iter().zip(&columns.layers)) {
            assert!(
                (layer.shortfall_part.value - part.value).abs() <= 1e-9 * (1.0 + part.value),
                "{}",
                layer.name
            );
            let expected = WeightedStatistics::of(losses, &columns.weights, 0.99).unwrap();
            same(layer.expected_loss, expected.mean, &layer.name);
            let close = (layer.tail.expected_shortfall.value - expected.expected_shortfall.value).abs();
            assert!(close <= 1e-9 * (1.0 + expected.expected_shortfall.value), "{}", layer.name);
        }
    }
    assert!(figures.horizons[1].owed.shortfall_reduction > 3.0, "{:?}", figures.horizons[1].owed);
    assert!(!figures.horizons[1].owed.shortfall.thin);
}

#[test]
fn figures_of_weights_of_one_are_those_of_plain_statistics() {
    let spec = spec(20_000);
    let mut accumulator = LossAccumulator::new(spec.clone()).unwrap();
    for path in 0..20_000 {
        accumulator.add(path, 1.0, &row(5, path).1).unwrap();
    }
    let figures = accumulator.finish().unwrap();
    assert_eq!((figures.mean_weight, figures.effective_samples), (Estimate::exact(1.0), 20_000.0));
    for (horizon, found) in figures.horizons.iter().enumerate() {
        let columns = columns(5, &spec, horizon, false);
        let gross = found.markets.iter().map(|market| &market.gross).zip(&columns.gross);
        let owed = found.markets.iter().map(|market| &market.owed).zip(&columns.owed);
        let pool = [(&found.gross, &columns.gross_total), (&found.owed, &columns.owed_total)];
        for (line, column) in gross.chain(owed).chain(pool) {
            for (tail, level) in [(line.shortfall, 0.99), (line.at_risk, 0.995)] {
                let plain = LossStatistics::of(column, level).unwrap();
                let found = LossStatistics { tail, ..line.statistics() };
                same(found.mean, plain.mean, "mean");
                same(found.deviation, plain.deviation, "deviation");
                same(found.probability, plain.probability, "probability");
                assert_eq!(found.maximum, plain.maximum);
                assert_eq!(found.tail.value_at_risk.value, plain.tail.value_at_risk.value);
                same(found.tail.expected_shortfall, plain.tail.expected_shortfall, "ES");
                assert_eq!((found.tail.samples, found.tail.thin), (plain.tail.samples, plain.tail.thin));
                let (a, b) =
                    (found.tail.value_at_risk.standard_error, plain.tail.value_at_risk.standard_error);
                assert!((a - b).abs() <= 0.3 * b, "error of VaR: {a} {b}");
            }
        }
        let allocation = allocate_expected_shortfall(&columns.owed, 0.99).unwrap();
        for (market, part) in found.markets.iter().zip(&allocation.lines) {
            same(market.shortfall_part, *part, "a market's part");
        }
    }
}

#[test]
fn parts_add_up_to_the_pool() {
    let figures = gathered(6, 30_000, 0..30_000).finish().unwrap();
    for horizon in &figures.horizons {
        let pool = &horizon.owed;
        let sum = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>();
        let shortfall = pool.shortfall.expected_shortfall.value;
        assert!(near(sum(&mut horizon.markets.iter().map(|m| m.shortfall_part.value)), shortfall));
        assert!(near(sum(&mut horizon.layers.iter().map(|l| l.shortfall_part.value)), shortfall));
        assert!(near(sum(&mut horizon.markets.iter().map(|m| m.owed.mean.value)), pool.mean.value));
        assert!(near(sum(&mut horizon.layers.iter().map(|l| l.expected_loss.value)), pool.mean.value));
        assert!(near(sum(&mut horizon.markets.iter().map(|m| m.gross.mean.value)), horizon.gross.mean.value));
        // Histograms keep the mean; the kappas of a point add up to it.
        for (histogram, mean) in [
            (&horizon.gross_histogram, horizon.gross.mean),
            (&horizon.owed_histogram.total, pool.mean),
            (&horizon.markets[1].gross_histogram, horizon.markets[1].gross.mean),
        ] {
            assert!(near(histogram.mean(), mean.value), "{} {}", histogram.mean(), mean.value);
            let mass = histogram.masses.iter().sum::<f64>() + histogram.overflow;
            assert!(near(mass, figures.mean_weight.value));
            assert!(histogram.masses.iter().all(|&mass| mass >= -1e-15));
        }
        let owed = &horizon.owed_histogram;
        for point in 0..owed.total.masses.len() {
            if owed.total.masses[point] > 0.0 {
                let kappas = (0..MARKETS).map(|market| owed.kappa(market, point).unwrap()).sum::<f64>();
                assert!((kappas - point as f64 * owed.total.step).abs() < 1e-6, "{point}: {kappas}");
            }
        }
        assert!(
            horizon.layers[0].probability_of_loss.value >= horizon.layers[0].probability_of_exhaustion.value
        );
        // A layer is used up when the next one begins to lose.
        for pair in horizon.layers.windows(2) {
            let (used_up, begins) =
                (pair[0].probability_of_exhaustion.value, pair[1].probability_of_loss.value);
            assert!((used_up - begins).abs() < 1e-9, "{} {used_up} {begins}", pair[0].name);
        }
        // The curve falls to nothing and begins with the probability of any loss.
        let curve = &horizon.owed_exceedance;
        assert!(
            curve
                .windows(2)
                .all(|w| w[0].loss < w[1].loss && w[0].probability.value >= w[1].probability.value)
        );
        assert!(near(curve[0].probability.value, pool.probability.value));
        assert!(curve.last().unwrap().loss > pool.maximum && curve[curve.len() - 2].loss <= pool.maximum);
    }
}

/// A market that loses an exponential amount of mean 1, insured in full, sampled at mean 2 with half of the
/// paths.
fn exponential(seed: u64, paths: u64) -> LossFigures {
    let terms = PolicyTerms::new(0.0, f64::INFINITY, 0.0).unwrap();
    let layers = Layers::new(1.0, &[2.0, 3.0], 0.0).unwrap();
    let spec = Spec { grid_steps: 64, ..Spec::new(1, vec![8.0], vec![terms], layers, paths) };
    let mut accumulator = LossAccumulator::new(spec).unwrap();
    for path in 0..paths {
        let random = &mut Stream::sparse(seed, path, 0);
        let tilted = random.uniform() < 0.5;
        let loss = random.exponential() * if tilted { 3.0 } else { 1.0 };
        let weight = 1.0 / (0.5 + libm::exp(loss * 2.0 / 3.0) / 6.0);
        accumulator.add(path, weight, &[loss]).unwrap();
    }
    accumulator.finish().unwrap()
}

#[test]
fn figures_of_a_tilted_exponential_are_the_closed_ones() {
    let figures = exponential(7, 200_000);
    let horizon = &figures.horizons[0];
    let (at_risk, quantile) = (libm::log(200.0), libm::log(100.0));
    let exp = |x: f64| libm::exp(-x);
    let junior = &horizon.layers[1];
    let second = |size: f64| 2.0 * (1.0 - (1.0 + size) * exp(size));
    let variance = exp(1.0) * second(2.0) - (exp(1.0) - exp(3.0)) * (exp(1.0) - exp(3.0));
    for (name, found, expected) in [
        ("weight", figures.mean_weight, 1.0),
        ("mean", horizon.owed.mean, 1.0),
        ("deviation", horizon.owed.deviation, 1.0),
        ("VaR99", horizon.owed.shortfall.value_at_risk, quantile),
        ("ES99", horizon.owed.shortfall.expected_shortfall, quantile + 1.0),
        ("VaR99.5", horizon.owed.at_risk.value_at_risk, at_risk),
        ("ES99.5", horizon.markets[0].gross.at_risk.expected_shortfall, at_risk + 1.0),
        ("junior loss", junior.expected_loss, exp(1.0) - exp(3.0)),
        ("junior attaches", junior.probability_of_loss, exp(1.0)),
        ("junior used up", junior.probability_of_exhaustion, exp(3.0)),
        ("junior size of loss", junior.loss_given_loss.unwrap(), 1.0 - exp(2.0)),
        ("junior deviation", junior.deviation, variance.sqrt()),
        ("junior ES", junior.tail.expected_shortfall, 2.0),
        (
            "senior part of ES",
            horizon.layers[2].shortfall_part,
            100.0 * (exp(quantile) * (quantile - 3.0) + exp(quantile) - exp(6.0)),
        ),
    ] {
        let off = (found.value - expected).abs();
        assert!(off <= 4.0 * found.standard_error + 1e-12, "{name}: {found:?}, {expected}");
        assert!(found.standard_error < 0.02 * expected, "{name}: {found:?}");
    }
    assert!((horizon.owed.skewness - 2.0).abs() < 0.1 && (horizon.owed.excess_kurtosis - 6.0).abs() < 0.8);
    assert!(horizon.owed.shortfall_reduction > 5.0, "{}", horizon.owed.shortfall_reduction);
}

/// Intervals of 1.96 standard errors hold the truth at about the stated rate, for the figures of a quote.
#[test]
fn intervals_cover_at_the_stated_rate() {
    const SEEDS: u64 = 300;
    let quantile = libm::log(100.0);
    let exp = |x: f64| libm::exp(-x);
    let mut holds = [0_u32; 8];
    for seed in 0..SEEDS {
        let figures = exponential(50_000 + seed, 3000);
        let horizon = &figures.horizons[0];
        let junior = &horizon.layers[1];
        for (count, (found, truth)) in holds.iter_mut().zip([
            (horizon.owed.mean, 1.0),
            (horizon.owed.deviation, 1.0),
            (horizon.owed.shortfall.value_at_risk, quantile),
            (horizon.owed.shortfall.expected_shortfall, quantile + 1.0),
            (horizon.owed.at_risk.expected_shortfall, libm::log(200.0) + 1.0),
            (junior.expected_loss, exp(1.0) - exp(3.0)),
            (junior.loss_given_loss.unwrap(), 1.0 - exp(2.0)),
            (horizon.layers[2].shortfall_part, quantile - 3.0 + 1.0 - 100.0 * exp(6.0)),
        ]) {
            *count += u32::from((found.value - truth).abs() < 1.96 * found.standard_error);
        }
    }
    for (figure, count) in holds.iter().enumerate() {
        let rate = f64::from(*count) / SEEDS as f64;
        println!("figure {figure}: {rate}");
        assert!((0.91..=0.98).contains(&rate), "figure {figure}: {rate}");
    }
}

#[test]
fn memory_does_not_grow_with_the_paths() {
    let sizes = [10_000, 40_000];
    let bytes = sizes.map(|paths| {
        let mut accumulator = LossAccumulator::new(Spec { planned_paths: paths, ..spec(1) }).unwrap();
        for path in 0..paths {
            let (weight, row) = row(8, path);
            accumulator.add(path, weight, &row).unwrap();
        }
        accumulator.encode().unwrap().len() as f64
    });
    // The histograms stay, the tails grow in proportion to the share of paths that they keep, of which none
    // weighs less than a sixth: a loss, a path and a weight each, and one row of all markets.
    let tails = (MARKETS + 2) as f64 * 24.0 + MARKETS as f64 * 8.0;
    let grown = (sizes[1] - sizes[0]) as f64 * 0.01 * 6.0 * HORIZONS as f64 * tails;
    assert!(bytes[1] - bytes[0] < grown && bytes[1] < 3.0 * bytes[0], "{bytes:?} {grown}");
}

#[test]
fn refuses_what_cannot_be_gathered() {
    let good = || LossAccumulator::new(spec(2)).unwrap();
    let row = vec![1.0; HORIZONS * MARKETS];
    assert!(matches!(good().add(0, 1.0, &row[1..]), Err(LossError::Row { found: 5, expected: 6, .. })));
    for weight in [-1.0, f64::NAN, f64::INFINITY, 2000.0] {
        assert!(matches!(good().add(0, weight, &row), Err(LossError::Weight { .. })));
    }
    for loss in [-1.0, f64::NAN, f64::INFINITY] {
        let mut row = row.clone();
        row[4] = loss;
        assert!(matches!(
            good().add(7, 1.0, &row),
            Err(LossError::Loss { path: 7, horizon: 1, market: 1, .. })
        ));
    }
    // A loss of a thousand times the exposure has a fourth power that no sum holds.
    assert!(matches!(
        good().add(0, 1.0, &[EXPOSURES[0] * 2000.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        Err(LossError::Overflow(_))
    ));
    let mut full = good();
    full.add(0, 1.0, &row).unwrap();
    full.add(1, 1.0, &row).unwrap();
    assert_eq!(full.add(2, 1.0, &row), Err(LossError::Paths { paths: 3, planned: 2 }));
    let mut one = good();
    one.add(0, 1.0, &row).unwrap();
    assert_eq!(one.merge(&full), Err(LossError::Paths { paths: 3, planned: 2 }));
    assert_eq!(one.merge(&LossAccumulator::new(spec(3)).unwrap()), Err(LossError::Different));
    assert_eq!(good().finish(), Err(LossError::Statistics(StatisticsError::Empty)));
    let broken: [fn(&mut Spec); 6] = [
        |s| s.horizons = 0,
        |s| s.planned_paths = 0,
        |s| s.grid_steps = 0,
        |s| s.exposures[0] = f64::NAN,
        |s| s.policies.truncate(2),
        |s| s.at_risk_level = 1.0,
    ];
    for change in broken {
        let mut spec = spec(2);
        change(&mut spec);
        assert!(LossAccumulator::new(spec).is_err());
    }
    assert_eq!(layer_loss(25.0, 10.0, 5.0), 5.0);
}
