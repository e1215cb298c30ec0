//! Why event peril cannot be estimated.

use crate::aggregate::AggregateError;

/// A refusal of the estimates of event peril.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PerilError {
    /// A parameter is out of range.
    #[error("{name} {value} is out of range")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// Too few records to tell risks apart.
    #[error("{risks} risks with {degrees} degrees of freedom within them are too few")]
    Records {
        /// Risks with exposure.
        risks: usize,
        /// Periods less risks.
        degrees: usize,
    },
    /// A period with a negative or infinite figure.
    #[error("period {index}: ratio {ratio}, weight {weight}")]
    Period {
        /// Index of the period.
        index: usize,
        /// Loss ratio.
        ratio: f64,
        /// Exposure.
        weight: f64,
    },
    /// A sample from which the distribution cannot be fitted.
    #[error("{count} values do not determine {what}")]
    Sample {
        /// What was to be fitted.
        what: &'static str,
        /// Values that can be used.
        count: usize,
    },
    /// An event that cannot be: negative damage, no exposure.
    #[error("event {index}: damage {damage}, exposure {exposure}")]
    Event {
        /// Index of the event.
        index: usize,
        /// Damage.
        damage: f64,
        /// Exposure.
        exposure: f64,
    },
    /// The distribution of the total cannot be made.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
}

/// `value`, if it is finite and above 0.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, PerilError> {
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err(PerilError::Parameter { name, value }) }
}
