//! The walk-through of the operations page, pasted into a shell with the real binary.
#![cfg(unix)]

mod pool_support;

use std::path::Path;
use std::process::Command;

use pool_support::{Pool, amount};

/// Commands of the first shell block of the operations page: lines that end in a backslash go on.
fn walk_through() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let block = page.split("```\n").nth(1).expect("the page has a block");
    block.replace("\\\n", " ").lines().map(str::to_owned).collect()
}

/// Runs one line in the shell, in `folder`, with the binary under test in the path; what it printed.
#[track_caller]
fn paste(folder: &Path, text: &str) -> String {
    let binaries = Path::new(env!("CARGO_BIN_EXE_seawall")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let run = Command::new("sh").args(["-c", text]).current_dir(folder).env("PATH", path).output().unwrap();
    let (out, err) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
    assert!(run.status.success() && err.is_empty(), "{text}\n{out}{err}");
    out
}

#[test]
fn the_walk_through_of_the_operations_page_works_when_pasted() {
    let pool = Pool::folder();
    let lines = walk_through();
    assert!(lines.len() > 15, "{lines:?}");
    let printed: Vec<(String, String)> =
        lines.iter().map(|text| (text.clone(), paste(pool.folder.path(), text))).collect();
    let after = |command: &str| {
        let last = printed.iter().rfind(|(text, _)| text.starts_with(&format!("seawall pool {command} ")));
        last.unwrap_or_else(|| panic!("no {command}")).1.as_str()
    };
    for (command, words) in [
        ("report", "gross 60,000.00 USDC"),
        ("report", "market paid: market aave-weth, destination aave, assets 60,000.00 USDC"),
        ("exit claim", "exit paid"),
        ("recover claim", "recovery claimed: ticket 0, owner alice"),
        ("verify", "sound"),
    ] {
        assert!(after(command).contains(words), "{command}: {words:?} is not in\n{}", after(command));
    }
    // The loss was paid in full and half of it came back.
    let tickets = pool.status("");
    let ticket = &tickets["tickets"][0];
    assert_eq!((amount(&ticket["paid"]), amount(&ticket["residual"])), ("60000.000000", "0.000000"));
    assert_eq!(amount(&ticket["recovered"]), "30000.000000");
}
