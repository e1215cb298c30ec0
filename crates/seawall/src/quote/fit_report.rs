//! The fit of the price model in full: what was fitted on which window with which error, how the laws compare, what was
//! rejected and why, how good the data are, what was repaired. In short with every quote, whole on request.

use seawall_actuary::price::PriceModel;
use seawall_actuary::price::calibrate::{
    CorrelationMethod, Figure, LawComparison, PegEvent, PegFit, PegSource, RejectReason,
};
use seawall_formats::candles::CandleReport;
use serde_json::{Value, json};

use super::grid::grid as table;
use super::{Quote, figures, windows};
use crate::output::line;

/// Below this a change of a correlation is rounding.
const REPAIRED: f64 = 1e-12;

/// The fit in a few lines: correlation, what was rejected, how good the data are.
pub fn short(quote: &Quote) -> Vec<String> {
    let calibration = &quote.modelled.calibration;
    let report = &calibration.report;
    let mut lines = Vec::new();
    if calibration.assets.len() > 1 {
        let pairs = (1..calibration.assets.len()).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| {
            format!(
                "{}/{} {:.3} ± {:.3}",
                calibration.assets[j].asset,
                calibration.assets[i].asset,
                calibration.correlation.matrix[i][j],
                calibration.correlation_error[i][j]
            )
        });
        let pairs: Vec<String> = pairs.collect();
        let shown = pairs.iter().take(PAIRS_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = match pairs.len().saturating_sub(PAIRS_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more pairs"),
        };
        lines.push(format!("correlation, {}: {shown}{more}; {}", method(quote), repair(quote)));
    }
    if !report.rejected.is_empty() {
        lines.push(format!(
            "{} closes rejected as bad prints (--fit-report lists them)",
            report.rejected.len()
        ));
    }
    let gaps: Vec<String> = (report.assets.iter().filter(|asset| asset.missing > 0))
        .map(|asset| format!("{} {} (longest {})", asset.asset, asset.missing, asset.longest_gap))
        .collect();
    if !gaps.is_empty() {
        lines.push(format!("rows without a close: {}", gaps.join(", ")));
    }
    lines.extend(quote.inputs.quality.candles.iter().map(CandleReport::to_string));
    lines
}

/// Most pairs of the short form.
const PAIRS_SHOWN: usize = 6;

fn method(quote: &Quote) -> String {
    let report = &quote.modelled.calibration.report.correlation;
    match report.method {
        CorrelationMethod::FullSample => format!("full sample ({:.0} rows)", report.rows),
        CorrelationMethod::Ewma { half_life_days } => {
            format!("weights halve in {half_life_days} days (worth {:.0} rows)", report.rows)
        }
    }
}

fn repair(quote: &Quote) -> String {
    let report = &quote.modelled.calibration.report.correlation;
    if report.largest_change > REPAIRED {
        format!(
            "repaired: not positive definite (smallest eigenvalue {:.4}), an entry changed by up to {:.4}",
            report.smallest_eigenvalue, report.largest_change
        )
    } else {
        "not repaired".to_owned()
    }
}

