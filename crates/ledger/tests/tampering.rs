//! Rows deleted, swapped, edited with SQL: found, and named by entry.

mod support;

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use seawall_ledger::{Finding, Ledger, LedgerError, Options, Place};
use support::{create, place, run};

/// A closed ledger of some 90 entries with snapshots.
fn sample() -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, file) = place();
    create(&file).close().unwrap();
    let options = Options { snapshot_every: 40, ..Options::default() };
    let mut ledger = Ledger::open_with(&file, options).unwrap();
    run(&mut ledger, 8, 0, 130);
    assert!(ledger.head().sequence > 80);
    ledger.close().unwrap();
    (folder, file)
}

fn edit(file: &Path, sql: &str) {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
    let _ = fs::remove_file(file.with_extension("ledger-wal"));
}

/// Applies the edit to a fresh ledger: opening refuses it at `at` with `words`, verify finds the same.
#[track_caller]
fn found(sql: &str, at: Place, words: &str) {
    let (_folder, file) = sample();
    edit(&file, sql);
    let report = Ledger::verify(&file).unwrap();
    let here = |finding: &Finding| finding.at == at && finding.what.contains(words);
    assert!(report.findings.iter().any(here), "{sql}: {report}");
    for result in [Ledger::open_read_only(&file), Ledger::open(&file)] {
        match result {
            Err(LedgerError::Damaged { finding, .. }) => assert!(here(&finding), "{sql}: {finding}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn deleted_swapped_and_edited_entries_are_named() {
    found("DELETE FROM entry WHERE sequence = 17", Place::Entry(17), "is missing");
    found("DELETE FROM entry WHERE sequence BETWEEN 17 AND 20", Place::Entry(17), "is missing to 20");
    found("DELETE FROM entry WHERE sequence = 1", Place::Entry(1), "is missing");
    let swap = "UPDATE entry SET sequence = -1 WHERE sequence = 30; UPDATE entry SET sequence = 30 WHERE \
                sequence = 31; UPDATE entry SET sequence = 31 WHERE sequence = -1";
    found(swap, Place::Entry(30), "does not match its hash");
    let command = "UPDATE entry SET command = replace(command, '\"tranche\":0', '\"tranche\":1') WHERE sequence = \
                   (SELECT min(sequence) FROM entry WHERE command LIKE '%\"tranche\":0%')";
    let (_folder, file) = sample();
    let sequence = Ledger::open_read_only(&file)
        .unwrap()
        .entries(..)
        .unwrap()
        .into_iter()
        .find(|entry| format!("{:?}", entry.command).contains("tranche: 0"))
        .unwrap()
        .sequence;
    found(command, Place::Entry(sequence), "does not match its hash");
    let events = "UPDATE entry SET events = replace(events, '1', '2') WHERE sequence = 5";
    found(events, Place::Entry(5), "does not match its hash");
    found("UPDATE entry SET at = at + 1 WHERE sequence = 50", Place::Entry(50), "does not match");
    found("UPDATE entry SET key = 'other' WHERE sequence = 50", Place::Entry(50), "does not match");
    found("UPDATE entry SET schema = 2 WHERE sequence = 50", Place::Entry(50), "does not match");
    found("UPDATE entry SET hash = zeroblob(32) WHERE sequence = 9", Place::Entry(9), "does not match");
    found("UPDATE entry SET sequence = -3 WHERE sequence = 50", Place::File, "number -3");
    let twice = "INSERT INTO entry SELECT (SELECT max(sequence) + 1 FROM entry), schema, at, 'again', names, command, \
                 events, hash FROM entry WHERE sequence = 50";
    let (_folder, file) = sample();
    let next = Ledger::open_read_only(&file).unwrap().head().sequence + 1;
    found(twice, Place::Entry(next), "does not match");
}

#[test]
fn a_tail_cut_off_is_found_by_the_head_record() {
    found("DELETE FROM entry WHERE sequence > 50", Place::Head, "the journal ends at 50");
    found("DELETE FROM entry", Place::Head, "the journal ends at 0");
    found("DELETE FROM head", Place::Head, "is missing");
    found("UPDATE head SET hash = zeroblob(32)", Place::Head, "the journal ends with entry");
    found("UPDATE head SET hash = zeroblob(31)", Place::Head, "not 32 bytes");
    found("UPDATE head SET sequence = sequence - 1", Place::Head, "the journal ends with entry");
    // Whoever also writes the head record anew leaves a true, shorter history; a head kept elsewhere shows it.
    let (_folder, file) = sample();
    let kept = Ledger::open_read_only(&file).unwrap().head();
    edit(
        &file,
        "DELETE FROM entry WHERE sequence > 50; DELETE FROM snapshot WHERE sequence > 50; DELETE FROM account WHERE \
         sequence > 50; DELETE FROM market WHERE sequence > 50; UPDATE head SET sequence = 50, hash = (SELECT hash \
         FROM entry WHERE sequence = 50)",
    );
    let reader = Ledger::open_read_only(&file).unwrap();
    assert!(!reader.contains(kept).unwrap());
    assert!(Ledger::verify(&file).unwrap().is_sound());
}

#[test]
fn edited_names_and_genesis_are_found() {
    found("UPDATE account SET name = 'mallory' WHERE id = 8", Place::Accounts, "\"mallory\"");
    found("DELETE FROM account WHERE id = 9", Place::Accounts, "number");
    found("INSERT INTO account VALUES (9999, 'mallory', 1)", Place::Accounts, "number 9999");
    found("UPDATE market SET sequence = 3 WHERE id = 0", Place::Markets, "number 0");
    found("DELETE FROM market WHERE id = (SELECT max(id) FROM market)", Place::Markets, "is missing");
    found("UPDATE genesis SET config = replace(config, '10', '11')", Place::Genesis, "does not match");
    found("UPDATE genesis SET names = '{}'", Place::Genesis, "does not match");
    found("DELETE FROM genesis", Place::Genesis, "is missing");
    found("CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END", Place::File, "foreign");
    found("DROP TABLE market", Place::File, "table market is missing");
}

#[test]
fn bad_snapshots_are_passed_over_and_reported() {
    for sql in [
        "UPDATE snapshot SET state = zeroblob(500)",
        "UPDATE snapshot SET hash = zeroblob(32)",
        "UPDATE snapshot SET entry_hash = zeroblob(32)",
        "UPDATE snapshot SET sequence = sequence - 1",
        "UPDATE snapshot SET layout = 99",
    ] {
        let (_folder, file) = sample();
        let before = Ledger::open_read_only(&file).unwrap();
        assert!(before.start().snapshot.is_some());
        edit(&file, sql);
        let after = Ledger::open_read_only(&file).unwrap();
        assert_eq!(after.start().snapshot, None);
        assert_eq!(after.start().passed_over.len(), 2, "{:?}", after.start());
        assert_eq!((after.head(), after.state_hash()), (before.head(), before.state_hash()));
        let report = Ledger::verify(&file).unwrap();
        assert!(
            report.findings.iter().any(|finding| matches!(finding.at, Place::Snapshot(_))),
            "{sql}: {report}"
        );
    }
}
