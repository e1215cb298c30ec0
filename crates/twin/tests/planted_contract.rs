//! Defects planted in the contract's sources (`defects/*.txt`), compiled by `cargo xtask defects`, are all found by
//! the random run.

mod random;

use std::path::{Path, PathBuf};

use random::search::Twins;
use random::tally::Tally;
use seawall_twin::abi::{Abi, artifacts};
use seawall_twin::deploy::{Base, Code};

/// A defect has to be found within this many commands: what CI runs.
const COMMANDS: u64 = 20_000;

/// Contracts whose code differs from what is committed.
fn changed(folder: &Path) -> Code {
    let (committed, planted) = (Abi::load(&artifacts()), Abi::load(folder));
    let (committed, planted) = (committed.expect("they are committed"), planted.expect("they were built"));
    let mut code = Code::new();
    for name in planted.names() {
        if planted.code(name) != committed.code(name) {
            code.insert(name.to_owned(), planted.code(name));
        }
    }
    code
}

#[test]
fn every_defect_planted_in_the_contract_is_found() {
    let built = std::env::var("SEAWALL_DEFECTS").expect("cargo xtask defects says where they were built");
    let mut names: Vec<PathBuf> = std::fs::read_dir(&built)
        .expect("the folder of what was built")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let mut missed = Vec::new();
    for name in names {
        let name = name.file_name().expect("a name").to_string_lossy().into_owned();
        let code = changed(&Path::new(&built).join(&name));
        assert!(!code.is_empty(), "{name} changes no contract");
        let contracts: Vec<&str> = code.keys().map(String::as_str).collect();
        let twins = Twins { base: Base::new(&code), ..Twins::default() };
        match twins.search(1, COMMANDS, &mut Tally::default()) {
            Some(found) => {
                let why = found.why.lines().next().unwrap_or_default();
                println!("after {:>6} commands: {name} in {} ({why})", found.commands, contracts.join(", "));
            }
            None => {
                println!("not found: {name} in {}", contracts.join(", "));
                missed.push(name);
            }
        }
    }
    assert_eq!(missed, Vec::<String>::new(), "not found within {COMMANDS} commands");
}
