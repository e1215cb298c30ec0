//! Random sequences of commands on the engine and on the contract (the twin), compared after every command.
//!
//! `SEAWALL_TWIN_COMMANDS=1000000 SEAWALL_TWIN_SEED=7 cargo test -p seawall-twin --test parity -- --nocapture` runs
//! more of them, or others (`cargo xtask twin N`). A difference is shortened and kept as a table in
//! `scenarios/found`.

mod random;

use std::path::Path;
use std::time::Instant;

use random::search::Twins;
use random::tally::Tally;

/// Commands of a run that meets every kind of event and refusal.
const COMMANDS: u64 = 20_000;

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a number"))
}

#[test]
fn the_contract_is_the_engines_twin() {
    let (commands, seed) = (number("SEAWALL_TWIN_COMMANDS", COMMANDS), number("SEAWALL_TWIN_SEED", 1));
    let twins = Twins::default();
    let (mut tally, start) = (Tally::default(), Instant::now());
    let found = twins.search(seed, commands, &mut tally);
    let seconds = start.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = tally.commands as f64 / seconds;
    println!("parity, seed {seed}: {tally}; {seconds:.1} s, {rate:.0} commands a second");
    if std::env::var("SEAWALL_TWIN_TABLE").is_ok() {
        println!("events: {:?}\nrefusals: {:?}", tally.events, tally.refusals);
    }
    if let Some(found) = found {
        let table = twins.table(&found);
        let kept = keep(&table);
        panic!("after {} commands: {}\nshortened to {kept}:\n{table}", found.commands, found.why);
    }
    if commands >= COMMANDS {
        assert_eq!(tally.missing(), Vec::<&str>::new(), "kinds that were not met");
    }
}

/// Keeps a table under a name that its text gives it.
fn keep(table: &str) -> String {
    let name = format!("scenarios/found/{:08x}.txt", fingerprint(table));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(&name);
    let written =
        std::fs::create_dir_all(file.parent().expect("a folder")).and_then(|()| std::fs::write(&file, table));
    written.map_or_else(|error| format!("nowhere ({error})"), |()| name)
}

/// FNV-1a, folded to 32 bits.
fn fingerprint(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 32) ^ (hash & 0xffff_ffff)
}
