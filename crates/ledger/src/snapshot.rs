//! Snapshots: the encoded state after an entry, so that a start need not replay the whole journal. They can all
//! be deleted at any time; one that does not fit is passed over.

use rusqlite::{Connection, OptionalExtension as _, params};
use seawall_engine::State;

use crate::chain::{Hash, Head, encode, snapshot_hash};
use crate::error::{Finding, Place};

/// Version of the state's layout. The encoding does not describe itself, so this number must rise with every
/// change to the fields of the engine's state; a test holds the layout's fingerprint beside it.
pub(crate) const LAYOUT: i64 = 1;

/// How many are kept.
const KEPT: i64 = 2;

/// Writes a snapshot of `state` after `head`, and deletes old ones.
pub(crate) fn write(connection: &Connection, head: Head, state: &State) -> rusqlite::Result<()> {
    let sequence = head.sequence.cast_signed();
    let bytes = encode(state);
    let hash = snapshot_hash(head, LAYOUT, &bytes);
    connection.execute("SAVEPOINT snapshot", [])?;
    let write = || {
        connection.execute(
            "INSERT OR REPLACE INTO snapshot (sequence, layout, entry_hash, state, hash) VALUES (?, ?, ?, ?, ?)",
            params![sequence, LAYOUT, head.hash.0.as_slice(), bytes, hash.0.as_slice()],
        )?;
        connection.execute(
            "DELETE FROM snapshot WHERE sequence NOT IN (SELECT sequence FROM snapshot ORDER BY sequence DESC LIMIT ?)",
            [KEPT],
        )
    };
    match write() {
        Ok(_) => connection.execute("RELEASE snapshot", []).map(|_| ()),
        Err(error) => {
            connection.execute_batch("ROLLBACK TO snapshot; RELEASE snapshot")?;
            Err(error)
        }
    }
}

/// Sequence numbers of the snapshots, youngest first.
pub(crate) fn sequences(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare("SELECT sequence FROM snapshot ORDER BY sequence DESC")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// A snapshot whose own hash is right.
pub(crate) struct Snapshot {
    pub head: Head,
    pub layout: i64,
    pub bytes: Vec<u8>,
}

impl Snapshot {
    pub fn read(connection: &Connection, sequence: i64) -> Result<Self, Finding> {
        let number = u64::try_from(sequence)
            .map_err(|_| Finding::new(Place::File, format!("a snapshot has the number {sequence}")))?;
        let at = Place::Snapshot(number);
        let row = connection
            .query_row(
                "SELECT layout, entry_hash, state, hash FROM snapshot WHERE sequence = ?",
                [sequence],
                |row| {
                    Ok((
                        row.get::<_, i64>(0)?,
                        row.get::<_, Vec<u8>>(1)?,
                        row.get::<_, Vec<u8>>(2)?,
                        row.get::<_, Vec<u8>>(3)?,
                    ))
                },
            )
            .optional()
            .map_err(|error| Finding::sqlite(at, &error))?;
        let (layout, entry, bytes, hash) = row.ok_or_else(|| Finding::new(at, "is not there"))?;
        let entry =
            Hash::of_slice(&entry).ok_or_else(|| Finding::new(at, "its entry's hash is not 32 bytes"))?;
        let head = Head { sequence: number, hash: entry };
        if hash != snapshot_hash(head, layout, &bytes).0 {
            return Err(Finding::new(at, "does not match its hash"));
        }
        Ok(Self { head, layout, bytes })
    }

    /// The state, if this version writes the same layout.
    pub fn state(&self) -> Result<State, Finding> {
        let at = Place::Snapshot(self.head.sequence);
        if self.layout != LAYOUT {
            let what = format!("has layout {}, this version uses {LAYOUT}", self.layout);
            return Err(Finding::new(at, what));
        }
        match postcard::take_from_bytes::<State>(&self.bytes) {
            // Whatever is read must be what would be written.
            Ok((state, [])) if encode(&state) == self.bytes => Ok(state),
            Ok(_) => Err(Finding::new(at, "holds something else than one state")),
            Err(error) => Err(Finding::new(at, format!("cannot be read: {error}"))),
        }
    }
}
