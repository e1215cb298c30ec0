//! `seawall completions`: a script for the user's shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::output::Failure;

/// Arguments of `seawall completions`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  seawall completions bash > ~/.local/share/bash-completion/completions/seawall")]
pub struct Args {
    /// Shell to write for.
    shell: Shell,
}

/// Prints the script of the shell asked for.
pub fn run<C: CommandFactory>(args: &Args) -> Result<(), Failure> {
    clap_complete::generate(args.shell, &mut C::command(), "seawall", &mut std::io::stdout());
    Ok(())
}
