//! A quote as one JSON document: every figure with its standard error, every input with its digest.

use seawall_actuary::liquidation::TwoLevel;
use seawall_actuary::loss::{Estimate, HorizonFigures, LayerFigures, LineFigures, Tail};
use seawall_actuary::price::calibrate::PegSource;
use seawall_actuary::pricing::AccountFigures;
use serde_json::{Map, Value, json};

use super::figures::hex;
use super::request::QuoteRequest;
use super::tables::layer_name;
use super::{Quote, windows};

/// The document: what was asked, and every figure.
pub fn json(quote: &Quote) -> Value {
    let mut document = json!({
        "inputs_digest": hex(&digest(quote)),
        "book": book(quote),
        "fit": fit(quote),
        "drawn": drawn(quote),
        "term": horizon(quote.pricing.term()),
        "capital_horizon": horizon(quote.pricing.horizon()),
        "events": events(quote),
        "premium": premium(quote),
        "layers": layers(quote),
        "layer_ends_by_quantile": quote.pricing.design.proposed.ends[1..].iter().map(|&end| estimate(end)).collect::<Vec<_>>(),
        "pool": pool(quote),
        "accounts": quote.pricing.accounts.iter().map(account_figures).collect::<Vec<_>>(),
        "assumptions": quote.assumptions_in_words(),
        "left_out": quote.gaps(),
    });
    if let Some(document) = document.as_object_mut() {
        document.extend(restated(&quote.request));
    }
    document
}

/// The parts of a request that the document restates: files, windows held out, terms, assumptions, model.
pub fn restated(request: &QuoteRequest) -> Map<String, Value> {
    let mut parts = match request.json() {
        Value::Object(parts) => parts,
        _ => Map::new(),
    };
    parts.remove("format");
    parts
}

/// Digest of all that the price depends on (rule 3.2): files, terms, assumptions, model and seed.
pub fn digest(quote: &Quote) -> [u8; 32] {
    quote.request.digest()
}

fn estimate(estimate: Estimate) -> Value {
    json!({"value": estimate.value, "standard_error": estimate.standard_error})
}

fn tail(tail: &Tail) -> Value {
    json!({
        "level": tail.level,
        "value_at_risk": estimate(tail.value_at_risk),
        "expected_shortfall": estimate(tail.expected_shortfall),
        "samples": tail.samples,
        "thin": tail.thin,
    })
}

fn line_figures(of: &LineFigures) -> Value {
    json!({
        "mean": estimate(of.mean),
        "deviation": estimate(of.deviation),
        "probability": estimate(of.probability),
        "maximum": of.maximum,
        "tail": tail(&of.shortfall),
        "at_risk": tail(&of.at_risk),
        "variance_of_plain_paths": {"mean": of.mean_reduction, "expected_shortfall": of.shortfall_reduction},
        "with_weight_as_control": of.control.map(|control| {
            json!({"mean": estimate(control.mean), "reduction": control.reduction})
        }),
    })
}

fn horizon(of: &HorizonFigures) -> Value {
    let market = |market: &seawall_actuary::loss::MarketFigures| {
        json!({
            "gross": line_figures(&market.gross),
            "owed": line_figures(&market.owed),
            "claim_probability": estimate(market.claim_probability),
            "limit_probability": estimate(market.limit_probability),
            "shortfall_part": estimate(market.shortfall_part),
        })
    };
    let layer = |layer: &LayerFigures| {
        json!({
            "layer": layer.name,
            "expected_loss": estimate(layer.expected_loss),
            "shortfall_part": estimate(layer.shortfall_part),
        })
    };
    json!({
        "markets": of.markets.iter().map(market).collect::<Vec<_>>(),
        "gross": line_figures(&of.gross),
        "owed": line_figures(&of.owed),
        "layers": of.layers.iter().map(layer).collect::<Vec<_>>(),
    })
}

/// How the paths were drawn, and what that was worth.
fn drawn(quote: &Quote) -> Value {
    let figures = &quote.pricing.figures;
    let components = quote.pricing.design.mixture.components.iter().map(|(share, tilt)| {
        let further = tilt.further.iter().map(|(probability, jump)| {
            json!({
                "of": format!("{:?}", jump.source),
                "probability": probability,
                "beyond": jump.beyond,
                "scale": jump.scale,
                "stress": jump.stress,
            })
        });
        json!({"share": share, "stress_start": tilt.stress_start, "further": further.collect::<Vec<_>>()})
    });
    json!({
        "paths": figures.paths,
        "replicates": figures.replicates,
        "interval_factor": figures.interval_factor(),
        "mean_weight": estimate(figures.mean_weight),
        "effective_samples": figures.effective_samples,
        "components": components.collect::<Vec<_>>(),
    })
}

