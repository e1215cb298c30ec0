//! Verification from zero: nothing recorded is taken for granted, every command is decided again.

use std::fmt;
use std::path::Path;

use seawall_engine::{State, apply, execute, invariant};

use crate::chain::{Hash, Head, encode, state_hash};
use crate::entry::Raw;
use crate::error::{Finding, LedgerError, Place};
use crate::names::Names;
use crate::replay::{self, Genesis, contained};
use crate::snapshot::{self, LAYOUT, Snapshot};
use crate::store::Store;
use crate::{schema, wal};

/// Findings listed; more are only counted as one.
const FINDINGS_MAX: usize = 100;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Last entry found, and its hash; none when not even the beginning could be read.
    pub head: Option<Head>,
    /// Entries whose commands were decided again and gave the very events recorded.
    pub confirmed: u64,
    /// Snapshots that equal the replayed state.
    pub snapshots: u64,
    /// Hash of the replayed state, when the whole journal was confirmed.
    pub state: Option<Hash>,
    /// Everything wrong, in the order in which it was found.
    pub findings: Vec<Finding>,
}

impl Report {
    /// True when nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.head.map_or(0, |head| head.sequence);
        writeln!(
            out,
            "{entries} entries, {} confirmed, {} snapshots confirmed",
            self.confirmed, self.snapshots
        )?;
        if let Some(head) = self.head {
            writeln!(out, "head  {} {}", head.sequence, head.hash)?;
        }
        if let Some(state) = self.state {
            writeln!(out, "state {state}")?;
        }
        for finding in &self.findings {
            writeln!(out, "damage: {finding}")?;
        }
        if self.is_sound() { writeln!(out, "sound") } else { Ok(()) }
    }
}

/// Verifies a file.
pub(crate) fn file(file: &Path) -> Result<Report, LedgerError> {
    let had_wal = wal::exists(file);
    let log = wal::inspect(file).map_err(|error| LedgerError::io(file, "read its log", &error))?;
    let mut findings: Vec<Finding> = log.into_iter().collect();
    let damaged = |findings| Report { head: None, confirmed: 0, snapshots: 0, state: None, findings };
    let store = match Store::read(file) {
        Ok(store) => store,
        Err(LedgerError::Damaged { finding, .. }) => {
            findings.push(finding);
            return Ok(damaged(findings));
        }
        Err(other) => return Err(other),
    };
    match schema::check(&store) {
        Ok(()) => {}
        Err(LedgerError::Damaged { finding, .. }) => {
            findings.push(finding);
            return Ok(damaged(findings));
        }
        Err(other) => return Err(other),
    }
    if !had_wal && matches!(replay::read_head(&store), Ok((_, true))) {
        let what = "the last session did not close, and its log is missing or empty: acknowledged entries may be lost";
        findings.push(Finding::new(Place::Wal, what));
    }
    let mut report = self::store(&store);
    report.findings.splice(0..0, findings);
    Ok(report)
}

/// Verifies what a connection sees.
pub(crate) fn store(store: &Store) -> Report {
    let mut run = Run {
        report: Report { head: None, confirmed: 0, snapshots: 0, state: None, findings: store.integrity() },
        deciding: None,
        names: None,
        snapshots: Vec::new(),
    };
    run.all(store);
    run.report
}

struct Run {
    report: Report,
    /// The replayed state, until a command and its events disagree.
    deciding: Option<State>,
    /// The names of the journal, until one does not fit.
    names: Option<Names>,
    /// Good snapshots still to be compared, oldest last.
    snapshots: Vec<Snapshot>,
}

impl Run {
    fn note(&mut self, finding: Finding) {
        match self.report.findings.len() {
            0..FINDINGS_MAX => self.report.findings.push(finding),
            FINDINGS_MAX => {
                self.report.findings.push(Finding::new(Place::File, "more is wrong than is listed here"));
            }
            _ => {}
        }
    }

