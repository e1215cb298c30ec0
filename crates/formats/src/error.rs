//! Why an input is refused: where, what was found, what was expected, and what to do next.

use std::fmt;

use thiserror::Error;

use crate::nearest::nearest;

/// Where in the input: file, line (from 1, the header included) and field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Name of the file as the caller gave it.
    pub file: String,
    /// Line on which the row starts, counted from 1; in a JSON list the number of the entry, from 1.
    pub line: Option<u64>,
    /// Name of the column.
    pub field: Option<String>,
}

impl Place {
    /// A whole file.
    #[must_use]
    pub fn file(file: &str) -> Box<Self> {
        Box::new(Self { file: file.to_owned(), line: None, field: None })
    }

    /// One line of a file.
    #[must_use]
    pub fn line(file: &str, line: u64) -> Box<Self> {
        Box::new(Self { file: file.to_owned(), line: Some(line), field: None })
    }

    /// One field of a line.
    #[must_use]
    pub fn field(file: &str, line: u64, field: &str) -> Box<Self> {
        Box::new(Self { file: file.to_owned(), line: Some(line), field: Some(field.to_owned()) })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(out, ", line {line}")?;
        }
        if let Some(field) = &self.field {
            write!(out, ", field {field:?}")?;
        }
        Ok(())
    }
}

