//! Filtered historical simulation: what happened, in the volatility of today.
//!
//! Each asset's returns are divided by their GJR-GARCH deviation ([`garch`]); what is left, the standardised residuals, is
//! drawn row by row for all assets together, so that assets that fell together fall together again, with the tails
//! they had. No law of jumps or correlation is assumed; nothing worse (in deviations) than the history can come in one
//! row. G. Barone-Adesi, K. Giannopoulos, L. Vosper (1999).
//!
//! A step of a path is a row of the history. A residual beyond the jump threshold is a jump at the end of its row;
//! a smaller one is diffusion, with the minimum of a Brownian bridge of the variance that such residuals have in it ([`FilteredModel::simulate`]).
//! [`FilteredModel::simulate_block`] merges the rows of a day or any other step into one interval.
//!
//! Common crashes need no factor of their own: they are rows. Stress is the variance process itself: a row lies in the
//! stress state when the assets' variances, each relative to its median in the history, average more than a multiple
//! ([`FilteredOptions::stress_enter`]); it ends below a lower one. Pegs and pairs are further columns
//! ([`FilteredModel::with_peg`], [`FilteredModel::with_pair`]).

mod block;
mod columns;
mod compensator;
pub mod garch;
mod walk;

use rayon::prelude::*;
use thiserror::Error;

pub use garch::{GarchFit, GarchParameters};

use super::calibrate::{self, CalibrationError, CalibrationOptions, Figure, Figures, RejectedClose};
use super::history::PriceHistory;
use super::model::ModelError;
use super::parameters::Peg;
use columns::Column;
use compensator::Compensator;
pub use walk::FilteredScratch;

/// Where variances begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartVariance {
    /// Where the history ends.
    #[default]
    Current,
    /// At their long-run means.
    LongRun,
}

/// Choices of a filtered simulation. Held-out windows, the smallest number of returns and the spike limit are those
/// of the calibration of parametric models.
#[derive(Clone, Debug, PartialEq)]
pub struct FilteredOptions {
    /// How returns are taken from the closes.
    pub returns: CalibrationOptions,
    /// Residuals beyond this many deviations are jumps.
    pub jump_threshold: f64,
    /// Where variances begin.
    pub start: StartVariance,
    /// Variances are held at this multiple of the highest that the filter saw: heavy residuals drawn in a row would
    /// otherwise feed on each other without bound.
    pub variance_cap: f64,
    /// Stress begins when the mean over the assets of variance over median variance exceeds this.
    pub stress_enter: f64,
    /// Stress ends when it falls below this; at most `stress_enter`.
    pub stress_leave: f64,
}

impl Default for FilteredOptions {
    fn default() -> Self {
        let returns = CalibrationOptions::default();
        Self {
            jump_threshold: returns.jump_threshold,
            returns,
            start: StartVariance::Current,
            variance_cap: 4.0,
            stress_enter: 2.0,
            stress_leave: 1.5,
        }
    }
}

/// Why a filtered simulation cannot be made.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum FilteredError {
    /// The history is refused.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// Too few returns, or none that move.
    #[error("{asset} has too few returns that move to fit a variance process")]
    Unfit {
        /// The asset.
        asset: String,
    },
    /// Too few rows in which every asset has a return.
    #[error("{rows} rows have a return of every asset: at least {needed} are needed")]
    TooFewRows {
        /// Rows found.
        rows: usize,
        /// Rows needed.
        needed: usize,
    },
    /// The jump threshold is not positive.
    #[error("the jump threshold is {0}: it must be above 0")]
    Threshold(f64),
    /// The limits of stress are not positive, or in the wrong order.
    #[error(
        "stress begins at {enter} and ends at {leave} times the median variance: both must be above 0, the second at most the first"
    )]
    Stress {
        /// Where it begins.
        enter: f64,
        /// Where it ends.
        leave: f64,
    },
    /// A peg or pair cannot be added.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The cap of variances is below what was seen.
    #[error("the cap of variances is {0} times the highest seen: it must be at least 1")]
    VarianceCap(f64),
}

