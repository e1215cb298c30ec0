//! Everything a contributor does, as one command each: `cargo xtask <task>`.
//!
//! Nothing has to be installed first but the Rust toolchain, and Node 20 or later for the contracts; what a task
//! needs, it builds.

mod contracts;
mod protocols;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};

const HELP: &str = "\
cargo xtask test    what CI runs: format, lints, documentation, all tests, committed artefacts, contracts, parity
cargo xtask check   the quick part of it: format and lints
cargo xtask fuzz N  the state-machine properties of the engine with N sequences (default 100000)
cargo xtask gen     writes the committed artefacts anew (docs/demo.txt)
cargo xtask contracts  the contracts: built, tested, gas and artifacts compared; then what CI leaves out: the adapters on the
                    real protocols, a deployment on a node
cargo xtask twin N  the contract against the engine for N random commands (default 20000)
cargo xtask defects the parity harness against defects planted in the contract (a minute or two)
cargo xtask bench   the benchmarks behind docs/performance.md
";

/// Sequences that the engine's state-machine properties run in CI.
const SEQUENCES: &str = "10000";

/// The parity harness: an EVM is long to build, so the quick tasks leave it out.
const TWIN: &str = "seawall-twin";

/// Output of the demonstration, committed so that a change of any number is seen in review.
const DEMO: &str = "docs/demo.txt";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let task = args.next().unwrap_or_default();
    let result = match task.as_str() {
        "test" => test(),
        "check" => check(),
        "fuzz" => fuzz(&args.next().unwrap_or_else(|| "100000".to_owned())),
        "contracts" => contracts::check().and_then(|()| protocols::test(&contracts::folder())),
        "defects" => defects(),
        "twin" => twin(&args.next().unwrap_or_else(|| "20000".to_owned())),
        "gen" => generate(),
        "bench" => bench(),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {task}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that must hold before a change lands.
fn test() -> Result<()> {
    check()?;
    step("documentation builds without a warning", || {
        let doc = ["doc", "--workspace", "--exclude", TWIN, "--no-deps", "--locked", "--quiet"];
        cargo(doc, &[("RUSTDOCFLAGS", "-D warnings")])
    })?;
    step("tests", || {
        let test = ["test", "--workspace", "--exclude", TWIN, "--all-features", "--locked"];
        cargo(test, &[("SEAWALL_CASES", SEQUENCES)])
    })?;
    step("committed artefacts match their sources", artefacts)?;
    contracts::check()?;
    twin_tests()
}

/// Format and lints.
fn check() -> Result<()> {
    step("format", || cargo(["fmt", "--all", "--check"], &[]))?;
    step("lints", || {
        let lint =
            ["clippy", "--workspace", "--exclude", TWIN, "--all-targets", "--all-features", "--locked"];
        cargo(lint.into_iter().chain(["--quiet"]).chain(["--", "-D", "warnings"]), &[])
    })
}

fn fuzz(cases: &str) -> Result<()> {
    cargo(["test", "-p", "seawall-engine", "--test", "state_machine"], &[("SEAWALL_CASES", cases)])
}

/// The contract against the engine for `commands` random ones, other ones with each second.
fn twin(commands: &str) -> Result<()> {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs()).to_string();
    parity(&[("SEAWALL_TWIN_COMMANDS", commands), ("SEAWALL_TWIN_SEED", &seed)])
}

/// The random run of the parity harness; its summary is printed.
fn parity(environment: &[(&str, &str)]) -> Result<()> {
    cargo(["test", "-p", TWIN, "--locked", "--test", "parity", "--", "--nocapture"], environment)
}

/// The whole parity harness, with the commands that CI runs.
fn twin_tests() -> Result<()> {
    step("lints of the parity harness", || {
        let lint = ["clippy", "-p", TWIN, "--all-targets", "--all-features", "--locked", "--quiet"];
        cargo(lint.into_iter().chain(["--", "-D", "warnings"]), &[])
    })?;
    step("parity of contract and engine", || parity(&[]))?;
    step("gas, scenario tables and planted defects", || {
        let tests = ["--test", "gas", "--test", "scenarios", "--test", "planted"];
        cargo(["test", "-p", TWIN, "--locked", "--lib"].into_iter().chain(tests), &[])
    })
}

/// Compiles the contracts with every planted defect and runs the parity harness against each.
fn defects() -> Result<()> {
    let built = target().join("xtask-defects");
    let folder = built.to_string_lossy().into_owned();
    step("compiler and libraries of the contracts", contracts::install)?;
    step("planting", || {
        if built.exists() {
            fs::remove_dir_all(&built).context("clearing the folder of planted defects")?;
        }
        let defects = root().join("crates/twin/defects");
        let script = ["bin/planted", &defects.to_string_lossy(), &folder];
        contracts::run(&contracts::folder(), "node", &script)
    })?;
    step("finding", || {
        let test = ["test", "-p", TWIN, "--features", "defects", "--locked", "--test", "planted_contract"];
        cargo(test.into_iter().chain(["--", "--nocapture"]), &[("SEAWALL_DEFECTS", &folder)])
    })
}

/// Runs the demonstration and compares what it prints with what is committed.
fn artefacts() -> Result<()> {
    let fresh = demo()?;
    let committed = fs::read_to_string(root().join(DEMO)).with_context(|| format!("reading {DEMO}"))?;
    if fresh == committed {
        return Ok(());
    }
    let differs = fresh.lines().zip(committed.lines()).position(|(new, old)| new != old);
    let line = differs.map_or_else(|| "the number of lines".to_owned(), |line| format!("line {}", line + 1));
    bail!("{DEMO} differs from what the demonstration prints ({line}); run `cargo xtask gen` and review it")
}

/// Writes the committed artefacts.
fn generate() -> Result<()> {
    fs::write(root().join(DEMO), demo()?).with_context(|| format!("writing {DEMO}"))
}

/// What `seawall demo` prints, run in a folder of its own.
fn demo() -> Result<String> {
    cargo(["build", "--release", "--locked", "--quiet", "-p", "seawall"], &[])?;
    let folder = target().join("xtask-demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("clearing the demonstration's folder")?;
    }
    fs::create_dir_all(&folder).context("making the demonstration's folder")?;
    let binary = target().join("release").join(format!("seawall{}", env::consts::EXE_SUFFIX));
    let output = Command::new(binary)
        .args(["demo", "--out", "seawall-demo"])
        .current_dir(&folder)
        .output()
        .context("running the demonstration")?;
    ensure!(output.status.success(), "the demonstration failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("the demonstration printed something that is not text")
}

fn bench() -> Result<()> {
    cargo(["bench", "--workspace", "--locked"], &[])
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("== {name}");
    let start = Instant::now();
    work().with_context(|| name.to_owned())?;
    eprintln!("== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn cargo<I, S>(args: I, environment: &[(&str, &str)]) -> Result<()>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(root()).envs(environment.iter().copied());
    let text = format!("{command:?}");
    ensure!(command.status().with_context(|| text.clone())?.success(), "{text} failed");
    Ok(())
}

/// The workspace, found from this package's own place in it.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().map_or_else(|| package.to_path_buf(), Path::to_path_buf)
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