/// Why an input is refused. The message says where, what was found and what was expected;
/// [`FormatError::hint`] says what to do next.
#[derive(Debug, Error)]
pub enum FormatError {
    /// The operating system refused to open or read the file.
    #[error("{at}: cannot be read: {source}")]
    Io {
        /// Where.
        at: Box<Place>,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refused to take the output.
    #[error("the output cannot be written: {source}")]
    Write {
        /// What the system said.
        source: std::io::Error,
    },
    /// There is not one byte, or only empty lines.
    #[error("{at}: the file is empty, expected a header line with {}", list(expected))]
    Empty {
        /// Where.
        at: Box<Place>,
        /// Columns expected.
        expected: Vec<String>,
    },
    /// There is a header and nothing below it.
    #[error("{at}: there is a header but no row below it")]
    NoRows {
        /// Where.
        at: Box<Place>,
    },
    /// The compressed stream ends before its end mark.
    #[error("{at}: the gzip stream ends early, expected its end mark")]
    TruncatedGzip {
        /// Where.
        at: Box<Place>,
    },
    /// The compressed stream is damaged.
    #[error("{at}: the gzip stream is damaged: {detail}")]
    CorruptGzip {
        /// Where.
        at: Box<Place>,
        /// What the decoder said.
        detail: String,
    },
    /// The text is not UTF-8.
    #[error("{at}: found bytes that are not UTF-8 ({found}), expected UTF-8 text")]
    NotUtf8 {
        /// Where.
        at: Box<Place>,
        /// The text, with what is not UTF-8 replaced.
        found: String,
    },
    /// A row is longer than the limit.
    #[error("{at}: the row is longer than {limit} bytes")]
    LineTooLong {
        /// Where.
        at: Box<Place>,
        /// Most bytes a row may have.
        limit: u64,
    },
    /// There are more rows than the limit.
    #[error("{at}: the file has more than {limit} rows")]
    TooManyRows {
        /// Where.
        at: Box<Place>,
        /// Most rows allowed.
        limit: u64,
    },
    /// There are more pairs of assets than the limit.
    #[error("{at}: a new pair of assets after {limit} others, expected at most {limit}")]
    TooManyPairs {
        /// Where.
        at: Box<Place>,
        /// Most pairs allowed.
        limit: usize,
    },
    /// The header has a column that the format does not know.
    #[error("{at}: unknown column {found:?}, expected only {}", list(known))]
    UnknownColumn {
        /// Where.
        at: Box<Place>,
        /// The column.
        found: String,
        /// Columns of the format.
        known: Vec<String>,
    },
    /// The header lacks a column.
    #[error("{at}: column {missing:?} is missing, found {}", list(found))]
    MissingColumn {
        /// Where.
        at: Box<Place>,
        /// The column.
        missing: String,
        /// Columns of the file.
        found: Vec<String>,
    },
    /// The header has a column twice.
    #[error("{at}: column {column:?} stands twice (columns {first} and {second})")]
    DuplicateColumn {
        /// Where.
        at: Box<Place>,
        /// The column.
        column: String,
        /// Number of its first use, from 1.
        first: usize,
        /// Number of its second use, from 1.
        second: usize,
    },
    /// A row has more or fewer fields than the header.
    #[error("{at}: found {found} fields, expected {expected} as in the header")]
    FieldCount {
        /// Where.
        at: Box<Place>,
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A field cannot be read as what it should be, or is outside its range.
    #[error("{at}: found {found:?}, expected {expected}")]
    Value {
        /// Where.
        at: Box<Place>,
        /// The text.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A name is none of the known ones.
    #[error("{at}: unknown {what} {found:?}, expected one of {}", list(known))]
    UnknownName {
        /// Where.
        at: Box<Place>,
        /// What is named: asset, market, cause.
        what: &'static str,
        /// The name.
        found: String,
        /// The known names.
        known: Vec<String>,
    },
    /// A key stands on two rows.
    #[error("{at}: {what} {found:?} stands already on line {first_line}, expected it once")]
    Duplicate {
        /// Where the second one is.
        at: Box<Place>,
        /// What is keyed: account of a market, market, event, time.
        what: &'static str,
        /// The key.
        found: String,
        /// Line of the first.
        first_line: u64,
    },
    /// A row contradicts another one.
    #[error("{at}: found {found:?}, expected {expected:?} as {file}, line {line} says for {what}", file = other.file, line = other.line.unwrap_or(0))]
    Conflict {
        /// Where.
        at: Box<Place>,
        /// What is in dispute.
        what: String,
        /// What this row says.
        found: String,
        /// What the other row says.
        expected: String,
        /// The other row.
        other: Box<Place>,
    },
    /// Nobody says at which threshold the loans of a market are liquidated.
    #[error("{at}: no liquidation threshold for market {market:?}, expected a fraction above 0 and below 1")]
    NoThreshold {
        /// Where.
        at: Box<Place>,
        /// The market.
        market: String,
    },
    /// The totals of a market make no book.
    #[error("{at}: {source}")]
    Book {
        /// Where.
        at: Box<Place>,
        /// Why.
        source: seawall_actuary::book::BookError,
    },
    /// Assets or holdings make no book of accounts.
    #[error("{at}: {source}")]
    Accounts {
        /// Where.
        at: Box<Place>,
        /// Why.
        source: seawall_actuary::book::AccountBookError,
    },
    /// Reserves or ranges make no pool.
    #[error("{at}: {source}")]
    Depth {
        /// Where.
        at: Box<Place>,
        /// Why.
        source: seawall_actuary::liquidation::DepthError,
    },
    /// A time is earlier than that of the row above.
    #[error(
        "{at}: found {found} (unix seconds), earlier than {previous} on the row above, expected rising times"
    )]
    TimeBackwards {
        /// Where.
        at: Box<Place>,
        /// Time of this row.
        found: u64,
        /// Time of the row above.
        previous: u64,
    },
    /// A time is not on the grid.
    #[error("{at}: found {found} (unix seconds), expected a multiple of {step} seconds")]
    OffGrid {
        /// Where.
        at: Box<Place>,
        /// The time.
        found: u64,
        /// Seconds between rows.
        step: u64,
    },
    /// The times span more steps than there may be rows.
    #[error(
        "{at}: found {found} (unix seconds), {steps} steps after the first row, expected at most {limit}"
    )]
    SpanTooLong {
        /// Where.
        at: Box<Place>,
        /// The time.
        found: u64,
        /// Steps since the first row.
        steps: u64,
        /// Most allowed.
        limit: u64,
    },
    /// Series that do not fit together.
    #[error("{at}: does not join the other series: {detail}")]
    Join {
        /// Where.
        at: Box<Place>,
        /// What was found and expected.
        detail: String,
    },
    /// What was asked for is not in the file.
    #[error("{at}: no {what} {wanted:?}, found {found}")]
    NotFound {
        /// Where.
        at: Box<Place>,
        /// What was asked for.
        what: &'static str,
        /// Which one.
        wanted: String,
        /// What there is instead.
        found: String,
    },
    /// The price history has no close of an asset at a moment.
    #[error("the price history has no close of {asset:?} known at {time} (unix seconds)")]
    NoPrice {
        /// The asset.
        asset: String,
        /// The moment.
        time: u64,
    },
    /// The text is not JSON, or not a list of objects.
    #[error("{at}: not a JSON list of objects: {detail}")]
    Json {
        /// Where.
        at: Box<Place>,
        /// What the parser said.
        detail: String,
    },
}

/// Names joined by commas; a long list is cut.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