/// What was fitted, and on what.
#[derive(Clone, Debug, PartialEq)]
pub struct FilteredReport {
    /// Unix seconds of the first row.
    pub from: u64,
    /// Unix seconds after the last row.
    pub to: u64,
    /// Assets, in the order asked for.
    pub assets: Vec<String>,
    /// Variance process of each.
    pub fits: Vec<GarchFit>,
    /// Rows whose residuals are drawn.
    pub pool: usize,
    /// Largest fall and rise among the residuals of each asset, in deviations.
    pub extremes: Vec<(f64, f64)>,
    /// Closes left out.
    pub rejected: Vec<RejectedClose>,
    /// Share of the history's rows in the stress state.
    pub stress_share: f64,
    /// Whether the row after the last lies in it.
    pub stressed_now: bool,
}

impl FilteredReport {
    /// The parameters of each asset's variance, with what they rest on. The constant is that of one row.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = Figures { from: self.from, to: self.to, all: Vec::new() };
        let method = "Gaussian quasi-likelihood, robust errors";
        for (asset, fit) in self.assets.iter().zip(&self.fits) {
            figures.push(asset, ("omega", "variance a row"), fit.omega, fit.returns, method);
            figures.push(asset, ("alpha", "weight"), fit.alpha, fit.returns, method);
            figures.push(asset, ("gamma", "weight"), fit.gamma, fit.returns, method);
            figures.push(asset, ("beta", "weight"), fit.beta, fit.returns, method);
        }
        figures.all
    }
}

/// A fitted model, ready to simulate.
#[derive(Clone, Debug)]
pub struct FilteredModel {
    report: FilteredReport,
    parameters: Vec<GarchParameters>,
    start: Vec<f64>,
    caps: Vec<f64>,
    /// Residuals, one row of all assets after the other.
    pool: Vec<f64>,
    /// What keeps each asset driftless.
    compensators: Vec<Compensator>,
    threshold: f64,
    years_per_row: f64,
    /// Mean products of the residuals below the threshold, row-major.
    quiet: Vec<f64>,
    stress: Stress,
    pegs: Vec<(String, Peg)>,
    pairs: Vec<(String, String)>,
    /// Assets, then pegs, then pairs.
    columns: Vec<Column>,
}

/// When variances mean stress.
#[derive(Clone, Debug)]
struct Stress {
    enter: f64,
    leave: f64,
    /// Median variance of each asset.
    medians: Vec<f64>,
}

impl Stress {
    /// The state after a row that leaves these variances.
    fn follows(&self, stressed: bool, variances: &[f64]) -> bool {
        let sum: f64 = variances.iter().zip(&self.medians).map(|(h, median)| h / median).sum();
        let level = sum / self.medians.len() as f64;
        level > if stressed { self.leave } else { self.enter }
    }
}

/// Fewest rows to draw from.
const POOL_MIN: usize = 50;

