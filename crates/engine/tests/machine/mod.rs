//! A state machine under random commands: abstract steps, a world around the pool, and what must hold after
//! every step.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod checks;
pub mod garbage;
pub mod interpret;
pub mod order;
pub mod premium;
pub mod runner;
pub mod setup;
pub mod step;
pub mod tally;
pub mod world;
