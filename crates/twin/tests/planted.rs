//! The harness is tested too: defects planted on the engine's side are all found by the random run, and what is
//! found is shortened to a table that tells it again. Those in the contract are in `planted_contract.rs`.

mod random;

use random::planted::PLANTED;
use random::search::{Found, Twins};
use random::table::run;
use random::tally::Tally;
use seawall_engine::execute;
use seawall_twin::deploy::Base;
use seawall_twin::twin::Decide;

/// A defect has to be found within this many commands: what CI runs.
const COMMANDS: u64 = 20_000;

fn search(decide: Decide) -> Option<Found> {
    let twins = Twins { decide, ..Twins::default() };
    twins.search(1, COMMANDS, &mut Tally::default())
}

#[test]
fn every_defect_planted_in_the_engine_is_found() {
    let mut missed = Vec::new();
    for (name, decide) in PLANTED {
        match search(*decide) {
            Some(found) => {
                let why = found.why.lines().next().unwrap_or_default();
                println!("after {:>6} commands: {name} ({why})", found.commands);
            }
            None => missed.push(*name),
        }
    }
    assert_eq!(missed, Vec::<&str>::new(), "not found within {COMMANDS} commands");
}

#[test]
fn what_is_found_is_told_again_by_its_table() {
    let (_, decide) = PLANTED[0];
    for seed in 1..4 {
        told_again(seed, decide);
    }
}

fn told_again(seed: u64, decide: Decide) {
    let twins = Twins { decide, ..Twins::default() };
    let found = twins.search(seed, COMMANDS, &mut Tally::default()).expect("it is found");
    let table = twins.table(&found);
    println!("{table}");
    let lines: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() <= 12, "the shortest has a deposit that is rounded and little else");
    let base = Base::committed();
    let again = run(&base, decide, &table).expect_err("the table meets the defect again");
    let last = format!("line {}: ", table.lines().count());
    assert!(again.starts_with(&last), "{again}");
    // Without the defect it runs through, and comes to what stands behind its lines.
    let fresh = run(&base, execute, &table).expect("the twins agree");
    let heads: Vec<&str> = fresh.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(heads.len(), lines.len());
    assert_eq!(heads[..heads.len() - 1], lines[..lines.len() - 1]);
}
