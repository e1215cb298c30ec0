//! CSV tables, row by row: header and limits checked, every field found again by file, line and column.

use std::collections::VecDeque;
use std::io::Read;

use csv::ByteRecord;

use crate::error::{FormatError, Place};
use crate::field::{self, shown};
use crate::source::{Limits, Plain, Source, read_error};

/// A CSV table being read.
pub(crate) struct Table<'r> {
    file: String,
    gzip: bool,
    limits: Limits,
    reader: csv::Reader<Watch<'r>>,
    record: ByteRecord,
    header: Vec<String>,
    rows: u64,
}

/// What the header of a table must be.
pub(crate) enum Header<'h> {
    /// These columns: each may stand once; those marked true must.
    Fixed(&'h [(&'h str, bool)]),
    /// This column, and any others.
    Open(&'h str),
}

impl<'r> Table<'r> {
    /// Opens the table and checks its header.
    pub(crate) fn open(source: Source<'r>, header: &Header<'_>) -> Result<Self, FormatError> {
        Self::from_plain(source.plain()?, header)
    }

    /// The same for a stream that is unpacked already.
    pub(crate) fn from_plain(plain: Plain<'r>, header: &Header<'_>) -> Result<Self, FormatError> {
        let Plain { name, bytes, gzip, limits } = plain;
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(Watch::new(bytes, limits.line_bytes_max));
        let mut table =
            Self { file: name, gzip, limits, reader, record: ByteRecord::new(), header: Vec::new(), rows: 0 };
        let Some(line) = table.advance()? else {
            return Err(FormatError::Empty { at: Place::file(&table.file), expected: header.names() });
        };
        for cell in &table.record {
            let name = field::utf8(cell)
                .map_err(|found| FormatError::NotUtf8 { at: Place::line(&table.file, line), found })?;
            table.header.push(name.trim().to_owned());
        }
        header.check(&table.file, line, &table.header)?;
        Ok(table)
    }

    /// Name of the file.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Names of the columns.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// Number of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// Number of a column that the header check has made sure of.
    pub(crate) fn required(&self, name: &str) -> Result<usize, FormatError> {
        self.column(name).ok_or_else(|| FormatError::MissingColumn {
            at: Place::file(&self.file),
            missing: name.to_owned(),
            found: self.header.clone(),
        })
    }

    /// The next row, or `None` at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>, FormatError> {
        let Some(line) = self.advance()? else {
            return if self.rows == 0 {
                Err(FormatError::NoRows { at: Place::file(&self.file) })
            } else {
                Ok(None)
            };
        };
        if self.record.len() != self.header.len() {
            return Err(FormatError::FieldCount {
                at: Place::line(&self.file, line),
                found: self.record.len(),
                expected: self.header.len(),
            });
        }
        if self.rows == self.limits.rows_max {
            return Err(FormatError::TooManyRows {
                at: Place::line(&self.file, line),
                limit: self.limits.rows_max,
            });
        }
        self.rows += 1;
        Ok(Some(Row {
            file: &self.file,
            header: &self.header,
            record: &self.record,
            line,
            number: self.rows,
        }))
    }

    /// Reads the next record; gives the line on which it starts.
    fn advance(&mut self) -> Result<Option<u64>, FormatError> {
        let start = self.reader.position().byte();
        self.reader.get_mut().record_start = start;
        let found = match self.reader.read_byte_record(&mut self.record) {
            Ok(found) => found,
            Err(error) => return Err(self.broken(error)),
        };
        if !found {
            return Ok(None);
        }
        let end = self.reader.position().byte();
        // Lines are counted here and not by the parser, which counts a CRLF late and blank lines with the row below.
        let within = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        let line = self.reader.get_mut().line_at(end.saturating_sub(1)).saturating_sub(within).max(1);
        if end - start > self.limits.line_bytes_max {
            return Err(self.too_long(line));
        }
        Ok(Some(line))
    }

    fn too_long(&self, line: u64) -> FormatError {
        FormatError::LineTooLong { at: Place::line(&self.file, line), limit: self.limits.line_bytes_max }
    }

    fn broken(&mut self, error: csv::Error) -> FormatError {
        let start = self.reader.get_mut().record_start;
        let line = self.reader.get_mut().line_at(start);
        match error.into_kind() {
            csv::ErrorKind::Io(source) => {
                if source.get_ref().is_some_and(|inner| inner.is::<RowTooLong>()) {
                    return self.too_long(line);
                }
                read_error(Place::line(&self.file, line), self.gzip, source)
            }
            // The parser is lenient about everything else: byte records of any length.
            other => FormatError::Io {
                at: Place::line(&self.file, line),
                source: std::io::Error::other(format!("{other:?}")),
            },
        }
    }
}

