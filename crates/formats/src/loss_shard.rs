//! Simulated losses of a range of paths, so that a run can be spread over machines and merged.
//!
//! A shard is a file of: the magic bytes `SEAWLOSS`; the version of the format (u32); the digest of
//! everything that was simulated (32 bytes: inputs, parameters, model version, seed); planned paths of the
//! whole run, first path and first path after the range, number of bytes of the losses (u64 each); the losses
//! as [`LossAccumulator::encode`] writes them; SHA-256 of all bytes before it. Numbers are little-endian. The
//! same paths give the same bytes on every machine.
//!
//! Shards merge in any order to the bits of one run ([`Merger`]). Files are written under another name and
//! renamed, so that none is ever half-written.

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use seawall_actuary::loss::{CodecError, LossAccumulator, LossError};
use sha2::{Digest as _, Sha256};

/// First bytes of a shard.
pub const MAGIC: [u8; 8] = *b"SEAWLOSS";

/// Version of the format.
pub const VERSION: u32 = 1;

/// Digest of what was simulated.
pub type Digest = [u8; 32];

const HEADER_BYTES: usize = 8 + 4 + 32 + 4 * 8;
const CHECKSUM_BYTES: usize = 32;

/// Losses of a range of paths.
#[derive(Clone, Debug)]
pub struct Shard {
    /// Digest of what was simulated.
    pub digest: Digest,
    /// Numbers of the paths.
    pub paths: Range<u64>,
    /// Their losses.
    pub losses: LossAccumulator,
}

/// Why a shard is refused.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The operating system refused to read or write.
    #[error("{file}: cannot be {action}: {source}")]
    Io {
        /// Name of the file.
        file: String,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no shard.
    #[error("{file}: no shard of losses: begins with {found:02x?}, expected {MAGIC:02x?} (\"SEAWLOSS\")")]
    Magic {
        /// Name of the file.
        file: String,
        /// First bytes found.
        found: Vec<u8>,
    },
    /// The file was written by another version.
    #[error("{file}: format version {found}, expected {VERSION}")]
    Version {
        /// Name of the file.
        file: String,
        /// Version found.
        found: u32,
    },
    /// The file is shorter or longer than it says.
    #[error("{file}: {found} bytes, expected {expected}")]
    Length {
        /// Name of the file.
        file: String,
        /// Bytes found.
        found: u64,
        /// Bytes expected.
        expected: u64,
    },
    /// Bytes have changed since the file was written.
    #[error("{file}: checksum {}, expected {}: the file is damaged", hex(found), hex(expected))]
    Checksum {
        /// Name of the file.
        file: String,
        /// Checksum of the bytes found.
        found: Digest,
        /// Checksum written in the file.
        expected: Digest,
    },
    /// The shard is of another simulation.
    #[error("{file}: losses of another simulation: digest {}, expected {}", hex(found), hex(expected))]
    OtherDigest {
        /// Name of the file.
        file: String,
        /// Digest found.
        found: Digest,
        /// Digest expected.
        expected: Digest,
    },
    /// The range is empty, backwards, or beyond the planned paths, or holds another number of paths.
    #[error("{file}: {count} paths in {}..{} of {planned} planned", paths.start, paths.end)]
    Range {
        /// Name of the file.
        file: String,
        /// Range of paths.
        paths: Range<u64>,
        /// Paths in the losses.
        count: u64,
        /// Paths planned.
        planned: u64,
    },
    /// Two shards hold the same paths.
    #[error("{file}: paths {}..{} are also in {other} ({}..{})", paths.start, paths.end, others.start, others.end)]
    Overlap {
        /// Name of the file.
        file: String,
        /// Its paths.
        paths: Range<u64>,
        /// Name of the file that came before.
        other: String,
        /// Its paths.
        others: Range<u64>,
    },
    /// Paths are missing.
    #[error("paths {} of {planned} are missing", list(missing))]
    Missing {
        /// Ranges that are missing, in order.
        missing: Vec<Range<u64>>,
        /// Paths planned.
        planned: u64,
    },
    /// No shard was given.
    #[error("no shard of losses to merge")]
    Nothing,
    /// The losses are no accumulator.
    #[error("{file}: {source}")]
    Codec {
        /// Name of the file.
        file: String,
        /// What is wrong.
        source: CodecError,
    },
    /// The losses do not fit to those of the other shards.
    #[error("{file}: {source}")]
    Losses {
        /// Name of the file.
        file: String,
        /// What does not fit.
        source: LossError,
    },
}

