//! The pool's file: missing, damaged, cut off, in use, read-only; and readers that go away.

mod pool_support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use pool_support::{Pool, seawall};
use seawall_ledger::Ledger;

/// Every file of a folder with its bytes and the time it was written.
fn contents(folder: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, (fs::read(entry.path()).unwrap(), entry.metadata().unwrap().modified().unwrap()))
        })
        .collect()
}

const DEPOSIT: &str = "deposit --as alice --tranche junior --amount 5";

#[test]
fn a_missing_file_is_named_and_not_made() {
    let pool = Pool::folder();
    for command in [DEPOSIT, "status", "history", "verify", "settle", "rules show"] {
        let run = pool.bare(command);
        assert_eq!(run.code, 2, "{command}: {}", run.err);
        assert!(run.err.contains("there is no such pool") && run.err.contains("pool init"), "{}", run.err);
        assert!(!pool.file.exists(), "{command}");
    }
    let nowhere = seawall(["pool", "init", "--pool", "/nowhere/at/all/pool.sqlite"]);
    assert_eq!(nowhere.code, 2, "{}", nowhere.err);
    assert!(nowhere.err.contains("no such folder"), "{}", nowhere.err);
}

#[test]
fn a_file_of_another_kind_is_left_alone() {
    let pool = Pool::folder();
    let text = "Dear diary, today it rained, and I bought cover against it. ".repeat(20);
    fs::write(&pool.file, &text).unwrap();
    for command in [DEPOSIT, "status", "verify"] {
        let run = pool.bare(command);
        assert_eq!(run.code, 2, "{command}: {}", run.err);
        assert!(run.err.contains("is not a ledger"), "{}", run.err);
    }
    assert_eq!(fs::read_to_string(&pool.file).unwrap(), text);
}

#[test]
fn reading_changes_nothing_on_the_disk() {
    let pool = Pool::covered("{}", "");
    let mut permissions = fs::metadata(&pool.file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&pool.file, permissions).unwrap();
    let before = contents(pool.folder.path());
    for command in
        ["status", "status --account alice --at now", "history", "verify", "rules show", "status --json"]
    {
        let run = pool.bare(command);
        assert_eq!(run.code, 0, "{command}: {}", run.err);
        assert_eq!(contents(pool.folder.path()), before, "{command}");
    }
}

#[test]
fn a_truncated_file_is_damage_and_every_command_says_so() {
    let pool = Pool::covered("{}", "");
    let whole = fs::read(&pool.file).unwrap();
    // Cuts at and inside pages; a few bytes less at the very end can be an unused part of the last page.
    for length in [whole.len() / 4 + 1, whole.len() / 2, whole.len() * 3 / 4, whole.len() - 4096] {
        fs::write(&pool.file, &whole[..length]).unwrap();
        for command in [DEPOSIT, "status", "history", "verify"] {
            let run = pool.bare(command);
            assert_eq!(run.code, 4, "{command} of {length} bytes: {}{}", run.out, run.err);
            assert!(run.err.contains("hint:"), "{command}: {}", run.err);
        }
        assert_eq!(fs::read(&pool.file).unwrap(), whole[..length], "damage is not written over");
    }
}

#[test]
fn a_changed_amount_is_found_by_its_entry() {
    let pool = Pool::covered("{}", "");
    let mut bytes = fs::read(&pool.file).unwrap();
    // Bob's 300,000 USDC in the journal become 900,000.
    let digits = b"\"assets\":300000000000";
    let place = bytes.windows(digits.len()).position(|window| window == digits).unwrap();
    bytes[place + digits.len() - 12] = b'9';
    fs::write(&pool.file, &bytes).unwrap();
    let run = pool.bare("status");
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("entry 2"), "{}", run.err);
    let run = pool.bare("verify");
    assert_eq!(run.code, 4);
    assert!(run.out.contains("entry 2"), "{}", run.out);
    let run = pool.bare("verify --json");
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &document["sound"]), (4, &false.into()));
}

#[test]
fn an_older_copy_is_known_by_the_head_kept_elsewhere() {
    let pool = Pool::funded("{}");
    let old = fs::read(&pool.file).unwrap();
    pool.ok(15, DEPOSIT);
    let head = pool.status("")["head"].clone();
    let head = format!("{}:{}", head["sequence"].as_str().unwrap(), head["hash"].as_str().unwrap());
    assert_eq!(pool.bare(&format!("verify --contains {head}")).code, 0);
    fs::write(&pool.file, &old).unwrap();
    assert_eq!(pool.bare("verify").code, 0, "the file alone cannot tell");
    let run = pool.bare(&format!("verify --contains {head}"));
    assert_eq!(run.code, 4, "{}", run.out);
    assert!(run.err.contains("does not contain the head"), "{}", run.err);
    assert_eq!(pool.bare("verify --contains 3:abc").code, 2);
}

#[test]
fn a_second_writer_is_turned_away_while_readers_go_on() {
    let pool = Pool::funded("{}");
    let writer = Ledger::open(&pool.file).unwrap();
    let run = pool.run(15, DEPOSIT);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("open for writing elsewhere") && run.err.contains("hint:"), "{}", run.err);
    let run = pool.bare("status");
    assert_eq!(run.code, 0, "{}", run.err);
    writer.close().unwrap();
    pool.ok(15, DEPOSIT);
}

#[test]
fn writers_at_the_same_time_each_happen_once_or_are_turned_away() {
    let pool = Pool::funded("{}");
    let file = pool.file.to_str().unwrap();
    let mut children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
            command.args(["pool"]).args(DEPOSIT.split(' ')).args(["--at", "1768608000", "--pool", file]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<_> = children.iter_mut().map(|child| child.wait().unwrap().code().unwrap()).collect();
    assert!(codes.iter().all(|code| [0, 1].contains(code)), "{codes:?}");
    let done = codes.iter().filter(|code| **code == 0).count();
    assert!(done >= 1, "{codes:?}");
    let entries = pool.status("")["head"]["sequence"].as_str().unwrap().parse::<usize>().unwrap();
    assert_eq!(entries, 3 + done);
    assert_eq!(pool.bare("verify").code, 0);
}

#[test]
fn a_lost_log_is_refused_until_the_loss_is_accepted() {
    let pool = Pool::funded("{}");
    // A writer that dies leaves its log beside the file; here the log is lost with it.
    let writer = Ledger::open(&pool.file).unwrap();
    let during = fs::read(&pool.file).unwrap();
    drop(writer);
    fs::write(&pool.file, &during).unwrap();
    let run = pool.run(15, DEPOSIT);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("write-ahead log") && run.err.contains("pool repair"), "{}", run.err);
    assert_eq!(pool.bare("repair").code, 2, "the loss must be accepted in so many words");
    let run = pool.bare("repair --accept-log-loss");
    assert_eq!(run.code, 0, "{}", run.err);
    pool.ok(15, DEPOSIT);
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_failure() {
    let pool = Pool::covered("{}", "");
    let file = pool.file.to_str().unwrap();
    for command in ["status", "history", "history --json", "verify", "rules show"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_seawall"))
            .args(["pool"])
            .args(command.split(' '))
            .args(["--pool", file])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), messages.as_str()), (Some(0), ""), "{command}");
    }
}
