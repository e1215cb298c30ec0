//! Layers as investments from the accumulator's figures, against sums over all paths.

mod loss_support;

use loss_support::{MARKETS, gathered, row, spec};
use seawall_actuary::{
    loss::{Estimate, LayerFigures, Settled, Settlement},
    premium::tranche_table,
};

const PATHS: u64 = 20_000;

/// Weights, and each layer's losses within the year.
fn columns() -> (Vec<f64>, Vec<Vec<f64>>) {
    let spec = spec(PATHS);
    let settlement = Settlement::new(&spec.policies, &spec.layers, spec.exposure()).unwrap();
    let (mut weights, mut layers) = (Vec::new(), vec![Vec::new(); spec.layers.sizes().len()]);
    let mut settled = Settled::default();
    for path in 0..PATHS {
        let (weight, row) = row(11, path);
        settlement.settle(&row[MARKETS..], &mut settled).unwrap();
        weights.push(weight);
        for (column, &loss) in layers.iter_mut().zip(&settled.taken) {
            column.push(loss);
        }
    }
    (weights, layers)
}

/// A ratio with the deviation of its influence function over all paths: what depends on the path, times its
/// weight.
fn with_influence(value: f64, weights: &[f64], losses: &[f64], of: impl Fn(f64) -> f64) -> Estimate {
    let n = losses.len() as f64;
    let terms = || losses.iter().zip(weights).map(|(&loss, weight)| weight * of(loss));
    let mean = terms().sum::<f64>() / n;
    let variance = terms().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    Estimate { value, standard_error: (variance / n).sqrt() }
}

#[track_caller]
fn same(found: Option<Estimate>, expected: Estimate, tolerance: f64, of: &str) {
    let found = found.unwrap();
    for (a, b) in [(found.value, expected.value), (found.standard_error, expected.standard_error)] {
        assert!((a - b).abs() <= tolerance * b.abs(), "{of}: {found:?} {expected:?}");
    }
}

#[test]
fn ratios_are_those_of_sums_over_all_paths() {
    let (weights, columns) = columns();
    let figures = gathered(11, PATHS, 0..PATHS).finish().unwrap();
    let n = PATHS as f64;
    for (layer, losses) in figures.horizons[1].layers.iter().zip(&columns) {
        let mean_of = |of: &dyn Fn(f64) -> f64| {
            losses.iter().zip(&weights).map(|(&loss, weight)| weight * of(loss)).sum::<f64>() / n
        };
        let mean = mean_of(&|x| x);
        let deviation = ((mean_of(&|x| x * x) - mean * mean) * n / (n - 1.0)).sqrt();
        let (at_risk, shortfall) = (layer.tail.value_at_risk.value, layer.tail.expected_shortfall.value);
        // Premiums at a border of the classes, where all is exact, and anywhere else.
        for (share, tolerance) in
            [(0.0, 1e-8), (4.0 / 512.0, 1e-8), (128.0 / 512.0, 1e-8), (0.013, 1e-3), (0.0777, 1e-3)]
        {
            let premium = share * layer.size;
            let ratio = (premium - mean) / deviation;
            let expected = with_influence(ratio, &weights, losses, |x| {
                -x / deviation - ratio / (2.0 * deviation * deviation) * (x * x - 2.0 * mean * x)
            });
            same(layer.sharpe(premium), expected, 1e-8, "Sharpe");

            let below = |x: f64| (x - premium).max(0.0);
            let downside = mean_of(&|x| below(x) * below(x)).sqrt();
            let ratio = (premium - mean) / downside;
            let expected = with_influence(ratio, &weights, losses, |x| {
                -x / downside - ratio / (2.0 * downside * downside) * below(x) * below(x)
            });
            same(layer.sortino(premium), expected, tolerance, "Sortino");

            let ratio = (premium - mean) / shortfall;
            let expected = with_influence(ratio, &weights, losses, |x| {
                (-x - ratio * (x - at_risk).max(0.0) * 100.0) / shortfall
            });
            same(layer.return_on_shortfall(premium), expected, 1e-8, "return on ES");
        }
        assert!(layer.sortino(2.0 * layer.size).is_none(), "nothing is lost beyond such a premium");
    }
}

#[test]
fn a_table_of_figures_is_the_table_of_columns() {
    // Weights of one: the figures of columns are those of the stream.
    let mut accumulator = seawall_actuary::loss::LossAccumulator::new(spec(PATHS)).unwrap();
    for path in 0..PATHS {
        accumulator.add(path, 1.0, &row(11, path).1).unwrap();
    }
    let figures = accumulator.finish().unwrap();
    let layers = &figures.horizons[1].layers;
    assert_eq!(
        layers.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(),
        ["reserve", "tranche 0", "tranche 1", "mutual", "residual"]
    );
    let (_, columns) = columns();
    let from_columns: Vec<LayerFigures> = layers
        .iter()
        .zip(&columns)
        .map(|(layer, losses)| {
            LayerFigures::of_losses(&layer.name, layer.attachment, layer.size, losses, 0.99).unwrap()
        })
        .collect();
    let premiums = [3_000.0, 5_000.0, 4_000.0, 0.0];
    let (found, expected) = (
        tranche_table(layers, &premiums, 0.25).unwrap(),
        tranche_table(&from_columns, &premiums, 0.25).unwrap(),
    );
    assert_eq!(found.len(), 4);
    for (a, b) in found.iter().zip(&expected) {
        assert_eq!(
            (&a.name, a.attachment, a.exhaustion, a.thin),
            (&b.name, b.attachment, b.exhaustion, b.thin)
        );
        same(Some(a.expected_loss), b.expected_loss, 1e-9, &a.name);
        same(Some(a.expected_shortfall), b.expected_shortfall, 1e-9, &a.name);
        same(a.sharpe, b.sharpe.unwrap(), 1e-9, &a.name);
        same(a.sortino, b.sortino.unwrap(), 1e-9, &a.name);
        same(a.breakeven_spread, b.breakeven_spread.unwrap(), 1e-9, &a.name);
    }
    assert!(tranche_table(layers, &[0.0; 6], 1.0).is_err());
    assert!(tranche_table(layers, &premiums, 0.0).is_err());
    assert!(tranche_table(layers, &[-1.0], 1.0).is_err());
    assert!(LayerFigures::of_losses("", 0.0, 1.0, &[f64::NAN], 0.99).is_err());
}