/// Prints all of it.
pub fn print(quote: &Quote) {
    let calibration = &quote.modelled.calibration;
    let report = &calibration.report;
    line(&format!(
        "\nFit report: {} to {}, {} rows of {} s, {} of them held out",
        windows::minute(report.from),
        windows::minute(report.to),
        report.rows,
        report.step,
        report.held_out_rows
    ));
    for &window in &quote.modelled.held_out {
        line(&format!("  held out: {}", windows::days(window)));
    }
    line(
        &table(["of", "figure", "value", "error", "unit", "window", "on", "method"], figure_rows(quote))
            .to_string(),
    );
    if let Some(regime) = &calibration.regime {
        line(&format!(
            "  stress: {} spells, {} of the rows, {} at the end; multipliers are over calm (volatility x {:.2})",
            report.stress_spells,
            figures::percent(report.stress_share),
            if report.stressed_at_end { "stressed" } else { "calm" },
            regime.volatility.value
        ));
    }
    line(&format!("  correlation, {}: {}", method(quote), repair(quote)));
    line(
        "\nLaws of own jumps on the same returns (lowest AIC fits best; tail: falls expected over falls seen)",
    );
    let rows = calibration.assets.iter().flat_map(|fit| law_rows(&fit.asset, &fit.comparison));
    line(&table(["asset", "law", "parameters", "AIC", "tail", "falls beyond", "seen"], rows).to_string());
    line("\nReturns");
    let rows = report.assets.iter().map(|asset| {
        [
            asset.asset.clone(),
            asset.returns.to_string(),
            format!("{} ({})", asset.missing, asset.longest_gap),
            format!("{} ({})", asset.unchanged, asset.longest_unchanged),
            figures::percent(asset.threshold),
            format!("{} / {}", asset.down_jumps, asset.up_jumps),
            figures::percent(asset.realised_volatility),
        ]
    });
    let header = [
        "asset",
        "used",
        "missing (longest)",
        "unchanged (longest)",
        "jump beyond",
        "jumps down / up",
        "volatility",
    ];
    line(&table(header, rows).to_string());
    list("Rejected closes", rejected(quote));
    let crashes = report.crashes.iter().map(|crash| {
        let state = if crash.stressed { "stress" } else { "calm" };
        format!(
            "{}: fall {} over {} rows with jumps, in {state}",
            windows::minute(crash.time),
            figures::percent(crash.fall),
            crash.rows
        )
    });
    list("Common crashes", crashes.collect());
    list("Pegs", quote.modelled.pegs.iter().flat_map(peg_lines).collect());
    list("Data", data_lines(quote));
}

fn list(title: &str, items: Vec<String>) {
    line(&format!("\n{title}{}", if items.is_empty() { ": none" } else { "" }));
    for item in items {
        line(&format!("  {item}"));
    }
}

/// Every figure of the model that is used: calibration, pegs, and the variance of a filtered simulation.
fn all_figures(quote: &Quote) -> Vec<Figure> {
    let modelled = &quote.modelled;
    let mut all = modelled.calibration.figures();
    if let PriceModel::Filtered(model) = &modelled.prices {
        all.extend(model.report().figures());
    }
    all.extend(modelled.pegs.iter().flat_map(PegFit::figures));
    all
}

fn figure_rows(quote: &Quote) -> impl Iterator<Item = [String; 8]> {
    all_figures(quote).into_iter().map(|figure| {
        let error = match figure.standard_error {
            error if error.is_finite() => significant(error),
            _ => "unknown".to_owned(),
        };
        let window = match figure.to {
            0 => "-".to_owned(),
            to => format!("{}..{}", windows::day(figure.from), windows::day(to)),
        };
        [
            figure.subject,
            figure.name.to_owned(),
            significant(figure.value),
            error,
            figure.unit.to_owned(),
            window,
            figure.observations.to_string(),
            figure.method.to_owned(),
        ]
    })
}

/// Four significant digits or so.
fn significant(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.3}"),
        size if size >= 1e-3 => format!("{value:.5}"),
        _ => format!("{value:.3e}"),
    }
}

fn law_rows(asset: &str, comparison: &LawComparison) -> Vec<[String; 7]> {
    let best = comparison.laws.iter().map(|law| law.aic).fold(f64::INFINITY, f64::min);
    let row = |law: &seawall_actuary::price::calibrate::LawFit| {
        [
            asset.to_owned(),
            format!("{:?}", law.law),
            law.parameters.to_string(),
            format!("+{:.0}", law.aic - best),
            format!("{:.2}", law.tail_ratio),
            figures::percent(comparison.tail_size),
            comparison.tail_count.to_string(),
        ]
    };
    comparison.laws.iter().map(row).collect()
}

fn reason(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::Spike => "left by more than the limit and was back a row later",
    }
}

fn rejected(quote: &Quote) -> Vec<String> {
    let one = |close: &seawall_actuary::price::calibrate::RejectedClose| {
        format!(
            "{} at {}: {} after {}, {}",
            close.asset,
            windows::minute(close.time),
            close.close,
            close.before,
            reason(close.reason)
        )
    };
    quote.modelled.calibration.report.rejected.iter().map(one).collect()
}

