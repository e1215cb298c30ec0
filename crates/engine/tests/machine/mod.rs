//! The engine as a player of random commands: a world around the pool, and what must hold after every step.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod checks;
pub mod premium;
pub mod runner;
pub mod tally;
pub mod world;
