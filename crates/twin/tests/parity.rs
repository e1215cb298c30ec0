//! Random sequences of commands on the engine and on the contract (the twin), compared after every command.
//!
//! `SEAWALL_TWIN_CASES=2000 cargo test -p seawall-twin --test parity` runs more of them.

mod random;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestError, TestRunner};
use random::setup::{Setup, setup};
use random::step::{Step, steps};
use random::world::World;

/// Longest sequence.
const STEPS_MAX: usize = 400;

fn cases(quick: u32) -> u32 {
    std::env::var("SEAWALL_TWIN_CASES")
        .map_or(quick, |text| text.parse().expect("SEAWALL_TWIN_CASES is a number of sequences"))
}

fn play(setup: &Setup, steps: &[Step]) -> Result<World, String> {
    let mut world = World::new(setup.clone());
    if setup.warm {
        world.warm_up()?;
    }
    for (index, step) in steps.iter().enumerate() {
        world.step(step).map_err(|why| format!("{why}\nat step {index}, {step:?}"))?;
        if index % 16 == 15 {
            world.twin.compare_all(10).map_err(|why| format!("{why}\nafter step {index}, {step:?}"))?;
        }
    }
    world.twin.compare_all(10)?;
    Ok(world)
}

#[test]
fn the_contract_is_the_engines_twin() {
    let config = Config {
        cases: cases(60),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/parity.txt",
        ))),
        source_file: Some(file!()),
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let tally = std::cell::RefCell::new(random::world::Tally::default());
    let found = TestRunner::new(config).run(&(setup(), steps(STEPS_MAX)), |(setup, steps)| {
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play(&setup, &steps)));
        match played {
            Ok(Ok(world)) => {
                tally.borrow_mut().add(&world);
                Ok(())
            }
            Ok(Err(why)) => Err(TestCaseError::fail(why)),
            Err(_) => Err(TestCaseError::fail("a panic")),
        }
    });
    println!("{}", tally.borrow());
    match found {
        Ok(()) => {}
        Err(TestError::Fail(why, (setup, steps))) => panic!("{why}\nwith {setup:#?}\n{steps:#?}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_kind_of_event_and_many_refusals_are_compared() {
    let mut runner = TestRunner::deterministic();
    let mut tally = random::world::Tally::default();
    for _ in 0..cases(120) {
        let tree = (setup(), steps(STEPS_MAX)).new_tree(&mut runner).expect("a strategy without filters");
        let (setup, steps) = proptest::strategy::ValueTree::current(&tree);
        tally.add(&play(&setup, &steps).unwrap_or_else(|why| panic!("{why}\nwith {setup:#?}")));
    }
    println!("{tally}");
    for event in ["Deposited", "ExitRequested", "ExitCleared", "ExitPaid", "PolicyBought", "PolicyActivated"]
    {
        assert!(tally.events.contains_key(event), "no {event} in {tally}");
    }
    for event in ["TicketBooked", "MarketPaid", "RecoveryAssigned", "RecoveryClaimed", "ClassClosed"] {
        assert!(tally.events.contains_key(event), "no {event} in {tally}");
    }
}