fn peg_lines(fit: &PegFit) -> Vec<String> {
    let mut lines = vec![super::pegs::sentence(fit)];
    let Some(report) = &fit.report else { return lines };
    lines.push(format!(
        "  lowest {:+.2} % at {}, highest {:+.2} % at {}; jumps beyond {:.2} %, {} recoveries, {} rows missing, {} held out",
        report.lowest.0 * 100.0,
        windows::minute(report.lowest.1),
        report.highest.0 * 100.0,
        windows::minute(report.highest.1),
        report.threshold * 100.0,
        report.recoveries,
        report.missing,
        report.held_out_rows
    ));
    let event = |side: &str, event: &PegEvent| {
        format!(
            "  {side} at {}: {:.2} % in {} rows",
            windows::minute(event.time),
            event.size * 100.0,
            event.rows
        )
    };
    lines.extend(report.below.events.iter().map(|one| event("depeg", one)));
    lines.extend(report.above.events.iter().map(|one| event("above par", one)));
    lines
}

fn data_lines(quote: &Quote) -> Vec<String> {
    let quality = &quote.inputs.quality;
    let mut lines: Vec<String> = quality
        .table
        .iter()
        .map(|gaps| match &gaps.longest {
            None => format!("{}: table of closes without a gap", gaps.asset),
            Some(longest) => format!(
                "{}: {} hours missing from the table in {} runs, longest {} h from {}",
                gaps.asset,
                gaps.hours,
                gaps.runs,
                longest.hours,
                windows::minute(longest.start)
            ),
        })
        .collect();
    for report in &quality.candles {
        lines.push(report.to_string());
        lines.extend(report.missing_runs.first.iter().take(LISTED).map(|run| {
            format!("  missing: {} intervals from {}", run.intervals, windows::minute(run.start))
        }));
        lines.extend(report.stale.first.iter().take(LISTED).map(|run| {
            format!("  stale: {} rows at {} from {}", run.rows, run.close, windows::minute(run.start))
        }));
        lines.extend(report.impossible.first.iter().take(LISTED).map(|bad| {
            let c = bad.candle;
            format!(
                "  impossible: line {}, {:?}: open {} high {} low {} close {}",
                bad.line, bad.defect, c.open, c.high, c.low, c.close
            )
        }));
        lines.extend(report.spikes.first.iter().take(LISTED).map(|spike| {
            format!("  gone a row later: line {}, close {} after {}", spike.line, spike.close, spike.before)
        }));
        lines.extend(report.wicks.first.iter().take(LISTED).map(|wick| {
            format!("  held: line {}, {:?} {} at {}", wick.line, wick.side, wick.found, wick.held)
        }));
    }
    lines
}

/// Entries of one kind that the printed report lists of a file; the document has all that were kept.
const LISTED: usize = 5;

/// All of it as a document.
pub fn json(quote: &Quote) -> Value {
    let calibration = &quote.modelled.calibration;
    let report = &calibration.report;
    let figure = |figure: Figure| {
        json!({
            "of": figure.subject,
            "figure": figure.name,
            "unit": figure.unit,
            "value": figure.value,
            "standard_error": figure.standard_error.is_finite().then_some(figure.standard_error),
            "from": windows::minute(figure.from),
            "to": windows::minute(figure.to),
            "observations": figure.observations,
            "method": figure.method,
        })
    };
    let laws = calibration.assets.iter().map(|fit| {
        let law = |law: &seawall_actuary::price::calibrate::LawFit| {
            json!({
                "law": format!("{:?}", law.law),
                "parameters": law.parameters,
                "log_likelihood": law.log_likelihood,
                "aic": law.aic,
                "tail_ratio": law.tail_ratio,
            })
        };
        json!({
            "asset": fit.asset,
            "returns": fit.comparison.returns,
            "tail_count": fit.comparison.tail_count,
            "tail_size": fit.comparison.tail_size,
            "laws": fit.comparison.laws.iter().map(law).collect::<Vec<_>>(),
        })
    });
    let assets = report.assets.iter().map(|asset| {
        json!({
            "asset": asset.asset,
            "returns": asset.returns,
            "missing": asset.missing,
            "longest_gap": asset.longest_gap,
            "unchanged": asset.unchanged,
            "longest_unchanged": asset.longest_unchanged,
            "jump_threshold": asset.threshold,
            "down_jumps": asset.down_jumps,
            "up_jumps": asset.up_jumps,
            "realised_volatility": asset.realised_volatility,
        })
    });
    let rejected = report.rejected.iter().map(|close| {
        json!({
            "asset": close.asset,
            "time": windows::minute(close.time),
            "close": close.close,
            "before": close.before,
            "reason": reason(close.reason),
        })
    });
    let crashes = report.crashes.iter().map(|crash| {
        json!({"time": windows::minute(crash.time), "rows": crash.rows, "fall": crash.fall, "stressed": crash.stressed})
    });
    let gaps = quote
        .inputs
        .quality
        .table
        .iter()
        .map(|gaps| json!({"asset": gaps.asset, "hours_missing": gaps.hours, "runs": gaps.runs}));
    json!({
        "from": windows::minute(report.from),
        "to": windows::minute(report.to),
        "step_seconds": report.step,
        "rows": report.rows,
        "held_out": quote.modelled.held_out.iter().map(|&window| windows::days(window)).collect::<Vec<_>>(),
        "held_out_rows": report.held_out_rows,
        "law": format!("{:?}", calibration.law),
        "figures": all_figures(quote).into_iter().map(figure).collect::<Vec<_>>(),
        "laws": laws.collect::<Vec<_>>(),
        "returns": assets.collect::<Vec<_>>(),
        "rejected": rejected.collect::<Vec<_>>(),
        "crashes": crashes.collect::<Vec<_>>(),
        "stress": {
            "spells": report.stress_spells,
            "share": report.stress_share,
            "at_end": report.stressed_at_end,
        },
        "correlation": {
            "method": method(quote),
            "rows": report.correlation.rows,
            "smallest_eigenvalue": report.correlation.smallest_eigenvalue,
            "largest_change": report.correlation.largest_change,
            "repaired": report.correlation.largest_change > REPAIRED,
        },
        "pegs": quote.modelled.pegs.iter().map(peg_json).collect::<Vec<_>>(),
        "table_gaps": gaps.collect::<Vec<_>>(),
        "candles": quote.inputs.quality.candles.iter().map(candles_json).collect::<Vec<_>>(),
    })
}

