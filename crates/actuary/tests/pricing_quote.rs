//! A whole price: the same bits for any split, the same figures with and without importance sampling, lines that add up.

mod pricing_support;

use pricing_support::{exposures, prices};
use seawall_actuary::liquidation::SystemOptions;
use seawall_actuary::pricing::price::{all_paths, simulation, spec};
use seawall_actuary::pricing::{Design, DesignOptions, Pricing, PricingError, Terms, price, system_of};

fn terms() -> Terms {
    Terms { paths: 6_000, ..Terms::default() }
}

fn quick() -> DesignOptions {
    DesignOptions { tuning_paths: 1_024, tuning_rounds: 2, sizing_paths: 1_024, ..DesignOptions::default() }
}

fn priced(terms: &Terms, options: &DesignOptions) -> Pricing {
    let exposures = exposures(3, 400);
    let system = system_of(&exposures, &SystemOptions::default()).unwrap();
    price(&prices(3), &system, &exposures, None, terms, options, &|_| ()).unwrap()
}

#[test]
fn any_number_of_threads_and_any_split_of_the_paths_gives_the_same_bits() {
    let (terms, options, exposures, prices) = (terms(), quick(), exposures(3, 400), prices(3));
    let whole = priced(&terms, &options);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(alone.install(|| priced(&terms, &options)), whole);
    // Shards of odd sizes, merged out of order.
    let system = system_of(&exposures, &SystemOptions::default()).unwrap();
    let design = Design::of(&prices, &system, &exposures, &terms, &options).unwrap();
    let run = simulation(&prices, &system, &design, &terms, &options).unwrap();
    let spec = spec(&design, &exposures, &terms).unwrap();
    assert_eq!(all_paths(&terms), 0..6_000);
    let mut sums = run.accumulate(&spec, 3_777..6_000, &|_| ()).unwrap();
    for range in [0..1, 1_001..3_777, 1..1_001] {
        sums.merge(&run.accumulate(&spec, range, &|_| ()).unwrap()).unwrap();
    }
    assert_eq!(Pricing::of(design.clone(), sums.finish().unwrap(), &exposures, None, &terms).unwrap(), whole);
    // Kept path by path and gathered afterwards: the same again.
    let kept = run.keep(all_paths(&terms), &|_| ()).unwrap();
    let figures = kept.accumulate(&spec, 0).unwrap().finish().unwrap();
    assert_eq!(Pricing::of(design, figures, &exposures, None, &terms).unwrap(), whole);
}

#[test]
fn lines_markets_and_layers_add_up() {
    let pricing = priced(&terms(), &quick());
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * b.abs(), "{a} {b}");
    near(pricing.premiums.iter().map(|line| line.total.value).sum(), pricing.total.total.value);
    near(
        pricing.risks.iter().map(|risk| risk.capital.value).sum(),
        pricing.horizon().owed.shortfall.expected_shortfall.value,
    );
    let layers = pricing.horizon().layers.iter().map(|layer| layer.shortfall_part.value);
    near(layers.sum(), pricing.horizon().owed.shortfall.expected_shortfall.value);
    let layers = pricing.term().layers.iter().map(|layer| layer.expected_loss.value);
    near(layers.sum(), pricing.term().owed.mean.value);
    near(pricing.split.iter().sum(), 1.0);
}

/// Importance sampling changes no figure beyond its error, and makes the shortfall's error smaller.
#[test]
fn importance_sampling_is_the_plain_price_with_a_smaller_error() {
    let weighted_design = priced(&terms(), &quick()).design;
    // Policies and layers agreed beforehand, so that both ways price the same.
    let fixed = Terms { deductible: Some(200_000.0), limit: Some(20_000_000.0), ..terms() };
    let plain =
        priced(&Terms { paths: 24_000, ..fixed.clone() }, &DesignOptions { importance: false, ..quick() });
    let weighted = priced(&fixed, &quick());
    assert_eq!(plain.figures.mean_weight.value, 1.0);
    assert!(
        (weighted.figures.mean_weight.value - 1.0).abs() < 4.0 * weighted.figures.mean_weight.standard_error
    );
    for (plain, weighted) in [
        (plain.term().owed.mean, weighted.term().owed.mean),
        (plain.horizon().owed.mean, weighted.horizon().owed.mean),
        (
            plain.horizon().owed.shortfall.expected_shortfall,
            weighted.horizon().owed.shortfall.expected_shortfall,
        ),
        (plain.term().markets[1].gross.mean, weighted.term().markets[1].gross.mean),
    ] {
        let error = libm::hypot(plain.standard_error, weighted.standard_error);
        assert!((plain.value - weighted.value).abs() < 4.0 * error, "{plain:?} {weighted:?}");
    }
    assert!(weighted.horizon().owed.shortfall_reduction > 3.0, "{:?}", weighted.horizon().owed);
    assert!(!weighted_design.mixture.components.is_empty());
}

#[test]
fn days_must_be_whole() {
    let exposures = exposures(1, 10);
    let system = system_of(&exposures, &SystemOptions::default()).unwrap();
    let refused =
        |terms: Terms| price(&prices(1), &system, &exposures, None, &terms, &quick(), &|_| ()).unwrap_err();
    assert_eq!(
        refused(Terms { term_days: 30.5, ..terms() }),
        PricingError::Days { name: "term", days: 30.5 }
    );
    assert_eq!(
        refused(Terms { horizon_days: 0.0, ..terms() }).to_string(),
        "horizon is 0 days: it must be a whole number of days, at least 1"
    );
}
