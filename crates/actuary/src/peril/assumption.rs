//! What the table of recorded events does not hold and its use needs: how many venues there were, and how much debt
//! they had. Assumptions, to be replaced by whoever knows better; every one can be passed in instead.
//!
//! **Venue-years.** Venues of each kind with more than about a million USD of debt (perpetual exchanges: open
//! interest), the size from which events are in the table at all, by year. Judged from public listings of protocols
//! by category and value locked, rounded, not counted: take each figure as right within a factor of two. The
//! collective rate moves in inverse proportion (twice the venues, half the rate), and with a clean record by more: the
//! spread between venues is estimated from the same counts, and with fewer venues repeated events are what the higher
//! rate explains, so that a record counts for less. [`venue_years`] scales the whole table for a sensitivity.
//!
//! **Debt at the event.** The debt of the venue, or of the isolated market, that was hit, for events for which an
//! order of magnitude is known. [`Basis`] says from where. Damage ratios (loss over debt) rest on these seventeen; the
//! expected damage ratio moves at most in inverse proportion. Events of large venues with small ratios are recorded
//! less completely than small venues that were emptied, which overstates the ratio for a large market.

use super::model::Venue;

/// First year of the table of venue-years.
pub const FIRST_YEAR: u16 = 2018;

/// Venue-years by kind for each year from 2018; the last is 2026 to 18 April, the day of the last recorded event.
pub const VENUE_YEARS: [(Venue, [f64; 9]); 4] = [
    (Venue::Lending, [1.0, 3.0, 12.0, 60.0, 110.0, 120.0, 150.0, 180.0, 55.0]),
    (Venue::CollateralisedDebt, [1.0, 1.0, 4.0, 20.0, 40.0, 45.0, 55.0, 65.0, 20.0]),
    (Venue::DecentralisedExchange, [0.0, 1.0, 3.0, 10.0, 30.0, 50.0, 70.0, 80.0, 25.0]),
    (Venue::CentralisedExchange, [8.0, 12.0, 15.0, 18.0, 18.0, 18.0, 20.0, 20.0, 6.0]),
];

/// Mean years that a venue has been in the table of venue-years, for the spread between venues.
pub const YEARS_EACH: f64 = 3.0;

/// Venue-years of each kind over all years, times `factor` (1 for the table as it stands).
#[must_use]
pub fn venue_years(factor: f64) -> Vec<(Venue, f64)> {
    VENUE_YEARS.iter().map(|(venue, years)| (*venue, factor * years.iter().sum::<f64>())).collect()
}

/// Where a debt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The event's own record says so.
    Record,
    /// A published snapshot of the venue within a year of the event.
    Snapshot,
    /// The press of the day, value locked for debt.
    Press,
    /// Recalled, order of magnitude only.
    Recalled,
}

/// Debt of the venue or isolated market at the event, USD, by the event's identifier in the shipped table.
pub const VENUE_DEBT: [(&str, f64, Basis); 17] = [
    ("E014", 2.0e9, Basis::Recalled),
    ("E027", 1.0e9, Basis::Recalled),
    // Borrows of 417.9m on 2023-01-01 (Risk DAO).
    ("E029", 4.2e8, Basis::Snapshot),
    // "All deposits drained".
    ("E030", 8.28e6, Basis::Record),
    // Borrows of 1,519.6m on 2023-01-01 (Risk DAO).
    ("E039", 1.52e9, Basis::Snapshot),
    ("E041", 6.9e6, Basis::Recalled),
    ("E046", 2.64e8, Basis::Recalled),
    ("E054", 3.13e8, Basis::Recalled),
    ("E055", 6.5e7, Basis::Recalled),
    // Value locked of 305m after the attack.
    ("E056", 3.05e8, Basis::Press),
    ("E059", 2.5e5, Basis::Recalled),
    ("E060", 1.2e7, Basis::Recalled),
    ("E067", 4.8e7, Basis::Recalled),
    ("E071", 1.0e8, Basis::Recalled),
    ("E072", 1.0e8, Basis::Recalled),
    // Share price minus 98.4 %.
    ("E073", 9.85e6, Basis::Record),
    ("E077", 1.0e8, Basis::Recalled),
];

/// Debt at an event of the shipped table.
#[must_use]
pub fn venue_debt(id: &str) -> Option<f64> {
    VENUE_DEBT.iter().find(|(one, _, _)| *one == id).map(|(_, debt, _)| *debt)
}
