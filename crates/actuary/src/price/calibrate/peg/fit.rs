//! The fit of a peg: level, reversion, noise, jumps, and the prior where jumps are too few.

use super::{PegEvent, PegFit, PegLevel, PegOptions, PegReport, PegSide, PegSource};
use crate::price::calibrate::{CalibrationError, Estimate, returns};
use crate::price::history::PriceHistory;

/// Fits a peg to the closes of `asset`, per unit of `reference` or of the quote currency.
///
/// # Errors
/// A history that fails its checks, an asset that is missing, too few moves between adjacent rows, held-out windows
/// outside the history, options outside their range.
pub fn calibrate_peg(
    history: &PriceHistory,
    asset: &str,
    reference: Option<&str>,
    options: &PegOptions,
) -> Result<PegFit, CalibrationError> {
    check(options)?;
    history.check()?;
    let held_out = returns::held_out(history, &options.hold_out)?;
    let closes = history.closes_of(asset)?;
    let reference_closes = reference.map(|symbol| history.closes_of(symbol)).transpose()?;
    let mut basis: Vec<f64> = closes.iter().map(|close| libm::log(*close)).collect();
    if let Some(reference) = reference_closes {
        for (value, close) in basis.iter_mut().zip(reference) {
            *value -= libm::log(*close);
        }
    }
    let missing = basis.iter().filter(|value| value.is_nan()).count();
    for (value, out) in basis.iter_mut().zip(&held_out) {
        if *out {
            *value = f64::NAN;
        }
    }
    let level = match options.level {
        PegLevel::Par => 0.0,
        PegLevel::Median => median(basis.iter().copied()),
    };
    basis.iter_mut().for_each(|value| *value -= level);
    let moves = basis.windows(2).filter(|pair| !(pair[1] - pair[0]).is_nan()).count();
    if moves < options.returns_min {
        let asset = asset.to_owned();
        return Err(CalibrationError::TooShort { asset, returns: moves, needed: options.returns_min });
    }
    let years_per_row = 1.0 / history.rows_per_year();
    let process = Process::fit(&basis, options, years_per_row);
    let years = moves as f64 * years_per_row;
    let run = (options.run_seconds / history.step) as usize;
    let below = process.side(history, &basis, -1.0, run, years);
    let above = process.side(history, &basis, 1.0, run, years);
    let extreme = |sign: f64| {
        let rows = basis.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let (row, value) = rows.max_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1))).unwrap_or((0, &0.0));
        (*value, history.time(row))
    };
    let report = PegReport {
        from: history.start,
        to: history.time(history.rows()),
        step: history.step,
        returns: moves,
        missing,
        held_out_rows: held_out.iter().filter(|out| **out).count(),
        level,
        threshold: process.threshold,
        below,
        above,
        recoveries: process.kinds.iter().filter(|kind| **kind == Kind::Recovery).count(),
        lowest: extreme(-1.0),
        highest: extreme(1.0),
        reversion: process.reversion,
    };
    Ok(with_prior(asset, reference, &process, report, years, options))
}

/// The fit as the history has it where it has depegs, else shifted by the prior.
fn with_prior(
    asset: &str,
    reference: Option<&str>,
    process: &Process,
    report: PegReport,
    years: f64,
    options: &PegOptions,
) -> PegFit {
    let (observed, prior) = (report.below.events.len(), options.prior);
    let mut fit = PegFit {
        asset: asset.to_owned(),
        reference: reference.map(str::to_owned),
        reversion: process.reversion,
        volatility: process.volatility,
        depeg_intensity: report.below.intensity,
        depeg_size: report.below.size,
        premium_intensity: report.above.intensity,
        premium_size: report.above.size,
        premium_stated: report.above.events.len() < options.depegs_min,
        source: PegSource::Fitted,
        report: None,
    };
    if fit.premium_stated {
        let of = (prior.premium_intensity, prior.premium_size, prior.years);
        (fit.premium_intensity, fit.premium_size) = shifted(&report.above, of, years);
    }
    if observed < options.depegs_min {
        let of = (prior.depeg_intensity, prior.depeg_size, prior.years);
        (fit.depeg_intensity, fit.depeg_size) = shifted(&report.below, of, years);
        // Noise around par reverts in hours; that a depeg does is not believed before it is seen. The spread of the basis
        // is kept.
        if fit.reversion.value > prior.reversion {
            let slower = (prior.reversion / fit.reversion.value).sqrt();
            fit.volatility = fit.volatility.scaled(slower);
            fit.reversion = Estimate { value: prior.reversion, standard_error: f64::INFINITY };
        }
        let bound95 = POISSON95.get(observed).copied().unwrap_or(f64::INFINITY) / years;
        fit.source = PegSource::Stated { prior, observed, years, bound95 };
    }
    fit.report = Some(report);
    fit
}

