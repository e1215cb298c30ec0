//! `seawall quote`: from a loan book to a premium, with everything the price rests on.
//!
//! [`inputs`] reads the files, [`market_model`] calibrates, [`pricing`] simulates and prices, [`tables`] and
//! [`document`] show the result. [`request`] is all that determines the price; [`mod@file`] writes it with the figures
//! and, [bound](binding) to a pool, with what an actuary signs. Nothing here decides anything that is not in the actuary.

pub mod account_market;
pub mod args;
pub mod assumptions;
pub mod binding;
pub mod bounds;
pub mod document;
pub mod exact;
pub mod figures;
pub mod file;
pub mod fit_report;
pub mod grid;
pub mod inputs;
pub mod market_model;
pub mod pegs;
pub mod pricing;
pub mod request;
pub mod shipped;
pub mod tables;
pub mod windows;

pub use args::{Args, Options};

use assumptions::Assumptions;
use file::QuoteFile;
use inputs::Inputs;
use market_model::Modelled;
use pricing::{DesignOptions, Pricing, Terms};
use request::QuoteRequest;
use seawall_actuary::price::calibrate::PegFit;

use crate::output::{self, Failure, Format, print_json, progress};
use crate::simulate;

/// A quote: what went in, the model, the price.
#[derive(Clone, Debug)]
pub struct Quote {
    /// All that determines it.
    pub request: QuoteRequest,
    /// Files, book, prices, depth.
    pub inputs: Inputs,
    /// What is assumed of liquidators and staking tokens.
    pub assumptions: Assumptions,
    /// The fitted model.
    pub modelled: Modelled,
    /// The price.
    pub pricing: Pricing,
}

impl Quote {
    /// All assumptions, in words.
    pub fn assumptions_in_words(&self) -> Vec<String> {
        let windows: Vec<String> = self
            .modelled
            .held_out
            .iter()
            .map(|&(from, to)| format!("{}..{}", windows::day(from), windows::day(to)))
            .collect();
        let held_out = if windows.is_empty() {
            "nothing".to_owned()
        } else {
            format!(
                "{} (UTC); the price does not know them and is too low for real cover",
                windows.join(", ")
            )
        };
        let mut all = self.inputs.assumptions.clone();
        let tracks = || self.inputs.insured.iter().flat_map(|insured| insured.tracks());
        let basis = tracks().any(|track| pegs::is_assumed(&self.inputs, track));
        all.extend(self.assumptions.sentences(&self.inputs.insured, basis));
        let read = |fit: &&PegFit| self.inputs.pegs.iter().any(|peg| peg.token == fit.asset);
        all.extend(self.modelled.pegs.iter().filter(read).map(pegs::sentence));
        all.push(format!("held out of the calibration: {held_out}"));
        all
    }

    /// What the model leaves out, in words.
    pub fn gaps(&self) -> Vec<String> {
        self.assumptions.gaps(&self.inputs.insured)
    }
}

/// What is asked of files already read.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What is assumed and not read.
    pub assumed: Assumptions,
    /// Windows held out of the calibration, Unix seconds.
    pub held_out: Vec<(u64, u64)>,
    /// Terms, paths and seed.
    pub terms: Terms,
    /// How paths are drawn.
    pub drawing: DesignOptions,
}

/// Inputs read, and all that is asked of them.
///
/// # Errors
/// Files that cannot be read, options that make no sense.
pub fn prepare(options: &Options, asked: Asked) -> Result<(Inputs, Asked), Failure> {
    let inputs = inputs::read(&options.selection())?;
    let (windows, known) = options.hold_out();
    let end = inputs.history.time(inputs.history.rows());
    let held_out = windows::hold_out(windows, known, inputs.history.start, end)?;
    Ok((inputs, Asked { held_out, ..asked }))
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let asked = args.asked()?;
    args.out.as_deref().map(output::writable).transpose()?;
    let (inputs, asked) = prepare(&args.options, asked)?;
    let markets: Vec<&str> = inputs.insured.iter().map(|insured| insured.market.name.as_str()).collect();
    let binding = args.binding.binding(&markets)?;
    let quote = match &args.losses {
        None => make(inputs, asked, format)?,
        Some(path) => simulate::priced(inputs, asked, path)?,
    };
    let written = match &args.out {
        None => None,
        Some(path) => {
            let file = QuoteFile::of(&quote, &binding)?;
            output::write_whole(path, file.text()?.as_bytes())?;
            Some((path, file))
        }
    };
    match format {
        Format::Json => {
            let mut document = document::json(&quote);
            if args.fit_report {
                document["fit_report"] = fit_report::json(&quote);
            }
            print_json(&document);
        }
        Format::Table => {
            tables::print(&quote);
            if args.fit_report {
                fit_report::print(&quote);
            }
        }
    }
    if let (Format::Table, Some((path, file))) = (format, written) {
        output::line(&format!("\nwrote {}: {}", path.display(), file.summary()));
    }
    Ok(())
}

/// Makes a quote from inputs already read.
pub fn make(inputs: Inputs, asked: Asked, format: Format) -> Result<Quote, Failure> {
    let request = QuoteRequest::of(&inputs, &asked);
    let Asked { assumed, held_out, terms, drawing } = asked;
    let modelled = market_model::build(&inputs, held_out, &assumed)?;
    let bar = progress(terms.paths as u64, "simulating", format);
    let pricing = pricing::price(&modelled, &terms, &drawing, &bar)?;
    Ok(Quote { request, inputs, assumptions: assumed, modelled, pricing })
}
