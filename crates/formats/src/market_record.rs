//! A market's own record: years watched, events, losses.
//!
//! A CSV table with the columns `market`, `years` (watched, above 0), `events` (of event peril, a whole number), `debt`
//! (mean debt in those years, above 0) and `losses` (bad debt that falling prices made, not counting the events; same
//! unit as the debt). A market may have several rows, one a period.

use seawall_actuary::peril::{OwnEvents, Period};

use crate::error::FormatError;
use crate::field::Range;
use crate::source::Source;
use crate::table::{Header, Table};

/// Columns, all of which must be there.
const COLUMNS: [(&str, bool); 5] =
    [("market", true), ("years", true), ("events", true), ("debt", true), ("losses", true)];

/// The record of one market.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketRecord {
    /// Name of the market.
    pub market: String,
    /// Its events.
    pub events: OwnEvents,
    /// Its losses by period: ratio to debt and year, weighed by debt times years.
    pub losses: Vec<Period>,
}

/// Reads the records, markets in the order in which they appear.
///
/// # Errors
/// Any [`FormatError`] of tables.
pub fn read_market_record(source: Source<'_>) -> Result<Vec<MarketRecord>, FormatError> {
    let mut table = Table::open(source, &Header::Fixed(&COLUMNS))?;
    let columns = COLUMNS.map(|(name, _)| table.required(name));
    let [market, years, events, debt, losses] = columns;
    let (market, years, events, debt, losses) = (market?, years?, events?, debt?, losses?);
    let mut records: Vec<MarketRecord> = Vec::new();
    while let Some(row) = table.next_row()? {
        let name = row.name(market)?;
        let years = row.number(years, Range::Positive)?;
        let text = row.text(events)?;
        let count: u32 = text.parse().map_err(|_| row.refuse(events, text, "a whole number of events"))?;
        let weight = row.number(debt, Range::Positive)? * years;
        let period = Period { ratio: row.number(losses, Range::NonNegative)? / weight, weight };
        let place = records.iter().position(|record| record.market == name).unwrap_or(records.len());
        if place == records.len() {
            let (events, losses) = (OwnEvents::default(), Vec::new());
            records.push(MarketRecord { market: name.to_owned(), events, losses });
        }
        let record = &mut records[place];
        record.events.years += years;
        record.events.events = record.events.events.saturating_add(count);
        record.losses.push(period);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_of_a_market_are_put_together() {
        let text = "market,years,events,debt,losses\na,2,1,100,5\nb,1,0,10,0\na,1,0,200,0\n";
        let records = read_market_record(Source::new("r.csv", text.as_bytes())).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].events, OwnEvents { years: 3.0, events: 1 });
        assert_eq!(
            records[0].losses,
            [Period { ratio: 0.025, weight: 200.0 }, Period { ratio: 0.0, weight: 200.0 }]
        );
        assert_eq!(records[1].market, "b");
    }

    #[test]
    fn bad_fields_are_named() {
        for (row, field) in
            [("a,0,1,100,5", "years"), ("a,1,half,100,5", "events"), ("a,1,1,100,-5", "losses")]
        {
            let text = format!("market,years,events,debt,losses\n{row}\n");
            let error = read_market_record(Source::new("r.csv", text.as_bytes())).unwrap_err();
            let words = error.to_string();
            assert!(words.contains("r.csv") && words.contains(field), "{words}");
        }
    }
}
