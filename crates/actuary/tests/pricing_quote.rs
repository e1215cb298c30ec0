//! A whole price: the same bits for any split, the same figures with and without importance sampling, lines that add up.

mod pricing_support;

use pricing_support::{exposures, prices};
use seawall_actuary::liquidation::{Feedback, ImpactShape, SystemOptions};
use seawall_actuary::peril::{Cause, DamageFit, EventPeril, OwnEvents, RecordedEvent, Venue, VenueSpread};
use seawall_actuary::price::{FilteredModel, FilteredOptions, PriceHistory, PriceModel};
use seawall_actuary::pricing::price::{all_paths, simulation, spec};
use seawall_actuary::pricing::{
    Base, Change, Design, DesignOptions, EventRisk, EventRisks, Load, Pricing, PricingError, Repricer, Terms,
    frontier, price, system_of,
};

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
    let spec = spec(&design, &exposures, &terms, &options).unwrap();
    assert_eq!(all_paths(&terms), 0..6_000);
    let mut sums = run.accumulate(&spec, 3_777..6_000, &|_| ()).unwrap();
    for range in [0..1, 1_001..3_777, 1..1_001] {
        sums.merge(&run.accumulate(&spec, range, &|_| ()).unwrap()).unwrap();
    }
    assert_eq!(
        Pricing::of(design.clone(), sums.finish().unwrap(), &exposures, None, Vec::new(), &terms).unwrap(),
        whole
    );
    // Kept path by path and gathered afterwards: the same again.
    let kept = run.keep(all_paths(&terms), &|_| ()).unwrap();
    let figures = kept.accumulate(&spec, 0).unwrap().finish().unwrap();
    assert_eq!(Pricing::of(design, figures, &exposures, None, Vec::new(), &terms).unwrap(), whole);
}

#[test]
fn lines_markets_and_layers_add_up() {
    let pricing = priced(&terms(), &quick());
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * b.abs(), "{a} {b}");
    near(pricing.premiums.iter().map(|line| line.total.value).sum(), pricing.total.total.value);
    // Capital is read from the pool's grid, whose points are a four-thousandth of all limits apart.
    let exact = pricing.horizon().owed.shortfall.expected_shortfall.value;
    let on_grid = pricing.pool.shortfall.expected_shortfall.value;
    near(pricing.risks.iter().map(|risk| risk.capital.value).sum(), on_grid);
    assert!((on_grid / exact - 1.0).abs() < 1e-3, "{on_grid} {exact}");
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

/// Pricing a changed book again on kept paths is a whole run of the changed pool with the same design.
#[test]
fn a_changed_book_is_priced_again_to_the_bits_of_a_whole_run() {
    let (terms, options, prices) = (Terms { paths: 1_500, ..terms() }, quick(), prices(3));
    let exposures = exposures(3, 300);
    let together = SystemOptions {
        feedback: vec![Feedback {
            markets: vec![0, 1],
            depth: 1e7,
            impact: 0.05,
            shape: ImpactShape::Linear,
            half_life_hours: 2.0,
            most_rounds: 8,
        }],
        ..SystemOptions::default()
    };
    for shared in [SystemOptions::default(), together] {
        let mut repricer =
            Repricer::new(&prices, exposures.clone(), &shared, None, &terms, &options).unwrap();
        let design = repricer.pricing().design.clone();
        let system = system_of(&exposures, &shared).unwrap();
        assert_eq!(
            *repricer.pricing(),
            price(&prices, &system, &exposures, None, &terms, &options, &|_| ()).unwrap()
        );
        let mut changed = exposures.clone();
        Change::LoanToValue(2.0).apply(&mut changed[1]).unwrap();
        let again = repricer.replace(1, changed[1].clone()).unwrap().clone();
        let system = system_of(&changed, &shared).unwrap();
        let run = simulation(&prices, &system, &design, &terms, &options).unwrap();
        let sums = run
            .accumulate(&spec(&design, &changed, &terms, &options).unwrap(), all_paths(&terms), &|_| ())
            .unwrap();
        let whole = Pricing::of(design, sums.finish().unwrap(), &changed, None, Vec::new(), &terms).unwrap();
        assert_eq!(again, whole);
        assert_ne!(
            again.total.total,
            price(
                &prices,
                &system_of(&exposures, &shared).unwrap(),
                &exposures,
                None,
                &terms,
                &options,
                &|_| ()
            )
            .unwrap()
            .total
            .total
        );
    }
}

