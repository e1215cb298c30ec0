//! A market along single paths: horizons, renewal, pairs, refusals.

use seawall_actuary::{
    book::{Market, Position},
    liquidation::{ByRegime, Columns, Depth, Ladder, LadderState, MarketModel, MarketModelError, MarketSpec},
    price::PricePath,
};

fn positions(count: u32, threshold: f64, collateral_price: f64) -> Vec<Position> {
    (0..count)
        .map(|i| Position {
            collateral: 1.0 + f64::from(i % 7),
            debt: (1.0 + f64::from(i % 7))
                * collateral_price
                * (0.3 + 0.45 * f64::from(i) / f64::from(count)),
            liquidation_threshold: threshold,
        })
        .collect()
}

fn book(name: &str, positions: Vec<Position>) -> Market {
    Market {
        name: name.to_owned(),
        collateral_asset: "A".to_owned(),
        debt_asset: "B".to_owned(),
        accounts: (0..positions.len()).map(|i| i.to_string()).collect(),
        positions,
    }
}

fn spec(market: &Market) -> MarketSpec<'_> {
    MarketSpec {
        market,
        collateral_price: 1.0,
        debt_price: 1.0,
        columns: Columns::Collateral(0),
        bonus: 0.05,
        depth: Depth::unlimited(),
        delay_hours: ByRegime::same(0.0),
        renewal_days: None,
    }
}

fn markets() -> Vec<MarketModel> {
    let (first, second) = (book("first", positions(50, 0.8, 1.0)), book("second", positions(30, 0.86, 2.0)));
    let limited = Depth::per_hour(0.02, 0.005).unwrap();
    [
        MarketSpec { depth: limited, renewal_days: Some(30.0), ..spec(&first) },
        MarketSpec {
            collateral_price: 3.0,
            debt_price: 1.5,
            columns: Columns::Ratio { collateral: 1, debt: 0 },
            delay_hours: ByRegime { calm: 1.0, stressed: 700.0 },
            ..spec(&second)
        },
    ]
    .iter()
    .map(|spec| MarketModel::new(spec).unwrap())
    .collect()
}

/// A path of one asset from (time, low, close, after).
fn path_of(rows: &[(f64, f64, f64, f64)]) -> PricePath {
    PricePath {
        assets: 1,
        time: rows.iter().map(|r| r.0).collect(),
        low: rows.iter().map(|r| r.1).collect(),
        close: rows.iter().map(|r| r.2).collect(),
        after: rows.iter().map(|r| r.3).collect(),
        stressed: vec![false; rows.len()],
    }
}

fn losses(model: &MarketModel, path: &PricePath, horizons: &[f64]) -> Vec<f64> {
    let mut losses = vec![f64::NAN; horizons.len()];
    model.run(path, horizons, &mut model.state(), &mut losses).unwrap();
    losses
}

#[test]
fn a_renewed_book_loses_in_every_crash_and_a_static_one_once() {
    let market = book("m", vec![Position { collateral: 1.0, debt: 0.7, liquidation_threshold: 0.8 }]);
    let fall = 0.5;
    let crash = |time: f64, before: f64| (time, before, before, before * fall);
    // Two crashes by half, the second after the book was redrawn at the lower price.
    let path = path_of(&[crash(0.05, 1.0), (0.1, 0.5, 0.5, 0.5), crash(0.6, 0.5), (1.0, 0.25, 0.25, 0.25)]);
    let once = 0.7 - 0.5 / 1.05;
    let fixed = MarketModel::new(&spec(&market)).unwrap();
    let renewed = MarketModel::new(&MarketSpec { renewal_days: Some(36.5), ..spec(&market) }).unwrap();
    for (model, expected) in [(&fixed, [once, once]), (&renewed, [once, 2.0 * once])] {
        let found = losses(model, &path, &[0.1, 1.0]);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}, {expected:?}");
    }
}

#[test]
fn a_renewal_books_what_is_unserved_and_under_water() {
    let market = book("m", vec![Position { collateral: 1.0, debt: 0.7, liquidation_threshold: 0.8 }]);
    let nothing = Depth::per_hour(0.0, 0.0).unwrap();
    let model =
        MarketModel::new(&MarketSpec { depth: nothing, renewal_days: Some(36.5), ..spec(&market) }).unwrap();
    // Under water at the renewal, recovered afterwards.
    let path = path_of(&[(0.1, 0.5, 0.5, 0.5), (1.0, 0.5, 2.0, 2.0)]);
    let expected = 0.7 - 0.5 / 1.05;
    let found = losses(&model, &path, &[0.05, 1.0]);
    assert!(found.iter().all(|x| (x - expected).abs() < 1e-12), "{found:?}");
}

