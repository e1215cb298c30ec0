//! Recorded bad-debt events: when, where, how much, why, and who paid.
//!
//! A CSV table with the columns named in [`COLUMN_NAMES`]. Amounts are in USD; an empty amount is unknown, and a
//! known best estimate lies within its range. `absorbed_by` holds one or more words joined by `+`.

use std::collections::{BTreeMap, HashMap};

use seawall_actuary::peril::{
    Cause as PerilCause, DamageFit, EventPeril, PerilError, RecordedEvent, Venue, VenueSpread, assumption,
};

use crate::error::FormatError;
use crate::field::{Range, shown};
use crate::source::Source;
use crate::table::{Header, Row, Table};
use crate::timestamp::day;

/// Known damage ratios from which on a cause has its own distribution of them.
const RATIOS_MIN: usize = 5;

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

impl From<Cause> for seawall_actuary::peril::Cause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Oracle => Self::Oracle,
            Cause::PriceGap => Self::PriceGap,
            Cause::Depeg => Self::Depeg,
            Cause::Manipulation => Self::Manipulation,
            Cause::Exploit => Self::Exploit,
            Cause::Operational => Self::Operational,
        }
    }
}

impl BadDebtEvent {
    /// Kind of the venue.
    #[must_use]
    pub fn venue(&self) -> Venue {
        Venue::of_words(&self.venue_type)
    }

    /// Whether the row counts as an event of its own: not where the amount is an exposure, which repeats another row.
    #[must_use]
    pub fn counts(&self) -> bool {
        !self.amount_basis.contains("exposure")
    }

    /// The event as the estimates of event peril need it. The exposure is that of the actuary's own table of debts by
    /// identifier, which goes with the shipped table of events; none for other events.
    #[must_use]
    pub fn recorded(&self) -> RecordedEvent {
        RecordedEvent {
            cause: self.cause.into(),
            venue: self.venue(),
            damage: self.bad_debt_usd,
            exposure: assumption::venue_debt(&self.id),
        }
    }
}

/// Numbers of events of event peril of the venues of one kind that had any, most first. Venues are told apart by the
/// first word of the protocol's name, so that versions of one protocol are one venue.
#[must_use]
pub fn events_by_venue(events: &[BadDebtEvent], kind: Venue) -> Vec<u32> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let counted =
        |event: &&BadDebtEvent| event.counts() && event.venue() == kind && event.cause != Cause::PriceGap;
    for event in events.iter().filter(counted) {
        let name = event.protocol.split_whitespace().next().unwrap_or_default();
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts
}

/// Event peril and the spread between venues of one kind from the events that count, with the shipped assumptions
/// for venue-years (times `factor`) and debts: beta damage ratios, those of a cause from five known ones on.
///
/// # Errors
/// Too few events for either estimate, or a factor that is not positive.
pub fn event_peril(
    events: &[BadDebtEvent],
    kind: Venue,
    factor: f64,
) -> Result<(EventPeril, VenueSpread), PerilError> {
    let recorded: Vec<RecordedEvent> =
        events.iter().filter(|event| event.counts()).map(BadDebtEvent::recorded).collect();
    let years = assumption::venue_years(factor);
    let model =
        EventPeril::fit(&recorded, &PerilCause::EVENT_PERIL, &years, DamageFit::BetaMoments, RATIOS_MIN)?;
    let (_, own_years) = years.iter().find(|(venue, _)| *venue == kind).copied().unwrap_or((kind, 0.0));
    let spread = VenueSpread::estimate(&events_by_venue(events, kind), own_years, assumption::YEARS_EACH)?;
    Ok((model, spread))
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
