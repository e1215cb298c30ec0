//! The order of a calibration: stress, thresholds, common crashes, own jumps, diffusion, correlation.

use super::spells::{self, Spells};
use super::{
    AssetFit, AssetReport, Calibration, CalibrationError, CalibrationOptions, CorrelationMethod,
    CorrelationReport, CrashEvent, CrashTail, Estimate, FitReport, Law, RegimeFit, crash, law, merton, own,
    returns,
};
use crate::price::correlation;
use crate::price::history::PriceHistory;

/// Fits the model to the named assets of a history.
///
/// # Errors
/// A history that fails its checks, assets that are missing, repeated, too short or motionless, held-out windows
/// outside the history, options outside their range.
pub fn calibrate(
    history: &PriceHistory,
    assets: &[&str],
    options: &CalibrationOptions,
) -> Result<Calibration, CalibrationError> {
    check(assets, options)?;
    let gaps = history.check()?;
    let returns = returns::returns(history, assets, options)?;
    let per_year = history.rows_per_year();
    let realised: Vec<(usize, f64)> = returns.values.iter().map(|column| mean_square(column)).collect();
    let unchanged: Vec<(usize, usize)> =
        returns.values.iter().map(|column| returns::unchanged(column)).collect();

    let sample = Sample::new(returns.values, assets, options, per_year)?;
    let crashes = Crashes::find(&sample, options);
    let loadings = crash::loadings(&sample.residuals, &crashes.events);
    let floor = crash::smallest_seen(&sample.thresholds, &loadings.loadings, options.crash_share);
    let crash = crash::fit(&loadings.sizes, floor, sample.calm_years(crashes.ratio), options.crash_tail);
    let jumps = OwnJumps::find(&sample, &crashes);

    let mut fits = Vec::with_capacity(assets.len());
    let mut reports = Vec::with_capacity(assets.len());
    let mut dilutions = Vec::with_capacity(assets.len());
    // What the correlation is taken from: without own jumps, unless the diffusion is to hold them.
    let outside = crashes.outside(&sample);
    let smooth = if options.law == Law::Brownian { &outside } else { &jumps.quiet };
    for (index, asset) in assets.iter().enumerate() {
        let threshold = sample.thresholds[index];
        let sizes = jumps.sizes(&sample, index);
        let years = sample.calm_years_of(index, jumps.ratio);
        let kou = own::fit(&sizes, threshold, years, options.jump_floor);
        let (quiet, noise) = mean_square(&jumps.quiet[index]);
        let normal = merton::fit(&sizes, threshold, years, noise, options.jump_floor);
        let hidden = [merton::hidden_variance(&normal, threshold), own::hidden_variance(&kou, threshold)];
        let beside = hidden.map(|hidden| diffusion(&jumps.quiet[index], per_year, hidden));
        let brownian = diffusion(&outside[index], per_year, 0.0);
        let (volatility, hidden) = match options.law {
            Law::Brownian => (brownian, 0.0),
            Law::Merton => (beside[0], hidden[0]),
            Law::Kou => (beside[1], hidden[1]),
        };
        let gap = gaps.iter().find(|gap| gap.asset == *asset);
        reports.push(AssetReport {
            asset: (*asset).to_owned(),
            returns: realised[index].0,
            missing: gap.map_or(0, |gap| gap.missing),
            longest_gap: gap.map_or(0, |gap| gap.longest),
            unchanged: unchanged[index].0,
            longest_unchanged: unchanged[index].1,
            quiet,
            realised_volatility: (realised[index].1 * per_year).sqrt(),
            threshold,
            up_jumps: sizes.iter().filter(|size| **size > 0.0).count(),
            down_jumps: sizes.iter().filter(|size| **size < 0.0).count(),
        });
        let fitted = law::Fitted {
            brownian,
            volatility: beside.map(|volatility| volatility.value),
            merton: &normal,
            kou: &kou,
            per_year,
        };
        let weight = |row: usize| if sample.stressed(row) { jumps.ratio.value } else { 1.0 };
        let compared: Vec<(f64, f64)> = (outside[index].iter().enumerate())
            .filter(|(_, x)| !x.is_nan())
            .map(|(row, x)| (*x, weight(row)))
            .collect();
        dilutions.push(dilution(volatility.value, hidden));
        fits.push(AssetFit {
            asset: (*asset).to_owned(),
            volatility,
            comparison: law::compare(&compared, &fitted),
            jumps: kou,
            merton: normal,
            brownian,
            crash_loading: if crash.is_some() { loadings.loadings[index] } else { Estimate::default() },
        });
    }

    let (matrix, correlation_error, weights) =
        correlations(smooth, &dilutions, options.correlation, per_year);
    let correlation = correlation::repair(&matrix);
    let rows = history.rows();
    let report = FitReport {
        from: history.start,
        to: history.time(rows),
        step: history.step,
        rows,
        held_out_rows: returns.held_out_rows,
        assets: reports,
        rejected: returns.rejected,
        crashes: crashes.report(&sample, history, &loadings.sizes),
        stress_spells: sample.stress.as_ref().map_or(0, |stress| stress.count),
        stress_share: sample.years[1] / (sample.years[0] + sample.years[1]),
        stressed_at_end: sample.stressed(rows - 1),
        correlation: CorrelationReport {
            method: options.correlation,
            rows: weights,
            smallest_eigenvalue: correlation.smallest_eigenvalue,
            largest_change: correlation.largest_change,
        },
    };
    let regime = sample.regime(crashes.ratio, jumps.ratio);
    let (law, jump_floor) = (options.law, options.jump_floor);
    Ok(Calibration { law, jump_floor, assets: fits, correlation, correlation_error, crash, regime, report })
}