/// On common random numbers the premium moves smoothly and the way it must; the base is the price itself.
#[test]
fn the_frontier_is_smooth_and_its_base_is_the_price() {
    let (terms, options, prices) = (Terms { paths: 2_000, ..terms() }, quick(), prices(3));
    let exposures = exposures(3, 300);
    let shared = SystemOptions::default();
    let base = Base {
        prices: &prices,
        exposures: &exposures,
        options: &shared,
        accounts: &[],
        events: None,
        terms: &terms,
        sampling: &options,
    };
    let points = [0.0, 1.0, 2.0, 3.0, 4.0];
    let changes: Vec<Change> =
        points.iter().map(|&p| Change::LoanToValue(p)).chain([Change::Volatility(1.0)]).collect();
    let found = frontier(&base, &[], &changes, &|_| ()).unwrap();
    let system = system_of(&exposures, &shared).unwrap();
    assert_eq!(found.base, price(&prices, &system, &exposures, None, &terms, &options, &|_| ()).unwrap());
    let rows: Vec<_> = found.rows.iter().map(|row| row.as_ref().unwrap()).collect();
    // No change is no difference, and prices scaled by one are the same paths.
    for row in [rows[0], rows[5]] {
        assert_eq!((row.difference.value, row.difference.standard_error), (0.0, 0.0), "{:?}", row.change);
    }
    let differences: Vec<f64> = rows[..5].iter().map(|row| row.difference.value).collect();
    let steps: Vec<f64> = differences.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.iter().all(|step| *step > 0.0), "{steps:?}");
    // Neighbouring steps differ by less than half: no noise of the paths is in them.
    assert!(steps.windows(2).all(|pair| (pair[1] / pair[0] - 1.0).abs() < 0.5), "{steps:?}");
    let unpaired =
        libm::hypot(found.base.total.total.standard_error, rows[2].pricing.total.total.standard_error);
    assert!(rows[2].difference.standard_error < 0.5 * unpaired);
}

/// Principles other than the cost of capital price the same pool, each market's part of the load adding up.
#[test]
fn every_principle_adds_up() {
    for load in [
        Load::Wang { lambda: 0.4 },
        Load::ProportionalHazard { rho: 1.5 },
        Load::Esscher { h: 1.0 },
        Load::StandardDeviation { loading: 0.3 },
    ] {
        let pricing = priced(&Terms { load, paths: 2_000, ..terms() }, &quick());
        let sum: f64 = pricing.premiums.iter().map(|line| line.loading).sum();
        assert!((sum / pricing.total.loading - 1.0).abs() < 1e-9 && sum > 0.0, "{load:?}");
    }
}

/// Filtered historical simulation goes the same way: every weight is one.
#[test]
fn a_filtered_model_is_priced_too() {
    let exposures = exposures(1, 200);
    let system = system_of(&exposures, &SystemOptions::default()).unwrap();
    let days = Terms {
        paths: 400,
        term_days: 7.0,
        horizon_days: 14.0,
        deductible: Some(1_000.0),
        limit: Some(1e7),
        ..terms()
    };
    let pricing = price(&filtered(), &system, &exposures, None, &days, &quick(), &|_| ()).unwrap();
    assert_eq!(pricing.figures.mean_weight.value, 1.0);
    assert!(pricing.design.mixture.components.is_empty());
    assert!(pricing.term().gross.mean.value >= 0.0 && pricing.figures.paths == 400);
}

/// A history of one asset drawn from the test model, hourly over eight months.
fn filtered() -> PriceModel {
    let PriceModel::Parametric(model) = prices(1) else { panic!("the test model is parametric") };
    let (mut path, mut scratch) = Default::default();
    model.simulate(0.66, 6_000, 5, 0, &mut path, &mut scratch).unwrap();
    let closes: Vec<f64> = (1..=6_000)
        .map(|hour| {
            let end = 0.66 * f64::from(hour) / 6_000.0;
            let at = path.time.partition_point(|time| *time < end - 1e-12).min(path.len() - 1);
            2_000.0 * path.after[at]
        })
        .collect();
    let history = PriceHistory { start: 0, step: 3_600, assets: vec!["A0".to_owned()], closes: vec![closes] };
    PriceModel::Filtered(FilteredModel::fit(&history, &["A0"], &FilteredOptions::default()).unwrap())
}

