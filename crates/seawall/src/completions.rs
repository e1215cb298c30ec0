//! `seawall completions`: a script for the user's shell.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::output::Failure;

/// Arguments of `seawall completions`.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  seawall completions bash > ~/.local/share/bash-completion/completions/seawall"
)]
pub struct Args {
    /// Shell to write for.
    shell: Shell,
}

/// Prints the script of the shell asked for.
pub fn run<C: CommandFactory>(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut C::command(), "seawall", &mut script);
    // A reader that closed the pipe has read enough.
    let _ = std::io::stdout().write_all(&script);
    Ok(())
}
