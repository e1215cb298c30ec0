//! GJR-GARCH(1,1): variance that follows the last return, falls more than rises, and its fit by quasi-likelihood.
//!
//! `h' = omega + (alpha + gamma 1(e < 0)) e^2 + beta h`. L. Glosten, R. Jagannathan, D. Runkle (1993). The Gaussian
//! likelihood gives consistent parameters whatever the residuals' law; standard errors are the robust ones of T.
//! Bollerslev and J. Wooldridge (1992): inverse Hessian, outer product of scores, inverse Hessian.
//! Variances are those of one row.

use crate::math::minimise;
use crate::price::calibrate::Estimate;

/// Parameters of the variance of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GarchParameters {
    /// Constant, above 0.
    pub omega: f64,
    /// Weight of the last squared return.
    pub alpha: f64,
    /// Further weight of a fall; `alpha + gamma >= 0`.
    pub gamma: f64,
    /// Weight of the last variance.
    pub beta: f64,
}

impl GarchParameters {
    /// Share of a deviation of the variance that is left a row later, for residuals as likely up as down.
    #[must_use]
    pub fn persistence(&self) -> f64 {
        self.alpha + 0.5 * self.gamma + self.beta
    }

    /// Long-run variance of a row.
    #[must_use]
    pub fn long_run_variance(&self) -> f64 {
        self.omega / (1.0 - self.persistence())
    }

    /// The next row's variance after an unexpected return under `variance`.
    #[must_use]
    #[inline]
    pub fn next(&self, variance: f64, unexpected: f64) -> f64 {
        let weight = if unexpected < 0.0 { self.alpha + self.gamma } else { self.alpha };
        self.omega + weight * unexpected * unexpected + self.beta * variance
    }
}

/// A fitted variance process.
#[derive(Clone, Debug, PartialEq)]
pub struct GarchFit {
    /// Mean return of a row, taken off before.
    pub mean: f64,
    /// Constant.
    pub omega: Estimate,
    /// Weight of the last squared return.
    pub alpha: Estimate,
    /// Further weight of a fall.
    pub gamma: Estimate,
    /// Weight of the last variance.
    pub beta: Estimate,
    /// Gaussian log-likelihood of the returns.
    pub log_likelihood: f64,
    /// Returns used.
    pub returns: usize,
    /// Whether the search for the maximum ended at one.
    pub converged: bool,
    /// Variance of the row after the last.
    pub variance_now: f64,
    /// Median of the variances that the filter gave the rows with a return.
    pub variance_median: f64,
    /// Highest variance that the filter gave a row.
    pub variance_max: f64,
    /// Autocorrelation of the squared residuals at lag 1, and of the squared returns: what the filter took out.
    pub clustering: (f64, f64),
}

impl GarchFit {
    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> GarchParameters {
        GarchParameters {
            omega: self.omega.value,
            alpha: self.alpha.value,
            gamma: self.gamma.value,
            beta: self.beta.value,
        }
    }
}

/// Fits the returns of one asset (NaN where there is none) and gives their standardised residuals. `None` with fewer
/// than 50 returns or without movement.
#[must_use]
pub fn fit(returns: &[f64]) -> Option<(GarchFit, Vec<f64>)> {
    let present = || returns.iter().filter(|r| r.is_finite());
    let count = present().count();
    let n = count as f64;
    let mean = present().sum::<f64>() / n;
    let variance = present().map(|r| (r - mean) * (r - mean)).sum::<f64>() / n;
    if count < 50 || !(variance > 0.0 && variance.is_finite()) {
        return None;
    }
    // Scaled to variance 1, in which the search is well conditioned.
    let scale = variance.sqrt();
    let scaled: Vec<f64> = returns.iter().map(|r| (r - mean) / scale).collect();
    let objective = |free: &[f64]| -log_likelihood(&scaled, &from_free(free)) / n;
    let mut best: Option<minimise::Minimum> = None;
    for persistence in [2.5, 5.0] {
        let found = minimise::minimise(&objective, &[0.0, persistence, -2.0, -2.0], 0.7);
        if best.as_ref().is_none_or(|best| found.value < best.value) {
            best = Some(found);
        }
    }
    let best = best?;
    let p = from_free(&best.at);
    let errors = standard_errors(&scaled, &p);
    let estimate = |value: f64, k: usize, unit: f64| Estimate {
        value: value * unit,
        standard_error: errors.map_or(f64::INFINITY, |e| e[k] * unit),
    };
    let (residuals, after) = residuals(&scaled, &p);
    let mut highest = after;
    let mut seen = Vec::with_capacity(count);
    filter(&scaled, &p, |_, _, h| {
        highest = f64::max(highest, h);
        seen.push(h);
    });
    seen.sort_by(f64::total_cmp);
    let clustering = (autocorrelation(&residuals), autocorrelation(&scaled));
    let fit = GarchFit {
        mean,
        omega: estimate(p.omega, 0, variance),
        alpha: estimate(p.alpha, 1, 1.0),
        gamma: estimate(p.gamma, 2, 1.0),
        beta: estimate(p.beta, 3, 1.0),
        log_likelihood: -best.value * n - n * libm::log(scale),
        returns: count,
        converged: best.converged,
        variance_now: after * variance,
        variance_median: seen[count / 2] * variance,
        variance_max: highest * variance,
        clustering,
    };
    Some((fit, residuals))
}

