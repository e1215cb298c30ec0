//! Two-level estimator: a fast, biased pass on all paths, an exact one on a share of them.
//!
//! ```text
//! mean = mean over all N of w F  +  mean over the share n of w (E - F)
//! ```
//!
//! with `F` the fast and `E` the exact loss of a path and `w` its weight (1, or that of importance sampling, not
//! normalised). It is unbiased whatever `F` is (M. Giles, "Multilevel Monte Carlo path simulation", Operations Research
//! 56, 2008, with two levels). The share is part of the N paths, so that with independent paths the variance is
//! `(Var E - Var(E-F)) / N + Var(E-F) / n`, all of them weighted. At costs `a` of the fast and `b` of the exact pass a
//! path, variance times cost is least at
//!
//! ```text
//! n/N = sqrt( a Var(E-F) / (b (Var E - Var(E-F))) )
//! ```
//!
//! A share of few paths may have missed the large losses that all paths hold, and would understate its variances. With
//! the regression `E = (1 + beta) F + rest` on the share and the variance of `F` on all paths they are
//! `Var E = (1 + beta)^2 Var F + Var rest` and `Var(E-F) = beta^2 Var F + Var rest`.

use crate::math::Estimate;

/// Why losses make no estimate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TwoLevelError {
    /// Fewer paths than a variance needs.
    #[error("{paths} paths, {exact} of them exact: at least 2 of each are needed")]
    TooFew {
        /// Paths of the fast pass.
        paths: usize,
        /// Paths of the exact pass.
        exact: usize,
    },
    /// There is not one weight a path.
    #[error("{found} weights for {expected} paths")]
    Weights {
        /// Weights given.
        found: usize,
        /// Paths.
        expected: usize,
    },
    /// A loss or weight is not finite, or a weight negative.
    #[error("path {path}: {what} is {found}")]
    Value {
        /// Number of the path.
        path: usize,
        /// Loss or weight.
        what: &'static str,
        /// What was given.
        found: f64,
    },
    /// An exact loss of a path that the fast pass does not have, or paths that do not rise.
    #[error("exact pass of path {path}: expected a path above {previous:?} and below {paths}")]
    Path {
        /// Number of the path.
        path: usize,
        /// The one before.
        previous: Option<usize>,
        /// Paths of the fast pass.
        paths: usize,
    },
    /// A cost is not positive and finite.
    #[error("cost {0} of a path is not positive and finite")]
    Cost(f64),
}

/// The estimator and what it says about the fast pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoLevel {
    /// Mean loss, corrected.
    pub mean: Estimate,
    /// Mean of the fast pass alone, over all paths.
    pub fast: Estimate,
    /// Mean of the exact pass alone, over the share.
    pub exact: Estimate,
    /// Bias of the fast pass, mean of `F - E`, over the share.
    pub bias: Estimate,
    /// Correlation of the two passes over the share; 0 where one of them does not vary.
    pub correlation: f64,
    /// Variance of one weighted exact loss.
    pub exact_variance: f64,
    /// Variance of one weighted difference.
    pub difference_variance: f64,
    /// Paths of the fast pass.
    pub paths: usize,
    /// Paths of the exact pass.
    pub exact_paths: usize,
}

