//! Arguments that cannot be read: with `--json` one document, as for every other failure.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Parser};

use crate::output::{Failure, Format};

/// The arguments, or the exit code of a run that is over: help or version printed, or arguments refused.
///
/// # Errors
/// What is wrong with the arguments was printed.
pub fn parse<C: Parser>() -> Result<C, ExitCode> {
    let parsed = signed_amounts(C::command())
        .try_get_matches()
        .and_then(|mut matches| C::from_arg_matches_mut(&mut matches));
    parsed.map_err(|error| {
        let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        let json =
            std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json");
        if json && !asked {
            return failure(&error).report(Format::Json);
        }
        // A reader that closed the pipe has read enough.
        let _ = error.print();
        if asked { ExitCode::SUCCESS } else { ExitCode::from(2) }
    })
}

/// A negative amount reaches the reader of amounts, who says what is wrong with it.
fn signed_amounts(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let amount = argument.get_value_names().is_some_and(|names| names == ["AMOUNT"]);
        if amount { argument.allow_hyphen_values(true) } else { argument }
    });
    command.mut_subcommands(signed_amounts)
}

/// The message of a refusal in one line, and its tips or its usage as the hint.
fn failure(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let missing = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let paragraphs = || text.split("\n\n").map(one_line);
    let message = match paragraphs().next() {
        Some(first) if !missing => first.strip_prefix("error: ").unwrap_or(&first).to_owned(),
        _ => "a command is missing".to_owned(),
    };
    let tips: Vec<String> =
        text.lines().filter_map(|line| line.trim().strip_prefix("tip: ")).map(str::to_owned).collect();
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => Some(one_line(&usage.to_string())),
        _ => paragraphs().find(|paragraph| paragraph.starts_with("Usage: ")),
    };
    let hint = if tips.is_empty() { usage } else { Some(tips.join("; ")) };
    Failure::input(message)
        .hint(hint.unwrap_or_else(|| "--help lists the arguments and their values".to_owned()))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_becomes_one_line_and_a_hint() {
        let command = clap::Command::new("seawall")
            .subcommand_required(true)
            .subcommand(clap::Command::new("quote").arg(clap::arg!(--seed <SEED>).required(true)));
        let of = |arguments: &[&str]| {
            let all = ["seawall"].iter().chain(arguments);
            format!("{:?}", failure(&command.clone().try_get_matches_from(all).unwrap_err()))
        };
        let typo = of(&["quote", "--sead", "1"]);
        assert!(typo.contains("unexpected argument '--sead' found") && typo.contains("'--seed'"), "{typo}");
        let missing = of(&["quote"]);
        assert!(missing.contains("--seed <SEED>") && missing.contains("Usage: seawall quote"), "{missing}");
        assert!(!missing.contains("error:") && !missing.contains('\u{1b}'), "{missing}");
        assert!(of(&["bid"]).contains("unrecognized subcommand 'bid'"));
    }
}
