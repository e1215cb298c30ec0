//! Scenario tables in text (`scenarios/`) that the engine and the contract run alike; those that a random run found
//! are in `scenarios/found`. Each line is a command; what it came to and the books after it stand behind it and are
//! compared. `SEAWALL_SCENARIOS=write` writes the tables anew, to be reviewed.

mod random;

use std::path::{Path, PathBuf};

use random::table::run;
use seawall_engine::execute;
use seawall_twin::deploy::Base;

#[test]
fn every_table_runs_alike_on_both_and_comes_out_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let listed = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).map_or_else(|_| Vec::new(), Iterator::collect);
        let paths = entries.into_iter().map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect()
    };
    let mut tables = listed(&folder);
    assert!(!tables.is_empty());
    tables.extend(listed(&folder.join("found")));
    tables.sort();
    for path in tables {
        let text = std::fs::read_to_string(&path).expect("a table");
        let fresh =
            run(&Base::committed(), execute, &text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        if std::env::var("SEAWALL_SCENARIOS").is_ok_and(|mode| mode == "write") {
            std::fs::write(&path, &fresh).expect("the table can be written");
            continue;
        }
        assert_eq!(
            fresh,
            text,
            "{} comes out otherwise; SEAWALL_SCENARIOS=write writes it anew",
            path.display()
        );
    }
}