/// The variance that the filter gives each row before it is seen, and after the last entry that of the row to come:
/// one more than there are returns (NaN where there is none).
#[must_use]
pub fn variances(returns: &[f64], fit: &GarchFit) -> Vec<f64> {
    let p = fit.parameters();
    let present = || returns.iter().filter(|r| r.is_finite());
    let n = present().count().max(1) as f64;
    // Begun at the sample's variance, as the fit is.
    let mut h = present().map(|r| (r - fit.mean) * (r - fit.mean)).sum::<f64>() / n;
    let mut all = Vec::with_capacity(returns.len() + 1);
    for r in returns {
        all.push(h);
        h = if r.is_finite() { p.next(h, r - fit.mean) } else { p.omega + p.persistence() * h };
    }
    all.push(h);
    all
}

/// Four unbounded numbers to parameters: log of the long-run variance, logit of the persistence, and the shares in it
/// of rises and falls against that of the last variance.
fn from_free(free: &[f64]) -> GarchParameters {
    let persistence = 0.999_99 / (1.0 + libm::exp(-free[1]));
    let (rise, fall) = (libm::exp(free[2]), libm::exp(free[3]));
    let whole = 1.0 + rise + fall;
    let alpha = 2.0 * persistence * rise / whole;
    GarchParameters {
        omega: libm::exp(free[0]) * (1.0 - persistence),
        alpha,
        gamma: 2.0 * persistence * fall / whole - alpha,
        beta: persistence / whole,
    }
}

/// Runs the filter: calls `each` with row, return and variance; gives the variance after the last row.
fn filter(returns: &[f64], p: &GarchParameters, mut each: impl FnMut(usize, f64, f64)) -> f64 {
    // Begun at the sample's variance, which is 1.
    let mut h = 1.0;
    for (row, &r) in returns.iter().enumerate() {
        if r.is_finite() {
            each(row, r, h);
            h = p.next(h, r);
        } else {
            // Unseen: what is expected of it.
            h = p.omega + p.persistence() * h;
        }
    }
    h
}

const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_7;

fn log_likelihood(returns: &[f64], p: &GarchParameters) -> f64 {
    // One logarithm for many variances: of their product, taken out before it leaves the range of a float.
    let (mut count, mut squares, mut logs, mut product) = (0.0, 0.0, 0.0, 1.0);
    filter(returns, p, |_, r, h| {
        count += 1.0;
        squares += r * r / h;
        product *= h;
        if !(1e-150..1e150).contains(&product) {
            logs += libm::log(product);
            product = 1.0;
        }
    });
    -count * HALF_LOG_TAU - 0.5 * (logs + libm::log(product) + squares)
}

fn residuals(returns: &[f64], p: &GarchParameters) -> (Vec<f64>, f64) {
    let mut z = vec![f64::NAN; returns.len()];
    let after = filter(returns, p, |row, r, h| z[row] = r / h.sqrt());
    (z, after)
}

/// Robust standard errors of omega, alpha, gamma, beta; `None` where the maximum lies on the border or is flat.
fn standard_errors(returns: &[f64], p: &GarchParameters) -> Option<[f64; 4]> {
    let at = |shift: [f64; 4]| GarchParameters {
        omega: p.omega + shift[0],
        alpha: p.alpha + shift[1],
        gamma: p.gamma + shift[2],
        beta: p.beta + shift[3],
    };
    let steps = [p.omega, p.alpha, p.gamma, p.beta].map(|value| 1e-4 * value.abs().max(1e-2));
    let steps = [1e-4 * p.omega, steps[1], steps[2], steps[3]];
    let shifted = |pairs: &[(usize, f64)]| {
        let mut shift = [0.0; 4];
        for (k, factor) in pairs {
            shift[*k] += factor * steps[*k];
        }
        at(shift)
    };
    let value = |pairs: &[(usize, f64)]| log_likelihood(returns, &shifted(pairs));
    let middle = value(&[]);
    let mut information = vec![0.0; 16];
    for i in 0..4 {
        for j in 0..=i {
            let curvature = if i == j {
                (value(&[(i, 1.0)]) - 2.0 * middle + value(&[(i, -1.0)])) / (steps[i] * steps[i])
            } else {
                let corners = value(&[(i, 1.0), (j, 1.0)])
                    - value(&[(i, 1.0), (j, -1.0)])
                    - value(&[(i, -1.0), (j, 1.0)])
                    + value(&[(i, -1.0), (j, -1.0)]);
                corners / (4.0 * steps[i] * steps[j])
            };
            information[i * 4 + j] = -curvature;
            information[j * 4 + i] = -curvature;
        }
    }
    let inverse = minimise::inverse_positive(&information, 4)?;
    // Scores of each row by central differences.
    let mut scores = vec![[0.0; 4]; returns.len()];
    for k in 0..4 {
        for side in [1.0, -1.0] {
            filter(returns, &shifted(&[(k, side)]), |row, r, h| {
                scores[row][k] -= side * 0.5 * (libm::log(h) + r * r / h) / (2.0 * steps[k]);
            });
        }
    }
    let mut outer = [0.0; 16];
    for score in &scores {
        for i in 0..4 {
            for j in 0..4 {
                outer[i * 4 + j] += score[i] * score[j];
            }
        }
    }
    let mut errors = [0.0; 4];
    for (k, error) in errors.iter_mut().enumerate() {
        let row = &inverse[k * 4..(k + 1) * 4];
        let variance: f64 = (0..16).map(|index| row[index / 4] * outer[index] * row[index % 4]).sum();
        *error = variance.sqrt();
    }
    errors.iter().all(|error| error.is_finite()).then_some(errors)
}

/// Autocorrelation of the squares at lag 1.
fn autocorrelation(values: &[f64]) -> f64 {
    let squares: Vec<f64> = values.iter().map(|x| x * x).collect();
    let present = || squares.iter().filter(|x| x.is_finite());
    let n = present().count() as f64;
    let mean = present().sum::<f64>() / n;
    let variance = present().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    let pairs = squares.windows(2).filter(|pair| pair[0].is_finite() && pair[1].is_finite());
    pairs.map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>() / variance
}
