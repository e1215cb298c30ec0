//! The pool under random sequences of commands, checked after every step (the list at the end of the mechanism).
//!
//! `SEAWALL_CASES=10000 cargo test -p seawall-engine --test state_machine` runs more of them.

mod machine;

use machine::runner::{cases, check};
use machine::{checks, world::World};
use proptest::test_runner::TestCaseError;
use seawall_machine::capital::{clear_all, due, pay_overdue};
use seawall_machine::passage::passages;
use seawall_machine::setup::{Setup, setup};
use seawall_machine::step::{Step, steps};

/// Longest sequence.
const STEPS_MAX: usize = 400;

fn play(setup: &Setup, steps: &[Step]) -> Result<World, String> {
    let mut world = World::new(setup.clone());
    if setup.warm {
        seawall_machine::warm_up(&mut world)?;
    }
    for step in steps {
        seawall_machine::step(&mut world, step).map_err(|why| format!("{why}\nat {step:?}"))?;
    }
    Ok(world)
}

#[test]
fn the_pool_keeps_its_promises_under_random_commands() {
    check(
        "proptest-regressions/commands.txt",
        cases(3000),
        || (setup(), steps(STEPS_MAX)),
        |(setup, steps)| {
            let end = |mut world: World| checks::at_the_end(&mut world);
            play(&setup, &steps).and_then(end).map_err(TestCaseError::fail)
        },
    );
}

#[test]
fn the_pool_keeps_its_promises_on_paths_that_are_rare() {
    check(
        "proptest-regressions/passages.txt",
        cases(1000).div_ceil(4),
        || (setup(), passages(STEPS_MAX)),
        |(setup, steps)| {
            let end = |mut world: World| checks::at_the_end(&mut world);
            play(&setup, &steps).and_then(end).map_err(TestCaseError::fail)
        },
    );
}

#[test]
fn every_exit_is_paid_when_it_is_due_whatever_else_happens() {
    check(
        "proptest-regressions/exits.txt",
        cases(2000).div_ceil(2),
        || (setup(), steps(STEPS_MAX), steps(40)),
        |(setup, before, after)| {
            let pay = |mut world: World| {
                // Whatever is asked until then, each clears at its deadline and is paid in full when it is due.
                for step in &after {
                    seawall_machine::step(&mut world, step)?;
                }
                let mut open: Vec<_> = world.state.exits().iter().map(|exit| exit.id).collect();
                open.sort_by_key(|id| world.state.exits()[id.index()].deadline);
                for id in &open {
                    world.now = world.now.max(world.state.exits()[id.index()].deadline);
                    clear_all(&mut world)?;
                }
                open.sort_by_key(|id| due(&world, *id));
                for id in open {
                    world.now = world.now.max(due(&world, id));
                    pay_overdue(&mut world, id)?;
                }
                Ok(())
            };
            play(&setup, &before).and_then(pay).map_err(TestCaseError::fail)
        },
    );
}
