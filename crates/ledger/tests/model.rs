//! Random commands through the ledger do what they do through the engine directly, wherever it is reopened.

mod support;

use proptest::prelude::*;
use seawall_engine::{State, apply, execute};
use seawall_ledger::{Ledger, LedgerError, Options, state_hash};
use support::{config, create, place, request};

#[derive(Clone, Debug)]
enum Step {
    /// Executes so many commands, one transaction each.
    Singly(u64),
    /// Executes so many in one transaction.
    Together(u64),
    /// Closes and opens again, with or without snapshots.
    Reopen { snapshots: bool, close: bool },
    /// Takes a snapshot.
    Snapshot,
    /// Sends the last command again.
    Repeat,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u64..15).prop_map(Step::Singly),
        4 => (1_u64..60).prop_map(Step::Together),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(snapshots, close)| Step::Reopen { snapshots, close }),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Repeat),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_is_the_engine_with_a_memory(seed: u64, steps in prop::collection::vec(step(), 4..24)) {
        let (_folder, file) = place();
        let mut ledger = create(&file);
        let mut state = State::new(config()).unwrap();
        let (mut index, mut accepted) = (0_u64, 0_u64);
        for step in steps {
            let (count, batch) = match step {
                Step::Singly(count) => (count, 1),
                Step::Together(count) => (count, count),
                Step::Reopen { snapshots, close } => {
                    if close { ledger.close().unwrap() } else { drop(ledger) }
                    let options = Options { use_snapshots: snapshots, snapshot_every: 50, ..Options::default() };
                    ledger = Ledger::open_with(&file, options).unwrap();
                    prop_assert_eq!(ledger.state(), &state);
                    (0, 1)
                }
                Step::Snapshot => {
                    ledger.take_snapshot().unwrap();
                    (0, 1)
                }
                Step::Repeat => {
                    let Some(entry) = ledger.entries(accepted..=accepted).unwrap().pop() else { continue };
                    let again = ledger.execute(&entry.key, &entry.command, entry.at).unwrap();
                    prop_assert!(again.repeated && again.events == entry.events && again.hash == entry.hash);
                    (0, 1)
                }
            };
            for first in (index..index + count).step_by(usize::try_from(batch).unwrap()) {
                let keys: Vec<String> = (first..first + batch).map(|index| format!("key {index}")).collect();
                let requests = (first..).zip(&keys).map(|(index, key)| request(seed, index, key)).collect();
                let answers = ledger.execute_batch(requests).unwrap();
                for (key, answer) in keys.iter().zip(answers) {
                    let outcome = match answer {
                        Ok(outcome) => outcome,
                        Err(LedgerError::Refused(_)) => {
                            prop_assert!(ledger.entry_of(key).unwrap().is_none());
                            continue;
                        }
                        Err(error) => panic!("{key}: {error}"),
                    };
                    accepted += 1;
                    let entry = ledger.entry_of(key).unwrap().unwrap();
                    prop_assert_eq!(outcome.sequence, accepted);
                    let events = execute(&state, &entry.command, entry.at);
                    prop_assert_eq!(events.as_ref(), Ok(&outcome.events));
                    prop_assert_eq!(&entry.events, &outcome.events);
                    outcome.events.iter().for_each(|event| apply(&mut state, event));
                }
            }
            index += count;
            prop_assert_eq!(ledger.state(), &state);
        }
        prop_assert_eq!(ledger.head().sequence, accepted);
        prop_assert_eq!(ledger.state_hash(), state_hash(&state));
        let report = ledger.report();
        prop_assert!(report.is_sound(), "{}", report);
        prop_assert_eq!(report.confirmed, accepted);
    }
}
