//! Why a distribution of aggregate losses cannot be made or read.

/// A refusal of the aggregate-loss calculation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AggregateError {
    /// A parameter is out of range.
    #[error("{name} {value} is out of range")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A grid without a positive bucket, or with too few or too many of them.
    #[error("a grid of {buckets} buckets of {bucket} cannot be used")]
    Grid {
        /// Width of a bucket.
        bucket: f64,
        /// Number of buckets.
        buckets: usize,
    },
    /// Probabilities that are negative, not finite, missing or do not add up to one.
    #[error("{name} are missing, negative or add up to {total}, not 1")]
    Probabilities {
        /// What they are probabilities of.
        name: &'static str,
        /// Their sum.
        total: f64,
    },
    /// Sample number `index` is negative or not finite.
    #[error("loss {index} is {value}")]
    Loss {
        /// Index of the loss.
        index: usize,
        /// Its amount.
        value: f64,
    },
    /// The frequency is none of those with a recursion (Poisson, negative binomial, binomial).
    #[error("a table of claim counts has no recursion; use the transform or the convolution")]
    NoRecursion,
    /// Two distributions on different grids.
    #[error("bucket {found} where {expected} is needed")]
    Bucket {
        /// Width found.
        found: f64,
        /// Width due.
        expected: f64,
    },
    /// The grid ends before the level is reached.
    #[error("level {level} is beyond the grid, which holds {covered} of the probability")]
    Beyond {
        /// Level asked for.
        level: f64,
        /// Probability on the grid.
        covered: f64,
    },
    /// The distribution has no mean.
    #[error("the severity has no finite mean")]
    InfiniteMean,
}

/// `value`, if it is finite and above 0.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, AggregateError> {
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err(AggregateError::Parameter { name, value }) }
}

/// Checks that probabilities are there, not negative, and add up to one within 1e-9.
pub(crate) fn probabilities(name: &'static str, values: &[f64]) -> Result<(), AggregateError> {
    let total = crate::loss::statistics::sum(values.iter().copied());
    let sound = values.iter().all(|&p| p >= 0.0) && (total - 1.0).abs() <= 1e-9;
    if sound { Ok(()) } else { Err(AggregateError::Probabilities { name, total }) }
}
