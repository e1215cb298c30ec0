//! Plays random sequences until the twins differ, or for a number of commands; a difference is shortened and told
//! as a table.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use seawall_engine::execute;
use seawall_machine::passage::passages;
use seawall_machine::setup::{Setup, setup};
use seawall_machine::shrink::shortest;
use seawall_machine::step::{Step, steps};
use seawall_twin::deploy::Base;
use seawall_twin::twin::Decide;

use super::record::Record;
use super::table::shortened;
use super::tally::Tally;
use super::world::{ACCOUNTS, World};

/// Longest sequence.
const STEPS_MAX: usize = 400;

/// After so many steps all books are compared, the core's after every one.
const COMPARE_ALL: usize = 16;

/// What plays a sequence: what is deployed, and what decides on the engine's side.
pub struct Twins {
    pub base: Base,
    pub decide: Decide,
}

impl Default for Twins {
    fn default() -> Self {
        Self { base: Base::new(&seawall_twin::deploy::Code::new()), decide: execute }
    }
}

/// A difference.
pub struct Found {
    /// What differs.
    pub why: String,
    /// Commands until it was met first, those of the sequence that met it included.
    pub commands: u64,
    /// How the sequence was set up.
    pub setup: Setup,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A sequence that failed: at which step, and why.
struct Failed {
    at: usize,
    why: String,
}

impl Twins {
    /// Plays a sequence.
    fn play(&self, setup: &Setup, steps: &[Step], world: &mut World) -> Result<(), Failed> {
        let played = catch_unwind(AssertUnwindSafe(|| Self::run(setup, steps, world)));
        played.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("nothing");
            Err(Failed { at: steps.len(), why: format!("a panic: {said}") })
        })
    }

    fn run(setup: &Setup, steps: &[Step], world: &mut World) -> Result<(), Failed> {
        let failed = |at: usize| move |why| Failed { at, why };
        if setup.warm {
            seawall_machine::warm_up(world).map_err(failed(0))?;
        }
        for (at, step) in steps.iter().enumerate() {
            seawall_machine::step(world, step).map_err(failed(at))?;
            if at % COMPARE_ALL == COMPARE_ALL - 1 {
                world.twin.compare_all(ACCOUNTS).map_err(failed(at))?;
            }
        }
        world.twin.compare_all(ACCOUNTS).map_err(failed(steps.len()))
    }

    fn world(&self, setup: &Setup) -> World {
        World::new(&self.base, self.decide, setup.clone())
    }

    /// Plays sequences from `seed` on until `most` commands have run; the first difference ends it.
    pub fn search(&self, seed: u64, most: u64, tally: &mut Tally) -> Option<Found> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let sequences =
            (setup(), prop_oneof![1 => steps(STEPS_MAX).boxed(), 4 => passages(STEPS_MAX).boxed()]);
        while tally.commands < most {
            let tree = sequences.new_tree(&mut runner).expect("a strategy without filters");
            let (setup, steps) = tree.current();
            let mut world = self.world(&setup);
            let played = self.play(&setup, &steps, &mut world);
            tally.add(&world.tally);
            if let Err(failed) = played {
                return Some(Found { why: failed.why, commands: tally.commands, setup, steps });
            }
        }
        None
    }

    /// Shortens what was found and tells it as a table.
    pub fn table(&self, found: &Found) -> String {
        let mut setup = found.setup.clone();
        let fails = |setup: &Setup, steps: &[Step]| {
            let failed = self.play(setup, steps, &mut self.world(setup)).err()?;
            // A difference that only the whole comparison sees belongs to the last step.
            Some(failed.at.min(steps.len().saturating_sub(1)))
        };
        let steps = shortest(found.steps.clone(), |steps| fails(&setup, steps));
        let cold = Setup { warm: false, ..setup.clone() };
        if fails(&cold, &steps).is_some() {
            setup = cold;
        }
        let mut world = self.world(&setup);
        world.record = Some(Record::new(&world.twin, &world.setup));
        let why = self.play(&setup, &steps, &mut world).err().map_or(String::new(), |failed| failed.why);
        let record = world.record.take().expect("it was put there");
        let table = record.finish(why.lines().next().unwrap_or_default());
        shortened(&self.base, self.decide, &table)
    }
}