/// Few events, one market's larger than all limits.
fn events(markets: usize) -> EventRisks {
    let event = |damage| RecordedEvent {
        cause: Cause::Exploit,
        venue: Venue::Lending,
        damage: Some(damage),
        exposure: Some(1e8),
    };
    let recorded: Vec<RecordedEvent> = [2e6, 5e6, 1e7, 6e7, 9e7].map(event).to_vec();
    let years = [(Venue::Lending, 60.0)];
    let fit = DamageFit::BetaMoments;
    EventRisks {
        peril: EventPeril::fit(&recorded, &[Cause::Exploit], &years, fit, 3).unwrap(),
        spread: VenueSpread::new(1.0).unwrap(),
        markets: (0..markets)
            .map(|_| EventRisk {
                venue: Venue::Lending,
                exposure: 2e8,
                cap: f64::INFINITY,
                own: OwnEvents::default(),
                losses: Vec::new(),
            })
            .collect(),
    }
}

/// Underwriters bear events, so the layers' figures contain them: what they lose more is what events add to the
/// policies, and nothing is owed above the limits.
#[test]
fn layers_bear_the_events_too() {
    let terms = Terms { deductible: Some(200_000.0), limit: Some(20_000_000.0), paths: 2_000, ..terms() };
    let (exposures, prices, risks) = (exposures(3, 300), prices(3), events(3));
    let system = system_of(&exposures, &SystemOptions::default()).unwrap();
    let with = price(&prices, &system, &exposures, Some(&risks), &terms, &quick(), &|_| ()).unwrap();
    let without = price(&prices, &system, &exposures, None, &terms, &quick(), &|_| ()).unwrap();
    assert_eq!(with.figures, without.figures);
    let total = |pricing: &Pricing| pricing.tranches.iter().map(|t| t.expected_loss.value).sum::<f64>();
    let most = 3.0 * 20_000_000.0 * 0.9;
    let end = with.tranches.last().unwrap().exhaustion;
    assert!(end > most, "the layers are to bear all: {end}");
    let added: f64 = with.events.as_ref().unwrap().iter().map(|of| of.collective + of.experience).sum();
    // All that events add but the sums above the limits, which come of taking both for independent.
    let gain = total(&with) - total(&without);
    assert!(gain <= added * (1.0 + 1e-9) && gain > 0.99 * added, "{gain} {added}");
    for (with, without) in with.tranches.iter().zip(&without.tranches) {
        if with.attachment >= most {
            assert_eq!(with.expected_loss, without.expected_loss);
            continue;
        }
        assert!(with.expected_loss.value > without.expected_loss.value, "{}", with.name);
        assert!(with.probability_of_loss.value > without.probability_of_loss.value, "{}", with.name);
        assert!(with.probability_of_exhaustion.value >= without.probability_of_exhaustion.value);
        let (more, less) = (with.expected_shortfall.value, without.expected_shortfall.value);
        // A layer that the tail uses up whole loses its size in either, up to the rounding of sums.
        assert!(more >= less * (1.0 - 1e-14), "{}: {more} {less}", with.name);
        assert!(with.expected_loss.standard_error > without.expected_loss.standard_error);
        let size = with.exhaustion - with.attachment;
        let given = with.loss_given_loss.unwrap().value;
        assert!(given > 0.0 && given <= size && with.expected_shortfall.value <= size * (1.0 + 1e-9));
        if with.premium > 0.0 {
            let rate = (with.premium - with.expected_loss.value) / size;
            assert!((with.expected_return.unwrap().value - rate).abs() < 1e-12);
            let ratio = rate / with.deviation.unwrap().value;
            assert!((with.sharpe.unwrap().value / ratio - 1.0).abs() < 1e-9, "{}", with.name);
        }
    }
    let capital = with.pool.shortfall.expected_shortfall.value;
    assert!(capital <= most * (1.0 + 1e-12), "{capital} {most}");
    assert!((with.split.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

/// Limits that prices use up more often than once in two hundred years, and events beside them.
#[test]
fn nothing_is_owed_above_the_limits() {
    let terms = Terms { deductible: Some(1_000.0), limit: Some(500_000.0), paths: 1_000, ..terms() };
    let (exposures, prices, risks) = (exposures(1, 300), prices(1), events(1));
    let system = system_of(&exposures, &SystemOptions::default()).unwrap();
    let pricing = price(&prices, &system, &exposures, Some(&risks), &terms, &quick(), &|_| ()).unwrap();
    assert!(pricing.horizon().markets[0].limit_probability.value > 0.01);
    let most = 450_000.0;
    assert!((pricing.pool.at_risk.value_at_risk.value / most - 1.0).abs() < 1e-9);
    assert!((pricing.pool.shortfall.expected_shortfall.value / most - 1.0).abs() < 1e-9);
    assert!((pricing.pool.capital[0].value / most - 1.0).abs() < 1e-9);
}