/// Returns standardised to the calm state, with what is needed to sort them.
struct Sample {
    residuals: Vec<Vec<f64>>,
    stress: Option<Spells>,
    thresholds: Vec<f64>,
    per_year: f64,
    /// Years seen in calm and under stress.
    years: [f64; 2],
}

impl Sample {
    fn new(
        mut residuals: Vec<Vec<f64>>,
        assets: &[&str],
        options: &CalibrationOptions,
        per_year: f64,
    ) -> Result<Self, CalibrationError> {
        let variance: Vec<f64> = residuals.iter().map(|column| spells::bipower(column)).collect();
        if let Some(index) = variance.iter().position(|variance| *variance <= 0.0) {
            return Err(CalibrationError::NoMovement { asset: assets[index].to_owned() });
        }
        let stress = options.stress.as_ref().and_then(|how| spells::classify(&residuals, &variance, how));
        if let Some(spells) = &stress {
            for column in &mut residuals {
                for (value, _) in column.iter_mut().zip(&spells.stressed).filter(|(_, stressed)| **stressed) {
                    *value /= spells.volatility.value;
                }
            }
        }
        let threshold = |column: &Vec<f64>| options.jump_threshold * spells::bipower(column).sqrt();
        let thresholds = residuals.iter().map(threshold).collect();
        let any = |row: &usize| residuals.iter().any(|column| !column[*row].is_nan());
        let observed = (0..residuals[0].len()).filter(any).count();
        let rows = stress.as_ref().map_or([observed, 0], |spells| spells.rows);
        let years = rows.map(|rows| rows as f64 / per_year);
        Ok(Self { residuals, stress, thresholds, per_year, years })
    }

    fn rows(&self) -> usize {
        self.residuals[0].len()
    }

    fn stressed(&self, row: usize) -> bool {
        self.stress.as_ref().is_some_and(|spells| spells.stressed[row])
    }

    /// Volatility multiplier of the state of a row.
    fn scale(&self, row: usize) -> f64 {
        match &self.stress {
            Some(spells) if spells.stressed[row] => spells.volatility.value,
            _ => 1.0,
        }
    }

    /// Years of calm that would show as many events as were seen, when stress multiplies their rate by `ratio`.
    fn calm_years(&self, ratio: Estimate) -> f64 {
        self.years[0] + ratio.value * self.years[1]
    }

    /// The same for one asset, whose history may be shorter.
    fn calm_years_of(&self, asset: usize, ratio: Estimate) -> f64 {
        let weight = |row: usize| if self.stressed(row) { ratio.value } else { 1.0 };
        let column = self.residuals[asset].iter().enumerate();
        column.filter(|(_, z)| !z.is_nan()).map(|(row, _)| weight(row)).sum::<f64>() / self.per_year
    }

