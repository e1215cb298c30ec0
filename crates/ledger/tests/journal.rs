//! The ledger through its public face: keys, names, refusals, batches, reopening, one writer, readers.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use seawall_engine::{AccountId, Action, Command, Config, State, apply, execute};
use seawall_fixed::Assets;
use seawall_ledger::{Ledger, LedgerError, Options, Request, state_hash};
use support::{ACCOUNTS, OWNER, T0, config, create, place, request, run, run_together};

fn sync() -> Command {
    Command::new(OWNER, Action::Sync)
}

fn deposit(owner: AccountId, assets: u128) -> Command {
    Command::new(owner, Action::Deposit { tranche: 0, owner, assets: Assets::new(assets) })
}

const ALICE: AccountId = AccountId(8);

#[test]
fn the_stream_of_commands_reaches_every_kind_of_record() {
    let (_folder, file) = place();
    let mut ledger = create(&file);
    let accepted = run_together(&mut ledger, 1, 0, 1_500);
    let core = ledger.state().core();
    assert!(accepted > 800, "{accepted} of 1,500 accepted");
    assert!(core.tickets > 0 && core.exits > 0 && core.policies > 2 && core.members > 0, "{core:?}");
    assert!(ledger.accounts() > 50 && ledger.markets() > 2);
}

#[test]
fn a_key_answers_once_for_all() {
    let (_folder, file) = place();
    let mut ledger = create(&file);
    let first = ledger.execute("pay 1", &deposit(ALICE, 100), T0).unwrap();
    assert!(!first.repeated && first.sequence == 1);
    let hash = ledger.state_hash();
    let again = ledger.execute("pay 1", &deposit(ALICE, 100), T0 + 50).unwrap();
    assert!(again.repeated);
    assert_eq!((again.sequence, again.at, &again.events, again.hash), (1, T0, &first.events, first.hash));
    let other = ledger.execute("pay 1", &deposit(ALICE, 101), T0 + 50);
    assert!(matches!(other, Err(LedgerError::KeyReused { sequence: 1, .. })), "{other:?}");
    assert_eq!(ledger.state_hash(), hash);
    drop(ledger);
    let mut ledger = Ledger::open(&file).unwrap();
    assert!(ledger.execute("pay 1", &deposit(ALICE, 100), T0 + 90).unwrap().repeated);
    assert_eq!(ledger.entry_of("pay 1").unwrap().unwrap().command, deposit(ALICE, 100));
    assert_eq!(ledger.entry_of("pay 2").unwrap(), None);
    for key in ["", "a\nb", &"k".repeat(201)] {
        let refused = ledger.execute(key, &deposit(ALICE, 100), T0 + 99);
        assert!(matches!(refused, Err(LedgerError::KeyInvalid { .. })), "{refused:?}");
    }
}

#[test]
fn a_refused_command_leaves_nothing_behind() {
    let (_folder, file) = place();
    let mut ledger = create(&file);
    let (head, hash, bytes) = (ledger.head(), ledger.state_hash(), fs::read(&file).unwrap());
    let refused = ledger.execute_naming("pay", T0, |names| {
        let owner = names.account("newcomer")?;
        names.market("new market")?;
        Ok(deposit(owner, 1))
    });
    assert!(
        matches!(refused, Err(LedgerError::Refused(seawall_engine::Error::BelowMinimum { .. }))),
        "{refused:?}"
    );
    assert_eq!((ledger.head(), ledger.state_hash(), fs::read(&file).unwrap()), (head, hash, bytes));
    assert_eq!((ledger.account("newcomer"), ledger.market("new market")), (None, None));
    let next = u32::try_from(ACCOUNTS.len()).unwrap();
    // The key is free still, and the number goes to the next new name.
    ledger.execute_naming("pay", T0, |names| Ok(deposit(names.account("another")?, 100))).unwrap();
    assert_eq!(ledger.account("another"), Some(AccountId(next)));
    assert_eq!(ledger.account_name(AccountId(next)), Some("another"));
    let entries = ledger.entries(..).unwrap();
    assert_eq!(entries[0].accounts, [(next, "another".to_owned())]);
    let unknown = ledger.execute("x", &deposit(AccountId(next + 1), 100), T0);
    assert!(matches!(unknown, Err(LedgerError::UnknownAccount { .. })), "{unknown:?}");
    let reused = ledger.execute_naming("pay", T0, |names| Ok(deposit(names.account("third")?, 100)));
    assert!(matches!(reused, Err(LedgerError::KeyReused { .. })), "{reused:?}");
    assert_eq!(ledger.accounts(), next + 1);
}

