//! Runs of the real binary on a pool in a folder of its own.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// 1 January 2026, an epoch boundary.
pub const T0: u64 = 1_767_225_600;

/// A digest to stand for evidence.
pub const EVIDENCE: &str = "0505050505050505050505050505050505050505050505050505050505050505";

/// What a run printed and how it ended.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs the binary with these arguments.
pub fn seawall<'a>(args: impl IntoIterator<Item = &'a str>) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_seawall")).args(args).output().expect("the binary runs");
    let Output { status, stdout, stderr } = output;
    Run {
        code: status.code().expect("it ended by itself"),
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
    }
}

/// A folder with a pool in it.
pub struct Pool {
    pub folder: TempDir,
    pub file: PathBuf,
}

impl Pool {
    /// A folder without a pool.
    pub fn folder() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("pool.sqlite");
        Self { folder, file }
    }

    /// A pool of two tranches with rules that differ from the defaults as `rules` says.
    pub fn open(rules: &str) -> Self {
        let pool = Self::folder();
        let path = pool.write("rules.json", rules);
        pool.ok(0, &format!("init --asset USDC --decimals 6 --tranches junior,senior --rules {path}"));
        pool
    }

    /// With 100,000 of alice's in junior and 300,000 of bob's in senior, and a market that was read once.
    pub fn funded(rules: &str) -> Self {
        let pool = Self::open(rules);
        pool.ok(0, "deposit --as alice --tranche junior --amount 100,000");
        pool.ok(0, "deposit --as bob --tranche senior --amount 300,000");
        pool.ok(14, &format!("report --market aave --open --counter 0 --evidence {EVIDENCE}"));
        pool
    }

    /// Funded, with 100,000 of cover in force from day 21 for 13 weeks; more terms in `terms`.
    pub fn covered(rules: &str, terms: &str) -> Self {
        let pool = Self::funded(rules);
        pool.ok(14, &format!("cover buy --market aave --buyer dao {TERMS} {terms}"));
        pool.ok(21, "cover activate --market aave");
        pool
    }

    /// Writes a file into the folder; its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs `seawall pool ...` on this pool, `day` days after T0. The arguments have no spaces in them.
    pub fn run(&self, day: u64, args: &str) -> Run {
        let at = (T0 + day * 86_400).to_string();
        self.bare(&format!("{args} --at {at}"))
    }

    /// Runs `seawall pool ...` on this pool without a time.
    pub fn bare(&self, args: &str) -> Run {
        let file = self.file.to_str().unwrap();
        let all = args.split_whitespace().chain(["--pool", file]);
        seawall(std::iter::once("pool").chain(all))
    }

    /// A run that succeeds; what it printed.
    #[track_caller]
    pub fn ok(&self, day: u64, args: &str) -> String {
        let run = self.run(day, args);
        assert_eq!(run.code, 0, "{args}: {}{}", run.out, run.err);
        assert_eq!(run.err, "", "{args}");
        run.out
    }

    /// A run that succeeds with `--json`; its document.
    #[track_caller]
    pub fn json(&self, day: u64, args: &str) -> Value {
        serde_json::from_str(&self.ok(day, &format!("{args} --json"))).unwrap()
    }

    /// The status as it stands.
    #[track_caller]
    pub fn status(&self, args: &str) -> Value {
        let run = self.bare(&format!("status --json {args}"));
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        serde_json::from_str(&run.out).unwrap()
    }

    /// A run that fails with this code, says all of `words`, and leaves the journal as it was.
    #[track_caller]
    pub fn fails(&self, day: u64, args: &str, code: i32, words: &[&str]) {
        let before = self.file.exists().then(|| self.head());
        let run = self.run(day, args);
        assert_eq!(run.code, code, "{args}: {}{}", run.out, run.err);
        assert_eq!(run.out, "", "{args}: messages belong on standard error");
        for word in words {
            assert!(run.err.contains(word), "{args}: {word:?} is not in {:?}", run.err);
        }
        assert_eq!(self.file.exists().then(|| self.head()), before, "{args}: nothing is written");
    }

    /// Number and hash of the last entry.
    pub fn head(&self) -> String {
        self.status("")["head"].to_string()
    }
}

/// Terms of the cover that most tests buy.
pub const TERMS: &str = "--limit 100,000 --premium 4,000 --term 13 --split 0.7,0.2";

/// The amount of a JSON value, as a decimal.
pub fn amount(value: &Value) -> &str {
    value["amount"].as_str().unwrap_or_else(|| panic!("{value} is no amount"))
}

/// The first event of a kind in an outcome.
#[track_caller]
pub fn event<'a>(outcome: &'a Value, name: &str) -> &'a Value {
    let events = outcome["events"].as_array().unwrap();
    let found = events.iter().find(|event| event["event"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {events:?}"))
}
