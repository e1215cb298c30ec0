//! Damage to the bytes of a ledger: wherever it is, the ledger is refused with a message that says where, or it is
//! whole. Never a panic, never another state.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use seawall_engine::State;
use seawall_ledger::{Entry, Finding, Hash, Head, Ledger, LedgerError, Options, Place, state_hash};
use support::{Random, config, create, place, run};

const SEED: u64 = 77;

/// What the undamaged ledger says.
struct Truth {
    entries: Vec<Entry>,
    head: Head,
    state: Hash,
    /// State hash after each number of entries.
    states: Vec<Hash>,
}

impl Truth {
    fn of(ledger: &Ledger) -> Self {
        let entries = ledger.entries(..).unwrap();
        let mut state = State::new(config()).unwrap();
        let mut states = vec![state_hash(&state)];
        for entry in &entries {
            entry.events.iter().for_each(|event| seawall_engine::apply(&mut state, event));
            states.push(state_hash(&state));
        }
        Self { entries, head: ledger.head(), state: ledger.state_hash(), states }
    }

    /// Opens a damaged ledger in every way; returns true when the damage was seen.
    fn face(&self, file: &Path, what: &str) -> bool {
        let report = Ledger::verify(file);
        let seen = report.as_ref().map_or(true, |report| !report.is_sound());
        for options in [Options::default(), Options { use_snapshots: false, ..Options::default() }] {
            match Ledger::open_read_only_with(file, options) {
                Ok(reader) => {
                    assert_eq!(reader.head(), self.head, "{what}");
                    assert_eq!(reader.state_hash(), self.state, "{what}");
                    assert_eq!(reader.entries(..).unwrap(), self.entries, "{what}");
                    for (id, name) in self.entries.iter().flat_map(|entry| &entry.accounts) {
                        assert_eq!(reader.account(name).map(|id| id.0), Some(*id), "{what}");
                    }
                    for entry in &self.entries {
                        assert_eq!(reader.entry_of(&entry.key).unwrap().as_ref(), Some(entry), "{what}");
                    }
                }
                Err(error) => {
                    assert!(seen, "{what}: verify finds nothing, opening says {error}");
                    assert!(error.to_string().contains("pool.ledger"), "{what}: {error}");
                }
            }
        }
        match Ledger::open(file) {
            Ok(ledger) => {
                assert_eq!((ledger.head(), ledger.state_hash()), (self.head, self.state), "{what}");
                // An older snapshot is not read as long as a younger one is good.
                let report = report.unwrap();
                let harmless = |finding: &Finding| matches!(finding.at, Place::Snapshot(_));
                assert!(report.findings.iter().all(harmless), "{what}: {report}");
            }
            Err(error) => assert!(error.to_string().contains("pool.ledger"), "{what}: {error}"),
        }
        seen
    }
}

/// A closed ledger with two snapshots, as bytes, and the truth about it.
fn sample(count: u64) -> (tempfile::TempDir, PathBuf, Vec<u8>, Truth) {
    let (folder, file) = place();
    create(&file).close().unwrap();
    let options = Options { snapshot_every: 20, ..Options::default() };
    let mut ledger = Ledger::open_with(&file, options).unwrap();
    run(&mut ledger, 5, 0, count);
    let truth = Truth::of(&ledger);
    ledger.close().unwrap();
    assert!(Ledger::verify(&file).unwrap().is_sound());
    let bytes = fs::read(&file).unwrap();
    (folder, file, bytes, truth)
}

fn write(file: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(wal(file));
    fs::write(file, bytes).unwrap();
}

