//! The contracts: compiler and libraries, build, tests, committed artifacts.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{root, step, target};

/// Oldest Node that runs the compiler.
const NODE: u32 = 20;

/// Where the contracts lie.
pub fn folder() -> PathBuf {
    root().join("contracts")
}

/// Builds and tests the contracts, and compares their gas and what they compile to with what is committed.
pub fn check() -> Result<()> {
    let folder = folder();
    step("compiler and libraries of the contracts", install)?;
    step("contracts build", || run(&folder, "npx", &["forge", "build"]))?;
    step("tests of the contracts", || run(&folder, "npx", &["forge", "test"]))?;
    step("gas of the calls in test/Gas.t.sol is what was committed", || {
        let check = ["forge", "snapshot", "--check", "--isolate", "--match-path", "test/Gas.t.sol"];
        run(&folder, "npx", &check)
            .context("contracts/README.md says how .gas-snapshot is written anew; figures only fall")
    })?;
    step("committed artifacts match the contracts", || {
        let fresh = target().join("xtask-artifacts");
        if fresh.exists() {
            fs::remove_dir_all(&fresh).context("clearing the folder of fresh artifacts")?;
        }
        run(&folder, "node", &["bin/artifacts", &fresh.to_string_lossy()])?;
        same_files(&fresh, &folder.join("artifacts"))
    })
}

/// Brings compiler and libraries to what the lock file says, where they are not.
pub fn install() -> Result<()> {
    node()?;
    let folder = folder();
    let changed = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified());
    let locked = changed("package-lock.json").context("contracts/package-lock.json")?;
    // npm writes this file last.
    match changed("node_modules/.package-lock.json") {
        Ok(installed) if installed >= locked => Ok(()),
        _ => run(&folder, "npm", &["ci", "--no-audit", "--no-fund"]),
    }
}

/// Refuses a machine without a Node that runs the compiler.
fn node() -> Result<()> {
    let needed = format!(
        "Node {NODE} or later is needed to compile the contracts: install it from https://nodejs.org; nothing else \
         of the project needs it"
    );
    let Ok(output) = Command::new("node").arg("--version").output() else { bail!("{needed}") };
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|part| part.parse::<u32>().ok());
    ensure!(major.is_some_and(|major| major >= NODE), "{needed} (this one is {version})");
    ensure!(Command::new("npm").arg("--version").output().is_ok(), "npm, which comes with Node, is missing");
    Ok(())
}

/// Refuses two folders whose files differ.
fn same_files(fresh: &Path, committed: &Path) -> Result<()> {
    let names = |folder: &Path| -> Result<Vec<OsString>> {
        let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
        let mut names = entries.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    };
    ensure!(
        names(fresh)? == names(committed)?,
        "other files than are committed; run contracts/bin/artifacts"
    );
    for name in names(fresh)? {
        let same = fs::read(fresh.join(&name))? == fs::read(committed.join(&name))?;
        ensure!(same, "{} differs from its source; run contracts/bin/artifacts", name.to_string_lossy());
    }
    Ok(())
}

/// Runs a program in a folder.
pub fn run(folder: &Path, program: &str, args: &[&str]) -> Result<()> {
    let status = Command::new(program).args(args).current_dir(folder).status();
    ensure!(status.with_context(|| format!("running {program}"))?.success(), "{program} {args:?} failed");
    Ok(())
}