fn peg_json(fit: &PegFit) -> Value {
    let event = |event: &PegEvent| json!({"time": windows::minute(event.time), "rows": event.rows, "size": event.size, "furthest": event.furthest});
    let stated = match fit.source {
        PegSource::Fitted => Value::Null,
        PegSource::Stated { prior, observed, years, bound95 } => json!({
            "depegs_a_year": prior.depeg_intensity,
            "depeg_size": prior.depeg_size,
            "worth_years": prior.years,
            "observed": observed,
            "years": years,
            "at_most_a_year_95": bound95.is_finite().then_some(bound95),
        }),
    };
    let seen = fit.report.as_ref().map(|report| {
        json!({
            "from": windows::minute(report.from),
            "to": windows::minute(report.to),
            "returns": report.returns,
            "missing": report.missing,
            "held_out_rows": report.held_out_rows,
            "threshold": report.threshold,
            "lowest": report.lowest.0,
            "highest": report.highest.0,
            "recoveries": report.recoveries,
            "depegs": report.below.events.iter().map(event).collect::<Vec<_>>(),
            "above_par": report.above.events.iter().map(event).collect::<Vec<_>>(),
        })
    });
    json!({"asset": fit.asset, "pegged_to": fit.reference, "stated": stated, "seen": seen})
}

fn candles_json(report: &CandleReport) -> Value {
    let missing = report.missing_runs.first.iter();
    let stale = report.stale.first.iter();
    json!({
        "asset": report.asset,
        "file": report.file,
        "interval_seconds": report.interval,
        "first": windows::minute(report.first),
        "last": windows::minute(report.last),
        "rows": report.rows,
        "used": report.used,
        "missing": report.missing,
        "missing_runs": missing
            .map(|run| json!({"start": windows::minute(run.start), "intervals": run.intervals}))
            .collect::<Vec<_>>(),
        "stale_runs": report.stale.count,
        "stale": stale
            .map(|run| json!({"start": windows::minute(run.start), "rows": run.rows, "untraded": run.untraded}))
            .collect::<Vec<_>>(),
        "impossible": report.impossible.count,
        "impossible_lines": report
            .impossible
            .first
            .iter()
            .map(|bad| json!({"line": bad.line, "defect": format!("{:?}", bad.defect)}))
            .collect::<Vec<_>>(),
        "gone_a_row_later": report.spikes.count,
        "wicks_held": report.wicks.count,
        "unfinished": report.unfinished.map(windows::minute),
    })
}
