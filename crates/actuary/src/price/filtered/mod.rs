//! Filtered historical simulation: what happened, in the volatility of today.
//!
//! Each asset's returns are divided by their GJR-GARCH deviation ([`garch`]); what is left, the standardised residuals, is
//! drawn row by row for all assets together, so that assets that fell together fall together again, with the tails
//! they had. No law of jumps or correlation is assumed; nothing worse (in deviations) than the history can come in one
//! row. G. Barone-Adesi, K. Giannopoulos, L. Vosper (1999).
//!
//! A step of a path is a row of the history. A residual beyond the jump threshold is a jump at the end of its row;
//! a smaller one is diffusion, with the minimum of a Brownian bridge of that row's variance.

pub mod garch;

use thiserror::Error;

pub use garch::{GarchFit, GarchParameters};

use super::calibrate::{self, CalibrationError, CalibrationOptions, RejectedClose};
use super::history::PriceHistory;
use super::model::ModelError;
use super::path::PricePath;
use crate::math::elementary;
use crate::random::Stream;

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
}

impl Default for FilteredOptions {
    fn default() -> Self {
        let returns = CalibrationOptions::default();
        Self {
            jump_threshold: returns.jump_threshold,
            returns,
            start: StartVariance::Current,
            variance_cap: 4.0,
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
    /// The cap of variances is below what was seen.
    #[error("the cap of variances is {0} times the highest seen: it must be at least 1")]
    VarianceCap(f64),
}

/// What was fitted, and on what.
#[derive(Clone, Debug, PartialEq)]
pub struct FilteredReport {
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
        let returns = calibrate::checked_returns(history, assets, &options.returns)?;
        let (mut fits, mut residuals) = (Vec::new(), Vec::new());
        for (column, asset) in returns.values.iter().zip(assets) {
            let unfit = || FilteredError::Unfit { asset: (*asset).to_owned() };
            let (fit, z) = garch::fit(column).ok_or_else(unfit)?;
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
        let report = FilteredReport {
            assets: assets.iter().map(|asset| (*asset).to_owned()).collect(),
            fits,
            pool: rows.len(),
            extremes,
            rejected: returns.rejected,
        };
        let years_per_row = 1.0 / history.rows_per_year();
        let threshold = options.jump_threshold;
        Ok(Self { report, parameters, start, caps, pool, compensators, threshold, years_per_row })
    }

    /// What was fitted.
    #[must_use]
    pub fn report(&self) -> &FilteredReport {
        &self.report
    }

    /// Years a step takes: a row of the history.
    #[must_use]
    pub fn years_per_step(&self) -> f64 {
        self.years_per_row
    }

    /// Simulates path number `path_index` over `steps` rows into `path`; columns are the assets. Prices are
    /// driftless: the mean of e^return over the residuals is taken off in each row.
    ///
    /// # Errors
    /// No step.
    pub fn simulate(
        &self,
        steps: usize,
        seed: u64,
        path_index: u64,
        path: &mut PricePath,
        scratch: &mut FilteredScratch,
    ) -> Result<(), ModelError> {
        if steps == 0 {
            let (owner, range) = ("the simulation".to_owned(), "at least 1");
            return Err(ModelError::OutOfRange { owner, name: "number of steps", value: 0.0, range });
        }
        let assets = self.parameters.len();
        path.assets = assets;
        path.time.clear();
        path.stressed.clear();
        path.stressed.resize(steps, false);
        for column in [&mut path.low, &mut path.close, &mut path.after] {
            column.clear();
            column.reserve(steps * assets);
        }
        scratch.variance.clone_from(&self.start);
        scratch.log.clear();
        scratch.log.resize(assets, 0.0);
        let rows = self.pool.len() / assets;
        let mut draws = Stream::new(seed, path_index, ROWS);
        let mut bridge = Stream::new(seed, path_index, MINIMA);
        for step in 1..=steps {
            path.time.push(self.years_per_row * step as f64);
            let row = ((draws.uniform() * rows as f64) as usize).min(rows - 1);
            let residuals = &self.pool[row * assets..(row + 1) * assets];
            for (asset, z) in residuals.iter().enumerate() {
                let h = scratch.variance[asset];
                let deviation = h.sqrt();
                let drift = -h * self.compensators[asset].at(deviation);
                let change = deviation * z;
                let open = scratch.log[asset];
                let exponential = bridge.exponential();
                let after = open + drift + change;
                let close = if z.abs() > self.threshold { open + drift } else { after };
                let d = close - open;
                let low = 0.5 * (open + close - (d * d + 2.0 * h * exponential).sqrt());
                path.low.push(libm::exp(low.min(open).min(close)));
                path.close.push(libm::exp(close));
                path.after.push(libm::exp(after));
                scratch.log[asset] = after;
                scratch.variance[asset] = self.parameters[asset].next(h, change).min(self.caps[asset]);
            }
        }
        Ok(())
    }
}

/// Log of the mean of e^(deviation z) over the residuals z, divided by the variance: tabulated, since it is needed in
/// every row.
#[derive(Clone, Debug)]
struct Compensator {
    highest: f64,
    values: Vec<f64>,
}

impl Compensator {
    const CELLS: usize = 256;

    fn new(residuals: impl Iterator<Item = f64> + Clone, highest: f64) -> Self {
        let n = residuals.clone().count() as f64;
        let value = |cell: usize| {
            let deviation = highest * cell as f64 / Self::CELLS as f64;
            if cell == 0 {
                return 0.5;
            }
            let sum: f64 = residuals.clone().map(|z| elementary::exp(deviation * z)).sum();
            libm::log(sum / n) / (deviation * deviation)
        };
        Self { highest, values: (0..=Self::CELLS).map(value).collect() }
    }

    fn at(&self, deviation: f64) -> f64 {
        let place = (deviation / self.highest).clamp(0.0, 1.0) * Self::CELLS as f64;
        let cell = (place as usize).min(Self::CELLS - 1);
        let share = place - cell as f64;
        self.values[cell] * (1.0 - share) + self.values[cell + 1] * share
    }
}

/// Factor numbers of the streams.
const ROWS: u32 = 0x4000_0000;
const MINIMA: u32 = 0x4100_0000;

/// Buffers of a filtered simulation.
#[derive(Clone, Debug, Default)]
pub struct FilteredScratch {
    variance: Vec<f64>,
    log: Vec<f64>,
}
