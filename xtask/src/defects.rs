//! Defects planted in a copy of the contracts: each is compiled, and the parity harness has to find it.
//!
//! A file of `crates/twin/defects` says in which source which text stands, and what is planted in its place. The text
//! has to stand there exactly once, so that a defect cannot quietly become none when the contracts change.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::contracts::{self, run};
use crate::{TWIN, cargo, root, step, target};

/// What of the contracts a copy needs.
const COPIED: [&str; 3] = ["src", "bin", "test/mocks"];

const STANDS: &str = "--- what stands there\n";
const PLANTED: &str = "+++ what is planted\n";

/// A defect.
struct Defect {
    name: String,
    /// Source that it is planted in.
    file: String,
    stands: String,
    planted: String,
}

/// Compiles every defect and runs the parity harness against each.
pub fn find() -> Result<()> {
    contracts::install()?;
    let defects = read()?;
    let (copy, built) = (target().join("xtask-defects/contracts"), target().join("xtask-defects/built"));
    for folder in [&copy, &built] {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
        }
    }
    for folder in COPIED {
        copy_folder(&contracts::folder().join(folder), &copy.join(folder))?;
    }
    for file in ["foundry.toml", "package.json"] {
        fs::copy(contracts::folder().join(file), copy.join(file)).with_context(|| file.to_owned())?;
    }
    link(&contracts::folder().join("node_modules"), &copy.join("node_modules"))?;
    for defect in &defects {
        step(&format!("planting {}", defect.name), || {
            let source = copy.join(&defect.file);
            let sound = fs::read_to_string(&source).with_context(|| defect.file.clone())?;
            fs::write(&source, sound.replacen(&defect.stands, &defect.planted, 1))?;
            run(&copy, "npx", &["forge", "build"])?;
            run(&copy, "node", &["bin/artifacts", &built.join(&defect.name).to_string_lossy()])?;
            fs::write(&source, sound).context("taking the defect out again")
        })?;
    }
    step("finding them", || {
        let test = ["test", "-p", TWIN, "--features", "defects", "--locked", "--test", "planted_contract"];
        let built = built.to_string_lossy();
        cargo(test.into_iter().chain(["--", "--nocapture"]), &[("SEAWALL_DEFECTS", &built)])
    })
}

/// All defects, in the order of their names.
fn read() -> Result<Vec<Defect>> {
    let folder = root().join("crates/twin/defects");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    files.sort();
    files.iter().map(|file| defect(file).with_context(|| file.display().to_string())).collect()
}

fn defect(path: &Path) -> Result<Defect> {
    let text = fs::read_to_string(path)?;
    let (head, rest) = text.split_once(STANDS).context("it does not say what stands there")?;
    let (stands, planted) = rest.split_once(PLANTED).context("it does not say what is planted")?;
    let file = head.lines().find_map(|line| line.strip_prefix("file: ")).context("it names no file")?;
    let source = fs::read_to_string(contracts::folder().join(file)).with_context(|| file.to_owned())?;
    // A piece of a line is given without the end of the line.
    let stands = stands.trim_end_matches('\n');
    let found = source.matches(stands).count();
    ensure!(found == 1, "what it replaces stands {found} times in {file}, not once");
    Ok(Defect {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        file: file.to_owned(),
        stands: stands.to_owned(),
        planted: planted.trim_end_matches('\n').to_owned(),
    })
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if fs::metadata(&from)?.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        }
    }
    Ok(())
}

/// Puts a link at `to`.
#[cfg(unix)]
fn link(from: &Path, to: &Path) -> Result<()> {
    std::os::unix::fs::symlink(from, to).with_context(|| to.display().to_string())
}

/// The pinned forge runs on Linux only.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> Result<()> {
    anyhow::bail!("defects are compiled on Unix only")
}
