//! Recorded bad-debt events: when, where, how much, why, and who paid.
//!
//! A CSV table with the columns named in [`COLUMN_NAMES`]. Amounts are in USD; an empty amount is unknown, and a
//! known best estimate lies within its range. `absorbed_by` holds one or more words joined by `+`.

use std::collections::HashMap;

use crate::error::FormatError;
use crate::field::{Range, shown};
use crate::source::Source;
use crate::table::{Header, Row, Table};
use crate::timestamp::day;

/// Columns of the table, all of which must be there.
pub const COLUMN_NAMES: [&str; 18] = [
    "id",
    "date",
    "protocol",
    "venue_type",
    "chain",
    "asset",
    "bad_debt_usd",
    "low_usd",
    "high_usd",
    "amount_basis",
    "cause",
    "cause_detail",
    "absorbed_by",
    "absorption_detail",
    "recovered_usd",
    "source_url",
    "evidence_grade",
    "notes",
];

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in the table.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words! {
    /// What made the bad debt.
    Cause {
        /// A wrong price was used.
        Oracle = "oracle",
        /// The price moved faster than liquidation.
        PriceGap = "price_gap",
        /// A pegged asset lost its peg.
        Depeg = "depeg",
        /// Somebody moved the market to borrow against it.
        Manipulation = "manipulation",
        /// A fault of the program was used.
        Exploit = "exploit",
        /// A mistake of those who run it.
        Operational = "operational",
    }
}

words! {
    /// Who bore the loss.
    Absorption {
        /// Treasury of the protocol.
        Treasury = "treasury",
        /// A fund kept for it.
        InsuranceFund = "insurance_fund",
        /// A vault of liquidity providers that takes the other side.
        LpVault = "lp_vault",
        /// Lenders or winning traders.
        Socialised = "socialised",
        /// Newly made tokens, sold.
        TokenMint = "token_mint",
        /// Somebody outside.
        ThirdParty = "third_party",
        /// The money came back.
        Recovered = "recovered",
        /// Nobody yet.
        Unresolved = "unresolved",
    }
}

words! {
    /// How well the event is documented.
    EvidenceGrade {
        /// Official or primary text.
        A = "A",
        /// Press or aggregator.
        B = "B",
        /// A row of an aggregator's table whose link was not opened.
        C = "C",
    }
}

/// One recorded event.
#[derive(Clone, Debug, PartialEq)]
pub struct BadDebtEvent {
    /// Identifier, unique.
    pub id: String,
    /// UTC day, YYYY-MM-DD.
    pub date: String,
    /// Unix seconds of the start of that day.
    pub time: u64,
    /// Protocol or exchange.
    pub protocol: String,
    /// Kind of venue: lending, CDP, perp DEX ...
    pub venue_type: String,
    /// Chain, or CEX.
    pub chain: String,
    /// Asset concerned.
    pub asset: String,
    /// Best estimate, USD.
    pub bad_debt_usd: Option<f64>,
    /// Lower end of the range, USD.
    pub low_usd: Option<f64>,
    /// Upper end of the range, USD.
    pub high_usd: Option<f64>,
    /// What the amount is: bad debt, loss, fund draw, exposure.
    pub amount_basis: String,
    /// Cause.
    pub cause: Cause,
    /// The mechanism in words.
    pub cause_detail: String,
    /// Who bore it; at least one.
    pub absorbed_by: Vec<Absorption>,
    /// How it was borne.
    pub absorption_detail: String,
    /// What came back, USD.
    pub recovered_usd: Option<f64>,
    /// Page cited.
    pub source_url: String,
    /// How well it is documented.
    pub evidence_grade: EvidenceGrade,
    /// What a reader should know.
    pub notes: String,
}

/// Reads the table of events, in the order of the file.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::UnknownName`] for a cause, absorption or grade that is none of the
/// known words, [`FormatError::Value`] for a range that does not hold its best estimate,
/// [`FormatError::Duplicate`] for a repeated id.
pub fn read_events(source: Source<'_>) -> Result<Vec<BadDebtEvent>, FormatError> {
    let mut table = Table::open(source, &Header::Fixed(&COLUMN_NAMES.map(|name| (name, true))))?;
    let mut columns = [0; COLUMN_NAMES.len()];
    for (column, name) in columns.iter_mut().zip(COLUMN_NAMES) {
        *column = table.required(name)?;
    }
    let mut events: Vec<BadDebtEvent> = Vec::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    while let Some(row) = table.next_row()? {
        let event = event_of(&row, &columns)?;
        if let Some(first_line) = lines.insert(event.id.clone(), row.line) {
            return Err(FormatError::Duplicate {
                at: row.at(columns[0]),
                what: "event",
                found: shown(&event.id),
                first_line,
            });
        }
        events.push(event);
    }
    Ok(events)
}

fn event_of(row: &Row<'_>, columns: &[usize; COLUMN_NAMES.len()]) -> Result<BadDebtEvent, FormatError> {
    let [
        id,
        date,
        protocol,
        venue_type,
        chain,
        asset,
        bad_debt,
        low,
        high,
        amount_basis,
        cause,
        cause_detail,
        absorbed_by,
        absorption_detail,
        recovered,
        source_url,
        grade,
        notes,
    ] = *columns;
    let on = row.text(date)?;
    let usd = |column| row.number_or_empty(column, Range::NonNegative);
    let text = |column| row.text(column).map(str::to_owned);
    let event = BadDebtEvent {
        id: row.name(id)?.to_owned(),
        date: on.to_owned(),
        time: day(on).map_err(|expected| row.refuse(date, on, expected))?,
        protocol: row.name(protocol)?.to_owned(),
        venue_type: row.name(venue_type)?.to_owned(),
        chain: row.name(chain)?.to_owned(),
        asset: text(asset)?,
        bad_debt_usd: usd(bad_debt)?,
        low_usd: usd(low)?,
        high_usd: usd(high)?,
        amount_basis: text(amount_basis)?,
        cause: word(row, cause, "cause", row.text(cause)?, Cause::of, Cause::ALL, Cause::word)?,
        cause_detail: text(cause_detail)?,
        absorbed_by: row
            .text(absorbed_by)?
            .split('+')
            .map(|part| {
                let part = part.trim();
                word(row, absorbed_by, "absorption", part, Absorption::of, Absorption::ALL, Absorption::word)
            })
            .collect::<Result<_, _>>()?,
        absorption_detail: text(absorption_detail)?,
        recovered_usd: usd(recovered)?,
        source_url: text(source_url)?,
        evidence_grade: word(
            row,
            grade,
            "grade",
            row.text(grade)?,
            EvidenceGrade::of,
            EvidenceGrade::ALL,
            EvidenceGrade::word,
        )?,
        notes: text(notes)?,
    };
    let best = event.bad_debt_usd;
    if event.low_usd.zip(best).is_some_and(|(low, best)| low > best) {
        return Err(row.refuse(low, row.text(low)?, "at most the best estimate of bad_debt_usd"));
    }
    if event.high_usd.zip(best).is_some_and(|(high, best)| high < best) {
        return Err(row.refuse(high, row.text(high)?, "at least the best estimate of bad_debt_usd"));
    }
    Ok(event)
}

/// A word of a closed list.
fn word<W: Copy>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
    text: &str,
    of: fn(&str) -> Option<W>,
    all: &[W],
    name: fn(W) -> &'static str,
) -> Result<W, FormatError> {
    of(text).ok_or_else(|| FormatError::UnknownName {
        at: row.at(column),
        what,
        found: shown(text),
        known: all.iter().map(|&one| name(one).to_owned()).collect(),
    })
}
