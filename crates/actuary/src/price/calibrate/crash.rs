//! The common crash: rows in which many assets jump down together, merged into events.
//!
//! Crash rows that follow each other within the run length are one event (runs declustering), whose size is the
//! sum of its rows. A crash that took a day thus becomes one jump: losses of the model come sooner than those of
//! the history, which errs to the safe side for liquidations.

use super::Estimate;
use crate::math::pareto::GeneralisedPareto;
use crate::price::jumps::CommonCrash;

/// Shape of the distribution of crash sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CrashTail {
    /// Exponential beyond the smallest crash.
    Exponential,
    /// Generalised Pareto by maximum likelihood, given at least twenty events; else exponential.
    GeneralisedPareto {
        /// Smallest shape accepted. Where the great crashes are held out of the sample, what is left looks
        /// exponential and the fitted shape is too small: this is the prior against that.
        shape_min: f64,
    },
}

impl Default for CrashTail {
    fn default() -> Self {
        Self::GeneralisedPareto { shape_min: 0.2 }
    }
}

/// Largest shape accepted: at 1/2 the variance of crash sizes becomes infinite.
const SHAPE_MAX: f64 = 0.5;

/// The common crash as fitted, in the calm state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrashFit {
    /// Crashes a year.
    pub intensity: Estimate,
    /// Smallest size: the smallest that is seen as a common crash.
    pub floor: f64,
    /// Scale of the excess over the smallest size.
    pub scale: Estimate,
    /// Tail index of the excess; 0 is exponential.
    pub shape: Estimate,
}

impl CrashFit {
    /// The parameters of the model.
    #[must_use]
    pub fn parameters(&self) -> CommonCrash {
        CommonCrash {
            intensity: self.intensity.value,
            floor: self.floor,
            excess: GeneralisedPareto { shape: self.shape.value, scale: self.scale.value },
        }
    }
}

/// With fewer crashes than this none is fitted.
pub(super) const EVENTS_MIN: usize = 3;

/// One crash of the history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrashEvent {
    /// Unix seconds of its first row.
    pub time: u64,
    /// Crash rows in it.
    pub rows: usize,
    /// Its size: fall in log price of an asset with loading 1.
    pub fall: f64,
    /// Whether it began under stress.
    pub stressed: bool,
}

/// Rows that belong to a common crash: at least two assets, and the given share of those observed, fall beyond
/// their thresholds.
pub(super) fn rows(residuals: &[Vec<f64>], thresholds: &[f64], share: f64) -> Vec<bool> {
    let rows = residuals.first().map_or(0, Vec::len);
    (0..rows)
        .map(|row| {
            let observed = residuals.iter().filter(|column| !column[row].is_nan()).count();
            let falling =
                residuals.iter().zip(thresholds).filter(|(column, limit)| column[row] < -**limit).count();
            falling >= 2 && falling as f64 >= share * observed as f64
        })
        .collect()
}

/// Groups crash rows into events: row numbers, in order.
pub(super) fn events(crash_rows: &[bool], run: usize) -> Vec<Vec<usize>> {
    let mut events: Vec<Vec<usize>> = Vec::new();
    for row in (0..crash_rows.len()).filter(|row| crash_rows[*row]) {
        match events.last_mut() {
            Some(event) if event.last().is_some_and(|last| row - last <= run) => event.push(row),
            _ => events.push(vec![row]),
        }
    }
    events
}

/// Sizes of the events and loadings of the assets: falls are loading x size, fitted by alternating averages, the
/// loadings averaging 1.
pub(super) struct Loadings {
    pub sizes: Vec<f64>,
    pub loadings: Vec<Estimate>,
}

