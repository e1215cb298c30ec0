//! Event peril from the shipped table of events: what the assumptions make of it, and how far it hangs on them.

use std::path::Path;

use seawall_actuary::{
    aggregate::Grid,
    peril::{Cause, MarketPeril, OwnEvents, PerilRisk, Venue, assumption},
};
use seawall_formats::Source;
use seawall_formats::bad_debt_events::{BadDebtEvent, event_peril, events_by_venue, read_events};

fn events() -> Vec<BadDebtEvent> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/events/bad-debt-events.csv");
    read_events(Source::open(path).unwrap()).unwrap()
}

fn market(factor: f64, own: OwnEvents) -> MarketPeril {
    let (model, spread) = event_peril(&events(), Venue::Lending, factor).unwrap();
    let risk = PerilRisk { venue: Venue::Lending, years: 1.0, exposure: 5e7, cap: f64::INFINITY, own };
    model.market(&risk, &spread, Grid::new(2e4, 1 << 13).unwrap()).unwrap()
}

#[test]
fn the_table_of_debts_goes_with_the_table_of_events() {
    let events = events();
    for (id, debt, _) in assumption::VENUE_DEBT {
        let event = events.iter().find(|e| e.id == id).unwrap_or_else(|| panic!("{id} is no event"));
        let damage = event.bad_debt_usd.unwrap();
        assert!(damage <= debt, "{id}: {damage} of {debt}");
    }
    assert_eq!(events.iter().filter(|e| !e.counts()).map(|e| e.id.as_str()).collect::<Vec<_>>(), ["E074"]);
    assert_eq!(events.iter().filter(|e| e.recorded().exposure.is_some()).count(), 17);
    // Venus and Moonwell three each; Aave v2 and Aave v3/v4 are one venue.
    let counts = events_by_venue(&events, Venue::Lending);
    assert_eq!(counts.iter().sum::<u32>(), 47);
    assert_eq!(&counts[..4], [3, 3, 2, 2]);
}

#[test]
fn a_lending_market_by_the_collective() {
    let peril = market(1.0, OwnEvents::default());
    let years: f64 = assumption::venue_years(1.0).iter().find(|(v, _)| *v == Venue::Lending).unwrap().1;
    assert!((peril.rate.value / (47.0 / years) - 1.0).abs() < 0.1, "{:?}", peril.rate);
    assert_eq!(peril.causes.iter().map(|c| c.cause).collect::<Vec<_>>(), Cause::EVENT_PERIL);
    // Some 2.6 % of the debt a year; the error is mostly that venues differ.
    let share = peril.mean.value / 5e7;
    assert!((share - 0.0263).abs() < 0.0005, "{share}");
    assert!((0.5..1.2).contains(&peril.experience.shape), "{:?}", peril.experience);
    // Oracle failures are the most frequent cause.
    assert!(peril.causes[1..].iter().all(|c| c.rate < peril.causes[0].rate));
    assert!((peril.distribution.mean() / peril.mean.value - 1.0).abs() < 1e-6);
    let mass = peril.distribution.mass().iter().sum::<f64>() + peril.distribution.beyond();
    assert!((mass - 1.0).abs() < 1e-10);
}

/// Twice the venues, half the collective rate. The spread between venues is estimated from the same table: with fewer
/// venues, repeated events are what the higher rate explains, venues differ less, and a clean record takes less off.
#[test]
fn the_rate_hangs_on_the_venue_years() {
    let collective = [0.5, 1.0, 2.0].map(|factor| market(factor, OwnEvents::default()).mean.value);
    for w in collective.windows(2) {
        assert!((w[0] / w[1] - 2.0).abs() < 0.06, "{collective:?}");
    }
    let clean = OwnEvents { years: 5.0, events: 0 };
    let credible = [0.5, 1.0, 2.0].map(|factor| market(factor, clean).mean.value);
    let kept: Vec<f64> = credible.iter().zip(collective).map(|(own, all)| own / all).collect();
    assert!(kept.windows(2).all(|w| w[0] > w[1]) && kept[0] < 1.0, "{kept:?}");
    assert!(event_peril(&events(), Venue::Lending, 0.0).is_err());
    assert!(event_peril(&events(), Venue::Other, 1.0).is_err());
}
