//! Where bytes come from: a named stream, gzip or not, under limits.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{FormatError, Place};

/// First bytes of a gzip stream.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// First bytes of a UTF-8 text of some spreadsheets.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// What a reader takes before it gives up, so that a file of any size fails early and in bounded memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most rows below the header.
    pub rows_max: u64,
    /// Most bytes of one row, its line end included. A quoted field may run over several lines: they are one row.
    pub line_bytes_max: u64,
}

impl Default for Limits {
    /// 20 million rows of at most 64 KiB.
    fn default() -> Self {
        Self { rows_max: 20_000_000, line_bytes_max: 65_536 }
    }
}

/// A named stream of bytes. Gzip is told by its first two bytes, never by the name.
pub struct Source<'r> {
    pub(crate) name: String,
    pub(crate) reader: Box<dyn Read + 'r>,
    pub(crate) limits: Limits,
}

impl<'r> Source<'r> {
    /// A stream under the name that errors shall give it.
    pub fn new(name: impl Into<String>, reader: impl Read + 'r) -> Self {
        Self { name: name.into(), reader: Box::new(reader), limits: Limits::default() }
    }

    /// A file.
    ///
    /// # Errors
    /// [`FormatError::Io`] when it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FormatError> {
        let name = path.as_ref().display().to_string();
        match File::open(path) {
            Ok(file) => Ok(Self::new(name, file)),
            Err(source) => Err(FormatError::Io { at: Place::file(&name), source }),
        }
    }

    /// The same stream under other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The plain bytes without a byte-order mark, and whether they are unpacked from gzip.
    pub(crate) fn plain(self) -> Result<Plain<'r>, FormatError> {
        let Self { name, mut reader, limits } = self;
        let mut head = Vec::new();
        if let Err(source) = reader.by_ref().take(2).read_to_end(&mut head) {
            return Err(FormatError::Io { at: Place::file(&name), source });
        }
        let gzip = head == GZIP;
        let whole = BufReader::with_capacity(1 << 16, Cursor::new(head).chain(reader));
        let mut bytes: Box<dyn Read + 'r> =
            if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
        // Not left to the parser, which sees the mark only when its first read happens to hold all of it.
        let mut start = Vec::new();
        if let Err(source) = bytes.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start) {
            return Err(read_error(Place::file(&name), gzip, source));
        }
        if start == BYTE_ORDER_MARK {
            start.clear();
        }
        Ok(Plain { name, bytes: Box::new(Cursor::new(start).chain(bytes)), gzip, limits })
    }
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Source")
            .field("name", &self.name)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A stream after unpacking.
pub(crate) struct Plain<'r> {
    pub(crate) name: String,
    pub(crate) bytes: Box<dyn Read + 'r>,
    pub(crate) gzip: bool,
    pub(crate) limits: Limits,
}

/// The refusal for a failed read at `at`: the fault of the compression, or of the system.
pub(crate) fn read_error(at: Box<Place>, gzip: bool, source: std::io::Error) -> FormatError {
    use std::io::ErrorKind;
    match source.kind() {
        ErrorKind::UnexpectedEof if gzip => FormatError::TruncatedGzip { at },
        ErrorKind::InvalidInput | ErrorKind::InvalidData if gzip => {
            FormatError::CorruptGzip { at, detail: source.to_string() }
        }
        _ => FormatError::Io { at, source },
    }
}