/// What events do to each market; nothing where they are left out.
fn events(quote: &Quote) -> Value {
    let Some(events) = &quote.pricing.events else { return Value::Null };
    let markets = events.iter().zip(&quote.pricing.risks).map(|(events, risk)| {
        let causes = events.peril.causes.iter().map(
            |cause| json!({"cause": format!("{:?}", cause.cause), "rate": cause.rate, "severity": cause.severity}),
        );
        let experience = &events.peril.experience;
        json!({
            "market": risk.name,
            "causes": causes.collect::<Vec<_>>(),
            "rate_of_the_kind": estimate(events.peril.collective_rate),
            "rate": estimate(events.peril.rate),
            "own_rate": experience.own,
            "credibility": experience.credibility,
            "factor": experience.factor,
            "expected_cost_before_own_record": events.peril.collective_mean,
            "expected_cost": estimate(events.peril.mean),
            "payment_by_collective": events.collective,
            "payment_moved_by_own_record": events.experience,
            "own_losses": events.losses.map(|losses| json!({
                "collective_ratio": losses.ratio.collective,
                "own_ratio": losses.ratio.own,
                "credibility": losses.ratio.credibility,
                "factor": losses.factor,
            })),
        })
    });
    json!(markets.collect::<Vec<_>>())
}

/// A book of accounts: what its pass leaves out, and what that costs.
fn account_figures(of: &AccountFigures) -> Value {
    let both = |levels: &TwoLevel| {
        json!({
            "fast": estimate(levels.fast),
            "exact": estimate(levels.exact),
            "bias": estimate(levels.bias),
            "corrected": estimate(levels.mean),
            "correlation": levels.correlation,
            "paths": levels.exact_paths,
        })
    };
    json!({
        "market": of.name,
        "accounts": of.accounts,
        "dust": {"accounts": of.dust.0, "debt": of.dust.1},
        "pruned_share": of.pruned_share,
        "clusters": of.clusters,
        "spread": of.spread,
        "levels": of.levels.as_ref().map(both),
        "payments": of.payments.as_ref().map(both),
    })
}

/// The pool over the capital horizon, events included.
fn pool(quote: &Quote) -> Value {
    let pool = &quote.pricing.pool;
    json!({
        "expected_shortfall": estimate(pool.shortfall.expected_shortfall),
        "value_at_risk": estimate(pool.at_risk.value_at_risk),
        "optimal_fund": estimate(pool.optimal_fund),
        "capital_by_market": pool.capital.iter().map(|&part| estimate(part)).collect::<Vec<_>>(),
    })
}

fn book(quote: &Quote) -> Value {
    let markets = quote.inputs.insured.iter().enumerate().map(|(index, insured)| {
        let depth = quote.modelled.depth[index];
        json!({
            "market": insured.market.name,
            "collateral_asset": insured.market.collateral_asset,
            "debt_asset": insured.market.debt_asset,
            "loans": insured.loans(),
            "debt": insured.market.debt() * insured.debt_price,
            "collateral_price": insured.collateral_price,
            "debt_price": insured.debt_price,
            "bonus": insured.bonus,
            "depth_an_hour": {"calm": depth.calm, "stressed": depth.stressed},
        })
    });
    let left_out = {
        let of = |market: &seawall_formats::crvusd::MarketExclusions| {
            json!({
                "market": market.market,
                "above_threshold": {"loans": market.above_threshold.loans, "debt": market.above_threshold.debt},
                "dust": {"loans": market.dust.loans, "debt": market.dust.debt},
            })
        };
        quote.inputs.exclusions.markets.iter().map(of).collect::<Vec<_>>()
    };
    json!({
        "snapshot": quote.inputs.snapshot,
        "markets": markets.collect::<Vec<_>>(),
        "left_out": left_out,
    })
}

