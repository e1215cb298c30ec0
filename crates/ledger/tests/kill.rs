//! A writer under load is killed at random moments: what it acknowledged is there, once, and nothing else is wrong.
//!
//! The test runs itself as the child process: with [`CHILD`] in the environment it executes commands and writes an
//! acknowledgement to its standard output after each.

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use seawall_engine::{State, apply};
use seawall_ledger::{Ledger, LedgerError, Options, Outcome, state_hash};
use support::{Random, config, create, place, request};

/// File and first command of the child, separated by a line break.
const CHILD: &str = "SEAWALL_LEDGER_KILL_TEST";
const KILLS: u32 = 200;
const SEED: u64 = 20_260_301;
/// Commands that a new child sends again, because it cannot know whether they were heard.
const RESENT: u64 = 3;
/// Commands in a transaction: every third transaction is a batch.
const BATCH: u64 = 4;

#[test]
fn nothing_acknowledged_is_lost_or_done_twice_when_the_writer_is_killed() {
    match std::env::var(CHILD) {
        Ok(order) => {
            let (file, from) = order.split_once('\n').unwrap();
            work(Path::new(file), from.parse().unwrap());
        }
        Err(_) => kill_again_and_again(),
    }
}

/// The child: executes commands from number `from` on until it is killed.
fn work(file: &Path, from: u64) -> ! {
    let options = Options { snapshot_every: 150, ..Options::default() };
    let mut ledger = Ledger::open_with(file, options).unwrap();
    let mut index = from;
    loop {
        let count = if index.is_multiple_of(3) { BATCH } else { 1 };
        let keys: Vec<String> = (index..index + count).map(|index| format!("key {index}")).collect();
        let requests = (index..).zip(&keys).map(|(index, key)| request(SEED, index, key)).collect();
        let answers = ledger.execute_batch(requests).unwrap();
        let mut text = String::new();
        for (index, answer) in (index..).zip(answers) {
            match answer {
                Ok(Outcome { sequence, hash, .. }) => text += &format!("\nack {index} {sequence} {hash}\n"),
                Err(LedgerError::Refused(_)) => text += &format!("\nno {index}\n"),
                Err(error) => panic!("command {index}: {error}"),
            }
        }
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap();
        index += count;
    }
}

/// One life of a writer: what it acknowledged, and the number after the last command it answered.
struct Life {
    acknowledged: Vec<(u64, u64, String)>,
    next: u64,
}

fn live(file: &Path, from: u64, random: &mut Random) -> Life {
    let mut child: Child = Process::new(std::env::current_exe().unwrap())
        .args([
            "--nocapture",
            "--exact",
            "nothing_acknowledged_is_lost_or_done_twice_when_the_writer_is_killed",
        ])
        .env(CHILD, format!("{}\n{from}", file.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let (send, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        BufReader::new(out).lines().map_while(Result::ok).for_each(|line| drop(send.send(line)));
    });
    let mut heard = Vec::new();
    // Some are killed while they start, the others at any moment of their work.
    if random.below(5) > 0 {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !heard.last().is_some_and(|line: &String| line.starts_with("ack") || line.starts_with("no ")) {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => heard.push(line),
                Err(_) => {
                    let _ = child.kill();
                    let output = child.wait_with_output().unwrap();
                    panic!("the writer stopped by itself: {}", String::from_utf8_lossy(&output.stderr));
                }
            }
        }
    }
    thread::sleep(Duration::from_micros(random.below(12_000)));
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(9), "the writer ended by itself: {stderr}");
    }
    reader.join().unwrap();
    heard.extend(lines.try_iter());
    let mut life = Life { acknowledged: Vec::new(), next: from };
    for line in heard {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["ack", index, sequence, hash] if hash.len() == 64 => {
                let index = index.parse().unwrap();
                life.acknowledged.push((index, sequence.parse().unwrap(), hash.to_owned()));
                life.next = index + 1;
            }
            ["no", index] => life.next = index.parse::<u64>().unwrap() + 1,
            _ => {}
        }
    }
    life
}

/// The journal as the parent knows it from the readers: the engine's state over all entries seen so far.
struct Shadow {
    state: State,
    sequence: u64,
    keys: BTreeMap<String, (u64, String)>,
}

impl Shadow {
    /// Reads what is new; every key must be new.
    fn follow(&mut self, ledger: &Ledger) {
        for entry in ledger.entries(self.sequence + 1..).unwrap() {
            assert_eq!(entry.sequence, self.sequence + 1);
            entry.events.iter().for_each(|event| apply(&mut self.state, event));
            let before = self.keys.insert(entry.key, (entry.sequence, entry.hash.to_string()));
            assert_eq!(before, None, "entry {} repeats a key", entry.sequence);
            self.sequence = entry.sequence;
        }
        assert_eq!(self.sequence, ledger.head().sequence);
    }
}

fn kill_again_and_again() {
    let (_folder, file): (_, PathBuf) = place();
    create(&file).close().unwrap();
    let mut shadow = Shadow { state: State::new(config()).unwrap(), sequence: 0, keys: BTreeMap::new() };
    let mut random = Random(SEED);
    let (mut next, mut acknowledged, mut unheard) = (0_u64, BTreeMap::new(), 0);
    for kill in 0..KILLS {
        let life = live(&file, next.saturating_sub(RESENT), &mut random);
        let ledger =
            Ledger::open_read_only(&file).unwrap_or_else(|error| panic!("after kill {kill}: {error}"));
        shadow.follow(&ledger);
        for (index, sequence, hash) in life.acknowledged {
            let key = format!("key {index}");
            let entry = (sequence, hash);
            assert_eq!(shadow.keys.get(&key), Some(&entry), "kill {kill}: acknowledged command {index}");
            // Sent again in a later life, it gets the same answer.
            let before = acknowledged.insert(key, entry.clone());
            assert!(
                before.is_none_or(|before| before == entry),
                "kill {kill}: command {index} answered twice"
            );
        }
        // Durable, but killed before the answer was out: sent again in the next life.
        unheard += shadow.keys.len() - acknowledged.len();
        assert_eq!(ledger.state_hash(), state_hash(&shadow.state), "after kill {kill}");
        next = life.next.max(next);
    }
    for (key, entry) in &acknowledged {
        assert_eq!(shadow.keys.get(key), Some(entry), "{key} was acknowledged");
    }
    let full = Options { use_snapshots: false, ..Options::default() };
    let ledger = Ledger::open_with(&file, full).unwrap();
    assert_eq!(ledger.state_hash(), state_hash(&shadow.state));
    let count = ledger.head().sequence;
    ledger.close().unwrap();
    let report = Ledger::verify(&file).unwrap();
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.confirmed, report.state), (count, Some(state_hash(&shadow.state))));
    assert!(acknowledged.len() > KILLS as usize, "{} acknowledged in {KILLS} lives", acknowledged.len());
    println!(
        "{KILLS} kills, {count} entries, {} acknowledged, {unheard} durable but never heard of",
        acknowledged.len()
    );
}
