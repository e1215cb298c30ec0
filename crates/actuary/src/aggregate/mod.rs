//! The distribution of the total of a random number of random claims.
//!
//! [`frequency`] counts claims, [`severity`] sizes one, [`claim`] puts it under a deductible and a limit and on a
//! grid. The total is calculated by [`recursion`] (Panjer, or plain convolution), by [`transform`] (Fourier) or by
//! [`mod@simulate`]; the three agree, which is tested. [`distribution`] reads layers, stop-loss premiums, VaR and
//! expected shortfall from the result and adds independent totals; [`grid_loss`] holds a simulated loss on a grid,
//! adds event peril to it and sends it through a policy.
//!
//! Units: those of the losses. The mean number of claims is that of the period.

pub mod claim;
mod column;
pub mod distribution;
pub mod empirical;
pub mod error;
pub mod fourier;
pub mod frequency;
pub mod grid_loss;
pub mod recursion;
pub mod severity;
pub mod simulate;
mod square;
pub mod transform;

pub use claim::{Claim, Discretisation, Grid};
pub use distribution::{Aggregate, Method};
pub use empirical::Empirical;
pub use error::AggregateError;
pub use frequency::Frequency;
pub use grid_loss::{GridLoss, GridLossBuilder};
pub use severity::Severity;
pub use simulate::simulate;
pub use transform::{Transform, TransformTerms};
