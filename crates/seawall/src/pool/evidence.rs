//! Digests of what stands behind a command: evidence of a loss, goods of a lot, inputs of a quote.

use std::path::Path;

use seawall_engine::Digest;
use sha2::{Digest as _, Sha256};

use super::label;
use crate::output::Failure;

/// Most bytes of a file that is read whole.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// A digest given as 64 hexadecimal digits, or the SHA-256 of a file.
///
/// # Errors
/// Neither; the message names `field`.
pub fn digest(field: &str, text: &str) -> Result<Digest, Failure> {
    if let Some(digest) = label::digest(text) {
        return Ok(digest);
    }
    let bytes = read(field, Path::new(text))
        .map_err(|failure| failure.hint("give a file, or the SHA-256 of one as 64 hexadecimal digits"))?;
    Ok(sha256(&bytes))
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// A file's bytes.
///
/// # Errors
/// It cannot be read, or is larger than a gigabyte; the message names `field` and the file.
pub fn read(field: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    let bad = |why: String| Failure::input(format!("{field}: {}: {why}", file.display()));
    let length = std::fs::metadata(file).map_err(|error| bad(error.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(bad(format!("has {length} bytes, more than {FILE_BYTES_MAX}")));
    }
    std::fs::read(file).map_err(|error| bad(error.to_string()))
}

/// A file's text.
///
/// # Errors
/// As [`read`], and when it is not UTF-8.
pub fn read_text(field: &str, file: &Path) -> Result<String, Failure> {
    String::from_utf8(read(field, file)?)
        .map_err(|_| Failure::input(format!("{field}: {}: is not UTF-8 text", file.display())))
}