impl ShardError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Length { .. } | Self::Checksum { .. } | Self::Codec { .. } => {
                Some("copy the file again, or simulate its paths again")
            }
            Self::Version { .. } => Some("simulate its paths again with this version"),
            Self::OtherDigest { .. } => {
                Some("all shards must come from the same inputs, parameters, version and seed")
            }
            Self::Overlap { .. } => Some("leave one of the two out"),
            Self::Missing { .. } => Some("simulate the missing paths and merge again"),
            Self::Range { .. } | Self::Losses { .. } => {
                Some("all shards must be simulated with the same number of planned paths and the same terms")
            }
            Self::Io { .. } | Self::Magic { .. } | Self::Nothing => None,
        }
    }
}

/// A shard as bytes; `file` is the name for errors.
///
/// # Errors
/// A range that does not fit the losses.
pub fn encode(shard: &Shard, file: &str) -> Result<Vec<u8>, ShardError> {
    check_range(shard, file)?;
    let losses =
        shard.losses.encode().map_err(|source| ShardError::Losses { file: file.to_owned(), source })?;
    let mut bytes = Vec::with_capacity(HEADER_BYTES + losses.len() + CHECKSUM_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(shard.digest);
    for number in [shard.losses.spec().planned_paths, shard.paths.start, shard.paths.end, losses.len() as u64]
    {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(losses);
    let checksum = checksum(&bytes);
    bytes.extend(checksum);
    Ok(bytes)
}

/// A shard from bytes; `file` is the name for errors. With an `expected` digest another one is refused.
///
/// # Errors
/// Bytes that are no shard, are cut off or damaged, of another version or another simulation.
pub fn decode(bytes: &[u8], file: &str, expected: Option<&Digest>) -> Result<Shard, ShardError> {
    let name = || file.to_owned();
    if !bytes.starts_with(&MAGIC) {
        return Err(ShardError::Magic {
            file: name(),
            found: bytes[..bytes.len().min(MAGIC.len())].to_vec(),
        });
    }
    let length = |expected: u64| ShardError::Length { file: name(), found: bytes.len() as u64, expected };
    let mut header = Header { bytes, at: MAGIC.len() };
    let version = header.take().map(u32::from_le_bytes);
    // Another version may have another header.
    if let Some(found) = version.filter(|&found| found != VERSION) {
        return Err(ShardError::Version { file: name(), found });
    }
    let least = (HEADER_BYTES + CHECKSUM_BYTES) as u64;
    let digest: Digest = header.take().ok_or_else(|| length(least))?;
    let mut number = || header.take().map(u64::from_le_bytes).ok_or_else(|| length(least));
    let (planned, start, end, size) = (number()?, number()?, number()?, number()?);
    let whole = least.saturating_add(size);
    if bytes.len() as u64 != whole {
        return Err(length(whole));
    }
    let (content, written) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
    let found = checksum(content);
    if found != written {
        let expected = written.try_into().expect("the slice has the length of a checksum");
        return Err(ShardError::Checksum { file: name(), found, expected });
    }
    if let Some(&expected) = expected.filter(|&&expected| expected != digest) {
        return Err(ShardError::OtherDigest { file: name(), found: digest, expected });
    }
    let losses = LossAccumulator::decode(&content[HEADER_BYTES..])
        .map_err(|source| ShardError::Codec { file: name(), source })?;
    let shard = Shard { digest, paths: start..end, losses };
    if shard.losses.spec().planned_paths != planned {
        return Err(range_error(&shard, file));
    }
    check_range(&shard, file)?;
    Ok(shard)
}

struct Header<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Header<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let found = self.bytes.get(self.at..self.at + N)?.try_into().ok()?;
        self.at += N;
        Some(found)
    }
}

/// Reads a shard. With an `expected` digest another one is refused.
///
/// # Errors
/// As for [`decode`]; a file that cannot be read.
pub fn read(path: &Path, expected: Option<&Digest>) -> Result<Shard, ShardError> {
    let file = path.display().to_string();
    let bytes =
        fs::read(path).map_err(|source| ShardError::Io { file: file.clone(), action: "read", source })?;
    decode(&bytes, &file, expected)
}