impl FormatError {
    /// Where the input is wrong; `None` when no input is.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Io { at, .. }
            | Self::Empty { at, .. }
            | Self::NoRows { at }
            | Self::TruncatedGzip { at }
            | Self::CorruptGzip { at, .. }
            | Self::NotUtf8 { at, .. }
            | Self::LineTooLong { at, .. }
            | Self::TooManyRows { at, .. }
            | Self::TooManyPairs { at, .. }
            | Self::UnknownColumn { at, .. }
            | Self::MissingColumn { at, .. }
            | Self::DuplicateColumn { at, .. }
            | Self::FieldCount { at, .. }
            | Self::Value { at, .. }
            | Self::UnknownName { at, .. }
            | Self::Duplicate { at, .. }
            | Self::Conflict { at, .. }
            | Self::NoThreshold { at, .. }
            | Self::Book { at, .. }
            | Self::Accounts { at, .. }
            | Self::Depth { at, .. }
            | Self::TimeBackwards { at, .. }
            | Self::OffGrid { at, .. }
            | Self::SpanTooLong { at, .. }
            | Self::Join { at, .. }
            | Self::NotFound { at, .. }
            | Self::Json { at, .. } => Some(at),
            Self::Write { .. } | Self::NoPrice { .. } => None,
        }
    }

    /// What to do next, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                "check the path; it is relative to the current folder".to_owned()
            }
            Self::Io { .. } => "check that the file can be read".to_owned(),
            Self::Write { .. } => "check the space and the rights of the output".to_owned(),
            Self::Empty { .. } => "the file may not have been written yet; export it again".to_owned(),
            Self::NoRows { .. } => {
                "the export may have been cut; a table without a row says nothing".to_owned()
            }
            Self::TruncatedGzip { .. } | Self::CorruptGzip { .. } => {
                "download or export the file again".to_owned()
            }
            Self::NotUtf8 { .. } => "save the file as UTF-8".to_owned(),
            Self::LineTooLong { .. } => {
                "a quote may have been left open, or the line ends may be lost; check the rows above"
                    .to_owned()
            }
            Self::TooManyRows { .. } => "split the file by market, or raise the limit of rows".to_owned(),
            Self::TooManyPairs { .. } => {
                "check the columns of the assets; keep only the pairs you need".to_owned()
            }
            Self::UnknownColumn { found, .. } if found.contains([';', '\t']) => {
                "columns are separated by commas".to_owned()
            }
            Self::UnknownColumn { found, known, .. } => {
                match nearest(found, known.iter().map(String::as_str)) {
                    Some(name) => format!("did you mean {name:?}?"),
                    None => "drop the column or rename it".to_owned(),
                }
            }
            Self::MissingColumn { missing, found, .. } => {
                match nearest(missing, found.iter().map(String::as_str)) {
                    Some(name) => format!("rename {name:?} to {missing:?}"),
                    None => format!("add the column {missing:?}; the first line must hold the column names"),
                }
            }
            Self::DuplicateColumn { .. } => "drop or rename one of the two".to_owned(),
            Self::FieldCount { .. } => {
                "put text that has a comma in quotes, and write no commas in numbers".to_owned()
            }
            Self::Value { found, .. } => hint_of_value(found),
            Self::UnknownName { found, known, .. } => {
                match nearest(found, known.iter().map(String::as_str)) {
                    Some(name) => format!("did you mean {name:?}?"),
                    None => "names are compared letter by letter, upper and lower case included".to_owned(),
                }
            }
            Self::Duplicate { .. } => "keep one of the two rows, or add them up before".to_owned(),
            Self::Conflict { .. } => {
                "correct one of the two, or give the second one a market of its own".to_owned()
            }
            Self::NoThreshold { .. } => {
                "fill the column \"liquidation_threshold\", or give a market file that has one".to_owned()
            }
            Self::Book { .. } => "leave out markets that nobody borrows from, and check the units".to_owned(),
            Self::Accounts { .. } => {
                "keep the rows of an account together, one a holding; give a threshold to what secures debt"
                    .to_owned()
            }
            Self::Depth { .. } => {
                "give ranges rising and without overlap, one of them below the price, and positive reserves"
                    .to_owned()
            }
            Self::TimeBackwards { .. } => "sort the rows by time".to_owned(),
            Self::OffGrid { step: 3_600, .. } => "give one row an hour, on the full hour in UTC".to_owned(),
            Self::OffGrid { step, .. } => {
                format!("give one row every {step} seconds, on multiples of it in unix seconds")
            }
            Self::SpanTooLong { .. } => "check the unit: times are in seconds, not milliseconds".to_owned(),
            Self::Join { .. } => "give one series an asset, all of the same interval".to_owned(),
            Self::NotFound { .. } => "ask for one that is there".to_owned(),
            Self::NoPrice { .. } => {
                "give a price table that covers the hour before; gaps are never filled".to_owned()
            }
            Self::Json { .. } => "expected [{\"market\": \"...\", ...}, ...]".to_owned(),
        }
    }
}

/// What is usually wrong with a field of this kind.
fn hint_of_value(found: &str) -> String {
    let digits = found.chars().any(|letter| letter.is_ascii_digit());
    if found.is_empty() {
        "fill the cell, or drop the row".to_owned()
    } else if found.ends_with('%') {
        "write a fraction: 0.8, not 80%".to_owned()
    } else if digits && (found.contains(',') || found.contains('_') || found.contains('\'')) {
        "write numbers without separators of thousands, with a decimal point".to_owned()
    } else if found.starts_with("0x") {
        "write amounts in tokens as decimal numbers, not as hexadecimal integers".to_owned()
    } else {
        "correct the cell, or drop the row".to_owned()
    }
}