impl TwoLevel {
    /// The estimate from the fast loss of every path and the exact losses of some, (path, loss) with paths rising.
    /// `weights`: one a path, none for 1 each. The share must not be chosen by what the paths do; every k-th path is.
    ///
    /// # Errors
    /// Fewer than two paths on a level, lengths or paths that do not fit, values that are not finite.
    pub fn of(fast: &[f64], exact: &[(usize, f64)], weights: Option<&[f64]>) -> Result<Self, TwoLevelError> {
        let paths = fast.len();
        if paths < 2 || exact.len() < 2 {
            return Err(TwoLevelError::TooFew { paths, exact: exact.len() });
        }
        if let Some(found) = weights.map(<[f64]>::len).filter(|&found| found != paths) {
            return Err(TwoLevelError::Weights { found, expected: paths });
        }
        let weight = |path: usize| weights.and_then(|w| w.get(path)).copied().unwrap_or(1.0);
        for (path, &loss) in fast.iter().enumerate() {
            check(path, "fast loss", loss, loss.is_finite())?;
            check(path, "weight", weight(path), weight(path).is_finite() && weight(path) >= 0.0)?;
        }
        let mut previous = None;
        for &(path, loss) in exact {
            if path >= paths || previous.is_some_and(|before| path <= before) {
                return Err(TwoLevelError::Path { path, previous, paths });
            }
            check(path, "exact loss", loss, loss.is_finite())?;
            previous = Some(path);
        }
        let all = Moments::of(paths, || (0..paths).map(|path| (weight(path) * fast[path], 0.0)));
        let pairs = || exact.iter().map(|&(path, loss)| (weight(path) * loss, weight(path) * fast[path]));
        let both = Moments::of(exact.len(), pairs);
        let difference = Moments::of(exact.len(), || pairs().map(|(e, f)| (f - e, 0.0)));
        let (exact_variance, difference_variance) = both.variances(all.first_variance);
        let shared = (exact_variance - difference_variance) / paths as f64;
        let variance = (shared + difference_variance / exact.len() as f64).max(0.0);
        let error = |variance: f64, count: usize| (variance / count as f64).sqrt();
        let spread = (both.first_variance * both.second_variance).sqrt();
        Ok(Self {
            mean: Estimate { value: all.first - difference.first, standard_error: variance.sqrt() },
            fast: Estimate { value: all.first, standard_error: error(all.first_variance, paths) },
            exact: Estimate { value: both.first, standard_error: error(both.first_variance, exact.len()) },
            bias: Estimate {
                value: difference.first,
                standard_error: error(difference_variance, exact.len()),
            },
            correlation: if spread > 0.0 { both.covariance / spread } else { 0.0 },
            exact_variance,
            difference_variance,
            paths,
            exact_paths: exact.len(),
        })
    }

    /// Share of paths for the exact pass at which variance times cost is least, in (0, 1]; `fast_cost` and `exact_cost`
    /// are the costs of one path on each level, in any unit. 0 where the passes never differ.
    ///
    /// # Errors
    /// A cost that is not positive and finite.
    pub fn optimal_share(&self, fast_cost: f64, exact_cost: f64) -> Result<f64, TwoLevelError> {
        for cost in [fast_cost, exact_cost] {
            if !(cost > 0.0 && cost.is_finite()) {
                return Err(TwoLevelError::Cost(cost));
            }
        }
        let left = self.exact_variance - self.difference_variance;
        if left <= 0.0 {
            return Ok(if self.difference_variance > 0.0 { 1.0 } else { 0.0 });
        }
        Ok((fast_cost * self.difference_variance / (exact_cost * left)).sqrt().min(1.0))
    }

    /// Variance at equal cost of the exact pass alone, over that of the two levels at this share: above 1 where the
    /// fast pass pays.
    ///
    /// # Errors
    /// A cost that is not positive and finite.
    pub fn gain(&self, share: f64, fast_cost: f64, exact_cost: f64) -> Result<f64, TwoLevelError> {
        for cost in [fast_cost, exact_cost, share] {
            if !(cost > 0.0 && cost.is_finite()) {
                return Err(TwoLevelError::Cost(cost));
            }
        }
        let left = (self.exact_variance - self.difference_variance).max(0.0);
        let two = (left + self.difference_variance / share) * (fast_cost + share * exact_cost);
        Ok(if two > 0.0 { self.exact_variance * exact_cost / two } else { 1.0 })
    }
}

fn check(path: usize, what: &'static str, found: f64, sound: bool) -> Result<(), TwoLevelError> {
    if sound { Ok(()) } else { Err(TwoLevelError::Value { path, what, found }) }
}

/// Means, variances and covariance of pairs.
struct Moments {
    first: f64,
    first_variance: f64,
    second_variance: f64,
    covariance: f64,
}

impl Moments {
    fn of<I: Iterator<Item = (f64, f64)>>(count: usize, pairs: impl Fn() -> I) -> Self {
        let n = count as f64;
        let sum = pairs().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
        let (first, second) = (sum.0 / n, sum.1 / n);
        let mut squares = (0.0, 0.0, 0.0);
        for (a, b) in pairs() {
            let (a, b) = (a - first, b - second);
            squares = (squares.0 + a * a, squares.1 + b * b, squares.2 + a * b);
        }
        let free = n - 1.0;
        Self {
            first,
            first_variance: squares.0 / free,
            second_variance: squares.1 / free,
            covariance: squares.2 / free,
        }
    }
    /// Variances of the first and of the difference of the pair where the second has the variance `second`.
    fn variances(&self, second: f64) -> (f64, f64) {
        if self.second_variance <= 0.0 {
            return (self.first_variance + second, self.first_variance + second);
        }
        let slope = self.covariance / self.second_variance;
        let rest = (self.first_variance - slope * self.covariance).max(0.0);
        (slope * slope * second + rest, (slope - 1.0) * (slope - 1.0) * second + rest)
    }
}