pub(super) fn loadings(residuals: &[Vec<f64>], events: &[Vec<usize>]) -> Loadings {
    let assets = residuals.len();
    // Fall of each asset in each event; `None` where a row of the event is missing.
    let fall = |column: &[f64], event: &[usize]| {
        let sum: f64 = event.iter().map(|row| -column[*row]).sum();
        (!sum.is_nan()).then_some(sum)
    };
    let falls: Vec<Vec<Option<f64>>> =
        residuals.iter().map(|column| events.iter().map(|event| fall(column, event)).collect()).collect();
    let mut weights = vec![1.0; assets];
    let mut sizes = vec![0.0; events.len()];
    // Converges at once where all assets are observed; gaps take a few rounds.
    for _ in 0..50 {
        for (e, size) in sizes.iter_mut().enumerate() {
            let (mut sum, mut weight) = (0.0, 0.0);
            for (a, column) in falls.iter().enumerate() {
                if let Some(fall) = column[e] {
                    sum += fall;
                    weight += weights[a];
                }
            }
            *size = if weight > 0.0 { sum / weight } else { 0.0 };
        }
        for (weight, column) in weights.iter_mut().zip(&falls) {
            let (mut sum, mut total) = (0.0, 0.0);
            for (fall, size) in column.iter().zip(&sizes) {
                if let Some(fall) = fall {
                    sum += fall;
                    total += size;
                }
            }
            *weight = if total > 0.0 { (sum / total).max(0.0) } else { 1.0 };
        }
        let mean = weights.iter().sum::<f64>() / assets as f64;
        weights.iter_mut().for_each(|weight| *weight /= mean);
    }
    let loadings = weights
        .iter()
        .zip(&falls)
        .map(|(&value, column)| {
            let (mut squares, mut total, mut n) = (0.0, 0.0, 0.0);
            for (fall, size) in column.iter().zip(&sizes) {
                if let Some(fall) = fall {
                    squares += (fall - value * size) * (fall - value * size);
                    total += size;
                    n += 1.0;
                }
            }
            let enough = n > 1.0 && total > 0.0;
            let standard_error =
                if enough { (squares / (n - 1.0) * n).sqrt() / total } else { f64::INFINITY };
            Estimate { value, standard_error }
        })
        .collect();
    Loadings { sizes, loadings }
}

/// The smallest size that is seen as a common crash: where the asset that completes the required number reaches
/// its threshold. Sizes are excesses over it, as jumps are over their threshold.
pub(super) fn smallest_seen(thresholds: &[f64], loadings: &[Estimate], share: f64) -> f64 {
    let mut reached: Vec<f64> =
        thresholds.iter().zip(loadings).map(|(threshold, loading)| threshold / loading.value).collect();
    reached.sort_by(f64::total_cmp);
    let required = (2..=reached.len()).find(|n| *n as f64 >= share * reached.len() as f64);
    required.map_or(0.0, |n| reached[n - 1])
}

/// Fits intensity and sizes; `None` with fewer than three events. `years` is calm-equivalent time, `floor` the
/// smallest size that is seen.
pub(super) fn fit(sizes: &[f64], floor: f64, years: f64, tail: CrashTail) -> Option<CrashFit> {
    let n = sizes.len() as f64;
    if sizes.len() < EVENTS_MIN {
        return None;
    }
    let mean = sizes.iter().map(|size| (size - floor).max(0.0)).sum::<f64>() / n;
    if !mean.is_finite() || mean <= 0.0 {
        return None;
    }
    let excesses: Vec<f64> = sizes.iter().map(|size| (size - floor).max(0.0)).collect();
    let exponential = GeneralisedPareto { shape: 0.0, scale: mean };
    let fitted = match tail {
        CrashTail::GeneralisedPareto { shape_min } if sizes.len() >= 20 => {
            // Beyond the limits the shape is held there and the mean kept.
            let held = |shape: f64| GeneralisedPareto { shape, scale: (1.0 - shape) * exponential.scale };
            match GeneralisedPareto::fit(&excesses) {
                Some(fit) if fit.shape < shape_min => held(shape_min),
                Some(fit) if fit.shape <= SHAPE_MAX => fit,
                _ => held(SHAPE_MAX),
            }
        }
        _ => exponential,
    };
    let GeneralisedPareto { shape, scale } = fitted;
    // Asymptotic errors of maximum likelihood (Smith 1984).
    let (shape_error, scale_error) = if shape > 0.0 {
        ((1.0 + shape) / n.sqrt(), scale * (2.0 * (1.0 + shape) / n).sqrt())
    } else {
        (1.0 / n.sqrt(), scale / n.sqrt())
    };
    Some(CrashFit {
        intensity: Estimate::rate(sizes.len(), years),
        floor,
        scale: Estimate { value: scale, standard_error: scale_error },
        shape: Estimate { value: shape, standard_error: shape_error },
    })
}
