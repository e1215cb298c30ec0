//! What commands print and how they fail: data on standard output, messages on standard error, exit codes that
//! mean something.

use std::fmt::Display;
use std::fs::File;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

/// How a command prints its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tables for people.
    Table,
    /// One JSON document.
    Json,
}

/// A command that failed: what happened, what to do next, and the exit code.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    kind: &'static str,
    message: String,
    rule: Option<String>,
    hint: Option<String>,
    reported: bool,
}

impl Display for Failure {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.message)
    }
}

impl Failure {
    fn new(code: u8, kind: &'static str, message: impl Display) -> Self {
        Self { code, kind, message: message.to_string(), rule: None, hint: None, reported: false }
    }

    /// Exit code 2: an argument or an input file is wrong.
    pub fn input(message: impl Display) -> Self {
        Self::new(2, "input", message)
    }

    /// Exit code 3: a rule of the pool refuses the command; nothing was changed.
    pub fn refused(message: impl Display) -> Self {
        Self::new(3, "refused", message)
    }

    /// Exit code 4: a pool file is damaged.
    pub fn damaged(message: impl Display) -> Self {
        Self::new(4, "damaged", message)
    }

    /// Exit code 1: the machine failed (disk, permissions).
    pub fn environment(message: impl Display) -> Self {
        Self::new(1, "environment", message)
    }

    /// Adds the number of the rule that refused.
    #[must_use]
    pub fn rule(mut self, rule: impl Display) -> Self {
        self.rule = Some(rule.to_string());
        self
    }

    /// Adds what the user can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Says that with `--json` the document already printed tells of the failure: one run prints one document.
    #[must_use]
    pub fn reported(mut self, format: Format) -> Self {
        self.reported = format == Format::Json;
        self
    }

    /// Prints the failure and returns its exit code. With `--json` the failure is a JSON document too.
    pub fn report(&self, format: Format) -> ExitCode {
        match format {
            Format::Json if self.reported => {}
            Format::Json => {
                let error =
                    json!({"kind": self.kind, "message": self.message, "rule": self.rule, "hint": self.hint});
                print_json(&json!({ "error": error }));
            }
            Format::Table => {
                match &self.rule {
                    Some(rule) => anstream::eprintln!("error: rule {rule}: {}", self.message),
                    None => anstream::eprintln!("error: {}", self.message),
                }
                if let Some(hint) = &self.hint {
                    anstream::eprintln!("hint: {hint}");
                }
            }
        }
        ExitCode::from(self.code)
    }
}

/// Refuses a file that could not be written, before long work is done for it.
///
/// # Errors
/// It is a folder itself, or its folder does not exist.
pub fn writable(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(
            Failure::environment(format!("{}: is a folder", path.display())).hint("name a file in it")
        );
    }
    if folder(path).is_dir() {
        return Ok(());
    }
    Err(Failure::environment(format!("{}: there is no folder {}", path.display(), folder(path).display()))
        .hint("make the folder first"))
}

/// Writes a file whole or not at all: beside its place under another name, then renamed, so that neither a full
/// disk nor a reader meets half of it. What is no plain file, such as a pipe, is written to as it is.
///
/// # Errors
/// The disk refuses; the file that was there before is still there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::environment(format!("{}: {error}", path.display()));
    if std::fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        return std::fs::write(path, bytes).map_err(failed);
    }
    let name = path.file_name().ok_or_else(|| failed(std::io::ErrorKind::IsADirectory.into()))?;
    let beside = folder(path).join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    written.map_err(|error| {
        // The failure to write is what is told; that nothing is left behind is a courtesy.
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Prints a JSON document. A reader that closed the pipe has read enough.
pub fn print_json(value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let _ = writeln!(stdout(), "{text}");
}

/// Prints a line. A reader that closed the pipe has read enough.
pub fn line(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// A table in the house style: the first column left, numbers right.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
    let mut table = columns(header.map(str::to_owned).to_vec(), rows.into_iter().map(Vec::from));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A table in the house style whose columns are known at run time; all on the left until they are aligned.
pub fn columns(header: Vec<String>, rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table
}

/// Digits in groups of three: 1234567 becomes 1,234,567.
pub fn grouped(units: u128) -> String {
    let digits = units.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A bar for long work; silent where standard error is not a terminal, or with `--json`.
pub fn progress(length: u64, what: &'static str, format: Format) -> ProgressBar {
    if format == Format::Json || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:24} {bar:40} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(length).with_style(style).with_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u128::MAX), "340,282,366,920,938,463,463,374,607,431,768,211,455");
    }
}
