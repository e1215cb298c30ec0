//! A random world around both pools. The steps and the random rules are those of the engine's own state machine.

#![allow(dead_code, reason = "the engine's tests use more of what they share")]

pub mod interpret;
pub mod world;

#[path = "../../../engine/tests/machine/setup.rs"]
pub mod setup;
#[path = "../../../engine/tests/machine/step.rs"]
pub mod step;
