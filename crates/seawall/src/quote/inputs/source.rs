//! Bytes of a file and where they came from. Files are read whole, so that their digest is that of the bytes that were
//! priced.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use seawall_formats::{FormatError, Source};
use sha2::{Digest, Sha256};

use super::Role;
use crate::output::Failure;

/// One input and the digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What it is.
    pub what: Role,
    /// The asset that it tells of, where there is a file an asset.
    pub asset: Option<String>,
    /// Path as given, or that of the shipped file in the repository.
    pub name: String,
    /// The program carries it.
    pub shipped: bool,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// Number of bytes.
    pub bytes: u64,
    /// Lines below the first, unpacked; not counted where the file is shipped.
    pub rows: Option<u64>,
}

impl Origin {
    /// What it is and which asset it tells of: `candles BTC`.
    pub fn label(&self) -> String {
        match &self.asset {
            Some(asset) => format!("{} {asset}", self.what),
            None => self.what.to_string(),
        }
    }
}

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it came from.
    pub origin: Origin,
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(what: Role, path: &Path) -> Result<Self, Failure> {
        let bytes = read_file(path)?;
        let rows = Some(rows(&bytes));
        Ok(Self::of(what, path.display().to_string(), Cow::Owned(bytes), false, rows))
    }

    /// A file that the program carries.
    pub fn shipped(what: Role, (name, bytes): (&'static str, &'static [u8])) -> Self {
        Self::of(what, name.to_owned(), Cow::Borrowed(bytes), true, None)
    }

    fn of(what: Role, name: String, bytes: Cow<'static, [u8]>, shipped: bool, rows: Option<u64>) -> Self {
        let digest = Sha256::digest(&bytes).into();
        let length = bytes.len() as u64;
        let origin = Origin { what, asset: None, name, shipped, digest, bytes: length, rows };
        Self { origin, bytes }
    }

    /// The same, telling of one asset.
    pub fn about(mut self, asset: &str) -> Self {
        self.origin.asset = Some(asset.to_owned());
        self
    }

    /// As a reader takes it.
    pub fn source(&self) -> Source<'_> {
        Source::new(self.origin.name.clone(), &self.bytes[..])
    }
}

/// Lines below the first, unpacked where the bytes are gzip; those before the damage where it is damaged.
fn rows(bytes: &[u8]) -> u64 {
    let (mut lines, mut last) = (0, b'\n');
    let mut count = |part: &[u8]| {
        lines += part.iter().filter(|&&byte| byte == b'\n').count() as u64;
        last = part.last().copied().unwrap_or(last);
    };
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let (mut reader, mut part) = (MultiGzDecoder::new(bytes), vec![0; 1 << 16]);
        while let Ok(read @ 1..) = reader.read(&mut part) {
            count(&part[..read]);
        }
    } else {
        count(bytes);
    }
    // A last line without an end counts, the header does not.
    (lines + u64::from(last != b'\n')).saturating_sub(1)
}

/// The bytes of a file.
///
/// # Errors
/// It cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::input(format!("{}: {error}", path.display())).hint("check the path and its permissions")
    })
}

/// A reader's refusal as a failure of the command.
pub fn unreadable(error: FormatError) -> Failure {
    let hint = error.hint();
    Failure::input(error).hint(hint)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn rows_are_lines_below_the_header() {
        for (text, expected) in
            [("", 0), ("a", 0), ("a\n", 0), ("a\nb", 1), ("a\nb\n", 1), ("a\nb\n\nc\n", 3)]
        {
            assert_eq!(rows(text.as_bytes()), expected, "{text:?}");
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(text.as_bytes()).unwrap();
            assert_eq!(rows(&packed.finish().unwrap()), expected, "{text:?} packed");
        }
    }
}
