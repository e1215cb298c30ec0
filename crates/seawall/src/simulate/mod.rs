//! `seawall simulate` and `seawall merge`: the losses of a price in shards, by ranges of paths.
//!
//! Any scheduler can spread the ranges over machines; a shard is a file of sums and worst losses whose size does not
//! grow with its paths. Merged in any order, shards give the bits of one run, and `seawall quote --losses FILE` prices
//! from them. A shard carries the digest of the request that it was simulated for.

use std::ops::Range;
use std::path::{Path, PathBuf};

use seawall_actuary::loss::LossFigures;
use seawall_actuary::pricing::price::{accounts, simulation, spec};
use seawall_actuary::pricing::{Design, Pricing};
use seawall_formats::loss_shard::{self, Merger, Shard, ShardError};
use serde_json::{Value, json};

use crate::output::{self, Failure, Format, grouped, line, print_json, progress, table};
use crate::quote::figures::{hex, level, percent, with_error};
use crate::quote::inputs::Inputs;
use crate::quote::market_model::{self, Modelled};
use crate::quote::pricing::{AT_RISK_LEVEL, SHORTFALL_LEVEL, refused};
use crate::quote::request::QuoteRequest;
use crate::quote::{Asked, Options, Quote, prepare};

/// Arguments of `seawall simulate`.
#[derive(clap::Args)]
#[command(
    after_help = "Example, on two machines:\n  seawall simulate --paths 0..500000 --of 1000000 --out a.losses\n  \
                  seawall simulate --paths 500000..1000000 --of 1000000 --out b.losses\n  seawall merge a.losses b.losses \
                  --out all.losses\n  seawall quote --paths 1000000 --losses all.losses"
)]
pub struct Args {
    #[command(flatten)]
    options: Options,
    /// Paths of this shard, FROM..TO (TO not included).
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    paths: Range<u64>,
    /// Paths of all shards together.
    #[arg(long, value_name = "PATHS", value_parser = clap::value_parser!(u32).range(100..=100_000_000))]
    of: u32,
    /// Write the shard to this file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Arguments of `seawall merge`.
#[derive(clap::Args)]
pub struct MergeArgs {
    /// Shards, in any order.
    #[arg(value_name = "SHARD", required = true)]
    shards: Vec<PathBuf>,
    /// Write the merged losses to this file; their paths must be without a gap.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs `seawall simulate`.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let asked = args.options.asked(args.of)?;
    if args.paths.end > u64::from(args.of) {
        return Err(Failure::input(format!(
            "--paths {}..{} goes beyond the {} paths of --of",
            args.paths.start, args.paths.end, args.of
        )));
    }
    output::writable(&args.out)?;
    let (inputs, asked) = prepare(&args.options, asked)?;
    let digest = QuoteRequest::of(&inputs, &asked).digest();
    let modelled = market_model::build(&inputs, asked.held_out.clone(), &asked.assumed)?;
    let design = design(&modelled, &asked)?;
    let run = simulation(&modelled.prices, &modelled.system, &design, &asked.terms, &asked.drawing)
        .map_err(refused)?;
    let spec = spec(&design, &modelled.exposures, &asked.terms, &asked.drawing).map_err(refused)?;
    let bar = progress(args.paths.end - args.paths.start, "simulating", format);
    let losses = run.accumulate(&spec, args.paths.clone(), &|paths| bar.inc(paths)).map_err(refused)?;
    bar.finish_and_clear();
    let figures = losses.finish().map_err(Failure::input)?;
    let shard = Shard { digest, paths: args.paths.clone(), losses };
    loss_shard::write(&args.out, &shard).map_err(unshardable)?;
    tell(&args.out.display().to_string(), &digest, std::slice::from_ref(&args.paths), &figures, format);
    Ok(())
}

/// Runs `seawall merge`.
pub fn merge(args: &MergeArgs, format: Format) -> Result<(), Failure> {
    args.out.as_deref().map(output::writable).transpose()?;
    let mut merger = Merger::new();
    let bar = progress(args.shards.len() as u64, "merging", format);
    for path in &args.shards {
        let shard = loss_shard::read(path, None).map_err(unshardable)?;
        merger.add(&path.display().to_string(), shard).map_err(unshardable)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let merged = merger.finish().map_err(unshardable)?;
    let present = present(merged.losses.spec().planned_paths, &merged.missing);
    let figures = merged.losses.finish().map_err(Failure::input)?;
    let digest = merged.digest;
    if let Some(out) = &args.out {
        let [paths] = &present[..] else {
            return Err(unshardable(ShardError::Missing {
                planned: merged.losses.spec().planned_paths,
                missing: merged.missing,
            }));
        };
        let shard = Shard { digest, paths: paths.clone(), losses: merged.losses };
        loss_shard::write(out, &shard).map_err(unshardable)?;
    }
    let name = args.out.as_ref().map_or_else(|| "merged".to_owned(), |out| out.display().to_string());
    tell(&name, &digest, &present, &figures, format);
    Ok(())
}

/// A quote from losses already simulated, which must be those of the request.
///
/// # Errors
/// Losses of another request, or not of all its paths.
pub fn priced(inputs: Inputs, asked: Asked, losses: &Path) -> Result<Quote, Failure> {
    let request = QuoteRequest::of(&inputs, &asked);
    let shard = loss_shard::read(losses, Some(&request.digest())).map_err(unshardable)?;
    let mut merger = Merger::new();
    merger.add(&losses.display().to_string(), shard).map_err(unshardable)?;
    let sums = merger.finish().and_then(loss_shard::Merged::complete).map_err(unshardable)?;
    let modelled = market_model::build(&inputs, asked.held_out.clone(), &asked.assumed)?;
    let design = design(&modelled, &asked)?;
    let figures = sums.finish().map_err(Failure::input)?;
    let Modelled { prices, system, exposures, events, .. } = &modelled;
    let run = simulation(prices, system, &design, &asked.terms, &asked.drawing).map_err(refused)?;
    let accounts = accounts(&run, &design, &asked.terms).map_err(refused)?;
    let pricing = Pricing::of(design, figures, exposures, events.as_ref(), accounts, &asked.terms);
    let pricing = pricing.map_err(refused)?;
    Ok(Quote { request, inputs, assumptions: asked.assumed, modelled, pricing })
}

fn design(modelled: &Modelled, asked: &Asked) -> Result<Design, Failure> {
    let Modelled { prices, system, exposures, .. } = modelled;
    Design::of(prices, system, exposures, &asked.terms, &asked.drawing).map_err(refused)
}

/// Ranges that are there, from those that are not.
fn present(planned: u64, missing: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut present = Vec::new();
    let mut next = 0;
    let end = planned..planned;
    for gap in missing.iter().chain([&end]) {
        if next < gap.start {
            present.push(next..gap.start);
        }
        next = gap.end;
    }
    present
}

/// A refusal of a shard: damage and machine trouble have exit codes of their own.
fn unshardable(error: ShardError) -> Failure {
    let hint = error.hint();
    let failure = match &error {
        ShardError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Failure::input(&error).hint("seawall simulate --out FILE writes such a file")
        }
        ShardError::Io { .. } => Failure::environment(&error),
        ShardError::Checksum { .. } | ShardError::Length { .. } => Failure::damaged(&error),
        _ => Failure::input(&error),
    };
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Reads `FROM..TO`.
fn range(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("{text:?} is not FROM..TO with whole numbers such as 0..100000");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) if from < to => Ok(from..to),
        _ => Err(wrong()),
    }
}