impl Header<'_> {
    fn names(&self) -> Vec<String> {
        match self {
            Self::Fixed(columns) => columns.iter().map(|(name, _)| (*name).to_owned()).collect(),
            Self::Open(first) => vec![(*first).to_owned(), "one column an asset".to_owned()],
        }
    }

    fn check(&self, file: &str, line: u64, header: &[String]) -> Result<(), FormatError> {
        for (index, name) in header.iter().enumerate() {
            if let Self::Fixed(columns) = self
                && !columns.iter().any(|(column, _)| column == name)
            {
                return Err(FormatError::UnknownColumn {
                    at: Place::line(file, line),
                    found: shown(name),
                    known: self.names(),
                });
            }
            if let Some(first) = header[..index].iter().position(|other| other == name) {
                return Err(FormatError::DuplicateColumn {
                    at: Place::line(file, line),
                    column: shown(name),
                    first: first + 1,
                    second: index + 1,
                });
            }
        }
        let required: Vec<&str> = match self {
            Self::Fixed(columns) => columns.iter().filter(|(_, must)| *must).map(|(name, _)| *name).collect(),
            Self::Open(first) => vec![first],
        };
        match required.into_iter().find(|name| !header.iter().any(|column| column == name)) {
            Some(missing) => Err(FormatError::MissingColumn {
                at: Place::line(file, line),
                missing: missing.to_owned(),
                found: header.iter().map(|name| shown(name)).collect(),
            }),
            None => Ok(()),
        }
    }
}

/// One row of a table.
pub(crate) struct Row<'t> {
    file: &'t str,
    header: &'t [String],
    record: &'t ByteRecord,
    /// Line on which it starts, from 1.
    pub(crate) line: u64,
    /// Number of the row below the header, from 1.
    pub(crate) number: u64,
}

impl<'t> Row<'t> {
    /// The place of a field.
    pub(crate) fn at(&self, column: usize) -> Box<Place> {
        Place::field(self.file, self.line, self.header.get(column).map_or("?", String::as_str))
    }

    /// The bytes of a field, blanks at its ends removed.
    pub(crate) fn bytes(&self, column: usize) -> &'t [u8] {
        self.record.get(column).unwrap_or_default().trim_ascii()
    }

    /// The text of a field, blanks at its ends removed; may be empty.
    pub(crate) fn text(&self, column: usize) -> Result<&'t str, FormatError> {
        field::utf8(self.bytes(column)).map_err(|found| FormatError::NotUtf8 { at: self.at(column), found })
    }

    /// A name: not empty, no control characters.
    pub(crate) fn name(&self, column: usize) -> Result<&'t str, FormatError> {
        let text = self.text(column)?;
        field::name(text).map_err(|expected| self.refuse(column, text, expected))
    }

    /// A number in a range.
    pub(crate) fn number(&self, column: usize, range: field::Range) -> Result<f64, FormatError> {
        let text = self.text(column)?;
        field::number(text, range).map_err(|expected| self.refuse(column, text, expected))
    }

    /// A number in a range; `None` for an empty field.
    pub(crate) fn number_or_empty(
        &self,
        column: usize,
        range: field::Range,
    ) -> Result<Option<f64>, FormatError> {
        if self.bytes(column).is_empty() { Ok(None) } else { self.number(column, range).map(Some) }
    }

    /// The refusal of a field.
    pub(crate) fn refuse(&self, column: usize, found: &str, expected: &'static str) -> FormatError {
        FormatError::Value { at: self.at(column), found: shown(found), expected }
    }
}

/// A stream that knows where its lines end and stops a row that grows beyond the limit. The parser asks for more
/// only when it has used up what it got, so the bytes given out since the row began all belong to the row.
struct Watch<'r> {
    inner: Box<dyn Read + 'r>,
    given: u64,
    record_start: u64,
    limit: u64,
    line_ends: VecDeque<u64>,
    lines_passed: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("the row is too long")]
struct RowTooLong;

impl<'r> Watch<'r> {
    fn new(inner: Box<dyn Read + 'r>, limit: u64) -> Self {
        Self { inner, given: 0, record_start: 0, limit, line_ends: VecDeque::new(), lines_passed: 0 }
    }

    /// Line, from 1, of the byte at this offset; offsets are asked for in rising order.
    fn line_at(&mut self, offset: u64) -> u64 {
        while self.line_ends.front().is_some_and(|&end| end < offset) {
            self.line_ends.pop_front();
            self.lines_passed += 1;
        }
        self.lines_passed + 1
    }
}

impl Read for Watch<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.given.saturating_sub(self.record_start) > self.limit {
            return Err(std::io::Error::other(RowTooLong));
        }
        let count = self.inner.read(buffer)?;
        for (index, &byte) in buffer.iter().take(count).enumerate() {
            if byte == b'\n' {
                self.line_ends.push_back(self.given + index as u64);
            }
        }
        self.given += count as u64;
        Ok(count)
    }
}