/// A prior's rate and mean size, which count as much as `worth` years, shifted by the jumps seen in `years`.
fn shifted(side: &PegSide, (rate, size, worth): (f64, f64, f64), years: f64) -> (Estimate, Estimate) {
    let n = side.events.len() as f64;
    // Gamma prior of the rate: so many jumps in so many years.
    let (expected, total) = (rate * worth, years + worth);
    let error = (n + expected).sqrt() / total;
    let intensity = Estimate { value: (n + expected) / total, standard_error: error };
    // The size counts as many jumps as the rate, at least one.
    let weight = expected.max(1.0);
    let seen = if n > 0.0 { n * side.size.value } else { 0.0 };
    let mean = (seen + weight * size) / (n + weight);
    (intensity, Estimate { value: mean, standard_error: mean / (n + weight).sqrt() })
}

/// Mean of the Poisson distribution under which as few events or fewer have probability 5 %: half the 95 % quantile of
/// chi squared with 2 (n + 1) degrees of freedom.
const POISSON95: [f64; 10] = [
    2.995_732_274,
    4.743_864_518,
    6.295_793_622,
    7.753_656_528,
    9.153_519_027,
    10.513_034_91,
    11.842_395_65,
    13.148_113_80,
    14.434_649_71,
    15.705_216_42,
];

/// What a move between two rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Absent,
    Noise,
    Down,
    Up,
    Recovery,
}

/// Reversion, noise and kinds of moves.
struct Process {
    reversion: Estimate,
    volatility: Estimate,
    threshold: f64,
    /// Kind of the move into each row, and what of it is not reversion.
    kinds: Vec<Kind>,
    unexpected: Vec<f64>,
}

impl Process {
    fn fit(basis: &[f64], options: &PegOptions, dt: f64) -> Self {
        let rows = basis.len();
        let mut kinds = vec![Kind::Noise; rows];
        let mut unexpected = vec![f64::NAN; rows];
        let size = median(basis.iter().map(|value| value.abs()));
        let (mut threshold, mut kept, mut least) = (f64::INFINITY, 0.0, 0.0);
        // The share kept and the kinds decide each other: a few rounds settle them.
        for _ in 0..8 {
            let (mut xx, mut xy) = (0.0, 0.0);
            least = smallest_used(basis, &kinds, threshold);
            for row in 1..rows {
                let (x, y) = (basis[row - 1], basis[row]);
                if (x + y).is_nan() {
                    kinds[row] = Kind::Absent;
                } else if x.abs() >= least && !matches!(kinds[row], Kind::Down | Kind::Up) {
                    xx += x * x;
                    xy += x * y;
                }
            }
            // A basis that does not come back is given a half-life of the whole history.
            let most = libm::exp(-core::f64::consts::LN_2 / rows as f64);
            kept = if xx > 0.0 { (xy / xx).clamp(KEPT_MIN, most) } else { most };
            for row in 1..rows {
                unexpected[row] = basis[row] - kept * basis[row - 1];
            }
            let deviation = DEVIATIONS * median(unexpected.iter().map(|e| e.abs()));
            threshold = (options.threshold * deviation).max(options.depeg_min);
            // Far off par: beyond what noise around it explains.
            let far = threshold.max(options.threshold * DEVIATIONS * size);
            for row in 1..rows {
                kinds[row] = kind(basis[row - 1], basis[row], unexpected[row], threshold, far);
            }
        }
        kinds[0] = Kind::Absent;
        let (mut xx, mut xxee, mut square, mut fourth, mut quiet) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for row in 1..rows {
            let (x, e) = (basis[row - 1], unexpected[row]);
            if x.abs() >= least && matches!(kinds[row], Kind::Noise | Kind::Recovery) {
                xx += x * x;
                xxee += x * x * e * e;
            }
            if kinds[row] == Kind::Noise {
                square += e * e;
                fourth += e * e * e * e;
                quiet += 1.0;
            }
        }
        let kept_error = if xx > 0.0 { xxee.sqrt() / xx } else { f64::INFINITY };
        let rate = -libm::log(kept) / dt;
        let reversion = Estimate { value: rate, standard_error: kept_error / (kept * dt) };
        let variance = if quiet > 0.0 { square / quiet } else { 0.0 };
        let variance_error =
            ((fourth / f64::max(quiet, 1.0) - variance * variance).max(0.0) / f64::max(quiet, 1.0)).sqrt();
        // Variance of a row: volatility squared times (1 - kept^2) / (2 reversion).
        let per_year = |kept: f64| -2.0 * libm::log(kept) / dt / (1.0 - kept * kept);
        let value = (variance * per_year(kept)).sqrt();
        let by_variance = if variance > 0.0 { value * variance_error / (2.0 * variance) } else { 0.0 };
        let step = 1e-6 * (1.0 - kept);
        let slope = (per_year(kept + step) - per_year(kept - step)) / (2.0 * step);
        let by_kept = 0.5 * value * slope / per_year(kept) * kept_error;
        let volatility = Estimate { value, standard_error: libm::hypot(by_variance, by_kept) };
        Self { reversion, volatility, threshold, kinds, unexpected }
    }

