//! `seawall quote`: from a loan book to a premium, with everything the price rests on.
//!
//! [`inputs`] reads the files, [`market_model`] calibrates, [`pricing`] simulates and prices, [`tables`] and
//! [`document`] show the result. Nothing here decides anything that is not in the actuary.

pub mod args;
pub mod assumptions;
pub mod document;
pub mod figures;
pub mod grid;
pub mod inputs;
pub mod market_model;
pub mod pricing;
pub mod shipped;
pub mod tables;
pub mod windows;

pub use args::Args;

use assumptions::Assumptions;
use inputs::Inputs;
use market_model::Modelled;
use pricing::Pricing;

use crate::output::{Failure, Format, print_json, progress};

/// A quote: what went in, the model, the price.
#[derive(Debug)]
pub struct Quote {
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
        all.extend(self.assumptions.sentences(&self.inputs.insured));
        all.push(format!("held out of the calibration: {held_out}"));
        all
    }

    /// What the model leaves out, in words.
    pub fn gaps(&self) -> Vec<&'static str> {
        assumptions::gaps(&self.inputs.insured)
    }
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let terms = args.terms()?;
    let assumptions = args.assumptions()?;
    let inputs = inputs::read(&args.selection())?;
    let (asked, known) = args.hold_out();
    let end = inputs.history.time(inputs.history.rows());
    let held_out = windows::hold_out(asked, known, inputs.history.start, end)?;
    let quote = make(inputs, assumptions, held_out, &terms, format)?;
    let document = document::json(&quote);
    match format {
        Format::Json => print_json(&document),
        Format::Table => tables::print(&quote),
    }
    if let Some(path) = &args.out {
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        std::fs::write(path, text + "\n")
            .map_err(|error| Failure::environment(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// Makes a quote from inputs already read.
pub fn make(
    inputs: Inputs,
    assumptions: Assumptions,
    held_out: Vec<(u64, u64)>,
    terms: &pricing::Terms,
    format: Format,
) -> Result<Quote, Failure> {
    let modelled = market_model::build(&inputs, held_out, &assumptions)?;
    let bar = progress(terms.paths as u64, "simulating", format);
    let pricing = pricing::price(&inputs, &modelled, terms, &bar)?;
    Ok(Quote { inputs, assumptions, modelled, pricing })
}