fn wal(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

#[test]
fn flipped_bits_are_found_wherever_they_change_anything() {
    let (_folder, file, bytes, truth) = sample(150);
    let mut random = Random(SEED);
    let mut positions: Vec<usize> = (0..100).collect();
    for page in (0..bytes.len()).step_by(4096) {
        // The head of each page, where its structure is, and places all over it.
        positions.extend((0..4).map(|_| page + usize::try_from(random.below(40)).unwrap()));
        positions.extend((0..6).map(|_| page + usize::try_from(random.below(4096)).unwrap()));
    }
    let (mut seen, count) = (0, positions.len());
    for position in positions {
        let mut damaged = bytes.clone();
        let mask = u8::try_from(1 + random.below(255)).unwrap();
        damaged[position] ^= mask;
        write(&file, &damaged);
        seen += usize::from(truth.face(&file, &format!("seed {SEED}, byte {position} xor {mask}")));
    }
    println!("{seen} of {count} flips in {} bytes were seen, the rest changed nothing", bytes.len());
}

#[test]
fn a_flip_inside_an_entry_is_seen_and_the_entry_named() {
    let (_folder, file, bytes, truth) = sample(60);
    let mut random = Random(SEED + 4);
    for entry in &truth.entries {
        // A key stands in its row and in the index; the row has the JSON of the names behind it. Pages that were
        // split keep a dead copy, so all copies get the flip.
        let row = format!("{}{{", entry.key).into_bytes();
        let position = usize::try_from(random.below(row.len() as u64 - 1)).unwrap();
        let mask = 1 << random.below(7);
        let mut damaged = bytes.clone();
        for place in 0..=bytes.len() - row.len() {
            if bytes[place..].starts_with(&row) {
                damaged[place + position] ^= mask;
            }
        }
        write(&file, &damaged);
        let what = format!("entry {}, byte {position} of its key xor {mask}", entry.sequence);
        assert!(truth.face(&file, &what), "{what}");
        let report = Ledger::verify(&file).unwrap();
        let named = |finding: &Finding| finding.at == Place::Entry(entry.sequence);
        assert!(report.findings.iter().any(named), "{what}: {report}");
    }
}

#[test]
fn overwritten_blocks_are_found() {
    let (_folder, file, bytes, truth) = sample(60);
    let mut random = Random(SEED + 1);
    for _ in 0..60 {
        let start = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        let end = bytes.len().min(start + 1 + usize::try_from(random.below(6_000)).unwrap());
        let mut damaged = bytes.clone();
        let fill = random.below(3);
        for byte in &mut damaged[start..end] {
            *byte = match fill {
                0 => 0,
                1 => 0xff,
                _ => u8::try_from(random.below(256)).unwrap(),
            };
        }
        write(&file, &damaged);
        truth.face(&file, &format!("seed {SEED}, bytes {start}..{end} with {fill}"));
    }
}

#[test]
fn a_truncated_file_is_refused() {
    let (_folder, file, bytes, truth) = sample(60);
    let mut random = Random(SEED + 2);
    let mut lengths: Vec<usize> = (0..bytes.len()).step_by(4096).collect();
    lengths.extend((0..40).map(|_| usize::try_from(random.below(bytes.len() as u64)).unwrap()));
    for length in lengths {
        write(&file, &bytes[..length]);
        assert!(truth.face(&file, &format!("cut to {length} of {} bytes", bytes.len())));
        write(&file, &bytes[..length]);
        assert!(Ledger::open(&file).is_err(), "cut to {length} bytes");
    }
    // More than there was is no loss.
    write(&file, &[&bytes[..], &[0; 5000]].concat());
    truth.face(&file, "5,000 bytes behind the end");
}

/// The file and its log as a killed writer leaves them, and the truth about them.
fn killed() -> (tempfile::TempDir, PathBuf, Vec<u8>, Vec<u8>, Truth) {
    let (folder, file) = place();
    create(&file).close().unwrap();
    let mut ledger = Ledger::open(&file).unwrap();
    run(&mut ledger, 6, 0, 50);
    let truth = Truth::of(&ledger);
    let (bytes, log) = (fs::read(&file).unwrap(), fs::read(wal(&file)).unwrap());
    drop(ledger);
    (folder, file, bytes, log, truth)
}

#[test]
fn a_log_that_is_gone_is_missed() {
    let (_folder, file, bytes, log, truth) = killed();
    write(&file, &bytes);
    fs::write(wal(&file), &log).unwrap();
    let reader = Ledger::open_read_only(&file).unwrap();
    assert_eq!((reader.head(), reader.state_hash()), (truth.head, truth.state));
    drop(reader);
    for gone in ["deleted", "emptied"] {
        write(&file, &bytes);
        if gone == "emptied" {
            fs::write(wal(&file), []).unwrap();
        }
        let report = Ledger::verify(&file).unwrap();
        assert_eq!(report.findings[0].at, Place::Wal, "{report}");
        for _ in 0..2 {
            for result in [Ledger::open_read_only(&file), Ledger::open(&file)] {
                assert!(matches!(result, Err(LedgerError::WalMissing { .. })), "{gone}: {result:?}");
            }
        }
        let options = Options { accept_wal_loss: true, ..Options::default() };
        let ledger = Ledger::open_with(&file, options).unwrap();
        let entries = usize::try_from(ledger.head().sequence).unwrap();
        assert!(entries < truth.entries.len());
        assert_eq!(ledger.state_hash(), truth.states[entries]);
        assert!(!ledger.contains(truth.head).unwrap(), "a head kept elsewhere shows the loss");
        ledger.close().unwrap();
        Ledger::open(&file).unwrap();
    }
}

#[test]
fn a_damaged_log_loses_nothing_in_silence() {
    let (_folder, file, bytes, log, truth) = killed();
    let mut random = Random(SEED + 3);
    let mut refused = 0;
    let mut positions: Vec<usize> = (0..32).collect();
    positions.extend((0..400).map(|_| usize::try_from(random.below(log.len() as u64)).unwrap()));
    for &position in &positions {
        let mut damaged = log.clone();
        damaged[position] ^= u8::try_from(1 + random.below(255)).unwrap();
        write(&file, &bytes);
        fs::write(wal(&file), &damaged).unwrap();
        let report = Ledger::verify(&file).unwrap();
        match Ledger::open_read_only(&file) {
            // At most what the last two transactions held, which look like writes that were never finished.
            Ok(ledger) => {
                let entries = usize::try_from(ledger.head().sequence).unwrap();
                assert!(entries + 2 >= truth.entries.len(), "byte {position}: {entries} entries are left");
                assert_eq!(ledger.state_hash(), truth.states[entries]);
                assert!(report.is_sound(), "{report}");
            }
            Err(error) => {
                assert!(error.to_string().contains("-wal"), "byte {position}: {error}");
                assert!(!report.is_sound());
                refused += 1;
            }
        }
    }
    println!("{refused} of {} flips in a log of {} bytes were refused", positions.len(), log.len());
    assert!(refused * 10 > positions.len() * 8, "{refused} of {}", positions.len());
    // A log cut short between transactions is a true, shorter history.
    for length in (33..log.len()).step_by(3_001) {
        write(&file, &bytes);
        fs::write(wal(&file), &log[..length]).unwrap();
        let ledger = Ledger::open_read_only(&file).unwrap();
        assert_eq!(ledger.state_hash(), truth.states[usize::try_from(ledger.head().sequence).unwrap()]);
    }
}