#[test]
fn a_rising_debt_asset_breaks_a_short_and_is_valued_at_its_price() {
    // 100 USD of collateral against 40 tokens of 1.5 USD, threshold .8: LTV .6.
    let market = book("short", vec![Position { collateral: 100.0, debt: 40.0, liquidation_threshold: 0.8 }]);
    let path = PricePath {
        assets: 2,
        time: vec![0.5],
        low: vec![1.0, 1.0],
        close: vec![1.0, 1.0],
        after: vec![1.0, 1.85],
        stressed: vec![false],
    };
    // 40 tokens are worth 111 USD after the rise by 85 %; the collateral pays 100/1.05.
    let expected = 40.0 * 1.5 * 1.85 - 100.0 / 1.05;
    let ratio = Columns::Ratio { collateral: 0, debt: 1 };
    let shorted = MarketSpec { debt_price: 1.5, columns: ratio, ..spec(&market) };
    let found = losses(&MarketModel::new(&shorted).unwrap(), &path, &[0.5]);
    assert!((found[0] - expected).abs() < 1e-12, "{found:?}, {expected}");
    // The same with a column for the pair.
    let pair = PricePath {
        assets: 3,
        low: vec![1.0; 3],
        close: vec![1.0; 3],
        after: vec![1.0, 1.85, 1.0 / 1.85],
        ..path
    };
    let paired = MarketSpec { columns: Columns::Pair { pair: 2, debt: 1 }, ..shorted };
    let found = losses(&MarketModel::new(&paired).unwrap(), &pair, &[0.5]);
    assert!((found[0] - expected).abs() < 1e-12, "{found:?}, {expected}");
}

#[test]
fn a_renewed_short_has_the_value_of_the_snapshot() {
    // The debt asset rises by half without breaking anything, the book is redrawn, then the debt asset jumps by 85 %.
    let market = book("short", vec![Position { collateral: 100.0, debt: 40.0, liquidation_threshold: 0.95 }]);
    let columns = Columns::Ratio { collateral: 0, debt: 1 };
    let spec = MarketSpec { debt_price: 1.5, columns, renewal_days: Some(36.5), ..spec(&market) };
    let path = PricePath {
        assets: 2,
        time: vec![0.1, 0.2],
        low: vec![1.0, 1.0, 1.0, 1.5],
        close: vec![1.0, 1.5, 1.0, 1.5],
        after: vec![1.0, 1.5, 1.0, 1.5 * 1.85],
        stressed: vec![false; 2],
    };
    let expected = 40.0 * 1.5 * 1.85 - 100.0 / 1.05;
    let found = losses(&MarketModel::new(&spec).unwrap(), &path, &[0.1, 0.2]);
    assert!(found[0] == 0.0 && (found[1] - expected).abs() < 1e-12, "{found:?}, {expected}");
}

#[test]
fn losses_scale_with_the_unit_of_account() {
    let market = book("m", positions(50, 0.8, 1.0));
    let dollars = MarketSpec { depth: Depth::per_hour(0.02, 0.005).unwrap(), ..spec(&market) };
    let cents = MarketSpec {
        collateral_price: 100.0,
        debt_price: 100.0,
        depth: Depth::per_hour(2.0, 0.5).unwrap(),
        ..dollars
    };
    // Half a year of slow decline, a jump to half the price, half a year there.
    let rows: Vec<(f64, f64, f64, f64)> = (1..=24)
        .map(|month| {
            let (time, before) = (f64::from(month) / 24.0, 1.0 - 0.01 * f64::from(month));
            match month {
                ..12 => (time, before - 0.05, before, before),
                12 => (time, before - 0.05, before, 0.5),
                _ => (time, 0.45, 0.5, 0.5),
            }
        })
        .collect();
    let lost = |spec: &MarketSpec<'_>| losses(&MarketModel::new(spec).unwrap(), &path_of(&rows), &[0.5, 1.0]);
    let (dollars, cents) = (lost(&dollars), lost(&cents));
    assert!(dollars.iter().all(|loss| *loss > 0.0));
    for (dollars, cents) in dollars.iter().zip(&cents) {
        assert!((cents / dollars - 100.0).abs() < 1e-10);
    }
}