fn fit(quote: &Quote) -> Value {
    let calibration = &quote.modelled.calibration;
    let assets = calibration.assets.iter().map(|fit| {
        json!({
            "asset": fit.asset,
            "volatility": estimate(fit.volatility),
            "jumps_a_year": estimate(fit.jumps.intensity),
            "up_probability": estimate(fit.jumps.up_probability),
            "up_rate": estimate(fit.jumps.up_rate),
            "down_rate": estimate(fit.jumps.down_rate),
            "floor": fit.jumps.floor,
            "crash_loading": estimate(fit.crash_loading),
        })
    });
    let crash = calibration.crash.as_ref().map(|crash| {
        json!({
            "crashes_a_year": estimate(crash.intensity),
            "floor": crash.floor,
            "scale": estimate(crash.scale),
            "shape": estimate(crash.shape),
        })
    });
    let stress = calibration.regime.as_ref().map(|stress| {
        json!({
            "to_stress": estimate(stress.to_stress),
            "to_calm": estimate(stress.to_calm),
            "volatility": estimate(stress.volatility),
            "jump_intensity": estimate(stress.jump_intensity),
            "crash_intensity": estimate(stress.crash_intensity),
        })
    });
    let pegs = quote.modelled.pegs.iter().map(|peg| {
        json!({
            "asset": peg.asset,
            "pegged_to": peg.reference,
            "stated": matches!(peg.source, PegSource::Stated { .. }),
            "reversion": estimate(peg.reversion),
            "volatility": estimate(peg.volatility),
            "depegs_a_year": estimate(peg.depeg_intensity),
            "depeg_size": estimate(peg.depeg_size),
            "jumps_above_par_a_year": estimate(peg.premium_intensity),
            "jump_above_par_size": estimate(peg.premium_size),
            "above_par_stated": peg.premium_stated,
        })
    });
    let correlation = &calibration.report.correlation;
    json!({
        "pegs": pegs.collect::<Vec<_>>(),
        "correlation_half_life_days": quote.assumptions.correlation_half_life_days,
        "correlation_rows": correlation.rows,
        "correlation_repaired_by": correlation.largest_change,
        "from": windows::minute(calibration.report.from),
        "to": windows::minute(calibration.report.to),
        "rows": calibration.report.rows,
        "held_out_rows": calibration.report.held_out_rows,
        "assets": assets.collect::<Vec<_>>(),
        "correlation": calibration.correlation.matrix,
        "correlation_error": calibration.correlation_error,
        "crash": crash,
        "stress": stress,
    })
}

fn premium(quote: &Quote) -> Value {
    let pricing = &quote.pricing;
    let line = |line: &seawall_actuary::premium::Breakdown| {
        json!({
            "market": line.name,
            "expected_loss": estimate(line.expected_loss),
            "market_peril": estimate(line.losses.market),
            "event_peril": estimate(line.losses.event),
            "experience": line.losses.experience,
            "capital": estimate(line.capital),
            "loading": line.loading,
            "expenses": line.expenses,
            "no_claims_bonus": line.no_claims_bonus,
            "total": estimate(line.total),
            "rate_on_cover_a_year": line.per_cover_year,
            "rate_on_debt_a_year": line.per_debt_year,
            "going_rate": line.going_rate.as_ref().map(|rate| json!({
                "asset": rate.asset, "rate": rate.rate, "month": rate.month, "source": rate.source,
            })),
        })
    };
    let policies = pricing.design.policies.iter().zip(&pricing.risks).map(|(policy, risk)| {
        json!({
            "market": risk.name,
            "deductible": policy.deductible,
            "limit": policy.limit,
            "coinsurance": policy.coinsurance,
            "claim_probability": risk.claim_probability,
        })
    });
    json!({
        "lines": pricing.premiums.iter().map(line).collect::<Vec<_>>(),
        "total": line(&pricing.total),
        "policies": policies.collect::<Vec<_>>(),
    })
}

fn layers(quote: &Quote) -> Value {
    let pricing = &quote.pricing;
    let count = pricing.design.layers.tranches();
    let optional = |of: Option<Estimate>| of.map(estimate);
    let rows = pricing.tranches.iter().enumerate().map(|(index, layer)| {
        json!({
            "layer": layer_name(index, count),
            "attachment": layer.attachment,
            "exhaustion": layer.exhaustion,
            "expected_loss": estimate(layer.expected_loss),
            "probability_of_loss": estimate(layer.probability_of_loss),
            "probability_of_exhaustion": estimate(layer.probability_of_exhaustion),
            "loss_given_loss": optional(layer.loss_given_loss),
            "expected_shortfall": estimate(layer.expected_shortfall),
            "premium_share": pricing.split.get(index),
            "premium": layer.premium,
            "expected_return": optional(layer.expected_return),
            "deviation": optional(layer.deviation),
            "sharpe": optional(layer.sharpe),
            "sortino": optional(layer.sortino),
            "return_on_shortfall": optional(layer.return_on_shortfall),
            "breakeven_spread": optional(layer.breakeven_spread),
        })
    });
    json!(rows.collect::<Vec<_>>())
}
