//! Random sequences on both pools, and what was found by them.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod kinds;
pub mod planted;
pub mod record;
pub mod search;
pub mod table;
pub mod tally;
pub mod world;