#[test]
fn loans_past_their_threshold_at_the_snapshot_are_reported_and_left_out() {
    let market = book(
        "m",
        vec![
            Position { collateral: 1.0, debt: 0.9, liquidation_threshold: 0.8 },
            Position { collateral: 1.0, debt: 1.2, liquidation_threshold: 0.8 },
            Position { collateral: 0.0, debt: 0.3, liquidation_threshold: 0.8 },
            Position { collateral: 1.0, debt: 0.5, liquidation_threshold: 0.8 },
        ],
    );
    let model = MarketModel::new(&spec(&market)).unwrap();
    assert_eq!(model.debt(), 0.5);
    assert_eq!(model.at_opening().positions, 3);
    assert!((model.at_opening().debt - 2.4).abs() < 1e-12);
    assert!((model.at_opening().bad_debt - (1.2 - 1.0 / 1.05 + 0.3)).abs() < 1e-12);
    assert_eq!(losses(&model, &path_of(&[(1.0, 1.0, 1.0, 1.0)]), &[1.0]), [0.0]);
}

/// A book carried through given hourly prices, as in the replay of a crash: loss per hour adds up.
#[test]
fn a_ladder_steps_through_given_hours() {
    let ladder = Ladder::new(&positions(50, 0.8, 1.0)).unwrap();
    let model = MarketModel::new(&spec(&book("m", positions(50, 0.8, 1.0)))).unwrap();
    let mut state = LadderState::new(&ladder, 1.0);
    let closes = [0.98, 0.9, 0.7, 0.72, 0.4, 0.6];
    let mut before = 1.0;
    let mut total = 0.0;
    for close in closes {
        // Hourly closes say nothing of the way between them: the move counts as a jump at the end of the hour.
        let hour = seawall_actuary::liquidation::Interval {
            low: before,
            close: before,
            after: close,
            years: 1.0 / 8760.0,
            stressed: true,
        };
        total += state.step_interval(&ladder, model.service(), &hour).loss;
        before = close;
    }
    let rows: Vec<_> = closes
        .iter()
        .enumerate()
        .map(|(i, &c)| {
            let open = if i == 0 { 1.0 } else { closes[i - 1] };
            ((i + 1) as f64 / 8760.0, open, open, c)
        })
        .collect();
    let by_model = losses(&model, &path_of(&rows), &[6.0 / 8760.0]);
    assert!(total > 0.0 && (by_model[0] - total).abs() < 1e-12, "{by_model:?}, {total}");
}

#[test]
fn refuses_paths_that_do_not_fit() {
    let models = markets();
    let refused = |path: &PricePath, horizon: f64| {
        models[1].run(path, &[horizon], &mut models[1].state(), &mut [0.0]).unwrap_err()
    };
    let one = path_of(&[(1.0, 1.0, 1.0, 1.0)]);
    assert!(matches!(refused(&one, 1.0), MarketModelError::Column { column: 1, assets: 1, .. }));
    let two = PricePath { assets: 2, low: vec![1.0; 2], close: vec![1.0; 2], after: vec![1.0; 2], ..one };
    assert!(matches!(refused(&two, 1.5), MarketModelError::Short { .. }));
    let broken = PricePath { assets: 2, time: vec![1.0], ..PricePath::default() };
    assert!(matches!(refused(&broken, 1.0), MarketModelError::Shape { .. }));
}

#[test]
fn refuses_markets_that_make_no_sense() {
    let market = book("m", positions(3, 0.8, 1.0));
    let refused = |spec: MarketSpec<'_>| MarketModel::new(&spec).map(|_| ()).unwrap_err();
    let base = spec(&market);
    assert!(matches!(
        refused(MarketSpec { debt_price: 0.0, ..base }),
        MarketModelError::Spot { asset, .. } if asset == "B"
    ));
    assert!(matches!(refused(MarketSpec { bonus: -0.1, ..base }), MarketModelError::Bonus { .. }));
    assert!(matches!(
        refused(MarketSpec { renewal_days: Some(0.0), ..base }),
        MarketModelError::Renewal { .. }
    ));
    assert!(matches!(
        refused(MarketSpec { delay_hours: ByRegime::same(f64::INFINITY), ..base }),
        MarketModelError::Service { .. }
    ));
    let wrong = book("m", positions(3, 1.5, 1.0));
    assert!(matches!(refused(spec(&wrong)), MarketModelError::Ladder { .. }));
}