impl FilteredModel {
    /// Fits the named assets of a history.
    ///
    /// # Errors
    /// A history that fails its checks, assets missing or too short or without movement, too few common rows.
    pub fn fit(
        history: &PriceHistory,
        assets: &[&str],
        options: &FilteredOptions,
    ) -> Result<Self, FilteredError> {
        if options.jump_threshold.is_nan() || options.jump_threshold <= 0.0 {
            return Err(FilteredError::Threshold(options.jump_threshold));
        }
        if options.variance_cap.is_nan() || options.variance_cap < 1.0 {
            return Err(FilteredError::VarianceCap(options.variance_cap));
        }
        let (enter, leave) = (options.stress_enter, options.stress_leave);
        if !(leave > 0.0 && leave <= enter && enter.is_finite()) {
            return Err(FilteredError::Stress { enter, leave });
        }
        let returns = calibrate::checked_returns(history, assets, &options.returns)?;
        // Each by itself: the order in which they are done does not matter.
        let fitted: Vec<_> = returns.values.par_iter().map(|column| garch::fit(column)).collect();
        let (mut fits, mut residuals) = (Vec::new(), Vec::new());
        for (fitted, asset) in fitted.into_iter().zip(assets) {
            let (fit, z) = fitted.ok_or_else(|| FilteredError::Unfit { asset: (*asset).to_owned() })?;
            fits.push(fit);
            residuals.push(z);
        }
        let rows: Vec<usize> = (0..history.rows())
            .filter(|row| residuals.iter().all(|column| column[*row].is_finite()))
            .collect();
        if rows.len() < POOL_MIN {
            return Err(FilteredError::TooFewRows { rows: rows.len(), needed: POOL_MIN });
        }
        let n = rows.len() as f64;
        let mut extremes = Vec::new();
        for column in &mut residuals {
            // Over the pool: mean 0 and variance 1, so that the variance process is what it was fitted as.
            let mean = rows.iter().map(|row| column[*row]).sum::<f64>() / n;
            let squares = rows.iter().map(|row| (column[*row] - mean) * (column[*row] - mean));
            let deviation = (squares.sum::<f64>() / n).sqrt();
            column.iter_mut().for_each(|z| *z = (*z - mean) / deviation);
            let seen = rows.iter().map(|row| column[*row]);
            extremes.push(seen.fold((0.0, 0.0), |(low, high), z| (f64::min(low, z), f64::max(high, z))));
        }
        let pool: Vec<f64> =
            rows.iter().flat_map(|row| residuals.iter().map(move |column| column[*row])).collect();
        let parameters: Vec<GarchParameters> = fits.iter().map(GarchFit::parameters).collect();
        let start = match options.start {
            StartVariance::Current => fits.iter().map(|fit| fit.variance_now).collect(),
            StartVariance::LongRun => parameters.iter().map(GarchParameters::long_run_variance).collect(),
        };
        let caps: Vec<f64> = fits.iter().map(|fit| options.variance_cap * fit.variance_max).collect();
        let compensators = (residuals.iter().zip(&caps))
            .map(|(column, cap)| Compensator::new(rows.iter().map(|row| column[*row]), cap.sqrt()))
            .collect();
        let stress = Stress { enter, leave, medians: fits.iter().map(|fit| fit.variance_median).collect() };
        let (stress_share, stressed_now) = stressed_rows(&stress, &fits, &returns.values);
        let report = FilteredReport {
            from: history.start,
            to: history.time(history.rows()),
            assets: assets.iter().map(|asset| (*asset).to_owned()).collect(),
            fits,
            pool: rows.len(),
            extremes,
            rejected: returns.rejected,
            stress_share,
            stressed_now,
        };
        let years_per_row = 1.0 / history.rows_per_year();
        let threshold = options.jump_threshold;
        let quiet = columns::quiet(&pool, assets.len(), threshold);
        let mut model = Self {
            report,
            parameters,
            start,
            caps,
            pool,
            compensators,
            threshold,
            years_per_row,
            quiet,
            stress,
            pegs: Vec::new(),
            pairs: Vec::new(),
            columns: Vec::new(),
        };
        model.rebuild();
        Ok(model)
    }

    /// What was fitted.
    #[must_use]
    pub fn report(&self) -> &FilteredReport {
        &self.report
    }

    /// Years a row takes.
    #[must_use]
    pub fn years_per_step(&self) -> f64 {
        self.years_per_row
    }
}

/// Share of the rows in the stress state, and whether the row after the last is.
fn stressed_rows(stress: &Stress, fits: &[GarchFit], returns: &[Vec<f64>]) -> (f64, bool) {
    let variances: Vec<Vec<f64>> =
        fits.iter().zip(returns).map(|(fit, returns)| garch::variances(returns, fit)).collect();
    let rows = returns.first().map_or(0, Vec::len);
    let (mut stressed, mut count) = (false, 0_usize);
    let mut now = vec![0.0; fits.len()];
    // One entry more than rows: the variance of the row to come.
    for row in 0..=rows {
        for (value, column) in now.iter_mut().zip(&variances) {
            *value = column[row];
        }
        stressed = stress.follows(stressed, &now);
        count += usize::from(stressed && row < rows);
    }
    (count as f64 / rows as f64, stressed)
}
