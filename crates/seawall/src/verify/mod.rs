//! `seawall verify`: a quote computed again from its file, to the last bit, on any machine and any number of
//! threads; where it does not agree, what differs.
//!
//! In this order, each step only if nothing was wrong before: is it this model; is the
//! [request](difference::Kind::Request) the one that was priced; are the [files](difference::Kind::File) those that
//! were priced; are the [figures](difference::Kind::Figure) those that come out; is what is
//! [signed](difference::Kind::Signed) made of them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::output::{Failure, Format, line, print_json};
use crate::quote::file::{QuoteFile, other_model};
use crate::quote::inputs::Loaded;
use crate::quote::request::{MODEL_VERSION, QuoteRequest};
use crate::quote::{self, Quote, bounds};

mod compare;
mod difference;
mod files;
#[cfg(test)]
mod tests;

use difference::Difference;
use files::Moved;

/// Most differences that a table lists.
const LISTED_MAX: usize = 20;

/// Arguments of `seawall verify`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  seawall verify quote.json\n  seawall verify quote.json --book archive/loans.csv --markets \
                  archive/markets.csv\n\nFiles are looked for where the quote says, then beside the quote file. Exit codes: 0 \
                  everything agrees, 3 something differs or the quote is of another model, 2 the quote file or an input \
                  cannot be read."
)]
pub struct Args {
    /// Quote file, written by `seawall quote --out`.
    #[arg(value_name = "FILE")]
    quote: PathBuf,
    #[command(flatten)]
    moved: Moved,
}

/// What came of it.
#[derive(Debug, Default)]
struct Verification {
    /// Files whose digests were compared.
    files: usize,
    /// Figures that were compared.
    figures: usize,
    /// Signed messages that were compared.
    quotes: usize,
    /// What differs.
    differences: Vec<Difference>,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let file = QuoteFile::read(&args.quote)?;
    let name = args.quote.display().to_string();
    let found = verify(&file, &name, |request| {
        let selection = files::selection(request, &args.moved, &args.quote)?;
        let mut loaded = quote::inputs::load(&selection.borrowed())?;
        let differences = files::compare(request, &mut loaded);
        Ok(if differences.is_empty() {
            Ok(recompute(request, &loaded, &selection, format)?)
        } else {
            Err(differences)
        })
    })?;
    tell(&file, &found, &args.quote, format);
    match found.differences.first() {
        None => Ok(()),
        Some(first) => Err(Failure::refused(format!("{name}: {}, first {}", count(&found), first.what))
            .hint(first.kind.hint())
            .reported(format)),
    }
}

/// Compares a file with what `compute` makes of its request: the quote, or the files that differ.
///
/// # Errors
/// A quote of another model; a request out of bounds; what `compute` refuses.
fn verify(
    file: &QuoteFile,
    name: &str,
    compute: impl FnOnce(&QuoteRequest) -> Result<Result<Quote, Vec<Difference>>, Failure>,
) -> Result<Verification, Failure> {
    let request = &file.request;
    let number = request.model.number;
    if number != MODEL_VERSION {
        return Err(other_model(name, number.into(), Some(&request.model.release)));
    }
    let changed = compare::request(file);
    if !changed.is_empty() {
        return Ok(Verification { differences: changed, ..Verification::default() });
    }
    bounds::terms(&request.terms, bounds::Naming::File)?;
    bounds::assumptions(&request.assumed, bounds::Naming::File)?;
    bounds::drawing(&request.drawing, bounds::Naming::File)?;
    bounds::replicates(&request.terms, &request.drawing, bounds::Naming::File)?;
    let mut found = Verification { files: request.inputs.files.len(), ..Verification::default() };
    match compute(request)? {
        Err(differences) => found.differences = differences,
        Ok(quote) => {
            let fresh = QuoteFile::of(&quote, &file.binding)?;
            found.figures = compare::leaves(&fresh.result.0);
            found.quotes = fresh.quotes.len();
            found.differences = compare::files(file, &fresh);
        }
    }
    Ok(found)
}

/// The quote of a request whose files are those that were priced.
fn recompute(
    request: &QuoteRequest,
    loaded: &Loaded,
    selection: &files::Selected,
    format: Format,
) -> Result<Quote, Failure> {
    let inputs = quote::inputs::understand(loaded, &selection.borrowed())?;
    let mut quote = quote::make(inputs, request.asked(), format)?;
    // Another release of the same model gives the same figures.
    quote.request.model.release.clone_from(&request.model.release);
    Ok(quote)
}

/// Differences by number and in words.
fn count(found: &Verification) -> String {
    match found.differences.len() {
        1 => "1 value differs".to_owned(),
        many => format!("{many} values differ"),
    }
}

fn tell(file: &QuoteFile, found: &Verification, path: &Path, format: Format) {
    if format == Format::Json {
        return print_json(&document(file, found, path));
    }
    let request = &file.request;
    let computed = found.figures > 0;
    line(&format!("{}: model {}, seed {}", path.display(), request.model.number, request.terms.seed));
    line(&format!("  inputs   {}", seawall_quote::hex::encode(&request.digest())));
    if found.differences.is_empty() {
        line(&format!("  files    {} as they were priced", found.files));
        line(&format!("  figures  {}, equal to the last bit", found.figures));
        line(&format!("  signed   {}", file.summary()));
        return line("confirmed");
    }
    for difference in found.differences.iter().take(LISTED_MAX) {
        line(&format!("  {}: {}", difference.kind.name(), difference.words()));
    }
    if let Some(more @ 1..) = found.differences.len().checked_sub(LISTED_MAX) {
        line(&format!("  and {more} more; --json lists all"));
    }
    if !computed {
        line("the figures were not computed: they would be those of another quote");
    }
}

fn document(file: &QuoteFile, found: &Verification, path: &Path) -> Value {
    let computed = found.figures > 0;
    json!({
        "file": path.display().to_string(),
        "confirmed": found.differences.is_empty(),
        "model": file.request.model.number,
        "inputs_digest": seawall_quote::hex::encode(&file.request.digest()),
        "compared": {"files": found.files, "figures": computed.then_some(found.figures),
                     "quotes": computed.then_some(found.quotes)},
        "differences": found.differences.iter().map(Difference::json).collect::<Vec<_>>(),
    })
}
