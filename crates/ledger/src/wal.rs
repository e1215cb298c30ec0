//! The write-ahead log beside a ledger, read without SQLite.
//!
//! SQLite drops everything from the first damaged frame on without a word, because a write cut short looks the
//! same. A write cut short can only be the last transaction, though: if finished transactions stand behind a
//! damaged frame, entries that were acknowledged are about to be lost, and the ledger is refused instead.
//! Format: <https://www.sqlite.org/fileformat2.html#walformat>.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::{Finding, Place};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Commit marks behind a damaged frame (itself included) that a write cut short cannot explain.
const COMMITS_MIN: u32 = 2;

/// Name of the write-ahead log of `file`.
pub(crate) fn path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// True when a log with content stands beside `file`.
pub(crate) fn exists(file: &Path) -> bool {
    std::fs::metadata(path(file)).is_ok_and(|log| log.len() > 0)
}

/// The first bytes of the log, which change when it is started anew; nothing when there is none.
pub(crate) fn header(file: &Path) -> io::Result<Option<[u8; HEADER]>> {
    let mut bytes = [0; HEADER];
    let mut log = match File::open(path(file)) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(if fill(&mut log, &mut bytes)? { Some(bytes) } else { None })
}

/// Looks for damage that is more than a last write cut short.
pub(crate) fn inspect(file: &Path) -> io::Result<Option<Finding>> {
    if !exists(file) {
        return Ok(None);
    }
    let mut log = BufReader::new(File::open(path(file))?);
    let mut header = [0; HEADER];
    let damaged = |what: String| Ok(Some(Finding::new(Place::Wal, what)));
    if !fill(&mut log, &mut header)? {
        return damaged("it is shorter than its header".to_owned());
    }
    let magic = word(&header, 0);
    let sum = Checksum { big_endian: magic & 1 == 1 };
    let start = sum.add((0, 0), &header[..24]);
    let size = word(&header, 8) as usize;
    let intact = magic & !1 == 0x377f_0682
        && start == (word(&header, 24), word(&header, 28))
        && size.is_power_of_two()
        && (512..=65_536).contains(&size);
    if !intact {
        return damaged("its header is damaged".to_owned());
    }
    let mut frame = vec![0; FRAME_HEADER + size];
    let (mut running, mut number, mut broken, mut commits) = (start, 0_u64, None, 0);
    while fill(&mut log, &mut frame)? {
        number += 1;
        let salted = frame[8..16] == header[16..24];
        if broken.is_none() {
            running = sum.add(sum.add(running, &frame[..8]), &frame[FRAME_HEADER..]);
            if salted && running == (word(&frame, 16), word(&frame, 20)) {
                continue;
            }
            broken = Some(number);
        }
        // Frames of an earlier round of the log carry another salt and mean nothing.
        if salted && word(&frame, 4) != 0 {
            commits += 1;
        }
    }
    match broken {
        Some(number) if commits >= COMMITS_MIN => {
            damaged(format!("frame {number} is damaged, and finished transactions stand behind it"))
        }
        _ => Ok(None),
    }
}

/// Big-endian word at a byte offset.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

struct Checksum {
    big_endian: bool,
}

impl Checksum {
    fn add(&self, (mut first, mut second): (u32, u32), bytes: &[u8]) -> (u32, u32) {
        for pair in bytes.chunks_exact(8) {
            let load = |at| if self.big_endian { word(pair, at) } else { word(pair, at).swap_bytes() };
            first = first.wrapping_add(load(0)).wrapping_add(second);
            second = second.wrapping_add(load(4)).wrapping_add(first);
        }
        (first, second)
    }
}

/// Fills the buffer; false when the file ends before.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