    fn all(&mut self, store: &Store) {
        let recorded = replay::read_head(store).map_err(|finding| self.note(finding)).ok();
        self.read_snapshots(store);
        let genesis = match Genesis::read(store) {
            Ok(genesis) => genesis,
            Err(finding) => return self.note(finding),
        };
        match genesis.start() {
            Ok((state, names)) => (self.deciding, self.names) = (Some(state), Some(names)),
            Err(finding) => self.note(finding),
        }
        let mut head = genesis.head;
        self.compare_snapshot(head);
        let walked = replay::walk(store, |raw| {
            head = self.row(head, raw);
            Ok(head.sequence + 1)
        });
        if let Err(finding) = walked {
            self.note(finding);
        }
        self.report.head = Some(head);
        if let Some((recorded, _)) = recorded
            && let Err(finding) = replay::compare_head(head, recorded)
        {
            self.note(finding);
        }
        if let Some(names) = self.names.take()
            && let Err(finding) = replay::compare_names(store, &names)
        {
            self.note(finding);
        }
        for left in std::mem::take(&mut self.snapshots) {
            if left.head.sequence > head.sequence {
                let what = "is of an entry that the journal does not have";
                self.note(Finding::new(Place::Snapshot(left.head.sequence), what));
            }
        }
        if self.report.confirmed == head.sequence {
            self.report.state = self.deciding.as_ref().map(state_hash);
        }
    }

    fn read_snapshots(&mut self, store: &Store) {
        let connection = store.connection();
        match snapshot::sequences(connection) {
            Ok(sequences) => {
                for sequence in sequences {
                    match Snapshot::read(connection, sequence) {
                        Ok(snapshot) => self.snapshots.push(snapshot),
                        Err(finding) => self.note(finding),
                    }
                }
            }
            Err(error) => self.note(Finding::sqlite(Place::File, &error)),
        }
    }

    /// Checks a row and goes on from it, whatever is wrong with it, so that later damage is found as well.
    fn row(&mut self, previous: Head, raw: &Raw<'_>) -> Head {
        let head = match raw.follows(previous) {
            Ok(head) => head,
            Err(finding) => {
                self.note(finding);
                // The books beyond a broken link are nobody's.
                (self.deciding, self.names) = (None, None);
                return Head {
                    sequence: u64::try_from(raw.sequence).unwrap_or(previous.sequence + 1),
                    hash: Hash::of_slice(raw.hash).unwrap_or(previous.hash),
                };
            }
        };
        let at = Place::Entry(head.sequence);
        if let Some(mut names) = self.names.take() {
            match raw.new_names().and_then(|new| names.replay(&new, head.sequence, at)) {
                Ok(()) => self.names = Some(names),
                Err(finding) => self.note(finding),
            }
        }
        if let Some(mut state) = self.deciding.take() {
            match decide(&mut state, raw, at) {
                Ok(()) => {
                    self.report.confirmed = head.sequence;
                    self.deciding = Some(state);
                }
                Err(finding) => self.note(finding),
            }
        }
        self.compare_snapshot(head);
        head
    }

    /// Compares the snapshot that was taken after this entry, if there is one.
    fn compare_snapshot(&mut self, head: Head) {
        let Some(index) = self.snapshots.iter().position(|snapshot| snapshot.head.sequence == head.sequence)
        else {
            return;
        };
        let snapshot = self.snapshots.swap_remove(index);
        let at = Place::Snapshot(head.sequence);
        if snapshot.head != head {
            self.note(Finding::new(at, "belongs to another entry than the journal has there"));
        } else if snapshot.layout == LAYOUT
            && let Some(state) = &self.deciding
        {
            if encode(state) == snapshot.bytes {
                self.report.snapshots += 1;
            } else {
                self.note(Finding::new(at, "is not the state that the commands lead to"));
            }
        }
    }
}

/// Decides the command of a row again, compares, applies, checks the invariants.
fn decide(state: &mut State, raw: &Raw<'_>, at: Place) -> Result<(), Finding> {
    let (command, recorded, now) = (raw.command()?, raw.events()?, raw.time()?);
    let events = contained(at, || execute(state, &command, now))?
        .map_err(|refusal| Finding::new(at, format!("the rules refuse its command: {refusal}")))?;
    if events != recorded {
        let differing = events.iter().zip(&recorded).take_while(|(one, other)| one == other).count();
        let what = format!(
            "its events are not what its command does: event {} of {} differs (the rules give {} events)",
            differing + 1,
            recorded.len(),
            events.len()
        );
        return Err(Finding::new(at, what));
    }
    contained(at, || events.iter().for_each(|event| apply(state, event)))?;
    contained(at, || invariant::check(state))?
        .map_err(|violation| Finding::new(at, format!("the books do not hold after it: {violation}")))
}