#[test]
fn a_batch_is_acknowledged_together_and_refusals_hold_up_nobody() {
    let (_folder, file) = place();
    let mut ledger = create(&file);
    let answers = ledger
        .execute_batch(vec![
            Request::new("1", T0, deposit(ALICE, 100)),
            Request::naming("2", T0, |names| Ok(deposit(names.account("short-lived")?, 1))),
            Request::naming("3", T0 + 1, |names| Ok(deposit(names.account("carol")?, 100))),
            Request::new("1", T0 + 1, deposit(ALICE, 100)),
            Request::new("3", T0 + 1, sync()),
        ])
        .unwrap();
    assert!(matches!(answers[0], Ok(ref outcome) if outcome.sequence == 1 && !outcome.repeated));
    assert!(matches!(answers[1], Err(LedgerError::Refused(_))));
    assert!(matches!(answers[2], Ok(ref outcome) if outcome.sequence == 2));
    assert!(matches!(answers[3], Ok(ref outcome) if outcome.sequence == 1 && outcome.repeated));
    assert!(matches!(answers[4], Err(LedgerError::KeyReused { sequence: 2, .. })));
    let (head, hash) = (ledger.head(), ledger.state_hash());
    ledger.close().unwrap();
    let ledger = Ledger::open_read_only(&file).unwrap();
    assert_eq!((ledger.head(), ledger.state_hash()), (head, hash));
    assert_eq!(ledger.account("carol"), Some(AccountId(10)));
}

#[test]
fn one_writer_at_a_time() {
    let (folder, file) = place();
    let ledger = create(&file);
    assert!(matches!(Ledger::open(&file), Err(LedgerError::InUse { .. })));
    assert!(matches!(Ledger::open_read_only(&file), Err(LedgerError::InUse { .. })));
    let created = Ledger::create(&file, config(), &ACCOUNTS, &[]);
    assert!(matches!(created, Err(LedgerError::Exists { .. })), "{created:?}");
    ledger.close().unwrap();
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["pool.ledger"], "a closed ledger is one file");
    Ledger::open(&file).unwrap();
    assert!(matches!(Ledger::open(folder.path().join("none")), Err(LedgerError::Missing { .. })));
    assert!(matches!(Ledger::open(folder.path()), Err(LedgerError::NotALedger { .. })));
}

#[test]
fn other_files_and_newer_formats_are_refused_by_name() {
    let (folder, file) = place();
    create(&file).close().unwrap();
    let set = |sql: &str| rusqlite::Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    set("PRAGMA user_version = 9");
    for result in [Ledger::open(&file), Ledger::open_read_only(&file)] {
        let error = result.unwrap_err();
        assert!(matches!(error, LedgerError::NewerFormat { found: 9, supported: 1, .. }), "{error}");
        assert!(error.to_string().contains("pool.ledger"), "{error}");
    }
    assert!(matches!(Ledger::verify(&file), Err(LedgerError::NewerFormat { .. })));
    set("PRAGMA user_version = 1");
    Ledger::open(&file).unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database, but long enough to look like one".repeat(40)).unwrap();
    assert!(matches!(Ledger::open(&text), Err(LedgerError::NotALedger { .. })));
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(Ledger::open(&foreign), Err(LedgerError::NotALedger { .. })));
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    assert!(matches!(Ledger::open(&empty), Err(LedgerError::NotALedger { .. })));
}

#[test]
fn what_a_pool_is_opened_with_is_checked() {
    let (_folder, file) = place();
    let few = Ledger::create(&file, config(), &ACCOUNTS[..5], &[]);
    assert!(matches!(few, Err(LedgerError::UnknownAccount { id: 5, count: 5 })), "{few:?}");
    let twice = Ledger::create(&file, config(), &["owner", "owner"], &[]);
    assert!(matches!(twice, Err(LedgerError::NameRepeated { .. })), "{twice:?}");
    let none = Ledger::create(&file, Config { tranches: 0, ..config() }, &ACCOUNTS, &[]);
    assert!(matches!(none, Err(LedgerError::Genesis(_))), "{none:?}");
    assert!(!file.exists());
}

/// Replays all entries from nothing, through the engine alone.
fn replay(ledger: &Ledger) -> State {
    let mut state = State::new(config()).unwrap();
    for entry in ledger.entries(..).unwrap() {
        assert_eq!(execute(&state, &entry.command, entry.at).as_ref(), Ok(&entry.events));
        entry.events.iter().for_each(|event| apply(&mut state, event));
    }
    state
}