    fn regime(&self, crash_ratio: Estimate, jump_ratio: Estimate) -> Option<RegimeFit> {
        self.stress.as_ref().map(|spells| RegimeFit {
            to_stress: Estimate::rate(spells.count, self.years[0]),
            // A spell that lasts to the end of the history has not switched back.
            to_calm: Estimate::rate(
                spells.count - usize::from(self.stressed(self.rows() - 1)),
                self.years[1],
            ),
            volatility: spells.volatility,
            jump_intensity: jump_ratio,
            crash_intensity: crash_ratio,
        })
    }
}

/// The common crashes of a sample.
struct Crashes {
    rows: Vec<bool>,
    events: Vec<Vec<usize>>,
    /// Rate under stress over rate in calm.
    ratio: Estimate,
}

impl Crashes {
    fn find(sample: &Sample, options: &CalibrationOptions) -> Self {
        let mut rows = crash::rows(&sample.residuals, &sample.thresholds, options.crash_share);
        let mut events = crash::events(&rows, options.crash_run);
        if events.len() < crash::EVENTS_MIN {
            // Too few to fit: they count as own jumps.
            rows.fill(false);
            events.clear();
        }
        let count = |state| events.iter().filter(|event| sample.stressed(event[0]) == state).count();
        let ratio = Estimate::rate_ratio(count(true), sample.years[1], count(false), sample.years[0]);
        Self { rows, events, ratio }
    }

    /// Residuals without the rows of common crashes (NaN in their place).
    fn outside(&self, sample: &Sample) -> Vec<Vec<f64>> {
        let kept = |column: &Vec<f64>| {
            let rows = column.iter().zip(&self.rows);
            rows.map(|(value, crash)| if *crash { f64::NAN } else { *value }).collect()
        };
        sample.residuals.iter().map(kept).collect()
    }

    fn report(&self, sample: &Sample, history: &PriceHistory, sizes: &[f64]) -> Vec<CrashEvent> {
        let event = |(rows, size): (&Vec<usize>, &f64)| CrashEvent {
            time: history.time(rows[0]),
            rows: rows.len(),
            fall: size * sample.scale(rows[0]),
            stressed: sample.stressed(rows[0]),
        };
        self.events.iter().zip(sizes).map(event).collect()
    }
}

/// The assets' own jumps, and what remains.
struct OwnJumps {
    /// Residuals without jumps and crashes (NaN in their place).
    quiet: Vec<Vec<f64>>,
    crash_rows: Vec<bool>,
    /// Rate under stress over rate in calm, all assets together.
    ratio: Estimate,
}

impl OwnJumps {
    fn find(sample: &Sample, crashes: &Crashes) -> Self {
        let mut quiet = sample.residuals.clone();
        let mut counts = [0, 0];
        for (column, threshold) in quiet.iter_mut().zip(&sample.thresholds) {
            for (row, value) in column.iter_mut().enumerate() {
                if crashes.rows[row] {
                    *value = f64::NAN;
                } else if value.abs() > *threshold {
                    *value = f64::NAN;
                    counts[usize::from(sample.stressed(row))] += 1;
                }
            }
        }
        let assets = sample.residuals.len() as f64;
        let years = sample.years.map(|years| years * assets);
        let ratio = Estimate::rate_ratio(counts[1], years[1], counts[0], years[0]);
        Self { quiet, crash_rows: crashes.rows.clone(), ratio }
    }

    /// Sizes of one asset's jumps, signed and standardised to calm.
    fn sizes(&self, sample: &Sample, asset: usize) -> Vec<f64> {
        let all = sample.residuals[asset].iter().zip(&self.quiet[asset]).zip(&self.crash_rows);
        let own = all.filter(|((z, quiet), crash)| !z.is_nan() && quiet.is_nan() && !**crash);
        own.map(|((z, _), _)| *z).collect()
    }
}

/// The returns that a calibration would use, after the same checks.
pub(in crate::price) fn checked_returns(
    history: &PriceHistory,
    assets: &[&str],
    options: &CalibrationOptions,
) -> Result<returns::Returns, CalibrationError> {
    check(assets, options)?;
    history.check()?;
    returns::returns(history, assets, options)
}