    /// The jumps in one direction (`sign` -1 down, 1 up), merged into events.
    fn side(&self, history: &PriceHistory, basis: &[f64], sign: f64, run: usize, years: f64) -> PegSide {
        let wanted = if sign < 0.0 { Kind::Down } else { Kind::Up };
        let mut events: Vec<PegEvent> = Vec::new();
        // Last row of the event, and where the basis would have been without it.
        let (mut last, mut undisturbed) = (0, 0.0);
        for row in (1..basis.len()).filter(|row| self.kinds[*row] == wanted) {
            let furthest = basis[row];
            match events.last_mut() {
                Some(event) if row - last <= run => {
                    event.rows += 1;
                    event.furthest = sign * f64::max(sign * event.furthest, sign * furthest);
                    event.size = event.size.max(sign * (furthest - undisturbed));
                }
                _ => {
                    undisturbed = basis[row] - self.unexpected[row];
                    let size = sign * self.unexpected[row];
                    events.push(PegEvent { time: history.time(row), rows: 1, size, furthest });
                }
            }
            last = row;
        }
        let n = events.len() as f64;
        if events.is_empty() {
            let size = Estimate { value: 0.0, standard_error: f64::INFINITY };
            return PegSide { events, intensity: Estimate::rate(0, years), size };
        }
        let excess = events.iter().map(|event| event.size - self.threshold).sum::<f64>() / n;
        // An exponential of less than the threshold would put most jumps below it, where nothing tells them from noise: the
        // rate is extended by a factor of e at most, and the tail is then the heavier one.
        let size = excess.max(self.threshold);
        let extended = libm::exp(self.threshold / size);
        let relative = libm::hypot(1.0, self.threshold / size) / n.sqrt();
        let intensity = n / years * extended;
        PegSide {
            events,
            intensity: Estimate { value: intensity, standard_error: intensity * relative },
            size: Estimate { value: size, standard_error: size / n.sqrt() },
        }
    }
}

/// Least share of the basis taken to be left after a row: rows cannot tell how much faster it reverts, and slower is the
/// safe side, since depegs then last longer.
const KEPT_MIN: f64 = 0.05;

/// Fewest rows far off par for the reversion to be taken from them alone.
const FAR_MIN: usize = 20;

/// From how far off par on a basis tells the reversion: beyond the threshold if that leaves enough rows, since what
/// matters is how a depeg comes back and not how noise does; else any.
fn smallest_used(basis: &[f64], kinds: &[Kind], threshold: f64) -> f64 {
    let far = |row: &usize| {
        basis[row - 1].abs() >= threshold && matches!(kinds[*row], Kind::Noise | Kind::Recovery)
    };
    if (1..basis.len()).filter(far).count() >= FAR_MIN { threshold } else { 0.0 }
}

/// Median of absolute normal deviates to their deviation.
const DEVIATIONS: f64 = 1.482_602_218_505_602;

fn kind(x: f64, y: f64, unexpected: f64, threshold: f64, far: f64) -> Kind {
    if unexpected.is_nan() {
        Kind::Absent
    } else if unexpected.abs() <= threshold {
        Kind::Noise
    } else if x * unexpected < 0.0 && x.abs() > far && y.abs() <= x.abs() {
        Kind::Recovery
    } else if unexpected < 0.0 {
        Kind::Down
    } else {
        Kind::Up
    }
}

/// Median of the values that are no NaN; 0 without one.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn check(options: &PegOptions) -> Result<(), CalibrationError> {
    let prior = &options.prior;
    for (name, value, low, high, range) in [
        ("threshold", options.threshold, 2.0, 100.0, "in [2, 100]"),
        ("depeg_min", options.depeg_min, 1e-6, 1.0, "in [0.000001, 1]"),
        ("returns_min", options.returns_min as f64, 30.0, f64::MAX, "at least 30"),
        ("depegs_min", options.depegs_min as f64, 1.0, 10.0, "in [1, 10]"),
        ("prior depeg intensity", prior.depeg_intensity, 1e-9, 1e5, "above 0 and at most 100000"),
        ("prior depeg size", prior.depeg_size, 1e-9, 100.0, "above 0 and at most 100"),
        ("prior premium intensity", prior.premium_intensity, 0.0, 1e5, "in [0, 100000]"),
        ("prior premium size", prior.premium_size, 0.0, 100.0, "in [0, 100]"),
        ("prior reversion", prior.reversion, 1e-9, 1e6, "above 0 and at most 1000000"),
        ("prior volatility", prior.volatility, 0.0, 100.0, "in [0, 100]"),
        ("prior years", prior.years, 1e-3, 1e3, "in [0.001, 1000]"),
    ] {
        if !(low..=high).contains(&value) {
            return Err(CalibrationError::OptionOutOfRange { name, value, range });
        }
    }
    Ok(())
}