#[test]
fn snapshots_change_nothing_but_the_start() {
    let (_folder, file) = place();
    create(&file).close().unwrap();
    let options = Options { snapshot_every: 100, ..Options::default() };
    let mut ledger = Ledger::open_with(&file, options).unwrap();
    run_together(&mut ledger, 3, 0, 600);
    let (head, hash) = (ledger.head(), ledger.state_hash());
    assert_eq!(state_hash(&replay(&ledger)), hash);
    ledger.close().unwrap();
    let ledger = Ledger::open_with(&file, options).unwrap();
    let from = ledger.start().snapshot.expect("snapshots were taken");
    assert!(ledger.start().replayed == head.sequence - from && from > 300, "{:?}", ledger.start());
    assert_eq!((ledger.head(), ledger.state_hash()), (head, hash));
    ledger.close().unwrap();
    let full = Options { use_snapshots: false, ..options };
    let ledger = Ledger::open_with(&file, full).unwrap();
    assert_eq!((ledger.start().snapshot, ledger.start().replayed), (None, head.sequence));
    assert_eq!((ledger.head(), ledger.state_hash()), (head, hash));
    ledger.close().unwrap();
    rusqlite::Connection::open(&file).unwrap().execute_batch("DELETE FROM snapshot").unwrap();
    assert_eq!(Ledger::open(&file).unwrap().state_hash(), hash);
    let report = Ledger::verify(&file).unwrap();
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.confirmed, report.state), (head.sequence, Some(hash)));
}

fn listing(folder: &Path) -> BTreeMap<std::ffi::OsString, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

fn protect(path: &Path, protected: bool) {
    let mut permissions = fs::metadata(path).unwrap().permissions();
    permissions.set_readonly(protected);
    #[cfg(unix)]
    if !protected {
        use std::os::unix::fs::PermissionsExt as _;
        permissions.set_mode(if path.is_dir() { 0o755 } else { 0o644 });
    }
    fs::set_permissions(path, permissions).unwrap();
}

#[test]
fn a_reader_leaves_no_trace() {
    let (folder, file) = place();
    let mut ledger = create(&file);
    run(&mut ledger, 4, 0, 200);
    let (head, hash) = (ledger.head(), ledger.state_hash());
    // What a writer that was killed leaves: the file and a log that holds most of the entries.
    let crashed = tempfile::tempdir().unwrap();
    for (name, bytes) in listing(folder.path()) {
        fs::write(crashed.path().join(name), bytes).unwrap();
    }
    ledger.close().unwrap();
    for place in [folder.path(), crashed.path()] {
        let file = place.join("pool.ledger");
        let before = listing(place);
        assert_eq!(before.len(), if place == crashed.path() { 2 } else { 1 }, "{:?}", before.keys());
        for protected in [false, true] {
            before.keys().for_each(|name| protect(&place.join(name), protected));
            protect(place, protected);
            let mut reader = Ledger::open_read_only(&file).unwrap();
            assert_eq!((reader.head(), reader.state_hash()), (head, hash));
            assert_eq!(reader.entries(5..=7).unwrap().len(), 3);
            assert!(reader.contains(head).unwrap());
            let refused = reader.execute("x", &sync(), T0 * 2);
            assert!(matches!(refused, Err(LedgerError::ReadOnly { .. })), "{refused:?}");
            assert!(matches!(reader.take_snapshot(), Err(LedgerError::ReadOnly { .. })));
            let report = Ledger::verify(&file).unwrap();
            assert!(report.is_sound(), "{report}");
            assert_eq!(listing(place), before);
            reader.close().unwrap();
            assert_eq!(listing(place), before);
            protect(place, false);
            before.keys().for_each(|name| protect(&place.join(name), false));
        }
    }
}

#[test]
fn a_name_with_signs_of_an_address_is_a_file_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pool ?#%41&mode=memory é.ledger");
    create(&file).close().unwrap();
    Ledger::open_read_only(&file).unwrap();
}

#[test]
fn a_write_that_broke_off_asks_for_reopening() {
    let (_folder, file) = place();
    let mut ledger = create(&file);
    let request = request(1, 0, "first");
    ledger.execute_batch(vec![request]).unwrap().pop().unwrap().unwrap();
    let head = ledger.head();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = ledger.execute_naming("second", T0 + 1, |_| panic!("a caller that panics"));
    }));
    assert!(panicked.is_err());
    let refused = ledger.execute("third", &sync(), T0 + 1);
    assert!(matches!(refused, Err(LedgerError::Reopen { .. })), "{refused:?}");
    drop(ledger);
    let ledger = Ledger::open(&file).unwrap();
    assert_eq!(ledger.head(), head);
}