fn tell(name: &str, digest: &[u8; 32], paths: &[Range<u64>], figures: &LossFigures, format: Format) {
    match format {
        Format::Json => print_json(&document(name, digest, paths, figures)),
        Format::Table => {
            let ranges: Vec<String> =
                paths.iter().map(|range| format!("{}..{}", range.start, range.end)).collect();
            line(&format!("{name}: paths {} of request {}", ranges.join(", "), &hex(digest)[..16]));
            let rows = figures.horizons.iter().enumerate().map(|(index, horizon)| {
                let owed = &horizon.owed;
                [
                    format!("horizon {}", index + 1),
                    with_error(horizon.gross.mean),
                    with_error(owed.mean),
                    with_error(owed.shortfall.expected_shortfall),
                    with_error(owed.at_risk.value_at_risk),
                    format!("{:.1}", owed.shortfall_reduction),
                ]
            });
            let shortfall = format!("ES {}", level(SHORTFALL_LEVEL));
            let at_risk = format!("VaR {}", level(AT_RISK_LEVEL));
            let header = [
                "losses",
                "gross",
                "owed by the pool",
                shortfall.as_str(),
                at_risk.as_str(),
                "variance, plain over this",
            ];
            line(&table(header, rows).to_string());
            line(&format!(
                "  {} paths, mean weight {:.4} ± {:.4}, effective {} ({})",
                grouped(figures.paths.into()),
                figures.mean_weight.value,
                figures.mean_weight.standard_error,
                grouped(figures.effective_samples as u128),
                percent(figures.effective_samples / figures.paths as f64),
            ));
        }
    }
}

fn document(name: &str, digest: &[u8; 32], paths: &[Range<u64>], figures: &LossFigures) -> Value {
    let horizons = figures.horizons.iter().map(|horizon| {
        json!({
            "gross_mean": horizon.gross.mean.value,
            "owed_mean": horizon.owed.mean.value,
            "owed_mean_error": horizon.owed.mean.standard_error,
            "expected_shortfall": horizon.owed.shortfall.expected_shortfall.value,
            "expected_shortfall_error": horizon.owed.shortfall.expected_shortfall.standard_error,
            "value_at_risk": horizon.owed.at_risk.value_at_risk.value,
            "shortfall_reduction": horizon.owed.shortfall_reduction,
        })
    });
    json!({
        "file": name,
        "request": hex(digest),
        "ranges": paths.iter().map(|range| [range.start, range.end]).collect::<Vec<_>>(),
        "paths": figures.paths,
        "mean_weight": figures.mean_weight.value,
        "effective_samples": figures.effective_samples,
        "horizons": horizons.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_gaps() {
        assert_eq!(range("0..10"), Ok(0..10));
        for bad in ["10", "10..10", "a..b", "5..2", "-1..2"] {
            assert!(range(bad).is_err(), "{bad}");
        }
        assert_eq!(present(10, &[2..4, 8..10]), [0..2, 4..8]);
        assert_eq!(present(10, &[]).first(), Some(&(0..10)));
    }
}