fn check(assets: &[&str], options: &CalibrationOptions) -> Result<(), CalibrationError> {
    if assets.is_empty() {
        return Err(CalibrationError::NoAssets);
    }
    for (index, asset) in assets.iter().enumerate() {
        if assets[..index].contains(asset) {
            return Err(CalibrationError::DuplicateAsset { asset: (*asset).to_owned() });
        }
    }
    let mut limits = vec![
        ("jump_threshold", options.jump_threshold, 2.0, 100.0, "in [2, 100]"),
        ("crash_share", options.crash_share, 0.0, 1.0, "in [0, 1]"),
        ("returns_min", options.returns_min as f64, 100.0, f64::MAX, "at least 100"),
        ("spike_limit", options.spike_limit, 0.05, f64::INFINITY, "at least 0.05"),
    ];
    if let CorrelationMethod::Ewma { half_life_days } = options.correlation {
        limits.push(("half_life_days", half_life_days, 1.0, f64::INFINITY, "at least 1"));
    }
    if let CrashTail::GeneralisedPareto { shape_min } = options.crash_tail {
        limits.push(("shape_min", shape_min, 0.0, 0.5, "in [0, 0.5]"));
    }
    if let Some(stress) = &options.stress {
        limits.push(("stress window", stress.window as f64, 2.0, 1e6, "in [2, 1000000]"));
        limits.push(("stress leave", stress.leave, 0.1, stress.enter, "at least 0.1 and at most enter"));
        limits.push(("stress enter", stress.enter, 1.0, 100.0, "in [1, 100]"));
    }
    for (name, value, low, high, range) in limits {
        if !(low..=high).contains(&value) {
            return Err(CalibrationError::OptionOutOfRange { name, value, range });
        }
    }
    Ok(())
}

/// Number of values present and the mean of their squares.
fn mean_square(values: &[f64]) -> (usize, f64) {
    let (mut sum, mut count) = (0.0, 0_usize);
    for value in values.iter().filter(|value| !value.is_nan()) {
        sum += value * value;
        count += 1;
    }
    (count, if count == 0 { 0.0 } else { sum / count as f64 })
}

/// Annual volatility of the quiet residuals, less the variance of jumps hidden among them. Its error comes from
/// the fourth moment.
fn diffusion(quiet: &[f64], per_year: f64, hidden: f64) -> Estimate {
    let (count, square) = mean_square(quiet);
    let fourth: f64 = quiet.iter().filter(|z| !z.is_nan()).map(|z| z * z * z * z).sum::<f64>() / count as f64;
    let variance = (square * per_year - hidden).max(0.0);
    let value = variance.sqrt();
    let variance_error = ((fourth - square * square).max(0.0) / count as f64).sqrt() * per_year;
    let standard_error = if value > 0.0 { variance_error / (2.0 * value) } else { variance_error.sqrt() };
    Estimate { value, standard_error }
}

/// Deviation of the quiet residuals over that of the diffusion among them: independent hidden jumps dilute every
/// correlation by it.
fn dilution(volatility: f64, hidden: f64) -> f64 {
    if volatility > 0.0 { (1.0 + hidden / (volatility * volatility)).sqrt() } else { 1.0 }
}

/// Correlation of the diffusions from the quiet residuals, the standard errors, and the effective number of rows.
fn correlations(
    quiet: &[Vec<f64>],
    dilutions: &[f64],
    method: CorrelationMethod,
    per_year: f64,
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>, f64) {
    let n = quiet.len();
    let rows = quiet[0].len();
    let weights: Vec<f64> = match method {
        CorrelationMethod::FullSample => vec![1.0; rows],
        CorrelationMethod::Ewma { half_life_days } => {
            let half_life = half_life_days * per_year / 365.0;
            (0..rows).map(|row| libm::exp2(-((rows - 1 - row) as f64) / half_life)).collect()
        }
    };
    let mut matrix = vec![vec![1.0; n]; n];
    let mut errors = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..i {
            let (rho, error) = correlation::weighted(&quiet[i], &quiet[j], |row| weights[row]);
            let undo = dilutions[i] * dilutions[j];
            let (rho, error) = ((rho * undo).clamp(-1.0, 1.0), error * undo);
            (matrix[i][j], matrix[j][i]) = (rho, rho);
            (errors[i][j], errors[j][i]) = (error, error);
        }
    }
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    (matrix, errors, sum * sum / squares)
}