/// Writes a shard: first under another name in the same folder, then renamed, so that the file is there as a
/// whole or not at all. A file of that name is replaced.
///
/// # Errors
/// A range that does not fit the losses, a file that cannot be written.
pub fn write(path: &Path, shard: &Shard) -> Result<(), ShardError> {
    let file = path.display().to_string();
    let bytes = encode(shard, &file)?;
    let temporary = temporary_name(path);
    let written = write_whole(&temporary, &bytes).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|source| {
        // Nothing more can be done about a file that cannot be removed either.
        let _ = fs::remove_file(&temporary);
        ShardError::Io { file, action: "written", source }
    })
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn check_range(shard: &Shard, file: &str) -> Result<(), ShardError> {
    let Range { start, end } = shard.paths;
    let fits = start < end && end <= shard.losses.spec().planned_paths && end - start == shard.losses.paths();
    if fits { Ok(()) } else { Err(range_error(shard, file)) }
}

fn range_error(shard: &Shard, file: &str) -> ShardError {
    ShardError::Range {
        file: file.to_owned(),
        paths: shard.paths.clone(),
        count: shard.losses.paths(),
        planned: shard.losses.spec().planned_paths,
    }
}

/// Merges shards one by one; only the sum is kept in memory.
#[derive(Clone, Debug, Default)]
pub struct Merger {
    merged: Option<(Digest, LossAccumulator)>,
    /// Ranges and names of the shards, in order of the paths.
    ranges: Vec<(Range<u64>, String)>,
}

/// Shards that were merged.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Digest of what was simulated.
    pub digest: Digest,
    /// Losses of all paths.
    pub losses: LossAccumulator,
    /// Ranges of planned paths that no shard holds, in order.
    pub missing: Vec<Range<u64>>,
}

impl Merger {
    /// No shard yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a shard; `file` is its name for errors.
    ///
    /// # Errors
    /// A shard of another simulation than the first, of other terms or planned paths, with paths that are
    /// there already: what was merged before stays as it is. Sums that overflow: the merger is then of no
    /// further use.
    pub fn add(&mut self, file: &str, shard: Shard) -> Result<(), ShardError> {
        check_range(&shard, file)?;
        let place = self.ranges.partition_point(|(paths, _)| paths.start < shard.paths.start);
        let neighbours = self.ranges[place.saturating_sub(1)..].iter().take(2);
        for (others, other) in neighbours {
            if others.start < shard.paths.end && shard.paths.start < others.end {
                return Err(ShardError::Overlap {
                    file: file.to_owned(),
                    paths: shard.paths,
                    other: other.clone(),
                    others: others.clone(),
                });
            }
        }
        match &mut self.merged {
            None => self.merged = Some((shard.digest, shard.losses)),
            Some((digest, losses)) => {
                if *digest != shard.digest {
                    let (found, expected) = (shard.digest, *digest);
                    return Err(ShardError::OtherDigest { file: file.to_owned(), found, expected });
                }
                let wrong = |source| ShardError::Losses { file: file.to_owned(), source };
                if losses.spec() != shard.losses.spec() {
                    return Err(wrong(LossError::Different));
                }
                losses.merge(&shard.losses).map_err(wrong)?;
            }
        }
        self.ranges.insert(place, (shard.paths, file.to_owned()));
        Ok(())
    }

    /// What was merged, and which paths are missing.
    ///
    /// # Errors
    /// No shard.
    pub fn finish(self) -> Result<Merged, ShardError> {
        let (digest, losses) = self.merged.ok_or(ShardError::Nothing)?;
        let planned = losses.spec().planned_paths;
        let mut missing = Vec::new();
        let mut next = 0;
        let last = planned..planned;
        for paths in self.ranges.iter().map(|(paths, _)| paths).chain([&last]) {
            if next < paths.start {
                missing.push(next..paths.start);
            }
            next = paths.end;
        }
        Ok(Merged { digest, losses, missing })
    }
}

impl Merged {
    /// The losses of all planned paths.
    ///
    /// # Errors
    /// Paths that are missing.
    pub fn complete(self) -> Result<LossAccumulator, ShardError> {
        if self.missing.is_empty() {
            return Ok(self.losses);
        }
        Err(ShardError::Missing { planned: self.losses.spec().planned_paths, missing: self.missing })
    }
}

fn checksum(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

fn hex(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// At most eight ranges as text.
fn list(ranges: &[Range<u64>]) -> String {
    let shown: Vec<String> =
        ranges.iter().take(8).map(|range| format!("{}..{}", range.start, range.end)).collect();
    let rest = ranges.len() - shown.len();
    let more = if rest > 0 { format!(" and {rest} more ranges") } else { String::new() };
    shown.join(", ") + &more
}
