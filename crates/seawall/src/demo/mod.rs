//! Written next.
pub mod replay;

use crate::output::{Failure, Format};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, _format: Format) -> Result<(), Failure> {
    Ok(())
}
